/* SPDX-License-Identifier: MIT */
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/parallel.h"
#include "data/batch.h"
#include "train/metrics.h"
#include "train/predict.h"
#include "train/schedule.h"
#include "train/step.h"

#define PROGRESS_SECONDS 0.05

/* A run under way. */
struct trainer {
	struct stepper stepper;
	const struct dataset *valid;
	const struct cln_observer *observer;
	uint32_t *order;
	double last_report;          /* of progress, when */
	float *valid_logits;
	float *best_params;          /* of the best epoch, where there are validation rows */
	struct cln_metrics best;     /* of best_params */
	struct trainer_result *result;
	struct epoch_state state;    /* of the current epoch */
};

static bool has_valid(const struct trainer *trainer)
{
	return trainer->valid && trainer->valid->n_rows > 0;
}

static void destroy(struct trainer *trainer)
{
	stepper_free(&trainer->stepper);
	mem_free(trainer->order);
	mem_free(trainer->valid_logits);
	mem_free(trainer->best_params);
}

static enum cln_status create(struct trainer *trainer, const struct dataset *train, const struct network *net,
                              struct cln_error *err)
{
	trainer->order = mem_alloc(train->n_rows, sizeof *trainer->order, err);
	if (!trainer->order)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < train->n_rows; i++)
		trainer->order[i] = (uint32_t)i;
	if (!has_valid(trainer))
		return CLN_OK;
	trainer->valid_logits = mem_alloc(trainer->valid->n_rows, sizeof(float), err);
	trainer->best_params = trainer->valid_logits ? mem_alloc(net->n_floats, sizeof(float), err) : NULL;
	return trainer->best_params ? CLN_OK : CLN_E_MEMORY;
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
	trainer->observer->progress(trainer->observer->context, trainer->state.epoch + 1, done < rows ? done : rows, rows);
}

static void epoch_body(void *argument, struct team *team, int tid)
{
	struct trainer *trainer = argument;
	const bool reports = tid == 0 && trainer->observer && trainer->observer->progress;
	const size_t steps = trainer->stepper.steps_per_epoch;
	for (size_t step = 0; step < steps; step++) {
		if (!stepper_step(&trainer->stepper, &trainer->state, step, team, tid))
			return;
		if (reports && step + 1 < steps)
			report_progress(trainer, step);
	}
}

/* Why a run diverged, as far as the numbers tell. */
static enum cln_status diverged(const struct trainer *trainer, struct cln_error *err)
{
	const struct stepper *stepper = &trainer->stepper;
	const size_t step = trainer->state.failed_step;
	const double rate = schedule_rate(stepper->config, trainer->state.epoch * stepper->steps_per_epoch + step, stepper->n_steps,
	                                  stepper->steps_per_epoch);
	float largest;
	const size_t layer = network_largest_layer(stepper->net, &largest);
	char where[80];
	if (isinf(largest))
		snprintf(where, sizeof where, "layer %zu is the first whose weights are not finite", layer);
	else
		snprintf(where, sizeof where, "layer %zu holds the largest weight, %.3g", layer, (double)largest);
	return error_set(err, CLN_E_DIVERGED,
	                 "training diverged in epoch %u, step %zu of %zu: the loss is not finite, and %s; "
	                 "most likely the learning rate (%g there) is too high, or a feature is far too large: "
	                 "try a smaller --lr, --clip-norm 1 or --scale standardise",
	                 (unsigned)trainer->state.epoch + 1, step + 1, stepper->steps_per_epoch, where, rate);
}

/* *start and *end: when.  A mini-batch of all rows has them in the order of the data. */
static enum cln_status train_epoch(struct trainer *trainer, size_t epoch, double *start, double *end, struct cln_error *err)
{
	struct stepper *stepper = &trainer->stepper;
	*start = clock_seconds();
	if (stepper->steps_per_epoch > 1)
		batch_order(trainer->order, stepper->data->n_rows, stepper->config->seed, (uint32_t)epoch);
	trainer->state = (struct epoch_state){.epoch = (uint32_t)epoch, .order = trainer->order, .failed_step = SIZE_MAX};
	const enum cln_status status = parallel_run(stepper->plan.threads, epoch_body, trainer, err);
	*end = clock_seconds();
	if (status != CLN_OK)
		return status;
	return trainer->state.failed_step == SIZE_MAX ? CLN_OK : diverged(trainer, err);
}

static enum cln_status validate(struct trainer *trainer, struct cln_metrics *metrics, int threads, struct cln_error *err)
{
	const struct dataset *valid = trainer->valid;
	enum cln_status status = predict_logits(trainer->valid_logits, trainer->stepper.net, trainer->stepper.kernels, valid->X,
	                                        valid->n_rows, threads, err);
	if (status == CLN_OK)
		status = metrics_compute(metrics, trainer->valid_logits, valid->y, valid->w, valid->n_rows, 0.5, err);
	return status;
}

/* After an epoch: weights and validation loss must be finite, else nothing that follows means anything. */
static enum cln_status check_epoch(const struct trainer *trainer, const struct cln_epoch *told, struct cln_error *err)
{
	size_t layer;
	if (!network_is_finite(trainer->stepper.net, trainer->stepper.kernels, &layer))
		return error_set(err, CLN_E_DIVERGED,
		                 "training diverged in epoch %zu: weights of layer %zu are no longer finite; try a smaller --lr",
		                 told->epoch, layer);
	if (has_valid(trainer) && !isfinite(told->valid.log_loss))
		return error_set(err, CLN_E_DIVERGED,
		                 "after epoch %zu the loss of the validation rows is not finite: a feature of theirs is far too "
		                 "large for this network; try --scale standardise or robust",
		                 told->epoch);
	return CLN_OK;
}

/* Keeps the weights where the metric is better than ever before. */
static bool keep_best(struct trainer *trainer, const struct cln_metrics *valid, size_t epoch)
{
	if (!metrics_better(valid, &trainer->best, trainer->stepper.config->metric))
		return false;
	trainer->best = *valid;
	trainer->result->best_epoch = epoch;
	memcpy(trainer->best_params, trainer->stepper.net->params, trainer->stepper.net->n_floats * sizeof(float));
	return true;
}

/* ---------------------------------------------------------------- a run */

/* What the observer is told of an epoch whose training ran for train_seconds. */
static struct cln_epoch describe_epoch(const struct trainer *trainer, size_t epoch, double train_seconds)
{
	const struct stepper *stepper = &trainer->stepper;
	const size_t last_step = epoch * stepper->steps_per_epoch - 1;
	return (struct cln_epoch){
	    .epoch = epoch,
	    .epochs = stepper->config->epochs,
	    .train_loss = trainer->state.loss_sum / (double)stepper->data->n_rows,
	    .learning_rate = schedule_rate(stepper->config, last_step, stepper->n_steps, stepper->steps_per_epoch),
	    .rows_per_second = (double)stepper->data->n_rows / train_seconds,
	};
}

static bool out_of_patience(const struct trainer *trainer, size_t epoch)
{
	const size_t patience = trainer->stepper.config->patience;
	return has_valid(trainer) && patience > 0 && epoch >= trainer->result->best_epoch + patience;
}

static enum cln_status run_epochs(struct trainer *trainer, int threads, struct cln_error *err)
{
	struct trainer_result *result = trainer->result;
	double training_seconds = 0;
	for (size_t epoch = 1; epoch <= trainer->stepper.config->epochs; epoch++) {
		double start, end;
		enum cln_status status = train_epoch(trainer, epoch - 1, &start, &end, err);
		if (status != CLN_OK)
			return status;
		struct cln_epoch told = describe_epoch(trainer, epoch, end - start);
		training_seconds += end - start;
		result->epochs = epoch;
		result->rows_per_second = (double)trainer->stepper.data->n_rows * (double)epoch / training_seconds;
		if (has_valid(trainer)) {
			status = validate(trainer, &told.valid, threads, err);
			if (status != CLN_OK)
				return status;
		}
		status = check_epoch(trainer, &told, err);
		if (status != CLN_OK)
			return status;
		if (has_valid(trainer))
			told.best = keep_best(trainer, &told.valid, epoch);
		else
			result->best_epoch = epoch;
		told.seconds = (has_valid(trainer) ? clock_seconds() : end) - start;
		if (trainer->observer && trainer->observer->epoch && trainer->observer->epoch(trainer->observer->context, &told)) {
			result->stopped = true;
			return CLN_STOPPED;
		}
		if (out_of_patience(trainer, epoch))
			break;
	}
	return CLN_OK;
}

/* The weights of the best epoch, where one was kept. */
static void restore_best(struct trainer *trainer)
{
	struct network *net = trainer->stepper.net;
	if (!has_valid(trainer) || trainer->result->best_epoch == 0)
		return;
	memcpy(net->params, trainer->best_params, net->n_floats * sizeof(float));
	network_sync(net);
}

enum cln_status trainer_run(struct network *net, const struct dataset *train, const struct dataset *valid,
                            const struct cln_config *config, const struct plan *plan, const struct kernels *kernels,
                            const struct cln_observer *observer, struct trainer_result *result, struct cln_error *err)
{
	const double start = clock_seconds();
	*result = (struct trainer_result){0};
	struct trainer trainer = {.valid = valid,
	                          .observer = observer,
	                          .result = result,
	                          .last_report = start,
	                          .best = {.log_loss = INFINITY, .auc = -1, .accuracy = -1}}; /* worse than any */
	enum cln_status status = stepper_create(&trainer.stepper, net, kernels, config, train, plan, err);
	if (status == CLN_OK)
		status = create(&trainer, train, net, err);
	if (status == CLN_OK)
		status = run_epochs(&trainer, plan->threads_allowed, err);
	if (status == CLN_OK || status == CLN_STOPPED)
		restore_best(&trainer);
	destroy(&trainer);
	result->seconds = clock_seconds() - start;
	return status;
}
