/* SPDX-License-Identifier: MIT
 * How much memory this process may still use: what the system has, what its control groups (version 1 and 2) leave, and what
 * COLONNADE_MEMORY allows. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include "base/status.h"

/* In bytes; UINT64_MAX where nobody says. */
uint64_t memory_left(void);

/* Whether `bytes` more leave a third of what may still be used for everything else.  Small amounts always fit, and nobody is asked,
 * unless COLONNADE_MEMORY is set. */
bool memory_holds(uint64_t bytes);

/* A size as "512M", in bytes or with K, M, G or T behind it (powers of 1024); 0: it is none. */
uint64_t memory_parse(const char *text);

/* Where to look: the process itself, or what a test puts in its place. */
struct memory_source {
	const char *root;  /* in front of /proc and of the groups' directories; "" */
	const char *limit; /* of COLONNADE_MEMORY, or NULL */
};
uint64_t memory_left_from(const struct memory_source *source);

#endif
