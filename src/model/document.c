/* SPDX-License-Identifier: MIT */
#include "model/document.h"

#include "base/names.h"
#include "data/gaps.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_COLUMNS (1u << 20)
#define MAX_WHOLE ((size_t)1 << 53) /* a double holds every whole number up to here */

/* ---------------------------------------------------------------- options: one table for writing, reading and checking */

enum option_kind { OPTION_NUMBER, OPTION_COUNT, OPTION_WORD, OPTION_FLAG };

struct option {
	const char *key;
	enum option_kind kind;
	size_t offset;                  /* in struct cln_config */
	double high;                    /* numbers: 0 .. high */
	const struct name_table *words; /* words: of the enum */
	size_t format;                  /* the first that has it; of 2 on it is not written where it has its usual value, so that
	                                   older files keep their bytes */
	double usual;
};

#define NUMBER(key, member, high) {key, OPTION_NUMBER, offsetof(struct cln_config, member), high, NULL, 1, 0}
#define COUNT(key, member) {key, OPTION_COUNT, offsetof(struct cln_config, member), 0, NULL, 1, 0}
#define WORD(key, member, words) {key, OPTION_WORD, offsetof(struct cln_config, member), 0, &words, 1, 0}
#define MORE_NUMBER(key, member, usual) {key, OPTION_NUMBER, offsetof(struct cln_config, member), DBL_MAX, NULL, 2, usual}
#define MORE_WORD(key, member, words) {key, OPTION_WORD, offsetof(struct cln_config, member), 0, &words, 2, 0}
#define MORE_FLAG(key, member) {key, OPTION_FLAG, offsetof(struct cln_config, member), 0, NULL, 2, 0}
#define THIRD_NUMBER(key, member, usual) {key, OPTION_NUMBER, offsetof(struct cln_config, member), DBL_MAX, NULL, 3, usual}
#define THIRD_COUNT(key, member, usual) {key, OPTION_COUNT, offsetof(struct cln_config, member), 0, NULL, 3, usual}
#define THIRD_FLAG(key, member) {key, OPTION_FLAG, offsetof(struct cln_config, member), 0, NULL, 3, 0}

static const struct option options[] = {
	NUMBER("valid_fraction", valid_fraction, 1),
	NUMBER("test_fraction", test_fraction, 1),
	WORD("class_weight", class_weight, names_class_weight),
	NUMBER("negative_class_weight", class_weights[0], DBL_MAX),
	NUMBER("positive_class_weight", class_weights[1], DBL_MAX),
	WORD("scale", scale, names_scale),
	COUNT("max_levels", max_levels),
	WORD("init", init, names_init),
	WORD("optimizer", optimizer, names_optimizer),
	NUMBER("learning_rate", learning_rate, DBL_MAX),
	NUMBER("momentum", momentum, DBL_MAX),
	NUMBER("beta1", beta1, DBL_MAX),
	NUMBER("beta2", beta2, DBL_MAX),
	NUMBER("epsilon", epsilon, DBL_MAX),
	WORD("schedule", schedule, names_schedule),
	NUMBER("warmup_fraction", warmup_fraction, DBL_MAX),
	COUNT("step_epochs", step_epochs),
	NUMBER("step_factor", step_factor, DBL_MAX),
	COUNT("batch_size", batch_size),
	COUNT("epochs", epochs),
	NUMBER("l1", l1, DBL_MAX),
	NUMBER("l2", l2, DBL_MAX),
	NUMBER("weight_decay", weight_decay, DBL_MAX),
	NUMBER("dropout", dropout, 1),
	NUMBER("label_smoothing", label_smoothing, 1),
	NUMBER("clip_norm", clip_norm, DBL_MAX),
	COUNT("patience", patience),
	WORD("metric", metric, names_metric),
	COUNT("block_size", block_size),
	MORE_WORD("embedding", embedding, names_embedding),
	MORE_NUMBER("frequency_scale", frequency_scale, 0.1),
	MORE_NUMBER("frequency_spread", frequency_spread, 1),
	MORE_FLAG("input_scaling", input_scaling),
	THIRD_COUNT("bins", bins, 0),
	THIRD_FLAG("parametric_activation", parametric_activation),
	MORE_WORD("parametrisation", parametrisation, names_parametrisation),
	MORE_NUMBER("bias_rate", bias_rate, 1),
	MORE_NUMBER("embedding_rate", embedding_rate, 0.1),
	MORE_NUMBER("scaling_rate", scaling_rate, 1),
	MORE_WORD("regularisation", regularisation, names_regularisation),
	MORE_NUMBER("patience_factor", patience_factor, 0),
	MORE_WORD("threshold_rule", threshold_rule, names_threshold_rule),
	THIRD_NUMBER("threshold_beta", threshold_beta, 1),
	MORE_NUMBER("false_positive_cost", false_positive_cost, 1),
	MORE_NUMBER("false_negative_cost", false_negative_cost, 1),
	MORE_NUMBER("least_precision", least_precision, 0),
	THIRD_COUNT("one_hot_levels", one_hot_levels, 0),
	THIRD_COUNT("level_rows", level_rows, 10),
	THIRD_COUNT("level_values", level_values, 8),
	THIRD_NUMBER("level_scale", level_scale, 0.1),
	THIRD_NUMBER("level_rate", level_rate, 0.1),
};
#define N_OPTIONS (sizeof options / sizeof *options)
_Static_assert(sizeof(enum cln_scale) == sizeof(int) && sizeof(enum cln_optimizer) == sizeof(int), "words are read as int");

static bool is_usual(const struct option *option, const void *value)
{
	switch (option->kind) {
	case OPTION_NUMBER: return *(const double *)value == option->usual;
	case OPTION_COUNT: return (double)*(const size_t *)value == option->usual;
	case OPTION_FLAG: return *(const bool *)value == (option->usual != 0);
	default: return *(const int *)value == (int)option->usual;
	}
}

static void set_usual(void *value, const struct option *option)
{
	switch (option->kind) {
	case OPTION_NUMBER: *(double *)value = option->usual; break;
	case OPTION_COUNT: *(size_t *)value = (size_t)option->usual; break;
	case OPTION_FLAG: *(bool *)value = option->usual != 0; break;
	default: *(int *)value = (int)option->usual;
	}
}

static void write_option(struct json_writer *writer, const struct option *option, const struct cln_config *config)
{
	const void *value = (const char *)config + option->offset;
	if (option->format > 1 && is_usual(option, value))
		return;
	if (option->kind == OPTION_NUMBER)
		json_double(writer, option->key, *(const double *)value);
	else if (option->kind == OPTION_COUNT)
		json_size(writer, option->key, *(const size_t *)value);
	else if (option->kind == OPTION_FLAG)
		json_bool(writer, option->key, *(const bool *)value);
	else
		json_string(writer, option->key, name_of(option->words, *(const int *)value));
}

/* A word of an enum, into an int. */
static enum cln_status get_word(int *value, const struct json *object, const char *key, const struct name_table *words,
                                struct cln_error *err)
{
	const char *text;
	enum cln_status status = json_get_string(&text, object, key, err);
	if (status != CLN_OK)
		return status;
	*value = name_find(words, text);
	return *value >= 0 ? CLN_OK : error_set(err, CLN_E_DAMAGED, "\"%s\" has the unknown value \"%.100s\"", key, text);
}

static enum cln_status read_option(struct cln_config *config, const struct option *option, const struct json *object,
                                   struct cln_error *err)
{
	void *value = (char *)config + option->offset;
	if (option->format > 1 && !json_get(object, option->key)) {
		set_usual(value, option);
		return CLN_OK;
	}
	if (option->kind == OPTION_FLAG)
		return json_get_bool(value, object, option->key, err);
	if (option->kind == OPTION_NUMBER)
		return json_get_number(value, object, option->key, 0, option->high, err);
	if (option->kind == OPTION_COUNT)
		return json_get_size(value, object, option->key, 0, MAX_WHOLE, err);
	return get_word(value, object, option->key, option->words, err);
}

/* ---------------------------------------------------------------- writing */

static void write_texts(struct json_writer *writer, const char *key, char *const *texts, size_t n)
{
	json_begin_array(writer, key);
	for (size_t i = 0; i < n; i++)
		json_string(writer, NULL, texts[i]);
	json_end_array(writer);
}

/* The shortest text that reads back as the same float also by way of a double, in the form of json_double. */
static double short_double(float value)
{
	char text[NUMBER_TEXT];
	double number;
	if (!number_to_double(&number, text, number_from_float(text, value)) || fabs(number) > (double)FLT_MAX ||
	    (float)number != value)
		return (double)value;
	return number;
}

void document_write_float(struct json_writer *writer, float value) { json_double(writer, NULL, short_double(value)); }

static void write_floats(struct json_writer *writer, const char *key, const float *values, size_t n)
{
	json_begin_array(writer, key);
	for (size_t i = 0; i < n; i++)
		document_write_float(writer, values[i]);
	json_end_array(writer);
}

static void write_scaling(struct json_writer *writer, const struct pipeline_column *column)
{
	if (column->transform == TRANSFORM_QUANTILE) {
		write_floats(writer, "knots", column->knots, column->n_knots);
		write_floats(writer, "scores", column->scores, column->n_knots);
	} else {
		json_double(writer, "center", (double)column->center);
		json_double(writer, "scale", (double)column->scale);
	}
}

/* A column's single-precision numbers are written as the doubles that equal them, so that no reader rounds twice. */
void document_write_column(struct json_writer *writer, const struct pipeline_column *column)
{
	bool numeric = column->type == COLUMN_NUMERIC;
	json_begin_object(writer, NULL);
	json_string(writer, "name", column->name);
	json_string(writer, "type", numeric ? "numeric" : "categorical");
	json_size(writer, "features", column->n_features);
	if (column->n_features)
		json_bool(writer, "has_missing", column->has_missing);
	if (column->n_features && numeric) {
		json_string(writer, "transform", name_of(&names_scale, (int)column->transform));
		json_double(writer, "impute", (double)column->impute);
		write_scaling(writer, column);
		if (column->two_valued)
			json_bool(writer, "two_valued", true);
		if (column->has_range)
			write_floats(writer, "range", (const float[]){column->least, column->greatest}, 2);
	} else if (column->n_features) {
		json_bool(writer, "two_valued", column->two_valued);
		write_texts(writer, "levels", column->levels, column->n_levels);
		write_texts(writer, "rare", column->rare, column->n_rare);
		if (column->numbered)
			json_bool(writer, "numbered", true);
	}
	json_end_object(writer);
}

/* A binned feature with its edges. */
static void write_bins(struct json_writer *writer, const struct front *front)
{
	json_begin_array(writer, "binned");
	for (size_t j = 0; j < front->n_binned; j++) {
		const size_t first = front->first_edge[j];
		json_begin_object(writer, NULL);
		json_size(writer, "feature", front->binned[j]);
		write_floats(writer, "edges", front->edges + first, front->first_edge[j + 1] - first);
		json_end_object(writer);
	}
	json_end_array(writer);
}

void document_write_architecture(struct json_writer *writer, const struct network *net)
{
	json_begin_object(writer, "architecture");
	json_begin_array(writer, "n");
	json_size(writer, NULL, net->n_features);
	for (size_t l = 1; l <= net->L; l++)
		json_size(writer, NULL, net->n[l]);
	json_end_array(writer);
	json_string(writer, "activation", name_of(&names_activation, (int)net->activation));
	if (net->front.n_numbers) {
		json_begin_array(writer, "embedded");
		for (size_t j = 0; j < net->front.n_numbers; j++)
			json_size(writer, NULL, net->front.numbers[j]);
		json_end_array(writer);
	}
	if (net->front.scaling)
		json_bool(writer, "scaled", true);
	if (net->front.n_categories) {
		json_begin_array(writer, "categories");
		for (size_t c = 0; c < net->front.n_categories; c++)
			json_size(writer, NULL, net->front.categories[c].feature);
		json_end_array(writer);
		json_begin_array(writer, "category_rows");
		for (size_t c = 0; c < net->front.n_categories; c++)
			json_size(writer, NULL, net->front.categories[c].n_rows);
		json_end_array(writer);
		json_size(writer, "category_values", net->front.values);
	}
	if (net->front.parametric)
		json_bool(writer, "parametric", true);
	if (net->front.n_binned)
		write_bins(writer, &net->front);
	json_end_object(writer);
}

void document_write_metrics(struct json_writer *writer, const char *key, const struct cln_metrics *valid)
{
	if (valid->rows == 0) {
		json_string(writer, key, NULL);
		return;
	}
	json_begin_object(writer, key);
	json_size(writer, "rows", valid->rows);
	json_double(writer, "weight", valid->weight);
	json_double(writer, "log_loss", valid->log_loss);
	json_double(writer, "auc", valid->auc);
	json_double(writer, "accuracy", valid->accuracy);
	json_end_object(writer);
}

void document_write_options(struct json_writer *writer, const struct cln_config *config)
{
	for (size_t i = 0; i < N_OPTIONS; i++)
		write_option(writer, &options[i], config);
}

static void write_training(struct json_writer *writer, const struct cln_model *model)
{
	char seed[32];
	snprintf(seed, sizeof seed, "%" PRIu64, model->config.seed);
	json_begin_object(writer, "training");
	json_string(writer, "recipe", model->recipe);
	json_string(writer, "seed", seed);
	document_write_options(writer, &model->config);
	json_size(writer, "train_rows", model->train_rows);
	json_size(writer, "valid_rows", model->valid_rows);
	if (!model->members) {
		json_size(writer, "epochs_run", model->epochs);
		json_size(writer, "best_epoch", model->best_epoch);
	}
	document_write_metrics(writer, "validation", &model->valid);
	json_end_object(writer);
}

static void write_members(struct json_writer *writer, const struct cln_model *model)
{
	json_begin_array(writer, "members");
	for (size_t k = 0; k < model->n_members; k++) {
		json_begin_object(writer, NULL);
		json_size(writer, "epochs_run", model->members[k].epochs);
		json_size(writer, "best_epoch", model->members[k].best_epoch);
		json_end_object(writer);
	}
	json_end_array(writer);
}

/* The oldest format that has the options that are written. */
static size_t options_format(const struct cln_config *config)
{
	size_t format = 1;
	for (size_t i = 0; i < N_OPTIONS; i++)
		if (options[i].format > format && !is_usual(&options[i], (const char *)config + options[i].offset))
			format = options[i].format;
	return format;
}

bool document_is_third(const struct network *net)
{
	return net->front.n_categories > 0 || net->front.n_binned > 0 || net->front.parametric;
}

/* Whether the range of any column is known, for which format 4 has room. */
static bool has_ranges(const struct pipeline *pipeline)
{
	for (size_t i = 0; i < pipeline->n_columns; i++)
		if (pipeline->columns[i].has_range)
			return true;
	return false;
}

size_t document_format(const struct cln_model *model)
{
	const struct cln_config *config = &model->config;
	const size_t format = options_format(config);
	bool is_new = model->members || network_has_front(model->network) || format > 1 ||
	              config->calibration != CLN_CALIBRATE_NONE || config->scale > CLN_SCALE_ROBUST ||
	              config->schedule > CLN_ONE_CYCLE || config->init > CLN_INIT_NORMAL;
	if (model->pipeline->missing)
		return 5;
	if (has_ranges(model->pipeline))
		return 4;
	if (format > 2 || document_is_third(model->network) || config->embedding > CLN_EMBEDDING_PERIODIC ||
	    config->threshold_rule > CLN_THRESHOLD_RECALL)
		return 3;
	for (size_t i = 0; i < model->pipeline->n_columns && !is_new; i++) {
		const struct pipeline_column *column = &model->pipeline->columns[i];
		is_new = column->type == COLUMN_NUMERIC && (column->two_valued || column->transform > TRANSFORM_ROBUST);
	}
	return is_new ? 2 : 1;
}

void document_write(struct json_writer *writer, const struct cln_model *model)
{
	json_size(writer, "format", document_format(model));
	json_string(writer, "kind", "model");
	json_begin_object(writer, "label");
	json_string(writer, "column", model->label.column);
	json_string(writer, "negative", model->label.negative);
	json_string(writer, "positive", model->label.positive);
	json_end_object(writer);
	json_string(writer, "weight", model->weight);
	json_double(writer, "threshold", model->threshold);
	if (model->pipeline->missing)
		json_string(writer, "missing", model->pipeline->missing);
	json_begin_array(writer, "columns");
	for (size_t i = 0; i < model->pipeline->n_columns; i++)
		document_write_column(writer, &model->pipeline->columns[i]);
	json_end_array(writer);
	document_write_architecture(writer, model->network);
	if (model->members)
		write_members(writer, model);
	if (model->config.calibration != CLN_CALIBRATE_NONE) {
		json_begin_object(writer, "calibration");
		json_string(writer, "method", name_of(&names_calibration, (int)model->config.calibration));
		json_double(writer, "temperature", model->temperature);
		json_end_object(writer);
	}
	write_training(writer, model);
}

enum cln_status document_text(struct text *text, const struct cln_model *model, struct cln_error *err)
{
	struct json_writer writer = {.out = text};
	*text = (struct text){0};
	json_begin_object(&writer, NULL);
	document_write(&writer, model);
	json_end_object(&writer);
	enum cln_status status = text_check(text, err);
	if (status != CLN_OK)
		text_free(text);
	return status;
}

/* ---------------------------------------------------------------- reading */

/* A required string, copied into *text. */
static enum cln_status copy_string(char **text, const struct json *object, const char *key, struct cln_error *err)
{
	const char *value;
	enum cln_status status = json_get_string(&value, object, key, err);
	if (status != CLN_OK)
		return status;
	*text = mem_copy(value, strlen(value), err);
	return *text ? CLN_OK : CLN_E_MEMORY;
}

/* An array of strings, copied into *texts. */
static enum cln_status copy_strings(char ***texts, size_t *n, const struct json *object, const char *key, struct cln_error *err)
{
	const struct json *array;
	enum cln_status status = json_get_array(&array, object, key, err);
	if (status != CLN_OK)
		return status;
	*texts = mem_alloc(array->n, sizeof **texts, err);
	if (!*texts)
		return CLN_E_MEMORY;
	*n = array->n;
	char **text = *texts;
	for (const struct json *item = array->child; item; item = item->next, text++) {
		if (item->type != JSON_STRING)
			return error_set(err, CLN_E_DAMAGED, "\"%s\" holds something that is not a text", key);
		*text = mem_copy(item->string, strlen(item->string), err);
		if (!*text)
			return CLN_E_MEMORY;
	}
	return CLN_OK;
}

static enum cln_status get_float(float *value, const struct json *object, const char *key, struct cln_error *err)
{
	double number;
	enum cln_status status = json_get_number(&number, object, key, -(double)FLT_MAX, (double)FLT_MAX, err);
	if (status == CLN_OK)
		*value = (float)number;
	return status;
}

static enum cln_status check_features(const struct pipeline_column *column, size_t n, struct cln_error *err)
{
	if (column->n_features == n)
		return CLN_OK;
	return error_set(err, CLN_E_DAMAGED, "column \"%.100s\" claims %zu features and makes %zu", column->name,
	                 column->n_features, n);
}

/* In ascending order of bytes, without duplicates. */
static bool ascending(char *const *texts, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (strcmp(texts[i - 1], texts[i]) >= 0)
			return false;
	return true;
}

/* Whether a text is in both ascending lists of a column. */
static bool have_common(const struct pipeline_column *column)
{
	for (size_t i = 0, j = 0; i < column->n_levels && j < column->n_rare;) {
		int order = strcmp(column->levels[i], column->rare[j]);
		if (order == 0)
			return true;
		i += order < 0;
		j += order > 0;
	}
	return false;
}

/* An array of n numbers within +-most, the next never less. */
static enum cln_status copy_ascending(float **values, size_t n, double most, const struct json *array, struct cln_error *err)
{
	*values = mem_alloc(n, sizeof **values, err);
	if (!*values)
		return CLN_E_MEMORY;
	float *value = *values;
	for (const struct json *item = array->child; item; item = item->next, value++) {
		if (item->type != JSON_NUMBER || !(fabs(item->number) <= most))
			return error_set(err, CLN_E_DAMAGED, "\"%s\" holds something that is not a number within %g", array->key,
			                 most);
		*value = (float)item->number;
		if (value > *values && !(value[-1] <= *value))
			return error_set(err, CLN_E_DAMAGED, "\"%s\" are not in ascending order", array->key);
	}
	return CLN_OK;
}

static enum cln_status read_knots(struct pipeline_column *column, const struct json *object, struct cln_error *err)
{
	const struct json *knots, *scores;
	enum cln_status status = json_get_array(&knots, object, "knots", err);
	if (status == CLN_OK)
		status = json_get_array(&scores, object, "scores", err);
	if (status != CLN_OK)
		return status;
	if (knots->n < 2 || knots->n > PIPELINE_MAX_KNOTS || scores->n != knots->n)
		return error_set(err, CLN_E_DAMAGED, "column \"%.100s\" has %zu knots and %zu scores, not as many from 2 to %d",
		                 column->name, knots->n, scores->n, PIPELINE_MAX_KNOTS);
	column->n_knots = knots->n;
	status = copy_ascending(&column->knots, knots->n, (double)FLT_MAX, knots, err);
	if (status == CLN_OK)
		status = copy_ascending(&column->scores, scores->n, (double)PIPELINE_Z_MAX, scores, err);
	for (size_t k = 1; k < column->n_knots && status == CLN_OK; k++)
		if (column->knots[k - 1] == column->knots[k])
			status = error_set(err, CLN_E_DAMAGED, "column \"%.100s\" has a knot twice", column->name);
	return status;
}

static enum cln_status read_scaling(struct pipeline_column *column, const struct json *object, struct cln_error *err)
{
	column->scale = 1;
	if (column->transform == TRANSFORM_QUANTILE)
		return read_knots(column, object, err);
	enum cln_status status = get_float(&column->center, object, "center", err);
	if (status == CLN_OK)
		status = get_float(&column->scale, object, "scale", err);
	if (status == CLN_OK && !(column->scale > 0))
		status = error_set(err, CLN_E_DAMAGED, "column \"%.100s\" has a scale that is not positive", column->name);
	return status;
}

/* Two numbers, the second not less than the first; none in the formats before the fourth. */
static enum cln_status read_range(struct pipeline_column *column, const struct json *object, struct cln_error *err)
{
	const struct json *range;
	float *ends = NULL;
	if (!json_get(object, "range"))
		return CLN_OK;
	enum cln_status status = json_get_array(&range, object, "range", err);
	if (status == CLN_OK && range->n != 2)
		status = error_set(err, CLN_E_DAMAGED, "column \"%.100s\" has a range of %zu numbers, not 2", column->name,
		                   range->n);
	if (status == CLN_OK)
		status = copy_ascending(&ends, 2, (double)FLT_MAX, range, err);
	if (status == CLN_OK) {
		column->has_range = true;
		column->least = ends[0];
		column->greatest = ends[1];
	}
	mem_free(ends);
	return status;
}

static enum cln_status read_numeric(struct pipeline_column *column, const struct json *object, struct cln_error *err)
{
	int transform = 0;
	enum cln_status status = get_word(&transform, object, "transform", &names_scale, err);
	if (status == CLN_OK && transform == CLN_SCALE_AUTO)
		status = error_set(err, CLN_E_DAMAGED, "\"transform\" has the unknown value \"auto\"");
	column->transform = (enum transform)transform;
	if (status == CLN_OK)
		status = get_float(&column->impute, object, "impute", err);
	if (status == CLN_OK)
		status = read_scaling(column, object, err);
	if (status != CLN_OK)
		return status;
	if (json_get(object, "two_valued")) /* written only where true, so that older files stay as they are */
		status = json_get_bool(&column->two_valued, object, "two_valued", err);
	if (status == CLN_OK)
		status = read_range(column, object, err);
	if (status != CLN_OK)
		return status;
	return check_features(column, 1 + (size_t)column->has_missing, err);
}
_Static_assert(TRANSFORM_NONE == (int)CLN_SCALE_NONE && TRANSFORM_STANDARDISE == (int)CLN_SCALE_STANDARDISE &&
               TRANSFORM_ROBUST == (int)CLN_SCALE_ROBUST && TRANSFORM_QUANTILE == (int)CLN_SCALE_QUANTILE,
               "transforms have the words of the scales");

static enum cln_status read_categorical(struct pipeline_column *column, const struct json *object, struct cln_error *err)
{
	enum cln_status status = json_get_bool(&column->two_valued, object, "two_valued", err);
	if (status == CLN_OK)
		status = copy_strings(&column->levels, &column->n_levels, object, "levels", err);
	if (status == CLN_OK)
		status = copy_strings(&column->rare, &column->n_rare, object, "rare", err);
	if (status != CLN_OK)
		return status;
	if (!ascending(column->levels, column->n_levels) || !ascending(column->rare, column->n_rare) || have_common(column))
		return error_set(err, CLN_E_DAMAGED, "column \"%.100s\" has levels out of order or twice", column->name);
	if (json_get(object, "numbered")) { /* written only where true, so that older files stay as they are */
		status = json_get_bool(&column->numbered, object, "numbered", err);
		if (status != CLN_OK)
			return status;
	}
	if (column->numbered && (column->two_valued || column->n_levels < 1 || column->n_levels > PIPELINE_MAX_NUMBERED))
		return error_set(err, CLN_E_DAMAGED, "column \"%.100s\" numbers %zu levels, not 1 to %zu", column->name,
		                 column->n_levels, PIPELINE_MAX_NUMBERED);
	if (column->numbered)
		return check_features(column, 1 + (size_t)column->has_missing, err);
	if (!column->two_valued)
		return check_features(column, column->n_levels + (column->n_rare > 0) + column->has_missing, err);
	if (column->n_levels != 2 || column->n_rare || column->has_missing)
		return error_set(err, CLN_E_DAMAGED, "column \"%.100s\" is two-valued but has not two levels", column->name);
	return check_features(column, 1, err);
}

static enum cln_status read_column(struct pipeline_column *column, const struct json *object, struct cln_error *err)
{
	const char *type;
	enum cln_status status = copy_string(&column->name, object, "name", err);
	if (status == CLN_OK)
		status = json_get_string(&type, object, "type", err);
	if (status != CLN_OK)
		return status;
	bool numeric = strcmp(type, "numeric") == 0;
	if (!numeric && strcmp(type, "categorical") != 0)
		return error_set(err, CLN_E_DAMAGED, "\"type\" has the unknown value \"%.100s\"", type);
	column->type = numeric ? COLUMN_NUMERIC : COLUMN_CATEGORICAL;
	status = json_get_size(&column->n_features, object, "features", 0, NETWORK_MAX_UNITS, err);
	if (status != CLN_OK || column->n_features == 0)
		return status;
	status = json_get_bool(&column->has_missing, object, "has_missing", err);
	if (status != CLN_OK)
		return status;
	return numeric ? read_numeric(column, object, err) : read_categorical(column, object, err);
}

static enum cln_status read_columns(struct cln_model *model, const struct json *document, struct cln_error *err)
{
	const struct json *array;
	enum cln_status status = json_get_array(&array, document, "columns", err);
	if (status != CLN_OK)
		return status;
	if (array->n < 1 || array->n > MAX_COLUMNS)
		return error_set(err, CLN_E_DAMAGED, "it has %zu columns, not 1 to %u", array->n, MAX_COLUMNS);
	struct pipeline *pipeline = model->pipeline = mem_alloc(1, sizeof *pipeline, err);
	if (!pipeline)
		return CLN_E_MEMORY;
	pipeline->columns = mem_alloc(array->n, sizeof *pipeline->columns, err);
	if (!pipeline->columns)
		return CLN_E_MEMORY;
	pipeline->n_columns = array->n;
	struct pipeline_column *column = pipeline->columns;
	for (const struct json *item = array->child; item; item = item->next, column++) {
		status = read_column(column, item, err);
		if (status != CLN_OK)
			return status;
		column->first_feature = pipeline->n_features;
		pipeline->n_features += column->n_features; /* at most 2^40 */
	}
	return CLN_OK;
}

/* The list of further texts that are gaps, in the form in which a table has it. */
static enum cln_status read_missing(struct pipeline *pipeline, const struct json *document, struct cln_error *err)
{
	struct gaps gaps;
	if (!json_get(document, "missing"))
		return CLN_OK;
	enum cln_status status = copy_string(&pipeline->missing, document, "missing", err);
	if (status != CLN_OK)
		return status;
	status = gaps_create(&gaps, pipeline->missing, err);
	if (status == CLN_E_USAGE || (status == CLN_OK && (!gaps.list || strcmp(gaps.list, pipeline->missing) != 0)))
		status = error_set(err, CLN_E_DAMAGED, "\"missing\" is no list of texts");
	gaps_free(&gaps);
	return status;
}

/* An array of whole numbers from least up to below `end`, and ascending where so said; mem_free. */
static enum cln_status read_wholes(uint32_t **values, size_t *n, const struct json *object, const char *key, double least,
                                   double end, bool ascends, struct cln_error *err)
{
	const struct json *array;
	enum cln_status status = json_get_array(&array, object, key, err);
	if (status != CLN_OK)
		return status;
	uint32_t *value = *values = mem_alloc(array->n, sizeof **values, err);
	if (!value)
		return CLN_E_MEMORY;
	*n = array->n;
	for (const struct json *item = array->child; item; item = item->next) {
		if (item->type != JSON_NUMBER || !(item->number >= least && item->number < end) ||
		    item->number != floor(item->number))
			return error_set(err, CLN_E_DAMAGED, "\"%s\" holds something that is no %s", key,
			                 ascends ? "feature above the one before" : "whole number in its range");
		*value++ = (uint32_t)item->number;
		if (ascends)
			least = item->number + 1;
	}
	return CLN_OK;
}

/* The features that are embedded, ascending. */
static enum cln_status read_embedded(struct architecture *architecture, const struct json *object, struct cln_error *err)
{
	uint32_t *numbers = NULL;
	const enum cln_status status = read_wholes(&numbers, &architecture->front.n_numbers, object, "embedded", 0,
	                                           (double)architecture->n[0], true, err);
	architecture->front.numbers = numbers;
	return status;
}

/* A feature that is embedded or has bins (which of these: `what`), or the number of a level: not both. */
static enum cln_status check_apart(const uint32_t *features, size_t n, const struct front *front, const char *what,
                                   struct cln_error *err)
{
	for (size_t c = 0, j = 0; c < front->n_categories; c++) {
		while (j < n && features[j] < front->categories[c].feature)
			j++;
		if (j < n && features[j] == front->categories[c].feature)
			return error_set(err, CLN_E_DAMAGED, "feature %" PRIu32 " is both %s and a category", features[j], what);
	}
	return CLN_OK;
}

/* The tables together have no more rows than a network may have. */
static enum cln_status check_categories(const struct front *front, struct cln_error *err)
{
	const enum cln_status status = check_apart(front->numbers, front->n_numbers, front, "embedded", err);
	if (status != CLN_OK)
		return status;
	return front_levels(front) <= NETWORK_MAX_LEVELS /* at most 2^20 features of 2^20 rows */
	           ? CLN_OK
	           : error_set(err, CLN_E_DAMAGED, "its categories have %zu rows, more than %u", front_levels(front),
	                       NETWORK_MAX_LEVELS);
}

/* The features that are numbers of levels, ascending, and the sizes of their tables. */
static enum cln_status read_categories(struct architecture *architecture, const struct json *object, struct cln_error *err)
{
	struct front *front = &architecture->front;
	struct category *categories = NULL;
	uint32_t *features = NULL, *rows = NULL;
	size_t n = 0, n_rows = 0;
	enum cln_status status =
	    read_wholes(&features, &n, object, "categories", 0, (double)architecture->n[0], true, err);
	if (status == CLN_OK)
		status = read_wholes(&rows, &n_rows, object, "category_rows", 1, NETWORK_MAX_UNITS, false, err);
	if (status == CLN_OK && (n < 1 || n != n_rows))
		status = error_set(err, CLN_E_DAMAGED, "it has %zu \"categories\" and %zu \"category_rows\"", n, n_rows);
	if (status == CLN_OK)
		status = json_get_size(&front->values, object, "category_values", 1, LOOKUP_MAX_SIZE, err);
	if (status == CLN_OK) {
		front->categories = categories = mem_alloc(n, sizeof *categories, err);
		status = categories ? CLN_OK : CLN_E_MEMORY;
	}
	for (size_t c = 0; c < n && status == CLN_OK; c++)
		categories[c] = (struct category){.feature = features[c], .n_rows = rows[c]};
	front->n_categories = status == CLN_OK ? n : 0;
	mem_free(features);
	mem_free(rows);
	return status == CLN_OK ? check_categories(front, err) : status;
}

/* A feature above `least`, and its edges in the place of those that `edges` points to. */
static enum cln_status read_binned(uint32_t *feature, float **edges, const struct json *object, size_t least, size_t n_features,
                                   struct cln_error *err)
{
	const struct json *array;
	float *values = NULL;
	size_t number;
	if (object->type != JSON_OBJECT)
		return error_set(err, CLN_E_DAMAGED, "\"binned\" holds something that is no object");
	enum cln_status status = json_get_size(&number, object, "feature", least, n_features - 1, err);
	if (status == CLN_OK)
		status = json_get_array(&array, object, "edges", err);
	if (status != CLN_OK)
		return status;
	if (array->n < 2 || array->n > PIECEWISE_MAX_BINS + 1)
		return error_set(err, CLN_E_DAMAGED, "feature %zu has %zu edges, not 2 to %d", number, array->n,
		                 PIECEWISE_MAX_BINS + 1);
	status = copy_ascending(&values, array->n, (double)FLT_MAX, array, err);
	for (size_t k = 0; k < array->n && status == CLN_OK; k++) {
		if (k > 0 && values[k - 1] == values[k])
			status = error_set(err, CLN_E_DAMAGED, "feature %zu has an edge twice", number);
		*(*edges)++ = values[k];
	}
	mem_free(values);
	*feature = (uint32_t)number;
	return status;
}

/* How many edges a "binned" that may be anything has. */
static size_t count_edges(const struct json *array)
{
	size_t n = 0;
	for (const struct json *item = array->child; item; item = item->next) {
		const struct json *edges = item->type == JSON_OBJECT ? json_get(item, "edges") : NULL;
		n += edges && edges->type == JSON_ARRAY ? edges->n : 0;
	}
	return n;
}

static enum cln_status read_bins(struct architecture *architecture, const struct json *object, struct cln_error *err)
{
	const struct json *array;
	enum cln_status status = json_get_array(&array, object, "binned", err);
	if (status != CLN_OK)
		return status;
	const size_t n = array->n, n_features = architecture->n[0];
	if (n < 1 || n > n_features)
		return error_set(err, CLN_E_DAMAGED, "\"binned\" has %zu members, not 1 to %zu", n, n_features);
	uint32_t *binned = mem_alloc(n, sizeof *binned, err);
	architecture->front.binned = binned;
	uint32_t *first_edge = binned ? mem_alloc(n + 1, sizeof *first_edge, err) : NULL;
	architecture->front.first_edge = first_edge;
	float *edges = first_edge ? mem_alloc(count_edges(array), sizeof *edges, err) : NULL, *next = edges;
	architecture->front.edges = edges;
	if (!edges)
		return CLN_E_MEMORY;
	size_t j = 0;
	for (const struct json *item = array->child; item && status == CLN_OK; item = item->next, j++) {
		status = read_binned(&binned[j], &next, item, j ? (size_t)binned[j - 1] + 1 : 0, n_features, err);
		first_edge[j + 1] = (uint32_t)(next - edges);
	}
	architecture->front.n_binned = n;
	return status == CLN_OK ? check_apart(binned, n, &architecture->front, "binned", err) : status;
}

static enum cln_status read_front(struct architecture *architecture, const struct json *object, struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	if (json_get(object, "embedded"))
		status = read_embedded(architecture, object, err);
	if (status == CLN_OK && json_get(object, "scaled"))
		status = json_get_bool(&architecture->front.scaling, object, "scaled", err);
	if (status == CLN_OK && json_get(object, "categories"))
		status = read_categories(architecture, object, err);
	if (status == CLN_OK && json_get(object, "parametric"))
		status = json_get_bool(&architecture->front.parametric, object, "parametric", err);
	if (status == CLN_OK && json_get(object, "binned"))
		status = read_bins(architecture, object, err);
	return status;
}

enum cln_status document_read_architecture(struct architecture *architecture, const struct json *document, struct cln_error *err)
{
	const struct json *object, *array;
	int activation = 0;
	enum cln_status status = json_get_object(&object, document, "architecture", err);
	if (status == CLN_OK)
		status = json_get_array(&array, object, "n", err);
	if (status == CLN_OK)
		status = get_word(&activation, object, "activation", &names_activation, err);
	if (status != CLN_OK)
		return status;
	if (array->n < 2 || array->n > NETWORK_MAX_LAYERS + 1)
		return error_set(err, CLN_E_DAMAGED, "\"n\" has %zu members, not 2 to %d", array->n, NETWORK_MAX_LAYERS + 1);
	architecture->activation = (enum cln_activation)activation;
	architecture->L = array->n - 1;
	size_t *n = architecture->n;
	for (const struct json *item = array->child; item; item = item->next, n++) {
		if (item->type != JSON_NUMBER || !(item->number >= 1 && item->number <= NETWORK_MAX_UNITS))
			return error_set(err, CLN_E_DAMAGED, "\"n\" holds something that is not a whole number from 1 to %u",
			                 NETWORK_MAX_UNITS);
		*n = (size_t)item->number;
	}
	if (architecture->n[architecture->L] != 1)
		return error_set(err, CLN_E_DAMAGED, "the last layer has %zu units, not one", architecture->n[architecture->L]);
	return read_front(architecture, object, err);
}

/* Decimal digits of an unsigned 64-bit number; leading zeros are left to the comparison with the canonical form. */
static enum cln_status read_seed(uint64_t *seed, const struct json *object, struct cln_error *err)
{
	const char *text;
	enum cln_status status = json_get_string(&text, object, "seed", err);
	if (status != CLN_OK)
		return status;
	*seed = 0;
	for (const char *digit = text; *digit; digit++) {
		unsigned value = (unsigned)(*digit - '0');
		if (value > 9 || *seed > (UINT64_MAX - value) / 10)
			return error_set(err, CLN_E_DAMAGED, "\"seed\" is not a whole number from 0 to %" PRIu64, UINT64_MAX);
		*seed = *seed * 10 + value;
	}
	return CLN_OK;
}

enum cln_status document_read_metrics(struct cln_metrics *valid, const struct json *object, const char *key, struct cln_error *err)
{
	const struct json *metrics = json_get(object, key), *auc;
	if (metrics && metrics->type == JSON_NULL)
		return CLN_OK;
	enum cln_status status = json_get_object(&metrics, object, key, err);
	if (status == CLN_OK)
		status = json_get_size(&valid->rows, metrics, "rows", 1, MAX_WHOLE, err);
	if (status == CLN_OK)
		status = json_get_number(&valid->weight, metrics, "weight", 0, DBL_MAX, err);
	if (status == CLN_OK)
		status = json_get_number(&valid->log_loss, metrics, "log_loss", 0, DBL_MAX, err);
	if (status == CLN_OK)
		status = json_get_number(&valid->accuracy, metrics, "accuracy", 0, DBL_MAX, err);
	if (status != CLN_OK)
		return status;
	auc = json_get(metrics, "auc");
	valid->auc = NAN;
	return auc && auc->type == JSON_NULL ? CLN_OK : json_get_number(&valid->auc, metrics, "auc", 0, DBL_MAX, err);
}

static enum cln_status read_epochs(size_t *epochs, size_t *best_epoch, const struct json *object, struct cln_error *err)
{
	enum cln_status status = json_get_size(epochs, object, "epochs_run", 0, MAX_WHOLE, err);
	return status == CLN_OK ? json_get_size(best_epoch, object, "best_epoch", 0, MAX_WHOLE, err) : status;
}

/* The networks are left to the tensors. */
static enum cln_status read_members(struct cln_model *model, const struct json *document, struct cln_error *err)
{
	const struct json *array;
	enum cln_status status = CLN_OK;
	model->config.ensemble = 1;
	if (!json_get(document, "members"))
		return CLN_OK;
	status = json_get_array(&array, document, "members", err);
	if (status != CLN_OK)
		return status;
	if (array->n < 2 || array->n > CLN_MAX_ENSEMBLE)
		return error_set(err, CLN_E_DAMAGED, "\"members\" has %zu members, not 2 to %d", array->n, CLN_MAX_ENSEMBLE);
	model->members = mem_alloc(array->n, sizeof *model->members, err);
	if (!model->members)
		return CLN_E_MEMORY;
	model->config.ensemble = model->n_members = array->n;
	struct member *member = model->members;
	for (const struct json *item = array->child; item && status == CLN_OK; item = item->next, member++) {
		status = read_epochs(&member->epochs, &member->best_epoch, item, err);
		model->epochs += member->epochs; /* at most 2^59 */
	}
	model->best_epoch = model->members[0].best_epoch;
	return status;
}

static enum cln_status read_calibration(struct cln_model *model, const struct json *document, struct cln_error *err)
{
	const struct json *object;
	int method = 0;
	if (!json_get(document, "calibration"))
		return CLN_OK;
	enum cln_status status = json_get_object(&object, document, "calibration", err);
	if (status == CLN_OK)
		status = get_word(&method, object, "method", &names_calibration, err);
	if (status == CLN_OK)
		status = json_get_number(&model->temperature, object, "temperature", MODEL_LEAST_TEMPERATURE,
		                         MODEL_MOST_TEMPERATURE, err);
	model->config.calibration = (enum cln_calibration)method;
	return status;
}

static enum cln_status read_training(struct cln_model *model, const struct json *document, struct cln_error *err)
{
	const struct json *object;
	enum cln_status status = json_get_object(&object, document, "training", err);
	if (status == CLN_OK)
		status = copy_string(&model->recipe, object, "recipe", err);
	if (status == CLN_OK)
		status = read_seed(&model->config.seed, object, err);
	for (size_t i = 0; i < N_OPTIONS && status == CLN_OK; i++)
		status = read_option(&model->config, &options[i], object, err);
	if (status == CLN_OK)
		status = json_get_size(&model->train_rows, object, "train_rows", 0, MAX_WHOLE, err);
	if (status == CLN_OK)
		status = json_get_size(&model->valid_rows, object, "valid_rows", 0, MAX_WHOLE, err);
	if (status == CLN_OK && !model->members)
		status = read_epochs(&model->epochs, &model->best_epoch, object, err);
	if (status == CLN_OK)
		status = document_read_metrics(&model->valid, object, "validation", err);
	model->config.recipe = model->recipe;
	return status;
}

static enum cln_status read_label(struct label *label, const struct json *document, struct cln_error *err)
{
	const struct json *object;
	enum cln_status status = json_get_object(&object, document, "label", err);
	if (status == CLN_OK)
		status = copy_string(&label->column, object, "column", err);
	if (status == CLN_OK)
		status = copy_string(&label->negative, object, "negative", err);
	if (status == CLN_OK)
		status = copy_string(&label->positive, object, "positive", err);
	if (status == CLN_OK && strcmp(label->negative, label->positive) == 0)
		status = error_set(err, CLN_E_DAMAGED, "its two label values are the same");
	return status;
}

enum cln_status document_known(const struct json *document, const char *wanted, size_t newest, struct cln_error *err)
{
	const char *kind;
	size_t format;
	enum cln_status status = json_get_size(&format, document, "format", 1, MAX_WHOLE, err);
	if (status != CLN_OK)
		return status;
	/* Kinds count their formats apart: a model is no newer checkpoint. */
	const struct json *other = json_get(document, "kind");
	const bool is_other = other && other->type == JSON_STRING && strcmp(other->string, wanted) != 0;
	if (format > newest && !(is_other && format <= DOCUMENT_FORMAT))
		return error_set(err, CLN_E_DAMAGED, "written by a newer Colonnade (format %zu); this one reads up to %zu", format,
		                 newest);
	status = json_get_string(&kind, document, "kind", err);
	if (status == CLN_OK && strcmp(kind, wanted) != 0)
		status = error_set(err, CLN_E_DAMAGED, "it holds a %.100s, not a %s", kind, wanted);
	return status;
}

/* The network has a table for every column whose levels are numbered, and no other. */
static enum cln_status check_tables(const struct cln_model *model, const struct front *front, struct cln_error *err)
{
	struct category *wanted = mem_alloc(model->pipeline->n_columns, sizeof *wanted, err);
	if (!wanted)
		return CLN_E_MEMORY;
	const size_t n = model_categories(wanted, model->pipeline);
	bool same = n == front->n_categories;
	for (size_t c = 0; c < n && same; c++)
		same = wanted[c].feature == front->categories[c].feature && wanted[c].n_rows == front->categories[c].n_rows;
	mem_free(wanted);
	return same ? CLN_OK
	            : error_set(err, CLN_E_DAMAGED, "its columns number other levels than its network has values for");
}

enum cln_status document_read(struct cln_model *model, struct architecture *architecture, const struct json *document,
                              struct cln_error *err)
{
	const struct json *weight = json_get(document, "weight");
	enum cln_status status = read_label(&model->label, document, err);
	if (status == CLN_OK && !(weight && weight->type == JSON_NULL))
		status = copy_string(&model->weight, document, "weight", err);
	if (status == CLN_OK)
		status = json_get_number(&model->threshold, document, "threshold", 0, 1, err);
	if (status == CLN_OK)
		status = read_columns(model, document, err);
	if (status == CLN_OK)
		status = read_missing(model->pipeline, document, err);
	if (status == CLN_OK)
		status = document_read_architecture(architecture, document, err);
	if (status == CLN_OK && architecture->n[0] != model->pipeline->n_features)
		status = error_set(err, CLN_E_DAMAGED, "its columns make %zu features, its network wants %zu",
		                   model->pipeline->n_features, architecture->n[0]);
	if (status == CLN_OK)
		status = check_tables(model, &architecture->front, err);
	if (status == CLN_OK)
		status = read_members(model, document, err);
	if (status == CLN_OK)
		status = read_calibration(model, document, err);
	if (status == CLN_OK)
		status = read_training(model, document, err);
	if (status != CLN_OK)
		return status;
	model->config.n_hidden = architecture->L - 1;
	memcpy(model->config.hidden, architecture->n + 1, model->config.n_hidden * sizeof *architecture->n);
	model->config.activation = architecture->activation;
	return CLN_OK;
}
