/* SPDX-License-Identifier: MIT
 * The epoch loop: shuffle, steps, validation, early stopping; calls back once an epoch.  Never sees a path or a file. */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include "data/dataset.h"
#include "nn/network.h"
#include "train/plan.h"

struct trainer_result {
	size_t epochs, best_epoch;
	double seconds, rows_per_second;
	bool stopped; /* by the observer */
};

/* Trains net in place; at the end it holds the weights of the best epoch where valid has rows (best by config->metric), else the
 * last. plan: from plan_create for this net and config.  CLN_E_DIVERGED names layer, step and likely cause. */
enum cln_status trainer_run(struct network *net, const struct dataset *train, const struct dataset *valid,
                            const struct cln_config *config, const struct plan *plan, const struct kernels *kernels,
                            const struct cln_observer *observer, struct trainer_result *result,
                            struct cln_error *err) CLN_MUST_CHECK;

#endif
