/* SPDX-License-Identifier: MIT
 * What was trained, on what, and how good it is. */
#include "report/page_parts.h"

#include <math.h>
#include <string.h>

static double count_of(const struct run_files *files, const char *key)
{
	const struct json *value = json_get(files->network, key);

	return value ? value->number : 0;
}

/* "149-256-1, relu, 172 064 parameters" */
static void add_network(struct text *page, const struct run_files *files)
{
	const struct json *layers = json_get(files->network, "layers"), *activation = json_get(files->options, "activation");
	size_t n = 0;

	for (const struct json *units = layers ? layers->child : NULL; units; units = units->next, n++) {
		html_add(page, n ? "-" : "");
		html_fixed(page, units->number, 0);
	}
	if (n > 2 && activation && activation->type == JSON_STRING) {
		html_add(page, ", ");
		html_text(page, activation->string);
	} else if (n == 2) {
		html_add(page, ", logistic regression");
	}
	html_add(page, ", ");
	html_count(page, count_of(files, "parameters"));
	html_add(page, " parameters");
}

static void add_what(struct text *page, const struct run_files *files)
{
	html_add(page, "<p>");
	if (files->members > 1)
		html_addf(page, "An ensemble of %zu networks, each ", files->members);
	else
		html_add(page, "One network, ");
	if (files->network)
		add_network(page, files);
	else
		html_add(page, "of a run that tells no more of it");
	if (files->members > 1)
		html_addf(page, ", trained for %zu epochs in all; their probabilities are averaged.", files->epochs);
	else if (files->valid.rows)
		html_addf(page, ", trained for %zu epoch%s, of which epoch %zu was the best.", files->epochs,
		          files->epochs == 1 ? "" : "s", files->best_epoch);
	else
		html_addf(page, ", trained for %zu epoch%s.", files->epochs, files->epochs == 1 ? "" : "s");
	html_add(page, "</p>\n");
}

static void add_rows(struct text *page, const struct run_files *files)
{
	const double folds = count_of(files, "folds"), valid = count_of(files, "valid_rows"), test = count_of(files, "test_rows");

	html_add(page, "<p>Rows: ");
	html_count(page, files->network ? count_of(files, "train_rows") : (double)files->train.rows);
	html_add(page, " learnt from");
	if (folds > 0) {
		html_add(page, " in ");
		html_fixed(page, folds, 0);
		html_add(page, " folds, of which each network validates on one and learns from the others");
	} else if (valid > 0) {
		html_add(page, ", ");
		html_count(page, valid);
		html_add(page, " to validate on");
	}
	if (test > 0) {
		html_add(page, ", ");
		html_count(page, test);
		html_add(page, " to test, which no choice was made by");
	}
	if (count_of(files, "dropped_rows") > 0) {
		html_add(page, "; ");
		html_count(page, count_of(files, "dropped_rows"));
		html_add(page, " of weight 0 were left out");
	}
	html_add(page, ". The positive class is ");
	html_name(page, files->positive);
	html_add(page, ", the negative one ");
	html_name(page, files->negative);
	html_add(page, ".</p>\n");
}

/* ---------------------------------------------------------------- figures */

static void add_tile(struct text *page, const struct run_rows *rows, enum cln_measure measure)
{
	const struct cln_estimate *estimate = &rows->evaluation.measures[measure];

	html_add(page, "<div class=\"tile\"><span>");
	html_text(page, cln_measure_label(measure));
	html_add(page, "</span><b>");
	html_fixed(page, estimate->value, 4);
	html_add(page, "</b><span>");
	if (estimate->reason) {
		html_text(page, estimate->reason);
	} else if (strcmp(rows->name, "train") == 0) {
		html_add(page, "of rows learnt from");
	} else if (isnan(estimate->low)) {
		html_add(page, "no interval");
	} else {
		html_fixed(page, estimate->low, 4);
		html_add(page, " to ");
		html_fixed(page, estimate->high, 4);
	}
	html_add(page, "</span></div>\n");
}

static void add_tiles(struct text *page, const struct run_rows *rows)
{
	static const enum cln_measure shown[] = {CLN_MEASURE_AUC,   CLN_MEASURE_PR_AUC,   CLN_MEASURE_LOG_LOSS,
	                                         CLN_MEASURE_BRIER, CLN_MEASURE_ACCURACY, CLN_MEASURE_MCC};

	html_add(page, "<p>On ");
	html_count(page, (double)rows->evaluation.rows);
	html_addf(page, " %s, ", page_rows_name(rows));
	html_short(page, 100 * rows->evaluation.positive_weight / rows->evaluation.weight, 2);
	html_add(page, " % of them positive");
	if (strcmp(rows->name, "train") == 0)
		html_add(page, ". <span class=\"warn\">No rows were held back</span>: new rows will do worse");
	else
		html_add(page, ", with 95 % intervals");
	html_add(page, ":</p>\n<div class=\"tiles\">\n");
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
		add_tile(page, rows, shown[i]);
	html_add(page, "</div>\n");
}

/* What every run has, also one that keeps no more. */
static void add_metrics(struct text *page, const char *name, const struct cln_metrics *metrics)
{
	if (metrics->rows == 0)
		return;
	html_row_begin(page, name);
	html_cell_count(page, (double)metrics->rows);
	html_cell_fixed(page, metrics->log_loss, 5);
	html_cell_fixed(page, metrics->auc, 5);
	html_cell_fixed(page, metrics->accuracy, 5);
	html_row_end(page);
}

/* What a run that keeps more has in place of a set's rows. */
static bool add_unjudged(struct text *page, const char *name, const struct cln_metrics *metrics)
{
	if (metrics->rows == 0 || !isnan(metrics->log_loss))
		return false;
	html_addf(page,
	          "<p><span class=\"warn\">The %s have no log loss</span>: a feature of theirs is too large for the "
	          "network.</p>\n",
	          page_rows_title(name));
	return true;
}

void page_summary(struct text *page, const struct run_files *files)
{
	const struct run_rows *rows = page_first_rows(files);

	html_add(page, "<header>\n<h1>");
	html_name(page, files->label);
	html_add(page, " from ");
	html_name(page, page_base_name(files->data_file));
	html_add(page, "</h1>\n<p class=\"soft\">Report of a training run by Colonnade ");
	html_text(page, files->version);
	if (files->finished) {
		html_add(page, ", finished ");
		html_text(page, files->finished);
	}
	html_add(page, "</p>\n");
	add_what(page, files);
	add_rows(page, files);
	html_add(page, "</header>\n");
	if (rows)
		add_tiles(page, rows);
	html_add(page,
	         "<div class=\"scroll\"><table>\n<thead><tr><th></th><th class=\"number\">rows</th><th class=\"number\">log loss"
	         "</th><th class=\"number\">AUC</th><th class=\"number\">accuracy</th></tr></thead>\n<tbody>\n");
	add_metrics(page, "train", &files->train);
	add_metrics(page, "validation", &files->valid);
	add_metrics(page, "test", &files->test);
	html_add(page, "</tbody></table></div>\n");
	bool unjudged = add_unjudged(page, "train", &files->train);
	unjudged |= add_unjudged(page, "valid", &files->valid);
	unjudged |= add_unjudged(page, "test", &files->test);
	if (!rows && !unjudged)
		html_add(page,
		         "<p class=\"soft\">The run keeps no curves and columns (it is of an older version, or was trained with "
		         "<code>--report=false</code>), so the report has none.</p>\n");
}
