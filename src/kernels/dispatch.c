/* SPDX-License-Identifier: MIT */
#include "kernels/dispatch.h"
