/* SPDX-License-Identifier: MIT */
#include "made_machine.h"

#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cpus.h"
#include "base/parallel.h"

/* The environment: pairs of name and value, from the test at hand. */
static const char *const *environment;

static char *variable(const char *name)
{
	for (const char *const *pair = environment; *pair; pair += 2)
		if (strcmp(pair[0], name) == 0)
			return (char *)(uintptr_t)pair[1];
	return NULL;
}

static const char *const nothing_set[] = {NULL};

static int allowed(const char *const *variables, struct cpus_rule rules[CPUS_MAX_RULES])
{
	struct cpus_source source = {.root = root, .variable = variable, .affinity = 16, .host = "node7.example"};
	environment = variables;
	return cpus_allowed_from(&source, rules, NULL);
}

static const struct cpus_rule *rule_named(const struct cpus_rule *rules, const char *name)
{
	for (size_t i = 0; i < CPUS_MAX_RULES; i++)
		if (rules[i].name && strcmp(rules[i].name, name) == 0)
			return &rules[i];
	ck_abort_msg("there is no rule %s", name);
	return NULL;
}

/* ---------------------------------------------------------------- variables */

static const struct {
	const char *name, *value;
	int threads; /* 16 is the affinity mask: the value was ignored, or is no limit */
} single[] = {
	{"OMP_NUM_THREADS", "4", 4},
	{"OMP_NUM_THREADS", "4,2,1", 4},
	{"OMP_NUM_THREADS", " 4 ", 4},
	{"OMP_NUM_THREADS", "40", 40}, /* wins outright, over the mask too */
	{"OMP_NUM_THREADS", "0", 16},
	{"OMP_NUM_THREADS", "-3", 16},
	{"OMP_NUM_THREADS", "four", 16},
	{"OMP_NUM_THREADS", "4x", 16},
	{"OMP_NUM_THREADS", "", 16},
	{"OMP_NUM_THREADS", "99999999999999999999", PARALLEL_MAX},
	{"SLURM_CPUS_PER_TASK", "6", 6},
	{"SLURM_CPUS_PER_TASK", "64", 16},
	{"SLURM_CPUS_PER_TASK", "6(x2)", 6},
	{"SLURM_CPUS_PER_TASK", "6,2", 6},
	{"SLURM_CPUS_PER_TASK", "6;2", 16},
	{"SLURM_CPUS_ON_NODE", "6", 6},
	{"SLURM_CPUS_ON_NODE", "6(x2),3", 6},
	{"SLURM_JOB_CPUS_PER_NODE", "12", 12},
	{"SLURM_JOB_CPUS_PER_NODE", "12(x2)", 12},
	{"SLURM_JOB_CPUS_PER_NODE", "7(x2),3", 7},
	{"SLURM_JOB_CPUS_PER_NODE", "7(x", 16},
	{"SLURM_JOB_CPUS_PER_NODE", "7(y2)", 16},
	{"SLURM_JOB_CPUS_PER_NODE", "(x2)", 16},
	{"PBS_NCPUS", "5", 5},
	{"NCPUS", "5", 5},
	{"PBS_NUM_PPN", "5", 5},
	{"PBS_NP", "5", 5},
	{"PBS_NP", "99999999999999999999", 16},
	{"LSB_DJOB_NUMPROC", "5", 5},
	{"LSB_MCPU_HOSTS", "node7 5", 5},
	{"LSB_MCPU_HOSTS", "node1 3 node7 5 node9 2 ", 5},
	{"LSB_MCPU_HOSTS", "node1 3 NODE7.cluster.example 5", 5},
	{"LSB_MCPU_HOSTS", "node7 5 node1 3 node7 2", 7},
	{"LSB_MCPU_HOSTS", "alias 5", 5}, /* a single host is this one */
	{"LSB_MCPU_HOSTS", "node1 3 node9 2", 16},
	{"LSB_MCPU_HOSTS", "node77 3 node 2", 16},
	{"LSB_MCPU_HOSTS", "node1 3 node7", 16},
	{"LSB_MCPU_HOSTS", "", 16},
	{"NSLOTS", "5", 5},
	{"NSLOTS", "5.5", 16},
};
#define N_SINGLE ((int)(sizeof single / sizeof *single))

static char *no_variable(const char *name)
{
	(void)name;
	return NULL;
}

static char *eight_a_task(const char *name)
{
	static char eight[] = "8";
	return strcmp(name, "SLURM_CPUS_PER_TASK") == 0 ? eight : NULL;
}

START_TEST(variable_gives_the_threads)
{
	const char *const variables[] = {single[_i].name, single[_i].value, NULL};
	ck_assert_msg(allowed(variables, NULL) == single[_i].threads, "%s=%s gave %d", single[_i].name, single[_i].value,
	              allowed(variables, NULL));
}
END_TEST

START_TEST(variable_that_is_ignored_is_shown)
{
	static const char *const variables[] = {"OMP_NUM_THREADS", "four", NULL};
	struct cpus_rule rules[CPUS_MAX_RULES];
	allowed(variables, rules);
	ck_assert_int_eq(rules[0].threads, 0);
	ck_assert_str_eq(rules[0].detail, "OMP_NUM_THREADS=four (not understood, ignored)");
}
END_TEST

START_TEST(omp_num_threads_wins_over_a_smaller_scheduler)
{
	static const char *const variables[] = {"OMP_NUM_THREADS", "9", "SLURM_CPUS_PER_TASK", "2", NULL};
	ck_assert_int_eq(allowed(variables, NULL), 9);
}
END_TEST

START_TEST(least_of_the_scheduler_wins)
{
	static const char *const variables[] = {"SLURM_CPUS_PER_TASK", "8", "SLURM_JOB_CPUS_PER_NODE", "3(x2)", NULL};
	struct cpus_rule rules[CPUS_MAX_RULES];
	ck_assert_int_eq(allowed(variables, rules), 3);
	ck_assert(rule_named(rules, "SLURM_JOB_CPUS_PER_NODE")->won);
	ck_assert(!rule_named(rules, "SLURM_CPUS_PER_TASK")->won);
}
END_TEST

START_TEST(slurm_node_number_picks_the_node)
{
	static const char *const nodes[] = {"0", "1", "2", "3"};
	static const int cpus[] = {7, 7, 3, 16}; /* there is no fourth node: ignored */
	const char *const variables[] = {"SLURM_JOB_CPUS_PER_NODE", "7(x2),3", "SLURM_NODEID", nodes[_i], NULL};
	ck_assert_int_eq(allowed(variables, NULL), cpus[_i]);
}
END_TEST

/* What the batch systems write for a job, and what of it is for node7. */
static const struct {
	const char *name, *content;
	int threads;
	const char *detail;
} files[] = {
	{"PBS_NODEFILE", "node7\nnode7\nnode7\nnode8\nnode8\n", 3, "PBS_NODEFILE=/list"},
	{"PBS_NODEFILE", "node7.cluster\nnode7.cluster", 2, "PBS_NODEFILE=/list"},
	{"PBS_NODEFILE", "node77\nnode8\n", 16, "PBS_NODEFILE=/list (this host is not in it, ignored)"},
	{"PBS_NODEFILE", "", 16, "PBS_NODEFILE=/list (this host is not in it, ignored)"},
	{"LSB_AFFINITY_HOSTFILE", "node7 0,1,2,3 0 1\nnode7 2,3,4 0 1\nnode8 0,1,2,3,4,5,6 0 1\n", 5,
	 "LSB_AFFINITY_HOSTFILE=/list"},
	{"LSB_AFFINITY_HOSTFILE", "node7\t0-2,8\n", 4, "LSB_AFFINITY_HOSTFILE=/list"},
	{"LSB_AFFINITY_HOSTFILE", "node7 0-99999999999\n", 16, "LSB_AFFINITY_HOSTFILE=/list"},
	{"LSB_AFFINITY_HOSTFILE", "node7\n", 16, "LSB_AFFINITY_HOSTFILE=/list (this host is not in it, ignored)"},
	{"PE_HOSTFILE", "node8 9 all.q@node8 UNDEFINED\nnode7 3 all.q@node7 UNDEFINED\nnode7 4 big.q@node7 UNDEFINED\n", 7,
	 "PE_HOSTFILE=/list"},
	{"PE_HOSTFILE", "node7 many all.q UNDEFINED\n", 16, "PE_HOSTFILE=/list (this host is not in it, ignored)"},
	{"PE_HOSTFILE", NULL, 16, "PE_HOSTFILE=/list (cannot be read, ignored)"},
};

START_TEST(list_of_hosts_gives_the_threads)
{
	const char *const variables[] = {files[_i].name, "/list", NULL};
	struct cpus_rule rules[CPUS_MAX_RULES];
	if (files[_i].content)
		put("/list", files[_i].content);
	ck_assert_int_eq(allowed(variables, rules), files[_i].threads);
	ck_assert_str_eq(rule_named(rules, files[_i].name)->detail, files[_i].detail);
}
END_TEST

/* PBS Pro lists processes, of which a job of 12 cores has one. */
START_TEST(node_file_of_pbs_pro_is_not_a_list_of_cores)
{
	static const char *const variables[] = {"PBS_NODEFILE", "/list", "NCPUS", "12", NULL};
	struct cpus_rule rules[CPUS_MAX_RULES];
	put("/list", "node7\n");
	ck_assert_int_eq(allowed(variables, rules), 12);
	ck_assert_str_eq(rule_named(rules, "PBS_NODEFILE")->detail,
			 "PBS_NODEFILE=/list (has a line a process where NCPUS is set, not counted)");
}
END_TEST

/* Two sockets of two cores with two hyperthreads each, numbered as Linux does; a CPU that tells nothing is a core of its own. */
static const struct {
	int cpus[5], cores; /* ended by -1 */
} masks[] = {{{0, 1, 2, 3, -1}, 4}, {{0, 4, -1}, 1}, {{0, 1, 4, 5, -1}, 2}, {{2, 7, -1}, 2}, {{0, 8, -1}, 2}, {{9, -1}, 1}};

START_TEST(cores_of_a_mask_are_counted_once)
{
	struct cpus_mask mask = {0};
	for (int cpu = 0; cpu < 8; cpu++) {
		char path[96], list[16];
		snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
		snprintf(list, sizeof list, "%d,%d\n", cpu % 4, cpu % 4 + 4);
		put(path, list);
	}
	for (const int *cpu = masks[_i].cpus; *cpu >= 0; cpu++)
		cpus_mask_add(&mask, *cpu);
	ck_assert_int_eq(cpus_mask_cores(&mask, root), masks[_i].cores);
}
END_TEST

START_TEST(without_any_limit_the_affinity_mask_wins)
{
	struct cpus_rule rules[CPUS_MAX_RULES];
	ck_assert_int_eq(allowed(nothing_set, rules), 16);
	ck_assert(rule_named(rules, "affinity mask")->won);
}
END_TEST

/* ---------------------------------------------------------------- cgroups */

#define V2_MOUNT "30 20 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1_MOUNT "33 20 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
#define V1_OTHER "34 20 0:29 / /sys/fs/cgroup/cpuset rw shared:9 - cgroup cgroup rw,cpuset\n"

START_TEST(cgroup2_quota_is_rounded_up)
{
	static const char *const quotas[] = {"150000 100000\n", "200000 100000\n", "10000 100000\n", "max 100000\n"};
	static const int cpus[] = {2, 2, 1, 16};
	put("/proc/self/mountinfo", V2_MOUNT);
	put("/proc/self/cgroup", "0::/job\n");
	put("/sys/fs/cgroup/job/cpu.max", quotas[_i]);
	ck_assert_int_eq(allowed(nothing_set, NULL), cpus[_i]);
}
END_TEST

START_TEST(cgroup2_quota_of_a_parent_counts)
{
	struct cpus_rule rules[CPUS_MAX_RULES];
	put("/proc/self/mountinfo", V2_MOUNT);
	put("/proc/self/cgroup", "0::/slice/job/step\n");
	put("/sys/fs/cgroup/slice/cpu.max", "300000 100000\n");
	put("/sys/fs/cgroup/slice/job/cpu.max", "max 100000\n");
	put("/sys/fs/cgroup/slice/job/step/cpu.max", "500000 100000\n");
	ck_assert_int_eq(allowed(nothing_set, rules), 3);
	ck_assert_str_eq(rule_named(rules, "cgroup quota")->detail, "cpu.max = 300000 100000");
}
END_TEST

/* A container with its own cgroup namespace sees its directory as the mount itself. */
START_TEST(cgroup2_quota_at_the_mount_counts)
{
	put("/proc/self/mountinfo", V2_MOUNT);
	put("/proc/self/cgroup", "0::/\n");
	put("/sys/fs/cgroup/cpu.max", "400000 100000\n");
	ck_assert_int_eq(allowed(nothing_set, NULL), 4);
}
END_TEST

/* A container without one: the mount shows /docker/abc, and the path is the host's. */
START_TEST(cgroup1_path_is_taken_below_what_the_mount_shows)
{
	put("/proc/self/mountinfo", "33 20 0:28 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n");
	put("/proc/self/cgroup", "3:cpu:/docker/abc/inner\n");
	put("/sys/fs/cgroup/cpu/inner/cpu.cfs_quota_us", "250000\n");
	put("/sys/fs/cgroup/cpu/inner/cpu.cfs_period_us", "50000\n");
	ck_assert_int_eq(allowed(nothing_set, NULL), 5);
}
END_TEST

START_TEST(cgroup1_path_outside_the_mount_falls_back_to_the_mount)
{
	put("/proc/self/mountinfo", "33 20 0:28 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n");
	put("/proc/self/cgroup", "3:cpu:/elsewhere\n");
	put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "600000\n");
	put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
	ck_assert_int_eq(allowed(nothing_set, NULL), 6);
}
END_TEST

START_TEST(cgroup1_quota_counts_on_the_whole_path)
{
	put("/proc/self/mountinfo", V1_OTHER V1_MOUNT);
	put("/proc/self/cgroup", "4:cpuset:/wrong\n3:cpu,cpuacct:/slice/job\n0::/\n");
	put("/sys/fs/cgroup/cpu,cpuacct/slice/cpu.cfs_quota_us", "250000\n");
	put("/sys/fs/cgroup/cpu,cpuacct/slice/cpu.cfs_period_us", "100000\n");
	put("/sys/fs/cgroup/cpu,cpuacct/slice/job/cpu.cfs_quota_us", "-1\n");
	put("/sys/fs/cgroup/cpu,cpuacct/slice/job/cpu.cfs_period_us", "100000\n");
	ck_assert_int_eq(allowed(nothing_set, NULL), 3);
}
END_TEST

/* cpuset is another controller than cpu, although its name begins with it. */
START_TEST(cgroup1_quota_of_another_controller_is_not_read)
{
	put("/proc/self/mountinfo", V1_OTHER);
	put("/proc/self/cgroup", "3:cpu,cpuacct:/\n4:cpuset:/\n");
	put("/sys/fs/cgroup/cpuset/cpu.cfs_quota_us", "100000\n");
	put("/sys/fs/cgroup/cpuset/cpu.cfs_period_us", "100000\n");
	ck_assert_int_eq(allowed(nothing_set, NULL), 16);
}
END_TEST

START_TEST(cgroup_least_of_both_versions_counts)
{
	put("/proc/self/mountinfo", V1_MOUNT V2_MOUNT);
	put("/proc/self/cgroup", "3:cpu,cpuacct:/\n0::/\n");
	put("/sys/fs/cgroup/cpu.max", "700000 100000\n");
	put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000\n");
	put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
	ck_assert_int_eq(allowed(nothing_set, NULL), 3);
}
END_TEST

START_TEST(cgroup_quota_that_is_no_number_is_ignored)
{
	static const char *const quotas[] = {"", "abc\n", "100000\n", "100000 0\n", "-5 100000\n"};
	put("/proc/self/mountinfo", V2_MOUNT);
	put("/proc/self/cgroup", "0::/\n");
	put("/sys/fs/cgroup/cpu.max", quotas[_i]);
	ck_assert_int_eq(allowed(nothing_set, NULL), 16);
}
END_TEST

/* ---------------------------------------------------------------- this machine */

START_TEST(affinity_of_one_cpu_allows_one_thread)
{
	cpu_set_t all, one;
	const char *rule = NULL;
	ck_assert_int_eq(sched_getaffinity(0, sizeof all, &all), 0);
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
		if (CPU_ISSET(cpu, &all))
			CPU_SET(cpu, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
	unsetenv("OMP_NUM_THREADS");
	ck_assert_int_eq(cpus_affinity(), 1);
	ck_assert_int_eq(cln_threads_allowed(&rule), 1);
	ck_assert_str_eq(rule, "affinity mask");
}
END_TEST

/* What is counted by the machine is shared by ranks on the same CPUs; what is each one's own is not. */
START_TEST(ranks_share_the_cpus_of_a_machine)
{
	struct cpus_source source = {.root = "/nonexistent", .variable = no_variable, .affinity = 16, .sharers = 3};
	struct cpus_rule rules[CPUS_MAX_RULES];
	size_t n;
	ck_assert_int_eq(cpus_allowed_from(&source, rules, &n), 5);
	ck_assert_str_eq(rules[n - 1].name, "ranks on these CPUs");
	ck_assert_str_eq(rules[n - 1].detail, "3 ranks");
	ck_assert(rules[n - 1].won && !rules[1].won);
	source.sharers = 40;
	ck_assert_int_eq(cpus_allowed_from(&source, rules, &n), 1);
	source.variable = eight_a_task;
	source.sharers = 3;
	ck_assert_int_eq(cpus_allowed_from(&source, rules, &n), 8);
	source.variable = no_variable;
	source.sharers = 1;
	ck_assert_int_eq(cpus_allowed_from(&source, rules, &n), 16);
}
END_TEST

START_TEST(public_function_names_the_rule_that_won)
{
	const char *rule = NULL;
	setenv("OMP_NUM_THREADS", "3", 1);
	ck_assert_int_eq(cln_threads_allowed(&rule), 3);
	ck_assert_str_eq(rule, "OMP_NUM_THREADS");
}
END_TEST

START_TEST(public_function_works_without_a_place_for_the_rule)
{
	setenv("OMP_NUM_THREADS", "3", 1);
	ck_assert_int_eq(cln_threads_allowed(NULL), 3);
}
END_TEST

START_TEST(model_name_is_one_line_of_text)
{
	char name[CPUS_NAME] = "";
	cpus_model_name(name);
	ck_assert_uint_gt(strlen(name), 0);
	ck_assert_ptr_null(strchr(name, '\n'));
}
END_TEST

/* What a Neoverse N1 says of itself on Linux, a core that nobody has heard of, a kernel that gives words too, and x86. */
static const struct {
	const char *cpuinfo, *name;
} models[] = {
	{"processor\t: 0\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\n",
	 "Arm Neoverse N1"},
	{"CPU implementer\t: 0x41\nCPU part\t: 0xd0c\nCPU implementer\t: 0x46\nCPU part\t: 0x001\n", "Arm Neoverse N1"},
	{"model name\t: ARMv8 Processor rev 1\nCPU implementer\t: 0x41\nCPU part\t: 0xd03\n", "Arm Cortex-A53"},
	{"model name\t: ARMv8 Processor rev 1\nCPU implementer\t: 0x7f\nCPU part\t: 0xd03\n", "ARMv8 Processor rev 1"},
	{"vendor_id\t: X\nmodel name\t: One CPU @ 2.00GHz\nmodel name\t: Another\n", "One CPU @ 2.00GHz"},
};
START_TEST(model_name_is_that_of_the_first_processor)
{
	char name[CPUS_NAME];
	put("/proc/cpuinfo", models[_i].cpuinfo);
	cpus_model_name_from(name, &(struct cpus_source){.root = root});
	ck_assert_str_eq(name, models[_i].name);
}
END_TEST

START_TEST(model_name_without_words_is_the_architecture_with_its_numbers)
{
	char name[CPUS_NAME], expected[CPUS_NAME];
	struct utsname machine;
	ck_assert_int_eq(uname(&machine), 0);
	cpus_model_name_from(name, &(struct cpus_source){.root = root});
	ck_assert_str_eq(name, machine.machine);
	put("/proc/cpuinfo", "CPU implementer\t: 0x7f\nCPU part\t: 0xd03\n");
	cpus_model_name_from(name, &(struct cpus_source){.root = root});
	snprintf(expected, sizeof expected, "%.60s, implementer 0x7f, part 0xd03", machine.machine);
	ck_assert_str_eq(name, expected);
}
END_TEST

static Suite *cpus_suite(void)
{
	Suite *suite = suite_create("cpus");
	TCase *variables = tcase_create("variables");
	TCase *files_case = tcase_create("files");
	TCase *cgroups = tcase_create("cgroups");
	TCase *machine = tcase_create("machine");
	TCase *model = tcase_create("model");

	tcase_add_loop_test(variables, variable_gives_the_threads, 0, N_SINGLE);
	tcase_add_test(variables, variable_that_is_ignored_is_shown);
	tcase_add_test(variables, omp_num_threads_wins_over_a_smaller_scheduler);
	tcase_add_test(variables, least_of_the_scheduler_wins);
	tcase_add_loop_test(variables, slurm_node_number_picks_the_node, 0, 4);
	tcase_add_test(variables, without_any_limit_the_affinity_mask_wins);

	tcase_add_checked_fixture(files_case, make_root, remove_root);
	tcase_add_loop_test(files_case, list_of_hosts_gives_the_threads, 0, sizeof files / sizeof *files);
	tcase_add_test(files_case, node_file_of_pbs_pro_is_not_a_list_of_cores);
	tcase_add_loop_test(files_case, cores_of_a_mask_are_counted_once, 0, sizeof masks / sizeof *masks);

	tcase_add_checked_fixture(cgroups, make_root, remove_root);
	tcase_add_loop_test(cgroups, cgroup2_quota_is_rounded_up, 0, 4);
	tcase_add_test(cgroups, cgroup2_quota_of_a_parent_counts);
	tcase_add_test(cgroups, cgroup2_quota_at_the_mount_counts);
	tcase_add_test(cgroups, cgroup1_path_is_taken_below_what_the_mount_shows);
	tcase_add_test(cgroups, cgroup1_path_outside_the_mount_falls_back_to_the_mount);
	tcase_add_test(cgroups, cgroup1_quota_counts_on_the_whole_path);
	tcase_add_test(cgroups, cgroup1_quota_of_another_controller_is_not_read);
	tcase_add_test(cgroups, cgroup_least_of_both_versions_counts);
	tcase_add_loop_test(cgroups, cgroup_quota_that_is_no_number_is_ignored, 0, 5);

	tcase_add_test(machine, ranks_share_the_cpus_of_a_machine);
	tcase_add_test(machine, affinity_of_one_cpu_allows_one_thread);
	tcase_add_test(machine, public_function_names_the_rule_that_won);
	tcase_add_test(machine, public_function_works_without_a_place_for_the_rule);
	tcase_add_test(machine, model_name_is_one_line_of_text);

	tcase_add_checked_fixture(model, make_root, remove_root);
	tcase_add_loop_test(model, model_name_is_that_of_the_first_processor, 0, sizeof models / sizeof *models);
	tcase_add_test(model, model_name_without_words_is_the_architecture_with_its_numbers);

	suite_add_tcase(suite, variables);
	suite_add_tcase(suite, model);
	suite_add_tcase(suite, files_case);
	suite_add_tcase(suite, cgroups);
	suite_add_tcase(suite, machine);
	return suite;
}

TESTING_MAIN(cpus_suite)
