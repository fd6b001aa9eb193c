/* SPDX-License-Identifier: MIT
 * What others than cln_model_fit want to know of a fit before it. */
#ifndef API_FIT_H
#define API_FIT_H

#include "base/status.h"

/* The rows of a table that members and epochs are chosen by (config_choose), where these are left to us.  effective: with fractions
 * of 0 where there are files. */
size_t fit_rows_to_choose_by(const struct cln_config *effective, const struct cln_table *train);

/* Whether a training can start from a model: a single network.  CLN_E_USAGE. */
enum cln_status fit_check_init(const struct cln_model *init, struct cln_error *err) CLN_MUST_CHECK;

#endif
