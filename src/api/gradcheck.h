/* SPDX-License-Identifier: MIT
 * The gradient, checked twice: the derivation in double against differences of the cost, and the trainer's own step in float32, for
 * every instruction set, against the derivation, within a bound on what rounding can do.  doc/derivation.md, sections 11 and 12. */
#ifndef API_GRADCHECK_H
#define API_GRADCHECK_H

#include "base/status.h"

#define GRADCHECK_TOLERANCE 1e-7  /* of a difference, relative to the layer's largest entry */
#define GRADCHECK_MAX_ENTRIES 256 /* compared with differences, evenly spaced, where an object has more */

/* Breaks one gradient entry on purpose, so that a test sees the check fail. */
enum gradcheck_fault { GRADCHECK_NO_FAULT, GRADCHECK_TEXTBOOK_SIGN, GRADCHECK_ENGINE_SIGN, GRADCHECK_ENGINE_COST,
		       GRADCHECK_TEXTBOOK_TABLE, GRADCHECK_ENGINE_TABLE };

/* config: n_hidden, hidden, seed, threads, isa (NULL: every one this CPU has) and, unless every_activation, activation. */
struct gradcheck_request {
	const struct cln_config *config;
	size_t n_inputs, n_rows;
	bool every_activation;
	enum gradcheck_fault fault;
};

/* One object of one layer under one activation. */
struct gradcheck_line {
	enum cln_activation activation;
	bool full; /* with row weights, label smoothing, penalties, dropout, categories, a piecewise embedding and a parametric
	              activation */
	size_t layer;
	const char *object; /* "W", "b", "cost" (of the last layer), "alpha", or of layer 0 "V", "beta" and "T", the tables */
	size_t n_entries;
	double largest;          /* entry of the gradient, by size */
	double difference;       /* worst signed error of textbook against differences, relative to `largest`; the cost has none */
	double difference_bound; /* GRADCHECK_TOLERANCE, or what rounding in double does to a difference where that is more */
	double engine, engine_bound; /* signed error of the entry nearest to its bound, or farthest beyond, and that bound */
	const char *isa;             /* with which it was found */
	bool ok;
};

struct gradcheck {
	char isas[64]; /* the instruction sets compared, as "generic, avx2" */
	struct gradcheck_line *lines;
	size_t n_lines, n_failed;
};

/* CLN_E_USAGE: no such instruction set.  Lines that fail are counted in n_failed, not an error. */
enum cln_status gradcheck_run(struct gradcheck *result, const struct gradcheck_request *request,
			      struct cln_error *err) CLN_MUST_CHECK;
void gradcheck_free(struct gradcheck *result);

#endif
