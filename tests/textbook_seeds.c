/* SPDX-License-Identifier: MIT
 * How many starts of the recipe `textbook` learn, and how closely the engine follows the textbook.
 *
 *   make tests/textbook_seeds && tests/textbook_seeds [SEEDS [list]]
 *
 * prints the figures of doc/textbook.md; with "list" also, for each seed, the cost before the first step, the costs of textbook and
 * engine after the last, and the largest relative differences of the engine and of the disturbed textbook from the textbook. */
#include <stdio.h>
#include <stdlib.h>

#include "recipe_runs.h"

static const double LN_2 = 0.69314718055994530942, CLOSE = 1e-4;

struct tally {
	size_t fell, learnt, all_right, followed, followed_learning, ended, twins, twins_lost;
	size_t first_learning; /* seed; 0: none */
	double worst;
};

static void count(struct tally *tally, const struct recipe_run *run, size_t seed)
{
	const bool learns = run->engine < 0.99 * LN_2, follows = fabs(run->worst) <= CLOSE, twin = fabs(run->twin) <= CLOSE;

	tally->fell += run->engine < run->first;
	tally->learnt += learns;
	tally->all_right += run->right == RECIPE_PATIENTS;
	tally->followed += follows;
	tally->followed_learning += follows && learns;
	tally->ended += fabs(run->engine - run->textbook) <= CLOSE * run->textbook;
	tally->twins += twin;
	tally->twins_lost += twin && !follows;
	if (learns && tally->first_learning == 0)
		tally->first_learning = seed;
	if (fabs(run->worst) > tally->worst)
		tally->worst = fabs(run->worst);
}

static int run_all(size_t seeds, bool standardise, bool list)
{
	struct tally tally = {0};
	struct cln_error err = {0};

	for (size_t seed = 1; seed <= seeds; seed++) {
		struct recipe_run run;
		if (recipe_run(&run, seed, standardise, &err) != CLN_OK) {
			fprintf(stderr, "seed %zu: %s\n", seed, err.message);
			return EXIT_FAILURE;
		}
		count(&tally, &run, seed);
		if (list)
			printf("%5zu  %.6f  %.6f  %.6f  %+.1e  %+.1e\n", seed, run.first, run.textbook, run.engine, run.worst,
			       run.twin);
	}
	printf("%s, seeds 1 to %zu\n", standardise ? "standardised" : "raw pounds and inches", seeds);
	printf("  cost ends below its start                              %zu\n", tally.fell);
	printf("  learns: cost ends more than 1 %% below ln 2             %zu\n", tally.learnt);
	printf("  smallest seed that learns                              %zu\n", tally.first_learning);
	printf("  all ten patients called right at the end               %zu\n", tally.all_right);
	printf("  engine within 1e-4 of the textbook in every epoch      %zu, of those that learn %zu\n", tally.followed,
	       tally.followed_learning);
	printf("  engine within 1e-4 of the textbook at the end          %zu\n", tally.ended);
	printf("  textbook with weights off by 2^-24 within 1e-4         %zu, engine not among them %zu\n", tally.twins,
	       tally.twins_lost);
	printf("  largest relative difference of engine and textbook     %.1e\n", tally.worst);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const size_t seeds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 200;
	const bool list = argc > 2 && strcmp(argv[2], "list") == 0;

	return run_all(seeds, false, list) == EXIT_SUCCESS ? run_all(seeds, true, list) : EXIT_FAILURE;
}
