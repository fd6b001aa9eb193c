/* SPDX-License-Identifier: MIT */
#include "report/run_epochs.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define EPOCH_VALUES 32 /* of a line */

enum cln_status run_epoch_read(struct run_epoch *epoch, const char *line, size_t length, struct cln_error *err)
{
	const struct json *object;
	enum cln_status status = json_parse_limited(&object, line, length, EPOCH_VALUES, err);

	if (status != CLN_OK)
		return status;
	*epoch = (struct run_epoch){0};
	if (json_get(object, "member"))
		status = json_get_size(&epoch->member, object, "member", 0, CLN_MAX_ENSEMBLE - 1, err);
	if (status == CLN_OK)
		status = json_get_size(&epoch->epoch, object, "epoch", 1, MOST_COUNT, err);
	if (status == CLN_OK)
		status = run_files_real(&epoch->train_loss, object, "train_loss", 0, DBL_MAX, err);
	if (status == CLN_OK)
		status = run_files_real(&epoch->valid_loss, object, "valid_loss", 0, DBL_MAX, err);
	if (status == CLN_OK)
		status = run_files_real(&epoch->valid_auc, object, "valid_auc", 0, 1, err);
	if (status == CLN_OK)
		status = run_files_real(&epoch->learning_rate, object, "learning_rate", 0, DBL_MAX, err);
	json_free(object);
	return status;
}

/* A line on its way through the reader; NULL: it is not as the trainer writes it. */
struct scan {
	const char *at, *end;
};

static void skip_text(struct scan *scan, const char *text)
{
	const size_t length = strlen(text);

	if (!scan->at || (size_t)(scan->end - scan->at) < length || memcmp(scan->at, text, length) != 0)
		scan->at = NULL;
	else
		scan->at += length;
}

/* number_to_double takes more than JSON does: a plus, leading zeros, and points without a digit on both sides. */
static bool is_json_number(const char *text, size_t length)
{
	const size_t sign = length > 0 && *text == '-';
	const char *point = memchr(text, '.', length);

	if (length <= sign || text[sign] < '0' || text[sign] > '9')
		return false;
	if (text[sign] == '0' && length > sign + 1 && text[sign + 1] >= '0' && text[sign + 1] <= '9')
		return false;
	return !point || (point + 1 < text + length && point[1] >= '0' && point[1] <= '9');
}

/* null, or a number from 0 to `high`. */
static void scan_real(struct scan *scan, double *value, double high)
{
	const char *begin = scan->at;

	*value = NAN;
	if (!begin)
		return;
	if (scan->end - begin >= 4 && memcmp(begin, "null", 4) == 0) {
		scan->at += 4;
		return;
	}
	while (scan->at < scan->end && *scan->at != ',' && *scan->at != '}')
		scan->at++;
	const size_t length = (size_t)(scan->at - begin);
	if (!is_json_number(begin, length) || !number_to_double(value, begin, length) || !(*value >= 0 && *value <= high))
		scan->at = NULL;
}

static void scan_count(struct scan *scan, size_t *value, double low, double high)
{
	double number;

	scan_real(scan, &number, high);
	if (scan->at && number >= low && number == floor(number))
		*value = (size_t)number;
	else
		scan->at = NULL;
}

bool run_epoch_read_plain(struct run_epoch *epoch, const char *line, size_t length)
{
	static const char member[] = "{\"member\":";
	struct scan scan = {line, line + length};
	double other;

	*epoch = (struct run_epoch){0};
	if (length > sizeof member && memcmp(line, member, sizeof member - 1) == 0) {
		skip_text(&scan, member);
		scan_count(&scan, &epoch->member, 0, CLN_MAX_ENSEMBLE - 1);
		skip_text(&scan, ",\"epoch\":");
	} else {
		skip_text(&scan, "{\"epoch\":");
	}
	scan_count(&scan, &epoch->epoch, 1, (double)MOST_COUNT);
	skip_text(&scan, ",\"train_loss\":");
	scan_real(&scan, &epoch->train_loss, DBL_MAX);
	skip_text(&scan, ",\"valid_loss\":");
	scan_real(&scan, &epoch->valid_loss, DBL_MAX);
	skip_text(&scan, ",\"valid_auc\":");
	scan_real(&scan, &epoch->valid_auc, 1);
	skip_text(&scan, ",\"learning_rate\":");
	scan_real(&scan, &epoch->learning_rate, DBL_MAX);
	skip_text(&scan, ",\"seconds\":");
	scan_real(&scan, &other, DBL_MAX);
	skip_text(&scan, ",\"rows_per_second\":");
	scan_real(&scan, &other, DBL_MAX);
	skip_text(&scan, "}");
	return scan.at == line + length;
}

static size_t count_lines(const char *bytes, size_t length)
{
	const char *end = bytes + length;
	size_t n = 0;

	for (const char *at = bytes; at < end; n++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		at = stop ? stop + 1 : end;
	}
	return n;
}

/* The epochs of a member ascend. */
enum cln_status run_epochs_read(struct run_files *files, const struct run_source *source, struct cln_error *err)
{
	const char *at = source->metrics, *end = at + source->metrics_length;
	size_t last[CLN_MAX_ENSEMBLE] = {0};
	struct cln_error why;

	files->all_epochs = mem_alloc(count_lines(at, source->metrics_length), sizeof *files->all_epochs, err);
	if (!files->all_epochs)
		return CLN_E_MEMORY;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		struct run_epoch *epoch = &files->all_epochs[files->n_epochs++];
		const size_t length = (size_t)((stop ? stop : end) - at);
		enum cln_status status = CLN_OK;

		if (!run_epoch_read_plain(epoch, at, length))
			status = run_epoch_read(epoch, at, length, &why);

		if (status == CLN_OK && epoch->epoch <= last[epoch->member])
			status =
			    error_set(&why, CLN_E_DAMAGED, "epoch %zu comes after epoch %zu", epoch->epoch, last[epoch->member]);
		if (status != CLN_OK)
			return error_set(err, status, "%s:%zu: %s", source->metrics_name, files->n_epochs, why.message);
		last[epoch->member] = epoch->epoch;
		at = stop ? stop + 1 : end;
	}
	return CLN_OK;
}
