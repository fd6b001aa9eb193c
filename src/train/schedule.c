/* SPDX-License-Identifier: MIT */
#include "train/schedule.h"

#include <math.h>

#include "base/dmath.h"

/* From `from` at t = 0 to `to` at t = 1, along half a cosine. */
static double half_cosine(double from, double to, double t)
{
	return to + (from - to) * (1 + dmath_cos_2pi(t / 2)) / 2;
}

/* factor^n by repeated multiplication, so that it is exact wherever that is. */
static double power(double factor, size_t n)
{
	double product = 1;
	for (; n > 0; n /= 2, factor *= factor)
		if (n % 2)
			product *= factor;
	return product;
}

static double one_cycle(double lr, double warmup_fraction, double t)
{
	if (t < warmup_fraction)
		return half_cosine(lr / 25, lr, t / warmup_fraction);
	return half_cosine(lr, lr / 1e4, (t - warmup_fraction) / (1 - warmup_fraction));
}

/* At t = 1/15, 3/15, 7/15 and 1 the logarithm is whole, and the rate 0. */
static double coslog4(double t)
{
	const double log2_e = 1.4426950408889634;
	return (1 - dmath_cos_2pi(log2_e * dmath_log(1 + 15 * t))) / 2;
}

static double flat_cosine(double t)
{
	return t < 0.5 ? 1 : half_cosine(1, 0, 2 * t - 1);
}

double schedule_regularisation(const struct cln_config *config, size_t step, size_t n_steps)
{
	return config->regularisation == CLN_REGULARISATION_FLAT_COSINE ? flat_cosine((double)step / (double)n_steps) : 1;
}

double schedule_rate(const struct cln_config *config, size_t step, size_t n_steps, size_t steps_per_epoch)
{
	const double lr = config->learning_rate, t = (double)step / (double)n_steps;
	switch (config->schedule) {
	case CLN_STEP: return lr * power(config->step_factor, step / steps_per_epoch / config->step_epochs);
	case CLN_COSINE: return half_cosine(lr, 0, t);
	case CLN_WARMUP: {
		const double steps = ceil(config->warmup_fraction * (double)n_steps);
		return (double)step < steps ? lr * (double)(step + 1) / steps : lr;
	}
	case CLN_ONE_CYCLE: return one_cycle(lr, config->warmup_fraction, t);
	case CLN_COSLOG4: return lr * coslog4(t);
	case CLN_FLAT_COSINE: return lr * flat_cosine(t);
	default: return lr;
	}
}
