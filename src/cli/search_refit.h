/* SPDX-License-Identifier: MIT
 * The winner of a search: its options as a config file, and its training, which is that of colonnade train with this file. */
#ifndef CLI_SEARCH_REFIT_H
#define CLI_SEARCH_REFIT_H

#include "cli/search_files.h"

struct search_refit {
	bool done;                       /* there is a run of the winner; else: */
	bool elsewhere;                  /* another job is at it */
	int code;                        /* of train, which has told why; 0: it ended well, or there was none */
	struct cln_metrics valid, test;  /* of a run that is done; rows = 0: there are none */
};

/* best.conf of a trial, for text_free.  CLN_E_USAGE: it has no room for the options. */
enum cln_status search_refit_config(struct text *config, const struct search_files *files, size_t trial,
				    struct cln_error *err) CLN_MUST_CHECK;

/* The lock of the winner; waits for another job that is at another one than this trial, while one that is at the same is left
 * alone (refit->elsewhere).  CLN_STOPPED: a signal came while it waited. */
enum cln_status search_refit_lock(struct search_refit *refit, const struct search_files *files, size_t trial,
				  struct cln_error *err) CLN_MUST_CHECK;

/* The lock is ours, and goes back.  Writes best.conf, and trains the winner unless that is done or not wished for
 * (options->refit).  complete: no trial is gone on with. */
enum cln_status search_refit(struct search_refit *refit, const struct search_files *files, size_t trial, bool complete,
			     struct cln_error *err) CLN_MUST_CHECK;

/* Waits a little, each time somewhat longer; true: a signal asks for an end. */
bool search_wait(size_t *times);

#endif
