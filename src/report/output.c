/* SPDX-License-Identifier: MIT */
#include "report/output.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum cln_status cannot_write(const struct output *output, struct cln_error *err)
{
	return error_set_errno(err, CLN_E_IO, "cannot write %s", output->path ? output->path : "standard output");
}

/* Devices and pipes cannot be replaced by a file, nor can directories, which say so when they are opened. */
static bool is_direct(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

enum cln_status output_open(struct output *output, const struct io_place *place, struct cln_error *err)
{
	const char *path = place->path;
	enum cln_status status;

	*output = (struct output){.fd = STDOUT_FILENO, .direct = true};
	if (strcmp(path, "-") == 0)
		return CLN_OK;
	output->path = path;
	output->direct = is_direct(path);
	if (!output->direct) {
		status = io_replacement_open(&output->replacement, place, err);
		output->fd = output->replacement.fd;
		return status;
	}
	output->fd = open(path, O_WRONLY | O_CLOEXEC);
	return output->fd < 0 ? error_set_errno(err, CLN_E_IO, "cannot open %s", path) : CLN_OK;
}

enum cln_status output_write(struct output *output, const char *bytes, size_t length, struct cln_error *err)
{
	return io_write_all(output->fd, bytes, length) ? CLN_OK : cannot_write(output, err);
}

enum cln_status output_close(struct output *output, bool keep, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	if (output->fd < 0)
		return CLN_OK;
	if (!output->direct)
		status = io_replacement_close(&output->replacement, keep, err);
	else if (output->path && !io_close(output->fd)) /* standard output is closed at exit */
		status = cannot_write(output, err);
	output->fd = -1;
	return status;
}

enum cln_status output_replace(const struct io_place *place, const char *bytes, size_t length, struct cln_error *err)
{
	struct output output;
	enum cln_status status = output_open(&output, place, err), closed;

	if (status != CLN_OK)
		return status;
	status = output_write(&output, bytes, length, err);
	closed = output_close(&output, status == CLN_OK, status == CLN_OK ? err : NULL);
	return status == CLN_OK ? closed : status;
}

enum cln_status output_print(struct text *text, struct cln_error *err)
{
	enum cln_status status = text_check(text, err);

	fflush(stdout); /* what stands before it */
	if (status == CLN_OK) /* at once: what is lost is told, whatever else the command ends with */
		status = output_replace(&(struct io_place){"-", NULL}, text->bytes, text->length, err);
	text_free(text);
	return status;
}
