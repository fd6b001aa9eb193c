/* SPDX-License-Identifier: MIT
 * exp, log, the activations and their derivatives: a strided sample of all floats against double references, and the same bits from
 * every instruction set.  tests/measure_ulp takes every float.
 * The long loops abort where they fail: each of Check's asserts writes to a pipe. */
#include "testing.h"

#include "float_reference.h"

/* Coprime to 2^32, so that no low bit of the patterns is left out. */
enum { STRIDE_HOT = 1031, STRIDE = 8209, STRIDE_SLOW = 65537 };

static const struct kernels *best(void)
{
	const struct kernels *kernels;
	assert_ok(kernels_select(&kernels, NULL, &err));
	return kernels;
}

/* The numbers around which the functions change their ways; the sample meets none of them. */
static const float special[] = {0.0f,      -0.0f,      0x1p-149f, -0x1p-149f, 0x1p-126f, -0x1p-126f, 1.0f,     -1.0f,  88.72283f,
                                88.72284f, -103.9721f, -103.973f, -87.33654f, 89.0f,     -104.0f,    FLT_MAX,  -FLT_MAX, INFINITY,
                                -INFINITY, NAN,        -NAN,      9.01f,      -9.1f,     14.5f,      -14.5f,   15.0f,  -15.1f};

/* Chunk after chunk of the sample, the special numbers first; false at the end. */
static bool next_chunk(float x[CHUNK], uint64_t *next, uint32_t stride)
{
	int i = 0;
	if (*next >= (uint64_t)1 << 32)
		return false;
	for (; *next == 0 && i < (int)(sizeof special / sizeof special[0]); i++)
		x[i] = special[i];
	for (; i < CHUNK; i++, *next += stride)
		x[i] = *next < (uint64_t)1 << 32 ? float_of_bits((uint32_t)*next) : 1.0f;
	return true;
}

static uint32_t stride_of(const struct subject *subject)
{
	if (subject->run == run_softplus) /* sixteen columns a call, of which one counts */
		return STRIDE_SLOW;
	return subject->run ? STRIDE_HOT : STRIDE;
}

START_TEST(function_stays_within_its_bound)
{
	const struct subject *subject = &subjects[_i];
	const struct kernels *kernels = best();
	static float x[CHUNK], y[CHUNK];
	for (uint64_t next = 0; next_chunk(x, &next, stride_of(subject));) {
		evaluate(subject, kernels, y, x);
		for (int i = 0; i < CHUNK; i++) {
			if (subject->slope && isnan(x[i]))
				continue;
			const double reference = subject->reference((double)x[i]), error = ulp_error(y[i], reference);
			if (!(error <= subject->ulp || fabs((double)y[i] - reference) <= subject->absolute))
				ck_abort_msg("%s(%a) = %a, not %a: %g ulp", subject->name, (double)x[i], (double)y[i], reference,
				             error);
		}
	}
}
END_TEST

START_TEST(function_has_the_same_bits_from_every_instruction_set)
{
	const struct subject *subject = &subjects[_i];
	const struct kernels *generic, *other;
	static float x[CHUNK], y[CHUNK], expected[CHUNK];
	assert_ok(kernels_select(&generic, "generic", &err));
	for (uint64_t next = 0; next_chunk(x, &next, stride_of(subject));) {
		evaluate(subject, generic, expected, x);
		bool supported;
		for (size_t set = 1; kernels_name(set, &supported); set++) {
			if (!supported)
				continue;
			assert_ok(kernels_select(&other, kernels_name(set, &supported), &err));
			evaluate(subject, other, y, x);
			for (int i = 0; i < CHUNK; i++)
				if (bits_of_float(y[i]) != bits_of_float(expected[i]) && !(isnan(y[i]) && isnan(expected[i])))
					ck_abort_msg("%s(%a) = %a on %s, %a on generic", subject->name, (double)x[i], (double)y[i],
					             other->name, (double)expected[i]);
		}
	}
}
END_TEST

START_TEST(exp_and_log_meet_their_limits)
{
	const struct kernels *kernels = best();
	float x[PANEL] = {-INFINITY, INFINITY, 88.8f, -104.0f, -103.9f, 0.0f}, y[PANEL];
	kernels->exp(y, x, PANEL);
	ck_assert(y[0] == 0.0f && y[1] == INFINITY && y[2] == INFINITY && y[3] == 0.0f && y[4] == 0x1p-149f && y[5] == 1.0f);
	const float z[PANEL] = {0.0f, -0.0f, -1.0f, INFINITY, 1.0f, -INFINITY};
	kernels->log(y, z, PANEL);
	ck_assert(y[0] == -INFINITY && y[1] == -INFINITY && isnan(y[2]) && y[3] == INFINITY && y[4] == 0.0f && isnan(y[5]));
}
END_TEST

START_TEST(activation_of_nan_is_nan)
{
	float A[PANEL], D[PANEL];
	for (int i = 0; i < PANEL; i++)
		A[i] = NAN;
	best()->activate((enum cln_activation)_i, A, D, PANEL);
	for (int i = 0; i < PANEL; i++)
		ck_assert(isnan(A[i]));
}
END_TEST

/* At plus infinity (where the sigmoids end at 1) and minus infinity the activation and its slope have their limits. */
START_TEST(activation_has_its_limits_at_infinity)
{
	static const float below[CLN_N_ACTIVATIONS] = {0, -1, 0, -INFINITY, -1, (float)(-SELU_LAMBDA * SELU_ALPHA), 0, 0, 0};
	const bool bounded = _i == CLN_SIGMOID || _i == CLN_TANH;
	float A[PANEL] = {INFINITY, -INFINITY}, D[PANEL];
	best()->activate((enum cln_activation)_i, A, D, PANEL);
	ck_assert(A[0] == (bounded ? 1.0f : INFINITY));
	ck_assert_msg(A[1] == below[_i], "%a", (double)A[1]);
	ck_assert(D[0] == (bounded ? 0.0f : _i == CLN_SELU ? (float)SELU_LAMBDA : 1.0f));
	ck_assert(fabsf(D[1] - (_i == CLN_LEAKY_RELU ? 0.01f : 0.0f)) < 0x1p-120f);
}
END_TEST

/* What the way back computes from A is what activate would have stored: at most one rounding each of A (1 - A) and 1 - A^2. */
START_TEST(stored_slopes_agree_with_those_from_the_activation)
{
	float A[PANEL], D[PANEL];
	for (int i = 0; i < PANEL; i++)
		A[i] = (float)i * 0.37f - 2.5f;
	best()->activate(CLN_SIGMOID, A, D, PANEL);
	for (int i = 0; i < PANEL; i++)
		ck_assert(fabsf(D[i] - A[i] * (1.0f - A[i])) <= FLT_EPSILON / 4);
	best()->activate(CLN_TANH, A, D, PANEL);
	for (int i = 0; i < PANEL; i++)
		ck_assert(fabsf(D[i] - (1.0f - A[i] * A[i])) <= FLT_EPSILON);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("activations");
	TCase *bounds = tcase_create("bounds"), *bits = tcase_create("bits"), *limits = tcase_create("limits");
	tcase_set_timeout(bounds, 60);
	tcase_add_loop_test(bounds, function_stays_within_its_bound, 0, N_SUBJECTS);
	suite_add_tcase(suite, bounds);
	tcase_set_timeout(bits, 60);
	tcase_add_loop_test(bits, function_has_the_same_bits_from_every_instruction_set, 0, N_SUBJECTS);
	suite_add_tcase(suite, bits);
	tcase_add_test(limits, exp_and_log_meet_their_limits);
	tcase_add_loop_test(limits, activation_of_nan_is_nan, 0, CLN_N_ACTIVATIONS);
	tcase_add_loop_test(limits, activation_has_its_limits_at_infinity, 0, CLN_N_ACTIVATIONS);
	tcase_add_test(limits, stored_slopes_agree_with_those_from_the_activation);
	suite_add_tcase(suite, limits);
	return suite;
}

TESTING_MAIN(make_suite)
