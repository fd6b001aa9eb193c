/* SPDX-License-Identifier: MIT
 * With b = 1/T = e^-t the loss J(b) = sum_i w_i softplus(-s_i b z_i) is convex:
 *   A = dJ/db = sum_i w_i (sigmoid(b z_i) - y_i) z_i,   B = d2J/db2 = sum_i w_i sigmoid(b z_i) sigmoid(-b z_i) z_i^2 >= 0,
 * and with db/dt = -b
 *   dJ/dt = -b A,   d2J/dt2 = b A + b^2 B,   Newton's step -(dJ/dt) / (d2J/dt2) = A / (A + b B).
 * So J rises with t where A < 0, and the sign of A tells on which side of t the least J lies, also where J is not convex in t. */
#include "api/calibrate.h"

#include <math.h>

#include "base/dmath.h"
#include "base/parallel.h"

#define LOG_MOST 2.995732273553991 /* of MODEL_MOST_TEMPERATURE */
#define STEPS 64                   /* of which two at most leave half of the step or of the interval; 5 to 8 are usual */
#define BLOCK 4096                 /* rows of a partial sum */

struct slope {
	double A, B;
};

/* A pass over the rows. */
struct pass {
	const float *z, *y, *w;
	size_t n, n_blocks;
	double b;
	struct slope *blocks;
};

/* sigmoid(b z) - y = -s sigmoid(-s b z), without cancellation. */
static void sum_block(void *argument, size_t block, int tid)
{
	struct pass *pass = argument;
	const size_t begin = block * BLOCK, end = pass->n - begin < BLOCK ? pass->n : begin + BLOCK;
	struct slope sum = {0, 0};

	(void)tid;
	for (size_t i = begin; i < end; i++) {
		const double z = (double)pass->z[i], s = pass->y[i] > 0.5f ? 1 : -1, w = pass->w ? (double)pass->w[i] : 1;
		const double wrong = dmath_sigmoid(-s * pass->b * z);

		sum.A -= w * s * wrong * z;
		sum.B += w * wrong * dmath_sigmoid(s * pass->b * z) * z * z;
	}
	pass->blocks[block] = sum;
}

static struct slope slope_at(struct pass *pass, double t, int threads)
{
	struct slope sum = {0, 0};

	pass->b = dmath_exp(-t);
	parallel_for(pass->n_blocks > 1 ? threads : 1, pass->n_blocks, sum_block, pass);
	for (size_t i = 0; i < pass->n_blocks; i++) {
		sum.A += pass->blocks[i].A;
		sum.B += pass->blocks[i].B;
	}
	return sum;
}

/* log T, within the bounds. */
static double minimise(struct pass *pass, int threads)
{
	double low = -LOG_MOST, high = LOG_MOST, t = 0, step = INFINITY;

	for (int i = 0; i < STEPS; i++) {
		const struct slope slope = slope_at(pass, t, threads);
		const double curvature = slope.A + pass->b * slope.B;
		double next = t + slope.A / curvature;

		if (slope.A == 0)
			break;
		if (slope.A < 0)
			high = t;
		else
			low = t;
		if (!(curvature > 0 && next > low && next < high && fabs(next - t) <= step / 2))
			next = low + (high - low) / 2;
		if (next == t)
			break;
		step = fabs(next - t);
		t = next;
	}
	return t;
}

enum cln_status calibrate_temperature(double *T, const float *z, const float *y, const float *w, size_t n, int threads,
				      struct cln_error *err)
{
	struct pass pass = {.z = z, .y = y, .w = w, .n = n, .n_blocks = (n + BLOCK - 1) / BLOCK};

	*T = 1;
	if (n == 0)
		return CLN_OK;
	pass.blocks = mem_alloc(pass.n_blocks, sizeof *pass.blocks, err);
	if (!pass.blocks)
		return CLN_E_MEMORY;
	if (slope_at(&pass, -LOG_MOST, threads).A < 0)
		*T = MODEL_LEAST_TEMPERATURE;
	else if (slope_at(&pass, LOG_MOST, threads).A > 0)
		*T = MODEL_MOST_TEMPERATURE;
	else
		*T = dmath_exp(minimise(&pass, threads));
	mem_free(pass.blocks);
	return CLN_OK;
}

void calibrate_row(float *p, float *z, double T)
{
	const double scaled = (double)*z / T;

	*z = (float)scaled;
	*p = (float)dmath_sigmoid(scaled);
}
