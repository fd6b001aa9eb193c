/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "model/checkpoint.h"
#include "same_model.h"
#include "tables.h"

enum { ROWS = 1500, FEW_ROWS = 1000, COLUMNS = 60, FIRST = 3, SECOND = 17, MOST_COLUMNS = 2001 };

/* What the label goes by. */
enum question { BY_TWO, BY_ALL, BY_NONE };

struct shape {
	size_t rows, columns;
	enum question question;
	uint32_t seed;
	float weight; /* of every row, in a column of its own; 0: there is none */
	bool half;    /* every other row has a thousandth of it, and a label that nothing tells */
};

static const struct shape usual = {ROWS, COLUMNS, BY_TWO, 1, 0, false};

static double answer(const float *x, const struct shape *shape, struct rng *rng)
{
	double sum = 0;

	if (shape->question == BY_NONE)
		return (double)rng_below(rng, 2) - 0.5;
	if (shape->question == BY_TWO)
		return (double)(x[FIRST] - x[SECOND]);
	for (size_t c = 0; c < shape->columns; c++)
		sum += c % 2 ? (double)x[c] : -(double)x[c];
	return sum;
}

/* Even columns x0, x1, ..., a label, and a weight; one label in ten is the other one. */
static struct cln_table *make_table(const struct shape *shape)
{
	const size_t n = shape->rows, C = shape->columns;
	struct cln_table *table = tables_create(n, C + 1 + (shape->weight > 0));
	float *x = mem_alloc(C, sizeof *x, NULL), *columns = mem_alloc(n * (C + 1), sizeof *columns, NULL);
	const char **labels = mem_alloc(n, sizeof *labels, NULL);
	char name[32];
	struct rng rng;

	ck_assert(x && columns && labels);
	rng_start(&rng, shape->seed, RNG_TEST, 0, 0);
	for (size_t i = 0; i < n; i++) {
		for (size_t c = 0; c < C; c++)
			columns[c * n + i] = x[c] = (float)rng_below(&rng, 1000);
		const bool other = rng_below(&rng, 10) == 0;
		const bool idle = shape->half && i % 2;
		labels[i] = (idle ? rng_below(&rng, 2) : answer(x, shape, &rng) > 0) != other ? "yes" : "no";
		columns[C * n + i] = idle ? shape->weight / 1000 : shape->weight;
	}
	for (size_t c = 0; c < C; c++) {
		snprintf(name, sizeof name, "x%zu", c);
		tables_numbers(table, c, name, columns + c * n);
	}
	tables_texts(table, C, "label", labels);
	if (shape->weight > 0)
		tables_numbers(table, C + 1, "weight", columns + C * n);
	mem_free(labels);
	mem_free(columns);
	mem_free(x);
	return table;
}

static struct cln_config small_config(void)
{
	struct cln_config config;

	assert_ok(cln_config_recipe(&config, "default", &err));
	ck_assert(config.feature_selection);
	config.label = "label";
	config.embedding = CLN_EMBEDDING_NONE; /* so that it is soon done */
	config.n_hidden = 1;
	config.hidden[0] = 16;
	config.epochs = 24;
	config.batch_size = 100;
	config.threads = 1;
	return config;
}

/* ---------------------------------------------------------------- what an observer hears, and when it wishes to stop */

struct hearing {
	char found[256], kept[256];
	size_t left_out, kept_all, asked, stops_at, checkpoints;
	size_t uses[CLN_COLUMN_IGNORED + 1]; /* of columns, before the start */
	struct cln_fit_start start;
	bool started, gives_up;
	const char *path; /* of a checkpoint */
};

static void hear_note(void *context, const char *sentence)
{
	struct hearing *hearing = context;

	if (strstr(sentence, " columns are left out (--feature-selection=false keeps all)")) {
		hearing->left_out++;
		snprintf(hearing->found, sizeof hearing->found, "%s", sentence);
	} else if (strstr(sentence, "no column is left out: ")) {
		hearing->kept_all++;
		snprintf(hearing->found, sizeof hearing->found, "%s", sentence);
	} else if (strstr(sentence, "learnt from: ")) {
		snprintf(hearing->kept, sizeof hearing->kept, "%s", sentence);
	}
}

static enum cln_ask hear_ask(void *context)
{
	struct hearing *hearing = context;

	return ++hearing->asked == hearing->stops_at ? CLN_SAVE_AND_STOP : CLN_GO_ON;
}

static bool hear_start(void *context, const struct cln_fit_start *start)
{
	struct hearing *hearing = context;

	hearing->start = *start;
	hearing->started = true;
	return hearing->gives_up;
}

static void hear_column(void *context, const struct cln_column_summary *column)
{
	struct hearing *hearing = context;

	ck_assert(!hearing->started);
	hearing->uses[column->use]++;
}

static void hear_checkpoint(void *context, const struct cln_checkpoint *checkpoint)
{
	struct hearing *hearing = context;

	hearing->checkpoints++;
	if (hearing->path)
		assert_ok(cln_checkpoint_save(checkpoint, NULL, hearing->path, &err));
}

static struct cln_observer observe(struct hearing *hearing)
{
	return (struct cln_observer){.context = hearing, .note = hear_note, .ask = hear_ask, .start = hear_start,
				     .column = hear_column, .checkpoint = hear_checkpoint};
}

static struct cln_model *fit(const struct cln_table *table, const struct cln_config *config, struct hearing *hearing)
{
	const struct cln_observer observer = observe(hearing);
	struct cln_model *model;

	*hearing = (struct hearing){0};
	assert_ok(cln_model_fit(&model, table, NULL, NULL, NULL, config, &observer, NULL, &err));
	return model;
}

static struct cln_model *fit_shape(const struct shape *shape, const struct cln_config *config, struct hearing *hearing)
{
	struct cln_table *table = make_table(shape);
	struct cln_model *model = fit(table, config, hearing);

	cln_table_destroy(table);
	return model;
}

/* The fit up to its start: there is no training. */
static void select_columns(struct hearing *hearing, const struct cln_table *table, const struct cln_table *valid_and_test,
			   const struct cln_config *config)
{
	const struct cln_observer observer = observe(hearing);
	struct cln_model *model;
	struct cln_error why;

	*hearing = (struct hearing){.gives_up = true};
	ck_assert_int_eq(cln_model_fit(&model, table, valid_and_test, valid_and_test, NULL, config, &observer, NULL, &why),
			 CLN_STOPPED);
	ck_assert(hearing->started);
}

static bool knows(const struct cln_model *model, const char *name)
{
	for (size_t c = 0; c < model->pipeline->n_columns; c++)
		if (strcmp(model->pipeline->columns[c].name, name) == 0)
			return true;
	return false;
}

/* What is told of the columns is what became of them. */
static void assert_uses(const struct hearing *hearing, const struct cln_model *model)
{
	const size_t n = model->pipeline->n_columns;

	ck_assert_uint_eq(hearing->uses[CLN_COLUMN_FEATURE], n);
	ck_assert_uint_eq(hearing->uses[CLN_COLUMN_IGNORED], COLUMNS - n);
	ck_assert_uint_eq(hearing->uses[CLN_COLUMN_LABEL], 1);
}

/* ---------------------------------------------------------------- what is left out */

/* Of 60 columns the networks learn from a few, which are those that say something, and perhaps one or two by chance. */
START_TEST(columns_that_say_nothing_are_left_out)
{
	const struct cln_config config = small_config();
	struct hearing hearing;
	struct cln_model *model = fit_shape(&usual, &config, &hearing);

	ck_assert_uint_eq(hearing.left_out, 1);
	ck_assert_uint_eq(hearing.kept_all, 0);
	ck_assert_msg(strstr(hearing.found, " of 60 columns are left out ") != NULL, "%s", hearing.found);
	ck_assert_msg(strstr(hearing.found, " on 1200 rows ") != NULL, "%s", hearing.found);
	ck_assert_uint_le(model->pipeline->n_columns, COLUMNS / 4);
	ck_assert(knows(model, "x3") && knows(model, "x17"));
	ck_assert_msg(strstr(hearing.kept, "\"x3\"") && strstr(hearing.kept, "\"x17\""), "%s", hearing.kept);
	ck_assert_uint_eq(hearing.start.numeric_columns, model->pipeline->n_columns);
	ck_assert_uint_eq(hearing.start.table_columns, COLUMNS + 1);
	ck_assert_uint_eq(hearing.checkpoints, 0);
	assert_uses(&hearing, model);
	cln_model_destroy(model);
}
END_TEST

/* Left out means ignored: the model is that of a table without these columns. */
START_TEST(the_model_is_that_of_the_other_columns_alone)
{
	struct cln_config config = small_config();
	struct cln_table *table = make_table(&usual);
	struct hearing hearing;
	struct cln_model *chosen = fit(table, &config, &hearing), *alone;

	for (size_t c = 0; c < COLUMNS; c++)
		table->columns[c].ignored = !knows(chosen, table->columns[c].name);
	config.feature_selection = false;
	alone = fit(table, &config, &hearing);
	assert_same_model(chosen, alone);
	cln_model_destroy(alone);
	cln_model_destroy(chosen);
	cln_table_destroy(table);
}
END_TEST

/* The log losses that a note tells: with all columns, and with others. */
static double first_told(const char *found)
{
	const char *text = strstr(found, " learn from is ");

	ck_assert_ptr_nonnull(text);
	return atof(text + strlen(" learn from is "));
}

static double second_told(const char *found)
{
	const char *text = strstr(found, " and ");

	ck_assert_ptr_nonnull(text);
	return atof(text + strlen(" and "));
}

START_TEST(where_every_column_says_something_all_are_kept)
{
	const struct cln_config config = small_config();
	const struct shape shape = {ROWS, COLUMNS, BY_ALL, 1, 0, false};
	struct hearing hearing;
	struct cln_model *model = fit_shape(&shape, &config, &hearing);

	ck_assert_uint_eq(hearing.left_out, 0);
	ck_assert_uint_eq(hearing.kept_all, 1);
	ck_assert_msg(strstr(hearing.found, " with all 60 columns and ") != NULL, "%s", hearing.found);
	ck_assert_uint_eq(model->pipeline->n_columns, COLUMNS);
	cln_model_destroy(model);
}
END_TEST

/* Fewer columns that say nothing do less harm: what small networks gain without them is within what chance may do. */
START_TEST(a_gain_within_three_errors_is_none)
{
	struct cln_config config = small_config();
	const struct shape shape = {ROWS, 32, BY_TWO, 1, 0, false};
	struct cln_table *table = make_table(&shape);
	struct hearing hearing;

	config.epochs = 20;
	config.embedding = CLN_EMBEDDING_PERIODIC;
	select_columns(&hearing, table, NULL, &config);
	ck_assert_uint_eq(hearing.left_out, 0);
	ck_assert_uint_eq(hearing.kept_all, 1);
	ck_assert_double_lt(second_told(hearing.found), first_told(hearing.found));
	cln_table_destroy(table);
}
END_TEST

/* A fold has no say in the columns by which it is judged: else columns that seem to say something on just its rows would be found
 * in any table.  Where nothing can be foretold, no log loss is below ln 2 = 0.693 but by chance; the least of each table's sets, in
 * the mean of four tables, was 0.698, and 0.686 where folds had a say. */
START_TEST(little_is_foretold_where_nothing_can_be)
{
	struct cln_config config = small_config();
	double sum = 0;

	config.epochs = 8;
	config.hidden[0] = 8;
	for (uint32_t seed = 1; seed <= 4; seed++) {
		const struct shape shape = {FEW_ROWS, 160, BY_NONE, seed, 0, false};
		struct cln_table *table = make_table(&shape);
		struct hearing hearing;

		select_columns(&hearing, table, NULL, &config);
		sum += fmin(first_told(hearing.found), second_told(hearing.found));
		cln_table_destroy(table);
	}
	ck_assert_double_gt(sum / 4, 0.692);
}
END_TEST

/* ---------------------------------------------------------------- where it is tried */

START_TEST(where_it_is_not_allowed_nothing_is_tried)
{
	struct cln_config config = small_config();
	struct shape shape = usual;
	struct cln_table *table;
	struct hearing hearing;

	switch (_i) {
	case 0: config.effort = CLN_QUICK; break;
	case 1: config.epochs = 0; break;
	case 2: config.valid_fraction = 0; break;
	case 3: config.ensemble = 4; break;
	case 4: config.feature_selection = false; break;
	case 5: config.epochs = 100000; break; /* which leaves no time for a second network: folds are rows to validate on */
	case 6: shape.rows = FEW_ROWS - 1; break;
	case 7: shape.columns = 19; break;
	default: shape = (struct shape){FEW_ROWS, MOST_COLUMNS, BY_TWO, 1, 0, false}; break;
	}
	table = make_table(&shape);
	select_columns(&hearing, table, NULL, &config);
	ck_assert_uint_eq(hearing.left_out + hearing.kept_all, 0);
	ck_assert_uint_eq(hearing.start.numeric_columns, shape.columns);
	ck_assert_uint_eq(hearing.asked, 0);
	cln_table_destroy(table);
}
END_TEST

START_TEST(with_so_many_rows_and_columns_it_is_tried)
{
	struct cln_config config = small_config();
	const struct shape shape = {FEW_ROWS, 20, BY_ALL, 1, 0, false};
	struct cln_table *table = make_table(&shape);
	struct hearing hearing;

	config.epochs = 1;
	select_columns(&hearing, table, NULL, &config);
	ck_assert_uint_eq(hearing.kept_all, 1);
	cln_table_destroy(table);
}
END_TEST

/* Who will give up at the start has nothing trained before it. */
START_TEST(who_only_looks_waits_for_nothing)
{
	const struct cln_config config = small_config();
	struct cln_table *table = make_table(&usual);
	struct hearing hearing = {.gives_up = true};
	struct cln_observer observer = observe(&hearing);
	struct cln_model *model;
	struct cln_error why;

	observer.dry = true;
	ck_assert_int_eq(cln_model_fit(&model, table, NULL, NULL, NULL, &config, &observer, NULL, &why), CLN_STOPPED);
	ck_assert(hearing.started);
	ck_assert_uint_eq(hearing.asked + hearing.left_out + hearing.kept_all, 0);
	cln_table_destroy(table);
}
END_TEST

/* Of 49 rows of a class nothing can be told, of 50 it is tried. */
START_TEST(a_class_has_fifty_rows)
{
	struct cln_config config = small_config();
	struct cln_table *table = make_table(&usual);
	struct column *label = &table->columns[COLUMNS];
	struct hearing hearing;

	for (size_t i = 0; i < ROWS; i++)
		label->codes[i] = (int)i < 49 + _i;
	config.epochs = 1;
	select_columns(&hearing, table, NULL, &config);
	ck_assert_uint_eq(hearing.left_out + hearing.kept_all, _i);
	cln_table_destroy(table);
}
END_TEST

/* Test rows have no part in it: four fifths of the others are judged.  Of many rows 12,500 are enough, of 4/5 of which each network
 * learns, and of which four leave 10,000 out. */
START_TEST(the_rows_that_judge_are_counted)
{
	static const struct {
		size_t rows;
		double test_fraction;
		const char *said;
	} cases[] = {{ROWS, 0, " on 1200 rows "}, {ROWS, 0.2, " on 960 rows "}, {16000, 0.2, " on 10000 rows "}};
	struct shape shape = {cases[_i].rows, 20, BY_TWO, 1, 0, false};
	struct cln_config config = small_config();
	struct cln_table *table = make_table(&shape);
	struct hearing hearing;

	config.test_fraction = cases[_i].test_fraction;
	config.epochs = 1;
	select_columns(&hearing, table, NULL, &config);
	ck_assert_msg(strstr(hearing.found, cases[_i].said) != NULL, "%s", hearing.found);
	cln_table_destroy(table);
}
END_TEST

/* Folds of the training rows decide, whatever there is to validate on and to test. */
START_TEST(tables_given_for_validation_and_test_have_no_say)
{
	const struct cln_config config = small_config();
	const struct shape other = {300, COLUMNS, BY_NONE, 2, 0, false};
	struct cln_table *train = make_table(&usual), *table = make_table(&other);
	struct hearing alone, beside;

	select_columns(&alone, train, NULL, &config);
	select_columns(&beside, train, table, &config);
	ck_assert_uint_eq(alone.left_out, 1);
	ck_assert_str_eq(beside.found, alone.found);
	ck_assert_str_eq(beside.kept, alone.kept);
	ck_assert_uint_eq(beside.start.valid_rows, 300);
	ck_assert_uint_eq(beside.start.test_rows, 300);
	ck_assert_uint_eq(beside.start.n_features, alone.start.n_features);
	cln_table_destroy(table);
	cln_table_destroy(train);
}
END_TEST

/* ---------------------------------------------------------------- the same for all */

/* Two lanes and four. */
START_TEST(threads_change_nothing)
{
	struct cln_config config = small_config();
	struct cln_table *table = make_table(&usual);
	struct hearing one, many;

	select_columns(&one, table, NULL, &config);
	config.threads = 2 * _i;
	select_columns(&many, table, NULL, &config);
	ck_assert_str_eq(many.found, one.found);
	ck_assert_str_eq(many.kept, one.kept);
	cln_table_destroy(table);
}
END_TEST

/* Rows that all have the weight 3 are rows. */
START_TEST(equal_weights_are_none)
{
	struct cln_config config = small_config();
	struct shape weighed = usual;
	weighed.weight = 3;
	struct cln_table *table = make_table(&usual), *with_weights = make_table(&weighed);
	struct hearing without, with;

	select_columns(&without, table, NULL, &config);
	config.weight = "weight";
	select_columns(&with, with_weights, NULL, &config);
	ck_assert_str_eq(with.found, without.found);
	ck_assert_str_eq(with.kept, without.kept);
	cln_table_destroy(with_weights);
	cln_table_destroy(table);
}
END_TEST

/* Half of the rows tell nothing and weigh next to nothing: what is told is the log loss of the others, which without weights would
 * be near the mean of theirs and ln 2. */
START_TEST(rows_judge_by_their_weights)
{
	struct cln_config config = small_config();
	struct shape shape = usual;
	shape.weight = 3;
	shape.half = true;
	struct cln_table *table = make_table(&shape);
	struct hearing hearing;

	config.weight = "weight";
	select_columns(&hearing, table, NULL, &config);
	ck_assert_double_lt(second_told(hearing.found), 0.5);
	cln_table_destroy(table);
}
END_TEST

/* Networks that are to find the positive rows, at whatever price, are judged by that price. */
START_TEST(class_weights_judge_too)
{
	struct cln_config config = small_config();
	struct cln_table *table = make_table(&usual);
	struct hearing hearing;

	config.class_weight = CLN_CLASS_WEIGHT_GIVEN;
	config.class_weights[0] = 1;
	config.class_weights[1] = 20;
	config.embedding = CLN_EMBEDDING_PERIODIC;
	select_columns(&hearing, table, NULL, &config);
	ck_assert_uint_eq(hearing.left_out, 1);
	ck_assert_msg(strstr(hearing.kept, "\"x3\"") && strstr(hearing.kept, "\"x17\""), "%s", hearing.kept);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- stops */

/* Asked after every step; a stop ends the fit before its start. */
START_TEST(a_stop_is_heard_within_the_selection)
{
	static const size_t stops_at[] = {1, 20, 1300}; /* four networks of 24 epochs of 12 steps are 1152 */
	struct cln_table *table = make_table(&usual);
	struct cln_config config = small_config();
	struct hearing hearing = {.stops_at = stops_at[_i / 2]};
	const struct cln_observer observer = observe(&hearing);
	struct cln_model *model;
	struct cln_error why;

	config.threads = 1 + _i % 2;
	ck_assert_int_eq(cln_model_fit(&model, table, NULL, NULL, NULL, &config, &observer, NULL, &why), CLN_STOPPED);
	ck_assert_ptr_null(model);
	ck_assert_uint_eq(hearing.asked, stops_at[_i / 2]);
	ck_assert(!hearing.started && hearing.checkpoints == 0);
	cln_table_destroy(table);
}
END_TEST

/* Stopped in its training, a fit goes on with the columns that it began with, and ends with the same bits; nothing is tried. */
START_TEST(a_fit_that_goes_on_has_the_columns_that_it_had)
{
	char path[] = "/tmp/test_feature_selection_XXXXXX";
	struct cln_config config = small_config();
	struct cln_table *table = make_table(&usual);
	struct hearing hearing;
	struct cln_model *whole = fit(table, &config, &hearing), *model;
	const size_t before_the_last = hearing.asked - 10;
	const struct cln_observer observer = observe(&hearing);
	struct cln_checkpoint *checkpoint;
	struct cln_error why;

	close(mkstemp(path));
	hearing = (struct hearing){.stops_at = before_the_last, .path = path};
	ck_assert_int_eq(cln_model_fit(&model, table, NULL, NULL, NULL, &config, &observer, NULL, &why), CLN_STOPPED);
	ck_assert_uint_eq(hearing.checkpoints, 1);
	assert_ok(cln_checkpoint_load(&checkpoint, path, &err));
	unlink(path);
	hearing = (struct hearing){0};
	assert_ok(cln_model_resume(&model, checkpoint, table, NULL, NULL, NULL, &config, &observer, NULL, &err));
	ck_assert_uint_eq(hearing.asked, 10);
	ck_assert_uint_eq(hearing.left_out, 0);
	assert_uses(&hearing, model);
	assert_same_model(whole, model);
	cln_model_destroy(model);
	cln_model_destroy(whole);
	cln_checkpoint_destroy(checkpoint);
	cln_table_destroy(table);
}
END_TEST

/* With another table allowed, a column that was left out may be gone, and a new one is left out, too; none that was learnt from
 * may be missing. */
START_TEST(a_column_left_out_may_be_gone)
{
	char path[] = "/tmp/test_feature_selection_XXXXXX";
	const struct cln_config config = small_config();
	struct cln_table *table = make_table(&usual);
	struct hearing hearing;
	struct cln_model *model = fit(table, &config, &hearing);
	const size_t last = hearing.asked;
	const struct cln_observer observer = observe(&hearing);
	struct cln_checkpoint *checkpoint;
	struct cln_error why;
	size_t gone = 0;

	while (knows(model, table->columns[gone].name))
		gone++;
	cln_model_destroy(model);
	close(mkstemp(path));
	hearing = (struct hearing){.stops_at = last, .path = path};
	ck_assert_int_eq(cln_model_fit(&model, table, NULL, NULL, NULL, &config, &observer, NULL, &why), CLN_STOPPED);
	cln_model_destroy(model);
	assert_ok(cln_checkpoint_load(&checkpoint, path, &err));
	unlink(path);
	assert_ok(cln_checkpoint_allow(checkpoint, "data", &err));
	strcpy(table->columns[gone].name, "y0");
	assert_ok(cln_model_resume(&model, checkpoint, table, NULL, NULL, NULL, &config, NULL, NULL, &err));
	ck_assert(!knows(model, "y0"));
	cln_model_destroy(model);
	strcpy(table->columns[FIRST].name, "y3");
	ck_assert_int_eq(cln_model_resume(&model, checkpoint, table, NULL, NULL, NULL, &config, NULL, NULL, &why), CLN_E_USAGE);
	ck_assert_msg(strstr(why.message, ": features was ") != NULL, "%s", why.message);
	cln_checkpoint_destroy(checkpoint);
	cln_table_destroy(table);
}
END_TEST

/* Small networks diverge at such a rate: the failure that is told is that of the training. */
START_TEST(a_divergence_is_left_to_the_training)
{
	struct cln_table *table = make_table(&usual);
	struct cln_config config = small_config();
	struct hearing hearing = {0};
	const struct cln_observer observer = observe(&hearing);
	struct cln_model *model;
	struct cln_error why;

	config.learning_rate = 1e6;
	ck_assert_int_eq(cln_model_fit(&model, table, NULL, NULL, NULL, &config, &observer, NULL, &why), CLN_E_DIVERGED);
	ck_assert_msg(strncmp(why.message, "member 1 of 16: ", 16) == 0, "%s", why.message);
	ck_assert(hearing.started);
	ck_assert_uint_eq(hearing.left_out + hearing.kept_all, 0);
	cln_table_destroy(table);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("feature_selection");
	TCase *what = tcase_create("what"), *where = tcase_create("where"), *same = tcase_create("same"),
	      *stops = tcase_create("stops");

	tcase_set_timeout(what, 60);
	tcase_set_timeout(where, 60);
	tcase_set_timeout(same, 60);
	tcase_set_timeout(stops, 60);
	tcase_add_test(what, columns_that_say_nothing_are_left_out);
	tcase_add_test(what, the_model_is_that_of_the_other_columns_alone);
	tcase_add_test(what, where_every_column_says_something_all_are_kept);
	tcase_add_test(what, a_gain_within_three_errors_is_none);
	tcase_add_test(what, little_is_foretold_where_nothing_can_be);
	tcase_add_loop_test(where, where_it_is_not_allowed_nothing_is_tried, 0, 9);
	tcase_add_test(where, with_so_many_rows_and_columns_it_is_tried);
	tcase_add_test(where, who_only_looks_waits_for_nothing);
	tcase_add_loop_test(where, a_class_has_fifty_rows, 0, 2);
	tcase_add_loop_test(where, the_rows_that_judge_are_counted, 0, 3);
	tcase_add_test(where, tables_given_for_validation_and_test_have_no_say);
	tcase_add_loop_test(same, threads_change_nothing, 1, 3);
	tcase_add_test(same, equal_weights_are_none);
	tcase_add_test(same, rows_judge_by_their_weights);
	tcase_add_test(same, class_weights_judge_too);
	tcase_add_loop_test(stops, a_stop_is_heard_within_the_selection, 0, 6);
	tcase_add_test(stops, a_fit_that_goes_on_has_the_columns_that_it_had);
	tcase_add_test(stops, a_column_left_out_may_be_gone);
	tcase_add_test(stops, a_divergence_is_left_to_the_training);
	suite_add_tcase(suite, what);
	suite_add_tcase(suite, where);
	suite_add_tcase(suite, same);
	suite_add_tcase(suite, stops);
	return suite;
}

TESTING_MAIN(suite)
