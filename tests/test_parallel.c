/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
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

static enum cln_status fail_some(void *argument, size_t item, int tid, struct cln_error *err)
{
	const size_t *least = argument;
	(void)tid;
	if (item == 402)
		usleep(2000); /* later ones fail before it */
	return item < *least || item % 3 ? CLN_OK : error_set(err, item % 2 ? CLN_E_DATA : CLN_E_IO, "item %zu", item);
}

START_TEST(the_least_item_that_failed_is_told_whatever_the_threads)
{
	struct cln_error err = {0};
	ck_assert_int_eq(parallel_try(sizes[_i], 999, fail_some, &(size_t){999}, &err), CLN_OK);
	ck_assert_int_eq(err.code, CLN_OK);
	ck_assert_int_eq(parallel_try(sizes[_i], 999, fail_some, &(size_t){400}, &err), CLN_E_IO);
	ck_assert_str_eq(err.message, "item 402");
	ck_assert_int_eq(parallel_try(sizes[_i], 999, fail_some, &(size_t){1}, NULL), CLN_E_DATA);
}
END_TEST

/* ---------------------------------------------------------------- the first call of the runtime */

static void nothing_to_do(void *argument, struct team *team, int tid) { (void)argument, (void)team, (void)tid; }
static void no_item(void *argument, size_t item, int tid) { (void)argument, (void)item, (void)tid; }
static enum cln_status no_failure(void *argument, size_t item, int tid, struct cln_error *why)
{
	(void)argument, (void)item, (void)tid, (void)why;
	return CLN_OK;
}
static enum cln_status a_failure(void *argument, size_t item, int tid, struct cln_error *why)
{
	(void)argument, (void)item, (void)tid;
	return error_set(why, CLN_E_DATA, "item");
}
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
	case 4: assert_ok(parallel_try(1, 1, no_failure, NULL, &err)); break;
	case 5: ck_assert_int_eq(parallel_try(1, 1, a_failure, NULL, NULL), CLN_E_DATA); break;
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

/* ---------------------------------------------------------------- fork */

/* ThreadSanitizer ends a child of fork that begins threads. */
#if defined(__SANITIZE_THREAD__)
enum { FORKED_TEST = 0 };
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
enum { FORKED_TEST = 0 };
#else
enum { FORKED_TEST = 1 };
#endif
#else
enum { FORKED_TEST = 1 };
#endif

/* The runtime's threads are the parent's alone. */
START_TEST(child_of_fork_goes_on_without_its_parents_threads)
{
	struct items items = {0};
	int status;

	parallel_for(parallel_limit(2), 2, no_item, NULL);
	const pid_t child = fork();
	if (child == 0) {
		alarm(60);
		parallel_for(parallel_limit(2), 2, count_item, &items);
		_exit(items.count[0] != 1 || items.count[1] != 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
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

/* ---------------------------------------------------------------- lanes */

/* In each lane a team, whose barrier must not be met by another lane's threads, and a loop; plain counters, as above. */
struct lanes_test {
	int n, threads;
	pthread_t caller;
	struct rounds rounds[80];
	int threads_of[80];       /* that ran in a lane */
	atomic_int items[80];     /* of each lane's loop */
	bool caller_leads_the_first;
	enum cln_status too_many[80];
	struct lock *lock;
	int counter;              /* under the lock */
};

static void loop_item(void *argument, size_t item, int tid)
{
	atomic_int *count = argument;
	(void)item;
	(void)tid;
	atomic_fetch_add(count, 1);
}

static void count_body(void *argument, struct team *team, int tid)
{
	atomic_int *count = argument;
	(void)team;
	(void)tid;
	atomic_fetch_add(count, 1);
}

static void lane_of_test(void *argument, int lane)
{
	struct lanes_test *test = argument;
	struct rounds *rounds = &test->rounds[lane];
	const int n = parallel_lane_threads(lane, test->n, test->threads);
	atomic_int ran = 0;
	*rounds = (struct rounds){.n = n, .n_rounds = 50};
	if (lane == 0)
		test->caller_leads_the_first = pthread_equal(pthread_self(), test->caller);
	for (int round = 0; round < 5; round++) {
		if (parallel_run(n, rounds_body, rounds, NULL) != CLN_OK || parallel_run(n, count_body, &ran, NULL) != CLN_OK ||
		    parallel_run(1, count_body, &ran, NULL) != CLN_OK)
			return;
		parallel_for(test->threads + 3, 100, loop_item, &test->items[lane]);
	}
	test->threads_of[lane] = ran / 5 - 1;
	test->too_many[lane] = test->n > 1 ? parallel_run(n + 1, count_body, &ran, NULL) : CLN_E_USAGE;
	for (int round = 0; round < 100; round++) {
		lock_enter(test->lock);
		test->counter++;
		lock_leave(test->lock);
	}
}

static const int lane_numbers[][2] = {{1, 1}, {1, 3}, {2, 2}, {2, 3}, {2, 5}, {3, 3}, {3, 8}, {5, 5}, {3, 40}};
#define N_LANE_NUMBERS ((int)(sizeof lane_numbers / sizeof *lane_numbers))

START_TEST(lanes_run_side_by_side_each_by_its_own_threads)
{
	struct lanes_test *test = mem_alloc(1, sizeof *test, NULL);
	ck_assert_ptr_nonnull(test);
	test->threads = parallel_limit(lane_numbers[_i][1]);
	test->n = lane_numbers[_i][0] < test->threads ? lane_numbers[_i][0] : test->threads;
	test->caller = pthread_self();
	assert_ok(lock_create(&test->lock, test->threads, &err));
	assert_ok(parallel_lanes(test->n, test->threads, lane_of_test, test, &err));
	ck_assert(test->caller_leads_the_first);
	int threads = 0;
	for (int lane = 0; lane < test->n; lane++) {
		for (int tid = 0; tid < test->rounds[lane].n; tid++)
			ck_assert_int_eq(test->rounds[lane].wrong[tid], 0);
		ck_assert_int_eq(test->threads_of[lane], test->rounds[lane].n);
		ck_assert_int_eq(test->items[lane], 500);
		ck_assert_int_eq(test->too_many[lane], CLN_E_USAGE);
		threads += test->rounds[lane].n;
	}
	ck_assert_int_eq(threads, test->threads);
	ck_assert_int_eq(test->counter, 100 * test->n);
	lock_destroy(test->lock);
	mem_free(test);
}
END_TEST

/* Both wait for the other one, so neither can come before it. */
static void meet_the_other(void *argument, int lane)
{
	struct lanes_test *test = argument;
	(void)lane;
	lock_enter(test->lock);
	test->counter++;
	while (test->counter < test->n)
		lock_wait(test->lock);
	lock_leave(test->lock);
}

START_TEST(lanes_can_wait_for_each_other)
{
	struct lanes_test *test = mem_alloc(1, sizeof *test, NULL);
	ck_assert_ptr_nonnull(test);
	test->n = test->threads = parallel_limit(3);
	assert_ok(lock_create(&test->lock, test->threads, &err));
	assert_ok(parallel_lanes(test->n, test->threads, meet_the_other, test, &err));
	ck_assert_int_eq(test->counter, test->n);
	lock_destroy(test->lock);
	mem_free(test);
}
END_TEST

START_TEST(lanes_without_a_thread_are_refused)
{
	static const int wrong[][2] = {{0, 1}, {2, 1}, {-1, 3}, {3, PARALLEL_MAX + 1}};
	for (size_t i = 0; i < 4; i++) {
		struct lanes_test test = {.n = wrong[i][0]};
		struct cln_error why = {0};
		ck_assert_int_eq(parallel_lanes(wrong[i][0], wrong[i][1], meet_the_other, &test, &why), CLN_E_USAGE);
		ck_assert_int_eq(test.counter, 0);
	}
}
END_TEST

struct nested_lanes {
	struct lanes_test test;
	enum cln_status status;
};

static void nest_lanes(void *argument, struct team *team, int tid)
{
	struct nested_lanes *nested = argument;
	(void)team;
	if (tid == 0)
		nested->status = parallel_lanes(2, 2, meet_the_other, &nested->test, NULL);
}

/* A region inside a region has one thread. */
START_TEST(lanes_that_the_runtime_does_not_give_are_refused)
{
	struct nested_lanes nested = {.status = CLN_OK};
	assert_ok(parallel_run(parallel_limit(2), nest_lanes, &nested, &err));
	ck_assert_int_eq(nested.status, CLN_E_USAGE);
	ck_assert_int_eq(nested.test.counter, 0);
}
END_TEST

static Suite *parallel_suite(void)
{
	Suite *suite = suite_create("parallel");
	TCase *run = tcase_create("parallel_run");
	TCase *barrier = tcase_create("team_barrier");
	TCase *loop = tcase_create("parallel_for");
	TCase *first = tcase_create("the first call");
	TCase *forked = tcase_create("fork");
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
	TCase *lanes = tcase_create("lanes");
	tcase_set_timeout(lanes, 20);
	suite_add_tcase(suite, lanes);
	tcase_add_loop_test(lanes, lanes_run_side_by_side_each_by_its_own_threads, 0, N_LANE_NUMBERS);
	tcase_add_test(lanes, lanes_can_wait_for_each_other);
	tcase_add_test(lanes, lanes_without_a_thread_are_refused);
	tcase_add_test(lanes, lanes_that_the_runtime_does_not_give_are_refused);
	tcase_add_loop_test(loop, loop_runs_every_item_once, 0, N_SIZES);
	tcase_add_loop_test(loop, loop_uses_no_more_threads_than_it_was_given, 0, N_SIZES);
	tcase_add_test(loop, loop_over_nothing_runs_nothing);
	tcase_add_test(loop, loop_on_one_thread_runs_in_ascending_order);
	tcase_add_loop_test(loop, the_least_item_that_failed_is_told_whatever_the_threads, 0, N_SIZES);
	tcase_add_loop_test(first, a_namesake_killed_while_its_runtime_began_is_forgotten, 0, 14);
	tcase_add_loop_test(forked, child_of_fork_goes_on_without_its_parents_threads, 0, FORKED_TEST);
	tcase_add_loop_test(split, split_covers_all_without_gap_or_overlap, 0, 50);
	tcase_add_loop_test(split, split_sizes_differ_by_at_most_1, 0, 50);

	suite_add_tcase(suite, run);
	suite_add_tcase(suite, barrier);
	suite_add_tcase(suite, loop);
	suite_add_tcase(suite, first);
	suite_add_tcase(suite, forked);
	suite_add_tcase(suite, split);
	return suite;
}

TESTING_MAIN(parallel_suite)
