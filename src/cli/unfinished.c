/* SPDX-License-Identifier: MIT
 * A signal has no argument, so what its handler needs is the one variable of this file. */
#include "cli/unfinished.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static _Atomic(const char *) unfinished;
_Static_assert(ATOMIC_POINTER_LOCK_FREE == 2, "a handler may use atomics that have no lock");

/* What ends a process by default and does not come of a mistake in it. */
static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGQUIT, SIGUSR1, SIGUSR2, SIGXCPU};

/* The handler is gone and the signal not blocked (SA_RESETHAND, SA_NODEFER): raised again, it ends the process as it would have
 * without us, so that whoever waits for it sees that. */
static void on_signal(int number)
{
	const char *file = atomic_load(&unfinished);

	if (file)
		unlink(file);
	raise(number);
}

void unfinished_begin(void)
{
	const struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};
	struct sigaction old;

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
}

void unfinished_file(const char *temporary)
{
	atomic_store(&unfinished, temporary);
}
