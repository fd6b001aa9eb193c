/* SPDX-License-Identifier: MIT
 * What a cross-validation has measured: a table for people, an object for programs. */
#ifndef REPORT_CROSSVAL_REPORT_H
#define REPORT_CROSSVAL_REPORT_H

#include <stdio.h>

#include "base/json.h"

/* Of fits, folds x repeats, and of all rows by models that had not seen them. */
struct crossval_result {
	size_t folds, repeats;
	const char *positive; /* label value; lent */
	const struct cln_evaluation *fits;
	double means[CLN_N_MEASURES], deviations[CLN_N_MEASURES]; /* over the fits */
	struct cln_evaluation out_of_fold;
};

void crossval_report_print(FILE *out, const struct crossval_result *result);

/* Into the open object. */
void crossval_report_write(struct json_writer *writer, const struct crossval_result *result);

#endif
