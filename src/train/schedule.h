/* SPDX-License-Identifier: MIT
 * The learning rate of a step. Pure functions in double with dmath, the same bits everywhere. */
#ifndef TRAIN_SCHEDULE_H
#define TRAIN_SCHEDULE_H

#include <colonnade.h>

/* The rate of step `step` (0-based) of n_steps, where an epoch has steps_per_epoch:
 *   constant   lr
 *   step       lr step_factor^floor(epoch / step_epochs)
 *   cosine     lr (1 + cos(pi t)) / 2, t = step / n_steps
 *   warmup     lr (step+1) / w for the first w = ceil(warmup_fraction n_steps) steps, then lr
 *   one-cycle  from lr/25 up to lr over the first warmup_fraction of the steps, then down to lr/10^4, both by half cosines
 *              (Smith & Topin 2017)
 *   coslog4    lr (1 - cos(2 pi log2(1 + 15 t))) / 2: four waves, each twice as long as the one before (Holzmueller et al. 2024)
 *   flat-cosine  lr for the first half, then down to 0 by half a cosine */
double schedule_rate(const struct cln_config *config, size_t step, size_t n_steps, size_t steps_per_epoch);

/* The factor of dropout and weight decay at that step: 1, or with flat-cosine as above. */
double schedule_regularisation(const struct cln_config *config, size_t step, size_t n_steps);

#endif
