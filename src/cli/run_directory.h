/* SPDX-License-Identifier: MIT
 * The directory of a run: made, locked, and never shared.  The lock is the kernel's (fcntl), so it ends with the process, on any
 * node; the text in it says who holds it. */
#ifndef CLI_RUN_DIRECTORY_H
#define CLI_RUN_DIRECTORY_H

#include "cli/options.h"

#define RUN_PATH 4096
#define RUN_CHECKPOINT "checkpoint.safetensors"
#define RUN_REPORT "report.html"
#define RUN_RECORD_LIMIT ((size_t)16 << 20) /* bytes of a run.json */
#define RUN_PREVIOUS "previous" /* the folder that keeps an older run until a new one is finished */

struct run_directory {
	const char *path; /* lent */
	int lock;         /* file descriptor; -1: none */
	bool made;        /* by this process: taken away again where nothing was written */
	bool has_previous; /* an older run's files are in previous/ */
	bool unfinished;   /* there is a checkpoint, which is to be gone on from */
	bool finished;     /* there are model and record, and --resume=auto finds nothing left to do */
};

/* CLN_E_USAGE: what is there is not what `start` and `force` allow for: a run is never overwritten without `force`, and there must
 * be one to continue.  CLN_E_IO: another process is at work there, or it cannot be made.  Temporary files that a killed process has
 * left are taken away. */
enum cln_status run_directory_open(struct run_directory *directory, const char *path, bool force, enum run_start start,
				   struct cln_error *err) CLN_MUST_CHECK;

/* Makes a directory, where there is none, for what several processes share. */
enum cln_status run_directory_make(const char *path, struct cln_error *err) CLN_MUST_CHECK;

/* The run is finished, and nothing is to be gone on from any more. */
enum cln_status run_directory_drop_checkpoint(const struct run_directory *directory, struct cln_error *err) CLN_MUST_CHECK;

/* Moves an older run's files to previous/, so that a directory never mixes two runs and the only copy of a model is never lost. */
enum cln_status run_directory_set_aside(struct run_directory *directory, struct cln_error *err) CLN_MUST_CHECK;

/* Whether what was set aside is this run's model, whose record could not be written before: then it is kept once. */
bool run_directory_repeats_previous(const struct run_directory *directory);

/* Removes what was set aside: the new run is in place. */
enum cln_status run_directory_drop_previous(struct run_directory *directory, struct cln_error *err) CLN_MUST_CHECK;

/* path/name; CLN_E_USAGE: too long. */
enum cln_status run_directory_file(char file[RUN_PATH], const struct run_directory *directory, const char *name,
				   struct cln_error *err) CLN_MUST_CHECK;
bool run_directory_holds(const struct run_directory *directory, const char *name);

/* Gives the lock back; `started` = false: and takes away a directory that this process made and left empty. */
void run_directory_close(struct run_directory *directory, bool started);

#endif
