/* SPDX-License-Identifier: MIT
 * FANN's training loop on one workload, for scripts/bench/compare.py:
 *
 *   fann_peer INPUTS HIDDEN BATCH ROWS ACTIVATION OPTIMIZER THREADS [EPOCHS]
 *
 * Says "ready", then for every line with a number of seconds on standard input trains for at least as long, in whole mini-batches,
 * and prints rows per second.  With EPOCHS it trains as many batches and ends.  FANN 2.2 has no rectifier and no Adam: sigmoids
 * (tanh where asked for), in its quick stepwise form, and gradient descent; one thread. */
#include <floatfann.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_LAYERS 16

struct workload {
	unsigned n[MAX_LAYERS], n_layers;
	unsigned batch, rows;
	float *x, *y;
	uint64_t state;
	struct fann *net;
	struct fann_train_data *data; /* one mini-batch */
};

/* splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += 0x9E3779B97F4A7C15u;
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

/* Sum of twelve uniform draws less six: near enough to a normal one for a speed. */
static float bell(uint64_t *state)
{
	double sum = -6;
	for (int i = 0; i < 12; i++)
		sum += (double)(draw(state) >> 11) * 0x1p-53;
	return (float)sum;
}

static void make_rows(struct workload *work)
{
	for (unsigned i = 0; i < work->rows; i++) {
		float sum = 0;
		for (unsigned k = 0; k < work->n[0]; k++)
			sum += work->x[(size_t)i * work->n[0] + k] = bell(&work->state);
		work->y[i] = sum > 0;
	}
}

static int create(struct workload *work, char **argv)
{
	work->n[work->n_layers++] = (unsigned)atoi(argv[1]);
	for (char *next = argv[2]; next && work->n_layers < MAX_LAYERS - 1; next = strchr(next, ',')) {
		next += *next == ',';
		work->n[work->n_layers++] = (unsigned)atoi(next);
	}
	work->n[work->n_layers++] = 1;
	work->rows = (unsigned)atoi(argv[4]);
	work->batch = strcmp(argv[3], "all") == 0 ? work->rows : (unsigned)atoi(argv[3]);
	work->state = 1;
	work->x = calloc((size_t)work->rows * work->n[0], sizeof *work->x);
	work->y = calloc(work->rows, sizeof *work->y);
	work->net = fann_create_standard_array(work->n_layers, work->n);
	work->data = fann_create_train(work->batch, work->n[0], 1);
	if (!work->x || !work->y || !work->net || !work->data)
		return 0;
	make_rows(work);
	fann_set_activation_function_hidden(work->net, strcmp(argv[5], "tanh") == 0 ? FANN_SIGMOID_SYMMETRIC_STEPWISE
										     : FANN_SIGMOID_STEPWISE);
	fann_set_activation_function_output(work->net, FANN_SIGMOID_STEPWISE);
	fann_set_training_algorithm(work->net, FANN_TRAIN_BATCH);
	fann_set_learning_rate(work->net, 0.1f);
	return 1;
}

static void step(struct workload *work)
{
	for (unsigned i = 0; i < work->batch; i++) {
		size_t row = work->batch == work->rows ? i : draw(&work->state) % work->rows;
		memcpy(work->data->input[i], work->x + row * work->n[0], work->n[0] * sizeof(float));
		work->data->output[i][0] = work->y[row];
	}
	fann_train_epoch(work->net, work->data);
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double window(struct workload *work, double seconds)
{
	double start = now(), spent, rows = 0;
	do {
		step(work);
		rows += work->batch;
		spent = now() - start;
	} while (spent < seconds);
	return rows / spent;
}

int main(int argc, char **argv)
{
	struct workload work = {0};
	char line[64];

	if (argc < 8 || !create(&work, argv)) {
		fprintf(stderr, "usage: fann_peer INPUTS HIDDEN BATCH ROWS ACTIVATION OPTIMIZER THREADS [EPOCHS]\n");
		return 2;
	}
	if (argc > 8) {
		for (int epochs = atoi(argv[8]); epochs > 0; epochs--)
			step(&work);
		return 0;
	}
	printf("ready\n");
	fflush(stdout);
	while (fgets(line, sizeof line, stdin)) {
		printf("%.17g\n", window(&work, strtod(line, NULL)));
		fflush(stdout);
	}
	fann_destroy_train(work.data);
	fann_destroy(work.net);
	free(work.y);
	free(work.x);
	return 0;
}
