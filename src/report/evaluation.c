/* SPDX-License-Identifier: MIT */
#include "report/evaluation.h"

#include "base/utf8.h"

#include <math.h>
#include <string.h>

#define SHOWN_TEXT 101 /* the first 100 bytes of a label value */

/* ---------------------------------------------------------------- for people */

void evaluation_value(char text[EVALUATION_VALUE], enum cln_measure measure, double value, bool signs)
{
	const int digits = measure < CLN_MEASURE_TRUE_POSITIVES ? 5 : rint(value) == value ? 0 : 2;

	if (isnan(value))
		snprintf(text, EVALUATION_VALUE, "-");
	else
		snprintf(text, EVALUATION_VALUE, signs ? "%+.*f" : "%.*f", digits, value);
}

void evaluation_interval(char text[EVALUATION_INTERVAL], enum cln_measure measure, double low, double high, bool signs)
{
	char from[EVALUATION_VALUE], to[EVALUATION_VALUE];

	evaluation_value(from, measure, low, signs);
	evaluation_value(to, measure, high, signs);
	if (isnan(low) || isnan(high))
		snprintf(text, EVALUATION_INTERVAL, "-");
	else
		snprintf(text, EVALUATION_INTERVAL, "%s to %s", from, to);
}

void evaluation_short_auc(char text[EVALUATION_VALUE], double auc)
{
	snprintf(text, EVALUATION_VALUE, isnan(auc) ? "-" : "%.4f", auc);
}

void evaluation_print_metrics(FILE *out, const struct cln_metrics *metrics)
{
	char loss[EVALUATION_VALUE], auc[EVALUATION_VALUE], accuracy[EVALUATION_VALUE];

	evaluation_value(loss, CLN_MEASURE_LOG_LOSS, metrics->log_loss, false);
	evaluation_value(auc, CLN_MEASURE_AUC, metrics->auc, false);
	evaluation_value(accuracy, CLN_MEASURE_ACCURACY, metrics->accuracy, false);
	fprintf(out, "  %8s  %8s  %8s", loss, auc, accuracy);
}

void evaluation_print_rows(FILE *out, const struct cln_evaluation *evaluation, const char *positive)
{
	char value[SHOWN_TEXT];

	snprintf(value, sizeof value, "%.*s", utf8_cut(positive, SHOWN_TEXT - 1), positive);
	utf8_make_visible(value, "");
	fprintf(out, "rows       %zu", evaluation->rows);
	if (evaluation->weight != (double)evaluation->rows)
		fprintf(out, ", of weight %.6g", evaluation->weight);
	fprintf(out, ", %.3g %% positive (\"%s\")\n", 100 * evaluation->positive_weight / evaluation->weight, value);
}

static void print_how(FILE *out, const struct cln_evaluation *evaluation)
{
	if (evaluation->replicates > 0)
		fprintf(out, "intervals  95 %%: DeLong's for the AUC, else of %zu bootstrap replicates, seed %llu\n",
			evaluation->replicates, (unsigned long long)evaluation->seed);
	else
		fprintf(out, "intervals  95 %%: DeLong's for the AUC\n");
}

void evaluation_print(FILE *out, const struct cln_evaluation *evaluation, const struct evaluation_names *names)
{
	char value[EVALUATION_VALUE], interval[EVALUATION_INTERVAL];

	evaluation_print_rows(out, evaluation, names->positive);
	fprintf(out, "threshold  %.6g\n", evaluation->threshold);
	print_how(out, evaluation);
	fprintf(out, "\n%-20s  %10s  95 %% interval\n", "", "value");
	for (enum cln_measure m = 0; m < CLN_N_MEASURES; m++) {
		const struct cln_estimate *estimate = &evaluation->measures[m];

		evaluation_value(value, m, estimate->value, false);
		evaluation_interval(interval, m, estimate->low, estimate->high, false);
		fprintf(out, "%-20s  %10s  %s\n", cln_measure_label(m), value,
			estimate->reason ? estimate->reason : interval);
	}
}

static void print_difference(FILE *out, const struct cln_comparison *comparison, enum cln_measure m)
{
	const struct cln_difference *difference = &comparison->differences[m];
	char first[EVALUATION_VALUE], second[EVALUATION_VALUE], value[EVALUATION_VALUE], p[EVALUATION_VALUE] = "-";
	char interval[EVALUATION_INTERVAL];

	evaluation_value(first, m, comparison->first.measures[m].value, false);
	evaluation_value(second, m, comparison->second.measures[m].value, false);
	evaluation_value(value, m, difference->value, true);
	evaluation_interval(interval, m, difference->low, difference->high, true);
	if (!isnan(difference->p_value))
		snprintf(p, sizeof p, difference->p_value < 0.0001 ? "< 0.0001" : "%.4f", difference->p_value);
	fprintf(out, "%-20s  %10s  %10s  %10s  %-24s  %s\n", cln_measure_label(m), first, second, value,
		interval, p);
}

void evaluation_print_comparison(FILE *out, const struct cln_comparison *comparison, const struct evaluation_names *names)
{
	evaluation_print_rows(out, &comparison->first, names->positive);
	fprintf(out, "first      %s, threshold %.6g\n", names->first, comparison->first.threshold);
	fprintf(out, "second     %s, threshold %.6g\n", names->second, comparison->second.threshold);
	print_how(out, &comparison->first);
	fprintf(out, "\n%-20s  %10s  %10s  %10s  %-24s  p\n", "", "first", "second", "difference", "95 % interval");
	for (enum cln_measure m = 0; m < CLN_N_MEASURES; m++)
		print_difference(out, comparison, m);
}

/* ---------------------------------------------------------------- for programs */

/* In the order in which they always were: log loss, AUC, accuracy, then the others. */
static void write_values(struct json_writer *writer, const struct cln_evaluation *evaluation)
{
	static const enum cln_measure first[] = {CLN_MEASURE_LOG_LOSS, CLN_MEASURE_AUC, CLN_MEASURE_ACCURACY};
	bool done[CLN_N_MEASURES] = {false};

	json_size(writer, "rows", evaluation->rows);
	for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
		json_double(writer, cln_measure_name(first[i]), evaluation->measures[first[i]].value);
		done[first[i]] = true;
	}
	for (int m = 0; m < CLN_N_MEASURES; m++)
		if (!done[m])
			json_double(writer, cln_measure_name((enum cln_measure)m), evaluation->measures[m].value);
}

static void write_intervals(struct json_writer *writer, const struct cln_evaluation *evaluation)
{
	json_begin_object(writer, "intervals");
	for (int m = 0; m < CLN_N_MEASURES; m++)
		json_pair(writer, cln_measure_name((enum cln_measure)m), evaluation->measures[m].low,
			  evaluation->measures[m].high);
	json_end_object(writer);
}

static void write_reasons(struct json_writer *writer, const struct cln_evaluation *evaluation)
{
	bool any = false;

	for (int m = 0; m < CLN_N_MEASURES; m++) {
		if (!evaluation->measures[m].reason)
			continue;
		if (!any)
			json_begin_object(writer, "undefined");
		any = true;
		json_string(writer, cln_measure_name((enum cln_measure)m), evaluation->measures[m].reason);
	}
	if (any)
		json_end_object(writer);
}

static void write_seed(struct json_writer *writer, uint64_t seed)
{
	char digits[EVALUATION_VALUE];

	snprintf(digits, sizeof digits, "%llu", (unsigned long long)seed);
	json_string(writer, "seed", digits); /* a number would be rounded above 2^53 */
}

void evaluation_write(struct json_writer *writer, const struct cln_evaluation *evaluation)
{
	write_values(writer, evaluation);
	json_double(writer, "weight", evaluation->weight);
	json_double(writer, "positive_weight", evaluation->positive_weight);
	json_double(writer, "threshold", evaluation->threshold);
	write_reasons(writer, evaluation);
	write_intervals(writer, evaluation);
	json_begin_object(writer, "bootstrap");
	json_size(writer, "replicates", evaluation->replicates);
	write_seed(writer, evaluation->seed);
	json_end_object(writer);
}

void evaluation_write_comparison(struct json_writer *writer, const struct cln_comparison *comparison,
				 const struct evaluation_names *names)
{
	json_begin_object(writer, "comparison");
	json_string(writer, "model", names->second);
	evaluation_write(writer, &comparison->second);
	json_begin_object(writer, "differences");
	for (int m = 0; m < CLN_N_MEASURES; m++) {
		const struct cln_difference *difference = &comparison->differences[m];

		json_begin_object(writer, cln_measure_name((enum cln_measure)m));
		json_double(writer, "value", difference->value);
		json_pair(writer, "interval", difference->low, difference->high);
		json_double(writer, "p_value", difference->p_value);
		json_end_object(writer);
	}
	json_end_object(writer);
	json_end_object(writer);
}
