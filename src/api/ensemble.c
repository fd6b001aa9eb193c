/* SPDX-License-Identifier: MIT */
#include "api/ensemble.h"

#include <stdio.h>
#include <string.h>

#include "api/config.h"
#include "api/crew.h"
#include "api/ensemble_run.h"
#include "api/notes.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "model/document.h"

#define PROGRESS_SECONDS 0.05
#define WORTH_REGROUPING 0.95 /* of the time that is left: less is lost to the stop, and to a model that is none too exact */

/* ---------------------------------------------------------------- how many lanes */

static size_t members_left(const struct ensemble *all)
{
	size_t n = 0;

	for (size_t k = 0; k < all->common.K; k++)
		n += all->course[k] != MEMBER_ENDED;
	return n;
}

/* About what a lane needs beside the features, which are there once: a row's order, lists, weight, logits and their order, most of
 * them of the validation rows alone; the parameters with moments, gradients, the best ones and those an epoch began with; and a
 * block's activations, forth and back. */
static uint64_t lane_bytes(const struct ensemble *all)
{
	const struct network *net = all->shape;
	uint64_t units = net->n[0];

	for (size_t l = 1; l <= net->L; l++)
		units += 2 * (uint64_t)net->n[l];
	return 24 * (uint64_t)all->common.data->train_rows + 10 * sizeof(float) * (uint64_t)net->n_floats +
	       sizeof(float) * units * all->plan.block_size;
}

size_t ensemble_at_a_time(const struct ensemble *all)
{
	const size_t members = members_left(all), ranks = comm_world() && !all->common.comm ? (size_t)comm_world()->ranks : 1;

	if (ranks == 1)
		return (size_t)all->n_lanes;
	return members < ranks ? members : ranks;
}

/* For so many members. */
static int choose_lanes(const struct ensemble *all, size_t members)
{
	const size_t given = all->common.config->lanes;
	const size_t threads = (size_t)all->threads, most = members < threads ? members : threads;
	double seconds;

	if (most < 2 || comm_world()) /* other ranks share every step of a member, or train members of their own */
		return 1;
	if (given > 0)
		return (int)(given < most ? given : most);
	int lanes = plan_lanes(&all->plan, all->shape, members, all->threads, &seconds);
	while (lanes > 1 && !memory_holds((uint64_t)lanes * lane_bytes(all)))
		lanes--;
	return lanes;
}

/* What the lanes use of the threads; a member may be better off with fewer than its lane has. */
static void count_threads(struct ensemble *all)
{
	struct cln_config config;

	trainee_config(&config, &all->common, 0);
	all->threads_used = 0;
	for (int i = 0; i < all->n_lanes; i++) {
		plan_create_for(&all->plan, all->shape, &config, prepared_train_rows(all->common.data, 0),
				parallel_lane_threads(i, all->n_lanes, all->threads), all->common.comm);
		all->threads_used += all->plan.threads;
	}
}

/* Whether ranks that each train members of their own end before ranks that share every mini-batch of one after the other. */
static bool prefers_members(const struct ensemble *all, size_t members)
{
	struct plan alone = all->plan;

	if (!all->plan.comm)
		return true;
	alone.comm = NULL;
	const size_t ranks = (size_t)all->plan.comm->ranks, rounds = (members + ranks - 1) / ranks;
	return members > 1 && (double)rounds * plan_seconds(&alone, all->shape, all->threads) <
				  (double)members * plan_seconds(&all->plan, all->shape, all->threads);
}

enum cln_status ensemble_set_up(struct ensemble *all, const struct cln_checkpoint *checkpoint, struct cln_error *err)
{
	const size_t K = all->common.K, ended = checkpoint && checkpoint->n_finished < K ? checkpoint->n_finished : 0;
	struct cln_config config;
	enum cln_status status;

	all->failed = all->stopped = SIZE_MAX;
	trainee_config(&config, &all->common, 0);
	status = trainee_network(&all->shape, &all->common, &config, err);
	if (status != CLN_OK)
		return status;
	plan_create(&all->plan, all->shape, &config, prepared_train_rows(all->common.data, 0), all->threads);
	all->common.block_size = all->plan.block_size;
	all->common.comm = prefers_members(all, K - ended) ? NULL : all->plan.comm;
	all->sources.initial = io_crc64(0, all->shape->params, all->shape->n_floats * sizeof(float));
	all->n_lanes = choose_lanes(all, K - ended);
	count_threads(all);
	return CLN_OK;
}

/* ---------------------------------------------------------------- checkpoints */

/* The options in force, with what was chosen where they were silent. */
static enum cln_status make_identity(struct ensemble *all, struct cln_error *err)
{
	struct cln_config config = *all->common.config;

	if (all->identity.length > 0)
		return CLN_OK;
	config.block_size = all->common.block_size;
	if (model_categories(NULL, all->common.data->pipeline) == 0)
		config_forget_levels(&config);
	return identity_text(&all->identity, &config, all->common.data, &all->sources, err);
}

static double seconds_so_far(const struct ensemble *all)
{
	return all->seconds_before + clock_seconds() - all->start;
}

/* The state of a member that has begun: that of the lane which waits with it, or that in which it waits for a lane, or that which
 * another rank has told. */
static const struct training_state *state_of(const struct ensemble *all, size_t k)
{
	if (all->course[k] == MEMBER_WAITS)
		return all->from[k];
	for (int i = 0; i < all->n_lanes; i++)
		if (all->lanes && all->lanes[i].state && all->lanes[i].trainee.k == k)
			return all->lanes[i].state;
	return all->from[k];
}

void ensemble_lack_checkpoint(struct ensemble *all, enum cln_status status, const struct cln_error *err)
{
	all->unsaved = *err;
	all->unsaved.code = status;
	note(all->observer, "there is no checkpoint: %s", err->message);
}

void ensemble_make_checkpoint(struct ensemble *all)
{
	struct finished_member finished[CLN_MAX_ENSEMBLE];
	struct member_under_way under_way[CLN_MAX_ENSEMBLE];
	struct cln_error err = {0};
	const bool third = all->common.K > 1 || document_is_third(all->shape);
	struct cln_checkpoint checkpoint = {.network = all->shape,
					    .format = third ? CHECKPOINT_FORMAT : 1,
					    .ensemble = all->common.K,
					    .seconds = seconds_so_far(all),
					    .finished = finished,
					    .under_way = under_way};

	if (!all->observer->checkpoint)
		return;
	const enum cln_status status = make_identity(all, &err);
	if (status != CLN_OK) {
		ensemble_lack_checkpoint(all, status, &err);
		return;
	}
	all->unsaved.code = CLN_OK;
	checkpoint.identity = all->identity.bytes;
	for (size_t k = 0; k < all->common.K; k++) {
		const struct training_state *state = all->course[k] == MEMBER_ENDED ? NULL : state_of(all, k);

		if (all->course[k] == MEMBER_ENDED)
			finished[checkpoint.n_finished++] = all->finished[k];
		else if (state)
			under_way[checkpoint.n_under_way++] = (struct member_under_way){k, *state};
	}
	all->observer->checkpoint(all->observer->context, &checkpoint);
}

bool ensemble_is_off(const struct ensemble *all)
{
	return all->failed != SIZE_MAX || all->ends;
}

/* Every lane with a member comes here, after a step; the last one, or one that waits when the others have ended, makes the
 * checkpoint. */
static void meet(struct lane *lane, const struct training_state *state)
{
	struct ensemble *all = lane->all;
	const size_t meeting = all->n_meetings;

	lane->state = state;
	all->n_arrived++;
	while (all->n_meetings == meeting && all->n_arrived < all->n_active && !ensemble_is_off(all))
		lock_wait(all->lock);
	if (all->n_meetings == meeting) {
		if (!ensemble_is_off(all))
			ensemble_make_checkpoint(all);
		if (all->wish == CLN_SAVE)
			all->wish = CLN_GO_ON;
		all->n_arrived = 0;
		all->n_meetings++;
	}
	lane->state = NULL;
}

void ensemble_drop_room(struct ensemble *all, size_t k)
{
	for (size_t i = 0; i < STATE_N_PARTS; i++)
		mem_free(all->held[k].parts[i]);
	all->held[k] = (struct training_state){0};
	all->from[k] = NULL;
}

enum cln_status ensemble_make_room(struct ensemble *all, size_t k, const struct training_state *state, struct cln_error *err)
{
	ensemble_drop_room(all, k);
	all->held[k] = *state;
	memset(all->held[k].parts, 0, sizeof all->held[k].parts);
	for (size_t i = 0; i < STATE_N_PARTS; i++) {
		if (!state->parts[i])
			continue;
		all->held[k].parts[i] = mem_alloc(all->shape->n_floats, sizeof(float), err);
		if (!all->held[k].parts[i]) {
			ensemble_drop_room(all, k);
			return CLN_E_MEMORY;
		}
	}
	all->from[k] = &all->held[k];
	return CLN_OK;
}

/* Keeps a copy of the state, whose parts are the trainer's. */
static enum cln_status hold(struct ensemble *all, size_t k, const struct training_state *state, struct cln_error *err)
{
	const enum cln_status status = ensemble_make_room(all, k, state, err);

	for (size_t i = 0; i < STATE_N_PARTS && status == CLN_OK; i++)
		if (state->parts[i])
			memcpy(all->held[k].parts[i], state->parts[i], all->shape->n_floats * sizeof(float));
	return status;
}

/* A member behind one that has failed. */
static bool is_given_up(const struct lane *lane)
{
	return lane->trainee.k > lane->all->failed;
}

/* The trainer's state, as hear_ask wished. */
static void hand_out(void *context, const struct training_state *state)
{
	struct lane *lane = context;
	struct ensemble *all = lane->all;

	lock_enter(all->lock);
	if (all->crew && !crew_collect(all->crew)) {
		if (all->wish == CLN_SAVE)
			all->wish = CLN_GO_ON;
	} else if (all->regroups && !is_given_up(lane)) {
		lane->moves = true;
		lane->held.code = hold(all, lane->trainee.k, state, &lane->held);
	} else if (!is_given_up(lane)) {
		meet(lane, state);
	}
	lock_leave(all->lock);
}

static bool same_shape(const struct network *a, const struct network *b)
{
	return a->L == b->L && a->activation == b->activation && memcmp(a->n, b->n, (a->L + 1) * sizeof *a->n) == 0 &&
	       front_same(&a->front, &b->front);
}

static enum cln_status check_checkpoint(struct ensemble *all, const struct cln_checkpoint *checkpoint, struct cln_error *err)
{
	const struct identity_freedom freedom = {checkpoint->n_finished == 0, checkpoint->allowed, all->observer};
	const size_t K = all->common.K;
	enum cln_status status = make_identity(all, err);

	if (status == CLN_OK)
		status = identity_compare(checkpoint->identity, all->identity.bytes, &freedom, err);
	if (status == CLN_OK && !same_shape(checkpoint->network, all->shape))
		status = error_set(err, CLN_E_USAGE, "the checkpoint's network has another shape than this training's%s",
				   checkpoint->allowed ? ": a changed table gives other features, levels or bins" : "");
	if (status == CLN_OK && (checkpoint->ensemble > 1 ? checkpoint->ensemble : 1) != K)
		status = error_set(err, CLN_E_USAGE, "the checkpoint is of %zu members, this training of %zu",
				   checkpoint->ensemble, K);
	for (size_t i = 0; i < checkpoint->n_under_way && status == CLN_OK; i++) {
		const struct member_under_way *under_way = &checkpoint->under_way[i];
		status = trainee_check(&all->common, all->shape, under_way->member, &under_way->state, err);
	}
	return status;
}

static enum cln_status take_finished(struct ensemble *all, const struct finished_member *member, struct cln_error *err)
{
	struct network *net;
	const enum cln_status status = network_clone(&net, all->shape, err);

	if (status != CLN_OK)
		return status;
	memcpy(net->params, member->params, net->n_floats * sizeof(float));
	network_sync(net);
	all->trained[member->member] = net;
	all->finished[member->member] = *member;
	all->finished[member->member].params = net->params;
	all->course[member->member] = MEMBER_ENDED;
	return CLN_OK;
}

enum cln_status ensemble_take_checkpoint(struct ensemble *all, const struct cln_checkpoint *checkpoint, struct cln_error *err)
{
	enum cln_status status = check_checkpoint(all, checkpoint, err);

	for (size_t i = 0; i < checkpoint->n_finished && status == CLN_OK; i++)
		status = take_finished(all, &checkpoint->finished[i], err);
	for (size_t i = 0; i < checkpoint->n_under_way && status == CLN_OK; i++)
		all->from[checkpoint->under_way[i].member] = &checkpoint->under_way[i].state;
	all->seconds_before = checkpoint->seconds;
	return status;
}

/* ---------------------------------------------------------------- what the observer hears */

bool ensemble_hear_epoch(void *context, const struct cln_epoch *epoch)
{
	struct lane *lane = context;
	struct ensemble *all = lane->all;
	struct cln_epoch told = *epoch;
	bool stop = false;

	told.member = lane->trainee.k;
	told.members = all->common.K;
	lock_enter(all->lock);
	if (all->observer && all->observer->epoch)
		stop = all->observer->epoch(all->observer->context, &told);
	/* A stop with a checkpoint that is already wished for comes first: it holds every member, whole. */
	all->ends |= stop && all->wish != CLN_SAVE_AND_STOP;
	stop = all->ends;
	lock_leave(all->lock);
	return stop;
}

void ensemble_hear_note(void *context, const char *sentence)
{
	const struct lane *lane = context;
	struct ensemble *all = lane->all;

	lock_enter(all->lock);
	if (all->common.K == 1)
		note(all->observer, "%s", sentence);
	else
		note(all->observer, "member %zu of %zu: %s", lane->trainee.k + 1, all->common.K, sentence);
	lock_leave(all->lock);
}

static void hear_progress(void *context, size_t epoch, size_t rows_done, size_t rows)
{
	const struct lane *lane = context;
	struct ensemble *all = lane->all;

	lock_enter(all->lock);
	const double now = clock_seconds();
	if (all->n_lanes == 1 || now - all->last_progress >= PROGRESS_SECONDS) {
		all->last_progress = now;
		all->observer->progress(all->observer->context, epoch, rows_done, rows);
	}
	lock_leave(all->lock);
}

void ensemble_ask(struct ensemble *all)
{
	if (all->wish == CLN_GO_ON && !all->ends && all->observer && all->observer->ask)
		all->wish = all->observer->ask(all->observer->context);
	if (all->wish == CLN_SAVE && ensemble_is_off(all))
		all->wish = CLN_GO_ON;
}

/* What a lane does after a step: what the observer wishes, and with other lanes also what they want of this one. */
static enum cln_ask hear_ask(void *context)
{
	const struct lane *lane = context;
	struct ensemble *all = lane->all;
	enum cln_ask answer = CLN_SAVE_AND_STOP;

	lock_enter(all->lock);
	if (!all->regroups && !is_given_up(lane))
		ensemble_ask(all);
	if (all->crew)
		crew_step(all->crew);
	if (!all->regroups && !is_given_up(lane))
		answer = all->ends ? CLN_GO_ON : all->wish;
	lock_leave(all->lock);
	return answer;
}

/* The trainer's observer.  A lane beside others is asked even where nobody listens. */
static const struct cln_observer *observe(struct lane *lane)
{
	const struct cln_observer none = {0}, *observer = lane->all->observer ? lane->all->observer : &none;
	const bool beside_others = lane->all->n_lanes > 1 || lane->all->crew;

	lane->observer = (struct cln_observer){.context = lane,
					       .progress = observer->progress ? hear_progress : NULL,
					       .epoch = observer->epoch || beside_others ? ensemble_hear_epoch : NULL,
					       .note = observer->note ? ensemble_hear_note : NULL,
					       .ask = observer->ask || beside_others ? hear_ask : NULL};
	return &lane->observer;
}

void ensemble_tell_member(struct lane *lane)
{
	struct ensemble *all = lane->all;
	const size_t k = lane->trainee.k;

	lock_enter(all->lock);
	if (all->common.K > 1 && !all->told[k] && all->observer && all->observer->member)
		all->observer->member(all->observer->context, k, all->common.K);
	all->told[k] = true;
	lock_leave(all->lock);
}

/* ---------------------------------------------------------------- a member */

enum cln_status ensemble_tell_failure(const struct lane *lane, enum cln_status status, struct cln_error *err)
{
	const struct common *common = &lane->all->common;
	const struct trainer_result *result = &lane->result;
	const size_t k = lane->trainee.k;
	char of_member[64] = "";

	if (common->K > 1)
		snprintf(of_member, sizeof of_member, " of member %zu of %zu", k + 1, common->K);
	if (status == CLN_E_DIVERGED)
		status = trainee_name_feature(&lane->trainee, common, result->recoveries, err);
	if (status == CLN_E_DIVERGED && common->K > 1)
		return error_set(err, status, "member %zu of %zu: %s", k + 1, common->K, err->message);
	if (status == CLN_STOPPED)
		return error_set(err, CLN_STOPPED, "training was stopped %s epoch %zu of %zu%s",
				 result->unfinished ? "in" : "after", result->epochs + result->unfinished,
				 common->config->epochs, of_member);
	return status;
}

/* Member k, which the lane has taken, from where it waited. */
static enum cln_status train_member(struct lane *lane, size_t k, struct cln_error *err)
{
	struct ensemble *all = lane->all;
	const struct training_state *from = all->from[k];
	const struct trainer_keeper keeper = {.from = from, .context = lane, .save = hand_out};
	struct trainee *trainee = &lane->trainee;
	enum cln_status status = trainee_create(trainee, &all->common, k, lane->threads, !from, err);

	if (status != CLN_OK)
		return status;
	ensemble_tell_member(lane);
	status = trainer_continue(trainee->network, &trainee->rows.train, trainee_valid(trainee), &trainee->config, &trainee->plan,
				  all->common.kernels, observe(lane), &keeper, &lane->result, err);
	return status == CLN_OK || lane->moves ? status : ensemble_tell_failure(lane, status, err);
}

/* Its network joins those that are trained. */
static void keep_member(struct lane *lane, size_t k)
{
	struct ensemble *all = lane->all;
	const struct trainer_result *result = &lane->result;

	all->course[k] = MEMBER_ENDED;
	all->trained[k] = lane->trainee.network;
	lane->trainee.network = NULL;
	all->finished[k] = (struct finished_member){.member = k,
						    .params = all->trained[k]->params,
						    .epochs = result->epochs,
						    .best_epoch = result->best_epoch,
						    .recoveries = result->recoveries,
						    .seconds = result->seconds,
						    .rows_per_second = result->rows_per_second};
	ensemble_drop_room(all, k);
}

/* The first member's reason is the one that counts. */
static void keep_reason(size_t *first, struct cln_error *reason, size_t k, enum cln_status status, const struct cln_error *err)
{
	if (k >= *first)
		return;
	*first = k;
	*reason = *err;
	reason->code = status;
}

void ensemble_settle(struct lane *lane, size_t k, enum cln_status status, const struct cln_error *err)
{
	struct ensemble *all = lane->all;

	lock_enter(all->lock);
	all->n_active--;
	all->course[k] = MEMBER_WAITS;
	if (status == CLN_OK || (status == CLN_STOPPED && !lane->result.unfinished))
		keep_member(lane, k);
	if (status == CLN_STOPPED && !lane->moves) {
		keep_reason(&all->stopped, &all->stop, k, status, err);
		all->unfinished |= lane->result.unfinished;
	} else if (status != CLN_OK && status != CLN_STOPPED) {
		keep_reason(&all->failed, &all->failure, k, status, err);
	}
	trainee_free(&lane->trainee);
	lock_leave(all->lock);
}

/* ---------------------------------------------------------------- lanes */

size_t ensemble_next_member(const struct ensemble *all)
{
	const size_t K = all->common.K;
	size_t k = 0;

	if (all->wish == CLN_SAVE_AND_STOP || all->regroups)
		return K;
	while (k < K && (all->course[k] != MEMBER_WAITS || (all->ends && !all->from[k])))
		k++;
	return k < K && k < all->failed ? k : K;
}

/* A lane has nothing to take: whether the members under way are better off with its threads. */
static void regroup(struct ensemble *all)
{
	while (all->wish == CLN_SAVE && all->n_active > 0 && !ensemble_is_off(all)) /* those are about to meet */
		lock_wait(all->lock);
	if (all->n_active == 0 || all->regroups || all->wish != CLN_GO_ON || ensemble_is_off(all))
		return;
	const double now = plan_seconds(&all->plan, all->shape, all->threads / all->n_lanes);
	double then;
	plan_lanes(&all->plan, all->shape, all->n_active, all->threads, &then);
	all->regroups = all->common.config->lanes > 0 || then < WORTH_REGROUPING * now;
}

/* True: *k is this lane's. */
static bool take_member(struct lane *lane, size_t *k)
{
	struct ensemble *all = lane->all;

	lock_enter(all->lock);
	*k = ensemble_next_member(all);
	if (*k < all->common.K) {
		all->course[*k] = MEMBER_UNDER_WAY;
		all->n_active++;
	} else {
		regroup(all);
	}
	lock_leave(all->lock);
	return *k < all->common.K;
}

static void lane_body(void *argument, int number)
{
	struct ensemble *all = argument;
	struct lane *lane = &all->lanes[number];
	size_t k;

	while (!lane->moves && take_member(lane, &k)) {
		struct cln_error err = {0};
		enum cln_status status;

		lane->result = (struct trainer_result){0};
		status = train_member(lane, k, &err);
		if (lane->held.code != CLN_OK)
			ensemble_settle(lane, k, lane->held.code, &lane->held);
		else
			ensemble_settle(lane, k, status, &err);
	}
}

static enum cln_status run_lanes(struct ensemble *all, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	all->lanes = mem_alloc((size_t)all->n_lanes, sizeof *all->lanes, err);
	if (!all->lanes)
		return CLN_E_MEMORY;
	for (int i = 0; i < all->n_lanes; i++)
		all->lanes[i] =
		    (struct lane){.all = all, .threads = parallel_lane_threads(i, all->n_lanes, all->threads)};
	if (all->n_lanes > 1)
		status = lock_create(&all->lock, all->threads, err);
	if (status == CLN_OK)
		status = parallel_lanes(all->n_lanes, all->threads, lane_body, all, err);
	lock_destroy(all->lock);
	all->lock = NULL;
	mem_free(all->lanes);
	all->lanes = NULL;
	all->regroups = false;
	return status;
}

/* Members from the first on that are trained; those behind a gap are of no use, as their folds follow from their numbers. */
static void count_trained(struct ensemble *all)
{
	while (all->n_trained < all->common.K && all->course[all->n_trained] == MEMBER_ENDED)
		all->n_trained++;
}

enum cln_status ensemble_train(struct ensemble *all, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	all->start = clock_seconds();
	if (ensemble_at_a_time(all) > (size_t)all->n_lanes)
		status = crew_create(&all->crew, all, comm_world(), err);
	if (status != CLN_OK)
		return status;
	dataset_expect(&all->common.data->train, true);
	for (;;) { /* with the lanes that the observer was told of, until they are dealt out anew */
		status = run_lanes(all, err);
		if (all->crew)
			crew_finish(all->crew);
		if (status != CLN_OK || ensemble_next_member(all) == all->common.K)
			break;
		all->n_lanes = choose_lanes(all, members_left(all));
	}
	crew_destroy(all->crew);
	all->crew = NULL;
	dataset_expect(&all->common.data->train, false);
	all->seconds = seconds_so_far(all);
	count_trained(all);
	if (status != CLN_OK)
		return status;
	if (all->failed != SIZE_MAX)
		return error_set(err, all->failure.code, "%s", all->failure.message);
	if (all->stopped != SIZE_MAX && all->unsaved.code != CLN_OK)
		return error_set(err, all->unsaved.code, "%s; but there is no checkpoint of it: %s", all->stop.message,
				 all->unsaved.message);
	if (all->stopped != SIZE_MAX)
		return error_set(err, all->stop.code, "%s", all->stop.message);
	return CLN_OK;
}

void ensemble_free(struct ensemble *all)
{
	for (size_t k = 0; k < all->common.K; k++) {
		network_destroy(all->trained[k]);
		ensemble_drop_room(all, k);
	}
	network_destroy(all->shape);
	text_free(&all->identity);
	*all = (struct ensemble){0};
}
