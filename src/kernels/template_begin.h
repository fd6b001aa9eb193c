/* SPDX-License-Identifier: MIT
 * What every instruction-set file starts with: the compiler options the bits depend on, and how its helpers are declared. */
#ifndef KERNELS_TEMPLATE_BEGIN_H
#define KERNELS_TEMPLATE_BEGIN_H

#ifdef __FAST_MATH__
#error "the kernels need IEEE arithmetic: no -ffast-math, no -Ofast"
#endif

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16 /* 16: as 0, but for half floats */
#error "the kernels need float operations rounded to float: on 32-bit x86 add -msse2 -mfpmath=sse"
#endif

#include "kernels/dispatch.h"

/* Always inlined, so that no copy compiled with this file's instructions can be linked elsewhere, and vectors stay in registers;
 * unused: an instruction set may have an operation that its products do without. */
#define INLINE static inline __attribute__((always_inline, unused))

/* Before a short loop of constant length over an array of vectors, which then lives in registers: one loop that is not unrolled,
 * and all of the array goes through memory.  32: no set has more registers. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#define UNROLL_BY_4 _Pragma("clang loop unroll_count(4)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#define UNROLL_BY_4 _Pragma("GCC unroll 4")
#endif

#endif
