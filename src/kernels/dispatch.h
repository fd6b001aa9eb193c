/* SPDX-License-Identifier: MIT
 * CPU support, and name to kernel table.  Compiled without instruction-set flags. */
#ifndef KERNELS_DISPATCH_H
#define KERNELS_DISPATCH_H

#include "base/status.h"
#include "kernels/kernels.h"

/* name: "generic", "avx2", "avx512", "neon", or NULL for the best this CPU and this build have.
 * CLN_E_USAGE: unknown, not built in, or not supported by this CPU. */
enum cln_status kernels_select(const struct kernels **kernels, const char *name, struct cln_error *err) CLN_MUST_CHECK;

/* Name i of those built in, best last; NULL beyond.  *supported: by this CPU. */
const char *kernels_name(size_t i, bool *supported);

/* The tables, each the one symbol of its file; those of sets that were not built do not exist.  Use kernels_select. */
extern const struct kernels kernels_generic, kernels_avx2, kernels_avx512, kernels_neon;

#endif
