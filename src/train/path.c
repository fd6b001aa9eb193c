/* SPDX-License-Identifier: MIT */
#include "train/path.h"

#include <string.h>

#include "data/batch.h"

/* ---------------------------------------------------------------- groups and weights */

static void set_groups(struct path *path, const uint32_t *group_of_feature)
{
	const struct network *net = path->net;
	const struct front *front = &net->front;

	memcpy(path->group, group_of_feature, net->n_features * sizeof *path->group);
	for (size_t j = 0; j < front->n_numbers; j++)
		for (size_t i = 0; i < EMBEDDING_OUTPUTS; i++)
			path->group[net->n_features + j * EMBEDDING_OUTPUTS + i] = group_of_feature[front->numbers[j]];
	for (size_t c = 0; c < front->n_categories; c++)
		for (size_t i = 1; i < front->values; i++)
			path->group[lookup_row(front->categories, c, i, front->values, network_first_value(net))] =
			    group_of_feature[front->categories[c].feature];
	for (size_t j = 0; j < front->n_binned; j++)
		for (size_t i = 0; i < PIECEWISE_OUTPUTS; i++)
			path->group[network_piecewise_row(net) + j * PIECEWISE_OUTPUTS + i] = group_of_feature[front->binned[j]];
}

/* The backward product of layer 1 is one that training does without where there is no front. */
static enum cln_status transpose_first(struct path *path, struct cln_error *err)
{
	const struct network *net = path->net;
	const size_t n_out = panels_of(net->n[1]) * PANEL;

	path->own_Wt = mem_alloc(panels_of(net->n[0]) * PANEL, n_out * sizeof *path->own_Wt, err);
	if (!path->own_Wt)
		return CLN_E_MEMORY;
	for (size_t p = 0; p < panels_of(net->n[1]); p++)
		path->kernels->transpose_panel(path->own_Wt, network_W(net, 1), n_out, net->n[0], p, 0, net->n[0]);
	path->Wt = path->own_Wt;
	return CLN_OK;
}

enum cln_status path_create(struct path *path, const struct network *net, const struct kernels *kernels,
                            const uint32_t *group_of_feature, size_t n_groups, struct cln_error *err)
{
	*path = (struct path){.net = net, .kernels = kernels, .n_groups = n_groups};
	path->group = mem_alloc(net->n[0], sizeof *path->group, err);
	if (!path->group)
		return CLN_E_MEMORY;
	set_groups(path, group_of_feature);
	if (!network_has_Wt(net, 1))
		return transpose_first(path, err);
	path->Wt = network_Wt(net, 1);
	return CLN_OK;
}

void path_free(struct path *path)
{
	mem_free(path->own_Wt);
	mem_free(path->group);
	*path = (struct path){0};
}

enum cln_status path_space_create(struct path_space *space, const struct network *net, struct cln_error *err)
{
	const size_t inputs = panels_of(net->n[0]) * PANEL;
	enum cln_status status = block_space_create(&space->block, net, PATH_COLUMNS, true, false, err);

	space->dA = space->ends = space->unused = NULL;
	space->n_unused = net->front.parametric ? net->n_floats : 0;
	if (status == CLN_OK)
		space->dA = mem_alloc(inputs, space->block.ld * sizeof *space->dA, err);
	if (space->dA)
		space->ends = mem_alloc(inputs, space->block.ld * sizeof *space->ends, err);
	if (space->ends && space->n_unused)
		space->unused = mem_pages(space->n_unused, err);
	if (space->ends && (space->unused || !space->n_unused))
		return CLN_OK;
	path_space_free(space);
	return CLN_E_MEMORY;
}

void path_space_free(struct path_space *space)
{
	block_space_free(&space->block);
	mem_free(space->dA);
	mem_free(space->ends);
	if (space->unused)
		mem_pages_free(space->unused, space->n_unused);
	*space = (struct path_space){0};
}

/* ---------------------------------------------------------------- along the lines */

/* A[0] of the rows, and behind them of the baseline. */
static void find_ends(const struct path *path, struct path_space *space, const struct path_lines *lines)
{
	const struct network *net = path->net;
	struct block_space *block = &space->block;
	uint32_t order[PATH_COLUMNS];

	for (size_t i = 0; i < lines->n_rows; i++)
		order[i] = (uint32_t)i;
	batch_features(block->E, lines->X, net->n_features, order, lines->n_rows, block->ld);
	order[0] = 0;
	batch_features(block->E + lines->n_rows * PANEL, lines->baseline, net->n_features, order, 1, block->ld);
	forward_front(net, path->kernels, block, 0, lines->n_rows + 1);
	memcpy(space->ends, block->A[0], panels_of(net->n[0]) * PANEL * block->ld * sizeof *space->ends);
}

/* With the very ends at t = 0 and t = 1. */
static void find_points(const struct path *path, struct path_space *space, const struct path_lines *lines)
{
	const size_t ld = space->block.ld;

	for (size_t p = 0; p < panels_of(path->net->n[0]); p++) {
		const float *ends = space->ends + p * ld * PANEL, *from = ends + lines->n_rows * PANEL;
		float *A = space->block.A[0] + p * ld * PANEL;

		for (size_t i = 0; i < lines->n_rows; i++)
			for (size_t j = 0; j < lines->n_points; j++, A += PANEL) {
				const float t = (float)lines->t[j], rest = (float)(1 - lines->t[j]);

				for (size_t k = 0; k < PANEL; k++)
					A[k] = rest * from[k] + t * ends[i * PANEL + k];
			}
	}
}

/* dA[0] of the logits. */
static void go_back(const struct path *path, struct path_space *space, size_t m)
{
	const struct network *net = path->net;
	struct block_space *block = &space->block;

	memset(block->dZ[net->L], 0, m * PANEL * sizeof(float));
	for (size_t s = 0; s < m; s++)
		block->dZ[net->L][s * PANEL] = 1;
	for (size_t l = net->L; l > 1; l--) {
		backward_layer(net, path->kernels, block, l, &(struct share){0, panels_of(net->n[l - 1]), 0, m}, NULL);
		if (net->front.parametric)
			parametric_layer(space->unused, false, net, path->kernels, block, l - 1, 0, panels_of(net->n[l - 1]), m);
	}
	path->kernels->backward(&(struct backward_args){.dZ_in = space->dA,
	                                                .Wt = path->Wt,
	                                                .dZ = block->dZ[1],
	                                                .saved = block->A[0],
	                                                .n_out = net->n[1],
	                                                .n_in = net->n[0],
	                                                .m = m,
	                                                .ld = block->ld,
	                                                .p_end = panels_of(net->n[0]),
	                                                .derivative = DERIVATIVE_ONE,
	                                                .scale = 1});
}

static void sum_groups(double *slopes, const struct path *path, const struct path_space *space, const struct path_lines *lines)
{
	const size_t ld = space->block.ld;

	memset(slopes, 0, lines->n_rows * lines->n_points * path->n_groups * sizeof *slopes);
	for (size_t u = 0; u < path->net->n[0]; u++) {
		const float *dA = space->dA + u / PANEL * ld * PANEL + u % PANEL;
		const float *ends = space->ends + u / PANEL * ld * PANEL + u % PANEL;
		const double from = (double)ends[lines->n_rows * PANEL];
		double *of_group = slopes + path->group[u];

		for (size_t i = 0; i < lines->n_rows; i++)
			for (size_t j = 0; j < lines->n_points; j++, dA += PANEL, of_group += path->n_groups)
				*of_group += (double)*dA * ((double)ends[i * PANEL] - from);
	}
}

void path_follow(float *z, double *slopes, const struct path *path, struct path_space *space, const struct path_lines *lines)
{
	const struct network *net = path->net;
	struct block_space *block = &space->block;
	const size_t m = lines->n_rows * lines->n_points;

	find_ends(path, space, lines);
	find_points(path, space, lines);
	for (size_t l = 1; l <= net->L; l++)
		forward_layer(net, path->kernels, block, l, &(struct share){0, panels_of(net->n[l]), 0, m}, NULL);
	for (size_t s = 0; s < m; s++)
		z[s] = block->A[net->L][s * PANEL];
	go_back(path, space, m);
	sum_groups(slopes, path, space, lines);
}
