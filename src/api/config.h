/* SPDX-License-Identifier: MIT
 * The recipes' values, and the check that every function of the api makes before it believes a config. */
#ifndef API_CONFIG_H
#define API_CONFIG_H

#include "base/names.h"
#include "base/status.h"

/* Name i of the recipes; NULL beyond the last. */
const char *config_recipe_name(size_t i);

/* CLN_E_USAGE names the first member that is out of range and what it may be. */
enum cln_status config_check(const struct cln_config *config, struct cln_error *err) CLN_MUST_CHECK;

/* CLN_E_USAGE: there is no such instruction set, or this build or CPU lacks it.  NULL: the best is taken. */
enum cln_status config_check_isa(const char *isa, struct cln_error *err) CLN_MUST_CHECK;

/* CLN_E_USAGE: OMP_NUM_THREADS is set to what is no number of threads.  To be asked before anything wakes the OpenMP runtime:
 * LLVM's may abort then, or ask for all memory (seen with 14.0.6). */
enum cln_status config_check_thread_variable(struct cln_error *err) CLN_MUST_CHECK;

/* CLN_E_USAGE: COLONNADE_MEMORY is set to what is no size. */
enum cln_status config_check_memory_variable(struct cln_error *err) CLN_MUST_CHECK;

/* The seed of an ensemble's member k, from 0: the ensemble's own for the first, for the others 64 bits keyed by it and k. */
uint64_t config_member_seed(uint64_t seed, size_t k);

/* Puts numbers in the place of CLN_AUTO and CLN_BY_ROWS for about n_rows rows to train on; false where neither members nor epochs
 * were to be chosen. */
bool config_choose(struct cln_config *config, size_t n_rows);

/* Only what is CLN_BY_ROWS.  Where the rate is given, the factors of biases and embeddings are those of few rows. */
void config_choose_rates(struct cln_config *config, size_t n_rows);

/* The options of levels as in the recipe plain, in which no column numbers its levels. */
void config_forget_levels(struct cln_config *config);

/* What a start from `init` keeps: the members of its network and pipeline take the place of config's own. */
void config_keep_network(struct cln_config *config, const struct cln_model *init);

/* CRC-64 of all that a model's file says: the same for the same model, wherever it lies. */
enum cln_status config_model_fingerprint(uint64_t *fingerprint, const struct cln_model *model,
					 struct cln_error *err) CLN_MUST_CHECK;

/* Whose kernels a loaded model predicts with; `isa` (checked as above, may be NULL) is lent for the model's life. */
void config_use_isa(struct cln_model *model, const char *isa);

#endif
