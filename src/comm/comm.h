/* SPDX-License-Identifier: MIT
 * How the processes of one training, its ranks, exchange bytes.  No operation here does arithmetic: what is added up, and in which
 * order, is decided by who calls.
 *
 * Every rank calls the same operations in the same order, always from the thread that called comm_start.  An operation that cannot
 * be done ends all ranks: there is nothing that one alone could do about it. */
#ifndef COMM_COMM_H
#define COMM_COMM_H

#include "base/status.h"

#define COMM_MAX_RANKS 4096

struct comm;

/* Bytes that go to another rank, or come from it. */
struct comm_piece {
	int rank;
	void *data;
	size_t bytes;
};

struct comm_ops {
	/* Rank 0's bytes to all. */
	void (*broadcast)(struct comm *comm, void *data, size_t bytes);
	/* Every rank r has bytes begin[r] .. begin[r+1]-1 of `data`, multiples of 4; afterwards all have all. */
	void (*gather_all)(struct comm *comm, void *data, const size_t *begin);
	/* Pieces between two ranks are received in the order in which they are sent, and have the same lengths. */
	void (*exchange)(struct comm *comm, const struct comm_piece *sends, size_t n_sends, const struct comm_piece *receives,
	                 size_t n_receives);
	/* Ends all ranks, as this one cannot do its part; does not return. */
	void (*give_up)(struct comm *comm, const char *why);
};

struct comm {
	int rank, ranks;
	const struct comm_ops *ops;
	/* A signal that this process was sent and has not told of yet; 0: none.  NULL: nobody looks. */
	int (*signal)(void);
	/* On rank 0: another rank was sent this signal.  NULL: nobody listens. */
	void (*hear)(int signal);
	size_t bytes; /* sent by this rank since somebody set it to 0 */
};

void comm_broadcast(struct comm *comm, void *data, size_t bytes);
void comm_gather_all(struct comm *comm, void *data, const size_t *begin);
void comm_exchange(struct comm *comm, const struct comm_piece *sends, size_t n_sends, const struct comm_piece *receives,
                   size_t n_receives);

/* On rank 0: what a rank's comm->signal has told; 0 is none. */
void comm_hear(const struct comm *comm, int signal);

/* All ranks learn whether one has failed: returns the first failing rank's status, on every rank, with its message. */
enum cln_status comm_agree(struct comm *comm, enum cln_status status, struct cln_error *err) CLN_MUST_CHECK;

/* ---------------------------------------------------------------- of the program: self.c, or in its place mpi.c */

/* To be called first by a program that may have ranks; takes the library's own arguments out. */
void comm_start(int *argc, char ***argv);
/* All ranks are done. */
void comm_end(void);
/* All ranks of the program, for the thread that called comm_start; NULL: this process is alone, or this is another thread, which
 * works by itself. */
struct comm *comm_world(void);
/* "Open MPI v4.1.4, ..."; NULL: built without. */
const char *comm_library(void);
/* The ranks on this machine with which this one shares its CPUs, itself among them. */
int comm_sharers(void);

#endif
