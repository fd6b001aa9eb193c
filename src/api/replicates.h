/* SPDX-License-Identifier: MIT
 * The sums that every measure is made of, over the rows as they are, or as the bootstrap draws them: eight replicates at a time, in
 * two passes over rows that were sorted once, in memory that does not grow with them. */
#ifndef API_REPLICATES_H
#define API_REPLICATES_H

#include "api/scored_rows.h"

#define REPLICATES 8 /* at a time: the half-words of a block of Philox */

/* Weights, and sums of weights times something. */
struct measure_sums {
	double TP, FP, TN, FN; /* at the threshold */
	double loss, brier;    /* losses and (p - y)^2 */
	double gap;            /* over the bins: |sum of p - y| */
	double ordered;        /* pairs of a positive and a negative row with the greater score at the former; ties half */
	double precision;      /* over the positives: the precision at their score */
	double distance;       /* greatest |TPR - FPR| over the scores; 0 where a class is absent */
	double top;            /* positives in the first tenth, of a tied group that is cut its share */
};

/* Replicate r draws row i so many times as a Poisson variable with mean 1 says, whose 16 random bits are half-word r mod 8 of the
 * Philox block of (seed, RNG_BOOTSTRAP, r / 8, i): the same for every model and thread.  Fills those of 8 group .. 8 group + 7.
 * Each sum is in the order of the rows.
 * kept: room for replicates_kept, at most 2^20, so that most rows need not be drawn again for the second pass; NULL: there is none.
 * It changes no bit. */
struct replicates_counts {
	uint8_t counts[REPLICATES];
};
size_t replicates_kept(const struct scored_rows *scored);
void replicates_sum(struct measure_sums sums[REPLICATES], const struct scored_rows *scored, uint64_t seed, uint32_t group,
		    struct replicates_counts *kept);

/* The rows as they are. */
void replicates_sum_sample(struct measure_sums *sums, const struct scored_rows *scored);

/* How often 16 random bits draw a row. */
unsigned replicates_count(uint16_t bits);

#endif
