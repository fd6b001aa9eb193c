/* SPDX-License-Identifier: MIT
 * CSV of a compressed file, read while the rest of it is still inflated: zlib alone then decides how long that takes. */
#ifndef DATA_CSV_EARLY_H
#define DATA_CSV_EARLY_H

#include "data/csv_parts.h"

struct csv_early {
	const struct cln_read_options *options; /* set by the caller, all else zeros */
	struct source text;                     /* so far */
	struct reader reader;
	bool running;
};

/* The functions of a struct meanwhile whose argument is a struct csv_early. */
bool csv_early_begin(void *early, const struct source *so_far, double share);
void csv_early_work(void *early, const struct source *so_far);

/* Reads what is left of the text, which is all there now; false: nothing was begun, or it was given up, and the source is to be
 * read as any other.  Nothing is held afterwards. */
bool csv_early_finish(struct cln_table **table, struct csv_early *early, const struct source *source, enum cln_status *status,
		      struct cln_error *err) CLN_MUST_CHECK;

/* Where there will be no csv_early_finish, or has been one. */
void csv_early_free(struct csv_early *early);

#endif
