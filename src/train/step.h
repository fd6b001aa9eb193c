/* SPDX-License-Identifier: MIT
 * One training step on teams of threads: partial gradients of the blocks, the reduction, the optimizer. */
#ifndef TRAIN_STEP_H
#define TRAIN_STEP_H

#include "base/parallel.h"
#include "data/dataset.h"
#include "nn/passes.h"
#include "train/narrow.h"
#include "train/plan.h"
#include "train/slices.h"
#include "train/update.h"

/* Everything the steps of a run need; created once, nothing is allocated in a step. */
struct stepper {
	struct network *net;
	const struct kernels *kernels;
	const struct cln_config *config;
	const struct dataset *data;
	struct plan plan;
	struct reduction full, last;  /* over the teams: of a full mini-batch, and of an epoch's incomplete last one */
	struct updater updater;
	struct block_space *spaces;   /* one a team */
	struct barrier **barriers;    /* one a team, where it has several members */
	double *block_losses;         /* of the current mini-batch */
	struct slices slices;         /* where plan.comm has other ranks */
	/* What they tell one another in every step: a word (rank 0: what the observer asks for, another one: a signal that it was
	 * sent), then the losses of its blocks.  Rank r's stretch: bytes full_votes[r] .. full_votes[r+1]-1, or
	 * last_votes in an incomplete last mini-batch. */
	double *votes;
	size_t *full_votes, *last_votes;
	bool is_narrow;
	struct narrow narrow;         /* where is_narrow: the step's own memory */
	size_t steps_per_epoch, n_steps;
	bool gathered;                /* every mini-batch has the same columns in one block, and that block holds them already */
};

/* What the threads share during an epoch.  Every rank has its own. */
struct epoch_state {
	uint32_t epoch;              /* 0-based */
	const uint32_t *order;       /* of the rows */
	size_t first_step;           /* of this stretch of steps */
	double rate_factor;          /* the schedule's rate is multiplied by this */
	double loss_sum;             /* over the epoch's rows so far */
	size_t failed_step;          /* the first step whose loss was not finite, SIZE_MAX while there is none */
	const struct cln_observer *observer; /* asked by tid 0 at the end of a step; NULL: nobody is */
	enum cln_ask asked;          /* what the observer wants after the step: the same for all threads behind its last barrier */
};

enum cln_status stepper_create(struct stepper *stepper, struct network *net, const struct kernels *kernels,
                               const struct cln_config *config, const struct dataset *data, const struct plan *plan,
                               struct cln_error *err) CLN_MUST_CHECK;
void stepper_free(struct stepper *stepper);

/* Step `step` (0-based within the epoch), called by all threads of the team; tid 0 adds to state->loss_sum and asks the observer.
 * Returns false on every thread alike once a loss is not finite; the weights are then those before that step. */
bool stepper_step(struct stepper *stepper, struct epoch_state *state, size_t step, struct team *team, int tid);

#endif
