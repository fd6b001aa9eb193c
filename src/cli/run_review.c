/* SPDX-License-Identifier: MIT */
#include "cli/run_review.h"

#include "api/columns.h"
#include "cli/check_text.h"
#include "report/evaluation.h"
#include "report/importance.h"

#include <math.h>
#include <string.h>

#define NAME_BYTES 200 /* of a column that run.json lists */

/* ---------------------------------------------------------------- the observer */

/* A longer name ends with an ellipsis in place of what is cut off. */
static char *copy_name(const char *name, struct cln_error *err)
{
	static const char ellipsis[] = "\xE2\x80\xA6";
	const size_t mark = strlen(ellipsis), length = strlen(name), n = columns_name_fitting(name, NAME_BYTES - mark);
	char cut[NAME_BYTES];

	if (length <= NAME_BYTES)
		return mem_copy(name, length, err);
	memcpy(cut, name, n);
	memcpy(cut + n, ellipsis, mark);
	return mem_copy(cut, n + mark, err);
}

static enum cln_status keep_column(struct run_review *review, const struct cln_column_summary *column, struct cln_error *err)
{
	const size_t n = review->n_kept, room = n ? 2 * n : 16;

	if (n == review->n_room) {
		if (mem_grow((void **)&review->columns, n, room, sizeof *review->columns, err) != CLN_OK)
			return CLN_E_MEMORY;
		review->n_room = room;
	}
	review->columns[n] = *column;
	review->columns[n].name = copy_name(column->name, err);
	if (!review->columns[n].name)
		return CLN_E_MEMORY;
	review->n_kept++;
	return CLN_OK;
}

void run_review_column(struct run_review *review, const struct cln_column_summary *column)
{
	review->n_columns++;
	if (review->n_kept < RUN_MOST_COLUMNS && review->failed.code == CLN_OK)
		review->failed.code = keep_column(review, column, &review->failed);
}

/* Rows learnt from are better than any others, which an interval would hide. */
void run_review_scored(struct run_review *review, enum cln_rows rows, const struct cln_scores *scores,
                       const struct cln_labels *labels, const struct cln_config *config)
{
	const struct cln_judging judging = {
	    .replicates = rows == CLN_ROWS_TRAIN ? 0 : CLN_AUTO, .seed = config->seed, .threads = config->threads};
	struct cln_error err;
	const enum cln_status status = review_compute(&review->rows[rows], scores, labels, &judging, &err);

	review->has[rows] = status == CLN_OK;
	if (status != CLN_OK)
		review->failed = err;
}

static enum cln_status keep_importance(struct run_review *review, const struct cln_importance *importance, struct cln_error *err)
{
	const size_t n = importance->n_columns < RUN_MOST_COLUMNS ? importance->n_columns : RUN_MOST_COLUMNS;
	struct cln_importance *kept = &review->importance;

	*kept = *importance;
	kept->n_columns = 0;
	kept->columns = mem_alloc(n, sizeof *kept->columns, err);
	if (!kept->columns)
		return CLN_E_MEMORY;
	for (size_t c = 0; c < n; c++) {
		kept->columns[c] = importance->columns[c];
		kept->columns[c].column = copy_name(importance->columns[c].column, err);
		if (!kept->columns[c].column)
			return CLN_E_MEMORY;
		kept->n_columns++;
	}
	review->importance_left_out = importance->n_columns - n;
	return CLN_OK;
}

void run_review_importance(struct run_review *review, enum cln_rows rows, const struct cln_importance *importance)
{
	review->importance_rows = rows;
	if (review->failed.code == CLN_OK)
		review->failed.code = keep_importance(review, importance, &review->failed);
}

/* ---------------------------------------------------------------- run.json */

static const char *const rows_keys[3] = {"train", "valid", "test"};

static void write_curve(struct json_writer *writer, const char *key, const char *x, const char *y,
                        const struct review_point *points, size_t n)
{
	json_begin_object(writer, key);
	json_doubles(writer, x, &points->x, n, sizeof *points);
	json_doubles(writer, y, &points->y, n, sizeof *points);
	json_end_object(writer);
}

static void write_bins(struct json_writer *writer, const struct review *review)
{
	json_begin_object(writer, "reliability");
	json_doubles(writer, "weight", &review->bins->weight, CALIBRATION_BINS, sizeof *review->bins);
	json_doubles(writer, "mean_probability", &review->bins->probability, CALIBRATION_BINS, sizeof *review->bins);
	json_doubles(writer, "share_positive", &review->bins->positive, CALIBRATION_BINS, sizeof *review->bins);
	json_end_object(writer);
}

static void write_scores(struct json_writer *writer, const struct review *review)
{
	json_begin_object(writer, "scores");
	json_doubles(writer, "negative", review->scores[0], REVIEW_SCORES, sizeof(double));
	json_doubles(writer, "positive", review->scores[1], REVIEW_SCORES, sizeof(double));
	json_end_object(writer);
}

/* A set of rows is a line, and so is a column, so that run.json stays readable. */
static void write_rows(struct json_writer *writer, const char *key, const struct review *review)
{
	const bool pretty = writer->pretty;

	json_begin_object(writer, key);
	writer->pretty = false;
	evaluation_write(writer, &review->evaluation);
	write_curve(writer, "roc", "fpr", "tpr", review->roc, review->n_roc);
	write_curve(writer, "pr", "recall", "precision", review->pr, review->n_pr);
	write_bins(writer, review);
	write_scores(writer, review);
	json_end_object(writer);
	writer->pretty = pretty;
}

static void write_drift(struct json_writer *writer, const char *key, const struct cln_drift *drift)
{
	if (isnan(drift->psi))
		return;
	json_begin_object(writer, key);
	json_double(writer, "psi", drift->psi);
	json_double(writer, "by_chance", drift->by_chance);
	json_end_object(writer);
}

static void write_column(struct json_writer *writer, const struct cln_column_summary *column)
{
	const bool pretty = writer->pretty;

	json_begin_object(writer, NULL);
	writer->pretty = false;
	json_string(writer, "name", column->name);
	json_string(writer, "use", check_use_words[column->use]);
	json_string(writer, "type", column->categorical ? "categorical" : "numeric");
	json_size(writer, "missing_cells", column->missing_cells);
	json_size(writer, "levels", column->levels);
	write_drift(writer, "drift_valid", &column->valid);
	write_drift(writer, "drift_test", &column->test);
	json_end_object(writer);
	writer->pretty = pretty;
}

static void write_importance(struct json_writer *writer, const struct run_review *review)
{
	if (review->importance.rows == 0)
		return;
	json_begin_object(writer, "importance");
	json_string(writer, "rows_of", rows_keys[review->importance_rows]);
	importance_write(writer, &review->importance);
	if (review->importance_left_out > 0)
		json_size(writer, "columns_left_out", review->importance_left_out);
	json_end_object(writer);
}

void run_review_write(struct json_writer *writer, const struct run_review *review)
{
	json_begin_object(writer, "review");
	for (size_t i = 0; i < 3; i++)
		if (review->has[i])
			write_rows(writer, rows_keys[i], &review->rows[i]);
	json_end_object(writer);
	write_importance(writer, review);
	json_begin_array(writer, "columns");
	for (size_t c = 0; c < review->n_kept; c++)
		write_column(writer, &review->columns[c]);
	json_end_array(writer);
	if (review->n_columns > review->n_kept)
		json_size(writer, "columns_left_out", review->n_columns - review->n_kept);
}

void run_review_free(struct run_review *review)
{
	for (size_t c = 0; c < review->n_kept; c++)
		mem_free((char *)review->columns[c].name);
	mem_free(review->columns);
	for (size_t c = 0; c < review->importance.n_columns; c++)
		mem_free((char *)review->importance.columns[c].column);
	mem_free(review->importance.columns);
	*review = (struct run_review){0};
}
