/* SPDX-License-Identifier: MIT */
#include "train/narrow.h"

#include "data/batch.h"

bool narrow_fits(const struct network *net, const struct cln_config *config, const struct plan *plan)
{
	for (size_t l = 0; l <= net->L; l++)
		if (net->n[l] > NARROW_UNITS)
			return false;
	return plan->n_blocks == 1 && plan->threads == 1 && plan->batch_size <= NARROW_COLUMNS && !plan->clocks &&
	       !network_has_front(net) && !net->front.parametric && config->dropout <= 0 && config->clip_norm <= 0;
}

/* ---------------------------------------------------------------- set-up */

/* The next rows of memory, of ld floats each; without memory they are only counted. */
static float *take_rows(struct narrow *narrow, size_t rows)
{
	float *at = narrow->memory ? narrow->memory + narrow->n_floats : NULL;
	narrow->n_floats += rows * narrow->args.ld;
	return at;
}

static void lay_out(struct narrow *narrow, const struct updater *updater)
{
	const struct network *net = updater->net;
	float *grads = updater_slots(updater, 0)[0];
	narrow->n_floats = 0;
	narrow->X = take_rows(narrow, net->n[0]);
	narrow->y = take_rows(narrow, 1);
	narrow->w = take_rows(narrow, 1);
	for (size_t l = 1; l <= net->L; l++) {
		const bool stored = l < net->L && narrow->args.derivative == DERIVATIVE_STORED;
		narrow->layers[l - 1] = (struct narrow_layer){.W = network_W(net, l),
		                                              .b = network_b(net, l),
		                                              .dW = grads + net->W_offset[l],
		                                              .db = grads + net->b_offset[l],
		                                              .A = take_rows(narrow, net->n[l]),
		                                              .D = stored ? take_rows(narrow, net->n[l]) : NULL,
		                                              .dZ = take_rows(narrow, net->n[l]),
		                                              .n_out = net->n[l],
		                                              .n_in = net->n[l - 1]};
	}
	narrow->args.X = narrow->X;
	narrow->args.y = narrow->y;
	narrow->args.w = narrow->w;
}

static void add_run(struct narrow *narrow, const struct chunk *chunk, bool penalties)
{
	const bool penalised = penalties && chunk->k_begin < chunk->k_end;
	struct narrow_run *last = narrow->n_runs ? &narrow->runs[narrow->n_runs - 1] : NULL;
	if (last && last->rate == chunk->rate && last->penalised == penalised && last->offset + last->n == chunk->offset)
		last->n += chunk->n;
	else
		narrow->runs[narrow->n_runs++] = (struct narrow_run){chunk->offset, chunk->n, chunk->rate, penalised};
}

/* A panel's biases come first among its chunks, and last in the parameters: each layer is two chunks. */
static enum cln_status create_runs(struct narrow *narrow, const struct updater *updater, struct cln_error *err)
{
	const struct cln_config *config = updater->config;
	const bool penalties = config->l1 > 0 || config->l2 > 0 || config->weight_decay > 0;
	narrow->runs = mem_alloc(updater->n_chunks, sizeof *narrow->runs, err);
	if (!narrow->runs)
		return CLN_E_MEMORY;
	for (size_t i = 0; i + 1 < updater->n_chunks; i += 2) {
		add_run(narrow, &updater->chunks[i + 1], penalties);
		add_run(narrow, &updater->chunks[i], penalties);
	}
	return CLN_OK;
}

enum cln_status narrow_create(struct narrow *narrow, const struct updater *updater, size_t columns, struct cln_error *err)
{
	const struct network *net = updater->net;
	*narrow = (struct narrow){.args = {.layers = narrow->layers,
	                                   .L = net->L,
	                                   .ld = panels_of(columns) * PANEL,
	                                   .activation = net->activation,
	                                   .derivative = activation_derivative(net->activation)}};
	lay_out(narrow, updater);
	narrow->memory = mem_alloc(narrow->n_floats, sizeof *narrow->memory, err);
	const enum cln_status status = narrow->memory ? create_runs(narrow, updater, err) : CLN_E_MEMORY;
	if (status != CLN_OK) {
		narrow_free(narrow);
		return status;
	}
	lay_out(narrow, updater);
	return CLN_OK;
}

void narrow_free(struct narrow *narrow)
{
	mem_free(narrow->memory);
	mem_free(narrow->runs);
	*narrow = (struct narrow){0};
}

/* ---------------------------------------------------------------- a step */

void narrow_gather(struct narrow *narrow, const struct dataset *data, const uint32_t *rows, size_t m, double label_smoothing)
{
	const size_t ld = narrow->args.ld, n = data->n_features;
	for (size_t s = 0; s < m; s++) {
		const float *x = data->X + rows[s] * n;
		for (size_t k = 0; k < n; k++)
			narrow->X[k * ld + s] = x[k];
		narrow->y[s] = data->y[rows[s]];
		narrow->w[s] = data->w ? data->w[rows[s]] : 1.0f;
	}
	for (size_t s = m; s < ld; s++)
		narrow->y[s] = narrow->w[s] = 0;
	if (label_smoothing > 0)
		batch_smooth(narrow->y, m, label_smoothing);
}

double narrow_pass(struct narrow *narrow, const struct kernels *kernels, size_t m)
{
	narrow->args.m = m;
	return kernels->narrow(&narrow->args);
}

/* network_sync of the lanes that are not idle. */
static void update_Wt(struct network *net)
{
	for (size_t l = 1; l <= net->L; l++) {
		const float *W = network_W(net, l);
		float *Wt = net->Wt + net->Wt_offset[l];
		for (size_t k = 0; network_has_Wt(net, l) && k < net->n[l - 1]; k++)
			for (size_t i = 0; i < net->n[l]; i++)
				Wt[i * PANEL + k] = W[k * PANEL + i];
	}
}

void narrow_update(struct narrow *narrow, struct updater *updater, const struct optimizer_args *constants)
{
	const struct optimizer *optimizer = &updater->optimizer;
	const float *grads = updater_slots(updater, 0)[0];
	for (size_t i = 0; i < narrow->n_runs; i++) {
		const struct narrow_run *run = &narrow->runs[i];
		struct optimizer_args args = *constants;
		args.w = updater->net->params + run->offset;
		args.first = optimizer->first ? optimizer->first + run->offset : NULL;
		args.second = optimizer->second ? optimizer->second + run->offset : NULL;
		args.g = grads + run->offset;
		args.n = run->n;
		args.rate *= run->rate;
		if (!run->penalised)
			args.l1 = args.l2 = args.decay = 0;
		updater->kernels->optimize(&args);
	}
	update_Wt(updater->net);
}
