/* SPDX-License-Identifier: MIT
 * A hash table with the texts in blocks of their own. */
#include "data/dictionary.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 16
#define FIRST_BLOCK ((size_t)256)
#define LARGEST_BLOCK ((size_t)1 << 20)

/* Eight bytes at a time by a multiplication with 2^64 / golden ratio, whose high bits are folded back.  It orders nothing that
 * anybody sees, so byte order of the machine does not matter. */
static uint32_t hash_text(const char *text, size_t length)
{
	uint64_t hash = length, word;
	for (; length >= sizeof word; text += sizeof word, length -= sizeof word) {
		memcpy(&word, text, sizeof word);
		hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
		hash ^= hash >> 32;
	}
	word = 0;
	memcpy(&word, text, length);
	hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
	hash ^= hash >> 29;
	hash *= 0x9E3779B97F4A7C15u;
	return (uint32_t)(hash >> 32);
}

void dictionary_free(struct dictionary *dictionary)
{
	for (size_t i = 0; i < dictionary->n_blocks; i++)
		mem_free(dictionary->blocks[i]);
	mem_free(dictionary->blocks);
	mem_free(dictionary->slots);
	mem_free(dictionary->entries);
	*dictionary = (struct dictionary){0};
}

/* The slot that holds the text, or the free one where it belongs. */
static size_t find_slot(const struct dictionary *dictionary, const char *text, size_t length, uint32_t hash)
{
	size_t mask = dictionary->n_slots - 1, slot = hash & mask;
	for (; dictionary->slots[slot]; slot = (slot + 1) & mask) {
		const struct dictionary_entry *entry = &dictionary->entries[dictionary->slots[slot] - 1];
		if (entry->hash == hash && entry->length == length && memcmp(entry->text, text, length) == 0)
			break;
	}
	return slot;
}

uint32_t dictionary_find(const struct dictionary *dictionary, const char *text, size_t length)
{
	if (!dictionary->n_slots)
		return UINT32_MAX;
	return dictionary->slots[find_slot(dictionary, text, length, hash_text(text, length))] - 1; /* 0 - 1: not there */
}

static enum cln_status grow_slots(struct dictionary *dictionary, struct cln_error *err)
{
	size_t n_slots = dictionary->n_slots ? 2 * dictionary->n_slots : FIRST_SLOTS, mask = n_slots - 1;
	uint32_t *slots = mem_alloc(n_slots, sizeof *slots, err);
	if (!slots)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < dictionary->n; i++) {
		size_t slot = dictionary->entries[i].hash & mask;
		while (slots[slot])
			slot = (slot + 1) & mask;
		slots[slot] = (uint32_t)(i + 1);
	}
	mem_free(dictionary->slots);
	dictionary->slots = slots;
	dictionary->n_slots = n_slots;
	return CLN_OK;
}

/* Room for one more element of an array that doubles. */
static enum cln_status grow_array(void **array, size_t *capacity, size_t size, struct cln_error *err)
{
	size_t wanted = *capacity ? 2 * *capacity : FIRST_SLOTS / 2;
	enum cln_status status = mem_grow(array, *capacity, wanted, size, err);
	if (status == CLN_OK)
		*capacity = wanted;
	return status;
}

/* A block with room for `bytes` more. */
static enum cln_status grow_blocks(struct dictionary *dictionary, size_t bytes, struct cln_error *err)
{
	if (dictionary->n_blocks == dictionary->blocks_capacity) {
		void *blocks = dictionary->blocks;
		enum cln_status status = grow_array(&blocks, &dictionary->blocks_capacity, sizeof *dictionary->blocks, err);
		dictionary->blocks = blocks;
		if (status != CLN_OK)
			return status;
	}
	size_t block_bytes = dictionary->text_bytes < FIRST_BLOCK ? FIRST_BLOCK : dictionary->text_bytes;
	if (block_bytes > LARGEST_BLOCK)
		block_bytes = LARGEST_BLOCK;
	if (block_bytes < bytes)
		block_bytes = bytes;
	char *block = mem_alloc(block_bytes, 1, err);
	if (!block)
		return CLN_E_MEMORY;
	dictionary->blocks[dictionary->n_blocks++] = block;
	dictionary->block_used = 0;
	dictionary->block_bytes = block_bytes;
	return CLN_OK;
}

/* Makes room for one more text in all three parts. */
static enum cln_status make_room(struct dictionary *dictionary, size_t length, struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	if (2 * (dictionary->n + 1) > dictionary->n_slots)
		status = grow_slots(dictionary, err);
	if (status == CLN_OK && dictionary->n == dictionary->capacity) {
		void *entries = dictionary->entries;
		status = grow_array(&entries, &dictionary->capacity, sizeof *dictionary->entries, err);
		dictionary->entries = entries;
	}
	if (status == CLN_OK && dictionary->block_bytes - dictionary->block_used < length + 1)
		status = grow_blocks(dictionary, length + 1, err);
	return status;
}

static void append(struct dictionary *dictionary, const char *text, size_t length, uint32_t hash, uint32_t row)
{
	char *copy = dictionary->blocks[dictionary->n_blocks - 1] + dictionary->block_used;
	memcpy(copy, text, length);
	copy[length] = '\0';
	dictionary->block_used += length + 1;
	dictionary->text_bytes += length + 1;
	dictionary->entries[dictionary->n++] =
	    (struct dictionary_entry){.text = copy, .length = (uint32_t)length, .hash = hash, .first_row = row};
}

enum cln_status dictionary_add(struct dictionary *dictionary, uint32_t *code, const char *text, size_t length, uint32_t row,
			       uint32_t count, struct cln_error *err)
{
	uint32_t hash = hash_text(text, length);
	size_t slot = dictionary->n_slots ? find_slot(dictionary, text, length, hash) : 0;
	if (!dictionary->n_slots || !dictionary->slots[slot]) {
		enum cln_status status = make_room(dictionary, length, err);
		if (status != CLN_OK)
			return status;
		slot = find_slot(dictionary, text, length, hash); /* the slots may have grown */
		append(dictionary, text, length, hash, row);
		dictionary->slots[slot] = (uint32_t)dictionary->n;
	}
	*code = dictionary->slots[slot] - 1;
	struct dictionary_entry *entry = &dictionary->entries[*code];
	entry->count += count;
	if (row < entry->first_row)
		entry->first_row = row;
	return CLN_OK;
}

/* ---------------------------------------------------------------- order */

struct ranked {
	const char *text;
	uint32_t code;
};

static int compare_texts(const void *a, const void *b)
{
	return strcmp(((const struct ranked *)a)->text, ((const struct ranked *)b)->text); /* compares bytes as unsigned */
}

enum cln_status dictionary_rank(const struct dictionary *dictionary, uint32_t *rank, const char **texts, struct cln_error *err)
{
	struct ranked *order = mem_alloc(dictionary->n, sizeof *order, err);
	if (!order)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < dictionary->n; i++)
		order[i] = (struct ranked){dictionary->entries[i].text, (uint32_t)i};
	qsort(order, dictionary->n, sizeof *order, compare_texts);
	for (size_t i = 0; i < dictionary->n; i++) {
		rank[order[i].code] = (uint32_t)i;
		texts[i] = order[i].text;
	}
	mem_free(order);
	return CLN_OK;
}
