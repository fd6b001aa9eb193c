/* SPDX-License-Identifier: MIT
 * The columns: what they hold, what is missing, and whether other rows are like those learnt from. */
#include "report/page_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_COLUMNS 40 /* the others are folded away */
#define DRIFT_TOLD 0.1   /* usual: below it nothing to mind, from 0.25 on much */
#define DRIFT_LARGE 0.25

/* More than chance makes of rows of one distribution. */
static bool drifts(const struct cln_drift *drift)
{
	return drift->psi >= DRIFT_TOLD && drift->psi > drift->by_chance;
}

static double greatest_drift(const struct run_column *column)
{
	double greatest = 0;

	if (drifts(&column->valid))
		greatest = column->valid.psi;
	if (drifts(&column->test) && column->test.psi > greatest)
		greatest = column->test.psi;
	return greatest;
}

/* Those that drift first, most of all; then as in the table. */
static int compare_columns(const void *a, const void *b)
{
	const struct run_column *x = *(const struct run_column *const *)a, *y = *(const struct run_column *const *)b;
	const double of_x = greatest_drift(x), of_y = greatest_drift(y);

	if (of_x != of_y)
		return of_x > of_y ? -1 : 1;
	return (x > y) - (x < y);
}

static bool has_drift(const struct run_files *files, bool test)
{
	for (size_t c = 0; c < files->n_columns; c++)
		if (!isnan(test ? files->columns[c].test.psi : files->columns[c].valid.psi))
			return true;
	return false;
}

static void add_drift(struct text *page, const struct cln_drift *drift)
{
	html_add(page, "<td class=\"number\">");
	html_fixed(page, drift->psi, 3);
	if (drifts(drift))
		html_addf(page, " <span class=\"warn\">%s</span>", drift->psi >= DRIFT_LARGE ? "large" : "some");
	html_add(page, "</td>");
}

static void add_column(struct text *page, const struct run_files *files, const struct run_column *column, bool valid, bool test)
{
	html_add(page, "<tr><th scope=\"row\">");
	html_name(page, column->name);
	html_add(page, "</th><td>");
	html_text(page, column->use);
	html_add(page, "</td><td>");
	if (strcmp(column->use, "ignored") != 0)
		html_text(page, column->type);
	html_add(page, "</td>");
	if (column->levels > 0)
		html_cell_count(page, (double)column->levels);
	else
		html_add(page, "<td></td>");
	html_cell_count(page, (double)column->missing_cells);
	html_add(page, "<td class=\"number soft\">");
	if (column->missing_cells > 0 && files->data_rows > 0) {
		html_fixed(page, 100 * (double)column->missing_cells / (double)files->data_rows, 1);
		html_add(page, " %");
	}
	html_add(page, "</td>");
	if (valid)
		add_drift(page, &column->valid);
	if (test)
		add_drift(page, &column->test);
	html_row_end(page);
}

static void add_columns(struct text *page, const struct run_files *files, const struct run_column *const *columns, size_t n)
{
	const bool valid = has_drift(files, false), test = has_drift(files, true);

	html_add(
	    page,
	    "<div class=\"scroll\"><table>\n<thead><tr><th>column</th><th>use</th><th>type</th><th class=\"number\">levels</th>"
	    "<th class=\"number\">missing cells</th><th></th>");
	html_add(page, valid ? "<th class=\"number\">drift, validation</th>" : "");
	html_add(page, test ? "<th class=\"number\">drift, test</th>" : "");
	html_add(page, "</tr></thead>\n<tbody>\n");
	for (size_t c = 0; c < n; c++)
		add_column(page, files, columns[c], valid, test);
	html_add(page, "</tbody></table></div>\n");
}

static void add_overview(struct text *page, const struct run_files *files, size_t n_drifting)
{
	const struct json *missing = json_get(files->network, "missing_cells");

	html_add(page, "<p>");
	html_name(page, files->data_file);
	html_add(page, ": ");
	html_count(page, (double)files->data_rows);
	html_add(page, " rows, ");
	html_count(page, (double)files->data_columns);
	html_add(page, " columns");
	if (missing) {
		html_add(page, "; ");
		html_count(page, missing->number);
		html_add(page, " missing cells in those that became features");
	}
	html_add(page, "; fingerprint <code>");
	html_text(page, files->fingerprint);
	html_add(page, "</code>.</p>\n");
	if (!has_drift(files, false) && !has_drift(files, true))
		return;
	if (n_drifting > 0)
		html_addf(page, "<p class=\"warn\">%zu column%s drift%s: other rows are not like those learnt from.</p>\n",
		          n_drifting, n_drifting == 1 ? "" : "s", n_drifting == 1 ? "s" : "");
	else
		html_add(page, "<p>No column drifts between the rows learnt from and the others.</p>\n");
	html_add(
	    page,
	    "<p class=\"soft\">Drift is the population stability index over deciles or levels; from 0.1 on, where chance makes "
	    "less of it, it is called some, and from 0.25 on large.</p>\n");
}

enum cln_status page_data(struct text *page, const struct run_files *files, struct cln_error *err)
{
	const size_t n = files->n_columns, n_shown = n > SHOWN_COLUMNS + SHOWN_COLUMNS / 4 ? SHOWN_COLUMNS : n;
	const struct run_column **columns = mem_alloc(n, sizeof *columns, err);
	size_t n_drifting = 0;

	if (!columns)
		return CLN_E_MEMORY;
	for (size_t c = 0; c < n; c++) {
		columns[c] = &files->columns[c];
		n_drifting += greatest_drift(columns[c]) > 0;
	}
	qsort(columns, n, sizeof *columns, compare_columns);
	html_add(page, "<section>\n<h2>Data</h2>\n");
	add_overview(page, files, n_drifting);
	if (n > 0)
		add_columns(page, files, columns, n_shown);
	if (n > n_shown) {
		html_addf(page, "<details><summary>The other %zu columns</summary>\n", n - n_shown);
		add_columns(page, files, columns + n_shown, n - n_shown);
		html_add(page, "</details>\n");
	}
	if (files->columns_left_out > 0)
		html_addf(page, "<p class=\"soft\">%zu more columns are not listed in run.json.</p>\n", files->columns_left_out);
	html_add(page, "</section>\n");
	mem_free(columns);
	return CLN_OK;
}
