/* SPDX-License-Identifier: MIT */
#include "nn/textbook.h"
