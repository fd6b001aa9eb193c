/* SPDX-License-Identifier: MIT
 * base/dmath against libm's long double functions, whose own error is below 2 of their ulp: REFERENCE_ULP of double's. */
#ifndef TESTS_DMATH_REFERENCE_H
#define TESTS_DMATH_REFERENCE_H

#include <float.h>
#include <math.h>
#include <stdint.h>

#include "base/dmath.h"
#include "base/rng.h"

#if LDBL_MANT_DIG >= 64
#define REFERENCE_ULP 0x1p-10
#else
#define REFERENCE_ULP 2.0
#endif

/* The distance of the doubles just above |x|. */
static inline double ulp_of(double x)
{
	int exponent;
	if (fabs(x) < DBL_MIN)
		return 0x1p-1074;
	frexp(x, &exponent);
	return ldexp(1, exponent - 53);
}

static inline double error_in_ulp(double value, long double exact)
{
	return (double)(fabsl((long double)value - exact) / (long double)ulp_of((double)exact));
}

static inline long double sigmoid_exact(long double z) { return 1 / (1 + expl(-z)); }
static inline long double softplus_exact(long double z) { return z > 0 ? z + log1pl(expl(-z)) : log1pl(expl(z)); }

/* The relative error of x as the normal quantile of p, 0 < p < 1: what a step of Newton's would change; its own error is the
 * square of that.  Below or above 1/2, by the probability left on that side, and near 1/2 by what is missing to it. */
static inline double quantile_error(double x, double p)
{
	const long double root_two = 1.414213562373095048801688724209698079L, two_pi = 6.283185307179586476925286766559005768L;
	long double q = p < 0.5 ? (long double)p : 1 - (long double)p, z = fabsl((long double)x);
	long double density = expl(-z * z / 2) / sqrtl(two_pi);
	long double difference = q > 0.25L ? erfl(z / root_two) / 2 - (0.5L - q) : q - erfcl(z / root_two) / 2;
	return z > 0 && (x < 0) == (p < 0.5) ? (double)fabsl(difference / density / z) : HUGE_VAL;
}

/* A probability: evenly, near 1/2, or in the tails, where that of the upper one has the spacing of doubles below 1. */
static inline double sample_probability(struct rng *rng, int i)
{
	double u = rng_uniform(rng), small = exp(-690 * u), upper = 1 - exp(-36 * u);
	return i % 4 == 0 ? 0x1p-54 + u * (1 - 0x1p-53) : i % 4 == 1 ? 0.5 - 0.5 * exp(-30 * u) : i % 4 == 2 ? small / 2 : upper;
}

enum spacing { LINEAR, LOGARITHMIC /* of |x|, with both signs where low < 0 */ };

/* The i-th sample of a range. */
static inline double sample(struct rng *rng, double low, double high, enum spacing spacing)
{
	double u = rng_uniform(rng);
	if (spacing == LINEAR)
		return low + u * (high - low);
	double least = fabs(low);
	double x = exp(log(least) + u * (log(high) - log(least)));
	return low < 0 && rng_next(rng) % 2 ? -x : x;
}

static const struct {
	const char *name;
	double (*f)(double);
	long double (*exact)(long double);
	double low, high;
	enum spacing spacing;
} ranges[] = {
        {"exp", dmath_exp, expl, -708, 709.7, LINEAR},
        {"exp of denormal results", dmath_exp, expl, -745, -708, LINEAR},
        {"exp near 0", dmath_exp, expl, -1e-20, 1, LOGARITHMIC},
        {"log", dmath_log, logl, 1e-320, 1e308, LOGARITHMIC},
        {"log near 1", dmath_log, logl, 0.3, 3, LINEAR},
        {"log very near 1", dmath_log, logl, 0.999, 1.001, LINEAR},
        {"log1p", dmath_log1p, log1pl, 1e-20, 1e20, LOGARITHMIC},
        {"log1p of small", dmath_log1p, log1pl, -1e-300, 0.9999, LOGARITHMIC},
        {"log1p around 0", dmath_log1p, log1pl, -1, 3, LINEAR},
        {"tanh", dmath_tanh, tanhl, -3, 3, LINEAR},
        {"tanh of small and large", dmath_tanh, tanhl, -1e-12, 30, LOGARITHMIC},
        {"sigmoid", dmath_sigmoid, sigmoid_exact, -708, 60, LINEAR},
        {"sigmoid around 0", dmath_sigmoid, sigmoid_exact, -5, 5, LINEAR},
        {"sigmoid of denormal results", dmath_sigmoid, sigmoid_exact, -745, -708, LINEAR},
        {"softplus", dmath_softplus, softplus_exact, -708, 60, LINEAR},
        {"softplus around 0", dmath_softplus, softplus_exact, -5, 5, LINEAR},
};
#define N_RANGES ((int)(sizeof ranges / sizeof *ranges))

/* The greatest error of n samples of a range, in ulp, and where it is; NaN counts as infinite. */
static inline double worst_error(double *at, int range, int n)
{
	struct rng rng;
	rng_start(&rng, 1, RNG_TEST, 0, (uint32_t)range);
	double worst = 0;
	for (int i = 0; i < n; i++) {
		double x = sample(&rng, ranges[range].low, ranges[range].high, ranges[range].spacing);
		double error = error_in_ulp(ranges[range].f(x), ranges[range].exact((long double)x));
		if (error <= worst)
			continue;
		worst = isnan(error) ? HUGE_VAL : error;
		*at = x;
	}
	return worst;
}

#endif
