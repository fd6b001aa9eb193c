/* SPDX-License-Identifier: MIT */
#include "data/table.h"
