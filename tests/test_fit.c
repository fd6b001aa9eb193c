/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <stdio.h>

#include "base/dmath.h"
#include "base/rng.h"
#include "kernels/dispatch.h"
#include "model/model.h"
#include "tables.h"
#include "train/predict.h"

/* ---------------------------------------------------------------- tables and configs */

/* Rows on a ring ("out") and inside of it ("in"), a category that says nothing, gaps in one column, and weights 1 .. 4. */
static struct cln_table *ring_table(size_t n, uint32_t draw)
{
	struct cln_table *table = tables_create(n, 5);
	float *numbers = mem_alloc(n, 4 * sizeof *numbers, NULL);
	const char **texts = mem_alloc(n, 2 * sizeof *texts, NULL);
	static const char *const colours[] = {"red", "green", "blue", NULL};
	struct rng rng;

	ck_assert(numbers && texts);
	rng_start(&rng, 11, RNG_TEST, draw, 0);
	for (size_t i = 0; i < n; i++) {
		bool out = rng_below(&rng, 3) == 0;
		double radius = (out ? 2 : 0.5) + 0.4 * rng_uniform(&rng), turn = rng_uniform(&rng);

		numbers[i] = (float)(radius * dmath_cos_2pi(turn));
		numbers[n + i] = (float)(radius * dmath_sin_2pi(turn));
		numbers[2 * n + i] = i % 10 == 3 ? NAN : (float)rng_normal(&rng);
		numbers[3 * n + i] = (float)(1 + i % 4);
		texts[i] = colours[rng_below(&rng, 4)];
		texts[n + i] = out ? "out" : "in";
	}
	tables_numbers(table, 0, "x", numbers);
	tables_numbers(table, 1, "y", numbers + n);
	tables_numbers(table, 2, "noise", numbers + 2 * n);
	tables_texts(table, 3, "colour", texts);
	tables_texts(table, 4, "where", texts + n);
	mem_free(texts);
	mem_free(numbers);
	return table;
}

static struct cln_config small_config(void)
{
	struct cln_config config;

	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.valid_fraction = 0;
	config.n_hidden = 1;
	config.hidden[0] = 16;
	config.learning_rate = 0.02;
	config.batch_size = 32;
	config.epochs = 60;
	config.threads = 1;
	return config;
}

static struct cln_model *fitted(const struct cln_table *table, const struct cln_config *config, struct cln_fit_summary *summary)
{
	struct cln_model *model;

	assert_ok(cln_model_fit(&model, table, NULL, NULL, NULL, config, NULL, summary, &err));
	return model;
}

/* ---------------------------------------------------------------- learning */

START_TEST(a_separable_table_is_learnt_completely)
{
	struct cln_table *table = ring_table(200, 0);
	struct cln_config config = small_config();
	struct cln_fit_summary summary;
	struct cln_model *model = fitted(table, &config, &summary);

	ck_assert_uint_eq(summary.train.rows, 200);
	ck_assert_uint_eq(summary.epochs, 60);
	ck_assert_double_eq(summary.train.accuracy, 1);
	ck_assert_double_eq(summary.train.auc, 1);
	ck_assert_str_eq(cln_model_label_value(model, 1), "out");
	ck_assert_str_eq(cln_model_label_value(model, 0), "in");
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

static Suite *fit_suite(void)
{
	Suite *suite = suite_create("fit");
	TCase *learn = tcase_create("learning");

	tcase_add_test(learn, a_separable_table_is_learnt_completely);
	suite_add_tcase(suite, learn);
	return suite;
}

TESTING_MAIN(fit_suite)
