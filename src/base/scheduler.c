/* SPDX-License-Identifier: MIT */
#include "base/scheduler.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/system_file.h"

/* A variable's value as the CPUs of this node, 0 where it says nothing; note: why, for doctor, where that is not plain. */
typedef long reader(const struct cpus_source *source, const char *text, const char **note);

static const char not_understood[] = "not understood, ignored", not_this_host[] = "this host is not in it, ignored";

long scheduler_number(const char *text, const char **rest)
{
	char *end;
	while (*text == ' ')
		text++;
	*rest = text;
	if (!isdigit((unsigned char)*text))
		return 0;
	long value = strtol(text, &end, 10);
	while (*end == ' ')
		end++;
	*rest = end;
	return value;
}

static long read_count(const struct cpus_source *source, const char *text, const char **note)
{
	const char *rest;
	long value = scheduler_number(text, &rest);
	(void)source;
	(void)note;
	return *rest == '\0' ? value : 0;
}

/* ---------------------------------------------------------------- Slurm */

/* "24", "24(x2)" or "72(x2),36": CPUs of each node in turn; those of node SLURM_NODEID, or 0. */
static long read_per_node(const struct cpus_source *source, const char *text, const char **note)
{
	const char *id = source->variable("SLURM_NODEID"), *rest;
	long node = id ? scheduler_number(id, &rest) : 0;

	(void)note;
	for (;;) {
		long cpus = scheduler_number(text, &rest), times = 1;
		if (cpus < 1)
			return 0;
		if (rest[0] == '(' && rest[1] == 'x') {
			times = scheduler_number(rest + 2, &rest);
			if (times < 1 || *rest++ != ')')
				return 0;
		}
		if (*rest != ',' && *rest != '\0')
			return 0;
		if (node < times)
			return cpus;
		if (*rest == '\0')
			return 0;
		node -= times;
		text = rest + 1;
	}
}

/* ---------------------------------------------------------------- lists of hosts */

/* Whether the word is this host's name, with or without its domain. */
static bool is_this_host(const struct cpus_source *source, const char *word, size_t length)
{
	const char *host = source->host ? source->host : "", *dot = memchr(word, '.', length);
	size_t n = dot ? (size_t)(dot - word) : length;
	return n > 0 && n == strcspn(host, ".") && strncasecmp(word, host, n) == 0;
}

/* The next word of a line; its length, 0 at the end. */
static size_t next_word(const char **text)
{
	*text += strspn(*text, " \t\n");
	return strcspn(*text, " \t\n");
}

/* "hostA 16 hostB 8": the number behind this host's name; of a single host whatever it is called. */
static long read_pairs(const struct cpus_source *source, const char *text, const char **note)
{
	long found = 0, last = 0;
	int n = 0;

	for (size_t length; (length = next_word(&text)) > 0; n++) {
		bool here = is_this_host(source, text, length);
		text += length;
		last = scheduler_number(text, &text);
		if (last < 1)
			return 0;
		if (here)
			found += last;
	}
	*note = not_this_host;
	return n == 1 ? last : found;
}

/* Adds up add(argument, what follows the name) over the lines of a file that begin with this host's name. */
static long sum_lines(const struct cpus_source *source, const char *path, const char **note,
		      long (*add)(void *argument, const char *rest), void *argument)
{
	char line[4096];
	struct system_file_buffer buffer;
	long sum = 0;
	FILE *file = system_file_open(source->root, path, &buffer);

	*note = file ? not_this_host : "cannot be read, ignored";
	while (file && fgets(line, sizeof line, file)) {
		const char *word = line;
		size_t length = next_word(&word);
		if (is_this_host(source, word, length))
			sum += add(argument, word + length);
	}
	if (file)
		fclose(file);
	return sum;
}

static long one(void *argument, const char *rest)
{
	(void)argument;
	(void)rest;
	return 1;
}

static long leading(void *argument, const char *rest)
{
	(void)argument;
	rest += strspn(rest, "\t");
	return scheduler_number(rest, &rest);
}

/* "0,2,4-7": how many of these CPUs are not in the mask yet; they are then. */
static long new_cpus(void *argument, const char *rest)
{
	struct cpus_mask *mask = argument;
	long n = 0;

	rest += strspn(rest, " \t");
	while (isdigit((unsigned char)*rest)) {
		char *end;
		long first = strtol(rest, &end, 10), last = first;
		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		for (long cpu = first; cpu <= last && cpu < CPUS_MAX; cpu++) {
			n += !cpus_mask_has(mask, (int)cpu);
			cpus_mask_add(mask, (int)cpu);
		}
		rest = *end == ',' ? end + 1 : end;
	}
	return n;
}

/* Torque has a line a core in it.  Where NCPUS is set this is PBS Pro, which has a line a process (mpiprocs, 1 by default). */
static long read_node_file(const struct cpus_source *source, const char *path, const char **note)
{
	if (source->variable("NCPUS")) {
		*note = "has a line a process where NCPUS is set, not counted";
		return 0;
	}
	return sum_lines(source, path, note, one, NULL);
}

/* A line a process: "host 0,1,2,3 ...". */
static long read_affinity_file(const struct cpus_source *source, const char *path, const char **note)
{
	struct cpus_mask seen = {0};

	return sum_lines(source, path, note, new_cpus, &seen);
}

/* A line a queue on a host: "host slots queue processors". */
static long read_slots_file(const struct cpus_source *source, const char *path, const char **note)
{
	return sum_lines(source, path, note, leading, NULL);
}

/* ---------------------------------------------------------------- all of them */

static const struct {
	const char *name;
	reader *read;
} variables[SCHEDULER_RULES] = {
	{"SLURM_CPUS_PER_TASK", read_per_node},
	{"SLURM_CPUS_ON_NODE", read_per_node},
	{"SLURM_JOB_CPUS_PER_NODE", read_per_node},
	{"PBS_NCPUS", read_count},
	{"NCPUS", read_count},
	{"PBS_NUM_PPN", read_count},
	{"PBS_NP", read_count},
	{"PBS_NODEFILE", read_node_file},
	{"LSB_DJOB_NUMPROC", read_count},
	{"LSB_MCPU_HOSTS", read_pairs},
	{"LSB_AFFINITY_HOSTFILE", read_affinity_file},
	{"NSLOTS", read_count},
	{"PE_HOSTFILE", read_slots_file},
};

void scheduler_rules(struct cpus_rule rules[SCHEDULER_RULES], const struct cpus_source *source)
{
	for (size_t i = 0; i < SCHEDULER_RULES; i++) {
		const char *text = source->variable(variables[i].name), *note = not_understood;
		rules[i].name = variables[i].name;
		if (!text)
			continue;
		rules[i].threads = cpus_as_threads(variables[i].read(source, text, &note));
		const bool plain = rules[i].threads > 0;
		snprintf(rules[i].detail, sizeof rules[i].detail, "%s=%.60s%s%s%s", rules[i].name, text, plain ? "" : " (",
			 plain ? "" : note, plain ? "" : ")");
	}
}
