/* SPDX-License-Identifier: MIT
 * The files that a command reads, none of which its output may take the place of. */
#ifndef CLI_INPUTS_H
#define CLI_INPUTS_H

#include "cli/options.h"

/* CLN_E_USAGE: the file that --out names, or predictions.csv of crossval and best.conf of search in the directory that it names, is
 * one that the command reads, by whatever path or link. */
enum cln_status inputs_check_out(const struct options *options, struct cln_error *err) CLN_MUST_CHECK;

/* Reads the table to train on, for init where it is not NULL, and those of --valid and --test like it; *valid and *test stay as
 * they are where there are none. */
enum cln_status inputs_read(struct cln_table **train, struct cln_table **valid, struct cln_table **test,
			    const struct options *options, const struct cln_model *init, struct cln_error *err) CLN_MUST_CHECK;

#endif
