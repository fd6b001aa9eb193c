/* SPDX-License-Identifier: MIT
 * The update where a mini-batch is the work of several ranks.  Every rank owns a slice of the parameters, a stretch of the flat
 * array.  It receives the other ranks' partial gradients of its slice, adds up the rest of the tree, applies the optimizer to the
 * slice, and all then receive the slices' new weights; the optimizer's moments are up to date in their owner's slice alone.  The
 * bits are those of one process: the tree is the same, and a chunk's update depends on no other. */
#ifndef TRAIN_SLICES_H
#define TRAIN_SLICES_H

#include "comm/comm.h"
#include "train/update.h"

/* Where a slot's contents lie on the owner of a slice: those of the parameter `first` at at[0]. */
struct place {
	float *at;
	size_t first;
};

/* What is sent and received for one reduction, and then added up. */
struct route {
	struct comm_piece *sends, *receives;
	size_t n_sends, n_receives;
	struct {
		struct place into, from;
	} *sums;
	size_t n_sums;
	struct place root;
};

struct slices {
	struct comm *comm;
	struct updater *updater;
	uint32_t *sorted;      /* all chunks, by where they lie */
	size_t *first;         /* ranks + 1: rank r owns the chunks sorted[first[r]] .. sorted[first[r+1]-1] ... */
	size_t *begin;         /* ... which are bytes begin[r] .. begin[r+1]-1 of the parameters ... */
	size_t *norms_begin;   /* ... and those of norms */
	double *norms;         /* squared, of sorted's chunks */
	size_t *shares;        /* threads + 1: thread t works sorted[shares[t]] .. sorted[shares[t+1]-1] of the own ones */
	float *received;       /* other ranks' partial gradients of the own slice, one after the other */
	struct route full, last;
};

enum cln_status slices_create(struct slices *slices, struct updater *updater, struct comm *comm, int threads,
                              const struct reduction *full, const struct reduction *last, struct cln_error *err) CLN_MUST_CHECK;
void slices_free(struct slices *slices);

/* The sums within this rank, of chunks begin .. end-1. */
void slices_add_own(struct slices *slices, const struct reduction *reduction, size_t begin, size_t end);

/* Between one rank and the others: partial gradients to the owners; the norms that slices_reduce has left; the weights.  By one
 * thread, behind a barrier and before one. */
void slices_exchange(struct slices *slices, const struct route *route);
void slices_gather_norms(struct slices *slices);
void slices_gather(struct slices *slices, float *values);

/* Thread tid's share of the own slice: the rest of the sums and their norms; the optimizer; and both at once. */
void slices_reduce(struct slices *slices, const struct route *route, int tid);
void slices_step(struct slices *slices, const struct route *route, const struct optimizer_args *constants, int tid);
void slices_reduce_and_step(struct slices *slices, const struct route *route, const struct optimizer_args *constants, int tid);

/* Thread tid's share of the other ranks' weights in the other orientation. */
void slices_transpose(const struct slices *slices, int tid, int threads);

#endif
