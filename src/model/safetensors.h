/* SPDX-License-Identifier: MIT
 * The safetensors container of doc/model-format.md: an 8-byte length, a JSON header, float32 tensors in the order of the header
 * without holes.  Knows tensors, metadata and the checksum; not what they mean. */
#ifndef MODEL_SAFETENSORS_H
#define MODEL_SAFETENSORS_H

#include "base/json.h"

#define SAFETENSORS_MAX_HEADER 100000000 /* bytes: the limit of other readers */
#define SAFETENSORS_ALIGN 64             /* of the first tensor in the file */
#define SAFETENSORS_CHECKSUM 16          /* hexadecimal digits */

/* A file in memory that is being read: its tensors are taken one by one, in the order in which they must stand. */
struct safetensors {
	const char *bytes, *data;   /* borrowed; data: behind the header */
	size_t length, data_length;
	const struct json *header;
	const struct json *next;    /* the member of the header that is taken next, or NULL */
	size_t taken;               /* bytes of data in the tensors taken so far */
};

#define SAFETENSORS_HEAD 10 /* bytes that tell whether a file may be one */

/* Whether a file that begins with these n bytes may be one, SAFETENSORS_HEAD of them or all there are; CLN_E_DAMAGED. */
enum cln_status safetensors_begins(const char *bytes, size_t n, struct cln_error *err) CLN_MUST_CHECK;

/* Reads the header; CLN_E_DAMAGED where it is none.  Ended with safetensors_close, also after a failure. */
enum cln_status safetensors_open(struct safetensors *file, const char *bytes, size_t length, struct cln_error *err) CLN_MUST_CHECK;
void safetensors_close(struct safetensors *file);

/* A string of __metadata__, lent until close; NULL where there is none of that name. */
const char *safetensors_metadata(const struct safetensors *file, const char *key);

/* The bytes of the next tensor, which must have this name and shape, be F32, and begin where the last one ended. */
enum cln_status safetensors_take(const char **data, struct safetensors *file, const char *name, const size_t *shape, size_t n_dims,
                                 struct cln_error *err) CLN_MUST_CHECK;

/* After the last tensor: nothing may be left. */
enum cln_status safetensors_finish(const struct safetensors *file, struct cln_error *err) CLN_MUST_CHECK;

/* A header that is being written: begin, then metadata, then tensors, then end; text.bytes then holds the file's first text.length
 * bytes, with the checksum's digits, all '0' so far, at checksum_at.  Memory that cannot be had shows at the end. */
struct safetensors_writer {
	struct text text;
	struct json_writer json;
	size_t data_length;         /* bytes of the tensors so far */
	size_t checksum_at;
};
void safetensors_begin(struct safetensors_writer *writer);
void safetensors_write_metadata(struct safetensors_writer *writer, const char *key, const char *value);
void safetensors_write_checksum(struct safetensors_writer *writer, const char *key); /* the last of the metadata */
void safetensors_write_tensor(struct safetensors_writer *writer, const char *name, const size_t *shape, size_t n_dims);
enum cln_status safetensors_end(struct safetensors_writer *writer, struct cln_error *err) CLN_MUST_CHECK;
void safetensors_writer_free(struct safetensors_writer *writer);

/* The digits that belong at bytes + at: CRC-64/XZ over all bytes, those digits taken as '0'; '\0' behind them. */
void safetensors_checksum(char digits[SAFETENSORS_CHECKSUM + 1], const char *bytes, size_t length, size_t at);

/* Whether a file's header is, the digits apart, what `writer` has for its content, and its checksum right. */
enum cln_status safetensors_verify(const struct safetensors *file, const struct safetensors_writer *writer,
                                   struct cln_error *err) CLN_MUST_CHECK;

#endif
