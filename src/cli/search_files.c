/* SPDX-License-Identifier: MIT */
#include "cli/search_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SEARCH_RECORD "search.json"

enum cln_status search_files_path(char path[RUN_PATH], const struct search_files *files, const char *name, struct cln_error *err)
{
	const struct run_directory folder = {.path = files->folder};

	return run_directory_file(path, &folder, name, err);
}

bool search_files_hold(const struct search_files *files, const char *name)
{
	return run_directory_holds(&(struct run_directory){.path = files->folder}, name);
}

/* ---------------------------------------------------------------- locks */

static int lock_place(const struct search_files *files, size_t place, short type, int command)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)place, .l_len = 1};
	int result;

	do
		result = fcntl(files->lock, command, &lock);
	while (result != 0 && errno == EINTR);
	return result;
}

static enum cln_status cannot_lock(const struct search_files *files, struct cln_error *err)
{
	return error_set_errno(err, CLN_E_IO, "cannot lock %s/.lock (does its file system support locks?)", files->folder);
}

enum cln_status search_files_lock(bool *ours, const struct search_files *files, size_t place, struct cln_error *err)
{
	*ours = lock_place(files, place, F_WRLCK, F_SETLK) == 0;
	return *ours || errno == EACCES || errno == EAGAIN ? CLN_OK : cannot_lock(files, err);
}

void search_files_unlock(const struct search_files *files, size_t place)
{
	lock_place(files, place, F_UNLCK, F_SETLK);
}

/* By another process. */
static bool is_held(const struct search_files *files, size_t place)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)place, .l_len = 1};

	return fcntl(files->lock, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool search_files_shared(const struct search_files *files)
{
	return is_held(files, SEARCH_PRESENT);
}

enum cln_status search_files_leave(const struct search_files *files, struct cln_error *err)
{
	if (lock_place(files, SEARCH_FINISHING, F_RDLCK, F_SETLK) != 0)
		return cannot_lock(files, err);
	search_files_unlock(files, SEARCH_PRESENT);
	return CLN_OK;
}

/* ---------------------------------------------------------------- a trial's values */

void search_files_trial(struct options *trial, const struct search_files *files, size_t number)
{
	*trial = *files->options;
	search_space_apply(trial, files->space, number);
}

void search_files_write_values(struct json_writer *writer, const struct search_files *files, const struct options *trial)
{
	json_begin_object(writer, "values");
	for (size_t i = 0; i < files->space->n; i++)
		if (search_space_is_drawn(&files->space->options[i]))
			run_record_write_option(writer, trial, files->space->options[i].spec);
	json_end_object(writer);
}

/* ---------------------------------------------------------------- search.json */

static void write_space(struct json_writer *writer, const struct search_space *space)
{
	json_begin_object(writer, "space");
	for (size_t i = 0; i < space->n; i++) {
		struct text line = {0};
		if (space->options[i].given)
			continue;
		search_space_text(&line, &space->options[i]);
		json_string(writer, space->options[i].spec->name, line.failed ? NULL : line.bytes);
		writer->out->failed |= line.failed;
		text_free(&line);
	}
	json_end_object(writer);
	json_bool(writer, "built_in", space->built_in);
}

/* What the trials stand on, files' names and all else that shapes nothing left out. */
static enum cln_status make_id(struct search_files *files, const struct run_record *data, struct cln_error *err)
{
	const struct options *options = files->options;
	struct text text = {0};
	struct json_writer writer = {.out = &text};

	json_begin_object(&writer, NULL);
	text_addf(&text, "%016llx %016llx", (unsigned long long)cln_table_fingerprint(data->train),
		  data->valid ? (unsigned long long)cln_table_fingerprint(data->valid) : 0);
	for (size_t i = 0; options_spec(i); i++)
		if ((options_spec(i)->commands & options->command->bit) && !options_spec(i)->passing)
			run_record_write_option(&writer, options, options_spec(i));
	write_space(&writer, files->space);
	json_end_object(&writer);
	snprintf(files->id, sizeof files->id, "%016llx", (unsigned long long)io_crc64(0, text.bytes, text.length));
	const enum cln_status status = text_check(&text, err);
	text_free(&text);
	return status;
}

static enum cln_status write_search(struct text *text, const struct search_files *files, const struct run_record *data,
				    struct cln_error *err)
{
	struct json_writer writer = {.out = text, .pretty = true};

	json_begin_object(&writer, NULL);
	json_string(&writer, "program", "colonnade");
	json_string(&writer, "version", CLN_VERSION);
	json_string(&writer, "search", files->id);
	run_record_write_inputs(&writer, data);
	write_space(&writer, files->space);
	run_record_write_options(&writer, files->options);
	json_end_object(&writer);
	text_add(text, "\n", 1);
	return text_check(text, err);
}

/* The first option of the space that is another one than was. */
static enum cln_status compare_space(const struct json *was, const struct json *is, const char *path, struct cln_error *err)
{
	const struct json *old = json_get(was, "space"), *new = json_get(is, "space");
	char before[JSON_SHOWN], now[JSON_SHOWN];

	for (size_t i = 0; options_spec(i); i++) {
		const char *name = options_spec(i)->name;
		if (json_same(json_get(old, name), json_get(new, name)))
			continue;
		json_show(before, json_get(old, name));
		json_show(now, json_get(new, name));
		return error_set(err, CLN_E_USAGE, "the space of %s was %s, is %s: %s is of another search; begin anew with "
				 "--force or choose another --out", name, before, now, path);
	}
	if (json_same(old, new) && json_same(json_get(was, "built_in"), json_get(is, "built_in")))
		return CLN_OK;
	return error_set(err, CLN_E_USAGE, "the space was another one: %s is of another search; begin anew with --force or choose "
			 "another --out", path);
}

static enum cln_status compare_texts(const char *was, const char *is, const char *path, struct cln_error *err)
{
	const struct json *old = NULL, *new = NULL;
	struct cln_error why;
	enum cln_status status = json_parse(&old, was, strlen(was), &why);

	if (status == CLN_OK)
		status = json_parse(&new, is, strlen(is), &why);
	if (status != CLN_OK)
		error_set(err, status, "%s: %s", path, why.message);
	else
		status = compare_space(old, new, path, err);
	json_free(old);
	json_free(new);
	return status;
}

/* What is there is the search that is asked for. */
static enum cln_status compare(const struct text *is, const struct run_record *data, const char *path, struct cln_error *err)
{
	struct run_past past = {0};
	size_t length;
	char *was;
	enum cln_status status = io_read_file(&was, &length, path, RUN_RECORD_LIMIT, err);

	if (status != CLN_OK)
		return status;
	status = run_record_compare(was, path, data->options, true, data, &past, err);
	if (status == CLN_OK)
		status = compare_texts(was, is->bytes, path, err);
	mem_free(past.changed);
	mem_free(was);
	return status;
}

/* ---------------------------------------------------------------- the directory */

/* "trial-0007.json", of which the ending comes back; NULL: it is another name. */
static const char *trial_ending(const char *name)
{
	const size_t digits = strncmp(name, "trial-", 6) == 0 ? strspn(name + 6, "0123456789") : 0;

	return digits >= 4 && name[6 + digits] == '.' ? name + 6 + digits : NULL;
}

static bool is_checkpoint(const char *name)
{
	const char *ending = trial_ending(name);

	return ending && strcmp(ending, ".checkpoint") == 0;
}

static bool is_trials(const char *name)
{
	const char *ending = trial_ending(name);

	return ending && (strcmp(ending, ".json") == 0 || strcmp(ending, ".checkpoint") == 0);
}

/* ".trial-0007.json.tmp-4711" or "...-4711-1", left by a process that was killed */
static bool is_temporary(const char *name)
{
	const char *end = strstr(name, ".tmp-");
	char file[RUN_PATH];

	if (*name != '.' || !end || end[5] == '\0' || end[5 + strspn(end + 5, "0123456789-")] != '\0')
		return false;
	snprintf(file, sizeof file, "%.*s", (int)(end - name - 1), name + 1);
	return is_trials(file) || strcmp(file, SEARCH_RECORD) == 0 || strcmp(file, SEARCH_CONFIG) == 0;
}

static enum cln_status remove_where(const struct search_files *files, bool (*is_one)(const char *name), struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	char path[RUN_PATH];
	DIR *entries = opendir(files->folder);

	if (!entries)
		return error_set_errno(err, CLN_E_IO, "cannot list %s", files->folder);
	for (const struct dirent *entry; status == CLN_OK && (entry = readdir(entries));) {
		if (!is_one(entry->d_name))
			continue;
		status = search_files_path(path, files, entry->d_name, err);
		if (status == CLN_OK && unlink(path) != 0 && errno != ENOENT)
			status = error_set_errno(err, CLN_E_IO, "cannot remove %s", path);
	}
	closedir(entries);
	return status;
}

/* No other job becomes present meanwhile, nor writes for the winner. */
enum cln_status search_files_clean(const struct search_files *files, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	if (lock_place(files, SEARCH_SET_UP, F_WRLCK, F_SETLKW) != 0)
		return cannot_lock(files, err);
	if (!search_files_shared(files)) {
		status = remove_where(files, is_checkpoint, err);
		if (status == CLN_OK)
			status = remove_where(files, is_temporary, err);
	}
	search_files_unlock(files, SEARCH_SET_UP);
	return status;
}

/* The name of the winner first: without it the run of the winner is set aside before another one.  search.json is replaced last, so
 * that trials of another search never lie beside it. */
static enum cln_status remove_search(const struct search_files *files, struct cln_error *err)
{
	char path[RUN_PATH];
	enum cln_status status;

	if (search_files_shared(files) || is_held(files, SEARCH_FINISHING))
		return error_set(err, CLN_E_USAGE, "--force: another job is at work in %s", files->folder);
	status = search_files_path(path, files, SEARCH_CONFIG, err);
	if (status == CLN_OK && unlink(path) != 0 && errno != ENOENT)
		status = error_set_errno(err, CLN_E_IO, "cannot remove %s", path);
	return status == CLN_OK ? remove_where(files, is_trials, err) : status;
}

static enum cln_status set_up(struct search_files *files, const struct run_record *data, struct cln_error *err)
{
	const bool exists = search_files_hold(files, SEARCH_RECORD);
	struct text text = {0};
	char path[RUN_PATH];
	enum cln_status status = search_files_path(path, files, SEARCH_RECORD, err);

	if (status == CLN_OK)
		status = write_search(&text, files, data, err);
	if (status == CLN_OK && exists && !files->options->force)
		status = compare(&text, data, path, err);
	else if (status == CLN_OK && !exists && search_files_hold(files, SEARCH_BEST))
		status = error_set(err, CLN_E_USAGE, "%s/" SEARCH_BEST " is there, but no search of it; choose another --out",
				   files->folder);
	else if (status == CLN_OK && exists)
		status = remove_search(files, err);
	if (status == CLN_OK && (!exists || files->options->force))
		status = io_replace_file(path, text.bytes, text.length, err);
	text_free(&text);
	return status;
}

enum cln_status search_files_open(struct search_files *files, const struct run_record *data, const struct search_space *space,
				  struct cln_error *err)
{
	char path[RUN_PATH];
	enum cln_status status;

	*files = (struct search_files){.folder = data->options->out, .options = data->options, .space = space, .lock = -1};
	status = make_id(files, data, err);
	if (status == CLN_OK)
		status = search_files_path(path, files, ".lock", err);
	if (status == CLN_OK)
		status = run_directory_make(files->folder, err);
	if (status != CLN_OK)
		return status;
	files->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (files->lock < 0)
		return error_set_errno(err, CLN_E_IO, "cannot create %s", path);
	if (lock_place(files, SEARCH_SET_UP, F_WRLCK, F_SETLKW) != 0)
		return cannot_lock(files, err);
	status = set_up(files, data, err);
	if (status == CLN_OK && lock_place(files, SEARCH_PRESENT, F_RDLCK, F_SETLK) != 0)
		status = cannot_lock(files, err);
	search_files_unlock(files, SEARCH_SET_UP);
	return status;
}

void search_files_close(struct search_files *files)
{
	if (files->lock >= 0)
		close(files->lock);
	files->lock = -1;
}
