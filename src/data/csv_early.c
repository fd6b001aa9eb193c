/* SPDX-License-Identifier: MIT
 * The two passes of the CSV reader, window by window behind the end of a text that still grows.
 *
 * How many rows there will be is not known then: the table gets room for a quarter more than those of the first blocks let expect,
 * which costs nothing while it is not touched.  Whatever is not as expected (more rows, a problem in the text, memory that is
 * short) ends this, and the text is read from its start when it is there: then with the right words for what is wrong. */
#include "data/csv_early.h"

#include "base/cpus.h"
#include "data/form.h"

#define MORE_ROWS 1.25

/* Windows that lie in the text as a whole. */
static size_t whole_windows(const struct csv_early *early)
{
	return (size_t)((early->text.size - early->reader.start) / early->reader.window_bytes);
}

bool csv_early_begin(void *argument, const struct source *so_far, double share)
{
	struct csv_early *early = argument;
	struct reader *reader = &early->reader;
	enum table_form form;
	int threads = cpus_threads(early->options->threads);
	if (threads < 2 || form_find(&form, so_far, false, early->options, NULL) != CLN_OK || form != FORM_CSV)
		return false;
	early->text = *so_far;
	*reader = csv_reader(&early->text, early->options);
	early->running = csv_prepare(reader, threads, 0, MORE_ROWS / share, NULL) == CLN_OK &&
			 reader->table->area.kind == AREA_MEMORY;
	reader->n_scanned = reader->n_windows = whole_windows(early);
	if (!early->running)
		csv_reader_free(reader);
	return early->running;
}

/* Windows up to the n-th, and the first pass over those that are new. */
static enum cln_status scan_up_to(struct reader *reader, size_t n, struct cln_error *err)
{
	void *windows = reader->windows;
	enum cln_status status = mem_grow(&windows, reader->n_windows, n, sizeof *reader->windows, err);
	reader->windows = windows;
	if (status != CLN_OK)
		return status;
	reader->n_windows = n;
	status = csv_scan(reader, err);
	reader->n_scanned = n;
	return status;
}

/* The rows of a window can be read when the last of them has ended, and two bytes more are there; false: to be given up. */
static bool parse_ended(struct reader *reader)
{
	size_t n = reader->n_windows - 1;
	while (n > reader->n_parsed && reader->windows[n - 1].ends[reader->windows[n - 1].state] == 0)
		n--;
	for (; reader->n_parsed + 1 < n; reader->n_parsed++) {
		csv_parse_window(reader, reader->n_parsed, 0);
		if (reader->workers[0].status != CLN_OK || reader->windows[reader->n_parsed].n_problems)
			return false;
	}
	return true;
}

void csv_early_work(void *argument, const struct source *so_far)
{
	struct csv_early *early = argument;
	if (!early->running)
		return;
	early->text = *so_far;
	early->running = scan_up_to(&early->reader, whole_windows(early), NULL) == CLN_OK && parse_ended(&early->reader);
	if (!early->running)
		csv_reader_free(&early->reader);
}

bool csv_early_finish(struct cln_table **table, struct csv_early *early, const struct source *source, enum cln_status *status,
		      struct cln_error *err)
{
	struct reader *reader = &early->reader;
	if (!early->running)
		return false;
	early->text = *source;
	size_t left_over = (source->size - reader->start) % reader->window_bytes != 0;
	*status = scan_up_to(reader, whole_windows(early) + left_over, err);
	uint64_t n_rows = reader->n_records - !early->options->no_header;
	bool fits = n_rows <= reader->table->n_rows;
	if (*status == CLN_OK && fits) {
		reader->table->n_rows = (size_t)n_rows;
		reader->table->reopens = source->reopens;
		*status = csv_read_rows(table, reader, err);
	}
	csv_early_free(early);
	return *status != CLN_OK || fits;
}

void csv_early_free(struct csv_early *early)
{
	if (early->running)
		csv_reader_free(&early->reader);
	early->running = false;
}
