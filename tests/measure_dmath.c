/* SPDX-License-Identifier: MIT
 * Measures base/dmath against libm's long double functions on random arguments: the figures of doc/numerics.md.
 *   make tests/measure_dmath && tests/measure_dmath [SAMPLES]
 * takes SAMPLES arguments from each range (default 10 million). */
#include <stdio.h>
#include <stdlib.h>

#include "dmath_reference.h"

/* The greatest absolute error of cos(2 pi u) and sin(2 pi u), u in [-1/2, 1/2]. */
static void measure_turns(int samples)
{
	const long double two_pi = 6.283185307179586476925286766559005768L;
	struct rng rng;
	rng_start(&rng, 2, RNG_TEST, 0, 0);
	double cosine = 0;
	for (int i = 0; i < samples; i++) {
		double u = rng_uniform(&rng) - 0.5;
		cosine = fmax(cosine, fabs((double)((long double)dmath_cos_2pi(u) - cosl(two_pi * (long double)u))));
	}
	printf("%-30s %.2e absolute\n", "cos 2 pi u", cosine);
}

static void measure_erf(int samples)
{
	struct rng rng;
	rng_start(&rng, 4, RNG_TEST, 0, 0);
	double worst = 0;
	for (int i = 0; i < samples; i++) {
		double x = i % 2 ? sample(&rng, -1e-300, 6.5, LOGARITHMIC) : 13 * rng_uniform(&rng) - 6.5;
		long double exact = erfl((long double)x);
		worst = fmax(worst, (double)fabsl(((long double)dmath_erf(x) - exact) / exact));
	}
	printf("%-30s %.2e relative\n", "erf", worst);
}

static void measure_erfc(int samples)
{
	struct rng rng;
	rng_start(&rng, 6, RNG_TEST, 0, 0);
	double worst = 0;
	for (int i = 0; i < samples; i++) {
		double x = i % 2 ? 3 * rng_uniform(&rng) - 1 : 32.5 * rng_uniform(&rng) - 6;
		long double exact = erfcl((long double)x);
		worst = fmax(worst, (double)fabsl(((long double)dmath_erfc(x) - exact) / exact));
	}
	printf("%-30s %.2e relative\n", "erfc", worst);
}

static void measure_quantile(int samples)
{
	struct rng rng;
	rng_start(&rng, 5, RNG_TEST, 0, 0);
	double worst = 0;
	for (int i = 0; i < samples; i++) {
		double p = sample_probability(&rng, i);
		if (p > 0 && p < 1 && p != 0.5)
			worst = fmax(worst, quantile_error(dmath_normal_quantile(p), p));
	}
	printf("%-30s %.2e relative\n", "normal quantile", worst);
}

int main(int argc, char **argv)
{
	int samples = argc > 1 ? atoi(argv[1]) : 10000000;
	for (int i = 0; i < N_RANGES; i++) {
		double at = 0, worst = worst_error(&at, i, samples);
		printf("%-30s %.3f ulp at %a\n", ranges[i].name, worst, at);
		fflush(stdout);
	}
	measure_turns(samples);
	measure_erf(samples);
	measure_erfc(samples);
	measure_quantile(samples);
	return EXIT_SUCCESS;
}
