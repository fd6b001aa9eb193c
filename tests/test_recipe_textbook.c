/* SPDX-License-Identifier: MIT
 * The recipe `textbook` on the ten patients: its seed learns, the engine follows the textbook, and the file gives the same. */
#include "testing.h"

#include <stdio.h>

#include "recipe_runs.h"

static const double LN_2 = 0.69314718055994530942;

static struct cln_config recipe(void)
{
	struct cln_config config;

	assert_ok(cln_config_recipe(&config, "textbook", &err));
	return config;
}

static struct recipe_run run(uint64_t seed, bool standardise)
{
	struct recipe_run result;

	assert_ok(recipe_run(&result, seed, standardise, &err));
	return result;
}

/* A tenth of what knowing nothing costs, ln 2, and a bit: the run ends at 0.0703. */
START_TEST(the_cost_falls_with_the_seed_of_the_recipe)
{
	const struct recipe_run result = run(recipe().seed, false);

	ck_assert_double_lt(result.engine, 0.1);
	ck_assert_double_lt(result.engine, 0.2 * result.first);
}
END_TEST

/* "Learns": ends more than 1 % below ln 2, the cost of knowing nothing, and calls all ten patients right. */
static bool learns(uint64_t seed, bool standardise)
{
	const struct recipe_run result = run(seed, standardise);

	return result.engine < 0.99 * LN_2 && result.right == RECIPE_PATIENTS;
}

START_TEST(the_seed_is_the_first_that_learns_raw_and_standardised)
{
	for (uint64_t seed = 1; seed < recipe().seed; seed++)
		ck_assert(!learns(seed, false) || !learns(seed, true));
	ck_assert(learns(recipe().seed, false) && learns(recipe().seed, true));
}
END_TEST

START_TEST(the_engine_follows_the_textbook_for_a_thousand_epochs)
{
	ck_assert_double_le(fabs(run(recipe().seed, false).worst), 1e-4);
	ck_assert_double_le(fabs(run(recipe().seed, true).worst), 1e-4);
}
END_TEST

/* Fits the file as the command line does; scale: as --scale. */
static struct cln_fit_summary fit_file(enum cln_scale scale)
{
	struct cln_config config = recipe();
	struct cln_fit_summary summary;
	struct cln_table *table;
	struct cln_model *model;
	char path[4096];
	const char *top = getenv("top_srcdir");

	snprintf(path, sizeof path, "%s/examples/cvd.csv", top ? top : ".");
	config.scale = scale;
	assert_ok(cln_table_read(&table, path, NULL, &err));
	assert_ok(cln_model_fit(&model, table, NULL, NULL, NULL, &config, NULL, &summary, &err));
	cln_model_destroy(model);
	cln_table_destroy(table);
	return summary;
}

/* The summary's loss is that of the same weights by the engine's forward pass: 1e-4 as in the promise. */
START_TEST(fitting_the_example_file_is_that_run)
{
	const struct recipe_run expected = run(recipe().seed, false);
	const struct cln_fit_summary summary = fit_file(CLN_SCALE_NONE);

	ck_assert_uint_eq(summary.epochs, RECIPE_EPOCHS);
	ck_assert_uint_eq(summary.train.rows, RECIPE_PATIENTS);
	ck_assert_double_eq_tol(summary.train.log_loss, expected.engine, 1e-4 * expected.engine);
}
END_TEST

START_TEST(with_standardised_features_the_table_is_learnt)
{
	const struct cln_fit_summary summary = fit_file(CLN_SCALE_STANDARDISE);

	ck_assert_double_eq(summary.train.accuracy, 1);
	ck_assert_double_eq(summary.train.auc, 1);
}
END_TEST

static Suite *recipe_suite(void)
{
	Suite *suite = suite_create("recipe textbook");
	TCase *tcase = tcase_create("patients");

	tcase_set_timeout(tcase, 20); /* under sanitizers */
	tcase_add_test(tcase, the_cost_falls_with_the_seed_of_the_recipe);
	tcase_add_test(tcase, the_seed_is_the_first_that_learns_raw_and_standardised);
	tcase_add_test(tcase, the_engine_follows_the_textbook_for_a_thousand_epochs);
	tcase_add_test(tcase, fitting_the_example_file_is_that_run);
	tcase_add_test(tcase, with_standardised_features_the_table_is_learnt);
	suite_add_tcase(suite, tcase);
	return suite;
}

TESTING_MAIN(recipe_suite)
