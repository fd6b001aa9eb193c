/* SPDX-License-Identifier: MIT
 * The trials of a search, rung after rung: those that are done are read, those that another job is at are waited for, the others
 * are trained. */
#ifndef CLI_SEARCH_RUN_H
#define CLI_SEARCH_RUN_H

#include "cli/search_trial.h"

/* What came of a trial on a rung. */
struct trial_result {
	bool done, diverged;
	struct cln_metrics metrics;
};

struct search_run {
	const struct options *options; /* in force, lent, as are ... */
	const struct search_files *files;
	struct trial_work work;
	struct search_plan plan;
	size_t *epochs;                /* of each trial on the last rung */
	struct trial_result *results;  /* plan.rungs times plan.trials */
	struct search_score *scores;   /* of the trials on the rung under way, best first once it is done */
	double seconds, epochs_done;   /* of all trials known of, for what the next ones will take */
	bool worked;                   /* this process has trained */
	bool by_clock;                 /* the time limit has ended it */
};

/* The plan, for as many trials as options say. */
enum cln_status search_run_create(struct search_run *run, const struct trial_work *work, struct cln_error *err) CLN_MUST_CHECK;
void search_run_free(struct search_run *run);

/* All rungs.  CLN_STOPPED: by a signal or the time limit; with the latter all results that fit the plan are known, from whatever
 * search they are. */
enum cln_status search_run_trials(struct search_run *run, struct cln_error *err) CLN_MUST_CHECK;

/* What came of a trial, from 1, on a rung, from 0. */
const struct trial_result *search_run_result(const struct search_run *run, size_t rung, size_t trial);

/* Takes over what is in the files of all trials: what others have trained, and farther than this job came. */
enum cln_status search_run_look(struct search_run *run, struct cln_error *err) CLN_MUST_CHECK;

#endif
