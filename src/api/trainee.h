/* SPDX-License-Identifier: MIT
 * One network to be trained, alone or as a member of an ensemble: its options, rows, first weights and plan. */
#ifndef API_TRAINEE_H
#define API_TRAINEE_H

#include "api/prepare.h"
#include "train/trainer.h"

/* What all members of a fit have in common; lent. */
struct common {
	const struct cln_config *config;
	const struct kernels *kernels;
	const struct prepared *data;
	const struct cln_model *init; /* to start from, or NULL */
	const struct front *front;    /* of every network, where there is no `init` */
	bool tail_bins;               /* with CLN_EMBEDDING_AUTO: numbers scaled by quantiles have bins (pilot.h) */
	size_t K;                     /* members */
	size_t block_size;            /* of the first member's plan; 0: not known yet */
	struct comm *comm;            /* the ranks that share every mini-batch; NULL: there are none, or they would not pay */
};

struct trainee {
	size_t k;
	struct cln_config config; /* with the member's seed, and from the second on the first one's block size */
	struct member_rows rows;
	struct network *network;
	struct plan plan;
};

/* The options of member k, and the fold that it leaves out. */
void trainee_config(struct cln_config *config, const struct common *common, size_t k);
size_t trainee_fold(const struct common *common, size_t k);

/* What stands before the layers as config and data say; ended with front_free, also after an error. */
enum cln_status trainee_front(struct front *front, const struct common *common, struct cln_error *err) CLN_MUST_CHECK;

/* A network as the config says, or the one to start from; weights that are fitted to data are not there yet. */
enum cln_status trainee_network(struct network **net, const struct common *common, const struct cln_config *config,
				struct cln_error *err) CLN_MUST_CHECK;

/* Member k for so many threads; `fresh`: with its first weights. */
enum cln_status trainee_create(struct trainee *trainee, const struct common *common, size_t k, int threads, bool fresh,
			       struct cln_error *err) CLN_MUST_CHECK;
void trainee_free(struct trainee *trainee);

/* The rows to validate on, or NULL. */
static inline const struct dataset *trainee_valid(const struct trainee *trainee)
{
	return trainee->rows.valid.n_rows ? &trainee->rows.valid : NULL;
}

/* Whether a training like this can go on from a state (trainer_check). */
enum cln_status trainee_check(const struct common *common, const struct network *net, size_t k, const struct training_state *state,
			      struct cln_error *err) CLN_MUST_CHECK;

/* Adds to the reason of a divergence the feature with the largest values. */
enum cln_status trainee_name_feature(const struct trainee *trainee, const struct common *common, size_t recoveries,
				     struct cln_error *err);

#endif
