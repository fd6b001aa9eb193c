/* SPDX-License-Identifier: MIT
 * All that is wrong with the cells and rows of a file: how often each kind of problem is met, and the first ones with their places.
 * A reader that is given such a list does not stop at the first problem but goes on wherever that is sound. */
#ifndef DATA_FINDINGS_H
#define DATA_FINDINGS_H

#include "base/mem.h"

struct finding {
	const char *kind; /* a constant, as "ragged row" */
	size_t line, column; /* 0: not known */
	char *sentence;   /* what is wrong, without the place */
};

#define FINDING_KINDS 32

struct findings {
	size_t most; /* that are told one by one; set by the caller before anything is added */
	struct finding *items;
	size_t n, capacity;
	struct {
		const char *kind;
		size_t n;
	} counts[FINDING_KINDS]; /* of all, told or not, in the order in which they were first met */
	size_t n_kinds;
	/* rows that have a problem, as 1, none of whose cells is to be used; NULL: there are none */
	uint8_t *bad_rows;
	bool ended; /* where rows begin is not known behind the last problem: there is no table */
};

void findings_free(struct findings *findings);

/* n problems of a kind. */
void findings_count(struct findings *findings, const char *kind, size_t n);
size_t findings_total(const struct findings *findings);

/* Adds one that is told; it is counted apart.  More than `most` may be added from several sources, each in order of place:
 * findings_settle sorts them and drops those beyond. */
enum cln_status findings_add(struct findings *findings, const char *kind, size_t line, size_t column, const char *sentence,
			     struct cln_error *err) CLN_MUST_CHECK;
void findings_settle(struct findings *findings);

static inline bool findings_row_is_bad(const struct findings *findings, size_t row)
{
	return findings && findings->bad_rows && findings->bad_rows[row];
}

/* Where not all are wanted: the first cells that cannot be used, by row and then column, which alone are looked at again. */
struct bad_cells {
	struct bad_cell {
		size_t row, column;
	} cells[ERRORS_TOLD];
	size_t n, n_all;
};
void bad_cells_add(struct bad_cells *bad, struct bad_cell cell);

/* Rows of a table of n_rows that have no problem: their numbers, ascending; mem_free. */
enum cln_status findings_good_rows(uint32_t **rows, size_t *n, const struct findings *findings, size_t n_rows,
				   struct cln_error *err) CLN_MUST_CHECK;

#endif
