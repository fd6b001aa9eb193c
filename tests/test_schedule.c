/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include "train/schedule.h"

#define STEPS 100
#define PER_EPOCH 10

static struct cln_config config_of(enum cln_schedule schedule)
{
	return (struct cln_config){
	    .schedule = schedule, .learning_rate = 0.1, .warmup_fraction = 0.2, .step_epochs = 3, .step_factor = 0.5};
}

static double rate(enum cln_schedule schedule, size_t step)
{
	const struct cln_config config = config_of(schedule);
	return schedule_rate(&config, step, STEPS, PER_EPOCH);
}

/* A handful of double operations, each within half an ulp, on values up to 1: 1e-15 is ample. */
#define CLOSE 1e-15

START_TEST(constant_is_the_rate)
{
	ck_assert_double_eq(rate(CLN_CONSTANT, 0), 0.1);
	ck_assert_double_eq(rate(CLN_CONSTANT, STEPS - 1), 0.1);
}
END_TEST

START_TEST(step_falls_every_step_epochs)
{
	ck_assert_double_eq(rate(CLN_STEP, 0), 0.1);
	ck_assert_double_eq(rate(CLN_STEP, 3 * PER_EPOCH - 1), 0.1);
	ck_assert_double_eq(rate(CLN_STEP, 3 * PER_EPOCH), 0.05);
	ck_assert_double_eq(rate(CLN_STEP, 9 * PER_EPOCH), 0.0125);
}
END_TEST

START_TEST(cosine_falls_from_the_rate_to_zero)
{
	ck_assert_double_eq_tol(rate(CLN_COSINE, 0), 0.1, CLOSE);
	ck_assert_double_eq_tol(rate(CLN_COSINE, STEPS / 2), 0.05, CLOSE);
	ck_assert_double_eq_tol(rate(CLN_COSINE, STEPS / 3), 0.1 * (1 + cos(M_PI * (STEPS / 3) / STEPS)) / 2, CLOSE);
	for (size_t step = 1; step < STEPS; step++)
		ck_assert_double_lt(rate(CLN_COSINE, step), rate(CLN_COSINE, step - 1));
	ck_assert_double_gt(rate(CLN_COSINE, STEPS - 1), 0);
}
END_TEST

START_TEST(warmup_rises_linearly_and_stays)
{
	ck_assert_double_eq_tol(rate(CLN_WARMUP, 0), 0.1 / 20, CLOSE);
	ck_assert_double_eq_tol(rate(CLN_WARMUP, 9), 0.05, CLOSE);
	ck_assert_double_eq_tol(rate(CLN_WARMUP, 19), 0.1, CLOSE);
	ck_assert_double_eq(rate(CLN_WARMUP, 20), 0.1);
	ck_assert_double_eq(rate(CLN_WARMUP, STEPS - 1), 0.1);
}
END_TEST

START_TEST(one_cycle_rises_to_the_rate_and_falls_far_below)
{
	ck_assert_double_eq_tol(rate(CLN_ONE_CYCLE, 0), 0.1 / 25, CLOSE);
	ck_assert_double_eq_tol(rate(CLN_ONE_CYCLE, 10), (0.1 + 0.1 / 25) / 2, CLOSE);
	ck_assert_double_eq_tol(rate(CLN_ONE_CYCLE, 20), 0.1, CLOSE);
	ck_assert_double_eq_tol(rate(CLN_ONE_CYCLE, 60), (0.1 + 0.1 / 1e4) / 2, CLOSE);
	ck_assert_double_lt(rate(CLN_ONE_CYCLE, STEPS - 1), 0.001);
}
END_TEST

START_TEST(without_warmup_one_cycle_only_falls)
{
	struct cln_config config = config_of(CLN_ONE_CYCLE);
	config.warmup_fraction = 0;
	ck_assert_double_eq_tol(schedule_rate(&config, 0, STEPS, PER_EPOCH), 0.1, CLOSE);
	config.schedule = CLN_WARMUP;
	ck_assert_double_eq(schedule_rate(&config, 0, STEPS, PER_EPOCH), 0.1);
}
END_TEST

/* Zero wherever 1 + 15 t is a power of two; the logarithm, of up to 4, is within 1e-15, its cosine's slope 2 pi. */
START_TEST(coslog4_has_four_waves)
{
	const struct cln_config config = config_of(CLN_COSLOG4);
	static const size_t valleys[] = {0, 100, 300, 700};
	for (int i = 0; i < 4; i++)
		ck_assert_double_eq_tol(schedule_rate(&config, valleys[i], 1500, PER_EPOCH), 0, 1e-14);
	for (size_t step = 0; step < 1500; step++) {
		const double t = (double)step / 1500, expected = 0.1 * (1 - cos(2 * M_PI * log2(1 + 15 * t))) / 2;
		ck_assert_double_eq_tol(schedule_rate(&config, step, 1500, PER_EPOCH), expected, 1e-14);
	}
}
END_TEST

START_TEST(flat_cosine_is_flat_and_falls_to_zero)
{
	ck_assert_double_eq(rate(CLN_FLAT_COSINE, 0), 0.1);
	ck_assert_double_eq(rate(CLN_FLAT_COSINE, STEPS / 2), 0.1);
	ck_assert_double_eq_tol(rate(CLN_FLAT_COSINE, STEPS / 4 * 3), 0.05, CLOSE);
	ck_assert_double_eq_tol(rate(CLN_FLAT_COSINE, STEPS), 0, CLOSE);
}
END_TEST

START_TEST(regularisation_stays_or_falls_as_flat_cosine_does)
{
	struct cln_config config = config_of(CLN_CONSTANT);
	ck_assert_double_eq(schedule_regularisation(&config, STEPS - 1, STEPS), 1);
	config.regularisation = CLN_REGULARISATION_FLAT_COSINE;
	for (size_t step = 0; step < STEPS; step++)
		ck_assert_double_eq_tol(schedule_regularisation(&config, step, STEPS), rate(CLN_FLAT_COSINE, step) / 0.1, CLOSE);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("schedule");
	TCase *tcase = tcase_create("rate");
	tcase_add_test(tcase, constant_is_the_rate);
	tcase_add_test(tcase, step_falls_every_step_epochs);
	tcase_add_test(tcase, cosine_falls_from_the_rate_to_zero);
	tcase_add_test(tcase, warmup_rises_linearly_and_stays);
	tcase_add_test(tcase, one_cycle_rises_to_the_rate_and_falls_far_below);
	tcase_add_test(tcase, without_warmup_one_cycle_only_falls);
	tcase_add_test(tcase, coslog4_has_four_waves);
	tcase_add_test(tcase, flat_cosine_is_flat_and_falls_to_zero);
	tcase_add_test(tcase, regularisation_stays_or_falls_as_flat_cosine_does);
	suite_add_tcase(suite, tcase);
	return suite;
}

TESTING_MAIN(make_suite)
