/* SPDX-License-Identifier: MIT
 * What the first records say: encoding, separator, names, and which columns hold text. */
#include "base/number.h"
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
	char mark[3] = {0};
	size_t n = reader->source->size < sizeof mark ? (size_t)reader->source->size : sizeof mark;
	enum cln_status status = source_read(reader->source, mark, 0, n, err);
	if (status != CLN_OK)
		return status;
	if (memcmp(mark, "\xFF\xFE", 2) == 0 || memcmp(mark, "\xFE\xFF", 2) == 0)
		return error_set(err, CLN_E_DATA, "%s:1:1: this is UTF-16 (convert it: iconv -f UTF-16 -t UTF-8)",
				 reader->source->name);
	reader->start = memcmp(mark, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
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
	if (status == CLN_OK && reader->n_columns < 2 && !reader->options->needed)
		return error_set(err, CLN_E_DATA, "%s:1:1: there is only one column (%s)", reader->source->name,
				 reader->options->separator ? "is this the right separator?"
							    : "comma, tab and semicolon were tried as separators");
	return status;
}

/* ---------------------------------------------------------------- options */

static size_t find_item(const struct reader *reader, const char *item, size_t length)
{
	uint32_t code = dictionary_find(&reader->names, item, length);
	if (code != UINT32_MAX)
		return code;
	float number;
	bool digits = length > 0 && length <= 7;
	for (size_t i = 0; i < length; i++)
		digits = digits && item[i] >= '0' && item[i] <= '9';
	if (digits && number_to_float(&number, item, length) && number >= 1 && (size_t)number <= reader->n_columns)
		return (size_t)number - 1;
	return SIZE_MAX;
}

/* Calls set for every column of a comma-separated list. */
static enum cln_status each_listed(struct reader *reader, const char *option, const char *list,
				   enum cln_status (*set)(struct target *target), struct cln_error *err)
{
	while (list && *list) {
		size_t length = strcspn(list, ",");
		const char *item = list;
		size_t column = find_item(reader, item, length);
		if (column == SIZE_MAX) { /* "a, b" */
			size_t spaces = strspn(item, " ");
			item += spaces < length ? spaces : length;
			length -= (size_t)(item - list);
			column = find_item(reader, item, length);
		}
		if (column == SIZE_MAX)
			return error_set(err, CLN_E_DATA, "%s: %s has no column \"%.*s\"", option, reader->source->name,
					 (int)length, item);
		if (set(&reader->targets[column]) != CLN_OK)
			return error_set(err, CLN_E_USAGE, "column \"%s\" is both numeric and categorical",
					 reader->names.entries[column].text);
		list = item + length;
		list += *list == ',';
	}
	return CLN_OK;
}

static enum cln_status set_categorical(struct target *target)
{
	target->kind = TARGET_CATEGORY;
	target->given = true;
	return CLN_OK;
}

static enum cln_status set_kept(struct target *target)
{
	target->needed = true;
	return set_categorical(target);
}

/* Reads texts as they are, where nobody says otherwise. */
static void set_known(struct target *target)
{
	if (target->kind != TARGET_NUMBER || target->given)
		return;
	target->kind = TARGET_CATEGORY;
	target->known = true;
}

/* What another table had as categories is that here too. */
static void set_known_categories(struct reader *reader)
{
	for (size_t i = 0; i < reader->options->n_known_categories; i++) {
		const char *name = reader->options->known_categories[i];
		uint32_t column = dictionary_find(&reader->names, name, strlen(name));
		if (column != UINT32_MAX)
			set_known(&reader->targets[column]);
	}
}

/* Where the label is not found its user says so. */
static void set_label(struct reader *reader)
{
	const char *label = reader->options->label, *weight = reader->options->weight;
	size_t column = label && *label ? find_item(reader, label, strlen(label)) : SIZE_MAX;
	size_t weight_column = weight ? find_item(reader, weight, strlen(weight)) : SIZE_MAX;
	for (size_t c = reader->n_columns; label && !*label && column == SIZE_MAX && c-- > 0;)
		if (c != weight_column && reader->targets[c].kind != TARGET_SKIP)
			column = c;
	if (column != SIZE_MAX)
		set_known(&reader->targets[column]);
}

static void skip_all_but_needed(struct reader *reader)
{
	for (size_t i = 0; i < reader->options->n_needed; i++) {
		const char *name = reader->options->needed[i];
		uint32_t column = dictionary_find(&reader->names, name, strlen(name));
		if (column != UINT32_MAX)
			reader->targets[column].needed = true;
	}
	for (size_t c = 0; c < reader->n_columns; c++)
		if (!reader->targets[c].needed)
			reader->targets[c].kind = TARGET_SKIP;
}

static enum cln_status set_numeric(struct target *target)
{
	if (target->kind == TARGET_CATEGORY)
		return CLN_E_USAGE;
	target->must_be_number = target->given = true;
	return CLN_OK;
}

static enum cln_status set_ignored(struct target *target)
{
	target->kind = TARGET_SKIP;
	return CLN_OK;
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
		    cell_classify(&number, field.text, field.length) == CELL_TEXT)
			target->kind = TARGET_CATEGORY;
	}
	return true;
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
		good = cursor_skip_blank(&cursor, &n_lines) && cursor_offset(&cursor, cursor.at) < reader->source->size;
		good = good && sample_record(reader, &cursor);
	}
	if (cursor.status != CLN_OK)
		status = cursor_failure(&cursor, err);
	cursor_destroy(&cursor);
	return status;
}

enum cln_status csv_choose_targets(struct reader *reader, struct cln_error *err)
{
	const struct cln_read_options *options = reader->options;
	reader->targets = mem_alloc(reader->n_columns, sizeof *reader->targets, err);
	reader->categories = mem_alloc(reader->n_columns, sizeof *reader->categories, err);
	if (!reader->targets || !reader->categories)
		return CLN_E_MEMORY;
	for (size_t c = 0; c < reader->n_columns; c++)
		reader->targets[c].kind = TARGET_NUMBER;
	enum cln_status status = each_listed(reader, "--categorical", options->categorical, set_categorical, err);
	if (status == CLN_OK)
		status = each_listed(reader, "--keep", options->keep, set_kept, err);
	if (status == CLN_OK)
		status = each_listed(reader, "--numeric", options->numeric, set_numeric, err);
	if (status == CLN_OK)
		status = each_listed(reader, "--ignore", options->ignore, set_ignored, err);
	if (status != CLN_OK)
		return status;
	if (options->needed)
		skip_all_but_needed(reader);
	set_known_categories(reader);
	set_label(reader);
	return sample_types(reader, err);
}
