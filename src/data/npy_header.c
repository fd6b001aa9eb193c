/* SPDX-License-Identifier: MIT
 * The header of a .npy file: a magic, a version, a length, and a Python dictionary as numpy writes it,
 *   {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
 * with spaces and a line feed behind it.  Nothing else of Python is read. */
#include "data/npy.h"

#include "data/text.h"

#include <string.h>

#define MAGIC "\x93NUMPY"
#define MAGIC_BYTES ((size_t)6)
#define MAX_HEADER ((size_t)4096) /* bytes: numpy writes 128 */
#define MAX_DIMENSIONS 2

static enum cln_status damaged(struct cln_error *err, const char *name, const char *what)
{
	return error_set(err, CLN_E_DAMAGED, "%s: this .npy file is damaged: %s", name, what);
}

/* ---------------------------------------------------------------- recognition */

enum cln_status npy_recognise(bool *is_npy, const struct source *source, struct cln_error *err)
{
	char bytes[MAGIC_BYTES] = {0};
	size_t n = source->size < sizeof bytes ? (size_t)source->size : sizeof bytes;
	enum cln_status status = source_read(source, bytes, 0, n, err);
	*is_npy = source_is_called(source, ".npy") || memcmp(bytes, MAGIC, MAGIC_BYTES) == 0;
	return status;
}

/* ---------------------------------------------------------------- the dictionary */

struct header {
	const char *at, *end;
	char descr[EXCERPT];
	bool is_record; /* the elements are no single numbers */
	bool fortran;
	uint64_t shape[MAX_DIMENSIONS];
	size_t n_dimensions; /* all there are */
	unsigned seen;       /* keys: 1, 2, 4 */
};

static void skip_spaces(struct header *header)
{
	while (header->at < header->end && *header->at == ' ')
		header->at++;
}

/* Takes a character and the spaces around it. */
static bool take(struct header *header, char c)
{
	skip_spaces(header);
	if (header->at == header->end || *header->at != c)
		return false;
	header->at++;
	skip_spaces(header);
	return true;
}

static bool take_word(struct header *header, const char *word)
{
	size_t n = strlen(word);
	if ((size_t)(header->end - header->at) < n || memcmp(header->at, word, n) != 0)
		return false;
	header->at += n;
	return true;
}

/* A string in quotes of either kind, without escapes. */
static bool take_string(struct header *header, const char **text, size_t *length)
{
	if (header->at == header->end || (*header->at != '\'' && *header->at != '"'))
		return false;
	const char *from = header->at + 1, *closing = memchr(from, *header->at, (size_t)(header->end - from));
	if (!closing || memchr(from, '\\', (size_t)(closing - from)))
		return false;
	*text = from;
	*length = (size_t)(closing - from);
	header->at = closing + 1;
	return true;
}

/* Digits, up to 2^63 - 1. */
static bool take_size(struct header *header, uint64_t *size)
{
	const char *from = header->at;
	for (*size = 0; header->at < header->end && *header->at >= '0' && *header->at <= '9'; header->at++) {
		if (*size > (INT64_MAX - 9) / 10)
			return false;
		*size = 10 * *size + (uint64_t)(*header->at - '0');
	}
	return header->at > from && !(*from == '0' && header->at > from + 1);
}

/* (), (3,), (3, 4), ... */
static bool take_shape(struct header *header)
{
	if (!take(header, '('))
		return false;
	bool comma = true;
	for (header->n_dimensions = 0; !take(header, ')'); header->n_dimensions++) {
		uint64_t size;
		if (!comma || !take_size(header, &size))
			return false;
		if (header->n_dimensions < MAX_DIMENSIONS)
			header->shape[header->n_dimensions] = size;
		comma = take(header, ',');
	}
	return header->n_dimensions != 1 || comma; /* (3) is a number in brackets */
}

static bool take_descr(struct header *header)
{
	const char *text;
	size_t length;
	if (header->at < header->end && *header->at == '[') { /* a list of fields, which is not read any further */
		header->is_record = true;
		return true;
	}
	if (!take_string(header, &text, &length))
		return false;
	text_excerpt(header->descr, text, length);
	return true;
}

static bool take_order(struct header *header)
{
	header->fortran = take_word(header, "True");
	return header->fortran || take_word(header, "False");
}

/* One key and its value; no key comes twice. */
static bool take_entry(struct header *header)
{
	static const struct {
		const char *key;
		bool (*take_value)(struct header *header);
	} entries[] = {{"descr", take_descr}, {"fortran_order", take_order}, {"shape", take_shape}};
	const char *key;
	size_t length;
	if (!take_string(header, &key, &length) || !take(header, ':'))
		return false;
	for (unsigned i = 0; i < sizeof entries / sizeof *entries; i++) {
		if (strlen(entries[i].key) != length || memcmp(entries[i].key, key, length) != 0)
			continue;
		bool again = header->seen >> i & 1;
		header->seen |= 1u << i;
		return !again && entries[i].take_value(header);
	}
	return false;
}

/* The whole dictionary, and nothing but spaces and a line feed behind it. */
static bool take_dictionary(struct header *header)
{
	bool comma = true;
	if (!take(header, '{'))
		return false;
	while (!take(header, '}')) {
		if (!comma || !take_entry(header))
			return false;
		if (header->is_record)
			return true;
		comma = take(header, ',');
	}
	return header->seen == 7 && header->at + 1 == header->end && *header->at == '\n';
}

/* ---------------------------------------------------------------- what it means */

static enum cln_status read_type(struct npy *npy, const struct header *header, const char *name, struct cln_error *err)
{
	static const char *const types[] = {"f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"};
	char order = *header->descr;
	for (size_t i = 0; !header->is_record && strchr("<>|", order) && order && i < sizeof types / sizeof *types; i++) {
		if (strcmp(types[i], header->descr + 1) != 0 || (order == '|' && types[i][1] != '1'))
			continue;
		npy->kind = types[i][0];
		npy->item = (size_t)(types[i][1] - '0');
		npy->swapped = order == '>';
		return CLN_OK;
	}
	return error_set(err, CLN_E_DATA,
			 "%s: its elements are %s%s%s; floating-point numbers of 4 or 8 bytes, integers of 1 to 8 and truth values "
			 "can be read (in numpy: array.astype(\"float32\"))",
			 name, header->is_record ? "records" : "\"", header->descr, header->is_record ? "" : "\"");
}

static enum cln_status read_shape(struct npy *npy, const struct header *header, const char *name, struct cln_error *err)
{
	if (header->n_dimensions < 1 || header->n_dimensions > 2)
		return error_set(err, CLN_E_DATA, "%s: it has %zu dimensions; a table has two, or one where it is a single column",
				 name, header->n_dimensions);
	uint64_t n_rows = header->shape[0], n_columns = header->n_dimensions == 2 ? header->shape[1] : 1;
	if (n_rows > TABLE_MAX_ROWS || n_columns > TABLE_MAX_COLUMNS)
		return error_set(err, CLN_E_DATA, "%s: %llu rows of %llu columns; at most %u and %u can be used", name,
				 (unsigned long long)n_rows, (unsigned long long)n_columns, TABLE_MAX_ROWS, TABLE_MAX_COLUMNS);
	npy->n_rows = (size_t)n_rows;
	npy->n_columns = (size_t)n_columns;
	npy->columns = header->fortran;
	return CLN_OK;
}

/* 2^32 rows of 2^20 columns of 8 bytes are less than 2^64. */
_Static_assert(sizeof(size_t) == 8 && TABLE_MAX_COLUMNS < 1u << 20, "the number of bytes cannot overflow");

static enum cln_status check_length(const struct npy *npy, const struct source *source, struct cln_error *err)
{
	uint64_t wanted = (uint64_t)npy->n_rows * npy->n_columns * npy->item, there = source->size - npy->data;
	if (wanted != there)
		return error_set(err, CLN_E_DAMAGED,
				 "%s: this .npy file is damaged: %zu rows of %zu columns take %llu bytes, and there are %llu",
				 source->name, npy->n_rows, npy->n_columns, (unsigned long long)wanted, (unsigned long long)there);
	if (wanted == 0)
		return error_set(err, CLN_E_DATA, "%s: there is no %s", source->name, npy->n_rows ? "column" : "row");
	return CLN_OK;
}

/* The preamble: *data is the offset of the elements, *start that of the dictionary. */
static enum cln_status read_preamble(uint64_t *data, size_t *start, const struct source *source, struct cln_error *err)
{
	unsigned char bytes[12] = {0};
	size_t n = source->size < sizeof bytes ? (size_t)source->size : sizeof bytes;
	enum cln_status status = source_read(source, (char *)bytes, 0, n, err);
	if (status != CLN_OK)
		return status;
	if (n < sizeof bytes || memcmp(bytes, MAGIC, MAGIC_BYTES) != 0)
		return damaged(err, source->name, "it does not begin like one");
	if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0)
		return error_set(err, CLN_E_DAMAGED, "%s: .npy files of version %u.%u are not known", source->name, bytes[6],
				 bytes[7]);
	uint64_t length = bytes[8] | (uint64_t)bytes[9] << 8;
	*start = 10;
	if (bytes[6] > 1) {
		length |= (uint64_t)bytes[10] << 16 | (uint64_t)bytes[11] << 24;
		*start = 12;
	}
	*data = *start + length;
	if (length > MAX_HEADER || *data > source->size)
		return damaged(err, source->name, "its header is longer than it can be");
	return CLN_OK;
}

enum cln_status npy_find(struct npy *npy, const struct source *source, struct cln_error *err)
{
	char text[MAX_HEADER];
	struct header header = {.at = text};
	size_t start = 0;
	*npy = (struct npy){0};
	enum cln_status status = read_preamble(&npy->data, &start, source, err);
	if (status == CLN_OK)
		status = source_read(source, text, start, (size_t)npy->data - start, err);
	if (status != CLN_OK)
		return status;
	header.end = text + ((size_t)npy->data - start);
	if (!take_dictionary(&header))
		return damaged(err, source->name, "its header is not a dictionary of 'descr', 'fortran_order' and 'shape'");
	status = read_type(npy, &header, source->name, err);
	if (status == CLN_OK)
		status = read_shape(npy, &header, source->name, err);
	return status == CLN_OK ? check_length(npy, source, err) : status;
}
