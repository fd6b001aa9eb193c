/* SPDX-License-Identifier: MIT
 * The oracle against central differences, numbers worked by hand, another library, the matrix rules of the derivation, and the
 * numbers printed in doc/derivation.md. */
#include "testing.h"

#include <ctype.h>
#include <float.h>
#include <stdio.h>

#include "base/dmath.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/rng.h"
#include "nn/textbook.h"

enum { MAX_LAYERS = 5, M = 7, MAX_UNITS = 6, MAX_CELLS = MAX_UNITS * M };

/* Inputs, labels, weights and masks of M columns for a network. */
struct problem {
	double X[MAX_CELLS], y[M], w[M], mask[MAX_LAYERS][MAX_CELLS];
	struct textbook_cost cost;
};

static struct textbook *make(const size_t *n, size_t L, enum cln_activation activation, size_t m)
{
	struct textbook *net;

	assert_ok(textbook_create(&net, n, L, activation, m, &err));
	return net;
}

/* Weights of scale 1/sqrt(n_in), none within 0.01 of 0 (the kink of l1), and biases of scale 1/2. */
static void draw_parameters(struct textbook *net, struct rng *rng)
{
	for (size_t l = 1; l <= net->L; l++) {
		const double scale = 1 / sqrt((double)net->n[l - 1]);
		for (size_t e = 0; e < net->n[l] * net->n[l - 1]; e++) {
			double W = scale * rng_normal(rng);
			net->W[l][e] = W + (W < 0 ? -0.01 : 0.01);
		}
		for (size_t i = 0; i < net->n[l]; i++)
			net->b[l][i] = 0.5 * rng_normal(rng);
	}
}

static void draw_column(double *X, size_t n, size_t j, struct rng *rng)
{
	for (size_t k = 0; k < n; k++)
		X[k * M + j] = 4 * rng_uniform(rng) - 2;
}

/* Columns of X are drawn anew until no pre-activation lies within 1/128 of the kink at 0. */
static void draw_problem(struct problem *problem, struct textbook *net, bool masked, struct rng *rng)
{
	for (size_t l = 1; l < net->L; l++) {
		for (size_t e = 0; e < net->n[l] * M; e++)
			problem->mask[l][e] = rng_uniform(rng) < 0.75 ? 1 / 0.75 : 0;
		net->mask[l] = masked ? problem->mask[l] : NULL;
	}
	for (size_t j = 0; j < M; j++) {
		problem->y[j] = j % 2 ? 1 : 0;
		problem->w[j] = 0.25 + 1.5 * rng_uniform(rng);
		draw_column(problem->X, net->n[0], j, rng);
	}
	problem->cost = (struct textbook_cost){.X = problem->X, .y = problem->y};
	for (size_t j = 0; j < M; j++)
		while (textbook_forward(net, problem->X, problem->y, NULL, 0, 0), textbook_margin(net, j) < 0x1p-7)
			draw_column(problem->X, net->n[0], j, rng);
}

static void forward_backward(struct textbook *net, const struct textbook_cost *cost)
{
	textbook_forward(net, cost->X, cost->y, cost->w, cost->l1, cost->l2);
	textbook_backward(net, cost->X, cost->y, cost->w, cost->l1, cost->l2);
}

/* ---------------------------------------------------------------- activations */

/* g and g' where they can be written down: at 0, and at ln 2, where e^z = 2, sigmoid = 2/3, tanh = 3/5, softplus = ln 3 and
 * tanh(ln 3) = 4/5; at -ln 2, where e^z = 1/2, sigmoid = 1/3, tanh = -3/5, softplus = ln 3/2 and tanh(ln 3/2) = 5/13. */
#define LN2 0.69314718055994530942
#define LAMBDA 1.0507009873554804934193349852946
#define ALPHA 1.6732632423543772848170429916717
#define PHI_LN2 0.7558914042144173     /* Phi(ln 2), for gelu; Python's statistics.NormalDist().cdf(log(2)) */
#define DENSITY_LN2 0.3137480385579622 /* exp(-ln(2)^2/2) / sqrt(2 pi) */

static const struct {
	enum cln_activation activation;
	double z, g, g_prime;
} known[] = {
	{CLN_SIGMOID, 0, 0.5, 0.25}, {CLN_SIGMOID, LN2, 2. / 3, 2. / 9}, {CLN_SIGMOID, -LN2, 1. / 3, 2. / 9},
	{CLN_TANH, 0, 0, 1}, {CLN_TANH, LN2, 0.6, 0.64}, {CLN_TANH, -LN2, -0.6, 0.64},
	{CLN_RELU, -1, 0, 0}, {CLN_RELU, 0, 0, 0}, {CLN_RELU, 3, 3, 1},
	{CLN_LEAKY_RELU, -1, -0.01, 0.01}, {CLN_LEAKY_RELU, 3, 3, 1},
	{CLN_ELU, -LN2, -0.5, 0.5}, {CLN_ELU, 0, 0, 1}, {CLN_ELU, 3, 3, 1},
	{CLN_SELU, -LN2, -0.5 * LAMBDA * ALPHA, 0.5 * LAMBDA * ALPHA}, {CLN_SELU, 2, 2 * LAMBDA, LAMBDA},
	{CLN_GELU, 0, 0, 0.5}, {CLN_GELU, LN2, LN2 * PHI_LN2, PHI_LN2 + LN2 * DENSITY_LN2},
	{CLN_GELU, -LN2, -LN2 * (1 - PHI_LN2), 1 - PHI_LN2 - LN2 * DENSITY_LN2},
	{CLN_SILU, 0, 0, 0.5}, {CLN_SILU, LN2, LN2 * 2 / 3, 2. / 3 + LN2 * 2 / 9}, {CLN_SILU, -LN2, -LN2 / 3, 1. / 3 - LN2 * 2 / 9},
	{CLN_MISH, 0, 0, 0.6}, {CLN_MISH, LN2, 0.8 * LN2, 0.8 + LN2 * (1 - 0.64) * 2 / 3},
	{CLN_MISH, -LN2, -LN2 * 5 / 13, 5. / 13 - LN2 * (1 - 25. / 169) / 3},
};

/* Each formula is a handful of operations on functions good to 2 ulp, of values below 2: 16 DBL_EPSILON is ample. */
START_TEST(activations_and_derivatives_have_known_values)
{
	double g = textbook_g(known[_i].activation, known[_i].z), g_prime = textbook_g_prime(known[_i].activation, known[_i].z);

	ck_assert_double_eq_tol(g, known[_i].g, 16 * DBL_EPSILON * fmax(1, fabs(known[_i].g)));
	ck_assert_double_eq_tol(g_prime, known[_i].g_prime, 16 * DBL_EPSILON);
}
END_TEST

/* The five-point difference of g with h = 2^-10: truncation h^4/30 |g^(5)|, at most 1e-12 as |g^(5)| < 30 for all of them, and
 * rounding 3/2 u |g| / h with u = 4 DBL_EPSILON and |g| < 10: 1.4e-11. */
START_TEST(every_derivative_is_the_slope_of_its_activation)
{
	const enum cln_activation a = (enum cln_activation)_i;
	const double h = 0x1p-10;

	for (int i = -90; i <= 90; i++) {
		double z = 0.1 * i + 0.05; /* no kink within 2h */
		double slope =
		    (8 * (textbook_g(a, z + h) - textbook_g(a, z - h)) - (textbook_g(a, z + 2 * h) - textbook_g(a, z - 2 * h))) /
		    (12 * h);
		ck_assert_double_eq_tol(slope, textbook_g_prime(a, z), 1.6e-11);
	}
}
END_TEST

/* ---------------------------------------------------------------- gradients */

/* The signed error of one layer's entries against differences, relative to the layer's largest entry. */
static double worst_error(struct textbook *net, const struct textbook_cost *cost, double *parameter, const double *gradient,
			  size_t n)
{
	double worst = 0, largest = 0;

	for (size_t e = 0; e < n; e++) {
		double h = TEXTBOOK_STEP, error = textbook_difference(&h, net, cost, &parameter[e]) - gradient[e];
		ck_assert_double_gt(h, 0);
		worst = fabs(error) > fabs(worst) ? error : worst;
		largest = fmax(largest, fabs(gradient[e]));
	}
	ck_assert_double_gt(largest, 0);
	return worst / largest;
}

static const size_t shapes[][MAX_LAYERS] = {{4, 1}, {3, 5, 1}, {3, 5, 4, 1}, {4, 6, 5, 4, 1}};

/* Truncation h^4/30 |C^(5)| = 3e-14 |C^(5)|, rounding 3/2 u |C| / h < 1e-11 for costs below 5: far below 1e-7 of entries
 * above 1e-3. */
static void check_gradient(enum cln_activation activation, size_t L, bool extras)
{
	struct rng rng;
	struct problem problem;
	struct textbook *net = make(shapes[L - 1], L, activation, M);

	rng_start(&rng, 7, RNG_TEST, (uint32_t)activation, (uint32_t)L);
	draw_parameters(net, &rng);
	draw_problem(&problem, net, extras, &rng);
	if (extras)
		problem.cost = (struct textbook_cost){problem.X, problem.y, problem.w, 0.01, 0.02};
	forward_backward(net, &problem.cost);
	for (size_t l = 1; l <= L; l++) {
		double dW = worst_error(net, &problem.cost, net->W[l], net->dW[l], net->n[l] * net->n[l - 1]);
		double db = worst_error(net, &problem.cost, net->b[l], net->db[l], net->n[l]);
		ck_assert_msg(fabs(dW) <= 1e-7, "%s, %zu layers, dW[%zu]: %+g", name_of(&names_activation, (int)activation), L, l,
			      dW);
		ck_assert_msg(fabs(db) <= 1e-7, "%s, %zu layers, db[%zu]: %+g", name_of(&names_activation, (int)activation), L, l,
			      db);
	}
	textbook_destroy(net);
}

START_TEST(gradients_agree_with_central_differences_at_every_depth)
{
	check_gradient((enum cln_activation)(_i / 4), (size_t)_i % 4 + 1, false);
}
END_TEST

START_TEST(gradients_agree_with_weights_penalties_and_dropout)
{
	check_gradient((enum cln_activation)(_i / 4), (size_t)_i % 4 + 1, true);
}
END_TEST

/* relu at z = 0.0001: 2 * 2^-14 = 0.00012 still crosses, 2 * 2^-15 does not; at z = 0.00001 the least step crosses, too. */
START_TEST(a_difference_shrinks_its_step_before_a_kink_and_says_when_it_cannot)
{
	struct textbook *net = make((size_t[]){1, 1, 1}, 2, CLN_RELU, 1);
	const struct textbook_cost cost = {.X = (double[]){1}, .y = (double[]){1}};
	double h = TEXTBOOK_STEP;

	net->b[1][0] = 1e-4;
	net->W[2][0] = 1;
	ck_assert_double_eq_tol(textbook_difference(&h, net, &cost, &net->b[1][0]), -0.5, 1e-4);
	ck_assert_double_eq(h, 0x1p-15);
	ck_assert_double_eq(net->b[1][0], 1e-4);
	net->b[1][0] = 1e-5;
	h = TEXTBOOK_STEP;
	textbook_difference(&h, net, &cost, &net->b[1][0]);
	ck_assert_double_eq(h, 0);
	textbook_destroy(net);
}
END_TEST

/* 1-1-1 with relu, every number exact.  Column 1: x = 2, z1 = 0.5*2 + 1 = 2, a1 = 2, z2 = -1.5*2 + 3 = 0, a2 = 1/2, y = 1.
 * Column 2: x = -4, z1 = -1, a1 = 0, z2 = 3, y = 0, weight 0, so that it must not count but in m = 2. */
START_TEST(a_network_worked_by_hand)
{
	struct textbook *net = make((size_t[]){1, 1, 1}, 2, CLN_RELU, 2);
	const double X[] = {2, -4}, y[] = {1, 0}, w[] = {1, 0};

	net->W[1][0] = 0.5;
	net->b[1][0] = 1;
	net->W[2][0] = -1.5;
	net->b[2][0] = 3;
	ck_assert_double_eq_tol(textbook_forward(net, X, y, w, 0, 0), LN2 / 2, DBL_EPSILON);
	textbook_backward(net, X, y, w, 0, 0);
	ck_assert_double_eq(net->dZ[2][0], -0.5);
	ck_assert_double_eq(net->dW[2][0], -0.5 * 2 / 2);
	ck_assert_double_eq(net->db[2][0], -0.5 / 2);
	ck_assert_double_eq(net->dZ[1][0], 0.75);
	ck_assert_double_eq(net->dW[1][0], 0.75 * 2 / 2);
	ck_assert_double_eq(net->db[1][0], 0.75 / 2);
	ck_assert_double_eq(textbook_margin(net, 0), 2);
	textbook_descend(net, 2);
	ck_assert_double_eq(net->W[1][0], 0.5 - 2 * 0.75);
	ck_assert_double_eq(net->b[2][0], 3 + 2 * 0.25);
	textbook_destroy(net);
}
END_TEST

/* l1 |w| + l2/2 w^2 on weights -1.5, 0 and 2, biases left out. */
START_TEST(penalties_count_weights_and_not_biases)
{
	struct textbook *net = make((size_t[]){3, 1}, 1, CLN_RELU, 1);
	const double X[] = {0, 0, 0}, y[] = {0.5};

	net->W[1][0] = -1.5;
	net->W[1][2] = 2;
	net->b[1][0] = 100;
	double plain = textbook_forward(net, X, y, NULL, 0, 0), penalised = textbook_forward(net, X, y, NULL, 0.125, 0.25);
	ck_assert_double_eq_tol(penalised - plain, 0.125 * 3.5 + 0.125 * (2.25 + 4), 128 * DBL_EPSILON);
	textbook_backward(net, X, y, NULL, 0.125, 0.25);
	ck_assert_double_eq(net->dW[1][0], -0.125 - 0.25 * 1.5);
	ck_assert_double_eq(net->dW[1][1], 0);
	ck_assert_double_eq(net->dW[1][2], 0.125 + 0.25 * 2);
	textbook_destroy(net);
}
END_TEST

/* ---------------------------------------------------------------- another library */

static FILE *open_source(const char *name)
{
	char path[4096];
	const char *top = getenv("top_srcdir");

	snprintf(path, sizeof path, "%s/%s", top ? top : ".", name);
	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "cannot open %s", path);
	return file;
}

/* The line "NAME n numbers". */
static void read_numbers(FILE *file, const char *name, double *numbers, size_t n)
{
	char word[32];

	ck_assert_int_eq(fscanf(file, "%31s", word), 1);
	ck_assert_str_eq(word, name);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(fscanf(file, "%lf", &numbers[i]), 1);
}

/* Sums of at most 10 terms of size about 1 in two orders, four layers deep: 1e-13 is 450 DBL_EPSILON of the largest. */
static void compare_numbers(FILE *file, const char *name, const double *ours, size_t n)
{
	double theirs[MAX_CELLS];

	ck_assert_uint_le(n, MAX_CELLS);
	read_numbers(file, name, theirs, n);
	for (size_t i = 0; i < n; i++)
		ck_assert_double_eq_tol(ours[i], theirs[i], 1e-13 * fmax(1, fabs(theirs[i])));
}

static void compare_case(FILE *file, const char *word, size_t L, size_t m)
{
	size_t n[MAX_LAYERS];
	double X[MAX_CELLS], y[M], w[M], l1_l2[2], mask[MAX_LAYERS][MAX_CELLS];
	const int activation = name_find(&names_activation, word);

	ck_assert_int_ge(activation, 0);
	ck_assert(L < MAX_LAYERS && m <= M);
	for (size_t l = 0; l <= L; l++)
		ck_assert(fscanf(file, "%zu", &n[l]) == 1 && n[l] <= MAX_UNITS);
	struct textbook *net = make(n, L, (enum cln_activation)activation, m);
	read_numbers(file, "X", X, n[0] * m);
	read_numbers(file, "y", y, m);
	read_numbers(file, "w", w, m);
	read_numbers(file, "l1_l2", l1_l2, 2);
	for (size_t l = 1; l < L; l++) {
		read_numbers(file, "mask", mask[l], n[l] * m);
		net->mask[l] = mask[l];
	}
	for (size_t l = 1; l <= L; l++) {
		read_numbers(file, "W", net->W[l], n[l] * n[l - 1]);
		read_numbers(file, "b", net->b[l], n[l]);
	}
	double C = textbook_forward(net, X, y, w, l1_l2[0], l1_l2[1]);
	textbook_backward(net, X, y, w, l1_l2[0], l1_l2[1]);
	compare_numbers(file, "cost", &C, 1);
	for (size_t l = 1; l <= L; l++) {
		compare_numbers(file, "dW", net->dW[l], n[l] * n[l - 1]);
		compare_numbers(file, "db", net->db[l], n[l]);
	}
	textbook_destroy(net);
}

START_TEST(costs_and_gradients_are_those_of_pytorch)
{
	FILE *file = open_source("tests/data/textbook_torch.txt");
	char word[32];
	size_t L, m, cases = 0;

	for (; fscanf(file, " case %31s %zu %zu", word, &L, &m) == 3; cases++)
		compare_case(file, word, L, m);
	ck_assert(feof(file));
	ck_assert_uint_eq(cases, 4 * CLN_N_ACTIVATIONS);
	fclose(file);
}
END_TEST

/* ---------------------------------------------------------------- the derivation's rules */

/* Random matrices of 3 x 4 and 4 x 3, and the rules that section "traces" of the derivation proves.  Sums of 12 products of numbers
 * below 1, in two orders: each within 12 DBL_EPSILON * 12. */
enum { P = 3, Q = 4 };
static const double RULE = 144 * DBL_EPSILON;

static void draw(double *numbers, size_t n, uint32_t which)
{
	struct rng rng;

	rng_start(&rng, 11, RNG_TEST, 100, which);
	for (size_t i = 0; i < n; i++)
		numbers[i] = 2 * rng_uniform(&rng) - 1;
}

/* C (rows x columns) = A (rows x inner) B (inner x columns). */
static void multiply(double *C, const double *A, const double *B, size_t rows, size_t inner, size_t columns)
{
	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; j < columns; j++) {
			C[i * columns + j] = 0;
			for (size_t k = 0; k < inner; k++)
				C[i * columns + j] += A[i * inner + k] * B[k * columns + j];
		}
}

static void transpose(double *T, const double *A, size_t rows, size_t columns)
{
	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; j < columns; j++)
			T[j * rows + i] = A[i * columns + j];
}

static void hadamard(double *C, const double *A, const double *B, size_t n)
{
	for (size_t e = 0; e < n; e++)
		C[e] = A[e] * B[e];
}

static double trace_of_product(const double *A, const double *B, size_t rows, size_t inner)
{
	double C[Q * Q], trace = 0;

	multiply(C, A, B, rows, inner, rows);
	for (size_t i = 0; i < rows; i++)
		trace += C[i * rows + i];
	return trace;
}

/* tr(A^T B) for A and B of P x Q. */
static double inner_product(const double *A, const double *B)
{
	double T[P * Q];

	transpose(T, A, P, Q);
	return trace_of_product(T, B, Q, P);
}

START_TEST(trace_of_a_transposed_product_is_the_sum_of_entry_products)
{
	double A[P * Q], B[P * Q], sum = 0;

	draw(A, P * Q, 1);
	draw(B, P * Q, 2);
	for (size_t e = 0; e < P * Q; e++)
		sum += A[e] * B[e];
	ck_assert_double_eq_tol(inner_product(A, B), sum, RULE);
}
END_TEST

START_TEST(trace_does_not_change_when_factors_rotate)
{
	double A[P * Q], B[Q * P];

	draw(A, P * Q, 3);
	draw(B, Q * P, 4);
	ck_assert_double_eq_tol(trace_of_product(A, B, P, Q), trace_of_product(B, A, Q, P), RULE);
}
END_TEST

START_TEST(trace_does_not_change_under_transposition)
{
	double A[P * Q], B[Q * P], A_T[Q * P], B_T[P * Q];

	draw(A, P * Q, 5);
	draw(B, Q * P, 6);
	transpose(A_T, A, P, Q);
	transpose(B_T, B, Q, P);
	ck_assert_double_eq_tol(trace_of_product(A, B, P, Q), trace_of_product(B_T, A_T, P, Q), RULE);
}
END_TEST

START_TEST(an_entrywise_factor_moves_across_the_trace)
{
	double A[P * Q], B[P * Q], C[P * Q], BC[P * Q], AB[P * Q];

	draw(A, P * Q, 7);
	draw(B, P * Q, 8);
	draw(C, P * Q, 9);
	hadamard(BC, B, C, P * Q);
	hadamard(AB, A, B, P * Q);
	ck_assert_double_eq_tol(inner_product(A, BC), inner_product(AB, C), RULE);
}
END_TEST

/* tr(G^T (dW A)) = tr((G A^T)^T dW) and tr(G^T (W dA)) = tr((W^T G)^T dA): the steps that give dW and dA. */
START_TEST(factors_left_and_right_of_a_differential_move_into_the_gradient)
{
	double G[P * Q], W[P * P], dW[P * P], A[P * Q], dA[P * Q], product[P * Q], A_T[Q * P], W_T[P * P], gradient[P * Q],
	    trace = 0;

	draw(G, P * Q, 10);
	draw(W, P * P, 11);
	draw(dW, P * P, 12);
	draw(A, P * Q, 13);
	draw(dA, P * Q, 14);
	multiply(product, dW, A, P, P, Q);
	transpose(A_T, A, P, Q);
	multiply(gradient, G, A_T, P, Q, P);
	for (size_t e = 0; e < P * P; e++)
		trace += gradient[e] * dW[e];
	ck_assert_double_eq_tol(inner_product(G, product), trace, 3 * RULE);

	multiply(product, W, dA, P, P, Q);
	transpose(W_T, W, P, P);
	multiply(gradient, W_T, G, P, P, Q);
	ck_assert_double_eq_tol(inner_product(G, product), inner_product(gradient, dA), 3 * RULE);
}
END_TEST

/* dC = sum over layers of tr(dW^T D_W) + db^T D_b along a random direction D of all parameters at once, against the five-point
 * difference of C along it: truncation and rounding as in check_gradient, with directions of size 1. */
static double cost_along(struct textbook *net, const struct textbook_cost *cost, double t)
{
	double D[MAX_CELLS];

	for (size_t l = 1; l <= net->L; l++) {
		draw(D, net->n[l] * net->n[l - 1], 20 + (uint32_t)l);
		for (size_t e = 0; e < net->n[l] * net->n[l - 1]; e++)
			net->W[l][e] += t * D[e];
		draw(D, net->n[l], 30 + (uint32_t)l);
		for (size_t i = 0; i < net->n[l]; i++)
			net->b[l][i] += t * D[i];
	}
	return textbook_forward(net, cost->X, cost->y, cost->w, cost->l1, cost->l2);
}

static double differential(const struct textbook *net)
{
	double D[MAX_CELLS], dC = 0;

	for (size_t l = 1; l <= net->L; l++) {
		draw(D, net->n[l] * net->n[l - 1], 20 + (uint32_t)l);
		for (size_t e = 0; e < net->n[l] * net->n[l - 1]; e++)
			dC += net->dW[l][e] * D[e];
		draw(D, net->n[l], 30 + (uint32_t)l);
		for (size_t i = 0; i < net->n[l]; i++)
			dC += net->db[l][i] * D[i];
	}
	return dC;
}

START_TEST(total_differential_is_the_trace_of_gradient_and_direction)
{
	const double h = 0x1p-10;
	struct rng rng;
	struct problem problem;
	struct textbook *net = make(shapes[3], 4, CLN_TANH, M);

	rng_start(&rng, 7, RNG_TEST, 50, 0);
	draw_parameters(net, &rng);
	draw_problem(&problem, net, false, &rng);
	forward_backward(net, &problem.cost);
	double dC = differential(net), at_2 = cost_along(net, &problem.cost, 2 * h), at_1 = cost_along(net, &problem.cost, -h);
	double at_minus_1 = cost_along(net, &problem.cost, -2 * h), at_minus_2 = cost_along(net, &problem.cost, -h);
	double slope = (8 * (at_1 - at_minus_1) - (at_2 - at_minus_2)) / (12 * h);
	ck_assert_double_gt(fabs(dC), 1e-3);
	ck_assert_double_eq_tol(slope, dC, 1e-7 * fabs(dC));
	textbook_destroy(net);
}
END_TEST

/* ---------------------------------------------------------------- columns */

static void copy_parameters(struct textbook *to, const struct textbook *from)
{
	for (size_t l = 1; l <= to->L; l++) {
		memcpy(to->W[l], from->W[l], to->n[l] * to->n[l - 1] * sizeof(double));
		memcpy(to->b[l], from->b[l], to->n[l] * sizeof(double));
	}
}

/* Columns begin .. end-1 of X, y as a problem of their own. */
static void take_columns(struct problem *part, const struct problem *whole, size_t n_in, size_t begin, size_t end)
{
	for (size_t j = begin; j < end; j++) {
		for (size_t k = 0; k < n_in; k++)
			part->X[k * (end - begin) + j - begin] = whole->X[k * M + j];
		part->y[j - begin] = whole->y[j];
	}
	part->cost = (struct textbook_cost){.X = part->X, .y = part->y};
}

/* m dW = sum over blocks of m_b dW_b: the same products in another order of addition, sums of 7 terms below 4. */
START_TEST(gradients_of_blocks_of_columns_add_up_to_that_of_all)
{
	const size_t *n = shapes[2], border = 4;
	struct rng rng;
	struct problem problem, part;
	struct textbook *net = make(n, 3, CLN_MISH, M), *first = make(n, 3, CLN_MISH, border),
			*second = make(n, 3, CLN_MISH, M - border);

	rng_start(&rng, 7, RNG_TEST, 51, 0);
	draw_parameters(net, &rng);
	draw_problem(&problem, net, false, &rng);
	copy_parameters(first, net);
	copy_parameters(second, net);
	forward_backward(net, &problem.cost);
	take_columns(&part, &problem, n[0], 0, border);
	forward_backward(first, &part.cost);
	take_columns(&part, &problem, n[0], border, M);
	forward_backward(second, &part.cost);
	for (size_t l = 1; l <= 3; l++) {
		for (size_t e = 0; e < n[l] * n[l - 1]; e++)
			ck_assert_double_eq_tol(M * net->dW[l][e], 4 * first->dW[l][e] + 3 * second->dW[l][e],
						7 * 28 * DBL_EPSILON);
		for (size_t i = 0; i < n[l]; i++)
			ck_assert_double_eq_tol(M * net->db[l][i], 4 * first->db[l][i] + 3 * second->db[l][i],
						7 * 28 * DBL_EPSILON);
	}
	textbook_destroy(net);
	textbook_destroy(first);
	textbook_destroy(second);
}
END_TEST

/* The last column twice, against weights 1 .. 1, 2 on M - 1 columns; sums over columns, so the two m drop out. */
START_TEST(a_column_of_weight_two_counts_as_two_columns)
{
	const size_t *n = shapes[2];
	const double twice[M - 1] = {1, 1, 1, 1, 1, 2};
	struct rng rng;
	struct problem problem, part;
	struct textbook *net = make(n, 3, CLN_GELU, M), *weighted = make(n, 3, CLN_GELU, M - 1);

	rng_start(&rng, 7, RNG_TEST, 52, 0);
	draw_parameters(net, &rng);
	draw_problem(&problem, net, false, &rng);
	for (size_t k = 0; k < n[0]; k++)
		problem.X[k * M + M - 1] = problem.X[k * M + M - 2];
	problem.y[M - 1] = problem.y[M - 2];
	forward_backward(net, &problem.cost);
	copy_parameters(weighted, net);
	take_columns(&part, &problem, n[0], 0, M - 1);
	part.cost.w = twice;
	forward_backward(weighted, &part.cost);
	for (size_t l = 1; l <= 3; l++)
		for (size_t e = 0; e < n[l] * n[l - 1]; e++)
			ck_assert_double_eq_tol(M * net->dW[l][e], (M - 1) * weighted->dW[l][e], 7 * 28 * DBL_EPSILON);
	textbook_destroy(net);
	textbook_destroy(weighted);
}
END_TEST

/* ---------------------------------------------------------------- the numbers in doc/derivation.md */

static char document[1 << 18];

static void read_document(void)
{
	FILE *file = open_source("doc/derivation.md");
	size_t length = fread(document, 1, sizeof document - 1, file);

	ck_assert_uint_lt(length, sizeof document - 1);
	document[length] = '\0';
	fclose(file);
}

/* The n numbers of the first bmatrix behind the comment "<!-- number NAME -->". */
static void printed(double *numbers, const char *name, size_t n)
{
	char mark[64];

	snprintf(mark, sizeof mark, "<!-- number %s -->", name);
	const char *at = strstr(document, mark);
	ck_assert_msg(at != NULL, "doc/derivation.md has no %s", mark);
	at = strstr(at, "\\begin{bmatrix}");
	ck_assert_ptr_nonnull(at);
	at += strlen("\\begin{bmatrix}");
	for (size_t i = 0; i < n; i++) {
		char *end;
		numbers[i] = strtod(at, &end);
		ck_assert_msg(end > at, "doc/derivation.md: %s has fewer than %zu numbers", name, n);
		for (at = end; isspace((unsigned char)*at) || *at == '&' || *at == '\\'; at++)
			if (strncmp(at, "\\end", 4) == 0)
				break;
	}
	ck_assert_msg(strncmp(at, "\\end{bmatrix}", 13) == 0, "doc/derivation.md: %s has more than %zu numbers", name, n);
}

/* Six decimals are printed. */
static void check_printed(const char *name, const double *numbers, size_t n)
{
	double text[16];

	ck_assert_uint_le(n, 16);
	printed(text, name, n);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(fabs(text[i] - numbers[i]) <= 0.5000001e-6, "%s, number %zu: %.6f is printed, %.9f is right", name,
			      i + 1, text[i], numbers[i]);
}

static void check_printed_layer(const char *object, size_t l, const double *numbers, size_t n)
{
	char name[16];

	snprintf(name, sizeof name, "%s%zu", object, l);
	check_printed(name, numbers, n);
}

/* The network of the worked example, with parameters and data as printed. */
enum { EXAMPLE_COLUMNS = 2 };
static struct textbook *read_example(double X[4], double y[EXAMPLE_COLUMNS])
{
	static const size_t n[] = {2, 3, 3, 1};
	struct textbook *net = make(n, 3, CLN_SIGMOID, EXAMPLE_COLUMNS);

	read_document();
	printed(X, "X", n[0] * EXAMPLE_COLUMNS);
	printed(y, "Y", EXAMPLE_COLUMNS);
	for (size_t l = 1; l <= 3; l++) {
		char name[16];
		snprintf(name, sizeof name, "W%zu", l);
		printed(net->W[l], name, n[l] * n[l - 1]);
		snprintf(name, sizeof name, "b%zu", l);
		printed(net->b[l], name, n[l]);
	}
	return net;
}

START_TEST(the_worked_example_of_the_derivation_is_right)
{
	double X[4], y[EXAMPLE_COLUMNS];
	struct textbook *net = read_example(X, y);
	double cost = textbook_forward(net, X, y, NULL, 0, 0);

	textbook_backward(net, X, y, NULL, 0, 0);
	check_printed("C", &cost, 1);
	for (size_t l = 1; l <= 3; l++) {
		check_printed_layer("Z", l, net->Z[l], net->n[l] * net->m);
		check_printed_layer("A", l, net->A[l], net->n[l] * net->m);
		check_printed_layer("dZ", l, net->dZ[l], net->n[l] * net->m);
		check_printed_layer("dW", l, net->dW[l], net->n[l] * net->n[l - 1]);
		check_printed_layer("db", l, net->db[l], net->n[l]);
	}
	textbook_descend(net, 0.1);
	for (size_t l = 1; l <= 3; l++)
		check_printed_layer("W_after", l, net->W[l], net->n[l] * net->n[l - 1]);
	cost = textbook_forward(net, X, y, NULL, 0, 0);
	check_printed("C_after", &cost, 1);
	textbook_destroy(net);
}
END_TEST

static bool is_any(double number, const double *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fabs(fabs(numbers[i]) - number) <= 0.5000001e-6)
			return true;
	return false;
}

/* An entry of the forward or backward pass, its 1 - A, or a column's loss; signs are not looked at. */
static bool is_of_example(const struct textbook *net, const double *y, double number)
{
	bool found = false;

	for (size_t l = 1; l <= net->L; l++) {
		const size_t n = net->n[l] * net->m;
		found |= is_any(number, net->Z[l], n) || is_any(number, net->A[l], n) || is_any(number, net->dZ[l], n);
		found |= is_any(number, net->dW[l], net->n[l] * net->n[l - 1]);
		for (size_t e = 0; e < n; e++)
			found |= fabs(1 - net->A[l][e] - number) <= 0.5000001e-6;
	}
	for (size_t j = 0; j < net->m; j++)
		found |= fabs(dmath_softplus(net->Z[net->L][j]) - y[j] * net->Z[net->L][j] - number) <= 0.5000001e-6;
	return found;
}

/* The prose repeats numbers of the matrices: whatever it prints with six decimals must be one of them. */
START_TEST(the_prose_of_the_worked_example_repeats_its_numbers)
{
	double X[4], y[EXAMPLE_COLUMNS];
	struct textbook *net = read_example(X, y);
	const char *at = strstr(document, "## 10. A worked example");
	size_t checked = 0;

	textbook_forward(net, X, y, NULL, 0, 0);
	textbook_backward(net, X, y, NULL, 0, 0);
	ck_assert_ptr_nonnull(at);
	for (const char *end = strstr(at, "**One step**"); at < end; at++) {
		if (strncmp(at, "```math", 7) == 0) { /* checked above */
			at = strstr(at + 3, "```") + 2;
			continue;
		}
		const size_t digits = strspn(at, "0123456789");
		if (digits == 0 || at[digits] != '.')
			continue;
		const size_t decimals = strspn(at + digits + 1, "0123456789");
		if (decimals == 6) {
			ck_assert_msg(is_of_example(net, y, strtod(at, NULL)), "%.*s is not in the example", (int)(digits + 7),
				      at);
			checked++;
		}
		at += digits + decimals;
	}
	ck_assert_uint_ge(checked, 15);
	textbook_destroy(net);
}
END_TEST

static Suite *textbook_suite(void)
{
	Suite *suite = suite_create("textbook");
	TCase *functions = tcase_create("activations"), *gradients = tcase_create("gradients"), *rules = tcase_create("rules");

	tcase_add_loop_test(functions, activations_and_derivatives_have_known_values, 0, (int)(sizeof known / sizeof *known));
	tcase_add_loop_test(functions, every_derivative_is_the_slope_of_its_activation, 0, CLN_N_ACTIVATIONS);
	suite_add_tcase(suite, functions);

	tcase_add_loop_test(gradients, gradients_agree_with_central_differences_at_every_depth, 0, 4 * CLN_N_ACTIVATIONS);
	tcase_add_loop_test(gradients, gradients_agree_with_weights_penalties_and_dropout, 0, 4 * CLN_N_ACTIVATIONS);
	tcase_add_test(gradients, a_difference_shrinks_its_step_before_a_kink_and_says_when_it_cannot);
	tcase_add_test(gradients, a_network_worked_by_hand);
	tcase_add_test(gradients, penalties_count_weights_and_not_biases);
	tcase_add_test(gradients, costs_and_gradients_are_those_of_pytorch);
	suite_add_tcase(suite, gradients);

	tcase_add_test(rules, trace_of_a_transposed_product_is_the_sum_of_entry_products);
	tcase_add_test(rules, trace_does_not_change_when_factors_rotate);
	tcase_add_test(rules, trace_does_not_change_under_transposition);
	tcase_add_test(rules, an_entrywise_factor_moves_across_the_trace);
	tcase_add_test(rules, factors_left_and_right_of_a_differential_move_into_the_gradient);
	tcase_add_test(rules, total_differential_is_the_trace_of_gradient_and_direction);
	tcase_add_test(rules, gradients_of_blocks_of_columns_add_up_to_that_of_all);
	tcase_add_test(rules, a_column_of_weight_two_counts_as_two_columns);
	tcase_add_test(rules, the_worked_example_of_the_derivation_is_right);
	tcase_add_test(rules, the_prose_of_the_worked_example_repeats_its_numbers);
	suite_add_tcase(suite, rules);
	return suite;
}

TESTING_MAIN(textbook_suite)
