/* SPDX-License-Identifier: MIT */
#include "report/run_importance.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define MOST 1e300 /* so that a difference is a number */

static enum cln_status read_end(double *end, const struct json *item, const char *key, struct cln_error *err)
{
	*end = NAN;
	if (item->type == JSON_NULL)
		return CLN_OK;
	if (item->type != JSON_NUMBER || !(fabs(item->number) <= MOST))
		return error_set(err, CLN_E_DAMAGED, "\"%s\" holds what is no number from %g to %g", key, -MOST, MOST);
	*end = item->number;
	return CLN_OK;
}

static enum cln_status read_estimate(struct cln_estimate *estimate, const struct json *object, const char *value,
                                     const char *interval, struct cln_error *err)
{
	const struct json *pair;
	enum cln_status status = run_files_real(&estimate->value, object, value, -MOST, MOST, err);

	if (status == CLN_OK)
		status = json_get_array(&pair, object, interval, err);
	if (status == CLN_OK && pair->n != 2)
		status = error_set(err, CLN_E_DAMAGED, "\"%s\" is no pair", interval);
	if (status == CLN_OK)
		status = read_end(&estimate->low, pair->child, interval, err);
	return status == CLN_OK ? read_end(&estimate->high, pair->child->next, interval, err) : status;
}

static enum cln_status read_column(struct cln_column_importance *column, const struct json *object, struct cln_error *err)
{
	enum cln_status status = json_get_string(&column->column, object, "column", err);

	if (status == CLN_OK)
		status = read_estimate(&column->log_loss, object, "log_loss_rise", "log_loss_interval", err);
	return status == CLN_OK ? read_estimate(&column->auc, object, "auc_fall", "auc_interval", err) : status;
}

static enum cln_status read_columns(struct run_files *files, const struct json *object, struct cln_error *err)
{
	struct cln_importance *importance = &files->importance;
	const struct json *list;
	enum cln_status status = json_get_array(&list, object, "columns", err);

	if (status == CLN_OK && list->n > RUN_FILES_COLUMNS)
		status = error_set(err, CLN_E_DAMAGED, "\"columns\" has %zu items", list->n);
	if (status != CLN_OK)
		return status;
	importance->columns = mem_alloc(list->n, sizeof *importance->columns, err);
	if (!importance->columns)
		return CLN_E_MEMORY;
	for (const struct json *item = list->child; item && status == CLN_OK; item = item->next)
		status = read_column(&importance->columns[importance->n_columns++], item, err);
	return status;
}

enum cln_status run_importance_read(struct run_files *files, struct cln_error *err)
{
	struct cln_importance *importance = &files->importance;
	const struct json *object = json_get(files->record, "importance");
	enum cln_status status;

	if (!object || object->type == JSON_NULL)
		return CLN_OK;
	status = json_get_string(&files->importance_of, object, "rows_of", err);
	if (status == CLN_OK)
		status = json_get_size(&importance->rows, object, "rows", 1, MOST_COUNT, err);
	if (status == CLN_OK)
		status = json_get_size(&importance->of, object, "of", 1, MOST_COUNT, err);
	if (status == CLN_OK)
		status = json_get_size(&importance->repeats, object, "repeats", 1, MOST_COUNT, err);
	if (status == CLN_OK)
		status = run_files_real(&importance->log_loss, object, "log_loss", 0, DBL_MAX, err);
	if (status == CLN_OK)
		status = run_files_real(&importance->auc, object, "auc", 0, 1, err);
	if (status == CLN_OK && json_get(object, "columns_left_out"))
		status = json_get_size(&files->importance_left_out, object, "columns_left_out", 0, MOST_COUNT, err);
	return status == CLN_OK ? read_columns(files, object, err) : status;
}
