/* SPDX-License-Identifier: MIT */
#include "api/peak.h"

#include <math.h>

#include "base/mem.h"
#include "base/panel.h"
#include "base/parallel.h"

/* The product: 24 columns fill tiles of 4, 6 and 8 whole, and with the rest they need 41 KiB. */
#define UNITS ((size_t)48)
#define INPUTS ((size_t)128)
#define COLUMNS ((size_t)24)
#define OPERAND_FLOATS (UNITS * INPUTS + UNITS + COLUMNS * (INPUTS + UNITS))

static double fma_flops(const struct peak *peak, size_t rounds)
{
	return (double)rounds * 24 * peak->kernels->vector_width * 2;
}

static double product_flops(const struct peak *peak) { return (double)peak->products * 2 * UNITS * INPUTS * COLUMNS; }

struct run {
	const struct peak *peak;
	size_t rounds;
	float results[PARALLEL_MAX];
	double start[PARALLEL_MAX], end[PARALLEL_MAX];
};

static void fma_body(void *argument, struct team *team, int tid)
{
	struct run *run = argument;
	team_barrier(team, tid);
	run->start[tid] = clock_seconds();
	run->results[tid] = run->peak->kernels->fma_peak(run->rounds);
	run->end[tid] = clock_seconds();
}

static void product_body(void *argument, struct team *team, int tid)
{
	struct run *run = argument;
	float *W = run->peak->memory[tid], *b = W + UNITS * INPUTS, *A = b + UNITS;
	const struct forward_args args = {.A_out = A + COLUMNS * INPUTS,
	                                  .W = W,
	                                  .b = b,
	                                  .A = A,
	                                  .n_out = UNITS,
	                                  .n_in = INPUTS,
	                                  .m = COLUMNS,
	                                  .ld = COLUMNS,
	                                  .p_end = panels_of(UNITS),
	                                  .activation = -1};
	team_barrier(team, tid);
	run->start[tid] = clock_seconds();
	for (size_t i = 0; i < run->peak->products; i++)
		run->peak->kernels->forward(&args);
	run->end[tid] = clock_seconds();
}

/* Floating-point operations per second where each thread does `flops`. */
static double measure(struct peak *peak, void (*body)(void *, struct team *, int), size_t rounds, double flops)
{
	struct run run = {.peak = peak, .rounds = rounds};
	if (parallel_run(peak->threads, body, &run, NULL) != CLN_OK)
		return 0;
	peak->sink += run.results[0];
	double start = run.start[0], end = run.end[0]; /* of all: threads may share a core, one after the other */
	for (int t = 1; t < peak->threads; t++) {
		start = run.start[t] < start ? run.start[t] : start;
		end = run.end[t] > end ? run.end[t] : end;
	}
	return flops * peak->threads / (end - start);
}

double peak_fma(struct peak *peak) { return measure(peak, fma_body, peak->rounds, fma_flops(peak, peak->rounds)); }

double peak_fma_briefly(struct peak *peak)
{
	const size_t rounds = peak->rounds / PEAK_BRIEF;
	return measure(peak, fma_body, rounds, fma_flops(peak, rounds));
}

double peak_product(struct peak *peak) { return measure(peak, product_body, 0, product_flops(peak)); }

/* The shortest of a few runs on this thread: whatever else the machine does only makes one longer. */
static double shortest_run(struct peak *peak)
{
	double shortest = INFINITY;
	for (int i = 0; i < 5; i++) {
		const double start = clock_seconds();
		peak->sink += peak->kernels->fma_peak(peak->rounds);
		const double seconds = clock_seconds() - start;
		if (seconds < shortest)
			shortest = seconds;
	}
	return shortest;
}

/* As much work as keeps an undisturbed thread busy for PEAK_SECONDS. */
static void choose_lengths(struct peak *peak)
{
	peak->rounds = 1 << 12;
	while (shortest_run(peak) < PEAK_SECONDS)
		peak->rounds *= 2;
	peak->products = 1;
	peak->products = (size_t)(fma_flops(peak, peak->rounds) / product_flops(peak)) + 1;
}

/* Numbers of both signs, as a network's. */
static void fill(float *memory)
{
	for (size_t i = 0; i < OPERAND_FLOATS; i++)
		memory[i] = (float)((double)(i * 37 % 101) / 101 - 0.5);
}

enum cln_status peak_create(struct peak *peak, const struct kernels *kernels, int threads, struct cln_error *err)
{
	*peak = (struct peak){.kernels = kernels, .threads = threads};
	peak->memory = mem_alloc((size_t)threads, sizeof *peak->memory, err);
	if (!peak->memory)
		return CLN_E_MEMORY;
	for (int t = 0; t < threads; t++) {
		peak->memory[t] = mem_alloc(OPERAND_FLOATS, sizeof(float), err);
		if (!peak->memory[t])
			return CLN_E_MEMORY;
		fill(peak->memory[t]);
	}
	choose_lengths(peak);
	return CLN_OK;
}

void peak_free(struct peak *peak)
{
	for (int t = 0; peak->memory && t < peak->threads; t++)
		mem_free(peak->memory[t]);
	mem_free(peak->memory);
	*peak = (struct peak){0};
}
