/* SPDX-License-Identifier: MIT
 * The bins of the numbers of a training. */
#ifndef API_BINS_H
#define API_BINS_H

#include "api/prepare.h"

/* Fills what is of bins in a front: every feature that is wanted gets at most `most` bins (0: 48, or a tenth of the rows) from the
 * rows to learn from, where it has two different values there.  What was filled until a failure belongs to the front
 * (front_free). */
enum cln_status bins_of_numbers(struct front *front, const struct prepared *prepared,
				bool (*wanted)(const struct pipeline *pipeline, size_t feature), size_t most,
				struct cln_error *err) CLN_MUST_CHECK;

#endif
