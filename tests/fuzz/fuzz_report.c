/* SPDX-License-Identifier: MIT
 * Any bytes as run.json and metrics.jsonl, which a line of "====" parts, become a page or are refused by the file's name; a page
 * holds no markup that is not its own, and the same bytes give the same page. */
#include "fuzz.h"

#include <string.h>

#include "report/page.h"
#include "report/run_epochs.h"

#define HEAD                                                                                                                       \
	"{\"program\":\"colonnade\",\"version\":\"0.1\",\"options\":{\"label\":\"<i>&\",\"positive\":\"'\\\"\",\"activation\":"    \
	"\"relu\","                                                                                                                \
	"\"recipe\":\"plain\",\"seed\":1},\"isa\":\"avx2\",\"threads\":2,\"threads_allowed\":2,\"data\":{\"file\":\"a/<b>.csv\","  \
	"\"rows\":10,\"columns\":3,\"fingerprint\":\"00\"},\"members\":1,\"epochs\":2,\"best_epoch\":1,\"seconds\":0.5,"           \
	"\"train\":{\"rows\":6,\"log_loss\":0.5,\"auc\":1,\"accuracy\":1},\"valid\":{\"rows\":4,\"log_loss\":0.5,\"auc\":null,"    \
	"\"accuracy\":0.5},\"threshold\":0.5,\"changed\":[\"seed\"],\"command\":\"colonnade train 'a b'\","
#define NETWORK                                                                                                                    \
	"\"network\":{\"layers\":[3,2,1],\"parameters\":11,\"folds\":0,\"train_rows\":6,\"valid_rows\":4,\"test_rows\":0,"         \
	"\"dropped_rows\":1,\"missing_cells\":2,\"numeric_columns\":2,\"categorical_columns\":1},"
#define ROWS                                                                                                                       \
	"{\"rows\":4,\"log_loss\":0.5,\"auc\":0.75,\"accuracy\":0.5,\"weight\":4,\"positive_weight\":2,\"threshold\":0.5,"         \
	"\"undefined\":{\"mcc\":\"<u>\"},\"intervals\":{\"auc\":[0.1,1],\"log_loss\":[null,null]},"                                \
	"\"bootstrap\":{\"replicates\":10,\"seed\":\"1\"},\"roc\":{\"fpr\":[0,0.5,1],\"tpr\":[0,0.5,1]},"                          \
	"\"pr\":{\"recall\":[0.5,1],\"precision\":[1,0.5]},\"reliability\":{\"weight\":[1,0,3],"                                   \
	"\"mean_probability\":[0.1,0,0.9],\"share_positive\":[0,0,0.7]},\"scores\":{\"negative\":[2,0],\"positive\":[0,2]}}"
#define IMPORTANCE                                                                                                                 \
	"\"importance\":{\"rows_of\":\"test\",\"rows\":4,\"of\":5,\"log_loss\":0.5,\"auc\":null,\"repeats\":2,"               \
	"\"columns\":[{\"column\":\"<script>\",\"log_loss_rise\":0.25,\"log_loss_interval\":[-0.5,1e9],"                      \
	"\"auc_fall\":null,\"auc_interval\":[null,null]},{\"column\":\"\",\"log_loss_rise\":-1,"                               \
	"\"log_loss_interval\":[null,null],\"auc_fall\":0.5,\"auc_interval\":[0,1]}],\"columns_left_out\":1},"
#define COLUMNS                                                                                                                    \
	"\"columns\":[{\"name\":\"<script>\",\"use\":\"feature\",\"type\":\"numeric\",\"missing_cells\":3,\"levels\":0,"           \
	"\"drift_valid\":{\"psi\":0.3,\"by_chance\":0.1}},{\"name\":\"y\",\"use\":\"label\",\"type\":\"categorical\","             \
	"\"missing_cells\":0,\"levels\":2}],\"columns_left_out\":4}"
#define EPOCHS                                                                                                                     \
	"{\"epoch\":1,\"train_loss\":0.7,\"valid_loss\":0.6,\"valid_auc\":0.5,\"learning_rate\":0.1}\n"                            \
	"{\"epoch\":2,\"train_loss\":0.5,\"valid_loss\":null,\"valid_auc\":null,\"learning_rate\":0.1}\n"
#define PART "\n====\n"

const struct fuzz_seed fuzz_seeds[] = {
    FUZZ_TEXT(HEAD NETWORK "\"review\":{\"valid\":" ROWS ",\"test\":" ROWS "}," IMPORTANCE COLUMNS PART EPOCHS),
    FUZZ_TEXT(HEAD NETWORK
              "\"review\":{\"train\":" ROWS "}," COLUMNS PART
              "{\"member\":1,\"epoch\":1,\"train_loss\":1e300,\"valid_loss\":0,\"valid_auc\":1,\"learning_rate\":1e-300}\n"
              "{\"member\":0,\"epoch\":7,\"train_loss\":0,\"valid_loss\":0,\"valid_auc\":1,\"learning_rate\":0}"),
    FUZZ_TEXT("{\"program\":\"colonnade\",\"options\":{}}" PART),
    FUZZ_TEXT("{\"member\":1,\"epoch\":2,\"train_loss\":0.25,\"valid_loss\":null,\"valid_auc\":1,\"learning_rate\":1e-05,"
              "\"seconds\":0.5,\"rows_per_second\":1e+06}"),
    FUZZ_TEXT("{\"epoch\":2,\"train_loss\":0.25,\"valid_loss\":-1,\"valid_auc\":0,\"learning_rate\":0,\"seconds\":0,"
              "\"rows_per_second\":0}\n"
              "{\"epoch\":2,\"train_loss\":0.25,\"valid_loss\":1,\"valid_auc\":1.5,\"learning_rate\":0,\"seconds\":0,"
              "\"rows_per_second\":0}\n"
              "{\"epoch\":2.5,\"train_loss\":01,\"valid_loss\":1.,\"valid_auc\":.5,\"learning_rate\":+1,\"seconds\":0,"
              "\"rows_per_second\":0}\n"),
    FUZZ_TEXT(PART),
};
const size_t n_fuzz_seeds = sizeof fuzz_seeds / sizeof *fuzz_seeds;

static enum cln_status make(struct text *page, const char *data, size_t size, struct cln_error *err)
{
	const char *part = memmem(data, size, PART, sizeof PART - 1);
	const size_t length = part ? (size_t)(part - data) : size, rest = part ? length + sizeof PART - 1 : size;
	const struct run_source source = {"run.json", data, length, "metrics.jsonl", data + rest, size - rest};

	return page_make(page, &source, err);
}

/* Every '<' begins one of our own elements. */
static void check_markup(const char *page)
{
	static const char *const elements[] = {
	    "!DOCTYPE", "html", "head",   "meta", "title",   "style",   "body",       "main",    "header", "h1",    "h2",
	    "h3",       "p",    "span",   "b>",   "bdi",     "div",     "table",      "caption", "thead",  "tbody", "tr",
	    "th",       "td",   "code",   "pre",  "section", "figure",  "figcaption", "strong",  "svg",    "desc",  "line",
	    "text",     "path", "circle", "rect", "details", "summary", "dl",         "dt",      "dd"};

	for (const char *at = page; (at = strchr(at, '<')); at++) {
		const char *name = at + 1 + (at[1] == '/');
		bool known = false;

		for (size_t i = 0; i < sizeof elements / sizeof *elements && !known; i++)
			known = strncmp(name, elements[i], strlen(elements[i])) == 0;
		FUZZ_REQUIRE(known);
	}
}

/* What is read the short way is the same as by the JSON reader. */
static void check_lines(const char *data, size_t size)
{
	for (const char *at = data, *end = data + size; at < end;) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		const size_t length = (size_t)((stop ? stop : end) - at);
		struct run_epoch plain, epoch;
		struct cln_error err;

		if (run_epoch_read_plain(&plain, at, length)) {
			FUZZ_REQUIRE(run_epoch_read(&epoch, at, length, &err) == CLN_OK);
			FUZZ_REQUIRE(memcmp(&plain, &epoch, sizeof plain) == 0);
		}
		at += length + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text page = {0}, again = {0};
	struct cln_error err = {0};
	const enum cln_status status = make(&page, (const char *)data, size, &err);

	check_lines((const char *)data, size);
	FUZZ_REQUIRE(status == CLN_OK || status == CLN_E_DAMAGED);
	if (status == CLN_OK) {
		FUZZ_REQUIRE(strcmp(page.bytes + page.length - 8, "</html>\n") == 0 && strlen(page.bytes) == page.length);
		check_markup(page.bytes);
		FUZZ_REQUIRE(make(&again, (const char *)data, size, &err) == CLN_OK);
		FUZZ_REQUIRE(strcmp(page.bytes, again.bytes) == 0);
	} else {
		FUZZ_REQUIRE(strncmp(err.message, "run.json: ", 10) == 0 || strncmp(err.message, "metrics.jsonl:", 14) == 0);
	}
	text_free(&again);
	text_free(&page);
	return 0;
}
