/* SPDX-License-Identifier: MIT
 * A line between two edges cannot follow a number that stands out, as the 92 of 100 zeros of a capital gain do, or the sums that a
 * tax form rounds to: such numbers get edges of their own, before the cells between them are divided. */
#include "data/bins.h"

#include <math.h>

#include "base/mem.h"

/* Takes as edges the numbers that hold at least an even share of the cells not yet taken; the share falls with each, so the order
 * does not matter. */
static void take_frequent(bool *taken, double *rest, size_t *left, const struct order_point *points, size_t n)
{
	bool more = true;
	while (more) {
		more = false;
		for (size_t k = 0; k < n && *left > 0; k++) {
			const double at = (double)points[k].at;
			if (taken[k] || !(at * (double)(*left + 1) >= *rest))
				continue;
			taken[k] = more = true;
			*rest -= at;
			--*left;
		}
	}
}

/* The cells that are not at edges, divided evenly by the edges that are left. */
static void take_quantiles(bool *taken, double rest, size_t left, const struct order_point *points, size_t n)
{
	const double parts = (double)(left + 1);
	double sum = 0, next = 1; /* of cells below points[k] */
	for (size_t k = 0; k + 1 < n && next < parts; k++) {
		const double up_to = sum + (taken[k] ? 0 : (double)points[k].at);
		if (!taken[k] && up_to * parts >= rest * next) {
			taken[k] = true;
			next = floor(up_to * parts / rest) + 1;
		}
		sum = up_to + (double)(points[k + 1].below - points[k].below - points[k].at);
	}
}

enum cln_status bins_choose(float *edges, size_t *n_edges, size_t most_bins, const struct order_sample *sample,
                            struct cln_error *err)
{
	struct order_point *points = mem_alloc(ORDER_MAX_POINTS, sizeof *points, err);
	bool taken[ORDER_MAX_POINTS] = {false};
	size_t n = 0;
	*n_edges = 0;
	enum cln_status status = points ? order_points(points, &n, ORDER_MAX_POINTS, sample, err) : CLN_E_MEMORY;
	if (status == CLN_OK && n > most_bins + 1) {
		size_t left = most_bins - 1;
		double rest = (double)(points[n - 1].below - points[0].at);
		taken[0] = taken[n - 1] = true;
		take_frequent(taken, &rest, &left, points, n);
		take_quantiles(taken, rest, left, points, n);
	}
	for (size_t k = 0; k < n; k++)
		if (n <= most_bins + 1 || taken[k])
			edges[(*n_edges)++] = points[k].x;
	mem_free(points);
	return status;
}
