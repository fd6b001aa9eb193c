/* SPDX-License-Identifier: MIT */
#include "api/score_ranks.h"

#include <stdio.h>
#include <string.h>

#include "base/parallel.h"
#include "train/job.h"
#include "train/share.h"

#define PIECE ((size_t)1 << 15) /* rows of a rank that are under way at a time */

/* Of one core, and of a network between machines. */
#define FLOPS_PER_SECOND 5e10
#define BYTES_PER_SECOND 1e9
#define START_SECONDS 1e-3

struct score_header {
	size_t K, n_rows;
	double temperature;
	char isa[16];
	int threads;
};

bool score_ranks_pay(const struct scorer *scorer, size_t n_rows)
{
	const struct comm *comm = comm_world();
	const double K = (double)scorer->K, rows = (double)n_rows;

	if (!comm)
		return false;
	const double params = (double)scorer->networks[0]->n_params, features = (double)scorer->networks[0]->n_features;
	const double others = (comm->ranks - 1.0) / comm->ranks;
	const double saved = 2 * K * params * rows * others / FLOPS_PER_SECOND / scorer->threads;
	return saved > START_SECONDS + 4 * (rows * features + K * params * (comm->ranks - 1)) / BYTES_PER_SECOND;
}

/* Rows [*first, *first + *n) of a piece of `rows` are this rank's. */
static void part_of(size_t *first, size_t *n, size_t rows, int rank, int ranks)
{
	size_t end;

	split_range(first, &end, rows, (size_t)rank, (size_t)ranks);
	*n = end - *first;
}

/* Every rank calls this for each piece; of the others X and what comes of it are their own rows'. */
struct piece {
	struct comm *comm;
	const struct scorer *scorer;
	size_t rows;
	float *X;                      /* rank 0: of all rows */
	float *probabilities, *logits; /* rank 0: of all rows */
};

static size_t list_parts(struct comm_piece *pieces, const struct piece *piece, float *base, size_t width)
{
	const struct comm *comm = piece->comm;
	size_t n_pieces = 0, first, n;

	if (comm->rank > 0) {
		part_of(&first, &n, piece->rows, comm->rank, comm->ranks);
		pieces[n_pieces++] = (struct comm_piece){0, base, n * width * sizeof *base};
		return n_pieces;
	}
	for (int rank = 1; rank < comm->ranks; rank++) {
		part_of(&first, &n, piece->rows, rank, comm->ranks);
		pieces[n_pieces++] = (struct comm_piece){rank, base + first * width, n * width * sizeof *base};
	}
	return n_pieces;
}

/* From rank 0 to the others, or back. */
static void move(struct comm_piece *pieces, const struct piece *piece, float *base, size_t width, bool back)
{
	const size_t n = list_parts(pieces, piece, base, width);

	if ((piece->comm->rank == 0) == back)
		comm_exchange(piece->comm, NULL, 0, pieces, n);
	else
		comm_exchange(piece->comm, pieces, n, NULL, 0);
}

static enum cln_status score_piece(const struct piece *piece, struct comm_piece *pieces, struct cln_error *err)
{
	const size_t n_features = piece->scorer->networks[0]->n_features;
	size_t first, n;

	move(pieces, piece, piece->X, n_features, false);
	part_of(&first, &n, piece->rows, piece->comm->rank, piece->comm->ranks);
	first = piece->comm->rank == 0 ? first : 0;
	const struct some_rows own = {.X = piece->X + first * n_features, .n = n};
	enum cln_status status = scores_here(piece->probabilities + first, piece->logits + first, piece->scorer, &own, err);
	status = comm_agree(piece->comm, status, err);
	if (status != CLN_OK)
		return status;
	move(pieces, piece, piece->probabilities, 1, true);
	move(pieces, piece, piece->logits, 1, true);
	return CLN_OK;
}

/* ---------------------------------------------------------------- rank 0 */

struct work {
	struct comm_piece *pieces;
	float *X, *logits; /* X: where the rows do not lie one after the other; logits: where nobody wants them */
};

static void work_free(struct work *work)
{
	mem_free(work->pieces);
	mem_free(work->X);
	mem_free(work->logits);
}

static enum cln_status work_create(struct work *work, const struct comm *comm, bool packs, size_t n_features, bool wants_logits,
				   struct cln_error *err)
{
	const size_t rows = PIECE * (size_t)comm->ranks;

	*work = (struct work){.pieces = mem_alloc((size_t)comm->ranks, sizeof *work->pieces, err)};
	if (work->pieces && packs)
		work->X = mem_alloc(rows * n_features, sizeof *work->X, err);
	if (work->pieces && !wants_logits)
		work->logits = mem_alloc(rows, sizeof *work->logits, err);
	return work->pieces && (!packs || work->X) && (wants_logits || work->logits) ? CLN_OK : CLN_E_MEMORY;
}

/* All ranks: the scorer's networks; `networks` has room for them, and on rank 0 has them. */
static enum cln_status share_networks(struct network **networks, struct comm *comm, size_t K, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	for (size_t k = 0; k < K && status == CLN_OK; k++) {
		status = share_shape(&networks[k], comm, err);
		if (status == CLN_OK)
			share_parameters(networks[k], comm);
	}
	return status;
}

/* Rows that lie anywhere, side by side. */
static void pack(float *X, const struct some_rows *some, size_t begin, size_t n, size_t n_features)
{
	for (size_t i = 0; i < n; i++)
		memcpy(X + i * n_features, some->X + (size_t)some->rows[begin + i] * n_features, n_features * sizeof *X);
}

static enum cln_status score_all(float *probabilities, float *logits, const struct scorer *scorer, const struct some_rows *some,
				 struct work *work, struct cln_error *err)
{
	struct comm *comm = comm_world();
	const size_t n_features = scorer->networks[0]->n_features, most = PIECE * (size_t)comm->ranks;
	enum cln_status status = CLN_OK;

	for (size_t begin = 0; begin < some->n && status == CLN_OK; begin += most) {
		const size_t rows = some->n - begin < most ? some->n - begin : most;
		struct piece piece = {.comm = comm,
				      .scorer = scorer,
				      .rows = rows,
				      .X = some->rows ? work->X : (float *)(uintptr_t)some->X + begin * n_features,
				      .probabilities = probabilities + begin,
				      .logits = logits ? logits + begin : work->logits};
		if (some->rows)
			pack(work->X, some, begin, rows, n_features);
		status = score_piece(&piece, work->pieces, err);
	}
	return status;
}

enum cln_status score_ranks_compute(float *probabilities, float *logits, const struct scorer *scorer, const struct some_rows *some,
				    struct cln_error *err)
{
	struct comm *comm = comm_world();
	enum ranks_command command = RANKS_SCORE;
	struct score_header header = {
	    .K = scorer->K, .n_rows = some->n, .temperature = scorer->temperature, .threads = scorer->threads};
	struct network *networks[CLN_MAX_ENSEMBLE];
	struct work work;

	snprintf(header.isa, sizeof header.isa, "%s", scorer->kernels->name);
	memcpy(networks, scorer->networks, scorer->K * sizeof *networks);
	comm_broadcast(comm, &command, sizeof command);
	comm_broadcast(comm, &header, sizeof header);
	enum cln_status status = share_networks(networks, comm, scorer->K, err);
	if (status != CLN_OK)
		return status;
	status = work_create(&work, comm, some->rows != NULL, scorer->networks[0]->n_features, logits != NULL, err);
	status = comm_agree(comm, status, err);
	if (status == CLN_OK)
		status = score_all(probabilities, logits, scorer, some, &work, err);
	work_free(&work);
	return status;
}

/* ---------------------------------------------------------------- the others */

static enum cln_status follow_pieces(struct comm *comm, const struct scorer *scorer, size_t n_rows, struct cln_error *err)
{
	const size_t most = PIECE * (size_t)comm->ranks, n_features = scorer->networks[0]->n_features;
	float *rows = mem_alloc(PIECE, (n_features + 2) * sizeof *rows, err); /* features, probabilities, logits */
	enum cln_status status = comm_agree(comm, rows ? CLN_OK : CLN_E_MEMORY, err);

	for (size_t begin = 0; begin < n_rows && status == CLN_OK; begin += most) {
		const struct piece piece = {.comm = comm,
					    .scorer = scorer,
					    .rows = n_rows - begin < most ? n_rows - begin : most,
					    .X = rows,
					    .probabilities = rows + PIECE * n_features,
					    .logits = rows + PIECE * (n_features + 1)};
		status = score_piece(&piece, &(struct comm_piece){0}, err);
	}
	mem_free(rows);
	return status;
}

void score_ranks_follow(struct comm *comm, int threads)
{
	struct network *networks[CLN_MAX_ENSEMBLE] = {0};
	struct score_header header;
	struct cln_error err = {0};

	comm_broadcast(comm, &header, sizeof header);
	struct scorer scorer = {.networks = (const struct network *const *)networks,
				.K = header.K,
				.threads = header.threads < threads ? header.threads : threads,
				.temperature = header.temperature};
	enum cln_status status = share_networks(networks, comm, header.K, &err);
	if (status == CLN_OK && share_kernels(&scorer.kernels, header.isa, &err) == CLN_OK)
		status = follow_pieces(comm, &scorer, header.n_rows, &err);
	for (size_t k = 0; k < header.K; k++)
		network_destroy(networks[k]);
	(void)status; /* rank 0 was told */
}
