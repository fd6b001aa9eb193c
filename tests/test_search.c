/* SPDX-License-Identifier: MIT
 * The rules of a search: draws lie in their ranges and are spread as they should be, rungs, ranks. */
#include "testing.h"

#include "api/search.h"
#include "base/dmath.h"
#include "cli/options.h"

#define DRAWS 20000

/* ---------------------------------------------------------------- draws */

static double draw(const struct search_range *range, const char *option, size_t trial)
{
	struct rng rng;

	search_stream(&rng, 1, option, trial);
	return search_draw(&rng, range);
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The greatest distance of the draws' distribution from that of F, which is of 0 to 1.  Massart: it exceeds e with probability
 * 2 exp(-2 n e^2) at most, so 1e-9 for e = sqrt(ln(2e9) / 2n). */
static void assert_distributed(double *u, const char *what)
{
	const double bound = sqrt(dmath_log(2e9) / (2 * DRAWS));
	double distance = 0;

	qsort(u, DRAWS, sizeof *u, ascending);
	for (size_t i = 0; i < DRAWS; i++) {
		distance = fmax(distance, fabs(u[i] - (double)i / DRAWS));
		distance = fmax(distance, fabs(u[i] - (double)(i + 1) / DRAWS));
	}
	ck_assert_msg(distance <= bound, "%s: %g from what it should be, not %g", what, distance, bound);
}

static double u[DRAWS];

START_TEST(numbers_are_spread_over_a_range)
{
	const struct search_range range = {.low = -2, .high = 3};

	for (size_t t = 0; t < DRAWS; t++) {
		const double x = draw(&range, "dropout", t + 1);
		ck_assert(x >= range.low && x <= range.high);
		u[t] = (x - range.low) / 5;
	}
	assert_distributed(u, "uniform");
}
END_TEST

/* Four digits move a draw by 5e-4 of itself at most, and so its place on the logarithmic scale by 5e-4 / ln(1000) = 7e-5, which is
 * little beside the bound of 0.023. */
START_TEST(ratios_are_spread_over_a_logarithmic_range)
{
	const struct search_range range = {.low = 1e-4, .high = 1e-1, .logarithmic = true};

	for (size_t t = 0; t < DRAWS; t++) {
		const double x = draw(&range, "lr", t + 1);
		ck_assert(x >= range.low && x <= range.high);
		u[t] = dmath_log(x / range.low) / dmath_log(1000);
	}
	assert_distributed(u, "logarithmic");
}
END_TEST

START_TEST(whole_numbers_reach_both_ends_evenly)
{
	const struct search_range range = {.low = 3, .high = 6, .whole = true};
	size_t n[4] = {0};

	for (size_t t = 0; t < DRAWS; t++) {
		const double x = draw(&range, "patience", t + 1);
		ck_assert(x >= 3 && x <= 6 && x == floor(x));
		n[(size_t)x - 3]++;
	}
	/* Hoeffding: a share is off by e with probability 2 exp(-2 n e^2) at most: 1e-9 for the bound above. */
	for (size_t k = 0; k < 4; k++)
		ck_assert_double_le(fabs((double)n[k] / DRAWS - 0.25), sqrt(dmath_log(2e9) / (2 * DRAWS)));
}
END_TEST

START_TEST(whole_numbers_of_a_logarithmic_range_have_the_share_of_their_ratio)
{
	const struct search_range range = {.low = 1, .high = 4, .whole = true, .logarithmic = true};
	size_t n[4] = {0};

	for (size_t t = 0; t < DRAWS; t++) {
		const double x = draw(&range, "batch-size", t + 1);
		ck_assert(x >= 1 && x <= 4 && x == floor(x));
		n[(size_t)x - 1]++;
	}
	for (size_t k = 1; k <= 4; k++)
		ck_assert_double_le(fabs((double)n[k - 1] / DRAWS - dmath_log((double)(k + 1) / (double)k) / dmath_log(5)),
				    sqrt(dmath_log(2e9) / (2 * DRAWS)));
}
END_TEST

START_TEST(numbers_have_four_digits)
{
	const struct search_range ranges[] = {{.low = 0, .high = 1}, {.low = 1e-30, .high = 1e-3, .logarithmic = true},
					      {.low = 0.5, .high = 1e6, .logarithmic = true}};

	for (size_t i = 0; i < 3; i++) {
		for (size_t t = 0; t < 1000; t++) {
			char text[NUMBER_TEXT];
			const double x = draw(&ranges[i], "lr", t);
			size_t digits = 0;
			number_from_double(text, x);
			for (const char *c = text; *c && *c != 'e'; c++)
				digits += (*c >= '1' && *c <= '9') || (*c == '0' && digits > 0 && x < 1000);
			ck_assert_msg(digits <= 4 || x < 1e-18, "%s", text);
		}
	}
}
END_TEST

START_TEST(a_draw_depends_on_seed_option_and_trial_alone)
{
	const struct search_range range = {.low = 0, .high = 1};
	struct rng rng;

	ck_assert(draw(&range, "lr", 1) == draw(&range, "lr", 1));
	ck_assert(draw(&range, "lr", 1) != draw(&range, "lr", 2));
	ck_assert(draw(&range, "lr", 1) != draw(&range, "dropout", 1));
	search_stream(&rng, 2, "lr", 1);
	ck_assert(search_draw(&rng, &range) != draw(&range, "lr", 1));
}
END_TEST

/* The stream is keyed by 24 bits of the option's name. */
START_TEST(no_two_options_share_a_stream)
{
	for (size_t i = 0; options_spec(i); i++) {
		for (size_t k = 0; k < i; k++) {
			struct rng a, b;
			search_stream(&a, 1, options_spec(i)->name, 7);
			search_stream(&b, 1, options_spec(k)->name, 7);
			ck_assert_msg(strcmp(options_spec(i)->name, options_spec(k)->name) == 0 ||
					  memcmp(a.counter, b.counter, sizeof a.counter) != 0,
				      "%s and %s", options_spec(i)->name, options_spec(k)->name);
		}
	}
}
END_TEST

/* ---------------------------------------------------------------- rungs */

START_TEST(the_last_rung_has_two_trials_and_all_epochs)
{
	struct search_plan plan = search_plan(27, 3, 30);

	ck_assert_uint_eq(plan.rungs, 3);
	ck_assert_uint_eq(search_rung_trials(&plan, 0), 27);
	ck_assert_uint_eq(search_rung_trials(&plan, 1), 9);
	ck_assert_uint_eq(search_rung_trials(&plan, 2), 3);
	ck_assert_uint_eq(search_rung_epochs(&plan, 0, 30), 4);
	ck_assert_uint_eq(search_rung_epochs(&plan, 1, 30), 10);
	ck_assert_uint_eq(search_rung_epochs(&plan, 2, 30), 30);
	ck_assert_uint_eq(search_rung_epochs(&plan, 2, 90), 90);
	for (size_t trials = 1; trials < 200; trials++) {
		for (size_t eta = 2; eta < 6; eta++) {
			for (size_t epochs = 0; epochs < 40; epochs++) {
				plan = search_plan(trials, eta, epochs);
				const size_t last = plan.rungs - 1;
				ck_assert_uint_eq(search_rung_epochs(&plan, last, epochs), epochs);
				ck_assert(last == 0 || (search_rung_trials(&plan, last) >= 2 &&
							search_rung_epochs(&plan, 0, epochs) >= SEARCH_LEAST_EPOCHS));
			}
		}
	}
}
END_TEST

START_TEST(without_halving_there_is_one_rung)
{
	const struct search_plan plan = search_plan(100, 0, 100);

	ck_assert_uint_eq(plan.rungs, 1);
	ck_assert_uint_eq(search_rung_trials(&plan, 0), 100);
	ck_assert_uint_eq(search_rung_epochs(&plan, 0, 17), 17);
}
END_TEST

START_TEST(epochs_that_are_auto_are_chosen_by_the_rows)
{
	struct cln_config config;

	assert_ok(cln_config_recipe(&config, "default", &err));
	config.ensemble = 1;
	config.effort = CLN_QUICK;
	ck_assert_uint_eq(search_epochs(&config, 1000), 48);    /* doc/recipe.md: 48 at most, 2.4e6 rows in all */
	ck_assert_uint_eq(search_epochs(&config, 100000), 24);
	config.epochs = 7;
	ck_assert_uint_eq(search_epochs(&config, 1000), 7);
}
END_TEST

/* ---------------------------------------------------------------- ranks */

static void assert_order(const struct search_score *scores, size_t n, const char *expected)
{
	char order[64] = "";

	for (size_t i = 0; i < n; i++)
		order[i] = (char)('0' + scores[i].trial);
	ck_assert_str_eq(order, expected);
}

START_TEST(the_least_loss_and_the_greatest_auc_are_best)
{
	const struct search_score given[] = {{1, 0.5, false}, {2, 0.3, false}, {3, NAN, false}, {4, NAN, true}, {5, 0.4, false},
					     {6, 0.3, false}};
	struct search_score scores[6];

	memcpy(scores, given, sizeof given);
	search_rank(scores, 6, CLN_LOG_LOSS);
	assert_order(scores, 6, "265134");
	search_rank(scores, 6, CLN_AUC);
	assert_order(scores, 6, "152634");
	memcpy(scores, given, sizeof given);
	search_rank(scores, 6, CLN_ACCURACY);
	assert_order(scores, 6, "152634");
}
END_TEST

START_TEST(the_metric_is_the_one_asked_for)
{
	const struct cln_metrics metrics = {.log_loss = 1, .auc = 2, .accuracy = 3};

	ck_assert(search_value(&metrics, CLN_LOG_LOSS) == 1);
	ck_assert(search_value(&metrics, CLN_AUC) == 2);
	ck_assert(search_value(&metrics, CLN_ACCURACY) == 3);
}
END_TEST

START_TEST(folds_count_as_one_another)
{
	const struct cln_metrics parts[] = {{.rows = 10, .log_loss = 1, .auc = 0.5, .accuracy = 0.25},
					    {.rows = 30, .log_loss = 2, .auc = 1, .accuracy = 0.75}};
	const struct cln_metrics mean = search_mean(parts, 2);

	ck_assert_uint_eq(mean.rows, 40);
	ck_assert(mean.log_loss == 1.5 && mean.auc == 0.75 && mean.accuracy == 0.5);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("search");
	TCase *draws = tcase_create("draws"), *rungs = tcase_create("rungs"), *ranks = tcase_create("ranks");

	tcase_add_test(draws, numbers_are_spread_over_a_range);
	tcase_add_test(draws, ratios_are_spread_over_a_logarithmic_range);
	tcase_add_test(draws, whole_numbers_reach_both_ends_evenly);
	tcase_add_test(draws, whole_numbers_of_a_logarithmic_range_have_the_share_of_their_ratio);
	tcase_add_test(draws, numbers_have_four_digits);
	tcase_add_test(draws, a_draw_depends_on_seed_option_and_trial_alone);
	tcase_add_test(draws, no_two_options_share_a_stream);
	tcase_add_test(rungs, the_last_rung_has_two_trials_and_all_epochs);
	tcase_add_test(rungs, without_halving_there_is_one_rung);
	tcase_add_test(rungs, epochs_that_are_auto_are_chosen_by_the_rows);
	tcase_add_test(ranks, the_least_loss_and_the_greatest_auc_are_best);
	tcase_add_test(ranks, the_metric_is_the_one_asked_for);
	tcase_add_test(ranks, folds_count_as_one_another);
	suite_add_tcase(suite, draws);
	suite_add_tcase(suite, rungs);
	suite_add_tcase(suite, ranks);
	return suite;
}

TESTING_MAIN(make_suite)
