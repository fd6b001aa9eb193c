/* SPDX-License-Identifier: MIT
 * Errors: a status and one finished sentence.  Formatting happens here and nowhere else. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <colonnade.h>
#include <stdarg.h>

/* Fills err (may be NULL) and returns `code`, so that `return error_set(err, ...)` reads as one thing.  Text too long is cut. */
enum cln_status error_set(struct cln_error *err, enum cln_status code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with the text of errno behind it: "cannot open data.csv: No such file or directory". */
enum cln_status error_set_errno(struct cln_error *err, enum cln_status code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Appends a line to a message already there. */
void error_append(struct cln_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A list of bad cells or rows, a line each, as CLN_E_DATA: error i of it, from 0 to ERRORS_TOLD - 1; then how many of the n in all
 * were not told. */
#define ERRORS_TOLD 10
void error_list_add(struct cln_error *err, size_t i, const char *format, ...) __attribute__((format(printf, 3, 4)));
enum cln_status error_list_end(struct cln_error *err, size_t n_told, size_t n);

#endif
