/* SPDX-License-Identifier: MIT
 * Ranks that are threads of one process, so that what ranks do together is tested without MPI. */
#ifndef TESTS_RANK_THREADS_H
#define TESTS_RANK_THREADS_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comm/comm.h"

enum { RANK_THREADS_MAX = 9 };

/* Check's assertions are for one thread alone. */
#define rank_assert(condition)                                                                        \
	do {                                                                                          \
		if (!(condition)) {                                                                   \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);       \
			abort();                                                                      \
		}                                                                                     \
	} while (0)

/* What all ranks see: what each has brought to the operation that is under way. */
struct rank_threads {
	int ranks;
	pthread_barrier_t barrier;
	void *data[RANK_THREADS_MAX];
	const struct comm_piece *sends[RANK_THREADS_MAX];
	size_t n_sends[RANK_THREADS_MAX];
	size_t pieces; /* received by all ranks */
	struct rank_thread {
		struct comm comm;
		struct rank_threads *all;
	} own[RANK_THREADS_MAX];
};

static struct rank_threads *rank_threads_of(struct comm *comm) { return ((struct rank_thread *)comm)->all; }

static void rank_threads_broadcast(struct comm *comm, void *data, size_t bytes)
{
	struct rank_threads *all = rank_threads_of(comm);
	all->data[comm->rank] = data;
	pthread_barrier_wait(&all->barrier);
	if (comm->rank > 0 && bytes > 0)
		memcpy(data, all->data[0], bytes);
	pthread_barrier_wait(&all->barrier);
}

static void rank_threads_gather_all(struct comm *comm, void *data, const size_t *begin)
{
	struct rank_threads *all = rank_threads_of(comm);
	all->data[comm->rank] = data;
	pthread_barrier_wait(&all->barrier);
	for (int r = 0; r < comm->ranks; r++)
		if (r != comm->rank && begin[r + 1] > begin[r])
			memcpy((char *)data + begin[r], (const char *)all->data[r] + begin[r], begin[r + 1] - begin[r]);
	pthread_barrier_wait(&all->barrier);
}

/* The next piece that rank `from` sends to `to`, from *i on. */
static const struct comm_piece *rank_threads_next(const struct rank_threads *all, int from, int to, size_t *i)
{
	while (*i < all->n_sends[from] && all->sends[from][*i].rank != to)
		++*i;
	rank_assert(*i < all->n_sends[from]); /* else `to` waits for what `from` does not send */
	return &all->sends[from][(*i)++];
}

static void rank_threads_exchange(struct comm *comm, const struct comm_piece *sends, size_t n_sends,
                                  const struct comm_piece *receives, size_t n_receives)
{
	struct rank_threads *all = rank_threads_of(comm);
	size_t next[RANK_THREADS_MAX] = {0};
	all->sends[comm->rank] = sends;
	all->n_sends[comm->rank] = n_sends;
	pthread_barrier_wait(&all->barrier);
	for (size_t i = 0; i < n_receives; i++) {
		const struct comm_piece *from = rank_threads_next(all, receives[i].rank, comm->rank, &next[receives[i].rank]);
		rank_assert(from->bytes == receives[i].bytes);
		memcpy(receives[i].data, from->data, from->bytes);
	}
	pthread_barrier_wait(&all->barrier);
	if (comm->rank == 0)
		all->pieces += n_receives;
	pthread_barrier_wait(&all->barrier);
}

static void rank_threads_give_up(struct comm *comm, const char *why)
{
	fprintf(stderr, "rank %d: %s\n", comm->rank, why);
	abort();
}

/* Runs body(argument, comm) on every rank; returns when all have. */
struct rank_threads_call {
	void (*body)(void *argument, struct comm *comm);
	void *argument;
	struct comm *comm;
};

static void *rank_threads_start(void *argument)
{
	struct rank_threads_call *call = argument;
	call->body(call->argument, call->comm);
	return NULL;
}

static void rank_threads_run(struct rank_threads *all, int ranks, void (*body)(void *argument, struct comm *comm), void *argument)
{
	static const struct comm_ops ops = {rank_threads_broadcast, rank_threads_gather_all, rank_threads_exchange,
	                                    rank_threads_give_up};
	struct rank_threads_call calls[RANK_THREADS_MAX];
	pthread_t threads[RANK_THREADS_MAX];
	*all = (struct rank_threads){.ranks = ranks};
	pthread_barrier_init(&all->barrier, NULL, (unsigned)ranks);
	for (int r = 0; r < ranks; r++) {
		all->own[r].all = all;
		all->own[r].comm = (struct comm){.rank = r, .ranks = ranks, .ops = &ops};
		calls[r] = (struct rank_threads_call){body, argument, &all->own[r].comm};
		if (r > 0)
			ck_assert_int_eq(pthread_create(&threads[r], NULL, rank_threads_start, &calls[r]), 0);
	}
	rank_threads_start(&calls[0]);
	for (int r = 1; r < ranks; r++)
		pthread_join(threads[r], NULL);
	pthread_barrier_destroy(&all->barrier);
}

#endif
