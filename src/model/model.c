/* SPDX-License-Identifier: MIT */
#include "model/model.h"
