/* SPDX-License-Identifier: MIT
 * Arithmetic on float arrays: one contract, one table an instruction set, the same bits from each.
 *
 * Panels.  A matrix of n units x m columns (activations, gradients) lies in ceil(n/16) panels of 16 units; panel p holds, for
 * column s = 0 .. ld-1, the 16 floats of units 16p .. 16p+15 side by side: element (u, s) is at ((u/16) * ld + s) * 16 + u%16.
 * Weights W (n_out x n_in) lie twice:
 *   W  : panels over the outputs, element (i, k) at ((i/16) * n_in + k) * 16 + i%16        ld = n_in
 *   Wt : panels over the inputs,  element (i, k) at ((k/16) * n_out_padded + i) * 16 + k%16  ld = n_out_padded = 16 ceil(n_out/16)
 * Lanes beyond n are zero in weights, their gradients and dZ; in A they may hold anything finite.
 *
 * Every output element of a product is one chain of fused multiply-adds in ascending order of the inner index, so its bits depend
 * neither on the vector width nor on the tile; but for the forward product of a layer of one unit, which has 16 chains, one for
 * the inputs k = i mod 16 each, added in halves (i and i + 8, then i + 4, i + 2, i + 1).  Everything else is elementwise in IEEE
 * operations written out.
 * All arrays are 64-byte aligned; no aliasing unless said.  Kernels know nothing of layers, threads or files. */
#ifndef KERNELS_KERNELS_H
#define KERNELS_KERNELS_H

#include <colonnade.h>
#include <stddef.h>
#include <stdint.h>

#include "base/panel.h"

/* How the derivative of an activation is had on the way back (see activation_derivative). */
enum derivative {
	DERIVATIVE_ONE,      /* the layer is linear */
	DERIVATIVE_RELU,     /* A > 0 ? 1 : 0 */
	DERIVATIVE_SIGMOID,  /* A (1 - A) */
	DERIVATIVE_TANH,     /* 1 - A^2 */
	DERIVATIVE_STORED    /* D, written by activate on the way forth */
};

/* The three products, of at least one column.  Z = W A + b over columns 0 .. m-1 and output panels p_begin .. p_end-1, then
 * A_out = g(Z).
 *   W n_out x n_in panels, b 16 ceil(n_out/16), A n_in x m panels (ld columns), A_out n_out x m panels (same ld). */
struct forward_args {
	float *A_out;
	float *D_out;        /* NULL, else g'(Z), same shape as A_out */
	const float *W, *b, *A;
	const float *Wt;     /* read where n_out = 1: the one row of W, side by side */
	size_t n_out, n_in, m, ld, p_begin, p_end;
	int activation;      /* enum cln_activation, or -1: linear */
};

/* dA = W^T dZ over columns 0 .. m-1 and input panels p_begin .. p_end-1, then dZ_in = dA o g'.
 *   Wt as above, dZ n_out x m panels (ld), dZ_in n_in x m panels (ld), saved: A or D of the lower layer, as `derivative` says. */
struct backward_args {
	float *dZ_in;
	const float *Wt, *dZ, *saved;
	size_t n_out, n_in, m, ld, p_begin, p_end;
	enum derivative derivative;
	float scale;         /* DERIVATIVE_RELU: the kept units' factor under dropout (1 without); the others ignore it */
};

/* dW (+)= dZ A^T, db (+)= row sums of dZ (ascending columns), over output panels p_begin .. p_end-1 and inputs k_begin (a multiple
 * of 16) .. k_end-1; db where k_begin = 0.  No division by m.
 *   dW n_out x n_in panels as W, db 16 ceil(n_out/16).  add: the chain's result is added to what is there, else replaces it. */
struct gradient_args {
	float *dW, *db;
	const float *dZ, *A;
	size_t n_out, n_in, m, ld, p_begin, p_end, k_begin, k_end;
	bool add;
};

/* One step of an optimizer on n parameters (a multiple of 16).  g: sums over the batch; the gradient used is
 * g * scale + l1 sign(w) + l2 w.  first and second: the moments, NULL where the optimizer has none.
 * Constants are computed once a step in double by train/optimizer.c and given as floats. */
struct optimizer_args {
	float *w, *first, *second;
	const float *g;
	size_t n;
	float scale, l1, l2;
	float decay;                     /* decoupled: w <- w * (1 - decay) first; decay = lr * wd */
	float rate;                      /* learning rate; adam: with both bias corrections, lr sqrt(1-b2^t)/(1-b1^t) */
	float beta1, beta2;              /* momentum, nesterov: beta1; rmsprop: beta2 */
	float one_minus_beta1, one_minus_beta2;
	float epsilon;                   /* adam: epsilon times sqrt(1-b2^t), which makes it Kingma and Ba's own form */
	enum cln_optimizer kind;
};

/* Loss and dZ of m columns from the logits: dZ = w (sigmoid(z) - y); returns sum_j w_j (softplus(z_j) - y_j z_j), each term in
 * float, summed in double in order of j.  Z, dZ: one panel (unit 0 of 16) with one column every 16 floats; lanes 1..15 of dZ are
 * set to 0; y, w: m floats, w may be NULL (all 1). */
struct loss_args {
	float *dZ;
	const float *Z, *y, *w;
	size_t m;
};

/* Dropout on columns 0 .. m-1 of panels 0 .. ceil(n/16)-1: a unit is kept where its word >= threshold = p 2^32;
 * A <- kept ? A * keep_scale : 0 and D (may be NULL) likewise.  The word is rng_word(seed, RNG_DROPOUT, epoch, step, row0 + s,
 * unit0 + u). */
struct dropout_args {
	float *A, *D;
	size_t n, m, ld;
	uint64_t seed;
	uint32_t epoch, step, row0, unit0, threshold;
	float keep_scale;
};

/* The periodic embedding of a number x, in EMBEDDING_OUTPUTS values:
 *   E[i] = bias[i] + sum over k of V[i][k] cos(2 pi w[k] x + phase[k]),  k = 0 .. EMBEDDING_FREQUENCIES-1, one chain in order of k.
 * Its parameters lie side by side: w, phase, the rows of V, then a panel with the biases (lanes beyond are zero). */
#define EMBEDDING_FREQUENCIES PANEL
#define EMBEDDING_OUTPUTS 3
#define EMBEDDING_PARAMETERS ((2 + EMBEDDING_OUTPUTS) * EMBEDDING_FREQUENCIES + EMBEDDING_OUTPUTS)
#define EMBEDDING_FLOATS ((3 + EMBEDDING_OUTPUTS) * EMBEDDING_FREQUENCIES)

/* Rows first_output + 3j .. of E (panels, ld columns) from row numbers[j], for j = begin .. end-1 and columns 0 .. m-1.
 *   params: those of number 0, then of number 1, ... */
struct embedding_args {
	float *E;
	const float *params;
	const uint32_t *numbers;
	size_t begin, end, first_output, m, ld;
};

/* The gradient of those parameters, summed over columns 0 .. m-1 (16 chains by column mod 16, added in halves): into grads, laid
 * out as params; added where `add`, else replaced.  dE = scale o dA by rows (scale NULL: 1); E, dA: panels, ld columns. */
struct embedding_gradient_args {
	float *grads;
	const float *params, *E, *dA, *scale;
	const uint32_t *numbers;
	size_t begin, end, first_output, m, ld;
	bool add;
};

/* The embedding of categories: each has a table of rows of `size` floats, a row a level, and a column gets that of its level.  The
 * first value goes into the row of E that belongs to the category's feature, the others into rows of their own behind all else. */
#define LOOKUP_MAX_SIZE 64
struct category {
	uint32_t feature;
	uint32_t n_rows;     /* levels */
	size_t first_row;    /* its table's, where all tables are one */
};

/* The row of E with value i of category c. */
static inline size_t lookup_row(const struct category *categories, size_t c, size_t i, size_t size, size_t first_output)
{
	return i == 0 ? categories[c].feature : first_output + c * (size - 1) + i - 1;
}

/* Those rows of E on columns 0 .. m-1, for categories 0 .. n_categories-1.
 *   tables: n_rows x size of the first category, then those of the next ...; levels: column s of category c at c * ld + s. */
struct lookup_args {
	float *E;
	const float *tables;
	const uint32_t *levels;
	const struct category *categories;
	size_t n_categories, size, first_output, m, ld;
};

/* The tables' gradient, floats begin .. end-1 of it (multiples of 16; what lies behind the last table is set to 0): each the sum of
 * dE = scale o dA over the columns that have its level, in ascending order of columns; levels that no column has get 0.
 *   add: that sum, made in scratch (as large as grads), is added to what is there, else replaces it. */
struct lookup_gradient_args {
	float *grads, *scratch;
	const float *dA, *scale;
	const uint32_t *levels;
	const struct category *categories;
	size_t n_categories, size, first_output, begin, end, m, ld;
	bool add;
};

/* The piecewise-linear embedding of a number x, in PIECEWISE_OUTPUTS values: with edges e[0] < e[1] < ... < e[n_bins],
 *   E[i] = bias[i] + sum over b of W[b][i] PLE_b(x),   PLE_b(x) = (x - e[b]) / (e[b+1] - e[b]) held within 0 and 1,
 * which is 1 in the bins below x, a fraction in its own, and 0 above.  The sum is taken as that of bias and W[0] .. W[b-1], in this
 * order, and one fused multiply-add of W[b] and the fraction.  Number j has the edges first_edge[j] .. first_edge[j+1] - 1, and as
 * many panels of parameters, of which PIECEWISE_OUTPUTS lanes are used: the bias, then its bins' W (Gorishniy et al. 2022). */
#define PIECEWISE_OUTPUTS 8
#define PIECEWISE_MAX_BINS 63 /* so that a number's parameters are no more than a chunk of the optimizer's (train/update.h) */

/* Rows first_output + 8j .. of E (panels, ld columns) from row numbers[j], for j = begin .. end-1 and columns 0 .. m-1. */
struct piecewise_args {
	float *E;
	const float *params, *edges;
	const uint32_t *numbers, *first_edge;
	size_t begin, end, first_output, m, ld;
};

/* The gradient of those parameters: of each bin the sums over its columns, ascending, then those from the last bin to the first. */
struct piecewise_gradient_args {
	float *grads;
	const float *edges, *E, *dA, *scale;
	const uint32_t *numbers, *first_edge;
	size_t begin, end, first_output, m, ld;
	bool add;
};

/* A = scale o E by rows, on panels p_begin .. p_end-1 and columns 0 .. m-1. */
struct scale_args {
	float *A;
	const float *E, *scale;
	size_t m, ld, p_begin, p_end;
};

/* dscale (+)= row sums of dA o E (ascending columns), on panels p_begin .. p_end-1. */
struct scale_gradient_args {
	float *grads;
	const float *dA, *E;
	size_t m, ld, p_begin, p_end;
	bool add;
};

/* The parametric activation, with a learned alpha for each unit, on panels p_begin .. p_end-1 and columns 0 .. m-1 of A, which has
 * Z: Q <- g(Z) - Z, A <- Z + alpha Q, D <- 1 + alpha (g'(Z) - 1); D and Q may be NULL (Q then D, too). */
struct parametric_args {
	float *A, *D, *Q;
	const float *alpha;
	size_t m, ld, p_begin, p_end;
	int activation;      /* enum cln_activation */
};

/* On the way back, from dZ, which holds dA: dalpha (+)= row sums of dA o Q (ascending columns), dZ <- dA o D. */
struct parametric_gradient_args {
	float *grads, *dZ;
	const float *D, *Q;
	size_t m, ld, p_begin, p_end;
	bool add;
};

/* Forward, loss and backward of a whole network whose layers have at most NARROW_UNITS units each, to the bits of the functions
 * above, with columns side by side in the vectors where those have units: no lane is idle but in the last 16 columns.
 *   Row u of a matrix is at u * ld, ld a multiple of 16; columns m .. ld-1 hold anything finite in A, and 0 in y and w.
 *   W, b, dW, db: panels as above, one of each. */
#define NARROW_UNITS 4
struct narrow_layer {
	const float *W, *b;
	float *dW, *db;      /* replaced; their idle lanes are left alone */
	float *A;            /* n_out x ld: activations, of the last layer logits */
	float *D;            /* the same, where the derivative is stored; else NULL */
	float *dZ;           /* n_out x ld */
	size_t n_out, n_in;
};
struct narrow_args {
	const struct narrow_layer *layers; /* L of them, the last of one unit */
	const float *X;      /* n_in of the first x ld */
	const float *y, *w;  /* ld */
	size_t L, m, ld;
	enum cln_activation activation;
	enum derivative derivative;
};

struct kernels {
	const char *name;    /* "generic", "avx2", "avx512", "neon" */
	unsigned vector_width;

	void (*forward)(const struct forward_args *args);
	void (*backward)(const struct backward_args *args);
	void (*gradient)(const struct gradient_args *args);

	void (*embed)(const struct embedding_args *args);
	void (*embedding_gradient)(const struct embedding_gradient_args *args);
	void (*lookup)(const struct lookup_args *args);
	void (*lookup_gradient)(const struct lookup_gradient_args *args);
	void (*scale)(const struct scale_args *args);
	void (*scale_gradient)(const struct scale_gradient_args *args);
	void (*piecewise)(const struct piecewise_args *args);
	void (*piecewise_gradient)(const struct piecewise_gradient_args *args);
	void (*parametric)(const struct parametric_args *args);
	void (*parametric_gradient)(const struct parametric_gradient_args *args);

	/* A <- g(A) elementwise, and D <- g'(Z) where D is not NULL; n a multiple of 16. */
	void (*activate)(enum cln_activation activation, float *A, float *D, size_t n);
	double (*loss)(const struct loss_args *args);
	double (*narrow)(const struct narrow_args *args); /* returns the sum of the losses, as loss does */
	void (*optimize)(const struct optimizer_args *args);
	void (*dropout)(const struct dropout_args *args);
	void (*add)(float *sum, const float *a, const float *b, size_t n); /* sum = a + b, sum may be a or b; n a multiple of 16 */
	/* 16 float chains by lane (fma), then added in double in order of the lanes. */
	double (*sum_squares)(const float *x, size_t n);
	/* Output panel p of W, inputs k_begin (a multiple of 16) .. k_end-1, into Wt. */
	void (*transpose_panel)(float *Wt, const float *W, size_t n_out_padded, size_t n_in, size_t p, size_t k_begin,
	                        size_t k_end);

	/* Elementwise, n a multiple of 16, y may alias x; at most 2 ulp over all floats (doc/numerics.md).  For tests. */
	void (*exp)(float *y, const float *x, size_t n);
	void (*log)(float *y, const float *x, size_t n);
	void (*tanh)(float *y, const float *x, size_t n);
	void (*sigmoid)(float *y, const float *x, size_t n);

	/* Fused multiply-adds that keep every unit busy: `rounds` times 24 vectors; returns a value that depends on all of them.
	 * Floating-point operations done: rounds * 24 * vector_width * 2.  The peak of `bench` and `doctor`. */
	float (*fma_peak)(size_t rounds);
};

/* Which derivative an activation needs on the way back, without dropout (with it: RELU stays, the others become STORED). */
enum derivative activation_derivative(int activation);

#endif
