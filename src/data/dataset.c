/* SPDX-License-Identifier: MIT */
#include "data/dataset.h"

#include <math.h>
#include <stdatomic.h>

#include "base/rng.h"

/* What else a row will need until the training ends: label, weight, order, logit, and the order of the logits for the AUC. */
#define BESIDE_ROW ((size_t)32)

enum cln_status dataset_create(struct dataset *dataset, size_t n_rows, size_t n_features, bool weighted, struct cln_error *err)
{
	static atomic_uint_fast64_t ids;
	size_t row_bytes, bytes, beside;

	*dataset = (struct dataset){.n_rows = n_rows, .n_features = n_features, .id = atomic_fetch_add(&ids, 1) + 1};
	if (!size_mul(&row_bytes, n_features, sizeof *dataset->X) || !size_mul(&bytes, n_rows, row_bytes) ||
	    !size_mul(&beside, n_rows, BESIDE_ROW))
		return error_set(err, CLN_E_MEMORY, "%zu rows of %zu features do not fit in memory", n_rows, n_features);
	if (area_create(&dataset->area, bytes, beside, err) == CLN_OK)
		dataset->X = dataset->area.bytes;
	dataset->y = mem_alloc(n_rows, sizeof *dataset->y, err);
	dataset->w = weighted ? mem_alloc(n_rows, sizeof *dataset->w, err) : NULL;
	if (!dataset->X || !dataset->y || (weighted && !dataset->w)) {
		dataset_free(dataset);
		return CLN_E_MEMORY;
	}
	return CLN_OK;
}

void dataset_free(struct dataset *dataset)
{
	area_free(&dataset->area);
	mem_free(dataset->y);
	mem_free(dataset->w);
	*dataset = (struct dataset){0};
}

void dataset_expect(const struct dataset *dataset, bool at_random)
{
	area_expect(&dataset->area, at_random);
}

/* How many of n rows of a class go into the second list: the nearest to fraction * n, but at least one of two or more, and
 * never all of them. */
static size_t share_of_class(size_t n, double fraction)
{
	size_t share = (size_t)floor(fraction * (double)n + 0.5);

	if (n < 2 || !(fraction > 0))
		return 0;
	if (share < 1)
		share = 1;
	return share < n ? share : n - 1;
}

/* Marks the chosen rows of class `positive` in `chosen` and returns their number.  members, order: room for n each. */
static size_t choose_of_class(bool *chosen, uint32_t *members, uint32_t *order, const float *y, size_t n, bool positive,
                              double fraction, struct rng *rng)
{
	size_t n_members = 0, share;

	for (size_t i = 0; i < n; i++)
		if ((y[i] > 0.5f) == positive)
			members[n_members++] = (uint32_t)i;
	share = share_of_class(n_members, fraction);
	rng_permutation(order, n_members, rng);
	for (size_t k = 0; k < share; k++)
		chosen[members[order[k]]] = true;
	return share;
}

static void part_by_choice(uint32_t *first, uint32_t *second, const bool *chosen, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (chosen[i])
			*second++ = (uint32_t)i;
		else
			*first++ = (uint32_t)i;
	}
}

enum cln_status split_stratified(uint32_t **first, size_t *n_first, uint32_t **second, size_t *n_second, const float *y, size_t n,
                                 double fraction, uint64_t seed, uint32_t part, struct cln_error *err)
{
	enum cln_status status = CLN_E_MEMORY;
	bool *chosen = mem_alloc(n, sizeof *chosen, err);
	uint32_t *members = mem_alloc(n, 2 * sizeof *members, err);
	size_t n_chosen = 0;
	struct rng rng;

	*first = *second = NULL;
	*n_first = *n_second = 0;
	if (!chosen || !members)
		goto done;
	rng_start(&rng, seed, RNG_SPLIT, part, 0);
	n_chosen += choose_of_class(chosen, members, members + n, y, n, false, fraction, &rng);
	n_chosen += choose_of_class(chosen, members, members + n, y, n, true, fraction, &rng);

	*first = mem_alloc(n - n_chosen, sizeof **first, err);
	*second = mem_alloc(n_chosen, sizeof **second, err);
	if (!*first || !*second) {
		mem_free(*first);
		mem_free(*second);
		*first = *second = NULL;
		goto done;
	}
	part_by_choice(*first, *second, chosen, n);
	*n_first = n - n_chosen;
	*n_second = n_chosen;
	status = CLN_OK;
done:
	mem_free(members);
	mem_free(chosen);
	return status;
}
