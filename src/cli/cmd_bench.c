/* SPDX-License-Identifier: MIT
 * colonnade bench: training speed beside the machine's FMA peak. */
#include "cli/commands.h"

#include "api/bench.h"
#include "report/output.h"

#include <stdio.h>

/* The last phase is one of several ranks. */
static int phases_of(const struct bench_result *result)
{
	return result->ranks > 1 ? PHASES : PHASE_EXCHANGE;
}

static double step_seconds(const struct bench_result *result)
{
	double sum = 0;

	for (int phase = 0; phase < PHASES; phase++)
		sum += result->phase_seconds[phase];
	return sum;
}

static void write_phases(struct json_writer *writer, const struct bench_result *result)
{
	json_begin_array(writer, "phases");
	for (int phase = 0; phase < phases_of(result); phase++) {
		json_begin_object(writer, NULL);
		json_string(writer, "name", phase_name((enum phase)phase));
		json_double(writer, "seconds_per_step", result->phase_seconds[phase]);
		json_double(writer, "share", result->phase_seconds[phase] / step_seconds(result));
		if (result->phase_fraction[phase] > 0)
			json_double(writer, "fraction_of_peak", result->phase_fraction[phase]);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static void print_phases(const struct bench_result *result)
{
	printf("\nphase      us a step   share  of peak\n");
	for (int phase = 0; phase < phases_of(result); phase++) {
		printf("%-9s  %9.2f  %5.1f %%", phase_name((enum phase)phase), 1e6 * result->phase_seconds[phase],
		       100 * result->phase_seconds[phase] / step_seconds(result));
		if (result->phase_fraction[phase] > 0)
			printf("   %5.3f", result->phase_fraction[phase]);
		putchar('\n');
	}
	printf("tile                            %5.3f   a product alone, its operands in the first-level cache\n",
	       result->ranks * result->tile_gflops / result->peak_gflops);
	if (result->ranks > 1)
		printf("exchange                        %.3f MB that a rank sends in a step\n", 1e-6 * result->exchanged_bytes);
}

static enum cln_status print_json(const struct bench_result *result, struct cln_error *err)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text};

	json_begin_object(&writer, NULL);
	json_double(&writer, "rows_per_second", result->rows_per_second);
	json_double(&writer, "rows_per_second_best", result->rows_per_second_best);
	json_double(&writer, "gflops", result->gflops);
	json_double(&writer, "peak_gflops", result->peak_gflops);
	json_double(&writer, "fraction_of_peak", result->fraction_of_peak);
	json_double(&writer, "fraction_at_clock", result->fraction_at_clock);
	json_double(&writer, "flops_per_row", result->flops_per_row);
	json_size(&writer, "windows", result->windows);
	json_size(&writer, "batch_size", result->batch_size);
	json_size(&writer, "block_size", result->block_size);
	json_size(&writer, "threads", (size_t)result->threads);
	json_size(&writer, "lanes", (size_t)result->lanes);
	if (result->ranks > 1) {
		json_size(&writer, "ranks", (size_t)result->ranks);
		json_double(&writer, "exchanged_bytes_per_step", result->exchanged_bytes);
	}
	json_string(&writer, "isa", result->isa);
	if (result->has_phases) {
		json_double(&writer, "tile_gflops", result->tile_gflops);
		write_phases(&writer, result);
	}
	json_doubles(&writer, "window_rows_per_second", result->window_rows_per_second, result->windows, sizeof(double));
	json_doubles(&writer, "window_peak_gflops", result->window_peak_gflops, result->peaks, sizeof(double));
	json_doubles(&writer, "window_fraction_at_clock", result->window_fraction_at_clock, result->fractions, sizeof(double));
	json_end_object(&writer);
	text_add(&text, "\n", 1);
	return output_print(&text, err);
}

static void print_table(const struct bench_result *result)
{
	printf("rows_per_second       %.0f\n", result->rows_per_second);
	printf("rows_per_second_best  %.0f\n", result->rows_per_second_best);
	printf("gflops                %.2f\n", result->gflops);
	printf("peak_gflops           %.2f\n", result->peak_gflops);
	printf("fraction_of_peak      %.3f\n", result->fraction_of_peak);
	printf("fraction_at_clock     %.3f\n", result->fraction_at_clock);
	printf("threads               %d (%s), %s kernels, batch %zu in blocks of %zu\n", result->threads, result->threads_rule,
	       result->isa, result->batch_size, result->block_size);
	if (result->lanes > 1)
		printf("lanes                 %d, each with a network and its part of the threads\n", result->lanes);
	if (result->ranks > 1)
		printf("ranks                 %d, each with these threads\n", result->ranks);
}

int cmd_bench(const struct options *options)
{
	struct bench_result result;
	struct cln_error err = {0};
	const struct bench_shape shape = {options->inputs, options->rows,     options->members, options->embedded,
					  options->binned, options->numbered, options->levels};
	enum cln_status status = bench_run(&result, &options->config, &shape, options->seconds, options->phases, &err);

	if (status == CLN_OK && options->json)
		status = print_json(&result, &err);
	else if (status == CLN_OK)
		print_table(&result);
	if (status == CLN_OK && result.has_phases && !options->json)
		print_phases(&result);
	bench_result_free(&result);
	return status == CLN_OK ? 0 : exit_with_error(&err);
}
