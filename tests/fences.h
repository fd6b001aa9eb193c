/* SPDX-License-Identifier: MIT
 * Arrays of floats beside an unreadable page: a read or write beyond the array ends the test, with any compiler. */
#ifndef TESTS_FENCES_H
#define TESTS_FENCES_H

#include "testing.h"

#include <sys/mman.h>
#include <unistd.h>

struct fence {
	char *pages;
	size_t bytes;
	float *x;
};

/* n floats, all 0, between two such pages; they touch the one behind them, or the one in front. */
static inline struct fence fence_make(size_t n, bool at_end)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), inner = (n * sizeof(float) + page - 1) / page * page;
	struct fence fence = {.bytes = inner + 2 * page};
	fence.pages = mmap(NULL, fence.bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert(fence.pages != MAP_FAILED);
	ck_assert_int_eq(mprotect(fence.pages + page, inner, PROT_READ | PROT_WRITE), 0);
	fence.x = (float *)(void *)(fence.pages + page + (at_end ? inner - n * sizeof(float) : 0));
	return fence;
}

static inline void fence_free(struct fence *fence) { ck_assert_int_eq(munmap(fence->pages, fence->bytes), 0); }

#endif
