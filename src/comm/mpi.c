/* SPDX-License-Identifier: MIT
 * Ranks of MPI.  Linked into colonnade-mpi, where it takes the place of self.c; the only file that knows of MPI.
 *
 * Everything is non-blocking and then waited for here, spinning briefly, then yielding, then napping, as the barriers of
 * base/parallel.c do: ranks that share cores still get on, and one that waits for the first rank's reading of a table takes no time
 * away from it. */
#include "comm/comm.h"

#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cpus.h"
#include "base/mem.h"

#define UNIT 4                   /* bytes: lengths and places are counted in it, so that an int has room for 8 GB */
#define LARGEST ((size_t)1 << 30) /* bytes of one message */
#define SPINS 200
#define YIELDS 1000
#define SLEEP_NANOSECONDS 50000

static struct comm world;
static _Thread_local bool is_starter; /* MPI_THREAD_FUNNELED: no other thread may call it */
static int sharers = 1;
static struct {
	MPI_Request *all;
	size_t room;
} requests; /* of one exchange */
static char library[MPI_MAX_LIBRARY_VERSION_STRING];

static void pause_after(unsigned tries)
{
	const struct timespec nap = {.tv_nsec = SLEEP_NANOSECONDS};

	if (tries >= SPINS + YIELDS)
		nanosleep(&nap, NULL);
	else if (tries >= SPINS)
		sched_yield();
}

/* What is done counts as done for ever. */
static bool all_done(int n, MPI_Request *started)
{
	int done, all = 1;

	for (int i = 0; i < n; i++) {
		MPI_Test(&started[i], &done, MPI_STATUS_IGNORE);
		all &= done;
	}
	return all;
}

static void wait_all(int n, MPI_Request *started)
{
	for (unsigned tries = 0; !all_done(n, started); tries += tries < SPINS + YIELDS)
		pause_after(tries);
}

static void broadcast(struct comm *comm, void *data, size_t bytes)
{
	(void)comm;
	for (size_t at = 0; at < bytes; at += LARGEST) {
		const size_t n = bytes - at < LARGEST ? bytes - at : LARGEST;
		MPI_Request request;
		MPI_Ibcast((char *)data + at, (int)n, MPI_BYTE, 0, MPI_COMM_WORLD, &request);
		wait_all(1, &request);
	}
}

static void gather_all(struct comm *comm, void *data, const size_t *begin)
{
	static int counts[COMM_MAX_RANKS], places[COMM_MAX_RANKS];
	MPI_Request request;

	for (int r = 0; r < comm->ranks; r++) {
		counts[r] = (int)((begin[r + 1] - begin[r]) / UNIT);
		places[r] = (int)(begin[r] / UNIT);
	}
	MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, data, counts, places, MPI_FLOAT, MPI_COMM_WORLD, &request);
	wait_all(1, &request);
}

/* A long piece is several messages. */
static size_t messages_of(const struct comm_piece *pieces, size_t n)
{
	size_t messages = 0;

	for (size_t i = 0; i < n; i++)
		messages += (pieces[i].bytes + LARGEST - 1) / LARGEST;
	return messages;
}

static MPI_Request *start_pieces(MPI_Request *request, const struct comm_piece *pieces, size_t n, bool sends)
{
	for (size_t i = 0; i < n; i++)
		for (size_t at = 0; at < pieces[i].bytes; at += LARGEST) {
			const size_t left = pieces[i].bytes - at;
			const int length = (int)(left < LARGEST ? left : LARGEST);
			char *data = (char *)pieces[i].data + at;
			if (sends)
				MPI_Isend(data, length, MPI_BYTE, pieces[i].rank, 0, MPI_COMM_WORLD, request++);
			else
				MPI_Irecv(data, length, MPI_BYTE, pieces[i].rank, 0, MPI_COMM_WORLD, request++);
		}
	return request;
}

static void give_up(struct comm *comm, const char *why)
{
	fprintf(stderr, "colonnade: rank %d: %s\n", comm->rank, why);
	MPI_Abort(MPI_COMM_WORLD, 1);
}

/* Kept, so that a step allocates none. */
static void make_room(struct comm *comm, size_t n)
{
	if (n <= requests.room)
		return;
	mem_free(requests.all);
	requests.all = mem_alloc(n, sizeof *requests.all, NULL);
	if (!requests.all)
		give_up(comm, "out of memory for the messages of a step");
	requests.room = n;
}

static void exchange(struct comm *comm, const struct comm_piece *sends, size_t n_sends, const struct comm_piece *receives,
		     size_t n_receives)
{
	const size_t n = messages_of(sends, n_sends) + messages_of(receives, n_receives);

	make_room(comm, n);
	MPI_Request *end = start_pieces(requests.all, receives, n_receives, false);
	end = start_pieces(end, sends, n_sends, true);
	wait_all((int)(end - requests.all), requests.all);
}

/* ---------------------------------------------------------------- start and end */

static bool overlap(const struct cpus_mask *a, const struct cpus_mask *b)
{
	for (size_t i = 0; i < sizeof a->bits / sizeof *a->bits; i++)
		if (a->bits[i] & b->bits[i])
			return true;
	return false;
}

/* Among the ranks of this machine, those whose CPUs are also this one's. */
static void count_sharers(void)
{
	MPI_Comm machine;
	int n = 1;

	MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine);
	MPI_Comm_size(machine, &n);
	struct cpus_mask own, *all = mem_alloc((size_t)n, sizeof *all, NULL);
	if (!all)
		give_up(&world, "out of memory");
	cpus_mask_get(&own);
	MPI_Allgather(&own, sizeof own, MPI_BYTE, all, sizeof own, MPI_BYTE, machine);
	sharers = 0;
	for (int i = 0; i < n; i++)
		sharers += overlap(&own, &all[i]);
	mem_free(all);
	MPI_Comm_free(&machine);
}

void comm_start(int *argc, char ***argv)
{
	static const struct comm_ops ops = {broadcast, gather_all, exchange, give_up};
	int given, length;

	MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &given);
	MPI_Comm_rank(MPI_COMM_WORLD, &world.rank);
	MPI_Comm_size(MPI_COMM_WORLD, &world.ranks);
	MPI_Get_library_version(library, &length);
	library[strcspn(library, "\n,")] = '\0';
	if (given < MPI_THREAD_FUNNELED)
		give_up(&world, "this MPI allows no threads");
	if (world.ranks > COMM_MAX_RANKS)
		give_up(&world, "too many ranks");
	world.ops = &ops;
	is_starter = true;
	count_sharers();
}

void comm_end(void)
{
	mem_free(requests.all);
	MPI_Finalize();
}

struct comm *comm_world(void)
{
	return is_starter && world.ranks > 1 ? &world : NULL;
}

const char *comm_library(void)
{
	return library;
}

int comm_sharers(void)
{
	return sharers;
}
