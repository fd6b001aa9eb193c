/* SPDX-License-Identifier: MIT */
#include "cli/search_record.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RECORD_LIMIT ((size_t)16 << 20) /* bytes */
#define MOST_EPOCHS 1000000

static const char *const states[] = {"unfinished", "done", "diverged"};
static const struct name_table state_names = {states, 3};

enum cln_status trial_path(char path[RUN_PATH], const struct search_files *files, size_t trial, const char *ending,
			   struct cln_error *err)
{
	char name[64];

	snprintf(name, sizeof name, "trial-%04zu.%s", trial, ending);
	return search_files_path(path, files, name, err);
}

void trial_record_free(struct trial_record *record)
{
	for (size_t i = 0; i < record->n; i++)
		mem_free(record->runs[i].folds);
	mem_free(record->runs);
	*record = (struct trial_record){0};
}

struct trial_run *trial_record_find(const struct trial_record *record, size_t epochs)
{
	for (size_t i = 0; i < record->n; i++)
		if (record->runs[i].epochs == epochs)
			return &record->runs[i];
	return NULL;
}

struct trial_run *trial_record_add(struct trial_record *record, size_t epochs, size_t folds, struct cln_error *err)
{
	struct trial_run *run = trial_record_find(record, epochs);
	void *runs = record->runs;

	if (run)
		return run;
	if (mem_grow(&runs, record->n, record->n + 1, sizeof *record->runs, err) != CLN_OK)
		return NULL;
	record->runs = runs;
	run = &record->runs[record->n];
	*run = (struct trial_run){.epochs = epochs};
	run->folds = folds > 0 ? mem_alloc(folds, sizeof *run->folds, err) : NULL;
	if (folds > 0 && !run->folds)
		return NULL;
	record->n++;
	return run;
}

/* ---------------------------------------------------------------- writing */

static void write_run(struct json_writer *writer, const struct trial_run *run)
{
	json_begin_object(writer, NULL);
	json_size(writer, "epochs", run->epochs);
	json_string(writer, "state", name_of(&state_names, (int)run->state));
	jsonl_metrics(writer, NULL, &run->metrics);
	if (run->folds) {
		json_begin_array(writer, "folds");
		for (size_t k = 0; k < run->n_folds; k++) {
			json_begin_object(writer, NULL);
			jsonl_metrics(writer, NULL, &run->folds[k]);
			json_end_object(writer);
		}
		json_end_array(writer);
	}
	json_double(writer, "seconds", run->seconds);
	json_end_object(writer);
}

static const char checksum_key[] = ",\n  \"checksum\": \"";

/* The checksum is of all that stands before it. */
static void add_checksum(struct text *text)
{
	char digits[17];

	snprintf(digits, sizeof digits, "%016llx", (unsigned long long)io_crc64(0, text->bytes, text->length));
	text_addf(text, "%s%s\"\n}\n", checksum_key, digits);
}

enum cln_status trial_record_write(const struct trial_record *record, const struct search_files *files, struct cln_error *err)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text, .pretty = true};
	struct options trial;
	char path[RUN_PATH];
	enum cln_status status = trial_path(path, files, record->trial, "json", err);

	if (status != CLN_OK)
		return status;
	search_files_trial(&trial, files, record->trial);
	json_begin_object(&writer, NULL);
	json_string(&writer, "program", "colonnade");
	json_string(&writer, "version", CLN_VERSION);
	json_string(&writer, "search", files->id);
	json_size(&writer, "trial", record->trial);
	search_files_write_values(&writer, files, &trial);
	json_begin_array(&writer, "runs");
	for (size_t i = 0; i < record->n; i++)
		write_run(&writer, &record->runs[i]);
	json_end_array(&writer);
	if (!text.failed)
		add_checksum(&text);
	status = text_check(&text, err);
	if (status == CLN_OK)
		status = io_replace_file(path, text.bytes, text.length, err);
	text_free(&text);
	return status;
}

/* ---------------------------------------------------------------- reading */

static enum cln_status read_folds(struct trial_run *run, const struct json *object, size_t folds, struct cln_error *err)
{
	const struct json *array;
	enum cln_status status = json_get_array(&array, object, "folds", err);

	if (status == CLN_OK && array->n > folds)
		status = error_set(err, CLN_E_DAMAGED, "\"folds\" has more than %zu", folds);
	for (const struct json *fold = status == CLN_OK ? array->child : NULL; fold && status == CLN_OK; fold = fold->next)
		status = run_files_metrics(&run->folds[run->n_folds++], fold, NULL, err);
	return status;
}

static enum cln_status read_run(struct trial_record *record, const struct json *object, size_t folds, struct cln_error *err)
{
	const char *state;
	size_t epochs;
	enum cln_status status = json_get_size(&epochs, object, "epochs", 0, MOST_EPOCHS, err);

	if (status == CLN_OK)
		status = json_get_string(&state, object, "state", err);
	if (status == CLN_OK && (name_find(&state_names, state) < 0 || trial_record_find(record, epochs)))
		status = error_set(err, CLN_E_DAMAGED, "a run of it has no state, or stands there twice");
	if (status != CLN_OK)
		return status;
	struct trial_run *run = trial_record_add(record, epochs, folds, err);
	if (!run)
		return CLN_E_MEMORY;
	run->state = (enum trial_state)name_find(&state_names, state);
	status = run_files_metrics(&run->metrics, object, NULL, err);
	if (status == CLN_OK && folds > 0)
		status = read_folds(run, object, folds, err);
	return status == CLN_OK ? json_get_number(&run->seconds, object, "seconds", 0, 1e12, err) : status;
}

/* That the values are those that are drawn: another version of the program may draw others. */
static enum cln_status check_values(const struct json *root, const struct search_files *files, size_t trial, struct cln_error *err)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text};
	const struct json *expected = NULL;
	struct options options;
	enum cln_status status;

	search_files_trial(&options, files, trial);
	json_begin_object(&writer, NULL);
	search_files_write_values(&writer, files, &options);
	json_end_object(&writer);
	status = text_check(&text, err);
	if (status == CLN_OK)
		status = json_parse(&expected, text.bytes, text.length, err);
	if (status == CLN_OK && !json_same(json_get(root, "values"), json_get(expected, "values")))
		status = error_set(err, CLN_E_USAGE, "its values are not those of trial %zu; begin anew with --force or choose "
				   "another --out", trial);
	json_free(expected);
	text_free(&text);
	return status;
}

static enum cln_status read_root(struct trial_record *record, const struct json *root, const struct search_files *files,
				 struct cln_error *err)
{
	const struct json *runs;
	const char *id;
	enum cln_status status = json_get_string(&id, root, "search", err);

	if (status == CLN_OK && strcmp(id, files->id) != 0)
		return error_set(err, CLN_E_USAGE, "it is of another search (%.32s, not %s); begin anew with --force or choose "
				 "another --out", id, files->id);
	if (status == CLN_OK)
		status = check_values(root, files, record->trial, err);
	if (status == CLN_OK)
		status = json_get_array(&runs, root, "runs", err);
	for (const struct json *run = status == CLN_OK ? runs->child : NULL; run && status == CLN_OK; run = run->next)
		status = read_run(record, run, files->options->folds, err);
	return status;
}

static bool is_intact(const char *bytes)
{
	const char *end = NULL;
	unsigned long long checksum;

	for (const char *at = bytes; (at = strstr(at, checksum_key)); at++)
		end = at;
	return end && sscanf(end + strlen(checksum_key), "%16llx", &checksum) == 1 &&
	       checksum == io_crc64(0, bytes, (size_t)(end - bytes));
}

static enum cln_status read_text(struct trial_record *record, const char *bytes, const struct search_files *files,
				 struct cln_error *err)
{
	const struct json *root;

	if (!is_intact(bytes))
		return error_set(err, CLN_E_DAMAGED, "it is not what was written (checksum); without it the trial is done again");
	enum cln_status status = json_parse(&root, bytes, strlen(bytes), err);
	if (status != CLN_OK)
		return status;
	status = read_root(record, root, files, err);
	json_free(root);
	return status;
}

enum cln_status trial_record_read(struct trial_record *record, const struct search_files *files, size_t trial,
				  struct cln_error *err)
{
	char path[RUN_PATH], *bytes;
	struct cln_error why;
	size_t length;
	enum cln_status status = trial_path(path, files, trial, "json", err);

	*record = (struct trial_record){.trial = trial};
	if (status != CLN_OK || access(path, F_OK) != 0)
		return status;
	status = io_read_file(&bytes, &length, path, RECORD_LIMIT, err);
	if (status != CLN_OK)
		return status;
	status = read_text(record, bytes, files, &why);
	mem_free(bytes);
	if (status == CLN_OK)
		return CLN_OK;
	trial_record_free(record);
	return error_set(err, status, "%s: %s", path, why.message);
}
