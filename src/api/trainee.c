/* SPDX-License-Identifier: MIT */
#include "api/trainee.h"

#include <math.h>
#include <string.h>

#include "api/bins.h"
#include "api/config.h"
#include "train/start.h"

/* ---------------------------------------------------------------- first weights */

static enum cln_status make_bins(struct front *front, const struct common *common, struct cln_error *err)
{
	const struct cln_config *config = common->config;

	switch (config->embedding) {
	case CLN_EMBEDDING_PIECEWISE:
	case CLN_EMBEDDING_BOTH: return bins_of_numbers(front, common->data, pipeline_feature_is_number, config->bins, err);
	case CLN_EMBEDDING_AUTO:
		if (!common->tail_bins)
			return CLN_OK;
		return bins_of_numbers(front, common->data, pipeline_feature_is_by_quantiles, config->bins, err);
	default: return CLN_OK;
	}
}

enum cln_status trainee_front(struct front *front, const struct common *common, struct cln_error *err)
{
	const struct cln_config *config = common->config;
	const bool waves = config->embedding != CLN_EMBEDDING_NONE && config->embedding != CLN_EMBEDDING_PIECEWISE;
	const struct pipeline *pipeline = common->data->pipeline;
	uint32_t *numbers = mem_alloc(pipeline->n_features, sizeof *numbers, err);
	struct category *categories = mem_alloc(pipeline->n_columns, sizeof *categories, err);

	*front = (struct front){.numbers = numbers,
				.scaling = config->input_scaling,
				.parametric = config->parametric_activation,
				.categories = categories,
				.values = config->level_values};
	if (!numbers || !categories)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < pipeline->n_features && waves; i++)
		if (pipeline_feature_is_number(pipeline, i))
			numbers[front->n_numbers++] = (uint32_t)i;
	front->n_categories = model_categories(categories, pipeline);
	return make_bins(front, common, err);
}

/* Numbers that were scaled by their quantiles have finer waves, too: their steps and peaks stand close together there. */
static enum cln_status draw_front(struct network *net, const struct common *common, const struct cln_config *config,
				  struct cln_error *err)
{
	const struct pipeline *pipeline = common->data->pipeline;
	const struct front *front = &net->front;
	double *spreads = mem_alloc(front->n_numbers, sizeof *spreads, err);

	if (!spreads)
		return CLN_E_MEMORY;
	for (size_t c = 0, j = 0; c < pipeline->n_columns; c++) {
		const struct pipeline_column *column = &pipeline->columns[c];
		if (j < front->n_numbers && column->n_features > 0 && front->numbers[j] == column->first_feature)
			spreads[j++] = column->transform == TRANSFORM_QUANTILE ? config->frequency_spread : 1;
	}
	network_init_front(net, config->frequency_scale, spreads, config->seed);
	mem_free(spreads);
	return CLN_OK;
}

enum cln_status trainee_network(struct network **net, const struct common *common, const struct cln_config *config,
				struct cln_error *err)
{
	size_t n[NETWORK_MAX_LAYERS + 1], L = config->n_hidden + 1;
	enum cln_status status;

	*net = NULL;
	if (common->init)
		return network_clone(net, common->init->network, err);
	n[0] = common->data->pipeline->n_features;
	memcpy(n + 1, config->hidden, config->n_hidden * sizeof *n);
	n[L] = 1;
	status = network_create(net, n, L, config->activation, common->front, err);
	if (status == CLN_OK)
		status = draw_front(*net, common, config, err);
	if (status != CLN_OK)
		return status;
	network_init_levels(*net, config->level_scale, config->seed);
	if (config->init != CLN_INIT_DATA)
		network_init(*net, config->init, config->seed);
	return CLN_OK;
}

void trainee_config(struct cln_config *config, const struct common *common, size_t k)
{
	*config = *common->config;
	config->seed = config_member_seed(common->config->seed, k);
	if (k > 0)
		config->block_size = common->block_size;
}

size_t trainee_fold(const struct common *common, size_t k)
{
	const size_t n_folds = prepared_folds(common->data);

	return n_folds ? k % n_folds : 0;
}

enum cln_status trainee_create(struct trainee *trainee, const struct common *common, size_t k, int threads, bool fresh,
			       struct cln_error *err)
{
	struct cln_config *config = &trainee->config;
	enum cln_status status;

	*trainee = (struct trainee){.k = k};
	trainee_config(config, common, k);
	status = prepared_member_rows(&trainee->rows, common->data, trainee_fold(common, k), err);
	if (status == CLN_OK)
		status = trainee_network(&trainee->network, common, config, err);
	if (status == CLN_OK && fresh && !common->init && config->init == CLN_INIT_DATA)
		status = start_from_data(trainee->network, common->kernels, &trainee->rows.train, config->seed, err);
	if (status == CLN_OK)
		plan_create_for(&trainee->plan, trainee->network, config, trainee->rows.train.n_rows, threads, common->comm);
	else
		trainee_free(trainee);
	return status;
}

void trainee_free(struct trainee *trainee)
{
	network_destroy(trainee->network);
	member_rows_free(&trainee->rows);
	*trainee = (struct trainee){0};
}

enum cln_status trainee_check(const struct common *common, const struct network *net, size_t k, const struct training_state *state,
			      struct cln_error *err)
{
	struct member_rows rows;
	struct cln_config config;
	struct plan plan;
	enum cln_status status = prepared_member_rows(&rows, common->data, trainee_fold(common, k), err);

	if (status != CLN_OK)
		return status;
	trainee_config(&config, common, k);
	plan_create_for(&plan, net, &config, rows.train.n_rows, 1, NULL);
	status = trainer_check(state, &rows.train, &rows.valid, &config, &plan, err);
	member_rows_free(&rows);
	return status;
}

/* ---------------------------------------------------------------- divergence */

/* The value that is largest by size in one column of a dataset; what is not finite is larger than any number. */
static float largest_value(const struct dataset *dataset, size_t feature)
{
	float largest = 0;

	for (size_t i = 0; i < dataset->n_rows; i++) {
		const float size = fabsf(dataset->X[dataset_row(dataset, i) * dataset->n_features + feature]);
		if (!(size <= largest))
			largest = size;
	}
	return largest;
}

enum cln_status trainee_name_feature(const struct trainee *trainee, const struct common *common, size_t recoveries,
				     struct cln_error *err)
{
	const struct pipeline *pipeline = common->data->pipeline;
	const char *name = "";
	float most = -1;

	if (!err)
		return CLN_E_DIVERGED;
	for (size_t c = 0; c < pipeline->n_columns; c++) {
		const struct pipeline_column *column = &pipeline->columns[c];
		for (size_t k = column->numbered; k < column->n_features; k++) { /* not the numbers of levels */
			const float train = largest_value(&trainee->rows.train, column->first_feature + k);
			const float valid = largest_value(&trainee->rows.valid, column->first_feature + k);
			const float larger = valid > train ? valid : train;
			if (larger > most) {
				most = larger;
				name = column->name;
			}
		}
	}
	if (most < 0) /* there are only numbers of levels */
		return error_set(err, CLN_E_DIVERGED, "%s%s", err->message, recoveries > 0 ? "; --recover did not help" : "");
	return error_set(err, CLN_E_DIVERGED, "%s; the feature with the largest values is \"%s\" (%.3g)%s", err->message, name,
			 (double)most, recoveries > 0 ? "; --recover did not help" : "");
}
