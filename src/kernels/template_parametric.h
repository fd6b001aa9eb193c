/* SPDX-License-Identifier: MIT
 * The parametric activation (kernels.h), forth and back. */
#ifndef KERNELS_TEMPLATE_PARAMETRIC_H
#define KERNELS_TEMPLATE_PARAMETRIC_H

enum { PARAMETRIC_TILE = 16 }; /* columns of a panel that are worked at once */

/* One tile of `columns` columns: alpha: the panel's; D and Q may be NULL. */
INLINE void parametric_tile(float *A, float *D, float *Q, const float *alpha, size_t columns, int activation)
{
	float g[PARAMETRIC_TILE * PANEL], slope[PARAMETRIC_TILE * PANEL];
	const size_t n = columns * PANEL;
	memcpy(g, A, n * sizeof *g);
	activate_run(activation, g, D ? slope : NULL, n);
	for (size_t i = 0; i < n; i += VLEN) {
		const vec z = v_load(A + i), a = v_load(alpha + i % PANEL), q = v_sub(v_load(g + i), z);
		v_store(A + i, v_fma(a, q, z));
		if (Q)
			v_store(Q + i, q);
		if (D)
			v_store(D + i, v_fma(a, v_sub(v_load(slope + i), v_set1(1.0f)), v_set1(1.0f)));
	}
}

static void parametric(const struct parametric_args *args)
{
	for (size_t p = args->p_begin; p < args->p_end; p++)
		for (size_t s = 0; s < args->m; s += PARAMETRIC_TILE) {
			const size_t at = (p * args->ld + s) * PANEL, left = args->m - s;
			parametric_tile(args->A + at, args->D ? args->D + at : NULL, args->Q ? args->Q + at : NULL,
			                args->alpha + p * PANEL, left < PARAMETRIC_TILE ? left : PARAMETRIC_TILE,
			                args->activation);
		}
}

static void parametric_gradient(const struct parametric_gradient_args *args)
{
	for (size_t p = args->p_begin; p < args->p_end; p++)
		for (size_t v = 0; v < PANEL; v += VLEN) {
			float *grads = args->grads + p * PANEL + v;
			vec sum = v_zero();
			for (size_t s = 0; s < args->m; s++) {
				const size_t at = (p * args->ld + s) * PANEL + v;
				const vec dA = v_load(args->dZ + at);
				sum = v_fma(dA, v_load(args->Q + at), sum);
				v_store(args->dZ + at, without_dust(v_mul(dA, v_load(args->D + at)), DUST));
			}
			v_store(grads, args->add ? v_add(v_load(grads), sum) : sum);
		}
}

#endif
