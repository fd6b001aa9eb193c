/* SPDX-License-Identifier: MIT
 * Labelled rows in the order of their scores, with all that measures want to know of them: sorted once, read by every replicate. */
#ifndef API_SCORED_ROWS_H
#define API_SCORED_ROWS_H

#include "base/mem.h"

#define CALIBRATION_BINS 15 /* equally wide */

struct scored_row {
	double loss;                    /* -log of the probability of its class */
	float p, w;                     /* probability, weight */
	uint32_t row;                   /* its number in the caller's order */
	uint8_t positive, called, last; /* called positive; the last of those with its score */
	uint8_t bin;                    /* of the calibration error */
};

/* Descending by score, equal ones in the caller's order. */
struct scored_rows {
	struct scored_row *rows;
	size_t n;
};

/* The scores and labels are believed (see cln_evaluate).  CLN_E_MEMORY: 24 bytes a row, and 16 more for the time of the call. */
enum cln_status scored_rows_create(struct scored_rows *scored, const struct cln_scores *scores, const struct cln_labels *labels,
				   struct cln_error *err) CLN_MUST_CHECK;
void scored_rows_free(struct scored_rows *scored);

#endif
