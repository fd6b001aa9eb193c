/* SPDX-License-Identifier: MIT
 * A checkpoint as the bytes of its file, and back: doc/checkpoint-format.md. */
#include "model/checkpoint.h"

#include "base/io.h"
#include "model/tensors.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define DOCUMENT "colonnade"
#define IDENTITY "colonnade_identity"
#define NOTE "colonnade_note"
#define CHECKSUM "colonnade_checksum"
#define PREFIX 32
#define MAX_FILE ((size_t)1 << 40)  /* bytes; only keeps a length from the arithmetic's limits */
#define MAX_WHOLE ((size_t)1 << 53) /* a double holds every whole number up to here */

/* In the order of enum state_part: the name in the document, and what stands before the names of its tensors. */
static const struct {
	const char *name, *prefix;
} parts[STATE_N_PARTS] = {
	{"weights", ""},
	{"first", "first."},
	{"second", "second."},
	{"best", "best."},
	{"start", "start."},
	{"start_first", "start_first."},
	{"start_second", "start_second."},
};

/* The arrays of parameters that a file has, in their order: those of finished members, then the parts of the state. */
#define MOST_VIEWS (CLN_MAX_ENSEMBLE + STATE_N_PARTS)
struct view {
	float *params;
	char prefix[PREFIX]; /* of its tensors' names */
};

/* A network of the checkpoint's shape with other parameters; lent. */
static struct network network_of(const struct cln_checkpoint *checkpoint, const struct view *view)
{
	struct network net = *checkpoint->network;
	net.params = view->params;
	return net;
}

static size_t list_views(struct view views[MOST_VIEWS], const struct cln_checkpoint *checkpoint)
{
	size_t n = 0;
	for (size_t k = 0; k < checkpoint->n_finished; k++, n++) {
		views[n].params = checkpoint->finished[k].params;
		snprintf(views[n].prefix, PREFIX, "members.%zu.", k);
	}
	for (size_t i = 0; i < STATE_N_PARTS; i++)
		if (checkpoint->state.parts[i]) {
			views[n].params = checkpoint->state.parts[i];
			snprintf(views[n++].prefix, PREFIX, "%s", parts[i].prefix);
		}
	return n;
}

/* ---------------------------------------------------------------- writing */

static void write_parts(struct json_writer *writer, const struct training_state *state)
{
	json_begin_array(writer, "parts");
	for (size_t i = 0; i < STATE_N_PARTS; i++)
		if (state->parts[i])
			json_string(writer, NULL, parts[i].name);
	json_end_array(writer);
}

static void write_members(struct json_writer *writer, const struct cln_checkpoint *checkpoint)
{
	json_size(writer, "ensemble", checkpoint->ensemble);
	json_begin_array(writer, "members");
	for (size_t k = 0; k < checkpoint->n_finished; k++) {
		const struct finished_member *member = &checkpoint->finished[k];
		json_begin_object(writer, NULL);
		json_size(writer, "epochs_run", member->epochs);
		json_size(writer, "best_epoch", member->best_epoch);
		json_size(writer, "recoveries", member->recoveries);
		json_double(writer, "seconds", member->seconds);
		json_double(writer, "rows_per_second", member->rows_per_second);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static enum cln_status write_document(struct text *text, const struct cln_checkpoint *checkpoint, struct cln_error *err)
{
	struct json_writer writer = {.out = text};
	const struct training_state *state = &checkpoint->state;
	json_begin_object(&writer, NULL);
	json_size(&writer, "format", document_is_third(checkpoint->network) ? 3 : checkpoint->ensemble > 1 ? 2 : 1);
	json_string(&writer, "kind", "checkpoint");
	document_write_architecture(&writer, checkpoint->network);
	if (checkpoint->ensemble > 1)
		write_members(&writer, checkpoint);
	write_parts(&writer, state);
	json_size(&writer, "epochs", state->epoch);
	json_size(&writer, "steps", state->step);
	json_double(&writer, "loss_sum", state->loss_sum);
	json_double(&writer, "least_loss", state->least_loss);
	json_size(&writer, "recoveries", state->recoveries);
	json_size(&writer, "best_epoch", state->best_epoch);
	document_write_metrics(&writer, "best", &state->best);
	json_double(&writer, "seconds", state->seconds);
	json_double(&writer, "training_seconds", state->training_seconds);
	json_double(&writer, "epoch_seconds", state->epoch_seconds);
	json_end_object(&writer);
	return text_check(text, err);
}

static enum cln_status write_header(struct safetensors_writer *writer, const struct cln_checkpoint *checkpoint, const char *note,
                                    struct cln_error *err)
{
	struct view views[MOST_VIEWS];
	const size_t n_views = list_views(views, checkpoint);
	struct text document = {0};
	enum cln_status status = write_document(&document, checkpoint, err);
	if (status == CLN_OK) {
		safetensors_begin(writer);
		safetensors_write_metadata(writer, DOCUMENT, document.bytes);
		safetensors_write_metadata(writer, IDENTITY, checkpoint->identity);
		safetensors_write_metadata(writer, NOTE, note);
		safetensors_write_checksum(writer, CHECKSUM);
	}
	text_free(&document);
	for (size_t i = 0; i < n_views && status == CLN_OK; i++)
		tensors_declare(writer, views[i].prefix, checkpoint->network);
	return status == CLN_OK ? safetensors_end(writer, err) : status;
}

/* Behind the header, which is a multiple of a float long. */
static void write_tensors(char *data, const struct cln_checkpoint *checkpoint)
{
	float *to = (float *)(void *)data;
	struct view views[MOST_VIEWS];
	const size_t n_views = list_views(views, checkpoint);
	for (size_t i = 0; i < n_views; i++) {
		const struct network net = network_of(checkpoint, &views[i]);
		to = tensors_write(to, &net);
	}
}

enum cln_status checkpoint_encode(char **bytes, size_t *length, const struct cln_checkpoint *checkpoint, const char *note,
                                  struct cln_error *err)
{
	struct safetensors_writer writer = {0};
	char digits[SAFETENSORS_CHECKSUM + 1];
	*bytes = NULL;
	*length = 0;
	enum cln_status status = write_header(&writer, checkpoint, note, err);
	const size_t n = writer.text.length + writer.data_length;
	if (status == CLN_OK) {
		*bytes = mem_alloc(n, 1, err);
		status = *bytes ? CLN_OK : CLN_E_MEMORY;
	}
	if (status == CLN_OK) {
		memcpy(*bytes, writer.text.bytes, writer.text.length);
		write_tensors(*bytes + writer.text.length, checkpoint);
		safetensors_checksum(digits, *bytes, n, writer.checksum_at);
		memcpy(*bytes + writer.checksum_at, digits, SAFETENSORS_CHECKSUM);
		*length = n;
	}
	safetensors_writer_free(&writer);
	return status;
}

enum cln_status cln_checkpoint_save(const struct cln_checkpoint *checkpoint, const char *note, const char *path,
                                    struct cln_error *err)
{
	struct io_piece piece = {0};
	char *bytes = NULL;
	enum cln_status status = checkpoint_encode(&bytes, &piece.length, checkpoint, note ? note : "", err);
	piece.bytes = bytes;
	if (status == CLN_OK)
		status = io_replace_file(path, &piece, 1, err);
	mem_free(bytes);
	return status;
}

/* ---------------------------------------------------------------- reading */

/* Which parts the document names: some of them, in their order, the weights among them. */
static enum cln_status read_parts(bool has[STATE_N_PARTS], const struct json *document, struct cln_error *err)
{
	const struct json *array, *item;
	enum cln_status status = json_get_array(&array, document, "parts", err);
	if (status != CLN_OK)
		return status;
	item = array->child;
	for (size_t i = 0; i < STATE_N_PARTS; i++) {
		has[i] = item && item->type == JSON_STRING && strcmp(item->string, parts[i].name) == 0;
		if (has[i])
			item = item->next;
	}
	if (item || !has[STATE_WEIGHTS])
		return error_set(err, CLN_E_DAMAGED, "\"parts\" holds what is no list of parts");
	return CLN_OK;
}

static enum cln_status read_member(struct finished_member *member, const struct json *object, struct cln_error *err)
{
	enum cln_status status = json_get_size(&member->epochs, object, "epochs_run", 0, MAX_WHOLE, err);
	if (status == CLN_OK)
		status = json_get_size(&member->best_epoch, object, "best_epoch", 0, MAX_WHOLE, err);
	if (status == CLN_OK)
		status = json_get_size(&member->recoveries, object, "recoveries", 0, MAX_WHOLE, err);
	if (status == CLN_OK)
		status = json_get_number(&member->seconds, object, "seconds", 0, DBL_MAX, err);
	if (status == CLN_OK)
		status = json_get_number(&member->rows_per_second, object, "rows_per_second", 0, DBL_MAX, err);
	return status;
}

/* What is told of finished members; their weights come with the tensors. */
static enum cln_status read_members(struct cln_checkpoint *checkpoint, const struct json *document, struct cln_error *err)
{
	const struct json *array = NULL;
	if (!json_get(document, "ensemble"))
		return CLN_OK;
	enum cln_status status = json_get_size(&checkpoint->ensemble, document, "ensemble", 2, CLN_MAX_ENSEMBLE, err);
	if (status == CLN_OK)
		status = json_get_array(&array, document, "members", err);
	if (status != CLN_OK)
		return status;
	if (array->n >= checkpoint->ensemble)
		return error_set(err, CLN_E_DAMAGED, "%zu of its %zu members are finished, and one is under way", array->n,
		                 checkpoint->ensemble);
	checkpoint->finished = mem_alloc(array->n, sizeof *checkpoint->finished, err);
	if (!checkpoint->finished)
		return CLN_E_MEMORY;
	for (const struct json *item = array->child; item && status == CLN_OK; item = item->next)
		status = read_member(&checkpoint->finished[checkpoint->n_finished++], item, err);
	return status;
}

/* A number that is null where it is infinite. */
static enum cln_status read_least_loss(double *value, const struct json *document, struct cln_error *err)
{
	const struct json *member = json_get(document, "least_loss");
	*value = INFINITY;
	if (member && member->type == JSON_NULL)
		return CLN_OK;
	return json_get_number(value, document, "least_loss", -DBL_MAX, DBL_MAX, err);
}

static enum cln_status read_position(struct training_state *state, const struct json *document, struct cln_error *err)
{
	enum cln_status status = json_get_size(&state->epoch, document, "epochs", 0, MAX_WHOLE, err);
	if (status == CLN_OK)
		status = json_get_size(&state->step, document, "steps", 0, MAX_WHOLE, err);
	if (status == CLN_OK)
		status = json_get_number(&state->loss_sum, document, "loss_sum", -DBL_MAX, DBL_MAX, err);
	if (status == CLN_OK)
		status = read_least_loss(&state->least_loss, document, err);
	if (status == CLN_OK)
		status = json_get_size(&state->recoveries, document, "recoveries", 0, MAX_WHOLE, err);
	if (status == CLN_OK)
		status = json_get_size(&state->best_epoch, document, "best_epoch", 0, MAX_WHOLE, err);
	if (status == CLN_OK)
		status = document_read_metrics(&state->best, document, "best", err);
	if (status == CLN_OK)
		status = json_get_number(&state->seconds, document, "seconds", 0, DBL_MAX, err);
	if (status == CLN_OK)
		status = json_get_number(&state->training_seconds, document, "training_seconds", 0, DBL_MAX, err);
	if (status == CLN_OK)
		status = json_get_number(&state->epoch_seconds, document, "epoch_seconds", 0, DBL_MAX, err);
	return status;
}

/* The parts' tensors must take exactly the bytes behind the header, before anything is allocated for them. */
static enum cln_status check_length(const struct architecture *architecture, size_t n_parts, size_t data_length,
                                    struct cln_error *err)
{
	size_t one, bytes = 0;
	const bool fits = tensors_length(&one, architecture) && size_mul(&bytes, one, n_parts);
	if (!fits || bytes != data_length)
		return error_set(err, CLN_E_DAMAGED,
		                 "its %zu parts and members of %zu layers do not take the %zu bytes behind its header%s", n_parts,
		                 architecture->L, data_length, !fits || bytes > data_length ? ": was it cut short?" : "");
	return CLN_OK;
}

static enum cln_status create_finished(struct cln_checkpoint *checkpoint, struct cln_error *err)
{
	for (size_t k = 0; k < checkpoint->n_finished; k++) {
		checkpoint->finished[k].params = mem_alloc(checkpoint->network->n_floats, sizeof(float), err);
		if (!checkpoint->finished[k].params)
			return CLN_E_MEMORY;
	}
	return CLN_OK;
}

/* The weights lie in the network, the other parts in arrays of their own. */
static enum cln_status create_parts(struct cln_checkpoint *checkpoint, const bool has[STATE_N_PARTS],
                                    const struct architecture *architecture, struct cln_error *err)
{
	struct network *net = NULL;
	const enum cln_status status = network_create_with_front(&net, architecture->n, architecture->L, architecture->activation,
	                                                         &architecture->front, err);
	if (status != CLN_OK)
		return status;
	checkpoint->network = net;
	checkpoint->state.parts[STATE_WEIGHTS] = net->params;
	for (size_t i = STATE_FIRST; i < STATE_N_PARTS; i++) {
		checkpoint->state.parts[i] = has[i] ? mem_alloc(net->n_floats, sizeof(float), err) : NULL;
		if (has[i] && !checkpoint->state.parts[i])
			return CLN_E_MEMORY;
	}
	return CLN_OK;
}

static enum cln_status read_tensors(const struct cln_checkpoint *checkpoint, struct safetensors *file, struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	struct view views[MOST_VIEWS];
	const size_t n_views = list_views(views, checkpoint);
	for (size_t i = 0; i < n_views && status == CLN_OK; i++) {
		struct network net = network_of(checkpoint, &views[i]);
		status = tensors_read(&net, views[i].prefix, false, file, err);
	}
	return status == CLN_OK ? safetensors_finish(file, err) : status;
}

static enum cln_status read_texts(struct cln_checkpoint *checkpoint, const struct safetensors *file, struct cln_error *err)
{
	const char *identity = safetensors_metadata(file, IDENTITY), *note = safetensors_metadata(file, NOTE);
	if (!identity || !note)
		return error_set(err, CLN_E_DAMAGED, "its metadata has no \"%s\"", identity ? NOTE : IDENTITY);
	checkpoint->identity = mem_copy(identity, strlen(identity), err);
	checkpoint->note = mem_copy(note, strlen(note), err);
	return checkpoint->identity && checkpoint->note ? CLN_OK : CLN_E_MEMORY;
}

/* The header must be what this version writes for the content, and the checksum right. */
static enum cln_status verify(const struct cln_checkpoint *checkpoint, const struct safetensors *file, struct cln_error *err)
{
	struct safetensors_writer writer = {0};
	enum cln_status status = write_header(&writer, checkpoint, checkpoint->note, err);
	if (status == CLN_OK)
		status = safetensors_verify(file, &writer, err);
	safetensors_writer_free(&writer);
	return status;
}

static enum cln_status read_checkpoint(struct cln_checkpoint *checkpoint, const struct json *document, struct safetensors *file,
                                       struct cln_error *err)
{
	struct architecture architecture = {0};
	bool has[STATE_N_PARTS] = {false};
	size_t n_parts = 0;
	enum cln_status status = document_read_architecture(&architecture, document, err);
	if (status == CLN_OK)
		status = read_parts(has, document, err);
	if (status == CLN_OK)
		status = read_members(checkpoint, document, err);
	for (size_t i = 0; i < STATE_N_PARTS; i++)
		n_parts += has[i];
	if (status == CLN_OK)
		status = read_position(&checkpoint->state, document, err);
	if (status == CLN_OK)
		status = check_length(&architecture, checkpoint->n_finished + n_parts, file->data_length, err);
	if (status == CLN_OK)
		status = create_parts(checkpoint, has, &architecture, err);
	if (status == CLN_OK)
		status = create_finished(checkpoint, err);
	if (status == CLN_OK)
		status = read_tensors(checkpoint, file, err);
	if (status == CLN_OK)
		status = read_texts(checkpoint, file, err);
	architecture_free(&architecture);
	return status == CLN_OK ? verify(checkpoint, file, err) : status;
}

static enum cln_status read_document(const struct json **document, const struct safetensors *file, struct cln_error *err)
{
	const char *text = safetensors_metadata(file, DOCUMENT);
	if (!text)
		return error_set(err, CLN_E_DAMAGED, "its metadata has no \"" DOCUMENT "\": another program's safetensors file");
	enum cln_status status = json_parse(document, text, strlen(text), err);
	return status == CLN_OK ? document_known(*document, "checkpoint", err) : status;
}

enum cln_status checkpoint_decode(struct cln_checkpoint **checkpoint, const char *bytes, size_t length, const char *name,
                                  struct cln_error *err)
{
	struct safetensors file = {0};
	const struct json *document = NULL;
	struct cln_error why = {0};
	struct cln_checkpoint *made = mem_alloc(1, sizeof *made, &why);
	enum cln_status status = made ? safetensors_open(&file, bytes, length, &why) : CLN_E_MEMORY;
	if (made)
		made->loaded = true;
	if (status == CLN_OK)
		status = read_document(&document, &file, &why);
	if (status == CLN_OK)
		status = read_checkpoint(made, document, &file, &why);
	json_free(document);
	safetensors_close(&file);
	*checkpoint = made;
	if (status == CLN_OK)
		return CLN_OK;
	cln_checkpoint_destroy(made);
	*checkpoint = NULL;
	return error_set(err, status, "%s: %s%s", name, status == CLN_E_DAMAGED ? "not a Colonnade checkpoint: " : "", why.message);
}

enum cln_status cln_checkpoint_load(struct cln_checkpoint **checkpoint, const char *path, struct cln_error *err)
{
	char *bytes = NULL;
	size_t length = 0;
	*checkpoint = NULL;
	enum cln_status status = io_read_file(&bytes, &length, path, MAX_FILE, err);
	if (status == CLN_OK)
		status = checkpoint_decode(checkpoint, bytes, length, path, err);
	mem_free(bytes);
	return status;
}

void cln_checkpoint_destroy(struct cln_checkpoint *checkpoint)
{
	if (!checkpoint || !checkpoint->loaded)
		return;
	for (size_t i = STATE_FIRST; i < STATE_N_PARTS; i++)
		mem_free(checkpoint->state.parts[i]);
	for (size_t k = 0; k < checkpoint->n_finished; k++)
		mem_free(checkpoint->finished[k].params);
	mem_free(checkpoint->finished);
	network_destroy(checkpoint->network);
	mem_free(checkpoint->identity);
	mem_free(checkpoint->note);
	mem_free(checkpoint->allowed);
	mem_free(checkpoint);
}

const char *cln_checkpoint_note(const struct cln_checkpoint *checkpoint)
{
	return checkpoint->note ? checkpoint->note : "";
}

void cln_checkpoint_position(const struct cln_checkpoint *checkpoint, size_t *epochs, size_t *steps)
{
	*epochs = checkpoint->state.epoch;
	*steps = checkpoint->state.step;
}

void cln_checkpoint_members(const struct cln_checkpoint *checkpoint, size_t *members, size_t *epochs)
{
	*members = checkpoint->n_finished;
	*epochs = 0;
	for (size_t k = 0; k < checkpoint->n_finished; k++)
		*epochs += checkpoint->finished[k].epochs;
}
