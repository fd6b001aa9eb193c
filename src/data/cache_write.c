/* SPDX-License-Identifier: MIT
 * Columns to a column cache: checksums of their blocks, the directory, and everything in one piece after the other. */
#include "data/cache.h"

#include <string.h>

#include "base/parallel.h"
#include "data/cache_layout.h"

struct writer {
	const struct cache_cells *columns;
	size_t n_columns, n_rows, n_blocks;
	uint64_t *checksums; /* of a block's numbers and codes, for every block of every column */
	struct text directory;
	struct io_piece *pieces;
	size_t n_pieces;
	uint64_t length; /* of the pieces */
};

static const char zeros[CACHE_ALIGN];

/* ---------------------------------------------------------------- checksums */

static void check_block_body(void *argument, size_t item, int tid)
{
	struct writer *writer = argument;
	const struct cache_cells *column = &writer->columns[item / writer->n_blocks];
	size_t first = item % writer->n_blocks * CACHE_BLOCK_ROWS, left = writer->n_rows - first;
	size_t bytes = (left < CACHE_BLOCK_ROWS ? left : CACHE_BLOCK_ROWS) * sizeof(uint32_t);
	(void)tid;
	if (column->numbers)
		writer->checksums[2 * item] = io_crc64(0, column->numbers + first, bytes);
	if (column->codes)
		writer->checksums[2 * item + 1] = io_crc64(0, column->codes + first, bytes);
}

static enum cln_status make_checksums(struct writer *writer, int threads, struct cln_error *err)
{
	size_t n_items;
	if (!size_mul(&n_items, writer->n_columns, writer->n_blocks))
		return error_set(err, CLN_E_MEMORY, "out of memory: too many rows and columns");
	writer->checksums = mem_alloc(n_items, 2 * sizeof *writer->checksums, err);
	if (!writer->checksums)
		return CLN_E_MEMORY;
	parallel_for(threads, n_items, check_block_body, writer);
	return CLN_OK;
}

/* ---------------------------------------------------------------- the directory */

static void add32(struct text *text, uint32_t value)
{
	unsigned char bytes[4];
	cache_store32(bytes, value);
	text_add(text, (const char *)bytes, sizeof bytes);
}

static void add64(struct text *text, uint64_t value)
{
	unsigned char bytes[8];
	cache_store64(bytes, value);
	text_add(text, (const char *)bytes, sizeof bytes);
}

static void add_column(struct writer *writer, size_t c)
{
	const struct cache_cells *column = &writer->columns[c];
	struct text *directory = &writer->directory;
	size_t name_length = strlen(column->name), level_bytes = 0;
	for (size_t k = 0; column->codes && k < column->n_levels; k++)
		level_bytes += strlen(column->levels[k]) + 1;
	add32(directory, (column->numbers ? CACHE_NUMBERS : 0u) | (column->codes ? CACHE_TEXTS : 0u));
	add32(directory, (uint32_t)name_length); /* a name is a field of at most 1 MiB */
	add64(directory, column->codes ? column->n_levels : 0);
	add64(directory, level_bytes);
	text_add(directory, column->name, name_length + 1);
	for (size_t k = 0; column->codes && k < column->n_levels; k++)
		text_add(directory, column->levels[k], strlen(column->levels[k]) + 1);
	text_add(directory, zeros, round_up(directory->length, 8) - directory->length);
	for (size_t block = 0; column->numbers && block < writer->n_blocks; block++)
		add64(directory, writer->checksums[2 * (c * writer->n_blocks + block)]);
	for (size_t block = 0; column->codes && block < writer->n_blocks; block++)
		add64(directory, writer->checksums[2 * (c * writer->n_blocks + block) + 1]);
}

/* Preamble and directory; what the preamble says of lengths is filled in when they are known. */
static enum cln_status make_directory(struct writer *writer, struct cln_error *err)
{
	struct text *directory = &writer->directory;
	text_add(directory, CACHE_MAGIC, CACHE_MAGIC_BYTES);
	add32(directory, CACHE_VERSION);
	add32(directory, 0);
	add64(directory, 0);
	add64(directory, writer->n_rows);
	add64(directory, writer->n_columns);
	add64(directory, 0);
	for (size_t c = 0; c < writer->n_columns; c++)
		add_column(writer, c);
	add64(directory, 0);
	return directory->failed ? error_set(err, CLN_E_MEMORY, "out of memory: the directory needs more than %zu bytes",
					     directory->length)
				 : CLN_OK;
}

static void finish_directory(struct writer *writer)
{
	unsigned char *bytes = (unsigned char *)writer->directory.bytes;
	size_t end = writer->directory.length - 8;
	cache_store64(bytes + 16, writer->length);
	cache_store64(bytes + 40, end - CACHE_PREAMBLE);
	cache_store64(bytes + end, io_crc64(0, bytes, end));
}

/* ---------------------------------------------------------------- pieces */

static void add_piece(struct writer *writer, const void *bytes, size_t length)
{
	writer->pieces[writer->n_pieces++] = (struct io_piece){bytes, length};
	writer->length += length;
}

static void add_section(struct writer *writer, const void *cells)
{
	if (!cells)
		return;
	add_piece(writer, zeros, (size_t)(-writer->length % CACHE_ALIGN));
	add_piece(writer, cells, writer->n_rows * sizeof(uint32_t));
}

static enum cln_status make_pieces(struct writer *writer, struct cln_error *err)
{
	writer->pieces = mem_alloc(1 + 4 * writer->n_columns, sizeof *writer->pieces, err); /* columns: at most 10^6 */
	if (!writer->pieces)
		return CLN_E_MEMORY;
	add_piece(writer, writer->directory.bytes, writer->directory.length);
	for (size_t c = 0; c < writer->n_columns; c++) {
		add_section(writer, writer->columns[c].numbers);
		add_section(writer, writer->columns[c].codes);
	}
	return CLN_OK;
}

enum cln_status cache_write(const struct io_place *out, uint64_t *length, const struct cache_cells *columns, size_t n_columns,
			    size_t n_rows, int threads, struct cln_error *err)
{
	struct writer writer = {.columns = columns,
				.n_columns = n_columns,
				.n_rows = n_rows,
				.n_blocks = (n_rows - 1) / CACHE_BLOCK_ROWS + 1};
	enum cln_status status = make_checksums(&writer, threads, err);
	if (status == CLN_OK)
		status = make_directory(&writer, err);
	if (status == CLN_OK)
		status = make_pieces(&writer, err);
	if (status == CLN_OK) {
		finish_directory(&writer);
		status = io_replace_place(out, writer.pieces, writer.n_pieces, err);
	}
	*length = writer.length;
	mem_free(writer.pieces);
	text_free(&writer.directory);
	mem_free(writer.checksums);
	return status;
}
