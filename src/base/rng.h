/* SPDX-License-Identifier: MIT
 * Random numbers: Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), counter-based.
 * A number is a pure function of (seed, purpose, epoch, step, row, unit), so it depends on no thread, rank or order. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

enum rng_purpose { RNG_INIT = 1, RNG_SHUFFLE, RNG_DROPOUT, RNG_SPLIT, RNG_BENCH, RNG_TEST, RNG_MEMBER, RNG_BOOTSTRAP, RNG_SEARCH,
		   RNG_IMPORTANCE };

/* The raw generator: out = philox4x32-10(counter, key). */
void rng_philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]);

/* key = the seed's two halves (low word first); counter = {unit / 4, row, step, purpose << 24 | epoch}; the word taken is
 * unit % 4.  epoch < 2^24.  kernels' dropout uses the same mapping with purpose RNG_DROPOUT. */
uint32_t rng_word(uint64_t seed, enum rng_purpose purpose, uint32_t epoch, uint32_t step, uint32_t row, uint32_t unit);

/* The words of units 4 block .. 4 block + 3. */
void rng_block(uint32_t words[4], uint64_t seed, enum rng_purpose purpose, uint32_t epoch, uint32_t step, uint32_t row,
	       uint32_t block);

/* The units 0, 1, 2, ... of one (seed, purpose, epoch, step, row) in turn, row advancing after 2^32 words. */
struct rng {
	uint32_t key[2];
	uint32_t counter[4];
	uint32_t words[4];
	unsigned used;
};
void rng_start(struct rng *rng, uint64_t seed, enum rng_purpose purpose, uint32_t epoch, uint32_t step);
uint32_t rng_next(struct rng *rng);
double rng_uniform(struct rng *rng);                 /* [0, 1), 53 bits */
uint64_t rng_below(struct rng *rng, uint64_t n);     /* 0 .. n-1 without bias; n > 0 */
double rng_normal(struct rng *rng);                  /* N(0,1), Box-Muller on dmath's log and cos: the same bits everywhere */
void rng_permutation(uint32_t *order, size_t n, struct rng *rng); /* Fisher-Yates of 0..n-1 */

#endif
