/* SPDX-License-Identifier: MIT
 * The reduction tree: the same bits as the tree's definition for any number of threads. */
#include "testing.h"

#include "base/rng.h"
#include "train/reduce.h"

#define BLOCKS_MAX 70
#define THREADS_MAX 9
#define RANKS_MAX 6

/* Node (height, index) by its definition: left child + right child. */
static float tree_sum(const float *blocks, size_t n_blocks, unsigned height, size_t index)
{
	if (height == 0)
		return blocks[index];
	const float left = tree_sum(blocks, n_blocks, height - 1, 2 * index);
	if ((2 * index + 1) << (height - 1) >= n_blocks)
		return left;
	return left + tree_sum(blocks, n_blocks, height - 1, 2 * index + 1);
}

static float whole_sum(const float *blocks, size_t n_blocks)
{
	unsigned height = 0;
	while ((size_t)1 << height < n_blocks)
		height++;
	return tree_sum(blocks, n_blocks, height, 0);
}

/* Does what the step does, with one float for a gradient. */
static float follow(const struct reduction *r, const float *blocks)
{
	float *slots = calloc(r->n_slots * (size_t)r->threads, sizeof(float));
	for (int tid = 0; tid < r->threads; tid++) {
		float *own = slots + (size_t)tid * r->n_slots;
		size_t begin, end;
		reduction_run(&begin, &end, r, tid);
		for (size_t block = begin; block < end; block++) {
			const struct reduction_leaf *leaf = &r->leaves[block];
			own[leaf->slot] = leaf->add ? own[leaf->slot] + blocks[block] : blocks[block];
			for (size_t slot = leaf->slot, folds = leaf->folds; folds > 0; folds--, slot--)
				own[slot - 1] += own[slot];
		}
	}
	for (size_t i = 0; i < r->n_sums; i++)
		slots[r->sums[i].into] += slots[r->sums[i].from];
	const float sum = slots[r->root];
	free(slots);
	return sum;
}

START_TEST(any_threads_give_the_bits_of_the_tree)
{
	const size_t n_blocks = (size_t)_i;
	float blocks[BLOCKS_MAX];
	struct rng rng;
	rng_start(&rng, 3, RNG_TEST, 0, (uint32_t)n_blocks);
	for (size_t i = 0; i < n_blocks; i++)
		blocks[i] = (float)rng_normal(&rng);
	const float expected = whole_sum(blocks, n_blocks);
	for (int threads = 1; threads <= THREADS_MAX; threads++) {
		struct reduction r;
		assert_ok(reduction_create(&r, n_blocks, &(struct reduction_ranks){1, 0, &threads}, &err));
		const float sum = follow(&r, blocks);
		ck_assert_msg(memcmp(&sum, &expected, sizeof sum) == 0, "%zu blocks, %d threads: %a, not %a", n_blocks, threads,
		              (double)sum, (double)expected);
		reduction_free(&r);
	}
}
END_TEST

/* A stack holds at most one node a height on each flank, and the leaf on top. */
START_TEST(a_stack_holds_at_most_two_nodes_a_height)
{
	const size_t n_blocks = (size_t)_i;
	size_t log2 = 0;
	while ((size_t)1 << log2 < n_blocks)
		log2++;
	for (int threads = 1; threads <= THREADS_MAX; threads++) {
		struct reduction r;
		assert_ok(reduction_create(&r, n_blocks, &(struct reduction_ranks){1, 0, &threads}, &err));
		ck_assert_uint_le(r.n_slots, 2 * log2 + 1);
		ck_assert_uint_lt(r.root, r.n_slots * (size_t)threads);
		reduction_free(&r);
	}
}
END_TEST

START_TEST(the_order_of_addition_is_the_trees_and_no_other)
{
	/* 1 + tiny + tiny + tiny: in the tree (1 + tiny) + (tiny + tiny), where the second pair is large enough to count */
	const float tiny = 0x1p-24f, blocks[4] = {1, tiny, tiny, tiny};
	struct reduction r;
	assert_ok(reduction_create(&r, 4, &(struct reduction_ranks){1, 0, (int[]){2}}, &err));
	ck_assert_float_eq(follow(&r, blocks), 1 + 0x1p-23f);
	ck_assert_float_ne(follow(&r, blocks), ((1 + tiny) + tiny) + tiny);
	reduction_free(&r);
}
END_TEST

/* The same over ranks, each with its own threads and slots: what a rank holds after its own sums goes to the owner, who adds up the
 * rest.  Says which slots were to be sent. */
static float follow_ranks(const float *blocks, size_t n_blocks, const int *threads, int ranks)
{
	float sum = 0;
	size_t n_all = 0, first[RANKS_MAX + 1] = {0};
	for (int r = 0; r < ranks; r++)
		first[r + 1] = first[r] + (size_t)threads[r];
	float *all = NULL; /* the owner's view of all slots; what nobody has sent is a NaN */
	for (int rank = 0; rank < ranks; rank++) {
		struct reduction r;
		assert_ok(reduction_create(&r, n_blocks, &(struct reduction_ranks){ranks, rank, threads}, &err));
		n_all = r.n_slots * first[ranks];
		float *slots = malloc(n_all * sizeof *slots);
		all = all ? all : malloc(n_all * sizeof *all);
		for (size_t i = 0; i < n_all; i++)
			slots[i] = NAN;
		ck_assert_uint_eq((size_t)r.first_thread, first[rank]);
		for (int tid = 0; tid < threads[rank]; tid++) {
			float *own = slots + (first[rank] + (size_t)tid) * r.n_slots;
			size_t begin, end;
			reduction_run(&begin, &end, &r, tid);
			for (size_t block = begin; block < end; block++) {
				const struct reduction_leaf *leaf = &r.leaves[block];
				own[leaf->slot] = leaf->add ? own[leaf->slot] + blocks[block] : blocks[block];
				for (size_t slot = leaf->slot, folds = leaf->folds; folds > 0; folds--, slot--)
					own[slot - 1] += own[slot];
			}
		}
		for (size_t i = 0; i < r.n_sums; i++)
			slots[r.sums[i].into] += slots[r.sums[i].from];
		for (size_t i = 0; rank == 0 && i < n_all; i++)
			all[i] = NAN;
		for (size_t i = r.first_held[rank]; i < r.first_held[rank + 1]; i++) {
			ck_assert_uint_ge(r.held[i], first[rank] * r.n_slots);
			ck_assert_uint_lt(r.held[i], first[rank + 1] * r.n_slots);
			all[r.held[i]] = slots[r.held[i]];
		}
		if (rank == ranks - 1) {
			for (size_t i = 0; i < r.n_cross; i++)
				all[r.cross[i].into] += all[r.cross[i].from];
			sum = all[r.root];
		}
		free(slots);
		reduction_free(&r);
	}
	free(all);
	return sum;
}

START_TEST(any_ranks_give_the_bits_of_the_tree)
{
	static const int threads[][RANKS_MAX] = {{1, 1, 1, 1, 1, 1}, {2, 2, 2, 2, 2, 2}, {3, 1, 2, 1, 4, 1}};
	const size_t n_blocks = (size_t)_i;
	float blocks[BLOCKS_MAX];
	struct rng rng;
	rng_start(&rng, 4, RNG_TEST, 0, (uint32_t)n_blocks);
	for (size_t i = 0; i < n_blocks; i++)
		blocks[i] = (float)rng_normal(&rng);
	const float expected = whole_sum(blocks, n_blocks);
	for (int ranks = 2; ranks <= RANKS_MAX; ranks++)
		for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
			const float sum = follow_ranks(blocks, n_blocks, threads[t], ranks);
			ck_assert_msg(memcmp(&sum, &expected, sizeof sum) == 0, "%zu blocks, %d ranks, threads %zu: %a, not %a",
			              n_blocks, ranks, t, (double)sum, (double)expected);
		}
}
END_TEST

START_TEST(two_ranks_with_half_of_the_blocks_send_one_sum_each)
{
	static const int threads[] = {2, 2};
	struct reduction r;
	assert_ok(reduction_create(&r, 64, &(struct reduction_ranks){2, 1, threads}, &err));
	ck_assert_uint_eq(r.first_held[1], 1);
	ck_assert_uint_eq(r.first_held[2], 2);
	ck_assert_uint_eq(r.n_cross, 1);
	reduction_free(&r);
}
END_TEST

START_TEST(a_whole_tree_needs_log_many_slots_on_one_thread)
{
	struct reduction r;
	assert_ok(reduction_create(&r, 64, &(struct reduction_ranks){1, 0, (int[]){1}}, &err));
	ck_assert_uint_eq(r.n_slots, 6); /* the first pair is folded in place */
	ck_assert_uint_eq(r.n_sums, 0);
	reduction_free(&r);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("reduce");
	TCase *tcase = tcase_create("reduction");
	tcase_add_loop_test(tcase, any_threads_give_the_bits_of_the_tree, 1, BLOCKS_MAX);
	tcase_add_loop_test(tcase, a_stack_holds_at_most_two_nodes_a_height, 1, BLOCKS_MAX);
	tcase_add_loop_test(tcase, any_ranks_give_the_bits_of_the_tree, 1, BLOCKS_MAX);
	tcase_add_test(tcase, two_ranks_with_half_of_the_blocks_send_one_sum_each);
	tcase_add_test(tcase, the_order_of_addition_is_the_trees_and_no_other);
	tcase_add_test(tcase, a_whole_tree_needs_log_many_slots_on_one_thread);
	suite_add_tcase(suite, tcase);
	return suite;
}

TESTING_MAIN(make_suite)
