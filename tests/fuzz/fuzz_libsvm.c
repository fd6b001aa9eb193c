/* SPDX-License-Identifier: MIT
 * Any bytes are a table or an error as LibSVM text, the same whether one thread reads them in one window or up to three read them
 * in tiny ones; and whether they look like LibSVM text or like CSV is found out of any bytes.  The first two bytes choose the
 * options, the size of the windows and the threads. */
#include "fuzz.h"

#include <string.h>

#include "check_table.h"
#include "data/libsvm.h"

const struct fuzz_seed fuzz_seeds[] = {
    FUZZ_TEXT("\x01\x41"
	      "+1 1:0.5 3:1 12:2e-1 # a\n-1 2:-1\n\n0 1:nan\n"),
    FUZZ_TEXT("\x02\x83"
	      "\xEF\xBB\xBF"
	      "1 2:1\r\n# 5:5\r\n-1\t1:1 \t3:12345678901234567890\r\n1"),
    FUZZ_TEXT("\x14\xD0"
	      "1 1:1\n0 2:0.0\n1 1:1.0 2:-0\n"),
    FUZZ_TEXT("\x19\x05"
	      "1:1 2:1\n1 qid:3 1:1\n1 3:1 2:1\n0 0:1\n1 1:x 2:inf\n1 2:\n"),
    FUZZ_TEXT("\x20\x42"
	      "1 99999999999999999999:1\n1 12345678:1\nx 7:1\n"),
};
const size_t n_fuzz_seeds = sizeof fuzz_seeds / sizeof *fuzz_seeds;

static struct cln_read_options options_of(uint8_t choice)
{
	static const char *const names[] = {"2", "label", "15", "x"};
	struct cln_read_options options = {0};
	options.label = choice & 4 ? "" : NULL;
	options.numeric = choice & 8 ? "1" : NULL;
	options.categorical = choice & 16 ? "label" : NULL;
	options.ignore = choice & 32 ? "1" : NULL;
	options.expected = choice & 64 ? names : NULL;
	options.n_expected = choice & 64 ? 4 : 0;
	options.needed = choice & 128 ? names : NULL;
	options.n_needed = choice & 128 ? 4 : 0;
	return options;
}

/* Tables of thousands of columns and more, which are right but slow, are none of this test's business: whether an index of four to
 * seven digits is among the bytes. */
static bool is_wide(const uint8_t *bytes, size_t n)
{
	size_t digits = 0;
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == ':' && digits >= 4 && digits <= 7)
			return true;
		bool digit = bytes[i] >= '0' && bytes[i] <= '9';
		digits = digit && (digits > 0 || bytes[i] != '0') ? digits + 1 : 0;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || is_wide(data + 2, size - 2))
		return 0;
	struct cln_read_options options = options_of(data[0]);
	struct source source = source_memory("fuzz.txt", (const char *)data + 2, size - 2);
	size_t window = 1 + data[1] % 64;
	int threads = data[1] < 16 ? 3 : 1; /* most often one: a team on fewer cores takes ten times as long */
	struct cln_table *whole, *parts;
	struct cln_error whole_err = {0}, parts_err = {0};
	bool is_libsvm;
	FUZZ_REQUIRE(libsvm_recognise(&is_libsvm, &source, data[0] & 1, &options, &whole_err) == CLN_OK);
	enum cln_status status = libsvm_read(&whole, &source, &options, 1, size, false, &whole_err);
	FUZZ_REQUIRE(status == CLN_OK || status == CLN_E_DATA || status == CLN_E_USAGE);
	FUZZ_REQUIRE((status == CLN_OK) == (whole != NULL));
	FUZZ_REQUIRE(status == CLN_OK || text_is_utf8(whole_err.message, strlen(whole_err.message)));
	FUZZ_REQUIRE(libsvm_read(&parts, &source, &options, threads, window, false, &parts_err) == status);
	FUZZ_REQUIRE(strcmp(whole_err.message, parts_err.message) == 0);
	if (whole) {
		check_table(whole, options.needed ? 1 : 2);
		check_same(whole, parts);
	}
	cln_table_destroy(whole);
	cln_table_destroy(parts);
	return 0;
}
