/* SPDX-License-Identifier: MIT */
#include "train/update.h"

#include <math.h>

#include "base/parallel.h"

_Static_assert((PIECEWISE_MAX_BINS + 1) * PANEL <= CHUNK_INPUTS * PANEL, "a binned number's parameters are one chunk");

/* ---------------------------------------------------------------- set-up */

/* Chunks of one panel: its weights', and one for its biases. */
static size_t chunks_of_panel(const struct network *net, size_t l)
{
	return (net->n[l - 1] + CHUNK_INPUTS - 1) / CHUNK_INPUTS + 1;
}

/* The first chunk of panel `panel` of layer `layer`; panel = panels_of(n[layer]): that of the next layer. */
static size_t first_chunk(const struct updater *updater, size_t layer, size_t panel)
{
	return updater->layer_chunks[layer] + panel * chunks_of_panel(updater->net, layer);
}

void updater_chunks(size_t *begin, size_t *end, const struct updater *updater, size_t layer, const struct weight_share *share)
{
	*begin = first_chunk(updater, layer, share->p_begin);
	*end = first_chunk(updater, layer, share->p_end);
	if (share->p_end - share->p_begin == 1) { /* perhaps a part of it; the biases' chunk lies before that of input 0 */
		*end = *begin + 1 + (share->k_end + CHUNK_INPUTS - 1) / CHUNK_INPUTS;
		*begin += share->k_begin > 0 ? 1 + share->k_begin / CHUNK_INPUTS : 0;
	}
}

void updater_front_chunks(size_t chunks[FRONT_PARTS][2], const struct updater *updater, const struct front_share *share)
{
	const size_t parts[FRONT_PARTS][2] = {{share->j_begin, share->j_end},
	                                      {share->p_begin, share->p_end},
	                                      {share->t_begin / TABLE_CHUNK, (share->t_end + TABLE_CHUNK - 1) / TABLE_CHUNK},
	                                      {share->b_begin, share->b_end}};
	for (int i = 0; i < FRONT_PARTS; i++)
		for (int side = 0; side < 2; side++)
			chunks[i][side] = updater->front_chunks[i] + parts[i][side];
}

/* The panels of alpha[1 .. l-1]. */
static size_t alpha_panels(const struct network *net, size_t l)
{
	size_t n = 0;
	for (size_t i = 1; i < l && net->front.parametric; i++)
		n += panels_of(net->n[i]);
	return n;
}

void updater_alpha_chunks(size_t *begin, size_t *end, const struct updater *updater, size_t layer, size_t p_begin, size_t p_end)
{
	const size_t first = updater->front_chunks[FRONT_PARTS] + alpha_panels(updater->net, layer);
	*begin = first + p_begin;
	*end = first + p_end;
}

static struct chunk *make_panel_chunks(struct chunk *chunk, const struct network *net, const struct cln_config *config, size_t l,
                                       size_t p)
{
	const size_t n_in = net->n[l - 1];
	const float rate = config->parametrisation == CLN_NTK ? (float)(1 / sqrt((double)n_in)) : 1.0f;
	*chunk++ = (struct chunk){.offset = net->b_offset[l] + p * PANEL,
	                          .n = PANEL,
	                          .layer = l,
	                          .panel = p,
	                          .rate = (float)config->bias_rate};
	for (size_t k = 0; k < n_in; k += CHUNK_INPUTS) {
		const size_t end = k + CHUNK_INPUTS < n_in ? k + CHUNK_INPUTS : n_in;
		*chunk++ = (struct chunk){.offset = net->W_offset[l] + (p * n_in + k) * PANEL,
		                          .n = (end - k) * PANEL,
		                          .layer = l,
		                          .panel = p,
		                          .k_begin = k,
		                          .k_end = end,
		                          .rate = rate};
	}
	return chunk;
}

static void make_front_chunks(struct chunk *chunk, const struct network *net, const struct cln_config *config)
{
	for (size_t j = 0; j < net->front.n_numbers; j++)
		*chunk++ = (struct chunk){.offset = net->embedding_offset + j * EMBEDDING_FLOATS,
		                          .n = EMBEDDING_FLOATS,
		                          .rate = (float)config->embedding_rate};
	for (size_t p = 0; net->front.scaling && p < panels_of(net->n[0]); p++)
		*chunk++ = (struct chunk){
		    .offset = net->scale_offset + p * PANEL, .n = PANEL, .panel = p, .rate = (float)config->scaling_rate};
	for (size_t t = 0; t < net->table_floats; t += TABLE_CHUNK) {
		const size_t left = net->table_floats - t;
		*chunk++ = (struct chunk){.offset = net->table_offset + t,
		                          .n = left < TABLE_CHUNK ? left : TABLE_CHUNK,
		                          .rate = (float)config->level_rate};
	}
	for (size_t j = 0; j < net->front.n_binned; j++) {
		const size_t first = net->front.first_edge[j], n_edges = net->front.first_edge[j + 1] - first;
		*chunk++ = (struct chunk){.offset = net->piecewise_offset + first * PANEL,
		                          .n = n_edges * PANEL,
		                          .rate = (float)config->embedding_rate};
	}
	for (size_t l = 1; l < net->L && net->front.parametric; l++)
		for (size_t p = 0; p < panels_of(net->n[l]); p++)
			*chunk++ = (struct chunk){
			    .offset = net->alpha_offset[l] + p * PANEL, .n = PANEL, .panel = p, .rate = (float)config->bias_rate};
}

static enum cln_status create_chunks(struct updater *updater, struct cln_error *err)
{
	const struct network *net = updater->net;
	const size_t parts[FRONT_PARTS] = {net->front.n_numbers, net->front.scaling ? panels_of(net->n[0]) : 0,
	                                   (net->table_floats + TABLE_CHUNK - 1) / TABLE_CHUNK, net->front.n_binned};
	for (size_t l = 1; l <= net->L; l++)
		updater->layer_chunks[l + 1] = updater->layer_chunks[l] + panels_of(net->n[l]) * chunks_of_panel(net, l);
	updater->front_chunks[0] = updater->layer_chunks[net->L + 1];
	for (int i = 0; i < FRONT_PARTS; i++)
		updater->front_chunks[i + 1] = updater->front_chunks[i] + parts[i];
	updater->n_chunks = updater->front_chunks[FRONT_PARTS] + alpha_panels(net, net->L);
	updater->chunks = mem_alloc(updater->n_chunks, sizeof *updater->chunks, err);
	updater->chunk_norms = updater->chunks ? mem_alloc(updater->n_chunks, sizeof *updater->chunk_norms, err) : NULL;
	if (!updater->chunk_norms)
		return CLN_E_MEMORY;
	struct chunk *chunk = updater->chunks;
	for (size_t l = 1; l <= net->L; l++)
		for (size_t p = 0; p < panels_of(net->n[l]); p++)
			chunk = make_panel_chunks(chunk, net, updater->config, l, p);
	make_front_chunks(chunk, net, updater->config);
	return CLN_OK;
}

void updater_cut(size_t *first, const struct updater *updater, const uint32_t *order, size_t begin, size_t end, size_t floats,
                 size_t parts)
{
	size_t i = begin, before = 0; /* floats of the chunks before it */
	first[0] = begin;
	for (size_t part = 1; part <= parts; part++) {
		size_t from, to;
		split_range(&from, &to, floats, part - 1, parts);
		while (i < end && before + updater->chunks[order ? order[i] : i].n / 2 < to) {
			before += updater->chunks[order ? order[i] : i].n;
			i++;
		}
		first[part] = i;
	}
}

static enum cln_status create_shares(struct updater *updater, size_t threads, struct cln_error *err)
{
	updater->shares = mem_alloc(threads + 1, sizeof *updater->shares, err);
	if (!updater->shares)
		return CLN_E_MEMORY;
	updater_cut(updater->shares, updater, NULL, 0, updater->n_chunks, updater->net->n_floats, threads);
	return CLN_OK;
}

static enum cln_status create_slots(struct updater *updater, struct cln_error *err)
{
	const size_t n_slots = updater->n_slots, n_floats = updater->net->n_floats;
	updater->slots = mem_alloc(updater->teams * n_slots, sizeof *updater->slots, err);
	if (!updater->slots)
		return CLN_E_MEMORY;
	for (size_t t = 0; t < updater->teams; t++) { /* a team's in one piece */
		float *slots = mem_pages(n_slots * n_floats, err);
		if (!slots)
			return CLN_E_MEMORY;
		for (size_t i = 0; i < n_slots; i++)
			updater->slots[t * n_slots + i] = slots + i * n_floats;
	}
	return CLN_OK;
}

enum cln_status updater_create(struct updater *updater, struct network *net, const struct kernels *kernels,
                               const struct cln_config *config, const struct plan *plan, size_t n_slots, struct cln_error *err)
{
	*updater = (struct updater){
	    .net = net, .kernels = kernels, .config = config, .n_slots = n_slots, .teams = (size_t)plan->teams};
	enum cln_status status = optimizer_create(&updater->optimizer, config->optimizer, net->n_floats, err);
	if (status == CLN_OK)
		status = create_chunks(updater, err);
	if (status == CLN_OK)
		status = create_shares(updater, (size_t)plan->threads, err);
	if (status == CLN_OK)
		status = create_slots(updater, err);
	if (status != CLN_OK)
		updater_free(updater);
	return status;
}

void updater_free(struct updater *updater)
{
	for (size_t t = 0; updater->slots && t < updater->teams; t++)
		mem_pages_free(updater->slots[t * updater->n_slots], updater->n_slots * updater->net->n_floats);
	mem_free(updater->slots);
	mem_free(updater->chunks);
	mem_free(updater->shares);
	mem_free(updater->chunk_norms);
	optimizer_free(&updater->optimizer);
	*updater = (struct updater){0};
}

/* ---------------------------------------------------------------- reduce */

void updater_fold(const struct updater *updater, size_t team, const struct reduction_leaf *leaf, size_t begin, size_t end)
{
	float **slots = updater_slots(updater, team);
	for (size_t slot = leaf->slot, folds = leaf->folds; folds > 0; folds--, slot--)
		for (size_t i = begin; i < end; i++) {
			float *into = slots[slot - 1] + updater->chunks[i].offset;
			updater->kernels->add(into, into, slots[slot] + updater->chunks[i].offset, updater->chunks[i].n);
		}
}

float *updater_slot(const struct updater *updater, const struct reduction *reduction, uint32_t number)
{
	const size_t team = number / reduction->n_slots - (size_t)reduction->first_thread;
	return updater->slots[team * updater->n_slots + number % reduction->n_slots];
}

/* The sum of a chunk in tree order: where it lies, which is `last_sum` if anything was to be added and that is not NULL. */
static const float *reduce_chunk(const struct updater *updater, const struct reduction *reduction, const struct chunk *chunk,
                                 float *last_sum)
{
	const float *sum = updater_slot(updater, reduction, reduction->root) + chunk->offset;
	for (size_t j = 0; j < reduction->n_sums; j++) {
		float *into = updater_slot(updater, reduction, reduction->sums[j].into) + chunk->offset;
		const float *from = updater_slot(updater, reduction, reduction->sums[j].from) + chunk->offset;
		float *to = last_sum && j + 1 == reduction->n_sums ? last_sum : into;
		updater->kernels->add(to, into, from, chunk->n);
		sum = to;
	}
	return sum;
}

double updater_squares(const struct updater *updater, const float *sum, size_t n)
{
	double squares = updater->kernels->sum_squares(sum, n);
	if (isfinite(squares))
		return squares;
	squares = 0;
	for (size_t i = 0; i < n; i++)
		squares += (double)sum[i] * (double)sum[i];
	return squares;
}

void updater_reduce(struct updater *updater, const struct reduction *reduction, size_t begin, size_t end)
{
	for (size_t i = begin; i < end; i++) {
		const struct chunk *chunk = &updater->chunks[i];
		updater->chunk_norms[i] = updater_squares(updater, reduce_chunk(updater, reduction, chunk, NULL), chunk->n);
	}
}

float updater_scale(const struct updater *updater, size_t m)
{
	const double scale = 1.0 / (double)m, most = updater->config->clip_norm;
	if (most <= 0)
		return (float)scale;
	double squares = 0;
	for (size_t i = 0; i < updater->n_chunks; i++)
		squares += updater->chunk_norms[i];
	if (!isfinite(squares)) /* the gradient is not, and no factor mends that: the weights are to show it */
		return NAN;
	const double norm = sqrt(squares) * scale;
	return (float)(norm > most ? scale * (most / norm) : scale);
}

/* ---------------------------------------------------------------- update */

void updater_transpose(const struct updater *updater, const struct chunk *chunk)
{
	struct network *net = updater->net;
	if (chunk->k_begin < chunk->k_end && network_has_Wt(net, chunk->layer))
		updater->kernels->transpose_panel(net->Wt + net->Wt_offset[chunk->layer], net->params + net->W_offset[chunk->layer],
		                                  panels_of(net->n[chunk->layer]) * PANEL, net->n[chunk->layer - 1], chunk->panel,
		                                  chunk->k_begin, chunk->k_end);
}

void updater_step_chunk(struct updater *updater, const struct chunk *chunk, const float *g, const struct optimizer_args *constants)
{
	struct network *net = updater->net;
	struct optimizer_args args = *constants;
	args.w = net->params + chunk->offset;
	args.first = updater->optimizer.first ? updater->optimizer.first + chunk->offset : NULL;
	args.second = updater->optimizer.second ? updater->optimizer.second + chunk->offset : NULL;
	args.g = g;
	args.n = chunk->n;
	args.rate *= chunk->rate;
	if (chunk->k_begin == chunk->k_end) /* penalties and decay are for weights */
		args.l1 = args.l2 = args.decay = 0;
	updater->kernels->optimize(&args);
	updater_transpose(updater, chunk);
}

void updater_step(struct updater *updater, const struct reduction *reduction, size_t begin, size_t end,
                  const struct optimizer_args *constants)
{
	const float *g = updater_slot(updater, reduction, reduction->root);
	for (size_t i = begin; i < end; i++)
		updater_step_chunk(updater, &updater->chunks[i], g + updater->chunks[i].offset, constants);
}

void updater_reduce_and_step(struct updater *updater, const struct reduction *reduction, size_t begin, size_t end,
                             const struct optimizer_args *constants)
{
	/* This thread's: to write into another's slot would take its cache lines away. */
	_Alignas(MEM_ALIGN) float sum[CHUNK_INPUTS * PANEL];
	for (size_t i = begin; i < end; i++) {
		const struct chunk *chunk = &updater->chunks[i];
		updater_step_chunk(updater, chunk, reduce_chunk(updater, reduction, chunk, sum), constants);
	}
}
