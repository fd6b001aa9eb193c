/* SPDX-License-Identifier: MIT */
#include "cli/row_report.h"

#include "api/novelty.h"
#include "api/rows.h"

#include <stdarg.h>
#include <stdio.h>

void row_report_names(struct text *names, const struct cln_row_report *report, const struct cln_table *table)
{
	const size_t n = report->extra_columns < CLN_EXTRA_NAMED ? report->extra_columns : CLN_EXTRA_NAMED;

	text_free(names);
	*names = (struct text){0};
	for (size_t i = 0; i < n; i++) {
		const char *name = cln_table_column_name(table, report->extra[i]);

		text_addf(names, "%s\"%.*s\"", i ? ", " : "", utf8_cut(name, 100), name);
	}
	if (report->extra_columns > n)
		text_addf(names, " and %zu more", report->extra_columns - n);
	if (names->bytes)
		utf8_make_visible(names->bytes, "");
}

/* Without memory for the names their number will do. */
void row_report_print(const struct cln_row_report *report, const struct text *names)
{
	const bool named = report->extra_columns > 0 && !names->failed && names->bytes;

	fprintf(stderr, "rows %zu; missing cells %zu; categories never seen in training %zu; columns not used %zu%s%s\n",
		report->rows, report->missing_cells, report->unseen_cells, report->extra_columns, named ? ": " : "",
		named ? names->bytes : "");
}

static void print_note(void *context, const char *sentence)
{
	(void)context;
	fprintf(stderr, "note: %s\n", sentence);
}

void row_report_note(const char *format, ...)
{
	char sentence[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	utf8_make_visible(sentence, "");
	print_note(NULL, sentence);
}

void row_report_weight(const struct cln_table *table, const struct cln_model *model)
{
	const char *weight = rows_missing_weight(table, model);

	if (weight)
		row_report_note("there is no column \"%.*s\" for the weight: every row weighs 1", utf8_cut(weight, 100), weight);
}

void row_report_novelty(const struct novel *novelty) { novelty_tell(novelty, print_note, NULL); }
