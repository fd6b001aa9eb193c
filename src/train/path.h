/* SPDX-License-Identifier: MIT
 * The logit and its gradient along straight lines in the inputs of the first layer, from a baseline to a row:
 *   A[0](t) = (1 - t) A[0](baseline) + t A[0](row),  dz/dt = dA[0]^T (A[0](row) - A[0](baseline))
 * with dA[0] = W[1]^T dZ[1] and dZ[L] = 1.  Along them all is smooth, or smooth in pieces, also where a feature is embedded or the
 * number of a level. */
#ifndef TRAIN_PATH_H
#define TRAIN_PATH_H

#include "nn/passes.h"

#define PATH_COLUMNS 256 /* points of all lines that are worked at a time */

/* A network whose inputs are put in groups; lent to any number of threads. */
struct path {
	const struct network *net;
	const struct kernels *kernels;
	const float *Wt;     /* of layer 1 */
	float *own_Wt;       /* where the network has none */
	uint32_t *group;     /* of each input of layer 1 */
	size_t n_groups;
};

/* group_of_feature: n_features numbers below n_groups; whatever is made of a feature has its group. */
enum cln_status path_create(struct path *path, const struct network *net, const struct kernels *kernels,
                            const uint32_t *group_of_feature, size_t n_groups, struct cln_error *err) CLN_MUST_CHECK;
void path_free(struct path *path);

/* One thread's memory, for any path whose network has this shape. */
struct path_space {
	struct block_space block;
	float *dA;     /* of layer 0 */
	float *ends;   /* A[0] of rows and baseline */
	float *unused; /* gradients of parameters, which come along */
	size_t n_unused;
};
enum cln_status path_space_create(struct path_space *space, const struct network *net, struct cln_error *err) CLN_MUST_CHECK;
void path_space_free(struct path_space *space);

/* The lines of n_rows rows of X (n_features each, row-major) from one baseline, and the n_points places t on each; at most
 * PATH_COLUMNS points in all, and PATH_COLUMNS - 1 rows. */
struct path_lines {
	const float *X, *baseline;
	size_t n_rows;
	const double *t;
	size_t n_points;
};

/* z: a logit a point, with the bits that predict gives at t = 0 and t = 1; slopes: n_groups a point, the parts of dz/dt that belong
 * to the groups, summed in double.  Point j of row i is number i * n_points + j. */
void path_follow(float *z, double *slopes, const struct path *path, struct path_space *space, const struct path_lines *lines);

#endif
