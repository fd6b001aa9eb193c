/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include "api/bench.h"

static const struct bench_shape small = {.inputs = 4, .rows = 300, .embedded = CLN_AUTO};

static const struct {
	size_t n[6], n_layers;
	double flops;
} workloads[] = {
    {{30, 64, 32, 1}, 3, 20160},
    {{28, 300, 300, 300, 300, 1}, 5, 1655400},
    {{128, 256, 256, 256, 1}, 4, 919040},
};

/* Counted by hand: W1 has 4 30 64 + 6 64 32 + 6 32 1 = 20160. */
START_TEST(operations_of_a_row_are_those_of_its_products)
{
	ck_assert_double_eq(bench_flops_per_row(workloads[_i].n, workloads[_i].n_layers, false), workloads[_i].flops);
}
END_TEST

START_TEST(a_quantile_is_the_value_of_nearest_rank)
{
	double values[] = {3, 1, 10, 7, 5, 9, 2, 8, 4, 6}, one[] = {7};

	ck_assert_double_eq(bench_quantile(values, 10, 0.5), 5);
	ck_assert_double_eq(bench_quantile(values, 10, 0.9), 9);
	ck_assert_double_eq(bench_quantile(values, 10, 1), 10);
	ck_assert_double_eq(bench_quantile(values, 10, 0), 1);
	ck_assert_double_eq(bench_quantile(one, 1, 0.9), 7);
}
END_TEST

START_TEST(units_that_are_auto_are_chosen)
{
	struct bench_result result;
	struct cln_config config;

	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.threads = 1;
	config.n_hidden = CLN_AUTO;
	config.effort = CLN_USUAL;
	assert_ok(bench_run(&result, &config, &small, 0.1, false, &err));
	ck_assert_double_eq(result.flops_per_row, 4. * 4 * 256 + 6. * 256 * 256 + 6. * 256 * 256 + 6. * 256);
	bench_result_free(&result);
	config.effort = CLN_N_EFFORTS;
	ck_assert_int_eq(bench_run(&result, &config, &small, 0.1, false, &(struct cln_error){0}), CLN_E_USAGE);
	bench_result_free(&result);
}
END_TEST

START_TEST(the_figures_of_a_run_follow_from_one_another)
{
	struct bench_result result;
	struct cln_config config;

	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.threads = 2;
	assert_ok(bench_run(&result, &config, &small, 0.2, true, &err));
	ck_assert_uint_gt(result.windows, 0);
	ck_assert_double_gt(result.rows_per_second, 0);
	ck_assert_double_ge(result.rows_per_second_best, result.rows_per_second);
	ck_assert_double_eq(result.flops_per_row, 4. * 4 * 128 + 6. * 128 * 64 + 6. * 64);
	/* Each figure is a product of two or three others: a few roundings apart. */
	ck_assert_double_eq_tol(result.gflops, result.rows_per_second * result.flops_per_row / 1e9, 1e-12 * result.gflops);
	ck_assert_double_eq_tol(result.fraction_of_peak * result.peak_gflops,
				result.rows_per_second_best * result.flops_per_row / 1e9, 1e-12 * result.peak_gflops);
	ck_assert_uint_gt(result.fractions, 0);
	ck_assert_uint_le(result.fractions, result.windows);
	ck_assert_double_gt(result.fraction_at_clock, 0); /* the peaks right behind the windows are not in the result */
	ck_assert_double_eq(bench_quantile(result.window_fraction_at_clock, result.fractions, 0.5), result.fraction_at_clock);
	ck_assert_double_eq(bench_quantile(result.window_rows_per_second, result.windows, 0.5), result.rows_per_second);
	ck_assert_double_eq(bench_quantile(result.window_rows_per_second, result.windows, 0.9), result.rows_per_second_best);
	ck_assert_double_eq(bench_quantile(result.window_peak_gflops, result.peaks, 0.9), result.peak_gflops);
	/* Two steps an epoch, of 150 rows on average; a first layer of 4 x 128 has no backward product. */
	const double per_step = 150 / (result.peak_gflops * 1e9), forward = 2. * 4 * 128 + 2. * 128 * 64 + 2. * 64;
	ck_assert_double_eq_tol(result.phase_fraction[PHASE_FORWARD] * result.phase_seconds[PHASE_FORWARD], forward * per_step,
				1e-12 * forward * per_step);
	ck_assert_double_eq_tol(result.phase_fraction[PHASE_BACKWARD] * result.phase_seconds[PHASE_BACKWARD],
				(forward - 2. * 4 * 128) * per_step, 1e-12 * forward * per_step);
	ck_assert_double_eq(result.phase_fraction[PHASE_GATHER], 0);
	ck_assert_double_gt(result.tile_gflops, 0);
	bench_result_free(&result);
}
END_TEST

START_TEST(the_phases_of_a_step_are_measured_where_asked_for)
{
	struct bench_result result;
	struct cln_config config;

	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.threads = 1;
	const double start = clock_seconds();
	assert_ok(bench_run(&result, &config, &small, 0.2, true, &err));
	const double elapsed = clock_seconds() - start;
	double sum = 0;
	for (int phase = 0; phase < PHASE_EXCHANGE; phase++) {
		ck_assert(phase == PHASE_REDUCTION || result.phase_seconds[phase] > 0);
		sum += result.phase_seconds[phase];
	}
	ck_assert(result.has_phases);
	ck_assert_double_lt(sum, elapsed);
	bench_result_free(&result);
	assert_ok(bench_run(&result, &config, &small, 0.2, false, &err));
	ck_assert(!result.has_phases);
	bench_result_free(&result);
}
END_TEST

/* What was measured until then is not lost sight of: sanitizers look for it. */
START_TEST(a_divergence_is_told_and_leaves_nothing)
{
	struct bench_result result;
	struct cln_config config;

	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.threads = 1;
	config.learning_rate = 1e6;
	config.optimizer = CLN_SGD;
	ck_assert_int_eq(bench_run(&result, &config, &small, 0.2, false, &(struct cln_error){0}), CLN_E_DIVERGED);
	bench_result_free(&result);
}
END_TEST

/* By the rule that an ensemble has, of all threads together. */
START_TEST(members_are_trained_in_lanes)
{
	const struct bench_shape shape = {
	    .inputs = 6, .rows = 300, .members = 4, .embedded = 3, .binned = 2, .numbered = 2, .levels = 9};
	struct bench_result result;
	struct cln_config config;

	assert_ok(cln_config_recipe(&config, "default", &err));
	config.n_hidden = 1;
	config.hidden[0] = 8;
	config.level_values = 5;
	for (config.threads = 1; config.threads <= 2; config.threads++) {
		assert_ok(bench_run(&result, &config, &shape, 0.2, false, &err));
		ck_assert_int_eq(result.lanes, config.threads);
		ck_assert_int_eq(result.threads, config.threads);
		/* 6 inputs, 3 waves with 3 values each, 2 levels with 4 values beside the first, 2 binned with 8 */
		ck_assert_double_eq(result.flops_per_row, 6. * (6 + 3 * 3 + 2 * 4 + 2 * 8) * 8 + 6. * 8);
		ck_assert_uint_gt(result.windows, 0);
		ck_assert_uint_gt(result.peaks, 0);
		bench_result_free(&result);
	}
	ck_assert_int_eq(bench_run(&result, &config, &shape, 0.2, true, &(struct cln_error){0}), CLN_E_USAGE);
	bench_result_free(&result);
}
END_TEST

START_TEST(more_features_than_there_are_are_refused)
{
	static const struct bench_shape shapes[] = {{.inputs = 3, .rows = 9, .embedded = 4},
						    {.inputs = 3, .rows = 9, .binned = 3, .numbered = 1},
						    {.inputs = 3, .rows = 9, .numbered = 4}};
	struct bench_result result;
	struct cln_config config;

	assert_ok(cln_config_recipe(&config, "plain", &err));
	ck_assert_int_eq(bench_run(&result, &config, &shapes[_i], 0.1, false, &(struct cln_error){0}), CLN_E_USAGE);
	bench_result_free(&result);
}
END_TEST

static Suite *bench_suite(void)
{
	Suite *suite = suite_create("bench");
	TCase *figures = tcase_create("figures"), *run = tcase_create("run");

	tcase_add_loop_test(figures, operations_of_a_row_are_those_of_its_products, 0, sizeof workloads / sizeof *workloads);
	tcase_add_test(figures, a_quantile_is_the_value_of_nearest_rank);
	tcase_add_test(run, the_figures_of_a_run_follow_from_one_another);
	tcase_add_test(run, units_that_are_auto_are_chosen);
	tcase_add_test(run, the_phases_of_a_step_are_measured_where_asked_for);
	tcase_add_test(run, members_are_trained_in_lanes);
	tcase_add_loop_test(run, more_features_than_there_are_are_refused, 0, 3);
	tcase_add_test(run, a_divergence_is_told_and_leaves_nothing);
	tcase_set_timeout(run, 60);
	suite_add_tcase(suite, figures);
	suite_add_tcase(suite, run);
	return suite;
}

TESTING_MAIN(bench_suite)
