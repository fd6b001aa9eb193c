/* SPDX-License-Identifier: MIT
 * Names, texts and numbers as C99 has them, for the C export.  Nothing that a table may hold - quotes, line breaks, comment ends,
 * trigraphs, any UTF-8 - gets through as itself. */
#ifndef MODEL_C_TEXT_H
#define MODEL_C_TEXT_H

#include "data/pipeline.h"

#define C_NAME 48 /* bytes of an identifier, with its '\0' */

/* A column as one field of a struct. */
struct c_field {
	char name[C_NAME];
};

/* An identifier for each column that gives features, all different and none a word that C or C++ or a header may have taken:
 * letters and digits of the column's name in lower case, everything else one '_'.  n_columns of them, mem_free. */
enum cln_status c_fields(struct c_field **fields, const struct pipeline *pipeline, struct cln_error *err) CLN_MUST_CHECK;

/* An expression that is this text, as "text" with its quotes, in printable ASCII without '?'; beyond what every compiler takes as
 * a string it is an array of characters. */
void c_add_string(struct text *out, const char *text);

/* The beginning of a text as a string that may stand in a comment. */
void c_add_comment(struct text *out, const char *text);

/* The exact value, as "0x3p-4f" and "0x3p-4": an odd integer times a power of two, so that no compiler rounds it; NAN,
 * INFINITY. */
void c_add_float(struct text *out, float value);
void c_add_double(struct text *out, double value);

/* "static const float NAME[] = {...};" of n > 0 numbers. */
void c_add_floats(struct text *out, const char *name, const float *values, size_t n);

/* "static const char *const NAME[] = {...};" of n > 0 texts. */
void c_add_strings(struct text *out, const char *name, char *const *texts, size_t n);

#endif
