/* SPDX-License-Identifier: MIT
 * colonnade search: trials with drawn values, of which the best is trained as train does it.  Every trial is a file of its own, so
 * that jobs can share them, and nothing that is done is done again. */
#include "cli/commands.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/inputs.h"
#include "cli/interrupt.h"
#include "cli/search_outcome.h"
#include "cli/search_refit.h"
#include "report/output.h"

struct search {
	struct options options;   /* in force */
	struct search_space space;
	struct cln_table *train, *valid, *test; /* valid, test: NULL where there is no file */
	struct search_files files;
	struct progress progress;
	struct search_run run;
	struct search_outcome outcome;
	struct search_refit refit;
};

/* ---------------------------------------------------------------- what is asked for */

static enum cln_status check(const struct options *options, struct cln_error *err)
{
	const char *const files[] = {options->operands[0], options->valid, options->test};

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (files[i] && strcmp(files[i], "-") == 0)
			return error_set(err, CLN_E_USAGE, "search reads its tables again to train the winner: they cannot be "
					 "standard input");
	if (options->folds > 0 && options->valid)
		return error_set(err, CLN_E_USAGE, "--folds and --valid: trials are judged by the one or by the other");
	if (options->folds > 0 && options->config.test_fraction > 0)
		return error_set(err, CLN_E_USAGE, "--folds and --test-fraction: folds are made of all rows of DATA; give the "
				 "rows to test as a file (--test)");
	if (options->folds == 0 && !options->valid && options->config.valid_fraction == 0)
		return error_set(err, CLN_E_USAGE, "there are no rows to judge trials by: give --valid-fraction, --valid or "
				 "--folds");
	return CLN_OK;
}

static void tell_space(const struct search *search)
{
	if (search->options.progress == PROGRESS_NONE)
		return;
	for (size_t i = 0; i < search->space.n; i++) {
		const struct space_option *option = &search->space.options[i];
		struct text line = {0};
		search_space_text(&line, option);
		if (option->given)
			fprintf(stderr, "note: %s is given, and not searched\n", option->spec->name);
		else if (!line.failed)
			fprintf(stderr, "space     %s = %s\n", option->spec->name, line.bytes);
		text_free(&line);
	}
}

static enum cln_status set_up(struct search *search, struct cln_error *err)
{
	struct options *options = &search->options;
	struct text config = {0};
	enum cln_status status = check(options, err);

	if (status == CLN_OK)
		status = search_space_read(&search->space, options, err);
	if (status == CLN_OK)
		/* of --test, too, so that what is wrong with it is known now, and whether it has changed */
		status = inputs_read(&search->train, &search->valid, &search->test, options, NULL, err);
	if (status == CLN_OK)
		status = search_check(search->train, &options->config, options->folds, err);
	if (status != CLN_OK)
		return status;
	if (!options_given(options, "ensemble"))
		options->config.ensemble = 1;
	const struct trial_work work = {&search->files, search->train, search->valid, &search->progress, false, false};
	const struct run_record data = {.options = options, .train = search->train, .valid = search->valid, .test = search->test};
	search->files = (struct search_files){.options = options, .space = &search->space, .lock = -1};
	status = search_refit_config(&config, &search->files, 1, err); /* what it has no room for is to be known now */
	text_free(&config);
	if (status == CLN_OK)
		status = search_files_open(&search->files, &data, &search->space, err);
	cln_table_destroy(search->test);
	search->test = NULL;
	if (status == CLN_OK)
		status = search_run_create(&search->run, &work, err);
	return status;
}

/* ---------------------------------------------------------------- results */

static enum cln_status print_json(const struct search *search, struct cln_error *err)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text};

	json_begin_object(&writer, NULL);
	search_report_write(&writer, &search->outcome.result);
	json_string(&writer, "out", search->options.out);
	json_end_object(&writer);
	text_add(&text, "\n", 1);
	return output_print(&text, err);
}

static void tell(struct search *search, const char *sentence)
{
	if (search->options.progress != PROGRESS_NONE)
		progress_note(&search->progress, sentence);
}

static enum cln_status rank_again(struct search *search, struct cln_error *err)
{
	enum cln_status status = search_run_look(&search->run, err);

	search_outcome_free(&search->outcome);
	search->outcome = (struct search_outcome){0};
	return status == CLN_OK ? search_outcome_rank(&search->outcome, &search->run, err) : status;
}

/* The winner is trained by the last of the jobs that are present, so that it is the best of all trials. */
static enum cln_status fit_winner(struct search *search, bool complete, struct cln_error *err)
{
	struct search_outcome *outcome = &search->outcome;
	enum cln_status status = search_files_leave(&search->files, err);

	if (status != CLN_OK)
		return status;
	if (!complete && search_files_shared(&search->files)) {
		tell(search, "other jobs are at work on this search; the last of them trains the winner");
		return CLN_OK;
	}
	cln_table_destroy(search->valid); /* train reads them again */
	cln_table_destroy(search->train);
	search->train = search->valid = NULL;
	status = search_refit_lock(&search->refit, &search->files, outcome->ranked[0].trial, err);
	if (status == CLN_OK && search->refit.elsewhere)
		tell(search, "another job trains the winner");
	if (status != CLN_OK || search->refit.elsewhere)
		return status;
	if (!complete) /* other jobs have done more by the time that we have the lock */
		status = rank_again(search, err);
	return status == CLN_OK ? search_refit(&search->refit, &search->files, outcome->ranked[0].trial, complete, err) : status;
}

/* complete: all trials are done, and no time limit has ended the search. */
static enum cln_status finish(struct search *search, bool complete, struct cln_error *err)
{
	enum cln_status status = fit_winner(search, complete, err);

	if (status != CLN_OK)
		return status;
	if (search->refit.code == (int)search->options.requeue_exit)
		tell(search, "trials are kept, and the same command goes on with the training of the winner");
	if (search->refit.code != 0)
		return CLN_OK;
	struct search_result *result = &search->outcome.result;
	status = search_outcome_fill(&search->outcome, &search->run, complete, err);
	result->refitted = search->refit.done;
	result->valid = search->refit.valid;
	result->test = search->refit.test;
	if (status == CLN_OK && search->options.json)
		return print_json(search, err);
	if (status == CLN_OK)
		search_report_print(stdout, result);
	return status;
}

static enum cln_status search(struct search *search, struct cln_error *err)
{
	struct search_outcome *outcome = &search->outcome;
	struct cln_error stop;
	enum cln_status status = set_up(search, err);

	if (status != CLN_OK)
		return status;
	tell_space(search);
	fflush(stderr); /* progress_open has it buffered */
	interrupt_train(true); /* what is done is in files */
	const enum cln_status ended = search_run_trials(&search->run, &stop);
	if (ended == CLN_OK || (ended == CLN_STOPPED && search->run.by_clock))
		status = search_outcome_rank(outcome, &search->run, err);
	if (status != CLN_OK)
		return status;
	if (outcome->n == 0 || (ended != CLN_OK && outcome->ranked[0].diverged)) {
		*err = stop;
		return ended;
	}
	if (outcome->ranked[0].diverged)
		return error_set(err, CLN_E_DIVERGED, "all %zu trials diverged: their rates (--space) are too high, or the data "
				 "have values beyond reason", outcome->n);
	if (ended != CLN_OK)
		tell(search, stop.message);
	return finish(search, ended == CLN_OK, err);
}

static void free_search(struct search *search)
{
	search_outcome_free(&search->outcome);
	search_run_free(&search->run);
	search_files_close(&search->files);
	search_space_free(&search->space);
	cln_table_destroy(search->test);
	cln_table_destroy(search->valid);
	cln_table_destroy(search->train);
}

int cmd_search(const struct options *options)
{
	const struct interrupt_settings settings = {
	    options->checkpoint_every, options->time_limit, (int)options->requeue_exit, "the same command"};
	struct search state = {.options = *options, .files.lock = -1};
	struct cln_error err = {0};

	signal(SIGPIPE, SIG_IGN);
	interrupt_begin(&settings);
	progress_open(&state.progress, stderr, (enum progress_mode)options->progress, &state.options.config);
	const enum cln_status status = search(&state, &err);
	int code = status == CLN_OK ? state.refit.code : exit_with_error(&err);
	if (status == CLN_STOPPED)
		code = (int)options->requeue_exit;
	free_search(&state);
	return code;
}
