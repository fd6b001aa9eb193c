/* SPDX-License-Identifier: MIT
 * The one body of the kernels, compiled once an instruction set.  Before it, the set's file defines
 *   KERNEL_TABLE, KERNEL_NAME        the table's symbol and name
 *   VLEN, vec, vint, vmask           floats a vector; a vector of float, of 32-bit integers, of truth values
 *   v_..., i_...                     IEEE operations rounded once, compares and selects, bit operations, lane by lane
 *   transpose_tile                   16 x 16 floats
 *   TILE_ROWS, TILE_PANELS           the register tile of the products
 *   PEAK_CHAINS                      12 or 24: the chains of fma_peak, 12 where not defined
 * Nothing here may give different bits for a different VLEN: lanes never meet but in orders written out over PANEL lanes. */
#ifndef KERNELS_TEMPLATE_H
#define KERNELS_TEMPLATE_H

#define VECTORS (PANEL / VLEN) /* vectors in a panel */

#include "kernels/template_math.h"
#include "kernels/template_activation.h"
#include "kernels/template_optimizer.h"
#include "kernels/template_dropout.h"
#include "kernels/template_products.h"
#include "kernels/template_embedding.h"
#include "kernels/template_piecewise.h"
#include "kernels/template_parametric.h"
#include "kernels/template_narrow.h"

#ifndef PEAK_CHAINS
#define PEAK_CHAINS 12 /* enough for two units with a latency of four to six cycles, few enough for the 16 registers of AVX2 */
#endif

/* Every chain grows by 2^-12 a step, up to 2^12, where that is half of the last digit.  The factors come from memory, and the sum
 * is the addend, which NEON's instruction overwrites: so each step is one instruction. */
static float fma_peak(size_t rounds)
{
	const volatile float root = 0x1p-6f;
	vec sum[PEAK_CHAINS];
	const vec a = v_set1(root), b = v_set1(root);
	UNROLL
	for (int i = 0; i < PEAK_CHAINS; i++)
		sum[i] = v_set1((float)i);
	for (size_t round = 0; round < 24 / PEAK_CHAINS * rounds; round++) {
		UNROLL
		for (int i = 0; i < PEAK_CHAINS; i++)
			sum[i] = v_fma(a, b, sum[i]);
	}
	UNROLL
	for (int i = 1; i < PEAK_CHAINS; i++)
		sum[0] = v_add(sum[0], sum[i]);
	float lanes[VLEN];
	v_store(lanes, sum[0]);
	return lanes[0];
}

const struct kernels KERNEL_TABLE = {
	.name = KERNEL_NAME,
	.vector_width = VLEN,
	.forward = products_forward,
	.backward = products_backward,
	.gradient = products_gradient,
	.embed = embed,
	.embedding_gradient = embedding_gradient,
	.lookup = lookup,
	.lookup_gradient = lookup_gradient,
	.scale = scale,
	.scale_gradient = scale_gradient,
	.piecewise = piecewise,
	.piecewise_gradient = piecewise_gradient,
	.parametric = parametric,
	.parametric_gradient = parametric_gradient,
	.activate = activate,
	.loss = loss,
	.narrow = narrow,
	.optimize = optimize,
	.dropout = dropout,
	.add = add,
	.sum_squares = sum_squares,
	.transpose_panel = transpose_panel,
	.exp = exp_run,
	.log = log_run,
	.tanh = tanh_run,
	.sigmoid = sigmoid_run,
	.fma_peak = fma_peak,
};

#endif
