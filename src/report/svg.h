/* SPDX-License-Identifier: MIT
 * Charts as inline SVG: axes with round ticks, lines, steps, bars and marks.  Colours and fonts are the page's style sheet's. */
#ifndef REPORT_SVG_H
#define REPORT_SVG_H

#include "base/mem.h"

struct chart {
	const char *id;                  /* of the page's own, unique */
	const char *title, *description; /* for those who do not see it; any text */
	const char *x_label, *y_label;
	double x_low, x_high, y_low, y_high; /* low < high */
	bool whole_x;                        /* ticks of x are whole numbers */
};

/* <svg> with a frame, grid, ticks and labels; and its end. */
void svg_begin(struct text *page, const struct chart *chart);
void svg_end(struct text *page);

/* In the chart's units; what lies beyond its range is drawn at its edge, and a NaN breaks a line.  style: a class of the page's. */
void svg_line(struct text *page, const struct chart *chart, const char *style, const double *x, const double *y, size_t n);
/* From each point to the next at the next one's y: precision over recall. */
void svg_steps(struct text *page, const struct chart *chart, const char *style, const double *x, const double *y, size_t n);
void svg_segment(struct text *page, const struct chart *chart, const char *style, double x0, double y0, double x1, double y1);
void svg_mark(struct text *page, const struct chart *chart, const char *style, double x, double y, double radius);
void svg_bar(struct text *page, const struct chart *chart, const char *style, double x0, double x1, double y);

/* In the picture's own units: ` name="value"`, and a line. */
void svg_attribute(struct text *page, const char *name, double value);
void svg_plain_line(struct text *page, const char *style, double x0, double y0, double x1, double y1);

/* The least of 1, 2, 2.5, 5 times a power of ten that cuts `range` (> 0) into at most six parts. */
double svg_tick_step(double range);
/* The least multiple of a tick's step that is no less than `value`, with ticks from low on. */
double svg_round_up(double low, double value);

#endif
