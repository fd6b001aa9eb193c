/* SPDX-License-Identifier: MIT
 * The reduction tree, worked out once for a number of blocks and threads; a step only follows the lists made here. */
#include "train/reduce.h"

#include "base/parallel.h"

/* A node of the tree that lies in a slot. */
struct node {
	unsigned height;
	size_t index;
	uint32_t slot;
};

/* A stack never holds more than a left and a right flank of the tree: two nodes a height. */
#define STACK_MAX (2 * 64)

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
	split_range(begin, end, reduction->n_blocks, (size_t)tid, (size_t)reduction->threads);
}

/* Plays a thread's run through, writing what each block does into leaves; returns the nodes left on its stack. */
static size_t play_run(struct reduction *reduction, struct node stack[STACK_MAX], int tid)
{
	size_t begin, end, top = 0;
	reduction_run(&begin, &end, reduction, tid);
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

enum cln_status reduction_create(struct reduction *reduction, size_t n_blocks, int threads, struct cln_error *err)
{
	*reduction = (struct reduction){.n_blocks = n_blocks, .threads = threads};
	struct node *held = mem_alloc((size_t)threads * STACK_MAX, sizeof *held, err);
	reduction->leaves = mem_alloc(n_blocks, sizeof *reduction->leaves, err);
	reduction->sums = mem_alloc((size_t)threads * STACK_MAX, sizeof *reduction->sums, err);
	if (!held || !reduction->leaves || !reduction->sums) {
		mem_free(held);
		reduction_free(reduction);
		return CLN_E_MEMORY;
	}
	size_t n_held = 0;
	for (int tid = 0; tid < threads; tid++) {
		struct node stack[STACK_MAX];
		const size_t n = play_run(reduction, stack, tid);
		for (size_t i = 0; i < n; i++) {
			held[n_held] = stack[i];
			held[n_held++].slot = (uint32_t)i + ((uint32_t)tid << 16); /* numbered through once n_slots is known */
		}
	}
	for (size_t i = 0; i < n_held; i++)
		held[i].slot = (held[i].slot >> 16) * (uint32_t)reduction->n_slots + (held[i].slot & 0xffff);
	unsigned height = 0;
	while ((size_t)1 << height < n_blocks)
		height++;
	reduction->root = combine(reduction, held, n_held, height, 0);
	mem_free(held);
	return CLN_OK;
}

void reduction_free(struct reduction *reduction)
{
	mem_free(reduction->leaves);
	mem_free(reduction->sums);
	*reduction = (struct reduction){0};
}
