/* SPDX-License-Identifier: MIT
 * Page cache counts as free: the kernel gives it up for memory that is asked for. */
#include "base/memory.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cgroup.h"

#define ALWAYS_FITS ((uint64_t)64 << 20)

uint64_t memory_parse(const char *text)
{
	static const char units[] = "KMGT";
	uint64_t value = 0;
	if (*text < '1' || *text > '9')
		return 0;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (value > (UINT64_MAX >> 40) / 10 - 1)
			return 0;
		value = 10 * value + (uint64_t)(*text - '0');
	}
	const char *unit = *text ? strchr(units, *text) : NULL;
	if (*text && (!unit || text[1]))
		return 0;
	return unit ? value << 10 * (unit - units + 1) : value;
}

/* ---------------------------------------------------------------- files of one number, and of a name and a number a line */

static FILE *open_in(const char *directory, const char *name)
{
	char path[PATH_MAX];
	return snprintf(path, sizeof path, "%s/%s", directory, name) < (int)sizeof path ? fopen(path, "re") : NULL;
}

/* UINT64_MAX where there is no such file, or no number in it ("max"). */
static uint64_t read_number(const char *directory, const char *name)
{
	unsigned long long value = ULLONG_MAX;
	FILE *file = open_in(directory, name);
	if (file && fscanf(file, "%llu", &value) != 1)
		value = ULLONG_MAX;
	if (file)
		fclose(file);
	return value;
}

/* The sum of the numbers behind the two names. */
static uint64_t read_fields(const char *directory, const char *name, const char *first, const char *second)
{
	char line[256], field[128];
	uint64_t sum = 0;
	FILE *file = open_in(directory, name);
	while (file && fgets(line, sizeof line, file)) {
		unsigned long long value;
		if (sscanf(line, "%127s %llu", field, &value) == 2 && (strcmp(field, first) == 0 || strcmp(field, second) == 0))
			sum += value;
	}
	if (file)
		fclose(file);
	return sum;
}

/* ---------------------------------------------------------------- who limits */

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What a limit leaves beside what is used already. */
static uint64_t left_of(uint64_t limit, uint64_t used)
{
	return limit > used ? limit - used : 0;
}

static void visit_group(void *argument, const char *directory, bool v2)
{
	uint64_t *left = argument;
	uint64_t limit = read_number(directory, v2 ? "memory.max" : "memory.limit_in_bytes");
	uint64_t usage = read_number(directory, v2 ? "memory.current" : "memory.usage_in_bytes");
	if (v2)
		limit = least(limit, read_number(directory, "memory.high"));
	if (limit == UINT64_MAX || usage == UINT64_MAX)
		return;
	uint64_t cache = v2 ? read_fields(directory, "memory.stat", "inactive_file", "active_file")
			    : read_fields(directory, "memory.stat", "total_inactive_file", "total_active_file");
	*left = least(*left, left_of(limit, left_of(usage, cache)));
}

static uint64_t system_left(const char *root)
{
	char directory[PATH_MAX];
	if (snprintf(directory, sizeof directory, "%s/proc", root) >= (int)sizeof directory)
		return UINT64_MAX;
	uint64_t kilobytes = read_fields(directory, "meminfo", "MemAvailable:", "");
	return kilobytes ? kilobytes * 1024 : UINT64_MAX;
}

/* What this process holds that no file stands behind: statm (proc(5)) counts pages, all that are resident and those with a file. */
static uint64_t own_bytes(const char *root)
{
	char directory[PATH_MAX];
	unsigned long long resident = 0, shared = 0;
	FILE *file = NULL;
	if (snprintf(directory, sizeof directory, "%s/proc/self", root) < (int)sizeof directory)
		file = open_in(directory, "statm");
	if (!file || fscanf(file, "%*u %llu %llu", &resident, &shared) != 2)
		resident = shared = 0;
	if (file)
		fclose(file);
	return left_of(resident, shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t memory_left_from(const struct memory_source *source)
{
	uint64_t left = system_left(source->root), limit = source->limit ? memory_parse(source->limit) : 0;
	cgroup_visit(source->root, "memory", visit_group, &left);
	return limit ? least(left, left_of(limit, own_bytes(source->root))) : left;
}

bool memory_holds(uint64_t bytes)
{
	const struct memory_source source = {.root = "", .limit = getenv("COLONNADE_MEMORY")};
	if (bytes <= ALWAYS_FITS && !source.limit)
		return true;
	uint64_t left = memory_left_from(&source);
	return bytes <= left - left / 3;
}
