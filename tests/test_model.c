/* SPDX-License-Identifier: MIT
 * The model file: written and read back, refused when damaged or forged, described. */
#include "base/io.h"
#include "base/json.h"
#include "base/rng.h"
#include "fail_alloc.h"
#include "model_fixture.h"
#include "model_seal.h"
#include "testing.h"

#include <float.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_MUTATIONS 100000

/* ---------------------------------------------------------------- files in memory */

static void assert_has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in:\n%s", part, text);
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

static struct file fixture_file(void)
{
	struct cln_model *model;
	assert_ok(model_fixture(&model, &err));
	struct file file = encode(model);
	cln_model_destroy(model);
	return file;
}

static enum cln_status decode(const char *bytes, size_t length, struct cln_error *err)
{
	struct cln_model *model;
	enum cln_status status = model_decode(&model, bytes, length, "m", err);
	ck_assert_int_eq(status == CLN_OK, model != NULL);
	cln_model_destroy(model);
	return status;
}

static size_t header_length(const char *bytes)
{
	uint64_t length;
	memcpy(&length, bytes, sizeof length);
	return (size_t)length;
}

/* The file with the first `from` of its header replaced by `to`; length, padding and checksum are right again. */
static struct file forge(struct file file, const char *from, const char *to)
{
	const char *at = memmem(file.bytes + 8, header_length(file.bytes), from, strlen(from));
	ck_assert_msg(at != NULL, "the header has no %s", from);
	struct text text = model_forge(file.bytes, file.length, (size_t)(at - file.bytes), strlen(from), to);
	ck_assert(!text.failed);
	return (struct file){text.bytes, text.length};
}

/* ---------------------------------------------------------------- writing and reading back */

static void assert_same_texts(char *const *a, size_t n_a, char *const *b, size_t n_b)
{
	ck_assert_uint_eq(n_a, n_b);
	for (size_t i = 0; i < n_a; i++)
		ck_assert_str_eq(a[i], b[i]);
}

#define assert_same_bits(a, b) ck_assert_mem_eq(&(a), &(b), sizeof(a))

static void assert_same_column(const struct pipeline_column *a, const struct pipeline_column *b)
{
	ck_assert_str_eq(a->name, b->name);
	ck_assert_int_eq(a->type, b->type);
	ck_assert_uint_eq(a->first_feature, b->first_feature);
	ck_assert_uint_eq(a->n_features, b->n_features);
	ck_assert_int_eq(a->has_missing, b->has_missing);
	ck_assert_int_eq(a->two_valued, b->two_valued);
	ck_assert_int_eq(a->transform, b->transform);
	assert_same_bits(a->impute, b->impute);
	assert_same_bits(a->center, b->center);
	assert_same_bits(a->scale, b->scale);
	assert_same_texts(a->levels, a->n_levels, b->levels, b->n_levels);
	assert_same_texts(a->rare, a->n_rare, b->rare, b->n_rare);
}

START_TEST(model_reads_back_with_every_member)
{
	struct cln_model *a, *b;
	assert_ok(model_fixture(&a, &err));
	struct file file = encode(a);
	assert_ok(model_decode(&b, file.bytes, file.length, "m", &err));
	ck_assert_str_eq(a->label.column, b->label.column);
	ck_assert_str_eq(a->label.negative, b->label.negative);
	ck_assert_str_eq(a->label.positive, b->label.positive);
	ck_assert_str_eq(a->weight, b->weight);
	ck_assert_str_eq(a->recipe, b->recipe);
	ck_assert_str_eq(a->recipe, b->config.recipe);
	assert_same_bits(a->threshold, b->threshold);
	ck_assert_uint_eq(a->pipeline->n_features, b->pipeline->n_features);
	ck_assert_uint_eq(a->pipeline->n_columns, b->pipeline->n_columns);
	for (size_t i = 0; i < a->pipeline->n_columns; i++)
		assert_same_column(&a->pipeline->columns[i], &b->pipeline->columns[i]);
	a->config.recipe = b->config.recipe = NULL;
	assert_same_bits(a->config, b->config); /* both from zeroed memory, so padding is equal too */
	ck_assert_uint_eq(a->train_rows, b->train_rows);
	ck_assert_uint_eq(a->valid_rows, b->valid_rows);
	ck_assert_uint_eq(a->epochs, b->epochs);
	ck_assert_uint_eq(a->best_epoch, b->best_epoch);
	assert_same_bits(a->valid, b->valid);
	mem_free(file.bytes);
	cln_model_destroy(a);
	cln_model_destroy(b);
}
END_TEST

START_TEST(network_reads_back_to_the_bit)
{
	struct cln_model *a, *b;
	assert_ok(model_fixture(&a, &err));
	struct file file = encode(a);
	assert_ok(model_decode(&b, file.bytes, file.length, "m", &err));
	ck_assert_uint_eq(a->network->L, b->network->L);
	ck_assert_mem_eq(a->network->n, b->network->n, (a->network->L + 1) * sizeof *a->network->n);
	ck_assert_int_eq(a->network->activation, b->network->activation);
	ck_assert_uint_eq(a->network->n_floats, b->network->n_floats);
	ck_assert_mem_eq(a->network->params, b->network->params, a->network->n_floats * sizeof(float));
	for (size_t l = 2; l <= a->network->L; l++)
		ck_assert_mem_eq(network_Wt(a->network, l), network_Wt(b->network, l), a->network->n[l - 1] * sizeof(float));
	mem_free(file.bytes);
	cln_model_destroy(a);
	cln_model_destroy(b);
}
END_TEST

START_TEST(missing_validation_weight_and_auc_read_back)
{
	struct cln_model *a, *b;
	assert_ok(model_fixture(&a, &err));
	mem_free(a->weight);
	a->weight = NULL;
	a->valid.auc = NAN;
	struct file file = encode(a);
	assert_ok(model_decode(&b, file.bytes, file.length, "m", &err));
	ck_assert_ptr_null(b->weight);
	ck_assert(isnan(b->valid.auc));
	mem_free(file.bytes);
	cln_model_destroy(b);
	a->valid.rows = 0;
	file = encode(a);
	assert_ok(model_decode(&b, file.bytes, file.length, "m", &err));
	ck_assert_uint_eq(b->valid.rows, 0);
	mem_free(file.bytes);
	cln_model_destroy(a);
	cln_model_destroy(b);
}
END_TEST

/* _i: enum cln_threshold_rule; behind them F2. */
START_TEST(thresholds_and_their_rules_read_back)
{
	struct cln_model *a, *b;
	char *text;
	assert_ok(model_fixture(&a, &err));
	a->threshold = 1.0 / 3;
	a->config.threshold_rule = (enum cln_threshold_rule)_i;
	a->config.false_negative_cost = _i == CLN_THRESHOLD_COST ? 2.5 : 1;
	a->config.least_precision = _i == CLN_THRESHOLD_RECALL ? 0.9 : 0;
	a->config.threshold_beta = _i == CLN_N_THRESHOLD_RULES ? 2 : 1;
	if (_i == CLN_N_THRESHOLD_RULES)
		a->config.threshold_rule = CLN_THRESHOLD_F1;
	struct file file = encode(a);
	assert_ok(model_decode(&b, file.bytes, file.length, "m", &err));
	assert_same_bits(b->threshold, a->threshold);
	a->config.recipe = b->config.recipe = NULL;
	assert_same_bits(a->config, b->config);
	assert_ok(cln_model_describe(b, false, &text, &err));
	assert_has(text, _i == CLN_THRESHOLD_GIVEN    ? "model, format 1\n"
			 : _i <= CLN_THRESHOLD_RECALL ? "model, format 2\n"
						      : "model, format 3\n");
	assert_has(text, "where the probability of that is at least 0.333333333333333");
	cln_free(text);
	mem_free(file.bytes);
	cln_model_destroy(a);
	cln_model_destroy(b);
}
END_TEST

START_TEST(two_valued_numbers_read_back)
{
	struct cln_model *a, *b;
	assert_ok(model_fixture(&a, &err));
	a->pipeline->columns[3].two_valued = true;
	struct file file = encode(a);
	assert_ok(model_decode(&b, file.bytes, file.length, "m", &err));
	ck_assert(memmem(file.bytes, file.length, "\\\"format\\\":2,", 13) != NULL);
	ck_assert(!b->pipeline->columns[0].two_valued);
	ck_assert(b->pipeline->columns[3].two_valued);
	mem_free(file.bytes);
	cln_model_destroy(a);
	cln_model_destroy(b);
}
END_TEST

/* The fixture, two of whose columns number their levels, 4 with 0 each; 2 values of each, k / 8 for the k-th. */
static struct cln_model *model_with_levels(void)
{
	struct category categories[8];
	struct front front = {.categories = categories, .values = 2};
	float values[16];
	struct cln_model *model;
	assert_ok(model_fixture(&model, &err));
	struct pipeline *pipeline = model->pipeline;
	pipeline->columns[5].numbered = pipeline->columns[7].numbered = true;
	pipeline->columns[5].n_features = 2;
	pipeline->columns[7].n_features = 1;
	pipeline->n_features = 0;
	for (size_t c = 0; c < pipeline->n_columns; c++) {
		pipeline->columns[c].first_feature = pipeline->n_features;
		pipeline->n_features += pipeline->columns[c].n_features;
	}
	front.n_categories = model_categories(categories, pipeline);
	ck_assert_uint_eq(front.n_categories, 2);
	network_destroy(model->network);
	assert_ok(network_create(&model->network, (const size_t[]){pipeline->n_features, 3, 2, 1}, 3, CLN_GELU, &front, &err));
	network_init(model->network, CLN_INIT_HE, 5);
	for (size_t e = 0; e < 16; e++)
		values[e] = (float)e / 8;
	network_set_front(model->network, values);
	return model;
}

static bool is_format(struct file file, int format)
{
	char text[32];
	return memmem(file.bytes, file.length, text, (size_t)snprintf(text, sizeof text, "\\\"format\\\":%d,", format)) != NULL;
}

START_TEST(levels_and_their_values_read_back)
{
	struct cln_model *a = model_with_levels(), *b;
	struct file file = encode(a);
	float values[16];
	char *text;
	ck_assert(is_format(file, 3));
	assert_ok(model_decode(&b, file.bytes, file.length, "m", &err));
	ck_assert(b->pipeline->columns[5].numbered && b->pipeline->columns[7].numbered && !b->pipeline->columns[6].numbered);
	ck_assert_uint_eq(b->network->front.n_categories, 2);
	ck_assert_uint_eq(b->network->front.values, 2);
	ck_assert_uint_eq(b->network->front.categories[1].first_row, 4);
	network_get_front(b->network, values);
	for (size_t e = 0; e < 16; e++)
		ck_assert_float_eq(values[e], (float)e / 8);
	struct file again = encode(b);
	ck_assert_uint_eq(again.length, file.length);
	ck_assert_mem_eq(again.bytes, file.bytes, file.length);
	assert_ok(cln_model_describe(b, false, &text, &err));
	assert_has(text, "model, format 3\n");
	assert_has(text, "levels of 2 categories: 8, 2 values each, with 16 parameters\n");
	assert_has(text, "1, 10, 2 (numbered)\n");
	cln_free(text);
	mem_free(again.bytes);
	mem_free(file.bytes);
	cln_model_destroy(a);
	cln_model_destroy(b);
}
END_TEST

/* Options of levels where no column has any: they shaped nothing, and fit.c leaves them out; a file that has them is format 3. */
START_TEST(options_of_levels_are_of_format_3)
{
	struct cln_model *model;
	assert_ok(model_fixture(&model, &err));
	struct file file = encode(model);
	ck_assert(is_format(file, 1));
	mem_free(file.bytes);
	model->config.one_hot_levels = 20;
	file = encode(model);
	ck_assert(is_format(file, 3));
	ck_assert(memmem(file.bytes, file.length, "\\\"one_hot_levels\\\":20,", 22) != NULL);
	mem_free(file.bytes);
	cln_model_destroy(model);
}
END_TEST

/* The fixture, whose first column has knots and scores instead; shortest texts, and one whose shortest text is no float. */
static struct cln_model *model_with_knots(void)
{
	static const float knots[] = {-FLT_MAX, -0.0f, FLT_TRUE_MIN, 0.1f, 16777216, FLT_MAX};
	static const float scores[] = {-8.9f, -0.1f, 0, 0, 1.0f / 3, 4};
	struct cln_model *model;
	assert_ok(model_fixture(&model, &err));
	struct pipeline_column *column = &model->pipeline->columns[0];
	column->transform = TRANSFORM_QUANTILE;
	column->n_knots = sizeof knots / sizeof *knots;
	column->knots = mem_alloc(column->n_knots, sizeof *knots, NULL);
	column->scores = mem_alloc(column->n_knots, sizeof *scores, NULL);
	ck_assert(column->knots && column->scores);
	memcpy(column->knots, knots, sizeof knots);
	memcpy(column->scores, scores, sizeof scores);
	return model;
}

START_TEST(knots_and_scores_read_back_to_the_bit_and_are_short)
{
	struct cln_model *a = model_with_knots(), *b;
	struct file file = encode(a);
	assert_ok(model_decode(&b, file.bytes, file.length, "m", &err));
	const struct pipeline_column *from = &a->pipeline->columns[0], *to = &b->pipeline->columns[0];
	ck_assert_uint_eq(to->n_knots, from->n_knots);
	ck_assert_mem_eq(to->knots, from->knots, from->n_knots * sizeof(float));
	ck_assert_mem_eq(to->scores, from->scores, from->n_knots * sizeof(float));
	ck_assert(memmem(file.bytes, file.length, "-0,1.4013e-45,0.1,16777216,", 26) != NULL);
	ck_assert(memmem(file.bytes, file.length, ",0,0,0.33333334,4]", 18) != NULL);
	ck_assert(memmem(file.bytes, file.length, "\\\"format\\\":2,", 13) != NULL);
	struct file again = encode(b);
	ck_assert_uint_eq(again.length, file.length);
	ck_assert_mem_eq(again.bytes, file.bytes, file.length);
	mem_free(again.bytes);
	mem_free(file.bytes);
	cln_model_destroy(a);
	cln_model_destroy(b);
}
END_TEST

START_TEST(reading_and_writing_again_gives_the_same_bytes)
{
	struct file first = fixture_file();
	struct cln_model *model;
	assert_ok(model_decode(&model, first.bytes, first.length, "m", &err));
	struct file second = encode(model);
	ck_assert_uint_eq(first.length, second.length);
	ck_assert_mem_eq(first.bytes, second.bytes, first.length);
	mem_free(first.bytes);
	mem_free(second.bytes);
	cln_model_destroy(model);
}
END_TEST

/* A file of every version that was ever released must be read for ever; and what this version writes must not drift. */
START_TEST(golden_file_is_what_is_written)
{
	const char *top = getenv("top_srcdir");
	struct text path = {0};
	struct file golden, file = fixture_file();
	text_addf(&path, "%s/tests/data/golden-v1.safetensors", top ? top : ".");
	assert_ok(io_read_file(&golden.bytes, &golden.length, path.bytes, 1 << 20, &err));
	ck_assert_uint_eq(golden.length, file.length);
	ck_assert_mem_eq(golden.bytes, file.bytes, file.length);
	assert_ok(decode(golden.bytes, golden.length, &err));
	mem_free(golden.bytes);
	mem_free(file.bytes);
	text_free(&path);
}
END_TEST

START_TEST(tensors_start_at_a_multiple_of_64)
{
	struct file file = fixture_file();
	ck_assert_uint_eq((header_length(file.bytes) + 8) % 64, 0);
	mem_free(file.bytes);
}
END_TEST

static void spoil_weight(struct cln_model *model) { model->network->params[0] = INFINITY; }
static void spoil_text(struct cln_model *model) { memcpy(model->pipeline->columns[0].name, "\xff", 2); }
static void spoil_scale(struct cln_model *model) { model->pipeline->columns[0].scale = 0; }
static void spoil_option(struct cln_model *model) { model->config.learning_rate = NAN; }
static void spoil_word(struct cln_model *model) { model->config.metric = CLN_N_METRICS; }
static void spoil_levels(struct cln_model *model) { model->pipeline->columns[4].levels[0][0] = 'Z'; }

START_TEST(model_that_could_not_be_read_is_not_written)
{
	static const struct {
		void (*spoil)(struct cln_model *);
		const char *why;
	} cases[] = {{spoil_weight, "layers.0.weight has a value that is not a finite number"}, {spoil_text, "UTF-8"},
	             {spoil_scale, "scale that is not positive"}, {spoil_option, "learning_rate"},
	             {spoil_word, "metric"}, {spoil_levels, "out of order"}};
	struct cln_model *model;
	struct cln_error error = {0};
	struct file file;
	assert_ok(model_fixture(&model, &err));
	cases[_i].spoil(model);
	ck_assert_int_eq(model_encode(&file.bytes, &file.length, model, &error), CLN_E_DATA);
	ck_assert_ptr_null(file.bytes);
	assert_has(error.message, cases[_i].why);
	cln_model_destroy(model);
}
END_TEST

/* ---------------------------------------------------------------- damage */

START_TEST(every_flipped_bit_is_refused)
{
	struct file file = fixture_file();
	for (size_t i = 0; i < 8 * file.length; i++) {
		file.bytes[i / 8] ^= (char)(1 << i % 8);
		ck_assert_msg(decode(file.bytes, file.length, NULL) == CLN_E_DAMAGED, "bit %zu of byte %zu", i % 8, i / 8);
		file.bytes[i / 8] ^= (char)(1 << i % 8);
	}
	assert_ok(decode(file.bytes, file.length, &err));
	mem_free(file.bytes);
}
END_TEST

/* Each in a block of its own size, so that a sanitizer sees a read beyond it. */
START_TEST(every_truncation_is_refused)
{
	struct file file = fixture_file();
	for (size_t length = 0; length < file.length; length++) {
		char *part = mem_alloc(length, 1, NULL);
		memcpy(part, file.bytes, length);
		ck_assert_msg(decode(part, length, NULL) == CLN_E_DAMAGED, "of %zu bytes the first %zu", file.length, length);
		mem_free(part);
	}
	mem_free(file.bytes);
}
END_TEST

START_TEST(every_missing_byte_is_refused)
{
	struct file file = fixture_file();
	char *part = mem_alloc(file.length, 1, NULL);
	for (size_t i = 0; i < file.length; i++) {
		memcpy(part, file.bytes, i);
		memcpy(part + i, file.bytes + i + 1, file.length - i - 1);
		ck_assert_msg(decode(part, file.length - 1, NULL) == CLN_E_DAMAGED, "without byte %zu", i);
	}
	mem_free(part);
	mem_free(file.bytes);
}
END_TEST

START_TEST(appended_bytes_are_refused)
{
	struct file file = fixture_file();
	char *longer = mem_alloc(file.length + 64, 1, NULL);
	memcpy(longer, file.bytes, file.length);
	for (size_t more = 1; more <= 64; more++) {
		model_seal(longer, file.length + more); /* also with the right checksum */
		ck_assert_int_eq(decode(longer, file.length + more, NULL), CLN_E_DAMAGED);
	}
	mem_free(longer);
	mem_free(file.bytes);
}
END_TEST

/* What is read must be what the bytes say: written again it is the same, and it can be described. */
static void assert_reads_as_written(const char *bytes, size_t length)
{
	struct cln_model *model;
	char *text;
	if (model_decode(&model, bytes, length, "m", NULL) != CLN_OK)
		return;
	struct file again = encode(model);
	ck_assert_uint_eq(again.length, length);
	ck_assert_mem_eq(again.bytes, bytes, length);
	assert_ok(cln_model_describe(model, false, &text, &err));
	cln_free(text);
	mem_free(again.bytes);
	cln_model_destroy(model);
}

START_TEST(mutated_file_is_refused_or_with_a_new_checksum_read_as_it_says)
{
	struct file file = fixture_file();
	char *bytes = mem_alloc(2 * file.length, 1, NULL);
	struct rng rng;
	rng_start(&rng, 1, RNG_TEST, 0, 0);
	for (size_t i = 0; i < N_MUTATIONS; i++) {
		size_t length = file.length;
		memcpy(bytes, file.bytes, length);
		mutate(bytes, &length, &rng);
		if (i % 2 == 0 && !(length == file.length && memcmp(bytes, file.bytes, length) == 0))
			ck_assert_int_eq(decode(bytes, length, NULL), CLN_E_DAMAGED);
		model_seal(bytes, length);
		assert_reads_as_written(bytes, length);
	}
	mem_free(bytes);
	mem_free(file.bytes);
}
END_TEST

/* ---------------------------------------------------------------- forgery: the checksum is right, the content is not */

struct forgery {
	const char *from, *to, *message;
};

static void assert_forgery_refused(struct file file, const struct forgery *forgery)
{
	struct file forged = forge(file, forgery->from, forgery->to);
	struct cln_error error = {0};
	ck_assert_int_eq(decode(forged.bytes, forged.length, &error), CLN_E_DAMAGED);
	assert_has(error.message, forgery->message);
	mem_free(forged.bytes);
	mem_free(file.bytes);
}

static const struct forgery forgeries[] = {
	/* the version comes first, whatever else has changed */
	{"{\\\"format\\\":1,\\\"kind\\\":\\\"model\\\"", "{\\\"format\\\":6,\\\"sort\\\":7",
	 "m: written by a newer Colonnade (format 6); this one reads up to 5"},
	{"\\\"format\\\":1", "\\\"format\\\":0", "format"},
	{"\\\"kind\\\":\\\"model\\\"", "\\\"kind\\\":\\\"checkpoint\\\"", "m: it holds a checkpoint, not a model"},
	{"\"__metadata__\"", "\"__metadatb__\"", "another program's safetensors file"},
	{"\"colonnade\":", "\"colonnads\":", "another program's safetensors file"},
	/* the document */
	{"\\\"negative\\\":\\\"<=50K\\\"", "\\\"negative\\\":\\\">50K\\\"", "two label values are the same"},
	{"\\\"column\\\":\\\"income\\\",", "", "column"},
	{"\\\"weight\\\":\\\"fnlwgt\\\"", "\\\"weight\\\":5", "weight"},
	{"\\\"weight\\\":\\\"fnlwgt\\\",", "", "weight"},
	{"\\\"threshold\\\":0.5", "\\\"threshold\\\":1.5", "threshold"},
	{"\\\"seed\\\":\\\"18446744073709551615", "\\\"seed\\\":\\\"18446744073709551616", "seed"},
	{"\\\"seed\\\":\\\"18446744073709551615", "\\\"seed\\\":\\\"-1", "seed"},
	{"\\\"learning_rate\\\":0.001", "\\\"learning_rate\\\":-0.001", "learning_rate"},
	{"\\\"optimizer\\\":\\\"adamw", "\\\"optimizer\\\":\\\"adamx", "\"optimizer\" has the unknown value \"adamx\""},
	{"\\\"epochs\\\":30", "\\\"epochs\\\":30.5", "epochs"},
	{"\\\"rows\\\":6513", "\\\"rows\\\":0", "rows"},
	/* columns */
	{"\\\"type\\\":\\\"numeric", "\\\"type\\\":\\\"numerix", "\"type\" has the unknown value \"numerix\""},
	{"\\\"features\\\":1,\\\"has_missing", "\\\"features\\\":2,\\\"has_missing", "claims 2 features and makes 1"},
	{"\\\"features\\\":5", "\\\"features\\\":4", "claims 4 features and makes 5"},
	{"\\\"has_missing\\\":false", "\\\"has_missing\\\":\\\"no\\\"", "has_missing"},
	{"\\\"transform\\\":\\\"robust", "\\\"transform\\\":\\\"robusd", "\"transform\" has the unknown value \"robusd\""},
	{"\\\"scale\\\":1}", "\\\"scale\\\":0}", "scale that is not positive"},
	{"\\\"scale\\\":1}", "\\\"scale\\\":-1}", "scale that is not positive"},
	{"\\\"scale\\\":1}", "\\\"scale\\\":1e-60}", "scale that is not positive"},
	{"\\\"scale\\\":1}", "\\\"scale\\\":1e39}", "scale"},
	{"\\\"scale\\\":1}", "\\\"scale\\\":1,\\\"two_valued\\\":1}", "two_valued"},
	{"\\\"scale\\\":1}", "\\\"scale\\\":1,\\\"two_valued\\\":false}", "not in the form that Colonnade writes"},
	{"[\\\"Female\\\",\\\"Male\\\"]", "[\\\"Male\\\",\\\"Female\\\"]", "column \"sex\" has levels out of order or twice"},
	{"[\\\"Female\\\",\\\"Male\\\"]", "[\\\"Male\\\",\\\"Male\\\"]", "column \"sex\" has levels out of order or twice"},
	{"[\\\"Female\\\",\\\"Male\\\"]", "[\\\"Female\\\",7]", "not a text"},
	{"[\\\"Female\\\",\\\"Male\\\"]", "[\\\"Female\\\"]", "two-valued but has not two levels"},
	{"\\\"rare\\\":[\\\"\xe2\x82\xac", "\\\"rare\\\":[\\\"/", "has levels out of order or twice"},
	{"\\\"columns\\\":[", "\\\"columns\\\":[],\\\"c\\\":[", "it has 0 columns"},
	/* architecture */
	{"\\\"n\\\":[13,", "\\\"n\\\":[12,", "its columns make 13 features, its network wants 12"},
	{"[13,3,2,1]", "[13,3,2,2]", "the last layer has 2 units, not one"},
	{"[13,3,2,1]", "[13]", "\"n\" has 1 members"},
	{"[13,3,2,1]", "[13,1048577,2,1]", "not a whole number from 1 to 1048576"},
	{"[13,3,2,1]", "[13,0,2,1]", "not a whole number from 1 to 1048576"},
	{"[13,3,2,1]", "[13,1048576,1048576,1]", "do not fit the 212 bytes"},
	{"[13,3,2,1]", "[13,3,1,1]", "20 bytes follow its weights"},
	{"\\\"activation\\\":\\\"gelu", "\\\"activation\\\":\\\"gelv", "\"activation\" has the unknown value \"gelv\""},
	/* tensors */
	{"layers.0.weight", "layers.0.weighs", "tensor layers.0.weight is missing or out of order"},
	{"\"dtype\":\"F32\"", "\"dtype\":\"F16\"", "layers.0.weight is not of type F32"},
	{"\"shape\":[3,13]", "\"shape\":[13,3]", "layers.0.weight has not the shape"},
	{"\"shape\":[3,13]", "\"shape\":[3,13,1]", "layers.0.weight has not the shape"},
	{"\"shape\":[3,13]", "\"shape\":[3]", "layers.0.weight has not the shape"},
	{"\"data_offsets\":[0,156]", "\"data_offsets\":[4,160]", "layers.0.weight does not lie at bytes 0 to 156"},
	{"\"data_offsets\":[156,168]", "\"data_offsets\":[152,164]", "layers.0.bias does not lie at bytes 156 to 168"},
	{"\"layers.2.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[208,212]}",
	 "\"layers.2.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[208,212]},"
	 "\"x\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[212,212]}",
	 "it has a tensor that the architecture has not: x"},
	{",\"layers.2.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[208,212]}", "", "tensor layers.2.bias is missing"},
	/* the same content in another form */
	{"[13,3,2,1]", "[13,3.5,2,1]", "not in the form that Colonnade writes"},
	{"\\\"threshold\\\":0.5", "\\\"threshold\\\":0.50", "not in the form that Colonnade writes"},
	{"\\\"seed\\\":\\\"18446744073709551615", "\\\"seed\\\":\\\"01", "not in the form that Colonnade writes"},
	{"\\\"seed\\\":\\\"18446744073709551615", "\\\"seed\\\":\\\"", "not in the form that Colonnade writes"},
	{"{\\\"format\\\":1,", "{\\\"format\\\":1,\\\"more\\\":0,", "not in the form that Colonnade writes"},
	{"{\\\"format\\\":1", "{ \\\"format\\\":1", "not in the form that Colonnade writes"},
	{"\"layers.0.weight\"", "\"layers\\u002e0.weight\"", "not in the form that Colonnade writes"},
	{"\"colonnade_checksum\"", "\"format\":\"pt\",\"colonnade_checksum\"", "not in the form that Colonnade writes"},
};
#define N_FORGERIES ((int)(sizeof forgeries / sizeof *forgeries))

START_TEST(forged_content_is_refused_by_what_is_wrong)
{
	assert_forgery_refused(fixture_file(), &forgeries[_i]);
}
END_TEST

static const struct forgery level_forgeries[] = {
	{"\\\"categories\\\":[5,7]", "\\\"categories\\\":[7,5]", "no feature above the one before"},
	{"\\\"categories\\\":[5,7]", "\\\"categories\\\":[5,8]", "no feature above the one before"},
	{"\\\"categories\\\":[5,7]", "\\\"categories\\\":[5,6]", "number other levels than its network has values for"},
	{"\\\"categories\\\":[5,7]", "\\\"categories\\\":[5,null]", "no feature above the one before"},
	{"\\\"categories\\\":[5,7]", "\\\"categories\\\":[5]", "it has 1 \"categories\" and 2 \"category_rows\""},
	{"\\\"categories\\\":[5,7],\\\"category_rows\\\":[4,4],\\\"category_values\\\":2",
	 "\\\"categories\\\":[],\\\"category_rows\\\":[],\\\"category_values\\\":2", "it has 0 \"categories\""},
	{",\\\"categories\\\":[5,7],\\\"category_rows\\\":[4,4],\\\"category_values\\\":2", "",
	 "number other levels than its network has values for"},
	{"\\\"categories\\\":[5,7]", "\\\"embedded\\\":[0,7],\\\"categories\\\":[5,7]",
	 "feature 7 is both embedded and a category"},
	{"\\\"category_rows\\\":[4,4]", "\\\"category_rows\\\":[4,5]", "number other levels than its network has values for"},
	{"\\\"category_rows\\\":[4,4]", "\\\"category_rows\\\":[4,0]", "no whole number in its range"},
	{"\\\"category_rows\\\":[4,4]", "\\\"category_rows\\\":[4,1048576]", "no whole number in its range"},
	{"\\\"category_rows\\\":[4,4]", "\\\"category_rows\\\":[4,4.5]", "no whole number in its range"},
	{"\\\"category_rows\\\":[4,4]", "\\\"category_rows\\\":4", "category_rows"},
	{"\\\"category_values\\\":2", "\\\"category_values\\\":0", "category_values"},
	{"\\\"category_values\\\":2", "\\\"category_values\\\":65", "category_values"},
	{"\\\"category_values\\\":2", "\\\"category_values\\\":64", "do not fit the 240 bytes"},
	{"\\\"category_values\\\":2", "\\\"category_values\\\":1", "bytes follow its weights"},
	{",\\\"numbered\\\":true", "", "claims 2 features and makes 5"},
	{",\\\"numbered\\\":true", ",\\\"numbered\\\":1", "numbered"},
	{"\\\"type\\\":\\\"categorical\\\",\\\"features\\\":1,\\\"has_missing\\\":false,\\\"two_valued\\\":false",
	 "\\\"type\\\":\\\"categorical\\\",\\\"features\\\":1,\\\"has_missing\\\":false,\\\"two_valued\\\":true",
	 "numbers 3 levels"},
	{"\\\"format\\\":3,", "\\\"format\\\":2,", "not in the form that Colonnade writes"},
	{"category.weight", "category.weighs", "tensor category.weight is missing or out of order"},
	{"\"shape\":[8,2]", "\"shape\":[2,8]", "category.weight has not the shape"},
};
#define N_LEVEL_FORGERIES ((int)(sizeof level_forgeries / sizeof *level_forgeries))

START_TEST(forged_levels_are_refused_by_what_is_wrong)
{
	struct cln_model *model = model_with_levels();
	assert_forgery_refused(encode(model), &level_forgeries[_i]);
	cln_model_destroy(model);
}
END_TEST

/* Every single byte of such a file that is missing or has a bit flipped. */
START_TEST(damaged_levels_are_refused)
{
	struct cln_model *model = model_with_levels();
	struct file file = encode(model);
	for (size_t length = 0; length < file.length; length++) {
		ck_assert_int_eq(decode(file.bytes, length, NULL), CLN_E_DAMAGED);
		file.bytes[length] ^= (char)(1 << length % 8);
		ck_assert_int_eq(decode(file.bytes, file.length, NULL), CLN_E_DAMAGED);
		file.bytes[length] ^= (char)(1 << length % 8);
	}
	mem_free(file.bytes);
	cln_model_destroy(model);
}
END_TEST

/* The fixture, with the ranges of two of its numeric columns. */
static struct cln_model *model_with_ranges(void)
{
	struct cln_model *model;
	assert_ok(model_fixture(&model, &err));
	struct pipeline_column *age = &model->pipeline->columns[0], *plain = &model->pipeline->columns[3];
	age->has_range = plain->has_range = true;
	age->least = -0.0f;
	age->greatest = 1.0f / 3;
	plain->least = plain->greatest = -FLT_MAX;
	return model;
}

START_TEST(ranges_of_numbers_are_kept_in_format_4)
{
	struct cln_model *model = model_with_ranges(), *read;
	struct file file = encode(model);
	ck_assert(memmem(file.bytes, file.length, "\\\"format\\\":4,", 13) != NULL);
	assert_ok(model_decode(&read, file.bytes, file.length, "m", &err));
	for (size_t c = 0; c < model->pipeline->n_columns; c++) {
		const struct pipeline_column *a = &model->pipeline->columns[c], *b = &read->pipeline->columns[c];
		ck_assert_int_eq(a->has_range, b->has_range);
		ck_assert(memcmp(&a->least, &b->least, sizeof a->least) == 0);
		ck_assert(memcmp(&a->greatest, &b->greatest, sizeof a->greatest) == 0);
	}
	mem_free(file.bytes);
	cln_model_destroy(read);
	cln_model_destroy(model);
}
END_TEST

static const struct forgery range_forgeries[] = {
	{"\\\"format\\\":4,", "\\\"format\\\":3,", "not in the form that Colonnade writes"},
	{"\\\"range\\\":[-0,", "\\\"range\\\":[", "has a range of 1 numbers, not 2"},
	{"\\\"range\\\":[-0,", "\\\"range\\\":[-1,-0,", "has a range of 3 numbers, not 2"},
	{"\\\"range\\\":[-0,", "\\\"range\\\":[1,", "\"range\" are not in ascending order"},
	{"\\\"range\\\":[-0,", "\\\"range\\\":[-1e39,", "\"range\" holds something that is not a number"},
};
#define N_RANGE_FORGERIES ((int)(sizeof range_forgeries / sizeof *range_forgeries))

START_TEST(forged_ranges_are_refused_by_what_is_wrong)
{
	struct cln_model *model = model_with_ranges();
	assert_forgery_refused(encode(model), &range_forgeries[_i]);
	cln_model_destroy(model);
}
END_TEST

static struct cln_model *model_with_gaps(void)
{
	struct cln_model *model = model_with_ranges();
	model->pipeline->missing = mem_copy("-999,unknown", 12, NULL);
	ck_assert_ptr_nonnull(model->pipeline->missing);
	return model;
}

START_TEST(texts_that_are_gaps_are_kept_in_format_5)
{
	struct cln_model *model = model_with_gaps(), *read;
	struct pipeline *copy;
	struct file file = encode(model);
	ck_assert(is_format(file, 5));
	assert_ok(model_decode(&read, file.bytes, file.length, "m", &err));
	ck_assert_str_eq(cln_model_missing(read), "-999,unknown");
	assert_ok(pipeline_clone(&copy, read->pipeline, &err));
	ck_assert_str_eq(copy->missing, "-999,unknown");
	pipeline_destroy(copy);
	mem_free(file.bytes);
	cln_model_destroy(read);
	cln_model_destroy(model);
}
END_TEST

static const struct forgery gap_forgeries[] = {
	{"\\\"format\\\":5,", "\\\"format\\\":4,", "not in the form that Colonnade writes"},
	{"\"-999,unknown\\\"", "\"unknown,,-999\\\"", "\"missing\" is no list of texts"},
	{"\"-999,unknown\\\"", "\"unknown,-999\\\"", "\"missing\" is no list of texts"},
	{"\"-999,unknown\\\"", "\"-999.0,unknown\\\"", "\"missing\" is no list of texts"},
	{"\"-999,unknown\\\"", "\" unknown\\\"", "\"missing\" is no list of texts"},
	{"\"-999,unknown\\\"", "\"\\\"", "\"missing\" is no list of texts"},
	{"\\\"-999,unknown\\\"", "7", "\"missing\""},
};
#define N_GAP_FORGERIES ((int)(sizeof gap_forgeries / sizeof *gap_forgeries))

START_TEST(forged_gaps_are_refused_by_what_is_wrong)
{
	struct cln_model *model = model_with_gaps();
	assert_forgery_refused(encode(model), &gap_forgeries[_i]);
	cln_model_destroy(model);
}
END_TEST

static const struct forgery knot_forgeries[] = {
	{"\\\"knots\\\":[", "\\\"knots\\\":[-3.5e38,", "has 7 knots and 6 scores"},
	{"\\\"scores\\\":[-8.9,-0.1,0,0,", "\\\"scores\\\":[-8.9,-0.1,0,", "has 6 knots and 5 scores"},
	{"\\\"scores\\\":[-8.9,-0.1,0,0,0.33333334,4]", "\\\"scores\\\":7", "scores"},
	{"\\\"knots\\\"", "\\\"knobs\\\"", "knots"},
	{",16777216,", ",3.5e38,", "\"knots\" holds something that is not a number within 3.40282e+38"},
	{",16777216,", ",null,", "\"knots\" holds something that is not a number"},
	{",16777216,", ",\\\"1\\\",", "\"knots\" holds something that is not a number"},
	{",16777216,", ",0.01,", "\"knots\" are not in ascending order"},
	{",16777216,", ",0.1,", "has a knot twice"},
	{",16777216,", ",0.10000000000000001,", "has a knot twice"},
	{"\\\"format\\\":2,", "\\\"format\\\":1,", "not in the form that Colonnade writes"},
	{"38,-0,", "38,-0.0,", "not in the form that Colonnade writes"},
	{",1.4013e-45,", ",-1e-46,", "has a knot twice"},
	{",0.33333334,4]", ",0.33333334,0.25]", "\"scores\" are not in ascending order"},
	{",0.33333334,4]", ",0.33333334,1000001]", "\"scores\" holds something that is not a number within 1e+06"},
	{",0.33333334,4]", ",0.333333343267441,4]", "not in the form that Colonnade writes"},
	{"\\\"transform\\\":\\\"quantile", "\\\"transform\\\":\\\"auto", "\"transform\" has the unknown value \"auto\""},
	{"\\\"transform\\\":\\\"quantile", "\\\"transform\\\":\\\"robust", "center"},
	{"\\\"transform\\\":\\\"robust", "\\\"transform\\\":\\\"quantile", "knots"},
};
#define N_KNOT_FORGERIES ((int)(sizeof knot_forgeries / sizeof *knot_forgeries))

START_TEST(forged_knots_are_refused_by_what_is_wrong)
{
	struct cln_model *model = model_with_knots();
	assert_forgery_refused(encode(model), &knot_forgeries[_i]);
	cln_model_destroy(model);
}
END_TEST

/* 1 and 1001 of both. */
START_TEST(one_knot_and_too_many_are_refused)
{
	struct cln_model *model = model_with_knots();
	struct file file = encode(model), forged;
	struct cln_error error = {0};
	struct text all = {0};
	static const char knots[] = "\\\"knots\\\":[-3.4028234663852886e+38,-0,1.4013e-45,0.1,16777216,3.4028234663852886e+38],"
				    "\\\"scores\\\":[-8.9,-0.1,0,0,0.33333334,4]";
	forged = forge(file, knots, "\\\"knots\\\":[0],\\\"scores\\\":[0]");
	ck_assert_int_eq(decode(forged.bytes, forged.length, &error), CLN_E_DAMAGED);
	assert_has(error.message, "has 1 knots and 1 scores, not as many from 2 to 1000");
	mem_free(forged.bytes);
	for (int part = 0; part < 2; part++) {
		text_addf(&all, part ? "],\\\"scores\\\":[" : "\\\"knots\\\":[");
		for (int k = 0; k <= PIPELINE_MAX_KNOTS; k++)
			text_addf(&all, k ? ",%d" : "%d", k);
	}
	text_addf(&all, "]");
	forged = forge(file, knots, all.bytes);
	ck_assert_int_eq(decode(forged.bytes, forged.length, &error), CLN_E_DAMAGED);
	assert_has(error.message, "has 1001 knots and 1001 scores, not as many from 2 to 1000");
	mem_free(forged.bytes);
	text_free(&all);
	mem_free(file.bytes);
	cln_model_destroy(model);
}
END_TEST

START_TEST(other_content_in_the_right_form_is_read)
{
	struct file file = fixture_file(), forged = forge(file, "\\\"epochs\\\":30", "\\\"epochs\\\":31");
	struct cln_model *model;
	assert_ok(model_decode(&model, forged.bytes, forged.length, "m", &err));
	ck_assert_uint_eq(model->config.epochs, 31);
	cln_model_destroy(model);
	mem_free(forged.bytes);
	mem_free(file.bytes);
}
END_TEST

START_TEST(weight_that_is_not_finite_is_refused)
{
	struct file file = fixture_file();
	const float values[] = {NAN, INFINITY, -INFINITY};
	struct cln_error error = {0};
	for (size_t i = 0; i < 3; i++) {
		memcpy(file.bytes + file.length - sizeof(float), &values[i], sizeof(float));
		model_seal(file.bytes, file.length);
		ck_assert_int_eq(decode(file.bytes, file.length, &error), CLN_E_DAMAGED);
		assert_has(error.message, "layers.2.bias has a value that is not a finite number");
	}
	mem_free(file.bytes);
}
END_TEST

START_TEST(wrong_checksum_is_named)
{
	struct file file = fixture_file();
	struct cln_error error = {0};
	file.bytes[file.length - 4] ^= 1;
	ck_assert_int_eq(decode(file.bytes, file.length, &error), CLN_E_DAMAGED);
	assert_has(error.message, "m: not a Colonnade model: it was damaged: its checksum is ");
	mem_free(file.bytes);
}
END_TEST

/* ---------------------------------------------------------------- claims of size */

static void assert_refused_cheaply(const char *bytes, size_t length, const char *message)
{
	struct cln_error error = {0};
	fail_alloc_arm(LONG_MAX, FAIL_ONCE);
	enum cln_status status = decode(bytes, length, &error);
	fail_alloc_disarm();
	ck_assert_int_eq(status, CLN_E_DAMAGED);
	assert_has(error.message, message);
	ck_assert_uint_le(fail_alloc_bytes(), length + (1 << 20));
}

START_TEST(bytes_allocated_are_counted)
{
	fail_alloc_arm(LONG_MAX, FAIL_ONCE);
	mem_free(mem_alloc(1000, 10, NULL));
	fail_alloc_disarm();
	ck_assert_uint_ge(fail_alloc_bytes(), 10000);
}
END_TEST

START_TEST(header_longer_than_its_file_is_refused_cheaply)
{
	static const uint64_t claims[] = {3000,       100000000,           100000001,      1ull << 31, 1ull << 32,
	                                  1ull << 63, (1ull << 63) + 2000, UINT64_MAX - 7, UINT64_MAX};
	struct file file = fixture_file();
	memcpy(file.bytes, &claims[_i], sizeof claims[_i]);
	model_seal(file.bytes, file.length);
	if (claims[_i] > file.length)
		assert_refused_cheaply(file.bytes, file.length, "was it cut short?");
	else
		assert_refused_cheaply(file.bytes, file.length, "JSON");
	mem_free(file.bytes);
}
END_TEST

START_TEST(header_beyond_the_limit_is_refused_cheaply)
{
	size_t length = 8 + 100000008;
	char *bytes = mem_alloc(length, 1, NULL);
	uint64_t claimed = length - 8;
	memset(bytes, ' ', length);
	memcpy(bytes, &claimed, sizeof claimed);
	memcpy(bytes + 8, "{}", 2);
	assert_refused_cheaply(bytes, length, "more than 100000000");
	mem_free(bytes);
}
END_TEST

/* Architectures that the weights in the file are not enough for, up to products beyond 64 bits; all else is as it should be. */
START_TEST(weights_that_are_not_there_are_refused_cheaply)
{
	struct text huge = {0};
	struct file file = fixture_file(), forged;
	text_addf(&huge, "[13");
	for (size_t l = 1; l < NETWORK_MAX_LAYERS; l++)
		text_addf(&huge, ",%u", NETWORK_MAX_UNITS);
	text_addf(&huge, ",1]");
	const char *const claims[] = {"[13,1048576,1]", "[13,1048576,1048576,1]", huge.bytes};
	for (size_t i = 0; i < 3; i++) {
		forged = forge(file, "[13,3,2,1]", claims[i]);
		assert_refused_cheaply(forged.bytes, forged.length, "do not fit the 212 bytes");
		mem_free(forged.bytes);
	}
	mem_free(file.bytes);
	text_free(&huge);
}
END_TEST

/* Products that are small or right modulo 2^64, and numbers that no size is: a shape is compared, never multiplied. */
START_TEST(shape_whose_product_wraps_is_refused_cheaply)
{
	static const char *const shapes[] = {"[4294967296,4294967296]", "[4611686018427387904,39]", "[18446744073709551619,13]",
	                                     "[-3,-13]", "[1e999,13]"};
	struct file file = fixture_file(), forged;
	struct text to = {0};
	text_addf(&to, "\"shape\":%s", shapes[_i]);
	forged = forge(file, "\"shape\":[3,13]", to.bytes);
	assert_refused_cheaply(forged.bytes, forged.length, _i < 4 ? "layers.0.weight has not the shape" : "JSON");
	mem_free(forged.bytes);
	mem_free(file.bytes);
	text_free(&to);
}
END_TEST

/* ---------------------------------------------------------------- files */

struct folder {
	char path[64], file[128];
};

static struct folder make_folder(void)
{
	struct folder folder = {.path = "/tmp/test_model.XXXXXX"};
	ck_assert_ptr_nonnull(mkdtemp(folder.path));
	snprintf(folder.file, sizeof folder.file, "%s/model.safetensors", folder.path);
	return folder;
}

static void remove_folder(const struct folder *folder)
{
	unlink(folder->file);
	ck_assert_int_eq(rmdir(folder->path), 0); /* so nothing else was left in it */
}

static void write_file(const char *path, const char *bytes, size_t length)
{
	assert_ok(io_replace_file(path, bytes, length, &err));
}

START_TEST(saved_model_loads_by_file_and_by_folder)
{
	struct folder folder = make_folder();
	struct file first = fixture_file(), second;
	struct cln_model *model;
	assert_ok(model_decode(&model, first.bytes, first.length, "m", &err));
	assert_ok(cln_model_save(model, folder.file, &err));
	cln_model_destroy(model);
	assert_ok(cln_model_load(&model, folder.file, &err));
	cln_model_destroy(model);
	assert_ok(cln_model_load(&model, folder.path, &err));
	ck_assert_str_eq(cln_model_label_value(model, 1), ">50K");
	ck_assert_str_eq(cln_model_label_value(model, 0), "<=50K");
	ck_assert_double_eq(cln_model_threshold(model), 0.5);
	assert_ok(cln_model_save(model, folder.file, &err));
	assert_ok(io_read_file(&second.bytes, &second.length, folder.file, 1 << 20, &err));
	ck_assert_uint_eq(first.length, second.length);
	ck_assert_mem_eq(first.bytes, second.bytes, first.length);
	cln_model_destroy(model);
	mem_free(first.bytes);
	mem_free(second.bytes);
	remove_folder(&folder);
}
END_TEST

/* Loads what is in a folder's file, and wants this error. */
static void assert_load_fails(const struct folder *folder, enum cln_status status, const char *message)
{
	struct cln_model *model = (struct cln_model *)-1;
	struct cln_error error = {0};
	ck_assert_int_eq(cln_model_load(&model, folder->path, &error), status);
	ck_assert_ptr_null(model);
	ck_assert_msg(strncmp(error.message, folder->path, strlen(folder->path)) == 0 || status == CLN_E_IO, "%s", error.message);
	assert_has(error.message, message);
}

START_TEST(folder_without_a_model_is_an_io_error)
{
	struct folder folder = make_folder();
	assert_load_fails(&folder, CLN_E_IO, "model.safetensors");
	remove_folder(&folder);
}
END_TEST

START_TEST(other_files_are_no_models)
{
	static const char foreign[] = "\x40\0\0\0\0\0\0\0"
		"{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}            \0\0\0\0";
	static const char pytorch[] = "\x60\0\0\0\0\0\0\0"
		"{\"__metadata__\":{\"format\":\"pt\"},"
		"\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}             \0\0\0\0";
	static const char table[] = "age,weight,label\n1,2,0\n";
	struct folder folder = make_folder();
	write_file(folder.file, foreign, 8 + 0x40 + 4);
	assert_load_fails(&folder, CLN_E_DAMAGED, "not a Colonnade model: its header has no __metadata__ in front: another");
	write_file(folder.file, pytorch, 8 + 0x60 + 4);
	assert_load_fails(&folder, CLN_E_DAMAGED, "not a Colonnade model: its metadata has no \"colonnade\": another program's");
	write_file(folder.file, table, strlen(table));
	assert_load_fails(&folder, CLN_E_DAMAGED, "not a Colonnade model: it does not begin like a safetensors file");
	write_file(folder.file, "", 0);
	assert_load_fails(&folder, CLN_E_DAMAGED, "not a Colonnade model: it has 0 bytes");
	remove_folder(&folder);
}
END_TEST

START_TEST(model_that_cannot_be_saved_leaves_the_old_file)
{
	struct folder folder = make_folder();
	struct cln_model *model;
	struct file kept;
	assert_ok(model_fixture(&model, &err));
	write_file(folder.file, "old", 3);
	spoil_weight(model);
	ck_assert_int_eq(cln_model_save(model, folder.file, NULL), CLN_E_DATA);
	assert_ok(io_read_file(&kept.bytes, &kept.length, folder.file, 100, &err));
	ck_assert_uint_eq(kept.length, 3);
	mem_free(kept.bytes);
	cln_model_destroy(model);
	remove_folder(&folder);
}
END_TEST

START_TEST(destroying_nothing_is_legal)
{
	cln_model_destroy(NULL);
}
END_TEST

/* ---------------------------------------------------------------- description */

START_TEST(text_description_shows_columns_layers_and_training)
{
	struct cln_model *model;
	char *text;
	assert_ok(model_fixture(&model, &err));
	assert_ok(cln_model_describe(model, false, &text, &err));
	assert_has(text, "predicts: income, >50K where the probability of that is at least 0.5, else <=50K\n");
	assert_has(text, "\ncolumns: 8, giving 13 features\n");
	assert_has(text, "standardise: (x - 38.581646) * 0.1; missing: 37\n");
	assert_has(text, "Female, Male (-1 and 1)\n");
	assert_has(text, "2 rare levels share a feature; missing\n");
	assert_has(text, "constant in the training rows, not used\n");
	assert_has(text, "\nlayers: 3, with 53 parameters\n"); /* 3 (13+1) + 2 (3+1) + 1 (2+1) */
	assert_has(text, "      1       13        3  gelu                42\n");
	assert_has(text, "      3        2        1  sigmoid              3\n");
	assert_has(text, "seed                   18446744073709551615");
	assert_has(text, "learning_rate          0.001");
	assert_has(text, "\nvalidation: 6513 rows; log loss 0.31, AUC 0.92, accuracy 0.6667\n");
	cln_free(text);
	cln_model_destroy(model);
}
END_TEST

START_TEST(text_description_shows_knots)
{
	struct cln_model *model = model_with_knots();
	char *text;
	model->pipeline->columns[0].knots[0] = -1.5f;
	model->pipeline->columns[0].knots[5] = 1e9f;
	assert_ok(cln_model_describe(model, false, &text, &err));
	assert_has(text, "quantile: 6 knots from -1.5 to 1e+09; missing: 37\n");
	cln_free(text);
	cln_model_destroy(model);
}
END_TEST

START_TEST(text_description_cannot_steer_a_terminal)
{
	struct cln_model *model;
	char *text;
	assert_ok(model_fixture(&model, &err));
	assert_ok(cln_model_describe(model, false, &text, &err));
	assert_has(text, "  capital \"gain\",??\\ and more ??");
	for (const char *at = text; *at; at++)
		ck_assert_msg((unsigned char)*at >= ' ' || *at == '\n', "byte %d", *at);
	cln_free(text);
	cln_model_destroy(model);
}
END_TEST

START_TEST(long_list_of_levels_is_shortened)
{
	struct cln_model *model;
	char *text, **levels;
	assert_ok(model_fixture(&model, &err));
	struct pipeline_column *column = &model->pipeline->columns[7];
	for (size_t i = 0; i < column->n_levels; i++)
		mem_free(column->levels[i]);
	mem_free(column->levels);
	column->levels = levels = mem_alloc(1000, sizeof *levels, NULL);
	for (column->n_levels = 0; column->n_levels < 1000; column->n_levels++)
		levels[column->n_levels] = mem_copy("level", 5, NULL);
	assert_ok(cln_model_describe(model, false, &text, &err));
	assert_has(text, "level, level, ... (1000 levels)\n");
	cln_free(text);
	cln_model_destroy(model);
}
END_TEST

START_TEST(json_description_is_the_document_with_layers)
{
	struct cln_model *model;
	const struct json *root, *layers, *columns;
	char *text;
	size_t parameters;
	assert_ok(model_fixture(&model, &err));
	assert_ok(cln_model_describe(model, true, &text, &err));
	assert_ok(json_parse(&root, text, strlen(text), &err));
	assert_ok(json_get_array(&layers, root, "layers", &err));
	assert_ok(json_get_array(&columns, root, "columns", &err));
	assert_ok(json_get_size(&parameters, root, "parameters", 0, 1000, &err));
	ck_assert_uint_eq(layers->n, 3);
	ck_assert_uint_eq(columns->n, 8);
	ck_assert_uint_eq(parameters, 53);
	ck_assert_str_eq(json_get(json_get(root, "label"), "positive")->string, ">50K");
	ck_assert_double_eq(json_get(json_get(root, "training"), "learning_rate")->number, 0.001);
	json_free(root);
	cln_free(text);
	cln_model_destroy(model);
}
END_TEST

/* ---------------------------------------------------------------- */

static Suite *make_suite(void)
{
	Suite *suite = suite_create("model");
	TCase *written = tcase_create("model_encode");
	tcase_add_test(written, model_reads_back_with_every_member);
	tcase_add_test(written, network_reads_back_to_the_bit);
	tcase_add_test(written, missing_validation_weight_and_auc_read_back);
	tcase_add_loop_test(written, thresholds_and_their_rules_read_back, 0, CLN_N_THRESHOLD_RULES + 1);
	tcase_add_test(written, two_valued_numbers_read_back);
	tcase_add_test(written, levels_and_their_values_read_back);
	tcase_add_test(written, options_of_levels_are_of_format_3);
	tcase_add_test(written, ranges_of_numbers_are_kept_in_format_4);
	tcase_add_test(written, texts_that_are_gaps_are_kept_in_format_5);
	tcase_add_test(written, knots_and_scores_read_back_to_the_bit_and_are_short);
	tcase_add_test(written, reading_and_writing_again_gives_the_same_bytes);
	tcase_add_test(written, golden_file_is_what_is_written);
	tcase_add_test(written, tensors_start_at_a_multiple_of_64);
	tcase_add_loop_test(written, model_that_could_not_be_read_is_not_written, 0, 6);
	suite_add_tcase(suite, written);

	TCase *read = tcase_create("model_decode");
	tcase_set_timeout(read, 300);
	tcase_add_test(read, every_flipped_bit_is_refused);
	tcase_add_test(read, every_truncation_is_refused);
	tcase_add_test(read, every_missing_byte_is_refused);
	tcase_add_test(read, appended_bytes_are_refused);
	tcase_add_test(read, mutated_file_is_refused_or_with_a_new_checksum_read_as_it_says);
	tcase_add_loop_test(read, forged_content_is_refused_by_what_is_wrong, 0, N_FORGERIES);
	tcase_add_loop_test(read, forged_knots_are_refused_by_what_is_wrong, 0, N_KNOT_FORGERIES);
	tcase_add_loop_test(read, forged_levels_are_refused_by_what_is_wrong, 0, N_LEVEL_FORGERIES);
	tcase_add_test(read, damaged_levels_are_refused);
	tcase_add_loop_test(read, forged_ranges_are_refused_by_what_is_wrong, 0, N_RANGE_FORGERIES);
	tcase_add_loop_test(read, forged_gaps_are_refused_by_what_is_wrong, 0, N_GAP_FORGERIES);
	tcase_add_test(read, one_knot_and_too_many_are_refused);
	tcase_add_test(read, other_content_in_the_right_form_is_read);
	tcase_add_test(read, weight_that_is_not_finite_is_refused);
	tcase_add_test(read, wrong_checksum_is_named);
	suite_add_tcase(suite, read);

	TCase *claims = tcase_create("claims of size");
	tcase_add_test(claims, bytes_allocated_are_counted);
	tcase_add_loop_test(claims, header_longer_than_its_file_is_refused_cheaply, 0, 9);
	tcase_add_test(claims, header_beyond_the_limit_is_refused_cheaply);
	tcase_add_test(claims, weights_that_are_not_there_are_refused_cheaply);
	tcase_add_loop_test(claims, shape_whose_product_wraps_is_refused_cheaply, 0, 5);
	suite_add_tcase(suite, claims);

	TCase *files = tcase_create("cln_model_load");
	tcase_add_test(files, saved_model_loads_by_file_and_by_folder);
	tcase_add_test(files, folder_without_a_model_is_an_io_error);
	tcase_add_test(files, other_files_are_no_models);
	tcase_add_test(files, model_that_cannot_be_saved_leaves_the_old_file);
	tcase_add_test(files, destroying_nothing_is_legal);
	suite_add_tcase(suite, files);

	TCase *described = tcase_create("cln_model_describe");
	tcase_add_test(described, text_description_shows_columns_layers_and_training);
	tcase_add_test(described, text_description_shows_knots);
	tcase_add_test(described, text_description_cannot_steer_a_terminal);
	tcase_add_test(described, long_list_of_levels_is_shortened);
	tcase_add_test(described, json_description_is_the_document_with_layers);
	suite_add_tcase(suite, described);
	return suite;
}

TESTING_MAIN(make_suite)
