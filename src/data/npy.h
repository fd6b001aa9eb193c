/* SPDX-License-Identifier: MIT
 * numpy's .npy files (format 1.0, 2.0 and 3.0): an array of numbers in one or two dimensions is a table with the columns "1", "2",
 * ...  Source of the format: numpy.lib.format. */
#ifndef DATA_NPY_H
#define DATA_NPY_H

#include "data/source.h"
#include "data/table.h"

/* Where the elements lie and what they are. */
struct npy {
	uint64_t data; /* offset of the first */
	size_t n_rows, n_columns;
	size_t item;   /* bytes of one: 1, 2, 4 or 8 */
	char kind;     /* 'f', 'i', 'u', 'b': floating point, integers with and without a sign, truth values */
	bool swapped;  /* big-endian */
	bool columns;  /* one column behind the other (Fortran's order), not one row */
};

/* Whether the source begins as a .npy file or is called so (.npy, also with .gz behind it). */
enum cln_status npy_recognise(bool *is_npy, const struct source *source, struct cln_error *err) CLN_MUST_CHECK;

/* Reads the header, whose claims the length of the source must bear out to the byte.  CLN_E_DAMAGED: it does not, or it is no
 * header; CLN_E_DATA: elements or dimensions that are no table, or too many of them. */
enum cln_status npy_find(struct npy *npy, const struct source *source, struct cln_error *err) CLN_MUST_CHECK;

/* As csv_read_source and, with few_texts, as csv_read_few_texts; a text is the shortest one of its number.  Places are rows.
 * threads >= 1.  npy_read_rows: n_rows of them from `first` on. */
enum cln_status npy_read(struct cln_table **table, const struct source *source, const struct cln_read_options *options, int threads,
			 bool few_texts, struct cln_error *err) CLN_MUST_CHECK;
struct npy_rows {
	size_t first, n;
};
enum cln_status npy_read_rows(struct cln_table **table, const struct source *source, const struct npy *npy, struct npy_rows rows,
			      const struct cln_read_options *options, int threads, bool few_texts,
			      struct cln_error *err) CLN_MUST_CHECK;

#endif
