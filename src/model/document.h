/* SPDX-License-Identifier: MIT
 * The JSON document in a model file's metadata (doc/model-format.md, section 3): everything about a model but its weights. */
#ifndef MODEL_DOCUMENT_H
#define MODEL_DOCUMENT_H

#include "base/json.h"
#include "model/model.h"

#define DOCUMENT_FORMAT 5 /* the newest that is read */

struct architecture {
	size_t L, n[NETWORK_MAX_LAYERS + 1]; /* n[0]: the features */
	enum cln_activation activation;
	struct front front; /* ended with front_free */
};

/* Whether a network has what only format 3 has room for: tables of categories, bins, a parametric activation. */
bool document_is_third(const struct network *net);

/* The format that a model is written in: the oldest that has room for all that it is. */
size_t document_format(const struct cln_model *model);

/* The document's members, into an object that the caller has begun. */
void document_write(struct json_writer *writer, const struct cln_model *model);

/* The document as the file has it, without white space; ended with text_free. */
enum cln_status document_text(struct text *text, const struct cln_model *model, struct cln_error *err) CLN_MUST_CHECK;

/* Whether this is a document of the kind "model" or "checkpoint" that can be read; a newer format is refused by name. */
enum cln_status document_known(const struct json *document, const char *kind, size_t newest, struct cln_error *err) CLN_MUST_CHECK;

/* A float as an element of an array: the shortest text that reads back as it, by way of a double, too. */
void document_write_float(struct json_writer *writer, float value);

/* A column's member of "columns". */
void document_write_column(struct json_writer *writer, const struct pipeline_column *column);

/* Parts that a checkpoint's document has, too; metrics of no rows are null. */
void document_write_architecture(struct json_writer *writer, const struct network *net);
void document_write_metrics(struct json_writer *writer, const char *key, const struct cln_metrics *metrics);
void document_write_options(struct json_writer *writer, const struct cln_config *config);
enum cln_status document_read_architecture(struct architecture *architecture, const struct json *document,
                                           struct cln_error *err) CLN_MUST_CHECK;
enum cln_status document_read_metrics(struct cln_metrics *metrics, const struct json *object, const char *key,
                                      struct cln_error *err) CLN_MUST_CHECK;

/* Fills all of an empty model but its network, whose shape is handed out.  CLN_E_DAMAGED names the member that is wrong; what was
 * filled until then belongs to the model. */
enum cln_status document_read(struct cln_model *model, struct architecture *architecture, const struct json *document,
                              struct cln_error *err) CLN_MUST_CHECK;

#endif
