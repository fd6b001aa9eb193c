/* SPDX-License-Identifier: MIT
 * A training that is the work of several ranks.  Rank 0 leads: it has the data, decides everything, and is asked and told by
 * whoever watches; the others follow, each with a copy of the data and the network, and know only what they are told here. */
#ifndef TRAIN_JOB_H
#define TRAIN_JOB_H

#include "train/share.h"
#include "train/trainer_run.h"

/* What rank 0 tells the others to do next. */
enum ranks_command {
	RANKS_END,    /* there is nothing more */
	RANKS_TRAIN,  /* job_follow */
	RANKS_SCORE,  /* score_ranks_follow */
	RANKS_MEMBERS, /* crew_follow */
	RANKS_THREADS /* ranks_gather_threads */
};

/* ---------------------------------------------------------------- rank 0 */

struct job_task {
	struct network *net;
	const struct kernels *kernels;
	const struct dataset *train, *valid; /* valid: may be NULL */
	const struct cln_config *config;
	const struct training_state *from;   /* NULL: the training starts */
};

/* The others get data and network.  CLN_E_MEMORY, CLN_E_USAGE: one of them
 * cannot, and nobody begins. */
enum cln_status job_announce(const struct plan *plan, const struct job_task *task, struct cln_error *err) CLN_MUST_CHECK;

/* The trainer is there and has taken the state, or not (`status`): all begin, or nobody does. */
enum cln_status job_begin(struct comm *comm, const struct job_task *task, enum cln_status status,
                          struct cln_error *err) CLN_MUST_CHECK;

/* All do what the trainer is about to do: the steps of its epoch_state; the way back to the epoch's start. */
void job_steps(const struct trainer *trainer);
void job_go_back(const struct trainer *trainer);

/* The state's moments, whole. */
void job_gather(struct trainer *trainer);

/* Whether the validation rows are worth sharing; their logits, each rank some rows. */
bool job_shares_validation(const struct trainer *trainer);
enum cln_status job_validate(struct trainer *trainer, int threads, struct cln_error *err) CLN_MUST_CHECK;

void job_end(const struct trainer *trainer);

/* ---------------------------------------------------------------- the others */

/* Follows rank 0 through one training, from its job_announce to its job_end, with the threads of the config, or where that says
 * nothing so many.  What goes wrong is told to rank 0. */
void job_follow(struct comm *comm, struct share_memory *memory, int threads);

#endif
