/* SPDX-License-Identifier: MIT
 * Rows in fixed chunks, each a block of columns for the forward pass; a chunk's bits depend on no other. */
#include "train/predict.h"

#include "base/parallel.h"
#include "data/batch.h"
#include "nn/passes.h"

#define CHUNK 256 /* rows: the activations of wide layers stay in the second-level cache */

struct job {
	float *logits;
	const struct network *net;
	const struct kernels *kernels;
	const struct some_rows *some;
	struct block_space *spaces; /* one a thread */
};

/* Features of the donors in place of the rows' own; E: panels, a column a row. */
static void swap_features(float *E, const struct some_rows *some, size_t n_features, size_t first_row, size_t m, size_t ld)
{
	for (size_t s = 0; s < m; s++) {
		const float *x = some->X + some->donors[first_row + s] * n_features;

		for (size_t i = some->first; i < some->first + some->n_swapped; i++)
			E[(i / PANEL * ld + s) * PANEL + i % PANEL] = x[i];
	}
}

static void predict_chunk(void *argument, size_t chunk, int tid)
{
	struct job *job = argument;
	struct block_space *space = &job->spaces[tid];
	const struct some_rows *some = job->some;
	const size_t n_features = job->net->n_features;
	const size_t first = chunk * CHUNK, left = some->n - first, m = left < CHUNK ? left : CHUNK;
	uint32_t order[CHUNK] = {0};
	for (size_t s = 0; s < m; s++)
		order[s] = some->rows ? some->rows[first + s] : (uint32_t)(first + s);
	batch_features(space->E, some->X, n_features, order, m, space->ld);
	if (some->donors)
		swap_features(space->E, some, n_features, first, m, space->ld);
	forward_pass(job->net, job->kernels, space, m, NULL);
	for (size_t s = 0; s < m; s++)
		job->logits[first + s] = space->A[job->net->L][s * PANEL];
}

enum cln_status predict_rows(float *logits, const struct network *net, const struct kernels *kernels, const struct some_rows *some,
                             int threads, struct cln_error *err)
{
	const size_t n_chunks = (some->n + CHUNK - 1) / CHUNK;
	const size_t n_threads = (size_t)threads < n_chunks ? (size_t)threads : n_chunks ? n_chunks : 1;
	enum cln_status status = CLN_OK;
	struct job job = {.logits = logits, .net = net, .kernels = kernels, .some = some};
	job.spaces = mem_alloc(n_threads, sizeof *job.spaces, err);
	if (!job.spaces)
		return CLN_E_MEMORY;
	for (size_t t = 0; t < n_threads && status == CLN_OK; t++)
		status = block_space_create(&job.spaces[t], net, CHUNK, false, false, err);
	if (status == CLN_OK)
		parallel_for((int)n_threads, n_chunks, predict_chunk, &job);
	for (size_t t = 0; t < n_threads; t++)
		block_space_free(&job.spaces[t]);
	mem_free(job.spaces);
	return status;
}
