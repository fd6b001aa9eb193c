/* SPDX-License-Identifier: MIT
 * Makes damage to files of models: what a test changes, and the checksum made right behind it. */
#ifndef TESTS_MODEL_SEAL_H
#define TESTS_MODEL_SEAL_H

#include "base/mem.h"
#include "base/rng.h"

#define MODEL_CHECKSUM_KEY "\"colonnade_checksum\":\""

/* Puts the right checksum into bytes that may no longer be a model; without its key there is nothing to make right. */
void model_seal(char *bytes, size_t length);

/* The file with `from_length` bytes of its header at `at` (of the file) replaced by the text `to`; length, padding and checksum are
 * right again.  text_free. */
struct text model_forge(const char *bytes, size_t length, size_t at, size_t from_length, const char *to);

/* Changes one to four places of `bytes` (capacity: twice the length): a bit, a byte, digits, a run moved, left out or doubled. */
void mutate(char *bytes, size_t *length, struct rng *rng);

#endif
