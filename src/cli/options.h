/* SPDX-License-Identifier: MIT
 * The command line: one table of commands and one of options feed parsing, --help, the config file, man pages and completion. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "api/config.h"
#include "report/jsonl.h"
#include "report/progress.h"

/* Which commands know an option: one bit each, in the order of the table of commands. */
enum command_bit {
	FOR_TRAIN = 1 << 0,
	FOR_PREDICT = 1 << 1,
	FOR_EVALUATE = 1 << 2,
	FOR_INSPECT = 1 << 3,
	FOR_GRADCHECK = 1 << 4,
	FOR_BENCH = 1 << 5,
	FOR_TUNE = 1 << 6,
	FOR_DOCTOR = 1 << 7,
	FOR_CONVERT = 1 << 8,
	FOR_CROSSVAL = 1 << 9,
	FOR_EXPORT = 1 << 10,
	FOR_REPORT = 1 << 11,
	FOR_CHECK = 1 << 12,
	FOR_SEARCH = 1 << 13,
	FOR_IMPORTANCE = 1 << 14,
	FOR_FITS = FOR_TRAIN | FOR_CROSSVAL | FOR_SEARCH,
	FOR_ALL = (1 << 15) - 1
};

/* What --resume asks for, in the order of its words. */
enum run_start { RUN_NEW, RUN_CONTINUE, RUN_AUTO };

/* How search spends its epochs, in the order of the words of --strategy. */
enum search_strategy { SEARCH_HALVING, SEARCH_RANDOM };

/* Who said what an option is. */
enum option_source { NOT_GIVEN, GIVEN_BY_FILE, GIVEN_BY_FLAG };

#define OPTIONS_MAX_OPERANDS 2
#define OPTIONS_MAX_SPECS 150

/* What the user asked for, checked: the recipe's values, then the config file's, then the flags'.  Text is lent by argv or owned by
 * the struct (options_free). */
struct options {
	const struct command *command;
	const char *operands[OPTIONS_MAX_OPERANDS]; /* DATA, MODEL, RUN: as many as the command takes, in order; NULL: left out */
	struct cln_config config;                   /* config.isa is set from COLONNADE_ISA */
	struct cln_read_options read;
	const char *valid, *test, *init; /* further files of train; NULL: none */
	const char *out;                 /* train, crossval, search: a directory; predict, export, report: a file or "-" */
	int format;                      /* export: enum cln_export */
	const char *keep;                /* predict: columns put in front; NULL: none */
	const char *model;               /* check: the data shall fit it; NULL: none */
	size_t problems;                 /* check: of a file, told one by one */
	const char *compare;             /* evaluate: a second model; NULL: none */
	size_t bootstrap;                /* evaluate: replicates, or CLN_AUTO */
	size_t folds, repeats;           /* crossval; search: folds, 0: none; importance: repeats */
	const char *explain, *partial;   /* importance: numbers of rows, names of columns; NULL: none */
	size_t points;                   /* importance: of a partial dependence */
	const char *group, *fold_column; /* crossval: columns; NULL: none */
	const char *fold;                /* crossval: "K/N", this fit alone; NULL: all */
	bool merge;                      /* crossval: nothing is trained */
	const char *space;               /* search: a file; NULL: the space that is built in */
	size_t trials, eta;              /* search */
	int strategy;                    /* search: enum search_strategy */
	bool refit;                      /* search: train the winner */
	bool force, json, shell;
	bool report;                     /* train: write report.html */
	int resume;                      /* enum run_start */
	double checkpoint_every, time_limit; /* seconds; 0: never, none */
	const char *allow_change;        /* names of what may differ in a run that goes on, or NULL */
	size_t requeue_exit;             /* the exit code of a run that was stopped and can be resumed */
	int progress;        /* enum progress_mode */
	size_t inputs, rows; /* bench, gradcheck: the synthetic data's shape; importance: rows */
	size_t members, embedded, binned, numbered, levels; /* bench: see struct bench_shape */
	double seconds;      /* bench, tune */
	bool phases;         /* bench */
	const char *config_file;
	unsigned char given[OPTIONS_MAX_SPECS]; /* enum option_source; see options_given */
	char *config_text;             /* owned: what --config read */
	char *missing_text;            /* owned: read.missing, in the one form that equal lists have */
};

enum option_type {
	OPTION_SWITCH,       /* bool; no argument, or =true, =false */
	OPTION_TEXT,         /* const char * */
	OPTION_WORD,         /* int: an enum named by a table */
	OPTION_REAL,         /* double */
	OPTION_DURATION,     /* double, in seconds */
	OPTION_SIZE,         /* size_t */
	OPTION_SEED,         /* uint64_t */
	OPTION_THREADS,      /* int */
	OPTION_HIDDEN,       /* config.n_hidden and config.hidden */
	OPTION_CLASS_WEIGHT, /* config.class_weight and config.class_weights */
	OPTION_THRESHOLD,    /* config.threshold, its rule and what that wants to know */
	OPTION_SEPARATOR     /* char */
};

struct option_spec {
	const char *name;     /* without the dashes */
	const char *argument; /* as help shows it; NULL: made from `words`, or none for a switch */
	enum option_type type;
	const struct name_table *words; /* OPTION_WORD */
	double low, high;               /* range of a number, both ends allowed unless ... */
	bool above_low, below_high;     /* ... these say that the end itself is not */
	const char *most;               /* word for the value CLN_AUTO, or CLN_BY_ROWS: "auto" */
	const char *zero;               /* word for the value 0 where that means something of its own, as "all" */
	const char *alone;              /* OPTION_WORD: the word it stands for without one; a word is then given with '=' only */
	size_t offset;                  /* into struct options */
	const char *preset;             /* value of an option that no recipe holds, as text; NULL: zero */
	const char *default_text;       /* help's words for the default; NULL: the value in force without flags */
	const char *help;
	const char *group;
	bool compact;      /* --help lists it without its help text; the man page has all */
	bool passing;      /* train: does not shape the result, so that a resumed run may have another value */
	unsigned commands; /* bits FOR_... */
};

struct command {
	const char *name;
	const char *operands; /* as in the synopsis: "MODEL DATA" */
	int n_operands;
	bool optional_operands; /* they may be left out; the synopsis has them in brackets */
	unsigned bit;
	unsigned accepts;        /* options of these commands are taken and checked, too, but not listed */
	bool starts_teams;       /* of threads: OMP_NUM_THREADS must be one that the OpenMP runtime can bear */
	bool starts_processes;   /* of its own kind: it cannot be one of several ranks */
	const char *summary;     /* one line */
	const char *description; /* man page: paragraphs separated by an empty line */
	const char *examples;    /* man page: lines */
};

/* Item i of the tables; NULL beyond the last. */
const struct command *options_command(size_t i);
const struct option_spec *options_spec(size_t i);

const struct command *options_find_command(const char *name);
/* NULL where this command has no such option. */
const struct option_spec *options_find(const struct command *command, const char *name);

/* The known word nearest to `name` if it is near enough to be meant, else NULL. */
const char *options_nearest_command(const char *name);
const char *options_nearest(const struct command *command, const char *name);
const char *options_nearest_word(const struct name_table *words, const char *name);

/* The values in force where nothing is given. */
void options_defaults(struct options *options, const struct command *command);

/* Reads argv[0..argc) (behind the command's name).  CLN_E_USAGE: one sentence that names the option and the accepted range;
 * CLN_E_IO: the config file.  --help and --version are the caller's (see main.c). */
enum cln_status options_parse(struct options *options, const struct command *command, int argc, char *const *argv,
			      struct cln_error *err) CLN_MUST_CHECK;
void options_free(struct options *options);

/* Whether an option was given by flag or config file, and not left to the recipe or its preset; and by which of them. */
bool options_given(const struct options *options, const char *name);
enum option_source options_source(const struct options *options, const struct option_spec *spec);

/* Gives an option a value as the command line does, or false: it is none that the option may have.  The text is lent.  Not for
 * recipe, on which the others stand. */
bool options_set(struct options *options, const struct option_spec *spec, const char *text);

/* The text of an option's value, in the form in which it is given: "128,64", "all", "relu"; "" where there is none. */
#define OPTION_VALUE 1024
void options_value(char text[OPTION_VALUE], const struct options *options, const struct option_spec *spec);
/* The same of OPTION_TEXT in its whole length, which options_value may cut. */
const char *options_text(const struct options *options, const struct option_spec *spec);
/* What the argument may be: "a number from 0 up to 1, 1 excluded"; the form that help shows: "relu|tanh|...". */
void options_range(char text[OPTION_VALUE], const struct option_spec *spec);
void options_argument(char text[OPTION_VALUE], const struct option_spec *spec);

#endif
