/* SPDX-License-Identifier: MIT
 * What the ranks of a crew say to one another: crew.c for rank 0, crew_follow.c for the others. */
#ifndef API_CREW_PARTS_H
#define API_CREW_PARTS_H

#include "api/crew.h"
#include "train/job.h"

/* First, all get to know each other's words. */
struct crew_word {
	int32_t talks;  /* a talk follows; rank 0: an order */
	int32_t signal; /* that the rank was sent */
};

/* What a member's training has brought since the last time. */
struct crew_talk {
	bool has_epoch, ended;
	struct cln_epoch epoch;
	char note[CLN_ERROR_TEXT + 128]; /* "": none */
	/* Where it has ended: how, and unless it was for an error its parameters follow. */
	enum cln_status status;
	char message[CLN_ERROR_TEXT];
	struct trainer_result result;
};
static inline bool crew_has_network(const struct crew_talk *talk)
{
	return talk->ended && (talk->status == CLN_OK || (talk->status == CLN_STOPPED && !talk->result.unfinished));
}

/* What all do next. */
enum crew_action {
	CREW_GO_ON,
	CREW_SAVE,    /* states go to rank 0 */
	CREW_STOP,    /* the same, and nobody goes on */
	CREW_ABANDON, /* nobody goes on */
	CREW_END,     /* nobody begins another epoch */
	CREW_OVER     /* there is nothing more to do */
};
#define CREW_NOBODY (-1)  /* in the place of a member: nothing new */
#define CREW_GIVE_UP (-2) /* the member is of no use any more */

/* A member that a rank is to train. */
struct crew_member {
	size_t k;
	struct cln_config config;           /* without its pointers */
	size_t n_train, n_valid;
	bool train_listed, train_weighted;  /* lists and weights follow: weights of all rows of X, or of valid's own */
	bool valid_listed, valid_weighted;
	bool goes_on;                       /* from `state`, whose parts follow; else the first weights alone */
	bool parts[STATE_N_PARTS];
	struct training_state state;
};

/* Where they lie, on either side. */
struct crew_arrays {
	uint32_t *train_list, *valid_list;
	float *train_weights, *valid_weights;
	float *parts[STATE_N_PARTS];
};
enum { CREW_ARRAYS = 4 + STATE_N_PARTS };

/* The rows of all members: features, labels. */
struct crew_header {
	struct share_rows train, valid; /* valid.n_rows = 0: it is parts of train */
	char isa[16];
};

/* The arrays of a member that follow, as pieces from or to a rank; returns how many. */
size_t crew_list_arrays(struct comm_piece pieces[CREW_ARRAYS], int rank, const struct crew_header *header,
			const struct crew_member *member, const struct crew_arrays *arrays, size_t n_floats);

/* Words of all ranks.  True: something follows. */
bool crew_meet(struct comm *comm, struct crew_word *words);

#endif
