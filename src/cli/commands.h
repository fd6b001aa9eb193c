/* SPDX-License-Identifier: MIT
 * The commands, and how each ends: results on standard output, messages on standard error, an exit code. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/options.h"

/* Each does what its name says and returns the exit code.  main checks standard output at the end. */
int cmd_train(const struct options *options);
int cmd_predict(const struct options *options);
int cmd_evaluate(const struct options *options);
int cmd_inspect(const struct options *options);
int cmd_gradcheck(const struct options *options);
int cmd_bench(const struct options *options);
int cmd_tune(const struct options *options);
int cmd_doctor(const struct options *options);
int cmd_convert(const struct options *options);
int cmd_crossval(const struct options *options);
int cmd_export(const struct options *options);
int cmd_report(const struct options *options);
int cmd_check(const struct options *options);
int cmd_search(const struct options *options);
int cmd_importance(const struct options *options);

/* 0 done, 1 failure, 2 wrong usage, 3 bad data, 4 diverged, 75 stopped. */
int exit_code(enum cln_status status);

/* Writes the message to standard error ("colonnade: ..."; lines that name a place in a table stand as they are) and returns the
 * exit code of err->code. */
int exit_with_error(const struct cln_error *err);

/* Flushes and closes standard output: `code`, or 1 with a message where all went well but not everything could be written. */
int exit_after_output(int code);

#endif
