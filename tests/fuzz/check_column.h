/* SPDX-License-Identifier: MIT
 * What every column of a table that was read must keep, whatever the bytes were. */
#ifndef FUZZ_CHECK_COLUMN_H
#define FUZZ_CHECK_COLUMN_H

#include <math.h>
#include <string.h>

#include "data/table.h"
#include "data/text.h"
#include "fuzz.h"

static void check_column(const struct column *column, size_t n_rows)
{
	size_t n_missing = 0;
	FUZZ_REQUIRE(text_is_utf8(column->name, strlen(column->name)));
	FUZZ_REQUIRE(column->ignored ? !column->numbers && !column->codes : !column->numbers != !column->codes);
	for (size_t i = 0; column->numbers && i < n_rows; i++) {
		FUZZ_REQUIRE(!isinf(column->numbers[i]));
		n_missing += isnan(column->numbers[i]) != 0;
	}
	for (size_t i = 0; column->codes && i < n_rows; i++) {
		FUZZ_REQUIRE(column->codes[i] < column->n_levels || column->codes[i] == LEVEL_MISSING);
		n_missing += column->codes[i] == LEVEL_MISSING;
	}
	FUZZ_REQUIRE(n_missing == column->n_missing);
	for (size_t i = 0; i < column->n_levels; i++) {
		FUZZ_REQUIRE(text_is_utf8(column->levels[i], strlen(column->levels[i])));
		FUZZ_REQUIRE(i == 0 || strcmp(column->levels[i - 1], column->levels[i]) < 0);
	}
}

#endif
