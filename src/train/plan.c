/* SPDX-License-Identifier: MIT
 * Block size and threads.  The block size shapes the result (it fixes the reduction tree), so it follows from the net and the batch
 * alone; the threads shape only the time. */
#include "train/plan.h"

#include <math.h>

/* Columns of a block.  Each block costs a pass over the weights, some 12 bytes a parameter against 6 G floating-point operations,
 * and where the batch is one block the gradient need not be summed at all; beyond 256 columns the activations leave the
 * second-level cache.  So 256, evened out; but a network whose weights stay in the first-level caches gets a fourth of the batch,
 * at least 64: its threads are better off with blocks of their own than with meeting in every layer. */
static size_t block_size_of(const struct network *net, size_t batch_size)
{
	const size_t most = 256, fourth = batch_size / 4 < 64 ? 64 : batch_size / 4;
	const size_t columns = net->n_params > ((size_t)1 << 15) || fourth > most ? most : fourth;
	const size_t n_blocks = (batch_size + columns - 1) / columns;
	return (batch_size + n_blocks - 1) / n_blocks;
}

/* Floating-point operations of a column: forward, gradient and, but for the first layer without a front, backward; an embedding's
 * cosines, forth and back, are about 80 a frequency; to find a bin, forth and back, takes the time of about 400. */
static double column_flops(const struct network *net)
{
	double flops = 0;
	for (size_t l = 1; l <= net->L; l++)
		flops += (l > 1 || network_has_front(net) ? 6.0 : 4.0) * (double)net->n[l] * (double)net->n[l - 1];
	flops += 80.0 * EMBEDDING_FREQUENCIES * (double)net->front.n_numbers;
	return flops + 400.0 * (double)net->front.n_binned;
}

/* Hidden units: each gives an activation and a dZ to those who have the next layer. */
static double hidden_units(const struct network *net)
{
	double units = 0;
	for (size_t l = 1; l < net->L; l++)
		units += (double)net->n[l];
	return units;
}

static size_t ranks_of(const struct plan *plan)
{
	return plan->comm ? (size_t)plan->comm->ranks : 1;
}

/* The most that a rank has of them. */
static size_t blocks_of_rank(const struct plan *plan)
{
	const size_t ranks = ranks_of(plan);
	return (plan->n_blocks + ranks - 1) / ranks;
}

/* Seconds of a step, by constants measured on cores with AVX-512; only their ratio matters.  What one core has written another one
 * fetches line by line: within a team activations and dZ, between teams the gradients and both orientations of the weights. */
static double step_seconds(const struct plan *plan, const struct network *net, int teams, int members)
{
	const double flops_per_second = 1.5e11, call_seconds = 0.1e-6, barrier_seconds = 0.4e-6, update_per_parameter = 0.3e-9,
		     exchange_per_float = 4 / 5e9;
	const double L = (double)net->L, n = teams * members, G = (double)plan->block_size;
	const double runs = (double)((blocks_of_rank(plan) + (size_t)teams - 1) / (size_t)teams);
	const double others = (members - 1.0) / members, other_teams = (teams - 1.0) / teams;
	const double barrier = barrier_seconds * (1 + 0.1 * n);
	const double products = column_flops(net) * G / members / flops_per_second + 3 * L * call_seconds;
	const double meetings = members > 1 ? (2 * L + 2) * barrier + 2 * hidden_units(net) * G * others * exchange_per_float : 0;
	const double update = update_per_parameter * (double)net->n_params / (n * (double)ranks_of(plan));
	const double exchange = 3 * (double)net->n_params * other_teams * exchange_per_float;
	return runs * (products + meetings) + update + exchange + (n > 1 ? 2 * barrier : 0);
}

static void choose_threads(struct plan *plan, const struct network *net)
{
	double least = step_seconds(plan, net, 1, 1);
	plan->teams = plan->members = 1;
	for (int teams = 1; teams <= plan->threads_allowed && (size_t)teams <= blocks_of_rank(plan); teams++)
		for (int members = 1; teams * members <= plan->threads_allowed; members++) {
			const double seconds = step_seconds(plan, net, teams, members);
			if (seconds < least) {
				least = seconds;
				plan->teams = teams;
				plan->members = members;
			}
		}
	plan->threads = plan->teams * plan->members;
}

/* Of what ranks exchange in a step: losses, partial gradients and weights, between machines on a common fast network.  The others'
 * weights are transposed by every rank. */
static double exchange_seconds(const struct plan *plan, const struct network *net)
{
	const double latency = 10e-6, bytes_per_second = 2e9, transpose_per_parameter = 0.3e-9;
	const double ranks = plan->comm->ranks, others = (ranks - 1) / ranks, params = (double)net->n_params;
	double rounds = 0;
	for (int n = 1; n < plan->comm->ranks; n *= 2)
		rounds++;
	return 3 * rounds * latency + 2 * 4 * params * others / bytes_per_second +
	       transpose_per_parameter * params * others / plan->threads;
}

double plan_seconds(const struct plan *plan, const struct network *net, int threads)
{
	struct plan with = *plan;
	with.threads_allowed = threads;
	choose_threads(&with, net);
	return step_seconds(&with, net, with.teams, with.members) + (plan->comm ? exchange_seconds(&with, net) : 0);
}

/* With L lanes members are trained in rounds of L; a last round of fewer has the threads dealt out anew.  The best of every number
 * of members follows from those of smaller ones. */
int plan_lanes(const struct plan *plan, const struct network *net, size_t members, int threads, double *seconds)
{
	double of_member[CLN_MAX_ENSEMBLE + 1], least[CLN_MAX_ENSEMBLE + 1] = {0};
	int best = 1;
	for (int lanes = 1; (size_t)lanes <= members && lanes <= threads; lanes++)
		of_member[lanes] = plan_seconds(plan, net, threads / lanes);
	for (size_t m = 1; m <= members; m++) {
		least[m] = INFINITY;
		for (size_t lanes = 1; lanes <= m && lanes <= (size_t)threads; lanes++) {
			const double whole = (double)(m / lanes) * of_member[lanes] + least[m % lanes];
			if (whole < least[m]) {
				least[m] = whole;
				best = (int)lanes;
			}
		}
	}
	*seconds = least[members];
	return best;
}

void plan_create_for(struct plan *plan, const struct network *net, const struct cln_config *config, size_t n_rows,
                     int threads_allowed, struct comm *comm)
{
	*plan = (struct plan){.threads_allowed = threads_allowed};
	plan->batch_size = config->batch_size == 0 || config->batch_size > n_rows ? n_rows : config->batch_size;
	plan->block_size = config->block_size ? config->block_size : block_size_of(net, plan->batch_size);
	if (plan->block_size > plan->batch_size)
		plan->block_size = plan->batch_size;
	plan->n_blocks = (plan->batch_size + plan->block_size - 1) / plan->block_size;
	plan->comm = plan->n_blocks > 1 ? comm : NULL;
	choose_threads(plan, net);
}

bool plan_ranks_pay(const struct plan *plan, const struct network *net)
{
	struct plan alone = *plan;
	alone.comm = NULL;
	return plan_seconds(plan, net, plan->threads_allowed) < plan_seconds(&alone, net, plan->threads_allowed);
}

void plan_create(struct plan *plan, const struct network *net, const struct cln_config *config, size_t n_rows, int threads_allowed)
{
	plan_create_for(plan, net, config, n_rows, threads_allowed, comm_world());
	if (plan->comm && !plan_ranks_pay(plan, net))
		plan_create_for(plan, net, config, n_rows, threads_allowed, NULL);
}

void plan_set_threads(struct plan *plan, int threads)
{
	const size_t most = blocks_of_rank(plan);
	plan->teams = (size_t)threads < most ? threads : (int)most;
	plan->members = threads / plan->teams;
	plan->threads = plan->teams * plan->members;
}
