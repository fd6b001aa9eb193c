/* SPDX-License-Identifier: MIT */
#include "base/rng.h"
