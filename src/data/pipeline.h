/* SPDX-License-Identifier: MIT
 * The pipeline: imputation, encoding and scaling, fitted on training rows only, stored in the model, applied to any table.
 *
 * numeric column     one feature: (x - center) * scale, x imputed by the training median where missing; robust scaling is followed by
 *                    smooth clipping z / sqrt(1 + (z/3)^2); behind it one indicator feature (1 = missing) where training rows had gaps
 * categorical column one feature a kept level (1/0), in ascending byte order of the levels, then one shared by the rarer levels where
 *                    there are more than max_levels, then one for "missing" where training rows had gaps; a level never seen in the
 *                    training rows gives all zeros and is counted; a column with two levels and no gaps gives one feature: -1, +1, unseen 0
 * a column that is constant in the training rows gives no feature (and is reported by fit's caller)
 * Statistics are summed over fixed blocks of rows in double, so they depend on no thread. */
#ifndef DATA_PIPELINE_H
#define DATA_PIPELINE_H

#include "data/table.h"

enum transform { TRANSFORM_NONE, TRANSFORM_STANDARDISE, TRANSFORM_ROBUST };

struct pipeline_column {
	char *name;
	enum column_type type;
	size_t first_feature, n_features; /* n_features = 0: constant in training, ignored */
	bool has_missing;      /* training rows had gaps: there is an indicator or a "missing" level */
	/* numeric */
	enum transform transform;
	float impute, center, scale;
	/* categorical */
	char **levels;         /* those with a feature of their own, ascending byte order */
	size_t n_levels;
	char **rare;           /* those that share one feature, ascending byte order */
	size_t n_rare;
	bool two_valued;       /* one feature, -1 for levels[0], +1 for levels[1] */
};

struct pipeline {
	size_t n_columns;
	struct pipeline_column *columns;
	size_t n_features;
};

/* Learns from the given rows (ascending indices) of the columns with use[column] = true, in the order of the table.
 * At least one feature must come out: else CLN_E_DATA. */
enum cln_status pipeline_fit(struct pipeline **pipeline, const struct cln_table *table, const uint32_t *rows, size_t n_rows,
                             const bool *use, enum cln_scale scale, size_t max_levels, int threads, struct cln_error *err) CLN_MUST_CHECK;

/* X (n_rows x n_features, row-major, row i is table row rows[i]; rows = NULL: 0 .. n_rows-1) from a table whose columns are matched
 * by name.  CLN_E_DATA: a column is missing (all missing ones are named), or has text where numbers were learnt (with the place).
 * A numeric column where categories were learnt is matched by the number's shortest text.  Rows are independent: any threads. */
enum cln_status pipeline_apply(float *X, const struct pipeline *pipeline, const struct cln_table *table, const uint32_t *rows,
                               size_t n_rows, int threads, struct cln_row_report *report, struct cln_error *err) CLN_MUST_CHECK;

/* A short name of a feature for messages and inspect, as "age", "age is missing", "job=clerk", "job=(rare)"; '\0'-terminated, cut to size. */
void pipeline_feature_name(char *name, size_t size, const struct pipeline *pipeline, size_t feature);

void pipeline_destroy(struct pipeline *pipeline);

#endif
