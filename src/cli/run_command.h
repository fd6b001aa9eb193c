/* SPDX-License-Identifier: MIT
 * What was asked for, as a command that asks for it again. */
#ifndef CLI_RUN_COMMAND_H
#define CLI_RUN_COMMAND_H

#include "cli/options.h"

/* Adds the command of what comes next: predictions for a table that is written as DATA is. */
void run_command_next(struct text *line, const struct options *options);

/* Into the open object: "changed", the names of options whose values are not the recipe's, and "command", a line for a shell. */
void run_command_write(struct json_writer *writer, const struct options *options);

/* The same options of train as a config file, for text_free.  CLN_E_USAGE: a name in them has a line break, for which such a file
 * has no room. */
enum cln_status run_command_config(struct text *file, const struct options *options, struct cln_error *err) CLN_MUST_CHECK;

#endif
