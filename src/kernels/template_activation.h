/* SPDX-License-Identifier: MIT
 * The activations g and their derivatives on runs of floats. */
#ifndef KERNELS_TEMPLATE_ACTIVATION_H
#define KERNELS_TEMPLATE_ACTIVATION_H

/* A <- g(A), and D <- g'(Z) where D is not NULL; activation: enum cln_activation, or -1: linear. */
static void activate_run(int activation, float *A, float *D, size_t n)
{
	if (activation != CLN_RELU)
		return;
	for (size_t i = 0; i < n; i += VLEN) {
		vec z = v_load(A + i);
		v_store(A + i, v_max(v_zero(), z));
		if (D)
			v_store(D + i, v_select(v_gt(z, v_zero()), v_set1(1.0f), v_zero()));
	}
}

static void activate(enum cln_activation activation, float *A, float *D, size_t n) { activate_run((int)activation, A, D, n); }

#endif
