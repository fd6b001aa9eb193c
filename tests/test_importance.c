/* SPDX-License-Identifier: MIT
 * What columns matter: against closed forms, against sums over all donors, by the coverage of the intervals, and to the bit. */
#include "testing.h"

#include <float.h>
#include <stdio.h>
#include <time.h>

#include "api/config.h"
#include "base/dmath.h"
#include "base/rng.h"
#include "model/model.h"
#include "tables.h"

/* ---------------------------------------------------------------- tables and models */

enum { COLUMNS = 3 };

/* Standard normal numbers a, b, c and a label that is positive with probability sigmoid(w . x + bias). */
static struct cln_table *logistic_table(size_t n, const float w[COLUMNS], float bias, uint32_t draw)
{
	static const char *const names[COLUMNS] = {"a", "b", "c"};
	struct cln_table *table = tables_create(n, COLUMNS + 1);
	float *numbers = mem_alloc(n, COLUMNS * sizeof *numbers, NULL);
	const char **texts = mem_alloc(n, sizeof *texts, NULL);
	struct rng rng;

	ck_assert(numbers && texts);
	rng_start(&rng, 21, RNG_TEST, draw, 0);
	for (size_t i = 0; i < n; i++) {
		double z = (double)bias;
		for (size_t c = 0; c < COLUMNS; c++) {
			numbers[c * n + i] = (float)rng_normal(&rng);
			z += (double)w[c] * (double)numbers[c * n + i];
		}
		texts[i] = rng_uniform(&rng) < dmath_sigmoid(z) ? "yes" : "no";
	}
	for (size_t c = 0; c < COLUMNS; c++)
		tables_numbers(table, c, names[c], numbers + c * n);
	tables_texts(table, COLUMNS, "label", texts);
	mem_free(texts);
	mem_free(numbers);
	return table;
}

/* A model of columns as they are, of which the pipeline and the shape are fitted, but nothing else. */
static struct cln_model *untrained(const struct cln_table *table, size_t hidden, size_t members)
{
	struct cln_config config;
	struct cln_model *model;

	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.scale = CLN_SCALE_NONE;
	config.valid_fraction = members > 1 ? 0.5 : 0;
	config.n_hidden = hidden > 0;
	config.hidden[0] = hidden;
	config.activation = CLN_TANH;
	config.epochs = 0;
	config.ensemble = members;
	config.threads = 1;
	assert_ok(cln_model_fit(&model, table, NULL, NULL, NULL, &config, NULL, NULL, &err));
	return model;
}

static void set_weights(struct network *net, const float w[COLUMNS], float bias)
{
	network_set(net, 1, w, &bias);
	network_sync(net);
}

static struct cln_model *logistic_model(const struct cln_table *table, const float w[COLUMNS], float bias)
{
	struct cln_model *model = untrained(table, 0, 1);

	set_weights(model->network, w, bias);
	return model;
}

static struct cln_importance *importance_of(const struct cln_model *model, const struct cln_table *table, size_t repeats,
					    uint64_t seed, int threads)
{
	const struct cln_asked asked = {.repeats = repeats, .seed = seed, .threads = threads};
	struct cln_importance *importance;

	assert_ok(cln_model_importance(model, table, &asked, &importance, NULL, &err));
	return importance;
}

static const struct cln_column_importance *column_of(const struct cln_importance *importance, const char *name)
{
	for (size_t c = 0; c < importance->n_columns; c++)
		if (strcmp(importance->columns[c].column, name) == 0)
			return &importance->columns[c];
	ck_abort_msg("there is no column %s", name);
	return NULL;
}

static const float usual[COLUMNS] = {1.5f, -0.75f, 0};

/* ---------------------------------------------------------------- shuffles */

START_TEST(a_column_without_weight_is_of_no_importance_at_all)
{
	struct cln_table *table = logistic_table(300, usual, 0.25f, 0);
	struct cln_model *model = logistic_model(table, usual, 0.25f);
	struct cln_importance *importance = importance_of(model, table, 5, 1, 2);
	const struct cln_column_importance *c = column_of(importance, "c");

	ck_assert_uint_eq(importance->n_columns, COLUMNS);
	ck_assert_str_eq(importance->columns[0].column, "a");
	ck_assert_str_eq(importance->columns[1].column, "b");
	ck_assert(c->log_loss.value == 0 && c->log_loss.low == 0 && c->log_loss.high == 0);
	ck_assert(c->auc.value == 0 && c->auc.low == 0 && c->auc.high == 0 && c->contribution == 0);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_double_gt(importance->columns[i].log_loss.low, 0);
		ck_assert_double_gt(importance->columns[i].auc.low, 0);
		ck_assert_double_lt(importance->columns[i].log_loss.low, importance->columns[i].log_loss.value);
	}
	cln_importance_destroy(importance);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* Under a permutation at random row i gets every cell alike: the value's mean is that over all pairs of a row and a donor, and
 * its variance over permutations 1/(n-1) times the sum of the squares of what a row and a donor do together, by n^2 (Hoeffding,
 * 1951). */
START_TEST(many_shuffles_come_to_the_mean_over_all_donors)
{
	enum { ROWS = 40, REPEATS = 1000 };
	struct cln_table *table = logistic_table(ROWS, usual, 0.25f, 3);
	struct cln_model *model = logistic_model(table, usual, 0.25f);
	struct cln_importance *importance = importance_of(model, table, REPEATS, 7, 2);
	const float *a = table->columns[0].numbers, *b = table->columns[1].numbers;
	double loss[ROWS][ROWS], of_row[ROWS] = {0}, of_donor[ROWS] = {0}, mean = 0, before = 0, together = 0;

	for (size_t i = 0; i < ROWS; i++) {
		const bool positive = strcmp(table->columns[COLUMNS].levels[table->columns[COLUMNS].codes[i]], "yes") == 0;
		for (size_t j = 0; j < ROWS; j++) {
			const double z = 1.5 * (double)a[j] - 0.75 * (double)b[i] + 0.25;
			loss[i][j] = dmath_softplus(positive ? -z : z);
			of_row[i] += loss[i][j] / ROWS;
			of_donor[j] += loss[i][j] / ROWS;
			mean += loss[i][j] / ROWS / ROWS;
		}
		before += loss[i][i] / ROWS;
	}
	for (size_t i = 0; i < ROWS; i++)
		for (size_t j = 0; j < ROWS; j++)
			together += pow(loss[i][j] - of_row[i] - of_donor[j] + mean, 2);
	const double error = sqrt(together / (ROWS - 1)) / ROWS / sqrt(REPEATS), value = column_of(importance, "a")->log_loss.value;
	ck_assert_double_le(fabs(value - (mean - before)), 4 * error);
	ck_assert_double_lt(error, 0.01 * (mean - before)); /* so that this says something */
	ck_assert_double_eq_tol(importance->log_loss, before, 1e-6);
	cln_importance_destroy(importance);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* Integrals over a normal distribution, by the midpoint rule, whose error is far below what is told apart here. */
enum { GRID = 400 };
static double normal_density(double u) { return exp(-u * u / 2) / sqrt(2 * M_PI); }
static double grid_place(size_t i) { return -8 + 16 * ((double)i + 0.5) / GRID; }

/* What is true of all rows there could be of logistic_table and its very model, for a column of weight w where s^2 is the sum of
 * the squares of all weights.  Log loss: E[y (z - z')] = w E[x sigmoid(z)] = w^2 E[sigmoid'(z)] by Stein's lemma, since z and z'
 * are distributed alike.  AUC: of z' the positive rows have the density phi(z') g(z') / P(y), g(z') = E[sigmoid(z) | z'], where z
 * and z' are normal with correlation 1 - w^2/s^2. */
static double true_rise(double w, double s, double bias)
{
	double sum = 0;

	for (size_t i = 0; i < GRID; i++) {
		const double p = dmath_sigmoid(bias + s * grid_place(i));
		sum += 16.0 / GRID * normal_density(grid_place(i)) * p * (1 - p);
	}
	return w * w * sum;
}

static double true_auc(double w, double s, double bias)
{
	const double rho = 1 - w * w / (s * s), rest = sqrt(1 - rho * rho);
	double g[GRID], P = 0, N = 0, ordered = 0;

	for (size_t i = 0; i < GRID; i++) {
		g[i] = 0;
		for (size_t k = 0; k < GRID; k++)
			g[i] += 16.0 / GRID * normal_density(grid_place(k)) *
				dmath_sigmoid(bias + s * (rho * grid_place(i) + rest * grid_place(k)));
	}
	for (size_t i = 0; i < GRID; i++) {
		const double density = 16.0 / GRID * normal_density(grid_place(i)), p = density * g[i], n = density * (1 - g[i]);
		ordered += p * (N + n / 2);
		P += p;
		N += n;
	}
	return ordered / (P * N);
}

/* Of the estimates of one value: how many intervals hold the truth, their errors, and how the values themselves vary. */
struct coverage {
	double covered, errors, sum, squares;
};

static void add_estimate(struct coverage *coverage, const struct cln_estimate *estimate, double truth)
{
	coverage->covered += estimate->low <= truth && truth <= estimate->high;
	coverage->errors += (estimate->high - estimate->low) / 2 / 1.959963984540054;
	coverage->sum += estimate->value;
	coverage->squares += estimate->value * estimate->value;
}

/* Of 95 in 100 intervals the share's standard error is 0.22 / sqrt(n); that of a deviation of n values about 1 / sqrt(2 n). */
static void check_coverage(const struct coverage *coverage, size_t samples, const char *name)
{
	const double n = (double)samples, share = coverage->covered / n, error = 0.22 / sqrt(n);
	const double deviation = sqrt((coverage->squares - coverage->sum * coverage->sum / n) / (n - 1));
	const double ratio = coverage->errors / n / deviation;

	if (getenv("TEST_IMPORTANCE_SAMPLES"))
		fprintf(stderr, "%s: %.4f of the intervals hold the truth, errors %.3f of the deviation\n", name, share, ratio);
	ck_assert_msg(share > 0.94 - 4 * error && share < 0.96 + 3 * error, "%s: %g of the intervals hold the truth", name, share);
	ck_assert_msg(fabs(ratio - 1) < 0.02 + 4 / sqrt(2 * n), "%s: errors are %g of the values' deviation", name, ratio);
}

/* TEST_IMPORTANCE_SAMPLES asks for more samples: the figures of doc/importance.md. */
static void count_covered(size_t repeats, bool weighted)
{
	enum { ROWS = 200 };
	const char *more = getenv("TEST_IMPORTANCE_SAMPLES");
	const size_t samples = more ? (size_t)atol(more) : 250;
	const double s = sqrt(1.5 * 1.5 + 0.75 * 0.75), w[2] = {1.5, 0.75}, bias = 0.25;
	const double before = true_auc(0, s, bias);
	double rise[2], fall[2];
	struct coverage coverage[4] = {{0}};

	for (size_t c = 0; c < 2; c++) {
		rise[c] = true_rise(w[c], s, bias);
		fall[c] = before - true_auc(w[c], s, bias);
	}

	for (size_t sample = 0; sample < samples; sample++) {
		struct cln_table *table = logistic_table(ROWS, usual, 0.25f, (uint32_t)sample + 10);
		struct cln_model *model = logistic_model(table, usual, 0.25f);
		if (weighted) { /* c says nothing of a row */
			for (size_t i = 0; i < ROWS; i++)
				table->columns[2].numbers[i] = table->columns[2].numbers[i] > 0 ? 3 : 1;
			model->weight = tables_string("c");
		}
		struct cln_importance *importance = importance_of(model, table, repeats, 1, 1);
		for (size_t c = 0; c < 2; c++) {
			const struct cln_column_importance *of = column_of(importance, c ? "b" : "a");
			add_estimate(&coverage[c], &of->log_loss, rise[c]);
			add_estimate(&coverage[2 + c], &of->auc, fall[c]);
		}
		cln_importance_destroy(importance);
		cln_model_destroy(model);
		cln_table_destroy(table);
	}
	if (more)
		fprintf(stderr, "%zu repeats%s\n", repeats, weighted ? ", weights" : "");
	for (size_t i = 0; i < 4; i++)
		check_coverage(&coverage[i], samples,
			       (const char *const[]){"log loss of a", "log loss of b", "AUC of a", "AUC of b"}[i]);
}

START_TEST(intervals_hold_the_truth)
{
	static const size_t repeats[] = {1, 3, 10};

	count_covered(repeats[_i], false);
}
END_TEST

START_TEST(intervals_hold_the_truth_with_weights)
{
	count_covered(3, true);
}
END_TEST

START_TEST(threads_and_kernels_change_no_bit)
{
	struct cln_table *table = logistic_table(1500, usual, 0.25f, 1);
	struct cln_model *model = untrained(table, 20, 3);
	struct cln_importance *first = importance_of(model, table, 3, 5, 1);

	for (int variant = 0; variant < 4; variant++) {
		static const int threads[] = {2, 3, 8, 2};
		config_use_isa(model, variant == 3 ? "generic" : NULL);
		struct cln_importance *other = importance_of(model, table, 3, 5, threads[variant]);
		ck_assert(first->log_loss == other->log_loss && first->auc == other->auc && first->gap == other->gap);
		for (size_t c = 0; c < COLUMNS; c++) {
			const struct cln_column_importance *x = &first->columns[c], *y = &other->columns[c];
			ck_assert_str_eq(x->column, y->column);
			ck_assert_mem_eq(&x->log_loss, &y->log_loss, sizeof x->log_loss);
			ck_assert_mem_eq(&x->auc, &y->auc, sizeof x->auc);
			ck_assert(x->contribution == y->contribution && x->contribution > 0);
		}
		cln_importance_destroy(other);
	}
	struct cln_importance *other = importance_of(model, table, 3, 6, 1);
	ck_assert(first->columns[0].log_loss.value != column_of(other, first->columns[0].column)->log_loss.value);
	ck_assert(first->columns[0].contribution == column_of(other, first->columns[0].column)->contribution);
	cln_importance_destroy(other);
	cln_importance_destroy(first);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

START_TEST(a_sample_is_part_of_the_rows)
{
	struct cln_table *table = logistic_table(500, usual, 0.25f, 2);
	struct cln_model *model = logistic_model(table, usual, 0.25f);
	const struct cln_asked asked = {.repeats = 2, .rows = 100, .seed = 3}, automatic = {.repeats = 2, .rows = CLN_AUTO};
	struct cln_importance *importance, *all = importance_of(model, table, 2, 3, 1);

	assert_ok(cln_model_importance(model, table, &asked, &importance, NULL, &err));
	ck_assert_uint_eq(importance->rows, 100);
	ck_assert_uint_eq(importance->of, 500);
	ck_assert_uint_eq(all->rows, 500);
	ck_assert(importance->log_loss != all->log_loss);
	cln_importance_destroy(importance);
	assert_ok(cln_model_importance(model, table, &automatic, &importance, NULL, &err));
	ck_assert_uint_eq(importance->rows, 500);
	cln_importance_destroy(importance);
	cln_importance_destroy(all);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

START_TEST(one_class_has_a_loss_but_no_auc)
{
	struct cln_table *table = logistic_table(400, usual, 0.25f, 4), *positive;
	struct cln_model *model = logistic_model(table, usual, 0.25f);
	const float few[] = {0.5f, 1, -1, 2};
	const char *const texts[] = {"yes", "yes", "yes", "yes"};

	positive = tables_create(4, 4);
	for (size_t c = 0; c < COLUMNS; c++)
		tables_numbers(positive, c, table->columns[c].name, few);
	tables_texts(positive, 3, "label", texts);
	struct cln_importance *importance = importance_of(model, positive, 4, 1, 1);
	ck_assert(isnan(importance->auc) && isnan(importance->columns[0].auc.value));
	ck_assert_str_eq(importance->columns[0].auc.reason, "no row is negative");
	ck_assert(isfinite(importance->columns[0].log_loss.value));
	cln_importance_destroy(importance);
	cln_table_destroy(positive);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- at the end of a fit */

struct told {
	int calls;
	enum cln_rows rows;
	size_t n, of, repeats, n_columns;
	double log_loss, auc, weight, rise;
	char first[8];
};

static void on_importance(void *context, enum cln_rows rows, const struct cln_importance *importance)
{
	struct told *told = context;

	*told = (struct told){.calls = told->calls + 1, .rows = rows, .n = importance->rows, .of = importance->of,
			      .repeats = importance->repeats, .n_columns = importance->n_columns,
			      .log_loss = importance->log_loss, .auc = importance->auc, .weight = importance->weight,
			      .rise = importance->columns[0].log_loss.value};
	snprintf(told->first, sizeof told->first, "%s", importance->columns[0].column);
}

static struct told told_by_fit(const struct cln_table *table, const struct cln_config *config, struct cln_fit_summary *summary)
{
	struct told told = {0};
	const struct cln_observer observer = {.context = &told, .importance = on_importance};
	struct cln_model *model;

	assert_ok(cln_model_fit(&model, table, NULL, NULL, NULL, config, &observer, summary, &err));
	cln_model_destroy(model);
	ck_assert_int_eq(told.calls, 1);
	return told;
}

/* All rows are few enough here, so that the metrics of the rows as they are tell whom they were judged by: to the bit those of the
 * summary.  Of folds each by the members that left it out. */
START_TEST(a_fit_tells_of_rows_that_it_did_not_learn_from)
{
	struct cln_table *table = logistic_table(300, usual, 0.25f, 9);
	struct cln_fit_summary summary;
	struct cln_config config;

	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.n_hidden = 1;
	config.hidden[0] = 8;
	config.epochs = 30;
	config.learning_rate = 0.02;
	config.threads = 2;
	config.ensemble = 4;
	config.valid_fraction = 0.34;
	struct told told = told_by_fit(table, &config, &summary);
	ck_assert(told.rows == CLN_ROWS_VALID && told.n == 300 && told.of == 300 && told.repeats == 10 && told.n_columns == 3);
	ck_assert(told.log_loss == summary.valid.log_loss && told.auc == summary.valid.auc);
	ck_assert(told.log_loss != summary.train.log_loss);
	ck_assert_str_eq(told.first, "a");

	config.ensemble = 1;
	config.test_fraction = 0.2;
	told = told_by_fit(table, &config, &summary);
	ck_assert(told.rows == CLN_ROWS_TEST && told.n == summary.test.rows && told.log_loss == summary.test.log_loss);

	config.test_fraction = config.valid_fraction = 0;
	config.weight = "c";
	for (size_t i = 0; i < 300; i++)
		table->columns[2].numbers[i] = (float)(1 + i % 2);
	told = told_by_fit(table, &config, &summary);
	ck_assert(told.rows == CLN_ROWS_TRAIN && told.n == 300 && told.weight == 450 && told.log_loss == summary.train.log_loss);
	cln_table_destroy(table);
}
END_TEST

/* A short training allows little: nothing at all, or some of the rows, once. */
START_TEST(the_work_at_the_end_of_a_fit_is_a_small_share)
{
	enum { ROWS = 400, MANY = 60 };
	struct cln_table *table = tables_create(ROWS, MANY + 1);
	struct cln_config config;
	struct cln_fit_summary summary;
	struct cln_model *model;
	struct told told = {0};
	const struct cln_observer observer = {.context = &told, .importance = on_importance};
	const char *labels[ROWS];
	float numbers[ROWS];
	char name[16];

	for (size_t c = 0; c < MANY; c++) {
		struct rng rng;
		rng_start(&rng, 1, RNG_TEST, (uint32_t)c, 0);
		for (size_t i = 0; i < ROWS; i++)
			numbers[i] = (float)rng_normal(&rng);
		snprintf(name, sizeof name, "x%zu", c);
		tables_numbers(table, c, name, numbers);
		for (size_t i = 0; i < ROWS && c == 0; i++)
			labels[i] = numbers[i] > 0 ? "yes" : "no";
	}
	tables_texts(table, MANY, "label", labels);
	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.n_hidden = 1;
	config.hidden[0] = 4;
	config.epochs = 1;
	assert_ok(cln_model_fit(&model, table, NULL, NULL, NULL, &config, &observer, &summary, &err));
	ck_assert_int_eq(told.calls, 0);
	cln_model_destroy(model);
	/* 249 parameters: a fiftieth of 320 rows x 1100 epochs x (3 x 249 + 4096) multiply-adds is 568,000 a column, of which a
	 * repeat takes 300,000 and a row 249 + 4096: 61 rows of 80 */
	config.epochs = 1100;
	config.patience = 0;
	assert_ok(cln_model_fit(&model, table, NULL, NULL, NULL, &config, &observer, &summary, &err));
	ck_assert(told.calls == 1 && told.n == 61 && told.of == 80 && told.repeats == 1);
	ck_assert_str_eq(told.first, "x0");
	ck_assert_double_lt(told.log_loss, 0.8 * log(2)); /* these rows have their own labels */
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- explanations */

static struct cln_explanations *explanations_of(const struct cln_model *model, const struct cln_table *table, const size_t *rows,
						size_t n, int threads)
{
	struct cln_explanations *explanations;

	assert_ok(cln_model_explain(model, table, rows, n, threads, &explanations, NULL, &err));
	return explanations;
}

static float median_of(const struct cln_model *model, size_t c) { return model->pipeline->columns[c].impute; }

/* Of a single linear layer w (x - baseline), to the rounding of the sum over 17 places: every term is exact in double but for
 * 1 + 2^-52, and the difference of float numbers is exact in double. */
START_TEST(a_linear_network_is_explained_exactly)
{
	const float w[COLUMNS] = {1.5f, -0.75f, 0.3f};
	const size_t rows[] = {7, 0, 99};
	struct cln_table *table = logistic_table(100, w, 0.25f, 5);
	struct cln_model *model = logistic_model(table, w, 0.25f);
	struct cln_explanations *explanations = explanations_of(model, table, rows, 3, 1);

	for (size_t i = 0; i < 3; i++) {
		const struct cln_explanation *row = &explanations->rows[i];
		double sum = 0;
		ck_assert_uint_eq(row->row, rows[i]);
		ck_assert_uint_eq(row->steps, 32); /* the first from which a change is known */
		for (size_t c = 0; c < COLUMNS; c++) {
			const double x = (double)table->columns[c].numbers[rows[i]];
			const double wanted = (double)w[c] * (x - (double)median_of(model, c));
			ck_assert_double_le(fabs(row->contributions[c] - wanted), 64 * DBL_EPSILON * fabs(wanted));
			sum += wanted;
		}
		/* both logits are float sums of four terms */
		ck_assert_double_le(fabs(row->gap), 4 * FLT_EPSILON * (fabs(row->logit) + fabs(explanations->baseline) + 8));
		ck_assert_double_eq_tol(explanations->baseline + sum + row->gap, row->logit, 1e-12);
	}
	struct cln_importance *importance = importance_of(model, table, 1, 1, 2);
	for (size_t c = 0; c < COLUMNS; c++) {
		double mean = 0;
		for (size_t i = 0; i < 100; i++)
			mean += fabs((double)w[c] * ((double)table->columns[c].numbers[i] - (double)median_of(model, c))) / 100;
		ck_assert_double_eq_tol(column_of(importance, table->columns[c].name)->contribution, mean, 1e-13 * mean);
	}
	ck_assert_double_le(importance->gap, 64 * FLT_EPSILON);
	cln_importance_destroy(importance);
	cln_explanations_destroy(explanations);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* The logit of the mean of two sigmoids, calibrated; the integral is done once more here, by Simpson's rule in double. */
START_TEST(an_ensemble_is_explained_by_the_logit_of_its_mean)
{
	const float weights[2][COLUMNS] = {{1.5f, -0.75f, 0.3f}, {-2, 1, 0.5f}}, biases[2] = {0.25f, -1};
	const double T = 1.75;
	struct cln_table *table = logistic_table(100, weights[0], 0.25f, 6);
	struct cln_model *model = untrained(table, 0, 2);
	const size_t row = 11;
	double wanted[COLUMNS] = {0}, probability;
	enum { STEPS = 1000 };

	for (size_t k = 0; k < 2; k++)
		set_weights(model->members[k].network, weights[k], biases[k]);
	model->config.calibration = CLN_CALIBRATE_TEMPERATURE;
	model->temperature = T;
	struct cln_explanations *explanations = explanations_of(model, table, &row, 1, 2);
	const struct cln_explanation *of = &explanations->rows[0];
	for (size_t j = 0; j <= STEPS; j++) {
		const double t = (double)j / STEPS, weight = (j == 0 || j == STEPS ? 1 : j % 2 ? 4 : 2) / 3.0 / STEPS;
		double z[2], P = 0, N = 0;
		for (size_t k = 0; k < 2; k++) {
			z[k] = (double)biases[k];
			for (size_t c = 0; c < COLUMNS; c++)
				z[k] += (double)weights[k][c] * ((1 - t) * (double)median_of(model, c) +
								 t * (double)table->columns[c].numbers[row]);
			P += dmath_sigmoid(z[k]);
			N += dmath_sigmoid(-z[k]);
		}
		for (size_t k = 0; k < 2; k++)
			for (size_t c = 0; c < COLUMNS; c++)
				wanted[c] += weight / T * dmath_sigmoid(z[k]) * dmath_sigmoid(-z[k]) * (1 / P + 1 / N) *
					     (double)weights[k][c] *
					     ((double)table->columns[c].numbers[row] - (double)median_of(model, c));
		probability = dmath_sigmoid((dmath_log(P) - dmath_log(N)) / T);
	}
	for (size_t c = 0; c < COLUMNS; c++)
		ck_assert_double_eq_tol(of->contributions[c], wanted[c], of->tolerance);
	ck_assert_double_eq_tol(of->probability, probability, 1e-6); /* logits are float */
	ck_assert_double_le(fabs(of->gap), of->tolerance);

	float predicted[100];
	assert_ok(cln_model_predict(model, table, 1, predicted, NULL, &err));
	ck_assert_double_eq_tol(of->probability, (double)predicted[row], 4 * FLT_EPSILON);
	cln_explanations_destroy(explanations);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

START_TEST(equal_columns_contribute_equally)
{
	const float w[COLUMNS] = {1.25f, 1.25f, -0.5f};
	struct cln_table *table = logistic_table(200, w, 0, 7);
	const size_t rows[] = {0, 1, 2, 3, 4};

	memcpy(table->columns[1].numbers, table->columns[0].numbers, 200 * sizeof(float));
	struct cln_model *model = logistic_model(table, w, 0);
	struct cln_explanations *explanations = explanations_of(model, table, rows, 5, 1);
	struct cln_importance *importance = importance_of(model, table, 200, 1, 1);
	for (size_t i = 0; i < 5; i++)
		ck_assert(explanations->rows[i].contributions[0] == explanations->rows[i].contributions[1]);
	const struct cln_estimate a = column_of(importance, "a")->log_loss, b = column_of(importance, "b")->log_loss;
	ck_assert_double_eq_tol(a.value, b.value, (a.high - a.low) / 4);
	ck_assert_double_gt(fabs(a.value - b.value), 1e-5 * a.value); /* each column has shuffles of its own, not roundings alone */
	ck_assert(column_of(importance, "a")->contribution == column_of(importance, "b")->contribution);
	cln_importance_destroy(importance);
	cln_explanations_destroy(explanations);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* A network with hidden units, embeddings, categories and gaps: what must hold of any. */
START_TEST(contributions_add_up_for_a_trained_ensemble)
{
	struct cln_table *table = logistic_table(400, usual, 0.25f, 8), *other;
	struct cln_config config;
	struct cln_model *model;
	const size_t rows[] = {0, 17, 399};
	const char *colours[400], *labels[400];
	float numbers[400];

	other = tables_create(400, 4);
	for (size_t i = 0; i < 400; i++) {
		colours[i] = i % 7 == 0 ? NULL : i % 3 ? "red" : i % 2 ? "green" : "blue";
		labels[i] = table->columns[COLUMNS].levels[table->columns[COLUMNS].codes[i]];
		numbers[i] = i % 5 == 2 ? NAN : table->columns[0].numbers[i];
	}
	tables_numbers(other, 0, "gaps", numbers);
	tables_numbers(other, 1, "b", table->columns[1].numbers);
	tables_texts(other, 2, "colour", colours);
	tables_texts(other, 3, "label", labels);
	assert_ok(cln_config_recipe(&config, "default", &err));
	config.ensemble = 3;
	config.epochs = 4;
	config.n_hidden = 2;
	config.hidden[0] = config.hidden[1] = 24;
	config.one_hot_levels = _i ? 2 : 64; /* colours have a feature each, or learned values */
	config.level_rows = 1;
	config.embedding = CLN_EMBEDDING_BOTH;
	config.parametric_activation = true;
	config.calibration = CLN_CALIBRATE_TEMPERATURE;
	config.threads = 1;
	assert_ok(cln_model_fit(&model, other, NULL, NULL, NULL, &config, NULL, NULL, &err));
	struct cln_explanations *explanations = explanations_of(model, other, rows, 3, 1);
	struct cln_explanations *again = explanations_of(model, other, rows + 1, 1, 3);
	float predicted[400];
	assert_ok(cln_model_predict(model, other, 1, predicted, NULL, &err));
	for (size_t i = 0; i < 3; i++) {
		const struct cln_explanation *row = &explanations->rows[i];
		double sum = explanations->baseline + row->gap;
		for (size_t c = 0; c < explanations->n_columns; c++)
			sum += row->contributions[c];
		ck_assert_double_eq_tol(sum, row->logit, 1e-12);
		ck_assert_double_le(fabs(row->gap), row->tolerance);
		ck_assert_double_eq_tol(row->probability, (double)predicted[rows[i]], 8 * FLT_EPSILON);
		for (size_t c = 0; c < explanations->n_columns; c++)
			ck_assert(row->contributions[c] != 0);
	}
	/* alone, and with three threads: the same bits */
	ck_assert_mem_eq(explanations->rows[1].contributions, again->rows[0].contributions,
			 explanations->n_columns * sizeof(double));
	ck_assert_str_eq(explanations->rows[0].cells[2], "");
	ck_assert_str_eq(explanations->rows[1].cells[2], "red");
	ck_assert_str_eq(explanations->rows[1].cells[0], "");
	cln_explanations_destroy(again);
	cln_explanations_destroy(explanations);
	cln_model_destroy(model);
	cln_table_destroy(other);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- partial dependence */

/* The mean of predict's probabilities of a table whose cells are all that one. */
START_TEST(partial_dependence_is_predict_with_one_cell_everywhere)
{
	enum { ROWS = 300 };
	struct cln_table *table = logistic_table(ROWS, usual, 0.25f, 9);
	struct cln_model *model = untrained(table, 12, 2);
	const struct cln_asked asked = {.threads = 2};
	struct cln_partial *partial;
	float kept[ROWS], probabilities[ROWS];

	assert_ok(cln_model_partial(model, table, "b", 5, &asked, &partial, NULL, &err));
	ck_assert_uint_eq(partial->n_points, 5);
	ck_assert(!partial->categorical && partial->rows == ROWS && partial->left_out == 0);
	memcpy(kept, table->columns[1].numbers, sizeof kept);
	for (size_t p = 0; p < 5; p++) {
		const float cell = strtof(partial->points[p].cell, NULL);
		size_t below = 0, has = 0;
		double sum = 0;
		for (size_t i = 0; i < ROWS; i++) {
			has += kept[i] == cell;
			below += kept[i] < cell;
			table->columns[1].numbers[i] = cell;
		}
		ck_assert_uint_eq(has, partial->points[p].rows);
		ck_assert_uint_eq(below, p * (ROWS - 1) / 4); /* it is the quantile */
		assert_ok(cln_model_predict(model, table, 1, probabilities, NULL, &err));
		for (size_t i = 0; i < ROWS; i++)
			sum += (double)probabilities[i];
		ck_assert_double_eq(partial->points[p].probability, sum / ROWS);
		below = 0;
		for (size_t i = 0; i < ROWS; i++)
			below += (double)probabilities[i] < partial->points[p].low;
		ck_assert_uint_eq(below, 30);
		for (size_t i = 0; i < ROWS; i++)
			below += (double)probabilities[i] > partial->points[p].high;
		ck_assert_uint_eq(below, 60);
		memcpy(table->columns[1].numbers, kept, sizeof kept);
	}
	cln_partial_destroy(partial);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

START_TEST(points_are_the_most_frequent_levels_and_missing_cells)
{
	struct cln_table *table = logistic_table(60, usual, 0, 1), *other = tables_create(60, 2);
	const struct cln_asked asked = {0};
	struct cln_partial *partial;
	const char *colours[60], *labels[60];

	for (size_t i = 0; i < 60; i++) {
		colours[i] = i < 5 ? NULL : i < 15 ? "red" : i < 40 ? "green" : i < 50 ? "blue" : "cyan";
		labels[i] = i % 2 ? "yes" : "no";
	}
	tables_texts(other, 0, "colour", colours);
	tables_texts(other, 1, "label", labels);
	struct cln_model *model = untrained(other, 4, 1);
	assert_ok(cln_model_partial(model, other, "colour", 3, &asked, &partial, NULL, &err));
	ck_assert(partial->categorical && partial->n_points == 4 && partial->left_out == 1);
	static const char *const wanted[] = {"green", "blue", "cyan", ""}; /* of three with ten rows the first two */
	for (size_t p = 0; p < 4; p++)
		ck_assert_str_eq(partial->points[p].cell, wanted[p]);
	ck_assert_uint_eq(partial->points[0].rows, 25);
	ck_assert_uint_eq(partial->points[3].rows, 5);
	cln_partial_destroy(partial);
	cln_model_destroy(model);
	cln_table_destroy(other);
	cln_table_destroy(table);
}
END_TEST

/* Counting all anew for each took 41 s, where once takes a twentieth of one. */
START_TEST(many_columns_are_gone_through_once)
{
	enum { N = 100000, SECONDS = 10 };
	const struct cln_asked asked = {.threads = 1};
	struct text text = {0};
	struct cln_table *table;
	struct cln_partial *partial;

	for (size_t c = 0; c < N; c++)
		text_addf(&text, "c%zu,", c);
	text_addf(&text, "label\n");
	for (int row = 0; row < 4; row++) {
		for (size_t c = 0; c < N; c++)
			text_addf(&text, "%d,", row);
		text_addf(&text, "%d\n", row % 2);
	}
	ck_assert(!text.failed);
	assert_ok(cln_table_read_text(&table, text.bytes, text.length, NULL, &err));
	struct cln_model *model = untrained(table, 0, 1);
	const clock_t before = clock();
	assert_ok(cln_model_partial(model, table, "c7", 4, &asked, &partial, NULL, &err));
	ck_assert_int_lt(clock() - before, SECONDS * CLOCKS_PER_SEC);
	ck_assert_uint_eq(partial->n_points, 4);
	cln_partial_destroy(partial);
	cln_model_destroy(model);
	cln_table_destroy(table);
	text_free(&text);
}
END_TEST

/* ---------------------------------------------------------------- what goes wrong */

START_TEST(what_cannot_be_is_refused)
{
	struct cln_table *table = logistic_table(30, usual, 0, 1);
	struct cln_model *model = logistic_model(table, usual, 0);
	struct cln_importance *importance;
	struct cln_explanations *explanations;
	struct cln_partial *partial;
	struct cln_asked asked = {.repeats = 0};
	struct cln_error err;
	const size_t row = 30;

	ck_assert_int_eq(cln_model_importance(model, table, &asked, &importance, NULL, &err), CLN_E_USAGE);
	ck_assert_str_eq(err.message, "0 repeats; there must be 1 to 1000");
	ck_assert_ptr_null(importance);
	asked.repeats = 1001;
	ck_assert_int_eq(cln_model_importance(model, table, &asked, &importance, NULL, &err), CLN_E_USAGE);
	ck_assert_int_eq(cln_model_explain(model, table, &row, 1, 1, &explanations, NULL, &err), CLN_E_USAGE);
	ck_assert_str_eq(err.message, "there is no row 31: memory has 30");
	ck_assert_ptr_null(explanations);
	ck_assert_int_eq(cln_model_partial(model, table, "d", 20, &asked, &partial, NULL, &err), CLN_E_USAGE);
	ck_assert_str_eq(err.message, "the model has no column \"d\"");
	ck_assert_int_eq(cln_model_partial(model, table, "a", 1, &asked, &partial, NULL, &err), CLN_E_USAGE);
	ck_assert_ptr_null(partial);

	const float infinite[COLUMNS] = {INFINITY, -INFINITY, 0};
	set_weights(model->network, infinite, 0);
	asked.repeats = 1;
	ck_assert_int_eq(cln_model_importance(model, table, &asked, &importance, NULL, &err), CLN_E_DATA);
	ck_assert_msg(strstr(err.message, "memory, row 1: the row's logit is not a number"), "%s", err.message);
	ck_assert_int_eq(cln_model_explain(model, table, &(size_t){0}, 1, 1, &explanations, NULL, &err), CLN_E_DATA);
	ck_assert_int_eq(cln_model_partial(model, table, "a", 2, &asked, &partial, NULL, &err), CLN_E_DATA);
	cln_importance_destroy(NULL);
	cln_explanations_destroy(NULL);
	cln_partial_destroy(NULL);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("importance");
	TCase *shuffles = tcase_create("shuffles"), *rows = tcase_create("rows"), *partial = tcase_create("partial");

	tcase_add_test(shuffles, a_column_without_weight_is_of_no_importance_at_all);
	tcase_add_test(shuffles, many_shuffles_come_to_the_mean_over_all_donors);
	tcase_add_loop_test(shuffles, intervals_hold_the_truth, 0, 3);
	tcase_add_test(shuffles, intervals_hold_the_truth_with_weights);
	tcase_add_test(shuffles, threads_and_kernels_change_no_bit);
	tcase_add_test(shuffles, a_sample_is_part_of_the_rows);
	tcase_add_test(shuffles, one_class_has_a_loss_but_no_auc);
	tcase_add_test(shuffles, a_fit_tells_of_rows_that_it_did_not_learn_from);
	tcase_add_test(shuffles, the_work_at_the_end_of_a_fit_is_a_small_share);
	tcase_set_timeout(shuffles, 600);
	suite_add_tcase(s, shuffles);
	tcase_add_test(rows, a_linear_network_is_explained_exactly);
	tcase_add_test(rows, an_ensemble_is_explained_by_the_logit_of_its_mean);
	tcase_add_test(rows, equal_columns_contribute_equally);
	tcase_add_loop_test(rows, contributions_add_up_for_a_trained_ensemble, 0, 2);
	suite_add_tcase(s, rows);
	tcase_add_test(partial, partial_dependence_is_predict_with_one_cell_everywhere);
	tcase_add_test(partial, points_are_the_most_frequent_levels_and_missing_cells);
	tcase_add_test(partial, many_columns_are_gone_through_once);
	tcase_add_test(partial, what_cannot_be_is_refused);
	suite_add_tcase(s, partial);
	return s;
}

TESTING_MAIN(suite)
