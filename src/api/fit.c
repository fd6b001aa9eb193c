/* SPDX-License-Identifier: MIT
 * cln_model_fit: prepare the data, set up network and plan, train, measure, and put the model together. */
#include <string.h>

#include "api/config.h"
#include "api/prepare.h"
#include "base/parallel.h"
#include "kernels/dispatch.h"
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

static void tell_start(const struct fit *fit, const struct cln_table *train)
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

	if (fit->observer && fit->observer->start)
		fit->observer->start(fit->observer->context, &start);
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

/* CLN_OK or CLN_STOPPED: the network is trained. */
static enum cln_status train(struct fit *fit, const struct cln_table *table, const struct cln_model *init, struct cln_error *err)
{
	enum cln_status status = make_network(fit, init, err);

	if (status != CLN_OK)
		return status;
	plan_create(&fit->plan, fit->network, fit->config, fit->data.train.n_rows, fit->threads);
	tell_start(fit, table);
	dataset_expect(&fit->data.train, true);
	status = trainer_run(fit->network, &fit->data.train, fit->data.valid.n_rows ? &fit->data.valid : NULL, fit->config,
			     &fit->plan, fit->kernels, fit->observer, &fit->result, err);
	dataset_expect(&fit->data.train, false);
	return status;
}

enum cln_status cln_model_fit(struct cln_model **model, const struct cln_table *train_table, const struct cln_table *valid,
                              const struct cln_table *test, const struct cln_model *init, const struct cln_config *config,
                              const struct cln_observer *observer, struct cln_fit_summary *summary, struct cln_error *err)
{
	struct cln_config effective = *config;
	struct fit fit = {.config = &effective, .observer = observer};
	struct cln_fit_summary own = {0};
	enum cln_status status, trained;

	*model = NULL;
	if (summary)
		*summary = own;
	if (valid)
		effective.valid_fraction = 0;
	if (test)
		effective.test_fraction = 0;
	status = config_check(&effective, err);
	if (status == CLN_OK)
		status = kernels_select(&fit.kernels, config->isa, err);
	if (status != CLN_OK)
		return status;
	if (init)
		config_keep_network(&effective, init);
	choose_threads(&fit);
	status = prepare(&fit.data, train_table, valid, test, init, &effective, fit.threads, observer, err);
	if (status != CLN_OK)
		return status;
	trained = train(&fit, train_table, init, err);
	status = trained;
	if (trained == CLN_OK || trained == CLN_STOPPED) {
		status = summarise(&own, &fit, err);
		if (status == CLN_OK)
			status = make_model(model, &fit, &own, err);
		if (status == CLN_OK && summary)
			*summary = own;
	}
	if (status == CLN_OK && trained == CLN_STOPPED)
		status =
		    error_set(err, CLN_STOPPED, "training was stopped after epoch %zu of %zu", fit.result.epochs, config->epochs);
	network_destroy(fit.network);
	prepared_free(&fit.data);
	return status;
}
