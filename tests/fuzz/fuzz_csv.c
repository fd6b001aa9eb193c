/* SPDX-License-Identifier: MIT
 * Any bytes are a table or an error, the same whether one thread reads them in one window or up to three read them in tiny ones.
 * All problems of it are none where it is a table, and they do not depend on threads and windows either.
 * The first two bytes choose the options, the size of the windows and the threads. */
#include "fuzz.h"

#include <string.h>

#include "check_table.h"
#include "data/csv_parts.h"

/* All columns found out; windows of 1, 3 and 16 bytes. */
const struct fuzz_seed fuzz_seeds[] = {
    FUZZ_TEXT("\x01\x41"
	      "a,b\n1,x\n-2.5,y\n,\"z \"\"q\"\"\n\n3e2,\"p,\r\n\"\r\n"),
    FUZZ_TEXT("\x02\x83"
	      "\xEF\xBB\xBFx;\"na\nme\";z\n1,5;NA;\xC3\xA4\n2;?;\"\"\n 7 ; \t;\"\"\"\"\n"),
    FUZZ_TEXT("\x04\xD0"
	      "a\tb\tc\r\n1\t\t0.1\r\n\r\n12345678901234567890\t1e-3\t-0"),
    FUZZ_TEXT("\x18\x05"
	      "a,b,c\n1,2\n1,2,3,4\n\"x\"y,1,2\n1,\"2\n"),
    FUZZ_TEXT("\x20\x42"
	      ",a,\n1e999,inf,-0.5\r1,\x80,2\n"),
};
const size_t n_fuzz_seeds = sizeof fuzz_seeds / sizeof *fuzz_seeds;

static struct cln_read_options options_of(uint8_t choice)
{
	struct cln_read_options options = {0};
	options.no_header = choice & 4;
	options.numeric = choice & 8 ? "1" : NULL;
	options.categorical = choice & 16 ? "2" : NULL;
	options.ignore = choice & 32 ? "3" : NULL;
	options.separator = choice & 64 ? ';' : '\0';
	return options;
}

static void require_same(const struct findings *a, const struct findings *b)
{
	FUZZ_REQUIRE(a->n == b->n && a->n_kinds == b->n_kinds && a->ended == b->ended);
	for (size_t i = 0; i < a->n; i++)
		FUZZ_REQUIRE(a->items[i].line == b->items[i].line && a->items[i].column == b->items[i].column &&
			     strcmp(a->items[i].sentence, b->items[i].sentence) == 0);
	for (size_t k = 0; k < a->n_kinds; k++)
		FUZZ_REQUIRE(a->counts[k].kind == b->counts[k].kind && a->counts[k].n == b->counts[k].n);
}

/* Reads on behind every problem: without one, what was read before; else tables without the rows that have one. */
static void find_all(const struct source *source, const struct cln_read_options *options, size_t window, int threads,
		     const struct cln_table *whole)
{
	struct findings one = {.most = 5}, other = {.most = 5};
	struct cln_table *all, *parts;
	struct cln_error err = {0};
	enum cln_status status = csv_read_all(&all, source, options, 1, (size_t)source->size + 1, &one, &err);
	FUZZ_REQUIRE(csv_read_all(&parts, source, options, threads, window, &other, &err) == status);
	FUZZ_REQUIRE((status == CLN_OK && findings_total(&one) == 0) == (whole != NULL));
	findings_settle(&one);
	findings_settle(&other);
	require_same(&one, &other);
	FUZZ_REQUIRE((status == CLN_OK) == (all != NULL) && (all != NULL) == (parts != NULL));
	if (all) {
		check_table(all, 2);
		check_same(all, parts);
		FUZZ_REQUIRE(memcmp(one.bad_rows, other.bad_rows, all->n_rows) == 0);
	}
	if (all && whole)
		check_same(all, whole);
	findings_free(&one);
	findings_free(&other);
	cln_table_destroy(all);
	cln_table_destroy(parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct cln_read_options options = options_of(data[0]);
	struct source source = source_memory("fuzz.csv", (const char *)data + 2, size - 2);
	size_t window = 1 + data[1] % 64;
	int threads = data[1] < 16 ? 3 : 1; /* most often one: a team on fewer cores takes ten times as long */
	struct cln_table *whole, *parts;
	struct cln_error whole_err = {0}, parts_err = {0};
	enum cln_status status = csv_read_source(&whole, &source, &options, 1, size, &whole_err);
	FUZZ_REQUIRE(status == CLN_OK || status == CLN_E_DATA || status == CLN_E_USAGE);
	FUZZ_REQUIRE((status == CLN_OK) == (whole != NULL));
	FUZZ_REQUIRE(status == CLN_OK || text_is_utf8(whole_err.message, strlen(whole_err.message)));
	FUZZ_REQUIRE(csv_read_source(&parts, &source, &options, threads, window, &parts_err) == status);
	FUZZ_REQUIRE(strcmp(whole_err.message, parts_err.message) == 0);
	if (whole) {
		check_table(whole, 2);
		check_same(whole, parts);
	}
	if (data[1] & 1) /* half of them: it takes as long as all else */
		find_all(&source, &options, window, threads, whole);
	cln_table_destroy(whole);
	cln_table_destroy(parts);
	return 0;
}
