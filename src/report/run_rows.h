/* SPDX-License-Identifier: MIT
 * The members "review" and "columns" of run.json. */
#ifndef REPORT_RUN_ROWS_H
#define REPORT_RUN_ROWS_H

#include "report/run_files.h"

enum cln_status run_rows_read(struct run_files *files, struct cln_error *err) CLN_MUST_CHECK;
enum cln_status run_columns_read(struct run_files *files, struct cln_error *err) CLN_MUST_CHECK;

#endif
