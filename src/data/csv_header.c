/* SPDX-License-Identifier: MIT
 * What the first records say: encoding, separator, names, and which columns hold text. */
#include "data/csv_parts.h"

#include <stdio.h>
#include <string.h>

#define SAMPLE_BYTES ((uint64_t)1 << 20) /* the first records are looked at no further than this */
#define SAMPLE_SEPARATORS 10             /* records that tell the separator */
#define SAMPLE_TYPES 100 /* records that tell text columns; what they miss is found out later, at the price of a sweep */
#define HEADER_STEP ((size_t)1 << 16)

/* ---------------------------------------------------------------- encoding and separator */

static enum cln_status skip_bom(struct reader *reader, struct cln_error *err)
{
	char mark[4] = {1, 1, 1, 1};
	size_t n = reader->source->size < sizeof mark ? (size_t)reader->source->size : sizeof mark;
	enum cln_status status = source_read(reader->source, mark, 0, n, err);
	if (status != CLN_OK)
		return status;
	bool wide = memcmp(mark, "\xFF\xFE\0", 4) == 0 || memcmp(mark, "\0\0\xFE\xFF", 4) == 0; /* UTF-16 has no NUL there */
	if (wide || memcmp(mark, "\xFF\xFE", 2) == 0 || memcmp(mark, "\xFE\xFF", 2) == 0)
		return error_set(err, CLN_E_DATA, "%s:1:1: this is UTF-%d (convert it: iconv -f UTF-%d -t UTF-8)",
				 reader->source->name, wide ? 32 : 16, wide ? 32 : 16);
	reader->start = text_mark_length(mark, n);
	return CLN_OK;
}

/* How the first records look with a separator. */
struct guess {
	size_t n_fields; /* of the first record */
	bool consistent; /* the others have as many */
};

/* Counts the fields of the record at the cursor; false: no whole record lies in the sample, or it is malformed. */
static bool count_fields(struct cursor *cursor, uint64_t limit, size_t *n, bool *malformed)
{
	struct field field = {0};
	for (*n = 0; !field.last; ++*n) {
		if (cursor_offset(cursor, cursor->at) >= limit || !cursor_field(cursor, &field))
			return false;
		*malformed = field.problem != PROBLEM_NONE;
		if (*malformed)
			return false;
	}
	return true;
}

static enum cln_status try_separator(struct guess *guess, const struct reader *reader, char separator, struct cln_error *err)
{
	struct cursor cursor;
	enum cln_status status = cursor_create(&cursor, reader->source, separator, HEADER_STEP, err);
	if (status != CLN_OK)
		return status;
	uint64_t limit = reader->start + SAMPLE_BYTES;
	size_t n = 0, n_lines = 0;
	*guess = (struct guess){.consistent = true};
	bool malformed = false, whole = cursor_seek(&cursor, reader->start, 0, reader->start);
	for (int i = 0; whole && i < SAMPLE_SEPARATORS; i++) {
		whole = cursor_skip_blank(&cursor, &n_lines) && cursor_offset(&cursor, cursor.at) < reader->source->size;
		whole = whole && count_fields(&cursor, limit, &n, &malformed);
		if (i == 0)
			guess->n_fields = n;
		if (malformed || (whole && n != guess->n_fields))
			guess->consistent = false;
	}
	if (cursor.status != CLN_OK)
		status = cursor_failure(&cursor, err);
	cursor_destroy(&cursor);
	return status;
}

/* Of comma, tab and semicolon the one that gives the first record most fields, and at least two, among those that give the other
 * records as many; if there is none, that which gives the first record most.  Earlier ones win ties. */
static enum cln_status find_separator(struct reader *reader, struct cln_error *err)
{
	static const char candidates[] = {',', '\t', ';'};
	struct guess best = {0};
	reader->separator = candidates[0];
	for (size_t i = 0; i < sizeof candidates; i++) {
		struct guess guess;
		enum cln_status status = try_separator(&guess, reader, candidates[i], err);
		if (status != CLN_OK)
			return status;
		guess.consistent = guess.consistent && guess.n_fields >= 2;
		bool better = guess.consistent == best.consistent ? guess.n_fields > best.n_fields : guess.consistent;
		if (better) {
			best = guess;
			reader->separator = candidates[i];
		}
	}
	return CLN_OK;
}

static bool has_name(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* There is one column: what to do about it.  Where a model, or another table, says which columns it needs, a single one may do, and
 * is told to be the wrong one by whoever looks for the others, unless its separator is what is wrong. */
static enum cln_status judge_one_column(const struct reader *reader, struct cln_error *err)
{
	static const char others[] = {'|', ':', ' '};
	const struct cln_read_options *options = reader->options;
	const char *name = reader->names.entries[0].text;
	const bool alone = csv_stands_alone(options);
	if (!alone && (options->separator || has_name(options->needed, options->n_needed, name) ||
		       has_name(options->expected, options->n_expected, name)))
		return CLN_OK;
	if (options->separator)
		return error_set(err, CLN_E_DATA, "%s:1:1: there is only one column (is this the right separator?)",
				 reader->source->name);
	for (size_t i = 0; i < sizeof others - !alone; i++) { /* names that a model does not know may have spaces */
		struct guess guess;
		enum cln_status status = try_separator(&guess, reader, others[i], err);
		if (status != CLN_OK)
			return status;
		if (guess.consistent && guess.n_fields >= 2)
			return error_set(err, CLN_E_DATA,
					 "%s:1:1: there is only one column with a comma, tab or semicolon as separator, but %zu "
					 "with --separator '%c'",
					 reader->source->name, guess.n_fields, others[i]);
	}
	if (!alone)
		return CLN_OK;
	return error_set(err, CLN_E_DATA, "%s:1:1: there is only one column (comma, tab and semicolon were tried as separators)",
			 reader->source->name);
}

enum cln_status csv_start(struct reader *reader, struct cln_error *err)
{
	enum cln_status status = skip_bom(reader, err);
	if (status != CLN_OK)
		return status;
	if (reader->start == reader->source->size)
		return error_set(err, CLN_E_DATA, "%s is empty", reader->source->name);
	char separator = reader->options->separator;
	if (!separator)
		return find_separator(reader, err);
	bool letter = (separator | 0x20) >= 'a' && (separator | 0x20) <= 'z';
	if (letter || strchr("\"\r\n+-.0123456789", separator) || (unsigned char)separator >= 0x80)
		return error_set(err, CLN_E_USAGE,
				 "separator: '%c' cannot separate fields (a comma, tab, semicolon, bar or colon can)", separator);
	reader->separator = separator;
	return CLN_OK;
}

/* ---------------------------------------------------------------- names */

static enum cln_status add_name(struct reader *reader, const struct field *field, struct problem_list *problems,
				struct cln_error *err)
{
	char number[32];
	const char *name = field->text;
	size_t length = field->length;
	uint32_t code, column = (uint32_t)reader->n_columns;
	struct problem problem = {
	    .offset = field->offset, .field_offset = field->offset, .base_offset = reader->start, .base_line = 1, .column = column};
	if (reader->options->no_header || length == 0) {
		length = (size_t)snprintf(number, sizeof number, "%u", column + 1);
		name = number;
	}
	enum cln_status status = dictionary_add(&reader->names, &code, name, length, column, 1, err);
	if (status != CLN_OK)
		return status;
	reader->n_columns++;
	problem.n_found = reader->names.entries[code].first_row;
	if (!text_is_utf8(name, length))
		problem.kind = PROBLEM_UTF8;
	else if (problem.n_found != column)
		problem.kind = PROBLEM_DUPLICATE;
	if (problem.kind)
		problem_add(problems, &problem);
	return CLN_OK;
}

/* Reads the first record.  A problem that cannot be read past ends it. */
static enum cln_status read_names(struct reader *reader, struct cursor *cursor, struct problem_list *problems,
				  struct cln_error *err)
{
	struct field field = {0};
	size_t n_lines = 0;
	if (!cursor_seek(cursor, reader->start, 0, reader->start) || !cursor_skip_blank(cursor, &n_lines))
		return cursor_failure(cursor, err);
	if (cursor_offset(cursor, cursor->at) == reader->source->size)
		return error_set(err, CLN_E_DATA, "%s holds nothing but empty lines", reader->source->name);
	while (!field.last) {
		if (!cursor_field(cursor, &field))
			return cursor_failure(cursor, err);
		if (field.problem) {
			struct problem problem = {.kind = field.problem,
						  .offset = field.problem_offset,
						  .field_offset = field.offset,
						  .base_offset = reader->start,
						  .base_line = 1,
						  .column = reader->n_columns};
			problem_add(problems, &problem);
			return CLN_OK;
		}
		if (reader->n_columns == TABLE_MAX_COLUMNS)
			return error_set(err, CLN_E_DATA, "%s: more than %u columns", reader->source->name, TABLE_MAX_COLUMNS);
		enum cln_status status = add_name(reader, &field, problems, err);
		if (status != CLN_OK)
			return status;
	}
	return CLN_OK;
}

enum cln_status csv_read_header(struct reader *reader, struct cln_error *err)
{
	struct cursor cursor;
	struct problem_list problems = {.n = 0};
	enum cln_status status = cursor_create(&cursor, reader->source, reader->separator, HEADER_STEP, err);
	if (status != CLN_OK)
		return status;
	status = read_names(reader, &cursor, &problems, err);
	cursor_destroy(&cursor);
	if (status == CLN_OK && problems.n)
		return csv_report(reader, &problems, problems.n, err);
	return status == CLN_OK && reader->n_columns < 2 ? judge_one_column(reader, err) : status;
}

/* ---------------------------------------------------------------- types */

/* Columns of the record at the cursor that hold text become categories.  false: the record is not as it should be. */
static bool sample_record(struct reader *reader, struct cursor *cursor)
{
	struct field field = {0};
	float number;
	for (size_t c = 0; !field.last; c++) {
		if (!cursor_field(cursor, &field) || field.problem || c == reader->n_columns)
			return false;
		struct target *target = &reader->targets[c];
		if (target->kind == TARGET_NUMBER && !target->given &&
		    csv_classify(&number, reader, target, field.text, field.length) == CELL_TEXT)
			target->kind = TARGET_CATEGORY;
	}
	return true;
}

/* Where all problems are wanted a record that has one says nothing of types.  The cursor is back at it, or behind it (*whole is
 * false).  false: nothing more can be sampled. */
static bool pass_damaged(const struct reader *reader, struct cursor *cursor, bool *whole)
{
	const uint64_t offset = cursor_offset(cursor, cursor->at);
	struct field field = {0};
	size_t n = 0, n_newlines;
	for (; !field.last && !field.problem; n++)
		if (!cursor_field(cursor, &field))
			return false;
	*whole = n == reader->n_columns && !field.problem;
	return *whole ? cursor_seek(cursor, offset, 0, reader->start)
		      : cursor_skip_damaged(cursor, offset, reader->start, &n_newlines);
}

static enum cln_status sample_types(struct reader *reader, struct cln_error *err)
{
	struct cursor cursor;
	enum cln_status status = cursor_create(&cursor, reader->source, reader->separator, HEADER_STEP, err);
	if (status != CLN_OK)
		return status;
	size_t n_lines = 0;
	bool good = cursor_seek(&cursor, reader->start, 0, reader->start) && cursor_skip_blank(&cursor, &n_lines);
	if (good && !reader->options->no_header)
		good = cursor_skip_record(&cursor, &good, &n_lines) && good;
	for (int i = 0; good && i < SAMPLE_TYPES && cursor_offset(&cursor, cursor.at) - reader->start < SAMPLE_BYTES; i++) {
		bool whole = true;
		good = cursor_skip_blank(&cursor, &n_lines) && cursor_offset(&cursor, cursor.at) < reader->source->size;
		if (good && reader->findings)
			good = pass_damaged(reader, &cursor, &whole);
		good = good && (!whole || sample_record(reader, &cursor));
	}
	if (cursor.status != CLN_OK)
		status = cursor_failure(&cursor, err);
	cursor_destroy(&cursor);
	return status;
}

enum cln_status csv_create_targets(struct reader *reader, struct cln_error *err)
{
	reader->targets = mem_alloc(reader->n_columns, sizeof *reader->targets, err);
	reader->categories = mem_alloc(reader->n_columns, sizeof *reader->categories, err);
	if (!reader->targets || !reader->categories)
		return CLN_E_MEMORY;
	return targets_choose(reader->targets, &reader->names, reader->source->name, reader->options, err);
}

enum cln_status csv_choose_targets(struct reader *reader, struct cln_error *err)
{
	enum cln_status status = csv_create_targets(reader, err);
	return status == CLN_OK ? sample_types(reader, err) : status;
}
