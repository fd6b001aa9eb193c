/* SPDX-License-Identifier: MIT
 * What rows hold that the training rows of a model did not, as sentences for people: a line for a column. */
#ifndef API_NOVELTY_H
#define API_NOVELTY_H

#include "base/mem.h"

struct novel;

/* Starts counting for a model, which is lent; ended with novelty_destroy. */
enum cln_status novelty_create(struct novel **novelty, const struct cln_model *model, struct cln_error *err) CLN_MUST_CHECK;
void novelty_destroy(struct novel *novelty);

/* Adds the rows of a table, of which a prediction has reported; all that there are, also where it dropped some by their weight. */
enum cln_status novelty_add(struct novel *novelty, const struct cln_table *table, const struct cln_row_report *report,
			    struct cln_error *err) CLN_MUST_CHECK;

/* A sentence for each of the first columns that hold something new, and one that counts the others. */
#define NOVELTY_COLUMNS 20
void novelty_tell(const struct novel *novelty, void (*tell)(void *context, const char *sentence), void *context);

#endif
