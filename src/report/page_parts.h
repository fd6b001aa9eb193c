/* SPDX-License-Identifier: MIT
 * The parts of a report, in their order.  Each appends nothing where the run has nothing of the kind. */
#ifndef REPORT_PAGE_PARTS_H
#define REPORT_PAGE_PARTS_H

#include "report/html.h"
#include "report/run_files.h"

void page_style(struct text *page);                                  /* the style sheet */
void page_summary(struct text *page, const struct run_files *files); /* what was trained, on what, how good it is */
/* Curves by epoch.  CLN_E_MEMORY. */
enum cln_status page_training(struct text *page, const struct run_files *files, struct cln_error *err) CLN_MUST_CHECK;
void page_rows(struct text *page, const struct run_files *files); /* the rows that were held back */
void page_importance(struct text *page, const struct run_files *files); /* what the model loses without a column */
/* The columns.  CLN_E_MEMORY. */
enum cln_status page_data(struct text *page, const struct run_files *files, struct cln_error *err) CLN_MUST_CHECK;
void page_settings(struct text *page, const struct run_files *files); /* options, timing, machine, how to do it again */

/* "test rows", "validation rows", "rows learnt from" */
const char *page_rows_name(const struct run_rows *rows);
const char *page_rows_title(const char *name); /* from "test", "valid", "train" */
/* The first of those that were judged; NULL: none was. */
const struct run_rows *page_first_rows(const struct run_files *files);

/* What stands behind a path's last slash. */
const char *page_base_name(const char *path);

/* A chart with its heading: <figure>, <figcaption> and a legend of styles and names, "a:the first;b:the second"; NULL: none. */
void page_figure_begin(struct text *page, const char *heading, const char *legend);
void page_figure_end(struct text *page);

#endif
