/* SPDX-License-Identifier: MIT */
#include "train/predict.h"
