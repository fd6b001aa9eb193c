/* SPDX-License-Identifier: MIT
 * Forward and backward pass over a block of columns, in the notation of doc/derivation.md. */
#ifndef NN_PASSES_H
#define NN_PASSES_H

#include "nn/network.h"

/* What a pass over one block of at most `columns` columns needs: E (A[0] itself where the inputs are not scaled), whose first rows
 * are the features, A[0..L], D[1..L-1] (NULL where the derivative comes from A), dZ[1..L] and, with a front, dZ[0] = dA[0]; panels
 * with ld >= columns columns each.  One thread's; lies in one piece of memory. */
struct block_space {
	size_t ld;
	float *E;
	float *A[NETWORK_MAX_LAYERS + 1];
	float *D[NETWORK_MAX_LAYERS + 1];
	float *Q[NETWORK_MAX_LAYERS + 1];  /* of parametric activations: g(Z) - Z, as D */
	float *dZ[NETWORK_MAX_LAYERS + 1]; /* dZ[l] and dZ[l-2] share memory */
	float *y, *w;                      /* ld floats */
	uint32_t *levels;                  /* of each category ld, where there are any */
	float *scratch;                    /* table_floats, for sums that are added to others */
	float *memory;
	size_t n_floats;
};
enum cln_status block_space_create(struct block_space *space, const struct network *net, size_t columns, bool training,
                                   bool dropout, struct cln_error *err) CLN_MUST_CHECK;
void block_space_free(struct block_space *space);

struct dropout_key {
	double rate;               /* 0: none */
	uint64_t seed;
	uint32_t epoch, step, row0; /* row0: the block's first column in the batch */
};

/* What one thread does of a layer: some panels of its output, some columns. */
struct share {
	size_t p_begin, p_end;
	size_t s_begin, s_end;
};

/* What one thread does of a gradient: some panels of the outputs, some inputs (from a multiple of 16 on). */
struct weight_share {
	size_t p_begin, p_end;
	size_t k_begin, k_end;
};

/* A[0] from the features, on columns s_begin .. s_end-1.  Where there are categories their features in E are replaced: E must have
 * been filled since. */
void forward_front(const struct network *net, const struct kernels *kernels, const struct block_space *space, size_t s_begin,
                   size_t s_end);

/* The gradient of the front's parameters from dA[0] over all m columns: of embeddings j_begin .. j_end-1, of the scale's panels
 * p_begin .. p_end-1, of the tables' floats t_begin .. t_end-1 (multiples of 16) and of binned numbers b_begin .. b_end-1; into
 * grads as gradient_layer's. */
struct front_share {
	size_t j_begin, j_end;
	size_t p_begin, p_end;
	size_t t_begin, t_end;
	size_t b_begin, b_end;
};
void gradient_front(float *grads, bool add, const struct network *net, const struct kernels *kernels,
                    const struct block_space *space, const struct front_share *share, size_t m);

/* A[l] from A[l-1], then dropout on hidden layers (dropout may be NULL). */
void forward_layer(const struct network *net, const struct kernels *kernels, const struct block_space *space, size_t l,
                   const struct share *share, const struct dropout_key *dropout);

/* Z[l] from A[l-1], in the place of A[l]. */
void preactivation_layer(const struct network *net, const struct kernels *kernels, const struct block_space *space, size_t l,
                         const struct share *share);

/* dZ[L] and the sum of the losses from A[L], y, and w where `weighted`. */
double block_loss(const struct network *net, const struct kernels *kernels, const struct block_space *space, size_t m,
                  bool weighted);

/* dW[l] from dZ[l], A[l-1] over all m columns, and db[l] where the share has input 0; into grads, the layout of net->params; added
 * where `add`, else replaced. */
void gradient_layer(float *grads, bool add, const struct network *net, const struct kernels *kernels,
                    const struct block_space *space, size_t l, const struct weight_share *share, size_t m);

/* dZ[l-1] from dZ[l]; the share is one of layer l-1.  With a front l may be 1.  Where the activation is parametric it is dA[l-1],
 * and parametric_layer's to become dZ[l-1]. */
void backward_layer(const struct network *net, const struct kernels *kernels, const struct block_space *space, size_t l,
                    const struct share *share, const struct dropout_key *dropout);

/* dalpha[l] and dZ[l] from dA[l] over all m columns of panels p_begin .. p_end-1, where the activation is parametric; into grads as
 * gradient_layer's. */
void parametric_layer(float *grads, bool add, const struct network *net, const struct kernels *kernels,
                      const struct block_space *space, size_t l, size_t p_begin, size_t p_end, size_t m);

/* All of it on one thread: A[0..L] from the features in E. */
void forward_pass(const struct network *net, const struct kernels *kernels, const struct block_space *space, size_t m,
                  const struct dropout_key *dropout);

#endif
