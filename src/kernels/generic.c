/* SPDX-License-Identifier: MIT
 * The kernels with a vector of one float: the specification, and the oracle of every other instruction set, to the bit. */
#include "kernels/template_begin.h"

#define KERNEL_TABLE kernels_generic
#define KERNEL_NAME "generic"
#define VLEN 1
#define TILE_ROWS 4
#define TILE_PANELS 1

typedef float vec;
typedef uint32_t vint;
typedef bool vmask;

INLINE vec v_load(const float *x) { return *x; }
INLINE void v_store(float *y, vec x) { *y = x; }
INLINE vec v_set1(float x) { return x; }
INLINE vec v_zero(void) { return 0.0f; }

INLINE vec v_fma(vec a, vec b, vec c) { return fmaf(a, b, c); }
INLINE vec v_add(vec a, vec b) { return a + b; }
INLINE vec v_sub(vec a, vec b) { return a - b; }
INLINE vec v_mul(vec a, vec b) { return a * b; }
INLINE vec v_div(vec a, vec b) { return a / b; }
INLINE vec v_sqrt(vec a) { return sqrtf(a); }
INLINE vec v_max(vec a, vec b) { return a > b ? a : b; }
INLINE vec v_min(vec a, vec b) { return a < b ? a : b; }

INLINE vmask v_gt(vec a, vec b) { return a > b; }
INLINE vmask v_ge(vec a, vec b) { return a >= b; }
INLINE vmask v_lt(vec a, vec b) { return a < b; }
INLINE vmask v_eq(vec a, vec b) { return a == b; }
INLINE vec v_select(vmask mask, vec a, vec b) { return mask ? a : b; }

INLINE vint v_bits(vec a)
{
	vint bits;
	memcpy(&bits, &a, sizeof bits);
	return bits;
}
INLINE vec v_from_bits(vint bits)
{
	vec a;
	memcpy(&a, &bits, sizeof a);
	return a;
}
INLINE vec v_abs(vec a) { return v_from_bits(v_bits(a) & 0x7fffffffu); }
INLINE vec v_neg(vec a) { return v_from_bits(v_bits(a) ^ 0x80000000u); }
INLINE vec v_copysign(vec a, vec sign) { return v_from_bits((v_bits(a) & 0x7fffffffu) | (v_bits(sign) & 0x80000000u)); }

INLINE vint i_set1(uint32_t x) { return x; }
INLINE vint i_add(vint a, vint b) { return a + b; }
INLINE vint i_sub(vint a, vint b) { return a - b; }
INLINE vint i_and(vint a, vint b) { return a & b; }
INLINE vint i_xor(vint a, vint b) { return a ^ b; }
INLINE vint i_shift_left(vint a, int n) { return a << n; }
INLINE vint i_shift_right(vint a, int n) { return (uint32_t)((int32_t)a >> n); }
INLINE vec v_from_int(vint a) { return (float)(int32_t)a; }
INLINE vint i_multiply(vint *high, vint a, uint32_t factor) /* the low half */
{
	uint64_t product = (uint64_t)a * factor;
	*high = (uint32_t)(product >> 32);
	return (uint32_t)product;
}
INLINE vmask i_ge(vint a, vint b) { return a >= b; } /* unsigned */
INLINE vint i_load(const uint32_t *x) { return *x; }

INLINE void transpose_tile(float *restrict to, const float *restrict from)
{
	for (int i = 0; i < PANEL; i++)
		for (int k = 0; k < PANEL; k++)
			to[i * PANEL + k] = from[k * PANEL + i];
}

#include "kernels/template.h"
