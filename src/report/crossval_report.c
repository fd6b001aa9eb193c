/* SPDX-License-Identifier: MIT */
#include "report/crossval_report.h"

#include <math.h>

#define VALUE 32

/* Amounts depend on a fold's size: they are of all rows alone. */
static bool has_spread(int measure)
{
	return measure < CLN_MEASURE_TRUE_POSITIVES;
}

static void value_text(char text[VALUE], int measure, double value)
{
	if (isnan(value))
		snprintf(text, VALUE, "-");
	else
		snprintf(text, VALUE, "%.*f", has_spread(measure) ? 5 : 0, value);
}

static void print_line(FILE *out, const struct crossval_line *line, int m)
{
	const struct cln_estimate *estimate = &line->out_of_fold;
	char mean[VALUE] = "", deviation[VALUE] = "", value[VALUE], low[VALUE], high[VALUE];

	if (has_spread(m)) {
		value_text(mean, m, line->mean);
		value_text(deviation, m, line->deviation);
	}
	value_text(value, m, estimate->value);
	value_text(low, m, estimate->low);
	value_text(high, m, estimate->high);
	fprintf(out, "%-20s  %10s  %10s  %12s  ", cln_measure_label((enum cln_measure)m), mean, deviation, value);
	if (estimate->reason)
		fprintf(out, "%s\n", estimate->reason);
	else if (isnan(estimate->low) || isnan(estimate->high))
		fprintf(out, "-\n");
	else
		fprintf(out, "%s to %s\n", low, high);
}

void crossval_report_print(FILE *out, const struct crossval_result *result)
{
	const struct cln_evaluation *all = &result->out_of_fold;

	fprintf(out, "rows       %zu, %.1f %% positive\n", all->rows, 100 * all->positive_weight / all->weight);
	fprintf(out, "folds      %zu", result->folds);
	if (result->repeats > 1)
		fprintf(out, ", %zu times over", result->repeats);
	fprintf(out, "\n\n%-20s  %10s  %10s  %12s  95 %% interval\n", "", "mean", "deviation", "out of fold");
	for (int m = 0; m < CLN_N_MEASURES; m++)
		print_line(out, &result->lines[m], m);
}

void crossval_report_write(struct json_writer *writer, const struct crossval_result *result)
{
	const struct cln_evaluation *all = &result->out_of_fold;

	json_size(writer, "rows", all->rows);
	json_size(writer, "folds", result->folds);
	json_size(writer, "repeats", result->repeats);
	json_double(writer, "threshold", all->threshold);
	for (int m = 0; m < CLN_N_MEASURES; m++) {
		const struct crossval_line *line = &result->lines[m];
		json_begin_object(writer, cln_measure_name((enum cln_measure)m));
		if (has_spread(m)) {
			json_double(writer, "mean", line->mean);
			json_double(writer, "deviation", line->deviation);
		}
		json_double(writer, "out_of_fold", line->out_of_fold.value);
		json_double(writer, "low", line->out_of_fold.low);
		json_double(writer, "high", line->out_of_fold.high);
		json_begin_array(writer, "fits");
		for (size_t f = 0; f < result->folds * result->repeats; f++)
			json_double(writer, NULL, result->fits[f].measures[m].value);
		json_end_array(writer);
		json_end_object(writer);
	}
}
