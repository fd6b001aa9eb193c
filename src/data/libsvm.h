/* SPDX-License-Identifier: MIT
 * LibSVM text: a row is `label index:value index:value ... # comment`, its indices counted from 1 and ascending.  It becomes a
 * table of the columns "1", "2", ... and, last, "label"; what a row leaves out is 0. */
#ifndef DATA_LIBSVM_H
#define DATA_LIBSVM_H

#include "data/csv_parts.h"

#define LIBSVM_MAX_FEATURES (TABLE_MAX_COLUMNS - 1)
#define LIBSVM_MAX_LINE ((size_t)32 << 20) /* bytes: of a million features with 33 each */
#define LIBSVM_SAMPLE ((size_t)1 << 16)    /* bytes that are enough to recognise it */

/* Whether text is LibSVM's: so it is called (.libsvm, .svm, or that and .gz), or its first row that has a feature, within the first
 * LIBSVM_SAMPLE bytes, is one of LibSVM's, and neither it nor a line before it has a comma, tab, semicolon, quote or the options'
 * separator: as CSV it would be a table of a single column.  whole: the source is all of the text. */
enum cln_status libsvm_recognise(bool *is_libsvm, const struct source *source, bool whole, const struct cln_read_options *options,
				 struct cln_error *err) CLN_MUST_CHECK;

/* As csv_read_source and, with few_texts, as csv_read_few_texts.  Columns "1", "2", ... that the options need or expect are there
 * also where no row has them. */
enum cln_status libsvm_read(struct cln_table **table, const struct source *source, const struct cln_read_options *options,
			    int threads, size_t window_bytes, bool few_texts, struct cln_error *err) CLN_MUST_CHECK;

/* As csv_read_all. */
enum cln_status libsvm_read_all(struct cln_table **table, const struct source *source, const struct cln_read_options *options,
				int threads, size_t window_bytes, struct findings *findings, struct cln_error *err) CLN_MUST_CHECK;

/* Where the whole lines of up to n_rows rows end that the text begins with, and how many rows these are. */
size_t libsvm_rows_end(const char *text, size_t n, bool whole, size_t most_rows, size_t *n_rows);

/* Where in the line at the cursor a column's cell begins; false: it is left out there. */
bool libsvm_find_cell(struct cursor *cursor, uint64_t *offset, size_t column, size_t n_columns) CLN_MUST_CHECK;

#endif
