/* SPDX-License-Identifier: MIT */
#include "cli/init_model.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/run_directory.h"

#define MODEL_IN_RUN "/model.safetensors"

/* Whether the model of --init is that of the directory --out, however the two are written. */
static bool starts_from_itself(const struct options *options)
{
	const size_t length = strlen(options->init), ending = strlen(MODEL_IN_RUN);
	const bool in_run = length > ending && strcmp(options->init + length - ending, MODEL_IN_RUN) == 0;
	char folder[RUN_PATH];
	struct stat init, out;

	snprintf(folder, sizeof folder, "%.*s", (int)(in_run ? length - ending : length), options->init);
	return stat(folder, &init) == 0 && stat(options->out, &out) == 0 && init.st_dev == out.st_dev && init.st_ino == out.st_ino;
}

/* A run that started from the model of its own directory has it in `previous` until it is finished. */
static enum cln_status load(struct cln_model **model, const struct options *options, struct cln_error *err)
{
	const struct run_directory directory = {.path = options->out};
	char previous[RUN_PATH];

	if (options->resume != RUN_NEW && starts_from_itself(options) &&
	    run_directory_file(previous, &directory, RUN_PREVIOUS MODEL_IN_RUN, NULL) == CLN_OK && access(previous, F_OK) == 0)
		return cln_model_load(model, previous, err);
	return cln_model_load(model, options->init, err);
}

enum cln_status init_model_load(struct cln_model **model, struct options *options, struct cln_error *err)
{
	static const char *const names[] = {"hidden", "activation", "weight-init", "scale", "max-levels", "embedding",
					    "input-scaling", "frequency-scale", "frequency-spread", "bins",
					    "parametric-activation",
					    "one-hot-levels", "level-rows", "level-values", "level-scale"};
	struct options asked = *options;
	char wanted[OPTION_VALUE], kept[OPTION_VALUE];
	enum cln_status status = load(model, options, err);

	if (status != CLN_OK)
		return status;
	config_keep_network(&options->config, *model);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct option_spec *spec = options_find(options->command, names[i]);
		options_value(wanted, &asked, spec);
		options_value(kept, options, spec);
		if (options_given(options, names[i]) && strcmp(wanted, kept) != 0)
			return error_set(err, CLN_E_USAGE, "--%s %s: --init keeps what %s has (%s); leave one of the two out",
					 names[i], wanted, options->init, kept);
	}
	return CLN_OK;
}
