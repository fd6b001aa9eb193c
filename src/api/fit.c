/* SPDX-License-Identifier: MIT
 * cln_model_fit: prepare the data, set up network and plan, train, measure, and put the model together. */
#include <math.h>
#include <string.h>

#include "api/config.h"
#include "api/identity.h"
#include "api/notes.h"
#include "api/prepare.h"
#include "base/io.h"
#include "base/parallel.h"
#include "kernels/dispatch.h"
#include "model/checkpoint.h"
#include "train/metrics.h"
#include "train/predict.h"
#include "train/trainer.h"

#define THRESHOLD 0.5

/* A fit under way. */
struct fit {
	const struct cln_config *config;
	const struct cln_observer *observer;
	const struct kernels *kernels;
	int threads;             /* allowed */
	const char *threads_rule;
	struct prepared data;
	struct network *network;
	struct plan plan;
	struct trainer_result result;
	struct identity_sources sources; /* what a checkpoint is told apart by ... */
	struct text identity;            /* ... once that was needed: it takes a pass over the tables */
};

static void choose_threads(struct fit *fit)
{
	int asked = fit->config->threads;

	fit->threads_rule = "--threads";
	if (asked == 0)
		asked = cln_threads_allowed(&fit->threads_rule);
	fit->threads = parallel_limit(asked);
	if (fit->threads < asked)
		fit->threads_rule = "the OpenMP runtime's limit";
}

/* A network as the config says, or the one to start from. */
static enum cln_status make_network(struct fit *fit, const struct cln_model *init, struct cln_error *err)
{
	const struct cln_config *config = fit->config;
	size_t n[NETWORK_MAX_LAYERS + 1], L = config->n_hidden + 1;
	enum cln_status status;

	if (init)
		return network_clone(&fit->network, init->network, err);
	n[0] = fit->data.pipeline->n_features;
	memcpy(n + 1, config->hidden, config->n_hidden * sizeof *n);
	n[L] = 1;
	status = network_create(&fit->network, n, L, config->activation, err);
	if (status == CLN_OK)
		network_init(fit->network, config->init, config->seed);
	return status;
}

/* True: the observer does not want to begin. */
static bool tell_start(const struct fit *fit, const struct cln_table *train)
{
	const struct prepared *data = &fit->data;
	const struct cln_fit_start start = {
		.train_rows = data->train.n_rows,
		.valid_rows = data->valid.n_rows,
		.test_rows = data->test.n_rows,
		.dropped_rows = data->dropped_rows,
		.table_columns = train->n_columns,
		.numeric_columns = data->numeric_columns,
		.categorical_columns = data->categorical_columns,
		.n_features = data->pipeline->n_features,
		.missing_cells = data->missing_cells,
		.label = data->label.column,
		.negative = data->label.negative,
		.positive = data->label.positive,
		.positive_was_chosen = data->label.positive_was_chosen,
		.positive_rate = data->positive_rate,
		.n_layers = fit->network->L,
		.n = fit->network->n,
		.n_params = fit->network->n_params,
		.batch_size = fit->plan.batch_size,
		.block_size = fit->plan.block_size,
		.threads_allowed = fit->threads,
		.threads = fit->plan.threads,
		.threads_rule = fit->threads_rule,
		.isa = fit->kernels->name,
	};

	return fit->observer && fit->observer->start && fit->observer->start(fit->observer->context, &start);
}

/* w: row weights as in the table. */
static enum cln_status measure(struct cln_metrics *metrics, const struct fit *fit, const struct dataset *dataset, const float *w,
			       struct cln_error *err)
{
	float *logits;
	enum cln_status status;

	*metrics = (struct cln_metrics){0};
	if (dataset->n_rows == 0)
		return CLN_OK;
	logits = mem_alloc(dataset->n_rows, sizeof *logits, err);
	if (!logits)
		return CLN_E_MEMORY;
	status = predict_logits(logits, fit->network, fit->kernels, dataset->X, dataset->n_rows, fit->threads, err);
	if (status == CLN_OK)
		status = metrics_compute(metrics, logits, dataset->y, w, dataset->n_rows, THRESHOLD, err);
	mem_free(logits);
	return status;
}

static enum cln_status summarise(struct cln_fit_summary *summary, const struct fit *fit, struct cln_error *err)
{
	const struct prepared *data = &fit->data;
	enum cln_status status = measure(&summary->train, fit, &data->train, data->train_row_weights, err);

	if (status == CLN_OK)
		status = measure(&summary->valid, fit, &data->valid, data->valid.w, err);
	if (status == CLN_OK)
		status = measure(&summary->test, fit, &data->test, data->test.w, err);
	summary->epochs = fit->result.epochs;
	summary->best_epoch = fit->result.best_epoch;
	summary->recoveries = fit->result.recoveries;
	summary->seconds = fit->result.seconds;
	summary->rows_per_second = fit->result.rows_per_second;
	summary->threads = fit->plan.threads;
	return status;
}

/* The config as the model keeps it: what shaped the result. */
static void record_config(struct cln_model *model, const struct fit *fit)
{
	struct cln_config *config = &model->config;

	*config = *fit->config;
	config->recipe = model->recipe;
	config->label = config->positive = config->weight = config->isa = NULL;
	config->threads = 0;
	config->block_size = fit->plan.block_size; /* shapes the bits, so what was chosen is written down */
}

/* Moves what was made into a model. */
static enum cln_status make_model(struct cln_model **model, struct fit *fit, const struct cln_fit_summary *summary,
				  struct cln_error *err)
{
	const char *recipe = fit->config->recipe ? fit->config->recipe : "plain";
	struct cln_model *new;
	enum cln_status status = model_create(&new, err);

	if (status != CLN_OK)
		return status;
	new->recipe = mem_copy(recipe, strlen(recipe), err);
	if (!new->recipe) {
		cln_model_destroy(new);
		return CLN_E_MEMORY;
	}
	record_config(new, fit);
	new->threshold = THRESHOLD;
	new->train_rows = fit->data.train.n_rows;
	new->valid_rows = fit->data.valid.n_rows;
	new->epochs = summary->epochs;
	new->best_epoch = summary->best_epoch;
	new->valid = summary->valid;
	new->pipeline = fit->data.pipeline;
	new->label = fit->data.label;
	new->weight = fit->data.weight;
	new->network = fit->network;
	fit->data.pipeline = NULL;
	fit->data.label = (struct label){0};
	fit->data.weight = NULL;
	fit->network = NULL;
	*model = new;
	return CLN_OK;
}

/* ---------------------------------------------------------------- checkpoints */

/* The options in force, with what was chosen where they were silent. */
static enum cln_status make_identity(struct fit *fit, struct cln_error *err)
{
	struct cln_config config = *fit->config;

	if (fit->identity.length > 0)
		return CLN_OK;
	config.block_size = fit->plan.block_size;
	return identity_text(&fit->identity, &config, &fit->data, &fit->sources, err);
}

/* The trainer's state, to the observer. */
static void hand_out(void *context, const struct training_state *state)
{
	struct fit *fit = context;
	struct cln_error err = {0};
	struct cln_checkpoint checkpoint = {.network = fit->network, .state = *state};

	if (!fit->observer->checkpoint)
		return;
	if (make_identity(fit, &err) != CLN_OK) {
		note(fit->observer, "there is no checkpoint: %s", err.message);
		return;
	}
	checkpoint.identity = fit->identity.bytes;
	fit->observer->checkpoint(fit->observer->context, &checkpoint);
}

static bool same_shape(const struct network *a, const struct network *b)
{
	return a->L == b->L && a->activation == b->activation && memcmp(a->n, b->n, (a->L + 1) * sizeof *a->n) == 0;
}

/* Whether it is one of this very training. */
static enum cln_status check_checkpoint(struct fit *fit, const struct cln_checkpoint *checkpoint, struct cln_error *err)
{
	enum cln_status status = make_identity(fit, err);

	if (status == CLN_OK)
		status = identity_compare(checkpoint->identity, fit->identity.bytes, err);
	if (status == CLN_OK && !same_shape(checkpoint->network, fit->network))
		status = error_set(err, CLN_E_USAGE, "the checkpoint's network has another shape than this training's");
	if (status == CLN_OK)
		status = trainer_check(&checkpoint->state, &fit->data.train, &fit->data.valid, fit->config, &fit->plan, err);
	return status;
}

/* ---------------------------------------------------------------- the fit */

/* The value that is largest by size in one column of a dataset; what is not finite is larger than any number. */
static float largest_value(const struct dataset *dataset, size_t feature)
{
	float largest = 0;

	for (size_t i = 0; i < dataset->n_rows; i++) {
		const float size = fabsf(dataset->X[i * dataset->n_features + feature]);
		if (!(size <= largest))
			largest = size;
	}
	return largest;
}

/* Adds to the reason of a divergence the feature with the largest values. */
static enum cln_status name_feature(const struct fit *fit, struct cln_error *err)
{
	const struct pipeline *pipeline = fit->data.pipeline;
	const char *name = "";
	float most = -1;

	if (!err)
		return CLN_E_DIVERGED;
	for (size_t c = 0; c < pipeline->n_columns; c++) {
		const struct pipeline_column *column = &pipeline->columns[c];
		for (size_t k = 0; k < column->n_features; k++) {
			const float train = largest_value(&fit->data.train, column->first_feature + k);
			const float valid = largest_value(&fit->data.valid, column->first_feature + k);
			const float larger = valid > train ? valid : train;
			if (larger > most) {
				most = larger;
				name = column->name;
			}
		}
	}
	return error_set(err, CLN_E_DIVERGED, "%s; the feature with the largest values is \"%s\" (%.3g)%s", err->message, name,
			 (double)most, fit->result.recoveries > 0 ? "; --recover did not help" : "");
}

static enum cln_status give_up(struct fit *fit, struct cln_error *err)
{
	fit->result.unfinished = true;
	return error_set(err, CLN_STOPPED, "training was given up before its first step");
}

/* CLN_OK or CLN_STOPPED: the network is trained as far as it goes. */
static enum cln_status train(struct fit *fit, const struct cln_checkpoint *checkpoint, struct cln_error *err)
{
	struct trainer_keeper keeper = {.from = checkpoint ? &checkpoint->state : NULL, .context = fit, .save = hand_out};
	const struct dataset *valid = fit->data.valid.n_rows ? &fit->data.valid : NULL;
	enum cln_status status = make_network(fit, fit->sources.init, err);

	if (status != CLN_OK)
		return status;
	plan_create(&fit->plan, fit->network, fit->config, fit->data.train.n_rows, fit->threads);
	fit->sources.initial = io_crc64(0, fit->network->params, fit->network->n_floats * sizeof(float));
	if (tell_start(fit, fit->sources.train))
		return give_up(fit, err);
	if (checkpoint)
		status = check_checkpoint(fit, checkpoint, err);
	if (status != CLN_OK)
		return status;
	if (fit->observer && fit->observer->ready && fit->observer->ready(fit->observer->context))
		return give_up(fit, err);
	dataset_expect(&fit->data.train, true);
	status = trainer_continue(fit->network, &fit->data.train, valid, fit->config, &fit->plan, fit->kernels, fit->observer,
	                          &keeper, &fit->result, err);
	dataset_expect(&fit->data.train, false);
	if (status == CLN_E_DIVERGED)
		status = name_feature(fit, err);
	else if (status == CLN_STOPPED)
		error_set(err, CLN_STOPPED, "training was stopped %s epoch %zu of %zu", fit->result.unfinished ? "in" : "after",
			  fit->result.epochs + fit->result.unfinished, fit->config->epochs);
	return status;
}

/* The model of a network that is trained, measured on all rows. */
static enum cln_status finish(struct cln_model **model, struct fit *fit, struct cln_fit_summary *summary, struct cln_error *err)
{
	enum cln_status status = summarise(summary, fit, err);

	return status == CLN_OK ? make_model(model, fit, summary, err) : status;
}

static enum cln_status check_config(struct fit *fit, struct cln_config *effective, const struct cln_table *valid,
				    const struct cln_table *test, struct cln_error *err)
{
	enum cln_status status;

	if (valid)
		effective->valid_fraction = 0;
	if (test)
		effective->test_fraction = 0;
	status = config_check(effective, err);
	return status == CLN_OK ? kernels_select(&fit->kernels, effective->isa, err) : status;
}

enum cln_status cln_model_resume(struct cln_model **model, const struct cln_checkpoint *checkpoint,
                                 const struct cln_table *train_table, const struct cln_table *valid, const struct cln_table *test,
                                 const struct cln_model *init, const struct cln_config *config,
                                 const struct cln_observer *observer, struct cln_fit_summary *summary, struct cln_error *err)
{
	struct cln_config effective = *config;
	struct fit fit = {.config = &effective, .observer = observer, .sources = {train_table, valid, test, init, 0}};
	struct cln_fit_summary own = {0};
	enum cln_status status;

	*model = NULL;
	if (summary)
		*summary = own;
	status = check_config(&fit, &effective, valid, test, err);
	if (status != CLN_OK)
		return status;
	if (init)
		config_keep_network(&effective, init);
	choose_threads(&fit);
	status = prepare(&fit.data, train_table, valid, test, init, &effective, fit.threads, observer, err);
	if (status != CLN_OK)
		return status;
	status = train(&fit, checkpoint, err);
	if (status == CLN_OK || (status == CLN_STOPPED && !fit.result.unfinished)) {
		const enum cln_status finished = finish(model, &fit, &own, err);
		status = finished == CLN_OK ? status : finished;
	}
	if (*model && summary)
		*summary = own;
	text_free(&fit.identity);
	network_destroy(fit.network);
	prepared_free(&fit.data);
	return status;
}

enum cln_status cln_model_fit(struct cln_model **model, const struct cln_table *train_table, const struct cln_table *valid,
                              const struct cln_table *test, const struct cln_model *init, const struct cln_config *config,
                              const struct cln_observer *observer, struct cln_fit_summary *summary, struct cln_error *err)
{
	return cln_model_resume(model, NULL, train_table, valid, test, init, config, observer, summary, err);
}
