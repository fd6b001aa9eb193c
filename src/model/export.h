/* SPDX-License-Identifier: MIT
 * A model in the forms in which other programs use it (doc/export.md).  Each is a pure function of the model: the same model gives
 * the same bytes. */
#ifndef MODEL_EXPORT_H
#define MODEL_EXPORT_H

#include "model/model.h"

/* Rows with what the model gives for them, for the self-test of the C export. */
struct export_sample {
	const struct cln_table *table; /* a column for each that gives features, in the order of the pipeline */
	const float *probabilities;    /* of its rows */
};

/* All append to `out`.  CLN_E_MEMORY; where it says so, CLN_E_USAGE: the form has no room for this model. */
enum cln_status export_c(struct text *out, const struct cln_model *model, const struct export_sample *sample,
			 struct cln_error *err) CLN_MUST_CHECK;
enum cln_status export_onnx(struct text *out, const struct cln_model *model, struct cln_error *err) CLN_MUST_CHECK; /* 2 GiB */
enum cln_status export_json(struct text *out, const struct cln_model *model, struct cln_error *err) CLN_MUST_CHECK;

#endif
