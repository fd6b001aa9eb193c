/* SPDX-License-Identifier: MIT
 * Block size and threads.  The block size shapes the result (it fixes the reduction tree), so it follows from the net and the batch
 * alone; the threads shape only the time. */
#include "train/plan.h"

/* Columns of a block.  Each block costs a pass over the parameters in the reduction, some 12 bytes a parameter against 6 G
 * floating-point operations, so G must be large where the parameters leave the cache; and small batches must still give blocks to
 * several threads.  Aims at 8 blocks of 64 to 256 columns, at least 256 columns beyond 2^20 parameters; then evens them out. */
static size_t block_size_of(const struct network *net, size_t batch_size)
{
	const size_t least = net->n_params > ((size_t)1 << 20) ? 256 : 64, most = 256;
	size_t columns = batch_size / 8;
	columns = columns < least ? least : columns > most ? most : columns;
	const size_t n_blocks = (batch_size + columns - 1) / columns;
	return (batch_size + n_blocks - 1) / n_blocks;
}

/* Floating-point operations of a step: forward, gradient and, but for the first layer, backward. */
static double step_flops(const struct network *net, size_t batch_size)
{
	double flops = 0;
	for (size_t l = 1; l <= net->L; l++)
		flops += (l > 1 ? 6.0 : 4.0) * (double)net->n[l] * (double)net->n[l - 1];
	return flops * (double)batch_size;
}

/* Seconds of a step on n threads, by constants measured on a core with AVX-512; only their ratio matters. */
static double step_seconds(const struct network *net, size_t batch_size, size_t n_blocks, int n)
{
	const double flops_per_second = 1e11, layer_seconds = 0.3e-6, barrier_seconds = 1e-6, update_per_parameter = 0.5e-9;
	const double longest_run = (double)((n_blocks + (size_t)n - 1) / (size_t)n) / (double)n_blocks;
	const double blocks = step_flops(net, batch_size) / flops_per_second + (double)(n_blocks * 3 * net->L) * layer_seconds;
	const double update = update_per_parameter * (double)net->n_params / n;
	return blocks * longest_run + update + (n > 1 ? 2 * barrier_seconds * (1 + 0.1 * n) : 0);
}

static int threads_worth_using(const struct network *net, size_t batch_size, size_t n_blocks, int allowed)
{
	int best = 1;
	for (int n = 2; n <= allowed && (size_t)n <= n_blocks; n++)
		if (step_seconds(net, batch_size, n_blocks, n) < step_seconds(net, batch_size, n_blocks, best))
			best = n;
	return best;
}

void plan_create(struct plan *plan, const struct network *net, const struct cln_config *config, size_t n_rows, int threads_allowed)
{
	plan->batch_size = config->batch_size == 0 || config->batch_size > n_rows ? n_rows : config->batch_size;
	plan->block_size = config->block_size ? config->block_size : block_size_of(net, plan->batch_size);
	if (plan->block_size > plan->batch_size)
		plan->block_size = plan->batch_size;
	plan->n_blocks = (plan->batch_size + plan->block_size - 1) / plan->block_size;
	plan->threads_allowed = threads_allowed;
	plan->threads = threads_worth_using(net, plan->batch_size, plan->n_blocks, threads_allowed);
}
