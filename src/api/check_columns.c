/* SPDX-License-Identifier: MIT
 * What the columns of a table hold, each by one thread. */
#include "api/check.h"

#include "api/nearly_numbers.h"
#include "api/notes.h"
#include "base/parallel.h"
#include "data/dataset.h"
#include "data/order.h"
#include "data/table.h"

#include <math.h>
#include <string.h>

#define FEWEST_OF_CLASS 10 /* rows of either class: by fewer a column tells them apart by chance */
#define CELLS_A_LEVEL 10   /* on average: with fewer a level is of one class by chance */

struct task {
	struct check_result *result;
	const struct labelled_rows *all, *labelled;
	bool chosen;
};

/* ---------------------------------------------------------------- numbers */

static void describe_numbers(struct check_column *summary, const struct column *column, const struct labelled_rows *rows)
{
	const struct order_sample sample = {column->numbers, rows->rows, NULL, rows->n};
	float least = INFINITY, greatest = -INFINITY;
	double quartile[3];

	summary->least = summary->median = summary->greatest = NAN;
	for (size_t i = 0; i < rows->n; i++) {
		const float x = column->numbers[rows->rows[i]];

		summary->n_missing += isnan(x) != 0;
		least = x < least ? x : least;
		greatest = x > greatest ? x : greatest;
	}
	if (summary->n_missing == rows->n)
		return;
	order_quartiles(quartile, &sample);
	summary->least = (double)least;
	summary->median = quartile[1];
	summary->greatest = (double)greatest;
	summary->constant = summary->n_missing == 0 && !(least < greatest);
}

/* Whether all numbers of one class are greater than all of the other. */
static bool numbers_tell(const struct column *column, const struct labelled_rows *rows)
{
	float least[2] = {INFINITY, INFINITY}, greatest[2] = {-INFINITY, -INFINITY};
	size_t n[2] = {0, 0};

	for (size_t i = 0; i < rows->n; i++) {
		const float x = column->numbers[rows->rows[i]];
		const int class = rows->y[i] > 0.5f;

		if (isnan(x))
			continue;
		n[class]++;
		least[class] = x < least[class] ? x : least[class];
		greatest[class] = x > greatest[class] ? x : greatest[class];
	}
	return n[0] >= FEWEST_OF_CLASS && n[1] >= FEWEST_OF_CLASS && (greatest[0] < least[1] || greatest[1] < least[0]);
}

/* ---------------------------------------------------------------- categories */

/* counts: of the cells of each level. */
static void describe_levels(struct check_column *summary, const struct column *column, const size_t *counts, size_t n_rows)
{
	const struct nearly_numbers nearly = nearly_numbers_find(column, counts);
	size_t n_present = 0, frequent = 0;

	for (size_t k = 0; k < column->n_levels; k++) {
		n_present += counts[k];
		summary->n_different += counts[k] > 0;
		frequent = counts[k] > counts[frequent] ? k : frequent;
	}
	summary->n_missing = n_rows - n_present;
	if (n_present == 0)
		return;
	summary->n_frequent = counts[frequent];
	text_excerpt(summary->frequent, column->levels[frequent], strlen(column->levels[frequent]));
	summary->constant = summary->n_missing == 0 && summary->n_different == 1;
	summary->n_texts = nearly.n_texts;
	summary->n_signed = nearly.n_signed;
	summary->n_text = nearly.n_frequent;
	if (nearly.n_texts > 0)
		text_excerpt(summary->text, nearly.text, strlen(nearly.text));
}

/* Whether each level is of one class alone; counts: by level and class. */
static bool levels_tell(const size_t *counts, size_t n_levels)
{
	size_t n[2] = {0, 0}, n_different = 0;

	for (size_t k = 0; k < n_levels; k++) {
		if (counts[2 * k] > 0 && counts[2 * k + 1] > 0)
			return false;
		n[0] += counts[2 * k];
		n[1] += counts[2 * k + 1];
		n_different += counts[2 * k] + counts[2 * k + 1] > 0;
	}
	return n[0] >= FEWEST_OF_CLASS && n[1] >= FEWEST_OF_CLASS && CELLS_A_LEVEL * n_different <= n[0] + n[1];
}

static enum cln_status describe_texts(struct check_column *summary, const struct column *column, const struct labelled_rows *all,
				      struct cln_error *err)
{
	size_t *counts = mem_alloc(column->n_levels, sizeof *counts, err);

	if (!counts)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < all->n; i++)
		if (column->codes[all->rows[i]] != LEVEL_MISSING)
			counts[column->codes[all->rows[i]]]++;
	describe_levels(summary, column, counts, all->n);
	mem_free(counts);
	return CLN_OK;
}

static enum cln_status texts_tell(bool *tell, const struct column *column, const struct labelled_rows *rows, struct cln_error *err)
{
	size_t *by_class = mem_alloc(column->n_levels, 2 * sizeof *by_class, err);

	if (!by_class)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < rows->n; i++)
		if (column->codes[rows->rows[i]] != LEVEL_MISSING)
			by_class[2 * (size_t)column->codes[rows->rows[i]] + (rows->y[i] > 0.5f)]++;
	*tell = levels_tell(by_class, column->n_levels);
	mem_free(by_class);
	return CLN_OK;
}

/* ---------------------------------------------------------------- both */

static bool is_missing(const struct column *column, size_t row)
{
	return column->type == COLUMN_NUMERIC ? isnan(column->numbers[row]) != 0 : column->codes[row] == LEVEL_MISSING;
}

/* Whether the cells of one class are missing, and none of the other. */
static bool gaps_tell(const struct column *column, const struct labelled_rows *rows)
{
	size_t n[2] = {0, 0}, n_missing[2] = {0, 0};

	for (size_t i = 0; i < rows->n; i++) {
		const int class = rows->y[i] > 0.5f;

		n[class]++;
		n_missing[class] += is_missing(column, rows->rows[i]);
	}
	return n[0] >= FEWEST_OF_CLASS && n[1] >= FEWEST_OF_CLASS &&
	       ((n_missing[0] == n[0] && n_missing[1] == 0) || (n_missing[1] == n[1] && n_missing[0] == 0));
}

enum cln_status check_tells_label(bool *tells, const struct column *column, const struct labelled_rows *labelled,
				  struct cln_error *err)
{
	*tells = gaps_tell(column, labelled) || (column->type == COLUMN_NUMERIC && numbers_tell(column, labelled));
	return *tells || column->type == COLUMN_NUMERIC ? CLN_OK : texts_tell(tells, column, labelled, err);
}

static enum cln_column_use use_of(const struct check_result *result, const struct column *column)
{
	if (column->ignored)
		return CLN_COLUMN_IGNORED;
	if (result->label && strcmp(column->name, result->label) == 0)
		return CLN_COLUMN_LABEL;
	return result->weight && strcmp(column->name, result->weight) == 0 ? CLN_COLUMN_WEIGHT : CLN_COLUMN_FEATURE;
}

static enum cln_status describe_column(void *argument, size_t c, int tid, struct cln_error *err)
{
	const struct task *task = argument;
	const struct cln_table *table = task->all->table;
	const struct column *column = &table->columns[c];
	struct check_column *summary = &task->result->columns[c];
	const bool numeric = column->type == COLUMN_NUMERIC;

	(void)tid;
	*summary = (struct check_column){.name = column->name, .use = use_of(task->result, column), .categorical = !numeric};
	summary->least = summary->median = summary->greatest = NAN;
	if (column->ignored)
		return CLN_OK;
	if (numeric)
		describe_numbers(summary, column, task->all);
	else if (describe_texts(summary, column, task->all, err) != CLN_OK)
		return CLN_E_MEMORY;
	summary->left_out = !task->chosen && summary->use == CLN_COLUMN_FEATURE && column_is_left_out(table, column);
	if (summary->left_out)
		summary->use = CLN_COLUMN_IGNORED;
	if (summary->use != CLN_COLUMN_FEATURE)
		return CLN_OK;
	summary->rounded = column_is_rounded(column, table->n_rows);
	summary->identifier = !summary->constant && column_looks_like_identifier(table, column);
	summary->codes = numeric ? column_may_be_codes(table, column) : 0;
	return check_tells_label(&summary->tells_label, column, task->labelled, err);
}

enum cln_status check_columns(struct check_result *result, const struct labelled_rows *all, const struct labelled_rows *labelled,
			      bool chosen, int threads, struct cln_error *err)
{
	struct task task = {result, all, labelled, chosen};

	result->n_columns = all->table->n_columns;
	result->columns = mem_alloc(result->n_columns, sizeof *result->columns, err);
	return result->columns ? parallel_try(threads, result->n_columns, describe_column, &task, err) : CLN_E_MEMORY;
}
