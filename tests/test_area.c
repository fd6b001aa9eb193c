/* SPDX-License-Identifier: MIT
 * Areas in memory and in files, and what lies in them where memory is short. */
#include "testing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/area.h"
#include "data/batch.h"
#include "data/csv_parts.h"
#include "data/source.h"
#include "fail_call.h"

static void short_of_memory(void)
{
	ck_assert_int_eq(setenv("COLONNADE_MEMORY", "1K", 1), 0);
}

static void check_zeros_and_write(const struct area *area)
{
	unsigned char *bytes = area->bytes;
	for (size_t i = 0; i < area->length; i++)
		ck_assert_uint_eq(bytes[i], 0);
	memset(bytes, 0x5A, area->length);
}

START_TEST(an_area_is_zeros_in_memory_or_in_a_file)
{
	struct area area;
	assert_ok(area_create(&area, 10001, 0, &err));
	ck_assert_int_eq(area.kind, AREA_MEMORY);
	check_zeros_and_write(&area);
	area_free(&area);
	ck_assert_ptr_null(area.bytes);
	short_of_memory();
	assert_ok(area_create(&area, 10001, 0, &err));
	ck_assert_int_eq(area.kind, AREA_SCRATCH);
	check_zeros_and_write(&area);
	area_expect(&area, true);
	area_prefetch(&area, 5000, 5001);
	ck_assert_uint_eq(((unsigned char *)area.bytes)[10000], 0x5A);
	area_free(&area);
	area_free(&area);
}
END_TEST

START_TEST(an_area_of_nothing_is_allowed)
{
	struct area area;
	short_of_memory();
	assert_ok(area_create(&area, 0, 0, &err));
	ck_assert_ptr_nonnull(area.bytes);
	area_free(&area);
}
END_TEST

/* What is needed beside the area counts too. */
START_TEST(what_is_needed_beside_counts)
{
	struct area area;
	ck_assert_int_eq(setenv("COLONNADE_MEMORY", "64M", 1), 0);
	assert_ok(area_create(&area, 1000, 0, &err));
	ck_assert_int_eq(area.kind, AREA_MEMORY);
	area_free(&area);
	assert_ok(area_create(&area, 1000, (size_t)64 << 20, &err));
	ck_assert_int_eq(area.kind, AREA_SCRATCH);
	area_free(&area);
}
END_TEST

/* A scratch file has no name; a directory that is memory, or none, is passed over. */
START_TEST(scratch_files_leave_nothing_behind)
{
	char directory[] = "/var/tmp/test_area.XXXXXX";
	struct area area;
	struct stat about;
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(setenv("TMPDIR", directory, 1), 0);
	ck_assert(area_create_scratch(&area, 5000));
	ck_assert_int_eq(rmdir(directory), 0); /* it is empty */
	area_free(&area);
	ck_assert(area_create_scratch(&area, 5000));
	area_free(&area);
	if (stat("/dev/shm", &about) != 0 || setenv("TMPDIR", "/dev/shm", 1) != 0)
		return;
	int fd = area_scratch_file(1);
	ck_assert_int_ge(fd, 0);
	struct stat shm;
	ck_assert(fstat(fd, &shm) == 0 && shm.st_dev != about.st_dev);
	close(fd);
}
END_TEST

/* For 2^60 bytes nothing is asked of the disk, which would be full meanwhile. */
static off_t most_allocated;
static int n_allocated, allocation_fails_with;
int __real_posix_fallocate(int fd, off_t offset, off_t length);
int __wrap_posix_fallocate(int fd, off_t offset, off_t length);
int __wrap_posix_fallocate(int fd, off_t offset, off_t length)
{
	most_allocated = length > most_allocated ? length : most_allocated;
	n_allocated++;
	return allocation_fails_with ? allocation_fails_with : __real_posix_fallocate(fd, offset, length);
}

static int mapping_fails_with;
void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	errno = mapping_fails_with;
	return mapping_fails_with ? MAP_FAILED : __real_mmap(address, length, protection, flags, fd, offset);
}

/* What file systems say of themselves. */
static struct statfs *file_system; /* NULL: what they are */
int __real_fstatfs(int fd, struct statfs *about);
int __wrap_fstatfs(int fd, struct statfs *about);
int __wrap_fstatfs(int fd, struct statfs *about)
{
	if (!file_system)
		return __real_fstatfs(fd, about);
	*about = *file_system;
	return file_system->f_type == 0 ? -1 : 0;
}

START_TEST(no_room_is_no_scratch_file)
{
	struct area area;
	ck_assert(!area_create_scratch(&area, (size_t)1 << 60));
	ck_assert_ptr_null(area.bytes);
	ck_assert_int_eq(most_allocated, 0);
	ck_assert(area_create_scratch(&area, 5000));
	ck_assert_int_eq(most_allocated, 5000);
	area_free(&area);
}
END_TEST

/* A full disk shows when the area is made, in each of the three directories. */
START_TEST(a_disk_that_is_full_is_no_place)
{
	struct area area;
	ck_assert_int_eq(setenv("TMPDIR", "/var/tmp", 1), 0);
	allocation_fails_with = ENOSPC;
	ck_assert_int_eq(area_scratch_file(5000), -1);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(n_allocated, 3);
	ck_assert_int_eq(unsetenv("TMPDIR"), 0);
	short_of_memory();
	assert_ok(area_create(&area, 5000, 0, &err)); /* in memory after all */
	ck_assert_int_eq(n_allocated, 5);
	ck_assert_int_eq(area.kind, AREA_MEMORY);
	area_free(&area);
}
END_TEST

/* Their number for memory, for a file system that does not say how large it is, for one with a byte too few and one with enough. */
static struct statfs systems[] = {
    {.f_type = 0},
    {.f_type = 0x01021994, .f_bsize = 4096, .f_blocks = 1000, .f_bavail = 1000},
    {.f_type = 0x858458F6, .f_bsize = 4096, .f_blocks = 1000, .f_bavail = 1000},
    {.f_type = 0xEF53, .f_bsize = 4096, .f_blocks = 0, .f_bavail = 0},
    {.f_type = 0xEF53, .f_bsize = 0, .f_blocks = 1000, .f_bavail = 1000},
    {.f_type = 0xEF53, .f_bsize = 1000, .f_blocks = 1000, .f_bavail = 5},
    {.f_type = 0xEF53, .f_bsize = 1000, .f_blocks = 1000, .f_bavail = 6},
};
static const bool may_hold_5000[] = {false, false, false, true, true, false, true};

START_TEST(a_file_system_says_whether_there_is_room)
{
	struct area area;
	file_system = &systems[_i];
	ck_assert_int_eq(area_create_scratch(&area, 5000), may_hold_5000[_i]);
	ck_assert_int_eq(n_allocated, may_hold_5000[_i]);
	area_free(&area);
}
END_TEST

/* Files without a name are a matter of the file system: else one is made whose name goes away at once. */
START_TEST(where_no_file_can_be_without_a_name_it_is_taken_away)
{
	char directory[] = "/var/tmp/test_area.XXXXXX", *longer;
	struct area area;
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(setenv("TMPDIR", directory, 1), 0);
	fail_call_arm(FAIL_OPEN, 0, 1, EOPNOTSUPP);
	ck_assert(area_create_scratch(&area, 5000));
	ck_assert_int_eq(fail_call_count(FAIL_MKOSTEMP), 1);
	check_zeros_and_write(&area);
	ck_assert_int_eq(rmdir(directory), 0); /* it is empty */
	area_free(&area);
	fail_call_arm(FAIL_OPEN, 0, 3, EOPNOTSUPP);
	fail_call_arm(FAIL_MKOSTEMP, 0, 3, EACCES);
	ck_assert_int_eq(area_scratch_file(1), -1);
	ck_assert_int_eq(fail_call_count(FAIL_MKOSTEMP), 3);
	longer = mem_alloc(PATH_MAX, 1, NULL); /* no room for a name in it */
	ck_assert_ptr_nonnull(longer);
	memset(longer, '/', PATH_MAX - 1);
	ck_assert_int_eq(setenv("TMPDIR", longer, 1), 0);
	fail_call_arm(FAIL_OPEN, 0, 3, EOPNOTSUPP);
	fail_call_arm(FAIL_MKOSTEMP, 0, 3, EACCES);
	ck_assert_int_eq(area_scratch_file(1), -1);
	ck_assert_int_eq(fail_call_count(FAIL_MKOSTEMP), 2);
	mem_free(longer);
}
END_TEST

START_TEST(what_cannot_be_mapped_is_no_area)
{
	static const struct {
		int error;
		enum cln_status status;
		const char *message;
	} refusals[] = {{ENOMEM, CLN_E_MEMORY, "out of memory: t.cache, 10 bytes, cannot be mapped"},
			{ENODEV, CLN_E_IO, "cannot map t.cache: No such device"}};
	struct area area;
	struct cln_error err;
	ck_assert(!area_create_scratch(&area, 0));
	ck_assert(!area_create_scratch(&area, (size_t)PTRDIFF_MAX + 1));
	for (size_t i = 0; i < 2; i++) {
		mapping_fails_with = refusals[i].error;
		ck_assert_int_eq(area_map(&area, 0, 10, "t.cache", &err), refusals[i].status);
		ck_assert_str_eq(err.message, refusals[i].message);
		ck_assert_int_eq(area.kind, AREA_NONE);
	}
	ck_assert(!area_create_scratch(&area, 5000));
	ck_assert_ptr_null(area.bytes);
	short_of_memory();
#ifndef __SANITIZE_ADDRESS__ /* then memory is the allocator's, which maps nothing here */
	ck_assert_int_eq(area_create(&area, 5000, 0, &err), CLN_E_MEMORY); /* nor memory */
	ck_assert_int_eq(area.kind, AREA_NONE);
#endif
	area_expect(&area, true); /* which is nothing */
}
END_TEST

/* ---------------------------------------------------------------- what lies in areas */

static size_t write_rows(char *text, size_t size, size_t n_rows)
{
	size_t length = (size_t)snprintf(text, size, "a,b\n");
	for (size_t i = 0; i < n_rows; i++)
		length += (size_t)snprintf(text + length, size - length, "%zu,%s\n", i, i % 3 ? "x" : "y");
	return length;
}

START_TEST(a_table_in_a_scratch_file_holds_the_same)
{
	static const struct cln_read_options options;
	enum { SIZE = 1 << 16 };
	char *text = mem_alloc(SIZE, 1, NULL);
	ck_assert_ptr_nonnull(text);
	struct source source = source_memory("t.csv", text, write_rows(text, SIZE, 3000));
	struct cln_table *in_memory, *on_disk;
	assert_ok(csv_read_source(&in_memory, &source, &options, 2, 0, &err));
	short_of_memory();
	assert_ok(csv_read_source(&on_disk, &source, &options, 2, 0, &err));
	ck_assert_int_eq(in_memory->area.kind, AREA_MEMORY);
	ck_assert_int_eq(on_disk->area.kind, AREA_SCRATCH);
	ck_assert_uint_eq(cln_table_fingerprint(in_memory), cln_table_fingerprint(on_disk));
	cln_table_destroy(in_memory);
	cln_table_destroy(on_disk);
	mem_free(text);
}
END_TEST

START_TEST(a_pipe_that_does_not_fit_is_read_from_a_scratch_file)
{
	char path[] = "/var/tmp/test_area.XXXXXX", command[128], bytes[8192], again[8192];
	const size_t length = 5 * SOURCE_BLOCK + 1234;
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	for (size_t done = 0; done < length; done += sizeof bytes) {
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (char)('!' + (done / sizeof bytes * 7 + i) % 90);
		size_t n = length - done < sizeof bytes ? length - done : sizeof bytes;
		ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	}
	snprintf(command, sizeof command, "cat %s", path);
	FILE *pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	ck_assert_int_eq(dup2(fileno(pipe), STDIN_FILENO), STDIN_FILENO);
	short_of_memory();
	struct source source;
	assert_ok(source_open(&source, "-", &err));
	ck_assert(source.spooled && source.fd > STDERR_FILENO && source.n_blocks == 0);
	ck_assert_uint_eq(source.size, length);
	for (size_t done = 0; done < length; done += sizeof bytes) {
		size_t n = length - done < sizeof bytes ? length - done : sizeof bytes;
		ck_assert_int_eq(pread(fd, bytes, n, (off_t)done), (ssize_t)n);
		assert_ok(source_read(&source, again, done, n, &err));
		ck_assert_mem_eq(bytes, again, n);
	}
	source_close(&source);
	pclose(pipe);
	close(fd);
	unlink(path);
}
END_TEST

START_TEST(a_dataset_in_a_scratch_file_gives_the_same_batches)
{
	enum { ROWS = 500, FEATURES = 21, M = 64, PANELS = 2 };
	struct dataset data[2];
	float A0[2][PANELS * M * 16], y[2][M], w[2][M];
	uint32_t order[ROWS];
	batch_order(order, ROWS, 1, 0);
	for (size_t k = 0; k < 2; k++) {
		assert_ok(dataset_create(&data[k], ROWS, FEATURES, true, &err));
		ck_assert_int_eq(data[k].area.kind, k ? AREA_SCRATCH : AREA_MEMORY);
		for (size_t i = 0; i < ROWS * FEATURES; i++)
			data[k].X[i] = (float)i;
		for (size_t i = 0; i < ROWS; i++)
			data[k].y[i] = data[k].w[i] = (float)i;
		dataset_expect(&data[k], true);
		batch_gather(A0[k], y[k], w[k], &data[k], order + 100, M, M);
		short_of_memory();
	}
	ck_assert_mem_eq(A0[0], A0[1], sizeof A0[0]);
	ck_assert_float_eq(A0[1][0], (float)(order[100] * FEATURES));
	ck_assert_mem_eq(y[0], y[1], sizeof y[0]);
	dataset_free(&data[0]);
	dataset_free(&data[1]);
}
END_TEST

static Suite *area_suite(void)
{
	Suite *suite = suite_create("area");
	TCase *areas = tcase_create("areas"), *uses = tcase_create("uses");
	tcase_add_test(areas, an_area_is_zeros_in_memory_or_in_a_file);
	tcase_add_test(areas, an_area_of_nothing_is_allowed);
	tcase_add_test(areas, what_is_needed_beside_counts);
	tcase_add_test(areas, scratch_files_leave_nothing_behind);
	tcase_add_test(areas, no_room_is_no_scratch_file);
	tcase_add_test(areas, a_disk_that_is_full_is_no_place);
	tcase_add_loop_test(areas, a_file_system_says_whether_there_is_room, 0, sizeof systems / sizeof *systems);
	tcase_add_test(areas, where_no_file_can_be_without_a_name_it_is_taken_away);
	tcase_add_test(areas, what_cannot_be_mapped_is_no_area);
	tcase_add_test(uses, a_table_in_a_scratch_file_holds_the_same);
	tcase_add_test(uses, a_pipe_that_does_not_fit_is_read_from_a_scratch_file);
	tcase_add_test(uses, a_dataset_in_a_scratch_file_gives_the_same_batches);
	suite_add_tcase(suite, areas);
	suite_add_tcase(suite, uses);
	return suite;
}

TESTING_MAIN(area_suite)
