/* SPDX-License-Identifier: MIT
 * A model as one C99 file without dependencies or allocation, whose probabilities have the bits of predict's. */
#include <string.h>

#include "model/export_c.h"

/* ---------------------------------------------------------------- what a user sees */

static void add_introduction(struct c_export *c)
{
	text_addf(c->out, "/* The probability that ");
	c_add_comment(c->out, c->model->label.column);
	c_add(c, " is ");
	c_add_comment(c->out, c->model->label.positive);
	text_addf(c->out, ".  Made by \"colonnade export --format c\", Colonnade %s; its arithmetic is\n", CLN_VERSION);
	c_add(c, " * Colonnade's (MIT licence), the numbers are the model's.\n"
		 " *\n"
		 " *   struct colonnade_row row = {0};\n"
		 " *   ... set every field: the cells of a row, as in the table that the model was trained on\n"
		 " *   float p = colonnade_probability(&row);   the bits of \"colonnade predict\"\n"
		 " *   int positive = colonnade_prediction(&row);   1 where p is at least the model's threshold, else 0\n"
		 " *\n"
		 " * A number that is missing is NAN, and none may be infinite; a text that is missing is NULL or \"\".  A text\n"
		 " * that the training rows did not hold counts as no level, as in predict.\n"
		 " *\n"
		 " * C99 and libm alone; no allocation, nothing shared: any number of threads.  Compile with\n"
		 " * -ffp-contract=off (gcc's -std=c99 implies it) and link with -lm; with -mfma, or -march=native, it is much\n"
		 " * faster on x86-64, with the same bits.  Other files that call it define COLONNADE_DECLARATIONS and include\n"
		 " * it, too.  With -DCOLONNADE_SELF_TEST it is a program that computes some rows and compares their bits: exit\n"
		 " * code 0, or 1 where they differ. */\n");
}

static void add_row(struct c_export *c)
{
	const struct pipeline *pipeline = c->model->pipeline;
	c_add(c, "struct colonnade_row {\n");
	for (size_t i = 0; i < pipeline->n_columns; i++) {
		const struct pipeline_column *column = &pipeline->columns[i];
		if (column->n_features == 0)
			continue;
		text_addf(c->out, "\t%s%s; /* ", column->type == COLUMN_NUMERIC ? "float " : "const char *", c->fields[i].name);
		c_add_comment(c->out, column->name);
		c_add(c, " */\n");
	}
	c_add(c, "};\n");
}

static void add_declarations(struct c_export *c)
{
	c_add(c, "#ifndef COLONNADE_MODEL\n#define COLONNADE_MODEL\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
	add_row(c);
	c_add(c, "\nfloat colonnade_probability(const struct colonnade_row *row);\n"
		 "int colonnade_prediction(const struct colonnade_row *row);\n"
		 "extern const char *const colonnade_labels[2]; /* of the predictions 0 and 1 */\n"
		 "\n#ifdef __cplusplus\n}\n#endif\n#endif\n");
}

static void add_conditions(struct c_export *c)
{
	c_add(c, "\n#ifndef COLONNADE_DECLARATIONS\n\n"
		 "#include <float.h>\n#include <math.h>\n#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n"
		 "#include <string.h>\n\n"
		 "#ifdef __FAST_MATH__\n#error \"this needs IEEE arithmetic: no -ffast-math, no -Ofast\"\n#endif\n"
		 "#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16\n"
		 "#error \"floats must be rounded to float: on 32-bit x86 add -msse2 -mfpmath=sse\"\n#endif\n"
		 "#ifdef __clang__\n#pragma STDC FP_CONTRACT OFF\n#endif\n\n");
}

/* ---------------------------------------------------------------- from logits to the prediction */

/* As api/scores.c has it: each member's probability rounded to float, their sum and mean in double. */
static void add_probability(struct c_export *c)
{
	const double T = model_temperature(c->model);
	const bool ensemble = c->model->n_members > 1, calibrated = T != 1;
	/* the floats' polynomial is there already, under the same name */
	c_add(c, "\n/* ---- in double: the probability ---- */\n\n#define polynomial polynomial_of_double\n");
	c_need(c, "dmath_sigmoid");
	if (ensemble && calibrated)
		c_need(c, "log_of_sum");
	if (calibrated) {
		c_add(c, "static const double temperature = ");
		c_add_double(c->out, T);
		c_add(c, ";\n");
	}
	c_add(c, "\nfloat colonnade_probability(const struct colonnade_row *row)\n{\n\tfloat x[FEATURES];\n");
	c_add(c, !ensemble ? "" :
		 calibrated ? "\tdouble positive = 0, negative = 0;\n\tsize_t k;\n" : "\tdouble sum = 0;\n\tsize_t k;\n");
	c_add(c, "\n\tfeatures(x, row);\n");
	if (!ensemble)
		text_addf(c->out, "\treturn (float)dmath_sigmoid((double)logit(&networks[0], x)%s);\n",
			  calibrated ? " / temperature" : "");
	else if (!calibrated)
		c_add(c, "\tfor (k = 0; k < NETWORKS; k++)\n"
			 "\t\tsum += (double)(float)dmath_sigmoid((double)logit(&networks[k], x));\n"
			 "\treturn (float)(sum / NETWORKS);\n");
	else
		c_add(c, "\tfor (k = 0; k < NETWORKS; k++) {\n"
			 "\t\tconst double z = (double)logit(&networks[k], x);\n"
			 "\t\tpositive += dmath_sigmoid(z);\n\t\tnegative += dmath_sigmoid(-z);\n\t}\n"
			 "\tpositive = (double)(float)(log_of_sum(positive) - log_of_sum(negative)); /* their mean's logit */\n"
			 "\treturn (float)dmath_sigmoid(positive / temperature);\n");
	c_add(c, "}\n");
}

static void add_prediction(struct c_export *c)
{
	c_add(c, "\nint colonnade_prediction(const struct colonnade_row *row)\n{\n\treturn (double)colonnade_probability(row) >= ");
	c_add_double(c->out, c->model->threshold);
	c_add(c, ";\n}\n\nconst char *const colonnade_labels[2] = {\n\t");
	c_add_string(c->out, c->model->label.negative);
	c_add(c, ",\n\t");
	c_add_string(c->out, c->model->label.positive);
	c_add(c, ",\n};\n");
}

/* ---------------------------------------------------------------- the self-test */

static void add_cell(struct c_export *c, const struct column *cells, size_t row)
{
	if (cells->type == COLUMN_CATEGORICAL && cells->codes[row] == LEVEL_MISSING)
		c_add(c, "NULL");
	else if (cells->type == COLUMN_CATEGORICAL)
		c_add_string(c->out, cells->levels[cells->codes[row]]);
	else
		c_add_float(c->out, cells->numbers[row]);
}

static void add_self_test(struct c_export *c, const struct export_sample *sample)
{
	const struct cln_table *table = sample->table;
	c_add(c, "\n#ifdef COLONNADE_SELF_TEST\n\n#include <stdio.h>\n\n"
		 "static const struct colonnade_row test_rows[] = {\n");
	for (size_t i = 0; i < table->n_rows; i++) {
		c_add(c, "\t{\n");
		for (size_t k = 0; k < table->n_columns; k++) {
			c_add(c, "\t\t");
			add_cell(c, &table->columns[k], i);
			c_add(c, ",\n");
		}
		c_add(c, "\t},\n");
	}
	c_add(c, "};\n\n/* What \"colonnade predict\" says of them. */\n");
	c_add_floats(c->out, "test_probabilities", sample->probabilities, table->n_rows);
	text_addf(c->out, "\nint main(void)\n{\n\tsize_t i, different = 0;\n\n\tfor (i = 0; i < %zu; i++) {\n", table->n_rows);
	c_add(c, "\t\tconst float p = colonnade_probability(&test_rows[i]);\n\n"
		 "\t\tif (memcmp(&p, &test_probabilities[i], sizeof p) != 0 && !(isnan(p) && isnan(test_probabilities[i]))) {\n"
		 "\t\t\tfprintf(stderr, \"row %d: the probability is %.9g, not %.9g\\n\", (int)i, (double)p, "
		 "(double)test_probabilities[i]);\n"
		 "\t\t\tdifferent++;\n\t\t}\n\t}\n");
	text_addf(c->out, "\tprintf(\"%%d of %zu rows have the bits of colonnade predict\\n\", %zu - (int)different);\n",
		  table->n_rows, table->n_rows);
	c_add(c, "\treturn different > 0;\n}\n\n#endif\n");
}

enum cln_status export_c(struct text *out, const struct cln_model *model, const struct export_sample *sample, struct cln_error *err)
{
	struct c_export c = {.out = out, .model = model};
	struct c_field *fields;
	enum cln_status status = c_fields(&fields, model->pipeline, err);

	if (status != CLN_OK)
		return status;
	c.fields = fields;
	add_introduction(&c);
	add_declarations(&c);
	add_conditions(&c);
	c_add_pipeline(&c);
	status = c_add_networks(&c, err);
	add_probability(&c);
	add_prediction(&c);
	add_self_test(&c, sample);
	c_add(&c, "\n#endif\n");
	mem_free(fields);
	return status == CLN_OK ? text_check(out, err) : status;
}
