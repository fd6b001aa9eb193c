/* SPDX-License-Identifier: MIT
 * The kernels with vectors of 4 floats: Advanced SIMD of 64-bit ARM, which every such processor that runs Linux has. */
#if !defined(__aarch64__) || !defined(__ARM_NEON) || !defined(__ARM_FEATURE_FMA)
#error "compile for AArch64 with Advanced SIMD"
#endif
#include "kernels/template_begin.h"

#include <arm_neon.h>

#define KERNEL_TABLE kernels_neon
#define KERNEL_NAME "neon"
#define VLEN 4
/* 6 rows x 1 panel of 4 vectors = 24 sums, 4 operands and a broadcast: 29 of 32 registers.  (gcc needs -fno-schedule-insns for it,
 * else it loads all broadcasts first and spills.) */
#define TILE_ROWS 6
#define TILE_PANELS 1
#define PEAK_CHAINS 24 /* up to four units with a latency of four cycles */

typedef float32x4_t vec;
typedef uint32x4_t vint;
typedef uint32x4_t vmask; /* a lane is all ones or all zeros */

INLINE vec v_load(const float *x) { return vld1q_f32(x); }
INLINE void v_store(float *y, vec x) { vst1q_f32(y, x); }
INLINE vec v_set1(float x) { return vdupq_n_f32(x); }
INLINE vec v_zero(void) { return vdupq_n_f32(0.0f); }

INLINE vec v_fma(vec a, vec b, vec c) { return vfmaq_f32(c, a, b); }
INLINE vec v_add(vec a, vec b) { return vaddq_f32(a, b); }
INLINE vec v_sub(vec a, vec b) { return vsubq_f32(a, b); }
INLINE vec v_mul(vec a, vec b) { return vmulq_f32(a, b); }
INLINE vec v_div(vec a, vec b) { return vdivq_f32(a, b); }
INLINE vec v_sqrt(vec a) { return vsqrtq_f32(a); }
/* By compare and select: fmax and fmin have other ideas of zeros and NaN. */
INLINE vec v_max(vec a, vec b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
INLINE vec v_min(vec a, vec b) { return vbslq_f32(vcltq_f32(a, b), a, b); }

INLINE vmask v_gt(vec a, vec b) { return vcgtq_f32(a, b); }
INLINE vmask v_ge(vec a, vec b) { return vcgeq_f32(a, b); }
INLINE vmask v_lt(vec a, vec b) { return vcltq_f32(a, b); }
INLINE vmask v_eq(vec a, vec b) { return vceqq_f32(a, b); }
INLINE vec v_select(vmask mask, vec a, vec b) { return vbslq_f32(mask, a, b); }

INLINE vint v_bits(vec a) { return vreinterpretq_u32_f32(a); }
INLINE vec v_from_bits(vint bits) { return vreinterpretq_f32_u32(bits); }
INLINE vec v_abs(vec a) { return vabsq_f32(a); }
INLINE vec v_neg(vec a) { return vnegq_f32(a); }
INLINE vec v_copysign(vec a, vec sign) { return vbslq_f32(vdupq_n_u32(0x80000000u), sign, a); }

INLINE vint i_set1(uint32_t x) { return vdupq_n_u32(x); }
INLINE vint i_add(vint a, vint b) { return vaddq_u32(a, b); }
INLINE vint i_sub(vint a, vint b) { return vsubq_u32(a, b); }
INLINE vint i_and(vint a, vint b) { return vandq_u32(a, b); }
INLINE vint i_xor(vint a, vint b) { return veorq_u32(a, b); }
/* Operators of the vector types: the intrinsics want literal numbers, which n is only where the compiler optimises. */
INLINE vint i_shift_left(vint a, int n) { return a << (uint32_t)n; }
INLINE vint i_shift_right(vint a, int n) { return vreinterpretq_u32_s32(vreinterpretq_s32_u32(a) >> n); } /* arithmetic */
INLINE vec v_from_int(vint a) { return vcvtq_f32_s32(vreinterpretq_s32_u32(a)); }
INLINE vint i_multiply(vint *high, vint a, uint32_t factor) /* the low half; products of the lower and upper lanes apart */
{
	const vint f = i_set1(factor), lower = vreinterpretq_u32_u64(vmull_u32(vget_low_u32(a), vget_low_u32(f)));
	const vint upper = vreinterpretq_u32_u64(vmull_high_u32(a, f));
	*high = vuzp2q_u32(lower, upper);
	return vuzp1q_u32(lower, upper);
}
INLINE vmask i_ge(vint a, vint b) { return vcgeq_u32(a, b); } /* unsigned */
INLINE vint i_load(const uint32_t *x) { return vld1q_u32(x); }

/* A 4 x 4 corner of the tile: elements of neighbouring rows, then pairs of elements change places. */
INLINE void transpose_corner(float *to, const float *from)
{
	float32x4_t row[4];
	float64x2_t pair[4];
	for (int k = 0; k < 4; k++)
		row[k] = vld1q_f32(from + k * PANEL);
	for (int k = 0; k < 4; k += 2) { /* columns 0 and 2, 1 and 3 of two rows */
		pair[k] = vreinterpretq_f64_f32(vtrn1q_f32(row[k], row[k + 1]));
		pair[k + 1] = vreinterpretq_f64_f32(vtrn2q_f32(row[k], row[k + 1]));
	}
	for (int i = 0; i < 2; i++) {
		vst1q_f32(to + i * PANEL, vreinterpretq_f32_f64(vtrn1q_f64(pair[i], pair[i + 2])));
		vst1q_f32(to + (i + 2) * PANEL, vreinterpretq_f32_f64(vtrn2q_f64(pair[i], pair[i + 2])));
	}
}

INLINE void transpose_tile(float *restrict to, const float *restrict from)
{
	for (int i = 0; i < PANEL; i += 4)
		for (int k = 0; k < PANEL; k += 4)
			transpose_corner(to + i * PANEL + k, from + k * PANEL + i);
}

#include "kernels/template.h"
