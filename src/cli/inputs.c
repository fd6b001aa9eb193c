/* SPDX-License-Identifier: MIT */
#include "cli/inputs.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/rows.h"
#include "cli/run_directory.h"

/* Whether two paths lead to one file that can be replaced; "-" is standard input. */
static bool is_same_file(const char *path, const struct stat *out)
{
	struct stat about;
	const bool found = (strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &about) : stat(path, &about)) == 0;

	return found && S_ISREG(about.st_mode) && about.st_dev == out->st_dev && about.st_ino == out->st_ino;
}

static enum cln_status refuse(const struct options *options, const char *path, struct cln_error *err)
{
	return error_set(err, CLN_E_USAGE, "--out %s would overwrite %s, which %s reads; choose another file", options->out,
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

enum cln_status inputs_check_out(const struct options *options, struct cln_error *err)
{
	const struct option_spec *spec = options_find(options->command, "out");
	struct stat out;
	enum cln_status status = CLN_OK;

	if (!spec || strcmp(spec->argument, "FILE") != 0 || !options->out || strcmp(options->out, "-") == 0 ||
	    stat(options->out, &out) != 0)
		return CLN_OK;
	for (int i = 0; i < options->command->n_operands && status == CLN_OK; i++)
		status = check_input(options, options->operands[i], &out, err);
	if (status == CLN_OK && options->config_file)
		status = check_input(options, options->config_file, &out, err);
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
