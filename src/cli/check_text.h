/* SPDX-License-Identifier: MIT
 * What a check found, for people and as JSON. */
#ifndef CLI_CHECK_TEXT_H
#define CLI_CHECK_TEXT_H

#include "api/check.h"

/* "data", "valid", "test" by file; "feature", "label", "weight", "ignored" by enum cln_column_use. */
extern const char *const check_file_words[], *const check_use_words[];

/* Both append to the text; only its memory can fail (text_check). */
void check_write(struct text *text, const struct check_result *result, bool of_model);
void check_write_json(struct text *text, const struct check_result *result, bool of_model);

#endif
