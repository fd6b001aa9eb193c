/* SPDX-License-Identifier: MIT
 * The gradient of the logit with respect to the inputs of the first layer, against central differences of the derivation in
 * double; and rows whose features are partly those of others. */
#include "testing.h"

#include <float.h>

#include "data/batch.h"
#include "kernels/dispatch.h"
#include "nn/textbook.h"
#include "train/path.h"
#include "whole_passes.h"

/* Eighteen features, in three groups by their number modulo 3: some embedded by waves, one by bins, one a level. */
enum { FEATURES = 18, GROUPS = 3, LINES = 5, POINTS = 7, VALUES = 3, LEVELS = 5 };
static const uint32_t waves[] = {1, 4, 17}, binned[] = {4}, first_edge[] = {0, 4};
static const float edges[] = {-1, -0.5f, 0.25f, 1};
static const struct category categories[] = {{.feature = 2, .n_rows = LEVELS}};
static const double t[POINTS] = {0, 0.1, 0.3, 0.5, 0.625, 0.9, 1};

struct setting {
	struct network *net;
	const struct kernels *kernels;
	struct path path;
	struct path_space space;
	float X[LINES * FEATURES], baseline[FEATURES];
};

static void draw_params(float *params, size_t n, struct rng *rng, double scale)
{
	for (size_t i = 0; i < n; i++)
		params[i] = (float)(scale * rng_normal(rng));
}

static struct network *make_network(enum cln_activation activation, bool with_front)
{
	static const size_t n[] = {FEATURES, 20, 9, 1};
	const struct front front = {.numbers = waves, .n_numbers = 3, .scaling = true, .categories = categories, .n_categories = 1,
	                            .values = VALUES, .binned = binned, .first_edge = first_edge, .edges = edges, .n_binned = 1,
	                            .parametric = true};
	struct network *net;
	struct rng rng;

	assert_ok(network_create(&net, n, 3, activation, with_front ? &front : NULL, &err));
	network_init(net, CLN_INIT_AUTO, 7);
	if (with_front) {
		float *values = mem_alloc(network_front_floats(net), sizeof *values, NULL);
		rng_start(&rng, 3, RNG_TEST, 0, 0);
		draw_params(values, network_front_floats(net), &rng, 0.5);
		network_set_front(net, values);
		mem_free(values);
	}
	network_sync(net);
	return net;
}

static void set_up(struct setting *s, enum cln_activation activation, bool with_front)
{
	uint32_t group[FEATURES];
	struct rng rng;

	s->net = make_network(activation, with_front);
	assert_ok(kernels_select(&s->kernels, NULL, &err));
	for (size_t i = 0; i < FEATURES; i++)
		group[i] = (uint32_t)i % GROUPS;
	assert_ok(path_create(&s->path, s->net, s->kernels, group, GROUPS, &err));
	assert_ok(path_space_create(&s->space, s->net, &err));
	rng_start(&rng, 4, RNG_TEST, 0, 0);
	draw_params(s->X, LINES * FEATURES, &rng, 1);
	draw_params(s->baseline, FEATURES, &rng, 0.2);
	for (size_t i = 0; i < LINES && with_front; i++)
		s->X[i * FEATURES + 2] = (float)(i % LEVELS);
	s->baseline[2] = with_front ? 0 : s->baseline[2];
}

static void tear_down(struct setting *s)
{
	path_space_free(&s->space);
	path_free(&s->path);
	network_destroy(s->net);
}

/* The layers in double, one column, behind A[0]. */
static struct textbook *in_double(const struct network *net, const struct front *parametric)
{
	struct textbook *textbook;

	assert_ok(textbook_create(&textbook, net->n, net->L, net->activation, 1, &err));
	assert_ok(textbook_add_front(textbook, net->n[0], parametric, &err));
	for (size_t l = 1; l <= net->L; l++) {
		const size_t size = net->n[l] * net->n[l - 1];
		float *W = mem_alloc(size + net->n[l], sizeof *W, NULL);
		network_get(net, l, W, W + size);
		for (size_t i = 0; i < size; i++)
			textbook->W[l][i] = (double)W[i];
		for (size_t i = 0; i < net->n[l]; i++)
			textbook->b[l][i] = (double)W[size + i];
		for (size_t i = 0; i < net->n[l] && l < net->L && net->front.parametric; i++)
			textbook->alpha[l][i] = (double)network_alpha(net, l)[i];
		mem_free(W);
	}
	return textbook;
}

/* A[0] of the rows and the baseline, of which path_follow makes lines. */
static double *inputs_of(const struct setting *s)
{
	const size_t n = s->net->n[0];
	struct block_space block;
	uint32_t order[LINES] = {0, 1, 2, 3, 4};
	double *inputs = mem_alloc((LINES + 1) * n, sizeof *inputs, NULL);

	assert_ok(block_space_create(&block, s->net, 16, false, false, &err));
	batch_features(block.E, s->X, FEATURES, order, LINES, 16);
	batch_features(block.E + LINES * PANEL, s->baseline, FEATURES, order, 1, 16);
	forward_front(s->net, s->kernels, &block, 0, LINES + 1);
	for (size_t i = 0; i <= LINES; i++)
		for (size_t u = 0; u < n; u++)
			inputs[i * n + u] = (double)block.A[0][(u / PANEL * 16 + i) * PANEL + u % PANEL];
	block_space_free(&block);
	return inputs;
}

static double logit_at(struct textbook *textbook, const double *x)
{
	const double y = 0;

	textbook_forward(textbook, x, &y, NULL, 0, 0);
	return textbook->Z[textbook->L][0];
}

/* The sum of a slope's terms without their signs, and as much again for each pre-activation, whose rounding moves g': what
 * rounding can do is, to first order, that times the operations in a chain times 2^-23.  No g' and no g'' is above 1.76 (selu's),
 * and no slope above 3 where the activation is parametric, with alpha below 2. */
static double size_of_slope(const struct textbook *textbook, const double *direction, double steepest)
{
	double sizes[2][64] = {{0}}, greatest = 1;

	for (size_t i = 0; i < textbook->n[1]; i++)
		for (size_t k = 0; k < textbook->n[0]; k++)
			sizes[1][i] += fabs(textbook->W[1][i * textbook->n[0] + k] * direction[k]);
	for (size_t l = 2; l <= textbook->L; l++)
		for (size_t i = 0; i < textbook->n[l]; i++) {
			sizes[l % 2][i] = 0;
			for (size_t k = 0; k < textbook->n[l - 1]; k++)
				sizes[l % 2][i] +=
				    steepest * fabs(textbook->W[l][i * textbook->n[l - 1] + k]) * sizes[(l - 1) % 2][k];
		}
	for (size_t l = 1; l < textbook->L; l++)
		for (size_t i = 0; i < textbook->n[l]; i++)
			greatest = fmax(greatest, fabs(textbook->Z[l][i]));
	return sizes[textbook->L % 2][0] * (1 + greatest);
}

/* [8 (z(+h) - z(-h)) - (z(+2h) - z(-2h))] / 12h along `direction`. */
static double difference(struct textbook *textbook, const double *x, const double *direction)
{
	const double h = 0x1p-10;
	double z[5], moved[64], sum = 0;

	for (int step = -2; step <= 2; step++) {
		for (size_t u = 0; u < textbook->n[0]; u++)
			moved[u] = x[u] + step * h * direction[u];
		z[step + 2] = logit_at(textbook, moved);
	}
	sum = 8 * (z[3] - z[1]) - (z[4] - z[0]);
	return sum / (12 * h);
}

static void check_slopes(enum cln_activation activation, bool with_front)
{
	const struct front parametric = {.parametric = with_front};
	struct setting s;
	set_up(&s, activation, with_front);
	const size_t n = s.net->n[0];
	const struct path_lines lines = {s.X, s.baseline, LINES, t, POINTS};
	double slopes[LINES * POINTS * GROUPS], *inputs = inputs_of(&s), x[64], direction[64];
	float z[LINES * POINTS];
	struct textbook *textbook = in_double(s.net, &parametric);
	size_t checked = 0;

	ck_assert_uint_le(n, 64);
	path_follow(z, slopes, &s.path, &s.space, &lines);
	for (size_t p = 0; p < LINES * POINTS * GROUPS; p++) {
		const size_t i = p / GROUPS / POINTS, j = p / GROUPS % POINTS, group = p % GROUPS;
		for (size_t u = 0; u < n; u++) {
			const double from = inputs[LINES * n + u], to = inputs[i * n + u];
			x[u] = (1 - t[j]) * from + t[j] * to;
			direction[u] = s.path.group[u] == group ? to - from : 0;
		}
		const double at = logit_at(textbook, x);
		const double bound = 2 * (64 + 20 + 9) * FLT_EPSILON *
			size_of_slope(textbook, direction, with_front ? 3 : 1.76);
		if (textbook_has_kink(activation) && textbook_margin(textbook, 0) < 0.02) /* 2 h |direction| |W| is less */
			continue;
		const double wanted = difference(textbook, x, direction);
		ck_assert_msg(fabs(slopes[p] - wanted) <= bound,
			      "activation %d, front %d, line %zu, point %zu, group %zu: %g, not %g within %g", (int)activation,
			      with_front, i, j, group, slopes[p], wanted, bound);
		ck_assert_double_le(fabs((double)z[p / GROUPS] - at), bound + 1e-5 * fabs(at));
		checked++;
	}
	ck_assert_uint_ge(checked, LINES * POINTS * GROUPS / 3);
	textbook_destroy(textbook);
	mem_free(inputs);
	tear_down(&s);
}

START_TEST(slopes_are_differences_of_the_derivation)
{
	check_slopes((enum cln_activation)_i, false);
}
END_TEST

START_TEST(slopes_behind_a_front_are_differences_of_the_derivation)
{
	check_slopes((enum cln_activation)_i, true);
}
END_TEST

/* What is made of a feature belongs to its group: two groups that are swapped swap their slopes, and only inputs made of features
 * of a group move its slope. */
START_TEST(embeddings_belong_to_the_group_of_their_feature)
{
	static const size_t owners[][2] = {{1, 18}, {4, 21}, {17, 24}, {2, 27}, {4, 29}}; /* feature, first input made of it */
	struct setting s;

	set_up(&s, CLN_TANH, true);
	ck_assert_uint_eq(s.net->n[0], FEATURES + 3 * EMBEDDING_OUTPUTS + (VALUES - 1) + PIECEWISE_OUTPUTS);
	for (size_t i = 0; i < sizeof owners / sizeof *owners; i++)
		ck_assert_uint_eq(s.path.group[owners[i][1]], owners[i][0] % GROUPS);
	ck_assert_uint_eq(s.path.group[28], 2 % GROUPS);
	for (size_t u = 29; u < 29 + PIECEWISE_OUTPUTS; u++)
		ck_assert_uint_eq(s.path.group[u], 4 % GROUPS);
	tear_down(&s);
}
END_TEST

START_TEST(the_ends_of_a_line_have_the_bits_of_prediction)
{
	struct setting s;
	double slopes[LINES * POINTS * GROUPS];
	float z[LINES * POINTS], predicted[LINES], of_baseline;

	set_up(&s, CLN_GELU, _i == 1);
	path_follow(z, slopes, &s.path, &s.space, &(struct path_lines){s.X, s.baseline, LINES, t, POINTS});
	assert_ok(predict_logits(predicted, s.net, s.kernels, s.X, LINES, 1, &err));
	assert_ok(predict_logits(&of_baseline, s.net, s.kernels, s.baseline, 1, 1, &err));
	for (size_t i = 0; i < LINES; i++) {
		ck_assert_mem_eq(&z[i * POINTS], &of_baseline, sizeof of_baseline);
		ck_assert_mem_eq(&z[i * POINTS + POINTS - 1], &predicted[i], sizeof *predicted);
	}
	tear_down(&s);
}
END_TEST

/* More rows than a chunk, features on both sides of a panel's end. */
START_TEST(donors_give_the_features_that_they_are_asked_for)
{
	enum { ROWS = 700, FIRST = 13, SWAPPED = 4 };
	struct network *net = make_network(CLN_RELU, false);
	const struct kernels *kernels;
	float *X = mem_alloc(2 * ROWS * FEATURES, sizeof *X, NULL), *other = X + ROWS * FEATURES, got[ROWS], wanted[ROWS];
	uint32_t rows[ROWS], donors[ROWS];
	struct rng rng;

	assert_ok(kernels_select(&kernels, NULL, &err));
	rng_start(&rng, 9, RNG_TEST, 0, 0);
	draw_params(X, ROWS * FEATURES, &rng, 1);
	rng_permutation(rows, ROWS, &rng);
	rng_permutation(donors, ROWS, &rng);
	for (size_t i = 0; i < ROWS; i++) {
		memcpy(other + i * FEATURES, X + rows[i] * FEATURES, FEATURES * sizeof *X);
		memcpy(other + i * FEATURES + FIRST, X + donors[i] * FEATURES + FIRST, SWAPPED * sizeof *X);
	}
	const struct some_rows some = {
	    .X = X, .rows = rows, .n = ROWS, .donors = donors, .first = FIRST, .n_swapped = SWAPPED};
	assert_ok(predict_rows(got, net, kernels, &some, 2, &err));
	assert_ok(predict_logits(wanted, net, kernels, other, ROWS, 1, &err));
	ck_assert_mem_eq(got, wanted, sizeof got);
	mem_free(X);
	network_destroy(net);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("path");
	TCase *slopes = tcase_create("slopes"), *rows = tcase_create("rows");

	tcase_add_loop_test(slopes, slopes_are_differences_of_the_derivation, 0, CLN_N_ACTIVATIONS);
	tcase_add_loop_test(slopes, slopes_behind_a_front_are_differences_of_the_derivation, 0, CLN_N_ACTIVATIONS);
	tcase_add_test(slopes, embeddings_belong_to_the_group_of_their_feature);
	tcase_add_loop_test(slopes, the_ends_of_a_line_have_the_bits_of_prediction, 0, 2);
	suite_add_tcase(s, slopes);
	tcase_add_test(rows, donors_give_the_features_that_they_are_asked_for);
	suite_add_tcase(s, rows);
	return s;
}

TESTING_MAIN(suite)
