/* SPDX-License-Identifier: MIT */
#include "model/shared_code.h"

#include <assert.h>
#include <string.h>

enum kind { KIND_WORD, KIND_FUNCTION, KIND_TAGGED }; /* a macro or typedef; used by a call; used behind struct or enum */

static const struct definition {
	const char *file, *name;
	enum kind kind;
	const char *text;
} definitions[] = {
#include "shared_code.inc"
};
enum { N_DEFINITIONS = sizeof definitions / sizeof *definitions };
_Static_assert((int)N_DEFINITIONS <= SHARED_CODE_MOST, "a bit for each");

static bool is_word(char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

/* The definition of a name: the one in `file` where there is one of that name, since two files may have helpers of one name. */
static const struct definition *find(const char *name, size_t length, const char *file)
{
	const struct definition *found = NULL;
	for (const struct definition *d = definitions; d < definitions + N_DEFINITIONS; d++)
		if (strlen(d->name) == length && memcmp(d->name, name, length) == 0 &&
		    (!found || (file && strcmp(d->file, file) == 0)))
			found = d;
	return found;
}

/* The first character from `c` on that is neither in a comment nor white space. */
static const char *skip_comment(const char *c)
{
	while (c[0] == '/' && c[1] == '*') {
		c = strstr(c + 2, "*/") + 2;
		c += strspn(c, " \n");
	}
	return c;
}

/* Whether the word with this definition, `length` bytes at `word`, is a use of it, and not a variable or member of that name. */
static bool is_use(const struct definition *d, const char *text, const char *word, size_t length)
{
	if (d->kind == KIND_FUNCTION)
		return word[length] == '(';
	return d->kind == KIND_TAGGED || word == text || word[-1] != '.';
}

/* Of a word, or of "struct" or "enum" and the tag behind it. */
static size_t word_length(const char *word)
{
	size_t length = 0;
	while (is_word(word[length]))
		length++;
	if (word[length] == ' ' && (strncmp(word, "struct ", length + 1) == 0 || strncmp(word, "enum ", length + 1) == 0))
		for (length++; is_word(word[length]);)
			length++;
	return length;
}

static void add_definition(struct text *out, struct shared_code_written *written, const struct definition *d)
{
	if (written->definition[d - definitions])
		return;
	written->definition[d - definitions] = true;
	for (const char *c = skip_comment(d->text); *c; c = skip_comment(c)) {
		if (!is_word(*c)) {
			c++;
			continue;
		}
		const size_t length = word_length(c);
		const struct definition *used = find(c, length, d->file);
		if (used && is_use(used, d->text, c, length))
			add_definition(out, written, used);
		c += length;
	}
	text_add(out, d->text, strlen(d->text));
}

void shared_code_add(struct text *out, struct shared_code_written *written, const char *name)
{
	const struct definition *d = find(name, strlen(name), NULL);
	assert(d);
	add_definition(out, written, d);
}
