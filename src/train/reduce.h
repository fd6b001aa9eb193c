/* SPDX-License-Identifier: MIT
 * Partial gradients to one, along one fixed binary tree over the blocks of a mini-batch.
 *
 * Node (h, j) is the sum of the blocks j 2^h .. (j+1) 2^h - 1: left child + right child, or the left child alone where the right
 * one would begin beyond the last block.  The tree knows nothing of threads, so neither do the bits of its root.  A thread works a
 * contiguous run of blocks, keeps partial sums in slots used as a stack, and folds two as soon as both children of a node lie on
 * top.  What is left on the stacks (at most 2 log2 of the blocks a thread) is combined in tree order, each thread a slice of the
 * parameters.  A team of threads that works its blocks together counts as one thread here.
 *
 * Ranks are runs of threads.  Each first makes of its own threads' slots those nodes of the tree that lie in its blocks (`sums`);
 * the nodes that then lie in its slots `held` go, slice by slice, to the ranks that own the slices, which add up the rest
 * (`cross`).  Where there is one rank there is no rest. */
#ifndef TRAIN_REDUCE_H
#define TRAIN_REDUCE_H

#include "base/mem.h"

/* What a thread does with one block's partial gradient. */
struct reduction_leaf {
	uint16_t slot;   /* of its own stack: where the block's gradient goes ... */
	uint16_t folds;  /* ... and how often the topmost slot is then added into the one below it */
	bool add;        /* the gradient is added to the slot's content (its left sibling), else replaces it */
};

/* slots[into] += slots[from]; slot numbers count through all threads of all ranks: thread * n_slots + slot. */
struct reduction_sum {
	uint32_t into, from;
};

/* How many threads every rank has, and which one we are. */
struct reduction_ranks {
	int ranks, rank;
	const int *threads;
};

struct reduction {
	size_t n_blocks;
	int threads;                  /* of this rank */
	int first_thread;             /* its first one's number among those of all ranks */
	size_t begin, end;            /* its blocks */
	size_t n_slots;               /* a thread's stack at its deepest, of all ranks */
	struct reduction_leaf *leaves; /* n_blocks */
	struct reduction_sum *sums;   /* n_sums, in tree order; all are needed, in this order, for every parameter */
	size_t n_sums;
	struct reduction_sum *cross;  /* n_cross, the same of sums that take what another rank has */
	size_t n_cross;
	uint32_t root;                /* the slot that holds the whole sum afterwards */
	/* The slots whose contents are to be sent or received: those of rank r are held[first_held[r]] .. held[first_held[r+1]-1],
	 * ascending. */
	uint32_t *held;
	size_t *first_held;
};

/* The run of blocks of this rank's thread tid: [*begin, *end). */
void reduction_run(size_t *begin, size_t *end, const struct reduction *reduction, int tid);

enum cln_status reduction_create(struct reduction *reduction, size_t n_blocks, const struct reduction_ranks *ranks,
                                 struct cln_error *err) CLN_MUST_CHECK;
void reduction_free(struct reduction *reduction);

#endif
