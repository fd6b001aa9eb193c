/* SPDX-License-Identifier: MIT
 * LibSVM text in the two passes of csv.c: the first counts the rows that begin in every window and finds the greatest index, the
 * second reads them.  A line feed ends a row wherever it stands, so that a window knows by itself where its rows begin. */
#include "data/libsvm.h"

#include "base/memory.h"
#include "base/number.h"
#include "base/parallel.h"

#include <math.h>
#include <string.h>

#define COLUMN_BYTES 512 /* that a column takes before it has a cell: its name, three times, and what is noted of it */

/* ---------------------------------------------------------------- lines and tokens */

struct span {
	const char *at, *end;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t span_length(struct span span)
{
	return (size_t)(span.end - span.at);
}

/* A line without its comment, its carriage return and the blanks at both ends: nothing, or a row. */
static struct span row_of_line(const char *at, const char *end)
{
	const char *comment = memchr(at, '#', (size_t)(end - at));
	if (comment)
		end = comment;
	else if (at < end && end[-1] == '\r')
		end--;
	while (at < end && is_blank(end[-1]))
		end--;
	while (at < end && is_blank(*at))
		at++;
	return (struct span){at, end};
}

/* Takes the next token from the rest of a row; false: there is none. */
static bool next_token(struct span *token, struct span *rest)
{
	const char *at = rest->at;
	while (at < rest->end && is_blank(*at))
		at++;
	token->at = at;
	while (at < rest->end && !is_blank(*at))
		at++;
	token->end = rest->at = at;
	return token->at < at;
}

static bool is_query(struct span token)
{
	return span_length(token) > 4 && memcmp(token.at, "qid:", 4) == 0;
}

/* Takes a token apart; the index is right up to the limit, and beyond it where the limit is passed. */
static enum problem_kind read_pair(size_t *index, struct span *value, struct span token)
{
	const char *at = token.at;
	for (*index = 0; at < token.end && *at >= '0' && *at <= '9'; at++)
		if (*index <= LIBSVM_MAX_FEATURES)
			*index = 10 * *index + (size_t)(*at - '0');
	if (at == token.at || at == token.end || *at != ':' || at + 1 == token.end)
		return is_query(token) ? PROBLEM_QUERY : PROBLEM_PAIR;
	*value = (struct span){at + 1, token.end};
	return *index < 1 || *index > LIBSVM_MAX_FEATURES ? PROBLEM_INDEX : PROBLEM_NONE;
}

/* The index of a row's last token, the greatest of a row without a mistake; 0 where there is a label alone. */
static size_t last_index(struct span row)
{
	const char *at = row.end;
	struct span value;
	size_t index;
	while (at > row.at && !is_blank(at[-1]))
		at--;
	if (read_pair(&index, &value, (struct span){at, row.end}) == PROBLEM_NONE)
		return index;
	return at > row.at; /* any will do for a row that cannot be read */
}

/* ---------------------------------------------------------------- recognition */

/* A text that is a gap by the options is no mistake, also in a column that has it as it stands. */
static enum cell classify(float *number, struct span text, const struct gaps *gaps)
{
	enum cell cell = cell_classify(number, text.at, span_length(text));
	bool odd = cell == CELL_TEXT || cell == CELL_INFINITE;
	return odd && gaps_have(gaps, text.at, span_length(text)) ? CELL_MISSING : cell;
}

static bool is_label(struct span text)
{
	float number;
	return cell_classify(&number, text.at, span_length(text)) == CELL_NUMBER;
}

static bool is_value(struct span text, const struct gaps *gaps)
{
	float number;
	enum cell cell = classify(&number, text, gaps);
	return cell == CELL_NUMBER || cell == CELL_MISSING;
}

/* Whether a row is one of LibSVM's as far as its tokens are whole; *n_pairs: how many index:value it has.  Indices that begin at 0
 * and queries pass, since they can be nothing else, and are told when they are read. */
static bool is_row(struct span row, bool whole, const struct gaps *gaps, size_t *n_pairs)
{
	struct span token, value, rest = row;
	size_t index, last = 0;
	*n_pairs = 0;
	if (!next_token(&token, &rest) || !is_label(token))
		return false;
	while (next_token(&token, &rest) && (whole || token.end < row.end)) {
		enum problem_kind kind = read_pair(&index, &value, token);
		if (kind == PROBLEM_PAIR || (kind != PROBLEM_QUERY && !is_value(value, gaps)))
			return false;
		if (kind != PROBLEM_QUERY && *n_pairs > 0 && index <= last)
			return false;
		last = kind == PROBLEM_QUERY ? last : index;
		*n_pairs += 1;
	}
	return true;
}

static bool has_any_of(const char *at, const char *end, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memchr(at, bytes[i], (size_t)(end - at)))
			return true;
	return false;
}

/* By the first row with a feature: the rows before it are labels alone. */
static bool looks_like_libsvm(const char *at, const char *end, bool whole, char separator, const struct gaps *gaps)
{
	const char others[] = {',', '\t', ';', '"', '\0', separator};
	size_t n_pairs = 0;
	while (at < end && n_pairs == 0) {
		const char *newline = memchr(at, '\n', (size_t)(end - at)), *line_end = newline ? newline : end;
		struct span row = row_of_line(at, line_end);
		if (has_any_of(at, line_end, others, sizeof others) ||
		    (span_length(row) > 0 && !is_row(row, newline || whole, gaps, &n_pairs)))
			return false;
		at = newline ? newline + 1 : end;
	}
	return n_pairs > 0;
}

enum cln_status libsvm_recognise(bool *is_libsvm, const struct source *source, bool whole, const struct cln_read_options *options,
				 struct cln_error *err)
{
	char sample[LIBSVM_SAMPLE];
	size_t n = source->size < sizeof sample ? (size_t)source->size : sizeof sample;
	enum cln_status status = source_read(source, sample, 0, n, err);
	*is_libsvm = false;
	if (status != CLN_OK)
		return status;
	struct gaps gaps;
	const char *text = sample + text_mark_length(sample, n);
	status = gaps_create(&gaps, options->missing, err);
	*is_libsvm = source_is_called(source, ".libsvm") || source_is_called(source, ".svm") ||
		     looks_like_libsvm(text, sample + n, whole && n == source->size, options->separator, &gaps);
	gaps_free(&gaps);
	return status;
}

/* ---------------------------------------------------------------- lines of a window */

/* The end of the line at the cursor, all of which is then in the buffer; NULL: the cursor's status is set. */
static const char *line_end(struct cursor *cursor)
{
	for (size_t searched = 0;;) {
		const char *from = cursor->at + searched, *end = memchr(from, '\n', (size_t)(cursor->end - from));
		if (end || cursor_at_end(cursor))
			return end ? end : cursor->end;
		searched = (size_t)(cursor->end - cursor->at);
		if (searched > LIBSVM_MAX_LINE) {
			cursor->status = error_set(&cursor->err, CLN_E_DATA,
						   "%s: the line that begins with byte %llu has more than %zu MiB",
						   cursor->source->name, (unsigned long long)cursor_offset(cursor, cursor->at) + 1,
						   LIBSVM_MAX_LINE >> 20);
			return NULL;
		}
		if (!cursor_fill(cursor))
			return NULL;
	}
}

/* Moves to the first line that begins in the n bytes at the cursor; *n_lines grows by the one that ends before it.  false: none
 * does. */
static bool find_first_line(struct cursor *cursor, size_t n, size_t *n_lines)
{
	if (cursor->at[-1] == '\n')
		return true;
	char *newline = memchr(cursor->at, '\n', n);
	if (!newline)
		return false;
	cursor->at = newline + 1;
	*n_lines += 1;
	return true;
}

/* The row of the line at the cursor, which begins before window_end; false: none does, or the cursor's status is set.
 * pass_line moves behind it. */
static bool next_row(struct span *row, const char **end, struct cursor *cursor, uint64_t window_end)
{
	if (cursor_offset(cursor, cursor->at) >= window_end || !(*end = line_end(cursor)))
		return false;
	*row = row_of_line(cursor->at, *end);
	return true;
}

static void pass_line(struct cursor *cursor, const char *end)
{
	cursor->at += end - cursor->at + (end < cursor->end);
}

/* ---------------------------------------------------------------- first pass */

static void scan_window(void *argument, size_t i, int tid)
{
	const struct reader *reader = argument;
	struct worker *worker = &reader->workers[tid];
	struct window *window = &reader->windows[i];
	struct cursor *cursor = &worker->cursor;
	uint64_t offset = reader->start + (uint64_t)i * reader->window_bytes, left = reader->source->size - offset;
	size_t n = left < reader->window_bytes ? (size_t)left : reader->window_bytes, n_lines = 0;
	struct span row;
	const char *end;
	if (cursor->status != CLN_OK || !cursor_seek(cursor, offset, n, reader->start))
		return;
	window->newlines = (uint32_t)csv_count_lines(cursor->at, n);
	if (!find_first_line(cursor, n, &n_lines))
		return;
	for (; next_row(&row, &end, cursor, offset + n); pass_line(cursor, end)) {
		size_t index = span_length(row) > 0 ? last_index(row) : 0;
		window->ends[OUTSIDE] += span_length(row) > 0;
		worker->greatest_index = index > worker->greatest_index ? index : worker->greatest_index;
	}
}

static enum cln_status scan(struct reader *reader, struct cln_error *err)
{
	parallel_for(reader->n_workers, reader->n_windows, scan_window, reader);
	for (int w = 0; w < reader->n_workers; w++)
		if (reader->workers[w].cursor.status != CLN_OK)
			return cursor_failure(&reader->workers[w].cursor, err);
	for (size_t i = 0; i < reader->n_windows; i++) {
		struct window *window = &reader->windows[i];
		window->ends_before = reader->n_records;
		window->newlines_before = reader->n_lines;
		reader->n_records += window->ends[OUTSIDE];
		reader->n_lines += window->newlines;
	}
	if (reader->n_records == 0)
		return error_set(err, CLN_E_DATA, "%s holds nothing but comments and empty lines", reader->source->name);
	return CLN_OK;
}

/* ---------------------------------------------------------------- columns */

/* The greatest of the names that are numbers of features, as they are written here. */
static size_t greatest_name(const char *const *names, size_t n)
{
	size_t greatest = 0;
	for (size_t i = 0; i < n; i++) {
		size_t number = 0;
		const char *at = names[i];
		if (*at == '0')
			continue;
		for (; *at >= '0' && *at <= '9' && number <= LIBSVM_MAX_FEATURES; at++)
			number = 10 * number + (size_t)(*at - '0');
		if (!*at && number <= LIBSVM_MAX_FEATURES && number > greatest)
			greatest = number;
	}
	return greatest;
}

static size_t count_features(const struct reader *reader)
{
	const struct cln_read_options *options = reader->options;
	size_t needed = greatest_name(options->needed, options->n_needed);
	size_t n = greatest_name(options->expected, options->n_expected);
	if (needed > n)
		n = needed;
	for (int w = 0; w < reader->n_workers; w++)
		if (reader->workers[w].greatest_index > n)
			n = reader->workers[w].greatest_index;
	return n;
}

static enum cln_status name_columns(struct reader *reader, struct cln_error *err)
{
	size_t n_features = count_features(reader);
	uint32_t code;
	if (n_features == 0 && !reader->options->needed)
		return error_set(err, CLN_E_DATA, "%s: there are labels, but no row has a feature (index:value)",
				 reader->source->name);
	if (!memory_holds((uint64_t)n_features * COLUMN_BYTES))
		return error_set(err, CLN_E_MEMORY, "%s: out of memory: %zu columns need %zu MiB before they have a cell",
				 reader->source->name, n_features, (n_features * COLUMN_BYTES) >> 20);
	enum cln_status status = targets_number_names(&reader->names, n_features, err);
	if (status == CLN_OK)
		status = dictionary_add(&reader->names, &code, "label", strlen("label"), (uint32_t)n_features, 1, err);
	reader->n_columns = n_features + 1;
	return status;
}

/* ---------------------------------------------------------------- second pass */

static void token_problem(struct row_state *state, enum problem_kind kind, size_t column, struct span token)
{
	uint64_t offset = cursor_offset(&state->worker->cursor, token.at);
	row_problem(state, kind, column, offset, offset, 0);
}

/* A cell as it is written, in a column of texts. */
static void store_text(struct row_state *state, size_t column, struct span text)
{
	struct field field = {.text = (char *)(uintptr_t)text.at,
			      .length = span_length(text),
			      .offset = cursor_offset(&state->worker->cursor, text.at)};
	row_store_category(state, &state->reader->targets[column], column, &field);
}

static void store_number(struct row_state *state, size_t column, float number)
{
	state->reader->targets[column].numbers[state->row] = number;
	state->worker->tallies[column].n_missing += isnan(number) != 0;
}

static void store_value(struct row_state *state, size_t column, struct span token, struct span value)
{
	const struct target *target = &state->reader->targets[column];
	float number = NAN;
	if (target->kind == TARGET_SKIP)
		return;
	size_t length = span_length(value);
	bool plain = plain_number(&number, &state->worker->shapes[0], value.at, length) ||
		     number_to_float(&number, value.at, length);
	enum cell cell = plain ? CELL_NUMBER : classify(&number, value, &state->reader->gaps);
	if (cell == CELL_TEXT || cell == CELL_INFINITE)
		token_problem(state, cell == CELL_TEXT ? PROBLEM_VALUE : PROBLEM_LARGE, column, token);
	else if (target->kind == TARGET_NUMBER)
		store_number(state, column, number);
	else
		store_text(state, column, value);
}

/* The label is a number, or said to be missing, whether anybody asks for it or not: else it might be a feature. */
static void store_label(struct row_state *state, struct span token)
{
	size_t column = state->reader->n_columns - 1;
	const struct target *target = &state->reader->targets[column];
	float number = NAN;
	enum cell cell = classify(&number, token, &state->reader->gaps);
	if (cell == CELL_TEXT || cell == CELL_INFINITE)
		token_problem(state, PROBLEM_LABEL, column, token);
	else if (target->kind == TARGET_NUMBER)
		store_number(state, column, number);
	else if (target->kind == TARGET_CATEGORY)
		store_text(state, column, token);
}

/* Columns of texts from the category-th on, up to a column, are left out in this row; those of numbers hold 0 already. */
static void fill_up_to(struct row_state *state, size_t *category, size_t column)
{
	const struct reader *reader = state->reader;
	struct worker *worker = state->worker;
	for (; *category < reader->n_categories && reader->categories[*category] < column; *category += 1) {
		uint32_t *code = &worker->zero_codes[*category];
		const bool is_gap = csv_is_gap(reader, &reader->targets[reader->categories[*category]], "0", 1);
		worker->tallies[reader->categories[*category]].n_missing += is_gap;
		if (*code == LEVEL_MISSING && worker->status == CLN_OK && !is_gap)
			worker->status = dictionary_add(&worker->dictionaries[*category], code, "0", 1, (uint32_t)state->row, 1,
							&worker->err);
		reader->targets[reader->categories[*category]].codes[state->row] = *code;
	}
	if (*category < reader->n_categories && reader->categories[*category] == column)
		*category += 1;
}

/* A token that is not what it must be ends the row: what follows it cannot be trusted.  A greater index than the first pass has
 * found is in such a row, or the file is another one by now. */
static void parse_row(struct row_state *state, struct span row)
{
	struct worker *worker = state->worker;
	size_t n_features = state->reader->n_columns - 1, last = 0, category = 0, index;
	struct span token, value;
	if (next_token(&token, &row))
		store_label(state, token);
	while (worker->status == CLN_OK && next_token(&token, &row)) {
		enum problem_kind kind = read_pair(&index, &value, token);
		if (kind == PROBLEM_NONE && index <= last)
			kind = PROBLEM_ORDER;
		if (kind != PROBLEM_NONE) {
			token_problem(state, kind, n_features, token);
			return;
		}
		last = index;
		if (index > n_features)
			continue;
		fill_up_to(state, &category, index - 1);
		store_value(state, index - 1, token, value);
	}
	fill_up_to(state, &category, n_features);
	if (last > n_features && worker->status == CLN_OK)
		worker->status = source_changed(state->reader->source, &worker->err);
}

static void parse_rows(struct row_state *state, uint64_t window_end)
{
	struct worker *worker = state->worker;
	struct cursor *cursor = &worker->cursor;
	uint64_t ordinal = state->window->ends_before;
	const char *end;
	struct span row;
	for (; worker->status == CLN_OK && next_row(&row, &end, cursor, window_end); pass_line(cursor, end)) {
		state->offset = cursor_offset(cursor, cursor->at);
		if (span_length(row) > 0 && row_begin(state, (size_t)ordinal++))
			parse_row(state, row);
		if (state->reader->findings && span_length(row) > 0 && findings_row_is_bad(state->reader->findings, state->row))
			row_forget(state);
		state->line++;
	}
	if (worker->status == CLN_OK && cursor->status != CLN_OK)
		worker->status = cursor_failure(cursor, &worker->err);
}

static void parse_window(void *argument, size_t i, int tid)
{
	const struct reader *reader = argument;
	struct worker *worker = &reader->workers[tid];
	struct window *window = &reader->windows[i];
	struct row_state state = {.reader = reader, .worker = worker, .window = window};
	uint64_t offset = reader->start + (uint64_t)i * reader->window_bytes, left = reader->source->size - offset;
	size_t n = left < reader->window_bytes ? (size_t)left : reader->window_bytes;
	if (worker->status != CLN_OK)
		return;
	window->worker = tid;
	window->first_break = worker->n_breaks;
	window->n_rows = 0;
	state.line = 1 + (size_t)window->newlines_before;
	if (!cursor_seek(&worker->cursor, offset, n + CSV_ROW_TAIL, reader->start))
		worker->status = cursor_failure(&worker->cursor, &worker->err);
	else if (find_first_line(&worker->cursor, n, &state.line))
		parse_rows(&state, offset + n);
}

/* ---------------------------------------------------------------- the whole */

static enum cln_status start(struct reader *reader, struct cln_error *err)
{
	char mark[3] = {0};
	size_t n = reader->source->size < sizeof mark ? (size_t)reader->source->size : sizeof mark;
	enum cln_status status = source_read(reader->source, mark, 0, n, err);
	if (status != CLN_OK)
		return status;
	reader->separator = ' ';
	reader->start = reader->source->lines_between ? 0 : text_mark_length(mark, n); /* later rows have none */
	if (reader->start == reader->source->size)
		return error_set(err, CLN_E_DATA, "%s is empty", reader->source->name);
	return CLN_OK;
}

static enum cln_status read_all(struct cln_table **table, const struct source *source, const struct cln_read_options *options,
				int threads, size_t window_bytes, bool few_texts, struct findings *findings, struct cln_error *err)
{
	static const struct text_form form = {.start = start,
					      .scan = scan,
					      .name_columns = name_columns,
					      .choose_targets = csv_create_targets,
					      .parse_window = parse_window,
					      .sparse = true};
	struct cln_read_options own = *options;
	struct reader reader = {
	    .form = &form, .source = source, .options = &own, .few_levels = few_texts, .findings = findings};
	own.no_header = true;
	return csv_run(table, &reader, threads, window_bytes, err);
}

enum cln_status libsvm_read(struct cln_table **table, const struct source *source, const struct cln_read_options *options,
			    int threads, size_t window_bytes, bool few_texts, struct cln_error *err)
{
	return read_all(table, source, options, threads, window_bytes, few_texts, NULL, err);
}

enum cln_status libsvm_read_all(struct cln_table **table, const struct source *source, const struct cln_read_options *options,
				int threads, size_t window_bytes, struct findings *findings, struct cln_error *err)
{
	return read_all(table, source, options, threads, window_bytes, false, findings, err);
}

/* ---------------------------------------------------------------- rows some at a time, and one cell */

size_t libsvm_rows_end(const char *text, size_t n, bool whole, size_t most_rows, size_t *n_rows)
{
	const char *at = text, *end = text + n;
	for (*n_rows = 0; at < end && *n_rows < most_rows;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline && !whole)
			break;
		*n_rows += span_length(row_of_line(at, newline ? newline : end)) > 0;
		at = newline ? newline + 1 : end;
	}
	return (size_t)(at - text);
}

bool libsvm_find_cell(struct cursor *cursor, uint64_t *offset, size_t column, size_t n_columns)
{
	const char *end = line_end(cursor);
	struct span token, value, row;
	size_t index;
	if (!end)
		return false;
	row = row_of_line(cursor->at, end);
	bool is_label = column + 1 == n_columns, found = next_token(&token, &row) && is_label;
	while (!is_label && !found && next_token(&token, &row))
		found = read_pair(&index, &value, token) == PROBLEM_NONE && index == column + 1;
	*offset = cursor_offset(cursor, token.at);
	return found;
}
