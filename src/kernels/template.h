/* SPDX-License-Identifier: MIT
 * The one body of the kernels, compiled once an instruction set.  Before it, the set's file defines
 *   KERNEL_TABLE, KERNEL_NAME        the table's symbol and name
 *   VLEN, vec, vint, vmask           floats a vector; a vector of float, of 32-bit integers, of truth values
 *   v_..., i_...                     IEEE operations rounded once, compares and selects, bit operations, lane by lane
 *   transpose_tile                   16 x 16 floats
 *   TILE_ROWS, TILE_PANELS           the register tile of the products
 * Nothing here may give different bits for a different VLEN: lanes never meet but in orders written out over PANEL lanes. */
#ifndef KERNELS_TEMPLATE_H
#define KERNELS_TEMPLATE_H

#define VECTORS (PANEL / VLEN) /* vectors in a panel */

#include "kernels/template_math.h"
#include "kernels/template_activation.h"
#include "kernels/template_optimizer.h"
#include "kernels/template_dropout.h"
#include "kernels/template_products.h"

/* Twelve chains: enough for two units with a latency of four to six cycles, few enough for the 16 registers of AVX2. */
static float fma_peak(size_t rounds)
{
	enum { CHAINS = 12 };
	vec sum[CHAINS];
	const vec factor = v_set1(0.999f), term = v_set1(0.001f); /* every chain tends to 1 */
	UNROLL
	for (int i = 0; i < CHAINS; i++)
		sum[i] = v_set1((float)i);
	for (size_t round = 0; round < 2 * rounds; round++) {
		UNROLL
		for (int i = 0; i < CHAINS; i++)
			sum[i] = v_fma(sum[i], factor, term);
	}
	UNROLL
	for (int i = 1; i < CHAINS; i++)
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
	.activate = activate,
	.loss = loss,
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
