/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include <errno.h>
#include <stdint.h>

#include "base/mem.h"

/* Under AddressSanitizer pages are the allocator's. */
#if defined(__SANITIZE_ADDRESS__)
#define HUGE_FROM SIZE_MAX
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HUGE_FROM SIZE_MAX
#endif
#endif
#ifndef HUGE_FROM
#define HUGE_FROM (((size_t)1 << 19) - 9) /* floats */
#endif

static bool all_zero(const void *bytes, size_t n)
{
	const unsigned char *byte = bytes;
	for (size_t i = 0; i < n; i++)
		if (byte[i] != 0)
			return false;
	return true;
}

START_TEST(sizes_that_overflow_are_refused_and_leave_the_output_alone)
{
	size_t out = 7;
	ck_assert(!size_mul(&out, SIZE_MAX / 2 + 1, 2));
	ck_assert(!size_add(&out, SIZE_MAX, 1));
	ck_assert_uint_eq(out, 7);
	ck_assert(size_mul(&out, SIZE_MAX / 2, 2));
	ck_assert_uint_eq(out, SIZE_MAX - 1);
	ck_assert(size_mul(&out, SIZE_MAX, 0) && out == 0);
	ck_assert(size_mul(&out, 0, SIZE_MAX) && out == 0);
	ck_assert(size_add(&out, SIZE_MAX - 1, 1) && out == SIZE_MAX);
}
END_TEST

START_TEST(blocks_of_every_size_are_aligned_zeroed_and_writable)
{
	static const size_t sizes[] = {0, 1, 63, 64, 65, 4095, 4096, 1 << 20, (8 << 20) + 1};
	size_t n = sizes[_i];
	struct cln_error err = {0};
	char *block = mem_alloc(n, 1, &err);
	ck_assert_msg(block != NULL, "%s", err.message);
	ck_assert_uint_eq((uintptr_t)block % MEM_ALIGN, 0);
	ck_assert(all_zero(block, n));
	memset(block, 0xA5, n);
	mem_free(block);
}
END_TEST

START_TEST(a_block_that_was_dirty_when_freed_comes_back_zeroed)
{
	for (int i = 0; i < 100; i++) {
		char *block = mem_alloc(1000, 1, NULL);
		ck_assert_ptr_nonnull(block);
		ck_assert(all_zero(block, 1000));
		memset(block, 0xFF, 1000);
		mem_free(block);
	}
}
END_TEST

START_TEST(impossible_sizes_are_a_memory_error_with_the_size)
{
	struct cln_error err = {0};
	ck_assert_ptr_null(mem_alloc(SIZE_MAX, 8, &err));
	ck_assert_int_eq(err.code, CLN_E_MEMORY);
	ck_assert_ptr_nonnull(strstr(err.message, "18446744073709551615 elements of 8 bytes"));
	ck_assert_ptr_null(mem_alloc((size_t)1 << 62, 1, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "4611686018427387904 bytes"));
	ck_assert_ptr_null(mem_pages((size_t)1 << 60, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "4611686018427387904 bytes"));
	ck_assert_ptr_null(mem_pages(SIZE_MAX, &err));
	ck_assert_ptr_null(mem_copy("", SIZE_MAX, &err));
}
END_TEST

START_TEST(freeing_nothing_is_allowed)
{
	mem_free(NULL);
	cln_free(NULL);
	mem_pages_free(NULL, 10);
	text_free(&(struct text){0});
}
END_TEST

START_TEST(growing_keeps_the_content_and_zeroes_the_rest)
{
	void *block = NULL;
	assert_ok(mem_grow(&block, 0, 3, sizeof(int), &err));
	int *numbers = block;
	ck_assert(all_zero(numbers, 3 * sizeof(int)));
	for (int i = 0; i < 3; i++)
		numbers[i] = i + 1;
	assert_ok(mem_grow(&block, 3, 1000, sizeof(int), &err));
	numbers = block;
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(numbers[i], i + 1);
	ck_assert(all_zero(numbers + 3, 997 * sizeof(int)));
	ck_assert_uint_eq((uintptr_t)block % MEM_ALIGN, 0);
	mem_free(block);
}
END_TEST

START_TEST(a_failed_growth_leaves_the_block)
{
	void *block = mem_alloc(1, 8, NULL);
	void *before = block;
	ck_assert_ptr_nonnull(block);
	memcpy(block, "content", 8);
	ck_assert_int_eq(mem_grow(&block, 1, SIZE_MAX / 2, 8, NULL), CLN_E_MEMORY);
	ck_assert_ptr_eq(block, before);
	ck_assert_str_eq(block, "content");
	mem_free(block);
}
END_TEST

START_TEST(a_copy_ends_with_a_zero_and_may_hold_zeros)
{
	char *copy = mem_copy("a\0b", 3, NULL);
	ck_assert_ptr_nonnull(copy);
	ck_assert_mem_eq(copy, "a\0b", 4);
	mem_free(copy);
	copy = mem_copy(NULL, 0, NULL);
	ck_assert_str_eq(copy, "");
	mem_free(copy);
}
END_TEST

START_TEST(pages_of_every_size_are_aligned_zeroed_and_writable)
{
	static const size_t counts[] = {0, 1, 1023, 1024, 1025, (1 << 19) - 9, (1 << 19) + 1, (2 << 20) + 3};
	size_t n = counts[_i];
	struct cln_error err = {0};
	float *pages = mem_pages(n, &err);
	ck_assert_msg(pages != NULL, "%s", err.message);
	ck_assert_uint_eq((uintptr_t)pages % MEM_ALIGN, 0);
	if (n >= HUGE_FROM)
		ck_assert_uint_eq((uintptr_t)pages % (2 << 20), 0);
	ck_assert(all_zero(pages, n * sizeof *pages));
	for (size_t i = 0; i < n; i++)
		pages[i] = 1;
	mem_pages_free(pages, n);
}
END_TEST

START_TEST(text_grows_and_stays_terminated)
{
	struct text text = {0};
	for (int i = 0; i < 1000; i++) {
		text_add(&text, "ab\0", 2);
		text_addf(&text, "%d,", i);
		ck_assert_uint_eq(strlen(text.bytes), text.length);
	}
	ck_assert(!text.failed);
	ck_assert_uint_eq(text.length, 2 * 1000 + 1000 + 10 + 2 * 90 + 3 * 900);
	ck_assert_int_eq(strncmp(text.bytes, "ab0,ab1,ab2,", 12), 0);
	text_free(&text);
	ck_assert_ptr_null(text.bytes);
	ck_assert_uint_eq(text.capacity, 0);
}
END_TEST

START_TEST(a_shown_text_steers_no_terminal_and_is_padded_by_its_characters)
{
	struct text text = {0};
	text_add_padded(&text, "a\033b\302\233c", 7); /* ESC and CSI, which is two bytes */
	text_add_padded(&text, "|G\303\244rtner", 10);
	text_add_padded(&text, "|longer than that", 3);
	ck_assert_str_eq(text.bytes, "a?b?c  |G\303\244rtner  |longer than that");
	text_free(&text);
}
END_TEST

START_TEST(text_that_cannot_grow_says_so_and_keeps_what_it_has)
{
	struct text text = {0};
	text_add(&text, "kept", 4);
	text_add(&text, "", SIZE_MAX - 10);
	ck_assert(text.failed);
	text_add(&text, "more", 4);
	text_addf(&text, "%s", "more");
	ck_assert_str_eq(text.bytes, "kept");
	ck_assert(text.failed);
	text_free(&text);
}
END_TEST

START_TEST(an_error_may_quote_the_message_it_replaces)
{
	struct cln_error err = {0};
	ck_assert_int_eq(error_set(&err, CLN_E_IO, "inner %d", 1), CLN_E_IO);
	ck_assert_int_eq(error_set(&err, CLN_E_DATA, "outer: %s", err.message), CLN_E_DATA);
	ck_assert_str_eq(err.message, "outer: inner 1");
	ck_assert_int_eq(err.code, CLN_E_DATA);
	ck_assert_int_eq(error_set(NULL, CLN_E_IO, "nobody listens"), CLN_E_IO);
}
END_TEST

START_TEST(the_text_of_errno_follows_the_message)
{
	struct cln_error err = {0};
	errno = ENOENT;
	ck_assert_int_eq(error_set_errno(&err, CLN_E_IO, "cannot open %s", "x.csv"), CLN_E_IO);
	ck_assert_str_eq(err.message, "cannot open x.csv: No such file or directory");
}
END_TEST

START_TEST(appended_lines_are_separated_and_cut_at_the_end_of_the_room)
{
	struct cln_error err = {0};
	error_append(&err, "first");
	error_append(&err, "second %d", 2);
	ck_assert_str_eq(err.message, "first\nsecond 2");
	for (int i = 0; i < 1000; i++)
		error_append(&err, "again and again");
	ck_assert_uint_lt(strlen(err.message), CLN_ERROR_TEXT);
	ck_assert_uint_ge(strlen(err.message), CLN_ERROR_TEXT - 2);
	error_append(NULL, "nobody listens");
}
END_TEST

START_TEST(a_list_of_errors_ends_with_how_many_more_there_are)
{
	struct cln_error err;
	error_set(&err, CLN_E_IO, "of old");
	error_list_add(&err, 0, "cell %d", 7);
	ck_assert_int_eq(error_list_end(&err, 1, 1), CLN_E_DATA);
	ck_assert_int_eq(err.code, CLN_E_DATA);
	ck_assert_str_eq(err.message, "cell 7");
	error_list_add(&err, 1, "cell %d", 8);
	error_list_end(&err, 2, 3);
	ck_assert_str_eq(err.message, "cell 7\ncell 8\n... and 1 more error");
	error_list_add(NULL, 0, "nobody listens");
	ck_assert_int_eq(error_list_end(NULL, 1, 3), CLN_E_DATA);
}
END_TEST

START_TEST(a_message_too_long_is_cut_between_characters)
{
	static char longer[2 * CLN_ERROR_TEXT + 1];
	for (size_t i = 0; i + 2 < sizeof longer; i += 2)
		memcpy(longer + i, "\xC3\xA9", 2); /* e with acute accent */
	struct cln_error err = {0};
	for (int shift = 0; shift < 2; shift++) {
		error_set(&err, CLN_E_DATA, "%s%s", shift ? "x" : "", longer);
		size_t length = strlen(err.message);
		ck_assert_uint_ge(length, CLN_ERROR_TEXT - 2);
		ck_assert_uint_eq(length % 2, (size_t)shift);
	}
}
END_TEST

START_TEST(every_status_has_its_name)
{
	ck_assert_str_eq(cln_status_name(CLN_OK), "CLN_OK");
	ck_assert_str_eq(cln_status_name(CLN_E_MEMORY), "CLN_E_MEMORY");
	ck_assert_str_eq(cln_status_name(CLN_STOPPED), "CLN_STOPPED");
	ck_assert_str_eq(cln_status_name((enum cln_status)99), "unknown status");
	for (int i = CLN_OK; i <= CLN_STOPPED; i++)
		ck_assert_int_eq(strncmp(cln_status_name((enum cln_status)i), "CLN_", 4), 0);
}
END_TEST

static Suite *mem_suite(void)
{
	Suite *suite = suite_create("mem");
	TCase *blocks = tcase_create("blocks");
	tcase_add_test(blocks, sizes_that_overflow_are_refused_and_leave_the_output_alone);
	tcase_add_loop_test(blocks, blocks_of_every_size_are_aligned_zeroed_and_writable, 0, 9);
	tcase_add_test(blocks, a_block_that_was_dirty_when_freed_comes_back_zeroed);
	tcase_add_test(blocks, impossible_sizes_are_a_memory_error_with_the_size);
	tcase_add_test(blocks, freeing_nothing_is_allowed);
	tcase_add_test(blocks, growing_keeps_the_content_and_zeroes_the_rest);
	tcase_add_test(blocks, a_failed_growth_leaves_the_block);
	tcase_add_test(blocks, a_copy_ends_with_a_zero_and_may_hold_zeros);
	tcase_add_loop_test(blocks, pages_of_every_size_are_aligned_zeroed_and_writable, 0, 8);
	suite_add_tcase(suite, blocks);
	TCase *text = tcase_create("text");
	tcase_add_test(text, text_grows_and_stays_terminated);
	tcase_add_test(text, a_shown_text_steers_no_terminal_and_is_padded_by_its_characters);
	tcase_add_test(text, text_that_cannot_grow_says_so_and_keeps_what_it_has);
	suite_add_tcase(suite, text);
	TCase *status = tcase_create("status");
	tcase_add_test(status, an_error_may_quote_the_message_it_replaces);
	tcase_add_test(status, the_text_of_errno_follows_the_message);
	tcase_add_test(status, appended_lines_are_separated_and_cut_at_the_end_of_the_room);
	tcase_add_test(status, a_list_of_errors_ends_with_how_many_more_there_are);
	tcase_add_test(status, a_message_too_long_is_cut_between_characters);
	tcase_add_test(status, every_status_has_its_name);
	suite_add_tcase(suite, status);
	return suite;
}

TESTING_MAIN(mem_suite)
