/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_OPTIMIZER_H
#define TRAIN_OPTIMIZER_H
#endif
