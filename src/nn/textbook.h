/* SPDX-License-Identifier: MIT
 * The derivation (doc/derivation.md) in plain double loops: no panels, no threads, no float.  The oracle of gradcheck and tests. */
#ifndef NN_TEXTBOOK_H
#define NN_TEXTBOOK_H

#include "base/mem.h"

/* A network in double.  W[l] n[l] x n[l-1] row-major, b[l] n[l]; l = 1..L. */
struct textbook {
	size_t L;
	const size_t *n;
	enum cln_activation activation; /* hidden layers; the output is a sigmoid on the logit */
	double **W, **b;
	double **dW, **db;      /* gradients of the cost, same shapes */
	double **A, **Z, **dZ;  /* n[l] x m, row-major */
	size_t m;
};
enum cln_status textbook_create(struct textbook **net, const size_t *n, size_t L, enum cln_activation activation, size_t m, struct cln_error *err) CLN_MUST_CHECK;
void textbook_destroy(struct textbook *net);

/* g and g' of a hidden layer. */
double textbook_g(enum cln_activation activation, double z);
double textbook_g_prime(enum cln_activation activation, double z);

/* X n[0] x m, y m, w m or NULL.  C = sum_j w_j [softplus(z_j) - y_j z_j] / m + sum over weights l1 |w| + l2/2 w^2. */
double textbook_forward(struct textbook *net, const double *X, const double *y, const double *w, double l1, double l2);
void textbook_backward(struct textbook *net, const double *X, const double *y, const double *w, double l1, double l2); /* after forward */

/* W <- W - rate dW, b <- b - rate db. */
void textbook_descend(struct textbook *net, double rate);

#endif
