/* SPDX-License-Identifier: MIT */
#include "train/phases.h"

const char *phase_name(enum phase phase)
{
	static const char *const names[PHASES] = {"gather",   "forward",   "loss",      "gradient",
	                                          "backward", "reduction", "optimizer", "wait", "exchange"};
	return names[phase];
}
