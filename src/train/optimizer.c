/* SPDX-License-Identifier: MIT */
#include "train/optimizer.h"

#include <math.h>

#include "base/dmath.h"

bool optimizer_has_first(enum cln_optimizer kind)
{
	return kind == CLN_MOMENTUM || kind == CLN_NESTEROV || kind == CLN_ADAM || kind == CLN_ADAMW;
}

bool optimizer_has_second(enum cln_optimizer kind)
{
	return kind == CLN_RMSPROP || kind == CLN_ADAM || kind == CLN_ADAMW;
}

enum cln_status optimizer_create(struct optimizer *optimizer, enum cln_optimizer kind, size_t n_floats, struct cln_error *err)
{
	*optimizer = (struct optimizer){.n_floats = n_floats};
	optimizer->first = optimizer_has_first(kind) ? mem_pages(n_floats, err) : NULL;
	optimizer->second = optimizer_has_second(kind) ? mem_pages(n_floats, err) : NULL;
	if ((optimizer_has_first(kind) && !optimizer->first) || (optimizer_has_second(kind) && !optimizer->second)) {
		optimizer_free(optimizer);
		return CLN_E_MEMORY;
	}
	return CLN_OK;
}

void optimizer_free(struct optimizer *optimizer)
{
	if (optimizer->first)
		mem_pages_free(optimizer->first, optimizer->n_floats);
	if (optimizer->second)
		mem_pages_free(optimizer->second, optimizer->n_floats);
	*optimizer = (struct optimizer){0};
}

/* Adam's two bias corrections are folded into the rate and epsilon (Kingma & Ba 2015, end of section 2):
 *   w -= rate m / (sqrt(v) + eps'),  rate = lr sqrt(1 - b2^t) / (1 - b1^t),  eps' = eps sqrt(1 - b2^t) */
static void fold_bias_corrections(struct optimizer_args *args, const struct cln_config *config, double rate, uint64_t step)
{
	const double correction1 = 1 - dmath_pow(config->beta1, (double)step);
	const double correction2 = sqrt(1 - dmath_pow(config->beta2, (double)step));
	args->rate = (float)(rate * correction2 / correction1);
	args->epsilon = (float)(config->epsilon * correction2);
}

struct optimizer_args optimizer_constants(const struct cln_config *config, double rate, uint64_t step)
{
	const bool adam = config->optimizer == CLN_ADAM || config->optimizer == CLN_ADAMW;
	const double beta1 = adam ? config->beta1 : config->momentum;
	const double beta2 = adam ? config->beta2 : config->momentum;
	struct optimizer_args args = {
	    .kind = config->optimizer,
	    .l1 = (float)config->l1,
	    .l2 = (float)config->l2,
	    .decay = (float)(rate * config->weight_decay),
	    .rate = (float)rate,
	    .beta1 = (float)beta1,
	    .beta2 = (float)beta2,
	    .one_minus_beta1 = (float)(1 - beta1),
	    .one_minus_beta2 = (float)(1 - beta2),
	    .epsilon = (float)config->epsilon,
	};
	if (adam)
		fold_bias_corrections(&args, config, rate, step);
	return args;
}
