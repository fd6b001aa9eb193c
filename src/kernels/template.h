/* SPDX-License-Identifier: MIT */
#ifndef KERNELS_TEMPLATE_H
#define KERNELS_TEMPLATE_H
#endif
