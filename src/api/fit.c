/* SPDX-License-Identifier: MIT
 * cln_model_fit: prepare the data, set up network and plan, train, measure, and put the model together. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/config.h"
#include "api/doctor.h"
#include "api/ensemble.h"
#include "api/feature_selection.h"
#include "api/fit.h"
#include "api/fit_importance.h"
#include "api/judge.h"
#include "api/notes.h"
#include "api/pilot.h"
#include "base/parallel.h"
#include "kernels/dispatch.h"

/* A fit under way. */
struct fit {
	const struct cln_config *config;
	const struct cln_config *given; /* the same before networks, units and epochs were chosen */
	const struct cln_observer *observer;
	const struct kernels *kernels;
	int threads;             /* allowed */
	struct front front;      /* of every member, but for --init */
	const char *threads_rule;
	struct prepared data;
	struct ensemble ensemble;
	struct cln_error unjudged; /* rows without a logit; code CLN_OK: there are none */
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

/* Which of them are learnt from is settled. */
static void tell_columns(const struct fit *fit)
{
	const struct prepared *data = &fit->data;

	for (size_t c = 0; c < data->n_columns; c++) {
		struct cln_column_summary column = data->columns[c];

		if (data->left_out && data->left_out[c] && column.use == CLN_COLUMN_FEATURE)
			column.use = CLN_COLUMN_IGNORED;
		fit->observer->column(fit->observer->context, &column);
	}
}

/* True: the observer does not want to begin. */
static bool tell_start(const struct fit *fit, const struct cln_table *train)
{
	const struct prepared *data = &fit->data;
	const struct ensemble *ensemble = &fit->ensemble;
	const struct network *net = ensemble->shape;
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
		.members = ensemble->common.K,
		.lanes = ensemble_at_a_time(ensemble),
		.folds = prepared_folds(data),
		.n_layers = net->L,
		.n = net->n,
		.n_params = net->n_params,
		.epochs = fit->config->epochs,
		.batch_size = ensemble->plan.batch_size,
		.block_size = ensemble->plan.block_size,
		.learning_rate = fit->config->learning_rate,
		.threads_allowed = fit->threads,
		.threads = ensemble->threads_used,
		.ranks = ensemble->common.comm ? ensemble->common.comm->ranks : 1,
		.threads_rule = fit->threads_rule,
		.isa = fit->kernels->name,
	};

	return fit->observer && fit->observer->start && fit->observer->start(fit->observer->context, &start);
}

/* More threads than CPUs are slower than fewer, and whoever asked for them may not know it.  No other rule allows more. */
static void tell_crowding(const struct fit *fit)
{
	struct doctor doctor = {
	    .threads = fit->ensemble.threads_used, .threads_rule = fit->threads_rule, .affinity = cpus_affinity()};
	char sentence[DOCTOR_SENTENCE];

	if (strcmp(fit->threads_rule, "--threads") != 0 && strcmp(fit->threads_rule, "OMP_NUM_THREADS") != 0)
		return;
	cpus_allowed(doctor.rules, &doctor.n_rules);
	if (doctor_find_crowding(sentence, &doctor))
		note(fit->observer, "%s", sentence);
}

/* ---------------------------------------------------------------- what came of it */

static void tell_scored(const struct fit *fit, enum cln_rows rows, const struct judged *judged, double threshold)
{
	const struct cln_scores scores = {judged->probabilities, judged->logits, threshold};
	const struct cln_labels labels = {judged->y, judged->w, judged->n};

	if (judged->n > 0 && fit->observer && fit->observer->scored)
		fit->observer->scored(fit->observer->context, rows, &scores, &labels);
}

static void name_unjudged(struct fit *fit, enum cln_rows rows, const struct judged *judged)
{
	struct judged_rows of = {.pipeline = fit->data.pipeline};
	struct cln_error err = {0};
	uint32_t *numbers;
	enum cln_status status =
	    prepared_table_rows(&of.table, &numbers, rows, &fit->data, &fit->ensemble.sources, fit->config, &err);

	of.rows = numbers;
	if (status == CLN_OK)
		status = judge_check_numbers(judged->logits, judged->n, &of, &err);
	fit->unjudged.code = status;
	error_append(&fit->unjudged, "%s", err.message);
	mem_free(numbers);
}

/* Where the model has no logit for a row there are no measures of its set, but that is no reason to lose the model.  What is in a
 * fold is named among the rows learnt from. */
static bool can_judge(struct fit *fit, struct cln_metrics *metrics, enum cln_rows rows, const struct judged *judged)
{
	bool can = true;

	for (size_t i = 0; i < judged->n; i++)
		can &= !isnan(judged->logits[i]);
	if (can)
		return true;
	*metrics = (struct cln_metrics){.rows = judged->n, .log_loss = NAN, .auc = NAN, .accuracy = NAN};
	if (rows != CLN_ROWS_VALID || prepared_folds(&fit->data) == 0)
		name_unjudged(fit, rows, judged);
	return false;
}

/* The rows learnt from are told of where there are no others. */
static enum cln_status measure(struct cln_fit_summary *summary, enum cln_rows rows, struct fit *fit, const struct scorer *scorer,
			       struct cln_error *err)
{
	const struct prepared *data = &fit->data;
	const bool trained = rows == CLN_ROWS_TRAIN;
	struct cln_metrics *metrics = trained ? &summary->train : &summary->test;
	struct judged judged;
	enum cln_status status = judge_dataset(&judged, scorer, trained ? &data->train : &data->test,
					       trained ? data->train_row_weights : data->test.w, err);

	if (status == CLN_OK && can_judge(fit, metrics, rows, &judged)) {
		status = judged_measure(metrics, &judged, summary->threshold, err);
		if (status == CLN_OK && (!trained || summary->valid.rows + summary->test.rows == 0))
			tell_scored(fit, rows, &judged, summary->threshold);
	}
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
	struct threshold_choice choice;
	struct judged judged;
	enum cln_status status = judge_valid(&judged, scorer, &fit->data, err);

	summary->temperature = 1;
	summary->threshold = fit->config->threshold;
	if (status != CLN_OK || !can_judge(fit, &summary->valid, CLN_ROWS_VALID, &judged))
		goto done;
	if (fit->config->calibration == CLN_CALIBRATE_TEMPERATURE)
		status = judged_calibrate(&summary->temperature, &judged, fit->threads, err);
	if (status == CLN_OK)
		status = judged_choose_threshold(&choice, &judged, fit->config, err);
	if (status == CLN_OK) {
		summary->threshold = choice.threshold;
		tell_threshold(fit, &choice, judged.n);
		status = judged_measure(&summary->valid, &judged, choice.threshold, err);
	}
	if (status == CLN_OK)
		tell_scored(fit, CLN_ROWS_VALID, &judged, choice.threshold);
done:
	judged_free(&judged);
	return status;
}

/* Steps are a share of a member's time; the rows a second are those of all members in that share of the time that all have taken,
 * whatever was done side by side. */
static void sum_members(struct cln_fit_summary *summary, const struct fit *fit)
{
	const struct ensemble *ensemble = &fit->ensemble;
	double rows = 0, seconds = 0, of_steps = 0;

	summary->members = ensemble->n_trained;
	summary->best_epoch = ensemble->finished[0].best_epoch;
	for (size_t k = 0; k < ensemble->n_trained; k++) {
		const struct finished_member *member = &ensemble->finished[k];
		const size_t fold = trainee_fold(&ensemble->common, k);
		const double done = (double)prepared_train_rows(&fit->data, fold) * (double)member->epochs;

		summary->epochs += member->epochs;
		summary->recoveries += member->recoveries;
		rows += done;
		seconds += member->seconds;
		of_steps += member->epochs ? done / member->rows_per_second : 0;
	}
	if (ensemble->n_trained == 1) {
		summary->seconds = ensemble->finished[0].seconds;
		summary->rows_per_second = ensemble->finished[0].rows_per_second;
	} else {
		summary->seconds = ensemble->seconds;
		summary->rows_per_second = rows > 0 ? rows / (ensemble->seconds * (of_steps / seconds)) : 0;
	}
}

/* What a report would be without is no reason to lose a model. */
static void tell_importance(const struct fit *fit, const struct scorer *scorer)
{
	struct fit_importance of = {.data = &fit->data, .scorer = scorer, .seed = fit->config->seed};
	struct cln_importance *importance;
	struct cln_error err;
	enum cln_rows rows;

	if (!fit->observer || !fit->observer->importance || fit->unjudged.code != CLN_OK)
		return;
	for (size_t k = 0; k < fit->ensemble.n_trained; k++)
		of.rows_learnt += (double)prepared_train_rows(&fit->data, trainee_fold(&fit->ensemble.common, k)) *
				  (double)fit->ensemble.finished[k].epochs;
	if (fit_importance_compute(&importance, &rows, &of, &err) != CLN_OK)
		note(fit->observer, "the importance of the columns is not known: %s", err.message);
	else if (importance)
		fit->observer->importance(fit->observer->context, rows, importance);
	cln_importance_destroy(importance);
}

static enum cln_status summarise(struct cln_fit_summary *summary, struct fit *fit, struct cln_error *err)
{
	const struct ensemble *ensemble = &fit->ensemble;
	struct scorer scorer = {(const struct network *const *)ensemble->trained, ensemble->n_trained, fit->kernels, fit->threads,
				1};
	enum cln_status status = measure_valid(summary, fit, &scorer, err);

	scorer.temperature = summary->temperature;
	if (status == CLN_OK)
		status = measure(summary, CLN_ROWS_TEST, fit, &scorer, err);
	if (status == CLN_OK)
		status = measure(summary, CLN_ROWS_TRAIN, fit, &scorer, err);
	if (status == CLN_OK)
		tell_importance(fit, &scorer);
	sum_members(summary, fit);
	summary->threads = ensemble->threads_used;
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
	config->lanes = 0;
	config->threshold = 0; /* it is the model's own */
	config->ensemble = fit->ensemble.n_trained;
	config->block_size = fit->ensemble.common.block_size; /* shapes the bits, so what was chosen is written down */
	if (model_categories(NULL, fit->data.pipeline) == 0) /* then these options shaped nothing */
		config_forget_levels(config);
	if (config->embedding == CLN_EMBEDDING_AUTO && fit->ensemble.shape->front.n_binned == 0) /* what it came to */
		config->embedding = CLN_EMBEDDING_PERIODIC;
}

/* What cannot be written is to be known before the training, not after it. */
static enum cln_status check_room(const struct fit *fit, struct cln_error *err)
{
	struct member members[CLN_MAX_ENSEMBLE];
	struct cln_model model = {.pipeline = fit->data.pipeline,
				  .label = fit->data.label,
				  .weight = fit->data.weight,
				  .network = fit->ensemble.shape,
				  .members = members,
				  .n_members = fit->ensemble.common.K};

	for (size_t k = 0; k < model.n_members; k++)
		members[k] = (struct member){.network = model.network};
	record_config(&model, fit);
	return model_check_room(&model, err);
}

/* The networks become the model's. */
static enum cln_status give_networks(struct cln_model *model, struct ensemble *ensemble, struct cln_error *err)
{
	const size_t n = ensemble->n_trained;

	if (n > 1) {
		model->members = mem_alloc(n, sizeof *model->members, err);
		if (!model->members)
			return CLN_E_MEMORY;
		model->n_members = n;
	}
	for (size_t k = 0; k < model->n_members; k++)
		model->members[k] =
		    (struct member){ensemble->trained[k], ensemble->finished[k].epochs, ensemble->finished[k].best_epoch};
	model->network = ensemble->trained[0];
	memset(ensemble->trained, 0, n * sizeof *ensemble->trained);
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
		status = give_networks(new, &fit->ensemble, err);
	if (status != CLN_OK) {
		cln_model_destroy(new);
		return status;
	}
	new->temperature = summary->temperature;
	new->threshold = summary->threshold;
	new->train_rows = fit->data.train_rows;
	if (isfinite(summary->valid.log_loss)) { /* a model file holds nothing else */
		new->valid_rows = summary->valid.rows;
		new->valid = summary->valid;
	}
	new->epochs = summary->epochs;
	new->best_epoch = summary->best_epoch;
	new->pipeline = fit->data.pipeline;
	new->label = fit->data.label;
	new->weight = fit->data.weight;
	fit->data.pipeline = NULL;
	fit->data.label = (struct label){0};
	fit->data.weight = NULL;
	*model = new;
	return CLN_OK;
}

/* ---------------------------------------------------------------- the fit */

static enum cln_status give_up(struct fit *fit, struct cln_error *err)
{
	fit->ensemble.unfinished = true;
	return error_set(err, CLN_STOPPED, "training was given up before its first step");
}

/* All that can be checked before the first step. */
static enum cln_status begin(struct fit *fit, const struct cln_checkpoint *checkpoint, struct cln_error *err)
{
	struct ensemble *ensemble = &fit->ensemble;
	enum cln_status status = ensemble_set_up(ensemble, checkpoint, err);

	if (status == CLN_OK)
		status = check_room(fit, err);
	if (status != CLN_OK)
		return status;
	tell_columns(fit);
	if (tell_start(fit, ensemble->sources.train))
		return give_up(fit, err);
	tell_crowding(fit);
	if (checkpoint)
		status = ensemble_take_checkpoint(ensemble, checkpoint, err);
	if (status == CLN_OK && fit->observer && fit->observer->ready && fit->observer->ready(fit->observer->context))
		return give_up(fit, err);
	return status;
}

/* The data once more, without these columns; what is to be known of them has been told, or is kept. */
static enum cln_status prepare_without(struct fit *fit, const bool *left_out, struct cln_error *err)
{
	const struct identity_sources *sources = &fit->ensemble.sources;
	const struct prepare_part part = {left_out, 0};
	struct cln_column_summary *columns = fit->data.columns;
	const size_t n_columns = fit->data.n_columns;
	enum cln_status status;

	fit->data.columns = NULL;
	prepared_free(&fit->data);
	status = prepare(&fit->data, sources->train, sources->valid, sources->test, NULL, fit->config, &part, fit->threads, NULL,
			 err);
	fit->data.columns = columns;
	fit->data.n_columns = n_columns;
	return status;
}

/* Columns that say nothing, or that a checkpoint's networks do not know. */
static enum cln_status leave_columns_out(struct fit *fit, const struct pilot *pilot, const struct cln_checkpoint *checkpoint,
					 struct cln_error *err)
{
	const struct cln_table *train = fit->ensemble.sources.train;
	bool *left_out;
	enum cln_status status = checkpoint ? identity_left_out(&left_out, checkpoint->identity, train, err)
					    : feature_selection(&left_out, pilot, train, err);

	if (status == CLN_OK && left_out)
		status = prepare_without(fit, left_out, err);
	mem_free(left_out);
	return status;
}

/* What the config leaves open, and what stands before the layers.  What a checkpoint's networks have is not to be decided again:
 * options and rows may have changed since. */
static enum cln_status decide(struct fit *fit, const struct cln_checkpoint *checkpoint, struct cln_error *err)
{
	struct common *common = &fit->ensemble.common;
	const struct pilot pilot = {common, fit->given, fit->observer, fit->threads};
	enum cln_status status = leave_columns_out(fit, &pilot, checkpoint, err);

	if (status == CLN_OK && checkpoint)
		common->tail_bins = checkpoint->network->front.n_binned > 0;
	else if (status == CLN_OK && fit->config->embedding == CLN_EMBEDDING_AUTO)
		status = pilot_tail_bins(&common->tail_bins, &pilot, err);
	return status == CLN_OK ? trainee_front(&fit->front, common, err) : status;
}

/* CLN_OK or CLN_STOPPED: the networks are trained as far as it goes. */
static enum cln_status train(struct fit *fit, const struct identity_sources *sources, const struct cln_checkpoint *checkpoint,
			     struct cln_error *err)
{
	fit->ensemble = (struct ensemble){.common = {.config = fit->config,
						     .kernels = fit->kernels,
						     .data = &fit->data,
						     .init = sources->init,
						     .front = &fit->front,
						     .K = fit->config->ensemble},
					  .observer = fit->observer,
					  .threads = fit->threads,
					  .sources = *sources};
	enum cln_status status = sources->init ? CLN_OK : decide(fit, checkpoint, err);

	if (status == CLN_STOPPED)
		return give_up(fit, err);
	if (status == CLN_OK)
		status = begin(fit, checkpoint, err);
	return status == CLN_OK ? ensemble_train(&fit->ensemble, err) : status;
}

/* The model of networks that are trained, measured on all rows. */
static enum cln_status finish(struct cln_model **model, struct fit *fit, struct cln_fit_summary *summary, struct cln_error *err)
{
	enum cln_status status = summarise(summary, fit, err);

	return status == CLN_OK ? make_model(model, fit, summary, err) : status;
}

enum cln_status fit_check_init(const struct cln_model *init, struct cln_error *err)
{
	if (!init->members)
		return CLN_OK;
	return error_set(err, CLN_E_USAGE, "the model to start from is an ensemble of %zu members; it must be a single network",
			 init->n_members);
}

static enum cln_status check_config(struct fit *fit, struct cln_config *effective, const struct identity_sources *sources,
				    struct cln_error *err)
{
	enum cln_status status;

	if (sources->valid)
		effective->valid_fraction = 0;
	if (sources->test)
		effective->test_fraction = 0;
	status = config_check(effective, err);
	if (status == CLN_OK && effective->fold_of_row && (sources->test || effective->test_fraction > 0))
		status = error_set(err, CLN_E_USAGE, "a fold that is left out is the test rows: there can be no others");
	if (status == CLN_OK && sources->init)
		status = fit_check_init(sources->init, err);
	return status == CLN_OK ? kernels_select(&fit->kernels, effective->isa, err) : status;
}

/* Rows of weight 0 and those of a fold left out are as if they were not there.  What is wrong with the column is told when the rows
 * are read. */
static size_t rows_of_weight(const struct cln_config *effective, const struct cln_table *train)
{
	const size_t column = effective->weight ? table_find(train, effective->weight) : SIZE_MAX;
	const float *w = column != SIZE_MAX ? train->columns[column].numbers : NULL;
	size_t n = 0;

	for (size_t i = 0; i < train->n_rows; i++)
		n += (!w || w[i] != 0) && (!effective->fold_of_row || effective->fold_of_row[i] != effective->left_out);
	return n;
}

size_t fit_rows_to_choose_by(const struct cln_config *effective, const struct cln_table *train)
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
	const struct identity_sources sources = {train_table, valid, test, init, 0};
	struct cln_config given;
	struct fit fit = {.config = &effective, .given = &given, .observer = observer};
	struct cln_fit_summary own = {0};
	enum cln_status status;

	*model = NULL;
	if (summary)
		*summary = own;
	status = check_config(&fit, &effective, &sources, err);
	if (status == CLN_OK && effective.fold_of_row && (checkpoint || (observer && observer->checkpoint)))
		status = error_set(err, CLN_E_USAGE, "a fit that leaves a fold out has no checkpoints");
	if (status != CLN_OK)
		return status;
	if (init)
		config_keep_network(&effective, init);
	given = effective;
	const size_t rows = fit_rows_to_choose_by(&effective, train_table);
	const bool chosen = config_choose(&effective, rows);
	choose_threads(&fit);
	status = prepare(&fit.data, train_table, valid, test, init, &effective, NULL, fit.threads, observer, err);
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
	status = train(&fit, &sources, checkpoint, err);
	if (status == CLN_OK || (status == CLN_STOPPED && !fit.ensemble.unfinished)) {
		const enum cln_status finished = finish(model, &fit, &own, err);
		status = finished == CLN_OK ? status : finished;
		if (*model && fit.unjudged.code != CLN_OK)
			status = error_set(err, fit.unjudged.code, "%s", fit.unjudged.message);
	}
	if (*model && summary)
		*summary = own;
	ensemble_free(&fit.ensemble);
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
