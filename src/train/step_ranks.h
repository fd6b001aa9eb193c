/* SPDX-License-Identifier: MIT
 * What a step does beside its blocks where these are the work of several ranks. */
#ifndef TRAIN_STEP_RANKS_H
#define TRAIN_STEP_RANKS_H

#include "train/step.h"

/* The teams of every rank. */
void ranks_gather_teams(int teams[COMM_MAX_RANKS], const struct plan *plan);

/* Slices and votes; reductions and updater must be there. */
enum cln_status ranks_create(struct stepper *stepper, struct cln_error *err) CLN_MUST_CHECK;
void ranks_free(struct stepper *stepper);

/* Behind the blocks of all threads: the losses of all ranks' blocks, what rank 0's observer asks for, and the sums within this
 * rank.  All threads call these. */
void ranks_vote(struct stepper *stepper, struct epoch_state *state, const struct reduction *reduction, struct team *team, int tid);

/* The rest of the sums, and new weights. */
void ranks_update(struct stepper *stepper, const struct reduction *reduction, size_t m, struct optimizer_args *constants,
                  struct team *team, int tid);

#endif
