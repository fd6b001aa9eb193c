/* SPDX-License-Identifier: MIT
 * colonnade predict: probabilities for new rows, as CSV. */
#include "cli/commands.h"

#include "api/rows.h"
#include "cli/row_report.h"
#include "report/output.h"

#include <stdio.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)1 << 16)

static void add_row(struct text *text, const struct cln_model *model, double threshold, float probability)
{
	char number[NUMBER_TEXT];

	text_add(text, number, number_from_float(number, probability));
	text_add(text, ",", 1);
	rows_add_cell(text, cln_model_label_value(model, probability >= threshold));
	text_add(text, "\n", 1);
}

static enum cln_status write_chunk(struct output *output, struct text *text, struct cln_error *err)
{
	enum cln_status status;

	if (text->failed)
		return error_set(err, CLN_E_MEMORY, "no memory for the predictions' text");
	status = output_write(output, text->bytes, text->length, err);
	text->length = 0;
	return status;
}

static enum cln_status write_rows(struct output *output, const struct cln_model *model, const struct rows_kept *kept,
				  const float *probabilities, size_t n_rows, struct cln_error *err)
{
	struct text text = {0};
	double threshold = cln_model_threshold(model);
	enum cln_status status = CLN_OK;

	rows_add_names(&text, kept);
	text_addf(&text, "probability,prediction\n");
	for (size_t i = 0; i < n_rows && status == CLN_OK; i++) {
		rows_add_cells(&text, kept, i);
		add_row(&text, model, threshold, probabilities[i]);
		if (text.length >= CHUNK_BYTES || text.failed)
			status = write_chunk(output, &text, err);
	}
	if (status == CLN_OK)
		status = write_chunk(output, &text, err);
	text_free(&text);
	return status;
}

static enum cln_status write_predictions(const struct options *options, const struct cln_model *model, const struct rows_kept *kept,
					 const float *probabilities, size_t n_rows, struct cln_error *err)
{
	struct output output;
	struct cln_error closing;
	enum cln_status status = output_open(&output, options->out, err);

	if (status != CLN_OK)
		return status;
	status = write_rows(&output, model, kept, probabilities, n_rows, err);
	if (output_close(&output, status == CLN_OK, &closing) != CLN_OK && status == CLN_OK) {
		*err = closing;
		status = err->code;
	}
	return status;
}

static enum cln_status predict(const struct options *options, const struct cln_model *model, struct cln_table *table,
			       struct cln_error *err)
{
	size_t n_rows = cln_table_rows(table);
	struct rows_kept kept = {0};
	struct cln_row_report report;
	float *probabilities = mem_alloc(n_rows, sizeof *probabilities, err);
	enum cln_status status = probabilities ? CLN_OK : CLN_E_MEMORY;

	if (status == CLN_OK && options->keep)
		status = rows_keep(&kept, table, options->keep, err);
	if (status == CLN_OK)
		status = cln_model_predict(model, table, options->config.threads, probabilities, &report, err);
	if (status == CLN_OK)
		status = write_predictions(options, model, &kept, probabilities, n_rows, err);
	if (status == CLN_OK)
		row_report_print(&report);
	rows_kept_free(&kept);
	mem_free(probabilities);
	return status;
}

static enum cln_status read_rows(struct cln_table **table, const struct options *options, const struct cln_model *model,
				 struct cln_error *err)
{
	struct cln_read_options read = options->read;

	read.keep = options->keep;
	return rows_read_for_model(table, options->operands[1], &read, model, ROWS_FEATURES, err);
}

int cmd_predict(const struct options *options)
{
	struct cln_model *model = NULL;
	struct cln_table *table = NULL;
	struct cln_error err = {0};
	enum cln_status status = cln_model_load(&model, options->operands[0], &err);

	if (status == CLN_OK)
		config_use_isa(model, options->config.isa);
	if (status == CLN_OK)
		status = read_rows(&table, options, model, &err);
	if (status == CLN_OK)
		status = predict(options, model, table, &err);
	cln_table_destroy(table);
	cln_model_destroy(model);
	return status == CLN_OK ? 0 : exit_with_error(&err);
}
