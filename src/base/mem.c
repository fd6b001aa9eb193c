/* SPDX-License-Identifier: MIT
 * A block is calloc's, over-allocated so that it can be aligned; the pointer that calloc gave lies in front of it.  calloc and
 * not aligned_alloc with memset: large blocks are fresh zero pages, which the thread that writes them first places.
 * Under AddressSanitizer a block ends exactly where the caller's array does, so that it sees the first byte beyond. */
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/utf8.h"

#if defined(__SANITIZE_ADDRESS__)
#define MEM_EXACT 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEM_EXACT 1
#endif
#endif
#ifndef MEM_EXACT
#define MEM_EXACT 0
#endif

/* Bytes.  An array ends with one where that makes it larger by no more than an eighth, and begins at one where it is then no
 * smaller than one. */
#define HUGE_PAGE ((size_t)2 << 20)
#define LARGEST_PAGE ((size_t)64 << 10) /* of the others */

bool size_mul(size_t *product, size_t a, size_t b)
{
	if (b != 0 && a > SIZE_MAX / b)
		return false;
	*product = a * b;
	return true;
}

bool size_add(size_t *sum, size_t a, size_t b)
{
	if (a > SIZE_MAX - b)
		return false;
	*sum = a + b;
	return true;
}

#if MEM_EXACT
static void *block_create(size_t bytes)
{
	void *block = NULL;
	if (posix_memalign(&block, MEM_ALIGN, bytes) != 0)
		return NULL;
	return memset(block, 0, bytes);
}

void mem_free(void *block)
{
	free(block);
}
#else
static void *block_create(size_t bytes)
{
	size_t total;
	if (!size_add(&total, bytes, sizeof(void *) + MEM_ALIGN - 1))
		return NULL;
	char *raw = calloc(1, total);
	if (raw == NULL)
		return NULL;
	uintptr_t past_header = (uintptr_t)raw + sizeof(void *);
	void **block = (void **)(void *)(raw + sizeof(void *) + (-past_header & (MEM_ALIGN - 1)));
	block[-1] = raw;
	return block;
}

void mem_free(void *block)
{
	if (block != NULL)
		free(((void **)block)[-1]);
}
#endif

void cln_free(void *text)
{
	mem_free(text);
}

/* n * size for an allocation; false with err set where it overflows. */
static bool block_bytes(size_t *bytes, size_t n, size_t size, struct cln_error *err)
{
	if (size_mul(bytes, n, size) && *bytes <= PTRDIFF_MAX)
		return true;
	error_set(err, CLN_E_MEMORY, "out of memory: %zu elements of %zu bytes are more than can be addressed", n, size);
	return false;
}

static void set_out_of_memory(struct cln_error *err, size_t bytes)
{
	error_set(err, CLN_E_MEMORY, "out of memory: an allocation of %zu bytes failed", bytes);
}

void *mem_alloc(size_t n, size_t size, struct cln_error *err)
{
	size_t bytes;
	if (!block_bytes(&bytes, n, size, err))
		return NULL;
	void *block = block_create(bytes > 0 ? bytes : 1);
	if (block == NULL)
		set_out_of_memory(err, bytes);
	return block;
}

enum cln_status mem_grow(void **block, size_t old_n, size_t n, size_t size, struct cln_error *err)
{
	if (*block != NULL && n <= old_n)
		return CLN_OK;
	void *grown = mem_alloc(n, size, err);
	if (grown == NULL)
		return CLN_E_MEMORY;
	if (*block != NULL)
		memcpy(grown, *block, old_n * size);
	mem_free(*block);
	*block = grown;
	return CLN_OK;
}

char *mem_copy(const char *bytes, size_t length, struct cln_error *err)
{
	size_t total;
	if (!size_add(&total, length, 1))
		total = SIZE_MAX;
	char *copy = mem_alloc(total, 1, err);
	if (copy != NULL && length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

#if MEM_EXACT
float *mem_pages(size_t n, struct cln_error *err)
{
	return mem_alloc(n, sizeof(float), err);
}

void mem_pages_free(float *pages, size_t n)
{
	(void)n;
	mem_free(pages);
}
#else
/* What is mapped for n floats; mmap refuses a length of 0. */
static size_t pages_bytes(size_t n)
{
	const size_t bytes = n > 0 ? n * sizeof(float) : 1, whole = round_up(bytes, HUGE_PAGE);
	return whole - bytes <= bytes / 8 ? whole : bytes < HUGE_PAGE ? bytes : round_up(bytes, LARGEST_PAGE);
}

static char *map(size_t bytes)
{
	void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return pages == MAP_FAILED ? NULL : pages;
}

/* From a multiple of HUGE_PAGE on, if there is so much room: what lies before and behind is given back. */
static char *map_huge(size_t bytes)
{
	char *pages = map(bytes + HUGE_PAGE);
	if (pages == NULL)
		return map(bytes);
	const size_t before = -(uintptr_t)pages & (HUGE_PAGE - 1), behind = HUGE_PAGE - before;
	if (before > 0)
		munmap(pages, before);
	pages += before;
	munmap(pages + bytes, behind);
#ifdef MADV_HUGEPAGE
	(void)madvise(pages, bytes, MADV_HUGEPAGE); /* a kernel without huge pages says no, and nothing is lost but speed */
#endif
	return pages;
}

float *mem_pages(size_t n, struct cln_error *err)
{
	size_t bytes;
	if (!block_bytes(&bytes, n, sizeof(float), err))
		return NULL;
	const size_t mapped = pages_bytes(n);
	char *pages = mapped < HUGE_PAGE ? map(mapped) : map_huge(mapped);
	if (pages == NULL)
		set_out_of_memory(err, bytes);
	return (float *)(void *)pages;
}

void mem_pages_free(float *pages, size_t n)
{
	if (pages != NULL)
		munmap(pages, pages_bytes(n));
}
#endif

/* Makes room for `more` bytes and a '\0'; sets `failed` where it cannot. */
static bool text_reserve(struct text *text, size_t more)
{
	size_t wanted;
	if (text->failed)
		return false;
	if (!size_add(&wanted, text->length, more) || !size_add(&wanted, wanted, 1))
		wanted = SIZE_MAX;
	if (wanted <= text->capacity)
		return true;
	size_t capacity = wanted > SIZE_MAX / 2 ? wanted : round_up(2 * wanted, MEM_ALIGN);
	void *bytes = text->bytes;
	if (mem_grow(&bytes, text->capacity, capacity, 1, NULL) != CLN_OK) {
		text->failed = true;
		text->refused = capacity;
		return false;
	}
	text->bytes = bytes;
	text->capacity = capacity;
	return true;
}

void text_add(struct text *text, const char *bytes, size_t length)
{
	if (!text_reserve(text, length))
		return;
	if (length > 0)
		memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

void text_add_visible(struct text *text, const char *shown)
{
	while (*shown) {
		const size_t control = utf8_control(shown);
		text_add(text, control ? "?" : shown, 1);
		shown += control ? control : 1;
	}
}

void text_pad(struct text *text, size_t width, size_t wanted)
{
	for (; width < wanted; width++)
		text_add(text, " ", 1);
}

void text_add_padded(struct text *text, const char *shown, size_t wanted)
{
	text_add_visible(text, shown);
	text_pad(text, utf8_width(shown), wanted);
}

void text_addf(struct text *text, const char *format, ...)
{
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	const size_t room = text->failed ? 0 : text->capacity - text->length;
	int length = vsnprintf(room ? text->bytes + text->length : NULL, room, format, arguments);
	va_end(arguments);
	if (length < 0)
		text->failed = true;
	else if ((size_t)length < room)
		text->length += (size_t)length;
	else if (text_reserve(text, (size_t)length))
		text->length += (size_t)vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
	va_end(again);
}

enum cln_status text_check(const struct text *text, struct cln_error *err)
{
	if (!text->failed)
		return CLN_OK;
	set_out_of_memory(err, text->refused);
	return CLN_E_MEMORY;
}

void text_free(struct text *text)
{
	mem_free(text->bytes);
	*text = (struct text){0};
}
