/* SPDX-License-Identifier: MIT */
#include "comm/comm.h"

#include <string.h>

void comm_broadcast(struct comm *comm, void *data, size_t bytes)
{
	comm->ops->broadcast(comm, data, bytes);
	comm->bytes += comm->rank == 0 ? bytes : 0;
}

void comm_gather_all(struct comm *comm, void *data, const size_t *begin)
{
	comm->ops->gather_all(comm, data, begin);
	comm->bytes += (begin[comm->rank + 1] - begin[comm->rank]) * (size_t)(comm->ranks - 1);
}

void comm_exchange(struct comm *comm, const struct comm_piece *sends, size_t n_sends, const struct comm_piece *receives,
                   size_t n_receives)
{
	comm->ops->exchange(comm, sends, n_sends, receives, n_receives);
	for (size_t i = 0; i < n_sends; i++)
		comm->bytes += sends[i].bytes;
}

void comm_hear(const struct comm *comm, int signal)
{
	if (signal > 0 && comm->hear)
		comm->hear(signal);
}

enum cln_status comm_agree(struct comm *comm, enum cln_status status, struct cln_error *err)
{
	size_t begin[COMM_MAX_RANKS + 1];
	uint32_t codes[COMM_MAX_RANKS] = {0};
	char message[CLN_ERROR_TEXT] = "";
	for (int r = 0; r <= comm->ranks; r++)
		begin[r] = (size_t)r * sizeof *codes;
	codes[comm->rank] = (uint32_t)status;
	comm_gather_all(comm, codes, begin);
	int failed = 0;
	while (failed < comm->ranks && codes[failed] == CLN_OK)
		failed++;
	if (failed == comm->ranks)
		return CLN_OK;
	if (comm->rank == failed && err)
		memcpy(message, err->message, sizeof message);
	for (int r = 0; r <= comm->ranks; r++)
		begin[r] = r > failed ? sizeof message : 0;
	comm_gather_all(comm, message, begin);
	status = (enum cln_status)codes[failed];
	if (comm->rank == failed)
		return status;
	return error_set(err, status, "rank %d: %s", failed, message);
}
