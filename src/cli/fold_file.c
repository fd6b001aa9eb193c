/* SPDX-License-Identifier: MIT */
#include "cli/fold_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/run_record.h"
#include "report/evaluation.h"

#define RECORD_LIMIT ((size_t)1 << 20) /* bytes of a fold's JSON */
#define SCORES_LIMIT ((size_t)1 << 40) /* of its CSV */

/* "DIR/fold-3-of-5.json" */
static enum cln_status file_name(char path[RUN_PATH], const struct fold_files *files, size_t fit, const char *ending,
				 struct cln_error *err)
{
	const struct run_directory folder = {.path = files->folder};
	char name[80];

	snprintf(name, sizeof name, "fold-%zu-of-%zu.%s", fit + 1, crossval_fits(files->crossval), ending);
	return run_directory_file(path, &folder, name, err);
}

/* The first score of a fit's repeat. */
static size_t first_score(const struct crossval *crossval, size_t fit)
{
	return fit / crossval->K * crossval->all.n;
}

/* ---------------------------------------------------------------- the folder */

/* Whether a name is that of a temporary file of io_replace_file, beside a file of the folder. */
static bool is_temporary(const char *name)
{
	static const char *const replaced[] = {".fold-", ".predictions.csv.", ".crossval.json."};
	bool is_one = false;

	for (size_t i = 0; i < sizeof replaced / sizeof *replaced; i++)
		is_one |= strncmp(name, replaced[i], strlen(replaced[i])) == 0;
	return is_one && strstr(name, ".tmp-");
}

/* One that cannot be removed does no harm. */
static void remove_temporaries(const char *path)
{
	const struct run_directory folder = {.path = path};
	char file[RUN_PATH];
	DIR *entries = opendir(path);

	for (const struct dirent *entry; entries && (entry = readdir(entries));)
		if (is_temporary(entry->d_name) && run_directory_file(file, &folder, entry->d_name, NULL) == CLN_OK)
			unlink(file);
	if (entries)
		closedir(entries);
}

static bool take_lock(int fd, short type, int command)
{
	struct flock whole = {.l_type = type, .l_whence = SEEK_SET};
	int result;

	do
		result = fcntl(fd, command, &whole);
	while (result != 0 && errno == EINTR);
	return result == 0;
}

void fold_files_enter(struct fold_files *files)
{
	const struct run_directory folder = {.path = files->folder};
	char path[RUN_PATH];

	files->lock = -1;
	if (run_directory_file(path, &folder, ".folds.lock", NULL) == CLN_OK)
		files->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (files->lock < 0)
		return;
	if (take_lock(files->lock, F_WRLCK, F_SETLK))
		remove_temporaries(files->folder);
	if (!take_lock(files->lock, F_RDLCK, F_SETLKW)) /* waits while somebody removes them */
		fold_files_leave(files);
}

void fold_files_leave(struct fold_files *files)
{
	if (files->lock >= 0)
		close(files->lock);
	files->lock = -1;
}

/* ---------------------------------------------------------------- writing */

/* row,label,probability,logit: rows from 1, as they lie in the table. */
static enum cln_status write_scores(struct text *text, const struct crossval *crossval, size_t fit, struct cln_error *err)
{
	const size_t first = first_score(crossval, fit);
	uint32_t *places = mem_alloc(crossval->all.n, sizeof *places, err);

	if (!places)
		return CLN_E_MEMORY;
	const size_t n = crossval_rows_of(places, crossval, fit);
	text_addf(text, "row,label,probability,logit\n");
	for (size_t i = 0; i < n; i++) {
		char probability[NUMBER_TEXT], logit[NUMBER_TEXT];
		number_from_float(probability, crossval->probabilities[first + places[i]]);
		number_from_float(logit, crossval->logits[first + places[i]]);
		text_addf(text, "%zu,%d,%s,%s\n", (size_t)crossval->all.rows[places[i]] + 1, crossval->all.y[places[i]] > 0.5f,
			  probability, logit);
	}
	mem_free(places);
	return text_check(text, err);
}

static enum cln_status write_record(struct text *text, const struct fold_files *files, size_t fit, const struct text *scores,
				    const struct cln_evaluation *measured, double seconds, struct cln_error *err)
{
	struct json_writer writer = {.out = text, .pretty = true};

	json_begin_object(&writer, NULL);
	json_string(&writer, "program", "colonnade");
	json_string(&writer, "version", CLN_VERSION);
	json_size(&writer, "fold", fit + 1);
	json_size(&writer, "of", crossval_fits(files->crossval));
	json_hexadecimal(&writer, "fingerprint", files->fingerprint);
	json_hexadecimal(&writer, "scores_checksum", io_crc64(0, scores->bytes, scores->length));
	evaluation_write(&writer, measured);
	json_double(&writer, "seconds", seconds);
	run_record_write_options(&writer, files->options);
	json_end_object(&writer);
	text_add(text, "\n", 1);
	return text_check(text, err);
}

static enum cln_status replace(const struct fold_files *files, size_t fit, const char *ending, const struct text *text,
			       struct cln_error *err)
{
	char path[RUN_PATH];
	const enum cln_status status = file_name(path, files, fit, ending, err);

	return status == CLN_OK ? io_replace_file(path, text->bytes, text->length, err) : status;
}

enum cln_status fold_file_drop(const struct fold_files *files, size_t fit, struct cln_error *err)
{
	char path[RUN_PATH];
	const enum cln_status status = file_name(path, files, fit, "json", err);

	if (status == CLN_OK && unlink(path) != 0 && errno != ENOENT)
		return error_set_errno(err, CLN_E_IO, "cannot remove %s", path);
	return status;
}

enum cln_status fold_file_write(const struct fold_files *files, size_t fit, const struct cln_evaluation *measured, double seconds,
				struct cln_error *err)
{
	struct text scores = {0}, record = {0};
	enum cln_status status = write_scores(&scores, files->crossval, fit, err);

	if (status == CLN_OK)
		status = write_record(&record, files, fit, &scores, measured, seconds, err);
	if (status == CLN_OK)
		status = replace(files, fit, "csv", &scores, err);
	if (status == CLN_OK)
		status = replace(files, fit, "json", &record, err);
	text_free(&scores);
	text_free(&record);
	return status;
}

/* ---------------------------------------------------------------- reading */

static enum cln_status damaged(struct cln_error *err, const char *path, const char *what)
{
	return error_set(err, CLN_E_DAMAGED, "%s: %s; without this file and its .json the fold is done again", path, what);
}

/* "value\n" or "value,": behind it, or NULL. */
static const char *take_number(double *value, const char *at, const char *end, char behind)
{
	const char *stop = memchr(at, behind, (size_t)(end - at));

	return stop && number_to_double(value, at, (size_t)(stop - at)) ? stop + 1 : NULL;
}

/* The checksum has been compared: what is wrong here was written so. */
static enum cln_status take_scores(struct crossval *crossval, size_t fit, const char *bytes, size_t length, const char *path,
				   struct cln_error *err)
{
	const size_t first = first_score(crossval, fit);
	const char *end = bytes + length, *at = memchr(bytes, '\n', length);
	uint32_t *places = mem_alloc(crossval->all.n, sizeof *places, err);

	if (!places)
		return CLN_E_MEMORY;
	const size_t n = crossval_rows_of(places, crossval, fit);
	at = at ? at + 1 : NULL;
	for (size_t i = 0; i < n && at; i++) {
		double row, label, probability, logit;
		at = take_number(&row, at, end, ',');
		at = at ? take_number(&label, at, end, ',') : NULL;
		at = at ? take_number(&probability, at, end, ',') : NULL;
		at = at ? take_number(&logit, at, end, '\n') : NULL;
		if (!at || row != (double)crossval->all.rows[places[i]] + 1)
			at = NULL;
		if (at) {
			crossval->probabilities[first + places[i]] = (float)probability;
			crossval->logits[first + places[i]] = (float)logit;
		}
	}
	mem_free(places);
	return at == end ? CLN_OK : damaged(err, path, "its rows are not those of the fold");
}

/* That it is of this data and these options; *checksum: of the scores. */
static enum cln_status check_record(uint64_t *checksum, const struct fold_files *files, size_t fit, const char *text,
				    const char *path, struct cln_error *err)
{
	const struct json *record;
	const char *fingerprint, *digits;
	struct run_past past = {0};
	struct cln_error why;
	char expected[17];
	unsigned long long read;
	enum cln_status status = json_parse(&record, text, strlen(text), &why);

	if (status != CLN_OK)
		return status == CLN_E_MEMORY ? error_set(err, status, "%s", why.message)
					      : error_set(err, CLN_E_DAMAGED, "%s: %s", path, why.message);
	status = json_get_string(&fingerprint, record, "fingerprint", &why);
	if (status == CLN_OK)
		status = json_get_string(&digits, record, "scores_checksum", &why);
	if (status == CLN_OK)
		status = json_get_number(&files->crossval->thresholds[fit], record, "threshold", 0, 1, &why);
	if (status != CLN_OK || strlen(digits) != 16 || sscanf(digits, "%16llx", &read) != 1) {
		error_set(err, CLN_E_DAMAGED, "%s: %s", path, status != CLN_OK ? why.message : "scores_checksum is none");
		json_free(record);
		return CLN_E_DAMAGED;
	}
	*checksum = read;
	snprintf(expected, sizeof expected, "%016llx", (unsigned long long)files->fingerprint);
	if (strcmp(fingerprint, expected) != 0)
		status = error_set(err, CLN_E_USAGE,
				   "%s is of other data (fingerprint %.32s, now %s); take another --out, or --force", path,
				   fingerprint, expected);
	json_free(record);
	if (status == CLN_OK)
		status = run_record_compare(text, path, files->options, true, NULL, &past, err);
	mem_free(past.changed);
	return status;
}

enum cln_status fold_file_read(bool *found, const struct fold_files *files, size_t fit, struct cln_error *err)
{
	char record_path[RUN_PATH], scores_path[RUN_PATH], *record = NULL, *scores = NULL;
	size_t length;
	uint64_t checksum = 0;
	enum cln_status status = file_name(record_path, files, fit, "json", err);

	*found = false;
	if (status == CLN_OK)
		status = file_name(scores_path, files, fit, "csv", err);
	if (status != CLN_OK || access(record_path, F_OK) != 0)
		return status;
	status = io_read_file(&record, &length, record_path, RECORD_LIMIT, err);
	if (status == CLN_OK)
		status = check_record(&checksum, files, fit, record, record_path, err);
	if (status == CLN_OK)
		status = io_read_file(&scores, &length, scores_path, SCORES_LIMIT, err);
	if (status == CLN_OK && io_crc64(0, scores, length) != checksum)
		status = damaged(err, scores_path, "it is not what was written (checksum)");
	if (status == CLN_OK)
		status = take_scores(files->crossval, fit, scores, length, scores_path, err);
	*found = status == CLN_OK;
	mem_free(record);
	mem_free(scores);
	return status;
}
