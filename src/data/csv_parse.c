/* SPDX-License-Identifier: MIT
 * Second pass: the rows that begin in a window, straight into the columns, on any thread.
 *
 * Numbers are read where they stand; whatever is none (quotes, spaces, gaps, texts, the end of the buffer) goes the general way
 * through cursor_field. */
#include "base/number.h"
#include "base/parallel.h"
#include "data/csv_parts.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------- one cell */

void row_problem(struct row_state *state, enum problem_kind kind, size_t column, uint64_t offset, uint64_t field_offset,
		 size_t n_found)
{
	struct problem problem = {.kind = kind,
				  .offset = offset,
				  .field_offset = field_offset,
				  .base_offset = state->offset,
				  .base_line = state->line,
				  .column = column,
				  .n_found = n_found};
	if (state->reader->findings)
		csv_find(state, &problem);
	else
		problem_add(&state->worker->problems, &problem);
	state->window->n_problems++;
	state->window->broken = state->window->broken || kind >= PROBLEM_STRAY;
}

bool csv_is_gap(const struct reader *reader, const struct target *target, const char *text, size_t length)
{
	return target_marks_gaps(target) && gaps_have(&reader->gaps, text, length);
}

enum cell csv_classify(float *number, const struct reader *reader, const struct target *target, const char *text, size_t length)
{
	return csv_is_gap(reader, target, text, length) ? CELL_MISSING : cell_classify(number, text, length);
}

/* In a column that must be numbers, or where infinity would be one, the cell is marked by INFINITY for csv_report_cells. */
static void store_number(struct row_state *state, const struct target *target, size_t column, const struct field *field)
{
	struct tally *tally = &state->worker->tallies[column];
	float number = NAN;
	switch (csv_classify(&number, state->reader, target, field->text, field->length)) {
	case CELL_NUMBER:
		break;
	case CELL_MISSING:
		tally->n_missing++;
		break;
	case CELL_INFINITE:
		tally->n_infinite++;
		number = INFINITY;
		break;
	case CELL_TEXT:
		tally->n_texts++;
		number = target->must_be_number ? INFINITY : NAN;
		break;
	}
	target->numbers[state->row] = number;
}

bool csv_has_too_many_levels(const struct reader *reader, const struct dictionary *dictionary)
{
	if (reader->few_levels)
		return dictionary->n > CSV_FEW_LEVELS || dictionary->text_bytes > CSV_FEW_LEVEL_BYTES;
	return dictionary->n > CSV_MAX_LEVELS || dictionary->text_bytes > CSV_MAX_LEVEL_BYTES;
}

void csv_note_too_many_levels(struct worker *worker, size_t column)
{
	if (!worker->too_many_levels || column < worker->too_many_column)
		worker->too_many_column = column;
	worker->too_many_levels = true;
}

/* A text that is kept stays one: gaps_settle makes gaps of those that are. */
static bool is_missing(const struct reader *reader, const struct target *target, const struct field *field)
{
	if (target->kept)
		return field->length == 0;
	return gap_by_default(field->text, field->length) || csv_is_gap(reader, target, field->text, field->length);
}

void row_store_category(struct row_state *state, const struct target *target, size_t column, const struct field *field)
{
	struct worker *worker = state->worker;
	struct dictionary *dictionary = &worker->dictionaries[target->category];
	uint32_t code = LEVEL_MISSING;
	if (is_missing(state->reader, target, field)) {
		worker->tallies[column].n_missing++;
	} else if (csv_has_too_many_levels(state->reader, dictionary)) {
		if (!state->reader->few_levels)
			csv_note_too_many_levels(worker, column);
	} else if (!text_is_utf8(field->text, field->length)) {
		row_problem(state, PROBLEM_UTF8, column, field->offset, field->offset, 0);
	} else {
		worker->status =
		    dictionary_add(dictionary, &code, field->text, field->length, (uint32_t)state->row, 1, &worker->err);
	}
	target->codes[state->row] = code;
}

static void store(struct row_state *state, const struct target *target, size_t column, const struct field *field)
{
	if (target->kind == TARGET_NUMBER)
		store_number(state, target, column, field);
	else if (target->kind == TARGET_CATEGORY)
		row_store_category(state, target, column, field);
}

/* ---------------------------------------------------------------- one row */

static inline bool read_number(float *number, struct plain_shape *shape, const char *text, size_t length)
{
	return plain_number(number, shape, text, length) || (length <= CSV_MAX_FIELD && number_to_float(number, text, length));
}

/* The fields from the cursor on that are numbers in columns of numbers, each with a separator or line end behind it in the buffer;
 * returns the column behind them.  *last: the last of them ends the record.  (What number_to_float takes is no word for a missing
 * cell.) */
static size_t store_numbers(struct row_state *state, size_t column, bool *last)
{
	const struct target *targets = state->reader->targets;
	const size_t n_columns = state->reader->n_columns, row = state->row;
	struct cursor *cursor = &state->worker->cursor;
	struct plain_shape *shapes = state->worker->shapes;
	const char separator = cursor->separator, *const end = cursor->end, *at = cursor->at, *block = at;
	uint64_t stops = stops_find(block, separator);
	for (; !*last && column < n_columns && targets[column].kind == TARGET_NUMBER; column++) {
		while (!stops)
			stops = stops_find(block += STOPS_BYTES, separator);
		const char *stop = block + __builtin_ctzll(stops);
		stops &= stops - 1;
		if (stop >= end || !read_number(&targets[column].numbers[row], &shapes[column], at, (size_t)(stop - at)))
			break;
		if (*stop != separator) {
			const char *line_end = stop + (*stop == '\r');
			if (*line_end != '\n' || line_end >= end)
				break;
			stop = line_end;
			*last = true;
		}
		at = stop + 1;
	}
	cursor->at += at - cursor->at;
	return column;
}

/* The general way; false where nothing more can be read of this record. */
static bool store_field(struct row_state *state, size_t column, bool *last)
{
	const struct reader *reader = state->reader;
	struct worker *worker = state->worker;
	struct field field;
	if (!cursor_field(&worker->cursor, &field)) {
		worker->status = cursor_failure(&worker->cursor, &worker->err);
		return false;
	}
	if (field.problem) {
		row_problem(state, field.problem, column, field.problem_offset, field.offset, 0);
		return false;
	}
	state->n_newlines += field.n_newlines;
	*last = field.last;
	if (column < reader->n_columns)
		store(state, &reader->targets[column], column, &field);
	else if (column == reader->n_columns) /* the place of the first one too many; told when all are counted */
		state->surplus = field.offset;
	if (field.last && column + 1 != reader->n_columns)
		row_problem(state, PROBLEM_RAGGED, column, column + 1 < reader->n_columns ? field.end_offset : state->surplus,
			     field.offset, column + 1);
	return worker->status == CLN_OK;
}

/* The line of a record ends within a number: too few fields. */
static void note_short_row(struct row_state *state, size_t n_found)
{
	const struct cursor *cursor = &state->worker->cursor;
	uint64_t offset = cursor_offset(cursor, cursor->at) - (cursor->at[-2] == '\r' ? 2 : 1);
	row_problem(state, PROBLEM_RAGGED, n_found - 1, offset, offset, n_found);
}

static void parse_row(struct row_state *state)
{
	const struct reader *reader = state->reader;
	bool last = false;
	size_t column = 0;
	while (!last && column < reader->n_columns) {
		column = store_numbers(state, column, &last);
		if (last && column < reader->n_columns)
			note_short_row(state, column);
		if (!last && column < reader->n_columns && !store_field(state, column++, &last))
			return;
	}
	while (!last && store_field(state, column, &last))
		column++;
}

void row_forget(struct row_state *state)
{
	const struct reader *reader = state->reader;
	for (size_t c = 0; c < reader->n_columns; c++) {
		const struct target *target = &reader->targets[c];
		if (target->kind == TARGET_NUMBER)
			target->numbers[state->row] = NAN;
		else if (target->kind == TARGET_CATEGORY)
			target->codes[state->row] = LEVEL_MISSING;
	}
}

/* Where all problems are wanted a row that has one leaves no trace in cells and tallies, and the next row is read wherever one can
 * be told to begin. */
static void before_row(struct row_state *state)
{
	struct worker *worker = state->worker;
	memcpy(worker->before, worker->tallies, state->reader->n_columns * sizeof *worker->tallies);
	state->n_before = state->window->n_problems;
	state->window->broken = false;
}

static bool after_row(struct row_state *state)
{
	struct worker *worker = state->worker;
	struct window *window = state->window;
	if (window->n_problems == state->n_before || worker->status != CLN_OK)
		return worker->status == CLN_OK;
	memcpy(worker->tallies, worker->before, state->reader->n_columns * sizeof *worker->tallies);
	row_forget(state);
	if (window->broken && state->ends)
		window->broken =
		    !cursor_skip_damaged(&worker->cursor, state->offset, state->reader->start, &state->n_newlines);
	if (worker->cursor.status != CLN_OK)
		worker->status = cursor_failure(&worker->cursor, &worker->err);
	return worker->status == CLN_OK && !window->broken;
}

/* ---------------------------------------------------------------- a window */

/* Remembers where lines and rows part, where that is not as in the row before. */
static enum cln_status note_break(struct row_state *state)
{
	struct worker *worker = state->worker;
	struct window *window = state->window;
	size_t offset = state->line - state->row;
	if (window->n_breaks && worker->breaks[worker->n_breaks - 1].offset == offset)
		return CLN_OK;
	if (worker->n_breaks == worker->breaks_capacity) {
		void *breaks = worker->breaks;
		size_t capacity = worker->breaks_capacity ? 2 * worker->breaks_capacity : 64;
		enum cln_status status = mem_grow(&breaks, worker->n_breaks, capacity, sizeof *worker->breaks, &worker->err);
		if (status != CLN_OK)
			return status;
		worker->breaks = breaks;
		worker->breaks_capacity = capacity;
	}
	worker->breaks[worker->n_breaks++] = (struct line_break){state->row, offset};
	window->n_breaks++;
	return CLN_OK;
}

/* Moves to the first record that begins in the window; *ordinal and *line become its own.  false: there is none. */
static bool find_first_record(struct cursor *cursor, const struct window *window, uint64_t window_end, uint64_t *ordinal,
			      size_t *line)
{
	enum quote_state state = window->state;
	const char *at = cursor->at, *end = cursor->end - (cursor->end_offset - window_end);
	*ordinal = window->ends_before;
	*line = 1 + (size_t)window->newlines_before;
	if (state == OUTSIDE && at[-1] == '\n')
		return true;
	if (state == AFTER_QUOTE) {
		state = *at == '"' ? INSIDE : OUTSIDE;
		at += *at == '"';
	}
	for (; at < end; at++) {
		*line += *at == '\n';
		if (state == INSIDE && *at == '"') {
			if (at + 1 < end && at[1] == '"')
				at++;
			else
				state = OUTSIDE; /* or half of two at the window's end, behind which nothing is looked at */
		} else if (state == OUTSIDE && *at == '"') {
			state = at[-1] == cursor->separator || at[-1] == '\n' ? INSIDE : OUTSIDE;
		} else if (state == OUTSIDE && *at == '\n') {
			*ordinal += !(at[-1] == '\n' || (at[-1] == '\r' && at[-2] == '\n'));
			cursor->at += at + 1 - cursor->at;
			return true;
		}
	}
	return false;
}

bool row_begin(struct row_state *state, size_t row)
{
	const struct reader *reader = state->reader;
	struct worker *worker = state->worker;
	struct window *window = state->window;
	state->row = row;
	if (state->row >= reader->table->n_rows) {
		worker->status = source_changed(reader->source, &worker->err);
		return false;
	}
	if (window->n_rows == 0) {
		window->first_row = state->row;
		window->first_offset = state->offset;
		window->first_line = state->line;
	}
	window->n_rows++;
	return reader->second_sweep || (worker->status = note_break(state)) == CLN_OK;
}

/* Reads the record at the cursor: the header is passed over. */
static bool parse_record(struct row_state *state, uint64_t ordinal)
{
	struct worker *worker = state->worker;
	size_t n_header = state->reader->options->no_header ? 0 : 1;
	if (ordinal < n_header) {
		bool intact;
		return cursor_skip_record(&worker->cursor, &intact, &state->n_newlines) && intact;
	}
	if (!row_begin(state, (size_t)(ordinal - n_header)))
		return false;
	if (state->reader->findings)
		before_row(state);
	parse_row(state);
	if (state->reader->findings)
		return after_row(state);
	return worker->status == CLN_OK && !state->window->broken;
}

static void parse_records(struct row_state *state, uint64_t window_end, uint64_t ordinal)
{
	struct worker *worker = state->worker;
	struct cursor *cursor = &worker->cursor;
	for (;; ordinal++) {
		if (!cursor_skip_blank(cursor, &state->line)) {
			worker->status = cursor_failure(cursor, &worker->err);
			return;
		}
		state->offset = cursor_offset(cursor, cursor->at);
		state->n_newlines = 0;
		if (state->offset >= window_end || !parse_record(state, ordinal))
			return;
		state->line += 1 + state->n_newlines;
	}
}

void csv_parse_window(void *argument, size_t i, int tid)
{
	const struct reader *reader = argument;
	struct worker *worker = &reader->workers[tid];
	struct window *window = &reader->windows[i];
	struct row_state state = {.reader = reader, .worker = worker, .window = window};
	uint64_t offset = reader->start + (uint64_t)i * reader->window_bytes, left = reader->source->size - offset, ordinal;
	size_t n = left < reader->window_bytes ? (size_t)left : reader->window_bytes;
	if (worker->status != CLN_OK)
		return;
	window->worker = tid;
	window->first_break = worker->n_breaks;
	window->n_rows = 0;
	if (!cursor_seek(&worker->cursor, offset, n + CSV_ROW_TAIL, reader->start))
		worker->status = cursor_failure(&worker->cursor, &worker->err);
	else if (find_first_record(&worker->cursor, window, offset + n, &ordinal, &state.line))
		parse_records(&state, offset + n, ordinal);
}

static void parse_window(void *argument, size_t i, int tid)
{
	struct reader *reader = argument;
	reader->form->parse_window(reader, reader->n_parsed + i, tid);
}

enum cln_status csv_sweep(struct reader *reader, struct cln_error *err)
{
	size_t n_rows = 0, n_problems = 0;
	parallel_for(reader->n_workers, reader->n_windows - reader->n_parsed, parse_window, reader);
	enum cln_status status = csv_workers_status(reader, err);
	if (status != CLN_OK)
		return status;
	for (size_t i = 0; i < reader->n_windows; i++) {
		n_rows += reader->windows[i].n_rows;
		n_problems += reader->windows[i].n_problems;
	}
	if (reader->findings) {
		status = csv_find_rows(reader, err);
		if (status != CLN_OK)
			return status;
	} else if (n_problems) {
		return csv_report_sweep(reader, err);
	}
	return n_rows == reader->table->n_rows ? CLN_OK : source_changed(reader->source, err);
}
