/* SPDX-License-Identifier: MIT
 * A stream of results: standard output, or a file that is replaced as a whole once everything was written.  Each write is a call to
 * the system: they are for large pieces. */
#ifndef REPORT_OUTPUT_H
#define REPORT_OUTPUT_H

#include "base/io.h"
#include "base/utf8.h" /* texts are shown by its rules */

struct output {
	int fd;           /* -1: not open */
	const char *path; /* lent; NULL: standard output */
	bool direct;      /* written where it is: standard output, a device or a pipe */
	struct io_replacement replacement;
};

/* Path "-": standard output.  CLN_E_IO. */
enum cln_status output_open(struct output *output, const struct io_place *place, struct cln_error *err) CLN_MUST_CHECK;
enum cln_status output_write(struct output *output, const char *bytes, size_t length, struct cln_error *err) CLN_MUST_CHECK;
/* keep = false: what was written is thrown away, and the file that was there stays. */
enum cln_status output_close(struct output *output, bool keep, struct cln_error *err) CLN_MUST_CHECK;

/* All three in one: a text that is there as a whole. */
enum cln_status output_replace(const struct io_place *place, const char *bytes, size_t length,
			       struct cln_error *err) CLN_MUST_CHECK;

/* Writes a text to standard output, and frees it. */
enum cln_status output_print(struct text *text, struct cln_error *err) CLN_MUST_CHECK;

#endif
