/* SPDX-License-Identifier: MIT */
#ifndef KERNELS_TEMPLATE_DROPOUT_H
#define KERNELS_TEMPLATE_DROPOUT_H
#endif
