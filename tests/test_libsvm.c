/* SPDX-License-Identifier: MIT
 * LibSVM text: the table of the same cells in CSV, errors with their places, what is taken for it and what is not. */
#include "temporary_file.h"

#include <stdio.h>
#include <unistd.h>

#include "base/rng.h"
#include "data/libsvm.h"
#include "data/parts.h"
#include "fail_alloc.h"
#include "tables.h"

static const char text[] = "# made by hand\n"
			   "+1 1:0.5 3:1 4:1e-3 # the first\n"
			   "-1 2:2.50\t3:-1\r\n"
			   "\n"
			   " +1   1:1 \n"
			   "-1 1:nan 4:+07\n"
			   "#\n"
			   "+1";
static const char csv[] = "1,2,3,4,label\n"
			  "0.5,0,1,1e-3,+1\n"
			  "0,2.50,-1,0,-1\n"
			  "1,0,0,0,+1\n"
			  "nan,0,0,+07,-1\n"
			  "0,0,0,0,+1\n";
static const char marked[] = "-1 1:lost 2:-1 4:-1\n"
			     "lost 2:5\n"
			     "+1 3:lost 4:1\n"
			     "-1 1:2 2:lost\n";
static const char marked_csv[] = "1,2,3,4,label\n"
				 "lost,-1,0,-1,-1\n"
				 "0,5,0,0,lost\n"
				 "0,0,lost,1,+1\n"
				 "2,lost,0,0,-1\n";
static const struct cln_read_options none;

/* A block of its own, so that a sanitizer sees every byte read beyond the text. */
static enum cln_status read_bytes(struct cln_table **table, const char *bytes, size_t n, const struct cln_read_options *options,
				  int threads, size_t window, struct cln_error *err)
{
	char *copy = mem_alloc(n, 1, NULL);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes, n);
	struct source source = source_memory("t.svm", copy, n);
	enum cln_status status = libsvm_read(table, &source, options, threads, window, false, err);
	mem_free(copy);
	ck_assert((status == CLN_OK) == (*table != NULL));
	return status;
}

/* ---------------------------------------------------------------- cells */

START_TEST(a_text_is_the_table_of_the_same_cells_in_csv)
{
	static const char *const needed[] = {"3", "label"}, *const known[] = {"1", "4", "label"};
	static const struct cln_read_options asked[] = {
	    {0},
	    {.label = ""},
	    {.label = "2", .weight = "4"},
	    {.categorical = "1,2", .ignore = "4"},
	    {.categorical = "label", .numeric = "3"},
	    {.numeric = "label"},
	    {.known_categories = known, .n_known_categories = 3},
	    {.needed = needed, .n_needed = 2},
	    {.keep = "2,1", .needed = needed, .n_needed = 1},
	};
	struct source source = source_memory("t.csv", csv, strlen(csv));
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		struct cln_table *of_csv, *of_libsvm;
		assert_ok(csv_read_source(&of_csv, &source, &asked[i], 1, 0, &err));
		assert_ok(read_bytes(&of_libsvm, text, strlen(text), &asked[i], 2, 7, &err));
		tables_same(of_libsvm, of_csv);
		cln_table_destroy(of_csv);
		cln_table_destroy(of_libsvm);
	}
}
END_TEST

START_TEST(further_texts_are_gaps_as_in_csv)
{
	static const char *const names[] = {"1", "2", "4"};
	static const struct cln_read_options asked[] = {
	    {.missing = "lost,-1", .categorical = "2"},
	    {.missing = "lost,-1,0", .label = "4", .categorical = "3"},
	    {.missing = "lost,-1,0", .weight = "4", .numeric = "1"},
	    {.missing = "lost,-1", .needed = names, .n_needed = 2},
	    {.missing = "lost,-1", .keep = "1,4", .needed = names, .n_needed = 2},
	    {.missing = "lost,0", .exempt = names + 2, .n_exempt = 1, .categorical = "4"},
	};
	struct source source = source_memory("t.csv", marked_csv, strlen(marked_csv));
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		struct cln_table *of_csv, *of_libsvm;
		assert_ok(csv_read_source(&of_csv, &source, &asked[i], 1, 0, &err));
		assert_ok(read_bytes(&of_libsvm, marked, strlen(marked), &asked[i], 2, 7, &err));
		tables_same(of_libsvm, of_csv);
		ck_assert_uint_eq(of_libsvm->columns[0].n_missing, strchr(asked[i].missing, '0') ? 3 : 1);
		ck_assert(!of_libsvm->columns[0].written == !asked[i].keep && !of_libsvm->columns[3].written);
		ck_assert_int_eq(of_libsvm->columns[3].exempt, i == 1 || i == 2 || i >= 4);
		cln_table_destroy(of_csv);
		cln_table_destroy(of_libsvm);
	}
}
END_TEST

START_TEST(the_cells_are_those_of_the_text)
{
	static const float expected[5][4] = {
	    {0.5f, 0, 1, 1e-3f}, {0, 2.5f, -1, 0}, {1, 0, 0, 0}, {NAN, 0, 0, 7}, {0, 0, 0, 0}};
	struct cln_table *table;
	assert_ok(read_bytes(&table, text, strlen(text), &none, 1, 0, &err));
	ck_assert_uint_eq(table->n_rows, 5);
	ck_assert_uint_eq(table->n_columns, 5);
	for (size_t row = 0; row < 5; row++)
		for (size_t c = 0; c < 4; c++) {
			float number = table->columns[c].numbers[row];
			ck_assert(isnan(expected[row][c]) ? isnan(number) != 0 : number == expected[row][c]);
		}
	ck_assert_str_eq(table->columns[3].name, "4");
	ck_assert_str_eq(table->columns[4].name, "label");
	ck_assert_float_eq(table->columns[4].numbers[1], -1);
	ck_assert_uint_eq(table->columns[0].n_missing, 1);
	cln_table_destroy(table);
}
END_TEST

START_TEST(columns_that_another_table_has_are_there_and_hold_zeros)
{
	static const char *const names[] = {"6", "label", "07", "0", "age", "-3", "1000000", "2"};
	for (int i = 0; i < 2; i++) {
		struct cln_read_options options = {0};
		struct cln_table *table;
		*(i ? &options.needed : &options.expected) = names;
		*(i ? &options.n_needed : &options.n_expected) = sizeof names / sizeof *names;
		assert_ok(read_bytes(&table, "1 1:5\n0 3:2\n", 12, &options, 1, 0, &err));
		ck_assert_uint_eq(table->n_columns, 7);
		ck_assert_str_eq(table->columns[5].name, "6");
		ck_assert(table->columns[5].numbers[0] == 0 && table->columns[5].numbers[1] == 0);
		ck_assert(table->columns[2].ignored == (i == 1));
		cln_table_destroy(table);
	}
	struct cln_read_options options = {.needed = names, .n_needed = 8}; /* labels alone will do where columns are known */
	struct cln_table *table;
	assert_ok(read_bytes(&table, "1\n0\n", 4, &options, 1, 0, &err));
	ck_assert_uint_eq(table->n_columns, 7);
	cln_table_destroy(table);
}
END_TEST

/* Rows with and without a mistake, between empty lines and comments, with both kinds of line ends. */
static void random_text(struct text *made, struct rng *rng, bool mistakes)
{
	static const char *const values[] = {"1", "-2.5", "0", "1e-3", "nan", "12345678901234567890", "0.1"};
	static const char *const wrong[] = {"x", "3:", ":1", "0:1", "1:1", "4:1e99", "9:z", "qid:1", "99999999:1"};
	for (uint64_t row = 1 + rng_below(rng, 40); row > 0; row--) {
		text_addf(made, "%s%s", rng_below(rng, 4) ? "" : " ", rng_below(rng, 2) ? "1" : "-1");
		for (unsigned index = 1; index < 12; index++) {
			if (rng_below(rng, 3) == 0)
				text_addf(made, "%s%u:%s", rng_below(rng, 5) ? " " : "\t ", index, values[rng_below(rng, 7)]);
			if (mistakes && rng_below(rng, 60) == 0)
				text_addf(made, " %s", wrong[rng_below(rng, 9)]);
		}
		text_addf(made, "%s%s", rng_below(rng, 4) ? "" : " # 1:1", rng_below(rng, 3) ? "\n" : "\r\n");
		for (uint64_t blank = rng_below(rng, 6); blank < 2; blank++)
			text_addf(made, "%s", rng_below(rng, 2) ? "\n" : "# 7:7\r\n");
	}
	if (rng_below(rng, 2))
		made->length--; /* without the last line feed, perhaps with the carriage return before it */
	ck_assert(!made->failed);
}

START_TEST(windows_and_threads_change_nothing)
{
	struct rng rng;
	rng_start(&rng, 1, RNG_TEST, 1, (uint32_t)_i);
	for (int time = 0; time < 10; time++) {
		struct text made = {0};
		struct cln_read_options options = {.categorical = time % 2 ? "1,label" : NULL};
		random_text(&made, &rng, _i % 2);
		struct cln_table *whole, *windows;
		struct cln_error whole_err = {0}, windows_err = {0};
		enum cln_status status = read_bytes(&whole, made.bytes, made.length, &options, 1, made.length, &whole_err);
		ck_assert(status == CLN_OK || (_i % 2 && status == CLN_E_DATA));
		for (size_t window = 1; window < 40; window += 1 + window / 3) {
			ck_assert_int_eq(read_bytes(&windows, made.bytes, made.length, &options, 1 + (int)window % 3, window,
						    &windows_err),
					 status);
			ck_assert_str_eq(windows_err.message, whole_err.message);
			if (!whole)
				continue;
			tables_same(windows, whole);
			for (size_t row = 0; row < whole->n_rows; row++)
				ck_assert_uint_eq(table_line(windows, row), table_line(whole, row));
			cln_table_destroy(windows);
		}
		cln_table_destroy(whole);
		text_free(&made);
	}
}
END_TEST

/* ---------------------------------------------------------------- mistakes */

static void refused(const char *bytes, const struct cln_read_options *options, enum cln_status wanted, const char *message)
{
	struct cln_table *table;
	struct cln_error err = {0};
	enum cln_status status = read_bytes(&table, bytes, strlen(bytes), options, 1, 0, &err);
	ck_assert_str_eq(err.message, message);
	ck_assert_int_eq(status, wanted);
}

#define PAIR_HINT "a row of LibSVM text is: label index:value index:value ... # comment"
#define INDEX_HINT "they count from 1, and the last one is 999999"
#define LABEL_HINT "its label stands first, 0 where it is not known"
#define LARGE_HINT "the largest is 3.4e38; nan stands for a missing one"

START_TEST(mistakes_are_told_with_their_place)
{
	static const struct {
		const char *bytes, *message;
	} mistakes[] = {
	    {"", "t.svm is empty"},
	    {"\xEF\xBB\xBF", "t.svm is empty"},
	    {"\n # 1 1:1\r\n\t \n", "t.svm holds nothing but comments and empty lines"},
	    {"1\n0\n", "t.svm: there are labels, but no row has a feature (index:value)"},
	    {"1 1:1\n0 1:2 x 3:4\n", "t.svm:2:7: not index:value (\"x\"; " PAIR_HINT ")"},
	    {"1 1:1 2\n", "t.svm:1:7: not index:value (\"2\"; " PAIR_HINT ")"},
	    {"1 1:1 2: 3:1\n", "t.svm:1:7: not index:value (\"2:\"; " PAIR_HINT ")"},
	    {"1 1:1 -2:1\n", "t.svm:1:7: not index:value (\"-2:1\"; " PAIR_HINT ")"},
	    {"1 +1:1\n", "t.svm:1:3: not index:value (\"+1:1\"; " PAIR_HINT ")"},
	    {"1 1 :1\n", "t.svm:1:3: not index:value (\"1\"; " PAIR_HINT ")"},
	    {"\n\n1 0:1\n", "t.svm:3:3: an index that cannot be (\"0:1\"; " INDEX_HINT ")"},
	    {"1 1000000:1\n", "t.svm:1:3: an index that cannot be (\"1000000:1\"; " INDEX_HINT ")"},
	    {"1 18446744073709551617:1\n", "t.svm:1:3: an index that cannot be (\"18446744073709551617:1\"; " INDEX_HINT ")"},
	    {"1 2:1 2:1\n", "t.svm:1:7: an index that is not greater than the one before it (\"2:1\"; they must ascend)"},
	    {"1 2:1 1:1 x\n", "t.svm:1:7: an index that is not greater than the one before it (\"1:1\"; they must ascend)"},
	    {"1 1:x # y\n", "t.svm:1:3: a value that is not a number (\"1:x\"; nan stands for a missing one)"},
	    {"1 1:1:2\n", "t.svm:1:3: a value that is not a number (\"1:1:2\"; nan stands for a missing one)"},
	    {"1 1:1,5\n", "t.svm:1:3: a value that is not a number (\"1:1,5\"; nan stands for a missing one)"},
	    {"1 1:1e39\n", "t.svm:1:3: a value that is not a finite number (\"1:1e39\"; " LARGE_HINT ")"},
	    {"1 1:-inf\n", "t.svm:1:3: a value that is not a finite number (\"1:-inf\"; " LARGE_HINT ")"},
	    {"1:1 2:1\n", "t.svm:1:1: a row that does not begin with a number (\"1:1\"; " LABEL_HINT ")"},
	    {"yes 2:1\n", "t.svm:1:1: a row that does not begin with a number (\"yes\"; " LABEL_HINT ")"},
	    {"1,2 2:1\n", "t.svm:1:1: a row that does not begin with a number (\"1,2\"; " LABEL_HINT ")"},
	    {"inf 2:1\n", "t.svm:1:1: a row that does not begin with a number (\"inf\"; " LABEL_HINT ")"},
	    {"1 qid:3 2:1\n",
	     "t.svm:1:3: a query's number (\"qid:3\"; it belongs to ranking, which is not done here: leave it out)"},
	};
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
		refused(mistakes[i].bytes, &none, CLN_E_DATA, mistakes[i].message);
	struct cln_error err = {0};
	struct cln_table *table;
	ck_assert_int_eq(read_bytes(&table, "1 1:1\n1 2:\0\n", 12, &none, 1, 0, &err), CLN_E_DATA);
	ck_assert_str_eq(err.message, "t.svm:2:3: a value that is not a number (\"2:?\"; nan stands for a missing one)");
}
END_TEST

/* Labels and what stands before a value are looked at whatever is needed; values only where they are. */
START_TEST(values_that_nobody_needs_are_not_looked_at)
{
	static const char *const needed[] = {"2"};
	const struct cln_read_options options = {.needed = needed, .n_needed = 1}, ignore = {.ignore = "1"};
	struct cln_table *table;
	assert_ok(read_bytes(&table, "1 1:x 2:3\n", 10, &options, 1, 0, &err));
	ck_assert(table->columns[1].numbers[0] == 3 && table->columns[0].ignored && table->columns[2].ignored);
	cln_table_destroy(table);
	assert_ok(read_bytes(&table, "1 1:x 2:3\n", 10, &ignore, 1, 0, &err));
	cln_table_destroy(table);
	refused("a 1:x 2:3\n", &options, CLN_E_DATA,
		"t.svm:1:1: a row that does not begin with a number (\"a\"; " LABEL_HINT ")");
	refused("1 1:1 x 2:3\n", &options, CLN_E_DATA, "t.svm:1:7: not index:value (\"x\"; " PAIR_HINT ")");
}
END_TEST

START_TEST(ten_mistakes_are_told_in_their_order_and_the_others_counted)
{
	struct text made = {0};
	struct cln_error err = {0};
	struct cln_table *table;
	for (int row = 0; row < 30; row++)
		text_addf(&made, "1 1:%s 2:x\n", row % 3 ? "1" : "y");
	ck_assert_int_eq(read_bytes(&table, made.bytes, made.length, &none, 3, 17, &err), CLN_E_DATA);
	char *line = err.message;
	for (int i = 0; i < 10; i++) {
		char start[32];
		int row = i / 4 * 3 + (i % 4 ? i % 4 - 1 : 0); /* rows 0, 0, 1, 2, 3, 3, ...: two in every third row */
		snprintf(start, sizeof start, "t.svm:%d:%d: a value", row + 1, i % 4 ? 7 : 3);
		ck_assert_msg(strncmp(line, start, strlen(start)) == 0, "%s is not at %s", line, start);
		line = strchr(line, '\n') + 1;
	}
	ck_assert_str_eq(line, "... and 30 more errors");
	text_free(&made);
}
END_TEST

START_TEST(a_line_may_be_long_but_not_of_any_length)
{
	size_t n = LIBSVM_MAX_LINE + ((size_t)1 << 20);
	char *bytes = mem_alloc(n, 1, NULL);
	struct source source = source_memory("t.svm", bytes, n);
	struct cln_table *table;
	struct cln_error reason = {0};
	ck_assert_ptr_nonnull(bytes);
	memset(bytes, ' ', n);
	memcpy(bytes, "1 1:1\n0 2:1", 11);
	ck_assert_int_eq(libsvm_read(&table, &source, &none, 2, 0, false, &reason), CLN_E_DATA);
	ck_assert_str_eq(reason.message, "t.svm: the line that begins with byte 7 has more than 32 MiB");
	bytes[LIBSVM_MAX_LINE] = '\n';
	memcpy(bytes + LIBSVM_MAX_LINE - 4, "3:5", 3);
	memcpy(bytes + LIBSVM_MAX_LINE + 1, "0", 1);
	assert_ok(libsvm_read(&table, &source, &none, 2, 0, false, &err));
	ck_assert_uint_eq(table->n_rows, 3);
	ck_assert_float_eq(table->columns[2].numbers[1], 5);
	cln_table_destroy(table);
	mem_free(bytes);
}
END_TEST

/* 600,000 rows of 999,999 columns: 2.4 TB, for a text of 1.2 MB. */
START_TEST(what_would_fit_nowhere_is_refused_with_its_size)
{
	size_t n = 1200000;
	char *bytes = mem_alloc(n + 10, 1, NULL);
	struct source source = source_memory("t.svm", bytes, n + 9);
	struct cln_table *table;
	struct cln_error err = {0};
	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < n; i += 2)
		memcpy(bytes + i, "1\n", 2);
	memcpy(bytes + n, "999999:1\n", 9);
	bytes[n - 1] = ' ';
	ck_assert_int_eq(libsvm_read(&table, &source, &none, 1, 0, false, &err), CLN_E_MEMORY);
	ck_assert_msg(strstr(err.message, "600000 rows need 2400 GB") || strstr(err.message, "999999 columns need 488 MiB"), "%s",
		      err.message);
	mem_free(bytes);
}
END_TEST

/* ---------------------------------------------------------------- recognition */

static bool recognised(const char *name, const char *bytes, size_t n, bool whole, char separator)
{
	struct source source = source_memory(name, bytes, n);
	const struct cln_read_options options = {.separator = separator};
	bool is_libsvm;
	assert_ok(libsvm_recognise(&is_libsvm, &source, whole, &options, &err));
	return is_libsvm;
}

START_TEST(text_is_recognised_by_its_first_row_with_a_feature)
{
	static const char *const libsvm[] = {
	    "1 1:1",	      "-1 1:0.5 7:1e3 \n0 2:1\n", "+1 3:nan\r\n",  "\n# comment\n\n1\n0\n1 2:3\n", "2 qid:3 1:1\n",
	    "1 0:1 1:2\nx\n", ("\xEF\xBB\xBF" "1 1:1\n"),	  "1.5 1:-1 # x\n", "1 1:1\n1,2\n",
	};
	static const char *const others[] = {
	    "",			"a,b\n1,2\n",	    "1\n2\n",	      "1,1:1\n",      "x 1:1\n",      "1 1:1,2:2\n", "1\t1:1\n",
	    "1 1:1 # a, b\n",	"# a,b\n1 1:1\n",   "a\n1 1:1\n",     "1 2:1 1:1\n",  "1 1:x\n",      "1 x:1\n",     "1 1:1;2\n",
	    "10:30 1:1\n",	"12:30:00 x\n",	    "1 12:30:00\n",   "\"1 1:1\"\n",  "1 1:1 2\n",    "nan 1:1\n",   "1 :1\n",
	};
	for (size_t i = 0; i < sizeof libsvm / sizeof *libsvm; i++)
		ck_assert_msg(recognised("t.txt", libsvm[i], strlen(libsvm[i]), true, '\0'), "%s", libsvm[i]);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		ck_assert_msg(!recognised("t.txt", others[i], strlen(others[i]), true, '\0'), "%s", others[i]);
	ck_assert(!recognised("t.txt", "1 1:1\n", 6, true, ' ') && !recognised("t.txt", "1 1:1\n", 6, true, ':'));
	ck_assert(recognised("t.txt", "1 1:1\n", 6, true, '|'));
}
END_TEST

START_TEST(a_gap_by_the_options_is_a_value)
{
	const struct source source = source_memory("t.txt", "1 1:x\n", 6);
	const struct cln_read_options options = {.missing = "x"};
	bool is_libsvm;
	assert_ok(libsvm_recognise(&is_libsvm, &source, true, &options, &err));
	ck_assert(is_libsvm);
}
END_TEST

START_TEST(a_row_that_is_not_whole_is_judged_by_the_tokens_that_are)
{
	static const char row[] = "1 12:0.5 13:x";
	for (size_t n = 0; n <= strlen(row); n++)
		ck_assert_msg(recognised("t.txt", row, n, false, '\0') == (n >= 10), "%zu", n);
	ck_assert(!recognised("t.txt", row, strlen(row), true, '\0'));
}
END_TEST

START_TEST(names_of_files_say_it_too)
{
	static const char *const yes[] = {"a.svm", "a/b.libsvm", "a.svm.gz", "x.y.libsvm.gz"};
	static const char *const no[] = {".svm", "svm", "a.svm.csv", "a.SVM.txt", "a.gz", "asvm", ".libsvm.gz", "standard input"};
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		ck_assert_msg(recognised(yes[i], "1\t1:1,5", 7, true, '\0'), "%s", yes[i]);
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		ck_assert_msg(!recognised(no[i], "1\t1:1,5", 7, true, '\0'), "%s", no[i]);
}
END_TEST

/* ---------------------------------------------------------------- files */

START_TEST(a_place_is_looked_up_in_the_file)
{
	struct cln_table *table;
	char place[TABLE_PLACE], expected[TABLE_PLACE];
	put(text, strlen(text));
	assert_ok(cln_table_read(&table, path, NULL, &err));
	static const struct {
		size_t row, column;
		const char *place;
	} cells[] = {{0, 0, ":2:4"}, {0, 3, ":2:14"}, {0, 4, ":2:1"}, {1, 2, ":3:11"},
		     {2, 4, ":5:2"}, {4, 4, ":8:1"},  {2, 3, ":5"}};
	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
		table_place(place, table, cells[i].row, cells[i].column);
		snprintf(expected, sizeof expected, "%s%s", path, cells[i].place);
		ck_assert_str_eq(place, expected);
	}
	cln_table_destroy(table);
}
END_TEST

/* The rows of a part against those of the whole table. */
static void check_part(const struct cln_table *part, const struct cln_table *whole, size_t first)
{
	char a[TABLE_PLACE], b[TABLE_PLACE];
	for (size_t row = 0; row < part->n_rows; row++)
		for (size_t c = 0; c < part->n_columns; c++) {
			size_t column = c + 1 < part->n_columns ? c : whole->n_columns - 1; /* the label is the last in both */
			table_place(a, part, row, c);
			table_place(b, whole, first + row, column);
			ck_assert_str_eq(a, b);
			table_cell(a, part, row, c);
			table_cell(b, whole, first + row, column);
			ck_assert_str_eq(a, b);
		}
}

START_TEST(parts_hold_the_rows_of_the_whole_table)
{
	static const char *const needed[] = {"3", "1", "label", "5"};
	struct rng rng;
	rng_start(&rng, 1, RNG_TEST, 2, (uint32_t)_i);
	for (int time = 0; time < 20; time++) {
		struct cln_read_options options = {.threads = 1 + time % 2, .needed = needed, .n_needed = 4};
		size_t n_rows = 0;
		struct text made = {0};
		struct cln_table *whole, *part;
		struct parts *parts;
		text_addf(&made, "# first\n1 1:1\n");
		random_text(&made, &rng, false);
		put(made.bytes, made.length);
		assert_ok(cln_table_read(&whole, path, &options, &err));
		assert_ok(parts_open(&parts, path, &options, 16 + rng_below(&rng, 300), &err));
		for (;;) {
			assert_ok(parts_next(&part, parts, &err));
			if (!part)
				break;
			ck_assert_uint_gt(part->n_rows, 0);
			check_part(part, whole, n_rows);
			n_rows += part->n_rows;
			cln_table_destroy(part);
		}
		ck_assert_uint_eq(n_rows, whole->n_rows);
		parts_close(parts);
		cln_table_destroy(whole);
		text_free(&made);
	}
}
END_TEST

/* 300 rows in which 10^5 columns are needed: 30 million cells, in parts of at most 2^24. */
START_TEST(parts_of_wide_rows_have_few_of_them)
{
	static const char *needed[100000];
	struct cln_read_options options = {.threads = 1, .needed = needed, .n_needed = 100000};
	struct text made = {0};
	struct parts *parts;
	struct cln_table *part;
	size_t n_rows = 0, n_parts = 0;
	for (size_t i = 0; i < 100000; i++)
		needed[i] = "none"; /* that there are so many is enough */
	for (int row = 0; row < 300; row++)
		text_addf(&made, "1 3:1\n");
	put(made.bytes, made.length);
	assert_ok(parts_open(&parts, path, &options, 0, &err));
	for (;; n_parts++) {
		assert_ok(parts_next(&part, parts, &err));
		if (!part)
			break;
		ck_assert_uint_le(part->n_rows * 100000, (size_t)1 << 24);
		n_rows += part->n_rows;
		cln_table_destroy(part);
	}
	ck_assert_uint_eq(n_rows, 300);
	ck_assert_uint_eq(n_parts, 2);
	parts_close(parts);
	text_free(&made);
}
END_TEST

START_TEST(no_allocation_that_fails_is_a_crash_or_a_leak)
{
	static const struct cln_read_options options = {.categorical = "2,label"};
	struct source source = source_memory("t.svm", text, strlen(text));
	for (long n = 0;; n++) {
		struct cln_table *table;
		struct cln_error err = {0};
		fail_alloc_arm(n, FAIL_ONCE);
		enum cln_status status = libsvm_read(&table, &source, &options, 1, 16, false, &err);
		bool happened = fail_alloc_happened();
		cln_table_destroy(table);
		long live = fail_alloc_live();
		fail_alloc_disarm();
		ck_assert_int_eq(live, 0);
		ck_assert_int_eq(status, happened ? CLN_E_MEMORY : CLN_OK);
		if (!happened)
			return;
	}
}
END_TEST

static Suite *libsvm_suite(void)
{
	Suite *suite = suite_create("libsvm");
	TCase *cells = tcase_create("cells"), *mistakes = tcase_create("mistakes"), *recognition = tcase_create("recognition"),
	      *files = tcase_create("files");
	tcase_set_timeout(cells, 60);
	tcase_set_timeout(mistakes, 60);
	tcase_set_timeout(files, 60);
	tcase_add_test(cells, a_text_is_the_table_of_the_same_cells_in_csv);
	tcase_add_test(cells, further_texts_are_gaps_as_in_csv);
	tcase_add_test(cells, the_cells_are_those_of_the_text);
	tcase_add_test(cells, columns_that_another_table_has_are_there_and_hold_zeros);
	tcase_add_loop_test(cells, windows_and_threads_change_nothing, 0, 8);
	tcase_add_test(mistakes, mistakes_are_told_with_their_place);
	tcase_add_test(mistakes, values_that_nobody_needs_are_not_looked_at);
	tcase_add_test(mistakes, ten_mistakes_are_told_in_their_order_and_the_others_counted);
	tcase_add_test(mistakes, a_line_may_be_long_but_not_of_any_length);
	tcase_add_test(mistakes, what_would_fit_nowhere_is_refused_with_its_size);
	tcase_add_test(recognition, text_is_recognised_by_its_first_row_with_a_feature);
	tcase_add_test(recognition, a_gap_by_the_options_is_a_value);
	tcase_add_test(recognition, a_row_that_is_not_whole_is_judged_by_the_tokens_that_are);
	tcase_add_test(recognition, names_of_files_say_it_too);
	tcase_add_checked_fixture(files, make_file, remove_file);
	tcase_add_test(files, a_place_is_looked_up_in_the_file);
	tcase_add_loop_test(files, parts_hold_the_rows_of_the_whole_table, 0, 10);
	tcase_add_test(files, parts_of_wide_rows_have_few_of_them);
	tcase_add_test(files, no_allocation_that_fails_is_a_crash_or_a_leak);
	suite_add_tcase(suite, cells);
	suite_add_tcase(suite, mistakes);
	suite_add_tcase(suite, recognition);
	suite_add_tcase(suite, files);
	return suite;
}

TESTING_MAIN(libsvm_suite)
