/* SPDX-License-Identifier: MIT
 * What targets of a file with tensors share: the three forms of an input, which the first byte tells.  '{' a document, which the
 * target puts into a file; '=' a header, which gets its length, padding and tensors of zeros; anything else is a file as it is. */
#ifndef FUZZ_CHECK_TENSORS_H
#define FUZZ_CHECK_TENSORS_H

#include <string.h>

#include "fuzz.h"
#include "model/safetensors.h"

struct fuzz_tensors {
	/* Whether it was read; a file is changed: its checksum is made right, else nothing behind it would ever be reached. */
	bool (*try_file)(char *bytes, size_t length);
	bool (*try_document)(const char *document);
	size_t n_whole;        /* of the seeds, the first ones, are to be read as they stand */
	size_t header_tensors; /* bytes, of the seed with a header */
};

static void add_zeros(struct text *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		text_add(text, "\0", 1);
	FUZZ_REQUIRE(!text->failed);
}

static bool try_header(const struct fuzz_tensors *target, const char *header, size_t size)
{
	struct text file = {0};
	text_add(&file, "\0\0\0\0\0\0\0\0", 8);
	text_add(&file, header, size);
	while (file.length % SAFETENSORS_ALIGN && !file.failed)
		text_add(&file, " ", 1);
	uint64_t length = file.length - 8;
	FUZZ_REQUIRE(!file.failed);
	memcpy(file.bytes, &length, sizeof length);
	add_zeros(&file, target->header_tensors);
	const bool read = target->try_file(file.bytes, file.length);
	text_free(&file);
	return read;
}

/* A seed that is not read any more, as the format has changed, would leave its mutations at the gate. */
static bool must_be_read(const struct fuzz_tensors *target, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < target->n_whole; i++)
		if (size == fuzz_seeds[i].length && memcmp(data, fuzz_seeds[i].bytes, size) == 0)
			return true;
	return false;
}

static int fuzz_tensors(const struct fuzz_tensors *target, const uint8_t *data, size_t size)
{
	char *copy = mem_copy((const char *)data, size, NULL);
	bool read;
	FUZZ_REQUIRE(copy);
	if (copy[0] == '{')
		read = target->try_document(copy);
	else if (copy[0] == '=')
		read = try_header(target, copy + 1, size - 1);
	else
		read = target->try_file(copy, size);
	FUZZ_REQUIRE(read || !must_be_read(target, data, size));
	mem_free(copy);
	return 0;
}

#endif
