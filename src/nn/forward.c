/* SPDX-License-Identifier: MIT
 * The forward pass over one block of columns: Z[l] = W[l] A[l-1] + b[l], A[l] = g(Z[l]), and the memory of both passes. */
#include "nn/passes.h"

/* Which of a layer's arrays its derivative comes from. */
static enum derivative derivative_of(const struct network *net, bool dropout)
{
	const enum derivative derivative = net->front.parametric ? DERIVATIVE_STORED : activation_derivative(net->activation);
	return dropout && derivative != DERIVATIVE_RELU ? DERIVATIVE_STORED : derivative;
}

/* Carves panels for n units out of the block; with memory = NULL only adds up the floats. */
static float *carve(struct block_space *space, size_t n_floats)
{
	float *at = space->memory ? space->memory + space->n_floats : NULL;
	space->n_floats += round_up(n_floats, PANEL);
	return at;
}

static void carve_all(struct block_space *space, const struct network *net, bool training, bool dropout)
{
	const size_t L = net->L, ld = space->ld;
	const bool stored = training && derivative_of(net, dropout) == DERIVATIVE_STORED;
	size_t widest[2] = {0, 0};
	space->n_floats = 0;
	for (size_t l = 0; l <= L; l++) {
		const size_t size = panels_of(net->n[l]) * PANEL * ld;
		space->A[l] = carve(space, size);
		space->D[l] = stored && l > 0 && l < L ? carve(space, size) : NULL;
		space->Q[l] = stored && l > 0 && l < L && net->front.parametric ? carve(space, size) : NULL;
		if ((l > 0 || network_has_front(net)) && size > widest[l % 2])
			widest[l % 2] = size;
	}
	space->E = net->front.scaling ? carve(space, panels_of(net->n[0]) * PANEL * ld) : space->A[0];
	if (training) {
		float *even = carve(space, widest[0]), *odd = carve(space, widest[1]);
		for (size_t l = 0; l <= L; l++)
			space->dZ[l] = l % 2 ? odd : even;
	}
	space->y = carve(space, ld);
	space->w = carve(space, ld);
	space->levels = (uint32_t *)(void *)carve(space, net->front.n_categories * ld);
	space->scratch = training ? carve(space, net->table_floats) : NULL;
}

/* Columns of a panel: 4 more than a multiple of 8.  A tile reads some columns of every panel, and panels that are a multiple of
 * 4 KiB apart would all want the same few places of the first-level cache. */
static size_t columns_apart(size_t columns)
{
	return columns <= PANEL ? columns : columns + (12 - columns % 8) % 8;
}

enum cln_status block_space_create(struct block_space *space, const struct network *net, size_t columns, bool training,
                                   bool dropout, struct cln_error *err)
{
	*space = (struct block_space){.ld = columns_apart(columns)};
	size_t units = 4 + panels_of(net->n[0]) * PANEL + panels_of(net->front.n_categories) * PANEL, floats;
	for (size_t l = 0; l <= net->L; l++)
		units += 5 * panels_of(net->n[l]) * PANEL; /* more than carve_all can ask for a column */
	if (!size_mul(&floats, units, space->ld) || !size_add(&floats, floats, net->table_floats))
		return error_set(err, CLN_E_MEMORY, "a block of %zu columns does not fit in memory", columns);
	carve_all(space, net, training, dropout);
	space->memory = mem_pages(space->n_floats, err);
	if (!space->memory)
		return CLN_E_MEMORY;
	carve_all(space, net, training, dropout);
	return CLN_OK;
}

void block_space_free(struct block_space *space)
{
	if (space->memory)
		mem_pages_free(space->memory, space->n_floats);
	*space = (struct block_space){0};
}

/* The words below threshold = rate 2^32 drop a unit. */
static uint32_t dropout_threshold(double rate)
{
	return (uint32_t)(rate * 4294967296.0);
}

static void drop_of(const struct network *net, const struct kernels *kernels, const struct block_space *space, float *A, float *D,
                    size_t l, const struct share *share, const struct dropout_key *key)
{
	size_t unit0 = share->p_begin * PANEL; /* units are numbered through the layers, so that no two share a word */
	const size_t at = (share->p_begin * space->ld + share->s_begin) * PANEL;
	for (size_t i = 1; i < l; i++)
		unit0 += panels_of(net->n[i]) * PANEL;
	kernels->dropout(&(struct dropout_args){.A = A + at,
	                                        .D = D ? D + at : NULL,
	                                        .n = (share->p_end - share->p_begin) * PANEL,
	                                        .m = share->s_end - share->s_begin,
	                                        .ld = space->ld,
	                                        .seed = key->seed,
	                                        .epoch = key->epoch,
	                                        .step = key->step,
	                                        .row0 = key->row0 + (uint32_t)share->s_begin,
	                                        .unit0 = (uint32_t)unit0,
	                                        .threshold = dropout_threshold(key->rate),
	                                        .keep_scale = (float)(1.0 / (1.0 - key->rate))});
}

/* The features that are levels' numbers.  None that a pipeline makes is beyond its table; any other value is level 0. */
static void take_levels(const struct network *net, const struct block_space *space, size_t s_begin, size_t s_end)
{
	for (size_t c = 0; c < net->front.n_categories; c++) {
		const struct category *category = &net->front.categories[c];
		const float *x = space->E + category->feature / PANEL * space->ld * PANEL + category->feature % PANEL;
		for (size_t s = s_begin; s < s_end; s++) {
			const float level = x[s * PANEL];
			space->levels[c * space->ld + s] = level > 0 && level < (float)category->n_rows ? (uint32_t)level : 0;
		}
	}
}

static void drop(const struct network *net, const struct kernels *kernels, const struct block_space *space, size_t l,
                 const struct share *share, const struct dropout_key *key)
{
	drop_of(net, kernels, space, space->A[l], space->D[l], l, share, key);
	if (space->Q[l])
		drop_of(net, kernels, space, space->Q[l], NULL, l, share, key);
}

void forward_front(const struct network *net, const struct kernels *kernels, const struct block_space *space, size_t s_begin,
                   size_t s_end)
{
	const size_t at = s_begin * PANEL;
	if (net->front.n_numbers > 0)
		kernels->embed(&(struct embedding_args){.E = space->E + at,
		                                        .params = network_embedding(net),
		                                        .numbers = net->front.numbers,
		                                        .end = net->front.n_numbers,
		                                        .first_output = net->n_features,
		                                        .m = s_end - s_begin,
		                                        .ld = space->ld});
	if (net->front.n_categories > 0) {
		take_levels(net, space, s_begin, s_end);
		kernels->lookup(&(struct lookup_args){.E = space->E + at,
		                                      .tables = network_tables(net),
		                                      .levels = space->levels + s_begin,
		                                      .categories = net->front.categories,
		                                      .n_categories = net->front.n_categories,
		                                      .size = net->front.values,
		                                      .first_output = network_first_value(net),
		                                      .m = s_end - s_begin,
		                                      .ld = space->ld});
	}
	if (net->front.n_binned > 0)
		kernels->piecewise(&(struct piecewise_args){.E = space->E + at,
		                                            .params = network_piecewise(net),
		                                            .edges = net->front.edges,
		                                            .numbers = net->front.binned,
		                                            .first_edge = net->front.first_edge,
		                                            .end = net->front.n_binned,
		                                            .first_output = network_piecewise_row(net),
		                                            .m = s_end - s_begin,
		                                            .ld = space->ld});
	if (net->front.scaling)
		kernels->scale(&(struct scale_args){.A = space->A[0] + at,
		                                    .E = space->E + at,
		                                    .scale = network_scale(net),
		                                    .m = s_end - s_begin,
		                                    .ld = space->ld,
		                                    .p_end = panels_of(net->n[0])});
}

/* A[l] from A[l-1] by an activation, or -1: none. */
static void product(const struct network *net, const struct kernels *kernels, const struct block_space *space, size_t l,
                    const struct share *share, int activation)
{
	const size_t at = share->s_begin * PANEL;
	kernels->forward(&(struct forward_args){.A_out = space->A[l] + at,
	                                        .D_out = space->D[l] ? space->D[l] + at : NULL,
	                                        .W = network_W(net, l),
	                                        .b = network_b(net, l),
	                                        .A = space->A[l - 1] + at,
	                                        .Wt = network_has_Wt(net, l) ? network_Wt(net, l) : NULL,
	                                        .n_out = net->n[l],
	                                        .n_in = net->n[l - 1],
	                                        .m = share->s_end - share->s_begin,
	                                        .ld = space->ld,
	                                        .p_begin = share->p_begin,
	                                        .p_end = share->p_end,
	                                        .activation = activation});
}

void preactivation_layer(const struct network *net, const struct kernels *kernels, const struct block_space *space, size_t l,
                         const struct share *share)
{
	product(net, kernels, space, l, share, -1);
}

/* A[l] from Z[l] in its place. */
static void bend(const struct network *net, const struct kernels *kernels, const struct block_space *space, size_t l,
                 const struct share *share)
{
	const size_t at = share->s_begin * PANEL;
	kernels->parametric(&(struct parametric_args){.A = space->A[l] + at,
	                                              .D = space->D[l] ? space->D[l] + at : NULL,
	                                              .Q = space->Q[l] ? space->Q[l] + at : NULL,
	                                              .alpha = network_alpha(net, l),
	                                              .m = share->s_end - share->s_begin,
	                                              .ld = space->ld,
	                                              .p_begin = share->p_begin,
	                                              .p_end = share->p_end,
	                                              .activation = (int)net->activation});
}

void forward_layer(const struct network *net, const struct kernels *kernels, const struct block_space *space, size_t l,
                   const struct share *share, const struct dropout_key *dropout)
{
	const bool parametric = l < net->L && net->front.parametric;
	product(net, kernels, space, l, share, l < net->L && !parametric ? (int)net->activation : -1);
	if (parametric)
		bend(net, kernels, space, l, share);
	if (l < net->L && dropout && dropout->rate > 0)
		drop(net, kernels, space, l, share, dropout);
}

void forward_pass(const struct network *net, const struct kernels *kernels, const struct block_space *space, size_t m,
                  const struct dropout_key *dropout)
{
	forward_front(net, kernels, space, 0, m);
	for (size_t l = 1; l <= net->L; l++)
		forward_layer(net, kernels, space, l, &(struct share){0, panels_of(net->n[l]), 0, m}, dropout);
}
