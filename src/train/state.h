/* SPDX-License-Identifier: MIT
 * The state of a training between two steps: beside the data and the options, all that the rest of it follows from.  The order of
 * an epoch, its masks and rates are functions of seed, epoch and step, and need no place here. */
#ifndef TRAIN_STATE_H
#define TRAIN_STATE_H

#include <colonnade.h>

/* Arrays in the layout of network.params. */
enum state_part {
	STATE_WEIGHTS,
	STATE_FIRST, STATE_SECOND, /* the optimizer's moments, where it has them */
	STATE_BEST,                /* weights of the best epoch, once there is one that was validated */
	/* what the current epoch began with, where it might have to go back there and has done a step */
	STATE_START_WEIGHTS, STATE_START_FIRST, STATE_START_SECOND,
	STATE_N_PARTS
};

struct training_state {
	size_t epoch;        /* complete epochs, their validation included */
	size_t step;         /* steps done of the one after them */
	double loss_sum;     /* over the rows of those steps */
	double least_loss;   /* of the first mini-batch's mean loss and the complete epochs'; infinite before there is one */
	size_t recoveries;   /* each has halved the rate */
	size_t best_epoch;   /* without validation rows the last one; 0: none */
	struct cln_metrics best; /* of STATE_BEST; rows = 0: there is none */
	/* Time spent on the run, on the steps of its complete epochs, and on those of the current one: changes no bit. */
	double seconds, training_seconds, epoch_seconds;
	float *parts[STATE_N_PARTS]; /* NULL: there is none */
};

#endif
