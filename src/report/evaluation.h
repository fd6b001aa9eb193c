/* SPDX-License-Identifier: MIT
 * What a model, or two, were measured to be: a table for people, and members of a JSON object. */
#ifndef REPORT_EVALUATION_H
#define REPORT_EVALUATION_H

#include <stdio.h>

#include "base/json.h"

/* Two models' names, as the user wrote them, and the label value that is positive. */
struct evaluation_names {
	const char *first, *second, *positive;
};

/* "0.91371"; amounts with two digits where they are no whole numbers; "-" where undefined; signs: a plus, too. */
#define EVALUATION_VALUE 32
void evaluation_value(char text[EVALUATION_VALUE], enum cln_measure measure, double value, bool signs);
/* "0.91124 to 0.91611", or "-". */
#define EVALUATION_INTERVAL (2 * EVALUATION_VALUE + 8)
void evaluation_interval(char text[EVALUATION_INTERVAL], enum cln_measure measure, double low, double high, bool signs);

/* "0.9137" for lines of progress; "-" where undefined. */
void evaluation_short_auc(char text[EVALUATION_VALUE], double auc);

/* "   0.32468   0.90147   0.83000": log loss, AUC and accuracy, in columns. */
void evaluation_print_metrics(FILE *out, const struct cln_metrics *metrics);

/* "rows       1000, 24.1 % positive ("yes")" */
void evaluation_print_rows(FILE *out, const struct cln_evaluation *evaluation, const char *positive);
/* Measures with their intervals, one a line; an undefined one is "-", with the reason. */
void evaluation_print(FILE *out, const struct cln_evaluation *evaluation, const struct evaluation_names *names);
/* Both models' measures, and their differences with intervals and p-values. */
void evaluation_print_comparison(FILE *out, const struct cln_comparison *comparison, const struct evaluation_names *names);

/* Into the open object: rows, the measures by their names, threshold, "intervals", "undefined" where any is, "bootstrap". */
void evaluation_write(struct json_writer *writer, const struct cln_evaluation *evaluation);
/* "comparison": the second model, "model" its name, and "differences". */
void evaluation_write_comparison(struct json_writer *writer, const struct cln_comparison *comparison,
				 const struct evaluation_names *names);

#endif
