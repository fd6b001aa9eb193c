/* SPDX-License-Identifier: MIT
 * The warnings of doctor, on machines that are made up. */
#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "api/doctor.h"

/* A machine: what OMP_NUM_THREADS, the mask and Slurm say, the cores, and where three threads ran. */
struct machine {
	int omp, mask, slurm, cores, cores_of_threads[3];
	const char *warning; /* a part of the only one; NULL: there is none */
};

static const struct machine machines[] = {
	{0, 3, 0, 3, {0, 1, 2}, NULL},
	{3, 3, 3, 3, {0, 1, 2}, NULL},
	{3, 16, 16, 16, {0, 1, 2}, NULL},
	{3, 2, 0, 2, {0, 1, 1}, "3 threads share 2 CPUs: they take turns"},
	{3, 2, 1, 2, {0, 1, 1}, "3 threads share 2 CPUs: they take turns"},
	{3, 16, 2, 16, {0, 1, 2}, "3 threads (OMP_NUM_THREADS), and the job has 2 (SLURM_CPUS_PER_TASK=2)"},
	{0, 3, 0, 2, {0, 0, 1}, "3 threads on 2 cores: two hyperthreads share a core's arithmetic; OMP_NUM_THREADS=2"},
	{3, 4, 0, 2, {0, 0, 1}, "3 threads on 2 cores"},
	{3, 8, 0, 4, {0, 1, 1}, "threads 1 and 2 shared a core (CPUs 1 and 1)"},
	{3, 8, 0, 4, {-1, -1, 1}, NULL}, /* where the system does not say where they ran */
};

START_TEST(warning_fits_the_machine)
{
	const struct machine *machine = &machines[_i];
	int places[3];
	struct doctor doctor = {.threads = 3, .threads_allowed = 3, .affinity = machine->mask, .cores = machine->cores,
				.threads_rule = machine->omp ? "OMP_NUM_THREADS" : "affinity mask", .cpu_of_thread = places,
				.core_of_thread = places, .huge_pages = "always", .n_rules = 3};
	memcpy(places, machine->cores_of_threads, sizeof places);
	doctor.rules[0] = (struct cpus_rule){.name = "OMP_NUM_THREADS", .threads = machine->omp};
	doctor.rules[1] = (struct cpus_rule){.name = "affinity mask", .threads = machine->mask};
	doctor.rules[2] = (struct cpus_rule){.name = "SLURM_CPUS_PER_TASK", .threads = machine->slurm};
	snprintf(doctor.rules[2].detail, sizeof doctor.rules[2].detail, "SLURM_CPUS_PER_TASK=%d", machine->slurm);
	doctor_find_warnings(&doctor);
	ck_assert_uint_eq(doctor.n_warnings, machine->warning ? 1 : 0);
	if (machine->warning)
		ck_assert_msg(strstr(doctor.warnings[0], machine->warning), "%s", doctor.warnings[0]);
}
END_TEST

START_TEST(runtime_that_gives_fewer_threads_and_no_huge_pages_are_told)
{
	int places[] = {0, 1, 2};
	struct doctor doctor = {.threads = 3, .threads_allowed = 4, .affinity = 4, .cores = 4, .cpu_of_thread = places,
				.core_of_thread = places, .huge_pages = "never"};
	doctor_find_warnings(&doctor);
	ck_assert_uint_eq(doctor.n_warnings, 2);
	ck_assert_ptr_nonnull(strstr(doctor.warnings[0], "4 threads are allowed and the OpenMP runtime gives 3"));
	ck_assert_ptr_nonnull(strstr(doctor.warnings[1], "huge pages"));
}
END_TEST

static Suite *doctor_suite(void)
{
	Suite *suite = suite_create("doctor");
	TCase *warnings = tcase_create("warnings");

	tcase_add_loop_test(warnings, warning_fits_the_machine, 0, sizeof machines / sizeof *machines);
	tcase_add_test(warnings, runtime_that_gives_fewer_threads_and_no_huge_pages_are_told);
	suite_add_tcase(suite, warnings);
	return suite;
}

TESTING_MAIN(doctor_suite)
