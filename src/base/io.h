/* SPDX-License-Identifier: MIT
 * Files: whole-file reads, positioned reads, atomic replacement, checksum.  Interrupted calls (EINTR) and short
 * reads and writes are carried on; every close and flush is checked. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <limits.h>

#include "base/mem.h"

/* Reads all of `path` ("-": standard input) into a block with a '\0' behind it; refuses more than `limit` bytes (CLN_E_DAMAGED).
 * Freed with mem_free. */
enum cln_status io_read_file(char **bytes, size_t *length, const char *path, size_t limit, struct cln_error *err) CLN_MUST_CHECK;

/* The same for a file that may be refused by its beginning: `check` is asked once, as soon as `head` bytes are read or the file has
 * ended before; what it returns other than CLN_OK ends the reading.  Devices and pipes may have no end. */
enum cln_status io_read_checked(char **bytes, size_t *length, const char *path, size_t limit, size_t head,
				enum cln_status (*check)(const char *bytes, size_t n, struct cln_error *err),
				struct cln_error *err) CLN_MUST_CHECK;

/* write(2) until all is written; false and errno where that fails. */
bool io_write_all(int fd, const char *bytes, size_t length) CLN_MUST_CHECK;

/* fsync; true also where the file system or the kind of file cannot do it (EINVAL, ENOTSUP).  False and errno: what was written may
 * be lost. */
bool io_sync(int fd) CLN_MUST_CHECK;

/* close of what was written, after io_sync; false and errno: it may be lost. */
bool io_close(int fd) CLN_MUST_CHECK;

/* A descriptor as open returned it, but never that of standard input, which the program may have closed; -1 and errno: no file. */
int io_not_stdin(int fd) CLN_MUST_CHECK;

/* A file to be replaced.  guard, or NULL: told the name of the temporary file before it is made, and NULL once there is none any
 * more, so that a signal that ends the process need not leave it behind. */
struct io_place {
	const char *path; /* lent */
	void (*guard)(const char *temporary);
};

/* A file under way that will replace another: temporary file beside it, write to `fd`, fsync, rename, fsync of the directory.  The
 * target of a symbolic link is replaced and the link stays; what is no regular file is refused.  The new file has the old one's
 * permissions. */
struct io_replacement {
	int fd; /* -1: not open */
	struct io_place place;
	char target[PATH_MAX], temporary[PATH_MAX];
};
enum cln_status io_replacement_open(struct io_replacement *replacement, const struct io_place *place,
				    struct cln_error *err) CLN_MUST_CHECK;
/* keep: all was written.  Else, and on failure, the old file is as it was and the temporary one goes away; only where the directory
 * cannot be synced, the last step, is the new file in place. */
enum cln_status io_replacement_close(struct io_replacement *replacement, bool keep, struct cln_error *err) CLN_MUST_CHECK;

/* Replaces a file by n pieces written one after the other. */
struct io_piece {
	const void *bytes;
	size_t length;
};
enum cln_status io_replace_place(const struct io_place *place, const struct io_piece *pieces, size_t n,
				 struct cln_error *err) CLN_MUST_CHECK;
enum cln_status io_replace_file(const char *path, const void *bytes, size_t length, struct cln_error *err) CLN_MUST_CHECK;

/* CRC-64/XZ (reflected, polynomial 0x42F0E1EBA9EA3693, start and final xor all ones; check value of "123456789":
 * 0x995DC9BBDF1939FA).  Start with crc = 0 and carry on with what was returned. */
uint64_t io_crc64(uint64_t crc, const void *bytes, size_t length);

#endif
