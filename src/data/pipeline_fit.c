/* SPDX-License-Identifier: MIT
 * Learning a pipeline from training rows.  Columns are gone through in parallel, each by one thread. */
#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/dmath.h"
#include "base/parallel.h"
#include "data/order.h"
#include "data/pipeline.h"

/* ---------------------------------------------------------------- statistics */

/* The training rows. */
struct sample {
	const uint32_t *rows;
	const float *w;        /* NULL: all 1 */
	const uint32_t *units; /* the same for exact sums, order.h */
	size_t n_rows;
};

struct numeric_stats {
	size_t n; /* cells present */
	float least, greatest;
	bool has_more; /* than these two */
	double mean, deviation;
	double quartile[3];
};

#define SUM_BLOCK 4096
#define SUM_LANES 8 /* blocks that are summed side by side: none of their additions waits for another's */

/* w (x - center)^power of row i, 0 where the cell is missing: adding that changes no bit of a sum that began with 0. */
static inline double sum_term(const struct sample *sample, const float *x, size_t i, double center, int power)
{
	double d = (double)x[sample->rows[i]] - center, w = sample->w ? (double)sample->w[i] : 1;

	return isnan(d) ? 0 : power == 0 ? w : power == 1 ? w * d : w * (d * d);
}

static inline double sum_with(const struct sample *sample, const float *x, double center, int power)
{
	size_t begin = 0;
	double sum = 0;

	for (; sample->n_rows - begin >= SUM_LANES * SUM_BLOCK; begin += SUM_LANES * SUM_BLOCK) {
		double block[SUM_LANES] = {0};

		for (size_t i = begin; i < begin + SUM_BLOCK; i++)
			for (size_t lane = 0; lane < SUM_LANES; lane++)
				block[lane] += sum_term(sample, x, i + lane * SUM_BLOCK, center, power);
		for (size_t lane = 0; lane < SUM_LANES; lane++)
			sum += block[lane];
	}
	for (; begin < sample->n_rows; begin += SUM_BLOCK) {
		size_t end = sample->n_rows - begin < SUM_BLOCK ? sample->n_rows : begin + SUM_BLOCK;
		double block = 0;

		for (size_t i = begin; i < end; i++)
			block += sum_term(sample, x, i, center, power);
		sum += block;
	}
	return sum;
}

/* The sum of w (x - center)^power, power = 0, 1, 2, over the cells present: blocks of SUM_BLOCK rows, then the blocks' sums in
 * order. */
static double sum_about(const struct sample *sample, const float *x, double center, int power)
{
	return power == 0   ? sum_with(sample, x, center, 0)
	       : power == 1 ? sum_with(sample, x, center, 1)
			    : sum_with(sample, x, center, 2);
}

static void find_range(struct numeric_stats *stats, const struct sample *sample, const float *cells)
{
	*stats = (struct numeric_stats){.least = INFINITY, .greatest = -INFINITY};
	for (size_t i = 0; i < sample->n_rows; i++) {
		float x = cells[sample->rows[i]];

		if (isnan(x))
			continue;
		stats->n++;
		if (x < stats->least)
			stats->least = x;
		if (x > stats->greatest)
			stats->greatest = x;
	}
}

/* Whether a cell is neither of two numbers. */
static bool has_other(const struct sample *sample, const float *cells, float a, float b)
{
	for (size_t i = 0; i < sample->n_rows; i++) {
		float x = cells[sample->rows[i]];

		if (!isnan(x) && x != a && x != b)
			return true;
	}
	return false;
}

static void numeric_stats_find(struct numeric_stats *stats, const struct sample *sample, const float *x)
{
	const struct order_sample ordered = {x, sample->rows, sample->units, sample->n_rows};
	double weight;

	find_range(stats, sample, x);
	if (stats->n == 0)
		return;
	stats->has_more = has_other(sample, x, stats->least, stats->greatest);
	order_quartiles(stats->quartile, &ordered);
	weight = sample->w ? sum_about(sample, x, 0, 0) : (double)stats->n;
	stats->mean = sum_about(sample, x, 0, 1) / weight;
	stats->deviation = sqrt(sum_about(sample, x, stats->mean, 2) / weight);
}

/* counts[level], in units, over the training rows; returns how many cells are missing. */
static size_t count_levels(uint64_t *counts, const struct column *cells, const struct sample *sample)
{
	size_t n_missing = 0;

	for (size_t i = 0; i < sample->n_rows; i++) {
		uint32_t code = cells->codes[sample->rows[i]];

		if (code == LEVEL_MISSING)
			n_missing++;
		else
			counts[code] += sample->units ? sample->units[i] : 1;
	}
	return n_missing;
}

/* ---------------------------------------------------------------- one column */

struct fit_column {
	const struct column *cells;
	struct pipeline_column *column;
	uint64_t *counts; /* categorical: of every level of the table */
};

struct fit {
	struct fit_column *columns;
	struct sample sample;
	enum cln_scale scale;
	size_t most_knots;        /* of a column, however many the cells */
};

/* 1/spread as a float: a spread below 1/FLT_MAX would give infinity. */
static float inverse(double spread)
{
	double scale = 1 / spread;

	return scale < (double)FLT_MAX ? (float)scale : FLT_MAX;
}

/* Where all cells present are equal only the gaps tell the rows apart: any other value met later must come out as next to nothing,
 * because the weights of this feature were never trained. */
#define SCALE_OF_CONSTANT 0x1p-64f

static void scale_about(struct pipeline_column *column, enum transform transform, double center, double spread)
{
	column->transform = transform;
	column->center = (float)center;
	column->scale = spread > 0 ? inverse(spread) : SCALE_OF_CONSTANT;
}

static void scale_robustly(struct pipeline_column *column, const struct numeric_stats *stats)
{
	double range = (double)stats->greatest - (double)stats->least, quartiles = stats->quartile[2] - stats->quartile[0];

	scale_about(column, TRANSFORM_ROBUST, stats->quartile[1], quartiles > 0 ? quartiles : range / 2);
}

static size_t count_knots(const struct fit *fit, size_t n_cells)
{
	size_t most = fit->most_knots < n_cells / 30 ? fit->most_knots : n_cells / 30;

	return most > PIPELINE_MIN_KNOTS ? most : PIPELINE_MIN_KNOTS;
}

/* The normal quantile of the share below / (below + above), which lies in (0, 1).  Up to 2^53 in all it does so when rounded, too;
 * beyond, where weights are in units, a share next to 1 would be rounded to 1, but that of what is above is not rounded to 0. */
static double quantile_of_share(uint64_t below, uint64_t above)
{
	const uint64_t all = below + above;

	if (all > UINT64_C(1) << 53 && above < below)
		return -dmath_normal_quantile((double)above / (double)all);
	return dmath_normal_quantile((double)below / (double)all);
}

/* A knot has as score the normal quantile of the share of the cells below it, equal ones counting half. */
static enum cln_status scale_by_quantiles(struct pipeline_column *column, const struct column *cells, const struct fit *fit,
					  const struct numeric_stats *stats, struct cln_error *err)
{
	const struct order_sample ordered = {cells->numbers, fit->sample.rows, fit->sample.units, fit->sample.n_rows};
	size_t most = count_knots(fit, stats->n);
	struct order_point *points = mem_alloc(most, sizeof *points, err);
	enum cln_status status = CLN_E_MEMORY;

	column->transform = TRANSFORM_QUANTILE;
	if (!points || order_points(points, &column->n_knots, most, &ordered, err) != CLN_OK)
		goto done;
	column->knots = mem_alloc(column->n_knots, sizeof *column->knots, err);
	column->scores = mem_alloc(column->n_knots, sizeof *column->scores, err);
	if (!column->knots || !column->scores)
		goto done;
	for (size_t k = 0; k < column->n_knots; k++) {
		const struct order_point *point = &points[k], *last = &points[column->n_knots - 1];
		const uint64_t below = 2 * point->below + point->at;

		column->knots[k] = point->x;
		column->scores[k] = (float)quantile_of_share(below, 2 * (last->below + last->at) - below);
	}
	status = CLN_OK;
done:
	mem_free(points);
	return status;
}

/* Smooth clipping begins to press numbers together three interquartile ranges from the median.  Of an exponential distribution, the
 * border of heavy tails, 1/54 of the weight is beyond: P(x > ln 2 + 3 ln 3) = 3^-3 / 2.  So more than a 50th is a heavy tail. */
#define TAIL_FROM 3
#define TAIL_SHARE 50

static bool has_heavy_tails(const struct numeric_stats *stats, const struct sample *sample, const float *cells)
{
	double far = TAIL_FROM * (stats->quartile[2] - stats->quartile[0]);
	uint64_t beyond = 0, W = 0;

	for (size_t i = 0; i < sample->n_rows; i++) {
		double distance = fabs((double)cells[sample->rows[i]] - stats->quartile[1]);
		uint64_t units = sample->units ? sample->units[i] : 1;

		W += isnan(distance) ? 0 : units;
		beyond += distance > far ? units : 0;
	}
	return beyond > W / TAIL_SHARE;
}

static enum cln_scale choose_scale(const struct numeric_stats *stats, const struct sample *sample, const float *cells)
{
	bool heavy = !(stats->quartile[0] < stats->quartile[2]) || has_heavy_tails(stats, sample, cells);

	return heavy ? CLN_SCALE_QUANTILE : CLN_SCALE_ROBUST;
}

static enum cln_status scale_column(struct pipeline_column *column, const struct column *cells, const struct fit *fit,
				    const struct numeric_stats *stats, struct cln_error *err)
{
	enum cln_scale scale = fit->scale;
	double least = (double)stats->least, greatest = (double)stats->greatest;

	if (scale == CLN_SCALE_AUTO && column->two_valued) { /* -1 and 1 */
		scale_about(column, TRANSFORM_STANDARDISE, (least + greatest) / 2, (greatest - least) / 2);
		return CLN_OK;
	}
	if (scale == CLN_SCALE_AUTO)
		scale = choose_scale(stats, &fit->sample, cells->numbers);
	if (scale == CLN_SCALE_QUANTILE && least < greatest)
		return scale_by_quantiles(column, cells, fit, stats, err);
	if (scale == CLN_SCALE_STANDARDISE)
		scale_about(column, TRANSFORM_STANDARDISE, stats->mean, least < greatest ? stats->deviation : 0);
	else if (scale != CLN_SCALE_NONE)
		scale_robustly(column, stats);
	return CLN_OK;
}

static enum cln_status fit_numeric(struct pipeline_column *column, const struct column *cells, const struct fit *fit,
				   struct cln_error *err)
{
	struct numeric_stats stats;

	numeric_stats_find(&stats, &fit->sample, cells->numbers);
	if (stats.n == 0 || (stats.n == fit->sample.n_rows && !(stats.least < stats.greatest)))
		return CLN_OK; /* constant, or nothing there */
	column->has_missing = stats.n < fit->sample.n_rows;
	column->n_features = 1 + (size_t)column->has_missing;
	column->two_valued = !stats.has_more;
	column->impute = (float)stats.quartile[1];
	column->has_range = true;
	column->least = stats.least;
	column->greatest = stats.greatest;
	column->scale = 1;
	return scale_column(column, cells, fit, &stats, err);
}

static enum cln_status fit_body(void *argument, size_t item, int tid, struct cln_error *err)
{
	const struct fit *fit = argument;
	const struct fit_column *work = &fit->columns[item];

	(void)tid;
	if (work->cells->type == COLUMN_NUMERIC)
		return fit_numeric(work->column, work->cells, fit, err);
	work->column->has_missing = count_levels(work->counts, work->cells, &fit->sample) > 0;
	return CLN_OK;
}

/* ---------------------------------------------------------------- the levels of a column */

struct level_count {
	uint64_t count;
	uint32_t level;
};

/* The most frequent first; levels ascend in byte order. */
static int compare_counts(const void *a, const void *b)
{
	const struct level_count *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->level < y->level ? -1 : x->level > y->level;
}

static int compare_levels(const void *a, const void *b)
{
	const struct level_count *x = a, *y = b;

	return x->level < y->level ? -1 : x->level > y->level;
}

/* Copies the texts of n levels in ascending order. */
static enum cln_status copy_levels(char ***texts, size_t *n_texts, const struct column *cells, struct level_count *levels, size_t n,
                                   struct cln_error *err)
{
	*texts = mem_alloc(n, sizeof **texts, err);
	if (!*texts)
		return CLN_E_MEMORY;
	*n_texts = n;
	if (n > 0)
		qsort(levels, n, sizeof *levels, compare_levels);
	for (size_t i = 0; i < n; i++) {
		const char *text = cells->levels[levels[i].level];

		(*texts)[i] = mem_copy(text, strlen(text), err);
		if (!(*texts)[i])
			return CLN_E_MEMORY;
	}
	return CLN_OK;
}

/* How many of n levels, the most frequent first, have level_rows rows each, a row of the mean weight counting as one. */
static size_t count_frequent(const struct level_count *present, size_t n, const struct sample *sample, size_t level_rows)
{
	uint64_t all = sample->units ? 0 : sample->n_rows;
	size_t n_frequent = 0;

	for (size_t i = 0; sample->units && i < sample->n_rows; i++)
		all += sample->units[i];
	while (n_frequent < n &&
	       (double)present[n_frequent].count * (double)sample->n_rows >= (double)level_rows * (double)all)
		n_frequent++;
	return n_frequent;
}

/* How many levels of n, the most frequent first, keep a feature or, where these are more than one_hot_levels, a number. */
static size_t count_kept(struct pipeline_column *column, const struct level_count *present, size_t n, const struct sample *sample,
			 const struct pipeline_settings *settings, size_t most_numbered)
{
	const size_t n_frequent = count_frequent(present, n, sample, settings->level_rows);

	column->two_valued = n == 2 && !column->has_missing;
	column->numbered = settings->one_hot_levels > 0 && n_frequent > settings->one_hot_levels && !column->two_valued;
	if (column->numbered)
		return n_frequent < most_numbered ? n_frequent : most_numbered;
	return column->two_valued || n <= settings->max_levels ? n : settings->max_levels;
}

/* Gives levels of the training rows a feature or a number each, and lets the others share one. */
static enum cln_status choose_levels(const struct fit_column *work, const struct sample *sample,
				     const struct pipeline_settings *settings, size_t most_numbered, struct cln_error *err)
{
	struct pipeline_column *column = work->column;
	struct level_count *present = mem_alloc(work->cells->n_levels, sizeof *present, err);
	size_t n = 0, n_kept;
	enum cln_status status;

	if (!present)
		return CLN_E_MEMORY;
	for (size_t level = 0; level < work->cells->n_levels; level++)
		if (work->counts[level] > 0)
			present[n++] = (struct level_count){work->counts[level], (uint32_t)level};
	if (n == 0 || (n == 1 && !column->has_missing)) {
		column->has_missing = false;
		mem_free(present);
		return CLN_OK;
	}
	qsort(present, n, sizeof *present, compare_counts);
	n_kept = count_kept(column, present, n, sample, settings, most_numbered);
	status = copy_levels(&column->levels, &column->n_levels, work->cells, present, n_kept, err);
	if (status == CLN_OK)
		status = copy_levels(&column->rare, &column->n_rare, work->cells, present + n_kept, n - n_kept, err);
	column->n_features = column->two_valued ? 1 : column->numbered ? 1 : n_kept + (n > n_kept);
	column->n_features += column->has_missing;
	mem_free(present);
	return status;
}

/* Numbers of levels that a column may have, so that those of all columns keep to their limit. */
static size_t share_numbered(const struct pipeline *pipeline)
{
	size_t n_columns = 0, share;

	for (size_t c = 0; c < pipeline->n_columns; c++)
		n_columns += pipeline->columns[c].type == COLUMN_CATEGORICAL;
	share = PIPELINE_ALL_NUMBERED / (n_columns + 1);
	return share < 1 ? 1 : share < PIPELINE_MAX_NUMBERED ? share : PIPELINE_MAX_NUMBERED;
}

/* ---------------------------------------------------------------- all columns */

static size_t count_used(const struct cln_table *table, const bool *use)
{
	size_t n = 0;

	for (size_t c = 0; c < table->n_columns; c++)
		n += use[c] && !table->columns[c].ignored;
	return n;
}

/* Names and types of the columns used, and room for what is counted in them. */
static enum cln_status list_columns(struct fit_column *columns, struct pipeline *pipeline, const struct cln_table *table,
				    const bool *use, struct cln_error *err)
{
	size_t n = 0;

	for (size_t c = 0; c < table->n_columns; c++) {
		const struct column *cells = &table->columns[c];

		if (!use[c] || cells->ignored)
			continue;
		columns[n].cells = cells;
		columns[n].column = &pipeline->columns[n];
		columns[n].column->type = cells->type;
		columns[n].column->name = mem_copy(cells->name, strlen(cells->name), err);
		if (cells->type == COLUMN_CATEGORICAL)
			columns[n].counts = mem_alloc(cells->n_levels, sizeof *columns[n].counts, err);
		if (!columns[n].column->name || (cells->type == COLUMN_CATEGORICAL && !columns[n].counts))
			return CLN_E_MEMORY;
		n++;
	}
	return CLN_OK;
}

static enum cln_status number_features(struct pipeline *pipeline, const struct cln_table *table, struct cln_error *err)
{
	for (size_t c = 0; c < pipeline->n_columns; c++) {
		pipeline->columns[c].first_feature = pipeline->n_features;
		pipeline->n_features += pipeline->columns[c].n_features;
	}
	if (pipeline->n_columns == 0)
		return error_set(err, CLN_E_DATA, "%s: there is no column left to learn from", table->source);
	if (pipeline->n_features == 0)
		return error_set(err, CLN_E_DATA,
				 "%s: every column is constant in the training rows, so there is nothing to learn from",
				 table->source);
	return CLN_OK;
}

/* An empty pipeline with room for its columns. */
static struct pipeline *pipeline_create(size_t n_columns, struct cln_error *err)
{
	struct pipeline *pipeline = mem_alloc(1, sizeof *pipeline, err);

	if (!pipeline)
		return NULL;
	pipeline->columns = mem_alloc(n_columns, sizeof *pipeline->columns, err);
	if (!pipeline->columns) {
		mem_free(pipeline);
		return NULL;
	}
	pipeline->n_columns = n_columns;
	return pipeline;
}

#define SMALL_SAMPLE 16384 /* cells: gone through in less time than other threads take to wake */

static enum cln_status learn(struct pipeline *pipeline, struct fit *fit, const struct cln_table *table,
			     const struct pipeline_settings *settings, int threads, struct cln_error *err)
{
	enum cln_status status = list_columns(fit->columns, pipeline, table, settings->use, err);

	if (status != CLN_OK)
		return status;
	bool small = fit->sample.n_rows < SMALL_SAMPLE / (pipeline->n_columns + 1);
	status = parallel_try(small ? 1 : threads, pipeline->n_columns, fit_body, fit, err);
	const size_t most_numbered = share_numbered(pipeline);
	for (size_t c = 0; c < pipeline->n_columns && status == CLN_OK; c++)
		if (fit->columns[c].cells->type == COLUMN_CATEGORICAL)
			status = choose_levels(&fit->columns[c], &fit->sample, settings, most_numbered, err);
	return status == CLN_OK ? number_features(pipeline, table, err) : status;
}

enum cln_status pipeline_fit(struct pipeline **pipeline, const struct cln_table *table, const uint32_t *rows, const float *w,
			     size_t n_rows, const struct pipeline_settings *settings, int threads, struct cln_error *err)
{
	size_t n_columns = count_used(table, settings->use);
	struct fit fit = {.sample = {.rows = rows, .w = w, .n_rows = n_rows}, .scale = settings->scale};
	struct pipeline *new = pipeline_create(n_columns, err);
	uint32_t *units = w ? mem_alloc(n_rows, sizeof *units, err) : NULL;
	enum cln_status status = CLN_E_MEMORY;

	assert(n_rows > 0 && settings->max_levels > 0 && (settings->one_hot_levels == 0 || settings->level_rows > 0));
	*pipeline = NULL;
	fit.most_knots = PIPELINE_ALL_KNOTS / (n_columns + 1);
	fit.most_knots = fit.most_knots < PIPELINE_MAX_KNOTS ? fit.most_knots : PIPELINE_MAX_KNOTS;
	fit.columns = mem_alloc(n_columns, sizeof *fit.columns, err);
	if (new && fit.columns && (units || !w)) {
		if (w)
			order_units(units, w, n_rows);
		fit.sample.units = units;
		status = learn(new, &fit, table, settings, threads, err);
	}
	if (status == CLN_OK && table->missing) {
		new->missing = mem_copy(table->missing, strlen(table->missing), err);
		status = new->missing ? CLN_OK : CLN_E_MEMORY;
	}
	if (status == CLN_OK) {
		*pipeline = new;
		new = NULL;
	}
	for (size_t c = 0; fit.columns && c < n_columns; c++)
		mem_free(fit.columns[c].counts);
	mem_free(fit.columns);
	mem_free(units);
	pipeline_destroy(new);
	return status;
}
