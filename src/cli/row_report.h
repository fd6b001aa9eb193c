/* SPDX-License-Identifier: MIT
 * What was met while rows were prepared for a model, in one line on standard error. */
#ifndef CLI_ROW_REPORT_H
#define CLI_ROW_REPORT_H

#include "report/output.h"

/* The first of the columns that are not used, by name, as a list in place of what `names` held; empty where there are none. */
void row_report_names(struct text *names, const struct cln_row_report *report, const struct cln_table *table);

void row_report_print(const struct cln_row_report *report, const struct text *names);

/* A note on standard error, of up to 511 bytes; what could steer a terminal, or end the line, is a '?'. */
void row_report_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A note where the table lacks the model's weight column. */
void row_report_weight(const struct cln_table *table, const struct cln_model *model);

/* Lines of what the rows hold that the training rows did not (api/novelty.h). */
struct novel;
void row_report_novelty(const struct novel *novelty);

#endif
