/* SPDX-License-Identifier: MIT
 * Code of exported C files that is the same in all of them.  It is not compiled here: shared_code.awk cuts it out, definition by
 * definition, and export_c.c puts it beside the tables that it works on. */

/* A column of numbers. */
struct pipeline_column {
	size_t field, feature; /* offset in struct colonnade_row; the column's first feature */
	bool has_missing;      /* the feature behind it is 1 where the cell is missing */
	enum transform transform;
	float impute, center, scale;
	const float *knots, *scores;
	size_t n_knots;
};

static void read_numbers(float *x, const struct colonnade_row *row)
{
	size_t i;

	for (i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		const struct pipeline_column *column = &numbers[i];
		float value;
		bool missing;

		memcpy(&value, (const char *)row + column->field, sizeof value);
		missing = isnan(value);
		x[column->feature] = transform(column, missing ? column->impute : value);
		if (column->has_missing)
			x[column->feature + 1] = missing;
	}
}

enum encoding {
	ONE_HOT,    /* a feature a level, 1 or 0, then one that the rare levels share */
	TWO_VALUED, /* -1 for the first level, 1 for the second, 0 for any other text */
	NUMBERED    /* the level's number from 1 on; 0 for the rare ones and any other text */
};

/* A column of texts. */
struct category {
	size_t field, feature, n_features;
	bool has_missing; /* the last feature is 1 where the cell is missing */
	enum encoding encoding;
	const char *const *levels; /* ascending */
	size_t n_levels;
	const char *const *rare;
	size_t n_rare;
};

static void read_category(float *x, const struct category *column, const char *text)
{
	size_t slot, i;

	for (i = 0; i < column->n_features; i++)
		x[i] = 0;
	if (!text || !*text) {
		if (column->has_missing)
			x[column->n_features - 1] = 1;
		return;
	}
	slot = text_find(column->levels, column->n_levels, text);
	if (slot == column->n_levels && text_find(column->rare, column->n_rare, text) == column->n_rare)
		return;
	if (column->encoding == ONE_HOT)
		x[slot] = 1;
	else if (column->encoding == TWO_VALUED)
		x[0] = slot == 0 ? -1.0f : 1.0f;
	else if (slot < column->n_levels)
		x[0] = (float)(slot + 1);
}

static void read_categories(float *x, const struct colonnade_row *row)
{
	size_t i;

	for (i = 0; i < sizeof categories / sizeof *categories; i++) {
		const char *text;

		memcpy(&text, (const char *)row + categories[i].field, sizeof text);
		read_category(x + categories[i].feature, &categories[i], text);
	}
}

/* E[i] = bias[i] + sum over k of V[i][k] cos(frequency[k] x + phase[k]), frequencies in turns */
static void embed(float *E, const struct network *net)
{
	size_t j, k, i;

	for (j = 0; j < NUMBERS; j++) {
		const float x = E[embedded[j]];
		float *sum = E + FEATURES + j * WAVES;

		for (i = 0; i < WAVES; i++)
			sum[i] = net->bias[j * WAVES + i];
		for (k = 0; k < FREQUENCIES; k++) {
			const float turns = net->phase[j * FREQUENCIES + k] * TURNS_A_RADIAN;
			const float h = cosine_of_part(part_of_turn(fmaf(net->frequency[j * FREQUENCIES + k], x, turns)));

			for (i = 0; i < WAVES; i++)
				sum[i] = fmaf(net->V[(j * WAVES + i) * FREQUENCIES + k], h, sum[i]);
		}
	}
}

/* The values of levels: the first in the place of the feature that has the level's number, the others behind. */
static void look_up(float *E, const struct network *net)
{
	size_t c, i;

	for (c = 0; c < TABLES; c++) {
		const float level = E[tables[c][0]];
		const size_t row = level > 0 && level < (float)tables[c][1] ? (size_t)level : 0;
		const float *values = net->values + (tables[c][2] + row) * VALUES;

		E[tables[c][0]] = values[0];
		for (i = 1; i < VALUES; i++)
			E[FIRST_VALUE + c * (VALUES - 1) + i - 1] = values[i];
	}
}

/* The weights of the bins below x, and that of its own by its place in it. */
static void piecewise(float *E, const struct network *net)
{
	size_t j, i, b;

	for (j = 0; j < BINNED; j++) {
		const size_t first = first_edge[j];
		const struct piece piece = piece_of(E[binned[j]], edges + first, first_edge[j + 1] - first - 1);
		const float *W = net->pieces + (first - j) * PIECES;

		for (i = 0; i < PIECES; i++) {
			float sum = net->pieces_bias[j * PIECES + i];

			for (b = 0; b < piece.bin; b++)
				sum += W[b * PIECES + i];
			E[FIRST_PIECE + j * PIECES + i] = fmaf(W[piece.bin * PIECES + i], piece.part, sum);
		}
	}
}

/* z = W a + b, every z[i] one chain of fused multiply-adds; W: n_in rows of n_out. */
static void product(float *z, const float *W, const float *b, const float *a, size_t n_out, size_t n_in)
{
	size_t i, k;

	memcpy(z, b, n_out * sizeof *z);
	for (k = 0; k < n_in; k++, W += n_out)
		for (i = 0; i < n_out; i++)
			z[i] = fmaf(a[k], W[i], z[i]);
}

/* Of one unit: 16 chains, added in halves. */
static float unit_product(const float *w, float b, const float *a, size_t n_in)
{
	float sum[16] = {0};
	size_t k, half;

	sum[0] = b;
	for (k = 0; k < n_in; k++)
		sum[k % 16] = fmaf(w[k], a[k], sum[k % 16]);
	for (half = 8; half > 0; half /= 2)
		for (k = 0; k < half; k++)
			sum[k] += sum[half + k];
	return sum[0];
}

/* W[l] A[l-1] + b[l] into z, of layer l + 1. */
static void preactivation(float *z, const struct network *net, const float *a, size_t l)
{
	if (units[l + 1] > 1)
		product(z, net->W[l], net->b[l], a, units[l + 1], units[l]);
	else
		z[0] = unit_product(net->W[l], net->b[l][0], a, units[l]);
}

static double log_of_sum(double sum) { return dmath_log(sum < DBL_MIN ? DBL_MIN : sum); }
