/* SPDX-License-Identifier: MIT
 * Bins, the piecewise-linear embedding and the parametric activation: where edges lie, values by hand, the bits, the file.  Their
 * gradients are gradcheck's (tests/test_gradcheck.c). */
#include "testing.h"

#include "data/bins.h"
#include "front_runs.h"
#include "model_fixture.h"
#include "model_seal.h"

/* ---------------------------------------------------------------- edges */

enum { CELLS = 10000 };
static float cells[CELLS];
static uint32_t rows[CELLS], units[CELLS];
static float edges[ORDER_MAX_POINTS];

/* The edges of the first n cells; returns how many. */
static size_t choose(size_t n, size_t most_bins, const uint32_t *weights)
{
	size_t n_edges;
	for (size_t i = 0; i < n; i++)
		rows[i] = (uint32_t)i;
	assert_ok(bins_choose(edges, &n_edges, most_bins, &(struct order_sample){cells, rows, weights, n}, &err));
	for (size_t k = 1; k < n_edges; k++)
		ck_assert(edges[k - 1] < edges[k]);
	ck_assert_uint_le(n_edges, most_bins + 1);
	return n_edges;
}

static bool is_edge(float x, size_t n_edges)
{
	for (size_t k = 0; k < n_edges; k++)
		if (edges[k] == x)
			return true;
	return false;
}

START_TEST(few_numbers_are_all_edges)
{
	for (size_t i = 0; i < 300; i++)
		cells[i] = (float)(i % 7) - 3;
	ck_assert_uint_eq(choose(300, 48, NULL), 7);
	for (size_t k = 0; k < 7; k++)
		ck_assert(edges[k] == (float)k - 3);
	ck_assert_uint_eq(choose(300, 6, NULL), 7);
	ck_assert_uint_eq(choose(300, 5, NULL), 6);
}
END_TEST

START_TEST(equal_cells_make_no_bin)
{
	for (size_t i = 0; i < 10; i++)
		cells[i] = 0.5f;
	ck_assert_uint_eq(choose(10, 48, NULL), 1);
}
END_TEST

/* Cells that are all different are divided evenly: each of 10 bins has a tenth of them, but for the coarseness of 1000 points. */
START_TEST(bins_of_different_cells_hold_as_many)
{
	for (size_t i = 0; i < CELLS; i++)
		cells[i] = (float)(i * 7919 % CELLS);
	ck_assert_uint_eq(choose(CELLS, 10, NULL), 11);
	ck_assert(edges[0] == 0 && edges[10] == CELLS - 1);
	for (size_t k = 0; k < 10; k++)
		ck_assert_double_eq_tol((double)(edges[k + 1] - edges[k]), CELLS / 10, CELLS / 500);
}
END_TEST

/* 92 of 100 are 0, some hold 100 cells each, the others are all different: what is frequent gets edges, and the others the rest. */
START_TEST(frequent_numbers_get_edges_of_their_own)
{
	static const float peaks[] = {3103, 4386, 7298, 7688};
	for (size_t i = 0; i < CELLS; i++)
		cells[i] = i < 9200 ? 0 : i < 9600 ? peaks[i % 4] : (float)(i - 9600) * 20 + 1;
	const size_t n = choose(CELLS, 20, NULL);
	ck_assert_uint_eq(n, 21);
	ck_assert(is_edge(0, n));
	for (size_t i = 0; i < 4; i++)
		ck_assert_msg(is_edge(peaks[i], n), "%g is no edge", (double)peaks[i]);
}
END_TEST

/* A cell of the weight 3 is three cells. */
START_TEST(weights_count_as_copies)
{
	float copies[ORDER_MAX_POINTS];
	size_t n = 0;
	for (size_t i = 0; i < 2000; i++) {
		cells[i] = (float)(i * i % 1777);
		units[i] = 1 + (uint32_t)(i % 3);
	}
	const size_t n_edges = choose(2000, 12, units);
	memcpy(copies, edges, sizeof copies);
	for (size_t i = 0; i < 2000; i++)
		for (uint32_t c = 0; c < units[i]; c++)
			cells[n++] = (float)(i * i % 1777);
	ck_assert_uint_eq(choose(n, 12, NULL), n_edges);
	ck_assert_mem_eq(edges, copies, n_edges * sizeof *edges);
}
END_TEST

/* ---------------------------------------------------------------- values */

/* Two bins, from -1 to 1 and from 1 to 5, with the weights 2 and 10 and the bias 100: exact. */
START_TEST(an_embedding_is_linear_between_its_edges_and_held_beyond)
{
	static const float xs[] = {-1, 0, 1, 2, 5, -7, 99, -INFINITY, INFINITY, NAN};
	static const float expected[] = {100, 101, 102, 104.5f, 112, 100, 112, 100, 112, 100};
	static const float own_edges[] = {-1, 1, 5};
	static const uint32_t number = 0, first_edge[] = {0, 3};
	_Alignas(MEM_ALIGN) float params[3 * PANEL] = {0}, E[PANEL * PANEL] = {0};
	bool supported;
	const char *name;
	for (size_t i = 0; i < PIECEWISE_OUTPUTS; i++) {
		params[i] = 100 + (float)i;
		params[PANEL + i] = 2;
		params[2 * PANEL + i] = 10;
	}
	for (size_t s = 0; s < 10; s++)
		E[s * PANEL] = xs[s];
	for (size_t set = 0; (name = kernels_name(set, &supported)) != NULL; set++) {
		if (!supported)
			continue;
		select_kernels(name)->piecewise(&(struct piecewise_args){.E = E, .params = params, .edges = own_edges,
		                                                         .numbers = &number, .first_edge = first_edge, .end = 1,
		                                                         .first_output = 1, .m = 10, .ld = PANEL});
		for (size_t s = 0; s < 10; s++)
			for (size_t i = 0; i < PIECEWISE_OUTPUTS; i++)
				ck_assert_msg(E[s * PANEL + 1 + i] == expected[s] + (float)i, "%s: E[%zu] of %g is %g", name, i,
				              (double)xs[s], (double)E[s * PANEL + 1 + i]);
	}
}
END_TEST

/* alpha 0 is the identity, alpha 1 the activation: z + (g(z) - z) rounds twice. */
START_TEST(alpha_goes_from_the_identity_to_the_activation)
{
	_Alignas(MEM_ALIGN) float Z[3 * PANEL], A[3 * PANEL], D[3 * PANEL], Q[3 * PANEL], g[3 * PANEL];
	_Alignas(MEM_ALIGN) float slope[3 * PANEL], alpha[PANEL];
	const struct kernels *kernels = select_kernels(NULL);
	for (int i = 0; i < 3 * PANEL; i++)
		Z[i] = g[i] = (float)i * 0.31f - 7;
	kernels->activate((enum cln_activation)_i, g, slope, 3 * PANEL);
	for (int with = 0; with < 2; with++) {
		memcpy(A, Z, sizeof A);
		for (int i = 0; i < PANEL; i++)
			alpha[i] = (float)with;
		kernels->parametric(&(struct parametric_args){.A = A, .D = D, .Q = Q, .alpha = alpha, .m = 3, .ld = 3, .p_end = 1,
		                                              .activation = _i});
		for (int i = 0; i < 3 * PANEL; i++) {
			const double bound = with * 2 * 0x1p-24 * (fabs((double)Z[i]) + fabs((double)g[i]));
			ck_assert(fabs((double)(A[i] - (with ? g[i] : Z[i]))) <= bound);
			ck_assert(fabs((double)(D[i] - (with ? slope[i] : 1))) <= with * 0x1p-22);
			ck_assert(Q[i] == g[i] - Z[i]);
		}
	}
}
END_TEST

/* ---------------------------------------------------------------- bits */

enum { BINNED = 3 };
static const uint32_t binned[BINNED] = {1, 4, 17}, first_edge[BINNED + 1] = {0, 4, 6, 6 + PIECEWISE_MAX_BINS + 1};
static const uint32_t waves[2] = {0, 4};

static struct network *make_network(enum cln_activation activation)
{
	static const size_t n[] = {FEATURES, 40, 21, 1};
	float of_edges[6 + PIECEWISE_MAX_BINS + 1] = {-1.5f, -0.5f, 0.25f, 2, -0.125f, 0.5f};
	for (int e = 0; e <= PIECEWISE_MAX_BINS; e++)
		of_edges[6 + e] = (float)(e - 30) / 16;
	const struct front front = {.numbers = waves, .n_numbers = 2, .scaling = true, .binned = binned, .first_edge = first_edge,
	                            .edges = of_edges, .n_binned = BINNED, .parametric = true};
	struct network *net;
	assert_ok(network_create(&net, n, 3, activation, &front, &err));
	network_init_front(net, 0.5, NULL, 7);
	network_init(net, CLN_INIT_AUTO, 7);
	return net;
}

/* Values of the front that are none of its first ones. */
static void stir(struct network *net)
{
	struct rng rng;
	rng_start(&rng, 3, RNG_TEST, 0, 0);
	for (size_t e = 0; e < front_edges(&net->front); e++)
		for (size_t i = 0; i < PIECEWISE_OUTPUTS; i++)
			net->params[net->piecewise_offset + e * PANEL + i] = (float)rng_normal(&rng);
	for (size_t l = 1; l < net->L; l++)
		for (size_t i = 0; i < net->n[l]; i++)
			net->params[net->alpha_offset[l] + i] = (float)(0.5 + rng_uniform(&rng));
}

static struct dataset make_data(size_t n_rows)
{
	struct dataset data;
	struct rng rng;
	assert_ok(dataset_create(&data, n_rows, FEATURES, false, &err));
	rng_start(&rng, 5, RNG_TEST, 0, 0);
	for (size_t i = 0; i < n_rows * FEATURES; i++)
		data.X[i] = (float)(4 * rng_uniform(&rng) - 2);
	for (size_t i = 0; i < n_rows; i++)
		data.y[i] = data.X[i * FEATURES + 17] * data.X[i * FEATURES + 1] > 0.1f;
	return data;
}

START_TEST(instruction_sets_give_the_same_bits)
{
	struct network *net = make_network((enum cln_activation)_i);
	struct dataset data = make_data(COLUMNS);
	stir(net);
	assert_same_gradients(net, &data, &(struct dropout_key){.rate = 0.25, .seed = 3});
	dataset_free(&data);
	network_destroy(net);
}
END_TEST

static struct network *fresh(const struct cln_config *config, bool scaling)
{
	(void)scaling;
	return make_network(config->activation);
}

/* Blocks of 13 columns; two blocks, with teams; one block, updated on the way back. */
START_TEST(training_has_the_same_bits_on_any_threads)
{
	static const size_t blocks[] = {13, 100, 128};
	struct cln_config config = strong();
	struct dataset data = make_data(ROWS);
	config.block_size = blocks[_i % 3];
	config.clip_norm = _i / 3 ? 0.5 : 0;
	struct network *one = assert_same_training(fresh, true, &config, &data);
	for (size_t l = 1; l < one->L; l++)
		ck_assert(network_alpha(one, l)[0] != 1); /* it has learnt */
	ck_assert(network_piecewise(one)[PANEL] != 0);
	network_destroy(one);
	dataset_free(&data);
}
END_TEST

/* One step of gradient descent with all factors 1, and with a fourth for embeddings and a half for biases: powers of two, so that
 * both round alike but for the sum. */
START_TEST(bins_learn_as_embeddings_and_alphas_as_biases)
{
	struct cln_config config = strong();
	struct dataset data = make_data(ROWS);
	struct network *start = make_network(CLN_MISH), *nets[2];
	stir(start);
	network_sync(start);
	config.learning_rate = 4;
	config.epochs = 1;
	for (int i = 0; i < 2; i++) {
		config.bias_rate = i ? 0.5 : 1;
		config.embedding_rate = i ? 0.25 : 1;
		assert_ok(network_clone(&nets[i], start, &err));
		descend(nets[i], config, &data);
	}
	for (size_t i = start->piecewise_offset; i < start->n_floats; i++) {
		const double factor = i < start->alpha_offset[1] ? 0.25 : 0.5, was = (double)start->params[i];
		const double whole = (double)nets[0]->params[i] - was, part = (double)nets[1]->params[i] - was;
		ck_assert_msg(fabs(part - factor * whole) <= 0x1p-23 * (2 * fabs(was) + 3 * fabs(whole)),
		              "float %zu: %g, not %g x %g", i, part, factor, whole);
	}
	network_destroy(start);
	network_destroy(nets[0]);
	network_destroy(nets[1]);
	dataset_free(&data);
}
END_TEST

/* ---------------------------------------------------------------- the file */

/* The fixture's model with a network that has bins of its features 0 and 12, and alphas. */
static struct cln_model *model_with_bins(void)
{
	static const float of_edges[] = {-0.5f, 0.1f, 3, 0, 1e-40f};
	static const uint32_t own_binned[] = {0, 12}, own_first[] = {0, 3, 5};
	struct cln_model *model;
	struct front front = {.binned = own_binned, .first_edge = own_first, .edges = of_edges, .n_binned = 2, .parametric = true};
	assert_ok(model_fixture(&model, &err));
	const size_t n[] = {model->network->n_features, model->network->n[1], model->network->n[2], 1};
	network_destroy(model->network);
	assert_ok(network_create(&model->network, n, 3, CLN_GELU, &front, &err));
	network_init_front(model->network, 0.1, NULL, 1);
	for (size_t i = 0; i < 5 * PANEL; i++)
		model->network->params[model->network->piecewise_offset + i] = i % PANEL < PIECEWISE_OUTPUTS ? (float)i : 0;
	for (size_t i = 0; i < n[1]; i++)
		model->network->params[model->network->alpha_offset[1] + i] = -(float)i;
	model->config.embedding = CLN_EMBEDDING_PIECEWISE;
	model->config.bins = 7;
	model->config.parametric_activation = true;
	return model;
}

START_TEST(bins_and_alphas_read_back_to_the_bit)
{
	struct cln_model *model = model_with_bins(), *copy;
	struct front *other;
	char *bytes, *again;
	size_t length, again_length;
	assert_ok(model_encode(&bytes, &length, model, &err));
	ck_assert(memmem(bytes, length, "{\\\"format\\\":3,", 14) != NULL);
	assert_ok(model_decode(&copy, bytes, length, "m", &err));
	other = &copy->network->front;
	ck_assert(front_same(other, &model->network->front));
	ck_assert_mem_eq(other->edges, model->network->front.edges, front_edges(other) * sizeof(float));
	ck_assert_mem_eq(copy->network->params, model->network->params, model->network->n_floats * sizeof(float));
	ck_assert(copy->config.bins == 7 && copy->config.parametric_activation);
	ck_assert_int_eq(copy->config.embedding, CLN_EMBEDDING_PIECEWISE);
	assert_ok(model_encode(&again, &again_length, copy, &err));
	ck_assert(again_length == length && memcmp(again, bytes, length) == 0);
	((float *)other->edges)[1] = 0.2f; /* a number of edges is another front, but not their place */
	ck_assert(front_same(other, &model->network->front));
	((uint32_t *)other->first_edge)[1]--;
	ck_assert(!front_same(other, &model->network->front));
	mem_free(bytes);
	mem_free(again);
	cln_model_destroy(model);
	cln_model_destroy(copy);
}
END_TEST

static const struct {
	const char *from, *to, *message;
} forgeries[] = {
	{"\\\"format\\\":3", "\\\"format\\\":2", "not in the form that Colonnade writes"},
	{"\\\"format\\\":3", "\\\"format\\\":6", "m: written by a newer Colonnade (format 6); this one reads up to 5"},
	{"[-0.5,0.1,3]", "[-0.5,3,0.1]", "\"edges\" are not in ascending order"},
	{"[-0.5,0.1,3]", "[-0.5,0.1,0.1]", "feature 0 has an edge twice"},
	{"[-0.5,0.1,3]", "[-0.5,null,3]", "\"edges\" holds something that is not a number"},
	{"[-0.5,0.1,3]", "[-0.5,0.1,1e39]", "\"edges\" holds something that is not a number within"},
	{"[-0.5,0.1,3]", "[-0.5]", "feature 0 has 1 edges, not 2 to 64"},
	{"[-0.5,0.1,3]", "7", "edges"},
	{"[-0.5,0.1,3]", "[-0.5,0.1,2,3]", "do not fit the "},
	{"[-0.5,0.1,3]", "[-0.5,3]", "32 bytes follow its weights"},
	{"[-0.5,0.1,3]", "[-0.5,0.10,3]", "not in the form that Colonnade writes"},
	{"\\\"feature\\\":12", "\\\"feature\\\":0", "feature"},
	{"\\\"feature\\\":12", "\\\"feature\\\":13", "feature"},
	{"\\\"binned\\\":[", "\\\"binned\\\":[7,", "\"binned\" holds something that is no object"},
	{"\\\"binned\\\":[", "\\\"binned\\\":[],\\\"b\\\":[", "\"binned\" has 0 members, not 1 to 13"},
	{"\\\"binned\\\":[", "\\\"binned\\\":7,\\\"b\\\":[", "binned"},
	{"\\\"parametric\\\":true", "\\\"parametric\\\":1", "parametric"},
	{"\\\"parametric\\\":true,", "", "follow its weights"},
	{"\\\"parametric\\\":true",
	 "\\\"categories\\\":[0],\\\"category_rows\\\":[3],\\\"category_values\\\":2,\\\"parametric\\\":true",
	 "feature 0 is both binned and a category"},
	{"layers.0.alpha", "layers.0.alphb", "tensor layers.0.alpha is missing or out of order"},
	{"piecewise.weight", "piecewise.weighs", "tensor piecewise.weight is missing or out of order"},
	{"\"shape\":[3,8]", "\"shape\":[8,3]", "piecewise.weight has not the shape"},
	{"\\\"bins\\\":7", "\\\"bins\\\":-7", "bins"},
};
#define N_FORGERIES ((int)(sizeof forgeries / sizeof *forgeries))

START_TEST(forged_bins_are_refused_by_what_is_wrong)
{
	struct cln_model *model = model_with_bins(), *none;
	struct cln_error error = {0};
	char *bytes;
	size_t length;
	assert_ok(model_encode(&bytes, &length, model, &err));
	const char *at = memmem(bytes, length, forgeries[_i].from, strlen(forgeries[_i].from));
	ck_assert(at != NULL);
	struct text forged = model_forge(bytes, length, (size_t)(at - bytes), strlen(forgeries[_i].from), forgeries[_i].to);
	ck_assert_int_eq(model_decode(&none, forged.bytes, forged.length, "m", &error), CLN_E_DAMAGED);
	ck_assert_msg(strstr(error.message, forgeries[_i].message) != NULL, "%s", error.message);
	text_free(&forged);
	mem_free(bytes);
	cln_model_destroy(model);
}
END_TEST

static Suite *piecewise_suite(void)
{
	Suite *suite = suite_create("piecewise");
	TCase *bins = tcase_create("edges"), *values = tcase_create("values"), *bits = tcase_create("bits");
	TCase *file = tcase_create("file");
	tcase_add_test(bins, few_numbers_are_all_edges);
	tcase_add_test(bins, equal_cells_make_no_bin);
	tcase_add_test(bins, bins_of_different_cells_hold_as_many);
	tcase_add_test(bins, frequent_numbers_get_edges_of_their_own);
	tcase_add_test(bins, weights_count_as_copies);
	tcase_add_test(values, an_embedding_is_linear_between_its_edges_and_held_beyond);
	tcase_add_loop_test(values, alpha_goes_from_the_identity_to_the_activation, 0, CLN_N_ACTIVATIONS);
	tcase_set_timeout(bits, 60);
	tcase_add_loop_test(bits, instruction_sets_give_the_same_bits, 0, CLN_N_ACTIVATIONS);
	tcase_add_loop_test(bits, training_has_the_same_bits_on_any_threads, 0, 6);
	tcase_add_test(bits, bins_learn_as_embeddings_and_alphas_as_biases);
	tcase_add_test(file, bins_and_alphas_read_back_to_the_bit);
	tcase_add_loop_test(file, forged_bins_are_refused_by_what_is_wrong, 0, N_FORGERIES);
	suite_add_tcase(suite, bins);
	suite_add_tcase(suite, values);
	suite_add_tcase(suite, bits);
	suite_add_tcase(suite, file);
	return suite;
}

TESTING_MAIN(piecewise_suite)
