/* SPDX-License-Identifier: MIT
 * The step of networks so small that calls and idle lanes would take most of their time: one kernel for all layers, one call of the
 * optimizer for all parameters that it treats alike.  The same bits as the step of all others. */
#ifndef TRAIN_NARROW_H
#define TRAIN_NARROW_H

#include "data/dataset.h"
#include "train/update.h"

#define NARROW_COLUMNS 64 /* of a mini-batch; with more of them the other step's vectors are worth more than its calls cost */

/* A stretch of the parameters whose chunks the optimizer treats alike. */
struct narrow_run {
	size_t offset, n;
	float rate;
	bool penalised;
};

struct narrow {
	struct narrow_layer layers[NETWORK_MAX_LAYERS]; /* pointers into the network, the updater's slot and memory */
	struct narrow_args args;
	struct narrow_run *runs;
	size_t n_runs;
	float *X, *y, *w;
	float *memory;
	size_t n_floats;
};

/* Whether the steps of such a run may be made so. */
bool narrow_fits(const struct network *net, const struct cln_config *config, const struct plan *plan);

/* The updater's first slot gets the gradients; both must outlive the narrow. */
enum cln_status narrow_create(struct narrow *narrow, const struct updater *updater, size_t columns,
                              struct cln_error *err) CLN_MUST_CHECK;
void narrow_free(struct narrow *narrow);

/* Fills the columns from rows[0..m) of the data. */
void narrow_gather(struct narrow *narrow, const struct dataset *data, const uint32_t *rows, size_t m, double label_smoothing);

/* Forward, loss and backward on m columns; returns the sum of the losses. */
double narrow_pass(struct narrow *narrow, const struct kernels *kernels, size_t m);

/* New weights from the gradients of that pass, and Wt from them. */
void narrow_update(struct narrow *narrow, struct updater *updater, const struct optimizer_args *constants);

#endif
