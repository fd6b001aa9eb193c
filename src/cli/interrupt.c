/* SPDX-License-Identifier: MIT
 * A signal has no argument, so what its handler needs is the one variable of this file.  Handlers only touch lock-free atomics and
 * call what POSIX allows them; the timer is a signal, too, so that no step reads the clock. */
#include "cli/interrupt.h"

#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SAME_SIGNAL 0.1     /* seconds within which a second signal is the first one, sent twice */
#define FOLLOWER_PATIENCE 5.0 /* seconds after which a signal ends a process whose leader has not ended by then */
#define MARGIN_SHARE 0.02   /* of the time limit is kept for a step and the write ... */
#define MARGIN_MOST 20.0    /* ... but not more seconds than this, and twice the longest write */

enum phase { PHASE_READING, PHASE_TRAINING, PHASE_FINISHING };

static struct {
	atomic_int phase;
	atomic_int pending;   /* something is to be looked at */
	atomic_int signal;    /* the first one; 0: none yet */
	atomic_int heard;     /* the same, where another process was sent it, until this one has its own copy */
	atomic_int saved;     /* there is a checkpoint */
	atomic_int complete;  /* the results are in place, and the checkpoint is about to go */
	_Atomic double signal_time;
	struct interrupt_settings settings;
	const char *file, *directory;
	double stop_at, save_at; /* INFINITY: never */
	double asked_at, longest_write;
	bool limit_reached;
} interrupt = {.signal_time = INFINITY}; /* until it is known no signal comes after it */
_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2, "a handler may use atomics that have no lock");

static const struct {
	int number;
	const char *name;
} signals[] = {{SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"},   {SIGUSR1, "SIGUSR1"},
	       {SIGUSR2, "SIGUSR2"}, {SIGXCPU, "SIGXCPU"}, {SIGHUP, "SIGHUP"}};
enum { N_SIGNALS = sizeof signals / sizeof *signals };

static const char *signal_name(int number)
{
	for (size_t i = 0; i < N_SIGNALS; i++)
		if (signals[i].number == number)
			return signals[i].name;
	return "a signal";
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---------------------------------------------------------------- in the handler */

static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return; /* nobody listens */
}

static void end_before_training(int number)
{
	say("colonnade: stopped by ");
	say(signal_name(number));
	say(" before the first step: nothing was done, and nothing is lost\n");
	if (interrupt.file && unlink(interrupt.file) == 0)
		rmdir(interrupt.directory);
	_exit(interrupt.settings.exit_code);
}

static void end_at_once(int number)
{
	const bool complete = atomic_load(&interrupt.complete), saved = atomic_load(&interrupt.saved);

	say("colonnade: ended at once by a second signal, ");
	say(signal_name(number));
	if (saved && !complete) {
		say("; the last checkpoint is intact: ");
		say(interrupt.settings.resume);
		say(" goes on from it\n");
	} else {
		say(complete ? "; the results are written\n" : "; there was no checkpoint yet\n");
	}
	_exit(complete || saved ? interrupt.settings.exit_code : 1);
}

/* Whether a signal that is not the first counts as a second one.  The kernel repeats SIGXCPU for every further second of CPU time
 * (setrlimit(2)), of which many threads take several before a checkpoint is written. */
static bool is_second(int number, double after)
{
	return number != SIGXCPU && now() - atomic_load(&interrupt.signal_time) >= after;
}

static void on_signal(int number)
{
	int none = 0, own = number;

	if (atomic_load(&interrupt.phase) == PHASE_READING)
		end_before_training(number);
	if (atomic_compare_exchange_strong(&interrupt.signal, &none, number) ||
	    atomic_compare_exchange_strong(&interrupt.heard, &own, 0))
		atomic_store(&interrupt.signal_time, now());
	else if (is_second(number, SAME_SIGNAL))
		end_at_once(number);
	atomic_store(&interrupt.pending, 1);
}

/* Where another process decides, which a launcher sends the same signals. */
static void on_followed_signal(int number)
{
	int none = 0;

	if (atomic_compare_exchange_strong(&interrupt.signal, &none, number)) {
		atomic_store(&interrupt.signal_time, now());
		atomic_store(&interrupt.pending, 1);
	} else if (is_second(number, FOLLOWER_PATIENCE)) {
		say("colonnade: a rank is ended by another signal, ");
		say(signal_name(number));
		say("\n");
		_exit(1);
	}
}

static void on_alarm(int number)
{
	(void)number;
	atomic_store(&interrupt.pending, 1);
}

/* ---------------------------------------------------------------- outside of it */

static void set_alarm(void)
{
	const double at = interrupt.stop_at < interrupt.save_at ? interrupt.stop_at : interrupt.save_at;
	struct itimerval timer = {0};

	if (isinf(at))
		return;
	const double left = at - now();
	if (left < 1e-6) { /* 0 would switch the timer off */
		atomic_store(&interrupt.pending, 1);
		return;
	}
	timer.it_value.tv_sec = (time_t)left;
	timer.it_value.tv_usec = (suseconds_t)((left - (double)timer.it_value.tv_sec) * 1e6);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
	sigset_t set;

	sigfillset(&action.sa_mask);
	sigaction(number, &action, NULL);
	/* Whoever started this process may have blocked it. */
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static double limit_of(double start)
{
	const double limit = interrupt.settings.time_limit, share = MARGIN_SHARE * limit;

	return limit > 0 ? start + limit - (share < MARGIN_MOST ? share : MARGIN_MOST) : INFINITY;
}

static void handle_all(void (*handler)(int))
{
	struct sigaction hang_up;

	for (size_t i = 0; i < N_SIGNALS; i++)
		if (signals[i].number != SIGHUP || (sigaction(SIGHUP, NULL, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN))
			handle(signals[i].number, handler);
}

void interrupt_begin(const struct interrupt_settings *settings)
{
	const char *outer = interrupt.settings.resume;

	interrupt.settings = *settings;
	if (outer) /* a command that another one calls */
		interrupt.settings.resume = outer;
	interrupt.stop_at = limit_of(now());
	interrupt.save_at = INFINITY;
	handle(SIGALRM, on_alarm);
	handle_all(on_signal);
	set_alarm(); /* small networks that are trained before the first step ask, too */
}

void interrupt_follow(void)
{
	handle_all(on_followed_signal);
}

int interrupt_heard(void)
{
	return atomic_exchange(&interrupt.pending, 0) ? atomic_load(&interrupt.signal) : 0;
}

void interrupt_hear(int number)
{
	int none = 0;

	if (atomic_compare_exchange_strong(&interrupt.signal, &none, number)) {
		atomic_store(&interrupt.heard, number);
		atomic_store(&interrupt.signal_time, now());
	}
	atomic_store(&interrupt.pending, 1);
}

void interrupt_clean(const char *file, const char *directory)
{
	interrupt.file = NULL; /* a signal may come in between */
	interrupt.directory = directory;
	interrupt.file = file;
}

void interrupt_train(bool saved)
{
	atomic_store(&interrupt.saved, saved);
	atomic_store(&interrupt.phase, PHASE_TRAINING);
	if (interrupt.settings.checkpoint_every > 0)
		interrupt.save_at = now() + interrupt.settings.checkpoint_every;
	set_alarm();
}

enum cln_ask interrupt_ask(void *context)
{
	(void)context;
	if (!atomic_load_explicit(&interrupt.pending, memory_order_relaxed))
		return CLN_GO_ON;
	interrupt.asked_at = now();
	atomic_store(&interrupt.pending, 0); /* first: what comes now is seen below, or at the next step */
	if (atomic_load(&interrupt.signal))
		return CLN_SAVE_AND_STOP;
	if (interrupt.asked_at >= interrupt.stop_at) {
		interrupt.limit_reached = true;
		return CLN_SAVE_AND_STOP;
	}
	const bool save = interrupt.asked_at >= interrupt.save_at;
	if (save) /* until it is written, or for good where a member has failed, so that none is; the limit still counts */
		interrupt.save_at = INFINITY;
	set_alarm();
	return save ? CLN_SAVE : CLN_GO_ON;
}

enum cln_ask interrupt_ask_whole(bool done)
{
	const enum cln_ask ask = interrupt_ask(NULL);

	return ask == CLN_SAVE_AND_STOP && !done && !interrupt_signalled() ? CLN_GO_ON : ask;
}

void interrupt_saved(bool saved)
{
	const double seconds = now() - interrupt.asked_at;

	if (saved)
		atomic_store(&interrupt.saved, 1);
	if (seconds > interrupt.longest_write) {
		interrupt.stop_at -= 2 * (seconds - interrupt.longest_write);
		interrupt.longest_write = seconds;
	}
	if (interrupt.settings.checkpoint_every > 0)
		interrupt.save_at = now() + interrupt.settings.checkpoint_every;
	set_alarm();
}

void interrupt_finish(void)
{
	atomic_store(&interrupt.phase, PHASE_FINISHING);
}

void interrupt_complete(void)
{
	atomic_store(&interrupt.complete, 1);
}

const char *interrupt_resume(void)
{
	return interrupt.settings.resume;
}

const char *interrupt_reason(void)
{
	const int signal = atomic_load(&interrupt.signal);

	return interrupt.limit_reached && !signal ? "the time limit" : signal_name(signal);
}

bool interrupt_signalled(void)
{
	return atomic_load(&interrupt.signal) != 0;
}

bool interrupt_exceeds(double seconds)
{
	return now() + seconds >= interrupt.stop_at;
}
