/* SPDX-License-Identifier: MIT
 * Any bytes are a model or are refused; what was read is written as the same bytes, and can be described.  The first byte of an
 * input says what follows: '{' a document, which is put into a file with the tensors of a network 6-2-1, or of two members where it
 * speaks of some, with a table of 3 levels of 2 values each where it speaks of categories; '=' a header, which gets its length,
 * padding and tensors of zeros; anything else is a file as it is.  The checksum is made right, else nothing behind it would ever be
 * reached. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "model/model.h"
#include "model/safetensors.h"

#define CHECKSUM_KEY "\"colonnade_checksum\":\""

static const size_t n[] = {6, 2, 1};
#define L 2

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"format\":2,\"kind\":\"model\",\"label\":{\"column\":\"y\",\"negative\":\"no\",\"positive\":\"yes\"},"
	          "\"weight\":\"w\",\"threshold\":0.5,\"columns\":[{\"name\":\"age\",\"type\":\"numeric\",\"features\":2,"
	          "\"has_missing\":true,\"transform\":\"quantile\",\"impute\":37,\"knots\":[17,37.5,90],\"scores\":[-3.5,0,4],"
	          "\"two_valued\":true},"
	          "{\"name\":\"sex\",\"type\":\"categorical\",\"features\":1,\"has_missing\":false,\"two_valued\":true,"
	          "\"levels\":[\"f\",\"m\"],\"rare\":[]},{\"name\":\"job\",\"type\":\"categorical\",\"features\":3,"
	          "\"has_missing\":true,\"two_valued\":false,\"levels\":[\"a\"],\"rare\":[\"b\",\"c\"]},{\"name\":\"one\","
	          "\"type\":\"numeric\",\"features\":0}],\"architecture\":{\"n\":[6,2,1],\"activation\":\"relu\"},"
	          "\"training\":{\"recipe\":\"plain\",\"seed\":\"1\",\"valid_fraction\":0.2,\"test_fraction\":0,"
	          "\"class_weight\":\"none\",\"negative_class_weight\":1,\"positive_class_weight\":1,\"scale\":\"robust\","
	          "\"max_levels\":255,\"init\":\"he\",\"optimizer\":\"adamw\",\"learning_rate\":0.001,\"momentum\":0.9,"
	          "\"beta1\":0.9,\"beta2\":0.999,\"epsilon\":1e-08,\"schedule\":\"constant\",\"warmup_fraction\":0,"
	          "\"step_epochs\":10,\"step_factor\":0.5,\"batch_size\":256,\"epochs\":30,\"l1\":0,\"l2\":0,"
	          "\"weight_decay\":0,\"dropout\":0,\"label_smoothing\":0,\"clip_norm\":0,\"patience\":10,"
	          "\"metric\":\"log_loss\",\"block_size\":0,\"train_rows\":80,\"valid_rows\":20,\"epochs_run\":12,"
	          "\"best_epoch\":2,\"validation\":{\"rows\":20,\"weight\":20,\"log_loss\":0.5,\"auc\":null,"
	          "\"accuracy\":0.75}}}"),
	FUZZ_TEXT("{\"format\":2,\"kind\":\"model\",\"label\":{\"column\":\"y\",\"negative\":\"no\",\"positive\":\"yes\"},"
	          "\"weight\":null,\"threshold\":0.5,\"columns\":[{\"name\":\"job\",\"type\":\"categorical\",\"features\":6,"
	          "\"has_missing\":true,\"two_valued\":false,\"levels\":[\"a\",\"b\",\"c\",\"d\",\"e\"],\"rare\":[]}],"
	          "\"architecture\":{\"n\":[6,2,1],\"activation\":\"relu\"},"
	          "\"members\":[{\"epochs_run\":12,\"best_epoch\":2},{\"epochs_run\":9,\"best_epoch\":4}],"
	          "\"calibration\":{\"method\":\"temperature\",\"temperature\":1.25},"
	          "\"training\":{\"recipe\":\"plain\",\"seed\":\"1\",\"valid_fraction\":0.2,\"test_fraction\":0,"
	          "\"class_weight\":\"none\",\"negative_class_weight\":1,\"positive_class_weight\":1,\"scale\":\"none\","
	          "\"max_levels\":255,\"init\":\"he\",\"optimizer\":\"adamw\",\"learning_rate\":0.001,\"momentum\":0.9,"
	          "\"beta1\":0.9,\"beta2\":0.999,\"epsilon\":1e-08,\"schedule\":\"constant\",\"warmup_fraction\":0,"
	          "\"step_epochs\":10,\"step_factor\":0.5,\"batch_size\":256,\"epochs\":30,\"l1\":0,\"l2\":0,"
	          "\"weight_decay\":0,\"dropout\":0,\"label_smoothing\":0,\"clip_norm\":0,\"patience\":10,"
	          "\"metric\":\"log_loss\",\"block_size\":0,\"train_rows\":80,\"valid_rows\":20,\"validation\":null}}"),
	FUZZ_TEXT("{\"format\":3,\"kind\":\"model\",\"label\":{\"column\":\"y\",\"negative\":\"no\",\"positive\":\"yes\"},"
	          "\"weight\":null,\"threshold\":0.5,\"columns\":[{\"name\":\"job\",\"type\":\"categorical\",\"features\":4,"
	          "\"has_missing\":true,\"two_valued\":false,\"levels\":[\"a\",\"b\",\"c\"],\"rare\":[]},{\"name\":\"town\","
	          "\"type\":\"categorical\",\"features\":2,\"has_missing\":true,\"two_valued\":false,\"levels\":[\"p\",\"q\"],"
	          "\"rare\":[\"r\"],\"numbered\":true}],\"architecture\":{\"n\":[6,2,1],\"activation\":\"relu\","
	          "\"categories\":[4],\"category_rows\":[3],\"category_values\":2},"
	          "\"members\":[{\"epochs_run\":12,\"best_epoch\":2},{\"epochs_run\":9,\"best_epoch\":4}],"
	          "\"training\":{\"recipe\":\"plain\",\"seed\":\"1\",\"valid_fraction\":0.2,\"test_fraction\":0,"
	          "\"class_weight\":\"none\",\"negative_class_weight\":1,\"positive_class_weight\":1,\"scale\":\"none\","
	          "\"max_levels\":255,\"init\":\"he\",\"optimizer\":\"adamw\",\"learning_rate\":0.001,\"momentum\":0.9,"
	          "\"beta1\":0.9,\"beta2\":0.999,\"epsilon\":1e-08,\"schedule\":\"constant\",\"warmup_fraction\":0,"
	          "\"step_epochs\":10,\"step_factor\":0.5,\"batch_size\":256,\"epochs\":30,\"l1\":0,\"l2\":0,"
	          "\"weight_decay\":0,\"dropout\":0,\"label_smoothing\":0,\"clip_norm\":0,\"patience\":10,"
	          "\"metric\":\"log_loss\",\"block_size\":0,\"one_hot_levels\":2,\"level_rows\":1,\"level_values\":2,"
	          "\"train_rows\":80,\"valid_rows\":20,\"validation\":null}}"),
	FUZZ_TEXT("={\"__metadata__\":{\"colonnade\":\"{\\\"format\\\":1,\\\"kind\\\":\\\"model\\\","
	          "\\\"label\\\":{\\\"column\\\":\\\"y\\\",\\\"negative\\\":\\\"0\\\",\\\"positive\\\":\\\"1\\\"},"
	          "\\\"weight\\\":null,\\\"threshold\\\":0.5,\\\"columns\\\":[{\\\"name\\\":\\\"x\\\","
	          "\\\"type\\\":\\\"numeric\\\",\\\"features\\\":1,\\\"has_missing\\\":false,\\\"transform\\\":\\\"none\\\","
	          "\\\"impute\\\":0,\\\"center\\\":0,\\\"scale\\\":1}],\\\"architecture\\\":{\\\"n\\\":[1,16,1],"
	          "\\\"activation\\\":\\\"tanh\\\"},\\\"training\\\":{\\\"recipe\\\":\\\"\\\",\\\"seed\\\":\\\"0\\\","
	          "\\\"valid_fraction\\\":0,\\\"test_fraction\\\":0,\\\"class_weight\\\":\\\"none\\\","
	          "\\\"negative_class_weight\\\":1,\\\"positive_class_weight\\\":1,\\\"scale\\\":\\\"none\\\","
	          "\\\"max_levels\\\":1,\\\"init\\\":\\\"auto\\\",\\\"optimizer\\\":\\\"sgd\\\",\\\"learning_rate\\\":0,"
	          "\\\"momentum\\\":0,\\\"beta1\\\":0,\\\"beta2\\\":0,\\\"epsilon\\\":0,\\\"schedule\\\":\\\"step\\\","
	          "\\\"warmup_fraction\\\":0,\\\"step_epochs\\\":0,\\\"step_factor\\\":0,\\\"batch_size\\\":0,\\\"epochs\\\":0,"
	          "\\\"l1\\\":0,\\\"l2\\\":0,\\\"weight_decay\\\":0,\\\"dropout\\\":0,\\\"label_smoothing\\\":0,"
	          "\\\"clip_norm\\\":0,\\\"patience\\\":0,\\\"metric\\\":\\\"auc\\\",\\\"block_size\\\":0,\\\"train_rows\\\":0,"
	          "\\\"valid_rows\\\":0,\\\"epochs_run\\\":0,\\\"best_epoch\\\":0,\\\"validation\\\":null}}\","
	          "\"colonnade_checksum\":\"0000000000000000\"},\"layers.0.weight\":{\"dtype\":\"F32\",\"shape\":[16,1],"
	          "\"data_offsets\":[0,64]},\"layers.0.bias\":{\"dtype\":\"F32\",\"shape\":[16],\"data_offsets\":[64,128]},"
	          "\"layers.1.weight\":{\"dtype\":\"F32\",\"shape\":[1,16],\"data_offsets\":[128,192]},"
	          "\"layers.1.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[192,196]}}"),
	FUZZ_TEXT("\x08\0\0\0\0\0\0\0{\"a\":{}}\0\0\0\0"),
};
#define HEADER_TENSORS 196 /* bytes, of the second seed */
const size_t n_fuzz_seeds = sizeof fuzz_seeds / sizeof *fuzz_seeds;

/* Decodes a file that is changed for that: its checksum is made right. */
static void try_file(char *bytes, size_t length)
{
	struct cln_model *model = NULL;
	struct cln_error err;
	char *again = NULL, *text = NULL, *key = memmem(bytes, length, CHECKSUM_KEY, strlen(CHECKSUM_KEY));
	char digits[SAFETENSORS_CHECKSUM + 1];
	size_t again_length = 0;
	if (key && (size_t)(bytes + length - key) >= strlen(CHECKSUM_KEY) + SAFETENSORS_CHECKSUM) {
		safetensors_checksum(digits, bytes, length, (size_t)(key - bytes) + strlen(CHECKSUM_KEY));
		memcpy(key + strlen(CHECKSUM_KEY), digits, SAFETENSORS_CHECKSUM);
	}
	if (model_decode(&model, bytes, length, "input", &err) != CLN_OK) {
		FUZZ_REQUIRE(!model && err.code == CLN_E_DAMAGED && strncmp(err.message, "input: ", strlen("input: ")) == 0);
		return;
	}
	FUZZ_REQUIRE(model_encode(&again, &again_length, model, &err) == CLN_OK);
	FUZZ_REQUIRE(again_length == length && memcmp(again, bytes, length) == 0);
	for (int json = 0; json < 2; json++) {
		FUZZ_REQUIRE(cln_model_describe(model, json, &text, &err) == CLN_OK);
		cln_free(text);
	}
	mem_free(again);
	cln_model_destroy(model);
}

static void add_zeros(struct text *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		text_add(text, "\0", 1);
	FUZZ_REQUIRE(!text->failed);
}

static void write_tensors(struct safetensors_writer *writer, const char *prefix, bool levels)
{
	char name[64];
	for (size_t l = 1; l <= L; l++) {
		const size_t shape[] = {n[l], n[l - 1] + (levels && l == 1)};
		snprintf(name, sizeof name, "%slayers.%zu.weight", prefix, l - 1);
		safetensors_write_tensor(writer, name, shape, 2);
		snprintf(name, sizeof name, "%slayers.%zu.bias", prefix, l - 1);
		safetensors_write_tensor(writer, name, shape, 1);
	}
	snprintf(name, sizeof name, "%scategory.weight", prefix);
	if (levels)
		safetensors_write_tensor(writer, name, (const size_t[]){3, 2}, 2);
}

static void try_document(const char *document)
{
	struct safetensors_writer writer;
	safetensors_begin(&writer);
	safetensors_write_metadata(&writer, "colonnade", document);
	safetensors_write_checksum(&writer, "colonnade_checksum");
	const bool levels = strstr(document, "\"categories\"") != NULL;
	if (strstr(document, "\"members\"")) {
		write_tensors(&writer, "members.0.", levels);
		write_tensors(&writer, "members.1.", levels);
	} else {
		write_tensors(&writer, "", levels);
	}
	FUZZ_REQUIRE(safetensors_end(&writer, NULL) == CLN_OK);
	add_zeros(&writer.text, writer.data_length);
	try_file(writer.text.bytes, writer.text.length);
	safetensors_writer_free(&writer);
}

static void try_header(const char *header, size_t size)
{
	struct text file = {0};
	text_add(&file, "\0\0\0\0\0\0\0\0", 8);
	text_add(&file, header, size);
	while (file.length % SAFETENSORS_ALIGN && !file.failed)
		text_add(&file, " ", 1);
	uint64_t length = file.length - 8;
	FUZZ_REQUIRE(!file.failed);
	memcpy(file.bytes, &length, sizeof length);
	add_zeros(&file, HEADER_TENSORS);
	try_file(file.bytes, file.length);
	text_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = mem_copy((const char *)data, size, NULL);
	FUZZ_REQUIRE(copy);
	if (copy[0] == '{')
		try_document(copy);
	else if (copy[0] == '=')
		try_header(copy + 1, size - 1);
	else
		try_file(copy, size);
	mem_free(copy);
	return 0;
}
