/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "data/novel.h"
#include "tables.h"

#define N 200 /* rows: three blocks and a rest */

static const bool use_all[] = {true, true, true};

static struct pipeline *fitted(struct cln_table *table, const uint32_t *rows, size_t n_rows, size_t max_levels)
{
	const struct pipeline_settings settings = {use_all, CLN_SCALE_STANDARDISE, max_levels, 0, 0};
	struct pipeline *pipeline;

	assert_ok(pipeline_fit(&pipeline, table, rows, NULL, n_rows, &settings, 1, &err));
	cln_table_destroy(table);
	return pipeline;
}

/* Numbers from 2 to 5 in the training rows 1 and 3; the others hold what is beyond. */
static struct pipeline *of_numbers(void)
{
	static const float x[] = {-7, 2, 100, 5};
	static const uint32_t rows[] = {1, 3};
	struct cln_table *table = tables_create(4, 1);

	tables_numbers(table, 0, "x", x);
	return fitted(table, rows, 2, 8);
}

static struct pipeline *of_texts(void)
{
	static const char *const texts[] = {"a", "b", "a", "a", "b", "c", "d", NULL};
	static const uint32_t rows[] = {0, 1, 2, 3, 4, 5, 7};
	struct cln_table *table = tables_create(8, 1);

	tables_texts(table, 0, "t", texts);
	return fitted(table, rows, 7, 2); /* "c" is rare, and "d" is in no training row */
}

static struct novel start(const struct pipeline *pipeline)
{
	struct novel novel;

	assert_ok(novel_create(&novel, pipeline, &err));
	return novel;
}

static void check(const struct novel_column *count, size_t n_present, size_t n_outside, size_t n_unseen)
{
	ck_assert_uint_eq(count->n_present, n_present);
	ck_assert_uint_eq(count->n_outside, n_outside);
	ck_assert_uint_eq(count->n_unseen, n_unseen);
}

static void finish(struct novel *novel, struct pipeline *pipeline)
{
	novel_free(novel);
	pipeline_destroy(pipeline);
}

START_TEST(the_range_is_that_of_the_training_rows)
{
	struct pipeline *pipeline = of_numbers();

	ck_assert(pipeline->columns[0].has_range);
	ck_assert(pipeline->columns[0].least == 2 && pipeline->columns[0].greatest == 5);
	pipeline_destroy(pipeline);
}
END_TEST

/* One number that is beyond in any row, whatever block it is in; the ends of the range and gaps are not. */
START_TEST(a_number_beyond_is_counted_in_every_row)
{
	struct pipeline *pipeline = of_numbers();
	struct novel novel = start(pipeline);

	for (size_t row = 0; row < N; row++) {
		float x[N];
		struct cln_table *table = tables_create(N, 1);

		for (size_t i = 0; i < N; i++)
			x[i] = i % 3 == 0 ? 2 : i % 3 == 1 ? 5 : NAN;
		x[row] = row % 2 ? 1.9999999f : 5.0000005f;
		tables_numbers(table, 0, "x", x);
		const size_t n_missing = table->columns[0].n_missing, before = novel.columns[0].n_present;
		assert_ok(novel_add(&novel, table, true, &err));
		check(&novel.columns[0], before + N - n_missing, row + 1, 0);
		cln_table_destroy(table);
	}
	finish(&novel, pipeline);
}
END_TEST

START_TEST(where_no_range_is_known_nothing_is_beyond)
{
	static const float x[] = {-1e30f, 1e30f};
	struct pipeline *pipeline = of_numbers();
	struct cln_table *table = tables_create(2, 1);
	struct novel novel = start(pipeline);

	pipeline->columns[0].has_range = false;
	tables_numbers(table, 0, "x", x);
	assert_ok(novel_add(&novel, table, true, &err));
	check(&novel.columns[0], 2, 0, 0);
	cln_table_destroy(table);
	finish(&novel, pipeline);
}
END_TEST

START_TEST(texts_are_read_where_numbers_were_learnt)
{
	static const char *const texts[] = {"5", " 5.5", NULL, "1", "5.5 ", "4"};
	struct pipeline *pipeline = of_numbers();
	struct cln_table *table = tables_create(6, 1);
	struct novel novel = start(pipeline);

	tables_texts(table, 0, "x", texts);
	assert_ok(novel_add(&novel, table, false, &err));
	check(&novel.columns[0], 5, 3, 0);
	cln_table_destroy(table);
	finish(&novel, pipeline);
}
END_TEST

/* Rare levels were seen; the example is the first in the order of the rows, of the first table that has one. */
START_TEST(levels_that_no_training_row_has_are_counted)
{
	static const char *const texts[] = {"a", "z\x1b", "c", NULL, "d", "z\x1b", "b", "a"};
	struct pipeline *pipeline = of_texts();
	struct cln_table *table = tables_create(8, 1);
	struct novel novel = start(pipeline);

	tables_texts(table, 0, "t", texts);
	assert_ok(novel_add(&novel, table, false, &err));
	check(&novel.columns[0], 0, 0, 0);
	assert_ok(novel_add(&novel, table, true, &err));
	check(&novel.columns[0], 7, 0, 3);
	ck_assert_str_eq(novel.columns[0].example, "z?");
	assert_ok(novel_add(&novel, table, true, &err));
	check(&novel.columns[0], 14, 0, 6);
	cln_table_destroy(table);
	finish(&novel, pipeline);
}
END_TEST

/* Tables whose columns stand elsewhere, or are not there. */
START_TEST(columns_are_found_by_name)
{
	static const float x[] = {0, 3}, y[] = {1, 2};
	struct pipeline *pipeline = of_numbers();
	struct novel novel = start(pipeline);

	for (int swapped = 0; swapped < 2; swapped++) {
		struct cln_table *table = tables_create(2, 2);

		tables_numbers(table, (size_t)swapped, "x", x);
		tables_numbers(table, (size_t)!swapped, "y", y);
		assert_ok(novel_add(&novel, table, true, &err));
		check(&novel.columns[0], 2 * ((size_t)swapped + 1), (size_t)swapped + 1, 0);
		cln_table_destroy(table);
	}
	struct cln_table *without = tables_create(2, 1);
	tables_numbers(without, 0, "y", y);
	assert_ok(novel_add(&novel, without, true, &err));
	check(&novel.columns[0], 4, 2, 0);
	cln_table_destroy(without);
	finish(&novel, pipeline);
}
END_TEST

static Suite *novel_suite(void)
{
	Suite *suite = suite_create("novel");
	TCase *counts = tcase_create("counts");

	tcase_add_test(counts, the_range_is_that_of_the_training_rows);
	tcase_add_test(counts, a_number_beyond_is_counted_in_every_row);
	tcase_add_test(counts, where_no_range_is_known_nothing_is_beyond);
	tcase_add_test(counts, texts_are_read_where_numbers_were_learnt);
	tcase_add_test(counts, levels_that_no_training_row_has_are_counted);
	tcase_add_test(counts, columns_are_found_by_name);
	suite_add_tcase(suite, counts);
	return suite;
}

TESTING_MAIN(novel_suite)
