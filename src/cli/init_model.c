/* SPDX-License-Identifier: MIT */
#include "cli/init_model.h"

#include <stdio.h>
#include <string.h>

enum cln_status init_model_load(struct cln_model **model, struct options *options, struct cln_error *err)
{
	static const char *const names[] = {"hidden", "activation", "weight-init", "scale", "max-levels", "embedding",
					    "input-scaling", "frequency-scale", "frequency-spread", "bins",
					    "parametric-activation",
					    "one-hot-levels", "level-rows", "level-values", "level-scale"};
	struct options asked = *options;
	char wanted[OPTION_VALUE], kept[OPTION_VALUE];
	enum cln_status status = cln_model_load(model, options->init, err);

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
