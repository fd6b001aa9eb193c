/* SPDX-License-Identifier: MIT */
#include "report/search_report.h"

#include <string.h>

#include "report/evaluation.h"
#include "report/jsonl.h"

#define MOST_LINES 10

/* ---------------------------------------------------------------- for people */

/* The width of a column of values. */
static size_t width_of(const struct search_result *result, size_t name, size_t n_lines)
{
	size_t width = strlen(result->names[name]);

	for (size_t i = 0; i < n_lines; i++)
		if (strlen(result->lines[i].values[name]) > width)
			width = strlen(result->lines[i].values[name]);
	return width;
}

/* Texts of one line, one a name; the last is not padded. */
static void print_values(FILE *out, const struct search_result *result, const char *const *texts, size_t n_lines)
{
	for (size_t k = 0; k < result->n_names; k++)
		fprintf(out, "  %-*s", k + 1 < result->n_names ? (int)width_of(result, k, n_lines) : 0, texts[k]);
	fputc('\n', out);
}

static void print_trials(FILE *out, const struct search_result *result)
{
	const size_t shown = result->n_lines < MOST_LINES ? result->n_lines : MOST_LINES;

	fprintf(out, "rank  trial  epochs  log loss       AUC  accuracy");
	print_values(out, result, result->names, shown);
	for (size_t i = 0; i < shown; i++) {
		const struct search_line *line = &result->lines[i];
		fprintf(out, "%4zu  %5zu  %6zu", i + 1, line->trial, line->epochs);
		if (line->diverged)
			fprintf(out, "  %-28s", "diverged");
		else
			evaluation_print_metrics(out, &line->metrics);
		print_values(out, result, line->values, shown);
	}
	if (shown < result->n_lines)
		fprintf(out, "and %zu more in %s\n", result->n_lines - shown, result->out);
}

static void print_set(FILE *out, const char *name, const struct cln_metrics *metrics)
{
	if (metrics->rows == 0)
		return;
	fprintf(out, "%-6s  %8zu", name, metrics->rows);
	evaluation_print_metrics(out, metrics);
	fputc('\n', out);
}

static void print_winner(FILE *out, const struct search_result *result)
{
	fprintf(out, "\nThe best of many is also the luckiest: the figures of the rows that chose it flatter it.\n");
	if (!result->refitted)
		return;
	fprintf(out, "%-6s  %8s  log loss       AUC  accuracy\n", "winner", "rows");
	print_set(out, "valid", &result->valid);
	print_set(out, "test", &result->test);
	if (result->test.rows == 0)
		fprintf(out, "To learn how good it really is, use rows that took no part in the choice: --test or --test-fraction, "
			"or colonnade evaluate %s/best NEW.csv\n", result->out);
}

void search_report_print(FILE *out, const struct search_result *result)
{
	fprintf(out, "%zu of %zu trials%s, by the %s of ", result->n_lines, result->trials,
		result->complete ? "" : ", not all of them to their end", name_of(&names_metric, (int)result->metric));
	if (result->folds > 0)
		fprintf(out, "%zu folds\n\n", result->folds);
	else
		fprintf(out, "%zu validation rows\n\n", result->lines[0].metrics.rows);
	print_trials(out, result);
	print_winner(out, result);
}

/* ---------------------------------------------------------------- for programs */

/* As in the trials' files: "true" and "false" are values of switches alone. */
static void write_value(struct json_writer *writer, const char *name, const char *text, bool is_number)
{
	const bool is_true = strcmp(text, "true") == 0;
	double number;

	if (is_number && number_to_double(&number, text, strlen(text)))
		json_double(writer, name, number);
	else if (is_true || strcmp(text, "false") == 0)
		json_bool(writer, name, is_true);
	else
		json_string(writer, name, text);
}

static void write_line(struct json_writer *writer, const struct search_result *result, const struct search_line *line)
{
	json_begin_object(writer, NULL);
	json_size(writer, "trial", line->trial);
	json_size(writer, "epochs", line->epochs);
	json_bool(writer, "diverged", line->diverged);
	jsonl_metrics(writer, NULL, &line->metrics);
	json_begin_object(writer, "values");
	for (size_t k = 0; k < result->n_names; k++)
		write_value(writer, result->names[k], line->values[k], result->numbers[k]);
	json_end_object(writer);
	json_end_object(writer);
}

static void write_set(struct json_writer *writer, const char *name, const struct cln_metrics *metrics)
{
	if (metrics->rows > 0)
		jsonl_metrics(writer, name, metrics);
	else
		json_string(writer, name, NULL);
}

void search_report_write(struct json_writer *writer, const struct search_result *result)
{
	json_string(writer, "strategy", result->strategy);
	json_string(writer, "metric", name_of(&names_metric, (int)result->metric));
	json_size(writer, "trials_planned", result->trials);
	json_size(writer, "folds", result->folds);
	json_bool(writer, "complete", result->complete);
	json_size(writer, "best_trial", result->lines[0].trial);
	json_begin_array(writer, "trials");
	for (size_t i = 0; i < result->n_lines; i++)
		write_line(writer, result, &result->lines[i]);
	json_end_array(writer);
	if (!result->refitted) {
		json_string(writer, "winner", NULL);
		return;
	}
	json_begin_object(writer, "winner");
	write_set(writer, "valid", &result->valid);
	write_set(writer, "test", &result->test);
	json_end_object(writer);
}
