/* SPDX-License-Identifier: MIT
 * What a model holds, for people and for programs.  Both are made from the document of its file (model/document.h), so that
 * nothing is described that is not stored. */
#include "base/names.h"
#include "base/utf8.h"
#include "model/document.h"

#include <math.h>
#include <string.h>

#define MAX_NAME_WIDTH 32  /* longer names are printed whole, but do not widen the table */
#define MAX_LEVELS_WIDTH 56 /* of the levels shown of a column */
#define OPTION_WIDTH 40     /* of half a line of options */

/* ---------------------------------------------------------------- text */

static void add_number(struct text *out, double value)
{
	char digits[NUMBER_TEXT];
	text_add(out, digits, number_from_double(digits, value));
}

/* A number to four places: enough to read a metric. */
static void add_rounded(struct text *out, double value)
{
	add_number(out, floor(value * 1e4 + 0.5) / 1e4);
}

static void add_float(struct text *out, float value)
{
	char digits[NUMBER_TEXT];
	text_add(out, digits, number_from_float(digits, value));
}

/* ---------------------------------------------------------------- columns */

static void describe_numeric(struct text *out, const struct pipeline_column *column)
{
	if (column->transform == TRANSFORM_QUANTILE) {
		text_addf(out, "quantile: %zu knots from ", column->n_knots);
		add_float(out, column->knots[0]);
		text_addf(out, " to ");
		add_float(out, column->knots[column->n_knots - 1]);
	} else if (column->transform != TRANSFORM_NONE) {
		text_addf(out, "%s: (x %c ", name_of(&names_scale, (int)column->transform), column->center < 0 ? '+' : '-');
		add_float(out, fabsf(column->center));
		text_addf(out, ") * ");
		add_float(out, column->scale);
	} else {
		text_addf(out, "as it is");
	}
	if (column->has_range && column->transform != TRANSFORM_QUANTILE) { /* knots say it */
		text_addf(out, "; from ");
		add_float(out, column->least);
		text_addf(out, " to ");
		add_float(out, column->greatest);
	}
	text_addf(out, column->has_missing ? "; missing, with a feature of its own: " : "; missing: ");
	add_float(out, column->impute);
}

/* As many levels as fit the width, then how many there are. */
static void describe_categorical(struct text *out, const struct pipeline_column *column)
{
	size_t width = 0, i = 0;
	for (; i < column->n_levels; i++) {
		size_t more = utf8_width(column->levels[i]) + strlen(", ");
		if (i && width + more > MAX_LEVELS_WIDTH)
			break;
		text_addf(out, i ? ", " : "");
		text_add_visible(out, column->levels[i]);
		width += more;
	}
	if (i < column->n_levels)
		text_addf(out, ", ... (%zu levels)", column->n_levels);
	if (column->two_valued)
		text_addf(out, " (-1 and 1)");
	if (column->numbered)
		text_addf(out, " (numbered)");
	if (column->n_rare)
		text_addf(out, "%s%zu rare level%s", column->n_levels ? "; " : "", column->n_rare,
		          column->numbered ? "s have the number 0" : "s share a feature");
	if (column->has_missing)
		text_addf(out, "; missing");
}

static void describe_column(struct text *out, const struct pipeline_column *column, size_t name_width)
{
	text_addf(out, "  ");
	text_add_padded(out, column->name, name_width);
	text_addf(out, "  %-11s  %8zu  ", column->type == COLUMN_NUMERIC ? "numeric" : "categorical", column->n_features);
	if (column->n_features == 0)
		text_addf(out, "constant in the training rows, not used");
	else if (column->type == COLUMN_NUMERIC)
		describe_numeric(out, column);
	else
		describe_categorical(out, column);
	text_addf(out, "\n");
}

static void describe_columns(struct text *out, const struct pipeline *pipeline)
{
	size_t name_width = strlen("name");
	for (size_t i = 0; i < pipeline->n_columns; i++) {
		size_t width = utf8_width(pipeline->columns[i].name);
		if (width > name_width && width <= MAX_NAME_WIDTH)
			name_width = width;
	}
	text_addf(out, "\ncolumns: %zu, giving %zu features\n  ", pipeline->n_columns, pipeline->n_features);
	text_add_padded(out, "name", name_width);
	text_addf(out, "  %-11s  %8s  %s\n", "type", "features", "values");
	for (size_t i = 0; i < pipeline->n_columns; i++)
		describe_column(out, &pipeline->columns[i], name_width);
}

/* ---------------------------------------------------------------- layers, training */

static const char *activation_of(const struct network *net, size_t l)
{
	return l < net->L ? name_of(&names_activation, (int)net->activation) : "sigmoid";
}

static size_t parameters_of(const struct network *net, size_t l)
{
	return net->n[l] * (net->n[l - 1] + 1);
}

/* What stands before the layers. */
static void describe_front(struct text *out, const struct network *net)
{
	const size_t n = net->front.n_numbers;
	if (network_has_front(net) || net->front.parametric)
		text_addf(out, "\n");
	if (n > 0)
		text_addf(out, "embeddings: of %zu number%s, %d values each, with %zu parameters\n", n, n == 1 ? "" : "s",
		          EMBEDDING_OUTPUTS, n * EMBEDDING_PARAMETERS);
	const size_t n_categories = net->front.n_categories, levels = front_levels(&net->front);
	if (n_categories > 0)
		text_addf(out, "levels of %zu categor%s: %zu, %zu values each, with %zu parameters\n", n_categories,
		          n_categories == 1 ? "y" : "ies", levels, net->front.values, levels * net->front.values);
	if (net->front.n_binned > 0)
		text_addf(out, "piecewise embeddings: of %zu number%s, %d values each, with %zu bins in all and %zu parameters\n",
		          net->front.n_binned, net->front.n_binned == 1 ? "" : "s", PIECEWISE_OUTPUTS,
		          front_edges(&net->front) - net->front.n_binned, front_edges(&net->front) * PIECEWISE_OUTPUTS);
	if (net->front.parametric)
		text_addf(out, "parametric activation: z + alpha (g(z) - z), an alpha for every hidden unit\n");
	if (net->front.scaling)
		text_addf(out, "input factors: %zu\n", net->n[0]);
}

static void describe_layers(struct text *out, const struct cln_model *model)
{
	const struct network *net = model->network;
	describe_front(out, net);
	if (model->members)
		text_addf(out, "\nensemble: %zu members of %zu parameters, whose probabilities are averaged\n", model->n_members,
		          net->n_params);
	text_addf(out, "\nlayers: %zu, with %zu parameters%s\n", net->L, net->n_params, model->members ? " in each member" : "");
	text_addf(out, "  %5s  %7s  %7s  %-10s  %10s\n", "layer", "inputs", "units", "activation", "parameters");
	for (size_t l = 1; l <= net->L; l++)
		text_addf(out, "  %5zu  %7zu  %7zu  %-10s  %10zu\n", l, net->n[l - 1], net->n[l], activation_of(net, l),
		          parameters_of(net, l));
}

/* "  key value", where an option is a text or a number. */
static void describe_option(struct text *out, const struct json *option)
{
	text_addf(out, "  %-22s ", option->key);
	if (option->type == JSON_STRING)
		text_add_visible(out, option->string);
	else
		add_number(out, option->number);
}

/* The options of a training record, two a line. */
static void describe_options(struct text *out, const struct json *training)
{
	size_t line = out->length;
	bool right = false;
	for (const struct json *option = training->child; option; option = option->next) {
		if (option->type != JSON_STRING && option->type != JSON_NUMBER)
			continue;
		if (right)
			text_pad(out, out->length - line, OPTION_WIDTH);
		describe_option(out, option);
		if (right) {
			text_add(out, "\n", 1);
			line = out->length;
		}
		right = !right;
	}
	if (right)
		text_add(out, "\n", 1);
}

/* Of an ensemble: how many each member ran, and of which its weights are. */
static void describe_epochs(struct text *out, const struct cln_model *model)
{
	text_addf(out, "\ntraining: %zu epochs, the weights are those of ", model->epochs);
	if (!model->members)
		text_addf(out, "epoch %zu", model->best_epoch);
	for (size_t k = 0; k < model->n_members; k++)
		text_addf(out, "%s%zu of %zu", k ? ", " : "epochs ", model->members[k].best_epoch, model->members[k].epochs);
	text_addf(out, "\n");
}

static enum cln_status describe_training(struct text *out, const struct cln_model *model, struct cln_error *err)
{
	struct text document = {0};
	const struct json *root = NULL;
	enum cln_status status = document_text(&document, model, err);
	if (status == CLN_OK)
		status = json_parse(&root, document.bytes, document.length, err);
	describe_epochs(out, model);
	if (status == CLN_OK)
		describe_options(out, json_get(root, "training"));
	json_free(root);
	text_free(&document);
	return status;
}

static void describe_validation(struct text *out, const struct cln_metrics *valid)
{
	text_addf(out, "\nvalidation: ");
	if (valid->rows == 0) {
		text_addf(out, "none\n");
		return;
	}
	text_addf(out, "%zu rows; log loss ", valid->rows);
	add_rounded(out, valid->log_loss);
	if (!isnan(valid->auc)) {
		text_addf(out, ", AUC ");
		add_rounded(out, valid->auc);
	}
	text_addf(out, ", accuracy ");
	add_rounded(out, valid->accuracy);
	text_addf(out, "\n");
}

static void describe_if(struct text *out, const char *what, const char *text)
{
	if (!text)
		return;
	text_addf(out, "%s", what);
	text_add_visible(out, text);
	text_addf(out, "\n");
}

static void describe_purpose(struct text *out, const struct cln_model *model)
{
	text_addf(out, "Colonnade model, format %zu\n\npredicts: ", document_format(model));
	text_add_visible(out, model->label.column);
	text_addf(out, ", ");
	text_add_visible(out, model->label.positive);
	text_addf(out, " where the probability of that is at least ");
	add_number(out, model->threshold);
	text_addf(out, ", else ");
	text_add_visible(out, model->label.negative);
	text_addf(out, "\n");
	describe_if(out, "row weights: ", model->weight);
	describe_if(out, "also missing: ", model->pipeline->missing);
}

static enum cln_status describe_text(struct text *out, const struct cln_model *model, struct cln_error *err)
{
	describe_purpose(out, model);
	describe_columns(out, model->pipeline);
	describe_layers(out, model);
	if (model->config.calibration == CLN_CALIBRATE_TEMPERATURE) {
		text_addf(out, "\ncalibration: logits are divided by the temperature ");
		add_number(out, model->temperature);
		text_addf(out, "\n");
	}
	enum cln_status status = describe_training(out, model, err);
	describe_validation(out, &model->valid);
	return status;
}

/* ---------------------------------------------------------------- JSON */

/* The document and, behind it, what follows from it: the layers and their sizes. */
static void describe_json(struct text *out, const struct cln_model *model)
{
	const struct network *net = model->network;
	struct json_writer writer = {.out = out, .pretty = true};
	json_begin_object(&writer, NULL);
	document_write(&writer, model);
	json_begin_array(&writer, "layers");
	for (size_t l = 1; l <= net->L; l++) {
		json_begin_object(&writer, NULL);
		json_size(&writer, "inputs", net->n[l - 1]);
		json_size(&writer, "units", net->n[l]);
		json_string(&writer, "activation", activation_of(net, l));
		json_size(&writer, "parameters", parameters_of(net, l));
		json_end_object(&writer);
	}
	json_end_array(&writer);
	json_size(&writer, "parameters", net->n_params * (model->members ? model->n_members : 1));
	json_end_object(&writer);
	text_add(out, "\n", 1);
}

enum cln_status cln_model_describe(const struct cln_model *model, bool json, char **text, struct cln_error *err)
{
	struct text out = {0};
	enum cln_status status = CLN_OK;
	*text = NULL;
	if (json)
		describe_json(&out, model);
	else
		status = describe_text(&out, model, err);
	if (status == CLN_OK)
		status = text_check(&out, err);
	if (status == CLN_OK)
		*text = out.bytes;
	else
		text_free(&out);
	return status;
}
