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
 *              (Smith & Topin 2017) */
double schedule_rate(const struct cln_config *config, size_t step, size_t n_steps, size_t steps_per_epoch);

#endif
