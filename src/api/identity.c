/* SPDX-License-Identifier: MIT */
#include "api/identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/notes.h"
#include "base/io.h"
#include "base/names.h"
#include "model/checkpoint.h"
#include "model/document.h"

static void write_table(struct json_writer *writer, const char *key, const struct cln_table *table)
{
	if (table)
		json_hexadecimal(writer, key, cln_table_fingerprint(table));
	else
		json_string(writer, key, NULL);
}

static void write_network(struct json_writer *writer, const struct cln_config *config)
{
	char seed[24], hidden[24 * CLN_MAX_HIDDEN] = "";
	size_t length = 0;

	for (size_t l = 0; l < config->n_hidden; l++)
		length += (size_t)snprintf(hidden + length, sizeof hidden - length, "%s%zu", l ? "," : "", config->hidden[l]);
	snprintf(seed, sizeof seed, "%" PRIu64, config->seed);
	json_string(writer, "hidden", hidden);
	json_string(writer, "activation", name_of(&names_activation, (int)config->activation));
	json_string(writer, "seed", seed);
	json_size(writer, "recover", config->recover);
	json_size(writer, "ensemble", config->ensemble);
	json_string(writer, "calibration", name_of(&names_calibration, (int)config->calibration));
	if (config->threshold_rule == CLN_THRESHOLD_GIVEN && config->threshold != 0.5) /* a rule stands among the options */
		json_double(writer, "threshold", config->threshold);
}

/* The levels that features or rows of tables stand for: another level in the place of one would take over what was learnt of it. */
static uint64_t levels_fingerprint(const struct pipeline *pipeline)
{
	uint64_t fingerprint = 0;

	for (size_t c = 0; c < pipeline->n_columns; c++) {
		const struct pipeline_column *column = &pipeline->columns[c];
		if (column->type != COLUMN_CATEGORICAL)
			continue;
		fingerprint = io_crc64(fingerprint, column->name, strlen(column->name) + 1);
		for (size_t k = 0; k < column->n_levels; k++)
			fingerprint = io_crc64(fingerprint, column->levels[k], strlen(column->levels[k]) + 1);
	}
	return fingerprint;
}

#define ROWS "training rows"
#define COLUMNS "columns" /* that were learnt from, where others were left out */

static void write_columns(struct json_writer *writer, const struct prepared *data)
{
	if (!data->left_out)
		return;
	json_begin_array(writer, COLUMNS);
	for (size_t c = 0; c < data->pipeline->n_columns; c++)
		json_string(writer, NULL, data->pipeline->columns[c].name);
	json_end_array(writer);
}

static bool has_name(const struct json *names, const char *name)
{
	for (const struct json *one = names->child; one; one = one->next)
		if (one->type == JSON_STRING && strcmp(one->string, name) == 0)
			return true;
	return false;
}

/* Names of columns, "a" and a comma, are the least of what may be many. */
static enum cln_status parse(const struct json **root, const char *identity, struct cln_error *err)
{
	const size_t length = strlen(identity);

	return json_parse_limited(root, identity, length, length / 4 + 8, err);
}

enum cln_status identity_left_out(bool **left_out, const char *identity, const struct cln_table *table, struct cln_error *err)
{
	const struct json *root = NULL, *names;
	enum cln_status status = parse(&root, identity, err);

	*left_out = NULL;
	names = status == CLN_OK ? json_get(root, COLUMNS) : NULL;
	if (names && names->type == JSON_ARRAY) {
		*left_out = mem_alloc(table->n_columns, sizeof **left_out, err);
		status = *left_out ? CLN_OK : CLN_E_MEMORY;
	}
	for (size_t c = 0; *left_out && c < table->n_columns; c++)
		(*left_out)[c] = !has_name(names, table->columns[c].name);
	json_free(root);
	return status;
}

enum cln_status identity_text(struct text *text, const struct cln_config *config, const struct prepared *data,
			      const struct identity_sources *sources, struct cln_error *err)
{
	struct json_writer writer = {.out = text};

	json_begin_object(&writer, NULL);
	write_network(&writer, config);
	document_write_options(&writer, config);
	json_string(&writer, "label", data->label.column);
	json_string(&writer, "negative", data->label.negative);
	json_string(&writer, "positive", data->label.positive);
	json_string(&writer, "weight", data->weight);
	if (data->pipeline->missing)
		json_string(&writer, "missing", data->pipeline->missing);
	write_table(&writer, "training table", sources->train);
	write_table(&writer, "validation table", sources->valid);
	write_table(&writer, "test table", sources->test);
	json_size(&writer, ROWS, data->train_rows);
	json_size(&writer, "validation rows", data->valid_rows);
	json_size(&writer, "features", data->pipeline->n_features);
	write_columns(&writer, data);
	json_hexadecimal(&writer, "levels of categories", levels_fingerprint(data->pipeline));
	json_hexadecimal(&writer, "initial weights", sources->initial);
	json_end_object(&writer);
	enum cln_status status = text_check(text, err);
	if (status != CLN_OK)
		text_free(text);
	return status;
}

/* ---------------------------------------------------------------- what may differ */

#define MOST_KEYS 10

/* What a training that goes on may have otherwise, and what follows from it.  Not what the network, the optimizer's moments or the
 * place within an epoch depend on. */
static const struct freedom {
	const char *option, *keys[MOST_KEYS]; /* fewer: the others NULL */
} freedoms[] = {
    {"data",
     {"training table", ROWS, "validation rows", "learning_rate", "bias_rate", "embedding_rate", "scaling_rate", "dropout",
      "initial weights", "block_size"}},
    {"valid", {"validation table", "validation rows"}},
    {"test", {"test table"}},
    {"class-weight", {"class_weight", "negative_class_weight", "positive_class_weight"}},
    {"lr", {"learning_rate"}},
    {"lr-schedule", {"schedule"}},
    {"warmup-fraction", {"warmup_fraction"}},
    {"step-epochs", {"step_epochs"}},
    {"step-factor", {"step_factor"}},
    {"epochs", {"epochs"}},
    {"patience", {"patience"}},
    {"patience-factor", {"patience_factor"}},
    {"metric", {"metric"}},
    {"momentum", {"momentum"}},
    {"beta1", {"beta1"}},
    {"beta2", {"beta2"}},
    {"epsilon", {"epsilon"}},
    {"l1", {"l1"}},
    {"l2", {"l2"}},
    {"weight-decay", {"weight_decay"}},
    {"dropout", {"dropout"}},
    {"label-smoothing", {"label_smoothing"}},
    {"clip-norm", {"clip_norm"}},
    {"regularisation", {"regularisation"}},
    {"bias-rate", {"bias_rate"}},
    {"embedding-rate", {"embedding_rate"}},
    {"level-rate", {"level_rate"}},
    {"scaling-rate", {"scaling_rate"}},
    {"calibrate", {"calibration"}},
    {"threshold",
     {"threshold", "threshold_rule", "threshold_beta", "false_positive_cost", "false_negative_cost", "least_precision"}},
};
enum { N_FREEDOMS = sizeof freedoms / sizeof *freedoms };

/* The next of the names, NULL behind the last; *names moves on. */
static const char *next_name(const char **names, size_t *length)
{
	const char *name = *names;

	if (!name || !*name)
		return NULL;
	*length = strcspn(name, ",");
	*names = name[*length] ? name + *length + 1 : NULL;
	return name;
}

static bool is_name(const char *name, size_t length, const char *option)
{
	return strlen(option) == length && strncmp(name, option, length) == 0;
}

bool identity_is_allowed(const char *names, const char *option)
{
	size_t length;

	for (const char *name; (name = next_name(&names, &length));)
		if (is_name(name, length, option))
			return true;
	return false;
}

static bool is_freedom(const char *name, size_t length)
{
	for (size_t i = 0; i < N_FREEDOMS; i++)
		if (is_name(name, length, freedoms[i].option))
			return true;
	return false;
}

enum cln_status identity_check_allowed(const char *names, struct cln_error *err)
{
	char all[1024];
	size_t length, n = 0;

	for (const char *name; (name = next_name(&names, &length));) {
		if (is_freedom(name, length))
			continue;
		for (size_t i = 0; i < N_FREEDOMS; i++)
			n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", freedoms[i].option);
		return error_set(err, CLN_E_USAGE, "\"%.*s\" cannot differ in a run that goes on; what can: %s",
				 length < 64 ? (int)length : 64, name, all);
	}
	return CLN_OK;
}

enum cln_status cln_checkpoint_allow(struct cln_checkpoint *checkpoint, const char *names, struct cln_error *err)
{
	enum cln_status status = identity_check_allowed(names, err);
	char *copy = NULL;

	if (status == CLN_OK && names) {
		copy = mem_copy(names, strlen(names), err);
		status = copy ? CLN_OK : CLN_E_MEMORY;
	}
	if (status != CLN_OK)
		return status;
	mem_free(checkpoint->allowed);
	checkpoint->allowed = copy;
	return CLN_OK;
}

/* Whether it was allowed that a member differs, or something that it follows from; *option: the first that would, "" if none. */
static bool is_allowed(const char **option, const char *names, const char *key)
{
	*option = "";
	for (size_t i = 0; i < N_FREEDOMS; i++)
		for (size_t k = 0; k < MOST_KEYS && freedoms[i].keys[k]; k++) {
			if (strcmp(freedoms[i].keys[k], key) != 0)
				continue;
			if (identity_is_allowed(names, freedoms[i].option))
				return true;
			if (!**option || !freedoms[i].keys[1]) /* rather one that frees nothing else */
				*option = freedoms[i].option;
		}
	return false;
}

bool identity_is_of_any_epochs(const char *schedule, const char *regularisation)
{
	return strcmp(regularisation, name_of(&names_regularisation, CLN_REGULARISATION_CONSTANT)) == 0 &&
	       (strcmp(schedule, name_of(&names_schedule, CLN_CONSTANT)) == 0 ||
	        strcmp(schedule, name_of(&names_schedule, CLN_STEP)) == 0);
}

static bool may_have_other_epochs(const struct json *identity)
{
	const struct json *schedule = json_get(identity, "schedule"), *regularisation = json_get(identity, "regularisation");
	const char *usual = name_of(&names_regularisation, CLN_REGULARISATION_CONSTANT);

	return schedule && schedule->type == JSON_STRING && (!regularisation || regularisation->type == JSON_STRING) &&
	       identity_is_of_any_epochs(schedule->string, regularisation ? regularisation->string : usual);
}

/* ---------------------------------------------------------------- comparing */

/* Where nobody gave it, the size of a block follows from the rows. */
static bool may_follow(const char *key, const struct json *was, const struct json *is)
{
	return strcmp(key, "block_size") != 0 || !json_same(json_get(was, ROWS), json_get(is, ROWS));
}

/* The members of `all`, which is one of the two; those that the one before it has were compared with it. */
static enum cln_status compare(const struct json *all, const struct json *before_all, const struct json *was, const struct json *is,
			       const struct identity_freedom *freedom, struct cln_error *err)
{
	for (const struct json *member = all->child; member; member = member->next) {
		char before[JSON_SHOWN], now[JSON_SHOWN];
		const char *key = member->key, *option;
		const struct json *old = json_get(was, key), *new = json_get(is, key);

		if (json_same(old, new) || (before_all && json_get(before_all, key)))
			continue;
		if (freedom->epochs && strcmp(key, "epochs") == 0 && may_have_other_epochs(was) && may_have_other_epochs(is))
			continue;
		json_show(before, old);
		json_show(now, new);
		if (!may_follow(key, was, is))
			return error_set(err, CLN_E_USAGE, "the checkpoint is of another training: %s was %s, is %s", key,
					 before, now);
		if (!is_allowed(&option, freedom->allowed, key))
			return error_set(err, CLN_E_USAGE, "the checkpoint is of another training: %s was %s, is %s%s%s", key,
					 before, now, *option ? "; go on all the same: --allow-change " : "", option);
		note(freedom->observer, "goes on although %s was %s, is %s", key, before, now);
	}
	return CLN_OK;
}

enum cln_status identity_compare(const char *was, const char *is, const struct identity_freedom *freedom, struct cln_error *err)
{
	const struct json *a = NULL, *b = NULL;
	enum cln_status status = parse(&a, was, err);

	if (status == CLN_OK)
		status = parse(&b, is, err);
	if (status == CLN_OK)
		status = compare(b, NULL, a, b, freedom, err);
	if (status == CLN_OK) /* an option that is not written has its usual value */
		status = compare(a, b, a, b, freedom, err);
	json_free(a);
	json_free(b);
	return status;
}
