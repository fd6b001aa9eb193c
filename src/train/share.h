/* SPDX-License-Identifier: MIT
 * Networks from rank 0 to the others: all ranks call these together. */
#ifndef TRAIN_SHARE_H
#define TRAIN_SHARE_H

#include "comm/comm.h"
#include "nn/network.h"

/* Rank 0's bytes, which it lends, to all. */
void share_bytes(struct comm *comm, const void *data, size_t bytes);

/* *net: on rank 0 the network; the others get one of the same shape, with the same front, to be destroyed.  All ranks return the
 * same status; after an error the others have none. */
enum cln_status share_shape(struct network **net, struct comm *comm, struct cln_error *err) CLN_MUST_CHECK;

/* Rank 0's parameters. */
void share_parameters(struct network *net, struct comm *comm);

/* The kernels of that name, which rank 0 uses; on another kind of CPU the best it has, whose bits are the same. */
enum cln_status share_kernels(const struct kernels **kernels, const char *name, struct cln_error *err) CLN_MUST_CHECK;

#endif
