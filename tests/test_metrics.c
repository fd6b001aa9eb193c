/* SPDX-License-Identifier: MIT */
#include <float.h>

#include "base/dmath.h"
#include "base/rng.h"
#include "testing.h"
#include "train/metrics.h"

static struct cln_metrics metrics_of(const float *logits, const float *y, const float *w, size_t n, double threshold)
{
	struct cln_metrics metrics;

	assert_ok(metrics_compute(&metrics, logits, y, w, n, threshold, &err));
	ck_assert_uint_eq(metrics.rows, n);
	return metrics;
}

/* A sum of n positive terms in double is off by at most n DBL_EPSILON relative; a few more for products and the quotient. */
#define SUM_BOUND(n) ((double)(n + 8) * DBL_EPSILON)

/* ---------------------------------------------------------------- log loss, accuracy */

START_TEST(log_loss_and_accuracy_of_a_hand_worked_case)
{
	/* p = 1/2, 3/4, 1/5 from logits 0, log 3, -log 4 rounded to float: an error of at most FLT_EPSILON/2 * |z| <= 0.7
	 * FLT_EPSILON in z, and as much in each term since |dJ/dz| <= 1. */
	const float z[] = {0, 1.0986123f, -1.3862944f}, y[] = {1, 1, 1};
	struct cln_metrics metrics = metrics_of(z, y, NULL, 3, 0.5);

	ck_assert_double_eq_tol(metrics.log_loss, (log(2) + log(4.0 / 3) + log(5)) / 3, 0.7 * (double)FLT_EPSILON);
	ck_assert_double_eq(metrics.weight, 3);
	ck_assert_double_eq(metrics.accuracy, 2.0 / 3); /* a probability of 1/2 is positive at a threshold of 1/2 */
	ck_assert(isnan(metrics.auc));
}
END_TEST

START_TEST(log_loss_of_great_logits_neither_overflows_nor_cancels)
{
	const float z[] = {800, -800, 40, -40}, wrong[] = {0, 1, 0, 1}, right[] = {1, 0, 1, 0};

	/* softplus(z) = z + log(1 + e^-z): 800 and 40 + 4.2e-18, which is 40. */
	ck_assert_double_eq(metrics_of(z, wrong, NULL, 4, 0.5).log_loss, 420);
	/* softplus(-800) = 0; softplus(-40) = e^-40 (1 - e^-40 / 2 ...): within 4 ulp. */
	ck_assert_double_eq_tol(metrics_of(z, right, NULL, 4, 0.5).log_loss, exp(-40) / 2, 4 * DBL_EPSILON * exp(-40));
}
END_TEST

START_TEST(accuracy_uses_the_probability_that_predict_prints)
{
	/* The threshold is the float probability itself: >= holds; and just above it: it does not. */
	const float z[] = {0.3f}, y[] = {1};
	float p = (float)dmath_sigmoid((double)z[0]);

	ck_assert_double_eq(metrics_of(z, y, NULL, 1, (double)p).accuracy, 1);
	ck_assert_double_eq(metrics_of(z, y, NULL, 1, (double)nextafterf(p, 1)).accuracy, 0);
}
END_TEST

START_TEST(weights_scale_every_row)
{
	const float z[] = {0, 2, -1, 0.5f}, y[] = {0, 1, 1, 0}, w[] = {3, 0.5f, 2, 1};
	/* z = 0 and 0.5 with y = 0 are called positive, -1 with y = 1 negative: only the second row is right. */
	double weight = 6.5, loss = 3 * log(2) + 0.5 * log1p(exp(-2)) + 2 * log1p(exp(1)) + log1p(exp(0.5));
	/* pairs (positive row, negative row): (2, 0) and (2, 0.5) in order: 0.5 (3 + 1); (-1, ...) not. */
	double auc = 0.5 * 4 / (2.5 * 4);
	struct cln_metrics metrics = metrics_of(z, y, w, 4, 0.5);

	ck_assert_double_eq(metrics.weight, weight);
	ck_assert_double_eq_tol(metrics.log_loss, loss / weight, SUM_BOUND(4) * loss / weight);
	ck_assert_double_eq(metrics.accuracy, 0.5 / 6.5);
	ck_assert_double_eq_tol(metrics.auc, auc, SUM_BOUND(4));
}
END_TEST

/* ---------------------------------------------------------------- AUC */

static double auc_by_pairs(const float *z, const float *y, const float *w, size_t n)
{
	double ordered = 0, pairs = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++) {
			double weight = w ? (double)w[i] * (double)w[j] : 1;

			if (!(y[i] > 0 && y[j] == 0))
				continue;
			pairs += weight;
			ordered += z[i] > z[j] ? weight : z[i] == z[j] ? weight / 2 : 0;
		}
	}
	return ordered / pairs;
}

START_TEST(auc_equals_the_share_of_ordered_pairs)
{
	enum { N = 400 };
	float z[N], y[N], w[N];
	struct rng rng;

	rng_start(&rng, 5, RNG_TEST, (uint32_t)_i, 0);
	for (size_t i = 0; i < N; i++) {
		double normal = rng_normal(&rng);

		/* Many ties, both signs, zeros of both signs, wide exponents. */
		z[i] = _i == 0   ? (float)normal
		       : _i == 1 ? (float)rint(2 * normal) * (i % 2 ? 1.0f : -1.0f)
				 : (float)ldexp(normal, (int)(i % 200) - 100);
		y[i] = rng_uniform(&rng) < 0.3;
		w[i] = (float)rng_uniform(&rng);
	}
	/* Without weights all sums are whole or half numbers: exact, so only the one division rounds. */
	ck_assert_double_eq(metrics_of(z, y, NULL, N, 0.5).auc, auc_by_pairs(z, y, NULL, N));
	/* With weights: sums of up to N^2 positive terms on one side, of N on the other. */
	ck_assert_double_eq_tol(metrics_of(z, y, w, N, 0.5).auc, auc_by_pairs(z, y, w, N), SUM_BOUND(2 * N * N));
}
END_TEST

START_TEST(auc_halves_ties)
{
	const float z[] = {1, 1, 1, 1}, y[] = {0, 1, 1, 0};
	const float zeros[] = {0.0f, -0.0f}, classes[] = {0, 1};

	ck_assert_double_eq(metrics_of(z, y, NULL, 4, 0.5).auc, 0.5);
	ck_assert_double_eq(metrics_of(zeros, classes, NULL, 2, 0.5).auc, 0.5);
	ck_assert_double_eq(metrics_of((const float[]){-1, 2}, classes, NULL, 2, 0.5).auc, 1);
	ck_assert_double_eq(metrics_of((const float[]){-1, -2}, classes, NULL, 2, 0.5).auc, 0);
}
END_TEST

START_TEST(nothing_is_known_without_rows_or_with_a_nan)
{
	struct cln_metrics none = metrics_of(NULL, NULL, NULL, 0, 0.5);
	struct cln_metrics nan = metrics_of((const float[]){NAN, 1}, (const float[]){0, 1}, NULL, 2, 0.5);

	ck_assert(isnan(none.log_loss) && isnan(none.auc) && isnan(none.accuracy));
	ck_assert(isnan(nan.log_loss) && isnan(nan.auc));
}
END_TEST

/* ---------------------------------------------------------------- better */

START_TEST(better_means_less_loss_but_more_of_the_others)
{
	const struct cln_metrics a = {.log_loss = 0.3, .auc = 0.9, .accuracy = 0.8},
				 b = {.log_loss = 0.4, .auc = 0.95, .accuracy = 0.8};

	ck_assert(metrics_better(&a, &b, CLN_LOG_LOSS) && !metrics_better(&b, &a, CLN_LOG_LOSS));
	ck_assert(metrics_better(&b, &a, CLN_AUC) && !metrics_better(&a, &b, CLN_AUC));
	ck_assert(!metrics_better(&a, &b, CLN_ACCURACY) && !metrics_better(&b, &a, CLN_ACCURACY));
}
END_TEST

START_TEST(a_nan_is_never_better_and_anything_beats_it)
{
	const struct cln_metrics nan = {.log_loss = NAN, .auc = NAN, .accuracy = NAN},
				 number = {.log_loss = 9, .auc = 0, .accuracy = 0};

	for (int metric = 0; metric < CLN_N_METRICS; metric++) {
		ck_assert(!metrics_better(&nan, &number, metric));
		ck_assert(!metrics_better(&nan, &nan, metric));
		ck_assert(metrics_better(&number, &nan, metric));
	}
}
END_TEST

static Suite *metrics_suite(void)
{
	Suite *suite = suite_create("metrics");
	TCase *loss = tcase_create("log loss and accuracy"), *auc = tcase_create("auc"), *better = tcase_create("metrics_better");

	tcase_add_test(loss, log_loss_and_accuracy_of_a_hand_worked_case);
	tcase_add_test(loss, log_loss_of_great_logits_neither_overflows_nor_cancels);
	tcase_add_test(loss, accuracy_uses_the_probability_that_predict_prints);
	tcase_add_test(loss, weights_scale_every_row);
	suite_add_tcase(suite, loss);
	tcase_add_loop_test(auc, auc_equals_the_share_of_ordered_pairs, 0, 3);
	tcase_add_test(auc, auc_halves_ties);
	tcase_add_test(auc, nothing_is_known_without_rows_or_with_a_nan);
	suite_add_tcase(suite, auc);
	tcase_add_test(better, better_means_less_loss_but_more_of_the_others);
	tcase_add_test(better, a_nan_is_never_better_and_anything_beats_it);
	suite_add_tcase(suite, better);
	return suite;
}

TESTING_MAIN(metrics_suite)
