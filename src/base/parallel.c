/* SPDX-License-Identifier: MIT
 * Threads: a team on one OpenMP region, and its barrier; lanes, whose threads serve their leader within one region.
 *
 * The barrier counts epochs.  A thread waits for the arrival flags of its children in a tree of fan-in 8, then sets its own;
 * thread 0 ends the epoch by one store that everybody waits for.  Each flag is written by one thread and has its own cache line, so
 * there is no read-modify-write on the way, and n threads cost the depth of the tree, not n transfers of one line. */
#include "base/parallel.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/cpus.h"
#include "base/mem.h"

#ifdef _OPENMP
#include <omp.h>
#else /* --disable-openmp: the pragmas are comments, and there is one thread */
static int omp_get_num_threads(void) { return 1; }
static int omp_get_thread_num(void) { return 0; }
static int omp_get_num_procs(void) { return 1; }
static int omp_get_thread_limit(void) { return 1; }
static int omp_get_dynamic(void) { return 0; }
static int omp_in_parallel(void) { return 0; }
static int omp_get_num_places(void) { return 0; }
static int omp_get_place_num_procs(int place) { return place < 0; }
static void omp_get_place_proc_ids(int place, int *ids) { *ids = place; }
#endif

/* Lines are fetched in pairs of 64 bytes by Intel's spatial prefetcher (Intel 64 and IA-32 Optimization Reference Manual). */
#define LINE 128
#define FAN_IN 8

/* A pause takes 10 to 140 cycles, so this is about 1 to 10 microseconds: longer than a balanced step's wait, shorter than a time
 * slice. */
#define SPINS 200
/* A sched_yield with nobody else to run takes about 0.3 microseconds: after 1000 of them in vain the wait is long, and sleeping
 * costs little beside it. */
#define YIELDS 1000
#define SLEEP_NANOSECONDS 50000

struct seat { /* in blocks of mem_alloc, which begin anywhere on 64 bytes: no flag has another one within LINE */
	_Alignas(MEM_ALIGN) atomic_uint arrived; /* the epoch that this thread has reached the end of */
	char apart[LINE - sizeof(atomic_uint)];
};

struct barrier { /* in a block of mem_alloc, with the seats behind it */
	_Alignas(MEM_ALIGN) atomic_uint released; /* the epoch that all have reached the end of */
	char apart[LINE - sizeof(atomic_uint)];
	int n;
	unsigned spins; /* 0 where there are more threads than cores: who spins then keeps the awaited thread from running */
	struct seat *seats;
};

struct team {
	struct barrier *barrier; /* NULL: one thread */
};

/* Threads of a region that wait at a barrier for what the first of them, their leader, runs. */
struct lane {
	struct barrier *barrier; /* NULL: the leader is alone */
	int n, threads;          /* of the lane, and of all lanes */
	/* What is run, written by the leader before the barrier; body NULL: the lane has ended. */
	void (*body)(void *argument, struct team *team, int tid);
	void *argument;
	struct team *team;
	int n_running;
};

/* The lane that this thread leads; NULL: none.  The runtime knows by itself, too, whether a thread is in a region. */
static _Thread_local struct lane *own_lane;

static void cpu_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("isb" ::: "memory");
#endif
}

static void wait_for(atomic_uint *flag, unsigned epoch, unsigned spins)
{
	const struct timespec nap = {.tv_nsec = SLEEP_NANOSECONDS};
	unsigned tries = 0;

	while (atomic_load_explicit(flag, memory_order_acquire) != epoch) {
		if (tries >= spins + YIELDS) {
			nanosleep(&nap, NULL);
			continue;
		}
		if (tries < spins)
			cpu_pause();
		else
			sched_yield();
		tries++;
	}
}

/* Of one of so many threads; in a lane those of the others run, too. */
static unsigned spins_of(int threads)
{
	if (own_lane && own_lane->threads > threads)
		threads = own_lane->threads;
	return threads <= cpus_affinity() ? SPINS : 0;
}

enum cln_status barrier_create(struct barrier **barrier, int n, int threads, struct cln_error *err)
{
	struct barrier *made = mem_alloc(1, sizeof *made + (size_t)n * sizeof(struct seat), err);

	*barrier = made;
	if (!made)
		return CLN_E_MEMORY;
	made->n = n;
	made->spins = spins_of(threads);
	made->seats = (struct seat *)(made + 1);
	return CLN_OK;
}

void barrier_destroy(struct barrier *barrier)
{
	mem_free(barrier);
}

void barrier_wait(struct barrier *barrier, int member)
{
	struct seat *seats = barrier->seats;
	unsigned epoch = atomic_load_explicit(&seats[member].arrived, memory_order_relaxed) + 1;
	int first = FAN_IN * member + 1;
	int end = first + FAN_IN < barrier->n ? first + FAN_IN : barrier->n;

	for (int child = first; child < end; child++)
		wait_for(&seats[child].arrived, epoch, barrier->spins);
	atomic_store_explicit(&seats[member].arrived, epoch, memory_order_release);
	if (member == 0)
		atomic_store_explicit(&barrier->released, epoch, memory_order_release);
	else
		wait_for(&barrier->released, epoch, barrier->spins);
}

void team_barrier(struct team *team, int tid)
{
	if (team->barrier)
		barrier_wait(team->barrier, tid);
}

/* ---------------------------------------------------------------- locks */

/* Whoever comes takes a number and waits for it, so that no lane can keep another one out by coming again at once. */
struct lock { /* in a block of mem_alloc */
	_Alignas(MEM_ALIGN) atomic_uint numbers; /* taken so far */
	char apart[LINE - sizeof(atomic_uint)];
	atomic_uint served; /* whose turn it is */
	unsigned spins;     /* as a barrier's */
};

enum cln_status lock_create(struct lock **lock, int threads, struct cln_error *err)
{
	*lock = mem_alloc(1, sizeof **lock, err);
	if (!*lock)
		return CLN_E_MEMORY;
	(*lock)->spins = spins_of(threads);
	return CLN_OK;
}

void lock_destroy(struct lock *lock)
{
	mem_free(lock);
}

void lock_enter(struct lock *lock)
{
	if (lock)
		wait_for(&lock->served, atomic_fetch_add_explicit(&lock->numbers, 1, memory_order_relaxed), lock->spins);
}

void lock_leave(struct lock *lock)
{
	if (lock)
		atomic_fetch_add_explicit(&lock->served, 1, memory_order_release);
}

/* Whoever calls this waits for a whole mini-batch of another lane: a nap is short beside that. */
void lock_wait(struct lock *lock)
{
	const struct timespec nap = {.tv_nsec = SLEEP_NANOSECONDS};

	lock_leave(lock);
	nanosleep(&nap, NULL);
	lock_enter(lock);
}

/* ---------------------------------------------------------------- regions */

/* To be called before any call of the runtime.  LLVM's, when it is first used, registers itself by a text in a shared memory object
 * that is named by process and user.  A process that is killed before it has written the text leaves an object of no bytes, or of
 * zeros; the next process with the same number (the same job, restarted in a container) would die of it, by SIGBUS or by the
 * runtime's "already initialized".
 *
 * Clang asks the runtime for the thread's number at the start of a function that has a region, and where a function is called
 * several times makes one call of it, at the start too: before this.  So regions are in functions of their own, never inlined, and
 * the callers below ask once. */
#define REGION __attribute__((noinline))

static void before_runtime(void)
{
#if defined(_OPENMP) && defined(__clang__)
	static atomic_int looked; /* the process that has; a child of fork has a runtime of its own */
	char name[64], first = '\0';

	if (atomic_exchange_explicit(&looked, (int)getpid(), memory_order_relaxed) == (int)getpid())
		return;
	snprintf(name, sizeof name, "/__KMP_REGISTERED_LIB_%d_%d", (int)getpid(), (int)getuid());
	int fd = shm_open(name, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (read(fd, &first, 1) >= 0 && first == '\0')
		shm_unlink(name);
	close(fd);
#endif
}

/* The first process that had a region of several threads; 0: none has.  A child of fork has none of the threads that gcc's runtime
 * keeps between regions, and this would wait for them without end; LLVM's begins anew. */
static atomic_int first_process;

static void before_region(void)
{
	before_runtime();
	if (atomic_load_explicit(&first_process, memory_order_relaxed) == 0)
		atomic_store_explicit(&first_process, (int)getpid(), memory_order_relaxed);
}

static bool has_lost_threads(void)
{
#ifdef __clang__
	return false;
#else
	const int process = atomic_load_explicit(&first_process, memory_order_relaxed);

	return process != 0 && process != (int)getpid();
#endif
}

/* One parallel region; every thread tells how many there are. */
REGION static int run_region(int n, struct team *team, void (*body)(void *argument, struct team *team, int tid), void *argument)
{
	int given = 1;

#pragma omp parallel num_threads(n) default(none) shared(given, n, team, body, argument)
	{
		int tid = omp_get_thread_num();
		if (tid == 0)
			given = omp_get_num_threads();
		if (body && omp_get_num_threads() == n)
			body(argument, team, tid);
	}
	return given;
}

/* ---------------------------------------------------------------- lanes */

/* The leader's part of parallel_run and parallel_for. */
static void run_in_lane(struct lane *lane, int n, struct team *team, void (*body)(void *argument, struct team *team, int tid),
			void *argument)
{
	lane->n_running = n;
	lane->team = team;
	lane->body = body;
	lane->argument = argument;
	barrier_wait(lane->barrier, 0);
	body(argument, team, 0);
	barrier_wait(lane->barrier, 0);
}

/* The others' part. */
static void serve_lane(struct lane *lane, int tid)
{
	for (;;) {
		barrier_wait(lane->barrier, tid);
		if (!lane->body)
			return;
		if (tid < lane->n_running)
			lane->body(lane->argument, lane->team, tid);
		barrier_wait(lane->barrier, tid);
	}
}

static void lead_lane(struct lane *lane, void (*body)(void *argument, int lane), void *argument, int number)
{
	own_lane = lane;
	body(argument, number);
	own_lane = NULL;
	lane->body = NULL;
	if (lane->barrier)
		barrier_wait(lane->barrier, 0);
}

struct lanes {
	struct lane *lanes;
	int n, threads;
	void (*body)(void *argument, int lane);
	void *argument;
};

static void lanes_thread(struct lanes *lanes, int tid)
{
	int number = 0, first = 0;

	while (tid >= first + lanes->lanes[number].n)
		first += lanes->lanes[number++].n;
	if (tid == first)
		lead_lane(&lanes->lanes[number], lanes->body, lanes->argument, number);
	else
		serve_lane(&lanes->lanes[number], tid - first);
}

/* The same region as run_region's, for another kind of body. */
REGION static int run_lanes(struct lanes *lanes)
{
	int given = 1;
	const int n = lanes->threads;

	(void)n; /* --disable-openmp */
#pragma omp parallel num_threads(n) default(none) shared(given, n, lanes)
	{
		int tid = omp_get_thread_num();
		if (tid == 0)
			given = omp_get_num_threads();
		if (omp_get_num_threads() == n)
			lanes_thread(lanes, tid);
	}
	return given;
}

static enum cln_status create_lanes(struct lanes *lanes, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	lanes->lanes = mem_alloc((size_t)lanes->n, sizeof *lanes->lanes, err);
	if (!lanes->lanes)
		return CLN_E_MEMORY;
	for (int i = 0; i < lanes->n && status == CLN_OK; i++) {
		struct lane *lane = &lanes->lanes[i];

		lane->n = parallel_lane_threads(i, lanes->n, lanes->threads);
		lane->threads = lanes->threads;
		if (lane->n > 1)
			status = barrier_create(&lane->barrier, lane->n, lanes->threads, err);
	}
	return status;
}

static void free_lanes(struct lanes *lanes)
{
	for (int i = 0; lanes->lanes && i < lanes->n; i++)
		barrier_destroy(lanes->lanes[i].barrier);
	mem_free(lanes->lanes);
}

static enum cln_status too_few_threads(int n, int given, struct cln_error *err)
{
	return error_set(err, CLN_E_USAGE, "%d threads were asked for and the OpenMP runtime gives %d", n, given);
}

enum cln_status parallel_lanes(int n_lanes, int threads, void (*body)(void *argument, int lane), void *argument,
			       struct cln_error *err)
{
	struct lanes lanes = {.n = n_lanes, .threads = threads, .body = body, .argument = argument};

	if (n_lanes < 1 || n_lanes > threads || threads > PARALLEL_MAX)
		return error_set(err, CLN_E_USAGE, "%d lanes of %d threads: each has one at least, and all of them %d at most",
				 n_lanes, threads, PARALLEL_MAX);
	if (n_lanes == 1) {
		body(argument, 0);
		return CLN_OK;
	}
	before_region();
	enum cln_status status = create_lanes(&lanes, err);
	if (status == CLN_OK) {
		const int given = run_lanes(&lanes);
		status = given == threads ? CLN_OK : too_few_threads(threads, given, err);
	}
	free_lanes(&lanes);
	return status;
}

/* ---------------------------------------------------------------- teams */

enum cln_status parallel_run(int n, void (*body)(void *argument, struct team *team, int tid), void *argument,
			     struct cln_error *err)
{
	struct team team = {NULL};
	enum cln_status status;

	if (n < 1 || n > PARALLEL_MAX)
		return error_set(err, CLN_E_USAGE, "%d threads: there can be 1 to %d", n, PARALLEL_MAX);
	if (n == 1) { /* the caller itself: no region to enter, which takes longer than a small epoch */
		body(argument, &team, 0);
		return CLN_OK;
	}
	if (own_lane && n > own_lane->n)
		return error_set(err, CLN_E_USAGE, "%d threads were asked for in a lane of %d", n, own_lane->n);
	before_region();
	status = barrier_create(&team.barrier, n, n, err);
	if (status != CLN_OK)
		return status;
	if (own_lane) {
		run_in_lane(own_lane, n, &team, body, argument);
	} else {
		const int given = run_region(n, &team, body, argument);
		status = given == n ? CLN_OK : too_few_threads(n, given, err);
	}
	barrier_destroy(team.barrier);
	return status;
}

int parallel_limit(int n)
{
	n = n < 1 ? 1 : n > PARALLEL_MAX ? PARALLEL_MAX : n;
	before_runtime();
	if (omp_in_parallel() || has_lost_threads())
		return 1;
	if (omp_get_dynamic()) { /* then only a region tells; else none is run, whose threads may never be needed */
		before_region();
		return run_region(n, NULL, NULL, NULL);
	}
	int limit = omp_get_thread_limit();
	return n < limit ? n : limit;
}

int parallel_place_cpus(void)
{
	int n = 0;

	before_runtime();
	for (int place = 0; place < omp_get_num_places(); place++)
		n += omp_get_place_num_procs(place);
	int processors = omp_get_num_procs();
	return n < processors ? n : processors; /* places may overlap */
}

static bool visit_place(int place, void (*visit)(void *argument, int cpu), void *argument)
{
	int n = omp_get_place_num_procs(place);
	int *cpus = mem_alloc((size_t)n, sizeof *cpus, NULL);

	if (!cpus)
		return false;
	omp_get_place_proc_ids(place, cpus);
	for (int i = 0; i < n; i++)
		visit(argument, cpus[i]);
	mem_free(cpus);
	return true;
}

bool parallel_place_visit(void (*visit)(void *argument, int cpu), void *argument)
{
	bool visited = true;

	before_runtime();
	for (int place = 0; place < omp_get_num_places() && visited; place++)
		visited = visit_place(place, visit, argument);
	return visited;
}

struct loop {
	_Alignas(LINE) atomic_size_t next; /* the first item that nobody has taken */
	_Alignas(LINE) size_t n_items;
	void (*body)(void *argument, size_t item, int tid);
	void *argument;
};

static void loop_thread(struct loop *loop, int tid)
{
	for (;;) {
		size_t item = atomic_fetch_add_explicit(&loop->next, 1, memory_order_relaxed);
		if (item >= loop->n_items)
			return;
		loop->body(loop->argument, item, tid);
	}
}

static void loop_body(void *loop, struct team *team, int tid)
{
	(void)team;
	loop_thread(loop, tid);
}

REGION static void run_loop(int n, struct loop *loop)
{
	(void)n; /* --disable-openmp */
#pragma omp parallel num_threads(n) default(none) shared(loop, n)
	loop_thread(loop, omp_get_thread_num());
}

void parallel_for(int n, size_t n_items, void (*body)(void *argument, size_t item, int tid), void *argument)
{
	struct loop loop = {.n_items = n_items, .body = body, .argument = argument};

	n = n < 1 ? 1 : n > PARALLEL_MAX ? PARALLEL_MAX : n;
	if ((size_t)n > n_items)
		n = n_items ? (int)n_items : 1;
	if (own_lane && n > own_lane->n)
		n = own_lane->n;
	if (n == 1) {
		loop_thread(&loop, 0);
	} else if (own_lane) {
		run_in_lane(own_lane, n, NULL, loop_body, &loop);
	} else {
		before_region();
		run_loop(n, &loop);
	}
}

struct trial {
	enum cln_status (*body)(void *argument, size_t item, int tid, struct cln_error *err);
	void *argument;
	enum cln_status status; /* of the least item that failed, and which it is */
	size_t item;
	struct cln_error *err;
};

REGION static void note_failure(struct trial *trial, size_t item, enum cln_status status, const struct cln_error *err)
{
#pragma omp critical(note_failure)
	if (trial->status == CLN_OK || item < trial->item) {
		trial->status = status;
		trial->item = item;
		if (trial->err)
			*trial->err = *err;
	}
}

static void try_item(void *argument, size_t item, int tid)
{
	struct trial *trial = argument;
	struct cln_error err = {0};
	const enum cln_status status = trial->body(trial->argument, item, tid, &err);

	if (status == CLN_OK)
		return;
	before_runtime();
	note_failure(trial, item, status, &err);
}

enum cln_status parallel_try(int n, size_t n_items,
			     enum cln_status (*body)(void *argument, size_t item, int tid, struct cln_error *err), void *argument,
			     struct cln_error *err)
{
	struct trial trial = {.body = body, .argument = argument, .err = err};

	parallel_for(n, n_items, try_item, &trial);
	return trial.status;
}

double clock_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
