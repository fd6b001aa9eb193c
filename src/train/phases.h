/* SPDX-License-Identifier: MIT
 * Where the time of a step goes: what `bench --phases` shows.  A clock belongs to one thread; a NULL clock costs one branch. */
#ifndef TRAIN_PHASES_H
#define TRAIN_PHASES_H

#include "base/parallel.h"

enum phase {
	PHASE_GATHER,    /* rows into panels */
	PHASE_FORWARD,   /* W A, bias, activation, dropout */
	PHASE_LOSS,      /* and dZ[L] */
	PHASE_GRADIENT,  /* dZ A^T, row sums */
	PHASE_BACKWARD,  /* W^T dZ, derivative */
	PHASE_REDUCTION, /* sums of partial gradients within a team, and for a norm */
	PHASE_OPTIMIZER, /* the last sums, the update, both orientations of the weights */
	PHASE_WAIT,      /* for other threads */
	PHASE_EXCHANGE,  /* with other ranks */
	PHASES
};

const char *phase_name(enum phase phase);

struct phase_clock {
	double seconds[PHASES];
	double mark; /* when the last phase ended */
};

static inline void phase_start(struct phase_clock *clock)
{
	if (clock)
		clock->mark = clock_seconds();
}

/* Accounts the time since the last call to `phase`. */
static inline void phase_end(struct phase_clock *clock, enum phase phase)
{
	if (clock) {
		const double now = clock_seconds();
		clock->seconds[phase] += now - clock->mark;
		clock->mark = now;
	}
}

#endif
