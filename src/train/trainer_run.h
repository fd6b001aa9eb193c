/* SPDX-License-Identifier: MIT
 * A training under way, for those who do it: the trainer, and job.c where other ranks have a part in it. */
#ifndef TRAIN_TRAINER_RUN_H
#define TRAIN_TRAINER_RUN_H

#include "train/step.h"
#include "train/trainer.h"

/* A run under way. */
struct trainer {
	struct stepper stepper;
	const struct dataset *valid;
	const struct cln_observer *observer;
	const struct trainer_keeper *keeper;
	uint32_t *order;
	double start, last_report;   /* of this process's part of the run, and of progress: when */
	float *valid_logits;
	const float *valid_y, *valid_w; /* of the validation rows, one after the other; w NULL: all 1 */
	float *valid_copies;         /* of these, where they do not lie so */
	float *best_params;          /* of the best epoch, where there are validation rows */
	float *start_parts[3];       /* what the epoch began with, where it may have to go back */
	struct training_state state;
	struct trainer_result *result;
	struct epoch_state epoch;    /* what the threads share */
};

static inline bool trainer_has_valid(const struct dataset *valid) { return valid && valid->n_rows > 0; }

/* The arrays beside the stepper's; and the end of both. */
enum cln_status trainer_create_arrays(struct trainer *trainer, struct cln_error *err) CLN_MUST_CHECK;
void trainer_destroy(struct trainer *trainer);

/* What an epoch may have to go back to, and going back to it. */
void trainer_keep_start(struct trainer *trainer);
void trainer_restore_start(struct trainer *trainer);

/* The order of the current epoch's rows.  A mini-batch of all rows has them in the order of the data. */
void trainer_order_rows(struct trainer *trainer);

/* Steps of trainer->epoch until the epoch's end, a failure, or a wish of the observer's. */
enum cln_status trainer_run_steps(struct trainer *trainer, struct cln_error *err) CLN_MUST_CHECK;

#endif
