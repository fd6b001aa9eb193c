/* SPDX-License-Identifier: MIT
 * Another process of this very program.  It lives here and not in the library: who links that must not find it starting programs,
 * and there is nothing named colonnade in their process to start. */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include "api/tune.h"

struct child_variable {
	const char *name, *value; /* value NULL: not set */
};

/* Runs this program with the arguments (argv[0] the first, up to a NULL), our environment but for the variables, empty standard
 * input and our standard error, and appends what it writes to standard output.  *code: its exit code, or 128 + a signal's number.
 * CLN_STOPPED: it had not ended at `deadline` (of clock_seconds) and was killed; CLN_E_IO: it could not be started or read. */
enum cln_status child_run(struct text *output, int *code, const char *const *arguments, const struct child_variable *variables,
			  size_t n_variables, double deadline, struct cln_error *err) CLN_MUST_CHECK;

#endif
