/* SPDX-License-Identifier: MIT
 * Measures the elementwise kernels against a double-precision reference over every float: the figures of doc/numerics.md.
 *   make tests/measure_ulp && tests/measure_ulp [STRIDE [FUNCTION]]
 * takes every STRIDE-th of the 2^32 bit patterns (default 1: all of them; some minutes a function).
 * COLONNADE_ISA chooses the kernels. */
#include <stdio.h>
#include <stdlib.h>

#include "float_reference.h"

struct worst {
	double error;
	float x;
};

static void note(struct worst *worst, double error, float x)
{
	if (error > worst->error)
		*worst = (struct worst){error, x};
}

/* FNV-1a over the bits, every NaN counted as one: equal for every instruction set and compiler. */
static uint64_t hash(uint64_t h, const float *y)
{
	for (int i = 0; i < CHUNK; i++)
		h = (h ^ (isnan(y[i]) ? 0x7fc00000u : bits_of_float(y[i]))) * 0x100000001b3u;
	return h;
}

static void measure(const struct subject *subject, const struct kernels *kernels, uint64_t stride)
{
	static float x[CHUNK], y[CHUNK];
	struct worst ulp = {0}, absolute = {0};
	uint64_t h = 0xcbf29ce484222325u;
	for (uint64_t next = 0; next < (uint64_t)1 << 32;) {
		for (int i = 0; i < CHUNK; i++, next += stride) /* beyond the last: NaN */
			x[i] = float_of_bits(next < (uint64_t)1 << 32 ? (uint32_t)next : 0xffffffffu);
		evaluate(subject, kernels, y, x);
		h = hash(h, y);
		for (int i = 0; i < CHUNK; i++) {
			if (isnan(x[i]))
				continue;
			const double reference = subject->reference((double)x[i]);
			note(&ulp, ulp_error(y[i], reference), x[i]);
			if (fabs(reference) <= 2.0)
				note(&absolute, fabs((double)y[i] - reference), x[i]);
		}
	}
	printf("%-12s %10.3f ulp at %-16.9g  %.3e at %-16.9g  %016llx\n", subject->name, ulp.error, (double)ulp.x, absolute.error,
	       (double)absolute.x, (unsigned long long)h);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const uint64_t stride = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	const struct kernels *kernels;
	struct cln_error err = {0};
	if (kernels_select(&kernels, getenv("COLONNADE_ISA"), &err) != CLN_OK || stride == 0) {
		fprintf(stderr, "measure_ulp: %s\n", stride == 0 ? "the stride is a positive number" : err.message);
		return EXIT_FAILURE;
	}
	printf("%s, stride %llu: greatest error in ulp; greatest absolute error where |f| <= 2; hash of the bits\n", kernels->name,
	       (unsigned long long)stride);
	for (int i = 0; i < N_SUBJECTS; i++)
		if (argc < 3 || strcmp(argv[2], subjects[i].name) == 0)
			measure(&subjects[i], kernels, stride);
	return EXIT_SUCCESS;
}
