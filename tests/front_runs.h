/* SPDX-License-Identifier: MIT
 * Both passes and short trainings of a network with a front, whose bits must be the same everywhere, for suites of its parts. */
#ifndef TESTS_FRONT_RUNS_H
#define TESTS_FRONT_RUNS_H

#include "base/parallel.h"
#include "data/batch.h"
#include "train/start.h"
#include "train/trainer.h"
#include "whole_passes.h"

enum { FEATURES = 18, COLUMNS = 70, ROWS = 333 }; /* features: more than a panel */

/* Both passes over the first m columns of data; the gradients into grads, the network's own A[0] into *space. */
static inline void run_passes(float *grads, struct block_space *space, const struct network *net, const struct kernels *kernels,
                              const struct dataset *data, size_t m, bool add, const struct dropout_key *dropout)
{
	uint32_t order[COLUMNS];
	assert_ok(block_space_create(space, net, COLUMNS + 2, true, dropout != NULL, &err));
	for (size_t s = 0; s < m; s++) {
		order[s] = (uint32_t)s;
		space->y[s] = data->y[s];
	}
	batch_features(space->E, data->X, FEATURES, order, m, space->ld);
	forward_pass(net, kernels, space, m, dropout);
	backward_pass(grads, add, net, kernels, space, m, false, dropout);
}

/* The gradients of blocks of several widths, one after the other added to what is there. */
static inline float *accumulated(const struct network *net, const char *isa, const struct dataset *data,
                                 const struct dropout_key *dropout)
{
	static const size_t columns[] = {1, 15, 16, 17, 63, 64, 65, COLUMNS};
	float *grads = mem_alloc(net->n_floats, sizeof *grads, NULL);
	ck_assert_ptr_nonnull(grads);
	for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
		struct block_space space;
		run_passes(grads, &space, net, select_kernels(isa), data, columns[c], c > 0, dropout);
		block_space_free(&space);
	}
	return grads;
}

static inline void assert_same_gradients(const struct network *net, const struct dataset *data, const struct dropout_key *dropout)
{
	float *expected = accumulated(net, "generic", data, dropout);
	bool supported;
	const char *name;
	for (size_t set = 0; (name = kernels_name(set, &supported)) != NULL; set++) {
		if (!supported)
			continue;
		float *got = accumulated(net, name, data, dropout);
		ck_assert_msg(memcmp(got, expected, net->n_floats * sizeof *got) == 0, "%s", name);
		mem_free(got);
	}
	mem_free(expected);
}

static inline struct cln_config strong(void)
{
	return (struct cln_config){.activation = CLN_MISH,
	                           .optimizer = CLN_ADAMW,
	                           .learning_rate = 0.02,
	                           .beta1 = 0.9,
	                           .beta2 = 0.95,
	                           .epsilon = 1e-8,
	                           .schedule = CLN_COSLOG4,
	                           .parametrisation = CLN_NTK,
	                           .bias_rate = 0.1,
	                           .embedding_rate = 0.1,
	                           .level_rate = 1,
	                           .scaling_rate = 6,
	                           .weight_decay = 0.02,
	                           .dropout = 0.15,
	                           .regularisation = CLN_REGULARISATION_FLAT_COSINE,
	                           .batch_size = 128,
	                           .epochs = 3,
	                           .metric = CLN_LOG_LOSS,
	                           .seed = 5};
}

/* From a start that is fitted to the data. */
static inline void train(struct network *net, const struct cln_config *config, const struct dataset *data, const char *isa,
                         int threads)
{
	struct trainer_result result;
	struct plan plan;
	assert_ok(start_from_data(net, select_kernels(isa), data, 7, &err));
	plan_create(&plan, net, config, data->n_rows, threads);
	plan_set_threads(&plan, parallel_limit(threads)); /* 1 where the build has no OpenMP */
	assert_ok(trainer_run(net, data, NULL, config, &plan, select_kernels(isa), NULL, &result, &err));
}

/* Trains such networks with every number of threads and instruction set; returns the one of a single thread. */
static inline struct network *assert_same_training(struct network *(*make)(const struct cln_config *config, bool scaling),
                                                   bool scaling, const struct cln_config *config, const struct dataset *data)
{
	static const int threads[] = {2, 3, 5, 8, 16};
	struct network *one = make(config, scaling), *net;
	bool supported;
	const char *name;
	train(one, config, data, "generic", 1);
	for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
		train(net = make(config, scaling), config, data, NULL, threads[t]);
		ck_assert_msg(memcmp(net->params, one->params, net->n_floats * sizeof(float)) == 0, "%d threads", threads[t]);
		network_destroy(net);
	}
	for (size_t set = 0; (name = kernels_name(set, &supported)) != NULL; set++) {
		if (!supported)
			continue;
		train(net = make(config, scaling), config, data, name, 2);
		ck_assert_msg(memcmp(net->params, one->params, net->n_floats * sizeof(float)) == 0, "%s", name);
		network_destroy(net);
	}
	return one;
}

/* Gradient descent with the config's rates, each step over all rows. */
static inline void descend(struct network *net, struct cln_config config, const struct dataset *data)
{
	struct trainer_result result;
	struct plan plan;
	config.optimizer = CLN_SGD;
	config.schedule = CLN_CONSTANT;
	config.weight_decay = config.dropout = 0;
	config.batch_size = 0;
	plan_create(&plan, net, &config, data->n_rows, 1);
	assert_ok(trainer_run(net, data, NULL, &config, &plan, select_kernels(NULL), NULL, &result, &err));
}

#endif
