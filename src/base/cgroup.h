/* SPDX-License-Identifier: MIT
 * The control groups that limit this process, version 1 and 2. */
#ifndef BASE_CGROUP_H
#define BASE_CGROUP_H

#include "base/status.h"

/* Calls `visit` for the directories of the groups that this process is in, from its own up to the mount, in every hierarchy that
 * governs `controller` ("cpu", "memory"): each of them limits all below it.  root: in front of every path but those visited, ""
 * but in tests. */
void cgroup_visit(const char *root, const char *controller, void (*visit)(void *argument, const char *directory, bool v2),
		  void *argument);

#endif
