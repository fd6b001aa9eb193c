/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include <stdio.h>

#include "api/tune.h"
#include "temporary_file.h"

/* ---------------------------------------------------------------- machines made up */

static const struct {
	const char *name;
	struct tune_machine machine;
	const char *settings; /* threads, places and bind of each, in order */
} machines[] = {
    {"one CPU", {.threads_allowed = 1, .cpus = 1, .cores = 1, .caches = 1, .owned = true}, "1 - false; "},
    {"two cores",
     {.threads_allowed = 2, .cpus = 2, .cores = 2, .caches = 1, .owned = true},
     "1 - false; 2 - false; 2 cores close; "},
    {"one core with two siblings",
     {.threads_allowed = 2, .cpus = 2, .cores = 1, .caches = 1, .owned = true},
     "1 - false; 2 - false; 2 threads close; "},
    {"six cores with siblings, one cache",
     {.threads_allowed = 12, .cpus = 12, .cores = 6, .caches = 1, .owned = true},
     "1 - false; 2 - false; 2 cores close; 4 - false; 4 cores close; 6 - false; 6 cores close; "
     "8 - false; 8 threads close; 12 - false; 12 threads close; "},
    {"eight cores, two sockets",
     {.threads_allowed = 8, .cpus = 8, .cores = 8, .caches = 2, .owned = true},
     "1 - false; 2 - false; 2 cores close; 2 cores spread; 4 - false; 4 cores close; 4 cores spread; 8 - false; 8 cores close; "},
    {"a job's three of sixteen cores",
     {.threads_allowed = 3, .cpus = 16, .cores = 16, .caches = 2, .owned = false},
     "1 - false; 2 - false; 3 - false; "},
    {"four threads asked for, two CPUs",
     {.threads_allowed = 4, .cpus = 2, .cores = 2, .caches = 1, .owned = true},
     "1 - false; 2 - false; 2 cores close; 4 - false; "},
};

START_TEST(settings_follow_from_the_machine)
{
	struct tune_setting settings[TUNE_MAX_SETTINGS];
	struct text text = {0};
	size_t n = tune_settings(settings, &machines[_i].machine);

	for (size_t i = 0; i < n; i++)
		text_addf(&text, "%d %s %s; ", settings[i].threads, settings[i].places ? settings[i].places : "-",
			  settings[i].bind);
	ck_assert_msg(strcmp(text.bytes, machines[_i].settings) == 0, "%s: %s", machines[_i].name, text.bytes);
	text_free(&text);
}
END_TEST

START_TEST(the_greatest_machine_has_room_for_its_settings)
{
	struct tune_setting settings[TUNE_MAX_SETTINGS + 1] = {[TUNE_MAX_SETTINGS] = {.threads = -1}};
	const struct tune_machine machine = {.threads_allowed = 1023, .cpus = 1024, .cores = 1000, .caches = 16, .owned = true};
	size_t n = tune_settings(settings, &machine);

	ck_assert_uint_le(n, TUNE_MAX_SETTINGS);
	ck_assert_int_eq(settings[n - 1].threads, 1023);
	ck_assert_int_eq(settings[TUNE_MAX_SETTINGS].threads, -1);
}
END_TEST

START_TEST(cores_and_caches_are_counted_by_their_numbers)
{
	/* Two sockets of two cores with two siblings each, numbered as Linux does: siblings last. */
	const int core[] = {0, 1, 2, 3, 0, 1, 2, 3}, cache[] = {0, 0, 2, 2, 0, 0, 2, 2};
	struct tune_machine machine;

	tune_machine_count(&machine, core, cache, 8);
	ck_assert_int_eq(machine.cpus, 8);
	ck_assert_int_eq(machine.cores, 4);
	ck_assert_int_eq(machine.caches, 2);
}
END_TEST

START_TEST(a_quota_below_the_cores_means_that_others_run_there)
{
	struct cpus_rule rules[] = {
	    {.name = "OMP_NUM_THREADS", .threads = 2}, {.name = "affinity mask", .threads = 16}, {.name = "cgroup quota"}};

	ck_assert(tune_machine_owned(rules, 3, 8));
	rules[2].threads = 8; /* of eight cores with siblings: all of them */
	ck_assert(tune_machine_owned(rules, 3, 8));
	rules[2].threads = 7;
	ck_assert(!tune_machine_owned(rules, 3, 8));
}
END_TEST

START_TEST(this_machine_has_at_least_a_core_for_every_cache)
{
	struct tune_machine machine;

	setenv("OMP_NUM_THREADS", "3", 1);
	tune_machine_find(&machine, 0);
	ck_assert_int_eq(machine.threads_allowed, 3);
	ck_assert_str_eq(machine.threads_rule, "OMP_NUM_THREADS");
	ck_assert_int_eq(machine.cpus, cpus_affinity());
	ck_assert_int_ge(machine.cpus, machine.cores);
	ck_assert_int_ge(machine.cores, machine.caches);
	ck_assert_int_ge(machine.caches, 1);
	tune_machine_find(&machine, 5);
	ck_assert_int_eq(machine.threads_allowed, 5);
	ck_assert_str_eq(machine.threads_rule, "--threads");
}
END_TEST

/* ---------------------------------------------------------------- rows */

START_TEST(rows_make_a_short_epoch_of_whole_batches)
{
	ck_assert_uint_eq(tune_rows(100000, 256, 100000), 40 * 256); /* 10000 rows in a tenth of a second, in whole batches */
	ck_assert_uint_eq(tune_rows(9000, 256, 100000), 9000);	     /* all there are */
	ck_assert_uint_eq(tune_rows(100000, 1024, 50), 1024);	     /* a batch takes longer */
	ck_assert_uint_eq(tune_rows(100000, 0, 50), 100000);	     /* one batch of all rows */
}
END_TEST

/* ---------------------------------------------------------------- measurements made up */

#define N_WINDOWS 10

/* Ten windows around a rate: the median (of nearest rank, the fifth) is the rate itself, the best decile (the ninth) 4 % more. */
static void fill(struct tune_measurement *measurement, int threads, double rate)
{
	static const double factors[N_WINDOWS] = {1.04, 0.5, 1, 1.02, 0.99, 1.5, 0.98, 1.01, 0.9, 1.03};

	*measurement = (struct tune_measurement){.setting = {.threads = threads, .bind = "false"}};
	for (size_t i = 0; i < N_WINDOWS; i++)
		assert_ok(tune_add(measurement, factors[i] * rate, &err));
}

static void empty(struct tune_measurement *measurements, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mem_free(measurements[i].rates);
}

START_TEST(figures_of_a_setting_follow_from_its_windows)
{
	struct tune_measurement m[2];

	fill(&m[0], 1, 1000);
	fill(&m[1], 4, 3000);
	tune_judge(m, 2);
	ck_assert_double_eq(m[0].median, 1000);
	ck_assert_double_eq(m[0].best, 1040);
	ck_assert_double_eq(m[0].speed_up, 1);
	ck_assert_double_eq(m[1].median, 3000);
	ck_assert_double_eq(m[1].speed_up, 3);
	ck_assert_double_eq(m[1].efficiency, 0.75);
	empty(m, 2);
}
END_TEST

static const struct {
	double rates[4]; /* on 1, 2, 2 and 4 threads */
	size_t best;
} judgements[] = {
    {{100, 190, 195, 300}, 3},   /* the fastest */
    {{100, 190, 195, 198}, 2},   /* two threads are within 2 % of four; bound they are, free they are not */
    {{100, 195, 195.5, 198}, 1}, /* free ones are, and they come first */
    {{100, 101, 101.5, 90}, 0},  /* one is within 2 % of two */
    {{100, 98, 97, 50}, 0},      /* a net too small for threads */
    {{97.9, 99, 100, 100}, 1},   /* just not within */
};

START_TEST(the_fewest_threads_within_two_percent_are_best)
{
	static const int threads[] = {1, 2, 2, 4};
	struct tune_measurement m[4];

	for (size_t i = 0; i < 4; i++)
		fill(&m[i], threads[i], judgements[_i].rates[i]);
	ck_assert_uint_eq(tune_judge(m, 4), judgements[_i].best);
	empty(m, 4);
}
END_TEST

START_TEST(a_setting_is_hopeless_when_its_best_windows_are_far_below_the_best_median)
{
	struct tune_measurement m[3];

	fill(&m[0], 1, 860); /* best decile 894.4, just below 90 % */
	fill(&m[1], 2, 870); /* 904.8, just above */
	fill(&m[2], 4, 1000);
	tune_judge(m, 3);
	ck_assert(tune_hopeless(m, 3, 0));
	ck_assert(!tune_hopeless(m, 3, 1));
	ck_assert(!tune_hopeless(m, 3, 2));
	empty(m, 3);
}
END_TEST

/* ---------------------------------------------------------------- the lines for eval */

static const struct tune_setting shell_settings[] = {
    {1, NULL, "false"}, {8, "cores", "close"}, {4, "cores", "spread"}, {64, "threads", "close"}};

/* What a shell has after eval, where other values were set before. */
START_TEST(lines_set_what_the_setting_says)
{
	const struct tune_setting *setting = &shell_settings[_i];
	struct text lines = {0}, script = {0};
	char got[64] = "", want[64];

	tune_shell(&lines, setting);
	setenv("LINES_OF_TUNE", lines.bytes, 1);
	setenv("OMP_PLACES", "sockets", 1);
	setenv("OMP_NUM_THREADS", "77", 1);
	setenv("OMP_PROC_BIND", "master", 1);
	text_addf(&script, "set -eu; eval \"$LINES_OF_TUNE\"; sh -c 'echo $OMP_NUM_THREADS ${OMP_PLACES-unset} $OMP_PROC_BIND'");
	FILE *shell = popen(script.bytes, "r");
	ck_assert_ptr_nonnull(shell);
	ck_assert_ptr_nonnull(fgets(got, sizeof got, shell));
	ck_assert_int_eq(pclose(shell), 0);
	snprintf(want, sizeof want, "%d %s %s\n", setting->threads, setting->places ? setting->places : "unset", setting->bind);
	ck_assert_str_eq(got, want);
	text_free(&script);
	text_free(&lines);
}
END_TEST

/* ---------------------------------------------------------------- the shape of a table */

START_TEST(a_table_has_the_shape_of_its_training)
{
	const float cells[] = {1, 5, 0, 2, 4, 1, 3, 3, 0, 4, 2, 1, 5, 1, 0, 6, 0, 1, 7, 9, 0, 8, 8, 1, 9, 7, 0, 10, 6, 1};
	const char *const names[] = {"a", "b", "y"};
	struct cln_table *table;
	struct cln_config config;
	struct tune_shape shape;

	assert_ok(cln_config_recipe(&config, "plain", &err));
	assert_ok(cln_table_create(&table, cells, 10, 3, names, &err));
	config.valid_fraction = 0.2;
	assert_ok(tune_shape(&shape, table, NULL, &config, &err));
	ck_assert_uint_eq(shape.bench.inputs, 2);
	ck_assert_uint_eq(shape.bench.rows, 8);
	ck_assert_uint_eq(shape.bench.members, 1);
	ck_assert_uint_eq(shape.bench.embedded, 0);
	config.label = "nowhere";
	ck_assert_int_eq(tune_shape(&shape, table, NULL, &config, NULL), CLN_E_DATA);
	cln_table_destroy(table);
}
END_TEST

/* A training before its first step. */
static bool compare_start(void *context, const struct cln_fit_start *start)
{
	const struct tune_shape *shape = context;

	ck_assert_uint_gt(start->members, 1);
	ck_assert_uint_eq(shape->bench.members, start->members);
	ck_assert_uint_eq(shape->bench.inputs, start->n_features);
	ck_assert_uint_eq(shape->bench.rows, start->train_rows / start->folds * (start->folds - 1));
	ck_assert_uint_eq(shape->first_inputs, start->n[0]);
	ck_assert_uint_eq(shape->config.n_hidden, start->n_layers - 1);
	ck_assert_uint_eq(shape->config.hidden[0], start->n[1]);
	return true;
}

/* a: a number with heavy tails; b: a number; c: forty levels. */
START_TEST(the_default_recipe_has_the_network_of_its_training)
{
	enum { N = 6000 };
	static char text[N * 24];
	struct cln_table *table;
	struct cln_config config;
	struct tune_shape shape;
	struct cln_model *model = NULL;
	const struct cln_observer observer = {.context = &shape, .dry = true, .start = compare_start};
	size_t length = (size_t)sprintf(text, "a,b,c,y\n");

	for (int i = 0; i < N; i++)
		length += (size_t)sprintf(text + length, "%d,%d,k%d,%d\n", i % 50 ? 0 : i * i % 9973, i * 37 % 101, i % 40, i % 2);
	put(text, length);
	assert_ok(cln_config_recipe(&config, "default", &err));
	config.one_hot_levels = 8;
	assert_ok(cln_table_read(&table, path, NULL, &err));
	assert_ok(tune_shape(&shape, table, NULL, &config, &err));
	ck_assert_int_eq(cln_model_fit(&model, table, NULL, NULL, NULL, &config, &observer, NULL, NULL), CLN_STOPPED);
	ck_assert_uint_eq(shape.bench.embedded, 2);
	ck_assert_uint_eq(shape.bench.binned, 1);
	ck_assert_uint_eq(shape.bench.numbered, 1);
	ck_assert_uint_eq(shape.bench.levels, 41);
	cln_table_destroy(table);
}
END_TEST

static Suite *tune_suite(void)
{
	Suite *suite = suite_create("tune");
	TCase *machine = tcase_create("machine"), *judging = tcase_create("judging"), *shell = tcase_create("shell"),
	      *table = tcase_create("table");

	tcase_add_loop_test(machine, settings_follow_from_the_machine, 0, sizeof machines / sizeof *machines);
	tcase_add_test(machine, the_greatest_machine_has_room_for_its_settings);
	tcase_add_test(machine, cores_and_caches_are_counted_by_their_numbers);
	tcase_add_test(machine, a_quota_below_the_cores_means_that_others_run_there);
	tcase_add_test(machine, this_machine_has_at_least_a_core_for_every_cache);
	tcase_add_test(judging, rows_make_a_short_epoch_of_whole_batches);
	tcase_add_test(judging, figures_of_a_setting_follow_from_its_windows);
	tcase_add_loop_test(judging, the_fewest_threads_within_two_percent_are_best, 0, sizeof judgements / sizeof *judgements);
	tcase_add_test(judging, a_setting_is_hopeless_when_its_best_windows_are_far_below_the_best_median);
	tcase_add_loop_test(shell, lines_set_what_the_setting_says, 0, sizeof shell_settings / sizeof *shell_settings);
	tcase_add_checked_fixture(table, make_file, remove_file);
	tcase_add_test(table, a_table_has_the_shape_of_its_training);
	tcase_add_test(table, the_default_recipe_has_the_network_of_its_training);
	suite_add_tcase(suite, machine);
	suite_add_tcase(suite, judging);
	suite_add_tcase(suite, shell);
	suite_add_tcase(suite, table);
	return suite;
}

TESTING_MAIN(tune_suite)
