/* SPDX-License-Identifier: MIT
 * How many threads, and where: which settings of the OpenMP variables are worth measuring on a machine, and which of them the
 * measurements speak for.  Runs nothing: a setting holds for a whole process, and the caller starts those. */
#ifndef API_TUNE_H
#define API_TUNE_H

#include "api/bench.h"
#include "base/cpus.h"
#include "base/mem.h"

/* What this process may use. */
struct tune_machine {
	int threads_allowed;
	const char *threads_rule;
	int cpus, cores, caches; /* of the affinity mask or the places: CPUs, cores, groups that share a third-level cache */
	/* Nobody else is meant to run there: no quota and no scheduler's variable says that only some of the cores are ours.  Else
	 * threads are not bound, since whoever else is bound too is bound to the same first cores. */
	bool owned;
};

/* threads: --threads, 0 for what cln_threads_allowed says. */
void tune_machine_find(struct tune_machine *machine, int threads);
/* cpus, cores and caches from the core and the cache of each CPU. */
void tune_machine_count(struct tune_machine *machine, const int *core, const int *cache, int n_cpus);
/* owned from the rules; OMP_NUM_THREADS is a wish and no limit. */
bool tune_machine_owned(const struct cpus_rule *rules, size_t n_rules, int cores);

/* One setting of the variables. */
struct tune_setting {
	int threads;                /* OMP_NUM_THREADS */
	const char *places, *bind;  /* OMP_PLACES, NULL: not set; OMP_PROC_BIND */
};
#define TUNE_MAX_SETTINGS 64

/* Threads 1, 2, 4, ..., one a core, and all allowed; each free, and where the machine is owned bound: one a core with neighbours
 * first; one a core over all caches, where there are several; and with siblings, where there are more threads than cores.
 * Ascending in threads, the free one first.  Returns how many there are. */
size_t tune_settings(struct tune_setting settings[TUNE_MAX_SETTINGS], const struct tune_machine *machine);

/* Rows to measure with: an epoch should be short, as measurements end with one.  So many whole batches that one thread, which does
 * rate rows a second, takes TUNE_EPOCH_SECONDS; at least one batch, at most all rows. */
#define TUNE_EPOCH_SECONDS 0.1
size_t tune_rows(size_t rows, size_t batch_size, double rate);

/* What was measured of a setting. */
struct tune_measurement {
	struct tune_setting setting;
	int threads_used;     /* by the plan, which uses fewer where that is faster */
	double *rates;        /* rows a second, a window each; mem_free */
	size_t n, capacity;
	double median, best;  /* best: of the best decile */
	double speed_up, efficiency; /* over the first setting, which has one thread; and by thread */
};

enum cln_status tune_add(struct tune_measurement *measurement, double rate, struct cln_error *err) CLN_MUST_CHECK;

/* Fills the figures of n measurements, none of which is empty, and returns the best: the first, so the one with the fewest threads,
 * whose median is within TUNE_TOLERANCE of the greatest. */
#define TUNE_TOLERANCE 0.02
size_t tune_judge(struct tune_measurement *measurements, size_t n);

/* Whether even the best decile is so far below the greatest median that more windows will not change the judgement.  After
 * tune_judge. */
#define TUNE_HOPELESS 0.9
bool tune_hopeless(const struct tune_measurement *measurements, size_t n, size_t i);

/* Lines for a POSIX shell that set what the setting says, and no more. */
void tune_shell(struct text *text, const struct tune_setting *setting);

/* What a training on a table would have: the shape, with its members, what a member learns from, and what stands before the layers;
 * the units and all else that the config left open; and the inputs of the first layer.  What small networks would be trained for
 * first (pilot.h) is not tried.  init: to start from, or NULL. */
struct tune_shape {
	struct bench_shape bench;
	struct cln_config config;
	size_t first_inputs;
};
enum cln_status tune_shape(struct tune_shape *shape, const struct cln_table *table, const struct cln_model *init,
			   const struct cln_config *config, struct cln_error *err) CLN_MUST_CHECK;

#endif
