/* SPDX-License-Identifier: MIT
 * Predictions from a C program: what the library needs, from a table in memory to many threads.
 *
 *   cc predict.c $(pkg-config --cflags --libs colonnade) -pthread -o predict
 *   ./predict                  trains a small model from numbers in memory, saves it, loads it and asks it
 *   ./predict MODEL DATA [N]   loads a model, predicts all rows of DATA, and prints the first N
 *
 * Every call that can fail returns a status and leaves a finished sentence in struct cln_error. */
#include <colonnade.h>

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- a model from numbers in memory */

#define N_ROWS 400
#define N_COLUMNS 3

/* Points of the unit square, and whether they lie within a circle; a gap now and then. */
static void make_rows(float *cells)
{
	for (int i = 0; i < N_ROWS; i++) {
		const int row = i / 20, column = i % 20;
		const float x = (float)column / 19, y = (float)row / 19;
		const float dx = x - 0.5f, dy = y - 0.5f;

		cells[i * N_COLUMNS] = i % 37 ? x : NAN; /* a missing cell */
		cells[i * N_COLUMNS + 1] = y;
		cells[i * N_COLUMNS + 2] = dx * dx + dy * dy < 0.1f;
	}
}

static enum cln_status train(struct cln_model **model, struct cln_error *err)
{
	static const char *const names[N_COLUMNS] = {"x", "y", "inside"};
	static float cells[N_ROWS * N_COLUMNS];
	struct cln_config config;
	struct cln_fit_summary summary;
	struct cln_table *table = NULL;
	enum cln_status status;

	*model = NULL;
	make_rows(cells);
	status = cln_table_create(&table, cells, N_ROWS, N_COLUMNS, names, err); /* copies cells and names */
	if (status == CLN_OK)
		status = cln_config_recipe(&config, "plain", err);
	if (status == CLN_OK) {
		config.label = "inside";
		config.batch_size = 32;
		config.epochs = 40;
		config.patience = 0;
		status = cln_model_fit(model, table, NULL, NULL, NULL, &config, NULL, &summary, err);
	}
	if (status == CLN_OK)
		printf("trained on %zu rows, accuracy %.3f on %zu others\n", summary.train.rows, summary.valid.accuracy,
		       summary.valid.rows);
	cln_table_destroy(table);
	return status;
}

/* Saved and loaded again, it is the same. */
static enum cln_status save_and_load(struct cln_model **model, const char *path, struct cln_error *err)
{
	enum cln_status status = cln_model_save(*model, path, err);

	cln_model_destroy(*model);
	*model = NULL;
	if (status == CLN_OK)
		status = cln_model_load(model, path, err);
	remove(path);
	return status;
}

/* ---------------------------------------------------------------- one row */

static const char *class_of(const struct cln_model *model, float probability)
{
	return cln_model_label_value(model, (double)probability >= cln_model_threshold(model));
}

/* A row of numbers.  threads is 1: another one costs more than a row takes. */
static enum cln_status predict_numbers(const struct cln_model *model, struct cln_error *err)
{
	static const char *const names[] = {"y", "x"}; /* columns are found by name */
	const float cells[] = {0.4f, 0.6f};
	struct cln_table *table;
	float probability;
	enum cln_status status = cln_table_create(&table, cells, 1, 2, names, err);

	if (status == CLN_OK)
		status = cln_model_predict(model, table, 1, &probability, NULL, err);
	if (status == CLN_OK)
		printf("x 0.6, y 0.4: %.6f, %s\n", (double)probability, class_of(model, probability));
	cln_table_destroy(table);
	return status;
}

/* A row as text: the way for columns that are categories.  An empty cell is missing. */
static enum cln_status predict_text(const struct cln_model *model, struct cln_error *err)
{
	static const char text[] = "x,y\n,0.4\n";
	struct cln_row_report report;
	struct cln_table *table;
	float probability;
	enum cln_status status = cln_table_read_text(&table, text, strlen(text), NULL, err);

	if (status == CLN_OK)
		status = cln_model_predict(model, table, 1, &probability, &report, err);
	if (status == CLN_OK)
		printf("x missing, y 0.4: %.6f, %s; %zu missing cell\n", (double)probability, class_of(model, probability),
		       report.missing_cells);
	cln_table_destroy(table);
	return status;
}

/* ---------------------------------------------------------------- many rows, many threads */

#define N_THREADS 4

/* What a thread of the program's own asks: a model may be asked by many at a time. */
struct work {
	const struct cln_model *model;
	const struct cln_table *table;
	float *probabilities; /* its own */
	enum cln_status status;
	struct cln_error err; /* its own */
};

static void *predict_in_thread(void *argument)
{
	struct work *work = argument;

	work->status = cln_model_predict(work->model, work->table, 1, work->probabilities, NULL, &work->err);
	return NULL;
}

/* Threads of the library (0: as many as this process may use), and threads of our own: the same bits. */
static enum cln_status predict_rows(const struct cln_model *model, const struct cln_table *table, float *probabilities,
				    struct cln_error *err)
{
	const size_t n = cln_table_rows(table);
	struct work works[N_THREADS];
	pthread_t threads[N_THREADS];
	float *copies = calloc(N_THREADS, n * sizeof *copies);
	enum cln_status status = cln_model_predict(model, table, 0, probabilities, NULL, err);
	int n_started = 0, n_same = 0;

	for (int t = 0; t < N_THREADS && status == CLN_OK && copies; t++) {
		works[t] = (struct work){.model = model, .table = table, .probabilities = copies + (size_t)t * n};
		if (pthread_create(&threads[t], NULL, predict_in_thread, &works[t]) != 0)
			break;
		n_started++;
	}
	for (int t = 0; t < n_started; t++) {
		pthread_join(threads[t], NULL);
		n_same += works[t].status == CLN_OK &&
			  memcmp(works[t].probabilities, probabilities, n * sizeof *probabilities) == 0;
	}
	if (status == CLN_OK)
		printf("%zu rows: %d of %d threads have the same bits\n", n, n_same, n_started);
	free(copies);
	return status;
}

static enum cln_status predict_file(const struct cln_model *model, const char *path, size_t n_shown, struct cln_error *err)
{
	const struct cln_read_options options = {.missing = cln_model_missing(model)}; /* the same gaps as in the training table */
	struct cln_table *table;
	float *probabilities = NULL;
	enum cln_status status = cln_table_read(&table, path, &options, err);

	if (status != CLN_OK)
		return status;
	probabilities = malloc(cln_table_rows(table) * sizeof *probabilities);
	if (!probabilities) {
		cln_table_destroy(table);
		fprintf(stderr, "no memory for %s\n", path);
		exit(1);
	}
	status = predict_rows(model, table, probabilities, err);
	for (size_t i = 0; i < n_shown && i < cln_table_rows(table) && status == CLN_OK; i++)
		printf("row %zu: %.6f, %s\n", i + 1, (double)probabilities[i], class_of(model, probabilities[i]));
	free(probabilities);
	cln_table_destroy(table);
	return status;
}

/* ---------------------------------------------------------------- an error */

/* A column that the model needs is missing: CLN_E_DATA, and a sentence that names it. */
static enum cln_status show_error(const struct cln_model *model, struct cln_error *err)
{
	static const char *const names[] = {"x"};
	const float cells[] = {0.5f};
	struct cln_table *table;
	float probability;
	struct cln_error expected;
	enum cln_status status = cln_table_create(&table, cells, 1, 1, names, err);

	if (status == CLN_OK && cln_model_predict(model, table, 1, &probability, NULL, &expected) != CLN_OK)
		printf("%s: %s\n", cln_status_name(expected.code), expected.message);
	cln_table_destroy(table);
	return status;
}

/* ---------------------------------------------------------------- */

static enum cln_status run(int argc, char **argv, struct cln_model **model, struct cln_error *err)
{
	enum cln_status status;

	if (argc > 2) {
		status = cln_model_load(model, argv[1], err);
		return status == CLN_OK ? predict_file(*model, argv[2], argc > 3 ? strtoul(argv[3], NULL, 10) : 3, err) : status;
	}
	status = train(model, err);
	if (status == CLN_OK)
		status = save_and_load(model, "predict-example.safetensors", err);
	if (status == CLN_OK)
		status = predict_numbers(*model, err);
	if (status == CLN_OK)
		status = predict_text(*model, err);
	return status == CLN_OK ? show_error(*model, err) : status;
}

int main(int argc, char **argv)
{
	struct cln_model *model = NULL;
	struct cln_error err = {0};
	const enum cln_status status = run(argc, argv, &model, &err);

	cln_model_destroy(model);
	if (status == CLN_OK)
		return 0;
	fprintf(stderr, "%s: %s\n", cln_status_name(status), err.message);
	return 1;
}
