/* SPDX-License-Identifier: MIT
 * What a label column means, and which rows of a table can be learnt from or judged by: see dataset.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "base/utf8.h"
#include "data/dataset.h"
#include "data/findings.h"
#include "data/text.h"

/* ---------------------------------------------------------------- cells */

/* Up to here every integer is a double; beyond, texts of different numbers may read as one. */
#define EXACT_INTEGERS 0x1p53

/* Whether two label texts mean the same: equal bytes, or numbers of the same value ("1" and "1.0"). */
static bool same_value(const char *a, const char *b)
{
	double x, y;

	return strcmp(a, b) == 0 || (text_to_double(&x, a) && text_to_double(&y, b) && x == y && fabs(x) < EXACT_INTEGERS);
}

/* The greater of two label texts: as numbers where both are numbers of different value, else by bytes. */
static bool is_greater(const char *a, const char *b)
{
	double x, y;

	if (text_to_double(&x, a) && text_to_double(&y, b) && x != y)
		return x > y;
	return strcmp(a, b) > 0;
}

static bool cell_is_missing(const struct column *column, size_t row)
{
	return column->type == COLUMN_NUMERIC ? isnan(column->numbers[row]) : column->codes[row] == LEVEL_MISSING;
}

static bool cells_are_equal(const struct column *column, size_t row_a, size_t row_b)
{
	return column->type == COLUMN_NUMERIC ? column->numbers[row_a] == column->numbers[row_b]
					      : column->codes[row_a] == column->codes[row_b];
}

/* Two spellings of a number are one value, but not where the user wants texts as they are written (--categorical). */
static bool cells_mean_the_same(const struct column *column, size_t row_a, size_t row_b)
{
	return column->type == COLUMN_CATEGORICAL && !column->type_was_given &&
	       same_value(column->levels[column->codes[row_a]], column->levels[column->codes[row_b]]);
}

static char *cell_text(const struct column *column, size_t row, struct cln_error *err)
{
	char number[NUMBER_TEXT];
	double value;

	if (column->type == COLUMN_NUMERIC)
		return mem_copy(number, number_from_float(number, column->numbers[row] + 0.0f), err); /* -0 is 0 */
	const char *text = column->levels[column->codes[row]];
	if (!column->type_was_given && text_to_double(&value, text) && fabs(value) < EXACT_INTEGERS)
		return mem_copy(number, number_from_double(number, value + 0.0), err);
	return mem_copy(text, strlen(text), err);
}

/* Cells that cannot be used, in the order of the rows. */
struct cell_errors {
	const struct cln_table *table;
	struct cln_error *err;
	size_t n;
	struct text_line begin;    /* of the row of the last one */
	struct findings *findings; /* where all are wanted they go there, else NULL */
	enum cln_status status;    /* of that */
};

/* The kind of a finding is what is wrong. */
static void find_cell(struct cell_errors *errors, size_t row, size_t column, const char *what, const char *hint)
{
	const char *name = errors->table->columns[column].name;
	char sentence[4 * TABLE_CELL + 256], text[TABLE_CELL];
	size_t line, field;

	if (errors->status != CLN_OK)
		return;
	findings_count(errors->findings, what, 1);
	if (errors->n++ >= errors->findings->most)
		return;
	table_find_place(&line, &field, &errors->begin, errors->table, row, column);
	table_cell(text, errors->table, row, column);
	snprintf(sentence, sizeof sentence, "%s (\"%s\", column \"%.*s\"; %s)", what, text, utf8_cut(name, 200), name, hint);
	errors->status = findings_add(errors->findings, what, line, field, sentence, errors->err);
}

/* A finished sentence about one cell: "file:line:column: what ("text", column "name"; hint)". */
static void cell_error(struct cell_errors *errors, size_t row, size_t column, const char *what, const char *hint)
{
	char place[TABLE_PLACE], text[TABLE_CELL];
	const char *name = errors->table->columns[column].name;

	if (errors->findings) {
		find_cell(errors, row, column, what, hint);
		return;
	}
	if (errors->n++ >= ERRORS_TOLD)
		return;
	table_place(place, errors->table, row, column);
	table_cell(text, errors->table, row, column);
	error_list_add(errors->err, errors->n - 1, "%s: %s (\"%s\", column \"%s\"; %s)", place, what, text, name, hint);
}

static enum cln_status cell_errors_status(const struct cell_errors *errors)
{
	return errors->n ? error_list_end(errors->err, ERRORS_TOLD, errors->n) : CLN_OK;
}

/* The name of a column that differs in capitals alone, or NULL. */
static const char *like(const struct cln_table *table, const char *name)
{
	for (size_t c = 0; c < table->n_columns; c++)
		if (strcasecmp(table->columns[c].name, name) == 0)
			return table->columns[c].name;
	return NULL;
}

/* column: where it was found, or SIZE_MAX. */
static enum cln_status check_column(size_t column, const struct cln_table *table, const char *name, const char *role,
				    struct cln_error *err)
{
	const char *meant = column == SIZE_MAX ? like(table, name) : NULL;

	if (meant)
		return error_set(err, CLN_E_DATA, "%s: there is no column \"%s\" for the %s; did you mean \"%s\"?", table->source,
				 name, role, meant);
	if (column == SIZE_MAX || table->columns[column].not_asked_for) /* a number that a model has as name */
		return error_set(err, CLN_E_DATA, "%s: there is no column \"%s\" for the %s%s", table->source, name, role,
				 table_names_hint(table));
	if (table->columns[column].ignored)
		return error_set(err, CLN_E_DATA, "%s: the %s column \"%s\" is among the ignored ones", table->source, role,
		                 table->columns[column].name);
	return CLN_OK;
}

/* As the user calls it. */
static enum cln_status find_column(size_t *column, const struct cln_table *table, const char *name_or_number, const char *role,
				   struct cln_error *err)
{
	*column = table_find(table, name_or_number);
	return check_column(*column, table, name_or_number, role, err);
}

static enum cln_status find_named_column(size_t *column, const struct cln_table *table, const char *name, const char *role,
					 struct cln_error *err)
{
	*column = table_find_name(table, name);
	return check_column(*column, table, name, role, err);
}

/* ---------------------------------------------------------------- weights */

/* The weight of a row as a number; false where it is none. */
static bool weight_read(float *weight, struct cell_errors *errors, size_t row, size_t column)
{
	const struct column *cells = &errors->table->columns[column];
	static const char hint[] = "a weight is a number that is not negative";
	const char *wrong = NULL;
	bool valid = false;

	if (cell_is_missing(cells, row)) {
		cell_error(errors, row, column, "a row weight is missing", hint);
		return false;
	}
	if (cells->type == COLUMN_NUMERIC) {
		*weight = cells->numbers[row];
		valid = true;
	} else {
		valid = text_to_float(weight, cells->levels[cells->codes[row]]);
	}
	if (!valid)
		wrong = "a row weight is not a number";
	else if (*weight < 0)
		wrong = "a row weight is negative";
	if (wrong)
		cell_error(errors, row, column, wrong, hint);
	return !wrong;
}

/* ---------------------------------------------------------------- the two values */

static enum cln_status find_label_column(size_t *column, const struct cln_table *table, const char *name, size_t weight,
					 struct cln_error *err)
{
	if (name)
		return find_column(column, table, name, "label", err);
	for (size_t c = table->n_columns; c-- > 0;) {
		if (c != weight && !table->columns[c].ignored) {
			*column = c;
			return CLN_OK;
		}
	}
	return error_set(err, CLN_E_DATA, "%s: there is no column left for the label", table->source);
}

static void label_missing(struct cell_errors *errors, size_t row, size_t column)
{
	cell_error(errors, row, column, "a label is missing", "give the row a label, a weight of 0, or leave it out");
}

static void third_value(struct cell_errors *errors, size_t column, size_t third, const size_t seen[2])
{
	char hint[2 * TABLE_CELL + 128], a[TABLE_CELL], b[TABLE_CELL];

	table_cell(a, errors->table, seen[0], column);
	table_cell(b, errors->table, seen[1], column);
	snprintf(hint, sizeof hint,
		 "a label has two values, and \"%s\" and \"%s\" came before; choose the label column with --label", a, b);
	cell_error(errors, third, column, "a third label value", hint);
}

/* Equal cells, which most are, are found without reading them as numbers. */
static bool was_seen(const struct column *cells, size_t row, const size_t seen[2], size_t n_seen)
{
	for (size_t i = 0; i < n_seen; i++)
		if (cells_are_equal(cells, row, seen[i]))
			return true;
	for (size_t i = 0; i < n_seen; i++)
		if (cells_mean_the_same(cells, row, seen[i]))
			return true;
	return false;
}

/* The first rows that hold each of the two values, among the rows that carry weight (*weighted: there are such rows); returns how
 * many values there are. */
static size_t look_for_values(size_t seen[2], bool *weighted, struct cell_errors *errors, size_t column, size_t weight)
{
	const struct column *cells = &errors->table->columns[column];
	size_t n_seen = 0;

	*weighted = false;
	for (size_t row = 0; row < errors->table->n_rows; row++) {
		float row_weight = 1;

		if (findings_row_is_bad(errors->findings, row))
			continue;
		if (weight != SIZE_MAX && !weight_read(&row_weight, errors, row, weight))
			continue;
		*weighted |= row_weight != 0;
		if (errors->findings && row_weight != 0 && cell_is_missing(cells, row))
			label_missing(errors, row, column);
		if (row_weight == 0 || cell_is_missing(cells, row) || was_seen(cells, row, seen, n_seen))
			continue;
		if (n_seen == 2)
			third_value(errors, column, row, seen);
		else
			seen[n_seen++] = row;
	}
	return n_seen;
}

static enum cln_status find_two_values(size_t seen[2], struct cell_errors *errors, size_t column, size_t weight)
{
	const struct cln_table *table = errors->table;
	const struct column *cells = &table->columns[column];
	bool weighted;
	const size_t n_seen = look_for_values(seen, &weighted, errors, column, weight);

	if (errors->findings && errors->status != CLN_OK)
		return errors->status;
	if (errors->n && !errors->findings)
		return cell_errors_status(errors);
	if (!weighted && weight != SIZE_MAX)
		return error_set(errors->err, CLN_E_DATA, "%s: every row's weight is 0 (column \"%s\")", table->source,
				 table->columns[weight].name);
	if (n_seen == 0)
		return error_set(errors->err, CLN_E_DATA, "%s: no row has a label (column \"%s\")", table->source, cells->name);
	if (n_seen == 1) {
		char text[TABLE_CELL];

		table_cell(text, table, seen[0], column);
		return error_set(errors->err, CLN_E_DATA,
				 "%s: every label is \"%s\" (column \"%s\"); two classes are needed to learn from", table->source,
				 text, cells->name);
	}
	return CLN_OK;
}

/* Puts the two texts in their places: negative, positive. */
static enum cln_status choose_positive(struct label *label, const char *positive, struct cln_error *err)
{
	char *a = label->negative, *b = label->positive;
	bool swap;

	label->positive_was_chosen = !positive;
	if (!positive)
		swap = is_greater(a, b);
	else if (strcmp(positive, a) == 0 || strcmp(positive, b) == 0)
		swap = strcmp(positive, a) == 0;
	else if (same_value(positive, a) || same_value(positive, b))
		swap = same_value(positive, a);
	else
		return error_set(err, CLN_E_USAGE, "--positive %s: the label column \"%s\" has the values \"%s\" and \"%s\"",
				 positive, label->column, a, b);
	if (swap) {
		label->negative = b;
		label->positive = a;
	}
	return CLN_OK;
}

enum cln_status label_find(struct label *label, const struct cln_table *table, const char *name, const char *positive,
			   const char *weight, struct findings *findings, struct cln_error *err)
{
	struct cell_errors errors = {.table = table, .err = err, .findings = findings};
	size_t column = SIZE_MAX, weight_column = SIZE_MAX, seen[2];
	enum cln_status status = CLN_OK;

	*label = (struct label){0};
	if (weight)
		status = find_column(&weight_column, table, weight, "weight", err);
	if (status == CLN_OK)
		status = find_label_column(&column, table, name, weight_column, err);
	if (status == CLN_OK && column == weight_column)
		status = error_set(err, CLN_E_USAGE, "column \"%s\" cannot be both the label and the weight",
				   table->columns[column].name);
	if (status == CLN_OK)
		status = find_two_values(seen, &errors, column, weight_column);
	if (status != CLN_OK)
		return status;

	label->column = mem_copy(table->columns[column].name, strlen(table->columns[column].name), err);
	label->negative = cell_text(&table->columns[column], seen[0], err);
	label->positive = cell_text(&table->columns[column], seen[1], err);
	if (!label->column || !label->negative || !label->positive)
		status = CLN_E_MEMORY;
	else
		status = choose_positive(label, positive, err);
	if (status != CLN_OK)
		label_free(label);
	return status;
}

void label_free(struct label *label)
{
	mem_free(label->column);
	mem_free(label->negative);
	mem_free(label->positive);
	*label = (struct label){0};
}

/* ---------------------------------------------------------------- rows */

enum { CLASS_NEGATIVE, CLASS_POSITIVE, CLASS_OTHER };

/* The class that a text stands for; the same bytes before the same number. */
static int class_of_text(const struct label *label, const char *text)
{
	if (strcmp(text, label->negative) == 0)
		return CLASS_NEGATIVE;
	if (strcmp(text, label->positive) == 0)
		return CLASS_POSITIVE;
	if (same_value(text, label->negative))
		return CLASS_NEGATIVE;
	return same_value(text, label->positive) ? CLASS_POSITIVE : CLASS_OTHER;
}

bool label_is_positive(const struct label *label, const char *text)
{
	return class_of_text(label, text) == CLASS_POSITIVE;
}

/* How the cells of a label column become classes. */
struct label_reader {
	const struct column *cells;
	unsigned char *class_of_level;         /* categorical column */
	bool negative_is_number, positive_is_number;
	float negative, positive;              /* numeric column */
};

static enum cln_status label_reader_create(struct label_reader *reader, const struct column *cells, const struct label *label,
					   struct cln_error *err)
{
	*reader = (struct label_reader){.cells = cells};
	if (cells->type == COLUMN_NUMERIC) {
		reader->negative_is_number = text_to_float(&reader->negative, label->negative);
		reader->positive_is_number = text_to_float(&reader->positive, label->positive);
		if (reader->negative_is_number && reader->positive_is_number && reader->negative == reader->positive)
			return error_set(err, CLN_E_DATA,
					 "column \"%s\" was read as numbers, which do not tell the labels \"%s\" and \"%s\" "
					 "apart; read it as texts (cln_read_options.label)",
					 cells->name, label->negative, label->positive);
		return CLN_OK;
	}
	reader->class_of_level = mem_alloc(cells->n_levels, 1, err);
	if (!reader->class_of_level)
		return CLN_E_MEMORY;
	for (size_t k = 0; k < cells->n_levels; k++)
		reader->class_of_level[k] = (unsigned char)class_of_text(label, cells->levels[k]);
	return CLN_OK;
}

static int class_of_row(const struct label_reader *reader, size_t row)
{
	if (reader->cells->type == COLUMN_CATEGORICAL)
		return reader->class_of_level[reader->cells->codes[row]];
	if (reader->negative_is_number && reader->cells->numbers[row] == reader->negative)
		return CLASS_NEGATIVE;
	return reader->positive_is_number && reader->cells->numbers[row] == reader->positive ? CLASS_POSITIVE : CLASS_OTHER;
}

static int class_of_cell(const struct label_reader *reader, size_t row)
{
	return cell_is_missing(reader->cells, row) ? CLASS_OTHER : class_of_row(reader, row);
}

static void label_error(struct cell_errors *errors, size_t row, size_t column, const struct label *label)
{
	char hint[2 * TABLE_CELL + 64];

	if (cell_is_missing(&errors->table->columns[column], row)) {
		label_missing(errors, row, column);
		return;
	}
	snprintf(hint, sizeof hint, "the two label values are \"%.*s\" and \"%.*s\"",
		 utf8_cut(label->negative, TABLE_CELL - 1), label->negative, utf8_cut(label->positive, TABLE_CELL - 1),
		 label->positive);
	cell_error(errors, row, column, "a label of neither class", hint);
}

/* Fills the lists, which have room for all rows of the table. */
static enum cln_status read_rows(struct labelled_rows *labelled, const struct label_reader *reader, const struct label *label,
				 size_t weight, struct findings *findings, struct cln_error *err)
{
	const struct cln_table *table = labelled->table;
	size_t n = 0, column = (size_t)(reader->cells - table->columns);
	struct cell_errors errors = {.table = table, .err = err, .findings = findings};

	for (size_t row = 0; row < table->n_rows; row++) {
		float row_weight = 1;
		int class;

		if (findings_row_is_bad(findings, row))
			continue;
		if ((labelled->w && !weight_read(&row_weight, &errors, row, weight)) || row_weight == 0)
			continue;
		class = class_of_cell(reader, row);
		if (class == CLASS_OTHER) {
			label_error(&errors, row, column, label);
			continue;
		}
		if (labelled->w)
			labelled->w[n] = row_weight;
		labelled->y[n] = class == CLASS_POSITIVE;
		labelled->rows[n++] = (uint32_t)row;
	}
	labelled->n = n;
	labelled->n_dropped = table->n_rows - n;
	return findings ? errors.status : cell_errors_status(&errors);
}

void labelled_rows_free(struct labelled_rows *labelled)
{
	mem_free(labelled->rows);
	mem_free(labelled->y);
	mem_free(labelled->w);
	*labelled = (struct labelled_rows){0};
}

static enum cln_status create_lists(struct labelled_rows *labelled, size_t n, bool weighted, struct cln_error *err)
{
	labelled->rows = mem_alloc(n, sizeof *labelled->rows, err);
	labelled->y = mem_alloc(n, sizeof *labelled->y, err);
	labelled->w = weighted ? mem_alloc(n, sizeof *labelled->w, err) : NULL;
	return labelled->rows && labelled->y && (labelled->w || !weighted) ? CLN_OK : CLN_E_MEMORY;
}

enum cln_status labelled_rows_choose(struct labelled_rows *part, const struct labelled_rows *labelled, const uint32_t *chosen,
				     size_t n, struct cln_error *err)
{
	*part = (struct labelled_rows){.table = labelled->table, .n = n};
	if (create_lists(part, n, labelled->w != NULL, err) != CLN_OK) {
		labelled_rows_free(part);
		return CLN_E_MEMORY;
	}
	for (size_t i = 0; i < n; i++) {
		part->rows[i] = labelled->rows[chosen[i]];
		part->y[i] = labelled->y[chosen[i]];
		if (part->w)
			part->w[i] = labelled->w[chosen[i]];
	}
	return CLN_OK;
}

enum cln_status labels_read(struct labelled_rows *labelled, const struct cln_table *table, const struct label *label,
			    const char *weight, struct findings *findings, struct cln_error *err)
{
	struct label_reader reader = {0};
	size_t column, weight_column = SIZE_MAX;
	enum cln_status status = find_named_column(&column, table, label->column, "label", err);

	*labelled = (struct labelled_rows){.table = table};
	if (status == CLN_OK && weight)
		status = find_named_column(&weight_column, table, weight, "weight", err);
	if (status == CLN_OK)
		status = label_reader_create(&reader, &table->columns[column], label, err);
	if (status == CLN_OK)
		status = create_lists(labelled, table->n_rows, weight != NULL, err);
	if (status == CLN_OK)
		status = read_rows(labelled, &reader, label, weight_column, findings, err);
	mem_free(reader.class_of_level);
	if (status != CLN_OK)
		labelled_rows_free(labelled);
	return status;
}

enum cln_status labels_count(size_t counts[3], const struct column *column, size_t n_rows, const struct label *label,
			     struct cln_error *err)
{
	struct label_reader reader;
	const enum cln_status status = label_reader_create(&reader, column, label, err);

	for (size_t row = 0; status == CLN_OK && row < n_rows; row++)
		counts[class_of_cell(&reader, row)]++;
	mem_free(reader.class_of_level);
	return status;
}
