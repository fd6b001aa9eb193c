/* SPDX-License-Identifier: MIT */
#include "made_machine.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

static uint64_t left(const char *limit)
{
	const struct memory_source source = {.root = root, .limit = limit};
	return memory_left_from(&source);
}

#define MIB (UINT64_C(1) << 20)

static void put_system(void)
{
	put("/proc/meminfo", "MemTotal:       65536 kB\nMemFree:         1024 kB\nMemAvailable:   51200 kB\nBuffers:   7 kB\n");
}

/* ---------------------------------------------------------------- sizes */

static const struct {
	const char *text;
	uint64_t bytes;
} sizes[] = {
	{"1", 1},          {"4096", 4096},     {"3K", 3 << 10}, {"512M", 512 * MIB},  {"16G", 16384 * MIB}, {"2T", 2 * MIB * MIB},
	{"", 0},           {"0", 0},           {"-1", 0},       {"M", 0},             {"1.5G", 0},          {"512MB", 0},
	{"512m", 0},       {" 1", 0},          {"1 ", 0},       {"99999999999T", 0}, {"lots", 0},
	{"536870912", 512 * MIB}, {"20000000K", 20000000 * (MIB >> 10)}, {"16777216T", 0}, {"18446744073709551616", 0},
};

START_TEST(a_size_is_a_number_with_a_unit)
{
	ck_assert_msg(memory_parse(sizes[_i].text) == sizes[_i].bytes, "\"%s\": %llu", sizes[_i].text,
		      (unsigned long long)memory_parse(sizes[_i].text));
}
END_TEST

/* ---------------------------------------------------------------- who limits */

START_TEST(nobody_says_anything)
{
	ck_assert(left(NULL) == UINT64_MAX);
}
END_TEST

START_TEST(the_system_says_what_is_available)
{
	put_system();
	ck_assert_uint_eq(left(NULL), 50 * MIB);
}
END_TEST

/* Page cache counts as free; the parent's limit is the lower one; "max" is none. */
START_TEST(groups_of_version_2_limit)
{
	put_system();
	put("/proc/self/mountinfo", "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n");
	put("/proc/self/cgroup", "0::/job/step\n");
	put("/sys/fs/cgroup/job/step/memory.max", "max\n");
	put("/sys/fs/cgroup/job/step/memory.current", "31457280\n");
	put("/sys/fs/cgroup/job/memory.max", "41943040\n");
	put("/sys/fs/cgroup/job/memory.current", "31457280\n");
	ck_assert_uint_eq(left(NULL), 10 * MIB);
	put("/sys/fs/cgroup/job/memory.stat", "anon 1\ninactive_file 1048576\nactive_file 2097152\nslab 5\n");
	ck_assert_uint_eq(left(NULL), 13 * MIB);
	put("/sys/fs/cgroup/job/memory.high", "32505856\n");
	ck_assert_uint_eq(left(NULL), 4 * MIB);
	put("/sys/fs/cgroup/job/memory.high", "1048576\n");
	ck_assert_uint_eq(left(NULL), 0);
}
END_TEST

START_TEST(groups_of_version_1_limit)
{
	put_system();
	put("/proc/self/mountinfo", "36 32 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
				    "37 32 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
	put("/proc/self/cgroup", "4:memory:/a\n1:cpu:/b\n");
	put("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "20971520\n");
	put("/sys/fs/cgroup/memory/a/memory.usage_in_bytes", "20971520\n");
	put("/sys/fs/cgroup/memory/a/memory.stat", "inactive_file 9\ntotal_inactive_file 4194304\ntotal_active_file 4194304\n");
	put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "99999999\n");
	ck_assert_uint_eq(left(NULL), 8 * MIB);
}
END_TEST

/* statm: size, resident, shared, ... in pages */
START_TEST(the_variable_limits_the_process_itself)
{
	char statm[64];
	long page = sysconf(_SC_PAGESIZE);
	put_system();
	snprintf(statm, sizeof statm, "9999 %ld %ld 1 0 1 0\n", 5 * (long)MIB / page, 2 * (long)MIB / page);
	put("/proc/self/statm", statm);
	ck_assert_uint_eq(left("40M"), 37 * MIB);
	ck_assert_uint_eq(left("2M"), 0);
	ck_assert_uint_eq(left("40G"), 50 * MIB);
}
END_TEST

START_TEST(a_third_is_left_for_everything_else)
{
	ck_assert_int_eq(setenv("COLONNADE_MEMORY", "1G", 1), 0);
	if (memory_left() < 900 * MIB) /* a machine with less than that */
		return;
	ck_assert(memory_holds(600 * MIB));
	ck_assert(!memory_holds(690 * MIB));
	ck_assert_int_eq(setenv("COLONNADE_MEMORY", "1K", 1), 0);
	ck_assert(!memory_holds(4096));
	ck_assert_int_eq(unsetenv("COLONNADE_MEMORY"), 0);
	ck_assert(memory_holds(4096));
	ck_assert(!memory_holds(UINT64_MAX - 1));
}
END_TEST

static Suite *memory_suite(void)
{
	Suite *suite = suite_create("memory");
	TCase *parse = tcase_create("sizes"), *limits = tcase_create("limits");
	tcase_add_loop_test(parse, a_size_is_a_number_with_a_unit, 0, (int)(sizeof sizes / sizeof *sizes));
	tcase_add_checked_fixture(limits, make_root, remove_root);
	tcase_add_test(limits, nobody_says_anything);
	tcase_add_test(limits, the_system_says_what_is_available);
	tcase_add_test(limits, groups_of_version_2_limit);
	tcase_add_test(limits, groups_of_version_1_limit);
	tcase_add_test(limits, the_variable_limits_the_process_itself);
	tcase_add_test(limits, a_third_is_left_for_everything_else);
	suite_add_tcase(suite, parse);
	suite_add_tcase(suite, limits);
	return suite;
}

TESTING_MAIN(memory_suite)
