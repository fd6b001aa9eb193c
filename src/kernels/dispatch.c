/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "kernels/dispatch.h"

#include <stdio.h>
#include <string.h>

/* Instruction sets that were built in, best last.  __builtin_cpu_supports asks the CPU and, for the wide registers, the system. */
static bool always_supported(void) { return true; }
#ifdef HAVE_AVX2
static bool avx2_supported(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#endif
#ifdef HAVE_AVX512
static bool avx512_supported(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma");
}
#endif
/* Advanced SIMD belongs to every AArch64 system: there is nothing to ask. */

static const struct {
	const struct kernels *kernels;
	const char *name;
	bool (*supported)(void);
} built_in[] = {
	{&kernels_generic, "generic", always_supported},
#ifdef HAVE_AVX2
	{&kernels_avx2, "avx2", avx2_supported},
#endif
#ifdef HAVE_AVX512
	{&kernels_avx512, "avx512", avx512_supported},
#endif
#ifdef HAVE_NEON
	{&kernels_neon, "neon", always_supported},
#endif
};
enum { N_BUILT_IN = sizeof built_in / sizeof built_in[0] };

const char *kernels_name(size_t i, bool *supported)
{
	if (i >= N_BUILT_IN)
		return NULL;
	*supported = built_in[i].supported();
	return built_in[i].name;
}

static void list_names(char *names, size_t room)
{
	size_t length = 0;
	for (size_t i = 0; i < N_BUILT_IN && length < room; i++)
		length += (size_t)snprintf(names + length, room - length, "%s%s", i ? ", " : "", built_in[i].name);
}

enum cln_status kernels_select(const struct kernels **kernels, const char *name, struct cln_error *err)
{
	*kernels = NULL;
	for (size_t i = N_BUILT_IN; i-- > 0;) {
		if (name && strcmp(name, built_in[i].name) != 0)
			continue;
		if (built_in[i].supported()) {
			*kernels = built_in[i].kernels;
			return CLN_OK;
		}
		if (name)
			return error_set(err, CLN_E_USAGE, "this CPU lacks the instruction set %s", name);
	}
	char names[64];
	list_names(names, sizeof names);
	return error_set(err, CLN_E_USAGE, "this build has no kernels named \"%s\"; it has %s", name, names);
}

enum derivative activation_derivative(int activation)
{
	switch (activation) {
	case -1:
		return DERIVATIVE_ONE;
	case CLN_RELU:
		return DERIVATIVE_RELU;
	case CLN_SIGMOID:
		return DERIVATIVE_SIGMOID;
	case CLN_TANH:
		return DERIVATIVE_TANH;
	default:
		return DERIVATIVE_STORED;
	}
}
