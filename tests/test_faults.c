/* SPDX-License-Identifier: MIT
 * Files that fail while they are read or written: what is told, and what is left.  The program is linked with --wrap for calls to
 * the system (fail_call.h) and for allocations (fail_alloc.h). */
#include "config.h"

#include "testing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#include "cli/options.h"
#include "cli/run_record.h"
#include "data/csv_parts.h"
#include "data/parts.h"
#include "data/pipeline.h"
#include "data/source.h"
#include "fail_alloc.h"
#include "fail_call.h"
#include "report/jsonl.h"
#include "report/output.h"
#include "tables.h"

static char folder[] = "/tmp/test_faults.XXXXXX";
static struct cln_error why;

static void enter_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void leave_folder(void)
{
	char command[64];
	fail_call_disarm();
	fail_call_most_bytes = 0;
	fail_alloc_disarm();
	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

static void put(const char *path, const char *bytes, size_t n)
{
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
	ck_assert_int_eq(fclose(file), 0);
}

static void assert_content(const char *path, const char *expected)
{
	char content[4096];
	FILE *file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	content[fread(content, 1, sizeof content - 1, file)] = '\0';
	ck_assert_str_eq(content, expected);
	fclose(file);
}

#define assert_told(expected) ck_assert_msg(strcmp(why.message, expected) == 0, "%s", why.message)

/* ---------------------------------------------------------------- metrics.jsonl */

static const char lines[] = "{\"epoch\":1}\n{\"epoch\":2}\n{\"epo";

START_TEST(lines_beyond_the_checkpoint_are_cut_off)
{
	static const struct {
		size_t keep, kept;
		const char *left;
	} cases[] = {{0, 0, ""}, {1, 1, "{\"epoch\":1}\n"}, {2, 2, "{\"epoch\":1}\n{\"epoch\":2}\n"},
		     {9, 2, "{\"epoch\":1}\n{\"epoch\":2}\n"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct jsonl *jsonl;
		size_t keep = cases[i].keep;
		put("m", lines, strlen(lines));
		fail_call_arm(FAIL_PREAD, 0, 2, EINTR); /* which is carried on */
		fail_call_most_bytes = 5;
		assert_ok(jsonl_open(&jsonl, "m", &keep, &err));
		ck_assert_uint_eq(keep, cases[i].kept);
		assert_ok(jsonl_close(jsonl, &err));
		assert_content("m", cases[i].left);
	}
}
END_TEST

static const struct {
	enum fail_call call;
	int error;
	const char *message;
} openings[] = {
    {FAIL_OPEN, EACCES, "cannot create m: Permission denied"},
    {FAIL_PREAD, EIO, "cannot read m: Input/output error"},
    {FAIL_FTRUNCATE, EIO, "cannot cut m back: Input/output error"},
    {FAIL_LSEEK, EIO, "cannot cut m back: Input/output error"},
};

START_TEST(metrics_that_cannot_be_gone_on_with_are_named)
{
	struct jsonl *jsonl;
	size_t keep = 1;
	put("m", lines, strlen(lines));
	fail_call_arm(openings[_i].call, 0, 1, openings[_i].error);
	ck_assert_int_eq(jsonl_open(&jsonl, "m", &keep, &why), CLN_E_IO);
	assert_told(openings[_i].message);
	ck_assert_ptr_null(jsonl);
	if (openings[_i].call != FAIL_LSEEK)
		assert_content("m", lines);
}
END_TEST

START_TEST(metrics_without_memory_are_none)
{
	enum cln_status closed = CLN_E_IO;
	size_t keep = 1;
	put("m", lines, strlen(lines));
	for (long n = 0;; n++) {
		struct jsonl *jsonl;
		fail_alloc_arm(n, FAIL_ONCE);
		const enum cln_status status = jsonl_open(&jsonl, "m", &keep, &why);
		if (status == CLN_OK)
			closed = jsonl_close(jsonl, &why);
		fail_alloc_disarm();
		ck_assert_int_eq(fail_alloc_live(), 0);
		if (!fail_alloc_happened())
			break;
		ck_assert_int_eq(status, CLN_E_MEMORY);
		ck_assert_ptr_null(jsonl);
	}
	ck_assert_int_eq(closed, CLN_OK);
}
END_TEST

/* A pipe has nothing to be found again, and cannot be cut. */
START_TEST(metrics_may_go_into_a_pipe)
{
	const struct cln_epoch epoch = {.epoch = 1, .train_loss = 0.5};
	struct jsonl *jsonl;
	char bytes[512] = "";
	size_t keep = 7;
	ck_assert_int_eq(mkfifo("pipe", 0600), 0);
	int fd = open("pipe", O_RDWR);
	ck_assert_int_ge(fd, 0);
	assert_ok(jsonl_open(&jsonl, "pipe", &keep, &err));
	ck_assert_uint_eq(keep, 0);
	assert_ok(jsonl_epoch(jsonl, &epoch, &err));
	assert_ok(jsonl_close(jsonl, &err));
	ck_assert_int_gt(read(fd, bytes, sizeof bytes - 1), 0);
	ck_assert_ptr_nonnull(strstr(bytes, "{\"epoch\":1,\"train_loss\":0.5,"));
	close(fd);
}
END_TEST

/* What could not be written waits, from the first byte on that is not in the file. */
START_TEST(lines_that_could_not_be_written_are_written_later)
{
	const struct cln_epoch epoch = {.epoch = 3, .train_loss = 0.5};
	struct jsonl *jsonl;
	struct stat about;
	size_t keep = 0;
	assert_ok(jsonl_open(&jsonl, "m", &keep, &err));
	assert_ok(jsonl_epoch(jsonl, &epoch, &err));
	fail_call_most_bytes = 10;
	fail_call_arm(FAIL_WRITE, 2, 1, ENOSPC);
	ck_assert_int_eq(jsonl_sync(jsonl, &why), CLN_E_IO);
	assert_told("cannot write m: No space left on device");
	ck_assert_int_eq(stat("m", &about), 0);
	ck_assert_int_eq(about.st_size, 20);
	fail_call_arm(FAIL_WRITE, 1, 1, 0);
	ck_assert_int_eq(jsonl_sync(jsonl, &why), CLN_E_IO);
	fail_call_arm(FAIL_WRITE, 0, 3, EINTR);
	assert_ok(jsonl_sync(jsonl, &err));
	assert_ok(jsonl_close(jsonl, &err));
	assert_content("m", "{\"epoch\":3,\"train_loss\":0.5,\"valid_loss\":null,\"valid_auc\":null,\"learning_rate\":0,"
			    "\"seconds\":0,\"rows_per_second\":0}\n");
}
END_TEST

START_TEST(metrics_that_may_be_lost_are_told)
{
	struct jsonl *jsonl;
	size_t keep = 0;
	assert_ok(jsonl_open(&jsonl, "m", &keep, &err));
	fail_call_arm(FAIL_FSYNC, 0, 1, EIO);
	ck_assert_int_eq(jsonl_sync(jsonl, &why), CLN_E_IO);
	assert_told("cannot write m: Input/output error");
	fail_call_arm(FAIL_CLOSE, 0, 1, EDQUOT);
	ck_assert_int_eq(jsonl_close(jsonl, &why), CLN_E_IO);
	assert_told("cannot write m: Disk quota exceeded");
	assert_ok(jsonl_close(NULL, &err));
	const struct cln_epoch epoch = {.epoch = 3};
	assert_ok(jsonl_open(&jsonl, "m", &keep, &err));
	assert_ok(jsonl_epoch(jsonl, &epoch, &err));
	fail_call_arm(FAIL_WRITE, 0, 1, ENOSPC); /* the first failure is the one that is told */
	fail_call_arm(FAIL_FSYNC, 0, 1, EIO);
	fail_call_arm(FAIL_CLOSE, 0, 1, EDQUOT);
	ck_assert_int_eq(jsonl_close(jsonl, &why), CLN_E_IO);
	assert_told("cannot write m: No space left on device");
}
END_TEST

/* ---------------------------------------------------------------- results */

static void open_output(struct output *output, const char *path)
{
	assert_ok(output_open(output, &(struct io_place){.path = path}, &err));
}

START_TEST(a_device_is_written_where_it_is)
{
	struct output output;
	open_output(&output, "/dev/full");
	ck_assert_int_eq(output_write(&output, "text", 4, &why), CLN_E_IO);
	assert_told("cannot write /dev/full: No space left on device");
	fail_call_arm(FAIL_CLOSE, 0, 1, EIO);
	ck_assert_int_eq(output_close(&output, true, &why), CLN_E_IO);
	assert_told("cannot write /dev/full: Input/output error");
	assert_ok(output_close(&output, true, &err)); /* it is closed */
	fail_call_arm(FAIL_OPEN, 0, 1, EACCES);
	ck_assert_int_eq(output_open(&output, &(struct io_place){.path = "/dev/full"}, &why), CLN_E_IO);
	assert_told("cannot open /dev/full: Permission denied");
	assert_ok(output_close(&output, true, &err));
}
END_TEST

START_TEST(standard_output_stays_open)
{
	struct output output;
	open_output(&output, "-");
	fail_call_arm(FAIL_WRITE, 0, 1, EPIPE);
	ck_assert_int_eq(output_write(&output, "text", 4, &why), CLN_E_IO);
	assert_told("cannot write standard output: Broken pipe");
	assert_ok(output_close(&output, true, &err));
	ck_assert_int_eq(fcntl(STDOUT_FILENO, F_GETFD) == -1, 0);
}
END_TEST

START_TEST(a_file_of_results_is_replaced_whole_or_not_at_all)
{
	struct output output;
	put("results", "older", 5);
	open_output(&output, "results");
	fail_call_arm(FAIL_WRITE, 1, 1, EDQUOT);
	assert_ok(output_write(&output, "new", 3, &err));
	ck_assert_int_eq(output_write(&output, "er", 2, &why), CLN_E_IO);
	assert_told("cannot write results: Disk quota exceeded");
	assert_ok(output_close(&output, false, &err));
	assert_content("results", "older");
	open_output(&output, "results");
	assert_ok(output_write(&output, "newer", 5, &err));
	assert_ok(output_close(&output, true, &err));
	assert_content("results", "newer");
	fail_call_arm(FAIL_OPEN, 0, 1, ENOSPC);
	ck_assert_int_eq(output_open(&output, &(struct io_place){.path = "results"}, &why), CLN_E_IO);
	ck_assert_msg(strncmp(why.message, "cannot write results: cannot create .results.tmp-", 49) == 0, "%s", why.message);
	assert_ok(output_close(&output, true, &err));
}
END_TEST

/* ---------------------------------------------------------------- tables: every call and every allocation in turn */

enum { ROWS = 2500, SMALL_FILE = 65536 /* bytes that are read at once */ };

static size_t write_csv(char *text, size_t n_rows)
{
	size_t length = (size_t)sprintf(text, "a,\"b \"\"c\",d,outcome\n");
	for (size_t i = 0; i < n_rows; i++)
		length += (size_t)sprintf(text + length, "%zu.%zu,\"text, %zu\",%s,%s\n", i * 37 % 1000, i % 10, i % 5,
					  i % 11 ? "12345678" : "NA", i % 3 ? "no" : "yes");
	return length;
}

static size_t write_libsvm(char *text)
{
	size_t length = 0;
	for (size_t i = 0; i < ROWS; i++)
		length += (size_t)sprintf(text + length, "%zu 1:%zu 3:%zu.5 7:-1e-3%s\n", i % 2, i % 100, i % 7,
					  i % 5 ? "" : " # a row");
	return length;
}

/* Of doubles, in Fortran's order: columns of 40,000 bytes. */
static size_t write_npy(char *bytes)
{
	const double step = 0.25;
	size_t length = 128;
	memset(bytes, ' ', length);
	memcpy(bytes, "\x93NUMPY\x01\x00\x76\x00", 10);
	sprintf(bytes + 10, "{'descr': '<f8', 'fortran_order': True, 'shape': (%d, 4), }", ROWS);
	bytes[strlen(bytes + 10) + 10] = ' ';
	bytes[127] = '\n';
	for (size_t i = 0; i < 4 * ROWS; i++, length += sizeof(double)) {
		const double value = (double)(i * 7 % 1000) * step;
		memcpy(bytes + length, &value, sizeof value);
	}
	return length;
}

static void put_gz(const char *path, const char *bytes, size_t n)
{
#ifdef HAVE_ZLIB
	gzFile file = gzopen(path, "wb1");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(gzwrite(file, bytes, (unsigned)n), (int)n);
	ck_assert_int_eq(gzclose(file), Z_OK);
#else
	put(path, bytes, n);
#endif
}

/* And two members with zeros behind them, which is allowed, and something else behind them, which is not. */
static void cut_and_damage(const char *path)
{
	static char bytes[1 << 17];
	FILE *file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	size_t n = fread(bytes, 1, sizeof bytes / 2 - 100, file);
	fclose(file);
	ck_assert_uint_gt(n, 1000);
	put("cut.csv.gz", bytes, n - 20);
	memcpy(bytes + n, bytes, n);
	memset(bytes + 2 * n, 0, 100);
	put("two.csv.gz", bytes, 2 * n + 100);
	bytes[2 * n + 99] = 'x';
	put("followed.csv.gz", bytes, 2 * n + 100);
	bytes[2 * n] = 0x1f;
	bytes[n / 2] ^= 0x55;
	put("damaged.csv.gz", bytes, n);
}

static void make_inputs(void)
{
	enum { CAPACITY = 4 << 20 };
	char *text = mem_alloc(CAPACITY, 1, NULL);
	size_t n;
	ck_assert_ptr_nonnull(text);
	n = write_csv(text, ROWS);
	ck_assert_uint_gt(n, SMALL_FILE);
	put("t.csv", text, n);
	put("small.csv", text, write_csv(text, 20));
	n = write_csv(text, ROWS);
	n += (size_t)sprintf(text + n, "1,2,3\n");
	put("bad.csv", text, n);
	put("t.svm", text, write_libsvm(text));
	put("t.npy", text, write_npy(text));
	n = write_csv(text, ROWS);
	put_gz("t.csv.gz", text, n);
	put_gz("t.npy.gz", text, write_npy(text));
	n = write_csv(text, ROWS);
	memset(text + n / 2, '\0', 1);
	put_gz("nul.csv.gz", text, n);
	cut_and_damage("t.csv.gz");
	n = write_csv(text, ROWS);
	for (size_t i = 0; i < 30; i++) /* more than are told one by one */
		n += (size_t)sprintf(text + n, i % 2 ? "1e999,x,2,no\n" : "-infinity,\"x\ny\",2,yes\n\n");
	put("infinite.csv", text, n);
	n = 0;
	for (size_t i = 0; i < ROWS; i++)
		n += (size_t)sprintf(text + n, "%zu,5;no\n%zu,25;yes\n\n", i, i % 7);
	put("comma.csv", text, n);
	n = write_libsvm(text);
	n += (size_t)sprintf(text + n, "1 1:2 3:x 4:5\n1 2:1 1:2\n");
	put("bad.svm", text, n);
	n = write_npy(text);
	const double infinity = INFINITY;
	for (size_t i = 0; i < 30; i++)
		memcpy(text + n - 8 * (3 * i + 1), &infinity, sizeof infinity);
	put("infinite.npy", text, n);
	n = 0; /* more than a block of a source */
	while (n < SOURCE_BLOCK + 5000)
		n += write_csv(text + n, ROWS);
	for (char *header = text; (header = strstr(header + 1, "a,\"b")) != NULL;)
		memcpy(header, "1,\"", 3);
	put_gz("long.csv.gz", text, n);
	assert_ok(cln_table_convert("t.csv", "t.cache", NULL, NULL, &err));
	FILE *cache = fopen("t.cache", "r");
	ck_assert_ptr_nonnull(cache);
	n = fread(text, 1, CAPACITY, cache);
	fclose(cache);
	put_gz("t.cache.gz", text, n);
	mem_free(text);
}

static const struct cln_read_options by_one = {.threads = 1, .label = ""};
static const struct cln_read_options numeric = {.threads = 1, .label = "", .numeric = "a", .categorical = "d"};
static const struct cln_read_options no_header = {.threads = 1, .no_header = true};
static const struct cln_read_options semicolon = {.threads = 1, .no_header = true, .separator = ';'};
static const struct cln_read_options *options = &by_one;

static enum cln_status read_table(const char *path, uint64_t *result, struct cln_error *err)
{
	struct cln_table *table;
	enum cln_status status = cln_table_read(&table, path, options, err);
	if (status == CLN_OK)
		*result = cln_table_fingerprint(table);
	cln_table_destroy(table);
	return status;
}

static enum cln_status read_in_parts(const char *path, uint64_t *result, struct cln_error *err)
{
	struct cln_table *table = NULL;
	struct parts *parts;
	enum cln_status status = parts_open(&parts, path, options, 20000, err);
	if (status != CLN_OK)
		return status;
	while ((status = parts_next(&table, parts, err)) == CLN_OK && table) {
		*result = *result * 31 + cln_table_fingerprint(table);
		cln_table_destroy(table);
	}
	parts_close(parts);
	return status;
}

static enum cln_status convert_table(const char *path, uint64_t *result, struct cln_error *err)
{
	enum cln_status status = cln_table_convert(path, "out.cache", options, NULL, err);
	return status == CLN_OK ? read_table("out.cache", result, err) : status;
}

/* By calls that are not made to fail. */
static bool give_standard_input(const char *path, long offset)
{
	FILE *file = fopen(path, "r");
	bool given = file && dup2(fileno(file), STDIN_FILENO) == STDIN_FILENO && fseek(file, 0, SEEK_SET) == 0;
	given = given && fseek(file, offset, SEEK_SET) == 0 && fflush(file) == 0;
	if (file)
		fclose(file);
	return given;
}

/* From the second line on. */
static enum cln_status read_rest(const char *path, uint64_t *result, struct cln_error *err)
{
	return give_standard_input(path, 21) ? read_table("-", result, err) : error_set_errno(err, CLN_E_IO, "no standard input");
}

static enum cln_status rest_in_parts(const char *path, uint64_t *result, struct cln_error *err)
{
	return give_standard_input(path, 0) ? read_in_parts("-", result, err) : error_set_errno(err, CLN_E_IO, "no standard input");
}

static const struct flow {
	const char *name;
	enum cln_status (*run)(const char *path, uint64_t *result, struct cln_error *err);
	const char *path, *memory; /* COLONNADE_MEMORY, or NULL */
	enum cln_status status;
	int stride; /* behind the first dozen calls and allocations: so many further */
	const struct cln_read_options *options; /* NULL: by_one */
} flows[] = {
    {"a table", read_table, "t.csv", NULL, CLN_OK, 2, NULL},
    {"a small table", read_table, "small.csv", NULL, CLN_OK, 2, NULL},
    {"a table with a wrong row", read_table, "bad.csv", NULL, CLN_E_DATA, 2, NULL},
    {"a table from its second line on", read_rest, "t.csv", NULL, CLN_OK, 2, NULL},
    {"LibSVM text", read_table, "t.svm", NULL, CLN_OK, 2, NULL},
    {".npy", read_table, "t.npy", NULL, CLN_OK, 2, NULL},
    {"a cache", read_table, "t.cache", NULL, CLN_OK, 2, NULL},
    {"gz", read_table, "t.csv.gz", NULL, CLN_OK, 2, NULL},
    {"gz that does not fit in memory", read_table, "long.csv.gz", "1K", CLN_OK, 23, NULL},
    {".npy.gz", read_table, "t.npy.gz", NULL, CLN_OK, 2, NULL},
    {"parts of a table", read_in_parts, "t.csv", NULL, CLN_OK, 2, NULL},
    {"parts of a table with a wrong row", read_in_parts, "bad.csv", NULL, CLN_E_DATA, 2, NULL},
    {"parts of gz", read_in_parts, "t.csv.gz", NULL, CLN_OK, 2, NULL},
    {"parts of LibSVM text", read_in_parts, "t.svm", NULL, CLN_OK, 2, NULL},
    {"parts of .npy", read_in_parts, "t.npy", NULL, CLN_OK, 2, NULL},
    {"parts of .npy from standard input", rest_in_parts, "t.npy", NULL, CLN_OK, 2, NULL},
    {"parts of a cache", read_in_parts, "t.cache", NULL, CLN_OK, 2, NULL},
    {"parts of a cache from standard input", rest_in_parts, "t.cache", NULL, CLN_OK, 2, NULL},
    {"a table to a cache", convert_table, "t.csv", NULL, CLN_OK, 7, NULL},
    {"a table to a cache, with scratch files", convert_table, "t.csv", "1K", CLN_OK, 7, NULL},
    {"gz to a cache", convert_table, "t.csv.gz", NULL, CLN_OK, 7, NULL},
    {"a column that must be numbers", read_table, "t.csv", NULL, CLN_OK, 2, &numeric},
    {"a cache with a column that must be numbers", read_table, "t.cache", NULL, CLN_OK, 2, &numeric},
    {"cells that are infinite", read_table, "infinite.csv", NULL, CLN_E_DATA, 7, NULL},
    {"cells with a comma", read_table, "comma.csv", NULL, CLN_E_DATA, 7, &semicolon},
    {"wrong LibSVM text", read_table, "bad.svm", NULL, CLN_E_DATA, 2, NULL},
    {"parts of wrong LibSVM text", read_in_parts, "bad.svm", NULL, CLN_E_DATA, 2, NULL},
    {".npy with cells that are infinite", read_table, "infinite.npy", NULL, CLN_E_DATA, 7, NULL},
    {"gz with a NUL", read_table, "nul.csv.gz", NULL, CLN_E_DATA, 2, NULL},
    {"gz that is cut short", read_table, "cut.csv.gz", NULL, CLN_E_DAMAGED, 2, NULL},
    {"gz that is damaged", read_table, "damaged.csv.gz", NULL, CLN_E_DAMAGED, 2, NULL},
    {"gz that something follows", read_table, "followed.csv.gz", NULL, CLN_E_DAMAGED, 2, NULL},
    {"gz of two members and zeros", read_table, "two.csv.gz", NULL, CLN_OK, 2, &no_header},
    {"parts without a header", read_in_parts, "t.csv", NULL, CLN_OK, 2, &no_header},
    {"a cache in gz", read_table, "t.cache.gz", NULL, CLN_OK, 2, NULL},
    {".npy to a cache", convert_table, "t.npy", NULL, CLN_OK, 7, NULL},
};
enum { N_FLOWS = sizeof flows / sizeof *flows };

/* The next call or allocation to fail. */
static int next_of(const struct flow *flow, int n)
{
	return n < 12 ? n + 1 : n + flow->stride;
}

static int open_files(void)
{
	int n = 0;
	DIR *directory = opendir("/proc/self/fd");
	ck_assert_ptr_nonnull(directory);
	while (readdir(directory))
		n++;
	closedir(directory);
	return n;
}

static bool is_skipped(const struct flow *flow)
{
#ifdef HAVE_ZLIB
	(void)flow;
	return false;
#else
	return strstr(flow->path, ".gz") != NULL;
#endif
}

/* Undisturbed: what must come of it wherever it succeeds. */
static uint64_t undisturbed(const struct flow *flow)
{
	uint64_t result = 0;
	options = flow->options ? flow->options : &by_one;
	if (flow->memory)
		ck_assert_int_eq(setenv("COLONNADE_MEMORY", flow->memory, 1), 0);
	const enum cln_status status = flow->run(flow->path, &result, &why);
	ck_assert_msg(status == flow->status, "%s: %s", flow->name, why.message);
	return result;
}

/* Nothing is left open, allocated or beside the files. */
static void assert_nothing_left(const struct flow *flow, const char *what, int n, int files)
{
	struct stat about;
	char temporary[64];
	ck_assert_msg(fail_alloc_live() == 0, "%s, %s %d: %ld blocks are not given back", flow->name, what, n, fail_alloc_live());
	ck_assert_msg(open_files() == files, "%s, %s %d: files are left open", flow->name, what, n);
	snprintf(temporary, sizeof temporary, ".out.cache.tmp-%ld", (long)getpid());
	ck_assert_msg(stat(temporary, &about) != 0, "%s, %s %d: a temporary file is left", flow->name, what, n);
}

static const struct {
	enum fail_call call;
	const char *name;
	int error;
	bool carries_on; /* it must: an interruption */
} call_faults[] = {
    {FAIL_OPEN, "open", EMFILE, false},     {FAIL_FSTAT, "fstat", EIO, false},     {FAIL_LSEEK, "lseek", EIO, false},
    {FAIL_READ, "read", EIO, false},        {FAIL_READ, "read of nothing", 0, false}, {FAIL_READ, "read", EINTR, true},
    {FAIL_PREAD, "pread", EIO, false},      {FAIL_PREAD, "pread of nothing", 0, false}, {FAIL_PREAD, "pread", EINTR, true},
    {FAIL_WRITE, "write", ENOSPC, false},   {FAIL_WRITE, "write", EINTR, true},    {FAIL_PWRITE, "pwrite", ENOSPC, false},
    {FAIL_PWRITE, "pwrite", EINTR, true},   {FAIL_FTRUNCATE, "ftruncate", EIO, false}, {FAIL_STAT, "stat", EIO, false},
    {FAIL_FSYNC, "fsync", EIO, false},      {FAIL_CLOSE, "close", EIO, false},     {FAIL_RENAME, "rename", EIO, false},
    {FAIL_MKOSTEMP, "mkostemp", EIO, false},
};

/* A table is read as what it is, or refused with a reason: what cannot be read is an error of the file, or one of its text where it
 * has become shorter; a text that has an error keeps it. */
START_TEST(a_table_is_read_right_or_refused_whatever_call_fails)
{
	const struct flow *flow = &flows[_i];
	if (is_skipped(flow))
		return;
	const uint64_t expected = undisturbed(flow);
	const int files = open_files();
	for (size_t k = 0; k < sizeof call_faults / sizeof *call_faults; k++) {
		const char *call = call_faults[k].name;
		bool reached = true;
		for (int n = 0; reached; n = next_of(flow, n)) {
			uint64_t result = 0;
			why = (struct cln_error){0};
			fail_alloc_arm(LONG_MAX, FAIL_ONCE);
			fail_call_arm(call_faults[k].call, n, 1, call_faults[k].error);
			const enum cln_status status = flow->run(flow->path, &result, &why);
			reached = fail_call_count(call_faults[k].call) > n;
			fail_call_disarm();
			fail_alloc_disarm();
			assert_nothing_left(flow, call, n, files);
			/* Where a stream of text ends is what read says. */
			const bool ends =
			    call_faults[k].call == FAIL_READ && call_faults[k].error == 0 && flow->run == read_in_parts;
			if (status == CLN_OK)
				ck_assert_msg(ends || (result == expected && flow->status == CLN_OK), "%s, %s %d: another table",
					      flow->name, call, n);
			else
				ck_assert_msg(why.code == status && strlen(why.message) > 10, "%s, %s %d: no reason", flow->name,
					      call, n);
			/* Where there is no room for a scratch file a table is read without. */
			const bool carries_on =
			    call_faults[k].carries_on || (call_faults[k].call == FAIL_WRITE && flow->run == read_table);
			ck_assert_msg(!carries_on || status == flow->status, "%s, %s %d: %s", flow->name, call, n,
				      why.message);
			ck_assert_msg(status == flow->status || status == CLN_E_IO || call_faults[k].error == 0, "%s, %s %d: %s",
				      flow->name, call, n, why.message);
		}
	}
}
END_TEST

START_TEST(a_table_is_read_or_refused_whatever_allocation_fails)
{
	const struct flow *flow = &flows[_i / 2];
	if (is_skipped(flow))
		return;
	const uint64_t expected = undisturbed(flow);
	const int files = open_files();
	bool happened = true;
	for (int n = 0; happened; n = next_of(flow, n)) {
		uint64_t result = 0;
		why = (struct cln_error){0};
		fail_alloc_arm(n, _i % 2 ? FAIL_FROM_THEN_ON : FAIL_ONCE);
		const enum cln_status status = flow->run(flow->path, &result, &why);
		fail_alloc_disarm();
		happened = fail_alloc_happened();
		assert_nothing_left(flow, "allocation", n, files);
		if (status == CLN_OK)
			ck_assert_msg(result == expected, "%s, allocation %d: another table", flow->name, n);
		else if (status != flow->status)
			ck_assert_msg(status == CLN_E_MEMORY && strpbrk(why.message, "0123456789"), "%s, allocation %d: %s",
				      flow->name, n, why.message);
	}
}
END_TEST

/* A text that fits neither in memory nor in a scratch file is kept in memory all the same. */
START_TEST(a_text_without_a_scratch_file_stays_in_memory)
{
	const struct flow *flow = &flows[8];
	uint64_t result = 0;
	if (is_skipped(flow))
		return;
	const uint64_t expected = undisturbed(flow);
	fail_call_arm(FAIL_OPEN, 1, 1000, EACCES); /* behind the file itself */
	fail_call_arm(FAIL_MKOSTEMP, 0, 1000, EACCES);
	assert_ok(flow->run(flow->path, &result, &err));
	ck_assert_int_ge(fail_call_count(FAIL_MKOSTEMP), 2);
	ck_assert_uint_eq(result, expected);
}
END_TEST

/* ---------------------------------------------------------------- places of cells that are wrong only later */

static const struct {
	const char *file, *cell, *line_alone;
	size_t row, column;
} places[] = {
    {"t.csv", "t.csv:2002:5", "t.csv:2002", 2000, 1},
    {"small.csv", "small.csv:2:1", "small.csv:2", 0, 0},
    {"bom.csv", "bom.csv:1:7", "bom.csv:1", 0, 2},
    {"t.svm", "t.svm:2001:7", "t.svm:2001", 2000, 2},
    {"t.svm", "t.svm:2001:1", "t.svm:2001", 2000, 7},
    {"t.svm", "t.svm:2001", "t.svm:2001", 2000, 3}, /* a cell that is not written */
    {"t.cache", "t.cache, row 2001", "t.cache, row 2001", 2000, 1},
};

/* The text is read again to find the cell; where that cannot be done its line must do. */
START_TEST(a_cell_is_placed_as_well_as_it_can_be)
{
	static const enum fail_call calls[] = {FAIL_OPEN, FAIL_FSTAT, FAIL_READ, FAIL_PREAD};
	struct cln_table *table;
	char place[TABLE_PLACE];
	bool fell_back = false;
	put("bom.csv", "\xEF\xBB\xBF" "1,abc,7,no\n2,de,8,yes\n", 25);
	const struct cln_read_options *read = strcmp(places[_i].file, "bom.csv") == 0 ? &no_header : &by_one;
	assert_ok(cln_table_read(&table, places[_i].file, read, &err));
	table_place(place, table, places[_i].row, places[_i].column);
	ck_assert_str_eq(place, places[_i].cell);
	for (size_t k = 0; k < 4; k++) {
		bool reached = true;
		for (int n = 0; reached; n++) {
			fail_call_arm(calls[k], n, 1, k % 2 ? EIO : 0);
			table_place(place, table, places[_i].row, places[_i].column);
			reached = fail_call_count(calls[k]) > n;
			fail_call_disarm();
			ck_assert_msg(strcmp(place, places[_i].cell) == 0 || strcmp(place, places[_i].line_alone) == 0, "%s",
				      place);
			fell_back = fell_back || strcmp(place, places[_i].line_alone) == 0;
		}
	}
	bool happened = true;
	for (int n = 0; happened; n++) {
		fail_alloc_arm(n, FAIL_ONCE);
		table_place(place, table, places[_i].row, places[_i].column);
		fail_alloc_disarm();
		happened = fail_alloc_happened();
		ck_assert_int_eq(fail_alloc_live(), 0);
		ck_assert_msg(strcmp(place, places[_i].cell) == 0 || strcmp(place, places[_i].line_alone) == 0, "%s", place);
	}
	ck_assert(fell_back || strcmp(places[_i].file, "t.cache") == 0);
	if (strstr(places[_i].file, ".cache") == NULL) { /* a file that has become shorter since */
		put(places[_i].file, "a", 1);
		table_place(place, table, places[_i].row, places[_i].column);
		ck_assert_str_eq(place, places[_i].line_alone);
	}
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- records and pipelines without memory */

/* A record is compared, or there was no memory for it; what was kept of it is the caller's. */
START_TEST(a_record_without_memory_is_not_compared)
{
	char *words[] = {"data.csv", NULL};
	struct options given;
	struct text was = {0};
	bool happened = true;
	long n;
	assert_ok(options_parse(&given, options_find_command("train"), 1, words, &err));
	assert_ok(run_record_options(&was, &given, &err));
	/* As a run has it that was changed: the last member is the record's. */
	char *changed = strstr(was.bytes, "\"allow-change\":null");
	ck_assert_ptr_nonnull(changed);
	memcpy(changed, "\"allow-change\":\"lr\"", strlen("\"allow-change\":\"lr\""));
	for (n = 0; happened; n++) {
		struct run_past past = {0};
		struct text text = {0};
		fail_alloc_arm(n, FAIL_ONCE);
		enum cln_status status = run_record_options(&text, &given, &why);
		if (status == CLN_OK)
			status = run_record_compare(was.bytes, "record", &given, false, NULL, &past, &why);
		text_free(&text);
		mem_free(past.changed);
		fail_alloc_disarm();
		happened = fail_alloc_happened();
		ck_assert_int_eq(fail_alloc_live(), 0);
		ck_assert_msg(status == (happened ? CLN_E_MEMORY : CLN_OK), "allocation %ld: %s", n, why.message);
	}
	ck_assert_int_gt(n, 5);
	text_free(&was);
	options_free(&given);
}
END_TEST

/* Texts where numbers were learnt, numbers where texts were, and a column that is missing. */
START_TEST(rows_without_memory_for_their_pipeline_are_not_read)
{
	static const uint32_t rows[] = {0, 1, 2};
	const struct pipeline_settings settings = {(const bool[]){true, true}, CLN_SCALE_NONE, 2, 0, 0};
	struct cln_table *learnt = tables_create(3, 2), *read = tables_create(3, 2), *lacking = tables_create(1, 1);
	struct pipeline *pipeline;
	tables_numbers(learnt, 0, "a", (const float[]){1, 2, 3});
	tables_texts(learnt, 1, "b", (const char *[]){"1", "01", "z"});
	tables_texts(read, 0, "a", (const char *[]){"4", "5", "6"});
	tables_numbers(read, 1, "b", (const float[]){1, 2, 3});
	tables_numbers(lacking, 0, "b", (const float[]){1});
	assert_ok(pipeline_fit(&pipeline, learnt, rows, NULL, 3, &settings, 1, &err));
	for (int lacks = 0; lacks < 2; lacks++) {
		bool happened = true;
		for (long n = 0; happened; n++) {
			struct pipeline_reader *reader;
			fail_alloc_arm(n, FAIL_ONCE);
			const enum cln_status status =
			    pipeline_reader_create(&reader, pipeline, lacks ? lacking : read, NULL, lacks ? 1 : 3, &why);
			if (status == CLN_OK)
				pipeline_reader_destroy(reader);
			fail_alloc_disarm();
			happened = fail_alloc_happened();
			ck_assert_int_eq(fail_alloc_live(), 0);
			ck_assert_msg(status == (lacks ? CLN_E_DATA : happened ? CLN_E_MEMORY : CLN_OK) ||
					  (lacks && happened && status == CLN_E_MEMORY), "allocation %ld: %s", n, why.message);
			if (lacks && status == CLN_E_DATA)
				ck_assert(strstr(why.message, happened ? "a column" : "\"a\"") != NULL);
		}
	}
	pipeline_destroy(pipeline);
	cln_table_destroy(learnt);
	cln_table_destroy(read);
	cln_table_destroy(lacking);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);
	tcase_add_checked_fixture(tcase, enter_folder, leave_folder);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static Suite *faults_suite(void)
{
	Suite *suite = suite_create("faults");
	TCase *tcase = add_case(suite, "metrics");
	tcase_add_test(tcase, lines_beyond_the_checkpoint_are_cut_off);
	tcase_add_loop_test(tcase, metrics_that_cannot_be_gone_on_with_are_named, 0, sizeof openings / sizeof *openings);
	tcase_add_test(tcase, metrics_without_memory_are_none);
	tcase_add_test(tcase, metrics_may_go_into_a_pipe);
	tcase_add_test(tcase, lines_that_could_not_be_written_are_written_later);
	tcase_add_test(tcase, metrics_that_may_be_lost_are_told);
	tcase = add_case(suite, "tables");
	tcase_add_checked_fixture(tcase, make_inputs, NULL);
	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, a_table_is_read_right_or_refused_whatever_call_fails, 0, N_FLOWS);
	tcase_add_loop_test(tcase, a_table_is_read_or_refused_whatever_allocation_fails, 0, 2 * N_FLOWS);
	tcase_add_test(tcase, a_text_without_a_scratch_file_stays_in_memory);
	tcase_add_loop_test(tcase, a_cell_is_placed_as_well_as_it_can_be, 0, sizeof places / sizeof *places);
	tcase = add_case(suite, "results");
	tcase_add_test(tcase, a_device_is_written_where_it_is);
	tcase_add_test(tcase, standard_output_stays_open);
	tcase_add_test(tcase, a_file_of_results_is_replaced_whole_or_not_at_all);
	tcase = add_case(suite, "without memory");
	tcase_add_test(tcase, a_record_without_memory_is_not_compared);
	tcase_add_test(tcase, rows_without_memory_for_their_pipeline_are_not_read);
	return suite;
}

TESTING_MAIN(faults_suite)
