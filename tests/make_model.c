/* SPDX-License-Identifier: MIT
 * Writes the model of model_fixture.c to the file that the argument names.  So tests/data/golden-v1.safetensors was made. */
#include "model_fixture.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	struct cln_model *model = NULL;
	struct cln_error err = {0};
	if (argc != 2) {
		fprintf(stderr, "usage: make_model FILE\n");
		return 2;
	}
	enum cln_status status = model_fixture(&model, &err);
	if (status == CLN_OK)
		status = cln_model_save(model, argv[1], &err);
	if (status != CLN_OK)
		fprintf(stderr, "%s\n", err.message);
	cln_model_destroy(model);
	return status == CLN_OK ? 0 : 1;
}
