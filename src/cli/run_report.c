/* SPDX-License-Identifier: MIT */
#include "cli/run_report.h"

#include "cli/run_directory.h"
#include "report/page.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define METRICS_LIMIT ((size_t)1 << 30) /* bytes of a metrics.jsonl: five million epochs */

/* The two files of a run, and their names. */
struct run_texts {
	char record_name[RUN_PATH], metrics_name[RUN_PATH];
	char *record, *metrics;
	size_t record_length, metrics_length;
};

static enum cln_status read_texts(struct run_texts *texts, const char *path, struct cln_error *err)
{
	const struct run_directory directory = {.path = path};
	enum cln_status status = run_directory_file(texts->record_name, &directory, "run.json", err);

	if (status == CLN_OK)
		status = run_directory_file(texts->metrics_name, &directory, "metrics.jsonl", err);
	if (status == CLN_OK && access(path, F_OK) == 0 && access(texts->record_name, F_OK) != 0 && errno == ENOENT)
		status = error_set(err, CLN_E_IO, "%s holds no run.json: it is not the directory of a finished run", path);
	if (status == CLN_OK)
		status = io_read_file(&texts->record, &texts->record_length, texts->record_name, RUN_RECORD_LIMIT, err);
	if (status == CLN_OK)
		status = io_read_file(&texts->metrics, &texts->metrics_length, texts->metrics_name, METRICS_LIMIT, err);
	return status;
}

enum cln_status run_report_write(const struct io_place *place, const char *directory, struct cln_error *err)
{
	struct run_texts texts = {.record = NULL};
	struct text page = {0};
	enum cln_status status = read_texts(&texts, directory, err);
	const struct run_source source = {texts.record_name,  texts.record,  texts.record_length,
	                                  texts.metrics_name, texts.metrics, texts.metrics_length};

	if (status == CLN_OK)
		status = page_make(&page, &source, err);
	if (status == CLN_OK)
		status = output_replace(place, page.bytes, page.length, err);
	text_free(&page);
	mem_free(texts.record);
	mem_free(texts.metrics);
	return status;
}
