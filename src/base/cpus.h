/* SPDX-License-Identifier: MIT
 * The cores this process may use, and the rule that said so: OMP_NUM_THREADS, else the least of affinity mask, cgroup v1/v2
 * CPU quota (rounded up, at least 1) and the scheduler's variables (Slurm, PBS, LSF, Grid Engine). */
#ifndef BASE_CPUS_H
#define BASE_CPUS_H

#include "base/status.h"

struct cpus_rule {
	const char *name;   /* "OMP_NUM_THREADS", "affinity mask", "cgroup quota", "SLURM_CPUS_PER_TASK", ... */
	int threads;        /* 0: the rule says nothing here */
	char detail[128];   /* what was read, for doctor: "cpu.max = 150000 100000" */
	bool won;
};
#define CPUS_MAX_RULES 12

/* Fills every rule known, in order, and returns the threads allowed (at least 1).  rules may be NULL. */
int cpus_allowed(struct cpus_rule rules[CPUS_MAX_RULES], size_t *n_rules);

/* As "Intel(R) Xeon(R) ..." from the system, for doctor and reports; never NULL. */
const char *cpus_model_name(void);

#endif
