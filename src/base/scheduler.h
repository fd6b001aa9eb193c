/* SPDX-License-Identifier: MIT
 * The cores that a batch system gives a job on this node, by its environment: Slurm, PBS Pro and Torque, LSF, Grid Engine. */
#ifndef BASE_SCHEDULER_H
#define BASE_SCHEDULER_H

#include "base/cpus.h"

#define SCHEDULER_RULES 13

/* Fills SCHEDULER_RULES rules, one a variable; threads is 0 where it is not set or not understood. */
void scheduler_rules(struct cpus_rule rules[SCHEDULER_RULES], const struct cpus_source *source);

/* A decimal number of at least 1 at the start of text, spaces around it skipped; *rest: what follows it.  0: there is none. */
long scheduler_number(const char *text, const char **rest);

#endif
