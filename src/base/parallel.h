/* SPDX-License-Identifier: MIT
 * Threads: the only file with OpenMP pragmas.  A team runs one function on all its threads; a barrier spins briefly and then
 * yields, so more threads than cores still finish; a loop runs fixed items in any order on any thread; lanes are parts of the
 * threads that each do something of their own.  Built with --disable-openmp everything runs on one thread. */
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

#include "base/status.h"

#define PARALLEL_MAX 1024 /* threads */

struct team; /* lives as long as parallel_run */

/* Runs body(argument, team, tid) on n threads, tid = 0 .. n-1, and returns when all have; tid 0 is the caller.
 * Where the runtime gives fewer threads than n, body is not run and CLN_E_USAGE says how many there were (ask parallel_limit).
 * In a lane n is at most its threads. */
enum cln_status parallel_run(int n, void (*body)(void *argument, struct team *team, int tid), void *argument,
			     struct cln_error *err);

/* The threads of up to n that the runtime really gives (OMP_THREAD_LIMIT, dynamic adjustment); at least 1, at most PARALLEL_MAX.
 * It is 1 inside a parallel region, and where gcc's runtime has lost its threads: in a child of fork whose parent had regions. */
int parallel_limit(int n);

/* The CPUs in the places of OMP_PLACES and OMP_PROC_BIND; 0 where threads are not bound.  The runtime binds the first thread before
 * main, so that thread's own affinity mask no longer tells what the process may use. */
int parallel_place_cpus(void);

/* visit(argument, cpu) for every CPU of those places, in some order; a CPU that is in two places twice.  False: no memory. */
bool parallel_place_visit(void (*visit)(void *argument, int cpu), void *argument);

/* All threads of the team wait for each other; what was written before is seen by all after it. */
void team_barrier(struct team *team, int tid);

/* The same for a part of a team: `n` members, 0 .. n-1, of the `threads` that run in all. */
struct barrier;
enum cln_status barrier_create(struct barrier **barrier, int n, int threads, struct cln_error *err) CLN_MUST_CHECK;
void barrier_destroy(struct barrier *barrier);
void barrier_wait(struct barrier *barrier, int member);

/* body(argument, item, tid) for item = 0 .. n_items-1 on up to n threads, in a lane on up to as many as it has, items handed out in
 * ascending order as threads come free. */
void parallel_for(int n, size_t n_items, void (*body)(void *argument, size_t item, int tid), void *argument);

/* The same where items may fail: status and message are those of the least item that did, whatever the threads. */
enum cln_status parallel_try(int n, size_t n_items,
			     enum cln_status (*body)(void *argument, size_t item, int tid, struct cln_error *err), void *argument,
			     struct cln_error *err) CLN_MUST_CHECK;

/* The range [*begin, *end) of n things that belongs to part i of n_parts: contiguous, sizes differ by at most 1. */
static inline void split_range(size_t *begin, size_t *end, size_t n, size_t i, size_t n_parts)
{
	*begin = n / n_parts * i + (n % n_parts) * i / n_parts;
	*end = n / n_parts * (i + 1) + (n % n_parts) * (i + 1) / n_parts;
}

/* Cuts `threads` threads into n_lanes <= threads lanes and runs body(argument, lane) in each, lane = 0 .. n_lanes-1, side by side;
 * returns when all have.  parallel_run and parallel_for that a body calls run on its lane's threads; lane 0 is the caller's.
 * A single lane is as if there were none.  Errors as of parallel_run. */
enum cln_status parallel_lanes(int n_lanes, int threads, void (*body)(void *argument, int lane), void *argument,
			       struct cln_error *err) CLN_MUST_CHECK;

/* How many of the threads are lane `lane`'s: they differ by at most 1. */
static inline int parallel_lane_threads(int lane, int n_lanes, int threads)
{
	size_t begin, end;

	split_range(&begin, &end, (size_t)threads, (size_t)lane, (size_t)n_lanes);
	return (int)(end - begin);
}

/* What lanes share is looked at by one of them at a time.  A NULL lock is that of a single lane, which has nobody to wait for. */
struct lock;
enum cln_status lock_create(struct lock **lock, int threads, struct cln_error *err) CLN_MUST_CHECK; /* that run in all */
void lock_destroy(struct lock *lock);
void lock_enter(struct lock *lock);
void lock_leave(struct lock *lock);
void lock_wait(struct lock *lock); /* leaves it for a while and enters it again: to be called until others have done something */

/* Seconds of a monotonic clock. */
double clock_seconds(void);

#endif
