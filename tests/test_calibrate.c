/* SPDX-License-Identifier: MIT
 * Temperature: the least log loss, found by hand, and what a fit and its model make of it. */
#include <float.h>

#include "api/calibrate.h"
#include "base/dmath.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/dispatch.h"
#include "tables.h"
#include "whole_passes.h"

/* Rows with logits of some spread, labels that follow them at another temperature, and weights. */
struct rows {
	size_t n;
	float *z, *y, *w;
};

static struct rows make_rows(size_t n, double spread, double truth)
{
	struct rows rows = {.n = n};
	struct rng rng;

	rows.z = mem_alloc(n, sizeof(float), NULL);
	rows.y = mem_alloc(n, sizeof(float), NULL);
	rows.w = mem_alloc(n, sizeof(float), NULL);
	ck_assert(rows.z && rows.y && rows.w);
	rng_start(&rng, 31, RNG_TEST, (uint32_t)n, 0);
	for (size_t i = 0; i < n; i++) {
		const double z = spread * rng_normal(&rng);

		rows.z[i] = (float)z;
		rows.y[i] = rng_uniform(&rng) < 1 / (1 + exp(-z / truth));
		rows.w[i] = (float)(1 + i % 4);
	}
	return rows;
}

static void free_rows(struct rows *rows)
{
	mem_free(rows->z);
	mem_free(rows->y);
	mem_free(rows->w);
}

static double temperature_of(const struct rows *rows, bool weighted)
{
	double T;

	assert_ok(calibrate_temperature(&T, rows->z, rows->y, weighted ? rows->w : NULL, rows->n, 1, &err));
	return T;
}

/* The loss at T = e^t, by the C library. */
static double loss_at(const struct rows *rows, bool weighted, double t)
{
	double sum = 0, weight = 0;

	for (size_t i = 0; i < rows->n; i++) {
		const double w = weighted ? (double)rows->w[i] : 1, z = (double)rows->z[i] * exp(-t);

		sum += w * (fmax(rows->y[i] > 0.5f ? -z : z, 0) + log1p(exp(-fabs(z))));
		weight += w;
	}
	return sum / weight;
}

/* The t of least loss among those from low to high by `step`. */
static double least_between(const struct rows *rows, bool weighted, double low, double high, double step)
{
	double best = low, least = INFINITY;

	for (double t = low; t <= high; t += step) {
		const double loss = loss_at(rows, weighted, t);
		if (loss < least) {
			least = loss;
			best = t;
		}
	}
	return best;
}

#define COARSE 2e-3
#define FINE 2e-6
static const double spreads[] = {0.5, 3, 3, 12}, truths[] = {0.3, 1.6, 4, 2.5};

/* A sum of n losses, each right to some ulp, is off by at most e = (n + 8) 2^-53 of itself.  The t that looks best among steps of d
 * then has a loss of at most that of the step nearest to the least, plus 2e.  Around the least J(t) = J* + k/2 (t - t*)^2 with the
 * curvature k, so it is within sqrt(d^2 + 4 e J / k) of t*; 2 leaves room for the higher terms, and for k being a difference of
 * losses itself.  The loss has one least in t: it is convex in 1/T. */
START_TEST(the_temperature_is_that_of_the_least_loss)
{
	struct rows rows = make_rows(400, spreads[_i % 4], truths[_i % 4]);
	const bool weighted = _i >= 4;
	const double T = temperature_of(&rows, weighted), t = log(T);
	const double coarse = least_between(&rows, weighted, -log(20), log(20), COARSE);
	const double best = least_between(&rows, weighted, coarse - COARSE, coarse + COARSE, FINE);
	const double loss = loss_at(&rows, weighted, best), h = 0.01;
	const double k = (loss_at(&rows, weighted, best + h) + loss_at(&rows, weighted, best - h) - 2 * loss) / (h * h);
	const double e = 408 * 0x1p-53;

	ck_assert_double_gt(k, 1e-3);
	ck_assert_double_eq_tol(t, best, 2 * sqrt(FINE * FINE + 4 * e * loss / k));
	ck_assert_double_gt(fabs(t), 0.02); /* or a T of 1 would do */
	free_rows(&rows);
}
END_TEST

/* 6000 rows are more than a block. */
START_TEST(weights_count_as_rows)
{
	struct rows rows = make_rows(3000, 3, 2), twice = make_rows(6000, 3, 2);

	for (size_t i = 0; i < 3000; i++) {
		twice.z[2 * i] = twice.z[2 * i + 1] = rows.z[i];
		twice.y[2 * i] = twice.y[2 * i + 1] = rows.y[i];
		rows.w[i] = 2;
		twice.w[2 * i] = 1.5f;
		twice.w[2 * i + 1] = 0.5f;
	}
	/* Sums of 6000 terms in another order: each is off by 6000 2^-53 of their sizes, which are below 10 times the curvature. */
	ck_assert_double_eq_tol(log(temperature_of(&rows, true)), log(temperature_of(&twice, true)), 2 * 6000 * 0x1p-53 * 10);
	ck_assert_double_eq_tol(log(temperature_of(&rows, true)), log(temperature_of(&twice, false)), 2 * 6000 * 0x1p-53 * 10);
	free_rows(&rows);
	free_rows(&twice);
}
END_TEST

START_TEST(the_temperature_has_the_same_bits_for_any_threads)
{
	struct rows rows = make_rows(50001, 3, 2);
	const double T = temperature_of(&rows, true);

	for (int threads = 2; threads <= 5; threads++) {
		double other;

		assert_ok(calibrate_temperature(&other, rows.z, rows.y, rows.w, rows.n, parallel_limit(threads), &err));
		ck_assert_mem_eq(&other, &T, sizeof T);
	}
	free_rows(&rows);
}
END_TEST

START_TEST(the_temperature_is_held_between_its_bounds)
{
	struct rows rows = make_rows(100, 3, 1);

	for (size_t i = 0; i < 100; i++)
		rows.y[i] = rows.z[i] > 0;
	ck_assert_double_eq(temperature_of(&rows, true), 1.0 / 20);
	for (size_t i = 0; i < 100; i++)
		rows.y[i] = rows.z[i] <= 0;
	ck_assert_double_eq(temperature_of(&rows, true), 20);
	rows.z[0] = 1e30f;
	rows.z[1] = -FLT_MAX;
	ck_assert_double_eq(temperature_of(&rows, true), 20);
	for (size_t i = 0; i < 100; i++)
		rows.z[i] = 0;
	ck_assert_double_eq(temperature_of(&rows, true), 1);
	rows.n = 0;
	ck_assert_double_eq(temperature_of(&rows, true), 1);
	free_rows(&rows);
}
END_TEST

/* ---------------------------------------------------------------- fits */

/* Two numbers, and a class that follows them loosely: a network that learns its few rows by heart is far too sure. */
static struct cln_table *make_table(size_t n)
{
	struct cln_table *table = tables_create(n, 3);
	float *numbers = mem_alloc(n, 3 * sizeof *numbers, NULL);
	struct rng rng;

	ck_assert_ptr_nonnull(numbers);
	rng_start(&rng, 29, RNG_TEST, (uint32_t)n, 0);
	for (size_t i = 0; i < n; i++) {
		numbers[i] = (float)rng_normal(&rng);
		numbers[n + i] = (float)rng_normal(&rng);
		numbers[2 * n + i] = numbers[i] + 0.5f * numbers[n + i] + 1.5f * (float)rng_normal(&rng) > 0;
	}
	tables_numbers(table, 0, "a", numbers);
	tables_numbers(table, 1, "b", numbers + n);
	tables_numbers(table, 2, "class", numbers + 2 * n);
	mem_free(numbers);
	return table;
}

static struct cln_config sure_config(size_t K)
{
	struct cln_config config;

	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.n_hidden = 1;
	config.hidden[0] = 32;
	config.learning_rate = 0.05;
	config.batch_size = 32;
	config.epochs = 40;
	config.patience = 0;
	config.metric = CLN_ACCURACY; /* which does not mind how sure they are */
	config.ensemble = K;
	config.calibration = CLN_CALIBRATE_TEMPERATURE;
	config.threads = 2;
	return config;
}

static struct cln_model *fitted(const struct cln_table *table, const struct cln_table *valid, const struct cln_config *config,
				struct cln_fit_summary *summary)
{
	struct cln_model *model;

	assert_ok(cln_model_fit(&model, table, valid, NULL, NULL, config, NULL, summary, &err));
	return model;
}

/* _i: members.  The networks are the same; the loss on the rows that were left out is less, and their order is as it was but for
 * logits that round to one: at most some pairs of 150 x 150. */
START_TEST(a_fit_is_calibrated_on_rows_that_it_did_not_learn_from)
{
	struct cln_table *table = make_table(300);
	struct cln_config config = sure_config((size_t)_i);
	struct cln_fit_summary calibrated, plain;
	struct cln_model *model = fitted(table, NULL, &config, &calibrated), *raw;

	config.calibration = CLN_CALIBRATE_NONE;
	raw = fitted(table, NULL, &config, &plain);
	ck_assert_mem_eq(model->network->params, raw->network->params, raw->network->n_floats * sizeof(float));
	ck_assert_double_eq(plain.temperature, 1);
	ck_assert_double_gt(calibrated.temperature, 1.02);
	ck_assert_double_eq(calibrated.temperature, model_temperature(model));
	ck_assert_double_eq(model_temperature(raw), 1);
	ck_assert_double_lt(calibrated.valid.log_loss, plain.valid.log_loss);
	ck_assert_double_eq_tol(calibrated.valid.auc, plain.valid.auc, 10.0 / (100 * 100));
	ck_assert_double_eq(calibrated.valid.accuracy, plain.valid.accuracy);
	cln_model_destroy(model);
	cln_model_destroy(raw);
	cln_table_destroy(table);
}
END_TEST

/* Members of a --valid table, too. */
START_TEST(evaluate_gives_the_calibrated_metrics)
{
	struct cln_table *table = make_table(200), *valid = make_table(90);
	struct cln_config config = sure_config((size_t)_i);
	struct cln_fit_summary summary;
	struct cln_model *model = fitted(table, valid, &config, &summary);
	struct cln_metrics metrics;

	ck_assert_double_ne(summary.temperature, 1);
	assert_ok(cln_model_evaluate(model, valid, 1, &metrics, NULL, &err));
	ck_assert_mem_eq(&metrics, &summary.valid, sizeof metrics);
	ck_assert_mem_eq(&metrics, &model->valid, sizeof metrics);
	assert_ok(cln_model_evaluate(model, table, 3, &metrics, NULL, &err));
	ck_assert_mem_eq(&metrics, &summary.train, sizeof metrics);
	cln_model_destroy(model);
	cln_table_destroy(table);
	cln_table_destroy(valid);
}
END_TEST

START_TEST(predictions_are_those_of_divided_logits)
{
	struct cln_table *table = make_table(200);
	struct cln_config config = sure_config(1);
	struct cln_model *model = fitted(table, NULL, &config, NULL);
	const struct kernels *kernels;
	float X[200 * 2], z[200], p[200];

	ck_assert_uint_eq(model->pipeline->n_features, 2);
	assert_ok(pipeline_apply(X, model->pipeline, table, NULL, 200, 1, NULL, &err));
	assert_ok(kernels_select(&kernels, NULL, &err));
	assert_ok(predict_logits(z, model->network, kernels, X, 200, 1, &err));
	assert_ok(cln_model_predict(model, table, 2, p, NULL, &err));
	ck_assert_double_ne(model->temperature, 1);
	for (size_t i = 0; i < 200; i++)
		ck_assert_float_eq(p[i], (float)dmath_sigmoid((double)z[i] / model->temperature));
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

static void hear_note(void *context, const char *sentence)
{
	size_t *notes = context;

	*notes += strstr(sentence, "--calibrate temperature needs rows that are not trained on") != NULL;
}

START_TEST(without_validation_rows_nothing_is_calibrated_and_a_note_says_so)
{
	struct cln_table *table = make_table(60);
	struct cln_config config = sure_config((size_t)_i);
	size_t notes = 0;
	const struct cln_observer observer = {.context = &notes, .note = hear_note};
	struct cln_fit_summary summary;
	struct cln_model *model;

	config.epochs = 2;
	config.valid_fraction = 0;
	assert_ok(cln_model_fit(&model, table, NULL, NULL, NULL, &config, &observer, &summary, &err));
	ck_assert_uint_eq(notes, 1);
	ck_assert_double_eq(summary.temperature, 1);
	ck_assert_double_eq(model->temperature, 1);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

START_TEST(a_calibration_that_is_none_is_refused)
{
	struct cln_table *table = make_table(60);
	struct cln_config config = sure_config(1);
	struct cln_model *model;
	struct cln_error why;

	config.calibration = CLN_N_CALIBRATIONS;
	ck_assert_int_eq(cln_model_fit(&model, table, NULL, NULL, NULL, &config, NULL, NULL, &why), CLN_E_USAGE);
	ck_assert_msg(strstr(why.message, "calibration is 2, which names nothing") != NULL, "%s", why.message);
	cln_table_destroy(table);
}
END_TEST

static Suite *calibrate_suite(void)
{
	Suite *suite = suite_create("calibrate");
	TCase *least = tcase_create("least loss"), *fits = tcase_create("fits");

	tcase_set_timeout(least, 60);
	tcase_set_timeout(fits, 60);
	tcase_add_loop_test(least, the_temperature_is_that_of_the_least_loss, 0, 8);
	tcase_add_test(least, weights_count_as_rows);
	tcase_add_test(least, the_temperature_has_the_same_bits_for_any_threads);
	tcase_add_test(least, the_temperature_is_held_between_its_bounds);
	suite_add_tcase(suite, least);
	tcase_add_loop_test(fits, a_fit_is_calibrated_on_rows_that_it_did_not_learn_from, 1, 4);
	tcase_add_loop_test(fits, evaluate_gives_the_calibrated_metrics, 1, 3);
	tcase_add_test(fits, predictions_are_those_of_divided_logits);
	tcase_add_loop_test(fits, without_validation_rows_nothing_is_calibrated_and_a_note_says_so, 1, 3);
	tcase_add_test(fits, a_calibration_that_is_none_is_refused);
	suite_add_tcase(suite, fits);
	return suite;
}

TESTING_MAIN(calibrate_suite)
