/* SPDX-License-Identifier: MIT */
#include "api/folds.h"

#include "base/rng.h"

/* Deals the rows of a class out, beginning with fold *next.  members, order: room for n_rows each. */
static void deal_class(struct folds *folds, size_t *next, uint32_t *members, uint32_t *order, const float *y, size_t n_rows,
		       bool positive, struct rng *rng)
{
	size_t n_members = 0;

	for (size_t i = 0; i < n_rows; i++)
		if ((y[i] > 0.5f) == positive)
			members[n_members++] = (uint32_t)i;
	if (n_members == 1) {
		folds->of_row[members[0]] = FOLDS_NONE;
		return;
	}
	rng_permutation(order, n_members, rng);
	for (size_t i = 0; i < n_members; i++)
		folds->of_row[members[order[i]]] = (uint32_t)((*next)++ % folds->n);
}

static size_t number_of_folds(const float *y, size_t n_rows, size_t wanted)
{
	size_t n[2] = {0, 0}, folds = wanted;

	for (size_t i = 0; i < n_rows; i++)
		n[y[i] > 0.5f]++;
	for (size_t c = 0; c < 2; c++)
		if (n[c] >= 2 && n[c] < folds)
			folds = n[c];
	return n[0] >= 2 || n[1] >= 2 ? folds : 0;
}

enum cln_status folds_create(struct folds *folds, const float *y, size_t n_rows, size_t wanted, uint64_t seed, uint32_t part,
			     struct cln_error *err)
{
	uint32_t *members;
	size_t next = 0;
	struct rng rng;

	*folds = (struct folds){.n = number_of_folds(y, n_rows, wanted)};
	if (folds->n == 0)
		return CLN_OK;
	folds->of_row = mem_alloc(n_rows, sizeof *folds->of_row, err);
	members = folds->of_row ? mem_alloc(n_rows, 2 * sizeof *members, err) : NULL;
	if (!members) {
		folds_free(folds);
		return CLN_E_MEMORY;
	}
	rng_start(&rng, seed, RNG_SPLIT, part, 0);
	deal_class(folds, &next, members, members + n_rows, y, n_rows, false, &rng);
	deal_class(folds, &next, members, members + n_rows, y, n_rows, true, &rng);
	mem_free(members);
	return CLN_OK;
}

void folds_free(struct folds *folds)
{
	mem_free(folds->of_row);
	*folds = (struct folds){0};
}
