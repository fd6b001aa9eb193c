/* SPDX-License-Identifier: MIT
 * run.json, and the summary that train prints with --json: what was asked for, what it ran on, and what came out. */
#ifndef CLI_RUN_RECORD_H
#define CLI_RUN_RECORD_H

#include "cli/run_review.h"

struct run_record {
	const struct options *options;
	const struct cln_fit_summary *summary;
	const struct cln_table *train, *valid, *test; /* valid, test: NULL where there is no such file */
	uint64_t init_fingerprint;                    /* of the model of --init */
	struct cln_fit_start start;                   /* what the library told before the first step */
	const struct run_review *review; /* NULL: none is asked for */
};

enum cln_status run_record_write(const char *path, const struct run_record *record, struct cln_error *err) CLN_MUST_CHECK;

/* The options in force as a checkpoint keeps them: {"options": {...}}, for text_free. */
enum cln_status run_record_options(struct text *text, const struct options *options, struct cln_error *err) CLN_MUST_CHECK;

/* The same into an open object; and one of them, as a member of its name. */
void run_record_write_options(struct json_writer *writer, const struct options *options);
void run_record_write_option(struct json_writer *writer, const struct options *options, const struct option_spec *spec);

/* What the run stands on, into an open object: files and fingerprints of the tables and of the model of --init. */
void run_record_write_inputs(struct json_writer *writer, const struct run_record *record);

/* What is kept of a run that goes on. */
struct run_past {
	bool forced;    /* it was begun with --force */
	char *changed;  /* what --allow-change said before, or NULL; for mem_free */
};

/* Whether what a checkpoint or a run.json says (`was`, named `name`) is about a run of these options: CLN_E_USAGE names the first
 * that shapes the result, differs, and is not allowed to.  finished: it has a result, so nothing may differ.  record: NULL, or the
 * data is compared, too. */
enum cln_status run_record_compare(const char *was, const char *name, const struct options *options, bool finished,
				   const struct run_record *record, struct run_past *past, struct cln_error *err) CLN_MUST_CHECK;

/* One line of JSON on standard output; and the same of a finished run from the text of the run.json in its directory. */
enum cln_status run_record_print(const struct run_record *record, struct cln_error *err) CLN_MUST_CHECK;
enum cln_status run_record_print_again(const char *was, const char *directory, struct cln_error *err) CLN_MUST_CHECK;

#endif
