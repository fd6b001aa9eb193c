/* SPDX-License-Identifier: MIT
 * Scores of many rows, each rank some of them: rank 0 sends rows and networks, and gets what the others make of them. */
#ifndef API_SCORE_RANKS_H
#define API_SCORE_RANKS_H

#include "api/scores.h"
#include "comm/comm.h"

/* Whether there are other ranks and the work is worth what is to be sent. */
bool score_ranks_pay(const struct scorer *scorer, size_t n_rows);

/* On rank 0; as scores_of_rows. */
enum cln_status score_ranks_compute(float *probabilities, float *logits, const struct scorer *scorer, const struct some_rows *some,
				    struct cln_error *err) CLN_MUST_CHECK;

/* On the others. */
void score_ranks_follow(struct comm *comm, int threads);

#endif
