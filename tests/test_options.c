/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include "api/config.h"
#include "cli/options.h"

#include <stdio.h>
#include <unistd.h>

#define MAX_ARGUMENTS 16

/* Parses "train data.csv --lr 0.1" given as words with single spaces between. */
static enum cln_status parse(struct options *options, struct cln_error *err, const char *line)
{
	static char words[1024]; /* values point into it */
	char *argv[MAX_ARGUMENTS], *rest = words;
	int argc = 0;

	snprintf(words, sizeof words, "%s", line);
	for (char *word; (word = strsep(&rest, " ")) && argc < MAX_ARGUMENTS;)
		argv[argc++] = word;
	return options_parse(options, options_find_command(argv[0]), argc - 1, argv + 1, err);
}

static void parse_ok(struct options *options, const char *line)
{
	struct cln_error err = {0};

	ck_assert_msg(parse(options, &err, line) == CLN_OK, "%s: %s", line, err.message);
}

static void assert_refused(const char *line, const char *part)
{
	struct options options;
	struct cln_error err = {0};

	ck_assert_msg(parse(&options, &err, line) == CLN_E_USAGE, "%s was accepted", line);
	ck_assert_msg(strstr(err.message, part) != NULL, "%s: \"%s\" lacks \"%s\"", line, err.message, part);
	ck_assert_msg(!strchr(err.message, '\n'), "%s: more than one line", line);
	options_free(&options);
}

/* A config file in the temporary directory; its name is good until the next call. */
static const char *config_file(const char *text)
{
	static char path[] = "/tmp/colonnade-options-XXXXXX";

	strcpy(path + strlen(path) - 6, "XXXXXX");
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(close(fd), 0);
	return path;
}

/* Parses with --config of a file with this text in front of `flags`, and takes the file away. */
static enum cln_status parse_config(struct options *options, struct cln_error *err, const char *text, const char *flags)
{
	const char *path = config_file(text);
	char line[512];

	snprintf(line, sizeof line, "train data.csv --config %s%s", path, flags);
	enum cln_status status = parse(options, err, line);
	unlink(path);
	return status;
}

/* ---------------------------------------------------------------- the table */

START_TEST(no_command_knows_two_options_of_one_name)
{
	for (size_t i = 0; options_spec(i); i++)
		for (size_t k = 0; k < i; k++)
			ck_assert_msg(strcmp(options_spec(i)->name, options_spec(k)->name) != 0 ||
					  !(options_spec(i)->commands & options_spec(k)->commands),
				      "--%s is twice in the table", options_spec(i)->name);
}
END_TEST

START_TEST(commands_have_bits_in_the_order_of_the_table)
{
	size_t i = 0;

	for (; options_command(i); i++)
		ck_assert_uint_eq(options_command(i)->bit, 1u << i);
	ck_assert_uint_eq((1u << i) - 1, FOR_ALL);
}
END_TEST

START_TEST(a_config_file_may_begin_with_a_byte_order_mark)
{
	struct options options;
	struct cln_error err;
	ck_assert_msg(parse_config(&options, &err, "\xEF\xBB\xBFlr = 0.25\n", "") == CLN_OK, "%s", err.message);
	ck_assert_double_eq(options.config.learning_rate, 0.25);
	options_free(&options);
}
END_TEST

/* What options_value writes, options_parse must read as the same value: help, run.json and config files rely on it. */
START_TEST(every_default_can_be_given_in_a_config_file)
{
	const struct option_spec *spec = options_spec((size_t)_i);
	struct options defaults, options;
	struct cln_error err = {0};
	char value[OPTION_VALUE], again[OPTION_VALUE], text[OPTION_VALUE + 64];
	const bool is_change = strcmp(spec->name, "allow-change") == 0; /* of names, and for a run that goes on */
	const char *other = is_change ? "lr" : "3";

	if (!(spec->commands & FOR_TRAIN) || strcmp(spec->name, "config") == 0)
		return;
	options_defaults(&defaults, options_find_command("train"));
	options_value(value, &defaults, spec);
	snprintf(text, sizeof text, "%s = %s\n", spec->name, *value ? value : other);
	ck_assert_msg(parse_config(&options, &err, text, is_change ? " --resume" : "") == CLN_OK, "%s: %s", text, err.message);
	options_value(again, &options, spec);
	ck_assert_str_eq(again, *value ? value : other);
	ck_assert(options_given(&options, spec->name));
	options_free(&options);
}
END_TEST

START_TEST(every_range_has_words)
{
	char range[OPTION_VALUE] = "", argument[OPTION_VALUE] = "";
	const struct option_spec *spec = options_spec((size_t)_i);

	options_range(range, spec);
	options_argument(argument, spec);
	ck_assert_msg(*range, "--%s has no range", spec->name);
	ck_assert_msg((spec->type == OPTION_SWITCH) == !*argument, "--%s: argument \"%s\"", spec->name, argument);
}
END_TEST

START_TEST(an_option_may_mean_another_thing_to_another_command)
{
	struct options bench, gradcheck;

	parse_ok(&bench, "bench");
	parse_ok(&gradcheck, "gradcheck");
	ck_assert_uint_eq(bench.rows, 100000);
	ck_assert_uint_eq(gradcheck.rows, 20);
	ck_assert_ptr_eq(options_find(options_find_command("predict"), "dropout"), NULL);
}
END_TEST

/* ---------------------------------------------------------------- recipes */

START_TEST(plain_has_the_documented_values)
{
	struct options options;

	parse_ok(&options, "train data.csv --recipe plain");
	const struct cln_config *config = &options.config;
	ck_assert_str_eq(config->recipe, "plain");
	ck_assert_uint_eq(config->n_hidden, 2);
	ck_assert_uint_eq(config->hidden[0], 128);
	ck_assert_uint_eq(config->hidden[1], 64);
	ck_assert_int_eq(config->activation, CLN_RELU);
	ck_assert_int_eq(config->scale, CLN_SCALE_STANDARDISE);
	ck_assert_int_eq(config->optimizer, CLN_ADAMW);
	ck_assert_double_eq(config->learning_rate, 0.001);
	ck_assert_int_eq(config->schedule, CLN_CONSTANT);
	ck_assert_uint_eq(config->batch_size, 256);
	ck_assert_uint_eq(config->epochs, 30);
	ck_assert_double_eq(config->weight_decay, 0);
	ck_assert_double_eq(config->dropout, 0);
	ck_assert_uint_eq(config->patience, 10);
	ck_assert_int_eq(config->metric, CLN_LOG_LOSS);
	ck_assert_double_eq(config->valid_fraction, 0.2);
}
END_TEST

START_TEST(default_has_the_documented_values)
{
	struct options options;

	parse_ok(&options, "train data.csv");
	const struct cln_config *config = &options.config;
	ck_assert_str_eq(config->recipe, "default");
	ck_assert_int_eq(config->scale, CLN_SCALE_AUTO);
	ck_assert_int_eq(config->effort, CLN_USUAL);
	ck_assert_uint_eq(config->n_hidden, CLN_AUTO);
	ck_assert_int_eq(config->embedding, CLN_EMBEDDING_AUTO);
	ck_assert(config->input_scaling);
	ck_assert_int_eq(config->schedule, CLN_FLAT_COSINE);
	ck_assert_int_eq(config->parametrisation, CLN_NTK);
	ck_assert_int_eq(config->regularisation, CLN_REGULARISATION_FLAT_COSINE);
	ck_assert_double_eq(config->learning_rate, CLN_BY_ROWS);
	ck_assert_double_eq(config->beta2, 0.999);
	ck_assert_double_eq(config->scaling_rate, CLN_BY_ROWS);
	ck_assert_double_eq(config->dropout, CLN_BY_ROWS);
	ck_assert_double_eq(config->frequency_spread, 1);
	ck_assert_uint_eq(config->epochs, CLN_AUTO);
	ck_assert_uint_eq(config->ensemble, CLN_AUTO);
	parse_ok(&options, "train data.csv --epochs 5 --ensemble auto");
	ck_assert_uint_eq(options.config.epochs, 5);
	ck_assert_uint_eq(options.config.ensemble, CLN_AUTO);
}
END_TEST

/* The rule of doc/recipe.md: members and epochs of the effort as long as the rows that are visited in all allow them; then fewer
 * epochs, down to 16, then fewer members, then still fewer epochs. */
START_TEST(members_and_epochs_follow_from_the_rows)
{
	static const struct {
		enum cln_effort effort;
		size_t rows, members, epochs;
	} cases[] = {
	    {CLN_QUICK, 10, 2, 48},        {CLN_QUICK, 29305, 2, 40},    {CLN_QUICK, 50000, 2, 24},   {CLN_QUICK, 150000, 1, 16},
	    {CLN_QUICK, 500000, 1, 16},    {CLN_QUICK, 1000000, 1, 8},   {CLN_QUICK, 10000000, 1, 2}, {CLN_USUAL, 10, 16, 80},
	    {CLN_USUAL, 14062, 8, 80},     {CLN_USUAL, 14063, 8, 79},    {CLN_USUAL, 70000, 8, 16},   {CLN_USUAL, 250000, 2, 16},
	    {CLN_USUAL, 10000000, 1, 16},  {CLN_USUAL, 20000000, 1, 8},  {CLN_USUAL, 4294967295, 1, 2},
	    {CLN_BEST, 1000, 32, 128},     {CLN_BEST, 1000000, 16, 16},  {CLN_USUAL, 0, 16, 80},
	    {CLN_USUAL, 2999, 16, 80},     {CLN_USUAL, 3000, 8, 80},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cln_config config;
		assert_ok(cln_config_recipe(&config, "default", &err));
		config.effort = cases[i].effort;
		ck_assert(config_choose(&config, cases[i].rows));
		ck_assert_msg(config.ensemble == cases[i].members && config.epochs == cases[i].epochs, "%zu rows: %zu x %zu",
		              cases[i].rows, config.ensemble, config.epochs);
		ck_assert_uint_eq(config.n_hidden, 3);
		for (size_t l = 0; l < 3; l++)
			ck_assert_uint_eq(config.hidden[l], cases[i].effort == CLN_QUICK ? 128 : 256);
		ck_assert(!config_choose(&config, 1)); /* nothing is left to choose */
	}
}
END_TEST

START_TEST(rates_go_by_the_rows)
{
	static const struct {
		size_t rows;
		double rates[5];
	} cases[] = {{0, {0.04, 0.1, 0.3, 3, 0.3}},       {10, {0.04, 0.1, 0.3, 3, 0.3}},   {4999, {0.04, 0.1, 0.3, 3, 0.3}},
	             {5000, {0.04, 0.1, 0.3, 1, 0.3}},    {9999, {0.04, 0.1, 0.3, 1, 0.3}}, {10000, {0.01, 0.4, 1.2, 1, 0.1}},
	             {1000000, {0.01, 0.4, 1.2, 1, 0.1}}, {SIZE_MAX, {0.01, 0.4, 1.2, 1, 0.1}}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cln_config config;
		assert_ok(cln_config_recipe(&config, "default", &err));
		double *rates[] = {&config.learning_rate, &config.bias_rate, &config.embedding_rate, &config.scaling_rate,
		                   &config.dropout};
		config_choose(&config, cases[i].rows);
		for (size_t k = 0; k < 5; k++) {
			ck_assert_double_eq(*rates[k], cases[i].rates[k]);
			*rates[k] = 0.7;
		}
		config_choose(&config, cases[i].rows);
		for (size_t k = 0; k < 5; k++)
			ck_assert_double_eq(*rates[k], 0.7);
	}
}
END_TEST

START_TEST(a_rate_that_is_given_has_its_factors)
{
	struct cln_config config;

	assert_ok(cln_config_recipe(&config, "default", &err));
	config.learning_rate = 0.04;
	config_choose(&config, 10000);
	ck_assert_double_eq(config.learning_rate, 0.04);
	ck_assert_double_eq(config.bias_rate, 0.1);
	ck_assert_double_eq(config.embedding_rate, 0.3);
	ck_assert_double_eq(config.dropout, 0.1);
}
END_TEST

START_TEST(rates_may_be_left_to_the_rows)
{
	static const char *const names[] = {"lr", "bias-rate", "embedding-rate", "scaling-rate", "dropout"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char words[64], value[OPTION_VALUE];
		struct options options;
		snprintf(words, sizeof words, "train a.csv --recipe plain --%s auto", names[i]);
		parse_ok(&options, words);
		options_value(value, &options, options_find(options.command, names[i]));
		ck_assert_str_eq(value, "auto");
		assert_ok(config_check(&options.config, &err));
		snprintf(words, sizeof words, "train a.csv --%s -1", names[i]);
		assert_refused(words, "is not a number from 0");
	}
}
END_TEST

START_TEST(what_is_given_is_not_chosen)
{
	struct cln_config config;

	assert_ok(cln_config_recipe(&config, "default", &err));
	config.epochs = 1000;
	ck_assert(config_choose(&config, 4500));
	ck_assert_uint_eq(config.epochs, 1000);
	ck_assert_uint_eq(config.ensemble, 2); /* 9e6 visits */
	assert_ok(cln_config_recipe(&config, "default", &err));
	config.ensemble = 3;
	ck_assert(config_choose(&config, 250000));
	ck_assert_uint_eq(config.ensemble, 3);
	ck_assert_uint_eq(config.epochs, 16);
	config.epochs = CLN_AUTO;
	config.ensemble = 1;
	ck_assert(config_choose(&config, 250000));
	ck_assert_uint_eq(config.epochs, 36);
	config.epochs = CLN_AUTO;
	ck_assert(config_choose(&config, 10000000)); /* what one network may visit in any case */
	ck_assert_uint_eq(config.epochs, 16);
	config.epochs = CLN_AUTO;
	config.ensemble = 8;
	ck_assert(config_choose(&config, 10000000));
	ck_assert_uint_eq(config.epochs, 2);
	config.ensemble = CLN_AUTO;
	ck_assert(config_choose(&config, 10000000));
	ck_assert_uint_eq(config.ensemble, 1);
	config.epochs = 0; /* the first network */
	config.ensemble = CLN_AUTO;
	ck_assert(config_choose(&config, 1000000));
	ck_assert_uint_eq(config.ensemble, 8);
	config.effort = CLN_QUICK;
	config.n_hidden = 1;
	config.hidden[0] = 7;
	ck_assert(!config_choose(&config, 10));
	ck_assert(config.n_hidden == 1 && config.hidden[0] == 7);
}
END_TEST

START_TEST(textbook_has_the_documented_values)
{
	struct options options;

	parse_ok(&options, "train data.csv --recipe textbook");
	const struct cln_config *config = &options.config;
	ck_assert_uint_eq(config->n_hidden, 2);
	ck_assert_uint_eq(config->hidden[0], 3);
	ck_assert_uint_eq(config->hidden[1], 3);
	ck_assert_int_eq(config->activation, CLN_SIGMOID);
	ck_assert_int_eq(config->init, CLN_INIT_NORMAL);
	ck_assert_int_eq(config->scale, CLN_SCALE_NONE);
	ck_assert_uint_eq(config->batch_size, 0);
	ck_assert_double_eq(config->valid_fraction, 0);
	ck_assert_int_eq(config->optimizer, CLN_SGD);
	ck_assert_double_eq(config->learning_rate, 0.1);
	ck_assert_uint_eq(config->epochs, 1000);
	ck_assert_uint_eq(config->patience, 0);
}
END_TEST

START_TEST(every_recipe_passes_the_check)
{
	struct cln_config config;

	for (size_t i = 0; config_recipe_name(i); i++) {
		assert_ok(cln_config_recipe(&config, config_recipe_name(i), &err));
		assert_ok(config_check(&config, &err));
	}
}
END_TEST

START_TEST(the_check_refuses_what_no_option_could_give)
{
	struct cln_config config;
	struct cln_error refusal;

	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.dropout = NAN;
	ck_assert_int_eq(config_check(&config, &refusal), CLN_E_USAGE);
	ck_assert_ptr_ne(strstr(refusal.message, "dropout"), NULL);
	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.hidden[1] = 0;
	ck_assert_int_eq(config_check(&config, &refusal), CLN_E_USAGE);
	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.activation = (enum cln_activation)99;
	ck_assert_int_eq(config_check(&config, &refusal), CLN_E_USAGE);
	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.valid_fraction = config.test_fraction = 0.5;
	ck_assert_int_eq(config_check(&config, &refusal), CLN_E_USAGE);
}
END_TEST

START_TEST(a_flag_overrides_the_recipe_wherever_it_stands)
{
	struct options before, after;

	parse_ok(&before, "train --lr 0.5 data.csv --recipe textbook");
	parse_ok(&after, "train --recipe textbook --lr 0.5 data.csv");
	ck_assert_double_eq(before.config.learning_rate, 0.5);
	ck_assert_double_eq(after.config.learning_rate, 0.5);
	ck_assert_uint_eq(before.config.epochs, 1000);
}
END_TEST

/* ---------------------------------------------------------------- forms */

START_TEST(both_forms_of_an_option_mean_the_same)
{
	struct options joined, apart;

	parse_ok(&joined, "train --hidden=7,5 --out=a=b data.csv");
	ck_assert_str_eq(joined.out, "a=b");
	ck_assert_uint_eq(joined.config.hidden[1], 5);
	parse_ok(&apart, "train --hidden 7,5 data.csv");
	ck_assert_uint_eq(apart.config.n_hidden, 2);
	ck_assert_uint_eq(apart.config.hidden[0], 7);
	ck_assert_str_eq(apart.operands[0], "data.csv");
}
END_TEST

START_TEST(the_last_of_two_wins)
{
	struct options options;

	parse_ok(&options, "train data.csv --epochs 3 --epochs 4 --class-weight 1,2 --class-weight none");
	ck_assert_uint_eq(options.config.epochs, 4);
	ck_assert_int_eq(options.config.class_weight, CLN_CLASS_WEIGHT_NONE);
}
END_TEST

START_TEST(a_dash_is_an_operand_and_two_dashes_end_the_options)
{
	struct options options;

	parse_ok(&options, "predict - -- --keep");
	ck_assert_str_eq(options.operands[0], "-");
	ck_assert_str_eq(options.operands[1], "--keep");
	ck_assert_ptr_eq(options.keep, NULL);
}
END_TEST

START_TEST(words_for_zero_and_lists_are_read)
{
	struct options options;

	parse_ok(&options, "train d --batch-size all --hidden none --threads auto --class-weight 1,2.5 --separator tab");
	ck_assert_uint_eq(options.config.batch_size, 0);
	ck_assert_uint_eq(options.config.n_hidden, 0);
	ck_assert_int_eq(options.config.threads, 0);
	ck_assert_int_eq(options.config.class_weight, CLN_CLASS_WEIGHT_GIVEN);
	ck_assert_double_eq(options.config.class_weights[1], 2.5);
	ck_assert_int_eq(options.read.separator, '\t');
	parse_ok(&options, "train d --hidden 3,4 --hidden auto");
	ck_assert_uint_eq(options.config.n_hidden, CLN_AUTO);
}
END_TEST

START_TEST(thresholds_are_read_and_told_alike)
{
	static const struct {
		const char *text;
		enum cln_threshold_rule rule;
		double threshold, false_positive, false_negative, precision, beta;
	} cases[] = {
		{"0.25", CLN_THRESHOLD_GIVEN, 0.25, 1, 1, 0, 1},      {"0", CLN_THRESHOLD_GIVEN, 0, 1, 1, 0, 1},
		{"f1", CLN_THRESHOLD_F1, 0.5, 1, 1, 0, 1},            {"cost:1:5", CLN_THRESHOLD_COST, 0.5, 1, 5, 0, 1},
		{"cost:0.5:1e3", CLN_THRESHOLD_COST, 0.5, 0.5, 1000, 0, 1},
		{"recall@0.9", CLN_THRESHOLD_RECALL, 0.5, 1, 1, 0.9, 1},
		{"f2", CLN_THRESHOLD_F1, 0.5, 1, 1, 0, 2},            {"f0.5", CLN_THRESHOLD_F1, 0.5, 1, 1, 0, 0.5},
		{"accuracy", CLN_THRESHOLD_COST, 0.5, 1, 1, 0, 1},    {"mcc", CLN_THRESHOLD_MCC, 0.5, 1, 1, 0, 1},
		{"balanced_accuracy", CLN_THRESHOLD_BALANCED_ACCURACY, 0.5, 1, 1, 0, 1},
	};
	struct options options, again;
	char line[64], text[OPTION_VALUE], text_again[OPTION_VALUE];

	snprintf(line, sizeof line, "train d --threshold %s", cases[_i].text);
	parse_ok(&options, line);
	const struct option_spec *spec = options_find(options.command, "threshold");
	ck_assert_int_eq(options.config.threshold_rule, cases[_i].rule);
	ck_assert_double_eq(options.config.threshold, cases[_i].threshold);
	ck_assert_double_eq(options.config.false_positive_cost, cases[_i].false_positive);
	ck_assert_double_eq(options.config.false_negative_cost, cases[_i].false_negative);
	ck_assert_double_eq(options.config.least_precision, cases[_i].precision);
	ck_assert_double_eq(options.config.threshold_beta, cases[_i].beta);
	options_value(text, &options, spec);
	snprintf(line, sizeof line, "train d --threshold %.40s", text);
	parse_ok(&again, line);
	options_value(text_again, &again, spec);
	ck_assert_str_eq(text, text_again);
	ck_assert_mem_eq(&again.config, &options.config, sizeof again.config);
}
END_TEST

START_TEST(a_seed_has_all_64_bits)
{
	struct options options;

	parse_ok(&options, "train d --seed 18446744073709551615");
	ck_assert(options.config.seed == UINT64_MAX);
	assert_refused("train d --seed 18446744073709551616", "--seed");
}
END_TEST

START_TEST(a_switch_can_be_taken_back)
{
	struct options options;

	parse_ok(&options, "train d --force --json --force=false");
	ck_assert(!options.force);
	ck_assert(options.json);
	parse_ok(&options, "train d --force=yes --json=on --report=no");
	ck_assert(options.force && options.json && !options.report);
	parse_ok(&options, "train d --force=1 --json=0 --report=off");
	ck_assert(options.force && !options.json && !options.report);
}
END_TEST

START_TEST(equal_lists_of_gaps_have_one_text)
{
	static const char *const lists[] = {"unknown,-999", "-999,unknown", "unknown,,-999.0,unknown"};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		struct options options;
		char line[128];
		snprintf(line, sizeof line, "train data.csv --missing %s", lists[i]);
		assert_ok(parse(&options, &err, line));
		ck_assert_str_eq(options.read.missing, "-999,unknown");
		options_free(&options);
	}
	assert_refused("train data.csv --missing \xFF", "--missing: not valid UTF-8");
}
END_TEST

START_TEST(only_what_was_given_counts_as_given)
{
	struct options options;

	parse_ok(&options, "gradcheck --activation relu");
	ck_assert(options_given(&options, "activation"));
	ck_assert(!options_given(&options, "hidden"));
}
END_TEST

/* ---------------------------------------------------------------- misuse */

static const struct {
	const char *line, *part;
} misuse[] = {
    {"train", "DATA is missing"},
    {"train a b", "one argument too many"},
    {"predict m", "DATA is missing"},
    {"train a -v", "two dashes"},
    {"train a --lable x", "did you mean --label?"},
    {"train a --xyzzy 1", "--help"},
    {"train a --finetune", "no such option"},
    {"predict m d --dropout 1", "predict has no such option"},
    {"train a --lr", "--lr needs a value: a number from 0 (excluded) to 1000000, or auto"},
    {"train a --lr=", "--lr needs a value"},
    {"train a --lr 0", "from 0 (excluded)"},
    {"train a --lr nan", "\"nan\""},
    {"train a --lr 0x1p3", "\"0x1p3\""},
    {"train a --lr 1,5", "\"1,5\""},
    {"train a --dropout 1", "from 0 to 1 (excluded)"},
    {"train a --valid-fraction -0.1", "--valid-fraction: \"-0.1\""},
    {"train a --epochs 1.5", "a whole number from 0 to 1000000"},
    {"train a --batch-size 0", "from 1 to 1000000000, or all"},
    {"train a --threads 1025", "from 1 to 1024"},
    {"train a --hidden 3,", "--hidden"},
    {"train a --hidden 3,none", "--hidden"},
    {"train a --hidden 65537", "1 to 65536"},
    {"train a --hidden auto,3", "or none, or auto"},
    {"gradcheck --hidden auto", "or none"},
    {"train a --activation rellu", "did you mean relu?"},
    {"train a --activation xyzzy", "one of sigmoid, tanh, relu"},
    {"train a --class-weight 1,0", "two numbers above 0"},
    {"train a --class-weight given", "--class-weight"},
    {"train a --class-weight 1", "two numbers above 0"},
    {"train a --threshold 1.5", "a number from 0 to 1, f1 (or another F"},
    {"train a --threshold f0", "--threshold: \"f0\" is not"},
    {"train a --threshold f", "--threshold: \"f\" is not"},
    {"train a --threshold f-1", "--threshold: \"f-1\" is not"},
    {"evaluate m a --set-threshold f1001", "--set-threshold: \"f1001\" is not"},
    {"evaluate m a --set-threshold", "--set-threshold"},
    {"evaluate m a --threshold 0.5", "evaluate has no such option"},
    {"evaluate m a --bootstrap -1", "a whole number from 0 to 100000, or auto"},
    {"evaluate m a --bootstrap 100001", "a whole number from 0 to 100000, or auto"},
    {"evaluate m a --bootstrap 1e9", "a whole number from 0 to 100000, or auto"},
    {"evaluate m a --bootstrap 0.5", "a whole number from 0 to 100000, or auto"},
    {"evaluate m a --bootstrap nan", "--bootstrap"},
    {"evaluate m a --seed -1", "--seed"},
    {"train a --threshold cost:1", "as cost:1:5"},
    {"train a --threshold cost:0:1", "as cost:1:5"},
    {"train a --threshold cost:1:2:3", "as cost:1:5"},
    {"train a --threshold recall@1.1", "as recall@0.9"},
    {"train a --threshold recall@", "as recall@0.9"},
    {"train a --threshold given", "--threshold"},
    {"train a --separator 5", "--separator"},
    {"train a --force=maybe", "--force is a switch"},
    {"train a --force=", "--force is a switch"},
    {"train a --no-report", "--no-report: train has no such option; did you mean --report=false?"},
    {"train a --no-header=2", "--no-header is a switch"},
    {"train a --no-lr", "--no-lr: train has no such option"},
    {"train a --recipe plian", "default, plain, textbook"},
    {"bench x", "colonnade bench [options]"},
};

START_TEST(misuse_names_the_option_and_the_range)
{
	assert_refused(misuse[_i].line, misuse[_i].part);
}
END_TEST

START_TEST(too_many_layers_are_refused)
{
	char line[512] = "train d --hidden 1";
	struct options options;

	for (int l = 1; l < CLN_MAX_HIDDEN; l++)
		strcat(line, ",1");
	parse_ok(&options, line);
	ck_assert_uint_eq(options.config.n_hidden, CLN_MAX_HIDDEN);
	strcat(line, ",1");
	assert_refused(line, "up to 64");
}
END_TEST

/* ---------------------------------------------------------------- the config file */

START_TEST(flags_override_the_file_and_the_file_the_recipe)
{
	struct options options;

	assert_ok(parse_config(&options, &err, "recipe = textbook\nlr = 0.25\nepochs = 7\n", " --epochs 8"));
	ck_assert_double_eq(options.config.learning_rate, 0.25);
	ck_assert_uint_eq(options.config.epochs, 8);
	ck_assert_int_eq(options.config.optimizer, CLN_SGD);
	options_free(&options);
	assert_ok(parse_config(&options, &err, "recipe = textbook\n", " --recipe plain"));
	ck_assert_int_eq(options.config.optimizer, CLN_ADAMW);
	options_free(&options);
}
END_TEST

START_TEST(comments_quotes_and_line_ends_are_understood)
{
	struct options options;

	assert_ok(parse_config(&options, &err,
			       "# comment\r\n\r\n  label\t=  \" the label \"\r\npositive = a = b\njson = true\nforce=false", ""));
	ck_assert_str_eq(options.config.label, " the label ");
	ck_assert_str_eq(options.config.positive, "a = b");
	ck_assert(options.json);
	options_free(&options);
}
END_TEST

static const struct {
	const char *text, *part;
} bad_files[] = {
    {"lr = 0.1\nlable = x\n", ":2: lable: train has no such option; did you mean label?"},
    {"dropout = 2\n", ":1: dropout: \"2\" is not a number from 0"},
    {"\nepochs\n", ":2: \"epochs\" is not a line of the form option = value"},
    {"lr =\n", ":1: lr needs a value"},
    {"config = other\n", "cannot name another one"},
    {"recipe = foo\n", ":1: recipe: there is no recipe"},
    {"force = maybe\n", ":1: force: \"maybe\" is not true or false"},
    {"json =\n", ":1: json needs a value: true or false"},
    {"no-report = true\n", ":1: no-report: train has no such option; did you mean report = false?"},
    {"= 3\n", ":1: : train has no such option"},
};

START_TEST(a_bad_line_is_named_by_file_and_line)
{
	struct options options;
	struct cln_error err = {0};

	ck_assert_int_eq(parse_config(&options, &err, bad_files[_i].text, ""), CLN_E_USAGE);
	ck_assert_msg(strstr(err.message, bad_files[_i].part) != NULL, "\"%s\" lacks \"%s\"", err.message, bad_files[_i].part);
	ck_assert_msg(!strstr(err.message, "no value"), "a line has a value, also that of a switch: %s", err.message);
	options_free(&options);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_a_failure_of_the_file)
{
	struct options options;
	struct cln_error err = {0};

	ck_assert_int_eq(parse(&options, &err, "train d --config /nonexistent/run.conf"), CLN_E_IO);
	options_free(&options);
}
END_TEST

static Suite *options_suite(void)
{
	Suite *suite = suite_create("options");
	TCase *table = tcase_create("table"), *recipes = tcase_create("recipes"), *forms = tcase_create("forms");
	TCase *wrong = tcase_create("misuse"), *file = tcase_create("config file");
	int n_specs = 0;

	while (options_spec((size_t)n_specs))
		n_specs++;
	tcase_add_test(table, no_command_knows_two_options_of_one_name);
	tcase_add_test(table, commands_have_bits_in_the_order_of_the_table);
	tcase_add_test(table, a_config_file_may_begin_with_a_byte_order_mark);
	tcase_add_loop_test(table, every_default_can_be_given_in_a_config_file, 0, n_specs);
	tcase_add_loop_test(table, every_range_has_words, 0, n_specs);
	tcase_add_test(table, an_option_may_mean_another_thing_to_another_command);
	tcase_add_test(recipes, plain_has_the_documented_values);
	tcase_add_test(recipes, default_has_the_documented_values);
	tcase_add_test(recipes, members_and_epochs_follow_from_the_rows);
	tcase_add_test(recipes, rates_go_by_the_rows);
	tcase_add_test(recipes, a_rate_that_is_given_has_its_factors);
	tcase_add_test(recipes, rates_may_be_left_to_the_rows);
	tcase_add_test(recipes, what_is_given_is_not_chosen);
	tcase_add_test(recipes, textbook_has_the_documented_values);
	tcase_add_test(recipes, every_recipe_passes_the_check);
	tcase_add_test(recipes, the_check_refuses_what_no_option_could_give);
	tcase_add_test(recipes, a_flag_overrides_the_recipe_wherever_it_stands);
	tcase_add_test(forms, both_forms_of_an_option_mean_the_same);
	tcase_add_test(forms, the_last_of_two_wins);
	tcase_add_test(forms, a_dash_is_an_operand_and_two_dashes_end_the_options);
	tcase_add_test(forms, words_for_zero_and_lists_are_read);
	tcase_add_loop_test(forms, thresholds_are_read_and_told_alike, 0, 11);
	tcase_add_test(forms, a_seed_has_all_64_bits);
	tcase_add_test(forms, a_switch_can_be_taken_back);
	tcase_add_test(forms, equal_lists_of_gaps_have_one_text);
	tcase_add_test(forms, only_what_was_given_counts_as_given);
	tcase_add_loop_test(wrong, misuse_names_the_option_and_the_range, 0, sizeof misuse / sizeof *misuse);
	tcase_add_test(wrong, too_many_layers_are_refused);
	tcase_add_test(file, flags_override_the_file_and_the_file_the_recipe);
	tcase_add_test(file, comments_quotes_and_line_ends_are_understood);
	tcase_add_loop_test(file, a_bad_line_is_named_by_file_and_line, 0, sizeof bad_files / sizeof *bad_files);
	tcase_add_test(file, a_file_that_is_not_there_is_a_failure_of_the_file);
	suite_add_tcase(suite, table);
	suite_add_tcase(suite, recipes);
	suite_add_tcase(suite, forms);
	suite_add_tcase(suite, wrong);
	suite_add_tcase(suite, file);
	return suite;
}

TESTING_MAIN(options_suite)
