/* SPDX-License-Identifier: MIT */
#include <colonnade.h>
