/* SPDX-License-Identifier: MIT */
#include "api/columns.h"

#include "api/notes.h"
#include "base/parallel.h"
#include "base/utf8.h"

#include <math.h>
#include <string.h>

/* Fewer cells than a team of threads takes to wake, which then spins through a training that needs none of them. */
#define FEW_CELLS ((size_t)1 << 18)

struct drifts {
	const struct columns_rows *rows;
	struct cln_drift *valid, *test; /* a column each */
};

static enum cln_column_use use_of(const struct columns_rows *rows, const struct column *column)
{
	if (strcmp(column->name, rows->label) == 0)
		return CLN_COLUMN_LABEL;
	if (column->ignored || (!rows->init && column_is_left_out(rows->train.table, column)))
		return CLN_COLUMN_IGNORED;
	return rows->weight && strcmp(column->name, rows->weight) == 0 ? CLN_COLUMN_WEIGHT : CLN_COLUMN_FEATURE;
}

static enum cln_status drift_body(void *argument, size_t c, int tid, struct cln_error *err)
{
	const struct drifts *drifts = argument;
	const struct columns_rows *rows = drifts->rows;
	enum cln_status status;

	(void)tid;
	drifts->valid[c] = drifts->test[c] = (struct cln_drift){NAN, NAN};
	if (use_of(rows, &rows->train.table->columns[c]) == CLN_COLUMN_IGNORED)
		return CLN_OK;
	status = drift_of_column(&drifts->valid[c], c, &rows->train, &rows->valid, err);
	return status == CLN_OK ? drift_of_column(&drifts->test[c], c, &rows->train, &rows->test, err) : status;
}

static void tell(const struct cln_observer *observer, const struct drifts *drifts)
{
	const struct columns_rows *rows = drifts->rows;

	for (size_t c = 0; c < rows->train.table->n_columns; c++) {
		const struct column *column = &rows->train.table->columns[c];
		const bool categorical = column->type == COLUMN_CATEGORICAL;
		const struct cln_column_summary summary = {.name = column->name,
		                                           .use = use_of(rows, column),
		                                           .categorical = categorical,
		                                           .missing_cells = column->n_missing,
		                                           .levels = categorical ? column->n_levels : 0,
		                                           .valid = drifts->valid[c],
		                                           .test = drifts->test[c]};

		observer->column(observer->context, &summary);
	}
}

enum cln_status columns_tell(const struct cln_observer *observer, const struct columns_rows *rows, int threads,
                             struct cln_error *err)
{
	const size_t n = rows->train.table->n_columns;
	const double cells = (double)n * (double)(rows->train.n + rows->valid.n + rows->test.n);
	struct drifts drifts = {.rows = rows};
	enum cln_status status;

	if (cells < FEW_CELLS || rows->valid.n + rows->test.n == 0)
		threads = 1;
	if (!observer || !observer->column)
		return CLN_OK;
	drifts.valid = mem_alloc(n, 2 * sizeof *drifts.valid, err);
	if (!drifts.valid)
		return CLN_E_MEMORY;
	drifts.test = drifts.valid + n;
	status = parallel_try(threads, n, drift_body, &drifts, err);
	if (status == CLN_OK)
		tell(observer, &drifts);
	mem_free(drifts.valid);
	return status;
}

size_t columns_name_fitting(const char *name, size_t limit)
{
	const size_t length = strlen(name);
	size_t n = 0;

	while (n < length) {
		const size_t sequence = utf8_sequence(name + n, length - n), next = n + (sequence ? sequence : 1);

		if (next > limit)
			break;
		n = next;
	}
	return n;
}
