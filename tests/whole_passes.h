/* SPDX-License-Identifier: MIT
 * All layers and all rows in one call, of what a training's steps share among threads and a prediction among chunks; and the
 * kernels for it. */
#ifndef TESTS_WHOLE_PASSES_H
#define TESTS_WHOLE_PASSES_H

#include "kernels/dispatch.h"
#include "nn/passes.h"
#include "testing.h"
#include "train/predict.h"

static inline const struct kernels *select_kernels(const char *isa)
{
	const struct kernels *kernels;
	assert_ok(kernels_select(&kernels, isa, &err));
	return kernels;
}

/* dZ[L] and the loss; then for l = L..1 dW[l], db[l] and dZ[l-1], and the front's gradient.  grads are sums over the columns, not
 * divided by m.  Returns the sum of the losses. */
static inline double backward_pass(float *grads, bool add, const struct network *net, const struct kernels *kernels,
                                   const struct block_space *space, size_t m, bool weighted, const struct dropout_key *dropout)
{
	const double loss = block_loss(net, kernels, space, m, weighted);
	for (size_t l = net->L; l >= 1; l--) {
		const struct weight_share all = {0, panels_of(net->n[l]), 0, net->n[l - 1]};
		gradient_layer(grads, add, net, kernels, space, l, &all, m);
		if (l > 1 || network_has_front(net))
			backward_layer(net, kernels, space, l, &(struct share){0, panels_of(net->n[l - 1]), 0, m}, dropout);
		if (l > 1 && net->front.parametric)
			parametric_layer(grads, add, net, kernels, space, l - 1, 0, panels_of(net->n[l - 1]), m);
	}
	if (network_has_front(net)) {
		const size_t scaled = net->front.scaling ? panels_of(net->n[0]) : 0;
		const struct front_share all = {0, net->front.n_numbers, 0, scaled, 0, net->table_floats, 0, net->front.n_binned};
		gradient_front(grads, add, net, kernels, space, &all, m);
	}
	return loss;
}

/* The logits of all n_rows of X. */
static inline enum cln_status predict_logits(float *logits, const struct network *net, const struct kernels *kernels,
                                             const float *X, size_t n_rows, int threads, struct cln_error *err)
{
	return predict_rows(logits, net, kernels, &(struct some_rows){.X = X, .n = n_rows}, threads, err);
}

#endif
