/* SPDX-License-Identifier: MIT
 * colonnade crossval: every fold's rows predicted by a model that learnt from the others.  What each fit has found is a file of its
 * own, so that jobs can share the fits, and nothing that is done is done again. */
#include "cli/commands.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "api/rows.h"
#include "cli/fold_file.h"
#include "cli/interrupt.h"
#include "report/crossval_report.h"
#include "report/evaluation.h"
#include "report/output.h"

/* A cross-validation under way; the observer's context. */
struct validation {
	struct options *options;  /* in force: --fold K/N stands for --folds N */
	struct cln_table *table;
	struct crossval crossval;
	struct fold_files files;
	struct cln_evaluation *fits;
	struct crossval_result result;
	bool fit_done;            /* by this process; the first one has said what is to be said of the data */
	struct progress progress; /* all messages go through it, or its bar is cleared before */
	char label[48];           /* of the bar */
};

/* ---------------------------------------------------------------- what is asked for */

/* "3/5" of --fold: the third fit, of five.  *fit: from 0. */
static enum cln_status read_fold(size_t *fit, size_t *of, const char *text, struct cln_error *err)
{
	double k = 0, n = 0;
	const char *slash = strchr(text, '/');

	if (!slash || !number_to_double(&k, text, (size_t)(slash - text)) || !number_to_double(&n, slash + 1, strlen(slash + 1)) ||
	    !(k >= 1 && k <= n && n >= 2 && n <= CROSSVAL_MAX_FITS) || k != (double)(size_t)k || n != (double)(size_t)n)
		return error_set(err, CLN_E_USAGE, "--fold %s: two whole numbers K/N are wanted, K from 1 to N, as 3/5", text);
	*fit = (size_t)k - 1;
	*of = (size_t)n;
	return CLN_OK;
}

static enum cln_status check_fold(const struct validation *validation, size_t of, struct cln_error *err)
{
	const size_t fits = crossval_fits(&validation->crossval);

	if (of == fits)
		return CLN_OK;
	return error_set(err, CLN_E_USAGE, "--fold %s: there are %zu folds in all (%zu of every repeat, %zu repeats)",
			 validation->options->fold, fits, validation->crossval.K, validation->crossval.R);
}

/* The texts of the columns that cut the rows are wanted as they are written: numbers of groups may be too long for float. */
static enum cln_status read_table(struct validation *validation, struct cln_error *err)
{
	const struct options *options = validation->options;
	const char *cutting = options->fold_column ? options->fold_column : options->group;
	struct cln_read_options read = options->read;

	read.known_categories = &cutting;
	read.n_known_categories = cutting != NULL;
	read.exempt = &cutting;
	read.n_exempt = cutting != NULL;
	return rows_read_to_train(&validation->table, options->operands[0], &read, NULL, &options->config, NULL, err);
}

/* of: N of --fold K/N, which says how many folds there are where nothing else does; 0: it is not given. */
static enum cln_status cut(struct validation *validation, size_t of, struct cln_error *err)
{
	struct options *options = validation->options;

	if (of > 0 && !options_given(options, "folds") && options->repeats == 1 && !options->fold_column)
		options->folds = of;
	const struct crossval_folding folding = {
	    .folds = options->folds, .repeats = options->repeats, .group = options->group, .column = options->fold_column};
	validation->files.fingerprint = cln_table_fingerprint(validation->table);
	enum cln_status status = crossval_create(&validation->crossval, validation->table, &options->config, &folding, err);

	if (status != CLN_OK)
		return status;
	validation->files.crossval = &validation->crossval;
	validation->fits = mem_alloc(crossval_fits(&validation->crossval), sizeof *validation->fits, err);
	if (!validation->fits)
		return CLN_E_MEMORY;
	return of > 0 ? check_fold(validation, of, err) : CLN_OK;
}

/* ---------------------------------------------------------------- the fits */

static void on_note(void *context, const char *sentence)
{
	struct validation *validation = context;

	if (!validation->fit_done && validation->options->progress != PROGRESS_NONE)
		progress_note(&validation->progress, sentence);
}

static bool on_start(void *context, const struct cln_fit_start *start)
{
	struct validation *validation = context;

	progress_start(&validation->progress, start);
	return false;
}

static void on_member(void *context, size_t member, size_t members)
{
	struct validation *validation = context;

	progress_member(&validation->progress, member, members);
}

static void on_progress(void *context, size_t epoch, size_t rows_done, size_t rows)
{
	struct validation *validation = context;

	progress_batch(&validation->progress, epoch, rows_done, rows);
}

static bool on_epoch(void *context, const struct cln_epoch *epoch)
{
	struct validation *validation = context;

	progress_epoch(&validation->progress, epoch);
	return false;
}

static enum cln_ask on_ask(void *context)
{
	const struct validation *validation = context;

	return interrupt_ask_whole(validation->fit_done);
}

static bool on_ready(void *context)
{
	(void)context;
	interrupt_train(true); /* what is done is in files */
	return false;
}

static void tell_fit(const struct validation *validation, size_t fit, double seconds)
{
	const struct cln_evaluation *measured = &validation->fits[fit];
	char auc[EVALUATION_VALUE];

	if (validation->options->progress == PROGRESS_NONE)
		return;
	evaluation_short_auc(auc, measured->measures[CLN_MEASURE_AUC].value);
	fprintf(stderr, "fold %zu of %zu  ", fit + 1, crossval_fits(&validation->crossval));
	if (seconds < 0)
		fprintf(stderr, "is there:  ");
	fprintf(stderr, "log loss %.4f  AUC %s  %zu rows", measured->measures[CLN_MEASURE_LOG_LOSS].value, auc, measured->rows);
	if (seconds >= 0)
		fprintf(stderr, "  %.1f s", seconds);
	fputc('\n', stderr);
	fflush(stderr); /* progress_open has it buffered */
}

static enum cln_status measure(struct validation *validation, size_t fit, struct cln_error *err)
{
	return crossval_measure_fit(&validation->fits[fit], &validation->crossval, fit, err);
}

/* Takes over what is there of a fit. */
static enum cln_status take_fit(bool *found, struct validation *validation, size_t fit, struct cln_error *err)
{
	enum cln_status status = fold_file_read(found, &validation->files, fit, err);

	if (status != CLN_OK || !*found)
		return status;
	status = measure(validation, fit, err);
	if (status == CLN_OK)
		tell_fit(validation, fit, -1);
	return status;
}

/* What a call that was stopped wants; with --force it would begin anew. */
static const char *next_command(const struct options *options)
{
	return options->force ? "the same command without --force" : "the same command";
}

static enum cln_status name_fit(const struct validation *validation, size_t fit, struct cln_error *err)
{
	const struct cln_error why = *err;

	return error_set(err, why.code, "fold %zu of %zu: %s", fit + 1, crossval_fits(&validation->crossval), why.message);
}

/* Trains, unless that is done. */
static enum cln_status do_fit(struct validation *validation, size_t fit, struct cln_error *err)
{
	const struct cln_observer observer = {.context = validation,
					      .start = on_start,
					      .ready = on_ready,
					      .member = on_member,
					      .progress = on_progress,
					      .epoch = on_epoch,
					      .note = on_note,
					      .ask = on_ask};
	double seconds = 0;
	bool found = false;
	enum cln_status status = take_fit(&found, validation, fit, err);

	if (status != CLN_OK || found)
		return status;
	snprintf(validation->label, sizeof validation->label, "fold %zu/%zu  ", fit + 1, crossval_fits(&validation->crossval));
	validation->progress.label = validation->label;
	status = crossval_fit(&validation->crossval, fit, &observer, &seconds, err);
	progress_clear(&validation->progress);
	if (status == CLN_STOPPED)
		return error_set(err, CLN_STOPPED,
				 "stopped by %s in fold %zu of %zu; what is done is in %s: %s goes on",
				 interrupt_reason(), fit + 1, crossval_fits(&validation->crossval), validation->options->out,
				 next_command(validation->options));
	validation->fit_done = true;
	if (status == CLN_E_DIVERGED)
		return name_fit(validation, fit, err);
	if (status == CLN_OK)
		status = measure(validation, fit, err);
	if (status == CLN_OK)
		status = fold_file_write(&validation->files, fit, &validation->fits[fit], seconds, err);
	if (status == CLN_OK)
		tell_fit(validation, fit, seconds);
	return status;
}

/* --force: what is there of the fits from `begin` to `end` - 1 counts for nothing. */
static enum cln_status forget(const struct validation *validation, size_t begin, size_t end, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	for (size_t fit = begin; fit < end && status == CLN_OK; fit++)
		status = fold_file_drop(&validation->files, fit, err);
	return status;
}

static enum cln_status do_all(struct validation *validation, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	for (size_t fit = 0; fit < crossval_fits(&validation->crossval) && status == CLN_OK; fit++)
		status = do_fit(validation, fit, err);
	return status;
}

/* --merge: all must be there; those that are not are named. */
static enum cln_status collect(struct validation *validation, struct cln_error *err)
{
	const size_t fits = crossval_fits(&validation->crossval);
	struct text missing = {0};
	size_t n_missing = 0;
	enum cln_status status = CLN_OK;

	for (size_t fit = 0; fit < fits && status == CLN_OK; fit++) {
		bool found;
		status = take_fit(&found, validation, fit, err);
		if (status == CLN_OK && !found && n_missing++ < 20)
			text_addf(&missing, "%s%zu", n_missing > 1 ? ", " : "", fit + 1);
	}
	if (status == CLN_OK && n_missing > 0)
		status = error_set(err, CLN_E_USAGE,
				   "--merge: %zu of %zu folds are not in %s yet (%s%s); crossval --fold K/%zu makes one (--folds "
				   "says how many there are)", n_missing, fits, validation->options->out,
				   missing.failed ? "" : missing.bytes, n_missing > 20 ? ", ..." : "", fits);
	text_free(&missing);
	return status;
}

/* ---------------------------------------------------------------- results */

static enum cln_status summarise(struct validation *validation, struct cln_error *err)
{
	const struct options *options = validation->options;
	const struct crossval *crossval = &validation->crossval;
	const struct cln_judging judging = {
	    .replicates = options->bootstrap, .seed = options->config.seed, .threads = options->config.threads};
	struct crossval_result *result = &validation->result;
	const size_t fits = crossval_fits(crossval);
	double *values = mem_alloc(fits, sizeof *values, err);

	if (!values)
		return CLN_E_MEMORY;
	result->folds = crossval->K;
	result->repeats = crossval->R;
	result->positive = crossval->label.positive;
	result->fits = validation->fits;
	const enum cln_status status = crossval_measure(&result->out_of_fold, crossval, &judging, err);
	for (int m = 0; m < CLN_N_MEASURES && status == CLN_OK; m++) {
		for (size_t f = 0; f < fits; f++)
			values[f] = validation->fits[f].measures[m].value;
		const struct crossval_spread spread = crossval_spread_of(values, fits);
		result->means[m] = spread.mean;
		result->deviations[m] = spread.deviation;
	}
	mem_free(values);
	return status;
}

static enum cln_status replace(const struct validation *validation, const char *name, const struct text *text,
			       struct cln_error *err)
{
	const struct run_directory folder = {.path = validation->options->out};
	char path[RUN_PATH];
	enum cln_status status = text_check(text, err);

	if (status == CLN_OK)
		status = run_directory_file(path, &folder, name, err);
	return status == CLN_OK ? io_replace_file(path, text->bytes, text->length, err) : status;
}

/* A line a row of DATA: its folds and what was said of it, repeat after repeat; empty for rows of weight 0. */
static enum cln_status write_predictions(const struct validation *validation, struct cln_error *err)
{
	const struct crossval *crossval = &validation->crossval;
	const size_t n_rows = validation->table->n_rows;
	char number[NUMBER_TEXT];
	struct text text = {0};

	for (size_t r = 0; crossval->R > 1 && r < crossval->R; r++)
		text_addf(&text, "%sfold_%zu,probability_%zu", r ? "," : "", r + 1, r + 1);
	text_addf(&text, crossval->R == 1 ? "fold,probability\n" : "\n");
	for (size_t row = 0, i = 0; row < n_rows; row++) {
		const bool used = i < crossval->all.n && crossval->all.rows[i] == row;
		for (size_t r = 0; r < crossval->R; r++) {
			number[0] = '\0';
			if (used)
				number_from_float(number, crossval->probabilities[r * crossval->all.n + i]);
			if (used)
				text_addf(&text, "%s%u,%s", r ? "," : "", crossval->fold_of_row[r * n_rows + row] + 1, number);
			else
				text_addf(&text, "%s,", r ? "," : "");
		}
		text_addf(&text, "\n");
		i += used;
	}
	const enum cln_status status = replace(validation, "predictions.csv", &text, err);
	text_free(&text);
	return status;
}

/* crossval.json, and with --json the same on standard output. */
static enum cln_status write_result(const struct validation *validation, struct cln_error *err)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text};

	json_begin_object(&writer, NULL);
	crossval_report_write(&writer, &validation->result);
	json_end_object(&writer);
	text_add(&text, "\n", 1);
	const enum cln_status status = replace(validation, "crossval.json", &text, err);
	if (status == CLN_OK && validation->options->json)
		return output_print(&text, err);
	text_free(&text);
	return status;
}

static enum cln_status finish(struct validation *validation, struct cln_error *err)
{
	enum cln_status status = summarise(validation, err);

	if (status == CLN_OK)
		status = write_predictions(validation, err);
	if (status == CLN_OK)
		status = write_result(validation, err);
	if (status == CLN_OK && !validation->options->json)
		crossval_report_print(stdout, &validation->result);
	return status;
}

static enum cln_status validate(struct validation *validation, struct cln_error *err)
{
	const struct options *options = validation->options;
	size_t fit = 0, of = 0;
	enum cln_status status = options->fold ? read_fold(&fit, &of, options->fold, err) : CLN_OK;

	if (status == CLN_OK && options->fold && options->merge)
		status = error_set(err, CLN_E_USAGE,
				   "--fold and --merge: a fold is done by one call, all are merged by a later one");
	if (status == CLN_OK)
		status = read_table(validation, err);
	if (status == CLN_OK)
		status = cut(validation, of, err);
	if (status == CLN_OK && !options->merge)
		status = run_directory_make(options->out, err);
	if (status == CLN_OK)
		fold_files_enter(&validation->files);
	if (status == CLN_OK && options->force && !options->merge)
		status = forget(validation, options->fold ? fit : 0,
				options->fold ? fit + 1 : crossval_fits(&validation->crossval), err);
	if (status != CLN_OK)
		return status;
	if (options->fold)
		return do_fit(validation, fit, err);
	status = options->merge ? collect(validation, err) : do_all(validation, err);
	interrupt_finish();
	return status == CLN_OK ? finish(validation, err) : status;
}

int cmd_crossval(const struct options *options)
{
	const struct interrupt_settings settings = {
	    0, options->time_limit, (int)options->requeue_exit, next_command(options)};
	struct options in_force = *options;
	struct validation validation = {.options = &in_force, .files = {.folder = options->out, .options = &in_force, .lock = -1}};
	struct cln_error err = {0};

	signal(SIGPIPE, SIG_IGN);
	interrupt_begin(&settings);
	progress_open(&validation.progress, stderr, (enum progress_mode)options->progress, &in_force.config);
	const enum cln_status status = validate(&validation, &err);
	int code = status == CLN_OK ? 0 : exit_with_error(&err);
	if (status == CLN_STOPPED)
		code = (int)options->requeue_exit;
	fold_files_leave(&validation.files);
	mem_free(validation.fits);
	crossval_free(&validation.crossval);
	cln_table_destroy(validation.table);
	return code;
}
