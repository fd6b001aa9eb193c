/* SPDX-License-Identifier: MIT
 * The pipeline: imputation, encoding and scaling, fitted on training rows only, stored in the model, applied to any table.
 *
 * numeric column      one feature z = (x - center) * scale (where that is not finite: (x/2 - center/2) * scale * 2, since the
 *                     difference of two floats may be none), x imputed by the training median where missing, held within
 *                     +-PIPELINE_Z_MAX (but not by TRANSFORM_NONE); robust scaling is followed by smooth clipping
 *                     z / sqrt(1 + (z/3)^2); or one feature on the line between the knots (number, score) around x, and beyond
 *                     the first and the last knot their scores; behind it one indicator feature (1 = missing) where training
 *                     rows had gaps
 * categorical column  one feature a kept level (1/0), in ascending byte order of the levels, then one shared by the rarer levels
 *                     where there are more than max_levels, then one for "missing" where training rows had gaps; a level never
 *                     seen in the training rows gives all zeros and is counted; a column with two levels and no gaps gives one
 *                     feature: -1, +1, unseen 0; a column with more levels than one_hot_levels gives one feature, the level's
 *                     number from 1 on in ascending byte order, for whose value the network has a table; 0 for a level with less
 *                     than level_rows of the rows (or beyond the greatest number of levels), a missing cell (behind it then one
 *                     feature for "missing", where training rows had gaps) and an unseen level, which is counted
 * A column that is constant in the training rows gives no feature (and is reported by fit's caller).
 * All in single precision, one IEEE operation after the other.  Statistics are those of the cells that are present, by row weight,
 * summed over fixed blocks of rows in double, so they depend on no thread.  doc/data.md has the rules. */
#ifndef DATA_PIPELINE_H
#define DATA_PIPELINE_H

#include "data/order.h"
#include "data/table.h"

enum transform { TRANSFORM_NONE, TRANSFORM_STANDARDISE, TRANSFORM_ROBUST, TRANSFORM_QUANTILE };

/* No z of n training rows is greater than sqrt(n) after standardising, and after robust scaling 10^6 is clipped to 3: only cells
 * far outside of what was learnt from are held, whose z would overflow in the network. */
#define PIPELINE_Z_MAX 1e6f

/* A knot for 30 cells, within these limits; and no more in all columns together than a model file bears (about 30 bytes each), but
 * for the fewest a column. */
#define PIPELINE_MIN_KNOTS 10
#define PIPELINE_MAX_KNOTS ORDER_MAX_POINTS
#define PIPELINE_ALL_KNOTS ((size_t)1 << 20)

/* Levels with a number of their own: of a column, and of all columns together. */
#define PIPELINE_MAX_NUMBERED ((size_t)1 << 15)
#define PIPELINE_ALL_NUMBERED ((size_t)1 << 17)

struct pipeline_column { /* every pointer is a block of mem_alloc that the pipeline owns */
	char *name;
	enum column_type type;
	size_t first_feature, n_features; /* n_features = 0: constant in training, ignored */
	bool has_missing;      /* training rows had gaps: there is an indicator or a "missing" level */
	bool two_valued;       /* numeric: at most two different numbers in the training rows, so it is a flag rather than a number;
	                          categorical: one feature, -1 for levels[0], +1 for levels[1] */
	/* numeric */
	enum transform transform;
	float impute;
	bool has_range;          /* the least and the greatest number of the training rows are known */
	float least, greatest;
	float center, scale;     /* scale > 0; 0 and 1 where there are knots */
	float *knots, *scores;   /* TRANSFORM_QUANTILE: knots ascend, scores do not descend and are within PIPELINE_Z_MAX */
	size_t n_knots;          /* 2 .. PIPELINE_MAX_KNOTS */
	/* categorical */
	bool numbered;         /* the first feature is the number of the level: i + 1 for levels[i], else 0 */
	char **levels;         /* those with a feature or a number of their own, ascending byte order */
	size_t n_levels;
	char **rare;           /* those that share one feature, or the number 0, ascending byte order */
	size_t n_rare;
};

struct pipeline {
	size_t n_columns;
	struct pipeline_column *columns;
	size_t n_features;
	char *missing; /* cln_table.missing of the table that it was learnt from, owned */
};

struct pipeline_settings {
	const bool *use;     /* a column of the table; ignored ones are never used */
	enum cln_scale scale;
	size_t max_levels;   /* >= 1 */
	size_t one_hot_levels, level_rows; /* 0: no column is numbered; level_rows >= 1 */
};

/* Learns from the given rows (ascending indices, at least one) of the columns in use, in the order of the table.  w: row weights
 * (> 0), or NULL: all 1; a row of weight 2 counts like two of weight 1.  At least one feature must come out: else CLN_E_DATA. */
enum cln_status pipeline_fit(struct pipeline **pipeline, const struct cln_table *table, const uint32_t *rows, const float *w,
			     size_t n_rows, const struct pipeline_settings *settings, int threads,
			     struct cln_error *err) CLN_MUST_CHECK;

/* A pipeline bound to a table whose columns are matched by name; the table must outlive it.
 * CLN_E_DATA: a column that gives features is missing (all such are named), or has text where numbers were learnt (with the place;
 * rows = NULL: in any row).  Where numbers were learnt, a categorical column is read as numbers.  Where categories were learnt, a
 * number is matched by its shortest text, else by value ("1.0", "01"). */
struct pipeline_reader;
enum cln_status pipeline_reader_create(struct pipeline_reader **reader, const struct pipeline *pipeline,
				       const struct cln_table *table, const uint32_t *rows, size_t n_rows,
				       struct cln_error *err) CLN_MUST_CHECK;
void pipeline_reader_destroy(struct pipeline_reader *reader);

/* X (n_rows x n_features, row-major) of table rows rows[0..n_rows), or first .. first + n_rows - 1 where rows = NULL; threads >= 1.
 * Cells met are added to the report's missing_cells and unseen_cells, and n_rows to its rows.  Rows are independent: any
 * threads. */
enum cln_status pipeline_read(float *X, const struct pipeline_reader *reader, const uint32_t *rows, size_t first, size_t n_rows,
			      int threads, struct cln_row_report *report, struct cln_error *err) CLN_MUST_CHECK;

/* Both in one: row i of X is table row rows[i] (rows = NULL: i).  report (may be NULL) is filled; its extra_columns are those of
 * the table, ignored ones apart, that the pipeline does not know by name. */
enum cln_status pipeline_apply(float *X, const struct pipeline *pipeline, const struct cln_table *table, const uint32_t *rows,
                               size_t n_rows, int threads, struct cln_row_report *report, struct cln_error *err) CLN_MUST_CHECK;
size_t pipeline_extra_columns(const struct pipeline_reader *reader);
/* The numbers of the first PIPELINE_EXTRA of them; lent by the reader. */
#define PIPELINE_EXTRA (CLN_EXTRA_NAMED + 2)
const size_t *pipeline_extra(const struct pipeline_reader *reader);
/* The table's column that holds the cells of the i-th column which gives features. */
const struct column *pipeline_cells(const struct pipeline_reader *reader, size_t i);

/* The features of a row that tells nothing: every number at the training median, no level in any category, nothing missing. */
void pipeline_typical(float *x, const struct pipeline *pipeline);

/* Whether a feature is the scaled value of a numeric column that is not two-valued: not an indicator, not a level, not a flag. */
bool pipeline_feature_is_number(const struct pipeline *pipeline, size_t feature);

/* ... and was scaled by its quantiles. */
bool pipeline_feature_is_by_quantiles(const struct pipeline *pipeline, size_t feature);

enum cln_status pipeline_clone(struct pipeline **copy, const struct pipeline *pipeline, struct cln_error *err) CLN_MUST_CHECK;
void pipeline_destroy(struct pipeline *pipeline);

#endif
