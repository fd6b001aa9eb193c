/* SPDX-License-Identifier: MIT */
#include "data/csv.h"
