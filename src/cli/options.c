/* SPDX-License-Identifier: MIT
 * Reading options: recipe first, then the config file, then the flags.  All are collected before any is applied, so that
 * --recipe may stand anywhere. */
#include "cli/options.h"

#include "api/identity.h"
#include "api/rows.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_FILE_LIMIT ((size_t)1 << 20)
#define WHERE_MAX 320

/* One option as it was given. */
struct assignment {
	const struct option_spec *spec;
	const char *value; /* NULL: a switch without a value */
	size_t line;       /* of the config file; 0: a flag */
};

struct assignments {
	struct assignment *items;
	size_t n, capacity;
};

static void *member(struct options *options, const struct option_spec *spec)
{
	return (char *)options + spec->offset;
}

static const void *const_member(const struct options *options, const struct option_spec *spec)
{
	return (const char *)options + spec->offset;
}

/* ---------------------------------------------------------------- values to text */

static void put(char text[OPTION_VALUE], const char *value)
{
	snprintf(text, OPTION_VALUE, "%s", value ? value : "");
}

static void hidden_text(char text[OPTION_VALUE], const struct cln_config *config)
{
	const bool automatic = config->n_hidden == CLN_AUTO;
	size_t length = 0;

	put(text, automatic ? "auto" : config->n_hidden == 0 ? "none" : "");
	for (size_t l = 0; !automatic && l < config->n_hidden && length < OPTION_VALUE; l++)
		length += (size_t)snprintf(text + length, OPTION_VALUE - length, "%s%zu", l ? "," : "", config->hidden[l]);
}

static void class_weight_text(char text[OPTION_VALUE], const struct cln_config *config)
{
	char negative[NUMBER_TEXT], positive[NUMBER_TEXT];

	if (config->class_weight != CLN_CLASS_WEIGHT_GIVEN) {
		put(text, name_of(&names_class_weight, (int)config->class_weight));
		return;
	}
	number_from_double(negative, config->class_weights[0]);
	number_from_double(positive, config->class_weights[1]);
	snprintf(text, OPTION_VALUE, "%s,%s", negative, positive);
}

/* "0.4", "f1", "cost:1:5", "recall@0.9", "mcc" */
static void threshold_text(char text[OPTION_VALUE], const struct cln_config *config)
{
	char first[NUMBER_TEXT], second[NUMBER_TEXT];

	switch (config->threshold_rule) {
	case CLN_THRESHOLD_COST:
		number_from_double(first, config->false_positive_cost);
		number_from_double(second, config->false_negative_cost);
		snprintf(text, OPTION_VALUE, "cost:%s:%s", first, second);
		return;
	case CLN_THRESHOLD_RECALL:
		number_from_double(first, config->least_precision);
		snprintf(text, OPTION_VALUE, "recall@%s", first);
		return;
	case CLN_THRESHOLD_F1:
		number_from_double(first, config->threshold_beta);
		snprintf(text, OPTION_VALUE, "f%s", first);
		return;
	case CLN_THRESHOLD_BALANCED_ACCURACY:
	case CLN_THRESHOLD_MCC:
		put(text, name_of(&names_threshold_rule, (int)config->threshold_rule));
		return;
	default:
		number_from_double(first, config->threshold);
		put(text, first);
	}
}

static const struct {
	const char *name;
	char separator;
} separators[] = {{"auto", 0}, {"comma", ','}, {"tab", '\t'}, {"semicolon", ';'}};
enum { N_SEPARATORS = sizeof separators / sizeof *separators };

static void separator_text(char text[OPTION_VALUE], char separator)
{
	for (size_t i = 0; i < N_SEPARATORS; i++) {
		if (separators[i].separator == separator) {
			put(text, separators[i].name);
			return;
		}
	}
	put(text, (const char[]){separator, '\0'});
}

static void integer_text(char text[OPTION_VALUE], const struct option_spec *spec, uint64_t value)
{
	if (value == 0 && spec->zero)
		put(text, spec->zero);
	else if (value == CLN_AUTO && spec->most)
		put(text, spec->most);
	else
		snprintf(text, OPTION_VALUE, "%llu", (unsigned long long)value);
}

static void real_text(char text[OPTION_VALUE], const struct option_spec *spec, double value)
{
	char number[NUMBER_TEXT];

	number_from_double(number, value);
	put(text, value == CLN_BY_ROWS && spec->most ? spec->most : number);
}

static const struct {
	const char *unit;
	double seconds;
} units[] = {{"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
enum { N_UNITS = sizeof units / sizeof *units };

/* In the largest unit of which it is a whole number; else in seconds. */
static void duration_text(char text[OPTION_VALUE], const struct option_spec *spec, double seconds)
{
	char number[NUMBER_TEXT];
	size_t unit = 1;

	if (seconds == 0 && spec->zero) {
		put(text, spec->zero);
		return;
	}
	for (size_t i = 0; i < N_UNITS; i++)
		if (seconds >= units[i].seconds && floor(seconds / units[i].seconds) * units[i].seconds == seconds)
			unit = i;
	number_from_double(number, seconds / units[unit].seconds);
	snprintf(text, OPTION_VALUE, "%s%s", number, units[unit].unit);
}

const char *options_text(const struct options *options, const struct option_spec *spec)
{
	const char *text = *(const char *const *)const_member(options, spec);

	return text ? text : "";
}

void options_value(char text[OPTION_VALUE], const struct options *options, const struct option_spec *spec)
{
	const void *value = const_member(options, spec);

	switch (spec->type) {
	case OPTION_SWITCH: put(text, *(const bool *)value ? "true" : "false"); break;
	case OPTION_TEXT: put(text, options_text(options, spec)); break;
	case OPTION_WORD: put(text, name_of(spec->words, *(const int *)value)); break;
	case OPTION_REAL: real_text(text, spec, *(const double *)value); break;
	case OPTION_DURATION: duration_text(text, spec, *(const double *)value); break;
	case OPTION_SIZE: integer_text(text, spec, *(const size_t *)value); break;
	case OPTION_SEED: integer_text(text, spec, *(const uint64_t *)value); break;
	case OPTION_THREADS: integer_text(text, spec, (uint64_t) * (const int *)value); break;
	case OPTION_HIDDEN: hidden_text(text, &options->config); break;
	case OPTION_CLASS_WEIGHT: class_weight_text(text, &options->config); break;
	case OPTION_THRESHOLD: threshold_text(text, &options->config); break;
	case OPTION_SEPARATOR: separator_text(text, *(const char *)value); break;
	}
}

/* ---------------------------------------------------------------- what may be given */

static void words_text(char text[OPTION_VALUE], const struct name_table *words, const char *between)
{
	size_t length = 0;

	put(text, "");
	for (int i = 0; i < words->n && length < OPTION_VALUE; i++)
		length += (size_t)snprintf(text + length, OPTION_VALUE - length, "%s%s", i ? between : "", words->names[i]);
}

void options_argument(char text[OPTION_VALUE], const struct option_spec *spec)
{
	if (!spec->argument && spec->words)
		words_text(text, spec->words, "|");
	else
		put(text, spec->argument);
}

static void number_range(char text[OPTION_VALUE], const struct option_spec *spec)
{
	const char *kind = spec->type == OPTION_REAL ? "a number" : "a whole number";
	char low[NUMBER_TEXT], high[NUMBER_TEXT];

	number_from_double(low, spec->low);
	number_from_double(high, spec->high);
	snprintf(text, OPTION_VALUE, "%s from %s%s to %s%s%s%s%s%s", kind, low, spec->above_low ? " (excluded)" : "", high,
		 spec->below_high ? " (excluded)" : "", spec->zero ? ", or " : "", spec->zero ? spec->zero : "",
		 spec->most ? ", or " : "", spec->most ? spec->most : "");
}

void options_range(char text[OPTION_VALUE], const struct option_spec *spec)
{
	char words[OPTION_VALUE];

	switch (spec->type) {
	case OPTION_SWITCH: put(text, "true or false"); break;
	case OPTION_TEXT: snprintf(text, OPTION_VALUE, "%s", spec->argument); break;
	case OPTION_WORD:
		words_text(words, spec->words, ", ");
		snprintf(text, OPTION_VALUE, "one of %.900s", words);
		break;
	case OPTION_SEED: put(text, "a whole number from 0 to 18446744073709551615"); break;
	case OPTION_HIDDEN:
		snprintf(text, OPTION_VALUE, "up to %d whole numbers from 1 to 65536 with commas between, or none%s%s",
			 CLN_MAX_HIDDEN, spec->most ? ", or " : "", spec->most ? spec->most : "");
		break;
	case OPTION_CLASS_WEIGHT:
		put(text, "none, balanced, or two numbers above 0 for the negative and the positive class, as 1,3.5");
		break;
	case OPTION_THRESHOLD:
		put(text, "a number from 0 to 1, f1 (or another F, as f0.5 or f2), accuracy, balanced_accuracy, mcc, the costs of "
			  "a false positive and of a false negative as cost:1:5, or recall@ and the least precision as recall@0.9");
		break;
	case OPTION_SEPARATOR: put(text, "auto, comma, tab, semicolon, or one punctuation character"); break;
	case OPTION_DURATION:
		snprintf(text, OPTION_VALUE, "a time as 100ms, 30s, 10m, 4h or 2d%s%s", spec->zero ? ", or " : "",
			 spec->zero ? spec->zero : "");
		break;
	case OPTION_REAL:
	case OPTION_SIZE:
	case OPTION_THREADS: number_range(text, spec); break;
	}
}

/* ---------------------------------------------------------------- text to values: false where it is none */

static bool read_switch(bool *value, const char *text)
{
	static const char *const words[2][4] = {{"false", "no", "off", "0"}, {"true", "yes", "on", "1"}};

	if (!text) {
		*value = true;
		return true;
	}
	for (int i = 0; i < 8; i++) {
		if (strcmp(text, words[i / 4][i % 4]) == 0) {
			*value = i / 4;
			return true;
		}
	}
	return false;
}

static bool read_number(double *value, const struct option_spec *spec, const char *text)
{
	if (!number_to_double(value, text, strlen(text)))
		return false;
	bool low = spec->above_low ? *value > spec->low : *value >= spec->low;
	bool high = spec->below_high ? *value < spec->high : *value <= spec->high;
	return low && high;
}

static bool read_real(double *value, const struct option_spec *spec, const char *text)
{
	if (spec->most && strcmp(text, spec->most) == 0) {
		*value = CLN_BY_ROWS;
		return true;
	}
	return read_number(value, spec, text);
}

static bool read_whole(size_t *value, const struct option_spec *spec, const char *text)
{
	double number;

	if (spec->zero && strcmp(text, spec->zero) == 0) {
		*value = 0;
		return true;
	}
	if (spec->most && strcmp(text, spec->most) == 0) {
		*value = CLN_AUTO;
		return true;
	}
	if (!read_number(&number, spec, text) || floor(number) != number)
		return false;
	*value = (size_t)number;
	return true;
}

/* A number and its unit; from a millisecond to ten years. */
static bool read_duration(double *value, const struct option_spec *spec, const char *text)
{
	const size_t digits = strspn(text, "0123456789.");
	double number;

	if (spec->zero && strcmp(text, spec->zero) == 0) {
		*value = 0;
		return true;
	}
	if (!number_to_double(&number, text, digits))
		return false;
	for (size_t i = 0; i < N_UNITS; i++) {
		const double seconds = number * units[i].seconds;
		if (strcmp(text + digits, units[i].unit) == 0 && seconds >= 1e-3 && seconds <= 3650 * 86400.0) {
			*value = seconds;
			return true;
		}
	}
	return false;
}

static bool read_seed(uint64_t *value, const char *text)
{
	uint64_t number = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned digit = (unsigned)(*text - '0');
		if (digit > 9 || number > (UINT64_MAX - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*value = number;
	return true;
}

static bool read_hidden(struct cln_config *config, const struct option_spec *spec, const char *text)
{
	static const struct option_spec unit_range = {.type = OPTION_SIZE, .low = 1, .high = 65536};
	size_t hidden[CLN_MAX_HIDDEN], n = 0;
	bool more = strcmp(text, "none") != 0;

	if (spec->most && strcmp(text, spec->most) == 0) {
		config->n_hidden = CLN_AUTO;
		return true;
	}
	while (more) {
		char item[NUMBER_TEXT];
		size_t length = strcspn(text, ",");
		if (n == CLN_MAX_HIDDEN || length >= sizeof item)
			return false;
		snprintf(item, sizeof item, "%.*s", (int)length, text);
		if (!read_whole(&hidden[n++], &unit_range, item))
			return false;
		more = text[length] == ',';
		text += length + 1;
	}
	config->n_hidden = n;
	memcpy(config->hidden, hidden, n * sizeof *hidden);
	return true;
}

static const struct option_spec weight_range = {.type = OPTION_REAL, .high = 1e6, .above_low = true};
static const struct option_spec share_range = {.type = OPTION_REAL, .high = 1};

/* Two weights with a `mark` between them. */
static bool read_two_weights(double weights[2], const char *text, char mark)
{
	const char *end = strchr(text, mark);
	char first[NUMBER_TEXT];

	if (!end || (size_t)(end - text) >= sizeof first)
		return false;
	snprintf(first, sizeof first, "%.*s", (int)(end - text), text);
	return read_number(&weights[0], &weight_range, first) && read_number(&weights[1], &weight_range, end + 1);
}

static bool read_class_weight(struct cln_config *config, const char *text)
{
	int word = name_find(&names_class_weight, text);
	double weights[2];

	if (word == CLN_CLASS_WEIGHT_NONE || word == CLN_CLASS_WEIGHT_BALANCED) {
		config->class_weight = (enum cln_class_weight)word;
		return true;
	}
	if (!read_two_weights(weights, text, ','))
		return false;
	config->class_weight = CLN_CLASS_WEIGHT_GIVEN;
	memcpy(config->class_weights, weights, sizeof weights);
	return true;
}

static bool read_threshold(struct cln_config *config, const char *text)
{
	static const char cost[] = "cost:", recall[] = "recall@";
	static const struct option_spec beta_range = {.high = 1000, .above_low = true};
	enum cln_threshold_rule rule = CLN_THRESHOLD_GIVEN;
	double number, costs[2];

	if (*text == 'f' && read_number(&number, &beta_range, text + 1)) {
		rule = CLN_THRESHOLD_F1;
		config->threshold_beta = number;
	} else if (strcmp(text, "accuracy") == 0) { /* a wrong row costs the same whichever it is */
		rule = CLN_THRESHOLD_COST;
		config->false_positive_cost = config->false_negative_cost = 1;
	} else if (strcmp(text, name_of(&names_threshold_rule, CLN_THRESHOLD_BALANCED_ACCURACY)) == 0) {
		rule = CLN_THRESHOLD_BALANCED_ACCURACY;
	} else if (strcmp(text, name_of(&names_threshold_rule, CLN_THRESHOLD_MCC)) == 0) {
		rule = CLN_THRESHOLD_MCC;
	} else if (strncmp(text, cost, strlen(cost)) == 0 && read_two_weights(costs, text + strlen(cost), ':')) {
		rule = CLN_THRESHOLD_COST;
		config->false_positive_cost = costs[0];
		config->false_negative_cost = costs[1];
	} else if (strncmp(text, recall, strlen(recall)) == 0 && read_number(&number, &share_range, text + strlen(recall))) {
		rule = CLN_THRESHOLD_RECALL;
		config->least_precision = number;
	} else if (read_number(&number, &share_range, text)) {
		config->threshold = number;
	} else {
		return false;
	}
	config->threshold_rule = rule;
	return true;
}

static bool read_separator(char *value, const char *text)
{
	for (size_t i = 0; i < N_SEPARATORS; i++) {
		if (strcmp(separators[i].name, text) == 0) {
			*value = separators[i].separator;
			return true;
		}
	}
	/* Not what numbers, quotes and line ends are made of. */
	if (strlen(text) != 1 || !strchr(",;\t|:^~!#$%&*/@ ", *text))
		return false;
	*value = *text;
	return true;
}

static bool read_word(int *value, const struct option_spec *spec, const char *text)
{
	int word = name_find(spec->words, text ? text : spec->alone);

	if (word < 0)
		return false;
	*value = word;
	return true;
}

static bool read_threads(int *value, const struct option_spec *spec, const char *text)
{
	size_t number;

	if (!read_whole(&number, spec, text))
		return false;
	*value = (int)number;
	return true;
}

static bool read_value(struct options *options, const struct option_spec *spec, const char *text)
{
	void *value = member(options, spec);

	switch (spec->type) {
	case OPTION_SWITCH: return read_switch(value, text);
	case OPTION_TEXT:
		*(const char **)value = text;
		return *text != '\0';
	case OPTION_WORD: return read_word(value, spec, text);
	case OPTION_REAL: return read_real(value, spec, text);
	case OPTION_DURATION: return read_duration(value, spec, text);
	case OPTION_SIZE: return read_whole(value, spec, text);
	case OPTION_SEED: return read_seed(value, text);
	case OPTION_THREADS: return read_threads(value, spec, text);
	case OPTION_HIDDEN: return read_hidden(&options->config, spec, text);
	case OPTION_CLASS_WEIGHT: return read_class_weight(&options->config, text);
	case OPTION_THRESHOLD: return read_threshold(&options->config, text);
	case OPTION_SEPARATOR: return read_separator(value, text);
	}
	return false;
}

/* ---------------------------------------------------------------- collecting */

static enum cln_status assignments_add(struct assignments *list, struct assignment item, struct cln_error *err)
{
	if (list->n == list->capacity) {
		void *items = list->items;
		enum cln_status status = mem_grow(&items, list->n, list->n * 2 + 16, sizeof item, err);
		if (status != CLN_OK)
			return status;
		list->items = items;
		list->capacity = list->n * 2 + 16;
	}
	list->items[list->n++] = item;
	return CLN_OK;
}

/* How an option is called where it was given: "--dropout", "run.conf:3: dropout". */
static void where_text(char where[WHERE_MAX], const struct options *options, const char *name, size_t line)
{
	if (line)
		snprintf(where, WHERE_MAX, "%.200s:%zu: %.80s", options->config_file, line, name);
	else
		snprintf(where, WHERE_MAX, "--%.80s", name);
}

/* The switch that "no-report" is meant to switch off, or NULL. */
static const struct option_spec *negated_switch(const struct command *command, const char *name)
{
	const struct option_spec *spec = strncmp(name, "no-", 3) == 0 ? options_find(command, name + 3) : NULL;

	return spec && spec->type == OPTION_SWITCH ? spec : NULL;
}

static enum cln_status unknown_option(const struct options *options, const char *name, size_t line, struct cln_error *err)
{
	const char *command = options->command->name, *nearest = options_nearest(options->command, name);
	const struct option_spec *negated = negated_switch(options->command, name);
	char where[WHERE_MAX];

	where_text(where, options, name, line);
	if (negated)
		return error_set(err, CLN_E_USAGE, "%s: %s has no such option; did you mean %s%s%sfalse?", where, command,
				 line ? "" : "--", negated->name, line ? " = " : "=");
	if (nearest)
		return error_set(err, CLN_E_USAGE, "%s: %s has no such option; did you mean %s%s?", where, command,
				 line ? "" : "--", nearest);
	return error_set(err, CLN_E_USAGE, "%s: %s has no such option; \"colonnade %s --help\" lists them", where, command,
			 command);
}

/* argv[*i] is a flag; its value may be the next argument. */
static enum cln_status collect_flag(struct assignments *list, const struct options *options, int *i, int argc, char *const *argv,
				    struct cln_error *err)
{
	const char *argument = argv[*i] + 2, *equals = strchr(argument, '=');
	char name[64];

	if (argv[*i][1] != '-')
		return error_set(err, CLN_E_USAGE, "%s: options are words behind two dashes; \"colonnade %s --help\" lists them",
				 argv[*i], options->command->name);
	snprintf(name, sizeof name, "%.*s", equals ? (int)(equals - argument) : (int)strlen(argument), argument);
	const struct option_spec *spec = options_find(options->command, name);
	if (!spec)
		return unknown_option(options, name, 0, err);
	struct assignment item = {.spec = spec, .value = equals ? equals + 1 : NULL};
	if (!equals && spec->type != OPTION_SWITCH && !spec->alone) {
		if (*i + 1 == argc) {
			char range[OPTION_VALUE];
			options_range(range, spec);
			return error_set(err, CLN_E_USAGE, "--%s needs a value: %s", name, range);
		}
		item.value = argv[++*i];
	}
	return assignments_add(list, item, err);
}

/* Whether an operand is the value of a flag before it, which takes one behind "=" alone. */
static bool is_value_of(struct options *options, const char *before, const char *operand)
{
	const struct option_spec *spec = strncmp(before, "--", 2) == 0 ? options_find(options->command, before + 2) : NULL;

	return spec && (spec->type == OPTION_SWITCH || spec->alone) && read_value(options, spec, operand);
}

/* before: the argument before it, or "". */
static enum cln_status collect_operand(struct options *options, int *n, const char *before, const char *operand,
				       struct cln_error *err)
{
	if (*n == options->command->n_operands && is_value_of(options, before, operand))
		return error_set(err, CLN_E_USAGE, "\"%s\" is one argument too many; did you mean %s=%s?", operand, before,
				 operand);
	if (*n == options->command->n_operands)
		return error_set(err, CLN_E_USAGE, "\"%s\" is one argument too many: colonnade %s%s%s [options]", operand,
				 options->command->name, *options->command->operands ? " " : "", options->command->operands);
	options->operands[(*n)++] = operand;
	return CLN_OK;
}

static enum cln_status collect_arguments(struct assignments *list, struct options *options, int argc, char *const *argv,
					 struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	bool operands_only = false;
	int n = 0;

	for (int i = 0; i < argc && status == CLN_OK; i++) {
		if (!operands_only && strcmp(argv[i], "--") == 0)
			operands_only = true;
		else if (!operands_only && argv[i][0] == '-' && argv[i][1])
			status = collect_flag(list, options, &i, argc, argv, err);
		else
			status = collect_operand(options, &n, i > 0 ? argv[i - 1] : "", argv[i], err);
	}
	if (status == CLN_OK && n < options->command->n_operands && !options->command->optional_operands)
		return error_set(err, CLN_E_USAGE, "%s: %s is missing: colonnade %s %s [options]", options->command->name,
				 n > 0 ? strrchr(options->command->operands, ' ') + 1 : options->command->operands,
				 options->command->name, options->command->operands);
	return status;
}

/* ---------------------------------------------------------------- the config file */

static char *strip(char *begin, char *end)
{
	while (begin < end && strchr(" \t\r", *begin))
		begin++;
	while (end > begin && strchr(" \t\r", end[-1]))
		end--;
	*end = '\0';
	return begin;
}

/* "option = value"; a value may stand in double quotes, to keep spaces or a '#' at its ends. */
static enum cln_status collect_line(struct assignments *list, const struct options *options, char *begin, char *end, size_t line,
				    struct cln_error *err)
{
	begin = strip(begin, end);
	if (!*begin || *begin == '#')
		return CLN_OK;
	char *equals = strchr(begin, '=');
	if (!equals)
		return error_set(err, CLN_E_USAGE, "%s:%zu: \"%s\" is not a line of the form option = value", options->config_file,
				 line, begin);
	char *value = strip(equals + 1, equals + 1 + strlen(equals + 1));
	char *name = strip(begin, equals);
	size_t length = strlen(value);
	if (length >= 2 && value[0] == '"' && value[length - 1] == '"') {
		value[length - 1] = '\0';
		value++;
	}
	const struct option_spec *spec = options_find(options->command, name);
	if (!spec)
		return unknown_option(options, name, line, err);
	if (strcmp(name, "config") == 0)
		return error_set(err, CLN_E_USAGE, "%s:%zu: a config file cannot name another one", options->config_file, line);
	return assignments_add(list, (struct assignment){.spec = spec, .value = value, .line = line}, err);
}

static enum cln_status collect_file(struct assignments *list, struct options *options, struct cln_error *err)
{
	size_t length, line = 0;
	enum cln_status status = io_read_file(&options->config_text, &length, options->config_file, CONFIG_FILE_LIMIT, err);

	if (status != CLN_OK)
		return status;
	if (memchr(options->config_text, '\0', length))
		return error_set(err, CLN_E_USAGE, "%s: not a text file: a zero byte is in it", options->config_file);
	char *begin = options->config_text, *stop = begin + length;
	if (length >= 3 && memcmp(begin, "\xEF\xBB\xBF", 3) == 0) /* a byte order mark, as some editors write */
		begin += 3;
	while (begin < stop && status == CLN_OK) {
		char *end = memchr(begin, '\n', (size_t)(stop - begin));
		end = end ? end : stop;
		char *next = end + 1;
		status = collect_line(list, options, begin, end, ++line, err);
		begin = next;
	}
	return status;
}

/* ---------------------------------------------------------------- applying */

static bool is_named(const struct assignment *item, const char *name)
{
	return strcmp(item->spec->name, name) == 0;
}

static enum cln_status bad_value(const struct options *options, const struct assignment *item, struct cln_error *err)
{
	char where[WHERE_MAX], range[OPTION_VALUE];
	const char *nearest = item->spec->words ? options_nearest_word(item->spec->words, item->value) : NULL;

	where_text(where, options, item->spec->name, item->line);
	options_range(range, item->spec);
	if (item->spec->type == OPTION_SWITCH && !item->line)
		return error_set(err, CLN_E_USAGE, "%s is a switch: give it no value, or true or false, not \"%s\"", where,
				 item->value);
	if (!*item->value)
		return error_set(err, CLN_E_USAGE, "%s needs a value: %s", where, range);
	return error_set(err, CLN_E_USAGE, "%s: \"%s\" is not %s%s%s%s", where, item->value, range,
			 nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static enum cln_status apply(struct options *options, const struct assignments *list, struct cln_error *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct assignment *item = &list->items[i];
		options->given[item->spec - options_spec(0)] = item->line ? GIVEN_BY_FILE : GIVEN_BY_FLAG;
		if (!is_named(item, "recipe") && !read_value(options, item->spec, item->value))
			return bad_value(options, item, err);
	}
	return CLN_OK;
}

/* The last one given, the flags' before the file's. */
static const struct assignment *last_named(const struct assignments *file, const struct assignments *flags, const char *name)
{
	const struct assignments *lists[] = {flags, file};

	for (size_t k = 0; k < 2; k++)
		for (size_t i = lists[k]->n; i-- > 0;)
			if (is_named(&lists[k]->items[i], name))
				return &lists[k]->items[i];
	return NULL;
}

/* Without DATA tune is like bench. */
static enum cln_status apply_recipe(struct options *options, const struct assignment *item, struct cln_error *err)
{
	struct cln_error reason;
	char where[WHERE_MAX];

	if (!item && options->command->bit & FOR_TUNE && !options->operands[0])
		return cln_config_recipe(&options->config, "plain", err);
	if (!item || cln_config_recipe(&options->config, item->value, &reason) == CLN_OK)
		return CLN_OK;
	where_text(where, options, "recipe", item->line);
	return error_set(err, CLN_E_USAGE, "%s: %s", where, reason.message);
}

/* The operand's name in the synopsis. */
static void operand_name(char name[WHERE_MAX], const struct command *command, int operand)
{
	const char *word = command->operands;

	for (; operand > 0; operand--)
		word += strcspn(word, " ") + 1;
	word += strspn(word, "[");
	snprintf(name, WHERE_MAX, "%.*s", (int)strcspn(word, " ]"), word);
}

/* There is one standard input, and who reads it first leaves nothing. */
static enum cln_status check_standard_input(const struct options *options, struct cln_error *err)
{
	const struct {
		const char *name, *file;
	} files[] = {{"--config", options->config_file},
		     {"--space", options->space},
		     {"--init", options->init},
		     {"--valid", options->valid},
		     {"--test", options->test},
		     {"--model", options->model},
		     {"--compare", options->compare}};
	char reader[WHERE_MAX] = "", name[WHERE_MAX];

	for (int i = 0; i < options->command->n_operands + (int)(sizeof files / sizeof *files); i++) {
		int option = i - options->command->n_operands;
		const char *file = option < 0 ? options->operands[i] : files[option].file;
		if (!file || strcmp(file, "-") != 0)
			continue;
		if (option < 0)
			operand_name(name, options->command, i);
		else
			snprintf(name, sizeof name, "%s", files[option].name);
		if (strcmp(name, "OUT") == 0) /* is written */
			continue;
		if (*reader)
			return error_set(err, CLN_E_USAGE, "%s and %s cannot both be standard input", reader, name);
		memcpy(reader, name, sizeof reader);
	}
	return CLN_OK;
}

/* What --force would overwrite is what --resume continues. */
static enum cln_status check_start(const struct options *options, struct cln_error *err)
{
	struct cln_error reason;

	if (options->force && options->resume != RUN_NEW)
		return error_set(err, CLN_E_USAGE,
				 "--force and --resume cannot both be given: the one starts over, the other goes on");
	if (options->allow_change && options->resume == RUN_NEW)
		return error_set(err, CLN_E_USAGE, "--allow-change is for a run that goes on: it needs --resume");
	if (identity_check_allowed(options->allow_change, &reason) != CLN_OK)
		return error_set(err, CLN_E_USAGE, "--allow-change: %s", reason.message);
	return CLN_OK;
}

/* A file takes the place of its share of DATA, also of the recipe's. */
static enum cln_status settle_rows(struct options *options, struct cln_error *err)
{
	if (options->valid && options_given(options, "valid-fraction"))
		return error_set(err, CLN_E_USAGE, "--valid and --valid-fraction cannot both be given");
	if (options->test && options_given(options, "test-fraction"))
		return error_set(err, CLN_E_USAGE, "--test and --test-fraction cannot both be given");
	if (options->valid)
		options->config.valid_fraction = 0;
	if (options->test)
		options->config.test_fraction = 0;
	return CLN_OK;
}

/* What a command's values come from where no recipe is given: bench measures the network that its options describe, and no more. */
static const char *usual_recipe(const struct command *command)
{
	return command->bit & FOR_BENCH ? "plain" : config_recipe_name(0);
}

void options_defaults(struct options *options, const struct command *command)
{
	bool read = true;

	*options = (struct options){.command = command};
	if (cln_config_recipe(&options->config, usual_recipe(command), NULL) != CLN_OK)
		read = false;
	for (size_t i = 0; options_spec(i); i++) {
		const struct option_spec *spec = options_spec(i);
		if ((spec->commands & (command->bit | command->accepts)) && spec->preset)
			read = read_value(options, spec, spec->preset) && read;
	}
	assert(read); /* the table's own values */
	(void)read;
}

enum cln_status options_parse(struct options *options, const struct command *command, int argc, char *const *argv,
			      struct cln_error *err)
{
	struct assignments file = {0}, flags = {0};
	const struct assignment *config;
	const char *isa = getenv("COLONNADE_ISA");
	enum cln_status status;

	options_defaults(options, command);
	status = collect_arguments(&flags, options, argc, argv, err);
	if (status != CLN_OK)
		goto done;
	config = last_named(&file, &flags, "config");
	if (config) {
		options->config_file = config->value;
		status = collect_file(&file, options, err);
		if (status != CLN_OK)
			goto done;
	}
	status = apply_recipe(options, last_named(&file, &flags, "recipe"), err);
	if (status == CLN_OK)
		status = apply(options, &file, err);
	if (status == CLN_OK)
		status = apply(options, &flags, err);
	if (status == CLN_OK)
		status = check_standard_input(options, err);
	if (status == CLN_OK)
		status = check_start(options, err);
	if (status == CLN_OK)
		status = settle_rows(options, err);
	if (status == CLN_OK)
		status = rows_settle_missing(&options->read.missing, &options->missing_text, err);
	options->read.threads = options->config.threads;
	options->config.isa = isa && *isa ? isa : NULL;
done:
	mem_free(file.items);
	mem_free(flags.items);
	return status;
}

void options_free(struct options *options)
{
	mem_free(options->config_text);
	mem_free(options->missing_text);
	options->config_text = options->missing_text = NULL;
}

enum option_source options_source(const struct options *options, const struct option_spec *spec)
{
	return (enum option_source)options->given[spec - options_spec(0)];
}

bool options_given(const struct options *options, const char *name)
{
	const struct option_spec *spec = options_find(options->command, name);

	return spec && options_source(options, spec) != NOT_GIVEN;
}

bool options_set(struct options *options, const struct option_spec *spec, const char *text)
{
	if (!read_value(options, spec, text))
		return false;
	options->given[spec - options_spec(0)] = GIVEN_BY_FLAG;
	return true;
}
