/* SPDX-License-Identifier: MIT
 * What the config leaves open and a few small networks decide before the training. */
#ifndef API_PILOT_H
#define API_PILOT_H

#include "api/trainee.h"

struct pilot {
	const struct common *common;         /* of the training to come */
	const struct cln_config *config;     /* the same before networks, units and epochs were chosen */
	const struct cln_observer *observer; /* or NULL: of it only `ask`, which can stop the pilot, and `note` */
	int threads;                         /* allowed */
};

#define PILOT_MEMBERS 4

/* Whether small networks may be trained first: there are rows to judge them by, and time and number of networks are ours to choose
 * (not CLN_QUICK, nor an ensemble other than CLN_AUTO). */
bool pilot_is_allowed(const struct pilot *pilot);

/* The options of PILOT_MEMBERS networks like those of the training, but no larger, and no longer trained, than those of --effort
 * quick, with the rates for so many rows. */
void pilot_config(struct cln_config *config, const struct pilot *pilot, size_t n_rows);

/* With CLN_EMBEDDING_AUTO: there are so many rows that numbers scaled by quantiles have bins, and nothing is to be tried. */
bool pilot_has_bins_anyway(const struct pilot *pilot);

/* Whether numbers scaled by quantiles have bins beside their waves (CLN_EMBEDDING_AUTO).  With many rows they have.  With few some
 * tables want them and others do not, so four networks of --effort quick are trained with them and four without, and the lower log
 * loss of the rows left out decides: it follows from rows and config alone, for any threads.  With fewer rows still, or where
 * pilots are not allowed, they have none.  CLN_STOPPED: the observer's `ask` wished it. */
enum cln_status pilot_tail_bins(bool *bins, const struct pilot *pilot, struct cln_error *err) CLN_MUST_CHECK;

#endif
