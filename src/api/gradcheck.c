/* SPDX-License-Identifier: MIT */
#include "api/gradcheck.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/dispatch.h"
#include "nn/rounding.h"
#include "train/step.h"

/* A step that reads as a gradient: w_new = w - RATE g keeps g's digits beside w's; a power of two loses none on the way back. */
static const double RATE = 0x1p10;
static const double KINK_MARGIN = 0x1p-9;
static const size_t ROUNDS_PER_MARGIN = 64;

/* Two categories among the features of the extras, with a level that no column has. */
enum { CATEGORIES = 2, VALUES = 3, LEVELS = 4, TABLE = CATEGORIES * LEVELS * VALUES };

/* Everything one activation is checked with, with or without the extras. */
struct check {
	const struct gradcheck_request *request;
	struct cln_config config;
	size_t n[TEXTBOOK_MAX_LAYERS + 1], L, m; /* n[0]: the features */
	struct front front;                      /* with the extras: categories, binned features, a parametric activation */
	struct category categories[CATEGORIES];
	size_t features[CATEGORIES], first_rows[CATEGORIES];
	struct textbook_lookup lookup, lookup_bounds; /* of the extras */
	double tables[3][TABLE];                      /* T, its gradient, and that one's bounds */
	uint32_t *levels;
	struct network *net;
	struct dataset data;
	struct textbook *textbook, *bounds;
	double *X, *y, *w, *masks; /* as the textbook wants them; w NULL without extras */
	uint32_t *order;
	float *before, *after; /* parameters of one layer, row-major: n[l] x n[l-1], then n[l] */
	double cost, penalised_cost, cost_bound;
	struct gradcheck_line *lines; /* of this check: W and b of each layer, then the cost, then the tables with extras */
};

/* ---------------------------------------------------------------- the network and its data */

static float *floats(size_t n, struct cln_error *err)
{
	return mem_alloc(n, sizeof(float), err);
}
static double *doubles(size_t n, struct cln_error *err)
{
	return mem_alloc(n, sizeof(double), err);
}

static size_t hidden_units(const struct check *check)
{
	size_t units = 0;

	for (size_t l = 1; l < check->L; l++)
		units += check->n[l];
	return units;
}

static size_t most_parameters(const struct check *check)
{
	size_t most = 0;

	for (size_t l = 1; l <= check->L; l++) {
		const size_t n_in = l > 1 ? check->n[l - 1] : check->n[0] + front_outputs(&check->front);
		if (check->n[l] * (n_in + 1) > most)
			most = check->n[l] * (n_in + 1);
	}
	const size_t of_front = TABLE + front_edges(&check->front) * PIECEWISE_OUTPUTS + hidden_units(check);
	return of_front > most ? of_front : most;
}

/* Uneven bins of some of what is drawn from -2 to 2; what lies beyond is held. */
static const uint32_t binned[] = {1, 4}, first_edge[] = {0, 5, 8};
static const float edges[] = {-1.75f, -1.0f, -0.25f, 0.125f, 2.0f, -2.0f, 0.5f, 1.5f};

/* A category in front of the inputs, and one behind them. */
static void set_front(struct check *check, size_t n_inputs)
{
	for (size_t c = 0; c < CATEGORIES; c++) {
		check->features[c] = c == 0 ? 0 : n_inputs + c;
		check->first_rows[c] = c * LEVELS;
		check->categories[c] = (struct category){.feature = (uint32_t)check->features[c], .n_rows = LEVELS};
	}
	check->front = (struct front){.categories = check->categories,
				      .n_categories = CATEGORIES,
				      .values = VALUES,
				      .binned = binned,
				      .first_edge = first_edge,
				      .edges = edges,
				      .n_binned = n_inputs >= binned[1] ? 2 : 1,
				      .parametric = true};
}

static enum cln_status add_fronts(struct check *check, struct cln_error *err)
{
	enum cln_status status = textbook_add_front(check->textbook, check->n[0], &check->front, err);

	return status == CLN_OK ? textbook_add_front(check->bounds, check->n[0], &check->front, err) : status;
}

static enum cln_status allocate(struct check *check, bool full, struct cln_error *err)
{
	const size_t m = check->m, most = most_parameters(check);
	size_t n[TEXTBOOK_MAX_LAYERS + 1];

	check->X = doubles(check->n[0] * m, err);
	check->y = doubles(m, err);
	check->w = full ? doubles(m, err) : NULL;
	check->masks = doubles(hidden_units(check) * m, err);
	check->order = mem_alloc(m, sizeof *check->order, err);
	check->before = floats(most, err);
	check->after = floats(most, err);
	check->levels = mem_alloc(CATEGORIES * m, sizeof *check->levels, err);
	if (!check->levels)
		return CLN_E_MEMORY;
	if (!check->X || !check->y || (full && !check->w) || !check->masks || !check->order || !check->before || !check->after)
		return CLN_E_MEMORY;
	enum cln_status status = dataset_create(&check->data, m, check->n[0], full, err);
	if (status == CLN_OK)
		status = network_create(&check->net, check->n, check->L, check->config.activation, &check->front, err);
	memcpy(n, check->n, sizeof n);
	n[0] += front_outputs(&check->front);
	if (status == CLN_OK)
		status = textbook_create(&check->textbook, n, check->L, check->config.activation, m, err);
	if (status == CLN_OK)
		status = textbook_create(&check->bounds, n, check->L, check->config.activation, m, err);
	return status == CLN_OK && full ? add_fronts(check, err) : status;
}

static void release(struct check *check)
{
	mem_free(check->levels);
	mem_free(check->X);
	mem_free(check->y);
	mem_free(check->w);
	mem_free(check->masks);
	mem_free(check->order);
	mem_free(check->before);
	mem_free(check->after);
	dataset_free(&check->data);
	network_destroy(check->net);
	textbook_destroy(check->textbook);
	textbook_destroy(check->bounds);
}

/* What weights of variance 1/n_in are multiplied by, so that signals and gradients keep about their size through many layers. */
static double gain_of(enum cln_activation activation)
{
	switch (activation) {
	case CLN_SIGMOID:
		return 4;
	case CLN_TANH:
	case CLN_ELU:
	case CLN_SELU:
		return 1;
	default:
		return 1.5;
	}
}

/* Floats of the front, and what is behind them: into the textbook. */
static void take_floats(double *to, const float **from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (double)*(*from)++;
}

/* V and beta of the size of the features, alpha so near to 1 that signals keep their size. */
static void draw_front(struct check *check, struct rng *rng)
{
	struct textbook *textbook = check->textbook;
	const size_t n_embedding = front_edges(&check->front) * PIECEWISE_OUTPUTS;
	const float *next = check->before;

	if (check->front.n_binned == 0)
		return;
	for (size_t i = 0; i < network_front_floats(check->net); i++) {
		const double normal = rng_normal(rng);
		check->before[i] = (float)(i < TABLE ? normal : i < TABLE + n_embedding ? 0.5 * normal : 1 + 0.125 * normal);
	}
	network_set_front(check->net, check->before);
	take_floats(check->lookup.T, &next, TABLE);
	take_floats(textbook->V, &next, textbook_bins(textbook) * PIECEWISE_OUTPUTS);
	take_floats(textbook->beta, &next, check->front.n_binned * PIECEWISE_OUTPUTS);
	for (size_t l = 1; l < check->L; l++)
		take_floats(textbook->alpha[l], &next, check->n[l]);
}

/* Kept 1/128 away from 0: a weight from the kink of l1, a bias because it is the pre-activation where all units below are 0. */
static float draw_parameter(double deviation, struct rng *rng)
{
	const double normal = deviation * rng_normal(rng);

	return (float)(normal + copysign(0x1p-7, normal));
}

/* Normal weights, and N(0, 1/4) for biases: the same numbers for both sides. */
static void draw_parameters(struct check *check, struct rng *rng)
{
	const double gain = gain_of(check->config.activation);

	draw_front(check, rng);
	for (size_t l = 1; l <= check->L; l++) {
		const size_t n_in = check->textbook->n[l - 1], n_weights = check->n[l] * n_in;
		float *W = check->before, *b = W + n_weights;
		for (size_t e = 0; e < n_weights; e++) {
			W[e] = draw_parameter(gain / sqrt((double)n_in), rng);
			check->textbook->W[l][e] = (double)W[e];
		}
		for (size_t i = 0; i < check->n[l]; i++) {
			b[i] = draw_parameter(0.5, rng);
			check->textbook->b[l][i] = (double)b[i];
		}
		network_set(check->net, l, W, b);
	}
	network_sync(check->net);
}

static void draw_column(struct check *check, size_t j, struct rng *rng)
{
	const size_t n = check->n[0];

	for (size_t k = 0; k < n; k++) {
		check->data.X[j * n + k] = (float)(4 * rng_uniform(rng) - 2);
		check->X[k * check->m + j] = (double)check->data.X[j * n + k];
	}
	for (size_t c = 0; check->textbook->lookup && c < CATEGORIES; c++) {
		const size_t level = rng_below(rng, LEVELS - 1); /* the last one in no column */
		check->levels[c * check->m + j] = (uint32_t)level;
		check->data.X[j * n + check->features[c]] = (float)level;
	}
}

/* Draws columns anew until none has a pre-activation near a kink; in a wide network near must mean less. */
static void draw_clear_columns(struct check *check, struct rng *rng)
{
	double margin = KINK_MARGIN;

	for (size_t j = 0; j < check->m; j++)
		draw_column(check, j, rng);
	if (!textbook_has_kink(check->config.activation))
		return;
	for (size_t round = 1, drawn = 1; drawn > 0; round++) {
		textbook_forward(check->textbook, check->X, check->y, NULL, 0, 0);
		drawn = 0;
		for (size_t j = 0; j < check->m; j++)
			if (textbook_margin(check->textbook, j) < margin) {
				draw_column(check, j, rng);
				drawn++;
			}
		if (round % ROUNDS_PER_MARGIN == 0)
			margin /= 2;
	}
}

/* Labels in turn, smoothed as the trainer does; weights of mean 1 or nearly so. */
static void draw_data(struct check *check, struct rng *rng)
{
	const double smoothing = check->config.label_smoothing;

	for (size_t j = 0; j < check->m; j++) {
		check->order[j] = (uint32_t)j;
		check->data.y[j] = j % 2 ? 1.0f : 0.0f;
		check->y[j] = (double)check->data.y[j] * (1 - smoothing) + smoothing / 2;
		if (check->w) {
			check->data.w[j] = (float)(0.25 + 1.5 * rng_uniform(rng));
			check->w[j] = (double)check->data.w[j];
		}
	}
	draw_clear_columns(check, rng);
}

/* The trainer's masks of its first step: units are numbered through the layers, each of which starts at a multiple of 16. */
static void draw_masks(struct check *check)
{
	const struct cln_config *config = &check->config;
	const uint32_t threshold = (uint32_t)(config->dropout * 0x1p32);
	const double keep_scale = (double)(float)(1 / (1 - config->dropout));
	double *mask = check->masks;
	size_t unit0 = 0;

	if (config->dropout == 0)
		return;
	for (size_t l = 1; l < check->L; l++) {
		check->textbook->mask[l] = mask;
		for (size_t i = 0; i < check->n[l]; i++)
			for (size_t j = 0; j < check->m; j++) {
				const uint32_t word = rng_word(config->seed, RNG_DROPOUT, 0, 0, (uint32_t)j, (uint32_t)(unit0 + i));
				*mask++ = word >= threshold ? keep_scale : 0;
			}
		unit0 += panels_of(check->n[l]) * PANEL;
	}
}

/* ---------------------------------------------------------------- textbook against differences */

/* Where layer l's W (object 0) and b (object 1) lie, and as object 2 alpha; of l = 0 V, beta and T. */
struct object {
	double *parameters, *gradient;
	const double *bounds;
	size_t n;
};
static struct object object_of(const struct check *check, size_t l, int object)
{
	const struct textbook *t = check->textbook, *b = check->bounds;

	if (l == 0 && object == 2)
		return (struct object){check->lookup.T, check->lookup.dT, check->lookup_bounds.dT, TABLE};
	if (l == 0)
		return object == 0 ? (struct object){t->V, t->dV, b->dV, textbook_bins(t) * PIECEWISE_OUTPUTS}
				   : (struct object){t->beta, t->dbeta, b->dbeta, check->front.n_binned * PIECEWISE_OUTPUTS};
	if (object == 2)
		return (struct object){t->alpha[l], t->dalpha[l], b->dalpha[l], t->n[l]};
	return object == 0 ? (struct object){t->W[l], t->dW[l], b->dW[l], t->n[l] * t->n[l - 1]}
			   : (struct object){t->b[l], t->db[l], b->db[l], t->n[l]};
}

static struct gradcheck_line *line_of(const struct check *check, size_t l, int object)
{
	const size_t of_layers = 2 * check->L + 1; /* the cost among them */

	if (l == 0)
		return &check->lines[of_layers + (size_t)object];
	return &check->lines[object == 2 ? of_layers + 3 + l - 1 : 2 * (l - 1) + (size_t)object];
}
static struct gradcheck_line *cost_line(const struct check *check)
{
	return &check->lines[2 * check->L];
}

/* The rounding error of a cost in double: that of the engine's in float, scaled, and a sum over all weights for the penalties. */
static double cost_rounding(const struct check *check)
{
	const double n = (double)check->net->n_params, penalties = check->penalised_cost - check->cost;

	return 0x1p-29 * check->cost_bound + 0x1p-53 * n * penalties;
}

/* Of one entry.  A difference is off by h^4/30 |C^(5)|: where that is too much a smaller step comes nearer, up to what rounding
 * makes of it; where the gradient is wrong none does. */
static double difference_error(double *h, struct check *check, const struct textbook_cost *cost, double *parameter, double gradient,
			       double scale)
{
	for (*h = TEXTBOOK_STEP;; *h /= 2) {
		const double error = gradient - textbook_difference(h, check->textbook, cost, parameter);
		if (*h <= TEXTBOOK_LEAST_STEP || fabs(error) <= fmax(GRADCHECK_TOLERANCE * scale, 1.5 * cost_rounding(check) / *h))
			return error;
	}
}

static void compare_with_differences(struct check *check, size_t l, int object)
{
	const bool penalised = l > 0 && object == 0; /* weights alone */
	const double l1 = penalised ? check->config.l1 : 0, l2 = penalised ? check->config.l2 : 0;
	const struct textbook_cost cost = {check->X, check->y, check->w, l1, l2};
	const struct object it = object_of(check, l, object);
	const size_t n = it.n < GRADCHECK_MAX_ENTRIES ? it.n : GRADCHECK_MAX_ENTRIES;
	struct gradcheck_line *line = line_of(check, l, object);
	double worst = 0, least_h = TEXTBOOK_STEP, h;

	line->n_entries = it.n;
	for (size_t e = 0; e < it.n; e++)
		line->largest = fmax(line->largest, fabs(it.gradient[e]));
	const double scale = line->largest > 0 ? line->largest : 1;
	for (size_t i = 0; i < n; i++) {
		const size_t e = it.n / n * i + it.n % n * i / n;
		const double error = difference_error(&h, check, &cost, &it.parameters[e], it.gradient[e], scale);
		if (!(fabs(error) <= fabs(worst))) /* also NaN */
			worst = error;
		least_h = fmin(least_h, h);
	}
	line->difference = worst / scale;
	line->difference_bound = fmax(GRADCHECK_TOLERANCE, 1.5 * cost_rounding(check) / least_h / scale);
	if (least_h == 0 || !(fabs(line->difference) <= line->difference_bound))
		line->ok = false;
}

/* ---------------------------------------------------------------- engine against textbook */

/* Keeps the entry nearest to its bound; a NaN on either side is beyond it. */
static void compare_entry(struct gradcheck_line *line, double error, double bound, const char *isa)
{
	const bool within = fabs(error) <= bound;

	if (!line->isa || !within || fabs(error) * line->engine_bound > fabs(line->engine) * bound) {
		line->engine = error;
		line->engine_bound = bound;
		line->isa = isa;
	}
	if (!within)
		line->ok = false;
}

/* Of some parameters side by side, before and after the step: g = (w - w_new) / RATE. */
static void compare_object(struct check *check, size_t l, int object, const float *before, const float *after, const char *isa)
{
	const struct object it = object_of(check, l, object);

	for (size_t e = 0; e < it.n; e++) {
		double g = ((double)before[e] - (double)after[e]) / RATE;
		if (check->request->fault == GRADCHECK_ENGINE_SIGN && l == 1 && object == 0 && e == it.n - 1)
			g = -g;
		if (check->request->fault == GRADCHECK_ENGINE_TABLE && l == 0 && object == 2 && e == 0)
			g = -g;
		compare_entry(line_of(check, l, object), g - it.gradient[e], it.bounds[e], isa);
	}
}

static void compare_front(struct check *check, const struct network *stepped, const char *isa)
{
	size_t at = 0;

	if (check->front.n_binned == 0)
		return;
	network_get_front(check->net, check->before);
	network_get_front(stepped, check->after);
	for (int i = 0; i < 3; i++) {
		const int object = (i + 2) % 3; /* the tables come first */
		compare_object(check, 0, object, check->before + at, check->after + at, isa);
		at += object_of(check, 0, object).n;
	}
	for (size_t l = 1; l < check->L; l++) {
		compare_object(check, l, 2, check->before + at, check->after + at, isa);
		at += check->n[l];
	}
}

/* g = (w - w_new) / RATE, read off the step. */
static void compare_layer(struct check *check, const struct network *stepped, size_t l, const char *isa)
{
	const size_t n_weights = check->n[l] * check->net->n[l - 1];

	network_get(check->net, l, check->before, check->before + n_weights);
	network_get(stepped, l, check->after, check->after + n_weights);
	compare_object(check, l, 0, check->before, check->after, isa);
	compare_object(check, l, 1, check->before + n_weights, check->after + n_weights, isa);
}

/* Every one this CPU has, or the one asked for. */
static bool is_wanted(const char *isa, const char *name, bool supported)
{
	return isa ? strcmp(isa, name) == 0 : supported;
}

struct team_step {
	struct stepper *stepper;
	struct epoch_state *state;
};

static void take_step(void *argument, struct team *team, int tid)
{
	const struct team_step *run = argument;
	stepper_step(run->stepper, run->state, 0, team, tid);
}

/* One step of the trainer from the network's parameters, with one instruction set. */
static enum cln_status compare_with_engine(struct check *check, const struct plan *plan, const char *isa, struct cln_error *err)
{
	const struct kernels *kernels;
	struct network *stepped = NULL;
	struct stepper stepper = {0};
	struct epoch_state state = {.order = check->order, .rate_factor = 1, .failed_step = SIZE_MAX};
	struct team_step run = {&stepper, &state};

	enum cln_status status = kernels_select(&kernels, isa, err);
	if (status == CLN_OK)
		status = network_clone(&stepped, check->net, err);
	if (status == CLN_OK)
		status = stepper_create(&stepper, stepped, kernels, &check->config, &check->data, plan, err);
	if (status == CLN_OK)
		status = parallel_run(plan->threads, take_step, &run, err);
	if (status == CLN_OK) {
		const double fault = check->request->fault == GRADCHECK_ENGINE_COST ? 1e-3 : 0;
		for (size_t l = 1; l <= check->L; l++)
			compare_layer(check, stepped, l, kernels->name);
		compare_front(check, stepped, kernels->name);
		cost_line(check)->n_entries = 1;
		cost_line(check)->largest = check->cost;
		compare_entry(cost_line(check), state.loss_sum / (double)check->m - check->cost + fault, check->cost_bound,
			      kernels->name);
	}
	stepper_free(&stepper);
	network_destroy(stepped);
	return status;
}

static enum cln_status compare_with_engines(struct check *check, const struct plan *plan, struct cln_error *err)
{
	const char *name;
	enum cln_status status = CLN_OK;
	bool supported;

	for (size_t i = 0; status == CLN_OK && (name = kernels_name(i, &supported)) != NULL; i++)
		if (is_wanted(check->config.isa, name, supported))
			status = compare_with_engine(check, plan, name, err);
	return status;
}

/* ---------------------------------------------------------------- one activation */

/* The extras are powers of ten and a rate of dropout whose factor, 4/3, has to be rounded. */
static void configure(struct check *check, const struct gradcheck_request *request, enum cln_activation activation, bool full)
{
	const struct cln_config *given = request->config;

	check->config = (struct cln_config){.activation = activation,
					    .optimizer = CLN_SGD,
					    .learning_rate = RATE,
					    .schedule = CLN_CONSTANT,
					    .bias_rate = 1,
					    .level_rate = 1,
					    .embedding_rate = 1,
					    .epochs = 1,
					    .block_size = (request->n_rows + 6) / 7,
					    .seed = given->seed,
					    .threads = given->threads,
					    .isa = given->isa};
	if (full) {
		check->config.dropout = 0.25;
		check->config.label_smoothing = 0.1;
		check->config.l1 = 0.01;
		check->config.l2 = 0.1;
	}
	check->m = request->n_rows;
	check->L = given->n_hidden + 1;
	check->n[0] = request->n_inputs + (full ? CATEGORIES : 0);
	for (size_t l = 1; l < check->L; l++)
		check->n[l] = given->hidden[l - 1];
	check->n[check->L] = 1;
	if (full)
		set_front(check, request->n_inputs);
}

/* Up to seven blocks, on as many threads as there are: small work, but every path of the reduction is to be walked. */
static void plan_blocks(struct plan *plan, const struct check *check)
{
	const int allowed = check->config.threads > 0 ? check->config.threads : cln_threads_allowed(NULL);

	plan_create_for(plan, check->net, &check->config, check->m, allowed, NULL);
	plan_set_threads(plan, parallel_limit(allowed));
}

/* W and b of each layer and the cost, and with the extras V, beta, T and every alpha. */
static size_t lines_of(size_t L, bool full)
{
	return 2 * L + 1 + (full ? 3 + L - 1 : 0);
}

static void name_lines(struct check *check, bool full)
{
	for (size_t l = 1; l <= check->L; l++) {
		*line_of(check, l, 0) = (struct gradcheck_line){.layer = l, .object = "W"};
		*line_of(check, l, 1) = (struct gradcheck_line){.layer = l, .object = "b"};
	}
	*cost_line(check) = (struct gradcheck_line){.layer = check->L, .object = "cost"};
	if (full) {
		*line_of(check, 0, 0) = (struct gradcheck_line){.layer = 0, .object = "V"};
		*line_of(check, 0, 1) = (struct gradcheck_line){.layer = 0, .object = "beta"};
		*line_of(check, 0, 2) = (struct gradcheck_line){.layer = 0, .object = "T"};
	}
	for (size_t l = 1; l < check->L && full; l++)
		*line_of(check, l, 2) = (struct gradcheck_line){.layer = l, .object = "alpha"};
	for (size_t i = 0; i < lines_of(check->L, full); i++) {
		check->lines[i].activation = check->config.activation;
		check->lines[i].full = full;
		check->lines[i].ok = true;
	}
}

/* The textbook's side of the tables. */
static void attach_tables(struct check *check)
{
	check->lookup = (struct textbook_lookup){.n_categories = CATEGORIES,
						 .n_values = VALUES,
						 .n_rows = CATEGORIES * LEVELS,
						 .features = check->features,
						 .first_rows = check->first_rows,
						 .levels = check->levels,
						 .T = check->tables[0],
						 .dT = check->tables[1],
						 .A0 = check->textbook->A0};
	check->lookup_bounds = check->lookup;
	check->lookup_bounds.dT = check->tables[2];
	check->textbook->lookup = &check->lookup;
	check->bounds->lookup = &check->lookup_bounds;
}

static void differentiate(struct check *check, const struct plan *plan)
{
	const struct cln_config *config = &check->config;
	const struct rounding_case run = {check->X,   check->y, check->w,         config->l1,
					  config->l2, RATE,     plan->block_size, plan->n_blocks};

	check->cost = textbook_forward(check->textbook, check->X, check->y, check->w, 0, 0);
	check->penalised_cost = textbook_forward(check->textbook, check->X, check->y, check->w, config->l1, config->l2);
	textbook_backward(check->textbook, check->X, check->y, check->w, config->l1, config->l2);
	check->cost_bound = rounding_bounds(check->bounds, check->textbook, &run);
	if (check->request->fault == GRADCHECK_TEXTBOOK_SIGN)
		check->textbook->dW[1][0] = -check->textbook->dW[1][0];
	if (check->request->fault == GRADCHECK_TEXTBOOK_TABLE && check->textbook->lookup)
		check->lookup.dT[0] = -check->lookup.dT[0];
}

static enum cln_status check_activation(struct gradcheck_line *lines, const struct gradcheck_request *request,
					enum cln_activation activation, bool full, struct cln_error *err)
{
	struct check check = {.request = request, .lines = lines};
	struct rng rng;
	struct plan plan;

	configure(&check, request, activation, full);
	name_lines(&check, full);
	enum cln_status status = allocate(&check, full, err);
	if (status != CLN_OK)
		goto done;
	if (full)
		attach_tables(&check);
	rng_start(&rng, request->config->seed, RNG_TEST, (uint32_t)activation, full);
	draw_parameters(&check, &rng);
	draw_masks(&check);
	draw_data(&check, &rng);
	plan_blocks(&plan, &check);
	differentiate(&check, &plan);
	for (size_t l = 1; l <= check.L; l++)
		for (int object = 0; object < 2; object++)
			compare_with_differences(&check, l, object);
	for (int object = 0; object < 3 && full; object++)
		compare_with_differences(&check, 0, object);
	for (size_t l = 1; l < check.L && full; l++)
		compare_with_differences(&check, l, 2);
	status = compare_with_engines(&check, &plan, err);
done:
	release(&check);
	return status;
}

/* ---------------------------------------------------------------- all of them */

static void list_isas(struct gradcheck *result, const char *isa)
{
	size_t length = 0;
	const char *name;
	bool supported;

	for (size_t i = 0; (name = kernels_name(i, &supported)) != NULL && length < sizeof result->isas; i++)
		if (is_wanted(isa, name, supported))
			length += (size_t)snprintf(result->isas + length, sizeof result->isas - length, "%s%s",
						   length > 0 ? ", " : "", name);
}

enum cln_status gradcheck_run(struct gradcheck *result, const struct gradcheck_request *request, struct cln_error *err)
{
	const size_t n_activations = request->every_activation ? CLN_N_ACTIVATIONS : 1;
	const size_t L = request->config->n_hidden + 1, both = lines_of(L, false) + lines_of(L, true);
	const struct kernels *kernels;
	enum cln_status status = kernels_select(&kernels, request->config->isa, err);

	*result = (struct gradcheck){.n_lines = n_activations * both};
	if (status != CLN_OK)
		return status;
	list_isas(result, request->config->isa);
	result->lines = mem_alloc(result->n_lines, sizeof *result->lines, err);
	if (!result->lines)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < 2 * n_activations && status == CLN_OK; i++) {
		const enum cln_activation activation =
		    request->every_activation ? (enum cln_activation)(i / 2) : request->config->activation;
		struct gradcheck_line *lines = result->lines + i / 2 * both + (i % 2 ? lines_of(L, false) : 0);
		status = check_activation(lines, request, activation, i % 2 == 1, err);
	}
	if (status != CLN_OK) {
		gradcheck_free(result);
		return status;
	}
	for (size_t i = 0; i < result->n_lines; i++)
		result->n_failed += !result->lines[i].ok;
	return CLN_OK;
}

void gradcheck_free(struct gradcheck *result)
{
	mem_free(result->lines);
	*result = (struct gradcheck){0};
}
