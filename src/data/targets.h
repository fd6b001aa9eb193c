/* SPDX-License-Identifier: MIT
 * What each column of a table is read as, by the options: the same whatever form the table has. */
#ifndef DATA_TARGETS_H
#define DATA_TARGETS_H

#include "data/dictionary.h"
#include "data/table.h"

enum target_kind { TARGET_SKIP, TARGET_NUMBER, TARGET_CATEGORY };

/* How a column is read, and where the CSV reader puts its cells in a sweep. */
struct target {
	enum target_kind kind; /* TARGET_NUMBER: or category, if its cells say so and it must not be a number */
	bool left_out;         /* set by the caller: not in the file, as if it were ignored */
	bool must_be_number;   /* --numeric */
	bool given;            /* --numeric or --categorical */
	bool known;            /* a category in the table that this one is read like, or the label: no text of it is an error */
	bool needed;           /* where only some columns are */
	bool kept;             /* --keep */
	bool exempt;           /* cln_read_options.missing marks no cell: the label, the weights, what is listed so or only kept */
	float *numbers;
	uint32_t *codes;
	size_t category; /* index of its dictionary in every worker */
};

/* Fills targets (one a name; zeros but for left_out) for columns of these names.  CLN_E_DATA: a list names a column that `file`
 * lacks; CLN_E_USAGE: two lists contradict each other. */
enum cln_status targets_choose(struct target *targets, const struct dictionary *names, const char *file,
			       const struct cln_read_options *options, struct cln_error *err) CLN_MUST_CHECK;

/* Whether the texts of cln_read_options.missing are gaps as soon as they are read.  What is kept is to be written as it stands;
 * gaps_settle makes gaps there. */
static inline bool target_marks_gaps(const struct target *target)
{
	return !target->exempt && !target->kept;
}

/* What a target makes of its column: type and marks, but no cells. */
void target_describe(struct column *column, const struct target *target, const struct cln_read_options *options);

/* Adds the names "1" ... of n columns to an empty dictionary. */
enum cln_status targets_number_names(struct dictionary *names, size_t n, struct cln_error *err) CLN_MUST_CHECK;

#endif
