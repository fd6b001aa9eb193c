/* SPDX-License-Identifier: MIT
 * One trial of a search: trained, judged by rows that it did not learn from, and written down. */
#ifndef CLI_SEARCH_TRIAL_H
#define CLI_SEARCH_TRIAL_H

#include "cli/search_record.h"

struct trial_work {
	const struct search_files *files;
	struct cln_table *train, *valid; /* valid: NULL where there is no file of it */
	struct progress *progress;       /* lent; all messages of a search go through it, or its bar is cleared before */
	bool fold_done;                  /* by this process */
	bool told; /* what is to be said of the data was said, by the first trial */
};

/* Trains the trial of this record, whose lock is ours, for so many epochs, of which it may have done a part already, and writes it.
 * CLN_STOPPED: the observer's wish; what is done is written. */
enum cln_status trial_train(struct trial_record *record, struct trial_work *work, size_t epochs,
			    struct cln_error *err) CLN_MUST_CHECK;

#endif
