/* SPDX-License-Identifier: MIT */
#include "api/ranks.h"

#include "api/crew.h"
#include "api/score_ranks.h"
#include "base/cpus.h"
#include "train/job.h"

void ranks_start(int *argc, char ***argv)
{
	comm_start(argc, argv);
	cpus_share(comm_sharers());
}

int ranks_count(void)
{
	return comm_world() ? comm_world()->ranks : 1;
}

int ranks_own(void)
{
	return comm_world() ? comm_world()->rank : 0;
}

const char *ranks_library(void)
{
	return comm_library();
}

void ranks_stop(void)
{
	comm_end();
}

static void tell(enum ranks_command command)
{
	comm_broadcast(comm_world(), &command, sizeof command);
}

void ranks_listen(void (*hear)(int signal))
{
	if (comm_world())
		comm_world()->hear = hear;
}

void ranks_release(int code)
{
	if (!comm_world())
		return;
	tell(RANKS_END);
	comm_broadcast(comm_world(), &code, sizeof code);
}

static void gather_threads(int *threads)
{
	struct comm *comm = comm_world();
	size_t begin[COMM_MAX_RANKS + 1];

	for (int r = 0; r <= comm->ranks; r++)
		begin[r] = (size_t)r * sizeof *threads;
	threads[comm->rank] = cpus_threads(0);
	comm_gather_all(comm, threads, begin);
}

void ranks_gather_threads(int *threads)
{
	if (!comm_world()) {
		*threads = cpus_threads(0);
		return;
	}
	tell(RANKS_THREADS);
	gather_threads(threads);
}

int ranks_follow(int (*signal)(void))
{
	struct comm *comm = comm_world();
	struct share_memory memory = {0};
	enum ranks_command command = RANKS_THREADS;
	int threads[COMM_MAX_RANKS], code = 0;

	comm->signal = signal;
	while (command != RANKS_END) {
		comm_broadcast(comm, &command, sizeof command);
		switch (command) {
		case RANKS_TRAIN: job_follow(comm, &memory, cpus_threads(0)); break;
		case RANKS_SCORE: score_ranks_follow(comm, cpus_threads(0)); break;
		case RANKS_MEMBERS: crew_follow(comm, &memory, cpus_threads(0)); break;
		case RANKS_THREADS: gather_threads(threads); break;
		case RANKS_END: comm_broadcast(comm, &code, sizeof code); break;
		}
	}
	share_memory_free(&memory);
	return code;
}
