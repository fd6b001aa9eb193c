/* SPDX-License-Identifier: MIT */
#include "api/config.h"

#include "base/cpus.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/rng.h"
#include "kernels/dispatch.h"
#include "model/document.h"
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An MLP with exactly what the flags say; these are the values where they are silent. */
static void recipe_plain(struct cln_config *config)
{
	*config = (struct cln_config){
	    .valid_fraction = 0.2,
	    .scale = CLN_SCALE_STANDARDISE,
	    .max_levels = 64,
	    .n_hidden = 2,
	    .hidden = {128, 64},
	    .activation = CLN_RELU,
	    .init = CLN_INIT_AUTO,
	    .optimizer = CLN_ADAMW,
	    .learning_rate = 0.001,
	    .momentum = 0.9,
	    .beta1 = 0.9,
	    .beta2 = 0.999,
	    .epsilon = 1e-8,
	    .frequency_scale = 0.1,
	    .frequency_spread = 1,
	    .bias_rate = 1,
	    .embedding_rate = 0.1,
	    .level_rows = 10,
	    .level_values = 8,
	    .level_scale = 0.1,
	    .level_rate = 0.1,
	    .scaling_rate = 1,
	    .schedule = CLN_CONSTANT,
	    .warmup_fraction = 0.1,
	    .step_epochs = 10,
	    .step_factor = 0.5,
	    .batch_size = 256,
	    .epochs = 30,
	    .patience = 10,
	    .metric = CLN_LOG_LOSS,
	    .ensemble = 1,
	    .threshold = 0.5,
	    .threshold_beta = 1,
	    .false_positive_cost = 1,
	    .false_negative_cost = 1,
	    .seed = 1,
	};
}

/* The strongest known MLP for tables (doc/recipe.md has what each part is worth). */
static void recipe_default(struct cln_config *config)
{
	recipe_plain(config);
	config->effort = CLN_USUAL;
	config->scale = CLN_SCALE_AUTO;
	config->n_hidden = CLN_AUTO;
	config->init = CLN_INIT_DATA;
	config->embedding = CLN_EMBEDDING_AUTO;
	config->one_hot_levels = 64;
	config->input_scaling = true;
	config->feature_selection = true;
	config->learning_rate = CLN_BY_ROWS;
	config->schedule = CLN_FLAT_COSINE;
	config->parametrisation = CLN_NTK;
	config->bias_rate = CLN_BY_ROWS;
	config->embedding_rate = CLN_BY_ROWS;
	config->scaling_rate = CLN_BY_ROWS;
	config->weight_decay = 0.1;
	config->dropout = CLN_BY_ROWS;
	config->regularisation = CLN_REGULARISATION_FLAT_COSINE;
	config->epochs = CLN_AUTO;
	config->ensemble = CLN_AUTO;
	config->patience_factor = 1;
}

/* The network of doc/derivation.md, trained as it is derived there: the whole table is one batch of gradient descent.  On raw
 * pounds and inches most starts saturate; seed 13 is the first that learns there and with standardised features
 * (doc/textbook.md). */
static void recipe_textbook(struct cln_config *config)
{
	recipe_plain(config);
	config->valid_fraction = 0;
	config->scale = CLN_SCALE_NONE;
	config->hidden[0] = 3;
	config->hidden[1] = 3;
	config->activation = CLN_SIGMOID;
	config->init = CLN_INIT_NORMAL;
	config->optimizer = CLN_SGD;
	config->learning_rate = 0.1;
	config->batch_size = 0;
	config->epochs = 1000;
	config->patience = 0;
	config->seed = 13;
}

static const struct {
	const char *name;
	void (*fill)(struct cln_config *config);
} recipes[] = {
    {"default", recipe_default},
    {"plain", recipe_plain},
    {"textbook", recipe_textbook},
};
enum { N_RECIPES = sizeof recipes / sizeof *recipes };

const char *config_recipe_name(size_t i)
{
	return i < N_RECIPES ? recipes[i].name : NULL;
}

static void append_word(struct cln_error *err, const char *between, const char *word)
{
	size_t length = strlen(err->message);

	snprintf(err->message + length, sizeof err->message - length, "%s%s", between, word);
}

enum cln_status cln_config_recipe(struct cln_config *config, const char *recipe, struct cln_error *err)
{
	for (size_t i = 0; recipe && i < N_RECIPES; i++) {
		if (strcmp(recipes[i].name, recipe) == 0) {
			recipes[i].fill(config);
			config->recipe = recipes[i].name;
			return CLN_OK;
		}
	}
	*config = (struct cln_config){0};
	error_set(err, CLN_E_USAGE, "there is no recipe \"%s\"; choose one of", recipe ? recipe : "");
	for (size_t i = 0; err && i < N_RECIPES; i++)
		append_word(err, i == 0 ? " " : ", ", recipes[i].name);
	return CLN_E_USAGE;
}

/* Members (on fewer than SMALL_ROWS rows, and else) and epochs of an effort on few rows, units of a hidden layer, and the rows that
 * may be visited: in all, and in any case by one network for LEAST_EPOCHS. */
static const struct {
	size_t small_members, members, epochs, width;
	double visits, alone;
} efforts[CLN_N_EFFORTS] = {
    [CLN_QUICK] = {2, 2, 48, 128, 2.4e6, 8e6},
    [CLN_USUAL] = {16, 8, 80, 256, 9e6, 160e6},
    [CLN_BEST] = {32, 32, 128, 256, 256e6, 256e6},
};

#define SMALL_ROWS 3000 /* sixteen networks of fewer are still a matter of seconds */

#define AUTO_LAYERS 3

#define LEAST_EPOCHS 16 /* an ensemble has fewer members before its members have fewer epochs than this */
#define FEWEST_EPOCHS 2 /* of one network, on whatever number of rows */

/* With few rows there are few steps, in which the factors of columns that say nothing are to become small.  With many a smaller
 * rate of the weights is better, while those of biases and embeddings stay what they are, and less dropout. */
static const struct by_rows {
	size_t below; /* so many rows */
	double learning_rate, bias_rate, embedding_rate, scaling_rate, dropout;
} by_rows[] = {{5000, 0.04, 0.1, 0.3, 3, 0.3}, {10000, 0.04, 0.1, 0.3, 1, 0.3}, {SIZE_MAX, 0.01, 0.4, 1.2, 1, 0.1}};

/* Where the visits allow fewer than LEAST_EPOCHS of one network. */
static size_t few_epochs(enum cln_effort effort, double rows, double passes, bool one_network)
{
	const double alone = one_network ? floor(efforts[effort].alone / rows) : 0;
	const double epochs = alone > LEAST_EPOCHS ? LEAST_EPOCHS : alone > passes ? alone : passes;

	return epochs > FEWEST_EPOCHS ? (size_t)epochs : FEWEST_EPOCHS;
}

static size_t most_members(const struct cln_config *config, size_t n_rows)
{
	if (config->ensemble != CLN_AUTO)
		return config->ensemble;
	return n_rows < SMALL_ROWS ? efforts[config->effort].small_members : efforts[config->effort].members;
}

static void choose_hidden(struct cln_config *config)
{
	config->n_hidden = AUTO_LAYERS;
	for (size_t l = 0; l < AUTO_LAYERS; l++)
		config->hidden[l] = efforts[config->effort].width;
}

static void choose_rate(double *rate, double chosen)
{
	if (*rate == CLN_BY_ROWS)
		*rate = chosen;
}

void config_choose_rates(struct cln_config *config, size_t n_rows)
{
	const struct by_rows *chosen = by_rows;

	while (n_rows >= chosen->below && chosen->below < SIZE_MAX)
		chosen++;
	const struct by_rows *factors = config->learning_rate == CLN_BY_ROWS ? chosen : by_rows; /* of a rate that is given */
	choose_rate(&config->bias_rate, factors->bias_rate);
	choose_rate(&config->embedding_rate, factors->embedding_rate);
	choose_rate(&config->scaling_rate, chosen->scaling_rate);
	choose_rate(&config->dropout, chosen->dropout);
	choose_rate(&config->learning_rate, chosen->learning_rate);
}

bool config_choose(struct cln_config *config, size_t n_rows)
{
	const bool epochs = config->epochs == CLN_AUTO, members = config->ensemble == CLN_AUTO;
	const double rows = n_rows ? (double)n_rows : 1;
	const double passes = floor(efforts[config->effort].visits / rows);
	const double most = (double)most_members(config, n_rows);

	if (config->n_hidden == CLN_AUTO)
		choose_hidden(config);
	config_choose_rates(config, n_rows);
	if (epochs) {
		const double each = floor(passes / most);
		config->epochs = efforts[config->effort].epochs;
		if (each < (double)config->epochs)
			config->epochs = each < LEAST_EPOCHS ? LEAST_EPOCHS : (size_t)each;
		if (passes < (double)config->epochs)
			config->epochs = few_epochs(config->effort, rows, passes, members || config->ensemble == 1);
	}
	if (members) {
		const double affordable = config->epochs ? floor(passes / (double)config->epochs) : most;
		config->ensemble = affordable < 1 ? 1 : affordable < most ? (size_t)affordable : (size_t)most;
	}
	return epochs || members;
}

struct range {
	const char *name;
	double value, low, high;
	bool above_low, below_high;
};

/* NaN is in no range. */
static bool in_range(const struct range *range)
{
	bool low = range->above_low ? range->value > range->low : range->value >= range->low;
	bool high = range->below_high ? range->value < range->high : range->value <= range->high;
	return low && high;
}

static enum cln_status check_ranges(const struct range *ranges, size_t n, struct cln_error *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!in_range(&ranges[i]))
			return error_set(err, CLN_E_USAGE, "%s is %g; it must be from %g%s to %g%s", ranges[i].name,
					 ranges[i].value, ranges[i].low, ranges[i].above_low ? " (excluded)" : "", ranges[i].high,
					 ranges[i].below_high ? " (excluded)" : "");
	}
	return CLN_OK;
}

/* In place of what will be chosen, a value that is in every range. */
static double given(double rate) { return rate == CLN_BY_ROWS ? 0.5 : rate; }

static enum cln_status check_numbers(const struct cln_config *config, struct cln_error *err)
{
	const struct range ranges[] = {
	    {"valid_fraction", config->valid_fraction, 0, 1, false, true},
	    {"test_fraction", config->test_fraction, 0, 1, false, true},
	    {"--valid-fraction + --test-fraction", config->valid_fraction + config->test_fraction, 0, 1, false, true},
	    {"max_levels", (double)config->max_levels, 1, 1e6, false, false},
	    {"learning_rate", given(config->learning_rate), 0, 1e6, true, false},
	    {"momentum", config->momentum, 0, 1, false, true},
	    {"beta1", config->beta1, 0, 1, false, true},
	    {"beta2", config->beta2, 0, 1, false, true},
	    {"epsilon", config->epsilon, 1e-30, 1, false, false},
	    {"frequency_scale", config->frequency_scale, 0, 1000, false, false},
	    {"frequency_spread", config->frequency_spread, 0, 1000, true, false},
	    {"bins", config->bins ? (double)config->bins : 2, 2, PIECEWISE_MAX_BINS, false, false},
	    {"bias_rate", given(config->bias_rate), 0, 1000, false, false},
	    {"embedding_rate", given(config->embedding_rate), 0, 1000, false, false},
	    {"one_hot_levels", (double)config->one_hot_levels, 0, 1e6, false, false},
	    {"level_rows", (double)config->level_rows, 1, 1e6, false, false},
	    {"level_values", (double)config->level_values, 1, LOOKUP_MAX_SIZE, false, false},
	    {"level_scale", config->level_scale, 0, 1000, false, false},
	    {"level_rate", config->level_rate, 0, 1000, false, false},
	    {"scaling_rate", given(config->scaling_rate), 0, 1000, false, false},
	    {"patience_factor", config->patience_factor, 0, 1000, false, false},
	    {"warmup_fraction", config->warmup_fraction, 0, 1, false, false},
	    {"step_epochs", (double)config->step_epochs, 1, 1e6, false, false},
	    {"step_factor", config->step_factor, 0, 1, true, false},
	    {"batch_size", (double)config->batch_size, 0, 1e9, false, false},
	    {"epochs", config->epochs == CLN_AUTO ? 0 : (double)config->epochs, 0, 1e6, false, false},
	    {"l1", config->l1, 0, 1e6, false, false},
	    {"l2", config->l2, 0, 1e6, false, false},
	    {"weight_decay", config->weight_decay, 0, 1e6, false, false},
	    {"dropout", given(config->dropout), 0, 1, false, true},
	    {"label_smoothing", config->label_smoothing, 0, 1, false, true},
	    {"clip_norm", config->clip_norm, 0, 1e30, false, false},
	    {"ensemble", config->ensemble == CLN_AUTO ? 1 : (double)config->ensemble, 1, CLN_MAX_ENSEMBLE, false, false},
	    {"threshold", config->threshold, 0, 1, false, false},
	    {"threshold_beta", config->threshold_beta, 0, 1000, true, false},
	    {"false_positive_cost", config->false_positive_cost, 0, 1e6, true, false},
	    {"false_negative_cost", config->false_negative_cost, 0, 1e6, true, false},
	    {"least_precision", config->least_precision, 0, 1, false, false},
	    {"block_size", (double)config->block_size, 0, 65536, false, false},
	    {"recover", (double)config->recover, 0, 100, false, false},
	    {"threads", config->threads, 0, 1024, false, false},
	    {"lanes", (double)config->lanes, 0, 1024, false, false},
	};
	return check_ranges(ranges, sizeof ranges / sizeof *ranges, err);
}

static enum cln_status check_hidden(const struct cln_config *config, struct cln_error *err)
{
	if (config->n_hidden == CLN_AUTO)
		return CLN_OK;
	if (config->n_hidden > CLN_MAX_HIDDEN)
		return error_set(err, CLN_E_USAGE, "%zu hidden layers are given; at most %d can be used", config->n_hidden,
				 CLN_MAX_HIDDEN);
	for (size_t l = 0; l < config->n_hidden; l++) {
		if (config->hidden[l] < 1 || config->hidden[l] > 65536)
			return error_set(err, CLN_E_USAGE, "hidden layer %zu has %zu units; it must have 1 to 65536", l + 1,
					 config->hidden[l]);
	}
	return CLN_OK;
}

static enum cln_status check_choices(const struct cln_config *config, struct cln_error *err)
{
	const struct {
		const char *name;
		const struct name_table *words;
		int value;
	} choices[] = {
	    {"activation", &names_activation, (int)config->activation},
	    {"init", &names_init, (int)config->init},
	    {"optimizer", &names_optimizer, (int)config->optimizer},
	    {"schedule", &names_schedule, (int)config->schedule},
	    {"effort", &names_effort, (int)config->effort},
	    {"embedding", &names_embedding, (int)config->embedding},
	    {"parametrisation", &names_parametrisation, (int)config->parametrisation},
	    {"regularisation", &names_regularisation, (int)config->regularisation},
	    {"scale", &names_scale, (int)config->scale},
	    {"metric", &names_metric, (int)config->metric},
	    {"calibration", &names_calibration, (int)config->calibration},
	    {"threshold_rule", &names_threshold_rule, (int)config->threshold_rule},
	    {"class_weight", &names_class_weight, (int)config->class_weight},
	};
	for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
		if (!name_of(choices[i].words, choices[i].value))
			return error_set(err, CLN_E_USAGE, "%s is %d, which names nothing", choices[i].name, choices[i].value);
	}
	return CLN_OK;
}

static enum cln_status check_class_weights(const struct cln_config *config, struct cln_error *err)
{
	if (config->class_weight != CLN_CLASS_WEIGHT_GIVEN)
		return CLN_OK;
	const struct range ranges[] = {
	    {"the negative class's weight", config->class_weights[0], 0, 1e6, true, false},
	    {"the positive class's weight", config->class_weights[1], 0, 1e6, true, false},
	};
	return check_ranges(ranges, 2, err);
}

enum cln_status config_check(const struct cln_config *config, struct cln_error *err)
{
	enum cln_status status = check_numbers(config, err);
	if (status == CLN_OK)
		status = check_hidden(config, err);
	if (status == CLN_OK)
		status = check_choices(config, err);
	if (status == CLN_OK)
		status = check_class_weights(config, err);
	return status;
}

enum cln_status config_check_isa(const char *isa, struct cln_error *err)
{
	const struct kernels *kernels;

	return kernels_select(&kernels, isa, err);
}

enum cln_status config_check_thread_variable(struct cln_error *err)
{
	const char *text = getenv("OMP_NUM_THREADS");

	if (text && *text && cpus_omp_num_threads(text) == 0)
		return error_set(err, CLN_E_USAGE, "OMP_NUM_THREADS: \"%s\" is not a number of threads", text);
	return CLN_OK;
}

enum cln_status config_check_memory_variable(struct cln_error *err)
{
	const char *text = getenv("COLONNADE_MEMORY");

	if (text && memory_parse(text) == 0)
		return error_set(err, CLN_E_USAGE, "COLONNADE_MEMORY: \"%s\" is not a size as 512M or 16G", text);
	return CLN_OK;
}

uint64_t config_member_seed(uint64_t seed, size_t k)
{
	const uint64_t high = rng_word(seed, RNG_MEMBER, 0, 0, (uint32_t)k, 0);

	return k == 0 ? seed : high << 32 | rng_word(seed, RNG_MEMBER, 0, 0, (uint32_t)k, 1);
}

/* What columns and network have of levels, from another config. */
static void take_levels(struct cln_config *config, const struct cln_config *from)
{
	config->one_hot_levels = from->one_hot_levels;
	config->level_rows = from->level_rows;
	config->level_values = from->level_values;
	config->level_scale = from->level_scale;
}

void config_forget_levels(struct cln_config *config)
{
	struct cln_config plain;

	recipe_plain(&plain);
	take_levels(config, &plain);
	config->level_rate = plain.level_rate;
}

void config_keep_network(struct cln_config *config, const struct cln_model *init)
{
	const struct network *net = init->network;

	config->n_hidden = net->L - 1;
	for (size_t l = 1; l < net->L; l++)
		config->hidden[l - 1] = net->n[l];
	config->activation = net->activation;
	config->parametric_activation = net->front.parametric;
	config->embedding = init->config.embedding; /* auto: bins for some numbers */
	if (config->embedding != CLN_EMBEDDING_AUTO)
		config->embedding = net->front.n_binned ? net->front.n_numbers ? CLN_EMBEDDING_BOTH : CLN_EMBEDDING_PIECEWISE
						: net->front.n_numbers ? CLN_EMBEDDING_PERIODIC : CLN_EMBEDDING_NONE;
	config->frequency_scale = init->config.frequency_scale;
	config->frequency_spread = init->config.frequency_spread;
	config->input_scaling = net->front.scaling;
	config->bins = init->config.bins;
	config->init = init->config.init;
	config->scale = init->config.scale;
	if (config->ensemble == CLN_AUTO) /* every member would start alike */
		config->ensemble = 1;
	config->max_levels = init->config.max_levels;
	take_levels(config, &init->config);
}

enum cln_status config_model_fingerprint(uint64_t *fingerprint, const struct cln_model *model, struct cln_error *err)
{
	const struct network *networks[CLN_MAX_ENSEMBLE];
	const size_t K = model_networks(networks, model);
	struct text document;
	enum cln_status status = document_text(&document, model, err);

	if (status == CLN_OK)
		*fingerprint = io_crc64(0, document.bytes, document.length);
	for (size_t k = 0; k < K && status == CLN_OK; k++)
		*fingerprint = io_crc64(*fingerprint, networks[k]->params, networks[k]->n_floats * sizeof(float));
	text_free(&document);
	return status;
}

void config_use_isa(struct cln_model *model, const char *isa)
{
	model->isa = isa;
}
