/* SPDX-License-Identifier: MIT
 * Training speed on synthetic rows: the trainer's own epoch loop, in windows, beside the machine's FMA peak of the same minutes. */
#ifndef API_BENCH_H
#define API_BENCH_H

#include "base/status.h"
#include "train/phases.h"

struct bench_result {
	double rows_per_second;      /* median of the windows */
	double rows_per_second_best; /* of their best decile: the 90th percentile */
	double flops_per_row;        /* products of forward, dW and dA, without the first layer's dA where there is no front */
	double gflops;               /* at rows_per_second */
	double peak_gflops;          /* fused multiply-adds on the same threads, 90th percentile */
	double fraction_of_peak;     /* of the best decile */
	double fraction_at_clock;    /* the last window's of the peak right behind the training: the median; 0: there was none */
	size_t windows, peaks, fractions; /* how many there were, and each of them, ascending; owned */
	double *window_rows_per_second, *window_peak_gflops, *window_fraction_at_clock;
	bool has_phases;             /* the next members are set */
	double tile_gflops;          /* a product alone whose operands stay in the first-level cache, as peak_gflops */
	double phase_seconds[PHASES];     /* of a step, mean over the threads */
	double phase_fraction[PHASES];    /* of the peak, in the three products; 0 elsewhere */
	size_t batch_size, block_size;
	int threads, ranks;               /* threads: of the first rank, which measures, in all lanes */
	int lanes;                        /* networks that were trained at a time */
	double exchanged_bytes;           /* that a rank sends in a step, where there are several */
	const char *threads_rule, *isa;
};

/* What is trained on beside what the config says. */
struct bench_shape {
	size_t inputs, rows;
	size_t members; /* networks, as those of an ensemble: so many at a time, in lanes, as end all of them first; 0: one */
	/* Of the inputs, from the first on, how many have a periodic embedding (CLN_AUTO: all, or none, as the config says), and
	 * how many have config->bins bins (0: 48); from the last on, how many are numbers of levels, and of how many in all. */
	size_t embedded, binned, numbered, levels;
};

/* Standard-normal rows, labelled as scripts/bench's other trainers label theirs, for about `seconds` (whole epochs).  Several
 * networks at a time: the rates are the sums of theirs, and the peak is measured behind them alone.
 * phases: also where a step's time goes, which takes a little time itself; of one network.
 * The result is freed with bench_result_free, whatever was returned. */
enum cln_status bench_run(struct bench_result *result, const struct cln_config *config, const struct bench_shape *shape,
			  double seconds, bool phases, struct cln_error *err) CLN_MUST_CHECK;
void bench_result_free(struct bench_result *result);

/* sum over the layers l = 1..L of 2 n[l] n[l-1], three times for each (forward, dW, dA) and twice for the first, which has no dA.
 */
double bench_flops_per_row(const size_t *n, size_t n_layers, bool front);

/* The value below which `share` of the n > 0 values lie, nearest rank; sorts them. */
double bench_quantile(double *values, size_t n, double share);

#endif
