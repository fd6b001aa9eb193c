/* SPDX-License-Identifier: MIT
 * Pieces of an HTML page in the syntax that XML parsers take as well.  What comes from data goes through html_text, everything else
 * is markup of our own. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "base/mem.h"

/* Markup, as it is; and markup with words or whole numbers of our own (no fractions: text_addf). */
void html_add(struct text *page, const char *markup);
#define html_addf text_addf

/* A text of anybody's, for content and for attributes in double quotes: & < > " ' become references, and what is no character of a
 * page (bytes that are not UTF-8, controls but for tab and line end, U+FFFE, U+FFFF) U+FFFD. */
void html_text(struct text *page, const char *text);

/* The same within an element that keeps its direction from turning what stands around it: <bdi>. */
void html_name(struct text *page, const char *text);

/* A number with so many digits behind the point, 0 to 9, which is '.' whatever the locale; halves are rounded away from zero. Where
 * it is 10^9 or more: in its shortest form; not finite: an en dash. */
void html_fixed(struct text *page, double value, int digits);
/* ... without zeros at its end. */
void html_short(struct text *page, double value, int digits);
/* A whole number with thin spaces between groups of three digits. */
void html_count(struct text *page, double value);

/* <th scope="row">; cells of numbers are aligned to the right. */
void html_row_begin(struct text *page, const char *heading);
void html_cell_fixed(struct text *page, double value, int digits);
void html_cell_count(struct text *page, double value);
void html_row_end(struct text *page);

/* One pair of a list of facts. */
void html_fact(struct text *page, const char *term, const char *text);

#endif
