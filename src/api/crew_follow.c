/* SPDX-License-Identifier: MIT */
#include "api/crew_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/parallel.h"

/* A rank that trains members for rank 0. */
struct follower {
	struct comm *comm;
	struct share_memory *memory;
	struct crew_header header;
	const struct kernels *kernels;
	struct network *shape;
	struct crew_word *words;
	struct crew_talk talk;     /* what is to be said next time */
	int32_t *orders;
	int threads;
	struct crew_member member; /* to be trained next, where has_member */
	struct crew_arrays arrays;
	bool has_member;
	bool trains;               /* is within a member's training */
	bool hands_out;            /* its state is asked for */
	bool stops, ends, over;
};

/* ---------------------------------------------------------------- the rows of all members */

static enum cln_status make_rooms(struct follower *follower, struct cln_error *err)
{
	const struct crew_header *header = &follower->header;
	enum cln_status status = share_kernels(&follower->kernels, header->isa, err);

	if (status == CLN_OK)
		status = share_room(&follower->memory->train, &header->train, err);
	if (status == CLN_OK && header->valid.n_rows > 0)
		status = share_room(&follower->memory->valid, &header->valid, err);
	if (status != CLN_OK)
		return status;
	follower->words = mem_alloc((size_t)follower->comm->ranks, sizeof *follower->words, err);
	follower->orders = mem_alloc((size_t)follower->comm->ranks + 1, sizeof *follower->orders, err);
	return follower->words && follower->orders ? CLN_OK : CLN_E_MEMORY;
}

static void receive_rows(struct follower *follower, struct dataset *kept, const struct share_rows *rows)
{
	share_features(kept, follower->comm, rows);
	comm_broadcast(follower->comm, kept->y, rows->n_rows * sizeof *kept->y);
}

static enum cln_status receive(struct follower *follower)
{
	struct cln_error err = {0};

	comm_broadcast(follower->comm, &follower->header, sizeof follower->header);
	const enum cln_status status = comm_agree(follower->comm, make_rooms(follower, &err), &err);
	if (status != CLN_OK)
		return status;
	receive_rows(follower, &follower->memory->train, &follower->header.train);
	if (follower->header.valid.n_rows > 0)
		receive_rows(follower, &follower->memory->valid, &follower->header.valid);
	return share_shape(&follower->shape, follower->comm, &err);
}

/* ---------------------------------------------------------------- a member */

static void free_arrays(struct crew_arrays *arrays)
{
	mem_free(arrays->train_list);
	mem_free(arrays->valid_list);
	mem_free(arrays->train_weights);
	mem_free(arrays->valid_weights);
	for (size_t i = 0; i < STATE_N_PARTS; i++)
		mem_free(arrays->parts[i]);
	*arrays = (struct crew_arrays){0};
}

static enum cln_status make_arrays(struct follower *follower, struct cln_error *err)
{
	const struct crew_member *member = &follower->member;
	const struct crew_header *header = &follower->header;
	struct crew_arrays *arrays = &follower->arrays;
	const size_t n_all = header->train.n_rows, n_valid = header->valid.n_rows ? header->valid.n_rows : n_all;

	arrays->train_list = mem_alloc(member->train_listed ? member->n_train : 0, sizeof(uint32_t), err);
	arrays->valid_list = mem_alloc(member->valid_listed ? member->n_valid : 0, sizeof(uint32_t), err);
	arrays->train_weights = mem_alloc(member->train_weighted ? n_all : 0, sizeof(float), err);
	arrays->valid_weights = mem_alloc(member->valid_weighted ? n_valid : 0, sizeof(float), err);
	bool made = arrays->train_list && arrays->valid_list && arrays->train_weights && arrays->valid_weights;
	for (size_t i = 0; i < STATE_N_PARTS; i++) {
		arrays->parts[i] = mem_alloc(member->parts[i] ? follower->shape->n_floats : 0, sizeof(float), err);
		made &= arrays->parts[i] != NULL;
	}
	return made ? CLN_OK : CLN_E_MEMORY;
}

/* Where this rank is given one. */
static void receive_member(struct follower *follower)
{
	struct comm *comm = follower->comm;
	const bool given = follower->orders[comm->rank] >= 0;
	struct comm_piece pieces[CREW_ARRAYS] = {{0, &follower->member, sizeof follower->member}};
	struct cln_error err = {0};

	comm_exchange(comm, NULL, 0, pieces, given);
	enum cln_status status = given ? make_arrays(follower, &err) : CLN_OK;
	status = comm_agree(comm, status, &err);
	size_t n = 0;
	if (given && status == CLN_OK)
		n = crew_list_arrays(pieces, 0, &follower->header, &follower->member, &follower->arrays,
				     follower->shape->n_floats);
	comm_exchange(comm, NULL, 0, pieces, n);
	follower->has_member = given && status == CLN_OK;
	if (given && !follower->has_member)
		free_arrays(&follower->arrays);
}

/* ---------------------------------------------------------------- meetings */

/* Nobody is within a step; `state` is NULL where this rank has no member under way. */
static void hand_out(struct follower *follower, const struct training_state *state)
{
	struct comm *comm = follower->comm;
	struct training_state copy;
	struct comm_piece pieces[STATE_N_PARTS];
	struct cln_error err;
	size_t n = 0;

	follower->hands_out = false;
	if (state)
		copy = *state;
	pieces[0] = (struct comm_piece){0, &copy, sizeof copy};
	comm_exchange(comm, pieces, state != NULL, NULL, 0);
	if (comm_agree(comm, CLN_OK, &err) != CLN_OK)
		return;
	for (size_t i = 0; state && i < STATE_N_PARTS; i++)
		if (state->parts[i])
			pieces[n++] = (struct comm_piece){0, state->parts[i], follower->shape->n_floats * sizeof(float)};
	comm_exchange(comm, pieces, n, NULL, 0);
}

static void obey(struct follower *follower)
{
	const struct comm *comm = follower->comm;
	const enum crew_action action = (enum crew_action)follower->orders[comm->ranks];

	follower->over |= action == CREW_OVER;
	follower->ends |= action == CREW_END;
	follower->stops |= action == CREW_STOP || action == CREW_ABANDON || follower->orders[comm->rank] == CREW_GIVE_UP;
	follower->hands_out = action == CREW_SAVE || action == CREW_STOP;
}

/* net: of a member that has just ended with a network, else NULL. */
static void meet(struct follower *follower, bool talks, struct network *net)
{
	struct comm *comm = follower->comm;
	struct comm_piece piece = {0, &follower->talk, sizeof follower->talk};

	memset(follower->words, 0, (size_t)comm->ranks * sizeof *follower->words);
	follower->words[comm->rank] = (struct crew_word){.talks = talks, .signal = comm->signal ? comm->signal() : 0};
	if (!crew_meet(comm, follower->words))
		return;
	comm_exchange(comm, &piece, talks, NULL, 0);
	if (net)
		piece = (struct comm_piece){0, net->params, net->n_floats * sizeof *net->params};
	comm_exchange(comm, &piece, net != NULL, NULL, 0);
	follower->talk = (struct crew_talk){0};
	comm_broadcast(comm, follower->orders, ((size_t)comm->ranks + 1) * sizeof *follower->orders);
	receive_member(follower);
	obey(follower);
	if (follower->hands_out && !follower->trains)
		hand_out(follower, NULL);
}

static enum cln_ask on_ask(void *context)
{
	struct follower *follower = context;

	meet(follower, follower->talk.has_epoch || follower->talk.note[0], NULL);
	if (follower->stops)
		return CLN_SAVE_AND_STOP;
	return follower->hands_out ? CLN_SAVE : CLN_GO_ON;
}

static bool on_epoch(void *context, const struct cln_epoch *epoch)
{
	struct follower *follower = context;

	follower->talk.has_epoch = true;
	follower->talk.epoch = *epoch;
	return follower->ends;
}

static void on_note(void *context, const char *sentence)
{
	struct follower *follower = context;

	snprintf(follower->talk.note, sizeof follower->talk.note, "%s", sentence);
}

static void on_save(void *context, const struct training_state *state)
{
	struct follower *follower = context;

	if (follower->hands_out)
		hand_out(follower, state);
}

/* ---------------------------------------------------------------- the training */

static struct dataset part_of(const struct dataset *kept, size_t n_rows, const uint32_t *list, float *weights)
{
	struct dataset part = *kept;

	part.n_rows = n_rows;
	part.rows = list;
	part.w = weights;
	return part;
}

static enum cln_status train(struct follower *follower, struct network *net, struct trainer_result *result, struct cln_error *err)
{
	const struct crew_member *member = &follower->member;
	const struct crew_arrays *arrays = &follower->arrays;
	const struct share_memory *memory = follower->memory;
	const struct dataset train = part_of(&memory->train, member->n_train, member->train_listed ? arrays->train_list : NULL,
					     member->train_weighted ? arrays->train_weights : NULL);
	const struct dataset valid =
	    part_of(follower->header.valid.n_rows ? &memory->valid : &memory->train, member->n_valid,
		    member->valid_listed ? arrays->valid_list : NULL, member->valid_weighted ? arrays->valid_weights : NULL);
	struct training_state from = member->state;
	const struct trainer_keeper keeper = {.from = member->goes_on ? &from : NULL, .context = follower, .save = on_save};
	const struct cln_observer observer = {.context = follower, .epoch = on_epoch, .note = on_note, .ask = on_ask};
	const int threads = member->config.threads > 0 ? parallel_limit(member->config.threads) : follower->threads;
	struct plan plan;

	for (size_t i = 0; i < STATE_N_PARTS; i++)
		from.parts[i] = member->parts[i] ? arrays->parts[i] : NULL;
	memcpy(net->params, arrays->parts[STATE_WEIGHTS], net->n_floats * sizeof *net->params);
	network_sync(net);
	plan_create_for(&plan, net, &member->config, train.n_rows, threads, NULL);
	return trainer_continue(net, &train, &valid, &member->config, &plan, follower->kernels, &observer, &keeper, result, err);
}

/* Trains the member that it has got, and tells what came of it. */
static void train_member(struct follower *follower)
{
	struct network *net;
	struct trainer_result result = {0};
	struct cln_error err = {0};
	enum cln_status status = network_clone(&net, follower->shape, &err);

	follower->has_member = false;
	follower->trains = true;
	if (status == CLN_OK)
		status = train(follower, net, &result, &err);
	follower->trains = follower->stops = false;
	free_arrays(&follower->arrays);
	follower->talk.ended = true;
	follower->talk.status = status;
	follower->talk.result = result;
	memcpy(follower->talk.message, err.message, sizeof follower->talk.message);
	meet(follower, true, crew_has_network(&follower->talk) ? net : NULL);
	network_destroy(net);
}

void crew_follow(struct comm *comm, struct share_memory *memory, int threads)
{
	static struct follower own; /* a process follows once at a time, and the stack is no place for its talks */
	struct follower *follower = &own;

	own = (struct follower){.comm = comm, .memory = memory, .threads = threads};
	if (receive(follower) == CLN_OK)
		while (!follower->over) {
			if (follower->has_member)
				train_member(follower);
			else
				meet(follower, false, NULL);
		}
	network_destroy(follower->shape);
	mem_free(follower->words);
	mem_free(follower->orders);
}
