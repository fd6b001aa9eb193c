/* SPDX-License-Identifier: MIT
 * The column cache: a table on disk as doc/cache-format.md has it, mapped into memory and read where it lies. */
#ifndef DATA_CACHE_H
#define DATA_CACHE_H

#include "base/io.h"
#include "data/source.h"
#include "data/table.h"

/* Whether the source's first bytes are those of a cache, be it a damaged one. */
enum cln_status cache_recognise(bool *is_cache, const struct source *source, struct cln_error *err) CLN_MUST_CHECK;

/* Reads a cache as csv_read_source reads the text that it was made from, but for places, which are rows here.  A plain file is
 * mapped, and must keep its bytes while the table lives; anything else is copied.  threads >= 1; a separator and no_header are
 * not looked at.
 * CLN_E_DAMAGED: a claim that the file does not bear out, a wrong checksum, a cell that cannot be; CLN_E_DATA, CLN_E_USAGE: it
 * cannot be read as the options ask. */
enum cln_status cache_read(struct cln_table **table, const struct source *source, const struct cln_read_options *options,
			   int threads, struct cln_error *err) CLN_MUST_CHECK;

/* One column on its way to a file: numbers, or codes with their levels, or both where every level is a number; neither where the
 * column is left out. */
struct cache_cells {
	const char *name;
	const float *numbers;
	const uint32_t *codes;
	char *const *levels;
	size_t n_levels;
};

/* Replaces a file by a cache of n_columns columns of n_rows cells, in an atomic step (base/io.h); *length: its bytes. */
enum cln_status cache_write(const struct io_place *out, uint64_t *length, const struct cache_cells *columns, size_t n_columns,
			    size_t n_rows, int threads, struct cln_error *err) CLN_MUST_CHECK;

/* cln_table_convert to a file that may be guarded. */
enum cln_status cache_convert(const char *path, const struct io_place *out, const struct cln_read_options *options,
			      struct cln_cache_summary *summary, struct cln_error *err) CLN_MUST_CHECK;

#endif
