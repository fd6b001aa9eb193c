/* SPDX-License-Identifier: MIT
 * A program that is one process. */
#include "comm/comm.h"

#include <stddef.h>

void comm_start(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
}

void comm_end(void)
{
}

struct comm *comm_world(void)
{
	return NULL;
}

const char *comm_library(void)
{
	return NULL;
}

int comm_sharers(void)
{
	return 1;
}
