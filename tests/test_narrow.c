/* SPDX-License-Identifier: MIT
 * The step of narrow networks: to the bit what the step of all others makes of them. */
#include "testing.h"

#include "base/rng.h"
#include "data/batch.h"
#include "kernels/dispatch.h"
#include "train/narrow.h"
#include "train/trainer.h"
#include "whole_passes.h"

#define COLUMNS NARROW_COLUMNS

static const size_t shapes[][6] = { /* L, n[0] .. n[L] */
    {3, 2, 3, 3, 1}, {1, 4, 1}, {2, 1, 4, 1}, {4, 3, 4, 1, 2, 1}, {2, 4, 1, 1}, {4, 4, 4, 4, 4, 1},
};
#define N_SHAPES (sizeof shapes / sizeof *shapes)

static const struct kernels *kernels_of(size_t i)
{
	static const char *const names[] = {"generic", "avx2", "avx512", "neon"};
	const struct kernels *kernels = NULL;
	return kernels_select(&kernels, names[i], NULL) == CLN_OK ? kernels : NULL;
}
#define N_ISAS 4

static struct network *make_network(const size_t *shape, enum cln_activation activation, uint64_t seed)
{
	struct network *net;
	assert_ok(network_create(&net, shape + 1, shape[0], activation, NULL, &err));
	network_init(net, CLN_INIT_NORMAL, seed);
	network_sync(net);
	return net;
}

static struct dataset make_data(size_t n_rows, size_t n_features, bool weighted)
{
	struct dataset data;
	struct rng rng;
	assert_ok(dataset_create(&data, n_rows, n_features, weighted, &err));
	rng_start(&rng, 3, RNG_TEST, 0, 0);
	for (size_t i = 0; i < n_rows * n_features; i++)
		data.X[i] = (float)(rng_normal(&rng) * (i % 5 == 0 ? 30 : 1)); /* some far out, where derivatives vanish */
	for (size_t i = 0; i < n_rows; i++) {
		data.y[i] = (float)(rng_uniform(&rng) < 0.4);
		if (weighted)
			data.w[i] = (float)(0.5 + rng_uniform(&rng));
	}
	return data;
}

static struct cln_config make_config(void)
{
	struct cln_config config;
	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.batch_size = 0;
	config.epochs = 12;
	config.patience = 0;
	config.learning_rate = 0.02;
	return config;
}

/* The gradients and the loss of the first m rows, by both; every float of the parameters' layout is compared. */
static void compare_passes(const struct kernels *kernels, const struct network *made, const struct cln_config *config,
                           const struct dataset *data, size_t m)
{
	struct plan plan = {.batch_size = m, .block_size = m, .n_blocks = 1, .threads = 1, .teams = 1, .members = 1};
	struct network *net = (struct network *)made;
	struct block_space space;
	struct updater updater;
	struct narrow narrow;
	uint32_t rows[COLUMNS];
	for (size_t s = 0; s < m; s++)
		rows[s] = (uint32_t)(data->n_rows - 1 - s);
	ck_assert(narrow_fits(net, config, &plan));
	assert_ok(updater_create(&updater, net, kernels, config, &plan, 1, &err));
	assert_ok(narrow_create(&narrow, &updater, m, &err));
	narrow_gather(&narrow, data, rows, m, 0.1);
	const double loss = narrow_pass(&narrow, kernels, m);

	float *grads = mem_alloc(net->n_floats, sizeof *grads, NULL);
	assert_ok(block_space_create(&space, net, m, true, false, &err));
	batch_gather(space.E, space.y, space.w, data, rows, m, m);
	batch_smooth(space.y, m, 0.1);
	forward_pass(net, kernels, &space, m, NULL);
	ck_assert_double_eq(backward_pass(grads, false, net, kernels, &space, m, data->w != NULL, NULL), loss);
	ck_assert_int_eq(memcmp(grads, updater_slots(&updater, 0)[0], net->n_floats * sizeof *grads), 0);
	mem_free(grads);
	block_space_free(&space);
	narrow_free(&narrow);
	updater_free(&updater);
}

START_TEST(loss_and_gradients_are_those_of_the_passes)
{
	const struct cln_config config = make_config();
	for (size_t shape = 0; shape < N_SHAPES; shape++) {
		struct network *net = make_network(shapes[shape], (enum cln_activation)_i, shape);
		for (int weighted = 0; weighted < 2; weighted++) {
			struct dataset data = make_data(COLUMNS, net->n_features, weighted);
			for (size_t m = 1; m <= COLUMNS; m += m < 18 ? 1 : 23)
				for (size_t isa = 0; isa < N_ISAS; isa++)
					if (kernels_of(isa))
						compare_passes(kernels_of(isa), net, &config, &data, m);
			dataset_free(&data);
		}
		network_destroy(net);
	}
}
END_TEST

/* The parameters and their other orientation after a run; measuring where the time goes is what the other step alone can do. */
static struct network *train(const struct cln_config *config, const size_t *shape, const struct dataset *data,
                             struct phase_clock *clocks)
{
	const struct kernels *kernels;
	struct network *net = make_network(shape, config->activation, 9);
	struct trainer_result result;
	struct plan plan;
	assert_ok(kernels_select(&kernels, NULL, &err));
	plan_create(&plan, net, config, data->n_rows, 1);
	plan.clocks = clocks;
	ck_assert(narrow_fits(net, config, &plan) == !clocks);
	assert_ok(trainer_run(net, data, NULL, config, &plan, kernels, NULL, &result, &err));
	return net;
}

static void compare_runs(const struct cln_config *config, const size_t *shape, bool weighted)
{
	struct phase_clock clock = {0};
	struct dataset data = make_data(45, shape[1], weighted);
	struct network *narrow = train(config, shape, &data, NULL), *other = train(config, shape, &data, &clock);
	ck_assert_int_eq(memcmp(narrow->params, other->params, narrow->n_floats * sizeof(float)), 0);
	for (size_t l = 2; l <= narrow->L; l++) {
		const size_t n = panels_of(narrow->n[l - 1]) * panels_of(narrow->n[l]) * PANEL * PANEL;
		ck_assert_int_eq(memcmp(network_Wt(narrow, l), network_Wt(other, l), n * sizeof(float)), 0);
	}
	dataset_free(&data);
	network_destroy(narrow);
	network_destroy(other);
}

START_TEST(a_run_ends_with_the_same_network)
{
	struct cln_config config = make_config();
	config.optimizer = (enum cln_optimizer)_i;
	for (size_t shape = 0; shape < N_SHAPES; shape++) {
		config.activation = shape % 2 ? CLN_MISH : CLN_TANH;
		config.batch_size = shape % 3 ? 16 : 0; /* 45 rows: the last mini-batch has 13 */
		config.bias_rate = shape % 2 ? 0.5 : 1;
		config.parametrisation = shape > 3 ? CLN_NTK : CLN_STANDARD;
		config.label_smoothing = shape % 2 ? 0.1 : 0;
		config.weight_decay = shape % 3 == 1 ? 0.01 : 0;
		config.l1 = shape % 3 == 2 ? 0.001 : 0;
		config.l2 = shape % 3 == 2 ? 0.002 : 0;
		compare_runs(&config, shapes[shape], shape % 2 == 0);
	}
}
END_TEST

/* What takes the other step: the choice may follow from anything, as the bits are the same. */
START_TEST(only_what_fits_is_narrow)
{
	struct cln_config config = make_config();
	const size_t wide[] = {2, 3, NARROW_UNITS + 1, 1};
	struct network *net = make_network(shapes[0], CLN_TANH, 1), *other = make_network(wide, CLN_TANH, 1);
	struct plan plan;
	plan_create(&plan, net, &config, 10, 1);
	ck_assert(narrow_fits(net, &config, &plan));
	ck_assert(!narrow_fits(other, &config, &plan));
	config.dropout = 0.1;
	ck_assert(!narrow_fits(net, &config, &plan));
	config.dropout = 0;
	config.clip_norm = 1;
	ck_assert(!narrow_fits(net, &config, &plan));
	config.clip_norm = 0;
	plan_create(&plan, net, &config, NARROW_COLUMNS + 1, 1);
	ck_assert(!narrow_fits(net, &config, &plan));
	network_destroy(net);
	network_destroy(other);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("narrow");
	TCase *tcase = tcase_create("narrow");
	tcase_add_loop_test(tcase, loss_and_gradients_are_those_of_the_passes, 0, CLN_N_ACTIVATIONS);
	tcase_add_loop_test(tcase, a_run_ends_with_the_same_network, 0, CLN_N_OPTIMIZERS);
	tcase_add_test(tcase, only_what_fits_is_narrow);
	suite_add_tcase(suite, tcase);
	return suite;
}

TESTING_MAIN(make_suite)
