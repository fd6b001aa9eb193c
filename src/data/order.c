/* SPDX-License-Identifier: MIT */
#include "data/order.h"

#include <math.h>
#include <stdbool.h>

void order_units(uint32_t *units, const float *w, size_t n)
{
	float greatest = 0;
	int exponent;
	double per_weight;

	for (size_t i = 0; i < n; i++)
		greatest = w[i] > greatest ? w[i] : greatest;
	frexpf(greatest, &exponent);
	per_weight = ldexp(1, 29 - exponent);
	for (size_t i = 0; i < n; i++) {
		uint32_t whole = (uint32_t)((double)w[i] * per_weight + 0.5);

		units[i] = whole > 0 ? whole : 1;
	}
}

#define DIGIT_BITS 8
#define DIGITS (1u << DIGIT_BITS)
#define N_SEARCHES 6

/* The search of the least x with 4 C(x) >= bound, or > bound where `above`: the digits found, and the units below those. */
struct search {
	uint64_t bound;
	bool above;
	uint32_t prefix;
	uint64_t below;
	size_t group; /* searches of equal prefix share their counts */
};

/* Gives searches of equal prefix one group; prefixes[group] is its prefix.  Returns the number of groups. */
static size_t group_searches(struct search *searches, uint32_t *prefixes)
{
	size_t n_groups = 0;

	for (size_t k = 0; k < N_SEARCHES; k++) {
		size_t g = 0;

		while (g < n_groups && prefixes[g] != searches[k].prefix)
			g++;
		if (g == n_groups)
			prefixes[n_groups++] = searches[k].prefix;
		searches[k].group = g;
	}
	return n_groups;
}

/* Counts the digit at `shift` of the cells of every group. */
static void count_digits(uint64_t counts[][DIGITS], const uint32_t *prefixes, size_t n_groups, unsigned shift,
			 const struct order_sample *sample)
{
	for (size_t i = 0; i < sample->n_rows; i++) {
		float x = sample->x[sample->rows[i]];
		uint64_t key;

		if (isnan(x))
			continue;
		key = order_key(x); /* 64 bits, for the first digit leaves no prefix: a shift by 32 */
		for (size_t g = 0; g < n_groups; g++)
			if (key >> (shift + DIGIT_BITS) == prefixes[g])
				counts[g][key >> shift & (DIGITS - 1)] += sample->units ? sample->units[i] : 1;
	}
}

static bool is_reached(const struct search *search, uint64_t units)
{
	return search->above ? 4 * units > search->bound : 4 * units >= search->bound;
}

static void find_digit(struct search *search, const uint64_t *count)
{
	uint32_t d = 0;

	while (!is_reached(search, search->below + count[d]))
		search->below += count[d++];
	search->prefix = search->prefix << DIGIT_BITS | d;
}

static uint64_t sum_units(const struct order_sample *sample)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < sample->n_rows; i++)
		if (!isnan(sample->x[sample->rows[i]]))
			sum += sample->units ? sample->units[i] : 1;
	return sum;
}

void order_quartiles(double quartile[3], const struct order_sample *sample)
{
	uint64_t counts[N_SEARCHES][DIGITS], W = sum_units(sample);
	uint32_t prefixes[N_SEARCHES];
	struct search searches[N_SEARCHES];

	for (size_t k = 0; k < N_SEARCHES; k++)
		searches[k] = (struct search){.bound = (k / 2 + 1) * W, .above = k % 2};
	for (unsigned shift = 32; shift > 0;) {
		size_t n_groups = group_searches(searches, prefixes);

		shift -= DIGIT_BITS;
		memset(counts, 0, n_groups * sizeof *counts);
		count_digits(counts, prefixes, n_groups, shift, sample);
		for (size_t k = 0; k < N_SEARCHES; k++)
			find_digit(&searches[k], counts[searches[k].group]);
	}
	for (size_t k = 0; k < 3; k++)
		quartile[k] = ((double)order_value(searches[2 * k].prefix) + (double)order_value(searches[2 * k + 1].prefix)) / 2;
}
