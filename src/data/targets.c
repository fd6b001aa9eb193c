/* SPDX-License-Identifier: MIT */
#include "data/targets.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"

/* The options' lists and what they are about. */
struct lists {
	struct target *targets;
	const struct dictionary *names;
	const char *file;
	const struct cln_read_options *options;
};

static size_t find_item(const struct lists *lists, const char *item, size_t length)
{
	uint32_t code = dictionary_find(lists->names, item, length);
	if (code != UINT32_MAX)
		return code;
	float number;
	bool digits = length > 0 && length <= 7;
	for (size_t i = 0; i < length; i++)
		digits = digits && item[i] >= '0' && item[i] <= '9';
	if (digits && number_to_float(&number, item, length) && number >= 1 && (size_t)number <= lists->names->n)
		return (size_t)number - 1;
	return SIZE_MAX;
}

/* Calls set for every column of a comma-separated list. */
static enum cln_status each_listed(struct lists *lists, const char *option, const char *list,
				   enum cln_status (*set)(struct target *target), struct cln_error *err)
{
	while (list && *list) {
		size_t length = strcspn(list, ",");
		const char *item = list;
		size_t column = find_item(lists, item, length);
		if (column == SIZE_MAX) { /* "a, b" */
			size_t spaces = strspn(item, " ");
			item += spaces < length ? spaces : length;
			length -= (size_t)(item - list);
			column = find_item(lists, item, length);
		}
		if (column == SIZE_MAX)
			return error_set(err, CLN_E_DATA, "%s: %s has no column \"%.*s\"", option, lists->file, (int)length, item);
		if (set(&lists->targets[column]) != CLN_OK)
			return error_set(err, CLN_E_USAGE, "column \"%s\" is both numeric and categorical",
					 lists->names->entries[column].text);
		list = item + length;
		list += *list == ',';
	}
	return CLN_OK;
}

static enum cln_status set_categorical(struct target *target)
{
	target->kind = TARGET_CATEGORY;
	target->given = true;
	return CLN_OK;
}

static enum cln_status set_kept(struct target *target)
{
	target->kept = true;
	return set_categorical(target);
}

/* Reads texts as they are, where nobody says otherwise. */
static void set_known(struct target *target)
{
	if (target->kind != TARGET_NUMBER || target->given)
		return;
	target->kind = TARGET_CATEGORY;
	target->known = true;
}

static void set_exempt(struct target *target) { target->exempt = true; }
static void set_needed(struct target *target) { target->needed = true; }

/* Calls set for every column that has one of n names; one that is not there is no error. */
static void each_named(struct lists *lists, const char *const *names, size_t n, void (*set)(struct target *target))
{
	for (size_t i = 0; i < n; i++) {
		uint32_t column = dictionary_find(lists->names, names[i], strlen(names[i]));
		if (column != UINT32_MAX)
			set(&lists->targets[column]);
	}
}

/* Where the label is not found its user says so. */
static void set_label(struct lists *lists)
{
	const char *label = lists->options->label, *weight = lists->options->weight;
	size_t column = label && *label ? find_item(lists, label, strlen(label)) : SIZE_MAX;
	size_t weight_column = weight ? find_item(lists, weight, strlen(weight)) : SIZE_MAX;
	for (size_t c = lists->names->n; label && !*label && column == SIZE_MAX && c-- > 0;)
		if (c != weight_column && lists->targets[c].kind != TARGET_SKIP)
			column = c;
	if (column != SIZE_MAX) {
		set_known(&lists->targets[column]);
		lists->targets[column].exempt = true;
	}
	if (weight_column != SIZE_MAX)
		lists->targets[weight_column].exempt = true;
}

static void skip_all_but_needed(struct lists *lists)
{
	each_named(lists, lists->options->needed, lists->options->n_needed, set_needed);
	for (size_t c = 0; c < lists->names->n; c++) {
		struct target *target = &lists->targets[c];
		target->exempt = target->kept && !target->needed;
		if (!target->needed && !target->kept)
			target->kind = TARGET_SKIP;
	}
}

static enum cln_status set_numeric(struct target *target)
{
	if (target->kind == TARGET_CATEGORY)
		return CLN_E_USAGE;
	target->must_be_number = target->given = true;
	return CLN_OK;
}

static enum cln_status set_ignored(struct target *target)
{
	target->kind = TARGET_SKIP;
	return CLN_OK;
}

enum cln_status targets_choose(struct target *targets, const struct dictionary *names, const char *file,
			       const struct cln_read_options *options, struct cln_error *err)
{
	struct lists lists = {targets, names, file, options};
	for (size_t c = 0; c < names->n; c++)
		targets[c].kind = TARGET_NUMBER;
	enum cln_status status = each_listed(&lists, "--categorical", options->categorical, set_categorical, err);
	if (status == CLN_OK)
		status = each_listed(&lists, "--keep", options->keep, set_kept, err);
	if (status == CLN_OK)
		status = each_listed(&lists, "--numeric", options->numeric, set_numeric, err);
	if (status == CLN_OK)
		status = each_listed(&lists, "--ignore", options->ignore, set_ignored, err);
	if (status != CLN_OK)
		return status;
	for (size_t c = 0; c < names->n; c++)
		if (targets[c].left_out)
			targets[c].kind = TARGET_SKIP;
	if (options->needed)
		skip_all_but_needed(&lists);
	each_named(&lists, options->known_categories, options->n_known_categories, set_known); /* of another table */
	set_label(&lists);
	each_named(&lists, options->exempt, options->n_exempt, set_exempt);
	return CLN_OK;
}

void target_describe(struct column *column, const struct target *target, const struct cln_read_options *options)
{
	column->type_was_given = target->given;
	column->exempt = target->exempt;
	column->ignored = target->kind == TARGET_SKIP;
	column->not_asked_for = options->needed && !target->needed && !target->kept;
	column->type = target->kind == TARGET_CATEGORY ? COLUMN_CATEGORICAL : COLUMN_NUMERIC;
}

enum cln_status targets_number_names(struct dictionary *names, size_t n, struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	for (size_t c = 0; status == CLN_OK && c < n; c++) {
		char name[32];
		uint32_t code;
		int length = snprintf(name, sizeof name, "%zu", c + 1);
		status = dictionary_add(names, &code, name, (size_t)length, (uint32_t)c, 1, err);
	}
	return status;
}
