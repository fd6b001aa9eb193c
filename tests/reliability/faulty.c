/* SPDX-License-Identifier: MIT
 * The program as it is, on a system that fails where the environment says:
 *   FAULTY_ALLOCATION=n     the n-th allocation (0: the first) fails, and with FAULTY_ONWARDS=1 all behind it
 *   FAULTY_BYTES=k          no read or write moves more than k bytes
 *   FAULTY_REPORT=file      at the end gets "allocations N live M happened 0|1", M being what was not given back
 * It is the program's own objects linked with the --wrap options that Makefile.am calls faulty_ldflags. */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "../fail_alloc.h"

static size_t most_bytes = SIZE_MAX;

__attribute__((constructor)) static void begin(void)
{
	const char *allocation = getenv("FAULTY_ALLOCATION"), *bytes = getenv("FAULTY_BYTES");
	const char *onwards = getenv("FAULTY_ONWARDS");
	if (bytes != NULL)
		most_bytes = strtoul(bytes, NULL, 10);
	enum fail_alloc_how how = onwards != NULL && *onwards == '1' ? FAIL_FROM_THEN_ON : FAIL_ONCE;
	fail_alloc_arm(allocation != NULL ? atol(allocation) : LONG_MAX, how);
}

__attribute__((destructor)) static void end(void)
{
	const char *name = getenv("FAULTY_REPORT");
	fail_alloc_disarm();
	FILE *file = name != NULL ? fopen(name, "w") : NULL;
	if (file == NULL)
		return;
	fprintf(file, "allocations %ld live %ld happened %d\n", fail_alloc_count(), fail_alloc_live(), fail_alloc_happened());
	fclose(file);
}

static size_t part_of(size_t length)
{
	return length < most_bytes ? length : most_bytes;
}

ssize_t __real_read(int fd, void *bytes, size_t length);
ssize_t __wrap_read(int fd, void *bytes, size_t length);
ssize_t __wrap_read(int fd, void *bytes, size_t length)
{
	return __real_read(fd, bytes, part_of(length));
}

ssize_t __real_pread(int fd, void *bytes, size_t length, off_t offset);
ssize_t __wrap_pread(int fd, void *bytes, size_t length, off_t offset);
ssize_t __wrap_pread(int fd, void *bytes, size_t length, off_t offset)
{
	return __real_pread(fd, bytes, part_of(length), offset);
}

ssize_t __real_write(int fd, const void *bytes, size_t length);
ssize_t __wrap_write(int fd, const void *bytes, size_t length);
ssize_t __wrap_write(int fd, const void *bytes, size_t length)
{
	return __real_write(fd, bytes, part_of(length));
}

ssize_t __real_pwrite(int fd, const void *bytes, size_t length, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t length, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	return __real_pwrite(fd, bytes, part_of(length), offset);
}
