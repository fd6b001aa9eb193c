/* SPDX-License-Identifier: MIT
 * Measures the elementwise kernels against a double-precision reference over every float: the figures of doc/numerics.md.
 *   make tests/measure_ulp && tests/measure_ulp [STRIDE [FUNCTION]]
 * takes every STRIDE-th of the 2^32 bit patterns (default 1: all of them; some minutes a function); COLONNADE_ISA chooses the kernels. */
#include <stdio.h>
#include <stdlib.h>

#include "float_reference.h"
#include "kernels/dispatch.h"

enum { CHUNK = 4096 };

struct subject {
	const char *name;
	double (*reference)(double);
	int activation; /* enum cln_activation, or -1 where `run` is set */
	bool slope;
	void (*run)(const struct kernels *kernels, float *y, const float *x);
};

static void run_exp(const struct kernels *kernels, float *y, const float *x) { kernels->exp(y, x, CHUNK); }
static void run_log(const struct kernels *kernels, float *y, const float *x) { kernels->log(y, x, CHUNK); }
static void run_tanh(const struct kernels *kernels, float *y, const float *x) { kernels->tanh(y, x, CHUNK); }
static void run_sigmoid(const struct kernels *kernels, float *y, const float *x) { kernels->sigmoid(y, x, CHUNK); }

/* The loss of a single column with y = 0 is softplus(z). */
static void run_softplus(const struct kernels *kernels, float *y, const float *x)
{
	for (int i = 0; i < CHUNK; i++) {
		float Z[PANEL] = {x[i]}, dZ[PANEL], zero = 0.0f;
		y[i] = (float)kernels->loss(&(struct loss_args){.dZ = dZ, .Z = Z, .y = &zero, .m = 1});
	}
}

static const struct subject subjects[] = {
	{"exp", exp, -1, false, run_exp},
	{"log", log, -1, false, run_log},
	{"tanh", tanh, -1, false, run_tanh},
	{"sigmoid", reference_sigmoid, -1, false, run_sigmoid},
	{"softplus", reference_softplus, -1, false, run_softplus},
	{"sigmoid'", reference_sigmoid_slope, CLN_SIGMOID, true, NULL},
	{"tanh'", reference_tanh_slope, CLN_TANH, true, NULL},
	{"relu", reference_relu, CLN_RELU, false, NULL},
	{"relu'", reference_relu_slope, CLN_RELU, true, NULL},
	{"leaky relu", reference_leaky_relu, CLN_LEAKY_RELU, false, NULL},
	{"leaky relu'", reference_leaky_relu_slope, CLN_LEAKY_RELU, true, NULL},
	{"elu", reference_elu, CLN_ELU, false, NULL},
	{"elu'", reference_elu_slope, CLN_ELU, true, NULL},
	{"selu", reference_selu, CLN_SELU, false, NULL},
	{"selu'", reference_selu_slope, CLN_SELU, true, NULL},
	{"gelu", reference_gelu, CLN_GELU, false, NULL},
	{"gelu'", reference_gelu_slope, CLN_GELU, true, NULL},
	{"silu", reference_silu, CLN_SILU, false, NULL},
	{"silu'", reference_silu_slope, CLN_SILU, true, NULL},
	{"mish", reference_mish, CLN_MISH, false, NULL},
	{"mish'", reference_mish_slope, CLN_MISH, true, NULL},
};

struct worst {
	double error;
	float x;
};

static void note(struct worst *worst, double error, float x)
{
	if (error > worst->error)
		*worst = (struct worst){error, x};
}

static void measure(const struct subject *subject, const struct kernels *kernels, uint64_t stride)
{
	static float x[CHUNK], y[CHUNK], D[CHUNK];
	struct worst ulp = {0}, absolute = {0};
	for (uint64_t next = 0; next < (uint64_t)1 << 32;) {
		for (int i = 0; i < CHUNK; i++, next += stride) /* beyond the last: NaN patterns again */
			x[i] = float_of_bits(next < (uint64_t)1 << 32 ? (uint32_t)next : 0xffffffffu);
		if (subject->run) {
			subject->run(kernels, y, x);
		} else {
			memcpy(y, x, sizeof y);
			kernels->activate((enum cln_activation)subject->activation, y, subject->slope ? D : NULL, CHUNK);
		}
		const float *got = subject->slope ? D : y;
		for (int i = 0; i < CHUNK; i++) {
			if (subject->slope && isnan(x[i]))
				continue;
			const double reference = subject->reference((double)x[i]);
			note(&ulp, ulp_error(got[i], reference), x[i]);
			if (fabs(reference) <= 2.0)
				note(&absolute, fabs((double)got[i] - reference), x[i]);
		}
	}
	printf("%-12s %10.3f ulp at %-14.9g (%a)   |reference| <= 2: %.3e at %.9g\n", subject->name, ulp.error, (double)ulp.x,
	       (double)ulp.x, absolute.error, (double)absolute.x);
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
	printf("%s, every float of stride %llu\n", kernels->name, (unsigned long long)stride);
	for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
		if (argc < 3 || strcmp(argv[2], subjects[i].name) == 0)
			measure(&subjects[i], kernels, stride);
	return EXIT_SUCCESS;
}
