/* SPDX-License-Identifier: MIT
 * Temperature: one number that makes probabilities neither too sure nor too cautious (Guo et al., "On calibration of modern neural
 * networks", ICML 2017).  It keeps the order of the rows and the side of 1/2 on which they lie. */
#ifndef API_CALIBRATE_H
#define API_CALIBRATE_H

#include "model/model.h"

/* The T in [1/20, 20] with the least sum_i w_i softplus(-s_i z_i / T), s_i = 1 where y_i is 1, else -1: the log loss of the
 * probabilities sigmoid(z_i / T).  w = NULL: all 1.  n = 0, or no z_i but 0: 1.
 * Newton's method in log T between bounds that close in; sums over fixed blocks of rows: the same bits for any threads. */
enum cln_status calibrate_temperature(double *T, const float *z, const float *y, const float *w, size_t n, int threads,
				      struct cln_error *err) CLN_MUST_CHECK;

/* z <- z / T and p <- sigmoid(z / T), both in double and rounded once to float. */
void calibrate_row(float *p, float *z, double T);

#endif
