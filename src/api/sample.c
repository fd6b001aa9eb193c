/* SPDX-License-Identifier: MIT */
#include "api/sample.h"

#include "api/judge.h"
#include "base/cpus.h"
#include "kernels/dispatch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Multiply-adds that CLN_AUTO allows, some seconds of a core; what a row costs beside those; and the least rows. */
#define WORK 2e11
#define ROW_WORK 4096
#define LEAST_ROWS 1000

size_t sample_columns(const struct pipeline_column **columns, const struct pipeline *pipeline)
{
	size_t n = 0;

	for (size_t c = 0; c < pipeline->n_columns; c++)
		if (pipeline->columns[c].n_features > 0)
			columns[n++] = &pipeline->columns[c];
	return n;
}

size_t sample_count(const struct pipeline *pipeline)
{
	size_t n = 0;

	for (size_t c = 0; c < pipeline->n_columns; c++)
		n += pipeline->columns[c].n_features > 0;
	return n;
}

enum cln_status sample_scorer(struct model_scorer *made, const struct cln_model *model, int threads, struct cln_error *err)
{
	made->scorer = (struct scorer){.networks = made->networks,
					.K = model_networks(made->networks, model),
					.threads = threads,
					.temperature = model_temperature(model)};
	return kernels_select(&made->scorer.kernels, model->isa, err);
}

static int compare_rows(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void sample_draw(uint32_t *rows, size_t n, size_t of, uint64_t seed)
{
	struct rng rng;

	rng_start(&rng, seed, RNG_IMPORTANCE, 0, 0);
	if (n < of) {
		rng_permutation(rows, of, &rng);
		qsort(rows, n, sizeof *rows, compare_rows);
	} else {
		for (size_t i = 0; i < n; i++)
			rows[i] = (uint32_t)i;
	}
}

static size_t rows_wanted(size_t of, const struct cln_model *model, const struct cln_asked *asked, double work)
{
	const struct network *networks[CLN_MAX_ENSEMBLE];
	const size_t K = model_networks(networks, model);
	double a_row = 0;

	if (asked->rows != CLN_AUTO)
		return asked->rows > 0 && asked->rows < of ? asked->rows : of;
	for (size_t k = 0; k < K; k++)
		a_row += work * ((double)networks[k]->n_params + ROW_WORK);
	const double rows = fmax(LEAST_ROWS, WORK / a_row);
	return rows < (double)of ? (size_t)rows : of;
}

/* The labelled rows, or all, and of these the ones that are drawn, as numbers in the list of all. */
static enum cln_status choose_rows(struct sample *sample, struct labelled_rows *labelled, const struct cln_model *model,
				   const struct cln_table *table, const struct cln_asked *asked, double work, bool by_label,
				   struct cln_error *err)
{
	enum cln_status status = by_label ? judge_rows_read(labelled, table, model, err) : CLN_OK;

	if (status != CLN_OK)
		return status;
	sample->of = by_label ? labelled->n : table->n_rows;
	if (sample->of == 0)
		return error_set(err, CLN_E_DATA, "%s: there is no row", table->source);
	sample->n = rows_wanted(sample->of, model, asked, work);
	sample->rows = mem_alloc(sample->of, sizeof *sample->rows, err);
	if (!sample->rows)
		return CLN_E_MEMORY;
	sample_draw(sample->rows, sample->n, sample->of, asked->seed);
	return CLN_OK;
}

static enum cln_status make_room(struct sample *sample, const struct pipeline *pipeline, bool weighted, struct cln_error *err)
{
	sample->order = mem_alloc(sample->n, sizeof *sample->order, err);
	sample->cells = mem_alloc(sample_count(pipeline), sizeof *sample->cells, err);
	if (!sample->order || !sample->cells)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < sample->n; i++)
		sample->order[i] = (uint32_t)i;
	return dataset_create(&sample->data, sample->n, pipeline->n_features, weighted, err);
}

static void take_labels(struct sample *sample, const struct labelled_rows *labelled)
{
	for (size_t i = 0; i < sample->n; i++) {
		const uint32_t drawn = sample->rows[i];

		sample->rows[i] = labelled->rows[drawn];
		sample->data.y[i] = labelled->y[drawn];
		if (labelled->w)
			sample->data.w[i] = labelled->w[drawn];
	}
}

static enum cln_status read_features(struct sample *sample, const struct cln_model *model, const struct cln_table *table,
				     int threads, struct cln_error *err)
{
	struct pipeline_reader *reader;
	enum cln_status status = pipeline_reader_create(&reader, model->pipeline, table, sample->rows, sample->n, err);

	if (status != CLN_OK)
		return status;
	judge_report_extra(&sample->report, model, table, reader);
	for (size_t c = 0, n = sample_count(model->pipeline); c < n; c++)
		sample->cells[c] = (size_t)(pipeline_cells(reader, c) - table->columns);
	status = pipeline_read(sample->data.X, reader, sample->rows, 0, sample->n, threads, &sample->report, err);
	pipeline_reader_destroy(reader);
	return status;
}

enum cln_status sample_read(struct sample *sample, const struct cln_model *model, const struct cln_table *table,
			    const struct cln_asked *asked, double work, bool by_label, struct cln_error *err)
{
	struct labelled_rows labelled = {0};

	*sample = (struct sample){0};
	enum cln_status status = choose_rows(sample, &labelled, model, table, asked, work, by_label, err);
	if (status == CLN_OK)
		status = make_room(sample, model->pipeline, labelled.w != NULL, err);
	if (status == CLN_OK && by_label)
		take_labels(sample, &labelled);
	if (status == CLN_OK)
		status = read_features(sample, model, table, cpus_threads(asked->threads), err);
	labelled_rows_free(&labelled);
	return status;
}

enum cln_status sample_read_rows(struct sample *sample, const struct cln_model *model, const struct cln_table *table,
				 const uint32_t *rows, size_t n, int threads, struct cln_error *err)
{
	*sample = (struct sample){.n = n, .of = n};
	sample->rows = mem_alloc(n, sizeof *rows, err);
	enum cln_status status = sample->rows ? make_room(sample, model->pipeline, false, err) : CLN_E_MEMORY;
	if (status == CLN_OK) {
		memcpy(sample->rows, rows, n * sizeof *rows);
		status = read_features(sample, model, table, threads, err);
	}
	return status;
}

void sample_free(struct sample *sample)
{
	dataset_free(&sample->data);
	mem_free(sample->rows);
	mem_free(sample->order);
	mem_free(sample->cells);
	*sample = (struct sample){0};
}

enum cln_status sample_check_logits(const float *logits, size_t n, const uint32_t *rows, struct cln_error *err)
{
	for (size_t i = 0; i < n; i++)
		if (isnan(logits[i]))
			return error_set(err, CLN_E_DATA, "row %zu: the logit is not a number", (rows ? rows[i] : i) + 1);
	return CLN_OK;
}
