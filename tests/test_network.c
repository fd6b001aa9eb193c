/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include "kernels/dispatch.h"
#include "nn/network.h"

static struct network *make(const size_t *n, size_t L)
{
	struct network *net;
	assert_ok(network_create(&net, n, L, CLN_RELU, NULL, &err));
	return net;
}

static const size_t odd[] = {5, 33, 17, 1};

START_TEST(parameters_are_counted_without_padding)
{
	struct network *net = make(odd, 3);
	ck_assert_uint_eq(net->n_params, 33 * 5 + 33 + 17 * 33 + 17 + 17 + 1);
	ck_assert_uint_eq(net->n_floats, (48 * 5 + 48) + (32 * 33 + 32) + (16 * 17 + 16));
	network_destroy(net);
}
END_TEST

START_TEST(set_then_get_gives_the_same_matrix)
{
	struct network *net = make(odd, 3);
	float W[33 * 17], b[17], W_back[33 * 17], b_back[17];
	for (size_t i = 0; i < 33 * 17; i++)
		W[i] = (float)i;
	for (size_t i = 0; i < 17; i++)
		b[i] = -(float)i;
	network_set(net, 2, W, b);
	network_get(net, 2, W_back, b_back);
	ck_assert_mem_eq(W, W_back, sizeof W);
	ck_assert_mem_eq(b, b_back, sizeof b);
	ck_assert_float_eq(net->params[net->W_offset[2] + (16 / PANEL * 33 + 30) * PANEL + 0],
	                   (float)(16 * 33 + 30)); /* W(16, 30) */
	network_destroy(net);
}
END_TEST

START_TEST(both_orientations_hold_the_same_weights)
{
	struct network *net = make(odd, 3);
	network_init(net, CLN_INIT_AUTO, 4);
	float W[33 * 17], b[17];
	network_get(net, 2, W, b);
	const float *Wt = network_Wt(net, 2);
	size_t used = 0;
	for (size_t k = 0; k < 48; k++)
		for (size_t i = 0; i < 32; i++) {
			const float expected = k < 33 && i < 17 ? W[i * 33 + k] : 0;
			ck_assert_float_eq(Wt[(k / PANEL * 32 + i) * PANEL + k % PANEL], expected);
			used += expected != 0;
		}
	ck_assert_uint_eq(used, 33 * 17);
	network_destroy(net);
}
END_TEST

START_TEST(padding_is_zero_after_init)
{
	struct network *net = make(odd, 3);
	network_init(net, CLN_INIT_NORMAL, 4);
	size_t nonzero = 0;
	for (size_t i = 0; i < net->n_floats; i++)
		nonzero += net->params[i] != 0;
	ck_assert_uint_eq(nonzero, net->n_params);
	network_destroy(net);
}
END_TEST

/* The sample variance of N = 40,000 draws has relative standard error sqrt(2/N) = 0.7 %: five of them is 3.6 %. */
static void assert_variance(enum cln_activation activation, enum cln_init init, double expected)
{
	const size_t n[] = {200, 200, 1};
	struct network *net;
	assert_ok(network_create(&net, n, 2, activation, NULL, &err));
	network_init(net, init, 9);
	float *W = malloc(200 * 200 * sizeof *W), b[200];
	network_get(net, 1, W, b);
	double squares = 0;
	for (size_t i = 0; i < 200 * 200; i++)
		squares += (double)W[i] * (double)W[i];
	ck_assert_double_eq_tol(squares / (200 * 200) / expected, 1, 0.036);
	for (size_t i = 0; i < 200 && init != CLN_INIT_NORMAL; i++)
		ck_assert_float_eq(b[i], 0);
	free(W);
	network_destroy(net);
}

START_TEST(schemes_have_their_variance)
{
	assert_variance(CLN_RELU, CLN_INIT_HE, 2.0 / 200);
	assert_variance(CLN_RELU, CLN_INIT_XAVIER, 2.0 / 400);
	assert_variance(CLN_RELU, CLN_INIT_LECUN, 1.0 / 200);
	assert_variance(CLN_RELU, CLN_INIT_NORMAL, 1.0);
}
END_TEST

START_TEST(auto_suits_the_activation)
{
	assert_variance(CLN_RELU, CLN_INIT_AUTO, 2.0 / 200);
	assert_variance(CLN_MISH, CLN_INIT_AUTO, 2.0 / 200);
	assert_variance(CLN_TANH, CLN_INIT_AUTO, 2.0 / 400);
	assert_variance(CLN_SIGMOID, CLN_INIT_AUTO, 2.0 / 400);
	assert_variance(CLN_SELU, CLN_INIT_AUTO, 1.0 / 200);
}
END_TEST

START_TEST(a_seed_gives_the_same_draws_and_another_seed_others)
{
	struct network *a = make(odd, 3), *b = make(odd, 3);
	network_init(a, CLN_INIT_HE, 1);
	network_init(b, CLN_INIT_HE, 1);
	ck_assert_mem_eq(a->params, b->params, a->n_floats * sizeof(float));
	network_init(b, CLN_INIT_HE, 2);
	ck_assert_mem_ne(a->params, b->params, a->n_floats * sizeof(float));
	network_destroy(a);
	network_destroy(b);
}
END_TEST

START_TEST(clone_is_equal_and_apart)
{
	struct network *net = make(odd, 3), *copy;
	network_init(net, CLN_INIT_HE, 1);
	assert_ok(network_clone(&copy, net, &err));
	ck_assert_mem_eq(net->params, copy->params, net->n_floats * sizeof(float));
	ck_assert_mem_eq(network_Wt(net, 2), network_Wt(copy, 2), 48 * 32 * sizeof(float));
	copy->params[0] += 1;
	ck_assert_float_ne(net->params[0], copy->params[0]);
	network_destroy(net);
	network_destroy(copy);
}
END_TEST

START_TEST(the_first_layer_that_is_not_finite_is_named)
{
	struct network *net = make(odd, 3);
	size_t layer = 0;
	const struct kernels *kernels;
	assert_ok(kernels_select(&kernels, NULL, &err));
	network_init(net, CLN_INIT_HE, 1);
	ck_assert(network_is_finite(net, kernels, &layer));
	net->params[net->b_offset[3]] = NAN;
	net->params[net->W_offset[2] + 1] = INFINITY;
	ck_assert(!network_is_finite(net, kernels, &layer));
	ck_assert_uint_eq(layer, 2);
	network_destroy(net);
}
END_TEST

/* Their squares overflow, they themselves do not. */
START_TEST(very_large_parameters_are_finite)
{
	struct network *net = make(odd, 3);
	size_t layer = 0;
	const struct kernels *kernels;
	assert_ok(kernels_select(&kernels, NULL, &err));
	net->params[net->W_offset[2]] = 3e38f;
	ck_assert(network_is_finite(net, kernels, &layer));
	network_destroy(net);
}
END_TEST

START_TEST(the_layer_with_the_largest_parameter_is_found)
{
	struct network *net = make(odd, 3);
	float largest;
	network_init(net, CLN_INIT_HE, 1);
	net->params[net->W_offset[3] + 2 * PANEL] = -90;
	ck_assert_uint_eq(network_largest_layer(net, &largest), 3);
	ck_assert_float_eq(largest, 90);
	net->params[net->b_offset[1]] = NAN;
	ck_assert_uint_eq(network_largest_layer(net, &largest), 1);
	ck_assert(isinf(largest));
	network_destroy(net);
}
END_TEST

START_TEST(impossible_networks_are_refused)
{
	struct network *net = NULL;
	struct cln_error err = {0};
	const size_t empty[] = {3, 0, 1}, huge[] = {3, (size_t)NETWORK_MAX_UNITS + 1, 1};
	ck_assert_int_eq(network_create(&net, empty, 2, CLN_RELU, NULL, &err), CLN_E_USAGE);
	ck_assert_int_eq(network_create(&net, huge, 2, CLN_RELU, NULL, &err), CLN_E_USAGE);
	ck_assert_int_eq(network_create(&net, odd, 0, CLN_RELU, NULL, &err), CLN_E_USAGE);
	ck_assert_ptr_null(net);
	network_destroy(NULL);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("network");
	TCase *tcase = tcase_create("network");
	tcase_add_test(tcase, parameters_are_counted_without_padding);
	tcase_add_test(tcase, set_then_get_gives_the_same_matrix);
	tcase_add_test(tcase, both_orientations_hold_the_same_weights);
	tcase_add_test(tcase, padding_is_zero_after_init);
	tcase_add_test(tcase, schemes_have_their_variance);
	tcase_add_test(tcase, auto_suits_the_activation);
	tcase_add_test(tcase, a_seed_gives_the_same_draws_and_another_seed_others);
	tcase_add_test(tcase, clone_is_equal_and_apart);
	tcase_add_test(tcase, the_first_layer_that_is_not_finite_is_named);
	tcase_add_test(tcase, very_large_parameters_are_finite);
	tcase_add_test(tcase, the_layer_with_the_largest_parameter_is_found);
	tcase_add_test(tcase, impossible_networks_are_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}

TESTING_MAIN(make_suite)
