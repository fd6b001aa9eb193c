/* SPDX-License-Identifier: MIT
 * The words for the public enums, one table each: options, model file, logs and help all read them here. */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <colonnade.h>

struct name_table {
	const char *const *names; /* in the order of the enum */
	int n;
};
extern const struct name_table names_activation, names_init, names_optimizer, names_schedule, names_scale, names_metric,
        names_class_weight, names_calibration, names_threshold_rule, names_embedding, names_parametrisation, names_regularisation,
        names_effort, names_export;

const char *name_of(const struct name_table *table, int value);        /* NULL where out of range */
int name_find(const struct name_table *table, const char *name);       /* -1 where unknown */

#endif
