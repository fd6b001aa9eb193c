/* SPDX-License-Identifier: MIT
 * Ensembles: what their members' probabilities average to, their file, the rows that members learn from and leave out, and runs
 * that are interrupted in any of them. */
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "api/config.h"
#include "api/folds.h"
#include "api/scores.h"
#include "base/dmath.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/dispatch.h"
#include "model/checkpoint.h"
#include "model_fixture.h"
#include "model_seal.h"
#include "tables.h"
#include "train/metrics.h"
#include "whole_passes.h"

static void assert_has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in:\n%s", part, text);
}

/* ---------------------------------------------------------------- scores */

enum { FEATURES = 5, K_MOST = 5 };

/* Networks of one shape with weights of their own, and rows. */
struct rows {
	struct network *networks[K_MOST];
	size_t n;
	float *X, *p, *logits, *z;
};

static struct rows make_rows(size_t n)
{
	static const size_t shape[] = {FEATURES, 7, 1};
	struct rows rows = {.n = n};
	struct rng rng;

	for (size_t k = 0; k < K_MOST; k++) {
		assert_ok(network_create(&rows.networks[k], shape, 2, CLN_TANH, NULL, &err));
		network_init(rows.networks[k], CLN_INIT_NORMAL, 3 + k);
	}
	rows.X = mem_alloc(n, FEATURES * sizeof(float), NULL);
	rows.p = mem_alloc(n, sizeof(float), NULL);
	rows.logits = mem_alloc(n, sizeof(float), NULL);
	rows.z = mem_alloc(n, K_MOST * sizeof(float), NULL);
	ck_assert(rows.X && rows.p && rows.logits && rows.z);
	rng_start(&rng, 5, RNG_TEST, 0, 0);
	for (size_t i = 0; i < n * FEATURES; i++)
		rows.X[i] = (float)(4 * rng_normal(&rng));
	return rows;
}

static void free_rows(struct rows *rows)
{
	for (size_t k = 0; k < K_MOST; k++)
		network_destroy(rows->networks[k]);
	mem_free(rows->X);
	mem_free(rows->p);
	mem_free(rows->logits);
	mem_free(rows->z);
}

static struct scorer scorer_of(const struct rows *rows, size_t K, const char *isa, int threads)
{
	struct scorer scorer = {.networks = (const struct network *const *)rows->networks, .K = K, .temperature = 1};

	assert_ok(kernels_select(&scorer.kernels, isa, &err));
	scorer.threads = parallel_limit(threads);
	return scorer;
}

static void predict_each(struct rows *rows, const struct kernels *kernels)
{
	for (size_t k = 0; k < K_MOST; k++)
		assert_ok(predict_logits(rows->z + k * rows->n, rows->networks[k], kernels, rows->X, rows->n, 1, &err));
}

/* 70001 rows are more than are summed at a time, and the last block is a short one. */
START_TEST(the_probability_is_the_mean_of_the_members_probabilities)
{
	struct rows rows = make_rows(70001);
	const struct scorer scorer = scorer_of(&rows, K_MOST, NULL, 3);

	predict_each(&rows, scorer.kernels);
	assert_ok(scores_compute(rows.p, rows.logits, &scorer, rows.X, rows.n, &err));
	for (size_t i = 0; i < rows.n; i++) {
		double sum = 0;

		for (size_t k = 0; k < K_MOST; k++)
			sum += (double)(float)dmath_sigmoid((double)rows.z[k * rows.n + i]);
		ck_assert_float_eq(rows.p[i], (float)(sum / K_MOST));
	}
	free_rows(&rows);
}
END_TEST

/* The logit is rounded once to float, by at most half an ulp, 2^-24 of it; what double does before is 2^-40 at most: two logarithms
 * of sums, each a few 2^-52 of numbers below 64. */
START_TEST(the_logit_is_that_of_the_mean)
{
	struct rows rows = make_rows(3000);
	const struct scorer scorer = scorer_of(&rows, K_MOST, NULL, 2);

	predict_each(&rows, scorer.kernels);
	assert_ok(scores_compute(rows.p, rows.logits, &scorer, rows.X, rows.n, &err));
	for (size_t i = 0; i < rows.n; i++) {
		double positive = 0, negative = 0;

		for (size_t k = 0; k < K_MOST; k++) {
			positive += 1 / (1 + exp(-(double)rows.z[k * rows.n + i]));
			negative += 1 / (1 + exp((double)rows.z[k * rows.n + i]));
		}
		const double logit = log(positive / negative);
		ck_assert_double_eq_tol((double)rows.logits[i], logit, ldexp(fabs(logit), -24) + 0x1p-40);
	}
	free_rows(&rows);
}
END_TEST

START_TEST(scores_have_the_same_bits_for_any_threads_and_kernels)
{
	struct rows rows = make_rows(9000), same = make_rows(9000);
	struct scorer scorer = scorer_of(&rows, (size_t)_i, "generic", 1);
	bool supported;

	assert_ok(scores_compute(rows.p, rows.logits, &scorer, rows.X, rows.n, &err));
	for (int threads = 1; threads <= 5; threads += 2)
		for (size_t k = 0; kernels_name(k, &supported); k++) {
			if (!supported)
				continue;
			scorer = scorer_of(&same, (size_t)_i, kernels_name(k, &supported), threads);
			assert_ok(scores_compute(same.p, same.logits, &scorer, same.X, same.n, &err));
			ck_assert_mem_eq(same.p, rows.p, rows.n * sizeof(float));
			ck_assert_mem_eq(same.logits, rows.logits, rows.n * sizeof(float));
		}
	free_rows(&rows);
	free_rows(&same);
}
END_TEST

START_TEST(one_network_keeps_its_logits)
{
	struct rows rows = make_rows(5000);
	const struct scorer scorer = scorer_of(&rows, 1, NULL, 2);

	predict_each(&rows, scorer.kernels);
	assert_ok(scores_compute(rows.p, rows.logits, &scorer, rows.X, rows.n, &err));
	ck_assert_mem_eq(rows.logits, rows.z, rows.n * sizeof(float));
	for (size_t i = 0; i < rows.n; i++)
		ck_assert_float_eq(rows.p[i], (float)dmath_sigmoid((double)rows.z[i]));
	free_rows(&rows);
}
END_TEST

/* Every weight 0 and the last bias z: all rows have the logit z. */
static void set_logit(struct network *net, float z)
{
	memset(net->params, 0, net->n_floats * sizeof(float));
	net->params[net->b_offset[net->L]] = z;
	network_sync(net);
}

/* Beyond 709 the smaller of the two sums would be 0. */
START_TEST(logits_beyond_a_probability_are_held_finite)
{
	struct rows rows = make_rows(3);
	const struct scorer scorer = scorer_of(&rows, 2, NULL, 1);

	set_logit(rows.networks[0], 1e30f);
	set_logit(rows.networks[1], 900);
	assert_ok(scores_compute(rows.p, rows.logits, &scorer, rows.X, rows.n, &err));
	ck_assert_float_eq(rows.p[2], 1);
	ck_assert_float_ge(rows.logits[2], 709);
	ck_assert_float_lt(rows.logits[2], 710);
	set_logit(rows.networks[1], -1e30f);
	assert_ok(scores_compute(rows.p, rows.logits, &scorer, rows.X, rows.n, &err));
	ck_assert_float_eq(rows.p[0], 0.5f);
	ck_assert_float_eq(rows.logits[0], 0);
	set_logit(rows.networks[0], NAN);
	assert_ok(scores_compute(rows.p, rows.logits, &scorer, rows.X, rows.n, &err));
	ck_assert(isnan(rows.p[1]) && isnan(rows.logits[1]));
	free_rows(&rows);
}
END_TEST

/* Of a row whose rounded probability lies on the other side of the threshold than its logit says. */
START_TEST(the_threshold_judges_the_probability_and_not_the_logit)
{
	const float logits[] = {0, 1}, probabilities[] = {0.49999997f, 0.7f}, y[] = {0, 1};
	struct cln_metrics metrics, by_logit;

	assert_ok(metrics_of_scores(&metrics, &(struct scored){logits, probabilities}, y, NULL, 2, 0.5, &err));
	assert_ok(metrics_compute(&by_logit, logits, y, NULL, 2, 0.5, &err));
	ck_assert_double_eq(metrics.accuracy, 1);
	ck_assert_double_eq(by_logit.accuracy, 0.5);
	ck_assert_double_eq(metrics.log_loss, by_logit.log_loss);
	ck_assert_double_eq(metrics.auc, by_logit.auc);
}
END_TEST

/* ---------------------------------------------------------------- the file */

/* Members of the fixture's network, each with a last bias of its own. */
static struct cln_model *ensemble(size_t K)
{
	struct cln_model *model;

	assert_ok(model_fixture(&model, &err));
	model->members = mem_alloc(K, sizeof *model->members, NULL);
	ck_assert_ptr_nonnull(model->members);
	model->n_members = model->config.ensemble = K;
	model->epochs = 0;
	model->best_epoch = 3;
	for (size_t k = 0; k < K; k++) {
		struct member *member = &model->members[k];

		if (k == 0)
			member->network = model->network;
		else
			assert_ok(network_clone(&member->network, model->network, &err));
		member->network->params[member->network->b_offset[3]] = (float)k;
		member->epochs = 10 + k;
		member->best_epoch = 3 + k;
		model->epochs += 10 + k;
	}
	return model;
}

struct file {
	char *bytes;
	size_t length;
};

static struct file encode(const struct cln_model *model)
{
	struct file file;

	assert_ok(model_encode(&file.bytes, &file.length, model, &err));
	return file;
}

static struct file ensemble_file(size_t K)
{
	struct cln_model *model = ensemble(K);
	const struct file file = encode(model);

	cln_model_destroy(model);
	return file;
}

START_TEST(an_ensemble_reads_back_with_every_member)
{
	struct cln_model *a = ensemble(3), *b;
	const struct file file = encode(a);

	assert_ok(model_decode(&b, file.bytes, file.length, "m", &err));
	const struct file again = encode(b);
	ck_assert_uint_eq(file.length, again.length);
	ck_assert_mem_eq(file.bytes, again.bytes, file.length);
	ck_assert_uint_eq(b->n_members, 3);
	ck_assert_uint_eq(b->config.ensemble, 3);
	ck_assert_uint_eq(b->epochs, 10 + 11 + 12);
	ck_assert_uint_eq(b->best_epoch, 3);
	ck_assert_ptr_eq(b->network, b->members[0].network);
	for (size_t k = 0; k < 3; k++) {
		const struct network *net_a = a->members[k].network, *net_b = b->members[k].network;

		ck_assert_mem_eq(net_a->params, net_b->params, net_a->n_floats * sizeof(float));
		ck_assert_uint_eq(b->members[k].epochs, 10 + k);
		ck_assert_uint_eq(b->members[k].best_epoch, 3 + k);
	}
	mem_free(file.bytes);
	mem_free(again.bytes);
	cln_model_destroy(a);
	cln_model_destroy(b);
}
END_TEST

/* Also of a single network, whose file has another format then. */
START_TEST(a_temperature_is_read_back_and_shown)
{
	struct cln_model *a = _i ? ensemble((size_t)_i) : NULL, *b;
	char *text;

	if (!a)
		assert_ok(model_fixture(&a, &err));
	a->config.calibration = CLN_CALIBRATE_TEMPERATURE;
	a->temperature = 1.0 / 3;
	const struct file file = encode(a);
	assert_ok(model_decode(&b, file.bytes, file.length, "m", &err));
	ck_assert_int_eq(b->config.calibration, CLN_CALIBRATE_TEMPERATURE);
	ck_assert_double_eq(model_temperature(b), 1.0 / 3);
	assert_ok(cln_model_describe(b, false, &text, &err));
	assert_has(text, "Colonnade model, format 2\n");
	assert_has(text, "\ncalibration: logits are divided by the temperature 0.333333333333333");
	cln_free(text);
	mem_free(file.bytes);
	cln_model_destroy(a);
	cln_model_destroy(b);
}
END_TEST

START_TEST(forged_temperatures_are_refused)
{
	static const char *const forgeries_of_T[] = {"0.049", "20.5", "null", "\\\"1\\\"", "-1"};
	struct cln_model *model = ensemble(2);
	struct cln_error why = {0};

	model->config.calibration = CLN_CALIBRATE_TEMPERATURE;
	model->temperature = 1.25;
	const struct file file = encode(model);
	cln_model_destroy(model);
	const char *at = memmem(file.bytes, file.length, "1.25}", 4);
	struct text forged = model_forge(file.bytes, file.length, (size_t)(at - file.bytes), 4, forgeries_of_T[_i]);
	ck_assert_int_eq(model_decode(&model, forged.bytes, forged.length, "m", &why), CLN_E_DAMAGED);
	assert_has(why.message, "temperature");
	text_free(&forged);
	mem_free(file.bytes);
}
END_TEST

static void assert_refused(const char *bytes, size_t length, const char *what, size_t at)
{
	struct cln_model *model;
	const enum cln_status status = model_decode(&model, bytes, length, "m", NULL);

	ck_assert_msg(status == CLN_E_DAMAGED, "%s at %zu", what, at);
	ck_assert_ptr_null(model);
}

START_TEST(every_cut_and_every_flipped_bit_of_an_ensemble_is_refused)
{
	const struct file file = ensemble_file(2);

	for (size_t length = 0; length < file.length; length++) {
		char *cut = mem_copy(file.bytes, length, NULL); /* an own block, so that reading beyond it is seen */
		assert_refused(cut, length, "cut", length);
		mem_free(cut);
	}
	for (size_t i = 0; i < 8 * file.length; i++) {
		file.bytes[i / 8] ^= (char)(1 << i % 8);
		assert_refused(file.bytes, file.length, "flip", i);
		file.bytes[i / 8] ^= (char)(1 << i % 8);
	}
	mem_free(file.bytes);
}
END_TEST

#define MEMBER_0 "{\\\"epochs_run\\\":10,\\\"best_epoch\\\":3}"
#define MEMBER_1 "{\\\"epochs_run\\\":11,\\\"best_epoch\\\":4}"

/* The checksum is right, the content is not. */
static const struct {
	const char *from, *to, *message;
} forgeries[] = {
    {"[" MEMBER_0 "," MEMBER_1 "]", "[" MEMBER_0 "]", "\"members\" has 1 members, not 2 to 64"},
    {"[" MEMBER_0 "," MEMBER_1 "]", "[]", "\"members\" has 0 members, not 2 to 64"},
    {"[" MEMBER_0 "," MEMBER_1 "]", "2", "members"},
    {"," MEMBER_1 "]", "," MEMBER_1 "," MEMBER_1 "]", "its 9 layers do not fit the 424 bytes of weights"},
    {"\\\"members\\\":[" MEMBER_0 "," MEMBER_1 "],", "", "epochs_run"},
    {MEMBER_1, "7", "epochs_run"},
    {MEMBER_1, "{\\\"best_epoch\\\":4}", "epochs_run"},
    {"\\\"best_epoch\\\":4}", "\\\"best_epoch\\\":-4}", "best_epoch"},
    {"\\\"format\\\":2", "\\\"format\\\":1", "not in the form that Colonnade writes"},
    {"\\\"format\\\":2", "\\\"format\\\":6", "written by a newer Colonnade (format 6); this one reads up to 5"},
    {"members.1.layers.0.weight", "members.0.layers.0.weight", ""},
    {"members.1.layers.0.weight", "members.2.layers.0.weight", "members.1.layers.0.weight is missing or out of order"},
};

START_TEST(forged_ensembles_are_refused_by_what_is_wrong)
{
	const struct file file = ensemble_file(2);
	const char *from = forgeries[_i].from, *at = memmem(file.bytes, file.length, from, strlen(from));
	struct cln_model *model;
	struct cln_error why = {0};

	ck_assert_ptr_nonnull(at);
	struct text forged = model_forge(file.bytes, file.length, (size_t)(at - file.bytes), strlen(from), forgeries[_i].to);
	ck_assert_int_eq(model_decode(&model, forged.bytes, forged.length, "m", &why), CLN_E_DAMAGED);
	assert_has(why.message, forgeries[_i].message);
	text_free(&forged);
	mem_free(file.bytes);
}
END_TEST

START_TEST(more_members_than_can_be_are_refused)
{
	const struct file file = ensemble_file(CLN_MAX_ENSEMBLE);
	const char *at = memmem(file.bytes, file.length, MEMBER_1, strlen(MEMBER_1));
	struct cln_model *model;
	struct cln_error why = {0};

	assert_ok(model_decode(&model, file.bytes, file.length, "m", &err));
	cln_model_destroy(model);
	struct text forged = model_forge(file.bytes, file.length, (size_t)(at - file.bytes), 0, MEMBER_1 ",");
	ck_assert_int_eq(model_decode(&model, forged.bytes, forged.length, "m", &why), CLN_E_DAMAGED);
	assert_has(why.message, "\"members\" has 65 members, not 2 to 64");
	text_free(&forged);
	mem_free(file.bytes);
}
END_TEST

START_TEST(descriptions_show_the_members)
{
	struct cln_model *model = ensemble(2);
	char *text;

	assert_ok(cln_model_describe(model, false, &text, &err));
	assert_has(text, "Colonnade model, format 2\n");
	assert_has(text, "\nensemble: 2 members of 53 parameters, whose probabilities are averaged\n");
	assert_has(text, "\nlayers: 3, with 53 parameters in each member\n");
	assert_has(text, "\ntraining: 21 epochs, the weights are those of epochs 3 of 10, 4 of 11\n");
	cln_free(text);
	assert_ok(cln_model_describe(model, true, &text, &err));
	assert_has(text, "\n  \"parameters\": 106\n");
	cln_free(text);
	cln_model_destroy(model);
}
END_TEST

/* ---------------------------------------------------------------- folds */

/* Labels of n rows, of which every third is positive. */
static void fill_labels(float *y, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] = i % 3 == 1;
}

START_TEST(folds_hold_each_class_in_even_parts)
{
	enum { N = 100 };
	float y[N];
	struct folds folds;

	fill_labels(y, N);
	assert_ok(folds_create(&folds, y, N, (size_t)_i, 1, 2, &err));
	ck_assert_uint_eq(folds.n, (size_t)_i);
	size_t n[2][N] = {{0}};
	for (size_t i = 0; i < N; i++) {
		ck_assert_uint_lt(folds.of_row[i], folds.n);
		n[y[i] > 0.5f][folds.of_row[i]]++;
	}
	for (size_t f = 0; f < folds.n; f++) {
		const size_t all = n[0][f] + n[1][f];

		ck_assert_uint_ge(n[0][f], 67 / folds.n);
		ck_assert_uint_le(n[0][f], 67 / folds.n + 1);
		ck_assert_uint_ge(n[1][f], 33 / folds.n);
		ck_assert_uint_le(n[1][f], 33 / folds.n + 1);
		ck_assert_uint_ge(all, N / folds.n);
		ck_assert_uint_le(all, N / folds.n + (N % folds.n != 0));
	}
	folds_free(&folds);
}
END_TEST

START_TEST(folds_follow_from_the_seed)
{
	enum { N = 60 };
	float y[N];
	struct folds a, b, other;

	fill_labels(y, N);
	assert_ok(folds_create(&a, y, N, 4, 7, 2, &err));
	assert_ok(folds_create(&b, y, N, 4, 7, 2, &err));
	assert_ok(folds_create(&other, y, N, 4, 8, 2, &err));
	ck_assert_mem_eq(a.of_row, b.of_row, N * sizeof *a.of_row);
	ck_assert_mem_ne(a.of_row, other.of_row, N * sizeof *a.of_row);
	folds_free(&a);
	folds_free(&b);
	folds_free(&other);
}
END_TEST

START_TEST(there_are_no_more_folds_than_rows_of_a_class_and_a_single_row_is_in_none)
{
	const float three[] = {1, 0, 0, 1, 0, 0, 1, 0}, one[] = {0, 0, 1, 0, 0}, both[] = {1, 0};
	struct folds folds;

	assert_ok(folds_create(&folds, three, 8, 5, 1, 2, &err));
	ck_assert_uint_eq(folds.n, 3);
	ck_assert_uint_ne(folds.of_row[0], folds.of_row[3]);
	ck_assert_uint_ne(folds.of_row[0], folds.of_row[6]);
	ck_assert_uint_ne(folds.of_row[3], folds.of_row[6]);
	folds_free(&folds);
	assert_ok(folds_create(&folds, one, 5, 5, 1, 2, &err));
	ck_assert_uint_eq(folds.n, 4);
	ck_assert_uint_eq(folds.of_row[2], FOLDS_NONE);
	folds_free(&folds);
	assert_ok(folds_create(&folds, both, 2, 2, 1, 2, &err));
	ck_assert_uint_eq(folds.n, 0);
	ck_assert_ptr_null(folds.of_row);
	folds_free(&folds);
}
END_TEST

/* ---------------------------------------------------------------- fits */

/* Rows [first, first + n) of an endless table of two numbers, a row weight and a class. */
static struct cln_table *make_table(size_t n)
{
	struct cln_table *table = tables_create(n, 4);
	float *numbers = mem_alloc(n, 4 * sizeof *numbers, NULL);
	struct rng rng;

	ck_assert_ptr_nonnull(numbers);
	rng_start(&rng, 23, RNG_TEST, (uint32_t)n, 0);
	for (size_t i = 0; i < n; i++) {
		numbers[i] = (float)rng_normal(&rng);
		numbers[n + i] = (float)rng_normal(&rng);
		numbers[2 * n + i] = (float)(1 + i % 3);
		numbers[3 * n + i] = numbers[i] * numbers[n + i] + 0.5f * (float)rng_normal(&rng) > 0.4f;
	}
	tables_numbers(table, 0, "a", numbers);
	tables_numbers(table, 1, "b", numbers + n);
	tables_numbers(table, 2, "weight", numbers + 2 * n);
	tables_numbers(table, 3, "class", numbers + 3 * n);
	mem_free(numbers);
	return table;
}

/* The same with a column of letters for the second number. */
static struct cln_table *make_table_of_letters(size_t n)
{
	struct cln_table *table = make_table(n);
	struct column *column = &table->columns[1];
	const char *letters[256];

	ck_assert_uint_le(n, sizeof letters / sizeof *letters);
	for (size_t i = 0; i < n; i++) {
		const float x = column->numbers[i];
		letters[i] = x < -1 ? "a" : x < 0 ? "b" : x < 0.5f ? "c" : x < 2 ? "d" : NULL;
	}
	mem_free(column->numbers);
	mem_free(column->name);
	column->numbers = NULL;
	tables_texts(table, 1, "b", letters);
	return table;
}

/* The rows of a table that are in a fold, or that are not. */
static struct cln_table *part_of(const struct cln_table *table, const struct folds *folds, size_t fold, bool inside)
{
	struct cln_table *part;
	size_t n = 0;

	for (size_t i = 0; i < table->n_rows; i++)
		n += (folds->of_row[i] == fold) == inside;
	part = tables_create(n, 4);
	for (size_t c = 0; c < 4; c++) {
		float *numbers = mem_alloc(n, sizeof *numbers, NULL);
		size_t to = 0;

		ck_assert_ptr_nonnull(numbers);
		for (size_t i = 0; i < table->n_rows; i++)
			if ((folds->of_row[i] == fold) == inside)
				numbers[to++] = table->columns[c].numbers[i];
		tables_numbers(part, c, table->columns[c].name, numbers);
		mem_free(numbers);
	}
	return part;
}

static struct folds folds_of(const struct cln_table *table, size_t n, uint64_t seed)
{
	struct folds folds;

	assert_ok(folds_create(&folds, table->columns[3].numbers, table->n_rows, n, seed, 2, &err));
	ck_assert_uint_eq(folds.n, n);
	return folds;
}

/* Without scaling and gaps the features are the numbers, whatever rows the pipeline has seen. */
static struct cln_config ensemble_config(size_t K)
{
	struct cln_config config;

	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.scale = CLN_SCALE_NONE;
	config.weight = "weight";
	config.class_weight = CLN_CLASS_WEIGHT_BALANCED;
	config.valid_fraction = 0.25;
	config.n_hidden = 1;
	config.hidden[0] = 9;
	config.learning_rate = 0.02;
	config.dropout = 0.1;
	config.batch_size = 19;
	config.block_size = 5;
	config.epochs = 3;
	config.seed = 4;
	config.ensemble = K;
	config.threads = 2;
	return config;
}

static struct cln_model *fitted(const struct cln_table *train, const struct cln_table *valid, const struct cln_config *config,
				struct cln_fit_summary *summary)
{
	struct cln_model *model;

	assert_ok(cln_model_fit(&model, train, valid, NULL, NULL, config, NULL, summary, &err));
	return model;
}

static void assert_member(const struct cln_model *ensemble_model, size_t k, const struct cln_model *single)
{
	const struct member *member = &ensemble_model->members[k];

	ck_assert_uint_eq(member->network->n_floats, single->network->n_floats);
	ck_assert_mem_eq(member->network->params, single->network->params, single->network->n_floats * sizeof(float));
	ck_assert_uint_eq(member->epochs, single->epochs);
	ck_assert_uint_eq(member->best_epoch, single->best_epoch);
}

START_TEST(members_are_single_networks_of_seeds_of_their_own)
{
	struct cln_table *train = make_table(120), *valid = make_table(40);
	struct cln_config config = ensemble_config(3);
	struct cln_model *model = fitted(train, valid, &config, NULL);

	ck_assert_uint_eq(model->n_members, 3);
	ck_assert_uint_eq(config_member_seed(config.seed, 0), config.seed);
	config.ensemble = 1;
	for (size_t k = 0; k < 3; k++) {
		config.seed = config_member_seed(4, k);
		struct cln_model *single = fitted(train, valid, &config, NULL);
		assert_member(model, k, single);
		ck_assert_ptr_null(single->members);
		cln_model_destroy(single);
	}
	ck_assert_mem_ne(model->members[0].network->params, model->members[1].network->params, 9 * sizeof(float));
	ck_assert_mem_ne(model->members[1].network->params, model->members[2].network->params, 9 * sizeof(float));
	cln_model_destroy(model);
	cln_table_destroy(train);
	cln_table_destroy(valid);
}
END_TEST

/* Four folds for five members: the last one leaves the first fold out again. */
START_TEST(members_leave_a_fold_out_and_validate_on_it)
{
	struct cln_table *table = make_table(121);
	struct cln_config config = ensemble_config(5);
	struct cln_fit_summary summary;
	struct cln_model *model = fitted(table, NULL, &config, &summary);
	struct folds folds = folds_of(table, 4, config.seed);

	ck_assert_uint_eq(model->n_members, 5);
	ck_assert_uint_eq(model->train_rows, 121);
	ck_assert_uint_eq(model->valid_rows, 121);
	config.ensemble = 1;
	for (size_t k = 0; k < 5; k++) {
		struct cln_table *train = part_of(table, &folds, k % 4, false), *valid = part_of(table, &folds, k % 4, true);
		config.seed = config_member_seed(4, k);
		struct cln_model *single = fitted(train, valid, &config, NULL);
		assert_member(model, k, single);
		cln_model_destroy(single);
		cln_table_destroy(train);
		cln_table_destroy(valid);
	}
	folds_free(&folds);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* The logit of a row that members give z_k, and whether its probability is at least 1/2. */
static double mean_logit(const struct cln_model *model, const float *x, size_t fold, size_t n_folds, bool *is_positive)
{
	const struct kernels *kernels;
	double sum = 0, positive = 0, negative = 0;
	size_t n = 0;

	assert_ok(kernels_select(&kernels, NULL, &err));
	for (size_t k = 0; k < model->n_members; k++) {
		float z;

		if (k % n_folds != fold)
			continue;
		assert_ok(predict_logits(&z, model->members[k].network, kernels, x, 1, 1, &err));
		sum += (double)(float)dmath_sigmoid((double)z);
		positive += 1 / (1 + exp(-(double)z));
		negative += 1 / (1 + exp((double)z));
		n++;
	}
	ck_assert_uint_gt(n, 0);
	*is_positive = (float)(sum / (double)n) >= 0.5f;
	return log(positive / negative);
}

/* The loss goes by logits that are rounded to float: each is off by 2^-24 of itself, and so is then at most the loss.  Logits of
 * this network stay below 50. */
START_TEST(validation_metrics_are_out_of_fold)
{
	struct cln_table *table = make_table(121);
	struct cln_config config = ensemble_config((size_t)_i);
	struct cln_fit_summary summary;
	struct cln_model *model = fitted(table, NULL, &config, &summary);
	struct folds folds = folds_of(table, 4, config.seed);
	double loss = 0, right = 0, weight = 0;
	size_t rows = 0;

	for (size_t i = 0; i < 121; i++) {
		const float x[2] = {table->columns[0].numbers[i], table->columns[1].numbers[i]};
		const double w = (double)table->columns[2].numbers[i];
		const bool y = table->columns[3].numbers[i] > 0.5f;
		bool called;

		if (folds.of_row[i] >= (size_t)_i)
			continue;
		const double z = mean_logit(model, x, folds.of_row[i], 4, &called);
		ck_assert_double_lt(fabs(z), 50);
		loss += w * log1p(exp(y ? -z : z));
		right += called == y ? w : 0;
		weight += w;
		rows++;
	}
	ck_assert_uint_eq(summary.valid.rows, rows);
	ck_assert_uint_eq(model->valid_rows, rows);
	ck_assert_double_eq(summary.valid.weight, weight);
	ck_assert_double_eq_tol(summary.valid.accuracy, right / weight, 1e-14);
	ck_assert_double_eq_tol(summary.valid.log_loss, loss / weight, 50 * 0x1p-24);
	ck_assert_mem_eq(&model->valid, &summary.valid, sizeof summary.valid);
	folds_free(&folds);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

START_TEST(evaluate_gives_the_metrics_of_the_fit)
{
	struct cln_table *train = make_table(120), *valid = make_table(40);
	struct cln_config config = ensemble_config(3);
	struct cln_fit_summary summary;
	struct cln_model *model = fitted(train, valid, &config, &summary);
	struct cln_metrics metrics;

	assert_ok(cln_model_evaluate(model, valid, 1, &metrics, NULL, &err));
	ck_assert_mem_eq(&metrics, &summary.valid, sizeof metrics);
	assert_ok(cln_model_evaluate(model, train, 3, &metrics, NULL, &err));
	ck_assert_mem_eq(&metrics, &summary.train, sizeof metrics);
	cln_model_destroy(model);
	model = fitted(train, NULL, &config, &summary);
	assert_ok(cln_model_evaluate(model, train, 2, &metrics, NULL, &err));
	ck_assert_mem_eq(&metrics, &summary.train, sizeof metrics);
	ck_assert_uint_eq(summary.members, 3);
	ck_assert_uint_eq(summary.epochs, 9);
	cln_model_destroy(model);
	cln_table_destroy(train);
	cln_table_destroy(valid);
}
END_TEST

/* What predict writes is the mean of what the members, each a model of its own, write. */
START_TEST(predictions_are_the_mean_of_the_members_predictions)
{
	struct cln_table *table = make_table(90);
	struct cln_config config = ensemble_config(3);
	struct cln_model *model = fitted(table, NULL, &config, NULL);
	struct member *members = model->members;
	float p[90], each[3][90];

	assert_ok(cln_model_predict(model, table, 2, p, NULL, &err));
	model->members = NULL;
	model->n_members = 0;
	for (size_t k = 0; k < 3; k++) {
		model->network = members[k].network;
		assert_ok(cln_model_predict(model, table, 1, each[k], NULL, &err));
	}
	for (size_t i = 0; i < 90; i++)
		ck_assert_float_eq(p[i], (float)(((double)each[0][i] + (double)each[1][i] + (double)each[2][i]) / 3));
	model->network = members[0].network;
	model->members = members;
	model->n_members = 3;
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

START_TEST(ensembles_have_the_same_bytes_for_any_threads_and_kernels)
{
	static const int threads[] = {1, 2, 5};
	struct cln_table *table = make_table(150);
	struct cln_config config = ensemble_config(3);
	config.calibration = CLN_CALIBRATE_TEMPERATURE;
	struct cln_model *model = fitted(table, NULL, &config, NULL);
	const struct file first = encode(model);
	bool supported;

	cln_model_destroy(model);
	for (size_t t = 0; t < 3; t++)
		for (size_t k = 0; kernels_name(k, &supported); k++) {
			config.isa = kernels_name(k, &supported);
			config.threads = threads[t];
			if (!supported)
				continue;
			model = fitted(table, NULL, &config, NULL);
			const struct file other = encode(model);
			ck_assert_uint_eq(other.length, first.length);
			ck_assert_mem_eq(other.bytes, first.bytes, first.length);
			mem_free(other.bytes);
			cln_model_destroy(model);
		}
	mem_free(first.bytes);
	cln_table_destroy(table);
}
END_TEST

/* All rows make a pipeline of their own: that of a single network that learns from all of them. */
START_TEST(the_pipeline_is_fitted_on_the_rows_of_all_folds)
{
	struct cln_table *table = make_table(100);
	struct cln_config config = ensemble_config(2);

	config.scale = CLN_SCALE_STANDARDISE;
	struct cln_model *model = fitted(table, NULL, &config, NULL);
	config.ensemble = 1;
	config.valid_fraction = 0;
	struct cln_model *whole = fitted(table, NULL, &config, NULL);
	ck_assert_uint_eq(model->valid.rows, 50);
	ck_assert_uint_eq(whole->valid.rows, 0);
	for (size_t c = 0; c < 2; c++) {
		ck_assert_float_eq(model->pipeline->columns[c].center, whole->pipeline->columns[c].center);
		ck_assert_float_eq(model->pipeline->columns[c].scale, whole->pipeline->columns[c].scale);
	}
	cln_model_destroy(whole);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* Without validation rows, and with full batches, whose size is that of all rows. */
START_TEST(members_without_validation_rows_learn_from_all_of_them)
{
	struct cln_table *table = make_table(60);
	struct cln_config config = ensemble_config(2);
	struct cln_fit_summary summary;

	config.valid_fraction = 0;
	config.batch_size = 0;
	config.block_size = 0;
	struct cln_model *model = fitted(table, NULL, &config, &summary);
	ck_assert_uint_eq(summary.valid.rows, 0);
	ck_assert_uint_eq(model->members[1].best_epoch, 3);
	config.ensemble = 1;
	config.seed = config_member_seed(config.seed, 1);
	struct cln_model *single = fitted(table, NULL, &config, NULL);
	assert_member(model, 1, single);
	cln_model_destroy(single);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* 171 rows in folds of 43, 43, 43 and 42: full batches of 128 rows are two blocks of 64, those of 129 would be three of 43. */
START_TEST(members_have_the_block_size_of_the_first)
{
	struct cln_table *table = make_table(171);
	struct cln_config config = ensemble_config(4);
	struct folds folds = folds_of(table, 4, config.seed);
	struct cln_table *train = part_of(table, &folds, 3, false), *valid = part_of(table, &folds, 3, true);

	config.batch_size = 0;
	config.block_size = 0;
	struct cln_model *model = fitted(table, NULL, &config, NULL);
	ck_assert_uint_eq(train->n_rows, 129);
	ck_assert_uint_eq(model->config.block_size, 64);
	config.ensemble = 1;
	config.seed = config_member_seed(config.seed, 3);
	config.block_size = 64;
	struct cln_model *single = fitted(train, valid, &config, NULL);
	assert_member(model, 3, single);
	cln_model_destroy(single);
	cln_model_destroy(model);
	cln_table_destroy(valid);
	cln_table_destroy(train);
	folds_free(&folds);
	cln_table_destroy(table);
}
END_TEST

static void check_refused(const struct cln_table *table, const struct cln_model *init, const struct cln_config *config,
			  enum cln_status status, const char *text)
{
	struct cln_error why = {0};
	struct cln_model *model;

	ck_assert_int_eq(cln_model_fit(&model, table, NULL, NULL, init, config, NULL, NULL, &why), status);
	ck_assert_ptr_null(model);
	assert_has(why.message, text);
}

START_TEST(what_no_ensemble_can_be_is_refused)
{
	struct cln_table *table = make_table(60), *few = make_table(20);
	struct cln_config config = ensemble_config(65);

	check_refused(table, NULL, &config, CLN_E_USAGE, "ensemble is 65; it must be from 1 to 64");
	config.ensemble = 0;
	check_refused(table, NULL, &config, CLN_E_USAGE, "ensemble is 0; it must be from 1 to 64");
	config.ensemble = 2;
	struct cln_model *init = fitted(table, NULL, &config, NULL);
	check_refused(table, init, &config, CLN_E_USAGE, "the model to start from is an ensemble of 2 members");
	cln_model_destroy(init);
	for (size_t i = 0; i < 20; i++)
		few->columns[3].numbers[i] = i == 3;
	config.metric = CLN_AUC;
	check_refused(few, NULL, &config, CLN_E_DATA, "no AUC of the rows that a member of the ensemble leaves out");
	config.metric = CLN_LOG_LOSS;
	cln_model_destroy(fitted(few, NULL, &config, NULL));
	cln_table_destroy(few);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- interruptions */

/* What an observer hears and does. */
struct course {
	size_t steps, stop_after, save_every, stop_epochs_after; /* 0: never */
	size_t epochs, of_member[3], members, starts; /* heard of */
	size_t told_members, told_folds, told_lanes;
	bool begun[3];
	bool lingers;      /* so that lanes which are late come in between */
	atomic_int inside; /* calls under way */
	char *file; /* of the checkpoint */
	size_t length;
	char notes[32768];
};

/* Around every call: none is made while another one is. */
static void enter(struct course *course)
{
	ck_assert_int_eq(atomic_fetch_add(&course->inside, 1), 0);
}

static void leave(struct course *course)
{
	atomic_fetch_sub(&course->inside, 1);
}

static enum cln_ask ask(void *context)
{
	struct course *course = context;

	enter(course);
	const size_t step = ++course->steps;
	if (course->lingers)
		nanosleep(&(struct timespec){.tv_nsec = step == 1 ? 2000000 : 30000}, NULL);
	leave(course);
	if (step == course->stop_after)
		return CLN_SAVE_AND_STOP;
	return course->save_every > 0 && step % course->save_every == 0 ? CLN_SAVE : CLN_GO_ON;
}

static void keep_checkpoint(void *context, const struct cln_checkpoint *checkpoint)
{
	struct course *course = context;
	struct cln_position position;

	enter(course);
	mem_free(course->file);
	assert_ok(checkpoint_encode(&course->file, &course->length, checkpoint, "", &err));
	cln_checkpoint_position(checkpoint, &position);
	ck_assert_uint_eq(position.all_epochs, course->epochs); /* what metrics.jsonl is cut back to */
	leave(course);
}

static bool hear_start(void *context, const struct cln_fit_start *start)
{
	struct course *course = context;

	course->starts++;
	course->told_members = start->members;
	course->told_folds = start->folds;
	course->told_lanes = start->lanes;
	return false;
}

static void hear_member(void *context, size_t member, size_t members)
{
	struct course *course = context;

	enter(course);
	ck_assert_uint_eq(members, 3);
	ck_assert(!course->begun[member]);
	course->begun[member] = true;
	course->members++;
	leave(course);
}

static bool hear_epoch(void *context, const struct cln_epoch *epoch)
{
	struct course *course = context;

	enter(course);
	ck_assert(course->begun[epoch->member]);
	ck_assert_uint_eq(epoch->members, 3);
	if (course->of_member[epoch->member] > 0)
		ck_assert_uint_eq(epoch->epoch, course->of_member[epoch->member] + 1);
	course->of_member[epoch->member] = epoch->epoch;
	course->epochs++;
	leave(course);
	return course->stop_epochs_after > 0 && epoch->member * 3 + epoch->epoch == course->stop_epochs_after;
}

static void hear_note(void *context, const char *sentence)
{
	struct course *course = context;

	enter(course);
	strncat(course->notes, sentence, sizeof course->notes - strlen(course->notes) - 1);
	leave(course);
}

static enum cln_status run(struct cln_model **model, struct course *course, const struct cln_checkpoint *from,
			   const struct cln_table *train, const struct cln_table *valid, const struct cln_config *config,
			   struct cln_fit_summary *summary, struct cln_error *why)
{
	const struct cln_observer observer = {.context = course, .start = hear_start, .member = hear_member, .epoch = hear_epoch,
					      .note = hear_note, .ask = ask, .checkpoint = keep_checkpoint};

	return cln_model_resume(model, from, train, valid, NULL, NULL, config, &observer, summary, why);
}

static struct cln_checkpoint *interrupted(const struct cln_table *train, const struct cln_table *valid,
					  const struct cln_config *config, size_t step)
{
	struct course course = {.stop_after = step, .lingers = config->lanes > 1};
	struct cln_checkpoint *checkpoint;
	struct cln_model *model;
	struct cln_error why;

	ck_assert_int_eq(run(&model, &course, NULL, train, valid, config, NULL, &why), CLN_STOPPED);
	ck_assert_ptr_null(model);
	ck_assert_uint_eq(course.steps, step);
	assert_ok(checkpoint_decode(&checkpoint, course.file, course.length, "memory", &err));
	struct file again;
	assert_ok(checkpoint_encode(&again.bytes, &again.length, checkpoint, "", &err));
	ck_assert_uint_eq(again.length, course.length);
	ck_assert_mem_eq(again.bytes, course.file, again.length);
	mem_free(again.bytes);
	mem_free(course.file);
	return checkpoint;
}

/* Steps that members have done as far as a checkpoint tells: 5 an epoch. */
static size_t steps_done(const struct cln_checkpoint *checkpoint)
{
	size_t steps = 0;

	for (size_t i = 0; i < checkpoint->n_finished; i++)
		steps += 5 * checkpoint->finished[i].epochs;
	for (size_t i = 0; i < checkpoint->n_under_way; i++)
		steps += 5 * checkpoint->under_way[i].state.epoch + checkpoint->under_way[i].state.step;
	return steps;
}

/* 120 rows in 4 folds: 90 to learn from, 5 steps an epoch, 3 epochs a member.  Step 15 is the first member's last, step 16 the
 * second one's first. */
enum { STEPS = 5, MEMBER_STEPS = 15, ALL_STEPS = 45 };

static void resume_everywhere(const struct cln_table *train, const struct cln_table *valid, const struct cln_config *config)
{
	struct cln_fit_summary whole_summary, summary;
	struct course course = {0};
	struct cln_model *whole, *model;

	assert_ok(run(&whole, &course, NULL, train, valid, config, &whole_summary, &err));
	ck_assert_uint_eq(course.steps, ALL_STEPS);
	const struct file expected = encode(whole);
	for (size_t step = 1; step <= ALL_STEPS; step++) {
		struct cln_config other = *config;
		struct cln_checkpoint *checkpoint = interrupted(train, valid, config, step);
		struct cln_position position;

		cln_checkpoint_position(checkpoint, &position);
		ck_assert_uint_eq(position.finished, (step - 1) / MEMBER_STEPS);
		ck_assert_uint_eq(position.member, position.finished);
		ck_assert_uint_eq(position.under_way, 1);
		ck_assert_uint_eq(position.finished * MEMBER_STEPS + position.epochs * STEPS + position.steps, step);
		ck_assert_uint_eq(steps_done(checkpoint), step);
		other.threads = (int)(step % 3) + 1;
		course = (struct course){.epochs = position.all_epochs};
		assert_ok(run(&model, &course, checkpoint, train, valid, &other, &summary, &err));
		ck_assert_uint_eq(course.steps, ALL_STEPS - step);
		const struct file file = encode(model);
		ck_assert_uint_eq(file.length, expected.length);
		ck_assert_msg(memcmp(file.bytes, expected.bytes, file.length) == 0, "step %zu", step);
		ck_assert_uint_eq(summary.epochs, whole_summary.epochs);
		ck_assert_mem_eq(&summary.valid, &whole_summary.valid, sizeof summary.valid);
		mem_free(file.bytes);
		cln_model_destroy(model);
		cln_checkpoint_destroy(checkpoint);
	}
	mem_free(expected.bytes);
	cln_model_destroy(whole);
}

static struct cln_config course_config(int i)
{
	struct cln_config config = ensemble_config(3);

	config.calibration = CLN_CALIBRATE_TEMPERATURE;
	config.one_hot_levels = i == 3 ? 2 : 0;
	config.level_rate = 1;
	if (i >= 2) {
		config.embedding = CLN_EMBEDDING_BOTH;
		config.parametric_activation = true;
		config.input_scaling = true;
		config.init = CLN_INIT_DATA;
	}
	return config;
}

/* Of folds; of a table to validate on; of networks with a front, and first weights that follow from the data; and with values of
 * levels among that. */
START_TEST(an_ensemble_interrupted_after_any_step_ends_with_the_same_bytes)
{
	struct cln_table *(*make)(size_t n) = _i == 3 ? make_table_of_letters : make_table;
	struct cln_table *table = make(120), *train = make(90), *valid = make(31);
	struct cln_config config = course_config(_i);

	config.lanes = 1;
	resume_everywhere(_i ? train : table, _i ? valid : NULL, &config);
	cln_table_destroy(valid);
	cln_table_destroy(train);
	cln_table_destroy(table);
}
END_TEST

START_TEST(a_checkpoint_with_finished_members_is_written_as_it_was_read)
{
	struct cln_table *table = make_table(120);
	struct cln_config config = ensemble_config(3);
	struct course course = {.stop_after = 2 * MEMBER_STEPS + 7};
	config.lanes = 1;
	struct cln_checkpoint *checkpoint;
	struct cln_model *model;
	struct cln_error why;
	char *bytes;
	size_t length;

	ck_assert_int_eq(run(&model, &course, NULL, table, NULL, &config, NULL, &why), CLN_STOPPED);
	assert_has(why.message, "in epoch 2 of 3 of member 3 of 3");
	ck_assert_uint_eq(course.starts, 1);
	ck_assert_uint_eq(course.told_members, 3);
	ck_assert_uint_eq(course.told_folds, 4);
	assert_ok(checkpoint_decode(&checkpoint, course.file, course.length, "memory", &err));
	assert_ok(checkpoint_encode(&bytes, &length, checkpoint, "", &err));
	ck_assert_uint_eq(length, course.length);
	ck_assert_mem_eq(bytes, course.file, length);
	cln_checkpoint_destroy(checkpoint);
	for (length = 0; length < course.length; length++) {
		ck_assert_int_eq(checkpoint_decode(&checkpoint, bytes, length, "cut", NULL), CLN_E_DAMAGED);
		bytes[length] ^= (char)(1 << length % 8);
		ck_assert_int_eq(checkpoint_decode(&checkpoint, bytes, course.length, "flip", NULL), CLN_E_DAMAGED);
		bytes[length] ^= (char)(1 << length % 8);
	}
	mem_free(bytes);
	mem_free(course.file);
	cln_table_destroy(table);
}
END_TEST

static const struct {
	const char *from, *to, *message;
} checkpoint_forgeries[] = {
    {"\\\"ensemble\\\":3", "\\\"ensemble\\\":1", "ensemble"},
    {"\\\"ensemble\\\":3", "\\\"ensemble\\\":65", "ensemble"},
    {"\\\"ensemble\\\":3", "\\\"ensemble\\\":2", "2 of its 2 members are finished, and one is under way"},
    {"\\\"ensemble\\\":3,", "", "written"},
    {"\\\"members\\\":[{", "\\\"members\\\":[{\\\"epochs_run\\\":3,\\\"best_epoch\\\":3},{", "3 of its 3 members are finished"},
    {"\\\"epochs_run\\\":3,", "", "epochs_run"},
    {"\\\"format\\\":3", "\\\"format\\\":1", "parts"},
    {"\\\"format\\\":3", "\\\"format\\\":2", "parts"},
    {"\\\"format\\\":3", "\\\"format\\\":4", "written by a newer Colonnade (format 4); this one reads up to 3"},
    {"members.1.layers.0.bias", "members.3.layers.0.bias", "members.1.layers.0.bias is missing or out of order"},
    {"members.2.first.layers.0.bias", "members.1.first.layers.0.bias", "members.2.first.layers.0.bias is missing or out of order"},
    {"\\\"under_way\\\":[{", "\\\"under_way\\\":[{\\\"member\\\":1},{", "2 of its 3 members are finished, and 2 under way"},
    {"\\\"under_way\\\":[{", "\\\"under_way\\\":[],\\\"other\\\":[{", "2 of its 3 members are finished, and 0 under way"},
    {"\\\"under_way\\\":[{\\\"member\\\":2", "\\\"under_way\\\":[{\\\"member\\\":1", "member 2 of the first 3 is neither"},
    {"\\\"under_way\\\":[{\\\"member\\\":2", "\\\"under_way\\\":[{\\\"member\\\":64", "member"},
    {"{\\\"member\\\":0,", "{\\\"member\\\":1,", "member 0 of the first 3 is neither"},
    {"{\\\"member\\\":0,", "{", "member"},
};

START_TEST(forged_checkpoints_are_refused_by_what_is_wrong)
{
	struct cln_table *table = make_table(120);
	struct cln_config config = ensemble_config(3);
	struct course course = {.stop_after = 2 * MEMBER_STEPS + 7};
	const char *from = checkpoint_forgeries[_i].from;
	struct cln_checkpoint *checkpoint;
	struct cln_model *model;
	struct cln_error why;
	config.lanes = 1;

	ck_assert_int_eq(run(&model, &course, NULL, table, NULL, &config, NULL, &why), CLN_STOPPED);
	const char *at = memmem(course.file, course.length, from, strlen(from));
	ck_assert_ptr_nonnull(at);
	struct text forged =
	    model_forge(course.file, course.length, (size_t)(at - course.file), strlen(from), checkpoint_forgeries[_i].to);
	ck_assert_int_eq(checkpoint_decode(&checkpoint, forged.bytes, forged.length, "forged", &why), CLN_E_DAMAGED);
	if (strcmp(checkpoint_forgeries[_i].message, "written") != 0)
		assert_has(why.message, checkpoint_forgeries[_i].message);
	text_free(&forged);
	mem_free(course.file);
	cln_table_destroy(table);
}
END_TEST

static void assert_not_resumed(const struct cln_checkpoint *checkpoint, const struct cln_table *table,
			       const struct cln_config *config, const char *message)
{
	struct cln_model *model;
	struct cln_error why;

	ck_assert_int_eq(cln_model_resume(&model, checkpoint, table, NULL, NULL, NULL, config, NULL, NULL, &why), CLN_E_USAGE);
	assert_has(why.message, message);
}

START_TEST(another_number_of_members_is_refused_by_name)
{
	struct cln_table *table = make_table(120);
	struct cln_config config = ensemble_config(3);

	config.lanes = 1;
	struct cln_checkpoint *checkpoint = interrupted(table, NULL, &config, MEMBER_STEPS + 3);
	config.ensemble = 2;
	assert_not_resumed(checkpoint, table, &config, "ensemble was 3, is 2");
	config.ensemble = 1;
	assert_not_resumed(checkpoint, table, &config, "ensemble was 3, is 1");
	cln_checkpoint_destroy(checkpoint);
	cln_table_destroy(table);
}
END_TEST

/* Where no rate depends on their number; but once a member has ended, it would have gone on. */
START_TEST(more_epochs_are_taken_until_a_member_has_run_them)
{
	struct cln_table *table = make_table(120);
	struct cln_config config = ensemble_config(3);
	struct cln_model *resumed;

	config.lanes = 1;
	struct cln_checkpoint *first = interrupted(table, NULL, &config, 7), *second = interrupted(table, NULL, &config, 17);
	config.epochs = 4;
	assert_ok(cln_model_resume(&resumed, first, table, NULL, NULL, NULL, &config, NULL, NULL, &err));
	struct cln_model *whole = fitted(table, NULL, &config, NULL);
	const struct file a = encode(whole), b = encode(resumed);
	ck_assert_uint_eq(a.length, b.length);
	ck_assert_mem_eq(a.bytes, b.bytes, a.length);
	assert_not_resumed(second, table, &config, "epochs was 3, is 4");
	mem_free(a.bytes);
	mem_free(b.bytes);
	cln_model_destroy(whole);
	cln_model_destroy(resumed);
	cln_checkpoint_destroy(first);
	cln_checkpoint_destroy(second);
	cln_table_destroy(table);
}
END_TEST

/* After so many epochs in all: the members so far are the model. */
START_TEST(an_observer_that_stops_gets_the_members_so_far)
{
	struct cln_table *table = make_table(120);
	struct cln_config config = ensemble_config(3);
	struct course course = {.stop_epochs_after = (size_t)_i};
	struct cln_fit_summary summary;
	struct cln_model *model, *whole = fitted(table, NULL, &config, NULL);
	struct cln_error why;
	const size_t n = ((size_t)_i + 2) / 3;

	config.lanes = 1;
	ck_assert_int_eq(run(&model, &course, NULL, table, NULL, &config, &summary, &why), CLN_STOPPED);
	ck_assert_ptr_nonnull(model);
	ck_assert_uint_eq(summary.members, n);
	ck_assert_uint_eq(summary.epochs, (size_t)_i);
	ck_assert_uint_eq(summary.valid.rows, n * 30);
	ck_assert_uint_eq(model->config.ensemble, n);
	ck_assert_uint_eq(model->n_members, n > 1 ? n : 0);
	for (size_t k = 0; k + 1 < n; k++)
		ck_assert_mem_eq(model->members[k].network->params, whole->members[k].network->params,
				 whole->network->n_floats * sizeof(float));
	const struct file file = encode(model);
	mem_free(file.bytes);
	cln_model_destroy(model);
	cln_model_destroy(whole);
	cln_table_destroy(table);
}
END_TEST

/* Notes and failures of a member say whose they are. */
START_TEST(divergence_names_the_member)
{
	struct cln_table *table = make_table(120);
	struct cln_config config = ensemble_config(3);
	struct course course = {0};
	struct cln_model *model;
	struct cln_error why;

	config.optimizer = CLN_SGD;
	config.learning_rate = 3000;
	ck_assert_int_eq(run(&model, &course, NULL, table, NULL, &config, NULL, &why), CLN_E_DIVERGED);
	assert_has(why.message, "member 1 of 3: training diverged in epoch 1");
	config.recover = 100;
	config.epochs = 1;
	course = (struct course){0};
	assert_ok(run(&model, &course, NULL, table, NULL, &config, NULL, &err));
	assert_has(course.notes, "member 2 of 3: ");
	assert_has(course.notes, "epoch 1 starts again with half the learning rate (1 of 100 times)");
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- lanes */

/* Lanes and threads of a fit; 0 lanes: as many as pay. */
static const struct {
	size_t lanes;
	int threads;
} arrangements[] = {{1, 1}, {0, 2}, {2, 2}, {0, 3}, {2, 3}, {3, 3}, {2, 5}, {3, 5}, {0, 8}, {3, 8}};
#define N_ARRANGEMENTS (sizeof arrangements / sizeof *arrangements)

/* Row weights, folds, factors of classes and a temperature; weights that follow from the data; all rows in one batch. */
START_TEST(lanes_and_threads_change_no_byte)
{
	struct cln_table *table = make_table(150), *valid = make_table(40);
	struct cln_config config = course_config(_i % 3);
	struct cln_fit_summary summary, first_summary;
	struct file first = {0};

	config.ensemble = 5;
	if (_i == 3)
		config.batch_size = config.block_size = 0;
	for (size_t i = 0; i < N_ARRANGEMENTS; i++) {
		config.lanes = arrangements[i].lanes;
		config.threads = arrangements[i].threads;
		struct cln_model *model = fitted(table, _i % 2 ? valid : NULL, &config, &summary);
		const struct file file = encode(model);

		cln_model_destroy(model);
		if (i == 0) {
			first = file;
			first_summary = summary;
			continue;
		}
		ck_assert_uint_eq(file.length, first.length);
		ck_assert_msg(memcmp(file.bytes, first.bytes, file.length) == 0, "%zu lanes, %d threads", config.lanes,
			      config.threads);
		ck_assert_mem_eq(&summary.train, &first_summary.train, sizeof summary.train);
		ck_assert_mem_eq(&summary.valid, &first_summary.valid, sizeof summary.valid);
		ck_assert_uint_eq(summary.epochs, first_summary.epochs);
		ck_assert_double_gt(summary.seconds, 0);
		ck_assert_double_gt(summary.rows_per_second, 0);
		mem_free(file.bytes);
	}
	mem_free(first.bytes);
	cln_table_destroy(valid);
	cln_table_destroy(table);
}
END_TEST

START_TEST(the_start_tells_the_lanes)
{
	struct cln_table *table = make_table(120);
	struct cln_config config = ensemble_config(3);
	const int most = parallel_limit(3);
	struct course course = {0};
	struct cln_model *model;

	config.threads = 3;
	config.lanes = (size_t)_i;
	assert_ok(run(&model, &course, NULL, table, NULL, &config, NULL, &err));
	ck_assert_uint_eq(course.told_lanes, _i == 0 || _i > most ? (size_t)most : (size_t)_i);
	ck_assert_uint_eq(course.epochs, 9);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* After any step of all: each lane does its own to the end, and what waits for a lane when fewer are there is not lost. */
START_TEST(lanes_interrupted_after_any_step_end_with_the_same_bytes)
{
	struct cln_table *table = make_table(120), *train = make_table(90), *valid = make_table(31);
	const struct cln_table *rows = _i % 3 ? train : table, *judges = _i % 3 ? valid : NULL;
	struct cln_config config = course_config(_i % 3);
	struct cln_model *whole = fitted(rows, judges, &config, NULL);
	const struct file expected = encode(whole);
	bool side_by_side = parallel_limit(2) == 1;

	config.lanes = _i < 3 ? 2 : 3;
	config.threads = _i < 3 ? 2 : 4;
	for (size_t step = 1; step < ALL_STEPS - 4; step += _i < 3 ? 1 : 3) {
		struct cln_config other = config;
		struct cln_checkpoint *checkpoint = interrupted(rows, judges, &config, step);
		const size_t done = steps_done(checkpoint);
		struct cln_position position;
		struct cln_model *model;

		ck_assert_uint_ge(done, step);
		ck_assert_uint_lt(done, step + 2 * config.lanes); /* but for those that only tell lanes to stop */
		cln_checkpoint_position(checkpoint, &position);
		side_by_side |= position.under_way > 1;
		struct course course = {.epochs = position.all_epochs};
		other.lanes = step % 4;
		other.threads = (int)(step % 5) + 1;
		assert_ok(run(&model, &course, checkpoint, rows, judges, &other, NULL, &err));
		ck_assert_uint_eq(course.epochs, 9);
		const struct file file = encode(model);
		ck_assert_uint_eq(file.length, expected.length);
		ck_assert_msg(memcmp(file.bytes, expected.bytes, file.length) == 0, "step %zu", step);
		mem_free(file.bytes);
		cln_model_destroy(model);
		cln_checkpoint_destroy(checkpoint);
	}
	ck_assert(side_by_side);
	mem_free(expected.bytes);
	cln_model_destroy(whole);
	cln_table_destroy(valid);
	cln_table_destroy(train);
	cln_table_destroy(table);
}
END_TEST

/* Stopped every few steps, each time by other lanes, with a checkpoint every few in between, as a run under a time limit is. */
START_TEST(a_run_in_many_pieces_ends_with_the_same_bytes)
{
	struct cln_table *table = make_table(120);
	struct cln_config config = course_config(0);
	struct cln_model *whole = fitted(table, NULL, &config, NULL), *model = NULL;
	const struct file expected = encode(whole);
	struct cln_checkpoint *checkpoint = NULL;
	enum cln_status status = CLN_STOPPED;
	struct cln_position position = {0};

	for (size_t piece = 0; status == CLN_STOPPED; piece++) {
		struct course course = {.stop_after = 3 + piece % 3, .save_every = 2, .lingers = true,
					.epochs = position.all_epochs};
		struct cln_error why;

		ck_assert_uint_lt(piece, 30);
		config.lanes = (piece + (size_t)_i) % 4;
		config.threads = 1 + (int)((piece + (size_t)_i) % 5);
		status = run(&model, &course, checkpoint, table, NULL, &config, NULL, &why);
		cln_checkpoint_destroy(checkpoint);
		checkpoint = NULL;
		if (status == CLN_STOPPED) {
			assert_ok(checkpoint_decode(&checkpoint, course.file, course.length, "memory", &err));
			cln_checkpoint_position(checkpoint, &position);
		}
		mem_free(course.file);
	}
	ck_assert_int_eq(status, CLN_OK);
	const struct file file = encode(model);
	ck_assert_uint_eq(file.length, expected.length);
	ck_assert_mem_eq(file.bytes, expected.bytes, file.length);
	mem_free(file.bytes);
	mem_free(expected.bytes);
	cln_model_destroy(whole);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* Cut anywhere, with any bit flipped, and written as it was read, with two members under way. */
START_TEST(a_checkpoint_of_lanes_is_read_or_refused)
{
	struct cln_table *table = make_table(120);
	struct cln_config config = ensemble_config(3);
	struct cln_checkpoint *checkpoint = NULL, *none;
	struct cln_position position = {0};
	char *bytes;
	size_t length;

	config.lanes = config.threads = 3;
	/* Threads that come late find nothing to do: another try. */
	for (size_t step = 12; step < 40 && position.under_way < 2; step++) {
		cln_checkpoint_destroy(checkpoint);
		checkpoint = interrupted(table, NULL, &config, step);
		cln_checkpoint_position(checkpoint, &position);
	}
	ck_assert_uint_ge(position.under_way, parallel_limit(3) == 3 ? 2 : 1);
	assert_ok(checkpoint_encode(&bytes, &length, checkpoint, "", &err));
	for (size_t at = 0; at < length; at++) {
		ck_assert_int_eq(checkpoint_decode(&none, bytes, at, "cut", NULL), CLN_E_DAMAGED);
		bytes[at] ^= (char)(1 << at % 8);
		ck_assert_int_eq(checkpoint_decode(&none, bytes, length, "flip", NULL), CLN_E_DAMAGED);
		bytes[at] ^= (char)(1 << at % 8);
	}
	mem_free(bytes);
	cln_checkpoint_destroy(checkpoint);
	cln_table_destroy(table);
}
END_TEST

/* A file of format 2, as it was written before members were trained side by side: the same states under other names. */
START_TEST(a_checkpoint_of_format_2_is_gone_on_from)
{
	struct cln_table *table = make_table(120);
	struct cln_config config = ensemble_config(3);
	struct cln_model *whole, *model;
	struct cln_error why;
	char *bytes;
	size_t length;

	config.lanes = 1;
	whole = fitted(table, NULL, &config, NULL);
	struct cln_checkpoint *checkpoint = interrupted(table, NULL, &config, MEMBER_STEPS + 7), *read;
	checkpoint->format = 2;
	assert_ok(checkpoint_encode(&bytes, &length, checkpoint, "", &err));
	ck_assert_ptr_nonnull(memmem(bytes, length, "\"first.layers.0.weight\"", 23));
	ck_assert_ptr_null(memmem(bytes, length, "under_way", 9));
	assert_ok(checkpoint_decode(&read, bytes, length, "memory", &err));
	ck_assert_uint_eq(read->format, 2);
	ck_assert_uint_eq(read->under_way[0].member, 1);
	ck_assert_double_eq_tol(read->seconds, checkpoint->finished[0].seconds + checkpoint->under_way[0].state.seconds, 1e-9);
	config.lanes = 2;
	assert_ok(cln_model_resume(&model, read, table, NULL, NULL, NULL, &config, NULL, NULL, &why));
	const struct file a = encode(whole), b = encode(model);
	ck_assert_uint_eq(a.length, b.length);
	ck_assert_mem_eq(a.bytes, b.bytes, a.length);
	mem_free(a.bytes);
	mem_free(b.bytes);
	mem_free(bytes);
	cln_checkpoint_destroy(read);
	cln_checkpoint_destroy(checkpoint);
	cln_model_destroy(whole);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* All members under way end with the epoch that they are in. */
START_TEST(an_observer_that_stops_gets_the_members_that_have_begun)
{
	struct cln_table *table = make_table(120);
	struct cln_config config = ensemble_config(3);
	struct course course = {.stop_epochs_after = (size_t)_i, .lingers = true};
	struct cln_fit_summary summary;
	struct cln_model *model;
	struct cln_error why;

	config.lanes = 2;
	config.threads = 3;
	ck_assert_int_eq(run(&model, &course, NULL, table, NULL, &config, &summary, &why), CLN_STOPPED);
	ck_assert_ptr_nonnull(model);
	assert_has(why.message, "training was stopped after epoch ");
	ck_assert_uint_eq(summary.epochs, course.epochs);
	ck_assert_uint_eq(summary.members, course.members);
	for (size_t k = 0; k < course.members; k++)
		ck_assert_uint_ge(course.of_member[k], 1);
	const struct file file = encode(model);
	mem_free(file.bytes);
	cln_model_destroy(model);
	cln_table_destroy(table);
}
END_TEST

/* Members that diverge in other epochs, some not at all: what is told is what they would tell one after the other. */
static void assert_same_failure(const struct cln_table *table, struct cln_config *config, const char *expected)
{
	for (size_t i = 0; i < N_ARRANGEMENTS; i++) {
		struct course course = {.save_every = 1};
		struct cln_model *model;
		struct cln_error why;

		config->lanes = arrangements[i].lanes;
		config->threads = arrangements[i].threads;
		ck_assert_int_eq(run(&model, &course, NULL, table, NULL, config, NULL, &why), CLN_E_DIVERGED);
		ck_assert_ptr_null(model);
		ck_assert_str_eq(why.message, expected);
		mem_free(course.file);
	}
}

START_TEST(the_failure_told_is_that_of_the_first_member_that_fails)
{
	struct cln_table *table = make_table(120);
	struct cln_config config = ensemble_config(3);
	struct cln_model *model;
	struct cln_error why = {0};
	size_t first = 0, differ = 0;

	config.optimizer = CLN_SGD;
	config.epochs = 6;
	config.lanes = config.threads = 1;
	/* Rates around the least one that some member does not bear. */
	for (config.learning_rate = 2; config.learning_rate < 4000; config.learning_rate *= 1.5) {
		struct course course = {0};
		config.lanes = config.threads = 1;
		if (run(&model, &course, NULL, table, NULL, &config, NULL, &why) == CLN_OK) {
			cln_model_destroy(model);
			continue;
		}
		ck_assert_int_eq(why.code, CLN_E_DIVERGED);
		differ += strstr(why.message, "member 1 of 3") == NULL;
		first++;
		assert_same_failure(table, &config, why.message);
		if (first == 4)
			break;
	}
	ck_assert_uint_ge(first, 3);
	ck_assert_uint_ge(differ, 1);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- */

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static Suite *ensemble_suite(void)
{
	Suite *suite = suite_create("ensemble");
	TCase *tcase = add_case(suite, "scores");

	tcase_add_test(tcase, the_probability_is_the_mean_of_the_members_probabilities);
	tcase_add_test(tcase, the_logit_is_that_of_the_mean);
	tcase_add_loop_test(tcase, scores_have_the_same_bits_for_any_threads_and_kernels, 1, 4);
	tcase_add_test(tcase, one_network_keeps_its_logits);
	tcase_add_test(tcase, logits_beyond_a_probability_are_held_finite);
	tcase_add_test(tcase, the_threshold_judges_the_probability_and_not_the_logit);
	tcase = add_case(suite, "file");
	tcase_add_test(tcase, an_ensemble_reads_back_with_every_member);
	tcase_add_loop_test(tcase, a_temperature_is_read_back_and_shown, 0, 1);
	tcase_add_loop_test(tcase, a_temperature_is_read_back_and_shown, 2, 4);
	tcase_add_loop_test(tcase, forged_temperatures_are_refused, 0, 5);
	tcase_add_test(tcase, every_cut_and_every_flipped_bit_of_an_ensemble_is_refused);
	tcase_add_loop_test(tcase, forged_ensembles_are_refused_by_what_is_wrong, 0, sizeof forgeries / sizeof *forgeries);
	tcase_add_test(tcase, more_members_than_can_be_are_refused);
	tcase_add_test(tcase, descriptions_show_the_members);
	tcase = add_case(suite, "folds");
	tcase_add_loop_test(tcase, folds_hold_each_class_in_even_parts, 2, 34);
	tcase_add_test(tcase, folds_follow_from_the_seed);
	tcase_add_test(tcase, there_are_no_more_folds_than_rows_of_a_class_and_a_single_row_is_in_none);
	tcase = add_case(suite, "fit");
	tcase_add_test(tcase, members_are_single_networks_of_seeds_of_their_own);
	tcase_add_test(tcase, members_leave_a_fold_out_and_validate_on_it);
	tcase_add_loop_test(tcase, validation_metrics_are_out_of_fold, 2, 6);
	tcase_add_test(tcase, evaluate_gives_the_metrics_of_the_fit);
	tcase_add_test(tcase, predictions_are_the_mean_of_the_members_predictions);
	tcase_add_test(tcase, ensembles_have_the_same_bytes_for_any_threads_and_kernels);
	tcase_add_test(tcase, the_pipeline_is_fitted_on_the_rows_of_all_folds);
	tcase_add_test(tcase, members_without_validation_rows_learn_from_all_of_them);
	tcase_add_test(tcase, members_have_the_block_size_of_the_first);
	tcase_add_test(tcase, what_no_ensemble_can_be_is_refused);
	tcase = add_case(suite, "interruptions");
	tcase_add_loop_test(tcase, an_ensemble_interrupted_after_any_step_ends_with_the_same_bytes, 0, 3);
	tcase_add_test(tcase, a_checkpoint_with_finished_members_is_written_as_it_was_read);
	tcase_add_loop_test(tcase, forged_checkpoints_are_refused_by_what_is_wrong, 0,
			    sizeof checkpoint_forgeries / sizeof *checkpoint_forgeries);
	tcase_add_test(tcase, another_number_of_members_is_refused_by_name);
	tcase_add_test(tcase, more_epochs_are_taken_until_a_member_has_run_them);
	tcase_add_loop_test(tcase, an_observer_that_stops_gets_the_members_so_far, 1, 9);
	tcase_add_test(tcase, divergence_names_the_member);
	tcase = add_case(suite, "lanes");
	tcase_add_loop_test(tcase, lanes_and_threads_change_no_byte, 0, 4);
	tcase_add_loop_test(tcase, the_start_tells_the_lanes, 0, 5);
	tcase_add_loop_test(tcase, lanes_interrupted_after_any_step_end_with_the_same_bytes, 0, 6);
	tcase_add_loop_test(tcase, a_run_in_many_pieces_ends_with_the_same_bytes, 0, 4);
	tcase_add_test(tcase, a_checkpoint_of_lanes_is_read_or_refused);
	tcase_add_test(tcase, a_checkpoint_of_format_2_is_gone_on_from);
	tcase_add_loop_test(tcase, an_observer_that_stops_gets_the_members_that_have_begun, 1, 10);
	tcase_add_test(tcase, the_failure_told_is_that_of_the_first_member_that_fails);
	return suite;
}

TESTING_MAIN(ensemble_suite)
