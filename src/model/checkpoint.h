/* SPDX-License-Identifier: MIT
 * The state of a training in memory, and its file (doc/checkpoint-format.md). */
#ifndef MODEL_CHECKPOINT_H
#define MODEL_CHECKPOINT_H

#include "nn/network.h"
#include "train/state.h"

/* One of an ensemble whose training has ended. */
struct finished_member {
	float *params;               /* in the layout of network.params */
	size_t epochs, best_epoch, recoveries;
	double seconds, rows_per_second;
};

struct cln_checkpoint {
	struct network *network;     /* whose shape the state's parts and the finished members have */
	struct training_state state; /* of the only network, or of the first member that has not ended */
	size_t ensemble;             /* members that there will be; 0 or 1: a single network */
	struct finished_member *finished;
	size_t n_finished;           /* below `ensemble` */
	char *identity;              /* JSON text of what the training stands on: options and data (api/identity.h) */
	char *note;                  /* the caller's, of cln_checkpoint_save; NULL in one that is lent to an observer */
	char *allowed;               /* what may differ from it, as cln_checkpoint_allow was told; NULL: nothing */
	bool loaded;                 /* from a file: owns all of this; the weights lie in the network */
};

/* The file's bytes in memory (mem_free) and back.  checkpoint_encode(checkpoint_decode(bytes)) == bytes. */
enum cln_status checkpoint_encode(char **bytes, size_t *length, const struct cln_checkpoint *checkpoint, const char *note,
                                  struct cln_error *err) CLN_MUST_CHECK;
enum cln_status checkpoint_decode(struct cln_checkpoint **checkpoint, const char *bytes, size_t length, const char *name,
                                  struct cln_error *err) CLN_MUST_CHECK;

#endif
