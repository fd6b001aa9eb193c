/* SPDX-License-Identifier: MIT
 * The member "importance" of run.json. */
#ifndef REPORT_RUN_IMPORTANCE_H
#define REPORT_RUN_IMPORTANCE_H

#include "report/run_files.h"

enum cln_status run_importance_read(struct run_files *files, struct cln_error *err) CLN_MUST_CHECK;

#endif
