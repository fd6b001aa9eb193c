/* SPDX-License-Identifier: MIT
 * trial-0007.json: what came of a trial, as far as it was trained. */
#ifndef CLI_SEARCH_RECORD_H
#define CLI_SEARCH_RECORD_H

#include "cli/search_files.h"
#include "report/run_files.h"

enum trial_state { TRIAL_UNFINISHED, TRIAL_DONE, TRIAL_DIVERGED };

/* A trial trained for so many epochs; with --folds several times, and judged by each. */
struct trial_run {
	size_t epochs;
	enum trial_state state;
	struct cln_metrics metrics; /* of rows not trained on; of folds their mean */
	struct cln_metrics *folds;  /* owned; of the first n_folds, as far as they are done; NULL without --folds */
	size_t n_folds;
	double seconds;
};

struct trial_record {
	size_t trial; /* from 1 */
	struct trial_run *runs;
	size_t n;
};

/* Empty where there is no file.  CLN_E_USAGE: it is of another search; CLN_E_DAMAGED: it is not what was written. */
enum cln_status trial_record_read(struct trial_record *record, const struct search_files *files, size_t trial,
				  struct cln_error *err) CLN_MUST_CHECK;
enum cln_status trial_record_write(const struct trial_record *record, const struct search_files *files,
				   struct cln_error *err) CLN_MUST_CHECK;
void trial_record_free(struct trial_record *record);

/* The run of so many epochs, NULL: there is none; and the same, made where there is none (NULL: no memory). */
struct trial_run *trial_record_find(const struct trial_record *record, size_t epochs);
struct trial_run *trial_record_add(struct trial_record *record, size_t epochs, size_t folds, struct cln_error *err);

/* "DIR/trial-0007.json", "DIR/trial-0007.checkpoint" */
enum cln_status trial_path(char path[RUN_PATH], const struct search_files *files, size_t trial, const char *ending,
			   struct cln_error *err) CLN_MUST_CHECK;

#endif
