/* SPDX-License-Identifier: MIT
 * .npy files: every type in every order, headers that lie, cells that cannot be, and rows some at a time. */
#include "testing.h"

#include <float.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/io.h"
#include "base/rng.h"
#include "data/csv_parts.h"
#include "data/npy.h"
#include "data/parts.h"
#include "fail_alloc.h"
#include "tables.h"

static const struct cln_read_options none;

/* ---------------------------------------------------------------- files in memory */

struct image {
	char *bytes;
	size_t length;
};

/* A file of a version with this dictionary and these elements; `pad` spaces and a line feed behind the dictionary. */
static struct image make_image(unsigned version, const char *dictionary, size_t pad, const void *elements, size_t n)
{
	struct text text = {0};
	size_t length = strlen(dictionary) + pad + 1;
	text_add(&text, "\x93NUMPY", 6);
	text_add(&text, (char[]){(char)version, 0, (char)length, (char)(length >> 8), 0, 0}, version == 1 ? 4 : 6);
	text_addf(&text, "%s%*s\n", dictionary, (int)pad, "");
	text_add(&text, elements, n);
	ck_assert(!text.failed);
	struct image image = {mem_copy(text.bytes, text.length, NULL), text.length};
	ck_assert_ptr_nonnull(image.bytes);
	text_free(&text);
	return image;
}

static void dictionary_of(char text[128], const char *descr, bool fortran, size_t n_rows, size_t n_columns)
{
	snprintf(text, 128, "{'descr': '%s', 'fortran_order': %s, 'shape': (%zu, %zu), }", descr, fortran ? "True" : "False",
		 n_rows, n_columns);
}

/* A block of its own, so that a sanitizer sees every byte read beyond the file. */
static enum cln_status read_image(struct cln_table **table, const struct image *image, const struct cln_read_options *options,
				  int threads, struct cln_error *err)
{
	char *copy = mem_alloc(image->length, 1, NULL);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, image->bytes, image->length);
	struct source source = source_memory("t.npy", copy, image->length);
	enum cln_status status = npy_read(table, &source, options, threads, false, err);
	mem_free(copy);
	ck_assert((status == CLN_OK) == (*table != NULL));
	return status;
}

static void refused(struct image image, const struct cln_read_options *options, enum cln_status wanted, const char *message)
{
	struct cln_table *table;
	struct cln_error reason = {0};
	enum cln_status status = read_image(&table, &image, options, 1, &reason);
	ck_assert_str_eq(reason.message, message);
	ck_assert_int_eq(status, wanted);
	mem_free(image.bytes);
}

/* ---------------------------------------------------------------- types and orders */

/* The bytes of a number as an element of a type, without its byte order. */
static void put_element(unsigned char bytes[8], const char *type, double value)
{
	float narrow = (float)value;
	int64_t integer = (int64_t)value;
	if (*type == 'f')
		memcpy(bytes, type[1] == '8' ? (void *)&value : (void *)&narrow, (size_t)(type[1] - '0'));
	else
		memcpy(bytes, &integer, (size_t)(type[1] - '0'));
}

/* 3 rows of 2 columns of a type: small numbers that all types have. */
static struct image small_image(const char *type, char order, bool fortran)
{
	unsigned char bytes[6 * 8], element[8];
	char descr[8], dictionary[128];
	size_t item = (size_t)(type[1] - '0');
	for (size_t row = 0; row < 3; row++)
		for (size_t c = 0; c < 2; c++) {
			size_t at = fortran ? c * 3 + row : row * 2 + c;
			put_element(element, type, (double)((row * 2 + c) % (*type == 'b' ? 2 : 100)));
			for (size_t i = 0; i < item; i++)
				bytes[at * item + i] = element[order == '>' ? item - 1 - i : i];
		}
	snprintf(descr, sizeof descr, "%c%s", order, type);
	dictionary_of(dictionary, descr, fortran, 3, 2);
	return make_image(1, dictionary, 5, bytes, 6 * item);
}

START_TEST(every_type_is_read_in_both_orders_of_bytes_and_cells)
{
	static const char *const types[] = {"f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"};
	for (size_t i = 0; i < 4 * sizeof types / sizeof *types; i++) {
		const char *type = types[i / 4];
		struct image image = small_image(type, i & 1 ? '>' : type[1] == '1' ? '|' : '<', i & 2);
		struct cln_table *table;
		assert_ok(read_image(&table, &image, &none, 2, &err));
		ck_assert(table->n_rows == 3 && table->n_columns == 2);
		ck_assert_str_eq(table->columns[1].name, "2");
		for (size_t k = 0; k < 6; k++)
			ck_assert_msg(table->columns[k % 2].numbers[k / 2] == (float)(*type == 'b' ? k % 2 : k), "%s", type);
		cln_table_destroy(table);
		mem_free(image.bytes);
	}
}
END_TEST

/* Elements of a type and what they are in a float; nearest, ties to even. */
START_TEST(elements_are_rounded_once)
{
	static const int64_t integers[] = {INT64_MIN, INT64_MAX, 16777217, 16777219};
	static const uint64_t naturals[] = {UINT64_MAX, (UINT64_C(1) << 63) + (UINT64_C(1) << 39), 0, 33554433};
	static const int8_t bytes[] = {-128, 127, -1, 0};
	static const double doubles[] = {1 + 0x1p-24, 1 + 0x1p-24 + 0x1p-50, 0x1p-150, 0x1.fffffep127};
	static const struct {
		const char *descr;
		const void *elements;
		size_t length;
		float expected[4];
	} cases[] = {{"<i8", integers, sizeof integers, {-0x1p63f, 0x1p63f, 16777216, 16777220}},
		     {"<u8", naturals, sizeof naturals, {0x1p64f, 0x1p63f, 0, 33554432}},
		     {"|i1", bytes, sizeof bytes, {-128, 127, -1, 0}},
		     {"<f8", doubles, sizeof doubles, {1, 1 + 0x1p-23f, 0, FLT_MAX}}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char dictionary[128];
		struct cln_table *table;
		dictionary_of(dictionary, cases[i].descr, false, 2, 2);
		struct image image = make_image(1, dictionary, 0, cases[i].elements, cases[i].length);
		assert_ok(read_image(&table, &image, &none, 1, &err));
		for (size_t k = 0; k < 4; k++)
			ck_assert_msg(table->columns[k % 2].numbers[k / 2] == cases[i].expected[k], "%s %zu", cases[i].descr, k);
		cln_table_destroy(table);
		mem_free(image.bytes);
	}
}
END_TEST

START_TEST(nan_is_missing_whatever_its_payload)
{
	uint64_t doubles[] = {UINT64_C(0x7FF8000000000000), UINT64_C(0xFFF0000000000001), 0, UINT64_C(0x7FF00000000000FF)};
	char dictionary[128];
	struct cln_table *table;
	dictionary_of(dictionary, "<f8", false, 2, 2);
	struct image image = make_image(1, dictionary, 0, doubles, sizeof doubles);
	const struct cln_read_options options = {.categorical = "2"};
	assert_ok(read_image(&table, &image, &options, 1, &err));
	float nan = NAN;
	ck_assert(memcmp(&table->columns[0].numbers[0], &nan, sizeof nan) == 0 && table->columns[0].n_missing == 1);
	ck_assert(table->columns[1].n_missing == 2 && table->columns[1].codes[0] == LEVEL_MISSING);
	cln_table_destroy(table);
	mem_free(image.bytes);
}
END_TEST

/* Two megabytes: several windows, with a short last one. */
START_TEST(numbers_are_gaps_where_asked_for_but_for_label_and_weights)
{
	static const double cells[] = {-1, -1, -1, -1, 0, 1, 2, 1};
	const struct cln_read_options options = {.missing = "-1", .categorical = "2", .weight = "3", .label = ""};
	struct image image = make_image(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 4), }", 0, cells, 64);
	struct cln_table *table;
	assert_ok(read_image(&table, &image, &options, 1, &err));
	for (size_t c = 0; c < 4; c++)
		ck_assert_uint_eq(table->columns[c].n_missing, c < 2);
	cln_table_destroy(table);
	mem_free(image.bytes);
}
END_TEST

START_TEST(windows_orders_and_threads_change_nothing)
{
	enum { N_ROWS = 5003, N_COLUMNS = 53 };
	static double by_rows[N_ROWS * N_COLUMNS], by_columns[N_ROWS * N_COLUMNS];
	static const struct cln_read_options options = {.categorical = "2,3", .ignore = "5"};
	struct cln_table *tables[4];
	char dictionary[128];
	struct rng rng;
	rng_start(&rng, 1, RNG_TEST, 3, 0);
	for (size_t row = 0; row < N_ROWS; row++)
		for (size_t c = 0; c < N_COLUMNS; c++) {
			double value = (double)rng_below(&rng, 1000) / 8 - 5;
			by_rows[row * N_COLUMNS + c] = by_columns[c * N_ROWS + row] = rng_below(&rng, 50) ? value : (double)NAN;
		}
	for (int i = 0; i < 4; i++) {
		dictionary_of(dictionary, "<f8", i & 1, N_ROWS, N_COLUMNS);
		struct image image = make_image(2, dictionary, 20, i & 1 ? by_columns : by_rows, sizeof by_rows);
		assert_ok(read_image(&tables[i], &image, &options, i & 2 ? 3 : 1, &err));
		mem_free(image.bytes);
	}
	for (size_t row = 0; row < N_ROWS; row++)
		for (size_t c = 5; c < N_COLUMNS; c++) {
			float number = tables[0]->columns[c].numbers[row], expected = (float)by_rows[row * N_COLUMNS + c];
			ck_assert(isnan(expected) ? isnan(number) != 0 : number == expected);
		}
	for (int i = 1; i < 4; i++)
		tables_same(tables[i], tables[0]);
	for (int i = 0; i < 4; i++)
		cln_table_destroy(tables[i]);
}
END_TEST

/* ---------------------------------------------------------------- texts */

START_TEST(texts_are_the_shortest_of_their_numbers)
{
	/* the last but one lies half way between two floats, and its text a little higher: it is its float's */
	static const double doubles[] = {0.1, 1e300, -0.0, 1 + 0x1p-24, 1};
	static const int64_t integers[] = {16777217, 16777216, INT64_MIN, -1, 7};
	const struct cln_read_options options = {.categorical = "1"};
	static const char *const expected[2][5] = {{"0.1", "1e+300", "-0", "1", "1"},
						   {"16777217", "16777216", "-9223372036854775808", "-1", "7"}};
	for (int i = 0; i < 2; i++) {
		struct image image = make_image(1, i ? "{'descr': '<i8', 'fortran_order': True, 'shape': (5, 1), }"
						     : "{'descr': '<f8', 'fortran_order': False, 'shape': (5, 1), }",
						0, i ? (const void *)integers : doubles, 40);
		const struct cln_read_options needed = {.categorical = "1", .needed = &options.categorical, .n_needed = 1};
		struct cln_table *table;
		assert_ok(read_image(&table, &image, &needed, 1, &err));
		ck_assert_uint_eq(table->columns[0].n_levels, i ? 5 : 4);
		for (size_t row = 0; row < 5; row++) {
			char text[TABLE_CELL];
			table_cell(text, table, row, 0);
			ck_assert_str_eq(text, expected[i][row]);
		}
		for (size_t k = 1; k < table->columns[0].n_levels; k++)
			ck_assert(strcmp(table->columns[0].levels[k - 1], table->columns[0].levels[k]) < 0);
		cln_table_destroy(table);
		mem_free(image.bytes);
	}
}
END_TEST

START_TEST(few_texts_are_kept_and_many_given_up)
{
	for (uint32_t extra = 0; extra < 2; extra++) {
		uint32_t n = CSV_FEW_LEVELS + extra, *elements = mem_alloc(n, sizeof *elements, NULL);
		const struct cln_read_options options = {.categorical = "1", .needed = &options.categorical, .n_needed = 1};
		char dictionary[128];
		struct cln_table *table;
		ck_assert_ptr_nonnull(elements);
		for (uint32_t i = 0; i < n; i++)
			elements[i] = n - i;
		dictionary_of(dictionary, "<u4", false, n, 1);
		struct image image = make_image(1, dictionary, 0, elements, n * sizeof *elements);
		struct source source = source_memory("t.npy", image.bytes, image.length);
		assert_ok(npy_read(&table, &source, &options, 1, true, &err));
		ck_assert(table->columns[0].ignored == (extra == 1));
		ck_assert_uint_eq(table->columns[0].n_levels, extra ? 0 : n);
		cln_table_destroy(table);
		mem_free(image.bytes);
		mem_free(elements);
	}
}
END_TEST

/* ---------------------------------------------------------------- cells that cannot be used */

#define LARGEST "the largest is 3.4e38; NaN means missing"

START_TEST(cells_that_cannot_be_used_are_told_by_row_and_column)
{
	static const double doubles[] = {0, -INFINITY, 1e39, 0, 0, -1e300};
	static const unsigned char truths[] = {0, 2, 1, 0, 255, 1};
	const struct cln_read_options ignoring = {.ignore = "2"}, texts = {.categorical = "1,2"};
	char dictionary[128];
	dictionary_of(dictionary, "<f8", false, 3, 2);
	refused(make_image(1, dictionary, 0, doubles, sizeof doubles), &none, CLN_E_DATA,
		"t.npy, row 1: not a finite number (\"-inf\", column \"2\"; " LARGEST ")\n"
		"t.npy, row 2: not a finite number (\"1e+39\", column \"1\"; " LARGEST ")\n"
		"t.npy, row 3: not a finite number (\"-1e+300\", column \"2\"; " LARGEST ")");
	dictionary_of(dictionary, "<f8", true, 3, 2);
	refused(make_image(1, dictionary, 0, doubles, sizeof doubles), &ignoring, CLN_E_DATA,
		"t.npy, row 2: not a finite number (\"-inf\", column \"1\"; " LARGEST ")\n"
		"t.npy, row 3: not a finite number (\"1e+39\", column \"1\"; " LARGEST ")");
	refused(make_image(1, dictionary, 0, doubles, sizeof doubles), &texts, CLN_E_DATA, /* a text may be any finite number */
		"t.npy, row 2: not a finite number (\"-inf\", column \"1\"; " LARGEST ")");
	dictionary_of(dictionary, "|b1", false, 3, 2);
	refused(make_image(1, dictionary, 0, truths, sizeof truths), &none, CLN_E_DATA,
		"t.npy, row 1: not a truth value (\"2\", column \"2\"; 0 is false and 1 is true)\n"
		"t.npy, row 3: not a truth value (\"255\", column \"1\"; 0 is false and 1 is true)");
}
END_TEST

START_TEST(ten_cells_are_told_and_the_others_counted)
{
	float floats[60];
	char dictionary[128];
	struct cln_table *table;
	struct cln_error reason = {0};
	for (int i = 0; i < 60; i++)
		floats[i] = INFINITY;
	dictionary_of(dictionary, "<f4", false, 20, 3);
	struct image image = make_image(1, dictionary, 0, floats, sizeof floats);
	ck_assert_int_eq(read_image(&table, &image, &none, 3, &reason), CLN_E_DATA);
	ck_assert_ptr_nonnull(strstr(reason.message, "\nt.npy, row 4: not a finite number (\"inf\", column \"1\""));
	ck_assert_ptr_null(strstr(reason.message, "row 4: not a finite number (\"inf\", column \"2\""));
	ck_assert_ptr_nonnull(strstr(reason.message, "\n... and 50 more errors"));
	mem_free(image.bytes);
	for (int i = 11; i < 60; i++)
		floats[i] = (float)i;
	image = make_image(1, dictionary, 0, floats, sizeof floats);
	ck_assert_int_eq(read_image(&table, &image, &none, 3, &reason), CLN_E_DATA);
	ck_assert_str_eq(strstr(reason.message, "\n... and"), "\n... and 1 more error");
	mem_free(image.bytes);
}
END_TEST

/* ---------------------------------------------------------------- headers */

#define DAMAGED "t.npy: this .npy file is damaged: "
#define NO_DICTIONARY DAMAGED "its header is not a dictionary of 'descr', 'fortran_order' and 'shape'"

START_TEST(a_header_is_what_numpy_writes)
{
	static const char *const good[] = {
	    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }",
	    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)}",
	    "{\"shape\":(1,2,),\"fortran_order\":True,\"descr\":\"<f4\"}",
	    " { 'shape' : ( 1 , 2 ) , 'fortran_order' : False , 'descr' : '<f4' , } ",
	};
	static const char *const bad[] = {
	    "",
	    "{}",
	    "{'descr': '<f4', 'fortran_order': False}",
	    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), 'shape': (1, 2), }",
	    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), 'more': 1, }",
	    "{'descr': '<f4' 'fortran_order': False, 'shape': (1, 2), }",
	    "{'descr': '<f4', 'fortran_order': false, 'shape': (1, 2), }",
	    "{'descr': '<f4', 'fortran_order': 0, 'shape': (1, 2), }",
	    "{'descr': <f4, 'fortran_order': False, 'shape': (1, 2), }",
	    "{'descr': '<f4, 'fortran_order': False, 'shape': (1, 2), }",
	    "{'desc\\x72': '<f4', 'fortran_order': False, 'shape': (1, 2), }",
	    "{'descr': '<f4', 'fortran_order': False, 'shape': [1, 2], }",
	    "{'descr': '<f4', 'fortran_order': False, 'shape': (2), }",
	    "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2), }",
	    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 2), }",
	    "{'descr': '<f4', 'fortran_order': False, 'shape': (01, 2), }",
	    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 99999999999999999999), }",
	    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), } x",
	    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), },",
	    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), ",
	    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, }",
	    "{,'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)}",
	};
	static const float cells[2] = {1, 2};
	for (unsigned i = 0; i < 3 * sizeof good / sizeof *good; i++) {
		struct image image = make_image(1 + i % 3, good[i / 3], i, cells, sizeof cells);
		struct cln_table *table;
		assert_ok(read_image(&table, &image, &none, 1, &err));
		ck_assert_float_eq(table->columns[1].numbers[0], 2);
		cln_table_destroy(table);
		mem_free(image.bytes);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		refused(make_image(1, bad[i], 3, cells, sizeof cells), &none, CLN_E_DAMAGED, NO_DICTIONARY);
	struct image image = make_image(1, good[0], 3, cells, sizeof cells);
	image.bytes[image.length - sizeof cells - 1] = ' '; /* the line feed */
	refused(image, &none, CLN_E_DAMAGED, NO_DICTIONARY);
}
END_TEST

START_TEST(other_elements_and_dimensions_are_named)
{
	static const struct {
		const char *descr, *shape, *message;
	} cases[] = {
	    {"'<f2'", "(1, 2)", "its elements are \"<f2\"; "},	  {"'|O'", "(1, 2)", "its elements are \"|O\"; "},
	    {"'<U5'", "(1, 2)", "its elements are \"<U5\"; "},	  {"'<c8'", "(1, 2)", "its elements are \"<c8\"; "},
	    {"'f4'", "(1, 2)", "its elements are \"f4\"; "},	  {"'=f4'", "(1, 2)", "its elements are \"=f4\"; "},
	    {"'|f4'", "(1, 2)", "its elements are \"|f4\"; "},	  {"''", "(1, 2)", "its elements are \"\"; "},
	    {"'\033[1m'", "(1, 2)", "its elements are \"?[1m\"; "}, {"[('x', '<f4')]", "(1,)", "its elements are records; "},
	    {"'<f4'", "()", "it has 0 dimensions; "},		  {"'<f4'", "(1, 2, 1)", "it has 3 dimensions; "},
	    {"'<f4'", "(0, 2)", "there is no row"},		  {"'<f4'", "(2, 0)", "there is no column"},
	    {"'<f4'", "(2,)", "there is only one column"},	  {"'<f4'", "(2, 1)", "there is only one column"},
	    {"'<f4'", "(1, 1000001)", "1 rows of 1000001 columns; at most 4294967294 and 1000000 can be used"},
	    {"'<f4'", "(4294967295, 1)", "4294967295 rows of 1 columns; at most"},
	    {"'<f4'", "(9223372036854775799, 2)", "9223372036854775799 rows of 2 columns; at most"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char dictionary[128];
		struct cln_table *table;
		struct cln_error reason = {0};
		snprintf(dictionary, sizeof dictionary, "{'descr': %s, 'fortran_order': False, 'shape': %s, }", cases[i].descr,
			 cases[i].shape);
		struct image image = make_image(1, dictionary, 0, "12345678", strstr(cases[i].shape, "0") ? 0 : 8);
		ck_assert_int_eq(read_image(&table, &image, &none, 1, &reason), CLN_E_DATA);
		ck_assert_msg(strncmp(reason.message + strlen("t.npy: "), cases[i].message, strlen(cases[i].message)) == 0, "%s",
			      reason.message);
		mem_free(image.bytes);
	}
}
END_TEST

/* Nothing of libcheck runs while allocations are counted: it allocates too. */
static void refused_cheaply(struct image image, const char *what)
{
	struct cln_table *table;
	struct cln_error reason = {0};
	struct source source = source_memory("t.npy", image.bytes, image.length);
	fail_alloc_arm(LONG_MAX, FAIL_ONCE);
	enum cln_status status = npy_read(&table, &source, &none, 1, false, &reason);
	fail_alloc_disarm();
	ck_assert_msg((status == CLN_E_DAMAGED || status == CLN_E_DATA) && !table, "%s: %s", what, reason.message);
	ck_assert_msg(fail_alloc_bytes() < 1 << 12, "%s: %zu bytes asked for", what, fail_alloc_bytes());
	mem_free(image.bytes);
}

START_TEST(claims_beyond_the_file_are_refused_cheaply)
{
	static const char *const sizes[] = {"0", "1", "3", "1000000", "65536", "2147483648", "4294967294", "4294967296",
					    "4611686018427387904", "9223372036854775807", "18446744073709551616"};
	const size_t n = sizeof sizes / sizeof *sizes;
	for (size_t i = 0; i < n * n; i++) {
		char dictionary[160];
		snprintf(dictionary, sizeof dictionary, "{'descr': '<f8', 'fortran_order': False, 'shape': (%s, %s), }",
			 sizes[i / n], sizes[i % n]);
		refused_cheaply(make_image(1, dictionary, 0, "12345678", 8 + (i == n + 1)), dictionary);
	}
	static const unsigned char lengths[][4] = {{0xFF, 0xFF, 0, 0}, {0, 0, 0, 0x80}, {0xFF, 0xFF, 0xFF, 0xFF}, {200, 0, 0, 0}};
	for (unsigned i = 0; i < 8; i++) {
		struct image image = make_image(1 + i % 2, "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }", 0,
						"1234567812345678", 16);
		memcpy(image.bytes + 8, lengths[i / 2], i % 2 ? 4 : 2);
		if (i % 2 || i / 2 != 1)
			refused_cheaply(image, "the length of the header");
		else
			mem_free(image.bytes); /* of two bytes only: it is 0, which is no dictionary; below */
	}
}
END_TEST

START_TEST(lengths_and_versions_that_do_not_fit_are_told)
{
	static const char dictionary[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
	static const char bytes[16];
	refused(make_image(1, dictionary, 0, bytes, 7), &none, CLN_E_DAMAGED,
		DAMAGED "1 rows of 2 columns take 8 bytes, and there are 7");
	refused(make_image(1, dictionary, 0, bytes, 9), &none, CLN_E_DAMAGED,
		DAMAGED "1 rows of 2 columns take 8 bytes, and there are 9");
	refused(make_image(4, dictionary, 0, bytes, 8), &none, CLN_E_DAMAGED, "t.npy: .npy files of version 4.0 are not known");
	struct image image = make_image(1, dictionary, 0, bytes, 8);
	image.bytes[7] = 1;
	refused(image, &none, CLN_E_DAMAGED, "t.npy: .npy files of version 1.1 are not known");
	image = make_image(1, dictionary, 5000, bytes, 8);
	refused(image, &none, CLN_E_DAMAGED, DAMAGED "its header is longer than it can be");
	image = make_image(1, dictionary, 0, bytes, 8);
	image.bytes[1] = 'n';
	refused(image, &none, CLN_E_DAMAGED, DAMAGED "it does not begin like one");
}
END_TEST

START_TEST(every_cut_is_refused)
{
	struct image image = small_image("f8", '<', true);
	for (size_t length = 0; length < image.length; length++) {
		struct cln_table *table;
		struct cln_error reason = {0};
		struct image cut = {image.bytes, length};
		ck_assert_msg(read_image(&table, &cut, &none, 1, &reason) == CLN_E_DAMAGED, "%zu bytes: %s", length,
			      reason.message);
	}
	mem_free(image.bytes);
}
END_TEST

/* What is left unnoticed is the version (1 and 3 are read alike), an order of bytes or cells, and a type of the same size: a .npy
 * file has no checksum. */
START_TEST(flipped_bits_of_the_header_are_refused_or_mean_something_else)
{
	struct image image = small_image("f8", '<', false);
	size_t header = image.length - 48, n_read = 0;
	for (size_t i = 0; i < 8 * header; i++) {
		struct cln_table *table;
		struct cln_error reason = {0};
		image.bytes[i / 8] ^= (char)(1u << i % 8);
		n_read += read_image(&table, &image, &none, 1, &reason) == CLN_OK;
		cln_table_destroy(table);
		image.bytes[i / 8] ^= (char)(1u << i % 8);
	}
	ck_assert_uint_eq(n_read, 1); /* '<f8' to '>f8' */
	mem_free(image.bytes);
}
END_TEST

START_TEST(no_allocation_that_fails_is_a_crash_or_a_leak)
{
	static const struct cln_read_options options = {.categorical = "2"};
	for (long n = 0;; n++) {
		struct image image = small_image("i4", '>', n % 2);
		struct source source = source_memory("t.npy", image.bytes, image.length);
		struct cln_table *table;
		struct cln_error reason = {0};
		fail_alloc_arm(n / 2, FAIL_ONCE);
		enum cln_status status = npy_read(&table, &source, &options, 1, false, &reason);
		bool happened = fail_alloc_happened();
		cln_table_destroy(table);
		long live = fail_alloc_live();
		fail_alloc_disarm();
		mem_free(image.bytes);
		ck_assert_int_eq(live, 0);
		ck_assert_int_eq(status, happened ? CLN_E_MEMORY : CLN_OK);
		if (!happened && n % 2)
			return;
	}
}
END_TEST

/* ---------------------------------------------------------------- files */

START_TEST(files_are_recognised_by_their_beginning_and_name)
{
	static const struct {
		const char *name, *bytes;
		bool is_npy;
	} cases[] = {{"x", "\x93NUMPY", true},	 {"x", "\x93NUMP", false}, {"x", "", false},	     {"x.npy", "a,b\n", true},
		     {"x.npy.gz", "", true},	 {".npy", "", false},	   {"x.npz", "PK", false},   {"x.csv", "\x93NUMPY\1", true},
		     {"x.csv", "NUMPY,a\n", false}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct source source = source_memory(cases[i].name, cases[i].bytes, strlen(cases[i].bytes));
		bool is_npy;
		assert_ok(npy_recognise(&is_npy, &source, &err));
		ck_assert_msg(is_npy == cases[i].is_npy, "%s %s", cases[i].name, cases[i].bytes);
	}
}
END_TEST

START_TEST(parts_hold_the_rows_of_the_whole_table)
{
	static const char *const needed[] = {"1", "2"};
	char path[] = "/tmp/colonnade-npy-XXXXXX";
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	for (size_t i = 0; i < 12; i++) {
		const struct cln_read_options options = {.threads = 2, .needed = needed, .n_needed = 1 + i % 2};
		struct image image = small_image(i % 4 < 2 ? "f8" : "i2", i % 3 ? '<' : '>', i % 2);
		struct cln_table *whole, *part;
		struct parts *parts;
		size_t n_rows = 0;
		assert_ok(io_replace_file(path, image.bytes, image.length, &err));
		assert_ok(cln_table_read(&whole, path, &options, &err));
		assert_ok(parts_open(&parts, path, &options, 10 * (1 + i / 4), &err)); /* less than a row, one row, two */
		for (;;) {
			assert_ok(parts_next(&part, parts, &err));
			if (!part)
				break;
			ck_assert_uint_gt(part->n_rows, 0);
			for (size_t row = 0; row < part->n_rows; row++)
				for (size_t c = 0; c < options.n_needed; c++)
					ck_assert_float_eq(part->columns[c].numbers[row], whole->columns[c].numbers[n_rows + row]);
			n_rows += part->n_rows;
			cln_table_destroy(part);
		}
		ck_assert_uint_eq(n_rows, 3);
		parts_close(parts);
		cln_table_destroy(whole);
		mem_free(image.bytes);
	}
	unlink(path);
}
END_TEST

START_TEST(an_error_in_a_part_tells_where_reading_ended)
{
	static const double elements[] = {1, 2, INFINITY, 4, 5};
	static const char *const needed[] = {"1"};
	static const struct cln_read_options options = {.threads = 1, .needed = needed, .n_needed = 1};
	static const char *const endings[] = {"", "\n(reading ended at row 3)", "\n(reading ended at row 4)"};
	char path[] = "/tmp/colonnade-npy-XXXXXX", dictionary[128], expected[256];
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	dictionary_of(dictionary, "<f8", false, 5, 1);
	struct image image = make_image(1, dictionary, 0, elements, sizeof elements);
	assert_ok(io_replace_file(path, image.bytes, image.length, &err));
	for (size_t n_rows = 1; n_rows <= 2; n_rows++) { /* of a part */
		struct cln_error reason;
		struct cln_table *part;
		struct parts *parts;
		assert_ok(parts_open(&parts, path, &options, n_rows * sizeof *elements, &err));
		while (parts_next(&part, parts, &reason) == CLN_OK)
			cln_table_destroy(part);
		snprintf(expected, sizeof expected, "%s, row 3: not a finite number (\"inf\", column \"1\"; " LARGEST ")%s", path,
			 endings[n_rows]);
		ck_assert_str_eq(reason.message, expected);
		parts_close(parts);
	}
	mem_free(image.bytes);
	unlink(path);
}
END_TEST

static Suite *npy_suite(void)
{
	Suite *suite = suite_create("npy");
	TCase *cells = tcase_create("cells"), *headers = tcase_create("headers"), *files = tcase_create("files");
	tcase_set_timeout(cells, 30);
	tcase_set_timeout(headers, 30);
	tcase_add_test(cells, every_type_is_read_in_both_orders_of_bytes_and_cells);
	tcase_add_test(cells, elements_are_rounded_once);
	tcase_add_test(cells, nan_is_missing_whatever_its_payload);
	tcase_add_test(cells, numbers_are_gaps_where_asked_for_but_for_label_and_weights);
	tcase_add_test(cells, windows_orders_and_threads_change_nothing);
	tcase_add_test(cells, texts_are_the_shortest_of_their_numbers);
	tcase_add_test(cells, few_texts_are_kept_and_many_given_up);
	tcase_add_test(cells, cells_that_cannot_be_used_are_told_by_row_and_column);
	tcase_add_test(cells, ten_cells_are_told_and_the_others_counted);
	tcase_add_test(headers, a_header_is_what_numpy_writes);
	tcase_add_test(headers, other_elements_and_dimensions_are_named);
	tcase_add_test(headers, claims_beyond_the_file_are_refused_cheaply);
	tcase_add_test(headers, lengths_and_versions_that_do_not_fit_are_told);
	tcase_add_test(headers, every_cut_is_refused);
	tcase_add_test(headers, flipped_bits_of_the_header_are_refused_or_mean_something_else);
	tcase_add_test(headers, no_allocation_that_fails_is_a_crash_or_a_leak);
	tcase_add_test(files, files_are_recognised_by_their_beginning_and_name);
	tcase_add_test(files, parts_hold_the_rows_of_the_whole_table);
	tcase_add_test(files, an_error_in_a_part_tells_where_reading_ended);
	suite_add_tcase(suite, cells);
	suite_add_tcase(suite, headers);
	suite_add_tcase(suite, files);
	return suite;
}

TESTING_MAIN(npy_suite)
