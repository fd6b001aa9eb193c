/* SPDX-License-Identifier: MIT
 * Any bytes are a column cache or an error.  All checksums are made right first, so that everything behind them is reached.  The
 * last byte chooses the options. */
#include "fuzz.h"

#include <string.h>

#include "../cache_seal.h"
#include "check_column.h"
#include "data/cache_layout.h"

/* A cache with both kinds of parts and a column left out. */
#define BOTH_KINDS \
	"\211CL\0\15\12\32\0\1\0\0\0\0\0\0\0\214\2\0\0\0\0\0\0\3\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\360\0\0\0\0\0\0\0\3" \
	"\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0x\0001\0002.50\0\0\0\0\0\0\0\0QlQ\302s\177r\307\310\317\360" \
	"\201m\274j\360\2\0\0\0\3\0\0\0\2\0\0\0\0\0\0\0\14\0\0\0\0\0\0\0job\0clerk\0smith\0k\4&\331\6/\257~\0\0\0\0" \
	"\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0left\0\0\0\0\3\0\0\0\4\0\0\0\3\0\0\0\0\0\0\0\12\0\0\0\0\0\0\0deep" \
	"\0-0\0001e-3\0007\0\0\247j\320\260q)\337p\245j\0g$\30\244x\2\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0" \
	"y\0no\0yes\0\0\0\0\0\0\0\0 \233=\307\314V\365uy\267\311\217\364x\214\32\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" \
	"\0\0\0\0\0\0\0\0\0\200\77\0\0\300\177\0\0 @\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\377\377\377\377\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\377\377\377\377\0" \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0o\22" \
	"\203:\0\0\0\200\0\0\340@\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" \
	"\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"

/* Both kinds of parts and a column left out, all columns and some; texts that look like numbers; numbers alone. */
const struct fuzz_seed fuzz_seeds[] = {
    FUZZ_TEXT(BOTH_KINDS "\0"),
    FUZZ_TEXT(BOTH_KINDS "8"),
    FUZZ_TEXT("\211CL\0\15\12\32\0\1\0\0\0\0\0\0\0\210\1\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\210\0\0\0\0\0\0\0\2"
	      "\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\12\0\0\0\0\0\0\0x\0-1e99\0inf\0\0\0\0\0\200\225\5\205\312\346\324l\2\0\0\0"
	      "\3\0\0\0\1\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0job\0001,5\0\213U\231\\\257\0120\275\3\0\0\0\1\0\0\0\2\0\0\0\0\0\0"
	      "\0\4\0\0\0\0\0\0\0y\0000\0001\0\0\0\217\335\365\314\203\337\346k\34k\256`;\371\204\253\11^\272\326efM\371"
	      "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\377\377\377\377\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\200\77\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0"),
    FUZZ_TEXT("\211CL\0\15\12\32\0\1\0\0\0\0\0\0\0\14\1\0\0\0\0\0\0\3\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0P\0\0\0\0\0\0\0\1\0\0"
	      "\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0x\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0"
	      "\0\0\0\0\0\0\0\0y\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\300\77\0\0\300\177\0\0\0\300\0"
	      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	      "\0\0\0\0\200\77\0\0\200\77\0"),
};
const size_t n_fuzz_seeds = sizeof fuzz_seeds / sizeof *fuzz_seeds;

static struct cln_read_options options_of(uint8_t choice)
{
	static const char *const needed[] = {"x", "y"};
	struct cln_read_options options = {0};
	options.categorical = choice & 1 ? "x" : NULL;
	options.numeric = choice & 2 ? "job" : NULL;
	options.ignore = choice & 4 ? "2" : NULL;
	options.label = choice & 8 ? "" : NULL;
	options.keep = choice & 16 ? "job" : NULL;
	options.needed = choice & 32 ? needed : NULL;
	options.n_needed = choice & 32 ? 2 : 0;
	return options;
}

static void check_table(const struct cln_table *table)
{
	FUZZ_REQUIRE(table->n_rows > 0 && table->n_columns > 0);
	for (size_t c = 0; c < table->n_columns; c++)
		check_column(&table->columns[c], table->n_rows);
	(void)cln_table_fingerprint(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cln_table *table;
	struct cln_error err = {0};
	unsigned char *bytes = mem_alloc(size, 1, NULL);
	FUZZ_REQUIRE(bytes);
	if (size == 0)
		goto done;
	memcpy(bytes, data, size);
	struct cln_read_options options = options_of(data[size - 1]);
	cache_seal(bytes, size - 1);
	enum cln_status status = cache_read_bytes(&table, bytes, size - 1, "fuzz.cache", &options, 1, &err);
	FUZZ_REQUIRE((status == CLN_OK) == (table != NULL));
	FUZZ_REQUIRE(status == CLN_OK || status == CLN_E_DAMAGED || status == CLN_E_DATA || status == CLN_E_USAGE);
	FUZZ_REQUIRE(status == CLN_OK || text_is_utf8(err.message, strlen(err.message)));
	if (table)
		check_table(table);
	cln_table_destroy(table);
done:
	mem_free(bytes);
	return 0;
}
