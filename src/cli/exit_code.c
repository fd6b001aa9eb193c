/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int exit_code(enum cln_status status)
{
	switch (status) {
	case CLN_OK: return 0;
	case CLN_E_IO:
	case CLN_E_MEMORY:
	case CLN_E_DAMAGED: return 1;
	case CLN_E_USAGE: return 2;
	case CLN_E_DATA: return 3;
	case CLN_E_DIVERGED: return 4;
	case CLN_STOPPED: return 75;
	}
	return 1;
}

int exit_with_error(const struct cln_error *err)
{
	/* What begins with a place stays as compilers write it, so that editors find it. */
	fprintf(stderr, "%s%s\n", err->code == CLN_E_DATA ? "" : "colonnade: ", err->message);
	fflush(stderr); /* buffered by progress; a second signal, or a launcher that sees another rank's end, leaves no time */
	return exit_code(err->code);
}

int exit_after_output(int code)
{
	bool failed = ferror(stdout) != 0;

	fflush(stderr);
	errno = 0;
	if (fflush(stdout) != 0)
		failed = true;
	int reason = errno;
	/* A write that failed before, the last one, has left nothing to flush and no reason: one more byte asks for it. */
	if (failed && reason == 0 && code == 0 && (putchar('\n') == EOF || fflush(stdout) != 0))
		reason = errno;
	/* An interrupted close has closed, and all was written before. */
	if (fclose(stdout) != 0 && !failed && errno != EINTR) {
		failed = true;
		reason = errno;
	}
	/* Where something else failed before, that was told; a second message would hide it. */
	if (!failed || code != 0)
		return code;
	fprintf(stderr, "colonnade: cannot write standard output%s%s\n", reason ? ": " : "", reason ? strerror(reason) : "");
	return exit_code(CLN_E_IO);
}
