/* SPDX-License-Identifier: MIT
 * Models judged by the labelled rows of a table. */
#ifndef API_EVALUATE_H
#define API_EVALUATE_H

#include "api/threshold.h"

/* What is asked for. */
struct evaluate_task {
	const struct cln_model *model;
	const struct cln_model *second;  /* to be compared with it; NULL: none */
	const struct cln_table *table;
	const struct cln_config *choice; /* how a new threshold of `model` is chosen on these rows; NULL: it has its own */
	struct cln_judging judging;
};

struct evaluate_result {
	struct cln_comparison comparison; /* without a second: of the first alone */
	struct threshold_choice choice;
	struct cln_row_report report; /* of the first model */
};

/* The probabilities of a table's rows on one thread, NaN where the network has none: what exported code has to give. */
enum cln_status evaluate_rows(float *probabilities, const struct cln_model *model, const struct cln_table *table,
			      struct cln_error *err) CLN_MUST_CHECK;

/* CLN_E_DATA: labels cannot be read or the two models mean different ones by them, a probability is not a number, or the rows are
 * of one class, by which no threshold can be chosen; CLN_E_USAGE as of cln_model_measure. */
enum cln_status evaluate_models(struct evaluate_result *result, const struct evaluate_task *task,
				struct cln_error *err) CLN_MUST_CHECK;

/* CLN_E_IO: what lies at `path` is no file that evaluate_store_threshold could replace, to be known before all the work. */
enum cln_status evaluate_check_storable(const char *path, struct cln_error *err) CLN_MUST_CHECK;

/* Gives the model in a file, or in a run directory, which must still be `model` to the byte, another threshold.  guard: as of
 * struct io_place.  On failure the file is as it was. */
enum cln_status evaluate_store_threshold(const char *path, const struct cln_model *model, double threshold,
					 void (*guard)(const char *temporary), struct cln_error *err) CLN_MUST_CHECK;

#endif
