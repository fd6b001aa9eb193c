/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/parallel.h"

/* Team sizes: alone, one level of the barrier's tree, two levels (fan-in 8), three levels; most are more than the cores. */
static const int sizes[] = {1, 2, 3, 5, 8, 10, 80};
#define N_SIZES ((int)(sizeof sizes / sizeof *sizes))

/* What the runtime gives of a size: 1 with --disable-openmp. */
static int team_size(int i) { return parallel_limit(sizes[i]); }

/* ---------------------------------------------------------------- parallel_run */

struct visit {
	atomic_int count[80];
	pthread_t caller;
	atomic_bool caller_is_0;
};

static void visit_body(void *argument, struct team *team, int tid)
{
	struct visit *visit = argument;
	(void)team;
	atomic_fetch_add(&visit->count[tid], 1);
	if (tid == 0 && pthread_equal(pthread_self(), visit->caller))
		atomic_store(&visit->caller_is_0, true);
}

START_TEST(run_calls_the_body_once_a_thread)
{
	struct visit visit = {.caller = pthread_self()};
	int n = team_size(_i);
	assert_ok(parallel_run(n, visit_body, &visit, &err));
	for (int tid = 0; tid < 80; tid++)
		ck_assert_int_eq(visit.count[tid], tid < n);
}
END_TEST

START_TEST(run_makes_the_caller_thread_0)
{
	struct visit visit = {.caller = pthread_self()};
	assert_ok(parallel_run(team_size(_i), visit_body, &visit, &err));
	ck_assert(visit.caller_is_0);
}
END_TEST

START_TEST(run_refuses_a_team_of_no_threads)
{
	struct cln_error err = {0};
	struct visit visit = {0};
	ck_assert_int_eq(parallel_run(0, visit_body, &visit, &err), CLN_E_USAGE);
	ck_assert_int_eq(visit.count[0], 0);
}
END_TEST

START_TEST(run_refuses_more_threads_than_the_greatest_team)
{
	struct cln_error err = {0};
	struct visit visit = {0};
	ck_assert_int_eq(parallel_run(PARALLEL_MAX + 1, visit_body, &visit, &err), CLN_E_USAGE);
	ck_assert_int_eq(visit.count[0], 0);
}
END_TEST

/* A region inside a region has one thread, so it is where fewer are given than asked for. */
struct nested {
	struct visit visit;
	enum cln_status status;
	struct cln_error err;
	int limit;
};

static void nested_body(void *argument, struct team *team, int tid)
{
	struct nested *nested = argument;
	(void)team;
	if (tid != 0)
		return;
	nested->limit = parallel_limit(2);
	nested->status = parallel_run(2, visit_body, &nested->visit, &nested->err);
}

START_TEST(run_refuses_a_team_that_the_runtime_does_not_give)
{
	struct nested nested = {0};
	assert_ok(parallel_run(parallel_limit(2), nested_body, &nested, &err));
	ck_assert_int_eq(nested.status, CLN_E_USAGE);
	ck_assert_int_eq(nested.visit.count[0], 0);
	ck_assert_ptr_nonnull(strstr(nested.err.message, "2 threads"));
}
END_TEST

START_TEST(limit_tells_what_a_nested_region_would_get)
{
	struct nested nested = {0};
	assert_ok(parallel_run(parallel_limit(2), nested_body, &nested, &err));
	ck_assert_int_eq(nested.limit, 1);
}
END_TEST

START_TEST(limit_is_at_least_1)
{
	ck_assert_int_eq(parallel_limit(0), 1);
}
END_TEST

/* ---------------------------------------------------------------- team_barrier */

/* Plain counters, no atomics: only the barrier orders them, so ThreadSanitizer sees a barrier that does not. */
struct rounds {
	int n, n_rounds;
	int at[80];
	int wrong[80];
};

static void rounds_body(void *argument, struct team *team, int tid)
{
	struct rounds *rounds = argument;
	for (int round = 1; round <= rounds->n_rounds; round++) {
		rounds->at[tid] = round;
		team_barrier(team, tid);
		for (int other = 0; other < rounds->n; other++)
			rounds->wrong[tid] += rounds->at[other] != round;
		team_barrier(team, tid);
	}
}

START_TEST(barrier_shows_everybody_what_was_written_before_it)
{
	struct rounds rounds = {.n = team_size(_i), .n_rounds = 300};
	assert_ok(parallel_run(rounds.n, rounds_body, &rounds, &err));
	for (int tid = 0; tid < rounds.n; tid++)
		ck_assert_int_eq(rounds.wrong[tid], 0);
}
END_TEST

/* ---------------------------------------------------------------- parallel_for */

struct items {
	atomic_int count[1000];
	size_t order[1000];
	size_t done;
	atomic_int greatest_tid;
};

static void count_item(void *argument, size_t item, int tid)
{
	struct items *items = argument;
	int greatest = atomic_load(&items->greatest_tid);
	atomic_fetch_add(&items->count[item], 1);
	while (tid > greatest && !atomic_compare_exchange_weak(&items->greatest_tid, &greatest, tid))
		;
}

START_TEST(loop_runs_every_item_once)
{
	struct items items = {0};
	parallel_for(sizes[_i], 999, count_item, &items);
	for (size_t item = 0; item < 1000; item++)
		ck_assert_int_eq(items.count[item], item < 999);
}
END_TEST

START_TEST(loop_uses_no_more_threads_than_it_was_given)
{
	struct items items = {0};
	parallel_for(sizes[_i], 999, count_item, &items);
	ck_assert_int_lt(items.greatest_tid, sizes[_i]);
}
END_TEST

START_TEST(loop_over_nothing_runs_nothing)
{
	struct items items = {0};
	parallel_for(4, 0, count_item, &items);
	ck_assert_int_eq(items.count[0], 0);
}
END_TEST

static void note_item(void *argument, size_t item, int tid)
{
	struct items *items = argument;
	(void)tid;
	items->order[items->done++] = item;
}

START_TEST(loop_on_one_thread_runs_in_ascending_order)
{
	struct items items = {0};
	parallel_for(1, 1000, note_item, &items);
	ck_assert_uint_eq(items.done, 1000);
	for (size_t i = 0; i < 1000; i++)
		ck_assert_uint_eq(items.order[i], i);
}
END_TEST

/* ---------------------------------------------------------------- the first call of the runtime */

static void nothing_to_do(void *argument, struct team *team, int tid) { (void)argument, (void)team, (void)tid; }
static void no_item(void *argument, size_t item, int tid) { (void)argument, (void)item, (void)tid; }
static void no_cpu(void *argument, int cpu) { (void)argument, (void)cpu; }

#ifdef _OPENMP
enum { N_THREADS = 2 };
#else
enum { N_THREADS = 1 };
#endif

static void first_call(int which)
{
	switch (which) {
	case 0: assert_ok(parallel_run(N_THREADS, nothing_to_do, NULL, &err)); break;
	case 1: ck_assert_int_ge(parallel_limit(2), 1); break;
	case 2: ck_assert_int_ge(parallel_place_cpus(), 0); break;
	case 3: ck_assert(parallel_place_visit(no_cpu, NULL)); break;
	default: parallel_for(2, 2, no_item, NULL);
	}
}

/* As LLVM's runtime leaves it when its process is killed before it has written what it registers: no bytes, or 1024 zeros.  The
 * number of that process is this one's. */
START_TEST(a_namesake_killed_while_its_runtime_began_is_forgotten)
{
	char name[64];
	snprintf(name, sizeof name, "/__KMP_REGISTERED_LIB_%d_%d", (int)getpid(), (int)getuid());
	int fd = shm_open(name, O_CREAT | O_RDWR | O_TRUNC, 0600);
	if (fd < 0)
		return; /* no shared memory here: the runtime cannot use it either */
	ck_assert_int_eq(ftruncate(fd, _i % 2 ? 1024 : 0), 0);
	close(fd);
	first_call(_i / 2);
	shm_unlink(name);
}
END_TEST

/* ---------------------------------------------------------------- split_range */

START_TEST(split_covers_all_without_gap_or_overlap)
{
	for (size_t parts = 1; parts < 40; parts++) {
		size_t expected = 0, begin, end;
		for (size_t i = 0; i < parts; i++) {
			split_range(&begin, &end, (size_t)_i, i, parts);
			ck_assert_uint_eq(begin, expected);
			ck_assert_uint_ge(end, begin);
			expected = end;
		}
		ck_assert_uint_eq(expected, (size_t)_i);
	}
}
END_TEST

START_TEST(split_sizes_differ_by_at_most_1)
{
	for (size_t parts = 1; parts < 40; parts++) {
		size_t begin, end;
		for (size_t i = 0; i < parts; i++) {
			split_range(&begin, &end, (size_t)_i, i, parts);
			ck_assert_uint_ge(end - begin, (size_t)_i / parts);
			ck_assert_uint_le(end - begin, ((size_t)_i + parts - 1) / parts);
		}
	}
}
END_TEST

static Suite *parallel_suite(void)
{
	Suite *suite = suite_create("parallel");
	TCase *run = tcase_create("parallel_run");
	TCase *barrier = tcase_create("team_barrier");
	TCase *loop = tcase_create("parallel_for");
	TCase *first = tcase_create("the first call");
	TCase *split = tcase_create("split_range");

	tcase_add_loop_test(run, run_calls_the_body_once_a_thread, 0, N_SIZES);
	tcase_add_loop_test(run, run_makes_the_caller_thread_0, 0, N_SIZES);
	tcase_add_test(run, run_refuses_a_team_of_no_threads);
	tcase_add_test(run, run_refuses_more_threads_than_the_greatest_team);
	tcase_add_test(run, run_refuses_a_team_that_the_runtime_does_not_give);
	tcase_add_test(run, limit_tells_what_a_nested_region_would_get);
	tcase_add_test(run, limit_is_at_least_1);
	tcase_set_timeout(barrier, 60);
	tcase_add_loop_test(barrier, barrier_shows_everybody_what_was_written_before_it, 0, N_SIZES);
	tcase_add_loop_test(loop, loop_runs_every_item_once, 0, N_SIZES);
	tcase_add_loop_test(loop, loop_uses_no_more_threads_than_it_was_given, 0, N_SIZES);
	tcase_add_test(loop, loop_over_nothing_runs_nothing);
	tcase_add_test(loop, loop_on_one_thread_runs_in_ascending_order);
	tcase_add_loop_test(first, a_namesake_killed_while_its_runtime_began_is_forgotten, 0, 10);
	tcase_add_loop_test(split, split_covers_all_without_gap_or_overlap, 0, 50);
	tcase_add_loop_test(split, split_sizes_differ_by_at_most_1, 0, 50);

	suite_add_tcase(suite, run);
	suite_add_tcase(suite, barrier);
	suite_add_tcase(suite, loop);
	suite_add_tcase(suite, first);
	suite_add_tcase(suite, split);
	return suite;
}

TESTING_MAIN(parallel_suite)
