/* SPDX-License-Identifier: MIT
 * First pass: how many records end in every window of the text, whatever the window begins inside of.
 *
 * Whether a window begins inside quotes is known only when all before it have been read, so that every window is read once for each
 * state it may begin in, on any thread; then the states and counts are strung together.  Most windows hold no quote: all three
 * answers then come from one count of line feeds. */
#include "base/parallel.h"
#include "data/csv_parts.h"

#include <string.h>

#define COUNT_BLOCK 128 /* bytes: counts fit 8 bits, so that a compiler adds them up in vector lanes */

struct counts {
	size_t newlines; /* line feeds */
	size_t blanks;   /* of them those that end a record without a byte */
	bool has_quotes, has_nul;
};

static inline bool ends_blank(const char *at)
{
	return at[-1] == '\n' || (at[-1] == '\r' && at[-2] == '\n');
}

/* Adds up text[0 .. n); text[-2] and text[-1] are readable. */
static void count_bytes(struct counts *counts, const char *text, size_t n)
{
	for (; n >= COUNT_BLOCK; text += COUNT_BLOCK, n -= COUNT_BLOCK) {
		uint8_t newlines = 0, blanks = 0, quotes = 0, nuls = 0;
		for (int i = 0; i < COUNT_BLOCK; i++) {
			uint8_t newline = text[i] == '\n', before = text[i - 1] == '\n';
			uint8_t crlf = (text[i - 1] == '\r') & (text[i - 2] == '\n');
			newlines = (uint8_t)(newlines + newline);
			blanks = (uint8_t)(blanks + (newline & (before | crlf)));
			quotes = (uint8_t)(quotes | (text[i] == '"'));
			nuls = (uint8_t)(nuls | (text[i] == '\0'));
		}
		counts->newlines += newlines;
		counts->blanks += blanks;
		counts->has_quotes |= quotes;
		counts->has_nul |= nuls;
	}
	for (; n; text++, n--) {
		counts->newlines += *text == '\n';
		counts->blanks += *text == '\n' && ends_blank(text);
		counts->has_quotes |= *text == '"';
		counts->has_nul |= *text == '\0';
	}
}

static uint32_t count_ends(const char *text, size_t n)
{
	struct counts counts = {0};
	count_bytes(&counts, text, n);
	return (uint32_t)(counts.newlines - counts.blanks);
}

/* From quote to quote through text[from .. n): the state behind it, and the records that end in it. */
static void follow_quotes(struct window *window, enum quote_state start, const char *text, size_t from, size_t n,
			  enum quote_state state, char separator)
{
	uint32_t ends = 0;
	for (const char *at = text + from, *end = text + n; at < end;) {
		const char *quote = memchr(at, '"', (size_t)(end - at));
		const char *stop = quote ? quote : end;
		if (state == OUTSIDE)
			ends += count_ends(at, (size_t)(stop - at));
		if (!quote)
			break;
		at = quote + 1;
		if (state == OUTSIDE)
			state = quote[-1] == separator || quote[-1] == '\n' ? INSIDE : OUTSIDE;
		else if (at == end)
			state = AFTER_QUOTE;
		else if (*at == '"')
			at++;
		else
			state = OUTSIDE;
	}
	window->next[start] = (uint8_t)state;
	window->ends[start] = ends;
}

static void scan_text(struct window *window, const char *text, size_t n, char separator)
{
	struct counts counts = {0};
	count_bytes(&counts, text, n);
	window->newlines = (uint32_t)counts.newlines;
	window->has_nul = counts.has_nul;
	window->has_quotes = counts.has_quotes;
	if (!counts.has_quotes) {
		uint32_t ends = (uint32_t)(counts.newlines - counts.blanks);
		window->next[OUTSIDE] = window->next[AFTER_QUOTE] = OUTSIDE;
		window->ends[OUTSIDE] = window->ends[AFTER_QUOTE] = ends;
		window->next[INSIDE] = INSIDE;
		window->ends[INSIDE] = 0;
		return;
	}
	follow_quotes(window, OUTSIDE, text, 0, n, OUTSIDE, separator);
	follow_quotes(window, INSIDE, text, 0, n, INSIDE, separator);
	window->next[AFTER_QUOTE] = window->next[OUTSIDE];
	window->ends[AFTER_QUOTE] = window->ends[OUTSIDE];
	if (text[0] == '"') /* the second of two: still inside */
		follow_quotes(window, AFTER_QUOTE, text, 1, n, INSIDE, separator);
}

size_t csv_count_lines(const char *text, size_t n)
{
	struct counts counts = {0};
	count_bytes(&counts, text, n);
	return counts.newlines;
}

size_t csv_last_end(const char *text, size_t n, char separator)
{
	const char *end = text + n, *last = NULL;
	bool inside = false;
	for (const char *at = text; at < end;) {
		const char *quote = memchr(at, '"', (size_t)(end - at)), *stop = quote ? quote : end;
		const char *newline = inside ? NULL : memrchr(at, '\n', (size_t)(stop - at));
		last = newline ? newline : last;
		if (!quote)
			break;
		at = quote + 1;
		if (!inside)
			inside = quote == text || quote[-1] == separator || quote[-1] == '\n';
		else if (at < end && *at == '"')
			at++;
		else
			inside = false;
	}
	return last ? (size_t)(last - text) + 1 : 0;
}

static void scan_window(void *argument, size_t i, int tid)
{
	const struct reader *reader = argument;
	struct worker *worker = &reader->workers[tid];
	i += reader->n_scanned;
	uint64_t offset = reader->start + (uint64_t)i * reader->window_bytes, left = reader->source->size - offset;
	size_t n = left < reader->window_bytes ? (size_t)left : reader->window_bytes;
	if (worker->cursor.status == CLN_OK && cursor_seek(&worker->cursor, offset, n, reader->start))
		scan_text(&reader->windows[i], worker->cursor.at, n, reader->separator);
}

/* Strings the windows together, and counts the last record where no line end follows it. */
static enum cln_status sum_up(struct reader *reader, struct cln_error *err)
{
	enum quote_state state = OUTSIDE;
	reader->n_records = reader->n_lines = 0;
	for (size_t i = 0; i < reader->n_windows; i++) {
		struct window *window = &reader->windows[i];
		window->state = state;
		window->ends_before = reader->n_records;
		window->newlines_before = reader->n_lines;
		reader->n_records += window->ends[state];
		reader->n_lines += window->newlines;
		state = window->next[state];
	}
	struct cursor *cursor = &reader->workers[0].cursor;
	if (!cursor_seek(cursor, reader->source->size, 0, reader->start))
		return cursor_failure(cursor, err);
	reader->n_records += state != OUTSIDE || !ends_blank(cursor->at);
	return CLN_OK;
}

/* The first NUL: such a file is not text in any encoding that can be read here. */
static enum cln_status report_nul(const struct reader *reader, size_t i, struct cln_error *err)
{
	struct cursor *cursor = &reader->workers[0].cursor;
	uint64_t offset = reader->start + (uint64_t)i * reader->window_bytes;
	if (!cursor_seek(cursor, offset, reader->window_bytes, reader->start))
		return cursor_failure(cursor, err);
	const char *nul = memchr(cursor->at, '\0', (size_t)(cursor->end - cursor->at));
	if (!nul)
		return error_set(err, CLN_E_IO, "%s changed while it was read", reader->source->name);
	size_t line, column;
	csv_place(reader->source, reader->start, 1, cursor_offset(cursor, nul), &line, &column);
	return error_set(err, CLN_E_DATA, "%s:%zu:%zu: " TEXT_HAS_NUL, reader->source->name, line, column);
}

enum cln_status csv_scan(struct reader *reader, struct cln_error *err)
{
	parallel_for(reader->n_workers, reader->n_windows - reader->n_scanned, scan_window, reader);
	for (int i = 0; i < reader->n_workers; i++) {
		const struct cursor *cursor = &reader->workers[i].cursor;
		if (cursor->status != CLN_OK)
			return cursor_failure(cursor, err);
	}
	for (size_t i = 0; i < reader->n_windows; i++)
		if (reader->windows[i].has_nul)
			return report_nul(reader, i, err);
	return sum_up(reader, err);
}
