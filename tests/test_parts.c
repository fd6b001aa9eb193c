/* SPDX-License-Identifier: MIT
 * Rows in parts against the whole table; and that their number costs no memory. */
#include "temporary_file.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rng.h"
#include "data/parts.h"

/* Cells of every form, with empty lines between records and both kinds of line ends. */
static void random_text(struct text *text, struct rng *rng, bool header)
{
	static const char *const cells[] = {
	        "1.5", "-2", "", "NA", "x", "\"a,b\"", "\"two\nlines\"", "\"he said \"\"no\"\"\"", "7\"", "\xC3\xA4",
	};
	uint64_t n_rows = 1 + rng_below(rng, 60);
	if (header)
		text_addf(text, "%s%sn,\"a\nb\",t\n", rng_below(rng, 2) ? "\xEF\xBB\xBF" : "", rng_below(rng, 2) ? "" : "\n\n");
	for (uint64_t row = 0; row < n_rows; row++) {
		for (int c = 0; c < 2; c++)
			text_addf(text, "%s,", cells[rng_below(rng, sizeof cells / sizeof *cells)]);
		text_addf(text, "%u%s", rng_next(rng) % 1000, rng_below(rng, 2) ? "\n" : "\r\n");
		for (uint64_t blank = rng_below(rng, 6); blank < 2; blank++)
			text_addf(text, "%s", rng_below(rng, 2) ? "\n" : "\r\n");
	}
	if (rng_below(rng, 2) && text->bytes[text->length - 2] != '\r')
		text->length--;
}

static void check_rows(const struct cln_table *part, const struct cln_table *whole, size_t first)
{
	ck_assert_uint_eq(part->n_columns, whole->n_columns);
	for (size_t row = 0; row < part->n_rows; row++) {
		ck_assert_uint_eq(table_line(part, row), table_line(whole, first + row));
		for (size_t c = 0; c < part->n_columns; c++) {
			char a[TABLE_CELL], b[TABLE_CELL], place[TABLE_PLACE], expected[TABLE_PLACE];
			table_cell(a, part, row, c);
			table_cell(b, whole, first + row, c);
			ck_assert_str_eq(a, b);
			table_place(place, part, row, c);
			table_place(expected, whole, first + row, c);
			ck_assert_str_eq(place, expected);
			ck_assert_str_eq(part->columns[c].name, whole->columns[c].name);
		}
	}
}

START_TEST(parts_hold_the_rows_of_the_whole_table)
{
	struct rng rng;
	rng_start(&rng, 1, RNG_TEST, 0, (uint32_t)_i);
	for (int time = 0; time < 15; time++) {
		struct cln_read_options options = {.no_header = _i % 2, .threads = 1 + time % 3, .categorical = "1,2,3"};
		size_t part_bytes = 1 + rng_below(&rng, 300), n_rows = 0;
		struct text text = {0};
		struct cln_table *whole, *part;
		struct parts *parts;
		random_text(&text, &rng, !options.no_header);
		put(text.bytes, text.length);
		assert_ok(cln_table_read(&whole, path, &options, &err));
		assert_ok(parts_open(&parts, path, &options, part_bytes, &err));
		for (;;) {
			assert_ok(parts_next(&part, parts, &err));
			if (!part)
				break;
			ck_assert_uint_gt(part->n_rows, 0);
			ck_assert_uint_le(n_rows + part->n_rows, whole->n_rows);
			check_rows(part, whole, n_rows);
			n_rows += part->n_rows;
			cln_table_destroy(part);
		}
		ck_assert_uint_eq(n_rows, whole->n_rows);
		parts_close(parts);
		cln_table_destroy(whole);
		text_free(&text);
	}
}
END_TEST

static struct cln_error last;

/* Reads to the first error, which is left in `last`. */
static enum cln_status read_to_error(const char *bytes, bool no_header)
{
	const struct cln_read_options options = {.no_header = no_header, .numeric = "1,2"};
	struct parts *parts;
	struct cln_table *part;
	enum cln_status status;
	put(bytes, strlen(bytes));
	assert_ok(parts_open(&parts, path, &options, 12, &err));
	do {
		status = parts_next(&part, parts, &last);
		cln_table_destroy(part);
	} while (status == CLN_OK && part);
	parts_close(parts);
	return status;
}

START_TEST(errors_in_later_parts_tell_their_place_and_where_reading_ended)
{
	char expected[512];
	ck_assert_int_eq(read_to_error("a,b\n1,2\n3,4\n\n5,6\n7,8\n9,x\n1,1\n2,2\n3,3\n4,4\n", false), CLN_E_DATA);
	snprintf(expected, sizeof expected,
		 "%s:7:3: not a number (\"x\", column \"b\"; the column was said to be numeric; an empty cell means missing)\n"
		 "(reading ended at line 9)",
		 path);
	ck_assert_str_eq(last.message, expected);
	ck_assert_int_eq(read_to_error("1,2\n3,4\n5,6\n7,8\n9,1\n1\n", true), CLN_E_DATA);
	snprintf(expected, sizeof expected, "%s:6:2: 1 field where the first row has 2", path);
	ck_assert_str_eq(last.message, expected);
}
END_TEST

START_TEST(texts_without_rows_are_refused_as_elsewhere)
{
	ck_assert_int_eq(read_to_error("", false), CLN_E_DATA);
	ck_assert_ptr_nonnull(strstr(last.message, "is empty"));
	ck_assert_int_eq(read_to_error("a,b\n", false), CLN_E_DATA);
	ck_assert_ptr_nonnull(strstr(last.message, "no row below it"));
	ck_assert_int_eq(read_to_error("a,b\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n1,2\n\n\n\n\n\n\n\n\n\n\n\n\n", false), CLN_OK);
}
END_TEST

/* ---------------------------------------------------------------- memory */

/* The peak, in KiB, of what a shell command starts. */
static long peak_of(const char *command)
{
	struct rusage usage;
	int status;
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(wait4(child, &status, 0, &usage), child);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: status %d", command, status);
	return usage.ru_maxrss;
}

/* Rows of 90 bytes: 10^5 of them are more than one part already. */
static void put_rows(int n)
{
	struct text text = {0};
	text_addf(&text, "a,b,c,d,e,f,g,h,i,y\n");
	for (int i = 0; i < n; i++)
		text_addf(&text, "0.%07d,1.2500000,-3.5000000,0.1234567,0.7654321,9.8765432,1.1111111,2.2222222,3.3333333,%d\n",
			  i % 10000000, i % 2);
	put(text.bytes, text.length);
	text_free(&text);
}

/* Of the rows that the file holds, to be forgotten in the end. */
static void train_model(void)
{
	char command[512];
	snprintf(command, sizeof command,
		 "rm -rf %s.run; \"$COLONNADE\" train %s --recipe plain --epochs 1 --hidden 8 --threads 2 --out %s.run "
		 "--progress none 2> %s.err",
		 path, path, path, path);
	peak_of(command);
}

static void remove_model(void)
{
	char command[512];
	snprintf(command, sizeof command, "rm -rf %s.run %s.err", path, path);
	peak_of(command);
}

START_TEST(predict_takes_the_same_memory_for_ten_times_the_rows)
{
	char file[512], pipe[512];
	put_rows(1000);
	train_model();
	snprintf(file, sizeof file, "\"$COLONNADE\" predict %s.run %s --threads 2 > /dev/null 2> %s.err", path, path, path);
	snprintf(pipe, sizeof pipe, "cat %s | \"$COLONNADE\" predict %s.run - --threads 2 > /dev/null 2> %s.err", path, path,
		 path);
	put_rows(100000);
	long file_peak = peak_of(file), pipe_peak = peak_of(pipe);
	put_rows(1000000);
	/* 2 MiB: what the allocator and the threads' order may add; a row held would be 4 MB and more. */
	ck_assert_int_le(peak_of(file), file_peak + 2048);
	ck_assert_int_le(peak_of(pipe), pipe_peak + 2048);
	remove_model();
}
END_TEST

/* Rows of LibSVM text, and between the last two of them so many MiB of comments. */
static void put_comments(int n)
{
	struct text text = {0};
	for (int i = 0; i < 1000; i++)
		text_addf(&text, "%d 1:%d 2:0.5\n", i % 2, i);
	for (int i = 0; i < n << 14; i++) /* of 64 bytes */
		text_addf(&text, "# a comment, as are made where rows are taken from other files..\n");
	text_addf(&text, "1 1:7\n");
	put(text.bytes, text.length);
	text_free(&text);
}

START_TEST(predict_takes_the_same_memory_for_four_times_the_comments)
{
	char predict[512];
	put_comments(0);
	train_model();
	snprintf(predict, sizeof predict, "\"$COLONNADE\" predict %s.run %s --threads 2 > /dev/null 2> %s.err", path, path, path);
	put_comments(16);
	long peak = peak_of(predict);
	put_comments(64);
	ck_assert_int_le(peak_of(predict), peak + 2048);
	remove_model();
}
END_TEST

/* AddressSanitizer keeps what was freed. */
static bool memory_is_given_back(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
	return false;
#else
	return true;
#endif
#else
	return true;
#endif
}

static Suite *parts_suite(void)
{
	Suite *suite = suite_create("parts");
	TCase *rows = tcase_create("rows");
	tcase_set_timeout(rows, 30);
	tcase_add_checked_fixture(rows, make_file, remove_file);
	tcase_add_loop_test(rows, parts_hold_the_rows_of_the_whole_table, 0, 20);
	tcase_add_test(rows, errors_in_later_parts_tell_their_place_and_where_reading_ended);
	tcase_add_test(rows, texts_without_rows_are_refused_as_elsewhere);
	suite_add_tcase(suite, rows);
	TCase *memory = tcase_create("memory");
	tcase_set_timeout(memory, 60);
	tcase_add_checked_fixture(memory, make_file, remove_file);
	if (memory_is_given_back()) {
		tcase_add_test(memory, predict_takes_the_same_memory_for_ten_times_the_rows);
		tcase_add_test(memory, predict_takes_the_same_memory_for_four_times_the_comments);
	}
	suite_add_tcase(suite, memory);
	return suite;
}

TESTING_MAIN(parts_suite)
