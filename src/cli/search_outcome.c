/* SPDX-License-Identifier: MIT */
#include "cli/search_outcome.h"

#include <string.h>

/* ---------------------------------------------------------------- order */

static bool has_diverged(const struct search_run *run, size_t trial)
{
	bool diverged = false;

	for (size_t rung = 0; rung < run->plan.rungs; rung++)
		diverged |= search_run_result(run, rung, trial)->diverged;
	return diverged;
}

/* The highest rung that a trial was done on; SIZE_MAX: none. */
static size_t highest_rung(const struct search_run *run, size_t trial)
{
	for (size_t rung = run->plan.rungs; rung-- > 0;)
		if (search_run_result(run, rung, trial)->done)
			return rung;
	return SIZE_MAX;
}

/* Appends the trials whose highest rung it is. */
static size_t rank_highest(struct search_score *scores, size_t *rungs, const struct search_run *run, size_t rung, bool diverged)
{
	const enum cln_metric metric = run->options->config.metric;
	size_t n = 0;

	for (size_t trial = 1; trial <= run->plan.trials; trial++) {
		if (highest_rung(run, trial) != rung || has_diverged(run, trial) != diverged)
			continue;
		rungs[n] = rung;
		const double value = search_value(&search_run_result(run, rung, trial)->metrics, metric);
		scores[n++] = (struct search_score){trial, value, diverged};
	}
	search_rank(scores, n, metric);
	return n;
}

static size_t rank_all(struct search_score *scores, size_t *rungs, const struct search_run *run)
{
	size_t n = 0;

	for (int diverged = 0; diverged < 2; diverged++)
		for (size_t rung = run->plan.rungs; rung-- > 0;)
			n += rank_highest(scores + n, rungs + n, run, rung, diverged != 0);
	return n;
}

enum cln_status search_outcome_rank(struct search_outcome *outcome, const struct search_run *run, struct cln_error *err)
{
	const size_t n = run->plan.trials;

	outcome->ranked = mem_alloc(n, sizeof *outcome->ranked, err);
	outcome->rungs = outcome->ranked ? mem_alloc(n, sizeof *outcome->rungs, err) : NULL;
	if (!outcome->rungs)
		return CLN_E_MEMORY;
	outcome->n = rank_all(outcome->ranked, outcome->rungs, run);
	return CLN_OK;
}

/* ---------------------------------------------------------------- lines */

static enum cln_status make_names(struct search_outcome *outcome, const struct search_space *space, struct cln_error *err)
{
	struct search_result *result = &outcome->result;

	outcome->names = mem_alloc(space->n, sizeof *outcome->names, err);
	outcome->numbers = outcome->names ? mem_alloc(space->n, sizeof *outcome->numbers, err) : NULL;
	if (!outcome->numbers)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < space->n; i++) {
		const struct option_spec *spec = space->options[i].spec;
		if (!search_space_is_drawn(&space->options[i]))
			continue;
		outcome->names[result->n_names] = spec->name;
		outcome->numbers[result->n_names++] = spec->type == OPTION_REAL || spec->type == OPTION_SIZE;
	}
	return CLN_OK;
}

/* Texts of all values behind one another, each with its '\0'; then where each begins. */
static enum cln_status make_values(struct search_outcome *outcome, const struct search_files *files, struct cln_error *err)
{
	const size_t n_names = outcome->result.n_names;
	struct options trial;
	char value[OPTION_VALUE];

	outcome->values = mem_alloc(outcome->n * n_names, sizeof *outcome->values, err);
	if (!outcome->values)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < outcome->n; i++) {
		search_files_trial(&trial, files, outcome->ranked[i].trial);
		for (size_t k = 0; k < n_names; k++) {
			options_value(value, &trial, options_find(trial.command, outcome->names[k]));
			text_add(&outcome->texts, value, strlen(value) + 1);
		}
	}
	const enum cln_status status = text_check(&outcome->texts, err);
	const char *text = outcome->texts.bytes;
	for (size_t i = 0; i < outcome->n * n_names && status == CLN_OK; i++, text += strlen(text) + 1)
		outcome->values[i] = text;
	return status;
}

static enum cln_status make_lines(struct search_outcome *outcome, const struct search_run *run, struct cln_error *err)
{
	outcome->lines = mem_alloc(outcome->n, sizeof *outcome->lines, err);
	if (!outcome->lines)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < outcome->n; i++) {
		const size_t trial = outcome->ranked[i].trial, rung = outcome->rungs[i];
		outcome->lines[i] = (struct search_line){
		    .trial = trial,
		    .epochs = search_rung_epochs(&run->plan, rung, run->epochs[trial - 1]),
		    .metrics = search_run_result(run, rung, trial)->metrics,
		    .diverged = outcome->ranked[i].diverged,
		    .values = outcome->values + i * outcome->result.n_names,
		};
	}
	return CLN_OK;
}

enum cln_status search_outcome_fill(struct search_outcome *outcome, const struct search_run *run, bool complete,
				    struct cln_error *err)
{
	const struct options *options = run->options;

	outcome->result = (struct search_result){
	    .strategy = options->strategy == SEARCH_HALVING ? "halving" : "random",
	    .metric = options->config.metric,
	    .trials = run->plan.trials,
	    .folds = options->folds,
	    .complete = complete,
	    .n_lines = outcome->n,
	    .out = options->out,
	};
	enum cln_status status = make_names(outcome, run->files->space, err);
	if (status == CLN_OK)
		status = make_values(outcome, run->files, err);
	if (status == CLN_OK)
		status = make_lines(outcome, run, err);
	outcome->result.names = outcome->names;
	outcome->result.numbers = outcome->numbers;
	outcome->result.lines = outcome->lines;
	return status;
}

void search_outcome_free(struct search_outcome *outcome)
{
	mem_free(outcome->ranked);
	mem_free(outcome->rungs);
	mem_free(outcome->lines);
	mem_free((void *)outcome->names);
	mem_free(outcome->numbers);
	mem_free((void *)outcome->values);
	text_free(&outcome->texts);
}
