/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include "base/io.h"
#include "dmath_reference.h"

#define SAMPLES 100000
#define BOUND_ULP 2.0 /* what dmath.h promises */

START_TEST(functions_are_within_two_ulp_of_the_exact_value)
{
	double at = 0, worst = worst_error(&at, _i, SAMPLES);
	ck_assert_msg(worst <= BOUND_ULP + REFERENCE_ULP, "%s: %.3f ulp at %a", ranges[_i].name, worst, at);
}
END_TEST

/* cos 2 pi u: the reference rounds 2 pi u, an absolute error of |2 pi u| 2^-64. */
START_TEST(cosine_of_turns_is_within_its_absolute_bound)
{
	const long double two_pi = 6.283185307179586476925286766559005768L;
	struct rng rng;
	rng_start(&rng, 2, RNG_TEST, 0, 0);
	for (int i = 0; i < SAMPLES; i++) {
		double u = 4 * rng_uniform(&rng) - 2;
		double bound = 1e-15 + 13 * (double)LDBL_EPSILON;
		ck_assert_double_le(fabs((double)((long double)dmath_cos_2pi(u) - cosl(two_pi * (long double)u))), bound);
	}
}
END_TEST

START_TEST(the_cosine_of_turns_is_exact_at_whole_quarters)
{
	static const double cosine[] = {1, 0, -1, 0};
	for (int quarter = -400; quarter < 400; quarter++)
		ck_assert(dmath_cos_2pi(0.25 * quarter) == cosine[quarter & 3]);
	ck_assert(dmath_cos_2pi(0x1p60 + 0.0) == 1);
}
END_TEST

/* The reference's relative error is that of powl, a few ulp of long double, far below the bound. */
START_TEST(powers_are_within_their_relative_bound)
{
	struct rng rng;
	rng_start(&rng, 3, RNG_TEST, 0, 0);
	for (int i = 0; i < SAMPLES; i++) {
		double x = i % 2 ? sample(&rng, 1e-5, 1e5, LOGARITHMIC) : 1 - 0.2 * rng_uniform(&rng);
		double y = i % 2 ? 60 * rng_uniform(&rng) - 30 : 3000 * rng_uniform(&rng);
		long double exact = powl((long double)x, (long double)y);
		double relative = (double)fabsl(((long double)dmath_pow(x, y) - exact) / exact);
		ck_assert_double_le(relative, fabs(y * log(x)) * 4e-16 + 4e-16 + 2 * REFERENCE_ULP * DBL_EPSILON);
	}
}
END_TEST

START_TEST(erf_is_within_its_relative_bound)
{
	struct rng rng;
	rng_start(&rng, 4, RNG_TEST, 0, 0);
	for (int i = 0; i < SAMPLES / 4; i++) {
		double x = i % 2 ? sample(&rng, -1e-300, 6.5, LOGARITHMIC) : 13 * rng_uniform(&rng) - 6.5;
		long double exact = erfl((long double)x);
		double relative = (double)fabsl(((long double)dmath_erf(x) - exact) / exact);
		ck_assert_msg(relative <= 1e-15 + 2 * REFERENCE_ULP * DBL_EPSILON, "erf(%a): %g", x, relative);
	}
}
END_TEST

START_TEST(erfc_is_within_its_relative_bound)
{
	struct rng rng;
	rng_start(&rng, 6, RNG_TEST, 0, 0);
	for (int i = 0; i < SAMPLES / 4; i++) {
		double x = i % 2 ? 3 * rng_uniform(&rng) - 1 : 32.5 * rng_uniform(&rng) - 6; /* from 26.5 on denormal */
		long double exact = erfcl((long double)x);
		double relative = (double)fabsl(((long double)dmath_erfc(x) - exact) / exact);
		ck_assert_msg(relative <= 4e-15 + 2 * REFERENCE_ULP * DBL_EPSILON, "erfc(%a): %g", x, relative);
	}
}
END_TEST

/* The reference's relative error is a few ulp of long double, far below the bound. */
START_TEST(normal_quantiles_are_within_their_relative_bound)
{
	struct rng rng;
	rng_start(&rng, 5, RNG_TEST, 0, 0);
	for (int i = 0; i < SAMPLES / 16; i++) {
		double p = sample_probability(&rng, i), x;
		if (!(p > 0 && p < 1 && p != 0.5))
			continue;
		x = dmath_normal_quantile(p);
		ck_assert_msg(quantile_error(x, p) <= 2e-15 + 8 * REFERENCE_ULP * DBL_EPSILON, "quantile(%a): %a, off by %g", p, x,
			      quantile_error(x, p));
	}
}
END_TEST

START_TEST(normal_quantiles_have_their_table_values_and_are_odd)
{
	/* to the digits given: Abramowitz and Stegun, table 26.5 */
	ck_assert_double_eq_tol(dmath_normal_quantile(0.975), 1.95996, 5e-6);
	ck_assert_double_eq_tol(dmath_normal_quantile(0.999), 3.09023, 5e-6);
	ck_assert(dmath_normal_quantile(0.5) == 0);
	for (double p = 0.25; p > 0x1p-50; p /= 2) /* 1 - p is exact */
		ck_assert(dmath_normal_quantile(1 - p) == -dmath_normal_quantile(p));
	ck_assert(dmath_normal_quantile(0) == -HUGE_VAL && dmath_normal_quantile(1) == HUGE_VAL);
	ck_assert(isnan(dmath_normal_quantile(-0.1)) && isnan(dmath_normal_quantile(1.1)));
	ck_assert(dmath_normal_quantile(0x1p-1074) < -38 && dmath_normal_quantile(0x1p-1074) > -39);
}
END_TEST

START_TEST(special_values_are_what_ieee_says)
{
	ck_assert(dmath_exp(0) == 1 && dmath_exp(-HUGE_VAL) == 0 && dmath_exp(HUGE_VAL) == HUGE_VAL);
	ck_assert(dmath_exp(709.8) == HUGE_VAL && dmath_exp(-746) == 0 && dmath_exp(-745) == 0x1p-1074);
	ck_assert(dmath_log(1) == 0 && dmath_log(0) == -HUGE_VAL && dmath_log(HUGE_VAL) == HUGE_VAL && isnan(dmath_log(-1)));
	ck_assert(dmath_log1p(0) == 0 && dmath_log1p(-1) == -HUGE_VAL && isnan(dmath_log1p(-2)));
	ck_assert(dmath_log1p(HUGE_VAL) == HUGE_VAL);
	ck_assert(dmath_tanh(HUGE_VAL) == 1 && dmath_tanh(-HUGE_VAL) == -1 && dmath_tanh(0) == 0 && dmath_tanh(1e-300) == 1e-300);
	ck_assert(dmath_sigmoid(0) == 0.5 && dmath_sigmoid(HUGE_VAL) == 1 && dmath_sigmoid(-HUGE_VAL) == 0);
	ck_assert(dmath_softplus(-HUGE_VAL) == 0 && dmath_softplus(1e300) == 1e300 && dmath_softplus(-746) == 0);
	ck_assert(dmath_erf(0) == 0 && dmath_erf(HUGE_VAL) == 1 && dmath_erf(-10) == -1);
	ck_assert(dmath_erfc(0) == 1 && dmath_erfc(-10) == 2 && dmath_erfc(28) == 0 && dmath_erfc(HUGE_VAL) == 0);
	ck_assert(dmath_pow(3, 0) == 1 && dmath_pow(1, 1e300) == 1);
	double (*const functions[])(double) = {dmath_exp,     dmath_log,      dmath_log1p, dmath_tanh, dmath_cos_2pi,
	                                       dmath_sigmoid, dmath_softplus, dmath_erf,   dmath_erfc, dmath_normal_quantile};
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		ck_assert(isnan(functions[i](NAN)));
}
END_TEST

/* The checksum of many values, taken once: another compiler or machine that gives other bits shows here. */
START_TEST(the_bits_are_those_of_every_other_machine)
{
	uint64_t crc = 0;
	for (int i = -4000; i <= 4000; i++) {
		double x = i * 0.1875 + i * 0x1p-40;
		double values[] = {
		        dmath_exp(x),     dmath_tanh(x / 64), dmath_cos_2pi(x),
		        dmath_sigmoid(x), dmath_softplus(x),  dmath_erf(x / 64), dmath_log(fabs(x) + 0x1p-30),
		        dmath_log1p(x / 800), dmath_pow(fabs(x) + 0.5, 0.3), dmath_normal_quantile((i + 4000.5) / 8001),
		        dmath_erfc(x / 64),
		};
		for (size_t j = 0; j < sizeof values / sizeof *values; j++) {
			uint64_t bits;
			memcpy(&bits, &values[j], sizeof bits);
			unsigned char bytes[8];
			for (int k = 0; k < 8; k++)
				bytes[k] = (unsigned char)(bits >> 8 * k);
			crc = io_crc64(crc, bytes, sizeof bytes);
		}
	}
	ck_assert_msg(crc == UINT64_C(0xae1082846c79450e), "%016llx", (unsigned long long)crc);
}
END_TEST

static Suite *dmath_suite(void)
{
	Suite *suite = suite_create("dmath");
	TCase *accuracy = tcase_create("accuracy");
	tcase_set_timeout(accuracy, 30);
	tcase_add_loop_test(accuracy, functions_are_within_two_ulp_of_the_exact_value, 0, N_RANGES);
	tcase_add_test(accuracy, cosine_of_turns_is_within_its_absolute_bound);
	tcase_add_test(accuracy, powers_are_within_their_relative_bound);
	tcase_add_test(accuracy, erf_is_within_its_relative_bound);
	tcase_add_test(accuracy, erfc_is_within_its_relative_bound);
	tcase_add_test(accuracy, normal_quantiles_are_within_their_relative_bound);
	suite_add_tcase(suite, accuracy);
	TCase *values = tcase_create("values");
	tcase_add_test(values, normal_quantiles_have_their_table_values_and_are_odd);
	tcase_add_test(values, the_cosine_of_turns_is_exact_at_whole_quarters);
	tcase_add_test(values, special_values_are_what_ieee_says);
	tcase_add_test(values, the_bits_are_those_of_every_other_machine);
	suite_add_tcase(suite, values);
	return suite;
}

TESTING_MAIN(dmath_suite)
