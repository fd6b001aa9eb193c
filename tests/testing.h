/* SPDX-License-Identifier: MIT
 * What every suite needs: Check, one main, and the tolerance helpers. */
#ifndef TESTS_TESTING_H
#define TESTS_TESTING_H

#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

/* Check notes every assertion that holds, to tell where a test crashed, by a call that writes to a file under /tmp: for a million
 * of them 50 MB, and where the disk is full for a moment a note is cut and none behind it can be read.  A line is noted once. */
static inline void note_line(const char *file, int line)
{
	static bool noted[4096];

	if (noted[line % 4096])
		return;
	noted[line % 4096] = true;
	_mark_point(file, line);
}
#define _mark_point(file, line) note_line(file, line)

/* AddressSanitizer ends the program on sizes that no allocator can give, unless it is told to fail as malloc does. */
const char *__asan_default_options(void);
__attribute__((weak, visibility("default"))) const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* Runs a suite as a program: TESTING_MAIN(suite_function). */
#define TESTING_MAIN(make_suite)                             \
	int main(void)                                       \
	{                                                    \
		SRunner *runner = srunner_create(make_suite()); \
		srunner_run_all(runner, CK_ENV);             \
		int failed = srunner_ntests_failed(runner);  \
		srunner_free(runner);                        \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS; \
	}

/* Asserts CLN_OK and shows the message otherwise. */
#define assert_ok(call)                                                         \
	do {                                                                    \
		struct cln_error err = {0};                                     \
		enum cln_status status_ = (call);                               \
		ck_assert_msg(status_ == CLN_OK, "%s: %s", #call, err.message); \
	} while (0)

#endif
