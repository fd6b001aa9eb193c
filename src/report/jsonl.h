/* SPDX-License-Identifier: MIT
 * metrics.jsonl: one JSON object an epoch, with its member in an ensemble; and metrics as members of other JSON. */
#ifndef REPORT_JSONL_H
#define REPORT_JSONL_H

#include "base/io.h"
#include "base/json.h"

/* Lines wait in memory at most 100 ms; what could not be written (a full disk) waits for the next try, so that a long run does not
 * end for a file that only tells about it. */
struct jsonl;
/* *keep: how many of the file's first lines stay, what follows them is cut off; set to how many there were, where these are fewer.
 * 0: a new file. */
enum cln_status jsonl_open(struct jsonl **jsonl, const char *path, size_t *keep, struct cln_error *err) CLN_MUST_CHECK;
/* CLN_E_IO: not all could be written yet; the lines are kept. */
enum cln_status jsonl_epoch(struct jsonl *jsonl, const struct cln_epoch *epoch, struct cln_error *err) CLN_MUST_CHECK;
/* Writes what waits, and syncs: all lines so far are on the disk. */
enum cln_status jsonl_sync(struct jsonl *jsonl, struct cln_error *err) CLN_MUST_CHECK;
/* Writes what is left, syncs and closes; NULL is legal. */
enum cln_status jsonl_close(struct jsonl *jsonl, struct cln_error *err) CLN_MUST_CHECK;

/* "key": {"rows": ..., "log_loss": ..., "auc": ..., "accuracy": ...}; key NULL: the members alone, into the open object. */
void jsonl_metrics(struct json_writer *writer, const char *key, const struct cln_metrics *metrics);

#endif
