/* SPDX-License-Identifier: MIT */
#include "base/dmath.h"
