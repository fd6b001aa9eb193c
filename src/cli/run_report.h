/* SPDX-License-Identifier: MIT
 * report.html, made from the other files of a run directory. */
#ifndef CLI_RUN_REPORT_H
#define CLI_RUN_REPORT_H

#include "report/output.h"

/* Writes the report of the run in `directory` to a place, "-": standard output.  CLN_E_DAMAGED names the file that cannot be made
 * sense of. */
enum cln_status run_report_write(const struct io_place *place, const char *directory, struct cln_error *err) CLN_MUST_CHECK;

#endif
