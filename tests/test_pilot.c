/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "model/checkpoint.h"
#include "model/model.h"
#include "tables.h"

enum { ROWS = 1500 };

/* An even column, and one of whose numbers eight in ten are 0 and the others 1 to 40.  The label: whether the second is odd, or
 * whether the first is large, each with one row in ten the other way. */
static struct cln_table *tailed_table(size_t n, bool by_tails)
{
	struct cln_table *table = tables_create(n, 3);
	float *numbers = mem_alloc(n, 2 * sizeof *numbers, NULL);
	const char **texts = mem_alloc(n, sizeof *texts, NULL);
	struct rng rng;

	ck_assert(numbers && texts);
	rng_start(&rng, 1, RNG_TEST, 0, 0);
	for (size_t i = 0; i < n; i++) {
		const uint64_t tail = rng_below(&rng, 10) < 8 ? 0 : 1 + rng_below(&rng, 40);
		const bool other = rng_below(&rng, 10) == 0;

		numbers[i] = (float)rng_below(&rng, 1000);
		numbers[n + i] = (float)tail;
		texts[i] = (by_tails ? tail % 2 == 1 : numbers[i] >= 500) != other ? "yes" : "no";
	}
	tables_numbers(table, 0, "even", numbers);
	tables_numbers(table, 1, "tailed", numbers + n);
	tables_texts(table, 2, "label", texts);
	mem_free(texts);
	mem_free(numbers);
	return table;
}

static struct cln_config small_config(void)
{
	struct cln_config config;

	assert_ok(cln_config_recipe(&config, "default", &err));
	config.n_hidden = 1;
	config.hidden[0] = 16;
	config.epochs = 24;
	config.batch_size = 64;
	config.threads = 1;
	return config;
}

/* What an observer of the pilot hears, and when it wishes to stop. */
struct hearing {
	char note[256];
	size_t notes, asked, stops_at, checkpoints;
	bool trained;
};

static void hear_note(void *context, const char *sentence)
{
	struct hearing *hearing = context;

	if (!strstr(sentence, "small networks"))
		return;
	hearing->notes++;
	snprintf(hearing->note, sizeof hearing->note, "%s", sentence);
}

static enum cln_ask hear_ask(void *context)
{
	struct hearing *hearing = context;

	return ++hearing->asked == hearing->stops_at ? CLN_SAVE_AND_STOP : CLN_GO_ON;
}

static bool hear_start(void *context, const struct cln_fit_start *start)
{
	struct hearing *hearing = context;

	(void)start;
	hearing->trained = true;
	return false;
}

static void hear_checkpoint(void *context, const struct cln_checkpoint *checkpoint)
{
	struct hearing *hearing = context;

	(void)checkpoint;
	hearing->checkpoints++;
}

static struct cln_observer observe(struct hearing *hearing)
{
	return (struct cln_observer){.context = hearing, .note = hear_note, .ask = hear_ask, .start = hear_start,
				     .checkpoint = hear_checkpoint};
}

/* The numbers with bins of a model fitted to a table of its own. */
static size_t bins_of(size_t n, bool by_tails, const struct cln_config *config, struct hearing *hearing)
{
	struct cln_table *table = tailed_table(n, by_tails);
	const struct cln_observer observer = observe(hearing);
	struct cln_model *model;

	*hearing = (struct hearing){0};
	assert_ok(cln_model_fit(&model, table, NULL, NULL, NULL, config, &observer, NULL, &err));
	const size_t n_binned = model->network->front.n_binned;
	ck_assert(n_binned == 0 || model->network->front.binned[0] == 1);
	ck_assert_int_eq(model->config.embedding, n_binned ? CLN_EMBEDDING_AUTO : CLN_EMBEDDING_PERIODIC);
	cln_model_destroy(model);
	cln_table_destroy(table);
	return n_binned;
}

/* ---------------------------------------------------------------- what it decides */

/* Four of five folds are left out by four networks. */
START_TEST(bins_are_for_tables_that_are_better_with_them)
{
	const struct cln_config config = small_config();
	struct hearing hearing;

	ck_assert_uint_eq(bins_of(ROWS, _i, &config, &hearing), _i);
	ck_assert_uint_eq(hearing.notes, 1);
	ck_assert_msg(strstr(hearing.note, _i ? " get bins: " : " get no bins: ") != NULL, "%s", hearing.note);
	ck_assert_msg(strstr(hearing.note, " on 1200 rows left out ") != NULL, "%s", hearing.note);
	ck_assert_uint_eq(hearing.checkpoints, 0);
}
END_TEST

/* On too few rows, or without time, nothing is left to a pilot; nor where the config decides, or leaves no rows out, or has chosen
 * how many networks there are. */
START_TEST(where_nothing_is_tried_there_are_none)
{
	struct cln_config config = small_config();
	struct hearing hearing;

	switch (_i) {
	case 0: config.effort = CLN_QUICK; break;
	case 1: config.epochs = 0; break;
	case 2: config.valid_fraction = 0; break;
	case 3: config.embedding = CLN_EMBEDDING_PERIODIC; break;
	case 4: config.scale = CLN_SCALE_STANDARDISE; break;
	case 5: config.ensemble = 4; break;
	default: break;
	}
	ck_assert_uint_eq(bins_of(_i == 6 ? 999 : 1000, true, &config, &hearing), 0);
	ck_assert_uint_eq(hearing.notes, 0);
}
END_TEST

START_TEST(from_1000_rows_on_bins_are_tried)
{
	const struct cln_config config = small_config();
	struct hearing hearing;

	ck_assert_uint_eq(bins_of(1000, true, &config, &hearing), 1);
	ck_assert_uint_eq(hearing.notes, 1);
}
END_TEST

/* The rows that decide are the validation table's. */
START_TEST(a_table_given_for_validation_decides)
{
	const struct cln_config config = small_config();
	struct cln_table *train = tailed_table(ROWS, true), *valid = tailed_table(700, true);
	struct hearing hearing = {0};
	const struct cln_observer observer = observe(&hearing);
	struct cln_model *model;

	assert_ok(cln_model_fit(&model, train, valid, NULL, NULL, &config, &observer, NULL, &err));
	ck_assert_uint_eq(model->network->front.n_binned, 1);
	ck_assert_msg(strstr(hearing.note, " on 700 rows left out ") != NULL, "%s", hearing.note);
	cln_model_destroy(model);
	cln_table_destroy(valid);
	cln_table_destroy(train);
}
END_TEST

/* Networks of both kinds diverge at such a rate: the failure that is told is that of the training, and nothing else is said. */
START_TEST(a_divergence_is_left_to_the_training)
{
	struct cln_table *table = tailed_table(ROWS, true);
	struct cln_config config = small_config();
	struct hearing hearing = {0};
	const struct cln_observer observer = observe(&hearing);
	struct cln_model *model;
	struct cln_error why;

	config.learning_rate = 1e6;
	ck_assert_int_eq(cln_model_fit(&model, table, NULL, NULL, NULL, &config, &observer, NULL, &why), CLN_E_DIVERGED);
	ck_assert_msg(strncmp(why.message, "member 1 of 16: ", 16) == 0, "%s", why.message);
	ck_assert(hearing.trained);
	ck_assert_uint_eq(hearing.notes, 0);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- stops */

/* Asked after every step of the pilot; a stop in either half of it ends the fit before its start. */
START_TEST(a_stop_is_heard_within_a_pilot)
{
	static const size_t stops_at[] = {1, 20, 2000}; /* four networks of 24 epochs of 19 steps are 1824 */
	struct cln_table *table = tailed_table(ROWS, true);
	const struct cln_config config = small_config();
	struct hearing hearing = {.stops_at = stops_at[_i]};
	const struct cln_observer observer = observe(&hearing);
	struct cln_model *model;
	struct cln_error why;

	ck_assert_int_eq(cln_model_fit(&model, table, NULL, NULL, NULL, &config, &observer, NULL, &why), CLN_STOPPED);
	ck_assert_ptr_null(model);
	ck_assert_uint_eq(hearing.asked, stops_at[_i]);
	ck_assert(!hearing.trained && hearing.checkpoints == 0);
	cln_table_destroy(table);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("pilot");
	TCase *decides = tcase_create("decides"), *stops = tcase_create("stops");

	tcase_add_loop_test(decides, bins_are_for_tables_that_are_better_with_them, 0, 2);
	tcase_add_loop_test(decides, where_nothing_is_tried_there_are_none, 0, 7);
	tcase_add_test(decides, from_1000_rows_on_bins_are_tried);
	tcase_add_test(decides, a_table_given_for_validation_decides);
	tcase_add_test(decides, a_divergence_is_left_to_the_training);
	tcase_add_loop_test(stops, a_stop_is_heard_within_a_pilot, 0, 3);
	suite_add_tcase(suite, decides);
	suite_add_tcase(suite, stops);
	return suite;
}

TESTING_MAIN(suite)
