/* SPDX-License-Identifier: MIT */
#include "report/crossval_report.h"

#include "report/evaluation.h"

/* Amounts depend on a fold's size: they are of all rows alone. */
static bool has_spread(enum cln_measure measure)
{
	return measure < CLN_MEASURE_TRUE_POSITIVES;
}

static void print_line(FILE *out, const struct crossval_result *result, enum cln_measure m)
{
	const struct cln_estimate *estimate = &result->out_of_fold.measures[m];
	char mean[EVALUATION_VALUE] = "", deviation[EVALUATION_VALUE] = "", value[EVALUATION_VALUE];
	char interval[EVALUATION_INTERVAL];

	if (has_spread(m)) {
		evaluation_value(mean, m, result->means[m], false);
		evaluation_value(deviation, m, result->deviations[m], false);
	}
	evaluation_value(value, m, estimate->value, false);
	evaluation_interval(interval, m, estimate->low, estimate->high, false);
	fprintf(out, "%-20s  %10s  %10s  %12s  %s\n", cln_measure_label(m), mean, deviation, value,
		estimate->reason ? estimate->reason : interval);
}

void crossval_report_print(FILE *out, const struct crossval_result *result)
{
	evaluation_print_rows(out, &result->out_of_fold, result->positive);
	fprintf(out, "folds      %zu", result->folds);
	if (result->repeats > 1)
		fprintf(out, ", %zu times over", result->repeats);
	fprintf(out, "\n\n%-20s  %10s  %10s  %12s  95 %% interval\n", "", "mean", "deviation", "out of fold");
	for (enum cln_measure m = 0; m < CLN_N_MEASURES; m++)
		print_line(out, result, m);
}

void crossval_report_write(struct json_writer *writer, const struct crossval_result *result)
{
	const struct cln_evaluation *all = &result->out_of_fold;

	json_size(writer, "rows", all->rows);
	json_size(writer, "folds", result->folds);
	json_size(writer, "repeats", result->repeats);
	json_double(writer, "threshold", all->threshold);
	json_string(writer, "positive", result->positive);
	for (enum cln_measure m = 0; m < CLN_N_MEASURES; m++) {
		json_begin_object(writer, cln_measure_name(m));
		if (has_spread(m)) {
			json_double(writer, "mean", result->means[m]);
			json_double(writer, "deviation", result->deviations[m]);
		}
		json_double(writer, "out_of_fold", all->measures[m].value);
		json_double(writer, "low", all->measures[m].low);
		json_double(writer, "high", all->measures[m].high);
		json_doubles(writer, "fits", &result->fits->measures[m].value, result->folds * result->repeats,
			     sizeof *result->fits);
		json_end_object(writer);
	}
}
