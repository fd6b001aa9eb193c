/* SPDX-License-Identifier: MIT
 * Rows of a table that a model is explained by: all, or some drawn at random, and their features. */
#ifndef API_SAMPLE_H
#define API_SAMPLE_H

#include "api/scores.h"
#include "model/model.h"

struct sample {
	size_t n, of;        /* rows, and how many there were to draw from */
	uint32_t *rows;      /* of the table, ascending */
	uint32_t *order;     /* 0 .. n-1: all rows of X */
	struct dataset data; /* X, and where they are asked for labels and weights */
	size_t *cells;       /* of each of sample_columns the table's column */
	struct cln_row_report report;
};

/* A model's networks, as a scorer that refers to it. */
struct model_scorer {
	const struct network *networks[CLN_MAX_ENSEMBLE];
	struct scorer scorer;
};
enum cln_status sample_scorer(struct model_scorer *made, const struct cln_model *model, int threads,
			      struct cln_error *err) CLN_MUST_CHECK;

/* As many rows as asked->rows says, a function of seed and table; CLN_AUTO: so many that `work` passes of each through all networks
 * are an amount that is fixed, at least 1000.  CLN_E_DATA: rows cannot be read, or there is none. */
enum cln_status sample_read(struct sample *sample, const struct cln_model *model, const struct cln_table *table,
			    const struct cln_asked *asked, double work, bool labelled, struct cln_error *err) CLN_MUST_CHECK;
void sample_free(struct sample *sample);

/* Rows that are named, in their order, in place of any that are drawn; the numbers are believed. */
enum cln_status sample_read_rows(struct sample *sample, const struct cln_model *model, const struct cln_table *table,
				 const uint32_t *rows, size_t n, int threads, struct cln_error *err) CLN_MUST_CHECK;

/* n numbers below `of`, ascending, drawn by (seed, RNG_IMPORTANCE, 0, 0); n = of: all.  rows: room for `of`. */
void sample_draw(uint32_t *rows, size_t n, size_t of, uint64_t seed);

/* CLN_E_DATA names the first row whose logit is not a number; NULL: those of the sample, 0 ... */
enum cln_status sample_check_logits(const float *logits, size_t n, const uint32_t *rows, struct cln_error *err) CLN_MUST_CHECK;

/* The columns of a pipeline that give features; how many there are. */
size_t sample_columns(const struct pipeline_column **columns, const struct pipeline *pipeline);
size_t sample_count(const struct pipeline *pipeline);

#endif
