/* SPDX-License-Identifier: MIT */
#include "data/pipeline.h"
