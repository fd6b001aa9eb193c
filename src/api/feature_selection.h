/* SPDX-License-Identifier: MIT
 * Columns that say nothing, which small networks tell before the training.
 *
 * Recursive feature elimination by permutation importance.  Each of four small networks leaves out a fold of the training rows and
 * learns from the others; it is judged by its log loss on that fold, and a column by how much that rises when the column's cells
 * are shuffled there.  Then each learns anew from the better half of its columns, and again, until two halvings in a row have
 * brought nothing.  Which half that is the other folds say: a fold is not judged by columns that were chosen on its rows (though
 * the networks of the other folds have learnt from these). */
#ifndef API_FEATURE_SELECTION_H
#define API_FEATURE_SELECTION_H

#include "api/pilot.h"

/* *left_out: an entry for each column of the training table, for mem_free; NULL: all are kept.  Columns are left out where the
 * small networks are better without them by more than three standard errors, over the rows, and then no more than must be.  Whether
 * it is tried, and what comes of it, follows from rows, columns and config alone, for any threads.  CLN_STOPPED: the observer's
 * `ask` wished it. */
enum cln_status feature_selection(bool **left_out, const struct pilot *pilot, const struct cln_table *table,
				  struct cln_error *err) CLN_MUST_CHECK;

#endif
