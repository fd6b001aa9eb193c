/* SPDX-License-Identifier: MIT
 * colonnade check: all that is wrong with a table, before a training. */
#include "cli/check_text.h"
#include "cli/commands.h"
#include "cli/init_model.h"
#include "report/output.h"

static enum cln_status load_models(struct cln_model **init, struct cln_model **model, struct options *options,
				   struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	if (options->model && (options->init || options->valid || options->test))
		return error_set(err, CLN_E_USAGE, "--model checks whether DATA fits a model; --%s is for a training",
				 options->init ? "init" : options->valid ? "valid" : "test");
	if (options->model)
		status = cln_model_load(model, options->model, err);
	if (status == CLN_OK && options->init)
		status = init_model_load(init, options, err);
	return status;
}

static enum cln_status print(const struct options *options, const struct check_result *result, struct cln_error *err)
{
	struct text text = {0};

	if (options->json)
		check_write_json(&text, result, options->model != NULL);
	else
		check_write(&text, result, options->model != NULL);
	return output_print(&text, err);
}

int cmd_check(const struct options *options)
{
	struct options in_force = *options;
	struct cln_model *init = NULL, *model = NULL;
	struct check_result result = {0};
	struct cln_error err = {0};
	enum cln_status status = load_models(&init, &model, &in_force, &err);
	const struct check_task task = {.data = options->operands[0],
					.valid = options->valid,
					.test = options->test,
					.read = &options->read,
					.config = &in_force.config,
					.init = init,
					.model = model,
					.most = options->problems};

	if (status == CLN_OK)
		status = check_run(&result, &task, &err);
	if (status == CLN_OK)
		status = print(options, &result, &err);
	const int code = status == CLN_OK ? exit_code(check_status(&result)) : exit_with_error(&err);
	check_free(&result);
	cln_model_destroy(init);
	cln_model_destroy(model);
	return code;
}
