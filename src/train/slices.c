/* SPDX-License-Identifier: MIT */
#include "train/slices.h"

#include <stdlib.h>

#include "base/parallel.h"

/* ---------------------------------------------------------------- who owns what */

/* A chunk and where it lies, for sorting. */
struct located {
	size_t offset;
	uint32_t chunk;
};

static int compare_offsets(const void *a, const void *b)
{
	const struct located *x = a, *y = b;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

static enum cln_status sort_chunks(struct slices *slices, struct cln_error *err)
{
	const struct updater *updater = slices->updater;
	const size_t n = updater->n_chunks;
	struct located *located = mem_alloc(n, sizeof *located, err);
	slices->sorted = mem_alloc(n, sizeof *slices->sorted, err);
	if (!located || !slices->sorted) {
		mem_free(located);
		return CLN_E_MEMORY;
	}
	for (size_t i = 0; i < n; i++)
		located[i] = (struct located){updater->chunks[i].offset, (uint32_t)i};
	qsort(located, n, sizeof *located, compare_offsets);
	for (size_t i = 0; i < n; i++)
		slices->sorted[i] = located[i].chunk;
	mem_free(located);
	return CLN_OK;
}

static const struct chunk *chunk_at(const struct slices *slices, size_t i)
{
	return &slices->updater->chunks[slices->sorted[i]];
}

/* The first parameter behind the chunks sorted[0 .. i-1]. */
static size_t offset_at(const struct slices *slices, size_t i)
{
	const struct updater *updater = slices->updater;
	return i < updater->n_chunks ? chunk_at(slices, i)->offset : updater->net->n_floats;
}

static enum cln_status cut_slices(struct slices *slices, int threads, struct cln_error *err)
{
	const struct updater *updater = slices->updater;
	const size_t ranks = (size_t)slices->comm->ranks, rank = (size_t)slices->comm->rank;
	slices->first = mem_alloc(3 * (ranks + 1), sizeof *slices->first, err);
	slices->shares = mem_alloc((size_t)threads + 1, sizeof *slices->shares, err);
	slices->norms = mem_alloc(updater->n_chunks, sizeof *slices->norms, err);
	if (!slices->first || !slices->shares || !slices->norms)
		return CLN_E_MEMORY;
	slices->begin = slices->first + ranks + 1;
	slices->norms_begin = slices->begin + ranks + 1;
	updater_cut(slices->first, updater, slices->sorted, 0, updater->n_chunks, updater->net->n_floats, ranks);
	for (size_t r = 0; r <= ranks; r++) {
		slices->begin[r] = offset_at(slices, slices->first[r]) * sizeof(float);
		slices->norms_begin[r] = slices->first[r] * sizeof *slices->norms;
	}
	updater_cut(slices->shares, updater, slices->sorted, slices->first[rank], slices->first[rank + 1],
	            (slices->begin[rank + 1] - slices->begin[rank]) / sizeof(float), (size_t)threads);
	return CLN_OK;
}

/* ---------------------------------------------------------------- routes */

/* How many slots of other ranks' a reduction has. */
static size_t held_elsewhere(const struct reduction *reduction, const struct comm *comm)
{
	const size_t *first = reduction->first_held;
	return first[comm->ranks] - (first[comm->rank + 1] - first[comm->rank]);
}

static size_t slice_bytes(const struct slices *slices, int rank)
{
	return slices->begin[rank + 1] - slices->begin[rank];
}

/* Where slot number `number` lies here, once everything is received; slots of others are numbered through in held's order. */
static struct place place_of(const struct slices *slices, const struct reduction *reduction, uint32_t number)
{
	const int rank = slices->comm->rank;
	const size_t *first = reduction->first_held, floats = slice_bytes(slices, rank) / sizeof(float);
	size_t i = 0;
	while (reduction->held[i] != number)
		i++;
	if (i >= first[rank] && i < first[rank + 1])
		return (struct place){updater_slot(slices->updater, reduction, number), 0};
	const size_t received = i < first[rank] ? i : i - (first[rank + 1] - first[rank]);
	return (struct place){slices->received + received * floats, slices->begin[rank] / sizeof(float)};
}

/* To every owner its slice of what this rank holds, and from every rank this one's of what that one holds. */
static void list_pieces(struct route *route, const struct slices *slices, const struct reduction *reduction)
{
	const int rank = slices->comm->rank;
	for (int other = 0; other < slices->comm->ranks; other++) {
		if (other == rank)
			continue;
		for (size_t i = reduction->first_held[rank]; i < reduction->first_held[rank + 1]; i++) {
			float *slot = updater_slot(slices->updater, reduction, reduction->held[i]);
			route->sends[route->n_sends++] = (struct comm_piece){
			    other, slot + slices->begin[other] / sizeof *slot, slice_bytes(slices, other)};
		}
		for (size_t i = reduction->first_held[other]; i < reduction->first_held[other + 1]; i++) {
			float *at = place_of(slices, reduction, reduction->held[i]).at;
			route->receives[route->n_receives++] = (struct comm_piece){other, at, slice_bytes(slices, rank)};
		}
	}
}

static enum cln_status create_route(struct route *route, const struct slices *slices, const struct reduction *reduction,
                                    struct cln_error *err)
{
	const size_t ranks = (size_t)slices->comm->ranks, n = reduction->first_held[ranks];
	route->sends = mem_alloc(n * ranks, sizeof *route->sends, err);
	route->receives = mem_alloc(n, sizeof *route->receives, err);
	route->sums = mem_alloc(reduction->n_cross, sizeof *route->sums, err);
	if (!route->sends || !route->receives || !route->sums)
		return CLN_E_MEMORY;
	list_pieces(route, slices, reduction);
	for (; route->n_sums < reduction->n_cross; route->n_sums++) {
		const struct reduction_sum *sum = &reduction->cross[route->n_sums];
		route->sums[route->n_sums].into = place_of(slices, reduction, sum->into);
		route->sums[route->n_sums].from = place_of(slices, reduction, sum->from);
	}
	route->root = place_of(slices, reduction, reduction->root);
	return CLN_OK;
}

enum cln_status slices_create(struct slices *slices, struct updater *updater, struct comm *comm, int threads,
                              const struct reduction *full, const struct reduction *last, struct cln_error *err)
{
	*slices = (struct slices){.comm = comm, .updater = updater};
	if (updater->net->n_floats > INT32_MAX)
		return error_set(err, CLN_E_USAGE, "a network of more than 2^31 parameters cannot be trained by several ranks");
	enum cln_status status = sort_chunks(slices, err);
	if (status == CLN_OK)
		status = cut_slices(slices, threads, err);
	if (status == CLN_OK) {
		const size_t of_full = held_elsewhere(full, comm), of_last = held_elsewhere(last, comm);
		slices->received = mem_alloc(of_full > of_last ? of_full : of_last, slice_bytes(slices, comm->rank), err);
		status = slices->received ? CLN_OK : CLN_E_MEMORY;
	}
	if (status == CLN_OK)
		status = create_route(&slices->full, slices, full, err);
	if (status == CLN_OK)
		status = create_route(&slices->last, slices, last, err);
	return status;
}

static void route_free(struct route *route)
{
	mem_free(route->sends);
	mem_free(route->receives);
	mem_free(route->sums);
}

void slices_free(struct slices *slices)
{
	route_free(&slices->full);
	route_free(&slices->last);
	mem_free(slices->received);
	mem_free(slices->norms);
	mem_free(slices->shares);
	mem_free(slices->first);
	mem_free(slices->sorted);
	*slices = (struct slices){0};
}

/* ---------------------------------------------------------------- in a step */

void slices_add_own(struct slices *slices, const struct reduction *reduction, size_t begin, size_t end)
{
	const struct updater *updater = slices->updater;
	for (size_t i = begin; i < end && reduction->n_sums > 0; i++) {
		const struct chunk *chunk = &updater->chunks[i];
		for (size_t j = 0; j < reduction->n_sums; j++) {
			float *into = updater_slot(updater, reduction, reduction->sums[j].into) + chunk->offset;
			updater->kernels->add(into, into, updater_slot(updater, reduction, reduction->sums[j].from) + chunk->offset,
			                      chunk->n);
		}
	}
}

void slices_exchange(struct slices *slices, const struct route *route)
{
	comm_exchange(slices->comm, route->sends, route->n_sends, route->receives, route->n_receives);
}

static float *chunk_in(const struct place *place, const struct chunk *chunk)
{
	return place->at + (chunk->offset - place->first);
}

static const float *reduce_chunk(const struct slices *slices, const struct route *route, const struct chunk *chunk)
{
	for (size_t j = 0; j < route->n_sums; j++) {
		float *into = chunk_in(&route->sums[j].into, chunk);
		slices->updater->kernels->add(into, into, chunk_in(&route->sums[j].from, chunk), chunk->n);
	}
	return chunk_in(&route->root, chunk);
}

void slices_reduce(struct slices *slices, const struct route *route, int tid)
{
	for (size_t i = slices->shares[tid]; i < slices->shares[tid + 1]; i++) {
		const struct chunk *chunk = chunk_at(slices, i);
		slices->norms[i] = updater_squares(slices->updater, reduce_chunk(slices, route, chunk), chunk->n);
	}
}

/* Into the order in which they are added up. */
void slices_gather_norms(struct slices *slices)
{
	struct updater *updater = slices->updater;
	comm_gather_all(slices->comm, slices->norms, slices->norms_begin);
	for (size_t i = 0; i < updater->n_chunks; i++)
		updater->chunk_norms[slices->sorted[i]] = slices->norms[i];
}

void slices_step(struct slices *slices, const struct route *route, const struct optimizer_args *constants, int tid)
{
	for (size_t i = slices->shares[tid]; i < slices->shares[tid + 1]; i++)
		updater_step_chunk(slices->updater, chunk_at(slices, i), chunk_in(&route->root, chunk_at(slices, i)), constants);
}

void slices_reduce_and_step(struct slices *slices, const struct route *route, const struct optimizer_args *constants, int tid)
{
	for (size_t i = slices->shares[tid]; i < slices->shares[tid + 1]; i++) {
		const struct chunk *chunk = chunk_at(slices, i);
		updater_step_chunk(slices->updater, chunk, reduce_chunk(slices, route, chunk), constants);
	}
}

void slices_gather(struct slices *slices, float *values)
{
	comm_gather_all(slices->comm, values, slices->begin);
}

void slices_transpose(const struct slices *slices, int tid, int threads)
{
	const size_t n = slices->updater->n_chunks, own = slices->first[slices->comm->rank],
		     behind = slices->first[slices->comm->rank + 1];
	size_t begin, end;
	split_range(&begin, &end, n - (behind - own), (size_t)tid, (size_t)threads);
	for (size_t i = begin; i < end; i++)
		updater_transpose(slices->updater, chunk_at(slices, i < own ? i : i + (behind - own)));
}
