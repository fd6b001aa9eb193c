/* SPDX-License-Identifier: MIT
 * CSV text (RFC 4180) to cells, in parallel, with places for errors.  Knows bytes, quotes, separators and numbers; no meaning.
 *
 * Reading goes in two passes over windows of the file: the first counts rows, lines and quotes of every window (a quoted field may
 * span any number of windows), the second parses each window's rows on any thread.  The result depends on no window or thread. */
#ifndef DATA_CSV_H
#define DATA_CSV_H

#include "data/table.h"

/* Reads `path` into a table; see cln_table_read and doc/data.md.  At most ten errors, each as a line
 *   file:line:column: what is wrong ("the text", column "name"; a hint)
 * and then a count.  threads >= 1. */
enum cln_status csv_read(struct cln_table **table, const char *path, const struct cln_read_options *options, int threads,
			 struct cln_error *err) CLN_MUST_CHECK;

/* Whether a cell means "missing": empty, ?, NA, N/A, NaN, null, None, ... (doc/data.md has the list), spaces around ignored. */
bool csv_is_missing(const char *text, size_t length);

#endif
