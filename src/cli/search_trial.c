/* SPDX-License-Identifier: MIT */
#include "cli/search_trial.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/interrupt.h"

#define NOTE_TEXT 128
#define CHECKPOINT "checkpoint"

/* A trial under way; the observer's context. */
struct training {
	struct trial_work *work;
	struct trial_record *record;
	struct trial_run *run;
	struct options options;       /* with the trial's values */
	struct cln_checkpoint *checkpoint; /* to go on from, or NULL */
	char note[NOTE_TEXT];         /* by which its checkpoint is known */
	char path[RUN_PATH];          /* of it */
	struct cln_error unsaved;     /* why it could not be written; code CLN_OK: it was */
	char label[64];               /* of the bar */
};

/* ---------------------------------------------------------------- the observer */

static void tell(const struct training *training, const char *sentence)
{
	if (training->options.progress != PROGRESS_NONE)
		progress_note(training->work->progress, sentence);
}

static void on_note(void *context, const char *sentence)
{
	const struct training *training = context;

	if (!training->work->told)
		tell(training, sentence);
}

static bool on_start(void *context, const struct cln_fit_start *start)
{
	const struct training *training = context;

	progress_start(training->work->progress, start);
	return false;
}

static void on_member(void *context, size_t member, size_t members)
{
	const struct training *training = context;

	progress_member(training->work->progress, member, members);
}

static void on_progress(void *context, size_t epoch, size_t rows_done, size_t rows)
{
	const struct training *training = context;

	progress_batch(training->work->progress, epoch, rows_done, rows);
}

static bool on_epoch(void *context, const struct cln_epoch *epoch)
{
	const struct training *training = context;

	progress_epoch(training->work->progress, epoch);
	return false;
}

static bool on_ready(void *context)
{
	(void)context;
	interrupt_train(true); /* what is done is in files */
	return false;
}

static void on_checkpoint(void *context, const struct cln_checkpoint *checkpoint)
{
	struct training *training = context;

	training->unsaved.code = cln_checkpoint_save(checkpoint, training->note, training->path, &training->unsaved);
	interrupt_saved(training->unsaved.code == CLN_OK);
	if (training->unsaved.code != CLN_OK)
		tell(training, training->unsaved.message);
}

static enum cln_ask ask_in_fold(void *context)
{
	const struct training *training = context;

	return interrupt_ask_whole(training->work->fold_done);
}

/* With checkpoints or, where the library makes none, without. */
static struct cln_observer observe(struct training *training, bool checkpoints)
{
	return (struct cln_observer){
	    .context = training,
	    .start = on_start,
	    .ready = on_ready,
	    .member = on_member,
	    .progress = on_progress,
	    .epoch = on_epoch,
	    .note = on_note,
	    .ask = checkpoints ? interrupt_ask : ask_in_fold,
	    .checkpoint = checkpoints ? on_checkpoint : NULL,
	};
}

/* ---------------------------------------------------------------- checkpoints */

/* One of another training, or one that is damaged, is nothing to go on from: the trial begins anew. */
static enum cln_status load_checkpoint(struct training *training, struct cln_error *err)
{
	const size_t trial = training->record->trial;
	struct cln_error why;

	snprintf(training->note, sizeof training->note, "search %s, trial %zu, %zu epochs", training->work->files->id, trial,
		 training->run->epochs);
	enum cln_status status = trial_path(training->path, training->work->files, trial, CHECKPOINT, err);
	if (status != CLN_OK || access(training->path, F_OK) != 0)
		return status;
	status = cln_checkpoint_load(&training->checkpoint, training->path, &why);
	if (status == CLN_E_MEMORY || status == CLN_E_IO)
		return error_set(err, status, "%s", why.message);
	if (status != CLN_OK)
		tell(training, why.message);
	else if (strcmp(cln_checkpoint_note(training->checkpoint), training->note) != 0) {
		cln_checkpoint_destroy(training->checkpoint);
		training->checkpoint = NULL;
	}
	return CLN_OK;
}

static enum cln_status drop_checkpoint(const struct training *training, struct cln_error *err)
{
	if (unlink(training->path) != 0 && errno != ENOENT)
		return error_set_errno(err, CLN_E_IO, "cannot remove %s", training->path);
	return CLN_OK;
}

/* ---------------------------------------------------------------- training */

static enum cln_status train_once(struct training *training, struct cln_error *err)
{
	const struct cln_observer observer = observe(training, true);
	struct trial_run *run = training->run;
	struct cln_fit_summary summary;
	struct cln_model *model = NULL;
	enum cln_status status = load_checkpoint(training, err);

	if (status == CLN_OK)
		status = cln_model_resume(&model, training->checkpoint, training->work->train, training->work->valid, NULL, NULL,
					  &training->options.config, &observer, &summary, err);
	if (status == CLN_E_DATA && model) /* of rows learnt from, by which no trial is judged */
		status = CLN_OK;
	cln_model_destroy(model);
	if (status == CLN_STOPPED && training->unsaved.code != CLN_OK) {
		*err = training->unsaved;
		return err->code;
	}
	if (status != CLN_OK)
		return status;
	run->metrics = summary.valid;
	run->seconds = summary.seconds;
	return CLN_OK;
}

/* Fold after fold; those that are done are written. */
static enum cln_status train_folds(struct training *training, struct cln_error *err)
{
	const struct cln_observer observer = observe(training, false);
	const size_t K = training->options.folds;
	struct trial_run *run = training->run;
	enum cln_status status = CLN_OK;

	while (run->n_folds < K && status == CLN_OK) {
		double seconds;
		if (training->work->fold_done && interrupt_exceeds(0))
			return error_set(err, CLN_STOPPED, "stopped by the time limit");
		status = search_fit_fold(&run->folds[run->n_folds], &seconds, training->work->train, &training->options.config,
					 run->n_folds, K, &observer, err);
		if (status != CLN_OK)
			break;
		training->work->told = training->work->fold_done = true;
		run->seconds += seconds;
		run->n_folds++;
		run->metrics = search_mean(run->folds, run->n_folds);
		if (run->n_folds < K)
			status = trial_record_write(training->record, training->work->files, err);
	}
	return status;
}

/* Divergence is a result: of these values nothing can be learnt. */
static enum cln_status settle(struct training *training, enum cln_status status, struct cln_error *err)
{
	struct trial_run *run = training->run;

	if (status != CLN_OK && status != CLN_E_DIVERGED)
		return status;
	run->state = status == CLN_OK ? TRIAL_DONE : TRIAL_DIVERGED;
	if (run->state == TRIAL_DIVERGED)
		run->metrics = (struct cln_metrics){.log_loss = NAN, .auc = NAN, .accuracy = NAN};
	status = trial_record_write(training->record, training->work->files, err);
	if (status == CLN_OK && !run->folds)
		status = drop_checkpoint(training, err);
	return status;
}

enum cln_status trial_train(struct trial_record *record, struct trial_work *work, size_t epochs, struct cln_error *err)
{
	struct training training = {.work = work, .record = record};

	search_files_trial(&training.options, work->files, record->trial);
	training.run = trial_record_add(record, epochs, training.options.folds, err);
	if (!training.run)
		return CLN_E_MEMORY;
	training.options.config.epochs = epochs;
	snprintf(training.label, sizeof training.label, "trial %zu of %zu  ", record->trial, training.options.trials);
	work->progress->label = training.label;
	enum cln_status status = training.run->folds ? train_folds(&training, err) : train_once(&training, err);
	progress_clear(work->progress);
	work->progress->label = NULL;
	work->told = true;
	cln_checkpoint_destroy(training.checkpoint);
	return settle(&training, status, err);
}
