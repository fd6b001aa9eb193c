/* SPDX-License-Identifier: MIT
 * The model that a training starts from. */
#ifndef CLI_INIT_MODEL_H
#define CLI_INIT_MODEL_H

#include "cli/options.h"

/* Loads options->init.  It keeps the network and the pipeline of its file: they are in force, and an option that says otherwise is
 * misuse (CLN_E_USAGE). */
enum cln_status init_model_load(struct cln_model **model, struct options *options, struct cln_error *err) CLN_MUST_CHECK;

#endif
