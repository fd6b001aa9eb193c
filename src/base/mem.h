/* SPDX-License-Identifier: MIT
 * Memory: the only place that calls the allocator.  Sizes are overflow-checked; everything is 64-byte aligned and zeroed
 * unless said otherwise.  A failure is CLN_E_MEMORY with the size in the message. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/status.h"

#define MEM_ALIGN 64

/* product = a * b, sum = a + b; false where that does not fit a size_t (then the output is untouched). */
bool size_mul(size_t *product, size_t a, size_t b) CLN_MUST_CHECK;
bool size_add(size_t *sum, size_t a, size_t b) CLN_MUST_CHECK;
static inline size_t round_up(size_t x, size_t multiple) { return (x + multiple - 1) / multiple * multiple; }

/* n elements of `size` bytes, zeroed, 64-byte aligned; n = 0 gives a valid pointer to nothing.  NULL and err on failure.
 * Freed with mem_free. */
void *mem_alloc(size_t n, size_t size, struct cln_error *err) CLN_MUST_CHECK;
void mem_free(void *block);

/* Grows *block (from mem_alloc, or NULL) from old_n to at least n elements, keeping its content, zeroing the rest.
 * On failure *block is untouched. */
enum cln_status mem_grow(void **block, size_t old_n, size_t n, size_t size, struct cln_error *err) CLN_MUST_CHECK;

/* Copies of strings and bytes, freed with mem_free. mem_copy appends a '\0'. */
char *mem_copy(const char *bytes, size_t length, struct cln_error *err) CLN_MUST_CHECK;

/* Large float arrays (weights, partial gradients, activations): as mem_alloc but NOT touched, so that the thread that writes a page
 * first places it; the kernel gives zeroed pages, from some 2 MiB on huge ones as far as there are any.  n floats.  Freed with
 * mem_pages_free. */
float *mem_pages(size_t n, struct cln_error *err) CLN_MUST_CHECK;
void mem_pages_free(float *pages, size_t n);

/* Growing text buffer; `text` is always '\0'-terminated once anything was added.  After a failed append `failed` stays set
 * and further appends do nothing, so that a writer checks once at its end.  text_addf is not for fractions, whose point printf
 * takes from the locale: base/number.h has them. */
struct text {
	char *bytes;
	size_t length, capacity;
	bool failed;
	size_t refused; /* bytes that could not be had, where it failed */
};
void text_add(struct text *text, const char *bytes, size_t length);
/* Anybody's text: what could steer a terminal becomes '?'. */
void text_add_visible(struct text *text, const char *shown);
/* Spaces behind something of this width, up to the one that is wanted. */
void text_pad(struct text *text, size_t width, size_t wanted);
/* Anybody's text, padded to so many characters. */
void text_add_padded(struct text *text, const char *shown, size_t wanted);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
enum cln_status text_check(const struct text *text, struct cln_error *err) CLN_MUST_CHECK; /* CLN_E_MEMORY where an append failed */
void text_free(struct text *text);

#endif
