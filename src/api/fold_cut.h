/* SPDX-License-Identifier: MIT
 * How the rows of a cross-validation are cut into folds: stratified, by groups, or by a column. */
#ifndef API_FOLD_CUT_H
#define API_FOLD_CUT_H

#include "api/crossval.h"

/* Fills K, R and fold_of_row; rows, y and n are there.
 *   stratified: as folds_create, keyed by (seed, repeat);
 *   groups: those with most rows first, equal ones by a permutation keyed by (seed, repeat), each to the fold that then has the
 *   least of the class, as a share of all its rows, of which it has most; of equal folds the first;
 *   column: its values, ascending as numbers where all are, else by bytes, are folds 0, 1, ... */
enum cln_status fold_cut(struct crossval *crossval, const struct crossval_folding *folding, struct cln_error *err) CLN_MUST_CHECK;

#endif
