/* SPDX-License-Identifier: MIT
 * The order of an epoch, and the gather of a mini-batch's columns into panels. */
#ifndef DATA_BATCH_H
#define DATA_BATCH_H

#include "data/dataset.h"

/* The order of the rows in an epoch: a permutation keyed by (seed, RNG_SHUFFLE, epoch); a pure function of its arguments. */
void batch_order(uint32_t *order, size_t n_rows, uint64_t seed, uint32_t epoch);

/* The same of a dataset's rows, by where they lie in X, y and w. */
void batch_order_of(uint32_t *order, const struct dataset *dataset, uint64_t seed, uint32_t epoch);

/* A0 (panels, kernels.h; n_features x m, ld columns) <- rows order[0..m) of X (row-major); lanes beyond n_features are set to 0. */
void batch_features(float *A0, const float *X, size_t n_features, const uint32_t *order, size_t m, size_t ld);

/* The same with labels and weights, of rows by where they lie in the dataset's X, y and w: y, w: m floats each (w is filled only
 * where the dataset has weights). */
void batch_gather(float *A0, float *y, float *w, const struct dataset *dataset, const uint32_t *order, size_t m, size_t ld);

/* To the second-level cache, what batch_gather will read. */
void batch_prefetch(const struct dataset *dataset, const uint32_t *order, size_t m);

/* Labels y[0..m) move towards 1/2: y <- y (1 - smoothing) + smoothing / 2. */
void batch_smooth(float *y, size_t m, double smoothing);

#endif
