/* SPDX-License-Identifier: MIT
 * The training of an ensemble under way, for those who do it: ensemble.c, and crew.c where other ranks train members. */
#ifndef API_ENSEMBLE_RUN_H
#define API_ENSEMBLE_RUN_H

#include "api/ensemble.h"

/* Threads that train one member after the other. */
struct lane {
	struct ensemble *all;
	int threads;
	struct trainee trainee;
	struct trainer_result result;
	struct cln_observer observer;       /* the trainer's: tells the fit's which member it is */
	const struct training_state *state; /* while the lane waits in a meeting */
	struct cln_error held;              /* why its state could not be kept; code CLN_OK: it could */
	bool moves;                         /* it was stopped only to be dealt out anew */
};

/* The first member that waits and is to be trained; K: there is none.  When the observer has heard enough epochs, only those are
 * that have begun one and wait in between. */
size_t ensemble_next_member(const struct ensemble *all);

/* What the observer wishes, kept in all->wish until it is fulfilled. */
void ensemble_ask(struct ensemble *all);

/* A checkpoint would be of a training that is about to end. */
bool ensemble_is_off(const struct ensemble *all);

/* Of all members that have begun; nobody is within a step. */
void ensemble_make_checkpoint(struct ensemble *all);

/* A member's observer: what lane->trainee.k tells. */
void ensemble_tell_member(struct lane *lane);
bool ensemble_hear_epoch(void *lane, const struct cln_epoch *epoch);
void ensemble_hear_note(void *lane, const char *sentence);

/* Why the lane's member could not be trained to its end; and what became of it. */
enum cln_status ensemble_tell_failure(const struct lane *lane, enum cln_status status, struct cln_error *err);
void ensemble_settle(struct lane *lane, size_t k, enum cln_status status, const struct cln_error *err);

/* There is none, for this reason: it is told, and kept for the end. */
void ensemble_lack_checkpoint(struct ensemble *all, enum cln_status status, const struct cln_error *err);

/* Room for a copy of a state like this, in all->held and all->from; and none any more. */
enum cln_status ensemble_make_room(struct ensemble *all, size_t k, const struct training_state *state,
				   struct cln_error *err) CLN_MUST_CHECK;
void ensemble_drop_room(struct ensemble *all, size_t k);

#endif
