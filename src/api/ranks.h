/* SPDX-License-Identifier: MIT
 * The ranks of a program that runs as several processes (MPI).  Rank 0 runs the command as a program alone would, and gives the
 * others their part of the work; these follow until it ends.  A program that is alone is rank 0 of 1. */
#ifndef API_RANKS_H
#define API_RANKS_H

#include "comm/comm.h"

#define RANKS_MAX COMM_MAX_RANKS

/* To be called first; takes the library's own arguments out. */
void ranks_start(int *argc, char ***argv);

int ranks_count(void);
int ranks_own(void);

/* What the program is built with, "Open MPI v4.1.4"; NULL: no MPI. */
const char *ranks_library(void);

/* Does what rank 0 tells; returns the exit code that it ended with.  signal: a signal that this process was sent and has not told
 * of yet, or 0. */
int ranks_follow(int (*signal)(void));

/* On rank 0: what is to be called, between two steps, with a signal that another rank has told of. */
void ranks_listen(void (*hear)(int signal));

/* On rank 0: the others end with this exit code. */
void ranks_release(int code);

/* All ranks are done. */
void ranks_stop(void);

/* Threads that every rank would use, those of rank r at [r]; rank 0 asks.  threads: ranks_count() of them. */
void ranks_gather_threads(int *threads);

#endif
