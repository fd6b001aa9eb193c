/* SPDX-License-Identifier: MIT */
#include "cli/check_text.h"

static void json_place(struct json_writer *json, const char *key, size_t number)
{
	if (number)
		json_size(json, key, number);
	else
		json_string(json, key, NULL);
}

static void json_problems(struct json_writer *json, const struct check_file *file)
{
	const struct findings *findings = &file->findings;

	json_begin_array(json, "problems");
	for (size_t i = 0; i < findings->n; i++) {
		json_begin_object(json, NULL);
		json_string(json, "kind", findings->items[i].kind);
		json_place(json, "line", findings->items[i].line);
		json_place(json, "column", findings->items[i].column);
		json_string(json, "message", findings->items[i].sentence);
		json_end_object(json);
	}
	json_end_array(json);
	json_begin_object(json, "problem_counts");
	for (size_t k = 0; k < findings->n_kinds; k++)
		json_size(json, findings->counts[k].kind, findings->counts[k].n);
	json_end_object(json);
	json_bool(json, "reading_ended", findings->ended);
	json_string(json, "refused", file->refused.code != CLN_OK ? file->refused.message : NULL);
}

static void json_files(struct json_writer *json, const struct check_result *result)
{
	json_begin_array(json, "files");
	for (int f = 0; f < CHECK_FILES; f++) {
		const struct check_file *file = &result->files[f];

		if (!file->name)
			continue;
		json_begin_object(json, NULL);
		json_string(json, "role", check_file_words[f]);
		json_string(json, "file", file->name);
		json_place(json, "rows", file->table ? file->table->n_rows : 0);
		json_problems(json, file);
		json_size(json, "copies", result->copies[f].n);
		json_bool(json, "copies_rounded", result->copies[f].rounded);
		json_end_object(json);
	}
	json_end_array(json);
}

static void json_columns(struct json_writer *json, const struct check_result *result)
{
	json_begin_array(json, "columns");
	for (size_t c = 0; c < result->n_columns; c++) {
		const struct check_column *column = &result->columns[c];

		json_begin_object(json, NULL);
		json_string(json, "name", column->name);
		json_string(json, "use", check_use_words[column->use]);
		if (column->use != CLN_COLUMN_IGNORED || column->left_out) {
			json_string(json, "type", column->categorical ? "categorical" : "numeric");
			json_size(json, "missing", column->n_missing);
			if (column->categorical) {
				json_size(json, "different", column->n_different);
				json_string(json, "most_frequent", column->n_frequent ? column->frequent : NULL);
				json_size(json, "most_frequent_cells", column->n_frequent);
				json_size(json, "texts_among_numbers", column->n_texts);
				json_size(json, "numbers_with_signs", column->n_signed);
				json_string(json, "most_frequent_text", column->n_texts ? column->text : NULL);
				json_size(json, "most_frequent_text_cells", column->n_text);
			} else {
				json_float(json, "least", (float)column->least);
				json_float(json, "median", (float)column->median);
				json_float(json, "greatest", (float)column->greatest);
			}
			json_bool(json, "constant", column->constant);
			json_bool(json, "rounded", column->rounded);
			json_bool(json, "identifier", column->identifier);
			json_bool(json, "left_out", column->left_out);
			json_size(json, "codes", column->codes);
			json_bool(json, "tells_label", column->tells_label);
		}
		json_end_object(json);
	}
	json_end_array(json);
}

static void json_label(struct json_writer *json, const struct check_result *result)
{
	if (!result->label) {
		json_string(json, "label", NULL);
		return;
	}
	json_begin_object(json, "label");
	json_string(json, "column", result->label);
	json_string(json, "positive", result->positive);
	json_string(json, "negative", result->negative);
	json_size(json, "positive_rows", result->n_positive);
	json_size(json, "negative_rows", result->n_negative);
	json_size(json, "rows_of_weight_0", result->n_dropped);
	json_string(json, "weight", result->weight);
	json_end_object(json);
}

static void json_training(struct json_writer *json, const struct check_result *result)
{
	if (result->members == 0) {
		json_string(json, "training", NULL);
		return;
	}
	json_begin_object(json, "training");
	json_size(json, "networks", result->members);
	json_size(json, "epochs", result->epochs);
	json_size(json, "folds", result->folds);
	json_size(json, "features", result->n_features);
	json_size(json, "parameters", result->n_params);
	json_size(json, "train_rows", result->train_rows);
	json_size(json, "valid_rows", result->valid_rows);
	json_size(json, "test_rows", result->test_rows);
	json_double(json, "table_bytes", result->table_bytes);
	json_double(json, "feature_bytes", result->feature_bytes);
	json_double(json, "network_bytes", result->network_bytes);
	json_end_object(json);
}

static void json_fit(struct json_writer *json, const struct check_result *result)
{
	json_begin_array(json, "fit");
	for (size_t k = 0; k < result->n_fit; k++) {
		const struct check_fit_column *fit = &result->fit[k];

		json_begin_object(json, NULL);
		json_string(json, "name", fit->name);
		json_bool(json, "missing", fit->missing);
		json_size(json, "present", fit->n_present);
		json_size(json, "outside", fit->n_outside);
		json_size(json, "unseen", fit->n_unseen);
		json_string(json, "first_unseen", fit->n_unseen ? fit->unseen : NULL);
		json_float(json, "least", (float)fit->least);
		json_float(json, "greatest", (float)fit->greatest);
		json_end_object(json);
	}
	json_end_array(json);
	json_size(json, "extra_columns", result->n_extra);
}

void check_write_json(struct text *text, const struct check_result *result, bool of_model)
{
	struct json_writer json = {.out = text, .pretty = true};

	json_begin_object(&json, NULL);
	json_bool(&json, "accepted", check_status(result) == CLN_OK);
	json_string(&json, "refused", result->refused.code != CLN_OK ? result->refused.message : NULL);
	json_files(&json, result);
	json_columns(&json, result);
	if (of_model)
		json_fit(&json, result);
	else
		json_label(&json, result);
	if (!of_model)
		json_training(&json, result);
	json_end_object(&json);
	text_add(text, "\n", 1);
}
