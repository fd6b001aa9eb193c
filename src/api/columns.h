/* SPDX-License-Identifier: MIT
 * What the columns of a training table hold, told to the observer. */
#ifndef API_COLUMNS_H
#define API_COLUMNS_H

#include "api/drift.h"

struct columns_rows {
	const char *label, *weight;           /* names of columns; weight: NULL: none */
	const struct cln_model *init;         /* which has chosen its columns; NULL: none */
	struct drift_rows train, valid, test; /* valid, test: n = 0: there are none */
};

/* Every column, in order; nothing where the observer does not want to know.  CLN_E_MEMORY. */
enum cln_status columns_tell(const struct cln_observer *observer, const struct columns_rows *rows, int threads,
                             struct cln_error *err) CLN_MUST_CHECK;

/* How many bytes of a name, whole characters, are within a limit; bytes that are no UTF-8 are one each. */
size_t columns_name_fitting(const char *name, size_t limit);

#endif
