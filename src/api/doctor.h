/* SPDX-License-Identifier: MIT
 * What this machine is and what the program makes of it: the facts behind `colonnade doctor`. */
#ifndef API_DOCTOR_H
#define API_DOCTOR_H

#include "base/cpus.h"
#include "base/parallel.h"
#include "kernels/kernels.h"

#define DOCTOR_MAX_ISA 8
#define DOCTOR_MAX_WARNINGS 4
#define DOCTOR_SENTENCE 256

struct doctor {
	char cpu[CPUS_NAME];
	size_t n_isa; /* built in */
	struct {
		const char *name;
		bool supported; /* by this CPU */
	} isa[DOCTOR_MAX_ISA];
	const char *isa_chosen;

	int threads_allowed;
	const char *threads_rule;
	size_t n_rules;
	struct cpus_rule rules[CPUS_MAX_RULES];
	int affinity;             /* CPUs of the mask or the places */
	int cores;                /* theirs: less than them where both hyperthreads of a core are among them */
	const char *places, *bind; /* OMP_PLACES, OMP_PROC_BIND; NULL: not set */

	int threads;              /* those the runtime gave, at most threads_allowed */
	int *cpu_of_thread;       /* where each one ran; -1: the system does not say */
	int *core_of_thread;      /* the same as cores; see cpus_core */
	double peak_one, peak_all; /* GFLOP/s of fused multiply-adds, best of a few measurements */

	uint64_t memory_left;     /* bytes this process may still use; UINT64_MAX: nobody says */
	char huge_pages[32];      /* "always", "madvise", "never", "unknown" */
	bool openmp, mpi, zlib;
	size_t n_warnings;
	char warnings[DOCTOR_MAX_WARNINGS][DOCTOR_SENTENCE];
};

/* isa: NULL for the best of this CPU.  CLN_E_USAGE: there is no such instruction set here.  Freed with doctor_destroy. */
enum cln_status doctor_create(struct doctor **doctor, const char *isa, struct cln_error *err) CLN_MUST_CHECK;
void doctor_destroy(struct doctor *doctor);

/* Fills the warnings from all other facts: a part of doctor_create, apart for the sake of tests. */
void doctor_find_warnings(struct doctor *doctor);

/* Whether there are more threads than CPUs that this process may use, and the sentence that says so: from `threads`,
 * `threads_rule`, `affinity` and the rules. */
bool doctor_find_crowding(char sentence[DOCTOR_SENTENCE], const struct doctor *doctor);

#endif
