/* SPDX-License-Identifier: MIT
 * Distinct texts, numbered in the order of their first appearance, with how often and where each was met. */
#ifndef DATA_DICTIONARY_H
#define DATA_DICTIONARY_H

#include "base/mem.h"

struct dictionary_entry {
	const char *text; /* '\0'-terminated; in a block of the dictionary */
	uint32_t length;
	uint32_t hash;
	uint32_t count;     /* rows that hold it */
	uint32_t first_row; /* the least of them */
};

/* All zeros is an empty dictionary. */
struct dictionary {
	struct dictionary_entry *entries;
	size_t n, capacity;
	uint32_t *slots; /* open addressing: entry number + 1; 0 is free; at most half are taken */
	size_t n_slots;  /* a power of two */
	char **blocks;   /* of texts, each as large as all before it up to a limit, so that there are few */
	size_t n_blocks, blocks_capacity;
	size_t block_used, block_bytes; /* of the last block */
	size_t text_bytes;              /* of all texts */
};

/* *code: the number of the text (length < 2^32), which is added where it is new.  `count` rows are added to its count, and
 * `row` is its first row if none before was less.  CLN_E_MEMORY leaves the dictionary as it was. */
enum cln_status dictionary_add(struct dictionary *dictionary, uint32_t *code, const char *text, size_t length, uint32_t row,
			       uint32_t count, struct cln_error *err) CLN_MUST_CHECK;

/* The number of a text, UINT32_MAX where it is not in the dictionary. */
uint32_t dictionary_find(const struct dictionary *dictionary, const char *text, size_t length);

/* rank[code] = place of the text in ascending byte order; texts[rank] = the text.  n elements each; texts are lent. */
enum cln_status dictionary_rank(const struct dictionary *dictionary, uint32_t *rank, const char **texts,
				struct cln_error *err) CLN_MUST_CHECK;

void dictionary_free(struct dictionary *dictionary);

#endif
