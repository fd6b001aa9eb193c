/* SPDX-License-Identifier: MIT
 * The backward pass over one block of columns, from dZ[L] = w (sigmoid(Z[L]) - Y) down to dW[1], db[1]:
 *   dW[l] = dZ[l] A[l-1]^T,  db[l] = row sums of dZ[l],  dZ[l-1] = (W[l]^T dZ[l]) o g'(Z[l-1])
 * The division by m is left to the optimizer, which sees the sums of all blocks. */
#include "nn/passes.h"

double block_loss(const struct network *net, const struct kernels *kernels, const struct block_space *space, size_t m,
                  bool weighted)
{
	return kernels->loss(&(struct loss_args){
	    .dZ = space->dZ[net->L], .Z = space->A[net->L], .y = space->y, .w = weighted ? space->w : NULL, .m = m});
}

void gradient_layer(float *grads, bool add, const struct network *net, const struct kernels *kernels,
                    const struct block_space *space, size_t l, const struct weight_share *share, size_t m)
{
	kernels->gradient(&(struct gradient_args){.dW = grads + net->W_offset[l],
	                                          .db = grads + net->b_offset[l],
	                                          .dZ = space->dZ[l],
	                                          .A = space->A[l - 1],
	                                          .n_out = net->n[l],
	                                          .n_in = net->n[l - 1],
	                                          .m = m,
	                                          .ld = space->ld,
	                                          .p_begin = share->p_begin,
	                                          .p_end = share->p_end,
	                                          .k_begin = share->k_begin,
	                                          .k_end = share->k_end,
	                                          .add = add});
}

void gradient_front(float *grads, bool add, const struct network *net, const struct kernels *kernels,
                    const struct block_space *space, const struct front_share *share, size_t m)
{
	if (share->j_begin < share->j_end)
		kernels->embedding_gradient(&(struct embedding_gradient_args){.grads = grads + net->embedding_offset,
		                                                              .params = network_embedding(net),
		                                                              .E = space->E,
		                                                              .dA = space->dZ[0],
		                                                              .scale = network_scale(net),
		                                                              .numbers = net->front.numbers,
		                                                              .begin = share->j_begin,
		                                                              .end = share->j_end,
		                                                              .first_output = net->n_features,
		                                                              .m = m,
		                                                              .ld = space->ld,
		                                                              .add = add});
	if (share->t_begin < share->t_end)
		kernels->lookup_gradient(&(struct lookup_gradient_args){.grads = grads + net->table_offset,
		                                                        .scratch = space->scratch,
		                                                        .dA = space->dZ[0],
		                                                        .scale = network_scale(net),
		                                                        .levels = space->levels,
		                                                        .categories = net->front.categories,
		                                                        .n_categories = net->front.n_categories,
		                                                        .size = net->front.values,
		                                                        .first_output = network_first_value(net),
		                                                        .begin = share->t_begin,
		                                                        .end = share->t_end,
		                                                        .m = m,
		                                                        .ld = space->ld,
		                                                        .add = add});
	if (share->b_begin < share->b_end)
		kernels->piecewise_gradient(&(struct piecewise_gradient_args){.grads = grads + net->piecewise_offset,
		                                                              .edges = net->front.edges,
		                                                              .E = space->E,
		                                                              .dA = space->dZ[0],
		                                                              .scale = network_scale(net),
		                                                              .numbers = net->front.binned,
		                                                              .first_edge = net->front.first_edge,
		                                                              .begin = share->b_begin,
		                                                              .end = share->b_end,
		                                                              .first_output = network_piecewise_row(net),
		                                                              .m = m,
		                                                              .ld = space->ld,
		                                                              .add = add});
	if (share->p_begin < share->p_end)
		kernels->scale_gradient(&(struct scale_gradient_args){.grads = grads + net->scale_offset,
		                                                      .dA = space->dZ[0],
		                                                      .E = space->E,
		                                                      .m = m,
		                                                      .ld = space->ld,
		                                                      .p_begin = share->p_begin,
		                                                      .p_end = share->p_end,
		                                                      .add = add});
}

void backward_layer(const struct network *net, const struct kernels *kernels, const struct block_space *space, size_t l,
                    const struct share *share, const struct dropout_key *dropout)
{
	const bool stored = space->D[l - 1] != NULL, linear = l == 1 || net->front.parametric;
	const size_t at = share->s_begin * PANEL;
	kernels->backward(&(struct backward_args){
	    .dZ_in = space->dZ[l - 1] + at,
	    .Wt = network_Wt(net, l),
	    .dZ = space->dZ[l] + at,
	    .saved = (stored ? space->D[l - 1] : space->A[l - 1]) + at,
	    .n_out = net->n[l],
	    .n_in = net->n[l - 1],
	    .m = share->s_end - share->s_begin,
	    .ld = space->ld,
	    .p_begin = share->p_begin,
	    .p_end = share->p_end,
	    .derivative = linear ? DERIVATIVE_ONE : stored ? DERIVATIVE_STORED : activation_derivative(net->activation),
	    .scale = dropout && dropout->rate > 0 ? (float)(1.0 / (1.0 - dropout->rate)) : 1.0f});
}

void parametric_layer(float *grads, bool add, const struct network *net, const struct kernels *kernels,
                      const struct block_space *space, size_t l, size_t p_begin, size_t p_end, size_t m)
{
	kernels->parametric_gradient(&(struct parametric_gradient_args){.grads = grads + net->alpha_offset[l],
	                                                                .dZ = space->dZ[l],
	                                                                .D = space->D[l],
	                                                                .Q = space->Q[l],
	                                                                .m = m,
	                                                                .ld = space->ld,
	                                                                .p_begin = p_begin,
	                                                                .p_end = p_end,
	                                                                .add = add});
}
