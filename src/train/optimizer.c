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
	const size_t n_first = optimizer_has_first(kind) ? n_floats : 0, n_second = optimizer_has_second(kind) ? n_floats : 0;
	*optimizer = (struct optimizer){.n_memory = n_first + n_second};
	if (optimizer->n_memory == 0)
		return CLN_OK;
	optimizer->memory = mem_pages(optimizer->n_memory, err);
	if (!optimizer->memory)
		return CLN_E_MEMORY;
	optimizer->first = n_first ? optimizer->memory : NULL;
	optimizer->second = n_second ? optimizer->memory + n_first : NULL;
	return CLN_OK;
}

void optimizer_free(struct optimizer *optimizer)
{
	mem_pages_free(optimizer->memory, optimizer->n_memory);
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
