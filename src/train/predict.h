/* SPDX-License-Identifier: MIT
 * A dataset through a network: logits of all rows. */
#ifndef TRAIN_PREDICT_H
#define TRAIN_PREDICT_H

#include "data/dataset.h"
#include "nn/network.h"

/* logits: n_rows floats from X (n_rows x n[0], row-major).  Rows are independent: the same bits for any threads. */
enum cln_status predict_logits(float *logits, const struct network *net, const struct kernels *kernels, const float *X,
                               size_t n_rows, int threads, struct cln_error *err) CLN_MUST_CHECK;

#endif
