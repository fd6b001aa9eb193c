/* SPDX-License-Identifier: MIT
 * colonnade train: tables to a run directory. */
#include "api/rows.h"
#include "cli/commands.h"
#include "cli/run_directory.h"
#include "cli/run_record.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* A run under way; the observer's context. */
struct run {
	const struct options *options; /* in force: with --init the network is the file's */
	struct run_directory directory;
	struct cln_table *train, *valid, *test;
	struct cln_model *init, *model;
	struct progress progress;
	struct jsonl *metrics;
	struct cln_fit_summary summary;
	struct run_record record;
	struct options recorded; /* as the record has them: with what was chosen where they were silent */
	char *label, *positive;  /* owned: what was chosen */
	bool started;            /* files were written */
	struct cln_error failed; /* what the observer could not do; code CLN_OK: nothing */
	bool warned;             /* of metrics that could not be written */
};

/* ---------------------------------------------------------------- the observer */

static enum cln_status open_metrics(struct run *run, struct cln_error *err)
{
	char file[RUN_PATH];
	enum cln_status status = run_directory_set_aside(&run->directory, err);

	if (status == CLN_OK)
		status = run_directory_file(file, &run->directory, "metrics.jsonl", err);
	if (status == CLN_OK)
		status = jsonl_open(&run->metrics, file, err);
	return status;
}

/* The start's texts are lent for the call. */
static enum cln_status keep_choices(struct run *run, const struct cln_fit_start *start, struct cln_error *err)
{
	run->label = mem_copy(start->label, strlen(start->label), err);
	run->positive = mem_copy(start->positive, strlen(start->positive), err);
	run->recorded = *run->options;
	run->recorded.config.label = run->label;
	run->recorded.config.positive = run->positive;
	run->recorded.config.block_size = start->block_size;
	return run->label && run->positive ? CLN_OK : CLN_E_MEMORY;
}

static void on_start(void *context, const struct cln_fit_start *start)
{
	struct run *run = context;

	run->started = true;
	run->record.threads_allowed = start->threads_allowed;
	run->record.threads_rule = start->threads_rule;
	run->record.isa = start->isa;
	run->failed.code = keep_choices(run, start, &run->failed);
	if (run->failed.code == CLN_OK)
		run->failed.code = open_metrics(run, &run->failed);
	progress_start(&run->progress, start);
}

static void on_progress(void *context, size_t epoch, size_t rows_done, size_t rows)
{
	struct run *run = context;

	progress_batch(&run->progress, epoch, rows_done, rows);
}

static bool on_epoch(void *context, const struct cln_epoch *epoch)
{
	struct run *run = context;
	struct cln_error err;

	if (run->failed.code != CLN_OK)
		return true;
	progress_epoch(&run->progress, epoch);
	if (jsonl_epoch(run->metrics, epoch, &err) != CLN_OK && !run->warned) {
		progress_note(&run->progress, err.message);
		run->warned = true;
	}
	return false;
}

static void on_note(void *context, const char *sentence)
{
	struct run *run = context;

	progress_note(&run->progress, sentence);
}

/* ---------------------------------------------------------------- before and after */

/* With --init its categories rule, because its pipeline is kept. */
static enum cln_status read_train(struct run *run, struct cln_error *err)
{
	const struct options *options = run->options;
	struct cln_read_options read = options->read;

	if (run->init)
		return rows_read_for_model(&run->train, options->operands[0], &read, run->init, ROWS_WHOLE, err);
	read.label = options->config.label ? options->config.label : "";
	read.weight = options->config.weight;
	return cln_table_read(&run->train, options->operands[0], &read, err);
}

/* --init keeps the network and the pipeline of its file: they are in force, and an option that says otherwise is misuse. */
static enum cln_status load_init(struct run *run, struct options *options, struct cln_error *err)
{
	static const char *const names[] = {"hidden", "activation", "weight-init", "scale", "max-levels"};
	struct options asked = *options;
	char wanted[OPTION_VALUE], kept[OPTION_VALUE];
	enum cln_status status = cln_model_load(&run->init, options->init, err);

	if (status != CLN_OK)
		return status;
	config_keep_network(&options->config, run->init);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct option_spec *spec = options_find(options->command, names[i]);
		options_value(wanted, &asked, spec);
		options_value(kept, options, spec);
		if (options_given(options, names[i]) && strcmp(wanted, kept) != 0)
			return error_set(err, CLN_E_USAGE, "--%s %s: --init keeps what %s has (%s); leave one of the two out",
					 names[i], wanted, options->init, kept);
	}
	return CLN_OK;
}

static enum cln_status read_inputs(struct run *run, struct cln_error *err)
{
	const struct options *options = run->options;
	enum cln_status status = CLN_OK;

	if (status == CLN_OK)
		status = read_train(run, err);
	if (status == CLN_OK && options->valid)
		status = rows_read_like_table(&run->valid, options->valid, &options->read, run->train, err);
	if (status == CLN_OK && options->test)
		status = rows_read_like_table(&run->test, options->test, &options->read, run->train, err);
	return status;
}

static enum cln_status fit(struct run *run, struct cln_error *err)
{
	const struct cln_observer observer = {run, on_start, on_progress, on_epoch, on_note};
	enum cln_status status = cln_model_fit(&run->model, run->train, run->valid, run->test, run->init, &run->options->config,
					       &observer, &run->summary, err);

	progress_clear(&run->progress);
	if (run->failed.code != CLN_OK) {
		*err = run->failed;
		return err->code;
	}
	return status;
}

static enum cln_status write_record(struct run *run, struct cln_error *err)
{
	char file[RUN_PATH];
	enum cln_status status = run_directory_file(file, &run->directory, "run.json", err);

	run->record.options = &run->recorded;
	run->record.summary = &run->summary;
	run->record.train = run->train;
	run->record.valid = run->valid;
	run->record.test = run->test;
	if (status == CLN_OK && run->init)
		status = config_model_fingerprint(&run->record.init_fingerprint, run->init, err);
	return status == CLN_OK ? run_record_write(file, &run->record, err) : status;
}

static enum cln_status write_model(struct run *run, struct cln_error *err)
{
	char file[RUN_PATH];
	enum cln_status status = run_directory_file(file, &run->directory, "model.safetensors", err);

	return status == CLN_OK ? cln_model_save(run->model, file, err) : status;
}

/* The model last, because it marks a finished run; but it is written whatever became of the others, so that nothing is lost. */
static enum cln_status write_results(struct run *run, struct cln_error *err)
{
	struct cln_error errors[3] = {0};

	errors[0].code = jsonl_close(run->metrics, &errors[0]);
	run->metrics = NULL;
	errors[1].code = write_record(run, &errors[1]);
	errors[2].code = write_model(run, &errors[2]);
	for (size_t i = 0; i < 3; i++) {
		if (errors[i].code != CLN_OK) {
			*err = errors[i];
			return err->code;
		}
	}
	return CLN_OK;
}

static void print_next(const struct run *run)
{
	if (run->progress.mode != PROGRESS_NONE)
		fprintf(stderr, "model     %s/model.safetensors\nnext      colonnade predict %s NEW.csv > predictions.csv\n",
			run->options->out, run->options->out);
}

static enum cln_status train(struct run *run, struct options *in_force, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	if (run->options->init)
		status = load_init(run, in_force, err);
	if (status == CLN_OK)
		status = run_directory_open(&run->directory, run->options->out, run->options->force, err);
	if (status == CLN_OK)
		status = read_inputs(run, err);
	if (status == CLN_OK)
		status = fit(run, err);
	if (status != CLN_OK)
		return status;
	progress_end(&run->progress, &run->summary);
	status = write_results(run, err);
	if (status == CLN_OK && run->options->force && run->directory.has_previous)
		status = run_directory_drop_previous(&run->directory, err);
	if (status == CLN_OK && run->options->json)
		status = run_record_print(&run->record, err);
	if (status == CLN_OK)
		print_next(run);
	return status;
}

int cmd_train(const struct options *options)
{
	struct options in_force = *options;
	struct run run = {.options = &in_force, .directory.lock = -1};
	struct cln_error err = {0};

	/* Whoever read the progress may go away; the run goes on, and writes to nobody are nothing. */
	signal(SIGPIPE, SIG_IGN);
	progress_open(&run.progress, stderr, (enum progress_mode)options->progress, &in_force.config);
	enum cln_status status = train(&run, &in_force, &err);
	int code = status == CLN_OK ? 0 : exit_with_error(&err);
	if (run.directory.has_previous)
		fprintf(stderr, "note: what was in %s before is in %s/" RUN_PREVIOUS "\n", options->out, options->out);
	/* After a failure the lines so far still tell about it. */
	if (jsonl_close(run.metrics, &err) != CLN_OK)
		exit_with_error(&err);
	run_directory_close(&run.directory, run.started);
	mem_free(run.label);
	mem_free(run.positive);
	cln_model_destroy(run.model);
	cln_model_destroy(run.init);
	cln_table_destroy(run.test);
	cln_table_destroy(run.valid);
	cln_table_destroy(run.train);
	return code;
}
