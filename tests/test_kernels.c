/* SPDX-License-Identifier: MIT
 * Loss, optimizers, dropout and helpers of every instruction set: against double references with bounds from the roundings, bit for
 * bit against the generic set, and inside fences of unreadable pages.  (The products: test_products.c; elementwise functions:
 * test_activations.c.) */
#include "fences.h"

#include <float.h>

#include "base/rng.h"
#include "kernels/dispatch.h"

enum { MAX_N = 256 };
#define UNIT (FLT_EPSILON / 2) /* the greatest relative error of a rounding */

/* Set i of those built in; NULL where this CPU lacks it. */
static const struct kernels *set_of(size_t i)
{
	const struct kernels *kernels;
	bool supported;
	const char *name = kernels_name(i, &supported);
	if (!name || !supported)
		return NULL;
	assert_ok(kernels_select(&kernels, name, &err));
	return kernels;
}

static size_t number_of_sets(void)
{
	bool supported;
	size_t n = 0;
	while (kernels_name(n, &supported))
		n++;
	return n;
}

static void draw(float *x, size_t n, uint32_t stream)
{
	struct rng rng;
	rng_start(&rng, 11, RNG_TEST, 0, stream);
	for (size_t i = 0; i < n; i++)
		x[i] = (float)rng_normal(&rng);
}

/* Random numbers with what is special among floats in between. */
static void draw_special(float *x, size_t n, uint32_t stream)
{
	static const float special[] = {0.0f,  -0.0f,  0x1p-149f, -0x1p-140f, 0x1p-120f, -0x1.8p-101f,
	                                1e30f, -1e38f, INFINITY,  -INFINITY,  NAN};
	draw(x, n, stream);
	for (size_t i = stream % 3; i < n; i += 3)
		x[i] = special[(i / 3 + stream) % (sizeof special / sizeof special[0])];
}

/* The same bits, any NaN being as good as another. */
static void assert_same(const float *a, const float *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(&a[i], &b[i], sizeof a[i]) != 0 && !(isnan(a[i]) && isnan(b[i])))
			ck_abort_msg("element %zu: %a and %a", i, (double)a[i], (double)b[i]);
}

/* ---------------------------------------------------------------- choice */

START_TEST(select_gives_the_best_supported_set_and_each_by_name)
{
	const struct kernels *best, *named;
	size_t last = 0;
	for (size_t i = 0; i < number_of_sets(); i++)
		if (set_of(i)) {
			last = i;
			ck_assert_str_eq(set_of(i)->name, kernels_name(i, &(bool){false}));
		}
	assert_ok(kernels_select(&best, NULL, &err));
	ck_assert_ptr_eq(best, set_of(last));
	assert_ok(kernels_select(&named, "generic", &err));
	ck_assert_uint_eq(named->vector_width, 1);
}
END_TEST

START_TEST(select_refuses_an_unknown_name)
{
	const struct kernels *kernels;
	struct cln_error err = {0};
	ck_assert_int_eq(kernels_select(&kernels, "avx1024", &err), CLN_E_USAGE);
	ck_assert_ptr_null(kernels);
	ck_assert_ptr_nonnull(strstr(err.message, "avx1024"));
}
END_TEST

START_TEST(derivatives_come_from_the_cheapest_source)
{
	ck_assert_int_eq(activation_derivative(-1), DERIVATIVE_ONE);
	ck_assert_int_eq(activation_derivative(CLN_RELU), DERIVATIVE_RELU);
	ck_assert_int_eq(activation_derivative(CLN_SIGMOID), DERIVATIVE_SIGMOID);
	ck_assert_int_eq(activation_derivative(CLN_TANH), DERIVATIVE_TANH);
	ck_assert_int_eq(activation_derivative(CLN_GELU), DERIVATIVE_STORED);
}
END_TEST

/* The chains start with their numbers 0, 1, 2, ... and grow by 2^-12 a step: below 2^12 every sum is exact, so that the result
 * counts the multiply-adds that were done. */
START_TEST(fma_peak_does_24_steps_a_round)
{
	const struct kernels *kernels = set_of((size_t)_i);
	if (!kernels)
		return;
	const float start = kernels->fma_peak(0);
	ck_assert(start == 66.0f || start == 276.0f); /* 12 or 24 chains */
	ck_assert_float_eq(kernels->fma_peak(1), start + 24 * 0x1p-12f);
	ck_assert_float_eq(kernels->fma_peak(1001), start + 1001 * 24 * 0x1p-12f);
}
END_TEST

/* ---------------------------------------------------------------- sums and the transpose */

START_TEST(add_rounds_each_sum_once)
{
	const struct kernels *kernels = set_of((size_t)_i);
	float a[48], b[48], sum[48], expected[48];
	if (!kernels)
		return;
	for (size_t n = PANEL; n <= 48; n += PANEL) {
		draw_special(a, n, 1);
		draw_special(b, n, 5);
		for (size_t i = 0; i < n; i++)
			expected[i] = a[i] + b[i];
		kernels->add(sum, a, b, n);
		assert_same(sum, expected, n);
		kernels->add(a, a, b, n);
		assert_same(a, expected, n);
	}
}
END_TEST

/* The lanes differ in size so much that their sum in double shows its order. */
START_TEST(sum_squares_is_sixteen_chains_added_in_order)
{
	const struct kernels *kernels = set_of((size_t)_i);
	float x[MAX_N], chain[PANEL];
	if (!kernels)
		return;
	draw(x, MAX_N, 2);
	for (size_t i = 0; i < MAX_N; i++)
		x[i] = ldexpf(x[i], (int)(i % PANEL * 7 % PANEL) * 4 - 32);
	for (size_t n = 0; n <= MAX_N; n += PANEL) {
		double expected = 0.0;
		memset(chain, 0, sizeof chain);
		for (size_t i = 0; i < n; i++)
			chain[i % PANEL] = fmaf(x[i], x[i], chain[i % PANEL]);
		for (size_t lane = 0; lane < PANEL; lane++)
			expected += (double)chain[lane];
		ck_assert_double_eq(kernels->sum_squares(x, n), expected);
	}
}
END_TEST

START_TEST(transpose_panel_copies_its_inputs_and_nothing_else)
{
	enum { N_IN = 53, PANELS_OUT = 3, PANELS_IN = 4 };
	static const size_t ranges[][2] = {{0, 16}, {0, 53}, {16, 53}, {48, 53}, {32, 40}, {16, 16}};
	static float W[PANELS_OUT * N_IN * PANEL], Wt[PANELS_IN * PANELS_OUT * PANEL * PANEL];
	const struct kernels *kernels = set_of((size_t)_i);
	const size_t padded = PANELS_OUT * PANEL;
	if (!kernels)
		return;
	for (size_t i = 0; i < sizeof W / sizeof W[0]; i++)
		W[i] = (float)(i + 1);
	for (size_t r = 0; r < sizeof ranges / sizeof ranges[0]; r++)
		for (size_t p = 0; p < PANELS_OUT; p++) {
			memset(Wt, 0, sizeof Wt);
			kernels->transpose_panel(Wt, W, padded, N_IN, p, ranges[r][0], ranges[r][1]);
			for (size_t i = 0; i < padded; i++)
				for (size_t k = 0; k < PANELS_IN * PANEL; k++) {
					const bool copied = i / PANEL == p && k >= ranges[r][0] && k < ranges[r][1];
					const float expected = copied ? W[(p * N_IN + k) * PANEL + i % PANEL] : 0.0f;
					ck_assert_float_eq(Wt[(k / PANEL * padded + i) * PANEL + k % PANEL], expected);
				}
		}
}
END_TEST

/* ---------------------------------------------------------------- loss */

struct columns {
	float Z[MAX_N * PANEL], dZ[MAX_N * PANEL], y[MAX_N], w[MAX_N];
};

static struct columns *draw_columns(bool special)
{
	static struct columns columns;
	static float z[MAX_N];
	memset(&columns, 0, sizeof columns);
	(special ? draw_special : draw)(z, MAX_N, 4);
	draw(columns.w, MAX_N, 8);
	for (size_t j = 0; j < MAX_N; j++) {
		columns.Z[j * PANEL] = z[j] * 8.0f;
		columns.y[j] = j % 4 == 0 ? 0.95f : (float)(j % 2); /* smoothed labels too */
		columns.w[j] = fabsf(columns.w[j]);
	}
	return &columns;
}

/* e = e^-|z| is right within 2 ulp, a relative error of 4 units; e/(1 + e) adds two roundings and ln(1 + e) 4 units more;
 * far = 1 - y or y has one.  term = w (far |z| + ln(1 + e)) is a sum of positive parts, with two roundings more: 10 units.
 * dZ = w (far - e/(1 + e)): 6 units of the second part, 1 of the first, and two of the result. */
START_TEST(loss_and_gradient_follow_the_equation)
{
	const struct kernels *kernels = set_of((size_t)_i);
	struct columns *c = draw_columns(false);
	if (!kernels)
		return;
	for (size_t m = 1; m <= MAX_N; m = m * 2 + 1) {
		double sum = 0.0, bound = 0.0;
		for (size_t j = 0; j < m; j++) {
			const double z = (double)c->Z[j * PANEL], y = (double)c->y[j], w = (double)c->w[j];
			const double term = w * (fmax(z, 0.0) + log1p(exp(-fabs(z))) - y * z);
			sum += term;
			bound += 10 * UNIT * term;
		}
		const double got = kernels->loss(&(struct loss_args){.dZ = c->dZ, .Z = c->Z, .y = c->y, .w = c->w, .m = m});
		ck_assert_double_eq_tol(got, sum, bound);
		for (size_t j = 0; j < m; j++) {
			const double z = (double)c->Z[j * PANEL], y = (double)c->y[j], w = (double)c->w[j];
			const double far = z >= 0.0 ? 1.0 - y : y, s = 1.0 / (1.0 + exp(fabs(z)));
			const double slope = w * (1.0 / (1.0 + exp(-z)) - y);
			ck_assert_double_eq_tol((double)c->dZ[j * PANEL], slope, w * UNIT * (8 * s + 3 * far));
		}
	}
}
END_TEST

START_TEST(loss_writes_zeros_beside_its_unit_and_nothing_behind_its_columns)
{
	const struct kernels *kernels = set_of((size_t)_i);
	struct columns *c = draw_columns(false);
	if (!kernels)
		return;
	for (size_t i = 0; i < MAX_N * PANEL; i++)
		c->dZ[i] = 7.0f;
	kernels->loss(&(struct loss_args){.dZ = c->dZ, .Z = c->Z, .y = c->y, .m = 19});
	for (size_t i = 0; i < MAX_N * PANEL; i++)
		if (i % PANEL != 0 || i >= 19 * PANEL)
			ck_assert_float_eq(c->dZ[i], i < 19 * PANEL ? 0.0f : 7.0f);
		else
			ck_assert(fabsf(c->dZ[i]) <= 1.0f);
}
END_TEST

START_TEST(loss_without_weights_is_that_with_weights_of_one)
{
	const struct kernels *kernels = set_of((size_t)_i);
	struct columns *c = draw_columns(false);
	if (!kernels)
		return;
	for (size_t j = 0; j < MAX_N; j++)
		c->w[j] = 1.0f;
	const double with = kernels->loss(&(struct loss_args){.dZ = c->dZ, .Z = c->Z, .y = c->y, .w = c->w, .m = MAX_N});
	ck_assert_double_eq(kernels->loss(&(struct loss_args){.dZ = c->dZ, .Z = c->Z, .y = c->y, .m = MAX_N}), with);
}
END_TEST

/* A confident and right answer has a loss of e^-|z|, not of the 0 that softplus(z) - z rounds to. */
START_TEST(loss_of_a_confident_right_answer_does_not_cancel)
{
	const struct kernels *kernels = set_of((size_t)_i);
	float Z[PANEL] = {50.0f}, dZ[PANEL];
	if (!kernels)
		return;
	const double loss = kernels->loss(&(struct loss_args){.dZ = dZ, .Z = Z, .y = &(float){1.0f}, .m = 1}), e = exp(-50.0);
	ck_assert_double_eq_tol(loss, e, 10 * UNIT * e);
	ck_assert_double_eq_tol((double)dZ[0], -e, 10 * UNIT * e);
	Z[0] = 1e30f;
	ck_assert_double_eq(kernels->loss(&(struct loss_args){.dZ = dZ, .Z = Z, .y = &(float){0.0f}, .m = 1}), (double)1e30f);
}
END_TEST

/* dZ = -e^-z: 2^-79.3 at 55, 2^-80.8 at 56; the loss itself stays. */
START_TEST(dz_below_two_to_the_minus_eighty_becomes_zero)
{
	const struct kernels *kernels = set_of((size_t)_i);
	float Z[2 * PANEL] = {55.0f}, dZ[2 * PANEL];
	if (!kernels)
		return;
	Z[PANEL] = 56.0f;
	const double loss = kernels->loss(&(struct loss_args){.dZ = dZ, .Z = Z, .y = (float[]){1.0f, 1.0f}, .m = 2});
	ck_assert_float_le(dZ[0], -0x1p-80f);
	ck_assert_float_eq(dZ[PANEL], 0);
	ck_assert_double_eq_tol(loss, exp(-55.0) + exp(-56.0), 20 * UNIT * exp(-55.0));
}
END_TEST

START_TEST(loss_has_the_bits_of_generic)
{
	const struct kernels *kernels = set_of((size_t)_i), *generic = set_of(0);
	static float dZ[MAX_N * PANEL];
	struct columns *c = draw_columns(true);
	if (!kernels)
		return;
	for (size_t m = 1; m <= 49; m++) {
		struct loss_args args = {.dZ = dZ, .Z = c->Z, .y = c->y, .w = c->w, .m = m};
		const double expected = generic->loss(&args);
		args.dZ = c->dZ;
		const double got = kernels->loss(&args);
		ck_assert(got == expected || (isnan(got) && isnan(expected)));
		assert_same(c->dZ, dZ, m * PANEL);
	}
}
END_TEST

/* ---------------------------------------------------------------- optimizers */

struct parameters {
	float w[MAX_N], first[MAX_N], second[MAX_N], g[MAX_N];
};

static struct optimizer_args make_step(struct parameters *p, enum cln_optimizer kind, bool penalties, size_t n)
{
	return (struct optimizer_args){
		.w = p->w, .first = p->first, .second = p->second, .g = p->g, .n = n, .scale = 1.0f / 32,
		.l1 = penalties ? 0.003f : 0.0f, .l2 = penalties ? 0.02f : 0.0f, .decay = penalties ? 0.001f : 0.0f,
		.rate = 0.05f, .beta1 = 0.9f, .beta2 = 0.99f, .one_minus_beta1 = 0.1f, .one_minus_beta2 = 0.01f,
		.epsilon = 1e-6f, .kind = kind};
}

static void draw_parameters(struct parameters *p, void (*fill)(float *, size_t, uint32_t))
{
	fill(p->w, MAX_N, 1);
	fill(p->first, MAX_N, 2);
	fill(p->second, MAX_N, 3);
	fill(p->g, MAX_N, 4);
	for (size_t i = 0; i < MAX_N; i++)
		p->second[i] = fabsf(p->second[i]);
}

/* A value with a bound of the error that float arithmetic makes in it: running error analysis, Higham, Accuracy and Stability,
 * section 3.3.  Inputs are exact; each operation carries its operands' errors on and adds one rounding. */
struct bounded {
	double x, error;
};

static struct bounded exact(float x) { return (struct bounded){(double)x, 0.0}; }
static struct bounded rounded(double x, double error) { return (struct bounded){x, error + UNIT * (fabs(x) + error) + 0x1p-149}; }
static struct bounded times(struct bounded a, struct bounded b)
{
	return rounded(a.x * b.x, fabs(a.x) * b.error + fabs(b.x) * a.error + a.error * b.error);
}
static struct bounded plus(struct bounded a, struct bounded b) { return rounded(a.x + b.x, a.error + b.error); }
static struct bounded over(struct bounded a, struct bounded b) /* b > 0 */
{
	return rounded(a.x / b.x, (a.error + fabs(a.x / b.x) * b.error) / (b.x - b.error));
}
static struct bounded root(struct bounded a) /* |sqrt(a + e) - sqrt(a)| <= min(sqrt|e|, |e| / sqrt(a)) */
{
	return rounded(sqrt(a.x), a.x > 0.0 ? fmin(sqrt(a.error), a.error / sqrt(a.x)) : sqrt(a.error));
}

struct moved {
	struct bounded w, first, second;
};

/* One parameter's step from the textbook's equations.  A product that the kernels fuse with a sum is rounded here twice: the bound
 * is then the greater. */
static struct moved step_by_the_book(const struct optimizer_args *a, size_t i)
{
	const float sign = a->w[i] > 0.0f ? 1.0f : a->w[i] < 0.0f ? -1.0f : 0.0f;
	const struct bounded w = exact(a->w[i]), rate = exact(-a->rate), epsilon = exact(a->epsilon);
	const struct bounded beta1 = exact(a->beta1), beta2 = exact(a->beta2);
	const struct bounded g = plus(times(exact(a->g[i]), exact(a->scale)),
	                              plus(times(exact(a->l1), exact(sign)), times(exact(a->l2), w)));
	const struct bounded kept = times(w, plus(exact(1.0f), exact(-a->decay)));
	const bool adam = a->kind == CLN_ADAM || a->kind == CLN_ADAMW;
	struct moved m = {.first = exact(a->first[i]), .second = exact(a->second[i])};
	struct bounded direction = g;
	if (adam || a->kind == CLN_MOMENTUM || a->kind == CLN_NESTEROV)
		m.first = direction = plus(times(beta1, m.first), adam ? times(exact(a->one_minus_beta1), g) : g);
	if (a->kind == CLN_NESTEROV)
		direction = plus(g, times(beta1, m.first));
	if (adam || a->kind == CLN_RMSPROP) {
		m.second = plus(times(beta2, m.second), times(exact(a->one_minus_beta2), times(g, g)));
		direction = over(direction, plus(root(m.second), epsilon));
	}
	m.w = plus(kept, times(rate, direction));
	return m;
}

static void assert_within(float got, struct bounded expected, const char *what, size_t i)
{
	if (!(fabs((double)got - expected.x) <= expected.error))
		ck_abort_msg("%s %zu: %a, not %a +- %a", what, i, (double)got, expected.x, expected.error);
}

START_TEST(optimizer_step_follows_its_equations)
{
	const struct kernels *kernels = set_of((size_t)_i);
	struct parameters p;
	struct moved expected[MAX_N];
	if (!kernels)
		return;
	for (int kind = 0; kind < CLN_N_OPTIMIZERS; kind++)
		for (int penalties = 0; penalties < 2; penalties++) {
			draw_parameters(&p, draw);
			struct optimizer_args args = make_step(&p, (enum cln_optimizer)kind, penalties, MAX_N);
			for (size_t i = 0; i < MAX_N; i++)
				expected[i] = step_by_the_book(&args, i);
			kernels->optimize(&args);
			for (size_t i = 0; i < MAX_N; i++) {
				assert_within(p.w[i], expected[i].w, "w", i);
				assert_within(p.first[i], expected[i].first, "first", i);
				assert_within(p.second[i], expected[i].second, "second", i);
			}
		}
}
END_TEST

START_TEST(optimizer_step_has_the_bits_of_generic)
{
	const struct kernels *kernels = set_of((size_t)_i), *generic = set_of(0);
	struct parameters p, expected;
	if (!kernels)
		return;
	for (int kind = 0; kind < CLN_N_OPTIMIZERS; kind++)
		for (int how = 0; how < 4; how++)
			for (size_t n = PANEL; n <= 5 * PANEL; n += PANEL) {
				draw_parameters(&p, how & 1 ? draw_special : draw);
				expected = p;
				struct optimizer_args args = make_step(&p, (enum cln_optimizer)kind, how & 2, n);
				kernels->optimize(&args);
				args = make_step(&expected, (enum cln_optimizer)kind, how & 2, n);
				generic->optimize(&args);
				assert_same(p.w, expected.w, MAX_N);
				assert_same(p.first, expected.first, MAX_N);
				assert_same(p.second, expected.second, MAX_N);
			}
}
END_TEST

START_TEST(moments_below_two_to_the_minus_hundred_become_zero)
{
	const struct kernels *kernels = set_of((size_t)_i);
	struct parameters p = {0};
	if (!kernels)
		return;
	p.first[0] = 0x1.1p-100f; /* times 0.9: below */
	p.first[1] = -0x1.1p-100f;
	p.first[2] = 0x1.2p-100f; /* times 0.9: above */
	p.second[0] = 0x1.01p-100f;
	p.second[1] = 0x1.04p-100f;
	const struct optimizer_args args = make_step(&p, CLN_ADAM, false, PANEL);
	kernels->optimize(&args);
	ck_assert(p.first[0] == 0.0f && p.first[1] == 0.0f && p.first[2] >= 0x1p-100f);
	ck_assert(p.second[0] == 0.0f && p.second[1] >= 0x1p-100f);
}
END_TEST

START_TEST(l1_penalty_does_not_move_a_weight_of_zero)
{
	const struct kernels *kernels = set_of((size_t)_i);
	struct parameters p = {.w = {0.0f, -0.0f, 1.0f, -1.0f}};
	if (!kernels)
		return;
	struct optimizer_args args = make_step(&p, CLN_SGD, false, PANEL);
	args.l1 = 0.5f;
	kernels->optimize(&args);
	ck_assert(p.w[0] == 0.0f && p.w[1] == 0.0f);
	ck_assert(p.w[2] == fmaf(-args.rate, 0.5f, 1.0f) && p.w[3] == -p.w[2]);
}
END_TEST

/* ---------------------------------------------------------------- dropout */

START_TEST(dropout_keeps_the_units_whose_word_reaches_the_threshold)
{
	enum { N = 37, LD = 40, PANELS = 3, ROW0 = 0x7ffffff0, THRESHOLD = 0x40000000 };
	const uint64_t seed = 0x123456789abcdef0u;
	const float scale = 1.0f / 0.75f;
	static float A[PANELS * LD * PANEL], D[PANELS * LD * PANEL], A_before[PANELS * LD * PANEL], D_before[PANELS * LD * PANEL];
	static const size_t columns[] = {1, 15, 16, 17, 33};
	const struct kernels *kernels = set_of((size_t)_i);
	if (!kernels)
		return;
	for (uint32_t unit0 = 0; unit0 < 6; unit0++)
		for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
			const size_t m = columns[c];
			draw(A_before, PANELS * LD * PANEL, 1);
			draw(D_before, PANELS * LD * PANEL, 2);
			memcpy(A, A_before, sizeof A);
			memcpy(D, D_before, sizeof D);
			kernels->dropout(&(struct dropout_args){
				.A = A, .D = unit0 == 5 ? NULL : D, .n = N, .m = m, .ld = LD, .seed = seed, .epoch = 3, .step = 5,
				.row0 = ROW0, .unit0 = unit0, .threshold = THRESHOLD, .keep_scale = scale});
			for (size_t i = 0; i < PANELS * LD * PANEL; i++) {
				const size_t s = i / PANEL % LD, u = i / (LD * PANEL) * PANEL + i % PANEL;
				const uint32_t row = ROW0 + (uint32_t)s, unit = unit0 + (uint32_t)u;
				const bool kept = rng_word(seed, RNG_DROPOUT, 3, 5, row, unit) >= THRESHOLD;
				const float factor = s >= m ? 1.0f : kept ? scale : 0.0f;
				ck_assert_float_eq(A[i], A_before[i] * factor);
				ck_assert_float_eq(D[i], unit0 == 5 ? D_before[i] : D_before[i] * factor);
			}
		}
}
END_TEST

/* ---------------------------------------------------------------- nothing is read or written beyond the arrays */

static struct fence draw_fence(size_t n, bool at_end)
{
	struct fence fence = fence_make(n, at_end);
	draw(fence.x, n, (uint32_t)n);
	return fence;
}

START_TEST(elementwise_kernels_stay_inside_their_arrays)
{
	const struct kernels *kernels = set_of((size_t)_i / 2);
	const bool at_end = _i % 2;
	if (!kernels)
		return;
	for (size_t n = PANEL; n <= 3 * PANEL; n += PANEL) {
		struct fence a = draw_fence(n, at_end), b = draw_fence(n, at_end);
		struct fence c = draw_fence(n, at_end), d = draw_fence(n, at_end);
		for (int activation = 0; activation < CLN_N_ACTIVATIONS; activation++)
			kernels->activate((enum cln_activation)activation, a.x, b.x, n);
		void (*const functions[])(float *, const float *, size_t) = {kernels->exp, kernels->log, kernels->tanh,
		                                                             kernels->sigmoid};
		for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++)
			functions[f](a.x, b.x, n);
		kernels->add(a.x, b.x, c.x, n);
		for (int kind = 0; kind < CLN_N_OPTIMIZERS; kind++)
			kernels->optimize(&(struct optimizer_args){.w = a.x, .first = b.x, .second = c.x, .g = d.x, .n = n,
			                                           .kind = (enum cln_optimizer)kind});
		ck_assert(kernels->sum_squares(d.x, n) > 0.0);
		fence_free(&a), fence_free(&b), fence_free(&c), fence_free(&d);
	}
}
END_TEST

START_TEST(column_kernels_stay_inside_their_arrays)
{
	const struct kernels *kernels = set_of((size_t)_i / 2);
	const bool at_end = _i % 2;
	if (!kernels)
		return;
	for (size_t m = 1; m <= 49; m++) {
		struct fence Z = draw_fence(m * PANEL, at_end), dZ = draw_fence(m * PANEL, at_end);
		struct fence y = draw_fence(m, at_end), w = draw_fence(m, at_end);
		ck_assert(isfinite(kernels->loss(&(struct loss_args){.dZ = dZ.x, .Z = Z.x, .y = y.x, .w = w.x, .m = m})));
		const struct dropout_args drop = {
			.A = Z.x, .D = dZ.x, .n = 16, .m = m, .ld = m, .unit0 = (uint32_t)m, .threshold = 9};
		kernels->dropout(&drop);
		struct fence Wt = draw_fence((m + PANEL - 1) / PANEL * PANEL * PANEL, at_end);
		kernels->transpose_panel(Wt.x, Z.x, PANEL, m, 0, 0, m);
		ck_assert_float_eq(Wt.x[0], Z.x[0]);
		fence_free(&Z), fence_free(&dZ), fence_free(&y), fence_free(&w), fence_free(&Wt);
	}
}
END_TEST

static void add_case(Suite *suite, const char *name, const TTest *const *tests, size_t n, int end)
{
	TCase *tcase = tcase_create(name);
	tcase_set_timeout(tcase, 30);
	for (size_t i = 0; i < n; i++)
		tcase_add_loop_test(tcase, tests[i], 0, end);
	suite_add_tcase(suite, tcase);
}

static Suite *make_suite(void)
{
	Suite *suite = suite_create("kernels");
	const int sets = (int)number_of_sets();
#define TESTS(...) (const TTest *const[]){__VA_ARGS__}
#define ADD_CASE(name, end, ...) add_case(suite, name, TESTS(__VA_ARGS__), sizeof(TESTS(__VA_ARGS__)) / sizeof(TTest *), end)
	ADD_CASE("select", 1, select_gives_the_best_supported_set_and_each_by_name, select_refuses_an_unknown_name,
	         derivatives_come_from_the_cheapest_source);
	ADD_CASE("sums", sets, fma_peak_does_24_steps_a_round, add_rounds_each_sum_once,
	         sum_squares_is_sixteen_chains_added_in_order, transpose_panel_copies_its_inputs_and_nothing_else);
	ADD_CASE("loss", sets, loss_and_gradient_follow_the_equation,
	         loss_writes_zeros_beside_its_unit_and_nothing_behind_its_columns, loss_without_weights_is_that_with_weights_of_one,
	         loss_of_a_confident_right_answer_does_not_cancel, dz_below_two_to_the_minus_eighty_becomes_zero,
	         loss_has_the_bits_of_generic);
	ADD_CASE("optimizer", sets, optimizer_step_follows_its_equations, optimizer_step_has_the_bits_of_generic,
	         moments_below_two_to_the_minus_hundred_become_zero, l1_penalty_does_not_move_a_weight_of_zero);
	ADD_CASE("dropout", sets, dropout_keeps_the_units_whose_word_reaches_the_threshold);
	ADD_CASE("fences", 2 * sets, elementwise_kernels_stay_inside_their_arrays, column_kernels_stay_inside_their_arrays);
	return suite;
}

TESTING_MAIN(make_suite)
