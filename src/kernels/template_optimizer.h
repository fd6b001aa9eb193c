/* SPDX-License-Identifier: MIT
 * One step of an optimizer, and the elementwise helpers of the reduction. */
#ifndef KERNELS_TEMPLATE_OPTIMIZER_H
#define KERNELS_TEMPLATE_OPTIMIZER_H

/* The arguments in vectors: they stay in registers over the whole run. */
struct step {
	vec scale, l1, l2, keep, minus_rate, beta1, beta2, one_minus_beta1, one_minus_beta2, epsilon;
};

/* g scale + l1 sign(w) + l2 w */
INLINE vec penalised(const struct step *step, vec g, vec w)
{
	const vec one = v_set1(1.0f), sign = v_select(v_eq(w, v_zero()), v_zero(), v_copysign(one, w));
	return v_fma(step->l2, w, v_fma(step->l1, sign, v_mul(g, step->scale)));
}

/* Each rule moves w by one step along the gradient g and updates its moments. */
INLINE vec step_sgd(const struct step *step, vec w, vec g, vec *first, vec *second)
{
	(void)first, (void)second;
	return v_fma(step->minus_rate, g, w);
}

/* v <- beta1 v + g,  w <- w - rate v */
INLINE vec step_momentum(const struct step *step, vec w, vec g, vec *first, vec *second)
{
	(void)second;
	*first = without_dust(v_fma(step->beta1, *first, g), DUST);
	return v_fma(step->minus_rate, *first, w);
}

/* v <- beta1 v + g,  w <- w - rate (g + beta1 v) */
INLINE vec step_nesterov(const struct step *step, vec w, vec g, vec *first, vec *second)
{
	(void)second;
	*first = without_dust(v_fma(step->beta1, *first, g), DUST);
	return v_fma(step->minus_rate, v_fma(step->beta1, *first, g), w);
}

/* s <- beta2 s + (1 - beta2) g^2,  w <- w - rate g / (sqrt(s) + epsilon) */
INLINE vec step_rmsprop(const struct step *step, vec w, vec g, vec *first, vec *second)
{
	(void)first;
	*second = without_dust(v_fma(step->beta2, *second, v_mul(step->one_minus_beta2, v_mul(g, g))), DUST);
	return v_fma(step->minus_rate, v_div(g, v_add(v_sqrt(*second), step->epsilon)), w);
}

/* v <- beta1 v + (1 - beta1) g,  s <- beta2 s + (1 - beta2) g^2,  w <- w - rate v / (sqrt(s) + epsilon); the bias corrections
 * are in rate and epsilon.  Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015. */
INLINE vec step_adam(const struct step *step, vec w, vec g, vec *first, vec *second)
{
	*first = without_dust(v_fma(step->beta1, *first, v_mul(step->one_minus_beta1, g)), DUST);
	*second = without_dust(v_fma(step->beta2, *second, v_mul(step->one_minus_beta2, v_mul(g, g))), DUST);
	return v_fma(step->minus_rate, v_div(*first, v_add(v_sqrt(*second), step->epsilon)), w);
}

INLINE void optimize_run(const struct optimizer_args *args, bool has_first, bool has_second,
                         vec (*rule)(const struct step *, vec, vec, vec *, vec *))
{
	const struct step step = {
		.scale = v_set1(args->scale), .l1 = v_set1(args->l1), .l2 = v_set1(args->l2), .keep = v_set1(1.0f - args->decay),
		.minus_rate = v_set1(-args->rate), .beta1 = v_set1(args->beta1), .beta2 = v_set1(args->beta2),
		.one_minus_beta1 = v_set1(args->one_minus_beta1), .one_minus_beta2 = v_set1(args->one_minus_beta2),
		.epsilon = v_set1(args->epsilon),
	};
	for (size_t i = 0; i < args->n; i += VLEN) {
		vec first = has_first ? v_load(args->first + i) : v_zero();
		vec second = has_second ? v_load(args->second + i) : v_zero();
		const vec w = v_load(args->w + i), g = penalised(&step, v_load(args->g + i), w);
		v_store(args->w + i, rule(&step, v_mul(w, step.keep), g, &first, &second));
		if (has_first)
			v_store(args->first + i, first);
		if (has_second)
			v_store(args->second + i, second);
	}
}

static void optimize(const struct optimizer_args *args)
{
	switch (args->kind) {
	case CLN_MOMENTUM: optimize_run(args, true, false, step_momentum); break;
	case CLN_NESTEROV: optimize_run(args, true, false, step_nesterov); break;
	case CLN_RMSPROP: optimize_run(args, false, true, step_rmsprop); break;
	case CLN_ADAM:
	case CLN_ADAMW: optimize_run(args, true, true, step_adam); break;
	default:
		optimize_run(args, false, false, step_sgd);
	}
}

static void add(float *sum, const float *a, const float *b, size_t n)
{
	for (size_t i = 0; i < n; i += VLEN)
		v_store(sum + i, v_add(v_load(a + i), v_load(b + i)));
}

static double sum_squares(const float *x, size_t n)
{
	vec lanes[VECTORS];
	for (int v = 0; v < VECTORS; v++)
		lanes[v] = v_zero();
	for (size_t i = 0; i < n; i += PANEL)
		for (int v = 0; v < VECTORS; v++) {
			const vec part = v_load(x + i + v * VLEN);
			lanes[v] = v_fma(part, part, lanes[v]);
		}
	float chain[PANEL];
	for (int v = 0; v < VECTORS; v++)
		v_store(chain + v * VLEN, lanes[v]);
	double sum = 0.0;
	for (int lane = 0; lane < PANEL; lane++)
		sum += (double)chain[lane];
	return sum;
}

static void transpose_panel(float *Wt, const float *W, size_t n_out_padded, size_t n_in, size_t p, size_t k_begin, size_t k_end)
{
	for (size_t k0 = k_begin; k0 < k_end; k0 += PANEL) {
		const float *from = W + (p * n_in + k0) * PANEL;
		float *to = Wt + (k0 / PANEL * n_out_padded + p * PANEL) * PANEL;
		if (k_end - k0 >= PANEL) {
			transpose_tile(to, from);
			continue;
		}
		for (size_t k = 0; k < k_end - k0; k++)
			for (size_t i = 0; i < PANEL; i++)
				to[i * PANEL + k] = from[k * PANEL + i];
	}
}

#endif
