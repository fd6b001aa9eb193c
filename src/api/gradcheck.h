/* SPDX-License-Identifier: MIT */
#ifndef API_GRADCHECK_H
#define API_GRADCHECK_H
#endif
