/* SPDX-License-Identifier: MIT
 * Who works on which columns: the block size, and the threads worth using, as teams of members.  A team works a contiguous run of
 * blocks; its members share each block, every one some of a layer's units or columns.  Only the block size shapes the result. */
#ifndef TRAIN_PLAN_H
#define TRAIN_PLAN_H

#include "comm/comm.h"
#include "nn/network.h"
#include "train/phases.h"

struct plan {
	size_t batch_size;   /* columns of a full mini-batch */
	size_t block_size;   /* G: columns of a block; a pure function of the net and batch_size (or given) */
	size_t n_blocks;     /* of a full mini-batch */
	int threads_allowed;
	int threads;         /* worth using: teams x members, at most what was allowed */
	int teams, members;
	struct comm *comm;   /* the ranks that share the mini-batch's blocks; NULL: this process works all of them */
	struct phase_clock *clocks; /* NULL, or one a thread: where the steps' time goes */
};

/* n_rows: of the training set; config->batch_size = 0 means all of them.  A mini-batch of several blocks is the work of all
 * ranks of the program where that pays. */
void plan_create(struct plan *plan, const struct network *net, const struct cln_config *config, size_t n_rows, int threads_allowed);
/* The same with the ranks of `comm`, or none. */
void plan_create_for(struct plan *plan, const struct network *net, const struct cln_config *config, size_t n_rows,
                     int threads_allowed, struct comm *comm);

/* Whether a step of plan's ranks takes less time, with what they exchange, than one of this process alone. */
bool plan_ranks_pay(const struct plan *plan, const struct network *net);

/* Seconds of a step with the best use of so many threads, by a model whose ratios are what counts. */
double plan_seconds(const struct plan *plan, const struct network *net, int threads);

/* How many of `members` networks like this one are to be trained at a time, each by its share of the threads, so that the last one
 * ends first.  *seconds: when that is, as if each took one step. */
int plan_lanes(const struct plan *plan, const struct network *net, size_t members, int threads, double *seconds);

/* As many of `threads` as can be used at all, whether they are worth it or not. */
void plan_set_threads(struct plan *plan, int threads);

#endif
