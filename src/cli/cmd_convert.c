/* SPDX-License-Identifier: MIT
 * colonnade convert: a table to a column cache. */
#include "api/rows.h"
#include "cli/commands.h"
#include "cli/unfinished.h"

#include <stdio.h>

static void print_summary(const char *out, const struct cln_cache_summary *summary)
{
	fprintf(stderr, "cache     %s: %zu rows, %zu columns, %.1f MB\n", out, summary->rows, summary->columns,
		(double)summary->bytes / 1e6);
	fprintf(stderr, "columns   %zu of numbers (%zu without their texts), %zu of texts, %zu left out\n", summary->numbers,
		summary->numbers_alone, summary->texts, summary->left_out);
}

int cmd_convert(const struct options *options)
{
	const struct io_place out = {options->operands[1], unfinished_file};
	struct cln_cache_summary summary;
	struct cln_read_options read = options->read;
	struct cln_error err;

	read.label = options->config.label;
	read.weight = options->config.weight;
	unfinished_begin();
	if (rows_convert(options->operands[0], &out, &read, &summary, &err) != CLN_OK)
		return exit_with_error(&err);
	print_summary(out.path, &summary);
	return 0;
}
