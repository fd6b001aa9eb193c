/* SPDX-License-Identifier: MIT
 * Large areas of bytes, in memory or in files that are mapped into it: what does not fit in memory lies in a file without a name,
 * which is gone with the process. */
#ifndef BASE_AREA_H
#define BASE_AREA_H

#include "base/mem.h"

struct area { /* all zeros: there is none */
	void *bytes;
	size_t length;
	enum { AREA_NONE, AREA_MEMORY, AREA_SCRATCH, AREA_FILE } kind;
};

/* Zeros, page-aligned and not touched yet: in memory where `length` + `beside` bytes more fit there (base/memory.h), else in a
 * scratch file, and in memory after all where there is no place for one.  CLN_E_MEMORY. */
enum cln_status area_create(struct area *area, size_t length, size_t beside, struct cln_error *err) CLN_MUST_CHECK;

/* In a scratch file: in $TMPDIR, else /var/tmp, else the working directory, whichever is the first with room that is not itself
 * memory.  The room is taken at once, so that a full disk shows here.  false: there is no such place. */
bool area_create_scratch(struct area *area, size_t length);

/* `length` > 0 bytes of a file, read only; they change where the file does, and end the process where it becomes shorter. */
enum cln_status area_map(struct area *area, int fd, size_t length, const char *name, struct cln_error *err) CLN_MUST_CHECK;

void area_free(struct area *area);

/* How an area in a file will be read from now on: pages one by one, or one after the other.  Nothing for one in memory. */
void area_expect(const struct area *area, bool at_random);

/* Asks for pages of a scratch area that will be read soon, so that the disk is asked for many of them at a time. */
void area_prefetch(const struct area *area, size_t offset, size_t length);

/* An open file of that kind, with room for `length` > 0 bytes; -1 and errno where there is none. */
int area_scratch_file(size_t length);

#endif
