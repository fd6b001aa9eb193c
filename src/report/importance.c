/* SPDX-License-Identifier: MIT */
#include "report/importance.h"

#include "base/utf8.h"
#include "report/evaluation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_TEXT 256 /* bytes of a name or a cell, cut between characters */

/* What could steer a terminal, or end the line, is a '?'. */
static void put_text(FILE *out, const char *text)
{
	const int n = utf8_cut(text, SHOWN_TEXT - 4);
	char shown[SHOWN_TEXT];

	snprintf(shown, sizeof shown, "%.*s", n, text);
	utf8_make_visible(shown, "");
	fprintf(out, "%s%s", shown, text[n] ? "..." : "");
}

/* ---------------------------------------------------------------- columns */

static void print_estimate(FILE *out, const struct cln_estimate *estimate)
{
	char value[EVALUATION_VALUE], interval[EVALUATION_INTERVAL];

	evaluation_value(value, CLN_MEASURE_AUC, estimate->value, true);
	evaluation_interval(interval, CLN_MEASURE_AUC, estimate->low, estimate->high, true);
	fprintf(out, "%10s  %-24s  ", value, interval);
}

void importance_print(FILE *out, const struct cln_importance *importance)
{
	char auc[EVALUATION_VALUE], contribution[EVALUATION_VALUE];

	evaluation_value(auc, CLN_MEASURE_AUC, importance->auc, false);
	fprintf(out, "rows       %zu", importance->rows);
	if (importance->of > importance->rows)
		fprintf(out, ", drawn from %zu", importance->of);
	fprintf(out, ", %.3g %% positive; log loss %.5f, AUC %s\n", 100 * importance->positive_weight / importance->weight,
		importance->log_loss, auc);
	fprintf(out, "shuffles   %zu of each column, seed %llu; intervals 95 %%, of rows and shuffles\n", importance->repeats,
		(unsigned long long)importance->seed);
	fprintf(out, "\n%10s  %-24s  %10s  %-24s  %12s\n", "rise of", "", "fall of", "", "mean size of");
	fprintf(out, "%10s  %-24s  %10s  %-24s  %12s  column\n", "log loss", "95 % interval", "AUC", "95 % interval",
		"contribution");
	for (size_t c = 0; c < importance->n_columns; c++) {
		const struct cln_column_importance *column = &importance->columns[c];

		print_estimate(out, &column->log_loss);
		print_estimate(out, &column->auc);
		evaluation_value(contribution, CLN_MEASURE_AUC, column->contribution, false);
		fprintf(out, "%12s  ", contribution);
		put_text(out, column->column);
		putc('\n', out);
	}
}

void importance_write(struct json_writer *writer, const struct cln_importance *importance)
{
	json_size(writer, "rows", importance->rows);
	json_size(writer, "of", importance->of);
	json_double(writer, "log_loss", importance->log_loss);
	json_double(writer, "auc", importance->auc);
	json_size(writer, "repeats", importance->repeats);
	if (!isnan(importance->gap))
		json_double(writer, "mean_gap", importance->gap);
	json_begin_array(writer, "columns");
	for (size_t c = 0; c < importance->n_columns; c++) {
		const struct cln_column_importance *column = &importance->columns[c];
		const bool pretty = writer->pretty;

		json_begin_object(writer, NULL);
		writer->pretty = false; /* a column a line */
		json_string(writer, "column", column->column);
		json_double(writer, "log_loss_rise", column->log_loss.value);
		json_pair(writer, "log_loss_interval", column->log_loss.low, column->log_loss.high);
		json_double(writer, "auc_fall", column->auc.value);
		json_pair(writer, "auc_interval", column->auc.low, column->auc.high);
		if (!isnan(column->contribution))
			json_double(writer, "mean_contribution", column->contribution);
		json_end_object(writer);
		writer->pretty = pretty;
	}
	json_end_array(writer);
}

/* ---------------------------------------------------------------- rows */

struct part {
	size_t column;
	double contribution;
};

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (fabs(x->contribution) != fabs(y->contribution))
		return fabs(x->contribution) > fabs(y->contribution) ? -1 : 1;
	return (x->column > y->column) - (x->column < y->column);
}

static enum cln_status sort_parts(struct part **parts, const struct cln_explanations *explanations, size_t row,
				  struct cln_error *err)
{
	*parts = mem_alloc(explanations->n_columns, sizeof **parts, err);
	if (!*parts)
		return CLN_E_MEMORY;
	for (size_t c = 0; c < explanations->n_columns; c++)
		(*parts)[c] = (struct part){c, explanations->rows[row].contributions[c]};
	qsort(*parts, explanations->n_columns, sizeof **parts, compare_parts);
	return CLN_OK;
}

enum cln_status importance_print_row(FILE *out, const struct cln_explanations *explanations, size_t row,
				     struct cln_error *err)
{
	const struct cln_explanation *of = &explanations->rows[row];
	struct part *parts;
	double sum = 0;
	enum cln_status status = sort_parts(&parts, explanations, row, err);

	if (status != CLN_OK)
		return status;
	for (size_t c = 0; c < explanations->n_columns; c++)
		sum += of->contributions[c];
	fprintf(out, "row %zu: probability %.5f, logit %+.4f\n", of->row + 1, of->probability, of->logit);
	fprintf(out, "baseline %+.4f, contributions %+.4f, gap %+.4f (%.4f at most are aimed at), %zu steps\n\n",
		explanations->baseline, sum, of->gap, of->tolerance, of->steps);
	fprintf(out, "contribution  column = cell\n");
	for (size_t i = 0; i < explanations->n_columns; i++) {
		const char *cell = of->cells[parts[i].column];

		fprintf(out, "%+12.4f  ", parts[i].contribution);
		put_text(out, explanations->columns[parts[i].column]);
		fputs(*cell ? " = " : " is missing", out);
		put_text(out, cell);
		putc('\n', out);
	}
	mem_free(parts);
	return CLN_OK;
}

enum cln_status importance_write_row(struct json_writer *writer, const struct cln_explanations *explanations, size_t row,
				     struct cln_error *err)
{
	const struct cln_explanation *of = &explanations->rows[row];
	struct part *parts;
	enum cln_status status = sort_parts(&parts, explanations, row, err);

	if (status != CLN_OK)
		return status;
	json_begin_object(writer, NULL);
	json_size(writer, "row", of->row + 1);
	json_double(writer, "probability", of->probability);
	json_double(writer, "logit", of->logit);
	json_double(writer, "baseline", explanations->baseline);
	json_double(writer, "gap", of->gap);
	json_double(writer, "tolerance", of->tolerance);
	json_size(writer, "steps", of->steps);
	json_begin_array(writer, "contributions");
	for (size_t i = 0; i < explanations->n_columns; i++) {
		const char *cell = of->cells[parts[i].column];

		json_begin_object(writer, NULL);
		json_string(writer, "column", explanations->columns[parts[i].column]);
		json_string(writer, "cell", *cell ? cell : NULL);
		json_double(writer, "contribution", parts[i].contribution);
		json_end_object(writer);
	}
	json_end_array(writer);
	json_end_object(writer);
	mem_free(parts);
	return CLN_OK;
}
