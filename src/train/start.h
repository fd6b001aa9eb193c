/* SPDX-License-Identifier: MIT
 * First weights fitted to the data. */
#ifndef TRAIN_START_H
#define TRAIN_START_H

#include "data/dataset.h"
#include "nn/network.h"

/* Layer by layer, on up to START_ROWS rows drawn from `data`: weights from N(0, 1), each unit's divided by the deviation of its
 * pre-activation, so that this is 1; its bias is minus a weighted mean of its pre-activations at five of the rows, with weights in
 * the proportions of five exponential draws.  Units so have their kinks where data are (Holzmueller et al. 2024, after Steinwart
 * 2019).  On fewer than 16 different rows the deviation is that of the layer's units together.  The front is taken as it is. */
#define START_ROWS 1024
enum cln_status start_from_data(struct network *net, const struct kernels *kernels, const struct dataset *data, uint64_t seed,
                                struct cln_error *err) CLN_MUST_CHECK;

#endif
