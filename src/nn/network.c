/* SPDX-License-Identifier: MIT */
#include "nn/network.h"
