/* SPDX-License-Identifier: MIT
 * colonnade evaluate: metrics of a model on labelled rows. */
#include "cli/commands.h"

#include "api/rows.h"
#include "cli/row_report.h"

#include <stdio.h>

static enum cln_status print_json(const struct cln_metrics *metrics, struct cln_error *err)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text};
	enum cln_status status;

	json_begin_object(&writer, NULL);
	jsonl_metrics(&writer, NULL, metrics);
	json_end_object(&writer);
	status = text_check(&text, err);
	if (status == CLN_OK)
		puts(text.bytes);
	text_free(&text);
	return status;
}

static void print_table(const struct cln_metrics *metrics)
{
	printf("rows      %zu\nlog loss  %.5f\nAUC       %.5f\naccuracy  %.5f\n", metrics->rows, metrics->log_loss, metrics->auc,
	       metrics->accuracy);
}

int cmd_evaluate(const struct options *options)
{
	struct cln_model *model = NULL;
	struct cln_table *table = NULL;
	struct cln_metrics metrics;
	struct cln_row_report report;
	struct cln_error err = {0};
	enum cln_status status = cln_model_load(&model, options->operands[0], &err);

	if (status == CLN_OK)
		config_use_isa(model, options->config.isa);
	if (status == CLN_OK)
		status = rows_read_for_model(&table, options->operands[1], &options->read, model, ROWS_LABELLED, &err);
	if (status == CLN_OK)
		status = cln_model_evaluate(model, table, options->config.threads, &metrics, &report, &err);
	if (status == CLN_OK)
		row_report_print(&report);
	if (status == CLN_OK && options->json)
		status = print_json(&metrics, &err);
	else if (status == CLN_OK)
		print_table(&metrics);
	cln_table_destroy(table);
	cln_model_destroy(model);
	return status == CLN_OK ? 0 : exit_with_error(&err);
}
