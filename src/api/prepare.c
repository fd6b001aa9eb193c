/* SPDX-License-Identifier: MIT */
#include "api/prepare.h"

#include <math.h>
#include <string.h>

#include "api/columns.h"
#include "api/folds.h"
#include "api/identity.h"
#include "api/notes.h"

enum { PART_TEST, PART_VALID, PART_FOLDS, PART_SAMPLE }; /* of splits: each its own permutations */

/* ---------------------------------------------------------------- label and weight */

static char *copy_text(const char *text, struct cln_error *err) { return mem_copy(text, strlen(text), err); }

/* The label of a model to start from: the table must have its column, and the config must not ask for another. */
static enum cln_status take_label(struct label *label, const struct label *from, const struct cln_table *table,
				  const struct cln_config *config, struct cln_error *err)
{
	if (config->label) {
		const size_t column = table_find(table, config->label);
		const char *asked = column == SIZE_MAX ? config->label : table->columns[column].name;

		if (strcmp(asked, from->column) != 0) /* where it is not there the reader of labels says so */
			return error_set(err, CLN_E_USAGE, "--label %s: the model to start from has the label \"%s\"",
					 config->label, from->column);
	}
	if (config->positive && !label_is_positive(from, config->positive))
		return error_set(err, CLN_E_USAGE, "--positive %s: the positive class of the model to start from is \"%s\"",
				 config->positive, from->positive);
	label->column = copy_text(from->column, err);
	label->negative = copy_text(from->negative, err);
	label->positive = copy_text(from->positive, err);
	return label->column && label->negative && label->positive ? CLN_OK : CLN_E_MEMORY;
}

static enum cln_status find_label(struct prepared *prepared, const struct cln_table *train, const struct cln_model *init,
                                  const struct cln_config *config, const struct cln_observer *observer, struct cln_error *err)
{
	enum cln_status status;

	if (init)
		return take_label(&prepared->label, &init->label, train, config, err);
	status = label_find(&prepared->label, train, config->label, config->positive, config->weight, NULL, err);
	if (status == CLN_OK && !config->label)
		note(observer, "the label is the last column, \"%s\" (--label chooses another)", prepared->label.column);
	return status;
}

/* The weight column's name, for tables in which it has another number. */
static enum cln_status find_weight(struct prepared *prepared, const struct cln_table *train, const struct cln_config *config,
				   struct cln_error *err)
{
	size_t column;

	if (!config->weight)
		return CLN_OK;
	column = table_find(train, config->weight);
	if (column == SIZE_MAX)
		return error_set(err, CLN_E_DATA, "%s: there is no column \"%s\" for the weight", train->source, config->weight);
	if (strcmp(train->columns[column].name, prepared->label.column) == 0)
		return error_set(err, CLN_E_USAGE, "column \"%s\" cannot be both the label and the weight", prepared->label.column);
	prepared->weight = copy_text(train->columns[column].name, err);
	return prepared->weight ? CLN_OK : CLN_E_MEMORY;
}

static enum cln_status keep_left_out(struct prepared *prepared, const struct prepare_part *part, const struct cln_table *train,
				     struct cln_error *err)
{
	if (!part || !part->left_out)
		return CLN_OK;
	prepared->left_out = mem_alloc(train->n_columns, sizeof *prepared->left_out, err);
	if (!prepared->left_out)
		return CLN_E_MEMORY;
	memcpy(prepared->left_out, part->left_out, train->n_columns * sizeof *prepared->left_out);
	return CLN_OK;
}

/* ---------------------------------------------------------------- rows */

static enum cln_status row_set_read(struct labelled_rows *set, struct prepared *prepared, const struct cln_table *table,
				    struct cln_error *err)
{
	const enum cln_status status = labels_read(set, table, &prepared->label, prepared->weight, NULL, err);

	if (status != CLN_OK)
		return status;
	prepared->dropped_rows += set->n_dropped;
	if (set->n == 0 && set->n_dropped)
		return error_set(err, CLN_E_DATA, "%s: every row's weight is 0 (column \"%s\")", table->source, prepared->weight);
	return set->n > 0 ? CLN_OK : error_set(err, CLN_E_DATA, "%s: there are no rows", table->source);
}

/* Moves rows out of a set into `part`: which go and which stay, by their places in it. */
static enum cln_status row_set_divide(struct labelled_rows *set, struct labelled_rows *part, const uint32_t *go, size_t n_go,
				      const uint32_t *stay, size_t n_stay, struct cln_error *err)
{
	struct labelled_rows rest = {0};
	enum cln_status status = labelled_rows_choose(part, set, go, n_go, err);

	if (status == CLN_OK)
		status = labelled_rows_choose(&rest, set, stay, n_stay, err);
	if (status != CLN_OK)
		return status;
	labelled_rows_free(set);
	*set = rest;
	return CLN_OK;
}

/* Moves a stratified fraction of a set into `part`. */
static enum cln_status row_set_split(struct labelled_rows *set, struct labelled_rows *part, double fraction, uint64_t seed,
				     uint32_t which, struct cln_error *err)
{
	uint32_t *first, *second;
	size_t n_first, n_second;
	enum cln_status status = split_stratified(&first, &n_first, &second, &n_second, set->y, set->n, fraction, seed, which, err);

	if (status != CLN_OK)
		return status;
	status = row_set_divide(set, part, second, n_second, first, n_first, err);
	mem_free(first);
	mem_free(second);
	return status;
}

/* Moves the rows of a fold into `part`. */
static enum cln_status row_set_leave_out(struct labelled_rows *set, struct labelled_rows *part, const struct cln_config *config,
					 struct cln_error *err)
{
	uint32_t *go = mem_alloc(set->n, sizeof *go, err), *stay = go ? mem_alloc(set->n, sizeof *stay, err) : NULL;
	size_t n_go = 0, n_stay = 0;
	enum cln_status status = stay ? CLN_OK : CLN_E_MEMORY;

	for (size_t i = 0; i < set->n && status == CLN_OK; i++) {
		if (config->fold_of_row[set->rows[i]] == config->left_out)
			go[n_go++] = (uint32_t)i;
		else
			stay[n_stay++] = (uint32_t)i;
	}
	if (status == CLN_OK && (n_go == 0 || n_stay == 0))
		status = error_set(err, CLN_E_DATA, "%s: the fold that is left out has %s", set->table->source,
				   n_go ? "all rows" : "no rows");
	if (status == CLN_OK)
		status = row_set_divide(set, part, go, n_go, stay, n_stay, err);
	mem_free(stay);
	mem_free(go);
	return status;
}

struct row_sets {
	struct labelled_rows train, valid, test;
};

static void row_sets_free(struct row_sets *sets)
{
	labelled_rows_free(&sets->train);
	labelled_rows_free(&sets->valid);
	labelled_rows_free(&sets->test);
}

static bool wants_folds(const struct cln_table *valid, const struct cln_config *config)
{
	return !valid && config->ensemble > 1 && config->valid_fraction > 0;
}

/* Both fractions are of the training table's rows, so once the test rows are gone the validation rows are a greater part of what is
 * left. */
static enum cln_status read_rows(struct row_sets *sets, struct prepared *prepared, const struct cln_table *train,
				 const struct cln_table *valid, const struct cln_table *test, const struct cln_config *config,
				 struct cln_error *err)
{
	double left = 1;
	enum cln_status status = row_set_read(&sets->train, prepared, train, err);

	if (status == CLN_OK && config->fold_of_row) {
		status = row_set_leave_out(&sets->train, &sets->test, config, err);
	} else if (status == CLN_OK && test) {
		status = row_set_read(&sets->test, prepared, test, err);
	} else if (status == CLN_OK && config->test_fraction > 0) {
		status = row_set_split(&sets->train, &sets->test, config->test_fraction, config->seed, PART_TEST, err);
		left -= config->test_fraction;
	}
	if (status == CLN_OK && valid)
		status = row_set_read(&sets->valid, prepared, valid, err);
	else if (status == CLN_OK && config->valid_fraction > 0 && !wants_folds(valid, config))
		status = row_set_split(&sets->train, &sets->valid, config->valid_fraction / left, config->seed, PART_VALID, err);
	return status;
}

/* As many rows as are wanted, of both classes their share. */
static enum cln_status take_sample(struct row_sets *sets, const struct prepare_part *part, const struct cln_config *config,
				   struct cln_error *err)
{
	struct labelled_rows rest = {0};
	enum cln_status status = CLN_OK;

	if (!part || part->most_rows == 0)
		return CLN_OK;
	labelled_rows_free(&sets->test);
	if (sets->train.n > part->most_rows)
		status = row_set_split(&sets->train, &rest, 1 - (double)part->most_rows / (double)sets->train.n, config->seed,
				       PART_SAMPLE, err);
	labelled_rows_free(&rest);
	return status;
}

static size_t count_positive(const struct labelled_rows *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++)
		n += set->y[i] > 0.5f;
	return n;
}

static enum cln_status check_classes(const struct row_sets *sets, const struct label *label, const struct cln_config *config,
				     struct cln_error *err)
{
	size_t n_train = count_positive(&sets->train), n_valid = count_positive(&sets->valid);

	if (n_train == 0 || n_train == sets->train.n)
		return error_set(
		    err, CLN_E_DATA,
		    "%s: every training row has the label \"%s\" (column \"%s\"); two classes are needed to learn from",
		    sets->train.table->source, n_train ? label->positive : label->negative, label->column);
	if (config->metric == CLN_AUC && sets->valid.n > 0 && (n_valid == 0 || n_valid == sets->valid.n))
		return error_set(err, CLN_E_DATA, "the %zu validation rows are all of one class, for which there is no AUC; "
		                 "take more of them, or another --metric", sets->valid.n);
	return CLN_OK;
}

/* ---------------------------------------------------------------- folds */

/* Of the rows that all members learn from, each but for a fold of them. */
struct folded {
	struct folds folds;
	const struct cln_config *config;
};

static size_t least_of_class(const struct labelled_rows *set)
{
	const size_t n = count_positive(set);

	return n < set->n - n ? n : set->n - n;
}

/* Every fold holds rows of both classes but for a class of one row, which is in none. */
static enum cln_status check_folds(const struct folds *folds, size_t wanted, const struct labelled_rows *set,
				   const struct cln_config *config, const struct cln_observer *observer, struct cln_error *err)
{
	const size_t least = least_of_class(set);

	if (folds->n > 0 && config->metric == CLN_AUC && least == 1)
		return error_set(err, CLN_E_DATA,
				 "one label value has a single training row, so there is no AUC of the rows that a member of the "
				 "ensemble leaves out; take more rows, or another --metric");
	if (folds->n > 0 && folds->n < wanted)
		note(observer, "--valid-fraction %g asks for %zu folds, but a label value has no more than %zu rows: %zu folds",
		     config->valid_fraction, wanted, folds->n, folds->n);
	return CLN_OK;
}

static enum cln_status make_folds(struct prepared *prepared, const struct labelled_rows *set, const struct cln_config *config,
				  const struct cln_observer *observer, struct cln_error *err)
{
	const double inverse = floor(1 / config->valid_fraction + 0.5);
	const size_t wanted = inverse < 2 ? 2 : inverse > (double)set->n ? set->n : (size_t)inverse;
	struct folded *folded = mem_alloc(1, sizeof *folded, err);
	enum cln_status status;

	if (!folded)
		return CLN_E_MEMORY;
	prepared->folded = folded;
	folded->config = config;
	status = folds_create(&folded->folds, set->y, set->n, wanted, config->seed, PART_FOLDS, err);
	if (status == CLN_OK)
		status = check_folds(&folded->folds, wanted, set, config, observer, err);
	if (status == CLN_OK && folded->folds.n == 0) {
		mem_free(folded);
		prepared->folded = NULL;
	}
	return status;
}

static size_t rows_in_fold(const struct folds *folds, size_t n_rows, size_t fold)
{
	size_t n = 0;

	for (size_t i = 0; i < n_rows; i++)
		n += folds->of_row[i] == fold;
	return n;
}

/* The rows outside of a fold, then those in it: their numbers, or what `rows` has for these; mem_free. */
static uint32_t *cut_fold(const struct folds *folds, size_t fold, size_t n_rows, const uint32_t *rows, struct cln_error *err)
{
	uint32_t *lists = mem_alloc(n_rows, sizeof *lists, err), *outside = lists;
	uint32_t *inside = lists ? lists + n_rows - rows_in_fold(folds, n_rows, fold) : NULL;

	for (size_t i = 0; lists && i < n_rows; i++)
		*(folds->of_row[i] == fold ? inside++ : outside++) = rows ? rows[i] : (uint32_t)i;
	return lists;
}

static void folded_destroy(struct folded *folded)
{
	if (!folded)
		return;
	folds_free(&folded->folds);
	mem_free(folded);
}

/* ---------------------------------------------------------------- weights */

/* Rows with labels and weights of the table's, as a dataset has them: all, or those that `rows` lists. */
struct weighed {
	const float *y, *w; /* w = NULL: all 1 */
	const uint32_t *rows;
	size_t n, n_rows;   /* of these rows, and of all that y and w have */
};

/* The row's weight times its class factor. */
static double weight_of(const struct weighed *set, size_t row, const double factors[2])
{
	return (set->w ? (double)set->w[row] : 1) * factors[set->y[row] > 0.5f];
}

static size_t row_of(const struct weighed *set, size_t i)
{
	return set->rows ? set->rows[i] : i;
}

/* The factors of the two classes; balanced: n / (2 n_c), by sums of weights. */
static void class_factors(double factors[2], const struct weighed *set, const struct cln_config *config)
{
	static const double ones[2] = {1, 1};
	double sums[2] = {0, 0};

	factors[0] = factors[1] = 1;
	if (config->class_weight == CLN_CLASS_WEIGHT_GIVEN) {
		factors[0] = config->class_weights[0];
		factors[1] = config->class_weights[1];
	} else if (config->class_weight == CLN_CLASS_WEIGHT_BALANCED) {
		for (size_t i = 0; i < set->n; i++)
			sums[set->y[row_of(set, i)] > 0.5f] += weight_of(set, row_of(set, i), ones);
		for (int c = 0; c < 2; c++)
			factors[c] = (sums[0] + sums[1]) / (2 * sums[c]);
	}
}

/* The odds of a model whose rows weigh otherwise are those of such rows: what that comes to is told. */
static void note_class_weights(const struct labelled_rows *train, const struct cln_config *config,
			       const struct cln_observer *observer)
{
	const struct weighed all = {train->y, train->w, NULL, train->n, train->n};
	double factors[2], ratio;

	class_factors(factors, &all, config);
	ratio = factors[1] / factors[0];
	if (ratio == 1)
		return;
	note(observer,
	     "--class-weight: a positive row counts %.4g times as much as a negative one, so the odds of every probability are "
	     "about %.4g times those of the rows: p stands for p / (p + %.4g (1 - p)), and 0.5 for %.4g",
	     ratio, ratio, ratio, 1 / (1 + ratio));
}

/* Training weights: row weight times class factor, over their mean, each in its row's place.  *w is NULL where all are 1. */
static enum cln_status training_weights(float **w, const struct weighed *set, const struct cln_config *config,
					struct cln_error *err)
{
	double factors[2], sum = 0;
	bool all_1 = true;

	*w = NULL;
	if (!set->w && config->class_weight == CLN_CLASS_WEIGHT_NONE)
		return CLN_OK;
	*w = mem_alloc(set->n_rows, sizeof **w, err);
	if (!*w)
		return CLN_E_MEMORY;
	class_factors(factors, set, config);
	for (size_t i = 0; i < set->n; i++)
		sum += weight_of(set, row_of(set, i), factors);
	for (size_t i = 0; i < set->n; i++) {
		const size_t row = row_of(set, i);

		(*w)[row] = (float)(weight_of(set, row, factors) * ((double)set->n / sum));
		all_1 &= (*w)[row] == 1;
	}
	if (all_1) {
		mem_free(*w);
		*w = NULL;
	}
	return CLN_OK;
}

/* ---------------------------------------------------------------- features */

/* Which columns may become features: all but the label, the weight, those ignored or left out, and texts that tell every row from
 * all others; a model to go on from has made that choice. */
static bool *choose_columns(const struct prepared *prepared, const struct cln_table *table, const struct cln_model *init,
			    struct cln_error *err)
{
	bool *use = mem_alloc(table->n_columns, sizeof *use, err);

	for (size_t c = 0; use && c < table->n_columns; c++) {
		const struct column *column = &table->columns[c];

		use[c] = !column->ignored && strcmp(column->name, prepared->label.column) != 0 &&
		         !(prepared->left_out && prepared->left_out[c]) &&
		         !(prepared->weight && strcmp(column->name, prepared->weight) == 0) &&
		         (init || !column_is_left_out(table, column));
	}
	return use;
}

static void count_columns(struct prepared *prepared, const struct cln_table *table, const bool *use)
{
	for (size_t c = 0; c < table->n_columns; c++) {
		if (!use[c])
			continue;
		prepared->missing_cells += table->columns[c].n_missing;
		if (table->columns[c].type == COLUMN_NUMERIC)
			prepared->numeric_columns++;
		else
			prepared->categorical_columns++;
	}
}

static enum cln_status make_pipeline(struct prepared *prepared, const struct labelled_rows *train, const struct cln_model *init,
				     const struct cln_config *config, int threads, const struct cln_observer *observer,
				     struct cln_error *err)
{
	bool *use = choose_columns(prepared, train->table, init, err);
	const struct pipeline_settings settings = {use, config->scale, config->max_levels, config->one_hot_levels,
						    config->level_rows};
	enum cln_status status;

	if (!use)
		return CLN_E_MEMORY;
	count_columns(prepared, train->table, use);
	notes_of_table(observer, train->table, use);
	if (init)
		status = pipeline_clone(&prepared->pipeline, init->pipeline, err);
	else
		status = pipeline_fit(&prepared->pipeline, train->table, train->rows, prepared->train_row_weights, train->n,
				      &settings, threads, err);
	if (status == CLN_OK && !init)
		notes_of_pipeline(observer, prepared->pipeline, train->table);
	mem_free(use);
	return status;
}

/* The dataset of a set, which is no longer needed then. */
static enum cln_status make_dataset(struct dataset *dataset, struct labelled_rows *set, const struct pipeline *pipeline,
                                    int threads, struct cln_row_report *report, struct cln_error *err)
{
	enum cln_status status;

	if (set->n == 0)
		return CLN_OK;
	status = dataset_create(dataset, set->n, pipeline->n_features, set->w != NULL, err);
	if (status != CLN_OK)
		return status;
	memcpy(dataset->y, set->y, set->n * sizeof *set->y);
	if (set->w)
		memcpy(dataset->w, set->w, set->n * sizeof *set->w);
	status = pipeline_apply(dataset->X, pipeline, set->table, set->rows, set->n, threads, report, err);
	labelled_rows_free(set);
	return status;
}

/* Rows in the folds that a member leaves out. */
static size_t rows_left_out(const struct prepared *prepared, const struct cln_config *config)
{
	const struct folds *folds = &prepared->folded->folds;
	size_t n = 0;

	for (size_t fold = 0; fold < folds->n && fold < config->ensemble; fold++)
		n += rows_in_fold(folds, prepared->train_rows, fold);
	return n;
}

static void note_scratch(const struct prepared *prepared, const struct cln_observer *observer)
{
	if (prepared->train.area.kind != AREA_SCRATCH)
		return;
	note(observer,
	     "the features of the training rows, %.3g GB, do not fit in the memory left to this process: they lie in a "
	     "scratch file, and the training goes at the pace of its disk",
	     (double)prepared->train.area.length / 1e9);
}

static enum cln_status make_datasets(struct prepared *prepared, struct row_sets *sets, const struct cln_model *init,
				     const struct cln_config *config, int threads, const struct cln_observer *observer,
				     struct cln_error *err)
{
	struct cln_row_report train = {0}, valid = {0}, test = {0};
	const struct weighed all = {sets->train.y, sets->train.w, NULL, sets->train.n, sets->train.n};
	float *w = NULL;
	enum cln_status status = prepared->folded ? CLN_OK : training_weights(&w, &all, config, err);

	if (status != CLN_OK)
		return status;
	prepared->positive_rate = (double)count_positive(&sets->train) / (double)sets->train.n;
	prepared->train_rows = sets->train.n;
	prepared->valid_rows = prepared->folded ? rows_left_out(prepared, config) : sets->valid.n;
	prepared->train_row_weights = sets->train.w;
	sets->train.w = w;
	status = make_pipeline(prepared, &sets->train, init, config, threads, observer, err);
	if (status == CLN_OK)
		status = make_dataset(&prepared->train, &sets->train, prepared->pipeline, threads, &train, err);
	if (status == CLN_OK)
		status = make_dataset(&prepared->valid, &sets->valid, prepared->pipeline, threads, &valid, err);
	if (status == CLN_OK)
		status = make_dataset(&prepared->test, &sets->test, prepared->pipeline, threads, &test, err);
	note_scratch(prepared, observer);
	notes_of_rows(observer, "training", &train);
	notes_of_rows(observer, "validation", &valid);
	notes_of_rows(observer, "test", &test);
	return status;
}

/* ---------------------------------------------------------------- what the columns hold */

static enum cln_status cut_first_fold(uint32_t **rows, struct columns_rows *columns, const struct folds *folds,
				      const struct labelled_rows *set, struct cln_error *err)
{
	const size_t n_inside = rows_in_fold(folds, set->n, 0), n_outside = set->n - n_inside;

	*rows = cut_fold(folds, 0, set->n, set->rows, err);
	if (!*rows)
		return CLN_E_MEMORY;
	columns->train = (struct drift_rows){set->table, *rows, n_outside};
	columns->valid = (struct drift_rows){set->table, *rows + n_outside, n_inside};
	return CLN_OK;
}

static struct drift_rows drift_rows_of(const struct labelled_rows *set)
{
	return (struct drift_rows){set->table, set->rows, set->n};
}

static void keep_column(void *context, const struct cln_column_summary *column)
{
	struct prepared *prepared = context;

	prepared->columns[prepared->n_columns++] = *column;
}

/* They are told when it is settled which of them are learnt from. */
static enum cln_status look_at_columns(struct prepared *prepared, const struct row_sets *sets, const struct cln_model *init,
				       int threads, const struct cln_observer *observer, struct cln_error *err)
{
	const struct cln_observer keeper = {.context = prepared, .column = keep_column};
	struct columns_rows columns = {.label = prepared->label.column,
				       .weight = prepared->weight,
				       .init = init,
				       .train = drift_rows_of(&sets->train),
				       .valid = drift_rows_of(&sets->valid),
				       .test = drift_rows_of(&sets->test)};
	uint32_t *rows = NULL;
	enum cln_status status = CLN_OK;

	if (!observer || !observer->column)
		return CLN_OK;
	prepared->columns = mem_alloc(sets->train.table->n_columns, sizeof *prepared->columns, err);
	if (!prepared->columns)
		return CLN_E_MEMORY;
	if (prepared->folded)
		status = cut_first_fold(&rows, &columns, &prepared->folded->folds, &sets->train, err);
	if (status == CLN_OK)
		status = columns_tell(&keeper, &columns, threads, err);
	mem_free(rows);
	return status;
}

static enum cln_status note_shared(const struct prepared *prepared, const struct cln_table *table, const struct cln_table *train,
				   bool *use, int threads, const struct cln_observer *observer, struct cln_error *err)
{
	if (!table)
		return CLN_OK;
	use[table_find_name(train, prepared->label.column)] = true;
	return notes_of_shared(observer, table, train, use, threads, err);
}

/* What makes a model look better than it is.  colonnade check tells that itself, and of a training that is not to begin nobody
 * wants to know it. */
static enum cln_status note_leaks(const struct prepared *prepared, const struct labelled_rows *train, const struct cln_table *valid,
				  const struct cln_table *test, const struct cln_model *init, int threads,
				  const struct cln_observer *observer, struct cln_error *err)
{
	bool *use;
	enum cln_status status;

	if (!observer || !observer->note || observer->dry)
		return CLN_OK;
	use = choose_columns(prepared, train->table, init, err);
	if (!use)
		return CLN_E_MEMORY;
	status = notes_of_tellers(observer, train, use, threads, err);
	if (status == CLN_OK)
		status = note_shared(prepared, valid, train->table, use, threads, observer, err);
	if (status == CLN_OK)
		status = note_shared(prepared, test, train->table, use, threads, observer, err);
	mem_free(use);
	return status;
}

enum cln_status prepare(struct prepared *prepared, const struct cln_table *train, const struct cln_table *valid,
			const struct cln_table *test, const struct cln_model *init, const struct cln_config *config,
			const struct prepare_part *part, int threads, const struct cln_observer *observer, struct cln_error *err)
{
	struct row_sets sets = {0};
	enum cln_status status;

	*prepared = (struct prepared){0};
	status = keep_left_out(prepared, part, train, err);
	if (status == CLN_OK)
		status = find_label(prepared, train, init, config, observer, err);
	if (status == CLN_OK)
		status = find_weight(prepared, train, config, err);
	if (status == CLN_OK)
		status = read_rows(&sets, prepared, train, valid, test, config, err);
	if (status == CLN_OK)
		status = take_sample(&sets, part, config, err);
	if (status == CLN_OK)
		status = check_classes(&sets, &prepared->label, config, err);
	if (status == CLN_OK && wants_folds(valid, config))
		status = make_folds(prepared, &sets.train, config, observer, err);
	if (status == CLN_OK && config->valid_fraction > 0 && sets.valid.n == 0 && !prepared->folded)
		note(observer,
		     "--valid-fraction %g of so few rows leaves none to validate on: training does not stop early and keeps the "
		     "last epoch's weights",
		     config->valid_fraction);
	if (status == CLN_OK)
		status = note_leaks(prepared, &sets.train, valid, test, init, threads, observer, err);
	if (status == CLN_OK)
		note_class_weights(&sets.train, config, observer);
	if (status == CLN_OK)
		status = look_at_columns(prepared, &sets, init, threads, observer, err);
	if (status == CLN_OK)
		status = make_datasets(prepared, &sets, init, config, threads, observer, err);
	row_sets_free(&sets);
	if (status != CLN_OK)
		prepared_free(prepared);
	return status;
}

enum cln_status prepared_table_rows(const struct cln_table **table, uint32_t **rows, enum cln_rows set,
				    const struct prepared *prepared, const struct identity_sources *sources,
				    const struct cln_config *config, struct cln_error *err)
{
	struct prepared again = {.label = prepared->label, .weight = prepared->weight}; /* its rows are counted */
	struct row_sets sets = {0};
	struct labelled_rows *wanted = set == CLN_ROWS_TEST ? &sets.test : set == CLN_ROWS_VALID ? &sets.valid : &sets.train;
	const enum cln_status status = read_rows(&sets, &again, sources->train, sources->valid, sources->test, config, err);

	*table = wanted->table;
	*rows = status == CLN_OK ? wanted->rows : NULL;
	if (status == CLN_OK)
		wanted->rows = NULL;
	row_sets_free(&sets);
	return status;
}

size_t prepared_folds(const struct prepared *prepared)
{
	return prepared->folded ? prepared->folded->folds.n : 0;
}

size_t prepared_train_rows(const struct prepared *prepared, size_t fold)
{
	return prepared->train_rows - (prepared->folded ? rows_in_fold(&prepared->folded->folds, prepared->train_rows, fold) : 0);
}

static enum cln_status list_rows(struct member_rows *rows, const struct prepared *prepared, size_t fold, struct cln_error *err)
{
	const size_t n = prepared->train.n_rows, n_train = prepared_train_rows(prepared, fold);

	rows->lists = cut_fold(&prepared->folded->folds, fold, n, NULL, err);
	if (!rows->lists)
		return CLN_E_MEMORY;
	rows->train.rows = rows->lists;
	rows->train.n_rows = n_train;
	rows->valid.rows = rows->lists + n_train;
	rows->valid.n_rows = n - n_train;
	return CLN_OK;
}

enum cln_status prepared_member_rows(struct member_rows *rows, const struct prepared *prepared, size_t fold, struct cln_error *err)
{
	const struct dataset *all = &prepared->train;

	*rows = (struct member_rows){.train = *all, .valid = prepared->valid};
	if (!prepared->folded)
		return CLN_OK;
	rows->valid = *all;
	rows->valid.w = prepared->train_row_weights;
	enum cln_status status = list_rows(rows, prepared, fold, err);
	if (status == CLN_OK) {
		const struct weighed set = {all->y, prepared->train_row_weights, rows->train.rows, rows->train.n_rows, all->n_rows};
		status = training_weights(&rows->weights, &set, prepared->folded->config, err);
		rows->train.w = rows->weights;
	}
	if (status != CLN_OK)
		member_rows_free(rows);
	return status;
}

void member_rows_free(struct member_rows *rows)
{
	mem_free(rows->lists);
	mem_free(rows->weights);
	*rows = (struct member_rows){0};
}

void prepared_free(struct prepared *prepared)
{
	folded_destroy(prepared->folded);
	label_free(&prepared->label);
	mem_free(prepared->weight);
	mem_free(prepared->left_out);
	mem_free(prepared->columns);
	mem_free(prepared->train_row_weights);
	pipeline_destroy(prepared->pipeline);
	dataset_free(&prepared->train);
	dataset_free(&prepared->valid);
	dataset_free(&prepared->test);
	*prepared = (struct prepared){0};
}
