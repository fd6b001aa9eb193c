/* SPDX-License-Identifier: MIT
 * What a person sees of a training run: a block of facts before it, a line an epoch (thinned out where epochs are very short), on a
 * terminal a bar within the epoch with the last loss and AUC, the speed and the time left, and the result.  Members of an ensemble
 * that are trained one after the other have a heading each; where several are trained at a time every line names its member, and
 * the bar is that of all epochs.  Everything goes to one stream, never to standard output. */
#ifndef REPORT_PROGRESS_H
#define REPORT_PROGRESS_H

#include "base/names.h"

#include <stdio.h>

enum progress_mode { PROGRESS_AUTO, PROGRESS_BAR, PROGRESS_LINES, PROGRESS_NONE };
extern const struct name_table names_progress;

struct progress {
	FILE *out;
	const struct cln_config *config;
	size_t epochs;       /* of each member, at most */
	enum progress_mode mode; /* never PROGRESS_AUTO */
	bool colour;
	int width;           /* of the terminal, columns */
	const char *label;   /* lent; in front of the bar, which is then all that is drawn beside notes; NULL: none */
	double (*now)(void); /* seconds of a monotonic clock; tests put their own in */
	double last_line;    /* when an epoch's line was written */
	double epoch_start;
	size_t member, members; /* of an ensemble: the one under way, from 0, of so many; 0, 0 else */
	size_t epochs_before;   /* of the members before it */
	bool side_by_side;      /* several members are under way: `last` and `pending` are theirs, the others the first element's */
	size_t all_epochs;      /* heard of, of all members */
	bool bar_drawn; /* the line above the cursor is a bar */
	bool valid;     /* there are validation rows */
	bool pending[CLN_MAX_ENSEMBLE];         /* `last` was not written yet */
	struct cln_epoch last[CLN_MAX_ENSEMBLE]; /* of a member */
	struct cln_epoch latest; /* of any member; epoch = 0: none has ended */
	double first_epoch_start;
};

/* auto: a bar where `out` is a terminal, else lines.  config is lent for the life of `progress`. */
void progress_open(struct progress *progress, FILE *out, enum progress_mode mode, const struct cln_config *config);

/* The observer's calls, and the end.  With PROGRESS_NONE only notes are written. */
void progress_start(struct progress *progress, const struct cln_fit_start *start);
void progress_member(struct progress *progress, size_t member, size_t members);
void progress_batch(struct progress *progress, size_t epoch, size_t rows_done, size_t rows);
void progress_epoch(struct progress *progress, const struct cln_epoch *epoch);
void progress_note(struct progress *progress, const char *sentence);
void progress_end(struct progress *progress, const struct cln_fit_summary *summary);

/* Takes the bar away, so that something else can be written; idempotent. */
void progress_clear(struct progress *progress);

/* "1.42M", "83.1k", "512": three digits, for people. */
#define PROGRESS_NUMBER 16
void progress_short_number(char text[PROGRESS_NUMBER], double value);

#endif
