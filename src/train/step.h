/* SPDX-License-Identifier: MIT
 * One training step on a team of threads: partial gradients of the blocks, the reduction, the optimizer. */
#ifndef TRAIN_STEP_H
#define TRAIN_STEP_H

#include "base/parallel.h"
#include "data/dataset.h"
#include "nn/passes.h"
#include "train/optimizer.h"
#include "train/plan.h"
#include "train/reduce.h"

/* A stretch of the parameters that is reduced and updated at a time: it stays in the first-level cache on its way through. */
struct chunk {
	size_t offset, n;         /* floats of network.params */
	size_t layer, panel;      /* of W[layer]; inputs k_begin .. k_end-1 */
	size_t k_begin, k_end;    /* k_begin = k_end: biases */
};

/* Everything the steps of a run need; created once, nothing is allocated in a step. */
struct stepper {
	struct network *net;
	const struct kernels *kernels;
	const struct cln_config *config;
	const struct dataset *data;
	struct plan plan;
	struct reduction full, last;  /* of a full mini-batch, and of an epoch's incomplete last one */
	struct optimizer optimizer;
	struct chunk *chunks;
	size_t n_chunks;
	double *chunk_norms;          /* squared norms, for clipping */
	float **slots;                /* partial gradients: threads x n_slots arrays of net->n_floats */
	size_t n_slots;               /* of one thread */
	struct block_space *spaces;   /* one a thread */
	double *block_losses;         /* of the current mini-batch */
	size_t steps_per_epoch, n_steps;
};

/* What the threads share during an epoch. */
struct epoch_state {
	uint32_t epoch;              /* 0-based */
	const uint32_t *order;       /* of the rows */
	double loss_sum;             /* over the epoch's rows so far */
	size_t failed_step;          /* the first step whose loss was not finite, SIZE_MAX while there is none */
};

enum cln_status stepper_create(struct stepper *stepper, struct network *net, const struct kernels *kernels,
                               const struct cln_config *config, const struct dataset *data, const struct plan *plan,
                               struct cln_error *err) CLN_MUST_CHECK;
void stepper_free(struct stepper *stepper);

/* Step `step` (0-based within the epoch), called by all threads of the team; tid 0 adds to state->loss_sum.  Returns false on every
 * thread alike once a loss is not finite; the weights are then those before that step. */
bool stepper_step(struct stepper *stepper, struct epoch_state *state, size_t step, struct team *team, int tid);

#endif
