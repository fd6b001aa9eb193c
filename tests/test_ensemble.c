/* SPDX-License-Identifier: MIT
 * Ensembles: what their members' probabilities average to, and their file. */
#include <float.h>
#include <stdio.h>

#include "api/scores.h"
#include "base/dmath.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/dispatch.h"
#include "model_fixture.h"
#include "model_seal.h"
#include "testing.h"
#include "train/metrics.h"
#include "train/predict.h"

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
		assert_ok(network_create(&rows.networks[k], shape, 2, CLN_TANH, &err));
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
	struct scorer scorer = {.networks = (const struct network *const *)rows->networks, .K = K, .threads = threads};

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
    {"\\\"format\\\":2", "\\\"format\\\":3", "written by a newer Colonnade (format 3); this one reads up to 2"},
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
	tcase_add_test(tcase, every_cut_and_every_flipped_bit_of_an_ensemble_is_refused);
	tcase_add_loop_test(tcase, forged_ensembles_are_refused_by_what_is_wrong, 0, sizeof forgeries / sizeof *forgeries);
	tcase_add_test(tcase, more_members_than_can_be_are_refused);
	tcase_add_test(tcase, descriptions_show_the_members);
	return suite;
}

TESTING_MAIN(ensemble_suite)
