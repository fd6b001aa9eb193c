/* SPDX-License-Identifier: MIT
 * The reader runs twice over the text: the first run checks the grammar and counts nodes and bytes of strings, the second fills one
 * block of exactly that size, and alone asks what numbers are worth.  Recursion ends at JSON_MAX_DEPTH. */
#include "base/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

struct reader {
	const char *bytes;
	size_t length, at;
	int depth;
	struct json *nodes; /* NULL in the first run */
	char *strings;
	const struct json **members; /* room for those of the largest object */
	size_t n_nodes, n_string_bytes, most_members, most_nodes;
	struct json scratch; /* stands for every node in the first run */
	struct cln_error *err;
};

static bool read_value(struct reader *reader, struct json *node);

static bool fail(struct reader *reader, const char *what)
{
	error_set(reader->err, CLN_E_DAMAGED, "JSON, byte %zu: %s", reader->at, what);
	return false;
}

/* The next byte, or 0, which no valid text holds, at the end. */
static char peek(const struct reader *reader)
{
	return reader->at < reader->length ? reader->bytes[reader->at] : '\0';
}

static bool take(struct reader *reader, char c)
{
	if (peek(reader) != c || reader->at == reader->length)
		return false;
	reader->at++;
	return true;
}

static void skip_space(struct reader *reader)
{
	for (char c = peek(reader); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(reader))
		reader->at++;
}

static struct json *add_node(struct reader *reader)
{
	size_t i = reader->n_nodes++;
	return reader->nodes != NULL ? &reader->nodes[i] : &reader->scratch;
}

static void put_byte(struct reader *reader, unsigned byte)
{
	size_t i = reader->n_string_bytes++;
	if (reader->strings != NULL)
		reader->strings[i] = (char)byte;
}

static void put_bytes(struct reader *reader, const char *bytes, size_t n)
{
	if (reader->strings != NULL)
		memcpy(reader->strings + reader->n_string_bytes, bytes, n);
	reader->n_string_bytes += n;
}

static void put_code_point(struct reader *reader, uint32_t code)
{
	if (code < 0x80) {
		put_byte(reader, code);
	} else if (code < 0x800) {
		put_byte(reader, 0xC0 | code >> 6);
		put_byte(reader, 0x80 | (code & 0x3F));
	} else if (code < 0x10000) {
		put_byte(reader, 0xE0 | code >> 12);
		put_byte(reader, 0x80 | (code >> 6 & 0x3F));
		put_byte(reader, 0x80 | (code & 0x3F));
	} else {
		put_byte(reader, 0xF0 | code >> 18);
		put_byte(reader, 0x80 | (code >> 12 & 0x3F));
		put_byte(reader, 0x80 | (code >> 6 & 0x3F));
		put_byte(reader, 0x80 | (code & 0x3F));
	}
}

static bool read_hex(struct reader *reader, uint32_t *code)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	*code = 0;
	for (int i = 0; i < 4; i++) {
		char c = peek(reader);
		const char *digit = c != '\0' ? strchr(digits, c) : NULL;
		if (digit == NULL)
			return fail(reader, "four hexadecimal digits must follow \\u");
		uint32_t value = (uint32_t)(digit - digits);
		*code = *code << 4 | (value < 16 ? value : value - 6);
		reader->at++;
	}
	return true;
}

/* What follows "\u": one code unit, or a pair of surrogates for one code point. */
static bool read_unicode(struct reader *reader)
{
	uint32_t code, low;
	if (!read_hex(reader, &code))
		return false;
	if (code == 0)
		return fail(reader, "U+0000 is not allowed in a string");
	if (code >= 0xDC00 && code <= 0xDFFF)
		return fail(reader, "a low surrogate without its high one");
	if (code >= 0xD800 && code <= 0xDBFF) {
		if (!take(reader, '\\') || !take(reader, 'u'))
			return fail(reader, "a high surrogate without its low one");
		if (!read_hex(reader, &low))
			return false;
		if (low < 0xDC00 || low > 0xDFFF)
			return fail(reader, "a high surrogate without its low one");
		code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
	}
	put_code_point(reader, code);
	return true;
}

static bool read_escape(struct reader *reader)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	if (take(reader, 'u'))
		return read_unicode(reader);
	char c = peek(reader);
	const char *name = c != '\0' ? strchr(names, c) : NULL;
	if (name == NULL)
		return fail(reader, "an escape that JSON does not know");
	put_byte(reader, (unsigned char)values[name - names]);
	reader->at++;
	return true;
}

/* How many of the bytes are characters of a string that stand for themselves and are ASCII. */
static size_t plain_run(const char *bytes, size_t length)
{
	size_t n = 0;
	while (n < length && (unsigned char)(bytes[n] - 0x20) < 0x60 && bytes[n] != '"' && bytes[n] != '\\')
		n++;
	return n;
}

static bool read_string(struct reader *reader, const char **text)
{
	*text = reader->strings != NULL ? reader->strings + reader->n_string_bytes : NULL;
	if (!take(reader, '"'))
		return fail(reader, "a string is expected");
	for (;;) {
		const size_t run = plain_run(reader->bytes + reader->at, reader->length - reader->at);
		put_bytes(reader, reader->bytes + reader->at, run);
		reader->at += run;
		if (take(reader, '"'))
			break;
		if (reader->at == reader->length)
			return fail(reader, "the text ends within a string");
		if (take(reader, '\\')) {
			if (!read_escape(reader))
				return false;
			continue;
		}
		const char *p = reader->bytes + reader->at;
		size_t n = utf8_sequence(p, reader->length - reader->at);
		if (n == 0)
			return fail(reader, "not UTF-8");
		if ((unsigned char)*p < 0x20)
			return fail(reader, "a control character in a string");
		put_bytes(reader, p, n);
		reader->at += n;
	}
	put_byte(reader, 0);
	return true;
}

static bool skip_digits(struct reader *reader)
{
	size_t start = reader->at, at = start;
	while (at < reader->length && reader->bytes[at] >= '0' && reader->bytes[at] <= '9')
		at++;
	reader->at = at;
	return at > start;
}

/* The value of digits alone; 0 where something else is among them or it is too large. */
static size_t whole_number(const char *text, size_t length)
{
	size_t value = 0;
	for (size_t i = 0; i < length; i++)
		if (text[i] < '0' || text[i] > '9' || !size_mul(&value, value, 10) ||
		    !size_add(&value, value, (size_t)(text[i] - '0')))
			return 0;
	return value;
}

/* JSON's grammar is narrower than number_to_double's: no plus sign, no leading zero, digits on both sides of the point. */
static bool read_number(struct reader *reader, struct json *node)
{
	size_t start = reader->at;
	take(reader, '-');
	if (!take(reader, '0') && !skip_digits(reader))
		return fail(reader, "a digit is expected");
	if (take(reader, '.') && !skip_digits(reader))
		return fail(reader, "a digit must follow the point");
	if (take(reader, 'e') || take(reader, 'E')) {
		if (!take(reader, '-'))
			take(reader, '+');
		if (!skip_digits(reader))
			return fail(reader, "a digit is expected in the exponent");
	}
	double value;
	if (reader->nodes == NULL)
		return true;
	if (!number_to_double(&value, reader->bytes + start, reader->at - start))
		return fail(reader, "the number is too large");
	*node = (struct json){.type = JSON_NUMBER,
	                      .number = value,
	                      .n = whole_number(reader->bytes + start, reader->at - start)};
	return true;
}

static bool read_word(struct reader *reader, struct json *node, const char *word, enum json_type type)
{
	size_t length = strlen(word);
	if (reader->length - reader->at < length || memcmp(reader->bytes + reader->at, word, length) != 0)
		return fail(reader, "a value is expected");
	reader->at += length;
	*node = (struct json){.type = type};
	return true;
}

static void sift_down(const struct json **heap, size_t n, size_t i)
{
	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= n)
			return;
		if (child + 1 < n && strcmp(heap[child + 1]->key, heap[child]->key) > 0)
			child++;
		if (strcmp(heap[child]->key, heap[i]->key) <= 0)
			return;
		const struct json *swapped = heap[i];
		heap[i] = heap[child];
		heap[child] = swapped;
		i = child;
	}
}

/* Heap sort, whose time no choice of keys can make quadratic. */
static bool keys_differ(const struct json **members, const struct json *first, size_t n)
{
	size_t filled = 0;
	for (const struct json *member = first; member != NULL; member = member->next)
		members[filled++] = member;
	for (size_t i = n / 2; i-- > 0;)
		sift_down(members, n, i);
	for (size_t left = n; left > 1; left--) {
		const struct json *greatest = members[0];
		members[0] = members[left - 1];
		members[left - 1] = greatest;
		sift_down(members, left - 1, 0);
		if (strcmp(members[0]->key, greatest->key) == 0)
			return false;
	}
	return true;
}

static bool read_key(struct reader *reader, const char **key)
{
	if (!read_string(reader, key))
		return false;
	skip_space(reader);
	if (!take(reader, ':'))
		return fail(reader, "':' is expected behind a key");
	skip_space(reader);
	return true;
}

/* Elements or members up to and with `close`. */
static bool read_elements(struct reader *reader, struct json *node, enum json_type type, char close)
{
	const struct json *first = NULL, **link = &first;
	size_t n = 0;
	skip_space(reader);
	for (bool more = !take(reader, close); more;) {
		const char *key = NULL;
		if (reader->n_nodes >= reader->most_nodes)
			return fail(reader, "more values than such a document can hold");
		struct json *child = add_node(reader);
		if (type == JSON_OBJECT && !read_key(reader, &key))
			return false;
		if (!read_value(reader, child))
			return false;
		child->key = key;
		*link = child;
		link = &child->next;
		n++;
		skip_space(reader);
		more = take(reader, ',');
		if (!more && !take(reader, close))
			return fail(reader, type == JSON_OBJECT ? "',' or '}' is expected" : "',' or ']' is expected");
		skip_space(reader);
	}
	if (type == JSON_OBJECT && n > reader->most_members)
		reader->most_members = n;
	if (type == JSON_OBJECT && n > 1 && reader->nodes != NULL && !keys_differ(reader->members, first, n))
		return fail(reader, "the object that ends here has a key twice");
	*node = (struct json){.type = type, .child = first, .n = n};
	return true;
}

static bool read_container(struct reader *reader, struct json *node)
{
	if (reader->depth == JSON_MAX_DEPTH)
		return fail(reader, "nested too deep");
	reader->depth++;
	bool ok = take(reader, '{') ? read_elements(reader, node, JSON_OBJECT, '}')
	                            : take(reader, '[') && read_elements(reader, node, JSON_ARRAY, ']');
	reader->depth--;
	return ok;
}

static bool read_value(struct reader *reader, struct json *node)
{
	switch (peek(reader)) {
	case '{':
	case '[':
		return read_container(reader, node);
	case '"':
		*node = (struct json){.type = JSON_STRING};
		return read_string(reader, &node->string);
	case 't':
		return read_word(reader, node, "true", JSON_TRUE);
	case 'f':
		return read_word(reader, node, "false", JSON_FALSE);
	case 'n':
		return read_word(reader, node, "null", JSON_NULL);
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		return read_number(reader, node);
	default:
		return fail(reader, "a value is expected");
	}
}

static bool read_document(struct reader *reader)
{
	skip_space(reader);
	if (!read_value(reader, add_node(reader)))
		return false;
	skip_space(reader);
	return reader->at == reader->length || fail(reader, "nothing may follow the value");
}

/* The block of the tree: nodes, then strings. */
static void *create_block(size_t n_nodes, size_t n_string_bytes, struct cln_error *err)
{
	size_t bytes;
	if (!size_mul(&bytes, n_nodes, sizeof(struct json)) || !size_add(&bytes, bytes, n_string_bytes))
		bytes = SIZE_MAX;
	return mem_alloc(bytes, 1, err);
}

enum cln_status json_parse(const struct json **root, const char *bytes, size_t length, struct cln_error *err)
{
	return json_parse_limited(root, bytes, length, SIZE_MAX, err);
}

enum cln_status json_parse_limited(const struct json **root, const char *bytes, size_t length, size_t most_values,
				   struct cln_error *err)
{
	struct reader count = {.bytes = bytes, .length = length, .most_nodes = most_values, .err = err};
	*root = NULL;
	if (!read_document(&count))
		return CLN_E_DAMAGED;

	enum cln_status status = CLN_E_MEMORY;
	struct reader fill = {.bytes = bytes, .length = length, .most_nodes = most_values, .err = err};
	fill.nodes = create_block(count.n_nodes, count.n_string_bytes, err);
	if (fill.nodes == NULL)
		goto done;
	fill.strings = (char *)(fill.nodes + count.n_nodes);
	fill.members = mem_alloc(count.most_members, sizeof(struct json *), err);
	if (fill.members == NULL)
		goto done;
	if (!read_document(&fill)) {
		status = CLN_E_DAMAGED;
		goto done;
	}
	*root = fill.nodes;
	fill.nodes = NULL;
	status = CLN_OK;
done:
	mem_free(fill.members);
	mem_free(fill.nodes);
	return status;
}

void json_free(const struct json *root)
{
	mem_free((void *)root);
}

const struct json *json_get(const struct json *object, const char *key)
{
	if (object == NULL || object->type != JSON_OBJECT)
		return NULL;
	for (const struct json *member = object->child; member != NULL; member = member->next)
		if (strcmp(member->key, key) == 0)
			return member;
	return NULL;
}

/* The member `key`, which must have the type; else NULL and err. */
static const struct json *require(const struct json *object, const char *key, enum json_type type, struct cln_error *err)
{
	static const char *const names[] = {"null", "false", "true", "a number", "a string", "an array", "an object"};
	const struct json *member = json_get(object, key);
	if (member == NULL)
		error_set(err, CLN_E_DAMAGED, "\"%s\" is missing", key);
	else if (member->type != type)
		error_set(err, CLN_E_DAMAGED, "\"%s\" is %s where %s is expected", key, names[member->type], names[type]);
	return member != NULL && member->type == type ? member : NULL;
}

enum cln_status json_get_string(const char **value, const struct json *object, const char *key, struct cln_error *err)
{
	const struct json *member = require(object, key, JSON_STRING, err);
	if (member == NULL)
		return CLN_E_DAMAGED;
	*value = member->string;
	return CLN_OK;
}

enum cln_status json_get_number(double *value, const struct json *object, const char *key, double low, double high,
                                struct cln_error *err)
{
	const struct json *member = require(object, key, JSON_NUMBER, err);
	if (member == NULL)
		return CLN_E_DAMAGED;
	if (member->number < low || member->number > high) {
		char is[NUMBER_TEXT], from[NUMBER_TEXT], to[NUMBER_TEXT];
		number_from_double(is, member->number);
		number_from_double(from, low);
		number_from_double(to, high);
		return error_set(err, CLN_E_DAMAGED, "\"%s\" is %s where a number from %s to %s is expected", key, is, from, to);
	}
	*value = member->number;
	return CLN_OK;
}

/* Beyond 2^53 a double no longer tells neighbouring integers apart: such a size is refused. */
enum cln_status json_get_size(size_t *value, const struct json *object, const char *key, size_t low, size_t high,
                              struct cln_error *err)
{
	const struct json *member = require(object, key, JSON_NUMBER, err);
	if (member == NULL)
		return CLN_E_DAMAGED;
	double number = member->number;
	bool whole = number >= 0 && number <= 0x1p53 && number == floor(number);
	if (!whole || (uint64_t)number < low || (uint64_t)number > high) {
		char is[NUMBER_TEXT];
		number_from_double(is, number);
		return error_set(err, CLN_E_DAMAGED, "\"%s\" is %s where a whole number from %zu to %zu is expected", key, is, low,
		                 high);
	}
	*value = (size_t)number;
	return CLN_OK;
}

enum cln_status json_get_bool(bool *value, const struct json *object, const char *key, struct cln_error *err)
{
	const struct json *member = json_get(object, key);
	if (member == NULL)
		return error_set(err, CLN_E_DAMAGED, "\"%s\" is missing", key);
	if (member->type != JSON_TRUE && member->type != JSON_FALSE)
		return error_set(err, CLN_E_DAMAGED, "\"%s\" must be true or false", key);
	*value = member->type == JSON_TRUE;
	return CLN_OK;
}

enum cln_status json_get_array(const struct json **value, const struct json *object, const char *key, struct cln_error *err)
{
	*value = require(object, key, JSON_ARRAY, err);
	return *value != NULL ? CLN_OK : CLN_E_DAMAGED;
}

enum cln_status json_get_object(const struct json **value, const struct json *object, const char *key, struct cln_error *err)
{
	*value = require(object, key, JSON_OBJECT, err);
	return *value != NULL ? CLN_OK : CLN_E_DAMAGED;
}

static bool same_parts(const struct json *a, const struct json *b)
{
	for (; a && b; a = a->next, b = b->next)
		if ((a->key && strcmp(a->key, b->key) != 0) || !json_same(a, b))
			return false;
	return a == b;
}

bool json_same(const struct json *a, const struct json *b)
{
	const enum json_type type = a ? a->type : JSON_NULL;

	if (type != (b ? b->type : JSON_NULL))
		return false;
	switch (type) {
	case JSON_NUMBER: return a->number == b->number && (a->n == b->n || a->n == 0 || b->n == 0);
	case JSON_STRING: return strcmp(a->string, b->string) == 0;
	case JSON_ARRAY:
	case JSON_OBJECT: return same_parts(a->child, b->child);
	default: return true;
	}
}

void json_show(char text[JSON_SHOWN], const struct json *value)
{
	char number[NUMBER_TEXT];

	switch (value ? value->type : JSON_NULL) {
	case JSON_NUMBER:
		number_from_double(number, value->number);
		if (value->n > 0)
			snprintf(text, JSON_SHOWN, "%zu", value->n);
		else
			snprintf(text, JSON_SHOWN, "%s", number);
		return;
	case JSON_STRING: snprintf(text, JSON_SHOWN, "%.200s", value->string); return;
	case JSON_TRUE: snprintf(text, JSON_SHOWN, "true"); return;
	case JSON_FALSE: snprintf(text, JSON_SHOWN, "false"); return;
	case JSON_NULL: snprintf(text, JSON_SHOWN, "not given"); return;
	default: snprintf(text, JSON_SHOWN, "a list"); return;
	}
}

static void add_text(struct json_writer *writer, const char *text)
{
	text_add(writer->out, text, strlen(text));
}

static void break_line(struct json_writer *writer)
{
	if (!writer->pretty)
		return;
	add_text(writer, "\n");
	for (int i = 0; i < writer->depth; i++)
		add_text(writer, "  ");
}

static void add_escaped(struct json_writer *writer, unsigned char c)
{
	static const char values[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
	const char *value = strchr(values, c);
	if (value != NULL && c != 0)
		text_addf(writer->out, "\\%c", names[value - values]);
	else
		text_addf(writer->out, "\\u%04x", (unsigned)c);
}

/* The bytes at the start of value[0..length) that are ASCII and need no escape: nearly always all of them. */
static size_t plain_bytes(const char *value, size_t length)
{
	size_t n = 0;
	while (n < length && value[n] >= 0x20 && value[n] < 0x7f && value[n] != '"' && value[n] != '\\')
		n++;
	return n;
}

static void add_quoted(struct json_writer *writer, const char *value)
{
	const char *end = value + strlen(value);
	text_add(writer->out, "\"", 1);
	while (value < end) {
		size_t n = plain_bytes(value, (size_t)(end - value));
		text_add(writer->out, value, n);
		value += n;
		if (value == end)
			break;
		n = utf8_sequence(value, (size_t)(end - value));
		unsigned char c = (unsigned char)*value;
		if (n == 0)
			add_text(writer, "\xEF\xBF\xBD"); /* U+FFFD */
		else if (c < 0x20 || c == '"' || c == '\\')
			add_escaped(writer, c);
		else
			text_add(writer->out, value, n);
		value += n > 0 ? n : 1;
	}
	text_add(writer->out, "\"", 1);
}

/* What stands in front of every value: the comma, the line break, the key. */
static void begin_value(struct json_writer *writer, const char *key)
{
	if (writer->depth > 0) {
		if (!writer->first[writer->depth])
			add_text(writer, ",");
		writer->first[writer->depth] = false;
		break_line(writer);
	}
	if (key != NULL) {
		add_quoted(writer, key);
		add_text(writer, writer->pretty ? ": " : ":");
	}
}

static void begin_container(struct json_writer *writer, const char *key, const char *bracket)
{
	begin_value(writer, key);
	add_text(writer, bracket);
	assert(writer->depth < JSON_MAX_DEPTH);
	writer->first[++writer->depth] = true;
}

static void end_container(struct json_writer *writer, const char *bracket)
{
	assert(writer->depth > 0);
	bool empty = writer->first[writer->depth--];
	if (!empty)
		break_line(writer);
	add_text(writer, bracket);
}

void json_begin_object(struct json_writer *writer, const char *key)
{
	begin_container(writer, key, "{");
}

void json_end_object(struct json_writer *writer)
{
	end_container(writer, "}");
}

void json_begin_array(struct json_writer *writer, const char *key)
{
	begin_container(writer, key, "[");
}

void json_end_array(struct json_writer *writer)
{
	end_container(writer, "]");
}

void json_string(struct json_writer *writer, const char *key, const char *value)
{
	begin_value(writer, key);
	if (value != NULL)
		add_quoted(writer, value);
	else
		add_text(writer, "null");
}

void json_double(struct json_writer *writer, const char *key, double value)
{
	char text[NUMBER_TEXT] = "null";
	if (isfinite(value))
		number_from_double(text, value);
	begin_value(writer, key);
	add_text(writer, text);
}

void json_float(struct json_writer *writer, const char *key, float value)
{
	char text[NUMBER_TEXT] = "null";
	if (isfinite(value))
		number_from_float(text, value);
	begin_value(writer, key);
	add_text(writer, text);
}

void json_size(struct json_writer *writer, const char *key, size_t value)
{
	begin_value(writer, key);
	text_addf(writer->out, "%zu", value);
}

void json_bool(struct json_writer *writer, const char *key, bool value)
{
	begin_value(writer, key);
	add_text(writer, value ? "true" : "false");
}

void json_doubles(struct json_writer *writer, const char *key, const double *values, size_t n, size_t step)
{
	json_begin_array(writer, key);
	for (size_t i = 0; i < n; i++)
		json_double(writer, NULL, *(const double *)((const char *)values + i * step));
	json_end_array(writer);
}

void json_hexadecimal(struct json_writer *writer, const char *key, uint64_t value)
{
	begin_value(writer, key);
	text_addf(writer->out, "\"%016llx\"", (unsigned long long)value);
}

static void write_parts(struct json_writer *writer, const struct json *value)
{
	for (const struct json *part = value->child; part; part = part->next)
		json_value(writer, part->key, part);
}

void json_value(struct json_writer *writer, const char *key, const struct json *value)
{
	switch (value->type) {
	case JSON_NULL: json_string(writer, key, NULL); return;
	case JSON_FALSE:
	case JSON_TRUE: json_bool(writer, key, value->type == JSON_TRUE); return;
	case JSON_STRING: json_string(writer, key, value->string); return;
	case JSON_NUMBER:
		if (value->n > 0)
			json_size(writer, key, value->n);
		else
			json_double(writer, key, value->number);
		return;
	case JSON_ARRAY:
		json_begin_array(writer, key);
		write_parts(writer, value);
		json_end_array(writer);
		return;
	case JSON_OBJECT:
		json_begin_object(writer, key);
		write_parts(writer, value);
		json_end_object(writer);
		return;
	}
}
