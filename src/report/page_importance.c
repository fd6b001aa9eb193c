/* SPDX-License-Identifier: MIT
 * The columns by what the model loses without them: a bar and an interval each, in a table. */
#include "report/page_parts.h"

#include "report/svg.h"

#include <math.h>

#define SHOWN_COLUMNS 20 /* the others are folded away */

/* Units of a bar's picture, which is as wide as its cell. */
#define WIDTH 240
#define HEIGHT 18
#define MIDDLE (HEIGHT / 2)

/* What the pictures' left and right ends are. */
struct scale {
	double low, high;
};

/* With all bars, intervals and 0 between them. */
static struct scale scale_of(const struct cln_importance *importance)
{
	struct scale scale = {0, 0};

	for (size_t c = 0; c < importance->n_columns; c++) {
		const struct cln_estimate *rise = &importance->columns[c].log_loss;

		scale.low = fmin(scale.low, fmin(rise->value, rise->low));
		scale.high = fmax(scale.high, fmax(rise->value, rise->high));
	}
	if (!(scale.high > scale.low))
		scale.high = scale.low + 1;
	return scale;
}

static double place(const struct scale *scale, double value)
{
	return 1 + (WIDTH - 2) * (value - scale->low) / (scale->high - scale->low);
}

/* The numbers stand beside it. */
static void add_bar(struct text *page, const struct cln_estimate *rise, const struct scale *scale)
{
	const double zero = place(scale, 0), end = place(scale, rise->value);

	html_addf(page, "<td class=\"bar\"><svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" aria-hidden=\"true\">", WIDTH,
	          HEIGHT);
	html_add(page, "<rect class=\"bar-a\"");
	svg_attribute(page, "x", fmin(zero, end));
	svg_attribute(page, "y", 3);
	svg_attribute(page, "width", fabs(end - zero));
	svg_attribute(page, "height", HEIGHT - 6);
	html_add(page, "/>");
	svg_plain_line(page, "axis", zero, 0, zero, HEIGHT);
	if (!isnan(rise->low)) {
		const double low = place(scale, rise->low), high = place(scale, rise->high);

		svg_plain_line(page, "whisker", low, MIDDLE, high, MIDDLE);
		svg_plain_line(page, "whisker", low, MIDDLE - 3, low, MIDDLE + 3);
		svg_plain_line(page, "whisker", high, MIDDLE - 3, high, MIDDLE + 3);
	}
	html_add(page, "</svg></td>");
}

static void add_estimate(struct text *page, const struct cln_estimate *estimate)
{
	html_cell_fixed(page, estimate->value, 4);
	html_add(page, "<td class=\"number soft\">");
	if (!isnan(estimate->low)) {
		html_fixed(page, estimate->low, 4);
		html_add(page, " to ");
		html_fixed(page, estimate->high, 4);
	}
	html_add(page, "</td>");
}

static void add_columns(struct text *page, const struct cln_importance *importance, size_t begin, size_t end,
                        const struct scale *scale)
{
	html_add(page, "<div class=\"scroll\"><table class=\"bars\">\n<thead><tr><th>column</th><th></th><th class=\"number\">"
	               "log loss rises by</th><th class=\"number\">95 % interval</th><th class=\"number\">AUC falls by</th>"
	               "<th class=\"number\">95 % interval</th></tr></thead>\n<tbody>\n");
	for (size_t c = begin; c < end; c++) {
		const struct cln_column_importance *column = &importance->columns[c];

		html_add(page, "<tr><th scope=\"row\">");
		html_name(page, column->column);
		html_add(page, "</th>");
		add_bar(page, &column->log_loss, scale);
		add_estimate(page, &column->log_loss);
		add_estimate(page, &column->auc);
		html_row_end(page);
	}
	html_add(page, "</tbody></table></div>\n");
}

static void add_words(struct text *page, const struct run_files *files)
{
	const struct cln_importance *importance = &files->importance;

	html_add(page, "<p>By how much the model gets worse when the cells of a column are shuffled among ");
	html_count(page, (double)importance->rows);
	html_add(page, " ");
	if (importance->of > importance->rows) {
		html_add(page, "of the ");
		html_count(page, (double)importance->of);
		html_add(page, " ");
	}
	html_addf(page, "%s, ", page_rows_title(files->importance_of));
	if (importance->repeats == 1)
		html_add(page, "once");
	else
		html_addf(page, "%zu times", importance->repeats);
	html_add(page, "; their log loss is ");
	html_fixed(page, importance->log_loss, 4);
	if (!isnan(importance->auc)) {
		html_add(page, ", their AUC ");
		html_fixed(page, importance->auc, 4);
	}
	html_add(page, ".</p>\n");
}

void page_importance(struct text *page, const struct run_files *files)
{
	const struct cln_importance *importance = &files->importance;
	const size_t n = importance->n_columns, n_shown = n > SHOWN_COLUMNS + SHOWN_COLUMNS / 4 ? SHOWN_COLUMNS : n;

	if (n == 0)
		return;
	const struct scale scale = scale_of(importance);
	html_add(page, "<section>\n<h2>Importance</h2>\n");
	add_words(page, files);
	add_columns(page, importance, 0, n_shown, &scale);
	if (n > n_shown) {
		html_addf(page, "<details><summary>The other %zu columns</summary>\n", n - n_shown);
		add_columns(page, importance, n_shown, n, &scale);
		html_add(page, "</details>\n");
	}
	if (files->importance_left_out > 0)
		html_addf(page, "<p class=\"soft\">%zu less important columns are not listed in run.json.</p>\n",
		          files->importance_left_out);
	html_add(page,
	         "<p class=\"soft\">Bars are the rise of the log loss, lines its 95 % intervals, which hold the chance of the rows "
	         "and of the shuffles. Columns that tell the same share their importance. <code>colonnade importance</code> does "
	         "it with more rows and shuffles, and explains single rows.</p>\n</section>\n");
}
