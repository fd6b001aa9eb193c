/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <stdio.h>
#include <unistd.h>

#include "api/evaluate.h"
#include "base/dmath.h"
#include "base/rng.h"
#include "kernels/dispatch.h"
#include "model/model.h"
#include "same_model.h"
#include "tables.h"
#include "whole_passes.h"

/* ---------------------------------------------------------------- tables and configs */

/* Rows on a ring ("out") and inside of it ("in"), a column of noise and a category that say nothing, both with gaps. */
static struct cln_table *ring_table(size_t n, uint32_t draw)
{
	struct cln_table *table = tables_create(n, 5);
	float *numbers = mem_alloc(n, 3 * sizeof *numbers, NULL);
	const char **texts = mem_alloc(n, 2 * sizeof *texts, NULL);
	static const char *const colours[] = {"red", "green", "blue", NULL};
	struct rng rng;

	ck_assert(numbers && texts);
	rng_start(&rng, 11, RNG_TEST, draw, 0);
	for (size_t i = 0; i < n; i++) {
		bool out = rng_below(&rng, 3) == 0;
		double radius = (out ? 2 : 0.5) + 0.4 * rng_uniform(&rng), turn = rng_uniform(&rng);

		numbers[i] = (float)(radius * dmath_cos_2pi(turn));
		numbers[n + i] = (float)(radius * dmath_cos_2pi(turn - 0.25));
		numbers[2 * n + i] = i % 10 == 3 ? NAN : (float)rng_normal(&rng);
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

START_TEST(no_epochs_give_the_initial_network)
{
	struct cln_table *table = ring_table(60, 0);
	struct cln_config config = small_config();
	struct cln_fit_summary summary;
	struct cln_model *model;
	struct network *initial;
	size_t n[] = {0, 16, 1};

	config.epochs = 0;
	model = fitted(table, &config, &summary);
	n[0] = model->pipeline->n_features;
	assert_ok(network_create(&initial, n, 2, config.activation, NULL, &err));
	network_init(initial, config.init, config.seed);
	ck_assert_uint_eq(model->network->n_floats, initial->n_floats);
	ck_assert_mem_eq(model->network->params, initial->params, initial->n_floats * sizeof *initial->params);
	ck_assert_uint_eq(summary.epochs, 0);
	ck_assert_uint_eq(summary.best_epoch, 0);
	network_destroy(initial);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- the same bits */

static struct cln_config busy_config(void)
{
	struct cln_config config = small_config();

	config.valid_fraction = 0.25;
	config.test_fraction = 0.1;
	config.weight = "weight";
	config.class_weight = CLN_CLASS_WEIGHT_BALANCED;
	config.dropout = 0.1;
	config.batch_size = 37;
	config.block_size = 5;
	config.epochs = 4;
	config.max_levels = 2;
	return config;
}

/* The ring table with a column of weights 1 .. 4 in front of the label. */
static struct cln_table *weighted_table(size_t n)
{
	struct cln_table *from = ring_table(n, 1), *table = tables_create(n, 6);
	float *w = mem_alloc(n, sizeof *w, NULL);

	ck_assert_ptr_nonnull(w);
	for (size_t i = 0; i < n; i++)
		w[i] = (float)(1 + i % 4);
	for (size_t c = 0; c < 5; c++) {
		struct column *to = &table->columns[c < 4 ? c : 5];

		*to = from->columns[c];
		from->columns[c] = (struct column){0};
	}
	tables_numbers(table, 4, "weight", w);
	mem_free(w);
	cln_table_destroy(from);
	return table;
}

static void encode(char **bytes, size_t *length, const struct cln_table *table, const struct cln_config *config)
{
	struct cln_model *model = fitted(table, config, NULL);

	assert_ok(model_encode(bytes, length, model, &err));
	cln_model_destroy(model);
}

START_TEST(models_have_the_same_bytes_for_any_threads_and_kernels)
{
	struct cln_table *table = weighted_table(301);
	struct cln_config config = busy_config();
	char *first, *other;
	size_t n_first, n_other;

	encode(&first, &n_first, table, &config);
	for (config.threads = 1; config.threads <= 3; config.threads++) {
		bool supported;

		for (size_t k = 0; kernels_name(k, &supported); k++) {
			config.isa = kernels_name(k, &supported);
			if (!supported)
				continue;
			encode(&other, &n_other, table, &config);
			ck_assert_uint_eq(n_other, n_first);
			ck_assert_mem_eq(other, first, n_first);
			mem_free(other);
		}
	}
	config.isa = NULL;
	config.seed++;
	encode(&other, &n_other, table, &config);
	ck_assert(n_other != n_first || memcmp(other, first, n_first) != 0);
	mem_free(other);
	mem_free(first);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- rows */

START_TEST(fractions_are_of_the_whole_table_and_stratified)
{
	struct cln_table *table = ring_table(1000, 0);
	struct cln_config config = small_config();
	struct cln_fit_summary summary;

	config.epochs = 1;
	config.valid_fraction = 0.2;
	config.test_fraction = 0.3;
	cln_model_destroy(fitted(table, &config, &summary));
	/* Each class is rounded once for the test rows, and once more for the validation rows: off by at most 1 and 1.5 rows. */
	ck_assert_double_eq_tol((double)summary.test.rows, 300, 1);
	ck_assert_double_eq_tol((double)summary.valid.rows, 200, 1.5);
	ck_assert_uint_eq(summary.train.rows + summary.valid.rows + summary.test.rows, 1000);
	cln_table_destroy(table);
}
END_TEST

static const char *text_of(const struct column *column, size_t row)
{
	return column->codes[row] == LEVEL_MISSING ? NULL : column->levels[column->codes[row]];
}

/* Between any two rows one of weight 0, with numbers far outside, another label, or none at all. */
START_TEST(rows_of_weight_0_change_nothing)
{
	struct cln_table *table = weighted_table(80), *longer = tables_create(160, 6);
	struct cln_config config = busy_config();
	char *a, *b;
	size_t n_a, n_b;

	for (size_t c = 0; c < 6; c++) {
		const struct column *from = &table->columns[c];
		const char *texts[160];
		float numbers[160];

		for (size_t i = 0; i < 160; i++) {
			bool real = i % 2 == 0;

			if (from->type == COLUMN_NUMERIC)
				numbers[i] = real ? from->numbers[i / 2] : c == 4 ? 0 : 1e30f;
			else
				texts[i] = real ? text_of(from, i / 2) : i % 4 == 1 ? NULL : "nonsense";
		}
		if (from->type == COLUMN_NUMERIC)
			tables_numbers(longer, c, from->name, numbers);
		else
			tables_texts(longer, c, from->name, texts);
	}
	encode(&a, &n_a, table, &config);
	encode(&b, &n_b, longer, &config);
	ck_assert_uint_eq(n_a, n_b);
	ck_assert_mem_eq(a, b, n_a);
	mem_free(a);
	mem_free(b);
	cln_table_destroy(longer);
	cln_table_destroy(table);
}
END_TEST

START_TEST(the_pipeline_does_not_see_validation_rows)
{
	struct cln_table *table = ring_table(200, 0);
	struct cln_config config = small_config();
	struct cln_model *clean, *poisoned;
	struct label label;
	struct labelled_rows rows;
	uint32_t *first, *second;
	size_t n_first, n_second;

	config.epochs = 0;
	config.valid_fraction = 0.25;
	clean = fitted(table, &config, NULL);
	assert_ok(label_find(&label, table, NULL, NULL, NULL, NULL, &err));
	assert_ok(labels_read(&rows, table, &label, NULL, NULL, &err));
	assert_ok(split_stratified(&first, &n_first, &second, &n_second, rows.y, rows.n, 0.25, config.seed, 1, &err));
	for (size_t i = 0; i < n_second; i++)
		for (size_t c = 0; c < 3; c++)
			table->columns[c].numbers[second[i]] = 1e30f;
	poisoned = fitted(table, &config, NULL);

	ck_assert_uint_eq(poisoned->valid_rows, n_second);
	for (size_t c = 0; c < 3; c++) {
		const struct pipeline_column *a = &clean->pipeline->columns[c], *b = &poisoned->pipeline->columns[c];

		ck_assert_float_eq(a->impute, b->impute);
		ck_assert_float_eq(a->center, b->center);
		ck_assert_float_eq(a->scale, b->scale);
	}
	mem_free(first);
	mem_free(second);
	labelled_rows_free(&rows);
	label_free(&label);
	cln_model_destroy(poisoned);
	cln_model_destroy(clean);
	cln_table_destroy(table);
}
END_TEST

START_TEST(tables_given_for_validation_and_test_are_used_whole)
{
	struct cln_table *train = ring_table(100, 0), *valid = ring_table(40, 1), *test = ring_table(30, 2);
	struct cln_config config = small_config();
	struct cln_fit_summary summary;
	struct cln_metrics metrics;
	struct cln_model *model;

	config.valid_fraction = config.test_fraction = 0.6; /* not used, so more than all is no error */
	config.epochs = 3;
	assert_ok(cln_model_fit(&model, train, valid, test, NULL, &config, NULL, &summary, &err));
	ck_assert_uint_eq(summary.train.rows, 100);
	ck_assert_uint_eq(summary.valid.rows, 40);
	ck_assert_uint_eq(summary.test.rows, 30);
	assert_ok(cln_model_evaluate(model, test, 1, &metrics, NULL, &err));
	ck_assert_mem_eq(&metrics, &summary.test, sizeof metrics);
	assert_ok(cln_model_evaluate(model, valid, 2, &metrics, NULL, &err));
	ck_assert_mem_eq(&metrics, &model->valid, sizeof metrics);
	cln_model_destroy(model);
	cln_table_destroy(test);
	cln_table_destroy(valid);
	cln_table_destroy(train);
}
END_TEST

START_TEST(a_models_measures_begin_with_those_of_training)
{
	struct cln_table *train = ring_table(100, 0), *test = ring_table(60, 2);
	struct cln_config config = small_config();
	const struct cln_judging judging = {.replicates = 20, .seed = 1, .threads = 2};
	struct cln_metrics metrics;
	struct cln_evaluation evaluation;
	struct cln_comparison comparison;
	struct cln_model *model, *other, *stored;
	struct cln_error why;
	char path[] = "/tmp/test_fit.XXXXXX";

	config.epochs = 3;
	assert_ok(cln_model_fit(&model, train, NULL, NULL, NULL, &config, NULL, NULL, &err));
	config.seed++;
	assert_ok(cln_model_fit(&other, train, NULL, NULL, NULL, &config, NULL, NULL, &err));
	ck_assert_int_eq(cln_model_set_threshold(model, 1.5, &why), CLN_E_USAGE);
	assert_ok(cln_model_set_threshold(model, 0.25, &err));
	assert_ok(cln_model_evaluate(model, test, 1, &metrics, NULL, &err));
	assert_ok(cln_model_measure(model, test, &judging, &evaluation, NULL, &err));
	ck_assert_uint_eq(evaluation.rows, 60);
	ck_assert_double_eq(evaluation.threshold, 0.25);
	ck_assert_double_eq(evaluation.measures[CLN_MEASURE_LOG_LOSS].value, metrics.log_loss);
	ck_assert_double_eq(evaluation.measures[CLN_MEASURE_AUC].value, metrics.auc);
	ck_assert_double_eq(evaluation.measures[CLN_MEASURE_ACCURACY].value, metrics.accuracy);
	assert_ok(cln_model_compare(model, other, test, &judging, &comparison, NULL, &err));
	ck_assert_mem_eq(&comparison.first, &evaluation, sizeof evaluation);
	assert_ok(cln_model_measure(other, test, &judging, &evaluation, NULL, &err));
	ck_assert_mem_eq(&comparison.second, &evaluation, sizeof evaluation);
	ck_assert_double_ne(comparison.differences[CLN_MEASURE_AUC].value, 0);
	ck_assert_int_ge(close(mkstemp(path)), 0);
	assert_ok(cln_model_save(model, path, &err));
	ck_assert_int_eq(evaluate_store_threshold(path, other, 0.75, NULL, &why), CLN_E_IO); /* it was trained anew meanwhile */
	ck_assert_msg(strstr(why.message, "has changed since it was read") != NULL, "%s", why.message);
	assert_ok(evaluate_store_threshold(path, model, 0.75, NULL, &err));
	assert_ok(cln_model_load(&stored, path, &err));
	ck_assert_double_eq(cln_model_threshold(stored), 0.75);
	unlink(path);
	cln_model_destroy(stored);
	other->label.positive[0]++;
	ck_assert_int_eq(cln_model_compare(model, other, test, &judging, &comparison, NULL, &why), CLN_E_DATA);
	ck_assert_uint_eq(comparison.first.rows, 0);
	cln_model_destroy(other);
	cln_model_destroy(model);
	cln_table_destroy(test);
	cln_table_destroy(train);
}
END_TEST

/* ---------------------------------------------------------------- weights */

enum { PAIR_ROWS = 40, PAIR_STEPS = 10 };

/* Two numbers and a class that depends on them with some noise.
 * Row i has weight 1 + i % 2 or, where `twice`, is there so often. */
static struct cln_table *pair_table(bool twice)
{
	struct cln_table *table = tables_create(twice ? PAIR_ROWS * 3 / 2 : PAIR_ROWS, 4);
	float x[3][PAIR_ROWS * 3 / 2];
	const char *texts[PAIR_ROWS * 3 / 2];
	struct rng rng;
	size_t n = 0;

	rng_start(&rng, 2, RNG_TEST, 0, 0);
	for (size_t i = 0; i < PAIR_ROWS; i++) {
		float a = (float)(2 * rng_uniform(&rng) - 1), b = (float)(2 * rng_uniform(&rng) - 1);
		bool positive = (double)(a + b) + 0.5 * rng_normal(&rng) > 0;

		for (size_t k = 0; k < (twice ? 1 + i % 2 : 1); k++, n++) {
			x[0][n] = a;
			x[1][n] = b;
			x[2][n] = twice ? 1 : (float)(1 + i % 2);
			texts[n] = positive ? "1" : "0";
		}
	}
	tables_numbers(table, 0, "a", x[0]);
	tables_numbers(table, 1, "b", x[1]);
	tables_numbers(table, 2, "w", x[2]);
	tables_texts(table, 3, "class", texts);
	return table;
}

static struct cln_config descent_config(void)
{
	struct cln_config config = small_config();

	config.n_hidden = 0;
	config.optimizer = CLN_SGD;
	config.weight_decay = 0;
	config.learning_rate = 0.02;
	config.batch_size = 0;
	config.epochs = PAIR_STEPS;
	config.weight = "w";
	return config;
}

/* W[1] and b[1] of a network without hidden layers on two features. */
static void weights_of(float W[3], const struct cln_table *table, const struct cln_config *config)
{
	struct cln_model *model = fitted(table, config, NULL);

	ck_assert_uint_eq(model->network->n[0], 2);
	network_get(model->network, 1, W, W + 2);
	cln_model_destroy(model);
}

/* Logistic regression by PAIR_STEPS steps of gradient descent at rate r on m <= 60 columns with features of |x| <= B,
 * from the same start.
 * Both runs compute g_k = 1/m sum_j w_j (sigmoid(z_j) - y_j) x_jk in another order and with other roundings.
 * If the weights differ by E,
 *   - z differs by at most 3 B E (two features and a bias), and g_k by B/4 of that, since sigmoid' <= 1/4 and the w have mean 1;
 *   - features differ by d = 4 eps (B + 1), for center and scale may differ in their last place: z by 2 |W| d, g_k by d + B/4 of
 *     that;
 *   - a sum of m terms of mean size <= B, each with up to 16 roundings, is off by (m + 16) eps B in each run.
 * So E grows a step by r (3/4 B^2 E + d (1 + B |W| / 2) + 2 (m + 16) eps B), and by the rounding of the update, eps |W|, in each
 * run.  Uniform numbers of [-1, 1] have a deviation of 0.58 and a mean near 0: B = 2.5 leaves room for those of the sample. */
START_TEST(weight_2_is_the_row_twice)
{
	struct cln_table *once = pair_table(false), *twice = pair_table(true);
	struct cln_config config = descent_config();
	const double B = 2.5, W_most = 2, rate = config.learning_rate, eps = FLT_EPSILON / 2.0, m = PAIR_ROWS * 1.5;
	const double d = 4 * eps * (B + 1);
	float a[3], b[3], unweighted[3];
	double E = 0;

	for (int step = 0; step < PAIR_STEPS; step++)
		E += rate * (0.75 * B * B * E + d * (1 + B * W_most / 2) + 2 * (m + 16) * eps * B) + 2 * eps * W_most;
	weights_of(a, once, &config);
	weights_of(b, twice, &config);
	config.weight = NULL;
	once->columns[2].ignored = true;
	weights_of(unweighted, once, &config);
	for (int k = 0; k < 3; k++) {
		ck_assert_float_lt(fabsf(a[k]), (float)W_most);
		ck_assert_double_eq_tol((double)a[k], (double)b[k], E);
	}
	/* and that is no empty statement: without the weights the result is far outside of the bound */
	ck_assert_double_gt(fabs((double)a[0] - (double)unweighted[0]), 20 * E);
	cln_table_destroy(twice);
	cln_table_destroy(once);
}
END_TEST

static void check_same_network(const struct cln_table *table, const struct cln_config *a, const struct cln_config *b)
{
	struct cln_model *model_a = fitted(table, a, NULL), *model_b = fitted(table, b, NULL);

	ck_assert_mem_eq(model_a->network->params, model_b->network->params, model_a->network->n_floats * sizeof(float));
	cln_model_destroy(model_b);
	cln_model_destroy(model_a);
}

START_TEST(class_weights_are_row_weights_by_class)
{
	struct cln_table *table = pair_table(false);
	struct cln_config by_row = descent_config(), by_class = descent_config();

	for (size_t i = 0; i < PAIR_ROWS; i++)
		table->columns[2].numbers[i] = table->columns[3].codes[i] == 1 ? 3 : 1;
	by_row.scale = by_class.scale = CLN_SCALE_NONE; /* row weights count in the statistics, class weights do not */
	by_class.weight = NULL;
	by_class.class_weight = CLN_CLASS_WEIGHT_GIVEN;
	by_class.class_weights[0] = 1;
	by_class.class_weights[1] = 3;
	/* the weight column must not become a feature of the second */
	struct cln_model *a = fitted(table, &by_row, NULL), *b;
	table->columns[2].ignored = true;
	b = fitted(table, &by_class, NULL);
	ck_assert_mem_eq(a->network->params, b->network->params, a->network->n_floats * sizeof(float));
	cln_model_destroy(a);
	cln_model_destroy(b);
	cln_table_destroy(table);
}
END_TEST

START_TEST(balanced_classes_have_equal_sums_of_weights)
{
	/* 1, 2, 2, 3 negative and 2, 2 positive: sums 8 and 4, factors 12/16 and 12/8 */
	struct cln_table *table = tables_create(6, 3);
	struct cln_config balanced = descent_config(), given = descent_config();

	tables_numbers(table, 0, "a", (const float[]){1, 2, 3, 4, 5, 6});
	tables_numbers(table, 1, "w", (const float[]){1, 2, 2, 3, 2, 2});
	tables_numbers(table, 2, "class", (const float[]){0, 0, 0, 0, 1, 1});
	balanced.class_weight = CLN_CLASS_WEIGHT_BALANCED;
	given.class_weight = CLN_CLASS_WEIGHT_GIVEN;
	given.class_weights[0] = 0.75;
	given.class_weights[1] = 1.5;
	check_same_network(table, &balanced, &given);
	cln_table_destroy(table);
}
END_TEST

START_TEST(equal_weights_are_no_weights)
{
	struct cln_table *table = pair_table(false);
	struct cln_config weighted = descent_config(), unweighted = descent_config();
	struct cln_model *a, *b;

	for (size_t i = 0; i < PAIR_ROWS; i++)
		table->columns[2].numbers[i] = 0.7f;
	a = fitted(table, &weighted, NULL);
	unweighted.weight = NULL;
	table->columns[2].ignored = true;
	unweighted.scale = weighted.scale;
	b = fitted(table, &unweighted, NULL);
	/* Weights of 0.7 round in the sums of mean and deviation, so only the median must agree here; and the networks without
	 * scaling. */
	ck_assert_float_eq(a->pipeline->columns[0].impute, b->pipeline->columns[0].impute);
	cln_model_destroy(a);
	cln_model_destroy(b);
	table->columns[2].ignored = false;
	weighted.scale = unweighted.scale = CLN_SCALE_NONE;
	a = fitted(table, &weighted, NULL);
	table->columns[2].ignored = true;
	b = fitted(table, &unweighted, NULL);
	ck_assert_mem_eq(a->network->params, b->network->params, a->network->n_floats * sizeof(float));
	cln_model_destroy(a);
	cln_model_destroy(b);
	cln_table_destroy(table);
}
END_TEST

START_TEST(metrics_use_the_row_weights_of_the_table)
{
	struct cln_table *table = weighted_table(80);
	struct cln_config config = busy_config();
	struct cln_fit_summary summary;
	struct cln_metrics metrics;
	struct cln_model *model;

	config.valid_fraction = config.test_fraction = 0;
	model = fitted(table, &config, &summary);
	ck_assert_double_eq(summary.train.weight, 20 * (1 + 2 + 3 + 4));
	assert_ok(cln_model_evaluate(model, table, 1, &metrics, NULL, &err));
	ck_assert_mem_eq(&metrics, &summary.train, sizeof metrics);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- starting from a model */

START_TEST(a_fit_starts_from_the_weights_of_a_model)
{
	struct cln_table *table = ring_table(100, 0), *other = ring_table(100, 3);
	struct cln_config config = small_config();
	struct cln_fit_summary before, after;
	struct cln_model *first, *same, *further;

	config.epochs = 5;
	first = fitted(table, &config, &before);
	config.epochs = 0;
	config.hidden[0] = 3; /* the model's layers win */
	config.scale = CLN_SCALE_NONE;
	assert_ok(cln_model_fit(&same, other, NULL, NULL, first, &config, NULL, NULL, &err));
	ck_assert_mem_eq(same->network->params, first->network->params, first->network->n_floats * sizeof(float));
	ck_assert_uint_eq(same->config.hidden[0], 16);
	ck_assert_float_eq(same->pipeline->columns[0].center, first->pipeline->columns[0].center);
	config.epochs = 40;
	assert_ok(cln_model_fit(&further, table, NULL, NULL, first, &config, NULL, &after, &err));
	ck_assert_double_lt(after.train.log_loss, before.train.log_loss / 2);
	cln_model_destroy(further);
	cln_model_destroy(same);
	cln_model_destroy(first);
	cln_table_destroy(other);
	cln_table_destroy(table);
}
END_TEST

static void check_refused(const struct cln_table *train, const struct cln_table *valid, const struct cln_model *init,
                          const struct cln_config *config, enum cln_status status, const char *text)
{
	struct cln_error refusal = {0};
	struct cln_model *model = (void *)&refusal; /* something that is not NULL */

	ck_assert_int_eq(cln_model_fit(&model, train, valid, NULL, init, config, NULL, NULL, &refusal), status);
	ck_assert_msg(strstr(refusal.message, text) != NULL, "%s", refusal.message);
	ck_assert_ptr_null(model);
}

START_TEST(a_model_of_another_label_or_other_columns_is_refused_as_a_start)
{
	struct cln_table *table = ring_table(100, 0), *pair = pair_table(true);
	struct cln_config config = small_config();
	struct cln_model *model;

	config.epochs = 1;
	model = fitted(table, &config, NULL);
	check_refused(pair, NULL, model, &config, CLN_E_DATA, "there is no column \"where\"");
	config.label = "where";
	check_refused(pair, NULL, model, &config, CLN_E_DATA, "there is no column \"where\"");
	config.label = "colour";
	check_refused(table, NULL, model, &config, CLN_E_USAGE, "--label colour");
	config.label = "5";
	config.positive = "in";
	check_refused(table, NULL, model, &config, CLN_E_USAGE, "--positive in");
	config.positive = NULL;
	mem_free(table->columns[0].name);
	table->columns[0].name = tables_string("X");
	check_refused(table, NULL, model, &config, CLN_E_DATA, "\"x\"");
	cln_model_destroy(model);
	cln_table_destroy(pair);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- refusals */

START_TEST(configs_and_tables_that_do_not_fit_are_refused)
{
	struct cln_table *table = ring_table(100, 0), *pair = pair_table(true), *none = tables_create(0, 1);
	struct cln_config config = small_config();

	config.learning_rate = -0.5;
	check_refused(table, NULL, NULL, &config, CLN_E_USAGE, "learning_rate");
	config = small_config();
	config.isa = "abacus";
	check_refused(table, NULL, NULL, &config, CLN_E_USAGE, "abacus");
	config = small_config();
	check_refused(table, pair, NULL, &config, CLN_E_DATA, "there is no column \"where\"");
	config.weight = "where";
	check_refused(table, NULL, NULL, &config, CLN_E_DATA, "not a number");
	config.weight = "nowhere";
	check_refused(table, NULL, NULL, &config, CLN_E_DATA, "nowhere");
	config.weight = NULL;
	tables_numbers(none, 0, "x", NULL);
	check_refused(none, NULL, NULL, &config, CLN_E_DATA, "no row");
	cln_table_destroy(none);
	cln_table_destroy(pair);
	cln_table_destroy(table);
}
END_TEST

START_TEST(a_third_label_value_in_the_validation_table_is_refused)
{
	struct cln_table *table = ring_table(100, 0), *valid = ring_table(20, 1);
	struct cln_config config = small_config();
	const char *texts[20];

	for (size_t i = 0; i < 20; i++)
		texts[i] = i == 7 ? "beside" : "in";
	mem_free(valid->columns[4].codes);
	mem_free(valid->columns[4].levels);
	mem_free(valid->columns[4].level_bytes);
	mem_free(valid->columns[4].name);
	valid->columns[4] = (struct column){0};
	tables_texts(valid, 4, "where", texts);
	check_refused(table, valid, NULL, &config, CLN_E_DATA, "\"beside\"");
	valid->columns[4].codes[7] = valid->columns[4].codes[6];
	config.metric = CLN_AUC;
	check_refused(table, valid, NULL, &config, CLN_E_DATA, "AUC");
	cln_table_destroy(valid);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- the observer */

struct heard {
	size_t starts, epochs, notes, stop_after;
	size_t train_rows, n_features, missing_cells, dropped_rows;
	char all_notes[4096];
};

static bool hear_start(void *context, const struct cln_fit_start *start)
{
	struct heard *heard = context;

	heard->starts++;
	heard->train_rows = start->train_rows;
	heard->n_features = start->n_features;
	heard->missing_cells = start->missing_cells;
	heard->dropped_rows = start->dropped_rows;
	ck_assert_uint_eq(start->n[0], start->n_features);
	ck_assert_uint_eq(start->n[start->n_layers], 1);
	ck_assert_str_eq(start->positive, "out");
	ck_assert(start->positive_was_chosen);
	return false;
}

static bool hear_epoch(void *context, const struct cln_epoch *epoch)
{
	struct heard *heard = context;

	ck_assert_uint_eq(epoch->epoch, ++heard->epochs);
	return heard->epochs == heard->stop_after;
}

static void hear_note(void *context, const char *sentence)
{
	struct heard *heard = context;

	heard->notes++;
	snprintf(heard->all_notes + strlen(heard->all_notes), sizeof heard->all_notes - strlen(heard->all_notes), "%s\n", sentence);
}

START_TEST(an_observer_is_told_the_facts_and_may_stop)
{
	struct cln_table *table = ring_table(100, 0);
	struct cln_config config = small_config();
	struct heard heard = {.stop_after = 2};
	const struct cln_observer observer = {.context = &heard, .start = hear_start, .epoch = hear_epoch, .note = hear_note};
	struct cln_fit_summary summary;
	struct cln_model *model;
	struct cln_error stop;

	ck_assert_int_eq(cln_model_fit(&model, table, NULL, NULL, NULL, &config, &observer, &summary, &stop), CLN_STOPPED);
	ck_assert_ptr_nonnull(model);
	ck_assert_int_eq(stop.code, CLN_STOPPED);
	ck_assert_uint_eq(heard.starts, 1);
	ck_assert_uint_eq(heard.epochs, 2);
	ck_assert_uint_eq(heard.train_rows, 100);
	ck_assert_uint_eq(heard.n_features, 2 + 2 + 4); /* x, y; noise with gaps; three colours with gaps */
	ck_assert_uint_eq(heard.missing_cells, table->columns[2].n_missing + table->columns[3].n_missing);
	ck_assert_uint_eq(summary.epochs, 2);
	ck_assert_uint_eq(model->epochs, 2);
	ck_assert_uint_eq(summary.train.rows, 100);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

START_TEST(notes_name_what_is_odd_about_the_columns)
{
	struct cln_table *table = ring_table(100, 0);
	struct cln_config config = small_config();
	struct heard heard = {.stop_after = 1};
	const struct cln_observer observer = {.context = &heard, .epoch = hear_epoch, .note = hear_note};
	struct cln_model *model;

	for (size_t i = 0; i < 100; i++) {
		table->columns[0].numbers[i] = 7;
		if (i % 10 > 2)
			table->columns[2].numbers[i] = NAN;
	}
	table->columns[2].n_missing = 70;
	memcpy(table->columns[3].levels[0], "1", 2); /* as if most colours were numbers, and not red */
	memcpy(table->columns[3].levels[1], "2", 2);
	table->columns[3].n_texts = 2;
	config.max_levels = 2;
	ck_assert_int_eq(cln_model_fit(&model, table, NULL, NULL, NULL, &config, &observer, NULL, NULL), CLN_STOPPED);
	ck_assert_ptr_nonnull(strstr(heard.all_notes, "\"where\" (--label"));
	ck_assert_ptr_nonnull(strstr(heard.all_notes, "left out: \"x\""));
	ck_assert_ptr_nonnull(strstr(heard.all_notes, "mostly missing: \"noise\" (70 %)"));
	ck_assert_ptr_nonnull(strstr(heard.all_notes, "\"colour\" is taken as categories because of"));
	ck_assert_ptr_nonnull(strstr(heard.all_notes, "no number, most often \"red\" ("));
	ck_assert_ptr_nonnull(strstr(heard.all_notes, "--max-levels): \"colour\" (1 of 3)"));
	ck_assert_uint_eq(heard.notes, 5);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* Whole numbers of which one is not below 2^24; not with a half among them, not where the user said that they are numbers. */
START_TEST(whole_numbers_that_are_rounded_are_named)
{
	static const struct {
		float greatest, other;
		bool given, named;
	} cases[] = {{0x1p24f, 1, false, true},	     {-0x1p30f, 1, false, true}, {0x1p24f - 1, 1, false, false},
		     {0x1p24f, 0.5f, false, false}, {0x1p24f, 1, true, false}};
	struct cln_table *table = ring_table(100, 0);
	struct cln_config config = small_config();
	struct heard heard = {.stop_after = 1};
	const struct cln_observer observer = {.context = &heard, .epoch = hear_epoch, .note = hear_note};
	struct cln_model *model;

	for (size_t i = 0; i < 100; i++)
		table->columns[2].numbers[i] = i == 50 ? cases[_i].greatest : cases[_i].other;
	table->columns[2].numbers[5] = NAN;
	table->columns[2].n_missing = 1;
	table->columns[2].type_was_given = cases[_i].given;
	ck_assert_int_eq(cln_model_fit(&model, table, NULL, NULL, NULL, &config, &observer, NULL, NULL), CLN_STOPPED);
	ck_assert_msg(!strstr(heard.all_notes, "which are rounded") == !cases[_i].named, "case %d: %s", _i, heard.all_notes);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* Three to 32 whole numbers, ten rows for each: not two, not 33, not with a half among them, not where the user said what it is. */
START_TEST(columns_of_few_whole_numbers_are_named)
{
	static const struct {
		size_t n_codes;
		float offset;
		bool given, named;
	} cases[] = {{3, 0, false, true},      {32, -5, false, true}, {2, 0, false, false},
		     {33, 0, false, false}, {3, 0.5f, false, false},   {3, 0, true, false}};
	struct cln_table *table = ring_table(330, 0);
	struct cln_config config = small_config();
	struct heard heard = {.stop_after = 1};
	const struct cln_observer observer = {.context = &heard, .epoch = hear_epoch, .note = hear_note};
	struct cln_model *model;
	char text[32];

	for (size_t i = 0; i < 330; i++) {
		const size_t code = i % cases[_i].n_codes;
		table->columns[2].numbers[i] = code == 1 ? 1 + cases[_i].offset : (float)code;
	}
	table->columns[2].numbers[5] = NAN;
	table->columns[2].n_missing = 1;
	table->columns[2].type_was_given = cases[_i].given;
	ck_assert_int_eq(cln_model_fit(&model, table, NULL, NULL, NULL, &config, &observer, NULL, NULL), CLN_STOPPED);
	snprintf(text, sizeof text, ": \"noise\" (%zu)", cases[_i].n_codes);
	ck_assert_msg((strstr(heard.all_notes, text) != NULL) == cases[_i].named, "%s", heard.all_notes);
	ck_assert((strstr(heard.all_notes, "--categorical NAME") != NULL) == cases[_i].named);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- prediction */

START_TEST(predictions_are_sigmoids_of_the_logits_for_any_threads)
{
	struct cln_table *table = ring_table(700, 0);
	struct cln_config config = small_config();
	struct cln_model *model;
	const struct kernels *kernels;
	float *X, logits[700], p[700];
	struct cln_row_report report;

	config.epochs = 2;
	model = fitted(table, &config, NULL);
	assert_ok(kernels_select(&kernels, "generic", &err));
	X = mem_alloc(700 * model->pipeline->n_features, sizeof *X, NULL);
	ck_assert_ptr_nonnull(X);
	assert_ok(pipeline_apply(X, model->pipeline, table, NULL, 700, 1, NULL, &err));
	assert_ok(predict_logits(logits, model->network, kernels, X, 700, 1, &err));
	for (int threads = 1; threads <= 3; threads++) {
		assert_ok(cln_model_predict(model, table, threads, p, &report, &err));
		for (size_t i = 0; i < 700; i++)
			ck_assert_float_eq(p[i], (float)dmath_sigmoid((double)logits[i]));
		ck_assert_uint_eq(report.rows, 700);
		ck_assert_uint_eq(report.extra_columns, 0);
		ck_assert_uint_eq(report.missing_cells, table->columns[2].n_missing + table->columns[3].n_missing);
	}
	mem_free(X);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* 2^21 / 9000 rows are fewer than 256, so a chunk has 256 rows and 600 rows make three of them. */
START_TEST(chunks_of_rows_join_without_a_seam)
{
	enum { N = 600, C = 9000 };
	struct cln_table *table = tables_create(N, C + 1);
	struct cln_config config = small_config();
	struct cln_model *model;
	float *column = mem_alloc(N, sizeof *column, NULL), *p = mem_alloc(2 * N, sizeof *p, NULL);
	char name[16];

	ck_assert(column && p);
	for (size_t c = 0; c <= C; c++) {
		for (size_t i = 0; i < N; i++)
			column[i] = c < C ? (float)((i * 31 + c * 17) % 101) : (float)(i % 2);
		snprintf(name, sizeof name, "c%zu", c);
		tables_numbers(table, c, name, column);
	}
	config.epochs = 0;
	model = fitted(table, &config, NULL);
	assert_ok(cln_model_predict(model, table, 2, p, NULL, &err));
	/* each row alone is its own chunk: 0, 255, 256, 511, 512 and 599 lie on both sides of every seam */
	for (size_t k = 0; k < 6; k++) {
		const size_t row = (const size_t[]){0, 255, 256, 511, 512, 599}[k];
		struct cln_table *single = tables_create(1, C);
		float alone;

		for (size_t c = 0; c < C; c++)
			tables_numbers(single, c, table->columns[c].name, &table->columns[c].numbers[row]);
		assert_ok(cln_model_predict(model, single, 1, &alone, NULL, &err));
		ck_assert_float_eq(alone, p[row]);
		cln_table_destroy(single);
	}
	mem_free(p);
	mem_free(column);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

START_TEST(prediction_needs_no_label_but_evaluation_does)
{
	struct cln_table *table = ring_table(60, 0);
	struct cln_config config = small_config();
	struct cln_model *model;
	struct cln_metrics metrics;
	struct cln_error refusal;
	float with[60], without[60];

	config.epochs = 1;
	model = fitted(table, &config, NULL);
	assert_ok(cln_model_predict(model, table, 1, with, NULL, &err));
	table->columns[4].ignored = true;
	assert_ok(cln_model_predict(model, table, 1, without, NULL, &err));
	ck_assert_mem_eq(with, without, sizeof with);
	ck_assert_int_eq(cln_model_evaluate(model, table, 1, &metrics, NULL, &refusal), CLN_E_DATA);
	table->columns[4].ignored = false;
	mem_free(table->columns[4].name);
	table->columns[4].name = tables_string("elsewhere");
	ck_assert_int_eq(cln_model_evaluate(model, table, 1, &metrics, NULL, &refusal), CLN_E_DATA);
	ck_assert_msg(strstr(refusal.message, "\"where\"") != NULL, "%s", refusal.message);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- embeddings */

/* An even column, one of which nine in ten are 0, and a label. */
static struct cln_table *tailed_table(size_t n)
{
	struct cln_table *table = tables_create(n, 3);
	float *numbers = mem_alloc(n, 2 * sizeof *numbers, NULL);
	const char **texts = mem_alloc(n, sizeof *texts, NULL);

	ck_assert(numbers && texts);
	for (size_t i = 0; i < n; i++) {
		numbers[i] = (float)(i % 101);
		numbers[n + i] = i % 10 ? 0 : (float)(i % 97);
		texts[i] = i % 3 ? "in" : "out";
	}
	tables_numbers(table, 0, "even", numbers);
	tables_numbers(table, 1, "tailed", numbers + n);
	tables_texts(table, 2, "where", texts);
	mem_free(texts);
	mem_free(numbers);
	return table;
}

START_TEST(auto_gives_bins_to_numbers_with_tails_of_many_rows)
{
	static const size_t rows[] = {4999, 5000};
	struct cln_table *table = tailed_table(rows[_i]);
	struct cln_config config = small_config();

	config.scale = CLN_SCALE_AUTO;
	config.embedding = CLN_EMBEDDING_AUTO;
	config.epochs = 0;
	struct cln_model *model = fitted(table, &config, NULL);
	const struct front *front = &model->network->front;

	ck_assert_uint_eq(front->n_numbers, 2);
	ck_assert_uint_eq(front->n_binned, (size_t)_i);
	if (_i)
		ck_assert_uint_eq(front->binned[0], 1);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* Cosines of a number scaled by quantiles are the other's, but for frequencies that grow to the spread. */
START_TEST(a_spread_is_for_numbers_with_tails)
{
	struct cln_table *table = tailed_table(500);
	struct cln_config config = small_config();
	struct cln_model *models[2];

	config.scale = CLN_SCALE_AUTO;
	config.embedding = CLN_EMBEDDING_PERIODIC;
	config.epochs = 0;
	for (int i = 0; i < 2; i++) {
		config.frequency_spread = i ? 7 : 1;
		models[i] = fitted(table, &config, NULL);
	}
	const float *even = network_embedding(models[0]->network), *even_too = network_embedding(models[1]->network);

	ck_assert_mem_eq(even, even_too, EMBEDDING_FLOATS * sizeof *even);
	const float *tailed = even + EMBEDDING_FLOATS, *spread = even_too + EMBEDDING_FLOATS;
	ck_assert_float_eq(spread[0], tailed[0]);
	for (size_t k = 1; k + 1 < EMBEDDING_FREQUENCIES; k++)
		ck_assert(fabsf(spread[k]) > fabsf(tailed[k]));
	ck_assert_float_eq_tol(spread[EMBEDDING_FREQUENCIES - 1], 7 * tailed[EMBEDDING_FREQUENCIES - 1],
	                       7 * FLT_EPSILON * fabsf(tailed[EMBEDDING_FREQUENCIES - 1]));
	cln_model_destroy(models[0]);
	cln_model_destroy(models[1]);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- rows without a logit */

/* Rows 8 and 10, and they alone. */
static void assert_named(const struct cln_error *why)
{
	static const char first[] = "memory, row 8: the row's logit is not a number (\"-3.4028235e+38\", column \"x\"";
	static const char second[] = "memory, row 10: the row's logit is not a number (\"3.4028235e+38\", column \"y\"";
	const char *line = strchr(why->message, '\n');

	ck_assert_msg(strncmp(why->message, first, strlen(first)) == 0, "%s", why->message);
	ck_assert_msg(line && strncmp(line + 1, second, strlen(second)) == 0 && !strchr(line + 1, '\n'), "%s", why->message);
}

static void count_scored(void *context, enum cln_rows rows, const struct cln_scores *scores, const struct cln_labels *labels)
{
	(void)scores;
	(void)labels;
	++((size_t *)context)[rows];
}

/* In rows 7 and 9 a number whose sums overflow in the second layer, to both sides. */
static struct cln_table *overflowing_table(size_t n, uint32_t draw)
{
	struct cln_table *table = ring_table(n, draw);

	table->columns[0].numbers[7] = -FLT_MAX;
	table->columns[1].numbers[9] = FLT_MAX;
	return table;
}

static struct cln_config overflowing_config(size_t epochs)
{
	struct cln_config config = small_config();

	config.scale = CLN_SCALE_NONE;
	config.init = CLN_INIT_NORMAL;
	config.n_hidden = 2;
	config.hidden[0] = config.hidden[1] = 64;
	config.epochs = epochs;
	return config;
}

START_TEST(test_rows_without_a_logit_are_named_and_the_model_is_kept)
{
	struct cln_table *table = ring_table(200, 0), *test = overflowing_table(40, 1);
	const struct cln_config config = overflowing_config(2);
	size_t told[3] = {0};
	const struct cln_observer observer = {.context = told, .scored = count_scored};
	struct cln_fit_summary summary;
	struct cln_model *model, *alone = fitted(table, &config, NULL);
	float probabilities[40];
	struct cln_metrics metrics;
	struct cln_error refusal;

	ck_assert_int_eq(cln_model_fit(&model, table, NULL, test, NULL, &config, &observer, &summary, &refusal), CLN_E_DATA);
	assert_named(&refusal);
	ck_assert_ptr_nonnull(model);
	assert_same_model(model, alone);
	ck_assert_uint_eq(summary.test.rows, 40);
	ck_assert_double_nan(summary.test.log_loss);
	ck_assert_uint_eq(summary.train.rows, 200);
	ck_assert(isfinite(summary.train.log_loss));
	ck_assert_uint_eq(told[CLN_ROWS_TRAIN] + told[CLN_ROWS_VALID] + told[CLN_ROWS_TEST], 0);
	ck_assert_int_eq(cln_model_predict(model, test, 1, probabilities, NULL, &refusal), CLN_E_DATA);
	assert_named(&refusal);
	ck_assert_int_eq(cln_model_evaluate(model, test, 1, &metrics, NULL, &refusal), CLN_E_DATA);
	assert_named(&refusal);
	cln_model_destroy(alone);
	cln_model_destroy(model);
	cln_table_destroy(test);
	cln_table_destroy(table);
}
END_TEST

/* Without a training nothing else finds them: those to validate on, of a file, a fraction or folds, and those learnt from. */
START_TEST(any_rows_without_a_logit_are_named)
{
	struct cln_table *good = ring_table(200, 0), *bad = overflowing_table(200, 1);
	struct cln_config config = overflowing_config(0);
	struct cln_fit_summary summary;
	struct cln_error refusal;
	struct cln_model *model;

	config.valid_fraction = _i == 1 || _i == 2 ? 0.2 : 0;
	config.ensemble = _i == 2 ? 3 : 1;
	config.calibration = CLN_CALIBRATE_TEMPERATURE;
	config.threshold_rule = CLN_THRESHOLD_F1;
	ck_assert_int_eq(cln_model_fit(&model, _i == 0 ? good : bad, _i == 0 ? bad : NULL, NULL, NULL, &config, NULL, &summary,
				       &refusal), CLN_E_DATA);
	assert_named(&refusal);
	ck_assert_ptr_nonnull(model);
	char *bytes;
	size_t length;
	assert_ok(model_encode(&bytes, &length, model, &err));
	ck_assert(_i == 1 || summary.temperature == 1); /* of a fraction the two may be none */
	mem_free(bytes);
	cln_model_destroy(model);
	cln_table_destroy(bad);
	cln_table_destroy(good);
}
END_TEST

static Suite *fit_suite(void)
{
	Suite *suite = suite_create("fit");
	TCase *learn = tcase_create("learning"), *bits = tcase_create("bits"), *rows = tcase_create("rows"),
	      *weights = tcase_create("weights");
	TCase *init = tcase_create("init"), *refusals = tcase_create("refusals"), *observer = tcase_create("observer");
	TCase *predict = tcase_create("predict and evaluate");

	tcase_add_test(learn, a_separable_table_is_learnt_completely);
	tcase_add_test(learn, no_epochs_give_the_initial_network);
	tcase_add_loop_test(learn, auto_gives_bins_to_numbers_with_tails_of_many_rows, 0, 2);
	tcase_add_test(learn, a_spread_is_for_numbers_with_tails);
	suite_add_tcase(suite, learn);
	tcase_add_test(bits, models_have_the_same_bytes_for_any_threads_and_kernels);
	suite_add_tcase(suite, bits);
	tcase_add_test(rows, fractions_are_of_the_whole_table_and_stratified);
	tcase_add_test(rows, rows_of_weight_0_change_nothing);
	tcase_add_test(rows, the_pipeline_does_not_see_validation_rows);
	tcase_add_test(rows, tables_given_for_validation_and_test_are_used_whole);
	tcase_add_test(rows, a_models_measures_begin_with_those_of_training);
	suite_add_tcase(suite, rows);
	tcase_add_test(weights, weight_2_is_the_row_twice);
	tcase_add_test(weights, class_weights_are_row_weights_by_class);
	tcase_add_test(weights, balanced_classes_have_equal_sums_of_weights);
	tcase_add_test(weights, equal_weights_are_no_weights);
	tcase_add_test(weights, metrics_use_the_row_weights_of_the_table);
	suite_add_tcase(suite, weights);
	tcase_add_test(init, a_fit_starts_from_the_weights_of_a_model);
	tcase_add_test(init, a_model_of_another_label_or_other_columns_is_refused_as_a_start);
	suite_add_tcase(suite, init);
	tcase_add_test(refusals, configs_and_tables_that_do_not_fit_are_refused);
	tcase_add_test(refusals, a_third_label_value_in_the_validation_table_is_refused);
	suite_add_tcase(suite, refusals);
	tcase_add_test(observer, an_observer_is_told_the_facts_and_may_stop);
	tcase_add_test(observer, notes_name_what_is_odd_about_the_columns);
	tcase_add_loop_test(observer, columns_of_few_whole_numbers_are_named, 0, 6);
	tcase_add_loop_test(observer, whole_numbers_that_are_rounded_are_named, 0, 5);
	suite_add_tcase(suite, observer);
	tcase_add_test(predict, predictions_are_sigmoids_of_the_logits_for_any_threads);
	tcase_add_test(predict, chunks_of_rows_join_without_a_seam);
	tcase_add_test(predict, prediction_needs_no_label_but_evaluation_does);
	tcase_add_test(predict, test_rows_without_a_logit_are_named_and_the_model_is_kept);
	tcase_add_loop_test(predict, any_rows_without_a_logit_are_named, 0, 4);
	suite_add_tcase(suite, predict);
	return suite;
}

TESTING_MAIN(fit_suite)
