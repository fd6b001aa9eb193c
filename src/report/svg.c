/* SPDX-License-Identifier: MIT */
#include "report/svg.h"

#include "base/number.h"
#include "report/html.h"

#include <float.h>
#include <math.h>

/* Units of the picture, which is as wide as its column. */
#define WIDTH 400
#define HEIGHT 300
#define LEFT 50
#define RIGHT 22 /* half of a tick's text */
#define TOP 26
#define BOTTOM 44
#define TICKS 6 /* parts of an axis, at most */
#define SMALLEST_RANGE 1e-300

double svg_tick_step(double range)
{
	static const double factors[] = {1, 2, 2.5, 5, 10};
	double power = 1;

	if (!(range > SMALLEST_RANGE && range < DBL_MAX))
		return 1;
	while (power * TICKS < range && power < 1e300)
		power *= 10;
	while (power * TICKS >= range * 10 && power > 1e-290)
		power /= 10;
	power /= 10;
	for (size_t i = 0; i < sizeof factors / sizeof *factors; i++)
		if (power * factors[i] * TICKS >= range * (1 - 1e-9))
			return power * factors[i];
	return power * 10;
}

double svg_round_up(double low, double value)
{
	const double step = svg_tick_step(value - low);

	return low + step * ceil((value - low) / step * (1 - 1e-9));
}

/* ---------------------------------------------------------------- places */

static double within(double share)
{
	return share > 0 ? share < 1 ? share : 1 : 0;
}

static double place_x(const struct chart *chart, double x)
{
	return LEFT + (WIDTH - LEFT - RIGHT) * within((x - chart->x_low) / (chart->x_high - chart->x_low));
}

static double place_y(const struct chart *chart, double y)
{
	return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * within((y - chart->y_low) / (chart->y_high - chart->y_low));
}

void svg_attribute(struct text *page, const char *name, double value)
{
	html_addf(page, " %s=\"", name);
	html_short(page, value, 2);
	html_add(page, "\"");
}

static void add_point(struct text *page, char command, double x, double y)
{
	text_add(page, &command, 1);
	html_short(page, x, 2);
	html_add(page, " ");
	html_short(page, y, 2);
}

/* ---------------------------------------------------------------- axes */

/* Digits behind the point that tell multiples of a step apart. */
static int digits_of(double step)
{
	int digits = 0;

	while (digits < 8 && fabs(step - rint(step)) > step * 1e-6) {
		step *= 10;
		digits++;
	}
	return digits;
}

static void add_tick_text(struct text *page, double value, double step)
{
	if (step >= 1e5 || step < 1e-6) {
		char number[NUMBER_TEXT];

		number_from_double(number, (double)(float)value);
		html_add(page, number);
	} else {
		html_fixed(page, fabs(value) < step * 1e-6 ? 0 : value, digits_of(step));
	}
}

void svg_plain_line(struct text *page, const char *style, double x0, double y0, double x1, double y1)
{
	html_addf(page, "<line class=\"%s\"", style);
	svg_attribute(page, "x1", x0);
	svg_attribute(page, "y1", y0);
	svg_attribute(page, "x2", x1);
	svg_attribute(page, "y2", y1);
	html_add(page, "/>");
}

static void add_label(struct text *page, const char *anchor, double x, double y)
{
	html_addf(page, "<text text-anchor=\"%s\"", anchor);
	svg_attribute(page, "x", x);
	svg_attribute(page, "y", y);
	html_add(page, ">");
}

static double first_tick(double low, double step)
{
	return step * ceil(low / step - 1e-9);
}

static void add_x_axis(struct text *page, const struct chart *chart)
{
	double step = svg_tick_step(chart->x_high - chart->x_low);

	if (chart->whole_x && step < 1)
		step = 1;
	if (chart->whole_x)
		step = rint(step) == step ? step : ceil(step);
	for (double tick = first_tick(chart->x_low, step), i = 0; tick <= chart->x_high + step * 1e-6 && i < 2 * TICKS;
	     tick += step, i++) {
		const double x = place_x(chart, tick);

		svg_plain_line(page, "grid", x, TOP, x, HEIGHT - BOTTOM);
		add_label(page, "middle", x, HEIGHT - BOTTOM + 16);
		add_tick_text(page, tick, step);
		html_add(page, "</text>");
	}
	add_label(page, "middle", LEFT + (WIDTH - LEFT - RIGHT) / 2.0, HEIGHT - 8);
	html_text(page, chart->x_label);
	html_add(page, "</text>\n");
}

static void add_y_axis(struct text *page, const struct chart *chart)
{
	const double step = svg_tick_step(chart->y_high - chart->y_low);

	for (double tick = first_tick(chart->y_low, step), i = 0; tick <= chart->y_high + step * 1e-6 && i < 2 * TICKS;
	     tick += step, i++) {
		const double y = place_y(chart, tick);

		svg_plain_line(page, "grid", LEFT, y, WIDTH - RIGHT, y);
		add_label(page, "end", LEFT - 6, y + 4);
		add_tick_text(page, tick, step);
		html_add(page, "</text>");
	}
	add_label(page, "start", 4, 14);
	html_text(page, chart->y_label);
	html_add(page, "</text>\n");
}

void svg_begin(struct text *page, const struct chart *chart)
{
	html_addf(page,
	          "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s-title %s-text\">\n"
	          "<title id=\"%s-title\">",
	          WIDTH, HEIGHT, chart->id, chart->id, chart->id);
	html_text(page, chart->title);
	html_addf(page, "</title><desc id=\"%s-text\">", chart->id);
	html_text(page, chart->description);
	html_add(page, "</desc>\n");
	add_x_axis(page, chart);
	add_y_axis(page, chart);
	svg_plain_line(page, "axis", LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM);
	svg_plain_line(page, "axis", LEFT, TOP, LEFT, HEIGHT - BOTTOM);
	html_add(page, "\n");
}

void svg_end(struct text *page)
{
	html_add(page, "</svg>\n");
}

/* ---------------------------------------------------------------- what is drawn */

static void add_path(struct text *page, const struct chart *chart, const char *style, const double *x, const double *y, size_t n,
                     bool steps)
{
	bool begun = false;

	html_addf(page, "<path class=\"%s\" d=\"", style);
	for (size_t i = 0; i < n; i++) {
		if (isnan(y[i])) {
			begun = false;
			continue;
		}
		if (begun && steps)
			add_point(page, 'L', place_x(chart, x[i - 1]), place_y(chart, y[i]));
		add_point(page, begun ? 'L' : 'M', place_x(chart, x[i]), place_y(chart, y[i]));
		begun = true;
	}
	html_add(page, "\"/>\n");
}

void svg_line(struct text *page, const struct chart *chart, const char *style, const double *x, const double *y, size_t n)
{
	add_path(page, chart, style, x, y, n, false);
}

void svg_steps(struct text *page, const struct chart *chart, const char *style, const double *x, const double *y, size_t n)
{
	add_path(page, chart, style, x, y, n, true);
}

void svg_segment(struct text *page, const struct chart *chart, const char *style, double x0, double y0, double x1, double y1)
{
	svg_plain_line(page, style, place_x(chart, x0), place_y(chart, y0), place_x(chart, x1), place_y(chart, y1));
}

void svg_mark(struct text *page, const struct chart *chart, const char *style, double x, double y, double radius)
{
	html_addf(page, "<circle class=\"%s\"", style);
	svg_attribute(page, "cx", place_x(chart, x));
	svg_attribute(page, "cy", place_y(chart, y));
	svg_attribute(page, "r", radius);
	html_add(page, "/>");
}

void svg_bar(struct text *page, const struct chart *chart, const char *style, double x0, double x1, double y)
{
	const double left = place_x(chart, x0), top = place_y(chart, y);

	html_addf(page, "<rect class=\"%s\"", style);
	svg_attribute(page, "x", left);
	svg_attribute(page, "y", top);
	svg_attribute(page, "width", place_x(chart, x1) - left);
	svg_attribute(page, "height", place_y(chart, 0) - top);
	html_add(page, "/>");
}
