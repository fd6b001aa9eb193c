/* SPDX-License-Identifier: MIT */
#include "cli/inputs.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/rows.h"
#include "cli/search_files.h"

/* Whether two paths lead to one file that can be replaced; "-" is standard input. */
static bool is_same_file(const char *path, const struct stat *out)
{
	struct stat about;
	const bool found = (strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &about) : stat(path, &about)) == 0;

	return found && S_ISREG(about.st_mode) && about.st_dev == out->st_dev && about.st_ino == out->st_ino;
}

static enum cln_status refuse(const struct options *options, const char *path, struct cln_error *err)
{
	return error_set(err, CLN_E_USAGE, "--out %s would overwrite %s, which %s reads; choose another --out", options->out,
			 strcmp(path, "-") == 0 ? "standard input" : path, options->command->name);
}

/* A file, or a run directory in its place. */
static enum cln_status check_input(const struct options *options, const char *input, const struct stat *out, struct cln_error *err)
{
	static const char *const of_run[] = {"model.safetensors", "run.json", "metrics.jsonl"};
	const struct run_directory run = {.path = input};
	char file[RUN_PATH];

	if (is_same_file(input, out))
		return refuse(options, input, err);
	for (size_t i = 0; i < sizeof of_run / sizeof *of_run; i++)
		if (run_directory_file(file, &run, of_run[i], NULL) == CLN_OK && is_same_file(file, out))
			return refuse(options, file, err);
	return CLN_OK;
}

/* Whether `path`, to be written, is there and no input. */
static enum cln_status check_output(const struct options *options, const char *path, struct cln_error *err)
{
	struct stat out;
	enum cln_status status = CLN_OK;

	if (stat(path, &out) != 0)
		return CLN_OK;
	for (int i = 0; i < options->command->n_operands && status == CLN_OK; i++)
		status = check_input(options, options->operands[i], &out, err);
	if (status == CLN_OK && options->config_file)
		status = check_input(options, options->config_file, &out, err);
	return status;
}

/* Of a directory the file that would do as an input. */
static const struct {
	unsigned command;
	const char *name;
} results[] = {{FOR_CROSSVAL, "predictions.csv"}, {FOR_SEARCH, SEARCH_CONFIG}};

enum cln_status inputs_check_out(const struct options *options, struct cln_error *err)
{
	const struct option_spec *spec = options_find(options->command, "out");
	const struct run_directory directory = {.path = options->out};
	char file[RUN_PATH];
	enum cln_status status = CLN_OK;

	if (!spec || !options->out)
		return CLN_OK;
	if (strcmp(spec->argument, "FILE") == 0)
		return strcmp(options->out, "-") == 0 ? CLN_OK : check_output(options, options->out, err);
	for (size_t i = 0; i < sizeof results / sizeof *results && status == CLN_OK; i++)
		if ((options->command->bit & results[i].command) &&
		    run_directory_file(file, &directory, results[i].name, NULL) == CLN_OK)
			status = check_output(options, file, err);
	return status;
}

enum cln_status inputs_read(struct cln_table **train, struct cln_table **valid, struct cln_table **test,
			    const struct options *options, const struct cln_model *init, struct cln_error *err)
{
	enum cln_status status =
	    rows_read_to_train(train, options->operands[0], &options->read, init, &options->config, NULL, err);

	if (status == CLN_OK && options->valid)
		status = rows_read_like_table(valid, options->valid, &options->read, *train, NULL, err);
	if (status == CLN_OK && options->test)
		status = rows_read_like_table(test, options->test, &options->read, *train, NULL, err);
	return status;
}
