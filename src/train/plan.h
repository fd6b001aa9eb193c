/* SPDX-License-Identifier: MIT
 * Who works on which columns: the block size, the threads worth using, and the reduction tree's shape. */
#ifndef TRAIN_PLAN_H
#define TRAIN_PLAN_H

#include "nn/network.h"

struct plan {
	size_t batch_size;   /* columns of a full mini-batch */
	size_t block_size;   /* G: columns of a block; a pure function of the net and batch_size (or given) */
	size_t n_blocks;     /* of a full mini-batch */
	int threads_allowed;
	int threads;         /* worth using, at most what was allowed; changes no bit */
};

/* n_rows: of the training set; config->batch_size = 0 means all of them. */
void plan_create(struct plan *plan, const struct network *net, const struct cln_config *config, size_t n_rows, int threads_allowed);

#endif
