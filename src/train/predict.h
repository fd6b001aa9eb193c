/* SPDX-License-Identifier: MIT
 * Rows through a network: their logits. */
#ifndef TRAIN_PREDICT_H
#define TRAIN_PREDICT_H

#include "data/dataset.h"
#include "nn/network.h"

/* n rows of X (row-major): the first, or where `rows` is not NULL those that it names.
 * donors (NULL: none; they want `rows`): features first .. first + n_swapped - 1 of row i are those of row donors[i] of X. */
struct some_rows {
	const float *X;
	const uint32_t *rows;
	size_t n;
	const uint32_t *donors;
	size_t first, n_swapped;
};

/* logits: one a row.  Rows are independent: the same bits for any threads. */
enum cln_status predict_rows(float *logits, const struct network *net, const struct kernels *kernels, const struct some_rows *some,
                             int threads, struct cln_error *err) CLN_MUST_CHECK;

#endif
