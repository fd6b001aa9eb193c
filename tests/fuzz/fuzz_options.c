/* SPDX-License-Identifier: MIT
 * options_parse on any words, one a line; the first is the command.  Every value of what it accepts has a text. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "cli/options.h"

#define MAX_WORDS 40

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("train\ndata.csv\n--hidden\n64,32\n--lr=0.01\n--batch-size\nall\n--class-weight=1,2.5\n"
		  "--seed=18446744073709551615"),
	FUZZ_TEXT("train\nd\n--threshold\ncost:1:2.5\n--threshold=recall@0.9\n--threshold=f1"),
	FUZZ_TEXT("train\n-\n--recipe\ntextbook\n--dropout=0.5\n--activation=gelu\n--force\n--progress=bar\n"
		  "--separator=;\n--epochs\n0"),
	FUZZ_TEXT("predict\nmodel\n-\n--keep=a,b\n--threads\n0\n--threads\n999999999999999999999"),
	FUZZ_TEXT("bench\n--inputs\n0\n--seconds=nan\n--activation=reul\n--"),
	FUZZ_TEXT("evaluate\nmodel\ndata.csv\n--json\n--label=3"),
	FUZZ_TEXT("doctor\n--json=maybe\nextra"),
	FUZZ_TEXT(""),
};
const size_t n_fuzz_seeds = sizeof fuzz_seeds / sizeof *fuzz_seeds;

static void check_values(const struct options *options)
{
	char text[OPTION_VALUE];
	const struct option_spec *spec;

	for (size_t i = 0; (spec = options_spec(i)); i++) {
		options_value(text, options, spec);
		FUZZ_REQUIRE(strlen(text) < sizeof text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *words[MAX_WORDS], *text = malloc(size + 1), *rest = text;
	struct options options;
	struct cln_error err = {0};
	int n = 0;

	FUZZ_REQUIRE(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	while (n < MAX_WORDS && rest) {
		words[n] = strsep(&rest, "\n");
		n += strncmp(words[n], "--config", 8) != 0; /* would read any file */
	}
	const struct command *command = n > 0 ? options_find_command(words[0]) : NULL;
	if (command) {
		if (options_parse(&options, command, n - 1, words + 1, &err) == CLN_OK)
			check_values(&options);
		else
			FUZZ_REQUIRE(err.message[0]);
		options_free(&options);
	}
	free(text);
	return 0;
}
