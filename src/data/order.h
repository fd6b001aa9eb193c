/* SPDX-License-Identifier: MIT
 * The order of floats, and exact order statistics of a column without a copy of it. */
#ifndef DATA_ORDER_H
#define DATA_ORDER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

#define ORDER_MAX_RANKS 6

/* values[k] = the element of rank ranks[k] (0-based, ascending) among the elements x[rows[0]] .. x[rows[n_rows-1]] that are not
 * NaN; there must be more than ranks[k] of those.  Three passes of counting by digits of the key: exact, and no memory. */
void order_statistics(float *values, const size_t *ranks, size_t n_ranks, const float *x, const uint32_t *rows, size_t n_rows);

#endif
