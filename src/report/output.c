/* SPDX-License-Identifier: MIT */
#include "report/output.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

static enum cln_status cannot_write(const struct output *output, struct cln_error *err)
{
	return error_set_errno(err, CLN_E_IO, "cannot write %s", output->path ? output->path : "standard output");
}

/* Devices and pipes cannot be replaced by a file. */
static bool replaceable(const char *path)
{
	struct stat info;

	return lstat(path, &info) != 0 || S_ISREG(info.st_mode);
}

enum cln_status output_open(struct output *output, const char *path, struct cln_error *err)
{
	struct text name = {0};

	*output = (struct output){.fd = STDOUT_FILENO};
	if (strcmp(path, "-") == 0)
		return CLN_OK;
	output->path = path;
	if (replaceable(path)) {
		text_addf(&name, "%s.%ld.tmp", path, (long)getpid());
		if (text_check(&name, err) != CLN_OK)
			return CLN_E_MEMORY;
		output->temporary = name.bytes;
	}
	output->fd = open(output->temporary ? output->temporary : path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (output->fd < 0) {
		error_set_errno(err, CLN_E_IO, "cannot create %s", path);
		mem_free(output->temporary);
		*output = (struct output){.fd = -1};
		return CLN_E_IO;
	}
	return CLN_OK;
}

enum cln_status output_write(struct output *output, const char *bytes, size_t length, struct cln_error *err)
{
	return io_write_all(output->fd, bytes, length) ? CLN_OK : cannot_write(output, err);
}

static enum cln_status replace(struct output *output, bool keep, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	if (keep && !io_sync(output->fd))
		status = cannot_write(output, err);
	if (!io_close(output->fd) && keep && status == CLN_OK)
		status = cannot_write(output, err);
	if (status == CLN_OK && keep && rename(output->temporary, output->path) != 0)
		status = cannot_write(output, err);
	if (status != CLN_OK || !keep)
		unlink(output->temporary);
	else if (!io_sync_directory(output->path))
		status = cannot_write(output, err);
	return status;
}

enum cln_status output_close(struct output *output, bool keep, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	if (output->fd < 0)
		return CLN_OK;
	if (output->temporary)
		status = replace(output, keep, err);
	else if (output->path && !io_close(output->fd)) /* standard output is closed at exit */
		status = cannot_write(output, err);
	mem_free(output->temporary);
	*output = (struct output){.fd = -1};
	return status;
}
