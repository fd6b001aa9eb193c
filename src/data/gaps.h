/* SPDX-License-Identifier: MIT
 * Texts that stand for a missing cell: those that always do, and further ones that --missing names and a model keeps. */
#ifndef DATA_GAPS_H
#define DATA_GAPS_H

#include "data/table.h"

#define GAPS_MOST 32 /* texts of a list */

/* Whether a cell means "missing" without being named: empty, ?, NA, N/A, NaN, null, None, ... (doc/data.md has the list), spaces
 * around ignored. */
bool gap_by_default(const char *text, size_t length);

struct gaps {
	char *list; /* its texts without spaces around them, numbers in shortest form, each once, in ascending order of bytes,
		     * separated by commas; NULL: there are none */
	size_t n;
	struct gap {
		const char *text; /* in the list */
		size_t length;
		bool is_number;
		float number;
	} gaps[GAPS_MOST];
};

/* From a list as a user writes it, or NULL; gaps_free is allowed whatever was returned.  CLN_E_USAGE: more texts than GAPS_MOST, or
 * one that is not valid UTF-8. */
enum cln_status gaps_create(struct gaps *gaps, const char *list, struct cln_error *err) CLN_MUST_CHECK;
void gaps_free(struct gaps *gaps);

/* Whether a cell's text is one of them, spaces around it ignored; a number is by its value. */
bool gaps_find(const struct gaps *gaps, const char *text, size_t length);
static inline bool gaps_have(const struct gaps *gaps, const char *text, size_t length)
{
	return gaps->n > 0 && gaps_find(gaps, text, length);
}

/* Makes gaps of those numbers, and of the texts that are kept (also of those that gap_by_default knows), in a table whose other
 * cells were read by gaps_have, and gives it the list. */
enum cln_status gaps_settle(struct cln_table *table, struct gaps *gaps, struct cln_error *err) CLN_MUST_CHECK;

/* The same for a table whose cells cannot be written: CLN_E_DATA where one of them is in it. */
enum cln_status gaps_settle_lent(struct cln_table *table, struct gaps *gaps, struct cln_error *err) CLN_MUST_CHECK;

#endif
