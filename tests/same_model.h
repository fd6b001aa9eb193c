/* SPDX-License-Identifier: MIT
 * Whether two models are the same, to the byte of their files. */
#ifndef TESTS_SAME_MODEL_H
#define TESTS_SAME_MODEL_H

#include "model/model.h"
#include "testing.h"

static inline void assert_same_model(const struct cln_model *a, const struct cln_model *b)
{
	char *bytes[2];
	size_t lengths[2];

	assert_ok(model_encode(&bytes[0], &lengths[0], a, &err));
	assert_ok(model_encode(&bytes[1], &lengths[1], b, &err));
	ck_assert_uint_eq(lengths[0], lengths[1]);
	ck_assert_mem_eq(bytes[0], bytes[1], lengths[0]);
	mem_free(bytes[0]);
	mem_free(bytes[1]);
}

#endif
