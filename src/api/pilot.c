/* SPDX-License-Identifier: MIT */
#include "api/pilot.h"

#include <math.h>

#include "api/config.h"
#include "api/ensemble.h"
#include "api/judge.h"
#include "api/notes.h"

#define FEWEST_ROWS 1000 /* of fewer too few are left out to tell two kinds of networks apart */
#define MANY_ROWS 5000   /* steps and peaks of numbers with heavy tails can be learnt */

static bool has_tails(const struct pipeline *pipeline)
{
	for (size_t i = 0; i < pipeline->n_features; i++)
		if (pipeline_feature_is_by_quantiles(pipeline, i))
			return true;
	return false;
}

bool pilot_is_allowed(const struct pilot *pilot)
{
	const struct cln_config *given = pilot->config;

	return !(pilot->observer && pilot->observer->dry) && pilot->common->data->valid_rows > 0 &&
	       given->effort != CLN_QUICK && given->ensemble == CLN_AUTO && given->epochs != 0;
}

bool pilot_has_bins_anyway(const struct pilot *pilot)
{
	return pilot->common->data->train_rows >= MANY_ROWS;
}

void pilot_config(struct cln_config *config, const struct pilot *pilot, size_t n_rows)
{
	const size_t rows = pilot->common->data->train_rows;
	struct cln_config quick = *pilot->config;

	quick.effort = CLN_QUICK;
	quick.ensemble = PILOT_MEMBERS;
	config_choose_rates(&quick, n_rows);
	*config = quick;
	config_choose(config, rows);
	quick.n_hidden = quick.epochs = CLN_AUTO;
	config_choose(&quick, rows);
	for (size_t l = 0; l < config->n_hidden; l++)
		if (config->hidden[l] > quick.hidden[0])
			config->hidden[l] = quick.hidden[0];
	if (config->epochs > quick.epochs)
		config->epochs = quick.epochs;
}

/* A checkpoint of a pilot would be of no use. */
static enum cln_ask hear_ask(void *context)
{
	const struct cln_observer *observer = context;

	return observer->ask(observer->context) == CLN_SAVE_AND_STOP ? CLN_SAVE_AND_STOP : CLN_GO_ON;
}

/* The log loss of the rows that the networks left out. */
static enum cln_status judge(double *loss, size_t *rows, const struct ensemble *ensemble, struct cln_error *err)
{
	const struct common *common = &ensemble->common;
	const struct scorer scorer = {(const struct network *const *)ensemble->trained, ensemble->n_trained, common->kernels,
				      ensemble->threads, 1};
	struct cln_metrics metrics;
	struct judged judged;
	enum cln_status status = judge_valid(&judged, &scorer, common->data, err);

	if (status == CLN_OK)
		status = judged_measure(&metrics, &judged, 0.5, err);
	if (status == CLN_OK) {
		*loss = metrics.log_loss;
		*rows = metrics.rows;
	}
	judged_free(&judged);
	return status;
}

/* Trains the networks with bins or without, and judges them.  Those that diverge are infinitely bad. */
static enum cln_status try_bins(double *loss, size_t *rows, bool bins, const struct pilot *pilot, const struct cln_config *config,
				struct cln_error *err)
{
	const struct cln_observer quiet = {.context = (void *)pilot->observer, .ask = hear_ask};
	struct front front;
	struct ensemble ensemble = {.common = *pilot->common, .threads = pilot->threads};
	struct common *common = &ensemble.common;
	struct cln_error why = {0};
	enum cln_status status;

	if (pilot->observer && pilot->observer->ask)
		ensemble.observer = &quiet;
	common->config = config;
	common->front = &front;
	common->K = config->ensemble;
	common->tail_bins = bins;
	status = trainee_front(&front, common, &why);
	if (status == CLN_OK)
		status = ensemble_set_up(&ensemble, NULL, &why);
	if (status == CLN_OK)
		status = ensemble_train(&ensemble, &why);
	if (status == CLN_OK)
		status = judge(loss, rows, &ensemble, &why);
	ensemble_free(&ensemble);
	front_free(&front);
	if (status == CLN_E_DIVERGED) {
		*loss = INFINITY;
		return CLN_OK;
	}
	if (status != CLN_OK && err)
		*err = why;
	return status;
}

/* Where networks of both kinds diverge, those of the training will say so. */
static void tell(const struct pilot *pilot, bool bins, size_t rows, double with, double without)
{
	const char *what = bins ? "bins" : "no bins";

	if (isfinite(with) && isfinite(without))
		note(pilot->observer, "numbers scaled by their quantiles get %s: the log loss of small networks on %zu rows left "
		     "out is %.4f with bins and %.4f without", what, rows, with, without);
	else if (isfinite(with) || isfinite(without))
		note(pilot->observer, "numbers scaled by their quantiles get %s: small networks %s diverge", what,
		     bins ? "without them" : "with them");
}

enum cln_status pilot_tail_bins(bool *bins, const struct pilot *pilot, struct cln_error *err)
{
	const struct prepared *data = pilot->common->data;
	struct cln_config config;
	double with, without;
	size_t rows = 0;
	enum cln_status status;

	*bins = pilot_has_bins_anyway(pilot);
	if (*bins || data->train_rows < FEWEST_ROWS || !has_tails(data->pipeline) || !pilot_is_allowed(pilot))
		return CLN_OK;
	pilot_config(&config, pilot, pilot->common->data->train_rows);
	status = try_bins(&without, &rows, false, pilot, &config, err);
	if (status == CLN_OK)
		status = try_bins(&with, &rows, true, pilot, &config, err);
	if (status != CLN_OK)
		return status;
	*bins = with < without;
	tell(pilot, *bins, rows, with, without);
	return CLN_OK;
}
