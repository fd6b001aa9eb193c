/* SPDX-License-Identifier: MIT
 * The cores this process may use, and the rule that said so: OMP_NUM_THREADS, else the least of affinity mask, cgroup v1/v2
 * CPU quota (rounded up, at least 1) and the batch system's variables (scheduler.h). */
#ifndef BASE_CPUS_H
#define BASE_CPUS_H

#include "base/status.h"

struct cpus_rule {
	const char *name;   /* "OMP_NUM_THREADS", "affinity mask", "cgroup quota", "SLURM_CPUS_PER_TASK", ... */
	int threads;        /* 0: the rule says nothing here */
	char detail[128];   /* what was read, for doctor: "cpu.max = 150000 100000" */
	bool won;
};
#define CPUS_MAX_RULES 24

/* Fills every rule known, in order, and returns the threads allowed (1 .. PARALLEL_MAX).  rules and n_rules may be NULL. */
int cpus_allowed(struct cpus_rule rules[CPUS_MAX_RULES], size_t *n_rules);

/* As many threads as are asked for, or as are allowed where that is 0, of those that the runtime gives (parallel_limit). */
int cpus_threads(int asked);

/* Where the rules look: the process itself, or what a test puts in its place. */
struct cpus_source {
	const char *root;                      /* in front of /proc and /sys; "" */
	char *(*variable)(const char *name);   /* getenv */
	int affinity;                          /* CPUs of the affinity mask */
	const char *host;                      /* this machine's name in the batch system's lists */
	int sharers;                           /* processes that run on these together, this one among them; 0: as 1 */
};
int cpus_allowed_from(const struct cpus_source *source, struct cpus_rule rules[CPUS_MAX_RULES], size_t *n_rules);

/* From now on this process runs on its CPUs together with others of its kind (ranks), so many in all: what is counted by the
 * machine or the job, and not by the process, is shared evenly. */
void cpus_share(int sharers);

/* The threads that OMP_NUM_THREADS=text asks for, of a list the first; 0: it is no number.  Wakes no OpenMP runtime. */
int cpus_omp_num_threads(const char *text);

/* A count as a number of threads, 0 .. PARALLEL_MAX. */
int cpus_as_threads(long value);

/* The CPUs this process may run on: its affinity mask, or the places that the OpenMP runtime made of it. */
int cpus_affinity(void);

/* The same one by one: a bit each.  The kernel refuses a mask that is too small, and its own limit (NR_CPUS) is 8192 today. */
#define CPUS_MAX 65536
struct cpus_mask {
	unsigned long bits[CPUS_MAX / (8 * sizeof(unsigned long))];
};
void cpus_mask_get(struct cpus_mask *mask);
void cpus_mask_add(struct cpus_mask *mask, int cpu); /* one beyond CPUS_MAX is dropped */
bool cpus_mask_has(const struct cpus_mask *mask, int cpu);
/* Lets the calling thread, and the processes that it starts, run on these: the OpenMP runtime binds the first thread to the first
 * of the user's places, which a process started from it would inherit as all there is.  False where the system refuses. */
bool cpus_mask_set(const struct cpus_mask *mask);

/* The least CPU number of the core that `cpu` belongs to: equal for the hyperthreads of one core.
 * `cpu` itself where the system does not say. */
int cpus_core(int cpu);
/* The cores of these CPUs; less than their number where both hyperthreads of a core are among them.  root: as of cpus_source. */
int cpus_mask_cores(const struct cpus_mask *mask, const char *root);
/* The same of the CPUs that share its third-level cache, else its socket; 0 where the system says neither. */
int cpus_cache(int cpu);

/* As "Intel(R) Xeon(R) ..." or "Arm Neoverse N1", for doctor and reports (cpu_model.c); the machine's architecture, with the
 * numbers of an unknown ARM processor, where the system has no name. */
#define CPUS_NAME 128
void cpus_model_name(char name[CPUS_NAME]);
void cpus_model_name_from(char name[CPUS_NAME], const struct cpus_source *source); /* its root alone counts */

#endif
