/* SPDX-License-Identifier: MIT
 * Thresholds: hand-worked cuts, against every threshold there is, and what a fit and its model make of them. */
#include <float.h>

#include "api/threshold.h"
#include "base/rng.h"
#include "model/model.h"
#include "tables.h"

static struct cln_config rule_of(enum cln_threshold_rule rule)
{
	struct cln_config config;

	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.threshold_rule = rule;
	return config;
}

static struct threshold_choice chosen(const struct cln_config *config, const float *p, const float *y, const float *w, size_t n)
{
	struct threshold_choice choice;

	assert_ok(threshold_choose(&choice, config, p, y, w, n, &err));
	return choice;
}

/* ---------------------------------------------------------------- by hand */

/* Called positive from the top:  1: TP 1; 2: TP 2; 3: TP 2 FP 1; 4: TP 3 FP 1; 5: TP 3 FP 2; 6: TP 3 FP 3. */
static const float p_by_hand[] = {0.25f, 0.875f, 0.5f, 0.125f, 0.75f, 0.375f}, y_by_hand[] = {0, 1, 0, 0, 1, 1};

START_TEST(f1_is_greatest_at_the_cut)
{
	const struct cln_config config = rule_of(CLN_THRESHOLD_F1);
	const struct threshold_choice choice = chosen(&config, p_by_hand, y_by_hand, NULL, 6);

	ck_assert(choice.possible && choice.met);
	ck_assert_double_eq(choice.threshold, (0.375 + 0.25) / 2); /* 4 called positive: 6/7, against 4/5 for 2 */
	ck_assert_double_eq(choice.precision, 3.0 / 4);
	ck_assert_double_eq(choice.recall, 1);
	ck_assert_double_eq(choice.f1, 6.0 / 7);
}
END_TEST

/* Two called positive: precision 1, recall 2/3; four: 3/4 and 1.  The former is better where beta^2 < 2/3. */
START_TEST(beta_weighs_recall_against_precision)
{
	static const double thresholds[][2] = {
		{0.1, (0.75 + 0.5) / 2}, {0.75, (0.75 + 0.5) / 2}, {0.9, (0.375 + 0.25) / 2}, {2, (0.375 + 0.25) / 2}};
	struct cln_config config = rule_of(CLN_THRESHOLD_F1);

	config.threshold_beta = thresholds[_i][0];
	ck_assert_double_eq(chosen(&config, p_by_hand, y_by_hand, NULL, 6).threshold, thresholds[_i][1]);
}
END_TEST

START_TEST(costs_move_the_cut)
{
	static const struct {
		double false_positive, false_negative, threshold;
	} cases[] = {
		{1, 1, (0.75 + 0.5) / 2},     /* 2 or 4 called positive cost 1 each: the fewer */
		{1, 1.5, (0.375 + 0.25) / 2}, /* 1.5 against 1 */
		{1.5, 1, (0.75 + 0.5) / 2},
		{1000, 1, (0.75 + 0.5) / 2},
		{1, 1000, (0.375 + 0.25) / 2},
	};
	struct cln_config config = rule_of(CLN_THRESHOLD_COST);

	config.false_positive_cost = cases[_i].false_positive;
	config.false_negative_cost = cases[_i].false_negative;
	const struct threshold_choice choice = chosen(&config, p_by_hand, y_by_hand, NULL, 6);
	ck_assert_double_eq(choice.threshold, cases[_i].threshold);
	ck_assert(choice.met);
}
END_TEST

START_TEST(recall_is_greatest_where_the_precision_is_reached)
{
	static const struct {
		double precision, threshold, recall;
	} cases[] = {
		{1, (0.75 + 0.5) / 2, 2.0 / 3}, {0.76, (0.75 + 0.5) / 2, 2.0 / 3}, {0.75, (0.375 + 0.25) / 2, 1},
		{0.5, (0.375 + 0.25) / 2, 1},   {0, (0.375 + 0.25) / 2, 1}, /* further ones have no more recall */
	};
	struct cln_config config = rule_of(CLN_THRESHOLD_RECALL);

	config.least_precision = cases[_i].precision;
	const struct threshold_choice choice = chosen(&config, p_by_hand, y_by_hand, NULL, 6);
	ck_assert_double_eq(choice.threshold, cases[_i].threshold);
	ck_assert_double_eq(choice.recall, cases[_i].recall);
	ck_assert(choice.met);
}
END_TEST

START_TEST(a_precision_out_of_reach_gives_the_greatest_there_is)
{
	const float p[] = {0.875f, 0.75f, 0.5f, 0.25f}, y[] = {0, 1, 1, 0};
	struct cln_config config = rule_of(CLN_THRESHOLD_RECALL);

	config.least_precision = 0.9;
	const struct threshold_choice choice = chosen(&config, p, y, NULL, 4);
	ck_assert(choice.possible && !choice.met);
	ck_assert_double_eq(choice.threshold, (0.5 + 0.25) / 2);
	ck_assert_double_eq(choice.precision, 2.0 / 3);
}
END_TEST

/* 1 or 3 or 5 called positive: Youden's index is 1/3, 2/3 - 1/3 and 1 - 2/3; 1 or 6: the MCC is
 * 6 / sqrt(1 8 3 6) and 9 / sqrt(6 3 3 6). */
START_TEST(of_equally_good_cuts_that_with_the_fewest_positives_is_taken)
{
	static const struct {
		enum cln_threshold_rule rule;
		size_t n;
		float y[9];
	} cases[] = {
		{CLN_THRESHOLD_BALANCED_ACCURACY, 6, {1, 0, 1, 0, 1, 0}},
		{CLN_THRESHOLD_MCC, 9, {1, 0, 0, 0, 1, 1, 0, 0, 0}},
	};
	const float p[] = {0.875f, 0.625f, 0.5f, 0.375f, 0.25f, 0.1875f, 0.125f, 0.0625f, 0};
	const struct cln_config config = rule_of(cases[_i].rule);

	ck_assert_double_eq(chosen(&config, p, cases[_i].y, NULL, cases[_i].n).threshold, (0.875 + 0.625) / 2);
}
END_TEST

START_TEST(where_positives_cost_too_much_none_is_called_one)
{
	const float p[] = {0.875f, 0.5f}, sure[] = {1, 0.5f}, y[] = {0, 1};
	struct cln_config config = rule_of(CLN_THRESHOLD_COST);

	config.false_positive_cost = 10;
	ck_assert_double_eq(chosen(&config, p, y, NULL, 2).threshold, (1 + 0.875) / 2);
	ck_assert(isnan(chosen(&config, p, y, NULL, 2).precision));
	ck_assert_double_eq(chosen(&config, p, y, NULL, 2).recall, 0);
	/* a probability of 1 is positive at any threshold, so the other one may as well be */
	ck_assert_double_eq(chosen(&config, sure, y, NULL, 2).threshold, 0.25);
}
END_TEST

START_TEST(rows_of_one_class_or_not_a_number_choose_nothing)
{
	const float p[] = {0.25f, 0.75f}, bad[] = {0.25f, NAN}, y[] = {1, 0}, positive[] = {1, 1}, negative[] = {0, 0};
	const struct cln_config config = rule_of((enum cln_threshold_rule)_i);

	ck_assert(chosen(&config, p, y, NULL, 2).possible);
	ck_assert(!chosen(&config, p, positive, NULL, 2).possible);
	ck_assert(!chosen(&config, p, negative, NULL, 2).possible);
	ck_assert(!chosen(&config, bad, y, NULL, 2).possible);
	ck_assert(!chosen(&config, p, y, NULL, 0).possible);
	ck_assert_double_eq(chosen(&config, p, positive, NULL, 2).threshold, 0.5);
	ck_assert_double_eq(chosen(&config, bad, y, NULL, 2).threshold, 0.5);
}
END_TEST

/* ---------------------------------------------------------------- against all of them */

#define ROWS 200

struct counted {
	double TP, FP, FN, TN;
};

static struct counted count(double threshold, const float *p, const float *y, const float *w)
{
	struct counted counted = {0, 0, 0, 0};

	for (size_t i = 0; i < ROWS; i++) {
		const double weight = w ? (double)w[i] : 1;
		const bool called = (double)p[i] >= threshold, positive = y[i] > 0.5f;

		counted.TP += called && positive ? weight : 0;
		counted.FP += called && !positive ? weight : 0;
		counted.FN += !called && positive ? weight : 0;
		counted.TN += !called && !positive ? weight : 0;
	}
	return counted;
}

/* Weights are whole numbers, so that all sums are exact and equal merits are equal doubles. */
static double merit(const struct cln_config *config, const struct counted *c)
{
	const double precision = c->TP / (c->TP + c->FP);

	if (config->threshold_rule == CLN_THRESHOLD_COST)
		return -(c->FP * config->false_positive_cost + c->FN * config->false_negative_cost);
	if (c->TP + c->FP == 0)
		return -INFINITY;
	if (config->threshold_rule == CLN_THRESHOLD_F1) {
		const double square = config->threshold_beta * config->threshold_beta;
		return (1 + square) * c->TP / ((1 + square) * c->TP + c->FP + square * c->FN);
	}
	if (config->threshold_rule == CLN_THRESHOLD_BALANCED_ACCURACY)
		return c->TP / (c->TP + c->FN) - c->FP / (c->FP + c->TN);
	if (config->threshold_rule == CLN_THRESHOLD_MCC)
		return c->TN + c->FN == 0 ? 0 : (c->TP * c->TN - c->FP * c->FN) / sqrt((c->TP + c->FP) * (c->TN + c->FN));
	return precision >= config->least_precision ? c->TP / (c->TP + c->FN) : -INFINITY;
}

/* Of these two rules the merit is not a ratio of whole numbers, and differs by some roundings. */
static double rounding(const struct cln_config *config)
{
	return config->threshold_rule >= CLN_THRESHOLD_BALANCED_ACCURACY ? 8 * DBL_EPSILON * ROWS * 4 : 0;
}

/* _i: rule, with weights or without; F2 with them.  Probabilities of 64 values, 0 and 1 among them, so that many are equal. */
START_TEST(no_other_threshold_does_better)
{
	struct cln_config config = rule_of((enum cln_threshold_rule)(_i % CLN_N_THRESHOLD_RULES));
	float p[ROWS], y[ROWS], weights[ROWS], *w = _i >= CLN_N_THRESHOLD_RULES ? weights : NULL;
	struct rng rng;

	config.false_negative_cost = 3;
	config.least_precision = 0.7;
	config.threshold_beta = w ? 2 : 1;
	rng_start(&rng, 7, RNG_TEST, (uint32_t)_i, 0);
	for (size_t i = 0; i < ROWS; i++) {
		p[i] = floorf((float)rng_uniform(&rng) * 64) / 63;
		y[i] = rng_uniform(&rng) < (double)p[i];
		weights[i] = (float)(1 + i % 4);
	}
	const struct threshold_choice choice = chosen(&config, p, y, w, ROWS);
	const struct counted at = count(choice.threshold, p, y, w);
	ck_assert(choice.possible && choice.met);
	ck_assert(choice.threshold >= 0 && choice.threshold <= 1);
	ck_assert_double_eq(choice.precision, at.TP / (at.TP + at.FP));
	ck_assert_double_eq(choice.recall, at.TP / (at.TP + at.FN));
	ck_assert_double_gt(at.TP, 0);
	ck_assert_double_gt(at.FP, 0); /* or it would be too easy */
	for (int k = 0; k <= 1260; k++) {
		const struct counted other = count(k / 1260.0, p, y, w);

		ck_assert_double_le(merit(&config, &other), merit(&config, &at) + rounding(&config));
		if (merit(&config, &other) == merit(&config, &at))
			ck_assert_double_le(at.TP + at.FP, other.TP + other.FP);
	}
}
END_TEST

/* ---------------------------------------------------------------- fits */

/* One number, and a class that follows it loosely and is rare. */
static struct cln_table *make_table(size_t n)
{
	struct cln_table *table = tables_create(n, 2);
	float *numbers = mem_alloc(n, 2 * sizeof *numbers, NULL);
	struct rng rng;

	ck_assert_ptr_nonnull(numbers);
	rng_start(&rng, 23, RNG_TEST, (uint32_t)n, 0);
	for (size_t i = 0; i < n; i++) {
		numbers[i] = (float)rng_normal(&rng);
		numbers[n + i] = numbers[i] + (float)rng_normal(&rng) > 1.5f;
	}
	tables_numbers(table, 0, "a", numbers);
	tables_numbers(table, 1, "class", numbers + n);
	mem_free(numbers);
	return table;
}

static struct cln_config fit_config(size_t K)
{
	struct cln_config config = rule_of(CLN_THRESHOLD_F1);

	config.n_hidden = 1;
	config.hidden[0] = 8;
	config.learning_rate = 0.01;
	config.batch_size = 32;
	config.epochs = 5;
	config.ensemble = K;
	config.threads = 1;
	return config;
}

static struct cln_model *fitted(const struct cln_table *table, const struct cln_table *valid, const struct cln_config *config,
				const struct cln_observer *observer, struct cln_fit_summary *summary)
{
	struct cln_model *model;

	assert_ok(cln_model_fit(&model, table, valid, NULL, NULL, config, observer, summary, &err));
	return model;
}

/* _i: members.  Members of a --valid table, whose probabilities are the model's own. */
START_TEST(a_fit_takes_the_threshold_that_its_validation_rows_choose)
{
	struct cln_table *table = make_table(300), *valid = make_table(150);
	const struct cln_config config = fit_config((size_t)_i);
	struct cln_fit_summary summary;
	struct cln_model *model = fitted(table, valid, &config, NULL, &summary);
	struct cln_metrics metrics;
	float p[150];

	assert_ok(cln_model_predict(model, valid, 1, p, NULL, &err));
	const struct threshold_choice choice = chosen(&config, p, valid->columns[1].numbers, NULL, 150);
	ck_assert_double_eq(cln_model_threshold(model), choice.threshold);
	ck_assert_double_eq(summary.threshold, choice.threshold);
	ck_assert_double_ne(choice.threshold, 0.5);
	assert_ok(cln_model_evaluate(model, valid, 1, &metrics, NULL, &err));
	ck_assert_mem_eq(&metrics, &summary.valid, sizeof metrics);
	cln_model_destroy(model);
	cln_table_destroy(table);
	cln_table_destroy(valid);
}
END_TEST

/* _i: members.  Weights and probabilities are as they were. */
START_TEST(a_threshold_changes_the_accuracy_and_nothing_else)
{
	struct cln_table *table = make_table(300);
	struct cln_config config = fit_config((size_t)_i);
	struct cln_fit_summary by_rule, usual;
	struct cln_model *model = fitted(table, NULL, &config, NULL, &by_rule), *plain;

	config.threshold_rule = CLN_THRESHOLD_GIVEN;
	plain = fitted(table, NULL, &config, NULL, &usual);
	ck_assert_double_eq(cln_model_threshold(plain), 0.5);
	ck_assert_double_eq(usual.threshold, 0.5);
	ck_assert_mem_eq(model->network->params, plain->network->params, plain->network->n_floats * sizeof(float));
	ck_assert_double_eq(by_rule.valid.log_loss, usual.valid.log_loss);
	ck_assert_double_ne(by_rule.valid.accuracy, usual.valid.accuracy);
	cln_model_destroy(model);
	cln_model_destroy(plain);
	cln_table_destroy(table);
}
END_TEST

START_TEST(a_given_threshold_is_the_models)
{
	struct cln_table *table = make_table(300);
	struct cln_config config = fit_config(1);
	struct cln_fit_summary summary;
	struct cln_metrics metrics;

	config.valid_fraction = 0;
	config.threshold_rule = CLN_THRESHOLD_GIVEN;
	config.threshold = 0.25;
	struct cln_model *model = fitted(table, NULL, &config, NULL, &summary);
	ck_assert_double_eq(cln_model_threshold(model), 0.25);
	assert_ok(cln_model_evaluate(model, table, 1, &metrics, NULL, &err));
	ck_assert_double_eq(metrics.accuracy, summary.train.accuracy);
	cln_model_destroy(model);
	config.threshold = 0.5;
	model = fitted(table, NULL, &config, NULL, NULL);
	assert_ok(cln_model_evaluate(model, table, 1, &metrics, NULL, &err));
	ck_assert_double_ne(metrics.accuracy, summary.train.accuracy);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

struct heard {
	size_t told, in_vain;
};

static void hear_note(void *context, const char *sentence)
{
	struct heard *heard = context;

	heard->told += strstr(sentence, "the threshold is ") != NULL && strstr(sentence, " on 60 rows not trained on") != NULL;
	heard->in_vain += strstr(sentence, "--threshold f1 needs rows that are not trained on") != NULL;
}

START_TEST(a_note_tells_the_threshold_or_that_there_is_none)
{
	struct cln_table *table = make_table(300);
	struct cln_config config = fit_config(1);
	struct heard heard = {0};
	const struct cln_observer observer = {.context = &heard, .note = hear_note};

	cln_model_destroy(fitted(table, NULL, &config, &observer, NULL));
	ck_assert_uint_eq(heard.told, 1);
	ck_assert_uint_eq(heard.in_vain, 0);
	config.valid_fraction = 0;
	struct cln_model *model = fitted(table, NULL, &config, &observer, NULL);
	ck_assert_uint_eq(heard.told, 1);
	ck_assert_uint_eq(heard.in_vain, 1);
	ck_assert_double_eq(cln_model_threshold(model), 0.5);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

START_TEST(what_is_no_threshold_is_refused)
{
	static const struct {
		enum cln_threshold_rule rule;
		double threshold, cost, precision;
		const char *message;
	} cases[] = {
		{CLN_N_THRESHOLD_RULES, 0.5, 1, 0, "threshold_rule is 6, which names nothing"},
		{CLN_THRESHOLD_GIVEN, 1.5, 1, 0, "threshold is 1.5; it must be from 0 to 1"},
		{CLN_THRESHOLD_GIVEN, NAN, 1, 0, "threshold is nan"},
		{CLN_THRESHOLD_COST, 0.5, 0, 0, "false_negative_cost is 0; it must be from 0 (excluded)"},
		{CLN_THRESHOLD_RECALL, 0.5, 1, 1.5, "least_precision is 1.5"},
	};
	struct cln_table *table = make_table(60);
	struct cln_config config = fit_config(1);
	struct cln_model *model;
	struct cln_error why;

	config.threshold_rule = cases[_i].rule;
	config.threshold = cases[_i].threshold;
	config.false_negative_cost = cases[_i].cost;
	config.least_precision = cases[_i].precision;
	ck_assert_int_eq(cln_model_fit(&model, table, NULL, NULL, NULL, &config, NULL, NULL, &why), CLN_E_USAGE);
	ck_assert_msg(strstr(why.message, cases[_i].message) != NULL, "%s", why.message);
	cln_table_destroy(table);
}
END_TEST

static Suite *threshold_suite(void)
{
	Suite *suite = suite_create("threshold");
	TCase *cuts = tcase_create("cuts"), *fits = tcase_create("fits");

	tcase_add_test(cuts, f1_is_greatest_at_the_cut);
	tcase_add_loop_test(cuts, beta_weighs_recall_against_precision, 0, 4);
	tcase_add_loop_test(cuts, costs_move_the_cut, 0, 5);
	tcase_add_loop_test(cuts, recall_is_greatest_where_the_precision_is_reached, 0, 5);
	tcase_add_test(cuts, a_precision_out_of_reach_gives_the_greatest_there_is);
	tcase_add_loop_test(cuts, of_equally_good_cuts_that_with_the_fewest_positives_is_taken, 0, 2);
	tcase_add_test(cuts, where_positives_cost_too_much_none_is_called_one);
	tcase_add_loop_test(cuts, rows_of_one_class_or_not_a_number_choose_nothing, CLN_THRESHOLD_F1, CLN_N_THRESHOLD_RULES);
	tcase_add_loop_test(cuts, no_other_threshold_does_better, CLN_THRESHOLD_F1, CLN_N_THRESHOLD_RULES);
	tcase_add_loop_test(cuts, no_other_threshold_does_better, CLN_N_THRESHOLD_RULES + CLN_THRESHOLD_F1,
			    2 * CLN_N_THRESHOLD_RULES);
	suite_add_tcase(suite, cuts);
	tcase_set_timeout(fits, 60);
	tcase_add_loop_test(fits, a_fit_takes_the_threshold_that_its_validation_rows_choose, 1, 3);
	tcase_add_loop_test(fits, a_threshold_changes_the_accuracy_and_nothing_else, 1, 3);
	tcase_add_test(fits, a_given_threshold_is_the_models);
	tcase_add_test(fits, a_note_tells_the_threshold_or_that_there_is_none);
	tcase_add_loop_test(fits, what_is_no_threshold_is_refused, 0, 5);
	suite_add_tcase(suite, fits);
	return suite;
}

TESTING_MAIN(threshold_suite)
