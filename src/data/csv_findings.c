/* SPDX-License-Identifier: MIT
 * All problems of a text, for colonnade check: where the reader would stop it goes on, with what is wrong written down.
 *
 * A row that has a problem leaves no trace: its cells are missing and not counted.  Where a row ends is told by the first pass,
 * which looks at quotes alone, so that also rows are passed that cannot be read to their end.  Behind a quote that is not closed,
 * or a field so long that one must be, no row is believed. */
#include "data/csv_parts.h"

#include <math.h>
#include <stdlib.h>

static const char *const kinds[N_PROBLEM_KINDS] = {
	[PROBLEM_RAGGED] = "number of fields",
	[PROBLEM_UTF8] = "not UTF-8",
	[PROBLEM_INFINITE] = "not finite",
	[PROBLEM_NOT_NUMBER] = "not a number",
	[PROBLEM_COMMA] = "decimal comma",
	[PROBLEM_DUPLICATE] = "column name twice",
	[PROBLEM_LABEL] = "no label in front",
	[PROBLEM_PAIR] = "not index:value",
	[PROBLEM_INDEX] = "index",
	[PROBLEM_ORDER] = "index order",
	[PROBLEM_VALUE] = "not a number",
	[PROBLEM_LARGE] = "not finite",
	[PROBLEM_QUERY] = "query",
	[PROBLEM_STRAY] = "text behind a quote",
	[PROBLEM_LONE_CR] = "carriage return",
	[PROBLEM_UNTERMINATED] = "unclosed quote",
	[PROBLEM_TOO_LONG] = "field too long",
};

/* ---------------------------------------------------------------- rows */

/* A worker's windows ascend, so that its first problems are all that can be among the first of all. */
static void keep(struct worker *worker, const struct problem *problem, size_t most)
{
	if (worker->n_found == most)
		return;
	if (worker->n_found == worker->found_capacity) {
		void *found = worker->found;
		const size_t capacity = worker->n_found ? 2 * worker->n_found : 16;

		worker->status = mem_grow(&found, worker->n_found, capacity, sizeof *worker->found, &worker->err);
		if (worker->status != CLN_OK)
			return;
		worker->found = found;
		worker->found_capacity = capacity;
	}
	worker->found[worker->n_found++] = *problem;
}

/* The second sweep is of columns whose texts are new to it: what else is wrong was found by the first. */
void csv_find(struct row_state *state, const struct problem *problem)
{
	const struct reader *reader = state->reader;

	state->ends = problem->kind != PROBLEM_UNTERMINATED && problem->kind != PROBLEM_TOO_LONG;
	reader->findings->bad_rows[state->row] = 1;
	if (reader->second_sweep && problem->kind != PROBLEM_UTF8)
		return;
	state->window->n_of_kind[problem->kind]++;
	keep(state->worker, problem, reader->findings->most);
}

static enum cln_status tell(const struct reader *reader, const struct problem *problem, struct cln_error *err)
{
	char sentence[CSV_SENTENCE];
	size_t line, column;

	csv_place(reader->source, problem->base_offset, problem->base_line, problem->offset, &line, &column);
	csv_sentence(sentence, reader, problem);
	return findings_add(reader->findings, kinds[problem->kind], line, column, sentence, err);
}

static int compare_problems(const void *a, const void *b)
{
	const struct problem *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Of all workers' problems in the windows up to `last`, those that come first. */
static enum cln_status tell_first(const struct reader *reader, size_t last, struct cln_error *err)
{
	size_t n_all = 0, n = 0;
	enum cln_status status = CLN_OK;

	for (int w = 0; w < reader->n_workers; w++)
		n_all += reader->workers[w].n_found;
	struct problem *all = mem_alloc(n_all, sizeof *all, err);
	if (!all)
		return CLN_E_MEMORY;
	for (int w = 0; w < reader->n_workers; w++) {
		struct worker *worker = &reader->workers[w];

		for (size_t i = 0; i < worker->n_found; i++)
			if ((worker->found[i].base_offset - reader->start) / reader->window_bytes <= last)
				all[n++] = worker->found[i];
		worker->n_found = 0; /* of a second sweep there are others */
	}
	if (n > 0)
		qsort(all, n, sizeof *all, compare_problems);
	for (size_t i = 0; i < n && i < reader->findings->most && status == CLN_OK; i++)
		status = tell(reader, &all[i], err);
	mem_free(all);
	return status;
}

enum cln_status csv_find_rows(const struct reader *reader, struct cln_error *err)
{
	struct findings *findings = reader->findings;
	size_t last = 0;

	while (last + 1 < reader->n_windows && !reader->windows[last].broken)
		last++;
	for (int kind = 0; kind < N_PROBLEM_KINDS; kind++) {
		size_t n = 0;

		for (size_t i = 0; i <= last; i++) {
			n += reader->windows[i].n_of_kind[kind];
			reader->windows[i].n_of_kind[kind] = 0;
		}
		findings_count(findings, kinds[kind] ? kinds[kind] : "", n);
	}
	findings->ended = reader->windows[last].broken;
	enum cln_status status = tell_first(reader, last, err);
	if (status == CLN_OK && findings->ended)
		return error_set(err, CLN_E_DATA, "%s cannot be read behind its last problem", reader->source->name);
	return status;
}

/* ---------------------------------------------------------------- cells that cannot be used */

static enum cln_status find_cell(const struct reader *reader, size_t row, size_t c, size_t *n_told,
				 size_t n_of_kind[N_PROBLEM_KINDS], struct cln_error *err)
{
	struct cursor *cursor = &reader->workers[0].cursor;
	struct problem problem;

	reader->findings->bad_rows[row] = 1;
	if (!csv_cell_problem(reader, cursor, &problem, row, c))
		return cursor->status != CLN_OK ? cursor_failure(cursor, err)
						: source_changed(reader->source, err);
	n_of_kind[problem.kind]++;
	if ((*n_told)++ >= reader->findings->most)
		return CLN_OK;
	return tell(reader, &problem, err);
}

/* Each cell is read again for what it is, up to so many of a column; the others count as the tallies say. */
static enum cln_status find_in_column(const struct reader *reader, size_t c, struct cln_error *err)
{
	struct column *column = &reader->table->columns[c];
	size_t n_told = 0, n_more = 0, n_of_kind[N_PROBLEM_KINDS] = {0}, n_infinite = 0;
	enum cln_status status = CLN_OK;

	for (size_t row = 0; row < reader->table->n_rows && status == CLN_OK; row++) {
		if (!csv_is_bad_cell(column, row))
			continue;
		if (n_told < reader->findings->most)
			status = find_cell(reader, row, c, &n_told, n_of_kind, err);
		else
			n_more++;
		reader->findings->bad_rows[row] = 1;
		if (column->type == COLUMN_NUMERIC)
			column->numbers[row] = NAN;
	}
	for (int w = 0; w < reader->n_workers; w++)
		n_infinite += reader->workers[w].tallies[c].n_infinite;
	if (column->type == COLUMN_CATEGORICAL) {
		n_of_kind[PROBLEM_COMMA] += n_more;
	} else {
		const size_t n = n_told + n_more;

		n_of_kind[PROBLEM_INFINITE] = n_infinite;
		n_of_kind[PROBLEM_NOT_NUMBER] = n - n_infinite;
	}
	for (int kind = 0; kind < N_PROBLEM_KINDS; kind++)
		findings_count(reader->findings, kinds[kind] ? kinds[kind] : "", n_of_kind[kind]);
	return status;
}

/* The tallies know nothing of rows that are forgotten. */
static void count_missing(struct column *column, size_t n_rows)
{
	column->n_missing = 0;
	for (size_t row = 0; row < n_rows && !column->ignored; row++)
		column->n_missing += column->type == COLUMN_NUMERIC ? isnan(column->numbers[row]) != 0
								    : column->codes[row] == LEVEL_MISSING;
}

enum cln_status csv_find_cells(const struct reader *reader, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	for (size_t c = 0; c < reader->n_columns && status == CLN_OK; c++)
		if (csv_has_bad_cells(reader, c))
			status = find_in_column(reader, c, err);
	for (size_t c = 0; c < reader->n_columns && findings_total(reader->findings) > 0; c++)
		count_missing(&reader->table->columns[c], reader->table->n_rows);
	return status;
}
