/* SPDX-License-Identifier: MIT
 * Where everything lies in a column cache (doc/cache-format.md); nothing outside includes it but cache_*.c, tests and the fuzz
 * target.
 *
 *   preamble   magic, version, length of the file, rows, columns, length of the directory
 *   directory  of every column its name, its levels and the checksums of its blocks; behind it the checksum of all up to there
 *   sections   of every column its numbers (float), then its codes (uint32), each at a multiple of CACHE_ALIGN, zeros between */
#ifndef DATA_CACHE_LAYOUT_H
#define DATA_CACHE_LAYOUT_H

#include "data/table.h"

#define CACHE_MAGIC "\x89\x43\x4C\0\r\n\x1A\0" /* in each half a NUL, which no text has */
#define CACHE_MAGIC_BYTES ((size_t)8)
#define CACHE_VERSION 1u
#define CACHE_PREAMBLE ((size_t)48)
#define CACHE_ENTRY ((size_t)24) /* of the directory, without what follows it */
#define CACHE_ALIGN ((size_t)64)
#define CACHE_BLOCK_ROWS ((size_t)1 << 18) /* of a section, with a checksum of their own: 1 MiB */
#define CACHE_MISSING_NUMBER UINT32_C(0x7FC00000)

enum cache_parts { CACHE_NUMBERS = 1, CACHE_TEXTS = 2 };

/* What a file says of a column.  Pointers are into the file. */
struct cache_column {
	uint32_t parts;
	const char *name;
	size_t name_length;
	size_t n_levels, level_bytes;
	const char *levels; /* one behind the other, each with a '\0' */
	/* by part, index 0: numbers, 1: codes; offsets from the first byte of the file */
	size_t section[2], checksums[2];
};

struct cache_layout {
	size_t n_rows, n_columns, n_blocks; /* blocks of a section */
	size_t checksum;                    /* offset of the directory's */
	struct cache_column *columns;
};

static inline uint32_t cache_load32(const unsigned char *from)
{
	return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static inline uint64_t cache_load64(const unsigned char *from)
{
	return (uint64_t)cache_load32(from) | (uint64_t)cache_load32(from + 4) << 32;
}

static inline void cache_store32(unsigned char *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (unsigned char)(value >> 8 * i);
}

static inline void cache_store64(unsigned char *to, uint64_t value)
{
	cache_store32(to, (uint32_t)value);
	cache_store32(to + 4, (uint32_t)(value >> 32));
}

/* Finds everything in `length` bytes that are called `name`, and checks that it lies there and nowhere else; no checksum and no
 * text is looked at.  Nothing is allocated for a claim that the length does not bear out.  cache_layout_free in any case. */
enum cln_status cache_layout_find(struct cache_layout *layout, const unsigned char *bytes, size_t length, const char *name,
				  struct cln_error *err) CLN_MUST_CHECK;
void cache_layout_free(struct cache_layout *layout);

/* The rows of a block. */
static inline size_t cache_block_rows(const struct cache_layout *layout, size_t block)
{
	size_t left = layout->n_rows - block * CACHE_BLOCK_ROWS;
	return left < CACHE_BLOCK_ROWS ? left : CACHE_BLOCK_ROWS;
}

/* CLN_E_DAMAGED: "NAME: this column cache is damaged: ...". */
enum cln_status cache_damaged(struct cln_error *err, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* cache_read of `length` bytes, 64-byte aligned, which must live as long as the table. */
enum cln_status cache_read_bytes(struct cln_table **table, const unsigned char *bytes, size_t length, const char *name,
				 const struct cln_read_options *options, int threads, struct cln_error *err) CLN_MUST_CHECK;

#endif
