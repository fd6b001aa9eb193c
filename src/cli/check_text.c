/* SPDX-License-Identifier: MIT */
#include "cli/check_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_NAME_WIDTH 32
#define NUMBER_WIDTH 12

const char *const check_file_words[CHECK_FILES] = {"data", "valid", "test"};
const char *const check_use_words[] = {[CLN_COLUMN_FEATURE] = "feature",
				       [CLN_COLUMN_LABEL] = "label",
				       [CLN_COLUMN_WEIGHT] = "weight",
				       [CLN_COLUMN_IGNORED] = "ignored"};

/* ---------------------------------------------------------------- pieces */

static const char *number_text(char text[NUMBER_TEXT], double value)
{
	if (isnan(value))
		return "";
	text_number(text, (float)value);
	return text;
}

static void add_bytes(struct text *text, double bytes)
{
	if (bytes >= 1e9)
		text_addf(text, "%.3g GB", bytes / 1e9);
	else
		text_addf(text, "%.3g MB", bytes / 1e6 < 0.1 ? 0.1 : bytes / 1e6);
}

/* ---------------------------------------------------------------- problems */

static void write_finding(struct text *text, const struct check_file *file, const struct finding *finding)
{
	char place[64] = "";

	if (finding->column)
		snprintf(place, sizeof place, ":%zu:%zu", finding->line, finding->column);
	else if (finding->line)
		snprintf(place, sizeof place, ":%zu", finding->line);
	text_add_visible(text, file->name && strcmp(file->name, "-") == 0 ? "standard input" : file->name);
	text_addf(text, "%s: ", place);
	text_add_visible(text, finding->sentence);
	text_add(text, "\n", 1);
}

/* "3 problems: not a number 2, number of fields 1", after those that are told. */
static void write_problems(struct text *text, const struct check_file *file)
{
	const struct findings *findings = &file->findings;
	const size_t n = findings_total(findings);

	for (size_t i = 0; i < findings->n; i++)
		write_finding(text, file, &findings->items[i]);
	if (n > findings->n)
		text_addf(text, "... and %zu more (--problems)\n", n - findings->n);
	if (n > 0) {
		text_addf(text, "problems  %zu:", n);
		for (size_t k = 0; k < findings->n_kinds; k++)
			text_addf(text, "%s %s (%zu)", k ? "," : "", findings->counts[k].kind, findings->counts[k].n);
		text_add(text, "\n", 1);
	}
	if (findings->ended)
		text_addf(text, "the reading ends there: behind it no row can be believed\n");
	if (file->refused.code != CLN_OK) {
		text_addf(text, "%s", file->refused.message);
		text_add(text, "\n", 1);
	}
}

/* ---------------------------------------------------------------- columns */

static void add_remark(struct text *text, size_t *n, const char *remark)
{
	text_addf(text, "%s%s", (*n)++ ? ", " : "", remark);
}

static void write_remarks(struct text *text, const struct check_column *column)
{
	char detail[EXCERPT + 96];
	size_t n = 0;

	if (column->left_out)
		add_remark(text, &n, "left out: another in every row");
	else if (column->use != CLN_COLUMN_FEATURE)
		add_remark(text, &n, check_use_words[column->use]);
	if (column->constant)
		add_remark(text, &n, column->rounded ? "constant as rounded" : "constant");
	else if (column->rounded)
		add_remark(text, &n, "rounded beyond 16777216");
	if (column->tells_label)
		add_remark(text, &n, "TELLS THE LABEL");
	if (column->identifier)
		add_remark(text, &n, "identifier?");
	if (column->n_texts > 0) {
		if (2 * column->n_signed > column->n_texts)
			snprintf(detail, sizeof detail, "numbers but for signs (\"%s\")", column->text);
		else
			snprintf(detail, sizeof detail, "all numbers but %zu (\"%s\": %zu)", column->n_texts, column->text,
				 column->n_text);
		add_remark(text, &n, detail);
	}
	if (column->codes > 0) {
		snprintf(detail, sizeof detail, "codes? (%zu)", column->codes);
		add_remark(text, &n, detail);
	}
	if (n == 0 && column->categorical && column->n_frequent > 0) {
		snprintf(detail, sizeof detail, "most \"%s\" (%zu)", column->frequent, column->n_frequent);
		add_remark(text, &n, detail);
	}
}

static void write_column(struct text *text, const struct check_column *column, size_t name_width)
{
	char least[NUMBER_TEXT], median[NUMBER_TEXT], greatest[NUMBER_TEXT];
	const size_t before = text->length;

	text_addf(text, "  ");
	text_add_padded(text, column->name, name_width);
	if (column->use == CLN_COLUMN_IGNORED && !column->left_out) {
		text_addf(text, "  ignored\n");
		return;
	}
	text_addf(text, "  %-7s  %8zu  ", column->categorical ? "text" : "number", column->n_missing);
	if (column->categorical)
		text_addf(text, "%*zu different  %*s  ", 2 * NUMBER_WIDTH - 8, column->n_different, NUMBER_WIDTH, "");
	else
		text_addf(text, "%*s  %*s  %*s  ", NUMBER_WIDTH, number_text(least, column->least), NUMBER_WIDTH,
			  number_text(median, column->median), NUMBER_WIDTH, number_text(greatest, column->greatest));
	write_remarks(text, column);
	while (!text->failed && text->length > before && text->bytes[text->length - 1] == ' ')
		text->length--;
	text_add(text, "\n", 1);
}

static void write_columns(struct text *text, const struct check_result *result)
{
	size_t name_width = strlen("column");

	for (size_t c = 0; c < result->n_columns; c++) {
		const size_t width = utf8_width(result->columns[c].name);

		if (width > name_width)
			name_width = width < MAX_NAME_WIDTH ? width : MAX_NAME_WIDTH;
	}
	text_addf(text, "\n  ");
	text_add_padded(text, "column", name_width);
	text_addf(text, "  type      missing  %*s  %*s  %*s  remarks\n", NUMBER_WIDTH, "least", NUMBER_WIDTH, "median",
		  NUMBER_WIDTH, "greatest");
	for (size_t c = 0; c < result->n_columns; c++)
		write_column(text, &result->columns[c], name_width);
	text_add(text, "\n", 1);
}

/* ---------------------------------------------------------------- rows */

static void write_label(struct text *text, const struct check_result *result)
{
	const size_t n = result->n_positive + result->n_negative;
	char least[NUMBER_TEXT], greatest[NUMBER_TEXT], sum[NUMBER_TEXT];

	if (!result->label)
		return;
	text_addf(text, "label     ");
	text_add_visible(text, result->label);
	text_addf(text, ": \"");
	text_add_visible(text, result->positive);
	text_addf(text, "\" is positive%s, %zu rows (%.3g %%); \"", result->positive_was_chosen ? ", being the greater" : "",
		  result->n_positive, n ? 100 * (double)result->n_positive / (double)n : 0);
	text_add_visible(text, result->negative);
	text_addf(text, "\" negative, %zu\n", result->n_negative);
	if (!result->weight)
		return;
	text_addf(text, "weight    ");
	text_add_visible(text, result->weight);
	text_addf(text, ": from %s to %s, in sum %s; %zu rows of weight 0 are left out\n", number_text(least, result->weight_least),
		  number_text(greatest, result->weight_greatest), number_text(sum, result->weight_sum), result->n_dropped);
}

static void write_copies(struct text *text, const struct check_result *result)
{
	static const char *const one[][2] = {{"stands in it before", "stands, as rounded, in it before"},
					     {"is a row of DATA too", "is, as rounded, a row of DATA too"}};
	static const char *const many[][2] = {{"stand in it before", "stand, as rounded, in it before"},
					      {"are rows of DATA too", "are, as rounded, rows of DATA too"}};

	for (int f = 0; f < CHECK_FILES; f++) {
		const struct check_copies *copies = &result->copies[f];
		const bool across = f != CHECK_DATA;
		char first[96] = "";

		if (copies->n == 0)
			continue;
		if (copies->line)
			snprintf(first, sizeof first, " (the first: line %zu, which is line %zu%s)", copies->line, copies->of_line,
				 across ? " of DATA" : "");
		text_addf(text, "copies    %zu row%s of ", copies->n, copies->n > 1 ? "s" : "");
		text_add_visible(text, result->files[f].name);
		const bool leak = across && !copies->rounded && check_is_leak(copies->n, result->files[f].table->n_rows);
		text_addf(text, " %s%s%s\n", (copies->n > 1 ? many : one)[across][copies->rounded], leak ? ": a leak" : "", first);
	}
}

static void write_suspects(struct text *text, const struct check_result *result)
{
	for (size_t c = 0; c < result->n_columns; c++) {
		if (!result->columns[c].tells_label)
			continue;
		text_addf(text, "leak?     the column \"");
		text_add_visible(text, result->columns[c].name);
		text_addf(text, "\" tells the label of every row: was it made from it? (--ignore leaves it out)\n");
	}
}

/* ---------------------------------------------------------------- the training, or the model */

static void write_training(struct text *text, const struct check_result *result)
{
	if (result->members == 0)
		return;
	for (const char *note = result->notes.bytes; note && *note;) {
		const size_t length = strcspn(note, "\n");

		text_addf(text, "note      %.*s\n", (int)length, note);
		note += length + (note[length] == '\n');
	}
	text_addf(text, "training  %zu network%s of at most %zu epochs, ", result->members, result->members > 1 ? "s" : "",
		  result->epochs);
	for (size_t l = 0; l <= result->n_layers; l++)
		text_addf(text, "%s%zu", l ? "-" : "", result->n[l]);
	text_addf(text, ", %zu parameters; %zu rows to train on", result->n_params, result->train_rows);
	if (result->folds)
		text_addf(text, " in %zu folds", result->folds);
	else
		text_addf(text, ", %zu to validate on", result->valid_rows);
	if (result->test_rows)
		text_addf(text, ", %zu to test", result->test_rows);
	text_addf(text, "\nmemory    about ");
	add_bytes(text, result->table_bytes + result->feature_bytes + result->network_bytes);
	text_addf(text, ": tables ");
	add_bytes(text, result->table_bytes);
	text_addf(text, ", features ");
	add_bytes(text, result->feature_bytes);
	text_addf(text, ", a network in training ");
	add_bytes(text, result->network_bytes);
	text_add(text, "\n", 1);
}

static void write_fit_column(struct text *text, const struct check_fit_column *fit)
{
	char least[NUMBER_TEXT], greatest[NUMBER_TEXT];

	if (fit->missing) {
		text_addf(text, "missing   the column \"");
		text_add_visible(text, fit->name);
		text_addf(text, "\", which the model was trained on\n");
	}
	if (fit->n_outside > 0) {
		text_addf(text, "outside   ");
		text_add_visible(text, fit->name);
		text_addf(text, ": %zu of %zu values outside of the training rows' %s .. %s\n", fit->n_outside, fit->n_present,
			  number_text(least, fit->least), number_text(greatest, fit->greatest));
	}
	if (fit->n_unseen > 0) {
		text_addf(text, "unseen    ");
		text_add_visible(text, fit->name);
		text_addf(text, ": %zu of %zu values never seen in training, the first being \"%s\"\n", fit->n_unseen,
			  fit->n_present, fit->unseen);
	}
}

static void write_fit(struct text *text, const struct check_result *result)
{
	const struct cln_table *table = result->files[CHECK_DATA].table;

	for (size_t k = 0; k < result->n_fit; k++)
		write_fit_column(text, &result->fit[k]);
	for (size_t i = 0; i < result->n_extra && i < CLN_EXTRA_NAMED; i++) {
		text_addf(text, i ? ", \"" : "extra     the model does not know \"");
		text_add_visible(text, table->columns[result->extra[i]].name);
		text_add(text, "\"", 1);
	}
	if (result->n_extra > CLN_EXTRA_NAMED)
		text_addf(text, " and %zu more", result->n_extra - CLN_EXTRA_NAMED);
	if (result->n_extra > 0)
		text_add(text, "\n", 1);
	if (result->label_counts[0] + result->label_counts[1] > 0)
		text_addf(text, "label     is there: %zu negative, %zu positive, %zu missing or neither\n", result->label_counts[0],
			  result->label_counts[1], result->label_counts[2]);
}

/* ---------------------------------------------------------------- the whole */

static void write_file(struct text *text, const struct check_result *result, int f)
{
	const struct check_file *file = &result->files[f];

	write_problems(text, file);
	if (!file->table)
		return;
	text_addf(text, "%-9s ", check_file_words[f]);
	text_add_visible(text, file->table->source);
	text_addf(text, ": %zu rows, %zu columns", file->table->n_rows, file->table->n_columns);
	if (f == CHECK_DATA && result->n_rows < file->table->n_rows)
		text_addf(text, "; what follows is of the %zu rows without a problem", result->n_rows);
	text_add(text, "\n", 1);
}

static void write_verdict(struct text *text, const struct check_result *result, bool of_model)
{
	const char *who = of_model ? "predict" : "train";

	if (result->refused.code != CLN_OK) {
		text_addf(text, "%s", result->refused.message);
		text_add(text, "\n", 1);
	}
	if (check_status(result) == CLN_OK)
		text_addf(text, "result    %s takes these data\n", who);
	else
		text_addf(text, "result    %s would refuse these data\n", who);
}

void check_write(struct text *text, const struct check_result *result, bool of_model)
{
	for (int f = 0; f < CHECK_FILES; f++)
		if (result->files[f].name)
			write_file(text, result, f);
	if (result->n_columns > 0)
		write_columns(text, result);
	write_label(text, result);
	write_copies(text, result);
	write_suspects(text, result);
	write_training(text, result);
	if (of_model)
		write_fit(text, result);
	write_verdict(text, result, of_model);
}
