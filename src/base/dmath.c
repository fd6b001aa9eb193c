/* SPDX-License-Identifier: MIT
 * Argument reduction and Taylor series; the orders are chosen so that the remainder stays below a tenth of the rounding.
 * Products and sums are separate IEEE operations (-ffp-contract=off), so every compiler and machine gives the same bits. */
#include "base/dmath.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __FAST_MATH__
#error "dmath.c needs IEEE arithmetic: do not compile with -ffast-math"
#endif

/* ln 2 in two parts: the first has 32 significant bits, so that k * LN2_HIGH is exact for |k| < 2^21. */
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW 0x1.a39ef35793c76p-33
#define INV_LN2 0x1.71547652b82fep+0

#define EXP_OVERFLOW 0x1.62e42fefa39efp+9   /* 1024 ln 2, rounded down: e^x is finite up to here */
#define EXP_UNDERFLOW -0x1.74910d52d3052p+9 /* below -1075 ln 2 e^x rounds to 0 */

/* x 2^k without the cost of ldexp where both the power and the result are normal numbers. */
static double scale_2(double x, int k)
{
	if (k < -1000 || k > 1000)
		return ldexp(x, k);
	uint64_t bits = (uint64_t)(k + 1023) << 52;
	double power;
	memcpy(&power, &bits, sizeof power);
	return x * power;
}

/* sum of coefficients[i] x^i, highest first by Horner. */
static double polynomial(double x, const double *coefficients, int n)
{
	double sum = coefficients[n - 1];
	for (int i = n - 2; i >= 0; i--)
		sum = sum * x + coefficients[i];
	return sum;
}
#define POLYNOMIAL(x, coefficients) polynomial(x, coefficients, (int)(sizeof coefficients / sizeof *coefficients))

/* x = k ln 2 + r + r_low with |r| <= ln(2)/2 (and a rounding), r_low far below r: k is returned. */
static int reduce_ln2(double *r, double *r_low, double x)
{
	double k = rint(x * INV_LN2);
	double high = x - k * LN2_HIGH;
	double low = k * LN2_LOW;
	*r = high - low;
	*r_low = (high - *r) - low;
	return (int)k;
}

/* e^(r + r_low) - 1 - r for |r| <= 0.35: sum of r^i / i! from i = 2; the remainder r^14 / 14! is below 2^-58 of e^r. */
static double exp_tail(double r, double r_low)
{
	static const double inverse_factorial[] = {
	        1.0 / 2,      1.0 / 6,       1.0 / 24,       1.0 / 120,       1.0 / 720,        1.0 / 5040,
	        1.0 / 40320,  1.0 / 362880,  1.0 / 3628800,  1.0 / 39916800,  1.0 / 479001600,  1.0 / 6227020800,
	};
	return r * r * POLYNOMIAL(r, inverse_factorial) + (r_low + r_low * r);
}

/* A number in two parts, high + low, |low| at most a rounding of high: high is the number rounded. */
struct parts {
	double high, low;
};

/* a + b, |a| >= |b|, with what the sum rounds off, which is exact (Dekker 1971), and a small number c. */
static struct parts sum_parts(double a, double b, double c)
{
	double sum = a + b;
	double low = ((a - sum) + b) + c;
	double high = sum + low;
	return (struct parts){high, (sum - high) + low};
}

/* The quotient of two such numbers: n/d = q + (n.low - q d.low) / d with q = n.high / d.high. */
static double divide_parts(struct parts n, struct parts d)
{
	double q = n.high / d.high;
	return q + (n.low - q * d.low) / d.high;
}

/* e^x = parts 2^k, for x in the range of double's exponents. */
static struct parts exp_parts(int *k, double x)
{
	double r, r_low;
	*k = reduce_ln2(&r, &r_low, x);
	return sum_parts(1, r, exp_tail(r, r_low));
}

double dmath_exp(double x)
{
	if (isnan(x))
		return x;
	if (x > EXP_OVERFLOW)
		return HUGE_VAL;
	if (x < EXP_UNDERFLOW)
		return 0;
	int k;
	struct parts e = exp_parts(&k, x);
	return scale_2(e.high, k);
}

/* e^x - 1 for 0 <= x <= 40: with y = e^r - 1 it is 2^k (y + 1 - 2^-k); the difference 1 - 2^-k is exact up to k = 53. */
static struct parts expm1_parts(double x)
{
	double r, r_low;
	int k = reduce_ln2(&r, &r_low, x);
	double tail = exp_tail(r, r_low);
	if (k == 0)
		return sum_parts(r, tail, 0);
	struct parts y = sum_parts(1 - scale_2(1, -k), r, tail); /* 1 - 2^-k >= 1/2 > |r| */
	return (struct parts){scale_2(y.high, k), scale_2(y.low, k)};
}

/* log(1 + f + f_low) for 1 + f in [sqrt(1/2), sqrt(2)], plus k ln 2, f_low far below f.
 * With s = f / (2 + f): log(1 + f) = 2 atanh(s) = 2 s + s R,  R = s^2 (2/3 + 2/5 s^2 + ...).  Since 2 s = f - s f and
 * s f = f^2/2 - s f^2/2, the leading term f is exact and only small terms are rounded: log(1 + f) = f - (f^2/2 - s (f^2/2 + R)).
 * s^2 <= 0.0295, and the remainder of R after s^22 is below 2^-60. */
static double log_of(double f, double f_low, int k)
{
	static const double odd[] = {
	        2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21, 2.0 / 23,
	};
	double s = f / (2 + f);
	double z = s * s;
	double R = z * POLYNOMIAL(z, odd);
	double half_square = 0.5 * f * f;
	double small = s * (half_square + R) + f_low;
	if (k == 0)
		return f - (half_square - small);
	return k * LN2_HIGH - ((half_square - (small + k * LN2_LOW)) - f);
}

/* x = 2^k m with m in [sqrt(1/2), sqrt(2)) for x > 0. */
static double split_2(int *k, double x)
{
	double m = frexp(x, k);
	if (m < 0x1.6a09e667f3bcdp-1) {
		m *= 2;
		--*k;
	}
	return m;
}

double dmath_log(double x)
{
	if (isnan(x) || x < 0)
		return NAN;
	if (x == 0)
		return -HUGE_VAL;
	if (isinf(x))
		return x;
	int k;
	double m = split_2(&k, x);
	return log_of(m - 1, 0, k);
}

double dmath_log1p(double x)
{
	if (isnan(x) || x < -1)
		return NAN;
	if (x == -1)
		return -HUGE_VAL;
	if (isinf(x))
		return x;
	if (x > -0.29 && x < 0.41) /* 1 + x within [sqrt(1/2), sqrt(2)]: f = x, not rounded */
		return log_of(x, 0, 0);
	double u = 1 + x;
	double lost = x > 1 ? 1 - (u - x) : x - (u - 1);
	int k;
	double m = split_2(&k, u);
	return log_of(m - 1, lost / u, k);
}

/* With t = e^2|x| - 1: tanh |x| = t / (t + 2). */
double dmath_tanh(double x)
{
	double a = fabs(x);
	if (!(a >= 0x1p-28)) /* x^3 / 3 is below half an ulp; NaN */
		return x;
	double value = 1;
	if (a < 20) { /* 1 - tanh 20 < 2^-54 */
		struct parts t = expm1_parts(2 * a);
		struct parts d = t.high > 2 ? sum_parts(t.high, 2, t.low) : sum_parts(2, t.high, t.low);
		value = divide_parts(t, d);
	}
	return x < 0 ? -value : value;
}

/* sin and cos of 2 pi r for |r| <= 1/8, by their series in x = 2 pi r, |x| <= pi/4; the remainders x^17/17! and x^18/18! are below
 * 2^-53. */
static double sin_octant(double r)
{
	static const double series[] = {
	        -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800, -1.0 / 1307674368000,
	};
	double x = 0x1.921fb54442d18p+2 * r;
	double square = x * x;
	return x + x * square * POLYNOMIAL(square, series);
}

static double cos_octant(double r)
{
	static const double series[] = {
	        1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800, 1.0 / 479001600, -1.0 / 87178291200, 1.0 / 20922789888000,
	};
	double x = 0x1.921fb54442d18p+2 * r;
	double square = x * x;
	return 1 - (0.5 * square - square * square * POLYNOMIAL(square, series));
}

/* u - rint(u) and the rest after whole quarters are exact. */
double dmath_cos_2pi(double u)
{
	if (!isfinite(u))
		return NAN;
	double turn = u - rint(u);
	double quarters = rint(4 * turn);
	double r = turn - 0.25 * quarters;
	switch ((int)quarters & 3) {
	case 0:
		return cos_octant(r);
	case 1:
		return -sin_octant(r);
	case 2:
		return -cos_octant(r);
	default:
		return sin_octant(r);
	}
}

double dmath_pow(double x, double y)
{
	return dmath_exp(y * dmath_log(x));
}

/* With e = e^-|z| <= 1: e / (1 + e) for negative z, 1 / (1 + e) for the others. */
double dmath_sigmoid(double z)
{
	if (!(z >= EXP_UNDERFLOW)) /* 0; NaN */
		return isnan(z) ? z : 0;
	if (z > 40) /* e^-40 < 2^-54 */
		return 1;
	int k;
	struct parts e = exp_parts(&k, -fabs(z));
	e = (struct parts){scale_2(e.high, k), scale_2(e.low, k)};
	return divide_parts(z < 0 ? e : (struct parts){1, 0}, sum_parts(1, e.high, e.low));
}

double dmath_softplus(double z)
{
	double tail = dmath_log1p(dmath_exp(-fabs(z)));
	return z > 0 ? z + tail : tail;
}

#define TWO_BY_SQRT_PI 0x1.20dd750429b6dp+0
#define ERF_SERIES_TO 1.0 /* beyond: the continued fraction */
#define ERF_TERMS 40
#define ERF_IS_1_FROM 6.0 /* erfc 6 = 2e-17 */
#define ERFC_IS_0_FROM 28.0 /* erfc 27.3 is the last above 0 */

/* e^(-x^2) with the square in two parts: a rounded square alone would cost x^2 ulp. */
static double exp_minus_square(double x)
{
	double high = (double)(float)x;
	return dmath_exp(-high * high) * dmath_exp(-(x - high) * (x + high));
}

/* erf x = 2/sqrt(pi) e^(-x^2) x (1 + t/3 (1 + t/5 (1 + ...))), t = 2 x^2: all terms are positive (Abramowitz and Stegun 7.1.6).
 * t <= 2: the 40th term is below 2^-100. */
static double erf_series(double x)
{
	double t = 2 * x * x;
	double sum = 1;
	for (int i = ERF_TERMS; i > 0; i--)
		sum = 1 + t / (2 * i + 1) * sum;
	return TWO_BY_SQRT_PI * exp_minus_square(x) * x * sum;
}

/* erfc x = e^(-x^2) / sqrt(pi) / (x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ...)))) (7.1.14), from the inside out. */
static double erfc_fraction(double x)
{
	int terms = (int)(200 / (x * x)) + 20;
	double fraction = x;
	for (int i = terms; i > 0; i--)
		fraction = x + 0.5 * i / fraction;
	return 0.5 * TWO_BY_SQRT_PI * exp_minus_square(x) / fraction;
}

double dmath_erf(double x)
{
	double a = fabs(x);
	if (isnan(x))
		return x;
	if (a < ERF_SERIES_TO)
		return erf_series(x);
	double value = a < ERF_IS_1_FROM ? 1 - erfc_fraction(a) : 1;
	return x < 0 ? -value : value;
}

double dmath_erfc(double x)
{
	if (x < ERF_SERIES_TO)
		return 1 - dmath_erf(x);
	return x < ERFC_IS_0_FROM ? erfc_fraction(x) : isnan(x) ? x : 0;
}

#define SQRT_HALF 0x1.6a09e667f3bcdp-1
#define HALF_PI 0x1.921fb54442d18p+0
#define SQRT_2_PI 0x1.40d931ff62706p+1
#define LOG_SQRT_2_PI 0x1.d67f1c864beb5p-1
#define CENTER_FROM 0.1 /* of Q: z < 1.29 */
#define CENTER_STEPS 2
#define TAIL_STEPS 4

/* Mills' ratio Q(z) / phi(z) = 1/(z + 1/(z + 2/(z + 3/(z + ...)))) (Abramowitz and Stegun 26.2.14), z > 1.2, inside out. */
static double mills_ratio(double z)
{
	int terms = (int)(400 / (z * z)) + 20;
	double fraction = z;
	for (int i = terms; i > 0; i--)
		fraction = z + i / fraction;
	return 1 / fraction;
}

/* Halley's step for Phi(z) - 1/2 = h: with u = (h - erf(z / sqrt 2) / 2) / phi(z) and phi' = -z phi it is u / (1 - u z / 2). */
static double center_step(double z, double h)
{
	double u = (h - 0.5 * dmath_erf(z * SQRT_HALF)) * SQRT_2_PI * dmath_exp(0.5 * z * z);
	return u / (1 - 0.5 * u * z);
}

/* Newton's step for log Q(z) = log q, which is nearly a parabola: (log Q(z) - log q) Q(z) / phi(z). */
static double tail_step(double z, double log_q)
{
	double ratio = mills_ratio(z);
	return (dmath_log(ratio) - LOG_SQRT_2_PI - 0.5 * z * z - log_q) * ratio;
}

/* q = Q(z) = 1 - Phi(z) <= 1/2 is exact for either half, and so is 1/2 - q from 1/4 on.  The start is from Polya's (1945)
 * Phi(z) = (1 + sqrt(1 - e^(-2 z^2 / pi))) / 2, within 0.01 in the center and 12 % in the far tail; steps of order 3 and 2
 * follow. */
double dmath_normal_quantile(double p)
{
	if (!(p > 0 && p < 1))
		return p == 0 ? -HUGE_VAL : p == 1 ? HUGE_VAL : NAN;
	double q = p < 0.5 ? p : 1 - p;
	double log_q = dmath_log(q);
	double z = sqrt(-HALF_PI * dmath_log(4 * q * (1 - q)));
	for (int i = 0; i < (q > CENTER_FROM ? CENTER_STEPS : TAIL_STEPS); i++)
		z += q > CENTER_FROM ? center_step(z, 0.5 - q) : tail_step(z, log_q);
	return p < 0.5 ? -z : z;
}
