/* SPDX-License-Identifier: MIT */
#include "data/findings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void findings_free(struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		mem_free(findings->items[i].sentence);
	mem_free(findings->items);
	mem_free(findings->bad_rows);
	*findings = (struct findings){.most = findings->most};
}

void findings_count(struct findings *findings, const char *kind, size_t n)
{
	size_t k = 0;

	if (n == 0)
		return;
	while (k < findings->n_kinds && strcmp(findings->counts[k].kind, kind) != 0)
		k++;
	assert(k < FINDING_KINDS);
	if (k == findings->n_kinds)
		findings->counts[findings->n_kinds++].kind = kind;
	findings->counts[k].n += n;
}

size_t findings_total(const struct findings *findings)
{
	size_t n = 0;

	for (size_t k = 0; k < findings->n_kinds; k++)
		n += findings->counts[k].n;
	return n;
}

enum cln_status findings_add(struct findings *findings, const char *kind, size_t line, size_t column, const char *sentence,
			     struct cln_error *err)
{
	struct finding *item;

	if (findings->n == findings->capacity) {
		void *items = findings->items;
		const size_t capacity = findings->capacity ? 2 * findings->capacity : 16;
		enum cln_status status = mem_grow(&items, findings->n, capacity, sizeof *findings->items, err);

		if (status != CLN_OK)
			return status;
		findings->items = items;
		findings->capacity = capacity;
	}
	item = &findings->items[findings->n];
	*item = (struct finding){kind, line, column, mem_copy(sentence, strlen(sentence), err)};
	if (!item->sentence)
		return CLN_E_MEMORY;
	findings->n++;
	return CLN_OK;
}

static int compare_findings(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return strcmp(x->sentence, y->sentence);
}

void findings_settle(struct findings *findings)
{
	if (findings->n > 0)
		qsort(findings->items, findings->n, sizeof *findings->items, compare_findings);
	while (findings->n > findings->most)
		mem_free(findings->items[--findings->n].sentence);
}

static bool is_earlier(const struct bad_cell *a, const struct bad_cell *b)
{
	return a->row != b->row ? a->row < b->row : a->column < b->column;
}

void bad_cells_add(struct bad_cells *bad, struct bad_cell cell)
{
	size_t at = bad->n;

	bad->n_all++;
	if (at == ERRORS_TOLD && !is_earlier(&cell, &bad->cells[--at]))
		return;
	for (; at > 0 && is_earlier(&cell, &bad->cells[at - 1]); at--)
		bad->cells[at] = bad->cells[at - 1];
	bad->cells[at] = cell;
	bad->n += bad->n < ERRORS_TOLD;
}

enum cln_status findings_good_rows(uint32_t **rows, size_t *n, const struct findings *findings, size_t n_rows,
				   struct cln_error *err)
{
	*n = 0;
	*rows = mem_alloc(n_rows, sizeof **rows, err);
	if (!*rows)
		return CLN_E_MEMORY;
	for (size_t row = 0; row < n_rows; row++)
		if (!findings_row_is_bad(findings, row))
			(*rows)[(*n)++] = (uint32_t)row;
	return CLN_OK;
}
