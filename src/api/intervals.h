/* SPDX-License-Identifier: MIT
 * 95 % intervals, and p-values, from replicates of the bootstrap or from a standard error. */
#ifndef API_INTERVALS_H
#define API_INTERVALS_H

#include <stddef.h>

struct interval {
	double low, high;
};

/* From the 2.5th to the 97.5th percentile: at places (n + 1) / 40 and 39 (n + 1) / 40 of the n ascending values, counted from 1,
 * and linear between two; the least and the greatest where n is below 39.  Values that are NaN are left out (values is sorted);
 * where more than a tenth are, or n is 0, the interval is NaN. */
struct interval interval_of_replicates(double *values, size_t n);

/* value -+ 1.96 errors. */
struct interval interval_of_error(double value, double error);

/* Two-sided, of a difference of 0.  Of n replicates of the difference, as sorted above:
 * 2 min(1 + how many <= 0, 1 + how many >= 0) / (n + 1), at most 1 (Davison & Hinkley, Bootstrap Methods, 1997, section 4.2). */
double p_value_of_replicates(const double *values, size_t n);
/* 2 Phi(-|value| / error); 1 where both are 0. */
double p_value_of_error(double value, double error);

#endif
