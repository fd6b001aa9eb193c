/* SPDX-License-Identifier: MIT */
#include "base/rng.h"

#include <assert.h>
#include <math.h>

#include "base/dmath.h"

/* Multipliers and Weyl steps of Philox 4x32 (the golden ratio and sqrt(3) - 1 as 32-bit fractions), from the paper's table 2. */
#define MULTIPLY_0 0xD2511F53u
#define MULTIPLY_1 0xCD9E8D57u
#define WEYL_0 0x9E3779B9u
#define WEYL_1 0xBB67AE85u
#define ROUNDS 10

#define BLOCKS_A_ROW (UINT32_C(1) << 30) /* of four words: 2^32 units */

void rng_philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2])
{
	uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
	uint32_t k0 = key[0], k1 = key[1];
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t p0 = (uint64_t)MULTIPLY_0 * c0;
		uint64_t p1 = (uint64_t)MULTIPLY_1 * c2;
		c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
		c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
		c1 = (uint32_t)p1;
		c3 = (uint32_t)p0;
		k0 += WEYL_0;
		k1 += WEYL_1;
	}
	out[0] = c0;
	out[1] = c1;
	out[2] = c2;
	out[3] = c3;
}

/* Key and counter of unit 0 of row 0. */
static void set_stream(uint32_t key[2], uint32_t counter[4], uint64_t seed, enum rng_purpose purpose, uint32_t epoch, uint32_t step)
{
	assert(epoch < UINT32_C(1) << 24);
	key[0] = (uint32_t)seed;
	key[1] = (uint32_t)(seed >> 32);
	counter[0] = 0;
	counter[1] = 0;
	counter[2] = step;
	counter[3] = (uint32_t)purpose << 24 | epoch;
}

void rng_block(uint32_t words[4], uint64_t seed, enum rng_purpose purpose, uint32_t epoch, uint32_t step, uint32_t row,
	       uint32_t block)
{
	uint32_t key[2], counter[4];
	set_stream(key, counter, seed, purpose, epoch, step);
	counter[0] = block;
	counter[1] = row;
	rng_philox(words, counter, key);
}

uint32_t rng_word(uint64_t seed, enum rng_purpose purpose, uint32_t epoch, uint32_t step, uint32_t row, uint32_t unit)
{
	uint32_t words[4];
	rng_block(words, seed, purpose, epoch, step, row, unit / 4);
	return words[unit % 4];
}

void rng_start(struct rng *rng, uint64_t seed, enum rng_purpose purpose, uint32_t epoch, uint32_t step)
{
	*rng = (struct rng){.used = 4};
	set_stream(rng->key, rng->counter, seed, purpose, epoch, step);
}

uint32_t rng_next(struct rng *rng)
{
	if (rng->used == 4) {
		rng_philox(rng->words, rng->counter, rng->key);
		rng->used = 0;
		if (++rng->counter[0] == BLOCKS_A_ROW) {
			rng->counter[0] = 0;
			rng->counter[1]++;
		}
	}
	return rng->words[rng->used++];
}

static uint64_t next_64(struct rng *rng)
{
	uint64_t high = rng_next(rng);
	return high << 32 | rng_next(rng);
}

double rng_uniform(struct rng *rng)
{
	return (double)(next_64(rng) >> 11) * 0x1p-53;
}

/* The two halves of a * b. */
static uint64_t multiply_128(uint64_t *low, uint64_t a, uint64_t b)
{
	uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
	uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
	uint64_t cross = a0 * b1 + (uint32_t)middle;
	*low = a * b;
	return a1 * b1 + (middle >> 32) + (cross >> 32);
}

/* Lemire, "Fast random integer generation in an interval", 2019: the high half of x n is below n, and without bias once those x are
 * drawn again whose low half is below 2^w mod n. */
static uint32_t below_32(struct rng *rng, uint32_t n)
{
	uint64_t product = (uint64_t)rng_next(rng) * n;
	if ((uint32_t)product < n) {
		uint32_t threshold = -n % n;
		while ((uint32_t)product < threshold)
			product = (uint64_t)rng_next(rng) * n;
	}
	return (uint32_t)(product >> 32);
}

uint64_t rng_below(struct rng *rng, uint64_t n)
{
	assert(n > 0);
	if (n <= UINT32_MAX)
		return below_32(rng, (uint32_t)n);
	uint64_t low;
	uint64_t high = multiply_128(&low, next_64(rng), n);
	if (low < n) {
		uint64_t threshold = -n % n;
		while (low < threshold)
			high = multiply_128(&low, next_64(rng), n);
	}
	return high;
}

/* Box and Muller: sqrt(-2 ln u) cos(2 pi v), u in (0, 1] so that the logarithm is finite.  Its partner with the sine is not kept:
 * a draw is then four words, one block of the generator, and the n-th draw does not depend on who asked for the others. */
double rng_normal(struct rng *rng)
{
	double u = 1 - rng_uniform(rng);
	double v = rng_uniform(rng);
	return sqrt(-2 * dmath_log(u)) * dmath_cos_2pi(v);
}

void rng_permutation(uint32_t *order, size_t n, struct rng *rng)
{
	assert(n <= (size_t)UINT32_MAX + 1);
	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)rng_below(rng, i);
		uint32_t swapped = order[i - 1];
		order[i - 1] = order[j];
		order[j] = swapped;
	}
}
