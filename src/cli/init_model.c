/* SPDX-License-Identifier: MIT */
#include "cli/init_model.h"

#include <stdio.h>
#include <string.h>

#include "cli/run_directory.h"

/* A run that started from the model of its own directory has it in `previous` until it is finished. */
static enum cln_status load(struct cln_model **model, const struct options *options, struct cln_error *err)
{
	const struct run_directory directory = {.path = options->out};
	char previous[RUN_PATH];
	struct cln_error none = {0};
	enum cln_status status = cln_model_load(model, options->init, err);

	if (status != CLN_OK && options->resume != RUN_NEW && strcmp(options->init, options->out) == 0 &&
	    run_directory_file(previous, &directory, RUN_PREVIOUS, NULL) == CLN_OK &&
	    cln_model_load(model, previous, &none) == CLN_OK) {
		*err = (struct cln_error){0};
		return CLN_OK;
	}
	return status;
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
