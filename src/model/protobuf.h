/* SPDX-License-Identifier: MIT
 * Writing Protocol Buffers' wire format: fields one behind the other, each a key (number * 8 + kind) and a value; a message within
 * a message is a run of bytes with its length in front, so it is made first.  Each function appends one field. */
#ifndef MODEL_PROTOBUF_H
#define MODEL_PROTOBUF_H

#include "base/mem.h"

void protobuf_int(struct text *out, unsigned field, int64_t value);
void protobuf_float(struct text *out, unsigned field, float value);
void protobuf_bytes(struct text *out, unsigned field, const void *bytes, size_t length);
void protobuf_string(struct text *out, unsigned field, const char *value);

/* Frees the message.  One that could not be made shows in `out` as failed. */
void protobuf_message(struct text *out, unsigned field, struct text *message);

/* The fields of `part` behind those of `out`, likewise. */
void protobuf_join(struct text *out, struct text *part);

#endif
