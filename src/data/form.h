/* SPDX-License-Identifier: MIT
 * The forms that a table may have in a file: which one it is, and the reader of each. */
#ifndef DATA_FORM_H
#define DATA_FORM_H

#include "data/source.h"
#include "data/table.h"

enum table_form { FORM_CSV, FORM_LIBSVM, FORM_NPY, FORM_CACHE };

/* By the first bytes and the name; whole: the source is all that there is, not only its beginning.  CLN_E_USAGE: the options ask
 * for what this form does not have (a separator, to be without a header). */
enum cln_status form_find(enum table_form *form, const struct source *source, bool whole, const struct cln_read_options *options,
			  struct cln_error *err) CLN_MUST_CHECK;

/* threads >= 1.  The texts of a cache are given only where they are asked for; few_texts (not of a cache): texts of the columns
 * needed, but of those alone that are few. */
enum cln_status form_read(struct cln_table **table, enum table_form form, const struct source *source,
			  const struct cln_read_options *options, int threads, bool few_texts,
			  struct cln_error *err) CLN_MUST_CHECK;

#endif
