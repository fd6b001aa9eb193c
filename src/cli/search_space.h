/* SPDX-License-Identifier: MIT
 * What is searched: a file of lines "option = value", whose values may be ranges and choices. */
#ifndef CLI_SEARCH_SPACE_H
#define CLI_SEARCH_SPACE_H

#include "api/search.h"
#include "cli/options.h"

/* "log 64 .. 1024", or a plain value. */
struct space_part {
	const char *value;         /* NULL: a range */
	struct search_range range;
};

/* A line; its parts are as likely as one another. */
struct space_option {
	const struct option_spec *spec;
	struct space_part *parts;
	size_t n, line;
	bool given; /* by what overrides the space: it is not applied */
};

struct search_space {
	struct space_option *options;
	size_t n;
	bool built_in;  /* no --space: trial 1 has the recipe's own values */
	char *text;     /* owned: what the parts' values point into */
};

/* Reads options->space, or what is built in for the recipe.  CLN_E_USAGE: file:line:column and what is wrong there, or nothing is
 * left to search; CLN_E_IO. */
enum cln_status search_space_read(struct search_space *space, const struct options *options, struct cln_error *err) CLN_MUST_CHECK;

/* The same of a text, whatever overrides it; name: of the file, for messages. */
enum cln_status search_space_parse(struct search_space *space, const char *bytes, size_t length, const char *name,
				   struct cln_error *err) CLN_MUST_CHECK;
void search_space_free(struct search_space *space);

/* Whether the option's value is drawn: a range or a choice that nothing overrides. */
bool search_space_is_drawn(const struct space_option *option);

/* Gives options the values of a trial, from 1. */
void search_space_apply(struct options *options, const struct search_space *space, size_t trial);

/* The option's line in one form, as "0 | log 0.1 .. 0.5", for text_free. */
void search_space_text(struct text *text, const struct space_option *option);

#endif
