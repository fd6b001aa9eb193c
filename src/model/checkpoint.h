/* SPDX-License-Identifier: MIT
 * The state of a training in memory, and its file (doc/checkpoint-format.md). */
#ifndef MODEL_CHECKPOINT_H
#define MODEL_CHECKPOINT_H

#include "nn/network.h"
#include "train/state.h"

#define CHECKPOINT_FORMAT 3 /* the newest that is read */

/* One of an ensemble whose training has ended. */
struct finished_member {
	size_t member;               /* from 0 */
	float *params;               /* in the layout of network.params */
	size_t epochs, best_epoch, recoveries;
	double seconds, rows_per_second;
};

/* One whose training has begun: several where they are trained side by side. */
struct member_under_way {
	size_t member;               /* 0 of a single network */
	struct training_state state;
};

struct cln_checkpoint {
	struct network *network;     /* whose shape the states' parts and the finished members have; its weights mean nothing */
	size_t format;               /* 1: a single network; 2, 3: an ensemble; 2 is only read; 3 also for what document_is_third */
	size_t ensemble;             /* members that there will be; 0 or 1: a single network */
	double seconds;              /* of an ensemble: that its training has taken so far, whatever was done side by side */
	/* Both in the order of members, who have begun in that order: those of the two are 0 .. n_finished + n_under_way - 1. */
	struct finished_member *finished;
	size_t n_finished;
	struct member_under_way *under_way;
	size_t n_under_way;          /* at least 1 */
	char *identity;              /* JSON text of what the training stands on: options and data (api/identity.h) */
	char *note;                  /* the caller's, of cln_checkpoint_save; NULL in one that is lent to an observer */
	char *allowed;               /* what may differ from it, as cln_checkpoint_allow was told; NULL: nothing */
	bool loaded;                 /* from a file: owns all of this */
};

/* The file's bytes in memory (mem_free) and back.  checkpoint_encode(checkpoint_decode(bytes)) == bytes. */
enum cln_status checkpoint_encode(char **bytes, size_t *length, const struct cln_checkpoint *checkpoint, const char *note,
                                  struct cln_error *err) CLN_MUST_CHECK;
enum cln_status checkpoint_decode(struct cln_checkpoint **checkpoint, const char *bytes, size_t length, const char *name,
                                  struct cln_error *err) CLN_MUST_CHECK;

#endif
