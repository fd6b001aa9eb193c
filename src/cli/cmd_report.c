/* SPDX-License-Identifier: MIT
 * colonnade report: the HTML report of a run directory, made again. */
#include "cli/commands.h"

#include "cli/run_directory.h"
#include "cli/run_report.h"
#include "cli/unfinished.h"

#include <stdio.h>

int cmd_report(const struct options *options)
{
	const char *run = options->operands[0];
	const struct run_directory directory = {.path = run};
	char file[RUN_PATH];
	struct cln_error err = {0};
	enum cln_status status = run_directory_file(file, &directory, RUN_REPORT, &err);
	const struct io_place place = {options->out ? options->out : file, unfinished_file};

	unfinished_begin();
	if (status == CLN_OK)
		status = run_report_write(&place, run, &err);
	if (status == CLN_OK && !options->out)
		fprintf(stderr, "report    %s\n", file);
	return status == CLN_OK ? 0 : exit_with_error(&err);
}
