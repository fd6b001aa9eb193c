/* SPDX-License-Identifier: MIT */
#include "api/bench.h"

#include "api/config.h"
#include "api/peak.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/dispatch.h"
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>

#define WINDOW_SECONDS 0.05
#define PEAK_EVERY_SECONDS 0.25
#define PEAK_SHARE 0.1              /* of the time */
#define DATA_BLOCK 1024             /* rows drawn from one random stream */
#define MAX_EPOCHS ((1u << 24) - 1) /* rng.h */

struct samples {
	double *values;
	size_t n, capacity;
};

struct bench {
	const struct kernels *kernels;
	struct plan *plan;
	size_t rows;
	size_t epochs;    /* trained */
	struct samples rates, peaks, tiles; /* rows/s; floating-point operations per second, tiles: with phases only */
	struct samples fractions;           /* a window's of the peak right behind it */
	size_t paired;                      /* windows there were by then */
	double flops_per_row;
	double stop_at;
	double mark;      /* when the current window's unaccounted time began */
	size_t mark_rows; /* rows of this epoch already accounted */
	double spent;     /* seconds and rows of the current window */
	double done;
	double last_peak;
	struct peak peak;
};

/* ---------------------------------------------------------------- samples */

static void samples_add(struct samples *samples, double value)
{
	if (samples->n < samples->capacity)
		samples->values[samples->n++] = value;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_quantile(double *values, size_t n, double share)
{
	qsort(values, n, sizeof *values, compare_doubles);
	size_t rank = (size_t)ceil(share * (double)n);
	return values[rank > 0 ? rank - 1 : 0];
}

double bench_flops_per_row(const size_t *n, size_t n_layers, bool front)
{
	double flops = 0;

	for (size_t l = 1; l <= n_layers; l++)
		flops += 2.0 * (double)n[l] * (double)n[l - 1] * (l == 1 && !front ? 2 : 3);
	return flops;
}

/* ---------------------------------------------------------------- the peak */

/* A brief peak right behind the training is at its clock, as the last window was: a processor that lowers it for products raises it
 * within some milliseconds without them. */
static void compare_with_peak(struct bench *bench)
{
	const double peak = peak_fma_briefly(&bench->peak);

	if (bench->rates.n > bench->paired && peak > 0)
		samples_add(&bench->fractions, bench->rates.values[bench->rates.n - 1] * bench->flops_per_row / peak);
	bench->paired = bench->rates.n;
}

/* A share of the time since the last ones goes into short measurements, so that some fall into the quiet moments. */
static void measure_peaks(struct bench *bench, double now)
{
	double end = now + PEAK_SHARE * (now - bench->last_peak);

	compare_with_peak(bench);
	do {
		samples_add(&bench->peaks, peak_fma(&bench->peak));
		if (bench->plan->clocks)
			samples_add(&bench->tiles, peak_product(&bench->peak));
	} while (clock_seconds() < end);
	bench->last_peak = clock_seconds();
}

/* ---------------------------------------------------------------- the observer */

/* Accounts for what was trained since the last mark, and closes the window where it is long enough. */
static void account(struct bench *bench, size_t rows_done, double now)
{
	bench->spent += now - bench->mark;
	bench->done += (double)(rows_done - bench->mark_rows);
	bench->mark = now;
	bench->mark_rows = rows_done;
	if (bench->spent >= WINDOW_SECONDS) {
		samples_add(&bench->rates, bench->done / bench->spent);
		bench->spent = bench->done = 0;
	}
}

static void on_progress(void *context, size_t epoch, size_t rows_done, size_t rows)
{
	(void)epoch;
	(void)rows;
	account(context, rows_done, clock_seconds());
}

static bool on_epoch(void *context, const struct cln_epoch *epoch)
{
	struct bench *bench = context;
	double now = clock_seconds();

	(void)epoch;
	account(bench, bench->rows, now);
	if (now - bench->last_peak >= PEAK_EVERY_SECONDS) {
		measure_peaks(bench, now);
		bench->mark = clock_seconds();
	}
	bench->mark_rows = 0;
	return bench->mark >= bench->stop_at && bench->rates.n > 0 && bench->peaks.n > 0;
}

/* ---------------------------------------------------------------- synthetic rows */

struct drawing {
	struct dataset *data;
	uint64_t seed;
	const float *direction; /* n_features */
};

/* y = 1 where x.t + 0.3 (x^2 - 1).t > 0: not linear, and half of the rows. */
static void draw_block(void *argument, size_t block, int tid)
{
	const struct drawing *drawing = argument;
	struct dataset *data = drawing->data;
	size_t end = (block + 1) * DATA_BLOCK;
	struct rng rng;

	(void)tid;
	rng_start(&rng, drawing->seed, RNG_BENCH, (uint32_t)(block >> 32) + 1, (uint32_t)block);
	for (size_t i = block * DATA_BLOCK; i < end && i < data->n_rows; i++) {
		float *x = data->X + i * data->n_features;
		double sum = 0;
		for (size_t k = 0; k < data->n_features; k++) {
			x[k] = (float)rng_normal(&rng);
			sum += drawing->direction[k] * (x[k] + 0.3 * (x[k] * x[k] - 1));
		}
		data->y[i] = sum > 0 ? 1 : 0;
	}
}

static enum cln_status draw(struct dataset *data, uint64_t seed, int threads, struct cln_error *err)
{
	float *direction = mem_alloc(data->n_features, sizeof *direction, err);
	struct rng rng;

	if (!direction)
		return CLN_E_MEMORY;
	rng_start(&rng, seed, RNG_BENCH, 0, 0);
	for (size_t k = 0; k < data->n_features; k++)
		direction[k] = (float)rng_normal(&rng);
	struct drawing drawing = {data, seed, direction};
	parallel_for(threads, (data->n_rows + DATA_BLOCK - 1) / DATA_BLOCK, draw_block, &drawing);
	mem_free(direction);
	return CLN_OK;
}

/* ---------------------------------------------------------------- the run */

/* With a front as the config says; every input is a number. */
static enum cln_status make_network(struct network **net, const struct cln_config *config, size_t inputs, struct cln_error *err)
{
	size_t n[NETWORK_MAX_LAYERS + 1] = {inputs}, L = config->n_hidden + 1;
	uint32_t *numbers = mem_alloc(inputs, sizeof *numbers, err);
	const bool embedded = config->embedding != CLN_EMBEDDING_NONE && config->embedding != CLN_EMBEDDING_PIECEWISE;
	const struct front front = {.numbers = numbers, .n_numbers = embedded ? inputs : 0, .scaling = config->input_scaling,
				    .parametric = config->parametric_activation};

	*net = NULL;
	if (!numbers)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < inputs; i++)
		numbers[i] = (uint32_t)i;

	for (size_t l = 1; l < L; l++)
		n[l] = config->hidden[l - 1];
	n[L] = 1;
	enum cln_status status = network_create_with_front(net, n, L, config->activation, &front, err);
	mem_free(numbers);
	if (status != CLN_OK)
		return status;
	network_init_front(*net, config->frequency_scale, NULL, config->seed);
	network_init(*net, config->init == CLN_INIT_DATA ? CLN_INIT_AUTO : config->init, config->seed);
	return CLN_OK;
}

static enum cln_status make_samples(struct bench *bench, double seconds, struct cln_error *err)
{
	struct samples *all[] = {&bench->rates, &bench->peaks, &bench->fractions, &bench->tiles};

	bench->rates.capacity = (size_t)(seconds / WINDOW_SECONDS) + 1024;
	bench->peaks.capacity = bench->tiles.capacity = (size_t)(seconds * PEAK_SHARE / PEAK_SECONDS) + 1024;
	bench->fractions.capacity = (size_t)(seconds / PEAK_EVERY_SECONDS) + 1024;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		all[i]->values = mem_alloc(all[i]->capacity, sizeof(double), err);
		if (!all[i]->values)
			return CLN_E_MEMORY;
	}
	return CLN_OK;
}

static int ranks_of(const struct plan *plan)
{
	return plan->comm ? plan->comm->ranks : 1;
}

static double steps_of(const struct bench *bench)
{
	return (double)((bench->rows + bench->plan->batch_size - 1) / bench->plan->batch_size) * (double)bench->epochs;
}

/* The samples go over to the result.  Other ranks' cores are taken to be like this one's. */
static void summarise(struct bench_result *result, struct bench *bench)
{
	for (size_t i = 0; i < bench->peaks.n; i++)
		bench->peaks.values[i] *= 1e-9;
	result->rows_per_second = bench_quantile(bench->rates.values, bench->rates.n, 0.5);
	result->rows_per_second_best = bench_quantile(bench->rates.values, bench->rates.n, 0.9);
	result->flops_per_row = bench->flops_per_row;
	result->gflops = result->rows_per_second * result->flops_per_row * 1e-9;
	result->peak_gflops = ranks_of(bench->plan) * bench_quantile(bench->peaks.values, bench->peaks.n, 0.9);
	result->fraction_of_peak = result->rows_per_second_best * result->flops_per_row * 1e-9 / result->peak_gflops;
	for (size_t i = 0; i < bench->fractions.n; i++)
		bench->fractions.values[i] /= ranks_of(bench->plan);
	if (bench->fractions.n > 0)
		result->fraction_at_clock = bench_quantile(bench->fractions.values, bench->fractions.n, 0.5);
	result->windows = bench->rates.n;
	result->peaks = bench->peaks.n;
	result->fractions = bench->fractions.n;
	result->window_rows_per_second = bench->rates.values;
	result->window_peak_gflops = bench->peaks.values;
	result->window_fraction_at_clock = bench->fractions.values;
	bench->rates.values = bench->peaks.values = bench->fractions.values = NULL;
	result->batch_size = bench->plan->batch_size;
	result->block_size = bench->plan->block_size;
	result->threads = bench->plan->threads;
	result->ranks = ranks_of(bench->plan);
	if (bench->plan->comm)
		result->exchanged_bytes = (double)bench->plan->comm->bytes / steps_of(bench);
	result->isa = bench->kernels->name;
}

static enum cln_status make_clocks(struct bench *bench, struct cln_error *err)
{
	bench->plan->clocks = mem_alloc((size_t)bench->plan->threads, sizeof *bench->plan->clocks, err);
	return bench->plan->clocks ? CLN_OK : CLN_E_MEMORY;
}

/* Floating-point operations of one row in one of the products; the first layer's dA is there where a front learns from it. */
static double phase_flops(const struct network *net, enum phase phase)
{
	double flops = 0;

	if (phase != PHASE_FORWARD && phase != PHASE_GRADIENT && phase != PHASE_BACKWARD)
		return 0;
	for (size_t l = phase == PHASE_BACKWARD && !network_has_front(net) ? 2 : 1; l <= net->L; l++)
		flops += 2.0 * (double)net->n[l] * (double)net->n[l - 1];
	return flops;
}

static void summarise_phases(struct bench_result *result, struct bench *bench, const struct network *net)
{
	const struct plan *plan = bench->plan;
	const double rows = (double)bench->rows * (double)bench->epochs, steps = steps_of(bench);

	result->has_phases = true;
	result->tile_gflops = 1e-9 * bench_quantile(bench->tiles.values, bench->tiles.n, 0.9);
	for (int phase = 0; phase < PHASES; phase++) {
		double seconds = 0;
		for (int t = 0; t < plan->threads; t++)
			seconds += plan->clocks[t].seconds[phase];
		seconds /= plan->threads;
		result->phase_seconds[phase] = seconds / steps;
		if (seconds > 0)
			result->phase_fraction[phase] =
			    phase_flops(net, (enum phase)phase) * rows * 1e-9 / seconds / result->peak_gflops;
	}
}

static enum cln_status train_in_windows(struct bench *bench, struct network *net, const struct dataset *data,
					const struct cln_config *config, double seconds, struct cln_error *err)
{
	const struct cln_observer observer = {.context = bench, .progress = on_progress, .epoch = on_epoch};
	struct cln_config endless = *config;
	struct trainer_result trained;

	endless.epochs = MAX_EPOCHS;
	endless.patience = 0;
	bench->mark = bench->last_peak = clock_seconds();
	bench->stop_at = bench->mark + seconds;
	enum cln_status status = trainer_run(net, data, NULL, &endless, bench->plan, bench->kernels, &observer, &trained, err);
	if (status == CLN_STOPPED)
		status = CLN_OK;
	bench->epochs = trained.epochs;
	if (status == CLN_OK && (bench->rates.n == 0 || bench->peaks.n == 0))
		status = error_set(err, CLN_E_USAGE, "nothing could be measured in %g seconds; give --seconds more", seconds);
	return status;
}

enum cln_status bench_run(struct bench_result *result, const struct cln_config *asked, size_t inputs, size_t rows, double seconds,
			  bool phases, struct cln_error *err)
{
	struct cln_config chosen = *asked;
	const struct cln_config *config = &chosen;
	struct bench bench = {.rows = rows};
	struct dataset data = {0};
	struct network *net = NULL;
	struct plan plan = {0};

	*result = (struct bench_result){.threads_rule = "--threads"};
	int allowed = config->threads ? config->threads : cln_threads_allowed(&result->threads_rule);
	allowed = parallel_limit(allowed);
	enum cln_status status = config_check(asked, err);
	if (status == CLN_OK) {
		config_choose(&chosen, rows);
		status = kernels_select(&bench.kernels, config->isa, err);
	}
	if (status == CLN_OK)
		status = make_network(&net, config, inputs, err);
	if (status == CLN_OK)
		status = dataset_create(&data, rows, inputs, false, err);
	if (status == CLN_OK)
		status = draw(&data, config->seed, allowed, err);
	if (status == CLN_OK)
		status = make_samples(&bench, seconds, err);
	if (status == CLN_OK) {
		plan_create(&plan, net, config, rows, allowed);
		bench.plan = &plan;
		bench.flops_per_row = bench_flops_per_row(net->n, net->L, network_has_front(net));
		if (phases)
			status = make_clocks(&bench, err);
	}
	if (status == CLN_OK)
		status = peak_create(&bench.peak, bench.kernels, plan.threads, err);
	if (status == CLN_OK)
		status = train_in_windows(&bench, net, &data, config, seconds, err);
	if (status == CLN_OK)
		summarise(result, &bench);
	if (status == CLN_OK && phases)
		summarise_phases(result, &bench, net);
	mem_free(plan.clocks);
	peak_free(&bench.peak);
	mem_free(bench.tiles.values);
	mem_free(bench.fractions.values);
	mem_free(bench.peaks.values);
	mem_free(bench.rates.values);
	dataset_free(&data);
	network_destroy(net);
	return status;
}

void bench_result_free(struct bench_result *result)
{
	mem_free(result->window_rows_per_second);
	mem_free(result->window_peak_gflops);
	mem_free(result->window_fraction_at_clock);
	result->window_rows_per_second = result->window_peak_gflops = result->window_fraction_at_clock = NULL;
}
