/* SPDX-License-Identifier: MIT
 * Makes calls to the system fail, in programs linked with the --wrap options that Makefile.am calls fail_call_ldflags. */
#ifndef TESTS_FAIL_CALL_H
#define TESTS_FAIL_CALL_H

#include <stdbool.h>
#include <stddef.h>

enum fail_call {
	FAIL_OPEN,
	FAIL_READ,
	FAIL_PREAD,
	FAIL_WRITE,
	FAIL_PWRITE,
	FAIL_FSYNC,
	FAIL_CLOSE,
	FAIL_RENAME,
	FAIL_FTRUNCATE,
	FAIL_LSEEK,
	FAIL_STAT,
	FAIL_FSTAT,
	FAIL_MKOSTEMP,
	FAIL_OPENDIR,
	N_FAIL_CALLS
};

/* `after` calls from now on go through, the `times` behind them fail with `error`; 0: they return 0 and do nothing, as read does at
 * the end of a file.  close closes all the same.  Counts start at 0; the other calls stay as they are. */
void fail_call_arm(enum fail_call call, int after, int times, int error);
void fail_call_disarm(void); /* all of them */
int fail_call_count(enum fail_call call);

extern size_t fail_call_most_bytes; /* that one read or write moves; 0: all */

/* What is done each time a call of a kind is made, before it; NULL: nothing. */
void fail_call_watch(enum fail_call call, void (*watch)(void));

#endif
