/* SPDX-License-Identifier: MIT
 * The CSV reader: grammar, types, errors with their places, and that windows and threads change nothing. */
#include "config.h"

#include "base/rng.h"
#include "data/csv_early.h"
#include "testing.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

/* ---------------------------------------------------------------- helpers */

static const struct cln_read_options defaults;

/* Reads n bytes that are called "t.csv". */
static enum cln_status read_bytes(struct cln_table **table, const char *text, size_t n, const struct cln_read_options *options,
				  int threads, size_t window, struct cln_error *err)
{
	/* a block of its own, so that a sanitizer sees every byte read beyond the text */
	char *copy = mem_alloc(n, 1, NULL);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, n);
	struct source source = source_memory("t.csv", copy, n);
	enum cln_status status = csv_read_source(table, &source, options ? options : &defaults, threads, window, err);
	mem_free(copy);
	ck_assert((status == CLN_OK) == (*table != NULL));
	return status;
}

static struct cln_table *read_ok(const char *text, const struct cln_read_options *options)
{
	struct cln_table *table;
	assert_ok(read_bytes(&table, text, strlen(text), options, 2, 0, &err));
	return table;
}

static void fails(const char *text, size_t n, const struct cln_read_options *options, enum cln_status wanted, const char *message)
{
	struct cln_table *table;
	struct cln_error err = {0};
	enum cln_status status = read_bytes(&table, text, n, options, 2, 0, &err);
	ck_assert_str_eq(err.message, message);
	ck_assert_int_eq(status, wanted);
	ck_assert_int_eq(err.code, wanted);
}

static void bad(const char *text, const char *message)
{
	fails(text, strlen(text), NULL, CLN_E_DATA, message);
}

static void bad_with(const char *text, struct cln_read_options options, enum cln_status status, const char *message)
{
	fails(text, strlen(text), &options, status, message);
}

static void assert_cell(const struct cln_table *table, size_t row, size_t column, const char *wanted)
{
	char cell[TABLE_CELL];
	table_cell(cell, table, row, column);
	ck_assert_msg(strcmp(cell, wanted) == 0, "row %zu, column %zu is \"%s\", not \"%s\"", row, column, cell, wanted);
}

/* Everything a table holds is the same. */
static void assert_same(const struct cln_table *a, const struct cln_table *b)
{
	ck_assert_uint_eq(a->n_rows, b->n_rows);
	ck_assert_uint_eq(a->n_columns, b->n_columns);
	ck_assert_uint_eq(a->n_breaks, b->n_breaks);
	ck_assert_int_eq(memcmp(a->breaks, b->breaks, a->n_breaks * sizeof *a->breaks), 0);
	for (size_t c = 0; c < a->n_columns; c++) {
		const struct column *x = &a->columns[c], *y = &b->columns[c];
		ck_assert_str_eq(x->name, y->name);
		ck_assert_int_eq(x->type, y->type);
		ck_assert_uint_eq(x->n_levels, y->n_levels);
		ck_assert_uint_eq(x->n_missing, y->n_missing);
		ck_assert_uint_eq(x->n_texts, y->n_texts);
		ck_assert_uint_eq(x->first_text_row, y->first_text_row);
		for (size_t i = 0; i < x->n_levels; i++)
			ck_assert_str_eq(x->levels[i], y->levels[i]);
		ck_assert(!x->numbers == !y->numbers && !x->codes == !y->codes);
		ck_assert(!x->numbers || memcmp(x->numbers, y->numbers, a->n_rows * sizeof *x->numbers) == 0);
		ck_assert(!x->codes || memcmp(x->codes, y->codes, a->n_rows * sizeof *x->codes) == 0);
	}
	ck_assert_uint_eq(cln_table_fingerprint(a), cln_table_fingerprint(b));
}

/* Reads a text with windows of most sizes up to its own length (at most 64; few of them where it is long) and several threads:
 * always the same, table or error. */
static void assert_steady(const char *text, size_t n, const struct cln_read_options *options)
{
	static const int threads[] = {1, 2, 3, 5};
	struct cln_table *whole, *table;
	struct cln_error whole_err = {0};
	enum cln_status status = read_bytes(&whole, text, n, options, 1, n + 1, &whole_err);
	for (size_t window = 1; window <= 64 && window <= n + 1; window += n >= 400 ? window : window < 20 ? 1 : 4)
		for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
			struct cln_error err = {0};
			ck_assert_int_eq(read_bytes(&table, text, n, options, threads[i], window, &err), status);
			ck_assert_str_eq(err.message, whole_err.message);
			if (table)
				assert_same(table, whole);
			cln_table_destroy(table);
		}
	cln_table_destroy(whole);
}

/* ---------------------------------------------------------------- grammar */

START_TEST(numbers_and_texts_become_columns)
{
	struct cln_table *table = read_ok("x,job\n1.5,clerk\n-2,baker\n3e2,clerk\n", NULL);
	ck_assert_uint_eq(table->n_rows, 3);
	ck_assert_uint_eq(table->n_columns, 2);
	ck_assert_str_eq(table->columns[0].name, "x");
	ck_assert_int_eq(table->columns[0].type, COLUMN_NUMERIC);
	ck_assert_float_eq(table->columns[0].numbers[0], 1.5f);
	ck_assert_float_eq(table->columns[0].numbers[1], -2.0f);
	ck_assert_float_eq(table->columns[0].numbers[2], 300.0f);
	ck_assert_int_eq(table->columns[1].type, COLUMN_CATEGORICAL);
	ck_assert_uint_eq(table->columns[1].n_levels, 2);
	ck_assert_str_eq(table->columns[1].levels[0], "baker");
	ck_assert_str_eq(table->columns[1].levels[1], "clerk");
	ck_assert_uint_eq(table->columns[1].codes[1], 0);
	cln_table_destroy(table);
}
END_TEST

START_TEST(quotes_hold_separators_newlines_and_doubled_quotes)
{
	struct cln_table *table = read_ok("a,\"b \"\"x\"\"\"\n\"1\",\"p,q\"\n2,\"r\ns\r\nt\"\n3,\"\"\"\"\n", NULL);
	ck_assert_str_eq(table->columns[1].name, "b \"x\"");
	ck_assert_int_eq(table->columns[0].type, COLUMN_NUMERIC);
	assert_cell(table, 0, 1, "p,q");
	assert_cell(table, 1, 1, "r\ns\r\nt");
	assert_cell(table, 2, 1, "\"");
	cln_table_destroy(table);
}
END_TEST

START_TEST(line_ends_and_a_missing_last_one_change_nothing)
{
	static const char *const texts[] = {"a,b\n1,x\n2,y\n", "a,b\r\n1,x\r\n2,y\r\n", "a,b\r\n1,x\n2,y", "a,b\n1,x\n2,y\r"};
	struct cln_table *first = read_ok(texts[0], NULL);
	for (size_t i = 1; i < 4; i++) {
		struct cln_table *table = read_ok(texts[i], NULL);
		assert_same(table, first);
		cln_table_destroy(table);
	}
	cln_table_destroy(first);
}
END_TEST

START_TEST(empty_lines_are_skipped_and_counted)
{
	struct cln_table *table = read_ok("\n\r\na,b\n\n1,x\n\r\n\n2,\"y\n\ny\"\n3,z\n\n", NULL);
	ck_assert_uint_eq(table->n_rows, 3);
	ck_assert_uint_eq(table_line(table, 0), 5);
	ck_assert_uint_eq(table_line(table, 1), 8);
	ck_assert_uint_eq(table_line(table, 2), 11);
	assert_cell(table, 1, 1, "y\n\ny");
	cln_table_destroy(table);
}
END_TEST

START_TEST(a_byte_order_mark_is_no_part_of_the_first_name)
{
	struct cln_table *table = read_ok("\xEF\xBB\xBF\"a\",b\n1,2\n", NULL);
	ck_assert_str_eq(table->columns[0].name, "a");
	cln_table_destroy(table);
}
END_TEST

START_TEST(a_quote_within_an_unquoted_field_is_a_character)
{
	struct cln_table *table = read_ok("a,b\n5\" pipe,6\"\n x\"y\",\"z\"\n", NULL);
	assert_cell(table, 0, 0, "5\" pipe");
	assert_cell(table, 0, 1, "6\"");
	assert_cell(table, 1, 0, "x\"y\"");
	assert_cell(table, 1, 1, "z");
	cln_table_destroy(table);
}
END_TEST

START_TEST(spaces_are_trimmed_outside_quotes_only)
{
	struct cln_table *table = read_ok(" a ,b\n 1.5 ,  x y \t\n\" 2\",\" z \"\n", NULL);
	ck_assert_str_eq(table->columns[0].name, "a");
	assert_cell(table, 0, 0, "1.5");
	assert_cell(table, 1, 0, "2");
	assert_cell(table, 0, 1, "x y");
	assert_cell(table, 1, 1, " z ");
	cln_table_destroy(table);
}
END_TEST

/* Quotes of every kind, over many windows; a late text column; missing cells; lines that part from rows. */
static const char tricky[] = "\xEF\xBB\xBF"
			     "id,\"na\"\"me\",note,z\r\n"
			     "1,\"a,b\",\"x\n\n\ny\",0.1\r\n"
			     "\n"
			     "-2.5,\"\",5\" pipe,NA\n"
			     "3e-2,\"\"\"\",\"\"\"q\"\"\",1\n"
			     "\r\n"
			     "?,\"\n\",\"\r\n\",-0\n"
			     "4,plain,\"a long text, that spans, \"\"many\"\" windows\nand two lines\",12345678901234567890\n"
			     "5,\"b\",x\"\"y,7";

START_TEST(windows_and_threads_change_nothing)
{
	struct cln_table *table = read_ok(tricky, NULL);
	ck_assert_uint_eq(table->n_rows, 6);
	assert_cell(table, 0, 2, "x\n\n\ny");
	assert_cell(table, 3, 1, "\n");
	assert_cell(table, 5, 2, "x\"\"y");
	cln_table_destroy(table);
	assert_steady(tricky, sizeof tricky - 1, NULL);
}
END_TEST

START_TEST(every_beginning_of_a_text_is_read_alike_in_all_windows)
{
	static const size_t windows[] = {1, 2, 3, 7, 16};
	for (size_t n = 1; n < sizeof tricky; n++) {
		struct cln_table *whole, *table;
		struct cln_error whole_err = {0};
		enum cln_status status = read_bytes(&whole, tricky, n, NULL, 1, n + 1, &whole_err);
		for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
			struct cln_error err = {0};
			ck_assert_int_eq(read_bytes(&table, tricky, n, NULL, 3, windows[i], &err), status);
			ck_assert_str_eq(err.message, whole_err.message);
			if (table)
				assert_same(table, whole);
			cln_table_destroy(table);
		}
		cln_table_destroy(whole);
	}
}
END_TEST

/* Long enough for whole blocks of the first pass, without a quote. */
START_TEST(line_ends_and_empty_lines_of_a_plain_file_are_counted)
{
	struct text lf = {0}, crlf = {0};
	for (int i = 0; i < 3000; i++) {
		text_addf(&lf, "%s%s\n", i ? "1.5,x" : "a,b", i % 3 ? "" : "\n");
		text_addf(&crlf, "%s%s\r\n", i ? "1.5,x" : "a,b", i % 3 ? "" : "\r\n");
	}
	struct cln_table *plain = read_ok(lf.bytes, NULL), *table;
	ck_assert_uint_eq(plain->n_rows, 2999);
	ck_assert_uint_eq(table_line(plain, 2998), 4000); /* behind the names, 2998 rows and 1000 empty lines */
	for (size_t window = 126; window <= 20000; window = window * 5 / 4) {
		assert_ok(read_bytes(&table, crlf.bytes, crlf.length, NULL, 2, window, &err));
		assert_same(table, plain);
		cln_table_destroy(table);
	}
	cln_table_destroy(plain);
	text_free(&lf);
	text_free(&crlf);
}
END_TEST

/* A window's last row is read on to CSV_ROW_TAIL bytes behind it; whatever stands there must be read on once more. */
START_TEST(a_buffer_may_end_anywhere_in_a_row)
{
	static const char *const ends[] = {"\r\n\r\n\r\n2,z\r\n3,4", "\"\"\"\r\n2,z", "\"\"q\"\n2,\"z\"",
					   "1.25,-3.5\n2,z",         ";\n2,z\n",      "\rx\n2,z\n"};
	enum { WINDOW = 16 };
	static char csv[CSV_ROW_TAIL + 256];
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		for (size_t length = CSV_ROW_TAIL - 16; length < CSV_ROW_TAIL + 24; length++) {
			struct cln_table *whole, *table;
			bool quoted = i == 1 || i == 2;
			int n = snprintf(csv, sizeof csv, "%s\n1,%s%0*d%s", i == 3 ? "a,b,c" : "a,b", quoted ? "\"" : "",
					 (int)length, 0, ends[i]);
			struct cln_error whole_err = {0}, err = {0};
			enum cln_status status = read_bytes(&whole, csv, (size_t)n, NULL, 1, sizeof csv, &whole_err);
			ck_assert_int_eq(read_bytes(&table, csv, (size_t)n, NULL, 1, WINDOW, &err), status);
			ck_assert_str_eq(err.message, whole_err.message);
			ck_assert_int_eq(status, i == 3 || i == 5 ? CLN_E_DATA : CLN_OK); /* a row too short, a lone CR */
			if (table)
				assert_same(table, whole);
			cln_table_destroy(table);
			cln_table_destroy(whole);
		}
}
END_TEST

/* A text from an alphabet of what matters; '\0' behind it. */
static size_t random_text(char *text, size_t most, struct rng *rng)
{
	static const char *const pieces[] = {"\"", ",", "\n", "\r\n", "a", "bc", " ", "1", "2.5", "\xC3\xA4", ";", "x y"};
	size_t n = 0;
	for (uint64_t k = rng_below(rng, 6); k > 0; k--) {
		const char *piece = pieces[rng_below(rng, sizeof pieces / sizeof *pieces)];
		if (n + strlen(piece) < most) {
			memcpy(text + n, piece, strlen(piece));
			n += strlen(piece);
		}
	}
	text[n] = '\0';
	return n;
}

static void add_quoted(struct text *csv, const char *text)
{
	text_add(csv, "\"", 1);
	for (; *text; text++)
		text_add(csv, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
	text_add(csv, "\"", 1);
}

/* What is written by the rules of RFC 4180 is what is read. */
START_TEST(random_texts_survive_writing_and_reading)
{
	enum { ROWS = 40, COLUMNS = 3, MOST = 32 };
	static char cells[ROWS][COLUMNS][MOST];
	struct cln_read_options options = {.categorical = "a,b,c"};
	struct rng rng;
	struct text csv = {0};
	rng_start(&rng, (uint64_t)_i + 1, RNG_TEST, 0, 0);
	text_add(&csv, "a,b,c\n", 6);
	for (size_t row = 0; row < ROWS; row++)
		for (size_t c = 0; c < COLUMNS; c++) {
			random_text(cells[row][c], MOST, &rng);
			add_quoted(&csv, cells[row][c]);
			bool last = c + 1 == COLUMNS, crlf = rng_below(&rng, 2);
			text_add(&csv, !last ? "," : crlf ? "\r\n" : "\n", last && crlf ? 2 : 1);
		}
	ck_assert(!csv.failed);
	for (size_t window = 1; window <= 1000; window = window * 3 + 1) {
		struct cln_table *table;
		assert_ok(read_bytes(&table, csv.bytes, csv.length, &options, 2, window, &err));
		ck_assert_uint_eq(table->n_rows, ROWS);
		for (size_t row = 0; row < ROWS; row++)
			for (size_t c = 0; c < COLUMNS; c++)
				assert_cell(table, row, c,
					    gap_by_default(cells[row][c], strlen(cells[row][c])) ? "" : cells[row][c]);
		cln_table_destroy(table);
	}
	text_free(&csv);
}
END_TEST

/* ---------------------------------------------------------------- separators */

START_TEST(the_separator_is_found_out)
{
	static const struct {
		const char *text;
		size_t n_columns;
		const char *second;
	} cases[] = {
	    {"a,b\n1,2\n", 2, "2"},
	    {"a\tb\n1\t2\n", 2, "2"},
	    {"a;b\n1;2\n", 2, "2"},
	    {"a;b;c\n\"1,5\";7;x\n", 3, "7"},                             /* decimal commas do not outvote the header */
	    {"last, first;age\n\"Doe, J\";30\n\"Roe, R\";40\n", 2, "30"}, /* commas in some fields only */
	    {"a,b;c,d\n1,2;3,4\n", 3, "2;3"},                             /* more fields win */
	    {"a,b\tc\n1,2\t3\n", 2, "2\t3"},                              /* as many: comma before tab */
	    {"a\tb,c\n1\t2\n", 2, "2"},                                   /* the rest of the records decides */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cln_read_options options = {.categorical = "1"};
		struct cln_table *table = read_ok(cases[i].text, &options);
		ck_assert_uint_eq(table->n_columns, cases[i].n_columns);
		assert_cell(table, 0, 1, cases[i].second);
		cln_table_destroy(table);
	}
}
END_TEST

START_TEST(a_separator_can_be_given)
{
	struct cln_read_options options = {.separator = '|'};
	struct cln_table *table = read_ok("a,x|b\n1|2\n", &options);
	ck_assert_str_eq(table->columns[0].name, "a,x");
	assert_cell(table, 0, 1, "2");
	cln_table_destroy(table);
}
END_TEST

START_TEST(what_cannot_separate_is_refused)
{
	for (const char *c = "\"\n\r.5-+eZ\xC3"; *c; c++) {
		struct cln_read_options options = {.separator = *c};
		struct cln_table *table;
		ck_assert_int_eq(read_bytes(&table, "a,b\n1,2\n", 8, &options, 1, 0, NULL), CLN_E_USAGE);
	}
}
END_TEST

/* ---------------------------------------------------------------- numbers */

/* The same bits as strtof in the C locale, whatever the locale is, on the fast way and off it. */
START_TEST(numbers_are_rounded_as_strtof_does_it)
{
	static const char *const texts[] = {
	    "0", "-0", "1", "-1", "007", "5.", ".5", "+1.25", "0.1", "16777217", "16777219", "33554435", "0.333333343",
	    "3.4028235e38", "1e-45", "1.1754943e-38", "7.0064923216240853546186479164495e-46",
	    "7.00649232162408535461864791644958065640130970938257885878534e-46", "123456789012345", "1234567890123456",
	    "12345678901234567890", "0.000000000000001", "0.1000000000000000055511151231257827",
	    /* midpoints between floats, and just beside them: 1 + 2^-24 = 1.000000059604644775390625 */
	    "1.000000059604644775390625", "1.000000059604644775390624", "1.000000059604644775390626", "1.00000005960464",
	    "1.00000005960465", "8388608.5", "8388609.5", "8388610.5", "16777215.5", "0.50000002980232", "99999999999999.9",
	    /* 15 digits whose double is a midpoint that they are not, and more digits than a double holds, beside a midpoint */
	    "1.60561865568161", "0.594058483839035", "0.328515961766243", "3.31619393825531", "7.07409930229187",
	    "95.23116683959961", "947.8425598144531", "30448.5869140625000", "62947.5800781250000"};
	struct text csv = {0};
	text_add(&csv, "x,y\n", 4);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		text_addf(&csv, "%s,%s\n", texts[i], texts[i]);
	struct cln_table *table = read_ok(csv.bytes, NULL);
	setlocale(LC_ALL, "C");
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		for (size_t c = 0; c < 2; c++) {
			float wanted = strtof(texts[i], NULL);
			ck_assert_msg(memcmp(&wanted, &table->columns[c].numbers[i], sizeof wanted) == 0, "%s gives %.9g, not %.9g",
				      texts[i], (double)table->columns[c].numbers[i], (double)wanted);
		}
	cln_table_destroy(table);
	text_free(&csv);
}
END_TEST

START_TEST(random_numbers_are_rounded_as_strtof_does_it)
{
	enum { ROWS = 20000 };
	struct rng rng;
	struct text csv = {0};
	float *wanted = mem_alloc(ROWS, sizeof *wanted, NULL);
	rng_start(&rng, 7, RNG_TEST, 0, 0);
	setlocale(LC_ALL, "C");
	text_add(&csv, "x,y\n", 4);
	for (size_t i = 0; i < ROWS; i++) {
		char text[64];
		snprintf(text, sizeof text, "%.*f", (int)rng_below(&rng, 12),
			 rng_normal(&rng) * ldexp(1, (int)rng_below(&rng, 40) - 10));
		wanted[i] = strtof(text, NULL);
		text_addf(&csv, "%s,1\n", text);
	}
	setlocale(LC_ALL, "");
	if (getenv("TEST_DECIMAL_COMMA"))
		ck_assert_str_eq(localeconv()->decimal_point, ",");
	struct cln_table *table = read_ok(csv.bytes, NULL);
	ck_assert_int_eq(memcmp(wanted, table->columns[0].numbers, ROWS * sizeof *wanted), 0);
	cln_table_destroy(table);
	mem_free(wanted);
	text_free(&csv);
}
END_TEST

START_TEST(what_is_no_number_is_text)
{
	static const char *const texts[] = {"0x10", "1e", "1e+", "1.2.3", "--1", "1 2", "e5", "+", ".e1", "1d3", "1_000"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		char csv[64];
		snprintf(csv, sizeof csv, "x,y\n%s,1\n", texts[i]);
		struct cln_table *table = read_ok(csv, NULL);
		ck_assert_msg(table->columns[0].type == COLUMN_CATEGORICAL, "%s was taken for a number", texts[i]);
		assert_cell(table, 0, 0, texts[i]);
		cln_table_destroy(table);
	}
}
END_TEST

START_TEST(infinity_is_an_error_among_numbers_and_a_text_among_texts)
{
	bad("x,y\n1,2\n1e999,3\n-Inf,4\n",
	    "t.csv:3:1: not a finite number (\"1e999\", column \"x\"; the largest is 3.4e38; an empty cell means missing)\n"
	    "t.csv:4:1: not a finite number (\"-Inf\", column \"x\"; the largest is 3.4e38; an empty cell means missing)");
	bad("x,y\n1,-inf\n+INFINITY,2\n", /* in order of place, not of columns */
	    "t.csv:2:3: not a finite number (\"-inf\", column \"y\"; the largest is 3.4e38; an empty cell means missing)\n"
	    "t.csv:3:1: not a finite number (\"+INFINITY\", column \"x\"; the largest is 3.4e38; an empty cell means missing)");
	struct cln_table *table = read_ok("x,y\ninf,2\nhigh,3\n", NULL);
	assert_cell(table, 0, 0, "inf");
	cln_table_destroy(table);
}
END_TEST

START_TEST(a_decimal_comma_is_told)
{
	bad("x;y\n1,5;2\n3;4\n",
	    "t.csv:2:1: a number with a comma (\"1,5\", column \"x\"; write a decimal point, or name the column in "
	    "--categorical)");
	bad_with("x,y\n\"1,5\",2\n", (struct cln_read_options){.numeric = "x"}, CLN_E_DATA,
		 "t.csv:2:1: not a number (\"1,5\", column \"x\"; write a decimal point)");
	/* predict has no --categorical */
	bad_with("x;y\n1,5;2\n", (struct cln_read_options){.needed = (const char *[]){"x"}, .n_needed = 1}, CLN_E_DATA,
		 "t.csv:2:1: a number with a comma (\"1,5\", column \"x\"; write a decimal point)");
	struct cln_read_options options = {.categorical = "x"};
	struct cln_table *table = read_ok("x;y\n1,5;2\n", &options);
	assert_cell(table, 0, 0, "1,5");
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- missing cells and types */

START_TEST(missing_tokens_are_known)
{
	static const char *const tokens[] = {"",    "?",   "-",   ".",    "NA",   "N/A",  "#N/A", "#NA",  "<NA>", "na",  "n/a",
					     "NaN", "nan", "NAN", "-nan", "-NaN", "null", "NULL", "Null", "None", "\\N", "#NULL!"};
	for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
		char csv[128];
		ck_assert(gap_by_default(tokens[i], strlen(tokens[i])));
		snprintf(csv, sizeof csv, "x,y,z\n%s,%s,1\n %s ,\"%s\",1\n1,a,1\n", tokens[i], tokens[i], tokens[i], tokens[i]);
		struct cln_table *table = read_ok(csv, NULL);
		ck_assert_int_eq(table->columns[0].type, COLUMN_NUMERIC);
		ck_assert_uint_eq(table->columns[0].n_missing, 2);
		ck_assert_uint_eq(table->columns[1].n_missing, 2);
		ck_assert_uint_eq(table->columns[1].n_levels, 1);
		ck_assert(isnan(table->columns[0].numbers[0]) && table->columns[1].codes[1] == LEVEL_MISSING);
		cln_table_destroy(table);
	}
	static const char *const values[] = {"none", "N",       "n",     "NAS",  "nul",      "0",
					     "--",   "unknown", "NULL1", "naan", "nonesuch", "-inf"};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		ck_assert_msg(!gap_by_default(values[i], strlen(values[i])), "%s is taken for a gap", values[i]);
}
END_TEST

/* The list's texts, spaces aside, quoted or not; its numbers by their value, in columns of numbers and of texts. */
START_TEST(further_texts_are_gaps_where_asked_for)
{
	const struct cln_read_options options = {.missing = "not known , -999,,inf", .categorical = "z"};
	struct cln_table *table = read_ok("x,y,z\n1.5,red,-999.0\n-999,not known,7\n\" not known\",blue,07\n-9.99e2, "
					  "not known ,-9990\ninf,-999,8\nNA,not,8\n",
					  &options);
	ck_assert_int_eq(table->columns[0].type, COLUMN_NUMERIC);
	ck_assert_uint_eq(table->columns[0].n_missing, 5);
	ck_assert_uint_eq(table->columns[1].n_missing, 3);
	ck_assert_uint_eq(table->columns[1].n_levels, 3);
	ck_assert_uint_eq(table->columns[2].n_missing, 1);
	ck_assert_uint_eq(table->columns[2].n_levels, 4);
	ck_assert_str_eq(table->missing, "-999,inf,not known");
	for (size_t row = 1; row < 6; row++)
		ck_assert(isnan(table->columns[0].numbers[row]));
	ck_assert_uint_eq(table->columns[2].codes[0], LEVEL_MISSING);
	cln_table_destroy(table);
	table = read_ok("x,y\nnot known,1\n", &(struct cln_read_options){.missing = " , "});
	assert_cell(table, 0, 0, "not known");
	ck_assert_ptr_null(table->missing);
	cln_table_destroy(table);
}
END_TEST

/* The usual gaps count there too. */
START_TEST(labels_and_weights_are_no_further_gaps)
{
	static const char text[] = "x,w,k,y\n0,0,0,0\n1,1,1,1\n0,NA,NA,NA\n";
	static const char *const exempt[] = {"k", "none"};
	const struct cln_read_options trained = {.missing = "0", .label = "", .weight = "w"};
	const struct cln_read_options like = {.missing = "0", .exempt = exempt, .n_exempt = 2, .categorical = "y"};
	static const size_t n_missing[2][4] = {{2, 1, 2, 1}, {2, 2, 1, 2}};
	for (size_t i = 0; i < 4; i++) {
		struct cln_read_options read = i % 2 ? like : trained;
		read.keep = i < 2 ? NULL : "k,y";
		struct cln_table *table = read_ok(text, &read);
		for (size_t c = 0; c < 4; c++)
			ck_assert_uint_eq(table->columns[c].n_missing, n_missing[i % 2][c]);
		cln_table_destroy(table);
	}
}
END_TEST

START_TEST(what_is_kept_is_a_gap_and_stays_as_it_is_written)
{
	static const char *const needed[] = {"x", "y"};
	const struct cln_read_options options = {.missing = "unknown,0", .keep = "x,id", .needed = needed, .n_needed = 2};
	struct cln_table *table = read_ok("id,x,y\nunknown,0.0,1\n00,unknown,0\nNA,NA,2\n7,,1\n", &options);
	static const size_t n_missing[] = {1, 4, 1};
	const struct column *id = &table->columns[0], *x = &table->columns[1];
	for (size_t c = 0; c < 3; c++) {
		ck_assert_uint_eq(table->columns[c].n_missing, n_missing[c]);
		ck_assert((table->columns[c].written != NULL) == (c < 2));
	}
	assert_cell(table, 0, 0, "unknown");
	assert_cell(table, 0, 1, "");
	ck_assert_str_eq(x->levels[x->written[0]], "0.0");
	ck_assert_str_eq(x->levels[x->written[1]], "unknown");
	ck_assert_str_eq(id->levels[id->written[2]], "NA");
	ck_assert_str_eq(x->levels[x->written[2]], "NA");
	ck_assert_uint_eq(x->written[3], LEVEL_MISSING);
	cln_table_destroy(table);
}
END_TEST

START_TEST(equal_lists_of_gaps_have_one_form)
{
	static const char *const lists[][2] = {{" a , -999", "-999,a"},	  {"-9.990e2,a,,a,-999", "-999,a"},
					       {"ab,a b,a", "a,a b,ab"}, {"-0,0.0,+0,1e9,1000000000", "0,1e+09"},
					       {"1e9,1e9", "1e+09"},	  {"-999,1e+09,a,ab", "-999,1e+09,a,ab"}};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		struct cln_table *table = read_ok("x,y\n1e9,1\n", &(struct cln_read_options){.missing = lists[i][0]});
		ck_assert_str_eq(table->missing, lists[i][1]);
		cln_table_destroy(table);
	}
}
END_TEST

START_TEST(lists_of_gaps_have_limits)
{
	char list[2 * 33 + 1];
	for (size_t i = 0; i < 33; i++)
		memcpy(list + 2 * i, "x,", 3);
	bad_with("x,y\n1,2\n", (struct cln_read_options){.missing = list}, CLN_E_USAGE, "--missing: more than 32 texts");
	bad_with("x,y\n1,2\n", (struct cln_read_options){.missing = "\xFF"}, CLN_E_USAGE, "--missing: not valid UTF-8");
	list[2 * 32] = '\0';
	cln_table_destroy(read_ok("x,y\n1,2\n", &(struct cln_read_options){.missing = list}));
}
END_TEST

START_TEST(a_column_of_gaps_is_numeric)
{
	struct cln_table *table = read_ok("x,y\nNA,1\n,2\n", NULL);
	ck_assert_int_eq(table->columns[0].type, COLUMN_NUMERIC);
	ck_assert_uint_eq(table->columns[0].n_missing, 2);
	cln_table_destroy(table);
}
END_TEST

/* A text beyond the rows that are looked at first. */
static char *late_text(size_t n_rows, const char *late)
{
	struct text csv = {0};
	text_add(&csv, "x,y\n", 4);
	for (size_t i = 0; i < n_rows; i++)
		text_addf(&csv, "%zu,%s\n", i % 7, i == n_rows - 2 ? late : i % 2 ? "10" : "9");
	ck_assert(!csv.failed);
	return csv.bytes;
}

START_TEST(a_late_text_makes_its_column_categorical)
{
	char *csv = late_text(1000, "ten");
	struct cln_table *table = read_ok(csv, NULL);
	const struct column *y = &table->columns[1];
	ck_assert_int_eq(table->columns[0].type, COLUMN_NUMERIC);
	ck_assert_int_eq(y->type, COLUMN_CATEGORICAL);
	ck_assert_uint_eq(y->n_levels, 3);
	ck_assert_str_eq(y->levels[0], "10");
	ck_assert_str_eq(y->levels[2], "ten");
	ck_assert_uint_eq(y->codes[998], 2);
	ck_assert_uint_eq(y->codes[999], 0);
	ck_assert_uint_eq(y->n_texts, 1); /* so that a caller can say that the column is most likely a dirty one */
	ck_assert_uint_eq(y->first_text_row, 998);
	cln_table_destroy(table);
	assert_steady(csv, strlen(csv), NULL);
	mem_free(csv);
}
END_TEST

START_TEST(a_late_text_in_a_numeric_column_is_an_error)
{
	char *csv = late_text(1000, "ten");
	bad_with(
	    csv, (struct cln_read_options){.numeric = "y"}, CLN_E_DATA,
	    "t.csv:1000:3: not a number (\"ten\", column \"y\"; the column was said to be numeric; an empty cell means missing)");
	mem_free(csv);
}
END_TEST

START_TEST(categories_keep_their_text_and_ignored_columns_hold_nothing)
{
	struct cln_read_options options = {.categorical = "code", .ignore = "id,4"};
	struct cln_table *table = read_ok("code,id,x,junk\n01,a,1,\"\xE9\"\n1,b,2,?\n", &options);
	ck_assert_uint_eq(table->columns[0].n_levels, 2);
	ck_assert(table->columns[0].type_was_given && !table->columns[2].type_was_given);
	assert_cell(table, 0, 0, "01");
	ck_assert(table->columns[1].ignored && !table->columns[1].numbers && !table->columns[1].codes);
	ck_assert(table->columns[3].ignored && !table->columns[2].ignored);
	cln_table_destroy(table);
}
END_TEST

START_TEST(lists_of_columns_take_names_before_numbers)
{
	struct cln_read_options options = {.categorical = "2, c", .no_header = false};
	struct cln_table *table = read_ok("2,b,c\n1,2,3\n", &options);
	ck_assert_int_eq(table->columns[0].type, COLUMN_CATEGORICAL);
	ck_assert_int_eq(table->columns[1].type, COLUMN_NUMERIC);
	ck_assert_int_eq(table->columns[2].type, COLUMN_CATEGORICAL);
	cln_table_destroy(table);
}
END_TEST

START_TEST(lists_of_columns_are_checked)
{
	const char *csv = "a,b\n1,2\n";
	bad_with(csv, (struct cln_read_options){.ignore = "a,d"}, CLN_E_DATA, "--ignore: t.csv has no column \"d\"");
	bad_with(csv, (struct cln_read_options){.ignore = "3"}, CLN_E_DATA, "--ignore: t.csv has no column \"3\"");
	bad_with(csv, (struct cln_read_options){.ignore = "0"}, CLN_E_DATA, "--ignore: t.csv has no column \"0\"");
	bad_with(csv, (struct cln_read_options){.numeric = "a", .categorical = "a"}, CLN_E_USAGE,
		 "column \"a\" is both numeric and categorical");
}
END_TEST

START_TEST(without_a_header_columns_are_numbered)
{
	struct cln_read_options options = {.no_header = true, .categorical = "2"};
	struct cln_table *table = read_ok("5,6\n7,8\n", &options);
	ck_assert_uint_eq(table->n_rows, 2);
	ck_assert_str_eq(table->columns[1].name, "2");
	ck_assert_uint_eq(table_line(table, 0), 1);
	assert_cell(table, 0, 0, "5");
	assert_cell(table, 1, 1, "8");
	cln_table_destroy(table);
	bad_with("1,2\n3\n", options, CLN_E_DATA, "t.csv:2:2: 1 field where the first row has 2");
}
END_TEST

START_TEST(an_empty_name_becomes_its_number)
{
	struct cln_table *table = read_ok(",a,\n1,2,\n", NULL);
	ck_assert_str_eq(table->columns[0].name, "1");
	ck_assert_str_eq(table->columns[2].name, "3");
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- errors */

START_TEST(rows_of_other_lengths_are_told)
{
	bad("a,b,c\n1,2,3\n1,2\n1,2,3,4,5\n",
	    "t.csv:3:4: 2 fields where the header has 3\n"
	    "t.csv:4:7: 5 fields where the header has 3 (a text with a separator in it needs quotes around it)");
	bad("a,b\n1,\"x\ny\"\n \n", "t.csv:4:2: 1 field where the header has 2");
	bad("a,b,c\r\n1,2,3\r\n1,2\r\n", "t.csv:3:4: 2 fields where the header has 3");
}
END_TEST

START_TEST(a_place_is_a_physical_line_and_a_byte)
{
	bad_with("a,b\n\n\"x\ny\",\"\xC3\xA4\n\",1\n1,\"\xC3\xA4\",2\n\"p\nq\",z\n", (struct cln_read_options){.numeric = "b"},
		 CLN_E_DATA,
		 "t.csv:5:3: 3 fields where the header has 2 (a text with a separator in it needs quotes around it)\n"
		 "t.csv:6:8: 3 fields where the header has 2 (a text with a separator in it needs quotes around it)");
	bad_with("a,b\n\n\"x\ny\",1\n\"p\nq\",\"z\n\"\n", (struct cln_read_options){.numeric = "b"}, CLN_E_DATA,
		 "t.csv:6:4: not a number (\"z?\", column \"b\"; the column was said to be numeric; an empty cell means missing)");
}
END_TEST

START_TEST(text_behind_a_closing_quote_is_the_last_error_told)
{
	bad("a,b\n1\n\"x\ny\" z,2\n1,2,3\n", "t.csv:2:2: 1 field where the header has 2\n"
					     "t.csv:4:3: text behind a closing quote (\" z,2\", column \"a\"; the field begins at "
					     "3:1; within quotes a quote is written twice)");
}
END_TEST

START_TEST(a_quote_without_an_end_is_told_where_it_opens)
{
	bad("a,b\n1,2\n3,\"x\n4,5\n6,7\n",
	    "t.csv:3:3: a quoted field that does not end (\"\"x\", column \"b\"; its closing quote is missing)");
	bad("a,\"b\n1,2\n", "t.csv:1:3: a quoted field that does not end (\"\"b\", column 2; its closing quote is missing)");
}
END_TEST

START_TEST(a_lone_carriage_return_is_told)
{
	bad("a,b\r1,2\r3,4\r",
	    "t.csv:1:4: a carriage return without a line feed (\"b?1,2?3,4?\", column 2; convert the line ends, for example: "
	    "tr '\\r' '\\n')");
	bad("a,b\n1,x\ry\n",
	    "t.csv:2:4: a carriage return without a line feed (\"x?y\", column \"b\"; convert the line ends, for example: "
	    "tr '\\r' '\\n')");
}
END_TEST

static const struct {
	char bytes[8];
	int bits;
} marks[] = {{"\xFE\xFF\0a\0,\0", 16}, {"\xFF\xFE\0\0a\0\0", 32}, {"\0\0\xFE\xFF\0\0\0", 32}};

START_TEST(a_comma_may_separate_thousands)
{
	static const char *const thousands[] = {"16,778", "-1,234.5", "+100,000", "1,000"};
	static const char *const decimals[] = {"16,77", "1234,567", ",125", "0,5e3", "1,2345", "-,500"};
	for (size_t i = 0; i < sizeof thousands / sizeof *thousands; i++) {
		const char *text = thousands[i];
		ck_assert_str_eq(cell_comma_hint(text, strlen(text), false),
				 "leave out a comma that separates thousands; write a decimal comma as a point");
	}
	for (size_t i = 0; i < sizeof decimals / sizeof *decimals; i++)
		ck_assert_str_eq(cell_comma_hint(decimals[i], strlen(decimals[i]), false), "write a decimal point");
	bad("x;y\n16,778;2\n3;4\n",
	    "t.csv:2:1: a number with a comma (\"16,778\", column \"x\"; leave out a comma that separates thousands, write a "
	    "decimal comma as a point, or name the column in --categorical)");
}
END_TEST

static const struct {
	char bytes[16];
	const char *what;
} packed[] = {{"\xFD\x37zXZ\0\0\4", "an xz file, which is not read here (unpack it: xz -dc FILE | colonnade ... -)"},
	      {"\x28\xB5\x2F\xFD\4X", "a zstd file, which is not read here (unpack it: zstd -dc FILE | colonnade ... -)"},
	      {"\x1F\x8B\x08\0", "still packed by gzip, which is not read here (unpack it: gzip -dc FILE | colonnade ... -)"},
	      {"BZh91AY&SY\0\1", "a bzip2 file, which is not read here (unpack it: bzip2 -dc FILE | colonnade ... -)"},
	      {"PK\3\4\24\0\0", "a zip archive, which is not read here (one table in it: unzip -p FILE | colonnade ... -; of a "
			     ".npz file one array: unzip -p FILE NAME.npy | colonnade ... -; save a spreadsheet as CSV)"}};

START_TEST(packed_files_are_named)
{
	const char *bytes = packed[_i].bytes;
	char message[256];
	struct source source = source_memory("t.csv", bytes, sizeof packed[_i].bytes);
	struct cln_table *table;
	struct cln_error err;
	snprintf(message, sizeof message, "memory is %s", packed[_i].what);
	ck_assert_int_eq(cln_table_read_text(&table, bytes, sizeof packed[_i].bytes, NULL, &err), CLN_E_DATA);
	ck_assert_str_eq(err.message, message);
	for (source.size = 0; source.size < 3; source.size++) /* too short to be told */
		ck_assert_int_eq(source_refuse_packed(&source, &err), CLN_OK);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_refused)
{
	char message[96];
	static const char utf16[] = "\xFF\xFE"
				    "a\0,\0b\0\n";
	fails("a,b\n1,2\nx\0y,3\n", 15, NULL, CLN_E_DATA,
	      "t.csv:3:2: a NUL byte (this is no UTF-8 text; UTF-16 can be converted: iconv -f UTF-16 -t UTF-8)");
	fails(utf16, sizeof utf16, NULL, CLN_E_DATA, "t.csv:1:1: this is UTF-16 (convert it: iconv -f UTF-16 -t UTF-8)");
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		snprintf(message, sizeof message, "t.csv:1:1: this is UTF-%d (convert it: iconv -f UTF-%d -t UTF-8)", marks[i].bits,
			 marks[i].bits);
		fails(marks[i].bytes, sizeof marks[i].bytes, NULL, CLN_E_DATA, message);
	}
	bad("a,b\n1,caf\xE9\n2,caf\xE9\n",
	    "t.csv:2:3: not valid UTF-8 (\"caf?\", column \"b\"; convert the file, for example: iconv -f LATIN1 -t UTF-8)\n"
	    "t.csv:3:3: not valid UTF-8 (\"caf?\", column \"b\"; convert the file, for example: iconv -f LATIN1 -t UTF-8)");
	bad("a,\xE9\n1,2\n",
	    "t.csv:1:3: not valid UTF-8 (\"?\", column 2; convert the file, for example: iconv -f LATIN1 -t UTF-8)");
}
END_TEST

START_TEST(names_must_differ)
{
	bad("a,b,a\n1,2,3\n", "t.csv:1:5: a second column of the same name (\"a\", column 3; the first is column 1)");
	bad("b,,b\n1,2,3\n", "t.csv:1:4: a second column of the same name (\"b\", column 3; the first is column 1)");
	bad(",1\n1,2\n",
	    "t.csv:1:2: a second column of the same name (\"1\", column 2; the first is column 1; if the first line is data, "
	    "--no-header)");
	bad("0.5,NA,NA\n1,2,3\n",
	    "t.csv:1:8: a second column of the same name (\"NA\", column 3; the first is column 2; if the first line is data, "
	    "--no-header)");
}
END_TEST

START_TEST(tables_without_content_are_refused)
{
	bad("", "t.csv is empty");
	bad("\xEF\xBB\xBF", "t.csv is empty");
	bad("\n\r\n\n", "t.csv holds nothing but empty lines");
	bad("a,b\n", "t.csv: there is a header, but no row below it");
	bad("a,b", "t.csv: there is a header, but no row below it");
	bad("a\n1\n", "t.csv:1:1: there is only one column (comma, tab and semicolon were tried as separators)");
	bad_with("a,b\n1,2\n", (struct cln_read_options){.separator = ';'}, CLN_E_DATA,
		 "t.csv:1:1: there is only one column (is this the right separator?)");
	bad("a|b|c\n1|2|3\n", "t.csv:1:1: there is only one column with a comma, tab or semicolon as separator, but 3 with "
			      "--separator '|'");
	bad("a b\n1 2\n", "t.csv:1:1: there is only one column with a comma, tab or semicolon as separator, but 2 with "
			  "--separator ' '");
	bad("a b\n1\n", "t.csv:1:1: there is only one column (comma, tab and semicolon were tried as separators)");
	struct cln_read_options of_model = {.expected = (const char *[]){"a"}, .n_expected = 1};
	cln_table_destroy(read_ok("a\n1\n", &of_model));
}
END_TEST

START_TEST(ten_errors_are_told_and_the_others_counted)
{
	struct text csv = {0}, wanted = {0};
	struct cln_read_options options = {.numeric = "x"};
	text_add(&csv, "x,y\n", 4);
	for (int i = 0; i < 30; i++)
		text_addf(&csv, "%s,1\n", i % 2 ? "bad" : "7");
	for (int i = 0; i < 10; i++)
		text_addf(&wanted,
			  "t.csv:%d:1: not a number (\"bad\", column \"x\"; the column was said to be numeric; an empty cell means "
			  "missing)\n",
			  3 + 2 * i);
	text_addf(&wanted, "... and 5 more errors");
	fails(csv.bytes, csv.length, &options, CLN_E_DATA, wanted.bytes);
	assert_steady(csv.bytes, csv.length, &options);
	text_free(&csv);
	text_free(&wanted);
}
END_TEST

START_TEST(errors_are_told_alike_in_all_windows)
{
	static const char *const texts[] = {
	    "a,b\n1\n2,3\n4,5,6\n\n7\n8,\"x\"y\n9\n10\n",
	    "a,b\n1,\"x\n2,3\n4,5\n",
	    "a,b\n1,x\ry\n2\n3\n",
	    "a,b\nx,1\n\xC3,2\ny,\xFF\xFE\n\xC3,3\n",
	    "a,b\nx,1\n\"y\nz\",1e999\n\"\n\",inf\n",
	    "a;b\n1;\"2,5\"\n3;4,5\n5;6\n",
	    "a,b\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n\"x\"y,1\n1\n1\n",
	    "a,\"b\"c\n1,2\n",
	    "a,b,b\n1,2,3\n",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct cln_table *table;
		ck_assert_int_eq(read_bytes(&table, texts[i], strlen(texts[i]), NULL, 1, 0, NULL), CLN_E_DATA);
		assert_steady(texts[i], strlen(texts[i]), NULL);
	}
}
END_TEST

/* ---------------------------------------------------------------- sizes */

START_TEST(a_field_may_be_a_mebibyte_long_and_no_longer)
{
	static const size_t windows[] = {0, 100, 4096, (size_t)1 << 22};
	size_t most = CSV_MAX_FIELD + 1;
	char *csv = mem_alloc(most + 64, 1, NULL);
	for (size_t n = CSV_MAX_FIELD - 1; n <= most; n++)
		for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
			for (int quoted = 0; quoted < 2; quoted++) {
				struct cln_table *table;
				struct cln_error err = {0};
				memcpy(csv, "a,b\n1,", 6);
				memset(csv + 6, 'x', n);
				if (quoted)
					csv[6] = csv[6 + n - 1] = '"';
				memcpy(csv + 6 + n, "\n2,y\n", 6);
				enum cln_status status = read_bytes(&table, csv, 6 + n + 5, NULL, 2, windows[i], &err);
				ck_assert_int_eq(status, n == most ? CLN_E_DATA : CLN_OK);
				ck_assert(status == CLN_OK ||
					  strstr(err.message, "t.csv:2:3: a field of more than 1048576 bytes (\""));
				ck_assert(status != CLN_OK || strlen(table->columns[1].levels[0]) == n - (quoted ? 2 : 0));
				cln_table_destroy(table);
			}
	mem_free(csv);
}
END_TEST

START_TEST(wide_tables_are_read)
{
	enum { COLUMNS = 20000, ROWS = 3 };
	struct text csv = {0};
	for (int row = -1; row < ROWS; row++)
		for (int c = 0; c < COLUMNS; c++)
			text_addf(&csv, "%s%d%c",
				  row < 0   ? "f"
				  : c == 17 ? "t"
					    : "",
				  row < 0 ? c : row * COLUMNS + c, c + 1 < COLUMNS ? ';' : '\n');
	for (size_t window = 0; window <= 1000; window += 1000) {
		struct cln_table *table;
		assert_ok(read_bytes(&table, csv.bytes, csv.length, NULL, 2, window, &err));
		ck_assert_uint_eq(table->n_columns, COLUMNS);
		for (size_t c = 0; c < COLUMNS; c++)
			ck_assert(c == 17 || table->columns[c].numbers[2] == (float)(2 * COLUMNS + c));
		assert_cell(table, 1, 17, "t20017");
		cln_table_destroy(table);
	}
	text_free(&csv);
}
END_TEST

START_TEST(a_column_of_distinct_long_texts_is_read)
{
	enum { ROWS = 20000 };
	struct text csv = {0};
	text_add(&csv, "id,x\n", 5);
	for (int i = 0; i < ROWS; i++)
		text_addf(&csv, "%0200d,1\n", (ROWS - i) * 7);
	struct cln_read_options options = {.categorical = "id"};
	struct cln_table *table = read_ok(csv.bytes, &options);
	ck_assert_uint_eq(table->columns[0].n_levels, ROWS);
	for (size_t i = 0; i < ROWS; i++)
		ck_assert_uint_eq(table->columns[0].codes[i], ROWS - 1 - i);
	cln_table_destroy(table);
	text_free(&csv);
}
END_TEST

/* ---------------------------------------------------------------- files */

static char path[] = "/tmp/colonnade-test-XXXXXX";

static void write_file(const void *bytes, size_t n)
{
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	ck_assert_int_eq(close(fd), 0);
}

static void remove_file(void)
{
	unlink(path);
}

static const char small[] = "a,b\n1,x\n2,y\n";

START_TEST(a_file_is_read_and_its_cells_are_placed)
{
	struct cln_table *table;
	char place[TABLE_PLACE], wanted[TABLE_PLACE];
	write_file(tricky, sizeof tricky - 1);
	assert_ok(cln_table_read(&table, path, NULL, &err));
	ck_assert_uint_eq(table->n_rows, 6);
	table_place(place, table, 4, 3);
	snprintf(wanted, sizeof wanted, "%s:14:16", path);
	ck_assert_str_eq(place, wanted);
	table_place(place, table, 0, 0);
	snprintf(wanted, sizeof wanted, "%s:2:1", path);
	ck_assert_str_eq(place, wanted);
	remove_file();
	table_place(place, table, 0, 0); /* the column is not known any more */
	snprintf(wanted, sizeof wanted, "%s:2", path);
	ck_assert_str_eq(place, wanted);
	cln_table_destroy(table);
}
END_TEST

START_TEST(files_that_cannot_be_read_are_named)
{
	struct cln_table *table;
	struct cln_error err = {0};
	ck_assert_int_eq(cln_table_read(&table, "/nonexistent/x.csv", &defaults, &err), CLN_E_IO);
	ck_assert_str_eq(err.message, "cannot open /nonexistent/x.csv: No such file or directory");
	ck_assert_ptr_null(table);
	ck_assert_int_eq(cln_table_read(&table, "/tmp", &defaults, &err), CLN_E_IO);
	ck_assert_str_eq(err.message, "/tmp is a directory, not a table");
	ck_assert_int_eq(cln_table_read(&table, "/tmp", &(struct cln_read_options){.threads = -1}, &err), CLN_E_USAGE);
	ck_assert_int_eq(cln_table_read(&table, "/nonexistent/x.csv", &defaults, NULL), CLN_E_IO);
}
END_TEST

START_TEST(a_file_does_not_become_standard_input_where_that_is_closed)
{
	struct cln_table *table;
	struct cln_error refusal = {0};
	char cache[sizeof path + 8];
	write_file(small, sizeof small - 1);
	close(STDIN_FILENO);
	assert_ok(cln_table_read(&table, path, NULL, &err));
	cln_table_destroy(table);
	ck_assert_int_eq(cln_table_read(&table, "-", NULL, &refusal), CLN_E_IO);
	snprintf(cache, sizeof cache, "%s.cache", path);
	for (int i = 0; i < 2; i++) /* the second looks at what it replaces */
		assert_ok(cln_table_convert(path, cache, NULL, NULL, &err));
	unlink(cache);
	ck_assert_int_eq(cln_table_read(&table, "-", NULL, &refusal), CLN_E_IO);
	remove_file();
}
END_TEST

START_TEST(standard_input_may_be_a_file_or_a_pipe)
{
	for (int pipe_end = 0; pipe_end < 2; pipe_end++) {
		struct cln_table *table;
		char place[TABLE_PLACE];
		int fds[2];
		if (pipe_end) {
			ck_assert_int_eq(pipe(fds), 0);
			ck_assert_int_eq(write(fds[1], small, sizeof small - 1), (ssize_t)sizeof small - 1);
			close(fds[1]);
		} else {
			strcpy(path + strlen(path) - 6, "XXXXXX");
			write_file(small, sizeof small - 1);
			fds[0] = open(path, O_RDONLY);
		}
		ck_assert_int_ge(dup2(fds[0], STDIN_FILENO), 0);
		assert_ok(cln_table_read(&table, "-", &defaults, &err));
		ck_assert_uint_eq(table->n_rows, 2);
		assert_cell(table, 1, 1, "y");
		table_place(place, table, 1, 1);
		ck_assert_str_eq(place, "standard input:3:3");
		cln_table_destroy(table);
	}
	remove_file();
}
END_TEST

#ifdef HAVE_ZLIB
/* Compresses n bytes to one gz member; returns its length. */
static size_t gz_member(unsigned char *to, size_t most, const char *text, size_t n)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)text, .avail_in = (uInt)n, .next_out = to, .avail_out = (uInt)most};
	ck_assert_int_eq(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	ck_assert_int_eq(deflateEnd(&stream), Z_OK);
	return most - stream.avail_out;
}

static enum cln_status read_as_file(struct cln_table **table, const void *bytes, size_t n, struct cln_error *err)
{
	strcpy(path + strlen(path) - 6, "XXXXXX");
	write_file(bytes, n);
	enum cln_status status = cln_table_read(table, path, &defaults, err);
	remove_file();
	return status;
}

START_TEST(gz_is_read_in_several_members_and_padded)
{
	unsigned char gz[1024] = {0};
	struct cln_table *table, *plain = read_ok(small, NULL);
	size_t n = gz_member(gz, 512, small, 5);
	n += gz_member(gz + n, 512, small + 5, sizeof small - 1 - 5);
	for (size_t padding = 0; padding <= 100; padding += 100) {
		assert_ok(read_as_file(&table, gz, n + padding, &err));
		assert_same(table, plain);
		cln_table_destroy(table);
	}
	cln_table_destroy(plain);
}
END_TEST

START_TEST(large_gz_gives_the_table_of_its_text)
{
	struct text csv = {0};
	text_add(&csv, "a,b\n", 4);
	for (int i = 0; csv.length < 2 * SOURCE_BLOCK + 12345; i++)
		text_addf(&csv, "%d,t%d\n", i, i % 10);
	struct cln_table *table, *plain = read_ok(csv.bytes, NULL);
	unsigned char *gz = mem_alloc(csv.length, 1, NULL);
	assert_ok(read_as_file(&table, gz, gz_member(gz, csv.length, csv.bytes, csv.length), &err));
	assert_same(table, plain);
	cln_table_destroy(table);
	cln_table_destroy(plain);
	mem_free(gz);
	text_free(&csv);
}
END_TEST

/* Reads a text from a gz file as cln_table_read does, and from memory: the same table, or the same words.  early: whether rows are
 * read up to the end of the file before all of it is there. */
static void check_early(struct text *csv, bool early)
{
	static const struct cln_read_options two_threads = {.threads = 2};
	struct csv_early reading = {.options = &two_threads};
	struct meanwhile meanwhile = {csv_early_begin, csv_early_work, &reading};
	struct cln_table *table = NULL, *plain;
	struct cln_error told = {0}, expected = {0};
	struct source file, text = source_memory(path, csv->bytes, csv->length);
	unsigned char *gz = mem_alloc(csv->length, 1, NULL);
	strcpy(path + strlen(path) - 6, "XXXXXX");
	write_file(gz, gz_member(gz, csv->length, csv->bytes, csv->length));
	assert_ok(source_open_with(&file, path, &meanwhile, &err));
	ck_assert_int_eq(reading.running, early);
	ck_assert(!early || reading.reader.n_parsed + 8 > (csv->length - SOURCE_BLOCK) / reading.reader.window_bytes);
	enum cln_status status = CLN_OK, expected_status = csv_read_source(&plain, &text, &defaults, 2, 0, &expected);
	if (!csv_early_finish(&table, &reading, &file, &status, &told))
		status = csv_read_source(&table, &file, &two_threads, 2, 0, &told);
	ck_assert_int_eq(status, expected_status);
	ck_assert_str_eq(told.message, expected.message);
	if (status == CLN_OK)
		assert_same(table, plain);
	cln_table_destroy(table);
	cln_table_destroy(plain);
	source_close(&file);
	remove_file();
	mem_free(gz);
	text_free(csv);
}

#define LONG_TEXT (MEANWHILE_FROM + 5 * SOURCE_BLOCK + 4321)

/* With quoted line ends, blank lines, a missing cell, and a column that turns out to be text in the last row alone. */
static void add_rows(struct text *csv, size_t length)
{
	text_add(csv, "a,b,late,c\n", 11);
	for (int i = 0; csv->length < length; i++)
		text_addf(csv, "%d,t%d,%d.25,%s%s\n", i, i % 10, i % 100, i % 7 ? "-1.5" : "\"x\ny\"", i % 5 ? "" : "\r\n");
}

START_TEST(rows_are_read_while_their_text_is_inflated)
{
	struct text csv = {0};
	add_rows(&csv, LONG_TEXT);
	text_addf(&csv, "1,?,a text,2%s", _i ? "\n" : "");
	check_early(&csv, true);
}
END_TEST

START_TEST(a_row_that_cannot_be_read_is_told_alike_while_its_text_is_inflated)
{
	struct text csv = {0};
	add_rows(&csv, _i ? LONG_TEXT : LONG_TEXT / 2);
	text_addf(&csv, "1,2,3,4,5\n");
	if (_i == 0)
		for (int i = 0; csv.length < LONG_TEXT; i++)
			text_addf(&csv, "%d,2,3,4\n", i);
	check_early(&csv, _i);
}
END_TEST

/* Long rows that hardly become shorter by compression, and then many short ones. */
START_TEST(more_rows_than_the_first_blocks_let_expect_are_read_all_the_same)
{
	struct text csv = {0};
	struct rng rng;
	rng_start(&rng, 1, RNG_TEST, 0, 0);
	text_add(&csv, "a,b\n", 4);
	while (csv.length < MEANWHILE_FROM + SOURCE_BLOCK) {
		text_add(&csv, "1,", 2);
		for (int i = 0; i < 100; i++)
			text_addf(&csv, "%08x", (unsigned)rng_next(&rng));
		text_add(&csv, "\n", 1);
	}
	while (csv.length < MEANWHILE_FROM + 3 * SOURCE_BLOCK)
		text_add(&csv, "1,x\n2,y\n", 8);
	check_early(&csv, false);
}
END_TEST

/* Told as what it is, although the parts of a gz file are read while it is inflated. */
START_TEST(gz_that_holds_no_text_is_refused)
{
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		unsigned char gz[512];
		struct cln_table *table;
		struct cln_error err = {0};
		const size_t n = gz_member(gz, sizeof gz, marks[i].bytes, sizeof marks[i].bytes);
		ck_assert_int_eq(read_as_file(&table, gz, n, &err), CLN_E_DATA);
		ck_assert_ptr_nonnull(strstr(err.message, marks[i].bits == 16 ? ":1:1: this is UTF-16" : ":1:1: this is UTF-32"));
	}
}
END_TEST

START_TEST(gz_that_is_cut_short_is_an_error)
{
	unsigned char gz[512];
	size_t n = gz_member(gz, sizeof gz, small, sizeof small - 1);
	for (size_t length = 2; length < n; length++) {
		struct cln_table *table;
		struct cln_error err = {0};
		ck_assert_int_eq(read_as_file(&table, gz, length, &err), CLN_E_DAMAGED);
		ck_assert_ptr_nonnull(strstr(err.message, "the gz file is cut short"));
	}
}
END_TEST

/* Behind the header's free fields (time, extra flags, system: bytes 4 to 9) a changed bit is an error, or one of the at most seven
 * that fill up the last byte of the compressed text and mean nothing. */
START_TEST(gz_that_is_damaged_is_an_error)
{
	unsigned char gz[512];
	size_t n = gz_member(gz, sizeof gz, small, sizeof small - 1), n_unused = 0;
	struct cln_table *table, *plain = read_ok(small, NULL);
	for (size_t bit = 8 * 10; bit < 8 * n; bit++) {
		gz[bit / 8] ^= (unsigned char)(1u << bit % 8);
		enum cln_status status = read_as_file(&table, gz, n, NULL);
		gz[bit / 8] ^= (unsigned char)(1u << bit % 8);
		ck_assert(status == CLN_OK || status == CLN_E_DAMAGED);
		n_unused += status == CLN_OK;
		if (table)
			assert_same(table, plain);
		cln_table_destroy(table);
	}
	ck_assert_uint_le(n_unused, 7);
	cln_table_destroy(plain);
}
END_TEST

START_TEST(what_follows_gz_must_be_gz)
{
	unsigned char gz[512] = {0};
	size_t n = gz_member(gz, sizeof gz, small, sizeof small - 1);
	struct cln_table *table;
	gz[n] = 'x';
	ck_assert_int_eq(read_as_file(&table, gz, n + 1, NULL), CLN_E_DAMAGED);
	gz[n] = 0;
	gz[n + 1] = 'x';
	ck_assert_int_eq(read_as_file(&table, gz, n + 2, NULL), CLN_E_DAMAGED);
}
END_TEST
#else
START_TEST(gz_without_zlib_is_told)
{
	struct cln_table *table;
	struct cln_error err = {0};
	write_file("\x1f\x8b\x08", 3);
	ck_assert_int_eq(cln_table_read(&table, path, &defaults, &err), CLN_E_DAMAGED);
	ck_assert_ptr_nonnull(strstr(err.message, "it was made without zlib"));
	remove_file();
}
END_TEST
#endif

/* ---------------------------------------------------------------- the suite */

struct named_test {
	const TTest *test;
	int n; /* times it is run, with _i from 0 */
};

static void add_case(Suite *suite, const char *name, const struct named_test *tests, size_t n)
{
	TCase *tcase = tcase_create(name);
	tcase_set_timeout(tcase, 60);
	for (size_t i = 0; i < n; i++)
		tcase_add_loop_test(tcase, tests[i].test, 0, tests[i].n);
	suite_add_tcase(suite, tcase);
}

#define ADD_CASE(suite, name, tests) add_case(suite, name, tests, sizeof tests / sizeof *tests)

static Suite *csv_suite(void)
{
	const struct named_test grammar[] = {{numbers_and_texts_become_columns, 1},
					     {quotes_hold_separators_newlines_and_doubled_quotes, 1},
					     {line_ends_and_a_missing_last_one_change_nothing, 1},
					     {empty_lines_are_skipped_and_counted, 1},
					     {a_byte_order_mark_is_no_part_of_the_first_name, 1},
					     {a_quote_within_an_unquoted_field_is_a_character, 1},
					     {spaces_are_trimmed_outside_quotes_only, 1},
					     {windows_and_threads_change_nothing, 1},
					     {every_beginning_of_a_text_is_read_alike_in_all_windows, 1},
					     {line_ends_and_empty_lines_of_a_plain_file_are_counted, 1},
					     {a_buffer_may_end_anywhere_in_a_row, 1},
					     {random_texts_survive_writing_and_reading, 20}};
	const struct named_test separators[] = {
	    {the_separator_is_found_out, 1}, {a_separator_can_be_given, 1}, {what_cannot_separate_is_refused, 1}};
	const struct named_test numbers[] = {{numbers_are_rounded_as_strtof_does_it, 1},
					     {random_numbers_are_rounded_as_strtof_does_it, 1},
					     {what_is_no_number_is_text, 1},
					     {infinity_is_an_error_among_numbers_and_a_text_among_texts, 1},
					     {a_decimal_comma_is_told, 1},
					     {a_comma_may_separate_thousands, 1}};
	const struct named_test types[] = {{missing_tokens_are_known, 1},
					   {further_texts_are_gaps_where_asked_for, 1},
					    {labels_and_weights_are_no_further_gaps, 1},
					    {what_is_kept_is_a_gap_and_stays_as_it_is_written, 1},
					    {equal_lists_of_gaps_have_one_form, 1},
					    {lists_of_gaps_have_limits, 1},
					    {a_column_of_gaps_is_numeric, 1},
					   {a_late_text_makes_its_column_categorical, 1},
					   {a_late_text_in_a_numeric_column_is_an_error, 1},
					   {categories_keep_their_text_and_ignored_columns_hold_nothing, 1},
					   {lists_of_columns_take_names_before_numbers, 1},
					   {lists_of_columns_are_checked, 1},
					   {without_a_header_columns_are_numbered, 1},
					   {an_empty_name_becomes_its_number, 1}};
	const struct named_test errors[] = {{rows_of_other_lengths_are_told, 1},
					    {a_place_is_a_physical_line_and_a_byte, 1},
					    {text_behind_a_closing_quote_is_the_last_error_told, 1},
					    {a_quote_without_an_end_is_told_where_it_opens, 1},
					    {a_lone_carriage_return_is_told, 1},
					    {packed_files_are_named, sizeof packed / sizeof *packed},
					    {bytes_that_are_no_text_are_refused, 1},
					    {names_must_differ, 1},
					    {tables_without_content_are_refused, 1},
					    {ten_errors_are_told_and_the_others_counted, 1},
					    {errors_are_told_alike_in_all_windows, 1}};
	const struct named_test sizes[] = {{a_field_may_be_a_mebibyte_long_and_no_longer, 1},
					   {wide_tables_are_read, 1},
					   {a_column_of_distinct_long_texts_is_read, 1}};
	const struct named_test files[] = {{a_file_is_read_and_its_cells_are_placed, 1},
					   {files_that_cannot_be_read_are_named, 1},
					   {a_file_does_not_become_standard_input_where_that_is_closed, 1},
					   {standard_input_may_be_a_file_or_a_pipe, 1},
#ifdef HAVE_ZLIB
					   {gz_is_read_in_several_members_and_padded, 1},
					   {large_gz_gives_the_table_of_its_text, 1},
					   {rows_are_read_while_their_text_is_inflated, 2},
					   {a_row_that_cannot_be_read_is_told_alike_while_its_text_is_inflated, 2},
					   {more_rows_than_the_first_blocks_let_expect_are_read_all_the_same, 1},
					   {gz_that_is_cut_short_is_an_error, 1},
					   {gz_that_holds_no_text_is_refused, 1},
					   {gz_that_is_damaged_is_an_error, 1},
					   {what_follows_gz_must_be_gz, 1}
#else
					   {gz_without_zlib_is_told, 1}
#endif
	};
	Suite *suite = suite_create("csv");
	ADD_CASE(suite, "grammar", grammar);
	ADD_CASE(suite, "separators", separators);
	ADD_CASE(suite, "numbers", numbers);
	ADD_CASE(suite, "types", types);
	ADD_CASE(suite, "errors", errors);
	ADD_CASE(suite, "sizes", sizes);
	ADD_CASE(suite, "files", files);
	return suite;
}

TESTING_MAIN(csv_suite)
