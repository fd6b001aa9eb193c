/* SPDX-License-Identifier: MIT */
#include "train/plan.h"
