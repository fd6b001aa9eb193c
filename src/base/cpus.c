/* SPDX-License-Identifier: MIT */
#include "base/cpus.h"
