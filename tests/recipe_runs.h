/* SPDX-License-Identifier: MIT
 * The recipe `textbook` on the ten patients of examples/cvd.csv, twice from the same initial weights: the trainer in float32 and
 * the textbook in double, 1000 epochs of gradient descent each. */
#ifndef TESTS_RECIPE_RUNS_H
#define TESTS_RECIPE_RUNS_H

#include <math.h>
#include <string.h>

#include "api/config.h"
#include "base/mem.h"
#include "kernels/dispatch.h"
#include "nn/textbook.h"
#include "train/trainer.h"

enum { RECIPE_PATIENTS = 10, RECIPE_FEATURES = 2, RECIPE_EPOCHS = 1000 };

/* The patients as the recipe sees them, or standardised (in double, then rounded) as --scale standardise sees them. */
static inline void recipe_patients(float X[RECIPE_PATIENTS * RECIPE_FEATURES], float y[RECIPE_PATIENTS], bool standardise)
{
	static const float table[RECIPE_PATIENTS][3] = {{150, 70, 0}, {254, 73, 1}, {312, 68, 1}, {120, 60, 0}, {154, 61, 0},
							{212, 65, 1}, {216, 67, 1}, {145, 67, 0}, {184, 64, 1}, {130, 69, 0}};

	for (size_t k = 0; k < RECIPE_FEATURES; k++) {
		double sum = 0, squares = 0;
		for (size_t j = 0; j < RECIPE_PATIENTS; j++) {
			sum += (double)table[j][k];
			squares += (double)table[j][k] * (double)table[j][k];
		}
		const double mean = sum / RECIPE_PATIENTS, deviation = sqrt(squares / RECIPE_PATIENTS - mean * mean);
		for (size_t j = 0; j < RECIPE_PATIENTS; j++)
			X[j * RECIPE_FEATURES + k] = standardise ? (float)(((double)table[j][k] - mean) / deviation) : table[j][k];
	}
	for (size_t j = 0; j < RECIPE_PATIENTS; j++)
		y[j] = table[j][2];
}

struct recipe_run {
	double first, engine, textbook; /* costs: before the first step, and after the last on either side */
	size_t right;                   /* patients that the engine's last weights call right, of ten */
	double worst;                   /* relative difference of the two costs, the largest over all epochs, with its sign */
	double twin; /* the same of a textbook whose first weights are off by 2^-24 of themselves: what no float32 can beat */
};

/* What the observer of the engine's run compares with. */
struct recipe_shadow {
	struct textbook *net, *twin;
	const double *X, *y;
	struct recipe_run *run;
};

static inline void recipe_compare(double *worst, double cost, double textbook)
{
	const double error = (cost - textbook) / textbook;
	if (!(fabs(error) <= fabs(*worst)))
		*worst = error;
}

static inline double recipe_descend(struct textbook *net, const double *X, const double *y)
{
	const double C = textbook_forward(net, X, y, NULL, 0, 0);

	textbook_backward(net, X, y, NULL, 0, 0);
	textbook_descend(net, 0.1);
	return C;
}

/* One step of the textbook beside each epoch of the engine, whose train_loss is the cost before that step. */
static inline bool recipe_epoch(void *context, const struct cln_epoch *epoch)
{
	struct recipe_shadow *shadow = context;
	const double C = recipe_descend(shadow->net, shadow->X, shadow->y);

	if (epoch->epoch == 1)
		shadow->run->first = C;
	recipe_compare(&shadow->run->worst, epoch->train_loss, C);
	recipe_compare(&shadow->run->twin, recipe_descend(shadow->twin, shadow->X, shadow->y), C);
	return false;
}

static inline void recipe_copy(struct textbook *to, const struct network *net)
{
	float W[16], b[16];

	for (size_t l = 1; l <= net->L; l++) {
		network_get(net, l, W, b);
		for (size_t e = 0; e < net->n[l] * net->n[l - 1]; e++)
			to->W[l][e] = (double)W[e];
		for (size_t i = 0; i < net->n[l]; i++)
			to->b[l][i] = (double)b[i];
	}
}

/* Every parameter off by 2^-24 of itself, up and down in turn. */
static inline void recipe_disturb(struct textbook *net)
{
	double step = 0x1p-24;

	for (size_t l = 1; l <= net->L; l++) {
		for (size_t e = 0; e < net->n[l] * net->n[l - 1]; e++, step = -step)
			net->W[l][e] *= 1 + step;
		for (size_t i = 0; i < net->n[l]; i++, step = -step)
			net->b[l][i] *= 1 + step;
	}
}

/* What the engine's last weights are worth, computed in double, so that it shows the weights and not the last forward pass. */
static inline void recipe_judge(const struct recipe_shadow *shadow, const struct network *trained)
{
	struct textbook *net = shadow->net;

	recipe_copy(net, trained);
	shadow->run->engine = textbook_forward(net, shadow->X, shadow->y, NULL, 0, 0);
	for (size_t j = 0; j < RECIPE_PATIENTS; j++)
		shadow->run->right += (net->A[net->L][j] >= 0.5) == (shadow->y[j] > 0);
}

static inline enum cln_status recipe_run(struct recipe_run *run, uint64_t seed, bool standardise, struct cln_error *err)
{
	float X[RECIPE_PATIENTS * RECIPE_FEATURES], y[RECIPE_PATIENTS];
	double columns[RECIPE_FEATURES * RECIPE_PATIENTS], labels[RECIPE_PATIENTS];
	const struct dataset data = {.n_rows = RECIPE_PATIENTS, .n_features = RECIPE_FEATURES, .X = X, .y = y};
	struct recipe_shadow shadow = {.X = columns, .y = labels, .run = run};
	const struct cln_observer observer = {.context = &shadow, .epoch = recipe_epoch};
	struct trainer_result result;
	struct cln_config config;
	struct network *net = NULL;
	const struct kernels *kernels;
	struct plan plan;

	*run = (struct recipe_run){0};
	recipe_patients(X, y, standardise);
	for (size_t j = 0; j < RECIPE_PATIENTS; j++) {
		labels[j] = (double)y[j];
		for (size_t k = 0; k < RECIPE_FEATURES; k++)
			columns[k * RECIPE_PATIENTS + j] = (double)X[j * RECIPE_FEATURES + k];
	}
	enum cln_status status = cln_config_recipe(&config, "textbook", err);
	if (status != CLN_OK)
		return status;
	const size_t n[] = {RECIPE_FEATURES, config.hidden[0], config.hidden[1], 1};
	config.seed = seed;
	status = network_create(&net, n, 3, config.activation, NULL, err);
	if (status == CLN_OK)
		status = textbook_create(&shadow.net, n, 3, config.activation, RECIPE_PATIENTS, err);
	if (status == CLN_OK)
		status = textbook_create(&shadow.twin, n, 3, config.activation, RECIPE_PATIENTS, err);
	if (status == CLN_OK)
		status = kernels_select(&kernels, NULL, err);
	if (status != CLN_OK)
		goto done;
	network_init(net, config.init, config.seed);
	recipe_copy(shadow.net, net);
	recipe_copy(shadow.twin, net);
	recipe_disturb(shadow.twin);
	plan_create(&plan, net, &config, RECIPE_PATIENTS, 1);
	status = trainer_run(net, &data, NULL, &config, &plan, kernels, &observer, &result, err);
	if (status != CLN_OK)
		goto done;
	run->textbook = textbook_forward(shadow.net, columns, labels, NULL, 0, 0);
	recipe_judge(&shadow, net);
	recipe_compare(&run->worst, run->engine, run->textbook);
done:
	network_destroy(net);
	textbook_destroy(shadow.net);
	textbook_destroy(shadow.twin);
	return status;
}

#endif
