/* SPDX-License-Identifier: MIT
 * What a user should know about the data, as sentences for the observer. */
#ifndef API_NOTES_H
#define API_NOTES_H

#include "data/pipeline.h"

struct labelled_rows;

/* On the table: names that are data; columns that are nearly numbers, mostly missing, left out, rounded, or look like
 * identifiers, and columns that may be codes, among those used. */
void notes_of_table(const struct cln_observer *observer, const struct cln_table *table, const bool *use);

/* On what was learnt from a table: columns that are constant, levels that share a feature. */
void notes_of_pipeline(const struct cln_observer *observer, const struct pipeline *pipeline, const struct cln_table *table);

/* On what is learnt from after other columns were left out (an entry for each of the table's). */
void notes_of_kept(const struct cln_observer *observer, const struct pipeline *pipeline, const struct cln_table *table,
		   const bool *left_out);

/* On columns, of those used, that tell the label of every training row. */
enum cln_status notes_of_tellers(const struct cln_observer *observer, const struct labelled_rows *train, const bool *use,
				 int threads, struct cln_error *err) CLN_MUST_CHECK;

/* On rows of another table that stand in DATA too, by the columns used, of which the label is one here. */
enum cln_status notes_of_shared(const struct cln_observer *observer, const struct cln_table *table, const struct cln_table *data,
				const bool *use, int threads, struct cln_error *err) CLN_MUST_CHECK;

/* On rows that were not learnt from; what: "validation", "test". */
void notes_of_rows(const struct cln_observer *observer, const char *what, const struct cln_row_report *report);

/* One sentence; observer may be NULL. */
void note(const struct cln_observer *observer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What they say of a column: every row has another text, so that it is no feature; every row has the next whole number; its numbers
 * are whole and some are beyond 2^24, where floats lack most whole numbers, so that equal ones may be different in the file; how
 * many different whole numbers it has, where they are few and may be codes, else 0. */
bool column_is_left_out(const struct cln_table *table, const struct column *column);
bool column_looks_like_identifier(const struct cln_table *table, const struct column *column);
bool column_is_rounded(const struct column *column, size_t n_rows);
size_t column_may_be_codes(const struct cln_table *table, const struct column *column);

#endif
