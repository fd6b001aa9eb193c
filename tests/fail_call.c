/* SPDX-License-Identifier: MIT */
#include "fail_call.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/types.h>

static struct {
	int after, times, error, calls;
	void (*watch)(void);
} calls[N_FAIL_CALLS];

void fail_call_arm(enum fail_call call, int after, int times, int error)
{
	calls[call].after = after;
	calls[call].times = times;
	calls[call].error = error;
	calls[call].calls = 0;
}

void fail_call_disarm(void)
{
	for (int i = 0; i < N_FAIL_CALLS; i++) {
		calls[i].times = 0;
		calls[i].watch = NULL;
	}
}

int fail_call_count(enum fail_call call)
{
	return calls[call].calls;
}

void fail_call_watch(enum fail_call call, void (*watch)(void))
{
	calls[call].watch = watch;
}

/* Whether this call fails; *result is then what it returns. */
static bool fails(enum fail_call call, int *result)
{
	const int i = calls[call].calls++;
	if (calls[call].watch)
		calls[call].watch();
	if (i < calls[call].after || i - calls[call].after >= calls[call].times)
		return false;
	errno = calls[call].error;
	*result = calls[call].error ? -1 : 0;
	return true;
}

#define WRAP(call, type, name, declared, given)      \
	type __real_##name declared;                 \
	type __wrap_##name declared;                 \
	type __wrap_##name declared                  \
	{                                            \
		int result;                          \
		if (fails(call, &result))            \
			return result;               \
		return __real_##name given;          \
	}

size_t fail_call_most_bytes;

static size_t part_of(size_t length)
{
	return fail_call_most_bytes > 0 && length > fail_call_most_bytes ? fail_call_most_bytes : length;
}

WRAP(FAIL_READ, ssize_t, read, (int fd, void *bytes, size_t n), (fd, bytes, part_of(n)))
WRAP(FAIL_PREAD, ssize_t, pread, (int fd, void *bytes, size_t n, off_t offset), (fd, bytes, part_of(n), offset))
WRAP(FAIL_WRITE, ssize_t, write, (int fd, const void *bytes, size_t n), (fd, bytes, part_of(n)))
WRAP(FAIL_PWRITE, ssize_t, pwrite, (int fd, const void *bytes, size_t n, off_t offset), (fd, bytes, part_of(n), offset))
WRAP(FAIL_FSYNC, int, fsync, (int fd), (fd))
WRAP(FAIL_RENAME, int, rename, (const char *from, const char *to), (from, to))
WRAP(FAIL_FTRUNCATE, int, ftruncate, (int fd, off_t length), (fd, length))
WRAP(FAIL_LSEEK, off_t, lseek, (int fd, off_t offset, int from), (fd, offset, from))
WRAP(FAIL_STAT, int, stat, (const char *path, struct stat *about), (path, about))
WRAP(FAIL_FSTAT, int, fstat, (int fd, struct stat *about), (fd, about))
WRAP(FAIL_MKOSTEMP, int, mkostemp, (char *name, int flags), (name, flags))

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	int result, closed = __real_close(fd);
	return fails(FAIL_CLOSE, &result) ? result : closed;
}

DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);
DIR *__wrap_opendir(const char *path)
{
	int result;
	return fails(FAIL_OPENDIR, &result) ? NULL : __real_opendir(path);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	const mode_t mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? (mode_t)va_arg(arguments, int) : 0;
	va_end(arguments);
	int result;
	return fails(FAIL_OPEN, &result) ? result : __real_open(path, flags, mode);
}
