/* SPDX-License-Identifier: MIT
 * The space that is in force, and the values that trials draw from it. */
#include "cli/search_space.h"

#include <assert.h>
#include <string.h>

#define SPACE_LIMIT ((size_t)1 << 20) /* bytes of the file */

/* ---------------------------------------------------------------- the space in force */

/* Around the recipes' values (doc/search.md). */
static const struct {
	const char *recipe, *text;
} built_in[] = {
    {"default", "lr = log 0.0025 .. 0.16\n"
		"hidden = 256,256,256 | 128,128,128 | 512,512,512 | 256,256 | 512\n"
		"dropout = 0 .. 0.5\n"
		"weight-decay = log 0.01 .. 1\n"
		"batch-size = 128 | 256 | 512\n"},
    {"plain", "lr = log 1e-4 .. 1e-2\n"
	      "hidden = 64 | 128,64 | 256,128 | 256,256,256 | 512\n"
	      "dropout = 0 | 0.05 .. 0.5\n"
	      "weight-decay = 0 | log 1e-4 .. 0.1\n"
	      "batch-size = 64 | 128 | 256 | 512\n"},
    {"textbook", "lr = log 0.01 .. 10\n"
		 "hidden = 3 | 3,3 | 5 | 5,5 | 8\n"},
};

static enum cln_status read_built_in(struct search_space *space, const char *recipe, struct cln_error *err)
{
	size_t i = sizeof built_in / sizeof *built_in - 1;

	while (i > 0 && strcmp(built_in[i].recipe, recipe) != 0)
		i--;
	const enum cln_status status =
	    search_space_parse(space, built_in[i].text, strlen(built_in[i].text), "the space that is built in", err);
	space->built_in = true;
	return status;
}

static enum cln_status read_file(struct search_space *space, const char *path, struct cln_error *err)
{
	size_t length;
	char *bytes;
	enum cln_status status = io_read_file(&bytes, &length, path, SPACE_LIMIT, err);

	if (status != CLN_OK)
		return status;
	status = search_space_parse(space, bytes, length, path, err);
	mem_free(bytes);
	return status;
}

enum cln_status search_space_read(struct search_space *space, const struct options *options, struct cln_error *err)
{
	size_t drawn = 0;
	enum cln_status status = options->space ? read_file(space, options->space, err)
						: read_built_in(space, options->config.recipe, err);

	if (status != CLN_OK)
		return status;
	for (size_t i = 0; i < space->n; i++) {
		struct space_option *option = &space->options[i];
		const enum option_source source = options_source(options, option->spec);
		option->given = source == GIVEN_BY_FLAG || (space->built_in && source != NOT_GIVEN);
		drawn += search_space_is_drawn(option);
	}
	if (drawn == 0)
		status = error_set(err, CLN_E_USAGE, "%s: no option has a range or a choice that is not given otherwise: there is "
				   "nothing to search", options->space ? options->space : "the space that is built in");
	if (status != CLN_OK)
		search_space_free(space);
	return status;
}

/* ---------------------------------------------------------------- values */

bool search_space_is_drawn(const struct space_option *option)
{
	return !option->given && (option->n > 1 || !option->parts[0].value);
}

static void apply(struct options *options, const struct space_option *option, size_t trial)
{
	const char *value;
	char number[NUMBER_TEXT];
	struct rng rng;

	search_stream(&rng, options->config.seed, option->spec->name, trial);
	const struct space_part *part = &option->parts[option->n > 1 ? rng_below(&rng, option->n) : 0];
	value = part->value;
	if (!value) {
		number_from_double(number, search_draw(&rng, &part->range));
		value = number;
	}
	const bool set = options_set(options, option->spec, value); /* a number between two that were */
	assert(set);
	(void)set;
}

void search_space_apply(struct options *options, const struct search_space *space, size_t trial)
{
	for (size_t i = 0; i < space->n; i++) {
		const struct space_option *option = &space->options[i];
		if (!option->given && !(space->built_in && trial == 1))
			apply(options, option, trial);
	}
}

static void add_number(struct text *text, double value)
{
	char number[NUMBER_TEXT];

	text_add(text, number, number_from_double(number, value));
}

void search_space_text(struct text *text, const struct space_option *option)
{
	for (size_t i = 0; i < option->n; i++) {
		const struct space_part *part = &option->parts[i];
		text_addf(text, "%s", i ? " | " : "");
		if (part->value) {
			text_addf(text, "%s", part->value);
			continue;
		}
		text_addf(text, "%s", part->range.logarithmic ? "log " : "");
		add_number(text, part->range.low);
		text_addf(text, " .. ");
		add_number(text, part->range.high);
	}
}
