/* SPDX-License-Identifier: MIT
 * Optimizers over several steps against their published form in double. */
#include "testing.h"

#include <float.h>

#include "base/mem.h"
#include "base/rng.h"
#include "kernels/dispatch.h"
#include "train/optimizer.h"

#define N 48
#define STEPS 25
#define BATCH 32

/* The published update equations, one parameter, in double: doc/derivation.md has them with their sources. */
struct reference {
	double w, first, second;
};

static void reference_step(struct reference *r, const struct cln_config *c, double g, int t)
{
	g += c->l1 * (r->w > 0 ? 1 : r->w < 0 ? -1 : 0) + c->l2 * r->w;
	r->w *= 1 - c->learning_rate * c->weight_decay;
	const double lr = c->learning_rate;
	switch (c->optimizer) {
	case CLN_SGD: r->w -= lr * g; break;
	case CLN_MOMENTUM:
		r->first = c->momentum * r->first + g;
		r->w -= lr * r->first;
		break;
	case CLN_NESTEROV:
		r->first = c->momentum * r->first + g;
		r->w -= lr * (g + c->momentum * r->first);
		break;
	case CLN_RMSPROP:
		r->second = c->momentum * r->second + (1 - c->momentum) * g * g;
		r->w -= lr * g / (sqrt(r->second) + c->epsilon);
		break;
	default:
		r->first = c->beta1 * r->first + (1 - c->beta1) * g;
		r->second = c->beta2 * r->second + (1 - c->beta2) * g * g;
		r->w -= lr * (r->first / (1 - pow(c->beta1, t))) / (sqrt(r->second / (1 - pow(c->beta2, t))) + c->epsilon);
	}
}

static struct cln_config config_of(enum cln_optimizer kind)
{
	return (struct cln_config){.optimizer = kind,
	                           .learning_rate = 0.01,
	                           .momentum = 0.9,
	                           .beta1 = 0.9,
	                           .beta2 = 0.999,
	                           .epsilon = 1e-8,
	                           .l1 = 1e-3,
	                           .l2 = 1e-2,
	                           .weight_decay = 0.1};
}

/* One step of the engine on sums over BATCH columns, as the trainer calls it. */
static void engine_step(const struct kernels *kernels, struct optimizer *o, float *w, const float *sums, const struct cln_config *c,
                        int t)
{
	struct optimizer_args args = optimizer_constants(c, c->learning_rate, (uint64_t)t);
	args.w = w;
	args.first = o->first;
	args.second = o->second;
	args.g = sums;
	args.n = N;
	args.scale = 1.0f / BATCH;
	kernels->optimize(&args);
}

/* Each step makes fewer than 16 roundings (u = eps/2 each) of quantities no larger than the weight or 10 times the largest step
 * (the sum of a momentum's geometric series); errors of earlier steps are carried along, never grown beyond that factor. */
static double bound(double w, double largest_step)
{
	return STEPS * 16 * (FLT_EPSILON / 2) * (fabs(w) + 10 * largest_step);
}

START_TEST(steps_follow_the_published_equations)
{
	const struct cln_config config = config_of((enum cln_optimizer)_i);
	const struct kernels *kernels;
	assert_ok(kernels_select(&kernels, NULL, &err));
	struct optimizer optimizer;
	assert_ok(optimizer_create(&optimizer, config.optimizer, N, &err));
	float *w = mem_alloc(N, sizeof *w, NULL), *g = mem_alloc(N, sizeof *g, NULL);
	struct reference reference[N] = {{0}};
	double largest_step[N] = {0};
	struct rng rng;
	rng_start(&rng, 1, RNG_TEST, 0, 0);
	for (size_t i = 0; i < N; i++) {
		w[i] = i == 3 ? 0 : (float)rng_normal(&rng);
		reference[i].w = w[i];
	}
	for (int t = 1; t <= STEPS; t++) {
		for (size_t i = 0; i < N; i++) {
			g[i] = (float)(BATCH * (1 + 0.3 * rng_normal(&rng)) * (i % 2 ? 1 : -1));
			const double before = reference[i].w;
			reference_step(&reference[i], &config, (double)g[i] / BATCH, t);
			largest_step[i] = fmax(largest_step[i], fabs(reference[i].w - before));
		}
		engine_step(kernels, &optimizer, w, g, &config, t);
	}
	for (size_t i = 0; i < N; i++)
		ck_assert_msg(fabs((double)w[i] - reference[i].w) <= bound(reference[i].w, largest_step[i]),
		              "w[%zu] = %.9g, not %.9g", i, (double)w[i], reference[i].w);
	mem_free(w);
	mem_free(g);
	optimizer_free(&optimizer);
}
END_TEST

START_TEST(moments_exist_where_they_are_used)
{
	const bool first[] = {false, true, true, false, true, true}, second[] = {false, false, false, true, true, true};
	struct optimizer optimizer;
	assert_ok(optimizer_create(&optimizer, (enum cln_optimizer)_i, N, &err));
	ck_assert_int_eq(optimizer.first != NULL, first[_i]);
	ck_assert_int_eq(optimizer.second != NULL, second[_i]);
	optimizer_free(&optimizer);
}
END_TEST

START_TEST(a_gradient_gone_to_zero_leaves_no_denormals)
{
	const struct cln_config config = config_of(CLN_ADAM);
	const struct kernels *kernels;
	assert_ok(kernels_select(&kernels, NULL, &err));
	struct optimizer optimizer;
	assert_ok(optimizer_create(&optimizer, CLN_ADAM, N, &err));
	struct cln_config bare = config;
	bare.l1 = bare.l2 = bare.weight_decay = 0;
	float *w = mem_alloc(N, sizeof *w, NULL), *g = mem_alloc(N, sizeof *g, NULL);
	for (size_t i = 0; i < N; i++)
		g[i] = 1e-3f;
	engine_step(kernels, &optimizer, w, g, &bare, 1);
	memset(g, 0, N * sizeof *g);
	for (int t = 2; t < 2000; t++)
		engine_step(kernels, &optimizer, w, g, &bare, t);
	for (size_t i = 0; i < N; i++)
		ck_assert(optimizer.first[i] == 0 || fabsf(optimizer.first[i]) >= 0x1p-100f);
	mem_free(w);
	mem_free(g);
	optimizer_free(&optimizer);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("optimizer");
	TCase *tcase = tcase_create("optimizer");
	tcase_add_loop_test(tcase, steps_follow_the_published_equations, 0, CLN_N_OPTIMIZERS);
	tcase_add_loop_test(tcase, moments_exist_where_they_are_used, 0, CLN_N_OPTIMIZERS);
	tcase_add_test(tcase, a_gradient_gone_to_zero_leaves_no_denormals);
	suite_add_tcase(suite, tcase);
	return suite;
}

TESTING_MAIN(make_suite)
