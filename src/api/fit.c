/* SPDX-License-Identifier: MIT
 * cln_model_fit: prepare the data, set up network and plan, train, measure, and put the model together. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/bins.h"
#include "api/config.h"
#include "api/identity.h"
#include "api/judge.h"
#include "api/notes.h"
#include "base/io.h"
#include "base/parallel.h"
#include "kernels/dispatch.h"
#include "model/checkpoint.h"
#include "train/start.h"
#include "train/trainer.h"

/* A fit under way. */
struct fit {
	const struct cln_config *config;
	const struct cln_observer *observer;
	const struct kernels *kernels;
	int threads;             /* allowed */
	struct front front;      /* of every member, but for --init */
	const char *threads_rule;
	struct prepared data;
	size_t K;                /* members: config->ensemble */
	struct identity_sources sources; /* what a checkpoint is told apart by ... */
	struct text identity;            /* ... once that was needed: it takes a pass over the tables */

	/* the member under way */
	size_t k;
	struct cln_config member; /* config with the member's seed, and from the second on the first one's block size */
	struct network *network;
	struct plan plan;
	struct trainer_result result;
	struct cln_observer observer_of_member; /* tells the observer which member it is */

	size_t n_trained; /* members whose training has ended */
	struct network *trained[CLN_MAX_ENSEMBLE];
	struct finished_member finished[CLN_MAX_ENSEMBLE]; /* their params are those of `trained` */
	size_t block_size; /* of the first member's plan */
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

/* The features that are numbers, where these are embedded, their bins, and those that are levels' numbers. */
static enum cln_status make_front(struct front *front, const struct fit *fit, struct cln_error *err)
{
	const enum cln_embedding embedding = fit->config->embedding;
	const struct pipeline *pipeline = fit->data.pipeline;
	uint32_t *numbers = mem_alloc(pipeline->n_features, sizeof *numbers, err);
	struct category *categories = mem_alloc(pipeline->n_columns, sizeof *categories, err);

	*front = (struct front){.numbers = numbers,
				.scaling = fit->config->input_scaling,
				.parametric = fit->config->parametric_activation,
				.categories = categories,
				.values = fit->config->level_values};
	if (!numbers || !categories)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < pipeline->n_features; i++)
		if ((embedding == CLN_EMBEDDING_PERIODIC || embedding == CLN_EMBEDDING_BOTH) &&
		    pipeline_feature_is_number(pipeline, i))
			numbers[front->n_numbers++] = (uint32_t)i;
	front->n_categories = model_categories(categories, pipeline);
	if (embedding == CLN_EMBEDDING_PIECEWISE || embedding == CLN_EMBEDDING_BOTH)
		return bins_of_numbers(front, &fit->data, fit->config->bins, fit->threads, err);
	return CLN_OK;
}

/* Numbers that were scaled by their quantiles have finer waves, too: their steps and peaks stand close together there. */
static enum cln_status draw_front(const struct fit *fit, struct cln_error *err)
{
	const struct cln_config *config = &fit->member;
	const struct pipeline *pipeline = fit->data.pipeline;
	const struct front *front = &fit->network->front;
	double *spreads = mem_alloc(front->n_numbers, sizeof *spreads, err);

	if (!spreads)
		return CLN_E_MEMORY;
	for (size_t c = 0, j = 0; c < pipeline->n_columns; c++) {
		const struct pipeline_column *column = &pipeline->columns[c];
		if (j < front->n_numbers && column->n_features > 0 && front->numbers[j] == column->first_feature)
			spreads[j++] = column->transform == TRANSFORM_QUANTILE ? config->frequency_spread : 1;
	}
	network_init_front(fit->network, config->frequency_scale, spreads, config->seed);
	mem_free(spreads);
	return CLN_OK;
}

/* A network as the config says, but for a start from the data, or the one to start from. */
static enum cln_status make_network(struct fit *fit, struct cln_error *err)
{
	const struct cln_config *config = &fit->member;
	size_t n[NETWORK_MAX_LAYERS + 1], L = config->n_hidden + 1;
	enum cln_status status;

	network_destroy(fit->network);
	fit->network = NULL;
	if (fit->sources.init)
		return network_clone(&fit->network, fit->sources.init->network, err);
	n[0] = fit->data.pipeline->n_features;
	memcpy(n + 1, config->hidden, config->n_hidden * sizeof *n);
	n[L] = 1;
	status = fit->front.numbers ? CLN_OK : make_front(&fit->front, fit, err);
	if (status == CLN_OK)
		status = network_create_with_front(&fit->network, n, L, config->activation, &fit->front, err);
	if (status == CLN_OK)
		status = draw_front(fit, err);
	if (status != CLN_OK)
		return status;
	network_init_levels(fit->network, config->level_scale, config->seed);
	if (config->init != CLN_INIT_DATA)
		network_init(fit->network, config->init, config->seed);
	return CLN_OK;
}

/* True: the observer does not want to begin. */
static bool tell_start(const struct fit *fit, const struct cln_table *train)
{
	const struct prepared *data = &fit->data;
	const struct cln_fit_start start = {
		.train_rows = data->train_rows,
		.valid_rows = data->valid_rows,
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
		.members = fit->K,
		.folds = prepared_folds(data),
		.n_layers = fit->network->L,
		.n = fit->network->n,
		.n_params = fit->network->n_params,
		.epochs = fit->member.epochs,
		.batch_size = fit->plan.batch_size,
		.block_size = fit->plan.block_size,
		.threads_allowed = fit->threads,
		.threads = fit->plan.threads,
		.threads_rule = fit->threads_rule,
		.isa = fit->kernels->name,
	};

	return fit->observer && fit->observer->start && fit->observer->start(fit->observer->context, &start);
}

/* ---------------------------------------------------------------- what came of it */

static enum cln_status measure(struct cln_metrics *metrics, const struct scorer *scorer, const struct dataset *dataset,
			       const float *w, double threshold, struct cln_error *err)
{
	struct judged judged;
	enum cln_status status = judge_dataset(&judged, scorer, dataset, w, err);

	if (status == CLN_OK)
		status = judged_measure(metrics, &judged, threshold, err);
	judged_free(&judged);
	return status;
}

/* What a user who asked for a threshold wants to know of it; n rows were there to choose it on. */
static void tell_threshold(const struct fit *fit, const struct threshold_choice *choice, size_t n)
{
	const char *rule = name_of(&names_threshold_rule, (int)fit->config->threshold_rule);

	if (fit->config->threshold_rule == CLN_THRESHOLD_GIVEN || n == 0)
		return;
	if (!choice->possible)
		note(fit->observer, "--threshold %s needs rows of both classes that are not trained on: it stays %g", rule,
		     choice->threshold);
	else if (isnan(choice->precision))
		note(fit->observer, "the threshold is %.4g: none of %zu rows not trained on is called positive", choice->threshold,
		     n);
	else
		note(fit->observer, "%sthe threshold is %.4g: precision %.3f, recall %.3f, F1 %.3f on %zu rows not trained on",
		     choice->met ? "" : "no threshold has the precision asked for; with the greatest ", choice->threshold,
		     choice->precision, choice->recall, choice->f1, n);
}

/* What is fitted to rows that were not trained on is fitted to these, before they are measured. */
static enum cln_status measure_valid(struct cln_fit_summary *summary, struct fit *fit, const struct scorer *scorer,
				     struct cln_error *err)
{
	struct prepared *data = &fit->data;
	struct threshold_choice choice;
	struct judged judged;
	enum cln_status status = prepared_folds(data) ? judge_folds(&judged, scorer, data, err)
						      : judge_dataset(&judged, scorer, &data->valid, data->valid.w, err);

	summary->temperature = 1;
	if (status == CLN_OK && fit->config->calibration == CLN_CALIBRATE_TEMPERATURE)
		status = judged_calibrate(&summary->temperature, &judged, fit->threads, err);
	if (status == CLN_OK)
		status = judged_choose_threshold(&choice, &judged, fit->config, err);
	if (status == CLN_OK) {
		summary->threshold = choice.threshold;
		tell_threshold(fit, &choice, judged.n);
		status = judged_measure(&summary->valid, &judged, choice.threshold, err);
	}
	judged_free(&judged);
	return status;
}

static void sum_members(struct cln_fit_summary *summary, const struct fit *fit)
{
	double rows = 0, seconds = 0; /* of training alone */

	summary->members = fit->n_trained;
	summary->best_epoch = fit->finished[0].best_epoch;
	for (size_t k = 0; k < fit->n_trained; k++) {
		const struct finished_member *member = &fit->finished[k];
		const size_t fold = prepared_folds(&fit->data) ? k % prepared_folds(&fit->data) : 0;
		const double done = (double)prepared_train_rows(&fit->data, fold) * (double)member->epochs;

		summary->epochs += member->epochs;
		summary->recoveries += member->recoveries;
		summary->seconds += member->seconds;
		rows += done;
		seconds += member->epochs ? done / member->rows_per_second : 0;
	}
	if (rows > 0)
		summary->rows_per_second = fit->n_trained == 1 ? fit->finished[0].rows_per_second : rows / seconds;
}

static enum cln_status summarise(struct cln_fit_summary *summary, struct fit *fit, struct cln_error *err)
{
	struct prepared *data = &fit->data;
	struct scorer scorer = {(const struct network *const *)fit->trained, fit->n_trained, fit->kernels, fit->threads, 1};
	enum cln_status status = measure_valid(summary, fit, &scorer, err);

	scorer.temperature = summary->temperature;
	if (status == CLN_OK)
		status = measure(&summary->test, &scorer, &data->test, data->test.w, summary->threshold, err);
	if (status == CLN_OK)
		status = prepared_take_train(data, prepared_folds(data), err);
	if (status == CLN_OK)
		status = measure(&summary->train, &scorer, &data->train, data->train_row_weights, summary->threshold, err);
	sum_members(summary, fit);
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
	config->threshold = 0; /* it is the model's own */
	config->ensemble = fit->n_trained;
	config->block_size = fit->block_size; /* shapes the bits, so what was chosen is written down */
	if (model_categories(NULL, fit->data.pipeline) == 0) /* then these options shaped nothing */
		config_forget_levels(config);
}

/* What cannot be written is to be known before the training, not after it. */
static enum cln_status check_room(const struct fit *fit, struct cln_error *err)
{
	struct member members[CLN_MAX_ENSEMBLE];
	struct cln_model model = {.pipeline = fit->data.pipeline,
				  .label = fit->data.label,
				  .weight = fit->data.weight,
				  .network = fit->network,
				  .members = members,
				  .n_members = fit->K};

	for (size_t k = 0; k < fit->K; k++)
		members[k] = (struct member){.network = fit->network};
	record_config(&model, fit);
	return model_check_room(&model, err);
}

/* The networks become the model's. */
static enum cln_status give_networks(struct cln_model *model, struct fit *fit, struct cln_error *err)
{
	if (fit->n_trained > 1) {
		model->members = mem_alloc(fit->n_trained, sizeof *model->members, err);
		if (!model->members)
			return CLN_E_MEMORY;
		model->n_members = fit->n_trained;
	}
	for (size_t k = 0; k < model->n_members; k++)
		model->members[k] = (struct member){fit->trained[k], fit->finished[k].epochs, fit->finished[k].best_epoch};
	model->network = fit->trained[0];
	fit->n_trained = 0;
	return CLN_OK;
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
	status = new->recipe ? CLN_OK : CLN_E_MEMORY;
	record_config(new, fit);
	if (status == CLN_OK)
		status = give_networks(new, fit, err);
	if (status != CLN_OK) {
		cln_model_destroy(new);
		return status;
	}
	new->temperature = summary->temperature;
	new->threshold = summary->threshold;
	new->train_rows = fit->data.train_rows;
	new->valid_rows = summary->valid.rows;
	new->epochs = summary->epochs;
	new->best_epoch = summary->best_epoch;
	new->valid = summary->valid;
	new->pipeline = fit->data.pipeline;
	new->label = fit->data.label;
	new->weight = fit->data.weight;
	fit->data.pipeline = NULL;
	fit->data.label = (struct label){0};
	fit->data.weight = NULL;
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
	config.block_size = fit->block_size;
	if (model_categories(NULL, fit->data.pipeline) == 0)
		config_forget_levels(&config);
	return identity_text(&fit->identity, &config, &fit->data, &fit->sources, err);
}

/* The trainer's state, to the observer. */
static void hand_out(void *context, const struct training_state *state)
{
	struct fit *fit = context;
	struct cln_error err = {0};
	struct cln_checkpoint checkpoint = {.network = fit->network,
					    .state = *state,
					    .ensemble = fit->K,
					    .finished = fit->finished,
					    .n_finished = fit->n_trained};

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
	return a->L == b->L && a->activation == b->activation && memcmp(a->n, b->n, (a->L + 1) * sizeof *a->n) == 0 &&
	       front_same(&a->front, &b->front);
}

/* Whether it is one of this very training, as far as can be told before a member's rows are there. */
static enum cln_status check_checkpoint(struct fit *fit, const struct cln_checkpoint *checkpoint, struct cln_error *err)
{
	enum cln_status status = make_identity(fit, err);

	const struct identity_freedom freedom = {checkpoint->n_finished == 0, checkpoint->allowed, fit->observer};

	if (status == CLN_OK)
		status = identity_compare(checkpoint->identity, fit->identity.bytes, &freedom, err);
	if (status == CLN_OK && !same_shape(checkpoint->network, fit->network))
		status = error_set(err, CLN_E_USAGE, "the checkpoint's network has another shape than this training's");
	if (status == CLN_OK && (checkpoint->ensemble > 1 ? checkpoint->ensemble : 1) != fit->K)
		status = error_set(err, CLN_E_USAGE, "the checkpoint is of %zu members, this training of %zu",
				   checkpoint->ensemble, fit->K);
	return status;
}

/* Members that had ended when it was made. */
static enum cln_status take_finished(struct fit *fit, const struct cln_checkpoint *checkpoint, struct cln_error *err)
{
	for (size_t k = 0; k < checkpoint->n_finished; k++) {
		struct network *net;
		const enum cln_status status = network_clone(&net, fit->network, err);

		if (status != CLN_OK)
			return status;
		memcpy(net->params, checkpoint->finished[k].params, net->n_floats * sizeof(float));
		network_sync(net);
		fit->finished[k] = checkpoint->finished[k];
		fit->finished[k].params = net->params;
		fit->trained[fit->n_trained++] = net;
	}
	return CLN_OK;
}

/* ---------------------------------------------------------------- members */

static bool hear_epoch(void *context, const struct cln_epoch *epoch)
{
	const struct fit *fit = context;
	struct cln_epoch told = *epoch;

	told.member = fit->k;
	told.members = fit->K;
	return fit->observer->epoch(fit->observer->context, &told);
}

static void hear_note(void *context, const char *sentence)
{
	const struct fit *fit = context;

	if (fit->K == 1)
		note(fit->observer, "%s", sentence);
	else
		note(fit->observer, "member %zu of %zu: %s", fit->k + 1, fit->K, sentence);
}

static void hear_progress(void *context, size_t epoch, size_t rows_done, size_t rows)
{
	const struct fit *fit = context;

	fit->observer->progress(fit->observer->context, epoch, rows_done, rows);
}

static enum cln_ask hear_ask(void *context)
{
	const struct fit *fit = context;

	return fit->observer->ask(fit->observer->context);
}

/* The trainer's observer; NULL: nobody listens. */
static const struct cln_observer *observe_member(struct fit *fit)
{
	const struct cln_observer *observer = fit->observer;

	if (!observer)
		return NULL;
	fit->observer_of_member = (struct cln_observer){.context = fit,
							.progress = observer->progress ? hear_progress : NULL,
							.epoch = observer->epoch ? hear_epoch : NULL,
							.note = observer->note ? hear_note : NULL,
							.ask = observer->ask ? hear_ask : NULL};
	return &fit->observer_of_member;
}

/* The fold that the member under way leaves out. */
static size_t fold_of(const struct fit *fit)
{
	const size_t n_folds = prepared_folds(&fit->data);

	return n_folds ? fit->k % n_folds : 0;
}

/* Options, network and plan of member k. */
static enum cln_status set_up_member(struct fit *fit, size_t k, struct cln_error *err)
{
	enum cln_status status;

	fit->k = k;
	fit->member = *fit->config;
	fit->member.seed = config_member_seed(fit->config->seed, k);
	if (k > 0)
		fit->member.block_size = fit->block_size;
	status = make_network(fit, err);
	if (status != CLN_OK)
		return status;
	plan_create(&fit->plan, fit->network, &fit->member, prepared_train_rows(&fit->data, fold_of(fit)), fit->threads);
	if (k == 0)
		fit->block_size = fit->plan.block_size;
	return CLN_OK;
}

static enum cln_status take_rows(struct fit *fit, struct cln_error *err)
{
	const enum cln_status status = prepared_take_train(&fit->data, fold_of(fit), err);

	return status == CLN_OK ? prepared_take_valid(&fit->data, fold_of(fit), err) : status;
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
		for (size_t k = column->numbered; k < column->n_features; k++) { /* not the numbers of levels */
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

/* Why the member under way could not be trained to its end. */
static enum cln_status tell_failure(const struct fit *fit, enum cln_status status, struct cln_error *err)
{
	char of_member[64] = "";

	if (fit->K > 1)
		snprintf(of_member, sizeof of_member, " of member %zu of %zu", fit->k + 1, fit->K);
	if (status == CLN_E_DIVERGED)
		status = name_feature(fit, err);
	if (status == CLN_E_DIVERGED && fit->K > 1 && err)
		return error_set(err, status, "member %zu of %zu: %s", fit->k + 1, fit->K, err->message);
	if (status == CLN_STOPPED)
		return error_set(err, CLN_STOPPED, "training was stopped %s epoch %zu of %zu%s",
				 fit->result.unfinished ? "in" : "after", fit->result.epochs + fit->result.unfinished,
				 fit->config->epochs, of_member);
	return status;
}

/* The network under way joins those that are trained. */
static void keep_member(struct fit *fit)
{
	fit->finished[fit->n_trained] = (struct finished_member){.params = fit->network->params,
								 .epochs = fit->result.epochs,
								 .best_epoch = fit->result.best_epoch,
								 .recoveries = fit->result.recoveries,
								 .seconds = fit->result.seconds,
								 .rows_per_second = fit->result.rows_per_second};
	fit->trained[fit->n_trained++] = fit->network;
	fit->network = NULL;
}

/* From a state, or from the start.  CLN_STOPPED: the observer's wish. */
static enum cln_status train_member(struct fit *fit, const struct training_state *from, struct cln_error *err)
{
	const struct trainer_keeper keeper = {.from = from, .context = fit, .save = hand_out};
	const struct dataset *valid = fit->data.valid.n_rows ? &fit->data.valid : NULL;
	enum cln_status status = CLN_OK;

	if (!from && !fit->sources.init && fit->member.init == CLN_INIT_DATA)
		status = start_from_data(fit->network, fit->kernels, &fit->data.train, fit->member.seed, err);
	if (status != CLN_OK)
		return status;
	if (fit->K > 1 && fit->observer && fit->observer->member)
		fit->observer->member(fit->observer->context, fit->k, fit->K);
	dataset_expect(&fit->data.train, true);
	status = trainer_continue(fit->network, &fit->data.train, valid, &fit->member, &fit->plan, fit->kernels,
				  observe_member(fit), &keeper, &fit->result, err);
	dataset_expect(&fit->data.train, false);
	if (status == CLN_OK || (status == CLN_STOPPED && !fit->result.unfinished))
		keep_member(fit);
	return status == CLN_OK ? CLN_OK : tell_failure(fit, status, err);
}

/* The first member and, where there is a checkpoint, the one that was under way: all that can be checked before the first step. */
static enum cln_status begin(struct fit *fit, const struct cln_checkpoint *checkpoint, struct cln_error *err)
{
	enum cln_status status = set_up_member(fit, 0, err);

	if (status == CLN_OK)
		status = check_room(fit, err);
	if (status != CLN_OK)
		return status;
	fit->sources.initial = io_crc64(0, fit->network->params, fit->network->n_floats * sizeof(float));
	if (tell_start(fit, fit->sources.train))
		return give_up(fit, err);
	if (checkpoint)
		status = check_checkpoint(fit, checkpoint, err);
	if (status == CLN_OK && checkpoint)
		status = take_finished(fit, checkpoint, err);
	if (status == CLN_OK && fit->n_trained > 0)
		status = set_up_member(fit, fit->n_trained, err);
	if (status == CLN_OK)
		status = take_rows(fit, err);
	if (status == CLN_OK && checkpoint)
		status = trainer_check(&checkpoint->state, &fit->data.train, &fit->data.valid, &fit->member, &fit->plan, err);
	if (status == CLN_OK && fit->observer && fit->observer->ready && fit->observer->ready(fit->observer->context))
		return give_up(fit, err);
	return status;
}

/* CLN_OK or CLN_STOPPED: the networks are trained as far as it goes. */
static enum cln_status train(struct fit *fit, const struct cln_checkpoint *checkpoint, struct cln_error *err)
{
	enum cln_status status = begin(fit, checkpoint, err);

	if (status == CLN_OK)
		status = train_member(fit, checkpoint ? &checkpoint->state : NULL, err);
	while (status == CLN_OK && fit->n_trained < fit->K) {
		status = set_up_member(fit, fit->n_trained, err);
		if (status == CLN_OK)
			status = take_rows(fit, err);
		if (status == CLN_OK)
			status = train_member(fit, NULL, err);
	}
	return status;
}

/* The model of networks that are trained, measured on all rows. */
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
	if (status == CLN_OK && fit->sources.init && fit->sources.init->members)
		status = error_set(err, CLN_E_USAGE, "the model to start from is an ensemble of %zu members; it must be a single "
				   "network", fit->sources.init->n_members);
	return status == CLN_OK ? kernels_select(&fit->kernels, effective->isa, err) : status;
}

/* Rows of weight 0 are as if they were not there.  What is wrong with the column is told when the rows are read. */
static size_t rows_of_weight(const struct cln_config *effective, const struct cln_table *train)
{
	const size_t column = effective->weight ? table_find(train, effective->weight) : SIZE_MAX;
	const float *w = column != SIZE_MAX ? train->columns[column].numbers : NULL;
	size_t n = 0;

	for (size_t i = 0; i < train->n_rows; i++)
		n += !w || w[i] != 0;
	return n;
}

/* The rows that members and epochs are chosen by, where these are left to us. */
static size_t rows_to_choose_by(const struct cln_config *effective, const struct cln_table *train)
{
	return (size_t)((double)rows_of_weight(effective, train) * (1 - effective->valid_fraction - effective->test_fraction));
}

static void note_choice(const struct cln_config *effective, size_t rows, const struct cln_observer *observer)
{
	note(observer, "--effort %s and %zu rows: %zu network%s of at most %zu epochs", name_of(&names_effort,
	     (int)effective->effort), rows, effective->ensemble, effective->ensemble == 1 ? "" : "s", effective->epochs);
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
	const size_t rows = rows_to_choose_by(&effective, train_table);
	const bool chosen = config_choose(&effective, rows);
	fit.K = effective.ensemble;
	choose_threads(&fit);
	status = prepare(&fit.data, train_table, valid, test, init, &effective, fit.threads, observer, err);
	if (status != CLN_OK)
		return status;
	if (chosen)
		note_choice(&effective, rows, observer);
	if (effective.calibration != CLN_CALIBRATE_NONE && fit.data.valid_rows == 0)
		note(observer, "--calibrate %s needs rows that are not trained on (--valid, --valid-fraction): probabilities stay "
		     "as they are", name_of(&names_calibration, (int)effective.calibration));
	if (effective.threshold_rule != CLN_THRESHOLD_GIVEN && fit.data.valid_rows == 0)
		note(observer, "--threshold %s needs rows that are not trained on (--valid, --valid-fraction): it stays 0.5",
		     name_of(&names_threshold_rule, (int)effective.threshold_rule));
	status = train(&fit, checkpoint, err);
	if (status == CLN_OK || (status == CLN_STOPPED && !fit.result.unfinished)) {
		const enum cln_status finished = finish(model, &fit, &own, err);
		status = finished == CLN_OK ? status : finished;
	}
	if (*model && summary)
		*summary = own;
	text_free(&fit.identity);
	for (size_t k = 0; k < fit.n_trained; k++)
		network_destroy(fit.trained[k]);
	network_destroy(fit.network);
	front_free(&fit.front);
	prepared_free(&fit.data);
	return status;
}

enum cln_status cln_model_fit(struct cln_model **model, const struct cln_table *train_table, const struct cln_table *valid,
                              const struct cln_table *test, const struct cln_model *init, const struct cln_config *config,
                              const struct cln_observer *observer, struct cln_fit_summary *summary, struct cln_error *err)
{
	return cln_model_resume(model, NULL, train_table, valid, test, init, config, observer, summary, err);
}
