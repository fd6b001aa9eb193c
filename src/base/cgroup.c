/* SPDX-License-Identifier: MIT */
#include "base/cgroup.h"

#include <string.h>

#include "base/system_file.h"

/* Where a hierarchy is mounted, and the directory of it that the mount shows (not "/" in some containers). */
struct cgroup {
	bool v2;
	char mount[512], shown[512], path[512];
};

static bool lists_word(char *list, const char *word)
{
	for (char *item; (item = strsep(&list, ","));)
		if (strcmp(item, word) == 0)
			return true;
	return false;
}

/* mountinfo (proc(5)): id parent major:minor root mountpoint options [fields] - type source super-options. */
static bool parse_mount(struct cgroup *cgroup, const char *line, const char *controller)
{
	char type[32], options[256];
	const char *tail = strstr(line, " - ");
	if (!tail || sscanf(line, "%*s %*s %*s %511s %511s", cgroup->shown, cgroup->mount) != 2)
		return false;
	if (sscanf(tail, " - %31s %*s %255s", type, options) != 2)
		return false;
	cgroup->v2 = strcmp(type, "cgroup2") == 0;
	return cgroup->v2 || (strcmp(type, "cgroup") == 0 && lists_word(options, controller));
}

/* /proc/self/cgroup, a line a hierarchy: "0::/path" for version 2, "3:cpu,cpuacct:/path" for version 1. */
static bool parse_membership(struct cgroup *cgroup, char *line, const char *controller)
{
	char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;
	if (!path)
		return false;
	*path++ = '\0';
	controllers++;
	bool match = cgroup->v2 ? *controllers == '\0' : lists_word(controllers, controller);
	if (!match || strlen(path) >= sizeof cgroup->path)
		return false;
	memcpy(cgroup->path, path, strlen(path) + 1);
	return true;
}

static bool find_membership(struct cgroup *cgroup, const char *root, const char *controller)
{
	char line[1024];
	bool found = false;
	struct system_file_buffer buffer;
	FILE *file = system_file_open(root, "/proc/self/cgroup", &buffer);
	while (file && !found && fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = '\0';
		found = parse_membership(cgroup, line, controller);
	}
	if (file)
		fclose(file);
	return found;
}

static void visit_upwards(const struct cgroup *cgroup, void (*visit)(void *argument, const char *directory, bool v2),
			  void *argument)
{
	char directory[sizeof cgroup->mount + sizeof cgroup->path];
	size_t shown = strcmp(cgroup->shown, "/") == 0 ? 0 : strlen(cgroup->shown), mount = strlen(cgroup->mount);
	bool below = strncmp(cgroup->path, cgroup->shown, shown) == 0 && strcmp(cgroup->path + shown, "/") != 0;
	snprintf(directory, sizeof directory, "%s%s", cgroup->mount, below ? cgroup->path + shown : "");
	for (;;) {
		visit(argument, directory, cgroup->v2);
		char *slash = strrchr(directory, '/');
		if (!slash || (size_t)(slash - directory) < mount)
			return;
		*slash = '\0';
	}
}

void cgroup_visit(const char *root, const char *controller, void (*visit)(void *argument, const char *directory, bool v2),
		  void *argument)
{
	char line[2048];
	struct cgroup cgroup = {0};
	struct system_file_buffer buffer;
	FILE *file = system_file_open(root, "/proc/self/mountinfo", &buffer);
	while (file && fgets(line, sizeof line, file))
		if (parse_mount(&cgroup, line, controller) && find_membership(&cgroup, root, controller))
			visit_upwards(&cgroup, visit, argument);
	if (file)
		fclose(file);
}
