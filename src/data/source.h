/* SPDX-License-Identifier: MIT
 * Where text comes from: a plain file read by position, or bytes held in memory (gz, standard input, pipes, tests) or, where they
 * do not fit there, in a scratch file (base/area.h). */
#ifndef DATA_SOURCE_H
#define DATA_SOURCE_H

#include "base/mem.h"

struct source {
	const char *name;   /* for messages: the path as given, or "standard input"; lent */
	bool reopens;       /* the same text can be had again by opening `name` */
	/* a text made of the first `head` bytes of a longer one and of some of its later rows, lines_between behind them */
	uint64_t head;
	size_t lines_between;
	bool head_is_made; /* names where the longer text has no header */
	uint64_t size;      /* bytes of text */
	int fd;             /* of a plain file, else -1 */
	uint64_t fd_offset; /* where the text begins in it (standard input may be part read) */
	const char *lent;   /* bytes of the caller, or NULL */
	char **blocks;      /* bytes of our own, SOURCE_BLOCK each, or NULL */
	size_t n_blocks;
	bool spooled;     /* while it is filled: `fd` is a scratch file, and the only block is what was not written yet */
	uint64_t written; /* bytes of it */
};

#define SOURCE_BLOCK ((size_t)1 << 20)
#define SOURCE_MAX_LINE ((size_t)1 << 28) /* bytes of a line in a stream of text, which may have no end */

/* Opens `path`, "-" for standard input.  Plain files are not read yet; gz (found out by its first two bytes), pipes and terminals
 * are read whole, into memory or, where they do not fit there, a scratch file.  Text in such a stream that no reader takes, with a
 * NUL or a line beyond SOURCE_MAX_LINE, is refused where that is met (CLN_E_DATA).  CLN_E_IO: cannot be opened or read;
 * CLN_E_DAMAGED: gz that is cut short, damaged or followed by something else, or gz without zlib.  Afterwards source_close is
 * allowed whatever was returned. */
enum cln_status source_open(struct source *source, const char *path, struct cln_error *err) CLN_MUST_CHECK;

/* What is done with the text so far, on another thread, while the next bytes of a long stream are read.  begin is asked once, when
 * a few blocks are there, with their share of the file (by what has been read of it): whether there is any use in that. */
struct meanwhile {
	bool (*begin)(void *argument, const struct source *so_far, double share);
	void (*work)(void *argument, const struct source *so_far);
	void *argument;
};
#define MEANWHILE_FROM (8 * SOURCE_BLOCK)
enum cln_status source_open_with(struct source *source, const char *path, const struct meanwhile *meanwhile,
				 struct cln_error *err) CLN_MUST_CHECK;

/* A source over bytes of the caller, which must live as long. */
struct source source_memory(const char *name, const char *bytes, size_t size);

/* Moves what is held in memory to a new source of its own, which outlives this one; NULL: no memory. */
struct source *source_keep(struct source *source, struct cln_error *err) CLN_MUST_CHECK;

/* Copies n bytes at `offset` (offset + n <= size).  CLN_E_IO: the file became shorter, or cannot be read.  Safe from any thread. */
enum cln_status source_read(const struct source *source, char *to, uint64_t offset, size_t n, struct cln_error *err) CLN_MUST_CHECK;

/* The error of a text that is not what it was in the first pass: CLN_E_IO. */
enum cln_status source_changed(const struct source *source, struct cln_error *err) CLN_MUST_CHECK;

/* Whether something and this extension, such as ".npy", is its name, also with .gz behind it. */
bool source_is_called(const struct source *source, const char *extension);

/* CLN_E_DATA, with the command that unpacks it, where the first bytes are those of xz, zstd, bzip2 or a zip archive. */
enum cln_status source_refuse_packed(const struct source *source, struct cln_error *err) CLN_MUST_CHECK;

void source_close(struct source *source);

/* ---------------------------------------------------------------- streams */

/* Bytes in order, inflated where the first two say that they are gz. */
struct stream {
	int fd;
	const char *name; /* lent */
	char *input;      /* bytes of the file; left of them, from `at` on, were not taken yet */
	const char *at;
	size_t left;
	uint64_t n_read; /* of the file */
	bool end;        /* of the file */
	struct gz *gz;   /* NULL: not compressed */
};

/* Opens `path`, "-" for standard input, as *name. */
enum cln_status source_open_file(int *fd, const char **name, const char *path, struct cln_error *err) CLN_MUST_CHECK;

/* Begins with the file's next byte; stream_end is allowed whatever was returned, and leaves the file open. */
enum cln_status stream_start(struct stream *stream, int fd, const char *name, struct cln_error *err) CLN_MUST_CHECK;

/* The next n bytes; fewer are left where *n_read is less.  CLN_E_IO, CLN_E_DAMAGED as source_open. */
enum cln_status stream_read(struct stream *stream, char *to, size_t n, size_t *n_read, struct cln_error *err) CLN_MUST_CHECK;

void stream_end(struct stream *stream);

#endif
