/* SPDX-License-Identifier: MIT
 * Tables from arrays, for suites that need cells but no file; and whether two tables are the same. */
#ifndef TESTS_TABLES_H
#define TESTS_TABLES_H

#include "data/table.h"
#include "testing.h"

static inline char *tables_string(const char *text)
{
	char *copy = mem_copy(text, strlen(text), NULL);

	ck_assert_ptr_nonnull(copy);
	return copy;
}

static inline struct cln_table *tables_create(size_t n_rows, size_t n_columns)
{
	struct cln_table *table;

	assert_ok(table_create(&table, "memory", n_rows, n_columns, &err));
	return table;
}

static inline void tables_numbers(struct cln_table *table, size_t c, const char *name, const float *numbers)
{
	struct column *column = &table->columns[c];

	column->name = tables_string(name);
	column->type = COLUMN_NUMERIC;
	column->numbers = mem_alloc(table->n_rows, sizeof *column->numbers, NULL);
	ck_assert_ptr_nonnull(column->numbers);
	for (size_t i = 0; i < table->n_rows; i++) {
		column->numbers[i] = numbers[i];
		column->n_missing += isnan(numbers[i]) != 0;
	}
}

static inline int tables_compare(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* texts: one a row, NULL = missing. */
static inline void tables_texts(struct cln_table *table, size_t c, const char *name, const char *const *texts)
{
	struct column *column = &table->columns[c];
	const char **levels = mem_alloc(table->n_rows, sizeof *levels, NULL);
	size_t n_levels = 0;

	column->name = tables_string(name);
	column->type = COLUMN_CATEGORICAL;
	column->codes = mem_alloc(table->n_rows, sizeof *column->codes, NULL);
	ck_assert(column->codes && levels);
	for (size_t i = 0; i < table->n_rows; i++) {
		bool known = !texts[i];

		column->n_missing += !texts[i];
		for (size_t k = 0; k < n_levels && !known; k++)
			known = strcmp(levels[k], texts[i]) == 0;
		if (!known)
			levels[n_levels++] = texts[i];
	}
	qsort(levels, n_levels, sizeof *levels, tables_compare);
	assert_ok(column_set_levels(column, levels, n_levels, &err));
	mem_free(levels);
	for (size_t i = 0; i < table->n_rows; i++) {
		column->codes[i] = LEVEL_MISSING;
		for (size_t k = 0; k < column->n_levels && texts[i]; k++)
			if (strcmp(column->levels[k], texts[i]) == 0)
				column->codes[i] = (uint32_t)k;
	}
}

/* Two readings of one table. */
static inline void tables_same(const struct cln_table *a, const struct cln_table *b)
{
	ck_assert_uint_eq(a->n_rows, b->n_rows);
	ck_assert_uint_eq(a->n_columns, b->n_columns);
	ck_assert_uint_eq(cln_table_fingerprint(a), cln_table_fingerprint(b));
	for (size_t c = 0; c < a->n_columns; c++) {
		const struct column *x = &a->columns[c], *y = &b->columns[c];
		ck_assert_str_eq(x->name, y->name);
		ck_assert(x->type == y->type && x->ignored == y->ignored && x->not_asked_for == y->not_asked_for);
		ck_assert(x->type_was_given == y->type_was_given && x->n_missing == y->n_missing);
		ck_assert(x->n_texts == y->n_texts && x->first_text_row == y->first_text_row);
		ck_assert(!x->numbers == !y->numbers && !x->codes == !y->codes);
		for (size_t i = 0; x->numbers && i < a->n_rows; i++) /* also the sign of zero */
			ck_assert(isnan(x->numbers[i]) ? isnan(y->numbers[i]) != 0
						       : memcmp(&x->numbers[i], &y->numbers[i], sizeof(float)) == 0);
	}
}

#endif
