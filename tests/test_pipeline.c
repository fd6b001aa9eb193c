/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <stdio.h>
#include <time.h>

#include "base/dmath.h"
#include "base/rng.h"
#include "data/order.h"
#include "data/pipeline.h"
#include "tables.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const uint32_t all_rows[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
static const bool use_all[] = {true, true, true, true, true, true, true, true};
static const struct pipeline_settings unscaled = {use_all, CLN_SCALE_NONE, 8, 0, 0};
static const struct pipeline_settings standardised = {use_all, CLN_SCALE_STANDARDISE, 8, 0, 0};

/* A table of one column of numbers, or of texts. */
static struct cln_table *numbers_table(const float *numbers, size_t n)
{
	struct cln_table *table = tables_create(n, 1);

	tables_numbers(table, 0, "x", numbers);
	return table;
}

static struct cln_table *texts_table(const char *const *texts, size_t n)
{
	struct cln_table *table = tables_create(n, 1);

	tables_texts(table, 0, "x", texts);
	return table;
}

static struct pipeline *fitted(const struct cln_table *table, size_t n_rows, enum cln_scale scale, size_t max_levels)
{
	const struct pipeline_settings settings = {use_all, scale, max_levels, 0, 0};
	struct pipeline *pipeline;

	ck_assert_uint_le(n_rows, COUNT(all_rows));
	assert_ok(pipeline_fit(&pipeline, table, all_rows, NULL, n_rows, &settings, 1, &err));
	return pipeline;
}

/* Fits on the table's first n_rows rows, applies to all of them, and compares. */
static void check_features(struct cln_table *table, size_t n_rows, enum cln_scale scale, size_t max_levels, size_t n_features,
                           const float *expected)
{
	struct pipeline *pipeline = fitted(table, n_rows, scale, max_levels);
	float X[64];

	ck_assert_uint_eq(pipeline->n_features, n_features);
	ck_assert_uint_le(table->n_rows * n_features, COUNT(X));
	assert_ok(pipeline_apply(X, pipeline, table, NULL, table->n_rows, 1, NULL, &err));
	for (size_t i = 0; i < table->n_rows * n_features; i++)
		ck_assert_msg(X[i] == expected[i], "X[%zu] = %.9g, not %.9g", i, (double)X[i], (double)expected[i]);
	pipeline_destroy(pipeline);
	cln_table_destroy(table);
}

/* ---------------------------------------------------------------- quartiles */

static int compare_floats(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

/* Values of a kind: normal, few distinct, all exponents and both signs, all equal, most of them 0. */
static float draw(struct rng *rng, int kind)
{
	double normal = rng_normal(rng);

	switch (kind) {
	case 0: return (float)normal;
	case 1: return (float)rint(normal);
	case 2: return (float)ldexp(normal, (int)rng_below(rng, 250) - 140);
	case 3: return -3.5f;
	default: return rng_below(rng, 10) < 8 ? 0 : (float)normal;
	}
}

/* By the definition, on the ascending cells with each as often as it counts. */
static double quartile_of_sorted(const float *sorted, size_t W, size_t k)
{
	size_t at_least = (k * W + 3) / 4 - 1, above = k * W / 4; /* indices of the ceil(kW/4)-th and of the (floor(kW/4)+1)-th */

	return ((double)sorted[at_least] + (double)sorted[above]) / 2;
}

START_TEST(quartiles_equal_those_of_a_sorted_copy)
{
	enum { N = 500 };
	int kind = _i / 8;
	size_t n_rows = (size_t)(_i % 4 + (_i % 8 < 4 ? 1 : N - 4)), n_sorted = 0;
	bool weighted = _i % 2;
	float x[2 * N], sorted[3 * N], w[N];
	uint32_t rows[N], units[N];
	double quartile[3];
	struct rng rng;

	rng_start(&rng, 1, RNG_TEST, (uint32_t)_i, 0);
	for (uint32_t i = 0; i < n_rows; i++) {
		rows[i] = 2 * i;
		x[2 * i] = i % 4 == 1 ? NAN : draw(&rng, kind); /* a quarter is missing */
		x[2 * i + 1] = 1e30f;                           /* not among the rows */
		w[i] = (float)(1 + i % 3);
		for (size_t k = 0; k < (weighted ? 1 + i % 3 : 1) && !isnan(x[2 * i]); k++)
			sorted[n_sorted++] = x[2 * i];
	}
	qsort(sorted, n_sorted, sizeof *sorted, compare_floats);
	order_units(units, w, n_rows);
	order_quartiles(quartile, &(struct order_sample){x, rows, weighted ? units : NULL, n_rows});
	for (size_t k = 1; k <= 3; k++)
		ck_assert_double_eq(quartile[k - 1], quartile_of_sorted(sorted, n_sorted, k));
}
END_TEST

START_TEST(units_are_in_proportion_to_weights)
{
	const float whole[] = {1, 3, 16777216}, fractions[] = {0.3f, 1e-20f, 0.6f}, denormal[] = {FLT_TRUE_MIN, 2 * FLT_TRUE_MIN};
	uint32_t units[3];

	order_units(units, whole, 3);
	ck_assert_uint_eq(units[1], 3 * units[0]);
	ck_assert_uint_eq(units[2], 16777216 * units[0]);
	order_units(units, fractions, 3);
	ck_assert_uint_eq(units[1], 1);
	ck_assert_uint_eq(units[2], 2 * units[0]);
	ck_assert_uint_lt(units[2], 1u << 29);
	order_units(units, denormal, 2);
	ck_assert_uint_eq(units[1], 2 * units[0]);
}
END_TEST

START_TEST(order_keys_ascend_as_floats_do)
{
	const float x[] = {-FLT_MAX, -1, -FLT_MIN, -FLT_TRUE_MIN, 0, FLT_TRUE_MIN, FLT_MIN, 1, FLT_MAX};

	for (size_t i = 0; i < COUNT(x); i++) {
		ck_assert(i == 0 || order_key(x[i - 1]) < order_key(x[i]));
		ck_assert_float_eq(order_value(order_key(x[i])), x[i]);
	}
	ck_assert_uint_eq(order_key(-0.0f), order_key(0.0f));
}
END_TEST

/* ---------------------------------------------------------------- numbers */

START_TEST(standardising_centers_on_the_mean_and_divides_by_the_population_deviation)
{
	/* 2 4 4 4 5 5 7 9: mean 5, deviation 2 */
	check_features(numbers_table((const float[]){2, 4, 4, 4, 5, 5, 7, 9, 15}, 9), 8, CLN_SCALE_STANDARDISE, 8, 1,
	               (const float[]){-1.5f, -0.5f, -0.5f, -0.5f, 0, 0, 1, 2, 5});
}
END_TEST

static float clipped(float z) { return z / sqrtf(1 + (z / 3) * (z / 3)); }

START_TEST(robust_scaling_divides_by_the_interquartile_range_and_clips)
{
	/* 0 1 2 3 10 12: the second and the fifth are the first to reach a quarter and three quarters of 6, the third reaches half
	 * of it and the fourth exceeds it: quartiles 1, 2.5, 10 */
	const float s = (float)(1 / 9.0);
	const float expected[] = {clipped(7.5f * s), clipped(-2.5f * s), clipped(-0.5f * s),
				  clipped(0.5f * s), clipped(9.5f * s),  clipped(-1.5f * s)};

	check_features(numbers_table((const float[]){10, 0, 2, 3, 12, 1}, 6), 6, CLN_SCALE_ROBUST, 8, 1, expected);
}
END_TEST

START_TEST(robust_scaling_falls_back_on_half_the_range)
{
	/* quartiles 3, 3, 3; range 8: scale 1/4 */
	check_features(numbers_table((const float[]){3, 3, 3, 3, 3, -1, 7}, 7), 7, CLN_SCALE_ROBUST, 8, 1,
	               (const float[]){0, 0, 0, 0, 0, clipped(-1), clipped(1)});
}
END_TEST

START_TEST(numbers_stay_as_they_are_without_scaling)
{
	check_features(numbers_table((const float[]){100, -7, 0.25f, 1e30f}, 4), 4, CLN_SCALE_NONE, 8, 1,
		       (const float[]){100, -7, 0.25f, 1e30f});
}
END_TEST

START_TEST(gaps_take_the_median_and_an_indicator_behind_the_feature)
{
	/* present 1 2 4: median 2, mean and deviation of those present: 7/3, sqrt(14)/3 */
	const float center = (float)(7.0 / 3), s = (float)(1 / sqrt(14.0 / 9));
	const float expected[] = {(1 - center) * s, 0, (2 - center) * s, 1, (2 - center) * s, 0,
				  (4 - center) * s, 0, (2 - center) * s, 1};

	check_features(numbers_table((const float[]){1, NAN, 2, 4, NAN}, 5), 4, CLN_SCALE_STANDARDISE, 8, 2, expected);
	check_features(numbers_table((const float[]){1, NAN, 2, 4, NAN}, 5), 4, CLN_SCALE_NONE, 8, 2,
	               (const float[]){1, 0, 2, 1, 2, 0, 4, 0, 2, 1});
}
END_TEST

START_TEST(gaps_only_met_later_take_the_median_without_an_indicator)
{
	check_features(numbers_table((const float[]){1, 3, 5, NAN}, 4), 3, CLN_SCALE_NONE, 8, 1, (const float[]){1, 3, 5, 3});
}
END_TEST

START_TEST(a_number_far_outside_is_held_so_that_nothing_overflows)
{
	/* standardise: 0 and 2e-30 have scale 1e30, so FLT_MAX would become infinite; robust: z^2 would */
	check_features(numbers_table((const float[]){-1e-30f, 1e-30f, FLT_MAX, -FLT_MAX}, 4), 2, CLN_SCALE_STANDARDISE, 8, 1,
	               (const float[]){-1, 1, PIPELINE_Z_MAX, -PIPELINE_Z_MAX});
	check_features(numbers_table((const float[]){-1, 1, FLT_MAX, -FLT_MAX}, 4), 2, CLN_SCALE_ROBUST, 8, 1,
	               (const float[]){clipped(-0.5f), clipped(0.5f), 3, -3});
}
END_TEST

/* 3, 3, 3, -3: mean 1.5, deviation 1.5 sqrt(3); the last is 4.5 below the mean, which no float is in units of 10^38.  The scale is
 * a denormal of 21 bits: the error is below 2^-20 of 1.74. */
START_TEST(numbers_next_to_the_largest_are_standardised_like_any)
{
	const float x[] = {3e38f, 3e38f, 3e38f, -3e38f};
	const double big = (double)x[0], mean = big / 2, deviation = sqrt((3 * (mean * mean) + (big + mean) * (big + mean)) / 4);
	const float center = (float)mean, s = (float)(1 / deviation);
	const float expected[] = {(x[0] - center) * s, (x[1] - center) * s, (x[2] - center) * s, (x[3] / 2 - center / 2) * s * 2};

	ck_assert_float_eq_tol(expected[3], -sqrtf(3), 1.74f * 0x1p-20f);
	check_features(numbers_table(x, 4), 4, CLN_SCALE_STANDARDISE, 8, 1, expected);
}
END_TEST

START_TEST(a_spread_below_the_smallest_float_still_gives_finite_features)
{
	struct cln_table *table = numbers_table((const float[]){0, FLT_TRUE_MIN}, 2);
	struct pipeline *pipeline = fitted(table, 2, CLN_SCALE_STANDARDISE, 8);

	ck_assert(isfinite(pipeline->columns[0].scale));
	pipeline_destroy(pipeline);
	cln_table_destroy(table);
}
END_TEST

START_TEST(a_constant_with_gaps_keeps_the_gaps_and_ignores_other_values)
{
	const enum cln_scale scales[] = {CLN_SCALE_STANDARDISE, CLN_SCALE_ROBUST, CLN_SCALE_QUANTILE, CLN_SCALE_AUTO};
	const float *none = (const float[]){0, 0, 0, 1, 0, 0};
	struct cln_table *table = numbers_table((const float[]){5, NAN, 9}, 3);
	struct pipeline *pipeline = fitted(table, 2, scales[_i], 8);
	float X[6];

	assert_ok(pipeline_apply(X, pipeline, table, NULL, 3, 1, NULL, &err));
	ck_assert_mem_eq(X, none, 4 * sizeof *X);
	/* (9 - 5) 2^-64 */
	ck_assert_float_eq(X[4], 0x1p-62f);
	pipeline_destroy(pipeline);
	cln_table_destroy(table);
}
END_TEST

/* A row of weight 2 against two rows: every statistic is the same, but for the rounding of sums in double (n DBL_EPSILON relative),
 * which moves a float by one unit in the last place at most. */
START_TEST(a_row_of_weight_2_counts_like_two_rows)
{
	const enum cln_scale scale = _i;
	struct cln_table *once = tables_create(5, 2), *twice = tables_create(7, 2);
	const struct pipeline_settings settings = {use_all, scale, 1, 0, 0};
	struct pipeline *a, *b;

	tables_numbers(once, 0, "x", (const float[]){0.1f, 5, 3, 0.7f, NAN});
	tables_texts(once, 1, "t", (const char *[]){"p", "q", "r", "p", "r"});
	tables_numbers(twice, 0, "x", (const float[]){0.1f, 5, 5, 3, 3, 0.7f, NAN});
	tables_texts(twice, 1, "t", (const char *[]){"p", "q", "q", "r", "r", "p", "r"});
	assert_ok(pipeline_fit(&a, once, all_rows, (const float[]){1, 2, 2, 1, 1}, 5, &settings, 1, &err));
	assert_ok(pipeline_fit(&b, twice, all_rows, NULL, 7, &settings, 1, &err));
	ck_assert_float_eq(a->columns[0].impute, b->columns[0].impute);
	ck_assert_float_le(fabsf(a->columns[0].center - b->columns[0].center), FLT_EPSILON * fabsf(b->columns[0].center));
	ck_assert_float_le(fabsf(a->columns[0].scale - b->columns[0].scale), FLT_EPSILON * b->columns[0].scale);
	ck_assert_uint_eq(a->columns[0].n_knots, b->columns[0].n_knots);
	for (size_t k = 0; k < a->columns[0].n_knots; k++) {
		ck_assert_float_eq(a->columns[0].knots[k], b->columns[0].knots[k]);
		ck_assert_float_eq(a->columns[0].scores[k], b->columns[0].scores[k]);
	}
	ck_assert_str_eq(a->columns[1].levels[0], "r"); /* three times, by weight; without weights p would win by its bytes */
	ck_assert_str_eq(b->columns[1].levels[0], "r");
	pipeline_destroy(a);
	pipeline_destroy(b);
	cln_table_destroy(once);
	cln_table_destroy(twice);
}
END_TEST

START_TEST(sums_over_blocks_of_rows_are_exact_for_whole_numbers)
{
	/* 3 blocks, the last of them short: mean and deviation of 0 .. n-1 are (n-1)/2 and sqrt((n^2-1)/12). */
	enum { N = 10001 };
	struct cln_table *table = tables_create(N, 1);
	float *x = mem_alloc(N, sizeof *x, NULL);
	uint32_t *rows = mem_alloc(N, sizeof *rows, NULL);
	struct pipeline *pipeline;

	ck_assert(x && rows);
	for (uint32_t i = 0; i < N; i++) {
		x[i] = (float)((i * 7) % N);
		rows[i] = i;
	}
	tables_numbers(table, 0, "x", x);
	assert_ok(pipeline_fit(&pipeline, table, rows, NULL, N, &standardised, 1, &err));
	ck_assert_float_eq(pipeline->columns[0].center, (N - 1) / 2);
	ck_assert_float_eq(pipeline->columns[0].scale, (float)(1 / sqrt(((double)N * N - 1) / 12)));
	ck_assert_float_eq(pipeline->columns[0].impute, (N - 1) / 2);
	pipeline_destroy(pipeline);
	mem_free(rows);
	mem_free(x);
	cln_table_destroy(table);
}
END_TEST

/* The definition, without anything side by side: blocks of 4096 rows, and their sums in order. */
static double sum_in_blocks(const float *x, const float *w, size_t n, double center, int power)
{
	double sum = 0, block = 0;

	for (size_t i = 0; i < n; i++) {
		double d = (double)x[i] - center, weight = w ? (double)w[i] : 1;

		if (!isnan(d))
			block += power == 0 ? weight : power == 1 ? weight * d : weight * (d * d);
		if (i % 4096 == 4095 || i + 1 == n) {
			sum += block;
			block = 0;
		}
	}
	return sum;
}

START_TEST(mean_and_deviation_have_the_bits_of_their_definition)
{
	enum { N = 2 * 8 * 4096 + 3 * 4096 + 77 };
	float *x = mem_alloc(N, sizeof *x, NULL), *w = mem_alloc(N, sizeof *w, NULL);
	uint32_t *rows = mem_alloc(N, sizeof *rows, NULL);
	struct pipeline *pipeline;
	struct rng rng;

	ck_assert(x && w && rows);
	rng_start(&rng, 1, RNG_TEST, 77, 0);
	for (uint32_t i = 0; i < N; i++) {
		x[i] = i % 13 == 3 ? NAN : (float)rng_normal(&rng) * 1e3f;
		w[i] = (float)rng_uniform(&rng) + 0.5f;
		rows[i] = i;
	}
	struct cln_table *table = tables_create(N, 1);
	tables_numbers(table, 0, "x", x);
	for (int weighted = 0; weighted < 2; weighted++) {
		const float *weights = weighted ? w : NULL;
		double weight = sum_in_blocks(x, weights, N, 0, 0), mean = sum_in_blocks(x, weights, N, 0, 1) / weight;
		double deviation = sqrt(sum_in_blocks(x, weights, N, mean, 2) / weight);

		const struct pipeline_settings settings = {(const bool[]){true}, CLN_SCALE_STANDARDISE, 2, 0, 0};
		assert_ok(pipeline_fit(&pipeline, table, rows, weights, N, &settings, 1, &err));
		ck_assert_float_eq(pipeline->columns[0].center, (float)mean);
		ck_assert_float_eq(pipeline->columns[0].scale, (float)(1 / deviation));
		pipeline_destroy(pipeline);
	}
	cln_table_destroy(table);
	mem_free(rows);
	mem_free(w);
	mem_free(x);
}
END_TEST

/* ---------------------------------------------------------------- points and quantiles */

/* By the definition, on the ascending cells with each as often as it counts.  Returns how many points. */
static size_t points_of_sorted(struct order_point *points, const float *sorted, size_t W, size_t most)
{
	size_t n = 0, n_different = 1;

	for (size_t i = 1; i < W; i++)
		n_different += sorted[i] != sorted[i - 1];
	for (size_t i = 0, below = 0; i < W; i++) {
		bool is_point = n_different <= most || i == W - 1;

		below = i > 0 && sorted[i] == sorted[i - 1] ? below : i;
		for (size_t k = 0; k + 1 < most && !is_point; k++) /* more than k W / (most - 1) up to here, not before */
			is_point = (i + 1) * (most - 1) > k * W && i * (most - 1) <= k * W;
		if (is_point && (n == 0 || points[n - 1].x != sorted[i]))
			points[n++] = (struct order_point){sorted[i], below, 0};
	}
	for (size_t k = 0; k < n; k++)
		for (size_t i = points[k].below; i < W && sorted[i] == points[k].x; i++)
			points[k].at++;
	return n;
}

enum { SPREAD_ROWS = 3000 };

/* Cells of a kind in every second row of the table, a quarter of them missing, with weights 1, 2, 3; and them sorted. */
struct spread {
	float x[2 * SPREAD_ROWS], w[SPREAD_ROWS], sorted[3 * SPREAD_ROWS];
	uint32_t rows[SPREAD_ROWS], units[SPREAD_ROWS];
	size_t n_sorted;
};

static void draw_spread(struct spread *spread, int kind, bool weighted, uint32_t seed)
{
	struct rng rng;

	rng_start(&rng, 1, RNG_TEST, seed, 0);
	spread->n_sorted = 0;
	for (uint32_t i = 0; i < SPREAD_ROWS; i++) {
		spread->rows[i] = 2 * i;
		spread->x[2 * i] = i % 4 == 1 ? NAN : draw(&rng, kind);
		spread->x[2 * i + 1] = 1e30f;
		spread->w[i] = (float)(1 + i % 3);
		for (size_t k = 0; k < (weighted ? 1 + i % 3 : 1) && i % 4 != 1; k++)
			spread->sorted[spread->n_sorted++] = spread->x[2 * i];
	}
	qsort(spread->sorted, spread->n_sorted, sizeof *spread->sorted, compare_floats);
	order_units(spread->units, spread->w, SPREAD_ROWS);
}

START_TEST(points_equal_those_of_a_sorted_copy)
{
	static const size_t mosts[] = {2, 10, 83, ORDER_MAX_POINTS};
	static struct order_point points[ORDER_MAX_POINTS], expected[ORDER_MAX_POINTS];
	static struct spread spread;
	size_t most = mosts[_i % 4], n, n_expected;
	bool weighted = _i / 4 % 2;

	draw_spread(&spread, _i / 8, weighted, (uint32_t)_i);
	n_expected = points_of_sorted(expected, spread.sorted, spread.n_sorted, most);
	assert_ok(order_points(points, &n, most,
			       &(struct order_sample){spread.x, spread.rows, weighted ? spread.units : NULL, SPREAD_ROWS}, &err));
	ck_assert_uint_eq(n, n_expected);
	for (size_t k = 0; k < n; k++) {
		size_t unit = weighted ? spread.units[0] : 1; /* row 0 has weight 1 */

		ck_assert_msg(points[k].x == expected[k].x, "point %zu: %a, not %a", k, (double)points[k].x, (double)expected[k].x);
		ck_assert_uint_eq(points[k].below, unit * expected[k].below);
		ck_assert_uint_eq(points[k].at, unit * expected[k].at);
	}
}
END_TEST

START_TEST(as_many_numbers_as_points_are_all_points)
{
	struct order_point points[3];
	size_t n;

	/* of a grid of 3 the middle one would be 1 again */
	assert_ok(order_points(points, &n, 3, &(struct order_sample){(const float[]){1, 1, 3, 1, 2, 1}, all_rows, NULL, 6}, &err));
	ck_assert_uint_eq(n, 3);
	ck_assert_float_eq(points[1].x, 2);
	ck_assert_uint_eq(points[1].below, 4);
	assert_ok(order_points(points, &n, 2, &(struct order_sample){(const float[]){1, 1, 3, 1, 2, 1}, all_rows, NULL, 6}, &err));
	ck_assert_uint_eq(n, 2);
	ck_assert_float_eq(points[1].x, 3);
}
END_TEST

START_TEST(ranks_of_the_greatest_units_do_not_overflow)
{
	/* W = 2^23 (2^32 - 1): times 999 it has 65 bits */
	enum { N = 1 << 23 };
	float *x = mem_alloc(N, sizeof *x, NULL);
	uint32_t *rows = mem_alloc(N, sizeof *rows, NULL), *units = mem_alloc(N, sizeof *units, NULL);
	static struct order_point points[ORDER_MAX_POINTS];
	size_t n;

	ck_assert(x && rows && units);
	for (uint32_t i = 0; i < N; i++) {
		x[i] = (float)i;
		rows[i] = i;
		units[i] = UINT32_MAX;
	}
	assert_ok(order_points(points, &n, ORDER_MAX_POINTS, &(struct order_sample){x, rows, units, N}, &err));
	ck_assert_uint_eq(n, ORDER_MAX_POINTS);
	for (size_t k = 0; k < n; k++) /* the least i with i + 1 > N k / 999 */
		ck_assert_float_eq(points[k].x, k == n - 1 ? N - 1 : (float)(N * k / (ORDER_MAX_POINTS - 1)));
	mem_free(x);
	mem_free(rows);
	mem_free(units);
}
END_TEST

/* 1 2 2 3: half of each number's weight counts as below it, so 1/8, 1/2, 7/8, whose quantiles are -1.1503494, 0, 1.1503494. */
START_TEST(quantile_scores_are_normal_and_join_in_lines)
{
	const float s = 1.1503494f, outside = 1e30f;

	check_features(numbers_table((const float[]){1, 2, 2, 3, 1.5f, 2.75f, -outside, outside, 0.99f, 3.01f}, 10), 4,
		       CLN_SCALE_QUANTILE, 8, 1, (const float[]){-s, 0, 0, s, -s / 2, 0.75f * s, -s, s, -s, s});
}
END_TEST

START_TEST(quantile_gaps_take_the_score_of_the_median_and_an_indicator)
{
	const float s = 1.1503494f;

	check_features(numbers_table((const float[]){1, NAN, 2, 2, 3}, 5), 5, CLN_SCALE_QUANTILE, 8, 2,
		       (const float[]){-s, 0, 0, 1, 0, 0, 0, 0, s, 0});
}
END_TEST

/* The share of the cells below x, equal ones counting half, as a score. */
static float score_of_sorted(const float *sorted, size_t W, float x)
{
	size_t below = 0, at = 0;

	for (size_t i = 0; i < W; i++) {
		below += sorted[i] < x;
		at += sorted[i] == x;
	}
	return (float)dmath_normal_quantile((double)(2 * below + at) / (double)(2 * W));
}

/* Fits as many knots as asked for by the cells present, then compares every cell with the line between knots that are looked for
 * one after the other. */
START_TEST(quantile_features_equal_those_of_the_definition)
{
	static struct spread spread;
	static struct order_point knots[ORDER_MAX_POINTS];
	static float X[2 * 2 * SPREAD_ROWS];
	bool weighted = _i % 2;
	struct cln_table *table;
	struct pipeline *pipeline;
	size_t n_knots, n_cells = 0;

	draw_spread(&spread, _i / 2, weighted, (uint32_t)_i);
	for (size_t i = 0; i < SPREAD_ROWS; i++)
		n_cells += !isnan(spread.x[2 * i]);
	n_knots = points_of_sorted(knots, spread.sorted, spread.n_sorted, n_cells / 30);
	table = numbers_table(spread.x, 2 * SPREAD_ROWS);
	assert_ok(pipeline_fit(&pipeline, table, spread.rows, weighted ? spread.w : NULL, SPREAD_ROWS,
			       &(struct pipeline_settings){use_all, CLN_SCALE_QUANTILE, 8, 0, 0}, 1, &err));
	ck_assert_uint_eq(pipeline->columns[0].n_knots, n_knots);
	assert_ok(pipeline_apply(X, pipeline, table, NULL, 2 * SPREAD_ROWS, 1, NULL, &err));
	for (size_t i = 0; i < 2 * SPREAD_ROWS; i++) {
		float x = isnan(spread.x[i]) ? pipeline->columns[0].impute : spread.x[i], low, high, z;
		size_t k = 0;

		x = x > knots[n_knots - 1].x ? knots[n_knots - 1].x : x;
		while (k + 2 < n_knots && knots[k + 1].x <= x)
			k++;
		low = score_of_sorted(spread.sorted, spread.n_sorted, knots[k].x);
		high = score_of_sorted(spread.sorted, spread.n_sorted, knots[k + 1].x);
		z = low + (x - knots[k].x) / (knots[k + 1].x - knots[k].x) * (high - low);
		z = x == knots[k + 1].x || z > high ? high : z;
		ck_assert_msg(X[2 * i] == z, "%a: %a, not %a", (double)x, (double)X[2 * i], (double)z);
		ck_assert_float_eq(X[2 * i + 1], (float)(isnan(spread.x[i]) != 0));
	}
	pipeline_destroy(pipeline);
	cln_table_destroy(table);
}
END_TEST

START_TEST(there_is_a_knot_for_thirty_cells_within_limits)
{
	static const size_t n_rows[] = {100, 329, 330, 900, 40000}, n_knots[] = {10, 10, 11, 30, 1000};
	size_t n = n_rows[_i];
	float *x = mem_alloc(n, sizeof *x, NULL);
	uint32_t *rows = mem_alloc(n, sizeof *rows, NULL);
	struct cln_table *table;
	struct pipeline *pipeline;

	ck_assert(x && rows);
	for (uint32_t i = 0; i < n; i++) {
		x[i] = (float)i;
		rows[i] = i;
	}
	table = numbers_table(x, n);
	assert_ok(pipeline_fit(&pipeline, table, rows, NULL, n,
			       &(struct pipeline_settings){use_all, CLN_SCALE_QUANTILE, 8, 0, 0}, 1, &err));
	ck_assert_uint_eq(pipeline->columns[0].n_knots, n_knots[_i]);
	ck_assert_float_eq(pipeline->columns[0].knots[0], 0);
	ck_assert_float_eq(pipeline->columns[0].knots[n_knots[_i] - 1], (float)(n - 1));
	/* half of one cell of n is below the least */
	ck_assert_float_eq(pipeline->columns[0].scores[0], (float)dmath_normal_quantile(0.5 / (double)n));
	pipeline_destroy(pipeline);
	cln_table_destroy(table);
	mem_free(rows);
	mem_free(x);
}
END_TEST

/* Neither the width of 2 FLT_MAX nor the inverse of a denormal width is a float; the middle between the scores is 0. */
START_TEST(quantiles_of_the_greatest_and_the_smallest_floats_are_finite)
{
	const float s = 0.67448975f; /* the quantile of 3/4 */

	check_features(numbers_table((const float[]){-FLT_MAX, FLT_MAX, 0, FLT_MAX / 2}, 4), 2, CLN_SCALE_QUANTILE, 8, 1,
		       (const float[]){-s, s, 0, s / 2});
	check_features(numbers_table((const float[]){0, 2 * FLT_TRUE_MIN, FLT_TRUE_MIN}, 3), 2, CLN_SCALE_QUANTILE, 8, 1,
		       (const float[]){-s, s, 0});
}
END_TEST

/* The share of the greatest number is 1 - 2^-53 and less, which a double does not tell from 1. */
START_TEST(scores_are_finite_however_many_units_there_are)
{
	const size_t n = (1u << 23) + 64;
	const float weight = 1 - 0x1p-24f; /* 2^29 - 32 units */
	const uint64_t W = (n - 2) * ((UINT64_C(1) << 29) - 32) + 2;
	struct cln_table *table = numbers_table((const float[]){0, 1, 2}, 3);
	uint32_t *rows = mem_alloc(n, sizeof *rows, NULL);
	float *w = mem_alloc(n, sizeof *w, NULL);
	struct pipeline *pipeline;

	ck_assert(rows && w);
	for (size_t i = 0; i < n; i++)
		w[i] = i < n - 2 ? weight : 0x1p-60f;
	rows[n - 2] = 1;
	rows[n - 1] = 2;
	assert_ok(pipeline_fit(&pipeline, table, rows, w, n, &(struct pipeline_settings){use_all, CLN_SCALE_QUANTILE, 8, 0, 0}, 1,
			       &err));
	ck_assert_uint_eq(pipeline->columns[0].n_knots, 3);
	ck_assert_float_eq(pipeline->columns[0].scores[1], (float)-dmath_normal_quantile(1.5 / (double)W));
	ck_assert_float_eq(pipeline->columns[0].scores[2], (float)-dmath_normal_quantile(0.5 / (double)W));
	pipeline_destroy(pipeline);
	cln_table_destroy(table);
	mem_free(rows);
	mem_free(w);
}
END_TEST

START_TEST(quantile_features_never_descend)
{
	enum { STEPS = 4000 };
	static struct spread spread;
	static float grid[STEPS], X[2 * STEPS];
	struct cln_table *table, *later;
	struct pipeline *pipeline;

	draw_spread(&spread, 0, true, 7);
	table = numbers_table(spread.x, 2 * SPREAD_ROWS);
	for (size_t i = 0; i < STEPS; i++) /* the last bits of floats around a knot, then the whole range */
		grid[i] = i == 0 ? spread.sorted[1000] : i < STEPS / 2 ? nextafterf(grid[i - 1], 9) : grid[i - 1] + 2e-3f;
	later = numbers_table(grid, STEPS);
	assert_ok(pipeline_fit(&pipeline, table, spread.rows, spread.w, SPREAD_ROWS,
			       &(struct pipeline_settings){use_all, CLN_SCALE_QUANTILE, 8, 0, 0}, 1, &err));
	assert_ok(pipeline_apply(X, pipeline, later, NULL, STEPS, 1, NULL, &err));
	for (size_t i = 1; i < STEPS; i++)
		ck_assert_float_le(X[2 * i - 2], X[2 * i]);
	ck_assert_float_lt(X[0], X[2 * STEPS - 2]);
	pipeline_destroy(pipeline);
	cln_table_destroy(later);
	cln_table_destroy(table);
}
END_TEST

/* 0 + 1 and 2^-30 + 1 are one float, so t = 1; and -3 + (y + 3) is greater than y where the sum was rounded up. */
START_TEST(a_line_never_exceeds_its_upper_score)
{
	struct cln_table *table = numbers_table((const float[]){-1, 0x1p-30f, 0}, 3);
	struct pipeline *pipeline = fitted(table, 2, CLN_SCALE_QUANTILE, 8);
	float *scores = pipeline->columns[0].scores, X[3];

	scores[0] = -3;
	for (scores[1] = 0.001f; !(scores[0] + (scores[1] - scores[0]) > scores[1]);)
		scores[1] = nextafterf(scores[1], 1);
	assert_ok(pipeline_apply(X, pipeline, table, NULL, 3, 1, NULL, &err));
	ck_assert_float_eq(X[2], scores[1]);
	pipeline_destroy(pipeline);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- by column */

static enum transform chosen(const float *x, const float *w, size_t n)
{
	enum { MOST = 200 };
	static uint32_t rows[MOST];
	struct cln_table *table = numbers_table(x, n);
	struct pipeline *pipeline;
	enum transform transform;

	ck_assert_uint_le(n, MOST);
	for (uint32_t i = 0; i < n; i++)
		rows[i] = i;
	assert_ok(pipeline_fit(&pipeline, table, rows, w, n,
			       &(struct pipeline_settings){use_all, CLN_SCALE_AUTO, 8, 0, 0}, 1, &err));
	transform = pipeline->columns[0].transform;
	pipeline_destroy(pipeline);
	cln_table_destroy(table);
	return transform;
}

/* 0 .. 99 but for the last: median 49.5, quartiles 24.5 and 74.5, so beyond three ranges lies what is above 199.5. */
START_TEST(more_than_a_fiftieth_beyond_three_interquartile_ranges_is_a_heavy_tail)
{
	float x[100], w[100];

	for (size_t i = 0; i < 100; i++) {
		x[i] = (float)i;
		w[i] = 1;
	}
	x[99] = x[98] = 200;
	ck_assert_int_eq(chosen(x, NULL, 100), TRANSFORM_ROBUST);
	x[97] = 199.5f;
	ck_assert_int_eq(chosen(x, NULL, 100), TRANSFORM_ROBUST);
	x[97] = 200;
	ck_assert_int_eq(chosen(x, NULL, 100), TRANSFORM_QUANTILE);
	x[0] = x[1] = -100; /* below the median it counts as well: 149.5 is less than 150 */
	x[97] = 97;
	ck_assert_int_eq(chosen(x, NULL, 100), TRANSFORM_ROBUST);
	x[0] = -101;
	ck_assert_int_eq(chosen(x, NULL, 100), TRANSFORM_QUANTILE);
	x[0] = 0;
	x[1] = 1;
	ck_assert_int_eq(chosen(x, w, 100), TRANSFORM_ROBUST);
	w[99] = 1.03f; /* 2.03 of 100.03; median 50, quartiles 25 and 75 */
	x[99] = x[98] = 201;
	ck_assert_int_eq(chosen(x, w, 100), TRANSFORM_QUANTILE);
}
END_TEST

START_TEST(a_column_whose_quartiles_are_equal_is_scaled_by_quantiles)
{
	float rarely[200] = {1, 2}; /* 1/100: no heavy tail by its share */

	ck_assert_int_eq(chosen(rarely, NULL, 200), TRANSFORM_QUANTILE);
	ck_assert_int_eq(chosen((const float[]){0, 0, 0, 0, 0, 0, 0, 1, 2}, NULL, 9), TRANSFORM_QUANTILE);
	ck_assert_int_eq(chosen((const float[]){0, 0, 0, 0, NAN, NAN, 0, 0, 0, 1, 2}, NULL, 11), TRANSFORM_QUANTILE);
	ck_assert_int_eq(chosen((const float[]){0, 0, 1, 1, 2, 2, 3, 3, 3}, NULL, 9), TRANSFORM_ROBUST);
}
END_TEST

START_TEST(two_numbers_become_minus_one_and_one)
{
	check_features(numbers_table((const float[]){3, 3, 3, 3, 7, 5}, 6), 5, CLN_SCALE_AUTO, 8, 1,
		       (const float[]){-1, -1, -1, -1, 1, 0});
	check_features(numbers_table((const float[]){-0x1p127f, 0x1p127f}, 2), 2, CLN_SCALE_AUTO, 8, 1, (const float[]){-1, 1});
}
END_TEST

/* ---------------------------------------------------------------- categories */

START_TEST(levels_have_features_in_byte_order)
{
	check_features(texts_table((const char *[]){"b", "a", "c", "b"}, 4), 4, CLN_SCALE_STANDARDISE, 8, 3,
	               (const float[]){0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0});
}
END_TEST

START_TEST(two_levels_make_one_feature)
{
	check_features(texts_table((const char *[]){"no", "yes", "no", "maybe", NULL}, 5), 3, CLN_SCALE_NONE, 8, 1,
		       (const float[]){-1, 1, -1, 0, 0});
}
END_TEST

START_TEST(two_levels_with_gaps_make_three_features)
{
	check_features(texts_table((const char *[]){"no", "yes", NULL, "maybe"}, 4), 3, CLN_SCALE_NONE, 8, 3,
	               (const float[]){1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0});
}
END_TEST

START_TEST(the_most_frequent_levels_keep_a_feature_and_the_others_share_one)
{
	/* c three times, b and d twice, a and e once; b wins over d by its bytes.  Kept: b, c; rare: a, d, e. */
	const char *const texts[] = {"d", "c", "c", "a", "b", "b", "c", "d", "e", "new"};
	struct cln_table *table = texts_table(texts, 10);
	struct pipeline *pipeline = fitted(table, 9, CLN_SCALE_NONE, 2);
	const struct pipeline_column *column = &pipeline->columns[0];

	ck_assert_uint_eq(column->n_levels, 2);
	ck_assert_uint_eq(column->n_rare, 3);
	ck_assert_str_eq(column->levels[0], "b");
	ck_assert_str_eq(column->levels[1], "c");
	ck_assert_str_eq(column->rare[0], "a");
	ck_assert_str_eq(column->rare[1], "d");
	ck_assert_str_eq(column->rare[2], "e");
	pipeline_destroy(pipeline);
	check_features(table, 9, CLN_SCALE_NONE, 2, 3,
	               (const float[]){0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0});
}
END_TEST

START_TEST(what_was_met_is_counted)
{
	struct cln_table *table = tables_create(5, 3);
	struct cln_row_report report = {.rows = 99, .extra_columns = 99};
	struct pipeline *pipeline;
	float X[5 * 4];

	tables_numbers(table, 0, "n", (const float[]){1, 2, NAN, NAN, 3});
	tables_texts(table, 1, "t", (const char *[]){"a", "b", NULL, "z", NULL});
	tables_numbers(table, 2, "extra", (const float[]){1, 2, 3, 4, 5});
	assert_ok(pipeline_fit(&pipeline, table, all_rows, NULL, 2,
			       &(struct pipeline_settings){(const bool[]){true, true, false}, CLN_SCALE_NONE, 8, 0, 0}, 1, &err));
	assert_ok(pipeline_apply(X, pipeline, table, NULL, 5, 1, &report, &err));
	ck_assert_uint_eq(report.rows, 5);
	ck_assert_uint_eq(report.missing_cells, 4);
	ck_assert_uint_eq(report.unseen_cells, 1);
	ck_assert_uint_eq(report.extra_columns, 1);
	pipeline_destroy(pipeline);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- columns */

START_TEST(a_constant_column_gives_no_feature_and_need_not_come_back)
{
	struct cln_table *table = tables_create(3, 4), *later = numbers_table((const float[]){4, 6}, 2);
	struct pipeline *pipeline;
	float X[2];

	tables_numbers(table, 0, "constant", (const float[]){7, 7, 7});
	tables_numbers(table, 1, "empty", (const float[]){NAN, NAN, NAN});
	tables_texts(table, 2, "one", (const char *[]){"a", "a", "a"});
	tables_numbers(table, 3, "x", (const float[]){4, 5, 6});
	pipeline = fitted(table, 3, CLN_SCALE_NONE, 8);
	ck_assert_uint_eq(pipeline->n_columns, 4);
	ck_assert_uint_eq(pipeline->n_features, 1);
	for (size_t c = 0; c < 3; c++)
		ck_assert_uint_eq(pipeline->columns[c].n_features, 0);
	assert_ok(pipeline_apply(X, pipeline, later, NULL, 2, 1, NULL, &err));
	ck_assert_mem_eq(X, ((const float[]){4, 6}), sizeof X);
	pipeline_destroy(pipeline);
	cln_table_destroy(later);
	cln_table_destroy(table);
}
END_TEST

START_TEST(nothing_but_constants_is_refused)
{
	struct cln_table *table = numbers_table((const float[]){7, 7}, 2);
	struct pipeline *pipeline;
	struct cln_error err;

	ck_assert_int_eq(pipeline_fit(&pipeline, table, all_rows, NULL, 2, &unscaled, 1, &err), CLN_E_DATA);
	ck_assert_ptr_null(pipeline);
	ck_assert_int_eq(pipeline_fit(&pipeline, table, all_rows, NULL, 2,
				      &(struct pipeline_settings){(const bool[]){false}, CLN_SCALE_NONE, 8, 0, 0}, 1, &err),
			 CLN_E_DATA);
	cln_table_destroy(table);
}
END_TEST

START_TEST(columns_are_found_by_name_in_any_order)
{
	struct cln_table *table = tables_create(2, 2), *later = tables_create(1, 3);
	struct pipeline *pipeline;
	float X[2];

	tables_numbers(table, 0, "b", (const float[]){1, 2});
	tables_numbers(table, 1, "a", (const float[]){3, 4});
	pipeline = fitted(table, 2, CLN_SCALE_NONE, 8);
	tables_numbers(later, 0, "a", (const float[]){30});
	tables_numbers(later, 1, "0", (const float[]){0});
	tables_numbers(later, 2, "b", (const float[]){10});
	assert_ok(pipeline_apply(X, pipeline, later, NULL, 1, 1, NULL, &err));
	ck_assert_mem_eq(X, ((const float[]){10, 30}), sizeof X);
	pipeline_destroy(pipeline);
	cln_table_destroy(later);
	cln_table_destroy(table);
}
END_TEST

START_TEST(all_columns_that_are_missing_are_named)
{
	struct cln_table *table = tables_create(2, 3), *later = tables_create(1, 2);
	struct pipeline *pipeline;
	struct cln_error refusal;
	float X[3];

	tables_numbers(table, 0, "a", (const float[]){1, 2});
	tables_numbers(table, 1, "b", (const float[]){3, 4});
	tables_numbers(table, 2, "c", (const float[]){3, 4});
	pipeline = fitted(table, 2, CLN_SCALE_NONE, 8);
	tables_numbers(later, 0, "b", (const float[]){1});
	tables_numbers(later, 1, "c", (const float[]){1});
	later->columns[1].ignored = true;
	ck_assert_int_eq(pipeline_apply(X, pipeline, later, NULL, 1, 1, NULL, &refusal), CLN_E_DATA);
	ck_assert_msg(strstr(refusal.message, "\"a\", \"c\"") != NULL, "%s", refusal.message);
	pipeline_destroy(pipeline);
	cln_table_destroy(later);
	cln_table_destroy(table);
}
END_TEST

/* 25 of them and a constant, which nobody misses. */
START_TEST(of_many_columns_that_are_missing_twenty_are_named)
{
	struct cln_table *table = tables_create(2, 26), *later = tables_create(1, 1);
	const struct pipeline_settings settings = {(const bool[26]){[0 ... 25] = true}, CLN_SCALE_NONE, 8, 0, 0};
	struct pipeline *pipeline;
	struct cln_error refusal;
	float X[26];

	for (size_t c = 0; c < 26; c++) {
		char name[8];
		snprintf(name, sizeof name, "x%zu", c);
		tables_numbers(table, c, name, c == 3 ? (const float[]){5, 5} : (const float[]){1, 2});
	}
	tables_numbers(later, 0, "other", (const float[]){1});
	assert_ok(pipeline_fit(&pipeline, table, all_rows, NULL, 2, &settings, 1, &err));
	ck_assert_uint_eq(pipeline->n_features, 25);
	ck_assert_int_eq(pipeline_apply(X, pipeline, later, NULL, 1, 1, NULL, &refusal), CLN_E_DATA);
	ck_assert_ptr_nonnull(strstr(refusal.message, "columns that the model was trained on are missing: \"x0\", \"x1\", "
	                                              "\"x2\", \"x4\""));
	ck_assert_ptr_nonnull(strstr(refusal.message, "\"x20\" and 5 more"));
	pipeline_destroy(pipeline);
	cln_table_destroy(later);
	cln_table_destroy(table);
}
END_TEST

/* 1, 1.0 and 01 are one number: the shortest text's level has it, wherever that stands among them; without it the first level. */
START_TEST(of_levels_of_one_value_the_shortest_text_is_the_number)
{
	static const char *const orders[][4] = {{"1", "1.0", "01", "z"}, {"1.0", "01", "1e0", "z"}, {"01", "z", "1", "1.0"}};
	static const size_t slots[] = {1, 0, 1}; /* features: 01, 1, 1.0, z; then 01, 1.0, 1e0, z */

	for (size_t i = 0; i < COUNT(orders); i++) {
		struct cln_table *table = texts_table(orders[i], 4), *numbers = numbers_table((const float[]){1}, 1);
		struct pipeline *pipeline = fitted(table, 4, CLN_SCALE_NONE, 8);
		float X[4];

		assert_ok(pipeline_apply(X, pipeline, numbers, NULL, 1, 1, NULL, &err));
		for (size_t k = 0; k < 4; k++)
			ck_assert_float_eq(X[k], k == slots[i]);
		pipeline_destroy(pipeline);
		cln_table_destroy(numbers);
		cln_table_destroy(table);
	}
}
END_TEST

START_TEST(texts_that_are_numbers_are_read_where_numbers_were_learnt)
{
	struct cln_table *table = numbers_table((const float[]){1, 2}, 2);
	struct cln_table *texts = texts_table((const char *[]){" 1.5\t", "abc", NULL, "-2e1"}, 4);
	struct cln_table *beyond = texts_table((const char *[]){"1e39", "x"}, 2);
	struct pipeline *pipeline = fitted(table, 2, CLN_SCALE_NONE, 8);
	struct cln_error refusal;
	float X[4];

	assert_ok(pipeline_apply(X, pipeline, texts, (const uint32_t[]){0, 2, 3}, 3, 1, NULL, &err));
	ck_assert_mem_eq(X, ((const float[]){1.5f, 1.5f, -20}), 3 * sizeof *X);
	ck_assert_int_eq(pipeline_apply(X, pipeline, texts, NULL, 4, 1, NULL, &refusal), CLN_E_DATA);
	ck_assert_msg(strstr(refusal.message, "not a number (\"abc\", column \"x\"") != NULL, "%s", refusal.message);
	ck_assert_int_eq(pipeline_apply(X, pipeline, beyond, NULL, 1, 1, NULL, &refusal), CLN_E_DATA);
	ck_assert_msg(strstr(refusal.message, "not a number (\"1e39\", column \"x\"") != NULL, "%s", refusal.message);
	pipeline_destroy(pipeline);
	cln_table_destroy(beyond);
	cln_table_destroy(texts);
	cln_table_destroy(table);
}
END_TEST

/* Row by row, whatever the columns. */
START_TEST(ten_texts_where_numbers_were_learnt_are_told_and_the_others_counted)
{
	enum { ROWS = 8 };
	static const char *const a[ROWS] = {"1", "a1", "a2", "a3", "a4", "a5", "a6", "a7"};
	static const char *const b[ROWS] = {"b0", "b1", "b2", "2", "b4", NULL, "b6", "b7"};
	static const char *const told[ERRORS_TOLD] = {"b0", "a1", "b1", "a2", "b2", "a3", "a4", "b4", "a5", "a6"};
	struct cln_table *table = tables_create(2, 2), *texts = tables_create(ROWS, 2);
	struct cln_error refusal;
	float X[2 * ROWS];

	for (size_t c = 0; c < 2; c++) {
		tables_numbers(table, c, c ? "b" : "a", (const float[]){1, 2});
		tables_texts(texts, c, c ? "b" : "a", c ? b : a);
	}
	struct pipeline *pipeline = fitted(table, 2, CLN_SCALE_NONE, 8);
	ck_assert_int_eq(pipeline_apply(X, pipeline, texts, NULL, ROWS, 1, NULL, &refusal), CLN_E_DATA);
	char *line = refusal.message;
	for (size_t i = 0; i < ERRORS_TOLD; i++) {
		char expected[128];

		snprintf(expected, sizeof expected,
			 "memory, row %c: not a number (\"%s\", column \"%c\"; the model learnt this column as numbers)",
			 told[i][1] + 1, told[i], *told[i]);
		ck_assert_str_eq(strsep(&line, "\n"), expected);
	}
	ck_assert_str_eq(line, "... and 3 more errors");
	pipeline_destroy(pipeline);
	cln_table_destroy(texts);
	cln_table_destroy(table);
}
END_TEST

START_TEST(numbers_match_levels_by_shortest_text_and_else_by_value)
{
	struct cln_table *table = texts_table((const char *[]){" 007", "0.10", "02", "2", "x"}, 5);
	struct cln_table *numbers = numbers_table((const float[]){7, 0.1f, 2, 3, NAN}, 5);
	struct pipeline *pipeline = fitted(table, 5, CLN_SCALE_NONE, 8); /* features: 007, 0.10, 02, 2, x */
	struct cln_row_report report;
	const float expected[] = {1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	float X[25];

	assert_ok(pipeline_apply(X, pipeline, numbers, NULL, 5, 1, &report, &err));
	ck_assert_mem_eq(X, expected, sizeof X);
	ck_assert_uint_eq(report.unseen_cells, 1);
	ck_assert_uint_eq(report.missing_cells, 1);
	pipeline_destroy(pipeline);
	cln_table_destroy(numbers);
	cln_table_destroy(table);
}
END_TEST

START_TEST(only_scaled_values_of_more_than_two_numbers_are_numbers)
{
	/* a: three numbers and a gap; b: two; c: one and a gap; d: levels; e: two levels; f: both zeros are one number */
	static const bool expected[] = {true, false, false, false, false, false, false, false, false, false};
	struct cln_table *table = tables_create(4, 6);
	struct pipeline *pipeline;

	tables_numbers(table, 0, "a", (const float[]){1, NAN, 2, 3});
	tables_numbers(table, 1, "b", (const float[]){5, 7, 7, 5});
	tables_numbers(table, 2, "c", (const float[]){5, NAN, 5, 5});
	tables_texts(table, 3, "d", (const char *[]){"p", "q", "r", "p"});
	tables_texts(table, 4, "e", (const char *[]){"p", "q", "q", "p"});
	tables_numbers(table, 5, "f", (const float[]){0, 1, -0.0f, 1});
	pipeline = fitted(table, 4, CLN_SCALE_STANDARDISE, 8);
	ck_assert_uint_eq(pipeline->n_features, COUNT(expected));
	for (size_t f = 0; f < COUNT(expected); f++)
		ck_assert_msg(pipeline_feature_is_number(pipeline, f) == expected[f], "feature %zu", f);
	pipeline_destroy(pipeline);
	cln_table_destroy(table);
	table = numbers_table((const float[]){1, 2, 3}, 3); /* the third value is in no row fitted */
	pipeline = fitted(table, 2, CLN_SCALE_STANDARDISE, 8);
	ck_assert(!pipeline_feature_is_number(pipeline, 0));
	pipeline_destroy(pipeline);
	cln_table_destroy(table);
}
END_TEST

START_TEST(a_clone_has_its_own_knots)
{
	struct cln_table *table = numbers_table((const float[]){1, 2, 2, 3, 2.5f, 9}, 6);
	struct pipeline *pipeline = fitted(table, 6, CLN_SCALE_QUANTILE, 2), *copy;
	float X[6], Y[6];

	assert_ok(pipeline_apply(X, pipeline, table, NULL, 6, 1, NULL, &err));
	assert_ok(pipeline_clone(&copy, pipeline, &err));
	pipeline_destroy(pipeline);
	assert_ok(pipeline_apply(Y, copy, table, NULL, 6, 1, NULL, &err));
	ck_assert_mem_eq(X, Y, sizeof X);
	pipeline_destroy(copy);
	cln_table_destroy(table);
}
END_TEST

START_TEST(a_clone_is_the_same_and_its_own)
{
	struct cln_table *table = texts_table((const char *[]){"d", "c", "c", "a", "b", "b"}, 6);
	struct pipeline *pipeline = fitted(table, 6, CLN_SCALE_NONE, 2), *copy;
	float X[18], Y[18];

	assert_ok(pipeline_apply(X, pipeline, table, NULL, 6, 1, NULL, &err));
	assert_ok(pipeline_clone(&copy, pipeline, &err));
	pipeline_destroy(pipeline);
	assert_ok(pipeline_apply(Y, copy, table, NULL, 6, 1, NULL, &err));
	ck_assert_mem_eq(X, Y, sizeof X);
	pipeline_destroy(copy);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- a larger table, by threads and by rows */

enum { N_ROWS = 9000, N_COLUMNS = 5 };

static struct cln_table *random_table(void)
{
	struct cln_table *table = tables_create(N_ROWS, N_COLUMNS);
	float *x = mem_alloc(N_ROWS, sizeof *x, NULL);
	const char **texts = mem_alloc(N_ROWS, sizeof *texts, NULL);
	static const char *const levels[] = {"p", "q", "r", "s", NULL};
	struct rng rng;

	ck_assert(x && texts);
	rng_start(&rng, 3, RNG_TEST, 0, 0);
	for (size_t c = 0; c < N_COLUMNS - 1; c++) {
		static const char *const names[] = {"a", "b", "c", "d"};

		for (size_t i = 0; i < N_ROWS; i++)
			x[i] = rng_below(&rng, 10) == 0 && c > 1 ? NAN : (float)(rng_normal(&rng) * 1e3 + 0.1);
		tables_numbers(table, c, names[c], x);
	}
	for (size_t i = 0; i < N_ROWS; i++)
		texts[i] = levels[rng_below(&rng, 5)];
	tables_texts(table, N_COLUMNS - 1, "t", texts);
	mem_free(texts);
	mem_free(x);
	return table;
}

/* Every third row, and X of all rows. */
static float *features_of(struct cln_table *table, enum cln_scale scale, size_t *n_cells, int threads)
{
	uint32_t *rows = mem_alloc(N_ROWS / 3, sizeof *rows, NULL);
	struct pipeline *pipeline;
	float *X;

	ck_assert_ptr_nonnull(rows);
	for (uint32_t i = 0; i < N_ROWS / 3; i++)
		rows[i] = 3 * i;
	assert_ok(pipeline_fit(&pipeline, table, rows, NULL, N_ROWS / 3,
			       &(struct pipeline_settings){use_all, scale, 8, 0, 0}, threads, &err));
	*n_cells = N_ROWS * pipeline->n_features;
	X = mem_alloc(*n_cells, sizeof *X, NULL);
	ck_assert_ptr_nonnull(X);
	assert_ok(pipeline_apply(X, pipeline, table, NULL, N_ROWS, threads, NULL, &err));
	pipeline_destroy(pipeline);
	mem_free(rows);
	return X;
}

START_TEST(features_have_the_same_bits_for_any_number_of_threads)
{
	struct cln_table *table = random_table();
	size_t n_cells;
	float *one = features_of(table, _i, &n_cells, 1);

	for (int threads = 2; threads <= 5; threads++) {
		float *more = features_of(table, _i, &n_cells, threads);

		ck_assert_mem_eq(more, one, n_cells * sizeof *one);
		mem_free(more);
	}
	mem_free(one);
	cln_table_destroy(table);
}
END_TEST

START_TEST(rows_that_are_not_for_training_leave_no_trace)
{
	struct cln_table *table = random_table();
	size_t n_cells;
	float *clean = features_of(table, _i, &n_cells, 1), *poisoned;
	size_t n_features = n_cells / N_ROWS;

	for (size_t i = 0; i < N_ROWS; i++) {
		if (i % 3 == 0)
			continue;
		for (size_t c = 0; c < N_COLUMNS - 1; c++)
			table->columns[c].numbers[i] = i % 2 ? 1e30f : NAN;
		table->columns[N_COLUMNS - 1].codes[i] = LEVEL_MISSING;
	}
	poisoned = features_of(table, _i, &n_cells, 1);
	for (size_t i = 0; i < N_ROWS; i += 3)
		ck_assert_mem_eq(poisoned + i * n_features, clean + i * n_features, n_features * sizeof *clean);
	mem_free(poisoned);
	mem_free(clean);
	cln_table_destroy(table);
}
END_TEST

START_TEST(a_level_that_only_other_rows_have_is_unseen)
{
	struct cln_table *table = texts_table((const char *[]){"a", "b", "only here", "c"}, 4);
	struct pipeline *pipeline;
	struct cln_row_report report;
	float X[12];

	assert_ok(pipeline_fit(&pipeline, table, (const uint32_t[]){0, 1, 3}, NULL, 3,
			       &(struct pipeline_settings){use_all, CLN_SCALE_NONE, 2, 0, 0}, 1, &err));
	ck_assert_uint_eq(pipeline->columns[0].n_rare, 1);
	assert_ok(pipeline_apply(X, pipeline, table, NULL, 4, 1, &report, &err));
	ck_assert_mem_eq(X + 6, ((const float[]){0, 0, 0}), 3 * sizeof *X);
	ck_assert_uint_eq(report.unseen_cells, 1);
	pipeline_destroy(pipeline);
	cln_table_destroy(table);
}
END_TEST

START_TEST(rows_in_pieces_are_the_rows_as_a_whole)
{
	struct cln_table *table = random_table();
	size_t n_cells, n_features;
	float *whole = features_of(table, CLN_SCALE_STANDARDISE, &n_cells, 1), *piece;
	struct pipeline_reader *reader;
	struct cln_row_report report = {0};
	struct pipeline *pipeline;
	uint32_t *rows = mem_alloc(N_ROWS / 3, sizeof *rows, NULL);

	ck_assert_ptr_nonnull(rows);
	for (uint32_t i = 0; i < N_ROWS / 3; i++)
		rows[i] = 3 * i;
	assert_ok(pipeline_fit(&pipeline, table, rows, NULL, N_ROWS / 3, &standardised, 1, &err));
	n_features = pipeline->n_features;
	piece = mem_alloc(1000 * n_features, sizeof *piece, NULL);
	ck_assert_ptr_nonnull(piece);
	assert_ok(pipeline_reader_create(&reader, pipeline, table, NULL, 0, &err));
	assert_ok(pipeline_read(piece, reader, NULL, 700, 1000, 2, &report, &err));
	ck_assert_mem_eq(piece, whole + 700 * n_features, 1000 * n_features * sizeof *piece);
	assert_ok(pipeline_read(piece, reader, rows, 0, 1000, 1, &report, &err));
	ck_assert_mem_eq(piece + 999 * n_features, whole + 2997 * n_features, n_features * sizeof *piece);
	ck_assert_uint_eq(report.rows, 2000);
	pipeline_reader_destroy(reader);
	pipeline_destroy(pipeline);
	mem_free(rows);
	mem_free(piece);
	mem_free(whole);
	cln_table_destroy(table);
}
END_TEST

/* ---------------------------------------------------------------- levels with numbers */

/* Four levels in two rows each, one in a single row, gaps; more than 3 have numbers.  The last row's is in no training row. */
static const char *const many_texts[] = {"d", "b", "once", NULL, "c", "a", "b", "d", "a", "c", "never"};
enum { MANY = COUNT(many_texts), MANY_LEARNT = MANY - 1 };

static struct pipeline *fitted_levels(const struct cln_table *table, const float *w, size_t n_rows, size_t one_hot_levels,
				      size_t level_rows)
{
	const struct pipeline_settings settings = {use_all, CLN_SCALE_NONE, 8, one_hot_levels, level_rows};
	struct pipeline *pipeline;

	assert_ok(pipeline_fit(&pipeline, table, all_rows, w, n_rows, &settings, 1, &err));
	return pipeline;
}

START_TEST(many_levels_are_numbered_in_byte_order_and_rare_ones_0)
{
	static const float expected[][2] = {{4, 0}, {2, 0}, {0, 0}, {0, 1}, {3, 0}, {1, 0}, {2, 0}, {4, 0}, {1, 0}, {3, 0}, {0, 0}};
	struct cln_table *table = texts_table(many_texts, MANY);
	struct pipeline *pipeline = fitted_levels(table, NULL, MANY_LEARNT, 3, 2), *copy;
	const struct pipeline_column *column = &pipeline->columns[0];
	struct cln_row_report report;
	float X[2 * MANY];

	ck_assert(column->numbered && column->has_missing && !column->two_valued);
	ck_assert_uint_eq(column->n_levels, 4);
	ck_assert_uint_eq(column->n_rare, 1);
	ck_assert_uint_eq(pipeline->n_features, 2);
	assert_ok(pipeline_apply(X, pipeline, table, NULL, MANY, 1, &report, &err));
	ck_assert_mem_eq(X, expected, sizeof X);
	ck_assert_uint_eq(report.unseen_cells, 1);
	ck_assert_uint_eq(report.missing_cells, 1);
	ck_assert(!pipeline_feature_is_number(pipeline, 0));
	assert_ok(pipeline_clone(&copy, pipeline, &err));
	ck_assert(copy->columns[0].numbered);
	pipeline_destroy(copy);
	pipeline_destroy(pipeline);
	cln_table_destroy(table);
}
END_TEST

/* Levels that have the rows, not all levels, are counted: else a column of identifiers would be nothing but rare levels. */
START_TEST(as_many_frequent_levels_as_one_hot_takes_stay_one_hot)
{
	static const struct {
		size_t one_hot_levels, level_rows, n_features;
		bool numbered;
	} cases[] = {{0, 1, 6, false}, {3, 2, 2, true}, {4, 2, 6, false}, {4, 1, 2, true}, {5, 1, 6, false}, {1, 3, 6, false}};
	struct cln_table *table = texts_table(many_texts, MANY);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pipeline *pipeline = fitted_levels(table, NULL, MANY_LEARNT, cases[i].one_hot_levels, cases[i].level_rows);

		ck_assert_msg(pipeline->columns[0].numbered == cases[i].numbered, "case %zu", i);
		ck_assert_uint_eq(pipeline->n_features, cases[i].n_features);
		pipeline_destroy(pipeline);
	}
	cln_table_destroy(table);
}
END_TEST

START_TEST(two_levels_are_never_numbered)
{
	struct cln_table *table = texts_table((const char *[]){"a", "b", "a", "b"}, 4);
	struct pipeline *pipeline = fitted_levels(table, NULL, 4, 1, 1);

	ck_assert(pipeline->columns[0].two_valued && !pipeline->columns[0].numbered);
	pipeline_destroy(pipeline);
	cln_table_destroy(table);
}
END_TEST

/* Weights of mean 1: "a" has a weight of 2 in one row, "b" of 1 in two rows, "c" of 1 in one, and so is rare. */
START_TEST(rows_of_a_level_count_by_their_weight)
{
	struct cln_table *table = texts_table((const char *[]){"a", "b", "b", "c", "c"}, 5);
	struct pipeline *pipeline = fitted_levels(table, (const float[]){2, 1, 1, 0.5f, 0.5f}, 5, 1, 2);
	const struct pipeline_column *column = &pipeline->columns[0];

	ck_assert(column->numbered);
	ck_assert_uint_eq(column->n_levels, 2);
	ck_assert_str_eq(column->rare[0], "c");
	pipeline_destroy(pipeline);
	cln_table_destroy(table);
}
END_TEST

START_TEST(numbers_match_numbered_levels)
{
	static const float numbers[] = {7, 2, 10, 99, NAN};
	struct cln_table *texts = texts_table((const char *[]){"10", "2", "07", "2", "10", "07"}, 6);
	struct cln_table *table = numbers_table(numbers, 5);
	struct pipeline *pipeline = fitted_levels(texts, NULL, 6, 2, 1);
	struct cln_row_report report;
	float X[5];

	assert_ok(pipeline_apply(X, pipeline, table, NULL, 5, 1, &report, &err));
	ck_assert_mem_eq(X, ((const float[]){1, 3, 2, 0, 0}), sizeof X);
	ck_assert_uint_eq(report.unseen_cells, 1);
	pipeline_destroy(pipeline);
	cln_table_destroy(texts);
	cln_table_destroy(table);
}
END_TEST

/* A column of n different texts "000000", "000001", ... */
static struct cln_table *identifiers(size_t n)
{
	struct cln_table *table = tables_create(n, 1);
	struct column *column = &table->columns[0];
	char(*texts)[32] = mem_alloc(n, sizeof *texts, NULL);
	const char **levels = mem_alloc(n, sizeof *levels, NULL);

	column->name = tables_string("x");
	column->type = COLUMN_CATEGORICAL;
	column->codes = mem_alloc(n, sizeof *column->codes, NULL);
	ck_assert(texts && levels && column->codes);
	for (size_t i = 0; i < n; i++) {
		snprintf(texts[i], sizeof texts[i], "%06zu", i);
		levels[i] = texts[i];
		column->codes[i] = (uint32_t)i;
	}
	assert_ok(column_set_levels(column, levels, n, &err));
	mem_free(levels);
	mem_free(texts);
	return table;
}

START_TEST(no_column_numbers_more_levels_than_a_model_bears)
{
	const size_t n = PIPELINE_MAX_NUMBERED + 3;
	const struct pipeline_settings settings = {use_all, CLN_SCALE_NONE, 8, 100, 1};
	struct cln_table *table = identifiers(n);
	uint32_t *rows = mem_alloc(n, sizeof *rows, NULL);
	struct pipeline *pipeline;

	ck_assert_ptr_nonnull(rows);
	for (size_t i = 0; i < n; i++)
		rows[i] = (uint32_t)i;
	assert_ok(pipeline_fit(&pipeline, table, rows, NULL, n, &settings, 1, &err));
	ck_assert_uint_eq(pipeline->columns[0].n_levels, PIPELINE_MAX_NUMBERED);
	ck_assert_uint_eq(pipeline->columns[0].n_rare, 3);
	pipeline_destroy(pipeline);
	mem_free(rows);
	cln_table_destroy(table);
}
END_TEST

/* Going through all columns for each took 51 s, where once takes a twentieth of one. */
START_TEST(many_columns_of_categories_are_learnt_from)
{
	enum { N = 100000, SECONDS = 10 };
	static const char *const texts[] = {"no", "yes"};
	struct cln_table *table = tables_create(2, N);
	bool *use = mem_alloc(N, sizeof *use, NULL);
	const struct pipeline_settings settings = {use, CLN_SCALE_NONE, 8, 0, 0};
	struct pipeline *pipeline;

	ck_assert_ptr_nonnull(use);
	for (size_t c = 0; c < N; c++) {
		tables_texts(table, c, "x", texts);
		use[c] = true;
	}
	const clock_t before = clock();
	assert_ok(pipeline_fit(&pipeline, table, all_rows, NULL, 2, &settings, 1, &err));
	ck_assert_int_lt(clock() - before, SECONDS * CLOCKS_PER_SEC);
	ck_assert_uint_eq(pipeline->n_features, N);
	pipeline_destroy(pipeline);
	mem_free(use);
	cln_table_destroy(table);
}
END_TEST

static Suite *pipeline_suite(void)
{
	Suite *suite = suite_create("pipeline");
	TCase *order = tcase_create("order"), *numbers = tcase_create("numbers"), *categories = tcase_create("categories");
	TCase *quantiles = tcase_create("quantiles"), *by_column = tcase_create("by column");
	TCase *columns = tcase_create("columns"), *rows = tcase_create("rows and threads");

	tcase_add_loop_test(order, quartiles_equal_those_of_a_sorted_copy, 0, 32);
	tcase_add_test(order, units_are_in_proportion_to_weights);
	tcase_add_test(order, order_keys_ascend_as_floats_do);
	suite_add_tcase(suite, order);
	tcase_add_test(numbers, standardising_centers_on_the_mean_and_divides_by_the_population_deviation);
	tcase_add_test(numbers, robust_scaling_divides_by_the_interquartile_range_and_clips);
	tcase_add_test(numbers, robust_scaling_falls_back_on_half_the_range);
	tcase_add_test(numbers, numbers_stay_as_they_are_without_scaling);
	tcase_add_test(numbers, gaps_take_the_median_and_an_indicator_behind_the_feature);
	tcase_add_test(numbers, gaps_only_met_later_take_the_median_without_an_indicator);
	tcase_add_test(numbers, a_number_far_outside_is_held_so_that_nothing_overflows);
	tcase_add_test(numbers, a_spread_below_the_smallest_float_still_gives_finite_features);
	tcase_add_test(numbers, numbers_next_to_the_largest_are_standardised_like_any);
	tcase_add_loop_test(numbers, a_constant_with_gaps_keeps_the_gaps_and_ignores_other_values, 0, 4);
	tcase_add_loop_test(numbers, a_row_of_weight_2_counts_like_two_rows, 0, CLN_N_SCALES);
	tcase_add_test(numbers, sums_over_blocks_of_rows_are_exact_for_whole_numbers);
	tcase_add_test(numbers, mean_and_deviation_have_the_bits_of_their_definition);
	suite_add_tcase(suite, numbers);
	tcase_add_loop_test(quantiles, points_equal_those_of_a_sorted_copy, 0, 40);
	tcase_add_test(quantiles, as_many_numbers_as_points_are_all_points);
	tcase_add_test(quantiles, ranks_of_the_greatest_units_do_not_overflow);
	tcase_add_test(quantiles, quantile_scores_are_normal_and_join_in_lines);
	tcase_add_test(quantiles, quantile_gaps_take_the_score_of_the_median_and_an_indicator);
	tcase_add_loop_test(quantiles, quantile_features_equal_those_of_the_definition, 0, 6);
	tcase_add_loop_test(quantiles, there_is_a_knot_for_thirty_cells_within_limits, 0, 5);
	tcase_add_test(quantiles, quantiles_of_the_greatest_and_the_smallest_floats_are_finite);
	tcase_add_test(quantiles, scores_are_finite_however_many_units_there_are);
	tcase_add_test(quantiles, quantile_features_never_descend);
	tcase_add_test(quantiles, a_line_never_exceeds_its_upper_score);
	suite_add_tcase(suite, quantiles);
	tcase_add_test(by_column, more_than_a_fiftieth_beyond_three_interquartile_ranges_is_a_heavy_tail);
	tcase_add_test(by_column, a_column_whose_quartiles_are_equal_is_scaled_by_quantiles);
	tcase_add_test(by_column, two_numbers_become_minus_one_and_one);
	suite_add_tcase(suite, by_column);
	tcase_add_test(categories, levels_have_features_in_byte_order);
	tcase_add_test(categories, two_levels_make_one_feature);
	tcase_add_test(categories, two_levels_with_gaps_make_three_features);
	tcase_add_test(categories, the_most_frequent_levels_keep_a_feature_and_the_others_share_one);
	tcase_add_test(categories, what_was_met_is_counted);
	tcase_add_test(categories, many_levels_are_numbered_in_byte_order_and_rare_ones_0);
	tcase_add_test(categories, as_many_frequent_levels_as_one_hot_takes_stay_one_hot);
	tcase_add_test(categories, two_levels_are_never_numbered);
	tcase_add_test(categories, rows_of_a_level_count_by_their_weight);
	tcase_add_test(categories, numbers_match_numbered_levels);
	tcase_add_test(categories, no_column_numbers_more_levels_than_a_model_bears);
	tcase_add_test(categories, many_columns_of_categories_are_learnt_from);
	suite_add_tcase(suite, categories);
	tcase_add_test(columns, a_constant_column_gives_no_feature_and_need_not_come_back);
	tcase_add_test(columns, nothing_but_constants_is_refused);
	tcase_add_test(columns, columns_are_found_by_name_in_any_order);
	tcase_add_test(columns, all_columns_that_are_missing_are_named);
	tcase_add_test(columns, of_many_columns_that_are_missing_twenty_are_named);
	tcase_add_test(columns, of_levels_of_one_value_the_shortest_text_is_the_number);
	tcase_add_test(columns, texts_that_are_numbers_are_read_where_numbers_were_learnt);
	tcase_add_test(columns, ten_texts_where_numbers_were_learnt_are_told_and_the_others_counted);
	tcase_add_test(columns, numbers_match_levels_by_shortest_text_and_else_by_value);
	tcase_add_test(columns, only_scaled_values_of_more_than_two_numbers_are_numbers);
	tcase_add_test(columns, a_clone_has_its_own_knots);
	tcase_add_test(columns, a_clone_is_the_same_and_its_own);
	suite_add_tcase(suite, columns);
	tcase_add_loop_test(rows, features_have_the_same_bits_for_any_number_of_threads, 0, CLN_N_SCALES);
	tcase_add_loop_test(rows, rows_that_are_not_for_training_leave_no_trace, 0, CLN_N_SCALES);
	tcase_add_test(rows, a_level_that_only_other_rows_have_is_unseen);
	tcase_add_test(rows, rows_in_pieces_are_the_rows_as_a_whole);
	suite_add_tcase(suite, rows);
	return suite;
}

TESTING_MAIN(pipeline_suite)
