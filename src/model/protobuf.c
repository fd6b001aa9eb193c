/* SPDX-License-Identifier: MIT
 * protobuf.dev/programming-guides/encoding */
#include "model/protobuf.h"

#include <string.h>

enum wire_kind { WIRE_VARINT = 0, WIRE_LENGTH = 2, WIRE_32_BITS = 5 };

/* Seven bits a byte, the lowest first; the highest bit says that more follow. */
static void add_varint(struct text *out, uint64_t value)
{
	char bytes[10];
	size_t n = 0;
	for (; value >= 0x80; value >>= 7)
		bytes[n++] = (char)(unsigned char)(value | 0x80);
	bytes[n++] = (char)value;
	text_add(out, bytes, n);
}

static void add_key(struct text *out, unsigned field, enum wire_kind kind) { add_varint(out, (uint64_t)field << 3 | kind); }

void protobuf_int(struct text *out, unsigned field, int64_t value)
{
	add_key(out, field, WIRE_VARINT);
	add_varint(out, (uint64_t)value);
}

/* Little-endian on any machine. */
void protobuf_float(struct text *out, unsigned field, float value)
{
	uint32_t bits;
	memcpy(&bits, &value, sizeof bits);
	char bytes[sizeof bits];
	for (size_t i = 0; i < sizeof bits; i++)
		bytes[i] = (char)(bits >> 8 * i & 0xff);
	add_key(out, field, WIRE_32_BITS);
	text_add(out, bytes, sizeof bytes);
}

void protobuf_bytes(struct text *out, unsigned field, const void *bytes, size_t length)
{
	add_key(out, field, WIRE_LENGTH);
	add_varint(out, length);
	text_add(out, bytes, length);
}

void protobuf_string(struct text *out, unsigned field, const char *value) { protobuf_bytes(out, field, value, strlen(value)); }

void protobuf_message(struct text *out, unsigned field, struct text *message)
{
	add_key(out, field, WIRE_LENGTH);
	add_varint(out, message->length);
	protobuf_join(out, message);
}

void protobuf_join(struct text *out, struct text *part)
{
	if (part->failed && !out->failed) {
		out->failed = true;
		out->refused = part->refused;
	}
	text_add(out, part->bytes, part->length);
	text_free(part);
}
