/* SPDX-License-Identifier: MIT */
#include "model/model.h"

#include "base/io.h"
#include "model/safetensors.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_IN_RUN "model.safetensors"
#define MAX_FILE ((size_t)1 << 40) /* bytes; a file's size says nothing, this only keeps it from the arithmetic's limits */

enum cln_status model_create(struct cln_model **model, struct cln_error *err)
{
	*model = mem_alloc(1, sizeof **model, err);
	return *model ? CLN_OK : CLN_E_MEMORY;
}

void cln_model_destroy(struct cln_model *model)
{
	if (!model)
		return;
	pipeline_destroy(model->pipeline);
	label_free(&model->label);
	if (!model->members)
		network_destroy(model->network);
	for (size_t k = 0; k < model->n_members; k++)
		network_destroy(model->members[k].network);
	mem_free(model->members);
	mem_free(model->weight);
	mem_free(model->recipe);
	mem_free(model);
}

size_t model_networks(const struct network *networks[CLN_MAX_ENSEMBLE], const struct cln_model *model)
{
	networks[0] = model->network;
	for (size_t k = 0; k < model->n_members; k++)
		networks[k] = model->members[k].network;
	return model->n_members ? model->n_members : 1;
}

size_t model_categories(struct category *categories, const struct pipeline *pipeline)
{
	size_t n = 0;
	for (size_t c = 0; c < pipeline->n_columns; c++) {
		const struct pipeline_column *column = &pipeline->columns[c];
		if (!column->numbered)
			continue;
		if (categories)
			categories[n] = (struct category){.feature = (uint32_t)column->first_feature,
			                                  .n_rows = (uint32_t)column->n_levels + 1};
		n++;
	}
	return n;
}

double model_temperature(const struct cln_model *model)
{
	return model->config.calibration == CLN_CALIBRATE_TEMPERATURE ? model->temperature : 1;
}

double cln_model_threshold(const struct cln_model *model)
{
	return model->threshold;
}

enum cln_status cln_model_set_threshold(struct cln_model *model, double threshold, struct cln_error *err)
{
	if (!(threshold >= 0 && threshold <= 1))
		return error_set(err, CLN_E_USAGE, "the threshold is %g; it must be a number from 0 to 1", threshold);
	model->threshold = threshold;
	return CLN_OK;
}

const char *cln_model_missing(const struct cln_model *model)
{
	return model->pipeline->missing;
}

const char *cln_model_label_value(const struct cln_model *model, int positive)
{
	return positive ? model->label.positive : model->label.negative;
}

/* The model file that a path means: itself, or the one in it where it is a directory. */
static enum cln_status find_file(char **file, const char *path, struct cln_error *err)
{
	struct stat about;
	struct text text = {0};
	text_add(&text, path, strlen(path));
	const bool in_run = stat(path, &about) == 0 && S_ISDIR(about.st_mode);
	if (in_run)
		text_add(&text, "/" FILE_IN_RUN, strlen("/" FILE_IN_RUN));
	*file = text.failed ? NULL : mem_copy(text.bytes, text.length, err);
	if (text.failed)
		error_set(err, CLN_E_MEMORY, "out of memory for a path of %zu bytes", strlen(path));
	text_free(&text);
	if (!*file)
		return CLN_E_MEMORY;
	if (in_run && stat(*file, &about) != 0 && errno == ENOENT)
		return error_set(err, CLN_E_IO, "%s holds no " FILE_IN_RUN ": it is not the directory of a finished run", path);
	return CLN_OK;
}

/* The sentence that model_decode would have made. */
static enum cln_status not_a_model(const char *file, struct cln_error *err)
{
	struct cln_error why = {0};
	if (err)
		why = *err;
	return error_set(err, CLN_E_DAMAGED, "%s: not a Colonnade model: %s", file, why.message);
}

enum cln_status cln_model_load(struct cln_model **model, const char *path, struct cln_error *err)
{
	const bool standard_input = strcmp(path, "-") == 0;
	char *file = NULL, *bytes = NULL;
	size_t length = 0;
	*model = NULL;
	enum cln_status status = find_file(&file, path, err);
	if (status == CLN_OK)
		status = io_read_checked(&bytes, &length, file, MAX_FILE, SAFETENSORS_HEAD, safetensors_begins, err);
	const char *name = standard_input ? "standard input" : file;
	if (status == CLN_E_DAMAGED)
		status = not_a_model(name, err);
	if (status == CLN_OK)
		status = model_decode(model, bytes, length, name, err);
	mem_free(bytes);
	mem_free(file);
	return status;
}

static enum cln_status save(const struct cln_model *model, const struct io_place *place, struct cln_error *err)
{
	struct io_piece piece = {0};
	char *bytes = NULL;
	enum cln_status status = model_encode(&bytes, &piece.length, model, err);
	piece.bytes = bytes;
	if (status == CLN_OK)
		status = io_replace_place(place, &piece, 1, err);
	mem_free(bytes);
	return status;
}

enum cln_status cln_model_save(const struct cln_model *model, const char *path, struct cln_error *err)
{
	return save(model, &(struct io_place){.path = path}, err);
}

enum cln_status model_replaceable(const char *path, struct cln_error *err)
{
	struct stat about;
	char *file = NULL;
	if (strcmp(path, "-") == 0)
		return error_set(err, CLN_E_USAGE, "nothing can be stored in standard input: name the model's file");
	enum cln_status status = find_file(&file, path, err);
	if (status == CLN_OK && stat(file, &about) != 0)
		status = error_set_errno(err, CLN_E_IO, "cannot open %s", file);
	else if (status == CLN_OK && !S_ISREG(about.st_mode))
		status = error_set(err, CLN_E_IO, "%s is no regular file: nothing can be stored in it", file);
	mem_free(file);
	return status;
}

enum cln_status model_replace(const struct cln_model *model, const char *path, void (*guard)(const char *temporary),
                              struct cln_error *err)
{
	char *file = NULL;
	enum cln_status status = find_file(&file, path, err);
	if (status == CLN_OK)
		status = save(model, &(struct io_place){.path = file, .guard = guard}, err);
	mem_free(file);
	return status;
}
