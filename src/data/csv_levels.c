/* SPDX-License-Identifier: MIT
 * The texts that each worker met, to one list of levels a column in ascending byte order, and to codes that depend on no thread. */
#include "base/parallel.h"
#include "data/csv_parts.h"

/* A worker's own codes in a category, to levels. */
struct map {
	uint32_t *level;
	size_t n;
};

struct settling {
	struct reader *reader;
	struct map *maps; /* n_categories x n_workers */
};

static struct map *maps_of(const struct settling *settling, size_t category)
{
	return settling->maps + category * (size_t)settling->reader->n_workers;
}

/* All workers' texts into the first worker's dictionary; the maps receive the codes there. */
static enum cln_status unite(const struct reader *reader, size_t category, struct map *maps, struct cln_error *err)
{
	struct dictionary *all = &reader->workers[0].dictionaries[category];
	for (int w = 0; w < reader->n_workers; w++)
		maps[w].n = reader->workers[w].dictionaries[category].n;
	for (int w = 0; w < reader->n_workers; w++) {
		struct dictionary *from = &reader->workers[w].dictionaries[category];
		maps[w].level = mem_alloc(maps[w].n, sizeof *maps[w].level, err);
		if (!maps[w].level)
			return CLN_E_MEMORY;
		for (size_t i = 0; i < maps[w].n; i++) {
			const struct dictionary_entry *entry = &from->entries[i];
			maps[w].level[i] = (uint32_t)i;
			if (w > 0 && dictionary_add(all, &maps[w].level[i], entry->text, entry->length, entry->first_row,
						    entry->count, err) != CLN_OK)
				return CLN_E_MEMORY;
		}
		if (w > 0)
			dictionary_free(from);
	}
	return CLN_OK;
}

/* How many cells are no numbers, and the first of them. */
static void count_texts(struct column *column, const struct dictionary *all)
{
	float number;
	size_t first = SIZE_MAX;
	column->n_texts = 0;
	for (size_t i = 0; i < all->n; i++) {
		const struct dictionary_entry *entry = &all->entries[i];
		if (cell_classify(&number, entry->text, entry->length) != CELL_TEXT)
			continue;
		column->n_texts += entry->count;
		first = entry->first_row < first ? entry->first_row : first;
	}
	column->first_text_row = column->n_texts ? first : 0;
}

/* Sorts the united texts and carries the maps on to their ranks. */
static enum cln_status rank_levels(struct column *column, const struct dictionary *all, struct map *maps, int n_workers,
				   struct cln_error *err)
{
	uint32_t *rank = mem_alloc(all->n, sizeof *rank, err);
	const char **texts = mem_alloc(all->n, sizeof *texts, err);
	enum cln_status status = rank && texts ? dictionary_rank(all, rank, texts, err) : CLN_E_MEMORY;
	if (status == CLN_OK)
		status = column_set_levels(column, texts, all->n, err);
	for (int w = 0; status == CLN_OK && w < n_workers; w++)
		for (size_t i = 0; i < maps[w].n; i++)
			maps[w].level[i] = rank[maps[w].level[i]];
	mem_free(texts);
	mem_free(rank);
	return status;
}

static void settle_category(void *argument, size_t category, int tid)
{
	const struct settling *settling = argument;
	const struct reader *reader = settling->reader;
	struct worker *worker = &reader->workers[tid];
	size_t c = reader->categories[category];
	struct column *column = &reader->table->columns[c];
	struct dictionary *all = &reader->workers[0].dictionaries[category];
	struct map *maps = maps_of(settling, category);
	if (worker->status == CLN_OK)
		worker->status = unite(reader, category, maps, &worker->err);
	column->ignored = reader->few_levels && csv_has_too_many_levels(reader, all);
	if (!column->ignored && csv_has_too_many_levels(reader, all))
		csv_note_too_many_levels(worker, c);
	else if (!column->ignored && worker->status == CLN_OK)
		worker->status = rank_levels(column, all, maps, reader->n_workers, &worker->err);
	count_texts(column, all);
	dictionary_free(all);
}

static void recode_window(void *argument, size_t i, int tid)
{
	const struct settling *settling = argument;
	const struct reader *reader = settling->reader;
	const struct window *window = &reader->windows[i];
	(void)tid;
	for (size_t k = 0; k < reader->n_categories; k++) {
		const uint32_t *level = maps_of(settling, k)[window->worker].level;
		uint32_t *codes = reader->targets[reader->categories[k]].codes + window->first_row;
		for (size_t row = 0; row < window->n_rows; row++)
			if (codes[row] != LEVEL_MISSING)
				codes[row] = level[codes[row]];
	}
}

enum cln_status csv_settle_levels(struct reader *reader, struct cln_error *err)
{
	size_t n_maps;
	struct settling settling = {.reader = reader};
	if (!size_mul(&n_maps, reader->n_categories, (size_t)reader->n_workers))
		return error_set(err, CLN_E_MEMORY, "too many columns of text");
	settling.maps = mem_alloc(n_maps, sizeof *settling.maps, err);
	if (!settling.maps)
		return CLN_E_MEMORY;
	parallel_for(reader->n_workers, reader->n_categories, settle_category, &settling);
	enum cln_status status = csv_workers_status(reader, err);
	if (status == CLN_OK)
		parallel_for(reader->n_workers, reader->n_windows, recode_window, &settling);
	for (size_t i = 0; i < n_maps; i++)
		mem_free(settling.maps[i].level);
	mem_free(settling.maps);
	return status;
}
