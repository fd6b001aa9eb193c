/* SPDX-License-Identifier: MIT
 * Any bytes are a checkpoint or are refused; what was read is written as the same bytes.  A document is put into a file with the
 * tensors of a network 3-2-1 that it speaks of: its finished members, the parts of those under way and its front. */
#include "check_tensors.h"

#include <stdio.h>
#include <stdlib.h>

#include "../model_seal.h"
#include "model/checkpoint.h"
#include "model/tensors.h"

/* The first N_WHOLE are checkpoints as they stand: of a network that may yet go back to an epoch's start; of an ensemble whose
 * members have a front, two of them finished, the third at its beginning; of one with bins and a parametric activation; one with
 * the header's own forms; and one of an ensemble with two members under way on both sides of a finished one. */
#define N_WHOLE 5
const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"format\":1,\"kind\":\"checkpoint\",\"architecture\":{\"n\":[3,2,1],\"activation\":\"tanh\"},"
	          "\"parts\":[\"weights\",\"first\",\"second\",\"best\",\"start\",\"start_first\",\"start_second\"],"
	          "\"epochs\":3,\"steps\":2,\"loss_sum\":1.25,\"least_loss\":0.4375,\"recoveries\":1,\"best_epoch\":2,"
	          "\"best\":{\"rows\":20,\"weight\":20.5,\"log_loss\":0.5,\"auc\":null,\"accuracy\":0.75},"
	          "\"seconds\":1.5,\"training_seconds\":1.25,\"epoch_seconds\":0.5}"),
	FUZZ_TEXT("{\"format\":2,\"kind\":\"checkpoint\",\"architecture\":{\"n\":[3,2,1],\"activation\":\"relu\","
	          "\"embedded\":[0,2],\"scaled\":true},\"ensemble\":3,\"members\":[{\"epochs_run\":12,\"best_epoch\":2,"
	          "\"recoveries\":0,\"seconds\":0.25,\"rows_per_second\":1000000},{\"epochs_run\":9,\"best_epoch\":4,"
	          "\"recoveries\":1,\"seconds\":0.125,\"rows_per_second\":0.5}],\"parts\":[\"weights\",\"first\"],"
	          "\"epochs\":0,\"steps\":0,\"loss_sum\":0,\"least_loss\":null,\"recoveries\":0,\"best_epoch\":0,\"best\":null,"
	          "\"seconds\":0,\"training_seconds\":0,\"epoch_seconds\":0}"),
	FUZZ_TEXT("{\"format\":3,\"kind\":\"checkpoint\",\"architecture\":{\"n\":[3,2,1],\"activation\":\"mish\","
	          "\"parametric\":true,\"binned\":[{\"feature\":0,\"edges\":[-1,0.5,2]},{\"feature\":2,\"edges\":[0,1]}]},"
	          "\"parts\":[\"weights\",\"first\"],\"epochs\":0,\"steps\":0,\"loss_sum\":0,\"least_loss\":null,"
	          "\"recoveries\":0,\"best_epoch\":0,\"best\":null,\"seconds\":0,\"training_seconds\":0,"
	          "\"epoch_seconds\":0}"),
	FUZZ_TEXT("={\"__metadata__\":{\"colonnade\":\"{\\\"format\\\":2,\\\"kind\\\":\\\"checkpoint\\\","
	          "\\\"architecture\\\":{\\\"n\\\":[2,1],\\\"activation\\\":\\\"relu\\\"},\\\"ensemble\\\":2,"
	          "\\\"members\\\":[{\\\"epochs_run\\\":1,\\\"best_epoch\\\":1,\\\"recoveries\\\":0,\\\"seconds\\\":0,"
	          "\\\"rows_per_second\\\":0}],\\\"parts\\\":[\\\"weights\\\"],\\\"epochs\\\":0,\\\"steps\\\":1,\\\"loss_sum\\\":1,"
	          "\\\"least_loss\\\":1,\\\"recoveries\\\":0,\\\"best_epoch\\\":0,\\\"best\\\":null,\\\"seconds\\\":0,"
	          "\\\"training_seconds\\\":0,\\\"epoch_seconds\\\":0}\",\"colonnade_identity\":\"{\\\"seed\\\":\\\"1\\\"}\","
	          "\"colonnade_note\":\"{}\",\"colonnade_checksum\":\"0000000000000000\"},"
	          "\"members.0.layers.0.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
	          "\"members.0.layers.0.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
	          "\"layers.0.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[12,20]},"
	          "\"layers.0.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[20,24]}}"),
	FUZZ_TEXT("{\"format\":3,\"kind\":\"checkpoint\",\"architecture\":{\"n\":[3,2,1],\"activation\":\"relu\"},"
	          "\"ensemble\":5,\"seconds\":2.5,\"members\":[{\"member\":1,\"epochs_run\":12,\"best_epoch\":2,"
	          "\"recoveries\":0,\"seconds\":0.25,\"rows_per_second\":1000000}],\"under_way\":["
	          "{\"member\":0,\"parts\":[\"weights\",\"first\",\"best\"],\"epochs\":3,\"steps\":2,\"loss_sum\":1.25,"
	          "\"least_loss\":0.4375,\"recoveries\":1,\"best_epoch\":2,\"best\":{\"rows\":20,\"weight\":20.5,"
	          "\"log_loss\":0.5,\"auc\":null,\"accuracy\":0.75},\"seconds\":1.5,\"training_seconds\":1.25,"
	          "\"epoch_seconds\":0.5},{\"member\":2,\"parts\":[\"weights\",\"first\"],\"epochs\":0,\"steps\":1,"
	          "\"loss_sum\":0.5,\"least_loss\":0.5,\"recoveries\":0,\"best_epoch\":0,\"best\":null,\"seconds\":0,"
	          "\"training_seconds\":0,\"epoch_seconds\":0}]}"),
	FUZZ_TEXT("\x08\0\0\0\0\0\0\0{\"a\":{}}\0\0\0\0"),
};
#define HEADER_TENSORS 24 /* bytes, of the fourth seed */
const size_t n_fuzz_seeds = sizeof fuzz_seeds / sizeof *fuzz_seeds;

static bool try_file(char *bytes, size_t length)
{
	struct cln_checkpoint *checkpoint = NULL;
	struct cln_error err = {0};
	char *again = NULL;
	size_t again_length = 0;
	struct cln_position position;
	model_seal(bytes, length);
	if (checkpoint_decode(&checkpoint, bytes, length, "input", &err) != CLN_OK) {
		FUZZ_REQUIRE(!checkpoint && err.code == CLN_E_DAMAGED && strncmp(err.message, "input: ", strlen("input: ")) == 0);
		return false;
	}
	const char *note = cln_checkpoint_note(checkpoint);
	FUZZ_REQUIRE(checkpoint_encode(&again, &again_length, checkpoint, note, &err) == CLN_OK);
	FUZZ_REQUIRE(again_length == length && memcmp(again, bytes, length) == 0);
	cln_checkpoint_position(checkpoint, &position);
	FUZZ_REQUIRE(position.under_way > 0);
	FUZZ_REQUIRE(checkpoint->ensemble == 0 || position.finished + position.under_way <= checkpoint->ensemble);
	FUZZ_REQUIRE(checkpoint->ensemble > 0 || position.finished + position.under_way == 1);
	mem_free(again);
	cln_checkpoint_destroy(checkpoint);
	return true;
}

/* What a list of parts names, wherever it does; a name may be part of another one. */
static void declare_parts(struct safetensors_writer *writer, const char *list, const char *member, const struct network *net)
{
	static const char *const names[][2] = {
		{"\"weights\"", ""}, {"\"first\"", "first."}, {"\"second\"", "second."}, {"\"best\"", "best."},
		{"\"start\"", "start."}, {"\"start_first\"", "start_first."}, {"\"start_second\"", "start_second."}};
	const char *end = strchr(list, ']');
	char prefix[64];
	for (size_t i = 0; end && i < sizeof names / sizeof *names; i++) {
		snprintf(prefix, sizeof prefix, "%s%s", member, names[i][1]);
		if (memmem(list, (size_t)(end - list), names[i][0], strlen(names[i][0])))
			tensors_declare(writer, prefix, net);
	}
}

/* The number behind a name that stands no more than a few bytes before `at`; `otherwise` where there is none. */
static size_t number_before(const char *document, const char *at, const char *name, size_t otherwise)
{
	for (const char *from = at; from > document && at - from < 24; from--)
		if (strncmp(from, name, strlen(name)) == 0)
			return (size_t)strtoull(from + strlen(name), NULL, 10);
	return otherwise;
}

/* The parts of every member under way; in the older formats of the only one, without its number. */
static void declare_states(struct safetensors_writer *writer, const char *document, const struct network *net)
{
	const bool numbered = strstr(document, "\"under_way\"") != NULL;
	char member[32] = "";
	for (const char *at = document; (at = strstr(at, "\"parts\":[")) != NULL; at++) {
		if (numbered)
			snprintf(member, sizeof member, "members.%zu.", number_before(document, at, "\"member\":", 0));
		declare_parts(writer, at, member, net);
	}
}

static void declare_members(struct safetensors_writer *writer, const char *document, const struct network *net)
{
	char prefix[32];
	size_t k = 0;
	for (const char *at = document; (at = strstr(at, "\"epochs_run\"")) != NULL; at++, k++) {
		snprintf(prefix, sizeof prefix, "members.%zu.", number_before(document, at, "\"member\":", k));
		tensors_declare(writer, prefix, net);
	}
}

static bool try_document(const char *document)
{
	static const size_t n[] = {3, 2, 1};
	static const uint32_t embedded[] = {0, 2}, first_edge[] = {0, 3, 5};
	static const float edges[] = {-1, 0.5f, 2, 0, 1};
	const struct front front = {.numbers = embedded,
	                            .n_numbers = strstr(document, "\"embedded\"") ? 2 : 0,
	                            .scaling = strstr(document, "\"scaled\":true") != NULL,
	                            .binned = embedded,
	                            .first_edge = first_edge,
	                            .edges = edges,
	                            .n_binned = strstr(document, "\"binned\"") ? 2 : 0,
	                            .parametric = strstr(document, "\"parametric\":true") != NULL};
	struct safetensors_writer writer;
	struct network *net;
	FUZZ_REQUIRE(network_create(&net, n, 2, CLN_TANH, &front, NULL) == CLN_OK);
	safetensors_begin(&writer);
	safetensors_write_metadata(&writer, "colonnade", document);
	safetensors_write_metadata(&writer, "colonnade_identity", "{}");
	safetensors_write_metadata(&writer, "colonnade_note", "");
	safetensors_write_checksum(&writer, "colonnade_checksum");
	declare_members(&writer, document, net);
	declare_states(&writer, document, net);
	FUZZ_REQUIRE(safetensors_end(&writer, NULL) == CLN_OK);
	add_zeros(&writer.text, writer.data_length);
	const bool read = try_file(writer.text.bytes, writer.text.length);
	safetensors_writer_free(&writer);
	network_destroy(net);
	return read;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct fuzz_tensors target = {try_file, try_document, N_WHOLE, HEADER_TENSORS};
	return fuzz_tensors(&target, data, size);
}
