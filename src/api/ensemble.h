/* SPDX-License-Identifier: MIT
 * The networks of a fit, trained: one, or the members of an ensemble, one after the other or side by side in lanes.
 *
 * A lane is a part of the threads.  It takes the first member that waits, trains it to its end, and takes the next one.  No bit
 * depends on lanes: a member follows from the options, its number and the rows alone.  When a lane finds nothing to take while
 * others are under way, all of them stop after a step, the threads are dealt out anew over the members left, and these go on from
 * their states, as after a checkpoint.
 *
 * Other ranks of the program do the same, each as one lane (crew.h), where they do not share every mini-batch.
 *
 * A member that fails does not end those before it, so that the failure that is told is that of the first member that fails,
 * whatever the lanes; those behind it are given up. */
#ifndef API_ENSEMBLE_H
#define API_ENSEMBLE_H

#include "api/identity.h"
#include "api/trainee.h"
#include "model/checkpoint.h"

struct lane;
struct crew;

struct ensemble {
	struct common common;
	const struct cln_observer *observer; /* or NULL */
	int threads;                         /* allowed */
	struct identity_sources sources;     /* what a checkpoint is told apart by ... */
	struct text identity;                /* ... once that was needed: it takes a pass over the tables */
	struct network *shape;               /* the first member's network before its training */
	struct plan plan;                    /* its plan, with the threads of a lane */
	int n_lanes, threads_used;           /* at the start */
	double seconds_before, start;        /* of the parts of the training before this one; when this one began */

	/* What came of it: of the members trained, from the first on.  `finished` has the weights of `trained`. */
	size_t n_trained;
	struct network *trained[CLN_MAX_ENSEMBLE];
	struct finished_member finished[CLN_MAX_ENSEMBLE];
	double seconds;
	struct cln_error unsaved; /* why the last checkpoint could not be made; code CLN_OK: it was */
	bool unfinished; /* CLN_STOPPED before the end of an epoch: there is no model of it */

	/* The members' courses, by their numbers, and what lanes share: under the lock. */
	struct crew *crew; /* other ranks, that train members of their own; NULL: there are none */
	struct lock *lock;
	struct lane *lanes;
	enum { MEMBER_WAITS, MEMBER_UNDER_WAY, MEMBER_ENDED } course[CLN_MAX_ENSEMBLE];
	const struct training_state *from[CLN_MAX_ENSEMBLE]; /* where one that waits goes on; NULL: at its start */
	struct training_state held[CLN_MAX_ENSEMBLE];        /* own copies of states, between lanes and lanes */
	bool told[CLN_MAX_ENSEMBLE];  /* the observer knows that its training began or goes on */
	size_t n_active;              /* lanes that have a member */
	size_t n_arrived, n_meetings; /* lanes at the meeting for a checkpoint; meetings that are over */
	enum cln_ask wish;            /* the observer's, until it is fulfilled */
	bool regroups;                /* all lanes stop, to be dealt out anew */
	bool ends;                    /* the observer's `epoch` wants no more epochs */
	size_t failed;                /* the first member that has, and why; SIZE_MAX: none */
	struct cln_error failure;
	size_t stopped;               /* the same of those that were stopped */
	struct cln_error stop;
	double last_progress;
};

/* Network and plan of the first member, and the lanes.  common, observer, threads and sources are given; the rest is zero.
 * checkpoint: to go on from, or NULL; lent until the end of the training. */
enum cln_status ensemble_set_up(struct ensemble *ensemble, const struct cln_checkpoint *checkpoint,
				struct cln_error *err) CLN_MUST_CHECK;

/* How many members are trained at a time, by lanes or ranks. */
size_t ensemble_at_a_time(const struct ensemble *ensemble);

/* Whether the checkpoint is one of this very training; takes from it what has ended and where the others go on.  CLN_E_USAGE. */
enum cln_status ensemble_take_checkpoint(struct ensemble *ensemble, const struct cln_checkpoint *checkpoint,
					 struct cln_error *err) CLN_MUST_CHECK;

/* CLN_OK or CLN_STOPPED: the networks are trained as far as it goes. */
enum cln_status ensemble_train(struct ensemble *ensemble, struct cln_error *err) CLN_MUST_CHECK;

void ensemble_free(struct ensemble *ensemble);

#endif
