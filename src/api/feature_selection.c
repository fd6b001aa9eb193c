/* SPDX-License-Identifier: MIT */
#include "api/feature_selection.h"

#include <math.h>
#include <string.h>

#include "api/notes.h"
#include "api/sample.h"
#include "api/shuffle.h"
#include "base/dmath.h"
#include "base/memory.h"
#include "base/parallel.h"

#define FEWEST_ROWS 1000    /* of fewer too few are left out to tell anything */
#define FEWEST_OF_CLASS 50  /* nor do fewer of a class */
#define MOST_ROWS 100000    /* columns that say nothing cost little where there are more */
#define FEWEST_COLUMNS 20
#define MOST_COLUMNS 2000   /* of more, a sample of SAMPLE_CELLS has too few rows */
#define FEWEST_KEPT 3
#define MOST_SETS 16        /* halvings from MOST_COLUMNS to FEWEST_KEPT, and more */
#define SAMPLE_ROWS 12500   /* that are learnt from and judged by, ... */
#define SAMPLE_CELLS 2500000 /* ... fewer where there are many columns */
#define MOST_EPOCHS 24      /* of a small network */
#define SHUFFLED_ROWS 500   /* of a fold, or all of them, repeats counted */
#define DOUBT 3             /* standard errors by which a set of columns is better than all */

/* A fold of the rows, and the network that leaves it out. */
struct fold {
	bool *keep;           /* the candidates that it learns from */
	double *rise;         /* of its log loss when one of these is shuffled, else 0 */
	size_t n;             /* rows */
	double *before, *now; /* their log losses with all columns, and with those kept */
	double *w;            /* their weights */
	enum cln_status status;
	struct cln_error err;
};

/* The columns that are left after some halvings, and what it is worth to learn from no others. */
struct set {
	bool *keep;
	size_t n;
	double loss;              /* log loss of all rows left out */
	double difference, error; /* from the log loss with all columns, and its standard error over the rows */
};

struct selection {
	const struct pilot *pilot;
	const struct cln_table *table;
	struct cln_config config; /* of the small networks */
	size_t C;                 /* candidates: columns that give features */
	size_t *columns;          /* their numbers in the table */
	size_t rows;              /* that the small networks learn from and are judged by */
	struct fold folds[PILOT_MEMBERS];
	struct set sets[MOST_SETS];
	size_t n_sets;
	bool ranks;               /* the columns are to be ranked */
	int lanes, threads;
	struct lock *lock;
	bool stopped;             /* under the lock: the observer's wish */
};

/* ---------------------------------------------------------------- set-up */

static size_t sample_rows(const struct prepared *data)
{
	const size_t n = SAMPLE_CELLS / sample_count(data->pipeline), most = n < SAMPLE_ROWS ? n : SAMPLE_ROWS;

	return data->train_rows < most ? data->train_rows : most;
}

/* Not where the training rows are but a part of those that the folds are cut from, the rest of which validates. */
static bool has_all_rows(const struct pilot *pilot)
{
	return prepared_folds(pilot->common->data) > 0 || pilot->config->valid_fraction == 0;
}

static bool is_worth_trying(const struct pilot *pilot)
{
	const struct prepared *data = pilot->common->data;
	const size_t n = sample_count(data->pipeline);

	return pilot->config->feature_selection && pilot_is_allowed(pilot) && has_all_rows(pilot) &&
	       data->train_rows >= FEWEST_ROWS && data->train_rows <= MOST_ROWS && n >= FEWEST_COLUMNS && n <= MOST_COLUMNS &&
	       (double)sample_rows(data) * fmin(data->positive_rate, 1 - data->positive_rate) >= FEWEST_OF_CLASS;
}

static enum cln_status find_candidates(struct selection *all, struct cln_error *err)
{
	const struct pipeline *pipeline = all->pilot->common->data->pipeline;

	all->columns = mem_alloc(sample_count(pipeline), sizeof *all->columns, err);
	if (!all->columns)
		return CLN_E_MEMORY;
	for (size_t c = 0; c < pipeline->n_columns; c++)
		if (pipeline->columns[c].n_features > 0)
			all->columns[all->C++] = table_find_cells(all->table, pipeline->columns[c].name);
	return CLN_OK;
}

/* As many lanes as there are folds, threads, and room for their rows. */
static void choose_lanes(struct selection *all)
{
	const struct prepared *data = all->pilot->common->data;
	const uint64_t bytes = sizeof(float) * (uint64_t)all->rows * data->pipeline->n_features;

	all->threads = all->pilot->threads;
	all->lanes = all->threads < PILOT_MEMBERS ? all->threads : PILOT_MEMBERS;
	while (PILOT_MEMBERS % all->lanes)
		all->lanes--;
	while (all->lanes > 1 && !memory_holds((uint64_t)all->lanes * bytes))
		all->lanes /= 2;
}

static enum cln_status set_up(struct selection *all, struct cln_error *err)
{
	enum cln_status status = find_candidates(all, err);

	if (status != CLN_OK)
		return status;
	all->rows = sample_rows(all->pilot->common->data);
	pilot_config(&all->config, all->pilot, all->rows);
	if (all->config.epochs > MOST_EPOCHS)
		all->config.epochs = MOST_EPOCHS;
	all->config.valid_fraction = 0.2; /* whatever the training validates on */
	for (size_t k = 0; k < PILOT_MEMBERS; k++) {
		struct fold *fold = &all->folds[k];

		fold->keep = mem_alloc(all->C, sizeof *fold->keep, err);
		fold->rise = mem_alloc(all->C, sizeof *fold->rise, err);
		if (!fold->keep || !fold->rise)
			return CLN_E_MEMORY;
		memset(fold->keep, true, all->C);
	}
	choose_lanes(all);
	return lock_create(&all->lock, all->threads, err);
}

static void free_all(struct selection *all)
{
	for (size_t k = 0; k < PILOT_MEMBERS; k++) {
		mem_free(all->folds[k].keep);
		mem_free(all->folds[k].rise);
		mem_free(all->folds[k].before);
		mem_free(all->folds[k].now);
		mem_free(all->folds[k].w);
	}
	for (size_t i = 0; i < MOST_SETS; i++)
		mem_free(all->sets[i].keep);
	mem_free(all->columns);
	lock_destroy(all->lock);
	mem_free(all);
}

/* ---------------------------------------------------------------- a fold */

/* The table's columns that are not among those kept. */
static bool *columns_left_out(const struct selection *all, const bool *keep, struct cln_error *err)
{
	bool *left_out = mem_alloc(all->table->n_columns, sizeof *left_out, err);

	for (size_t c = 0; left_out && c < all->C; c++)
		left_out[all->columns[c]] = !keep[c];
	return left_out;
}

/* The trainer's `ask`, from any lane. */
static enum cln_ask hear_ask(void *context)
{
	struct selection *all = context;
	const struct cln_observer *observer = all->pilot->observer;

	lock_enter(all->lock);
	all->stopped = all->stopped || observer->ask(observer->context) == CLN_SAVE_AND_STOP;
	const bool stopped = all->stopped;
	lock_leave(all->lock);
	return stopped ? CLN_SAVE_AND_STOP : CLN_GO_ON; /* a checkpoint of small networks would be of no use */
}

static enum cln_status learn(struct selection *all, struct trainee *trainee, struct cln_error *err)
{
	const struct cln_observer *asked = all->pilot->observer, observer = {.context = all, .ask = hear_ask};
	struct trainer_result result;

	return trainer_run(trainee->network, &trainee->rows.train, trainee_valid(trainee), &trainee->config, &trainee->plan,
			   all->pilot->common->kernels, asked && asked->ask ? &observer : NULL, &result, err);
}

static struct scorer scorer_of(const struct selection *all, const struct trainee *trainee, const struct network **network)
{
	*network = trainee->network;
	return (struct scorer){network, 1, all->pilot->common->kernels, trainee->plan.threads, 1};
}

static enum cln_status make_room(struct fold *fold, size_t n, struct cln_error *err)
{
	fold->n = n;
	fold->before = mem_alloc(n, sizeof *fold->before, err);
	fold->now = mem_alloc(n, sizeof *fold->now, err);
	fold->w = mem_alloc(n, sizeof *fold->w, err);
	return fold->before && fold->now && fold->w ? CLN_OK : CLN_E_MEMORY;
}

/* What a row of each class weighs in the training beside its own weight, but for a factor that both have. */
static void find_class_weights(double weights[2], const struct member_rows *rows, const float *row_weights)
{
	weights[0] = weights[1] = 1;
	for (size_t i = 0; i < rows->train.n_rows && rows->train.w; i++) {
		const size_t row = dataset_row(&rows->train, i);
		weights[rows->train.y[row] > 0.5f] = (double)rows->train.w[row] / (row_weights ? (double)row_weights[row] : 1);
	}
}

/* The log losses of the rows left out, which weigh what they would in the training; first: those with all columns. */
static enum cln_status judge(struct fold *fold, bool first, const struct member_rows *rows, const struct scorer *scorer,
			     struct cln_error *err)
{
	const struct dataset *left_out = &rows->valid;
	const struct some_rows some = {.X = left_out->X, .rows = left_out->rows, .n = left_out->n_rows};
	float *scores = mem_alloc(some.n, 2 * sizeof *scores, err), *logits = scores ? scores + some.n : NULL;
	double class_weights[2];
	enum cln_status status = scores ? CLN_OK : CLN_E_MEMORY;

	find_class_weights(class_weights, rows, left_out->w);
	if (status == CLN_OK)
		status = scores_here(scores, logits, scorer, &some, err);
	if (status == CLN_OK && first)
		status = make_room(fold, some.n, err);
	if (status == CLN_OK)
		status = sample_check_logits(logits, some.n, NULL, err);
	for (size_t i = 0; i < some.n && status == CLN_OK; i++) {
		const size_t row = dataset_row(left_out, i);
		const bool positive = left_out->y[row] > 0.5f;

		fold->w[i] = (left_out->w ? (double)left_out->w[row] : 1) * class_weights[positive];
		fold->now[i] = dmath_softplus((double)(positive ? -logits[i] : logits[i]));
	}
	if (status == CLN_OK && first)
		memcpy(fold->before, fold->now, some.n * sizeof *fold->now);
	mem_free(scores);
	return status;
}

/* What shuffling each of the columns that the network learnt from costs it on the fold. */
static enum cln_status rank(struct fold *fold, const struct selection *all, const struct prepared *data,
			    const struct dataset *left_out, const struct scorer *scorer, struct cln_error *err)
{
	const size_t n = left_out->n_rows;
	const struct shuffle_part part = {left_out->rows, n, *scorer};
	float *y = mem_alloc(n, 2 * sizeof *y, err), *w = y ? y + n : NULL;
	struct cln_importance *importance = NULL;
	enum cln_status status = y ? CLN_OK : CLN_E_MEMORY;

	for (size_t i = 0; i < n && y; i++) {
		y[i] = left_out->y[dataset_row(left_out, i)];
		w[i] = (float)fold->w[i];
	}
	const struct shuffle_task task = {.pipeline = data->pipeline,
					  .X = left_out->X,
					  .parts = &part,
					  .n_parts = 1,
					  .n = n,
					  .y = y,
					  .w = w,
					  .repeats = (SHUFFLED_ROWS + n - 1) / n,
					  .seed = all->config.seed,
					  .threads = scorer->threads};
	if (status == CLN_OK)
		status = shuffle_compute(&importance, &task, err);
	for (size_t c = 0, i = 0; c < all->C && status == CLN_OK; c++) {
		const char *name = all->table->columns[all->columns[c]].name;
		const bool is_next = i < importance->n_columns && strcmp(importance->columns[i].column, name) == 0;

		fold->rise[c] = is_next ? importance->columns[i++].log_loss.value : 0; /* a sample's column may be constant */
	}
	cln_importance_destroy(importance);
	mem_free(y);
	return status;
}

static enum cln_status try_fold(struct selection *all, size_t k, int threads, struct cln_error *err)
{
	struct fold *fold = &all->folds[k];
	struct prepared data = {0};
	struct front front = {0};
	struct trainee trainee = {0};
	const struct common common = {.config = &all->config,
				      .kernels = all->pilot->common->kernels,
				      .data = &data,
				      .front = &front,
				      .tail_bins = pilot_has_bins_anyway(all->pilot),
				      .K = PILOT_MEMBERS};
	bool *left_out = columns_left_out(all, fold->keep, err);
	const struct prepare_part part = {left_out, all->rows};
	const struct network *network;
	enum cln_status status = left_out ? CLN_OK : CLN_E_MEMORY;

	if (status == CLN_OK)
		status = prepare(&data, all->table, NULL, NULL, NULL, &all->config, &part, threads, NULL, err);
	if (status == CLN_OK)
		status = trainee_front(&front, &common, err);
	if (status == CLN_OK)
		status = trainee_create(&trainee, &common, k, threads, true, err);
	if (status == CLN_OK)
		status = learn(all, &trainee, err);
	const struct scorer scorer = scorer_of(all, &trainee, &network);
	if (status == CLN_OK)
		status = judge(fold, all->n_sets == 0, &trainee.rows, &scorer, err);
	if (status == CLN_OK && all->ranks)
		status = rank(fold, all, &data, &trainee.rows.valid, &scorer, err);
	trainee_free(&trainee);
	front_free(&front);
	prepared_free(&data);
	mem_free(left_out);
	return status;
}

static void lane_body(void *argument, int lane)
{
	struct selection *all = argument;
	const int threads = parallel_lane_threads(lane, all->lanes, all->threads);

	for (size_t k = (size_t)lane; k < PILOT_MEMBERS; k += (size_t)all->lanes)
		all->folds[k].status = try_fold(all, k, threads, &all->folds[k].err);
}

/* ---------------------------------------------------------------- a set of columns */

/* The weighted mean of the rows' losses and of their differences, and that mean's standard error. */
static void compare(struct set *set, const struct selection *all)
{
	double W = 0, loss = 0, difference = 0, squares = 0, n = 0;

	for (size_t k = 0; k < PILOT_MEMBERS; k++) {
		const struct fold *fold = &all->folds[k];

		for (size_t i = 0; i < fold->n; i++) {
			W += fold->w[i];
			loss += fold->w[i] * fold->now[i];
			difference += fold->w[i] * (fold->now[i] - fold->before[i]);
		}
		n += (double)fold->n;
	}
	set->loss = loss / W;
	set->difference = difference / W;
	for (size_t k = 0; k < PILOT_MEMBERS; k++) {
		const struct fold *fold = &all->folds[k];

		for (size_t i = 0; i < fold->n; i++) {
			const double u = fold->w[i] * (fold->now[i] - fold->before[i] - set->difference) / W;
			squares += u * u;
		}
	}
	set->error = sqrt(squares * n / (n - 1));
}

/* Networks that diverge, or whose logits are no numbers (CLN_E_DATA), make a set infinitely bad. */
static enum cln_status try_set(struct selection *all, struct set *set, struct cln_error *err)
{
	enum cln_status status = parallel_lanes(all->lanes, all->threads, lane_body, all, err);

	set->loss = set->difference = INFINITY;
	for (size_t k = 0; k < PILOT_MEMBERS && status == CLN_OK; k++) {
		const struct fold *fold = &all->folds[k];

		if (fold->status == CLN_E_DIVERGED || fold->status == CLN_E_DATA)
			return CLN_OK;
		status = fold->status;
		if (status != CLN_OK && err)
			*err = fold->err;
	}
	if (status == CLN_OK)
		compare(set, all);
	return status;
}

/* Keeps the n candidates of greatest score, of equal ones the first. */
static void keep_best(bool *keep, bool *before, const double *score, size_t C, size_t n)
{
	memcpy(before, keep, C);
	for (size_t c = 0; c < C; c++) {
		size_t better = 0;

		for (size_t d = 0; d < C && before[c]; d++)
			better += before[d] && (score[d] > score[c] || (score[d] == score[c] && d < c));
		keep[c] = before[c] && better < n;
	}
}

/* The next set of columns, and what each fold's network learns from: by the figures of all folds, and of all but its own. */
static enum cln_status halve(struct selection *all, size_t n, struct cln_error *err)
{
	struct set *set = &all->sets[all->n_sets];
	double *score = mem_alloc(all->C, sizeof *score, err);
	bool *before = mem_alloc(all->C, sizeof *before, err);
	enum cln_status status = score && before ? CLN_OK : CLN_E_MEMORY;

	for (size_t k = 0; k <= PILOT_MEMBERS && status == CLN_OK; k++) {
		bool *keep = k < PILOT_MEMBERS ? all->folds[k].keep : set->keep;

		for (size_t c = 0; c < all->C; c++) {
			score[c] = 0;
			for (size_t j = 0; j < PILOT_MEMBERS; j++)
				score[c] += j != k ? all->folds[j].rise[c] : 0;
		}
		keep_best(keep, before, score, all->C, n);
	}
	mem_free(before);
	mem_free(score);
	return status;
}

/* ---------------------------------------------------------------- all sets */

/* Two halvings in a row that have brought nothing. */
static bool has_failed_twice(const struct selection *all)
{
	const size_t n = all->n_sets;
	double best = INFINITY;

	if (n < 3)
		return false;
	for (size_t i = 0; i + 2 < n; i++)
		best = fmin(best, all->sets[i].loss);
	return all->sets[n - 2].loss > best && all->sets[n - 1].loss > best;
}

static enum cln_status try_sets(struct selection *all, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	for (size_t n = all->C; n >= FEWEST_KEPT && all->n_sets < MOST_SETS && status == CLN_OK; n = (n + 1) / 2) {
		struct set *set = &all->sets[all->n_sets];

		set->n = n;
		set->keep = mem_alloc(all->C, sizeof *set->keep, err);
		if (!set->keep)
			return CLN_E_MEMORY;
		if (all->n_sets == 0)
			memset(set->keep, true, all->C);
		else
			memcpy(set->keep, all->sets[all->n_sets - 1].keep, all->C);
		if (all->n_sets > 0)
			status = halve(all, n, err);
		all->ranks = (n + 1) / 2 >= FEWEST_KEPT;
		if (status == CLN_OK)
			status = try_set(all, set, err);
		all->n_sets++;
		if (!isfinite(set->loss) || has_failed_twice(all))
			break;
	}
	return status;
}

/* Of the sets that are surely better than all columns the first, which is the largest, that is as good as the best of them within
 * that one's error; 0: all columns. */
static size_t choose(const struct selection *all)
{
	size_t best = 0;

	for (size_t i = 1; i < all->n_sets; i++)
		if (all->sets[i].difference < -DOUBT * all->sets[i].error && all->sets[i].loss < all->sets[best].loss)
			best = i;
	for (size_t i = 1; i < best; i++)
		if (all->sets[i].difference < -DOUBT * all->sets[i].error &&
		    all->sets[i].loss <= all->sets[best].loss + all->sets[best].error)
			return i;
	return best;
}

/* Where all columns are kept the best of the other sets is told beside them. */
static void tell(const struct selection *all, size_t chosen, const bool *left_out)
{
	const struct cln_observer *observer = all->pilot->observer;
	size_t rows = 0, other = 1;

	for (size_t k = 0; k < PILOT_MEMBERS; k++)
		rows += all->folds[k].n;
	for (size_t i = 2; i < all->n_sets; i++)
		if (all->sets[i].loss < all->sets[other].loss)
			other = i;
	if (chosen == 0 && all->n_sets > 1 && isfinite(all->sets[other].loss))
		note(observer, "no column is left out: the log loss of small networks on %zu rows that they did not learn from is "
		     "%.4f with all %zu columns and %.4f with %zu", rows, all->sets[0].loss, all->C, all->sets[other].loss,
		     all->sets[other].n);
	if (chosen == 0)
		return;
	note(observer, "%zu of %zu columns are left out (--feature-selection=false keeps all): the log loss of small networks on "
	     "%zu rows that they did not learn from is %.4f with all and %.4f with %zu", all->C - all->sets[chosen].n, all->C,
	     rows, all->sets[0].loss, all->sets[chosen].loss, all->sets[chosen].n);
	notes_of_kept(observer, all->pilot->common->data->pipeline, all->table, left_out);
}

enum cln_status feature_selection(bool **left_out, const struct pilot *pilot, const struct cln_table *table, struct cln_error *err)
{
	struct selection *all;
	enum cln_status status;

	*left_out = NULL;
	if (!is_worth_trying(pilot))
		return CLN_OK;
	all = mem_alloc(1, sizeof *all, err);
	if (!all)
		return CLN_E_MEMORY;
	all->pilot = pilot;
	all->table = table;
	status = set_up(all, err);
	if (status == CLN_OK)
		status = try_sets(all, err);
	const size_t chosen = status == CLN_OK ? choose(all) : 0;
	if (chosen > 0) {
		*left_out = columns_left_out(all, all->sets[chosen].keep, err);
		status = *left_out ? CLN_OK : CLN_E_MEMORY;
	}
	if (status == CLN_OK)
		tell(all, chosen, *left_out);
	free_all(all);
	return status;
}
