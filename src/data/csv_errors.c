/* SPDX-License-Identifier: MIT
 * Problems to sentences: file:line:column: what is wrong ("the text", column "name"; a hint). */
#include "data/libsvm.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void problem_add(struct problem_list *list, const struct problem *problem)
{
	if (list->n < ERRORS_TOLD)
		list->first[list->n++] = *problem;
}

/* ---------------------------------------------------------------- places */

/* Reads the text from base_offset on, whose line is known; where that fails the place is that of the base. */
void csv_place(const struct source *source, uint64_t base_offset, size_t base_line, uint64_t offset, size_t *line, size_t *column)
{
	char bytes[16384];
	uint64_t line_start = base_offset;
	*line = base_line;
	for (uint64_t at = base_offset; at < offset;) {
		size_t n = offset - at < sizeof bytes ? (size_t)(offset - at) : sizeof bytes;
		if (source_read(source, bytes, at, n, NULL) != CLN_OK)
			break;
		for (const char *newline = bytes; (newline = memchr(newline, '\n', n - (size_t)(newline - bytes))); newline++) {
			*line += 1;
			line_start = at + (uint64_t)(newline - bytes) + 1;
		}
		at += n;
	}
	*column = (size_t)(offset - line_start) + 1;
	if (offset >= source->head)
		*line += source->lines_between;
}

/* Goes on to where a line begins, or back to the start and on; false: the text has fewer. */
static bool find_line(const struct source *source, struct text_line *begin, size_t line)
{
	char bytes[16384];
	if (line - 1 < begin->before)
		*begin = (struct text_line){0};
	size_t left = line - 1 - begin->before; /* line feeds to pass */
	uint64_t offset = begin->offset;
	while (left && offset < source->size) {
		size_t n = source->size - offset < sizeof bytes ? (size_t)(source->size - offset) : sizeof bytes;
		if (source_read(source, bytes, offset, n, NULL) != CLN_OK)
			return false;
		const char *at = bytes, *end = bytes + n;
		for (; left && (at = memchr(at, '\n', (size_t)(end - at))); at++)
			left--;
		offset += left ? n : (size_t)(at - bytes);
	}
	if (left == 0)
		*begin = (struct text_line){line - 1, offset};
	return left == 0;
}

/* Reads the field with that number in the record at the cursor. */
static bool find_field(struct cursor *cursor, struct field *field, size_t column)
{
	for (size_t c = 0;; c++) {
		if (!cursor_field(cursor, field))
			return false;
		if (c == column || field->last || field->problem)
			return c == column;
	}
}

/* Where a cell begins, in the record at the cursor. */
static bool find_cell(struct cursor *cursor, uint64_t *offset, const struct cln_table *table, size_t column)
{
	struct field field;
	if (table->is_libsvm)
		return libsvm_find_cell(cursor, offset, column, table->n_columns);
	bool found = find_field(cursor, &field, column);
	*offset = field.offset;
	return found;
}

static bool place_in_text(const struct source *source, const struct cln_table *table, size_t line, size_t column,
			  struct text_line *begin, size_t *field_line, size_t *field_column)
{
	struct cursor cursor;
	uint64_t cell;
	char mark[3] = {0};
	if (!find_line(source, begin, line) || cursor_create(&cursor, source, table->separator, 4096, NULL) != CLN_OK)
		return false;
	uint64_t offset = begin->offset;
	if (offset == 0 && source->size >= sizeof mark && source_read(source, mark, 0, sizeof mark, NULL) == CLN_OK)
		offset = text_mark_length(mark, sizeof mark);
	bool found = cursor_seek(&cursor, offset, 0, offset) && find_cell(&cursor, &cell, table, column);
	if (found)
		csv_place(source, offset, line, cell, field_line, field_column);
	cursor_destroy(&cursor);
	return found;
}

void table_find_place(size_t *line, size_t *field, struct text_line *begin, const struct cln_table *table, size_t row,
		      size_t column)
{
	struct source file = {.fd = -1};
	const struct source *text = table->text;
	size_t place_line = 0, place_field = 0;
	*line = table_line(table, row);
	*field = 0;
	if (*line && !text && table->reopens && source_open(&file, table->source, NULL) == CLN_OK)
		text = &file;
	if (*line && text && table->separator &&
	    place_in_text(text, table, *line - text->lines_between, column, begin, &place_line, &place_field)) {
		*line = place_line;
		*field = place_field;
	}
	source_close(&file);
}

void table_place(char place[TABLE_PLACE], const struct cln_table *table, size_t row, size_t column)
{
	struct text_line begin = {0};
	size_t line, field;
	table_find_place(&line, &field, &begin, table, row, column);
	if (field)
		snprintf(place, TABLE_PLACE, "%s:%zu:%zu", table->source, line, field);
	else if (line)
		snprintf(place, TABLE_PLACE, "%s:%zu", table->source, line);
	else
		snprintf(place, TABLE_PLACE, "%s, row %zu", table->source, row + 1);
}

/* ---------------------------------------------------------------- sentences */

/* The text of the problem's field, as read. */
static void field_excerpt(char excerpt[EXCERPT], const struct reader *reader, const struct problem *problem)
{
	struct cursor cursor;
	struct field field;
	excerpt[0] = '\0';
	if (cursor_create(&cursor, reader->source, reader->separator, 4096, NULL) != CLN_OK)
		return;
	if (cursor_seek(&cursor, problem->field_offset, 0, problem->field_offset) && cursor_field(&cursor, &field) &&
	    !field.problem)
		text_excerpt(excerpt, field.text, field.length);
	cursor_destroy(&cursor);
}

/* The text at a place, up to the first of some bytes. */
static void raw_excerpt(char excerpt[EXCERPT], const struct reader *reader, uint64_t offset, const char *stops)
{
	char bytes[EXCERPT];
	size_t length = 0;
	uint64_t left = reader->source->size - offset;
	size_t n = left < sizeof bytes ? (size_t)left : sizeof bytes;
	excerpt[0] = '\0';
	if (source_read(reader->source, bytes, offset, n, NULL) != CLN_OK)
		return;
	while (length < n && !(bytes[length] && strchr(stops, bytes[length])))
		length++;
	text_excerpt(excerpt, bytes, length);
}

/* column "name", or its number where there are no names yet. */
static void column_text(char text[EXCERPT + 16], const struct reader *reader, size_t column)
{
	char name[EXCERPT];
	if (!reader->table || column >= reader->n_columns) {
		snprintf(text, EXCERPT + 16, "column %zu", column + 1);
		return;
	}
	text_excerpt(name, reader->names.entries[column].text, reader->names.entries[column].length);
	snprintf(text, EXCERPT + 16, "column \"%s\"", name);
}

static void ragged_sentence(char *sentence, const struct reader *reader, const struct problem *problem)
{
	const char *model = reader->options->no_header || reader->source->head_is_made ? "first row" : "header";
	bool surplus = problem->n_found > reader->n_columns;
	snprintf(sentence, CSV_SENTENCE, "%zu field%s where the %s has %zu%s", problem->n_found, problem->n_found == 1 ? "" : "s",
		 model, reader->n_columns, surplus ? " (a text with a separator in it needs quotes around it)" : "");
}

bool csv_stands_alone(const struct cln_read_options *options)
{
	return !options->needed && !options->expected;
}

void csv_name_problem(const char **wrong, const char **hint, const struct cln_read_options *options, enum problem_kind kind,
		      const char *text)
{
	static const struct {
		enum problem_kind kind;
		const char *wrong, *hint;
	} sentences[] = {
	    {PROBLEM_UTF8, "not valid UTF-8", "convert the file, for example: iconv -f LATIN1 -t UTF-8"},
	    {PROBLEM_INFINITE, "not a finite number", "the largest is 3.4e38; an empty cell means missing"},
	    {PROBLEM_NOT_NUMBER, "not a number", "the column was said to be numeric; an empty cell means missing"},
	    {PROBLEM_COMMA, "a number with a comma", ""},
	    {PROBLEM_LABEL, "a row that does not begin with a number", "its label stands first, 0 where it is not known"},
	    {PROBLEM_PAIR, "not index:value", "a row of LibSVM text is: label index:value index:value ... # comment"},
	    {PROBLEM_INDEX, "an index that cannot be", "they count from 1, and the last one is 999999"},
	    {PROBLEM_ORDER, "an index that is not greater than the one before it", "they must ascend"},
	    {PROBLEM_VALUE, "a value that is not a number", "nan stands for a missing one"},
	    {PROBLEM_LARGE, "a value that is not a finite number", "the largest is 3.4e38; nan stands for a missing one"},
	    {PROBLEM_QUERY, "a query's number", "it belongs to ranking, which is not done here: leave it out"},
	    {PROBLEM_STRAY, "text behind a closing quote", "within quotes a quote is written twice"},
	    {PROBLEM_LONE_CR, "a carriage return without a line feed", "convert the line ends, for example: tr '\\r' '\\n'"},
	    {PROBLEM_UNTERMINATED, "a quoted field that does not end", "its closing quote is missing"},
	    {PROBLEM_TOO_LONG, "a field of more than 1048576 bytes", "is a closing quote missing?"},
	};
	for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
		if (sentences[i].kind == kind) {
			*wrong = sentences[i].wrong;
			*hint = sentences[i].hint;
		}
	if (kind == PROBLEM_COMMA || (kind == PROBLEM_NOT_NUMBER && cell_has_decimal_comma(text, strlen(text))))
		*hint = cell_comma_hint(text, strlen(text), kind == PROBLEM_COMMA && csv_stands_alone(options));
}

void csv_sentence(char *sentence, const struct reader *reader, const struct problem *problem)
{
	char text[EXCERPT], column[EXCERPT + 16], extra[64] = "";
	const char *wrong = "", *hint = "";
	if (problem->kind == PROBLEM_RAGGED) {
		ragged_sentence(sentence, reader, problem);
		return;
	}
	if (problem->kind >= PROBLEM_STRAY)
		raw_excerpt(text, reader, problem->kind == PROBLEM_STRAY ? problem->offset : problem->field_offset, "\n");
	else if (reader->form->sparse)
		raw_excerpt(text, reader, problem->offset, " \t\r\n#");
	else
		field_excerpt(text, reader, problem);
	column_text(column, reader, problem->column);
	if (problem->kind == PROBLEM_DUPLICATE) {
		float number;
		bool is_text = cell_classify(&number, text, strlen(text)) == CELL_TEXT;
		snprintf(sentence, CSV_SENTENCE, "a second column of the same name (\"%s\", column %zu; the first is column %zu%s)",
			 text, problem->column + 1, problem->n_found + 1,
			 is_text ? "" : "; if the first line is data, --no-header");
		return;
	}
	if (reader->form->sparse) {
		csv_name_problem(&wrong, &hint, reader->options, problem->kind, text);
		snprintf(sentence, CSV_SENTENCE, "%s (\"%s\"; %s)", wrong, text, hint);
		return;
	}
	if (problem->kind == PROBLEM_STRAY) {
		size_t line, opening;
		csv_place(reader->source, problem->base_offset, problem->base_line, problem->field_offset, &line, &opening);
		snprintf(extra, sizeof extra, "; the field begins at %zu:%zu", line, opening);
	}
	csv_name_problem(&wrong, &hint, reader->options, problem->kind, text);
	snprintf(sentence, CSV_SENTENCE, "%s (\"%s\", %s%s; %s)", wrong, text, column, extra, hint);
}

enum cln_status csv_report(const struct reader *reader, const struct problem_list *list, size_t n_all, struct cln_error *err)
{
	char sentence[CSV_SENTENCE];
	for (size_t i = 0; i < list->n; i++) {
		const struct problem *problem = &list->first[i];
		size_t line, column;
		csv_place(reader->source, problem->base_offset, problem->base_line, problem->offset, &line, &column);
		csv_sentence(sentence, reader, problem);
		error_list_add(err, i, "%s:%zu:%zu: %s", reader->source->name, line, column, sentence);
	}
	return error_list_end(err, list->n, n_all);
}

/* ---------------------------------------------------------------- what a sweep met */

/* Inserts in order of place; the last falls off a full list. */
static void insert_by_place(struct problem_list *list, const struct problem *problem)
{
	size_t i = list->n;
	if (i == ERRORS_TOLD && problem->offset > list->first[i - 1].offset)
		return;
	if (i == ERRORS_TOLD)
		i--;
	else
		list->n++;
	for (; i > 0 && list->first[i - 1].offset > problem->offset; i--)
		list->first[i] = list->first[i - 1];
	list->first[i] = *problem;
}

enum cln_status csv_report_sweep(const struct reader *reader, struct cln_error *err)
{
	struct problem_list list = {.n = 0};
	size_t n_all = 0, last = 0;
	for (; last < reader->n_windows; last++) {
		n_all += reader->windows[last].n_problems;
		if (reader->windows[last].broken)
			break;
	}
	for (int w = 0; w < reader->n_workers; w++) {
		const struct problem_list *met = &reader->workers[w].problems;
		for (size_t i = 0; i < met->n; i++)
			if ((met->first[i].base_offset - reader->start) / reader->window_bytes <= last)
				insert_by_place(&list, &met->first[i]);
	}
	return csv_report(reader, &list, n_all, err);
}

enum cln_status csv_workers_status(const struct reader *reader, struct cln_error *err)
{
	size_t column = SIZE_MAX;
	for (int w = 0; w < reader->n_workers; w++) {
		const struct worker *worker = &reader->workers[w];
		if (worker->status != CLN_OK) {
			if (err)
				*err = worker->err;
			return worker->status;
		}
		if (worker->too_many_levels && worker->too_many_column < column)
			column = worker->too_many_column;
	}
	if (column == SIZE_MAX)
		return CLN_OK;
	char name[EXCERPT + 16];
	column_text(name, reader, column);
	return error_set(err, CLN_E_DATA,
			 "%s: %s has more than %u different texts, or more than 1 GiB of them (leave it out with --ignore)",
			 reader->source->name, name, CSV_MAX_LEVELS);
}

/* ---------------------------------------------------------------- cells that cannot be used */

/* A column that nobody calls categories and that would be all numbers if a comma were a point. */
static bool is_decimal_comma_column(const struct reader *reader, size_t c)
{
	const struct column *column = &reader->table->columns[c];
	bool any = false;
	float number;
	if (column->type != COLUMN_CATEGORICAL || reader->targets[c].given || reader->targets[c].known)
		return false;
	for (size_t i = 0; i < column->n_levels; i++) {
		size_t length = strlen(column->levels[i]);
		bool comma = cell_has_decimal_comma(column->levels[i], length);
		if (!comma && cell_classify(&number, column->levels[i], length) == CELL_TEXT)
			return false;
		any = any || comma;
	}
	return any;
}

bool csv_is_bad_cell(const struct column *column, size_t row)
{
	if (column->type == COLUMN_NUMERIC)
		return isinf(column->numbers[row]);
	const char *level = column->codes[row] == LEVEL_MISSING ? "" : column->levels[column->codes[row]];
	return cell_has_decimal_comma(level, strlen(level));
}

/* Where all problems are wanted there are rows before it that can be passed, but not read. */
static bool skip_row(const struct reader *reader, struct cursor *cursor)
{
	const uint64_t offset = cursor_offset(cursor, cursor->at);
	size_t n_newlines = 0;
	bool intact;
	if (!cursor_skip_record(cursor, &intact, &n_newlines))
		return false;
	return intact || (reader->findings && cursor_skip_damaged(cursor, offset, reader->start, &n_newlines));
}

/* The record of a row, from the first of its window on. */
static bool seek_row(const struct reader *reader, struct cursor *cursor, const struct window **window, size_t row)
{
	for (size_t i = 0; i < reader->n_windows; i++) {
		*window = &reader->windows[i];
		if (row - (*window)->first_row >= (*window)->n_rows)
			continue;
		size_t n_lines = 0;
		bool intact = cursor_seek(cursor, (*window)->first_offset, 0, reader->start);
		for (size_t k = (*window)->first_row; intact && k <= row; k++)
			intact = cursor_skip_blank(cursor, &n_lines) && (k == row || skip_row(reader, cursor));
		return intact;
	}
	return false;
}

bool csv_cell_problem(const struct reader *reader, struct cursor *cursor, struct problem *problem, size_t row, size_t c)
{
	const struct window *window;
	struct field field;
	float number;
	if (!seek_row(reader, cursor, &window, row) || !find_field(cursor, &field, c))
		return false;
	bool infinite = cell_classify(&number, field.text, field.length) == CELL_INFINITE;
	bool comma = reader->table->columns[c].type == COLUMN_CATEGORICAL;
	*problem = (struct problem){.kind = comma      ? PROBLEM_COMMA
					    : infinite ? PROBLEM_INFINITE
						       : PROBLEM_NOT_NUMBER,
				    .offset = field.offset,
				    .field_offset = field.offset,
				    .base_offset = window->first_offset,
				    .base_line = window->first_line,
				    .column = c};
	return true;
}

static void add_bad_cells(struct bad_cells *bad, const struct reader *reader, size_t c)
{
	const struct column *column = &reader->table->columns[c];

	for (size_t row = 0; row < reader->table->n_rows; row++)
		if (csv_is_bad_cell(column, row))
			bad_cells_add(bad, (struct bad_cell){row, c});
}

bool csv_has_bad_cells(const struct reader *reader, size_t c)
{
	size_t n_marked = 0;
	for (int w = 0; w < reader->n_workers; w++) {
		const struct tally *tally = &reader->workers[w].tallies[c];
		n_marked += tally->n_infinite + (reader->targets[c].must_be_number ? tally->n_texts : 0);
	}
	bool numeric = reader->table->columns[c].type == COLUMN_NUMERIC;
	return (numeric && n_marked) || is_decimal_comma_column(reader, c);
}

enum cln_status csv_report_cells(const struct reader *reader, struct cln_error *err)
{
	struct problem_list list = {.n = 0};
	struct cursor *cursor = &reader->workers[0].cursor;
	struct bad_cells bad = {.n = 0};
	for (size_t c = 0; c < reader->n_columns; c++)
		if (csv_has_bad_cells(reader, c))
			add_bad_cells(&bad, reader, c);
	for (size_t i = 0; i < bad.n; i++) {
		struct problem problem;
		if (csv_cell_problem(reader, cursor, &problem, bad.cells[i].row, bad.cells[i].column))
			insert_by_place(&list, &problem);
		if (cursor->status != CLN_OK)
			return cursor_failure(cursor, err);
	}
	return bad.n_all ? csv_report(reader, &list, bad.n_all, err) : CLN_OK;
}
