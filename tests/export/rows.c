/* SPDX-License-Identifier: MIT
 * An exported C file called on the rows of a table, against what colonnade predict says of them, to the bit:
 *   cc -DCOLONNADE_SELF_TEST -DMODEL='"model.c"' -DFIELDS='"fields.h"' rows.c -lm
 *   ./a.out TABLE.csv PREDICTIONS.csv
 * Its own self-test goes first.  fields.h has a line {"column", offset, is a number} for each field.  TABLE: cells without quotes;
 * "" and "?" are missing. */
#define main self_test
#include MODEL
#undef main

#include <stdio.h>
#include <stdlib.h>

static const struct field {
	const char *column;
	size_t offset;
	int number;
} fields[] = {
#include FIELDS
};
enum { N_FIELDS = sizeof fields / sizeof *fields, MOST_CELLS = 1000, LINE = 1 << 16 };

static char header[LINE], line[LINE], predicted[LINE];

/* Cuts a line into its cells; returns how many. */
static int cut(char *cells[MOST_CELLS], char *text)
{
	int n = 0;

	text[strcspn(text, "\r\n")] = '\0';
	for (;;) {
		cells[n++] = text;
		text = strchr(text, ',');
		if (!text || n == MOST_CELLS)
			return n;
		*text++ = '\0';
	}
}

static void set_cell(struct colonnade_row *row, const struct field *field, const char *cell)
{
	const int missing = *cell == '\0' || strcmp(cell, "?") == 0;

	if (field->number) {
		const float value = missing ? NAN : strtof(cell, NULL);
		memcpy((char *)row + field->offset, &value, sizeof value);
	} else {
		const char *text = missing ? NULL : cell;
		memcpy((char *)row + field->offset, &text, sizeof text);
	}
}

int main(int argc, char **argv)
{
	char *names[MOST_CELLS], *cells[MOST_CELLS], *wanted[MOST_CELLS];
	const int failed = self_test();
	FILE *table = argc == 3 ? fopen(argv[1], "r") : NULL, *predictions = argc == 3 ? fopen(argv[2], "r") : NULL;
	long rows = 0, different = 0;

	if (!table || !predictions || !fgets(header, LINE, table) || !fgets(predicted, LINE, predictions))
		return 2;
	const int n = cut(names, header);
	while (fgets(line, LINE, table) && fgets(predicted, LINE, predictions)) {
		struct colonnade_row row;
		const int n_cells = cut(cells, line);

		memset(&row, 0, sizeof row);
		for (int i = 0; i < N_FIELDS; i++) {
			int at = 0;
			while (at < n && strcmp(names[at], fields[i].column) != 0)
				at++;
			if (at == n || at >= n_cells)
				return 2;
			set_cell(&row, &fields[i], cells[at]);
		}
		cut(wanted, predicted);
		const float p = colonnade_probability(&row), expected = strtof(wanted[0], NULL);
		rows++;
		if (memcmp(&p, &expected, sizeof p) != 0 || strcmp(colonnade_labels[colonnade_prediction(&row)], wanted[1]) != 0) {
			if (different++ < 3)
				printf("row %ld: %.9g, predicted %s,%s\n", rows, (double)p, wanted[0], wanted[1]);
		}
	}
	printf("%ld rows, %ld differ\n", rows, different);
	return different > 0 || rows == 0 || failed;
}
