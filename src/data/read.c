/* SPDX-License-Identifier: MIT
 * cln_table_read: a table from a file, whose first bytes say what it is. */
#include "base/cpus.h"
#include "base/parallel.h"
#include "data/cache.h"
#include "data/csv_parts.h"

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

/* How many threads are allowed is looked up only where there is work for more than one. */
static int threads_for(const struct source *source, int threads)
{
	if (source->size <= SMALL_SOURCE)
		return 1;
	return parallel_limit(threads ? threads : cpus_allowed(NULL, NULL));
}

enum cln_status cln_table_read(struct cln_table **table, const char *path, const struct cln_read_options *options,
			       struct cln_error *err)
{
	static const struct cln_read_options none;
	struct source source;
	bool is_cache;
	if (!options)
		options = &none;
	*table = NULL;
	if (options->threads < 0)
		return error_set(err, CLN_E_USAGE, "threads: %d is not a number of threads", options->threads);
	enum cln_status status = source_open(&source, path, err);
	int threads = status == CLN_OK ? threads_for(&source, options->threads) : 1;
	if (status == CLN_OK)
		status = cache_recognise(&is_cache, &source, err);
	if (status == CLN_OK && is_cache)
		status = cache_read(table, &source, options, threads, err);
	else if (status == CLN_OK)
		status = csv_read_source(table, &source, options, threads, 0, err);
	if (status == CLN_OK)
		status = keep_text(table, &source, err);
	source_close(&source);
	return status;
}
