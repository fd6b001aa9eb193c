/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include "report/jsonl.h"
#include "report/output.h"
#include "report/progress.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* What was written to the stream under test. */
static char *written;
static size_t written_length;
static FILE *stream;
static struct cln_config config;
static double clock_now;

static double test_clock(void)
{
	return clock_now;
}

static void open_stream(void)
{
	stream = open_memstream(&written, &written_length);
	ck_assert_ptr_ne(stream, NULL);
	assert_ok(cln_config_recipe(&config, "plain", &err));
	clock_now = 100;
}

static void close_stream(void)
{
	fclose(stream);
	free(written);
}

static void open_progress(struct progress *progress, enum progress_mode mode)
{
	progress_open(progress, stream, mode, &config);
	progress->now = test_clock;
}

static void start_run(struct progress *progress, size_t valid_rows)
{
	static const size_t n[] = {105, 128, 64, 1};
	const struct cln_fit_start start = {
	    .train_rows = 800,
	    .valid_rows = valid_rows,
	    .table_columns = 14,
	    .numeric_columns = 6,
	    .categorical_columns = 8,
	    .n_features = 105,
	    .missing_cells = 12,
	    .label = "income",
	    .negative = "no",
	    .positive = "yes",
	    .positive_was_chosen = true,
	    .positive_rate = 0.25,
	    .n_layers = 3,
	    .n = n,
	    .n_params = 21889,
	    .epochs = config.epochs,
	    .batch_size = 256,
	    .block_size = 64,
	    .learning_rate = 0.001,
	    .threads_allowed = 2,
	    .threads = 2,
	    .threads_rule = "affinity mask",
	    .isa = "avx2",
	};

	progress_start(progress, &start);
}

static struct cln_epoch epoch_number(size_t epoch)
{
	return (struct cln_epoch){
	    .epoch = epoch,
	    .epochs = config.epochs,
	    .train_loss = 0.5,
	    .valid = {.rows = 200, .log_loss = 0.375, .auc = 0.875},
	    .learning_rate = 0.001,
	    .seconds = 0.01,
	    .rows_per_second = 1424000,
	    .best = epoch == 2,
	};
}

static size_t count(const char *part)
{
	size_t n = 0;

	fflush(stream);
	for (const char *found = written; (found = strstr(found, part)); found += strlen(part))
		n++;
	return n;
}

static void run_epochs(struct progress *progress, size_t n, double seconds_each)
{
	for (size_t i = 1; i <= n; i++) {
		struct cln_epoch epoch = epoch_number(i);
		clock_now += seconds_each;
		progress_epoch(progress, &epoch);
	}
}

START_TEST(the_start_tells_data_network_and_threads)
{
	static const char *const parts[] = {"800 rows",
					    "200 to validate",
					    "6 numeric, 8 categorical",
					    "12 missing",
					    "105 features",
					    "income",
					    "\"yes\" is positive (25 %)",
					    "greater",
					    "105-128-64-1, relu",
					    "21889 parameters",
					    "batch 256 in blocks of 64",
					    "adamw",
					    "2 of 2 allowed (affinity mask), avx2"};
	struct progress progress;

	open_progress(&progress, PROGRESS_LINES);
	start_run(&progress, 200);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		ck_assert_msg(count(parts[i]) == 1, "\"%s\" is not in: %s", parts[i], written);
}
END_TEST

START_TEST(a_short_run_has_a_line_an_epoch_and_a_mark_for_the_best)
{
	struct progress progress;

	open_progress(&progress, PROGRESS_LINES);
	start_run(&progress, 200);
	run_epochs(&progress, 30, 0.001);
	ck_assert_uint_eq(count("0.50000"), 30);
	ck_assert_uint_eq(count("1.42M  *\n"), 1);
	ck_assert_uint_eq(count("\033"), 0);
}
END_TEST

START_TEST(a_thousand_short_epochs_are_thinned_out_but_end_with_the_last)
{
	struct progress progress;

	config.epochs = 1000;
	open_progress(&progress, PROGRESS_LINES);
	start_run(&progress, 200);
	run_epochs(&progress, 1000, 0.01); /* ten seconds: the first, one every two seconds, the last */
	ck_assert_uint_ge(count("0.50000"), 5);
	ck_assert_uint_le(count("0.50000"), 7);
	ck_assert_uint_eq(count("\n     1  "), 1);
	ck_assert_uint_eq(count("\n  1000  "), 1);
}
END_TEST

START_TEST(an_early_end_still_shows_its_last_epoch)
{
	struct cln_fit_summary summary = {.epochs = 17, .best_epoch = 2, .seconds = 0.017, .rows_per_second = 831};
	struct progress progress;

	config.epochs = 1000;
	open_progress(&progress, PROGRESS_LINES);
	start_run(&progress, 200);
	run_epochs(&progress, 17, 0.001);
	ck_assert_uint_eq(count("\n    17  "), 0);
	progress_end(&progress, &summary);
	ck_assert_uint_eq(count("\n    17  "), 1);
	ck_assert_uint_eq(count("831 rows/s; the model is that of epoch 2"), 1);
}
END_TEST

static struct cln_fit_start side_by_side(size_t epochs)
{
	static const size_t n[] = {4, 3, 1};

	return (struct cln_fit_start){.train_rows = 80, .valid_rows = 20, .label = "y", .negative = "0", .positive = "1",
				      .members = 3, .lanes = 2, .n_layers = 2, .n = n, .epochs = epochs, .batch_size = 8,
				      .block_size = 8, .threads_allowed = 2, .threads = 2, .threads_rule = "--threads",
				      .isa = "avx2"};
}

static void tell_epoch(struct progress *progress, size_t member, size_t number)
{
	struct cln_epoch epoch = epoch_number(number);

	epoch.member = member;
	epoch.members = 3;
	clock_now += 0.01;
	progress_epoch(progress, &epoch);
}

START_TEST(lines_of_members_side_by_side_name_their_member)
{
	const struct cln_fit_start start = side_by_side(2);
	struct progress progress;

	config.epochs = 2;
	open_progress(&progress, PROGRESS_LINES);
	progress_start(&progress, &start);
	ck_assert_uint_eq(count("; 2 members at a time\n"), 1);
	ck_assert_uint_eq(count("\nmember   epoch  train loss"), 1);
	progress_member(&progress, 0, 3);
	progress_member(&progress, 1, 3);
	tell_epoch(&progress, 0, 1);
	tell_epoch(&progress, 1, 1);
	tell_epoch(&progress, 0, 2);
	progress_member(&progress, 2, 3);
	tell_epoch(&progress, 2, 1);
	ck_assert_uint_eq(count("\n   1/3       1  "), 1);
	ck_assert_uint_eq(count("\n   2/3       1  "), 1);
	ck_assert_uint_eq(count("\n   1/3       2  "), 1);
	ck_assert_uint_eq(count("\n   3/3       1  "), 1);
	ck_assert_uint_eq(count("\nmember 1/3"), 0);
}
END_TEST

/* What was thinned out comes at the end, for every member that has not had its last line. */
START_TEST(members_side_by_side_end_with_their_last_epochs)
{
	struct cln_fit_summary summary = {.epochs = 30, .members = 3};
	const struct cln_fit_start start = side_by_side(1000);
	struct progress progress;

	config.epochs = 1000;
	open_progress(&progress, PROGRESS_LINES);
	progress_start(&progress, &start);
	for (size_t epoch = 1; epoch <= 10; epoch++)
		for (size_t member = 0; member < 3; member++)
			tell_epoch(&progress, member, epoch);
	ck_assert_uint_eq(count("0.50000"), 1);
	progress_end(&progress, &summary);
	ck_assert_uint_eq(count("0.50000"), 4);
	ck_assert_uint_eq(count("\n   1/3      10  "), 1);
	ck_assert_uint_eq(count("\n   2/3      10  "), 1);
	ck_assert_uint_eq(count("\n   3/3      10  "), 1);
}
END_TEST

/* 4 of 6 epochs of 80 rows in 0.04 s. */
START_TEST(the_bar_of_members_side_by_side_is_that_of_all_epochs)
{
	const struct cln_fit_start start = side_by_side(2);
	struct progress progress;

	config.epochs = 2;
	open_progress(&progress, PROGRESS_BAR);
	progress.width = 120;
	progress_start(&progress, &start);
	tell_epoch(&progress, 0, 1);
	tell_epoch(&progress, 1, 1);
	tell_epoch(&progress, 1, 2);
	tell_epoch(&progress, 0, 2);
	progress_batch(&progress, 1, 16, 80);
	ck_assert_msg(count("epoch 4 of 6 of 3 members  ") == 1 && count(" 67 %  loss ") == 1 && count("8.00k rows/s") == 1,
		      "%s", written);
}
END_TEST

START_TEST(without_validation_rows_there_are_no_columns_for_them)
{
	struct progress progress;

	open_progress(&progress, PROGRESS_LINES);
	start_run(&progress, 0);
	run_epochs(&progress, 1, 1);
	ck_assert_uint_eq(count("valid"), 0);
	ck_assert_uint_eq(count("0.37500"), 0);
}
END_TEST

START_TEST(none_is_silent_but_for_notes)
{
	struct cln_fit_summary summary = {.epochs = 1};
	struct progress progress;

	open_progress(&progress, PROGRESS_NONE);
	start_run(&progress, 200);
	run_epochs(&progress, 3, 1);
	progress_batch(&progress, 1, 10, 20);
	progress_note(&progress, "column \"x\" is constant");
	progress_end(&progress, &summary);
	fflush(stream);
	ck_assert_str_eq(written, "note: column \"x\" is constant\n");
}
END_TEST

START_TEST(auto_draws_no_bar_where_there_is_no_terminal)
{
	struct progress progress;

	open_progress(&progress, PROGRESS_AUTO);
	ck_assert_int_eq(progress.mode, PROGRESS_LINES);
	ck_assert(!progress.colour);
}
END_TEST

/* Each bar is a line of its own, and is taken away before anything else is written: a program killed at any time leaves whole
 * lines. */
START_TEST(a_bar_leaves_the_cursor_on_a_new_line)
{
	struct progress progress;

	open_progress(&progress, PROGRESS_BAR);
	start_run(&progress, 200);
	progress_batch(&progress, 1, 200, 800);
	ck_assert_uint_eq(count(" 25 %  "), 1);
	ck_assert_int_eq(written[written_length - 1], '\n');
	progress_batch(&progress, 1, 400, 800);
	ck_assert_uint_eq(count("\033[1A\033[2K"), 1);
	run_epochs(&progress, 1, 1);
	ck_assert_uint_eq(count("\033[1A\033[2K"), 2);
	progress_clear(&progress);
	ck_assert_uint_eq(count("\033[1A\033[2K"), 2);
}
END_TEST

/* The last line that begins with "epoch ", without its end. */
static const char *last_bar(void)
{
	const char *last = NULL;

	fflush(stream);
	for (const char *at = written; (at = strstr(at, "\nepoch ")) || (at = NULL); at++)
		last = at + 1;
	for (const char *at = written; (at = strstr(at, "\033[2Kepoch ")); at++)
		last = at + 4;
	ck_assert_ptr_ne(last, NULL);
	return last;
}

START_TEST(the_bar_has_loss_and_metric_speed_and_time_within_the_terminal)
{
	for (int width = 20; width <= 140; width++) {
		struct progress progress;

		close_stream();
		open_stream();
		open_progress(&progress, PROGRESS_BAR);
		progress.width = width;
		start_run(&progress, 200);
		run_epochs(&progress, 1, 1);
		clock_now += 1;
		progress_batch(&progress, 2, 400, 800);
		progress_batch(&progress, 2, 600, 800);
		const char *bar = last_bar();
		const size_t length = strcspn(bar, "\n");
		ck_assert_msg(length < (size_t)width, "%d columns: %s", width, bar);
		if (width >= 80)
			ck_assert_msg(strstr(bar, " 75 %  loss 0.375  AUC 0.8750  600 rows/s  ") && strstr(bar, " left\n"),
				      "%d: %s", width, bar);
		progress_clear(&progress);
	}
}
END_TEST

/* The longest lines are those of an ensemble: the loss gives way before the time left does. */
START_TEST(the_bar_of_an_ensemble_has_the_time_left_on_a_terminal_of_80_columns)
{
	struct cln_fit_start start = side_by_side(80);
	struct progress progress;

	config.epochs = 80;
	start.members = 16;
	open_progress(&progress, PROGRESS_BAR);
	progress.width = 80;
	progress_start(&progress, &start);
	progress_batch(&progress, 1, 16, 80);
	ck_assert_msg(strstr(last_bar(), " left\n"), "%s", last_bar());
	for (size_t epoch = 1; epoch <= 70; epoch++)
		for (size_t member = 0; member < 16; member++)
			tell_epoch(&progress, member, epoch);
	clock_now += 4000;
	progress_batch(&progress, 71, 16, 80);
	ck_assert_msg(strncmp(last_bar(), "epoch 1120 of 1280 of 16 members  ", 34) == 0, "%s", last_bar());
	ck_assert_msg(strstr(last_bar(), " left\n"), "%s", last_bar());
}
END_TEST

/* A search has a line a trial, and no facts of each. */
START_TEST(with_a_label_there_is_the_bar_alone_and_it_begins_anew_at_each_start)
{
	struct progress progress;

	open_progress(&progress, PROGRESS_LINES);
	progress.label = "trial 7 of 27  ";
	start_run(&progress, 200);
	run_epochs(&progress, 1, 3);
	ck_assert_uint_eq(count("\n"), 0);
	open_progress(&progress, PROGRESS_BAR);
	progress.label = "trial 7 of 27  ";
	progress.width = 140;
	start_run(&progress, 200);
	run_epochs(&progress, 1, 3);
	ck_assert_uint_eq(count("\n"), 0);
	progress_batch(&progress, 4, 200, 800);
	ck_assert_uint_eq(count("trial 7 of 27  epoch 4 of 30  "), 1);
	ck_assert_uint_eq(count("  loss "), 1);
	start_run(&progress, 200);
	progress_batch(&progress, 1, 200, 800);
	ck_assert_uint_eq(count("trial 7 of 27  epoch 1 of 30  "), 1);
	ck_assert_uint_eq(count("  loss "), 1); /* of the run before: this one has none yet */
}
END_TEST

START_TEST(short_numbers_have_three_digits)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {{0, "0"},          {7.4, "7"},         {999, "999"},       {999.6, "1.00k"}, {1234, "1.23k"}, {83100, "83.1k"},
		     {999600, "1.00M"}, {1424000, "1.42M"}, {23.45e6, "23.4M"}, {5e9, "5.00G"},   {3e15, "3000T"}};
	char text[PROGRESS_NUMBER];

	progress_short_number(text, cases[_i].value);
	ck_assert_str_eq(text, cases[_i].text);
}
END_TEST

/* ---------------------------------------------------------------- metrics.jsonl */

static char path[64];

static void make_path(void)
{
	strcpy(path, "/tmp/colonnade-jsonl-XXXXXX");
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	assert_ok(cln_config_recipe(&config, "plain", &err));
}

static void remove_path(void)
{
	unlink(path);
}

static char *read_path(void)
{
	char *bytes;
	size_t length;

	assert_ok(io_read_file(&bytes, &length, path, 1 << 20, &err));
	return bytes;
}

START_TEST(an_epoch_is_an_object_with_the_documented_members)
{
	struct jsonl *jsonl;
	struct cln_epoch epoch = epoch_number(1);

	assert_ok(jsonl_open(&jsonl, path, &(size_t){0}, &err));
	assert_ok(jsonl_epoch(jsonl, &epoch, &err));
	epoch.valid.rows = 0;
	assert_ok(jsonl_epoch(jsonl, &epoch, &err));
	assert_ok(jsonl_close(jsonl, &err));
	char *text = read_path();
	ck_assert_str_eq(text, "{\"epoch\":1,\"train_loss\":0.5,\"valid_loss\":0.375,\"valid_auc\":0.875,\"learning_rate\":0.001,"
			       "\"seconds\":0.01,\"rows_per_second\":1424000}\n"
			       "{\"epoch\":1,\"train_loss\":0.5,\"valid_loss\":null,\"valid_auc\":null,\"learning_rate\":0.001,"
			       "\"seconds\":0.01,\"rows_per_second\":1424000}\n");
	mem_free(text);
}
END_TEST

/* The limit on a file's size stands for a full disk: what did not fit is written once there is room, with no line lost or torn. */
START_TEST(lines_that_did_not_fit_are_written_later)
{
	struct rlimit limit, whole;
	struct jsonl *jsonl;
	struct cln_error refusal;
	bool failed = false;
	size_t lines = 0;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &whole), 0);
	limit = (struct rlimit){.rlim_cur = 1000, .rlim_max = whole.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_ok(jsonl_open(&jsonl, path, &(size_t){0}, &err));
	for (size_t i = 1; i <= 20; i++) {
		struct cln_epoch epoch = epoch_number(i);
		usleep(i % 10 == 0 ? 110000 : 0); /* lines wait at most 100 ms */
		if (jsonl_epoch(jsonl, &epoch, &refusal) == CLN_E_IO)
			failed = true;
	}
	ck_assert_msg(failed, "the limit was not felt");
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &whole), 0);
	assert_ok(jsonl_close(jsonl, &err));
	char *text = read_path();
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char start[32];
		snprintf(start, sizeof start, "{\"epoch\":%zu,", ++lines);
		ck_assert_msg(strncmp(line, start, strlen(start)) == 0 && line[strlen(line) - 1] == '}', "line %zu is %s", lines,
			      line);
	}
	ck_assert_uint_eq(lines, 20);
	mem_free(text);
}
END_TEST

START_TEST(lines_that_never_fit_are_an_error_at_the_end)
{
	struct cln_epoch epoch = epoch_number(1);
	struct jsonl *jsonl;
	struct cln_error refusal;

	assert_ok(jsonl_open(&jsonl, "/dev/full", &(size_t){0}, &err));
	assert_ok(jsonl_epoch(jsonl, &epoch, &err));
	ck_assert_int_eq(jsonl_close(jsonl, &refusal), CLN_E_IO);
	ck_assert_msg(strstr(refusal.message, "/dev/full") != NULL, "%s", refusal.message);
}
END_TEST

/* ---------------------------------------------------------------- output */

START_TEST(a_result_replaces_the_file_only_once_it_is_whole)
{
	struct output output;
	char *text;

	assert_ok(output_open(&output, &(struct io_place){.path = path}, &err));
	assert_ok(output_write(&output, "first\n", 6, &err));
	assert_ok(output_close(&output, true, &err));
	assert_ok(output_open(&output, &(struct io_place){.path = path}, &err));
	assert_ok(output_write(&output, "second\n", 7, &err));
	text = read_path();
	ck_assert_str_eq(text, "first\n");
	mem_free(text);
	assert_ok(output_close(&output, false, &err));
	text = read_path();
	ck_assert_str_eq(text, "first\n");
	mem_free(text);
}
END_TEST

/* A link to a table that is worth keeping: the link stays, and the table too until all is written. */
START_TEST(the_target_of_a_link_is_replaced_only_once_it_is_whole)
{
	struct output output;
	struct stat info;
	char link[80], *text;

	snprintf(link, sizeof link, "%s.link", path);
	ck_assert_int_eq(symlink(path, link), 0);
	for (int keep = 1; keep >= 0; keep--) {
		assert_ok(output_open(&output, &(struct io_place){.path = link}, &err));
		assert_ok(output_write(&output, keep ? "first\n" : "second\n", keep ? 6 : 7, &err));
		assert_ok(output_close(&output, keep, &err));
		ck_assert(lstat(link, &info) == 0 && S_ISLNK(info.st_mode));
		text = read_path();
		ck_assert_str_eq(text, "first\n");
		mem_free(text);
	}
	ck_assert_int_eq(unlink(link), 0);
}
END_TEST

START_TEST(a_pipe_is_written_as_it_is)
{
	struct output output;
	char got[8] = "";

	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	int fd = open(path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	assert_ok(output_open(&output, &(struct io_place){.path = path}, &err));
	assert_ok(output_write(&output, "row\n", 4, &err));
	assert_ok(output_close(&output, true, &err));
	ck_assert_int_eq(read(fd, got, sizeof got), 4);
	ck_assert_str_eq(got, "row\n");
	close(fd);
}
END_TEST

START_TEST(what_cannot_be_written_to_is_named)
{
	struct output output;
	struct cln_error refusal;

	ck_assert_int_eq(output_open(&output, &(struct io_place){.path = "/nowhere/file"}, &refusal), CLN_E_IO);
	ck_assert_msg(strstr(refusal.message, "cannot write /nowhere/file: cannot create ") != NULL, "%s", refusal.message);
	assert_ok(output_close(&output, false, &err));
	ck_assert_int_eq(output_open(&output, &(struct io_place){.path = "/"}, &refusal), CLN_E_IO);
	ck_assert_str_eq(refusal.message, "cannot open /: Is a directory");
	assert_ok(output_close(&output, false, &err));
}
END_TEST

START_TEST(a_full_device_is_an_error)
{
	struct output output;
	struct cln_error refusal;

	assert_ok(output_open(&output, &(struct io_place){.path = "/dev/full"}, &err));
	ck_assert_int_eq(output_write(&output, "row\n", 4, &refusal), CLN_E_IO);
	ck_assert_msg(strstr(refusal.message, "/dev/full") != NULL, "%s", refusal.message);
	assert_ok(output_close(&output, false, &err));
}
END_TEST

static Suite *progress_suite(void)
{
	Suite *suite = suite_create("progress");
	TCase *progress = tcase_create("progress"), *jsonl = tcase_create("metrics.jsonl"), *output = tcase_create("output");

	tcase_add_checked_fixture(progress, open_stream, close_stream);
	tcase_add_test(progress, the_start_tells_data_network_and_threads);
	tcase_add_test(progress, a_short_run_has_a_line_an_epoch_and_a_mark_for_the_best);
	tcase_add_test(progress, a_thousand_short_epochs_are_thinned_out_but_end_with_the_last);
	tcase_add_test(progress, an_early_end_still_shows_its_last_epoch);
	tcase_add_test(progress, lines_of_members_side_by_side_name_their_member);
	tcase_add_test(progress, members_side_by_side_end_with_their_last_epochs);
	tcase_add_test(progress, the_bar_of_members_side_by_side_is_that_of_all_epochs);
	tcase_add_test(progress, without_validation_rows_there_are_no_columns_for_them);
	tcase_add_test(progress, none_is_silent_but_for_notes);
	tcase_add_test(progress, auto_draws_no_bar_where_there_is_no_terminal);
	tcase_add_test(progress, a_bar_leaves_the_cursor_on_a_new_line);
	tcase_add_test(progress, the_bar_has_loss_and_metric_speed_and_time_within_the_terminal);
	tcase_add_test(progress, the_bar_of_an_ensemble_has_the_time_left_on_a_terminal_of_80_columns);
	tcase_add_test(progress, with_a_label_there_is_the_bar_alone_and_it_begins_anew_at_each_start);
	tcase_add_loop_test(progress, short_numbers_have_three_digits, 0, 11);
	tcase_add_checked_fixture(jsonl, make_path, remove_path);
	tcase_add_test(jsonl, an_epoch_is_an_object_with_the_documented_members);
	tcase_add_test(jsonl, lines_that_did_not_fit_are_written_later);
	tcase_add_test(jsonl, lines_that_never_fit_are_an_error_at_the_end);
	tcase_add_checked_fixture(output, make_path, remove_path);
	tcase_add_test(output, a_result_replaces_the_file_only_once_it_is_whole);
	tcase_add_test(output, the_target_of_a_link_is_replaced_only_once_it_is_whole);
	tcase_add_test(output, a_pipe_is_written_as_it_is);
	tcase_add_test(output, what_cannot_be_written_to_is_named);
	tcase_add_test(output, a_full_device_is_an_error);
	suite_add_tcase(suite, progress);
	suite_add_tcase(suite, jsonl);
	suite_add_tcase(suite, output);
	return suite;
}

TESTING_MAIN(progress_suite)
