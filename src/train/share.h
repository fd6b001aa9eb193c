/* SPDX-License-Identifier: MIT
 * Networks and features from rank 0 to the others: all ranks call these together. */
#ifndef TRAIN_SHARE_H
#define TRAIN_SHARE_H

#include "comm/comm.h"
#include "data/dataset.h"
#include "nn/network.h"

/* Rank 0's bytes, which it lends, to all. */
void share_bytes(struct comm *comm, const void *data, size_t bytes);

/* *net: on rank 0 the network; the others get one of the same shape, with the same front, to be destroyed.  All ranks return the
 * same status; after an error the others have none. */
enum cln_status share_shape(struct network **net, struct comm *comm, struct cln_error *err) CLN_MUST_CHECK;

/* Rank 0's parameters. */
void share_parameters(struct network *net, struct comm *comm);

/* Features as the others are told of them. */
struct share_rows {
	size_t n_rows, n_features;
	uint64_t id; /* dataset.id of rank 0; 0: unknown */
};

/* Features that were sent once are kept for the next time, which often has the same; all zeros at first. */
struct share_memory {
	struct dataset train, valid;
};
void share_memory_free(struct share_memory *memory);

/* On the others: room for the features; those that are kept may be the same ones. */
enum cln_status share_room(struct dataset *kept, const struct share_rows *rows, struct cln_error *err) CLN_MUST_CHECK;

/* dataset: on rank 0 what has them, on the others what is kept, with room for them. */
void share_features(struct dataset *dataset, struct comm *comm, const struct share_rows *rows);

/* A config without what belongs to this process alone: its pointers. */
void share_config(struct cln_config *config);

/* The kernels of that name, which rank 0 uses; on another kind of CPU the best it has, whose bits are the same. */
enum cln_status share_kernels(const struct kernels **kernels, const char *name, struct cln_error *err) CLN_MUST_CHECK;

#endif
