/* SPDX-License-Identifier: MIT
 * The parts of an exported C file, in their order. */
#ifndef MODEL_EXPORT_C_H
#define MODEL_EXPORT_C_H

#include "model/c_text.h"
#include "model/export.h"
#include "model/shared_code.h"

struct c_export {
	struct text *out;
	struct shared_code_written written;
	const struct cln_model *model;
	const struct c_field *fields; /* of the model's columns */
};

/* From a row's cells to x, the features: "features(x, row)". */
void c_add_pipeline(struct c_export *c);

/* From the features to Z[L] of one network: "logit(&networks[k], x)". */
enum cln_status c_add_networks(struct c_export *c, struct cln_error *err) CLN_MUST_CHECK;

/* What all need: the text of an own definition, and a text that holds no '%'. */
static inline void c_need(struct c_export *c, const char *name) { shared_code_add(c->out, &c->written, name); }
static inline void c_add(struct c_export *c, const char *text) { text_add(c->out, text, strlen(text)); }

#endif
