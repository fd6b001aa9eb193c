/* SPDX-License-Identifier: MIT */
#include "model/c_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE 132
#define MOST_OF_STRING 4095 /* of C99; a byte takes up to four characters */
#define MOST_OF_COMMENT 200

/* ---------------------------------------------------------------- identifiers */

/* What a field cannot be called: keywords of C and C++, and macros of headers that have no parameters; upper case is not used. */
static const char *const taken[] = {
	"alignas", "alignof", "and", "and_eq", "asm", "assert", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char",
	"char16_t", "char32_t", "char8_t", "class", "co_await", "co_return", "co_yield", "compl", "complex", "concept", "const",
	"const_cast", "consteval", "constexpr", "constinit", "continue", "decltype", "default", "delete", "do", "double",
	"dynamic_cast", "else", "enum", "environ", "errno", "explicit", "export", "extern", "false", "far", "float", "for",
	"fortran", "friend", "goto", "huge", "i386", "if", "imaginary", "inline", "int", "interface", "linux", "long", "mutable",
	"namespace", "near", "new", "noexcept", "noreturn", "not", "not_eq", "nullptr", "operator", "or", "or_eq", "private",
	"protected", "public", "register", "reinterpret_cast", "requires", "restrict", "return", "short", "signed", "sizeof",
	"small", "static", "static_assert", "static_cast", "stderr", "stdin", "stdout", "struct", "switch", "template", "this",
	"thread_local", "throw", "true", "try", "typedef", "typeid", "typename", "typeof", "typeof_unqual", "union", "unix",
	"unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq",
};

static bool is_taken(const char *name)
{
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		if (strcmp(taken[i], name) == 0)
			return true;
	return false;
}

/* No identifier made here ends in '_' or has "__" in it, so that both can be put behind it and stay its own. */
static void make_identifier(char identifier[C_NAME], const char *name)
{
	const size_t most = C_NAME - sizeof "__1000000";
	size_t n = 0;
	bool gap = false;
	if (*name >= '0' && *name <= '9')
		identifier[n++] = 'c';
	for (; *name && n < most; name++) {
		const char lower = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;
		const bool letter = lower >= 'a' && lower <= 'z', digit = lower >= '0' && lower <= '9';
		if (!letter && !digit) {
			gap = n > 0;
			continue;
		}
		if (n == 0 && digit)
			identifier[n++] = 'c';
		if (gap && n + 1 < most)
			identifier[n++] = '_';
		gap = false;
		identifier[n++] = lower;
	}
	identifier[n] = '\0';
	if (n == 0)
		snprintf(identifier, C_NAME, "column");
	if (is_taken(identifier))
		identifier[n] = '_', identifier[n + 1] = '\0';
}

struct numbered_field {
	const char *name;
	size_t column;
};

static int compare_fields(const void *a, const void *b)
{
	const struct numbered_field *x = a, *y = b;
	const int order = strcmp(x->name, y->name);
	return order ? order : x->column < y->column ? -1 : 1;
}

/* Of equal ones all but the first get their column's number. */
static void tell_apart(struct c_field *fields, struct numbered_field *sorted, size_t n)
{
	qsort(sorted, n, sizeof *sorted, compare_fields);
	for (size_t i = n; i-- > 1;)
		if (strcmp(sorted[i].name, sorted[i - 1].name) == 0) {
			char *name = fields[sorted[i].column].name;
			const size_t length = strlen(name);
			snprintf(name + length, C_NAME - length, "__%zu", sorted[i].column + 1);
		}
}

enum cln_status c_fields(struct c_field **fields, const struct pipeline *pipeline, struct cln_error *err)
{
	const size_t n = pipeline->n_columns;
	struct c_field *made = mem_alloc(n, sizeof *made, err);
	struct numbered_field *sorted = made ? mem_alloc(n, sizeof *sorted, err) : NULL;
	size_t used = 0;
	*fields = sorted ? made : NULL;
	if (!sorted) {
		mem_free(made);
		return CLN_E_MEMORY;
	}
	for (size_t c = 0; c < n; c++) {
		if (pipeline->columns[c].n_features == 0)
			continue;
		make_identifier(made[c].name, pipeline->columns[c].name);
		sorted[used++] = (struct numbered_field){made[c].name, c};
	}
	tell_apart(made, sorted, used);
	mem_free(sorted);
	return CLN_OK;
}

/* ---------------------------------------------------------------- texts and numbers */

/* Three octal digits always: what follows cannot be taken for more of them. */
static void add_character(struct text *out, char c)
{
	if (c < 0x20 || c > 0x7e || strchr("\"\\'?*", c))
		text_addf(out, "\\%03o", (unsigned)(unsigned char)c);
	else
		text_add(out, &c, 1);
}

static void add_quoted(struct text *out, const char *text, size_t length)
{
	text_add(out, "\"", 1);
	for (size_t i = 0; i < length; i++)
		add_character(out, text[i]);
	text_add(out, "\"", 1);
}

static void add_characters(struct text *out, const char *text)
{
	text_addf(out, "(const char[]){");
	for (size_t i = 0; text[i]; i++) {
		text_addf(out, i % 32 ? "'" : "\n\t'");
		add_character(out, text[i]);
		text_addf(out, "', ");
	}
	text_addf(out, "0}");
}

void c_add_string(struct text *out, const char *text)
{
	const size_t length = strlen(text);
	if (length <= MOST_OF_STRING / 4)
		add_quoted(out, text, length);
	else
		add_characters(out, text);
}

void c_add_comment(struct text *out, const char *text)
{
	const size_t length = strlen(text);
	add_quoted(out, text, length < MOST_OF_COMMENT ? length : MOST_OF_COMMENT);
	text_addf(out, length > MOST_OF_COMMENT ? " ..." : "");
}

static void add_exact(struct text *out, double value, const char *suffix)
{
	int exponent;
	if (!isfinite(value)) {
		text_addf(out, isnan(value) ? "NAN" : value < 0 ? "-INFINITY" : "INFINITY");
		return;
	}
	const double fraction = frexp(fabs(value), &exponent);
	uint64_t integer = (uint64_t)ldexp(fraction, 53);
	exponent -= 53;
	if (integer == 0) {
		text_addf(out, "%s0.0%s", signbit(value) ? "-" : "", suffix);
		return;
	}
	for (; integer % 2 == 0; integer /= 2)
		exponent++;
	text_addf(out, "%s0x%" PRIx64 "p%d%s", value < 0 ? "-" : "", integer, exponent, suffix);
}

void c_add_float(struct text *out, float value) { add_exact(out, (double)value, "f"); }
void c_add_double(struct text *out, double value) { add_exact(out, value, ""); }

/* Breaks the line where it is full; a list ends with add_end. */
static void add_gap(struct text *out, size_t *line)
{
	if (out->length - *line > LINE - 24) {
		text_add(out, "\n\t", 2);
		*line = out->length;
	} else {
		text_add(out, " ", 1);
	}
}

void c_add_floats(struct text *out, const char *name, const float *values, size_t n)
{
	text_addf(out, "static const float %s[] = {\n\t", name);
	size_t line = out->length;
	for (size_t i = 0; i < n; i++) {
		c_add_float(out, values[i]);
		text_add(out, ",", 1);
		if (i + 1 < n)
			add_gap(out, &line);
	}
	text_addf(out, "\n};\n");
}

void c_add_strings(struct text *out, const char *name, char *const *texts, size_t n)
{
	text_addf(out, "static const char *const %s[] = {\n", name);
	for (size_t i = 0; i < n; i++) {
		text_add(out, "\t", 1);
		c_add_string(out, texts[i]);
		text_add(out, ",\n", 2);
	}
	text_addf(out, "};\n");
}
