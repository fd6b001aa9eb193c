/* SPDX-License-Identifier: MIT */
#include "base/names.h"

#include <string.h>

#define TABLE(name, ...) \
	static const char *const name##_words[] = {__VA_ARGS__}; \
	const struct name_table names_##name = {name##_words, (int)(sizeof name##_words / sizeof *name##_words)}

TABLE(activation, "sigmoid", "tanh", "relu", "leaky-relu", "elu", "selu", "gelu", "silu", "mish");
TABLE(init, "auto", "xavier", "he", "lecun", "normal", "data");
TABLE(optimizer, "sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw");
TABLE(schedule, "constant", "step", "cosine", "warmup", "one-cycle", "coslog4", "flat-cosine");
TABLE(embedding, "none", "periodic", "piecewise", "both", "auto");
TABLE(effort, "quick", "default", "best");
TABLE(regularisation, "constant", "flat-cosine");
TABLE(parametrisation, "standard", "ntk");
TABLE(scale, "none", "standardise", "robust", "quantile", "auto");
TABLE(metric, "log_loss", "auc", "accuracy");
TABLE(calibration, "none", "temperature");
TABLE(threshold_rule, "given", "f1", "cost", "recall", "balanced_accuracy", "mcc");
TABLE(export, "onnx", "c", "json");
TABLE(class_weight, "none", "balanced", "given");

const char *name_of(const struct name_table *table, int value)
{
	return value >= 0 && value < table->n ? table->names[value] : NULL;
}

int name_find(const struct name_table *table, const char *name)
{
	for (int i = 0; i < table->n; i++)
		if (strcmp(table->names[i], name) == 0)
			return i;
	return -1;
}
