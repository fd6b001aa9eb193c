/* SPDX-License-Identifier: MIT
 * Runs a fuzz target without libFuzzer.
 *   replay_NAME              mutations of the target's seeds, the same at every call; FUZZ_RUNS says how many
 *   replay_NAME PATH...      the files named, and those in the directories named
 *   replay_NAME --seeds DIR  runs nothing: writes the seeds to the directory, for libFuzzer to start from
 * Before each run its input is written to replay_NAME.input, which is removed at the end: after a crash it is what crashed. */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/rng.h"

#define DEFAULT_RUNS 100000
#define MOST_BYTES 4096 /* of a mutated input, or four times the longest seed */
#define MOST_MUTATIONS 8

struct input {
	unsigned char *bytes;
	size_t length, capacity;
};

_Noreturn static void stop(const char *what, const char *name)
{
	fprintf(stderr, "%s %s: %s\n", what, name, strerror(errno));
	exit(EXIT_FAILURE);
}

/* The target gets a block of exactly the input's size, so that AddressSanitizer sees the first byte beyond. */
static void run_once(const unsigned char *bytes, size_t length, int record, const char *record_name)
{
	if (pwrite(record, bytes, length, 0) != (ssize_t)length || ftruncate(record, (off_t)length) != 0)
		stop("cannot write", record_name);
	unsigned char *exact = malloc(length > 0 ? length : 1);
	if (exact == NULL)
		stop("cannot allocate for", record_name);
	memcpy(exact, bytes, length);
	LLVMFuzzerTestOneInput(exact, length);
	free(exact);
}

static void insert(struct input *input, size_t at, const unsigned char *bytes, size_t length)
{
	if (length > input->capacity - input->length)
		length = input->capacity - input->length;
	memmove(input->bytes + at + length, input->bytes + at, input->length - at);
	memcpy(input->bytes + at, bytes, length);
	input->length += length;
}

static void cut(struct input *input, size_t at, size_t length)
{
	memmove(input->bytes + at, input->bytes + at + length, input->length - at - length);
	input->length -= length;
}

/* One change; a part of a seed put in makes structures nest and lists grow. */
static void mutate(struct input *input, struct rng *rng)
{
	size_t at = rng_below(rng, input->length + 1), left = input->length - at;
	const struct fuzz_seed *seed = &fuzz_seeds[rng_below(rng, n_fuzz_seeds)];
	size_t from = rng_below(rng, seed->length + 1), part = 1 + rng_below(rng, 16);
	if (part > seed->length - from)
		part = seed->length - from;
	unsigned char byte = (unsigned char)rng_next(rng);
	switch (rng_below(rng, 8)) {
	case 0:
		if (left > 0)
			input->bytes[at] ^= (unsigned char)(1u << byte % 8);
		break;
	case 1:
		if (left > 0)
			input->bytes[at] = byte;
		break;
	case 2:
		insert(input, at, &byte, 1);
		break;
	case 3:
		cut(input, at, left > 0 ? 1 : 0);
		break;
	case 4:
		cut(input, at, rng_below(rng, left + 1));
		break;
	case 5:
		insert(input, at, (const unsigned char *)seed->bytes + from, part);
		break;
	case 6:
		insert(input, at, (const unsigned char *)seed->bytes + from, seed->length - from);
		break;
	default: /* numbers are where sizes are claimed */
		if (left > 0)
			input->bytes[at] = (unsigned char)"0123456789-."[byte % 12];
		break;
	}
}

static size_t longest_seed(void)
{
	size_t most = 0;
	for (size_t i = 0; i < n_fuzz_seeds; i++)
		if (fuzz_seeds[i].length > most)
			most = fuzz_seeds[i].length;
	return most;
}

static long run_mutations(int record, const char *record_name)
{
	const char *wanted = getenv("FUZZ_RUNS");
	long runs = wanted != NULL ? atol(wanted) : DEFAULT_RUNS;
	struct input input = {.capacity = longest_seed() * 4 > MOST_BYTES ? longest_seed() * 4 : MOST_BYTES};
	input.bytes = malloc(input.capacity);
	if (input.bytes == NULL)
		stop("cannot allocate for", record_name);
	for (size_t i = 0; i < n_fuzz_seeds; i++)
		run_once(fuzz_seeds[i].bytes, fuzz_seeds[i].length, record, record_name);
	for (long i = 0; i < runs; i++) {
		struct rng rng;
		rng_start(&rng, 1, RNG_TEST, 0, (uint32_t)i);
		const struct fuzz_seed *seed = &fuzz_seeds[rng_below(&rng, n_fuzz_seeds)];
		memcpy(input.bytes, seed->bytes, seed->length);
		input.length = seed->length;
		for (uint64_t n = 1 + rng_below(&rng, 1 + rng_below(&rng, MOST_MUTATIONS)); n > 0; n--) /* often only one */
			mutate(&input, &rng);
		run_once(input.bytes, input.length, record, record_name);
	}
	free(input.bytes);
	return runs + (long)n_fuzz_seeds;
}

static long run_path(const char *path, int record, const char *record_name)
{
	DIR *directory = opendir(path);
	if (directory != NULL) {
		long runs = 0;
		for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
			char inner[PATH_MAX];
			if (entry->d_name[0] != '.' && snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) < PATH_MAX)
				runs += run_path(inner, record, record_name);
		}
		closedir(directory);
		return runs;
	}
	char *bytes;
	size_t length;
	struct cln_error err;
	if (io_read_file(&bytes, &length, path, (size_t)1 << 30, &err) != CLN_OK) {
		fprintf(stderr, "%s\n", err.message);
		exit(EXIT_FAILURE);
	}
	run_once((const unsigned char *)bytes, length, record, record_name);
	mem_free(bytes);
	return 1;
}

static int write_seeds(const char *directory)
{
	for (size_t i = 0; i < n_fuzz_seeds; i++) {
		char path[PATH_MAX];
		struct cln_error err;
		snprintf(path, sizeof path, "%s/seed-%zu", directory, i);
		if (io_replace_file(path, fuzz_seeds[i].bytes, fuzz_seeds[i].length, &err) != CLN_OK) {
			fprintf(stderr, "%s\n", err.message);
			return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--seeds") == 0)
		return write_seeds(argv[2]);
	char record_name[PATH_MAX];
	snprintf(record_name, sizeof record_name, "%s.input", argv[0]);
	int record = open(record_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (record < 0)
		stop("cannot open", record_name);
	long runs = 0;
	if (argc < 2)
		runs = run_mutations(record, record_name);
	for (int i = 1; i < argc; i++)
		runs += run_path(argv[i], record, record_name);
	close(record);
	unlink(record_name);
	printf("1..1\nok 1 - %ld inputs\n", runs);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
