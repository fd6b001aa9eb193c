/* SPDX-License-Identifier: MIT
 * The rows of a text as one table after another, for what is done row by row: memory is bounded by the longest record, not by the
 * number of rows. */
#ifndef DATA_PARTS_H
#define DATA_PARTS_H

#include "data/table.h"

struct parts;

/* Opens `path` ("-": standard input) to be read as cln_table_read would, `part_bytes` of its text at a time (0: chosen).  The
 * options' texts must outlive it.  A column cache comes as one table. */
enum cln_status parts_open(struct parts **parts, const char *path, const struct cln_read_options *options, size_t part_bytes,
			   struct cln_error *err) CLN_MUST_CHECK;

/* The next rows, at least one; *table is NULL behind the last.  All parts have the same columns, but whether one that the options
 * do not speak of holds numbers or texts is found out for each; lines count from the beginning of the text.  The table, which may
 * refer to what the parts hold, must be destroyed before the next call; its errors are cln_table_read's, for this part. */
enum cln_status parts_next(struct cln_table **table, struct parts *parts, struct cln_error *err) CLN_MUST_CHECK;

/* Says with which line or row reading ended, behind an error of the last part's rows; nothing where they were the last of all. */
void parts_tell_end(const struct parts *parts, struct cln_error *err);

void parts_close(struct parts *parts);

#endif
