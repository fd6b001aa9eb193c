/* SPDX-License-Identifier: MIT
 * Makes allocations fail and counts what is not freed, in programs linked with the --wrap options that Makefile.am calls
 * fail_alloc_ldflags.  Between arming and disarming every block of the program's own objects is counted, from whatever thread. */
#ifndef TESTS_FAIL_ALLOC_H
#define TESTS_FAIL_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

enum fail_alloc_how { FAIL_ONCE, FAIL_FROM_THEN_ON };

/* The n-th allocation from now on (0: the next) fails, alone or with all behind it; counts start at 0. */
void fail_alloc_arm(long n, enum fail_alloc_how how);
void fail_alloc_disarm(void);

long fail_alloc_count(void);   /* allocations asked for while armed */
size_t fail_alloc_bytes(void); /* and how many bytes all of them asked for */
long fail_alloc_live(void);    /* blocks and mappings obtained while armed, less those given back */
bool fail_alloc_happened(void);

#endif
