/* SPDX-License-Identifier: MIT */
#include "api/crew_parts.h"

#include <stdio.h>
#include <string.h>

#include "api/ensemble_run.h"
#include "api/notes.h"

struct crew {
	struct ensemble *all;
	struct comm *comm;
	struct crew_header header;
	struct lane *lanes;       /* one a rank: whose member it trains; that of rank 0 is not used */
	bool *busy, *given_up;    /* of every rank */
	struct crew_word *words;
	struct crew_talk *talks;
	struct crew_member *members;
	struct comm_piece *pieces; /* CREW_ARRAYS a rank */
	int32_t *orders;          /* of every rank: a member, or CREW_...; behind them the action */
	enum cln_ask told;        /* what the others know of the wish */
	bool told_end, over;
	bool collects;            /* the others wait to hand out states */
};

/* ---------------------------------------------------------------- what both sides know */

size_t crew_list_arrays(struct comm_piece pieces[CREW_ARRAYS], int rank, const struct crew_header *header,
			const struct crew_member *member, const struct crew_arrays *arrays, size_t n_floats)
{
	const size_t valid_rows = header->valid.n_rows ? header->valid.n_rows : header->train.n_rows;
	size_t n = 0;

	if (member->train_listed)
		pieces[n++] = (struct comm_piece){rank, arrays->train_list, member->n_train * sizeof(uint32_t)};
	if (member->valid_listed)
		pieces[n++] = (struct comm_piece){rank, arrays->valid_list, member->n_valid * sizeof(uint32_t)};
	if (member->train_weighted)
		pieces[n++] = (struct comm_piece){rank, arrays->train_weights, header->train.n_rows * sizeof(float)};
	if (member->valid_weighted)
		pieces[n++] = (struct comm_piece){rank, arrays->valid_weights, valid_rows * sizeof(float)};
	for (size_t i = 0; i < STATE_N_PARTS; i++)
		if (member->parts[i])
			pieces[n++] = (struct comm_piece){rank, arrays->parts[i], n_floats * sizeof(float)};
	return n;
}

bool crew_meet(struct comm *comm, struct crew_word *words)
{
	size_t begin[COMM_MAX_RANKS + 1];
	bool talk = false;

	for (int r = 0; r <= comm->ranks; r++)
		begin[r] = (size_t)r * sizeof *words;
	comm_gather_all(comm, words, begin);
	for (int r = 0; r < comm->ranks; r++)
		talk |= words[r].talks != 0;
	return talk;
}

/* ---------------------------------------------------------------- set-up */

static enum cln_status create(struct crew *crew, struct cln_error *err)
{
	const size_t ranks = (size_t)crew->comm->ranks;

	crew->lanes = mem_alloc(ranks, sizeof *crew->lanes, err);
	crew->busy = mem_alloc(ranks, sizeof *crew->busy, err);
	crew->given_up = mem_alloc(ranks, sizeof *crew->given_up, err);
	crew->words = mem_alloc(ranks, sizeof *crew->words, err);
	crew->talks = mem_alloc(ranks, sizeof *crew->talks, err);
	crew->members = mem_alloc(ranks, sizeof *crew->members, err);
	crew->pieces = mem_alloc(ranks * CREW_ARRAYS, sizeof *crew->pieces, err);
	crew->orders = mem_alloc(ranks + 1, sizeof *crew->orders, err);
	return crew->lanes && crew->busy && crew->given_up && crew->words && crew->talks && crew->members && crew->pieces &&
	               crew->orders
	           ? CLN_OK
	           : CLN_E_MEMORY;
}

static void crew_free(struct crew *crew)
{
	mem_free(crew->lanes);
	mem_free(crew->busy);
	mem_free(crew->given_up);
	mem_free(crew->words);
	mem_free(crew->talks);
	mem_free(crew->members);
	mem_free(crew->pieces);
	mem_free(crew->orders);
	mem_free(crew);
}

static struct share_rows rows_of(const struct dataset *dataset)
{
	return (struct share_rows){dataset->n_rows, dataset->n_features, dataset->id};
}

static void send_rows(struct comm *comm, const struct dataset *dataset, const struct share_rows *rows)
{
	share_features(&(struct dataset){.X = dataset->X}, comm, rows);
	share_bytes(comm, dataset->y, dataset->n_rows * sizeof *dataset->y);
}

static enum cln_status announce(struct crew *crew, struct cln_error *err)
{
	const struct common *common = &crew->all->common;
	const struct prepared *data = common->data;
	enum ranks_command command = RANKS_MEMBERS;

	crew->header = (struct crew_header){.train = rows_of(&data->train), .valid = rows_of(&data->valid)};
	snprintf(crew->header.isa, sizeof crew->header.isa, "%s", common->kernels->name);
	comm_broadcast(crew->comm, &command, sizeof command);
	comm_broadcast(crew->comm, &crew->header, sizeof crew->header);
	enum cln_status status = comm_agree(crew->comm, CLN_OK, err);
	if (status != CLN_OK)
		return status;
	send_rows(crew->comm, &data->train, &crew->header.train);
	if (data->valid.n_rows > 0)
		send_rows(crew->comm, &data->valid, &crew->header.valid);
	return share_shape(&crew->all->shape, crew->comm, err);
}

enum cln_status crew_create(struct crew **crew, struct ensemble *all, struct comm *comm, struct cln_error *err)
{
	struct crew *new = mem_alloc(1, sizeof *new, err);

	*crew = NULL;
	if (!new)
		return CLN_E_MEMORY;
	*new = (struct crew){.all = all, .comm = comm};
	enum cln_status status = create(new, err);
	if (status == CLN_OK)
		status = announce(new, err);
	if (status != CLN_OK) {
		crew_free(new);
		return status;
	}
	new->words[0].talks = 1; /* the first members are to be given out */
	*crew = new;
	return CLN_OK;
}

/* ---------------------------------------------------------------- what the others say */

static size_t list_talkers(struct crew *crew, bool networks)
{
	size_t n = 0;

	for (int r = 1; r < crew->comm->ranks; r++) {
		if (!crew->words[r].talks || (networks && !crew_has_network(&crew->talks[r])))
			continue;
		struct network *net = crew->lanes[r].trainee.network;
		crew->pieces[n++] = networks ? (struct comm_piece){r, net->params, net->n_floats * sizeof *net->params}
		                             : (struct comm_piece){r, &crew->talks[r], sizeof *crew->talks};
	}
	return n;
}

/* A member's training has ended there. */
static void settle(struct crew *crew, int rank)
{
	struct lane *lane = &crew->lanes[rank];
	const struct crew_talk *talk = &crew->talks[rank];
	struct cln_error err = {.code = talk->status};
	enum cln_status status = talk->status;

	lane->result = talk->result;
	memcpy(err.message, talk->message, sizeof err.message);
	if (crew_has_network(talk))
		network_sync(lane->trainee.network);
	if (status != CLN_OK)
		status = ensemble_tell_failure(lane, status, &err);
	crew->all->n_active++; /* as if it had been a lane of this process */
	ensemble_settle(lane, lane->trainee.k, status, &err);
	crew->busy[rank] = crew->given_up[rank] = false;
}

static void hear(struct crew *crew)
{
	comm_exchange(crew->comm, NULL, 0, crew->pieces, list_talkers(crew, false));
	comm_exchange(crew->comm, NULL, 0, crew->pieces, list_talkers(crew, true));
	for (int r = 1; r < crew->comm->ranks; r++) {
		if (!crew->words[r].talks || !crew->busy[r])
			continue;
		if (crew->talks[r].note[0] && crew->all->observer && crew->all->observer->note)
			ensemble_hear_note(&crew->lanes[r], crew->talks[r].note);
		if (crew->talks[r].has_epoch)
			ensemble_hear_epoch(&crew->lanes[r], &crew->talks[r].epoch);
		if (crew->talks[r].ended)
			settle(crew, r);
	}
}

/* ---------------------------------------------------------------- what they do next */

static enum crew_action choose_action(const struct crew *crew)
{
	const struct ensemble *all = crew->all;

	if (crew->over)
		return CREW_OVER;
	if (all->wish == CLN_SAVE_AND_STOP)
		return ensemble_is_off(all) || crew->told == CLN_SAVE_AND_STOP ? CREW_ABANDON : CREW_STOP;
	if (all->wish == CLN_SAVE && !ensemble_is_off(all))
		return CREW_SAVE;
	return all->ends ? CREW_END : CREW_GO_ON;
}

static bool any_idle(const struct crew *crew)
{
	for (int r = 1; r < crew->comm->ranks; r++)
		if (!crew->busy[r])
			return true;
	return false;
}

static bool any_to_give_up(const struct crew *crew)
{
	for (int r = 1; r < crew->comm->ranks; r++)
		if (crew->busy[r] && !crew->given_up[r] && crew->lanes[r].trainee.k > crew->all->failed)
			return true;
	return false;
}

/* Whether there is something to order. */
static bool has_orders(const struct crew *crew)
{
	const struct ensemble *all = crew->all;

	return crew->over || all->wish != crew->told || all->ends != crew->told_end || any_to_give_up(crew) ||
	       (all->wish == CLN_GO_ON && any_idle(crew) && ensemble_next_member(all) < all->common.K);
}

/* What rank r needs for member k: here everything is there already. */
static enum cln_status give_member(struct crew *crew, int rank, size_t k, struct cln_error *err)
{
	struct ensemble *all = crew->all;
	struct lane *lane = &crew->lanes[rank];
	const struct training_state *from = all->from[k];

	*lane = (struct lane){.all = all, .threads = 1};
	const enum cln_status status = trainee_create(&lane->trainee, &all->common, k, 1, !from, err);
	if (status != CLN_OK)
		return status;
	const struct trainee *trainee = &lane->trainee;
	struct crew_member *member = &crew->members[rank];
	*member = (struct crew_member){.k = k,
				       .config = trainee->config,
				       .n_train = trainee->rows.train.n_rows,
				       .n_valid = trainee->rows.valid.n_rows,
				       .train_listed = trainee->rows.train.rows != NULL,
				       .valid_listed = trainee->rows.valid.rows != NULL,
				       .train_weighted = trainee->rows.train.w != NULL,
				       .valid_weighted = trainee->rows.valid.n_rows > 0 && trainee->rows.valid.w != NULL,
				       .goes_on = from != NULL,
				       .parts[STATE_WEIGHTS] = true};
	share_config(&member->config);
	if (from) {
		member->state = *from;
		for (size_t i = 0; i < STATE_N_PARTS; i++)
			member->parts[i] = from->parts[i] != NULL;
	}
	all->course[k] = MEMBER_UNDER_WAY;
	crew->busy[rank] = true;
	crew->orders[rank] = (int32_t)k;
	ensemble_tell_member(lane);
	return CLN_OK;
}

/* Members that wait go to ranks that have none.  One that cannot be set up here has failed. */
static void give_out(struct crew *crew)
{
	struct ensemble *all = crew->all;

	for (int r = 1; r < crew->comm->ranks; r++) {
		struct cln_error err = {0};
		const size_t k = ensemble_next_member(all);
		if (crew->busy[r] || k == all->common.K)
			continue;
		const enum cln_status status = give_member(crew, r, k, &err);
		if (status == CLN_OK)
			continue;
		crew->lanes[r].trainee.k = k;
		all->n_active++;
		ensemble_settle(&crew->lanes[r], k, status, &err);
	}
}

static void decide(struct crew *crew)
{
	const int ranks = crew->comm->ranks;
	const enum crew_action action = choose_action(crew);

	for (int r = 0; r < ranks; r++)
		crew->orders[r] = CREW_NOBODY;
	for (int r = 1; r < ranks; r++)
		if (crew->busy[r] && !crew->given_up[r] && crew->lanes[r].trainee.k > crew->all->failed) {
			crew->orders[r] = CREW_GIVE_UP;
			crew->given_up[r] = true;
		}
	if (crew->all->wish == CLN_SAVE && action != CREW_SAVE) /* the training has turned out to be about to end */
		crew->all->wish = CLN_GO_ON;
	if (action == CREW_GO_ON || action == CREW_END)
		give_out(crew);
	crew->orders[ranks] = action;
	crew->told = crew->all->wish == CLN_SAVE ? CLN_GO_ON : crew->all->wish; /* a checkpoint is told of once */
	crew->told_end = crew->all->ends;
	crew->collects = action == CREW_SAVE || action == CREW_STOP;
}

/* Those who have a new member get it; where one of them has no room, none of them has one. */
static void send_members(struct crew *crew)
{
	struct comm *comm = crew->comm;
	struct cln_error err = {0};
	size_t n = 0;

	for (int r = 1; r < comm->ranks; r++)
		if (crew->orders[r] >= 0)
			crew->pieces[n++] = (struct comm_piece){r, &crew->members[r], sizeof *crew->members};
	comm_exchange(comm, crew->pieces, n, NULL, 0);
	const enum cln_status status = comm_agree(comm, CLN_OK, &err);
	n = 0;
	for (int r = 1; r < comm->ranks; r++) {
		const struct trainee *trainee = &crew->lanes[r].trainee;
		if (crew->orders[r] < 0)
			continue;
		if (status != CLN_OK) {
			crew->talks[r] = (struct crew_talk){.ended = true, .status = status};
			memcpy(crew->talks[r].message, err.message, sizeof err.message);
			settle(crew, r);
			continue;
		}
		struct crew_arrays arrays = {.train_list = (uint32_t *)(uintptr_t)trainee->rows.train.rows,
					     .valid_list = (uint32_t *)(uintptr_t)trainee->rows.valid.rows,
					     .train_weights = trainee->rows.train.w,
					     .valid_weights = trainee->rows.valid.w,
					     .parts[STATE_WEIGHTS] = trainee->network->params};
		for (size_t i = 0; i < STATE_N_PARTS && crew->members[r].goes_on; i++)
			arrays.parts[i] = crew->members[r].state.parts[i];
		n += crew_list_arrays(crew->pieces + n, r, &crew->header, &crew->members[r], &arrays, crew->all->shape->n_floats);
	}
	comm_exchange(comm, crew->pieces, n, NULL, 0);
}

void crew_step(struct crew *crew)
{
	struct comm *comm = crew->comm;

	crew->words[0].talks |= has_orders(crew);
	const bool talk = crew_meet(comm, crew->words);
	for (int r = 1; r < comm->ranks; r++)
		comm_hear(comm, crew->words[r].signal);
	if (talk) {
		hear(crew);
		decide(crew);
		comm_broadcast(comm, crew->orders, ((size_t)comm->ranks + 1) * sizeof *crew->orders);
		send_members(crew);
	}
	memset(crew->words, 0, (size_t)comm->ranks * sizeof *crew->words);
}

/* ---------------------------------------------------------------- states */

/* The states come without their parts' places; those that they had are not NULL. */
static size_t list_states(struct crew *crew)
{
	size_t n = 0;

	for (int r = 1; r < crew->comm->ranks; r++)
		if (crew->busy[r])
			crew->pieces[n++] =
			    (struct comm_piece){r, &crew->members[r].state, sizeof crew->members[r].state};
	return n;
}

bool crew_collect(struct crew *crew)
{
	struct ensemble *all = crew->all;
	struct cln_error err = {0};
	enum cln_status status = CLN_OK;
	size_t n = 0;

	if (!crew->collects)
		return true;
	crew->collects = false;
	comm_exchange(crew->comm, NULL, 0, crew->pieces, list_states(crew));
	for (int r = 1; r < crew->comm->ranks && status == CLN_OK; r++)
		if (crew->busy[r])
			status = ensemble_make_room(all, crew->lanes[r].trainee.k, &crew->members[r].state, &err);
	status = comm_agree(crew->comm, status, &err);
	if (status != CLN_OK) {
		for (int r = 1; r < crew->comm->ranks; r++)
			if (crew->busy[r])
				ensemble_drop_room(all, crew->lanes[r].trainee.k);
		ensemble_lack_checkpoint(all, status, &err);
		return false;
	}
	for (int r = 1; r < crew->comm->ranks; r++)
		for (size_t i = 0; crew->busy[r] && i < STATE_N_PARTS; i++) {
			float *part = all->held[crew->lanes[r].trainee.k].parts[i];
			if (part)
				crew->pieces[n++] = (struct comm_piece){r, part, all->shape->n_floats * sizeof *part};
		}
	comm_exchange(crew->comm, NULL, 0, crew->pieces, n);
	return true;
}

/* ---------------------------------------------------------------- the end */

static bool any_busy(const struct crew *crew)
{
	for (int r = 1; r < crew->comm->ranks; r++)
		if (crew->busy[r])
			return true;
	return false;
}

void crew_finish(struct crew *crew)
{
	struct ensemble *all = crew->all;

	while (any_busy(crew)) {
		ensemble_ask(all);
		crew_step(crew);
		if (!crew->collects)
			continue;
		if (crew_collect(crew))
			ensemble_make_checkpoint(all);
		if (all->wish == CLN_SAVE)
			all->wish = CLN_GO_ON;
	}
}

void crew_destroy(struct crew *crew)
{
	if (!crew)
		return;
	crew->over = true;
	crew_step(crew);
	crew_free(crew);
}
