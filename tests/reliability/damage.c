/* SPDX-License-Identifier: MIT
 * Damages a file of Colonnade's in every small way and reads it back.
 *   damage model|checkpoint|cache FILE RUNS  prints a line of counts for each kind of damage; exit code 1 where one was not
 *                                          noticed
 *   damage spoil flip|cut|forge FILE N OUT   writes the file with its N-th random bit flipped, cut at its N-th random
 *                                          length, or with its N-th random digit changed and the checksum made right
 * Every cut, every flipped bit and RUNS random mutations must be refused.  With the checksums made right, RUNS mutations and claims
 * of huge sizes are refused or read as what the bytes say; with SMALL_MEMORY no claim may need more.  A case that takes HANG
 * seconds ends the program, as does a crash. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../cache_seal.h"
#include "../model_seal.h"
#include "base/io.h"
#include "data/cache.h"
#include "data/cache_layout.h"
#include "data/csv_parts.h"
#include "model/checkpoint.h"
#include "model/model.h"

#define HANG 120
#define SMALL_MEMORY ((rlim_t)64 << 20) /* bytes of address space */

enum outcome { REFUSED, READ, WRONG, N_OUTCOMES };

struct kind {
	const char *name;
	enum outcome (*read)(const char *bytes, size_t length);
	void (*seal)(char *bytes, size_t length);
};

/* A refusal has a reason, and lack of memory is none: sizes are checked before memory is asked for. */
static enum outcome judge_refusal(enum cln_status status, const struct cln_error *err)
{
	bool reasoned = (status == CLN_E_DAMAGED || status == CLN_E_DATA) && err->message[0];
	if (!reasoned)
		fprintf(stderr, "refused with %s: %s\n", cln_status_name(status), err->message);
	return reasoned ? REFUSED : WRONG;
}

/* What is read, written again, is the same: `again`, which is given back here. */
static enum outcome judge_again(enum cln_status status, char *again, size_t again_length, const char *bytes, size_t length,
                                const struct cln_error *err)
{
	bool same = status == CLN_OK && again_length == length && memcmp(again, bytes, length) == 0;
	if (!same)
		fprintf(stderr, "read, and written again another file: %s\n", err->message);
	mem_free(again);
	return same ? READ : WRONG;
}

static enum outcome read_checkpoint(const char *bytes, size_t length)
{
	struct cln_checkpoint *checkpoint;
	struct cln_error err = {0};
	char *again;
	size_t again_length;
	enum cln_status status = checkpoint_decode(&checkpoint, bytes, length, "k", &err);
	if (status != CLN_OK)
		return judge_refusal(status, &err);
	status = checkpoint_encode(&again, &again_length, checkpoint, cln_checkpoint_note(checkpoint), &err);
	cln_checkpoint_destroy(checkpoint);
	return judge_again(status, again, again_length, bytes, length, &err);
}

static enum outcome read_model(const char *bytes, size_t length)
{
	struct cln_model *model;
	struct cln_error err = {0};
	char *again;
	size_t again_length;
	enum cln_status status = model_decode(&model, bytes, length, "m", &err);
	if (status != CLN_OK)
		return judge_refusal(status, &err);
	status = model_encode(&again, &again_length, model, &err);
	cln_model_destroy(model);
	return judge_again(status, again, again_length, bytes, length, &err);
}

/* As cln_table_read does: what has not a cache's first bytes is text, which such bytes are not. */
static enum outcome read_cache(const char *bytes, size_t length)
{
	static const struct cln_read_options none;
	struct source source = source_memory("c", bytes, length);
	struct cln_table *table;
	struct cln_error err = {0};
	bool is_cache;
	enum cln_status status = cache_recognise(&is_cache, &source, &err);
	if (status == CLN_OK && is_cache)
		status = cache_read_bytes(&table, (const unsigned char *)bytes, length, "c", &none, 1, &err);
	else if (status == CLN_OK)
		status = csv_read_source(&table, &source, &none, 1, 0, &err);
	if (status != CLN_OK)
		return judge_refusal(status, &err);
	(void)cln_table_fingerprint(table);
	cln_table_destroy(table);
	return READ;
}

static void seal_cache(char *bytes, size_t length)
{
	cache_seal((unsigned char *)bytes, length);
}

static const struct kind kinds[] = {
	{"model", read_model, model_seal},
	{"checkpoint", read_checkpoint, model_seal},
	{"cache", read_cache, seal_cache},
};

struct counts {
	size_t of[N_OUTCOMES];
};

/* The bytes are copied to a block of their own length, so that a sanitizer sees the first byte beyond. */
static void try_bytes(struct counts *counts, const struct kind *kind, const char *bytes, size_t length)
{
	char *exact = mem_alloc(length, 1, NULL);
	if (exact == NULL)
		abort();
	memcpy(exact, bytes, length);
	alarm(HANG);
	counts->of[kind->read(exact, length)]++;
	alarm(0);
	mem_free(exact);
}

/* False where something was read that must not be, or was read wrongly. */
static bool tell(const char *what, const struct kind *kind, const struct counts *counts, bool may_be_read)
{
	bool right = counts->of[WRONG] == 0 && (may_be_read || counts->of[READ] == 0);
	size_t refused = counts->of[REFUSED], read = counts->of[READ] + counts->of[WRONG];
	printf("%-10s %-28s %9zu cases %9zu refused %7zu %s%s\n", kind->name, what, refused + read, refused, read,
	       may_be_read ? "read as written" : "read", right ? "" : "  WRONG");
	return right;
}

static bool cut_everywhere(const struct kind *kind, const char *bytes, size_t length)
{
	struct counts counts = {0};
	for (size_t n = 0; n < length; n++)
		try_bytes(&counts, kind, bytes, n);
	return tell("cut at every byte", kind, &counts, false);
}

static bool flip_every_bit(const struct kind *kind, char *bytes, size_t length)
{
	struct counts counts = {0};
	for (size_t i = 0; i < 8 * length; i++) {
		bytes[i / 8] ^= (char)(1 << i % 8);
		try_bytes(&counts, kind, bytes, length);
		bytes[i / 8] ^= (char)(1 << i % 8);
	}
	return tell("every bit flipped", kind, &counts, false);
}

/* Mutations that change nothing are not counted. */
static bool mutate_often(const struct kind *kind, const char *bytes, size_t length, size_t runs, bool sealed)
{
	struct counts counts = {0};
	char *changed = mem_alloc(2 * length, 1, NULL);
	struct rng rng;
	if (changed == NULL)
		abort();
	rng_start(&rng, 1, RNG_TEST, sealed, 0);
	for (size_t i = 0; i < runs; i++) {
		size_t changed_length = length;
		memcpy(changed, bytes, length);
		mutate(changed, &changed_length, &rng);
		if (sealed)
			kind->seal(changed, changed_length);
		if (changed_length != length || memcmp(changed, bytes, length) != 0)
			try_bytes(&counts, kind, changed, changed_length);
	}
	mem_free(changed);
	return tell(sealed ? "mutated, checksum repaired" : "mutated at random", kind, &counts, sealed);
}

/* ---------------------------------------------------------------- claims */

static const char *const claimed_texts[] = {"2147483648", "4294967296", "4294967297", "9223372036854775807", "9223372036854775808",
                                            "18446744073709551615", "18446744073709551616", "4611686018427387905", "-1", "1e308"};
static const uint64_t claimed_numbers[] = {UINT64_C(1) << 31, UINT64_C(1) << 32, UINT64_MAX / 4 + 2, UINT64_C(1) << 63,
                                           UINT64_MAX, UINT64_MAX / 24, UINT32_MAX / 4, UINT64_MAX - 47};
#define N_TEXTS (sizeof claimed_texts / sizeof *claimed_texts)
#define N_NUMBERS (sizeof claimed_numbers / sizeof *claimed_numbers)

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* Every number of the header in turn, and the header's own length. */
static void claim_in_texts(struct counts *counts, const struct kind *kind, const char *bytes, size_t length)
{
	uint64_t header;
	memcpy(&header, bytes, sizeof header);
	for (size_t at = sizeof header, n; at < sizeof header + header; at += n) {
		for (n = 0; at + n < length && is_digit(bytes[at + n]);)
			n++;
		for (size_t k = 0; n > 0 && k < N_TEXTS; k++) {
			struct text lie = model_forge(bytes, length, at, n, claimed_texts[k]);
			try_bytes(counts, kind, lie.bytes, lie.length);
			text_free(&lie);
		}
		n += n == 0;
	}
}

/* Every four or eight bytes of the first `most` in turn. */
static void claim_in_bytes(struct counts *counts, const struct kind *kind, const char *bytes, size_t length, size_t most)
{
	for (size_t at = 0; at + sizeof(uint64_t) <= length && at < most; at++) {
		for (size_t k = 0; k < 2 * N_NUMBERS; k++) {
			char *lie = mem_copy(bytes, length, NULL);
			if (lie == NULL)
				abort();
			memcpy(lie + at, &claimed_numbers[k / 2], k % 2 ? sizeof(uint32_t) : sizeof(uint64_t));
			kind->seal(lie, length);
			if (memcmp(lie, bytes, length) != 0)
				try_bytes(counts, kind, lie, length);
			mem_free(lie);
		}
	}
}

static bool claim_huge_sizes(const struct kind *kind, const char *bytes, size_t length)
{
	struct counts counts = {0};
	bool has_texts = kind->seal == model_seal;
	claim_in_bytes(&counts, kind, bytes, length, has_texts ? sizeof(uint64_t) : length);
	if (has_texts)
		claim_in_texts(&counts, kind, bytes, length);
	return tell("huge sizes, checksum repaired", kind, &counts, true);
}

/* ---------------------------------------------------------------- main */

static bool damage(const struct kind *kind, char *bytes, size_t length, size_t runs)
{
	bool right = true;
	struct counts whole = {0};
	const char *small = getenv("SMALL_MEMORY");
	const struct rlimit limit = {SMALL_MEMORY, SMALL_MEMORY};
	if (small != NULL && setrlimit(RLIMIT_AS, &limit) != 0)
		return false;
	try_bytes(&whole, kind, bytes, length);
	right &= whole.of[READ] == 1;
	right &= cut_everywhere(kind, bytes, length);
	right &= flip_every_bit(kind, bytes, length);
	right &= mutate_often(kind, bytes, length, runs, false);
	right &= mutate_often(kind, bytes, length, runs, true);
	right &= claim_huge_sizes(kind, bytes, length);
	return right;
}

/* Changes a digit of a number in the header, so that most of what comes of it is of the right form. */
static void forge_number(char *bytes, size_t length, struct rng *rng)
{
	size_t at;
	do
		at = (size_t)rng_below(rng, length);
	while (!is_digit(bytes[at]));
	bytes[at] = (char)('0' + rng_below(rng, 10));
	model_seal(bytes, length);
}

static enum cln_status spoil(const char *how, char *bytes, size_t length, uint32_t n, const char *out, struct cln_error *err)
{
	struct rng rng;
	rng_start(&rng, 1, RNG_TEST, strcmp(how, "cut") == 0, n);
	if (strcmp(how, "cut") == 0) {
		length = (size_t)rng_below(&rng, length);
	} else if (strcmp(how, "forge") == 0) {
		forge_number(bytes, length, &rng);
	} else {
		size_t bit = (size_t)rng_below(&rng, 8 * length);
		bytes[bit / 8] ^= (char)(1 << bit % 8);
	}
	return io_replace_file(out, bytes, length, err);
}

int main(int argc, char **argv)
{
	char *bytes = NULL;
	size_t length;
	struct cln_error err = {0};
	bool right = false;
	if (argc != 4 && argc != 6) {
		fprintf(stderr, "usage: damage model|checkpoint|cache FILE RUNS, or damage spoil flip|cut|forge FILE N OUT\n");
		return 2;
	}
	if (io_read_file(&bytes, &length, argv[argc == 4 ? 2 : 3], (size_t)1 << 30, &err) != CLN_OK) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	if (argc == 6)
		right = spoil(argv[2], bytes, length, (uint32_t)atol(argv[4]), argv[5], &err) == CLN_OK;
	for (size_t k = 0; argc == 4 && k < sizeof kinds / sizeof *kinds; k++)
		if (strcmp(kinds[k].name, argv[1]) == 0)
			right = damage(&kinds[k], bytes, length, (size_t)atol(argv[3]));
	mem_free(bytes);
	return right ? 0 : 1;
}
