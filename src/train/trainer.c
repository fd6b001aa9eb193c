/* SPDX-License-Identifier: MIT */
#include "train/trainer.h"
