/* SPDX-License-Identifier: MIT
 * The elementwise functions of the kernels in double precision, and the distance of a float from them.  The reference may use libm:
 * its errors of about 1e-16 are far below what is measured. */
#ifndef TESTS_FLOAT_REFERENCE_H
#define TESTS_FLOAT_REFERENCE_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernels/dispatch.h"

static inline float float_of_bits(uint32_t bits)
{
	float x;
	memcpy(&x, &bits, sizeof x);
	return x;
}

static inline uint32_t bits_of_float(float x)
{
	uint32_t bits;
	memcpy(&bits, &x, sizeof bits);
	return bits;
}

/* |y - reference| in units of the last place of a float as large as the reference (denormals: 2^-149).  Infinity counts as 2^128,
 * the number after the greatest float, but a reference from there on is met by infinity only, and NaN by NaN only. */
static inline double ulp_error(float y, double reference)
{
	if (isnan(y) || isnan(reference))
		return isnan(y) && isnan(reference) ? 0.0 : INFINITY;
	if (fabs(reference) >= 0x1p128)
		return y == copysignf(INFINITY, (float)reference) ? 0.0 : INFINITY;
	const double value = isinf(y) ? copysign(0x1p128, (double)y) : (double)y;
	uint64_t bits; /* of the reference; its exponent field, minus 1023, says where its last place is */
	memcpy(&bits, &reference, sizeof bits);
	const uint64_t field = bits >> 52 & 0x7ff, least = 1023 - 126;
	const uint64_t inverse_ulp = 1023 + 1023 + 23 - (field < least ? least : field);
	double scale;
	memcpy(&scale, &(uint64_t){inverse_ulp << 52}, sizeof scale);
	return fabs(value - reference) * scale;
}

static inline double reference_sigmoid(double z) { return z >= 0.0 ? 1.0 / (1.0 + exp(-z)) : exp(z) / (1.0 + exp(z)); }
static inline double reference_sigmoid_slope(double z) { return reference_sigmoid(z) * reference_sigmoid(-z); }
static inline double reference_tanh_slope(double z) { return 1.0 / (cosh(z) * cosh(z)); }
static inline double reference_softplus(double z) /* as loss_args has it: 0 z is NaN at infinity, which the trainer reports */
{
	return z == -INFINITY ? NAN : fmax(z, 0.0) + log1p(exp(-fabs(z)));
}
static inline double reference_relu(double z) { return z < 0.0 ? 0.0 : z; }
static inline double reference_relu_slope(double z) { return z > 0.0 ? 1.0 : 0.0; }
static inline double reference_leaky_relu(double z) { return z > 0.0 ? z : 0.01 * z; }
static inline double reference_leaky_relu_slope(double z) { return z > 0.0 ? 1.0 : 0.01; }
static inline double reference_elu(double z) { return z > 0.0 ? z : expm1(z); }
static inline double reference_elu_slope(double z) { return z > 0.0 ? 1.0 : exp(z); }
#define SELU_LAMBDA 1.0507009873554804934193349852946
#define SELU_ALPHA 1.6732632423543772848170429916717
static inline double reference_selu(double z) { return SELU_LAMBDA * (z > 0.0 ? z : SELU_ALPHA * expm1(z)); }
static inline double reference_selu_slope(double z) { return SELU_LAMBDA * (z > 0.0 ? 1.0 : SELU_ALPHA * exp(z)); }
static inline double reference_normal(double z) { return 0.5 * erfc(-z * 0.70710678118654752440); }
static inline double reference_gelu(double z) { return z == -INFINITY ? 0.0 : z * reference_normal(z); }
static inline double reference_gelu_slope(double z)
{
	return fabs(z) > 40.0 ? (double)(z > 0.0) : reference_normal(z) + z * 0.39894228040143267794 * exp(-0.5 * z * z);
}
static inline double reference_silu(double z) { return z == -INFINITY ? 0.0 : z * reference_sigmoid(z); }
static inline double reference_silu_slope(double z)
{
	return fabs(z) > 1000.0 ? (double)(z > 0.0) : reference_sigmoid(z) * (1.0 + z * reference_sigmoid(-z));
}
static inline double reference_mish(double z) { return z == -INFINITY ? 0.0 : z * tanh(reference_softplus(z)); }
static inline double reference_mish_slope(double z)
{
	if (fabs(z) > 1000.0)
		return z > 0.0;
	const double sech = 1.0 / cosh(reference_softplus(z));
	return tanh(reference_softplus(z)) + z * sech * sech * reference_sigmoid(z);
}

/* An elementwise function of the kernels and its error bound: a value is right within `ulp` units in the last place or within
 * `absolute`.  The bounds are the greatest errors that measure_ulp found over every float, rounded up. */
struct subject {
	const char *name;
	double (*reference)(double);
	int activation; /* enum cln_activation, or -1: `run` */
	bool slope;     /* the derivative that activate stores */
	double ulp, absolute;
	void (*run)(const struct kernels *kernels, float *y, const float *x, size_t n);
};

static inline void run_exp(const struct kernels *kernels, float *y, const float *x, size_t n) { kernels->exp(y, x, n); }
static inline void run_log(const struct kernels *kernels, float *y, const float *x, size_t n) { kernels->log(y, x, n); }
static inline void run_tanh(const struct kernels *kernels, float *y, const float *x, size_t n) { kernels->tanh(y, x, n); }
static inline void run_sigmoid(const struct kernels *kernels, float *y, const float *x, size_t n) { kernels->sigmoid(y, x, n); }

/* The loss of a single column with y = 0 is softplus(z). */
static inline void run_softplus(const struct kernels *kernels, float *y, const float *x, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float Z[PANEL] = {x[i]}, dZ[PANEL], zero = 0.0f;
		y[i] = (float)kernels->loss(&(struct loss_args){.dZ = dZ, .Z = Z, .y = &zero, .m = 1});
	}
}

static const struct subject subjects[] = {
	{"exp", exp, -1, false, 1.1, 0, run_exp},
	{"log", log, -1, false, 1.0, 0, run_log},
	{"tanh", tanh, -1, false, 2.0, 0, run_tanh},
	{"sigmoid", reference_sigmoid, -1, false, 2.0, 0, run_sigmoid},
	{"softplus", reference_softplus, -1, false, 2.0, 0, run_softplus},
	{"sigmoid'", reference_sigmoid_slope, CLN_SIGMOID, true, 0, 1e-7, NULL},
	{"tanh'", reference_tanh_slope, CLN_TANH, true, 0, 2e-7, NULL},
	{"relu", reference_relu, CLN_RELU, false, 0, 0, NULL},
	{"relu'", reference_relu_slope, CLN_RELU, true, 0, 0, NULL},
	{"leaky relu", reference_leaky_relu, CLN_LEAKY_RELU, false, 1.0, 0, NULL},
	{"leaky relu'", reference_leaky_relu_slope, CLN_LEAKY_RELU, true, 0.5, 0, NULL},
	{"elu", reference_elu, CLN_ELU, false, 1.5, 0, NULL},
	{"elu'", reference_elu_slope, CLN_ELU, true, 1.1, 1.7e-38, NULL},
	{"selu", reference_selu, CLN_SELU, false, 2.0, 0, NULL},
	{"selu'", reference_selu_slope, CLN_SELU, true, 2.0, 3e-38, NULL},
	{"gelu", reference_gelu, CLN_GELU, false, 5.5, 0, NULL},
	{"gelu'", reference_gelu_slope, CLN_GELU, true, 0, 2e-7, NULL},
	{"silu", reference_silu, CLN_SILU, false, 4.0, 0, NULL},
	{"silu'", reference_silu_slope, CLN_SILU, true, 0, 3e-7, NULL},
	{"mish", reference_mish, CLN_MISH, false, 5.0, 0, NULL},
	{"mish'", reference_mish_slope, CLN_MISH, true, 0, 3e-7, NULL},
};
enum { N_SUBJECTS = sizeof subjects / sizeof subjects[0], CHUNK = 4096 };

/* y = f(x) for CHUNK floats */
static inline void evaluate(const struct subject *subject, const struct kernels *kernels, float *y, const float *x)
{
	static float other[CHUNK];
	if (subject->run) {
		subject->run(kernels, y, x, CHUNK);
		return;
	}
	float *A = subject->slope ? other : y;
	memcpy(A, x, CHUNK * sizeof *A);
	kernels->activate((enum cln_activation)subject->activation, A, subject->slope ? y : NULL, CHUNK);
}

#endif
