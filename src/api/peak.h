/* SPDX-License-Identifier: MIT
 * What the threads can do at best, in runs of some milliseconds.  Processors lower their clock by what is at work: fused
 * multiply-adds of registers alone (the peak) run at a higher one than a product's, which read the first-level cache too. */
#ifndef API_PEAK_H
#define API_PEAK_H

#include "base/status.h"
#include "kernels/kernels.h"

#define PEAK_SECONDS 0.002 /* of one measurement, at least, and less than twice that */
#define PEAK_BRIEF 8

struct peak {
	const struct kernels *kernels;
	int threads;
	size_t rounds;             /* fma_peak's in PEAK_SECONDS */
	size_t products;           /* a thread's in about the same time */
	float **memory;            /* each thread's operands */
	float sink;                /* keeps the compiler from leaving the work out */
};

/* peak->threads threads, each with operands of its own.  Freed with peak_free, whatever was returned. */
enum cln_status peak_create(struct peak *peak, const struct kernels *kernels, int threads, struct cln_error *err) CLN_MUST_CHECK;
void peak_free(struct peak *peak);

/* Floating-point operations per second of all threads together, in one run; 0 where threads could not be started. */
double peak_fma(struct peak *peak);
double peak_fma_briefly(struct peak *peak); /* in a PEAK_BRIEF-th of the time: before the clock has changed */
double peak_product(struct peak *peak); /* forward, on three panels of outputs */

#endif
