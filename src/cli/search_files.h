/* SPDX-License-Identifier: MIT
 * The directory of a search, which jobs on any nodes share.  search.json says what is searched; a kernel lock keeps each of the
 * things that one job at a time may do, as a byte of the file .lock, so that it ends with the process. */
#ifndef CLI_SEARCH_FILES_H
#define CLI_SEARCH_FILES_H

#include "cli/run_directory.h"
#include "cli/run_record.h"
#include "cli/search_space.h"

#define SEARCH_CONFIG "best.conf"
#define SEARCH_BEST "best" /* the winner's run directory */

struct search_files {
	const char *folder;           /* lent, as are ... */
	const struct options *options; /* ... in force, and */
	const struct search_space *space;
	int lock;                     /* file descriptor; -1: none */
	char id[17];                  /* of all that shapes the trials: the same in all files of a search */
};

/* The bytes that are locked. */
enum search_place { SEARCH_SET_UP, SEARCH_REFIT, SEARCH_PRESENT, SEARCH_FINISHING, SEARCH_FIRST_TRIAL };

/* Makes the directory and search.json, or finds that what is there is the same search.  CLN_E_USAGE: it is another one, named; with
 * options->force it goes away, unless another job is at work on it.  data: options and tables.  From here on this job is present
 * (SEARCH_PRESENT, shared). */
enum cln_status search_files_open(struct search_files *files, const struct run_record *data, const struct search_space *space,
				  struct cln_error *err) CLN_MUST_CHECK;
void search_files_close(struct search_files *files);

/* DIR/name */
enum cln_status search_files_path(char path[RUN_PATH], const struct search_files *files, const char *name,
				  struct cln_error *err) CLN_MUST_CHECK;
bool search_files_hold(const struct search_files *files, const char *name);

/* *ours: the place is locked; else another process has it. */
enum cln_status search_files_lock(bool *ours, const struct search_files *files, size_t place, struct cln_error *err) CLN_MUST_CHECK;
void search_files_unlock(const struct search_files *files, size_t place);

/* All trials are done, and the place of the winner is ours: what processes that were killed have left goes away, where no other job
 * is present. */
enum cln_status search_files_clean(const struct search_files *files, struct cln_error *err) CLN_MUST_CHECK;

/* This job is no longer present, but until it ends still at work (SEARCH_FINISHING, shared): --force of another one is refused. */
enum cln_status search_files_leave(const struct search_files *files, struct cln_error *err) CLN_MUST_CHECK;

/* Whether another job is present. */
bool search_files_shared(const struct search_files *files);

/* The options of a trial, from 1: those in force with its values. */
void search_files_trial(struct options *trial, const struct search_files *files, size_t number);

/* "values": {...}, what is drawn for it, into an open object. */
void search_files_write_values(struct json_writer *writer, const struct search_files *files, const struct options *trial);

#endif
