/* SPDX-License-Identifier: MIT
 * What exports are made of: the wire format, C's texts and numbers, and code that is cut out of the sources.  Whole exports are
 * compared with predict by tests/export_c.sh and tests/export_onnx.sh. */
#include "testing.h"

#include "base/rng.h"
#include "model/c_text.h"
#include "model/protobuf.h"
#include "model/shared_code.h"

static void check_bytes(struct text *text, const char *bytes, size_t length)
{
	ck_assert(!text->failed);
	ck_assert_uint_eq(text->length, length);
	ck_assert_mem_eq(text->bytes, bytes, length);
	text_free(text);
}
#define CHECK_BYTES(text, bytes) check_bytes(text, bytes, sizeof bytes - 1)

/* ---------------------------------------------------------------- the wire format; the examples are those of its description */

START_TEST(protobuf_writes_the_examples_of_its_description)
{
	struct text out = {0}, inner = {0};

	protobuf_int(&out, 1, 150);
	CHECK_BYTES(&out, "\x08\x96\x01");
	protobuf_int(&out, 1, -2);
	CHECK_BYTES(&out, "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
	protobuf_int(&out, 1, 0);
	CHECK_BYTES(&out, "\x08\x00");
	protobuf_string(&out, 2, "testing");
	CHECK_BYTES(&out, "\x12\x07testing");
	protobuf_float(&out, 2, 1.0f);
	CHECK_BYTES(&out, "\x15\x00\x00\x80\x3f");
	protobuf_int(&inner, 1, 150);
	protobuf_message(&out, 3, &inner);
	CHECK_BYTES(&out, "\x1a\x03\x08\x96\x01");
	protobuf_message(&out, 20, &inner);
	CHECK_BYTES(&out, "\xa2\x01\x00");
}
END_TEST

START_TEST(protobuf_hands_on_that_a_message_could_not_be_made)
{
	struct text out = {0}, inner = {.failed = true, .refused = 77};
	struct cln_error err;

	protobuf_int(&out, 1, 1);
	protobuf_message(&out, 2, &inner);
	ck_assert_int_eq(text_check(&out, &err), CLN_E_MEMORY);
	ck_assert_ptr_nonnull(strstr(err.message, "77 bytes"));
	ck_assert(!inner.failed);
	text_free(&out);
}
END_TEST

/* ---------------------------------------------------------------- C */

START_TEST(c_texts_are_printable_and_hold_no_trigraph_or_end_of_a_comment)
{
	struct text out = {0};

	c_add_string(&out, "a\"b\\c\n\t?\?/ */ %d \x7fZ\xc3\xbc""1'");
	CHECK_BYTES(&out, "\"a\\042b\\134c\\012\\011\\077\\077/ \\052/ %d \\177Z\\303\\2741\\047\"");
	c_add_string(&out, "");
	CHECK_BYTES(&out, "\"\"");
}
END_TEST

START_TEST(c_texts_beyond_what_a_string_may_have_are_arrays)
{
	struct text out = {0};
	char longer[2000];

	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	c_add_string(&out, longer);
	ck_assert_int_eq(strncmp(out.bytes, "(const char[]){", strlen("(const char[]){")), 0);
	text_free(&out);
	c_add_comment(&out, longer);
	ck_assert_uint_eq(out.length, 200 + strlen("\"\" ..."));
	text_free(&out);
}
END_TEST

static void check_float(uint32_t bits)
{
	struct text out = {0};
	float value, again;

	memcpy(&value, &bits, sizeof value);
	if (!isfinite(value))
		return;
	c_add_float(&out, value);
	ck_assert_int_eq(out.bytes[out.length - 1], 'f');
	out.bytes[out.length - 1] = '\0';
	again = strtof(out.bytes, NULL);
	ck_assert_msg(memcmp(&again, &value, sizeof value) == 0, "%a is %s", (double)value, out.bytes);
	ck_assert_ptr_null(strpbrk(out.bytes + 1, "+ "));
	text_free(&out);
}

START_TEST(c_numbers_read_back_as_the_same_bits)
{
	static const double doubles[] = {0.1, -1e300, 5e-324, 0.5, 1.0 / 3, 1e22};
	struct rng rng;

	rng_start(&rng, 1, RNG_TEST, 0, 0);
	for (int i = 0; i < 20000; i++)
		check_float(rng_next(&rng));
	for (uint32_t bits = 0; bits < 300; bits++) { /* denormal */
		check_float(bits);
		check_float(bits | 0x80000000u);
	}
	for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
		struct text out = {0};
		c_add_double(&out, doubles[i]);
		ck_assert(strtod(out.bytes, NULL) == doubles[i]);
		text_free(&out);
	}
	struct text out = {0};
	c_add_float(&out, 0.1875f);
	CHECK_BYTES(&out, "0x3p-4f");
	c_add_float(&out, -0.0f);
	CHECK_BYTES(&out, "-0.0f");
	c_add_float(&out, NAN);
	CHECK_BYTES(&out, "NAN");
}
END_TEST

START_TEST(c_fields_are_identifiers_of_their_own)
{
	static const struct {
		const char *column, *field;
	} expected[] = {
	    {"age", "age"}, {"Age", "age__2"}, {"", "column"}, {"int", "int_"}, {"INT", "int___5"}, {"1", "c1"}, {"_1", "c1__7"},
	    {"a b", "a_b"}, {"a--b", "a_b__9"}, {"a_b__9", "a_b_9"}, {"Gr\xc3\xb6\xc3\x9f""e", "gr_e"}, {"*/", "column__12"},
	    {"errno", "errno_"}, {"a_", "a"},
	    {"a name much longer than an identifier has any need to be, with an end", "a_name_much_longer_than_an_identifier_"},
	};
	enum { N = sizeof expected / sizeof *expected };
	struct pipeline_column columns[N] = {0};
	const struct pipeline pipeline = {.n_columns = N, .columns = columns};
	struct c_field *fields;

	for (size_t i = 0; i < N; i++) {
		columns[i].name = (char *)expected[i].column;
		columns[i].n_features = 1;
	}
	assert_ok(c_fields(&fields, &pipeline, &err));
	for (size_t i = 0; i < N; i++) {
		if (i + 1 < N)
			ck_assert_str_eq(fields[i].name, expected[i].field);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(fields[i].name, fields[k].name);
	}
	ck_assert_int_eq(strncmp(fields[N - 1].name, "a_name_much_longer", strlen("a_name_much_longer")), 0);
	mem_free(fields);
}
END_TEST

/* ---------------------------------------------------------------- code of this program's sources */

START_TEST(shared_code_comes_behind_all_that_it_uses_and_once)
{
	struct shared_code_written written = {0};
	struct text out = {0};

	shared_code_add(&out, &written, "respond_mish");
	const char *mish = strstr(out.bytes, "static struct response respond_mish(vec z)");
	const char *exponential = strstr(out.bytes, "static vec exp_scaled(vec x)");
	const char *type = strstr(out.bytes, "struct response {"), *vector = strstr(out.bytes, "typedef float vec;");
	ck_assert(mish && exponential && type && vector);
	ck_assert(vector < type && type < mish && exponential < mish);
	ck_assert_ptr_null(strstr(out.bytes, "INLINE"));
	ck_assert_ptr_null(strstr(out.bytes, "UNROLL"));
	ck_assert_ptr_null(strstr(out.bytes, "tanh_vec"));
	const size_t length = out.length;
	shared_code_add(&out, &written, "respond_mish");
	shared_code_add(&out, &written, "exp_scaled");
	ck_assert_uint_eq(out.length, length);
	text_free(&out);
}
END_TEST

/* Two sources have a helper called polynomial. */
START_TEST(shared_code_takes_helpers_from_the_file_that_uses_them)
{
	struct shared_code_written written = {0};
	struct text out = {0};

	shared_code_add(&out, &written, "dmath_sigmoid");
	ck_assert_ptr_nonnull(strstr(out.bytes, "static double polynomial(double x"));
	ck_assert_ptr_null(strstr(out.bytes, "static vec polynomial(vec x"));
	text_free(&out);
}
END_TEST

static Suite *export_suite(void)
{
	Suite *suite = suite_create("export");
	TCase *wire = tcase_create("protobuf"), *c = tcase_create("c"), *code = tcase_create("shared_code");

	tcase_add_test(wire, protobuf_writes_the_examples_of_its_description);
	tcase_add_test(wire, protobuf_hands_on_that_a_message_could_not_be_made);
	tcase_add_test(c, c_texts_are_printable_and_hold_no_trigraph_or_end_of_a_comment);
	tcase_add_test(c, c_texts_beyond_what_a_string_may_have_are_arrays);
	tcase_add_test(c, c_numbers_read_back_as_the_same_bits);
	tcase_add_test(c, c_fields_are_identifiers_of_their_own);
	tcase_add_test(code, shared_code_comes_behind_all_that_it_uses_and_once);
	tcase_add_test(code, shared_code_takes_helpers_from_the_file_that_uses_them);
	suite_add_tcase(suite, wire);
	suite_add_tcase(suite, c);
	suite_add_tcase(suite, code);
	return suite;
}

TESTING_MAIN(export_suite)
