/* SPDX-License-Identifier: MIT
 * colonnade export: a model as ONNX, C or JSON. */
#include "cli/commands.h"
#include "cli/unfinished.h"
#include "report/output.h"

static enum cln_status write_bytes(const char *path, const char *bytes, size_t length, struct cln_error *err)
{
	const struct io_place out = {path, unfinished_file};
	struct cln_error closing = {0};
	struct output output;
	enum cln_status status = output_open(&output, &out, err);

	if (status != CLN_OK)
		return status;
	status = output_write(&output, bytes, length, err);
	if (output_close(&output, status == CLN_OK, &closing) != CLN_OK && status == CLN_OK) {
		*err = closing;
		status = err->code;
	}
	return status;
}

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
		status = write_bytes(options->out, bytes, length, &err);
	cln_free(bytes);
	cln_model_destroy(model);
	return status == CLN_OK ? 0 : exit_with_error(&err);
}
