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
#define STATE_VALUES 4096           /* JSON values of a document of 64 members under way, but for what weights stand for */

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

/* The arrays of parameters that a file has, in their order: those of finished members, then the parts of the states. */
#define MOST_VIEWS (CLN_MAX_ENSEMBLE * STATE_N_PARTS)
struct view {
	float *params;
	char prefix[2 * PREFIX]; /* of its tensors' names: a member's, a part's */
};

/* A network of the checkpoint's shape with other parameters; lent. */
static struct network network_of(const struct cln_checkpoint *checkpoint, const struct view *view)
{
	struct network net = *checkpoint->network;
	net.params = view->params;
	return net;
}

/* The layout of format 3 for an ensemble; a single network's is the same in formats 1 and 3. */
static bool holds_several(const struct cln_checkpoint *checkpoint)
{
	return checkpoint->format > 2 && checkpoint->ensemble > 1;
}

/* A state's tensors bear its member's number but in the formats that have only one of them. */
static size_t list_parts(struct view *views, const struct member_under_way *under_way, bool numbered)
{
	char member[PREFIX] = "";
	size_t n = 0;
	if (numbered)
		snprintf(member, PREFIX, "members.%zu.", under_way->member);
	for (size_t i = 0; i < STATE_N_PARTS; i++) {
		if (!under_way->state.parts[i])
			continue;
		views[n].params = under_way->state.parts[i];
		snprintf(views[n++].prefix, 2 * PREFIX, "%s%s", member, parts[i].prefix);
	}
	return n;
}

static size_t list_views(struct view views[MOST_VIEWS], const struct cln_checkpoint *checkpoint)
{
	size_t n = 0;
	for (size_t i = 0; i < checkpoint->n_finished; i++, n++) {
		views[n].params = checkpoint->finished[i].params;
		snprintf(views[n].prefix, 2 * PREFIX, "members.%zu.", checkpoint->finished[i].member);
	}
	for (size_t i = 0; i < checkpoint->n_under_way; i++)
		n += list_parts(views + n, &checkpoint->under_way[i], holds_several(checkpoint));
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

static void write_finished(struct json_writer *writer, const struct cln_checkpoint *checkpoint)
{
	json_begin_array(writer, "members");
	for (size_t i = 0; i < checkpoint->n_finished; i++) {
		const struct finished_member *member = &checkpoint->finished[i];
		json_begin_object(writer, NULL);
		if (holds_several(checkpoint))
			json_size(writer, "member", member->member);
		json_size(writer, "epochs_run", member->epochs);
		json_size(writer, "best_epoch", member->best_epoch);
		json_size(writer, "recoveries", member->recoveries);
		json_double(writer, "seconds", member->seconds);
		json_double(writer, "rows_per_second", member->rows_per_second);
		json_end_object(writer);
	}
	json_end_array(writer);
}

/* Members of the open object. */
static void write_state(struct json_writer *writer, const struct training_state *state)
{
	write_parts(writer, state);
	json_size(writer, "epochs", state->epoch);
	json_size(writer, "steps", state->step);
	json_double(writer, "loss_sum", state->loss_sum);
	json_double(writer, "least_loss", state->least_loss);
	json_size(writer, "recoveries", state->recoveries);
	json_size(writer, "best_epoch", state->best_epoch);
	document_write_metrics(writer, "best", &state->best);
	json_double(writer, "seconds", state->seconds);
	json_double(writer, "training_seconds", state->training_seconds);
	json_double(writer, "epoch_seconds", state->epoch_seconds);
}

static void write_under_way(struct json_writer *writer, const struct cln_checkpoint *checkpoint)
{
	json_begin_array(writer, "under_way");
	for (size_t i = 0; i < checkpoint->n_under_way; i++) {
		json_begin_object(writer, NULL);
		json_size(writer, "member", checkpoint->under_way[i].member);
		write_state(writer, &checkpoint->under_way[i].state);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static enum cln_status write_document(struct text *text, const struct cln_checkpoint *checkpoint, struct cln_error *err)
{
	struct json_writer writer = {.out = text};
	json_begin_object(&writer, NULL);
	json_size(&writer, "format", checkpoint->format);
	json_string(&writer, "kind", "checkpoint");
	document_write_architecture(&writer, checkpoint->network);
	if (checkpoint->ensemble > 1)
		json_size(&writer, "ensemble", checkpoint->ensemble);
	if (holds_several(checkpoint))
		json_double(&writer, "seconds", checkpoint->seconds);
	if (checkpoint->ensemble > 1)
		write_finished(&writer, checkpoint);
	if (holds_several(checkpoint))
		write_under_way(&writer, checkpoint);
	else
		write_state(&writer, &checkpoint->under_way[0].state);
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
	char *bytes = NULL;
	size_t length = 0;
	enum cln_status status = checkpoint_encode(&bytes, &length, checkpoint, note ? note : "", err);
	if (status == CLN_OK)
		status = io_replace_file(path, bytes, length, err);
	mem_free(bytes);
	return status;
}

/* ---------------------------------------------------------------- reading */

/* Which parts a state names: some of them, in their order, the weights among them. */
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

/* The members of format 2 are those from 0 on. */
static enum cln_status read_member(struct finished_member *member, const struct json *object, bool numbered, struct cln_error *err)
{
	enum cln_status status =
	    numbered ? json_get_size(&member->member, object, "member", 0, CLN_MAX_ENSEMBLE - 1, err) : CLN_OK;
	if (status == CLN_OK)
		status = json_get_size(&member->epochs, object, "epochs_run", 0, MAX_WHOLE, err);
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
static enum cln_status read_finished(struct cln_checkpoint *checkpoint, const struct json *document, struct cln_error *err)
{
	const struct json *array = NULL;
	if (checkpoint->format < 2 || (checkpoint->format > 2 && !json_get(document, "ensemble")))
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
	for (const struct json *item = array->child; item && status == CLN_OK; item = item->next) {
		struct finished_member *member = &checkpoint->finished[checkpoint->n_finished];
		member->member = checkpoint->n_finished++;
		status = read_member(member, item, holds_several(checkpoint), err);
	}
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

/* A state's document, and which parts it has; those come with the tensors. */
static enum cln_status read_state(struct member_under_way *under_way, bool has[STATE_N_PARTS], const struct json *object,
                                  struct cln_error *err)
{
	const enum cln_status status = read_parts(has, object, err);
	return status == CLN_OK ? read_position(&under_way->state, object, err) : status;
}

/* The parts of every state, until there are tensors of them. */
typedef bool part_list[STATE_N_PARTS];

static enum cln_status create_under_way(struct cln_checkpoint *checkpoint, part_list **has, size_t n, struct cln_error *err)
{
	checkpoint->under_way = mem_alloc(n, sizeof *checkpoint->under_way, err);
	*has = checkpoint->under_way ? mem_alloc(n, sizeof **has, err) : NULL;
	checkpoint->n_under_way = checkpoint->under_way ? n : 0;
	return *has ? CLN_OK : CLN_E_MEMORY;
}

static enum cln_status read_states(struct cln_checkpoint *checkpoint, part_list **has, const struct json *document,
                                   struct cln_error *err)
{
	const struct json *array = NULL;
	enum cln_status status = json_get_number(&checkpoint->seconds, document, "seconds", 0, DBL_MAX, err);
	if (status == CLN_OK)
		status = json_get_array(&array, document, "under_way", err);
	if (status != CLN_OK)
		return status;
	if (array->n < 1 || array->n > checkpoint->ensemble - checkpoint->n_finished)
		return error_set(err, CLN_E_DAMAGED, "%zu of its %zu members are finished, and %zu under way",
		                 checkpoint->n_finished, checkpoint->ensemble, array->n);
	status = create_under_way(checkpoint, has, array->n, err);
	const struct json *item = array->child;
	for (size_t i = 0; i < array->n && status == CLN_OK; i++, item = item->next) {
		struct member_under_way *under_way = &checkpoint->under_way[i];
		status = json_get_size(&under_way->member, item, "member", 0, CLN_MAX_ENSEMBLE - 1, err);
		if (status == CLN_OK)
			status = read_state(under_way, (*has)[i], item, err);
	}
	return status;
}

/* The document's own state, of the member behind the finished ones. */
static enum cln_status read_only_state(struct cln_checkpoint *checkpoint, part_list **has, const struct json *document,
                                       struct cln_error *err)
{
	enum cln_status status = create_under_way(checkpoint, has, 1, err);
	if (status == CLN_OK)
		status = read_state(&checkpoint->under_way[0], (*has)[0], document, err);
	if (status != CLN_OK)
		return status;
	checkpoint->under_way[0].member = checkpoint->n_finished;
	checkpoint->seconds = checkpoint->under_way[0].state.seconds;
	for (size_t i = 0; i < checkpoint->n_finished; i++)
		checkpoint->seconds += checkpoint->finished[i].seconds;
	return CLN_OK;
}

/* Each in ascending order, and both together the members from 0 on. */
static enum cln_status check_members(const struct cln_checkpoint *checkpoint, struct cln_error *err)
{
	const size_t n = checkpoint->n_finished + checkpoint->n_under_way;
	size_t finished = 0, under_way = 0;
	for (size_t k = 0; k < n; k++) {
		if (finished < checkpoint->n_finished && checkpoint->finished[finished].member == k)
			finished++;
		else if (under_way < checkpoint->n_under_way && checkpoint->under_way[under_way].member == k)
			under_way++;
		else
			return error_set(err, CLN_E_DAMAGED,
			                 "member %zu of the first %zu is neither finished nor under way, or out of order", k, n);
	}
	return CLN_OK;
}

/* The parts' tensors must take exactly the bytes behind the header, before anything is allocated for them. */
static enum cln_status check_length(const struct cln_checkpoint *checkpoint, const part_list *has,
                                    const struct architecture *architecture, size_t data_length, struct cln_error *err)
{
	size_t n = checkpoint->n_finished, one, bytes = 0;
	for (size_t i = 0; i < checkpoint->n_under_way; i++)
		for (size_t part = 0; part < STATE_N_PARTS; part++)
			n += has[i][part];
	const bool fits = tensors_length(&one, architecture) && size_mul(&bytes, one, n);
	if (!fits || bytes != data_length)
		return error_set(err, CLN_E_DAMAGED,
		                 "its %zu parts and members of %zu layers do not take the %zu bytes behind its header%s", n,
		                 architecture->L, data_length, !fits || bytes > data_length ? ": was it cut short?" : "");
	return CLN_OK;
}

static enum cln_status create_params(float **params, const struct network *net, struct cln_error *err)
{
	*params = mem_alloc(net->n_floats, sizeof **params, err);
	return *params ? CLN_OK : CLN_E_MEMORY;
}

/* Room for all tensors. */
static enum cln_status create_arrays(struct cln_checkpoint *checkpoint, const part_list *has,
                                     const struct architecture *architecture, struct cln_error *err)
{
	enum cln_status status = network_create(&checkpoint->network, architecture->n, architecture->L,
	                                        architecture->activation, &architecture->front, err);
	for (size_t k = 0; k < checkpoint->n_finished && status == CLN_OK; k++)
		status = create_params(&checkpoint->finished[k].params, checkpoint->network, err);
	for (size_t i = 0; i < checkpoint->n_under_way; i++)
		for (size_t part = 0; part < STATE_N_PARTS && status == CLN_OK; part++)
			if (has[i][part])
				status = create_params(&checkpoint->under_way[i].state.parts[part], checkpoint->network, err);
	return status;
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

static enum cln_status read_content(struct cln_checkpoint *checkpoint, part_list **has, const struct json *document,
                                    struct cln_error *err)
{
	enum cln_status status = json_get_size(&checkpoint->format, document, "format", 1, CHECKPOINT_FORMAT, err);
	if (status == CLN_OK)
		status = read_finished(checkpoint, document, err);
	if (status == CLN_OK && holds_several(checkpoint))
		status = read_states(checkpoint, has, document, err);
	else if (status == CLN_OK)
		status = read_only_state(checkpoint, has, document, err);
	return status == CLN_OK ? check_members(checkpoint, err) : status;
}

static enum cln_status read_checkpoint(struct cln_checkpoint *checkpoint, const struct json *document, struct safetensors *file,
                                       struct cln_error *err)
{
	struct architecture architecture = {0};
	part_list *has = NULL;
	enum cln_status status = document_read_architecture(&architecture, document, err);
	if (status == CLN_OK)
		status = read_content(checkpoint, &has, document, err);
	if (status == CLN_OK)
		status = check_length(checkpoint, has, &architecture, file->data_length, err);
	if (status == CLN_OK)
		status = create_arrays(checkpoint, has, &architecture, err);
	if (status == CLN_OK)
		status = read_tensors(checkpoint, file, err);
	if (status == CLN_OK)
		status = read_texts(checkpoint, file, err);
	front_free(&architecture.front);
	mem_free(has);
	return status == CLN_OK ? verify(checkpoint, file, err) : status;
}

static enum cln_status read_document(const struct json **document, const struct safetensors *file, struct cln_error *err)
{
	const char *text = safetensors_metadata(file, DOCUMENT);
	if (!text)
		return error_set(err, CLN_E_DAMAGED, "its metadata has no \"" DOCUMENT "\": another program's safetensors file");
	/* Embedded features, categories and edges of bins each have more parameters than values in the document. */
	enum cln_status status =
	    json_parse_limited(document, text, strlen(text), file->data_length / sizeof(float) + STATE_VALUES, err);
	return status == CLN_OK ? document_known(*document, "checkpoint", CHECKPOINT_FORMAT, err) : status;
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
	for (size_t i = 0; i < checkpoint->n_under_way; i++)
		for (size_t part = 0; part < STATE_N_PARTS; part++)
			mem_free(checkpoint->under_way[i].state.parts[part]);
	for (size_t k = 0; k < checkpoint->n_finished; k++)
		mem_free(checkpoint->finished[k].params);
	mem_free(checkpoint->under_way);
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

void cln_checkpoint_position(const struct cln_checkpoint *checkpoint, struct cln_position *position)
{
	const struct member_under_way *first = &checkpoint->under_way[0];
	*position = (struct cln_position){.finished = checkpoint->n_finished,
	                                  .under_way = checkpoint->n_under_way,
	                                  .member = first->member,
	                                  .epochs = first->state.epoch,
	                                  .steps = first->state.step};
	for (size_t i = 0; i < checkpoint->n_finished; i++)
		position->all_epochs += checkpoint->finished[i].epochs;
	for (size_t i = 0; i < checkpoint->n_under_way; i++)
		position->all_epochs += checkpoint->under_way[i].state.epoch;
}
