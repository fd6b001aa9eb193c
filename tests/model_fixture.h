/* SPDX-License-Identifier: MIT
 * A small model from fixed values, with every kind of column and text that a file may have to hold: for the tests and the golden
 * file.  Its bytes must never change (tests/data/golden-v1.safetensors). */
#ifndef TESTS_MODEL_FIXTURE_H
#define TESTS_MODEL_FIXTURE_H

#include "model/model.h"

enum cln_status model_fixture(struct cln_model **model, struct cln_error *err) CLN_MUST_CHECK;

#endif
