/* SPDX-License-Identifier: MIT
 * The edges of a number's bins, for its piecewise-linear embedding. */
#ifndef DATA_BINS_H
#define DATA_BINS_H

#include "data/order.h"

/* edges[0] < ... < edges[n_edges - 1], n_edges at most most_bins + 1 (2 .. ORDER_MAX_POINTS); 1 where all cells are equal.
 * The least and the greatest cell are edges; so is every number where there are no more than can be; else those that are too
 * frequent to share a bin, and the others' cells are divided evenly by what edges are left. */
enum cln_status bins_choose(float *edges, size_t *n_edges, size_t most_bins, const struct order_sample *sample,
                            struct cln_error *err) CLN_MUST_CHECK;

#endif
