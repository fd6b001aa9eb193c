/* SPDX-License-Identifier: MIT
 * What a fuzz target gives: libFuzzer's entry, and a few inputs to start from.  With --enable-fuzzers (clang) it is linked with
 * libFuzzer; make check links the same file with replay.c, which feeds it mutations of the seeds, the same ones every time. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

struct fuzz_seed {
	const void *bytes;
	size_t length;
};
#define FUZZ_TEXT(text) {text, sizeof(text) - 1}

extern const struct fuzz_seed fuzz_seeds[];
extern const size_t n_fuzz_seeds;

/* Returns 0; what must hold for any input is checked by FUZZ_REQUIRE, which ends the program where it does not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_REQUIRE(condition) ((condition) ? (void)0 : fuzz_failed(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_failed(const char *condition, const char *file, int line);

#endif
