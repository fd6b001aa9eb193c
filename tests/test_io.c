/* SPDX-License-Identifier: MIT
 * The program is linked with --wrap for the calls below, so that each of them can be made to fail, or to do only a part. */
#include "testing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "fail_call.h"

static char folder[] = "/tmp/test_io.XXXXXX";

static void enter_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void remove_all(const char *name)
{
	DIR *directory = opendir(name);
	ck_assert_ptr_nonnull(directory);
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		char path[1024];
		snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
		struct stat info;
		ck_assert_int_eq(lstat(path, &info), 0);
		if (S_ISDIR(info.st_mode))
			remove_all(path);
		else
			ck_assert_int_eq(unlink(path), 0);
	}
	closedir(directory);
	ck_assert_int_eq(rmdir(name), 0);
}

static void leave_folder(void)
{
	fail_call_disarm();
	fail_call_most_bytes = 0;
	ck_assert_int_eq(chdir("/"), 0);
	remove_all(folder);
}

static int entries(const char *name)
{
	int n = 0;
	DIR *directory = opendir(name);
	ck_assert_ptr_nonnull(directory);
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(directory);
	return n;
}

static enum cln_status replace(const char *path, const char *text, struct cln_error *err)
{
	size_t half = strlen(text) / 2;
	const struct io_piece pieces[] = {{text, half}, {NULL, 0}, {text + half, strlen(text) - half}};
	return io_replace_place(&(struct io_place){.path = path}, pieces, 3, err);
}

static void assert_content(const char *path, const char *text)
{
	char *bytes;
	size_t length;
	assert_ok(io_read_file(&bytes, &length, path, 1 << 20, &err));
	ck_assert_uint_eq(length, strlen(text));
	ck_assert_str_eq(bytes, text);
	mem_free(bytes);
}

START_TEST(a_file_is_written_and_read_back)
{
	assert_ok(replace("new", "some content", &err));
	assert_content("new", "some content");
	assert_ok(replace("new", "other", &err));
	assert_content("new", "other");
	assert_ok(replace("new", "", &err));
	assert_content("new", "");
	ck_assert_int_eq(entries("."), 1);
}
END_TEST

START_TEST(short_and_interrupted_reads_and_writes_are_carried_on)
{
	static const char text[] = "a text that is longer than what one call moves";
	fail_call_most_bytes = 3;
	fail_call_arm(FAIL_WRITE, 2, 3, EINTR);
	fail_call_arm(FAIL_FSYNC, 0, 2, EINTR);
	assert_ok(replace("file", text, &err));
	ck_assert_int_gt(fail_call_count(FAIL_WRITE), 10);
	fail_call_arm(FAIL_READ, 1, 2, EINTR);
	assert_content("file", text);
	ck_assert_int_gt(fail_call_count(FAIL_READ), 10);
}
END_TEST

/* What fails, and what the message must say. */
static const struct {
	enum fail_call call;
	int after, error;
	const char *reason;
} failures[] = {
        {FAIL_WRITE, 0, ENOSPC, "No space left on device"}, {FAIL_WRITE, 1, ENOSPC, "No space left on device"},
        {FAIL_WRITE, 0, EIO, "Input/output error"},         {FAIL_FSYNC, 0, EIO, "Input/output error"},
        {FAIL_CLOSE, 0, EDQUOT, "Disk quota exceeded"},     {FAIL_RENAME, 0, EACCES, "Permission denied"},
};

START_TEST(a_failure_leaves_the_old_file_and_nothing_else)
{
	assert_ok(replace("file", "the old content", &err));
	struct cln_error err = {0};
	fail_call_arm(failures[_i].call, failures[_i].after, 1, failures[_i].error);
	ck_assert_int_eq(replace("file", "the new content", &err), CLN_E_IO);
	ck_assert_ptr_nonnull(strstr(err.message, "cannot write file: "));
	ck_assert_ptr_nonnull(strstr(err.message, failures[_i].reason));
	assert_content("file", "the old content");
	ck_assert_int_eq(entries("."), 1);
}
END_TEST

START_TEST(a_write_that_moves_nothing_is_not_repeated_for_ever)
{
	fail_call_arm(FAIL_WRITE, 0, 1000000, EIO);
	ck_assert_int_eq(replace("file", "content", NULL), CLN_E_IO);
	ck_assert_int_eq(fail_call_count(FAIL_WRITE), 1);
	ck_assert_int_eq(entries("."), 0);
}
END_TEST

START_TEST(file_and_directory_are_synced_before_and_after_the_rename)
{
	assert_ok(replace("file", "content", &err));
	ck_assert_int_eq(fail_call_count(FAIL_FSYNC), 2);
	ck_assert_int_eq(fail_call_count(FAIL_RENAME), 1);
}
END_TEST

START_TEST(a_file_system_that_cannot_sync_is_accepted_and_one_that_fails_is_not)
{
	static const int tolerated[] = {EINVAL, ENOTSUP};
	for (int i = 0; i < 2; i++) {
		fail_call_arm(FAIL_FSYNC, 0, 2, tolerated[i]);
		assert_ok(replace("file", "content", &err));
	}
	struct cln_error err = {0};
	fail_call_arm(FAIL_FSYNC, 1, 1, EIO);
	ck_assert_int_eq(replace("file", "content", &err), CLN_E_IO);
	ck_assert_ptr_nonnull(strstr(err.message, "its directory cannot be synced"));
}
END_TEST

START_TEST(an_interrupted_close_is_no_failure)
{
	fail_call_arm(FAIL_CLOSE, 0, 1, EINTR);
	assert_ok(replace("file", "content", &err));
	assert_content("file", "content");
}
END_TEST

START_TEST(the_mode_of_a_new_file_follows_the_umask)
{
	static const mode_t masks[] = {022, 077, 0};
	for (int i = 0; i < 3; i++) {
		umask(masks[i]);
		assert_ok(replace("file", "content", &err));
		struct stat info;
		ck_assert_int_eq(stat("file", &info), 0);
		ck_assert_uint_eq(info.st_mode & 0777, 0666 & ~masks[i]);
		ck_assert_int_eq(unlink("file"), 0);
	}
}
END_TEST

START_TEST(a_file_that_is_replaced_keeps_its_permissions)
{
	static const mode_t modes[] = {0600, 0666, 0440, 0755};
	umask(022);
	assert_ok(replace("file", "content", &err));
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(chmod("file", modes[i]), 0);
		assert_ok(replace("file", "other", &err));
		struct stat info;
		ck_assert_int_eq(stat("file", &info), 0);
		ck_assert_uint_eq(info.st_mode & 0777, modes[i]);
	}
}
END_TEST

START_TEST(the_target_of_a_symbolic_link_is_replaced_and_the_link_stays)
{
	ck_assert_int_eq(mkdir("elsewhere", 0777), 0);
	ck_assert_int_eq(symlink("second", "first"), 0);
	ck_assert_int_eq(symlink("elsewhere/file", "second"), 0);
	for (int i = 0; i < 2; i++) { /* the target does not exist, and then it does */
		assert_ok(replace("first", i == 0 ? "content" : "other", &err));
		struct stat info;
		ck_assert_int_eq(lstat("first", &info), 0);
		ck_assert(S_ISLNK(info.st_mode));
		ck_assert_int_eq(lstat("elsewhere/file", &info), 0);
		ck_assert(S_ISREG(info.st_mode));
		assert_content("elsewhere/file", i == 0 ? "content" : "other");
		ck_assert_int_eq(entries("elsewhere"), 1);
	}
}
END_TEST

START_TEST(absolute_links_are_followed_and_circles_are_an_error)
{
	char path[256];
	ck_assert_int_eq(mkdir("elsewhere", 0777), 0);
	snprintf(path, sizeof path, "%s/elsewhere/file", folder);
	ck_assert_int_eq(symlink(path, "absolute"), 0);
	assert_ok(replace("absolute", "content", &err));
	assert_content("elsewhere/file", "content");

	struct cln_error err = {0};
	ck_assert_int_eq(symlink("circle", "circle"), 0);
	ck_assert_int_eq(replace("circle", "content", &err), CLN_E_IO);
	ck_assert_str_eq(err.message, "cannot write circle: too many symbolic links");
}
END_TEST

START_TEST(devices_and_directories_are_not_replaced)
{
	struct cln_error err = {0};
	ck_assert_int_eq(replace("/dev/null", "content", &err), CLN_E_IO);
	ck_assert_str_eq(err.message, "cannot write /dev/null: it is not a regular file");
	ck_assert_int_eq(mkdir("directory", 0777), 0);
	ck_assert_int_eq(replace("directory", "content", &err), CLN_E_IO);
	ck_assert_str_eq(err.message, "cannot write directory: it is a directory");
}
END_TEST

START_TEST(a_missing_directory_is_named)
{
	struct cln_error err = {0};
	ck_assert_int_eq(replace("nowhere/file", "content", &err), CLN_E_IO);
	ck_assert_ptr_nonnull(strstr(err.message, "cannot write nowhere/file: cannot create nowhere/.file.tmp-"));
	ck_assert_ptr_nonnull(strstr(err.message, "No such file or directory"));
}
END_TEST

/* In a container every run may have the same process id. */
START_TEST(what_a_killed_process_left_is_no_obstacle)
{
	char left[64];
	snprintf(left, sizeof left, ".file.tmp-%ld", (long)getpid());
	for (int i = 0; i < 3; i++) {
		FILE *file = fopen(left, "w");
		ck_assert_ptr_nonnull(file);
		ck_assert_int_eq(fclose(file), 0);
		snprintf(left, sizeof left, ".file.tmp-%ld-%d", (long)getpid(), i + 1);
	}
	assert_ok(replace("file", "content", &err));
	assert_content("file", "content");
	ck_assert_int_eq(entries("."), 4);
}
END_TEST

START_TEST(names_as_long_as_the_file_system_takes_are_written)
{
	char name[256];
	memset(name, 'n', 255);
	name[255] = '\0';
	assert_ok(replace(name, "content", &err));
	assert_content(name, "content");
	char longer[5000];
	memset(longer, 'n', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	ck_assert_int_eq(replace(longer, "content", NULL), CLN_E_IO);
}
END_TEST

START_TEST(a_file_of_the_limit_is_read_and_a_longer_one_refused)
{
	assert_ok(replace("file", "12345678", &err));
	char *bytes;
	size_t length;
	struct cln_error err = {0};
	ck_assert_int_eq(io_read_file(&bytes, &length, "file", 8, &err), CLN_OK);
	ck_assert_str_eq(bytes, "12345678");
	mem_free(bytes);
	ck_assert_int_eq(io_read_file(&bytes, &length, "file", 7, &err), CLN_E_DAMAGED);
	ck_assert_ptr_null(bytes);
	ck_assert_str_eq(err.message, "file is longer than 7 bytes");
	ck_assert_int_eq(io_read_file(&bytes, &length, "file", 0, &err), CLN_E_DAMAGED);
	ck_assert_int_eq(io_read_file(&bytes, &length, "file", SIZE_MAX, &err), CLN_OK);
	mem_free(bytes);
}
END_TEST

START_TEST(what_cannot_be_read_is_an_error_with_its_name)
{
	char *bytes;
	size_t length;
	struct cln_error err = {0};
	ck_assert_int_eq(io_read_file(&bytes, &length, "nowhere", 10, &err), CLN_E_IO);
	ck_assert_str_eq(err.message, "cannot open nowhere: No such file or directory");
	ck_assert_int_eq(io_read_file(&bytes, &length, ".", 10, &err), CLN_E_IO);
	ck_assert_str_eq(err.message, "cannot read .: Is a directory");
	ck_assert_int_eq(replace("file", "content", &err), CLN_OK);
	fail_call_arm(FAIL_READ, 1, 1, EIO);
	fail_call_most_bytes = 2;
	ck_assert_int_eq(io_read_file(&bytes, &length, "file", 10, &err), CLN_E_IO);
	ck_assert_str_eq(err.message, "cannot read file: Input/output error");
	ck_assert_ptr_null(bytes);
}
END_TEST

/* What is asked of the first bytes is asked once they are there, also where they come one by one or are all there is. */
static int n_checks;
static size_t checked_bytes;
static enum cln_status check_beginning(const char *bytes, size_t n, struct cln_error *err)
{
	n_checks++;
	checked_bytes = n;
	return n > 0 && bytes[0] == 'x' ? error_set(err, CLN_E_DAMAGED, "it begins with x") : CLN_OK;
}

START_TEST(the_beginning_is_asked_for_once)
{
	char *bytes;
	size_t length;
	fail_call_most_bytes = 2;
	assert_ok(replace("file", "content", &err));
	assert_ok(io_read_checked(&bytes, &length, "file", 100, 5, check_beginning, &err));
	ck_assert_str_eq(bytes, "content");
	mem_free(bytes);
	ck_assert_int_eq(n_checks, 1);
	ck_assert_uint_eq(checked_bytes, 6);
	assert_ok(io_read_checked(&bytes, &length, "file", 100, 50, check_beginning, &err));
	mem_free(bytes);
	ck_assert_int_eq(n_checks, 2);
	ck_assert_uint_eq(checked_bytes, 7);
	assert_ok(replace("file", "xyz", &err));
	struct cln_error why = {0};
	ck_assert_int_eq(io_read_checked(&bytes, &length, "file", 100, 1, check_beginning, &why), CLN_E_DAMAGED);
	ck_assert_str_eq(why.message, "it begins with x");
	ck_assert_ptr_null(bytes);
}
END_TEST

/* Where the system does not say how long a file is, it is read as what has no length; a limit beyond memory is none. */
START_TEST(a_file_without_a_length_is_read_to_its_end)
{
	char *bytes;
	size_t length;
	assert_ok(replace("file", "content", &err));
	fail_call_arm(FAIL_FSTAT, 0, 1, EIO);
	assert_ok(io_read_file(&bytes, &length, "file", SIZE_MAX, &err));
	ck_assert_str_eq(bytes, "content");
	mem_free(bytes);
	fail_call_arm(FAIL_FSTAT, 0, 1, EIO);
	struct cln_error why = {0};
	ck_assert_int_eq(io_read_file(&bytes, &length, "file", 6, &why), CLN_E_DAMAGED);
	ck_assert_str_eq(why.message, "file is longer than 6 bytes");
	assert_ok(io_read_file(&bytes, &length, "/proc/self/status", 1 << 20, &err)); /* a plain file of 0 bytes, as it says */
	ck_assert_uint_gt(length, 100);
	mem_free(bytes);
}
END_TEST

START_TEST(paths_that_are_too_long_are_refused)
{
	char path[PATH_MAX + 16];
	struct cln_error err = {0};
	memset(path, '/', sizeof path);
	path[PATH_MAX] = '\0';
	ck_assert_int_eq(replace(path, "content", &err), CLN_E_IO);
	ck_assert_ptr_nonnull(strstr(err.message, "//...: the path is too long"));
	memcpy(path + PATH_MAX - 5, "file", 5); /* itself short enough, but not the temporary file beside it */
	ck_assert_int_eq(replace(path, "content", &err), CLN_E_IO);
	ck_assert_int_eq(entries("."), 0);
	char target[PATH_MAX]; /* links, that can only be followed from their own directory */
	memset(target, 'n', sizeof target);
	for (size_t i = 200; i < sizeof target; i += 200)
		target[i] = '/';
	target[PATH_MAX - 10] = '\0';
	ck_assert_int_eq(mkdir("elsewhere", 0777), 0);
	ck_assert_int_eq(symlink(target, "elsewhere/link"), 0);
	ck_assert_int_eq(replace("elsewhere/link", "content", &err), CLN_E_IO);
	ck_assert_str_eq(err.message, "cannot write elsewhere/link: too many symbolic links");
}
END_TEST

START_TEST(a_write_of_nothing_is_a_failure)
{
	struct cln_error err = {0};
	fail_call_arm(FAIL_WRITE, 0, 1, 0);
	ck_assert_int_eq(replace("file", "content", &err), CLN_E_IO);
	ck_assert_str_eq(err.message, "cannot write file: Input/output error");
	ck_assert_int_eq(entries("."), 0);
}
END_TEST

START_TEST(names_that_are_all_taken_end_the_search_for_one)
{
	struct cln_error err = {0};
	fail_call_arm(FAIL_OPEN, 0, 1000000, EEXIST);
	ck_assert_int_eq(replace("file", "content", &err), CLN_E_IO);
	ck_assert_int_eq(fail_call_count(FAIL_OPEN), 1000);
	ck_assert_ptr_nonnull(strstr(err.message, "-999: File exists"));
}
END_TEST

/* One that may be written in, but not read, is left to the kernel. */
START_TEST(a_directory_that_cannot_be_opened_cannot_be_synced)
{
	struct cln_error why = {0};
	ck_assert_int_eq(mkdir("elsewhere", 0777), 0);
	fail_call_arm(FAIL_OPEN, 1, 1, EACCES);
	assert_ok(replace("elsewhere/file", "content", &err));
	fail_call_arm(FAIL_OPEN, 1, 1, EMFILE);
	ck_assert_int_eq(replace("elsewhere/file", "other", &why), CLN_E_IO);
	ck_assert_ptr_nonnull(strstr(why.message, "its directory cannot be synced to the disk: Too many open files"));
	assert_content("elsewhere/file", "other");
}
END_TEST

/* Longer than the first guess for things without a length. */
START_TEST(standard_input_is_read_to_its_end)
{
	enum { N = 300000 };
	int ends[2];
	ck_assert_int_eq(pipe(ends), 0);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		for (int i = 0; i < N; i++) {
			char byte = (char)(i * 7);
			if (write(ends[1], &byte, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(ends[1]);
	ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	char *bytes;
	size_t length;
	assert_ok(io_read_file(&bytes, &length, "-", 1 << 20, &err));
	ck_assert_uint_eq(length, N);
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(bytes[i], (char)(i * 7));
	ck_assert_int_eq(bytes[N], 0);
	mem_free(bytes);
}
END_TEST

START_TEST(the_checksum_has_its_published_check_value)
{
	ck_assert_uint_eq(io_crc64(0, "123456789", 9), UINT64_C(0x995DC9BBDF1939FA));
	ck_assert_uint_eq(io_crc64(0, "", 0), 0);
}
END_TEST

/* Short texts go bit by bit, long ones are folded or go through tables: the same whatever the pieces are. */
START_TEST(the_checksum_does_not_depend_on_the_pieces)
{
	unsigned char bytes[3000];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * i + i / 7);
	uint64_t one_by_one = 0;
	for (size_t i = 0; i < sizeof bytes; i++)
		one_by_one = io_crc64(one_by_one, bytes + i, 1);
	for (size_t cut = 0; cut <= sizeof bytes; cut += 13)
		ck_assert_uint_eq(io_crc64(io_crc64(0, bytes, cut), bytes + cut, sizeof bytes - cut), one_by_one);
}
END_TEST

START_TEST(the_checksum_sees_every_flipped_bit)
{
	unsigned char bytes[700] = {0};
	uint64_t before = io_crc64(0, bytes, sizeof bytes);
	for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
		bytes[bit / 8] = (unsigned char)(1u << bit % 8);
		ck_assert_uint_ne(io_crc64(0, bytes, sizeof bytes), before);
		bytes[bit / 8] = 0;
	}
}
END_TEST

static Suite *io_suite(void)
{
	Suite *suite = suite_create("io");
	TCase *files = tcase_create("files");
	tcase_add_checked_fixture(files, enter_folder, leave_folder);
	tcase_add_test(files, a_file_is_written_and_read_back);
	tcase_add_test(files, short_and_interrupted_reads_and_writes_are_carried_on);
	tcase_add_loop_test(files, a_failure_leaves_the_old_file_and_nothing_else, 0, (int)(sizeof failures / sizeof *failures));
	tcase_add_test(files, a_write_that_moves_nothing_is_not_repeated_for_ever);
	tcase_add_test(files, file_and_directory_are_synced_before_and_after_the_rename);
	tcase_add_test(files, a_file_system_that_cannot_sync_is_accepted_and_one_that_fails_is_not);
	tcase_add_test(files, an_interrupted_close_is_no_failure);
	tcase_add_test(files, the_mode_of_a_new_file_follows_the_umask);
	tcase_add_test(files, a_file_that_is_replaced_keeps_its_permissions);
	tcase_add_test(files, the_target_of_a_symbolic_link_is_replaced_and_the_link_stays);
	tcase_add_test(files, absolute_links_are_followed_and_circles_are_an_error);
	tcase_add_test(files, devices_and_directories_are_not_replaced);
	tcase_add_test(files, a_missing_directory_is_named);
	tcase_add_test(files, what_a_killed_process_left_is_no_obstacle);
	tcase_add_test(files, names_as_long_as_the_file_system_takes_are_written);
	tcase_add_test(files, a_file_of_the_limit_is_read_and_a_longer_one_refused);
	tcase_add_test(files, what_cannot_be_read_is_an_error_with_its_name);
	tcase_add_test(files, the_beginning_is_asked_for_once);
	tcase_add_test(files, a_file_without_a_length_is_read_to_its_end);
	tcase_add_test(files, paths_that_are_too_long_are_refused);
	tcase_add_test(files, a_write_of_nothing_is_a_failure);
	tcase_add_test(files, names_that_are_all_taken_end_the_search_for_one);
	tcase_add_test(files, a_directory_that_cannot_be_opened_cannot_be_synced);
	tcase_add_test(files, standard_input_is_read_to_its_end);
	suite_add_tcase(suite, files);
	TCase *checksum = tcase_create("checksum");
	tcase_add_test(checksum, the_checksum_has_its_published_check_value);
	tcase_add_test(checksum, the_checksum_does_not_depend_on_the_pieces);
	tcase_add_test(checksum, the_checksum_sees_every_flipped_bit);
	suite_add_tcase(suite, checksum);
	return suite;
}

TESTING_MAIN(io_suite)
