/* SPDX-License-Identifier: MIT
 * Writes a table for measuring readers: gen_csv FILE [ROWS [FEATURES]] makes 1,000,000 rows of 28 features by default.  FILE may be
 * - for standard output, as in: gen_csv - 11000000 | colonnade convert - higgs.cache
 * Column f0 is a 0/1 label, f1 ... are standard normal draws with six decimals; y = 1 where f1 + f2 f3 / 2 > 0. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* splitmix64 (Steele, Lea, Flood, OOPSLA 2014), to [0, 1). */
static double uniform(uint64_t *state)
{
	uint64_t z = *state += 0x9E3779B97F4A7C15u;
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* Marsaglia's polar method. */
static double normal(uint64_t *state)
{
	double u, v, s;
	do {
		u = 2 * uniform(state) - 1;
		v = 2 * uniform(state) - 1;
		s = u * u + v * v;
	} while (s >= 1 || s == 0);
	return u * sqrt(-2 * log(s) / s);
}

/* A comma and x with six decimals, many times faster than fprintf; |x| < 1000. */
static void write_number(FILE *file, double x)
{
	char text[16], *at = text + sizeof text;
	long long millionths = llrint(fabs(x) * 1e6);
	for (int i = 0; i < 6 || millionths > 0 || at[0] == '.'; i++) {
		*--at = (char)('0' + millionths % 10);
		millionths /= 10;
		if (i == 5)
			*--at = '.';
	}
	if (x < 0)
		*--at = '-';
	*--at = ',';
	fwrite(at, 1, (size_t)(text + sizeof text - at), file);
}

static void write_row(FILE *file, double *x, long n, uint64_t *state)
{
	for (long i = 0; i < n; i++)
		x[i] = normal(state);
	double score = n > 2 ? x[0] + 0.5 * x[1] * x[2] : x[0];
	fputc(score > 0 ? '1' : '0', file);
	for (long i = 0; i < n; i++)
		write_number(file, x[i]);
	fputc('\n', file);
}

int main(int argc, char **argv)
{
	long rows = argc > 2 ? strtol(argv[2], NULL, 10) : 1000000, n = argc > 3 ? strtol(argv[3], NULL, 10) : 28;
	FILE *file = argc < 2 || rows < 1 || n < 1 ? NULL : strcmp(argv[1], "-") == 0 ? stdout : fopen(argv[1], "w");
	double *x = file ? calloc((size_t)n, sizeof *x) : NULL;
	uint64_t state = 1;
	if (!x) {
		fprintf(stderr, "usage: gen_csv FILE [ROWS [FEATURES]]\n");
		return 2;
	}
	for (long i = 0; i <= n; i++)
		fprintf(file, "%sf%ld", i ? "," : "", i);
	fputc('\n', file);
	for (long row = 0; row < rows; row++)
		write_row(file, x, n, &state);
	free(x);
	return fclose(file) == 0 ? 0 : 1;
}
