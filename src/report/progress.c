/* SPDX-License-Identifier: MIT */
#include "report/progress.h"

#include "base/parallel.h"
#include "base/utf8.h"
#include "report/evaluation.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A run of more epochs than this writes a line at most every LINE_SECONDS. */
#define ALL_LINES 50
#define LINE_SECONDS 2.0
#define MIN_BAR_WIDTH 50
#define BAR_CELLS 24
#define LATEST_TEXT 64

static const char *const progress_words[] = {"auto", "bar", "lines", "none"};
const struct name_table names_progress = {progress_words, 4};

/* Columns of the terminal behind `out`; 0: it is none, or one that cannot move its cursor. */
static int terminal_width(FILE *out)
{
	const char *term = getenv("TERM");
	struct winsize size = {0};
	int fd = fileno(out);

	if (fd < 0 || !isatty(fd) || !term || strcmp(term, "dumb") == 0)
		return 0;
	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void progress_open(struct progress *progress, FILE *out, enum progress_mode mode, const struct cln_config *config)
{
	const char *no_color = getenv("NO_COLOR");
	int width = terminal_width(out);

	setvbuf(out, NULL, _IOFBF, 0); /* what belongs together is written at once, by fflush */
	*progress = (struct progress){.out = out, .config = config, .mode = mode, .width = width, .now = clock_seconds};
	if (mode == PROGRESS_AUTO)
		progress->mode = width >= MIN_BAR_WIDTH ? PROGRESS_BAR : PROGRESS_LINES;
	if (mode == PROGRESS_BAR && width == 0)
		progress->width = 80;
	progress->colour = width > 0 && !(no_color && *no_color);
}

void progress_short_number(char text[PROGRESS_NUMBER], double value)
{
	static const char units[] = " kMGT";
	size_t unit = 0;

	/* 999.5 is shown as 1000: one unit up. */
	while (value >= 999.5 && unit < sizeof units - 2) {
		value /= 1000;
		unit++;
	}
	int digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
	snprintf(text, PROGRESS_NUMBER, "%.*f%.*s", digits, value, unit > 0, &units[unit]);
}

/* ---------------------------------------------------------------- the facts before */

static void print_layers(FILE *out, const struct cln_fit_start *start)
{
	for (size_t l = 0; l <= start->n_layers; l++)
		fprintf(out, "%s%zu", l ? "-" : "", start->n[l]);
}

/* A text of the table, so that nothing in it steers the terminal. */
static void print_visible(FILE *out, const char *before, const char *text)
{
	fputs(before, out);
	while (*text) {
		size_t n = utf8_control(text);
		fputc(n ? '?' : *text, out);
		text += n ? n : 1;
	}
}

static void print_data(FILE *out, const struct cln_fit_start *start)
{
	fprintf(out, "data      %zu rows to train on", start->train_rows);
	if (start->folds)
		fprintf(out, " in %zu folds, of which each member validates on one and trains on the others", start->folds);
	else if (start->valid_rows)
		fprintf(out, ", %zu to validate", start->valid_rows);
	if (start->test_rows)
		fprintf(out, ", %zu to test", start->test_rows);
	if (start->dropped_rows)
		fprintf(out, "; %zu dropped (weight 0)", start->dropped_rows);
	fprintf(out, "\ncolumns   %zu: %zu numeric, %zu categorical; %zu missing cells; %zu features\n", start->table_columns,
		start->numeric_columns, start->categorical_columns, start->missing_cells, start->n_features);
	print_visible(out, "label     ", start->label);
	print_visible(out, ": \"", start->positive);
	fprintf(out, "\" is positive (%.3g %%)%s", 100 * start->positive_rate,
		start->positive_was_chosen ? ", being the greater (--positive chooses)" : "");
	print_visible(out, ", \"", start->negative);
	fprintf(out, "\" negative\n");
}

static void print_training(FILE *out, const struct cln_config *config, const struct cln_fit_start *start)
{
	fprintf(out, "network   ");
	print_layers(out, start);
	fprintf(out, ", %s, %zu parameters",
		config->n_hidden ? name_of(&names_activation, (int)config->activation) : "logistic regression", start->n_params);
	if (start->members > 1)
		fprintf(out, "; an ensemble of %zu", start->members);
	fputc('\n', out);
	fprintf(out, "training  %s, rate %g %s, batch %zu in blocks of %zu, at most %zu epoch%s",
		name_of(&names_optimizer, (int)config->optimizer), start->learning_rate,
		name_of(&names_schedule, (int)config->schedule), start->batch_size, start->block_size, start->epochs,
		start->epochs == 1 ? "" : "s");
	if (config->patience && start->valid_rows && config->patience_factor > 0)
		fprintf(out, " (ends after %zu + %g x best epoch without a better %s)", config->patience, config->patience_factor,
			name_of(&names_metric, (int)config->metric));
	else if (config->patience && start->valid_rows)
		fprintf(out, " (ends after %zu without a better %s)", config->patience,
			name_of(&names_metric, (int)config->metric));
	fprintf(out, "\nthreads   %d of %d allowed (%s), %s kernels", start->threads, start->threads_allowed, start->threads_rule,
		start->isa);
	if (start->ranks > 1)
		fprintf(out, "; %d ranks share every mini-batch", start->ranks);
	if (start->lanes > 1)
		fprintf(out, "; %zu members at a time", start->lanes);
	fprintf(out, "\n\n");
}

void progress_start(struct progress *progress, const struct cln_fit_start *start)
{
	progress->valid = start->valid_rows > 0;
	progress->epochs = start->epochs;
	progress->side_by_side = start->lanes > 1;
	progress->members = progress->side_by_side ? start->members : 0;
	progress->member = progress->epochs_before = progress->all_epochs = 0;
	progress->last[0] = progress->latest = (struct cln_epoch){0};
	progress->epoch_start = progress->first_epoch_start = progress->now();
	progress->last_line = progress->epoch_start - LINE_SECONDS;
	if (progress->mode == PROGRESS_NONE || progress->label)
		return;
	print_data(progress->out, start);
	print_training(progress->out, progress->config, start);
	if (progress->epochs)
		fprintf(progress->out, "%s%6s  %10s%s  %9s  %7s\n", progress->side_by_side ? "member  " : "", "epoch", "train loss",
			progress->valid ? "  valid loss  valid AUC" : "", "rate", "rows/s");
	fflush(progress->out);
}

/* ---------------------------------------------------------------- the bar */

/* The bar is a whole line and the cursor stands below it, so that a program that is killed leaves nothing half written. */
void progress_clear(struct progress *progress)
{
	if (!progress->bar_drawn)
		return;
	fputs("\033[1A\033[2K", progress->out);
	progress->bar_drawn = false;
}

static void seconds_text(char text[32], double seconds)
{
	long whole = (long)(seconds + 0.5);

	if (whole >= 3600)
		snprintf(text, 32, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
	else
		snprintf(text, 32, "%ld:%02ld", whole / 60, whole % 60);
}

/* Time left if all epochs of all members are run and each takes as long as those before. */
static double seconds_left(const struct progress *progress, double done, double left)
{
	const double spent = progress->now() - progress->first_epoch_start;

	return done > 0 ? spent / done * left : 0;
}

/* "  loss 0.3012  AUC 0.9137": of the epoch that ended last; with validation rows their loss and AUC. */
static void latest_text(char text[LATEST_TEXT], const struct progress *progress)
{
	const struct cln_epoch *epoch = &progress->latest;

	char auc[EVALUATION_VALUE];

	text[0] = '\0';
	evaluation_short_auc(auc, epoch->valid.auc);
	if (epoch->epoch > 0 && progress->valid)
		snprintf(text, LATEST_TEXT, "  loss %.4g  AUC %s", epoch->valid.log_loss, auc);
	else if (epoch->epoch > 0)
		snprintf(text, LATEST_TEXT, "  loss %.4g", epoch->train_loss);
}

/* The bar's line in its forms, the first that fits the terminal is taken; the last is cut where it does not. */
static const struct {
	int cells;
	bool latest;
	const char *before_left, *after_left;
} forms[] = {{24, true, "at most ", " left"},  {12, true, "at most ", " left"},  {8, true, "<", " left"},
	     {24, false, "at most ", " left"}, {12, false, "at most ", " left"}, {8, false, "<", " left"},
	     {4, false, "<", " left"}};
enum { N_FORMS = sizeof forms / sizeof *forms };

static void draw_bar(struct progress *progress, const char *what, double share, double speed, double seconds)
{
	char cells[BAR_CELLS + 1], speed_text[PROGRESS_NUMBER], left[32], latest[LATEST_TEXT], line[320];
	int length = progress->width;

	latest_text(latest, progress);
	progress_short_number(speed_text, speed);
	seconds_text(left, seconds);
	for (size_t f = 0; f < N_FORMS && length >= progress->width; f++) {
		for (int i = 0; i < forms[f].cells; i++)
			cells[i] = (i + 0.5) / forms[f].cells < share ? '#' : '.';
		length = snprintf(line, sizeof line, "%s  %.*s %3.0f %%%s  %s rows/s  %s%s%s", what, forms[f].cells, cells,
				  100 * share, forms[f].latest ? latest : "", speed_text, forms[f].before_left, left,
				  forms[f].after_left);
	}
	progress_clear(progress);
	fprintf(progress->out, "%.*s\n", progress->width - 1, line);
	progress->bar_drawn = true;
	fflush(progress->out);
}

static const char *label_of(const struct progress *progress)
{
	return progress->label ? progress->label : "";
}

/* The epoch of the only network, or of the member whose turn it is. */
static void draw_epoch(struct progress *progress, size_t epoch, size_t rows_done, size_t rows)
{
	const double share = rows ? (double)rows_done / (double)rows : 1, spent = progress->now() - progress->epoch_start;
	const double of_member = (double)(epoch - 1) + share;
	const size_t members_left = progress->members ? progress->members - progress->member : 1;
	char what[160], member[64] = "";

	if (progress->members)
		snprintf(member, sizeof member, "member %zu/%zu  ", progress->member + 1, progress->members);
	snprintf(what, sizeof what, "%s%sepoch %zu of %zu", label_of(progress), member, epoch, progress->epochs);
	draw_bar(progress, what, share, spent > 0 ? (double)rows_done / spent : 0,
		 seconds_left(progress, (double)progress->epochs_before + of_member,
			      (double)(members_left * progress->epochs) - of_member));
}

/* All epochs of all members, as far as they have ended. */
static void draw_all(struct progress *progress, size_t rows)
{
	const double done = (double)progress->all_epochs, all = (double)(progress->members * progress->epochs);
	const double spent = progress->now() - progress->first_epoch_start;
	char what[160];

	snprintf(what, sizeof what, "%sepoch %zu of %zu of %zu members", label_of(progress), progress->all_epochs,
		 progress->members * progress->epochs, progress->members);
	draw_bar(progress, what, all > 0 ? done / all : 1, spent > 0 ? done * (double)rows / spent : 0,
		 seconds_left(progress, done, all - done));
}

void progress_batch(struct progress *progress, size_t epoch, size_t rows_done, size_t rows)
{
	if (progress->mode != PROGRESS_BAR)
		return;
	if (progress->side_by_side)
		draw_all(progress, rows);
	else
		draw_epoch(progress, epoch, rows_done, rows);
}

/* ---------------------------------------------------------------- a line an epoch */

/* Ten columns wide, also for the losses of a run that is about to diverge. */
static void print_loss(FILE *out, double loss)
{
	fprintf(out, loss < 1e4 ? "  %10.5f" : "  %10.3g", loss);
}

static void print_epoch(struct progress *progress, const struct cln_epoch *epoch)
{
	char speed[PROGRESS_NUMBER], auc[EVALUATION_VALUE];

	progress_clear(progress);
	progress_short_number(speed, epoch->rows_per_second);
	if (progress->side_by_side) {
		char member[32];
		snprintf(member, sizeof member, "%zu/%zu", epoch->member + 1, progress->members);
		fprintf(progress->out, "%6s  ", member);
	}
	fprintf(progress->out, "%6zu", epoch->epoch);
	print_loss(progress->out, epoch->train_loss);
	if (progress->valid) {
		print_loss(progress->out, epoch->valid.log_loss);
		evaluation_value(auc, CLN_MEASURE_AUC, epoch->valid.auc, false);
		fprintf(progress->out, "  %9s", auc);
	}
	fprintf(progress->out, "  %9.3g  %7s%s%s%s\n", epoch->learning_rate, speed,
		epoch->best && progress->colour ? "\033[32m" : "", epoch->best ? "  *" : "",
		epoch->best && progress->colour ? "\033[0m" : "");
	fflush(progress->out);
	progress->last_line = progress->now();
}

/* Where the last line of a member was thinned out, and no line of it follows. */
static void print_pending(struct progress *progress)
{
	for (size_t k = 0; k < CLN_MAX_ENSEMBLE; k++) {
		if (progress->pending[k])
			print_epoch(progress, &progress->last[k]);
		progress->pending[k] = false;
	}
}

void progress_epoch(struct progress *progress, const struct cln_epoch *epoch)
{
	const size_t k = progress->side_by_side ? epoch->member : 0;

	progress->epoch_start = progress->now();
	progress->last[k] = *epoch;
	progress->latest = *epoch;
	progress->all_epochs++;
	if (progress->mode == PROGRESS_NONE || progress->label)
		return;
	progress->pending[k] = progress->epochs * (progress->members ? progress->members : 1) > ALL_LINES &&
			       epoch->epoch != epoch->epochs &&
			       progress->epoch_start - progress->last_line < LINE_SECONDS;
	if (!progress->pending[k])
		print_epoch(progress, epoch);
}

void progress_member(struct progress *progress, size_t member, size_t members)
{
	if (progress->side_by_side)
		return;
	print_pending(progress);
	if (progress->members)
		progress->epochs_before += progress->last[0].epoch;
	progress->last[0] = (struct cln_epoch){0};
	progress->member = member;
	progress->members = members;
	progress->epoch_start = progress->now();
	if (progress->mode == PROGRESS_NONE || progress->label)
		return;
	progress_clear(progress);
	fprintf(progress->out, "member %zu/%zu\n", member + 1, members);
	fflush(progress->out);
}

void progress_note(struct progress *progress, const char *sentence)
{
	progress_clear(progress);
	fprintf(progress->out, "note: %s\n", sentence);
	fflush(progress->out);
}

/* ---------------------------------------------------------------- the result */

static void print_metrics(FILE *out, const char *name, const struct cln_metrics *metrics)
{
	if (metrics->rows == 0)
		return;
	fprintf(out, "%-6s  %9zu", name, metrics->rows);
	evaluation_print_metrics(out, metrics);
	fputc('\n', out);
}

void progress_end(struct progress *progress, const struct cln_fit_summary *summary)
{
	char speed[PROGRESS_NUMBER];

	if (progress->mode == PROGRESS_NONE)
		return;
	print_pending(progress);
	progress_clear(progress);
	progress_short_number(speed, summary->rows_per_second);
	fprintf(progress->out, "\n%zu epoch%s", summary->epochs, summary->epochs == 1 ? "" : "s");
	if (summary->members > 1)
		fprintf(progress->out, " of %zu members", summary->members);
	fprintf(progress->out, " in %.2f s, %s rows/s", summary->seconds, speed);
	if (summary->members > 1)
		fprintf(progress->out, "; the model averages their probabilities");
	else if (progress->valid)
		fprintf(progress->out, "; the model is that of epoch %zu", summary->best_epoch);
	if (progress->config->calibration != CLN_CALIBRATE_NONE)
		fprintf(progress->out, "; temperature %.4g", summary->temperature);
	if (summary->threshold != 0.5)
		fprintf(progress->out, "; positive from a probability of %.4g on", summary->threshold);
	fprintf(progress->out, "\n\n%-6s  %9s  %8s  %8s  %8s\n", "", "rows", "log loss", "AUC", "accuracy");
	print_metrics(progress->out, "train", &summary->train);
	print_metrics(progress->out, "valid", &summary->valid);
	print_metrics(progress->out, "test", &summary->test);
	fputc('\n', progress->out);
	fflush(progress->out);
}
