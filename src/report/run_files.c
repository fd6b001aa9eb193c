/* SPDX-License-Identifier: MIT */
#include "report/run_files.h"

#include "report/run_epochs.h"
#include "report/run_importance.h"
#include "report/run_rows.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum cln_status run_files_real(double *value, const struct json *object, const char *key, double low, double high,
                               struct cln_error *err)
{
	const struct json *member = json_get(object, key);

	*value = NAN;
	if (!member || member->type == JSON_NULL)
		return CLN_OK;
	return json_get_number(value, object, key, low, high, err);
}

/* A text, or fallback where the member is missing or null. */
static enum cln_status read_text(const char **value, const struct json *object, const char *key, const char *fallback,
                                 struct cln_error *err)
{
	const struct json *member = json_get(object, key);

	*value = fallback;
	if (!member || member->type == JSON_NULL)
		return CLN_OK;
	return json_get_string(value, object, key, err);
}

/* A count; 0 where the member is missing. */
static enum cln_status read_count(size_t *value, const struct json *object, const char *key, struct cln_error *err)
{
	*value = 0;
	return json_get(object, key) ? json_get_size(value, object, key, 0, MOST_COUNT, err) : CLN_OK;
}

/* ---------------------------------------------------------------- run.json */

static enum cln_status read_texts(struct run_files *files, struct cln_error *err)
{
	const struct {
		const char **value;
		const char *object, *key, *fallback;
	} texts[] = {
	    {&files->version, NULL, "version", "unknown"},
	    {&files->data_file, "data", "file", "unknown"},
	    {&files->fingerprint, "data", "fingerprint", "unknown"},
	    {&files->isa, NULL, "isa", "unknown"},
	    {&files->threads_rule, NULL, "threads_rule", "unknown"},
	    {&files->cpu, NULL, "cpu", NULL},
	    {&files->finished, NULL, "finished", NULL},
	    {&files->command, NULL, "command", NULL},
	    {&files->label, "options", "label", "the last column"},
	    {&files->positive, "options", "positive", "positive"},
	    {&files->negative, NULL, "negative", "negative"},
	};
	enum cln_status status = CLN_OK;

	for (size_t i = 0; i < sizeof texts / sizeof *texts && status == CLN_OK; i++)
		status = read_text(texts[i].value, texts[i].object ? json_get(files->record, texts[i].object) : files->record,
		                        texts[i].key, texts[i].fallback, err);
	return status;
}

static enum cln_status read_numbers(struct run_files *files, struct cln_error *err)
{
	const struct json *record = files->record, *data = json_get(record, "data");
	const struct {
		size_t *value;
		const struct json *object;
		const char *key;
	} counts[] = {
	    {&files->data_rows, data, "rows"},          {&files->data_columns, data, "columns"},
	    {&files->threads, record, "threads"},       {&files->threads_allowed, record, "threads_allowed"},
	    {&files->members, record, "members"},       {&files->epochs, record, "epochs"},
	    {&files->best_epoch, record, "best_epoch"}, {&files->recoveries, record, "recoveries"},
	};
	const struct {
		double *value;
		const char *key;
	} reals[] = {
	    {&files->seconds, "seconds"},
	    {&files->rows_per_second, "rows_per_second"},
	    {&files->temperature, "temperature"},
	    {&files->threshold, "threshold"},
	};
	enum cln_status status = CLN_OK;

	for (size_t i = 0; i < sizeof counts / sizeof *counts && status == CLN_OK; i++)
		status = read_count(counts[i].value, counts[i].object, counts[i].key, err);
	for (size_t i = 0; i < sizeof reals / sizeof *reals && status == CLN_OK; i++)
		status = run_files_real(reals[i].value, record, reals[i].key, 0, DBL_MAX, err);
	return status;
}

enum cln_status run_files_metrics(struct cln_metrics *metrics, const struct json *object, const char *key, struct cln_error *err)
{
	enum cln_status status;

	object = key ? json_get(object, key) : object;
	*metrics = (struct cln_metrics){.log_loss = NAN, .auc = NAN, .accuracy = NAN};
	if (!object || object->type == JSON_NULL)
		return CLN_OK;
	status = json_get_size(&metrics->rows, object, "rows", 0, MOST_COUNT, err);
	if (status == CLN_OK)
		status = run_files_real(&metrics->log_loss, object, "log_loss", 0, DBL_MAX, err);
	if (status == CLN_OK)
		status = run_files_real(&metrics->auc, object, "auc", 0, 1, err);
	if (status == CLN_OK)
		status = run_files_real(&metrics->accuracy, object, "accuracy", 0, 1, err);
	return status;
}

/* Names of options, all of them texts. */
static enum cln_status read_changed(struct run_files *files, struct cln_error *err)
{
	const struct json *changed = json_get(files->record, "changed");

	if (!changed || changed->type == JSON_NULL)
		return CLN_OK;
	if (changed->type != JSON_ARRAY)
		return error_set(err, CLN_E_DAMAGED, "\"changed\" is no list");
	for (const struct json *name = changed->child; name; name = name->next)
		if (name->type != JSON_STRING)
			return error_set(err, CLN_E_DAMAGED, "\"changed\" holds what is no text");
	files->changed = changed;
	return CLN_OK;
}

static enum cln_status read_network(struct run_files *files, struct cln_error *err)
{
	const struct json *network = json_get(files->record, "network"), *layers;
	size_t value;
	enum cln_status status;

	if (!network || network->type == JSON_NULL)
		return CLN_OK;
	status = json_get_array(&layers, network, "layers", err);
	for (const struct json *unit = status == CLN_OK ? layers->child : NULL; unit; unit = unit->next)
		if (unit->type != JSON_NUMBER)
			return error_set(err, CLN_E_DAMAGED, "\"layers\" holds what is no number");
	static const char *const counts[] = {"parameters",   "folds",         "train_rows",      "valid_rows",         "test_rows",
	                                     "dropped_rows", "missing_cells", "numeric_columns", "categorical_columns"};
	for (size_t i = 0; i < sizeof counts / sizeof *counts && status == CLN_OK; i++)
		status = json_get_size(&value, network, counts[i], 0, MOST_COUNT, err);
	if (status == CLN_OK)
		files->network = network;
	return status;
}

static enum cln_status read_record(struct run_files *files, const struct run_source *source, struct cln_error *err)
{
	enum cln_status status = json_parse_limited(&files->record, source->record, source->record_length, RUN_RECORD_VALUES, err);
	const char *program;

	if (status == CLN_OK)
		status = json_get_string(&program, files->record, "program", err);
	if (status == CLN_OK && strcmp(program, "colonnade") != 0)
		status = error_set(err, CLN_E_DAMAGED, "it is the record of another program");
	if (status == CLN_OK)
		status = json_get_object(&files->options, files->record, "options", err);
	if (status == CLN_OK)
		status = read_texts(files, err);
	if (status == CLN_OK)
		status = read_numbers(files, err);
	if (status == CLN_OK)
		status = run_files_metrics(&files->train, files->record, "train", err);
	if (status == CLN_OK)
		status = run_files_metrics(&files->valid, files->record, "valid", err);
	if (status == CLN_OK)
		status = run_files_metrics(&files->test, files->record, "test", err);
	if (status == CLN_OK)
		status = read_changed(files, err);
	if (status == CLN_OK)
		status = read_network(files, err);
	if (status == CLN_OK)
		status = run_rows_read(files, err);
	if (status == CLN_OK)
		status = run_importance_read(files, err);
	return status == CLN_OK ? run_columns_read(files, err) : status;
}

enum cln_status run_files_read(struct run_files *files, const struct run_source *source, struct cln_error *err)
{
	struct cln_error why;

	*files = (struct run_files){0};
	enum cln_status status = read_record(files, source, &why);
	if (status != CLN_OK)
		return error_set(err, status, "%s: %s", source->record_name, why.message);
	return run_epochs_read(files, source, err);
}

void run_files_free(struct run_files *files)
{
	json_free(files->record);
	for (size_t i = 0; i < 3; i++)
		mem_free(files->rows[i]);
	mem_free(files->columns);
	mem_free(files->importance.columns);
	mem_free(files->all_epochs);
	*files = (struct run_files){0};
}
