/* SPDX-License-Identifier: MIT
 * One model asked by many threads at once, while others fit models of their own: all say what one thread alone was told.  For
 * ThreadSanitizer, and true without it.
 *   together MODEL TABLE */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "colonnade.h"

enum { THREADS = 4, TIMES = 5 };

struct shared {
	const struct cln_model *model;
	const struct cln_table *table;
	const float *expected;
	bool wrong[THREADS];
};

struct job {
	struct shared *shared;
	int i;
	pthread_t thread;
};

static bool predict_again(const struct shared *shared, int threads)
{
	size_t rows = cln_table_rows(shared->table);
	float *probabilities = calloc(rows, sizeof *probabilities);
	struct cln_metrics metrics;
	bool right = probabilities != NULL &&
		     cln_model_predict(shared->model, shared->table, threads, probabilities, NULL, NULL) == CLN_OK &&
		     memcmp(probabilities, shared->expected, rows * sizeof *probabilities) == 0 &&
		     cln_model_evaluate(shared->model, shared->table, threads, &metrics, NULL, NULL) == CLN_OK;
	free(probabilities);
	return right;
}

static bool fit_another(const struct shared *shared, int seed)
{
	struct cln_model *model = NULL;
	struct cln_config config;
	bool right = cln_config_recipe(&config, "plain", NULL) == CLN_OK;
	config.epochs = 1;
	config.hidden[0] = config.hidden[1] = 8;
	config.seed = (uint64_t)seed;
	config.threads = 2;
	right = right && cln_model_fit(&model, shared->table, NULL, NULL, NULL, &config, NULL, NULL, NULL) == CLN_OK;
	cln_model_destroy(model);
	return right;
}

static void *work(void *argument)
{
	const struct job *job = argument;
	bool right = true;
	for (int k = 0; k < TIMES; k++)
		right &= job->i == 0 ? fit_another(job->shared, k) : predict_again(job->shared, 1 + (job->i + k) % 3);
	job->shared->wrong[job->i] = !right;
	return NULL;
}

static bool run_together(struct shared *shared)
{
	struct job jobs[THREADS];
	int started = 0;
	bool right = true;
	for (; started < THREADS; started++) {
		jobs[started] = (struct job){.shared = shared, .i = started};
		if (pthread_create(&jobs[started].thread, NULL, work, &jobs[started]) != 0)
			break;
	}
	for (int i = 0; i < started; i++)
		right &= pthread_join(jobs[i].thread, NULL) == 0 && !shared->wrong[i];
	return right && started == THREADS;
}

int main(int argc, char **argv)
{
	struct cln_model *model = NULL;
	struct cln_table *table = NULL;
	struct cln_error err = {0};
	float *expected = NULL;
	bool right = false;
	if (argc != 3) {
		fprintf(stderr, "usage: together MODEL TABLE\n");
		return 2;
	}
	enum cln_status status = cln_model_load(&model, argv[1], &err);
	if (status == CLN_OK)
		status = cln_table_read(&table, argv[2], NULL, &err);
	if (status == CLN_OK)
		expected = calloc(cln_table_rows(table), sizeof *expected);
	if (expected != NULL)
		status = cln_model_predict(model, table, 1, expected, NULL, &err);
	if (status == CLN_OK && expected != NULL)
		right = run_together(&(struct shared){.model = model, .table = table, .expected = expected});
	else
		fprintf(stderr, "%s\n", err.message);
	free(expected);
	cln_table_destroy(table);
	cln_model_destroy(model);
	puts(right ? "the same predictions" : "WRONG");
	return right ? 0 : 1;
}
