/* SPDX-License-Identifier: MIT
 * CSV text (RFC 4180) to cells, in parallel, with places for errors: what the files of the reader share; nothing outside includes
 * it but tests and the fuzz target.  Knows bytes, quotes, separators and numbers; no meaning.
 *
 * Reading goes in two passes over windows of the file: the first counts rows, lines and quotes of every window (a quoted field may
 * span any number of windows), the second parses each window's rows on any thread.  The result depends on no window or thread.
 *
 *   source.c      bytes            csv_fields.c  one field at a time, through a window that moves on
 *   csv_scan.c    first pass       csv_parse.c   second pass: rows of a window into columns
 *   csv_header.c  separator, names, options, first guess of the types
 *   csv_levels.c  texts to codes   csv_errors.c  places and sentences            csv.c  the order of it all
 *   csv_early.c   the same while the text still comes in
 *   csv_findings.c  all problems instead of the first ones
 *   libsvm.c      LibSVM text, in the same order and with the same windows, workers, levels and sentences
 *
 * Grammar.  A record ends with LF or CR LF outside quotes, or with the text; records without a byte are skipped.  A field that
 * begins with a quote ends at the next single quote, which a separator or the record's end must follow; a quote elsewhere is a
 * character. A carriage return that no line feed follows, outside quotes, is a problem. */
#ifndef DATA_CSV_PARTS_H
#define DATA_CSV_PARTS_H

#include "data/csv_plain.h"
#include "data/dictionary.h"
#include "data/findings.h"
#include "data/gaps.h"
#include "data/source.h"
#include "data/targets.h"
#include "data/text.h"

#define CSV_MAX_FIELD ((size_t)1 << 20)       /* bytes of a field as it stands in the text, quotes included */
#define CSV_MAX_LEVELS 10000000u              /* distinct texts of a column */
#define CSV_MAX_LEVEL_BYTES ((size_t)1 << 30) /* of all distinct texts of a column */
#define CSV_FEW_LEVELS 65536u                 /* of a column whose texts are wanted only if they are few, */
#define CSV_FEW_LEVEL_BYTES ((size_t)4 << 20) /* and take no more than this */
#define CSV_ROW_TAIL ((size_t)4096)           /* bytes read behind a window: most of its last rows end there */

/* ---------------------------------------------------------------- problems */

enum problem_kind {
	PROBLEM_NONE,
	PROBLEM_RAGGED,     /* a row with too few or too many fields */
	PROBLEM_UTF8,       /* a text that is not valid UTF-8 */
	PROBLEM_INFINITE,   /* a number too large for a float, or the word */
	PROBLEM_NOT_NUMBER, /* a text in a column that must be numbers */
	PROBLEM_COMMA,      /* a decimal comma in a column of numbers */
	PROBLEM_DUPLICATE,  /* a column's name that an earlier one has */
	/* of LibSVM text: a row's label is no number, nothing that is index:value, an index that cannot be or does not ascend, a
	 * value that is no number or not a finite one, a query's number */
	PROBLEM_LABEL,
	PROBLEM_PAIR,
	PROBLEM_INDEX,
	PROBLEM_ORDER,
	PROBLEM_VALUE,
	PROBLEM_LARGE,
	PROBLEM_QUERY,
	/* from here on the text behind the problem cannot be trusted: it is the last one reported */
	PROBLEM_STRAY, /* text behind a closing quote */
	PROBLEM_LONE_CR,
	PROBLEM_UNTERMINATED, /* a quoted field without an end */
	PROBLEM_TOO_LONG,     /* a field beyond CSV_MAX_FIELD */
	N_PROBLEM_KINDS
};

/* Something wrong at a place.  base: start of a record at or before it, whose line is known. */
struct problem {
	enum problem_kind kind;
	uint64_t offset;       /* of the place */
	uint64_t field_offset; /* of the field it belongs to */
	uint64_t base_offset;
	size_t base_line;
	size_t column;
	size_t n_found; /* ragged: fields of the row; duplicate: the earlier column */
};

/* The first few problems in order of place, and how many there are. */
struct problem_list {
	struct problem first[ERRORS_TOLD];
	size_t n;
};
void problem_add(struct problem_list *list, const struct problem *problem); /* in ascending order of place */

/* ---------------------------------------------------------------- fields */

#define CURSOR_SLACK STOPS_BYTES /* bytes behind `end` that may be read */

/* A place in the text, with the bytes around it in a buffer.  `*end` is a line feed, which ends the last record of the text and
 * stops every search; a search that stops there needs more bytes unless the text ends there. */
struct cursor {
	const struct source *source;
	char separator;
	char *buffer;
	size_t capacity; /* bytes between the two in front and the slack */
	char *at, *end;
	uint64_t end_offset; /* of `end` in the text */
	size_t step;         /* bytes to read next */
	struct cln_error err;
	enum cln_status status; /* of what failed: nothing more is read then */
};

struct field {
	char *text; /* without quotes and the spaces around an unquoted field; valid until the cursor moves on */
	size_t length;
	bool quoted;
	bool last; /* of its record */
	enum problem_kind problem;
	uint64_t offset; /* of its first byte (the quote, the space) */
	uint64_t problem_offset;
	uint64_t end_offset; /* of the separator or line end behind it */
	size_t n_newlines;   /* within it */
};

/* Room for `capacity` bytes at a time (more where a field needs it). */
enum cln_status cursor_create(struct cursor *cursor, const struct source *source, char separator, size_t capacity,
			      struct cln_error *err) CLN_MUST_CHECK;
void cursor_destroy(struct cursor *cursor);

/* Moves to `offset` with at least the next `n` bytes (as far as the text goes) in the buffer, n <= capacity.  at[-1] and at[-2] are
 * then the bytes before `offset`, or line feeds where they would lie before `start`, the first byte of the text behind a BOM.
 * false: status is set. */
bool cursor_seek(struct cursor *cursor, uint64_t offset, size_t n, uint64_t start) CLN_MUST_CHECK;

/* Reads on behind `end`; what lies before `at` is dropped.  Steps double, so that a long field is searched from its start only a
 * few times.  false: status is set. */
bool cursor_fill(struct cursor *cursor) CLN_MUST_CHECK;

/* The status of what failed, with its message. */
enum cln_status cursor_failure(const struct cursor *cursor, struct cln_error *err) CLN_MUST_CHECK;

/* The first separator, line feed or carriage return at the cursor or behind it, `end` at the latest. */
static inline char *cursor_stop(const struct cursor *cursor)
{
	char *at = cursor->at;
	uint64_t stops;
	while (!(stops = stops_find(at, cursor->separator)))
		at += STOPS_BYTES;
	return at + __builtin_ctzll(stops);
}

static inline bool cursor_at_end(const struct cursor *cursor)
{
	return cursor->end_offset == cursor->source->size;
}

static inline uint64_t cursor_offset(const struct cursor *cursor, const char *at)
{
	return cursor->end_offset - (uint64_t)(cursor->end - at);
}

/* Reads the field at the cursor and moves behind its separator or line end.  A problem that cannot be read past leaves the cursor
 * where it was.  false: status is set. */
bool cursor_field(struct cursor *cursor, struct field *field) CLN_MUST_CHECK;

/* Skips records without a byte; *n_lines is increased by their number. */
bool cursor_skip_blank(struct cursor *cursor, size_t *n_lines) CLN_MUST_CHECK;

/* Skips the rest of a record.  *intact: false where a problem cannot be read past; *n_newlines grows by those in its fields. */
bool cursor_skip_record(struct cursor *cursor, bool *intact, size_t *n_newlines) CLN_MUST_CHECK;

/* Moves behind the record that begins at `offset` by the rules of the first pass, whatever its fields are; *n_newlines are those
 * within it.  false: it does not end, or status is set. */
bool cursor_skip_damaged(struct cursor *cursor, uint64_t offset, uint64_t start, size_t *n_newlines) CLN_MUST_CHECK;

/* What a cell says.  *number is set for CELL_NUMBER. */
enum cell { CELL_NUMBER, CELL_MISSING, CELL_INFINITE, CELL_TEXT };
enum cell cell_classify(float *number, const char *text, size_t length);
bool cell_has_decimal_comma(const char *text, size_t length); /* "12,5" */
/* What to do about such a cell: its comma may separate thousands.  may_be_category: there is a --categorical to name the column. */
const char *cell_comma_hint(const char *text, size_t length, bool may_be_category);

/* ---------------------------------------------------------------- windows */

enum quote_state { OUTSIDE, INSIDE, AFTER_QUOTE, N_QUOTE_STATES }; /* AFTER_QUOTE: the quote ends the field, or is half of two */

struct window {
	/* by the state before its first byte */
	uint8_t next[N_QUOTE_STATES];  /* the state behind its last byte */
	uint32_t ends[N_QUOTE_STATES]; /* records that end in it, blank ones left out */
	uint32_t newlines;
	bool has_nul, has_quotes;
	/* summed up over the windows before it */
	enum quote_state state;
	uint64_t ends_before, newlines_before;
	/* second pass: the rows that begin in it */
	size_t first_row, n_rows;
	uint64_t first_offset;
	size_t first_line;
	size_t first_break, n_breaks; /* in the worker's list */
	size_t n_problems;
	bool broken; /* the last of them could not be read past */
	uint32_t n_of_kind[N_PROBLEM_KINDS]; /* where all of them are wanted */
	int worker;
};

/* What a worker counted in a column. */
struct tally {
	size_t n_missing, n_texts, n_infinite;
};

/* A thread's own state. */
struct worker {
	struct cursor cursor;
	struct tally *tallies;           /* n_columns */
	struct plain_shape *shapes;      /* n_columns: of the last numbers */
	struct dictionary *dictionaries; /* n_categories */
	struct problem_list problems;
	struct problem *found; /* where all are wanted: the first of them */
	size_t n_found, found_capacity;
	struct tally *before;  /* the row at hand, where a problem in it is to leave no trace; n_columns */
	struct line_break *breaks;
	size_t n_breaks, breaks_capacity;
	bool too_many_levels;
	size_t too_many_column; /* the first such */
	size_t greatest_index;  /* of LibSVM text */
	uint32_t *zero_codes;   /* n_categories: of "0", for the cells that LibSVM text leaves out; LEVEL_MISSING: none yet */
	enum cln_status status;
	struct cln_error err;
};

struct reader;

/* What kinds of text differ in: the steps of csv.c that are theirs. */
struct text_form {
	enum cln_status (*start)(struct reader *reader, struct cln_error *err);
	enum cln_status (*scan)(struct reader *reader, struct cln_error *err); /* fills windows and n_records */
	enum cln_status (*name_columns)(struct reader *reader, struct cln_error *err);
	enum cln_status (*choose_targets)(struct reader *reader, struct cln_error *err);
	void (*parse_window)(void *reader, size_t window, int tid);
	bool sparse; /* cells may be left out, so that a table may be any number of times as large as its text */
};

struct reader {
	const struct text_form *form;
	const struct source *source;
	const struct cln_read_options *options;
	char separator;
	uint64_t start; /* of the text: behind a BOM */
	size_t window_bytes, n_windows;
	size_t n_scanned, n_parsed; /* of the windows, before all of them are there: csv_early.c */
	struct window *windows;
	uint64_t n_records, n_lines;
	size_t n_columns;
	struct dictionary names; /* the code of a name is its column */
	struct target *targets;
	size_t n_categories; /* columns that become codes in this sweep */
	size_t *categories;  /* their numbers */
	struct worker *workers;
	int n_workers;
	bool second_sweep;
	bool few_levels; /* a category of more than CSV_FEW_LEVELS texts is given up: it is then as if ignored */
	struct gaps gaps; /* by the options */
	struct findings *findings; /* NULL: a problem ends the reading; else all are wanted */
	struct cln_table *table;
};

/* The text to a table, in windows of any size (0: chosen); see cln_table_read and doc/data.md.  At most ten errors, each as a line
 *   file:line:column: what is wrong ("the text", column "name"; a hint)
 * and then a count.  threads >= 1. */
enum cln_status csv_read_source(struct cln_table **table, const struct source *source, const struct cln_read_options *options,
				int threads, size_t window_bytes, struct cln_error *err) CLN_MUST_CHECK;

/* The same with the texts of the columns needed, but of those alone that are few: the others are as if ignored. */
enum cln_status csv_read_few_texts(struct cln_table **table, const struct source *source, const struct cln_read_options *options,
				   int threads, struct cln_error *err) CLN_MUST_CHECK;

/* csv_read_source that goes on behind problems and adds all to the findings.  *table may be NULL where these ended it. */
enum cln_status csv_read_all(struct cln_table **table, const struct source *source, const struct cln_read_options *options,
			     int threads, size_t window_bytes, struct findings *findings, struct cln_error *err) CLN_MUST_CHECK;

/* A reader whose source, options, form and few_levels are set, to a table. */
enum cln_status csv_run(struct cln_table **table, struct reader *reader, int threads, size_t window_bytes,
			struct cln_error *err) CLN_MUST_CHECK;

/* csv_run in its steps.  A reader of CSV; all that precedes the rows (growth: from the records of the source to the rows that there
 * shall be room for, where it is only the first part of a text); the rows; the end, whatever was done before. */
struct reader csv_reader(const struct source *source, const struct cln_read_options *options);
enum cln_status csv_prepare(struct reader *reader, int threads, size_t window_bytes, double growth,
			    struct cln_error *err) CLN_MUST_CHECK;
enum cln_status csv_read_rows(struct cln_table **table, struct reader *reader, struct cln_error *err) CLN_MUST_CHECK;
void csv_reader_free(struct reader *reader);

/* csv_header.c: in this order.  BOM and separator; n_columns and names; what each column is read as. */
enum cln_status csv_start(struct reader *reader, struct cln_error *err) CLN_MUST_CHECK;
enum cln_status csv_read_header(struct reader *reader, struct cln_error *err) CLN_MUST_CHECK;
enum cln_status csv_choose_targets(struct reader *reader, struct cln_error *err) CLN_MUST_CHECK;
enum cln_status csv_create_targets(struct reader *reader, struct cln_error *err) CLN_MUST_CHECK; /* by the options alone */

/* csv_scan.c: behind the last record that ends in the text, which begins with one; 0: none does. */
size_t csv_last_end(const char *text, size_t n, char separator);

/* csv_scan.c: line feeds; text[-1] and text[-2] are readable. */
size_t csv_count_lines(const char *text, size_t n);

/* csv_scan.c: fills windows and n_records; CLN_E_DATA for a NUL. */
enum cln_status csv_scan(struct reader *reader, struct cln_error *err) CLN_MUST_CHECK;

/* csv_parse.c: a row on its way into the table. */
struct row_state {
	const struct reader *reader;
	struct worker *worker;
	struct window *window;
	size_t row;
	uint64_t offset; /* of its first byte */
	size_t line;
	size_t n_newlines; /* within its quoted fields */
	uint64_t surplus;  /* where its first field too many begins */
	size_t n_before;   /* problems of the window before the row */
	bool ends;         /* by the rules of the first pass, although a problem in it could not be read past */
};
void row_problem(struct row_state *state, enum problem_kind kind, size_t column, uint64_t offset, uint64_t field_offset,
		 size_t n_found);
void row_forget(struct row_state *state); /* its cells are then missing */
void row_store_category(struct row_state *state, const struct target *target, size_t column, const struct field *field);
bool row_begin(struct row_state *state, size_t row) CLN_MUST_CHECK; /* false: the worker's status is set */
void csv_parse_window(void *reader, size_t window, int tid);
/* Whether a cell is a gap by the options, and what it says, gaps included. */
bool csv_is_gap(const struct reader *reader, const struct target *target, const char *text, size_t length);
enum cell csv_classify(float *number, const struct reader *reader, const struct target *target, const char *text, size_t length);

/* csv_parse.c: one sweep over all rows into the targets; CLN_E_DATA where rows cannot be read. */
bool csv_has_too_many_levels(const struct reader *reader, const struct dictionary *dictionary);
void csv_note_too_many_levels(struct worker *worker, size_t column);
enum cln_status csv_sweep(struct reader *reader, struct cln_error *err) CLN_MUST_CHECK;

/* csv_levels.c: the workers' dictionaries to sorted levels and final codes, for the categories of this sweep. */
enum cln_status csv_settle_levels(struct reader *reader, struct cln_error *err) CLN_MUST_CHECK;

/* csv_errors.c */
void csv_place(const struct source *source, uint64_t base_offset, size_t base_line, uint64_t offset, size_t *line, size_t *column);
enum cln_status csv_report(const struct reader *reader, const struct problem_list *list, size_t n_all,
			   struct cln_error *err) CLN_MUST_CHECK;
enum cln_status csv_workers_status(const struct reader *reader,
				   struct cln_error *err) CLN_MUST_CHECK;                            /* of the first that failed */
enum cln_status csv_report_sweep(const struct reader *reader, struct cln_error *err) CLN_MUST_CHECK; /* problems the workers met */
enum cln_status csv_report_cells(const struct reader *reader, struct cln_error *err) CLN_MUST_CHECK; /* cells that cannot be used */

/* What is wrong with a text and what to do about it, by kind. */
void csv_name_problem(const char **wrong, const char **hint, const struct cln_read_options *options, enum problem_kind kind,
		      const char *text);
/* Whether a table is read for itself: its types are its own, and it has a label and more; not for a model, nor like another one. */
bool csv_stands_alone(const struct cln_read_options *options);

/* What is wrong, in two ways; `sentence` has room for CSV_SENTENCE bytes. */
#define CSV_SENTENCE 512
void csv_sentence(char *sentence, const struct reader *reader, const struct problem *problem);
bool csv_has_bad_cells(const struct reader *reader, size_t column);
bool csv_is_bad_cell(const struct column *column, size_t row);
/* The problem of a bad cell; false: its row cannot be read. */
bool csv_cell_problem(const struct reader *reader, struct cursor *cursor, struct problem *problem, size_t row, size_t column);

/* csv_findings.c, where reader->findings is not NULL: notes a problem; takes the problems of the windows over, CLN_E_DATA where
 * rows cannot be told apart behind the last; finds the cells that cannot be used. */
void csv_find(struct row_state *state, const struct problem *problem);
enum cln_status csv_find_rows(const struct reader *reader, struct cln_error *err) CLN_MUST_CHECK;
enum cln_status csv_find_cells(const struct reader *reader, struct cln_error *err) CLN_MUST_CHECK;

#endif
