/* SPDX-License-Identifier: MIT */
#include "data/batch.h"
