/* SPDX-License-Identifier: MIT
 * How long predictions take through the library: loading a model, the first row, a row at a time, and many rows.
 *
 *   cc -O2 scripts/bench/latency.c -Iinclude libcolonnade.a $(OPENMP_CFLAGS) -lz -lm -o latency
 *   ./latency MODEL DATA [ROUNDS]
 *
 * Rounds interleave all measurements; the median and the best of the rounds are printed, in microseconds.  A row is text with its
 * header, read and predicted (as a service would get it), and the same rows as tables that are there already. */
#include <colonnade.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ONE_ROWS 200 /* rows that are asked one at a time in a round */
#define MOST_ROUNDS 1000

enum { LOAD, FIRST, TEXT, TABLE, MANY, N_MEASURED };
static const char *const labels[N_MEASURED] = {
	[LOAD] = "load the model", [FIRST] = "... and its first row", [TEXT] = "a row as text", [TABLE] = "a row as a table",
	[MANY] = "a row of many"};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static void check(enum cln_status status, const struct cln_error *err)
{
	if (status == CLN_OK)
		return;
	fprintf(stderr, "%s\n", err->message);
	exit(1);
}

static char *read_file(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	char *text = malloc((size_t)1 << 24);

	if (!file || !text) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(1);
	}
	*length = fread(text, 1, (size_t)1 << 24, file);
	fclose(file);
	return text;
}

/* texts[i]: the header and row i of the file. */
static size_t cut_rows(char *texts[ONE_ROWS], const char *text, size_t length)
{
	const char *header_end = memchr(text, '\n', length), *at = header_end ? header_end + 1 : NULL, *end = text + length;
	const size_t header = at ? (size_t)(at - text) : 0;
	size_t n = 0;

	while (at && at < end && n < ONE_ROWS) {
		const char *next = memchr(at, '\n', (size_t)(end - at));
		const size_t row = next ? (size_t)(next + 1 - at) : (size_t)(end - at);

		texts[n] = malloc(header + row + 1);
		memcpy(texts[n], text, header);
		memcpy(texts[n] + header, at, row);
		texts[n++][header + row] = '\0';
		at = next ? next + 1 : NULL;
	}
	return n;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	const size_t rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : 21;
	static double times[N_MEASURED][MOST_ROUNDS];
	struct cln_table *tables[ONE_ROWS], *table, *all;
	struct cln_model *model, *fresh;
	struct cln_error err;
	char *text, *texts[ONE_ROWS];
	size_t length, n;
	float *probabilities, probability;

	if (argc < 3 || rounds < 1 || rounds > MOST_ROUNDS) {
		fprintf(stderr, "latency MODEL DATA [ROUNDS]\n");
		return 2;
	}
	text = read_file(argv[2], &length);
	n = cut_rows(texts, text, length);
	check(cln_model_load(&model, argv[1], &err), &err);
	check(cln_table_read(&all, argv[2], NULL, &err), &err);
	probabilities = malloc(cln_table_rows(all) * sizeof *probabilities);
	for (size_t i = 0; i < n; i++)
		check(cln_table_read_text(&tables[i], texts[i], strlen(texts[i]), NULL, &err), &err);
	for (size_t r = 0; r < rounds; r++) {
		double start = now();

		check(cln_model_load(&fresh, argv[1], &err), &err);
		times[LOAD][r] = now() - start;
		start = now();
		check(cln_model_predict(fresh, tables[0], 1, &probability, NULL, &err), &err);
		times[FIRST][r] = now() - start;
		cln_model_destroy(fresh);
		start = now();
		for (size_t i = 0; i < n; i++) {
			check(cln_table_read_text(&table, texts[i], strlen(texts[i]), NULL, &err), &err);
			check(cln_model_predict(model, table, 1, &probability, NULL, &err), &err);
			cln_table_destroy(table);
		}
		times[TEXT][r] = (now() - start) / (double)n;
		start = now();
		for (size_t i = 0; i < n; i++)
			check(cln_model_predict(model, tables[i], 1, &probability, NULL, &err), &err);
		times[TABLE][r] = (now() - start) / (double)n;
		start = now();
		check(cln_model_predict(model, all, 1, probabilities, NULL, &err), &err);
		times[MANY][r] = (now() - start) / (double)cln_table_rows(all);
	}
	for (int m = 0; m < N_MEASURED; m++) {
		qsort(times[m], rounds, sizeof *times[m], compare);
		printf("%-24s %10.2f  %10.2f\n", labels[m], times[m][rounds / 2], times[m][0]);
	}
	return 0;
}
