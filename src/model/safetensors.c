/* SPDX-License-Identifier: MIT */
#include "model/safetensors.h"

#include "base/io.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "tensors are copied between file and memory as they are: that needs a little-endian machine"
#endif

#define LENGTH_BYTES 8
static const char zeros[] = "0000000000000000";
_Static_assert(sizeof zeros == SAFETENSORS_CHECKSUM + 1, "a zero for every digit");

/* ---------------------------------------------------------------- reading */

/* A tensor is at least "a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}, and more: 7 bytes a value; the metadata are 4. */
static size_t most_values(size_t header_bytes)
{
	return header_bytes / 7 + 8;
}

/* The length that the header claims. */
static enum cln_status header_claim(uint64_t *claimed, const char *bytes, size_t n, struct cln_error *err)
{
	if (n < SAFETENSORS_HEAD) /* "{}" is the shortest header */
		return error_set(err, CLN_E_DAMAGED, "it has %zu bytes, too few for a header", n);
	if (bytes[LENGTH_BYTES] != '{')
		return error_set(err, CLN_E_DAMAGED, "it does not begin like a safetensors file (is it a table?)");
	memcpy(claimed, bytes, sizeof *claimed);
	if (*claimed > SAFETENSORS_MAX_HEADER)
		return error_set(err, CLN_E_DAMAGED, "its header claims %" PRIu64 " bytes, more than %d: was it cut short?",
		                 *claimed, SAFETENSORS_MAX_HEADER);
	return CLN_OK;
}

enum cln_status safetensors_begins(const char *bytes, size_t n, struct cln_error *err)
{
	uint64_t claimed = 0;
	return header_claim(&claimed, bytes, n, err);
}

/* The header's length, checked against the file's. */
static enum cln_status header_length(size_t *n, const char *bytes, size_t length, struct cln_error *err)
{
	uint64_t claimed = 0;
	enum cln_status status = header_claim(&claimed, bytes, length, err);
	if (status != CLN_OK)
		return status;
	if (claimed > length - LENGTH_BYTES)
		return error_set(err, CLN_E_DAMAGED, "its header claims %" PRIu64 " bytes, the file has %zu: was it cut short?",
		                 claimed, length - LENGTH_BYTES);
	*n = (size_t)claimed;
	return CLN_OK;
}

enum cln_status safetensors_open(struct safetensors *file, const char *bytes, size_t length, struct cln_error *err)
{
	size_t n = 0;
	*file = (struct safetensors){.bytes = bytes, .length = length};
	enum cln_status status = header_length(&n, bytes, length, err);
	if (status == CLN_OK)
		status = json_parse_limited(&file->header, bytes + LENGTH_BYTES, n, most_values(n), err);
	if (status != CLN_OK)
		return status;
	file->data = bytes + LENGTH_BYTES + n;
	file->data_length = length - LENGTH_BYTES - n;
	const struct json *first = file->header->child;
	if (!first || strcmp(first->key, "__metadata__") != 0 || first->type != JSON_OBJECT)
		return error_set(err, CLN_E_DAMAGED, "its header has no __metadata__ in front: another program's safetensors file");
	file->next = first->next;
	return CLN_OK;
}

void safetensors_close(struct safetensors *file)
{
	json_free(file->header);
	file->header = file->next = NULL;
}

const char *safetensors_metadata(const struct safetensors *file, const char *key)
{
	const struct json *value = json_get(file->header->child, key);
	return value && value->type == JSON_STRING ? value->string : NULL;
}

/* Whether `array` holds exactly these whole numbers. */
static bool holds(const struct json *array, const size_t *values, size_t n)
{
	if (!array || array->type != JSON_ARRAY || array->n != n)
		return false;
	for (const struct json *item = array->child; item; item = item->next, values++)
		if (item->type != JSON_NUMBER || item->number != (double)*values)
			return false;
	return true;
}

/* Bytes of a tensor of this shape. */
static bool tensor_bytes(size_t *bytes, const size_t *shape, size_t n_dims)
{
	*bytes = sizeof(float);
	for (size_t i = 0; i < n_dims; i++)
		if (!size_mul(bytes, *bytes, shape[i]))
			return false;
	return true;
}

enum cln_status safetensors_take(const char **data, struct safetensors *file, const char *name, const size_t *shape, size_t n_dims,
                                 struct cln_error *err)
{
	const struct json *tensor = file->next;
	size_t bytes;
	if (!tensor || strcmp(tensor->key, name) != 0)
		return error_set(err, CLN_E_DAMAGED, "tensor %s is missing or out of order", name);
	const struct json *dtype = json_get(tensor, "dtype");
	if (!dtype || dtype->type != JSON_STRING || strcmp(dtype->string, "F32") != 0)
		return error_set(err, CLN_E_DAMAGED, "tensor %s is not of type F32", name);
	if (!holds(json_get(tensor, "shape"), shape, n_dims))
		return error_set(err, CLN_E_DAMAGED, "tensor %s has not the shape that the architecture asks for", name);
	if (!tensor_bytes(&bytes, shape, n_dims) || bytes > file->data_length - file->taken)
		return error_set(err, CLN_E_DAMAGED, "tensor %s goes beyond the end of the file", name);
	const size_t offsets[2] = {file->taken, file->taken + bytes};
	if (!holds(json_get(tensor, "data_offsets"), offsets, 2))
		return error_set(err, CLN_E_DAMAGED, "tensor %s does not lie at bytes %zu to %zu of the data", name, offsets[0],
		                 offsets[1]);
	*data = file->data + file->taken;
	file->taken += bytes;
	file->next = tensor->next;
	return CLN_OK;
}

enum cln_status safetensors_finish(const struct safetensors *file, struct cln_error *err)
{
	if (file->next)
		return error_set(err, CLN_E_DAMAGED, "it has a tensor that the architecture has not: %.100s", file->next->key);
	if (file->taken != file->data_length)
		return error_set(err, CLN_E_DAMAGED, "%zu bytes follow the last tensor", file->data_length - file->taken);
	return CLN_OK;
}

/* ---------------------------------------------------------------- writing */

void safetensors_begin(struct safetensors_writer *writer)
{
	*writer = (struct safetensors_writer){0};
	writer->json.out = &writer->text;
	text_add(&writer->text, "\0\0\0\0\0\0\0\0", LENGTH_BYTES); /* known at the end */
	json_begin_object(&writer->json, NULL);
	json_begin_object(&writer->json, "__metadata__");
}

void safetensors_write_metadata(struct safetensors_writer *writer, const char *key, const char *value)
{
	json_string(&writer->json, key, value);
}

void safetensors_write_checksum(struct safetensors_writer *writer, const char *key)
{
	json_string(&writer->json, key, zeros);
	writer->checksum_at = writer->text.length - strlen("\"") - SAFETENSORS_CHECKSUM;
	json_end_object(&writer->json);
}

void safetensors_write_tensor(struct safetensors_writer *writer, const char *name, const size_t *shape, size_t n_dims)
{
	struct json_writer *json = &writer->json;
	size_t bytes = sizeof(float);
	json_begin_object(json, name);
	json_string(json, "dtype", "F32");
	json_begin_array(json, "shape");
	for (size_t i = 0; i < n_dims; i++) {
		json_size(json, NULL, shape[i]);
		bytes *= shape[i];
	}
	json_end_array(json);
	json_begin_array(json, "data_offsets");
	json_size(json, NULL, writer->data_length);
	writer->data_length += bytes;
	json_size(json, NULL, writer->data_length);
	json_end_array(json);
	json_end_object(json);
}

enum cln_status safetensors_end(struct safetensors_writer *writer, struct cln_error *err)
{
	struct text *text = &writer->text;
	json_end_object(&writer->json);
	while (!text->failed && text->length % SAFETENSORS_ALIGN)
		text_add(text, " ", 1);
	if (text_check(text, err) != CLN_OK)
		return CLN_E_MEMORY;
	uint64_t length = text->length - LENGTH_BYTES;
	if (length > SAFETENSORS_MAX_HEADER)
		return error_set(err, CLN_E_DATA,
		                 "names and categories of the columns take %" PRIu64 " bytes in the model file, more than "
		                 "its limit of %d: leave out the column with the most different texts",
		                 length, SAFETENSORS_MAX_HEADER);
	memcpy(text->bytes, &length, sizeof length);
	return CLN_OK;
}

void safetensors_writer_free(struct safetensors_writer *writer)
{
	text_free(&writer->text);
}

void safetensors_checksum(char digits[SAFETENSORS_CHECKSUM + 1], const char *bytes, size_t length, size_t at)
{
	size_t behind = at + SAFETENSORS_CHECKSUM;
	uint64_t crc = io_crc64(0, bytes, at);
	crc = io_crc64(crc, zeros, SAFETENSORS_CHECKSUM);
	crc = io_crc64(crc, bytes + behind, length - behind);
	snprintf(digits, SAFETENSORS_CHECKSUM + 1, "%016" PRIx64, crc);
}

enum cln_status safetensors_verify(const struct safetensors *file, const struct safetensors_writer *writer, struct cln_error *err)
{
	const size_t header = file->length - file->data_length, at = writer->checksum_at, behind = at + SAFETENSORS_CHECKSUM;
	char digits[SAFETENSORS_CHECKSUM + 1];
	if (header != writer->text.length || memcmp(file->bytes, writer->text.bytes, at) != 0 ||
	    memcmp(file->bytes + behind, writer->text.bytes + behind, header - behind) != 0)
		return error_set(err, CLN_E_DAMAGED, "its header is not in the form that Colonnade writes: edited?");
	safetensors_checksum(digits, file->bytes, file->length, at);
	if (memcmp(file->bytes + at, digits, SAFETENSORS_CHECKSUM) != 0)
		return error_set(err, CLN_E_DAMAGED, "it was damaged: its checksum is %.16s, that of its bytes %s",
		                 file->bytes + at, digits);
	return CLN_OK;
}
