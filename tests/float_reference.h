/* SPDX-License-Identifier: MIT
 * The elementwise functions of the kernels in double precision, and the distance of a float from them.  The reference may use libm:
 * its errors of about 1e-16 are far below what is measured. */
#ifndef TESTS_FLOAT_REFERENCE_H
#define TESTS_FLOAT_REFERENCE_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

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

/* |y - reference| in units of the last place of a float as large as the reference (denormals: 2^-149).  A reference that rounds to
 * infinity is met by infinity only, NaN by NaN only. */
static inline double ulp_error(float y, double reference)
{
	if (isnan(reference))
		return isnan(y) ? 0.0 : INFINITY;
	if (isinf((float)reference))
		return y == (float)reference ? 0.0 : fabs(reference) < 0x1p128 && y == copysignf(FLT_MAX, (float)reference) ? 1.0 : INFINITY;
	int exponent = reference == 0.0 ? -126 : ilogb(reference);
	return fabs((double)y - reference) / ldexp(1.0, (exponent < -126 ? -126 : exponent) - 23);
}

static inline double reference_sigmoid(double z) { return z >= 0.0 ? 1.0 / (1.0 + exp(-z)) : exp(z) / (1.0 + exp(z)); }
static inline double reference_sigmoid_slope(double z) { return reference_sigmoid(z) * reference_sigmoid(-z); }
static inline double reference_tanh_slope(double z) { return 1.0 / (cosh(z) * cosh(z)); }
static inline double reference_softplus(double z) { return fmax(z, 0.0) + log1p(exp(-fabs(z))); }
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

#endif
