/* SPDX-License-Identifier: MIT
 * A network of L dense layers: n[0] features, n[1..L-1] hidden units, n[L] = 1 logit.
 *   Z[l] = W[l] A[l-1] + b[l],  A[l] = g(Z[l]) for l < L,  A[L] = Z[L] (the logit)
 * All parameters lie in one flat array in panel form (kernels.h): for l = 1..L W[l] (panels x n[l-1] x 16), then b[l] (16 panels).
 * Wt holds W[2..L] a second time in the other orientation for the backward product, and any layer of one unit, whose row then lies
 * side by side; network_sync makes it from params. */
#ifndef NN_NETWORK_H
#define NN_NETWORK_H

#include "base/mem.h"
#include "base/rng.h"
#include "kernels/kernels.h"

#define NETWORK_MAX_LAYERS (CLN_MAX_HIDDEN + 1)
#define NETWORK_MAX_UNITS (1u << 20)

struct network {
	size_t L;
	size_t n[NETWORK_MAX_LAYERS + 1];
	enum cln_activation activation;              /* of the hidden layers */
	size_t W_offset[NETWORK_MAX_LAYERS + 1];     /* into params, l = 1..L */
	size_t b_offset[NETWORK_MAX_LAYERS + 1];
	size_t Wt_offset[NETWORK_MAX_LAYERS + 1];    /* into Wt, where network_has_Wt */
	size_t n_floats;                             /* of params, padding included */
	size_t n_params;                             /* weights and biases without padding */
	float *params, *Wt;
};

enum cln_status network_create(struct network **net, const size_t *n, size_t L, enum cln_activation activation,
                               struct cln_error *err) CLN_MUST_CHECK;
enum cln_status network_clone(struct network **copy, const struct network *net, struct cln_error *err) CLN_MUST_CHECK;
void network_destroy(struct network *net);

/* Draws weights by the scheme (AUTO: He for relu-like, Xavier for sigmoid and tanh, LeCun for selu) keyed by (seed, RNG_INIT,
 * layer); biases 0, with CLN_INIT_NORMAL N(0,1) like the weights. */
void network_init(struct network *net, enum cln_init init, uint64_t seed);

/* Wt from params. */
void network_sync(struct network *net);

/* W[l] (n[l] x n[l-1], row-major) and b[l] (n[l]) from the panels and back; network_set leaves Wt to network_sync. */
void network_get(const struct network *net, size_t l, float *W, float *b);
void network_set(struct network *net, size_t l, const float *W, const float *b);
static inline const float *network_W(const struct network *net, size_t l) { return net->params + net->W_offset[l]; }
static inline const float *network_b(const struct network *net, size_t l) { return net->params + net->b_offset[l]; }
static inline bool network_has_Wt(const struct network *net, size_t l) { return l > 1 || net->n[l] == 1; }
static inline const float *network_Wt(const struct network *net, size_t l) { return net->Wt + net->Wt_offset[l]; }

/* True where every parameter is finite; else *layer is the first layer with one that is not. */
bool network_is_finite(const struct network *net, const struct kernels *kernels, size_t *layer);

/* The layer with the parameter that is largest by size, and that size; NaN and infinity are larger than any number. */
size_t network_largest_layer(const struct network *net, float *largest);

#endif
