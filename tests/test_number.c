/* SPDX-License-Identifier: MIT
 * Against strtod, strtof and printf of the C library in its C locale.  The program itself runs in the locale of its environment:
 * number_locale.sh runs it in one with a decimal comma. */
#include "testing.h"

#include <float.h>
#include <locale.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/rng.h"
#include "data/csv_plain.h"

#define CASES 500000 /* of each of two kinds, unless TEST_NUMBER_CASES says otherwise */
#define LONGEST 1600

/* The C locale for the calls of the reference; what it returns goes to leave_c_locale. */
static locale_t enter_c_locale(void)
{
	return uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

static void leave_c_locale(locale_t before)
{
	freelocale(uselocale(before));
}

__attribute__((format(printf, 2, 3))) static int c_format(char text[LONGEST], const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	locale_t before = enter_c_locale();
	int length = vsnprintf(text, LONGEST, format, arguments);
	leave_c_locale(before);
	va_end(arguments);
	return length;
}

static void check_double(const char *text)
{
	locale_t before = enter_c_locale();
	double expected = strtod(text, NULL);
	leave_c_locale(before);
	double value = 0;
	bool ok = number_to_double(&value, text, strlen(text));
	ck_assert_msg(ok == (bool)isfinite(expected), "%s as double: %s", text, ok ? "taken" : "refused");
	ck_assert_msg(!ok || memcmp(&value, &expected, sizeof value) == 0, "%s as double: %a, not %a", text, value, expected);
}

static int n_cases(void)
{
	const char *cases = getenv("TEST_NUMBER_CASES");
	return cases ? (int)strtol(cases, NULL, 10) : CASES;
}

/* The short way of the CSV reader, whatever point the column's last number let it expect: false, or what is expected. */
static bool check_plain(const char *text, float expected)
{
	char padded[3 * PLAIN_BYTES];
	size_t length = strlen(text), n_taken = 0;
	if (length > PLAIN_BYTES + 1)
		return false;
	memset(padded, '7', sizeof padded);
	memcpy(padded, text, length);
	for (unsigned n_behind = 0; n_behind < PLAIN_BYTES; n_behind++) {
		float value = 0;
		struct plain_shape shape;
		plain_shape_set(&shape, n_behind);
		bool taken = plain_number(&value, &shape, padded, length);
		ck_assert_msg(!taken || memcmp(&value, &expected, sizeof value) == 0, "%s as plain float: %a, not %a", text,
			      (double)value, (double)expected);
		n_taken += taken;
	}
	ck_assert_msg(n_taken == 0 || n_taken == PLAIN_BYTES, "%s is taken for a plain float %zu times", text, n_taken);
	return n_taken > 0;
}

static void check_float(const char *text)
{
	locale_t before = enter_c_locale();
	float expected = strtof(text, NULL);
	leave_c_locale(before);
	float value = 0;
	bool ok = number_to_float(&value, text, strlen(text));
	ck_assert_msg(ok == (bool)isfinite(expected), "%s as float: %s", text, ok ? "taken" : "refused");
	ck_assert_msg(!ok || memcmp(&value, &expected, sizeof value) == 0, "%s as float: %a, not %a", text,
	              (double)value, (double)expected);
	check_plain(text, expected);
}

static void check_both(const char *text)
{
	check_double(text);
	check_float(text);
}

/* Digits with a point somewhere, and an exponent in half of the cases; `reach` bounds its size. */
static void random_decimal(char *text, struct rng *rng, uint64_t most_digits, uint64_t reach)
{
	uint64_t n = 1 + rng_below(rng, most_digits), point = rng_below(rng, n + 1);
	if (rng_below(rng, 2))
		*text++ = rng_below(rng, 2) ? '-' : '+';
	for (uint64_t i = 0; i < n; i++) {
		if (i == point)
			*text++ = '.';
		*text++ = (char)('0' + rng_below(rng, 10));
	}
	*text = '\0';
	if (rng_below(rng, 2))
		sprintf(text, "%c%d", rng_below(rng, 2) ? 'e' : 'E', (int)rng_below(rng, 2 * reach) - (int)reach);
}

START_TEST(text_of_tables_reads_as_the_c_library_reads_it)
{
	struct rng rng;
	rng_start(&rng, 1, RNG_TEST, 0, 0);
	for (int i = n_cases(); i > 0; i--) {
		char text[64];
		random_decimal(text, &rng, 20, 25);
		check_both(text);
	}
}
END_TEST

START_TEST(text_of_any_range_reads_as_the_c_library_reads_it)
{
	struct rng rng;
	rng_start(&rng, 2, RNG_TEST, 0, 0);
	for (int i = n_cases(); i > 0; i--) {
		char text[64];
		random_decimal(text, &rng, 40, i % 2 ? 360 : 60);
		check_both(text);
	}
}
END_TEST

/* A random float or double of any exponent, denormals included; never negative, never the largest. */
static double random_double(struct rng *rng)
{
	uint64_t bits = ((uint64_t)rng_next(rng) << 32 | rng_next(rng)) >> 1;
	if (bits >= UINT64_C(0x7fefffffffffffff))
		bits &= UINT64_C(0x000fffffffffffff);
	double value;
	memcpy(&value, &bits, sizeof value);
	return value;
}

static float random_float(struct rng *rng)
{
	uint32_t bits = rng_next(rng) >> 1;
	if (bits >= UINT32_C(0x7f7fffff))
		bits &= UINT32_C(0x007fffff);
	float value;
	memcpy(&value, &bits, sizeof value);
	return value;
}

/* The exact text of a midpoint, the same with a digit more far behind it, and with the digits cut after `cut` of them: a tie, just
 * above it, and below it. */
static void check_around(char exact[LONGEST], size_t cut, void (*check)(const char *))
{
	char text[LONGEST], *e = strchr(exact, 'e');
	check(exact);
	snprintf(text, sizeof text, "%.*s00000000000000000000001%s", (int)(e - exact), exact, e);
	check(text);
	snprintf(text, sizeof text, "%.*s%s", (int)(2 + cut), exact, e);
	check(text);
}

START_TEST(midpoints_between_floats_are_rounded_to_even_and_their_neighbours_to_their_side)
{
	struct rng rng;
	rng_start(&rng, 3, RNG_TEST, 0, 0);
	for (int i = 0; i < n_cases() / 25; i++) {
		float low = i < 100 ? (float)i * 0x1p-149f : i < 10000 ? (float)(1 << 24) + (float)(2 * i) : random_float(&rng);
		double middle = ((double)low + (double)nextafterf(low, HUGE_VALF)) / 2;
		char exact[LONGEST];
		c_format(exact, "%.160e", middle);
		check_around(exact, 6 + rng_below(&rng, 60), check_float);
		c_format(exact, "%.17g", middle);
		check_float(exact);
	}
}
END_TEST

#if LDBL_MANT_DIG >= 64
START_TEST(midpoints_between_doubles_are_rounded_to_even_and_their_neighbours_to_their_side)
{
	struct rng rng;
	rng_start(&rng, 4, RNG_TEST, 0, 0);
	for (int i = 0; i < 3000; i++) {
		double low = i < 100 ? i * 0x1p-1074 : random_double(&rng);
		long double middle = ((long double)low + (long double)nextafter(low, HUGE_VAL)) / 2;
		char exact[LONGEST];
		c_format(exact, "%.1100Le", middle);
		check_around(exact, 15 + rng_below(&rng, 800), check_double);
	}
}
END_TEST
#endif

START_TEST(text_of_any_length_is_read)
{
	enum { ZEROS = 100000 };
	struct text text = {0};
	text_add(&text, "0.", 2);
	for (int i = 0; i < ZEROS; i++)
		text_add(&text, "0", 1);
	text_addf(&text, "125e%d", ZEROS);
	double value;
	float single;
	ck_assert(number_to_double(&value, text.bytes, text.length) && value == 0.125);
	ck_assert(number_to_float(&single, text.bytes, text.length) && single == 0.125f);
	text_free(&text);
	text_add(&text, "9", 1);
	for (int i = 0; i < ZEROS; i++)
		text_add(&text, "0", 1);
	text_addf(&text, ".0e-%d", ZEROS);
	ck_assert(number_to_double(&value, text.bytes, text.length) && value == 9);
	ck_assert(number_to_float(&single, text.bytes, text.length) && single == 9);
	text_free(&text);
}
END_TEST

/* 2^53 + 1 lies between two doubles; what decides is the last of more digits than are kept. */
START_TEST(a_digit_far_behind_decides_a_tie)
{
	struct text text = {0};
	text_add(&text, "9007199254740993.", 17);
	for (int i = 0; i < 5000; i++)
		text_add(&text, "0", 1);
	double value;
	ck_assert(number_to_double(&value, text.bytes, text.length) && value == 0x1p53);
	text_add(&text, "1", 1);
	ck_assert(number_to_double(&value, text.bytes, text.length) && value == 0x1p53 + 2);
	text_free(&text);
}
END_TEST

START_TEST(the_ends_of_the_ranges_are_where_they_should_be)
{
	static const char *const texts[] = {
	        "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "1e308", "1e309", "1e999",
	        "3.4028234e38", "3.4028235677973366e38", "3.4028235677973365e38", "3.4028236e38", "1e39", "-1e39",
	        "4.9406564584124654e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "1e-400", "-1e-400",
	        "1.4e-45", "7.0064923216240853e-46", "7.0064923216240854e-46", "1e-46", "1.1754943508e-38", "1e-70",
	        "9999999999999999999e-66", "9999999999999999999e-64", "18446744073709551615", "18446744073709551616",
	        "9007199254740993", "9007199254740993e22", "1e22", "1e23", "8.5e22", "16777217", "16777217.0", "33554434.5",
	        "0e999999999999999999999", "-0", "-0.0e-5", "0.00000000000000000000000000000000000000000000000000000e5",
	        "1e99999999999999999999999999", "1e-99999999999999999999999999", "123456789012345678901234567890e-40",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		check_both(texts[i]);
}
END_TEST

START_TEST(every_form_of_a_decimal_number_is_taken)
{
	static const char *const texts[] = {
	        "0", "7", "+7", "-7", ".5", "5.", "-.5", "+5.e1", "5e1", "5E1", "5e+1", "5e-01", "007", "5.e00",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		check_both(texts[i]);
}
END_TEST

START_TEST(what_is_no_decimal_number_is_refused)
{
	static const char *const texts[] = {
	        "", " ", ".", "+", "-", "e5", ".e5", "+.", "--1", "+-1", "1e", "1e+", "1e-", "1e+-2", "1.2.3", "1,5", " 1", "1 ",
	        "1e 5", "1e5 ", "1e5.", "1_000", "0x10", "0x1p3", "1p3", "inf", "-inf", "nan", "NAN", "Infinity", "1f", "1d5",
	        "\xC2\xB2", "\xD9\xA1",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		double value = 42;
		float single = 42;
		ck_assert_msg(!number_to_double(&value, texts[i], strlen(texts[i])), "\"%s\"", texts[i]);
		ck_assert_msg(!number_to_float(&single, texts[i], strlen(texts[i])), "\"%s\"", texts[i]);
		ck_assert(value == 42 && single == 42);
	}
	double value;
	ck_assert(!number_to_double(&value, "1\0", 2));
}
END_TEST

/* As tables have them, and as short as midpoints between floats can be written; where the short way leaves one to the general way
 * nothing is wrong, but it must be rare: midpoints, and 2^-26 of the others. */
START_TEST(plain_numbers_are_read_the_short_way)
{
	struct rng rng;
	long left_over = 0;
	int n = n_cases();
	rng_start(&rng, 6, RNG_TEST, 0, 0);
	for (int i = 0; i < n; i++) {
		char text[LONGEST];
		int n_behind = (int)rng_below(&rng, 9);
		double value = ((double)rng_next(&rng) - 0x1p31) / (i % 2 ? 0x1p31 : 0x1p20);
		c_format(text, "%.*f", n_behind, value);
		locale_t before = enter_c_locale();
		float expected = strtof(text, NULL);
		leave_c_locale(before);
		left_over += !check_plain(text, expected);
		uint32_t even = 2 * (rng_next(&rng) >> 8) + (1 << 25); /* 2^25 .. 2^26: floats are 4 apart */
		c_format(text, "%u%s", (unsigned)even, i % 2 ? "" : ".0");
		check_float(text);
		c_format(text, "0.%u", (unsigned)rng_next(&rng));
		check_float(text);
	}
	ck_assert_int_le(left_over, n / 100000);
}
END_TEST

START_TEST(what_is_no_plain_number_is_not_read_the_short_way)
{
	static const char *const texts[] = {
	        "", ".", "-", "-.", "+1", "1e5", " 1", "1 ", "1.2.3", "1-2", "1,5", "..", "NA", "12345678901234567", "1.23456.89",
	        "123.45678.9", "1234567890.12.45", "12345678x", "x12345678", "1234567:", "1234567/", "--1", "1.\xB0",
	        "9007199254740994", "1.", "-1.", "12345678.", "1.2345678.9", "1/5", "1,50", "1-5",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		ck_assert_msg(!check_plain(texts[i], 0), "\"%s\"", texts[i]);
}
END_TEST

START_TEST(nothing_behind_the_length_is_looked_at)
{
	double value;
	ck_assert(number_to_double(&value, "123456", 3) && value == 123);
	ck_assert(number_to_double(&value, "1.5e3", 3) && value == 1.5);
	ck_assert(number_to_double(&value, "1234567890123456789012345678901", 22) && value == 1234567890123456789012.0);
	char *exact = mem_alloc(20, 1, NULL); /* under AddressSanitizer a byte more is an error */
	ck_assert_ptr_nonnull(exact);
	memcpy(exact, "12345678901234567890", 20);
	ck_assert(number_to_double(&value, exact, 20) && value == 12345678901234567890.0);
	mem_free(exact);
}
END_TEST

static void check_written(double value)
{
	char expected[LONGEST], text[NUMBER_TEXT];
	for (int precision = 15; precision <= 17; precision++) {
		c_format(expected, "%.*g", precision, value);
		locale_t before = enter_c_locale();
		bool same = strtod(expected, NULL) == value;
		leave_c_locale(before);
		if (same)
			break;
	}
	size_t length = number_from_double(text, value);
	ck_assert_str_eq(text, expected);
	ck_assert_uint_eq(length, strlen(text));
}

static void check_written_float(float value)
{
	char expected[LONGEST], text[NUMBER_TEXT];
	for (int precision = 6; precision <= 9; precision++) {
		c_format(expected, "%.*g", precision, (double)value);
		locale_t before = enter_c_locale();
		bool same = strtof(expected, NULL) == value;
		leave_c_locale(before);
		if (same)
			break;
	}
	size_t length = number_from_float(text, value);
	ck_assert_str_eq(text, expected);
	ck_assert_uint_eq(length, strlen(text));
}

START_TEST(numbers_are_written_as_the_shortest_text_that_reads_back)
{
	struct rng rng;
	rng_start(&rng, 5, RNG_TEST, 0, 0);
	for (int i = 0; i < n_cases() / 20; i++) {
		double sign = i % 2 ? -1 : 1;
		float probability = (float)rng_next(&rng) * 0x1p-32f;
		check_written_float(probability * probability);
		check_written(sign * (double)rng_next(&rng) / (double)(1 + rng_next(&rng)));
		/* ties between decimals, whole numbers */
		check_written(ldexp((double)rng_next(&rng), (int)rng_below(&rng, 120) - 70));
		check_written_float((float)ldexp((double)rng_below(&rng, 1 << 24), (int)rng_below(&rng, 100) - 60));
		check_written(sign * random_double(&rng));
		check_written(sign * (double)rng_below(&rng, 100000) / 1000);
		check_written_float((float)sign * random_float(&rng));
		check_written_float((float)sign * (float)rng_below(&rng, 100000) / 1000);
	}
	static const double values[] = {
	        0, -0.0, 1, 100, 1e5, 1e14, 1e15, 1e16, 1e17, 123456, 1e-4, 1e-5, 0.1, 1.0 / 3, DBL_MAX, DBL_MIN, 0x1p-1074,
	        0x1p53, 0x1p53 + 2, 999999999999999, 9999999999999998, 1e22, 1e23, 5e-5, 0.00012345,
	};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		check_written(values[i]);
		check_written_float((float)fmin(values[i], (double)FLT_MAX));
	}
}
END_TEST

/* The lower neighbour of a power of two is half as far as the upper one; next to a power of ten the digits carry. */
START_TEST(powers_and_their_neighbours_are_written_so_that_they_read_back)
{
	for (int e = -1074; e < 1024; e++) {
		double power = ldexp(1, e);
		check_written(power);
		check_written(nextafter(power, 0));
		check_written(nextafter(power, HUGE_VAL));
		check_written_float((float)power);
		check_written_float(nextafterf((float)power, 0));
	}
	for (int k = -45; k < 39; k++) {
		char text[32];
		snprintf(text, sizeof text, "1e%d", k);
		double power = 0, above, below;
		ck_assert(number_to_double(&power, text, strlen(text)));
		float single = (float)power;
		above = below = power;
		for (int i = 0; i < 100; i++) {
			check_written(above = nextafter(above, HUGE_VAL));
			check_written(below = nextafter(below, 0));
			check_written_float(single);
			single = nextafterf(single, i < 50 ? 0 : HUGE_VALF);
		}
	}
}
END_TEST

START_TEST(values_that_are_not_finite_have_names)
{
	char text[NUMBER_TEXT];
	ck_assert_uint_eq(number_from_double(text, HUGE_VAL), 3);
	ck_assert_str_eq(text, "inf");
	number_from_float(text, -HUGE_VALF);
	ck_assert_str_eq(text, "-inf");
	number_from_double(text, NAN);
	ck_assert_str_eq(text, "nan");
}
END_TEST

/* number_locale.sh says so when it has made such a locale. */
START_TEST(the_locale_has_a_decimal_comma_where_the_script_says_so)
{
	if (getenv("TEST_DECIMAL_COMMA") != NULL)
		ck_assert_str_eq(localeconv()->decimal_point, ",");
}
END_TEST

static Suite *number_suite(void)
{
	setlocale(LC_ALL, "");
	Suite *suite = suite_create("number");
	TCase *reading = tcase_create("reading");
	tcase_set_timeout(reading, 60);
	tcase_add_test(reading, text_of_tables_reads_as_the_c_library_reads_it);
	tcase_add_test(reading, text_of_any_range_reads_as_the_c_library_reads_it);
	tcase_add_test(reading, midpoints_between_floats_are_rounded_to_even_and_their_neighbours_to_their_side);
#if LDBL_MANT_DIG >= 64
	tcase_add_test(reading, midpoints_between_doubles_are_rounded_to_even_and_their_neighbours_to_their_side);
#endif
	tcase_add_test(reading, text_of_any_length_is_read);
	tcase_add_test(reading, a_digit_far_behind_decides_a_tie);
	tcase_add_test(reading, the_ends_of_the_ranges_are_where_they_should_be);
	tcase_add_test(reading, every_form_of_a_decimal_number_is_taken);
	tcase_add_test(reading, what_is_no_decimal_number_is_refused);
	tcase_add_test(reading, plain_numbers_are_read_the_short_way);
	tcase_add_test(reading, what_is_no_plain_number_is_not_read_the_short_way);
	tcase_add_test(reading, nothing_behind_the_length_is_looked_at);
	tcase_add_test(reading, the_locale_has_a_decimal_comma_where_the_script_says_so);
	suite_add_tcase(suite, reading);
	TCase *writing = tcase_create("writing");
	tcase_set_timeout(writing, 60);
	tcase_add_test(writing, numbers_are_written_as_the_shortest_text_that_reads_back);
	tcase_add_test(writing, powers_and_their_neighbours_are_written_so_that_they_read_back);
	tcase_add_test(writing, values_that_are_not_finite_have_names);
	suite_add_tcase(suite, writing);
	return suite;
}

TESTING_MAIN(number_suite)
