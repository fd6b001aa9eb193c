/* SPDX-License-Identifier: MIT
 * The small files in which a Linux system tells about itself: /proc, /sys, control groups. */
#ifndef BASE_SYSTEM_FILE_H
#define BASE_SYSTEM_FILE_H

#include <stdbool.h>
#include <stdio.h>

/* The kernel gives what fits a page at a time; a buffer of the caller's needs no call to choose its size. */
struct system_file_buffer {
	char bytes[8192];
};

/* A file under `root` ("" but in tests), read through `buffer`, to be closed by fclose; NULL where there is none. */
FILE *system_file_open(const char *root, const char *path, struct system_file_buffer *buffer);

/* The first line of such a file, without its end; false where there is none. */
bool system_file_line(const char *root, const char *path, char *line, size_t size);

#endif
