/* SPDX-License-Identifier: MIT
 * What came of a search: its trials in order, as the report wants them. */
#ifndef CLI_SEARCH_OUTCOME_H
#define CLI_SEARCH_OUTCOME_H

#include "cli/search_run.h"
#include "report/search_report.h"

struct search_outcome {
	struct search_result result;
	struct search_score *ranked; /* the trials that were trained, best first, ... */
	size_t *rungs;               /* ... and the highest rung of each */
	size_t n;
	struct search_line *lines;
	const char **names;
	bool *numbers;
	const char **values;         /* result.n_names a line, ... */
	struct text texts;           /* ... in here */
};

/* Trials by the highest rung that they have reached, then by the metric; those that diverged on any rung last.  n = 0: none was
 * trained to the end of a rung. */
enum cln_status search_outcome_rank(struct search_outcome *outcome, const struct search_run *run,
				    struct cln_error *err) CLN_MUST_CHECK;

/* Then all of result but for what the winner's own training has said.  complete: all that was planned is done. */
enum cln_status search_outcome_fill(struct search_outcome *outcome, const struct search_run *run, bool complete,
				    struct cln_error *err) CLN_MUST_CHECK;
void search_outcome_free(struct search_outcome *outcome);

#endif
