/* SPDX-License-Identifier: MIT */
#include "data/order.h"

#include <assert.h>
#include <math.h>

#define DIGITS 2048
static const struct {
	unsigned shift, bits;
} digit[] = {{21, 11}, {10, 11}, {0, 10}};

/* The search of a rank: `prefix` are the digits found, `left` its rank among the elements that begin with them. */
struct search {
	uint32_t prefix;
	size_t left;
	size_t group; /* searches of equal prefix share their counts */
};

/* Gives searches of equal prefix one group; prefixes[group] is its prefix.  Returns the number of groups. */
static size_t group_searches(struct search *searches, uint32_t *prefixes, size_t n)
{
	size_t n_groups = 0;

	for (size_t k = 0; k < n; k++) {
		size_t g = 0;

		while (g < n_groups && prefixes[g] != searches[k].prefix)
			g++;
		if (g == n_groups)
			prefixes[n_groups++] = searches[k].prefix;
		searches[k].group = g;
	}
	return n_groups;
}

/* Counts the digit at `shift` of the elements of every group. */
static void count_digits(uint32_t counts[][DIGITS], const uint32_t *prefixes, size_t n_groups, unsigned shift, unsigned bits,
                         const float *x, const uint32_t *rows, size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++) {
		uint64_t key;

		if (isnan(x[rows[i]]))
			continue;
		key = order_key(x[rows[i]]); /* 64 bits, for the first digit leaves no prefix: a shift by 32 */
		for (size_t g = 0; g < n_groups; g++)
			if (key >> (shift + bits) == prefixes[g])
				counts[g][key >> shift & ((1u << bits) - 1)]++;
	}
}

void order_statistics(float *values, const size_t *ranks, size_t n_ranks, const float *x, const uint32_t *rows, size_t n_rows)
{
	uint32_t counts[ORDER_MAX_RANKS][DIGITS], prefixes[ORDER_MAX_RANKS];
	struct search searches[ORDER_MAX_RANKS];

	assert(n_ranks <= ORDER_MAX_RANKS);
	for (size_t k = 0; k < n_ranks; k++)
		searches[k] = (struct search){.left = ranks[k]};
	for (size_t pass = 0; pass < sizeof digit / sizeof *digit; pass++) {
		size_t n_groups = group_searches(searches, prefixes, n_ranks);

		memset(counts, 0, n_groups * sizeof *counts);
		count_digits(counts, prefixes, n_groups, digit[pass].shift, digit[pass].bits, x, rows, n_rows);
		for (size_t k = 0; k < n_ranks; k++) {
			const uint32_t *count = counts[searches[k].group];
			uint32_t d = 0;

			while (searches[k].left >= count[d])
				searches[k].left -= count[d++];
			searches[k].prefix = searches[k].prefix << digit[pass].bits | d;
		}
	}
	for (size_t k = 0; k < n_ranks; k++)
		values[k] = order_value(searches[k].prefix);
}
