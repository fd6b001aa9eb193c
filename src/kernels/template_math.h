/* SPDX-License-Identifier: MIT
 * exp, log and what the activations need of them, on vectors.  Polynomials are minimax fits (Remez) with coefficients rounded to
 * float, evaluated by Horner's rule in fused multiply-adds; doc/numerics.md has the measured errors.  NaN in gives NaN out. */
#ifndef KERNELS_TEMPLATE_MATH_H
#define KERNELS_TEMPLATE_MATH_H

/* Adding and subtracting 1.5 * 2^23 rounds a float of less than 2^22 to an integer, which then stands in the sum's low bits. */
#define ROUNDING_SHIFT 0x1.8p23f
#define ROUNDING_SHIFT_BITS 0x4b400000u
#define ONE_BITS 0x3f800000u
#define LOG2_E 0x1.715476p0f
/* ln 2 in two parts; the first has 17 bits, so that n times it is exact for the n of float exponents. */
#define LN_2_HIGH 0x1.62e4p-1f
#define LN_2_LOW 0x1.7f7d1cp-20f

/* c[0] + c[1] x + ... + c[degree] x^degree */
INLINE vec polynomial(vec x, const float *c, int degree)
{
	vec y = v_set1(c[degree]);
	UNROLL
	for (int i = degree - 1; i >= 0; i--)
		y = v_fma(y, x, v_set1(c[i]));
	return y;
}

/* x = n ln 2 + r with |r| <= ln(2)/2 a little exceeded: returns e^r - 1; n comes as the bits of n + ROUNDING_SHIFT.  |x| < 2^16. */
INLINE vec expm1_reduced(vint *shifted_n, vec x)
{
	/* (e^r - 1 - r) / r^2; the fit's error is 2^-26 of e^r - 1 */
	static const float c[] = {0x1.fffffep-2f, 0x1.5554aap-3f, 0x1.55579ap-5f, 0x1.122c38p-7f, 0x1.6ac052p-10f};
	const vec shifted = v_fma(x, v_set1(LOG2_E), v_set1(ROUNDING_SHIFT));
	const vec n = v_sub(shifted, v_set1(ROUNDING_SHIFT));
	const vec r = v_fma(n, v_set1(-LN_2_LOW), v_fma(n, v_set1(-LN_2_HIGH), x));
	*shifted_n = v_bits(shifted);
	return v_fma(v_mul(r, r), polynomial(r, c, 4), r);
}

/* 2^(n + extra) as a float, from the bits of n + ROUNDING_SHIFT; -127 < n + extra < 128. */
INLINE vec power_of_two(vint shifted_n, int extra)
{
	return v_from_bits(i_add(i_shift_left(shifted_n, 23), i_set1(ONE_BITS + ((uint32_t)extra << 23))));
}

/* e^x.  Below -104 it rounds to 0, above 89 to infinity.  2^n is multiplied in two halves: it may lie beyond the floats, and a
 * denormal result is rounded once. */
INLINE vec exp_vec(vec x)
{
	vint shifted_n;
	const vec p = expm1_reduced(&shifted_n, v_max(v_set1(-104.0f), v_min(v_set1(89.0f), x)));
	const vint n = i_sub(shifted_n, i_set1(ROUNDING_SHIFT_BITS)), half = i_shift_right(n, 1);
	const vec y = v_mul(v_add(p, v_set1(1.0f)), power_of_two(half, 0));
	return v_mul(y, power_of_two(i_sub(n, half), 0));
}

/* e^x 2^48 for x <= 0; x below -120 counts as -120.  UNSCALE makes it e^x, at the end of a formula whose result may be denormal. */
#define UNSCALE 0x1p-48f
INLINE vec exp_scaled(vec x)
{
	vint shifted_n;
	const vec p = expm1_reduced(&shifted_n, v_max(v_set1(-120.0f), x));
	const vec scale = power_of_two(shifted_n, 48);
	return v_fma(scale, p, scale);
}

/* e^x for x <= 0 */
INLINE vec exp_nonpositive(vec x) { return v_mul(exp_scaled(x), v_set1(UNSCALE)); }

/* ln x: x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)). */
INLINE vec log_vec(vec x)
{
	/* (ln(1 + f) - f + f^2/2) / f^3; the fit's error is 2^-27 of ln(1 + f) */
	static const float c[] = {0x1.555554p-2f,  -0x1.000226p-2f, 0x1.99a00ap-3f, -0x1.547248p-3f,
	                          0x1.22dap-3f,    -0x1.0d8508p-3f, 0x1.055bf2p-3f, -0x1.38b7bp-4f};
	const uint32_t sqrt_half = 0x3f3504f3u;
	const vmask denormal = v_lt(x, v_set1(0x1p-126f));
	const vec normal = v_select(denormal, v_mul(x, v_set1(0x1p23f)), x);
	const vint above = i_sub(v_bits(normal), i_set1(sqrt_half));
	const vec k = v_add(v_from_int(i_shift_right(above, 23)), v_select(denormal, v_set1(-23.0f), v_zero()));
	const vec f = v_sub(v_from_bits(i_add(i_and(above, i_set1(0x007fffffu)), i_set1(sqrt_half))), v_set1(1.0f));
	const vec square = v_mul(f, f);
	const vec bend = v_mul(square, v_fma(f, polynomial(f, c, 7), v_set1(-0.5f)));
	const vec low = v_add(f, v_fma(k, v_set1(LN_2_LOW), bend));
	const vec y = v_fma(k, v_set1(LN_2_HIGH), low);
	const vec infinity = v_set1(INFINITY);
	const vec unusual = v_select(v_eq(x, v_zero()), v_neg(infinity), v_select(v_eq(x, infinity), infinity, v_set1(NAN)));
	return v_select(v_lt(v_zero(), x), v_select(v_lt(x, infinity), y, unusual), unusual);
}

/* What decays towards zero - moments, and dZ once a network knows its rows by heart - would become denormal, and arithmetic on
 * denormal numbers takes up to fifty times as long.  Below DUST nothing moves a weight; dZ of the output begins with a distance to
 * that, for the layers below multiply it by their weights. */
#define DUST 0x1p-100f
#define DZ_DUST 0x1p-80f

INLINE vec without_dust(vec x, float dust) { return v_select(v_lt(v_abs(x), v_set1(dust)), v_zero(), x); }

/* ln(1 + e) for 0 <= e <= 1 */
INLINE vec log1p_unit(vec e)
{
	/* (ln(1 + e) - e) / e^2; the fit's error is 2^-27 of ln(1 + e) */
	static const float c[] = {-0x1.ffffd2p-2f, 0x1.554ddp-2f,   -0x1.ff23e6p-3f, 0x1.934b54p-3f, -0x1.3a435ep-3f,
	                          0x1.b4ae08p-4f,  -0x1.d6b08cp-5f, 0x1.4917cep-6f,  -0x1.af49cep-9f};
	/* Below 2^-60 the result is e; the square, perhaps no normal number any more, would cost as much as all the rest. */
	const vec large = without_dust(e, 0x1p-60f);
	return v_fma(v_mul(large, large), polynomial(e, c, 8), e);
}

/* tanh |x| = t / (t + 2) = q, t = e^(2|x|) - 1; from 9.1 on it rounds to 1.  Below 0.3 t/2 - q t/2 has less rounding. */
INLINE vec tanh_vec(vec x)
{
	vint shifted_n;
	const vec p = expm1_reduced(&shifted_n, v_min(v_set1(18.2f), v_abs(v_add(x, x))));
	const vec scale = power_of_two(shifted_n, 0);
	const vec t = v_fma(scale, p, v_sub(scale, v_set1(1.0f)));
	const vec q = v_div(t, v_add(t, v_set1(2.0f))), half = v_mul(t, v_set1(0.5f));
	return v_copysign(v_select(v_lt(t, v_set1(0.8f)), v_fma(v_neg(half), q, half), q), x);
}

/* With e = e^-|z|, above 0: 1 / (1 + e); below: e / (1 + e) = q, and e - e q has less rounding. */
INLINE vec sigmoid_vec(vec z)
{
	const vec e = exp_nonpositive(v_neg(v_abs(z)));
	const vmask above = v_ge(z, v_zero());
	const vec q = v_div(v_select(above, v_set1(1.0f), e), v_add(e, v_set1(1.0f)));
	return v_select(above, q, v_fma(v_neg(e), q, e));
}

/* ln(1 + e^z) = max(z, 0) + ln(1 + e^-|z|) */
INLINE vec softplus_vec(vec z) { return v_add(v_max(v_zero(), z), log1p_unit(exp_nonpositive(v_neg(v_abs(z))))); }

/* The normal distribution's tail beyond a >= 0 is Q(a) = e^(-a^2/2) R(a); returns R(a) and gives e^(-a^2/2) 2^48.  a <= 15.
 * (a + 4) R(a) is smooth in u = (a - 4)/(a + 4); a^2 is taken in two parts, since the power multiplies its absolute error. */
INLINE vec normal_tail(vec *exponential, vec a)
{
	/* (a + 4) R(a); the fit's relative error is 2^-25.6 */
	static const float c[] = {0x1.82b4bcp-1f, -0x1.373e38p-1f, 0x1.8c6d72p-2f, -0x1.7e002cp-3f, 0x1.eee372p-5f,
	                          -0x1.ecfbdap-8f, -0x1.cfe02p-9f, 0x1.97ba6ep-10f, 0x1.b7f06ep-13f, -0x1.cb0f04p-14f};
	const vec square = v_mul(a, a), rest = v_fma(a, a, v_neg(square));
	const vec e = exp_scaled(v_mul(square, v_set1(-0.5f)));
	const vec reciprocal = v_div(v_set1(1.0f), v_add(a, v_set1(4.0f)));
	const vec rough = v_mul(v_sub(a, v_set1(4.0f)), reciprocal);
	/* a - 4 - rough (a + 4) */
	const vec residual = v_fma(rough, v_neg(a), v_fma(v_add(rough, v_set1(1.0f)), v_set1(-4.0f), a));
	const vec u = v_fma(residual, reciprocal, rough);
	*exponential = v_fma(e, v_mul(rest, v_set1(-0.5f)), e);
	return v_mul(polynomial(u, c, 9), reciprocal);
}

/* The functions of the table: y may be x; n a multiple of 16. */
INLINE void map(vec (*f)(vec), float *y, const float *x, size_t n)
{
	for (size_t i = 0; i < n; i += VLEN)
		v_store(y + i, f(v_load(x + i)));
}
static void exp_run(float *y, const float *x, size_t n) { map(exp_vec, y, x, n); }
static void log_run(float *y, const float *x, size_t n) { map(log_vec, y, x, n); }
static void tanh_run(float *y, const float *x, size_t n) { map(tanh_vec, y, x, n); }
static void sigmoid_run(float *y, const float *x, size_t n) { map(sigmoid_vec, y, x, n); }

#endif
