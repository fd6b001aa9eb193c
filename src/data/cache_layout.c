/* SPDX-License-Identifier: MIT
 * The structure of a column cache, from bytes that may say anything. */
#include "data/cache_layout.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum cln_status cache_damaged(struct cln_error *err, const char *name, const char *format, ...)
{
	char what[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	return error_set(err, CLN_E_DAMAGED, "%s: this column cache is damaged: %s", name, what);
}

/* A file under examination. */
struct finder {
	struct cache_layout *layout;
	const unsigned char *bytes;
	size_t length;
	size_t at, end; /* what is left of the directory */
	const char *name;
	struct cln_error *err;
};

static enum cln_status damaged(const struct finder *finder, const char *what)
{
	return cache_damaged(finder->err, finder->name, "%s", what);
}

/* ---------------------------------------------------------------- the preamble */

static enum cln_status check_version(const struct finder *finder)
{
	uint32_t version = cache_load32(finder->bytes + 8);
	if (version > CACHE_VERSION)
		return error_set(finder->err, CLN_E_DAMAGED,
				 "%s: this column cache is of version %u, written by a newer Colonnade or damaged; this one knows "
				 "version %u",
				 finder->name, version, CACHE_VERSION);
	return version ? CLN_OK : damaged(finder, "it is of version 0, which there never was");
}

static enum cln_status read_preamble(struct finder *finder)
{
	const unsigned char *bytes = finder->bytes;
	if (finder->length < CACHE_PREAMBLE || memcmp(bytes, CACHE_MAGIC, CACHE_MAGIC_BYTES) != 0)
		return damaged(finder, finder->length < CACHE_PREAMBLE ? "it is cut short" : "its first bytes are wrong");
	enum cln_status status = check_version(finder);
	if (status != CLN_OK)
		return status;
	uint64_t length = cache_load64(bytes + 16), rows = cache_load64(bytes + 24), columns = cache_load64(bytes + 32);
	uint64_t directory = cache_load64(bytes + 40);
	if (length != finder->length)
		return cache_damaged(finder->err, finder->name, "it has %zu bytes, and %llu were written", finder->length,
				     (unsigned long long)length);
	if (cache_load32(bytes + 12) != 0)
		return damaged(finder, "bytes that must be 0 are not");
	if (rows < 1 || rows > TABLE_MAX_ROWS || columns < 1 || columns > TABLE_MAX_COLUMNS)
		return damaged(finder, "there cannot be so many rows or columns");
	size_t left = finder->length - CACHE_PREAMBLE;
	if (left < 8 || directory > left - 8 || directory / CACHE_ENTRY < columns)
		return damaged(finder, "its directory does not fit");
	finder->layout->n_rows = (size_t)rows;
	finder->layout->n_blocks = ((size_t)rows - 1) / CACHE_BLOCK_ROWS + 1;
	finder->layout->checksum = CACHE_PREAMBLE + (size_t)directory;
	finder->layout->columns = mem_alloc((size_t)columns, sizeof *finder->layout->columns, finder->err);
	if (!finder->layout->columns)
		return CLN_E_MEMORY;
	finder->layout->n_columns = (size_t)columns;
	finder->at = CACHE_PREAMBLE;
	finder->end = finder->layout->checksum;
	return CLN_OK;
}

/* ---------------------------------------------------------------- the directory */

/* The next n bytes of the directory; NULL where it ends before. */
static const unsigned char *take(struct finder *finder, uint64_t n)
{
	if (n > finder->end - finder->at)
		return NULL;
	const unsigned char *taken = finder->bytes + finder->at;
	finder->at += (size_t)n;
	return taken;
}

static bool all_zero(const struct finder *finder, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (finder->bytes[i] != 0)
			return false;
	return true;
}

static enum cln_status read_column(struct finder *finder, struct cache_column *column)
{
	static const char beyond[] = "an entry reaches beyond its directory";
	const unsigned char *entry = take(finder, CACHE_ENTRY);
	if (!entry)
		return damaged(finder, beyond);
	uint64_t name_length = cache_load32(entry + 4), n_levels = cache_load64(entry + 8), level_bytes = cache_load64(entry + 16);
	column->parts = cache_load32(entry);
	if (column->parts > (CACHE_NUMBERS | CACHE_TEXTS))
		return damaged(finder, "a column has parts that there are none of");
	if (column->parts & CACHE_TEXTS ? level_bytes / 2 < n_levels : n_levels || level_bytes)
		return damaged(finder, "a column has more levels than bytes for them");
	column->name = (const char *)take(finder, name_length + 1);
	column->levels = column->name ? (const char *)take(finder, level_bytes) : NULL;
	size_t padded = round_up(finder->at, 8);
	if (!column->levels || padded > finder->end)
		return damaged(finder, beyond);
	if (!all_zero(finder, finder->at, padded))
		return damaged(finder, "bytes that must be 0 are not");
	finder->at = padded;
	column->name_length = (size_t)name_length;
	column->n_levels = (size_t)n_levels;
	column->level_bytes = (size_t)level_bytes;
	for (size_t part = 0; part < 2; part++) {
		column->checksums[part] = finder->at;
		if ((column->parts >> part & 1) && !take(finder, 8 * (uint64_t)finder->layout->n_blocks))
			return damaged(finder, beyond);
	}
	return CLN_OK;
}

/* ---------------------------------------------------------------- the sections */

/* Sections take what is left of the file, to the byte. */
static enum cln_status place_sections(struct finder *finder)
{
	const struct cache_layout *layout = finder->layout;
	size_t end = layout->checksum + 8, bytes, n_sections = 0;
	if (!size_mul(&bytes, layout->n_rows, sizeof(uint32_t)))
		return damaged(finder, "there cannot be so many rows");
	for (size_t c = 0; c < layout->n_columns; c++) {
		struct cache_column *column = &layout->columns[c];
		for (size_t part = 0; part < 2; part++) {
			if (!(column->parts >> part & 1))
				continue;
			size_t begin = round_up(end, CACHE_ALIGN);
			if (begin > finder->length || finder->length - begin < bytes)
				return damaged(finder, "its sections reach beyond its end");
			if (!all_zero(finder, end, begin))
				return damaged(finder, "bytes that must be 0 are not");
			column->section[part] = begin;
			end = begin + bytes;
			n_sections++;
		}
	}
	if (n_sections == 0)
		return damaged(finder, "it holds no column");
	return end == finder->length ? CLN_OK : damaged(finder, "something follows its last section");
}

enum cln_status cache_layout_find(struct cache_layout *layout, const unsigned char *bytes, size_t length, const char *name,
				  struct cln_error *err)
{
	struct finder finder = {.layout = layout, .bytes = bytes, .length = length, .name = name, .err = err};
	*layout = (struct cache_layout){0};
	enum cln_status status = read_preamble(&finder);
	for (size_t c = 0; status == CLN_OK && c < layout->n_columns; c++)
		status = read_column(&finder, &layout->columns[c]);
	if (status == CLN_OK && finder.at != finder.end)
		status = damaged(&finder, "something follows the last entry of its directory");
	return status == CLN_OK ? place_sections(&finder) : status;
}

void cache_layout_free(struct cache_layout *layout)
{
	mem_free(layout->columns);
	*layout = (struct cache_layout){0};
}
