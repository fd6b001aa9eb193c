/* SPDX-License-Identifier: MIT
 * Cells of new rows that are unlike those of the training rows, counted by column: numbers beyond their range, and categories that
 * they did not hold.  Tables are added one after the other, in any number, for the memory of one count a column. */
#ifndef DATA_NOVEL_H
#define DATA_NOVEL_H

#include "data/pipeline.h"
#include "data/text.h"

struct novel_column {
	size_t n_present;            /* cells that are not missing */
	size_t n_outside;            /* numbers beyond the range of the training rows; 0 where it is not known */
	size_t n_unseen;             /* categories that no training row has */
	char example[EXCERPT];       /* the first of these, as text_excerpt shows it */
};

struct novel {
	const struct pipeline *pipeline; /* lent */
	struct novel_column *columns;    /* one a column of the pipeline; those without features stay zero */
};

enum cln_status novel_create(struct novel *novel, const struct pipeline *pipeline, struct cln_error *err) CLN_MUST_CHECK;
void novel_free(struct novel *novel);

/* Adds all rows of a table whose columns are matched by name; what it lacks is passed over, as are numbers where categories were
 * learnt (in a table that was not read for the model).  Where texts is false no category is looked at: the caller knows that all
 * were seen. */
enum cln_status novel_add(struct novel *novel, const struct cln_table *table, bool texts, struct cln_error *err) CLN_MUST_CHECK;

#endif
