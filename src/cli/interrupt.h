/* SPDX-License-Identifier: MIT
 * What comes from outside while train runs: signals, the period of checkpoints, the time limit.
 *
 * The first SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGXCPU or SIGHUP (where that is not ignored) stops the run at the end of the
 * mini-batch, with a checkpoint.  A second one, 0.1 s later or more (batch systems send the same one twice), ends the process at
 * once, but for SIGXCPU, which the kernel repeats.  Before the first step there is nothing to save, so the first one ends it; while
 * results are written it is not heeded, as the end is near.  The time limit is heard by whoever asks: in the training, and in the
 * small networks before it. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <colonnade.h>

struct interrupt_settings {
	double checkpoint_every, time_limit; /* seconds; 0: never, none */
	int exit_code;                       /* of a run that can be resumed */
	const char *resume;                  /* what goes on from a checkpoint, for a message: "--resume"; lent */
};

/* From here on signals are heeded.  The time limit counts from now. */
void interrupt_begin(const struct interrupt_settings *settings);

/* What a signal that ends the process before the first step takes away: a lock's file and the directory made for it; lent, NULL:
 * nothing. */
void interrupt_clean(const char *file, const char *directory);

/* The first step is near.  saved: there is a checkpoint already. */
void interrupt_train(bool saved);

/* For cln_observer.ask. */
enum cln_ask interrupt_ask(void *context);

/* The same for what has no checkpoints, as a fold: a process does its first one, until which `done` is false, whatever the time
 * limit, so that calls with a short one come to an end. */
enum cln_ask interrupt_ask_whole(bool done);

/* The checkpoint that interrupt_ask wished for was written, or could not be. */
void interrupt_saved(bool saved);

/* The training is over, and results are written. */
void interrupt_finish(void);

/* They are in place; the checkpoint goes away. */
void interrupt_complete(void);

/* In a process that follows the one that runs the command (api/ranks.h): from here on a signal that would stop a run is kept until
 * interrupt_heard tells of it, once; 0: there is none.  Another one ends the process where that is 5 s later or more; until then it
 * is the leader's to end all. */
void interrupt_follow(void);
int interrupt_heard(void);

/* In the leader: another process was sent this signal, which counts as the first one where there was none.  It is never a second
 * one, and neither is this process's own copy of it: a launcher sends all the same, but not at the same time. */
void interrupt_hear(int number);

/* Why the run was stopped: "SIGTERM", "the time limit". */
const char *interrupt_reason(void);

/* What goes on, in the words of the first that began: search calls train. */
const char *interrupt_resume(void);

/* Whether a signal asks for an end; and whether what takes so many seconds from now on would reach the time limit. */
bool interrupt_signalled(void);
bool interrupt_exceeds(double seconds);

#endif
