/* SPDX-License-Identifier: MIT
 * colonnade train: tables to a run directory. */
#include "api/identity.h"
#include "cli/commands.h"
#include "cli/init_model.h"
#include "cli/inputs.h"
#include "cli/interrupt.h"
#include "cli/run_command.h"
#include "cli/run_directory.h"
#include "cli/run_record.h"
#include "cli/run_report.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* A run under way; the observer's context. */
struct run {
	const struct options *options; /* in force: with --init the network is the file's */
	struct run_directory directory;
	struct cln_table *train, *valid, *test;
	struct cln_model *init, *model;
	struct cln_checkpoint *checkpoint; /* to go on from, or NULL */
	char lock_file[RUN_PATH];
	char *finished;                    /* the text of run.json where --resume finds the run finished, or NULL */
	struct progress progress;
	struct jsonl *metrics;
	struct cln_fit_summary summary;
	struct run_record record;
	struct options recorded; /* as the record has them: with what was chosen where they were silent */
	char *label, *positive, *negative; /* owned: what was chosen */
	size_t layers[CLN_MAX_HIDDEN + 2]; /* n[0..L] */
	struct run_review review;          /* for the report */
	struct cln_error unreported;       /* why there is none; code CLN_OK: there is, or none is asked for */
	struct cln_error unjudged;         /* rows for which the model has no logit; code CLN_OK: there are none */
	struct run_past past;    /* of what is gone on with */
	struct text changed;     /* all that --allow-change said, before and now */
	bool started;            /* files were written */
	bool replaces;           /* begun with --force, now or before it was interrupted */
	struct cln_error failed; /* what the observer could not do; code CLN_OK: nothing */
	struct cln_position reached; /* when the last checkpoint was due */
	struct cln_error unsaved; /* why the last checkpoint could not be written; code CLN_OK: it was */
	bool warned;             /* of metrics that could not be written */
};

/* ---------------------------------------------------------------- the observer */

/* Lines of epochs that are done stay, those after the checkpoint are cut off. */
static enum cln_status open_metrics(struct run *run, struct cln_error *err)
{
	char file[RUN_PATH], sentence[RUN_PATH + 128];
	struct cln_position position = {0};
	enum cln_status status = CLN_OK;

	if (run->checkpoint)
		cln_checkpoint_position(run->checkpoint, &position);
	else
		status = run_directory_set_aside(&run->directory, err);
	const size_t epochs = position.all_epochs;
	size_t lines = epochs;
	if (status == CLN_OK)
		status = run_directory_file(file, &run->directory, "metrics.jsonl", err);
	if (status == CLN_OK)
		status = jsonl_open(&run->metrics, file, &lines, err);
	if (status == CLN_OK && lines < epochs) {
		snprintf(sentence, sizeof sentence, "%s has lost lines: it has %zu of %zu epochs", file, lines, epochs);
		progress_note(&run->progress, sentence);
	}
	return status;
}

/* What the start tells of texts and layers is lent for the call. */
static enum cln_status keep_start(struct run *run, const struct cln_fit_start *start, struct cln_error *err)
{
	struct run_record *record = &run->record;

	run->label = mem_copy(start->label, strlen(start->label), err);
	run->positive = mem_copy(start->positive, strlen(start->positive), err);
	run->negative = mem_copy(start->negative, strlen(start->negative), err);
	memcpy(run->layers, start->n, (start->n_layers + 1) * sizeof *run->layers);
	run->recorded = *run->options;
	run->recorded.config.label = run->label;
	run->recorded.config.positive = run->positive;
	run->recorded.config.block_size = start->block_size;
	record->start = *start;
	record->start.label = run->label;
	record->start.positive = run->positive;
	record->start.negative = run->negative;
	record->start.n = run->layers;
	record->review = run->options->report ? &run->review : NULL;
	return run->label && run->positive && run->negative ? CLN_OK : CLN_E_MEMORY;
}

static enum cln_status fill_record(struct run *run, struct cln_error *err)
{
	run->record.options = &run->recorded;
	run->record.summary = &run->summary;
	run->record.train = run->train;
	run->record.valid = run->valid;
	run->record.test = run->test;
	return run->init ? config_model_fingerprint(&run->record.init_fingerprint, run->init, err) : CLN_OK;
}

/* A run that went on with changes stays one, whoever goes on with it: its record has all names, each once. */
static enum cln_status keep_changes(struct run *run, struct cln_error *err)
{
	const char *before = run->past.changed, *names = run->options->allow_change;
	char name[64]; /* as long as any that can be allowed */

	if (before)
		text_addf(&run->changed, "%s", before);
	while (names && *names) {
		const size_t length = strcspn(names, ",");
		snprintf(name, sizeof name, "%.*s", (int)length, names);
		if (!identity_is_allowed(run->changed.bytes, name))
			text_addf(&run->changed, "%s%s", run->changed.length > 0 ? "," : "", name);
		names += length + (names[length] == ',');
	}
	run->recorded.allow_change = run->changed.bytes;
	return text_check(&run->changed, err);
}

/* What is there must be a run of the same options, and a finished one of the same data; the library compares a checkpoint's. */
static enum cln_status compare_runs(struct run *run, struct cln_error *err)
{
	char name[RUN_PATH];
	const char *file = run->finished ? "run.json" : RUN_CHECKPOINT;
	enum cln_status status = run_directory_file(name, &run->directory, file, err);

	if (status == CLN_OK)
		status = run_record_compare(run->finished ? run->finished : cln_checkpoint_note(run->checkpoint), name,
					    &run->recorded, run->finished != NULL, run->finished ? &run->record : NULL, &run->past,
					    err);
	run->replaces = run->past.forced;
	run->recorded.force = run->replaces;
	return status == CLN_OK ? keep_changes(run, err) : status;
}

static enum cln_status begin(struct run *run, const struct cln_fit_start *start, struct cln_error *err)
{
	enum cln_status status = keep_start(run, start, err);

	if (status == CLN_OK)
		status = fill_record(run, err);
	if (status == CLN_OK && (run->checkpoint || run->finished))
		return compare_runs(run, err);
	run->recorded.allow_change = NULL; /* a run that begins is changed in nothing */
	return status;
}

static bool on_start(void *context, const struct cln_fit_start *start)
{
	struct run *run = context;

	run->failed.code = begin(run, start, &run->failed);
	if (run->failed.code != CLN_OK || run->finished)
		return true;
	progress_start(&run->progress, start);
	return false;
}

#define PLACE_TEXT 160

/* "in epoch 3 of member 2 of 5, after step 7, with 1 more member under way", without members where there is a single network. */
static void place_text(char text[PLACE_TEXT], const struct run *run, const struct cln_position *position)
{
	const size_t others = position->under_way - 1;
	char of_member[64] = "", with_others[64] = "";

	if (run->record.start.members > 1)
		snprintf(of_member, sizeof of_member, " of member %zu of %zu", position->member + 1, run->record.start.members);
	if (others > 0)
		snprintf(with_others, sizeof with_others, ", with %zu more member%s under way", others, others == 1 ? "" : "s");
	snprintf(text, PLACE_TEXT, "in epoch %zu%s, after step %zu%s", position->epochs + 1, of_member, position->steps,
		 with_others);
}

static void tell_resume(struct run *run)
{
	char sentence[PLACE_TEXT + 16], place[PLACE_TEXT];
	struct cln_position position;

	cln_checkpoint_position(run->checkpoint, &position);
	place_text(place, run, &position);
	snprintf(sentence, sizeof sentence, "goes on %s", place);
	progress_note(&run->progress, sentence);
}

/* The library has found that the checkpoint is one of this training: from here on files are written. */
static bool on_ready(void *context)
{
	struct run *run = context;

	interrupt_train(run->checkpoint != NULL);
	run->started = true;
	run->failed.code = open_metrics(run, &run->failed);
	if (run->checkpoint && run->failed.code == CLN_OK)
		tell_resume(run);
	return run->failed.code != CLN_OK;
}

static void on_member(void *context, size_t member, size_t members)
{
	struct run *run = context;

	progress_member(&run->progress, member, members);
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

static void on_column(void *context, const struct cln_column_summary *column)
{
	struct run *run = context;

	run_review_column(&run->review, column);
}

static void on_scored(void *context, enum cln_rows rows, const struct cln_scores *scores, const struct cln_labels *labels)
{
	struct run *run = context;

	run_review_scored(&run->review, rows, scores, labels, &run->options->config);
}

static void on_importance(void *context, enum cln_rows rows, const struct cln_importance *importance)
{
	struct run *run = context;

	run_review_importance(&run->review, rows, importance);
}

static void on_note(void *context, const char *sentence)
{
	struct run *run = context;

	progress_note(&run->progress, sentence);
}

/* The lines of metrics.jsonl first, so that no checkpoint knows of an epoch that they do not. */
static enum cln_status save(struct run *run, const struct cln_checkpoint *checkpoint, struct cln_error *err)
{
	char file[RUN_PATH];
	struct text note = {0};
	enum cln_status status = jsonl_sync(run->metrics, err);

	if (status == CLN_OK)
		status = run_record_options(&note, &run->recorded, err);
	if (status == CLN_OK)
		status = run_directory_file(file, &run->directory, RUN_CHECKPOINT, err);
	if (status == CLN_OK)
		status = cln_checkpoint_save(checkpoint, note.bytes, file, err);
	text_free(&note);
	return status;
}

/* One that cannot be written is told, and tried again when the next one is due. */
static void on_checkpoint(void *context, const struct cln_checkpoint *checkpoint)
{
	struct run *run = context;
	char sentence[CLN_ERROR_TEXT + 64];

	cln_checkpoint_position(checkpoint, &run->reached);
	run->unsaved.code = save(run, checkpoint, &run->unsaved);
	interrupt_saved(run->unsaved.code == CLN_OK);
	if (run->unsaved.code == CLN_OK)
		return;
	snprintf(sentence, sizeof sentence, "no checkpoint could be written: %s", run->unsaved.message);
	progress_note(&run->progress, sentence);
}

/* ---------------------------------------------------------------- before and after */

static enum cln_status fit(struct run *run, struct cln_error *err)
{
	const bool report = run->options->report;
	const struct cln_observer observer = {.context = run,
					      .dry = run->finished != NULL, /* it is only compared */
					      .column = report ? on_column : NULL,
					      .scored = report ? on_scored : NULL,
					      .importance = report ? on_importance : NULL,
					      .start = on_start,
					      .ready = on_ready,
					      .member = on_member,
					      .progress = on_progress,
					      .epoch = on_epoch,
					      .note = on_note,
					      .ask = interrupt_ask,
					      .checkpoint = on_checkpoint};
	enum cln_status status = cln_model_resume(&run->model, run->checkpoint, run->train, run->valid, run->test, run->init,
						  &run->options->config, &observer, &run->summary, err);

	interrupt_finish();
	progress_clear(&run->progress);
	if (run->failed.code != CLN_OK) {
		*err = run->failed;
		return err->code;
	}
	if (status != CLN_OK && status != CLN_STOPPED && run->model) {
		run->unjudged = *err;
		return CLN_OK;
	}
	return status;
}

/* The training was interrupted: it can be gone on from where its state was written. */
static enum cln_status tell_stop(const struct run *run, struct cln_error *err)
{
	char place[PLACE_TEXT];

	if (!run->started)
		return error_set(err, CLN_STOPPED, "stopped by %s before the first step: nothing was done, and nothing is lost%s",
				 interrupt_reason(), interrupt_signalled() ? "" : "; to get beyond it a start needs more time");
	place_text(place, run, &run->reached);
	if (run->unsaved.code != CLN_OK)
		return error_set(err, run->unsaved.code, "stopped by %s, and the checkpoint could not be written: %s",
				 interrupt_reason(), run->unsaved.message);
	return error_set(err, CLN_STOPPED,
			 "stopped by %s %s; %s/" RUN_CHECKPOINT " is written: %s goes on", interrupt_reason(), place,
			 run->options->out, interrupt_resume());
}

static enum cln_status write_record(struct run *run, struct cln_error *err)
{
	char file[RUN_PATH];
	enum cln_status status = run_directory_file(file, &run->directory, "run.json", err);

	return status == CLN_OK ? run_record_write(file, &run->record, err) : status;
}

static enum cln_status write_model(struct run *run, struct cln_error *err)
{
	char file[RUN_PATH];
	enum cln_status status = run_directory_file(file, &run->directory, "model.safetensors", err);

	return status == CLN_OK ? cln_model_save(run->model, file, err) : status;
}

/* From the record and the metrics, which are in place.  The run is one whether there is a report of it or not. */
static enum cln_status write_report(struct run *run, struct cln_error *err)
{
	char file[RUN_PATH];
	enum cln_status status = run_directory_file(file, &run->directory, RUN_REPORT, err);

	if (run->review.failed.code != CLN_OK) {
		*err = run->review.failed;
		return err->code;
	}
	return status == CLN_OK ? run_report_write(&(struct io_place){file, NULL}, run->options->out, err) : status;
}

/* Who waits for a report is told. */
static enum cln_status tell_unreported(const struct run *run, struct cln_error *err)
{
	return error_set(err, run->unreported.code,
			 "the run is finished, and its model is written; but there is no whole report of it: %s; colonnade report "
			 "%s makes it again", run->unreported.message, run->options->out);
}

/* Rows that have no logit are found when all is done, and there is a model to keep. */
static enum cln_status tell_unjudged(const struct run *run, struct cln_error *err)
{
	*err = run->unjudged;
	error_append(err,
		     "the run is finished, and its model is written; but there are no measures of the rows that these are among");
	return err->code;
}

/* The model last, because with a record it marks a finished run.  It is written whatever became of the others, so that nothing is
 * lost; the record only where the metrics are complete, so that a checkpoint that is still there, or else the same training again,
 * makes good what is missing. */
static enum cln_status write_results(struct run *run, struct cln_error *err)
{
	struct cln_error errors[3] = {0};

	errors[0].code = jsonl_close(run->metrics, &errors[0]);
	run->metrics = NULL;
	if (errors[0].code == CLN_OK)
		errors[1].code = write_record(run, &errors[1]);
	if (errors[0].code == CLN_OK && errors[1].code == CLN_OK && run->options->report)
		run->unreported.code = write_report(run, &run->unreported);
	errors[2].code = write_model(run, &errors[2]);
	err->message[0] = '\0';
	for (size_t i = 3; i-- > 0;) {
		if (errors[i].code != CLN_OK) {
			err->code = errors[i].code;
			error_append(err, "%s", errors[i].message);
		}
	}
	if (err->message[0])
		return err->code;
	interrupt_complete();
	return run_directory_drop_checkpoint(&run->directory, err);
}

static void print_next(const struct run *run)
{
	const struct options *options = run->options;
	struct text next = {0};

	if (run->progress.mode == PROGRESS_NONE)
		return;
	fprintf(stderr, "model     %s/model.safetensors\n", options->out);
	if (options->report && run->unreported.code == CLN_OK)
		fprintf(stderr, "report    %s/%s\n", options->out, RUN_REPORT);
	run_command_next(&next, options);
	if (!next.failed)
		fprintf(stderr, "next      %s\n", next.bytes);
	text_free(&next);
}

/* What is there already: a checkpoint to go on from, or the record of a finished run. */
static enum cln_status open_run(struct run *run, struct cln_error *err)
{
	const struct options *options = run->options;
	char file[RUN_PATH];
	size_t length;
	const enum run_start start = (enum run_start)options->resume;
	enum cln_status status = run_directory_open(&run->directory, options->out, options->force, start, err);

	if (status == CLN_OK)
		status = run_directory_file(run->lock_file, &run->directory, ".lock", err);
	if (status == CLN_OK && run->directory.made)
		interrupt_clean(run->lock_file, options->out);
	if (status == CLN_OK)
		status = run_directory_file(file, &run->directory, run->directory.finished ? "run.json" : RUN_CHECKPOINT, err);
	if (status == CLN_OK && run->directory.finished)
		status = io_read_file(&run->finished, &length, file, RUN_RECORD_LIMIT, err);
	else if (status == CLN_OK && run->directory.unfinished)
		status = cln_checkpoint_load(&run->checkpoint, file, err);
	if (status == CLN_OK && run->checkpoint)
		status = cln_checkpoint_allow(run->checkpoint, options->allow_change, err);
	return status;
}

static enum cln_status finish(struct run *run, struct cln_error *err)
{
	enum cln_status status;

	progress_end(&run->progress, &run->summary);
	status = write_results(run, err);
	if (status == CLN_OK && run->directory.has_previous &&
	    (run->replaces || run_directory_repeats_previous(&run->directory)))
		status = run_directory_drop_previous(&run->directory, err);
	if (status == CLN_OK && run->options->json)
		status = run_record_print(&run->record, err);
	if (status == CLN_OK)
		print_next(run);
	if (status == CLN_OK && run->unjudged.code != CLN_OK)
		return tell_unjudged(run, err);
	return status == CLN_OK && run->unreported.code != CLN_OK ? tell_unreported(run, err) : status;
}

/* Nothing is left to do but what a process that was killed at its very end may not have done. */
static enum cln_status find_finished(struct run *run, struct cln_error *err)
{
	const char *out = run->options->out;
	enum cln_status status = cln_model_load(&run->model, out, err); /* which a disk may have damaged since */

	if (status == CLN_OK)
		fprintf(stderr, "%s is finished: %s/model.safetensors\n", out, out);
	if (status == CLN_OK && run->options->json)
		status = run_record_print_again(run->finished, out, err);
	return status == CLN_OK ? run_directory_drop_checkpoint(&run->directory, err) : status;
}

static enum cln_status train(struct run *run, struct options *in_force, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	if (run->options->init)
		status = init_model_load(&run->init, in_force, err);
	if (status == CLN_OK)
		status = open_run(run, err);
	if (status == CLN_OK)
		status = inputs_read(&run->train, &run->valid, &run->test, run->options, run->init, err);
	if (status == CLN_OK)
		status = fit(run, err);
	if (status == CLN_STOPPED && run->finished)
		return find_finished(run, err);
	if (status == CLN_STOPPED)
		return tell_stop(run, err);
	return status == CLN_OK ? finish(run, err) : status;
}

int cmd_train(const struct options *options)
{
	const struct interrupt_settings settings = {
	    options->checkpoint_every, options->time_limit, (int)options->requeue_exit, "--resume"};
	struct options in_force = *options;
	struct run run = {.options = &in_force, .directory.lock = -1, .replaces = options->force};
	struct cln_error err = {0};

	/* Whoever read the progress may go away; the run goes on, and writes to nobody are nothing. */
	signal(SIGPIPE, SIG_IGN);
	interrupt_begin(&settings);
	progress_open(&run.progress, stderr, (enum progress_mode)options->progress, &in_force.config);
	enum cln_status status = train(&run, &in_force, &err);
	int code = status == CLN_OK ? 0 : exit_with_error(&err);
	if (status == CLN_STOPPED)
		code = (int)options->requeue_exit;
	if (run.directory.has_previous)
		fprintf(stderr, "note: what was in %s before is in %s/" RUN_PREVIOUS "\n", options->out, options->out);
	/* After a failure the lines so far still tell about it. */
	if (jsonl_close(run.metrics, &err) != CLN_OK)
		exit_with_error(&err);
	interrupt_clean(NULL, NULL);
	run_directory_close(&run.directory, run.started);
	mem_free(run.label);
	mem_free(run.positive);
	mem_free(run.negative);
	run_review_free(&run.review);
	mem_free(run.past.changed);
	text_free(&run.changed);
	mem_free(run.finished);
	cln_checkpoint_destroy(run.checkpoint);
	cln_model_destroy(run.model);
	cln_model_destroy(run.init);
	cln_table_destroy(run.test);
	cln_table_destroy(run.valid);
	cln_table_destroy(run.train);
	return code;
}
