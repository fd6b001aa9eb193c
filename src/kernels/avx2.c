/* SPDX-License-Identifier: MIT
 * The kernels with vectors of 8 floats: AVX2 and FMA (Haswell, Zen and later). */
#if !defined(__AVX2__) || !defined(__FMA__)
#error "compile with -mavx2 -mfma"
#endif
#include "kernels/template_begin.h"

#include <immintrin.h>

#define KERNEL_TABLE kernels_avx2
#define KERNEL_NAME "avx2"
#define VLEN 8
#define TILE_ROWS 6 /* 6 rows x 1 panel of 2 vectors = 12 sums, 2 operands and a broadcast: 15 of 16 registers */
#define TILE_PANELS 1

typedef __m256 vec;
typedef __m256i vint;
typedef __m256 vmask; /* a lane is all ones or all zeros */

INLINE vec v_load(const float *x) { return _mm256_loadu_ps(x); }
INLINE void v_store(float *y, vec x) { _mm256_storeu_ps(y, x); }
INLINE vec v_set1(float x) { return _mm256_set1_ps(x); }
INLINE vec v_zero(void) { return _mm256_setzero_ps(); }

INLINE vec v_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
INLINE vec v_add(vec a, vec b) { return _mm256_add_ps(a, b); }
INLINE vec v_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
INLINE vec v_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
INLINE vec v_div(vec a, vec b) { return _mm256_div_ps(a, b); }
INLINE vec v_sqrt(vec a) { return _mm256_sqrt_ps(a); }
INLINE vec v_max(vec a, vec b) { return _mm256_max_ps(a, b); } /* a > b ? a : b, by the instruction's definition */
INLINE vec v_min(vec a, vec b) { return _mm256_min_ps(a, b); } /* a < b ? a : b */

INLINE vmask v_gt(vec a, vec b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }
INLINE vmask v_ge(vec a, vec b) { return _mm256_cmp_ps(a, b, _CMP_GE_OQ); }
INLINE vmask v_lt(vec a, vec b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
INLINE vmask v_eq(vec a, vec b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
INLINE vec v_select(vmask mask, vec a, vec b) { return _mm256_blendv_ps(b, a, mask); }

INLINE vint v_bits(vec a) { return _mm256_castps_si256(a); }
INLINE vec v_from_bits(vint bits) { return _mm256_castsi256_ps(bits); }
INLINE vec v_abs(vec a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
INLINE vec v_neg(vec a) { return _mm256_xor_ps(_mm256_set1_ps(-0.0f), a); }
INLINE vec v_copysign(vec a, vec sign) { return _mm256_or_ps(v_abs(a), _mm256_and_ps(_mm256_set1_ps(-0.0f), sign)); }

INLINE vint i_set1(uint32_t x) { return _mm256_set1_epi32((int)x); }
INLINE vint i_add(vint a, vint b) { return _mm256_add_epi32(a, b); }
INLINE vint i_sub(vint a, vint b) { return _mm256_sub_epi32(a, b); }
INLINE vint i_and(vint a, vint b) { return _mm256_and_si256(a, b); }
INLINE vint i_xor(vint a, vint b) { return _mm256_xor_si256(a, b); }
INLINE vint i_shift_left(vint a, int n) { return _mm256_slli_epi32(a, n); }
INLINE vint i_shift_right(vint a, int n) { return _mm256_srai_epi32(a, n); } /* arithmetic */
INLINE vec v_from_int(vint a) { return _mm256_cvtepi32_ps(a); }
INLINE vint i_multiply(vint *high, vint a, uint32_t factor) /* the low half; products of even and odd lanes apart */
{
	const vint f = i_set1(factor), even = _mm256_mul_epu32(a, f), odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), f);
	*high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
	return _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
}
INLINE vmask i_ge(vint a, vint b) { return v_from_bits(_mm256_cmpeq_epi32(_mm256_max_epu32(a, b), a)); } /* unsigned */
INLINE vint i_load(const uint32_t *x) { return _mm256_loadu_si256((const __m256i *)x); }

/* An 8 x 8 corner of the tile: pairs, then fours, then halves change places. */
INLINE void transpose_corner(float *to, const float *from)
{
	__m256 row[8], pair[8], four[8];
	for (int k = 0; k < 8; k++)
		row[k] = _mm256_loadu_ps(from + k * PANEL);
	for (int k = 0; k < 8; k += 2) {
		pair[k] = _mm256_unpacklo_ps(row[k], row[k + 1]);
		pair[k + 1] = _mm256_unpackhi_ps(row[k], row[k + 1]);
	}
	for (int k = 0; k < 8; k += 4) {
		four[k] = _mm256_shuffle_ps(pair[k], pair[k + 2], 0x44);
		four[k + 1] = _mm256_shuffle_ps(pair[k], pair[k + 2], 0xee);
		four[k + 2] = _mm256_shuffle_ps(pair[k + 1], pair[k + 3], 0x44);
		four[k + 3] = _mm256_shuffle_ps(pair[k + 1], pair[k + 3], 0xee);
	}
	for (int i = 0; i < 4; i++) {
		_mm256_storeu_ps(to + i * PANEL, _mm256_permute2f128_ps(four[i], four[i + 4], 0x20));
		_mm256_storeu_ps(to + (i + 4) * PANEL, _mm256_permute2f128_ps(four[i], four[i + 4], 0x31));
	}
}

INLINE void transpose_tile(float *restrict to, const float *restrict from)
{
	for (int i = 0; i < PANEL; i += 8)
		for (int k = 0; k < PANEL; k += 8)
			transpose_corner(to + i * PANEL + k, from + k * PANEL + i);
}

#include "kernels/template.h"
