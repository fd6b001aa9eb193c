/* SPDX-License-Identifier: MIT
 * A machine made of files, in place of the real /proc and /sys: for one suite, which calls make_root and remove_root around each
 * test. */
#ifndef TESTS_MADE_MACHINE_H
#define TESTS_MADE_MACHINE_H

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testing.h"

static char root[] = "/tmp/colonnade-machine-XXXXXX";

static void make_root(void)
{
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static void remove_root(void)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", root);
	ck_assert_int_eq(system(command), 0);
}

/* Writes a file below the root, and the directories that it needs. */
static void put(const char *path, const char *content)
{
	char full[512];
	snprintf(full, sizeof full, "%s%s", root, path);
	for (char *slash = full + sizeof root; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0777);
		*slash = '/';
	}
	FILE *file = fopen(full, "w");
	ck_assert_ptr_nonnull(file);
	fputs(content, file);
	ck_assert_int_eq(fclose(file), 0);
}

#endif
