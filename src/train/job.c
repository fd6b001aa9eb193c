/* SPDX-License-Identifier: MIT */
#include "train/job.h"

#include <stdio.h>
#include <string.h>

#include "base/parallel.h"
#include "train/predict.h"
#include "train/share.h"

#define WORTH_SHARING 5e6 /* parameters times rows: some 100 microseconds */

/* A dataset as the others are told of it. */
struct job_rows {
	size_t n_rows;         /* of the part */
	struct share_rows all; /* of X, y and w */
	bool weighted, listed;
};

/* What comes first. */
struct job_header {
	struct cln_config config; /* without its pointers */
	char isa[16];
	struct job_rows train, valid;        /* valid.n_rows = 0: there are none */
	bool valid_in_train;                 /* its rows are in train's X */
	bool parts[STATE_N_PARTS];           /* that the state has; without a state the weights alone */
	size_t recoveries;
};

enum job_command { JOB_STEPS, JOB_GO_BACK, JOB_GATHER, JOB_VALIDATE, JOB_END };

struct job_order {
	enum job_command command;
	uint32_t epoch;
	size_t first_step, recoveries;
	double rate_factor;
};

/* ---------------------------------------------------------------- rank 0: data and network */

static struct job_rows describe_rows(const struct dataset *dataset)
{
	struct job_rows rows = {.n_rows = dataset->n_rows,
	                        .all = {dataset->n_rows, dataset->n_features, dataset->id},
	                        .weighted = dataset->w != NULL,
	                        .listed = dataset->rows != NULL};
	for (size_t i = 0; dataset->rows && i < dataset->n_rows; i++)
		if (dataset->rows[i] >= rows.all.n_rows)
			rows.all.n_rows = (size_t)dataset->rows[i] + 1;
	return rows;
}

/* A part's rows are those of the whole X, whoever needs which. */
static void describe_data(struct job_header *header, const struct job_task *task)
{
	header->train = describe_rows(task->train);
	if (!trainer_has_valid(task->valid))
		return;
	header->valid = describe_rows(task->valid);
	header->valid_in_train = task->valid->X == task->train->X;
	if (!header->valid_in_train)
		return;
	if (header->train.all.n_rows < header->valid.all.n_rows)
		header->train.all.n_rows = header->valid.all.n_rows;
	header->valid.all.n_rows = header->train.all.n_rows;
}

static struct job_header describe(const struct plan *plan, const struct job_task *task)
{
	struct job_header header = {.config = *task->config, .parts[STATE_WEIGHTS] = true};
	share_config(&header.config);
	header.config.block_size = plan->block_size;
	snprintf(header.isa, sizeof header.isa, "%s", task->kernels->name);
	describe_data(&header, task);
	if (task->from) {
		for (size_t i = 0; i < STATE_N_PARTS; i++)
			header.parts[i] = i != STATE_BEST && task->from->parts[i];
		header.recoveries = task->from->recoveries;
	}
	return header;
}

static void send_list(struct comm *comm, const struct dataset *dataset, const struct job_rows *rows)
{
	if (rows->listed)
		share_bytes(comm, dataset->rows, rows->n_rows * sizeof *dataset->rows);
}

/* Of validation rows the features alone: their labels are rank 0's business. */
static void send_data(struct comm *comm, const struct job_task *task, const struct job_header *header)
{
	const struct dataset *train = task->train;
	share_features(&(struct dataset){.X = train->X}, comm, &header->train.all);
	send_list(comm, train, &header->train);
	share_bytes(comm, train->y, header->train.all.n_rows * sizeof *train->y);
	if (train->w)
		share_bytes(comm, train->w, header->train.all.n_rows * sizeof *train->w);
	if (header->valid.n_rows == 0)
		return;
	if (!header->valid_in_train)
		share_features(&(struct dataset){.X = task->valid->X}, comm, &header->valid.all);
	send_list(comm, task->valid, &header->valid);
}

enum cln_status job_announce(const struct plan *plan, const struct job_task *task, struct cln_error *err)
{
	struct comm *comm = plan->comm;
	enum ranks_command command = RANKS_TRAIN;
	struct job_header header = describe(plan, task);
	comm_broadcast(comm, &command, sizeof command);
	comm_broadcast(comm, &header, sizeof header);
	enum cln_status status = comm_agree(comm, CLN_OK, err); /* the others have room for the data */
	if (status != CLN_OK)
		return status;
	send_data(comm, task, &header);
	return share_shape(&(struct network *){task->net}, comm, err);
}

enum cln_status job_begin(struct comm *comm, const struct job_task *task, enum cln_status status, struct cln_error *err)
{
	status = comm_agree(comm, status, err);
	if (status != CLN_OK)
		return status;
	share_parameters(task->net, comm);
	for (size_t i = STATE_FIRST; i < STATE_N_PARTS && task->from; i++)
		if (i != STATE_BEST && task->from->parts[i])
			share_bytes(comm, task->from->parts[i], task->net->n_floats * sizeof(float));
	comm->bytes = 0; /* what follows is the training's own */
	return CLN_OK;
}

/* ---------------------------------------------------------------- rank 0: orders */

static void order(const struct trainer *trainer, enum job_command command)
{
	struct job_order order = {.command = command,
	                          .epoch = trainer->epoch.epoch,
	                          .first_step = trainer->epoch.first_step,
	                          .recoveries = trainer->state.recoveries,
	                          .rate_factor = trainer->epoch.rate_factor};
	comm_broadcast(trainer->stepper.plan.comm, &order, sizeof order);
}

void job_steps(const struct trainer *trainer)
{
	order(trainer, JOB_STEPS);
}

void job_go_back(const struct trainer *trainer)
{
	order(trainer, JOB_GO_BACK);
}

void job_end(const struct trainer *trainer)
{
	order(trainer, JOB_END);
}

/* Every rank's slices of its moments, and of those that the epoch began with. */
static void gather_moments(struct trainer *trainer)
{
	static const enum state_part parts[] = {STATE_FIRST, STATE_SECOND, STATE_START_FIRST, STATE_START_SECOND};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (trainer->state.parts[parts[i]])
			slices_gather(&trainer->stepper.slices, trainer->state.parts[parts[i]]);
}

void job_gather(struct trainer *trainer)
{
	order(trainer, JOB_GATHER);
	gather_moments(trainer);
}

/* ---------------------------------------------------------------- validation */

bool job_shares_validation(const struct trainer *trainer)
{
	return trainer->stepper.plan.comm &&
	       (double)trainer->stepper.net->n_params * (double)trainer->valid->n_rows > WORTH_SHARING;
}

/* This rank's part of the rows, and then everybody's logits. */
static enum cln_status predict_part(struct trainer *trainer, float *logits, const struct some_rows *all, int threads,
                                    struct cln_error *err)
{
	const struct stepper *stepper = &trainer->stepper;
	struct comm *comm = stepper->plan.comm;
	size_t begin[COMM_MAX_RANKS + 1] = {0}, first;
	for (int r = 0; r < comm->ranks; r++) {
		split_range(&first, &begin[r + 1], all->n, (size_t)r, (size_t)comm->ranks);
		begin[r + 1] *= sizeof *logits;
	}
	first = begin[comm->rank] / sizeof *logits;
	const size_t n = begin[comm->rank + 1] / sizeof *logits - first;
	const struct some_rows own = {.X = all->rows ? all->X : all->X + first * stepper->net->n_features,
				      .rows = all->rows ? all->rows + first : NULL,
				      .n = n};
	enum cln_status status = predict_rows(logits + first, stepper->net, stepper->kernels, &own, threads, err);
	status = comm_agree(comm, status, err);
	if (status == CLN_OK)
		comm_gather_all(comm, logits, begin);
	return status;
}

enum cln_status job_validate(struct trainer *trainer, int threads, struct cln_error *err)
{
	const struct some_rows rows = {
	    .X = trainer->valid->X, .rows = trainer->valid->rows, .n = trainer->valid->n_rows};
	order(trainer, JOB_VALIDATE);
	return predict_part(trainer, trainer->valid_logits, &rows, threads, err);
}

/* ---------------------------------------------------------------- the others: data and network */

/* What a rank has of a training that it follows. */
struct follower {
	struct comm *comm;
	struct share_memory *memory;
	struct job_header header;
	const struct kernels *kernels;
	struct dataset train;
	struct some_rows valid;
	float *valid_logits;
	uint32_t *lists; /* of train's rows and the validation rows */
	struct network *net;
	struct plan plan;
	struct trainer trainer;
	int threads;
};

/* All that rank 0 is about to send. */
static enum cln_status make_rooms(struct follower *follower, struct cln_error *err)
{
	const struct job_header *header = &follower->header;
	struct share_memory *memory = follower->memory;
	enum cln_status status = share_kernels(&follower->kernels, header->isa, err);
	if (status == CLN_OK)
		status = share_room(&memory->train, &header->train.all, err);
	if (status == CLN_OK && header->valid.n_rows > 0 && !header->valid_in_train)
		status = share_room(&memory->valid, &header->valid.all, err);
	if (status != CLN_OK)
		return status;
	follower->lists = mem_alloc(header->train.n_rows + header->valid.n_rows, sizeof *follower->lists, err);
	follower->valid_logits = mem_alloc(header->valid.n_rows, sizeof *follower->valid_logits, err);
	return follower->lists && follower->valid_logits ? CLN_OK : CLN_E_MEMORY;
}

static const uint32_t *receive_list(struct comm *comm, uint32_t *list, const struct job_rows *rows)
{
	if (!rows->listed)
		return NULL;
	comm_broadcast(comm, list, rows->n_rows * sizeof *list);
	return list;
}

static void receive_data(struct follower *follower)
{
	const struct job_header *header = &follower->header;
	struct dataset *train = &follower->train, *kept = &follower->memory->train, *valid = &follower->memory->valid;
	share_features(kept, follower->comm, &header->train.all);
	*train = *kept;
	train->n_rows = header->train.n_rows;
	train->rows = receive_list(follower->comm, follower->lists, &header->train);
	comm_broadcast(follower->comm, train->y, header->train.all.n_rows * sizeof *train->y);
	if (header->train.weighted)
		comm_broadcast(follower->comm, train->w, header->train.all.n_rows * sizeof *train->w);
	else
		train->w = NULL;
	if (header->valid.n_rows == 0)
		return;
	if (!header->valid_in_train)
		share_features(valid, follower->comm, &header->valid.all);
	follower->valid = (struct some_rows){
	    .X = header->valid_in_train ? kept->X : valid->X,
	    .rows = receive_list(follower->comm, follower->lists + header->train.n_rows, &header->valid),
	    .n = header->valid.n_rows};
}

/* CLN_OK: all ranks have data and network. */
static enum cln_status receive(struct follower *follower)
{
	struct cln_error err = {0};
	comm_broadcast(follower->comm, &follower->header, sizeof follower->header);
	enum cln_status status = comm_agree(follower->comm, make_rooms(follower, &err), &err);
	if (status != CLN_OK)
		return status;
	receive_data(follower);
	return share_shape(&follower->net, follower->comm, &err);
}

/* ---------------------------------------------------------------- the others: the training */

static enum cln_status create_trainer(struct follower *follower, struct cln_error *err)
{
	const struct cln_config *config = &follower->header.config;
	struct trainer *trainer = &follower->trainer;
	const int threads = config->threads > 0 ? parallel_limit(config->threads) : follower->threads;
	plan_create_for(&follower->plan, follower->net, config, follower->train.n_rows, threads, follower->comm);
	trainer->state.recoveries = follower->header.recoveries;
	trainer->result = NULL;
	enum cln_status status = stepper_create(&trainer->stepper, follower->net, follower->kernels, config, &follower->train,
	                                        &follower->plan, err);
	return status == CLN_OK ? trainer_create_arrays(trainer, err) : status;
}

/* As job_begin: CLN_OK where all begin. */
static enum cln_status begin(struct follower *follower)
{
	struct trainer *trainer = &follower->trainer;
	const size_t bytes = follower->net->n_floats * sizeof(float);
	struct cln_error err = {0};
	const enum cln_status status = comm_agree(follower->comm, create_trainer(follower, &err), &err);
	if (status != CLN_OK)
		return status;
	share_parameters(follower->net, follower->comm);
	for (size_t i = STATE_FIRST; i < STATE_N_PARTS; i++) {
		if (!follower->header.parts[i])
			continue;
		if (i >= STATE_START_WEIGHTS)
			trainer->state.parts[i] = trainer->start_parts[i - STATE_START_WEIGHTS];
		comm_broadcast(follower->comm, trainer->state.parts[i], bytes);
	}
	return CLN_OK;
}

static void follow_steps(struct trainer *trainer, const struct job_order *order, bool *ordered)
{
	struct cln_error err;
	trainer->state.epoch = order->epoch;
	trainer->state.step = order->first_step;
	trainer->state.recoveries = order->recoveries;
	if (order->first_step == 0)
		trainer_keep_start(trainer);
	if (order->first_step == 0 || !*ordered)
		trainer_order_rows(trainer);
	*ordered = true;
	trainer->epoch = (struct epoch_state){.epoch = order->epoch,
	                                      .order = trainer->order,
	                                      .rate_factor = order->rate_factor,
	                                      .failed_step = SIZE_MAX};
	if (trainer_run_steps(trainer, &err) != CLN_OK) /* diverged, which rank 0 has seen as well */
		return;
}

static void follow_orders(struct follower *follower)
{
	struct trainer *trainer = &follower->trainer;
	struct job_order order = {.command = JOB_STEPS};
	struct cln_error err = {0};
	bool ordered = false;
	while (order.command != JOB_END) {
		comm_broadcast(follower->comm, &order, sizeof order);
		switch (order.command) {
		case JOB_STEPS: follow_steps(trainer, &order, &ordered); break;
		case JOB_GO_BACK: trainer_restore_start(trainer); break;
		case JOB_GATHER: gather_moments(trainer); break;
		case JOB_VALIDATE:
			if (predict_part(trainer, follower->valid_logits, &follower->valid, follower->plan.threads_allowed,
			                 &err) != CLN_OK)
				break; /* which rank 0 has been told */
			break;
		case JOB_END: break;
		}
	}
}

void job_follow(struct comm *comm, struct share_memory *memory, int threads)
{
	struct follower follower = {.comm = comm, .memory = memory, .threads = threads};
	if (receive(&follower) == CLN_OK && begin(&follower) == CLN_OK)
		follow_orders(&follower);
	trainer_destroy(&follower.trainer);
	network_destroy(follower.net);
	mem_free(follower.lists);
	mem_free(follower.valid_logits);
}
