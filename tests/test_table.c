/* SPDX-License-Identifier: MIT
 * Tables in memory: what is looked up, how cells are shown, and what the fingerprint tells apart. */
#include "tables.h"

#include <stdio.h>

static struct cln_table *example(void)
{
	struct cln_table *table = tables_create(3, 3);
	tables_numbers(table, 0, "x", (const float[]){1.5f, NAN, -0.1f});
	tables_texts(table, 1, "job", (const char *const[]){"clerk", NULL, "baker"});
	tables_numbers(table, 2, "1", (const float[]){1, 2, 3});
	return table;
}

START_TEST(columns_are_found_by_name_before_number)
{
	struct cln_table *table = example();
	ck_assert_uint_eq(table_find(table, "job"), 1);
	ck_assert_uint_eq(table_find(table, "1"), 2);
	ck_assert_uint_eq(table_find(table, "2"), 1);
	ck_assert_uint_eq(table_find(table, "3"), 2);
	static const char *const absent[] = {"0", "4", "", "Job", "-1", "+1", " 2", "2.0", "99999999999999999999999"};
	for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
		ck_assert_msg(table_find(table, absent[i]) == SIZE_MAX, "\"%s\" was found", absent[i]);
	cln_table_destroy(table);
}
END_TEST

/* Looking through all names for each would take minutes. */
START_TEST(many_columns_are_found_by_name)
{
	enum { N = 300000 };
	struct text text = {0};
	struct cln_table *table;
	char name[32];
	for (size_t c = 0; c < N; c++)
		text_addf(&text, "c%zu%c", c, c + 1 < N ? ',' : '\n');
	for (size_t c = 0; c < N; c++)
		text_add(&text, c + 1 < N ? "1," : "1\n", 2);
	ck_assert(!text.failed);
	assert_ok(cln_table_read_text(&table, text.bytes, text.length, NULL, &err));
	for (size_t c = 0; c < N; c++) {
		snprintf(name, sizeof name, "c%zu", c);
		ck_assert_uint_eq(table_find(table, name), c);
	}
	ck_assert_uint_eq(table_find_name(table, "c"), SIZE_MAX);
	ck_assert_uint_eq(table_find(table, "300000"), N - 1);
	cln_table_destroy(table);
	text_free(&text);
}
END_TEST

START_TEST(cells_are_shown_by_level_or_shortest_number)
{
	struct cln_table *table = example();
	static const char *const wanted[3][3] = {{"1.5", "clerk", "1"}, {"", "", "2"}, {"-0.1", "baker", "3"}};
	char cell[TABLE_CELL];
	for (size_t row = 0; row < 3; row++)
		for (size_t c = 0; c < 3; c++) {
			table_cell(cell, table, row, c);
			ck_assert_str_eq(cell, wanted[row][c]);
		}
	cln_table_destroy(table);
}
END_TEST

START_TEST(long_cells_are_cut_between_characters)
{
	char text[400] = {0}, cell[TABLE_CELL];
	for (size_t start = 0; start < 3; start++) {
		struct cln_table *table = tables_create(1, 1);
		memset(text, 'x', start);
		for (size_t i = start; i + 3 < sizeof text; i += 3)
			memcpy(text + i, "\xE2\x82\xAC", 3);
		tables_texts(table, 0, "euro", (const char *const[]){text});
		table_cell(cell, table, 0, 0);
		ck_assert_uint_eq(strlen(cell), start + (TABLE_CELL - 1 - start) / 3 * 3); /* as many whole characters as fit */
		ck_assert_int_eq(memcmp(cell, text, strlen(cell)), 0);
		cln_table_destroy(table);
	}
}
END_TEST

START_TEST(lines_follow_from_the_breaks)
{
	struct cln_table *table = example();
	char place[TABLE_PLACE];
	ck_assert_uint_eq(table_line(table, 0), 0);
	table_place(place, table, 1, 0);
	ck_assert_str_eq(place, "memory, row 2");
	table->breaks = mem_alloc(2, sizeof *table->breaks, NULL);
	table->n_breaks = 2;
	table->breaks[0] = (struct line_break){0, 2};
	table->breaks[1] = (struct line_break){2, 5};
	ck_assert_uint_eq(table_line(table, 0), 2);
	ck_assert_uint_eq(table_line(table, 1), 3);
	ck_assert_uint_eq(table_line(table, 2), 7);
	table_place(place, table, 1, 0);
	ck_assert_str_eq(place, "memory:3");
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- fingerprint */

static uint64_t fingerprint_after(void (*change)(struct cln_table *table))
{
	struct cln_table *table = example();
	if (change)
		change(table);
	uint64_t print = cln_table_fingerprint(table);
	cln_table_destroy(table);
	return print;
}

static void change_number(struct cln_table *table)
{
	table->columns[0].numbers[2] = nextafterf(-0.1f, 0);
}
static void change_gap(struct cln_table *table)
{
	table->columns[0].numbers[1] = 0;
}
static void change_code(struct cln_table *table)
{
	table->columns[1].codes[0] = 0;
}
static void change_level(struct cln_table *table)
{
	table->columns[1].levels[0][0] = 'c';
}
static void change_name(struct cln_table *table)
{
	table->columns[2].name[0] = '2';
}
static void swap_columns(struct cln_table *table)
{
	struct column first = table->columns[0];
	table->columns[0] = table->columns[2];
	table->columns[2] = first;
}
static void drop_row(struct cln_table *table)
{
	table->n_rows--;
}
static void change_sign_of_gap(struct cln_table *table)
{
	table->columns[0].numbers[1] = -table->columns[0].numbers[1];
}
static void change_source(struct cln_table *table)
{
	table->source[0] = 'M';
}

START_TEST(the_fingerprint_sees_every_change_of_content)
{
	void (*const changes[])(struct cln_table *) = {change_number, change_gap,   change_code, change_level,
						       change_name,   swap_columns, drop_row};
	uint64_t before = fingerprint_after(NULL);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
		ck_assert_msg(fingerprint_after(changes[i]) != before, "change %zu was not seen", i);
	ck_assert_uint_eq(fingerprint_after(change_source), before);
	ck_assert_uint_eq(fingerprint_after(change_sign_of_gap), before);
}
END_TEST

START_TEST(the_fingerprint_is_that_of_the_same_text)
{
	static const char csv[] = "x,job,1\n1.5,clerk,1\n,,2\n-0.1,baker,3\n";
	static const struct cln_read_options options = {.threads = 1};
	char path[] = "/tmp/colonnade-test-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(csv, 1, sizeof csv - 1, file), sizeof csv - 1);
	ck_assert_int_eq(fclose(file), 0);
	struct cln_table *table;
	assert_ok(cln_table_read(&table, path, &options, &err));
	ck_assert_int_eq(remove(path), 0);
	ck_assert_uint_eq(cln_table_fingerprint(table), fingerprint_after(NULL));
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- creation */

START_TEST(a_table_is_made_of_numbers_in_memory)
{
	float cells[] = {1, 2, NAN, 4, 5, 6};
	char name[] = "a";
	struct cln_table *table;
	assert_ok(cln_table_create(&table, cells, 3, 2, (const char *const[]){name, "b"}, &err));
	cells[0] = 9;
	name[0] = 'z'; /* both were copied */
	ck_assert_uint_eq(cln_table_rows(table), 3);
	ck_assert_uint_eq(cln_table_columns(table), 2);
	ck_assert_str_eq(cln_table_column_name(table, 0), "a");
	ck_assert_str_eq(cln_table_column_name(table, 1), "b");
	ck_assert_ptr_null(cln_table_column_name(table, 2));
	ck_assert_float_eq(table->columns[0].numbers[0], 1);
	ck_assert(isnan(table->columns[0].numbers[1]));
	ck_assert_float_eq(table->columns[1].numbers[2], 6);
	ck_assert_uint_eq(table->columns[0].n_missing, 1);
	ck_assert_uint_eq(table->columns[1].n_missing, 0);
	cln_table_destroy(table);
}
END_TEST

static void assert_refused(const float *cells, size_t n_rows, const char *const *names, const char *message)
{
	struct cln_table *table = (struct cln_table *)1;
	struct cln_error err = {0};
	ck_assert_int_eq(cln_table_create(&table, cells, n_rows, 2, names, &err), CLN_E_DATA);
	ck_assert_ptr_null(table);
	ck_assert_str_eq(err.message, message);
}

static const struct {
	const char *csv;
	bool no_header, are_data;
} headers[] = {{"0.5,1,3\n2,3,4\n", false, true},
	       {"1,0\n2,1\n", false, true},
	       {"5,red,NA,0\n6,blue,1,1\n", false, true},   /* red may be a name */
	       {"5,,7,0\n6,1,1,1\n", false, true},          /* the name of a gap is its number */
	       {"0.5,red\n1,red\n", false, true},
	       {"a,0.5\n2,3\n", false, false},              /* one name is enough */
	       {"2010,2011,2012,2013\n1,2,3,4\n", false, false},
	       {"a,2010,2011\nred,2,3\n", false, false},
	       {"0,1,2\n5,6,7\n", false, false},
	       {"5,red\n6,blue\n", false, false},           /* such a name is met */
	       {"5,7,1\n6,8,2\n", true, false}};

START_TEST(names_that_are_data_are_known)
{
	struct cln_table *table;
	const struct cln_read_options options = {.no_header = headers[_i].no_header, .label = ""};
	const char *csv = headers[_i].csv;
	assert_ok(cln_table_read_text(&table, csv, strlen(csv), &options, &err));
	ck_assert_msg(table_names_are_data(table) == headers[_i].are_data, "%s", csv);
	ck_assert_int_eq(*table_names_hint(table) != '\0', headers[_i].are_data);
	cln_table_destroy(table);
}
END_TEST

START_TEST(names_of_columns_not_read_are_data_where_half_are_numbers)
{
	static const struct {
		const char *csv;
		bool are_data;
	} cases[] = {{"0.5,b,1\n2,x,3\n", true}, {"0.5,b,c\n2,x,y\n", false}, {"1,2,3\n2,3,4\n", false}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cln_table *table;
		const struct cln_read_options options = {.needed = (const char *[]){"weight"}, .n_needed = 1};
		assert_ok(cln_table_read_text(&table, cases[i].csv, strlen(cases[i].csv), &options, &err));
		ck_assert_msg(table_names_are_data(table) == cases[i].are_data, "%s", cases[i].csv);
		cln_table_destroy(table);
	}
}
END_TEST

START_TEST(what_is_no_table_is_refused)
{
	const float cells[] = {1, 2, 3, -INFINITY};
	assert_refused(cells, 2, (const char *const[]){"a", "b"}, "memory: row 2 of column \"b\" is infinite");
	assert_refused(cells, 1, (const char *const[]){"a", "a"}, "memory: columns 1 and 2 have the same name (\"a\")");
	assert_refused(cells, 1, (const char *const[]){"a", "\xC3"}, "memory: the name of column 2 is not valid UTF-8 (\"?\")");
	assert_refused(cells, (size_t)UINT32_MAX, (const char *const[]){"a", "b"},
		       "memory: 4294967295 rows; at most 4294967294 can be used");
}
END_TEST

START_TEST(nothing_can_be_destroyed)
{
	cln_table_destroy(NULL);
	struct cln_table *table;
	assert_ok(table_create(&table, "x", 0, 0, &err));
	cln_table_destroy(table);
}
END_TEST

static Suite *table_suite(void)
{
	Suite *suite = suite_create("table");
	TCase *lookup = tcase_create("lookup"), *fingerprint = tcase_create("fingerprint"), *creation = tcase_create("creation");
	tcase_add_test(lookup, columns_are_found_by_name_before_number);
	tcase_add_test(lookup, many_columns_are_found_by_name);
	tcase_add_test(lookup, cells_are_shown_by_level_or_shortest_number);
	tcase_add_test(lookup, long_cells_are_cut_between_characters);
	tcase_add_loop_test(lookup, names_that_are_data_are_known, 0, sizeof headers / sizeof *headers);
	tcase_add_test(lookup, names_of_columns_not_read_are_data_where_half_are_numbers);
	tcase_add_test(lookup, lines_follow_from_the_breaks);
	tcase_add_test(fingerprint, the_fingerprint_sees_every_change_of_content);
	tcase_add_test(fingerprint, the_fingerprint_is_that_of_the_same_text);
	tcase_add_test(creation, a_table_is_made_of_numbers_in_memory);
	tcase_add_test(creation, what_is_no_table_is_refused);
	tcase_add_test(creation, nothing_can_be_destroyed);
	suite_add_tcase(suite, lookup);
	suite_add_tcase(suite, fingerprint);
	suite_add_tcase(suite, creation);
	return suite;
}

TESTING_MAIN(table_suite)
