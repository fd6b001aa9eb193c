/* SPDX-License-Identifier: MIT */
#include "cli/search_run.h"

#include <stdio.h>

#include "cli/interrupt.h"
#include "cli/search_refit.h"
#include "report/evaluation.h"

/* ---------------------------------------------------------------- set-up */

static void free_trials(struct search_run *run)
{
	mem_free(run->epochs);
	mem_free(run->results);
	mem_free(run->scores);
}

void search_run_free(struct search_run *run)
{
	free_trials(run);
	*run = (struct search_run){0};
}

/* Of every trial, whose own they may be; the fewest: that every trial has. */
static size_t find_epochs(struct search_run *run, size_t n_trials)
{
	const size_t rows = fit_rows_to_choose_by(&run->options->config, run->work.train);
	size_t fewest = SIZE_MAX;
	struct options trial;

	for (size_t t = 0; t < n_trials; t++) {
		search_files_trial(&trial, run->files, t + 1);
		run->epochs[t] = search_epochs(&trial.config, rows);
		if (run->epochs[t] < fewest)
			fewest = run->epochs[t];
	}
	return fewest;
}

enum cln_status search_run_create(struct search_run *run, const struct trial_work *work, struct cln_error *err)
{
	const struct options *options = work->files->options;
	const size_t n = options->trials, eta = options->strategy == SEARCH_HALVING ? options->eta : 0;

	*run = (struct search_run){.options = options, .files = work->files, .work = *work};
	run->epochs = mem_alloc(n, sizeof *run->epochs, err);
	run->scores = run->epochs ? mem_alloc(n, sizeof *run->scores, err) : NULL;
	if (!run->scores) {
		search_run_free(run);
		return CLN_E_MEMORY;
	}
	run->plan = search_plan(n, eta, find_epochs(run, n));
	run->results = mem_alloc(n * run->plan.rungs, sizeof *run->results, err);
	if (!run->results) {
		search_run_free(run);
		return CLN_E_MEMORY;
	}
	for (size_t t = 0; t < n; t++)
		run->scores[t].trial = t + 1;
	return CLN_OK;
}

static struct trial_result *result_of(const struct search_run *run, size_t rung, size_t trial)
{
	return &run->results[rung * run->plan.trials + trial - 1];
}

const struct trial_result *search_run_result(const struct search_run *run, size_t rung, size_t trial)
{
	return result_of(run, rung, trial);
}

/* ---------------------------------------------------------------- what is told */

static bool tells(const struct search_run *run)
{
	return run->options->progress != PROGRESS_NONE;
}

static void tell_values(const struct search_run *run, size_t number)
{
	const struct search_space *space = run->files->space;
	struct options trial;
	char value[OPTION_VALUE];

	search_files_trial(&trial, run->files, number);
	for (size_t i = 0; i < space->n; i++) {
		if (!search_space_is_drawn(&space->options[i]))
			continue;
		options_value(value, &trial, space->options[i].spec);
		fprintf(stderr, "  %s %s", space->options[i].spec->name, value);
	}
}

static void tell_trial(const struct search_run *run, size_t number, const struct trial_run *trained)
{
	char auc[EVALUATION_VALUE];

	if (!tells(run))
		return;
	evaluation_short_auc(auc, trained->metrics.auc);
	fprintf(stderr, "trial %zu of %zu  %zu epochs  ", number, run->plan.trials, trained->epochs);
	if (trained->state == TRIAL_DIVERGED)
		fprintf(stderr, "diverged");
	else
		fprintf(stderr, "log loss %.4f  AUC %s  accuracy %.4f  %.1f s", trained->metrics.log_loss, auc,
			trained->metrics.accuracy, trained->seconds);
	tell_values(run, number);
	fputc('\n', stderr);
	fflush(stderr);
}

static void tell_rung(const struct search_run *run, size_t rung)
{
	const size_t n = search_rung_trials(&run->plan, rung);
	size_t done = 0, low = SIZE_MAX, high = 0;

	if (!tells(run))
		return;
	for (size_t i = 0; i < n; i++) {
		const size_t trial = run->scores[i].trial;
		const size_t epochs = search_rung_epochs(&run->plan, rung, run->epochs[trial - 1]);
		low = epochs < low ? epochs : low;
		high = epochs > high ? epochs : high;
		done += result_of(run, rung, trial)->done;
	}
	fprintf(stderr, "%s%zu trials of %zu", rung > 0 ? "the best " : "", n, low);
	if (high > low)
		fprintf(stderr, " to %zu", high);
	fprintf(stderr, " epochs");
	if (done > 0)
		fprintf(stderr, ", of which %zu are there", done);
	fputc('\n', stderr);
	fflush(stderr); /* progress_open has it buffered */
}

/* ---------------------------------------------------------------- a trial */

static enum cln_status stopped(struct search_run *run, struct cln_error *err)
{
	size_t done = 0;

	run->by_clock = !interrupt_signalled();
	for (size_t i = 0; i < run->plan.rungs * run->plan.trials; i++)
		done += run->results[i].done;
	return error_set(err, CLN_STOPPED,
			 "stopped by %s; %zu trial%s done, and what is done is in %s: the same command goes on",
			 run->by_clock ? "the time limit" : interrupt_reason(), done, done == 1 ? " is" : "s are",
			 run->files->folder);
}

static void take(struct search_run *run, size_t rung, size_t trial, const struct trial_run *trained)
{
	struct trial_result *result = result_of(run, rung, trial);

	*result = (struct trial_result){true, trained->state == TRIAL_DIVERGED, trained->metrics};
	if (result->diverged)
		return;
	run->seconds += trained->seconds;
	run->epochs_done += (double)trained->epochs;
}

/* Takes over what is in the trial's file. */
static enum cln_status look(struct search_run *run, size_t rung, struct trial_record *record, size_t trial, struct cln_error *err)
{
	const size_t epochs = search_rung_epochs(&run->plan, rung, run->epochs[trial - 1]);
	enum cln_status status = trial_record_read(record, run->files, trial, err);
	const struct trial_run *trained = status == CLN_OK ? trial_record_find(record, epochs) : NULL;

	if (trained && trained->state != TRIAL_UNFINISHED)
		take(run, rung, trial, trained);
	return status;
}

/* A process trains something, however short its time is, so that a search that is called again and again comes to its end. */
static bool has_time(const struct search_run *run, size_t epochs)
{
	const double seconds = run->epochs_done > 0 ? run->seconds / run->epochs_done * (double)epochs : 0;

	return !run->worked || !interrupt_exceeds(seconds);
}

/* Its lock is ours. */
static enum cln_status train(struct search_run *run, size_t rung, struct trial_record *record, struct cln_error *err)
{
	const size_t trial = record->trial, epochs = search_rung_epochs(&run->plan, rung, run->epochs[trial - 1]);
	struct cln_error why;

	if (!has_time(run, epochs))
		return stopped(run, err);
	run->worked = true;
	const enum cln_status status = trial_train(record, &run->work, epochs, &why);
	if (status == CLN_STOPPED)
		return stopped(run, err);
	if (status != CLN_OK)
		return status == CLN_E_DATA ? error_set(err, status, "%s", why.message)
					    : error_set(err, status, "trial %zu: %s", trial, why.message);
	const struct trial_run *trained = trial_record_find(record, epochs);
	take(run, rung, trial, trained);
	tell_trial(run, trial, trained);
	return CLN_OK;
}

/* What another job has done by the time that we have the lock is done. */
static enum cln_status do_trial(struct search_run *run, size_t rung, size_t trial, struct cln_error *err)
{
	const size_t place = SEARCH_FIRST_TRIAL + trial;
	struct trial_record record = {0};
	bool ours = false;
	enum cln_status status = search_files_lock(&ours, run->files, place, err);

	if (status != CLN_OK || !ours)
		return status;
	status = look(run, rung, &record, trial, err);
	if (status == CLN_OK && !result_of(run, rung, trial)->done)
		status = train(run, rung, &record, err);
	search_files_unlock(run->files, place);
	trial_record_free(&record);
	return status;
}

/* ---------------------------------------------------------------- rungs */

/* What is there already of the first n trials in order. */
static enum cln_status look_at(struct search_run *run, size_t rung, size_t n, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	for (size_t i = 0; i < n && status == CLN_OK; i++) {
		struct trial_record record = {0};
		status = look(run, rung, &record, run->scores[i].trial, err);
		trial_record_free(&record);
	}
	return status;
}

/* Once through the trials that are not done; *left: how many other jobs are at. */
static enum cln_status do_trials(size_t *left, struct search_run *run, size_t rung, struct cln_error *err)
{
	*left = 0;
	for (size_t i = 0; i < search_rung_trials(&run->plan, rung); i++) {
		const size_t trial = run->scores[i].trial;
		if (result_of(run, rung, trial)->done)
			continue;
		if (interrupt_signalled())
			return stopped(run, err);
		const enum cln_status status = do_trial(run, rung, trial, err);
		if (status != CLN_OK)
			return status;
		*left += !result_of(run, rung, trial)->done;
	}
	return CLN_OK;
}

static enum cln_status do_rung(struct search_run *run, size_t rung, struct cln_error *err)
{
	size_t left, before = 0, times = 0;
	enum cln_status status = look_at(run, rung, search_rung_trials(&run->plan, rung), err);

	if (status != CLN_OK)
		return status;
	tell_rung(run, rung);
	while ((status = do_trials(&left, run, rung, err)) == CLN_OK && left > 0) {
		if (before == 0 && tells(run))
			fprintf(stderr, "%zu trial%s with other jobs, which are waited for\n", left, left == 1 ? " is" : "s are");
		fflush(stderr);
		times = left == before ? times : 0;
		before = left;
		if (search_wait(&times) || interrupt_exceeds(0))
			return stopped(run, err);
	}
	return status;
}

/* The trials of a rung that is done, best first. */
static void rank_rung(struct search_run *run, size_t rung)
{
	const size_t n = search_rung_trials(&run->plan, rung);

	for (size_t i = 0; i < n; i++) {
		const struct trial_result *result = result_of(run, rung, run->scores[i].trial);
		run->scores[i].value = search_value(&result->metrics, run->options->config.metric);
		run->scores[i].diverged = result->diverged;
	}
	search_rank(run->scores, n, run->options->config.metric);
}

enum cln_status search_run_look(struct search_run *run, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	for (size_t rung = 0; rung < run->plan.rungs && status == CLN_OK; rung++)
		status = look_at(run, rung, run->plan.trials, err);
	return status;
}

enum cln_status search_run_trials(struct search_run *run, struct cln_error *err)
{
	enum cln_status status = CLN_OK, looked = CLN_OK;

	for (size_t rung = 0; rung < run->plan.rungs && status == CLN_OK; rung++) {
		status = do_rung(run, rung, err);
		if (status == CLN_OK)
			rank_rung(run, rung);
	}
	if (status == CLN_STOPPED && run->by_clock)
		looked = search_run_look(run, err);
	return looked == CLN_OK ? status : looked;
}
