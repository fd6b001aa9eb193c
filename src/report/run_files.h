/* SPDX-License-Identifier: MIT
 * What a report wants to know of a run, read from run.json and metrics.jsonl.  Either may be damaged or hostile: whatever is read
 * has been checked, and what is shown of it later needs no more care than escaping. */
#ifndef REPORT_RUN_FILES_H
#define REPORT_RUN_FILES_H

#include "base/json.h"

#define MOST_COUNT ((size_t)1 << 53) /* that a number of JSON tells apart */
#define RUN_RECORD_VALUES 2000000 /* of run.json */
#define RUN_FILES_POINTS 1000 /* of a curve */
#define RUN_FILES_BINS 100
#define RUN_FILES_COLUMNS 100000

/* The texts of the two files, and their names for messages. */
struct run_source {
	const char *record_name, *record;
	size_t record_length;
	const char *metrics_name, *metrics;
	size_t metrics_length;
};

/* A line of metrics.jsonl; NaN where a value is null. */
struct run_epoch {
	size_t member, epoch; /* member from 0 */
	double train_loss, valid_loss, valid_auc, learning_rate;
};

struct run_curve {
	size_t n; /* 0: there is none */
	double x[RUN_FILES_POINTS], y[RUN_FILES_POINTS];
};

/* Rows that were judged at the end. */
struct run_rows {
	const char *name;                 /* "test", "valid" or "train" */
	struct cln_evaluation evaluation; /* its reasons are lent; its seed is a text: */
	const char *seed;
	struct run_curve roc, pr;
	size_t n_bins, n_scores;
	double bin_weight[RUN_FILES_BINS], bin_probability[RUN_FILES_BINS], bin_positive[RUN_FILES_BINS];
	double negative_scores[RUN_FILES_BINS], positive_scores[RUN_FILES_BINS];
};

struct run_column {
	const char *name, *use, *type;
	size_t missing_cells, levels;
	struct cln_drift valid, test;
};

/* Texts are lent by the parsed record. */
struct run_files {
	const struct json *record;
	const struct json *options,
	    *changed; /* the members of "options", and names of those that the recipe has otherwise, or NULL */
	const char *version, *data_file, *fingerprint, *isa, *threads_rule, *cpu, *finished, *command, *label, *positive, *negative;
	size_t data_rows, data_columns, threads, threads_allowed, members, epochs, best_epoch, recoveries;
	double seconds, rows_per_second, temperature, threshold;
	struct cln_metrics train, valid, test; /* rows 0: there are none */
	const struct json *network; /* or NULL */
	struct run_rows *rows[3];   /* test, valid, train: NULL where there are none */
	size_t n_columns, columns_left_out;
	struct run_column *columns;
	const char *importance_of; /* the rows: "test", "valid" or "train"; NULL: there is no importance, and n_columns is 0 */
	struct cln_importance importance; /* its names are lent */
	size_t importance_left_out;
	size_t n_epochs; /* lines of metrics.jsonl, in its order */
	struct run_epoch *all_epochs;
};

/* CLN_E_DAMAGED names the file and what is wrong with it.  Freed by run_files_free, whatever was returned. */
enum cln_status run_files_read(struct run_files *files, const struct run_source *source, struct cln_error *err) CLN_MUST_CHECK;
void run_files_free(struct run_files *files);

/* A number or null (NaN), within low .. high; a missing member is null. */
enum cln_status run_files_real(double *value, const struct json *object, const char *key, double low, double high,
                               struct cln_error *err) CLN_MUST_CHECK;
/* What jsonl_metrics has written: under the key, or where it is NULL the object's own members.  rows is 0 where there are none. */
enum cln_status run_files_metrics(struct cln_metrics *metrics, const struct json *object, const char *key,
                                  struct cln_error *err) CLN_MUST_CHECK;

#endif
