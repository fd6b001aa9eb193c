/* SPDX-License-Identifier: MIT
 * What a fit of a cross-validation leaves in the folder: fold-3-of-5.csv, what was said of its rows, and fold-3-of-5.json, which is
 * written last and marks it as done.  So fits can be done by several jobs, in any order, and none is done twice. */
#ifndef CLI_FOLD_FILE_H
#define CLI_FOLD_FILE_H

#include "api/crossval.h"
#include "cli/run_directory.h"

struct fold_files {
	const char *folder;
	const struct options *options;
	struct crossval *crossval;
	uint64_t fingerprint; /* of the table */
	int lock;             /* of the folder, shared by those at work there; -1: none */
};

/* Who enters the folder and finds nobody else there removes the temporary files that killed processes have left; where the file
 * system has no locks they stay. */
void fold_files_enter(struct fold_files *files);
void fold_files_leave(struct fold_files *files);

/* Writes both files of a fit that is done, and how it was measured. */
enum cln_status fold_file_write(const struct fold_files *files, size_t fit, const struct cln_evaluation *measured, double seconds,
				struct cln_error *err) CLN_MUST_CHECK;

/* Whether the files of a fit are there: then its scores and threshold are put into crossval.  CLN_E_USAGE: they are of other
 * options or other data, named; CLN_E_DAMAGED: they are not what was written. */
enum cln_status fold_file_read(bool *found, const struct fold_files *files, size_t fit, struct cln_error *err) CLN_MUST_CHECK;

/* Makes a fit one that is not done, if it was. */
enum cln_status fold_file_drop(const struct fold_files *files, size_t fit, struct cln_error *err) CLN_MUST_CHECK;

#endif
