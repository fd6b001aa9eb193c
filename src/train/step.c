/* SPDX-License-Identifier: MIT
 * The step (DESIGN section 7).  Each team works its run of blocks and folds their partial gradients along the tree; the members of
 * a team share every block, each some of a layer's panels.  After a barrier each thread takes its share of the parameters, chunk
 * by chunk: adds up the partials that are left, in tree order, and applies the optimizer.  A mini-batch of one block needs no
 * sums: each member updates a layer as soon as nobody reads its weights any more, while their gradient is still in its cache. */
#include "train/step.h"

#include <math.h>

#include "data/batch.h"
#include "train/schedule.h"
#include "train/step_ranks.h"

#define COLUMN_GROUP 8 /* columns that are not torn apart: a tile's */

/* ---------------------------------------------------------------- set-up */

static size_t blocks_of(const struct plan *plan, size_t m)
{
	return (m + plan->block_size - 1) / plan->block_size;
}

static enum cln_status create_reductions(struct stepper *stepper, struct cln_error *err)
{
	const struct plan *plan = &stepper->plan;
	const size_t rest = stepper->data->n_rows % plan->batch_size;
	int teams[COMM_MAX_RANKS];
	struct reduction_ranks ranks = {1, 0, &plan->teams};
	if (plan->comm) {
		ranks_gather_teams(teams, plan);
		ranks = (struct reduction_ranks){plan->comm->ranks, plan->comm->rank, teams};
	}
	enum cln_status status = reduction_create(&stepper->full, plan->n_blocks, &ranks, err);
	if (status == CLN_OK)
		status = reduction_create(&stepper->last, rest ? blocks_of(plan, rest) : plan->n_blocks, &ranks, err);
	return status;
}

static enum cln_status create_teams(struct stepper *stepper, struct cln_error *err)
{
	const struct plan *plan = &stepper->plan;
	const size_t teams = (size_t)plan->teams;
	stepper->spaces = mem_alloc(teams, sizeof *stepper->spaces, err);
	stepper->barriers = stepper->spaces ? mem_alloc(teams, sizeof *stepper->barriers, err) : NULL;
	if (!stepper->barriers)
		return CLN_E_MEMORY;
	enum cln_status status = CLN_OK;
	for (size_t t = 0; t < teams && status == CLN_OK; t++) {
		status = block_space_create(&stepper->spaces[t], stepper->net, plan->block_size, true, stepper->config->dropout > 0,
		                            err);
		if (status == CLN_OK && plan->members > 1)
			status = barrier_create(&stepper->barriers[t], plan->members, plan->threads, err);
	}
	return status;
}

enum cln_status stepper_create(struct stepper *stepper, struct network *net, const struct kernels *kernels,
                               const struct cln_config *config, const struct dataset *data, const struct plan *plan,
                               struct cln_error *err)
{
	*stepper = (struct stepper){.net = net, .kernels = kernels, .config = config, .data = data, .plan = *plan};
	stepper->steps_per_epoch = (data->n_rows + plan->batch_size - 1) / plan->batch_size;
	stepper->n_steps = stepper->steps_per_epoch * config->epochs;
	enum cln_status status = create_reductions(stepper, err);
	if (status == CLN_OK) {
		const size_t full = stepper->full.n_slots, last = stepper->last.n_slots;
		status = updater_create(&stepper->updater, net, kernels, config, plan, full > last ? full : last, err);
	}
	if (status == CLN_OK)
		status = create_teams(stepper, err);
	if (status == CLN_OK) {
		stepper->block_losses = mem_alloc(plan->n_blocks, sizeof *stepper->block_losses, err);
		status = stepper->block_losses ? CLN_OK : CLN_E_MEMORY;
	}
	if (status == CLN_OK && plan->comm)
		status = ranks_create(stepper, err);
	if (status == CLN_OK && narrow_fits(net, config, plan)) {
		status = narrow_create(&stepper->narrow, &stepper->updater, plan->batch_size, err);
		stepper->is_narrow = status == CLN_OK;
	}
	if (status != CLN_OK)
		stepper_free(stepper);
	return status;
}

void stepper_free(struct stepper *stepper)
{
	for (int t = 0; t < stepper->plan.teams; t++) {
		if (stepper->spaces)
			block_space_free(&stepper->spaces[t]);
		if (stepper->barriers)
			barrier_destroy(stepper->barriers[t]);
	}
	mem_free(stepper->spaces);
	mem_free(stepper->barriers);
	mem_free(stepper->block_losses);
	ranks_free(stepper);
	narrow_free(&stepper->narrow);
	updater_free(&stepper->updater);
	reduction_free(&stepper->full);
	reduction_free(&stepper->last);
	*stepper = (struct stepper){0};
}

/* ---------------------------------------------------------------- a block */

/* The rows of a mini-batch; m = 0: there is none. */
struct rows {
	const struct reduction *reduction;
	const uint32_t *order;
	size_t m;
};

/* One mini-batch as all threads see it. */
struct mini_batch {
	struct rows rows, next;         /* next: of the one after it in this epoch */
	struct dropout_key dropout;     /* but row0 */
	bool at_once;                   /* one block, no norm to wait for: layers are updated on the way back */
	struct optimizer_args constants;
};

/* A thread's place in its team, and the block it works. */
struct seat {
	size_t team, member, members;
	struct barrier *barrier;        /* NULL: the team has one member */
	struct phase_clock *clock;      /* NULL: nobody measures */
	struct block_space *space;
	size_t block, end;              /* that one, and where the team's run of them ends */
	size_t first, m;                /* its columns of the mini-batch */
	struct dropout_key dropout;
	const uint32_t *ahead;          /* rows that this member gathers next, still to be prefetched */
	size_t n_ahead, n_turn;         /* how many, and how many at a time */
};

/* The members wait for one another. */
static void meet(const struct seat *seat)
{
	if (!seat->barrier)
		return;
	barrier_wait(seat->barrier, (int)seat->member);
	phase_end(seat->clock, PHASE_WAIT);
}

/* This member's share of n things, in whole groups. */
static void share_groups(size_t *begin, size_t *end, const struct seat *seat, size_t n, size_t group)
{
	if (seat->members == 1) { /* saves divisions, which the smallest nets would notice */
		*begin = 0;
		*end = n;
		return;
	}
	split_range(begin, end, (n + group - 1) / group, seat->member, seat->members);
	*begin *= group;
	*end = *end * group < n ? *end * group : n;
}

/* This member's part of a layer of n units: as many whole panels as every member gets, and some columns of the panels left. */
static size_t share_layer(struct share shares[2], const struct seat *seat, size_t n)
{
	if (seat->members == 1) {
		shares[0] = (struct share){0, panels_of(n), 0, seat->m};
		return 1;
	}
	const size_t each = panels_of(n) / seat->members, rest = each * seat->members;
	size_t n_shares = 0;
	if (each > 0)
		shares[n_shares++] = (struct share){seat->member * each, (seat->member + 1) * each, 0, seat->m};
	if (rest < panels_of(n)) {
		shares[n_shares] = (struct share){.p_begin = rest, .p_end = panels_of(n)};
		share_groups(&shares[n_shares].s_begin, &shares[n_shares].s_end, seat, seat->m, COLUMN_GROUP);
		n_shares += shares[n_shares].s_begin < shares[n_shares].s_end;
	}
	return n_shares;
}

/* Piece i of this member's part of the weights into n units from n_in: whole panels (perhaps none), then some inputs of a panel
 * left, in CHUNK_INPUTS.  False beyond the last piece. */
static bool share_weights(struct weight_share *share, const struct seat *seat, size_t n, size_t n_in, size_t i)
{
	if (seat->members == 1) {
		*share = (struct weight_share){0, panels_of(n), 0, n_in};
		return i == 0;
	}
	const size_t each = panels_of(n) / seat->members, whole = each * seat->members;
	const size_t parts = (n_in + CHUNK_INPUTS - 1) / CHUNK_INPUTS;
	*share = (struct weight_share){seat->member * each, (seat->member + 1) * each, 0, n_in};
	if (i == 0)
		return true;
	size_t begin, end;
	split_range(&begin, &end, (panels_of(n) - whole) * parts, seat->member, seat->members);
	const size_t p = begin / parts + i - 1, next = (p + 1) * parts;
	const size_t first = p * parts > begin ? p * parts : begin, last = next < end ? next : end;
	if (first >= last)
		return false;
	const size_t k_end = (last - p * parts) * CHUNK_INPUTS;
	*share = (struct weight_share){whole + p, whole + p + 1, (first - p * parts) * CHUNK_INPUTS, k_end < n_in ? k_end : n_in};
	return true;
}

static size_t block_columns(const struct stepper *stepper, const struct rows *rows, size_t block)
{
	const size_t left = rows->m - block * stepper->plan.block_size;
	return left < stepper->plan.block_size ? left : stepper->plan.block_size;
}

/* A[0], each member's columns. */
static void gather(const struct stepper *stepper, const struct mini_batch *batch, const struct seat *seat)
{
	const struct block_space *space = seat->space;
	size_t begin, end;
	if (stepper->gathered && !network_has_front(stepper->net))
		return;
	share_groups(&begin, &end, seat, seat->m, COLUMN_GROUP);
	if (!stepper->gathered) {
		batch_gather(space->E + begin * PANEL, space->y + begin, space->w + begin, stepper->data,
		             batch->rows.order + seat->first + begin, end - begin, space->ld);
		if (stepper->config->label_smoothing > 0)
			batch_smooth(space->y + begin, end - begin, stepper->config->label_smoothing);
	}
	phase_end(seat->clock, PHASE_GATHER);
	forward_front(stepper->net, stepper->kernels, space, begin, end);
	phase_end(seat->clock, PHASE_FORWARD);
	meet(seat);
}

/* What is gathered next lies anywhere in memory, so it is prefetched, a few rows at a time, while the block before is worked.
 * Small networks are faster by a twentieth; with many rows, or wide ones, nothing is gained: they take room that the work needs. */
#define AHEAD_MOST ((size_t)32 * 1024)

static void look_ahead(const struct stepper *stepper, const struct mini_batch *batch, struct seat *seat)
{
	const struct rows *rows = &batch->rows;
	const size_t turns = 2 * stepper->net->L;
	size_t block = seat->block + 1, end = seat->end, begin_column, end_column;
	seat->n_ahead = 0;
	if (block == end) {
		rows = &batch->next;
		if (rows->m == 0)
			return;
		reduction_run(&block, &end, rows->reduction, (int)seat->team);
		if (block == end)
			return;
	}
	share_groups(&begin_column, &end_column, seat, block_columns(stepper, rows, block), COLUMN_GROUP);
	seat->ahead = rows->order + block * stepper->plan.block_size + begin_column;
	seat->n_ahead = end_column - begin_column;
	if (seat->n_ahead * stepper->data->n_features * sizeof(float) > AHEAD_MOST)
		seat->n_ahead = 0;
	seat->n_turn = (seat->n_ahead + turns - 1) / turns;
}

static void prefetch_ahead(const struct stepper *stepper, struct seat *seat)
{
	const size_t n = seat->n_ahead < seat->n_turn ? seat->n_ahead : seat->n_turn;
	if (n == 0)
		return;
	batch_prefetch(stepper->data, seat->ahead, n);
	seat->ahead += n;
	seat->n_ahead -= n;
	phase_end(seat->clock, PHASE_GATHER);
}

static void forward(const struct stepper *stepper, struct seat *seat)
{
	const struct network *net = stepper->net;
	for (size_t l = 1; l <= net->L; l++) {
		struct share shares[2];
		const size_t n = share_layer(shares, seat, net->n[l]);
		for (size_t i = 0; i < n; i++)
			forward_layer(net, stepper->kernels, seat->space, l, &shares[i], &seat->dropout);
		phase_end(seat->clock, PHASE_FORWARD);
		prefetch_ahead(stepper, seat);
		meet(seat);
	}
}

/* The first member's work; the others wait for it. */
static void loss(struct stepper *stepper, size_t block, const struct seat *seat)
{
	if (seat->member == 0)
		stepper->block_losses[block] =
		    block_loss(stepper->net, stepper->kernels, seat->space, seat->m, stepper->data->w != NULL);
	phase_end(seat->clock, PHASE_LOSS);
	meet(seat);
}

/* The gradient of layer l goes where the tree wants it. */
static void gradient(struct stepper *stepper, const struct reduction_leaf *leaf, const struct seat *seat, size_t l)
{
	const struct network *net = stepper->net;
	float *grads = updater_slots(&stepper->updater, seat->team)[leaf->slot];
	struct weight_share share;
	for (size_t i = 0; share_weights(&share, seat, net->n[l], net->n[l - 1], i); i++) {
		size_t begin, end;
		gradient_layer(grads, leaf->add, net, stepper->kernels, seat->space, l, &share, seat->m);
		phase_end(seat->clock, PHASE_GRADIENT);
		updater_chunks(&begin, &end, &stepper->updater, l, &share);
		updater_fold(&stepper->updater, seat->team, leaf, begin, end);
		phase_end(seat->clock, PHASE_REDUCTION);
	}
}

/* The front's gradient: some embeddings, some panels of the scale, some of the tables' chunks, some binned numbers. */
static void gradient_of_front(struct stepper *stepper, const struct mini_batch *batch, const struct reduction_leaf *leaf,
                              const struct seat *seat)
{
	const struct network *net = stepper->net;
	struct updater *updater = &stepper->updater;
	struct front_share share;
	size_t chunks[FRONT_PARTS][2];
	split_range(&share.j_begin, &share.j_end, net->front.n_numbers, seat->member, seat->members);
	split_range(&share.p_begin, &share.p_end, net->front.scaling ? panels_of(net->n[0]) : 0, seat->member, seat->members);
	share_groups(&share.t_begin, &share.t_end, seat, net->table_floats, TABLE_CHUNK);
	split_range(&share.b_begin, &share.b_end, net->front.n_binned, seat->member, seat->members);
	updater_front_chunks(chunks, updater, &share);
	gradient_front(updater_slots(updater, seat->team)[leaf->slot], leaf->add, net, stepper->kernels, seat->space, &share,
	               seat->m);
	phase_end(seat->clock, PHASE_GRADIENT);
	for (int i = 0; i < FRONT_PARTS; i++)
		updater_fold(updater, seat->team, leaf, chunks[i][0], chunks[i][1]);
	phase_end(seat->clock, PHASE_REDUCTION);
	if (!batch->at_once)
		return;
	meet(seat); /* the gradients of embeddings, tables and bins read the scale */
	for (int i = 0; i < FRONT_PARTS; i++)
		updater_step(updater, batch->rows.reduction, chunks[i][0], chunks[i][1], &batch->constants);
	phase_end(seat->clock, PHASE_OPTIMIZER);
}

static void backward(const struct stepper *stepper, const struct seat *seat, size_t l)
{
	struct share shares[2];
	const size_t n = share_layer(shares, seat, stepper->net->n[l - 1]);
	for (size_t i = 0; i < n; i++)
		backward_layer(stepper->net, stepper->kernels, seat->space, l, &shares[i], &seat->dropout);
	phase_end(seat->clock, PHASE_BACKWARD);
	meet(seat);
}

/* dZ[l] from dA[l] where the activation is parametric, and the gradient of its alpha: some panels of each member. */
static void parametric(struct stepper *stepper, const struct mini_batch *batch, const struct reduction_leaf *leaf,
                       const struct seat *seat, size_t l)
{
	const struct network *net = stepper->net;
	struct updater *updater = &stepper->updater;
	size_t p_begin, p_end, begin, end;
	split_range(&p_begin, &p_end, panels_of(net->n[l]), seat->member, seat->members);
	parametric_layer(updater_slots(updater, seat->team)[leaf->slot], leaf->add, net, stepper->kernels, seat->space, l, p_begin,
	                 p_end, seat->m);
	phase_end(seat->clock, PHASE_BACKWARD);
	updater_alpha_chunks(&begin, &end, updater, l, p_begin, p_end);
	updater_fold(updater, seat->team, leaf, begin, end);
	phase_end(seat->clock, PHASE_REDUCTION);
	if (batch->at_once) /* the way back has no use for alpha: it is in D */
		updater_step(updater, batch->rows.reduction, begin, end, &batch->constants);
	phase_end(seat->clock, PHASE_OPTIMIZER);
	meet(seat);
}

/* New weights of layer l from the gradient of a mini-batch that is one block. */
static void update(struct stepper *stepper, const struct mini_batch *batch, const struct seat *seat, size_t l)
{
	struct weight_share share;
	for (size_t i = 0; share_weights(&share, seat, stepper->net->n[l], stepper->net->n[l - 1], i); i++) {
		size_t begin, end;
		updater_chunks(&begin, &end, &stepper->updater, l, &share);
		updater_step(&stepper->updater, batch->rows.reduction, begin, end, &batch->constants);
	}
	phase_end(seat->clock, PHASE_OPTIMIZER);
}

/* Forward, loss and backward on one block.  False where a batch that is updated at once has a loss that is not finite. */
static bool work_block(struct stepper *stepper, const struct mini_batch *batch, struct seat *seat)
{
	const size_t block = seat->block;
	const struct reduction_leaf *leaf = &batch->rows.reduction->leaves[block];
	seat->first = block * stepper->plan.block_size;
	seat->m = block_columns(stepper, &batch->rows, block);
	seat->dropout = batch->dropout;
	seat->dropout.row0 = (uint32_t)seat->first;

	gather(stepper, batch, seat);
	look_ahead(stepper, batch, seat);
	forward(stepper, seat);
	loss(stepper, block, seat);
	if (batch->at_once && !isfinite(stepper->block_losses[block]))
		return false;
	for (size_t l = stepper->net->L; l >= 1; l--) {
		gradient(stepper, leaf, seat, l);
		prefetch_ahead(stepper, seat);
		if (l > 1 || network_has_front(stepper->net))
			backward(stepper, seat, l);
		if (l > 1 && stepper->net->front.parametric)
			parametric(stepper, batch, leaf, seat, l - 1);
		if (batch->at_once) /* all members are past the last product that reads W[l] */
			update(stepper, batch, seat, l);
	}
	if (network_has_front(stepper->net))
		gradient_of_front(stepper, batch, leaf, seat);
	return true;
}

/* All of a step but its bookkeeping, where the network is narrow; as work_block, and the batch is one that is updated at once. */
static void work_narrow(struct stepper *stepper, const struct mini_batch *batch)
{
	struct narrow *narrow = &stepper->narrow;
	if (!stepper->gathered)
		narrow_gather(narrow, stepper->data, batch->rows.order, batch->rows.m, stepper->config->label_smoothing);
	stepper->block_losses[0] = narrow_pass(narrow, stepper->kernels, batch->rows.m);
	if (isfinite(stepper->block_losses[0]))
		narrow_update(narrow, &stepper->updater, &batch->constants);
}

/* ---------------------------------------------------------------- a step */

/* This thread's share of the parameters: reduced and updated in one pass, or in two where the norm is needed in between. */
static void reduce_and_update(struct stepper *stepper, struct mini_batch *batch, struct team *team, int tid,
                              struct phase_clock *clock)
{
	struct updater *updater = &stepper->updater;
	const bool clip = stepper->config->clip_norm > 0;
	const size_t begin = updater->shares[tid], end = updater->shares[tid + 1];
	if (clip) {
		updater_reduce(updater, batch->rows.reduction, begin, end);
		phase_end(clock, PHASE_REDUCTION);
		team_barrier(team, tid);
		phase_end(clock, PHASE_WAIT);
		batch->constants.scale = updater_scale(updater, batch->rows.m);
		updater_step(updater, batch->rows.reduction, begin, end, &batch->constants);
	} else {
		updater_reduce_and_step(updater, batch->rows.reduction, begin, end, &batch->constants);
	}
	phase_end(clock, PHASE_OPTIMIZER);
}

/* The batch's loss, block after block: the same on every thread. */
static double batch_loss(const struct stepper *stepper, size_t n_blocks)
{
	double sum = 0;
	for (size_t block = 0; block < n_blocks; block++)
		sum += stepper->block_losses[block];
	return sum;
}

static struct rows rows_of_step(const struct stepper *stepper, const struct epoch_state *state, size_t step)
{
	const size_t size = stepper->plan.batch_size, first = step * size, n_rows = stepper->data->n_rows;
	if (first >= n_rows)
		return (struct rows){0};
	if (n_rows - first >= size)
		return (struct rows){&stepper->full, state->order + first, size};
	return (struct rows){&stepper->last, state->order + first, n_rows - first};
}

static struct mini_batch make_batch(const struct stepper *stepper, const struct epoch_state *state, size_t step)
{
	const struct cln_config *config = stepper->config;
	const size_t done = state->epoch * stepper->steps_per_epoch + step;
	const double rate = state->rate_factor * schedule_rate(config, done, stepper->n_steps, stepper->steps_per_epoch);
	const double regularisation = schedule_regularisation(config, done, stepper->n_steps);
	struct mini_batch batch = {
	    .rows = rows_of_step(stepper, state, step),
	    .next = rows_of_step(stepper, state, step + 1),
	    .dropout = {.rate = config->dropout * regularisation,
	                .seed = config->seed,
	                .epoch = state->epoch,
	                .step = (uint32_t)step},
	    .constants = optimizer_constants(config, rate, done + 1),
	};
	batch.constants.scale = (float)(1.0 / (double)batch.rows.m);
	batch.constants.decay = (float)(rate * config->weight_decay * regularisation);
	batch.at_once =
	    batch.rows.reduction->n_blocks == 1 && stepper->plan.teams == 1 && config->clip_norm <= 0 && !stepper->plan.comm;
	return batch;
}

bool stepper_step(struct stepper *stepper, struct epoch_state *state, size_t step, struct team *team, int tid)
{
	const struct plan *plan = &stepper->plan;
	const size_t members = (size_t)plan->members;
	struct seat seat = {.team = (size_t)tid / members, .member = (size_t)tid % members, .members = members};
	seat.barrier = stepper->barriers[seat.team];
	seat.space = &stepper->spaces[seat.team];
	seat.clock = plan->clocks ? &plan->clocks[tid] : NULL;
	phase_start(seat.clock);
	struct mini_batch batch = make_batch(stepper, state, step);
	phase_end(seat.clock, PHASE_OPTIMIZER);

	size_t begin = 0;
	if (stepper->is_narrow)
		work_narrow(stepper, &batch);
	else
		reduction_run(&begin, &seat.end, batch.rows.reduction, (int)seat.team);
	for (seat.block = begin; seat.block < seat.end; seat.block++) {
		if (seat.block > begin)
			meet(&seat); /* before the block's memory is used again */
		if (!work_block(stepper, &batch, &seat))
			break;
	}
	if (!batch.at_once) {
		team_barrier(team, tid);
		phase_end(seat.clock, PHASE_WAIT);
	}
	if (plan->comm)
		ranks_vote(stepper, state, batch.rows.reduction, team, tid);
	const double sum = batch_loss(stepper, batch.rows.reduction->n_blocks);
	if (tid == 0)
		state->loss_sum += sum;
	if (!isfinite(sum)) { /* before the weights are spoilt, so that they tell where it came from */
		if (tid == 0)
			state->failed_step = step;
		return false;
	}
	if (plan->comm)
		ranks_update(stepper, batch.rows.reduction, batch.rows.m, &batch.constants, team, tid);
	else if (!batch.at_once)
		reduce_and_update(stepper, &batch, team, tid, seat.clock);
	if (tid == 0 && !plan->comm) {
		/* The front puts values in the place of levels' numbers, so these must be gathered again. */
		stepper->gathered =
		    stepper->steps_per_epoch == 1 && plan->n_blocks == 1 && stepper->net->front.n_categories == 0;
		/* The others read it behind this barrier, and tid 0 writes it again only when they have met it in the next step. */
		if (state->observer)
			state->asked = state->observer->ask(state->observer->context);
	}
	team_barrier(team, tid);
	phase_end(seat.clock, PHASE_WAIT);
	return true;
}
