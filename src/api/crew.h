/* SPDX-License-Identifier: MIT
 * Members of an ensemble on several ranks: each trains whole members, one at a time, with its threads.  Rank 0 has the ensemble: it
 * gives members out, and gets back what the observer is to hear, states for a checkpoint, and networks.
 *
 * All ranks meet after every step of each (a short message), so that a wish of the observer's and a signal to any rank are known
 * to all after the same one.  Members are alike, so are their steps, and nobody waits long.  No bit depends on who trains what. */
#ifndef API_CREW_H
#define API_CREW_H

#include "api/ensemble.h"
#include "comm/comm.h"
#include "train/share.h"

struct crew;

/* ---------------------------------------------------------------- rank 0 */

/* The others get the rows and the shape of the networks.  After an error there is none, and nobody follows. */
enum cln_status crew_create(struct crew **crew, struct ensemble *all, struct comm *comm, struct cln_error *err) CLN_MUST_CHECK;

/* After a step of a member of this rank's own: what the others have to say, and what they do next.  all->wish is the observer's. */
void crew_step(struct crew *crew);

/* Where a checkpoint is wished for: the states of the others' members, into all->held.  False: there is no room for them, as the
 * observer was told, and there can be no checkpoint. */
bool crew_collect(struct crew *crew) CLN_MUST_CHECK;

/* This rank has no member to train: until the others have ended theirs. */
void crew_finish(struct crew *crew);

/* The others are released. */
void crew_destroy(struct crew *crew);

/* ---------------------------------------------------------------- the others */

void crew_follow(struct comm *comm, struct share_memory *memory, int threads);

#endif
