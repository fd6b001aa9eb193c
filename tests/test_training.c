/* SPDX-License-Identifier: MIT
 * Whole trainings beside the textbook's: the same mini-batches, masks, rates and rules in double precision, over three epochs whose
 * last batch is incomplete.  Everything that a step depends on has to be right in every step: order, masks, labels, weights,
 * penalties, decay, clipping, schedule, moments and their bias corrections, and where epsilon stands.
 *
 * How far may they be apart?  A step's gradient is off by at most E_g (doc/derivation.md, section 11), a stored parameter by u of
 * it, an optimizer's move and its moments by a few u.  The steps that follow stretch or shrink such errors, by the same Jacobians
 * whatever made them.  So the textbook trains some more times with errors of exactly those sizes and random signs, and the distance
 * that this makes, at its greatest in each layer, times 2, is the tolerance.  True errors have signs as random, but lie far below
 * their bounds: the engine uses up to 15 % of the tolerance (gcc, x86-64), which is a small part of what the parameters move. */
#include "testing.h"

#include "base/parallel.h"
#include "base/rng.h"
#include "data/batch.h"
#include "kernels/dispatch.h"
#include "nn/rounding.h"
#include "nn/textbook.h"
#include "train/trainer.h"

enum { ROWS = 50, FEATURES = 5, BATCH = 16, BLOCK = 5, EPOCHS = 3, STEPS = EPOCHS * 4, L = 3, MOST = 64, DISTURBED = 6 };
static const size_t n[] = {FEATURES, 7, 4, 1};

/* ---------------------------------------------------------------- what is trained */

static const struct {
	const char *what;
	struct cln_config config;
	float row_weight; /* the mean of the row weights; 0: there are none */
} cases[] = {
	{"sgd: cosine, decay, dropout, smoothing, row weights",
	 {.optimizer = CLN_SGD, .learning_rate = 0.2, .schedule = CLN_COSINE, .weight_decay = 0.3, .dropout = 0.25,
	  .label_smoothing = 0.1},
	 1},
	{"momentum: steps, l2, clipping",
	 {.optimizer = CLN_MOMENTUM, .learning_rate = 0.1, .schedule = CLN_STEP, .l2 = 0.05, .clip_norm = 0.1},
	 0},
	{"nesterov: warm-up, l1, decay, row weights",
	 {.optimizer = CLN_NESTEROV, .learning_rate = 0.05, .schedule = CLN_WARMUP, .l1 = 0.01, .weight_decay = 0.3},
	 1},
	{"rmsprop: constant, decay, dropout",
	 {.optimizer = CLN_RMSPROP, .learning_rate = 0.02, .weight_decay = 0.3, .dropout = 0.25, .epsilon = 0.01},
	 0},
	{"adam: cosine, l2, clipping, smoothing",
	 {.optimizer = CLN_ADAM, .learning_rate = 0.05, .schedule = CLN_COSINE, .l2 = 0.05, .clip_norm = 0.1,
	  .label_smoothing = 0.1, .epsilon = 0.01},
	 0},
	{"adamw: steps, decay, dropout, row weights",
	 {.optimizer = CLN_ADAMW, .learning_rate = 0.05, .schedule = CLN_STEP, .weight_decay = 0.3, .dropout = 0.25,
	  .epsilon = 0.01},
	 1},
	{"adam: gradients of the size of epsilon", {.optimizer = CLN_ADAM, .learning_rate = 0.05, .epsilon = 1e-8}, 1e-8f},
};
#define N_CASES ((int)(sizeof cases / sizeof *cases))

static struct cln_config config_of(int i)
{
	struct cln_config config = cases[i].config;
	config.activation = CLN_TANH; /* no kink: errors are stretched by Jacobians, and not by jumps */
	config.momentum = 0.9;
	config.beta1 = 0.9;
	config.beta2 = 0.99;
	config.bias_rate = 1;
	config.warmup_fraction = 0.3;
	config.step_epochs = 1;
	config.step_factor = 0.5;
	config.batch_size = BATCH;
	config.block_size = BLOCK;
	config.epochs = EPOCHS;
	config.seed = 9;
	return config;
}

static struct dataset make_data(float row_weight)
{
	struct dataset data;
	struct rng rng;
	assert_ok(dataset_create(&data, ROWS, FEATURES, row_weight > 0, &err));
	rng_start(&rng, 31, RNG_TEST, 0, 0);
	for (size_t i = 0; i < ROWS; i++) {
		double t = 0;
		for (size_t k = 0; k < FEATURES; k++) {
			data.X[i * FEATURES + k] = (float)rng_normal(&rng);
			t += (k % 2 ? 1 : -1) * (double)data.X[i * FEATURES + k];
		}
		data.y[i] = t > 0.3;
		if (data.w)
			data.w[i] = row_weight * (float)(0.5 + rng_uniform(&rng));
	}
	return data;
}

/* ---------------------------------------------------------------- the textbook's training */

/* Parameters, and of the same shape their gradients' bounds and the optimizer's moments. */
struct course {
	struct cln_config config;
	const struct dataset *data;
	struct textbook *net, *bounds, *first, *second;
	double X[FEATURES * BATCH], y[BATCH], w[BATCH], masks[L][MOST * BATCH];
	double loss_sum[EPOCHS];
	struct rng *disturbance; /* NULL: none */
};

static double random_sign(struct rng *rng) { return rng_next(rng) & 1 ? 1 : -1; }

/* x with an error of the given size, where this course has errors. */
static double disturbed(struct course *c, double x, double error)
{
	return c->disturbance ? x + random_sign(c->disturbance) * error : x;
}

/* doc/derivation.md, section 10; done: steps before this one. */
static double rate_of(const struct cln_config *config, size_t done, size_t epoch)
{
	const double lr = config->learning_rate;
	switch (config->schedule) {
	case CLN_STEP: return lr * pow(config->step_factor, (double)(epoch / config->step_epochs));
	case CLN_COSINE: return lr * (1 + cos(3.14159265358979323846 * (double)done / STEPS)) / 2;
	case CLN_WARMUP: return lr * fmin(1, (double)(done + 1) / ceil(config->warmup_fraction * STEPS));
	default: return lr;
	}
}

static void gather(struct course *c, const uint32_t *rows, size_t m)
{
	for (size_t j = 0; j < m; j++) {
		for (size_t k = 0; k < FEATURES; k++)
			c->X[k * m + j] = (double)c->data->X[rows[j] * FEATURES + k];
		c->y[j] = (double)c->data->y[rows[j]] * (1 - c->config.label_smoothing) + c->config.label_smoothing / 2;
		c->w[j] = c->data->w ? (double)c->data->w[rows[j]] : 1;
	}
}

/* A unit's word is keyed by seed, epoch, step, the row of the batch, and its number through the layers, each of which starts at a
 * multiple of 16. */
static void draw_masks(struct course *c, size_t epoch, size_t step, size_t m)
{
	const double p = c->config.dropout;
	for (size_t l = 1; l < L && p > 0; l++) {
		for (size_t i = 0; i < n[l]; i++)
			for (size_t j = 0; j < m; j++) {
				const uint32_t unit = (uint32_t)(16 * (l - 1) + i);
				const uint32_t word = rng_word(c->config.seed, RNG_DROPOUT, (uint32_t)epoch, (uint32_t)step,
				                               (uint32_t)j, unit);
				c->masks[l][i * m + j] = word >= p * 0x1p32 ? 1 / (1 - p) : 0;
			}
		c->net->mask[l] = c->masks[l];
	}
}

/* The gradients of a batch's cost without penalties, and their bounds; the loss's sum.  m may be less than what the textbook was
 * created for: all its matrices have m columns side by side. */
static double differentiate(struct course *c, size_t m)
{
	const struct rounding_case run = {.X = c->X, .y = c->y, .w = c->w, .l1 = c->config.l1, .l2 = c->config.l2, .rate = 1e300,
	                                  .block_size = BLOCK, .n_blocks = (m + BLOCK - 1) / BLOCK};
	c->net->m = c->bounds->m = m;
	const double cost = textbook_forward(c->net, c->X, c->y, c->w, 0, 0);
	textbook_backward(c->net, c->X, c->y, c->w, 0, 0);
	const double error = rounding_bounds(c->bounds, c->net, &run);
	for (size_t l = 1; l <= L; l++) {
		for (size_t e = 0; e < n[l] * n[l - 1]; e++)
			c->net->dW[l][e] = disturbed(c, c->net->dW[l][e], c->bounds->dW[l][e]);
		for (size_t i = 0; i < n[l]; i++)
			c->net->db[l][i] = disturbed(c, c->net->db[l][i], c->bounds->db[l][i]);
	}
	return (double)m * disturbed(c, cost, error);
}

/* What the gradient is multiplied by, so that its norm over all layers is at most clip_norm. */
static double clipping(const struct course *c)
{
	double squares = 0;
	for (size_t l = 1; l <= L; l++) {
		for (size_t e = 0; e < n[l] * n[l - 1]; e++)
			squares += c->net->dW[l][e] * c->net->dW[l][e];
		for (size_t i = 0; i < n[l]; i++)
			squares += c->net->db[l][i] * c->net->db[l][i];
	}
	const double norm = sqrt(squares);
	return c->config.clip_norm > 0 && norm > c->config.clip_norm ? c->config.clip_norm / norm : 1;
}

/* The published rules, one parameter; t: steps, this one included, since the run began.  A move and its moments have fewer than 16
 * roundings, a stored parameter one. */
static void move(struct course *c, double *w, double *first, double *second, double g, double rate, size_t t)
{
	const struct cln_config *config = &c->config;
	const bool adam = config->optimizer == CLN_ADAM || config->optimizer == CLN_ADAMW;
	const double u = UNIT_ROUNDOFF, beta2 = adam ? config->beta2 : config->momentum;
	double direction = g;
	if (config->optimizer == CLN_MOMENTUM || config->optimizer == CLN_NESTEROV)
		*first = config->momentum * *first + g;
	else
		*first = config->beta1 * *first + (1 - config->beta1) * g;
	*second = beta2 * *second + (1 - beta2) * g * g;
	*first = disturbed(c, *first, 16 * u * fabs(*first));
	*second = disturbed(c, *second, 16 * u * *second);
	switch (config->optimizer) {
	case CLN_MOMENTUM: direction = *first; break;
	case CLN_NESTEROV: direction = g + config->momentum * *first; break;
	case CLN_RMSPROP: direction = g / (sqrt(*second) + config->epsilon); break;
	case CLN_ADAM:
	case CLN_ADAMW:
		direction = *first / (1 - pow(config->beta1, (double)t)) /
		            (sqrt(*second / (1 - pow(config->beta2, (double)t))) + config->epsilon);
		break;
	default: break;
	}
	*w -= disturbed(c, rate * direction, 16 * u * fabs(rate * direction));
	*w = disturbed(c, *w, u * fabs(*w));
}

static void update(struct course *c, double rate, size_t t)
{
	const double clip = clipping(c);
	for (size_t l = 1; l <= L; l++) {
		for (size_t e = 0; e < n[l] * n[l - 1]; e++) {
			double *W = &c->net->W[l][e];
			const double g = clip * c->net->dW[l][e] + c->config.l1 * ((*W > 0) - (*W < 0)) + c->config.l2 * *W;
			*W *= 1 - rate * c->config.weight_decay; /* weights only, by this step's rate */
			move(c, W, &c->first->W[l][e], &c->second->W[l][e], g, rate, t);
		}
		for (size_t i = 0; i < n[l]; i++)
			move(c, &c->net->b[l][i], &c->first->b[l][i], &c->second->b[l][i], clip * c->net->db[l][i], rate, t);
	}
}

static void take_course(struct course *c)
{
	uint32_t order[ROWS];
	for (size_t epoch = 0, done = 0; epoch < EPOCHS; epoch++) {
		batch_order(order, ROWS, c->config.seed, (uint32_t)epoch);
		for (size_t step = 0; step * BATCH < ROWS; step++, done++) {
			const size_t left = ROWS - step * BATCH, m = left < BATCH ? left : BATCH;
			gather(c, order + step * BATCH, m);
			draw_masks(c, epoch, step, m);
			c->loss_sum[epoch] += differentiate(c, m);
			update(c, rate_of(&c->config, done, epoch), done + 1);
		}
	}
}

static struct textbook *textbook_of(const struct cln_config *config)
{
	struct textbook *made;
	assert_ok(textbook_create(&made, n, L, config->activation, BATCH, &err));
	return made;
}

/* From the engine's first parameters. */
static void begin_course(struct course *c, const struct cln_config *config, const struct dataset *data, const struct network *from,
                         struct rng *disturbance)
{
	float W[MOST], b[MOST];
	*c = (struct course){.config = *config, .data = data, .disturbance = disturbance};
	c->net = textbook_of(config);
	c->bounds = textbook_of(config);
	c->first = textbook_of(config);
	c->second = textbook_of(config);
	for (size_t l = 1; l <= L; l++) {
		network_get(from, l, W, b);
		for (size_t e = 0; e < n[l] * n[l - 1]; e++)
			c->net->W[l][e] = (double)W[e];
		for (size_t i = 0; i < n[l]; i++)
			c->net->b[l][i] = (double)b[i];
	}
}

static void end_course(struct course *c)
{
	textbook_destroy(c->net);
	textbook_destroy(c->bounds);
	textbook_destroy(c->first);
	textbook_destroy(c->second);
}

/* ---------------------------------------------------------------- the comparison */

/* W[1], b[1], W[2], ... and the loss of each epoch: where they are, and how many numbers each. */
enum { OBJECTS = 2 * L + 1 };
static const double *object_of(const struct course *c, int object, size_t *size)
{
	const size_t l = (size_t)object / 2 + 1;
	*size = object == 2 * L ? EPOCHS : object % 2 ? n[l] : n[l] * n[l - 1];
	return object == 2 * L ? c->loss_sum : object % 2 ? c->net->b[l] : c->net->W[l];
}

static double distance(const double *a, const double *b, size_t size)
{
	double greatest = 0;
	for (size_t e = 0; e < size; e++)
		if (!(fabs(a[e] - b[e]) <= greatest))
			greatest = fabs(a[e] - b[e]);
	return greatest;
}

static bool note_loss(void *context, const struct cln_epoch *epoch)
{
	double *loss_sum = context;
	loss_sum[epoch->epoch - 1] = epoch->train_loss * ROWS;
	return false;
}

/* The engine's training, its parameters put where a course has them. */
static void train_engine(struct course *c, struct network *net)
{
	const struct cln_observer observer = {.context = c->loss_sum, .epoch = note_loss};
	const struct kernels *kernels;
	struct trainer_result result;
	struct plan plan;
	float W[MOST], b[MOST];
	assert_ok(kernels_select(&kernels, NULL, &err));
	plan_create(&plan, net, &c->config, ROWS, 2);
	plan_set_threads(&plan, parallel_limit(2));
	assert_ok(trainer_run(net, c->data, NULL, &c->config, &plan, kernels, &observer, &result, &err));
	for (size_t l = 1; l <= L; l++) {
		network_get(net, l, W, b);
		for (size_t e = 0; e < n[l] * n[l - 1]; e++)
			c->net->W[l][e] = (double)W[e];
		for (size_t i = 0; i < n[l]; i++)
			c->net->b[l][i] = (double)b[i];
	}
}

static void assert_near(const struct course *engine, const struct course *exact, const struct course *start,
                        const double tolerance[OBJECTS], const char *what)
{
	for (int object = 0; object < OBJECTS; object++) {
		size_t size;
		const double *a = object_of(engine, object, &size), *b = object_of(exact, object, &size);
		const double apart = distance(a, b, size), moved = distance(object_of(start, object, &size), b, size);
		ck_assert_msg(tolerance[object] < 1e-3 * moved, "%s: object %d: a tolerance of %.1e where %.1e were moved", what,
		              object, tolerance[object], moved);
		ck_assert_msg(apart <= tolerance[object], "%s: object %d is %.2e from the textbook's, not within %.1e", what,
		              object, apart, tolerance[object]);
	}
}

START_TEST(a_training_is_the_textbooks_within_what_rounding_does)
{
	const struct cln_config config = config_of(_i);
	struct dataset data = make_data(cases[_i].row_weight);
	struct course start, exact, engine, other;
	double tolerance[OBJECTS] = {0};
	struct network *net;
	struct rng rng;
	size_t size;
	assert_ok(network_create(&net, n, L, config.activation, NULL, &err));
	network_init(net, CLN_INIT_NORMAL, config.seed); /* biases too, so that a decay of them shows */
	begin_course(&start, &config, &data, net, NULL);
	begin_course(&exact, &config, &data, net, NULL);
	begin_course(&engine, &config, &data, net, NULL);
	take_course(&exact);
	for (uint32_t k = 0; k < DISTURBED; k++) {
		rng_start(&rng, 77, RNG_TEST, k, 0);
		begin_course(&other, &config, &data, net, &rng);
		take_course(&other);
		for (int object = 0; object < OBJECTS; object++) {
			const double *a = object_of(&other, object, &size), *b = object_of(&exact, object, &size);
			tolerance[object] = fmax(tolerance[object], 2 * distance(a, b, size));
		}
		end_course(&other);
	}
	train_engine(&engine, net);
	assert_near(&engine, &exact, &start, tolerance, cases[_i].what);
	end_course(&start);
	end_course(&exact);
	end_course(&engine);
	network_destroy(net);
	dataset_free(&data);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("training");
	TCase *tcase = tcase_create("textbook");
	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, a_training_is_the_textbooks_within_what_rounding_does, 0, N_CASES);
	suite_add_tcase(suite, tcase);
	return suite;
}

TESTING_MAIN(make_suite)
