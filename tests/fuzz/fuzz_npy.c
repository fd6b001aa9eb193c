/* SPDX-License-Identifier: MIT
 * Any bytes are a table or an error as a .npy file.  The first byte of an input chooses the options; behind it lies a file, or,
 * where '{' comes first, a dictionary and, behind a line feed, elements, which get a preamble with the right length and are cut or
 * filled up with zeros where the shape, if it is a small one, asks for that: else few changes would come through to a table. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "check_table.h"
#include "data/npy.h"

const struct fuzz_seed fuzz_seeds[] = {
    FUZZ_TEXT("\x01{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }  \n"
	      "\0\0\x80\x3F\0\0\xC0\x7F\0\0\0\x80\0\0\0\0\x01\x02\x03\x04\0\0\xC0\xFF"),
    FUZZ_TEXT("\x02{'descr': '>f8', 'fortran_order': True, 'shape': (2, 2)}\n"
	      "\x3F\xF0\0\0\0\0\0\0\x7F\xF8\0\0\0\0\0\1\x3F\xF0\0\0\x10\0\0\0\xC0\0\0\0\0\0\0\0"),
    FUZZ_TEXT("\x14{\"shape\":(4,3),\"descr\":\"|b1\",\"fortran_order\":False}\n\1\0\1\0\0\0\1\1\1\0\1\2"),
    FUZZ_TEXT("\x28{'descr': '<i8', 'fortran_order': True, 'shape': (3,), }\n"
	      "\1\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0\0\0\0\x80"),
    FUZZ_TEXT("\x40{'descr': '>u2', 'fortran_order': False, 'shape': (1, 5), }\n\0\1\0\2\0\3\xFF\xFF\0\0"),
    FUZZ_TEXT("\x03\x93NUMPY\1\0\x40\0{'descr': '|i1', 'fortran_order': False, 'shape': (2, 3), }    \n\1\2\3\4\5\6"),
    FUZZ_TEXT("\x05\x93NUMPY\3\0\x40\0\0\0{'descr': '|u1', 'fortran_order': True, 'shape': (3, 2), }     \n\1\2\3\4\5\6"),
};
const size_t n_fuzz_seeds = sizeof fuzz_seeds / sizeof *fuzz_seeds;

static struct cln_read_options options_of(uint8_t choice)
{
	static const char *const needed[] = {"1", "3"};
	struct cln_read_options options = {0};
	options.label = choice & 4 ? "" : NULL;
	options.categorical = choice & 8 ? "1" : NULL;
	options.ignore = choice & 16 ? "2" : NULL;
	options.needed = choice & 32 ? needed : NULL;
	options.n_needed = choice & 32 ? 2 : 0;
	return options;
}

#define MOST_BYTES 4096 /* of elements that are put there */

/* As many bytes of elements as the shape asks for, by what npy_find says of them. */
static void fit_length(struct text *file, size_t header)
{
	struct npy npy;
	struct cln_error err = {0};
	struct source source = source_memory("fuzz.npy", file->bytes, file->length);
	unsigned long long wanted;
	const char *take = npy_find(&npy, &source, &err) == CLN_OK ? NULL : strstr(err.message, " take ");
	if (!take || sscanf(take, " take %llu bytes", &wanted) != 1 || wanted > MOST_BYTES)
		return;
	while (file->length < header + wanted && !file->failed)
		text_add(file, "\0", 1);
	file->length = header + wanted;
}

static void make_file(struct text *file, const uint8_t *data, size_t size, bool fit)
{
	const uint8_t *newline = memchr(data, '\n', size);
	if (size == 0 || *data != '{' || !newline) {
		text_add(file, (const char *)data, size);
		return;
	}
	size_t length = (size_t)(newline - data) + 1;
	text_add(file, "\x93NUMPY\2\0", 8);
	text_add(file, (const char[]){(char)length, (char)(length >> 8), (char)(length >> 16), (char)(length >> 24)}, 4);
	text_add(file, (const char *)data, size);
	if (fit && length < 256)
		fit_length(file, 12 + length);
}

static void check_npy(const struct text *file, uint8_t choice)
{
	const struct cln_read_options options = options_of(choice);
	/* a block of the file's own size, so that a sanitizer sees the first byte beyond */
	char *exact = mem_alloc(file->length, 1, NULL);
	FUZZ_REQUIRE(exact);
	memcpy(exact, file->bytes, file->length);
	struct source source = source_memory("fuzz.npy", exact, file->length);
	struct cln_table *table, *again;
	struct cln_error err = {0}, again_err = {0};
	enum cln_status status = npy_read(&table, &source, &options, 1, choice & 64, &err);
	FUZZ_REQUIRE((status == CLN_OK) == (table != NULL));
	FUZZ_REQUIRE(status == CLN_OK || status == CLN_E_DAMAGED || status == CLN_E_DATA || status == CLN_E_USAGE);
	FUZZ_REQUIRE(status == CLN_OK || text_is_utf8(err.message, strlen(err.message)));
	FUZZ_REQUIRE(npy_read(&again, &source, &options, choice < 4 ? 3 : 1, choice & 64, &again_err) == status);
	FUZZ_REQUIRE(strcmp(err.message, again_err.message) == 0);
	if (table) {
		FUZZ_REQUIRE(table->n_rows > 0 && table->n_columns > 0);
		for (size_t c = 0; c < table->n_columns; c++)
			check_column(&table->columns[c], table->n_rows);
		check_same(table, again);
	}
	cln_table_destroy(table);
	cln_table_destroy(again);
	mem_free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text file = {0};
	if (size == 0)
		return 0;
	make_file(&file, data + 1, size - 1, data[0] & 3);
	FUZZ_REQUIRE(!file.failed);
	check_npy(&file, data[0]);
	text_free(&file);
	return 0;
}
