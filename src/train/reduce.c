/* SPDX-License-Identifier: MIT
 * The reduction tree, worked out once for a number of blocks and threads; a step only follows the lists made here. */
#include "train/reduce.h"

#include <stdlib.h>

#include "base/parallel.h"

/* A node of the tree that lies in a slot. */
struct node {
	unsigned height;
	size_t index;
	uint32_t slot;
};

/* A stack never holds more than a left and a right flank of the tree: two nodes a height. */
#define STACK_MAX (2 * 64)
#define SLOT_BITS 8 /* a slot's number in its stack; the rest has room for the threads of all ranks */

static bool same_node(const struct node *a, unsigned height, size_t index)
{
	return a->height == height && a->index == index;
}

/* A left child without a right sibling stands for its parent. */
static void promote(struct node *node, size_t n_blocks)
{
	while (node->index > 0 && node->index % 2 == 0 && ((node->index + 1) << node->height) >= n_blocks) {
		node->height++;
		node->index /= 2;
	}
}

static bool are_siblings(const struct node *left, const struct node *right)
{
	return left->height == right->height && right->index % 2 == 1 && left->index + 1 == right->index;
}

void reduction_run(size_t *begin, size_t *end, const struct reduction *reduction, int tid)
{
	split_range(begin, end, reduction->end - reduction->begin, (size_t)tid, (size_t)reduction->threads);
	*begin += reduction->begin;
	*end += reduction->begin;
}

/* Plays a run through, writing what each block does into leaves; returns the nodes left on its stack. */
static size_t play_run(struct reduction *reduction, struct node stack[STACK_MAX], size_t begin, size_t end)
{
	size_t top = 0;
	for (size_t block = begin; block < end; block++) {
		struct reduction_leaf *leaf = &reduction->leaves[block];
		leaf->add = top > 0 && same_node(&stack[top - 1], 0, block - 1) && block % 2 == 1;
		if (leaf->add) {
			stack[top - 1].height = 1;
			stack[top - 1].index = block / 2;
		} else {
			stack[top++] = (struct node){.height = 0, .index = block};
		}
		leaf->slot = (uint16_t)(top - 1);
		if (top > reduction->n_slots)
			reduction->n_slots = top;
		promote(&stack[top - 1], reduction->n_blocks);
		for (leaf->folds = 0; top > 1 && are_siblings(&stack[top - 2], &stack[top - 1]); leaf->folds++) {
			top--;
			stack[top - 1].height++;
			stack[top - 1].index /= 2;
			promote(&stack[top - 1], reduction->n_blocks);
		}
	}
	return top;
}

/* The slot in which node (height, index) comes to lie, after the sums that make it, which are appended. */
static uint32_t combine(struct reduction *reduction, const struct node *held, size_t n_held, unsigned height, size_t index)
{
	for (size_t i = 0; i < n_held; i++) {
		struct node alone = {.height = height, .index = index};
		promote(&alone, reduction->n_blocks);
		if (same_node(&held[i], height, index) || same_node(&held[i], alone.height, alone.index))
			return held[i].slot;
	}
	const uint32_t left = combine(reduction, held, n_held, height - 1, 2 * index);
	if ((2 * index + 1) << (height - 1) < reduction->n_blocks) {
		const uint32_t right = combine(reduction, held, n_held, height - 1, 2 * index + 1);
		reduction->sums[reduction->n_sums++] = (struct reduction_sum){.into = left, .from = right};
	}
	return left;
}

/* The nodes that all threads of all ranks are left with; returns how many. */
static size_t play_all(struct reduction *reduction, struct node *held, const struct reduction_ranks *ranks)
{
	size_t n_held = 0, thread = 0;
	for (int rank = 0; rank < ranks->ranks; rank++) {
		size_t first, last;
		split_range(&first, &last, reduction->n_blocks, (size_t)rank, (size_t)ranks->ranks);
		if (rank == ranks->rank) {
			reduction->begin = first;
			reduction->end = last;
			reduction->first_thread = (int)thread;
		}
		for (int tid = 0; tid < ranks->threads[rank]; tid++, thread++) {
			struct node stack[STACK_MAX];
			size_t begin, end;
			split_range(&begin, &end, last - first, (size_t)tid, (size_t)ranks->threads[rank]);
			const size_t n = play_run(reduction, stack, first + begin, first + end);
			for (size_t i = 0; i < n; i++) {
				held[n_held] = stack[i];
				held[n_held++].slot = (uint32_t)(i + (thread << SLOT_BITS)); /* until n_slots is known */
			}
		}
	}
	return n_held;
}

static int rank_of_slot(const struct reduction *reduction, const struct reduction_ranks *ranks, uint32_t slot)
{
	size_t thread = slot / reduction->n_slots;
	int rank = 0;
	while (thread >= (size_t)ranks->threads[rank])
		thread -= (size_t)ranks->threads[rank++];
	return rank;
}

static int compare_slots(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

/* Keeps the slots of the rest, each once, sorted by rank. */
static void list_held(struct reduction *reduction, const struct reduction_ranks *ranks)
{
	size_t n = 0, kept = 0;
	for (size_t i = 0; i < reduction->n_cross; i++) {
		reduction->held[n++] = reduction->cross[i].into;
		reduction->held[n++] = reduction->cross[i].from;
	}
	if (n == 0)
		reduction->held[n++] = reduction->root;
	qsort(reduction->held, n, sizeof *reduction->held, compare_slots);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || reduction->held[kept - 1] != reduction->held[i])
			reduction->held[kept++] = reduction->held[i];
	for (size_t i = 0; i < kept; i++)
		reduction->first_held[rank_of_slot(reduction, ranks, reduction->held[i]) + 1] = i + 1;
	for (int rank = 0; rank < ranks->ranks; rank++) /* of those who hold none */
		if (reduction->first_held[rank + 1] < reduction->first_held[rank])
			reduction->first_held[rank + 1] = reduction->first_held[rank];
}

/* Whether a slot holds the result of a sum between ranks. */
static bool is_crossed(const struct reduction *reduction, uint32_t slot)
{
	for (size_t i = 0; i < reduction->n_cross; i++)
		if (reduction->cross[i].into == slot)
			return true;
	return false;
}

/* Keeps of the sums of all ranks those within this one, and those between ranks, which none of the others waits for. */
static void part_sums(struct reduction *reduction, const struct reduction_ranks *ranks)
{
	const size_t n = reduction->n_sums;
	reduction->n_sums = 0;
	for (size_t i = 0; i < n; i++) {
		const struct reduction_sum sum = reduction->sums[i];
		const int into = rank_of_slot(reduction, ranks, sum.into), from = rank_of_slot(reduction, ranks, sum.from);
		if (into != from || is_crossed(reduction, sum.into) || is_crossed(reduction, sum.from))
			reduction->cross[reduction->n_cross++] = sum;
		else if (into == ranks->rank)
			reduction->sums[reduction->n_sums++] = sum;
	}
}

static enum cln_status create_lists(struct reduction *reduction, size_t threads, const struct reduction_ranks *ranks,
                                    struct cln_error *err)
{
	reduction->leaves = mem_alloc(reduction->n_blocks, sizeof *reduction->leaves, err);
	reduction->sums = mem_alloc(threads * STACK_MAX, sizeof *reduction->sums, err);
	if (!reduction->leaves || !reduction->sums)
		return CLN_E_MEMORY;
	if (ranks->ranks == 1)
		return CLN_OK;
	reduction->cross = mem_alloc(threads * STACK_MAX, sizeof *reduction->cross, err);
	reduction->held = mem_alloc(2 * threads * STACK_MAX, sizeof *reduction->held, err);
	reduction->first_held = mem_alloc((size_t)ranks->ranks + 1, sizeof *reduction->first_held, err);
	return reduction->cross && reduction->held && reduction->first_held ? CLN_OK : CLN_E_MEMORY;
}

enum cln_status reduction_create(struct reduction *reduction, size_t n_blocks, const struct reduction_ranks *ranks,
                                 struct cln_error *err)
{
	size_t threads = 0;
	for (int rank = 0; rank < ranks->ranks; rank++)
		threads += (size_t)ranks->threads[rank];
	*reduction = (struct reduction){.n_blocks = n_blocks, .threads = ranks->threads[ranks->rank]};
	struct node *held = mem_alloc(threads * STACK_MAX, sizeof *held, err);
	if (!held || create_lists(reduction, threads, ranks, err) != CLN_OK) {
		mem_free(held);
		reduction_free(reduction);
		return CLN_E_MEMORY;
	}
	const size_t n_held = play_all(reduction, held, ranks);
	for (size_t i = 0; i < n_held; i++) {
		const uint32_t thread = held[i].slot >> SLOT_BITS, slot = held[i].slot & ((1u << SLOT_BITS) - 1);
		held[i].slot = thread * (uint32_t)reduction->n_slots + slot;
	}
	unsigned height = 0;
	while ((size_t)1 << height < n_blocks)
		height++;
	reduction->root = combine(reduction, held, n_held, height, 0);
	mem_free(held);
	if (ranks->ranks > 1) {
		part_sums(reduction, ranks);
		list_held(reduction, ranks);
	}
	return CLN_OK;
}

void reduction_free(struct reduction *reduction)
{
	mem_free(reduction->leaves);
	mem_free(reduction->sums);
	mem_free(reduction->cross);
	mem_free(reduction->held);
	mem_free(reduction->first_held);
	*reduction = (struct reduction){0};
}
