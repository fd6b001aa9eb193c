/* SPDX-License-Identifier: MIT
 * The constants that the bounds on rounding errors rest on, and the bounds where they can be worked out by hand. */
#include "testing.h"

#include "kernels/dispatch.h"
#include "nn/rounding.h"

enum { RUN = 4096, RUNS = 24 };

/* Floats of both signs, evenly spaced: dense around 0 in the first runs, then out to 40. */
static void sample(float *z, int run)
{
	const double reach = run < 8 ? 0.5 * (run + 1) : 40.0 * (run - 7) / (RUNS - 8);

	for (int i = 0; i < RUN; i++)
		z[i] = (float)(reach * (2 * (i + 0.37) / RUN - 1));
}

static void check_activation(const struct kernels *kernels, enum cln_activation activation)
{
	const struct rounding_constants constants = rounding_constants[activation];
	_Alignas(64) static float z[RUN], A[RUN], D[RUN];

	for (int run = 0; run < RUNS; run++) {
		sample(z, run);
		memcpy(A, z, sizeof A);
		kernels->activate(activation, A, D, RUN);
		for (int i = 0; i < RUN; i++) {
			const double x = (double)z[i], g = textbook_g(activation, x), slope = textbook_g_prime(activation, x);
			ck_assert_msg(fabs((double)A[i] - g) <= constants.g_error * fmax(1, fabs(x)),
				      "%s: g(%.9g) = %.9g, not %.9g", kernels->name, x, (double)A[i], g);
			ck_assert_msg(fabs((double)D[i] - slope) <= constants.slope_error, "%s: g'(%.9g) = %.9g, not %.9g",
				      kernels->name, x, (double)D[i], slope);
		}
	}
}

START_TEST(kernels_keep_to_the_errors_that_bounds_assume)
{
	const char *name;
	bool supported;

	for (size_t i = 0; (name = kernels_name(i, &supported)) != NULL; i++)
		if (supported) {
			const struct kernels *kernels;
			assert_ok(kernels_select(&kernels, name, &err));
			check_activation(kernels, (enum cln_activation)_i);
		}
}
END_TEST

/* |g'(b) - g'(a)| <= bend (b - a) for neighbours on a grid, on either side of a kink; 1e-13 for the rounding of g'. */
START_TEST(bend_bounds_the_change_of_the_slope)
{
	const enum cln_activation activation = (enum cln_activation)_i;
	const double bend = rounding_constants[activation].bend, h = 0x1p-8;

	for (double z = -30; z < 30; z += h)
		if (!(textbook_has_kink(activation) && z <= 0 && z + h > 0))
			ck_assert_double_le(fabs(textbook_g_prime(activation, z + h) - textbook_g_prime(activation, z)),
					    bend * h + 1e-13);
}
END_TEST

static struct textbook *make(const size_t *n, size_t L, enum cln_activation activation)
{
	struct textbook *net;

	assert_ok(textbook_create(&net, n, L, activation, 1, &err));
	return net;
}

static double bounds_of(struct textbook *bounds, struct textbook *net, const struct rounding_case *run)
{
	textbook_forward(net, run->X, run->y, run->w, 0, 0);
	textbook_backward(net, run->X, run->y, run->w, 0, 0);
	return rounding_bounds(bounds, net, run);
}

/* One weight 2, bias 1, x = 3, y = 1: z = 7, E_Z = gamma_1 (1 + 6), sigma(7) = 0.99908895, sigma' = 0.00091022,
 * E_dZ = sigma' E_Z + 10 u (+ a square of 1e-14), E_S = gamma_1 |dZ| 3 + 3 E_dZ, and
 * E_g = E_S + gamma_5 |S| + u (2 / rate + |S|). */
START_TEST(the_bound_of_a_single_weight_is_the_one_worked_by_hand)
{
	const double u = 0x1p-24, X = 3, y = 1;
	const struct rounding_case run = {.X = &X, .y = &y, .rate = 1, .block_size = 1, .n_blocks = 1};
	struct textbook *net = make((size_t[]){1, 1}, 1, CLN_RELU), *bounds = make((size_t[]){1, 1}, 1, CLN_RELU);

	net->W[1][0] = 2;
	net->b[1][0] = 1;
	bounds_of(bounds, net, &run);
	const double dZ = 1 - 0.999088948805599, E_dZ = 0.000910221180121 * 7 * u + 10 * u, S = 3 * dZ;
	ck_assert_double_eq_tol(bounds->Z[1][0], 7 * u, 1e-6 * u);
	ck_assert_double_eq_tol(bounds->dZ[1][0], E_dZ, 1e-5 * u);
	ck_assert_double_eq_tol(bounds->dW[1][0], u * S + 3 * E_dZ + 5 * u * S + u * (2 + S), 1e-4 * u);
	ck_assert_double_eq_tol(bounds->db[1][0], u * dZ + E_dZ + 5 * u * dZ + u * (1 + dZ), 1e-4 * u);
	textbook_destroy(net);
	textbook_destroy(bounds);
}
END_TEST

/* z = 2^-30 with terms of size 1 in it: its error may reach across 0. */
START_TEST(nothing_is_within_the_bound_of_a_unit_on_a_kink)
{
	const double X = 1, y = 1;
	const struct rounding_case run = {.X = &X, .y = &y, .rate = 1, .block_size = 1, .n_blocks = 1};
	struct textbook *net = make((size_t[]){1, 1, 1}, 2, CLN_RELU), *bounds = make((size_t[]){1, 1, 1}, 2, CLN_RELU);

	net->W[1][0] = 1;
	net->b[1][0] = -1 + 0x1p-30;
	net->W[2][0] = 1;
	bounds_of(bounds, net, &run);
	ck_assert(!(0 <= bounds->dW[1][0]));
	net->b[1][0] = -0.5;
	bounds_of(bounds, net, &run);
	ck_assert(0 <= bounds->dW[1][0]);
	textbook_destroy(net);
	textbook_destroy(bounds);
}
END_TEST

static Suite *rounding_suite(void)
{
	Suite *suite = suite_create("rounding");
	TCase *constants = tcase_create("constants"), *bounds = tcase_create("bounds");

	tcase_add_loop_test(constants, kernels_keep_to_the_errors_that_bounds_assume, 0, CLN_N_ACTIVATIONS);
	tcase_add_loop_test(constants, bend_bounds_the_change_of_the_slope, 0, CLN_N_ACTIVATIONS);
	suite_add_tcase(suite, constants);
	tcase_add_test(bounds, the_bound_of_a_single_weight_is_the_one_worked_by_hand);
	tcase_add_test(bounds, nothing_is_within_the_bound_of_a_unit_on_a_kink);
	suite_add_tcase(suite, bounds);
	return suite;
}

TESTING_MAIN(rounding_suite)
