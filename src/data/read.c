/* SPDX-License-Identifier: MIT
 * cln_table_read: a table from a file, whose first bytes or name say what it is. */
#include "base/cpus.h"
#include "data/cache.h"
#include "data/csv_early.h"
#include "data/form.h"
#include "data/libsvm.h"
#include "data/npy.h"

#define SMALL_SOURCE 65536 /* bytes: read by one thread before another has woken */

#define KEPT_TEXT ((uint64_t)32 << 20) /* bytes of standard input that stay in memory with the table, for places in messages */

/* Keeps a text that cannot be had again, where it is not large. */
static enum cln_status keep_text(struct cln_table **table, struct source *source, struct cln_error *err)
{
	if (source->reopens || source->fd >= 0 || source->size > KEPT_TEXT || !(*table)->separator)
		return CLN_OK;
	(*table)->text = source_keep(source, err);
	if ((*table)->text)
		return CLN_OK;
	cln_table_destroy(*table);
	*table = NULL;
	return CLN_E_MEMORY;
}

/* What stands between cells, and whether names stand above them, is asked of CSV alone. */
static enum cln_status refuse_csv_options(enum table_form form, const char *name, const struct cln_read_options *options,
					  struct cln_error *err)
{
	static const char *const reasons[] = {
	    [FORM_LIBSVM] = "LibSVM text, whose columns are always 1, 2, ... and label",
	    [FORM_NPY] = "a .npy file, whose columns are always 1, 2, ...",
	    [FORM_CACHE] = "a column cache, whose text was read by \"colonnade convert\": give it there",
	};
	const char *option = options->separator ? "--separator" : options->no_header ? "--no-header" : NULL;
	if (form == FORM_CSV || !option)
		return CLN_OK;
	return error_set(err, CLN_E_USAGE, "%s: %s is %s", option, name, reasons[form]);
}

enum cln_status form_find(enum table_form *form, const struct source *source, bool whole, const struct cln_read_options *options,
			  struct cln_error *err)
{
	bool is_cache = false, is_npy = false, is_libsvm = false;
	enum cln_status status = source_refuse_packed(source, err);
	if (status == CLN_OK)
		status = cache_recognise(&is_cache, source, err);
	if (status == CLN_OK && !is_cache)
		status = npy_recognise(&is_npy, source, err);
	if (status == CLN_OK && !is_cache && !is_npy)
		status = libsvm_recognise(&is_libsvm, source, whole, options, err);
	*form = is_cache ? FORM_CACHE : is_npy ? FORM_NPY : is_libsvm ? FORM_LIBSVM : FORM_CSV;
	return status == CLN_OK ? refuse_csv_options(*form, source->name, options, err) : status;
}

enum cln_status form_read(struct cln_table **table, enum table_form form, const struct source *source,
			  const struct cln_read_options *options, int threads, bool few_texts, struct cln_error *err)
{
	switch (form) {
	case FORM_CACHE:
		return cache_read(table, source, options, threads, err);
	case FORM_NPY:
		return npy_read(table, source, options, threads, few_texts, err);
	case FORM_LIBSVM:
		return libsvm_read(table, source, options, threads, 0, few_texts, err);
	case FORM_CSV:
		break;
	}
	return few_texts ? csv_read_few_texts(table, source, options, threads, err)
			 : csv_read_source(table, source, options, threads, 0, err);
}

/* How many threads are allowed is looked up only where there is work for more than one. */
static int threads_for(const struct source *source, int threads)
{
	return source->size <= SMALL_SOURCE ? 1 : cpus_threads(threads);
}

static enum cln_status read_source(struct cln_table **table, const struct source *source, const struct cln_read_options *options,
				   struct cln_error *err)
{
	enum table_form form;
	enum cln_status status = form_find(&form, source, true, options, err);
	return status == CLN_OK ? form_read(table, form, source, options, threads_for(source, options->threads), false, err)
				: status;
}

/* What is no text is read as always, up to its first error. */
static enum cln_status read_all(struct cln_table **table, const struct source *source, const struct cln_read_options *options,
				struct findings *findings, struct cln_error *err)
{
	const int threads = threads_for(source, options->threads);
	enum table_form form;
	enum cln_status status = form_find(&form, source, true, options, err);

	if (status != CLN_OK)
		return status;
	if (form == FORM_CSV)
		return csv_read_all(table, source, options, threads, 0, findings, err);
	if (form == FORM_LIBSVM)
		return libsvm_read_all(table, source, options, threads, 0, findings, err);
	return form_read(table, form, source, options, threads, false, err);
}

enum cln_status table_read_all(struct cln_table **table, const char *path, const struct cln_read_options *options,
			       struct findings *findings, struct cln_error *err)
{
	struct source source;
	enum cln_status status = source_open(&source, path, err);

	*table = NULL;
	if (status == CLN_OK)
		status = read_all(table, &source, options, findings, err);
	if (status == CLN_OK)
		status = keep_text(table, &source, err);
	source_close(&source);
	return status;
}

static const struct cln_read_options usual;

static enum cln_status check_threads(const struct cln_read_options *options, struct cln_error *err)
{
	if (options->threads < 0)
		return error_set(err, CLN_E_USAGE, "threads: %d is not a number of threads", options->threads);
	return CLN_OK;
}

enum cln_status cln_table_read_text(struct cln_table **table, const char *text, size_t length,
				    const struct cln_read_options *options, struct cln_error *err)
{
	struct source source = source_memory("memory", text, length);
	enum cln_status status = check_threads(options ? options : &usual, err);

	*table = NULL;
	return status == CLN_OK ? read_source(table, &source, options ? options : &usual, err) : status;
}

enum cln_status cln_table_read(struct cln_table **table, const char *path, const struct cln_read_options *options,
			       struct cln_error *err)
{
	struct source source;
	if (!options)
		options = &usual;
	*table = NULL;
	if (check_threads(options, err) != CLN_OK)
		return CLN_E_USAGE;
	struct csv_early early = {.options = options};
	enum cln_status status =
	    source_open_with(&source, path, &(struct meanwhile){csv_early_begin, csv_early_work, &early}, err);
	if (status != CLN_OK || !csv_early_finish(table, &early, &source, &status, err))
		status = status == CLN_OK ? read_source(table, &source, options, err) : status;
	if (status == CLN_OK)
		status = keep_text(table, &source, err);
	csv_early_free(&early);
	source_close(&source);
	return status;
}
