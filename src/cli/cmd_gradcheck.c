/* SPDX-License-Identifier: MIT
 * colonnade gradcheck: what api/gradcheck.h found, as a table or as JSON. */
#include "cli/commands.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/gradcheck.h"
#include "report/output.h"

static const char *extras(const struct gradcheck_line *line)
{
	return line->full ? "all" : "none";
}

static bool has_differences(const struct gradcheck_line *line)
{
	return line->object[0] != 'c';
}

static void print_line(const struct gradcheck_line *line)
{
	char object[32], difference[32] = "", difference_bound[32] = "";

	snprintf(object, sizeof object, "%s[%zu]", line->object, line->layer);
	if (has_differences(line)) {
		snprintf(difference, sizeof difference, "%+.1e", line->difference);
		snprintf(difference_bound, sizeof difference_bound, "%.1e", line->difference_bound);
	} else {
		snprintf(object, sizeof object, "cost");
	}
	if (line->layer == 0)
		snprintf(object, sizeof object, "%s", line->object);
	printf("%-10s  %-6s  %-8s  %7zu  %8.1e  %8s  %7s  %+8.1e  %7.1e  %-7s  %s\n",
	       name_of(&names_activation, (int)line->activation), extras(line), object, line->n_entries, line->largest, difference,
	       difference_bound, line->engine, line->engine_bound, line->isa, line->ok ? "ok" : "FAIL");
}

static void print_table(const struct gradcheck *result)
{
	printf("textbook  the derivation in double against central differences of the cost: worst signed error, relative to the\n"
	       "          largest entry\n"
	       "engine    one step of the trainer in float32 against the textbook, with %s: signed error of the entry\n"
	       "          nearest to its bound, which is derived from the rounding of every operation\n"
	       "extras    all: with row weights, label smoothing, L1, L2, dropout, the tables T of two categories, a piecewise\n"
	       "          embedding of one or two inputs (V, beta) and a parametric activation (alpha)\n\n",
	       result->isas);
	printf("%-10s  %-6s  %-8s  %7s  %8s  %8s  %7s  %8s  %7s  %s\n", "activation", "extras", "object", "entries", "largest",
	       "textbook", "bound", "engine", "bound", "isa");
	for (size_t i = 0; i < result->n_lines; i++)
		print_line(&result->lines[i]);
	printf("\n%zu lines, %zu failed\n", result->n_lines, result->n_failed);
}

static void write_line(struct json_writer *writer, const struct gradcheck_line *line)
{
	json_begin_object(writer, NULL);
	json_string(writer, "activation", name_of(&names_activation, (int)line->activation));
	json_string(writer, "extras", extras(line));
	json_string(writer, "object", line->object);
	json_size(writer, "layer", line->layer);
	json_size(writer, "entries", line->n_entries);
	json_double(writer, "largest", line->largest);
	json_double(writer, "difference_error", has_differences(line) ? line->difference : NAN);
	json_double(writer, "difference_bound", has_differences(line) ? line->difference_bound : NAN);
	json_double(writer, "engine_error", line->engine);
	json_double(writer, "engine_bound", line->engine_bound);
	json_string(writer, "isa", line->isa);
	json_bool(writer, "ok", line->ok);
	json_end_object(writer);
}

static enum cln_status print_json(const struct gradcheck *result, struct cln_error *err)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text, .pretty = true};

	json_begin_object(&writer, NULL);
	json_begin_array(&writer, "lines");
	for (size_t i = 0; i < result->n_lines; i++)
		write_line(&writer, &result->lines[i]);
	json_end_array(&writer);
	json_string(&writer, "isas", result->isas);
	json_size(&writer, "failed", result->n_failed);
	json_bool(&writer, "ok", result->n_failed == 0);
	json_end_object(&writer);
	text_add(&text, "\n", 1);
	return output_print(&text, err);
}

int cmd_gradcheck(const struct options *options)
{
	const struct gradcheck_request request = {
	    .config = &options->config,
	    .n_inputs = options->inputs,
	    .n_rows = options->rows,
	    .every_activation = !options_given(options, "activation"),
	};
	struct gradcheck result;
	struct cln_error err = {0};

	if (gradcheck_run(&result, &request, &err) != CLN_OK)
		return exit_with_error(&err);
	enum cln_status status = CLN_OK;
	if (options->json)
		status = print_json(&result, &err);
	else
		print_table(&result);
	const bool failed = result.n_failed > 0;
	gradcheck_free(&result);
	if (status != CLN_OK)
		return exit_with_error(&err);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
