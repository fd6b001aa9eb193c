/* SPDX-License-Identifier: MIT
 * Distributions are tested with fixed seeds; the bounds are 5 standard errors of the statistic, so that a right generator fails
 * for one seed in about two million, and the seed given is known not to be that one. */
#include "testing.h"

#include <stdint.h>

#include "base/rng.h"

#define DRAWS 200000
#define NORMAL_DRAWS 2000000 /* 5 standard errors of the variance are 0.5 % */
#define SIGMAS 5

/* Random123's kat_vectors, philox4x32 with 10 rounds. */
static const struct {
	uint32_t counter[4], key[2], out[4];
} known_answers[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

START_TEST(philox_gives_the_published_answers)
{
	uint32_t out[4];
	rng_philox(out, known_answers[_i].counter, known_answers[_i].key);
	for (int i = 0; i < 4; i++)
		ck_assert_uint_eq(out[i], known_answers[_i].out[i]);
}
END_TEST

START_TEST(a_word_is_philox_of_the_documented_counter_and_key)
{
	uint32_t out[4];
	rng_philox(out, (const uint32_t[4]){1234567 / 4, 77, 99, (uint32_t)RNG_DROPOUT << 24 | 0xABCDEF},
	           (const uint32_t[2]){0x89ABCDEF, 0x01234567});
	ck_assert_uint_eq(rng_word(UINT64_C(0x0123456789ABCDEF), RNG_DROPOUT, 0xABCDEF, 99, 77, 1234567), out[1234567 % 4]);
}
END_TEST

START_TEST(a_stream_is_the_units_in_turn)
{
	struct rng rng;
	rng_start(&rng, 42, RNG_TEST, 3, 5);
	for (uint32_t unit = 0; unit < 1000; unit++)
		ck_assert_uint_eq(rng_next(&rng), rng_word(42, RNG_TEST, 3, 5, 0, unit));
}
END_TEST

START_TEST(a_stream_goes_on_in_the_next_row_after_2_to_the_32_units)
{
	struct rng rng;
	rng_start(&rng, 42, RNG_TEST, 3, 5);
	rng.counter[0] = UINT32_MAX / 4; /* the row's last block */
	for (uint32_t unit = UINT32_MAX - 3; unit != 0; unit++)
		ck_assert_uint_eq(rng_next(&rng), rng_word(42, RNG_TEST, 3, 5, 0, unit));
	for (uint32_t unit = 0; unit < 8; unit++)
		ck_assert_uint_eq(rng_next(&rng), rng_word(42, RNG_TEST, 3, 5, 1, unit));
}
END_TEST

START_TEST(each_part_of_the_key_gives_other_words)
{
	uint32_t word[] = {
	        rng_word(1, RNG_INIT, 1, 1, 1, 1), rng_word(2, RNG_INIT, 1, 1, 1, 1), rng_word(1, RNG_SHUFFLE, 1, 1, 1, 1),
	        rng_word(1, RNG_INIT, 2, 1, 1, 1), rng_word(1, RNG_INIT, 1, 2, 1, 1), rng_word(1, RNG_INIT, 1, 1, 2, 1),
	        rng_word(1, RNG_INIT, 1, 1, 1, 2), rng_word(UINT64_C(1) << 32 | 1, RNG_INIT, 1, 1, 1, 1),
	};
	for (size_t i = 0; i < sizeof word / sizeof *word; i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_uint_ne(word[i], word[j]);
}
END_TEST

/* Mean 1/2 and variance 1/12; the variance of (u - 1/2)^2 is 1/80 - 1/144 = 1/180. */
START_TEST(uniform_draws_have_the_mean_and_variance_of_the_unit_interval)
{
	struct rng rng;
	rng_start(&rng, 1, RNG_TEST, 0, 0);
	double sum = 0, squares = 0;
	for (int i = 0; i < DRAWS; i++) {
		double u = rng_uniform(&rng);
		ck_assert(u >= 0 && u < 1);
		sum += u - 0.5;
		squares += (u - 0.5) * (u - 0.5);
	}
	ck_assert_double_le(fabs(sum / DRAWS), SIGMAS * sqrt(1.0 / 12 / DRAWS));
	ck_assert_double_le(fabs(squares / DRAWS - 1.0 / 12), SIGMAS * sqrt(1.0 / 180 / DRAWS));
}
END_TEST

/* Both words count: the lowest of the 53 bits is set in half of the draws. */
START_TEST(uniform_draws_have_53_random_bits)
{
	struct rng rng;
	rng_start(&rng, 2, RNG_TEST, 0, 0);
	int set[53] = {0};
	for (int i = 0; i < DRAWS; i++) {
		uint64_t bits = (uint64_t)(rng_uniform(&rng) * 0x1p53);
		for (int bit = 0; bit < 53; bit++)
			set[bit] += (int)(bits >> bit & 1);
	}
	for (int bit = 0; bit < 53; bit++)
		ck_assert_double_le(fabs(set[bit] - 0.5 * DRAWS), SIGMAS * 0.5 * sqrt(DRAWS));
}
END_TEST

/* A count is binomial with p = 1/n: variance DRAWS p (1 - p). */
START_TEST(draws_below_n_fall_evenly)
{
	static const uint64_t n[] = {1, 2, 3, 7, 10};
	struct rng rng;
	rng_start(&rng, 3, RNG_TEST, 0, (uint32_t)_i);
	int count[10] = {0};
	for (int i = 0; i < DRAWS; i++) {
		uint64_t draw = rng_below(&rng, n[_i]);
		ck_assert_uint_lt(draw, n[_i]);
		count[draw]++;
	}
	double p = 1.0 / (double)n[_i];
	for (uint64_t value = 0; value < n[_i]; value++)
		ck_assert_double_le(fabs(count[value] - DRAWS * p), SIGMAS * sqrt(DRAWS * p * (1 - p)));
}
END_TEST

/* n = 3/4 of the words there are: without rejection the words modulo n would fall into the lowest third twice as often as into
 * the others, and the high halves of word * n would be 0 modulo 3 twice as often. */
START_TEST(draws_below_a_large_n_have_no_bias)
{
	static const uint64_t n[] = {UINT64_C(3) << 30, UINT64_C(3) << 62, (UINT64_C(1) << 33) + 5};
	struct rng rng;
	rng_start(&rng, 4, RNG_TEST, 0, (uint32_t)_i);
	int thirds[3] = {0}, residues[3] = {0};
	for (int i = 0; i < DRAWS; i++) {
		uint64_t draw = rng_below(&rng, n[_i]);
		ck_assert_uint_lt(draw, n[_i]);
		thirds[draw / (n[_i] / 3 + 1)]++;
		residues[draw % 3]++;
	}
	for (int i = 0; i < 3; i++) {
		ck_assert_double_le(fabs(thirds[i] - DRAWS / 3.0), SIGMAS * sqrt(DRAWS * 2.0 / 9));
		ck_assert_double_le(fabs(residues[i] - DRAWS / 3.0), SIGMAS * sqrt(DRAWS * 2.0 / 9));
	}
}
END_TEST

/* Moments of N(0,1): the variances of z, z^2, z^3 and z^4 are 1, 2, 15 and 96.  Lag-1 products have variance 1. */
START_TEST(normal_draws_have_the_moments_of_the_normal_distribution)
{
	struct rng rng;
	rng_start(&rng, 5, RNG_TEST, 0, 0);
	double sum[5] = {0}, lag = 0, before = 0;
	for (int i = 0; i < NORMAL_DRAWS; i++) {
		double z = rng_normal(&rng), term = 1;
		for (int power = 1; power <= 4; power++)
			sum[power] += term *= z;
		lag += z * before;
		before = z;
	}
	static const double expected[] = {0, 0, 1, 0, 3}, variance[] = {0, 1, 2, 15, 96};
	for (int power = 1; power <= 4; power++)
		ck_assert_double_le(fabs(sum[power] / NORMAL_DRAWS - expected[power]),
		                    SIGMAS * sqrt(variance[power] / NORMAL_DRAWS));
	ck_assert_double_le(fabs(lag / NORMAL_DRAWS), SIGMAS * sqrt(1.0 / NORMAL_DRAWS));
}
END_TEST

/* Shares of the draws within 1, 2 and 3 standard deviations: erf(k / sqrt 2). */
START_TEST(normal_draws_have_the_tails_of_the_normal_distribution)
{
	struct rng rng;
	rng_start(&rng, 6, RNG_TEST, 0, 0);
	int within[4] = {0};
	for (int i = 0; i < NORMAL_DRAWS; i++) {
		double z = fabs(rng_normal(&rng));
		for (int k = 1; k <= 3; k++)
			within[k] += z < k;
	}
	for (int k = 1; k <= 3; k++) {
		double p = erf(k / sqrt(2));
		ck_assert_double_le(fabs(within[k] - NORMAL_DRAWS * p), SIGMAS * sqrt(NORMAL_DRAWS * p * (1 - p)));
	}
}
END_TEST

START_TEST(a_permutation_holds_every_index_once)
{
	enum { N = 1000 };
	static const size_t sizes[] = {0, 1, 2, N};
	uint32_t order[N];
	int seen[N] = {0};
	struct rng rng;
	rng_start(&rng, 7, RNG_TEST, 0, 0);
	rng_permutation(order, sizes[_i], &rng);
	for (size_t i = 0; i < sizes[_i]; i++) {
		ck_assert_uint_lt(order[i], sizes[_i]);
		ck_assert_int_eq(seen[order[i]]++, 0);
	}
}
END_TEST

/* 4! orders, each with probability 1/24. */
START_TEST(every_permutation_is_as_likely)
{
	int count[256] = {0}, different = 0;
	struct rng rng;
	rng_start(&rng, 8, RNG_TEST, 0, 0);
	for (int i = 0; i < DRAWS; i++) {
		uint32_t order[4];
		rng_permutation(order, 4, &rng);
		count[order[0] << 6 | order[1] << 4 | order[2] << 2 | order[3]]++;
	}
	const double p = 1.0 / 24;
	for (int i = 0; i < 256; i++) {
		if (count[i] == 0)
			continue;
		different++;
		ck_assert_double_le(fabs(count[i] - DRAWS * p), SIGMAS * sqrt(DRAWS * p * (1 - p)));
	}
	ck_assert_int_eq(different, 24);
}
END_TEST

static Suite *rng_suite(void)
{
	Suite *suite = suite_create("rng");
	TCase *words = tcase_create("words");
	tcase_add_loop_test(words, philox_gives_the_published_answers, 0, 3);
	tcase_add_test(words, a_word_is_philox_of_the_documented_counter_and_key);
	tcase_add_test(words, a_stream_is_the_units_in_turn);
	tcase_add_test(words, a_stream_goes_on_in_the_next_row_after_2_to_the_32_units);
	tcase_add_test(words, each_part_of_the_key_gives_other_words);
	suite_add_tcase(suite, words);
	TCase *draws = tcase_create("distributions");
	tcase_add_test(draws, uniform_draws_have_the_mean_and_variance_of_the_unit_interval);
	tcase_add_test(draws, uniform_draws_have_53_random_bits);
	tcase_add_loop_test(draws, draws_below_n_fall_evenly, 0, 5);
	tcase_add_loop_test(draws, draws_below_a_large_n_have_no_bias, 0, 3);
	tcase_add_test(draws, normal_draws_have_the_moments_of_the_normal_distribution);
	tcase_add_test(draws, normal_draws_have_the_tails_of_the_normal_distribution);
	suite_add_tcase(suite, draws);
	TCase *permutations = tcase_create("permutations");
	tcase_add_loop_test(permutations, a_permutation_holds_every_index_once, 0, 4);
	tcase_add_test(permutations, every_permutation_is_as_likely);
	suite_add_tcase(suite, permutations);
	return suite;
}

TESTING_MAIN(rng_suite)
