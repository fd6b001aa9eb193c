/* SPDX-License-Identifier: MIT
 * What a search has found: a table of the best trials for people, all of them as members of a JSON object. */
#ifndef REPORT_SEARCH_REPORT_H
#define REPORT_SEARCH_REPORT_H

#include <stdio.h>

#include "base/json.h"
#include "base/names.h"

/* A trial as far as it was trained. */
struct search_line {
	size_t trial, epochs;
	struct cln_metrics metrics; /* of rows not trained on; with folds the mean over them */
	bool diverged;              /* metrics are NaN */
	const char *const *values;  /* as texts, one a name */
};

struct search_result {
	const char *strategy;
	enum cln_metric metric;     /* by which trials are compared */
	size_t trials, folds;       /* trials that are planned; folds: 0: validation rows judge */
	bool complete;              /* all is done that was planned */
	const char *const *names;   /* of the options drawn */
	const bool *numbers;        /* whether their values are numbers */
	size_t n_names;
	const struct search_line *lines; /* best first */
	size_t n_lines;
	const char *out;            /* the directory */
	bool refitted;              /* the best one was trained: */
	struct cln_metrics valid, test; /* rows = 0: there are none */
};

void search_report_print(FILE *out, const struct search_result *result);

/* Into the open object. */
void search_report_write(struct json_writer *writer, const struct search_result *result);

#endif
