/* SPDX-License-Identifier: MIT
 * What columns matter: tables for people, and members of a JSON object. */
#ifndef REPORT_IMPORTANCE_H
#define REPORT_IMPORTANCE_H

#include <stdio.h>

#include "base/json.h"

/* Columns one a line, names last, because they may be long. */
void importance_print(FILE *out, const struct cln_importance *importance);
/* Into the open object: rows, of, log_loss, auc, repeats, "columns" in their order; mean_gap and contributions
 * where they are known. */
void importance_write(struct json_writer *writer, const struct cln_importance *importance);

/* A row's contributions, the largest first.  CLN_E_MEMORY. */
enum cln_status importance_print_row(FILE *out, const struct cln_explanations *explanations, size_t row,
				     struct cln_error *err) CLN_MUST_CHECK;
enum cln_status importance_write_row(struct json_writer *writer, const struct cln_explanations *explanations, size_t row,
				     struct cln_error *err) CLN_MUST_CHECK;

#endif
