/* SPDX-License-Identifier: MIT
 * colonnade inspect: what a model file holds. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

int cmd_inspect(const struct options *options)
{
	struct cln_model *model = NULL;
	struct cln_error err = {0};
	char *text = NULL;
	enum cln_status status = cln_model_load(&model, options->operands[0], &err);

	if (status == CLN_OK)
		status = cln_model_describe(model, options->json, &text, &err);
	if (status == CLN_OK) {
		size_t length = strlen(text);
		printf("%s%s", text, length > 0 && text[length - 1] == '\n' ? "" : "\n");
	}
	cln_free(text);
	cln_model_destroy(model);
	return status == CLN_OK ? 0 : exit_with_error(&err);
}
