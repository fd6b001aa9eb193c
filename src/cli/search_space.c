/* SPDX-License-Identifier: MIT */
#include "cli/search_space.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_PARTS 1000 /* of one choice */

/* ---------------------------------------------------------------- what can be searched */

static const char same_rows[] = "all trials have the same rows and columns";
static const char no_shape[] = "it does not shape the model";

/* Options that shape the model, or seem to, and why no trial has its own. */
static const struct {
	const char *name, *reason;
} refused[] = {
    {"label", same_rows},
    {"positive", same_rows},
    {"valid-fraction", same_rows},
    {"test-fraction", same_rows},
    {"weight", same_rows},
    {"ignore", same_rows},
    {"categorical", same_rows},
    {"numeric", same_rows},
    {"missing", same_rows},
    {"separator", same_rows},
    {"no-header", same_rows},
    {"recipe", "the values of all other options come from it; give it on the command line"},
    {"seed", "what it makes better is luck"},
    {"metric", "trials are compared by it"},
    {"ensemble", "a trial trains one network, or as many as --ensemble says"},
    {"calibrate", "it is fitted to the rows that judge"},
    {"threshold", "it is fitted to the rows that judge"},
    {"folds", "all trials are judged in the same way"},
};

/* NULL: it can be. */
static const char *why_refused(const struct option_spec *spec)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		if (strcmp(refused[i].name, spec->name) == 0)
			return refused[i].reason;
	return spec->passing ? no_shape : NULL;
}

static bool is_number(const struct option_spec *spec)
{
	return spec->type == OPTION_REAL || spec->type == OPTION_SIZE;
}

/* ---------------------------------------------------------------- reading */

/* A place in the text; the file is read line by line, a line part by part. */
struct reader {
	struct search_space *space;
	const struct command *command;
	const char *name, *line_begin;
	size_t line;
	struct options scratch; /* tries values */
	struct cln_error *err;
};

/* file:line:column: ... */
static enum cln_status refuse(struct reader *reader, const char *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static enum cln_status refuse(struct reader *reader, const char *at, const char *format, ...)
{
	char sentence[CLN_ERROR_TEXT / 2];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	return error_set(reader->err, CLN_E_USAGE, "%.200s:%zu:%zu: %s", reader->name, reader->line,
			 (size_t)(at - reader->line_begin) + 1, sentence);
}

static char *skip_space(char *at)
{
	return at + strspn(at, " \t\r");
}

/* Cuts spaces behind; `text` ends with '\0'. */
static char *cut_space(char *text)
{
	size_t length = strlen(text);

	while (length > 0 && strchr(" \t\r", text[length - 1]))
		length--;
	text[length] = '\0';
	return text;
}

/* An end of a range: a number that the option may have. */
static enum cln_status read_end(double *end, struct reader *reader, const struct option_spec *spec, char *text)
{
	char range[OPTION_VALUE];

	text = cut_space(skip_space(text));
	if (!*text)
		return refuse(reader, text, "an end of the range is missing: two numbers are wanted, as 0 .. 0.5");
	if (number_to_double(end, text, strlen(text)) && options_set(&reader->scratch, spec, text))
		return CLN_OK;
	options_range(range, spec);
	return refuse(reader, text, "%s: \"%.80s\" is not %.900s", spec->name, text, range);
}

/* Four digits of a number that is drawn are below the powers of ten that search_draw has. */
static bool is_too_small(double end)
{
	return end != 0 && fabs(end) < 1e-18;
}

/* low .. high; `dots` is where the dots are, `text` behind "log". */
static enum cln_status read_range(struct search_range *range, struct reader *reader, const struct option_spec *spec, char *text,
				  char *dots)
{
	enum cln_status status;

	if (!is_number(spec))
		return refuse(reader, text, "%s is no number, so it has no range; choices are written a | b", spec->name);
	*dots = '\0';
	range->whole = spec->type == OPTION_SIZE;
	status = read_end(&range->low, reader, spec, text);
	if (status == CLN_OK)
		status = read_end(&range->high, reader, spec, dots + 2);
	if (status != CLN_OK)
		return status;
	text = skip_space(text);
	if (!(range->low < range->high))
		return refuse(reader, text, "%s: the first end of a range must be below the second one", spec->name);
	if (is_too_small(range->low) || is_too_small(range->high))
		return refuse(reader, text, "%s: the ends of a range must be 0 or at least 1e-18 from it", spec->name);
	if (range->logarithmic && range->low <= 0)
		return refuse(reader, text, "%s: behind log the lower end must be above 0", spec->name);
	return CLN_OK;
}

/* A value of the option as train takes it; it may stand in double quotes. */
static enum cln_status read_plain(struct space_part *part, struct reader *reader, const struct option_spec *spec, char *text)
{
	const size_t length = strlen(text);
	char range[OPTION_VALUE];
	const char *at = text;

	if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
		text[length - 1] = '\0';
		text++;
	}
	part->value = text;
	if (*text && options_set(&reader->scratch, spec, text))
		return CLN_OK;
	options_range(range, spec);
	return refuse(reader, at, "%s: \"%.80s\" is not %.900s", spec->name, text, range);
}

static enum cln_status read_part(struct space_part *part, struct reader *reader, const struct option_spec *spec, char *text)
{
	static const char logarithmic[] = "log";

	text = cut_space(skip_space(text));
	if (!*text)
		return refuse(reader, text, "%s: a value is missing", spec->name);
	char *dots = strstr(text, "..");
	const size_t word = strcspn(text, " \t");
	if (word == strlen(logarithmic) && strncmp(text, logarithmic, word) == 0) {
		if (!dots)
			return refuse(reader, text, "log stands before a range, as log 1e-4 .. 0.1");
		part->range.logarithmic = true;
		text += word;
	}
	return dots ? read_range(&part->range, reader, spec, text, dots) : read_plain(part, reader, spec, text);
}

static enum cln_status read_parts(struct space_option *option, struct reader *reader, char *text)
{
	enum cln_status status = CLN_OK;
	size_t n = 1;

	for (const char *c = text; *c; c++)
		n += *c == '|';
	if (n > MOST_PARTS)
		return refuse(reader, text, "%s: a choice has at most %d parts", option->spec->name, MOST_PARTS);
	option->parts = mem_alloc(n, sizeof *option->parts, reader->err);
	if (!option->parts)
		return CLN_E_MEMORY;
	for (option->n = 0; option->n < n && status == CLN_OK; option->n++) {
		char *end = text + strcspn(text, "|");
		*end = '\0';
		status = read_part(&option->parts[option->n], reader, option->spec, text);
		text = end + 1;
	}
	return status;
}

/* The option that a line names, which no line before it does. */
static enum cln_status find_option(const struct option_spec **spec, struct reader *reader, const char *name)
{
	const char *nearest = options_nearest(reader->command, name);

	*spec = options_find(reader->command, name);
	if (!*spec && nearest)
		return refuse(reader, name, "there is no option \"%.80s\"; did you mean %s?", name, nearest);
	if (!*spec)
		return refuse(reader, name, "there is no option \"%.80s\"; \"colonnade search --help\" lists them", name);
	if (why_refused(*spec))
		return refuse(reader, name, "%s cannot be searched: %s", name, why_refused(*spec));
	for (size_t i = 0; i < reader->space->n; i++)
		if (reader->space->options[i].spec == *spec)
			return refuse(reader, name, "%s stands in line %zu, too", name, reader->space->options[i].line);
	return CLN_OK;
}

static enum cln_status read_line(struct reader *reader, char *line)
{
	struct search_space *space = reader->space;
	const struct option_spec *spec;
	void *options = space->options;

	reader->line_begin = line;
	char *name = cut_space(skip_space(line));
	if (!*name || *name == '#')
		return CLN_OK;
	char *equals = strchr(name, '=');
	if (!equals || equals == name)
		return refuse(reader, name, "\"%.80s\" is no line of the form option = value", name);
	*equals = '\0';
	enum cln_status status = find_option(&spec, reader, cut_space(name));
	if (status == CLN_OK)
		status = mem_grow(&options, space->n, space->n + 1, sizeof *space->options, reader->err);
	if (status != CLN_OK)
		return status;
	space->options = options;
	space->options[space->n] = (struct space_option){.spec = spec, .line = reader->line};
	return read_parts(&space->options[space->n++], reader, equals + 1);
}

enum cln_status search_space_parse(struct search_space *space, const char *bytes, size_t length, const char *name,
				   struct cln_error *err)
{
	const struct command *command = options_find_command("search");
	struct reader reader = {.space = space, .command = command, .name = name, .err = err};
	enum cln_status status = CLN_OK;

	*space = (struct search_space){.text = mem_copy(bytes, length, err)};
	if (!space->text)
		return CLN_E_MEMORY;
	if (memchr(bytes, '\0', length))
		status = error_set(err, CLN_E_USAGE, "%s: not a text file: a zero byte is in it", name);
	options_defaults(&reader.scratch, command);
	const bool marked = strncmp(space->text, "\xEF\xBB\xBF", 3) == 0; /* as in a config file */
	for (char *line = space->text + (marked ? 3 : 0), *next; line && status == CLN_OK; line = next) {
		char *end = strchr(line, '\n');
		next = end ? end + 1 : NULL;
		if (end)
			*end = '\0';
		reader.line++;
		status = read_line(&reader, line);
	}
	if (status != CLN_OK)
		search_space_free(space);
	return status;
}

void search_space_free(struct search_space *space)
{
	for (size_t i = 0; i < space->n; i++)
		mem_free(space->options[i].parts);
	mem_free(space->options);
	mem_free(space->text);
	*space = (struct search_space){0};
}
