/* SPDX-License-Identifier: MIT
 *
 * Colonnade: multilayer perceptrons for binary classification on tables.
 *
 * The whole public interface.  A table is read from a file or built from memory, a model is fitted to it, saved, loaded
 * and asked for probabilities: examples/predict.c does all of that.  Programs, and shared libraries that
 * have it inside, are linked with what `pkg-config --libs colonnade` prints.  The library never prints, exits, or changes locale,
 * signals or OpenMP settings.
 *
 * Errors: a function that can fail returns enum cln_status and, where the caller passes one, fills a struct cln_error
 * with one finished sentence (up to ten lines for bad data).  On failure output pointers are set to NULL.
 * Ownership: what a _read, _create, _fit or _load function returns belongs to the caller, who ends it with the matching
 * _destroy function; destroying NULL is allowed.
 * Threads: distinct objects may be used from distinct threads; one model may be used for prediction by many at once.  gcc's OpenMP
 * runtime does not survive fork: in a child of a process in which the library had several threads, it uses one; where the parent
 * had OpenMP regions of its own, the child has to ask for 1 in every `threads`. */
#ifndef COLONNADE_H
#define COLONNADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CLN_VERSION "0.1.0"

#if defined(__GNUC__)
#define CLN_MUST_CHECK __attribute__((warn_unused_result))
#else
#define CLN_MUST_CHECK
#endif

/* ---------------------------------------------------------------- errors */

enum cln_status {
	CLN_OK = 0,
	CLN_E_IO,       /* a file could not be opened, read or written                     (exit code 1) */
	CLN_E_MEMORY,   /* an allocation failed; the message gives the size                (exit code 1) */
	CLN_E_DAMAGED,  /* a model file or a cache is not what it claims to be             (exit code 1) */
	CLN_E_USAGE,    /* an option is unknown, out of range, or contradicts another      (exit code 2) */
	CLN_E_DATA,     /* a table cannot be used; message lines are file:line:column: ... (exit code 3) */
	CLN_E_DIVERGED, /* a loss, weight or gradient is no longer finite                  (exit code 4) */
	CLN_STOPPED     /* the observer asked to stop, see cln_model_fit                   (exit code 75) */
};

#define CLN_ERROR_TEXT 4096
struct cln_error {
	enum cln_status code;
	char message[CLN_ERROR_TEXT]; /* without a final newline; lines are separated by '\n' */
};

/* The name of a status, as "CLN_E_IO"; never NULL. */
const char *cln_status_name(enum cln_status status);

/* ---------------------------------------------------------------- tables */

/* How a table is read; zero everywhere is the default.  Lists are comma-separated column names or 1-based numbers (a name wins). */
struct cln_read_options {
	const char *categorical; /* columns that are categories although all their cells are numbers */
	const char *numeric;     /* columns that must be numbers: any other text is an error with its place */
	const char *ignore;      /* columns left out */
	/* up to 32 texts, separated by commas, that stand for a missing cell beside those of doc/data.md; numbers do by their
	 * value, and none in the columns `label` and `weight`.  A model keeps those of its training table: tables that it is given
	 * are to be read with cln_model_missing. */
	const char *missing;
	const char *keep;        /* columns whose cells are read as the texts they are, to be written beside the predictions */
	/* The column whose texts are read as they are written, even if all are numbers, since a label's value may be one that
	 * float cannot hold: a name or number, or "" for the last column that is neither ignored nor `weight`; NULL: none. */
	const char *label, *weight;
	/* n_known_categories names, never numbers: as `categorical`, but one that is not there is no error; for reading a table
	 * like another one */
	const char *const *known_categories;
	size_t n_known_categories;
	/* n_needed names, never numbers: beside these and `keep` no column is looked at, whatever its cells hold; NULL: all are
	 * read.  One that is not there is no error. */
	const char *const *needed;
	size_t n_needed;
	/* n_expected names that another table has: those that are whole numbers are columns of zeros in a LibSVM text that lacks
	 * them, as are those of `needed` */
	const char *const *expected;
	size_t n_expected;
	/* n_exempt names, never numbers, of further columns where `missing` marks no cell: of a model, its label and weights */
	const char *const *exempt;
	size_t n_exempt;
	char separator;          /* 0: found out among comma, tab and semicolon */
	bool no_header;          /* the first record is data; columns are then named "1", "2", ... */
	int threads;             /* 0: as many as cln_threads_allowed says */
};

struct cln_table;

/* Reads CSV (RFC 4180), LibSVM text, a .npy file (all gz by content where zlib was built in) or a column cache from `path`, "-"
 * for standard input; doc/data.md says how they are told apart.  The file of a cache must not change while the table lives; a
 * separator and no_header are refused for all but CSV, and so is a column of a cache whose texts are needed where it has none.
 * CLN_E_DAMAGED: it is no intact cache or .npy file. */
CLN_MUST_CHECK enum cln_status cln_table_read(struct cln_table **table, const char *path, const struct cln_read_options *options,
                                              struct cln_error *err);

/* The same from `length` bytes of CSV or LibSVM text in memory, which are not needed afterwards: a header and one row, say, whose
 * cells are categories.  Errors call it "memory". */
CLN_MUST_CHECK enum cln_status cln_table_read_text(struct cln_table **table, const char *text, size_t length,
                                                   const struct cln_read_options *options, struct cln_error *err);

/* What a column cache holds. */
struct cln_cache_summary {
	size_t rows, columns;
	size_t numbers, texts; /* columns of numbers, and columns of other texts */
	size_t numbers_alone;  /* of the former: those whose texts were not kept */
	size_t left_out;       /* columns of which there is the name alone */
	uint64_t bytes;        /* of the file */
};

/* Reads a table and writes it to `out` as a column cache (doc/cache-format.md), which cln_table_read then takes for the same table.
 * Columns of numbers keep their texts where these are few; those in options->categorical always do.  What exists as `out` and is
 * no cache is not overwritten.  summary may be NULL. */
CLN_MUST_CHECK enum cln_status cln_table_convert(const char *path, const char *out, const struct cln_read_options *options,
                                                 struct cln_cache_summary *summary, struct cln_error *err);

/* A table of numbers from memory.  cells: n_rows x n_columns, row-major, NaN = missing; names: n_columns strings of UTF-8, all
 * different.  Both are copied.  CLN_E_DATA: an infinite cell, a name that is there twice or no UTF-8.  Numbers match what a model
 * learnt as categories by their value; other categories need text, see cln_table_read_text. */
CLN_MUST_CHECK enum cln_status cln_table_create(struct cln_table **table, const float *cells, size_t n_rows, size_t n_columns,
                                                const char *const *names, struct cln_error *err);
size_t cln_table_rows(const struct cln_table *table);
size_t cln_table_columns(const struct cln_table *table);
const char *cln_table_column_name(const struct cln_table *table, size_t column); /* lent; lives as long as the table */
/* CRC-64 of names, types and cells: the same for the same content in whatever form it was read. */
uint64_t cln_table_fingerprint(const struct cln_table *table);
void cln_table_destroy(struct cln_table *table);

/* ---------------------------------------------------------------- training */

#define CLN_MAX_HIDDEN 64   /* hidden layers */
#define CLN_MAX_ENSEMBLE 64 /* members */

enum cln_activation {
	CLN_SIGMOID, CLN_TANH, CLN_RELU, CLN_LEAKY_RELU, CLN_ELU, CLN_SELU, CLN_GELU, CLN_SILU, CLN_MISH, CLN_N_ACTIVATIONS
};
enum cln_init { CLN_INIT_AUTO, CLN_INIT_XAVIER, CLN_INIT_HE, CLN_INIT_LECUN, CLN_INIT_NORMAL, CLN_INIT_DATA, CLN_N_INITS };
enum cln_optimizer { CLN_SGD, CLN_MOMENTUM, CLN_NESTEROV, CLN_RMSPROP, CLN_ADAM, CLN_ADAMW, CLN_N_OPTIMIZERS };
enum cln_schedule { CLN_CONSTANT, CLN_STEP, CLN_COSINE, CLN_WARMUP, CLN_ONE_CYCLE, CLN_COSLOG4, CLN_FLAT_COSINE,
		    CLN_N_SCHEDULES };
enum cln_embedding { /* auto: periodic, and piecewise beside it for numbers scaled by quantiles where there are many rows */
	CLN_EMBEDDING_NONE, CLN_EMBEDDING_PERIODIC, CLN_EMBEDDING_PIECEWISE, CLN_EMBEDDING_BOTH, CLN_EMBEDDING_AUTO,
	CLN_N_EMBEDDINGS };
enum cln_regularisation { CLN_REGULARISATION_CONSTANT, CLN_REGULARISATION_FLAT_COSINE, CLN_N_REGULARISATIONS };
enum cln_parametrisation { CLN_STANDARD, CLN_NTK, CLN_N_PARAMETRISATIONS };
enum cln_scale { /* auto: by column, robust, or quantile where tails are heavy or half of the numbers are one */
	CLN_SCALE_NONE, CLN_SCALE_STANDARDISE, CLN_SCALE_ROBUST, CLN_SCALE_QUANTILE, CLN_SCALE_AUTO, CLN_N_SCALES
};
enum cln_metric { CLN_LOG_LOSS, CLN_AUC, CLN_ACCURACY, CLN_N_METRICS };
enum cln_calibration { CLN_CALIBRATE_NONE, CLN_CALIBRATE_TEMPERATURE, CLN_N_CALIBRATIONS };
enum cln_threshold_rule {
	CLN_THRESHOLD_GIVEN, CLN_THRESHOLD_F1, CLN_THRESHOLD_COST, CLN_THRESHOLD_RECALL, CLN_THRESHOLD_BALANCED_ACCURACY,
	CLN_THRESHOLD_MCC, CLN_N_THRESHOLD_RULES
};
enum cln_class_weight { CLN_CLASS_WEIGHT_NONE, CLN_CLASS_WEIGHT_BALANCED, CLN_CLASS_WEIGHT_GIVEN };

/* For n_hidden, epochs and ensemble: chosen from the number of rows and `effort`, never from cores or clocks (doc/recipe.md). */
#define CLN_AUTO SIZE_MAX
/* For learning_rate, bias_rate, embedding_rate, scaling_rate and dropout: chosen from the number of rows that a network learns
 * from (doc/recipe.md). */
#define CLN_BY_ROWS (-1.0)
enum cln_effort { CLN_QUICK, CLN_USUAL, CLN_BEST, CLN_N_EFFORTS };

/* Everything that shapes a training run, as plain values.  cln_config_recipe fills it; strings are borrowed. */
struct cln_config {
	const char *recipe; /* the name it was filled from: "default", "plain", "textbook" */
	enum cln_effort effort; /* how much of what is CLN_AUTO */

	/* data */
	const char *label;    /* column name or 1-based number; NULL: the last column */
	const char *positive; /* label value of the positive class; NULL: the greater one */
	const char *weight;   /* column of row weights; NULL: all 1 */
	double valid_fraction, test_fraction; /* in [0, 1); used where no table is given */
	enum cln_class_weight class_weight;
	double class_weights[2]; /* of the negative and the positive class, for CLN_CLASS_WEIGHT_GIVEN */
	enum cln_scale scale;
	size_t max_levels; /* one-hot columns a categorical column may have; rarer levels share one */
	size_t one_hot_levels; /* categorical columns with more levels have learned values of each instead; 0: none have */
	size_t level_rows; /* ... but levels in fewer training rows share theirs */
	bool feature_selection; /* columns that say nothing are left out, where small networks, trained first, tell so; only with an
	                           ensemble that is CLN_AUTO, and not with CLN_QUICK */

	/* network */
	size_t n_hidden;                 /* may be CLN_AUTO */
	size_t hidden[CLN_MAX_HIDDEN];
	enum cln_activation activation;
	bool parametric_activation;      /* z + alpha (g(z) - z) with a learned alpha for every hidden unit, 1 at first */
	enum cln_init init;
	enum cln_embedding embedding;    /* of numbers: periodic adds three learned functions of each, sums of 16 cosines; piecewise
	                                    eight that are linear between the edges of bins; both: all of them; auto: periodic,
	                                    and the eight of numbers scaled by quantiles, where there are many rows, or a few
	                                    small networks are better with them */
	double frequency_scale;          /* deviation of the cosines' first frequencies */
	double frequency_spread;         /* of a number scaled by quantiles it grows to so many times that */
	size_t level_values;             /* learned values of a level */
	double level_scale;              /* deviation of their first values */
	size_t bins;                     /* most bins of a number, 2 .. 63; 0: 48, or a tenth of the rows */
	bool input_scaling;              /* a learned factor for every input of the first layer */

	/* training */
	enum cln_optimizer optimizer;
	double learning_rate;       /* may be CLN_BY_ROWS */
	double momentum;            /* momentum, nesterov; also the decay of rmsprop's mean square */
	double beta1, beta2, epsilon;
	enum cln_parametrisation parametrisation; /* ntk: the rate of a layer's weights is divided by sqrt(its inputs) */
	/* Factors of the rate for biases, embeddings of numbers, input factors (each may be CLN_BY_ROWS) and values of levels. */
	double bias_rate, embedding_rate, scaling_rate, level_rate;
	enum cln_schedule schedule;
	double warmup_fraction;     /* of all steps: warmup, one-cycle */
	size_t step_epochs;         /* step: every so many epochs ... */
	double step_factor;         /* ... the rate is multiplied by this */
	size_t batch_size;          /* 0: all rows in one batch */
	size_t epochs;              /* may be CLN_AUTO */
	double l1, l2;              /* penalties added to the cost: l1 |w| + l2/2 w^2; weights only, not biases */
	double weight_decay;        /* decoupled: w <- w - lr wd w; weights only */
	enum cln_regularisation regularisation; /* weight_decay and dropout over time */
	double dropout;             /* in [0, 1): share of hidden units set to 0; may be CLN_BY_ROWS */
	double label_smoothing;     /* y <- y (1 - s) + s/2 */
	double clip_norm;           /* the gradient's greatest Euclidean norm; 0: no clipping */
	size_t patience;            /* epochs without a better metric before stopping; 0: never stops early */
	double patience_factor;     /* ... to which so many times the best epoch's number are added */
	enum cln_metric metric;     /* what "better" means on the validation rows */
	size_t ensemble;            /* members, whose probabilities are averaged; 1: a single network; may be CLN_AUTO */
	enum cln_calibration calibration; /* of the probabilities, on rows not trained on */
	/* The probability from which on a row is called positive: given, or chosen on rows not trained on by the greatest F1 (F of
	 * threshold_beta), the least sum of costs (with equal ones the greatest accuracy), the greatest balanced accuracy or
	 * MCC, or the greatest recall with a precision of at least ... */
	enum cln_threshold_rule threshold_rule;
	double threshold;                /* given */
	double threshold_beta;           /* how many times as much recall counts as precision */
	double false_positive_cost, false_negative_cost;
	double least_precision;          /* ... this */
	uint64_t seed;
	size_t block_size;          /* columns of a block; 0: from the net and the batch (doc/numerics.md) */
	size_t recover;             /* so often an epoch that diverges is repeated from its start, each time with half the rate */

	/* Cross-validation: rows of the training table whose entry here (one for each of its rows, lent) is left_out are the test
	 * rows, neither learnt from nor validated on; test and test_fraction are then not allowed.  NULL: none.  Such a fit
	 * makes and takes no checkpoints. */
	const uint32_t *fold_of_row;
	uint32_t left_out;

	/* execution: changes no bit of the result */
	int threads;                /* 0: as many as cln_threads_allowed says */
	size_t lanes;               /* members of an ensemble trained at a time, at most the threads; 0: as many as pay */
	const char *isa;            /* "generic", "avx2", "avx512", "neon"; NULL: the best this CPU has */
};

/* Fills all of `config` with a recipe's values, "default", "plain" or "textbook"; members are then changed at will, and checked by
 * the fit.  CLN_E_USAGE: there is no recipe of that name. */
CLN_MUST_CHECK enum cln_status cln_config_recipe(struct cln_config *config, const char *recipe, struct cln_error *err);

struct cln_metrics {
	size_t rows;
	double weight;    /* sum of the row weights */
	double log_loss;  /* nats a row */
	double auc;       /* NaN where one class is absent */
	double accuracy;  /* at the model's threshold */
};

/* Known before the first step; pointers are lent for the time of the call. */
struct cln_fit_start {
	size_t train_rows, valid_rows, test_rows, dropped_rows; /* dropped: weight 0 or no label */
	size_t table_columns, numeric_columns, categorical_columns, n_features;
	size_t missing_cells;
	const char *label, *negative, *positive;
	bool positive_was_chosen;  /* no --positive: the greater value was taken */
	double positive_rate;
	size_t members;            /* of the ensemble; 1: a single network */
	size_t lanes;              /* members trained at a time, each by its share of the threads; 1: one after the other */
	size_t folds;              /* each is left out by the members whose turn it is; 0: all learn from the same rows */
	size_t n_layers;           /* L */
	const size_t *n;           /* n[0..L]: units, n[0] = n_features, n[L] = 1 */
	size_t n_params;
	size_t epochs;             /* of each member, at most */
	size_t batch_size, block_size;
	double learning_rate;      /* before the schedule */
	int threads_allowed, threads; /* the plan uses fewer where that is faster */
	int ranks;                 /* processes that share every mini-batch; 1: this one alone */
	const char *threads_rule;  /* which rule set threads_allowed */
	const char *isa;
};

struct cln_epoch {
	size_t member, members;    /* from 0; of so many, 1: a single network */
	size_t epoch, epochs;      /* 1-based */
	double train_loss;         /* mean over the epoch's rows of the loss as computed before each update */
	struct cln_metrics valid;  /* rows = 0: no validation rows */
	double learning_rate;      /* of the epoch's last step */
	double seconds;            /* of this epoch, validation included */
	double rows_per_second;    /* of training alone */
	bool best;                 /* the best validation metric so far */
	size_t recoveries;         /* so often the run has gone back to an epoch's start (config.recover) */
};

/* What a fit is to do at the end of a step. */
enum cln_ask {
	CLN_GO_ON,
	CLN_SAVE,         /* hand out a checkpoint and go on */
	CLN_SAVE_AND_STOP /* hand out a checkpoint and return CLN_STOPPED, without a model */
};

struct cln_checkpoint; /* the state of a fit between two steps */
struct cln_scores;     /* below: judging */
struct cln_importance; /* below: importance */
struct cln_labels;

enum cln_rows { CLN_ROWS_TRAIN, CLN_ROWS_VALID, CLN_ROWS_TEST };
enum cln_column_use { CLN_COLUMN_FEATURE, CLN_COLUMN_LABEL, CLN_COLUMN_WEIGHT, CLN_COLUMN_IGNORED }; /* or left out */

/* How differently a column's cells are distributed in other rows than in those learnt from: the population stability index, the sum
 * over bins of (q - p) ln(q / p) (doc/report.md), and what chance alone exceeds in one of a thousand columns; NaN: not known. */
struct cln_drift {
	double psi, by_chance;
};

/* A column of the training table. */
struct cln_column_summary {
	const char *name; /* lent for the call */
	enum cln_column_use use;
	bool categorical;
	size_t missing_cells, levels; /* levels: different texts of a categorical column, else 0 */
	struct cln_drift valid, test; /* of the rows to validate on (the first fold's, where there are folds), and to test */
};

/* Told what happens during a fit; any member may be NULL.
 * No two calls are made at the same time, but not all by the same thread: where the members of an ensemble are trained side by side
 * (cln_fit_start.lanes), each is told of by the thread that leads its training, and what is told of them interleaves. */
struct cln_observer {
	void *context;
	bool dry; /* `start` will give up in any case, so nothing is trained before it, to choose columns or what networks have */
	bool (*start)(void *context, const struct cln_fit_start *start); /* true: give up before the first step (CLN_STOPPED) */
	void (*member)(void *context, size_t member, size_t members); /* of an ensemble: a member's training begins or goes on */
	bool (*ready)(void *context); /* the checkpoint, if any, fits, and the first step is next; true: as above */
	void (*progress)(void *context, size_t epoch, size_t rows_done, size_t rows); /* of any member, at most every 50 ms */
	bool (*epoch)(void *context, const struct cln_epoch *epoch); /* true: stop after this epoch of every member under way */
	void (*note)(void *context, const char *sentence); /* what a user should know, as a sentence */
	/* At the end of every step: it has to be quick.  Also of those before `start`, of networks that only decide what the others
	 * have (CLN_EMBEDDING_AUTO, feature_selection): CLN_SAVE is no more than CLN_GO_ON there. */
	enum cln_ask (*ask)(void *context);
	void (*column)(void *context, const struct cln_column_summary *column); /* each, in order, before `start` */
	/* At the end: what the model says of rows, and what is true; lent for the call.  Of the test and the validation rows, whose
	 * folds are judged by members that left them out; where there are neither, of the rows learnt from. */
	void (*scored)(void *context, enum cln_rows rows, const struct cln_scores *scores, const struct cln_labels *labels);
	void (*checkpoint)(void *context, const struct cln_checkpoint *checkpoint); /* as `ask` wished; lent for the call */
	/* At the end: which columns matter, by shuffles of test rows, else of validation rows, whose folds are judged as for
	 * `scored`, else of those learnt from, or of a sample of them, within a fiftieth of the work of the training or some
	 * milliseconds; not called where that is too little.  Lent for the call. */
	void (*importance)(void *context, enum cln_rows rows, const struct cln_importance *importance);
};

struct cln_fit_summary {
	struct cln_metrics train, valid, test; /* rows = 0: there are none */
	size_t members;       /* in the model; 1: a single network.  What follows is the sum over them, but for ... */
	size_t epochs;        /* run */
	size_t best_epoch;    /* ... whose weights the model holds, 0: the initial ones; of the first member */
	size_t recoveries;    /* epochs repeated with half the rate */
	double temperature;   /* by which logits are divided, fitted on the rows of `valid`; 1: none */
	double threshold;     /* of the probability, chosen on the rows of `valid` where the config says so */
	/* Of all parts of a run that was interrupted: the time that the training took, whatever was done side by side, and the rows
	 * of all members in it. */
	double seconds, rows_per_second;
	int threads;
};

struct cln_model;

/* Trains a model.  train: rows to learn from (part of them is split off where valid or test is NULL and its fraction is not 0);
 * valid, test: may be NULL; init: may be NULL, else its pipeline is kept and its weights are the start; observer, summary: may be
 * NULL.  Tables, config and its strings are needed until it returns.  CLN_E_DATA: the tables cannot be used, with the place where
 * there is one; CLN_E_USAGE: the config contradicts itself or the tables; CLN_E_DIVERGED.
 * CLN_STOPPED: the observer's `epoch` stopped it, and *model is that of the epochs done, of the members that had begun; or `start`
 * or `ask` did, and it is NULL.
 * The model has no logit for a row whose features are too large for it: CLN_E_DATA names such rows, and *model is the trained one
 * all the same; measures of the set that they are in are NaN, and `scored` is not told of it.
 * Same tables and config: same model, to the bit, for any threads and isa, and with or without checkpoints. */
CLN_MUST_CHECK enum cln_status cln_model_fit(struct cln_model **model, const struct cln_table *train, const struct cln_table *valid,
                                             const struct cln_table *test, const struct cln_model *init,
                                             const struct cln_config *config, const struct cln_observer *observer,
                                             struct cln_fit_summary *summary, struct cln_error *err);

/* Carries on where `checkpoint` was made (NULL: at the start), and ends with the model of a fit that was never interrupted, to the
 * bit.  The tables, init and config must be those of that fit: CLN_E_USAGE names what differs.  Threads and isa may be others, and
 * so may config->epochs where the schedule is constant or step and the regularisation constant, and what cln_checkpoint_allow
 * allowed. */
CLN_MUST_CHECK enum cln_status cln_model_resume(struct cln_model **model, const struct cln_checkpoint *checkpoint,
                                                const struct cln_table *train, const struct cln_table *valid,
                                                const struct cln_table *test, const struct cln_model *init,
                                                const struct cln_config *config, const struct cln_observer *observer,
                                                struct cln_fit_summary *summary, struct cln_error *err);

/* ---------------------------------------------------------------- checkpoints */

/* Replaces `path` atomically (doc/checkpoint-format.md).  note: a text of the caller's that cln_checkpoint_note gives back. */
CLN_MUST_CHECK enum cln_status cln_checkpoint_save(const struct cln_checkpoint *checkpoint, const char *note, const char *path,
                                                   struct cln_error *err);
/* CLN_E_DAMAGED names what is wrong with it. */
CLN_MUST_CHECK enum cln_status cln_checkpoint_load(struct cln_checkpoint **checkpoint, const char *path, struct cln_error *err);
void cln_checkpoint_destroy(struct cln_checkpoint *checkpoint);
const char *cln_checkpoint_note(const struct cln_checkpoint *checkpoint); /* lent */
/* How far a training had come. */
struct cln_position {
	size_t finished, under_way; /* members of an ensemble trained to their end, and begun; of a single network 0 and 1 */
	size_t all_epochs;          /* complete, their validation included, of all members */
	size_t member;              /* of those under way the first, from 0, ... */
	size_t epochs, steps;       /* ... its complete epochs, and steps done of the one after them */
};
void cln_checkpoint_position(const struct cln_checkpoint *checkpoint, struct cln_position *position);

/* Before cln_model_resume: what may differ from the fit that the checkpoint was made by; in the place of what was said before.
 * names: options as the program has them, without dashes, and "data", "valid" and "test" for the tables; separated by commas; NULL:
 * nothing.  The rest of the training is then with what is new, and the observer's `note` tells each change.  CLN_E_USAGE names what
 * cannot differ: the network and what its state depends on. */
CLN_MUST_CHECK enum cln_status cln_checkpoint_allow(struct cln_checkpoint *checkpoint, const char *names, struct cln_error *err);

/* ---------------------------------------------------------------- models */

/* Reads a model file, or the model of a run directory.  CLN_E_DAMAGED names what is wrong with it. */
CLN_MUST_CHECK enum cln_status cln_model_load(struct cln_model **model, const char *path, struct cln_error *err);

/* Replaces `path` atomically: temporary file, fsync, rename, fsync of the directory. */
CLN_MUST_CHECK enum cln_status cln_model_save(const struct cln_model *model, const char *path, struct cln_error *err);
void cln_model_destroy(struct cln_model *model);

#define CLN_EXTRA_NAMED 20

/* What was met while rows were prepared for a model. */
struct cln_row_report {
	size_t rows;
	size_t missing_cells;
	size_t unseen_cells;    /* categories that were not in the training rows; encoded as all zeros */
	size_t extra_columns;   /* columns of the table that the model does not use ... */
	size_t extra[CLN_EXTRA_NAMED]; /* ... and the first of these: their numbers in it, from 0 */
};

/* probabilities: room for cln_table_rows of the table, of the positive class.  Columns are matched by name, in any order; those
 * that the model does not use, the label among them, need not be there; one that it needs and is missing, and text where numbers
 * were learnt, is CLN_E_DATA, and so is a row whose features are too large for the model to have a probability for it.  threads: 0
 * for as many as allowed, which costs some system calls; 1 is best for a few rows.  report may be NULL.  The same bits for any
 * threads and isa, and for a row alone and among others. */
CLN_MUST_CHECK enum cln_status cln_model_predict(const struct cln_model *model, const struct cln_table *table, int threads,
                                                 float *probabilities, struct cln_row_report *report, struct cln_error *err);

/* Metrics on labelled rows; the label and weight columns are those of the names that the model was trained with.  Without the
 * latter every row weighs 1. */
CLN_MUST_CHECK enum cln_status cln_model_evaluate(const struct cln_model *model, const struct cln_table *table, int threads,
                                                  struct cln_metrics *metrics, struct cln_row_report *report,
                                                  struct cln_error *err);

/* The probability from which on a row is called positive; the second is for a model of the caller's own, 0 to 1 (CLN_E_USAGE). */
double cln_model_threshold(const struct cln_model *model);
CLN_MUST_CHECK enum cln_status cln_model_set_threshold(struct cln_model *model, double threshold, struct cln_error *err);
/* Lent: the text of the negative (0) or positive (1) class. */
const char *cln_model_label_value(const struct cln_model *model, int positive);

/* cln_read_options.missing of the table that the model was trained on; NULL: none.  Owned by the model. */
const char *cln_model_missing(const struct cln_model *model);

/* A description for people (json = false) or programs (json = true), to be freed by the caller with cln_free. */
CLN_MUST_CHECK enum cln_status cln_model_describe(const struct cln_model *model, bool json, char **text, struct cln_error *err);
void cln_free(void *text);

/* ---------------------------------------------------------------- judging */

/* What is measured; doc/metrics.md has the formulas.  Rows count by their weights throughout. */
enum cln_measure {
	CLN_MEASURE_AUC,               /* of the ROC curve, ties counted half */
	CLN_MEASURE_PR_AUC,            /* average precision: sum of (R_k - R_(k-1)) P_k over the different scores, descending */
	CLN_MEASURE_LOG_LOSS,          /* nats a row */
	CLN_MEASURE_BRIER,             /* mean of (p - y)^2 */
	CLN_MEASURE_ACCURACY,          /* from here to MCC: at the threshold, a row called positive where p >= it */
	CLN_MEASURE_BALANCED_ACCURACY, /* mean of the recalls of both classes */
	CLN_MEASURE_PRECISION,
	CLN_MEASURE_RECALL,
	CLN_MEASURE_F1,
	CLN_MEASURE_MCC,               /* Matthews' correlation coefficient */
	CLN_MEASURE_CALIBRATION_ERROR, /* mean of |mean p - mean y| over 15 bins of p, equally wide, by their weights */
	CLN_MEASURE_LIFT,              /* positives in the tenth with the greatest scores, by those in a tenth at random */
	CLN_MEASURE_KS,                /* greatest distance of the scores' distributions in both classes */
	CLN_MEASURE_TRUE_POSITIVES,    /* the confusion matrix at the threshold, in weights */
	CLN_MEASURE_FALSE_POSITIVES,
	CLN_MEASURE_TRUE_NEGATIVES,
	CLN_MEASURE_FALSE_NEGATIVES,
	CLN_N_MEASURES
};

/* A measure's name in JSON, as "log_loss", and for people, as "log loss"; never NULL. */
const char *cln_measure_name(enum cln_measure measure);
const char *cln_measure_label(enum cln_measure measure);

/* What was said of n rows: probabilities of the positive class, and from which on a row is called positive.
 * logits: NULL, or finer than the probabilities, which round to 0 and 1: ranks and log loss then go by them. */
struct cln_scores {
	const float *probabilities, *logits;
	double threshold;
};

/* What is true of them: y 0 or 1; w >= 0, or NULL: all 1.  0 < n < 2^32 - 1. */
struct cln_labels {
	const float *y, *w;
	size_t n;
};

struct cln_judging {
	size_t replicates; /* of the bootstrap; 0: none; CLN_AUTO: 1000, fewer from 200,000 rows on (doc/metrics.md) */
	uint64_t seed;
	int threads;       /* 0: as many as cln_threads_allowed says; they change no bit of the result */
};

/* A measure, and between which limits 95 of 100 such intervals hold the true value; NaN where it is undefined. */
struct cln_estimate {
	double value, low, high;
	const char *reason; /* why the value is undefined, a constant string; NULL: it is defined */
};

struct cln_evaluation {
	size_t rows;
	double weight, positive_weight; /* of all, and of the positive rows */
	double threshold;
	size_t replicates; /* that there were */
	uint64_t seed;
	struct cln_estimate measures[CLN_N_MEASURES];
};

/* The first minus the second, of the same rows in the same replicates. */
struct cln_difference {
	double value, low, high;
	double p_value; /* of no difference, two-sided; NaN where there is none */
};

struct cln_comparison {
	struct cln_evaluation first, second;
	struct cln_difference differences[CLN_N_MEASURES];
};

/* All measures of scores in memory, with 95 % intervals: DeLong's for the AUC, of the bootstrap over rows for the others.
 * CLN_E_USAGE: no rows, a threshold beyond 0 to 1, or more than 100000 replicates; CLN_E_DATA: a row whose probability is not in
 * [0, 1], label not 0 or 1, or weight negative or not finite; or all weights are 0; CLN_E_MEMORY: it takes up to 56 bytes a row. */
CLN_MUST_CHECK enum cln_status cln_evaluate(struct cln_evaluation *evaluation, const struct cln_scores *scores,
                                            const struct cln_labels *labels, const struct cln_judging *judging,
                                            struct cln_error *err);
CLN_MUST_CHECK enum cln_status cln_compare(struct cln_comparison *comparison, const struct cln_scores *first,
                                           const struct cln_scores *second, const struct cln_labels *labels,
                                           const struct cln_judging *judging, struct cln_error *err);

/* The same of a model on the labelled rows of a table, and of two, whose labels must be the same; the weights are those of the
 * first.  report may be NULL: of the (first) model. */
CLN_MUST_CHECK enum cln_status cln_model_measure(const struct cln_model *model, const struct cln_table *table,
                                                 const struct cln_judging *judging, struct cln_evaluation *evaluation,
                                                 struct cln_row_report *report, struct cln_error *err);
CLN_MUST_CHECK enum cln_status cln_model_compare(const struct cln_model *model, const struct cln_model *second,
                                                 const struct cln_table *table, const struct cln_judging *judging,
                                                 struct cln_comparison *comparison, struct cln_row_report *report,
                                                 struct cln_error *err);
/* The model in a form in which other programs use it (doc/export.md). */
enum cln_export {
	CLN_EXPORT_ONNX, /* raw columns in, probability out */
	CLN_EXPORT_C,    /* one C99 file without dependencies, whose probabilities have the bits of cln_model_predict's */
	CLN_EXPORT_JSON, /* all numbers and lists, to be read by anything else */
	CLN_N_EXPORTS
};

/* *bytes: `length` of them and a '\0', to be freed by the caller with cln_free; the same for the same model.  CLN_E_USAGE: the
 * format has no room for the model (ONNX: 2 GiB). */
CLN_MUST_CHECK enum cln_status cln_model_export(const struct cln_model *model, enum cln_export format, char **bytes, size_t *length,
						struct cln_error *err);

/* ---------------------------------------------------------------- importance */

/* What columns matter to a model; doc/importance.md has the formulas.  Columns are those of the table that became features,
 * whatever features a column has.  Results are the same to the bit for any threads and isa. */
struct cln_asked {
	size_t repeats; /* shuffles of a column, 1 to 1000 */
	size_t rows;    /* a sample of so many rows that seed draws; 0: all; CLN_AUTO: as many as a fixed amount of work allows */
	uint64_t seed;
	int threads;    /* 0: as many as cln_threads_allowed says */
};

struct cln_column_importance {
	const char *column;           /* its name */
	struct cln_estimate log_loss; /* by how much it rises when the column's cells are shuffled among the rows, nats a row */
	struct cln_estimate auc;      /* by how much it falls then */
	double contribution;          /* mean of |contribution| (cln_explanation), in units of the logit; NaN: not known */
};

struct cln_importance {
	size_t rows, of;      /* looked at, and there to be drawn from */
	double weight, positive_weight;
	size_t repeats;
	uint64_t seed;
	double log_loss, auc; /* of these rows as they are */
	double gap;           /* mean over the rows of |f(row) - f(baseline) - contributions|; NaN: not known */
	size_t n_columns;
	struct cln_column_importance *columns; /* those whose shuffling raises the log loss most first */
};

/* Permutation importance (Breiman, Random forests, 2001; Fisher, Rudin & Dominici 2019) of every column on the labelled rows of a
 * table, with 95 % intervals for both the rows' and the shuffles' chance, and the columns' mean contributions (Sundararajan, Taly &
 * Yan 2017).  *importance is the caller's.  report may be NULL.  CLN_E_USAGE: repeats; CLN_E_DATA: as cln_model_evaluate, or a
 * logit is not a number; CLN_E_MEMORY: it takes 4 bytes a row and feature, and up to 1 kB a row. */
CLN_MUST_CHECK enum cln_status cln_model_importance(const struct cln_model *model, const struct cln_table *table,
                                                    const struct cln_asked *asked, struct cln_importance **importance,
                                                    struct cln_row_report *report, struct cln_error *err);
void cln_importance_destroy(struct cln_importance *importance);

/* Why a row's logit is what it is: f(row) = f(baseline) + sum of contributions + gap, by integrated gradients along the straight
 * line from the baseline row to it in the inputs of the first layer.  f is the logit of the model's probability, calibrated, of all
 * members of an ensemble; the baseline has every number at the training rows' median and no level in any category. */
struct cln_explanation {
	size_t row;            /* of the table, from 0 */
	double logit;          /* f(row), ... */
	double probability;    /* ... whose sigmoid this is */
	double gap;
	size_t steps;          /* of the integral: doubled until neither the gap nor a contribution's change is above ... */
	double tolerance;      /* ... this, 16 to 16384 */
	double *contributions; /* n_columns, ... */
	char **cells;          /* ... and the texts of the cells, at most 255 bytes each; "": missing */
};

struct cln_explanations {
	double baseline;      /* f(baseline) */
	size_t n_columns;
	const char **columns; /* their names, in the order of the model */
	size_t n_rows;
	struct cln_explanation *rows;
};

/* rows: n_rows numbers of rows of the table, from 0; they need no label.  *explanations is the caller's.  report may be NULL.
 * CLN_E_USAGE: there is no such row; CLN_E_DATA: the table lacks a column, or a logit is not a number. */
CLN_MUST_CHECK enum cln_status cln_model_explain(const struct cln_model *model, const struct cln_table *table, const size_t *rows,
                                                 size_t n_rows, int threads, struct cln_explanations **explanations,
                                                 struct cln_row_report *report, struct cln_error *err);
void cln_explanations_destroy(struct cln_explanations *explanations);

/* How the probability goes with one column (partial dependence: Friedman, Greedy function approximation, 2001). */
struct cln_partial_point {
	char *cell;                    /* its text, at most 255 bytes; "": missing */
	size_t rows;                   /* that have it */
	double probability, low, high; /* mean over all rows if they had it, and the 10th and 90th percentile */
};

struct cln_partial {
	const char *column;
	bool categorical;
	size_t rows, of;      /* looked at, and there to be drawn from */
	size_t left_out;      /* different cells of a category that have no point */
	size_t n_points;
	struct cln_partial_point *points; /* numbers ascending, categories by their rows, the most first; missing cells last */
};

/* The points are cells that the rows have, `points` (2 to 1000) at most, and missing ones: quantiles of a number, and others of it
 * where one fills several of these; the most frequent levels of a category.  column: a name.  Rows need no label, and count once;
 * repeats is not looked at.
 * *partial is the caller's.  report may be NULL.  CLN_E_USAGE: the model has no such column, or points; CLN_E_DATA as above. */
CLN_MUST_CHECK enum cln_status cln_model_partial(const struct cln_model *model, const struct cln_table *table, const char *column,
                                                 size_t points, const struct cln_asked *asked, struct cln_partial **partial,
                                                 struct cln_row_report *report, struct cln_error *err);
void cln_partial_destroy(struct cln_partial *partial);

/* ---------------------------------------------------------------- machine */

/* Threads this process may use: OMP_NUM_THREADS, else the least of affinity mask, cgroup quota and scheduler variables.
 * rule (may be NULL): receives a constant string that says which rule won. */
int cln_threads_allowed(const char **rule);

#ifdef __cplusplus
}
#endif
#endif
