/* SPDX-License-Identifier: MIT
 * The space file: what its lines mean, what trials draw from them, and what is refused, with the place. */
#include "testing.h"

#include "cli/search_space.h"

#include <stdio.h>

#define DRAWS 4000

static struct search_space space;

static void read_space(const char *text)
{
	assert_ok(search_space_parse(&space, text, strlen(text), "s.conf", &err));
}

static void end_space(void)
{
	search_space_free(&space);
}

/* The value of an option in a trial of the space, where nothing else is given. */
static void value_of(char value[OPTION_VALUE], const char *name, size_t trial)
{
	const struct command *command = options_find_command("search");
	struct options options;

	options_defaults(&options, command);
	search_space_apply(&options, &space, trial);
	options_value(value, &options, options_find(command, name));
}

static void assert_refused(const char *text, const char *expected)
{
	struct cln_error err = {0};

	ck_assert_msg(search_space_parse(&space, text, strlen(text), "s.conf", &err) == CLN_E_USAGE, "accepted: %s", text);
	ck_assert_msg(strstr(err.message, expected) != NULL, "\"%s\" lacks \"%s\"", err.message, expected);
	ck_assert_msg(!strchr(err.message, '\n'), "more than one line: %s", err.message);
	ck_assert_ptr_null(space.options);
	ck_assert_ptr_null(space.text);
}

/* ---------------------------------------------------------------- what lines mean */

static void assert_text(const char *line, const char *expected)
{
	struct text text = {0};

	read_space(line);
	ck_assert_uint_eq(space.n, 1);
	search_space_text(&text, &space.options[0]);
	ck_assert_str_eq(text.bytes, expected);
	text_free(&text);
	end_space();
}

START_TEST(lines_are_read)
{
	assert_text("lr = log 1e-4 .. 1e-1", "log 0.0001 .. 0.1");
	assert_text("  dropout=0..0.5\r\n", "0 .. 0.5");
	assert_text("\n# lr = 1\n\n\tdropout = 0 | log .1 .. .5 | 0.25\n", "0 | log 0.1 .. 0.5 | 0.25");
	assert_text("hidden = 128,64 | none |512", "128,64 | none | 512");
	assert_text("batch-size = all | log 64 .. 1024", "all | log 64 .. 1024");
	assert_text("activation = \"relu\" | gelu", "relu | gelu");
	assert_text("class-weight = none | balanced | 1,3", "none | balanced | 1,3");
	assert_text("input-scaling = true | false", "true | false");
	assert_text("epochs = 30", "30");
	assert_text("\xEF\xBB\xBFlr = 0.1 .. 1", "0.1 .. 1"); /* a byte order mark */
}
END_TEST

START_TEST(every_part_of_a_choice_is_drawn_and_nothing_else)
{
	size_t n[3] = {0};

	read_space("hidden = 8 | 16,8 | none");
	for (size_t t = 1; t <= DRAWS; t++) {
		char value[OPTION_VALUE];
		value_of(value, "hidden", t);
		const int k = strcmp(value, "8") == 0 ? 0 : strcmp(value, "16,8") == 0 ? 1 : strcmp(value, "none") == 0 ? 2 : 3;
		ck_assert_int_lt(k, 3);
		n[k]++;
	}
	/* Hoeffding: off by e with probability 2 exp(-2 n e^2) at most: 1e-9 for sqrt(ln(2e9) / 2n) = 0.0518. */
	for (size_t k = 0; k < 3; k++)
		ck_assert_double_le(fabs((double)n[k] / DRAWS - 1.0 / 3), 0.0518);
	end_space();
}
END_TEST

START_TEST(a_range_may_be_a_part_of_a_choice)
{
	size_t zeros = 0;

	read_space("dropout = 0 | 0.2 .. 0.4");
	for (size_t t = 1; t <= DRAWS; t++) {
		char value[OPTION_VALUE];
		double x;
		value_of(value, "dropout", t);
		ck_assert(number_to_double(&x, value, strlen(value)));
		ck_assert(x == 0 || (x >= 0.2 && x <= 0.4));
		zeros += x == 0;
	}
	ck_assert_double_le(fabs((double)zeros / DRAWS - 0.5), 0.0518);
	end_space();
}
END_TEST

START_TEST(whole_options_get_whole_numbers)
{
	read_space("batch-size = log 64 .. 1024\npatience = 3 .. 5");
	for (size_t t = 1; t <= 200; t++) {
		char value[OPTION_VALUE];
		value_of(value, "batch-size", t);
		ck_assert_msg(strspn(value, "0123456789") == strlen(value), "%s", value);
		ck_assert(atoi(value) >= 64 && atoi(value) <= 1024);
		value_of(value, "patience", t);
		ck_assert(atoi(value) >= 3 && atoi(value) <= 5);
	}
	end_space();
}
END_TEST

START_TEST(further_options_change_no_draw)
{
	char alone[OPTION_VALUE], beside[OPTION_VALUE];

	read_space("lr = log 1e-4 .. 1e-1");
	value_of(alone, "lr", 5);
	end_space();
	read_space("hidden = 8 | 16\ndropout = 0 .. 0.5\nlr = log 1e-4 .. 1e-1");
	value_of(beside, "lr", 5);
	end_space();
	ck_assert_str_eq(alone, beside);
}
END_TEST

START_TEST(a_plain_value_is_fixed_and_not_drawn)
{
	char value[OPTION_VALUE];

	read_space("epochs = 7\nlr = 0.1 .. 0.2");
	for (size_t t = 1; t <= 3; t++) {
		value_of(value, "epochs", t);
		ck_assert_str_eq(value, "7");
	}
	ck_assert(!search_space_is_drawn(&space.options[0]));
	ck_assert(search_space_is_drawn(&space.options[1]));
	space.options[1].given = true;
	ck_assert(!search_space_is_drawn(&space.options[1]));
	value_of(value, "lr", 1);
	ck_assert_str_eq(value, "auto"); /* the recipe's */
	end_space();
}
END_TEST

/* ---------------------------------------------------------------- what is refused */

START_TEST(mistakes_are_told_with_their_place)
{
	assert_refused("lr = log 1e-4 .. 1e-1\n\n  lrr = 1", "s.conf:3:3: there is no option \"lrr\"; did you mean lr?");
	assert_refused("frobnicate = 1", "s.conf:1:1: there is no option \"frobnicate\"; \"colonnade search --help\" lists them");
	assert_refused("lr", "s.conf:1:1: \"lr\" is no line of the form option = value");
	assert_refused("= 1", "s.conf:1:1: \"= 1\" is no line");
	assert_refused("lr =", "s.conf:1:5: lr: a value is missing");
	assert_refused("lr = 0.1 | | 0.2", "s.conf:1:12: lr: a value is missing");
	assert_refused("lr = 0.1 |", "s.conf:1:11: lr: a value is missing");
	assert_refused("dropout = 0 .. 1", "s.conf:1:16: dropout: \"1\" is not a number from 0 to 1 (excluded)");
	assert_refused("dropout = 0 | x", "s.conf:1:15: dropout: \"x\" is not a number");
	assert_refused("dropout = 0 ..", "s.conf:1:15: an end of the range is missing");
	assert_refused("dropout = .. 0.5", "s.conf:1:11: an end of the range is missing");
	assert_refused("dropout = 0 .. 0.2 .. 0.4", "s.conf:1:16: dropout: \"0.2 .. 0.4\" is not a number");
	assert_refused("dropout = log 0 .. 0.5", "s.conf:1:15: dropout: behind log the lower end must be above 0");
	assert_refused("dropout = log 0.1", "s.conf:1:11: log stands before a range");
	assert_refused("dropout = 0.5 .. 0.1", "s.conf:1:11: dropout: the first end of a range must be below the second one");
	assert_refused("dropout = 0.1 .. 0.1", "must be below");
	assert_refused("batch-size = 1.5 .. 8", "s.conf:1:14: batch-size: \"1.5\" is not a whole number");
	assert_refused("batch-size = 8 .. all", "s.conf:1:19: batch-size: \"all\" is not");
	assert_refused("activation = relu .. gelu", "s.conf:1:14: activation is no number, so it has no range");
	assert_refused("activation = relu | rellu", "s.conf:1:21: activation: \"rellu\" is not one of");
	assert_refused("hidden = 8 .. 16", "s.conf:1:10: hidden is no number");
	assert_refused("dropout = 0\nlr = 1 .. 2\ndropout = 0 .. 0.5", "s.conf:3:1: dropout stands in line 1, too");
	assert_refused("lr = nan .. 1", "\"nan\" is not");
	assert_refused("lr = 0.1 .. 1e400", "\"1e400\" is not");
}
END_TEST

START_TEST(a_byte_of_zero_is_no_text)
{
	struct cln_error err = {0};

	ck_assert_int_eq(search_space_parse(&space, "lr = 1\0", 7, "s.conf", &err), CLN_E_USAGE);
	ck_assert_str_eq(err.message, "s.conf: not a text file: a zero byte is in it");
}
END_TEST

START_TEST(a_choice_has_its_limit)
{
	char line[8192] = "lr = 1";

	for (size_t i = 0; i < 1000; i++)
		strcat(line, "|1");
	assert_refused(line, "s.conf:1:5: lr: a choice has at most 1000 parts");
}
END_TEST

static const char *const unsearchable[] = {
    "label", "positive", "valid-fraction", "test-fraction", "weight", "ignore", "categorical", "numeric", "missing",
    "separator", "no-header", "recipe", "seed", "metric", "ensemble", "calibrate", "threshold", "folds", "valid", "test",
    "space", "trials", "strategy", "eta", "refit", "out", "force", "checkpoint-every", "time-limit", "requeue-exit",
    "threads", "progress", "json", "config"};
enum { N_UNSEARCHABLE = sizeof unsearchable / sizeof *unsearchable };

START_TEST(what_shapes_no_trial_is_refused_by_name)
{
	for (size_t i = 0; i < N_UNSEARCHABLE; i++) {
		char line[64], expected[96];
		snprintf(line, sizeof line, "\n %s = 1 | 2", unsearchable[i]);
		snprintf(expected, sizeof expected, "s.conf:2:2: %s cannot be searched: ", unsearchable[i]);
		assert_refused(line, expected);
	}
}
END_TEST

static bool is_unsearchable(const char *name)
{
	for (size_t i = 0; i < N_UNSEARCHABLE; i++)
		if (strcmp(unsearchable[i], name) == 0)
			return true;
	return false;
}

START_TEST(what_shapes_the_model_can_be_searched)
{
	const struct command *search = options_find_command("search");
	struct options defaults;

	options_defaults(&defaults, search);
	for (size_t i = 0; options_spec(i); i++) {
		const struct option_spec *spec = options_spec(i);
		char line[OPTION_VALUE + 64], value[OPTION_VALUE];
		if (!(spec->commands & search->bit) || is_unsearchable(spec->name))
			continue;
		options_value(value, &defaults, spec);
		snprintf(line, sizeof line, "%s = %s", spec->name, value);
		read_space(line);
		ck_assert(!spec->passing);
		end_space();
	}
}
END_TEST

START_TEST(spaces_that_are_built_in_are_spaces)
{
	static const char *const recipes[] = {"default", "plain", "textbook"};

	for (size_t i = 0; i < 3; i++) {
		struct options options;
		options_defaults(&options, options_find_command("search"));
		assert_ok(cln_config_recipe(&options.config, recipes[i], &err));
		assert_ok(search_space_read(&space, &options, &err));
		ck_assert(space.built_in);
		struct options first = options, second = options;
		search_space_apply(&first, &space, 1);
		search_space_apply(&second, &space, 2);
		ck_assert_msg(first.config.learning_rate == options.config.learning_rate, "trial 1 is not the recipe's");
		ck_assert(second.config.learning_rate != options.config.learning_rate);
		end_space();
	}
}
END_TEST

START_TEST(what_is_given_is_not_searched)
{
	struct options options;
	struct cln_error refusal = {0};
	char *all[] = {"data.csv", "--lr=0.01", "--hidden=8", "--dropout=0", "--weight-decay=0", "--batch-size=8"};

	assert_ok(options_parse(&options, options_find_command("search"), 3, all, &err));
	assert_ok(search_space_read(&space, &options, &err));
	for (size_t i = 0; i < space.n; i++)
		ck_assert_int_eq(space.options[i].given, i < 2); /* lr, hidden */
	search_space_apply(&options, &space, 2);
	ck_assert(options.config.learning_rate == 0.01 && options.config.dropout != CLN_BY_ROWS);
	end_space();
	options_free(&options);
	assert_ok(options_parse(&options, options_find_command("search"), 6, all, &err));
	ck_assert_int_eq(search_space_read(&space, &options, &refusal), CLN_E_USAGE);
	ck_assert_msg(strstr(refusal.message, "there is nothing to search") != NULL, "%s", refusal.message);
	options_free(&options);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("search_space");
	TCase *lines = tcase_create("lines"), *refused = tcase_create("refused"), *in_force = tcase_create("in_force");

	tcase_add_test(lines, lines_are_read);
	tcase_add_test(lines, every_part_of_a_choice_is_drawn_and_nothing_else);
	tcase_add_test(lines, a_range_may_be_a_part_of_a_choice);
	tcase_add_test(lines, whole_options_get_whole_numbers);
	tcase_add_test(lines, further_options_change_no_draw);
	tcase_add_test(lines, a_plain_value_is_fixed_and_not_drawn);
	tcase_add_test(refused, mistakes_are_told_with_their_place);
	tcase_add_test(refused, a_byte_of_zero_is_no_text);
	tcase_add_test(refused, a_choice_has_its_limit);
	tcase_add_test(refused, what_shapes_no_trial_is_refused_by_name);
	tcase_add_test(refused, what_shapes_the_model_can_be_searched);
	tcase_add_test(in_force, spaces_that_are_built_in_are_spaces);
	tcase_add_test(in_force, what_is_given_is_not_searched);
	suite_add_tcase(suite, lines);
	suite_add_tcase(suite, refused);
	suite_add_tcase(suite, in_force);
	return suite;
}

TESTING_MAIN(make_suite)
