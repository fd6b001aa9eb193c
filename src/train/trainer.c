/* SPDX-License-Identifier: MIT */
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/parallel.h"
#include "data/batch.h"
#include "train/job.h"
#include "train/metrics.h"
#include "train/predict.h"
#include "train/schedule.h"
#include "train/trainer_run.h"

#define PROGRESS_SECONDS 0.05

#define MOST_LOSS 0x1p60         /* of gradients that belong to more the squares, of which second moments are made, overflow */
#define EXPLOSION 1000           /* times the least loss so far: no learning rate that is worth having makes such a leap */
#define LN2 0.693147180559945309 /* the loss of guessing */

static bool may_recover(const struct trainer *trainer)
{
	return trainer->state.recoveries < trainer->stepper.config->recover;
}

void trainer_destroy(struct trainer *trainer)
{
	stepper_free(&trainer->stepper);
	mem_free(trainer->order);
	mem_free(trainer->valid_logits);
	mem_free(trainer->valid_copies);
	mem_free(trainer->best_params);
	for (size_t i = 0; i < 3; i++)
		mem_free(trainer->start_parts[i]);
}

/* Labels and weights of the validation rows: metrics want them side by side. */
static enum cln_status create_valid(struct trainer *trainer, struct cln_error *err)
{
	const struct dataset *valid = trainer->valid;
	const size_t n = trainer_has_valid(valid) ? valid->n_rows : 0;
	if (n == 0)
		return CLN_OK;
	trainer->valid_y = valid->y;
	trainer->valid_w = valid->w;
	if (!valid->rows)
		return CLN_OK;
	float *y = mem_alloc(n, 2 * sizeof *y, err), *w = valid->w && y ? y + n : NULL;
	if (!y)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < n; i++) {
		y[i] = valid->y[valid->rows[i]];
		if (w)
			w[i] = valid->w[valid->rows[i]];
	}
	trainer->valid_y = trainer->valid_copies = y;
	trainer->valid_w = w;
	return CLN_OK;
}

static enum cln_status create_best(struct trainer *trainer, struct cln_error *err)
{
	if (!trainer_has_valid(trainer->valid))
		return CLN_OK;
	trainer->valid_logits = mem_alloc(trainer->valid->n_rows, sizeof(float), err);
	trainer->best_params = trainer->valid_logits ? mem_alloc(trainer->stepper.net->n_floats, sizeof(float), err) : NULL;
	return trainer->best_params ? CLN_OK : CLN_E_MEMORY;
}

static enum cln_status create_start(struct trainer *trainer, struct cln_error *err)
{
	for (size_t i = 0; i < 3 && may_recover(trainer); i++) {
		if (!trainer->state.parts[STATE_WEIGHTS + i])
			continue;
		trainer->start_parts[i] = mem_alloc(trainer->stepper.net->n_floats, sizeof(float), err);
		if (!trainer->start_parts[i])
			return CLN_E_MEMORY;
	}
	return CLN_OK;
}

enum cln_status trainer_create_arrays(struct trainer *trainer, struct cln_error *err)
{
	const size_t n_rows = trainer->stepper.data->n_rows;
	trainer->order = mem_alloc(n_rows, sizeof *trainer->order, err);
	if (!trainer->order)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < n_rows; i++)
		trainer->order[i] = (uint32_t)dataset_row(trainer->stepper.data, i);
	trainer->state.parts[STATE_WEIGHTS] = trainer->stepper.net->params;
	trainer->state.parts[STATE_FIRST] = trainer->stepper.updater.optimizer.first;
	trainer->state.parts[STATE_SECOND] = trainer->stepper.updater.optimizer.second;
	enum cln_status status = create_valid(trainer, err);
	if (status == CLN_OK)
		status = create_best(trainer, err);
	return status == CLN_OK ? create_start(trainer, err) : status;
}

/* Where part i of the state lies in this trainer; NULL: it has none. */
static float *place_of(struct trainer *trainer, size_t i)
{
	if (i == STATE_BEST)
		return trainer->best_params;
	return i < STATE_BEST ? trainer->state.parts[i] : trainer->start_parts[i - STATE_START_WEIGHTS];
}

/* That trainer_check has found to fit. */
static void take_state(struct trainer *trainer, const struct training_state *from)
{
	struct network *net = trainer->stepper.net;
	struct training_state state = *from;
	for (size_t i = 0; i < STATE_N_PARTS; i++) {
		state.parts[i] = from->parts[i] ? place_of(trainer, i) : NULL;
		if (state.parts[i])
			memcpy(state.parts[i], from->parts[i], net->n_floats * sizeof(float));
	}
	trainer->state = state;
	network_sync(net);
}

/* ---------------------------------------------------------------- an epoch */

static void report_progress(struct trainer *trainer, size_t step)
{
	const struct stepper *stepper = &trainer->stepper;
	const double now = clock_seconds();
	if (now - trainer->last_report < PROGRESS_SECONDS)
		return;
	trainer->last_report = now;
	const size_t rows = stepper->data->n_rows, done = (step + 1) * stepper->plan.batch_size;
	trainer->observer->progress(trainer->observer->context, trainer->epoch.epoch + 1, done < rows ? done : rows, rows);
}

/* Tid 0's bookkeeping behind a step.  What the network costs before its first update is the measure of what comes. */
static void count_step(struct trainer *trainer, size_t step)
{
	struct training_state *state = &trainer->state;
	state->step = step + 1;
	if (step == 0 && state->epoch == 0)
		state->least_loss = trainer->epoch.loss_sum / (double)trainer->stepper.plan.batch_size;
}

/* Steps until the epoch's end, a failure, or a wish of the observer's. */
static void epoch_body(void *argument, struct team *team, int tid)
{
	struct trainer *trainer = argument;
	const bool reports = tid == 0 && trainer->observer && trainer->observer->progress;
	const size_t steps = trainer->stepper.steps_per_epoch, first = trainer->epoch.first_step;
	for (size_t step = first; step < steps; step++) {
		if (!stepper_step(&trainer->stepper, &trainer->epoch, step, team, tid))
			return;
		if (tid == 0)
			count_step(trainer, step);
		if (trainer->epoch.asked != CLN_GO_ON)
			return;
		if (reports && step + 1 < steps)
			report_progress(trainer, step);
	}
}

/* The rate of a step of the current epoch. */
static double rate_of(const struct trainer *trainer, size_t step)
{
	const struct stepper *stepper = &trainer->stepper;
	return trainer->epoch.rate_factor * schedule_rate(stepper->config, trainer->state.epoch * stepper->steps_per_epoch + step,
	                                                  stepper->n_steps, stepper->steps_per_epoch);
}

#define LAYER_TEXT 80

/* The layer that a divergence shows in. */
static void name_layer(char where[LAYER_TEXT], const struct network *net)
{
	float largest;
	const size_t layer = network_largest_layer(net, &largest);
	if (isinf(largest))
		snprintf(where, LAYER_TEXT, "layer %zu is the first whose weights are not finite", layer);
	else
		snprintf(where, LAYER_TEXT, "layer %zu holds the largest weight, %.3g", layer, (double)largest);
}

/* Why a run diverged, as far as the numbers tell. */
static enum cln_status diverged(const struct trainer *trainer, struct cln_error *err)
{
	const struct stepper *stepper = &trainer->stepper;
	const size_t step = trainer->epoch.failed_step;
	char where[LAYER_TEXT];
	name_layer(where, stepper->net);
	return error_set(err, CLN_E_DIVERGED,
	                 "training diverged in epoch %zu, step %zu of %zu: the loss is not finite, and %s; "
	                 "most likely the learning rate (%g there) is too high, or a feature is far too large: "
	                 "try a smaller --lr, --clip-norm 1 or --scale standardise",
	                 trainer->state.epoch + 1, step + 1, stepper->steps_per_epoch, where, rate_of(trainer, step));
}

void trainer_keep_start(struct trainer *trainer)
{
	const size_t bytes = trainer->stepper.net->n_floats * sizeof(float);
	for (size_t i = 0; i < 3; i++) {
		float *start = may_recover(trainer) ? trainer->start_parts[i] : NULL;
		trainer->state.parts[STATE_START_WEIGHTS + i] = start;
		if (start)
			memcpy(start, trainer->state.parts[STATE_WEIGHTS + i], bytes);
	}
}

void trainer_restore_start(struct trainer *trainer)
{
	struct network *net = trainer->stepper.net;
	for (size_t i = 0; i < 3; i++)
		if (trainer->state.parts[STATE_WEIGHTS + i])
			memcpy(trainer->state.parts[STATE_WEIGHTS + i], trainer->start_parts[i], net->n_floats * sizeof(float));
	network_sync(net);
}

/* Back to the start of the epoch, at half the rate. */
static void go_back(struct trainer *trainer, const struct cln_error *why)
{
	struct training_state *state = &trainer->state;
	char sentence[CLN_ERROR_TEXT + 128];
	if (trainer->stepper.plan.comm)
		job_go_back(trainer);
	trainer_restore_start(trainer);
	state->step = 0;
	state->loss_sum = 0;
	state->recoveries++;
	if (!trainer->observer || !trainer->observer->note)
		return;
	snprintf(sentence, sizeof sentence, "%s; epoch %zu starts again with half the learning rate (%zu of %zu times)",
	         why->message, state->epoch + 1, state->recoveries, trainer->stepper.config->recover);
	trainer->observer->note(trainer->observer->context, sentence);
}

/* Hands the state out. */
static void save(struct trainer *trainer)
{
	struct training_state state = trainer->state;
	if (!trainer->keeper || !trainer->keeper->save)
		return;
	if (trainer->stepper.plan.comm)
		job_gather(trainer);
	state.seconds += clock_seconds() - trainer->start;
	trainer->keeper->save(trainer->keeper->context, &state);
}

enum cln_status trainer_run_steps(struct trainer *trainer, struct cln_error *err)
{
	struct training_state *state = &trainer->state;
	struct comm *comm = trainer->stepper.plan.comm;
	const double start = clock_seconds();
	struct cln_error reason = {0};
	trainer->epoch.first_step = state->step;
	trainer->epoch.asked = CLN_GO_ON;
	if (comm && comm->rank == 0)
		job_steps(trainer);
	const enum cln_status status = parallel_run(trainer->stepper.plan.threads, epoch_body, trainer, &reason);
	if (status != CLN_OK && comm) /* the others are within the steps, and wait for this rank */
		comm->ops->give_up(comm, reason.message);
	state->loss_sum = trainer->epoch.loss_sum;
	state->epoch_seconds += clock_seconds() - start;
	if (status != CLN_OK)
		return error_set(err, status, "%s", reason.message);
	return trainer->epoch.failed_step == SIZE_MAX ? CLN_OK : diverged(trainer, err);
}

void trainer_order_rows(struct trainer *trainer)
{
	const struct stepper *stepper = &trainer->stepper;
	if (stepper->steps_per_epoch > 1)
		batch_order_of(trainer->order, stepper->data, stepper->config->seed, (uint32_t)trainer->state.epoch);
}

/* The rest of the epoch's steps.  CLN_STOPPED: the observer's wish. */
static enum cln_status train_epoch(struct trainer *trainer, struct cln_error *err)
{
	struct stepper *stepper = &trainer->stepper;
	struct training_state *state = &trainer->state;
	const struct cln_observer *observer = trainer->observer;
	trainer_order_rows(trainer);
	trainer->epoch = (struct epoch_state){.epoch = (uint32_t)state->epoch,
	                                      .order = trainer->order,
	                                      .rate_factor = ldexp(1, -(int)state->recoveries),
	                                      .loss_sum = state->loss_sum,
	                                      .failed_step = SIZE_MAX,
	                                      .observer = observer && observer->ask ? observer : NULL};
	while (state->step < stepper->steps_per_epoch) {
		const enum cln_status status = trainer_run_steps(trainer, err);
		if (status != CLN_OK)
			return status;
		if (trainer->epoch.asked != CLN_GO_ON)
			save(trainer);
		if (trainer->epoch.asked == CLN_SAVE_AND_STOP) {
			trainer->result->unfinished = true;
			return CLN_STOPPED;
		}
	}
	return CLN_OK;
}

static enum cln_status validate(struct trainer *trainer, struct cln_metrics *metrics, int threads, struct cln_error *err)
{
	const struct dataset *valid = trainer->valid;
	const struct cln_config *config = trainer->stepper.config;
	const double threshold = config->threshold_rule == CLN_THRESHOLD_GIVEN ? config->threshold : 0.5; /* else not yet chosen */
	const struct some_rows rows = {.X = valid->X, .rows = valid->rows, .n = valid->n_rows};
	enum cln_status status;
	if (job_shares_validation(trainer))
		status = job_validate(trainer, threads, err);
	else
		status = predict_rows(trainer->valid_logits, trainer->stepper.net, trainer->stepper.kernels, &rows, threads, err);
	if (status == CLN_OK)
		status = metrics_compute(metrics, trainer->valid_logits, trainer->valid_y, trainer->valid_w, rows.n, threshold,
		                         err);
	return status;
}

/* After an epoch: weights and validation loss must be finite, else nothing that follows means anything. */
static enum cln_status check_epoch(const struct trainer *trainer, const struct cln_epoch *told, struct cln_error *err)
{
	const size_t steps = trainer->stepper.steps_per_epoch;
	size_t layer;
	char where[LAYER_TEXT];
	if (!network_is_finite(trainer->stepper.net, trainer->stepper.kernels, &layer)) {
		char what[64] = "embeddings, values of levels, input factors or alphas";
		if (layer > 0)
			snprintf(what, sizeof what, "weights of layer %zu", layer);
		return error_set(err, CLN_E_DIVERGED,
		                 "training diverged in epoch %zu: after its last step, %zu, %s are no longer finite; most likely "
		                 "the learning rate (%g there) is too high: try a smaller --lr",
		                 told->epoch, steps, what, told->learning_rate);
	}
	const double least = trainer->state.least_loss > LN2 ? trainer->state.least_loss : LN2;
	const bool lost = trainer_has_valid(trainer->valid) && !isfinite(told->valid.log_loss);
	if (optimizer_has_second(trainer->stepper.config->optimizer) && told->train_loss > MOST_LOSS) {
		name_layer(where, trainer->stepper.net);
		return error_set(err, CLN_E_DIVERGED,
		                 "training diverged in epoch %zu: its mean loss over %zu step%s is %.3g, and %s: a feature is far "
		                 "too large for this network; try --scale standardise or robust",
		                 told->epoch, steps, steps == 1 ? "" : "s", told->train_loss, where);
	}
	if (!lost && !(told->train_loss > EXPLOSION * least))
		return CLN_OK;
	name_layer(where, trainer->stepper.net);
	if (lost)
		return error_set(err, CLN_E_DIVERGED,
		                 "after epoch %zu, step %zu, the loss of the validation rows is not finite, and %s: a feature of "
		                 "theirs is far too large for this network, or the learning rate (%g there) is too high; try "
		                 "--scale standardise or robust, or a smaller --lr",
		                 told->epoch, steps, where, told->learning_rate);
	return error_set(err, CLN_E_DIVERGED,
	                 "training diverged in epoch %zu: its mean loss over %zu step%s, %.3g, is more than %d times the "
	                 "least before it, and %s; the learning rate (%g there) is too high: "
	                 "try a smaller --lr or --clip-norm 1",
	                 told->epoch, steps, steps == 1 ? "" : "s", told->train_loss, EXPLOSION, where, told->learning_rate);
}

/* Keeps the weights where the metric is better than ever before. */
static bool keep_best(struct trainer *trainer, const struct cln_metrics *valid, size_t epoch)
{
	static const struct cln_metrics worse_than_any = {.log_loss = INFINITY, .auc = -1, .accuracy = -1};
	struct training_state *state = &trainer->state;
	const struct cln_metrics *best = state->best_epoch ? &state->best : &worse_than_any;
	if (!metrics_better(valid, best, trainer->stepper.config->metric))
		return false;
	state->best = *valid;
	state->best_epoch = epoch;
	state->parts[STATE_BEST] = trainer->best_params;
	memcpy(trainer->best_params, trainer->stepper.net->params, trainer->stepper.net->n_floats * sizeof(float));
	return true;
}

/* ---------------------------------------------------------------- a run */

/* What the observer is told of an epoch whose steps are done. */
static struct cln_epoch describe_epoch(const struct trainer *trainer)
{
	const struct stepper *stepper = &trainer->stepper;
	const struct training_state *state = &trainer->state;
	return (struct cln_epoch){
	    .epoch = state->epoch + 1,
	    .epochs = stepper->config->epochs,
	    .train_loss = state->loss_sum / (double)stepper->data->n_rows,
	    .learning_rate = rate_of(trainer, stepper->steps_per_epoch - 1),
	    .seconds = state->epoch_seconds,
	    .rows_per_second = (double)stepper->data->n_rows / state->epoch_seconds,
	    .recoveries = state->recoveries,
	};
}

/* The epoch is complete. */
static void complete_epoch(struct trainer *trainer, const struct cln_epoch *told)
{
	struct training_state *state = &trainer->state;
	state->epoch = told->epoch;
	state->step = 0;
	state->loss_sum = 0;
	state->training_seconds += state->epoch_seconds;
	state->epoch_seconds = 0;
	if (told->train_loss < state->least_loss)
		state->least_loss = told->train_loss;
	if (!trainer_has_valid(trainer->valid))
		state->best_epoch = told->epoch;
}

/* What is left of the current epoch: steps, validation, and what follows from them. */
static enum cln_status run_epoch(struct trainer *trainer, struct cln_epoch *told, int threads, struct cln_error *err)
{
	if (trainer->state.step == 0)
		trainer_keep_start(trainer);
	enum cln_status status = train_epoch(trainer, err);
	if (status != CLN_OK)
		return status;
	*told = describe_epoch(trainer);
	if (trainer_has_valid(trainer->valid)) {
		const double start = clock_seconds();
		status = validate(trainer, &told->valid, threads, err);
		told->seconds += clock_seconds() - start;
	}
	if (status == CLN_OK)
		status = check_epoch(trainer, told, err);
	if (status != CLN_OK)
		return status;
	if (trainer_has_valid(trainer->valid))
		told->best = keep_best(trainer, &told->valid, told->epoch);
	complete_epoch(trainer, told);
	return CLN_OK;
}

static bool out_of_patience(const struct trainer *trainer)
{
	const struct cln_config *config = trainer->stepper.config;
	const double best = (double)trainer->state.best_epoch;
	const double last = best + (double)config->patience + config->patience_factor * best;
	return trainer_has_valid(trainer->valid) && config->patience > 0 && (double)trainer->state.epoch >= last;
}

static enum cln_status run_epochs(struct trainer *trainer, int threads, struct cln_error *err)
{
	const struct cln_observer *observer = trainer->observer;
	struct cln_error why = {0};
	while (trainer->state.epoch < trainer->stepper.config->epochs) {
		struct cln_epoch told;
		const enum cln_status status = run_epoch(trainer, &told, threads, &why);
		if (status == CLN_E_DIVERGED && may_recover(trainer)) {
			go_back(trainer, &why);
			continue;
		}
		if (status == CLN_STOPPED)
			return status;
		if (status != CLN_OK)
			return error_set(err, status, "%s", why.message);
		if (observer && observer->epoch && observer->epoch(observer->context, &told))
			return CLN_STOPPED;
		if (out_of_patience(trainer))
			break;
	}
	return CLN_OK;
}

/* The weights of the best epoch, where one was kept. */
static void restore_best(const struct trainer *trainer)
{
	struct network *net = trainer->stepper.net;
	if (!trainer->state.parts[STATE_BEST])
		return;
	memcpy(net->params, trainer->best_params, net->n_floats * sizeof(float));
	network_sync(net);
}

static void tell_result(const struct trainer *trainer)
{
	const struct training_state *state = &trainer->state;
	struct trainer_result *result = trainer->result;
	result->epochs = state->epoch;
	result->best_epoch = state->best_epoch;
	result->recoveries = state->recoveries;
	result->seconds = state->seconds + (clock_seconds() - trainer->start);
	if (state->epoch > 0)
		result->rows_per_second =
		    (double)trainer->stepper.data->n_rows * (double)state->epoch / state->training_seconds;
}

enum cln_status trainer_continue(struct network *net, const struct dataset *train, const struct dataset *valid,
                                 const struct cln_config *config, const struct plan *plan, const struct kernels *kernels,
                                 const struct cln_observer *observer, const struct trainer_keeper *keeper,
                                 struct trainer_result *result, struct cln_error *err)
{
	const double start = clock_seconds();
	struct trainer trainer = {.valid = valid,
	                          .observer = observer,
	                          .keeper = keeper,
	                          .result = result,
	                          .start = start,
	                          .last_report = start,
	                          .state.least_loss = INFINITY};
	*result = (struct trainer_result){0};
	enum cln_status status = CLN_OK;
	const struct job_task task = {net, kernels, train, valid, config, keeper ? keeper->from : NULL};
	if (plan->comm)
		status = job_announce(plan, &task, err);
	const bool announced = plan->comm && status == CLN_OK;
	if (status == CLN_OK)
		status = stepper_create(&trainer.stepper, net, kernels, config, train, plan, err);
	if (status == CLN_OK)
		status = trainer_create_arrays(&trainer, err);
	if (status == CLN_OK && task.from)
		take_state(&trainer, task.from);
	if (announced)
		status = job_begin(plan->comm, &task, status, err);
	if (status == CLN_OK) {
		status = run_epochs(&trainer, plan->threads_allowed, err);
		if (announced)
			job_end(&trainer);
	}
	if (status == CLN_OK || (status == CLN_STOPPED && !result->unfinished))
		restore_best(&trainer);
	if (trainer.stepper.net)
		tell_result(&trainer);
	trainer_destroy(&trainer);
	return status;
}

enum cln_status trainer_run(struct network *net, const struct dataset *train, const struct dataset *valid,
                            const struct cln_config *config, const struct plan *plan, const struct kernels *kernels,
                            const struct cln_observer *observer, struct trainer_result *result, struct cln_error *err)
{
	return trainer_continue(net, train, valid, config, plan, kernels, observer, NULL, result, err);
}

/* ---------------------------------------------------------------- a state from outside */

/* The parts that a training has at a position; those of the start only where it may yet go back. */
static void expected_parts(bool expected[STATE_N_PARTS], const struct training_state *state, const struct dataset *valid,
                           const struct cln_config *config)
{
	const bool start = state->recoveries < config->recover && state->step > 0;
	expected[STATE_WEIGHTS] = true;
	expected[STATE_FIRST] = optimizer_has_first(config->optimizer);
	expected[STATE_SECOND] = optimizer_has_second(config->optimizer);
	expected[STATE_BEST] = trainer_has_valid(valid) && state->best_epoch > 0;
	for (size_t i = 0; i < 3; i++)
		expected[STATE_START_WEIGHTS + i] = start && expected[STATE_WEIGHTS + i];
}

enum cln_status trainer_check(const struct training_state *state, const struct dataset *train, const struct dataset *valid,
                              const struct cln_config *config, const struct plan *plan, struct cln_error *err)
{
	const size_t steps = (train->n_rows + plan->batch_size - 1) / plan->batch_size;
	bool expected[STATE_N_PARTS], fits = state->epoch < config->epochs && state->step <= steps;
	expected_parts(expected, state, valid, config);
	fits = fits && state->best_epoch <= state->epoch && state->recoveries <= config->recover;
	fits = fits && (trainer_has_valid(valid) ? (state->best.rows > 0) == (state->best_epoch > 0)
	                                         : state->best_epoch == state->epoch);
	for (size_t i = 0; i < STATE_N_PARTS; i++)
		fits = fits && expected[i] == (state->parts[i] != NULL);
	if (!fits)
		return error_set(err, CLN_E_USAGE, "the state after %zu epochs and %zu steps is not one of this training",
		                 state->epoch, state->step);
	return CLN_OK;
}
