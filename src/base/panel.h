/* SPDX-License-Identifier: MIT
 * The width of a panel: how many units of a matrix lie side by side (kernels.h).  Here because data/batch.c gathers into panels. */
#ifndef BASE_PANEL_H
#define BASE_PANEL_H

#include <stddef.h>

#define PANEL 16

static inline size_t panels_of(size_t n) { return (n + PANEL - 1) / PANEL; }

#endif
