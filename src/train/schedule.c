/* SPDX-License-Identifier: MIT */
#include "train/schedule.h"
