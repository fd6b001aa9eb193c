/* SPDX-License-Identifier: MIT
 * Page cache counts as free: the kernel gives it up for memory that is asked for. */
#include "base/memory.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/system_file.h"

#define ALWAYS_FITS ((uint64_t)16 << 20)

uint64_t memory_parse(const char *text)
{
	static const char units[] = "KMGT";
	uint64_t value = 0;
	if (*text < '1' || *text > '9')
		return 0;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (value > UINT64_MAX / 10 - 1)
			return 0;
		value = 10 * value + (uint64_t)(*text - '0');
	}
	const char *unit = *text ? strchr(units, *text) : NULL;
	if (*text && (!unit || text[1]))
		return 0;
	const unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
	return value <= UINT64_MAX >> shift ? value << shift : 0;
}

/* ---------------------------------------------------------------- files of one number, and of a name and a number a line */

/* UINT64_MAX where there is no such file, or no number in it ("max"). */
static uint64_t read_number(const char *root, const char *directory, const char *name)
{
	char path[PATH_MAX], line[64];
	unsigned long long value;
	snprintf(path, sizeof path, "%s/%s", directory, name);
	return system_file_line(root, path, line, sizeof line) && sscanf(line, "%llu", &value) == 1 ? value : UINT64_MAX;
}

/* The sum of the numbers behind the two names. */
static uint64_t read_fields(const char *root, const char *directory, const char *name, const char *first, const char *second)
{
	char path[PATH_MAX], line[256], field[128];
	struct system_file_buffer buffer;
	uint64_t sum = 0;
	snprintf(path, sizeof path, "%s/%s", directory, name);
	FILE *file = system_file_open(root, path, &buffer);
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

struct search {
	const char *root;
	uint64_t left;
};

static void visit_group(void *argument, const char *directory, bool v2)
{
	struct search *search = argument;
	const char *root = search->root;
	uint64_t limit = read_number(root, directory, v2 ? "memory.max" : "memory.limit_in_bytes");
	uint64_t usage = read_number(root, directory, v2 ? "memory.current" : "memory.usage_in_bytes");
	if (v2)
		limit = least(limit, read_number(root, directory, "memory.high"));
	if (limit == UINT64_MAX || usage == UINT64_MAX)
		return;
	uint64_t cache = v2 ? read_fields(root, directory, "memory.stat", "inactive_file", "active_file")
			    : read_fields(root, directory, "memory.stat", "total_inactive_file", "total_active_file");
	search->left = least(search->left, left_of(limit, left_of(usage, cache)));
}

static uint64_t system_left(const char *root)
{
	uint64_t kilobytes = read_fields(root, "/proc", "meminfo", "MemAvailable:", "");
	return kilobytes ? kilobytes * 1024 : UINT64_MAX;
}

/* What this process holds that no file stands behind: statm (proc(5)) counts pages, all that are resident and those with a file. */
static uint64_t own_bytes(const char *root)
{
	char line[256];
	unsigned long long resident, shared;
	if (!system_file_line(root, "/proc/self/statm", line, sizeof line) ||
	    sscanf(line, "%*u %llu %llu", &resident, &shared) != 2)
		return 0;
	return left_of(resident, shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t memory_left_from(const struct memory_source *source)
{
	uint64_t limit = source->limit ? memory_parse(source->limit) : 0;
	struct search search = {source->root, system_left(source->root)};
	cgroup_visit(source->root, "memory", visit_group, &search);
	return limit ? least(search.left, left_of(limit, own_bytes(source->root))) : search.left;
}

static const char *limit_variable(void)
{
	return getenv("COLONNADE_MEMORY");
}

uint64_t memory_left(void)
{
	const struct memory_source source = {.root = "", .limit = limit_variable()};
	return memory_left_from(&source);
}

bool memory_holds(uint64_t bytes)
{
	if (bytes <= ALWAYS_FITS && !limit_variable())
		return true;
	uint64_t left = memory_left();
	return bytes <= left - left / 3;
}
