/* SPDX-License-Identifier: MIT
 * What the passes promise beyond the gradients themselves (test_gradcheck has those): columns do not know each other or their
 * block. */
#include "testing.h"

#include <float.h>

#include "data/batch.h"
#include "kernels/dispatch.h"
#include "whole_passes.h"

#define INPUTS 21
#define COLUMNS 26
#define FIRST_BLOCK 17

struct setting {
	struct network *net;
	const struct kernels *kernels;
	float *X, *y, *w; /* of COLUMNS rows */
	double largest_term; /* of the sums that make dW and db, in any pass so far: at most max |dZ| max(1, |A|) */
};

static struct setting make_setting(enum cln_activation activation)
{
	static const size_t n[] = {INPUTS, 40, 19, 1};
	struct setting s;
	struct rng rng;
	assert_ok(network_create(&s.net, n, 3, activation, NULL, &err));
	network_init(s.net, CLN_INIT_AUTO, 3);
	assert_ok(kernels_select(&s.kernels, NULL, &err));
	s.X = mem_alloc(COLUMNS * INPUTS, sizeof(float), NULL);
	s.y = mem_alloc(COLUMNS, sizeof(float), NULL);
	s.w = mem_alloc(COLUMNS, sizeof(float), NULL);
	rng_start(&rng, 2, RNG_TEST, 0, 0);
	for (size_t i = 0; i < COLUMNS * INPUTS; i++)
		s.X[i] = (float)rng_normal(&rng);
	for (size_t j = 0; j < COLUMNS; j++) {
		s.y[j] = (float)(j % 3 == 0);
		s.w[j] = (float)(0.5 + rng_uniform(&rng));
	}
	return s;
}

static void free_setting(struct setting *s)
{
	network_destroy(s->net);
	mem_free(s->X);
	mem_free(s->y);
	mem_free(s->w);
}

static double largest_of(const float *x, size_t n, double at_least)
{
	double largest = at_least;
	for (size_t i = 0; i < n; i++)
		largest = fmax(largest, fabs((double)x[i]));
	return largest;
}

/* dZ[1] shares its memory with dZ[3], which is at most the largest weight, 1.5. */
static double largest_term(const struct network *net, const struct block_space *space)
{
	double dZ = 1.5, A = 1;
	for (size_t l = 1; l < net->L; l++)
		dZ = largest_of(space->dZ[l], panels_of(net->n[l]) * PANEL * COLUMNS, dZ);
	for (size_t l = 0; l < net->L; l++)
		A = largest_of(space->A[l], panels_of(net->n[l]) * PANEL * COLUMNS, A);
	return dZ * A;
}

/* Both passes over columns first .. first+m-1; the logits go to logits[first..], the gradient to grads. */
static double both_passes(struct setting *s, size_t first, size_t m, const struct dropout_key *dropout, float *logits, float *grads,
                          bool add, bool weighted)
{
	struct block_space space;
	uint32_t order[COLUMNS];
	assert_ok(block_space_create(&space, s->net, COLUMNS, true, dropout != NULL, &err));
	for (size_t j = 0; j < m; j++)
		order[j] = (uint32_t)(first + j);
	batch_features(space.A[0], s->X, INPUTS, order, m, space.ld);
	memcpy(space.y, s->y + first, m * sizeof(float));
	memcpy(space.w, s->w + first, m * sizeof(float));
	forward_pass(s->net, s->kernels, &space, m, dropout);
	for (size_t j = 0; j < m; j++)
		logits[first + j] = space.A[s->net->L][j * PANEL];
	const double loss = backward_pass(grads, add, s->net, s->kernels, &space, m, weighted, dropout);
	s->largest_term = fmax(s->largest_term, largest_term(s->net, &space));
	block_space_free(&space);
	return loss;
}

static float *gradient_like(const struct network *net)
{
	float *made = mem_alloc(net->n_floats, sizeof(float), NULL);
	ck_assert_ptr_nonnull(made);
	return made;
}

/* The masks are keyed by the row of the batch, so that a block's border moves no mask: with dropout and without. */
START_TEST(a_block_border_changes_no_logit)
{
	struct setting s = make_setting((enum cln_activation)_i);
	float *grads = gradient_like(s.net);
	for (int dropped = 0; dropped < 2; dropped++) {
		struct dropout_key key = {.rate = 0.4, .seed = 9, .epoch = 2, .step = 5, .row0 = 0};
		float whole[COLUMNS], parts[COLUMNS];
		both_passes(&s, 0, COLUMNS, dropped ? &key : NULL, whole, grads, false, false);
		both_passes(&s, 0, FIRST_BLOCK, dropped ? &key : NULL, parts, grads, false, false);
		key.row0 = FIRST_BLOCK;
		both_passes(&s, FIRST_BLOCK, COLUMNS - FIRST_BLOCK, dropped ? &key : NULL, parts, grads, false, false);
		ck_assert_mem_eq(whole, parts, sizeof whole);
	}
	mem_free(grads);
	free_setting(&s);
}
END_TEST

START_TEST(dropout_changes_with_step_epoch_and_seed)
{
	struct setting s = make_setting(CLN_RELU);
	float *grads = gradient_like(s.net);
	const struct dropout_key keys[] = {{.rate = 0.4, .seed = 9},
	                                   {.rate = 0.4, .seed = 9, .step = 1},
	                                   {.rate = 0.4, .seed = 9, .epoch = 1},
	                                   {.rate = 0.4, .seed = 8}};
	float logits[4][COLUMNS], again[COLUMNS];
	for (size_t i = 0; i < 4; i++)
		both_passes(&s, 0, COLUMNS, &keys[i], logits[i], grads, false, false);
	both_passes(&s, 0, COLUMNS, &keys[0], again, grads, false, false);
	ck_assert_mem_eq(logits[0], again, sizeof again);
	for (size_t i = 1; i < 4; i++)
		ck_assert_mem_ne(logits[0], logits[i], sizeof again);
	mem_free(grads);
	free_setting(&s);
}
END_TEST

/* Both ways add the same COLUMNS terms of an entry, with at most COLUMNS + 1 roundings each, of partial sums that are at most the
 * sum of the absolute terms. */
START_TEST(gradients_of_two_blocks_add_up_to_the_whole)
{
	struct setting s = make_setting((enum cln_activation)_i);
	float *whole = gradient_like(s.net), *parts = gradient_like(s.net), logits[COLUMNS];
	const double loss = both_passes(&s, 0, COLUMNS, NULL, logits, whole, false, true);
	double sum = both_passes(&s, 0, FIRST_BLOCK, NULL, logits, parts, false, true);
	sum += both_passes(&s, FIRST_BLOCK, COLUMNS - FIRST_BLOCK, NULL, logits, parts, true, true);
	ck_assert_double_eq_tol(sum, loss, COLUMNS * DBL_EPSILON * fabs(loss));
	const double tolerance = 2 * (COLUMNS + 1) * (FLT_EPSILON / 2) * COLUMNS * s.largest_term;
	for (size_t i = 0; i < s.net->n_floats; i++)
		ck_assert_double_eq_tol((double)parts[i], (double)whole[i], tolerance);
	ck_assert_double_gt(largest_of(whole, s.net->n_floats, 0), 100 * tolerance);
	mem_free(whole);
	mem_free(parts);
	free_setting(&s);
}
END_TEST

/* Doubling is exact in binary, so every step of the backward pass doubles with it. */
START_TEST(twice_the_weight_is_twice_the_gradient)
{
	struct setting s = make_setting(CLN_TANH);
	float *once = gradient_like(s.net), *twice = gradient_like(s.net), logits[COLUMNS];
	const double loss = both_passes(&s, 0, COLUMNS, NULL, logits, once, false, true);
	for (size_t j = 0; j < COLUMNS; j++)
		s.w[j] *= 2;
	ck_assert_double_eq(both_passes(&s, 0, COLUMNS, NULL, logits, twice, false, true), 2 * loss);
	for (size_t i = 0; i < s.net->n_floats; i++)
		ck_assert_float_eq(twice[i], 2 * once[i]);
	mem_free(once);
	mem_free(twice);
	free_setting(&s);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("passes");
	TCase *tcase = tcase_create("passes");
	tcase_add_loop_test(tcase, a_block_border_changes_no_logit, 0, CLN_N_ACTIVATIONS);
	tcase_add_test(tcase, dropout_changes_with_step_epoch_and_seed);
	tcase_add_loop_test(tcase, gradients_of_two_blocks_add_up_to_the_whole, 0, CLN_N_ACTIVATIONS);
	tcase_add_test(tcase, twice_the_weight_is_twice_the_gradient);
	suite_add_tcase(suite, tcase);
	return suite;
}

TESTING_MAIN(make_suite)
