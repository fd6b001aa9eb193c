/* SPDX-License-Identifier: MIT */
#include "data/dataset.h"
