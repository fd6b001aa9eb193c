/* SPDX-License-Identifier: MIT
 * Where text comes from: a plain file read by position, or bytes held in memory (gz, standard input, pipes, tests). */
#ifndef DATA_SOURCE_H
#define DATA_SOURCE_H

#include "base/mem.h"

struct source {
	const char *name;   /* for messages: the path as given, or "standard input"; lent */
	bool reopens;       /* the same text can be had again by opening `name` */
	uint64_t size;      /* bytes of text */
	int fd;             /* of a plain file, else -1 */
	uint64_t fd_offset; /* where the text begins in it (standard input may be part read) */
	const char *lent;   /* bytes of the caller, or NULL */
	char **blocks;      /* bytes of our own, SOURCE_BLOCK each, or NULL */
	size_t n_blocks;
};

#define SOURCE_BLOCK ((size_t)1 << 20)

/* Opens `path`, "-" for standard input.  Plain files are not read yet; gz (found out by its first two bytes), pipes and terminals
 * are read whole into memory.  CLN_E_IO: cannot be opened or read; CLN_E_DAMAGED: gz that is cut short, damaged or followed by
 * something else, or gz without zlib.  Afterwards source_close is allowed whatever was returned. */
enum cln_status source_open(struct source *source, const char *path, struct cln_error *err) CLN_MUST_CHECK;

/* A source over bytes of the caller, which must live as long. */
struct source source_memory(const char *name, const char *bytes, size_t size);

/* Copies n bytes at `offset` (offset + n <= size).  CLN_E_IO: the file became shorter, or cannot be read.  Safe from any thread. */
enum cln_status source_read(const struct source *source, char *to, uint64_t offset, size_t n, struct cln_error *err) CLN_MUST_CHECK;

void source_close(struct source *source);

#endif
