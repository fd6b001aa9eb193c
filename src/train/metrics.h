/* SPDX-License-Identifier: MIT
 * Log loss, AUC and accuracy of logits, in double, in a fixed order. */
#ifndef TRAIN_METRICS_H
#define TRAIN_METRICS_H

#include "base/mem.h"

/* logits, y (0/1), w (or NULL): n < 2^32.  threshold: a row is called positive where (float)sigmoid(logit), the probability that
 * predict prints, is >= threshold.  AUC by ranks with ties halved, weighted; NaN where a class is absent or a logit is NaN.
 * n = 0: all NaN.  Fails only for want of memory (16 bytes a row, to sort an index). */
enum cln_status metrics_compute(struct cln_metrics *metrics, const float *logits, const float *y, const float *w, size_t n,
                                double threshold, struct cln_error *err) CLN_MUST_CHECK;

/* The same of rows whose probabilities are known, beside their logits, by which loss and AUC go.  NULL: they follow from those. */
struct scored {
	const float *logits, *probabilities;
};
enum cln_status metrics_of_scores(struct cln_metrics *metrics, const struct scored *scored, const float *y, const float *w,
                                  size_t n, double threshold, struct cln_error *err) CLN_MUST_CHECK;

/* The rows 0 .. n-1 in ascending order of their scores, none of them NaN, equal ones in row order: an item's low half is the row,
 * its high half order_key of the score.  items: room for 2n; what is returned points into it. */
uint64_t *metrics_order(uint64_t *items, const float *scores, size_t n);

/* Whether `a` is better than `b` by a metric.  A NaN is never better; anything is better than a NaN. */
bool metrics_better(const struct cln_metrics *a, const struct cln_metrics *b, enum cln_metric metric);

#endif
