/* SPDX-License-Identifier: MIT
 * The epoch loop: learns, gives the same bits on any threads and instruction set, keeps the best epoch, notices divergence. */
#include "testing.h"

#include "base/mem.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/dispatch.h"
#include "train/metrics.h"
#include "train/trainer.h"
#include "whole_passes.h"

#define FEATURES 7

/* Rows around two parallel planes, with some noise in the labels. */
static struct dataset make_data(size_t n_rows, bool weighted, uint32_t stream)
{
	struct dataset data;
	struct rng rng;
	assert_ok(dataset_create(&data, n_rows, FEATURES, weighted, &err));
	rng_start(&rng, 11, RNG_TEST, stream, 0);
	for (size_t i = 0; i < n_rows; i++) {
		double t = 0;
		for (size_t k = 0; k < FEATURES; k++) {
			data.X[i * FEATURES + k] = (float)rng_normal(&rng);
			t += (k % 2 ? 1 : -1) * (double)data.X[i * FEATURES + k];
		}
		data.y[i] = t * t > 4 || rng_uniform(&rng) < 0.05;
		if (weighted)
			data.w[i] = (float)(0.5 + rng_uniform(&rng));
	}
	return data;
}

static struct cln_config plain(void)
{
	return (struct cln_config){.activation = CLN_RELU,
	                           .optimizer = CLN_ADAM,
	                           .learning_rate = 0.01,
	                           .momentum = 0.9,
	                           .beta1 = 0.9,
	                           .beta2 = 0.999,
	                           .epsilon = 1e-8,
	                           .bias_rate = 1,
	                           .warmup_fraction = 0.1,
	                           .step_epochs = 1,
	                           .step_factor = 0.5,
	                           .batch_size = 64,
	                           .epochs = 4,
	                           .metric = CLN_LOG_LOSS,
	                           .seed = 5};
}

/* Trains a fresh network; threads are forced, whatever the plan finds worth using. */
static enum cln_status train(struct network **net, struct trainer_result *result, const struct cln_config *config,
                             const struct dataset *data, const struct dataset *valid, const char *isa, int threads,
                             const struct cln_observer *observer, struct cln_error *err)
{
	const size_t n[] = {FEATURES, 33, 20, 1};
	struct plan plan;
	ck_assert_int_eq(network_create(net, n, 3, config->activation, NULL, err), CLN_OK);
	network_init(*net, CLN_INIT_AUTO, config->seed);
	plan_create(&plan, *net, config, data->n_rows, threads);
	plan_set_threads(&plan, parallel_limit(threads)); /* 1 where the build has no OpenMP */
	return trainer_run(*net, data, valid, config, &plan, select_kernels(isa), observer, result, err);
}

/* The plan of a network with three hidden layers of so many units on 10,000 rows of 100 features. */
static int lanes_of(size_t units, size_t batch_size, size_t members, int threads, double *seconds)
{
	const size_t n[] = {100, units, units, units, 1};
	struct cln_config config;
	struct network *net;
	struct plan plan;
	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.batch_size = batch_size;
	assert_ok(network_create(&net, n, 4, CLN_RELU, NULL, &err));
	plan_create(&plan, net, &config, 10000, threads);
	const int lanes = plan_lanes(&plan, net, members, threads, seconds);
	for (int other = 1; other <= threads; other++) /* no number of lanes that all have the same to do would end before it */
		if (members % (size_t)other == 0)
			ck_assert_double_le(*seconds,
			                    (double)members / other * plan_seconds(&plan, net, threads / other));
	network_destroy(net);
	return lanes;
}

START_TEST(members_are_trained_at_a_time_where_that_ends_first)
{
	double seconds, other;
	ck_assert_int_eq(lanes_of(256, 256, 8, 1, &seconds), 1);
	ck_assert_int_eq(lanes_of(256, 256, 1, 16, &seconds), 1);
	ck_assert_int_eq(lanes_of(256, 256, 8, 2, &seconds), 2);
	ck_assert_int_eq(lanes_of(256, 256, 8, 4, &seconds), 4);
	ck_assert_int_eq(lanes_of(256, 256, 8, 8, &seconds), 8);
	ck_assert_int_eq(lanes_of(256, 256, 8, 16, &seconds), 8);
	ck_assert_int_eq(lanes_of(16, 32, 64, 64, &seconds), 64);
	/* Two first, then the third by both threads, rather than all by both, or one thread idle for a third of the time. */
	ck_assert_int_eq(lanes_of(256, 256, 3, 2, &seconds), 2);
	lanes_of(256, 256, 4, 2, &other);
	ck_assert_double_lt(seconds, other);
}
END_TEST

static struct network *trained(const struct cln_config *config, const struct dataset *data, const struct dataset *valid,
                               const char *isa, int threads)
{
	struct network *net;
	struct trainer_result result;
	assert_ok(train(&net, &result, config, data, valid, isa, threads, NULL, &err));
	return net;
}

static void assert_same_bits(const struct cln_config *config, const struct dataset *data)
{
	struct network *reference = trained(config, data, NULL, "generic", 1);
	for (size_t i = 0; i < 3; i++) {
		bool supported;
		const char *name = kernels_name(i, &supported);
		if (!name || !supported)
			continue;
		const int threads[] = {1, 2, 3, 5, 8};
		for (size_t t = 0; t < 5; t++) {
			struct network *net = trained(config, data, NULL, name, threads[t]);
			ck_assert_msg(memcmp(net->params, reference->params, net->n_floats * sizeof(float)) == 0,
			              "%s with %d threads", name, threads[t]);
			network_destroy(net);
		}
	}
	network_destroy(reference);
}

/* 150 columns in blocks of 13: twelve blocks, the last of 7; 333 rows leave a last batch of 33. */
START_TEST(bits_do_not_depend_on_threads_or_instruction_set)
{
	struct cln_config config = plain();
	config.batch_size = 150;
	config.block_size = 13;
	config.epochs = 2;
	config.optimizer = (enum cln_optimizer)_i;
	config.activation = _i % 2 ? CLN_GELU : CLN_RELU;
	config.dropout = 0.2;
	config.clip_norm = _i % 3 ? 0 : 0.5;
	config.weight_decay = 0.01;
	config.l1 = 1e-4;
	config.l2 = 1e-3;
	config.label_smoothing = 0.05;
	struct dataset data = make_data(333, _i % 2, 0);
	assert_same_bits(&config, &data);
	dataset_free(&data);
}
END_TEST

/* Fewer blocks than threads: members of a team share a block, with panels left over (the layers have 3 and 2) and, from 4 members
 * on, nothing but those.  Odd: one block a mini-batch, updated on the way back; the last mini-batch is shorter than the others. */
START_TEST(teams_within_a_block_change_no_bit)
{
	struct cln_config config = plain();
	config.batch_size = 150;
	config.block_size = _i % 2 ? 150 : 60;
	config.epochs = 3;
	config.activation = _i / 2 % 2 ? CLN_TANH : CLN_RELU;
	config.dropout = 0.2;
	config.clip_norm = _i / 4 % 2 ? 0.5 : 0;
	config.weight_decay = 0.01;
	config.label_smoothing = 0.05;
	struct dataset data = make_data(333, _i % 2, 0);
	assert_same_bits(&config, &data);
	struct network *one = trained(&config, &data, NULL, NULL, 1), *many = trained(&config, &data, NULL, NULL, 16);
	ck_assert_mem_eq(one->params, many->params, one->n_floats * sizeof(float));
	network_destroy(one);
	network_destroy(many);
	dataset_free(&data);
}
END_TEST

/* Features wide enough that the inputs of a panel left over are shared, too. */
START_TEST(members_may_share_a_single_panel)
{
	const size_t n[] = {FEATURES, 200, 16, 1};
	struct cln_config config = plain();
	config.batch_size = 0;
	struct dataset data = make_data(100, true, 0);
	struct network *first = NULL;
	for (int threads = 1; threads <= 7; threads += 2) {
		struct network *net;
		struct plan plan;
		struct trainer_result result;
		assert_ok(network_create(&net, n, 3, config.activation, NULL, &err));
		network_init(net, CLN_INIT_AUTO, 3);
		plan_create(&plan, net, &config, data.n_rows, threads);
		plan_set_threads(&plan, parallel_limit(threads));
		assert_ok(trainer_run(net, &data, NULL, &config, &plan, select_kernels(NULL), NULL, &result, &err));
		if (!first) {
			first = net;
			continue;
		}
		ck_assert_mem_eq(first->params, net->params, net->n_floats * sizeof(float));
		network_destroy(net);
	}
	network_destroy(first);
	dataset_free(&data);
}
END_TEST

START_TEST(block_size_alone_changes_bits)
{
	struct dataset data = make_data(300, false, 0);
	struct cln_config config = plain();
	struct network *a = trained(&config, &data, NULL, NULL, 1);
	config.block_size = 10;
	struct network *b = trained(&config, &data, NULL, NULL, 1);
	ck_assert_mem_ne(a->params, b->params, a->n_floats * sizeof(float));
	network_destroy(a);
	network_destroy(b);
	dataset_free(&data);
}
END_TEST

START_TEST(every_optimizer_learns)
{
	struct dataset data = make_data(600, false, 1);
	struct cln_config config = plain();
	config.optimizer = (enum cln_optimizer)_i;
	config.epochs = 60;
	config.learning_rate = config.optimizer >= CLN_RMSPROP ? 0.01 : config.optimizer == CLN_SGD ? 0.5 : 0.1;
	struct network *net = trained(&config, &data, NULL, NULL, 2);
	float *logits = mem_alloc(data.n_rows, sizeof *logits, NULL);
	struct cln_metrics metrics;
	assert_ok(predict_logits(logits, net, select_kernels(NULL), data.X, data.n_rows, 2, &err));
	assert_ok(metrics_compute(&metrics, logits, data.y, NULL, data.n_rows, 0.5, &err));
	ck_assert_double_gt(metrics.auc, 0.97); /* 5 % of the labels are noise; chance is 0.5 */
	mem_free(logits);
	network_destroy(net);
	dataset_free(&data);
}
END_TEST

/* What the observer was told. */
struct record {
	size_t epochs, best_epoch, stop_after;
	double train_loss[64], valid_loss[64];
};

static bool note_epoch(void *context, const struct cln_epoch *epoch)
{
	struct record *record = context;
	record->train_loss[epoch->epoch] = epoch->train_loss;
	record->valid_loss[epoch->epoch] = epoch->valid.log_loss;
	record->epochs = epoch->epoch;
	if (epoch->best)
		record->best_epoch = epoch->epoch;
	return epoch->epoch == record->stop_after;
}

START_TEST(the_best_epochs_weights_are_restored)
{
	struct dataset data = make_data(150, false, 2), valid = make_data(400, false, 3);
	struct cln_config config = plain();
	config.epochs = 40; /* few rows: overfits long before */
	config.learning_rate = 0.03;
	struct record record = {0};
	struct cln_observer observer = {.context = &record, .epoch = note_epoch};
	struct network *net;
	struct trainer_result result;
	assert_ok(train(&net, &result, &config, &data, &valid, NULL, 1, &observer, &err));
	ck_assert_uint_eq(result.epochs, 40);
	ck_assert_uint_eq(result.best_epoch, record.best_epoch);
	ck_assert_uint_lt(result.best_epoch, 40);
	float *logits = mem_alloc(valid.n_rows, sizeof *logits, NULL);
	struct cln_metrics metrics;
	assert_ok(predict_logits(logits, net, select_kernels(NULL), valid.X, valid.n_rows, 1, &err));
	assert_ok(metrics_compute(&metrics, logits, valid.y, NULL, valid.n_rows, 0.5, &err));
	ck_assert_double_eq(metrics.log_loss, record.valid_loss[result.best_epoch]);
	for (size_t epoch = 1; epoch <= 40; epoch++)
		ck_assert_double_ge(record.valid_loss[epoch], metrics.log_loss);
	mem_free(logits);
	network_destroy(net);
	dataset_free(&data);
	dataset_free(&valid);
}
END_TEST

static double loss_on(const struct network *net, const struct dataset *data)
{
	float *logits = mem_alloc(data->n_rows, sizeof *logits, NULL);
	struct cln_metrics metrics;
	assert_ok(predict_logits(logits, net, select_kernels(NULL), data->X, data->n_rows, 1, &err));
	assert_ok(metrics_compute(&metrics, logits, data->y, data->w, data->n_rows, 0.5, &err));
	mem_free(logits);
	return metrics.log_loss;
}

START_TEST(the_best_epochs_weights_are_restored_when_the_observer_stops_too)
{
	struct dataset data = make_data(150, false, 2), valid = make_data(400, false, 3);
	struct cln_config config = plain();
	config.epochs = 60; /* overfits long before the 40th */
	config.learning_rate = 0.03;
	struct record record = {.stop_after = 40};
	struct cln_observer observer = {.context = &record, .epoch = note_epoch};
	struct network *net;
	struct trainer_result result;
	struct cln_error err = {0};
	ck_assert_int_eq(train(&net, &result, &config, &data, &valid, NULL, 1, &observer, &err), CLN_STOPPED);
	ck_assert_uint_eq(result.epochs, 40);
	ck_assert_uint_lt(result.best_epoch, 40);
	ck_assert_double_lt(record.valid_loss[result.best_epoch], record.valid_loss[40]);
	ck_assert_double_eq(loss_on(net, &valid), record.valid_loss[result.best_epoch]);
	network_destroy(net);
	dataset_free(&data);
	dataset_free(&valid);
}
END_TEST

/* sum w_j [softplus(z_j) - y_j z_j] / sum w_j, by libm from the logits: nothing but the last roundings of double differ. */
START_TEST(the_validation_loss_is_weighted)
{
	struct dataset data = make_data(150, false, 2), valid = make_data(400, true, 3);
	struct cln_config config = plain();
	config.epochs = 1;
	struct record record = {0};
	struct cln_observer observer = {.context = &record, .epoch = note_epoch};
	struct network *net;
	struct trainer_result result;
	float logits[400];
	double sum = 0, weight = 0, plain_sum = 0;
	for (size_t i = 0; i < valid.n_rows; i++)
		valid.w[i] *= valid.y[i] > 0 ? 4 : 1; /* so that it makes a difference */
	assert_ok(train(&net, &result, &config, &data, &valid, NULL, 1, &observer, &err));
	assert_ok(predict_logits(logits, net, select_kernels(NULL), valid.X, valid.n_rows, 1, &err));
	for (size_t i = 0; i < valid.n_rows; i++) {
		const double z = (double)logits[i], w = (double)valid.w[i];
		const double loss = fmax(z, 0) + log1p(exp(-fabs(z))) - (double)valid.y[i] * z;
		sum += w * loss;
		weight += w;
		plain_sum += loss;
	}
	ck_assert_double_eq_tol(record.valid_loss[1], sum / weight, 1e-12); /* 400 additions of numbers near 1: 400 x 2^-53 */
	ck_assert_double_gt(fabs(plain_sum / (double)valid.n_rows - sum / weight), 1e-3);
	network_destroy(net);
	dataset_free(&data);
	dataset_free(&valid);
}
END_TEST

START_TEST(patience_ends_the_run)
{
	struct dataset data = make_data(150, false, 2), valid = make_data(400, false, 3);
	struct cln_config config = plain();
	config.epochs = 60;
	config.learning_rate = 0.03;
	config.patience = 3;
	struct network *net;
	struct trainer_result result;
	assert_ok(train(&net, &result, &config, &data, &valid, NULL, 1, NULL, &err));
	ck_assert_uint_lt(result.epochs, 60);
	ck_assert_uint_eq(result.epochs, result.best_epoch + 3);
	network_destroy(net);
	dataset_free(&data);
	dataset_free(&valid);
}
END_TEST

START_TEST(the_observer_can_stop_a_run)
{
	struct dataset data = make_data(150, false, 2);
	struct cln_config config = plain();
	struct record record = {.stop_after = 2};
	struct cln_observer observer = {.context = &record, .epoch = note_epoch};
	struct network *net;
	struct trainer_result result;
	struct cln_error err = {0};
	ck_assert_int_eq(train(&net, &result, &config, &data, NULL, NULL, 1, &observer, &err), CLN_STOPPED);
	ck_assert(!result.unfinished);
	ck_assert_uint_eq(result.epochs, 2);
	network_destroy(net);
	dataset_free(&data);
}
END_TEST

START_TEST(the_first_train_loss_is_that_of_the_initial_network)
{
	struct dataset data = make_data(200, true, 4);
	double sum = 0; /* the trainer is given weights of mean 1 */
	for (size_t i = 0; i < data.n_rows; i++)
		sum += (double)data.w[i];
	for (size_t i = 0; i < data.n_rows; i++)
		data.w[i] *= (float)((double)data.n_rows / sum);
	struct cln_config config = plain();
	config.batch_size = 0;
	config.epochs = 1;
	struct record record = {0};
	struct cln_observer observer = {.context = &record, .epoch = note_epoch};
	struct network *net, *initial;
	struct trainer_result result;
	assert_ok(train(&net, &result, &config, &data, NULL, NULL, 1, &observer, &err));
	config.epochs = 0;
	assert_ok(train(&initial, &result, &config, &data, NULL, NULL, 1, NULL, &err));
	ck_assert_uint_eq(result.epochs, 0);
	float logits[200];
	struct cln_metrics metrics;
	assert_ok(predict_logits(logits, initial, select_kernels(NULL), data.X, data.n_rows, 1, &err));
	assert_ok(metrics_compute(&metrics, logits, data.y, data.w, data.n_rows, 0.5, &err));
	/* each term has a few float roundings of values below 10, and the weights' mean is 1 within 2e-7 */
	ck_assert_double_eq_tol(record.train_loss[1], metrics.log_loss, 10 * 8 * 1.2e-7);
	network_destroy(net);
	network_destroy(initial);
	dataset_free(&data);
}
END_TEST

START_TEST(divergence_is_named_with_its_place)
{
	struct dataset data = make_data(200, false, 4);
	struct cln_config config = plain();
	config.optimizer = CLN_SGD;
	config.learning_rate = 1e30;
	struct network *net;
	struct trainer_result result;
	struct cln_error err = {0};
	ck_assert_int_eq(train(&net, &result, &config, &data, NULL, NULL, 2, NULL, &err), CLN_E_DIVERGED);
	ck_assert_ptr_nonnull(strstr(err.message, "epoch 1, step "));
	ck_assert_ptr_nonnull(strstr(err.message, "layer "));
	ck_assert_ptr_nonnull(strstr(err.message, "1e+30"));
	network_destroy(net);
	dataset_free(&data);
}
END_TEST

START_TEST(divergence_is_seen_before_it_spoils_the_weights)
{
	struct dataset data = make_data(200, false, 4);
	struct cln_config config = plain();
	config.batch_size = 0;
	config.epochs = 1;
	for (size_t k = 0; k < FEATURES; k++) /* the products of the first row overflow */
		data.X[k] = k % 2 ? 3e38f : -3e38f;
	struct network *net;
	struct trainer_result result;
	struct cln_error err = {0};
	size_t layer;
	ck_assert_int_eq(train(&net, &result, &config, &data, NULL, NULL, 2, NULL, &err), CLN_E_DIVERGED);
	const struct kernels *kernels;
	ck_assert_int_eq(kernels_select(&kernels, NULL, &err), CLN_OK);
	ck_assert(network_is_finite(net, kernels, &layer));
	ck_assert_ptr_nonnull(strstr(err.message, "holds the largest weight"));
	network_destroy(net);
	dataset_free(&data);
}
END_TEST

/* Squares of such gradients overflow as floats; they themselves do not, and a factor makes them as small as they are to be. */
START_TEST(a_gradient_whose_squares_overflow_is_clipped)
{
	struct dataset data = make_data(64, false, 4);
	struct cln_config config = plain();
	for (size_t i = 0; i < 64 * FEATURES; i++)
		data.X[i] *= 1e24f;
	config.optimizer = CLN_SGD;
	config.learning_rate = 1e-3;
	config.clip_norm = 1;
	config.batch_size = 0;
	config.epochs = 1;
	struct network *net, *initial;
	struct trainer_result result;
	assert_ok(train(&net, &result, &config, &data, NULL, NULL, 1, NULL, &err));
	config.epochs = 0;
	assert_ok(train(&initial, &result, &config, &data, NULL, NULL, 1, NULL, &err));
	double moved = 0;
	for (size_t i = 0; i < net->n_floats; i++) {
		const double by = (double)net->params[i] - (double)initial->params[i];
		moved += by * by;
	}
	/* The one step has the length of rate x clip_norm, but for the rounding of weights below 2, half an ulp each. */
	ck_assert_double_eq_tol(sqrt(moved), 1e-3, sqrt((double)net->n_floats) * 0x1p-24);
	network_destroy(net);
	network_destroy(initial);
	dataset_free(&data);
}
END_TEST

START_TEST(second_moments_that_overflow_are_divergence_and_not_a_standstill)
{
	struct dataset data = make_data(64, false, 4);
	struct cln_config config = plain();
	for (size_t i = 0; i < 64 * FEATURES; i++)
		data.X[i] *= 1e25f;
	config.epochs = 2;
	struct network *net;
	struct trainer_result result;
	struct cln_error err = {0};
	ck_assert_int_eq(train(&net, &result, &config, &data, NULL, NULL, 1, NULL, &err), CLN_E_DIVERGED);
	ck_assert_ptr_nonnull(strstr(err.message, "a feature is far too large"));
	network_destroy(net);
	dataset_free(&data);
}
END_TEST

START_TEST(a_validation_loss_that_is_not_finite_ends_the_run_at_once)
{
	struct dataset data = make_data(200, false, 4), valid = make_data(50, false, 5);
	struct cln_config config = plain();
	for (size_t k = 0; k < FEATURES; k++)
		valid.X[k] = k % 2 ? 3e38f : -3e38f;
	struct network *net;
	struct trainer_result result;
	struct cln_error err = {0};
	ck_assert_int_eq(train(&net, &result, &config, &data, &valid, NULL, 1, NULL, &err), CLN_E_DIVERGED);
	ck_assert_ptr_nonnull(strstr(err.message, "after epoch 1, step "));
	ck_assert_uint_eq(result.epochs, 0); /* complete */
	network_destroy(net);
	dataset_free(&data);
	dataset_free(&valid);
}
END_TEST

START_TEST(block_sizes_follow_the_stated_rule)
{
	static const size_t cases[][3] = {{100, 100, 50},    {256, 256, 64},    {300, 150, 75},
	                                  {1024, 256, 256}, {4096, 256, 256}, {10, 10, 10}};
	const size_t n_large[] = {28, 300, 300, 1}, n_small[] = {30, 64, 32, 1};
	struct network *large, *small;
	struct plan plan;
	struct cln_config config = plain();
	assert_ok(network_create(&large, n_large, 3, CLN_RELU, NULL, &err));
	assert_ok(network_create(&small, n_small, 3, CLN_RELU, NULL, &err));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		config.batch_size = cases[i][0];
		for (int threads = 1; threads <= 4; threads += 3) {
			plan_create(&plan, large, &config, 100000, threads);
			ck_assert_uint_eq(plan.block_size, cases[i][1]);
			plan_create(&plan, small, &config, 100000, threads);
			ck_assert_uint_eq(plan.block_size, cases[i][2]);
		}
	}
	network_destroy(large);
	network_destroy(small);
}
END_TEST

START_TEST(clipping_bounds_a_step)
{
	struct dataset data = make_data(64, false, 4);
	struct cln_config config = plain();
	config.optimizer = CLN_SGD;
	config.batch_size = 0;
	config.learning_rate = 1;
	config.clip_norm = 1e-3;
	config.epochs = 0;
	struct network *before = trained(&config, &data, NULL, NULL, 1);
	config.epochs = 1;
	struct network *after = trained(&config, &data, NULL, NULL, 1);
	double squares = 0;
	for (size_t i = 0; i < after->n_floats; i++)
		squares +=
		    ((double)after->params[i] - (double)before->params[i]) * ((double)after->params[i] - (double)before->params[i]);
	/* a weight of up to 2 moves by 1e-5 or so and is rounded to 1.2e-7: 1 % over the norm of a thousand weights */
	ck_assert_double_eq_tol(sqrt(squares), 1e-3, 1e-5);
	network_destroy(before);
	network_destroy(after);
	dataset_free(&data);
}
END_TEST

START_TEST(small_work_uses_one_thread_and_large_work_all)
{
	struct plan plan;
	struct network *tiny, *large;
	const size_t n_tiny[] = {2, 3, 3, 1}, n_large[] = {28, 300, 300, 300, 1};
	struct cln_config config = plain();
	assert_ok(network_create(&tiny, n_tiny, 3, CLN_RELU, NULL, &err));
	assert_ok(network_create(&large, n_large, 4, CLN_RELU, NULL, &err));
	plan_create(&plan, tiny, &config, 1000, 8);
	ck_assert_int_eq(plan.threads, 1);
	config.batch_size = 1024;
	plan_create(&plan, large, &config, 100000, 8);
	ck_assert_int_eq(plan.threads, 8);
	const size_t block_size = plan.block_size;
	plan_create(&plan, large, &config, 100000, 3);
	ck_assert_uint_eq(plan.block_size, block_size);
	plan_create(&plan, large, &config, 500, 3); /* fewer rows than a batch */
	ck_assert_uint_eq(plan.batch_size, 500);
	network_destroy(tiny);
	network_destroy(large);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("trainer");
	TCase *tcase = tcase_create("trainer");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, bits_do_not_depend_on_threads_or_instruction_set, 0, CLN_N_OPTIMIZERS);
	tcase_add_loop_test(tcase, teams_within_a_block_change_no_bit, 0, 8);
	tcase_add_test(tcase, members_may_share_a_single_panel);
	tcase_add_test(tcase, block_size_alone_changes_bits);
	tcase_add_loop_test(tcase, every_optimizer_learns, 0, CLN_N_OPTIMIZERS);
	tcase_add_test(tcase, the_best_epochs_weights_are_restored);
	tcase_add_test(tcase, the_best_epochs_weights_are_restored_when_the_observer_stops_too);
	tcase_add_test(tcase, the_validation_loss_is_weighted);
	tcase_add_test(tcase, patience_ends_the_run);
	tcase_add_test(tcase, the_observer_can_stop_a_run);
	tcase_add_test(tcase, the_first_train_loss_is_that_of_the_initial_network);
	tcase_add_test(tcase, divergence_is_named_with_its_place);
	tcase_add_test(tcase, divergence_is_seen_before_it_spoils_the_weights);
	tcase_add_test(tcase, a_gradient_whose_squares_overflow_is_clipped);
	tcase_add_test(tcase, second_moments_that_overflow_are_divergence_and_not_a_standstill);
	tcase_add_test(tcase, a_validation_loss_that_is_not_finite_ends_the_run_at_once);
	tcase_add_test(tcase, block_sizes_follow_the_stated_rule);
	tcase_add_test(tcase, clipping_bounds_a_step);
	tcase_add_test(tcase, small_work_uses_one_thread_and_large_work_all);
	tcase_add_test(tcase, members_are_trained_at_a_time_where_that_ends_first);
	suite_add_tcase(suite, tcase);
	return suite;
}

TESTING_MAIN(make_suite)
