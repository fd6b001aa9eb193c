/* SPDX-License-Identifier: MIT
 * colonnade evaluate: measures of a model on labelled rows, alone or beside another, and a threshold chosen by them. */
#include "cli/commands.h"

#include "api/evaluate.h"
#include "api/novelty.h"
#include "api/rows.h"
#include "cli/row_report.h"
#include "cli/unfinished.h"
#include "report/evaluation.h"
#include "report/output.h"

#include <stdio.h>

/* An evaluation under way. */
struct judgement {
	const struct options *options;
	struct cln_model *model, *second; /* second: NULL where there is no --compare */
	struct cln_table *table;
	bool sets_threshold;
	struct evaluate_result result;
};

static enum cln_status load_models(struct judgement *judgement, struct cln_error *err)
{
	const struct options *options = judgement->options;
	enum cln_status status = judgement->sets_threshold ? evaluate_check_storable(options->operands[0], err) : CLN_OK;

	if (status == CLN_OK)
		status = cln_model_load(&judgement->model, options->operands[0], err);
	if (status == CLN_OK && options->compare)
		status = cln_model_load(&judgement->second, options->compare, err);
	if (status == CLN_OK)
		config_use_isa(judgement->model, options->config.isa);
	if (status == CLN_OK && judgement->second)
		config_use_isa(judgement->second, options->config.isa);
	return status;
}

static enum cln_status judge(struct judgement *judgement, struct cln_error *err)
{
	const struct options *options = judgement->options;
	const struct evaluate_task task = {
	    .model = judgement->model,
	    .second = judgement->second,
	    .table = judgement->table,
	    .choice = judgement->sets_threshold ? &options->config : NULL,
	    .judging = {.replicates = options->bootstrap, .seed = options->config.seed, .threads = options->config.threads}};

	return evaluate_models(&judgement->result, &task, err);
}

static enum cln_status tell_rows(const struct judgement *judgement, struct cln_error *err)
{
	struct novel *novelty;
	struct text unused = {0};
	enum cln_status status = novelty_create(&novelty, judgement->model, err);

	if (status == CLN_OK)
		status = novelty_add(novelty, judgement->table, &judgement->result.report, err);
	if (status != CLN_OK)
		goto done;
	row_report_names(&unused, &judgement->result.report, judgement->table);
	row_report_print(&judgement->result.report, &unused);
	row_report_weight(judgement->table, judgement->model);
	row_report_novelty(novelty);
done:
	text_free(&unused);
	novelty_destroy(novelty);
	return status;
}

static void tell_threshold(const struct judgement *judgement)
{
	const struct threshold_choice *choice = &judgement->result.choice;

	fprintf(stderr, "%sthreshold %.6g, which was %.6g, is stored in %s\n",
		judgement->options->config.threshold_rule == CLN_THRESHOLD_RECALL && !choice->met
		    ? "note: no threshold has the precision asked for; this one has the greatest\n"
		    : "",
		choice->threshold, cln_model_threshold(judgement->model), judgement->options->operands[0]);
}

static enum cln_status store_threshold(const struct judgement *judgement, struct cln_error *err)
{
	enum cln_status status;

	unfinished_begin();
	status = evaluate_store_threshold(judgement->options->operands[0], judgement->model, judgement->result.choice.threshold,
					  unfinished_file, err);
	if (status == CLN_OK)
		tell_threshold(judgement);
	return status;
}

static enum cln_status print_json(const struct judgement *judgement, const struct evaluation_names *names, struct cln_error *err)
{
	const struct cln_comparison *comparison = &judgement->result.comparison;
	struct text text = {0};
	struct json_writer writer = {.out = &text};

	json_begin_object(&writer, NULL);
	evaluation_write(&writer, &comparison->first);
	json_string(&writer, "positive", names->positive);
	if (judgement->second)
		evaluation_write_comparison(&writer, comparison, names);
	json_end_object(&writer);
	text_add(&text, "\n", 1);
	return output_print(&text, err);
}

static enum cln_status print(const struct judgement *judgement, struct cln_error *err)
{
	const struct evaluation_names names = {.first = judgement->options->operands[0],
					       .second = judgement->options->compare,
					       .positive = cln_model_label_value(judgement->model, 1)};

	if (judgement->options->json)
		return print_json(judgement, &names, err);
	if (judgement->second)
		evaluation_print_comparison(stdout, &judgement->result.comparison, &names);
	else
		evaluation_print(stdout, &judgement->result.comparison.first, &names);
	return CLN_OK;
}

int cmd_evaluate(const struct options *options)
{
	struct judgement judgement = {.options = options, .sets_threshold = options_given(options, "set-threshold")};
	struct cln_error err = {0};
	enum cln_status status = load_models(&judgement, &err);

	if (status == CLN_OK)
		status = rows_read_for_models(&judgement.table, options->operands[1], &options->read, judgement.model,
					      judgement.second, &err);
	if (status == CLN_OK)
		status = judge(&judgement, &err);
	if (status == CLN_OK)
		status = tell_rows(&judgement, &err);
	if (status == CLN_OK && judgement.sets_threshold)
		status = store_threshold(&judgement, &err);
	if (status == CLN_OK)
		status = print(&judgement, &err);
	cln_table_destroy(judgement.table);
	cln_model_destroy(judgement.second);
	cln_model_destroy(judgement.model);
	return status == CLN_OK ? 0 : exit_with_error(&err);
}
