/* SPDX-License-Identifier: MIT
 * Trains and frees CYCLES models through the library, from one process: what the process holds is flat.
 *   cycles CYCLES
 * Each cycle makes a table, fits, predicts, evaluates, saves, loads and describes, now and then with an error in it.  Prints the
 * resident memory after a tenth of the cycles and at the end, without mapped files, which come and go with the page cache; exit
 * code 1 where it grew by more than MOST_GROWTH. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "colonnade.h"

#define MOST_GROWTH ((size_t)512 << 10) /* bytes: what an allocator's lists may move about; 10,000 lost blocks are more */
enum { ROWS = 40, COLUMNS = 3 };

/* Of the whole process, in bytes; 0 where Linux does not tell. */
static size_t resident(void)
{
	unsigned long total = 0, pages = 0, of_files = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%lu %lu %lu", &total, &pages, &of_files) != 3 || of_files > pages)
		pages = of_files = 0;
	fclose(file);
	return (pages - of_files) * (size_t)sysconf(_SC_PAGESIZE);
}

static void fill(float cells[ROWS * COLUMNS], int cycle)
{
	for (int i = 0; i < ROWS; i++) {
		cells[i * COLUMNS] = (float)((i * 7 + cycle) % 11);
		cells[i * COLUMNS + 1] = (float)(i % 5);
		cells[i * COLUMNS + 2] = (float)((i * 7 + cycle) % 11 > 4);
	}
}

/* What every program that uses the library does; the first error ends it. */
static enum cln_status use_model(const struct cln_model *model, const struct cln_table *table, const char *path,
                                 struct cln_error *err)
{
	struct cln_model *loaded = NULL;
	struct cln_metrics metrics;
	char *text = NULL;
	float probabilities[ROWS];
	enum cln_status status = cln_model_save(model, path, err);
	if (status == CLN_OK)
		status = cln_model_load(&loaded, path, err);
	if (status == CLN_OK)
		status = cln_model_predict(loaded, table, 2, probabilities, NULL, err);
	if (status == CLN_OK)
		status = cln_model_evaluate(loaded, table, 2, &metrics, NULL, err);
	if (status == CLN_OK)
		status = cln_model_describe(loaded, true, &text, err);
	cln_free(text);
	cln_model_destroy(loaded);
	return status;
}

/* Every seventh cycle asks for what cannot be, and must fail. */
static bool one_cycle(int cycle, const char *path)
{
	static const char *const names[] = {"a", "b", "y"};
	struct cln_table *table = NULL;
	struct cln_model *model = NULL;
	struct cln_config config;
	struct cln_error err = {0};
	float cells[ROWS * COLUMNS];
	bool wrong = cycle % 7 == 6;
	fill(cells, cycle);
	enum cln_status status = cln_config_recipe(&config, "plain", &err);
	config.epochs = 1;
	config.n_hidden = 1;
	config.hidden[0] = 4;
	config.batch_size = 8;
	config.threads = 1 + cycle % 2;
	config.label = wrong ? "absent" : "y";
	if (status == CLN_OK)
		status = cln_table_create(&table, cells, ROWS, COLUMNS, names, &err);
	if (status == CLN_OK)
		status = cln_model_fit(&model, table, NULL, NULL, NULL, &config, NULL, NULL, &err);
	if (status == CLN_OK)
		status = use_model(model, table, path, &err);
	cln_model_destroy(model);
	cln_table_destroy(table);
	if ((status == CLN_OK) == wrong)
		fprintf(stderr, "cycle %d: %s\n", cycle, wrong ? "a column that is not there was found" : err.message);
	return (status == CLN_OK) != wrong;
}

int main(int argc, char **argv)
{
	char path[] = "/tmp/cycles.XXXXXX";
	int cycles = argc == 2 ? atoi(argv[1]) : 0, file = mkstemp(path);
	size_t early = 0;
	bool right = cycles >= 10 && file >= 0 && close(file) == 0;
	for (int i = 0; i < cycles && right; i++) {
		right = one_cycle(i, path);
		if (i == cycles / 10)
			early = resident();
	}
	size_t late = resident();
	unlink(path);
	printf("%d cycles of train, save, load, predict, evaluate, free: %zu kB resident after a tenth, %zu kB at the end\n",
	       cycles, early >> 10, late >> 10);
	return right && late <= early + MOST_GROWTH ? 0 : 1;
}
