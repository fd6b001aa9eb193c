/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include <stdint.h>
#include <sys/resource.h>

#include "base/json.h"

static const struct json *parsed(const char *text)
{
	const struct json *root;
	assert_ok(json_parse(&root, text, strlen(text), &err));
	ck_assert_ptr_nonnull(root);
	return root;
}

START_TEST(a_document_becomes_a_tree)
{
	const struct json *root = parsed(" {\"a\" : [1, -2.5e1, true, false, null, \"s\"],\r\n\t\"b\":{\"c\":{}}, \"d\":[]} ");
	ck_assert_int_eq(root->type, JSON_OBJECT);
	ck_assert_uint_eq(root->n, 3);
	ck_assert_ptr_null(root->key);
	const struct json *a = json_get(root, "a");
	ck_assert_int_eq(a->type, JSON_ARRAY);
	ck_assert_uint_eq(a->n, 6);
	ck_assert_str_eq(a->key, "a");
	static const enum json_type types[] = {JSON_NUMBER, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL, JSON_STRING};
	const struct json *element = a->child;
	for (int i = 0; i < 6; i++, element = element->next) {
		ck_assert_int_eq(element->type, types[i]);
		ck_assert_ptr_null(element->key);
	}
	ck_assert_ptr_null(element);
	ck_assert(a->child->number == 1 && a->child->next->number == -25);
	ck_assert_int_eq(json_get(json_get(root, "b"), "c")->type, JSON_OBJECT);
	ck_assert_uint_eq(json_get(root, "d")->n, 0);
	ck_assert_ptr_null(json_get(root, "d")->child);
	ck_assert_ptr_null(json_get(root, "e"));
	ck_assert_ptr_null(json_get(a, "a"));
	ck_assert_ptr_null(json_get(NULL, "a"));
	json_free(root);
	json_free(NULL);
}
END_TEST

START_TEST(any_value_may_be_the_root)
{
	static const struct {
		const char *text;
		enum json_type type;
	} roots[] = {
	        {"null", JSON_NULL},     {"true", JSON_TRUE}, {"0", JSON_NUMBER},
	        {"\"\"", JSON_STRING}, {"[]", JSON_ARRAY},  {"{}", JSON_OBJECT},
	};
	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
		const struct json *root = parsed(roots[i].text);
		ck_assert_int_eq(root->type, roots[i].type);
		json_free(root);
	}
}
END_TEST

START_TEST(escapes_and_surrogate_pairs_become_utf8)
{
	const struct json *root = parsed("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\ud83d\\uDE00\\uffff \xC3\xA9\x7F\"");
	ck_assert_str_eq(root->string, "\"\\/\b\f\n\r\tA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xEF\xBF\xBF \xC3\xA9\x7F");
	json_free(root);
}
END_TEST

/* What is wrong, and the byte at which it is noticed. */
static const struct {
	const char *text;
	size_t at;
	const char *what;
} bad[] = {
        {"", 0, "a value"},
        {"  ", 2, "a value"},
        {"nul", 0, "a value"},
        {"True", 0, "a value"},
        {"'a'", 0, "a value"},
        {"NaN", 0, "a value"},
        {"Infinity", 0, "a value"},
        {"-Infinity", 1, "a digit"},
        {"+1", 0, "a value"},
        {".5", 0, "a value"},
        {"5.", 2, "a digit"},
        {"1.e5", 2, "a digit"},
        {"01", 1, "nothing may follow"},
        {"-", 1, "a digit"},
        {"1e", 2, "a digit"},
        {"1e+", 3, "a digit"},
        {"0x10", 1, "nothing may follow"},
        {"1e999", 5, "too large"},
        {"1 2", 2, "nothing may follow"},
        {"{}]", 2, "nothing may follow"},
        {"[", 1, "a value"},
        {"[1", 2, "',' or ']'"},
        {"[1,", 3, "a value"},
        {"[1,]", 3, "a value"},
        {"[,1]", 1, "a value"},
        {"[1 2]", 3, "',' or ']'"},
        {"[1}", 2, "',' or ']'"},
        {"{", 1, "a string"},
        {"{1:2}", 1, "a string"},
        {"{a:2}", 1, "a string"},
        {"{\"a\"}", 4, "':'"},
        {"{\"a\":}", 5, "a value"},
        {"{\"a\":1,}", 7, "a string"},
        {"{\"a\":1]", 6, "',' or '}'"},
        {"{\"a\":1,\"a\":2}", 13, "a key twice"},
        {"{\"\\u0061\":1,\"b\":1,\"a\":2}", 24, "a key twice"},
        {"[{\"a\":1,\"a\":2},3]", 14, "a key twice"},
        {"\"", 1, "ends within"},
        {"\"a", 2, "ends within"},
        {"\"\\\"", 3, "ends within"},
        {"\"\\", 2, "an escape"},
        {"\"\\x41\"", 2, "an escape"},
        {"\"\\u12\"", 5, "four hexadecimal"},
        {"\"\\u12g4\"", 5, "four hexadecimal"},
        {"\"\\u0000\"", 7, "U+0000"},
        {"\"\\ud800\"", 7, "surrogate"},
        {"\"\\ud800\\n\"", 8, "surrogate"},
        {"\"\\ud800\\u0041\"", 13, "surrogate"},
        {"\"\\udc00\"", 7, "surrogate"},
        {"\"\\ud800\\ud800\"", 13, "surrogate"},
        {"\"\n\"", 1, "control"},
        {"\"\x1F\"", 1, "control"},
        {"\"\x80\"", 1, "not UTF-8"},         /* a continuation alone */
        {"\"\xC3\"", 1, "not UTF-8"},         /* half a sequence */
        {"\"\xC3(\"", 1, "not UTF-8"},
        {"\"\xC0\xAF\"", 1, "not UTF-8"},     /* overlong */
        {"\"\xE0\x9F\xBF\"", 1, "not UTF-8"}, /* overlong */
        {"\"\xF0\x8F\xBF\xBF\"", 1, "not UTF-8"},
        {"\"\xED\xA0\x80\"", 1, "not UTF-8"}, /* a surrogate */
        {"\"\xF4\x90\x80\x80\"", 1, "not UTF-8"}, /* above U+10FFFF */
        {"\"\xF5\x80\x80\x80\"", 1, "not UTF-8"},
        {"\"\xE2\x82(\"", 1, "not UTF-8"},
        {"\"\xFF\"", 1, "not UTF-8"},
        {"\xEF\xBB\xBF{}", 0, "a value"}, /* a byte order mark */
        {"[1]//", 3, "nothing may follow"},
};

START_TEST(what_is_not_json_is_refused_with_its_place)
{
	struct cln_error err = {0};
	const struct json *root = (const struct json *)&err;
	ck_assert_int_eq(json_parse(&root, bad[_i].text, strlen(bad[_i].text), &err), CLN_E_DAMAGED);
	ck_assert_ptr_null(root);
	struct text place = {0};
	text_addf(&place, "JSON, byte %zu: ", bad[_i].at);
	ck_assert_msg(strncmp(err.message, place.bytes, place.length) == 0 && strstr(err.message, bad[_i].what) != NULL,
	              "%s gave \"%s\"", bad[_i].text, err.message);
	text_free(&place);
}
END_TEST

START_TEST(zero_bytes_are_refused_everywhere)
{
	static const char text[] = "{\"a\":1}";
	for (size_t i = 0; i <= strlen(text); i++) {
		char with_zero[sizeof text];
		memcpy(with_zero, text, i);
		with_zero[i] = '\0';
		memcpy(with_zero + i + 1, text + i, strlen(text) - i);
		const struct json *root;
		ck_assert_int_eq(json_parse(&root, with_zero, sizeof text, NULL), CLN_E_DAMAGED);
	}
}
END_TEST

START_TEST(every_beginning_of_a_document_is_refused)
{
	static const char text[] = "{\"a\":[1,2.5e3,\"x\\u00e9\\ud83d\\ude00\"],"
	                           "\"b\":{\"c\":true,\"d\":null},\"e\":\"\xE2\x82\xAC\"}";
	for (size_t length = 0; length < strlen(text); length++) {
		char *exact = mem_copy(text, length, NULL); /* no byte beyond for the reader to find under AddressSanitizer */
		const struct json *root;
		ck_assert_int_eq(json_parse(&root, exact, length, NULL), CLN_E_DAMAGED);
		mem_free(exact);
	}
	json_free(parsed(text));
}
END_TEST

START_TEST(nesting_goes_to_its_limit_and_no_further)
{
	char text[4 * JSON_MAX_DEPTH];
	for (int depth = JSON_MAX_DEPTH - 1; depth <= JSON_MAX_DEPTH + 1; depth++) {
		memset(text, '[', (size_t)depth);
		memset(text + depth, ']', (size_t)depth);
		struct cln_error err = {0};
		const struct json *root;
		enum cln_status status = json_parse(&root, text, 2 * (size_t)depth, &err);
		ck_assert_int_eq(status, depth <= JSON_MAX_DEPTH ? CLN_OK : CLN_E_DAMAGED);
		ck_assert(status == CLN_OK || strstr(err.message, "too deep") != NULL);
		json_free(root);
	}
}
END_TEST

START_TEST(a_million_brackets_do_not_use_up_the_stack)
{
	enum { N = 1000000 };
	char *text = mem_alloc(N, 1, NULL);
	ck_assert_ptr_nonnull(text);
	const struct json *root;
	memset(text, '[', N);
	ck_assert_int_eq(json_parse(&root, text, N, NULL), CLN_E_DAMAGED);
	mem_free(text);
}
END_TEST

/* Comparing each key with each other would take 4.5 10^10 steps here, minutes where sorting takes a blink; a limit on what this
 * process computes tells them apart, whatever else runs. */
START_TEST(an_object_of_many_members_takes_no_quadratic_time)
{
	enum { N = 300000, SECONDS = 20 };
	struct rlimit limit;
	ck_assert_int_eq(getrlimit(RLIMIT_CPU, &limit), 0);
	limit.rlim_cur = SECONDS;
	ck_assert_int_eq(setrlimit(RLIMIT_CPU, &limit), 0);
	struct text text = {0};
	for (int i = 0; i < N; i++)
		text_addf(&text, "%s\"key %d\":%d", i == 0 ? "{" : ",", i, i);
	text_add(&text, "}", 1);
	const struct json *root = parsed(text.bytes);
	ck_assert_uint_eq(root->n, N);
	ck_assert(json_get(root, "key 299999")->number == 299999);
	json_free(root);
	text.bytes[text.length - 1] = ',';
	text_addf(&text, "\"key 7\":0}");
	ck_assert_int_eq(json_parse(&root, text.bytes, text.length, NULL), CLN_E_DAMAGED);
	text_free(&text);
}
END_TEST

/* Wherever in an object of n members the equal keys are. */
START_TEST(a_key_twice_is_found_wherever_it_is)
{
	for (int n = 2; n <= 9; n++)
		for (int first = 0; first < n; first++)
			for (int second = first + 1; second < n; second++) {
				struct text text = {0};
				for (int i = 0; i < n; i++)
					text_addf(&text, "%s\"%d\":0", i == 0 ? "{" : ",", (i == second ? first : i) * 7 % 10);
				text_add(&text, "}", 1);
				const struct json *root;
				ck_assert_int_eq(json_parse(&root, text.bytes, text.length, NULL), CLN_E_DAMAGED);
				text_free(&text);
			}
}
END_TEST

static const char members_text[] = "{\"s\":\"text\",\"n\":2.5,\"i\":7,\"big\":1e300,\"neg\":-1,"
                                   "\"t\":true,\"f\":false,\"a\":[],\"o\":{},\"z\":null}";

START_TEST(required_members_of_the_right_type_and_range_are_given)
{
	const struct json *root = parsed(members_text);
	const char *string;
	double number;
	size_t size;
	bool flag;
	const struct json *member;
	assert_ok(json_get_string(&string, root, "s", &err));
	ck_assert_str_eq(string, "text");
	assert_ok(json_get_number(&number, root, "n", 2.5, 2.5, &err));
	ck_assert(number == 2.5);
	assert_ok(json_get_size(&size, root, "i", 7, 7, &err));
	ck_assert_uint_eq(size, 7);
	assert_ok(json_get_bool(&flag, root, "t", &err));
	ck_assert(flag);
	assert_ok(json_get_bool(&flag, root, "f", &err));
	ck_assert(!flag);
	assert_ok(json_get_array(&member, root, "a", &err));
	ck_assert_ptr_eq(member, json_get(root, "a"));
	assert_ok(json_get_object(&member, root, "o", &err));
	ck_assert_ptr_eq(member, json_get(root, "o"));
	json_free(root);
}
END_TEST

START_TEST(members_that_are_missing_or_wrong_are_named)
{
	const struct json *root = parsed(members_text);
	struct cln_error err = {0};
	const char *string;
	double number;
	size_t size;
	bool flag;
	const struct json *member;
	ck_assert_int_eq(json_get_string(&string, root, "nowhere", &err), CLN_E_DAMAGED);
	ck_assert_str_eq(err.message, "\"nowhere\" is missing");
	ck_assert_int_eq(json_get_string(&string, root, "n", &err), CLN_E_DAMAGED);
	ck_assert_str_eq(err.message, "\"n\" is a number where a string is expected");
	ck_assert_int_eq(json_get_number(&number, root, "n", 3, 4.5, &err), CLN_E_DAMAGED);
	ck_assert_str_eq(err.message, "\"n\" is 2.5 where a number from 3 to 4.5 is expected");
	ck_assert_int_eq(json_get_number(&number, root, "n", 0, 2.4, &err), CLN_E_DAMAGED);
	ck_assert_int_eq(json_get_size(&size, root, "n", 0, 9, &err), CLN_E_DAMAGED);
	ck_assert_str_eq(err.message, "\"n\" is 2.5 where a whole number from 0 to 9 is expected");
	ck_assert_int_eq(json_get_size(&size, root, "i", 8, 9, &err), CLN_E_DAMAGED);
	ck_assert_int_eq(json_get_size(&size, root, "i", 0, 6, &err), CLN_E_DAMAGED);
	ck_assert_int_eq(json_get_size(&size, root, "big", 0, SIZE_MAX, &err), CLN_E_DAMAGED);
	ck_assert_int_eq(json_get_size(&size, root, "neg", 0, SIZE_MAX, &err), CLN_E_DAMAGED);
	ck_assert_int_eq(json_get_bool(&flag, root, "z", &err), CLN_E_DAMAGED);
	ck_assert_str_eq(err.message, "\"z\" must be true or false");
	ck_assert_int_eq(json_get_bool(&flag, root, "nowhere", &err), CLN_E_DAMAGED);
	ck_assert_int_eq(json_get_array(&member, root, "o", &err), CLN_E_DAMAGED);
	ck_assert_int_eq(json_get_object(&member, root, "a", &err), CLN_E_DAMAGED);
	json_free(root);
}
END_TEST

static void write_sample(struct json_writer *writer)
{
	json_begin_object(writer, NULL);
	json_string(writer, "text", "q\"\\/\n\t\x01\x1F\x7F\xC3\xA9");
	json_string(writer, "none", NULL);
	json_begin_array(writer, "numbers");
	json_double(writer, NULL, 0.1);
	json_double(writer, NULL, NAN);
	json_double(writer, NULL, -HUGE_VAL);
	json_float(writer, NULL, 0.1f);
	json_float(writer, NULL, HUGE_VALF);
	json_size(writer, NULL, SIZE_MAX);
	json_end_array(writer);
	json_begin_object(writer, "empty");
	json_end_object(writer);
	json_begin_array(writer, "nothing");
	json_end_array(writer);
	json_bool(writer, "yes", true);
	json_bool(writer, "no", false);
	json_end_object(writer);
}

START_TEST(compact_text_has_no_spaces)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text};
	write_sample(&writer);
	ck_assert_str_eq(text.bytes, "{\"text\":\"q\\\"\\\\/\\n\\t\\u0001\\u001f\x7F\xC3\xA9\",\"none\":null,"
	                             "\"numbers\":[0.1,null,null,0.1,null,18446744073709551615],"
	                             "\"empty\":{},\"nothing\":[],\"yes\":true,\"no\":false}");
	text_free(&text);
}
END_TEST

START_TEST(pretty_text_has_a_line_a_value_and_two_spaces_a_level)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text, .pretty = true};
	json_begin_object(&writer, NULL);
	json_size(&writer, "a", 1);
	json_begin_array(&writer, "b");
	json_size(&writer, NULL, 2);
	json_size(&writer, NULL, 3);
	json_end_array(&writer);
	json_begin_object(&writer, "c");
	json_end_object(&writer);
	json_end_object(&writer);
	ck_assert_str_eq(text.bytes, "{\n  \"a\": 1,\n  \"b\": [\n    2,\n    3\n  ],\n  \"c\": {}\n}");
	text_free(&text);
}
END_TEST

START_TEST(bytes_that_are_not_utf8_are_written_as_replacement_characters)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text};
	json_string(&writer, NULL, "a\xFF\xC3z\xE2\x82");
	ck_assert_str_eq(text.bytes, "\"a\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\"");
	json_free(parsed(text.bytes));
	text_free(&text);
}
END_TEST

START_TEST(every_character_that_is_written_reads_back)
{
	char all[128] = "";
	for (int c = 1; c < 128; c++)
		all[c - 1] = (char)c;
	struct text text = {0};
	struct json_writer writer = {.out = &text};
	json_begin_object(&writer, NULL);
	json_string(&writer, all, all);
	json_end_object(&writer);
	const struct json *root = parsed(text.bytes);
	ck_assert_str_eq(root->child->string, all);
	ck_assert_str_eq(root->child->key, all);
	json_free(root);
	text_free(&text);
}
END_TEST

/* 2 bytes a value, the densest there are: 500 of them and the array. */
/* One value of each type, and what differs from it by little: each is the same as itself alone. */
START_TEST(values_are_the_same_as_themselves_alone)
{
	static const char text[] = "[null, true, false, 0.1, 0.10000000000000002, 9007199254740992, 9007199254740993, "
				   "18446744073709551614, 18446744073709551615, 1e300, \"\", \"0.1\", [], [1], [1, 2], [2, 1], {}, "
				   "{\"a\": 1}, {\"b\": 1}, {\"a\": {\"b\": 1}}, {\"a\": {\"b\": 2}}]";
	const struct json *root;
	size_t i = 0;
	assert_ok(json_parse(&root, text, sizeof text - 1, &err));
	for (const struct json *a = root->child; a; a = a->next, i++) {
		size_t j = 0;
		for (const struct json *b = root->child; b; b = b->next, j++)
			ck_assert_msg(json_same(a, b) == (i == j), "values %zu and %zu", i, j);
	}
	ck_assert(json_same(NULL, NULL) && json_same(root->child, NULL) && json_same(NULL, root->child));
	ck_assert(!json_same(NULL, root) && !json_same(root, NULL));
	json_free(root);
}
END_TEST

START_TEST(values_are_shown_in_a_message)
{
	static const char text[] = "[null, true, false, 0.1, 100, 18446744073709551615, 18446744073709551616, \"text\", [1], "
				   "{\"a\": 1}]";
	static const char *const shown[] = {"not given", "true", "false", "0.1", "100", "18446744073709551615",
					    "1.8446744073709552e+19", "text", "a list", "a list"};
	const struct json *root;
	char one[JSON_SHOWN];
	size_t i = 0;
	assert_ok(json_parse(&root, text, sizeof text - 1, &err));
	for (const struct json *value = root->child; value; value = value->next) {
		json_show(one, value);
		ck_assert_str_eq(one, shown[i++]);
	}
	json_free(root);
	json_show(one, NULL);
	ck_assert_str_eq(one, "not given");
}
END_TEST

START_TEST(what_was_read_is_written_again)
{
	static const char text[] = "{\"a\":[1,-2.5,18446744073709551615,0,1e-300,true,false,null,\"s\\n\\u0001\"],"
				   "\"b\":{\"c\":{},\"d\":[[],[{}]]},\"e\":\"\"}";
	const struct json *root = parsed(text);
	struct text again = {0};
	struct json_writer writer = {.out = &again};
	json_value(&writer, NULL, root);
	assert_ok(text_check(&again, &err));
	ck_assert_str_eq(again.bytes, text);
	text_free(&again);
	json_free(root);
}
END_TEST

START_TEST(more_values_than_allowed_are_refused)
{
	char text[1001];
	const struct json *root;
	struct cln_error refusal = {0};
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i == 0 ? '[' : i == sizeof text - 1 ? ']' : i % 2 ? '0' : ',';
	assert_ok(json_parse_limited(&root, text, sizeof text, 501, &err));
	ck_assert_uint_eq(root->n, 500);
	json_free(root);
	ck_assert_int_eq(json_parse_limited(&root, text, sizeof text, 500, &refusal), CLN_E_DAMAGED);
	ck_assert_ptr_nonnull(strstr(refusal.message, "more values"));
	ck_assert_ptr_null(root);
}
END_TEST

static Suite *json_suite(void)
{
	Suite *suite = suite_create("json");
	TCase *reading = tcase_create("reading");
	tcase_add_test(reading, a_document_becomes_a_tree);
	tcase_add_test(reading, any_value_may_be_the_root);
	tcase_add_test(reading, escapes_and_surrogate_pairs_become_utf8);
	tcase_add_loop_test(reading, what_is_not_json_is_refused_with_its_place, 0, (int)(sizeof bad / sizeof *bad));
	tcase_add_test(reading, zero_bytes_are_refused_everywhere);
	tcase_add_test(reading, every_beginning_of_a_document_is_refused);
	tcase_add_test(reading, nesting_goes_to_its_limit_and_no_further);
	tcase_add_test(reading, a_million_brackets_do_not_use_up_the_stack);
	tcase_add_test(reading, a_key_twice_is_found_wherever_it_is);
	suite_add_tcase(suite, reading);
	TCase *large = tcase_create("large");
	tcase_add_test(large, an_object_of_many_members_takes_no_quadratic_time);
	suite_add_tcase(suite, large);
	TCase *members = tcase_create("members");
	tcase_add_test(members, required_members_of_the_right_type_and_range_are_given);
	tcase_add_test(members, members_that_are_missing_or_wrong_are_named);
	suite_add_tcase(suite, members);
	TCase *values = tcase_create("values");
	tcase_add_test(values, values_are_the_same_as_themselves_alone);
	tcase_add_test(values, values_are_shown_in_a_message);
	suite_add_tcase(suite, values);
	TCase *writing = tcase_create("writing");
	tcase_add_test(writing, compact_text_has_no_spaces);
	tcase_add_test(writing, pretty_text_has_a_line_a_value_and_two_spaces_a_level);
	tcase_add_test(writing, bytes_that_are_not_utf8_are_written_as_replacement_characters);
	tcase_add_test(writing, more_values_than_allowed_are_refused);
	tcase_add_test(writing, every_character_that_is_written_reads_back);
	tcase_add_test(writing, what_was_read_is_written_again);
	suite_add_tcase(suite, writing);
	return suite;
}

TESTING_MAIN(json_suite)
