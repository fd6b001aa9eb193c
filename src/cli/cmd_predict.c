/* SPDX-License-Identifier: MIT
 * colonnade predict: probabilities for new rows, as CSV.  Rows are read, predicted and written some megabytes at a time, so that
 * their number is not limited by memory. */
#include "cli/commands.h"

#include "api/novelty.h"
#include "api/rows.h"
#include "cli/row_report.h"
#include "cli/unfinished.h"
#include "report/output.h"

#include <stdio.h>
#include <string.h>

/* A prediction under way. */
struct prediction {
	const struct options *options;
	struct cln_model *model;
	struct rows_reader reader;
	struct output output;
	bool opened;
	struct cln_row_report report;
	struct novel *novelty;
	struct text unused; /* names of columns */
};

/* The first line, once the first rows could be predicted. */
static enum cln_status open_output(struct prediction *prediction, const struct rows_kept *kept, struct cln_error *err)
{
	const struct io_place out = {prediction->options->out, unfinished_file};
	struct text text = {0};
	enum cln_status status;

	if (prediction->opened)
		return CLN_OK;
	rows_add_names(&text, kept);
	text_addf(&text, "probability,prediction\n");
	status = text_check(&text, err);
	if (status == CLN_OK)
		status = output_open(&prediction->output, &out, err);
	prediction->opened = status == CLN_OK;
	if (status == CLN_OK)
		status = output_write(&prediction->output, text.bytes, text.length, err);
	text_free(&text);
	return status;
}

static enum cln_status write_rows(struct prediction *prediction, const struct rows_predicted *rows, struct cln_error *err)
{
	struct rows_texts lines = {0};
	enum cln_status status = open_output(prediction, rows->kept, err);

	if (status == CLN_OK)
		status = rows_format(&lines, rows, prediction->options->config.threads, err);
	for (size_t i = 0; i < lines.n && status == CLN_OK; i++)
		status = output_write(&prediction->output, lines.texts[i].bytes, lines.texts[i].length, err);
	rows_texts_free(&lines);
	return status;
}

static void add_report(struct prediction *prediction, const struct cln_row_report *part, const struct cln_table *table)
{
	struct cln_row_report *sum = &prediction->report;

	sum->rows += part->rows;
	sum->missing_cells += part->missing_cells;
	sum->unseen_cells += part->unseen_cells;
	if (part->extra_columns > sum->extra_columns) { /* rows of LibSVM text may have any */
		sum->extra_columns = part->extra_columns;
		row_report_names(&prediction->unused, part, table);
	}
}

static enum cln_status predict_table(struct prediction *prediction, const struct cln_table *table, struct cln_error *err)
{
	const struct options *options = prediction->options;
	size_t n_rows = cln_table_rows(table);
	struct rows_kept kept = {0};
	struct cln_row_report report = {0};
	float *probabilities = mem_alloc(n_rows, sizeof *probabilities, err);
	const struct rows_predicted rows = {prediction->model, &kept, probabilities, n_rows};
	enum cln_status status = probabilities ? CLN_OK : CLN_E_MEMORY;

	if (status == CLN_OK && options->keep)
		status = rows_keep(&kept, table, options->keep, err);
	if (status == CLN_OK)
		status = cln_model_predict(prediction->model, table, options->config.threads, probabilities, &report, err);
	if (status == CLN_OK)
		status = novelty_add(prediction->novelty, table, &report, err);
	if (status == CLN_OK)
		status = write_rows(prediction, &rows, err);
	add_report(prediction, &report, table);
	rows_kept_free(&kept);
	mem_free(probabilities);
	return status;
}

static enum cln_status predict_all(struct prediction *prediction, struct cln_error *err)
{
	struct cln_table *table = NULL;
	enum cln_status status;

	do {
		cln_table_destroy(table);
		status = parts_next(&table, prediction->reader.parts, err);
		if (status == CLN_OK && table)
			status = predict_table(prediction, table, err);
		if (status == CLN_E_DATA && table)
			parts_tell_end(prediction->reader.parts, err);
	} while (status == CLN_OK && table);
	cln_table_destroy(table);
	return status;
}

static enum cln_status open_rows(struct prediction *prediction, struct cln_error *err)
{
	const struct options *options = prediction->options;
	struct cln_read_options read = options->read;

	read.keep = options->keep;
	return rows_open_for_model(&prediction->reader, options->operands[1], &read, prediction->model, err);
}

int cmd_predict(const struct options *options)
{
	struct prediction prediction = {.options = options};
	struct cln_error err = {0}, closing = {0};
	enum cln_status status = cln_model_load(&prediction.model, options->operands[0], &err);

	unfinished_begin();
	if (status == CLN_OK)
		config_use_isa(prediction.model, options->config.isa);
	if (status == CLN_OK)
		status = novelty_create(&prediction.novelty, prediction.model, &err);
	if (status == CLN_OK)
		status = open_rows(&prediction, &err);
	if (status == CLN_OK)
		status = predict_all(&prediction, &err);
	if (prediction.opened && output_close(&prediction.output, status == CLN_OK, &closing) != CLN_OK && status == CLN_OK) {
		err = closing;
		status = err.code;
	}
	if (status == CLN_OK) {
		row_report_print(&prediction.report, &prediction.unused);
		row_report_novelty(prediction.novelty);
	}
	novelty_destroy(prediction.novelty);
	text_free(&prediction.unused);
	rows_close(&prediction.reader);
	cln_model_destroy(prediction.model);
	return status == CLN_OK ? 0 : exit_with_error(&err);
}
