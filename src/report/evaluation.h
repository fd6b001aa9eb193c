/* SPDX-License-Identifier: MIT
 * What a model, or two, were measured to be: a table for people, and members of a JSON object. */
#ifndef REPORT_EVALUATION_H
#define REPORT_EVALUATION_H

#include <stdio.h>

#include "base/json.h"

/* Two models' names, as the user wrote them. */
struct evaluation_names {
	const char *first, *second;
};

/* Measures with their intervals, one a line; an undefined one is "-", with the reason. */
void evaluation_print(FILE *out, const struct cln_evaluation *evaluation);
/* Both models' measures, and their differences with intervals and p-values. */
void evaluation_print_comparison(FILE *out, const struct cln_comparison *comparison, const struct evaluation_names *names);

/* Into the open object: rows, the measures by their names, threshold, "intervals", "undefined" where any is, "bootstrap". */
void evaluation_write(struct json_writer *writer, const struct cln_evaluation *evaluation);
/* "comparison": the second model, "model" its name, and "differences". */
void evaluation_write_comparison(struct json_writer *writer, const struct cln_comparison *comparison,
				 const struct evaluation_names *names);

#endif
