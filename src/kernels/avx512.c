/* SPDX-License-Identifier: MIT
 * The kernels with vectors of 16 floats: AVX-512 F, BW, VL and DQ (Skylake-SP, Zen 4 and later). */
#if !defined(__AVX512F__) || !defined(__AVX512BW__) || !defined(__AVX512VL__) || !defined(__AVX512DQ__) || !defined(__FMA__)
#error "compile with -mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma"
#endif
#include "kernels/template_begin.h"

#include <immintrin.h>

#define KERNEL_TABLE kernels_avx512
#define KERNEL_NAME "avx512"
#define VLEN 16
#define TILE_ROWS 8 /* 8 rows x 3 panels = 24 sums and 3 operands: 27 of 32 registers, broadcasts come from memory */
#define TILE_PANELS 3

typedef __m512 vec;
typedef __m512i vint;
typedef __mmask16 vmask;

INLINE vec v_load(const float *x) { return _mm512_loadu_ps(x); }
INLINE void v_store(float *y, vec x) { _mm512_storeu_ps(y, x); }
INLINE vec v_set1(float x) { return _mm512_set1_ps(x); }
INLINE vec v_zero(void) { return _mm512_setzero_ps(); }

INLINE vec v_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
INLINE vec v_add(vec a, vec b) { return _mm512_add_ps(a, b); }
INLINE vec v_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
INLINE vec v_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
INLINE vec v_div(vec a, vec b) { return _mm512_div_ps(a, b); }
INLINE vec v_sqrt(vec a) { return _mm512_sqrt_ps(a); }
INLINE vec v_max(vec a, vec b) { return _mm512_max_ps(a, b); } /* a > b ? a : b, by the instruction's definition */
INLINE vec v_min(vec a, vec b) { return _mm512_min_ps(a, b); } /* a < b ? a : b */

INLINE vmask v_gt(vec a, vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
INLINE vmask v_ge(vec a, vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
INLINE vmask v_lt(vec a, vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
INLINE vmask v_eq(vec a, vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
INLINE vec v_select(vmask mask, vec a, vec b) { return _mm512_mask_blend_ps(mask, b, a); }

INLINE vint v_bits(vec a) { return _mm512_castps_si512(a); }
INLINE vec v_from_bits(vint bits) { return _mm512_castsi512_ps(bits); }
INLINE vec v_abs(vec a) { return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), a); }
INLINE vec v_neg(vec a) { return _mm512_xor_ps(_mm512_set1_ps(-0.0f), a); }
INLINE vec v_copysign(vec a, vec sign) { return _mm512_or_ps(v_abs(a), _mm512_and_ps(_mm512_set1_ps(-0.0f), sign)); }

INLINE vint i_set1(uint32_t x) { return _mm512_set1_epi32((int)x); }
INLINE vint i_add(vint a, vint b) { return _mm512_add_epi32(a, b); }
INLINE vint i_sub(vint a, vint b) { return _mm512_sub_epi32(a, b); }
INLINE vint i_and(vint a, vint b) { return _mm512_and_si512(a, b); }
INLINE vint i_xor(vint a, vint b) { return _mm512_xor_si512(a, b); }
INLINE vint i_shift_left(vint a, int n) { return _mm512_slli_epi32(a, (unsigned)n); }
INLINE vint i_shift_right(vint a, int n) { return _mm512_srai_epi32(a, (unsigned)n); } /* arithmetic */
INLINE vec v_from_int(vint a) { return _mm512_cvtepi32_ps(a); }
INLINE vint i_multiply(vint *high, vint a, uint32_t factor) /* the low half; products of even and odd lanes apart */
{
	const vint f = i_set1(factor), even = _mm512_mul_epu32(a, f), odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), f);
	*high = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
	return _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
}
INLINE vmask i_ge(vint a, vint b) { return _mm512_cmpge_epu32_mask(a, b); } /* unsigned */
INLINE vint i_load(const uint32_t *x) { return _mm512_loadu_si512(x); }

/* Pairs, fours and eights change places within and between the quarters of a register, then whole quarters. */
INLINE void transpose_tile(float *restrict to, const float *restrict from)
{
	__m512 row[16], pair[16], four[16], half[16];
	for (int k = 0; k < 16; k++)
		row[k] = _mm512_loadu_ps(from + k * PANEL);
	for (int k = 0; k < 16; k += 2) {
		pair[k] = _mm512_unpacklo_ps(row[k], row[k + 1]);
		pair[k + 1] = _mm512_unpackhi_ps(row[k], row[k + 1]);
	}
	for (int k = 0; k < 16; k += 4) { /* four[k + c]: of rows k .. k+3 the columns c, c+4, c+8, c+12, one a quarter */
		four[k] = _mm512_shuffle_ps(pair[k], pair[k + 2], 0x44);
		four[k + 1] = _mm512_shuffle_ps(pair[k], pair[k + 2], 0xee);
		four[k + 2] = _mm512_shuffle_ps(pair[k + 1], pair[k + 3], 0x44);
		four[k + 3] = _mm512_shuffle_ps(pair[k + 1], pair[k + 3], 0xee);
	}
	for (int k = 0; k < 16; k += 8)
		for (int c = 0; c < 4; c++) { /* half[k + c]: columns c, c+8 (twice two quarters); half[k + c + 4]: c+4, c+12 */
			half[k + c] = _mm512_shuffle_f32x4(four[k + c], four[k + c + 4], 0x88);
			half[k + c + 4] = _mm512_shuffle_f32x4(four[k + c], four[k + c + 4], 0xdd);
		}
	for (int c = 0; c < 8; c++) {
		_mm512_storeu_ps(to + c * PANEL, _mm512_shuffle_f32x4(half[c], half[c + 8], 0x88));
		_mm512_storeu_ps(to + (c + 8) * PANEL, _mm512_shuffle_f32x4(half[c], half[c + 8], 0xdd));
	}
}

#include "kernels/template.h"
