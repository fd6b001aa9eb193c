/* SPDX-License-Identifier: MIT */
#include "report/output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

	*output = (struct output){.stream = stdout};
	if (strcmp(path, "-") == 0)
		return CLN_OK;
	output->path = path;
	if (replaceable(path)) {
		text_addf(&name, "%s.%ld.tmp", path, (long)getpid());
		if (name.failed)
			return error_set(err, CLN_E_MEMORY, "no memory for the name of %s", path);
		output->temporary = name.bytes;
	}
	output->stream = fopen(output->temporary ? output->temporary : path, "we");
	if (!output->stream) {
		error_set_errno(err, CLN_E_IO, "cannot create %s", path);
		mem_free(output->temporary);
		*output = (struct output){0};
		return CLN_E_IO;
	}
	return CLN_OK;
}

enum cln_status output_write(struct output *output, const char *bytes, size_t length, struct cln_error *err)
{
	return fwrite(bytes, 1, length, output->stream) == length ? CLN_OK : cannot_write(output, err);
}

static enum cln_status sync_directory(const struct output *output, struct cln_error *err)
{
	char *copy = mem_copy(output->path, strlen(output->path), err);
	enum cln_status status = CLN_OK;

	if (!copy)
		return CLN_E_MEMORY;
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Some file systems cannot sync a directory: EINVAL. */
	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
		status = cannot_write(output, err);
	if (fd >= 0)
		close(fd);
	mem_free(copy);
	return status;
}

static enum cln_status replace(struct output *output, bool keep, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	if (keep && (fflush(output->stream) != 0 || fsync(fileno(output->stream)) != 0))
		status = cannot_write(output, err);
	if (fclose(output->stream) != 0 && keep && status == CLN_OK)
		status = cannot_write(output, err);
	if (status == CLN_OK && keep && rename(output->temporary, output->path) != 0)
		status = cannot_write(output, err);
	if (status != CLN_OK || !keep)
		unlink(output->temporary);
	else
		status = sync_directory(output, err);
	return status;
}

enum cln_status output_close(struct output *output, bool keep, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	if (!output->stream)
		return CLN_OK;
	if (output->temporary)
		status = replace(output, keep, err);
	else if (output->path ? fclose(output->stream) != 0 : fflush(output->stream) != 0)
		status = cannot_write(output, err);
	mem_free(output->temporary);
	*output = (struct output){0};
	return status;
}
