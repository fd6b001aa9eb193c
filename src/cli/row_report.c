/* SPDX-License-Identifier: MIT */
#include "cli/row_report.h"

#include <stdio.h>

void row_report_print(const struct cln_row_report *report)
{
	fprintf(stderr, "rows %zu; missing cells %zu; categories never seen in training %zu; columns not used %zu\n", report->rows,
		report->missing_cells, report->unseen_cells, report->extra_columns);
}
