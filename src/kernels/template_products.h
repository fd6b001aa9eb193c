/* SPDX-License-Identifier: MIT */
#ifndef KERNELS_TEMPLATE_PRODUCTS_H
#define KERNELS_TEMPLATE_PRODUCTS_H
#endif
