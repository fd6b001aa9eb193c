/* SPDX-License-Identifier: MIT
 * The backward pass over one block of columns, from dZ[L] = w (sigmoid(Z[L]) - Y) down to dW[1], db[1]:
 *   dW[l] = dZ[l] A[l-1]^T,  db[l] = row sums of dZ[l],  dZ[l-1] = (W[l]^T dZ[l]) o g'(Z[l-1])
 * The division by m is left to the optimizer, which sees the sums of all blocks. */
#include "nn/passes.h"

static void layer_gradient(float *grads, bool add, const struct network *net, const struct kernels *kernels,
                           const struct block_space *space, size_t l, size_t m)
{
	kernels->gradient(&(struct gradient_args){.dW = grads + net->W_offset[l],
	                                          .db = grads + net->b_offset[l],
	                                          .dZ = space->dZ[l],
	                                          .A = space->A[l - 1],
	                                          .n_out = net->n[l],
	                                          .n_in = net->n[l - 1],
	                                          .m = m,
	                                          .ld = space->ld,
	                                          .p_begin = 0,
	                                          .p_end = panels_of(net->n[l]),
	                                          .add = add});
}

static void layer_backward(const struct network *net, const struct kernels *kernels, const struct block_space *space, size_t l,
                           size_t m, float keep_scale)
{
	const bool stored = space->D[l - 1] != NULL;
	kernels->backward(&(struct backward_args){.dZ_in = space->dZ[l - 1],
	                                          .Wt = network_Wt(net, l),
	                                          .dZ = space->dZ[l],
	                                          .saved = stored ? space->D[l - 1] : space->A[l - 1],
	                                          .n_out = net->n[l],
	                                          .n_in = net->n[l - 1],
	                                          .m = m,
	                                          .ld = space->ld,
	                                          .p_begin = 0,
	                                          .p_end = panels_of(net->n[l - 1]),
	                                          .derivative = stored ? DERIVATIVE_STORED : activation_derivative(net->activation),
	                                          .scale = keep_scale});
}

double backward_pass(float *grads, bool add, const struct network *net, const struct kernels *kernels, struct block_space *space,
                     size_t m, bool weighted, const struct dropout_key *dropout)
{
	const float keep_scale = dropout && dropout->rate > 0 ? (float)(1.0 / (1.0 - dropout->rate)) : 1.0f;
	const double loss = kernels->loss(&(struct loss_args){
	    .dZ = space->dZ[net->L], .Z = space->A[net->L], .y = space->y, .w = weighted ? space->w : NULL, .m = m});
	for (size_t l = net->L; l >= 1; l--) {
		layer_gradient(grads, add, net, kernels, space, l, m);
		if (l > 1)
			layer_backward(net, kernels, space, l, m, keep_scale);
	}
	return loss;
}
