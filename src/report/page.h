/* SPDX-License-Identifier: MIT
 * The report of a run: one HTML page that needs nothing else. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "report/run_files.h"

/* Appends the page.  The same files give the same bytes.  CLN_E_DAMAGED names the file that cannot be made sense of. */
enum cln_status page_make(struct text *page, const struct run_source *source, struct cln_error *err) CLN_MUST_CHECK;

#endif
