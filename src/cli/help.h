/* SPDX-License-Identifier: MIT
 * The option table as text on standard output: --help, man pages, bash completion. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/options.h"

/* What "colonnade" alone says, to any stream. */
void help_usage(FILE *out);

/* command = NULL: the program as a whole. */
void help_command(const struct command *command);
void help_manual(const struct command *command);
void help_completion(void);

#endif
