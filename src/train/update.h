/* SPDX-License-Identifier: MIT
 * From the partial gradients of a mini-batch to new weights: the sums that the threads have left, the optimizer, and both
 * orientations of the weights, chunk by chunk, so that a chunk goes through the first-level cache once. */
#ifndef TRAIN_UPDATE_H
#define TRAIN_UPDATE_H

#include "nn/passes.h"
#include "train/optimizer.h"
#include "train/plan.h"
#include "train/reduce.h"

#define CHUNK_INPUTS 64 /* inputs x 16 outputs: 4 KiB of each array */

/* A stretch of the parameters: inputs k_begin .. k_end-1 of an output panel of W[layer], or, with k_begin = k_end, its biases;
 * layer 0: an embedding, a panel of the scale, up to TABLE_CHUNK floats of the categories' tables, a binned number, or a panel of
 * an alpha. */
#define TABLE_CHUNK ((size_t)CHUNK_INPUTS * PANEL)
enum { FRONT_PARTS = 4 }; /* embeddings, scale, tables, bins */
struct chunk {
	size_t offset, n;         /* floats of network.params */
	size_t layer, panel;
	size_t k_begin, k_end;
	float rate;               /* factor of the learning rate */
};

struct updater {
	struct network *net;
	const struct kernels *kernels;
	const struct cln_config *config;
	struct optimizer optimizer;
	struct chunk *chunks;     /* layer by layer, panel by panel, a panel's biases before its weights; the front's; alpha's */
	size_t n_chunks;
	size_t layer_chunks[NETWORK_MAX_LAYERS + 2]; /* the first chunk of each layer, and that behind the last */
	size_t front_chunks[FRONT_PARTS + 1];        /* the same of each part of the front; alpha's are behind the last */
	size_t *shares;           /* threads + 1: thread t's chunks are shares[t] .. shares[t+1]-1, of about the same size */
	double *chunk_norms;      /* squared norms, for clipping */
	float **slots;            /* partial gradients, as reduce.h numbers them: arrays of net->n_floats, a team's in one piece */
	size_t n_slots;           /* a team's; `slots` has them for every team */
	size_t teams;
};

/* n_slots: what the largest of the reductions needs for each of plan's teams. */
enum cln_status updater_create(struct updater *updater, struct network *net, const struct kernels *kernels,
                               const struct cln_config *config, const struct plan *plan, size_t n_slots,
                               struct cln_error *err) CLN_MUST_CHECK;
void updater_free(struct updater *updater);

/* The slots of one team. */
static inline float **updater_slots(const struct updater *updater, size_t team) { return updater->slots + team * updater->n_slots; }

/* What `leaf` says of folding a team's slots, on chunks begin .. end-1. */
void updater_fold(const struct updater *updater, size_t team, const struct reduction_leaf *leaf, size_t begin, size_t end);

/* The sum of the squares of n floats (a multiple of PANEL), finite where they are: in double where it overflows as a float. */
double updater_squares(const struct updater *updater, const float *sum, size_t n);

/* What the teams have left of chunks begin .. end-1, added up in tree order in the root's slot, and the sums' squared norms. */
void updater_reduce(struct updater *updater, const struct reduction *reduction, size_t begin, size_t end);

/* The optimizer on chunks begin .. end-1, whose gradient sums lie in the root's slot. */
void updater_step(struct updater *updater, const struct reduction *reduction, size_t begin, size_t end,
                  const struct optimizer_args *constants);

/* Both in one pass, where no norm is needed in between. */
void updater_reduce_and_step(struct updater *updater, const struct reduction *reduction, size_t begin, size_t end,
                             const struct optimizer_args *constants);

/* The optimizer on one chunk, whose gradient sum is g. */
void updater_step_chunk(struct updater *updater, const struct chunk *chunk, const float *g, const struct optimizer_args *constants);

/* The chunk in the other orientation, where its layer has one. */
void updater_transpose(const struct updater *updater, const struct chunk *chunk);

/* The sum that a slot of this process holds, by its number in the reduction. */
float *updater_slot(const struct updater *updater, const struct reduction *reduction, uint32_t number);

/* The chunks of a share of layer `layer`: whole panels, or of a single panel the inputs from a multiple of CHUNK_INPUTS up to
 * another one or to the last input; the biases with input 0. */
void updater_chunks(size_t *begin, size_t *end, const struct updater *updater, size_t layer, const struct weight_share *share);

/* chunks[i][0] .. chunks[i][1]-1 of a share of each part of the front: its embeddings', its scale's panels', its tables' floats'
 * (from a multiple of TABLE_CHUNK up to another one or to the last), and its binned numbers'. */
void updater_front_chunks(size_t chunks[FRONT_PARTS][2], const struct updater *updater, const struct front_share *share);

/* Those of panels p_begin .. p_end-1 of alpha[layer]. */
void updater_alpha_chunks(size_t *begin, size_t *end, const struct updater *updater, size_t layer, size_t p_begin, size_t p_end);

/* first[0 .. parts]: cuts the chunks begin .. end-1, of `floats` floats, where the parts' even shares begin.  order: NULL, or what
 * chunk stands at each place. */
void updater_cut(size_t *first, const struct updater *updater, const uint32_t *order, size_t begin, size_t end, size_t floats,
                 size_t parts);

/* 1/m, and less where the gradient's norm exceeds clip_norm: the norms of all chunks, added in order. */
float updater_scale(const struct updater *updater, size_t m);

#endif
