/* SPDX-License-Identifier: MIT */
#include "api/rows.h"

#include "base/cpus.h"
#include "base/number.h"
#include "base/parallel.h"
#include "data/cache.h"
#include "data/findings.h"
#include "data/gaps.h"
#include "model/model.h"

#include <math.h>
#include <string.h>

/* Names lent by a model or a table: columns that are read as categories, that are read at all, and whose cells are no gaps. */
struct columns_wanted {
	const char **categories, **needed, **exempt;
	size_t n_categories, n_needed, n_exempt;
};

static enum cln_status create_wanted(struct columns_wanted *wanted, size_t n, struct cln_error *err)
{
	*wanted = (struct columns_wanted){0};
	wanted->categories = mem_alloc(n, sizeof *wanted->categories, err);
	wanted->needed = mem_alloc(n, sizeof *wanted->needed, err);
	wanted->exempt = mem_alloc(n, sizeof *wanted->exempt, err);
	return wanted->categories && wanted->needed && wanted->exempt ? CLN_OK : CLN_E_MEMORY;
}

static void free_wanted(struct columns_wanted *wanted)
{
	mem_free(wanted->categories);
	mem_free(wanted->needed);
	mem_free(wanted->exempt);
}

static void list_model_columns(struct columns_wanted *wanted, const struct cln_model *model, bool labelled)
{
	const struct pipeline *pipeline = model->pipeline;

	for (size_t c = 0; c < pipeline->n_columns; c++) {
		const struct pipeline_column *column = &pipeline->columns[c];

		if (column->n_features > 0)
			wanted->needed[wanted->n_needed++] = column->name;
		if (column->type == COLUMN_CATEGORICAL)
			wanted->categories[wanted->n_categories++] = column->name;
	}
	if (labelled) {
		wanted->needed[wanted->n_needed++] = model->label.column;
		wanted->categories[wanted->n_categories++] = model->label.column;
		wanted->exempt[wanted->n_exempt++] = model->label.column;
		if (model->weight)
			wanted->needed[wanted->n_needed++] = wanted->exempt[wanted->n_exempt++] = model->weight;
	}
}

/* What is a gap was said when the model was trained; *missing: where it is to be. */
static enum cln_status take_missing(const char **missing, const struct cln_model *model, struct cln_error *err)
{
	const char *kept = cln_model_missing(model);
	struct gaps gaps;
	enum cln_status status = gaps_create(&gaps, *missing, err);

	if (status == CLN_OK && gaps.list && (!kept || strcmp(gaps.list, kept) != 0))
		status = error_set(err, CLN_E_USAGE, "--missing %s: the model was trained with %s%s, which it keeps", *missing,
				   kept ? "--missing " : "none", kept ? kept : "");
	*missing = kept;
	gaps_free(&gaps);
	return status;
}

/* As cln_table_read, or with all that is wrong where there are findings. */
static enum cln_status read_table(struct cln_table **table, const char *path, const struct cln_read_options *options,
				  struct findings *findings, struct cln_error *err)
{
	return findings ? table_read_all(table, path, options, findings, err) : cln_table_read(table, path, options, err);
}

static enum cln_status read_wanted(struct cln_table **table, const char *path, const struct cln_read_options *options,
				   const struct columns_wanted *wanted, bool whole, struct findings *findings,
				   struct cln_error *err)
{
	struct cln_read_options read = *options;

	read.known_categories = wanted->categories;
	read.n_known_categories = wanted->n_categories;
	read.needed = whole ? NULL : wanted->needed;
	read.n_needed = whole ? 0 : wanted->n_needed;
	read.expected = wanted->needed;
	read.n_expected = wanted->n_needed;
	read.exempt = wanted->exempt;
	read.n_exempt = wanted->n_exempt;
	return read_table(table, path, &read, findings, err);
}

enum cln_status rows_read_for_model(struct cln_table **table, const char *path, const struct cln_read_options *options,
				    const struct cln_model *model, struct findings *findings, struct cln_error *err)
{
	struct columns_wanted wanted;
	struct cln_read_options read = *options;
	enum cln_status status = create_wanted(&wanted, model->pipeline->n_columns + 2, err);

	*table = NULL;
	if (status == CLN_OK)
		status = take_missing(&read.missing, model, err);
	if (status == CLN_OK) {
		list_model_columns(&wanted, model, true);
		status = read_wanted(table, path, &read, &wanted, true, findings, err);
	}
	free_wanted(&wanted);
	return status;
}

static bool learns_from(const struct cln_model *model, const char *name)
{
	const struct pipeline *pipeline = model->pipeline;

	for (size_t c = 0; name && c < pipeline->n_columns; c++)
		if (pipeline->columns[c].n_features > 0 && strcmp(pipeline->columns[c].name, name) == 0)
			return true;
	return false;
}

/* Label and weight have no gaps of the list; nobody else's feature is to be without them therefore. */
static enum cln_status check_exempt(const struct cln_model *model, const struct cln_model *other, struct cln_error *err)
{
	const char *const names[] = {model->label.column, model->weight};

	for (size_t i = 0; i < 2 && cln_model_missing(model); i++)
		if (learns_from(other, names[i]))
			return error_set(err, CLN_E_DATA,
					 "the models cannot be compared: one has learnt from the column \"%s\", with gaps by "
					 "--missing, and it is the other's %s", names[i], i ? "weight" : "label");
	return CLN_OK;
}

/* Cells that are gaps for one model alone would have to be read twice. */
static enum cln_status same_missing(const struct cln_model *first, const struct cln_model *second, struct cln_error *err)
{
	const char *one = cln_model_missing(first), *other = cln_model_missing(second);

	if (strcmp(one ? one : "", other ? other : "") == 0)
		return CLN_OK;
	return error_set(err, CLN_E_DATA, "the models cannot be compared: one was trained with --missing %s, the other with %s%s",
			 one ? one : other, one && other ? "--missing " : "none", one && other ? other : "");
}

enum cln_status rows_read_to_train(struct cln_table **table, const char *path, const struct cln_read_options *options,
				   const struct cln_model *init, const struct cln_config *config, struct findings *findings,
				   struct cln_error *err)
{
	struct cln_read_options read = *options;

	read.weight = config->weight;
	if (init)
		return rows_read_for_model(table, path, &read, init, findings, err);
	read.label = config->label ? config->label : "";
	return read_table(table, path, &read, findings, err);
}

enum cln_status rows_read_for_models(struct cln_table **table, const char *path, const struct cln_read_options *options,
				     const struct cln_model *first, const struct cln_model *second, struct cln_error *err)
{
	struct columns_wanted wanted;
	const size_t n_second = second ? second->pipeline->n_columns + 2 : 0;
	struct cln_read_options read = *options;
	enum cln_status status = create_wanted(&wanted, first->pipeline->n_columns + 2 + n_second, err);

	*table = NULL;
	if (status == CLN_OK)
		status = take_missing(&read.missing, first, err);
	if (status == CLN_OK && second)
		status = same_missing(first, second, err);
	if (status == CLN_OK && second)
		status = check_exempt(first, second, err);
	if (status == CLN_OK && second)
		status = check_exempt(second, first, err);
	if (status == CLN_OK) {
		list_model_columns(&wanted, first, true);
		if (second)
			list_model_columns(&wanted, second, true);
		status = read_wanted(table, path, &read, &wanted, false, NULL, err);
	}
	free_wanted(&wanted);
	return status;
}

enum cln_status rows_open_for_model(struct rows_reader *reader, const char *path, const struct cln_read_options *options,
				    const struct cln_model *model, struct cln_error *err)
{
	struct cln_read_options read = *options;
	struct columns_wanted wanted;
	enum cln_status status = create_wanted(&wanted, model->pipeline->n_columns, err);

	*reader = (struct rows_reader){0};
	if (status == CLN_OK)
		status = take_missing(&read.missing, model, err);
	if (status == CLN_OK) {
		list_model_columns(&wanted, model, false);
		read.known_categories = wanted.categories;
		read.n_known_categories = wanted.n_categories;
		read.needed = wanted.needed;
		read.n_needed = wanted.n_needed;
		status = parts_open(&reader->parts, path, &read, 0, err);
	}
	reader->categories = wanted.categories;
	reader->needed = wanted.needed;
	mem_free(wanted.exempt);
	return status;
}

const char *rows_missing_weight(const struct cln_table *table, const struct cln_model *model)
{
	return model->weight && table_find_cells(table, model->weight) == SIZE_MAX ? model->weight : NULL;
}

void rows_close(struct rows_reader *reader)
{
	parts_close(reader->parts);
	mem_free(reader->categories);
	mem_free(reader->needed);
	*reader = (struct rows_reader){0};
}

enum cln_status rows_read_like_table(struct cln_table **table, const char *path, const struct cln_read_options *options,
				     const struct cln_table *like, struct findings *findings, struct cln_error *err)
{
	struct cln_read_options read = *options;
	struct columns_wanted wanted;
	enum cln_status status = create_wanted(&wanted, like->n_columns, err);

	*table = NULL;
	for (size_t c = 0; status == CLN_OK && c < like->n_columns; c++) {
		const struct column *column = &like->columns[c];

		if (!column->ignored)
			wanted.needed[wanted.n_needed++] = column->name;
		if (column->type == COLUMN_CATEGORICAL)
			wanted.categories[wanted.n_categories++] = column->name;
		if (column->exempt)
			wanted.exempt[wanted.n_exempt++] = column->name;
	}
	if (status == CLN_OK) {
		read.categorical = read.numeric = read.ignore = read.label = read.weight = NULL;
		read.missing = like->missing;
		read.known_categories = wanted.categories;
		read.n_known_categories = wanted.n_categories;
		read.needed = wanted.needed;
		read.n_needed = wanted.n_needed;
		read.exempt = wanted.exempt;
		read.n_exempt = wanted.n_exempt;
		status = read_table(table, path, &read, findings, err);
	}
	free_wanted(&wanted);
	return status;
}

enum cln_status rows_convert(const char *path, const struct io_place *out, const struct cln_read_options *options,
			     struct cln_cache_summary *summary, struct cln_error *err)
{
	return cache_convert(path, out, options, summary, err);
}

enum cln_status rows_settle_missing(const char **list, char **owned, struct cln_error *err)
{
	struct gaps gaps;
	enum cln_status status = gaps_create(&gaps, *list, err);

	if (status == CLN_OK) {
		*list = *owned = gaps.list;
		gaps.list = NULL;
	}
	gaps_free(&gaps);
	return status;
}

static enum cln_status keep_column(struct rows_kept *kept, const struct cln_table *table, const char *name, struct cln_error *err)
{
	size_t found = table_find(table, name);

	if (found == SIZE_MAX) { /* "a, b", as in the lists of the reader */
		name += strspn(name, " ");
		found = table_find(table, name);
	}
	if (found == SIZE_MAX)
		return error_set(err, CLN_E_DATA, "--keep: %s has no column \"%s\"", table->source, name);
	kept->columns[kept->n++] = &table->columns[found];
	return CLN_OK;
}

enum cln_status rows_keep(struct rows_kept *kept, const struct cln_table *table, const char *keep, struct cln_error *err)
{
	char *names = mem_copy(keep, strlen(keep), err), *rest = names;
	enum cln_status status = CLN_OK;
	size_t n = 1;

	*kept = (struct rows_kept){0};
	if (!names)
		return CLN_E_MEMORY;
	for (const char *c = names; *c; c++)
		n += *c == ',';
	kept->columns = mem_alloc(n, sizeof *kept->columns, err);
	if (!kept->columns)
		status = CLN_E_MEMORY;
	while (status == CLN_OK && rest && *rest)
		status = keep_column(kept, table, strsep(&rest, ","), err);
	mem_free(names);
	if (status != CLN_OK)
		rows_kept_free(kept);
	return status;
}

void rows_kept_free(struct rows_kept *kept)
{
	mem_free(kept->columns);
	*kept = (struct rows_kept){0};
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Without quotes the blanks at either end would be no part of a cell. */
void rows_add_cell(struct text *text, const char *cell)
{
	const size_t length = strlen(cell);

	if (!strpbrk(cell, ",\"\r\n") && !is_blank(cell[0]) && (length == 0 || !is_blank(cell[length - 1]))) {
		text_add(text, cell, length);
		return;
	}
	text_add(text, "\"", 1);
	for (const char *c = cell; *c; c++)
		text_add(text, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
	text_add(text, "\"", 1);
}

void rows_add_names(struct text *text, const struct rows_kept *kept)
{
	for (size_t i = 0; i < kept->n; i++) {
		rows_add_cell(text, kept->columns[i]->name);
		text_add(text, ",", 1);
	}
}

static void add_kept_cell(struct text *text, const struct column *column, size_t row)
{
	char number[NUMBER_TEXT];

	if (column->codes) {
		uint32_t code = column->written ? column->written[row] : column->codes[row];
		rows_add_cell(text, code == LEVEL_MISSING ? "" : column->levels[code]);
	} else if (column->numbers && !isnan(column->numbers[row])) {
		text_add(text, number, number_from_float(number, column->numbers[row]));
	}
}

/* ---------------------------------------------------------------- predictions */

#define FORMAT_ROWS 2048 /* of a text: some tens of kilobytes */

struct formatting {
	const struct rows_predicted *rows;
	struct text *texts;
	struct text endings[2]; /* of the lines of either class: behind the probability */
	double threshold;
};

static void format_row(struct text *text, const struct formatting *formatting, size_t row)
{
	const struct rows_predicted *rows = formatting->rows;
	const float probability = rows->probabilities[row];
	const struct text *ending = &formatting->endings[(double)probability >= formatting->threshold];
	char number[NUMBER_TEXT];

	for (size_t i = 0; i < rows->kept->n; i++) {
		add_kept_cell(text, rows->kept->columns[i], row);
		text_add(text, ",", 1);
	}
	text_add(text, number, number_from_float(number, probability));
	text_add(text, ending->bytes, ending->length);
}

static void format_body(void *argument, size_t item, int tid)
{
	const struct formatting *formatting = argument;
	const size_t first = item * FORMAT_ROWS, left = formatting->rows->n_rows - first;

	(void)tid;
	for (size_t i = 0; i < left && i < FORMAT_ROWS; i++)
		format_row(&formatting->texts[item], formatting, first + i);
}

static void add_ending(struct text *ending, const struct cln_model *model, int positive)
{
	text_add(ending, ",", 1);
	rows_add_cell(ending, cln_model_label_value(model, positive));
	text_add(ending, "\n", 1);
}

enum cln_status rows_format(struct rows_texts *lines, const struct rows_predicted *rows, int threads, struct cln_error *err)
{
	struct formatting formatting = {.rows = rows, .threshold = cln_model_threshold(rows->model)};
	enum cln_status status;

	lines->n = (rows->n_rows + FORMAT_ROWS - 1) / FORMAT_ROWS;
	lines->texts = formatting.texts = mem_alloc(lines->n, sizeof *lines->texts, err);
	if (!lines->texts)
		return CLN_E_MEMORY;
	add_ending(&formatting.endings[0], rows->model, 0);
	add_ending(&formatting.endings[1], rows->model, 1);
	if (!formatting.endings[0].failed && !formatting.endings[1].failed)
		parallel_for(lines->n > 1 ? cpus_threads(threads) : 1, lines->n, format_body, &formatting);
	status = text_check(&formatting.endings[0], err);
	if (status == CLN_OK)
		status = text_check(&formatting.endings[1], err);
	for (size_t i = 0; i < lines->n && status == CLN_OK; i++)
		status = text_check(&lines->texts[i], err);
	text_free(&formatting.endings[0]);
	text_free(&formatting.endings[1]);
	return status;
}

void rows_texts_free(struct rows_texts *lines)
{
	for (size_t i = 0; lines->texts && i < lines->n; i++)
		text_free(&lines->texts[i]);
	mem_free(lines->texts);
	*lines = (struct rows_texts){0};
}
