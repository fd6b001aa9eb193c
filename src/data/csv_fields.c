/* SPDX-License-Identifier: MIT
 * One field after the other, and what the text of a field says. */
#include "base/number.h"
#include "data/csv_parts.h"

#include <string.h>

#define FRONT 2                   /* bytes kept in front of the buffer, for cursor_seek */
#define FIRST_STEP ((size_t)4096) /* read on behind a window: the rest of a row */
#define LARGEST_STEP ((size_t)1 << 18)

/* ---------------------------------------------------------------- the buffer */

static void put_sentinel(struct cursor *cursor)
{
	memset(cursor->end, 0, CURSOR_SLACK);
	*cursor->end = '\n';
}

enum cln_status cursor_create(struct cursor *cursor, const struct source *source, char separator, size_t capacity,
			      struct cln_error *err)
{
	if (source->size < capacity)
		capacity = source->size > 0 ? (size_t)source->size : 1;
	*cursor = (struct cursor){.source = source, .separator = separator, .capacity = capacity};
	cursor->buffer = mem_alloc(FRONT + capacity + CURSOR_SLACK, 1, err);
	if (!cursor->buffer)
		return CLN_E_MEMORY;
	cursor->at = cursor->end = cursor->buffer + FRONT;
	return CLN_OK;
}

void cursor_destroy(struct cursor *cursor)
{
	mem_free(cursor->buffer);
	cursor->buffer = NULL;
}

enum cln_status cursor_failure(const struct cursor *cursor, struct cln_error *err)
{
	if (err)
		*err = cursor->err;
	return cursor->status;
}

/* Appends n bytes of the text to the buffer, which has room for them. */
static bool read_on(struct cursor *cursor, size_t n)
{
	cursor->status = source_read(cursor->source, cursor->end, cursor->end_offset, n, &cursor->err);
	if (cursor->status != CLN_OK)
		n = 0;
	cursor->end += n;
	cursor->end_offset += n;
	put_sentinel(cursor);
	return cursor->status == CLN_OK;
}

static size_t at_most_left(const struct cursor *cursor, size_t n)
{
	uint64_t left = cursor->source->size - cursor->end_offset;
	return left < n ? (size_t)left : n;
}

bool cursor_seek(struct cursor *cursor, uint64_t offset, size_t n, uint64_t start)
{
	size_t before = offset - start < FRONT ? (size_t)(offset - start) : FRONT;
	memset(cursor->buffer, '\n', FRONT);
	cursor->at = cursor->buffer + FRONT;
	cursor->end = cursor->at - before;
	cursor->end_offset = offset - before;
	cursor->step = FIRST_STEP;
	return read_on(cursor, at_most_left(cursor, before + n));
}

static bool grow_buffer(struct cursor *cursor)
{
	size_t used = (size_t)(cursor->end - cursor->at), bytes = FRONT + cursor->capacity + CURSOR_SLACK;
	void *buffer = cursor->buffer;
	cursor->status = mem_grow(&buffer, bytes, bytes + cursor->capacity + cursor->step, 1, &cursor->err);
	if (cursor->status != CLN_OK)
		return false;
	cursor->buffer = buffer;
	cursor->capacity = 2 * cursor->capacity + cursor->step;
	cursor->at = cursor->buffer + FRONT;
	cursor->end = cursor->at + used;
	return true;
}

bool cursor_fill(struct cursor *cursor)
{
	char *front = cursor->buffer + FRONT;
	size_t used = (size_t)(cursor->end - cursor->at);
	memmove(front, cursor->at, used);
	cursor->at = front;
	cursor->end = front + used;
	if (cursor->capacity - used < cursor->step && !grow_buffer(cursor))
		return false;
	size_t n = at_most_left(cursor, cursor->step);
	if (cursor->step < LARGEST_STEP)
		cursor->step *= 2;
	return read_on(cursor, n);
}

/* ---------------------------------------------------------------- fields */

enum found { FOUND, NEEDS_MORE };

static void field_problem(const struct cursor *cursor, struct field *field, enum problem_kind kind, const char *at)
{
	bool too_long = (size_t)(at - cursor->at) > CSV_MAX_FIELD; /* told first, so that it does not depend on the buffer */
	field->problem = too_long ? PROBLEM_TOO_LONG : kind;
	field->problem_offset = too_long ? field->offset : cursor_offset(cursor, at);
}

/* The end of a field at `stop`: a separator, a line end, or a problem of the given kind. */
static enum found end_field(struct cursor *cursor, struct field *field, char *stop, enum problem_kind otherwise)
{
	bool at_end = cursor_at_end(cursor);
	if (stop == cursor->end && !at_end)
		return NEEDS_MORE;
	char *next = stop + 1;
	if (*stop == '\r') {
		if (next == cursor->end && !at_end)
			return NEEDS_MORE;
		next++;
	}
	bool line_end = *stop == '\n' || (*stop == '\r' && stop[1] == '\n');
	if (!line_end && *stop != cursor->separator) {
		field_problem(cursor, field, *stop == '\r' ? PROBLEM_LONE_CR : otherwise, stop);
		return FOUND;
	}
	if ((size_t)(stop - cursor->at) > CSV_MAX_FIELD) {
		field_problem(cursor, field, PROBLEM_TOO_LONG, stop);
		return FOUND;
	}
	field->last = line_end;
	field->end_offset = cursor_offset(cursor, stop);
	cursor->at = next < cursor->end ? next : cursor->end;
	return FOUND;
}

static enum found read_unquoted(struct cursor *cursor, struct field *field)
{
	char *stop = cursor_stop(cursor);
	const char *text = cursor->at;
	field->length = (size_t)(stop - text);
	text_trim(&text, &field->length);
	field->text = cursor->at + (text - cursor->at);
	return end_field(cursor, field, stop, PROBLEM_NONE);
}

/* The closing quote of the field at the cursor; NULL where the buffer ends first. */
static char *closing_quote(const struct cursor *cursor, size_t *n_doubled)
{
	for (char *from = cursor->at + 1;;) {
		char *quote = memchr(from, '"', (size_t)(cursor->end - from));
		if (!quote || quote[1] != '"')
			return quote;
		*n_doubled += 1;
		from = quote + 2;
	}
}

static size_t count_newlines(const char *text, size_t length)
{
	size_t n = 0;
	for (const char *end = text + length; (text = memchr(text, '\n', (size_t)(end - text))); text++)
		n++;
	return n;
}

/* Makes one quote of two, in place. */
static void undouble(struct field *field)
{
	char *to = field->text, *end = field->text + field->length;
	for (char *from = field->text; from < end; from++) {
		*to++ = *from;
		from += *from == '"';
	}
	field->length = (size_t)(to - field->text);
}

static enum found read_quoted(struct cursor *cursor, struct field *field)
{
	size_t n_doubled = 0;
	char *opening = cursor->at, *closing = closing_quote(cursor, &n_doubled);
	if (!closing || closing + 1 == cursor->end) {
		if (!cursor_at_end(cursor))
			return NEEDS_MORE;
		if (!closing) {
			field_problem(cursor, field, PROBLEM_UNTERMINATED, cursor->end - 1);
			field->problem_offset = field->offset;
			return FOUND;
		}
	}
	field->quoted = true;
	field->text = opening + 1;
	field->length = (size_t)(closing - field->text);
	enum found found = end_field(cursor, field, closing + 1, PROBLEM_STRAY);
	if (found == NEEDS_MORE || field->problem)
		return found;
	field->n_newlines = count_newlines(field->text, field->length);
	if (n_doubled)
		undouble(field);
	return FOUND;
}

bool cursor_field(struct cursor *cursor, struct field *field)
{
	for (;;) {
		*field = (struct field){.offset = cursor_offset(cursor, cursor->at)};
		if ((*cursor->at == '"' ? read_quoted(cursor, field) : read_unquoted(cursor, field)) == FOUND)
			return true;
		if ((size_t)(cursor->end - cursor->at) > CSV_MAX_FIELD + 1) {
			field_problem(cursor, field, PROBLEM_TOO_LONG, cursor->end - 1);
			return true;
		}
		if (!cursor_fill(cursor))
			return false;
	}
}

bool cursor_skip_blank(struct cursor *cursor, size_t *n_lines)
{
	for (;;) {
		while (cursor->end - cursor->at < 2 && !cursor_at_end(cursor))
			if (!cursor_fill(cursor))
				return false;
		size_t length = *cursor->at == '\n' ? 1 : *cursor->at == '\r' && cursor->at[1] == '\n' ? 2 : 0;
		if (!length || cursor->at == cursor->end)
			return true;
		cursor->at += length;
		if (cursor->at > cursor->end) /* CR at the very end of the text */
			cursor->at = cursor->end;
		*n_lines += 1;
	}
}

bool cursor_skip_record(struct cursor *cursor, bool *intact, size_t *n_newlines)
{
	struct field field = {0};
	*intact = true;
	while (!field.last && *intact) {
		if (!cursor_field(cursor, &field))
			return false;
		*intact = field.problem == PROBLEM_NONE;
		*n_newlines += field.n_newlines;
	}
	return true;
}

bool cursor_skip_damaged(struct cursor *cursor, uint64_t offset, uint64_t start, size_t *n_newlines)
{
	bool inside = false;
	char before = '\n';
	*n_newlines = 0;
	if (!cursor_seek(cursor, offset, 0, start))
		return false;
	for (;;) {
		while (cursor->end - cursor->at < 2 && !cursor_at_end(cursor))
			if (!cursor_fill(cursor))
				return false;
		if (cursor->at == cursor->end)
			return !inside;
		char byte = *cursor->at++;
		if (byte == '\n' && !inside)
			return true;
		if (byte == '"' && inside && cursor->at < cursor->end && *cursor->at == '"')
			cursor->at++; /* two quotes that are one */
		else if (byte == '"')
			inside = !inside && (before == cursor->separator || before == '\n');
		*n_newlines += byte == '\n';
		before = byte;
	}
}

/* ---------------------------------------------------------------- what a text says */

/* inf or infinity, in letters of any case, with or without a sign. */
static bool is_infinity_word(const char *text, size_t length)
{
	static const char word[] = "infinity";
	if (length && (*text == '-' || *text == '+')) {
		text++;
		length--;
	}
	if (length != 3 && length != 8)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((text[i] | 0x20) != word[i])
			return false;
	return true;
}

/* Digits, at most one point, and an exponent: a number that is none for number_to_float is then beyond its range. */
static bool is_decimal(const char *text, size_t length)
{
	size_t n_digits = 0, n_points = 0, i = *text == '-' || *text == '+';
	for (; i < length && (text[i] == '.' || (text[i] >= '0' && text[i] <= '9')); i++) {
		n_points += text[i] == '.';
		n_digits += text[i] != '.';
	}
	if (i < length && (text[i] | 0x20) == 'e') {
		i++;
		i += i < length && (text[i] == '-' || text[i] == '+');
		if (i == length)
			return false;
		while (i < length && text[i] >= '0' && text[i] <= '9')
			i++;
	}
	return n_digits > 0 && n_points <= 1 && i == length;
}

enum cell cell_classify(float *number, const char *text, size_t length)
{
	text_trim(&text, &length);
	if (gap_by_default(text, length))
		return CELL_MISSING;
	bool may_be_number = (*text >= '0' && *text <= '9') || memchr("+-.", *text, 3);
	if (may_be_number && number_to_float(number, text, length))
		return CELL_NUMBER;
	if (may_be_number && is_decimal(text, length))
		return CELL_INFINITE;
	return is_infinity_word(text, length) ? CELL_INFINITE : CELL_TEXT;
}

bool cell_has_decimal_comma(const char *text, size_t length)
{
	char point[64];
	float number;
	text_trim(&text, &length);
	const char *comma = memchr(text, ',', length);
	if (!comma || length > sizeof point)
		return false;
	memcpy(point, text, length);
	point[comma - text] = '.';
	return cell_classify(&number, point, length) == CELL_NUMBER;
}

/* "16,778", "-1,234.5": up to three digits, then groups of three, each behind a comma. */
static bool has_thousands(const char *text, size_t length)
{
	size_t i = length > 0 && (*text == '-' || *text == '+'), n_groups = 0, n = 0;
	for (; i < length && ((text[i] >= '0' && text[i] <= '9') || text[i] == ','); i++) {
		if (text[i] != ',') {
			n++;
			continue;
		}
		if (n_groups++ ? n != 3 : n == 0 || n > 3)
			return false;
		n = 0;
	}
	return n_groups > 0 && n == 3 && (i == length || text[i] == '.');
}

const char *cell_comma_hint(const char *text, size_t length, bool may_be_category)
{
	static const char *const hints[2][2] = {
	    {"write a decimal point", "write a decimal point, or name the column in --categorical"},
	    {"leave out a comma that separates thousands; write a decimal comma as a point",
	     "leave out a comma that separates thousands, write a decimal comma as a point, or name the column in --categorical"},
	};
	text_trim(&text, &length);
	return hints[has_thousands(text, length)][may_be_category];
}
