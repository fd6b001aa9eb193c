/* SPDX-License-Identifier: MIT */
#include "cli/run_record.h"

#include "api/doctor.h"
#include "api/identity.h"
#include "cli/run_command.h"
#include "report/output.h"
#include "report/run_files.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Numbers as numbers; what has a word for 0 ("all") or a form of its own as text; what was not given as null. */
void run_record_write_option(struct json_writer *writer, const struct options *options, const struct option_spec *spec)
{
	char value[OPTION_VALUE];
	const char *text = spec->type == OPTION_TEXT ? options_text(options, spec) : value;
	double number;

	options_value(value, options, spec);
	if (spec->type == OPTION_SWITCH)
		json_bool(writer, spec->name, strcmp(text, "true") == 0);
	else if (spec->type == OPTION_SEED)
		json_size(writer, spec->name, (size_t)options->config.seed);
	else if ((spec->type == OPTION_REAL || spec->type == OPTION_SIZE || spec->type == OPTION_THREADS ||
		  spec->type == OPTION_THRESHOLD) &&
		 number_to_double(&number, text, strlen(text)))
		json_double(writer, spec->name, number);
	else
		json_string(writer, spec->name, *text ? text : NULL);
}

void run_record_write_options(struct json_writer *writer, const struct options *options)
{
	json_begin_object(writer, "options");
	for (size_t i = 0; options_spec(i); i++)
		if (options_spec(i)->commands & options->command->bit)
			run_record_write_option(writer, options, options_spec(i));
	json_end_object(writer);
}

static void write_summary(struct json_writer *writer, const struct cln_fit_summary *summary)
{
	jsonl_metrics(writer, "train", &summary->train);
	if (summary->valid.rows)
		jsonl_metrics(writer, "valid", &summary->valid);
	else
		json_string(writer, "valid", NULL);
	if (summary->test.rows)
		jsonl_metrics(writer, "test", &summary->test);
	json_size(writer, "members", summary->members);
	json_size(writer, "epochs", summary->epochs);
	json_size(writer, "best_epoch", summary->best_epoch);
	json_size(writer, "recoveries", summary->recoveries);
	json_double(writer, "temperature", summary->temperature);
	json_double(writer, "threshold", summary->threshold);
	json_double(writer, "seconds", summary->seconds);
	json_double(writer, "rows_per_second", summary->rows_per_second);
	json_size(writer, "threads", (size_t)summary->threads);
}

static void write_table(struct json_writer *writer, const char *key, const char *file, const struct cln_table *table)
{
	if (!table) {
		json_string(writer, key, NULL);
		return;
	}
	json_begin_object(writer, key);
	json_string(writer, "file", file);
	json_size(writer, "rows", cln_table_rows(table));
	json_size(writer, "columns", cln_table_columns(table));
	json_hexadecimal(writer, "fingerprint", cln_table_fingerprint(table));
	json_end_object(writer);
}

void run_record_write_inputs(struct json_writer *writer, const struct run_record *record)
{
	const struct options *options = record->options;

	write_table(writer, "data", options->operands[0], record->train);
	write_table(writer, "valid_data", options->valid, record->valid);
	write_table(writer, "test_data", options->test, record->test);
	if (!options->init) {
		json_string(writer, "init_model", NULL);
		return;
	}
	json_begin_object(writer, "init_model");
	json_string(writer, "file", options->init);
	json_hexadecimal(writer, "fingerprint", record->init_fingerprint);
	json_end_object(writer);
}

static void write_network(struct json_writer *writer, const struct cln_fit_start *start)
{
	const bool pretty = writer->pretty;

	json_begin_object(writer, "network");
	writer->pretty = false;
	json_begin_array(writer, "layers");
	for (size_t l = 0; l <= start->n_layers; l++)
		json_size(writer, NULL, start->n[l]);
	json_end_array(writer);
	json_size(writer, "parameters", start->n_params);
	json_size(writer, "folds", start->folds);
	json_size(writer, "train_rows", start->train_rows);
	json_size(writer, "valid_rows", start->valid_rows);
	json_size(writer, "test_rows", start->test_rows);
	json_size(writer, "dropped_rows", start->dropped_rows);
	json_size(writer, "missing_cells", start->missing_cells);
	json_size(writer, "numeric_columns", start->numeric_columns);
	json_size(writer, "categorical_columns", start->categorical_columns);
	json_end_object(writer);
	writer->pretty = pretty;
}

/* On what and when it was trained, and how that is done again. */
static void write_origin(struct json_writer *writer, const struct run_record *record)
{
	char cpu[CPUS_NAME], finished[32] = "";
	const time_t now = time(NULL);
	struct tm utc;

	cpus_model_name(cpu);
	json_string(writer, "cpu", cpu);
	if (gmtime_r(&now, &utc))
		strftime(finished, sizeof finished, "%Y-%m-%dT%H:%M:%SZ", &utc);
	json_string(writer, "finished", finished);
	json_string(writer, "negative", record->start.negative);
	run_command_write(writer, record->options);
}

enum cln_status run_record_write(const char *path, const struct run_record *record, struct cln_error *err)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text, .pretty = true};
	enum cln_status status;

	json_begin_object(&writer, NULL);
	json_string(&writer, "program", "colonnade");
	json_string(&writer, "version", CLN_VERSION);
	run_record_write_inputs(&writer, record);
	run_record_write_options(&writer, record->options);
	json_string(&writer, "isa", record->start.isa);
	json_size(&writer, "threads_allowed", (size_t)record->start.threads_allowed);
	json_string(&writer, "threads_rule", record->start.threads_rule);
	if (record->start.ranks > 1)
		json_size(&writer, "ranks", (size_t)record->start.ranks);
	write_summary(&writer, record->summary);
	write_origin(&writer, record);
	write_network(&writer, &record->start);
	if (record->review)
		run_review_write(&writer, record->review);
	json_end_object(&writer);
	text_add(&text, "\n", 1);
	status = text_check(&text, err);
	if (status == CLN_OK)
		status = io_replace_file(path, text.bytes, text.length, err);
	text_free(&text);
	return status;
}

/* ---------------------------------------------------------------- the same run? */

enum cln_status run_record_options(struct text *text, const struct options *options, struct cln_error *err)
{
	struct json_writer writer = {.out = text};

	json_begin_object(&writer, NULL);
	run_record_write_options(&writer, options);
	json_end_object(&writer);
	return text->failed ? error_set(err, CLN_E_MEMORY, "no memory for the text of the options") : CLN_OK;
}

static bool may_differ(const struct option_spec *spec, const struct options *options, bool finished)
{
	const struct cln_config *config = &options->config;

	if (spec->passing || (!finished && identity_is_allowed(options->allow_change, spec->name)))
		return true;
	if (!finished && strcmp(spec->name, "block-size") == 0) /* where nobody gave it, it follows from the rows */
		return !options_given(options, spec->name);
	return !finished && strcmp(spec->name, "epochs") == 0 &&
	       identity_is_of_any_epochs(name_of(&names_schedule, (int)config->schedule),
					 name_of(&names_regularisation, (int)config->regularisation));
}

static enum cln_status compare_options(const struct json *was, const struct json *is, const char *name,
				       const struct options *options, bool finished, struct cln_error *err)
{
	for (size_t i = 0; options_spec(i); i++) {
		const struct option_spec *spec = options_spec(i);
		const struct json *old = json_get(was, spec->name), *new = json_get(is, spec->name);
		char before[JSON_SHOWN], now[JSON_SHOWN];

		if (!(spec->commands & options->command->bit) || may_differ(spec, options, finished) || json_same(old, new))
			continue;
		json_show(before, old);
		json_show(now, new);
		bool can_differ = !finished && identity_check_allowed(spec->name, NULL) == CLN_OK;
		return error_set(err, CLN_E_USAGE,
				 "--%s was %s, is %s: %s is of another run; start a new one with --force or another --out%s%s",
				 spec->name, before, now, name, can_differ ? ", or go on with --allow-change " : "",
				 can_differ ? spec->name : "");
	}
	return CLN_OK;
}

static const struct json *fingerprint(const struct json *record, const char *key)
{
	return json_get(json_get(record, key), "fingerprint");
}

static enum cln_status compare_inputs(const struct json *was, const struct json *is, const char *name, struct cln_error *err)
{
	static const char *const keys[] = {"data", "valid_data", "test_data", "init_model"};
	static const char *const inputs[] = {"DATA", "--valid", "--test", "--init"};

	for (size_t i = 0; i < 4; i++) {
		const struct json *old = fingerprint(was, keys[i]), *new = fingerprint(is, keys[i]);
		char before[JSON_SHOWN], now[JSON_SHOWN];

		if (json_same(old, new))
			continue;
		json_show(before, old);
		json_show(now, new);
		return error_set(err, CLN_E_USAGE,
				 "%s has changed (fingerprint %s, now %s): %s is of another run; start a new one with "
				 "--force or another --out", inputs[i], before, now, name);
	}
	return CLN_OK;
}

static enum cln_status read_past(struct run_past *past, const struct json *options, struct cln_error *err)
{
	const struct json *force = json_get(options, "force"), *changed = json_get(options, "allow-change");

	past->forced = force && force->type == JSON_TRUE;
	if (!changed || changed->type != JSON_STRING)
		return CLN_OK;
	past->changed = mem_copy(changed->string, strlen(changed->string), err);
	return past->changed ? CLN_OK : CLN_E_MEMORY;
}

enum cln_status run_record_compare(const char *was, const char *name, const struct options *options, bool finished,
				   const struct run_record *record, struct run_past *past, struct cln_error *err)
{
	const struct json *before = NULL, *now = NULL;
	struct text text = {0};
	struct json_writer writer = {.out = &text};
	struct cln_error why;

	json_begin_object(&writer, NULL);
	if (record)
		run_record_write_inputs(&writer, record);
	run_record_write_options(&writer, options);
	json_end_object(&writer);
	enum cln_status status = text.failed ? error_set(&why, CLN_E_MEMORY, "no memory for the text of the options") : CLN_OK;
	if (status == CLN_OK)
		status = json_parse_limited(&before, was, strlen(was), RUN_RECORD_VALUES, &why);
	if (status == CLN_OK)
		status = json_parse(&now, text.bytes, text.length, &why);
	if (status != CLN_OK)
		error_set(err, status, "%s: %s", name, why.message);
	if (status == CLN_OK && record) /* first, as options that nobody gave may follow from the rows */
		status = compare_inputs(before, now, name, err);
	if (status == CLN_OK)
		status = compare_options(json_get(before, "options"), json_get(now, "options"), name, options, finished, err);
	*past = (struct run_past){0};
	if (status == CLN_OK)
		status = read_past(past, json_get(before, "options"), err);
	json_free(before);
	json_free(now);
	text_free(&text);
	return status;
}

enum cln_status run_record_print(const struct run_record *record, struct cln_error *err)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text};

	json_begin_object(&writer, NULL);
	write_summary(&writer, record->summary);
	json_string(&writer, "out", record->options->out);
	json_end_object(&writer);
	text_add(&text, "\n", 1);
	return output_print(&text, err);
}

/* The members that write_summary has written, which stand behind one another. */
static void copy_summary(struct json_writer *writer, const struct json *record)
{
	const struct json *member = json_get(record, "train"), *end = json_get(record, "threads");

	for (; member; member = member == end ? NULL : member->next)
		json_value(writer, member->key, member);
}

enum cln_status run_record_print_again(const char *was, const char *directory, struct cln_error *err)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text};
	const struct json *record;
	struct cln_error why;
	const enum cln_status status = json_parse(&record, was, strlen(was), &why);

	if (status != CLN_OK)
		return error_set(err, status, "%s/run.json: %s", directory, why.message);
	json_begin_object(&writer, NULL);
	copy_summary(&writer, record);
	json_string(&writer, "out", directory);
	json_end_object(&writer);
	json_free(record);
	text_add(&text, "\n", 1);
	return output_print(&text, err);
}
