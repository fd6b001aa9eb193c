/* SPDX-License-Identifier: MIT
 * A part is a text of its own: the header of the whole one, and behind it as many whole records as fit. */
#include "data/parts.h"

#include "base/cpus.h"
#include "base/parallel.h"
#include "data/form.h"
#include "data/libsvm.h"
#include "data/npy.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_BYTES ((size_t)8 << 20) /* some windows for each of many threads, and few enough to stay near them */
#define FRONT 2                      /* readable bytes in front of the text, for csv_count_lines */
#define SMALL_PART 65536             /* bytes: read by one thread before another has woken */

struct parts {
	int fd;
	const char *path, *name;
	struct stream stream;
	struct cln_read_options options; /* of the next part */
	enum table_form form;
	bool reopens, started, ended;
	bool cut; /* the rows in the buffer are no whole ones */
	int threads; /* 0: not looked up yet */
	size_t part_bytes;
	char *buffer; /* FRONT bytes, the head, rows */
	size_t capacity, head, length; /* bytes without those in front */
	size_t taken;                  /* of them in the last part */
	size_t n_columns;
	char separator;
	bool head_is_made;
	struct source array; /* a .npy file */
	struct npy npy;
	size_t row;          /* of it, the next */
	size_t head_lines, lines; /* line feeds in the head, and in the text before the rows in the buffer */
};

static char *text_of(const struct parts *parts)
{
	return parts->buffer + FRONT;
}

/* ---------------------------------------------------------------- text */

/* Room for n bytes of text, those that are there staying. */
static enum cln_status reserve(struct parts *parts, size_t n, struct cln_error *err)
{
	void *buffer = parts->buffer;
	if (n <= parts->capacity)
		return CLN_OK;
	enum cln_status status = mem_grow(&buffer, parts->buffer ? FRONT + parts->length : 0, FRONT + n, 1, err);
	if (status != CLN_OK)
		return status;
	parts->buffer = buffer;
	parts->capacity = n;
	return CLN_OK;
}

/* Fills the buffer up to n bytes of rows. */
static enum cln_status fill(struct parts *parts, size_t n, struct cln_error *err)
{
	size_t got, wanted = parts->head + n - parts->length;
	if (parts->ended || parts->length >= parts->head + n)
		return CLN_OK;
	enum cln_status status = reserve(parts, parts->head + n, err);
	if (status == CLN_OK)
		status = stream_read(&parts->stream, text_of(parts) + parts->length, wanted, &got, err);
	if (status != CLN_OK)
		return status;
	parts->length += got;
	parts->ended = got < wanted;
	return CLN_OK;
}

static struct source source_of(const struct parts *parts, size_t length)
{
	struct source source = source_memory(parts->name, text_of(parts), length);
	source.reopens = parts->reopens;
	source.head = parts->head;
	source.head_is_made = parts->head_is_made;
	source.lines_between = parts->lines - parts->head_lines;
	return source;
}

/* Nothing but empty lines. */
static bool is_blank(const char *text, size_t n)
{
	size_t i = 0;
	while (i < n && (text[i] == '\r' || text[i] == '\n'))
		i++;
	return i == n;
}

/* Bytes of the text up to the end of its first record. */
static enum cln_status find_header_end(size_t *end, const struct reader *reader, struct cln_error *err)
{
	struct cursor cursor;
	size_t n_lines = 0;
	bool intact;
	enum cln_status status = cursor_create(&cursor, reader->source, reader->separator, SMALL_PART, err);
	if (status != CLN_OK)
		return status;
	if (cursor_seek(&cursor, reader->start, 0, reader->start) && cursor_skip_blank(&cursor, &n_lines) &&
	    cursor_skip_record(&cursor, &intact, &n_lines))
		*end = (size_t)cursor_offset(&cursor, cursor.at);
	else
		status = cursor_failure(&cursor, err);
	cursor_destroy(&cursor);
	return status;
}

/* A row that begins at `from` does not end in the buffer: more is read of it, *length being 0, but not of what can be none; the
 * reader is given that as it is, to say where it is wrong. */
static void check_row(size_t *length, struct parts *parts, size_t from)
{
	parts->cut = parts->length - from > SOURCE_MAX_LINE || memchr(text_of(parts), '\0', parts->length);
	*length = parts->cut ? parts->length : 0;
}

/* The whole records in the buffer; *length: of them and the head, or 0 where there is none behind the header. */
static enum cln_status find_records(size_t *length, struct parts *parts, struct cln_error *err)
{
	struct source source = source_of(parts, parts->length);
	struct reader reader = {.source = &source, .options = &parts->options};
	size_t header = parts->head;
	enum cln_status status = csv_start(&reader, err);
	if (status != CLN_OK)
		return status;
	*length = parts->head + csv_last_end(text_of(parts) + parts->head, parts->length - parts->head, reader.separator);
	if (!parts->started && !parts->options.no_header)
		status = find_header_end(&header, &reader, err);
	if (status == CLN_OK && (*length <= header || (!parts->started && is_blank(text_of(parts) + header, *length - header))))
		check_row(length, parts, *length);
	return status;
}

/* Fills the buffer with whole records. */
static enum cln_status fill_records(struct parts *parts, size_t *length, struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	*length = 0;
	for (size_t n = parts->part_bytes; status == CLN_OK && *length == 0; n *= 2) {
		status = fill(parts, n, err);
		*length = parts->length;
		if (status != CLN_OK || parts->ended)
			return status;
		status = find_records(length, parts, err);
	}
	return status;
}

/* ---------------------------------------------------------------- the head */

/* The names that columns without any have, as a header. */
static enum cln_status make_head(struct text *head, size_t n_columns, char separator, struct cln_error *err)
{
	for (size_t c = 1; c <= n_columns; c++)
		text_addf(head, "%zu%c", c, c < n_columns ? separator : '\n');
	return text_check(head, err);
}

/* Puts the head of the parts that follow into the buffer, in front of the rows from `next` on. */
static enum cln_status place_head(struct parts *parts, const char *head, size_t n, size_t next, struct cln_error *err)
{
	size_t left = parts->length - next;
	enum cln_status status = reserve(parts, n + left, err);
	if (status != CLN_OK)
		return status;
	memmove(text_of(parts) + n, text_of(parts) + next, left);
	if (head)
		memcpy(text_of(parts), head, n);
	parts->head = n;
	parts->length = n + left;
	parts->head_lines = csv_count_lines(text_of(parts), n);
	return CLN_OK;
}

/* After the first part: what the others begin with. */
static enum cln_status set_head(struct parts *parts, struct cln_error *err)
{
	struct source source = source_of(parts, parts->taken);
	struct reader reader = {.source = &source, .options = &parts->options};
	struct text head = {0};
	size_t end = 0;
	enum cln_status status = csv_start(&reader, err);
	if (status == CLN_OK && parts->options.no_header)
		status = make_head(&head, parts->n_columns, parts->separator, err);
	else if (status == CLN_OK)
		status = find_header_end(&end, &reader, err);
	if (status == CLN_OK)
		status = place_head(parts, head.bytes, head.bytes ? head.length : end, parts->taken, err);
	text_free(&head);
	parts->head_is_made = parts->options.no_header;
	parts->options.no_header = false;
	parts->options.separator = parts->separator;
	parts->started = true;
	return status;
}

/* Makes room for the next part. */
static enum cln_status drop_last(struct parts *parts, struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	if (parts->taken && !parts->started)
		status = set_head(parts, err);
	else if (parts->taken)
		status = place_head(parts, NULL, parts->head, parts->taken, err);
	parts->taken = 0;
	return status;
}

/* ---------------------------------------------------------------- tables */

static int threads_for(struct parts *parts, size_t length)
{
	if (length <= SMALL_PART)
		return 1;
	if (parts->threads == 0)
		parts->threads = cpus_allowed(NULL, NULL);
	return parallel_limit(parts->threads);
}

/* Reads what cannot be opened again to its end. */
static enum cln_status fill_whole(struct parts *parts, struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	for (size_t n = parts->part_bytes; status == CLN_OK && !parts->ended; n *= 2)
		status = fill(parts, n, err);
	return status;
}

/* All of a cache: mapped where it is a file, else read to its end. */
static enum cln_status read_whole(struct cln_table **table, struct parts *parts, struct cln_error *err)
{
	parts->started = true;
	if (parts->reopens) {
		parts->ended = true;
		return cln_table_read(table, parts->path, &parts->options, err);
	}
	enum cln_status status = fill_whole(parts, err);
	struct source source = source_of(parts, parts->length);
	if (status == CLN_OK)
		status = form_read(table, parts->form, &source, &parts->options, threads_for(parts, parts->length), false, err);
	parts->length = 0;
	return status;
}

void parts_tell_end(const struct parts *parts, struct cln_error *err)
{
	bool more = !parts->ended || parts->taken < parts->length;
	if (parts->form == FORM_NPY && parts->row < parts->npy.n_rows)
		error_append(err, "(reading ended at row %zu)", parts->row);
	else if (parts->form != FORM_NPY && more && parts->lines > 0)
		error_append(err, "(reading ended at line %zu)", parts->lines);
}

/* Reads the first `length` bytes of the buffer. */
static enum cln_status read_part(struct cln_table **table, struct parts *parts, size_t length, struct cln_error *err)
{
	struct source source = source_of(parts, length);
	parts->lines += csv_count_lines(text_of(parts) + parts->head, length - parts->head);
	parts->taken = length;
	enum cln_status status =
	    form_read(table, parts->form, &source, &parts->options, threads_for(parts, length), false, err);
	if (status == CLN_E_DATA)
		parts_tell_end(parts, err);
	if (status == CLN_OK && parts->cut) /* the last of them has no field that is too long */
		status = error_set(err, CLN_E_DATA, "%s:%zu: a row of more than %zu bytes", parts->name,
				   table_line(*table, (*table)->n_rows - 1), SOURCE_MAX_LINE);
	if (status == CLN_OK)
		(*table)->text = source_keep(&source, err);
	if (status == CLN_OK && !(*table)->text)
		status = CLN_E_MEMORY;
	if (status == CLN_OK) {
		parts->n_columns = (*table)->n_columns;
		parts->separator = (*table)->separator;
	}
	parts->started = parts->started || parts->form == FORM_LIBSVM; /* it has no head to be kept for the parts that follow */
	return status;
}

/* The next records that are not all empty lines, which are left out behind the first part; *length: where they end, or where the
 * head does behind the last. */
static enum cln_status next_records(struct parts *parts, size_t *length, struct cln_error *err)
{
	for (;;) {
		enum cln_status status = drop_last(parts, err);
		if (status == CLN_OK)
			status = fill_records(parts, length, err);
		if (status != CLN_OK || !parts->started || !is_blank(text_of(parts) + parts->head, *length - parts->head))
			return status;
		parts->lines += csv_count_lines(text_of(parts) + parts->head, *length - parts->head);
		parts->taken = *length;
		if (parts->ended) {
			*length = parts->head;
			return CLN_OK;
		}
	}
}

/* ---------------------------------------------------------------- rows of a .npy file */

static enum cln_status open_array(struct parts *parts, struct cln_error *err)
{
	enum cln_status status = parts->reopens ? source_open(&parts->array, parts->path, err) : fill_whole(parts, err);
	if (status == CLN_OK && !parts->reopens)
		parts->array = source_of(parts, parts->length);
	parts->started = true;
	return status == CLN_OK ? npy_find(&parts->npy, &parts->array, err) : status;
}

static enum cln_status next_of_array(struct cln_table **table, struct parts *parts, struct cln_error *err)
{
	enum cln_status status = parts->started ? CLN_OK : open_array(parts, err);
	if (status != CLN_OK || parts->row == parts->npy.n_rows)
		return status;
	size_t row_bytes = parts->npy.n_columns * parts->npy.item, most = parts->part_bytes / row_bytes;
	struct npy_rows rows = {parts->row, parts->npy.n_rows - parts->row};
	if (rows.n > most)
		rows.n = most > 0 ? most : 1;
	parts->row += rows.n;
	status = npy_read_rows(table, &parts->array, &parts->npy, rows, &parts->options, threads_for(parts, rows.n * row_bytes),
			       false, err);
	if (status == CLN_E_DATA)
		parts_tell_end(parts, err);
	return status;
}

/* ---------------------------------------------------------------- rows of LibSVM text */

#define PART_CELLS ((size_t)1 << 24) /* of a part: 64 MB, since a few bytes of text may be a row of any width */

static size_t most_rows(const struct parts *parts)
{
	size_t n_columns = parts->options.n_needed + 1;
	return n_columns < PART_CELLS ? PART_CELLS / n_columns : 1;
}

/* The lines that were read already, or that hold no row, make room. */
static enum cln_status drop_lines(struct parts *parts, size_t length, struct cln_error *err)
{
	enum cln_status status = place_head(parts, NULL, 0, length, err);
	parts->taken = 0;
	return status;
}

/* The next lines with a row among them; *length: where they end, 0 behind the last row. */
static enum cln_status next_rows(struct parts *parts, size_t *length, struct cln_error *err)
{
	size_t n_rows = 0;
	enum cln_status status = drop_lines(parts, parts->taken, err);
	for (size_t n = parts->part_bytes; status == CLN_OK; n *= *length ? 1 : 2) { /* more where there is no whole line */
		status = fill(parts, n, err);
		*length = libsvm_rows_end(text_of(parts), parts->length, parts->ended, most_rows(parts), &n_rows);
		if (status != CLN_OK || n_rows > 0 || (parts->ended && *length == 0))
			return status;
		if (*length == 0 && parts->length > LIBSVM_MAX_LINE) { /* the reader says where it begins */
			*length = parts->length;
			return CLN_OK;
		}
		if (parts->ended && !parts->started)
			return CLN_OK; /* the reader says that there is no row */
		parts->lines += csv_count_lines(text_of(parts), *length);
		status = drop_lines(parts, *length, err);
	}
	return status;
}

enum cln_status parts_next(struct cln_table **table, struct parts *parts, struct cln_error *err)
{
	size_t length;
	*table = NULL;
	if (parts->form == FORM_CACHE)
		return parts->started ? CLN_OK : read_whole(table, parts, err);
	if (parts->form == FORM_NPY)
		return next_of_array(table, parts, err);
	bool is_csv = parts->form == FORM_CSV;
	enum cln_status status = is_csv ? next_records(parts, &length, err) : next_rows(parts, &length, err);
	if (status != CLN_OK || (parts->started && length == parts->head))
		return status;
	status = read_part(table, parts, length, err);
	if (status != CLN_OK) {
		cln_table_destroy(*table);
		*table = NULL;
	}
	return status;
}

/* ---------------------------------------------------------------- opening */

static enum cln_status start(struct parts *parts, struct cln_error *err)
{
	struct stat about;
	enum cln_status status = source_open_file(&parts->fd, &parts->name, parts->path, err);
	if (status != CLN_OK)
		return status;
	if (fstat(parts->fd, &about) == 0 && S_ISDIR(about.st_mode))
		return error_set(err, CLN_E_IO, "%s is a directory, not a table", parts->name);
	parts->reopens = parts->fd != STDIN_FILENO && S_ISREG(about.st_mode);
	status = stream_start(&parts->stream, parts->fd, parts->name, err);
	if (status == CLN_OK)
		status = fill(parts, parts->part_bytes < SMALL_PART ? parts->part_bytes : SMALL_PART, err);
	if (status != CLN_OK)
		return status;
	struct source first = source_of(parts, parts->length);
	return form_find(&parts->form, &first, parts->ended, &parts->options, err);
}

enum cln_status parts_open(struct parts **parts, const char *path, const struct cln_read_options *options, size_t part_bytes,
			   struct cln_error *err)
{
	struct parts *made = mem_alloc(1, sizeof *made, err);
	*parts = NULL;
	if (!made)
		return CLN_E_MEMORY;
	*made = (struct parts){.fd = -1, .array = {.fd = -1}, .path = path, .options = *options, .threads = options->threads};
	made->part_bytes = part_bytes ? part_bytes : PART_BYTES;
	enum cln_status status = start(made, err);
	if (status == CLN_OK)
		*parts = made;
	else
		parts_close(made);
	return status;
}

void parts_close(struct parts *parts)
{
	if (!parts)
		return;
	stream_end(&parts->stream);
	if (parts->fd > STDIN_FILENO)
		close(parts->fd); /* opened for reading only: nothing can be lost */
	source_close(&parts->array);
	mem_free(parts->buffer);
	mem_free(parts);
}
