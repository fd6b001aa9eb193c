/* SPDX-License-Identifier: MIT
 * The state of an optimizer (moments, steps done) and its update of one stretch of the parameters. */
#ifndef TRAIN_OPTIMIZER_H
#define TRAIN_OPTIMIZER_H

#include "base/mem.h"
#include "kernels/kernels.h"

struct optimizer {
	float *first, *second; /* moments, the layout of network.params; NULL where the kind has none */
	float *memory;         /* of both */
	size_t n_memory;
};
bool optimizer_has_first(enum cln_optimizer kind);
bool optimizer_has_second(enum cln_optimizer kind);
enum cln_status optimizer_create(struct optimizer *optimizer, enum cln_optimizer kind, size_t n_floats,
                                 struct cln_error *err) CLN_MUST_CHECK;
void optimizer_free(struct optimizer *optimizer);

/* The constants of step `step` (1-based): rate, bias corrections, decay; w, first, second, g, n and scale are the caller's. */
struct optimizer_args optimizer_constants(const struct cln_config *config, double rate, uint64_t step);

#endif
