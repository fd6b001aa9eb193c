/* SPDX-License-Identifier: MIT */
#include "cli/run_command.h"

#include <string.h>

/* What the library fills in where the user was silent is no change, though its value is recorded. */
static bool is_filled_in(const char *name)
{
	return strcmp(name, "label") == 0 || strcmp(name, "positive") == 0 || strcmp(name, "block-size") == 0;
}

/* A file takes the place of its share of DATA. */
static bool is_set_by_file(const struct options *options, const char *name)
{
	return (options->valid && strcmp(name, "valid-fraction") == 0) || (options->test && strcmp(name, "test-fraction") == 0);
}

/* Where a run goes and who watches it belongs to no result. */
static bool shapes_result(const struct option_spec *spec)
{
	return !spec->passing || strcmp(spec->name, "valid") == 0 || strcmp(spec->name, "test") == 0 ||
	       strcmp(spec->name, "init") == 0;
}

static bool is_changed(const struct options *options, const struct options *defaults, const struct option_spec *spec)
{
	char value[OPTION_VALUE], usual[OPTION_VALUE];

	if (!(spec->commands & options->command->bit) || !shapes_result(spec) || is_set_by_file(options, spec->name))
		return false;
	if (is_filled_in(spec->name) && !options_given(options, spec->name))
		return false;
	options_value(value, options, spec);
	options_value(usual, defaults, spec);
	return strcmp(value, usual) != 0;
}

/* As it is where nothing in it means anything to a shell, else in single quotes. */
static void add_word(struct text *line, const char *word)
{
	const bool plain =
	    *word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%") == strlen(word);

	if (plain) {
		text_add(line, word, strlen(word));
		return;
	}
	text_add(line, "'", 1);
	for (; *word; word++)
		text_add(line, *word == '\'' ? "'\\''" : word, *word == '\'' ? 4 : 1);
	text_add(line, "'", 1);
}

static void add_option(struct text *line, const struct options *options, const struct option_spec *spec)
{
	char value[OPTION_VALUE];

	options_value(value, options, spec);
	text_addf(line, " --%s", spec->name);
	if (spec->type == OPTION_SWITCH && strcmp(value, "true") == 0)
		return;
	text_add(line, spec->type == OPTION_SWITCH ? "=" : " ", 1);
	add_word(line, spec->type == OPTION_TEXT ? options_text(options, spec) : value);
}

/* The values of the recipe in force. */
static void recipe_defaults(struct options *defaults, const struct options *options)
{
	options_defaults(defaults, options->command);
	if (options->config.recipe && cln_config_recipe(&defaults->config, options->config.recipe, NULL) != CLN_OK)
		options_defaults(defaults, options->command);
}

static void add_operand(struct text *line, const char *operand)
{
	if (operand[0] == '-' && operand[1]) /* "-" is standard input */
		text_addf(line, "./");
	add_word(line, operand);
}

void run_command_next(struct text *line, const struct options *options)
{
	static const char *const reading[] = {"no-header", "separator"};

	text_addf(line, "colonnade predict ");
	add_operand(line, options->out);
	text_addf(line, " NEW.csv");
	for (size_t i = 0; i < sizeof reading / sizeof *reading; i++)
		if (options_given(options, reading[i]))
			add_option(line, options, options_find(options->command, reading[i]));
	text_addf(line, " > predictions.csv");
}

void run_command_write(struct json_writer *writer, const struct options *options)
{
	const bool pretty = writer->pretty;
	struct options defaults;
	struct text line = {0};

	recipe_defaults(&defaults, options);
	text_addf(&line, "colonnade train ");
	add_operand(&line, options->operands[0]);
	if (options_given(options, "recipe"))
		add_option(&line, options, options_find(options->command, "recipe"));
	json_begin_array(writer, "changed");
	writer->pretty = false;
	for (size_t i = 0; options_spec(i); i++) {
		if (!is_changed(options, &defaults, options_spec(i)))
			continue;
		json_string(writer, NULL, options_spec(i)->name);
		add_option(&line, options, options_spec(i));
	}
	json_end_array(writer);
	writer->pretty = pretty;
	json_string(writer, "command", text_check(&line, NULL) == CLN_OK ? line.bytes : NULL);
	if (line.failed)
		writer->out->failed = true;
	text_free(&line);
}

static enum cln_status add_config_line(struct text *file, const struct options *options, const struct option_spec *spec,
				       struct cln_error *err)
{
	char value[OPTION_VALUE];

	if (spec->type != OPTION_TEXT) {
		options_value(value, options, spec);
		text_addf(file, "%s = %s\n", spec->name, value);
		return CLN_OK;
	}
	if (strpbrk(options_text(options, spec), "\r\n"))
		return error_set(err, CLN_E_USAGE, "--%s: a name with a line break in it cannot stand in a config file",
				 spec->name);
	text_addf(file, "%s = \"%s\"\n", spec->name, options_text(options, spec));
	return CLN_OK;
}

enum cln_status run_command_config(struct text *file, const struct options *options, struct cln_error *err)
{
	struct options defaults;
	enum cln_status status = CLN_OK;

	recipe_defaults(&defaults, options);
	text_addf(file, "recipe = %s\n", options->config.recipe);
	for (size_t i = 0; options_spec(i) && status == CLN_OK; i++)
		if (is_changed(options, &defaults, options_spec(i)) && strcmp(options_spec(i)->name, "recipe") != 0)
			status = add_config_line(file, options, options_spec(i), err);
	return status == CLN_OK ? text_check(file, err) : status;
}
