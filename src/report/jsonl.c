/* SPDX-License-Identifier: MIT */
#include "report/jsonl.h"

#include "base/io.h"
#include "base/parallel.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define FLUSH_SECONDS 0.1

struct jsonl {
	int fd;
	char *path;
	struct text waiting; /* lines not written yet */
	double last_flush;
};

/* Where line *keep of a file ends; or where its last whole line does, and *keep is how many there are.  -1 and errno: it cannot be
 * read, and nothing may be cut. */
static off_t end_of_lines(int fd, size_t *keep)
{
	char bytes[4096];
	off_t at = 0, end = 0;
	size_t lines = 0;
	ssize_t n;

	while (lines < *keep && (n = pread(fd, bytes, sizeof bytes, at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != ESPIPE)
			return -1;
		if (n < 0) /* a pipe: there is nothing to be found again */
			break;
		for (ssize_t i = 0; i < n && lines < *keep; i++)
			if (bytes[i] == '\n') {
				lines++;
				end = at + i + 1;
			}
		at += n;
	}
	*keep = lines;
	return end;
}

static enum cln_status open_file(struct jsonl *jsonl, size_t *keep, struct cln_error *err)
{
	jsonl->fd = open(jsonl->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (jsonl->fd < 0)
		return error_set_errno(err, CLN_E_IO, "cannot create %s", jsonl->path);
	const off_t end = end_of_lines(jsonl->fd, keep);
	if (end < 0)
		return error_set_errno(err, CLN_E_IO, "cannot read %s", jsonl->path);
	/* Devices and pipes cannot be cut. */
	if ((ftruncate(jsonl->fd, end) != 0 && errno != EINVAL) || (end > 0 && lseek(jsonl->fd, end, SEEK_SET) < 0))
		return error_set_errno(err, CLN_E_IO, "cannot cut %s back", jsonl->path);
	return CLN_OK;
}

enum cln_status jsonl_open(struct jsonl **jsonl, const char *path, size_t *keep, struct cln_error *err)
{
	struct jsonl *made = mem_alloc(1, sizeof *made, err);
	enum cln_status status = CLN_E_MEMORY;

	*jsonl = NULL;
	if (!made)
		return status;
	made->fd = -1;
	made->path = mem_copy(path, strlen(path), err);
	if (made->path)
		status = open_file(made, keep, err);
	if (status == CLN_OK) {
		made->last_flush = clock_seconds();
		*jsonl = made;
		return CLN_OK;
	}
	if (made->fd >= 0)
		close(made->fd);
	mem_free(made->path);
	mem_free(made);
	return status;
}

/* Writes what waits; what could not be written stays, from the first byte that is not in the file. */
static enum cln_status flush_lines(struct jsonl *jsonl, struct cln_error *err)
{
	struct text *waiting = &jsonl->waiting;
	size_t done = 0;
	enum cln_status status = text_check(waiting, err);

	jsonl->last_flush = clock_seconds();
	while (done < waiting->length && status == CLN_OK) {
		ssize_t written = write(jsonl->fd, waiting->bytes + done, waiting->length - done);
		if (written > 0)
			done += (size_t)written;
		else if (written == 0 || errno != EINTR)
			status = error_set_errno(err, CLN_E_IO, "cannot write %s", jsonl->path);
	}
	if (done > 0) {
		memmove(waiting->bytes, waiting->bytes + done, waiting->length - done + 1);
		waiting->length -= done;
	}
	return status;
}

enum cln_status jsonl_epoch(struct jsonl *jsonl, const struct cln_epoch *epoch, struct cln_error *err)
{
	struct json_writer writer = {.out = &jsonl->waiting};
	bool valid = epoch->valid.rows > 0;

	json_begin_object(&writer, NULL);
	if (epoch->members > 1)
		json_size(&writer, "member", epoch->member);
	json_size(&writer, "epoch", epoch->epoch);
	json_double(&writer, "train_loss", epoch->train_loss);
	json_double(&writer, "valid_loss", valid ? epoch->valid.log_loss : NAN);
	json_double(&writer, "valid_auc", valid ? epoch->valid.auc : NAN);
	json_double(&writer, "learning_rate", epoch->learning_rate);
	json_double(&writer, "seconds", epoch->seconds);
	json_double(&writer, "rows_per_second", epoch->rows_per_second);
	if (epoch->recoveries > 0)
		json_size(&writer, "recoveries", epoch->recoveries);
	json_end_object(&writer);
	text_add(&jsonl->waiting, "\n", 1);
	if (clock_seconds() - jsonl->last_flush < FLUSH_SECONDS)
		return CLN_OK;
	return flush_lines(jsonl, err);
}

enum cln_status jsonl_sync(struct jsonl *jsonl, struct cln_error *err)
{
	enum cln_status status = flush_lines(jsonl, err);

	if (!io_sync(jsonl->fd) && status == CLN_OK)
		status = error_set_errno(err, CLN_E_IO, "cannot write %s", jsonl->path);
	return status;
}

enum cln_status jsonl_close(struct jsonl *jsonl, struct cln_error *err)
{
	if (!jsonl)
		return CLN_OK;
	enum cln_status status = jsonl_sync(jsonl, err);

	if (!io_close(jsonl->fd) && status == CLN_OK)
		status = error_set_errno(err, CLN_E_IO, "cannot write %s", jsonl->path);
	text_free(&jsonl->waiting);
	mem_free(jsonl->path);
	mem_free(jsonl);
	return status;
}

void jsonl_metrics(struct json_writer *writer, const char *key, const struct cln_metrics *metrics)
{
	if (key)
		json_begin_object(writer, key);
	json_size(writer, "rows", metrics->rows);
	json_double(writer, "log_loss", metrics->log_loss);
	json_double(writer, "auc", metrics->auc);
	json_double(writer, "accuracy", metrics->accuracy);
	if (key)
		json_end_object(writer);
}
