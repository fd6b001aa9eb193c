/* SPDX-License-Identifier: MIT
 * Every allocation of a job (of a long one every 97th) made to fail in turn, alone and with all that follow: the job says
 * CLN_E_MEMORY with the size, and gives back all it had.  A new job is a function and a line in `jobs`; it must not use ck_assert,
 * which allocates. */
#include "config.h"

#include "testing.h"

#include <stdio.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "data/csv_parts.h"
#include "data/pipeline.h"
#include "fail_alloc.h"
#include "model/checkpoint.h"
#include "model_fixture.h"

static enum cln_status parse_json(struct cln_error *err)
{
	static const char text[] = "{\"a\":[1,2,{\"b\":\"c\",\"d\":null}],\"e\":{\"f\":true,\"g\":false,\"h\":1e5}}";
	const struct json *root;
	enum cln_status status = json_parse(&root, text, strlen(text), err);
	json_free(root);
	return status;
}

/* A file without a length, so that the block is a guess. */
static enum cln_status read_pipe(struct cln_error *err)
{
	char *bytes, path[64];
	size_t length;
	int ends[2];
	if (pipe(ends) != 0 || write(ends[1], "some content", 12) != 12 || close(ends[1]) != 0)
		return error_set_errno(err, CLN_E_IO, "no pipe");
	snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
	enum cln_status status = io_read_file(&bytes, &length, path, 1000, err);
	close(ends[0]);
	mem_free(bytes);
	return status;
}

static enum cln_status read_program(struct cln_error *err)
{
	char *bytes;
	size_t length;
	enum cln_status status = io_read_file(&bytes, &length, "/proc/self/exe", (size_t)1 << 30, err);
	mem_free(bytes);
	return status;
}

static enum cln_status replace_file(struct cln_error *err)
{
	char path[] = "/tmp/test_alloc.XXXXXX";
	int fd = mkstemp(path);
	if (fd < 0 || close(fd) != 0)
		return error_set_errno(err, CLN_E_IO, "no file");
	enum cln_status status = io_replace_file(path, "content", 7, err);
	unlink(path);
	return status;
}

/* A writer looks at `failed` once, at its end. */
static enum cln_status write_json(struct cln_error *err)
{
	struct text text = {0};
	struct json_writer writer = {.out = &text};
	json_begin_array(&writer, NULL);
	for (size_t i = 0; i < 100; i++)
		json_size(&writer, NULL, i);
	json_end_array(&writer);
	enum cln_status status = text_check(&text, err);
	text_free(&text);
	return status;
}

static enum cln_status allocate_pages(struct cln_error *err)
{
	float *pages = mem_pages(1000, err);
	mem_pages_free(pages, 1000);
	return pages != NULL ? CLN_OK : CLN_E_MEMORY;
}

/* ---------------------------------------------------------------- data and training */

enum { TABLE_ROWS = 12 };
static float table_numbers[TABLE_ROWS] = {1, 5, 2, 6, 3, NAN, 4, 8, 5, 9, 6, 7};
static float table_weights[TABLE_ROWS] = {1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 0, 2};
static uint32_t table_letters[TABLE_ROWS] = {0, 1, 2, 0, LEVEL_MISSING, 2, 0, 1, 2, 0, 1, 0};
static uint32_t table_classes[TABLE_ROWS] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
static char *letters[] = {"a", "b", "c"}, *classes[] = {"no", "yes"};
static struct column table_columns[] = {
        {.name = "x", .type = COLUMN_NUMERIC, .numbers = table_numbers, .n_missing = 1},
        {.name = "letter", .type = COLUMN_CATEGORICAL, .codes = table_letters, .levels = letters, .n_levels = 3, .n_missing = 1},
        {.name = "w", .type = COLUMN_NUMERIC, .numbers = table_weights},
        {.name = "class", .type = COLUMN_CATEGORICAL, .codes = table_classes, .levels = classes, .n_levels = 2},
};
static const struct cln_table table = {.source = "memory", .n_rows = TABLE_ROWS, .n_columns = 4, .columns = table_columns};

static enum cln_status fit_pipeline_scaled(enum cln_scale scale, struct cln_error *err)
{
	static const uint32_t rows[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
	static const float w[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
	const struct pipeline_settings settings = {(const bool[]){true, true, false, false}, scale, 2, 0, 0};
	struct pipeline *pipeline, *copy = NULL;
	float X[TABLE_ROWS * 6];
	enum cln_status status = pipeline_fit(&pipeline, &table, rows, w, TABLE_ROWS, &settings, 1, err);
	if (status == CLN_OK)
		status = pipeline_clone(&copy, pipeline, err);
	if (status == CLN_OK)
		status = pipeline_apply(X, copy, &table, NULL, TABLE_ROWS, 1, NULL, err);
	pipeline_destroy(copy);
	pipeline_destroy(pipeline);
	return status;
}

static enum cln_status fit_pipeline(struct cln_error *err) { return fit_pipeline_scaled(CLN_SCALE_ROBUST, err); }
static enum cln_status fit_quantiles(struct cln_error *err) { return fit_pipeline_scaled(CLN_SCALE_QUANTILE, err); }

/* More numbers than points: counted by digits. */
static enum cln_status find_points(struct cln_error *err)
{
	static const uint32_t rows[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
	struct order_point points[3];
	size_t n;
	return order_points(points, &n, 3, &(struct order_sample){table_numbers, rows, NULL, TABLE_ROWS}, err);
}

/* A fit of every part (weights, three sets of rows, momentum, dropout), then another from its model, prediction and evaluation. */
static enum cln_status fit_model(struct cln_error *err)
{
	struct cln_model *model = NULL, *further = NULL;
	struct cln_config config;
	struct cln_metrics metrics;
	struct cln_comparison comparison;
	float p[TABLE_ROWS];
	enum cln_status status = cln_config_recipe(&config, "plain", err);
	config.weight = "w";
	config.class_weight = CLN_CLASS_WEIGHT_BALANCED;
	config.test_fraction = 0.2;
	config.dropout = 0.1;
	config.batch_size = 5;
	config.block_size = 2;
	config.epochs = 1;
	config.threads = 1;
	if (status == CLN_OK)
		status = cln_model_fit(&model, &table, NULL, NULL, NULL, &config, NULL, NULL, err);
	if (status == CLN_OK)
		status = cln_model_fit(&further, &table, &table, NULL, model, &config, NULL, NULL, err);
	if (status == CLN_OK)
		status = cln_model_predict(further, &table, 1, p, NULL, err);
	if (status == CLN_OK)
		status = cln_model_evaluate(further, &table, 1, &metrics, NULL, err);
	if (status == CLN_OK)
		status = cln_model_compare(further, model, &table, &(struct cln_judging){9, 1, 1}, &comparison, NULL, err);
	cln_model_destroy(further);
	cln_model_destroy(model);
	return status;
}

static enum cln_status measure_scores(struct cln_error *err)
{
	const float p[] = {0.9f, 0.2f, 0.7f, 0.4f, 0.4f}, q[] = {0.8f, 0.3f, 0.2f, 0.4f, 0.9f}, y[] = {1, 0, 1, 0, 1};
	const struct cln_scores first = {p, NULL, 0.5}, second = {q, q, 0.5};
	const struct cln_labels labels = {y, NULL, 5};
	const struct cln_judging judging = {.replicates = 9, .seed = 1, .threads = 1};
	struct cln_comparison comparison;

	return cln_compare(&comparison, &first, &second, &labels, &judging, err);
}

static enum cln_status encode_and_decode(const struct cln_model *model, struct cln_error *err)
{
	struct cln_model *copy = NULL;
	char *bytes;
	size_t length;
	enum cln_status status = model_encode(&bytes, &length, model, err);
	if (status == CLN_OK)
		status = model_decode(&copy, bytes, length, "m", err);
	mem_free(bytes);
	cln_model_destroy(copy);
	return status;
}

/* A fit that is stopped at its third step, the first of its second member. */
struct stopped_fit {
	size_t steps;
	struct cln_checkpoint *checkpoint; /* as it was read back */
	struct cln_error err;              /* why there is none */
};

static enum cln_ask stop_third(void *context)
{
	struct stopped_fit *fit = context;
	return ++fit->steps == 3 ? CLN_SAVE_AND_STOP : CLN_GO_ON;
}

static void keep_checkpoint(void *context, const struct cln_checkpoint *checkpoint)
{
	struct stopped_fit *fit = context;
	char *bytes = NULL;
	size_t length;
	if (checkpoint_encode(&bytes, &length, checkpoint, "", &fit->err) == CLN_OK)
		fit->err.code = checkpoint_decode(&fit->checkpoint, bytes, length, "memory", &fit->err);
	mem_free(bytes);
}

static void hear_of_no_checkpoint(void *context, const char *sentence)
{
	struct stopped_fit *fit = context;
	if (strstr(sentence, "there is no checkpoint"))
		error_set(&fit->err, CLN_E_MEMORY, "%s", sentence);
}

/* Three members with folds and a temperature, interrupted, and gone on with. */
static enum cln_status fit_members(int threads, struct cln_error *err)
{
	struct stopped_fit stopped = {0};
	const struct cln_observer observer = {
		.context = &stopped, .note = hear_of_no_checkpoint, .ask = stop_third, .checkpoint = keep_checkpoint};
	struct cln_model *model = NULL;
	struct cln_config config;
	float p[TABLE_ROWS];
	enum cln_status status = cln_config_recipe(&config, "plain", err);
	config.weight = "w";
	config.class_weight = CLN_CLASS_WEIGHT_BALANCED;
	config.hidden[0] = config.hidden[1] = 2;
	config.batch_size = 5;
	config.epochs = 1;
	config.ensemble = 3;
	config.calibration = CLN_CALIBRATE_TEMPERATURE;
	config.embedding = CLN_EMBEDDING_BOTH;
	config.bins = 3;
	config.parametric_activation = true;
	config.threads = threads;
	config.lanes = 2;
	if (status == CLN_OK)
		status = cln_model_fit(&model, &table, NULL, NULL, NULL, &config, &observer, NULL, err);
	if (status == CLN_STOPPED)
		status = stopped.checkpoint ? CLN_OK : error_set(err, stopped.err.code, "%s", stopped.err.message);
	if (status == CLN_OK)
		status = cln_model_resume(&model, stopped.checkpoint, &table, NULL, NULL, NULL, &config, NULL, NULL, err);
	if (status == CLN_OK)
		status = cln_model_predict(model, &table, 1, p, NULL, err);
	if (status == CLN_OK)
		status = encode_and_decode(model, err);
	cln_checkpoint_destroy(stopped.checkpoint);
	cln_model_destroy(model);
	return status;
}

static enum cln_status fit_ensemble(struct cln_error *err) { return fit_members(1, err); }

/* Two at a time, and the last one, from the state that it has come to, by the threads of both. */
static enum cln_status fit_ensemble_in_lanes(struct cln_error *err) { return fit_members(2, err); }

static enum cln_status save_and_load_model(struct cln_error *err)
{
	struct cln_model *model, *loaded = NULL;
	char *text = NULL, *json = NULL, path[] = "/tmp/test_alloc.XXXXXX";
	int fd = mkstemp(path);
	if (fd < 0 || close(fd) != 0)
		return error_set_errno(err, CLN_E_IO, "no file");
	enum cln_status status = model_fixture(&model, err);
	if (status == CLN_OK)
		status = cln_model_save(model, path, err);
	if (status == CLN_OK)
		status = cln_model_load(&loaded, path, err);
	if (status == CLN_OK)
		status = cln_model_describe(loaded, false, &text, err);
	if (status == CLN_OK)
		status = cln_model_describe(loaded, true, &json, err);
	cln_free(text);
	cln_free(json);
	cln_model_destroy(loaded);
	cln_model_destroy(model);
	unlink(path);
	return status;
}

/* Texts, one of them late (beyond the rows that tell the types), a long field, embedded line feeds: everything that grows. */
static const char *table_text(void)
{
	static char text[65536];
	size_t n = (size_t)snprintf(text, sizeof text, "x,job,late\n");
	for (int i = 0; i < 300; i++) {
		const char *break_or_none = i % 7 ? "" : "\n", *late = i == 290 ? "text" : "0.5";
		n += (size_t)snprintf(text + n, sizeof text - n, "%d,\"job %d%s\",%s\n", i, i % 40, break_or_none, late);
	}
	snprintf(text + n, sizeof text - n, "1,%030000d,2\n", 0);
	return text;
}

static enum cln_status read_table(struct cln_error *err)
{
	static const struct cln_read_options options = {.categorical = "job"};
	const char *text = table_text();
	struct source source = source_memory("t.csv", text, strlen(text));
	struct cln_table *made;
	enum cln_status status = csv_read_source(&made, &source, &options, 2, 1000, err);
	cln_table_destroy(made);
	return status;
}

static enum cln_status read_table_from_pipe(struct cln_error *err)
{
	static const struct cln_read_options options = {.threads = 1};
	char path[64];
	int ends[2];
	struct cln_table *made;
	if (pipe(ends) != 0 || write(ends[1], "a,b\n1,x\n2,y\n", 12) != 12 || close(ends[1]) != 0)
		return error_set_errno(err, CLN_E_IO, "no pipe");
	snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
	enum cln_status status = cln_table_read(&made, path, &options, err);
	close(ends[0]);
	cln_table_destroy(made);
	return status;
}

#ifdef HAVE_ZLIB
static enum cln_status read_table_from_gz(struct cln_error *err)
{
	static const unsigned char gz[] = {/* "a,b\n1,x\n" by gzip -n9 */
	                                   0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b, 0xd4, 0x49, 0xe2,
	                                   0x32, 0xd4, 0xa9, 0xe0, 0x02, 0x00, 0xf4, 0xa0, 0x01, 0x00, 0x08, 0x00, 0x00, 0x00};
	static const struct cln_read_options options = {.threads = 1};
	char path[] = "/tmp/test_alloc.XXXXXX";
	struct cln_table *made;
	int fd = mkstemp(path);
	if (fd < 0 || write(fd, gz, sizeof gz) != (ssize_t)sizeof gz || close(fd) != 0)
		return error_set_errno(err, CLN_E_IO, "no file");
	enum cln_status status = cln_table_read(&made, path, &options, err);
	unlink(path);
	cln_table_destroy(made);
	return status;
}
#endif

/* Files in, files out; the second is mapped. */
static enum cln_status convert_table(struct cln_error *err)
{
	static const struct cln_read_options options = {.categorical = "job", .threads = 1};
	char in[] = "/tmp/test_alloc.XXXXXX", out[] = "/tmp/test_alloc.XXXXXX";
	const char *text = table_text();
	struct cln_table *made = NULL;
	int from = mkstemp(in), to = mkstemp(out);
	if (from < 0 || to < 0 || write(from, text, strlen(text)) != (ssize_t)strlen(text) || close(from) != 0 || close(to) != 0)
		return error_set_errno(err, CLN_E_IO, "no file");
	enum cln_status status = cln_table_convert(in, out, &options, NULL, err);
	if (status == CLN_OK)
		status = cln_table_read(&made, out, &options, err);
	cln_table_destroy(made);
	unlink(in);
	unlink(out);
	return status;
}

static enum cln_status create_table(struct cln_error *err)
{
	struct cln_table *made;
	enum cln_status status =
		cln_table_create(&made, (const float[]){1, 2, 3, 4}, 2, 2, (const char *const[]){"a", "b"}, err);
	cln_table_destroy(made);
	return status;
}

enum { WIDE_ROWS = 1000, WIDE_COLUMNS = 21 };

static bool give_up(void *context, const struct cln_fit_start *start)
{
	(void)context;
	(void)start;
	return true;
}

/* Small networks in two lanes tell which of twenty columns say something, and the fit is given up. */
static enum cln_status select_columns(struct cln_error *err)
{
	static const char *const names[WIDE_COLUMNS] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k",
							"l", "m", "n", "o", "p", "q", "r", "s", "t", "y"};
	static float cells[WIDE_ROWS * WIDE_COLUMNS];
	const struct cln_observer observer = {.start = give_up};
	struct cln_model *model = NULL;
	struct cln_table *wide = NULL;
	struct cln_config config;
	enum cln_status status = cln_config_recipe(&config, "default", err);
	for (size_t i = 0; i < WIDE_ROWS * WIDE_COLUMNS; i++)
		cells[i] = (float)(i * 7919 % 1009 % (i % WIDE_COLUMNS == WIDE_COLUMNS - 1 ? 2 : 500));
	config.n_hidden = 1;
	config.hidden[0] = 2;
	config.epochs = 1;
	config.batch_size = 0;
	config.embedding = CLN_EMBEDDING_NONE;
	config.threads = 2;
	if (status == CLN_OK)
		status = cln_table_create(&wide, cells, WIDE_ROWS, WIDE_COLUMNS, names, err);
	if (status == CLN_OK)
		status = cln_model_fit(&model, wide, NULL, NULL, NULL, &config, &observer, NULL, err);
	cln_table_destroy(wide);
	return status == CLN_STOPPED ? CLN_OK : status;
}

static enum cln_status export_model(enum cln_export format, struct cln_error *err)
{
	struct cln_model *model = NULL;
	char *bytes = NULL;
	size_t length;
	enum cln_status status = model_fixture(&model, err);
	if (status == CLN_OK)
		status = cln_model_export(model, format, &bytes, &length, err);
	cln_free(bytes);
	cln_model_destroy(model);
	return status;
}
static enum cln_status export_as_onnx(struct cln_error *err) { return export_model(CLN_EXPORT_ONNX, err); }
static enum cln_status export_as_c(struct cln_error *err) { return export_model(CLN_EXPORT_C, err); }
static enum cln_status export_as_json(struct cln_error *err) { return export_model(CLN_EXPORT_JSON, err); }

static const struct {
	const char *name;
	enum cln_status (*run)(struct cln_error *err);
	long least; /* allocations that there are at the least: the test is not empty */
} jobs[] = {
        {"json_parse", parse_json, 2},
        {"io_read_file of a pipe", read_pipe, 1},
        {"io_read_file of a file", read_program, 1},
        {"io_replace_file", replace_file, 0},
        {"json_writer", write_json, 2},
        {"mem_pages", allocate_pages, 1},
        {"CSV of a text", read_table, 50},
        {"CSV of a pipe", read_table_from_pipe, 20},
#ifdef HAVE_ZLIB
        {"CSV of gz", read_table_from_gz, 20},
#endif
        {"cln_table_convert, cln_table_read of a cache", convert_table, 50},
        {"cln_table_create", create_table, 8},
        {"pipeline_fit, pipeline_clone, pipeline_apply", fit_pipeline, 20},
        {"pipeline_fit, pipeline_clone, pipeline_apply of quantiles", fit_quantiles, 25},
        {"order_points", find_points, 6},
        {"cln_model_fit, cln_model_predict, cln_model_evaluate, cln_model_compare", fit_model, 100},
        {"cln_compare", measure_scores, 10},
        {"cln_model_fit of an ensemble, cln_model_resume, cln_model_predict", fit_ensemble, 200},
        {"the same in lanes", fit_ensemble_in_lanes, 200},
        {"cln_model_fit that selects columns", select_columns, 2000},
        {"cln_model_save, cln_model_load, cln_model_describe", save_and_load_model, 150},
        {"cln_model_export as ONNX", export_as_onnx, 50},
        {"cln_model_export as C", export_as_c, 50},
        {"cln_model_export as JSON", export_as_json, 30},
};
#define N_JOBS ((int)(sizeof jobs / sizeof *jobs))
#define MANY 1000 /* allocations, of which not each is made to fail */

static void fail_each(int job, enum fail_alloc_how how)
{
	const char *name = jobs[job].name;
	for (long n = 0;; n += jobs[job].least < MANY ? 1 : 97) {
		struct cln_error err = {0};
		fail_alloc_arm(n, how);
		enum cln_status status = jobs[job].run(&err);
		fail_alloc_disarm();
		long live = fail_alloc_live();
		ck_assert_msg(live == 0, "%s, allocation %ld: %ld blocks are left", name, n, live);
		if (!fail_alloc_happened()) {
			ck_assert_msg(status == CLN_OK, "%s: %s", name, err.message);
			ck_assert_int_ge(fail_alloc_count(), jobs[job].least);
			return;
		}
		ck_assert_msg(status == CLN_E_MEMORY && err.code == CLN_E_MEMORY, "%s, allocation %ld: %s", name, n, err.message);
		ck_assert_msg(strstr(err.message, "out of memory") != NULL && strstr(err.message, "bytes") != NULL,
		              "%s, allocation %ld: %s", name, n, err.message);
	}
}

START_TEST(an_allocation_that_fails_alone_is_a_memory_error_without_a_leak)
{
	fail_each(_i, FAIL_ONCE);
}
END_TEST

START_TEST(an_allocation_that_fails_with_all_behind_it_is_a_memory_error_without_a_leak)
{
	fail_each(_i, FAIL_FROM_THEN_ON);
}
END_TEST

static Suite *alloc_suite(void)
{
	Suite *suite = suite_create("alloc");
	TCase *each = tcase_create("each");
	tcase_set_timeout(each, 60);
	tcase_add_loop_test(each, an_allocation_that_fails_alone_is_a_memory_error_without_a_leak, 0, N_JOBS);
	tcase_add_loop_test(each, an_allocation_that_fails_with_all_behind_it_is_a_memory_error_without_a_leak, 0, N_JOBS);
	suite_add_tcase(suite, each);
	return suite;
}

TESTING_MAIN(alloc_suite)
