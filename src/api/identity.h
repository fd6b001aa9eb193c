/* SPDX-License-Identifier: MIT
 * What a training stands on, as text: every option that shapes its result, and fingerprints of its data.  A checkpoint carries
 * it, and only a training of the same identity may go on from there. */
#ifndef API_IDENTITY_H
#define API_IDENTITY_H

#include "api/prepare.h"

struct identity_sources {
	const struct cln_table *train, *valid, *test; /* valid, test: NULL where they are split off or there are none */
	const struct cln_model *init;                 /* or NULL */
	uint64_t initial;                             /* fingerprint of the network that the training begins with */
};

/* A JSON object, for text_free.  config: in force, the chosen block size included. */
enum cln_status identity_text(struct text *text, const struct cln_config *config, const struct prepared *data,
			      const struct identity_sources *sources, struct cln_error *err) CLN_MUST_CHECK;

/* The columns of a table that such a text says were left out (feature_selection.h), or does not know: an entry for each, for
 * mem_free; NULL: none were. */
enum cln_status identity_left_out(bool **left_out, const char *identity, const struct cln_table *table,
				  struct cln_error *err) CLN_MUST_CHECK;

/* What may be otherwise in a training that goes on. */
struct identity_freedom {
	bool epochs;                         /* `epochs`, where identity_is_of_any_epochs */
	const char *allowed;                 /* names of cln_checkpoint_allow, or NULL: nothing */
	const struct cln_observer *observer; /* told what was allowed and is otherwise; or NULL */
};

/* CLN_E_USAGE names the first thing that was otherwise and what it is now. */
enum cln_status identity_compare(const char *was, const char *is, const struct identity_freedom *freedom,
				 struct cln_error *err) CLN_MUST_CHECK;

/* CLN_E_USAGE: one of the names, which are separated by commas, is of nothing that can be allowed to differ. */
enum cln_status identity_check_allowed(const char *names, struct cln_error *err) CLN_MUST_CHECK;

/* Whether more or fewer epochs are the same training: with these words of its options, neither a rate nor regularisation depends on
 * their number. */
bool identity_is_of_any_epochs(const char *schedule, const char *regularisation);

/* Whether an option is among the names; NULL: there are none. */
bool identity_is_allowed(const char *names, const char *option);

#endif
