/* SPDX-License-Identifier: MIT */
#include "api/intervals.h"

#include "base/dmath.h"

#include <math.h>
#include <stdlib.h>

#define Z_95 1.959963984540054 /* Phi^-1(0.975) */

/* NaN behind all numbers. */
static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	if (isnan(x) || isnan(y))
		return (isnan(x) != 0) - (isnan(y) != 0);
	return (x > y) - (x < y);
}

static double value_at(const double *values, size_t n, double place)
{
	if (place < 1)
		return values[0];
	if (place >= (double)n)
		return values[n - 1];
	const size_t i = (size_t)place;
	return values[i - 1] + (place - (double)i) * (values[i] - values[i - 1]);
}

static size_t count_numbers(const double *values, size_t n)
{
	while (n > 0 && isnan(values[n - 1]))
		n--;
	return n;
}

struct interval interval_of_replicates(double *values, size_t n)
{
	if (n > 0) /* else there may be no array */
		qsort(values, n, sizeof *values, ascending);
	const size_t numbers = count_numbers(values, n);
	const double places = (double)numbers + 1;

	if (numbers == 0 || n - numbers > n / 10)
		return (struct interval){NAN, NAN};
	return (struct interval){value_at(values, numbers, 0.025 * places), value_at(values, numbers, 0.975 * places)};
}

struct interval interval_of_error(double value, double error)
{
	return (struct interval){value - Z_95 * error, value + Z_95 * error};
}

double p_value_of_replicates(const double *values, size_t n)
{
	const size_t numbers = count_numbers(values, n);
	size_t at_most = 1, at_least = 1;

	if (numbers == 0 || n - numbers > n / 10)
		return NAN;
	for (size_t i = 0; i < numbers; i++) {
		at_most += values[i] <= 0;
		at_least += values[i] >= 0;
	}
	return fmin(1, 2 * (double)(at_most < at_least ? at_most : at_least) / ((double)numbers + 1));
}

double p_value_of_error(double value, double error)
{
	if (value == 0 && error == 0)
		return 1;
	return error > 0 ? dmath_erfc(fabs(value) / error / sqrt(2)) : NAN;
}
