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

/* CLN_E_USAGE names the first thing that was otherwise and what it is now.  `epochs` may be another number where no rate depends
 * on it, with the schedules constant and step, and where it must not be the same: no member of an ensemble has run them. */
enum cln_status identity_compare(const char *was, const char *is, bool same_epochs, struct cln_error *err) CLN_MUST_CHECK;

#endif
