/* SPDX-License-Identifier: MIT
 * Log loss, AUC and accuracy of logits, in double, in a fixed order. */
#ifndef TRAIN_METRICS_H
#define TRAIN_METRICS_H

#include "base/mem.h"

/* logits, y (0/1), w (or NULL): n.  threshold: of the probability.  AUC by ranks with ties halved, weighted.
 * Fails only for want of memory (it sorts a copy). */
enum cln_status metrics_compute(struct cln_metrics *metrics, const float *logits, const float *y, const float *w, size_t n,
                                double threshold, struct cln_error *err) CLN_MUST_CHECK;

/* Whether `a` is better than `b` by a metric (a NaN is never better). */
bool metrics_better(const struct cln_metrics *a, const struct cln_metrics *b, enum cln_metric metric);

#endif
