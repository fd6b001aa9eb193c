/* SPDX-License-Identifier: MIT */
#include "api/attribute.h"

#include "base/dmath.h"
#include "base/parallel.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define SLOPES ((size_t)1 << 21) /* of a thread, at most, where a point has no more */
#define WAVE 64                  /* pieces of a line whose sums are in memory */
#define BLOCK 64                 /* rows of a partial sum */

struct attribution_space {
	struct path_space path;
	float *z;       /* K a point */
	double *slopes; /* K n_columns a point; once combined, the first n_columns of each are df/dt's parts */
	double *f;      /* one a point */
	double *parts;  /* contributions of at_a_time rows */
};

/* ---------------------------------------------------------------- memory */

static enum cln_status space_create(struct attribution_space *space, const struct attribution *attribution, struct cln_error *err)
{
	const size_t m = attribution->at_a_time, K = attribution->K, n = attribution->n_columns;
	enum cln_status status = path_space_create(&space->path, attribution->paths[0].net, err);

	if (status != CLN_OK)
		return status;
	space->z = mem_alloc(m * K, sizeof *space->z, err);
	space->slopes = mem_alloc(m * K, n * sizeof *space->slopes, err);
	space->f = mem_alloc(m, sizeof *space->f, err);
	space->parts = mem_alloc(m, n * sizeof *space->parts, err);
	return space->z && space->slopes && space->f && space->parts ? CLN_OK : CLN_E_MEMORY;
}

static void space_free(struct attribution_space *space)
{
	path_space_free(&space->path);
	mem_free(space->z);
	mem_free(space->slopes);
	mem_free(space->f);
	mem_free(space->parts);
}

static enum cln_status create_paths(struct attribution *attribution, const struct cln_model *model, struct cln_error *err)
{
	uint32_t *group = mem_alloc(attribution->n_features, sizeof *group, err);
	struct model_scorer made;
	enum cln_status status = group ? sample_scorer(&made, model, 1, err) : CLN_E_MEMORY;

	if (status != CLN_OK) {
		mem_free(group);
		return status;
	}
	for (size_t c = 0; c < attribution->n_columns; c++)
		for (size_t i = 0; i < attribution->columns[c]->n_features; i++)
			group[attribution->columns[c]->first_feature + i] = (uint32_t)c;
	for (size_t k = 0; k < made.scorer.K && status == CLN_OK; k++, attribution->K++)
		status = path_create(&attribution->paths[k], made.networks[k], made.scorer.kernels, group, attribution->n_columns,
				     err);
	attribution->temperature = made.scorer.temperature;
	mem_free(group);
	return status;
}

enum cln_status attribution_create(struct attribution *attribution, const struct cln_model *model, int threads,
				   struct cln_error *err)
{
	const struct pipeline *pipeline = model->pipeline;
	enum cln_status status = CLN_E_MEMORY;

	*attribution = (struct attribution){.n_features = pipeline->n_features};
	attribution->columns = mem_alloc(pipeline->n_columns, sizeof *attribution->columns, err);
	attribution->baseline = mem_alloc(pipeline->n_features, sizeof *attribution->baseline, err);
	if (attribution->columns && attribution->baseline) {
		attribution->n_columns = sample_columns(attribution->columns, pipeline);
		pipeline_typical(attribution->baseline, pipeline);
		status = create_paths(attribution, model, err);
	}
	const size_t room = SLOPES / ((attribution->K + 1) * (attribution->n_columns + 1));
	attribution->at_a_time = room < 1 ? 1 : room < PATH_COLUMNS - 1 ? room : PATH_COLUMNS - 1;
	if (status == CLN_OK)
		attribution->spaces = mem_alloc((size_t)threads, sizeof *attribution->spaces, err);
	if (!attribution->spaces)
		status = CLN_E_MEMORY;
	for (int t = 0; t < threads && status == CLN_OK; t++, attribution->threads++)
		status = space_create(&attribution->spaces[t], attribution, err);
	if (status != CLN_OK)
		attribution_free(attribution);
	return status;
}

void attribution_free(struct attribution *attribution)
{
	for (int t = 0; t < attribution->threads; t++)
		space_free(&attribution->spaces[t]);
	for (size_t k = 0; k < attribution->K; k++)
		path_free(&attribution->paths[k]);
	mem_free(attribution->spaces);
	mem_free(attribution->columns);
	mem_free(attribution->baseline);
	*attribution = (struct attribution){0};
}

/* ---------------------------------------------------------------- all members together */

static double held(double sum)
{
	return sum < DBL_MIN ? DBL_MIN : sum;
}

/* f at a point, and q[k] = df/dz_k; z: one every `stride`. */
static double mean_logit(double *q, const float *z, size_t K, size_t stride, double T)
{
	double P = 0, N = 0;

	if (K == 1) {
		q[0] = 1 / T;
		return (double)z[0] / T;
	}
	for (size_t k = 0; k < K; k++) {
		P += dmath_sigmoid((double)z[k * stride]);
		N += dmath_sigmoid(-(double)z[k * stride]);
	}
	for (size_t k = 0; k < K; k++) {
		const double p = dmath_sigmoid((double)z[k * stride]), n = dmath_sigmoid(-(double)z[k * stride]);
		q[k] = (p / held(P) * n + n / held(N) * p) / T;
	}
	return (dmath_log(held(P)) - dmath_log(held(N))) / T;
}

/* Fills space->f and the first slopes. */
static void follow(struct attribution_space *space, const struct attribution *attribution, const struct path_lines *lines)
{
	const size_t m = lines->n_rows * lines->n_points, n = attribution->n_columns, K = attribution->K;
	double q[CLN_MAX_ENSEMBLE];

	for (size_t k = 0; k < K; k++)
		path_follow(space->z + k * m, space->slopes + k * m * n, &attribution->paths[k], &space->path, lines);
	for (size_t s = 0; s < m; s++) {
		double *sum = space->slopes + s * n;

		space->f[s] = mean_logit(q, space->z + s, K, m, attribution->temperature);
		for (size_t c = 0; c < n; c++)
			sum[c] *= q[0];
		for (size_t k = 1; k < K; k++)
			for (size_t c = 0; c < n; c++)
				sum[c] += q[k] * space->slopes[(k * m + s) * n + c];
	}
}

/* ---------------------------------------------------------------- one row */

/* Places on a line that are worked in pieces. */
struct walk {
	const struct attribution *attribution;
	const float *x;
	const double *t;
	size_t n_points, first_piece;
	double *sums;      /* n_columns a piece of a wave */
	double first, last; /* f at the first and the last place */
};

static void walk_body(void *argument, size_t item, int tid)
{
	struct walk *walk = argument;
	const struct attribution *attribution = walk->attribution;
	struct attribution_space *space = &attribution->spaces[tid];
	const size_t n = attribution->n_columns, begin = (walk->first_piece + item) * attribution->at_a_time;
	const size_t left = walk->n_points - begin, m = left < attribution->at_a_time ? left : attribution->at_a_time;
	const struct path_lines lines = {walk->x, attribution->baseline, 1, walk->t + begin, m};
	double *sums = walk->sums + item * n;

	follow(space, attribution, &lines);
	memset(sums, 0, n * sizeof *sums);
	for (size_t s = 0; s < m; s++)
		for (size_t c = 0; c < n; c++)
			sums[c] += space->slopes[s * n + c];
	if (begin == 0)
		walk->first = space->f[0];
	if (begin + m == walk->n_points)
		walk->last = space->f[m - 1];
}

/* Adds the slopes at all places to `total`. */
static void walk_line(struct walk *walk, double *total)
{
	const struct attribution *attribution = walk->attribution;
	const size_t n_pieces = (walk->n_points + attribution->at_a_time - 1) / attribution->at_a_time;

	for (walk->first_piece = 0; walk->first_piece < n_pieces; walk->first_piece += WAVE) {
		const size_t left = n_pieces - walk->first_piece, wave = left < WAVE ? left : WAVE;

		parallel_for(wave > 1 ? attribution->threads : 1, wave, walk_body, walk);
		for (size_t i = 0; i < wave; i++)
			for (size_t c = 0; c < attribution->n_columns; c++)
				total[c] += walk->sums[i * attribution->n_columns + c];
	}
}

/* From the sums of all slopes, the ends' counted half; returns the greatest change. */
static double set_contributions(struct cln_explanation *explanation, const double *total, size_t n, double difference)
{
	double greatest = 0, sum = 0;

	for (size_t c = 0; c < n; c++) {
		const double contribution = total[c] / (double)explanation->steps;

		greatest = fmax(greatest, fabs(contribution - explanation->contributions[c]));
		explanation->contributions[c] = contribution;
		sum += contribution;
	}
	explanation->gap = difference - sum;
	return greatest;
}

/* memory: t (MOST_STEPS), the sums of a wave, and two totals. */
static void integrate(struct cln_explanation *explanation, double *baseline, struct walk *walk, double *memory)
{
	const size_t n = walk->attribution->n_columns;
	double *t = memory, *total = t + ATTRIBUTE_MOST_STEPS, *ends = total + n;

	walk->t = t;
	walk->sums = ends + n;
	t[0] = 0;
	t[1] = 1;
	walk->n_points = 2;
	walk_line(walk, ends);
	*baseline = walk->first;
	explanation->logit = walk->last;
	explanation->probability = dmath_sigmoid(explanation->logit);
	const double difference = explanation->logit - *baseline;
	explanation->tolerance = ATTRIBUTE_TOLERANCE * fmax(1, fabs(difference));
	for (size_t c = 0; c < n; c++)
		total[c] = ends[c] / 2;
	explanation->steps = ATTRIBUTE_LEAST_STEPS;
	for (walk->n_points = 0; walk->n_points < ATTRIBUTE_LEAST_STEPS - 1; walk->n_points++)
		t[walk->n_points] = (double)(walk->n_points + 1) / ATTRIBUTE_LEAST_STEPS;
	walk_line(walk, total);
	set_contributions(explanation, total, n, difference);
	for (double change = INFINITY;
	     (fabs(explanation->gap) > explanation->tolerance || change > explanation->tolerance) &&
	     explanation->steps < ATTRIBUTE_MOST_STEPS;) {
		explanation->steps *= 2;
		walk->n_points = explanation->steps / 2;
		for (size_t j = 0; j < walk->n_points; j++)
			t[j] = (double)(2 * j + 1) / (double)explanation->steps;
		walk_line(walk, total);
		change = set_contributions(explanation, total, n, difference);
	}
}

enum cln_status attribution_explain(struct cln_explanation *explanation, double *baseline, const struct attribution *attribution,
				    const float *x, struct cln_error *err)
{
	struct walk walk = {.attribution = attribution, .x = x};
	double *memory = mem_alloc(ATTRIBUTE_MOST_STEPS + (WAVE + 2) * attribution->n_columns, sizeof *memory, err);

	if (!memory)
		return CLN_E_MEMORY;
	integrate(explanation, baseline, &walk, memory);
	mem_free(memory);
	return isnan(explanation->logit) || isnan(*baseline)
		   ? error_set(err, CLN_E_DATA, "row %zu: the logit is not a number", explanation->row + 1)
		   : CLN_OK;
}

/* ---------------------------------------------------------------- many rows */

#define POINTS (ATTRIBUTE_LEAST_STEPS + 1)

struct averaging {
	const struct attribution *attribution;
	const float *X, *w;
	size_t n;
	double *sums; /* n_columns + 1 a block of rows: of |contribution|, and of |gap| */
};

/* space->parts of these rows, and the difference of f between their ends in `difference`. */
static void integrate_rows(double *difference, struct attribution_space *space, const struct attribution *attribution,
			   struct path_lines *lines)
{
	const size_t n = attribution->n_columns, n_rows = lines->n_rows, most = attribution->at_a_time / n_rows;
	double t[POINTS];

	for (size_t j = 0; j < POINTS; j++)
		t[j] = (double)j / ATTRIBUTE_LEAST_STEPS;
	memset(space->parts, 0, n_rows * n * sizeof *space->parts);
	memset(difference, 0, n_rows * sizeof *difference);
	for (size_t begin = 0; begin < POINTS; begin += lines->n_points) {
		lines->t = t + begin;
		lines->n_points = POINTS - begin < most ? POINTS - begin : most;
		follow(space, attribution, lines);
		for (size_t s = 0; s < n_rows * lines->n_points; s++) {
			const size_t i = s / lines->n_points, j = begin + s % lines->n_points;
			const double weight = (j == 0 || j == POINTS - 1 ? 0.5 : 1.0) / ATTRIBUTE_LEAST_STEPS;

			difference[i] += j == 0 ? -space->f[s] : j == POINTS - 1 ? space->f[s] : 0;
			for (size_t c = 0; c < n; c++)
				space->parts[i * n + c] += weight * space->slopes[s * n + c];
		}
	}
}

static void average_body(void *argument, size_t block, int tid)
{
	const struct averaging *averaging = argument;
	const struct attribution *attribution = averaging->attribution;
	struct attribution_space *space = &attribution->spaces[tid];
	const size_t n = attribution->n_columns, most = attribution->at_a_time < POINTS ? 1 : attribution->at_a_time / POINTS;
	const size_t end = averaging->n - block * BLOCK < BLOCK ? averaging->n : (block + 1) * BLOCK;
	double *sums = averaging->sums + block * (n + 1), difference[PATH_COLUMNS];

	for (size_t begin = block * BLOCK, m; begin < end; begin += m) {
		m = end - begin < most ? end - begin : most;
		struct path_lines lines = {averaging->X + begin * attribution->n_features, attribution->baseline, m, NULL, 0};

		integrate_rows(difference, space, attribution, &lines);
		for (size_t i = 0; i < m; i++) {
			const double w = averaging->w ? (double)averaging->w[begin + i] : 1;

			for (size_t c = 0; c < n; c++) {
				sums[c] += w * fabs(space->parts[i * n + c]);
				difference[i] -= space->parts[i * n + c];
			}
			sums[n] += w * fabs(difference[i]);
		}
	}
}

enum cln_status attribution_means(double *contributions, double *gap, const struct attribution *attribution, const float *X,
				  const float *w, size_t n, struct cln_error *err)
{
	const size_t n_blocks = (n + BLOCK - 1) / BLOCK, width = attribution->n_columns + 1;
	struct averaging averaging = {.attribution = attribution, .X = X, .w = w, .n = n};
	double weight = 0;

	averaging.sums = mem_alloc(n_blocks, width * sizeof *averaging.sums, err);
	if (!averaging.sums)
		return CLN_E_MEMORY;
	parallel_for(attribution->threads, n_blocks, average_body, &averaging);
	for (size_t block = 1; block < n_blocks; block++)
		for (size_t c = 0; c < width; c++)
			averaging.sums[c] += averaging.sums[block * width + c];
	for (size_t i = 0; i < n; i++)
		weight += w ? (double)w[i] : 1;
	for (size_t c = 0; c + 1 < width; c++)
		contributions[c] = averaging.sums[c] / weight;
	*gap = averaging.sums[width - 1] / weight;
	mem_free(averaging.sums);
	return CLN_OK;
}
