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

/* A key in digits from the top, the last one shorter.  11 bits are the sign, the exponent and two bits more: numbers of a column
 * fall into tens of counters, so that successive ones seldom wait for the same; and counters of six digits stay in a core's
 * caches. */
#define DIGIT_BITS 11
#define DIGITS (1u << DIGIT_BITS)
#define N_SEARCHES 6
static const unsigned digit_shift[] = {21, 10, 0}, digit_bits[] = {11, 11, 10};

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

/* The units of every first digit. */
static void count_first_digits(uint64_t counts[DIGITS], const struct order_sample *sample)
{
	memset(counts, 0, DIGITS * sizeof *counts);
	for (size_t i = 0; i < sample->n_rows; i++) {
		float x = sample->x[sample->rows[i]];

		if (!isnan(x))
			counts[order_key(x) >> digit_shift[0]] += sample->units ? sample->units[i] : 1;
	}
}

/* The units of a later digit, of the keys of every group.  Most keys begin like none of them, which their first digit tells. */
static void count_digits(uint64_t counts[][DIGITS], const uint32_t *prefixes, size_t n_groups, size_t digit,
			 const struct order_sample *sample)
{
	unsigned shift = digit_shift[digit], bits = digit_bits[digit], to_first = digit_shift[0] - digit_shift[digit - 1];
	bool begins[DIGITS] = {false};

	memset(counts, 0, n_groups * sizeof *counts);
	for (size_t g = 0; g < n_groups; g++)
		begins[prefixes[g] >> to_first] = true;
	for (size_t i = 0; i < sample->n_rows; i++) {
		float x = sample->x[sample->rows[i]];
		uint32_t key = order_key(x);

		if (!begins[key >> digit_shift[0]] || isnan(x))
			continue;
		for (size_t g = 0; g < n_groups; g++)
			if (key >> (shift + bits) == prefixes[g])
				counts[g][key >> shift & ((1u << bits) - 1)] += sample->units ? sample->units[i] : 1;
	}
}

static bool is_reached(const struct search *search, uint64_t units)
{
	return search->above ? 4 * units > search->bound : 4 * units >= search->bound;
}

static void find_digit(struct search *search, const uint64_t *count, unsigned bits)
{
	uint32_t d = 0;

	while (!is_reached(search, search->below + count[d]))
		search->below += count[d++];
	search->prefix = search->prefix << bits | d;
}

void order_quartiles(double quartile[3], const struct order_sample *sample)
{
	uint64_t counts[N_SEARCHES][DIGITS], W = 0;
	uint32_t prefixes[N_SEARCHES];
	struct search searches[N_SEARCHES];

	count_first_digits(counts[0], sample);
	for (size_t d = 0; d < DIGITS; d++)
		W += counts[0][d];
	for (size_t k = 0; k < N_SEARCHES; k++)
		searches[k] = (struct search){.bound = (k / 2 + 1) * W, .above = k % 2};
	for (size_t digit = 0; digit < sizeof digit_bits / sizeof *digit_bits; digit++) {
		size_t n_groups = group_searches(searches, prefixes);

		if (digit > 0)
			count_digits(counts, prefixes, n_groups, digit, sample);
		for (size_t k = 0; k < N_SEARCHES; k++)
			find_digit(&searches[k], counts[searches[k].group], digit_bits[digit]);
	}
	for (size_t k = 0; k < 3; k++)
		quartile[k] = ((double)order_value(searches[2 * k].prefix) + (double)order_value(searches[2 * k + 1].prefix)) / 2;
}
