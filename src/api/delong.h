/* SPDX-License-Identifier: MIT
 * How far the AUC of a sample may be from that of all rows there are, after DeLong, DeLong & Clarke-Pearson, "Comparing the areas
 * under two or more correlated receiver operating characteristic curves", Biometrics 44, 1988; by ranks as in Sun & Xu, "Fast
 * implementation of DeLong's algorithm", IEEE Signal Processing Letters 21, 2014: one pass over sorted rows. */
#ifndef API_DELONG_H
#define API_DELONG_H

#include "api/scored_rows.h"

/* What each row adds to the AUC beyond its share, by the row's number:
 *   a positive row  w_i (V_i - AUC) / P,  V_i the share of the negatives, by weight, with a lesser score, ties half;
 *   a negative row  w_j (V_j - AUC) / N,  V_j the share of the positives with a greater score.
 * P and N, the weights of the classes, are above 0.  Returns the AUC. */
double delong_influence(double *influence, const struct scored_rows *scored);

/* The standard error of the AUC whose influences are `first` or, with `second`, of the difference of two:
 *   the root of  m/(m-1) sum of their squares over the m positives + the same over the negatives.
 * Rows of weight 0 do not count.  With weights 1 it is DeLong's; with others that of a weighted mean whose rows are drawn
 * independently of each other.  NaN where a class has fewer than two rows. */
double delong_error(const double *first, const double *second, const struct cln_labels *labels);

#endif
