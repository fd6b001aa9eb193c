/* SPDX-License-Identifier: MIT */
#include "base/parallel.h"
