/* SPDX-License-Identifier: MIT
 * colonnade tune: how many threads the user's network is worth, and where they should run. */
#include "api/rows.h"
#include "api/tune.h"
#include "cli/child.h"
#include "cli/commands.h"
#include "cli/init_model.h"
#include "report/output.h"

#include <stdio.h>
#include <string.h>

#define RUN_SECONDS 0.25 /* of one measurement: about five windows of bench */
#define ROUNDS 20        /* after which more windows say nothing new */
#define SIFT_AFTER 5     /* rounds before settings are left out */
#define MAX_ARGUMENTS (OPTIONS_MAX_SPECS + 4)

struct tuning {
	struct options *options; /* with what the table gives: all that bench is told */
	struct tune_machine machine;
	size_t first_inputs, rows_measured; /* of the first layer */
	struct tune_measurement list[TUNE_MAX_SETTINGS];
	size_t n, best, rounds;
	double start, deadline;
	double run_seconds; /* that the last measurement took, process and all */
};

/* ---------------------------------------------------------------- one measurement */

/* The arguments of a run of bench that trains the user's network. */
struct arguments {
	const char *list[MAX_ARGUMENTS + 1];
	char text[MAX_ARGUMENTS][OPTION_VALUE + 64];
	size_t n;
};

static void add_argument(struct arguments *arguments, const char *name, const char *value)
{
	char *text = arguments->text[arguments->n];

	snprintf(text, sizeof arguments->text[0], "--%s=%s", name, value);
	arguments->list[arguments->n++] = text;
}

/* How much is measured is told here and not by the user's options, and the threads by OMP_NUM_THREADS, as the export lines do. */
static bool is_ours(const char *name)
{
	static const char *const ours[] = {"rows", "seconds", "threads", "json", "config"};

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (strcmp(name, ours[i]) == 0)
			return true;
	return false;
}

static void make_arguments(struct arguments *arguments, const struct tuning *tuning, size_t rows)
{
	char value[OPTION_VALUE];

	memset(arguments, 0, sizeof *arguments);
	arguments->list[arguments->n++] = "colonnade";
	arguments->list[arguments->n++] = "bench";
	add_argument(arguments, "json", "true");
	for (size_t i = 0; options_spec(i); i++) {
		const struct option_spec *spec = options_spec(i);
		if (!(spec->commands & FOR_BENCH) || is_ours(spec->name))
			continue;
		options_value(value, tuning->options, spec);
		add_argument(arguments, spec->name, value);
	}
	snprintf(value, sizeof value, "%zu", rows);
	add_argument(arguments, "rows", value);
	snprintf(value, sizeof value, "%g", RUN_SECONDS);
	add_argument(arguments, "seconds", value);
}

static enum cln_status take_windows(struct tune_measurement *measurement, const struct text *output, struct cln_error *err)
{
	const struct json *root, *windows = NULL;
	size_t threads;
	enum cln_status status = json_parse(&root, output->bytes, output->length, err);

	if (status != CLN_OK)
		return status;
	status = json_get_size(&threads, root, "threads", 1, PARALLEL_MAX, err);
	if (status == CLN_OK)
		status = json_get_array(&windows, root, "window_rows_per_second", err);
	if (status == CLN_OK)
		measurement->threads_used = (int)threads;
	for (const struct json *window = windows ? windows->child : NULL; window && status == CLN_OK; window = window->next)
		status = tune_add(measurement, window->number, err);
	json_free(root);
	return status;
}

static enum cln_status ended_badly(const struct tune_setting *setting, int code, struct cln_error *err)
{
	static const enum cln_status statuses[] = {CLN_E_USAGE, CLN_E_DATA, CLN_E_DIVERGED};

	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (code == exit_code(statuses[i]))
			return error_set(err, statuses[i], "the measurement with %d thread%s failed", setting->threads,
					 setting->threads == 1 ? "" : "s");
	return error_set(err, CLN_E_IO, "the measurement with %d thread%s ended with exit code %d", setting->threads,
			 setting->threads == 1 ? "" : "s", code);
}

/* CLN_STOPPED: the time is over. */
static enum cln_status measure(struct tuning *tuning, struct tune_measurement *measurement, size_t rows, struct cln_error *err)
{
	const struct tune_setting *setting = &measurement->setting;
	struct arguments arguments;
	struct text output = {0};
	char threads[16];
	double start = clock_seconds();
	int code = 0;

	snprintf(threads, sizeof threads, "%d", setting->threads);
	const struct child_variable variables[] = {
	    {"OMP_NUM_THREADS", threads}, {"OMP_PLACES", setting->places}, {"OMP_PROC_BIND", setting->bind}};
	make_arguments(&arguments, tuning, rows);
	enum cln_status status = child_run(&output, &code, arguments.list, variables, sizeof variables / sizeof *variables,
					   tuning->deadline, err);
	if (status == CLN_OK && code != 0)
		status = ended_badly(setting, code, err);
	if (status == CLN_OK)
		status = take_windows(measurement, &output, err);
	text_free(&output);
	tuning->run_seconds = clock_seconds() - start;
	return status;
}

/* ---------------------------------------------------------------- all of them, in turn */

/* A short run on one thread tells how many rows make a short epoch; it is not counted. */
static enum cln_status choose_rows(struct tuning *tuning, struct cln_error *err)
{
	struct tune_measurement trial = {.setting = tuning->list[0].setting};
	const size_t batch_size = tuning->options->config.batch_size, rows = tuning->options->rows;

	tuning->rows_measured = rows;
	if (batch_size == 0 || batch_size >= rows)
		return CLN_OK;
	enum cln_status status = measure(tuning, &trial, batch_size, err);
	if (status == CLN_OK) {
		tune_judge(&trial, 1);
		tuning->rows_measured = tune_rows(rows, batch_size, trial.median);
	}
	mem_free(trial.rates);
	return status;
}

static bool is_measured(const struct tuning *tuning)
{
	for (size_t i = 0; i < tuning->n; i++)
		if (tuning->list[i].n == 0)
			return false;
	return true;
}

/* Up and down the list, so that no setting always follows the same one. */
static enum cln_status measure_round(struct tuning *tuning, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	for (size_t k = 0; k < tuning->n && status == CLN_OK; k++) {
		size_t i = tuning->rounds % 2 ? tuning->n - 1 - k : k;
		if (tuning->rounds >= SIFT_AFTER && tune_hopeless(tuning->list, tuning->n, i))
			continue;
		if (is_measured(tuning) && clock_seconds() + tuning->run_seconds > tuning->deadline)
			return CLN_STOPPED;
		status = measure(tuning, &tuning->list[i], tuning->rows_measured, err);
	}
	if (status == CLN_OK)
		tuning->best = tune_judge(tuning->list, tuning->n);
	return status;
}

static enum cln_status measure_all(struct tuning *tuning, struct cln_error *err)
{
	enum cln_status status = choose_rows(tuning, err);

	for (tuning->rounds = 0; tuning->rounds < ROUNDS && status == CLN_OK; tuning->rounds++)
		status = measure_round(tuning, err);
	if (status == CLN_STOPPED && !is_measured(tuning))
		return error_set(err, CLN_E_USAGE, "%g seconds are not enough to measure %zu setting%s once; give --seconds more",
				 tuning->options->seconds, tuning->n, tuning->n == 1 ? "" : "s");
	if (status != CLN_OK && status != CLN_STOPPED)
		return status;
	tuning->best = tune_judge(tuning->list, tuning->n);
	return CLN_OK;
}

/* ---------------------------------------------------------------- what is asked for */

/* An option that was given and that bench does not know, but for those that say how to measure. */
static bool is_of_data(const struct options *options, const struct option_spec *spec)
{
	static const char *const of_tune[] = {"seconds", "threads", "shell"};

	for (size_t i = 0; i < sizeof of_tune / sizeof *of_tune; i++)
		if (strcmp(spec->name, of_tune[i]) == 0)
			return false;
	return options_source(options, spec) != NOT_GIVEN && !(spec->commands & FOR_BENCH) &&
	       strcmp(spec->name, "inputs") != 0 && strcmp(spec->name, "rows") != 0;
}

/* With DATA it gives the shape; without, nothing else may be said about it. */
static enum cln_status check_options(const struct options *options, struct cln_error *err)
{
	static const char *const instead_of_data[] = {"inputs", "rows"};

	if (options->shell && options->json)
		return error_set(err, CLN_E_USAGE, "--shell and --json cannot both be given");
	for (size_t i = 0; options->operands[0] && i < sizeof instead_of_data / sizeof *instead_of_data; i++)
		if (options_given(options, instead_of_data[i]))
			return error_set(err, CLN_E_USAGE, "DATA and --%s cannot both be given", instead_of_data[i]);
	for (size_t i = 0; !options->operands[0] && options_spec(i); i++)
		if (is_of_data(options, options_spec(i)))
			return error_set(err, CLN_E_USAGE, "--%s says something about DATA, and there is none",
					 options_spec(i)->name);
	return config_check(&options->config, err);
}

static void take_shape(struct tuning *tuning, const struct tune_shape *shape)
{
	struct options *options = tuning->options;

	options->config = shape->config;
	options->inputs = shape->bench.inputs;
	options->rows = shape->bench.rows;
	options->members = shape->bench.members;
	options->embedded = shape->bench.embedded;
	options->binned = shape->bench.binned;
	options->numbered = shape->bench.numbered;
	options->levels = shape->bench.levels;
	tuning->first_inputs = shape->first_inputs;
}

static enum cln_status find_shape(struct tuning *tuning, struct cln_error *err)
{
	struct options *options = tuning->options;
	struct cln_table *table = NULL;
	struct cln_model *init = NULL;
	struct tune_shape shape;
	enum cln_status status = CLN_OK;

	tuning->first_inputs = options->inputs;
	options->members = 1;
	options->embedded = CLN_AUTO;
	if (!options->operands[0])
		return CLN_OK;
	if (options->init)
		status = init_model_load(&init, options, err);
	if (status == CLN_OK)
		status = rows_read_to_train(&table, options->operands[0], &options->read, init, &options->config, NULL, err);
	if (status == CLN_OK)
		status = tune_shape(&shape, table, init, &options->config, err);
	if (status == CLN_OK)
		take_shape(tuning, &shape);
	cln_table_destroy(table);
	cln_model_destroy(init);
	return status;
}

static enum cln_status find_settings(struct tuning *tuning, struct cln_error *err)
{
	struct tune_setting settings[TUNE_MAX_SETTINGS];
	struct cpus_mask mask;

	tune_machine_find(&tuning->machine, tuning->options->config.threads);
	tuning->n = tune_settings(settings, &tuning->machine);
	for (size_t i = 0; i < tuning->n; i++)
		tuning->list[i].setting = settings[i];
	/* With places of the user's this thread is bound to the first of them, and our processes would be too. */
	cpus_mask_get(&mask);
	if (parallel_place_cpus() > 0 && !cpus_mask_set(&mask))
		return error_set(err, CLN_E_IO, "cannot leave the first of OMP_PLACES; run tune without that variable");
	return CLN_OK;
}

/* ---------------------------------------------------------------- results */

static void print_network(const struct tuning *tuning)
{
	const struct options *options = tuning->options;
	const struct cln_config *config = &options->config;
	struct cln_config chosen = *config;

	config_choose(&chosen, options->rows);
	printf("network   %zu", tuning->first_inputs);
	for (size_t l = 0; l < chosen.n_hidden; l++)
		printf("-%zu", chosen.hidden[l]);
	printf("-1, %s, %s, ", name_of(&names_activation, (int)config->activation),
	       name_of(&names_optimizer, (int)config->optimizer));
	if (config->batch_size)
		printf("batch %zu", config->batch_size);
	else
		printf("one batch");
	printf(", %zu rows", options->rows);
	if (tuning->rows_measured < options->rows)
		printf(" (measured with %zu)", tuning->rows_measured);
	if (options->members > 1)
		printf("; %zu of them, as many at a time as train has", options->members);
	putchar('\n');
}

static void print_row(const struct tuning *tuning, size_t i)
{
	const struct tune_measurement *m = &tuning->list[i];

	printf("%7d  %-7s  %-5s  %8zu  %10.0f  %11.0f  %8.2f  %9.0f %%", m->setting.threads,
	       m->setting.places ? m->setting.places : "-", m->setting.bind, m->n, m->median, m->best, m->speed_up,
	       100 * m->efficiency);
	if (m->threads_used < m->setting.threads)
		printf("  uses %d", m->threads_used);
	printf("%s\n", i == tuning->best ? "  <- best" : "");
}

static enum cln_status print_table(const struct tuning *tuning, struct cln_error *err)
{
	struct text lines = {0};

	print_network(tuning);
	printf("machine   %d CPU%s on %d core%s; %d thread%s allowed (%s)%s\n\n", tuning->machine.cpus,
	       tuning->machine.cpus == 1 ? "" : "s", tuning->machine.cores, tuning->machine.cores == 1 ? "" : "s",
	       tuning->machine.threads_allowed, tuning->machine.threads_allowed == 1 ? "" : "s", tuning->machine.threads_rule,
	       tuning->machine.owned ? "" : "; only part of them is ours, so none is bound");
	printf("threads  places   bind    windows      rows/s  best decile  speed-up  efficiency\n");
	for (size_t i = 0; i < tuning->n; i++)
		print_row(tuning, i);
	text_addf(&lines, "\nThe fewest threads within %g %% of the fastest:\n\n", 100 * TUNE_TOLERANCE);
	tune_shell(&lines, &tuning->list[tuning->best].setting);
	return output_print(&lines, err);
}

static enum cln_status print_shell(const struct tuning *tuning, struct cln_error *err)
{
	struct text lines = {0};

	tune_shell(&lines, &tuning->list[tuning->best].setting);
	return output_print(&lines, err);
}

static void write_setting(struct json_writer *writer, const struct tune_setting *setting)
{
	json_size(writer, "threads", (size_t)setting->threads);
	json_string(writer, "omp_places", setting->places);
	json_string(writer, "omp_proc_bind", setting->bind);
}

static void write_measurement(struct json_writer *writer, const struct tune_measurement *m)
{
	json_begin_object(writer, NULL);
	write_setting(writer, &m->setting);
	json_size(writer, "threads_used", (size_t)m->threads_used);
	json_size(writer, "windows", m->n);
	json_double(writer, "rows_per_second", m->median);
	json_double(writer, "rows_per_second_best", m->best);
	json_double(writer, "speed_up", m->speed_up);
	json_double(writer, "efficiency", m->efficiency);
	json_end_object(writer);
}

static enum cln_status print_json(const struct tuning *tuning, struct cln_error *err)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text, .pretty = true};

	json_begin_object(&writer, NULL);
	json_size(&writer, "inputs", tuning->options->inputs);
	json_size(&writer, "first_inputs", tuning->first_inputs);
	json_size(&writer, "members", tuning->options->members);
	json_size(&writer, "rows", tuning->options->rows);
	json_size(&writer, "rows_measured", tuning->rows_measured);
	json_size(&writer, "cpus", (size_t)tuning->machine.cpus);
	json_size(&writer, "cores", (size_t)tuning->machine.cores);
	json_size(&writer, "threads_allowed", (size_t)tuning->machine.threads_allowed);
	json_string(&writer, "threads_rule", tuning->machine.threads_rule);
	json_bool(&writer, "may_bind", tuning->machine.owned);
	json_double(&writer, "seconds", clock_seconds() - tuning->start);
	json_begin_array(&writer, "settings");
	for (size_t i = 0; i < tuning->n; i++)
		write_measurement(&writer, &tuning->list[i]);
	json_end_array(&writer);
	json_begin_object(&writer, "best");
	write_setting(&writer, &tuning->list[tuning->best].setting);
	json_end_object(&writer);
	json_end_object(&writer);
	text_add(&text, "\n", 1);
	return output_print(&text, err);
}

static enum cln_status tune(struct tuning *tuning, struct cln_error *err)
{
	const struct options *options = tuning->options;
	enum cln_status status = check_options(options, err);

	if (status == CLN_OK)
		status = find_shape(tuning, err);
	if (status == CLN_OK)
		status = find_settings(tuning, err);
	if (status != CLN_OK)
		return status;
	fprintf(stderr, "measuring %zu setting%s, for at most %g s\n", tuning->n, tuning->n == 1 ? "" : "s", options->seconds);
	status = measure_all(tuning, err);
	if (status != CLN_OK)
		return status;
	if (options->shell)
		return print_shell(tuning, err);
	return options->json ? print_json(tuning, err) : print_table(tuning, err);
}

int cmd_tune(const struct options *options)
{
	struct options in_force = *options;
	struct tuning tuning = {.options = &in_force, .start = clock_seconds()};
	struct cln_error err = {0};

	tuning.deadline = tuning.start + options->seconds;
	enum cln_status status = tune(&tuning, &err);
	for (size_t i = 0; i < tuning.n; i++)
		mem_free(tuning.list[i].rates);
	return status == CLN_OK ? 0 : exit_with_error(&err);
}
