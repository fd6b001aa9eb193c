/* SPDX-License-Identifier: MIT
 * colonnade importance: what columns matter to a model, why rows get their probabilities, and how these go with a column. */
#include "cli/commands.h"

#include "api/rows.h"
#include "cli/row_report.h"
#include "report/importance.h"
#include "report/output.h"

#include <stdio.h>
#include <string.h>

#define MOST_EXPLAINED 1000 /* rows */

/* What is done, with which model and table. */
struct work {
	const struct options *options;
	struct cln_model *model;
	struct cln_table *table;
	struct cln_asked asked;
};

static void tell_rows(const struct work *work, const struct cln_row_report *report)
{
	struct text unused = {0};

	row_report_names(&unused, report, work->table);
	row_report_print(report, &unused);
	text_free(&unused);
}

static void tell_sample(size_t rows, size_t of)
{
	if (rows < of)
		fprintf(stderr, "note: %zu of %zu rows are looked at (--rows N|all)\n", rows, of);
}

/* ---------------------------------------------------------------- columns */

static enum cln_status print_columns(const struct work *work, const struct cln_importance *importance, struct cln_error *err)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text};
	char digits[NUMBER_TEXT];

	if (!work->options->json) {
		importance_print(stdout, importance);
		return CLN_OK;
	}
	snprintf(digits, sizeof digits, "%llu", (unsigned long long)importance->seed);
	json_begin_object(&writer, NULL);
	json_string(&writer, "seed", digits); /* a number would be rounded above 2^53 */
	importance_write(&writer, importance);
	json_end_object(&writer);
	text_add(&text, "\n", 1);
	return output_print(&text, err);
}

static enum cln_status shuffle_columns(const struct work *work, struct cln_error *err)
{
	struct cln_importance *importance;
	struct cln_row_report report;
	enum cln_status status = cln_model_importance(work->model, work->table, &work->asked, &importance, &report, err);

	if (status != CLN_OK)
		return status;
	tell_rows(work, &report);
	row_report_weight(work->table, work->model);
	tell_sample(importance->rows, importance->of);
	status = print_columns(work, importance, err);
	cln_importance_destroy(importance);
	return status;
}

/* ---------------------------------------------------------------- rows */

/* "1,17": numbers from 1.  *rows: room for MOST_EXPLAINED. */
static enum cln_status read_numbers(size_t *rows, size_t *n, const char *list, struct cln_error *err)
{
	double number;

	for (const char *at = list;; at++) {
		const size_t length = strcspn(at, ",");

		if (*n == MOST_EXPLAINED)
			return error_set(err, CLN_E_USAGE, "--explain: at most %d rows at a time", MOST_EXPLAINED);
		if (!number_to_double(&number, at, length) || !(number >= 1 && number <= 4294967295.0) ||
		    number != (double)(size_t)number)
			return error_set(err, CLN_E_USAGE, "--explain %.100s: the rows are whole numbers from 1 on, as 1,17", list);
		rows[(*n)++] = (size_t)number - 1;
		at += length;
		if (!*at)
			return CLN_OK;
	}
}

static enum cln_status print_rows(const struct work *work, const struct cln_explanations *explanations, struct cln_error *err)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text};
	enum cln_status status = CLN_OK;

	for (size_t i = 0; i < explanations->n_rows && status == CLN_OK && !work->options->json; i++) {
		if (i > 0)
			putchar('\n');
		status = importance_print_row(stdout, explanations, i, err);
	}
	if (!work->options->json)
		return status;
	json_begin_object(&writer, NULL);
	json_begin_array(&writer, "explanations");
	for (size_t i = 0; i < explanations->n_rows && status == CLN_OK; i++)
		status = importance_write_row(&writer, explanations, i, err);
	json_end_array(&writer);
	json_end_object(&writer);
	text_add(&text, "\n", 1);
	if (status == CLN_OK)
		return output_print(&text, err);
	text_free(&text);
	return status;
}

static enum cln_status explain_rows(const struct work *work, struct cln_error *err)
{
	size_t *rows = mem_alloc(MOST_EXPLAINED, sizeof *rows, err), n = 0;
	struct cln_explanations *explanations = NULL;
	struct cln_row_report report;
	enum cln_status status = rows ? read_numbers(rows, &n, work->options->explain, err) : CLN_E_MEMORY;

	if (status == CLN_OK)
		status = cln_model_explain(work->model, work->table, rows, n, work->asked.threads, &explanations, &report, err);
	if (status == CLN_OK) {
		tell_rows(work, &report);
		status = print_rows(work, explanations, err);
	}
	cln_explanations_destroy(explanations);
	mem_free(rows);
	return status;
}

/* ---------------------------------------------------------------- partial dependence */

/* As predict writes probabilities. */
static void add_number(struct text *text, double value)
{
	char number[NUMBER_TEXT];

	text_add(text, number, number_from_float(number, (float)value));
}

static void add_csv(struct text *text, const struct cln_partial *partial)
{
	for (size_t i = 0; i < partial->n_points; i++) {
		const struct cln_partial_point *point = &partial->points[i];

		rows_add_cell(text, partial->column);
		text_add(text, ",", 1);
		rows_add_cell(text, point->cell);
		text_addf(text, ",%zu,", point->rows);
		add_number(text, point->probability);
		text_add(text, ",", 1);
		add_number(text, point->low);
		text_add(text, ",", 1);
		add_number(text, point->high);
		text_add(text, "\n", 1);
	}
}

static void add_json(struct json_writer *writer, const struct cln_partial *partial)
{
	json_begin_object(writer, NULL);
	json_string(writer, "column", partial->column);
	json_string(writer, "type", partial->categorical ? "categorical" : "numeric");
	json_size(writer, "rows", partial->rows);
	json_size(writer, "of", partial->of);
	json_size(writer, "left_out", partial->left_out);
	json_begin_array(writer, "points");
	for (size_t i = 0; i < partial->n_points; i++) {
		const struct cln_partial_point *point = &partial->points[i];

		json_begin_object(writer, NULL);
		json_string(writer, "cell", *point->cell ? point->cell : NULL);
		json_size(writer, "rows", point->rows);
		json_float(writer, "probability", (float)point->probability);
		json_float(writer, "low", (float)point->low);
		json_float(writer, "high", (float)point->high);
		json_end_object(writer);
	}
	json_end_array(writer);
	json_end_object(writer);
}

/* One column; the first tells of the rows. */
static enum cln_status add_partial(struct json_writer *writer, const struct work *work, const char *column, bool first,
				   struct cln_error *err)
{
	struct cln_partial *partial;
	struct cln_row_report report;
	const enum cln_status status = cln_model_partial(work->model, work->table, column, work->options->points, &work->asked,
							 &partial, &report, err);

	if (status != CLN_OK)
		return status;
	if (first) {
		tell_rows(work, &report);
		tell_sample(partial->rows, partial->of);
	}
	if (partial->left_out > 0)
		row_report_note("%zu rarer cells of \"%.*s\" have no point (--points)", partial->left_out,
				utf8_cut(partial->column, 100), partial->column);
	if (work->options->json)
		add_json(writer, partial);
	else
		add_csv(writer->out, partial);
	cln_partial_destroy(partial);
	return CLN_OK;
}

static enum cln_status depend_on_columns(const struct work *work, struct cln_error *err)
{
	const bool json = work->options->json;
	const char *list = work->options->partial;
	char *names = mem_copy(list, strlen(list), err), *rest = names;
	struct text text = {0};
	struct json_writer writer = {.out = &text};
	enum cln_status status = names ? CLN_OK : CLN_E_MEMORY;

	if (json) {
		json_begin_object(&writer, NULL);
		json_begin_array(&writer, "partial");
	} else {
		text_addf(&text, "column,cell,rows,probability,low,high\n");
	}
	for (bool first = true; status == CLN_OK && rest; first = false)
		status = add_partial(&writer, work, strsep(&rest, ","), first, err);
	if (json) {
		json_end_array(&writer);
		json_end_object(&writer);
		text_add(&text, "\n", 1);
	}
	mem_free(names);
	if (status == CLN_OK)
		return output_print(&text, err);
	text_free(&text);
	return status;
}

/* ---------------------------------------------------------------- the command */

static enum cln_status check(const struct options *options, struct cln_error *err)
{
	size_t *rows, n = 0;
	enum cln_status status = CLN_OK;

	if (options->explain && options->partial)
		return error_set(err, CLN_E_USAGE, "--explain and --partial cannot both be given");
	if (!options->explain)
		return CLN_OK;
	rows = mem_alloc(MOST_EXPLAINED, sizeof *rows, err); /* what is wrong is told before the table is read */
	status = rows ? read_numbers(rows, &n, options->explain, err) : CLN_E_MEMORY;
	mem_free(rows);
	return status;
}

int cmd_importance(const struct options *options)
{
	struct work work = {.options = options,
			    .asked = {.repeats = options->repeats,
				      .rows = options->rows,
				      .seed = options->config.seed,
				      .threads = options->config.threads}};
	struct cln_error err = {0};
	enum cln_status status = check(options, &err);

	if (status == CLN_OK)
		status = cln_model_load(&work.model, options->operands[0], &err);
	if (status == CLN_OK) {
		config_use_isa(work.model, options->config.isa);
		status = rows_read_for_models(&work.table, options->operands[1], &options->read, work.model, NULL, &err);
	}
	if (status == CLN_OK)
		status = options->explain   ? explain_rows(&work, &err)
			 : options->partial ? depend_on_columns(&work, &err)
					    : shuffle_columns(&work, &err);
	cln_table_destroy(work.table);
	cln_model_destroy(work.model);
	return status == CLN_OK ? 0 : exit_with_error(&err);
}
