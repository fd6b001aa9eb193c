/* SPDX-License-Identifier: MIT */
#include "model_seal.h"

#include <stdio.h>
#include <string.h>

#include "base/io.h"

#define DIGITS ((size_t)16)
#define LENGTH_BYTES sizeof(uint64_t)

void model_seal(char *bytes, size_t length)
{
	char *key = memmem(bytes, length, MODEL_CHECKSUM_KEY, strlen(MODEL_CHECKSUM_KEY)), digits[DIGITS + 1];
	if (!key || (size_t)(bytes + length - key) < strlen(MODEL_CHECKSUM_KEY) + DIGITS)
		return;
	char *at = key + strlen(MODEL_CHECKSUM_KEY);
	memset(at, '0', DIGITS);
	snprintf(digits, sizeof digits, "%016llx", (unsigned long long)io_crc64(0, bytes, length));
	memcpy(at, digits, DIGITS);
}

struct text model_forge(const char *bytes, size_t length, size_t at, size_t from_length, const char *to)
{
	struct text text = {0};
	uint64_t header;
	memcpy(&header, bytes, sizeof header);
	size_t end = LENGTH_BYTES + (size_t)header;
	text_add(&text, bytes, at);
	text_add(&text, to, strlen(to));
	text_add(&text, bytes + at + from_length, end - at - from_length);
	while (text.length > 0 && text.bytes[text.length - 1] == ' ')
		text.length--;
	while (text.length % 64 != 0)
		text_add(&text, " ", 1);
	header = text.length - LENGTH_BYTES;
	memcpy(text.bytes, &header, sizeof header);
	text_add(&text, bytes + end, length - end);
	model_seal(text.bytes, text.length);
	return text;
}

void mutate(char *bytes, size_t *length, struct rng *rng)
{
	for (uint64_t k = 1 + rng_below(rng, 4); k > 0; k--) {
		size_t at = (size_t)rng_below(rng, *length), to = (size_t)rng_below(rng, *length);
		size_t rest = *length - (at > to ? at : to);
		size_t run = (size_t)rng_below(rng, rest < 32 ? rest : 32);
		switch (rng_below(rng, 6)) {
		case 0:
			bytes[at] ^= (char)(1 << rng_below(rng, 8));
			break;
		case 1:
			bytes[at] = (char)rng_below(rng, 256);
			break;
		case 2:
			bytes[at] = "0123456789-.eE\"\\[]{},: truefalsn"[rng_below(rng, 32)];
			break;
		case 3:
			memmove(bytes + to, bytes + at, run);
			break;
		case 4:
			memmove(bytes + at, bytes + at + run, *length - at - run);
			*length -= run;
			break;
		default:
			memmove(bytes + at + run, bytes + at, *length - at);
			*length += run;
		}
	}
}
