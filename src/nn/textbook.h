/* SPDX-License-Identifier: MIT
 * The derivation (doc/derivation.md) in plain double loops: no panels, no threads, no float.  The oracle of gradcheck and tests.
 * Every matrix is row-major, so that element (i, j) of an n x m matrix is at i * m + j; a column is an example. */
#ifndef NN_TEXTBOOK_H
#define NN_TEXTBOOK_H

#include "base/mem.h"
#include "nn/network.h"

#define TEXTBOOK_MAX_LAYERS (CLN_MAX_HIDDEN + 1)

/* Tables of categories in front of layer 1 (section 13 of the derivation): in column j category c has the row levels[c * m + j] of
 * its own, which begin at first_rows[c]; value 0 takes the place of row features[c] of X, the others come below X, category by
 * category. */
struct textbook_lookup {
	size_t n_categories, n_values, n_rows;
	const size_t *features, *first_rows;
	const uint32_t *levels;
	double *T, *dT; /* n_rows x n_values, and the gradient */
	double *A0;     /* n[0] x m: the inputs of layer 1, made by textbook_forward */
};

/* A network in double.  W[l] n[l] x n[l-1], b[l] n[l]; l = 1..L. */
struct textbook {
	size_t L, m;
	size_t n[TEXTBOOK_MAX_LAYERS + 1];
	enum cln_activation activation; /* hidden layers; the output is a sigmoid on the logit */
	double *W[TEXTBOOK_MAX_LAYERS + 1], *b[TEXTBOOK_MAX_LAYERS + 1];
	double *dW[TEXTBOOK_MAX_LAYERS + 1], *db[TEXTBOOK_MAX_LAYERS + 1]; /* gradients of the cost, same shapes */
	double *A[TEXTBOOK_MAX_LAYERS + 1], *Z[TEXTBOOK_MAX_LAYERS + 1], *dZ[TEXTBOOK_MAX_LAYERS + 1]; /* n[l] x m; A[0] unused */
	const double *mask[TEXTBOOK_MAX_LAYERS + 1]; /* dropout of hidden layer l: 0 or 1/(1-p), n[l] x m, lent; NULL: none */
	/* Before the layers, lent; NULL: none.  With both, lookup->A0 is A0. */
	struct textbook_lookup *lookup;
	/* a parametric activation, A[l] = Z[l] + alpha[l] (g(Z[l]) - Z[l]): n[l] each, l = 1..L-1; NULL: none */
	double *alpha[TEXTBOOK_MAX_LAYERS + 1], *dalpha[TEXTBOOK_MAX_LAYERS + 1];
	/* piecewise-linear embeddings: A[0] = [X; V PLE(X) + beta], where V is a row of PIECEWISE_OUTPUTS a bin, number after
	 * number, beta one a number; NULL: A[0] is X */
	const struct front *front;
	size_t n_features;
	double *V, *beta, *dV, *dbeta;
	double *PLE, *A0, *dA0; /* bins x m, n[0] x m twice */
	double *memory, *more_memory;
};

/* All parameters 0, no masks, no lookup.  1 <= L <= TEXTBOOK_MAX_LAYERS, n[L] = 1. */
enum cln_status textbook_create(struct textbook **net, const size_t *n, size_t L, enum cln_activation activation, size_t m,
				struct cln_error *err) CLN_MUST_CHECK;
void textbook_destroy(struct textbook *net);

/* Behind a textbook_create with n[0] inputs: a front's binned numbers and, where it says so, the parametric activation; V, beta and
 * alpha 0.  The front is lent.  X is from then on n_features x m, n[0] what the front makes of it. */
enum cln_status textbook_add_front(struct textbook *net, size_t n_features, const struct front *front,
				   struct cln_error *err) CLN_MUST_CHECK;
static inline size_t textbook_bins(const struct textbook *net) { return front_edges(net->front) - net->front->n_binned; }

/* g and g' of a hidden layer; at 0, where relu, leaky relu and selu have a kink, g' is the derivative from the left. */
double textbook_g(enum cln_activation activation, double z);
double textbook_g_prime(enum cln_activation activation, double z);

/* g and g' of hidden unit i of layer l, with its alpha where the activation is parametric. */
double textbook_unit(const struct textbook *net, size_t l, size_t i, double z);
double textbook_unit_prime(const struct textbook *net, size_t l, size_t i, double z);

/* relu, leaky relu and selu (g' jumps at 0), elu (g'' does). */
bool textbook_has_kink(enum cln_activation activation);

/* X n[0] x m, y m (any value in [0, 1]: smoothed labels too), w m or NULL (all 1).
 * C = sum_j w_j [softplus(z_j) - y_j z_j] / m + sum over weights, not biases, of l1 |w| + l2/2 w^2. */
double textbook_forward(struct textbook *net, const double *X, const double *y, const double *w, double l1, double l2);
/* After forward on the same arguments. */
void textbook_backward(struct textbook *net, const double *X, const double *y, const double *w, double l1, double l2);

/* The row of A[0] with the first output of the first binned number: behind all else. */
static inline size_t textbook_piecewise_row(const struct textbook *net)
{
	return net->n[0] - PIECEWISE_OUTPUTS * net->front->n_binned;
}

/* The row of A[0] with value i of category c. */
size_t textbook_lookup_row(const struct textbook *net, size_t c, size_t i);

/* W <- W - rate dW, b <- b - rate db; tables stay. */
void textbook_descend(struct textbook *net, double rate);

/* What a cost is a function of besides the parameters. */
struct textbook_cost {
	const double *X, *y, *w;
	double l1, l2;
};

/* The smallest |z| of the hidden units in column j, after forward: how far it is from a kink. */
double textbook_margin(const struct textbook *net, size_t j);

/* dC/d(*parameter) without the chain rule: [8 (C(+h) - C(-h)) - (C(+2h) - C(-2h))] / 12 h; its error is h^4/30 |C^(5)| + 3/2 e / h
 * with e the rounding error of a cost.  *h is the step at first, and is halved while a step of 2h takes a pre-activation past a
 * kink, or the parameter past that of l1; *h is the one used, or 0 where TEXTBOOK_LEAST_STEP still does, for then the error terms
 * do not hold. Leaves A and Z of the last cost. */
#define TEXTBOOK_STEP 0x1p-10
#define TEXTBOOK_LEAST_STEP 0x1p-16
double textbook_difference(double *h, struct textbook *net, const struct textbook_cost *cost, double *parameter);

#endif
