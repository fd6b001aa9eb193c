/* SPDX-License-Identifier: MIT
 * Signals, periods and limits: signals that a test sends to itself, by a clock and a timer that it sets.  Where the process would
 * end, _exit jumps back; the program is linked with --wrap for all three. */
#include "testing.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "cli/interrupt.h"

static bool made_up; /* the clock is ours */
static double seconds, alarm_in;
static int n_alarms;

int __real_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	if (!made_up)
		return __real_clock_gettime(clock, time);
	*time = (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)(1e9 * (seconds - floor(seconds)))};
	return 0;
}

int __wrap_setitimer(int which, const struct itimerval *timer, struct itimerval *old);
int __wrap_setitimer(int which, const struct itimerval *timer, struct itimerval *old)
{
	ck_assert(which == ITIMER_REAL && old == NULL);
	alarm_in = (double)timer->it_value.tv_sec + 1e-6 * (double)timer->it_value.tv_usec;
	n_alarms++;
	return 0;
}

static sigjmp_buf back;
static volatile int ended_with;

_Noreturn void __wrap__exit(int code);
_Noreturn void __wrap__exit(int code)
{
	ended_with = code;
	siglongjmp(back, 1);
}

/* The code that the process ends with at a signal; -1: it goes on. */
static int ends_with(int number)
{
	ended_with = -1;
	if (sigsetjmp(back, 1) == 0)
		raise(number);
	return ended_with;
}

/* The same where another process tells of it. */
static int ends_by_hearing(int number)
{
	ended_with = -1;
	if (sigsetjmp(back, 1) == 0)
		interrupt_hear(number);
	return ended_with;
}

static FILE *messages;

static void catch_messages(void)
{
	messages = tmpfile();
	ck_assert_ptr_nonnull(messages);
	ck_assert_int_eq(dup2(fileno(messages), STDERR_FILENO), STDERR_FILENO);
	ck_assert(signal(SIGHUP, SIG_DFL) != SIG_ERR); /* whatever started us may have it ignored, as nohup does */
	seconds = 1000;
	made_up = true;
}

static void assert_told(const char *expected)
{
	char text[512] = "";
	ssize_t length = pread(fileno(messages), text, sizeof text - 1, 0);
	ck_assert_int_ge(length, 0);
	ck_assert_str_eq(text, expected);
}

static void begin(double checkpoint_every, double time_limit)
{
	interrupt_begin(&(struct interrupt_settings){checkpoint_every, time_limit, 75, "--resume"});
}

/* ---------------------------------------------------------------- before the first step */

static char folder[] = "/tmp/test_interrupt.XXXXXX", file[64];

static void make_lock(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(file, sizeof file, "%s/.lock", folder);
	FILE *lock = fopen(file, "w");
	ck_assert_ptr_nonnull(lock);
	ck_assert_int_eq(fclose(lock), 0);
}

START_TEST(a_signal_before_the_first_step_ends_the_process_and_leaves_nothing)
{
	struct stat info;
	make_lock();
	begin(0, 0);
	interrupt_clean(file, folder);
	ck_assert_int_eq(ends_with(SIGTERM), 75);
	assert_told("colonnade: stopped by SIGTERM before the first step: nothing was done, and nothing is lost\n");
	ck_assert_int_ne(stat(folder, &info), 0);
}
END_TEST

START_TEST(what_was_there_before_stays)
{
	struct stat info;
	make_lock();
	begin(0, 0);
	ck_assert_int_eq(ends_with(SIGINT), 75);
	interrupt_clean(file, folder);
	interrupt_clean(NULL, NULL); /* the run has ended */
	ck_assert_int_eq(ends_with(SIGINT), 75);
	ck_assert_int_eq(stat(file, &info), 0);
	ck_assert_int_eq(unlink(file), 0);
	interrupt_clean(file, folder); /* a lock that somebody else has taken away: the directory may be theirs by now */
	ck_assert_int_eq(ends_with(SIGINT), 75);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

/* ---------------------------------------------------------------- while it trains */

static const struct {
	int number;
	const char *name;
} signals[] = {{SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"},   {SIGUSR1, "SIGUSR1"},
	       {SIGUSR2, "SIGUSR2"}, {SIGXCPU, "SIGXCPU"}, {SIGHUP, "SIGHUP"}};

START_TEST(the_first_signal_asks_for_a_checkpoint_and_the_end)
{
	begin(0, 0);
	interrupt_train(false);
	ck_assert_int_eq(interrupt_ask(NULL), CLN_GO_ON);
	ck_assert_str_eq(interrupt_reason(), "a signal"); /* none yet, and so none of a name */
	ck_assert_int_eq(ends_with(signals[_i].number), -1);
	ck_assert_int_eq(interrupt_ask(NULL), CLN_SAVE_AND_STOP);
	ck_assert_str_eq(interrupt_reason(), signals[_i].name);
	assert_told("");
}
END_TEST

START_TEST(a_second_signal_within_a_tenth_of_a_second_is_the_same)
{
	begin(0, 0);
	interrupt_train(true);
	ck_assert_int_eq(ends_with(SIGTERM), -1);
	seconds += 0.09;
	ck_assert_int_eq(ends_with(SIGTERM), -1);
	ck_assert_int_eq(interrupt_ask(NULL), CLN_SAVE_AND_STOP);
	assert_told("");
}
END_TEST

START_TEST(a_later_one_ends_the_process_at_once)
{
	begin(0, 0);
	interrupt_train(false);
	ck_assert_int_eq(ends_with(SIGTERM), -1);
	seconds += 0.11;
	ck_assert_int_eq(ends_with(SIGUSR1), 1);
	assert_told("colonnade: ended at once by a second signal, SIGUSR1; there was no checkpoint yet\n");
}
END_TEST

/* The kernel sends one for every second of CPU time beyond a soft limit. */
START_TEST(more_cpu_time_beyond_its_limit_is_no_second_signal)
{
	begin(0, 0);
	interrupt_train(false);
	for (int i = 0; i < 3; i++, seconds++)
		ck_assert_int_eq(ends_with(SIGXCPU), -1);
	ck_assert_int_eq(interrupt_ask(NULL), CLN_SAVE_AND_STOP);
	ck_assert_str_eq(interrupt_reason(), "SIGXCPU");
	ck_assert_int_eq(ends_with(SIGTERM), 1);
}
END_TEST

/* The checkpoint is one that the run began from, or one that it wrote. */
START_TEST(with_a_checkpoint_it_can_be_gone_on_with)
{
	begin(0, 0);
	interrupt_train(_i == 0);
	ck_assert_int_eq(ends_with(SIGTERM), -1);
	ck_assert_int_eq(interrupt_ask(NULL), CLN_SAVE_AND_STOP);
	if (_i == 1)
		interrupt_saved(true);
	seconds += 1;
	ck_assert_int_eq(ends_with(SIGINT), 75);
	assert_told("colonnade: ended at once by a second signal, SIGINT; "
		    "the last checkpoint is intact: --resume goes on from it\n");
}
END_TEST

START_TEST(a_signal_while_results_are_written_is_not_heeded)
{
	begin(0, 0);
	interrupt_train(false);
	interrupt_finish();
	ck_assert_int_eq(ends_with(SIGTERM), -1);
	assert_told("");
}
END_TEST

/* Whether there was a checkpoint or not: it may be gone, and is not needed any more. */
START_TEST(a_second_one_when_they_are_written_speaks_of_no_checkpoint)
{
	begin(0, 0);
	interrupt_train(_i == 0);
	interrupt_finish();
	interrupt_complete();
	ck_assert_int_eq(ends_with(SIGTERM), -1);
	seconds += 1;
	ck_assert_int_eq(ends_with(SIGINT), 75);
	assert_told("colonnade: ended at once by a second signal, SIGINT; the results are written\n");
}
END_TEST

START_TEST(a_follower_tells_of_a_signal_once_and_leaves_the_end_to_its_leader)
{
	interrupt_follow();
	ck_assert_int_eq(interrupt_heard(), 0);
	ck_assert_int_eq(ends_with(SIGUSR1), -1);
	ck_assert_int_eq(interrupt_heard(), SIGUSR1);
	ck_assert_int_eq(interrupt_heard(), 0);
	seconds += 4.9;
	ck_assert_int_eq(ends_with(SIGTERM), -1);
	assert_told("");
	seconds += 0.2;
	ck_assert_int_eq(ends_with(SIGTERM), 1);
	assert_told("colonnade: a rank is ended by another signal, SIGTERM\n");
}
END_TEST

/* A launcher sends all processes the same signal: in either order, however long a step is. */
START_TEST(the_copy_of_another_process_is_not_a_second_signal)
{
	begin(0, 0);
	interrupt_train(false);
	ck_assert_int_eq(ends_with(SIGUSR1), -1);
	seconds += 3;
	ck_assert_int_eq(ends_by_hearing(SIGUSR1), -1);
	ck_assert_int_eq(interrupt_ask(NULL), CLN_SAVE_AND_STOP);
	assert_told("");
	ck_assert_int_eq(ends_with(SIGUSR1), 1); /* but this one is */
}
END_TEST

START_TEST(its_own_copy_of_what_was_heard_is_not_a_second_signal)
{
	begin(0, 0);
	interrupt_train(false);
	ck_assert_int_eq(ends_by_hearing(SIGUSR1), -1);
	ck_assert_int_eq(ends_by_hearing(SIGUSR1), -1); /* of yet another one */
	ck_assert_int_eq(interrupt_ask(NULL), CLN_SAVE_AND_STOP);
	ck_assert_str_eq(interrupt_reason(), "SIGUSR1");
	seconds += 3;
	ck_assert_int_eq(ends_with(SIGUSR1), -1);
	seconds += 0.09;
	ck_assert_int_eq(ends_with(SIGUSR1), -1); /* sent twice */
	assert_told("");
	seconds += 0.02;
	ck_assert_int_eq(ends_with(SIGUSR1), 1);
}
END_TEST

START_TEST(another_signal_than_what_was_heard_is_a_second_one)
{
	begin(0, 0);
	interrupt_train(false);
	ck_assert_int_eq(ends_by_hearing(SIGUSR1), -1);
	seconds += 0.11;
	ck_assert_int_eq(ends_with(SIGTERM), 1);
}
END_TEST

START_TEST(a_hang_up_that_is_ignored_stays_ignored)
{
	signal(SIGHUP, SIG_IGN);
	begin(0, 0);
	interrupt_train(false);
	ck_assert_int_eq(ends_with(SIGHUP), -1);
	ck_assert_int_eq(interrupt_ask(NULL), CLN_GO_ON);
}
END_TEST

START_TEST(signals_that_were_blocked_are_heeded)
{
	sigset_t all;
	sigfillset(&all);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &all, NULL), 0);
	begin(0, 0);
	interrupt_train(false);
	ck_assert_int_eq(ends_with(SIGUSR2), -1);
	ck_assert_int_eq(interrupt_ask(NULL), CLN_SAVE_AND_STOP);
}
END_TEST

/* ---------------------------------------------------------------- periods and limits */

/* The timer takes whole microseconds, and rounds down. */
static void assert_alarm_in(double expected)
{
	ck_assert_double_eq_tol(alarm_in, expected, 1e-6);
}

START_TEST(without_period_and_limit_no_timer_runs)
{
	begin(0, 0);
	interrupt_train(false);
	ck_assert_int_eq(n_alarms, 0);
	raise(SIGALRM); /* somebody else's */
	ck_assert_int_eq(interrupt_ask(NULL), CLN_GO_ON);
	ck_assert_int_eq(n_alarms, 0);
}
END_TEST

START_TEST(a_checkpoint_is_wished_for_at_its_period)
{
	begin(10, 0);
	interrupt_train(false);
	assert_alarm_in(10);
	seconds = 1006;
	raise(SIGALRM); /* too early */
	ck_assert_int_eq(interrupt_ask(NULL), CLN_GO_ON);
	assert_alarm_in(4);
	seconds = 1010.5;
	raise(SIGALRM);
	ck_assert_int_eq(interrupt_ask(NULL), CLN_SAVE);
	seconds = 1011;
	interrupt_saved(false);
	assert_alarm_in(10);
	ck_assert_int_eq(interrupt_ask(NULL), CLN_GO_ON);
}
END_TEST

/* 2 % of the limit are kept for the end, at most 20 seconds. */
static const struct {
	double limit, stops_after;
} limits[] = {{100, 98}, {1000, 980}, {36000, 35980}};

START_TEST(a_limit_stops_the_run_with_time_to_write)
{
	begin(0, limits[_i].limit);
	seconds += 5; /* the rows were read */
	interrupt_train(false);
	assert_alarm_in(limits[_i].stops_after - 5);
	seconds = 1000 + limits[_i].stops_after;
	raise(SIGALRM);
	ck_assert_int_eq(interrupt_ask(NULL), CLN_SAVE_AND_STOP);
	ck_assert_str_eq(interrupt_reason(), "the time limit");
}
END_TEST

START_TEST(a_limit_is_heard_before_the_first_step)
{
	begin(10, 100);
	assert_alarm_in(98);
	seconds = 1098;
	raise(SIGALRM);
	ck_assert_int_eq(interrupt_ask(NULL), CLN_SAVE_AND_STOP);
	ck_assert_str_eq(interrupt_reason(), "the time limit");
}
END_TEST

START_TEST(a_limit_that_is_over_when_the_rows_are_read_still_allows_a_step)
{
	begin(0, 1);
	seconds += 2;
	interrupt_train(false);
	ck_assert_int_eq(n_alarms, 1); /* that of the beginning */
	ck_assert_int_eq(interrupt_ask(NULL), CLN_SAVE_AND_STOP);
	ck_assert_str_eq(interrupt_reason(), "the time limit");
}
END_TEST

/* Writing a checkpoint took three seconds: six more are kept for the last one. */
START_TEST(a_slow_disk_gets_more_time_before_the_limit)
{
	begin(10, 100);
	interrupt_train(false);
	seconds = 1010;
	raise(SIGALRM);
	ck_assert_int_eq(interrupt_ask(NULL), CLN_SAVE);
	seconds = 1013;
	interrupt_saved(true);
	seconds = 1089;
	raise(SIGALRM);
	ck_assert_int_eq(interrupt_ask(NULL), CLN_SAVE);
	interrupt_saved(true); /* at once: the three seconds still count */
	assert_alarm_in(3);
	seconds = 1092;
	raise(SIGALRM);
	ck_assert_int_eq(interrupt_ask(NULL), CLN_SAVE_AND_STOP);
	ck_assert_str_eq(interrupt_reason(), "the time limit");
}
END_TEST

/* A search begins nothing that would not end in time. */
START_TEST(what_would_reach_the_limit_is_known)
{
	begin(0, 100);
	interrupt_train(true);
	ck_assert(!interrupt_exceeds(97.9));
	ck_assert(interrupt_exceeds(98));
	seconds += 50;
	ck_assert(!interrupt_exceeds(47.9));
	ck_assert(interrupt_exceeds(48));
	begin(0, 0);
	ck_assert(!interrupt_exceeds(1e9));
}
END_TEST

START_TEST(a_signal_is_a_state_that_asking_does_not_take_away)
{
	begin(0, 100);
	interrupt_train(true);
	ck_assert(!interrupt_signalled());
	seconds += 99;
	raise(SIGALRM);
	ck_assert_int_eq(interrupt_ask(NULL), CLN_SAVE_AND_STOP);
	ck_assert(!interrupt_signalled());
	ck_assert_str_eq(interrupt_reason(), "the time limit");
	ck_assert_int_eq(ends_with(SIGTERM), -1);
	ck_assert_int_eq(interrupt_ask(NULL), CLN_SAVE_AND_STOP);
	ck_assert(interrupt_signalled());
	ck_assert_str_eq(interrupt_reason(), "SIGTERM");
}
END_TEST

static Suite *interrupt_suite(void)
{
	Suite *suite = suite_create("interrupt");
	TCase *first = tcase_create("before the first step"), *training = tcase_create("training"),
	      *time = tcase_create("periods and limits");

	tcase_add_checked_fixture(first, catch_messages, NULL);
	tcase_add_test(first, a_signal_before_the_first_step_ends_the_process_and_leaves_nothing);
	tcase_add_test(first, what_was_there_before_stays);
	suite_add_tcase(suite, first);
	tcase_add_checked_fixture(training, catch_messages, NULL);
	tcase_add_loop_test(training, the_first_signal_asks_for_a_checkpoint_and_the_end, 0, sizeof signals / sizeof *signals);
	tcase_add_test(training, a_second_signal_within_a_tenth_of_a_second_is_the_same);
	tcase_add_test(training, a_later_one_ends_the_process_at_once);
	tcase_add_test(training, more_cpu_time_beyond_its_limit_is_no_second_signal);
	tcase_add_loop_test(training, with_a_checkpoint_it_can_be_gone_on_with, 0, 2);
	tcase_add_test(training, a_signal_while_results_are_written_is_not_heeded);
	tcase_add_loop_test(training, a_second_one_when_they_are_written_speaks_of_no_checkpoint, 0, 2);
	tcase_add_test(training, a_follower_tells_of_a_signal_once_and_leaves_the_end_to_its_leader);
	tcase_add_test(training, the_copy_of_another_process_is_not_a_second_signal);
	tcase_add_test(training, its_own_copy_of_what_was_heard_is_not_a_second_signal);
	tcase_add_test(training, another_signal_than_what_was_heard_is_a_second_one);
	tcase_add_test(training, a_hang_up_that_is_ignored_stays_ignored);
	tcase_add_test(training, signals_that_were_blocked_are_heeded);
	suite_add_tcase(suite, training);
	tcase_add_checked_fixture(time, catch_messages, NULL);
	tcase_add_test(time, without_period_and_limit_no_timer_runs);
	tcase_add_test(time, a_checkpoint_is_wished_for_at_its_period);
	tcase_add_loop_test(time, a_limit_stops_the_run_with_time_to_write, 0, sizeof limits / sizeof *limits);
	tcase_add_test(time, a_limit_is_heard_before_the_first_step);
	tcase_add_test(time, a_limit_that_is_over_when_the_rows_are_read_still_allows_a_step);
	tcase_add_test(time, a_slow_disk_gets_more_time_before_the_limit);
	tcase_add_test(time, what_would_reach_the_limit_is_known);
	tcase_add_test(time, a_signal_is_a_state_that_asking_does_not_take_away);
	suite_add_tcase(suite, time);
	return suite;
}

TESTING_MAIN(interrupt_suite)
