/* SPDX-License-Identifier: MIT
 * A trained model in memory, and its file (doc/model-format.md). */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "data/dataset.h"
#include "nn/network.h"

/* Between which a temperature lies. */
#define MODEL_LEAST_TEMPERATURE (1.0 / 20)
#define MODEL_MOST_TEMPERATURE 20.0

/* One of an ensemble. */
struct member {
	struct network *network;
	size_t epochs, best_epoch;
};

struct cln_model {
	struct pipeline *pipeline;
	struct label label;
	char *weight;              /* name of the weight column, or NULL */
	struct network *network;   /* the only one, or that of an ensemble's first member, which owns it */
	struct member *members;    /* all of one shape; NULL: there is no ensemble */
	size_t n_members;          /* 0, or 2 .. CLN_MAX_ENSEMBLE */
	double temperature;        /* by which the logit is divided, where config.calibration says so */
	double threshold;          /* of the probability: prediction is positive where p >= threshold */
	/* the training record: what shaped the result, and what came out */
	struct cln_config config;  /* strings NULL but recipe; execution fields zero; pointers owned below */
	char *recipe;
	size_t train_rows, valid_rows, epochs, best_epoch; /* of an ensemble: the sum, and the first member's */
	struct cln_metrics valid;  /* rows = 0: none */
	/* not in the file */
	const char *isa;           /* whose kernels predict (config_use_isa), lent; NULL: the best this CPU has */
};

enum cln_status model_create(struct cln_model **model, struct cln_error *err) CLN_MUST_CHECK; /* all empty */

/* What the logit is divided by; 1: nothing is done. */
double model_temperature(const struct cln_model *model);

/* The pipeline's features that are numbers of levels, ascending, each with as many rows as it has numbers; returns how many there
 * are.  categories: n_columns of them, or NULL. */
size_t model_categories(struct category *categories, const struct pipeline *pipeline);

/* The networks whose probabilities are averaged, in order; returns how many there are. */
size_t model_networks(const struct network *networks[CLN_MAX_ENSEMBLE], const struct cln_model *model);

/* cln_model_save to the file that a path means: itself, or the model's in a run directory.  guard: as of struct io_place. */
enum cln_status model_replace(const struct cln_model *model, const char *path, void (*guard)(const char *temporary),
                              struct cln_error *err) CLN_MUST_CHECK;

/* Whether that is a file which can be replaced, and no pipe or device, which could not even be read twice: CLN_E_IO, of standard
 * input CLN_E_USAGE. */
enum cln_status model_replaceable(const char *path, struct cln_error *err) CLN_MUST_CHECK;

/* Whether the file's header has room for a model whose training is yet to come: CLN_E_DATA names the column that takes the most. */
enum cln_status model_check_room(const struct cln_model *model, struct cln_error *err) CLN_MUST_CHECK;

/* The file's bytes in memory (mem_free) and back.  model_encode(model_decode(bytes)) == bytes. */
enum cln_status model_encode(char **bytes, size_t *length, const struct cln_model *model, struct cln_error *err) CLN_MUST_CHECK;
enum cln_status model_decode(struct cln_model **model, const char *bytes, size_t length, const char *name,
                             struct cln_error *err) CLN_MUST_CHECK;

#endif
