/* SPDX-License-Identifier: MIT
 * search_space_parse on any bytes.  What it accepts draws values that are accepted as the values of options, and has a text that
 * reads back as the same space. */
#include "fuzz.h"

#include <string.h>

#include "cli/search_space.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("# a space\nlr = log 1e-4 .. 1e-1\ndropout = 0 | 0.1 .. 0.5\nhidden = 128,64 | 256,256,256 | none\n"),
	FUZZ_TEXT("batch-size = all | log 64 .. 1024\nactivation = \"relu\" | gelu\nepochs = 30\n"),
	FUZZ_TEXT("class-weight = none | balanced | 1,3.5\r\ninput-scaling = true | false\nmax-levels = 1 .. 1000000"),
	FUZZ_TEXT("lr=1e-300..1e6\nclip-norm = 0 .. 1e30\nlabel = a | b\nlr = 1\n"),
	FUZZ_TEXT("dropout = .. | log | 0..\n=\nweight-decay\n"),
	FUZZ_TEXT(""),
};
const size_t n_fuzz_seeds = sizeof fuzz_seeds / sizeof *fuzz_seeds;

/* The space as the lines that it was read from, in their one form. */
static void write_lines(struct text *lines, const struct search_space *space)
{
	text_add(lines, "", 0);
	for (size_t i = 0; i < space->n; i++) {
		text_addf(lines, "%s = ", space->options[i].spec->name);
		search_space_text(lines, &space->options[i]);
		text_add(lines, "\n", 1);
	}
	FUZZ_REQUIRE(!lines->failed);
}

static void check_space(const struct search_space *space)
{
	struct text lines = {0}, again = {0};
	struct search_space copy;
	struct options options;

	options_defaults(&options, options_find_command("search"));
	for (size_t trial = 1; trial < 4; trial++)
		search_space_apply(&options, space, trial);
	write_lines(&lines, space);
	FUZZ_REQUIRE(search_space_parse(&copy, lines.bytes ? lines.bytes : "", lines.length, "again", NULL) == CLN_OK);
	write_lines(&again, &copy);
	FUZZ_REQUIRE(again.length == lines.length && (lines.length == 0 || memcmp(again.bytes, lines.bytes, lines.length) == 0));
	search_space_free(&copy);
	text_free(&lines);
	text_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct search_space space;
	struct cln_error err = {0};

	if (search_space_parse(&space, (const char *)data, size, "space.conf", &err) == CLN_OK) {
		check_space(&space);
		search_space_free(&space);
	} else {
		FUZZ_REQUIRE(err.message[0] && space.n == 0 && !space.text);
	}
	return 0;
}
