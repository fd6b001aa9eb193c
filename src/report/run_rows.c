/* SPDX-License-Identifier: MIT */
#include "report/run_rows.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define MOST_ROWS ((size_t)1 << 32)
#define MOST_WEIGHT 1e300

/* A list of numbers within low .. high. */
struct list {
	const char *key;
	double *values;
	size_t most; /* that there is room for */
	double low, high;
};

/* *n: how many there are; as many as before where *n is not SIZE_MAX. */
static enum cln_status read_list(size_t *n, const struct json *object, const struct list *list, struct cln_error *err)
{
	const struct json *array;
	size_t i = 0;
	enum cln_status status = json_get_array(&array, object, list->key, err);

	if (status != CLN_OK)
		return status;
	if (array->n > list->most || (*n != SIZE_MAX && array->n != *n))
		return error_set(err, CLN_E_DAMAGED, "\"%s\" has %zu numbers", list->key, array->n);
	for (const struct json *item = array->child; item; item = item->next) {
		if (item->type != JSON_NUMBER || !(item->number >= list->low && item->number <= list->high))
			return error_set(err, CLN_E_DAMAGED, "\"%s\" holds what is no number from %g to %g", list->key, list->low,
			                 list->high);
		list->values[i++] = item->number;
	}
	*n = array->n;
	return CLN_OK;
}

/* ---------------------------------------------------------------- measures */

static const struct json *member_of(const struct json *object, const char *of, enum cln_measure m)
{
	return json_get(json_get(object, of), cln_measure_name(m));
}

static enum cln_status read_interval(struct cln_estimate *estimate, const struct json *object, enum cln_measure m,
                                     struct cln_error *err)
{
	const struct json *pair = member_of(object, "intervals", m);

	estimate->low = estimate->high = NAN;
	if (!pair)
		return CLN_OK;
	if (pair->type != JSON_ARRAY || pair->n != 2)
		return error_set(err, CLN_E_DAMAGED, "the interval of \"%s\" is no pair", cln_measure_name(m));
	for (const struct json *end = pair->child; end; end = end->next)
		if (end->type != JSON_NUMBER && end->type != JSON_NULL)
			return error_set(err, CLN_E_DAMAGED, "the interval of \"%s\" holds what is no number", cln_measure_name(m));
	if (pair->child->type == JSON_NUMBER)
		estimate->low = pair->child->number;
	if (pair->child->next->type == JSON_NUMBER)
		estimate->high = pair->child->next->number;
	return CLN_OK;
}

static enum cln_status read_measure(struct cln_estimate *estimate, const struct json *object, enum cln_measure m,
                                    struct cln_error *err)
{
	const struct json *reason = member_of(object, "undefined", m);
	enum cln_status status = run_files_real(&estimate->value, object, cln_measure_name(m), -DBL_MAX, DBL_MAX, err);

	if (status == CLN_OK)
		status = read_interval(estimate, object, m, err);
	if (isnan(estimate->value))
		estimate->reason = reason && reason->type == JSON_STRING ? reason->string : "not known";
	return status;
}

static enum cln_status read_evaluation(struct run_rows *rows, const struct json *object, struct cln_error *err)
{
	struct cln_evaluation *evaluation = &rows->evaluation;
	const struct json *bootstrap;
	enum cln_status status = json_get_size(&evaluation->rows, object, "rows", 1, MOST_ROWS, err);

	for (int m = 0; m < CLN_N_MEASURES && status == CLN_OK; m++)
		status = read_measure(&evaluation->measures[m], object, (enum cln_measure)m, err);
	if (status == CLN_OK)
		status = json_get_number(&evaluation->weight, object, "weight", DBL_MIN, MOST_WEIGHT, err);
	if (status == CLN_OK)
		status = json_get_number(&evaluation->positive_weight, object, "positive_weight", 0, MOST_WEIGHT, err);
	if (status == CLN_OK)
		status = json_get_number(&evaluation->threshold, object, "threshold", 0, 1, err);
	if (status == CLN_OK)
		status = json_get_object(&bootstrap, object, "bootstrap", err);
	if (status == CLN_OK)
		status = json_get_size(&evaluation->replicates, bootstrap, "replicates", 0, MOST_ROWS, err);
	return status == CLN_OK ? json_get_string(&rows->seed, bootstrap, "seed", err) : status;
}

/* ---------------------------------------------------------------- curves and bins */

static enum cln_status read_curve(struct run_curve *curve, const struct json *object, const char *key, const char *x, const char *y,
                                  struct cln_error *err)
{
	const struct json *of;
	enum cln_status status = json_get_object(&of, object, key, err);

	curve->n = SIZE_MAX;
	if (status == CLN_OK)
		status = read_list(&curve->n, of, &(struct list){x, curve->x, RUN_FILES_POINTS, 0, 1}, err);
	if (status == CLN_OK)
		status = read_list(&curve->n, of, &(struct list){y, curve->y, RUN_FILES_POINTS, 0, 1}, err);
	return status;
}

static enum cln_status read_bins(struct run_rows *rows, const struct json *object, struct cln_error *err)
{
	const struct list lists[] = {{"weight", rows->bin_weight, RUN_FILES_BINS, 0, MOST_WEIGHT},
	                             {"mean_probability", rows->bin_probability, RUN_FILES_BINS, 0, 1},
	                             {"share_positive", rows->bin_positive, RUN_FILES_BINS, 0, 1}};
	const struct json *of;
	enum cln_status status = json_get_object(&of, object, "reliability", err);

	rows->n_bins = SIZE_MAX;
	for (size_t i = 0; i < 3 && status == CLN_OK; i++)
		status = read_list(&rows->n_bins, of, &lists[i], err);
	return status;
}

static enum cln_status read_scores(struct run_rows *rows, const struct json *object, struct cln_error *err)
{
	const struct list lists[] = {{"negative", rows->negative_scores, RUN_FILES_BINS, 0, MOST_WEIGHT},
	                             {"positive", rows->positive_scores, RUN_FILES_BINS, 0, MOST_WEIGHT}};
	const struct json *of;
	enum cln_status status = json_get_object(&of, object, "scores", err);

	rows->n_scores = SIZE_MAX;
	for (size_t i = 0; i < 2 && status == CLN_OK; i++)
		status = read_list(&rows->n_scores, of, &lists[i], err);
	return status;
}

enum cln_status run_rows_read(struct run_files *files, struct cln_error *err)
{
	static const char *const names[3] = {"test", "valid", "train"};
	const struct json *review = json_get(files->record, "review");
	enum cln_status status = CLN_OK;

	for (size_t i = 0; i < 3 && status == CLN_OK; i++) {
		const struct json *object = json_get(review, names[i]);
		struct run_rows *rows;

		if (!object || object->type == JSON_NULL)
			continue;
		rows = files->rows[i] = mem_alloc(1, sizeof *rows, err);
		if (!rows)
			return CLN_E_MEMORY;
		rows->name = names[i];
		status = read_evaluation(rows, object, err);
		if (status == CLN_OK)
			status = read_curve(&rows->roc, object, "roc", "fpr", "tpr", err);
		if (status == CLN_OK)
			status = read_curve(&rows->pr, object, "pr", "recall", "precision", err);
		if (status == CLN_OK)
			status = read_bins(rows, object, err);
		if (status == CLN_OK)
			status = read_scores(rows, object, err);
	}
	return status;
}

/* ---------------------------------------------------------------- columns */

static enum cln_status read_drift(struct cln_drift *drift, const struct json *object, const char *key, struct cln_error *err)
{
	const struct json *of = json_get(object, key);
	enum cln_status status = run_files_real(&drift->psi, of, "psi", 0, DBL_MAX, err);

	return status == CLN_OK ? run_files_real(&drift->by_chance, of, "by_chance", 0, DBL_MAX, err) : status;
}

static enum cln_status read_column(struct run_column *column, const struct json *object, struct cln_error *err)
{
	enum cln_status status = json_get_string(&column->name, object, "name", err);

	if (status == CLN_OK)
		status = json_get_string(&column->use, object, "use", err);
	if (status == CLN_OK)
		status = json_get_string(&column->type, object, "type", err);
	if (status == CLN_OK)
		status = json_get_size(&column->missing_cells, object, "missing_cells", 0, MOST_ROWS, err);
	if (status == CLN_OK)
		status = json_get_size(&column->levels, object, "levels", 0, MOST_ROWS, err);
	if (status == CLN_OK)
		status = read_drift(&column->valid, object, "drift_valid", err);
	return status == CLN_OK ? read_drift(&column->test, object, "drift_test", err) : status;
}

enum cln_status run_columns_read(struct run_files *files, struct cln_error *err)
{
	const struct json *list = json_get(files->record, "columns");
	enum cln_status status = CLN_OK;

	if (!list || list->type == JSON_NULL)
		return CLN_OK;
	if (list->type != JSON_ARRAY || list->n > RUN_FILES_COLUMNS)
		return error_set(err, CLN_E_DAMAGED, "\"columns\" is no list of at most %d", RUN_FILES_COLUMNS);
	files->columns = mem_alloc(list->n, sizeof *files->columns, err);
	if (!files->columns)
		return CLN_E_MEMORY;
	for (const struct json *item = list->child; item && status == CLN_OK; item = item->next)
		status = read_column(&files->columns[files->n_columns++], item, err);
	if (status == CLN_OK && json_get(files->record, "columns_left_out"))
		status = json_get_size(&files->columns_left_out, files->record, "columns_left_out", 0, MOST_ROWS, err);
	return status;
}
