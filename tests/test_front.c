/* SPDX-License-Identifier: MIT
 * The front: embeddings, tables of categories and input factors, against the same in double, that against differences of the cost,
 * and the bits. */
#include "testing.h"

#include <float.h>

#include "base/dmath.h"
#include "front_runs.h"
#include "nn/textbook.h"

/* Three features are embedded, one of those in the second panel; two are categories, one in the
 * second panel, whose tables end in a third chunk of the optimizer. */
enum { NUMBERS = 3, CATEGORIES = 2, VALUES = 3, FEW = 5, MANY = 700 };
enum { FIRST_VALUE = FEATURES + EMBEDDING_OUTPUTS * NUMBERS, INPUTS = FIRST_VALUE + CATEGORIES * (VALUES - 1) };
static const uint32_t numbers[NUMBERS] = {1, 4, 17};
static const struct category categories[CATEGORIES] = {{.feature = 2, .n_rows = FEW}, {.feature = 16, .n_rows = MANY}};
static const size_t first_rows[CATEGORIES] = {0, FEW};
enum { K = EMBEDDING_FREQUENCIES, OUTPUTS = EMBEDDING_OUTPUTS };
/* Where they lie among the floats of network_get_front. */
enum {
	AT_W = 0,
	AT_PHASE = NUMBERS * K,
	AT_V = 2 * NUMBERS * K,
	AT_BIAS = (2 + OUTPUTS) * NUMBERS * K,
	AT_SCALE = AT_BIAS + NUMBERS * OUTPUTS,
	N_TABLE = (FEW + MANY) * VALUES,
	N_FRONT = AT_SCALE + INPUTS + N_TABLE
};
static size_t at_table(bool scaling) { return AT_SCALE + (scaling ? INPUTS : 0); }

static const double spreads[NUMBERS] = {3, 1, 0.5};
static const double TURN = 6.283185307179586477;

static struct network *make_network(bool scaling)
{
	static const size_t n[] = {FEATURES, 20, 9, 1};
	const struct front front = {.numbers = numbers,
	                            .n_numbers = NUMBERS,
	                            .scaling = scaling,
	                            .categories = categories,
	                            .n_categories = CATEGORIES,
	                            .values = VALUES};
	struct network *net;
	struct rng rng;
	assert_ok(network_create(&net, n, 3, CLN_TANH, &front, &err));
	network_init_front(net, 0.5, spreads, 7);
	network_init_levels(net, 0.7, 7);
	network_init(net, CLN_INIT_AUTO, 7);
	rng_start(&rng, 3, RNG_TEST, 0, 0);
	for (size_t k = 0; scaling && k < INPUTS; k++) /* factors that are not 1 */
		net->params[net->scale_offset + k] = (float)(0.5 + rng_uniform(&rng));
	return net;
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
		for (size_t c = 0; c < CATEGORIES; c++) /* half of the rows have the first levels */
			data.X[i * FEATURES + categories[c].feature] = (float)rng_below(&rng, i % 2 ? categories[c].n_rows : 4);
	for (size_t i = 0; i < n_rows; i++)
		data.y[i] = data.X[i * FEATURES] * data.X[i * FEATURES + 1] > 0.1f;
	return data;
}

/* ---------------------------------------------------------------- in double */

/* The network in double: the front here, the layers in the textbook, whose X is A[0]. */
struct oracle {
	double front[N_FRONT], gradient[N_FRONT];
	double x[FEATURES * COLUMNS], E[INPUTS * COLUMNS], A0[INPUTS * COLUMNS], y[COLUMNS];
	struct textbook *net;
	bool scaling;
};

static double angle(const struct oracle *o, size_t j, size_t k, double x)
{
	return TURN * o->front[AT_W + j * K + k] * x + o->front[AT_PHASE + j * K + k];
}

/* The row of E with value i of category c, and where that value lies among the front's floats in column s. */
static size_t value_row(size_t c, size_t i) { return i == 0 ? categories[c].feature : FIRST_VALUE + c * (VALUES - 1) + i - 1; }
static size_t value_at(const struct oracle *o, size_t c, size_t i, size_t s)
{
	const size_t level = (size_t)o->x[categories[c].feature * COLUMNS + s];
	return at_table(o->scaling) + (first_rows[c] + level) * VALUES + i;
}

/* E = [x, or the first value; bias + sum_k V cos(2 pi w x + phase); the other values], A[0] = scale o E; returns the cost. */
static double oracle_forward(struct oracle *o)
{
	for (size_t e = 0; e < FEATURES * COLUMNS; e++)
		o->E[e] = o->x[e];
	for (size_t j = 0; j < NUMBERS; j++)
		for (size_t i = 0; i < OUTPUTS; i++)
			for (size_t s = 0; s < COLUMNS; s++) {
				double sum = o->front[AT_BIAS + j * OUTPUTS + i];
				for (size_t k = 0; k < K; k++)
					sum += o->front[AT_V + (j * OUTPUTS + i) * K + k] *
					       dmath_cos_2pi(angle(o, j, k, o->x[numbers[j] * COLUMNS + s]) / TURN);
				o->E[(FEATURES + j * OUTPUTS + i) * COLUMNS + s] = sum;
			}
	for (size_t c = 0; c < CATEGORIES; c++)
		for (size_t i = 0; i < VALUES; i++)
			for (size_t s = 0; s < COLUMNS; s++)
				o->E[value_row(c, i) * COLUMNS + s] = o->front[value_at(o, c, i, s)];
	for (size_t r = 0; r < INPUTS; r++)
		for (size_t s = 0; s < COLUMNS; s++)
			o->A0[r * COLUMNS + s] = (o->scaling ? o->front[AT_SCALE + r] : 1) * o->E[r * COLUMNS + s];
	return textbook_forward(o->net, o->A0, o->y, NULL, 0, 0);
}

/* dA[0] = W[1]^T dZ[1] of row r and column s, without the 1/m. */
static double dA0(const struct oracle *o, size_t r, size_t s)
{
	double sum = 0;
	for (size_t i = 0; i < o->net->n[1]; i++)
		sum += o->net->W[1][i * INPUTS + r] * o->net->dZ[1][i * COLUMNS + s];
	return sum;
}

/* The front's gradient by the chain rule, doc/derivation.md's section on the front. */
static void oracle_backward(struct oracle *o)
{
	textbook_backward(o->net, o->A0, o->y, NULL, 0, 0);
	for (size_t e = 0; e < N_FRONT; e++)
		o->gradient[e] = 0;
	for (size_t s = 0; s < COLUMNS; s++) {
		for (size_t r = 0; r < INPUTS && o->scaling; r++)
			o->gradient[AT_SCALE + r] += dA0(o, r, s) * o->E[r * COLUMNS + s] / COLUMNS;
		for (size_t c = 0; c < CATEGORIES; c++)
			for (size_t i = 0; i < VALUES; i++) {
				const size_t r = value_row(c, i);
				o->gradient[value_at(o, c, i, s)] +=
				    dA0(o, r, s) * (o->scaling ? o->front[AT_SCALE + r] : 1) / COLUMNS;
			}
		for (size_t j = 0; j < NUMBERS; j++)
			for (size_t k = 0; k < K; k++) {
				const double x = o->x[numbers[j] * COLUMNS + s], turns = angle(o, j, k, x) / TURN;
				double dh = 0;
				for (size_t i = 0; i < OUTPUTS; i++) {
					const size_t r = FEATURES + j * OUTPUTS + i;
					const double dE = dA0(o, r, s) * (o->scaling ? o->front[AT_SCALE + r] : 1) / COLUMNS;
					dh += o->front[AT_V + (j * OUTPUTS + i) * K + k] * dE;
					o->gradient[AT_V + (j * OUTPUTS + i) * K + k] += dE * dmath_cos_2pi(turns);
					o->gradient[AT_BIAS + j * OUTPUTS + i] += k == 0 ? dE : 0;
				}
				o->gradient[AT_W + j * K + k] -= dh * dmath_cos_2pi(turns - 0.25) * TURN * x;
				o->gradient[AT_PHASE + j * K + k] -= dh * dmath_cos_2pi(turns - 0.25);
			}
	}
}

static struct oracle *make_oracle(const struct network *net, const struct dataset *data)
{
	struct oracle *o = mem_alloc(1, sizeof *o, NULL);
	float values[N_FRONT], W[20 * INPUTS], b[20];
	ck_assert_ptr_nonnull(o);
	o->scaling = net->front.scaling;
	assert_ok(textbook_create(&o->net, net->n, net->L, net->activation, COLUMNS, &err));
	network_get_front(net, values);
	for (size_t e = 0; e < network_front_floats(net); e++)
		o->front[e] = (double)values[e];
	for (size_t l = 1; l <= net->L; l++) {
		network_get(net, l, W, b);
		for (size_t e = 0; e < net->n[l] * net->n[l - 1]; e++)
			o->net->W[l][e] = (double)W[e];
		for (size_t i = 0; i < net->n[l]; i++)
			o->net->b[l][i] = (double)b[i];
	}
	for (size_t s = 0; s < COLUMNS; s++) {
		o->y[s] = (double)data->y[s];
		for (size_t r = 0; r < FEATURES; r++)
			o->x[r * COLUMNS + s] = (double)data->X[s * FEATURES + r];
	}
	return o;
}

static void free_oracle(struct oracle *o)
{
	textbook_destroy(o->net);
	mem_free(o);
}

/* ---------------------------------------------------------------- gradients */

/* (C(+h) - C(-h)) / 2h has an error of h^2 |C'''| / 6, with |C'''| below 1e3 here (the third derivative by w brings (2 pi x)^3 V),
 * and of e / h, e some 1e-15 rounding of a cost: below 2e-8 + 1e-10 at h = 1e-5; gradients are of the size 1e-3 to 1e-1. */
START_TEST(the_chain_rule_is_what_differences_say)
{
	const double h = 1e-5;
	struct network *net = make_network(_i);
	struct dataset data = make_data(COLUMNS);
	struct oracle *o = make_oracle(net, &data);
	double largest = 0;
	oracle_forward(o);
	oracle_backward(o);
	for (size_t e = 0; e < network_front_floats(net); e++) {
		const double was = o->front[e];
		if (e > at_table(_i) && o->gradient[e] == 0 && e % 97 != 0) /* a few of the levels that no column has */
			continue;
		o->front[e] = was + h;
		const double above = oracle_forward(o);
		o->front[e] = was - h;
		const double below = oracle_forward(o);
		o->front[e] = was;
		ck_assert_msg(fabs((above - below) / (2 * h) - o->gradient[e]) < 1e-7, "parameter %zu: %g, not %g", e,
		              o->gradient[e], (above - below) / (2 * h));
		largest = fmax(largest, fabs(o->gradient[e]));
	}
	ck_assert(largest > 1e-2); /* there is something to be wrong about */
	free_oracle(o);
	dataset_free(&data);
	network_destroy(net);
}
END_TEST

/* What may be lost, relative to sums of absolute values: a product of at most n terms loses n 2^-24; a cosine 1.2e-7 (its fit and
 * rounding), and its angle, at most 12 turns here, 12 2 pi 2^-24 and less than 3e-7 of phase.  An element passes chains of at most
 * 27 + 20 + 9 terms forth, as many back, then 70 columns; each derivative of tanh takes twice the error of its A.  So all in all
 * below 300 2^-24 + 1e-5 of a sum whose terms are of the size of |dA| max(1, 2 pi |x|) a column, which largest_term bounds. */
static double largest_term(const struct oracle *o)
{
	double most = 0;
	for (size_t r = 0; r < INPUTS; r++) {
		double sum = 0;
		for (size_t s = 0; s < COLUMNS; s++)
			for (size_t i = 0; i < o->net->n[1]; i++)
				sum += fabs(o->net->W[1][i * INPUTS + r] * o->net->dZ[1][i * COLUMNS + s]) / COLUMNS;
		most = fmax(most, sum);
	}
	return most * TURN * 2;
}

START_TEST(the_engine_is_the_chain_rule_within_what_rounding_does)
{
	bool supported;
	const char *name;
	struct network *net = make_network(_i);
	struct dataset data = make_data(COLUMNS);
	struct oracle *o = make_oracle(net, &data);
	float *grads = mem_alloc(net->n_floats, sizeof *grads, NULL), values[N_FRONT];
	oracle_forward(o);
	oracle_backward(o);
	const double bound = (300 * 0x1p-24 + 1e-5) * largest_term(o);
	ck_assert(bound < 1e-3);
	for (size_t set = 0; (name = kernels_name(set, &supported)) != NULL; set++) {
		struct block_space space;
		struct network view = *net;
		if (!supported)
			continue;
		run_passes(grads, &space, net, select_kernels(name), &data, COLUMNS, false, NULL);
		for (size_t r = 0; r < INPUTS; r++)
			for (size_t s = 0; s < COLUMNS; s++)
				ck_assert_double_eq_tol((double)space.A[0][(r / PANEL * space.ld + s) * PANEL + r % PANEL],
				                        o->A0[r * COLUMNS + s], 1e-5);
		view.params = grads;
		network_get_front(&view, values);
		for (size_t e = 0; e < network_front_floats(net); e++)
			ck_assert_msg(fabs((double)values[e] / COLUMNS - o->gradient[e]) <= bound, "%s: parameter %zu: %g, not %g",
			              name, e, (double)values[e] / COLUMNS, o->gradient[e]);
		block_space_free(&space);
	}
	mem_free(grads);
	free_oracle(o);
	dataset_free(&data);
	network_destroy(net);
}
END_TEST

/* cos 2 pi u by way of an embedding with one frequency: V[0][0] = 1, all else 0.  Up to 8 turns the argument is exact (w is a power
 * of two, and x a multiple of 2^-20), and what is left is the polynomial and its rounding: 4.9e-8 and at most 2^-23. */
START_TEST(cosines_keep_to_their_bound)
{
	const struct kernels *kernels = select_kernels(NULL);
	_Alignas(MEM_ALIGN) float params[EMBEDDING_FLOATS] = {0}, E[2 * PANEL * PANEL] = {0};
	const uint32_t number = 0;
	double worst = 0;
	params[0] = 8;
	params[2 * K] = 1;
	for (int32_t first = -(1 << 20); first < 1 << 20; first += 7 * PANEL) {
		for (size_t s = 0; s < PANEL; s++)
			E[s * PANEL] = (float)(first + 7 * (int32_t)s) * 0x1p-20f;
		kernels->embed(&(struct embedding_args){.E = E, .params = params, .numbers = &number, .end = 1, .first_output = 1,
		                                        .m = PANEL, .ld = PANEL});
		/* the other frequencies have V = 0 */
		for (size_t s = 0; s < PANEL; s++)
			worst = fmax(worst, fabs((double)E[s * PANEL + 1] - dmath_cos_2pi(8 * (double)E[s * PANEL])));
	}
	ck_assert_msg(worst < 4.9e-8 + 0x1p-23, "%g", worst);
	ck_assert(worst > 1e-9);
}
END_TEST

/* Values beyond all bounds, as a table may hold them: the cosine of a huge angle is some number in [-1, 1], that of NaN is NaN. */
START_TEST(huge_angles_have_cosines_and_nan_stays)
{
	const float xs[] = {1e30f, -1e30f, FLT_MAX, INFINITY, NAN};
	_Alignas(MEM_ALIGN) float params[EMBEDDING_FLOATS] = {0}, E[PANEL * PANEL] = {0};
	const uint32_t number = 0;
	bool supported;
	const char *name;
	params[0] = 1;
	params[2 * K] = 1;
	for (size_t set = 0; (name = kernels_name(set, &supported)) != NULL; set++)
		for (size_t i = 0; i < 5 && supported; i++) {
			for (size_t k = 1; k < K; k++) /* 0 times infinity would be NaN */
				params[k] = 1;
			E[0] = xs[i];
			select_kernels(name)->embed(&(struct embedding_args){
			    .E = E, .params = params, .numbers = &number, .end = 1, .first_output = 1, .m = 1, .ld = PANEL});
			ck_assert_msg(i < 4 ? fabsf(E[1]) <= 1.000001f : isnan(E[1]), "%s: cos of %g is %g", name, (double)xs[i],
			              (double)E[1]);
		}
}
END_TEST

/* ---------------------------------------------------------------- bits */

START_TEST(instruction_sets_give_the_same_bits)
{
	struct network *net = make_network(_i);
	struct dataset data = make_data(COLUMNS);
	assert_same_gradients(net, &data, NULL);
	dataset_free(&data);
	network_destroy(net);
}
END_TEST

static struct network *fresh(const struct cln_config *config, bool scaling)
{
	struct network *net = make_network(scaling);
	network_init_front(net, 0.5, spreads, 7);
	network_init_levels(net, 0.7, 7);
	net->activation = config->activation;
	return net;
}

/* Blocks of 13 columns; two blocks, with teams; one block, updated on the way back; all rows in one block, gathered once. */
START_TEST(training_has_the_same_bits_on_any_threads)
{
	static const size_t blocks[] = {13, 100, 128, 333};
	struct cln_config config = strong();
	struct dataset data = make_data(ROWS);
	config.block_size = blocks[_i % 4];
	config.batch_size = _i % 4 == 3 ? 0 : 128;
	config.clip_norm = _i / 8 ? 0.5 : 0;
	network_destroy(assert_same_training(fresh, _i / 4 % 2, &config, &data));
	dataset_free(&data);
}
END_TEST

/* ---------------------------------------------------------------- rates and start */

/* One step of gradient descent: every kind of parameter moves by its own factor of rate times gradient, which a step with all
 * factors 1 tells; a power of two as the rate, and as factors, so that both steps round alike.  W[l] has 1 / sqrt(n[l-1]), rounded:
 * 2^-23 of the step, and of w (its sum is rounded). */
START_TEST(every_kind_of_parameter_has_its_rate)
{
	struct cln_config config = strong();
	struct dataset data = make_data(ROWS);
	struct network *start = make_network(true), *nets[2];
	config.learning_rate = 4;
	config.epochs = 1;
	for (int i = 0; i < 2; i++) {
		config.parametrisation = i ? CLN_NTK : CLN_STANDARD;
		config.bias_rate = i ? 0.5 : 1;
		config.embedding_rate = i ? 0.25 : 1;
		config.level_rate = i ? 0.125 : 1;
		config.scaling_rate = i ? 2 : 1;
		assert_ok(network_clone(&nets[i], start, &err));
		descend(nets[i], config, &data);
	}
	for (size_t i = 0; i < start->n_floats; i++) {
		double factor = i >= start->table_offset ? 0.125 : i >= start->scale_offset ? 2 : 0.25;
		for (size_t l = 1; l <= start->L; l++) {
			if (i >= start->W_offset[l] && i < start->b_offset[l])
				factor = 1 / sqrt((double)start->n[l - 1]);
			if (i >= start->b_offset[l] && i < start->b_offset[l] + panels_of(start->n[l]) * PANEL)
				factor = 0.5;
		}
		const double was = (double)start->params[i], whole = (double)nets[0]->params[i] - was;
		const double part = (double)nets[1]->params[i] - was, bound = 0x1p-23 * (2 * fabs(was) + 3 * fabs(whole));
		ck_assert_msg(fabs(part - factor * whole) <= bound, "float %zu: %g, not %g x %g", i, part, factor, whole);
	}
	for (int i = 0; i < 2; i++)
		network_destroy(nets[i]);
	network_destroy(start);
	dataset_free(&data);
}
END_TEST

/* A step of rate 1 over all rows in one block moves every parameter by the passes' gradient over m, but for the rounding of that
 * division, of the step and of the sum. */
START_TEST(a_step_goes_by_the_gradient_of_the_passes)
{
	struct cln_config config = strong();
	struct dataset data = make_data(COLUMNS);
	struct network *net = make_network(_i), *stepped;
	struct block_space space;
	float *grads = mem_alloc(net->n_floats, sizeof *grads, NULL);
	config.learning_rate = config.bias_rate = config.embedding_rate = config.level_rate = config.scaling_rate = 1;
	config.epochs = 1;
	config.parametrisation = CLN_STANDARD;
	config.block_size = COLUMNS;
	config.activation = net->activation;
	run_passes(grads, &space, net, select_kernels(NULL), &data, COLUMNS, false, NULL);
	assert_ok(network_clone(&stepped, net, &err));
	descend(stepped, config, &data);
	for (size_t i = 0; i < net->n_floats; i++) {
		const double was = (double)net->params[i], step = (double)grads[i] / COLUMNS;
		ck_assert_msg(fabs((double)stepped->params[i] - (was - step)) <= 0x1p-23 * (fabs(was) + 2 * fabs(step)),
		              "float %zu: from %g to %g, not by %g", i, was, (double)stepped->params[i], step);
	}
	block_space_free(&space);
	mem_free(grads);
	network_destroy(net);
	network_destroy(stepped);
	dataset_free(&data);
}
END_TEST

/* Where all rows are one block its columns are gathered once for all epochs, but levels' numbers do not outlive a pass.  Two epochs
 * are one epoch and, from there, another, up to the order in which 70 columns are summed, whose rounding (70 2^-24 of sums of the
 * size 1, twice, at a rate of 1) is far below what another level would give. */
START_TEST(every_epoch_looks_its_levels_up)
{
	struct cln_config config = strong();
	struct dataset data = make_data(COLUMNS);
	struct network *twice = make_network(_i), *once = make_network(_i);
	config.learning_rate = config.bias_rate = config.embedding_rate = config.level_rate = config.scaling_rate = 1;
	config.parametrisation = CLN_STANDARD;
	config.block_size = COLUMNS;
	config.activation = CLN_TANH;
	for (size_t run = 0; run < 3; run++) {
		config.epochs = run == 0 ? 2 : 1;
		descend(run == 0 ? twice : once, config, &data);
	}
	for (size_t i = 0; i < once->n_floats; i++)
		ck_assert_double_eq_tol((double)twice->params[i], (double)once->params[i], 1e-5);
	network_destroy(twice);
	network_destroy(once);
	dataset_free(&data);
}
END_TEST

/* What a layer's pre-activations have the deviation 1 of over the rows that they were fitted on (here all), but for float rounding:
 * from 16 different rows on each unit, of fewer all units together.  Each bias is such that 0 lies within its unit's range. */
START_TEST(a_start_from_data_has_pre_activations_of_deviation_1)
{
	static const struct {
		size_t rows, different;
	} cases[] = {{COLUMNS, COLUMNS}, {16, 16}, {15, 15}, {2, 2}, {COLUMNS, 15}, {COLUMNS, 16}};
	const size_t rows = cases[_i].rows;
	struct network *net = make_network(true);
	struct dataset data = make_data(rows);
	struct block_space space;
	uint32_t order[COLUMNS];
	for (size_t s = 0; s < rows; s++)
		order[s] = (uint32_t)(s % cases[_i].different);
	data.rows = order;
	assert_ok(start_from_data(net, select_kernels(NULL), &data, 7, &err));
	assert_ok(block_space_create(&space, net, COLUMNS, false, false, &err));
	batch_features(space.E, data.X, FEATURES, order, rows, space.ld);
	forward_front(net, select_kernels(NULL), &space, 0, rows);
	for (size_t l = 1; l <= net->L; l++) {
		const struct share all = {0, panels_of(net->n[l]), 0, rows};
		size_t own = 0; /* units of deviation 1 */
		double variances = 0;
		preactivation_layer(net, select_kernels(NULL), &space, l, &all);
		for (size_t i = 0; i < net->n[l]; i++) {
			const float *z = space.A[l] + i / PANEL * space.ld * PANEL + i % PANEL;
			double sum = 0, squares = 0, least = INFINITY, most = -INFINITY;
			for (size_t s = 0; s < rows; s++) {
				sum += (double)z[s * PANEL];
				squares += (double)z[s * PANEL] * (double)z[s * PANEL];
				least = fmin(least, (double)z[s * PANEL]);
				most = fmax(most, (double)z[s * PANEL]);
			}
			const double mean = sum / (double)rows, variance = squares / (double)rows - mean * mean;
			variances += variance;
			own += fabs(sqrt(variance) - 1) <= 1e-5;
			ck_assert(least <= 1e-6 && most >= -1e-6); /* with its bias 0 is among the values */
		}
		ck_assert_double_eq_tol(sqrt(variances / (double)net->n[l]), 1, 1e-5);
		ck_assert(cases[_i].different >= 16 || net->n[l] == 1 ? own == net->n[l] : own < net->n[l]);
		forward_layer(net, select_kernels(NULL), &space, l, &all, NULL);
	}
	block_space_free(&space);
	dataset_free(&data);
	network_destroy(net);
}
END_TEST

/* ---------------------------------------------------------------- parameters in and out */

START_TEST(a_front_comes_out_as_it_went_in)
{
	struct network *net = make_network(_i), *copy;
	float values[N_FRONT], again[N_FRONT];
	ck_assert_uint_eq(network_front_floats(net), at_table(_i) + N_TABLE);
	ck_assert_uint_eq(net->n[0], INPUTS);
	for (size_t e = 0; e < network_front_floats(net); e++)
		values[e] = (float)(e + 1);
	network_set_front(net, values);
	ck_assert(network_embedding(net)[0] == 1 && network_embedding(net)[EMBEDDING_FLOATS] == 1 + K);
	assert_ok(network_clone(&copy, net, &err));
	ck_assert_mem_eq(copy->front.numbers, numbers, sizeof numbers);
	ck_assert(network_tables(net)[0] == values[at_table(_i)]);
	ck_assert(network_tables(copy)[N_TABLE - 1] == (float)(at_table(_i) + N_TABLE));
	for (size_t c = 0; c < CATEGORIES; c++)
		ck_assert(copy->front.categories[c].feature == categories[c].feature &&
		          copy->front.categories[c].n_rows == categories[c].n_rows &&
		          copy->front.categories[c].first_row == first_rows[c]);
	network_get_front(copy, again);
	ck_assert_mem_eq(again, values, network_front_floats(net) * sizeof *values);
	network_destroy(net);
	network_destroy(copy);
}
END_TEST

/* Level 0, which levels never met share, starts at 0, all others at N(0, s^2) draws of their own; each network has the same. */
START_TEST(levels_start_from_normal_draws_but_for_level_0)
{
	struct network *net = make_network(true), *other = make_network(false);
	const float *T = network_tables(net);
	double sum = 0, squares = 0;
	ck_assert_mem_eq(T, network_tables(other), N_TABLE * sizeof *T);
	for (size_t c = 0; c < CATEGORIES; c++)
		for (size_t i = 0; i < VALUES; i++)
			ck_assert(T[first_rows[c] * VALUES + i] == 0 && T[(first_rows[c] + 1) * VALUES + i] != 0);
	for (size_t e = 0; e < N_TABLE; e++) {
		sum += (double)T[e];
		squares += (double)T[e] * (double)T[e];
	}
	/* The mean is within 5 deviations of 0.7 / sqrt(2100), the mean square within 5 of 0.49 sqrt(2 / 2100). */
	ck_assert_double_lt(fabs(sum / N_TABLE), 5 * 0.7 / 45.8);
	ck_assert_double_lt(fabs(squares / N_TABLE - 0.49), 5 * 0.49 / 32.4 + 0.49 * 6 / N_TABLE);
	network_destroy(net);
	network_destroy(other);
}
END_TEST

/* What is no level's number, as no pipeline makes it, is level 0: nothing beyond the table is read. */
START_TEST(features_that_are_no_level_are_level_0)
{
	static const float no_levels[] = {-1, FEW, FEW + 0.5f, 1e30f, -INFINITY, INFINITY, NAN, 0.5f};
	struct network *net = make_network(false);
	struct block_space space;
	assert_ok(block_space_create(&space, net, PANEL, false, false, &err));
	for (size_t s = 0; s < 8; s++)
		space.E[s * PANEL + 2] = no_levels[s];
	forward_front(net, select_kernels(NULL), &space, 0, 8);
	for (size_t s = 0; s < 8; s++)
		ck_assert(space.levels[s] == 0 && space.E[s * PANEL + 2] == network_tables(net)[0]);
	block_space_free(&space);
	network_destroy(net);
}
END_TEST

START_TEST(fronts_beyond_the_limits_are_refused)
{
	static const size_t n[] = {FEATURES, 2, 1};
	static const struct category empty[] = {{.feature = 0, .n_rows = 0}}, outside[] = {{.feature = FEATURES, .n_rows = 2}};
	static const struct category large[] = {{.feature = 0, .n_rows = 1}, {.feature = 1, .n_rows = NETWORK_MAX_LEVELS}};
	const struct front fronts[] = {{.categories = empty, .n_categories = 1, .values = 2},
	                               {.categories = outside, .n_categories = 1, .values = 2},
	                               {.categories = large, .n_categories = 2, .values = 2},
	                               {.categories = large, .n_categories = 1, .values = 0},
	                               {.categories = large, .n_categories = 1, .values = LOOKUP_MAX_SIZE + 1}};
	struct network *net;
	ck_assert_int_eq(network_create(&net, n, 2, CLN_RELU, &fronts[_i], NULL), CLN_E_USAGE);
	ck_assert_ptr_null(net);
}
END_TEST

static Suite *front_suite(void)
{
	Suite *suite = suite_create("front");
	TCase *gradients = tcase_create("gradients"), *bits = tcase_create("bits"), *rates = tcase_create("rates and start");
	tcase_set_timeout(bits, 60);
	tcase_add_loop_test(gradients, the_chain_rule_is_what_differences_say, 0, 2);
	tcase_add_loop_test(gradients, the_engine_is_the_chain_rule_within_what_rounding_does, 0, 2);
	tcase_add_test(gradients, cosines_keep_to_their_bound);
	tcase_add_test(gradients, huge_angles_have_cosines_and_nan_stays);
	tcase_add_loop_test(bits, instruction_sets_give_the_same_bits, 0, 2);
	tcase_add_loop_test(bits, training_has_the_same_bits_on_any_threads, 0, 16);
	tcase_add_test(rates, every_kind_of_parameter_has_its_rate);
	tcase_add_loop_test(rates, a_step_goes_by_the_gradient_of_the_passes, 0, 2);
	tcase_add_loop_test(rates, every_epoch_looks_its_levels_up, 0, 2);
	tcase_add_loop_test(rates, a_start_from_data_has_pre_activations_of_deviation_1, 0, 6);
	tcase_add_loop_test(rates, a_front_comes_out_as_it_went_in, 0, 2);
	tcase_add_test(rates, levels_start_from_normal_draws_but_for_level_0);
	tcase_add_test(rates, features_that_are_no_level_are_level_0);
	tcase_add_loop_test(rates, fronts_beyond_the_limits_are_refused, 0, 5);
	suite_add_tcase(suite, gradients);
	suite_add_tcase(suite, bits);
	suite_add_tcase(suite, rates);
	return suite;
}

TESTING_MAIN(front_suite)
