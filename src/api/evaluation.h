/* SPDX-License-Identifier: MIT
 * All measures of scored rows, with intervals. */
#ifndef API_EVALUATION_H
#define API_EVALUATION_H

#include "api/scored_rows.h"

#define EVALUATION_MOST_REPLICATES 100000

/* What CLN_AUTO stands for: 1000, from 200,000 rows on 2 10^8 / n_rows, at least 200. */
size_t evaluation_replicates(size_t n_rows);

/* A second of NULL: comparison->first alone is filled.  Scores and labels are believed.
 * sorted: NULL, or receives the first's rows, for scored_rows_free; none where something failed. */
enum cln_status evaluation_compute(struct cln_comparison *comparison, struct scored_rows *sorted, const struct cln_scores *first,
				   const struct cln_scores *second, const struct cln_labels *labels,
				   const struct cln_judging *judging, struct cln_error *err) CLN_MUST_CHECK;

#endif
