/* SPDX-License-Identifier: MIT
 * The numbers of fields are those of onnx/onnx.proto. */
#include "model/onnx_graph.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define ONNX_NAME 256

enum {
	MODEL_IR_VERSION = 1, MODEL_PRODUCER_NAME = 2, MODEL_PRODUCER_VERSION = 3, MODEL_DOC_STRING = 6, MODEL_GRAPH = 7,
	MODEL_OPSET_IMPORT = 8, MODEL_METADATA_PROPS = 14,
	GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12,
	NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP_TYPE = 4, NODE_ATTRIBUTE = 5, NODE_DOMAIN = 7,
	ATTRIBUTE_NAME = 1, ATTRIBUTE_F = 2, ATTRIBUTE_I = 3, ATTRIBUTE_FLOATS = 7, ATTRIBUTE_INTS = 8, ATTRIBUTE_STRINGS = 9,
	ATTRIBUTE_TYPE = 20,
	TENSOR_DIMS = 1, TENSOR_DATA_TYPE = 2, TENSOR_STRING_DATA = 6, TENSOR_NAME = 8, TENSOR_RAW_DATA = 9,
	VALUE_NAME = 1, VALUE_TYPE = 2, VALUE_DOC_STRING = 3,
	TYPE_TENSOR = 1, TENSOR_TYPE_ELEMENT = 1, TENSOR_TYPE_SHAPE = 2, SHAPE_DIM = 1, DIM_VALUE = 1, DIM_PARAM = 2,
	OPSET_DOMAIN = 1, OPSET_VERSION = 2,
	ENTRY_KEY = 1, ENTRY_VALUE = 2
};
enum attribute_type { TYPE_FLOAT = 1, TYPE_INT = 2, TYPE_FLOATS = 6, TYPE_INTS = 7, TYPE_STRINGS = 8 };

/* ---------------------------------------------------------------- values */

static void name_field(struct text *out, unsigned field, const struct onnx_graph *graph, struct onnx_value value)
{
	struct text name = {0};
	if (value.name) {
		protobuf_string(out, field, value.name);
		return;
	}
	text_addf(&name, "%s%zu", graph->prefix, value.number);
	protobuf_message(out, field, &name);
}

static struct onnx_value next_value(struct onnx_graph *graph) { return (struct onnx_value){.number = graph->n_values++}; }

static size_t begin_constant(struct text *tensor, const size_t *dims, size_t n_dims, enum onnx_type type)
{
	size_t n = 1;
	for (size_t i = 0; i < n_dims; i++) {
		protobuf_int(tensor, TENSOR_DIMS, (int64_t)dims[i]);
		n *= dims[i];
	}
	protobuf_int(tensor, TENSOR_DATA_TYPE, type);
	return n;
}

static struct onnx_value end_constant(struct onnx_graph *graph, struct text *tensor)
{
	const struct onnx_value value = next_value(graph);
	name_field(tensor, TENSOR_NAME, graph, value);
	protobuf_message(&graph->constants, GRAPH_INITIALIZER, tensor);
	return value;
}

/* raw_data is little-endian; so are the machines that this is built for, but for some. */
static void raw_data(struct text *tensor, const void *values, size_t n, size_t size)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	struct text turned = {0};
	for (size_t i = 0; i < n; i++)
		for (size_t k = size; k-- > 0;)
			text_add(&turned, (const char *)values + i * size + k, 1);
	protobuf_message(tensor, TENSOR_RAW_DATA, &turned);
#else
	protobuf_bytes(tensor, TENSOR_RAW_DATA, values, n * size);
#endif
}

struct onnx_value onnx_floats(struct onnx_graph *graph, const float *values, const size_t *dims, size_t n_dims)
{
	struct text tensor = {0};
	const size_t n = begin_constant(&tensor, dims, n_dims, ONNX_FLOAT);
	raw_data(&tensor, values, n, sizeof *values);
	return end_constant(graph, &tensor);
}

struct onnx_value onnx_doubles(struct onnx_graph *graph, const double *values, const size_t *dims, size_t n_dims)
{
	struct text tensor = {0};
	const size_t n = begin_constant(&tensor, dims, n_dims, ONNX_DOUBLE);
	raw_data(&tensor, values, n, sizeof *values);
	return end_constant(graph, &tensor);
}

struct onnx_value onnx_ints(struct onnx_graph *graph, const int64_t *values, const size_t *dims, size_t n_dims)
{
	struct text tensor = {0};
	const size_t n = begin_constant(&tensor, dims, n_dims, ONNX_INT64);
	raw_data(&tensor, values, n, sizeof *values);
	return end_constant(graph, &tensor);
}

struct onnx_value onnx_string(struct onnx_graph *graph, const char *value)
{
	struct text tensor = {0};
	begin_constant(&tensor, NULL, 0, ONNX_STRING);
	protobuf_string(&tensor, TENSOR_STRING_DATA, value);
	return end_constant(graph, &tensor);
}

/* ---------------------------------------------------------------- nodes */

static void end_attribute(struct text *attributes, const char *name, struct text *attribute, enum attribute_type type)
{
	protobuf_string(attribute, ATTRIBUTE_NAME, name);
	protobuf_int(attribute, ATTRIBUTE_TYPE, type);
	protobuf_message(attributes, NODE_ATTRIBUTE, attribute);
}

void onnx_attribute_int(struct text *attributes, const char *name, int64_t value)
{
	struct text attribute = {0};
	protobuf_int(&attribute, ATTRIBUTE_I, value);
	end_attribute(attributes, name, &attribute, TYPE_INT);
}

void onnx_attribute_float(struct text *attributes, const char *name, float value)
{
	struct text attribute = {0};
	protobuf_float(&attribute, ATTRIBUTE_F, value);
	end_attribute(attributes, name, &attribute, TYPE_FLOAT);
}

void onnx_attribute_ints(struct text *attributes, const char *name, const int64_t *values, size_t n)
{
	struct text attribute = {0};
	for (size_t i = 0; i < n; i++)
		protobuf_int(&attribute, ATTRIBUTE_INTS, values[i]);
	end_attribute(attributes, name, &attribute, TYPE_INTS);
}

void onnx_attribute_floats(struct text *attributes, const char *name, const float *values, size_t n)
{
	struct text attribute = {0};
	for (size_t i = 0; i < n; i++)
		protobuf_float(&attribute, ATTRIBUTE_FLOATS, values[i]);
	end_attribute(attributes, name, &attribute, TYPE_FLOATS);
}

void onnx_attribute_strings(struct text *attributes, const char *name, const char *const *values, size_t n)
{
	struct text attribute = {0};
	for (size_t i = 0; i < n; i++)
		protobuf_string(&attribute, ATTRIBUTE_STRINGS, values[i]);
	end_attribute(attributes, name, &attribute, TYPE_STRINGS);
}

static void add_node(struct onnx_graph *graph, const char *op, const struct onnx_value *inputs, size_t n_inputs,
		     struct text *attributes, struct onnx_value output)
{
	struct text node = {0};
	for (size_t i = 0; i < n_inputs; i++)
		name_field(&node, NODE_INPUT, graph, inputs[i]);
	name_field(&node, NODE_OUTPUT, graph, output);
	name_field(&node, NODE_NAME, graph, output);
	protobuf_string(&node, NODE_OP_TYPE, op);
	if (strcmp(op, "LabelEncoder") == 0) {
		protobuf_string(&node, NODE_DOMAIN, "ai.onnx.ml");
		graph->has_ml = true;
	}
	if (attributes)
		protobuf_join(&node, attributes);
	protobuf_message(&graph->nodes, GRAPH_NODE, &node);
}

struct onnx_value onnx_node(struct onnx_graph *graph, const char *op, const struct onnx_value *inputs, size_t n_inputs,
			    struct text *attributes)
{
	const struct onnx_value output = next_value(graph);
	add_node(graph, op, inputs, n_inputs, attributes, output);
	return output;
}

struct onnx_value onnx_1(struct onnx_graph *graph, const char *op, struct onnx_value a)
{
	return onnx_node(graph, op, &a, 1, NULL);
}

struct onnx_value onnx_2(struct onnx_graph *graph, const char *op, struct onnx_value a, struct onnx_value b)
{
	return onnx_node(graph, op, (struct onnx_value[]){a, b}, 2, NULL);
}

struct onnx_value onnx_3(struct onnx_graph *graph, const char *op, struct onnx_value a, struct onnx_value b, struct onnx_value c)
{
	return onnx_node(graph, op, (struct onnx_value[]){a, b, c}, 3, NULL);
}

struct onnx_value onnx_cast(struct onnx_graph *graph, struct onnx_value a, enum onnx_type to)
{
	struct text attributes = {0};
	onnx_attribute_int(&attributes, "to", to);
	return onnx_node(graph, "Cast", &a, 1, &attributes);
}

struct onnx_value onnx_concat(struct onnx_graph *graph, const struct onnx_value *parts, size_t n)
{
	struct text attributes = {0};
	if (n == 1)
		return *parts;
	onnx_attribute_int(&attributes, "axis", 1);
	return onnx_node(graph, "Concat", parts, n, &attributes);
}

struct onnx_value onnx_gather(struct onnx_graph *graph, struct onnx_value from, struct onnx_value at, int64_t axis)
{
	struct text attributes = {0};
	onnx_attribute_int(&attributes, "axis", axis);
	return onnx_node(graph, "Gather", (struct onnx_value[]){from, at}, 2, &attributes);
}

struct onnx_value onnx_transpose(struct onnx_graph *graph, struct onnx_value a, const int64_t *order, size_t n)
{
	struct text attributes = {0};
	onnx_attribute_ints(&attributes, "perm", order, n);
	return onnx_node(graph, "Transpose", &a, 1, &attributes);
}

/* ---------------------------------------------------------------- inputs, outputs, the model */

static void add_dimension(struct text *shape, const char *param)
{
	struct text dimension = {0};
	if (param)
		protobuf_string(&dimension, DIM_PARAM, param);
	else
		protobuf_int(&dimension, DIM_VALUE, 1);
	protobuf_message(shape, SHAPE_DIM, &dimension);
}

static void add_value_info(struct text *out, unsigned field, const char *name, enum onnx_type element, const char *description)
{
	struct text shape = {0}, tensor = {0}, type = {0}, value = {0};
	add_dimension(&shape, "N");
	add_dimension(&shape, NULL);
	protobuf_int(&tensor, TENSOR_TYPE_ELEMENT, element);
	protobuf_message(&tensor, TENSOR_TYPE_SHAPE, &shape);
	protobuf_message(&type, TYPE_TENSOR, &tensor);
	protobuf_string(&value, VALUE_NAME, name);
	protobuf_message(&value, VALUE_TYPE, &type);
	protobuf_string(&value, VALUE_DOC_STRING, description);
	protobuf_message(out, field, &value);
}

struct onnx_value onnx_input(struct onnx_graph *graph, const char *name, enum onnx_type type, const char *description)
{
	add_value_info(&graph->inputs, GRAPH_INPUT, name, type, description);
	return (struct onnx_value){.name = name};
}

void onnx_output(struct onnx_graph *graph, struct onnx_value value, const char *name, enum onnx_type type, const char *description)
{
	add_node(graph, "Identity", &value, 1, NULL, (struct onnx_value){.name = name});
	add_value_info(&graph->outputs, GRAPH_OUTPUT, name, type, description);
}

static void add_opset(struct text *model, const char *domain, int64_t version)
{
	struct text opset = {0};
	if (*domain)
		protobuf_string(&opset, OPSET_DOMAIN, domain);
	protobuf_int(&opset, OPSET_VERSION, version);
	protobuf_message(model, MODEL_OPSET_IMPORT, &opset);
}

void onnx_graph_free(struct onnx_graph *graph)
{
	text_free(&graph->nodes);
	text_free(&graph->constants);
	text_free(&graph->inputs);
	text_free(&graph->outputs);
}

enum cln_status onnx_graph_end(struct text *out, struct onnx_graph *graph, const char *description,
			       const struct onnx_metadata *metadata, size_t n, struct cln_error *err)
{
	struct text fields = {0};
	protobuf_int(out, MODEL_IR_VERSION, ONNX_IR_VERSION);
	protobuf_string(out, MODEL_PRODUCER_NAME, "colonnade");
	protobuf_string(out, MODEL_PRODUCER_VERSION, CLN_VERSION);
	protobuf_string(out, MODEL_DOC_STRING, description);
	protobuf_join(&fields, &graph->nodes);
	protobuf_string(&fields, GRAPH_NAME, "colonnade");
	protobuf_join(&fields, &graph->constants);
	protobuf_join(&fields, &graph->inputs);
	protobuf_join(&fields, &graph->outputs);
	protobuf_message(out, MODEL_GRAPH, &fields);
	add_opset(out, "", ONNX_OPSET);
	if (graph->has_ml)
		add_opset(out, "ai.onnx.ml", ONNX_ML_OPSET);
	for (size_t i = 0; i < n; i++) {
		struct text entry = {0};
		protobuf_string(&entry, ENTRY_KEY, metadata[i].key);
		protobuf_string(&entry, ENTRY_VALUE, metadata[i].value);
		protobuf_message(out, MODEL_METADATA_PROPS, &entry);
	}
	if (!out->failed && out->length > INT_MAX)
		return error_set(err, CLN_E_USAGE,
				 "the model takes %zu bytes as ONNX, which has room for %d; --format c has no such limit",
				 out->length, INT_MAX);
	return text_check(out, err);
}
