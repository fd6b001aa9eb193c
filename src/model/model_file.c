/* SPDX-License-Identifier: MIT
 * A model as the bytes of its file, and back: doc/model-format.md. */
#include "base/utf8.h"
#include "model/document.h"
#include "model/tensors.h"

#include <stdio.h>
#include <string.h>

#define DOCUMENT "colonnade"
#define CHECKSUM "colonnade_checksum"
#define MEMBER_PREFIX 32
#define RESULTS_ROOM ((size_t)1 << 16) /* bytes of a header that are known after the training: epochs of 64 members, metrics */

/* What stands before the names of network k's tensors. */
static void member_prefix(char prefix[MEMBER_PREFIX], const struct cln_model *model, size_t k)
{
	*prefix = '\0';
	if (model->members)
		snprintf(prefix, MEMBER_PREFIX, "members.%zu.", k);
}

/* ---------------------------------------------------------------- writing */

/* The file's first bytes, up to the tensors.  The header is a pure function of the model: readers compare with it. */
static enum cln_status write_header(struct safetensors_writer *writer, const struct cln_model *model, struct cln_error *err)
{
	struct text document = {0};
	enum cln_status status = document_text(&document, model, err);
	if (status != CLN_OK)
		return status;
	safetensors_begin(writer);
	safetensors_write_metadata(writer, DOCUMENT, document.bytes);
	safetensors_write_checksum(writer, CHECKSUM);
	text_free(&document);
	const struct network *networks[CLN_MAX_ENSEMBLE];
	const size_t K = model_networks(networks, model);
	for (size_t k = 0; k < K; k++) {
		char prefix[MEMBER_PREFIX];
		member_prefix(prefix, model, k);
		tensors_declare(writer, prefix, networks[k]);
	}
	return safetensors_end(writer, err);
}

static enum cln_status column_length(size_t *length, const struct pipeline_column *column, struct cln_error *err)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text};
	document_write_column(&writer, column);
	*length = text.length;
	enum cln_status status = text_check(&text, err);
	text_free(&text);
	return status;
}

static enum cln_status too_long(const struct cln_model *model, struct cln_error *err)
{
	const struct pipeline_column *longest = model->pipeline->columns;
	size_t most = 0;
	for (size_t i = 0; i < model->pipeline->n_columns; i++) {
		size_t length = 0;
		enum cln_status status = column_length(&length, &model->pipeline->columns[i], err);
		if (status != CLN_OK)
			return status;
		if (length > most) {
			most = length;
			longest = &model->pipeline->columns[i];
		}
	}
	return error_set(err, CLN_E_DATA,
	                 "what a model holds of its columns takes more than the %d bytes that a model file has for it, most "
	                 "of them for \"%.*s\" (%zu different texts); --ignore leaves that column out",
	                 SAFETENSORS_MAX_HEADER, utf8_cut(longest->name, 200), longest->name, longest->n_levels + longest->n_rare);
}

enum cln_status model_check_room(const struct cln_model *model, struct cln_error *err)
{
	struct safetensors_writer writer = {0};
	enum cln_status status = write_header(&writer, model, err);
	if (status == CLN_E_DATA || (status == CLN_OK && writer.text.length + RESULTS_ROOM > SAFETENSORS_MAX_HEADER))
		status = too_long(model, err);
	safetensors_writer_free(&writer);
	return status;
}

/* Behind the header, which is a multiple of a float long. */
static void write_networks(char *data, const struct cln_model *model)
{
	const struct network *networks[CLN_MAX_ENSEMBLE];
	const size_t K = model_networks(networks, model);
	float *next = (float *)(void *)data;
	for (size_t k = 0; k < K; k++)
		next = tensors_write(next, networks[k]);
}

static const char *changed_in_list(char *const *texts, char *const *copies, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(texts[i], copies[i]) != 0)
			return texts[i];
	return NULL;
}

/* The first text that the file holds differently (JSON has UTF-8 only), or NULL.  `copy` was read from what `model` wrote, so both
 * have the same texts otherwise. */
static const char *changed_text(const struct cln_model *model, const struct cln_model *copy)
{
	char *const texts[] = {model->label.column, model->label.negative, model->label.positive, model->recipe};
	char *const copies[] = {copy->label.column, copy->label.negative, copy->label.positive, copy->recipe};
	const char *changed = changed_in_list(texts, copies, sizeof texts / sizeof *texts);
	if (!changed && model->weight)
		changed = changed_in_list(&model->weight, &copy->weight, 1);
	for (size_t i = 0; i < copy->pipeline->n_columns && !changed; i++) {
		const struct pipeline_column *a = &model->pipeline->columns[i], *b = &copy->pipeline->columns[i];
		changed = changed_in_list(&a->name, &b->name, 1);
		if (!changed)
			changed = changed_in_list(a->levels, b->levels, b->n_levels);
		if (!changed)
			changed = changed_in_list(a->rare, b->rare, b->n_rare);
	}
	return changed;
}

/* What cannot be read back must not be written: an unreadable file would only be noticed when it is needed. */
static enum cln_status check_readable(const struct cln_model *model, const char *bytes, size_t length, struct cln_error *err)
{
	struct cln_model *copy = NULL;
	struct cln_error why = {0};
	enum cln_status status = model_decode(&copy, bytes, length, "what was to be written", &why);
	const char *changed = status == CLN_OK ? changed_text(model, copy) : NULL;
	cln_model_destroy(copy);
	if (changed)
		return error_set(err, CLN_E_DATA, "the model cannot be saved: \"%.200s\" is not UTF-8", changed);
	if (status == CLN_E_DAMAGED)
		return error_set(err, CLN_E_DATA, "the model cannot be saved: %.2000s", why.message);
	return status == CLN_OK ? CLN_OK : error_set(err, status, "%s", why.message);
}

enum cln_status model_encode(char **bytes, size_t *length, const struct cln_model *model, struct cln_error *err)
{
	struct safetensors_writer writer = {0};
	char digits[SAFETENSORS_CHECKSUM + 1];
	*bytes = NULL;
	*length = 0;
	enum cln_status status = write_header(&writer, model, err);
	if (status != CLN_OK)
		goto done;
	size_t n = writer.text.length + writer.data_length;
	*bytes = mem_alloc(n, 1, err);
	if (!*bytes) {
		status = CLN_E_MEMORY;
		goto done;
	}
	memcpy(*bytes, writer.text.bytes, writer.text.length);
	write_networks(*bytes + writer.text.length, model);
	safetensors_checksum(digits, *bytes, n, writer.checksum_at);
	memcpy(*bytes + writer.checksum_at, digits, SAFETENSORS_CHECKSUM);
	*length = n;
	status = check_readable(model, *bytes, n, err);
done:
	safetensors_writer_free(&writer);
	if (status != CLN_OK) {
		mem_free(*bytes);
		*bytes = NULL;
		*length = 0;
	}
	return status;
}

/* ---------------------------------------------------------------- reading */

/* The bytes that the weights of K networks take; at most 64 65 (2^40 + 2^20) 4. */
static enum cln_status check_length(const struct architecture *architecture, size_t K, size_t data_length, struct cln_error *err)
{
	size_t one, bytes = 0;
	const bool fits = tensors_length(&one, architecture) && size_mul(&bytes, one, K);
	if (!fits || bytes > data_length)
		return error_set(err, CLN_E_DAMAGED, "its %zu layers do not fit the %zu bytes of weights in it: was it cut short?",
		                 K * architecture->L, data_length);
	if (bytes < data_length)
		return error_set(err, CLN_E_DAMAGED, "%zu bytes follow its weights", data_length - bytes);
	return CLN_OK;
}

static enum cln_status read_network(struct network **net, const char *prefix, const struct architecture *architecture,
                                    struct safetensors *file, struct cln_error *err)
{
	enum cln_status status = network_create(net, architecture->n, architecture->L, architecture->activation,
	                                        &architecture->front, err);
	if (status == CLN_OK)
		status = tensors_read(*net, prefix, true, file, err);
	if (status == CLN_OK)
		network_sync(*net);
	return status;
}

static enum cln_status read_networks(struct cln_model *model, const struct architecture *architecture, struct safetensors *file,
                                     struct cln_error *err)
{
	const size_t K = model->members ? model->n_members : 1;
	enum cln_status status = check_length(architecture, K, file->data_length, err);
	for (size_t k = 0; k < K && status == CLN_OK; k++) {
		struct network **net = model->members ? &model->members[k].network : &model->network;
		char prefix[MEMBER_PREFIX];
		member_prefix(prefix, model, k);
		status = read_network(net, prefix, architecture, file, err);
	}
	if (status == CLN_OK && model->members)
		model->network = model->members[0].network;
	return status == CLN_OK ? safetensors_finish(file, err) : status;
}

/* The header must be, digit for digit of the checksum apart, what this version writes for the model. */
static enum cln_status check_canonical(const struct cln_model *model, const struct safetensors *file, struct cln_error *err)
{
	struct safetensors_writer writer = {0};
	enum cln_status status = write_header(&writer, model, err);
	if (status == CLN_OK)
		status = safetensors_verify(file, &writer, err);
	safetensors_writer_free(&writer);
	return status;
}

/* Everything behind the container and the version. */
static enum cln_status read_model(struct cln_model **model, const struct json *document, struct safetensors *file,
                                  struct cln_error *err)
{
	struct architecture architecture = {0};
	enum cln_status status = model_create(model, err);
	if (status == CLN_OK)
		status = document_read(*model, &architecture, document, err);
	if (status == CLN_OK)
		status = read_networks(*model, &architecture, file, err);
	if (status == CLN_OK)
		status = check_canonical(*model, file, err);
	front_free(&architecture.front);
	return status;
}

static enum cln_status read_document(const struct json **document, const struct safetensors *file, struct cln_error *err)
{
	const char *text = safetensors_metadata(file, DOCUMENT);
	if (!text)
		return error_set(err, CLN_E_DAMAGED, "its metadata has no \"" DOCUMENT "\": another program's safetensors file");
	/* The least value is one of many levels of a column, "a", with its quotes and comma; what stands between keys is more. */
	size_t length = strlen(text);
	return json_parse_limited(document, text, length, length / 4 + 8, err);
}

enum cln_status model_decode(struct cln_model **model, const char *bytes, size_t length, const char *name, struct cln_error *err)
{
	struct safetensors file = {0};
	const struct json *document = NULL;
	struct cln_error why = {0};
	const char *what = "not a Colonnade model: ";
	*model = NULL;
	enum cln_status status = safetensors_open(&file, bytes, length, &why);
	if (status == CLN_OK)
		status = read_document(&document, &file, &why);
	if (status == CLN_OK) {
		status = document_known(document, "model", DOCUMENT_FORMAT, &why);
		what = status == CLN_OK ? what : "";
	}
	if (status == CLN_OK)
		status = read_model(model, document, &file, &why);
	json_free(document);
	safetensors_close(&file);
	if (status != CLN_OK) {
		cln_model_destroy(*model);
		*model = NULL;
	}
	if (status == CLN_OK)
		return CLN_OK;
	return error_set(err, status, "%s: %s%s", name, status == CLN_E_DAMAGED ? what : "", why.message);
}
