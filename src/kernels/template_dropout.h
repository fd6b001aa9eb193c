/* SPDX-License-Identifier: MIT
 * Dropout.  Its random words are those of base/rng.h's rng_word: Philox 4x32-10 with the seed as key and the counter
 * {unit / 4, row, step, purpose << 24 | epoch} gives the words of four units.  A vector holds the same word of VLEN columns. */
#ifndef KERNELS_TEMPLATE_DROPOUT_H
#define KERNELS_TEMPLATE_DROPOUT_H

#include "base/rng.h"

/* Columns worked at once: with a panel's units they are one tile to transpose. */
enum { DROPOUT_COLUMNS = PANEL };

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

/* words[s * 16 + u]: the bits of the word of unit + u for row + s, 16 x 16 of them, moved about as floats. */
INLINE void dropout_words(float *words, const struct dropout_args *args, uint32_t unit, uint32_t row)
{
	float by_unit[(PANEL + 4) * DROPOUT_COLUMNS];
	uint32_t rows[DROPOUT_COLUMNS];
	const uint32_t first = unit % 4, quads = first == 0 ? PANEL / 4 : PANEL / 4 + 1; /* a panel may start inside a four */
	for (uint32_t s = 0; s < DROPOUT_COLUMNS; s++)
		rows[s] = row + s;
	for (uint32_t q = 0; q < quads; q++)
		for (size_t s = 0; s < DROPOUT_COLUMNS; s += VLEN) {
			vint counter[4] = {i_set1(unit / 4 + q), i_load(rows + s), i_set1(args->step),
			                   i_set1((uint32_t)RNG_DROPOUT << 24 | args->epoch)};
			philox(counter, args->seed);
			for (size_t k = 0; k < 4; k++)
				v_store(by_unit + (4 * q + k) * DROPOUT_COLUMNS + s, v_from_bits(counter[k]));
		}
	transpose_tile(words, by_unit + first * DROPOUT_COLUMNS);
}

INLINE void drop(float *x, const float *words, size_t n, uint32_t threshold, float keep_scale)
{
	for (size_t i = 0; i < n; i += VLEN) {
		const vmask kept = i_ge(v_bits(v_load(words + i)), i_set1(threshold));
		v_store(x + i, v_select(kept, v_mul(v_load(x + i), v_set1(keep_scale)), v_zero()));
	}
}

static void dropout(const struct dropout_args *args)
{
	for (size_t p = 0; p < panels_of(args->n); p++)
		for (size_t begin = 0; begin < args->m; begin += DROPOUT_COLUMNS) {
			const size_t columns = args->m - begin < DROPOUT_COLUMNS ? args->m - begin : DROPOUT_COLUMNS;
			const size_t at = (p * args->ld + begin) * PANEL;
			float words[DROPOUT_COLUMNS * PANEL];
			dropout_words(words, args, args->unit0 + (uint32_t)(p * PANEL), args->row0 + (uint32_t)begin);
			drop(args->A + at, words, columns * PANEL, args->threshold, args->keep_scale);
			if (args->D)
				drop(args->D + at, words, columns * PANEL, args->threshold, args->keep_scale);
		}
}

#endif
