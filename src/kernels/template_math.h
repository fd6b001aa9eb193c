/* SPDX-License-Identifier: MIT */
#ifndef KERNELS_TEMPLATE_MATH_H
#define KERNELS_TEMPLATE_MATH_H
#endif
