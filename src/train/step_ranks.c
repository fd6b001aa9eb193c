/* SPDX-License-Identifier: MIT */
#include "train/step_ranks.h"

#include <string.h>

#include "base/parallel.h"

void ranks_gather_teams(int teams[COMM_MAX_RANKS], const struct plan *plan)
{
	size_t begin[COMM_MAX_RANKS + 1];
	for (int r = 0; r <= plan->comm->ranks; r++)
		begin[r] = (size_t)r * sizeof *teams;
	teams[plan->comm->rank] = plan->teams;
	comm_gather_all(plan->comm, teams, begin);
}

static size_t *list_votes(const struct reduction *reduction, int ranks, struct cln_error *err)
{
	size_t *begin = mem_alloc((size_t)ranks + 1, sizeof *begin, err);
	for (size_t r = 0; begin && r < (size_t)ranks; r++) {
		size_t first, last;
		split_range(&first, &last, reduction->n_blocks, r, (size_t)ranks);
		begin[r + 1] = begin[r] + (1 + last - first) * sizeof(double);
	}
	return begin;
}

enum cln_status ranks_create(struct stepper *stepper, struct cln_error *err)
{
	const struct plan *plan = &stepper->plan;
	const int ranks = plan->comm->ranks;
	const enum cln_status status = slices_create(&stepper->slices, &stepper->updater, plan->comm, plan->threads, &stepper->full,
	                                             &stepper->last, err);
	stepper->votes = mem_alloc((size_t)ranks + plan->n_blocks, sizeof *stepper->votes, err);
	stepper->full_votes = list_votes(&stepper->full, ranks, err);
	stepper->last_votes = list_votes(&stepper->last, ranks, err);
	if (status != CLN_OK)
		return status;
	return stepper->votes && stepper->full_votes && stepper->last_votes ? CLN_OK : CLN_E_MEMORY;
}

void ranks_free(struct stepper *stepper)
{
	slices_free(&stepper->slices);
	mem_free(stepper->votes);
	mem_free(stepper->full_votes);
	mem_free(stepper->last_votes);
}

/* This rank's word: what all do after the step, or a signal that rank 0 is to hear of. */
static double word_of(const struct comm *comm, const struct epoch_state *state)
{
	if (comm->rank > 0)
		return comm->signal ? comm->signal() : 0;
	return state->observer ? (double)state->observer->ask(state->observer->context) : CLN_GO_ON;
}

/* By thread 0. */
static void vote(struct stepper *stepper, struct epoch_state *state, const struct reduction *reduction)
{
	struct comm *comm = stepper->plan.comm;
	const size_t *begin = reduction == &stepper->full ? stepper->full_votes : stepper->last_votes;
	double *own = stepper->votes + begin[comm->rank] / sizeof *own;
	own[0] = word_of(comm, state);
	memcpy(own + 1, stepper->block_losses + reduction->begin, (reduction->end - reduction->begin) * sizeof *own);
	comm_gather_all(comm, stepper->votes, begin);
	for (int r = 0, block = 0; r < comm->ranks; r++) {
		const double *votes = stepper->votes + begin[r] / sizeof *votes;
		const size_t n = (begin[r + 1] - begin[r]) / sizeof *votes - 1;
		memcpy(stepper->block_losses + block, votes + 1, n * sizeof *votes);
		block += (int)n;
		if (r > 0 && comm->rank == 0)
			comm_hear(comm, (int)votes[0]);
	}
	state->asked = (enum cln_ask)stepper->votes[0];
}

static struct phase_clock *clock_of(const struct stepper *stepper, int tid)
{
	return stepper->plan.clocks ? &stepper->plan.clocks[tid] : NULL;
}

void ranks_vote(struct stepper *stepper, struct epoch_state *state, const struct reduction *reduction, struct team *team, int tid)
{
	const struct updater *updater = &stepper->updater;
	struct phase_clock *clock = clock_of(stepper, tid);
	if (tid == 0)
		vote(stepper, state, reduction);
	phase_end(clock, PHASE_EXCHANGE);
	slices_add_own(&stepper->slices, reduction, updater->shares[tid], updater->shares[tid + 1]);
	phase_end(clock, PHASE_REDUCTION);
	team_barrier(team, tid);
	phase_end(clock, PHASE_WAIT);
}

/* What one thread does for all, between two barriers. */
static void meet_after(struct team *team, int tid, struct phase_clock *clock)
{
	phase_end(clock, PHASE_EXCHANGE);
	team_barrier(team, tid);
	phase_end(clock, PHASE_WAIT);
}

/* The factor of the gradient needs all norms. */
static void clip(struct stepper *stepper, const struct route *route, size_t m, struct optimizer_args *constants, struct team *team,
                 int tid)
{
	struct phase_clock *clock = clock_of(stepper, tid);
	slices_reduce(&stepper->slices, route, tid);
	phase_end(clock, PHASE_REDUCTION);
	team_barrier(team, tid);
	phase_end(clock, PHASE_WAIT);
	if (tid == 0)
		slices_gather_norms(&stepper->slices);
	meet_after(team, tid, clock);
	constants->scale = updater_scale(&stepper->updater, m);
}

void ranks_update(struct stepper *stepper, const struct reduction *reduction, size_t m, struct optimizer_args *constants,
                  struct team *team, int tid)
{
	struct slices *slices = &stepper->slices;
	const struct route *route = reduction == &stepper->full ? &slices->full : &slices->last;
	struct phase_clock *clock = clock_of(stepper, tid);
	if (tid == 0)
		slices_exchange(slices, route);
	meet_after(team, tid, clock);
	if (stepper->config->clip_norm > 0) {
		clip(stepper, route, m, constants, team, tid);
		slices_step(slices, route, constants, tid);
	} else {
		slices_reduce_and_step(slices, route, constants, tid);
	}
	phase_end(clock, PHASE_OPTIMIZER);
	team_barrier(team, tid);
	phase_end(clock, PHASE_WAIT);
	if (tid == 0)
		slices_gather(slices, stepper->net->params);
	meet_after(team, tid, clock);
	slices_transpose(slices, tid, stepper->plan.threads);
	phase_end(clock, PHASE_OPTIMIZER);
}
