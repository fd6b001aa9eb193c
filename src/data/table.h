/* SPDX-License-Identifier: MIT
 * A table: typed columns, categories, missing cells.  What a file holds, before anything was learnt from it. */
#ifndef DATA_TABLE_H
#define DATA_TABLE_H

#include "base/area.h"
#include "data/dictionary.h"

struct source;

enum column_type { COLUMN_NUMERIC, COLUMN_CATEGORICAL };

#define LEVEL_MISSING UINT32_MAX

struct column {
	char *name;
	enum column_type type;
	bool ignored;        /* --ignore, or not asked for: named but holds no cells */
	bool not_asked_for;  /* cln_read_options.needed lacks it */
	bool type_was_given; /* by --categorical or --numeric */
	bool exempt;         /* cln_read_options.missing marks no cell of it */
	float *numbers;      /* numeric: n_rows, NaN = missing; never infinite */
	uint32_t *codes;     /* categorical: n_rows, index into levels or LEVEL_MISSING */
	uint32_t *written;   /* owned: codes as the file has them, where it is kept and some of its texts are gaps */
	char **levels;       /* categorical: distinct texts in ascending byte order, valid UTF-8; set by column_set_levels */
	char *level_bytes;   /* the block that the levels lie in */
	size_t n_levels;
	size_t n_missing;
	/* categorical and read from text: how many cells are neither missing nor a number, and the row of the first; a column that
	 * is nearly all numbers is probably a numeric one with some bad cells */
	size_t n_texts, first_text_row;
};

struct cln_table {
	char *source; /* the file's name as the user wrote it, for messages; "memory" */
	size_t n_rows, n_columns;
	struct column *columns;
	struct dictionary names; /* the code of a name is its column; empty where a few columns were put together by hand */
	/* the line of a row: breaks[i] says that rows from `row` on lie at line = row + offset, until the next break */
	struct line_break {
		size_t row, offset;
	} * breaks;
	size_t n_breaks; /* 0 for tables that were not text */
	/* where the columns' cells lie: in blocks of mem_alloc, or all of them in an area, or where the caller keeps them */
	enum { CELLS_OWN, CELLS_LENT } cells;
	struct area area;
	size_t column_bytes, area_used; /* by table_cells */
	char separator;   /* of the text; '\0' where there was none */
	bool is_libsvm;   /* the text was LibSVM's */
	char *missing;    /* what was a gap beside the usual texts, as struct gaps lists it; NULL: nothing */
	/* where to look up a place in it: by opening `source` again, else in a text that is owned or lent; NULL: nowhere */
	bool reopens;
	struct source *text;
};

#define TABLE_MAX_ROWS (UINT32_MAX - 1u) /* so that a row number fits 32 bits and LEVEL_MISSING stays free */
#define TABLE_MAX_COLUMNS 1000000u

/* An empty table with n_columns unnamed columns, to be filled by the caller: names, levels, breaks and, unless they are lent or
 * come from table_cells, numbers and codes are blocks of mem_alloc, which the table owns.  Sizes beyond the limits are
 * CLN_E_DATA. */
enum cln_status table_create(struct cln_table **table, const char *source, size_t n_rows, size_t n_columns,
			     struct cln_error *err) CLN_MUST_CHECK;

/* Makes room for the cells of n_columns columns, in memory or, where they do not fit there, a scratch file; the second in a scratch
 * file or not at all.  table_cells then gives one column's after the other. */
enum cln_status table_place_cells(struct cln_table *table, size_t n_columns, struct cln_error *err) CLN_MUST_CHECK;
bool table_place_in_scratch(struct cln_table *table, size_t n_columns) CLN_MUST_CHECK;
void *table_cells(struct cln_table *table);

/* Gives a column copies of n texts, which must be distinct, ascending and '\0'-terminated.  On failure the column has no levels. */
enum cln_status column_set_levels(struct column *column, const char *const *texts, size_t n, struct cln_error *err) CLN_MUST_CHECK;

/* The column of that name, else the column with that 1-based number; SIZE_MAX where there is none.  Numbers are for what a user
 * writes of this table: names that come from another one or from a model are no numbers. */
size_t table_find(const struct cln_table *table, const char *name_or_number);
size_t table_find_name(const struct cln_table *table, const char *name);
/* The column of that name alone, where it holds cells. */
size_t table_find_cells(const struct cln_table *table, const char *name);

/* Whether the names look like a row of cells, as where a table has no header: numbers, gaps aside, above all columns of numbers
 * that were read, and in half of the others at least; not whole numbers that ascend from column to column, as years or wavelengths
 * do: two by one, three and four by equal steps. */
bool table_names_are_data(const struct cln_table *table);
/* " (what to do about it)" behind the sentence that a column is missing; else "". */
const char *table_names_hint(const struct cln_table *table);

/* The physical line (1-based) on which a row starts; 0 where unknown. */
size_t table_line(const struct cln_table *table, size_t row);

/* "file:line:column" of a cell, for an error found after reading; the column (1-based, in bytes) is looked up by reading the row
 * again, and left out where that cannot be done. */
#define TABLE_PLACE 512
void table_place(char place[TABLE_PLACE], const struct cln_table *table, size_t row, size_t column);

/* Where a line of a text begins: how many lines are before it, and the byte. */
struct text_line {
	size_t before;
	uint64_t offset;
};

/* The same as numbers; *line 0: not known, *field 0: the line alone is.  begin: a line of the table's text, at first {0}, from
 * which it is looked for, and which becomes the row's: rows in ascending order take one reading of the text in all. */
void table_find_place(size_t *line, size_t *field, struct text_line *begin, const struct cln_table *table, size_t row,
		      size_t column);

/* cln_table_read that goes on behind problems of text, wherever that is sound, and adds all to the findings; CLN_E_DATA where these
 * end it, and for what has no place in a row (the findings then have none of it).  Rows that have one are marked as bad in them. */
struct findings;
enum cln_status table_read_all(struct cln_table **table, const char *path, const struct cln_read_options *options,
			       struct findings *findings, struct cln_error *err) CLN_MUST_CHECK;

/* The text of a cell: the level, or the shortest text of the number; "" where missing. */
#define TABLE_CELL 256
void table_cell(char text[TABLE_CELL], const struct cln_table *table, size_t row, size_t column);

#endif
