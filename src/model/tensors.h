/* SPDX-License-Identifier: MIT
 * A network's parameters as the tensors of a safetensors file (doc/model-format.md, section 2): for l = 1..L
 * layers.{l-1}.weight (n[l] x n[l-1], row-major) and layers.{l-1}.bias, then the front's; each name behind a prefix. */
#ifndef MODEL_TENSORS_H
#define MODEL_TENSORS_H

#include "model/document.h"
#include "model/safetensors.h"

/* The bytes that they take; false where that is more than can be counted. */
bool tensors_length(size_t *bytes, const struct architecture *architecture);

/* Into the header. */
void tensors_declare(struct safetensors_writer *writer, const char *prefix, const struct network *net);

/* The floats; returns what is behind them. */
float *tensors_write(float *to, const struct network *net);

/* From a file into net, which has their shape; network_sync is the caller's.  finite: CLN_E_DAMAGED where one is not. */
enum cln_status tensors_read(struct network *net, const char *prefix, bool finite, struct safetensors *file,
                             struct cln_error *err) CLN_MUST_CHECK;

#endif
