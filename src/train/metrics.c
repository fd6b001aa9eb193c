/* SPDX-License-Identifier: MIT */
#include "train/metrics.h"
