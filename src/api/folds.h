/* SPDX-License-Identifier: MIT
 * Rows cut into stratified folds: each is left out by the members of an ensemble whose turn it is, and learnt from by the
 * others. */
#ifndef API_FOLDS_H
#define API_FOLDS_H

#include "base/mem.h"

struct folds {
	size_t n;          /* 0: there are none */
	uint32_t *of_row;  /* 0 .. n-1, or FOLDS_NONE: in no fold, so that every member learns from it */
};
#define FOLDS_NONE UINT32_MAX

/* Cuts rows with labels y (0/1) into `wanted` folds, or as many as the rarer class has rows, if these are fewer.  The only row of a
 * class is in no fold, and does not count; where neither class has two rows there are no folds.  Every other class is in every
 * fold, and the folds' sizes differ by at most one row a class, and one in all.  Which: in the order of a permutation of the
 * negative rows, then of the positive ones, keyed by (seed, RNG_SPLIT, part), row i of both in turn goes to fold i mod n. */
enum cln_status folds_create(struct folds *folds, const float *y, size_t n_rows, size_t wanted, uint64_t seed, uint32_t part,
			     struct cln_error *err) CLN_MUST_CHECK;
void folds_free(struct folds *folds);

#endif
