/* SPDX-License-Identifier: MIT
 * The column cache: what comes back is what went in, and no byte of it can be changed, cut off or made up unnoticed. */
#include "testing.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/io.h"
#include "cache_seal.h"
#include "data/cache.h"
#include "data/cache_layout.h"
#include "data/csv_parts.h"
#include "fail_alloc.h"
#include "tables.h"

/* Numbers with a gap, categories with a gap, labels; "left" is left out, "deep" has an exponent. */
static const char text[] = "x,job,left,deep,y\n"
			   "1,clerk,\x80,1e-3,no\n"
			   ",smith,a,-0,yes\n"
			   "2.50,,b,7,no\n"
			   "1.0,clerk,c,-1.25e10,yes\n";
static const struct cln_read_options options = {.ignore = "left", .threads = 1};

struct image {
	unsigned char *bytes;
	size_t length;
};

static void write_text(const char *path, const char *content)
{
	assert_ok(io_replace_file(path, content, strlen(content), &err));
}

/* The cache that a text is converted to. */
static struct image convert(const char *content, const struct cln_read_options *read)
{
	char in[] = "/tmp/test_cache.XXXXXX", out[] = "/tmp/test_cache.XXXXXX", *bytes;
	struct image image;
	int fd = mkstemp(in), other = mkstemp(out);
	ck_assert(fd >= 0 && other >= 0);
	close(fd);
	close(other);
	write_text(in, content);
	assert_ok(cln_table_convert(in, out, read, NULL, &err));
	assert_ok(io_read_file(&bytes, &image.length, out, SIZE_MAX, &err));
	image.bytes = (unsigned char *)bytes;
	unlink(in);
	unlink(out);
	return image;
}

static enum cln_status read_image(struct cln_table **table, const unsigned char *bytes, size_t length, struct cln_error *err)
{
	static const struct cln_read_options none;
	return cache_read_bytes(table, bytes, length, "t.cache", &none, 2, err);
}

/* A copy of its own length exactly, so that a sanitizer sees the first byte beyond. */
static struct image copy_of(const struct image *image, size_t length)
{
	struct image copy = {mem_alloc(length, 1, NULL), length};
	ck_assert_ptr_nonnull(copy.bytes);
	memcpy(copy.bytes, image->bytes, length);
	return copy;
}

static void assert_damaged(enum cln_status status, const struct cln_table *table, const struct cln_error *err, const char *what)
{
	ck_assert_msg(status == CLN_E_DAMAGED && !table, "%s: status %d, %s", what, status, err->message);
	ck_assert_msg(strncmp(err->message, "t.cache: this column cache is ", 30) == 0, "%s: %s", what, err->message);
}

static void refused(const struct image *image, const char *what)
{
	struct cln_table *table;
	struct cln_error err = {0};
	enum cln_status status = read_image(&table, image->bytes, image->length, &err);
	assert_damaged(status, table, &err, what);
}

/* ---------------------------------------------------------------- what comes back */

START_TEST(a_cache_reads_as_its_text_whatever_is_asked)
{
	static const char *const needed[] = {"deep", "y", "absent"}, *const known[] = {"x", "y", "deep"};
	static const struct cln_read_options asked[] = {
	    {.ignore = "left"},
	    {.ignore = "left", .categorical = "x, 4"},
	    {.ignore = "left,1", .numeric = "deep", .label = ""},
	    {.ignore = "left", .label = "x", .weight = "deep"},
	    {.ignore = "left", .known_categories = known, .n_known_categories = 3, .numeric = "x"},
	    {.keep = "deep,job", .needed = needed, .n_needed = 3},
	};
	struct image image = convert(text, &options);
	struct source source = source_memory("t.csv", text, strlen(text));
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		struct cln_table *of_text, *of_cache;
		assert_ok(csv_read_source(&of_text, &source, &asked[i], 1, 0, &err));
		assert_ok(cache_read_bytes(&of_cache, image.bytes, image.length, "t.cache", &asked[i], 2, &err));
		tables_same(of_text, of_cache);
		cln_table_destroy(of_text);
		cln_table_destroy(of_cache);
	}
	mem_free(image.bytes);
}
END_TEST

/* A cache has no place for how cells are written. */
START_TEST(what_is_kept_changes_no_cache)
{
	static const char content[] = "x,c\n1,NA\n2,a\n3,?\n";
	const struct cln_read_options kept = {.keep = "c,x"};
	struct image plain = convert(content, NULL), keeping = convert(content, &kept);
	struct cln_table *table;
	ck_assert(plain.length == keeping.length && memcmp(plain.bytes, keeping.bytes, plain.length) == 0);
	assert_ok(read_image(&table, keeping.bytes, keeping.length, &err));
	ck_assert_uint_eq(table->columns[1].n_missing, 2);
	cln_table_destroy(table);
	mem_free(plain.bytes);
	mem_free(keeping.bytes);
}
END_TEST

/* Two blocks and a part, with every kind of column, a text in the last block and missing cells in each. */
START_TEST(a_cache_of_several_blocks_reads_as_its_text)
{
	static const struct cln_read_options none;
	size_t n_rows = 2 * CACHE_BLOCK_ROWS + 100, length = 0, capacity = n_rows * 32;
	char *content = mem_alloc(capacity, 1, NULL);
	ck_assert_ptr_nonnull(content);
	length += (size_t)snprintf(content, capacity, "few,many,late,y\n");
	for (size_t i = 0; i < n_rows; i++)
		length += (size_t)snprintf(content + length, capacity - length, "%s%zu,%zu.5,%s,%zu\n", i % 5000 ? "0" : "-",
					   i % 10, i, i == n_rows - 7 ? "text" : i % 999 ? "3" : "", i % 2);
	struct image image = convert(content, NULL);
	struct source source = source_memory("t.csv", content, length);
	struct cln_table *of_text, *of_cache;
	assert_ok(csv_read_source(&of_text, &source, &none, 1, 0, &err));
	assert_ok(read_image(&of_cache, image.bytes, image.length, &err));
	tables_same(of_text, of_cache);
	ck_assert_uint_eq(of_cache->columns[2].first_text_row, n_rows - 7);
	cln_table_destroy(of_text);
	cln_table_destroy(of_cache);
	image.bytes[image.length - 1] ^= 1;
	refused(&image, "a bit of the last block");
	mem_free(image.bytes);
	mem_free(content);
}
END_TEST

START_TEST(texts_are_kept_up_to_a_number_of_them)
{
	for (size_t extra = 0; extra < 2; extra++) {
		size_t n = CSV_FEW_LEVELS + extra, length = 0, capacity = n * 16 + 100;
		char *content = mem_alloc(capacity, 1, NULL);
		ck_assert_ptr_nonnull(content);
		length += (size_t)snprintf(content, capacity, "x,y\n");
		for (size_t i = 0; i < n; i++)
			length += (size_t)snprintf(content + length, capacity - length, "%zu,%zu\n", i, i % 2);
		struct image image = convert(content, NULL);
		struct cache_layout layout;
		assert_ok(cache_layout_find(&layout, image.bytes, image.length, "t", &err));
		ck_assert_uint_eq(layout.columns[0].parts, extra ? CACHE_NUMBERS : CACHE_NUMBERS | CACHE_TEXTS);
		cache_layout_free(&layout);
		mem_free(image.bytes);
		mem_free(content);
	}
}
END_TEST

/* One number, many spellings: the column is given up when its texts turn out to be many. */
START_TEST(a_column_of_few_numbers_and_many_texts_is_numbers_alone)
{
	size_t n = CSV_FEW_LEVELS + 1, length = 0, capacity = n * 24 + 100;
	char *content = mem_alloc(capacity, 1, NULL);
	ck_assert_ptr_nonnull(content);
	length += (size_t)snprintf(content, capacity, "x,y\n");
	for (size_t i = 0; i < n; i++)
		length += (size_t)snprintf(content + length, capacity - length, "%zu,%zu\n", 3000000000 + i, i % 2);
	struct image image = convert(content, NULL);
	struct cln_table *table;
	struct cln_error reason = {0};
	const struct cln_read_options categorical = {.categorical = "x"};
	assert_ok(read_image(&table, image.bytes, image.length, &err));
	ck_assert_float_eq(table->columns[0].numbers[n - 1], 3000000000.0f + (float)n);
	cln_table_destroy(table);
	ck_assert_int_eq(cache_read_bytes(&table, image.bytes, image.length, "t.cache", &categorical, 1, &reason), CLN_E_DATA);
	ck_assert_ptr_nonnull(strstr(reason.message, "column \"x\""));
	mem_free(image.bytes);
	mem_free(content);
}
END_TEST

/* Cells that cannot be used, in three columns and in three ways: what is told of them but their place in the file. */
START_TEST(bad_cells_are_told_as_those_of_the_text)
{
	static const struct cln_read_options as_texts = {.categorical = "a,b,c"}, asked[] = {
		{.numeric = "a"}, {.ignore = "a"}, {.ignore = "a,b"}, {.ignore = "b,c", .numeric = "a"},
	};
	struct text csv = {0};
	text_addf(&csv, "a,b,c,y\n");
	for (int row = 0; row < 9; row++)
		text_addf(&csv, "%s,%s,%s,%d\n", row % 3 ? row == 4 ? "\"0,5\"" : "x" : "1", row % 2 ? "inf" : "2",
			  row % 4 ? "\"1,5\"" : "3", row % 2);
	struct image image = convert(csv.bytes, &as_texts);
	struct source source = source_memory("t.csv", csv.bytes, csv.length);
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		struct cln_table *table;
		struct cln_error of_text, of_cache;
		ck_assert_int_eq(csv_read_source(&table, &source, &asked[i], 1, 0, &of_text), CLN_E_DATA);
		ck_assert_int_eq(cache_read_bytes(&table, image.bytes, image.length, "t.cache", &asked[i], 2, &of_cache),
				 CLN_E_DATA);
		for (char *a = of_text.message, *b = of_cache.message; a || b;) {
			unsigned line = 0, row = 0;
			char *wanted = strsep(&a, "\n"), *got = strsep(&b, "\n");
			ck_assert(wanted && got);
			ck_assert_int_eq(sscanf(wanted, "t.csv:%u:", &line), sscanf(got, "t.cache, row %u:", &row));
			ck_assert_uint_eq(line, row + (row > 0));
			ck_assert_str_eq(line ? strchr(wanted, ' ') : wanted, row ? strchr(got, ':') + 1 : got);
		}
	}
	mem_free(image.bytes);
	text_free(&csv);
}
END_TEST

/* ---------------------------------------------------------------- damage */

START_TEST(every_flipped_bit_is_damage)
{
	struct image image = convert(text, &options);
	for (size_t i = 0; i < 8 * image.length; i++) {
		char what[64];
		snprintf(what, sizeof what, "bit %zu of byte %zu", i % 8, i / 8);
		image.bytes[i / 8] ^= (unsigned char)(1u << i % 8);
		refused(&image, what);
		image.bytes[i / 8] ^= (unsigned char)(1u << i % 8);
	}
	mem_free(image.bytes);
}
END_TEST

START_TEST(every_cut_is_damage)
{
	struct image image = convert(text, &options);
	for (size_t length = 0; length < image.length; length++) {
		char what[64];
		struct image cut = copy_of(&image, length);
		snprintf(what, sizeof what, "cut to %zu bytes", length);
		refused(&cut, what);
		mem_free(cut.bytes);
	}
	mem_free(image.bytes);
}
END_TEST

START_TEST(a_byte_too_many_is_damage)
{
	struct image image = convert(text, &options), longer = {mem_alloc(image.length + 1, 1, NULL), image.length + 1};
	ck_assert_ptr_nonnull(longer.bytes);
	memcpy(longer.bytes, image.bytes, image.length);
	refused(&longer, "a byte behind the end");
	mem_free(longer.bytes);
	mem_free(image.bytes);
}
END_TEST

START_TEST(a_damaged_cache_is_still_recognised)
{
	struct image image = convert(text, &options);
	for (size_t i = 0; i < 8 * CACHE_MAGIC_BYTES; i++) {
		bool is_cache;
		struct source source = source_memory("t.cache", (char *)image.bytes, image.length);
		image.bytes[i / 8] ^= (unsigned char)(1u << i % 8);
		assert_ok(cache_recognise(&is_cache, &source, &err));
		ck_assert(is_cache);
		image.bytes[i / 8] ^= (unsigned char)(1u << i % 8);
	}
	for (size_t length = 0; length < CACHE_MAGIC_BYTES; length++) {
		bool is_cache;
		struct source source = source_memory("t.cache", (char *)image.bytes, length);
		assert_ok(cache_recognise(&is_cache, &source, &err));
		ck_assert(is_cache == (length > 0));
	}
	mem_free(image.bytes);
}
END_TEST

START_TEST(text_is_not_recognised)
{
	static const char *const texts[] = {"", "a", "a,b\n1,2\n", "\x89,\r\n1,2\n", "\357\273\277CLN,b\n"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		bool is_cache;
		struct source source = source_memory("t.csv", texts[i], strlen(texts[i]));
		assert_ok(cache_recognise(&is_cache, &source, &err));
		ck_assert(!is_cache);
	}
}
END_TEST

/* ---------------------------------------------------------------- lies under a right checksum */

/* Nothing of libcheck runs while allocations are counted: it allocates too. */
static void refused_cheaply(const struct image *image, const char *what)
{
	struct cln_table *table;
	struct cln_error err = {0};
	fail_alloc_arm(LONG_MAX, FAIL_ONCE);
	enum cln_status status = read_image(&table, image->bytes, image->length, &err);
	fail_alloc_disarm();
	assert_damaged(status, table, &err, what);
	ck_assert_msg(fail_alloc_bytes() < 1 << 16, "%s: %zu bytes asked for", what, fail_alloc_bytes());
	ck_assert_int_eq(fail_alloc_live(), 0);
}

START_TEST(claims_beyond_the_file_are_refused_cheaply)
{
	static const size_t fields[] = {8, 12, 16, 24, 32, 40, 48, 52, 56, 64};
	static const uint64_t claims[] = {0, 3, 1u << 20, UINT32_MAX - 1u, UINT32_MAX, (uint64_t)1 << 40, UINT64_MAX / 4,
					  UINT64_MAX};
	struct image image = convert(text, &options);
	for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
		for (size_t k = 0; k < sizeof claims / sizeof *claims; k++) {
			struct image lie = copy_of(&image, image.length);
			char what[64];
			bool wide = fields[f] == 16 || fields[f] == 24 || fields[f] == 32 || fields[f] == 40 || fields[f] >= 56;
			snprintf(what, sizeof what, "%llu at %zu", (unsigned long long)claims[k], fields[f]);
			if (wide)
				cache_store64(lie.bytes + fields[f], claims[k]);
			else
				cache_store32(lie.bytes + fields[f], (uint32_t)claims[k]);
			if (memcmp(lie.bytes, image.bytes, image.length) != 0) { /* else the claim is what was there */
				cache_seal(lie.bytes, lie.length);
				refused_cheaply(&lie, what);
			}
			mem_free(lie.bytes);
		}
	}
	mem_free(image.bytes);
}
END_TEST

/* In a sealed copy of `image`, `length` bytes at `at` become `bytes`. */
static void refuse_change(const struct image *image, size_t at, const void *bytes, size_t length, const char *what)
{
	struct image lie = copy_of(image, image->length);
	ck_assert_msg(memcmp(lie.bytes + at, bytes, length) != 0, "%s changes nothing", what);
	memcpy(lie.bytes + at, bytes, length);
	cache_seal(lie.bytes, lie.length);
	refused(&lie, what);
	mem_free(lie.bytes);
}

START_TEST(cells_and_texts_that_cannot_be_are_refused)
{
	struct image image = convert(text, &options);
	struct cache_layout layout;
	assert_ok(cache_layout_find(&layout, image.bytes, image.length, "t", &err));
	const struct cache_column *x = &layout.columns[0], *job = &layout.columns[1];
	size_t levels = (size_t)((const unsigned char *)job->levels - image.bytes);
	ck_assert_str_eq(job->levels, "clerk");
	ck_assert_uint_eq(x->parts, CACHE_NUMBERS | CACHE_TEXTS);
	ck_assert_uint_eq(job->parts, CACHE_TEXTS);
	refuse_change(&image, x->section[0], "\0\0\x80\x7F", 4, "infinity");
	refuse_change(&image, x->section[0] + 4, "\1\0\xC0\x7F", 4, "another NaN");
	refuse_change(&image, x->section[0], "\0\0\0\x40", 4, "another number than its text");
	refuse_change(&image, x->section[1] + 4, "\0\0\0\0", 4, "a text where the number is missing");
	refuse_change(&image, x->section[1], "\xFF\xFF\xFF\xFF", 4, "a number where the text is missing");
	refuse_change(&image, job->section[1], "\2\0\0\0", 4, "a code beyond the levels");
	refuse_change(&image, levels, "smith\0clerk", 12, "levels in another order");
	refuse_change(&image, levels, "smith\0smith", 12, "a level twice");
	refuse_change(&image, levels, "cl\xFFrk", 5, "a level that is not UTF-8");
	refuse_change(&image, levels, "?\0rk\0", 6, "a level that means missing");
	refuse_change(&image, levels, "clerk ", 6, "a level without an end");
	refuse_change(&image, levels, "1\0smith\0a\0\0", 12, "more texts than levels");
	refuse_change(&image, levels, "1\0" "2\0" "3\0" "4\0" "5\0" "6\0", 12, "other levels than were counted");
	refuse_change(&image, (size_t)((const unsigned char *)job->name - image.bytes), "jo\0", 3, "a name with a NUL in it");
	refuse_change(&image, (size_t)((const unsigned char *)x->name - image.bytes), "y", 1, "a name twice");
	cache_layout_free(&layout);
	mem_free(image.bytes);
}
END_TEST

START_TEST(a_newer_version_is_refused_by_name)
{
	struct image image = convert(text, &options);
	struct cln_table *table;
	struct cln_error err = {0};
	cache_store32(image.bytes + 8, CACHE_VERSION + 1);
	cache_seal(image.bytes, image.length);
	ck_assert_int_eq(read_image(&table, image.bytes, image.length, &err), CLN_E_DAMAGED);
	ck_assert_ptr_nonnull(strstr(err.message, "is of version 2, written by a newer Colonnade"));
	mem_free(image.bytes);
}
END_TEST

static Suite *cache_suite(void)
{
	Suite *suite = suite_create("cache");
	TCase *reads = tcase_create("reads"), *damage = tcase_create("damage"), *lies = tcase_create("lies");
	tcase_set_timeout(reads, 60);
	tcase_set_timeout(damage, 60);
	tcase_add_test(reads, a_cache_reads_as_its_text_whatever_is_asked);
	tcase_add_test(reads, a_cache_of_several_blocks_reads_as_its_text);
	tcase_add_test(reads, what_is_kept_changes_no_cache);
	tcase_add_test(reads, texts_are_kept_up_to_a_number_of_them);
	tcase_add_test(reads, a_column_of_few_numbers_and_many_texts_is_numbers_alone);
	tcase_add_test(reads, bad_cells_are_told_as_those_of_the_text);
	tcase_add_test(damage, every_flipped_bit_is_damage);
	tcase_add_test(damage, every_cut_is_damage);
	tcase_add_test(damage, a_byte_too_many_is_damage);
	tcase_add_test(damage, a_damaged_cache_is_still_recognised);
	tcase_add_test(damage, text_is_not_recognised);
	tcase_add_test(lies, claims_beyond_the_file_are_refused_cheaply);
	tcase_add_test(lies, cells_and_texts_that_cannot_be_are_refused);
	tcase_add_test(lies, a_newer_version_is_refused_by_name);
	suite_add_tcase(suite, reads);
	suite_add_tcase(suite, damage);
	suite_add_tcase(suite, lies);
	return suite;
}

TESTING_MAIN(cache_suite)
