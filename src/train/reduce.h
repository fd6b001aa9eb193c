/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_REDUCE_H
#define TRAIN_REDUCE_H
#endif
