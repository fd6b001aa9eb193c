/* SPDX-License-Identifier: MIT
 * The cores this process may use.  Every rule is read and kept for `doctor`; a value that makes no sense is shown and ignored. */
#include "base/cpus.h"

#include <ctype.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/parallel.h"
#include "base/scheduler.h"
#include "base/system_file.h"

int cpus_as_threads(long value)
{
	return (int)(value < 1 ? 0 : value > PARALLEL_MAX ? PARALLEL_MAX : value);
}

/* ---------------------------------------------------------------- OpenMP */

/* "4" or "4,2": a level of nested regions each; the first counts. */
int cpus_omp_num_threads(const char *text)
{
	const char *rest;
	long value = scheduler_number(text, &rest);
	return *rest == '\0' || *rest == ',' ? cpus_as_threads(value) : 0;
}

static void variable_rule(struct cpus_rule *rule, const struct cpus_source *source)
{
	rule->name = "OMP_NUM_THREADS";
	const char *text = source->variable(rule->name);
	if (!text)
		return;
	rule->threads = cpus_omp_num_threads(text);
	snprintf(rule->detail, sizeof rule->detail, "%s=%.80s%s", rule->name, text,
		 rule->threads ? "" : " (not understood, ignored)");
}

/* ---------------------------------------------------------------- affinity */

#define MASK_BITS (CHAR_BIT * sizeof(unsigned long))

void cpus_mask_add(struct cpus_mask *mask, int cpu)
{
	if (cpu >= 0 && cpu < CPUS_MAX)
		mask->bits[(size_t)cpu / MASK_BITS] |= 1ul << ((size_t)cpu % MASK_BITS);
}

static void add_of_place(void *argument, int cpu)
{
	cpus_mask_add(argument, cpu);
}

bool cpus_mask_has(const struct cpus_mask *mask, int cpu)
{
	return cpu >= 0 && cpu < CPUS_MAX && (mask->bits[(size_t)cpu / MASK_BITS] >> ((size_t)cpu % MASK_BITS) & 1);
}

void cpus_mask_get(struct cpus_mask *mask)
{
	memset(mask, 0, sizeof *mask);
	if (parallel_place_cpus() > 0 && parallel_place_visit(add_of_place, mask))
		return;
	memset(mask, 0, sizeof *mask);
	if (sched_getaffinity(0, sizeof mask->bits, (cpu_set_t *)(void *)mask->bits) != 0)
		cpus_mask_add(mask, 0);
}

bool cpus_mask_set(const struct cpus_mask *mask)
{
	return sched_setaffinity(0, sizeof mask->bits, (const cpu_set_t *)(const void *)mask->bits) == 0;
}

int cpus_affinity(void)
{
	struct cpus_mask mask;
	int bound = parallel_place_cpus();
	if (bound > 0)
		return bound;
	cpus_mask_get(&mask);
	int n = CPU_COUNT_S(sizeof mask.bits, (cpu_set_t *)(void *)mask.bits);
	return n > 0 ? n : 1;
}

static void affinity_rule(struct cpus_rule *rule, const struct cpus_source *source)
{
	rule->name = "affinity mask";
	rule->threads = cpus_as_threads(source->affinity);
	snprintf(rule->detail, sizeof rule->detail, "%d CPU%s", source->affinity, source->affinity == 1 ? "" : "s");
}

/* ---------------------------------------------------------------- cgroups */

/* A rule being found, and where. */
struct quota_search {
	struct cpus_rule *rule;
	const struct cpus_source *source;
};

/* A quota as CPUs, rounded up; 0 where the directory sets none.  detail: what was read. */
static long read_quota(const struct cpus_source *source, const char *directory, bool v2, char detail[128])
{
	char path[PATH_MAX], line[128], second[64];
	long long quota = 0, period = 0;
	if (v2) {
		snprintf(path, sizeof path, "%s/cpu.max", directory);
		if (!system_file_line(source->root, path, line, sizeof line) || sscanf(line, "%lld %lld", &quota, &period) != 2)
			return 0;
		snprintf(detail, 128, "cpu.max = %.60s", line);
	} else {
		snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", directory);
		if (!system_file_line(source->root, path, line, sizeof line) || sscanf(line, "%lld", &quota) != 1 ||
		    quota <= 0)
			return 0;
		snprintf(path, sizeof path, "%s/cpu.cfs_period_us", directory);
		if (!system_file_line(source->root, path, second, sizeof second) || sscanf(second, "%lld", &period) != 1)
			return 0;
		snprintf(detail, 128, "cpu.cfs_quota_us = %lld, cpu.cfs_period_us = %lld", quota, period);
	}
	if (quota <= 0 || period <= 0)
		return 0;
	return (long)(quota / period + (quota % period != 0));
}

/* The least quota of all directories. */
static void visit_quota(void *argument, const char *directory, bool v2)
{
	const struct quota_search *search = argument;
	struct cpus_rule *rule = search->rule;
	char detail[128];
	long cpus = read_quota(search->source, directory, v2, detail);
	if (cpus > 0 && (rule->threads == 0 || cpus < rule->threads)) {
		rule->threads = cpus_as_threads(cpus);
		memcpy(rule->detail, detail, sizeof rule->detail);
	}
}

static void cgroup_rule(struct cpus_rule *rule, const struct cpus_source *source)
{
	struct quota_search search = {rule, source};
	rule->name = "cgroup quota";
	cgroup_visit(source->root, "cpu", visit_quota, &search);
}

/* ---------------------------------------------------------------- all together */

/* What the winner says is of one process alone. */
static bool is_of_process(const struct cpus_rule *rule)
{
	return strcmp(rule->name, "OMP_NUM_THREADS") == 0 || strcmp(rule->name, "SLURM_CPUS_PER_TASK") == 0;
}

static void share_rule(struct cpus_rule *rule, int sharers, int threads)
{
	rule->name = "ranks on these CPUs";
	rule->threads = threads / sharers > 1 ? threads / sharers : 1;
	snprintf(rule->detail, sizeof rule->detail, "%d ranks", sharers);
}

/* OMP_NUM_THREADS wins outright; else the first of the least. */
static struct cpus_rule *winner(struct cpus_rule *rules, size_t n)
{
	struct cpus_rule *best = NULL;
	if (rules[0].threads > 0)
		return &rules[0];
	for (size_t i = 1; i < n; i++)
		if (rules[i].threads > 0 && (!best || rules[i].threads < best->threads))
			best = &rules[i];
	return best;
}

int cpus_allowed_from(const struct cpus_source *source, struct cpus_rule rules[CPUS_MAX_RULES], size_t *n_rules)
{
	struct cpus_rule own[CPUS_MAX_RULES];
	size_t n = 0;

	rules = rules ? rules : own;
	memset(rules, 0, CPUS_MAX_RULES * sizeof *rules);
	variable_rule(&rules[n++], source);
	affinity_rule(&rules[n++], source);
	cgroup_rule(&rules[n++], source);
	scheduler_rules(&rules[n], source);
	n += SCHEDULER_RULES;
	struct cpus_rule *best = winner(rules, n);
	if (best && source->sharers > 1 && !is_of_process(best)) {
		share_rule(&rules[n], source->sharers, best->threads);
		best = &rules[n++];
	}
	if (n_rules)
		*n_rules = n;
	if (!best)
		return 1;
	best->won = true;
	return best->threads;
}

static int sharers;

void cpus_share(int n)
{
	sharers = n;
}

int cpus_allowed(struct cpus_rule rules[CPUS_MAX_RULES], size_t *n_rules)
{
	char host[256] = "";
	struct cpus_source source = {
	    .root = "", .variable = getenv, .affinity = cpus_affinity(), .host = host, .sharers = sharers};
	gethostname(host, sizeof host - 1);
	return cpus_allowed_from(&source, rules, n_rules);
}

int cln_threads_allowed(const char **rule)
{
	struct cpus_rule rules[CPUS_MAX_RULES];
	size_t n;
	int threads = cpus_allowed(rules, &n);
	for (size_t i = 0; rule && i < n; i++)
		if (rules[i].won)
			*rule = rules[i].name;
	return threads;
}

int cpus_threads(int asked)
{
	return parallel_limit(asked > 0 ? asked : cpus_allowed(NULL, NULL));
}

/* ---------------------------------------------------------------- cores */

/* The first number of a list such as "0-3,8" in a file of one CPU; -1: there is none. */
static int least_of_list(const char *root, int cpu, const char *file)
{
	char path[128], line[256];

	snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/%s", cpu, file);
	if (!system_file_line(root, path, line, sizeof line) || !isdigit((unsigned char)line[0]))
		return -1;
	return (int)strtol(line, NULL, 10);
}

static int core_of(const char *root, int cpu)
{
	int least = least_of_list(root, cpu, "topology/thread_siblings_list");

	return least >= 0 ? least : cpu;
}

int cpus_core(int cpu)
{
	return core_of("", cpu);
}

int cpus_mask_cores(const struct cpus_mask *mask, const char *root)
{
	struct cpus_mask cores = {0};

	for (int cpu = 0; cpu < CPUS_MAX; cpu++)
		if (cpus_mask_has(mask, cpu))
			cpus_mask_add(&cores, core_of(root, cpu));
	return CPU_COUNT_S(sizeof cores.bits, (cpu_set_t *)(void *)cores.bits);
}

int cpus_cache(int cpu)
{
	int least = least_of_list("", cpu, "cache/index3/shared_cpu_list");

	if (least < 0)
		least = least_of_list("", cpu, "topology/core_siblings_list");
	return least >= 0 ? least : 0;
}
