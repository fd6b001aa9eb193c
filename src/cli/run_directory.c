/* SPDX-License-Identifier: MIT */
#include "cli/run_directory.h"

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
static void write_holder(int fd)
{
	char host[128] = "", text[HOLDER_TEXT];
	const char *job = job_id();

	gethostname(host, sizeof host - 1);
	int length =
	    snprintf(text, sizeof text, "process %ld on %s%s%.64s\n", (long)getpid(), host, job ? ", job " : "", job ? job : "");
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length)
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
		read_holder(holder, directory->lock);
		return error_set(err, CLN_E_IO, "%s is in use by %s; wait for it or choose another --out", directory->path, holder);
	}
	/* A holder that gave up may have taken the file away between our open and our lock. */
	if (fstat(directory->lock, &held) != 0 || stat(file, &named) != 0 || held.st_ino != named.st_ino)
		return error_set(err, CLN_E_IO, "%s was taken away by another process; try again", directory->path);
	write_holder(directory->lock);
	return CLN_OK;
}

static enum cln_status refuse_finished(const struct run_directory *directory, bool force, struct cln_error *err)
{
	char model[RUN_PATH];
	enum cln_status status = run_directory_file(model, directory, "model.safetensors", err);

	if (status == CLN_OK && !force && access(model, F_OK) == 0)
		return error_set(err, CLN_E_USAGE, "%s holds a finished run; overwrite it with --force or choose another --out",
				 directory->path);
	return status;
}

enum cln_status run_directory_open(struct run_directory *directory, const char *path, bool force, struct cln_error *err)
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
		status = refuse_finished(directory, force, err);
	if (status != CLN_OK && directory->lock >= 0) {
		close(directory->lock);
		directory->lock = -1;
	}
	return status;
}

enum cln_status run_directory_clear(const struct run_directory *directory, struct cln_error *err)
{
	static const char *const names[] = {"model.safetensors", "run.json", "metrics.jsonl"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char file[RUN_PATH];
		enum cln_status status = run_directory_file(file, directory, names[i], err);
		if (status != CLN_OK)
			return status;
		if (unlink(file) != 0 && errno != ENOENT)
			return error_set_errno(err, CLN_E_IO, "cannot remove the older run's %s", file);
	}
	return CLN_OK;
}

void run_directory_close(struct run_directory *directory, bool started)
{
	char lock[RUN_PATH];

	if (directory->lock < 0)
		return;
	if (!started && directory->made && run_directory_file(lock, directory, ".lock", NULL) == CLN_OK) {
		unlink(lock);
		rmdir(directory->path);
	}
	close(directory->lock);
	directory->lock = -1;
}
