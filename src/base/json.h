/* SPDX-License-Identifier: MIT
 * JSON (RFC 8259): a strict small reader for files that may be hostile, and a writer whose output is canonical (keys in the
 * order written, numbers as the shortest text that reads back the same, independent of locale). */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/mem.h"
#include "base/number.h"

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* A parsed document is a tree in one block of memory. */
struct json {
	enum json_type type;
	double number;
	const char *string;       /* '\0'-terminated, unescaped; may not hold U+0000 */
	const char *key;          /* of a member, else NULL */
	const struct json *child; /* first element or member */
	const struct json *next;  /* sibling */
	size_t n;                 /* elements or members; the value of digits alone, which a double may round; or 0 */
};

#define JSON_MAX_DEPTH 32

/* Reads exactly one value and nothing behind it.  Duplicate keys, bad UTF-8, depth beyond JSON_MAX_DEPTH, NaN and Inf are
 * errors: CLN_E_DAMAGED with the byte offset.  *root is freed with json_free. */
enum cln_status json_parse(const struct json **root, const char *bytes, size_t length, struct cln_error *err) CLN_MUST_CHECK;
/* The same with at most that many values in all: a value takes 56 bytes and may stand in two, so that who knows what is to be read
 * bounds what a hostile text can ask for. */
enum cln_status json_parse_limited(const struct json **root, const char *bytes, size_t length, size_t most_values,
				   struct cln_error *err) CLN_MUST_CHECK;
void json_free(const struct json *root);

/* Members by name; NULL where there is none or `object` is no object. */
const struct json *json_get(const struct json *object, const char *key);
/* Required members of a type and range: CLN_E_DAMAGED names the key. */
enum cln_status json_get_string(const char **value, const struct json *object, const char *key,
	struct cln_error *err) CLN_MUST_CHECK;
enum cln_status json_get_number(double *value, const struct json *object, const char *key, double low, double high,
	struct cln_error *err) CLN_MUST_CHECK;
enum cln_status json_get_size(size_t *value, const struct json *object, const char *key, size_t low, size_t high,
	struct cln_error *err) CLN_MUST_CHECK;
enum cln_status json_get_bool(bool *value, const struct json *object, const char *key,
	struct cln_error *err) CLN_MUST_CHECK;
enum cln_status json_get_array(const struct json **value, const struct json *object, const char *key,
	struct cln_error *err) CLN_MUST_CHECK;
enum cln_status json_get_object(const struct json **value, const struct json *object, const char *key,
	struct cln_error *err) CLN_MUST_CHECK;

/* Whether two values are the same, members in the same order and whole numbers in all their digits; NULL stands for a member that
 * is not there, and is null. */
bool json_same(const struct json *a, const struct json *b);

/* A value for a message: a number in its shortest form or all its digits, up to 200 bytes of a string, true, false, a list, "not
 * given". */
#define JSON_SHOWN 256
void json_show(char text[JSON_SHOWN], const struct json *value);

/* Writing: commas and (pretty: two spaces a level) line breaks are put in by the writer.  key: NULL inside an array.
 * Numbers that are not finite are written as null; bytes of a string that are not UTF-8 as U+FFFD, so that what was written
 * reads back. */
struct json_writer {
	struct text *out;
	bool pretty;
	int depth;
	bool first[JSON_MAX_DEPTH + 1];
};
void json_begin_object(struct json_writer *writer, const char *key);
void json_end_object(struct json_writer *writer);
void json_begin_array(struct json_writer *writer, const char *key);
void json_end_array(struct json_writer *writer);
void json_string(struct json_writer *writer, const char *key, const char *value); /* NULL: null */
void json_double(struct json_writer *writer, const char *key, double value);     /* shortest of %.15g .. %.17g that reads back */
void json_float(struct json_writer *writer, const char *key, float value);       /* shortest of %.6g .. %.9g that reads back */
void json_size(struct json_writer *writer, const char *key, size_t value);
void json_bool(struct json_writer *writer, const char *key, bool value);
/* An array of n numbers, each `step` bytes behind the one before. */
void json_doubles(struct json_writer *writer, const char *key, const double *values, size_t n, size_t step);
static inline void json_pair(struct json_writer *writer, const char *key, double low, double high)
{
	json_doubles(writer, key, (const double[]){low, high}, 2, sizeof(double));
}
void json_hexadecimal(struct json_writer *writer, const char *key, uint64_t value); /* 16 digits, as a string */
/* What was read, again: a number in its shortest form or all its digits. */
void json_value(struct json_writer *writer, const char *key, const struct json *value);

#endif
