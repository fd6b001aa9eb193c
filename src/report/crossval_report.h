/* SPDX-License-Identifier: MIT
 * What a cross-validation has measured: a table for people, an object for programs. */
#ifndef REPORT_CROSSVAL_REPORT_H
#define REPORT_CROSSVAL_REPORT_H

#include <stdio.h>

#include "base/json.h"

/* One measure: over fits, and of all rows by models that had not seen them. */
struct crossval_line {
	double mean, deviation;
	struct cln_estimate out_of_fold;
};

struct crossval_result {
	size_t folds, repeats;
	const struct cln_evaluation *fits; /* folds x repeats */
	struct cln_evaluation out_of_fold;
	struct crossval_line lines[CLN_N_MEASURES];
};

void crossval_report_print(FILE *out, const struct crossval_result *result);

/* Into the open object. */
void crossval_report_write(struct json_writer *writer, const struct crossval_result *result);

#endif
