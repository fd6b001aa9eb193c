/* SPDX-License-Identifier: MIT
 * Options in force, timing, machine, and the command that trains the model again. */
#include "report/page_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Any value of run.json; a text in its whole length. */
static void add_value(struct text *page, const struct json *value)
{
	char shown[JSON_SHOWN];

	if (value->type == JSON_STRING) {
		html_name(page, value->string);
		return;
	}
	json_show(shown, value);
	html_text(page, value->type == JSON_NULL ? "\xE2\x80\x93" : shown);
}

static bool is_changed(const struct run_files *files, const char *name)
{
	for (const struct json *item = files->changed ? files->changed->child : NULL; item; item = item->next)
		if (strcmp(item->string, name) == 0)
			return true;
	return false;
}

static void add_options(struct text *page, const struct run_files *files, bool changed)
{
	html_add(page, "<div class=\"scroll\"><table>\n<thead><tr><th>option</th><th>value</th></tr></thead>\n<tbody>\n");
	for (const struct json *option = files->options->child; option; option = option->next) {
		if (is_changed(files, option->key) != changed)
			continue;
		html_row_begin(page, option->key);
		html_add(page, "<td class=\"text\">");
		add_value(page, option);
		html_add(page, "</td>");
		html_row_end(page);
	}
	html_add(page, "</tbody></table></div>\n");
}

static void add_all_options(struct text *page, const struct run_files *files)
{
	const struct json *recipe = json_get(files->options, "recipe");
	const bool any = files->changed && files->changed->n > 0;

	html_add(page, "<section>\n<h2>Options</h2>\n<p>");
	if (files->changed && !any)
		html_add(page, "All are as in the recipe ");
	else
		html_add(page, any ? "Those that differ from the recipe " : "Those in force; recipe ");
	if (recipe && recipe->type == JSON_STRING)
		html_name(page, recipe->string);
	html_add(page, any ? ":</p>\n" : ".</p>\n");
	if (any)
		add_options(page, files, true);
	html_addf(page, "<details><summary>All %soptions in force</summary>\n", any ? "other " : "");
	add_options(page, files, false);
	html_add(page, "</details>\n</section>\n");
}

/* ---------------------------------------------------------------- timing and machine */

static void add_number_fact(struct text *page, const char *term, double value, int digits, const char *unit)
{
	if (isnan(value))
		return;
	html_addf(page, "<div><dt>%s</dt><dd>", term);
	if (digits == 0)
		html_count(page, value);
	else
		html_fixed(page, value, digits);
	html_add(page, unit);
	html_add(page, "</dd></div>\n");
}

static void add_duration(struct text *page, double seconds)
{
	char text[64];

	if (isnan(seconds) || seconds < 100 || seconds > 1e9) {
		add_number_fact(page, "training time", seconds, 2, " s");
		return;
	}
	const unsigned long whole = (unsigned long)(seconds + 0.5);
	if (whole >= 3600)
		snprintf(text, sizeof text, "%lu h %02lu min", whole / 3600, whole / 60 % 60);
	else
		snprintf(text, sizeof text, "%lu min %02lu s", whole / 60, whole % 60);
	html_fact(page, "training time", text);
}

static void add_threads(struct text *page, const struct run_files *files)
{
	html_addf(page, "<div><dt>threads</dt><dd>%zu of %zu allowed (", files->threads, files->threads_allowed);
	html_text(page, files->threads_rule);
	html_add(page, ")</dd></div>\n");
}

static void add_machine(struct text *page, const struct run_files *files)
{
	html_add(page, "<section>\n<h2>Timing and machine</h2>\n<dl>\n");
	add_duration(page, files->seconds);
	add_number_fact(page, "speed", floor(files->rows_per_second + 0.5), 0, " rows a second");
	add_number_fact(page, "epochs", (double)files->epochs, 0, files->members > 1 ? " of all networks" : "");
	if (files->recoveries > 0)
		add_number_fact(page, "epochs repeated at half the rate", (double)files->recoveries, 0, "");
	if (files->temperature != 1)
		add_number_fact(page, "temperature of the logits", files->temperature, 4, "");
	add_number_fact(page, "threshold", files->threshold, 6, "");
	if (files->cpu)
		html_fact(page, "processor", files->cpu);
	html_fact(page, "instruction set", files->isa);
	add_threads(page, files);
	if (files->finished)
		html_fact(page, "finished", files->finished);
	html_fact(page, "program", files->version);
	html_add(page, "</dl>\n</section>\n");
}

/* The model of a run that went on with other options or data is that of no command. */
static void add_changes(struct text *page, const char *names)
{
	html_add(page, "</code></pre>\n<p class=\"soft\">The run went on with changes (<code>--allow-change ");
	html_text(page, names);
	html_add(page, "</code>): no single command makes its model again. This one trains with what was in force at the end, "
	               "from the start.</p>\n</section>\n");
}

static void add_command(struct text *page, const struct run_files *files)
{
	const struct json *changes = json_get(files->options, "allow-change");

	if (!files->command)
		return;
	html_add(page, "<section>\n<h2>How to train it again</h2>\n<pre><code>");
	html_text(page, files->command);
	if (changes && changes->type == JSON_STRING) {
		add_changes(page, changes->string);
		return;
	}
	html_add(page, "</code></pre>\n<p class=\"soft\">With the data of fingerprint <code>");
	html_text(page, files->fingerprint);
	html_add(page, "</code> and version ");
	html_text(page, files->version);
	html_add(page,
	         " of the program the model file is the same, byte for byte, for any number of threads and on every instruction "
	         "set.</p>\n</section>\n");
}

void page_settings(struct text *page, const struct run_files *files)
{
	add_all_options(page, files);
	add_machine(page, files);
	add_command(page, files);
}
