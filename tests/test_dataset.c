/* SPDX-License-Identifier: MIT */
#include "data/batch.h"
#include "kernels/kernels.h"
#include "tables.h"

/* ---------------------------------------------------------------- dataset */

START_TEST(a_dataset_has_weights_only_where_asked)
{
	struct dataset dataset;

	assert_ok(dataset_create(&dataset, 5, 3, false, &err));
	ck_assert(dataset.X && dataset.y && !dataset.w);
	for (size_t i = 0; i < 15; i++)
		dataset.X[i] = 1;
	dataset_free(&dataset);
	ck_assert_ptr_null(dataset.X);
	assert_ok(dataset_create(&dataset, 5, 3, true, &err));
	ck_assert_ptr_nonnull(dataset.w);
	dataset_free(&dataset);
}
END_TEST

START_TEST(a_dataset_may_have_no_rows)
{
	struct dataset dataset;

	assert_ok(dataset_create(&dataset, 0, 3, true, &err));
	dataset_free(&dataset);
	dataset_free(&dataset);
}
END_TEST

START_TEST(a_dataset_whose_size_overflows_is_refused)
{
	struct dataset dataset;
	struct cln_error err;

	ck_assert_int_eq(dataset_create(&dataset, SIZE_MAX / 2, 4, false, &err), CLN_E_MEMORY);
	ck_assert_int_eq(err.code, CLN_E_MEMORY);
	ck_assert_ptr_null(dataset.X);
}
END_TEST

/* ---------------------------------------------------------------- batch */

START_TEST(an_epoch_visits_every_row_once)
{
	uint32_t order[1000];
	int visits[1000] = {0};

	batch_order(order, 1000, 7, 3);
	for (size_t i = 0; i < 1000; i++)
		visits[order[i]]++;
	for (size_t i = 0; i < 1000; i++)
		ck_assert_int_eq(visits[i], 1);
}
END_TEST

START_TEST(the_order_is_a_function_of_seed_and_epoch)
{
	uint32_t a[100], b[100];

	batch_order(a, 100, 7, 3);
	batch_order(b, 100, 7, 3);
	ck_assert_mem_eq(a, b, sizeof a);
	batch_order(b, 100, 7, 4);
	ck_assert_mem_ne(a, b, sizeof a);
	batch_order(b, 100, 8, 3);
	ck_assert_mem_ne(a, b, sizeof a);
}
END_TEST

static const size_t feature_counts[] = {1, 15, 16, 17, 32, 45};

START_TEST(gather_puts_feature_u_of_row_s_into_lane_u_of_column_s)
{
	enum { N_ROWS = 9, M = 5, LD = 8 };
	size_t n = feature_counts[_i], P = panels_of(n);
	const uint32_t order[M] = {8, 0, 3, 3, 7};
	struct dataset dataset;
	float y[M], w[M], *A0 = mem_alloc(P * LD * PANEL, sizeof *A0, NULL);

	ck_assert_ptr_nonnull(A0);
	for (size_t i = 0; i < P * LD * PANEL; i++)
		A0[i] = -1;
	assert_ok(dataset_create(&dataset, N_ROWS, n, true, &err));
	for (size_t i = 0; i < N_ROWS; i++) {
		dataset.y[i] = (float)(i % 2);
		dataset.w[i] = (float)i / 4;
		for (size_t u = 0; u < n; u++)
			dataset.X[i * n + u] = (float)(100 * i + u + 1);
	}
	batch_gather(A0, y, w, &dataset, order, M, LD);

	for (size_t u = 0; u < P * PANEL; u++) {
		for (size_t s = 0; s < LD; s++) {
			float expected = s >= M ? -1 : u < n ? (float)(100 * order[s] + u + 1) : 0;

			ck_assert_float_eq(A0[((u / PANEL) * LD + s) * PANEL + u % PANEL], expected);
		}
	}
	for (size_t s = 0; s < M; s++) {
		ck_assert_float_eq(y[s], (float)(order[s] % 2));
		ck_assert_float_eq(w[s], (float)order[s] / 4);
	}
	dataset_free(&dataset);
	mem_free(A0);
}
END_TEST

START_TEST(gather_leaves_w_alone_where_all_weights_are_1)
{
	struct dataset dataset;
	float A0[PANEL], y, w = 42;

	assert_ok(dataset_create(&dataset, 1, 1, false, &err));
	dataset.X[0] = dataset.y[0] = 1;
	batch_gather(A0, &y, &w, &dataset, (const uint32_t[]){0}, 1, 1);
	ck_assert_float_eq(w, 42);
	ck_assert_float_eq(y, 1);
	dataset_free(&dataset);
}
END_TEST

/* ---------------------------------------------------------------- label_find */

/* Columns: x (numbers 1 .. n), label. */
static struct cln_table *table_with_texts(const char *const *labels, size_t n)
{
	struct cln_table *table = tables_create(n, 2);
	float x[64];

	ck_assert_uint_le(n, 64);
	for (size_t i = 0; i < n; i++)
		x[i] = (float)i + 1;
	tables_numbers(table, 0, "x", x);
	tables_texts(table, 1, "class", labels);
	return table;
}

static struct cln_table *table_with_numbers(const float *labels, size_t n)
{
	struct cln_table *table = tables_create(n, 2);
	float x[64] = {0};

	ck_assert_uint_le(n, 64);
	tables_numbers(table, 0, "x", x);
	tables_numbers(table, 1, "class", labels);
	return table;
}

static void check_label(const struct cln_table *table, const char *positive, const char *expected_negative,
			const char *expected_positive)
{
	struct label label;

	assert_ok(label_find(&label, table, NULL, positive, NULL, NULL, &err));
	ck_assert_str_eq(label.column, "class");
	ck_assert_str_eq(label.negative, expected_negative);
	ck_assert_str_eq(label.positive, expected_positive);
	ck_assert_int_eq(label.positive_was_chosen, !positive);
	label_free(&label);
}

START_TEST(the_greater_text_is_the_positive_class)
{
	struct cln_table *table = table_with_texts((const char *[]){"yes", "no", "yes", NULL}, 4);

	check_label(table, NULL, "no", "yes");
	check_label(table, "no", "yes", "no");
	cln_table_destroy(table);
}
END_TEST

START_TEST(label_numbers_compare_as_numbers)
{
	struct cln_table *table = table_with_texts((const char *[]){"10", "9"}, 2);

	check_label(table, NULL, "9", "10");
	cln_table_destroy(table);
	table = table_with_numbers((const float[]){0.5f, -2, 0.5f, NAN}, 4);
	check_label(table, NULL, "-2", "0.5");
	check_label(table, "-2.0", "0.5", "-2");
	cln_table_destroy(table);
	table = table_with_texts((const char *[]){" 10", "9", "10", "9\t"}, 4);
	check_label(table, NULL, "9", "10");
	check_label(table, " 9.0", "10", "9");
	cln_table_destroy(table);
}
END_TEST

START_TEST(a_negative_zero_label_is_zero)
{
	struct cln_table *table = table_with_numbers((const float[]){-0.0f, 0, 1}, 3);

	check_label(table, NULL, "0", "1");
	cln_table_destroy(table);
}
END_TEST

START_TEST(the_default_label_is_the_last_column_that_is_no_weight)
{
	struct cln_table *table = tables_create(2, 3);
	struct label label;
	struct cln_error refusal;

	tables_numbers(table, 0, "a", (const float[]){1, 2});
	tables_numbers(table, 1, "b", (const float[]){3, 4});
	tables_numbers(table, 2, "c", (const float[]){5, 6});
	assert_ok(label_find(&label, table, NULL, NULL, "c", NULL, &err));
	ck_assert_str_eq(label.column, "b");
	label_free(&label);
	table->columns[2].ignored = true;
	assert_ok(label_find(&label, table, NULL, NULL, NULL, NULL, &err));
	ck_assert_str_eq(label.column, "b");
	label_free(&label);
	table->columns[2].ignored = false;
	assert_ok(label_find(&label, table, "1", NULL, NULL, NULL, &err));
	ck_assert_str_eq(label.column, "a");
	label_free(&label);
	ck_assert_int_eq(label_find(&label, table, "a", NULL, "a", NULL, &refusal), CLN_E_USAGE);
	ck_assert_int_eq(label_find(&label, table, "z", NULL, NULL, NULL, &refusal), CLN_E_DATA);
	ck_assert_ptr_nonnull(strstr(refusal.message, "\"z\""));
	cln_table_destroy(table);
}
END_TEST

static void check_label_refused(struct cln_table *table, const char *positive, const char *weight, enum cln_status status,
				const char *text)
{
	struct label label;
	struct cln_error err = {0};

	ck_assert_int_eq(label_find(&label, table, "class", positive, weight, NULL, &err), status);
	ck_assert_int_eq(err.code, status);
	ck_assert_msg(strstr(err.message, text) != NULL, "%s", err.message);
	ck_assert_ptr_null(label.column);
	cln_table_destroy(table);
}

START_TEST(a_third_label_value_is_named)
{
	check_label_refused(table_with_texts((const char *[]){"a", "b", "a", "maybe"}, 4), NULL, NULL, CLN_E_DATA,
			    "\"maybe\", column \"class\"");
	check_label_refused(table_with_numbers((const float[]){0, 1, 0, 7}, 4), NULL, NULL, CLN_E_DATA, "\"7\", column \"class\"");
}
END_TEST

START_TEST(a_single_class_is_refused)
{
	check_label_refused(table_with_texts((const char *[]){"a", NULL, "a"}, 3), NULL, NULL, CLN_E_DATA, "every label is \"a\"");
	check_label_refused(table_with_texts((const char *[]){NULL, NULL}, 2), NULL, NULL, CLN_E_DATA, "no row has a label");
	check_label_refused(table_with_texts((const char *[]){NULL, "a"}, 2), NULL, "x", CLN_E_DATA, "every label is \"a\"");
}
END_TEST

START_TEST(weights_that_are_all_0_are_refused)
{
	struct cln_table *table = table_with_texts((const char *[]){"a", "b"}, 2);

	table->columns[0].numbers[0] = table->columns[0].numbers[1] = 0;
	check_label_refused(table, NULL, "x", CLN_E_DATA, "every row's weight is 0 (column \"x\")");
}
END_TEST

START_TEST(a_positive_value_that_does_not_occur_is_refused)
{
	check_label_refused(table_with_texts((const char *[]){"a", "b"}, 2), "c", NULL, CLN_E_USAGE, "\"a\" and \"b\"");
}
END_TEST

START_TEST(labels_of_weight_0_do_not_count)
{
	struct cln_table *table = table_with_texts((const char *[]){"a", "maybe", "b", "a"}, 4);
	struct label label;

	table->columns[0].numbers[1] = 0;
	assert_ok(label_find(&label, table, NULL, NULL, "x", NULL, &err));
	ck_assert_str_eq(label.positive, "b");
	label_free(&label);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- labels_read */

static const struct label ab = {.column = (char[]){"class"}, .negative = (char[]){"a"}, .positive = (char[]){"b"}};

START_TEST(rows_of_weight_0_are_dropped)
{
	struct cln_table *table = table_with_texts((const char *[]){"a", NULL, "b", "a"}, 4);
	struct labelled_rows read;

	table->columns[0].numbers[1] = 0; /* its label is missing: that must not matter */
	assert_ok(labels_read(&read, table, &ab, "x", NULL, &err));
	ck_assert_uint_eq(read.n, 3);
	ck_assert_uint_eq(read.n_dropped, 1);
	ck_assert_mem_eq(read.rows, ((const uint32_t[]){0, 2, 3}), 3 * sizeof *read.rows);
	ck_assert_mem_eq(read.y, ((const float[]){0, 1, 0}), 3 * sizeof *read.y);
	ck_assert_mem_eq(read.w, ((const float[]){1, 3, 4}), 3 * sizeof *read.w);
	labelled_rows_free(&read);
	cln_table_destroy(table);
}
END_TEST

static void check_classes(struct cln_table *table, const struct label *label, const float *expected, size_t n)
{
	struct labelled_rows read;

	assert_ok(labels_read(&read, table, label, NULL, NULL, &err));
	ck_assert_uint_eq(read.n, n);
	ck_assert_mem_eq(read.y, expected, n * sizeof *read.y);
	ck_assert_ptr_null(read.w);
	labelled_rows_free(&read);
	cln_table_destroy(table);
}

START_TEST(labels_match_across_column_types)
{
	const struct label numbers = {.column = (char[]){"class"}, .negative = (char[]){"0"}, .positive = (char[]){"1.0"}};

	const struct label spaced = {.column = (char[]){"class"}, .negative = (char[]){" 0"}, .positive = (char[]){"1 "}};

	check_classes(table_with_numbers((const float[]){1, 0, -0.0f}, 3), &numbers, (const float[]){1, 0, 0}, 3);
	check_classes(table_with_numbers((const float[]){1, 0}, 2), &spaced, (const float[]){1, 0}, 2);
	check_classes(table_with_texts((const char *[]){" 1", "0", "0.0", "1.0"}, 4), &numbers, (const float[]){1, 0, 0, 1}, 4);
}
END_TEST

START_TEST(equal_bytes_win_over_equal_numbers)
{
	const struct label label = {.column = (char[]){"class"}, .negative = (char[]){"1"}, .positive = (char[]){"1.0"}};

	check_classes(table_with_texts((const char *[]){"1.0", "1"}, 2), &label, (const float[]){1, 0}, 2);
}
END_TEST

static void check_rows_refused(struct cln_table *table, const char *weight, const char *text)
{
	struct labelled_rows read;
	struct cln_error err = {0};

	ck_assert_int_eq(labels_read(&read, table, &ab, weight, NULL, &err), CLN_E_DATA);
	ck_assert_msg(strstr(err.message, text) != NULL, "%s", err.message);
	ck_assert(!read.rows && !read.y && !read.w && !read.n);
	cln_table_destroy(table);
}

START_TEST(bad_labels_and_weights_are_refused_with_text_and_column)
{
	struct cln_table *table;

	check_rows_refused(table_with_texts((const char *[]){"a", NULL}, 2), NULL, "a label is missing (\"\", column \"class\"");
	check_rows_refused(table_with_texts((const char *[]){"a", "c"}, 2), NULL,
			   "a label of neither class (\"c\", column \"class\"");
	check_rows_refused(table_with_numbers((const float[]){1, 0}, 2), NULL, "a label of neither class (\"1\"");
	table = table_with_texts((const char *[]){"a", "b"}, 2);
	table->columns[0].numbers[1] = -2;
	check_rows_refused(table, "x", "negative (\"-2\", column \"x\"");
	table = table_with_texts((const char *[]){"a", "b"}, 2);
	table->columns[0].numbers[1] = NAN;
	check_rows_refused(table, "x", "missing");
	table = tables_create(2, 2);
	tables_texts(table, 0, "x", (const char *[]){"1", "heavy"});
	tables_texts(table, 1, "class", (const char *[]){"a", "b"});
	check_rows_refused(table, "x", "not a number (\"heavy\", column \"x\"");
	check_rows_refused(table_with_texts((const char *[]){"a", "b"}, 2), "z", "\"z\"");
	check_rows_refused(table_with_texts((const char *[]){"a", "b"}, 2), "1", "\"1\"");
}
END_TEST

START_TEST(a_label_of_another_table_is_no_number_of_a_column)
{
	const struct label second = {.column = (char[]){"2"}, .negative = (char[]){"a"}, .positive = (char[]){"b"}};
	struct cln_table *table = table_with_texts((const char *[]){"a", "b"}, 2);
	struct labelled_rows read;
	struct cln_error refusal = {0};

	ck_assert_int_eq(labels_read(&read, table, &second, NULL, NULL, &refusal), CLN_E_DATA);
	ck_assert_ptr_nonnull(strstr(refusal.message, "there is no column \"2\" for the label"));
	cln_table_destroy(table);
}
END_TEST

START_TEST(ten_bad_labels_and_weights_are_told_and_the_others_counted)
{
	enum { ROWS = 14 };
	const char *texts[ROWS];
	struct cln_error err = {0};
	struct label label;
	size_t lines = 1;

	for (size_t i = 0; i < ROWS; i++)
		texts[i] = i < 2 ? (i ? "b" : "a") : "c";
	check_rows_refused(table_with_texts(texts, ROWS), NULL, "... and 2 more errors");
	struct cln_table *table = table_with_texts(texts, ROWS);
	ck_assert_int_eq(label_find(&label, table, NULL, NULL, NULL, NULL, &err), CLN_E_DATA);
	for (const char *c = err.message; *c; c++)
		lines += *c == '\n';
	ck_assert_uint_eq(lines, 11);
	ck_assert_ptr_nonnull(strstr(err.message, "... and 2 more errors"));
	cln_table_destroy(table);
	table = table_with_texts((const char *[]){"a", "b", "a"}, 3);
	table->columns[0].numbers[0] = -1;
	table->columns[0].numbers[2] = -3;
	check_rows_refused(table, "x", "negative (\"-3\", column \"x\"");
}
END_TEST

/* ---------------------------------------------------------------- split */

struct split {
	uint32_t *first, *second;
	size_t n_first, n_second;
};

static struct split split_of(const float *y, size_t n, double fraction, uint64_t seed, uint32_t part)
{
	struct split split;

	assert_ok(split_stratified(&split.first, &split.n_first, &split.second, &split.n_second, y, n, fraction, seed, part, &err));
	ck_assert_uint_eq(split.n_first + split.n_second, n);
	return split;
}

static void split_free(struct split *split)
{
	mem_free(split->first);
	mem_free(split->second);
}

static size_t positives(const uint32_t *rows, size_t n, const float *y)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += y[rows[i]] > 0;
	return count;
}

START_TEST(a_split_is_stratified_ascending_and_complete)
{
	float y[1000];
	bool seen[1000] = {false};
	struct split split;

	for (size_t i = 0; i < 1000; i++)
		y[i] = i % 7 == 0; /* 143 positive, 857 negative */
	split = split_of(y, 1000, 0.2, 1, 0);
	ck_assert_uint_eq(positives(split.second, split.n_second, y), 29); /* 28.6 */
	ck_assert_uint_eq(split.n_second, 29 + 171);                       /* 171.4 */
	for (size_t i = 0; i < split.n_first; i++) {
		ck_assert(i == 0 || split.first[i] > split.first[i - 1]);
		seen[split.first[i]] = true;
	}
	for (size_t i = 0; i < split.n_second; i++) {
		ck_assert(i == 0 || split.second[i] > split.second[i - 1]);
		ck_assert(!seen[split.second[i]]);
	}
	split_free(&split);
}
END_TEST

START_TEST(a_split_depends_on_seed_and_part_only)
{
	float y[100];
	struct split a, b;

	for (size_t i = 0; i < 100; i++)
		y[i] = (float)(i % 2);
	a = split_of(y, 100, 0.5, 1, 0);
	b = split_of(y, 100, 0.5, 1, 0);
	ck_assert_mem_eq(a.second, b.second, 50 * sizeof *a.second);
	split_free(&b);
	b = split_of(y, 100, 0.5, 2, 0);
	ck_assert_mem_ne(a.second, b.second, 50 * sizeof *a.second);
	split_free(&b);
	b = split_of(y, 100, 0.5, 1, 1);
	ck_assert_mem_ne(a.second, b.second, 50 * sizeof *a.second);
	split_free(&b);
	split_free(&a);
}
END_TEST

START_TEST(small_classes_are_shared_where_they_can_be)
{
	const float y[] = {0, 0, 0, 0, 0, 1, 1};
	const float single[] = {0, 0, 1};
	struct split split = split_of(y, 7, 0.01, 1, 0);

	ck_assert_uint_eq(split.n_second, 2); /* one of each */
	ck_assert_uint_eq(positives(split.second, split.n_second, y), 1);
	split_free(&split);
	split = split_of(y, 7, 0.99, 1, 0);
	ck_assert_uint_eq(split.n_first, 2);
	ck_assert_uint_eq(positives(split.first, split.n_first, y), 1);
	split_free(&split);
	split = split_of(single, 3, 0.9, 1, 0);
	ck_assert_uint_eq(positives(split.first, split.n_first, single), 1);
	split_free(&split);
}
END_TEST

START_TEST(a_fraction_of_0_splits_nothing_off)
{
	const float y[] = {0, 1, 0, 1};
	struct split split = split_of(y, 4, 0, 1, 0);

	ck_assert_uint_eq(split.n_first, 4);
	ck_assert_uint_eq(split.n_second, 0);
	split_free(&split);
}
END_TEST

static Suite *dataset_suite(void)
{
	Suite *suite = suite_create("dataset");
	TCase *create = tcase_create("dataset_create"), *batch = tcase_create("batch"), *find = tcase_create("label_find");
	TCase *read = tcase_create("labels_read"), *split = tcase_create("split_stratified");

	tcase_add_test(create, a_dataset_has_weights_only_where_asked);
	tcase_add_test(create, a_dataset_may_have_no_rows);
	tcase_add_test(create, a_dataset_whose_size_overflows_is_refused);
	suite_add_tcase(suite, create);
	tcase_add_test(batch, an_epoch_visits_every_row_once);
	tcase_add_test(batch, the_order_is_a_function_of_seed_and_epoch);
	tcase_add_loop_test(batch, gather_puts_feature_u_of_row_s_into_lane_u_of_column_s, 0,
	                    (int)(sizeof feature_counts / sizeof *feature_counts));
	tcase_add_test(batch, gather_leaves_w_alone_where_all_weights_are_1);
	suite_add_tcase(suite, batch);
	tcase_add_test(find, the_greater_text_is_the_positive_class);
	tcase_add_test(find, label_numbers_compare_as_numbers);
	tcase_add_test(find, a_negative_zero_label_is_zero);
	tcase_add_test(find, the_default_label_is_the_last_column_that_is_no_weight);
	tcase_add_test(find, a_third_label_value_is_named);
	tcase_add_test(find, a_single_class_is_refused);
	tcase_add_test(find, a_positive_value_that_does_not_occur_is_refused);
	tcase_add_test(find, labels_of_weight_0_do_not_count);
	tcase_add_test(find, weights_that_are_all_0_are_refused);
	suite_add_tcase(suite, find);
	tcase_add_test(read, rows_of_weight_0_are_dropped);
	tcase_add_test(read, labels_match_across_column_types);
	tcase_add_test(read, equal_bytes_win_over_equal_numbers);
	tcase_add_test(read, bad_labels_and_weights_are_refused_with_text_and_column);
	tcase_add_test(read, a_label_of_another_table_is_no_number_of_a_column);
	tcase_add_test(read, ten_bad_labels_and_weights_are_told_and_the_others_counted);
	suite_add_tcase(suite, read);
	tcase_add_test(split, a_split_is_stratified_ascending_and_complete);
	tcase_add_test(split, a_split_depends_on_seed_and_part_only);
	tcase_add_test(split, small_classes_are_shared_where_they_can_be);
	tcase_add_test(split, a_fraction_of_0_splits_nothing_off);
	suite_add_tcase(suite, split);
	return suite;
}

TESTING_MAIN(dataset_suite)
