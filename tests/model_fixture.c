/* SPDX-License-Identifier: MIT */
#include "model_fixture.h"

#include <float.h>
#include <string.h>

/* Every kind of column; numbers that need all their digits. */
static const struct {
	const char *name;
	enum column_type type;
	size_t n_features;
	bool has_missing, two_valued;
	enum transform transform;
	float impute, center, scale;
	const char *levels[4], *rare[4]; /* up to the first NULL */
} columns[] = {
	{.name = "age", .type = COLUMN_NUMERIC, .n_features = 1, .transform = TRANSFORM_STANDARDISE, .impute = 37,
	 .center = 38.581646f, .scale = 0.1f},
	{.name = "capital \"gain\",\n\t\\ and more \x01\x7f", .type = COLUMN_NUMERIC, .n_features = 2, .has_missing = true,
	 .transform = TRANSFORM_ROBUST, .impute = -0.0f, .center = -FLT_MAX, .scale = FLT_MIN / 8},
	{.name = "constant", .type = COLUMN_NUMERIC},
	{.name = "plain", .type = COLUMN_NUMERIC, .n_features = 1, .transform = TRANSFORM_NONE, .impute = 1e-7f, .scale = 1},
	{.name = "sex", .type = COLUMN_CATEGORICAL, .n_features = 1, .two_valued = true, .levels = {"Female", "Male"}},
	{.name = "", .type = COLUMN_CATEGORICAL, .n_features = 5, .has_missing = true,
	 .levels = {"\"colonnade_checksum\":\"0000000000000000\"", "/", "Z\xc3\xbcrich"},
	 .rare = {"\xe2\x82\xac", "\xf0\x9f\x8c\x8d"}},
	{.name = "one name", .type = COLUMN_CATEGORICAL},
	{.name = "three", .type = COLUMN_CATEGORICAL, .n_features = 3, .levels = {"1", "10", "2"}},
};
#define N_COLUMNS (sizeof columns / sizeof *columns)

static enum cln_status copy_text(char **copy, const char *text, struct cln_error *err)
{
	*copy = mem_copy(text, strlen(text), err);
	return *copy ? CLN_OK : CLN_E_MEMORY;
}

static enum cln_status copy_list(char ***copies, size_t *n, const char *const texts[4], struct cln_error *err)
{
	*copies = mem_alloc(4, sizeof **copies, err);
	enum cln_status status = *copies ? CLN_OK : CLN_E_MEMORY;
	for (; status == CLN_OK && *n < 4 && texts[*n]; ++*n)
		status = copy_text(&(*copies)[*n], texts[*n], err);
	return status;
}

static enum cln_status make_pipeline(struct pipeline **made, struct cln_error *err)
{
	struct pipeline *pipeline = *made = mem_alloc(1, sizeof *pipeline, err);
	if (!pipeline)
		return CLN_E_MEMORY;
	pipeline->columns = mem_alloc(N_COLUMNS, sizeof *pipeline->columns, err);
	if (!pipeline->columns)
		return CLN_E_MEMORY;
	pipeline->n_columns = N_COLUMNS;
	enum cln_status status = CLN_OK;
	for (size_t i = 0; i < N_COLUMNS && status == CLN_OK; i++) {
		struct pipeline_column *column = &pipeline->columns[i];
		*column = (struct pipeline_column){
			.type = columns[i].type, .n_features = columns[i].n_features, .first_feature = pipeline->n_features,
			.has_missing = columns[i].has_missing, .two_valued = columns[i].two_valued,
			.transform = columns[i].transform, .impute = columns[i].impute,
			.center = columns[i].center, .scale = columns[i].scale};
		pipeline->n_features += column->n_features;
		status = copy_text(&column->name, columns[i].name, err);
		if (status == CLN_OK && column->type == COLUMN_CATEGORICAL)
			status = copy_list(&column->levels, &column->n_levels, columns[i].levels, err);
		if (status == CLN_OK && column->type == COLUMN_CATEGORICAL)
			status = copy_list(&column->rare, &column->n_rare, columns[i].rare, err);
	}
	return status;
}

/* Weights k / 64 with k from -31 to 32 in a fixed disorder, and the numbers that are easily lost. */
static enum cln_status make_network(struct network **net, size_t n_features, struct cln_error *err)
{
	const float rare[] = {-0.0f, FLT_MAX, -FLT_MAX, FLT_MIN, FLT_TRUE_MIN, FLT_EPSILON, 0.1f, 1.0f / 3};
	const size_t n[] = {n_features, 3, 2, 1};
	float W[64], b[64];
	unsigned k = 1;
	enum cln_status status = network_create(net, n, 3, CLN_GELU, NULL, err);
	for (size_t l = 1; l <= 3 && status == CLN_OK; l++) {
		for (size_t i = 0; i < n[l] * n[l - 1]; i++, k = k * 37 % 64 + 1)
			W[i] = i < 8 ? rare[i] : (float)((int)k - 32) / 64;
		for (size_t i = 0; i < n[l]; i++)
			b[i] = (float)i - 0.5f;
		network_set(*net, l, W, b);
	}
	if (status == CLN_OK)
		network_sync(*net);
	return status;
}

static const struct cln_config config = {
	.valid_fraction = 0.2, .test_fraction = 0.1, .class_weight = CLN_CLASS_WEIGHT_GIVEN, .class_weights = {1, 3.5},
	.scale = CLN_SCALE_ROBUST, .max_levels = 3, .n_hidden = 2, .hidden = {3, 2}, .activation = CLN_GELU, .init = CLN_INIT_LECUN,
	.optimizer = CLN_ADAMW, .learning_rate = 0.001, .momentum = 0.9, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8,
	.frequency_scale = 0.1, .frequency_spread = 1, .bias_rate = 1, .embedding_rate = 0.1, .scaling_rate = 1,
	.level_rows = 10, .level_values = 8, .level_scale = 0.1, .level_rate = 0.1,
	.schedule = CLN_ONE_CYCLE, .warmup_fraction = 0.3, .step_epochs = 10, .step_factor = 0.5, .batch_size = 256, .epochs = 30,
	.l1 = 1e-300, .l2 = 1.0 / 3, .weight_decay = 0.01, .dropout = 0.15, .label_smoothing = 0.05, .clip_norm = 1, .patience = 10,
	.metric = CLN_AUC, .ensemble = 1, .threshold_beta = 1, .false_positive_cost = 1, .false_negative_cost = 1,
	.seed = UINT64_MAX, .block_size = 64,
};

static enum cln_status fill(struct cln_model *model, struct cln_error *err)
{
	enum cln_status status = make_pipeline(&model->pipeline, err);
	if (status == CLN_OK)
		status = make_network(&model->network, model->pipeline->n_features, err);
	if (status == CLN_OK)
		status = copy_text(&model->label.column, "income", err);
	if (status == CLN_OK)
		status = copy_text(&model->label.negative, "<=50K", err);
	if (status == CLN_OK)
		status = copy_text(&model->label.positive, ">50K", err);
	if (status == CLN_OK)
		status = copy_text(&model->weight, "fnlwgt", err);
	if (status == CLN_OK)
		status = copy_text(&model->recipe, "plain", err);
	model->threshold = 0.5;
	model->config = config;
	model->config.recipe = model->recipe;
	model->train_rows = 26048;
	model->valid_rows = 6513;
	model->epochs = 22;
	model->best_epoch = 12;
	model->valid = (struct cln_metrics){.rows = 6513, .weight = 6513.25, .log_loss = 0.31, .auc = 0.92, .accuracy = 2.0 / 3};
	return status;
}

enum cln_status model_fixture(struct cln_model **model, struct cln_error *err)
{
	enum cln_status status = model_create(model, err);
	if (status == CLN_OK)
		status = fill(*model, err);
	if (status != CLN_OK) {
		cln_model_destroy(*model);
		*model = NULL;
	}
	return status;
}
