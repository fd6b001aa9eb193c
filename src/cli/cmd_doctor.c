/* SPDX-License-Identifier: MIT
 * colonnade doctor: what this machine is, and what the program makes of it. */
#include "api/doctor.h"
#include "api/ranks.h"
#include "cli/commands.h"
#include "report/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- for people */

static void print_isas(const struct doctor *doctor)
{
	printf("instruction sets  ");
	for (size_t i = 0; i < doctor->n_isa; i++)
		printf("%s%s%s", i ? ", " : "", doctor->isa[i].name, doctor->isa[i].supported ? "" : " (not on this CPU)");
	printf("; in use: %s%s\n", doctor->isa_chosen, getenv("COLONNADE_ISA") ? " (COLONNADE_ISA)" : "");
}

/* The names of the rules that say nothing, in lines of at most 96 columns. */
static void print_unset(const struct doctor *doctor)
{
	int column = printf("  not set:");
	const char *separator = "";

	for (size_t i = 0; i < doctor->n_rules; i++) {
		const struct cpus_rule *rule = &doctor->rules[i];
		if (rule->detail[0])
			continue;
		column += printf("%s", separator);
		if (column + (int)strlen(rule->name) > 94)
			column = printf("\n          ");
		column += printf(" %s", rule->name);
		separator = ",";
	}
	printf("\n");
}

static void print_rules(const struct doctor *doctor)
{
	printf("CPUs allowed      %d, of %d core%s\n", doctor->affinity, doctor->cores, doctor->cores == 1 ? "" : "s");
	printf("threads allowed   %d (%s)\n", doctor->threads_allowed, doctor->threads_rule);
	for (size_t i = 0; i < doctor->n_rules; i++) {
		const struct cpus_rule *rule = &doctor->rules[i];
		if (rule->threads > 0)
			printf("  %-24s %4d  %s%s\n", rule->name, rule->threads, rule->detail, rule->won ? "  <- this one" : "");
		else if (rule->detail[0])
			printf("  %-24s    -  %s\n", rule->name, rule->detail);
	}
	print_unset(doctor);
}

static void print_places(const struct doctor *doctor)
{
	printf("OMP_PLACES        %s\n", doctor->places ? doctor->places : "not set");
	printf("OMP_PROC_BIND     %s\n", doctor->bind ? doctor->bind : "not set");
	printf("threads ran on    ");
	for (int tid = 0; tid < doctor->threads; tid++)
		printf("%s%d", tid ? " " : "CPU ", doctor->cpu_of_thread[tid]);
	printf(" (thread 0 first)\n");
}

static void print_ranks(void)
{
	int threads[RANKS_MAX];

	ranks_gather_threads(threads);
	printf("ranks             %d, with", ranks_count());
	for (int r = 0; r < ranks_count(); r++)
		printf("%s %d", r ? "," : "", threads[r]);
	printf(" thread%s\n", ranks_count() > 1 || threads[0] > 1 ? "s" : "");
}

static void print_doctor(const struct doctor *doctor)
{
	printf("Colonnade %s\n", CLN_VERSION);
	printf("CPU               %s\n", doctor->cpu);
	print_isas(doctor);
	print_rules(doctor);
	print_places(doctor);
	printf("FMA peak          %.1f GFLOP/s on one thread, %.1f on %d\n", doctor->peak_one, doctor->peak_all, doctor->threads);
	if (doctor->memory_left < UINT64_MAX)
		printf("memory left       %.1f GB%s\n", (double)doctor->memory_left / 1e9,
		       getenv("COLONNADE_MEMORY") ? " (COLONNADE_MEMORY)" : "");
	printf("huge pages        %s\n", doctor->huge_pages);
	printf("built with        OpenMP: %s, zlib: %s, MPI: %s\n", doctor->openmp ? "yes" : "no, one thread",
	       doctor->zlib ? "yes" : "no, gz files cannot be read", doctor->mpi ? ranks_library() : "not built");
	if (doctor->mpi)
		print_ranks();
	for (size_t i = 0; i < doctor->n_warnings; i++)
		printf("warning: %s\n", doctor->warnings[i]);
}

/* ---------------------------------------------------------------- for programs */

static void write_rules(struct json_writer *writer, const struct doctor *doctor)
{
	json_begin_array(writer, "rules");
	for (size_t i = 0; i < doctor->n_rules; i++) {
		json_begin_object(writer, NULL);
		json_string(writer, "name", doctor->rules[i].name);
		json_size(writer, "threads", (size_t)doctor->rules[i].threads);
		json_string(writer, "detail", doctor->rules[i].detail);
		json_bool(writer, "won", doctor->rules[i].won);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static void write_machine(struct json_writer *writer, const struct doctor *doctor)
{
	json_string(writer, "cpu", doctor->cpu);
	json_begin_array(writer, "isas");
	for (size_t i = 0; i < doctor->n_isa; i++)
		if (doctor->isa[i].supported)
			json_string(writer, NULL, doctor->isa[i].name);
	json_end_array(writer);
	json_string(writer, "isa", doctor->isa_chosen);
}

static void write_threads(struct json_writer *writer, const struct doctor *doctor)
{
	json_size(writer, "threads_allowed", (size_t)doctor->threads_allowed);
	json_string(writer, "threads_rule", doctor->threads_rule);
	write_rules(writer, doctor);
	json_size(writer, "cpus", (size_t)doctor->affinity);
	json_size(writer, "cores", (size_t)doctor->cores);
	json_string(writer, "omp_places", doctor->places);
	json_string(writer, "omp_proc_bind", doctor->bind);
	json_size(writer, "threads", (size_t)doctor->threads);
	json_begin_array(writer, "cpu_of_thread");
	for (int tid = 0; tid < doctor->threads; tid++)
		json_double(writer, NULL, doctor->cpu_of_thread[tid]);
	json_end_array(writer);
}

static void write_ranks(struct json_writer *writer)
{
	int threads[RANKS_MAX];

	ranks_gather_threads(threads);
	json_string(writer, "mpi_library", ranks_library());
	json_begin_array(writer, "rank_threads");
	for (int r = 0; r < ranks_count(); r++)
		json_size(writer, NULL, (size_t)threads[r]);
	json_end_array(writer);
}

static int print_json(const struct doctor *doctor)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text, .pretty = true};
	struct cln_error err;

	json_begin_object(&writer, NULL);
	json_string(&writer, "version", CLN_VERSION);
	write_machine(&writer, doctor);
	write_threads(&writer, doctor);
	json_double(&writer, "peak_gflops_one", doctor->peak_one);
	json_double(&writer, "peak_gflops", doctor->peak_all);
	if (doctor->memory_left < UINT64_MAX)
		json_size(&writer, "memory_left", (size_t)doctor->memory_left);
	json_string(&writer, "huge_pages", doctor->huge_pages);
	json_bool(&writer, "openmp", doctor->openmp);
	json_bool(&writer, "zlib", doctor->zlib);
	json_bool(&writer, "mpi", doctor->mpi);
	if (doctor->mpi)
		write_ranks(&writer);
	json_begin_array(&writer, "warnings");
	for (size_t i = 0; i < doctor->n_warnings; i++)
		json_string(&writer, NULL, doctor->warnings[i]);
	json_end_array(&writer);
	json_end_object(&writer);
	text_add(&text, "\n", 1);
	return output_print(&text, &err) == CLN_OK ? 0 : exit_with_error(&err);
}

int cmd_doctor(const struct options *options)
{
	struct doctor *doctor;
	struct cln_error err = {0};
	int code = 0;

	if (doctor_create(&doctor, options->config.isa, &err) != CLN_OK)
		return exit_with_error(&err);
	if (options->json)
		code = print_json(doctor);
	else
		print_doctor(doctor);
	doctor_destroy(doctor);
	return code;
}
