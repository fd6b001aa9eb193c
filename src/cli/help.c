/* SPDX-License-Identifier: MIT */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#define HELP_WIDTH 100
#define HELP_COLUMN 30

static const struct {
	int code;
	const char *meaning;
} exit_codes[] = {
    {0, "done"},
    {1, "failure: a file could not be read or written, memory, a damaged model file"},
    {2, "wrong usage"},
    {3, "bad data: file:line:column, the text and a hint"},
    {4, "training diverged: the layer, the step and the likely cause"},
    {75, "stopped early by a signal or a time limit: run it again with --resume"},
};
enum { N_EXIT_CODES = sizeof exit_codes / sizeof *exit_codes };

static bool knows(const struct command *command, const struct option_spec *spec)
{
	return (spec->commands & command->bit) != 0;
}

/* The default as help shows it: words where the table has them, else the value in force; "" where there is nothing to say, as of a
 * switch that is off. */
static void default_text(char text[OPTION_VALUE], const struct options *defaults, const struct option_spec *spec)
{
	if (spec->default_text)
		snprintf(text, OPTION_VALUE, "%s", spec->default_text);
	else
		options_value(text, defaults, spec);
	if (spec->type == OPTION_SWITCH && strcmp(text, "false") == 0)
		text[0] = '\0';
}

/* ---------------------------------------------------------------- --help */

void help_usage(FILE *out)
{
	fprintf(out, "Usage: colonnade COMMAND [arguments] [options]\n\n"
		     "Trains multilayer perceptrons on tables, for yes/no questions.\n\n");
	for (size_t i = 0; options_command(i); i++) {
		const struct command *command = options_command(i);
		fprintf(out, "  %-10s %-11s %s\n", command->name, command->operands, command->summary);
	}
	fprintf(out, "\n\"colonnade COMMAND --help\" lists a command's options; \"colonnade --version\" names the version.\n"
		     "A first run: colonnade train examples/adult.csv --test-fraction 0.2\n");
}

/* Words of `text` from the cursor's column on, broken before HELP_WIDTH, further lines at `indent`. */
static void wrap(const char *text, size_t column, size_t indent)
{
	for (bool first = true; *text; first = false) {
		size_t length = strcspn(text, " ");
		if (!first && column + 1 + length > HELP_WIDTH)
			column = (size_t)printf("\n%*s", (int)indent, "") - 1;
		else if (!first)
			column += (size_t)printf(" ");
		column += (size_t)printf("%.*s", (int)length, text);
		text += length;
		text += strspn(text, " ");
	}
}

/* "  --activation NAME   help: sigmoid, tanh, ... [relu]" */
static void option_line(const struct options *defaults, const struct option_spec *spec)
{
	char argument[OPTION_VALUE], preset[OPTION_VALUE], text[3 * OPTION_VALUE], words[OPTION_VALUE] = "";
	size_t column = (size_t)printf("  --%s", spec->name);

	options_argument(argument, spec);
	if (spec->type == OPTION_WORD && !spec->alone) {
		options_range(words, spec);
		snprintf(argument, sizeof argument, "WORD");
	}
	if (*argument)
		column += (size_t)printf("%s%s", spec->alone ? "" : " ", argument);
	if (column < HELP_COLUMN)
		column += (size_t)printf("%*s", (int)(HELP_COLUMN - column), "");
	else
		column += (size_t)printf("  ");
	default_text(preset, defaults, spec);
	snprintf(text, sizeof text, "%s%s%s%s%s%s", spec->help, *words ? ": " : "", *words ? words + strlen("one of ") : "",
		 *preset ? " [" : "", preset, *preset ? "]" : "");
	wrap(text, column, HELP_COLUMN + 2);
	putchar('\n');
}

/* Those that need no explanation while typing: names and defaults alone. */
static void compact_options(const struct options *defaults, const char *group)
{
	size_t column = 0;

	for (size_t i = 0; options_spec(i); i++) {
		const struct option_spec *spec = options_spec(i);
		char argument[OPTION_VALUE], preset[OPTION_VALUE], text[3 * OPTION_VALUE];
		if (!spec->compact || spec->group != group || !knows(defaults->command, spec))
			continue;
		options_argument(argument, spec);
		default_text(preset, defaults, spec);
		size_t length = (size_t)snprintf(text, sizeof text, "  --%s%s%s%s%s%s", spec->name, *argument ? " " : "", argument,
						 *preset ? " [" : "", preset, *preset ? "]" : "");
		if (column > 0 && column + length > HELP_WIDTH) {
			putchar('\n');
			column = 0;
		}
		column += (size_t)printf("%s", text);
	}
	if (column > 0)
		putchar('\n');
}

static bool has_group(const struct command *command, const char *group)
{
	for (size_t i = 0; options_spec(i); i++)
		if (options_spec(i)->group == group && knows(command, options_spec(i)))
			return true;
	return false;
}

static void group_help(const struct options *defaults, const char *group)
{
	printf("\n%s\n", group);
	for (size_t i = 0; options_spec(i); i++) {
		const struct option_spec *spec = options_spec(i);
		if (spec->group == group && !spec->compact && knows(defaults->command, spec))
			option_line(defaults, spec);
	}
	compact_options(defaults, group);
}

/* Whether option i is the first of its group. */
static bool starts_group(size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (options_spec(k)->group == options_spec(i)->group)
			return false;
	return true;
}

void help_command(const struct command *command)
{
	struct options defaults;

	if (!command) {
		help_usage(stdout);
		return;
	}
	options_defaults(&defaults, command);
	printf("Usage: colonnade %s%s%s [options]      %s\n", command->name, *command->operands ? " " : "", command->operands,
	       command->summary);
	for (size_t i = 0; options_spec(i); i++)
		if (starts_group(i) && has_group(command, options_spec(i)->group))
			group_help(&defaults, options_spec(i)->group);
	printf("\nDefaults in brackets. All about each option: man colonnade-%s\n", command->name);
	options_free(&defaults);
}

/* ---------------------------------------------------------------- man pages */

/* Text for troff: a hyphen that is typed is \-, and a line may not begin with a control character. */
static void roff(const char *text)
{
	for (const char *c = text; *c; c++) {
		if ((c == text || c[-1] == '\n') && (*c == '.' || *c == '\''))
			fputs("\\&", stdout);
		if (*c == '-')
			fputs("\\-", stdout);
		else if (*c == '\\')
			fputs("\\e", stdout);
		else
			putchar(*c);
	}
}

static void paragraphs(const char *text)
{
	const char *end;

	while ((end = strstr(text, "\n\n"))) {
		char paragraph[2048];
		snprintf(paragraph, sizeof paragraph, "%.*s", (int)(end - text), text);
		roff(paragraph);
		fputs("\n.PP\n", stdout);
		text = end + 2;
	}
	roff(text);
	putchar('\n');
}

static void manual_option(const struct options *defaults, const struct option_spec *spec)
{
	char argument[OPTION_VALUE], preset[OPTION_VALUE], range[OPTION_VALUE];

	options_argument(argument, spec);
	options_range(range, spec);
	default_text(preset, defaults, spec);
	fputs(".TP\n\\fB\\-\\-", stdout);
	roff(spec->name);
	fputs("\\fR", stdout);
	if (*argument) {
		fputs(spec->alone ? "\\fI" : " \\fI", stdout);
		roff(argument);
		fputs("\\fR", stdout);
	}
	putchar('\n');
	roff(spec->help);
	if (spec->type != OPTION_TEXT && spec->type != OPTION_SWITCH) {
		fputs(";\n", stdout);
		roff(range);
	}
	fputs(".\n", stdout);
	if (*preset) {
		fputs("Default: ", stdout);
		roff(preset);
		fputs(".\n", stdout);
	}
}

static void manual_title(const char *name, const char *summary)
{
	printf(".TH \"%s\" 1 \"\" \"Colonnade %s\" \"User Commands\"\n.SH NAME\n", name, CLN_VERSION);
	roff(name);
	fputs(" \\- ", stdout);
	roff(summary);
	putchar('\n');
}

/* command: NULL for the program's page. */
static void manual_exit_status(const struct command *command)
{
	const bool itself = command && (command->bit & (FOR_SEARCH | FOR_CROSSVAL)); /* goes on without --resume */

	fputs(".SH EXIT STATUS\n", stdout);
	for (size_t i = 0; i < N_EXIT_CODES; i++) {
		printf(".TP\n.B %d\n", exit_codes[i].code);
		roff(itself && exit_codes[i].code == 75 ? "stopped early by a signal or a time limit: the same command goes on"
							: exit_codes[i].meaning);
		putchar('\n');
	}
}

static void manual_command(const struct command *command)
{
	struct options defaults;
	char name[64];

	snprintf(name, sizeof name, "colonnade-%s", command->name);
	manual_title(name, command->summary);
	printf(".SH SYNOPSIS\n.B colonnade %s\n%s%s%s[options]\n.SH DESCRIPTION\n", command->name, *command->operands ? ".I " : "",
	       command->operands, *command->operands ? "\n" : "");
	paragraphs(command->description);
	fputs(".SH OPTIONS\n", stdout);
	options_defaults(&defaults, command);
	for (size_t i = 0; options_spec(i); i++) {
		const char *group = options_spec(i)->group;
		if (!starts_group(i) || !has_group(command, group))
			continue;
		printf(".SS %s\n", group);
		for (size_t k = i; options_spec(k); k++)
			if (options_spec(k)->group == group && knows(command, options_spec(k)))
				manual_option(&defaults, options_spec(k));
	}
	options_free(&defaults);
	manual_exit_status(command);
	fputs(".SH EXAMPLES\n.nf\n", stdout);
	roff(command->examples);
	fputs("\n.fi\n.SH SEE ALSO\n.BR colonnade (1)\n", stdout);
}

static const char program_sections[] =
    ".SH RUN DIRECTORY\n\\fBcolonnade train\\fR writes a directory (\\fB\\-\\-out\\fR) with\n"
    ".TP\n.B model.safetensors\n"
    "the model: schema, pipeline, weights, checksum; the same bytes for the same data, options and seed.\n"
    ".TP\n.B metrics.jsonl\n"
    "one JSON object an epoch: epoch, train_loss, valid_loss, valid_auc, learning_rate, seconds, rows_per_second.\n"
    ".TP\n.B run.json\n"
    "every option in force, version, instruction set, threads and the rule that chose them, data fingerprint, final metrics.\n"
    ".TP\n.B report.html\n"
    "all of this as a page, with curves and tables; see \\fBcolonnade\\-report\\fR(1).\n"
    ".TP\n.B checkpoint.safetensors\n"
    "what \\fB\\-\\-resume\\fR goes on from, until the run is finished.\n"
    ".PP\nA finished run is overwritten only with \\fB\\-\\-force\\fR; without it the exit code is 2.\n"
    "Its files are kept in \\fBprevious/\\fR until the new model is in place.\n"
    "A kernel lock on \\fB.lock\\fR keeps two processes from sharing a directory: the second one ends with exit code 1.\n"
    ".SH CONFIG FILE\n"
    "\\fB\\-\\-config\\fR \\fIFILE\\fR reads lines of the form \\fIoption\\fR = \\fIvalue\\fR, with the names of the long\n"
    "options without the dashes. Empty lines and lines that begin with # are skipped; a value may stand in double quotes;\n"
    "a switch takes true or false, yes or no, on or off, 1 or 0. Options on the command line override\n"
    "the file, and the file overrides the recipe.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n.B OMP_NUM_THREADS\nthreads, where \\fB\\-\\-threads\\fR does not say.\n"
    ".TP\n.B OMP_PLACES, OMP_PROC_BIND\nwhere the threads run; the program never pins by itself.\n"
    ".TP\n.B COLONNADE_ISA\ngeneric, avx2, avx512 or neon forces a set of kernels; one that this CPU lacks is an error.\n"
    ".TP\n.B COLONNADE_MEMORY\nmemory this process may use, as 512M or 16G, where that is less than the system and its control\n"
    "groups leave. Tables and features that do not fit lie in scratch files, for the same result.\n"
    ".TP\n.B TMPDIR\nwhere scratch files go; else, or where that is memory itself (tmpfs) or full, /var/tmp, then the working\n"
    "directory.\n"
    ".TP\n.B NO_COLOR\nno colours on a terminal.\n";

static void manual_program(void)
{
	manual_title("colonnade", "train multilayer perceptrons on tables");
	fputs(".SH SYNOPSIS\n.B colonnade\n.I COMMAND\n[arguments] [options]\n.SH DESCRIPTION\n"
	      "Trains, applies and inspects multilayer perceptrons for binary classification on tables with numbers, categories "
	      "and gaps.\n"
	      "Results go to standard output, progress and messages to standard error.\n.SH COMMANDS\n",
	      stdout);
	for (size_t i = 0; options_command(i); i++) {
		const struct command *command = options_command(i);
		printf(".TP\n\\fB%s\\fR \\fI%s\\fR\n", command->name, command->operands);
		roff(command->summary);
		printf("; \\fBcolonnade\\-%s\\fR(1)\n", command->name);
	}
	fputs(".PP\n\\fB\\-\\-help\\fR and \\fB\\-\\-version\\fR are understood everywhere.\n", stdout);
	fputs(program_sections, stdout);
	manual_exit_status(NULL);
	fputs(".SH SEE ALSO\n", stdout);
	for (size_t i = 0; options_command(i); i++)
		printf(".BR colonnade\\-%s (1)%s\n", options_command(i)->name, options_command(i + 1) ? "," : "");
}

void help_manual(const struct command *command)
{
	fputs(".\\\" SPDX-License-Identifier: MIT\n.\\\" Made by \"colonnade help --man\" from the table of options.\n", stdout);
	if (command)
		manual_command(command);
	else
		manual_program();
}

/* ---------------------------------------------------------------- bash completion */

static bool takes_file(const struct option_spec *spec)
{
	static const char *const paths[] = {"FILE", "DIR", "MODEL", "MODEL2"};

	for (size_t i = 0; spec->argument && i < sizeof paths / sizeof *paths; i++)
		if (strcmp(spec->argument, paths[i]) == 0)
			return true;
	return false;
}

/* The words an argument may be, "relu tanh ...", of "auto|comma|CHAR" and "N|auto" those that stand for themselves; "" where it is
 * free. */
static void choices_text(char text[OPTION_VALUE], const struct option_spec *spec)
{
	char argument[OPTION_VALUE];
	size_t length = 0;

	text[0] = '\0';
	if (spec->type != OPTION_WORD && !(spec->argument && strchr(spec->argument, '|')))
		return;
	options_argument(argument, spec);
	for (const char *word = argument; *word;) {
		const size_t n = strcspn(word, "|");
		if (n > 0 && strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n)
			length += (size_t)snprintf(text + length, OPTION_VALUE - length, "%s%.*s", length ? " " : "", (int)n, word);
		word += n + (word[n] == '|');
	}
}

static void completion_values(const struct command *command)
{
	for (size_t i = 0; options_spec(i); i++) {
		const struct option_spec *spec = options_spec(i);
		char choices[OPTION_VALUE];
		if (!knows(command, spec) || spec->type == OPTION_SWITCH || spec->alone)
			continue;
		choices_text(choices, spec);
		if (*choices)
			printf("\t\"%s --%s\") words='%s' ;;\n", command->name, spec->name, choices);
		else if (!takes_file(spec))
			printf("\t\"%s --%s\") return ;;\n", command->name, spec->name);
		else
			printf("\t\"%s --%s\") files=1 ;;\n", command->name, spec->name);
	}
}

void help_completion(void)
{
	printf("# shellcheck shell=bash\n# SPDX-License-Identifier: MIT\n# bash completion; made by \"colonnade help "
	       "--completion\" from the table of options.\n"
	       "_colonnade()\n{\n\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
	       "\tlocal command=${COMP_WORDS[1]} words='' files='' commands='");
	for (size_t i = 0; options_command(i); i++)
		printf("%s ", options_command(i)->name);
	printf("help'\n\tCOMPREPLY=()\n\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W \"$commands --help --version\" -- \"$current\")\n\t\treturn\n\tfi\n"
	       "\tcase \"$command $previous\" in\n"
	       "\t\"help help\") words=$commands ;;\n");
	for (size_t i = 0; options_command(i); i++)
		completion_values(options_command(i));
	printf("\tesac\n\tif [ -z \"$words$files\" ] && [ \"${current#-}\" != \"$current\" ]; then\n\t\tcase $command in\n");
	for (size_t i = 0; options_command(i); i++) {
		printf("\t\t%s) words='", options_command(i)->name);
		for (size_t k = 0; options_spec(k); k++)
			if (knows(options_command(i), options_spec(k)))
				printf("--%s ", options_spec(k)->name);
		printf("--help --version' ;;\n");
	}
	printf("\t\tesac\n\tfi\n\tif [ -n \"$words\" ]; then\n\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
	       "\telse\n\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n\tfi\n}\ncomplete -o filenames -F _colonnade "
	       "colonnade\n");
}
