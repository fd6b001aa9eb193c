/* SPDX-License-Identifier: MIT
 * How far rounding alone can take the engine's float32 from the textbook's double, entry by entry: section 11 of doc/derivation.md,
 * in plain loops.  A gradient beyond its bound is wrong, whatever the reason. */
#ifndef NN_ROUNDING_H
#define NN_ROUNDING_H

#include "nn/textbook.h"

#define UNIT_ROUNDOFF 0x1p-24 /* of float */

/* What the kernels keep to: |g'' | <= bend; computed g within g_error max(1, |z|) of the true one, g' within slope_error. */
struct rounding_constants {
	double bend, g_error, slope_error;
};
extern const struct rounding_constants rounding_constants[CLN_N_ACTIVATIONS];

/* What was computed, and how: penalties as in textbook_backward; columns in n_blocks blocks of block_size, their gradients added
 * along a tree; the gradient read off a step of gradient descent with the given rate. */
struct rounding_case {
	const double *X, *y, *w;
	double l1, l2, rate;
	size_t block_size, n_blocks;
};

/* Fills bounds->dW, db (dV, dbeta, dalpha) with E_g for the gradients in net (after textbook_backward), bounds->A, Z, dZ with
 * theirs, and returns that of the cost without penalties.  bounds: textbook_create of the same shape (and textbook_add_front), with
 * a lookup (of which only dT is used) where net has one.  Entries that depend on a pre-activation whose error bound reaches across
 * a kink are NaN, so that no error is within them. */
double rounding_bounds(struct textbook *bounds, const struct textbook *net, const struct rounding_case *run);

#endif
