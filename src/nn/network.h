/* SPDX-License-Identifier: MIT
 * A network of L dense layers: n[0] features, n[1..L-1] hidden units, n[L] = 1 logit.
 *   Z[l] = W[l] A[l-1] + b[l],  A[l] = g(Z[l]) for l < L,  A[L] = Z[L] (the logit)
 * All parameters lie in one flat array in panel form (kernels.h): for l = 1..L W[l] (panels x n[l-1] x 16), then b[l] (16 panels).
 * Wt holds W[2..L] a second time in the other orientation for the backward product, and any layer of one unit, whose row then lies
 * side by side; network_sync makes it from params.
 *
 * A front may stand between the features x and A[0]:  A[0] = scale o E,  E = [x; the embeddings of some of them, one after the
 * other] (kernels.h).  A feature may be the number of a category's level: in its row of E stands the first of the level's learned
 * values, and the others stand behind the periodic embeddings; behind them those of the piecewise-linear ones.  The front's
 * parameters follow those of the layers: EMBEDDING_FLOATS a number, then the scale (16 panels), then the categories' tables, filled
 * up to a multiple of 16, then of the piecewise-linear embeddings a panel an edge.  Without scaling A[0] is E, without a front x.
 *
 * Where the activation is parametric, A[l] = Z[l] + alpha[l] (g(Z[l]) - Z[l]); the alpha[l] of l = 1..L-1 are the last of all. */
#ifndef NN_NETWORK_H
#define NN_NETWORK_H

#include "base/mem.h"
#include "base/rng.h"
#include "kernels/kernels.h"

#define NETWORK_MAX_LAYERS (CLN_MAX_HIDDEN + 1)
#define NETWORK_MAX_UNITS (1u << 20)
#define NETWORK_MAX_LEVELS (1u << 22) /* of all categories together */

/* What stands before the layers; all zero: nothing. */
struct front {
	const uint32_t *numbers; /* features that are embedded, ascending */
	size_t n_numbers;
	bool scaling;
	const struct category *categories; /* features, ascending, that are levels' numbers; first_row is filled by the network */
	size_t n_categories;
	size_t values;                     /* of a level, 1 .. LOOKUP_MAX_SIZE; 0 where there are no categories */
	/* features with a piecewise-linear embedding, ascending; number j has the edges first_edge[j] .. first_edge[j+1]-1, which
	 * ascend and are fixed */
	const uint32_t *binned, *first_edge; /* n_binned, n_binned + 1; first_edge[0] = 0 */
	const float *edges;
	size_t n_binned;
	bool parametric; /* of the hidden layers, but it goes the same way: their activation has a learned alpha a unit */
};
static inline size_t front_edges(const struct front *front) { return front->n_binned ? front->first_edge[front->n_binned] : 0; }
bool front_same(const struct front *a, const struct front *b); /* but for the edges' values: parameters of one fit the other */
void front_free(struct front *front); /* of one whose arrays are its own */

/* Rows of all tables. */
static inline size_t front_levels(const struct front *front)
{
	size_t n = 0;
	for (size_t c = 0; c < front->n_categories; c++)
		n += front->categories[c].n_rows;
	return n;
}

/* The inputs of layer 1 beyond the features. */
static inline size_t front_outputs(const struct front *front)
{
	return EMBEDDING_OUTPUTS * front->n_numbers + (front->n_categories ? (front->values - 1) * front->n_categories : 0) +
	       PIECEWISE_OUTPUTS * front->n_binned;
}

struct network {
	size_t L;
	size_t n_features;                           /* of x */
	size_t n[NETWORK_MAX_LAYERS + 1];            /* n[0] = n_features + front_outputs */
	enum cln_activation activation;              /* of the hidden layers */
	size_t W_offset[NETWORK_MAX_LAYERS + 1];     /* into params, l = 1..L */
	size_t b_offset[NETWORK_MAX_LAYERS + 1];
	size_t Wt_offset[NETWORK_MAX_LAYERS + 1];    /* into Wt, where network_has_Wt */
	struct front front;                          /* its arrays are the network's own */
	size_t embedding_offset, scale_offset, table_offset, piecewise_offset; /* into params */
	size_t table_floats;                         /* of all tables, padding included */
	size_t alpha_offset[NETWORK_MAX_LAYERS + 1]; /* into params, l = 1..L-1, where the activation is parametric */
	size_t n_floats, n_Wt;                       /* of params and of Wt, padding included */
	size_t n_params;                             /* without padding */
	float *params, *Wt;                          /* in one piece of memory */
};

/* n[0] is the number of features; front: NULL, or one whose arrays are copied. */
enum cln_status network_create(struct network **net, const size_t *n, size_t L, enum cln_activation activation,
                               const struct front *front, struct cln_error *err) CLN_MUST_CHECK;
enum cln_status network_clone(struct network **copy, const struct network *net, struct cln_error *err) CLN_MUST_CHECK;
void network_destroy(struct network *net);

/* Draws weights by the scheme (AUTO: He for relu-like, Xavier for sigmoid and tanh, LeCun for selu) keyed by (seed, RNG_INIT,
 * layer); biases 0, with CLN_INIT_NORMAL N(0,1) like the weights. */
void network_init(struct network *net, enum cln_init init, uint64_t seed);

/* Draws the front: frequencies w[k] from N(0, s[k]^2), for number j with s from `scale` to scale * spreads[j] by equal factors
 * (spreads NULL: all 1), phases from U(-pi, pi), V and biases from U(-1/4, 1/4); the input factors and alpha are 1, what belongs to
 * bins is 0.  Gorishniy et al. 2022; Holzmueller et al. 2024. */
void network_init_front(struct network *net, double scale, const double *spreads, uint64_t seed);

/* Draws the levels' values from N(0, scale^2), but for level 0 of each category, which starts at 0. */
void network_init_levels(struct network *net, double scale, uint64_t seed);

/* Wt from params. */
void network_sync(struct network *net);

/* W[l] (n[l] x n[l-1], row-major) and b[l] (n[l]) from the panels and back; network_set leaves Wt to network_sync. */
void network_get(const struct network *net, size_t l, float *W, float *b);
void network_set(struct network *net, size_t l, const float *W, const float *b);
/* The front's parameters and back, without padding: of all numbers w (n_numbers x 16), phase (n_numbers x 16), V (n_numbers x 3 x
 * 16) and biases (n_numbers x 3), then the scale (n[0]), then the tables (front_levels x values), then of all binned numbers the
 * W of their bins (bins x 8) and then their biases (n_binned x 8), then every alpha[l]. */
size_t network_front_floats(const struct network *net);
void network_get_front(const struct network *net, float *values);
void network_set_front(struct network *net, const float *values);
static inline const float *network_W(const struct network *net, size_t l) { return net->params + net->W_offset[l]; }
static inline const float *network_b(const struct network *net, size_t l) { return net->params + net->b_offset[l]; }
static inline bool network_has_front(const struct network *net)
{
	const struct front *front = &net->front;
	return front->n_numbers > 0 || front->scaling || front->n_categories > 0 || front->n_binned > 0;
}
static inline bool network_has_Wt(const struct network *net, size_t l)
{
	return l > 1 || net->n[l] == 1 || network_has_front(net);
}
static inline const float *network_embedding(const struct network *net) { return net->params + net->embedding_offset; }
static inline const float *network_piecewise(const struct network *net) { return net->params + net->piecewise_offset; }
static inline const float *network_alpha(const struct network *net, size_t l) { return net->params + net->alpha_offset[l]; }
/* The row of E with the first output of the first of them. */
static inline size_t network_piecewise_row(const struct network *net)
{
	return net->n_features + front_outputs(&net->front) - PIECEWISE_OUTPUTS * net->front.n_binned;
}
static inline const float *network_scale(const struct network *net)
{
	return net->front.scaling ? net->params + net->scale_offset : NULL;
}
/* The first row of E with values of a category that are not the first. */
static inline size_t network_first_value(const struct network *net)
{
	return net->n_features + EMBEDDING_OUTPUTS * net->front.n_numbers;
}
static inline const float *network_tables(const struct network *net) { return net->params + net->table_offset; }
static inline const float *network_Wt(const struct network *net, size_t l) { return net->Wt + net->Wt_offset[l]; }

/* True where every parameter is finite; else *layer is the first layer with one that is not, 0 for the front. */
bool network_is_finite(const struct network *net, const struct kernels *kernels, size_t *layer);

/* The layer with the parameter that is largest by size, and that size; NaN and infinity are larger than any number. */
size_t network_largest_layer(const struct network *net, float *largest);

#endif
