/* SPDX-License-Identifier: MIT */
#include "base/system_file.h"

#include <limits.h>
#include <string.h>

FILE *system_file_open(const char *root, const char *path, struct system_file_buffer *buffer)
{
	char full[PATH_MAX];
	if (snprintf(full, sizeof full, "%s%s", root, path) >= (int)sizeof full)
		return NULL;
	FILE *file = fopen(full, "re");
	if (file)
		setvbuf(file, buffer->bytes, _IOFBF, sizeof buffer->bytes);
	return file;
}

bool system_file_line(const char *root, const char *path, char *line, size_t size)
{
	struct system_file_buffer buffer;
	FILE *file = system_file_open(root, path, &buffer);
	if (!file)
		return false;
	bool read = fgets(line, (int)size, file) != NULL;
	fclose(file);
	if (read)
		line[strcspn(line, "\n")] = '\0';
	return read;
}
