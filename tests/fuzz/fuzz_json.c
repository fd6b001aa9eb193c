/* SPDX-License-Identifier: MIT
 * Any bytes are JSON or are refused; what was read is written, read again and written as the same text. */
#include "fuzz.h"

#include <math.h>
#include <string.h>

#include "base/json.h"

const struct fuzz_seed fuzz_seeds[] = {
        FUZZ_TEXT("{\"format\":1,\"columns\":[{\"name\":\"age\",\"type\":\"numeric\",\"mean\":38.5816,\"gaps\":false},"
                  "{\"name\":\"work\",\"levels\":[\"Private\",\"State-gov\",\"?\"]}],\"threshold\":0.5}"),
        FUZZ_TEXT("[1,-2.5e-3,0,1e308,4.9e-324,true,false,null,\"\",[],{},[[[]]],{\"a\":{\"b\":{}}}]"),
        FUZZ_TEXT("\"\\u00e9\\ud83d\\ude00\\n\\\"\\\\\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""),
        FUZZ_TEXT("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"a\":5}"),
        FUZZ_TEXT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"),
        FUZZ_TEXT(""),
};
const size_t n_fuzz_seeds = sizeof fuzz_seeds / sizeof *fuzz_seeds;

static void write_value(struct json_writer *writer, const struct json *value)
{
	switch (value->type) {
	case JSON_NULL:
		json_string(writer, value->key, NULL);
		break;
	case JSON_FALSE:
	case JSON_TRUE:
		json_bool(writer, value->key, value->type == JSON_TRUE);
		break;
	case JSON_NUMBER:
		FUZZ_REQUIRE(isfinite(value->number));
		json_double(writer, value->key, value->number);
		break;
	case JSON_STRING:
		json_string(writer, value->key, value->string);
		break;
	case JSON_ARRAY:
		json_begin_array(writer, value->key);
		break;
	case JSON_OBJECT:
		json_begin_object(writer, value->key);
		break;
	}
	size_t n = 0;
	for (const struct json *child = value->child; child != NULL; child = child->next, n++)
		write_value(writer, child);
	FUZZ_REQUIRE(n == value->n || (value->type == JSON_NUMBER && (double)value->n == value->number));
	if (value->type == JSON_ARRAY)
		json_end_array(writer);
	else if (value->type == JSON_OBJECT)
		json_end_object(writer);
}

static struct text text_of(const struct json *root, bool pretty)
{
	struct text text = {0};
	write_value(&(struct json_writer){.out = &text, .pretty = pretty}, root);
	FUZZ_REQUIRE(!text.failed);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct json *root, *again;
	struct cln_error err = {0};
	enum cln_status status = json_parse(&root, (const char *)data, size, &err);
	FUZZ_REQUIRE(status == CLN_OK || (status == CLN_E_DAMAGED && root == NULL && strncmp(err.message, "JSON, byte ", 11) == 0));
	if (status != CLN_OK)
		return 0;
	struct text compact = text_of(root, false), pretty = text_of(root, true);
	FUZZ_REQUIRE(json_parse(&again, pretty.bytes, pretty.length, &err) == CLN_OK);
	struct text same = text_of(again, false);
	FUZZ_REQUIRE(strcmp(compact.bytes, same.bytes) == 0);
	text_free(&same);
	json_free(again);
	text_free(&pretty);
	text_free(&compact);
	json_free(root);
	return 0;
}
