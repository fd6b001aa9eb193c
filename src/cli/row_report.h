/* SPDX-License-Identifier: MIT
 * What was met while rows were prepared for a model, in one line on standard error. */
#ifndef CLI_ROW_REPORT_H
#define CLI_ROW_REPORT_H

#include <colonnade.h>

void row_report_print(const struct cln_row_report *report);

#endif
