/* SPDX-License-Identifier: MIT
 * The formulas of doc/metrics.md: measures from sums over rows. */
#ifndef API_MEASURES_H
#define API_MEASURES_H

#include "api/replicates.h"

/* Undefined ones are NaN. */
void measures_of_sums(double values[CLN_N_MEASURES], const struct measure_sums *sums);

/* Why a measure is NaN, in so many words; a constant string. */
const char *measures_reason(enum cln_measure measure, const struct measure_sums *sums);

#endif
