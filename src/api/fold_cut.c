/* SPDX-License-Identifier: MIT */
#include "api/fold_cut.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/folds.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "data/text.h"

#define FIRST_PART 16 /* of random permutations: those of a fit's own splits are below */

/* ---------------------------------------------------------------- a column of groups */

/* Which value of a column each of the rows has: 0 .. n-1, the values ascending. */
struct groups {
	size_t n;
	uint32_t *of_row;    /* one a labelled row */
	const char **names;  /* lent: the values' texts */
};

static void groups_free(struct groups *groups)
{
	mem_free(groups->of_row);
	mem_free((void *)groups->names);
	*groups = (struct groups){0};
}

/* Texts are read of the column of that name, where nothing else wants it. */
static enum cln_status check_column(const struct column *column, const struct crossval *crossval, const char *name,
				    const char *option, struct cln_error *err)
{
	const char *weight = crossval->config->weight, *own = column->name;

	if (strcmp(own, name) != 0)
		return error_set(err, CLN_E_USAGE, "--%s %s: the column is wanted by its name, which is \"%s\"", option, name, own);
	if (strcmp(own, crossval->label.column) == 0)
		return error_set(err, CLN_E_USAGE, "--%s: column \"%s\" is the label", option, own);
	if (weight && &crossval->table->columns[table_find(crossval->table, weight)] == column)
		return error_set(err, CLN_E_USAGE, "--%s: column \"%s\" is the weight", option, own);
	if (column->ignored)
		return error_set(err, CLN_E_USAGE, "--%s: column \"%s\" is among the ignored ones; leave it out of --ignore (it is "
				 "no feature in any case)", option, own);
	if (column->type != COLUMN_CATEGORICAL)
		return error_set(err, CLN_E_USAGE, "--%s: column \"%s\" was read as numbers; leave it out of --numeric", option,
				 own);
	return CLN_OK;
}

static enum cln_status find_column(struct column **column, const struct crossval *crossval, const char *name, const char *option,
				   struct cln_error *err)
{
	const size_t c = table_find(crossval->table, name);

	if (c == SIZE_MAX)
		return error_set(err, CLN_E_DATA, "%s: there is no column \"%s\", which --%s names", crossval->table->source, name,
				 option);
	*column = &crossval->table->columns[c];
	return check_column(*column, crossval, name, option, err);
}

struct level {
	const char *text;
	double number;
	uint32_t code;
};

static int compare_numbers(const void *a, const void *b)
{
	const struct level *x = a, *y = b;

	return x->number != y->number ? (x->number < y->number ? -1 : 1) : x->code < y->code ? -1 : x->code > y->code;
}

/* The levels that rows have, in the order of their numbers where all are numbers, else as the column has them, by bytes. */
static enum cln_status rank_levels(struct groups *groups, uint32_t *rank_of_code, const struct column *column,
				   struct cln_error *err)
{
	struct level *levels = mem_alloc(column->n_levels, sizeof *levels, err);
	bool numbers = true;
	size_t n = 0;

	if (!levels)
		return CLN_E_MEMORY;
	for (size_t k = 0; k < column->n_levels; k++) {
		const char *text = column->levels[k];
		if (rank_of_code[k] == CROSSVAL_NONE)
			continue;
		levels[n] = (struct level){.text = text, .code = (uint32_t)k};
		numbers = text_to_double(&levels[n].number, text) && numbers;
		n++;
	}
	if (numbers)
		qsort(levels, n, sizeof *levels, compare_numbers);
	groups->n = n;
	groups->names = mem_alloc(n, sizeof *groups->names, err);
	for (size_t i = 0; i < n && groups->names; i++) {
		rank_of_code[levels[i].code] = (uint32_t)i;
		groups->names[i] = levels[i].text;
	}
	mem_free(levels);
	return groups->names ? CLN_OK : CLN_E_MEMORY;
}

/* Reads the column's values, and takes it from the features. */
static enum cln_status groups_read(struct groups *groups, struct crossval *crossval, const char *name, const char *option,
				   struct cln_error *err)
{
	char place[TABLE_PLACE];
	struct column *column = NULL;
	enum cln_status status = find_column(&column, crossval, name, option, err);

	*groups = (struct groups){0};
	if (status != CLN_OK)
		return status;
	uint32_t *rank_of_code = mem_alloc(column->n_levels, sizeof *rank_of_code, err);
	groups->of_row = rank_of_code ? mem_alloc(crossval->all.n, sizeof *groups->of_row, err) : NULL;
	if (!groups->of_row) {
		mem_free(rank_of_code);
		return CLN_E_MEMORY;
	}
	for (size_t k = 0; k < column->n_levels; k++)
		rank_of_code[k] = CROSSVAL_NONE;
	for (size_t i = 0; i < crossval->all.n && status == CLN_OK; i++) {
		const size_t row = crossval->all.rows[i];
		if (column->codes[row] == LEVEL_MISSING) {
			table_place(place, crossval->table, row, (size_t)(column - crossval->table->columns));
			status = error_set(err, CLN_E_DATA, "%s: a missing cell in column \"%s\", which --%s names", place,
					   column->name, option);
		} else {
			rank_of_code[column->codes[row]] = 0;
		}
	}
	if (status == CLN_OK)
		status = rank_levels(groups, rank_of_code, column, err);
	for (size_t i = 0; i < crossval->all.n && status == CLN_OK; i++)
		groups->of_row[i] = rank_of_code[column->codes[crossval->all.rows[i]]];
	mem_free(rank_of_code);
	if (status != CLN_OK)
		groups_free(groups);
	column->ignored = true;
	return status;
}

/* ---------------------------------------------------------------- the three ways */

static enum cln_status cut_stratified(uint32_t *fold_of, const struct crossval *crossval, size_t repeat, struct cln_error *err)
{
	struct folds folds;
	size_t n_positive = 0;

	for (size_t i = 0; i < crossval->all.n; i++)
		n_positive += crossval->all.y[i] > 0.5f;
	const size_t n_negative = crossval->all.n - n_positive, least = n_positive < n_negative ? n_positive : n_negative;
	if (least < crossval->K)
		return error_set(err, CLN_E_DATA, "%s: %zu folds, but the label \"%s\" has %zu row%s; take fewer --folds",
				 crossval->table->source, crossval->K,
				 n_positive < n_negative ? crossval->label.positive : crossval->label.negative, least,
				 least == 1 ? "" : "s");
	const enum cln_status status = folds_create(&folds, crossval->all.y, crossval->all.n, crossval->K, crossval->config->seed,
						    FIRST_PART + (uint32_t)repeat, err);
	if (status != CLN_OK)
		return status;
	memcpy(fold_of, folds.of_row, crossval->all.n * sizeof *fold_of);
	folds_free(&folds);
	return CLN_OK;
}

struct group {
	size_t n[2];       /* rows of each class */
	uint32_t number, order;
};

static int compare_sizes(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	const size_t m = x->n[0] + x->n[1], n = y->n[0] + y->n[1];

	return m != n ? (m > n ? -1 : 1) : x->order < y->order ? -1 : x->order > y->order;
}

/* counts: of every fold the rows of each class so far. */
static size_t best_fold(size_t (*counts)[2], size_t K, const struct group *group, const size_t all[2])
{
	double least = INFINITY;
	size_t best = 0;

	for (size_t k = 0; k < K; k++) {
		double most = 0;
		for (int c = 0; c < 2; c++)
			if (all[c] > 0)
				most = fmax(most, (double)(counts[k][c] + group->n[c]) / (double)all[c]);
		if (most < least) {
			least = most;
			best = k;
		}
	}
	return best;
}

/* fold_of_group: room for one a group. */
static enum cln_status deal_groups(uint32_t *fold_of_group, const struct crossval *crossval, const struct groups *groups,
				   size_t repeat, struct cln_error *err)
{
	struct group *list = mem_alloc(groups->n, sizeof *list, err);
	uint32_t *order = list ? mem_alloc(groups->n, sizeof *order, err) : NULL;
	size_t (*counts)[2] = order ? mem_alloc(crossval->K, sizeof *counts, err) : NULL, all[2] = {0, 0};
	struct rng rng;

	for (size_t i = 0; i < crossval->all.n && counts; i++) {
		list[groups->of_row[i]].n[crossval->all.y[i] > 0.5f]++;
		all[crossval->all.y[i] > 0.5f]++;
	}
	if (counts) {
		rng_start(&rng, crossval->config->seed, RNG_SPLIT, FIRST_PART + (uint32_t)repeat, 0);
		rng_permutation(order, groups->n, &rng);
		for (size_t g = 0; g < groups->n; g++) {
			list[g].number = (uint32_t)g;
			list[g].order = order[g];
		}
		qsort(list, groups->n, sizeof *list, compare_sizes);
	}
	for (size_t g = 0; g < groups->n && counts; g++) {
		const size_t k = best_fold(counts, crossval->K, &list[g], all);
		counts[k][0] += list[g].n[0];
		counts[k][1] += list[g].n[1];
		fold_of_group[list[g].number] = (uint32_t)k;
	}
	const enum cln_status status = counts ? CLN_OK : CLN_E_MEMORY;
	mem_free(counts);
	mem_free(order);
	mem_free(list);
	return status;
}

static enum cln_status cut_groups(uint32_t *fold_of, const struct crossval *crossval, const struct groups *groups, size_t repeat,
				  struct cln_error *err)
{
	if (groups->n < crossval->K)
		return error_set(err, CLN_E_DATA, "%s: %zu folds, but only %zu groups", crossval->table->source, crossval->K,
				 groups->n);
	uint32_t *fold_of_group = mem_alloc(groups->n, sizeof *fold_of_group, err);
	if (!fold_of_group)
		return CLN_E_MEMORY;
	const enum cln_status status = deal_groups(fold_of_group, crossval, groups, repeat, err);
	for (size_t i = 0; i < crossval->all.n && status == CLN_OK; i++)
		fold_of[i] = fold_of_group[groups->of_row[i]];
	mem_free(fold_of_group);
	return status;
}

/* ---------------------------------------------------------------- all repeats */

static enum cln_status cut_once(uint32_t *fold_of, const struct crossval *crossval, const struct crossval_folding *folding,
				const struct groups *groups, size_t repeat, struct cln_error *err)
{
	if (folding->column) {
		memcpy(fold_of, groups->of_row, crossval->all.n * sizeof *fold_of);
		return CLN_OK;
	}
	return folding->group ? cut_groups(fold_of, crossval, groups, repeat, err)
			      : cut_stratified(fold_of, crossval, repeat, err);
}

static enum cln_status cut_all(struct crossval *crossval, const struct crossval_folding *folding, const struct groups *groups,
			       struct cln_error *err)
{
	const size_t n_rows = crossval->table->n_rows;
	uint32_t *fold_of = mem_alloc(crossval->all.n, sizeof *fold_of, err);

	crossval->fold_of_row = fold_of ? mem_alloc(crossval->R * n_rows, sizeof *crossval->fold_of_row, err) : NULL;
	enum cln_status status = crossval->fold_of_row ? CLN_OK : CLN_E_MEMORY;
	for (size_t r = 0; r < crossval->R && status == CLN_OK; r++) {
		uint32_t *to = crossval->fold_of_row + r * n_rows;
		status = cut_once(fold_of, crossval, folding, groups, r, err);
		for (size_t row = 0; row < n_rows && status == CLN_OK; row++)
			to[row] = CROSSVAL_NONE;
		for (size_t i = 0; i < crossval->all.n && status == CLN_OK; i++)
			to[crossval->all.rows[i]] = fold_of[i];
	}
	mem_free(fold_of);
	return status;
}

enum cln_status fold_cut(struct crossval *crossval, const struct crossval_folding *folding, struct cln_error *err)
{
	const char *name = folding->column ? folding->column : folding->group;
	struct groups groups = {0};
	enum cln_status status = CLN_OK;

	if (folding->column && folding->group)
		return error_set(err, CLN_E_USAGE,
				 "--group and --fold-column: a column of folds says where every row goes; leave one of them out");
	if (name)
		status = groups_read(&groups, crossval, name, folding->column ? "fold-column" : "group", err);
	if (status != CLN_OK)
		return status;
	crossval->K = folding->column ? groups.n : folding->folds;
	crossval->R = folding->column ? 1 : folding->repeats;
	if (crossval->K < 2)
		status = error_set(err, CLN_E_DATA, "%s: column \"%s\" has one value, \"%.*s\"; two folds at least are needed",
				   crossval->table->source, name, utf8_cut(groups.names[0], 100), groups.names[0]);
	else if (crossval->K > CROSSVAL_MAX_FITS || crossval->R > CROSSVAL_MAX_FITS / crossval->K)
		status = error_set(err, CLN_E_USAGE, "%zu folds, %zu times over, are more than %d models", crossval->K, crossval->R,
				   CROSSVAL_MAX_FITS);
	else
		status = cut_all(crossval, folding, &groups, err);
	groups_free(&groups);
	return status;
}
