/* SPDX-License-Identifier: MIT
 * Definitions of this program's own sources as text, for the C export: shared_code.awk cuts them out when the program is built, so
 * that the arithmetic that is exported cannot differ from that which predicts here.  What exported files alone need, and every one
 * of them, is in exported_code.c. */
#ifndef MODEL_SHARED_CODE_H
#define MODEL_SHARED_CODE_H

#include "base/mem.h"

#define SHARED_CODE_MOST 128 /* definitions */

/* What a file that is being written has already. */
struct shared_code_written {
	bool definition[SHARED_CODE_MOST];
};

/* Adds a definition ("sigmoid_vec", "struct piece", "EXP_UNDERFLOW") and before it all that it uses and that is not there yet.  The
 * name must be one that shared_code.awk asks for. */
void shared_code_add(struct text *out, struct shared_code_written *written, const char *name);

#endif
