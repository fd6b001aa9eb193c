/* SPDX-License-Identifier: MIT */
#include "api/search.h"

#include <math.h>
#include <string.h>

#include "api/config.h"
#include "base/dmath.h"
#include "base/io.h"

/* ---------------------------------------------------------------- values */

/* The option is the epoch of the stream: 24 bits of a checksum of its name, different for any two options (tests/test_search.c). */
void search_stream(struct rng *rng, uint64_t seed, const char *option, size_t trial)
{
	rng_start(rng, seed, RNG_SEARCH, (uint32_t)io_crc64(0, option, strlen(option)) & 0xFFFFFF, (uint32_t)trial);
}

#define DIGITS_LOW 1e3 /* four significant digits: from here ... */
#define DIGITS_HIGH 1e4 /* ... up to here */
#define MOST_SCALE 1e22 /* the greatest power of ten that is exact in double */

/* Scaled by an exact power of ten and divided by it again, it is the double nearest to the decimal number. */
static double four_digits(double x)
{
	double scale = 1;

	while (x != 0 && fabs(x) * scale < DIGITS_LOW && scale < MOST_SCALE)
		scale *= 10;
	if (scale > 1)
		return rint(x * scale) / scale;
	while (fabs(x) / scale >= DIGITS_HIGH && scale < MOST_SCALE)
		scale *= 10;
	return rint(x / scale) * scale;
}

static double between(double low, double x, double high)
{
	return x < low ? low : x > high ? high : x;
}

/* Whole numbers k share the logarithm of (high + 1) / low: k has that of (k + 1) / k. */
static double draw_logarithmic(struct rng *rng, const struct search_range *range)
{
	const double low = dmath_log(range->low), high = dmath_log(range->whole ? range->high + 1 : range->high);
	const double x = dmath_exp(low + rng_uniform(rng) * (high - low));

	return range->whole ? floor(x) : four_digits(x);
}

double search_draw(struct rng *rng, const struct search_range *range)
{
	double x;

	if (range->logarithmic)
		x = draw_logarithmic(rng, range);
	else if (range->whole)
		x = range->low + (double)rng_below(rng, (uint64_t)(range->high - range->low) + 1);
	else
		x = four_digits(range->low + rng_uniform(rng) * (range->high - range->low));
	return between(range->low, x, range->high);
}

/* ---------------------------------------------------------------- epochs */

struct search_plan search_plan(size_t trials, size_t eta, size_t epochs)
{
	struct search_plan plan = {trials, eta, 1};
	size_t part = eta; /* one of so many trials, and of epochs, in one rung more */

	while (eta >= 2 && trials / part >= 2 && epochs / part >= SEARCH_LEAST_EPOCHS) {
		plan.rungs++;
		part *= eta;
	}
	return plan;
}

static size_t power(size_t eta, size_t n)
{
	size_t product = 1;

	while (n-- > 0)
		product *= eta;
	return product;
}

size_t search_rung_trials(const struct search_plan *plan, size_t rung)
{
	return plan->trials / power(plan->eta, rung);
}

size_t search_rung_epochs(const struct search_plan *plan, size_t rung, size_t epochs)
{
	const size_t part = power(plan->eta, plan->rungs - 1 - rung);

	return (epochs + part - 1) / part;
}

size_t search_epochs(const struct cln_config *config, size_t n_rows)
{
	struct cln_config chosen = *config;

	config_choose(&chosen, n_rows);
	return chosen.epochs;
}

/* ---------------------------------------------------------------- judging */

enum cln_status search_check(struct cln_table *table, const struct cln_config *config, size_t folds, struct cln_error *err)
{
	const struct crossval_folding folding = {.folds = folds, .repeats = 1};
	struct crossval crossval;
	struct label label;
	enum cln_status status = label_find(&label, table, config->label, config->positive, config->weight, NULL, err);

	if (status != CLN_OK)
		return status;
	label_free(&label);
	if (folds == 0)
		return CLN_OK;
	status = crossval_create(&crossval, table, config, &folding, err);
	if (status == CLN_OK)
		crossval_free(&crossval);
	return status;
}

static bool is_better(double a, double b, enum cln_metric metric)
{
	return metric == CLN_LOG_LOSS ? a < b : a > b;
}

/* Whether a stands before b. */
static bool stands_before(const struct search_score *a, const struct search_score *b, enum cln_metric metric)
{
	const int a_class = a->diverged ? 2 : isnan(a->value) ? 1 : 0, b_class = b->diverged ? 2 : isnan(b->value) ? 1 : 0;

	if (a_class != b_class)
		return a_class < b_class;
	if (a_class == 0 && a->value != b->value)
		return is_better(a->value, b->value, metric);
	return a->trial < b->trial;
}

/* By insertion: there are at most some thousands, mostly in order where they were ranked before. */
void search_rank(struct search_score *scores, size_t n, enum cln_metric metric)
{
	for (size_t i = 1; i < n; i++) {
		const struct search_score score = scores[i];
		size_t place = i;
		for (; place > 0 && stands_before(&score, &scores[place - 1], metric); place--)
			scores[place] = scores[place - 1];
		scores[place] = score;
	}
}

double search_value(const struct cln_metrics *metrics, enum cln_metric metric)
{
	switch (metric) {
	case CLN_AUC:
		return metrics->auc;
	case CLN_ACCURACY:
		return metrics->accuracy;
	default:
		return metrics->log_loss;
	}
}

struct cln_metrics search_mean(const struct cln_metrics *parts, size_t n)
{
	struct cln_metrics mean = {0};

	for (size_t i = 0; i < n; i++) {
		mean.rows += parts[i].rows;
		mean.weight += parts[i].weight;
		mean.log_loss += parts[i].log_loss / (double)n;
		mean.auc += parts[i].auc / (double)n;
		mean.accuracy += parts[i].accuracy / (double)n;
	}
	return mean;
}

enum cln_status search_fit_fold(struct cln_metrics *metrics, double *seconds, struct cln_table *table,
				const struct cln_config *config, size_t fold, size_t K, const struct cln_observer *observer,
				struct cln_error *err)
{
	const struct crossval_folding folding = {.folds = K, .repeats = 1};
	struct cln_evaluation judged;
	struct crossval crossval;
	enum cln_status status = crossval_create(&crossval, table, config, &folding, err);

	if (status == CLN_OK)
		status = crossval_fit(&crossval, fold, observer, seconds, err);
	if (status == CLN_OK)
		status = crossval_measure_fit(&judged, &crossval, fold, err);
	if (status == CLN_OK)
		*metrics = (struct cln_metrics){judged.rows, judged.weight, judged.measures[CLN_MEASURE_LOG_LOSS].value,
						judged.measures[CLN_MEASURE_AUC].value,
						judged.measures[CLN_MEASURE_ACCURACY].value};
	crossval_free(&crossval);
	return status;
}
