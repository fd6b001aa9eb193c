/* SPDX-License-Identifier: MIT */
#include "api/identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/names.h"
#include "model/document.h"

static void write_fingerprint(struct json_writer *writer, const char *key, uint64_t fingerprint)
{
	char digits[17];

	snprintf(digits, sizeof digits, "%016" PRIx64, fingerprint);
	json_string(writer, key, digits);
}

static void write_table(struct json_writer *writer, const char *key, const struct cln_table *table)
{
	if (table)
		write_fingerprint(writer, key, cln_table_fingerprint(table));
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
	write_table(&writer, "training table", sources->train);
	write_table(&writer, "validation table", sources->valid);
	write_table(&writer, "test table", sources->test);
	json_size(&writer, "training rows", data->train_rows);
	json_size(&writer, "validation rows", data->valid_rows);
	json_size(&writer, "features", data->pipeline->n_features);
	write_fingerprint(&writer, "initial weights", sources->initial);
	json_end_object(&writer);
	enum cln_status status = text_check(text, err);
	if (status != CLN_OK)
		text_free(text);
	return status;
}

/* Whether a member may differ: more or fewer epochs where no rate depends on their number. */
static bool may_differ(const struct json *was, const char *key)
{
	const struct json *schedule = json_get(was, "schedule");

	if (strcmp(key, "epochs") != 0 || !schedule || schedule->type != JSON_STRING)
		return false;
	return strcmp(schedule->string, name_of(&names_schedule, CLN_CONSTANT)) == 0 ||
	       strcmp(schedule->string, name_of(&names_schedule, CLN_STEP)) == 0;
}

/* The members of `all`, which is one of the two. */
static enum cln_status compare(const struct json *all, const struct json *was, const struct json *is, bool same_epochs,
			       struct cln_error *err)
{
	for (const struct json *member = all->child; member; member = member->next) {
		char before[JSON_SHOWN], now[JSON_SHOWN];
		const struct json *old = json_get(was, member->key), *new = json_get(is, member->key);

		if (json_same(old, new) || (!same_epochs && may_differ(was, member->key)))
			continue;
		json_show(before, old);
		json_show(now, new);
		return error_set(err, CLN_E_USAGE, "the checkpoint is of another training: %s was %s, is %s", member->key, before,
				 now);
	}
	return CLN_OK;
}

enum cln_status identity_compare(const char *was, const char *is, bool same_epochs, struct cln_error *err)
{
	const struct json *a = NULL, *b = NULL;
	enum cln_status status = json_parse(&a, was, strlen(was), err);

	if (status == CLN_OK)
		status = json_parse(&b, is, strlen(is), err);
	if (status == CLN_OK)
		status = compare(b, a, b, same_epochs, err);
	if (status == CLN_OK) /* an option that is not written has its usual value */
		status = compare(a, a, b, same_epochs, err);
	json_free(a);
	json_free(b);
	return status;
}
