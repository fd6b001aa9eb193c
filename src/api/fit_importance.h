/* SPDX-License-Identifier: MIT
 * Permutation importance at the end of a fit, for its report, within a small share of the work that the training was. */
#ifndef API_FIT_IMPORTANCE_H
#define API_FIT_IMPORTANCE_H

#include "api/prepare.h"
#include "api/scores.h"

/* What was trained, and on what. */
struct fit_importance {
	const struct prepared *data;
	const struct scorer *scorer; /* of all networks, calibrated */
	double rows_learnt;          /* by all members in all epochs */
	uint64_t seed;
};

/* *importance is the caller's, and NULL where the work allowed is too little.  *rows: those that were looked at, the test rows,
 * else the validation rows, each by members that did not learn from it, else those learnt from, or a sample of them.  How many, and
 * how often a column is shuffled, follows from sizes, members and epochs alone. */
enum cln_status fit_importance_compute(struct cln_importance **importance, enum cln_rows *rows, const struct fit_importance *fit,
				       struct cln_error *err) CLN_MUST_CHECK;

#endif
