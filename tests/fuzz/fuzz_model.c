/* SPDX-License-Identifier: MIT
 * Any bytes are a model or are refused; what was read is written as the same bytes, and can be described and exported.  A document
 * is put into a file with the tensors of a network 6-2-1 and of the front that it speaks of (of categories one with 3 levels of 2
 * values each), or of two members where it speaks of some. */
#include "check_tensors.h"

#include "../model_seal.h"
#include "model/model.h"
#include "model/tensors.h"

static const size_t n[] = {6, 2, 1};
#define L 2

/* The first N_WHOLE are models as they stand. */
#define N_WHOLE 4
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
	FUZZ_TEXT("{\"format\":3,\"kind\":\"model\",\"label\":{\"column\":\"y\",\"negative\":\"no\",\"positive\":\"yes\"},"
	          "\"weight\":null,\"threshold\":0.5,\"columns\":[{\"name\":\"job\",\"type\":\"categorical\",\"features\":6,"
	          "\"has_missing\":true,\"two_valued\":false,\"levels\":[\"a\",\"b\",\"c\",\"d\",\"e\"],\"rare\":[]}],"
	          "\"architecture\":{\"n\":[6,2,1],\"activation\":\"relu\",\"embedded\":[0,5],\"scaled\":true,"
	          "\"parametric\":true,\"binned\":[{\"feature\":0,\"edges\":[-1,0.5,2]},{\"feature\":5,\"edges\":[0,1]}]},"
	          "\"training\":{\"recipe\":\"plain\",\"seed\":\"1\",\"valid_fraction\":0.2,\"test_fraction\":0,"
	          "\"class_weight\":\"none\",\"negative_class_weight\":1,\"positive_class_weight\":1,\"scale\":\"none\","
	          "\"max_levels\":255,\"init\":\"he\",\"optimizer\":\"adamw\",\"learning_rate\":0.001,\"momentum\":0.9,"
	          "\"beta1\":0.9,\"beta2\":0.999,\"epsilon\":1e-08,\"schedule\":\"constant\",\"warmup_fraction\":0,"
	          "\"step_epochs\":10,\"step_factor\":0.5,\"batch_size\":256,\"epochs\":30,\"l1\":0,\"l2\":0,"
	          "\"weight_decay\":0,\"dropout\":0,\"label_smoothing\":0,\"clip_norm\":0,\"patience\":10,"
	          "\"metric\":\"log_loss\",\"block_size\":0,\"embedding\":\"both\",\"bins\":9,\"parametric_activation\":true,"
	          "\"train_rows\":80,\"valid_rows\":20,\"epochs_run\":12,\"best_epoch\":2,\"validation\":null}}"),
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
#define HEADER_TENSORS 196 /* bytes, of the seed with a header */
const size_t n_fuzz_seeds = sizeof fuzz_seeds / sizeof *fuzz_seeds;

static bool try_file(char *bytes, size_t length)
{
	struct cln_model *model = NULL;
	struct cln_error err;
	char *again = NULL, *text = NULL;
	size_t again_length = 0;
	model_seal(bytes, length);
	if (model_decode(&model, bytes, length, "input", &err) != CLN_OK) {
		FUZZ_REQUIRE(!model && err.code == CLN_E_DAMAGED && strncmp(err.message, "input: ", strlen("input: ")) == 0);
		return false;
	}
	FUZZ_REQUIRE(model_encode(&again, &again_length, model, &err) == CLN_OK);
	FUZZ_REQUIRE(again_length == length && memcmp(again, bytes, length) == 0);
	for (int json = 0; json < 2; json++) {
		FUZZ_REQUIRE(cln_model_describe(model, json, &text, &err) == CLN_OK);
		cln_free(text);
	}
	for (int format = 0; format < CLN_N_EXPORTS; format++) {
		FUZZ_REQUIRE(cln_model_export(model, (enum cln_export)format, &text, &again_length, &err) == CLN_OK);
		FUZZ_REQUIRE(again_length > 0 && text[again_length] == '\0');
		cln_free(text);
	}
	mem_free(again);
	cln_model_destroy(model);
	return true;
}

/* The network that the document speaks of, as far as that can be told without reading it. */
static struct network *make_network(const char *document)
{
	static const uint32_t chosen[] = {0, 5}, first_edge[] = {0, 3, 5};
	static const float edges[] = {-1, 0.5f, 2, 0, 1};
	static const struct category category = {.feature = 4, .n_rows = 3};
	const struct front front = {.numbers = chosen,
	                            .n_numbers = strstr(document, "\"embedded\"") ? 2 : 0,
	                            .scaling = strstr(document, "\"scaled\":true") != NULL,
	                            .categories = &category,
	                            .n_categories = strstr(document, "\"categories\"") ? 1 : 0,
	                            .values = 2,
	                            .binned = chosen,
	                            .first_edge = first_edge,
	                            .edges = edges,
	                            .n_binned = strstr(document, "\"binned\"") ? 2 : 0,
	                            .parametric = strstr(document, "\"parametric\":true") != NULL};
	struct network *net;
	FUZZ_REQUIRE(network_create(&net, n, L, CLN_RELU, &front, NULL) == CLN_OK);
	return net;
}

static bool try_document(const char *document)
{
	struct safetensors_writer writer;
	struct network *net = make_network(document);
	safetensors_begin(&writer);
	safetensors_write_metadata(&writer, "colonnade", document);
	safetensors_write_checksum(&writer, "colonnade_checksum");
	if (strstr(document, "\"members\"")) {
		tensors_declare(&writer, "members.0.", net);
		tensors_declare(&writer, "members.1.", net);
	} else {
		tensors_declare(&writer, "", net);
	}
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
