/* SPDX-License-Identifier: MIT
 * Curves, bins and drift against their definitions, computed another way. */
#include "testing.h"

#include "api/columns.h"
#include "api/review.h"
#include <float.h>


#define MOST_ROWS 3000
static float p[MOST_ROWS], y[MOST_ROWS], w[MOST_ROWS];

/* Scores with ties, and weights; positives are more frequent where the score is great. */
static void make_rows(size_t n, unsigned seed, double rate, bool ties)
{
	srand(seed);
	for (size_t i = 0; i < n; i++) {
		const double u = rand() / (RAND_MAX + 1.0), v = rand() / (RAND_MAX + 1.0);

		p[i] = ties ? (float)(rand() % 9) / 8 : (float)u;
		y[i] = v < rate * (double)p[i] * 2;
		w[i] = (float)(rand() % 4);
	}
	y[0] = w[0] = w[1] = 1;
	y[1] = 0;
}

static struct review review_of(size_t n, const float *weights)
{
	const struct cln_scores scores = {p, NULL, 0.5};
	const struct cln_labels labels = {y, weights, n};
	struct review review;

	assert_ok(review_compute(&review, &scores, &labels, &(struct cln_judging){.replicates = 0, .threads = 1}, &err));
	return review;
}

/* The rates at a threshold, by going through all rows. */
struct rates {
	double TP, FP, P, N;
};

static struct rates rates_at(size_t n, const float *weights, float threshold)
{
	struct rates rates = {0};

	for (size_t i = 0; i < n; i++) {
		const double weight = weights ? (double)weights[i] : 1;

		*(y[i] > 0 ? &rates.P : &rates.N) += weight;
		if (p[i] >= threshold)
			*(y[i] > 0 ? &rates.TP : &rates.FP) += weight;
	}
	return rates;
}

/* Sums of up to MOST_ROWS small whole numbers are exact; what is left is the rounding of a quotient. */
#define BOUND 1e-15

static bool is_roc_point(size_t n, const float *weights, double x, double ordinate)
{
	for (size_t i = 0; i < n; i++) {
		const struct rates at = rates_at(n, weights, p[i]);
		if (fabs(at.FP / at.N - x) <= BOUND && fabs(at.TP / at.P - ordinate) <= BOUND)
			return true;
	}
	return x == 0 && ordinate == 0;
}

static bool is_pr_point(size_t n, const float *weights, double x, double ordinate)
{
	for (size_t i = 0; i < n; i++) {
		const struct rates at = rates_at(n, weights, p[i]);
		if (fabs(at.TP / at.P - x) <= BOUND && fabs(at.TP / (at.TP + at.FP) - ordinate) <= BOUND)
			return true;
	}
	return false;
}

static void check_curves(size_t n, const float *weights)
{
	const struct review review = review_of(n, weights);

	ck_assert_uint_le(review.n_roc, REVIEW_POINTS);
	ck_assert_uint_le(review.n_pr, REVIEW_POINTS);
	ck_assert(review.roc[0].x == 0 && review.roc[0].y == 0);
	ck_assert(review.roc[review.n_roc - 1].x == 1 && review.roc[review.n_roc - 1].y == 1);
	ck_assert(review.pr[review.n_pr - 1].x == 1);
	for (size_t i = 0; i < review.n_roc; i++)
		ck_assert_msg(is_roc_point(n, weights, review.roc[i].x, review.roc[i].y), "(%g, %g)", review.roc[i].x,
			      review.roc[i].y);
	for (size_t i = 0; i < review.n_pr; i++)
		ck_assert_msg(is_pr_point(n, weights, review.pr[i].x, review.pr[i].y), "(%g, %g)", review.pr[i].x, review.pr[i].y);
}

START_TEST(points_lie_on_the_curves_of_all_rows)
{
	make_rows(60, 1, 0.5, false);
	check_curves(60, NULL);
	check_curves(60, w);
	make_rows(400, 2, 0.3, true);
	check_curves(400, NULL);
	check_curves(400, w);
	make_rows(700, 3, 0.05, false);
	check_curves(700, w);
}
END_TEST

/* All points: the trapezes under the ROC curve are the AUC, the steps under the other the average precision.  Each of up to
 * 2 REVIEW_POINTS terms below 1 is rounded a few times. */
START_TEST(curves_of_few_rows_have_the_areas_that_are_measured)
{
	double auc = 0, pr_auc = 0;

	make_rows(150, 4, 0.5, true);
	const struct review review = review_of(150, w);
	for (size_t i = 1; i < review.n_roc; i++)
		auc += (review.roc[i].x - review.roc[i - 1].x) * (review.roc[i].y + review.roc[i - 1].y) / 2;
	for (size_t i = 0; i < review.n_pr; i++)
		pr_auc += (review.pr[i].x - (i ? review.pr[i - 1].x : 0)) * review.pr[i].y;
	ck_assert_double_eq_tol(auc, review.evaluation.measures[CLN_MEASURE_AUC].value, 4 * REVIEW_POINTS * DBL_EPSILON);
	ck_assert_double_eq_tol(pr_auc, review.evaluation.measures[CLN_MEASURE_PR_AUC].value, 4 * REVIEW_POINTS * DBL_EPSILON);
}
END_TEST

START_TEST(curves_of_many_rows_are_thinned_out_evenly)
{
	make_rows(MOST_ROWS, 5, 0.3, false);
	const struct review review = review_of(MOST_ROWS, NULL);

	ck_assert_uint_gt(review.n_roc, REVIEW_POINTS / 2);
	/* A step is 1 / 199 of the curve, and the row behind it may be as long as the smaller class makes it. */
	const double P = review.evaluation.positive_weight, most = 2.0 / (REVIEW_POINTS - 1) + 1 / P + 1e-12;
	for (size_t i = 1; i < review.n_roc; i++)
		ck_assert(review.roc[i].x + review.roc[i].y - review.roc[i - 1].x - review.roc[i - 1].y <= most);
	for (size_t i = 1; i < review.n_pr; i++)
		ck_assert(review.pr[i].x - review.pr[i - 1].x <= 1.0 / (REVIEW_POINTS - 1) + 1 / P + 1e-12);
}
END_TEST

START_TEST(bins_have_the_calibration_error_and_all_weight)
{
	double gap = 0, weight = 0, scores = 0;

	make_rows(500, 6, 0.4, false);
	const struct review review = review_of(500, w);
	for (size_t b = 0; b < CALIBRATION_BINS; b++) {
		gap += review.bins[b].weight * fabs(review.bins[b].probability - review.bins[b].positive);
		weight += review.bins[b].weight;
	}
	for (size_t b = 0; b < REVIEW_SCORES; b++)
		scores += review.scores[0][b] + review.scores[1][b];
	ck_assert_double_eq(weight, review.evaluation.weight);
	ck_assert_double_eq(scores, review.evaluation.weight);
	ck_assert_double_eq_tol(gap / weight, review.evaluation.measures[CLN_MEASURE_CALIBRATION_ERROR].value, 500 * DBL_EPSILON);
}
END_TEST

START_TEST(rows_of_one_class_have_no_curve)
{
	make_rows(20, 7, 0.5, false);
	for (size_t i = 0; i < 20; i++)
		y[i] = 0;
	const struct review review = review_of(20, NULL);

	ck_assert_uint_eq(review.n_roc, 0);
	ck_assert_uint_eq(review.n_pr, 0);
	ck_assert_double_eq(review.evaluation.weight, 20);
}
END_TEST

/* ---------------------------------------------------------------- drift */

/* By hand: p = (10.5, 20.5, 30.5) / 61.5, q = (20.5, 20.5, 20.5) / 61.5, sum of (q - p) ln(q / p). */
START_TEST(drift_is_the_population_stability_index)
{
	const size_t first[4] = {10, 20, 30, 0}, second[4] = {20, 20, 20, 0};
	const struct cln_drift drift = drift_of_counts(first, second, 4);
	const double expected = 10 / 61.5 * log(20.5 / 10.5) - 10 / 61.5 * log(20.5 / 30.5);

	ck_assert_double_eq_tol(drift.psi, expected, 1e-14);
	/* chi^2 of 2 degrees: -2 ln 0.001, which Wilson and Hilferty's is 2.3 % above; it gets nearer with more degrees */
	ck_assert_double_eq_tol(drift.by_chance, 1.023 * -2 * log(0.001) * (2 / 60.0), 0.001 * 13.8 * 2 / 60);
	ck_assert_double_eq(drift_of_counts(first, first, 4).psi, 0);
	ck_assert(isnan(drift_of_counts(first, (size_t[4]){0}, 4).psi));
}
END_TEST

/* Of a column of numbers from draws of one distribution, and of one that moves. */
static struct cln_drift drift_between(const float *cells, size_t n_first, size_t n)
{
	const char *const name = "x";
	uint32_t *rows = malloc(n * sizeof *rows);
	struct cln_table *table;
	struct cln_drift drift;

	for (size_t i = 0; i < n; i++)
		rows[i] = (uint32_t)i;
	assert_ok(cln_table_create(&table, cells, n, 1, &name, &err));
	const struct drift_rows first = {table, rows, n_first}, second = {table, rows + n_first, n - n_first};
	assert_ok(drift_of_column(&drift, 0, &first, &second, &err));
	cln_table_destroy(table);
	free(rows);
	return drift;
}

START_TEST(a_column_drifts_where_its_numbers_move)
{
	float cells[1000];

	srand(8);
	for (size_t i = 0; i < 1000; i++)
		cells[i] = (float)rand() / (float)RAND_MAX;
	struct cln_drift drift = drift_between(cells, 600, 1000);
	ck_assert(drift.psi > 0 && drift.psi < drift.by_chance);
	for (size_t i = 600; i < 1000; i++)
		cells[i] += 0.5f;
	drift = drift_between(cells, 600, 1000);
	ck_assert(drift.psi > 1 && drift.psi > drift.by_chance);
	for (size_t i = 600; i < 1000; i++)
		cells[i] = i % 2 ? NAN : cells[i] - 0.5f; /* as before, but half of them are missing */
	drift = drift_between(cells, 600, 1000);
	ck_assert(drift.psi > 1 && drift.psi > drift.by_chance);
}
END_TEST

/* n numbers, one a step above the other. */
static float *add_cells(float *to, size_t n, float from, float step)
{
	for (size_t i = 0; i < n; i++)
		*to++ = from + (float)i * step;
	return to;
}

/* Nine tenths zeros, and 1 to 100: 1 is the last decile, and the greatest number bounds no bin.  Deciles from 0 to 70, and the
 * greatest number, which is two of them.  Eleven numbers: a bin each.  More than nine tenths zeros: one bin for all others. */
START_TEST(bins_are_cut_at_deciles_or_hold_a_number_each)
{
	static const struct {
		size_t first[11], second[11];
	} expected[] = {
	    {{900, 100}, {60, 40}},
	    {{10, 10, 10, 10, 10, 10, 10, 10, 20}, {25, 0, 0, 0, 0, 0, 0, 0, 25}},
	    {{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3}},
	    {{950, 50}, {30, 70}},
	};
	float cells[1200], *middle, *end;

	if (_i == 0) {
		middle = add_cells(add_cells(cells, 900, 0, 0), 100, 1, 1);
		end = add_cells(add_cells(add_cells(middle, 60, 0, 0), 30, 50, 0), 10, 100, 0);
	} else if (_i == 1) {
		middle = add_cells(add_cells(cells, 80, 0, 1), 20, 100, 0);
		end = add_cells(add_cells(middle, 25, 5, 0), 25, 100, 0);
	} else if (_i == 2) {
		middle = add_cells(cells, 11, 0, 1);
		end = add_cells(add_cells(add_cells(middle, 1, 0, 0), 2, 9, 0), 3, 10, 0);
	} else {
		middle = add_cells(add_cells(cells, 950, 0, 0), 50, 1, 1);
		end = add_cells(add_cells(middle, 30, 0, 0), 70, 1, 1);
	}
	const struct cln_drift drift = drift_between(cells, (size_t)(middle - cells), (size_t)(end - cells));
	const struct cln_drift wanted = drift_of_counts(expected[_i].first, expected[_i].second, 11);
	ck_assert_double_eq_tol(drift.psi, wanted.psi, 1e-12);
	ck_assert_double_eq_tol(drift.by_chance, wanted.by_chance, 1e-12);
}
END_TEST

/* Of 300 columns of one distribution one in a thousand is to be beyond what chance makes; three have a probability below 0.004. */
START_TEST(columns_that_do_not_drift_are_rarely_said_to)
{
	float cells[700];
	size_t beyond = 0;

	srand(9);
	for (size_t column = 0; column < 300; column++) {
		for (size_t i = 0; i < 700; i++)
			cells[i] = column % 2 ? (float)rand() / (float)RAND_MAX : (float)(rand() % 5);
		const struct cln_drift drift = drift_between(cells, 500, 700);
		beyond += drift.psi > drift.by_chance;
	}
	ck_assert_uint_lt(beyond, 3);
}
END_TEST

START_TEST(names_are_cut_between_characters)
{
	ck_assert_uint_eq(columns_name_fitting("abc", 5), 3);
	ck_assert_uint_eq(columns_name_fitting("abc", 2), 2);
	ck_assert_uint_eq(columns_name_fitting("a\xC3\xA9z", 2), 1);
	ck_assert_uint_eq(columns_name_fitting("a\xC3\xA9z", 3), 3);
	ck_assert_uint_eq(columns_name_fitting("\xFF\xFF\xFF", 2), 2);
}
END_TEST

static Suite *review_suite(void)
{
	Suite *suite = suite_create("review");
	TCase *curves = tcase_create("curves"), *drift = tcase_create("drift");

	tcase_add_test(curves, points_lie_on_the_curves_of_all_rows);
	tcase_add_test(curves, curves_of_few_rows_have_the_areas_that_are_measured);
	tcase_add_test(curves, curves_of_many_rows_are_thinned_out_evenly);
	tcase_add_test(curves, bins_have_the_calibration_error_and_all_weight);
	tcase_add_test(curves, rows_of_one_class_have_no_curve);
	tcase_add_test(drift, drift_is_the_population_stability_index);
	tcase_add_test(drift, a_column_drifts_where_its_numbers_move);
	tcase_add_loop_test(drift, bins_are_cut_at_deciles_or_hold_a_number_each, 0, 4);
	tcase_add_test(drift, columns_that_do_not_drift_are_rarely_said_to);
	tcase_add_test(drift, names_are_cut_between_characters);
	suite_add_tcase(suite, curves);
	suite_add_tcase(suite, drift);
	return suite;
}

TESTING_MAIN(review_suite)
