/* SPDX-License-Identifier: MIT */
#include "nn/textbook.h"

#include <assert.h>
#include <math.h>

#include "base/dmath.h"

static const double LEAKY_SLOPE = 0.01;                              /* Maas et al. 2013 */
static const double SELU_LAMBDA = 1.0507009873554804934193349852946; /* Klambauer et al. 2017, appendix: the fixed point (0, 1) */
static const double SELU_ALPHA = 1.6732632423543772848170429916717;
static const double ONE_OVER_SQRT_2 = 0.70710678118654752440;
static const double ONE_OVER_SQRT_2PI = 0.39894228040143267794;

/* ---------------------------------------------------------------- activations */

/* e^z - 1 for z <= 0 as 2t / (1 - t), t = tanh(z/2): nothing cancels, since t <= 0. */
static double exp_minus_one(double z)
{
	double t = dmath_tanh(0.5 * z);
	return 2 * t / (1 - t);
}

/* Phi(z), the distribution function of N(0,1), and phi(z), its density. */
static double normal_distribution(double z)
{
	return 0.5 * (1 + dmath_erf(z * ONE_OVER_SQRT_2));
}
static double normal_density(double z)
{
	return ONE_OVER_SQRT_2PI * dmath_exp(-0.5 * z * z);
}

double textbook_g(enum cln_activation activation, double z)
{
	switch (activation) {
	case CLN_SIGMOID: return dmath_sigmoid(z);
	case CLN_TANH: return dmath_tanh(z);
	case CLN_RELU: return z > 0 ? z : 0;
	case CLN_LEAKY_RELU: return z > 0 ? z : LEAKY_SLOPE * z;
	case CLN_ELU: return z > 0 ? z : exp_minus_one(z);
	case CLN_SELU: return SELU_LAMBDA * (z > 0 ? z : SELU_ALPHA * exp_minus_one(z));
	case CLN_GELU: return z * normal_distribution(z);
	case CLN_SILU: return z * dmath_sigmoid(z);
	case CLN_MISH: return z * dmath_tanh(dmath_softplus(z));
	case CLN_N_ACTIVATIONS:
		break;
	}
	assert(false); /* no such activation */
	return 0;
}

double textbook_g_prime(enum cln_activation activation, double z)
{
	double s, t;

	switch (activation) {
	case CLN_SIGMOID:
		s = dmath_sigmoid(z);
		return s * (1 - s);
	case CLN_TANH:
		t = dmath_tanh(z);
		return (1 - t) * (1 + t);
	case CLN_RELU: return z > 0 ? 1 : 0;
	case CLN_LEAKY_RELU: return z > 0 ? 1 : LEAKY_SLOPE;
	case CLN_ELU: return z > 0 ? 1 : dmath_exp(z);
	case CLN_SELU: return SELU_LAMBDA * (z > 0 ? 1 : SELU_ALPHA * dmath_exp(z));
	case CLN_GELU: return normal_distribution(z) + z * normal_density(z);
	case CLN_SILU:
		s = dmath_sigmoid(z);
		return s * (1 + z * (1 - s));
	case CLN_MISH:
		s = dmath_sigmoid(z);
		t = dmath_tanh(dmath_softplus(z));
		return t + z * (1 - t) * (1 + t) * s;
	case CLN_N_ACTIVATIONS:
		break;
	}
	assert(false); /* no such activation */
	return 0;
}

double textbook_unit(const struct textbook *net, size_t l, size_t i, double z)
{
	const double g = textbook_g(net->activation, z);

	return net->alpha[l] ? z + net->alpha[l][i] * (g - z) : g;
}

double textbook_unit_prime(const struct textbook *net, size_t l, size_t i, double z)
{
	const double slope = textbook_g_prime(net->activation, z);

	return net->alpha[l] ? 1 + net->alpha[l][i] * (slope - 1) : slope;
}

bool textbook_has_kink(enum cln_activation activation)
{
	return activation == CLN_RELU || activation == CLN_LEAKY_RELU || activation == CLN_ELU || activation == CLN_SELU;
}

/* ---------------------------------------------------------------- memory */

/* *total += rows * columns; false where that is more than memory can hold. */
static bool count(size_t *total, size_t rows, size_t columns)
{
	size_t product;
	return size_mul(&product, rows, columns) && size_add(total, *total, product);
}

static bool count_all(size_t *total, const size_t *n, size_t L, size_t m)
{
	for (size_t l = 1; l <= L; l++) {
		for (int twice = 0; twice < 2; twice++) /* W and b, dW and db */
			if (!count(total, n[l], n[l - 1]) || !count(total, n[l], 1))
				return false;
		for (int thrice = 0; thrice < 3; thrice++) /* A, Z, dZ */
			if (!count(total, n[l], m))
				return false;
	}
	return true;
}

static double *take(double **next, size_t n)
{
	double *taken = *next;
	*next += n;
	return taken;
}

static void lay_out(struct textbook *net)
{
	double *next = net->memory;

	for (size_t l = 1; l <= net->L; l++) {
		net->W[l] = take(&next, net->n[l] * net->n[l - 1]);
		net->dW[l] = take(&next, net->n[l] * net->n[l - 1]);
		net->b[l] = take(&next, net->n[l]);
		net->db[l] = take(&next, net->n[l]);
		net->A[l] = take(&next, net->n[l] * net->m);
		net->Z[l] = take(&next, net->n[l] * net->m);
		net->dZ[l] = take(&next, net->n[l] * net->m);
	}
}

enum cln_status textbook_create(struct textbook **net, const size_t *n, size_t L, enum cln_activation activation, size_t m,
				struct cln_error *err)
{
	size_t total = 0;

	assert(L >= 1 && L <= TEXTBOOK_MAX_LAYERS && n[L] == 1);
	*net = NULL;
	if (!count_all(&total, n, L, m))
		return error_set(err, CLN_E_MEMORY, "a network in double of this size does not fit any memory");
	struct textbook *made = mem_alloc(1, sizeof *made, err);
	if (!made)
		return CLN_E_MEMORY;
	made->memory = mem_alloc(total, sizeof *made->memory, err);
	if (!made->memory) {
		mem_free(made);
		return CLN_E_MEMORY;
	}
	made->L = L;
	made->m = m;
	made->activation = activation;
	for (size_t l = 0; l <= L; l++)
		made->n[l] = n[l];
	lay_out(made);
	*net = made;
	return CLN_OK;
}

void textbook_destroy(struct textbook *net)
{
	if (!net)
		return;
	mem_free(net->memory);
	mem_free(net->more_memory);
	mem_free(net);
}

static void lay_out_front(struct textbook *net, const struct front *front)
{
	const size_t bins = front_edges(front) - front->n_binned;
	double *next = net->more_memory;

	net->V = take(&next, bins * PIECEWISE_OUTPUTS);
	net->dV = take(&next, bins * PIECEWISE_OUTPUTS);
	net->beta = take(&next, front->n_binned * PIECEWISE_OUTPUTS);
	net->dbeta = take(&next, front->n_binned * PIECEWISE_OUTPUTS);
	net->PLE = take(&next, bins * net->m);
	net->A0 = take(&next, net->n[0] * net->m);
	net->dA0 = take(&next, net->n[0] * net->m);
	for (size_t l = 1; l < net->L && front->parametric; l++) {
		net->alpha[l] = take(&next, net->n[l]);
		net->dalpha[l] = take(&next, net->n[l]);
	}
}

enum cln_status textbook_add_front(struct textbook *net, size_t n_features, const struct front *front, struct cln_error *err)
{
	const size_t bins = front_edges(front) - front->n_binned;
	size_t total = 0;
	bool fits = true;

	assert(net->n[0] == n_features + front_outputs(front) && front->n_numbers == 0 && !front->scaling);
	for (int twice = 0; twice < 2; twice++) {
		fits = fits && count(&total, bins, PIECEWISE_OUTPUTS) && count(&total, front->n_binned, PIECEWISE_OUTPUTS) &&
		       count(&total, net->n[0], net->m);
		for (size_t l = 1; l < net->L; l++)
			fits = fits && count(&total, net->n[l], 1);
	}
	if (!fits || !count(&total, bins, net->m))
		return error_set(err, CLN_E_MEMORY, "a front in double of this size does not fit any memory");
	net->more_memory = mem_alloc(total, sizeof *net->more_memory, err);
	if (!net->more_memory)
		return CLN_E_MEMORY;
	net->front = front;
	net->n_features = n_features;
	lay_out_front(net, front);
	return CLN_OK;
}

/* ---------------------------------------------------------------- forward */

size_t textbook_lookup_row(const struct textbook *net, size_t c, size_t i)
{
	const struct textbook_lookup *lookup = net->lookup;
	const size_t n_outputs = net->front ? net->n[0] - textbook_piecewise_row(net) : 0;
	const size_t n_features = net->n[0] - n_outputs - lookup->n_categories * (lookup->n_values - 1);

	return i == 0 ? lookup->features[c] : n_features + c * (lookup->n_values - 1) + i - 1;
}

/* A[0] = [X; the values of every category's level]. */
static void look_up(const struct textbook *net, const double *X)
{
	const struct textbook_lookup *lookup = net->lookup;
	const size_t m = net->m;

	for (size_t e = 0; e < textbook_lookup_row(net, 0, 1) * m; e++)
		lookup->A0[e] = X[e];
	for (size_t c = 0; c < lookup->n_categories; c++)
		for (size_t i = 0; i < lookup->n_values; i++)
			for (size_t j = 0; j < m; j++) {
				const size_t row = lookup->first_rows[c] + lookup->levels[c * m + j];
				lookup->A0[textbook_lookup_row(net, c, i) * m + j] = lookup->T[row * lookup->n_values + i];
			}
}

/* PLE_b(x): how much of bin b, from left to right, lies below x. */
static double share_below(double x, double left, double right)
{
	return fmin(1, fmax(0, (x - left) / (right - left)));
}

/* A[0] = [X; V PLE(X) + beta]. */
static void embed(struct textbook *net, const double *X)
{
	const struct front *front = net->front;
	const size_t m = net->m;

	for (size_t e = 0; e < net->n_features * m; e++)
		net->A0[e] = X[e];
	for (size_t number = 0, bin = 0; number < front->n_binned; number++) {
		const double *x = X + front->binned[number] * m, *beta = net->beta + number * PIECEWISE_OUTPUTS;
		double *A = net->A0 + (textbook_piecewise_row(net) + number * PIECEWISE_OUTPUTS) * m;
		for (size_t i = 0; i < PIECEWISE_OUTPUTS; i++)
			for (size_t j = 0; j < m; j++)
				A[i * m + j] = beta[i];
		for (size_t e = front->first_edge[number]; e + 1 < front->first_edge[number + 1]; e++, bin++)
			for (size_t j = 0; j < m; j++) {
				const double left = (double)front->edges[e], right = (double)front->edges[e + 1];
				const double ple = net->PLE[bin * m + j] = share_below(x[j], left, right);
				for (size_t i = 0; i < PIECEWISE_OUTPUTS; i++)
					A[i * m + j] += net->V[bin * PIECEWISE_OUTPUTS + i] * ple;
			}
	}
}

/* What layer 1 sees, once it is filled. */
static const double *inputs(const struct textbook *net, const double *X)
{
	return net->front ? net->A0 : net->lookup ? net->lookup->A0 : X;
}

static void fill_inputs(struct textbook *net, const double *X)
{
	if (net->front)
		embed(net, X);
	if (net->lookup)
		look_up(net, X);
}

/* Z[l] = W[l] A[l-1] + b[l]. */
static void affine(struct textbook *net, size_t l, const double *A)
{
	const size_t n_in = net->n[l - 1], m = net->m;

	for (size_t i = 0; i < net->n[l]; i++)
		for (size_t j = 0; j < m; j++) {
			double z = net->b[l][i];
			for (size_t k = 0; k < n_in; k++)
				z += net->W[l][i * n_in + k] * A[k * m + j];
			net->Z[l][i * m + j] = z;
		}
}

/* A[l] = g(Z[l]) o mask[l]; A[L] = sigmoid(Z[L]). */
static void activate(struct textbook *net, size_t l)
{
	const enum cln_activation g = l < net->L ? net->activation : CLN_SIGMOID;
	const double *mask = net->mask[l];

	for (size_t e = 0; e < net->n[l] * net->m; e++) {
		const double A = l < net->L ? textbook_unit(net, l, e / net->m, net->Z[l][e]) : textbook_g(g, net->Z[l][e]);
		net->A[l][e] = A * (mask ? mask[e] : 1);
	}
}

/* 1/m sum_j w_j [softplus(z_j) - y_j z_j]: cross-entropy from the logit. */
static double cross_entropy(const struct textbook *net, const double *y, const double *w)
{
	const double *z = net->Z[net->L];
	double sum = 0;

	for (size_t j = 0; j < net->m; j++)
		sum += (w ? w[j] : 1) * (dmath_softplus(z[j]) - y[j] * z[j]);
	return sum / (double)net->m;
}

static double sign(double x)
{
	return (x > 0) - (x < 0);
}

static double penalty(const struct textbook *net, double l1, double l2)
{
	double sum = 0;

	for (size_t l = 1; l <= net->L; l++)
		for (size_t e = 0; e < net->n[l] * net->n[l - 1]; e++) {
			double W = net->W[l][e];
			sum += l1 * W * sign(W) + 0.5 * l2 * W * W;
		}
	return sum;
}

double textbook_forward(struct textbook *net, const double *X, const double *y, const double *w, double l1, double l2)
{
	const double *A0 = inputs(net, X);

	fill_inputs(net, X);
	for (size_t l = 1; l <= net->L; l++) {
		affine(net, l, l == 1 ? A0 : net->A[l - 1]);
		activate(net, l);
	}
	return cross_entropy(net, y, w) + penalty(net, l1, l2);
}

/* ---------------------------------------------------------------- backward */

/* dZ[L] = w o (A[L] - Y), without the 1/m, which enters in dW and db. */
static void output_error(struct textbook *net, const double *y, const double *w)
{
	const size_t L = net->L;

	for (size_t j = 0; j < net->m; j++)
		net->dZ[L][j] = (w ? w[j] : 1) * (net->A[L][j] - y[j]);
}

/* dW[l] = dZ[l] A[l-1]^T / m + l1 sign(W) + l2 W,  db[l] = row sums of dZ[l] / m. */
static void gradient(struct textbook *net, size_t l, const double *A, double l1, double l2)
{
	const size_t n_in = net->n[l - 1], m = net->m;

	for (size_t i = 0; i < net->n[l]; i++) {
		const double *dZ = net->dZ[l] + i * m;
		for (size_t k = 0; k < n_in; k++) {
			double sum = 0, W = net->W[l][i * n_in + k];
			for (size_t j = 0; j < m; j++)
				sum += dZ[j] * A[k * m + j];
			net->dW[l][i * n_in + k] = sum / (double)m + l1 * sign(W) + l2 * W;
		}
		double sum = 0;
		for (size_t j = 0; j < m; j++)
			sum += dZ[j];
		net->db[l][i] = sum / (double)m;
	}
}

/* dalpha[l]: sum over j of dA o mask o (g(Z) - Z), / m. */
static void add_dalpha(struct textbook *net, size_t l, size_t i, double dA, double z)
{
	net->dalpha[l][i] += dA * (textbook_g(net->activation, z) - z) / (double)net->m;
}

/* dZ[l-1] = W[l]^T dZ[l] o mask[l-1] o g'(Z[l-1]). */
static void layer_below(struct textbook *net, size_t l)
{
	const size_t n_in = net->n[l - 1], m = net->m;
	const double *mask = net->mask[l - 1];

	for (size_t k = 0; k < n_in; k++) {
		if (net->alpha[l - 1])
			net->dalpha[l - 1][k] = 0;
		for (size_t j = 0; j < m; j++) {
			double dA = 0, z = net->Z[l - 1][k * m + j];
			for (size_t i = 0; i < net->n[l]; i++)
				dA += net->W[l][i * n_in + k] * net->dZ[l][i * m + j];
			double kept = mask ? mask[k * m + j] : 1;
			net->dZ[l - 1][k * m + j] = dA * kept * textbook_unit_prime(net, l - 1, k, z);
			if (net->alpha[l - 1])
				add_dalpha(net, l - 1, k, dA * kept, z);
		}
	}
}

/* dA[0] = W[1]^T dZ[1]; dV[b] = sum over j of dE PLE_b / m, dbeta = sum over j of dE / m, dE being V's rows of dA[0]. */
static void front_gradient(struct textbook *net)
{
	const struct front *front = net->front;
	const size_t m = net->m, n_in = net->n[0];

	for (size_t k = 0; k < n_in; k++)
		for (size_t j = 0; j < m; j++) {
			net->dA0[k * m + j] = 0;
			for (size_t i = 0; i < net->n[1]; i++)
				net->dA0[k * m + j] += net->W[1][i * n_in + k] * net->dZ[1][i * m + j];
		}
	for (size_t number = 0, bin = 0; number < front->n_binned; number++) {
		const double *dE = net->dA0 + (textbook_piecewise_row(net) + number * PIECEWISE_OUTPUTS) * m;
		for (size_t i = 0; i < PIECEWISE_OUTPUTS; i++) {
			double sum = 0;
			for (size_t j = 0; j < m; j++)
				sum += dE[i * m + j];
			net->dbeta[number * PIECEWISE_OUTPUTS + i] = sum / (double)m;
		}
		for (size_t e = front->first_edge[number]; e + 1 < front->first_edge[number + 1]; e++, bin++)
			for (size_t i = 0; i < PIECEWISE_OUTPUTS; i++) {
				double sum = 0;
				for (size_t j = 0; j < m; j++)
					sum += dE[i * m + j] * net->PLE[bin * m + j];
				net->dV[bin * PIECEWISE_OUTPUTS + i] = sum / (double)m;
			}
	}
}

/* dT[row] = sum over the columns with that row of dA[0] / m, dA[0] = W[1]^T dZ[1]. */
static void tables(struct textbook *net)
{
	struct textbook_lookup *lookup = net->lookup;
	const size_t m = net->m;

	for (size_t e = 0; e < lookup->n_rows * lookup->n_values; e++)
		lookup->dT[e] = 0;
	for (size_t c = 0; c < lookup->n_categories; c++)
		for (size_t i = 0; i < lookup->n_values; i++)
			for (size_t j = 0; j < m; j++) {
				const size_t input = textbook_lookup_row(net, c, i);
				const size_t row = lookup->first_rows[c] + lookup->levels[c * m + j];
				double dA = 0;
				for (size_t unit = 0; unit < net->n[1]; unit++)
					dA += net->W[1][unit * net->n[0] + input] * net->dZ[1][unit * m + j];
				lookup->dT[row * lookup->n_values + i] += dA / (double)m;
			}
}

void textbook_backward(struct textbook *net, const double *X, const double *y, const double *w, double l1, double l2)
{
	output_error(net, y, w);
	for (size_t l = net->L; l >= 1; l--) {
		gradient(net, l, l > 1 ? net->A[l - 1] : inputs(net, X), l1, l2);
		if (l > 1)
			layer_below(net, l);
	}
	if (net->lookup)
		tables(net);
	if (net->front)
		front_gradient(net);
}

void textbook_descend(struct textbook *net, double rate)
{
	for (size_t l = 1; l <= net->L; l++) {
		for (size_t e = 0; e < net->n[l] * net->n[l - 1]; e++)
			net->W[l][e] -= rate * net->dW[l][e];
		for (size_t i = 0; i < net->n[l]; i++)
			net->b[l][i] -= rate * net->db[l][i];
	}
}

/* ---------------------------------------------------------------- central differences */

/* Which hidden pre-activations are positive, as a hash (FNV-1a over one bit each): equal patterns have equal hashes. */
static uint64_t sign_pattern(const struct textbook *net)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t l = 1; l < net->L; l++)
		for (size_t e = 0; e < net->n[l] * net->m; e++)
			hash = (hash ^ (net->Z[l][e] > 0)) * 1099511628211u;
	return hash;
}

double textbook_margin(const struct textbook *net, size_t j)
{
	double margin = HUGE_VAL;

	for (size_t l = 1; l < net->L; l++)
		for (size_t i = 0; i < net->n[l]; i++)
			margin = fmin(margin, fabs(net->Z[l][i * net->m + j]));
	return margin;
}

/* The difference with step h; *crossed says whether one of the four costs lies beyond a kink seen from the others. */
static double difference(struct textbook *net, const struct textbook_cost *cost, double *parameter, double h, bool *crossed)
{
	static const double step[4] = {1, -1, 2, -2}, factor[4] = {8, -8, -1, 1};
	const double centre = *parameter;
	uint64_t pattern[4];
	double sum = 0;

	for (int i = 0; i < 4; i++) {
		*parameter = centre + step[i] * h;
		sum += factor[i] * textbook_forward(net, cost->X, cost->y, cost->w, cost->l1, cost->l2);
		pattern[i] = textbook_has_kink(net->activation) ? sign_pattern(net) : 0;
	}
	*parameter = centre;
	*crossed = pattern[1] != pattern[0] || pattern[2] != pattern[0] || pattern[3] != pattern[0];
	if (cost->l1 > 0 && fabs(centre) < 2 * h)
		*crossed = true;
	return sum / (12 * h);
}

double textbook_difference(double *h, struct textbook *net, const struct textbook_cost *cost, double *parameter)
{
	double slope;
	bool crossed;

	while (slope = difference(net, cost, parameter, *h, &crossed), crossed && *h > TEXTBOOK_LEAST_STEP)
		*h *= 0.5;
	if (crossed)
		*h = 0;
	return slope;
}
