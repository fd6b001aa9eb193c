/* SPDX-License-Identifier: MIT */
#include "data/order.h"

#include "base/mem.h"

#include <assert.h>
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

/* ---------------------------------------------------------------- points of the distribution */

static size_t lower_bound(const uint32_t *keys, size_t n, uint32_t key)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (keys[middle] < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* All different numbers; false where there are more than `most`, which columns of many show after a few rows. */
static bool all_points(struct order_point *points, size_t *n_points, size_t most, const struct order_sample *sample)
{
	uint32_t keys[ORDER_MAX_POINTS];
	uint64_t below = 0;
	size_t n = 0;

	for (size_t i = 0; i < sample->n_rows; i++) {
		float x = sample->x[sample->rows[i]];
		uint32_t key = order_key(x);
		size_t k;

		if (isnan(x))
			continue;
		k = lower_bound(keys, n, key);
		if (k == n || keys[k] != key) {
			if (n == most)
				return false;
			memmove(keys + k + 1, keys + k, (n - k) * sizeof *keys);
			memmove(points + k + 1, points + k, (n - k) * sizeof *points);
			keys[k] = key;
			points[k] = (struct order_point){.x = order_value(key)};
			n++;
		}
		points[k].at += sample->units ? sample->units[i] : 1;
	}
	for (size_t k = 0; k < n; below += points[k++].at)
		points[k].below = below;
	*n_points = n;
	return true;
}

/* The search of the least x with C(x) > rank; ranks ascend, so searches of equal prefix stand together. */
struct rank {
	uint64_t rank, below, at;
	uint32_t prefix;
	uint16_t group;
};

/* group[0][first digit] and group[1][group of that and second digit]: 1 + the group that a key counts in, 0 where in none. */
struct grid {
	struct rank ranks[ORDER_MAX_POINTS];
	size_t n_ranks, n_groups;
	uint16_t *group[2];
	uint64_t *counts; /* n_groups x digits of the pass */
};

/* Ranks of equal prefix share a group; their keys are led to it by the digit found last.  The groups before lead to the rows of the
 * table. */
static enum cln_status lead_to_groups(struct grid *grid, size_t digit, struct cln_error *err)
{
	uint16_t *table = grid->group[digit - 1] = mem_alloc(grid->n_groups * DIGITS, sizeof *table, err);
	size_t n = 0;

	if (!table)
		return CLN_E_MEMORY;
	for (size_t k = 0; k < grid->n_ranks; k++) {
		struct rank *rank = &grid->ranks[k];
		uint16_t *entry = &table[rank->group * DIGITS + rank->prefix % DIGITS];

		if (!*entry)
			*entry = (uint16_t)++n;
		rank->group = (uint16_t)(*entry - 1);
	}
	grid->n_groups = n;
	return CLN_OK;
}

/* The units of a digit of the keys of every group. */
static enum cln_status count_grid(struct grid *grid, size_t digit, const struct order_sample *sample, struct cln_error *err)
{
	unsigned shift = digit_shift[digit];
	uint32_t digits = 1u << digit_bits[digit];

	mem_free(grid->counts);
	grid->counts = mem_alloc(grid->n_groups * digits, sizeof *grid->counts, err);
	if (!grid->counts)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < sample->n_rows; i++) {
		float x = sample->x[sample->rows[i]];
		uint32_t key = order_key(x);
		size_t group = grid->group[0][key >> digit_shift[0]];

		if (group && digit == 2)
			group = grid->group[1][(group - 1) * DIGITS + (key >> digit_shift[1]) % DIGITS];
		if (group && !isnan(x))
			grid->counts[(group - 1) * digits + (key >> shift) % digits] += sample->units ? sample->units[i] : 1;
	}
	return CLN_OK;
}

static void find_grid_digit(struct grid *grid, size_t digit)
{
	for (size_t k = 0; k < grid->n_ranks; k++) {
		struct rank *rank = &grid->ranks[k];
		const uint64_t *count = grid->counts + ((size_t)rank->group << digit_bits[digit]);
		uint32_t d = 0;

		while (rank->below + count[d] <= rank->rank)
			rank->below += count[d++];
		rank->at = count[d];
		rank->prefix = rank->prefix << digit_bits[digit] | d;
	}
}

/* Ranks k W / (n - 1), rounded down, which is the same for C(x) > rank; the last is W - 1.  The product may have 71 bits. */
static void set_ranks(struct grid *grid, size_t n)
{
	uint64_t W = 0;

	for (size_t d = 0; d < DIGITS; d++)
		W += grid->counts[d];
	grid->n_ranks = n;
	for (size_t k = 0; k + 1 < n; k++)
		grid->ranks[k].rank = W / (n - 1) * k + W % (n - 1) * k / (n - 1);
	grid->ranks[n - 1].rank = W - 1;
}

static enum cln_status search_grid(struct grid *grid, size_t n, const struct order_sample *sample, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	grid->n_groups = 1;
	grid->counts = mem_alloc(DIGITS, sizeof *grid->counts, err);
	if (!grid->counts)
		return CLN_E_MEMORY;
	count_first_digits(grid->counts, sample);
	set_ranks(grid, n);
	find_grid_digit(grid, 0);
	for (size_t digit = 1; digit < 3 && status == CLN_OK; digit++) {
		status = lead_to_groups(grid, digit, err);
		if (status == CLN_OK)
			status = count_grid(grid, digit, sample, err);
		if (status == CLN_OK)
			find_grid_digit(grid, digit);
	}
	return status;
}

enum cln_status order_points(struct order_point *points, size_t *n_points, size_t most, const struct order_sample *sample,
			     struct cln_error *err)
{
	struct grid *grid;
	enum cln_status status;
	size_t n = 0;

	assert(most >= 2 && most <= ORDER_MAX_POINTS);
	if (all_points(points, n_points, most, sample))
		return CLN_OK;
	grid = mem_alloc(1, sizeof *grid, err);
	if (!grid)
		return CLN_E_MEMORY;
	status = search_grid(grid, most, sample, err);
	for (size_t k = 0; k < most && status == CLN_OK; k++) {
		const struct rank *rank = &grid->ranks[k];

		if (k == 0 || rank->prefix != rank[-1].prefix)
			points[n++] = (struct order_point){order_value(rank->prefix), rank->below, rank->at};
	}
	*n_points = n;
	mem_free(grid->counts);
	mem_free(grid->group[0]);
	mem_free(grid->group[1]);
	mem_free(grid);
	return status;
}
