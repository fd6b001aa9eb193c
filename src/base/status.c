/* SPDX-License-Identifier: MIT */
#include "base/status.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *cln_status_name(enum cln_status status)
{
	static const char *const names[] = {
	        [CLN_OK] = "CLN_OK",
	        [CLN_E_IO] = "CLN_E_IO",
	        [CLN_E_MEMORY] = "CLN_E_MEMORY",
	        [CLN_E_DAMAGED] = "CLN_E_DAMAGED",
	        [CLN_E_USAGE] = "CLN_E_USAGE",
	        [CLN_E_DATA] = "CLN_E_DATA",
	        [CLN_E_DIVERGED] = "CLN_E_DIVERGED",
	        [CLN_STOPPED] = "CLN_STOPPED",
	};
	size_t i = (size_t)status;
	return i < sizeof names / sizeof *names ? names[i] : "unknown status";
}

/* Formats into a buffer of its own first, so that arguments may be the message that is being replaced, as in
 * error_set(err, code, "%s: %s", path, err->message). */
static void put(struct cln_error *err, size_t start, const char *format, va_list arguments)
{
	char text[CLN_ERROR_TEXT + 1]; /* a byte more than fits, so that a cut shows what follows it */
	int wanted = vsnprintf(text, sizeof text, format, arguments);
	size_t length = wanted < 0 ? 0 : (size_t)wanted;
	size_t room = sizeof err->message - 1 - start;
	if (length > room)
		length = (size_t)utf8_cut(text, (int)room);
	memcpy(err->message + start, text, length);
	err->message[start + length] = '\0';
	utf8_make_visible(err->message + start, "\n"); /* names and paths are anybody's text */
}

enum cln_status error_set(struct cln_error *err, enum cln_status code, const char *format, ...)
{
	if (err == NULL)
		return code;
	va_list arguments;
	va_start(arguments, format);
	put(err, 0, format, arguments);
	va_end(arguments);
	err->code = code;
	return code;
}

enum cln_status error_set_errno(struct cln_error *err, enum cln_status code, const char *format, ...)
{
	int number = errno;
	if (err == NULL)
		return code;
	va_list arguments;
	va_start(arguments, format);
	put(err, 0, format, arguments);
	va_end(arguments);
	/* strerror: glibc and musl return constant text for every number the kernel uses, so threads do not disturb each other. */
	return error_set(err, code, "%s: %s", err->message, strerror(number));
}

static void append(struct cln_error *err, const char *format, va_list arguments)
{
	size_t start = strlen(err->message);
	if (start + 2 >= sizeof err->message)
		return;
	put(err, start + (start > 0), format, arguments);
	if (start > 0)
		err->message[start] = '\n';
}

void error_append(struct cln_error *err, const char *format, ...)
{
	if (err == NULL)
		return;
	va_list arguments;
	va_start(arguments, format);
	append(err, format, arguments);
	va_end(arguments);
}

void error_list_add(struct cln_error *err, size_t i, const char *format, ...)
{
	if (err == NULL)
		return;
	if (i == 0)
		error_set(err, CLN_E_DATA, "%s", "");
	va_list arguments;
	va_start(arguments, format);
	append(err, format, arguments);
	va_end(arguments);
}

enum cln_status error_list_end(struct cln_error *err, size_t n_told, size_t n)
{
	if (n > n_told)
		error_append(err, "... and %zu more error%s", n - n_told, n - n_told == 1 ? "" : "s");
	return CLN_E_DATA;
}
