/* SPDX-License-Identifier: MIT */
#include "cli/search_refit.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/run_command.h"
#include "report/run_files.h"

#define CONFIG_LIMIT ((size_t)1 << 20)
#define LONGEST_WAIT 1000 /* milliseconds */

/* The options of train, with the values of the winner; as many networks as train has, where --ensemble is not given. */
enum cln_status search_refit_config(struct text *config, const struct search_files *files, size_t trial, struct cln_error *err)
{
	struct cln_config recipe;
	struct options options;
	enum cln_status status = cln_config_recipe(&recipe, files->options->config.recipe, err);

	search_files_trial(&options, files, trial);
	options.command = options_find_command("train");
	if (!options_given(files->options, "ensemble"))
		options.config.ensemble = recipe.ensemble;
	return status == CLN_OK ? run_command_config(config, &options, err) : status;
}

bool search_wait(size_t *times)
{
	const long milliseconds = *times < 5 ? 10L << *times : *times < 100 ? 200 : LONGEST_WAIT;
	const struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};

	++*times;
	if (!interrupt_signalled())
		nanosleep(&pause, NULL); /* a signal ends it */
	return interrupt_signalled();
}

/* ---------------------------------------------------------------- what is there */

static enum cln_status is_same_config(bool *same, const struct search_files *files, const struct text *config,
				      struct cln_error *err)
{
	char path[RUN_PATH], *bytes;
	size_t length;
	enum cln_status status = search_files_path(path, files, SEARCH_CONFIG, err);

	*same = false;
	if (status != CLN_OK || access(path, F_OK) != 0)
		return status;
	status = io_read_file(&bytes, &length, path, CONFIG_LIMIT, err);
	if (status != CLN_OK)
		return status;
	*same = length == config->length && memcmp(bytes, config->bytes, length) == 0;
	mem_free(bytes);
	return CLN_OK;
}

/* The run of another winner goes to best/previous, where it stays until this one's is finished. */
static enum cln_status set_aside(const struct search_files *files, struct cln_error *err)
{
	struct run_directory best;
	char path[RUN_PATH];
	enum cln_status status = search_files_path(path, files, SEARCH_BEST, err);

	if (status == CLN_OK)
		status = run_directory_open(&best, path, true, RUN_NEW, err);
	if (status != CLN_OK)
		return status;
	status = run_directory_set_aside(&best, err);
	run_directory_close(&best, true);
	return status;
}

/* From here on a run in best/ is one of best.conf. */
static enum cln_status write_config(const struct search_files *files, const struct text *config, struct cln_error *err)
{
	char path[RUN_PATH];
	bool same;
	enum cln_status status = is_same_config(&same, files, config, err);

	if (status != CLN_OK || same)
		return status;
	if (search_files_hold(files, SEARCH_BEST))
		status = set_aside(files, err);
	if (status == CLN_OK)
		status = search_files_path(path, files, SEARCH_CONFIG, err);
	if (status == CLN_OK)
		status = io_replace_file(path, config->bytes, config->length, err);
	return status;
}

/* The figures of run.json. */
static enum cln_status read_run(struct search_refit *refit, const struct search_files *files, struct cln_error *err)
{
	const struct json *record = NULL;
	char path[RUN_PATH], *bytes;
	struct cln_error why;
	size_t length;
	enum cln_status status = search_files_path(path, files, SEARCH_BEST "/run.json", err);

	if (status == CLN_OK)
		status = io_read_file(&bytes, &length, path, RUN_RECORD_LIMIT, err);
	if (status != CLN_OK)
		return status;
	status = json_parse(&record, bytes, length, &why);
	if (status == CLN_OK)
		status = run_files_metrics(&refit->valid, record, "valid", &why);
	if (status == CLN_OK)
		status = run_files_metrics(&refit->test, record, "test", &why);
	refit->done = status == CLN_OK;
	json_free(record);
	mem_free(bytes);
	return status == CLN_OK ? CLN_OK : error_set(err, status, "%s: %s", path, why.message);
}

/* ---------------------------------------------------------------- the training */

/* "--threads=2": as it is in force. */
#define MOST_WORDS 12
struct words {
	char texts[MOST_WORDS][RUN_PATH + 64];
	char *argv[MOST_WORDS];
	int n;
};

static void add_word(struct words *words, const char *option, const char *value)
{
	snprintf(words->texts[words->n], sizeof words->texts[0], "--%s%s%s", option, *value ? "=" : "", value);
	words->argv[words->n] = words->texts[words->n];
	words->n++;
}

static enum cln_status make_words(struct words *words, const struct search_files *files, struct cln_error *err)
{
	static const char *const kept[] = {"threads", "progress", "checkpoint-every", "requeue-exit"};
	char value[OPTION_VALUE], path[RUN_PATH];
	enum cln_status status = search_files_path(path, files, SEARCH_CONFIG, err);

	if (status != CLN_OK)
		return status;
	add_word(words, "config", path);
	status = search_files_path(path, files, SEARCH_BEST, err);
	add_word(words, "out", path);
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		options_value(value, files->options, options_find(files->options->command, kept[i]));
		add_word(words, kept[i], value);
	}
	/* Else what is in it is of a winner before, or of a run that was cut off: it goes away at the end. */
	if (search_files_hold(files, SEARCH_BEST "/" RUN_CHECKPOINT))
		add_word(words, "resume", "auto");
	else if (search_files_hold(files, SEARCH_BEST))
		add_word(words, "force", "");
	add_word(words, "", ""); /* "--": DATA may begin with a dash */
	snprintf(words->texts[words->n], sizeof words->texts[0], "%s", files->options->operands[0]);
	words->argv[words->n] = words->texts[words->n];
	words->n++;
	return status;
}

/* colonnade train DATA --config DIR/best.conf --out DIR/best */
static enum cln_status train(struct search_refit *refit, const struct search_files *files, struct cln_error *err)
{
	struct words words = {.n = 0};
	struct options options;
	enum cln_status status = make_words(&words, files, err);

	if (status != CLN_OK)
		return status;
	status = options_parse(&options, options_find_command("train"), words.n, words.argv, err);
	if (status == CLN_OK)
		refit->code = cmd_train(&options);
	options_free(&options);
	return status;
}

/* A run that is finished has a model and a record, and no checkpoint.  After a failed write it may have the model alone. */
static bool is_finished(const struct search_files *files)
{
	return search_files_hold(files, SEARCH_BEST "/model.safetensors") && search_files_hold(files, SEARCH_BEST "/run.json") &&
	       !search_files_hold(files, SEARCH_BEST "/" RUN_CHECKPOINT);
}

static enum cln_status fit_winner(struct search_refit *refit, const struct search_files *files, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	if (!files->options->refit)
		return CLN_OK;
	if (!is_finished(files))
		status = train(refit, files, err);
	else
		fprintf(stderr, "%s/" SEARCH_BEST " is finished: %s/" SEARCH_BEST "/model.safetensors\n", files->folder,
			files->folder);
	return status == CLN_OK && refit->code == 0 ? read_run(refit, files, err) : status;
}

/* The lock of the winner; another job that has it for the same winner is left alone. */
static enum cln_status take_lock(struct search_refit *refit, const struct search_files *files, const struct text *config,
				 struct cln_error *err)
{
	bool ours = false;
	size_t times = 0;

	while (!ours && !refit->elsewhere) {
		enum cln_status status = search_files_lock(&ours, files, SEARCH_REFIT, err);
		if (status == CLN_OK && !ours)
			status = is_same_config(&refit->elsewhere, files, config, err);
		if (status != CLN_OK)
			return status;
		if (!ours && !refit->elsewhere && search_wait(&times))
			return error_set(err, CLN_STOPPED, "stopped by %s while another job trains the best trial that it knew of; "
					 "the same command goes on", interrupt_reason());
	}
	return CLN_OK;
}

enum cln_status search_refit_lock(struct search_refit *refit, const struct search_files *files, size_t trial, struct cln_error *err)
{
	struct text config = {0};
	enum cln_status status = search_refit_config(&config, files, trial, err);

	*refit = (struct search_refit){0};
	if (status == CLN_OK)
		status = take_lock(refit, files, &config, err);
	text_free(&config);
	return status;
}

enum cln_status search_refit(struct search_refit *refit, const struct search_files *files, size_t trial, bool complete,
			     struct cln_error *err)
{
	struct text config = {0};
	enum cln_status status = search_refit_config(&config, files, trial, err);

	if (status == CLN_OK)
		status = write_config(files, &config, err);
	if (status == CLN_OK)
		status = fit_winner(refit, files, err);
	if (status == CLN_OK && complete)
		status = search_files_clean(files, err);
	search_files_unlock(files, SEARCH_REFIT);
	text_free(&config);
	return status;
}
