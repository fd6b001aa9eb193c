/* SPDX-License-Identifier: MIT
 * A file under /tmp for a test: make_file and remove_file are a checked fixture, so that it goes also where a test fails. */
#ifndef TESTS_TEMPORARY_FILE_H
#define TESTS_TEMPORARY_FILE_H

#include "testing.h"

#include <stdio.h>
#include <unistd.h>

static char path[] = "/tmp/colonnade-test-XXXXXX";

static inline void make_file(void)
{
	strcpy(path + sizeof path - 7, "XXXXXX"); /* a test before may have had a file in this process */
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

static inline void remove_file(void)
{
	unlink(path);
}

static inline void put(const char *bytes, size_t n)
{
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
	ck_assert_int_eq(fclose(file), 0);
}

#endif
