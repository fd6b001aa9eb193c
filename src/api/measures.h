/* SPDX-License-Identifier: MIT
 * The formulas of doc/metrics.md: measures from sums over rows. */
#ifndef API_MEASURES_H
#define API_MEASURES_H

#include "api/replicates.h"

/* Undefined ones are NaN. */
void measures_of_sums(double values[CLN_N_MEASURES], const struct measure_sums *sums);

/* Why a measure is NaN, in so many words; a constant string. */
const char *measures_reason(enum cln_measure measure, const struct measure_sums *sums);

/* Whether it is an amount, which grows with the weight of all rows, and not a mean. */
static inline bool measure_is_amount(enum cln_measure measure)
{
	return measure >= CLN_MEASURE_TRUE_POSITIVES;
}

#endif
