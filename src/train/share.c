/* SPDX-License-Identifier: MIT */
#include "train/share.h"

#include <string.h>

#include "kernels/dispatch.h"

/* All sizes. */
struct shape {
	size_t L, n[NETWORK_MAX_LAYERS + 1]; /* n[0]: features */
	enum cln_activation activation;
	struct front front;                  /* without its arrays */
	size_t n_edges;
};

void share_bytes(struct comm *comm, const void *data, size_t bytes)
{
	comm_broadcast(comm, (void *)(uintptr_t)data, bytes); /* rank 0 only reads them; what others have is their own */
}

static struct shape shape_of(const struct network *net)
{
	struct shape shape = {
	    .L = net->L, .activation = net->activation, .front = net->front, .n_edges = front_edges(&net->front)};
	memcpy(shape.n, net->n, sizeof shape.n);
	shape.n[0] = net->n_features;
	return shape;
}

static enum cln_status make_front(struct front *front, size_t n_edges, struct cln_error *err)
{
	front->numbers = mem_alloc(front->n_numbers, sizeof *front->numbers, err);
	front->categories = mem_alloc(front->n_categories, sizeof *front->categories, err);
	front->binned = mem_alloc(front->n_binned, sizeof *front->binned, err);
	front->first_edge = mem_alloc(front->n_binned + 1, sizeof *front->first_edge, err);
	front->edges = mem_alloc(n_edges, sizeof *front->edges, err);
	return front->numbers && front->categories && front->binned && front->first_edge && front->edges ? CLN_OK : CLN_E_MEMORY;
}

static void share_front(struct comm *comm, const struct front *front, size_t n_edges)
{
	share_bytes(comm, front->numbers, front->n_numbers * sizeof *front->numbers);
	share_bytes(comm, front->categories, front->n_categories * sizeof *front->categories);
	if (front->n_binned == 0)
		return;
	share_bytes(comm, front->binned, front->n_binned * sizeof *front->binned);
	share_bytes(comm, front->first_edge, (front->n_binned + 1) * sizeof *front->first_edge);
	share_bytes(comm, front->edges, n_edges * sizeof *front->edges);
}

static enum cln_status send_shape(const struct network *net, struct comm *comm, struct cln_error *err)
{
	struct shape shape = shape_of(net);
	comm_broadcast(comm, &shape, sizeof shape);
	enum cln_status status = comm_agree(comm, CLN_OK, err);
	if (status != CLN_OK)
		return status;
	share_front(comm, &net->front, shape.n_edges);
	return comm_agree(comm, CLN_OK, err);
}

static enum cln_status receive_shape(struct network **net, struct comm *comm, struct cln_error *err)
{
	struct shape shape;
	*net = NULL;
	comm_broadcast(comm, &shape, sizeof shape);
	struct front front = shape.front;
	enum cln_status status = comm_agree(comm, make_front(&front, shape.n_edges, err), err);
	if (status == CLN_OK) {
		share_front(comm, &front, shape.n_edges);
		status = network_create(net, shape.n, shape.L, shape.activation, &front, err);
		status = comm_agree(comm, status, err);
	}
	front_free(&front);
	if (status != CLN_OK) {
		network_destroy(*net);
		*net = NULL;
	}
	return status;
}

enum cln_status share_shape(struct network **net, struct comm *comm, struct cln_error *err)
{
	return comm->rank == 0 ? send_shape(*net, comm, err) : receive_shape(net, comm, err);
}

void share_parameters(struct network *net, struct comm *comm)
{
	share_bytes(comm, net->params, net->n_floats * sizeof *net->params);
	if (comm->rank > 0)
		network_sync(net);
}

void share_config(struct cln_config *config)
{
	config->recipe = config->label = config->positive = config->weight = config->isa = NULL;
	config->fold_of_row = NULL;
}

enum cln_status share_kernels(const struct kernels **kernels, const char *name, struct cln_error *err)
{
	const enum cln_status status = kernels_select(kernels, name, err);
	return status == CLN_OK ? status : kernels_select(kernels, NULL, err);
}

void share_memory_free(struct share_memory *memory)
{
	dataset_free(&memory->train);
	dataset_free(&memory->valid);
}

enum cln_status share_room(struct dataset *kept, const struct share_rows *rows, struct cln_error *err)
{
	if (rows->id > 0 && kept->id == rows->id && kept->n_rows == rows->n_rows && kept->n_features == rows->n_features)
		return CLN_OK;
	dataset_free(kept);
	const enum cln_status status = dataset_create(kept, rows->n_rows, rows->n_features, true, err);
	kept->id = 0; /* rank 0's numbers are meant, and its features are not there yet */
	return status;
}

/* All ranks alike: whether X is to be sent, as one of them has not kept it. */
static bool wants_features(struct comm *comm, bool kept)
{
	size_t begin[COMM_MAX_RANKS + 1];
	int32_t answers[COMM_MAX_RANKS];
	bool wanted = false;
	for (int r = 0; r <= comm->ranks; r++)
		begin[r] = (size_t)r * sizeof *answers;
	answers[comm->rank] = kept;
	comm_gather_all(comm, answers, begin);
	for (int r = 0; r < comm->ranks; r++)
		wanted |= !answers[r];
	return wanted;
}

void share_features(struct dataset *dataset, struct comm *comm, const struct share_rows *rows)
{
	if (wants_features(comm, comm->rank == 0 || (rows->id > 0 && dataset->id == rows->id)))
		comm_broadcast(comm, dataset->X, rows->n_rows * rows->n_features * sizeof *dataset->X);
	dataset->id = rows->id;
}
