/* SPDX-License-Identifier: MIT
 * The rows that were judged: all measures, curves, reliability, scores, and the confusion matrix. */
#include "report/page_parts.h"

#include "report/svg.h"

#include <math.h>
#include <string.h>

static bool is_trained(const struct run_rows *rows)
{
	return strcmp(rows->name, "train") == 0;
}

/* ---------------------------------------------------------------- measures */

static void add_value(struct text *page, const struct run_rows *rows, enum cln_measure m)
{
	const struct cln_estimate *estimate = &rows->evaluation.measures[m];
	const bool amount = m >= CLN_MEASURE_TRUE_POSITIVES;

	if (amount)
		html_cell_count(page, estimate->value);
	else
		html_cell_fixed(page, estimate->value, 5);
	html_add(page, "<td class=\"number soft\">");
	if (estimate->reason)
		html_text(page, estimate->reason);
	else if (!isnan(estimate->low) && !is_trained(rows)) {
		html_fixed(page, estimate->low, amount ? 2 : 5);
		html_add(page, " to ");
		html_fixed(page, estimate->high, amount ? 2 : 5);
	}
	html_add(page, "</td>");
}

static void add_measures(struct text *page, const struct run_files *files)
{
	const struct run_rows *first = page_first_rows(files);

	html_add(page, "<div class=\"scroll\"><table>\n<thead><tr><th>measure</th>");
	for (size_t i = 0; i < 3; i++)
		if (files->rows[i])
			html_addf(page, "<th class=\"number\">%s</th><th class=\"number\">%s</th>", page_rows_name(files->rows[i]),
			          is_trained(files->rows[i]) ? "" : "95 % interval");
	html_add(page, "</tr></thead>\n<tbody>\n");
	for (int m = 0; m < CLN_MEASURE_TRUE_POSITIVES; m++) {
		html_row_begin(page, cln_measure_label((enum cln_measure)m));
		for (size_t i = 0; i < 3; i++)
			if (files->rows[i])
				add_value(page, files->rows[i], (enum cln_measure)m);
		html_row_end(page);
	}
	html_add(page, "</tbody></table></div>\n");
	if (is_trained(first))
		return;
	html_addf(page,
	          "<p class=\"soft\">Intervals: DeLong\xE2\x80\x99s for the AUC, else of %zu bootstrap replicates of the %s, seed ",
	          first->evaluation.replicates, page_rows_name(first));
	html_text(page, first->seed);
	html_add(page, ".</p>\n");
}

/* ---------------------------------------------------------------- confusion matrix */

static void add_cell(struct text *page, const struct run_rows *rows, enum cln_measure m, double of_class)
{
	const double value = rows->evaluation.measures[m].value;

	html_add(page, "<td class=\"number\">");
	html_count(page, value);
	if (of_class > 0) {
		html_add(page, " <span class=\"soft\">(");
		html_fixed(page, 100 * value / of_class, 1);
		html_add(page, " %)</span>");
	}
	html_add(page, "</td>");
}

static void add_confusion(struct text *page, const struct run_files *files, const struct run_rows *rows)
{
	const double positive = rows->evaluation.positive_weight, negative = rows->evaluation.weight - positive;

	html_addf(page, "<div class=\"scroll\"><table>\n<caption>%s, called positive from a probability of ", page_rows_name(rows));
	html_short(page, rows->evaluation.threshold, 6);
	html_add(page, " on</caption>\n<thead><tr><th></th><th class=\"number\">called ");
	html_name(page, files->positive);
	html_add(page, "</th><th class=\"number\">called ");
	html_name(page, files->negative);
	html_add(page, "</th></tr></thead>\n<tbody>\n<tr><th scope=\"row\">truly ");
	html_name(page, files->positive);
	html_add(page, "</th>");
	add_cell(page, rows, CLN_MEASURE_TRUE_POSITIVES, positive);
	add_cell(page, rows, CLN_MEASURE_FALSE_NEGATIVES, positive);
	html_add(page, "</tr>\n<tr><th scope=\"row\">truly ");
	html_name(page, files->negative);
	html_add(page, "</th>");
	add_cell(page, rows, CLN_MEASURE_FALSE_POSITIVES, negative);
	add_cell(page, rows, CLN_MEASURE_TRUE_NEGATIVES, negative);
	html_add(page, "</tr>\n</tbody></table></div>\n");
}

/* ---------------------------------------------------------------- curves */

/* The legend of as many sets of rows as there are, of which there are at most two. */
static const char *legend_of(const struct run_files *files)
{
	if (files->rows[0] && files->rows[1])
		return "a:test rows;b:validation rows";
	return files->rows[0] ? "a:test rows" : files->rows[1] ? "a:validation rows" : "a:rows learnt from";
}

/* A figure with every set of rows, and a dotted line from (0, y0) to (x_high, y1). */
static void draw_figure(struct text *page, const struct run_files *files, const char *heading, const struct chart *chart, double y0,
                        double y1,
                        void (*draw)(struct text *page, const struct chart *chart, const struct run_rows *rows, bool second))
{
	size_t drawn = 0;

	page_figure_begin(page, heading, legend_of(files));
	svg_begin(page, chart);
	svg_segment(page, chart, "none", 0, y0, chart->x_high, y1);
	for (size_t i = 0; i < 3; i++)
		if (files->rows[i])
			draw(page, chart, files->rows[i], drawn++ > 0);
	svg_end(page);
	page_figure_end(page);
}

static void draw_roc_of(struct text *page, const struct chart *chart, const struct run_rows *rows, bool second)
{
	svg_line(page, chart, second ? "b" : "a", rows->roc.x, rows->roc.y, rows->roc.n);
}

static void draw_roc(struct text *page, const struct run_files *files)
{
	const struct chart chart = {.id = "roc",
	                            .title = "ROC curve",
	                            .description =
	                                "True positive rate over false positive rate, threshold by threshold; the dotted line "
	                                "is chance.",
	                            .x_label = "false positive rate",
	                            .y_label = "true positive rate (recall)",
	                            .x_high = 1,
	                            .y_high = 1};

	draw_figure(page, files, "ROC", &chart, 0, 1, draw_roc_of);
}

/* A first point at recall 0 makes the first step visible. */
static void draw_pr_of(struct text *page, const struct chart *chart, const struct run_rows *rows, bool second)
{
	const struct run_curve *curve = &rows->pr;
	double x[RUN_FILES_POINTS + 1], y[RUN_FILES_POINTS + 1];

	if (curve->n == 0)
		return;
	x[0] = 0;
	y[0] = curve->y[0];
	memcpy(x + 1, curve->x, curve->n * sizeof *x);
	memcpy(y + 1, curve->y, curve->n * sizeof *y);
	svg_steps(page, chart, second ? "b" : "a", x, y, curve->n + 1);
}

static void draw_pr(struct text *page, const struct run_files *files)
{
	const struct chart chart = {.id = "pr",
	                            .title = "Precision-recall curve",
	                            .description =
	                                "Precision over recall, threshold by threshold; the dotted line is the share of positive "
	                                "rows, which chance reaches.",
	                            .x_label = "recall",
	                            .y_label = "precision",
	                            .x_high = 1,
	                            .y_high = 1};
	const struct cln_evaluation *first = &page_first_rows(files)->evaluation;
	const double rate = first->positive_weight / first->weight;

	draw_figure(page, files, "Precision and recall", &chart, rate, rate, draw_pr_of);
}

/* ---------------------------------------------------------------- reliability */

/* Wilson's interval of a share p of n rows: (p + z^2/2n -+ z sqrt(p (1 - p) / n + z^2/4n^2)) / (1 + z^2/n). */
static void wilson(double *low, double *high, double p, double n)
{
	const double z = 1.959963984540054, zz = z * z / n;
	const double middle = (p + zz / 2) / (1 + zz), half = z * sqrt(p * (1 - p) / n + zz / (4 * n)) / (1 + zz);

	*low = middle - half;
	*high = middle + half;
}

static double greatest_in_bins(const struct run_files *files)
{
	double greatest = 0;

	for (size_t i = 0; i < 3; i++)
		for (size_t b = 0; files->rows[i] && b < files->rows[i]->n_bins; b++) {
			const struct run_rows *rows = files->rows[i];
			if (rows->bin_weight[b] > 0)
				greatest = fmax(greatest, fmax(rows->bin_probability[b], rows->bin_positive[b]));
		}
	return greatest;
}

static void draw_bins(struct text *page, const struct chart *chart, const struct run_rows *rows, bool second)
{
	double x[RUN_FILES_BINS] = {0}, y[RUN_FILES_BINS] = {0}, low, high;
	size_t n = 0;

	for (size_t b = 0; b < rows->n_bins; b++) {
		if (!(rows->bin_weight[b] > 0))
			continue;
		x[n] = rows->bin_probability[b];
		y[n] = rows->bin_positive[b];
		if (rows->evaluation.weight == (double)rows->evaluation.rows) {
			wilson(&low, &high, y[n], rows->bin_weight[b]);
			svg_segment(page, chart, second ? "error-b" : "error", x[n], low, x[n], high);
		}
		n++;
	}
	svg_line(page, chart, second ? "b" : "a", x, y, n);
	for (size_t i = 0; i < n; i++)
		svg_mark(page, chart, second ? "dot-b" : "dot", x[i], y[i], 3);
}

static void draw_reliability(struct text *page, const struct run_files *files)
{
	const double greatest = greatest_in_bins(files);
	const double high = greatest > 0.5 || greatest <= 0 ? 1 : svg_round_up(0, greatest * 1.1);
	const struct chart chart = {.id = "reliability",
	                            .title = "Reliability diagram",
	                            .description =
	                                "Share of positive rows over mean probability in equally wide bins of the probability, "
	                                "with 95 % intervals where rows have no weights; the dotted line is perfect "
	                                "calibration.",
	                            .x_label = "mean probability",
	                            .y_label = "share that is positive",
	                            .x_high = high,
	                            .y_high = high};

	draw_figure(page, files, "Reliability", &chart, 0, high, draw_bins);
}

/* ---------------------------------------------------------------- scores */

static double sum_of(const double *values, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += values[i];
	return sum;
}

/* Shares of each class, so that a rare one is seen as well. */
static void draw_scores(struct text *page, const struct run_rows *rows)
{
	const size_t n = rows->n_scores;
	const double negative = sum_of(rows->negative_scores, n), positive = sum_of(rows->positive_scores, n);
	double greatest = 0;

	for (size_t b = 0; b < n; b++)
		greatest = fmax(greatest, fmax(negative > 0 ? rows->negative_scores[b] / negative : 0,
		                               positive > 0 ? rows->positive_scores[b] / positive : 0));
	if (!(greatest > 0))
		return;
	const struct chart chart = {.id = "scores",
	                            .title = "Histogram of the scores by class",
	                            .description =
	                                "Share of each class's rows in equally wide bins of the probability; the line is the "
	                                "threshold.",
	                            .x_label = "probability",
	                            .y_label = "share of the class's rows",
	                            .x_high = 1,
	                            .y_high = svg_round_up(0, greatest)};
	page_figure_begin(page, "Scores by class", "key-a:negative;key-b:positive;c:threshold");
	svg_begin(page, &chart);
	for (size_t b = 0; b < n; b++) {
		const double left = (double)b / (double)n, right = (double)(b + 1) / (double)n;

		if (rows->negative_scores[b] > 0)
			svg_bar(page, &chart, "bar-a", left, right, rows->negative_scores[b] / negative);
		if (rows->positive_scores[b] > 0)
			svg_bar(page, &chart, "bar-b", left, right, rows->positive_scores[b] / positive);
	}
	svg_segment(page, &chart, "c", rows->evaluation.threshold, 0, rows->evaluation.threshold, chart.y_high);
	svg_end(page);
	page_figure_end(page);
}

/* ---------------------------------------------------------------- the numbers */

#define TABLE_POINTS 25

static void add_curve(struct text *page, const char *caption, const char *x, const char *y, const struct run_curve *curve)
{
	const size_t stride = (curve->n + TABLE_POINTS - 1) / TABLE_POINTS;

	if (curve->n == 0)
		return;
	html_addf(page,
	          "<table>\n<caption>%s</caption>\n<thead><tr><th class=\"number\">%s</th><th class=\"number\">%s</th></tr>"
	          "</thead>\n<tbody>\n",
	          caption, x, y);
	for (size_t i = 0; i < curve->n; i++) {
		if (i % stride != 0 && i != curve->n - 1)
			continue;
		html_add(page, "<tr>");
		html_cell_fixed(page, curve->x[i], 5);
		html_cell_fixed(page, curve->y[i], 5);
		html_row_end(page);
	}
	html_add(page, "</tbody></table>\n");
}

static void add_bins(struct text *page, const struct run_rows *rows)
{
	html_add(
	    page,
	    "<table>\n<caption>reliability</caption>\n<thead><tr><th class=\"number\">mean probability</th><th class=\"number\">"
	    "share positive</th><th class=\"number\">rows</th></tr></thead>\n<tbody>\n");
	for (size_t b = 0; b < rows->n_bins; b++) {
		if (!(rows->bin_weight[b] > 0))
			continue;
		html_add(page, "<tr>");
		html_cell_fixed(page, rows->bin_probability[b], 5);
		html_cell_fixed(page, rows->bin_positive[b], 5);
		html_cell_count(page, rows->bin_weight[b]);
		html_row_end(page);
	}
	html_add(page, "</tbody></table>\n");
}

static void add_scores(struct text *page, const struct run_rows *rows)
{
	html_add(page,
	         "<table>\n<caption>scores</caption>\n<thead><tr><th class=\"number\">probability from</th><th class=\"number\">"
	         "negative rows</th><th class=\"number\">positive rows</th></tr></thead>\n<tbody>\n");
	for (size_t b = 0; b < rows->n_scores; b++) {
		html_add(page, "<tr>");
		html_cell_fixed(page, (double)b / (double)rows->n_scores, 2);
		html_cell_count(page, rows->negative_scores[b]);
		html_cell_count(page, rows->positive_scores[b]);
		html_row_end(page);
	}
	html_add(page, "</tbody></table>\n");
}

static void add_numbers(struct text *page, const struct run_rows *rows)
{
	html_addf(page, "<details><summary>The numbers of the charts: %s</summary><div class=\"scroll side\">\n",
	          page_rows_name(rows));
	add_curve(page, "ROC", "false positive rate", "true positive rate", &rows->roc);
	add_curve(page, "precision and recall", "recall", "precision", &rows->pr);
	add_bins(page, rows);
	add_scores(page, rows);
	html_add(page, "</div></details>\n");
}

void page_rows(struct text *page, const struct run_files *files)
{
	const struct run_rows *first = page_first_rows(files);

	if (!first)
		return;
	html_add(page, "<section>\n<h2>Rows judged</h2>\n<div class=\"charts\">\n");
	if (first->roc.n > 0) {
		draw_roc(page, files);
		draw_pr(page, files);
	}
	draw_reliability(page, files);
	draw_scores(page, first);
	html_add(page, "</div>\n<h3>Confusion matrix</h3>\n<div class=\"side\">\n");
	for (size_t i = 0; i < 3; i++)
		if (files->rows[i])
			add_confusion(page, files, files->rows[i]);
	html_add(page, "</div>\n<h3>All measures</h3>\n");
	add_measures(page, files);
	for (size_t i = 0; i < 3; i++)
		if (files->rows[i])
			add_numbers(page, files->rows[i]);
	html_add(page, "</section>\n");
}
