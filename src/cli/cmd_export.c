/* SPDX-License-Identifier: MIT
 * colonnade export: a model as ONNX, C or JSON. */
#include "cli/commands.h"
#include "cli/unfinished.h"
#include "report/output.h"

int cmd_export(const struct options *options)
{
	struct cln_model *model = NULL;
	struct cln_error err = {0};
	char *bytes = NULL;
	size_t length = 0;
	enum cln_status status = CLN_OK;

	if (!options_given(options, "format"))
		status = error_set(&err, CLN_E_USAGE, "export wants --format: onnx, c or json");
	if (status == CLN_OK)
		status = cln_model_load(&model, options->operands[0], &err);
	unfinished_begin();
	if (status == CLN_OK)
		status = cln_model_export(model, (enum cln_export)options->format, &bytes, &length, &err);
	if (status == CLN_OK)
		status = output_replace(&(struct io_place){options->out, unfinished_file}, bytes, length, &err);
	cln_free(bytes);
	cln_model_destroy(model);
	return status == CLN_OK ? 0 : exit_with_error(&err);
}
