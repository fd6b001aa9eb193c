/* SPDX-License-Identifier: MIT
 * The epoch loop: shuffle, steps, validation, early stopping; calls back once an epoch, and hands out its state between two steps.
 * Never sees a path or a file. */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include "data/dataset.h"
#include "nn/network.h"
#include "train/plan.h"
#include "train/state.h"

struct trainer_result {
	size_t epochs, best_epoch, recoveries;
	double seconds, rows_per_second; /* with what was spent before the state that it went on from */
	bool unfinished; /* CLN_STOPPED within an epoch: the network is that of the last step */
};

/* Where a training goes on from, and who takes its state. */
struct trainer_keeper {
	const struct training_state *from; /* NULL: starts.  Its parts fit the network and the config (trainer_check) */
	void *context;
	void (*save)(void *context, const struct training_state *state); /* as the observer's `ask` wished; lent; may be NULL */
};

/* Whether a state can be gone on from: CLN_E_USAGE where its position or its parts are not those of such a training. */
enum cln_status trainer_check(const struct training_state *state, const struct dataset *train, const struct dataset *valid,
                              const struct cln_config *config, const struct plan *plan, struct cln_error *err) CLN_MUST_CHECK;

/* Trains net in place; at the end it holds the weights of the best epoch where valid has rows (best by config->metric), else the
 * last. plan: from plan_create for this net and config.  CLN_E_DIVERGED names layer, step and likely cause.
 *
 * Diverged is an epoch in which a loss or a weight is not finite, or whose mean loss is more than 1000 times the least of the
 * epochs before it and of the first mini-batch (or of ln 2, what guessing costs, where that is more).  With config->recover the
 * epoch then starts again from the weights and moments that it began with, at half the rate of before; its order and masks stay
 * the same.
 *
 * keeper: NULL, or where to go on and who takes the state.  A training that went on ends with the same bits. */
enum cln_status trainer_continue(struct network *net, const struct dataset *train, const struct dataset *valid,
                                 const struct cln_config *config, const struct plan *plan, const struct kernels *kernels,
                                 const struct cln_observer *observer, const struct trainer_keeper *keeper,
                                 struct trainer_result *result, struct cln_error *err) CLN_MUST_CHECK;

/* The same from the start. */
enum cln_status trainer_run(struct network *net, const struct dataset *train, const struct dataset *valid,
                            const struct cln_config *config, const struct plan *plan, const struct kernels *kernels,
                            const struct cln_observer *observer, struct trainer_result *result,
                            struct cln_error *err) CLN_MUST_CHECK;

#endif
