/* SPDX-License-Identifier: MIT
 * What a run keeps for its report: what the model says of rows that were held back, and what the columns hold. */
#ifndef CLI_RUN_REVIEW_H
#define CLI_RUN_REVIEW_H

#include "api/review.h"
#include "cli/options.h"

#define RUN_MOST_COLUMNS 4096 /* that run.json lists */

struct run_review {
	bool has[3]; /* by enum cln_rows */
	struct review rows[3];
	struct cln_column_summary *columns; /* with names of their own */
	size_t n_columns, n_kept, n_room;
	struct cln_importance importance; /* of the first of its columns, with names of their own; none: rows is 0 */
	enum cln_rows importance_rows;
	size_t importance_left_out;
	struct cln_error failed; /* why something is not kept; code CLN_OK: all is */
};

/* The observer's calls.  What cannot be kept is told at the end, and spoils no training. */
void run_review_column(struct run_review *review, const struct cln_column_summary *column);
void run_review_scored(struct run_review *review, enum cln_rows rows, const struct cln_scores *scores,
                       const struct cln_labels *labels, const struct cln_config *config);
void run_review_importance(struct run_review *review, enum cln_rows rows, const struct cln_importance *importance);

/* "review", "importance", "columns" and "columns_left_out", into the open object. */
void run_review_write(struct json_writer *writer, const struct run_review *review);
void run_review_free(struct run_review *review);

#endif
