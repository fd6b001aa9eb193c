/* SPDX-License-Identifier: MIT
 * The order of floats, and exact quartiles of a column without a copy of it. */
#ifndef DATA_ORDER_H
#define DATA_ORDER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <colonnade.h>

/* A key that ascends as the (not NaN) float does; both zeros have the same.  A float's bits ascend with its magnitude: they are
 * reversed for negative numbers, and positive ones lie above those. */
static inline uint32_t order_key(float x)
{
	uint32_t bits;

	x += 0.0f; /* -0 becomes +0 */
	memcpy(&bits, &x, sizeof bits);
	return bits ^ (bits >> 31 ? UINT32_MAX : UINT32_C(1) << 31);
}

static inline float order_value(uint32_t key)
{
	uint32_t bits = key ^ (key >> 31 ? UINT32_C(1) << 31 : UINT32_MAX);
	float x;

	memcpy(&x, &bits, sizeof x);
	return x;
}

/* Cells x[rows[0]] .. x[rows[n_rows-1]], NaN = missing; cell i counts units[i] times (units = NULL: once). */
struct order_sample {
	const float *x;
	const uint32_t *rows, *units;
	size_t n_rows;
};

/* Row weights (> 0) as whole numbers of units, so that sums of them are exact: the unit is 2^-29 of the power of two above the
 * greatest weight, each has at least one, and the sum of 2^32 of them fits 61 bits.  Weights that are whole numbers up to 2^24 keep
 * their proportions exactly. */
void order_units(uint32_t *units, const float *w, size_t n);

/* quartile[k-1], k = 1, 2, 3: with C(x) the units of the cells up to x and W those of all cells present, the mean of the least x
 * with C(x) >= k W / 4 and of the least with C(x) > k W / 4 (Hyndman & Fan 1996, definition 2).  So a cell that counts twice is the
 * same as two cells, and it does not matter if all count twice.  At least one cell must be present.  Three passes of counting by
 * digits of the key: exact, and no memory. */
void order_quartiles(double quartile[3], const struct order_sample *sample);

/* A number that is among the cells, with the units of the lesser cells and of those equal to it. */
struct order_point {
	float x;
	uint64_t below, at;
};
#define ORDER_MAX_POINTS 1000

/* Points of the cells' distribution, ascending, different, at most `most` (2 .. ORDER_MAX_POINTS); the last is the greatest cell,
 * so its below + at is W.  Every number where there are no more than that; else, for k = 0 .. most - 2, the least x with
 * C(x) > k W / (most - 1), and the greatest.  Exact: counted by digits of the key in three passes, at most 17 MB however many the
 * rows.  At least one cell must be present. */
enum cln_status order_points(struct order_point *points, size_t *n_points, size_t most, const struct order_sample *sample,
			     struct cln_error *err) CLN_MUST_CHECK;

#endif
