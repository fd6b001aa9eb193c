/* SPDX-License-Identifier: MIT */
#include "nn/rounding.h"

#include <math.h>

/* Covers results too small to be normal numbers, whose rounding error is absolute, and dZ below 2^-100, which becomes 0. */
static const double TINY = 0x1p-99;
/* Covers the textbook's own rounding in double, 2^-29 of these bounds. */
static const double WIDEN = 1 + 0x1p-20;

/* By enum cln_activation; where each comes from: section 11 of the derivation. */
const struct rounding_constants rounding_constants[CLN_N_ACTIVATIONS] = {
    [CLN_SIGMOID] = {0.0963, 2 * UNIT_ROUNDOFF, 2 * UNIT_ROUNDOFF},
    [CLN_TANH] = {0.770, 2 * UNIT_ROUNDOFF, 4 * UNIT_ROUNDOFF},
    [CLN_RELU] = {0, 0, 0},
    [CLN_LEAKY_RELU] = {0, UNIT_ROUNDOFF, UNIT_ROUNDOFF},
    [CLN_ELU] = {1, 2 * UNIT_ROUNDOFF, 2 * UNIT_ROUNDOFF},
    [CLN_SELU] = {1.7582, 3 * UNIT_ROUNDOFF, 4 * UNIT_ROUNDOFF},
    [CLN_GELU] = {0.798, 2 * UNIT_ROUNDOFF, 4 * UNIT_ROUNDOFF},
    [CLN_SILU] = {0.5, 3 * UNIT_ROUNDOFF, 4 * UNIT_ROUNDOFF},
    [CLN_MISH] = {0.645, 3 * UNIT_ROUNDOFF, 4 * UNIT_ROUNDOFF},
};

/* gamma_k: k roundings in a row. */
static double roundings(size_t k)
{
	return (double)k * UNIT_ROUNDOFF / (1 - (double)k * UNIT_ROUNDOFF);
}

/* Columns of A[l-1] and their errors; X is exact, A[0] of a front is not. */
struct operand {
	const double *value, *error; /* error: NULL where there is none */
};
static struct operand lower(const struct textbook *bounds, const struct textbook *net, const struct rounding_case *run, size_t l)
{
	if (l == 1 && net->front)
		return (struct operand){net->A0, bounds->A0};
	if (l == 1 && net->lookup) /* values of a table are exact */
		return (struct operand){net->lookup->A0, NULL};
	return l == 1 ? (struct operand){run->X, NULL} : (struct operand){net->A[l - 1], bounds->A[l - 1]};
}

/* A fraction of a bin: two differences and a quotient; to be held within 0 and 1 makes it no worse. */
static const size_t PLE_ROUNDINGS = 3;

/* E = beta + sum_b V_b PLE_b in at most n_bins + 1 additions. */
static void bound_embedding(struct textbook *bounds, const struct textbook *net)
{
	const struct front *front = net->front;
	const size_t m = net->m;

	for (size_t e = 0; e < textbook_piecewise_row(net) * m; e++)
		bounds->A0[e] = 0;
	for (size_t number = 0, bin = 0; number < front->n_binned; number++) {
		const size_t n_bins = front->first_edge[number + 1] - front->first_edge[number] - 1;
		for (size_t i = 0; i < PIECEWISE_OUTPUTS; i++)
			for (size_t j = 0; j < m; j++) {
				double size = fabs(net->beta[number * PIECEWISE_OUTPUTS + i]);
				for (size_t b = bin; b < bin + n_bins; b++)
					size += fabs(net->V[b * PIECEWISE_OUTPUTS + i]) * net->PLE[b * m + j];
				bounds->A0[(textbook_piecewise_row(net) + number * PIECEWISE_OUTPUTS + i) * m + j] =
				    roundings(n_bins + 1 + PLE_ROUNDINGS) * size + TINY;
			}
		bin += n_bins;
	}
}

/* E_Z = gamma_n (|b| + |W| (|A| + E_A)) + |W| E_A. */
static void bound_affine(struct textbook *bounds, const struct textbook *net, struct operand A, size_t l)
{
	const size_t n_in = net->n[l - 1], m = net->m;

	for (size_t i = 0; i < net->n[l]; i++)
		for (size_t j = 0; j < m; j++) {
			double size = fabs(net->b[l][i]), carried = 0;
			for (size_t k = 0; k < n_in; k++) {
				const double W = fabs(net->W[l][i * n_in + k]), error = A.error ? A.error[k * m + j] : 0;
				size += W * (fabs(A.value[k * m + j]) + error);
				carried += W * error;
			}
			bounds->Z[l][i * m + j] = roundings(n_in) * size + carried + TINY;
		}
}

/* E of x kappa, one rounding behind E of x; dropped units are 0 on both sides. */
static double bound_mask(double x, double error, const double *mask, size_t e)
{
	return mask ? mask[e] * (error + UNIT_ROUNDOFF * (fabs(x) + error)) : error;
}

/* E of g - z, which is q, before the mask: E_Z times its slope, what bends, what g's computation and the subtraction round. */
static double bound_beyond_line(const struct textbook *net, double z, double E_Z)
{
	const struct rounding_constants g = rounding_constants[net->activation];
	const double q = textbook_g(net->activation, z) - z, slope = textbook_g_prime(net->activation, z) - 1;
	const double error = fabs(slope) * E_Z + 0.5 * g.bend * E_Z * E_Z + g.g_error * fmax(1, fabs(z) + E_Z);

	return error + UNIT_ROUNDOFF * (fabs(q) + error) + TINY;
}

/* E of z + alpha q and of 1 + alpha (g' - 1), unit i of layer l: what moves with z together, then the roundings. */
static double bound_parametric(const struct textbook *net, size_t l, size_t i, double z, double E_Z)
{
	const struct rounding_constants g = rounding_constants[net->activation];
	const double alpha = fabs(net->alpha[l][i]), q = fabs(textbook_g(net->activation, z) - z);
	const double moved = fabs(textbook_unit_prime(net, l, i, z)) * E_Z + alpha * 0.5 * g.bend * E_Z * E_Z;
	const double rounded = g.g_error * fmax(1, fabs(z) + E_Z), E_q = bound_beyond_line(net, z, E_Z);
	const double error = moved + alpha * (rounded + UNIT_ROUNDOFF * (q + E_q));

	return error + UNIT_ROUNDOFF * (fabs(textbook_unit(net, l, i, z)) + error) + TINY;
}

static double bound_parametric_slope(const struct textbook *net, size_t l, size_t i, double z, double E_Z)
{
	const struct rounding_constants g = rounding_constants[net->activation];
	const double alpha = fabs(net->alpha[l][i]), E_D = g.bend * E_Z + g.slope_error;
	const double above = fabs(textbook_g_prime(net->activation, z) - 1);
	const double error = alpha * (E_D + UNIT_ROUNDOFF * (above + E_D));

	return error + UNIT_ROUNDOFF * (fabs(textbook_unit_prime(net, l, i, z)) + error) + TINY;
}

/* E_A = |g'| E_Z + bend/2 E_Z^2 + rho. */
static void bound_activation(struct textbook *bounds, const struct textbook *net, size_t l)
{
	const struct rounding_constants g = rounding_constants[net->activation];

	for (size_t e = 0; e < net->n[l] * net->m; e++) {
		const double z = net->Z[l][e], E_Z = bounds->Z[l][e];
		double error = fabs(textbook_g_prime(net->activation, z)) * E_Z + 0.5 * g.bend * E_Z * E_Z;
		error += g.g_error * fmax(1, fabs(z) + E_Z) + TINY;
		if (net->alpha[l])
			error = bound_parametric(net, l, e / net->m, z, E_Z);
		if (textbook_has_kink(net->activation) && fabs(z) <= E_Z)
			error = NAN;
		bounds->A[l][e] = bound_mask(textbook_unit(net, l, e / net->m, z), error, net->mask[l], e);
	}
}

/* E of dZ[L] = w (sigmoid(z) - y), and of the cost. */
static double bound_output(struct textbook *bounds, const struct textbook *net, const struct rounding_case *run)
{
	const size_t L = net->L;
	const double bend = rounding_constants[CLN_SIGMOID].bend;
	double sum = 0;

	for (size_t j = 0; j < net->m; j++) {
		const double w = run->w ? run->w[j] : 1, A = net->A[L][j], z = fabs(net->Z[L][j]), E_Z = bounds->Z[L][j];
		bounds->dZ[L][j] = w * (A * (1 - A) * E_Z + 0.5 * bend * E_Z * E_Z + 10 * UNIT_ROUNDOFF) + TINY;
		sum += w * (fabs(A - run->y[j]) * E_Z + 0.125 * E_Z * E_Z + 10 * UNIT_ROUNDOFF * (1 + z)) + TINY;
	}
	return sum / (double)net->m;
}

static size_t tree_height(size_t n_blocks)
{
	size_t height = 0;

	while (((size_t)1 << height) < n_blocks)
		height++;
	return height;
}

/* E_g of one entry from its sum S over the columns, E_S, the penalties' sizes and the parameter the step was taken from. */
static double bound_step(double S, double E_S, double penalties, double parameter, double g, const struct textbook *net,
			 const struct rounding_case *run)
{
	const double m = (double)net->m;
	const double step = UNIT_ROUNDOFF * (fabs(parameter) / run->rate + fabs(g)) * (1 + roundings(5));

	return (E_S / m + roundings(5) * ((fabs(S) + E_S) / m + penalties) + step + TINY) * WIDEN;
}

/* A row of dZ against a row of the lower layer's A (NULL: ones): S, and
 * E_S = gamma (|dZ| + E_dZ) (|A| + E_A) + |dZ| E_A + E_dZ (|A| + E_A). */
static double bound_sum(double *S, const double *dZ, const double *E_dZ, const double *A, const double *E_A, size_t m, double gamma)
{
	double E_S = 0;

	*S = 0;
	for (size_t j = 0; j < m; j++) {
		const double a = A ? A[j] : 1, E_a = E_A ? E_A[j] : 0;
		*S += dZ[j] * a;
		E_S += gamma * (fabs(dZ[j]) + E_dZ[j]) * (fabs(a) + E_a) + fabs(dZ[j]) * E_a + E_dZ[j] * (fabs(a) + E_a);
	}
	return E_S + TINY;
}

static void bound_gradient(struct textbook *bounds, const struct textbook *net, const struct rounding_case *run, struct operand A,
			   size_t l)
{
	const size_t n_in = net->n[l - 1], m = net->m;
	const double gamma = roundings(run->block_size + tree_height(run->n_blocks));
	double S;

	for (size_t i = 0; i < net->n[l]; i++) {
		const double *dZ = net->dZ[l] + i * m, *E_dZ = bounds->dZ[l] + i * m;
		for (size_t k = 0; k < n_in; k++) {
			const size_t e = i * n_in + k;
			const double W = net->W[l][e];
			const double E_S = bound_sum(&S, dZ, E_dZ, A.value + k * m, A.error ? A.error + k * m : NULL, m, gamma);
			bounds->dW[l][e] = bound_step(S, E_S, run->l1 + run->l2 * fabs(W), W, net->dW[l][e], net, run);
		}
		const double E_S = bound_sum(&S, dZ, E_dZ, NULL, NULL, m, gamma);
		bounds->db[l][i] = bound_step(S, E_S, 0, net->b[l][i], net->db[l][i], net, run);
	}
}

/* A row of dA, which has no place of its own, beside its errors: S of dalpha and E_S, as bound_sum. */
struct alpha_sum {
	double S, E_S;
};
static void add_alpha_term(struct alpha_sum *sum, double dA, double E_dA, double q, double E_q, double gamma)
{
	sum->S += dA * q;
	sum->E_S += gamma * (fabs(dA) + E_dA) * (fabs(q) + E_q) + fabs(dA) * E_q + E_dA * (fabs(q) + E_q);
}

/* E of dZ[l-1] = dA o D with dA = W^T dZ and D = g'(Z) o mask. */
static void bound_layer_below(struct textbook *bounds, const struct textbook *net, const struct rounding_case *run, size_t l)
{
	const double gamma = roundings(run->block_size + tree_height(run->n_blocks));
	const size_t n_in = net->n[l - 1], n_out = net->n[l], m = net->m;
	const struct rounding_constants g = rounding_constants[net->activation];
	const double *mask = net->mask[l - 1];

	for (size_t k = 0; k < n_in; k++) {
		struct alpha_sum alpha = {0, TINY};
		for (size_t j = 0; j < m; j++) {
			double dA = 0, size = 0, carried = 0;
			for (size_t i = 0; i < n_out; i++) {
				const double W = net->W[l][i * n_in + k], dZ = net->dZ[l][i * m + j];
				const double error = bounds->dZ[l][i * m + j];
				dA += W * dZ;
				size += fabs(W) * (fabs(dZ) + error);
				carried += fabs(W) * error;
			}
			const size_t e = k * m + j;
			const double E_dA = roundings(n_out) * size + carried + TINY;
			const double z = net->Z[l - 1][e], E_Z = bounds->Z[l - 1][e];
			const double slope = textbook_unit_prime(net, l - 1, k, z);
			const double D = fabs(slope) * (mask ? mask[e] : 1);
			const double E_slope = net->alpha[l - 1] ? bound_parametric_slope(net, l - 1, k, z, E_Z)
								 : g.bend * E_Z + g.slope_error;
			const double E_D = bound_mask(slope, E_slope, mask, e);
			bounds->dZ[l - 1][e] =
			    fabs(dA) * E_D + E_dA * (D + E_D) + UNIT_ROUNDOFF * (fabs(dA) + E_dA) * (D + E_D) + TINY;
			if (net->alpha[l - 1]) {
				const double q = textbook_g(net->activation, z) - z, E_q = bound_beyond_line(net, z, E_Z);
				add_alpha_term(&alpha, dA, E_dA, q * (mask ? mask[e] : 1), bound_mask(q, E_q, mask, e), gamma);
			}
		}
		if (net->alpha[l - 1])
			bounds->dalpha[l - 1][k] =
			    bound_step(alpha.S, alpha.E_S, 0, net->alpha[l - 1][k], net->dalpha[l - 1][k], net, run);
	}
}

/* E of dA[0], and of the gradients of V and beta: the sums of a bin's columns in each block, then over at most all bins. */
static void bound_front(struct textbook *bounds, const struct textbook *net, const struct rounding_case *run)
{
	const struct front *front = net->front;
	const size_t m = net->m, n_in = net->n[0], n_out = net->n[1];
	double S;

	for (size_t k = 0; k < n_in; k++)
		for (size_t j = 0; j < m; j++) {
			double size = 0, carried = 0;
			for (size_t i = 0; i < n_out; i++) {
				const double W = fabs(net->W[1][i * n_in + k]), error = bounds->dZ[1][i * m + j];
				size += W * (fabs(net->dZ[1][i * m + j]) + error);
				carried += W * error;
			}
			bounds->dA0[k * m + j] = roundings(n_out) * size + carried + TINY;
		}
	for (size_t e = 0; e < textbook_bins(net) * m; e++)
		bounds->PLE[e] = roundings(PLE_ROUNDINGS) * net->PLE[e];
	for (size_t number = 0, bin = 0; number < front->n_binned; number++) {
		const size_t n_bins = front->first_edge[number + 1] - front->first_edge[number] - 1;
		const double gamma = roundings(run->block_size + n_bins + 1 + tree_height(run->n_blocks));
		for (size_t i = 0; i < PIECEWISE_OUTPUTS; i++) {
			const size_t row = (textbook_piecewise_row(net) + number * PIECEWISE_OUTPUTS + i) * m;
			const size_t e = number * PIECEWISE_OUTPUTS + i;
			double E_S = bound_sum(&S, net->dA0 + row, bounds->dA0 + row, NULL, NULL, m, gamma);
			bounds->dbeta[e] = bound_step(S, E_S, 0, net->beta[e], net->dbeta[e], net, run);
			for (size_t b = bin; b < bin + n_bins; b++) {
				const size_t v = b * PIECEWISE_OUTPUTS + i;
				E_S = bound_sum(&S, net->dA0 + row, bounds->dA0 + row, net->PLE + b * m, bounds->PLE + b * m, m,
						gamma);
				bounds->dV[v] = bound_step(S, E_S, 0, net->V[v], net->dV[v], net, run);
			}
		}
		bin += n_bins;
	}
}

/* E of the tables: the columns' dA = W^T dZ of layer 1, as above but without g', summed as a row of dZ is for db. */
static void bound_tables(struct textbook *bounds, const struct textbook *net, const struct rounding_case *run)
{
	const struct textbook_lookup *lookup = net->lookup;
	const double gamma = roundings(run->block_size + tree_height(run->n_blocks));
	const size_t m = net->m, d = lookup->n_values;

	for (size_t e = 0; e < lookup->n_rows * d; e++)
		bounds->lookup->dT[e] = 0;
	for (size_t c = 0; c < lookup->n_categories; c++)
		for (size_t i = 0; i < d; i++)
			for (size_t j = 0; j < m; j++) {
				const size_t input = textbook_lookup_row(net, c, i);
				double dA = 0, size = 0, carried = 0;
				for (size_t unit = 0; unit < net->n[1]; unit++) {
					const double W = net->W[1][unit * net->n[0] + input], dZ = net->dZ[1][unit * m + j];
					const double error = bounds->dZ[1][unit * m + j];
					dA += W * dZ;
					size += fabs(W) * (fabs(dZ) + error);
					carried += fabs(W) * error;
				}
				const double E_dA = roundings(net->n[1]) * size + carried + TINY;
				const size_t row = lookup->first_rows[c] + lookup->levels[c * m + j];
				bounds->lookup->dT[row * d + i] += gamma * (fabs(dA) + E_dA) + E_dA;
			}
	for (size_t e = 0; e < lookup->n_rows * d; e++) {
		const double S = lookup->dT[e] * (double)m;
		bounds->lookup->dT[e] =
		    bound_step(S, bounds->lookup->dT[e] + TINY, 0, lookup->T[e], lookup->dT[e], net, run);
	}
}

double rounding_bounds(struct textbook *bounds, const struct textbook *net, const struct rounding_case *run)
{
	if (net->front)
		bound_embedding(bounds, net);
	for (size_t l = 1; l <= net->L; l++) {
		bound_affine(bounds, net, lower(bounds, net, run, l), l);
		if (l < net->L)
			bound_activation(bounds, net, l);
	}
	const double E_C = bound_output(bounds, net, run);
	for (size_t l = net->L; l >= 1; l--) {
		bound_gradient(bounds, net, run, lower(bounds, net, run, l), l);
		if (l > 1)
			bound_layer_below(bounds, net, run, l);
	}
	if (net->lookup)
		bound_tables(bounds, net, run);
	if (net->front)
		bound_front(bounds, net, run);
	return E_C * WIDEN;
}
