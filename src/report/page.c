/* SPDX-License-Identifier: MIT */
#include "report/page.h"

#include "report/page_parts.h"

#include <string.h>

const char *page_rows_title(const char *name)
{
	return strcmp(name, "test") == 0    ? "test rows"
	       : strcmp(name, "valid") == 0 ? "validation rows"
	                                    : "rows learnt from";
}

const char *page_rows_name(const struct run_rows *rows)
{
	return page_rows_title(rows->name);
}

const struct run_rows *page_first_rows(const struct run_files *files)
{
	for (size_t i = 0; i < 3; i++)
		if (files->rows[i])
			return files->rows[i];
	return NULL;
}

void page_figure_begin(struct text *page, const char *heading, const char *legend)
{
	html_add(page, "<figure>\n<figcaption><strong>");
	html_text(page, heading);
	html_add(page, "</strong>");
	while (legend && *legend) {
		const size_t length = strcspn(legend, ";"), style = strcspn(legend, ":");

		html_addf(
		    page,
		    " <span class=\"key\"><svg class=\"swatch\" viewBox=\"0 0 24 8\" aria-hidden=\"true\"><path class=\"%.*s\" "
		    "d=\"M0 4L24 4\"/></svg> %.*s</span>",
		    (int)style, legend, (int)(length - style - 1), legend + style + 1);
		legend += length + (legend[length] == ';');
	}
	html_add(page, "</figcaption>\n");
}

void page_figure_end(struct text *page)
{
	html_add(page, "</figure>\n");
}

const char *page_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void add_head(struct text *page, const struct run_files *files)
{
	html_add(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
	               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
	               "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>");
	html_text(page, files->label);
	html_add(page, " \xE2\x80\x93 ");
	html_text(page, page_base_name(files->data_file));
	html_add(page, " \xE2\x80\x93 Colonnade report</title>\n");
	page_style(page);
	html_add(page, "</head>\n<body>\n<main>\n");
}

static enum cln_status add_body(struct text *page, const struct run_files *files, struct cln_error *err)
{
	enum cln_status status;

	page_summary(page, files);
	page_rows(page, files);
	page_importance(page, files);
	status = page_training(page, files, err);
	if (status == CLN_OK)
		status = page_data(page, files, err);
	if (status != CLN_OK)
		return status;
	page_settings(page, files);
	html_add(page, "</main>\n</body>\n</html>\n");
	return text_check(page, err);
}

enum cln_status page_make(struct text *page, const struct run_source *source, struct cln_error *err)
{
	struct run_files files;
	enum cln_status status = run_files_read(&files, source, err);

	if (status == CLN_OK) {
		add_head(page, &files);
		status = add_body(page, &files, err);
	}
	run_files_free(&files);
	return status;
}
