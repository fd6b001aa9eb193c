/* SPDX-License-Identifier: MIT */
#include "fail_alloc.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

static atomic_bool armed;
static atomic_long first_to_fail, how_many, live;
static atomic_bool all_behind, happened;
static atomic_size_t bytes_asked;

void fail_alloc_arm(long n, enum fail_alloc_how how)
{
	first_to_fail = n;
	all_behind = how == FAIL_FROM_THEN_ON;
	how_many = 0;
	bytes_asked = 0;
	live = 0;
	happened = false;
	armed = true;
}

void fail_alloc_disarm(void)
{
	armed = false;
}

long fail_alloc_count(void)
{
	return how_many;
}

size_t fail_alloc_bytes(void)
{
	return bytes_asked;
}

long fail_alloc_live(void)
{
	return live;
}

bool fail_alloc_happened(void)
{
	return happened;
}

static bool must_fail(size_t bytes)
{
	if (!armed)
		return false;
	long n = how_many++;
	bytes_asked += bytes;
	if (n != first_to_fail && !(all_behind && n > first_to_fail))
		return false;
	happened = true;
	errno = ENOMEM;
	return true;
}

static void *obtained(void *block)
{
	if (armed && block != NULL)
		live++;
	return block;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return must_fail(size) ? NULL : obtained(__real_malloc(size));
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	return must_fail(n * size) ? NULL : obtained(__real_calloc(n, size));
}

void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size)
{
	if (must_fail(size))
		return NULL;
	void *moved = __real_realloc(block, size);
	return block == NULL ? obtained(moved) : moved;
}

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return must_fail(size) ? NULL : obtained(__real_aligned_alloc(alignment, size));
}

int __real_posix_memalign(void **block, size_t alignment, size_t size);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size)
{
	if (must_fail(size))
		return ENOMEM;
	int error = __real_posix_memalign(block, alignment, size);
	if (error == 0)
		obtained(*block);
	return error;
}

void __real_free(void *block);
void __wrap_free(void *block);
void __wrap_free(void *block)
{
	if (armed && block != NULL)
		live--;
	__real_free(block);
}

/* Anonymous memory may fail; a mapped file is only counted. */
void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	if ((flags & MAP_ANONYMOUS) != 0 && must_fail(length))
		return MAP_FAILED;
	void *pages = __real_mmap(address, length, protection, flags, fd, offset);
	if (armed && pages != MAP_FAILED)
		live++;
	return pages;
}

int __real_munmap(void *address, size_t length);
int __wrap_munmap(void *address, size_t length);
int __wrap_munmap(void *address, size_t length)
{
	if (armed)
		live--;
	return __real_munmap(address, length);
}
