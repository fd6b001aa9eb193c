/* SPDX-License-Identifier: MIT
 * The step (DESIGN section 7): each thread works its run of blocks and folds their partial gradients along the tree; after a
 * barrier each takes its share of the parameters, chunk by chunk: adds up the partials that are left, in tree order, applies the
 * optimizer, and writes both orientations of the weights. */
#include "train/step.h"

#include <math.h>

#include "base/parallel.h"
#include "data/batch.h"
#include "train/schedule.h"

#define CHUNK_INPUTS 64 /* inputs x 16 outputs: 4 KiB of each array */

/* ---------------------------------------------------------------- set-up */

static size_t count_chunks(const struct network *net)
{
	size_t n = 0;
	for (size_t l = 1; l <= net->L; l++)
		n += panels_of(net->n[l]) * ((net->n[l - 1] + CHUNK_INPUTS - 1) / CHUNK_INPUTS) + 1;
	return n;
}

static void make_chunks(struct chunk *chunk, const struct network *net)
{
	for (size_t l = 1; l <= net->L; l++) {
		const size_t n_in = net->n[l - 1];
		for (size_t p = 0; p < panels_of(net->n[l]); p++)
			for (size_t k = 0; k < n_in; k += CHUNK_INPUTS) {
				const size_t end = k + CHUNK_INPUTS < n_in ? k + CHUNK_INPUTS : n_in;
				*chunk++ = (struct chunk){.offset = net->W_offset[l] + (p * n_in + k) * PANEL,
				                          .n = (end - k) * PANEL,
				                          .layer = l,
				                          .panel = p,
				                          .k_begin = k,
				                          .k_end = end};
			}
		*chunk++ = (struct chunk){.offset = net->b_offset[l], .n = panels_of(net->n[l]) * PANEL, .layer = l};
	}
}

static enum cln_status create_slots(struct stepper *stepper, struct cln_error *err)
{
	const size_t threads = (size_t)stepper->plan.threads;
	stepper->n_slots = stepper->full.n_slots > stepper->last.n_slots ? stepper->full.n_slots : stepper->last.n_slots;
	stepper->slots = mem_alloc(threads * stepper->n_slots, sizeof *stepper->slots, err);
	if (!stepper->slots)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < threads * stepper->n_slots; i++) {
		stepper->slots[i] = mem_pages(stepper->net->n_floats, err);
		if (!stepper->slots[i])
			return CLN_E_MEMORY;
	}
	return CLN_OK;
}

static enum cln_status create_spaces(struct stepper *stepper, struct cln_error *err)
{
	stepper->spaces = mem_alloc((size_t)stepper->plan.threads, sizeof *stepper->spaces, err);
	if (!stepper->spaces)
		return CLN_E_MEMORY;
	enum cln_status status = CLN_OK;
	for (int t = 0; t < stepper->plan.threads && status == CLN_OK; t++)
		status = block_space_create(&stepper->spaces[t], stepper->net, stepper->plan.block_size, true,
		                            stepper->config->dropout > 0, err);
	return status;
}

static size_t blocks_of(const struct plan *plan, size_t m)
{
	return (m + plan->block_size - 1) / plan->block_size;
}

static enum cln_status create_arrays(struct stepper *stepper, struct cln_error *err)
{
	const struct plan *plan = &stepper->plan;
	const size_t rest = stepper->data->n_rows % plan->batch_size;
	enum cln_status status = optimizer_create(&stepper->optimizer, stepper->config->optimizer, stepper->net->n_floats, err);
	if (status == CLN_OK)
		status = reduction_create(&stepper->full, plan->n_blocks, plan->threads, err);
	if (status == CLN_OK)
		status = reduction_create(&stepper->last, rest ? blocks_of(plan, rest) : plan->n_blocks, plan->threads, err);
	if (status == CLN_OK)
		status = create_slots(stepper, err);
	if (status == CLN_OK)
		status = create_spaces(stepper, err);
	if (status != CLN_OK)
		return status;
	stepper->n_chunks = count_chunks(stepper->net);
	stepper->chunks = mem_alloc(stepper->n_chunks, sizeof *stepper->chunks, err);
	stepper->chunk_norms = mem_alloc(stepper->n_chunks, sizeof *stepper->chunk_norms, err);
	stepper->block_losses = mem_alloc(plan->n_blocks, sizeof *stepper->block_losses, err);
	if (!stepper->chunks || !stepper->chunk_norms || !stepper->block_losses)
		return CLN_E_MEMORY;
	make_chunks(stepper->chunks, stepper->net);
	return CLN_OK;
}

enum cln_status stepper_create(struct stepper *stepper, struct network *net, const struct kernels *kernels,
                               const struct cln_config *config, const struct dataset *data, const struct plan *plan,
                               struct cln_error *err)
{
	*stepper = (struct stepper){.net = net, .kernels = kernels, .config = config, .data = data, .plan = *plan};
	stepper->steps_per_epoch = (data->n_rows + plan->batch_size - 1) / plan->batch_size;
	stepper->n_steps = stepper->steps_per_epoch * config->epochs;
	enum cln_status status = create_arrays(stepper, err);
	if (status != CLN_OK)
		stepper_free(stepper);
	return status;
}

void stepper_free(struct stepper *stepper)
{
	const size_t threads = (size_t)stepper->plan.threads;
	for (size_t i = 0; stepper->slots && i < threads * stepper->n_slots; i++)
		if (stepper->slots[i])
			mem_pages_free(stepper->slots[i], stepper->net->n_floats);
	for (size_t t = 0; stepper->spaces && t < threads; t++)
		block_space_free(&stepper->spaces[t]);
	mem_free(stepper->slots);
	mem_free(stepper->spaces);
	mem_free(stepper->chunks);
	mem_free(stepper->chunk_norms);
	mem_free(stepper->block_losses);
	optimizer_free(&stepper->optimizer);
	reduction_free(&stepper->full);
	reduction_free(&stepper->last);
	*stepper = (struct stepper){0};
}

/* ---------------------------------------------------------------- a step, phase by phase */

/* One mini-batch as all threads see it. */
struct mini_batch {
	const struct reduction *reduction;
	const uint32_t *rows;
	size_t m;
	struct dropout_key dropout; /* but row0 */
};

static void smooth_labels(float *y, size_t m, double smoothing)
{
	const float keep = (float)(1 - smoothing), shift = (float)(smoothing / 2);
	for (size_t s = 0; s < m; s++)
		y[s] = y[s] * keep + shift;
}

/* Forward and backward on one block; its gradient goes where the tree wants it. */
static void work_block(struct stepper *stepper, const struct mini_batch *batch, size_t block, int tid)
{
	struct block_space *space = &stepper->spaces[tid];
	const struct reduction_leaf *leaf = &batch->reduction->leaves[block];
	const size_t first = block * stepper->plan.block_size, left = batch->m - first;
	const size_t m = left < stepper->plan.block_size ? left : stepper->plan.block_size;
	struct dropout_key key = batch->dropout;
	key.row0 = (uint32_t)first;

	batch_gather(space->A[0], space->y, space->w, stepper->data, batch->rows + first, m, space->ld);
	if (stepper->config->label_smoothing > 0)
		smooth_labels(space->y, m, stepper->config->label_smoothing);
	forward_pass(stepper->net, stepper->kernels, space, m, &key);

	float **slots = stepper->slots + (size_t)tid * stepper->n_slots;
	stepper->block_losses[block] = backward_pass(slots[leaf->slot], leaf->add, stepper->net, stepper->kernels, space, m,
	                                             stepper->data->w != NULL, &key);
	for (size_t slot = leaf->slot, folds = leaf->folds; folds > 0; folds--, slot--)
		stepper->kernels->add(slots[slot - 1], slots[slot], stepper->net->n_floats);
}

/* The slot of a number that counts through a reduction's threads. */
static float *slot_of(const struct stepper *stepper, const struct reduction *reduction, uint32_t number)
{
	return stepper->slots[number / reduction->n_slots * stepper->n_slots + number % reduction->n_slots];
}

/* The whole gradient sum of a chunk, in tree order: where it lies. */
static float *reduce_chunk(const struct stepper *stepper, const struct reduction *reduction, const struct chunk *chunk)
{
	for (size_t i = 0; i < reduction->n_sums; i++)
		stepper->kernels->add(slot_of(stepper, reduction, reduction->sums[i].into) + chunk->offset,
		                      slot_of(stepper, reduction, reduction->sums[i].from) + chunk->offset, chunk->n);
	return slot_of(stepper, reduction, reduction->root) + chunk->offset;
}

static void update_chunk(struct stepper *stepper, const struct chunk *chunk, const float *g, const struct optimizer_args *constants)
{
	struct network *net = stepper->net;
	struct optimizer_args args = *constants;
	args.w = net->params + chunk->offset;
	args.first = stepper->optimizer.first ? stepper->optimizer.first + chunk->offset : NULL;
	args.second = stepper->optimizer.second ? stepper->optimizer.second + chunk->offset : NULL;
	args.g = g;
	args.n = chunk->n;
	const bool is_bias = chunk->k_begin == chunk->k_end;
	if (is_bias) /* penalties and decay are for weights */
		args.l1 = args.l2 = args.decay = 0;
	stepper->kernels->optimize(&args);
	if (chunk->layer > 1 && !is_bias)
		stepper->kernels->transpose_panel(net->Wt + net->Wt_offset[chunk->layer], net->params + net->W_offset[chunk->layer],
		                                  panels_of(net->n[chunk->layer]) * PANEL, net->n[chunk->layer - 1], chunk->panel,
		                                  chunk->k_begin, chunk->k_end);
}

/* 1/m, and less where the gradient's norm exceeds clip_norm.  All chunks' norms, added in order: the same on every thread. */
static float gradient_scale(const struct stepper *stepper, size_t m)
{
	const double scale = 1.0 / (double)m;
	if (stepper->config->clip_norm <= 0)
		return (float)scale;
	double squares = 0;
	for (size_t i = 0; i < stepper->n_chunks; i++)
		squares += stepper->chunk_norms[i];
	if (!isfinite(squares)) /* no factor mends that: the weights are to show it */
		return NAN;
	const double norm = sqrt(squares) * scale;
	return (float)(norm > stepper->config->clip_norm ? scale * (stepper->config->clip_norm / norm) : scale);
}

/* This thread's share of the parameters: reduced and updated in one pass, or in two where the norm is needed in between. */
static void reduce_and_update(struct stepper *stepper, const struct mini_batch *batch, struct optimizer_args *constants,
                              struct team *team, int tid)
{
	size_t begin, end;
	split_range(&begin, &end, stepper->n_chunks, (size_t)tid, (size_t)stepper->plan.threads);
	const bool clip = stepper->config->clip_norm > 0;
	if (clip) {
		for (size_t i = begin; i < end; i++) {
			const float *g = reduce_chunk(stepper, batch->reduction, &stepper->chunks[i]);
			stepper->chunk_norms[i] = stepper->kernels->sum_squares(g, stepper->chunks[i].n);
		}
		team_barrier(team, tid);
	}
	constants->scale = gradient_scale(stepper, batch->m);
	for (size_t i = begin; i < end; i++) {
		const struct chunk *chunk = &stepper->chunks[i];
		const float *g = clip ? slot_of(stepper, batch->reduction, batch->reduction->root) + chunk->offset
		                      : reduce_chunk(stepper, batch->reduction, chunk);
		update_chunk(stepper, chunk, g, constants);
	}
}

/* The batch's loss, block after block: the same on every thread. */
static double batch_loss(const struct stepper *stepper, size_t n_blocks)
{
	double loss = 0;
	for (size_t block = 0; block < n_blocks; block++)
		loss += stepper->block_losses[block];
	return loss;
}

bool stepper_step(struct stepper *stepper, struct epoch_state *state, size_t step, struct team *team, int tid)
{
	const struct cln_config *config = stepper->config;
	const size_t first = step * stepper->plan.batch_size, left = stepper->data->n_rows - first;
	const bool whole = left >= stepper->plan.batch_size;
	const struct mini_batch batch = {
	    .reduction = whole ? &stepper->full : &stepper->last,
	    .rows = state->order + first,
	    .m = whole ? stepper->plan.batch_size : left,
	    .dropout = {.rate = config->dropout, .seed = config->seed, .epoch = state->epoch, .step = (uint32_t)step},
	};
	size_t begin, end;
	reduction_run(&begin, &end, batch.reduction, tid);
	for (size_t block = begin; block < end; block++)
		work_block(stepper, &batch, block, tid);
	team_barrier(team, tid);

	const double loss = batch_loss(stepper, batch.reduction->n_blocks);
	if (tid == 0)
		state->loss_sum += loss;
	if (!isfinite(loss)) { /* before the weights are spoilt, so that they tell where it came from */
		if (tid == 0)
			state->failed_step = step;
		return false;
	}
	const size_t done = state->epoch * stepper->steps_per_epoch + step;
	struct optimizer_args constants =
	    optimizer_constants(config, schedule_rate(config, done, stepper->n_steps, stepper->steps_per_epoch), done + 1);
	reduce_and_update(stepper, &batch, &constants, team, tid);
	team_barrier(team, tid);
	return true;
}
