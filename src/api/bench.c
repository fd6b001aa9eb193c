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
#define USUAL_BINS 48
#define MAX_EPOCHS ((1u << 24) - 1) /* rng.h */

struct samples {
	double *values;
	size_t n, capacity;
};

/* A network under training. */
struct bench_lane {
	struct bench *bench;
	struct cln_config config;
	struct network *net;
	struct plan plan;
	size_t mark_rows; /* rows of this epoch already accounted */
	size_t epochs;    /* trained */
	enum cln_status status;
	struct cln_error err;
};

struct bench {
	const struct kernels *kernels;
	const struct dataset *data;
	struct bench_lane *lanes;
	int n_lanes, threads; /* threads: of all plans */
	struct lock *lock;    /* of what lanes share: all that follows */
	bool ended;           /* a lane has: what the others do then is no measure */
	struct samples rates, peaks, tiles; /* rows/s; floating-point operations per second, tiles: with phases only */
	struct samples fractions;           /* a window's of the peak right behind it */
	size_t paired;                      /* windows there were by then */
	double flops_per_row;
	double stop_at;
	double mark;      /* when the current window's unaccounted time began */
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
		if (bench->lanes[0].plan.clocks)
			samples_add(&bench->tiles, peak_product(&bench->peak));
	} while (clock_seconds() < end);
	bench->last_peak = clock_seconds();
}

/* ---------------------------------------------------------------- the observer */

/* Accounts for what was trained since the last mark, and closes the window where it is long enough. */
static void account(struct bench_lane *lane, size_t rows_done, double now)
{
	struct bench *bench = lane->bench;

	bench->spent += now - bench->mark;
	bench->done += (double)(rows_done - lane->mark_rows);
	bench->mark = now;
	lane->mark_rows = rows_done;
	if (bench->spent >= WINDOW_SECONDS && !bench->ended) {
		samples_add(&bench->rates, bench->done / bench->spent);
		bench->spent = bench->done = 0;
	}
}

static void on_progress(void *context, size_t epoch, size_t rows_done, size_t rows)
{
	struct bench_lane *lane = context;

	(void)epoch;
	(void)rows;
	lock_enter(lane->bench->lock);
	account(lane, rows_done, clock_seconds());
	lock_leave(lane->bench->lock);
}

static bool on_epoch(void *context, const struct cln_epoch *epoch)
{
	struct bench_lane *lane = context;
	struct bench *bench = lane->bench;
	const bool alone = bench->n_lanes == 1;

	(void)epoch;
	lock_enter(bench->lock);
	account(lane, bench->data->n_rows, clock_seconds());
	if (alone && bench->mark - bench->last_peak >= PEAK_EVERY_SECONDS) {
		measure_peaks(bench, bench->mark);
		bench->mark = clock_seconds();
	}
	lane->mark_rows = 0;
	bench->ended |= bench->mark >= bench->stop_at && bench->rates.n > 0 && (!alone || bench->peaks.n > 0);
	const bool ends = bench->ended;
	lock_leave(bench->lock);
	return ends;
}

/* ---------------------------------------------------------------- synthetic rows */

struct drawing {
	struct dataset *data;
	uint64_t seed;
	const float *direction; /* n_features */
	size_t first_numbered;  /* of the features that are numbers of levels */
	size_t levels_each;
};

static size_t levels_each(const struct bench_shape *shape)
{
	return shape->numbered && shape->levels >= 2 * shape->numbered ? shape->levels / shape->numbered : 2;
}

/* By the place in a normal distribution between -2 and 2: some levels are rare. */
static float level_of(float x, size_t levels)
{
	const double place = (fmax(-2, fmin((double)x, 1.999)) + 2) / 4;

	return (float)(size_t)(place * (double)levels);
}

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
			if (k >= drawing->first_numbered)
				x[k] = level_of(x[k], drawing->levels_each);
		}
		data->y[i] = sum > 0 ? 1 : 0;
	}
}

static enum cln_status draw(struct dataset *data, uint64_t seed, const struct bench_shape *shape, int threads,
			    struct cln_error *err)
{
	float *direction = mem_alloc(data->n_features, sizeof *direction, err);
	struct rng rng;

	if (!direction)
		return CLN_E_MEMORY;
	rng_start(&rng, seed, RNG_BENCH, 0, 0);
	for (size_t k = 0; k < data->n_features; k++)
		direction[k] = (float)rng_normal(&rng);
	struct drawing drawing = {data, seed, direction, shape->inputs - shape->numbered, levels_each(shape)};
	parallel_for(threads, (data->n_rows + DATA_BLOCK - 1) / DATA_BLOCK, draw_block, &drawing);
	mem_free(direction);
	return CLN_OK;
}

/* ---------------------------------------------------------------- the run */

static size_t embedded_of(const struct bench_shape *shape, const struct cln_config *config)
{
	if (shape->embedded != CLN_AUTO)
		return shape->embedded;
	return config->embedding != CLN_EMBEDDING_NONE && config->embedding != CLN_EMBEDDING_PIECEWISE ?
		shape->inputs - shape->numbered : 0;
}

/* Edges as far as normal numbers go, at equal distances. */
static enum cln_status make_bins(struct front *front, const struct bench_shape *shape, const struct cln_config *config,
				 struct cln_error *err)
{
	const size_t each = (config->bins ? config->bins : USUAL_BINS) + 1;
	uint32_t *binned = mem_alloc(shape->binned, sizeof *binned, err);
	uint32_t *first = mem_alloc(shape->binned + 1, sizeof *first, err);
	float *edges = mem_alloc(shape->binned, each * sizeof *edges, err);

	front->n_binned = shape->binned;
	front->binned = binned;
	front->first_edge = first;
	front->edges = edges;
	if (!binned || !first || !edges)
		return CLN_E_MEMORY;
	for (size_t j = 0; j < shape->binned; j++) {
		binned[j] = (uint32_t)j;
		first[j + 1] = (uint32_t)((j + 1) * each);
		for (size_t k = 0; k < each; k++)
			edges[j * each + k] = (float)(6 * (double)k / (double)(each - 1) - 3);
	}
	return CLN_OK;
}

static enum cln_status make_front(struct front *front, const struct bench_shape *shape, const struct cln_config *config,
				  struct cln_error *err)
{
	uint32_t *numbers = mem_alloc(shape->inputs, sizeof *numbers, err);
	struct category *categories = mem_alloc(shape->numbered, sizeof *categories, err);

	*front = (struct front){.numbers = numbers,
				.n_numbers = embedded_of(shape, config),
				.scaling = config->input_scaling,
				.parametric = config->parametric_activation,
				.categories = categories,
				.n_categories = shape->numbered,
				.values = shape->numbered ? config->level_values : 0};
	if (!numbers || !categories)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < front->n_numbers; i++)
		numbers[i] = (uint32_t)i;
	for (size_t c = 0; c < shape->numbered; c++)
		categories[c] = (struct category){.feature = (uint32_t)(shape->inputs - shape->numbered + c),
						  .n_rows = (uint32_t)levels_each(shape)};
	return make_bins(front, shape, config, err);
}

static enum cln_status make_network(struct network **net, const struct cln_config *config, const struct bench_shape *shape,
				    struct cln_error *err)
{
	size_t n[NETWORK_MAX_LAYERS + 1] = {shape->inputs}, L = config->n_hidden + 1;
	struct front front;
	enum cln_status status = make_front(&front, shape, config, err);

	*net = NULL;
	for (size_t l = 1; l < L; l++)
		n[l] = config->hidden[l - 1];
	n[L] = 1;
	if (status == CLN_OK)
		status = network_create(net, n, L, config->activation, &front, err);
	front_free(&front);
	if (status != CLN_OK)
		return status;
	network_init_front(*net, config->frequency_scale, NULL, config->seed);
	network_init_levels(*net, config->level_scale, config->seed);
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

static int ranks_of(const struct bench *bench)
{
	const struct comm *comm = bench->lanes[0].plan.comm;
	return comm ? comm->ranks : 1;
}

/* Of the first lane. */
static double steps_of(const struct bench *bench)
{
	const struct bench_lane *lane = &bench->lanes[0];
	return (double)((bench->data->n_rows + lane->plan.batch_size - 1) / lane->plan.batch_size) * (double)lane->epochs;
}

/* The samples go over to the result.  Other ranks' cores are taken to be like this one's. */
static void summarise(struct bench_result *result, struct bench *bench)
{
	const struct plan *plan = &bench->lanes[0].plan;

	for (size_t i = 0; i < bench->peaks.n; i++)
		bench->peaks.values[i] *= 1e-9;
	result->rows_per_second = bench_quantile(bench->rates.values, bench->rates.n, 0.5);
	result->rows_per_second_best = bench_quantile(bench->rates.values, bench->rates.n, 0.9);
	result->flops_per_row = bench->flops_per_row;
	result->gflops = result->rows_per_second * result->flops_per_row * 1e-9;
	result->peak_gflops = ranks_of(bench) * bench_quantile(bench->peaks.values, bench->peaks.n, 0.9);
	result->fraction_of_peak = result->rows_per_second_best * result->flops_per_row * 1e-9 / result->peak_gflops;
	for (size_t i = 0; i < bench->fractions.n; i++)
		bench->fractions.values[i] /= ranks_of(bench);
	if (bench->fractions.n > 0)
		result->fraction_at_clock = bench_quantile(bench->fractions.values, bench->fractions.n, 0.5);
	result->windows = bench->rates.n;
	result->peaks = bench->peaks.n;
	result->fractions = bench->fractions.n;
	result->window_rows_per_second = bench->rates.values;
	result->window_peak_gflops = bench->peaks.values;
	result->window_fraction_at_clock = bench->fractions.values;
	bench->rates.values = bench->peaks.values = bench->fractions.values = NULL;
	result->batch_size = plan->batch_size;
	result->block_size = plan->block_size;
	result->threads = bench->threads;
	result->lanes = bench->n_lanes;
	result->ranks = ranks_of(bench);
	if (plan->comm)
		result->exchanged_bytes = (double)plan->comm->bytes / steps_of(bench);
	result->isa = bench->kernels->name;
}

static enum cln_status make_clocks(struct plan *plan, struct cln_error *err)
{
	plan->clocks = mem_alloc((size_t)plan->threads, sizeof *plan->clocks, err);
	return plan->clocks ? CLN_OK : CLN_E_MEMORY;
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

static void summarise_phases(struct bench_result *result, struct bench *bench)
{
	const struct bench_lane *lane = &bench->lanes[0];
	const struct plan *plan = &lane->plan;
	const double rows = (double)bench->data->n_rows * (double)lane->epochs, steps = steps_of(bench);

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
			    phase_flops(lane->net, (enum phase)phase) * rows * 1e-9 / seconds / result->peak_gflops;
	}
}

static void train_lane(void *argument, int number)
{
	struct bench *bench = argument;
	struct bench_lane *lane = &bench->lanes[number];
	const struct cln_observer observer = {.context = lane, .progress = on_progress, .epoch = on_epoch};
	struct trainer_result trained;

	lane->status = trainer_run(lane->net, bench->data, NULL, &lane->config, &lane->plan, bench->kernels, &observer, &trained,
				   &lane->err);
	lane->epochs = trained.epochs;
	if (lane->status == CLN_STOPPED)
		lane->status = CLN_OK;
}

static enum cln_status train_in_windows(struct bench *bench, int threads, double seconds, struct cln_error *err)
{
	bench->mark = bench->last_peak = clock_seconds();
	bench->stop_at = bench->mark + seconds;
	enum cln_status status = bench->n_lanes > 1 ? lock_create(&bench->lock, threads, err) : CLN_OK;
	if (status == CLN_OK)
		status = parallel_lanes(bench->n_lanes, threads, train_lane, bench, err);
	lock_destroy(bench->lock);
	for (int i = 0; i < bench->n_lanes && status == CLN_OK; i++)
		if (bench->lanes[i].status != CLN_OK)
			status = error_set(err, bench->lanes[i].status, "%s", bench->lanes[i].err.message);
	if (status == CLN_OK && bench->n_lanes > 1)
		measure_peaks(bench, clock_seconds());
	if (status == CLN_OK && (bench->rates.n == 0 || bench->peaks.n == 0))
		status = error_set(err, CLN_E_USAGE, "nothing could be measured in %g seconds; give --seconds more", seconds);
	return status;
}

/* ---------------------------------------------------------------- lanes */

/* As many as an ensemble of so many members has; see ensemble.c. */
static int choose_lanes(const struct bench_lane *first, size_t members, int threads)
{
	double seconds;

	return members < 2 || comm_world() ? 1 : plan_lanes(&first->plan, first->net, members, threads, &seconds);
}

/* The first has a network and the plan of one that has all threads. */
static enum cln_status make_lane(struct bench *bench, int number, int threads, struct cln_error *err)
{
	struct bench_lane *lane = &bench->lanes[number];
	const struct bench_lane *first = &bench->lanes[0];
	enum cln_status status = CLN_OK;

	if (number > 0) {
		lane->config = first->config;
		lane->config.seed = config_member_seed(first->config.seed, (size_t)number);
		status = network_clone(&lane->net, first->net, err);
	}
	lane->bench = bench;
	if (status == CLN_OK && bench->n_lanes > 1)
		plan_create_for(&lane->plan, lane->net, &lane->config, bench->data->n_rows,
				parallel_lane_threads(number, bench->n_lanes, threads), NULL);
	bench->threads += lane->plan.threads;
	return status;
}

static enum cln_status make_lanes(struct bench *bench, const struct cln_config *config, const struct bench_shape *shape,
				  int threads, struct cln_error *err)
{
	bench->lanes = mem_alloc((size_t)threads, sizeof *bench->lanes, err);
	if (!bench->lanes)
		return CLN_E_MEMORY;
	struct bench_lane *first = &bench->lanes[0];
	first->config = *config;
	first->config.epochs = MAX_EPOCHS;
	first->config.patience = 0;
	enum cln_status status = make_network(&first->net, config, shape, err);
	if (status != CLN_OK)
		return status;
	plan_create(&first->plan, first->net, &first->config, shape->rows, threads);
	first->config.block_size = first->plan.block_size;
	bench->n_lanes = choose_lanes(first, shape->members, threads);
	for (int i = 0; i < bench->n_lanes && status == CLN_OK; i++)
		status = make_lane(bench, i, threads, err);
	bench->flops_per_row = bench_flops_per_row(first->net->n, first->net->L, network_has_front(first->net));
	return status;
}

static void free_lanes(struct bench *bench)
{
	for (int i = 0; bench->lanes && (i == 0 || i < bench->n_lanes); i++) {
		network_destroy(bench->lanes[i].net);
		mem_free(bench->lanes[i].plan.clocks);
	}
	mem_free(bench->lanes);
}

/* ---------------------------------------------------------------- the whole */

static enum cln_status check_shape(const struct bench_shape *shape, bool phases, struct cln_error *err)
{
	const size_t numbers = shape->numbered < shape->inputs ? shape->inputs - shape->numbered : 0;

	if (shape->numbered > shape->inputs || shape->binned > numbers ||
	    (shape->embedded != CLN_AUTO && shape->embedded > numbers))
		return error_set(err, CLN_E_USAGE,
				 "of %zu inputs %zu are numbered, so %zu at most can be embedded or have bins", shape->inputs,
				 shape->numbered, numbers);
	if (phases && shape->members > 1)
		return error_set(err, CLN_E_USAGE, "--phases are those of one network: --members %zu cannot be given with them",
				 shape->members);
	return CLN_OK;
}

static enum cln_status run(struct bench *bench, struct bench_result *result, int threads, double seconds, bool phases,
			   struct cln_error *err)
{
	struct plan *plan = &bench->lanes[0].plan;
	enum cln_status status = make_samples(bench, seconds, err);

	if (status == CLN_OK && phases)
		status = make_clocks(plan, err);
	if (status == CLN_OK)
		status = peak_create(&bench->peak, bench->kernels, bench->threads, err);
	if (status == CLN_OK)
		status = train_in_windows(bench, threads, seconds, err);
	if (status == CLN_OK)
		summarise(result, bench);
	if (status == CLN_OK && phases)
		summarise_phases(result, bench);
	return status;
}

enum cln_status bench_run(struct bench_result *result, const struct cln_config *asked, const struct bench_shape *shape,
			  double seconds, bool phases, struct cln_error *err)
{
	struct cln_config config = *asked;
	struct dataset data = {0};
	struct bench bench = {.data = &data};

	*result = (struct bench_result){.threads_rule = "--threads"};
	int allowed = config.threads ? config.threads : cln_threads_allowed(&result->threads_rule);
	allowed = parallel_limit(allowed);
	enum cln_status status = config_check(asked, err);
	if (status == CLN_OK)
		status = check_shape(shape, phases, err);
	if (status == CLN_OK) {
		config_choose(&config, shape->rows);
		status = kernels_select(&bench.kernels, config.isa, err);
	}
	if (status == CLN_OK)
		status = dataset_create(&data, shape->rows, shape->inputs, false, err);
	if (status == CLN_OK)
		status = draw(&data, config.seed, shape, allowed, err);
	if (status == CLN_OK)
		status = make_lanes(&bench, &config, shape, allowed, err);
	if (status == CLN_OK)
		status = run(&bench, result, allowed, seconds, phases, err);
	peak_free(&bench.peak);
	mem_free(bench.tiles.values);
	mem_free(bench.fractions.values);
	mem_free(bench.peaks.values);
	mem_free(bench.rates.values);
	free_lanes(&bench);
	dataset_free(&data);
	return status;
}

void bench_result_free(struct bench_result *result)
{
	mem_free(result->window_rows_per_second);
	mem_free(result->window_peak_gflops);
	mem_free(result->window_fraction_at_clock);
	result->window_rows_per_second = result->window_peak_gflops = result->window_fraction_at_clock = NULL;
}
