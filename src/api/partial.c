/* SPDX-License-Identifier: MIT
 * cln_model_partial: every row gets the cell of one of them, whose features are there already, and is judged anew. */
#include "api/sample.h"
#include "base/cpus.h"
#include "data/text.h"
#include "train/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_POINTS 1000

/* A cell that some rows have. */
struct cell {
	float number;   /* where the model learnt numbers; NaN: missing */
	uint32_t level; /* else a number of the cell's text, LEVEL_MISSING: missing */
	uint32_t row;   /* the first row of the sample that has it */
	size_t rows;    /* that have it */
	bool chosen;    /* as a point */
};

struct dependence {
	const struct cln_table *table;
	size_t number, table_column; /* among those that give features, and in the table */
	const struct pipeline_column *column;
	struct sample sample;
	struct cell *cells; /* different ones: numbers ascending, levels by their rows; missing last */
	size_t n_cells, n_missing;
};

/* ---------------------------------------------------------------- cells */

static float number_of(const struct column *cells, size_t row)
{
	float number;

	if (cells->numbers)
		return cells->numbers[row];
	if (cells->codes[row] == LEVEL_MISSING)
		return NAN;
	return text_to_float(&number, cells->levels[cells->codes[row]]) ? number : NAN;
}

/* A missing cell is behind all others. */
static int compare_cells(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;
	const bool x_missing = isnan(x->number), y_missing = isnan(y->number);

	if (x_missing != y_missing)
		return x_missing ? 1 : -1;
	if (!x_missing && x->number != y->number)
		return x->number < y->number ? -1 : 1;
	if (x->level != y->level)
		return x->level < y->level ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

static bool is_missing(const struct dependence *of, const struct cell *cell)
{
	const struct column *cells = &of->table->columns[of->table_column];

	return cells->codes && of->column->type == COLUMN_CATEGORICAL ? cell->level == LEVEL_MISSING : isnan(cell->number) != 0;
}

/* The most frequent first, those of equal rows as they were; missing ones last. */
static int compare_rows(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	if (x->rows != y->rows)
		return x->rows > y->rows ? -1 : 1;
	return compare_cells(a, b);
}

static bool same_cell(const struct cell *a, const struct cell *b)
{
	return a->level == b->level && (a->number == b->number || (isnan(a->number) && isnan(b->number)));
}

/* Equal ones become one. */
static void merge_cells(struct dependence *of)
{
	size_t n = 0;

	for (size_t i = 0; i < of->n_cells; i++) {
		struct cell *last = n ? &of->cells[n - 1] : NULL;
		const struct cell *cell = &of->cells[i];

		if (last && same_cell(last, cell))
			last->rows++;
		else
			of->cells[n++] = *cell;
	}
	of->n_cells = n;
	of->n_missing = n > 0 && is_missing(of, &of->cells[n - 1]);
}

static enum cln_status find_cells(struct dependence *of, struct cln_error *err)
{
	const struct column *cells = &of->table->columns[of->table_column];
	const bool texts = of->column->type == COLUMN_CATEGORICAL && cells->codes;

	of->cells = mem_alloc(of->sample.n, sizeof *of->cells, err);
	if (!of->cells)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < of->sample.n; i++) {
		const size_t row = of->sample.rows[i];

		of->cells[i] = (struct cell){.number = texts ? 0 : number_of(cells, row),
					     .level = texts ? cells->codes[row] : 0,
					     .row = (uint32_t)i,
					     .rows = 1};
	}
	of->n_cells = of->sample.n;
	qsort(of->cells, of->n_cells, sizeof *of->cells, compare_cells);
	merge_cells(of);
	if (of->column->type == COLUMN_CATEGORICAL)
		qsort(of->cells, of->n_cells - of->n_missing, sizeof *of->cells, compare_rows);
	return CLN_OK;
}

/* Marks of n > points different numbers those at `points` quantiles of the rows, from the least to the greatest; how many. */
static size_t mark_quantiles(struct cell *cells, size_t n, size_t points)
{
	size_t n_rows = 0, behind = 0, wanted = 0, marked = 0;

	for (size_t i = 0; i < n; i++)
		n_rows += cells[i].rows;
	for (size_t i = 0; i < n; i++) {
		behind += cells[i].rows; /* the ascending rows up to here have it or a lesser one */
		for (; wanted < points && wanted * (n_rows - 1) / (points - 1) < behind; wanted++) {
			marked += !cells[i].chosen;
			cells[i].chosen = true;
		}
	}
	return marked;
}

/* Marks `more` of the n numbers that are not marked yet, evenly among them: where one number fills several quantiles. */
static void mark_others(struct cell *cells, size_t n, size_t left, size_t more)
{
	for (size_t i = 0, seen = 0, marked = 0; i < n && marked < more; i++) {
		if (cells[i].chosen)
			continue;
		if ((2 * marked + 1) * left / (2 * more) == seen++) {
			cells[i].chosen = true;
			marked++;
		}
	}
}

static void choose_numbers(struct dependence *of, size_t points)
{
	const size_t n = of->n_cells - of->n_missing;
	size_t kept = 0;

	if (n <= points)
		return;
	const size_t marked = mark_quantiles(of->cells, n, points);
	mark_others(of->cells, n, n - marked, points - marked);
	for (size_t i = 0; i < n; i++)
		if (of->cells[i].chosen)
			of->cells[kept++] = of->cells[i];
	if (of->n_missing)
		of->cells[kept] = of->cells[n];
	of->n_cells = kept + of->n_missing;
}

/* How many have no point. */
static size_t choose_cells(struct dependence *of, size_t points)
{
	const size_t n = of->n_cells - of->n_missing;

	if (of->column->type == COLUMN_NUMERIC) {
		choose_numbers(of, points);
		return 0;
	}
	if (n <= points)
		return 0;
	if (of->n_missing)
		of->cells[points] = of->cells[n];
	of->n_cells = points + of->n_missing;
	return n - points;
}

/* ---------------------------------------------------------------- points */

/* Linear between two of n ascending values. */
static double quantile(const float *values, const uint64_t *items, size_t n, double share)
{
	const double place = share * (double)(n - 1);
	const size_t i = (size_t)place, next = i + 1 < n ? i + 1 : i;
	const double low = (double)values[(uint32_t)items[i]], high = (double)values[(uint32_t)items[next]];

	return low + (place - (double)i) * (high - low);
}

static enum cln_status judge_point(struct cln_partial_point *point, const struct dependence *of, const struct cell *cell,
				   const struct scorer *scorer, float *probabilities, uint32_t *donors, uint64_t *items,
				   struct cln_error *err)
{
	const size_t n = of->sample.n;
	const struct some_rows some = {.X = of->sample.data.X,
				       .rows = of->sample.order,
				       .n = n,
				       .donors = donors,
				       .first = of->column->first_feature,
				       .n_swapped = of->column->n_features};
	char text[TABLE_CELL];
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		donors[i] = cell->row;
	enum cln_status status = scores_of_rows(probabilities, NULL, scorer, &some, err);
	if (status == CLN_OK)
		status = sample_check_logits(probabilities, n, of->sample.rows, err);
	if (status != CLN_OK)
		return status;
	for (size_t i = 0; i < n; i++)
		sum += (double)probabilities[i];
	const uint64_t *ascending = metrics_order(items, probabilities, n);
	*point = (struct cln_partial_point){.rows = cell->rows,
					    .probability = sum / (double)n,
					    .low = quantile(probabilities, ascending, n, 0.1),
					    .high = quantile(probabilities, ascending, n, 0.9)};
	table_cell(text, of->table, of->sample.rows[cell->row], of->table_column);
	point->cell = mem_copy(text, strlen(text), err);
	return point->cell ? CLN_OK : CLN_E_MEMORY;
}

static enum cln_status judge_points(struct cln_partial *partial, const struct dependence *of, const struct cln_model *model,
				    int threads, struct cln_error *err)
{
	const size_t n = of->sample.n;
	float *probabilities = mem_alloc(n, sizeof *probabilities, err);
	uint32_t *donors = probabilities ? mem_alloc(n, sizeof *donors, err) : NULL;
	uint64_t *items = donors ? mem_alloc(n, 2 * sizeof *items, err) : NULL;
	struct model_scorer made;
	enum cln_status status = items ? sample_scorer(&made, model, threads, err) : CLN_E_MEMORY;

	for (size_t i = 0; i < of->n_cells && status == CLN_OK; i++, partial->n_points++)
		status = judge_point(&partial->points[i], of, &of->cells[i], &made.scorer, probabilities, donors, items, err);
	mem_free(items);
	mem_free(donors);
	mem_free(probabilities);
	return status;
}

/* ---------------------------------------------------------------- all */

static enum cln_status find_column(struct dependence *of, const struct cln_model *model, const char *name, struct cln_error *err)
{
	for (size_t c = 0; c < model->pipeline->n_columns; c++) {
		const struct pipeline_column *column = &model->pipeline->columns[c];

		if (strcmp(column->name, name) != 0) {
			of->number += column->n_features > 0;
			continue;
		}
		if (column->n_features == 0)
			return error_set(err, CLN_E_USAGE, "the column \"%s\" was constant in training: the model does not use it",
					 name);
		of->column = column;
		return CLN_OK;
	}
	return error_set(err, CLN_E_USAGE, "the model has no column \"%s\"", name);
}

static enum cln_status fill(struct cln_partial *partial, struct dependence *of, const struct cln_model *model, size_t points,
			    const struct cln_asked *asked, struct cln_error *err)
{
	const double work = (double)points + 1;
	enum cln_status status = sample_read(&of->sample, model, of->table, asked, work, false, err);

	if (status == CLN_OK) {
		of->table_column = of->sample.cells[of->number];
		status = find_cells(of, err);
	}
	if (status != CLN_OK)
		return status;
	partial->left_out = choose_cells(of, points);
	partial->categorical = of->column->type == COLUMN_CATEGORICAL;
	partial->rows = of->sample.n;
	partial->of = of->sample.of;
	partial->column = mem_copy(of->column->name, strlen(of->column->name), err);
	partial->points = mem_alloc(of->n_cells, sizeof *partial->points, err);
	if (!partial->column || !partial->points)
		return CLN_E_MEMORY;
	return judge_points(partial, of, model, cpus_threads(asked->threads), err);
}

enum cln_status cln_model_partial(const struct cln_model *model, const struct cln_table *table, const char *column, size_t points,
                                  const struct cln_asked *asked, struct cln_partial **partial, struct cln_row_report *report,
                                  struct cln_error *err)
{
	struct dependence of = {.table = table};
	enum cln_status status = CLN_OK;

	*partial = NULL;
	if (points < 2 || points > MOST_POINTS)
		return error_set(err, CLN_E_USAGE, "%zu points; there must be 2 to %d", points, MOST_POINTS);
	status = find_column(&of, model, column, err);
	if (status != CLN_OK)
		return status;
	*partial = mem_alloc(1, sizeof **partial, err);
	status = *partial ? fill(*partial, &of, model, points, asked, err) : CLN_E_MEMORY;
	if (report)
		*report = of.sample.report;
	mem_free(of.cells);
	sample_free(&of.sample);
	if (status != CLN_OK) {
		cln_partial_destroy(*partial);
		*partial = NULL;
	}
	return status;
}

void cln_partial_destroy(struct cln_partial *partial)
{
	if (!partial)
		return;
	for (size_t i = 0; partial->points && i < partial->n_points; i++)
		mem_free(partial->points[i].cell);
	mem_free(partial->points);
	mem_free((char *)partial->column);
	mem_free(partial);
}
