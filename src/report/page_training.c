/* SPDX-License-Identifier: MIT
 * Losses, metrics and learning rate by epoch. */
#include "report/page_parts.h"

#include "report/svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER_POINTS 300 /* of a line; of more epochs every so many-th and the last */
#define CLIPPED 4.0       /* times the range of the lower nine tenths of the values */

enum series { TRAIN_LOSS, VALID_LOSS, VALID_AUC, RATE, N_SERIES };

static double value_of(const struct run_epoch *epoch, enum series series)
{
	const double values[N_SERIES] = {epoch->train_loss, epoch->valid_loss, epoch->valid_auc, epoch->learning_rate};

	return values[series];
}

/* The epochs of all members, one member after the other. */
struct members {
	const struct run_epoch **epochs;
	size_t first[CLN_MAX_ENSEMBLE + 1]; /* first[k] .. first[k + 1] - 1 are member k's */
	size_t n, last_epoch;               /* members that have any; the greatest number */
};

static enum cln_status sort_members(struct members *members, const struct run_files *files, struct cln_error *err)
{
	size_t next[CLN_MAX_ENSEMBLE];

	*members = (struct members){.epochs = mem_alloc(files->n_epochs, sizeof *members->epochs, err)};
	if (!members->epochs)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < files->n_epochs; i++)
		members->first[files->all_epochs[i].member + 1]++;
	for (size_t k = 0; k < CLN_MAX_ENSEMBLE; k++) {
		members->n += members->first[k + 1] > 0;
		members->first[k + 1] += members->first[k];
		next[k] = members->first[k];
	}
	for (size_t i = 0; i < files->n_epochs; i++) {
		const struct run_epoch *epoch = &files->all_epochs[i];

		members->epochs[next[epoch->member]++] = epoch;
		if (epoch->epoch > members->last_epoch)
			members->last_epoch = epoch->epoch;
	}
	return CLN_OK;
}

/* ---------------------------------------------------------------- ranges */

static int compare_values(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of one or two series.  The first epochs of a run may be far off: values beyond CLIPPED times the range of the lower nine tenths
 * are drawn at the edge. */
static bool find_range(struct chart *chart, double *values, const struct members *members, const enum series *series,
                       size_t n_series)
{
	const size_t n_epochs = members->first[CLN_MAX_ENSEMBLE];
	size_t n = 0;

	for (size_t s = 0; s < n_series; s++)
		for (size_t i = 0; i < n_epochs; i++) {
			const double value = value_of(members->epochs[i], series[s]);
			if (!isnan(value))
				values[n++] = value;
		}
	if (n == 0)
		return false;
	qsort(values, n, sizeof *values, compare_values);
	double low = values[0], high = values[n - 1];
	const double usual = low + CLIPPED * (values[(n - 1) * 9 / 10] - low);
	if (usual > low && high > usual)
		high = usual;
	if (!(high - low > 1e-9 * (fabs(high) + fabs(low)))) {
		low = low < 0 ? 2 * low : 0;
		high = high > 0 ? 2 * high : 1;
	}
	const double step = svg_tick_step(high - low);
	chart->y_low = step * floor(low / step + 1e-9);
	chart->y_high = svg_round_up(chart->y_low, high);
	if (series[0] == VALID_AUC && chart->y_high > 1) /* there is none above */
		chart->y_high = 1;
	if (!(chart->y_high > chart->y_low))
		chart->y_high = chart->y_low + 1;
	return true;
}

/* ---------------------------------------------------------------- lines */

static void draw_member(struct text *page, const struct chart *chart, const struct members *members, size_t k, enum series series)
{
	const size_t begin = members->first[k], end = members->first[k + 1], n = end - begin;
	const size_t stride = (n + MEMBER_POINTS - 1) / MEMBER_POINTS;
	double x[MEMBER_POINTS + 1], y[MEMBER_POINTS + 1];
	const bool second = series == VALID_LOSS;
	size_t n_points = 0;

	for (size_t i = begin; i < end; i++) {
		if ((i - begin) % stride != 0 && i != end - 1)
			continue;
		x[n_points] = (double)members->epochs[i]->epoch;
		y[n_points++] = value_of(members->epochs[i], series);
	}
	if (n == 1 && !isnan(y[0]))
		svg_mark(page, chart, second ? "dot-b" : "dot", x[0], y[0], 3.5);
	else if (members->n > 1)
		svg_line(page, chart, second ? "many-b" : "many-a", x, y, n_points);
	else
		svg_line(page, chart, second ? "b" : "a", x, y, n_points);
}

/* The epoch whose weights a single network has. */
static void mark_best(struct text *page, const struct chart *chart, const struct run_files *files, enum series series)
{
	if (files->members > 1 || files->valid.rows == 0)
		return;
	for (size_t i = 0; i < files->n_epochs; i++) {
		const struct run_epoch *epoch = &files->all_epochs[i];
		if (epoch->epoch == files->best_epoch && !isnan(value_of(epoch, series)))
			svg_mark(page, chart, "ring", (double)epoch->epoch, value_of(epoch, series), 4);
	}
}

struct drawing {
	const char *id, *heading, *legend, *y_label, *description;
	enum series series[2];
	size_t n_series;
};

static void draw(struct text *page, const struct drawing *drawing, const struct run_files *files, const struct members *members,
                 double *values)
{
	struct chart chart = {.id = drawing->id,
	                      .title = drawing->heading,
	                      .description = drawing->description,
	                      .x_label = "epoch",
	                      .y_label = drawing->y_label,
	                      .x_low = members->last_epoch > 1 ? 1 : 0,
	                      .x_high = members->last_epoch > 1 ? (double)members->last_epoch : 2,
	                      .whole_x = true};

	if (!find_range(&chart, values, members, drawing->series, drawing->n_series))
		return;
	page_figure_begin(page, drawing->heading, drawing->legend);
	svg_begin(page, &chart);
	for (size_t s = 0; s < drawing->n_series; s++)
		for (size_t k = 0; k < CLN_MAX_ENSEMBLE; k++)
			if (members->first[k + 1] > members->first[k])
				draw_member(page, &chart, members, k, drawing->series[s]);
	if (drawing->series[0] != RATE)
		mark_best(page, &chart, files, drawing->series[drawing->n_series - 1]);
	svg_end(page);
	page_figure_end(page);
}

/* ---------------------------------------------------------------- the numbers */

static void add_epoch(struct text *page, const struct run_epoch *epoch, bool members)
{
	char heading[32];

	snprintf(heading, sizeof heading, "%zu", epoch->epoch);
	html_row_begin(page, heading);
	if (members)
		html_cell_count(page, (double)epoch->member + 1);
	html_cell_fixed(page, epoch->train_loss, 5);
	html_cell_fixed(page, epoch->valid_loss, 5);
	html_cell_fixed(page, epoch->valid_auc, 5);
	html_cell_fixed(page, epoch->learning_rate, 7);
	html_row_end(page);
}

#define TABLE_EPOCHS 50 /* a member; of more every so many-th and the last */

static void add_table(struct text *page, const struct members *members)
{
	html_add(page, "<details><summary>The numbers by epoch</summary><div class=\"scroll\"><table>\n<thead><tr><th>epoch</th>");
	html_add(page, members->n > 1 ? "<th class=\"number\">member</th>" : "");
	html_add(page,
	         "<th class=\"number\">train loss</th><th class=\"number\">validation loss</th><th class=\"number\">validation AUC"
	         "</th><th class=\"number\">learning rate</th></tr></thead>\n<tbody>\n");
	for (size_t k = 0; k < CLN_MAX_ENSEMBLE; k++) {
		const size_t begin = members->first[k], end = members->first[k + 1];
		const size_t stride = (end - begin + TABLE_EPOCHS - 1) / TABLE_EPOCHS;

		for (size_t i = begin; i < end; i++)
			if ((i - begin) % stride == 0 || i == end - 1)
				add_epoch(page, members->epochs[i], members->n > 1);
	}
	html_add(page, "</tbody></table></div></details>\n");
}

static void add_charts(struct text *page, const struct run_files *files, const struct members *members, double *values)
{
	const bool valid = files->valid.rows > 0, many = members->n > 1;
	const struct drawing drawings[] = {
	    {"loss",
	     "Loss",
	     !valid ? NULL
	     : many ? "many-a:train;many-b:validation"
	            : "a:train;b:validation",
	     "log loss, nats a row",
	     "Mean loss of the training rows as computed before each update, and of the validation rows, by epoch.",
	     {TRAIN_LOSS, VALID_LOSS},
	     valid ? 2 : 1},
	    {"auc", "Validation AUC", NULL, "AUC", "Area under the ROC curve of the validation rows by epoch.", {VALID_AUC}, 1},
	    {"rate", "Learning rate", NULL, "learning rate", "Learning rate of the last step by epoch.", {RATE}, 1},
	};

	html_add(page, "<section>\n<h2>Training</h2>\n");
	if (many)
		html_add(page, "<p class=\"soft\">A line for each network of the ensemble.</p>\n");
	else if (valid && files->best_epoch > 0)
		html_addf(page, "<p class=\"soft\">The ring is epoch %zu, whose weights the model has.</p>\n", files->best_epoch);
	html_add(page, "<div class=\"charts three\">\n");
	for (size_t i = 0; i < sizeof drawings / sizeof *drawings; i++)
		draw(page, &drawings[i], files, members, values);
	html_add(page, "</div>\n");
	add_table(page, members);
	html_add(page, "</section>\n");
}

enum cln_status page_training(struct text *page, const struct run_files *files, struct cln_error *err)
{
	struct members members;
	double *values;

	if (files->n_epochs == 0)
		return CLN_OK;
	values = mem_alloc(files->n_epochs, 2 * sizeof *values, err);
	if (!values)
		return CLN_E_MEMORY;
	enum cln_status status = sort_members(&members, files, err);
	if (status == CLN_OK)
		add_charts(page, files, &members, values);
	mem_free(members.epochs);
	mem_free(values);
	return status;
}
