/* SPDX-License-Identifier: MIT
 * Trainings that are the work of several ranks end with the bits of one process: any number of ranks and threads, every optimizer,
 * clipping, fronts, incomplete mini-batches, states gone on from, epochs gone back to.  The ranks are threads of this process. */
#include "testing.h"

#include "rank_threads.h"

#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/dispatch.h"
#include "train/job.h"

enum { ROWS = 700, VALID = 300, FEATURES = 7, BATCH = 256, LEVELS = 4 };

/* ---------------------------------------------------------------- what is trained */

static const uint32_t numbers[] = {1, 3}, binned[] = {2}, first_edge[] = {0, 4};
static const float edges[] = {-1, 0, 0.5f, 1};
static const struct category categories[] = {{.feature = 5, .n_rows = LEVELS}};
static const struct front fronts[] = {
	{0},
	{.numbers = numbers, .n_numbers = 2, .scaling = true, .categories = categories, .n_categories = 1, .values = 2,
	 .binned = binned, .first_edge = first_edge, .edges = edges, .n_binned = 1, .parametric = true},
};

static const struct {
	const char *what;
	struct cln_config config;
	int front;
	float weight;
} cases[] = {
	{"sgd", {.optimizer = CLN_SGD, .learning_rate = 0.2}, 0, 0},
	{"adamw, decay, dropout, row weights",
	 {.optimizer = CLN_ADAMW, .learning_rate = 0.01, .weight_decay = 0.1, .dropout = 0.2}, 0, 1},
	{"momentum, clipping", {.optimizer = CLN_MOMENTUM, .learning_rate = 0.1, .clip_norm = 0.05}, 0, 0},
	{"adam, a front, clipping", {.optimizer = CLN_ADAM, .learning_rate = 0.01, .clip_norm = 0.1}, 1, 1},
	{"rmsprop, blocks of an odd number and size", {.optimizer = CLN_RMSPROP, .learning_rate = 0.01, .block_size = 37}, 1, 0},
};
enum { N_CASES = sizeof cases / sizeof *cases };

static struct cln_config config_of(int i)
{
	struct cln_config config = cases[i].config;
	config.activation = CLN_RELU;
	config.momentum = 0.9;
	config.beta1 = 0.9;
	config.beta2 = 0.999;
	config.epsilon = 1e-8;
	config.bias_rate = config.embedding_rate = config.level_rate = config.scaling_rate = 1;
	config.batch_size = BATCH;
	config.epochs = 3;
	config.seed = 5;
	config.threshold = 0.5;
	return config;
}

static struct dataset make_data(size_t n_rows, bool weighted, uint32_t stream)
{
	struct dataset data;
	struct rng rng;
	assert_ok(dataset_create(&data, n_rows, FEATURES, weighted, &err));
	rng_start(&rng, 17, RNG_TEST, stream, 0);
	for (size_t i = 0; i < n_rows; i++) {
		double t = 0;
		for (size_t k = 0; k < FEATURES; k++) {
			data.X[i * FEATURES + k] = k == 5 ? (float)(i % LEVELS) : (float)rng_normal(&rng);
			t += (k % 2 ? 1 : -1) * (double)data.X[i * FEATURES + k];
		}
		data.y[i] = t > 0.3;
		if (weighted)
			data.w[i] = (float)(0.5 + rng_uniform(&rng));
	}
	return data;
}

/* A training, and what came of it. */
struct training {
	int which, threads;
	struct cln_config config;
	const struct dataset *train, *valid;
	const struct cln_observer *observer;
	const struct trainer_keeper *keeper;
	struct network *net;
	struct trainer_result result;
	enum cln_status status;
	struct cln_error err;
	size_t bytes; /* sent by rank 0 */
};

static struct network *make_network(int which, const struct cln_config *config)
{
	static const size_t n[] = {FEATURES, 128, 96, 1};
	struct network *net;
	rank_assert(network_create(&net, n, 3, config->activation, &fronts[cases[which].front], NULL) == CLN_OK);
	network_init(net, CLN_INIT_AUTO, config->seed);
	network_init_front(net, 0.5, NULL, config->seed);
	network_init_levels(net, 0.5, config->seed);
	return net;
}

static void train_with(struct training *training, struct comm *comm)
{
	const struct cln_config *config = &training->config;
	const struct kernels *kernels;
	struct plan plan;
	assert_ok(kernels_select(&kernels, NULL, &err));
	training->net = make_network(training->which, config);
	plan_create_for(&plan, training->net, config, training->train->n_rows, training->threads, comm);
	training->status = trainer_continue(training->net, training->train, training->valid, config, &plan, kernels,
	                                    training->observer, training->keeper, &training->result, &training->err);
}

/* Rank 0 trains, the others follow. */
static void rank_body(void *argument, struct comm *comm)
{
	struct training *training = argument;
	enum ranks_command command = RANKS_TRAIN;
	struct share_memory memory = {0};
	if (comm->rank == 0) {
		train_with(training, comm);
		command = RANKS_END;
		comm_broadcast(comm, &command, sizeof command);
		training->bytes = comm->bytes;
		return;
	}
	for (;;) {
		comm_broadcast(comm, &command, sizeof command);
		if (command == RANKS_END)
			break;
		job_follow(comm, &memory, training->threads);
	}
	share_memory_free(&memory);
}

static void train(struct training *training, int ranks)
{
	struct rank_threads all;
	if (ranks == 1)
		train_with(training, NULL);
	else
		rank_threads_run(&all, ranks, rank_body, training);
}

static struct training training_of(int which, const struct dataset *data, const struct dataset *valid)
{
	return (struct training){
	    .which = which, .threads = 1, .config = config_of(which), .train = data, .valid = valid, .status = CLN_OK};
}

static void assert_same_weights(const struct training *a, const struct training *b, const char *what, int ranks)
{
	ck_assert_msg(memcmp(a->net->params, b->net->params, a->net->n_floats * sizeof(float)) == 0,
	              "%s: %d ranks of %d threads give other bits", what, ranks, b->threads);
}

/* ---------------------------------------------------------------- tests */

START_TEST(any_ranks_and_threads_give_the_bits_of_one_process)
{
	struct dataset data = make_data(ROWS, cases[_i].weight > 0, 0), valid = make_data(VALID, false, 1);
	struct training alone = training_of(_i, &data, &valid);
	train(&alone, 1);
	ck_assert_int_eq(alone.status, CLN_OK);
	for (int ranks = 2; ranks <= RANK_THREADS_MAX; ranks += ranks < 5 ? 1 : 4)
		for (int threads = 1; threads <= (ranks > 4 ? 1 : 3); threads++) {
			struct training shared = training_of(_i, &data, &valid);
			shared.threads = parallel_limit(threads);
			train(&shared, ranks);
			ck_assert_msg(shared.status == CLN_OK, "%s", shared.err.message);
			assert_same_weights(&alone, &shared, cases[_i].what, ranks);
			ck_assert_uint_eq(alone.result.best_epoch, shared.result.best_epoch);
			ck_assert_uint_gt(shared.bytes, 9 * shared.net->n_params * sizeof(float) / (size_t)ranks); /* 9 steps */
			network_destroy(shared.net);
		}
	network_destroy(alone.net);
	dataset_free(&data);
	dataset_free(&valid);
}
END_TEST

/* Parts of one table: lists of rows, as the members of an ensemble have. */
START_TEST(rows_may_be_parts_of_a_dataset)
{
	struct dataset all = make_data(ROWS, true, 0), train_rows = all, valid = all;
	uint32_t lists[ROWS];
	size_t n = 0;
	for (uint32_t i = 0; i < ROWS; i++)
		if (i % 5)
			lists[n++] = i;
	for (uint32_t i = 0; i < ROWS; i += 5)
		lists[ROWS - 1 - i / 5] = i;
	train_rows.rows = lists;
	train_rows.n_rows = n;
	valid.rows = lists + n;
	valid.n_rows = ROWS - n;
	struct training alone = training_of(1, &train_rows, &valid), shared = alone;
	train(&alone, 1);
	train(&shared, 3);
	ck_assert_int_eq(shared.status, CLN_OK);
	assert_same_weights(&alone, &shared, "parts", 3);
	network_destroy(alone.net);
	network_destroy(shared.net);
	dataset_free(&all);
}
END_TEST

/* An observer that wishes after a number of steps, and what it is then handed. */
struct stop {
	size_t steps, at;
	enum cln_ask wish;
	struct training_state state;
	size_t saved, n_floats;
};

static enum cln_ask ask(void *context)
{
	struct stop *stop = context;
	return ++stop->steps == stop->at ? stop->wish : CLN_GO_ON;
}

static void save(void *context, const struct training_state *state)
{
	struct stop *stop = context;
	const size_t n = stop->n_floats;
	stop->saved++;
	stop->state = *state;
	for (size_t i = 0; i < STATE_N_PARTS; i++)
		if (state->parts[i]) {
			stop->state.parts[i] = malloc(n * sizeof(float));
			memcpy(stop->state.parts[i], state->parts[i], n * sizeof(float));
		}
}

/* Stopped after so many steps by so many ranks, gone on with by others. */
START_TEST(what_some_ranks_have_begun_others_end)
{
	static const int before[] = {1, 3, 4, 2}, after[] = {2, 1, 3, 5};
	struct dataset data = make_data(ROWS, true, 0), valid = make_data(VALID, false, 1);
	struct training alone = training_of(3, &data, &valid);
	alone.config.recover = 1; /* so that a state within an epoch has what the epoch began with */
	train(&alone, 1);
	for (size_t i = 0; i < 4; i++) {
		struct stop stop = {.at = 2 + i, .wish = CLN_SAVE_AND_STOP, .n_floats = alone.net->n_floats};
		const struct cln_observer observer = {.context = &stop, .ask = ask};
		const struct trainer_keeper keeper = {.context = &stop, .save = save}, goes_on = {.from = &stop.state};
		struct training first = training_of(3, &data, &valid), second = first;
		first.config.recover = second.config.recover = 1;
		first.observer = &observer;
		first.keeper = &keeper;
		second.keeper = &goes_on;
		train(&first, before[i]);
		ck_assert_int_eq(first.status, CLN_STOPPED);
		ck_assert_uint_eq(stop.steps, stop.at);
		ck_assert_uint_eq(stop.saved, 1);
		train(&second, after[i]);
		ck_assert_msg(second.status == CLN_OK, "%s", second.err.message);
		assert_same_weights(&alone, &second, "gone on", after[i]);
		network_destroy(first.net);
		network_destroy(second.net);
		for (size_t p = 0; p < STATE_N_PARTS; p++)
			free(stop.state.parts[p]);
	}
	network_destroy(alone.net);
	dataset_free(&data);
	dataset_free(&valid);
}
END_TEST

/* A rate that is too high: the same error, and with recover the same way back. */
START_TEST(divergence_is_the_same_for_all)
{
	struct dataset data = make_data(ROWS, false, 0), valid = make_data(VALID, false, 1);
	for (size_t recover = 0; recover <= 20; recover += 20) {
		struct training alone = training_of(0, &data, &valid);
		alone.config.learning_rate = 3000;
		alone.config.recover = recover;
		struct training shared = alone;
		train(&alone, 1);
		train(&shared, 3);
		ck_assert_int_eq(alone.status, shared.status);
		ck_assert_str_eq(alone.err.message, shared.err.message);
		ck_assert_uint_eq(alone.result.recoveries, shared.result.recoveries);
		ck_assert_int_eq(recover == 0, alone.status == CLN_E_DIVERGED);
		ck_assert_int_eq(recover > 0, alone.result.recoveries > 0);
		assert_same_weights(&alone, &shared, "diverged", 3);
		network_destroy(alone.net);
		network_destroy(shared.net);
	}
	dataset_free(&data);
	dataset_free(&valid);
}
END_TEST

/* A signal at rank 2 in its second step. */
static int steps_of_rank_2;
static int signal_of_rank_2(void)
{
	return ++steps_of_rank_2 == 2 ? 15 : 0;
}

static int heard, times_heard;
static void hear(int signal)
{
	heard = signal;
	times_heard++;
}

static void body_with_signal(void *argument, struct comm *comm)
{
	comm->hear = hear;
	if (comm->rank == 2)
		comm->signal = signal_of_rank_2;
	rank_body(argument, comm);
}

START_TEST(rank_0_hears_of_a_signal_of_another_rank)
{
	struct dataset data = make_data(ROWS, false, 0);
	struct training training = training_of(0, &data, NULL);
	struct rank_threads all;
	steps_of_rank_2 = heard = times_heard = 0;
	rank_threads_run(&all, 3, body_with_signal, &training);
	ck_assert_int_eq(training.status, CLN_OK);
	ck_assert_int_eq(heard, 15);
	ck_assert_int_eq(times_heard, 1);
	ck_assert_int_eq(steps_of_rank_2, 9); /* 3 epochs of 3 steps: it is asked once in each */
	network_destroy(training.net);
	dataset_free(&data);
}
END_TEST

/* The first rank's failure is everybody's. */
static void agree_body(void *argument, struct comm *comm)
{
	enum cln_status *found = argument;
	struct cln_error err = {0};
	enum cln_status status = comm_agree(comm, CLN_OK, &err);
	rank_assert(status == CLN_OK);
	if (comm->rank == 2)
		status = error_set(&err, CLN_E_MEMORY, "no room");
	if (comm->rank == 3)
		status = error_set(&err, CLN_E_DATA, "not this one");
	found[comm->rank] = comm_agree(comm, status, &err);
	rank_assert(strcmp(err.message, comm->rank == 2 ? "no room" : "rank 2: no room") == 0);
}

START_TEST(all_ranks_agree_on_a_failure)
{
	enum cln_status found[4] = {CLN_OK};
	struct rank_threads all;
	rank_threads_run(&all, 4, agree_body, found);
	for (int r = 0; r < 4; r++)
		ck_assert_int_eq(found[r], CLN_E_MEMORY);
}
END_TEST

/* The squared norms come back in the order in which one process adds them up, whoever owns which and wherever they lie. */
static void norms_body(void *argument, struct comm *comm)
{
	const struct dataset *data = argument;
	struct cln_config config = config_of(3);
	struct network *net = make_network(3, &config);
	const struct kernels *kernels;
	struct stepper stepper;
	struct plan plan;
	rank_assert(kernels_select(&kernels, NULL, NULL) == CLN_OK);
	plan_create_for(&plan, net, &config, data->n_rows, 1, comm);
	rank_assert(stepper_create(&stepper, net, kernels, &config, data, &plan, NULL) == CLN_OK);
	struct slices *slices = &stepper.slices;
	for (size_t i = slices->first[comm->rank]; i < slices->first[comm->rank + 1]; i++)
		slices->norms[i] = (double)slices->sorted[i];
	slices_gather_norms(slices);
	for (size_t i = 0; i < stepper.updater.n_chunks; i++)
		rank_assert(stepper.updater.chunk_norms[i] == (double)i);
	stepper_free(&stepper);
	network_destroy(net);
}

START_TEST(norms_are_added_up_in_the_order_of_one_process)
{
	struct dataset data = make_data(ROWS, true, 0);
	struct rank_threads all;
	rank_threads_run(&all, 3, norms_body, &data);
	dataset_free(&data);
}
END_TEST

/* Large networks and mini-batches are worth sharing, small ones and those of one block are not. */
START_TEST(ranks_are_used_where_they_pay)
{
	static const struct {
		size_t units, batch;
		bool pays;
	} nets[] = {{16, 256, false}, {64, 256, false}, {2048, 1024, true}, {512, 4096, true}, {2048, 256, false}};
	struct comm comm = {.rank = 0, .ranks = 2};
	for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
		const size_t n[] = {100, nets[i].units, nets[i].units, 1};
		struct cln_config config = config_of(0);
		struct network *net;
		struct plan plan;
		config.batch_size = nets[i].batch;
		assert_ok(network_create(&net, n, 3, CLN_RELU, NULL, &err));
		plan_create_for(&plan, net, &config, 100000, 1, &comm);
		ck_assert_int_eq(plan.comm != NULL, plan.n_blocks > 1);
		ck_assert_int_eq(plan.comm && plan_ranks_pay(&plan, net), nets[i].pays);
		network_destroy(net);
	}
}
END_TEST

START_TEST(a_program_without_mpi_is_alone)
{
	int argc = 0;
	comm_start(&argc, NULL);
	ck_assert_ptr_null(comm_world());
	ck_assert_ptr_null(comm_library());
	ck_assert_int_eq(comm_sharers(), 1);
	comm_end();
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("ranks");
	TCase *tcase = tcase_create("ranks");
	tcase_add_loop_test(tcase, any_ranks_and_threads_give_the_bits_of_one_process, 0, N_CASES);
	tcase_add_test(tcase, rows_may_be_parts_of_a_dataset);
	tcase_add_test(tcase, what_some_ranks_have_begun_others_end);
	tcase_add_test(tcase, divergence_is_the_same_for_all);
	tcase_add_test(tcase, rank_0_hears_of_a_signal_of_another_rank);
	tcase_add_test(tcase, all_ranks_agree_on_a_failure);
	tcase_add_test(tcase, norms_are_added_up_in_the_order_of_one_process);
	tcase_add_test(tcase, ranks_are_used_where_they_pay);
	tcase_add_test(tcase, a_program_without_mpi_is_alone);
	suite_add_tcase(suite, tcase);
	return suite;
}

TESTING_MAIN(make_suite)
