/* SPDX-License-Identifier: MIT */
#include "cli/run_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOLDER_TEXT 256

enum cln_status run_directory_file(char file[RUN_PATH], const struct run_directory *directory, const char *name,
				   struct cln_error *err)
{
	int length = snprintf(file, RUN_PATH, "%s/%s", directory->path, name);

	if (length < 0 || length >= RUN_PATH)
		return error_set(err, CLN_E_USAGE, "--out: the path has more than %d bytes", RUN_PATH - 64);
	return CLN_OK;
}

static enum cln_status make_directory(struct run_directory *directory, struct cln_error *err)
{
	struct stat info;

	if (mkdir(directory->path, 0777) == 0) {
		directory->made = true;
		return CLN_OK;
	}
	if (errno != EEXIST)
		return error_set_errno(err, CLN_E_IO, "cannot make the run directory %s", directory->path);
	if (stat(directory->path, &info) != 0 || !S_ISDIR(info.st_mode))
		return error_set(err, CLN_E_IO, "%s is a file, not a run directory; choose another --out", directory->path);
	return CLN_OK;
}

enum cln_status run_directory_make(const char *path, struct cln_error *err)
{
	struct stat info;

	if (mkdir(path, 0777) == 0 || (errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode)))
		return CLN_OK;
	return error_set_errno(err, CLN_E_IO, "cannot make the directory %s", path);
}

/* Who holds the lock, as that process wrote it; "another process" where that cannot be read. */
static void read_holder(char holder[HOLDER_TEXT], int fd)
{
	ssize_t length = pread(fd, holder, HOLDER_TEXT - 1, 0);

	holder[length > 0 ? length : 0] = '\0';
	holder[strcspn(holder, "\n")] = '\0';
	if (!*holder)
		snprintf(holder, HOLDER_TEXT, "another process");
}

static const char *job_id(void)
{
	static const char *const variables[] = {"SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID"};

	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
		const char *value = getenv(variables[i]);
		if (value && *value)
			return value;
	}
	return NULL;
}

/* Information only: that it cannot be written matters to nobody. */
static void write_holder(int fd, off_t old_length)
{
	char host[128] = "", text[HOLDER_TEXT];
	const char *job = job_id();

	gethostname(host, sizeof host - 1);
	int length =
	    snprintf(text, sizeof text, "process %ld on %s%s%.64s\n", (long)getpid(), host, job ? ", job " : "", job ? job : "");
	if ((old_length > length && ftruncate(fd, 0) != 0) || pwrite(fd, text, (size_t)length, 0) != length)
		return;
}

static enum cln_status take_lock(struct run_directory *directory, const char *file, struct cln_error *err)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct stat held, named;
	char holder[HOLDER_TEXT];

	directory->lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (directory->lock < 0)
		return error_set_errno(err, CLN_E_IO, "cannot create %s", file);
	if (fcntl(directory->lock, F_SETLK, &whole) != 0) {
		if (errno != EACCES && errno != EAGAIN)
			return error_set_errno(err, CLN_E_IO, "cannot lock %s (does its file system support locks?)", file);
		directory->made = false; /* it is theirs by now, whoever was the first */
		read_holder(holder, directory->lock);
		return error_set(err, CLN_E_IO, "%s is in use by %s; wait for it or choose another --out", directory->path, holder);
	}
	/* A holder that gave up may have taken the file away between our open and our lock. */
	if (fstat(directory->lock, &held) != 0 || stat(file, &named) != 0 || held.st_ino != named.st_ino) {
		directory->made = false;
		return error_set(err, CLN_E_IO, "%s was taken away by another process; try again", directory->path);
	}
	write_holder(directory->lock, held.st_size);
	return CLN_OK;
}

bool run_directory_holds(const struct run_directory *directory, const char *name)
{
	char file[RUN_PATH];

	return run_directory_file(file, directory, name, NULL) == CLN_OK && access(file, F_OK) == 0;
}

/* A run is finished where its model and its record are in place, whether its checkpoint is gone already or not.  What has one of
 * them alone could not write the other: it goes on from its checkpoint or, where there is none, is trained again. */
static enum cln_status judge(struct run_directory *directory, bool force, enum run_start start, struct cln_error *err)
{
	const char *path = directory->path;
	const bool checkpoint = run_directory_holds(directory, RUN_CHECKPOINT);
	const bool model = run_directory_holds(directory, "model.safetensors");
	const bool finished = model && run_directory_holds(directory, "run.json");

	if (force)
		return CLN_OK;
	if (start == RUN_NEW && finished)
		return error_set(err, CLN_E_USAGE, "%s holds a finished run; overwrite it with --force or choose another --out",
				 path);
	if (start == RUN_NEW && (checkpoint || model))
		return error_set(err, CLN_E_USAGE,
				 "%s holds an unfinished run%s; go on with --resume%s, overwrite it with --force or choose another "
				 "--out", path, checkpoint ? "" : " (a model without run.json)", checkpoint ? "" : "=auto");
	if (start == RUN_CONTINUE && !checkpoint)
		return error_set(err, CLN_E_USAGE, "there is nothing to continue in %s: %s", path,
				 finished ? "the run is finished" : "it has no checkpoint (--resume=auto begins anew)");
	directory->finished = start != RUN_NEW && finished;
	directory->unfinished = start != RUN_NEW && checkpoint && !finished;
	directory->has_previous = directory->unfinished && run_directory_holds(directory, RUN_PREVIOUS);
	return CLN_OK;
}

/* Whether a name is that of a temporary file of io_replace_file, beside a file of a run. */
static bool is_temporary(const char *name)
{
	static const char *const replaced[] = {"run.json", "model.safetensors", RUN_CHECKPOINT, RUN_REPORT};

	for (size_t i = 0; *name == '.' && i < sizeof replaced / sizeof *replaced; i++) {
		const size_t length = strlen(replaced[i]);
		if (strncmp(name + 1, replaced[i], length) == 0 && strncmp(name + 1 + length, ".tmp-", 5) == 0)
			return true;
	}
	return false;
}

/* The lock is ours, so whoever made them is gone.  One that cannot be removed does no harm, nor does a directory that may not
 * be listed. */
static enum cln_status remove_temporaries(const struct run_directory *directory, struct cln_error *err)
{
	char file[RUN_PATH];
	DIR *entries = directory->made ? NULL : opendir(directory->path);

	if (!entries)
		return directory->made || errno == EACCES ? CLN_OK
							  : error_set_errno(err, CLN_E_IO, "cannot list %s", directory->path);
	for (const struct dirent *entry; (entry = readdir(entries));)
		if (is_temporary(entry->d_name) && run_directory_file(file, directory, entry->d_name, NULL) == CLN_OK)
			unlink(file);
	closedir(entries);
	return CLN_OK;
}

enum cln_status run_directory_open(struct run_directory *directory, const char *path, bool force, enum run_start start,
				   struct cln_error *err)
{
	char lock[RUN_PATH];
	enum cln_status status;

	*directory = (struct run_directory){.path = path, .lock = -1};
	status = run_directory_file(lock, directory, ".lock", err);
	if (status == CLN_OK)
		status = make_directory(directory, err);
	if (status == CLN_OK)
		status = take_lock(directory, lock, err);
	if (status == CLN_OK)
		status = judge(directory, force, start, err);
	if (status == CLN_OK)
		status = remove_temporaries(directory, err);
	if (status != CLN_OK)
		run_directory_close(directory, false);
	return status;
}

/* The files of a run; the model last, so that a model in previous/ has its other files beside it. */
static const char *const run_files[] = {RUN_REPORT, "run.json", "metrics.jsonl", RUN_CHECKPOINT,
					"model.safetensors"};
enum { N_RUN_FILES = sizeof run_files / sizeof *run_files };

static enum cln_status move_to_previous(const struct run_directory *directory, const char *name, struct cln_error *err)
{
	char from[RUN_PATH], to[RUN_PATH], kept[64];
	enum cln_status status = run_directory_file(from, directory, name, err);

	snprintf(kept, sizeof kept, RUN_PREVIOUS "/%s", name);
	if (status == CLN_OK)
		status = run_directory_file(to, directory, kept, err);
	if (status == CLN_OK && rename(from, to) != 0 && errno != ENOENT)
		status = error_set_errno(err, CLN_E_IO, "cannot move the older run's %s to %s", from, to);
	return status;
}

static enum cln_status remove_file(const struct run_directory *directory, const char *name, struct cln_error *err)
{
	char file[RUN_PATH];
	enum cln_status status = run_directory_file(file, directory, name, err);

	if (status == CLN_OK && unlink(file) != 0 && errno != ENOENT)
		status = error_set_errno(err, CLN_E_IO, "cannot remove %s", file);
	return status;
}

static enum cln_status move_all_to_previous(const struct run_directory *directory, struct cln_error *err)
{
	char previous[RUN_PATH];
	enum cln_status status = run_directory_file(previous, directory, RUN_PREVIOUS, err);

	if (status == CLN_OK && mkdir(previous, 0777) != 0 && errno != EEXIST)
		status = error_set_errno(err, CLN_E_IO, "cannot make %s for the older run", previous);
	/* That of a still older run is not to stand beside this one's record. */
	if (status == CLN_OK && run_directory_holds(directory, RUN_PREVIOUS "/model.safetensors"))
		status = remove_file(directory, RUN_PREVIOUS "/model.safetensors", err);
	for (size_t i = 0; i < N_RUN_FILES && status == CLN_OK; i++)
		status = move_to_previous(directory, run_files[i], err);
	return status;
}

enum cln_status run_directory_drop_checkpoint(const struct run_directory *directory, struct cln_error *err)
{
	return remove_file(directory, RUN_CHECKPOINT, err);
}

/* A record without a model is that of a run whose model was taken elsewhere, and worth keeping, as a model without a record is; but
 * where previous/ has a model, either is that of the run which was to replace it and did not end. */
enum cln_status run_directory_set_aside(struct run_directory *directory, struct cln_error *err)
{
	if (directory->made)
		return CLN_OK;
	bool has_model = run_directory_holds(directory, "model.safetensors");
	bool has_record = run_directory_holds(directory, "run.json");
	bool has_checkpoint = run_directory_holds(directory, RUN_CHECKPOINT);
	bool unfinished = !(has_model && has_record) && run_directory_holds(directory, RUN_PREVIOUS "/model.safetensors");
	enum cln_status status = CLN_OK;

	if (unfinished) {
		status = remove_file(directory, "run.json", err);
		if (status == CLN_OK)
			status = remove_file(directory, RUN_CHECKPOINT, err);
		if (status == CLN_OK)
			status = remove_file(directory, "model.safetensors", err);
	} else if (has_model || has_record || has_checkpoint) {
		status = move_all_to_previous(directory, err);
	}
	directory->has_previous = status == CLN_OK && (unfinished || has_model || has_record || has_checkpoint);
	return status;
}

static bool read_model(char **bytes, size_t *length, const struct run_directory *directory, const char *name)
{
	char file[RUN_PATH];

	return run_directory_file(file, directory, name, NULL) == CLN_OK &&
	       io_read_file(bytes, length, file, SIZE_MAX, NULL) == CLN_OK;
}

bool run_directory_repeats_previous(const struct run_directory *directory)
{
	char *older = NULL, *newer = NULL;
	size_t n_older, n_newer;
	const bool same = !run_directory_holds(directory, RUN_PREVIOUS "/run.json") &&
			  read_model(&older, &n_older, directory, RUN_PREVIOUS "/model.safetensors") &&
			  read_model(&newer, &n_newer, directory, "model.safetensors") && n_older == n_newer &&
			  memcmp(older, newer, n_older) == 0;

	mem_free(newer);
	mem_free(older);
	return same;
}

/* The model first: what is left where this is cut short is no run any more. */
enum cln_status run_directory_drop_previous(struct run_directory *directory, struct cln_error *err)
{
	char file[RUN_PATH], name[64];
	enum cln_status status = CLN_OK;

	for (size_t i = N_RUN_FILES; i-- > 0 && status == CLN_OK;) {
		snprintf(name, sizeof name, RUN_PREVIOUS "/%s", run_files[i]);
		status = run_directory_file(file, directory, name, err);
		if (status == CLN_OK && unlink(file) != 0 && errno != ENOENT)
			status = error_set_errno(err, CLN_E_IO, "the run is finished; cannot remove the older run's %s", file);
	}
	if (status == CLN_OK)
		status = run_directory_file(file, directory, RUN_PREVIOUS, err);
	if (status == CLN_OK)
		rmdir(file); /* something else may be in it, and then it stays */
	directory->has_previous = status != CLN_OK;
	return status;
}

void run_directory_close(struct run_directory *directory, bool started)
{
	char lock[RUN_PATH];

	if (!started && directory->made && run_directory_file(lock, directory, ".lock", NULL) == CLN_OK) {
		if (directory->lock >= 0)
			unlink(lock);
		rmdir(directory->path);
	}
	if (directory->lock >= 0)
		close(directory->lock);
	directory->lock = -1;
	directory->made = false;
}
