/* SPDX-License-Identifier: MIT
 * metrics.jsonl. */
#ifndef REPORT_RUN_EPOCHS_H
#define REPORT_RUN_EPOCHS_H

#include "report/run_files.h"

/* CLN_E_DAMAGED names file and line. */
enum cln_status run_epochs_read(struct run_files *files, const struct run_source *source, struct cln_error *err) CLN_MUST_CHECK;

/* One line.  CLN_E_DAMAGED. */
enum cln_status run_epoch_read(struct run_epoch *epoch, const char *line, size_t length, struct cln_error *err) CLN_MUST_CHECK;
/* The same of a line exactly as the trainer writes it, which takes a tenth of the time; false: it is not, or its numbers are out of
 * range, and run_epoch_read has to judge. */
bool run_epoch_read_plain(struct run_epoch *epoch, const char *line, size_t length);

#endif
