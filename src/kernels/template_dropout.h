/* SPDX-License-Identifier: MIT
 * Dropout.  Its random words are those of base/rng.h's rng_word: Philox 4x32-10 with counter {unit / 4, row, step, purpose << 24 | epoch}
 * and the seed as key gives the words of four units; a vector holds one word of VLEN counters. */
#ifndef KERNELS_TEMPLATE_DROPOUT_H
#define KERNELS_TEMPLATE_DROPOUT_H

#include "base/rng.h"

/* Columns worked at once, and counters a column has at most: a panel that does not start at a multiple of 4 units meets five. */
enum { DROPOUT_COLUMNS = 16, DROPOUT_COUNTERS = PANEL / 4 + 1 };

/* Ten rounds on VLEN counters, in place. */
INLINE void philox(vint counter[4], uint64_t seed)
{
	uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
	UNROLL
	for (int round = 0; round < 10; round++) {
		vint high0, high2;
		const vint low0 = i_multiply(&high0, counter[0], 0xd2511f53u), low2 = i_multiply(&high2, counter[2], 0xcd9e8d57u);
		counter[0] = i_xor(i_xor(high2, counter[1]), i_set1(key0));
		counter[1] = low2;
		counter[2] = i_xor(i_xor(high0, counter[3]), i_set1(key1));
		counter[3] = low0;
		key0 += 0x9e3779b9u;
		key1 += 0xbb67ae85u;
	}
}

/* words[4 i + k] = word k of counter {quad[i], row[i], ...}, for n counters (a multiple of 16). */
INLINE void dropout_words(uint32_t *words, const uint32_t *quad, const uint32_t *row, size_t n, const struct dropout_args *args)
{
	for (size_t i = 0; i < n; i += VLEN) {
		vint counter[4] = {i_load(quad + i), i_load(row + i), i_set1(args->step), i_set1((uint32_t)RNG_DROPOUT << 24 | args->epoch)};
		uint32_t lanes[4][VLEN];
		philox(counter, args->seed);
		for (size_t k = 0; k < 4; k++)
			i_store(lanes[k], counter[k]);
		for (size_t lane = 0; lane < VLEN; lane++)
			for (size_t k = 0; k < 4; k++)
				words[4 * (i + lane) + k] = lanes[k][lane];
	}
}

/* One panel's column: the 16 floats of x are scaled or set to zero. */
INLINE void drop(float *x, const uint32_t *words, uint32_t threshold, float keep_scale)
{
	for (size_t u = 0; u < PANEL; u++)
		x[u] = words[u] >= threshold ? x[u] * keep_scale : 0.0f;
}

static void dropout(const struct dropout_args *args)
{
	for (size_t p = 0; p < panels_of(args->n); p++) {
		const uint32_t unit = args->unit0 + (uint32_t)(p * PANEL), first = unit % 4;
		const size_t counters = first == 0 ? DROPOUT_COUNTERS - 1 : DROPOUT_COUNTERS;
		for (size_t begin = 0; begin < args->m; begin += DROPOUT_COLUMNS) {
			const size_t columns = args->m - begin < DROPOUT_COLUMNS ? args->m - begin : DROPOUT_COLUMNS;
			uint32_t quad[DROPOUT_COLUMNS * DROPOUT_COUNTERS], row[DROPOUT_COLUMNS * DROPOUT_COUNTERS];
			uint32_t words[4 * DROPOUT_COLUMNS * DROPOUT_COUNTERS];
			for (size_t s = 0; s < DROPOUT_COLUMNS; s++)
				for (size_t c = 0; c < counters; c++) {
					quad[s * counters + c] = unit / 4 + (uint32_t)c;
					row[s * counters + c] = args->row0 + (uint32_t)(begin + s);
				}
			dropout_words(words, quad, row, DROPOUT_COLUMNS * counters, args);
			for (size_t s = 0; s < columns; s++) {
				const size_t at = (p * args->ld + begin + s) * PANEL;
				drop(args->A + at, words + 4 * s * counters + first, args->threshold, args->keep_scale);
				if (args->D)
					drop(args->D + at, words + 4 * s * counters + first, args->threshold, args->keep_scale);
			}
		}
	}
}

#endif
