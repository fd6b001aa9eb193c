/* SPDX-License-Identifier: MIT */
#include "api/novelty.h"

#include "base/number.h"
#include "base/utf8.h"
#include "data/novel.h"
#include "model/model.h"

#include <stdarg.h>
#include <stdio.h>

enum cln_status novelty_create(struct novel **novelty, const struct cln_model *model, struct cln_error *err)
{
	enum cln_status status;

	*novelty = mem_alloc(1, sizeof **novelty, err);
	if (!*novelty)
		return CLN_E_MEMORY;
	status = novel_create(*novelty, model->pipeline, err);
	if (status != CLN_OK) {
		mem_free(*novelty);
		*novelty = NULL;
	}
	return status;
}

void novelty_destroy(struct novel *novelty)
{
	if (!novelty)
		return;
	novel_free(novelty);
	mem_free(novelty);
}

enum cln_status novelty_add(struct novel *novelty, const struct cln_table *table, const struct cln_row_report *report,
			    struct cln_error *err)
{
	return novel_add(novelty, table, report->unseen_cells > 0, err);
}

struct telling {
	void (*tell)(void *context, const char *sentence);
	void *context;
};

static void say(const struct telling *telling, const char *format, ...)
{
	char sentence[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	utf8_make_visible(sentence, "");
	telling->tell(telling->context, sentence);
}

static void tell_column(const struct telling *telling, const struct pipeline_column *learnt, const struct novel_column *count)
{
	char least[NUMBER_TEXT], greatest[NUMBER_TEXT];
	const int shown = utf8_cut(learnt->name, 200);

	if (count->n_outside > 0) {
		text_number(least, learnt->least);
		text_number(greatest, learnt->greatest);
		say(telling, "%.*s: %zu of %zu values outside of the training rows' %s .. %s", shown, learnt->name,
		    count->n_outside, count->n_present, least, greatest);
	}
	if (count->n_unseen > 0)
		say(telling, "%.*s: %zu of %zu values never seen in training, the first being \"%s\"", shown, learnt->name,
		    count->n_unseen, count->n_present, count->example);
}

void novelty_tell(const struct novel *novelty, void (*tell)(void *context, const char *sentence), void *context)
{
	const struct telling telling = {tell, context};
	size_t n_told = 0, n_more = 0;

	for (size_t c = 0; c < novelty->pipeline->n_columns; c++) {
		const struct novel_column *count = &novelty->columns[c];

		if (count->n_outside == 0 && count->n_unseen == 0)
			continue;
		if (n_told < NOVELTY_COLUMNS) {
			tell_column(&telling, &novelty->pipeline->columns[c], count);
			n_told++;
		} else {
			n_more++;
		}
	}
	if (n_more > 0)
		say(&telling, "%zu more column%s hold%s values that the training rows did not", n_more, n_more > 1 ? "s" : "",
		    n_more > 1 ? "" : "s");
}
