/* SPDX-License-Identifier: MIT
 * Threads: a team on one OpenMP region, and its barrier.
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

enum cln_status barrier_create(struct barrier **barrier, int n, int threads, struct cln_error *err)
{
	struct barrier *made = mem_alloc(1, sizeof *made + (size_t)n * sizeof(struct seat), err);

	*barrier = made;
	if (!made)
		return CLN_E_MEMORY;
	made->n = n;
	made->spins = threads <= cpus_affinity() ? SPINS : 0;
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
	before_runtime();
	status = barrier_create(&team.barrier, n, n, err);
	if (status != CLN_OK)
		return status;
	int given = run_region(n, &team, body, argument);
	if (given != n)
		status = error_set(err, CLN_E_USAGE, "%d threads were asked for and the OpenMP runtime gives %d", n, given);
	barrier_destroy(team.barrier);
	return status;
}

int parallel_limit(int n)
{
	n = n < 1 ? 1 : n > PARALLEL_MAX ? PARALLEL_MAX : n;
	before_runtime();
	if (omp_in_parallel())
		return 1;
	if (omp_get_dynamic()) /* then only a region tells; else none is run, whose threads may never be needed */
		return run_region(n, NULL, NULL, NULL);
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

REGION static void run_loop(int n, struct loop *loop)
{
	(void)n; /* --disable-openmp */
#pragma omp parallel num_threads(n) if (n > 1) default(none) shared(loop, n)
	loop_thread(loop, omp_get_thread_num());
}

void parallel_for(int n, size_t n_items, void (*body)(void *argument, size_t item, int tid), void *argument)
{
	struct loop loop = {.n_items = n_items, .body = body, .argument = argument};

	before_runtime();
	n = n < 1 ? 1 : n > PARALLEL_MAX ? PARALLEL_MAX : n;
	if ((size_t)n > n_items)
		n = n_items ? (int)n_items : 1;
	run_loop(n, &loop);
}

double clock_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
