/* SPDX-License-Identifier: MIT
 * The activations g with their derivatives g', and the loss of the output layer. */
#ifndef KERNELS_TEMPLATE_ACTIVATION_H
#define KERNELS_TEMPLATE_ACTIVATION_H

/* A = g(Z) and D = g'(Z) of one vector; where D is not used the compiler drops what leads to it. */
struct response {
	vec A, D;
};

INLINE struct response respond_sigmoid(vec z)
{
	const vec A = sigmoid_vec(z);
	return (struct response){A, v_mul(A, v_sub(v_set1(1.0f), A))};
}

INLINE struct response respond_tanh(vec z)
{
	const vec A = tanh_vec(z);
	return (struct response){A, v_fma(v_neg(A), A, v_set1(1.0f))};
}

INLINE struct response respond_relu(vec z) /* 0 > z ? 0 : z lets NaN through */
{
	return (struct response){v_max(v_zero(), z), v_select(v_gt(z, v_zero()), v_set1(1.0f), v_zero())};
}

INLINE struct response respond_leaky_relu(vec z)
{
	const vec slope = v_select(v_gt(z, v_zero()), v_set1(1.0f), v_set1(0.01f));
	return (struct response){v_mul(z, slope), slope};
}

/* factor z above 0, below_factor (e^z - 1) below.  e^z is formed down to -87, where it is still a normal number. */
INLINE struct response respond_exponential(vec z, float factor, float below_factor)
{
	vint shifted_n;
	const vec p = expm1_reduced(&shifted_n, v_max(v_set1(-87.0f), v_min(v_zero(), z)));
	const vec scale = power_of_two(shifted_n, 0);
	const vec below = v_mul(v_fma(scale, p, v_sub(scale, v_set1(1.0f))), v_set1(below_factor));
	const vec below_slope = v_mul(v_fma(scale, p, scale), v_set1(below_factor));
	const vmask above = v_gt(z, v_zero());
	return (struct response){v_select(above, v_mul(z, v_set1(factor)), below), v_select(above, v_set1(factor), below_slope)};
}

INLINE struct response respond_elu(vec z) { return respond_exponential(z, 1.0f, 1.0f); }

/* lambda and lambda alpha of Klambauer et al., "Self-normalizing neural networks", NeurIPS 2017. */
INLINE struct response respond_selu(vec z) { return respond_exponential(z, 1.0507009873554805f, 1.7580993408473766f); }

/* z Phi(z); Phi(-a) = Q(a), Phi(a) = 1 - Q(a).  Below 0: g = -a Q, g' = Q - a phi with phi(a) = e^(-a^2/2) / sqrt(2 pi);
 * above 0: g(a) = a - a Q, g'(a) = 1 - g'(-a).  Hendrycks and Gimpel, "Gaussian error linear units", 2016. */
INLINE struct response respond_gelu(vec z)
{
	const vec a = v_min(v_set1(15.0f), v_abs(z)); /* a Q(a) rounds to 0 from 14.4 on */
	vec e;
	const vec R = normal_tail(&e, a);
	const vec tail = v_mul(v_mul(v_mul(a, R), e), v_set1(UNSCALE));
	const vec slope = v_mul(v_mul(v_fma(a, v_set1(-0x1.988454p-2f), R), e), v_set1(UNSCALE)); /* 1 / sqrt(2 pi) */
	const vmask above = v_ge(z, v_zero());
	return (struct response){v_select(above, v_sub(z, tail), v_neg(tail)), v_select(above, v_sub(v_set1(1.0f), slope), slope)};
}

/* z sigmoid(z) and s + z s (1 - s).  With e = e^-|z|: of s and 1 - s one is 1/(1 + e), the other e/(1 + e). */
INLINE struct response respond_silu(vec z)
{
	const vmask above = v_ge(z, v_zero());
	const vec bounded = v_max(v_set1(-120.0f), v_min(v_set1(120.0f), z)); /* infinity times 0 would be NaN */
	const vec scaled = exp_scaled(v_neg(v_abs(z))), e = v_mul(scaled, v_set1(UNSCALE)), one = v_set1(1.0f);
	const vec sum = v_add(e, one), large = v_div(one, sum), small = v_mul(e, large);
	const vec s = v_select(above, large, small), rest = v_select(above, small, large);
	const vec below = v_mul(v_mul(v_mul(bounded, scaled), large), v_set1(UNSCALE));
	return (struct response){v_select(above, v_div(z, sum), below), v_mul(s, v_fma(bounded, rest, one))};
}

/* z T with T = tanh(softplus(z)).  With e = e^-|z|, below 0: T = e (e + 2)/d, d = e (e + 2) + 2;
 * above 0: T = (1 + 2e)/d, d = 1 + 2e + 2e^2.  g' = T + z 4 e^k (1 + e)/d^2, k = 1 below and 2 above.
 * Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020. */
INLINE struct response respond_mish(vec z)
{
	const vmask above = v_ge(z, v_zero());
	const vec bounded = v_max(v_set1(-120.0f), v_min(v_set1(120.0f), z));
	const vec scaled = exp_scaled(v_neg(v_abs(z))), e = v_mul(scaled, v_set1(UNSCALE));
	const vec one = v_set1(1.0f), two = v_set1(2.0f), e_plus_2 = v_add(e, two), above_top = v_fma(two, e, one);
	const vec d = v_select(above, v_fma(v_mul(two, e), e, above_top), v_fma(e, e_plus_2, two));
	const vec reciprocal = v_div(one, d);
	const vec below = v_mul(v_mul(v_mul(v_mul(bounded, scaled), e_plus_2), reciprocal), v_set1(UNSCALE));
	const vec T = v_mul(v_select(above, above_top, v_mul(e, e_plus_2)), reciprocal);
	const vec power = v_mul(v_select(above, v_mul(e, e), e), v_set1(4.0f));
	const vec bend = v_mul(v_mul(v_mul(power, v_add(e, one)), reciprocal), reciprocal);
	return (struct response){v_select(above, v_mul(z, T), below), v_fma(bounded, bend, T)};
}

INLINE void respond_run(struct response (*respond)(vec), float *A, float *D, size_t n)
{
	if (D)
		for (size_t i = 0; i < n; i += VLEN) {
			const struct response response = respond(v_load(A + i));
			v_store(A + i, response.A);
			v_store(D + i, response.D);
		}
	else
		for (size_t i = 0; i < n; i += VLEN)
			v_store(A + i, respond(v_load(A + i)).A);
}

static void respond_linear_run(float *D, size_t n)
{
	for (size_t i = 0; D && i < n; i += VLEN)
		v_store(D + i, v_set1(1.0f));
}

/* A <- g(A), and D <- g'(Z) where D is not NULL; n a multiple of 16; activation: enum cln_activation, or -1: linear. */
static void activate_run(int activation, float *A, float *D, size_t n)
{
	switch (activation) {
	case CLN_SIGMOID: respond_run(respond_sigmoid, A, D, n); break;
	case CLN_TANH: respond_run(respond_tanh, A, D, n); break;
	case CLN_RELU: respond_run(respond_relu, A, D, n); break;
	case CLN_LEAKY_RELU: respond_run(respond_leaky_relu, A, D, n); break;
	case CLN_ELU: respond_run(respond_elu, A, D, n); break;
	case CLN_SELU: respond_run(respond_selu, A, D, n); break;
	case CLN_GELU: respond_run(respond_gelu, A, D, n); break;
	case CLN_SILU: respond_run(respond_silu, A, D, n); break;
	case CLN_MISH: respond_run(respond_mish, A, D, n); break;
	default:
		respond_linear_run(D, n);
	}
}

static void activate(enum cln_activation activation, float *A, float *D, size_t n) { activate_run((int)activation, A, D, n); }

/* With e = e^-|z|, s = e/(1 + e) = sigmoid(-|z|) and y' = 1 - y above 0, y below:
 *   softplus(z) - y z = y' |z| + ln(1 + e),   sigmoid(z) - y = +-(y' - s), + above;   nothing cancels. */
INLINE void loss_columns(float term[PANEL], float slope[PANEL], const float z[PANEL], const float y[PANEL], const float w[PANEL])
{
	for (size_t i = 0; i < PANEL; i += VLEN) {
		const vec Z = v_load(z + i), Y = v_load(y + i), W = v_load(w + i), size = v_abs(Z), one = v_set1(1.0f);
		const vmask above = v_ge(Z, v_zero());
		const vec e = exp_nonpositive(v_neg(size)), s = v_div(e, v_add(e, one));
		const vec far = v_select(above, v_sub(one, Y), Y), difference = v_sub(far, s);
		v_store(term + i, v_mul(W, v_fma(far, size, log1p_unit(e))));
		v_store(slope + i, without_dust(v_mul(W, v_select(above, difference, v_neg(difference))), DZ_DUST));
	}
}

static double loss(const struct loss_args *args)
{
	double sum = 0.0;
	for (size_t begin = 0; begin < args->m; begin += PANEL) {
		const size_t n = args->m - begin < PANEL ? args->m - begin : PANEL;
		float z[PANEL] = {0}, y[PANEL] = {0}, w[PANEL] = {0}, term[PANEL], slope[PANEL];
		for (size_t j = 0; j < n; j++) {
			z[j] = args->Z[(begin + j) * PANEL];
			y[j] = args->y[begin + j];
			w[j] = args->w ? args->w[begin + j] : 1.0f;
		}
		loss_columns(term, slope, z, y, w);
		for (size_t j = 0; j < n; j++) {
			float *dZ = args->dZ + (begin + j) * PANEL;
			memset(dZ, 0, PANEL * sizeof *dZ);
			dZ[0] = slope[j];
			sum += (double)term[j];
		}
	}
	return sum;
}

#endif
