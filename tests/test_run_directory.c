/* SPDX-License-Identifier: MIT
 * The directory of a run: who may have it, what is in it, what is set aside.  The program is linked with --wrap for fcntl, so
 * that locks can be refused, and for other calls (fail_call.h). */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/run_directory.h"
#include "cli/run_record.h"
#include "fail_call.h"

#define MODEL "run/model.safetensors"
#define CHECKPOINT "run/checkpoint.safetensors"
#define RECORD "run/run.json"

static int lock_fails_with;    /* 0: it does not */
static const char *taken_away;               /* before it is locked; NULL: nothing */

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
	va_list arguments;
	va_start(arguments, command);
	struct flock *lock = va_arg(arguments, struct flock *);
	va_end(arguments);
	if (taken_away)
		ck_assert_int_eq(unlink(taken_away), 0);
	taken_away = NULL;
	errno = lock_fails_with;
	return lock_fails_with ? -1 : __real_fcntl(fd, command, lock);
}

/* ---------------------------------------------------------------- a folder to be in */

static char folder[] = "/tmp/test_run_directory.XXXXXX";
static struct run_directory directory;
static struct cln_error refusal;

static void enter_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void leave_folder(void)
{
	char command[64];
	fail_call_disarm();
	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

static void put(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");
	ck_assert_msg(file != NULL, "%s", path);
	fputs(content, file);
	ck_assert_int_eq(fclose(file), 0);
}

static void get(char content[512], const char *path)
{
	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s", path);
	content[fread(content, 1, 511, file)] = '\0';
	fclose(file);
}

static bool exists(const char *path)
{
	struct stat info;
	return lstat(path, &info) == 0;
}

static enum cln_status open_run(bool force, enum run_start start)
{
	refusal = (struct cln_error){0};
	return run_directory_open(&directory, "run", force, start, &refusal);
}

static void assert_refused_with(const char *message)
{
	ck_assert_msg(strstr(refusal.message, message) != NULL, "%s", refusal.message);
}

/* ---------------------------------------------------------------- the lock */

START_TEST(a_new_directory_is_locked_and_says_by_whom)
{
	char text[512], expected[512], host[128] = "";
	ck_assert_int_eq(setenv("SLURM_JOB_ID", "4711", 1), 0);
	gethostname(host, sizeof host - 1);
	ck_assert_int_eq(open_run(false, RUN_NEW), CLN_OK);
	ck_assert(directory.made && !directory.finished && !directory.unfinished && !directory.has_previous);
	get(text, "run/.lock");
	snprintf(expected, sizeof expected, "process %ld on %s, job 4711\n", (long)getpid(), host);
	ck_assert_str_eq(text, expected);
	run_directory_close(&directory, true);
	ck_assert(exists("run/.lock"));
}
END_TEST

START_TEST(what_an_older_holder_wrote_is_replaced)
{
	char text[512];
	const char *const variables[] = {"SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID"};
	for (int i = 0; i < 4; i++)
		unsetenv(variables[i]);
	ck_assert_int_eq(mkdir("run", 0777), 0);
	memset(text, 'x', 300);
	text[300] = '\0';
	put("run/.lock", text);
	ck_assert_int_eq(open_run(false, RUN_NEW), CLN_OK);
	get(text, "run/.lock");
	ck_assert(!strchr(text, 'x') && !strstr(text, "job") && text[strlen(text) - 1] == '\n');
	run_directory_close(&directory, false);
	ck_assert(exists("run/.lock")); /* the directory was there before */
}
END_TEST

/* The lock is the process's: another one cannot have it. */
static int open_in_another_process(const char *expected)
{
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		const enum cln_status status = open_run(false, RUN_NEW);
		_exit(status == CLN_E_IO && strstr(refusal.message, expected) && directory.lock < 0 ? 42 : 1);
	}
	int state;
	ck_assert_int_eq(waitpid(pid, &state, 0), pid);
	return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

START_TEST(two_processes_never_share_one)
{
	char expected[64];
	ck_assert_int_eq(open_run(false, RUN_NEW), CLN_OK);
	snprintf(expected, sizeof expected, "run is in use by process %ld on ", (long)getpid());
	ck_assert_int_eq(open_in_another_process(expected), 42);
	ck_assert_int_eq(truncate("run/.lock", 0), 0);
	ck_assert_int_eq(open_in_another_process("run is in use by another process; wait for it"), 42);
	run_directory_close(&directory, false);
	ck_assert(!exists("run")); /* it was made here, and nothing was written */
}
END_TEST

/* Two jobs start at once, and the one that makes the directory is not the one that gets the lock. */
START_TEST(the_lock_of_another_process_is_not_taken_away)
{
	lock_fails_with = _i ? EACCES : EAGAIN;
	ck_assert_int_eq(open_run(false, RUN_NEW), CLN_E_IO);
	assert_refused_with("run is in use by another process");
	ck_assert(exists("run/.lock"));
	ck_assert_int_eq(directory.lock, -1);
}
END_TEST

START_TEST(a_file_system_without_locks_is_named_and_left_clean)
{
	lock_fails_with = ENOLCK;
	ck_assert_int_eq(open_run(false, RUN_NEW), CLN_E_IO);
	assert_refused_with("cannot lock run/.lock (does its file system support locks?): ");
	ck_assert(!exists("run"));
}
END_TEST

START_TEST(a_directory_whose_lock_cannot_be_made_goes_away_again)
{
	fail_call_arm(FAIL_OPEN, 0, 1, ENOSPC);
	ck_assert_int_eq(open_run(false, RUN_NEW), CLN_E_IO);
	assert_refused_with("cannot create run/.lock: No space left on device");
	ck_assert(!exists("run"));
}
END_TEST

START_TEST(a_lock_that_is_taken_away_in_between_is_none)
{
	taken_away = "run/.lock";
	ck_assert_int_eq(open_run(false, RUN_NEW), CLN_E_IO);
	assert_refused_with("run was taken away by another process; try again");
	ck_assert_int_eq(directory.lock, -1);
}
END_TEST

START_TEST(paths_that_cannot_be_directories_are_refused)
{
	char path[RUN_PATH + 8];
	put("file", "");
	ck_assert_int_eq(run_directory_open(&directory, "file", false, RUN_NEW, &refusal), CLN_E_IO);
	assert_refused_with("file is a file, not a run directory; choose another --out");
	ck_assert_int_eq(run_directory_open(&directory, "no/where", false, RUN_NEW, &refusal), CLN_E_IO);
	assert_refused_with("cannot make the run directory no/where: No such file or directory");
	memset(path, 'a', sizeof path);
	path[RUN_PATH - 6] = '\0'; /* with "/.lock" one byte too many */
	ck_assert_int_eq(run_directory_open(&directory, path, false, RUN_NEW, &refusal), CLN_E_USAGE);
	assert_refused_with("--out: the path has more than");
}
END_TEST

/* What stands in the lock is information: what cannot be written there matters to nobody. */
START_TEST(a_lock_that_cannot_be_written_is_a_lock)
{
	ck_assert_int_eq(setenv("SLURM_JOB_ID", "", 1), 0);
	for (int i = 0; i < 2; i++) {
		char text[512];
		if (i == 0)
			ck_assert_int_eq(mkdir("run", 0777), 0);
		memset(text, 'x', 300);
		text[300] = '\0';
		put("run/.lock", text);
		fail_call_arm(i ? FAIL_PWRITE : FAIL_FTRUNCATE, 0, 1, ENOSPC);
		ck_assert_int_eq(open_run(false, RUN_NEW), CLN_OK);
		ck_assert_int_ge(directory.lock, 0);
		run_directory_close(&directory, false);
	}
}
END_TEST

/* fstat and stat are of the same file, or there is no lock. */
START_TEST(a_lock_that_cannot_be_looked_at_is_none)
{
	ck_assert_int_eq(mkdir("run", 0777), 0);
	fail_call_arm(_i ? FAIL_FSTAT : FAIL_STAT, 0, 2, ESTALE);
	ck_assert_int_eq(open_run(false, RUN_NEW), CLN_E_IO);
	ck_assert_int_eq(directory.lock, -1);
	ck_assert(exists("run"));
}
END_TEST

START_TEST(a_link_to_nowhere_is_no_run_directory)
{
	ck_assert_int_eq(symlink("nowhere", "run"), 0);
	ck_assert_int_eq(open_run(false, RUN_NEW), CLN_E_IO);
	assert_refused_with("run is a file, not a run directory; choose another --out");
}
END_TEST

/* One that may not be listed has no temporary files to be found; one that cannot be is an error. */
START_TEST(a_directory_that_cannot_be_listed_is_told)
{
	ck_assert_int_eq(mkdir("run", 0777), 0);
	fail_call_arm(FAIL_OPENDIR, 0, 1, EACCES);
	ck_assert_int_eq(open_run(false, RUN_NEW), CLN_OK);
	run_directory_close(&directory, false);
	fail_call_arm(FAIL_OPENDIR, 0, 1, EMFILE);
	ck_assert_int_eq(open_run(false, RUN_NEW), CLN_E_IO);
	assert_refused_with("cannot list run: Too many open files");
	ck_assert_int_eq(directory.lock, -1);
}
END_TEST

/* A path that has room for the lock, but for no other file of a run. */
START_TEST(a_path_without_room_for_the_files_is_refused_by_each_of_them)
{
	char path[RUN_PATH];
	size_t length = 0;
	ck_assert_int_eq(mkdir("run", 0777), 0);
	put(MODEL, "");
	put("run/.model.safetensors.tmp-1", "");
	while (length < RUN_PATH - 12)
		length += (size_t)sprintf(path + length, "./");
	strcpy(path + length, "run");
	assert_ok(run_directory_open(&directory, path, false, RUN_NEW, &err));
	ck_assert(!directory.finished && !directory.unfinished);
	ck_assert_int_eq(run_directory_drop_checkpoint(&directory, &refusal), CLN_E_USAGE);
	assert_refused_with("--out: the path has more than");
	ck_assert_int_eq(run_directory_drop_previous(&directory, &refusal), CLN_E_USAGE);
	ck_assert(directory.has_previous);
	assert_ok(run_directory_set_aside(&directory, &err)); /* nothing is found there */
	ck_assert(!directory.has_previous && exists(MODEL));
	run_directory_close(&directory, true);
}
END_TEST

/* ---------------------------------------------------------------- what is there */

static const struct {
	bool model, checkpoint, record, previous;
	enum run_start start;
	bool force;
	const char *refused; /* NULL: it is not */
	bool finished, unfinished, has_previous;
} runs[] = {
    {.start = RUN_NEW},
    {.record = true, .start = RUN_NEW},
    {.model = true, .record = true, .start = RUN_NEW, .refused = "run holds a finished run; overwrite it with --force"},
    {.model = true, .start = RUN_NEW,
     .refused = "run holds an unfinished run (a model without run.json); go on with --resume=auto, overwrite it with --force"},
    {.model = true, .checkpoint = true, .start = RUN_NEW, .refused = "run holds an unfinished run; go on with --resume, overwrite"},
    {.model = true, .checkpoint = true, .record = true, .start = RUN_NEW, .refused = "run holds a finished run"},
    {.checkpoint = true, .start = RUN_NEW, .refused = "run holds an unfinished run; go on with --resume"},
    {.model = true, .checkpoint = true, .record = true, .start = RUN_NEW, .force = true},
    {.start = RUN_CONTINUE, .refused = "there is nothing to continue in run: it has no checkpoint (--resume=auto begins anew)"},
    {.model = true, .start = RUN_CONTINUE, .refused = "there is nothing to continue in run: it has no checkpoint (--resume=auto"},
    {.model = true, .record = true, .start = RUN_CONTINUE, .refused = "there is nothing to continue in run: the run is finished"},
    {.checkpoint = true, .start = RUN_CONTINUE, .unfinished = true},
    {.checkpoint = true, .previous = true, .start = RUN_CONTINUE, .unfinished = true, .has_previous = true},
    {.model = true, .checkpoint = true, .start = RUN_CONTINUE, .unfinished = true}, /* its record is missing */
    {.model = true, .checkpoint = true, .record = true, .start = RUN_CONTINUE, .finished = true},
    {.start = RUN_AUTO},
    {.model = true, .record = true, .start = RUN_AUTO, .finished = true},
    {.model = true, .record = true, .previous = true, .start = RUN_AUTO, .finished = true},
    {.model = true, .start = RUN_AUTO},
    {.record = true, .start = RUN_AUTO},
    {.model = true, .checkpoint = true, .start = RUN_AUTO, .unfinished = true},
    {.checkpoint = true, .start = RUN_AUTO, .unfinished = true},
};

START_TEST(what_is_there_decides_what_may_be_done)
{
	ck_assert_int_eq(mkdir("run", 0777), 0);
	if (runs[_i].model)
		put(MODEL, "");
	if (runs[_i].checkpoint)
		put(CHECKPOINT, "");
	if (runs[_i].record)
		put(RECORD, "");
	if (runs[_i].previous)
		ck_assert_int_eq(mkdir("run/previous", 0777), 0);
	const enum cln_status status = open_run(runs[_i].force, runs[_i].start);
	if (runs[_i].refused) {
		ck_assert_int_eq(status, CLN_E_USAGE);
		assert_refused_with(runs[_i].refused);
		ck_assert_int_eq(directory.lock, -1);
		return;
	}
	ck_assert_msg(status == CLN_OK, "%s", refusal.message);
	ck_assert_int_eq(directory.finished, runs[_i].finished);
	ck_assert_int_eq(directory.unfinished, runs[_i].unfinished);
	ck_assert_int_eq(directory.has_previous, runs[_i].has_previous);
	run_directory_close(&directory, true);
}
END_TEST

START_TEST(temporary_files_of_a_killed_run_are_taken_away_and_no_others)
{
	static const char *const gone[] = {"run/.run.json.tmp-1", "run/.model.safetensors.tmp-99-2",
					   "run/.checkpoint.safetensors.tmp-12"};
	static const char *const kept[] = {"run/.mine.tmp-1", "run/run.json.tmp-1", "run/.model.safetensors", "run/.run.json.tmp"};
	ck_assert_int_eq(mkdir("run", 0777), 0);
	for (int i = 0; i < 3; i++)
		put(gone[i], "");
	for (int i = 0; i < 4; i++)
		put(kept[i], "");
	ck_assert_int_eq(open_run(false, RUN_NEW), CLN_OK);
	for (int i = 0; i < 3; i++)
		ck_assert_msg(!exists(gone[i]), "%s", gone[i]);
	for (int i = 0; i < 4; i++)
		ck_assert_msg(exists(kept[i]), "%s", kept[i]);
	run_directory_close(&directory, true);
}
END_TEST

/* ---------------------------------------------------------------- setting aside */

static void open_forced(void)
{
	ck_assert_int_eq(mkdir("run", 0777), 0);
	ck_assert_int_eq(open_run(true, RUN_NEW), CLN_OK);
}

START_TEST(an_older_run_is_set_aside_and_dropped_when_the_new_one_is_in_place)
{
	char text[512];
	open_forced();
	put(MODEL, "older model");
	put(RECORD, "older record");
	put(CHECKPOINT, "older checkpoint");
	assert_ok(run_directory_set_aside(&directory, &err));
	ck_assert(directory.has_previous && !exists(MODEL) && !exists(RECORD) && !exists(CHECKPOINT));
	get(text, "run/previous/model.safetensors");
	ck_assert_str_eq(text, "older model");
	put(MODEL, "new model");
	put("run/previous/notes.txt", "somebody's");
	assert_ok(run_directory_drop_previous(&directory, &err));
	ck_assert(!directory.has_previous && !exists("run/previous/model.safetensors") && exists("run/previous/notes.txt"));
	ck_assert_int_eq(unlink("run/previous/notes.txt"), 0);
	assert_ok(run_directory_drop_previous(&directory, &err));
	ck_assert(!exists("run/previous") && exists(MODEL));
}
END_TEST

/* What was to replace a run did not end: the older one stays set aside, and nothing is left of the other. */
START_TEST(a_replacement_that_did_not_end_makes_room_for_the_next)
{
	char text[512];
	open_forced();
	put(MODEL, "older model");
	assert_ok(run_directory_set_aside(&directory, &err));
	put(RECORD, "of the one that did not end");
	put(CHECKPOINT, "of the one that did not end");
	assert_ok(run_directory_set_aside(&directory, &err));
	ck_assert(directory.has_previous && !exists(RECORD) && !exists(CHECKPOINT) && !exists("run/previous/run.json"));
	get(text, "run/previous/model.safetensors");
	ck_assert_str_eq(text, "older model");
}
END_TEST

/* Nor does a model whose record could not be written replace an older run that is whole. */
START_TEST(a_model_without_a_record_never_stands_beside_that_of_another)
{
	char text[512];
	open_forced();
	put(MODEL, "older model");
	put(RECORD, "older record");
	assert_ok(run_directory_set_aside(&directory, &err));
	put(MODEL, "of the one that did not end");
	assert_ok(run_directory_set_aside(&directory, &err));
	ck_assert(directory.has_previous && !exists(MODEL));
	get(text, "run/previous/model.safetensors");
	ck_assert_str_eq(text, "older model");
	ck_assert(!run_directory_repeats_previous(&directory)); /* there is none yet */
	put(MODEL, "older model");
	ck_assert(!run_directory_repeats_previous(&directory)); /* it has a record of its own */
	put(RECORD, "newer record");
	ck_assert_int_eq(mkdir("run/previous/metrics.jsonl", 0777), 0);
	put("run/metrics.jsonl", "");
	ck_assert_int_eq(run_directory_set_aside(&directory, &refusal), CLN_E_IO); /* cut short between record and model */
	ck_assert(exists(MODEL) && !exists(RECORD) && !exists("run/previous/model.safetensors"));
	ck_assert_int_eq(rmdir("run/previous/metrics.jsonl"), 0);
	assert_ok(run_directory_set_aside(&directory, &err));
	get(text, "run/previous/model.safetensors");
	ck_assert_str_eq(text, "older model");
	get(text, "run/previous/run.json");
	ck_assert_str_eq(text, "newer record");
}
END_TEST

START_TEST(a_model_without_a_record_is_kept_once)
{
	open_forced();
	put(MODEL, "a model");
	assert_ok(run_directory_set_aside(&directory, &err));
	put(MODEL, "a model that is longer");
	put(RECORD, "its record");
	ck_assert(!run_directory_repeats_previous(&directory));
	put(MODEL, "a modem");
	ck_assert(!run_directory_repeats_previous(&directory));
	put(MODEL, "a model");
	ck_assert(run_directory_repeats_previous(&directory));
}
END_TEST

START_TEST(an_empty_directory_has_nothing_to_set_aside)
{
	open_forced();
	assert_ok(run_directory_set_aside(&directory, &err));
	ck_assert(!directory.has_previous && !exists("run/previous"));
	directory.made = true; /* nor has one that was made just now */
	put(MODEL, "");
	assert_ok(run_directory_set_aside(&directory, &err));
	ck_assert(!directory.has_previous && exists(MODEL));
}
END_TEST

START_TEST(what_cannot_be_set_aside_stays_and_is_named)
{
	open_forced();
	put(MODEL, "older model");
	put("run/previous", "a file");
	ck_assert_int_eq(run_directory_set_aside(&directory, &refusal), CLN_E_IO);
	assert_refused_with("cannot move the older run's");
	ck_assert(!directory.has_previous && exists(MODEL));
	ck_assert_int_eq(unlink("run/previous"), 0);
	ck_assert_int_eq(mkdir("run/previous", 0777), 0);
	ck_assert_int_eq(mkdir("run/previous/run.json", 0777), 0);
	put(RECORD, "older record");
	ck_assert_int_eq(run_directory_set_aside(&directory, &refusal), CLN_E_IO);
	assert_refused_with("cannot move the older run's run/run.json to run/previous/run.json: Is a directory");
	ck_assert(exists(MODEL) && exists(RECORD));
}
END_TEST

START_TEST(what_cannot_be_removed_is_named)
{
	open_forced();
	assert_ok(run_directory_drop_checkpoint(&directory, &err)); /* there is none */
	ck_assert_int_eq(mkdir(CHECKPOINT, 0777), 0);
	ck_assert_int_eq(run_directory_drop_checkpoint(&directory, &refusal), CLN_E_IO);
	assert_refused_with("cannot remove run/checkpoint.safetensors: Is a directory");
	ck_assert_int_eq(mkdir("run/previous", 0777), 0);
	ck_assert_int_eq(mkdir("run/previous/model.safetensors", 0777), 0);
	ck_assert_int_eq(run_directory_drop_previous(&directory, &refusal), CLN_E_IO);
	assert_refused_with("the run is finished; cannot remove the older run's run/previous/model.safetensors");
	ck_assert(directory.has_previous);
	ck_assert_int_eq(run_directory_set_aside(&directory, &refusal), CLN_E_IO); /* the run that was to replace that one */
	assert_refused_with("cannot remove run/checkpoint.safetensors: Is a directory");
}
END_TEST

/* ---------------------------------------------------------------- what a run says of itself */

/* The record with another value of one of its options. */
static void put_value(struct text *record, const char *option, const char *value)
{
	struct text changed = {0};
	char key[64];
	snprintf(key, sizeof key, value ? "\"%s\":" : "\"%s", option); /* NULL: its name is changed, so that it is not there */
	const char *at = strstr(record->bytes, key);
	ck_assert_ptr_nonnull(at);
	const char *from = at + strlen(key), *rest = value ? from + strcspn(from, ",\n}") : from;
	text_add(&changed, record->bytes, (size_t)(from - record->bytes));
	text_addf(&changed, "%s%s", value ? value : "-other", rest);
	text_free(record);
	*record = changed;
}

/* One whose force and allow-change are of another kind says nothing of them; one that is no JSON is told by its name. */
START_TEST(a_record_is_compared_whatever_it_holds)
{
	static const struct {
		const char *force, *allowed, *changed;
		bool forced;
	} cases[] = {{"true", "\"lr\"", "lr", true},  {"1", "2", NULL, false}, {"false", "null", NULL, false},
		     {NULL, NULL, NULL, false}, {"", "", NULL, false}};
	char *words[] = {"data.csv", NULL};
	struct options options;
	assert_ok(options_parse(&options, options_find_command("train"), 1, words, &err));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct run_past past = {0};
		struct text was = {0};
		assert_ok(run_record_options(&was, &options, &err));
		put_value(&was, "force", cases[i].force);
		put_value(&was, "allow-change", cases[i].allowed);
		const enum cln_status status = run_record_compare(was.bytes, "its record", &options, false, NULL, &past, &refusal);
		if (!cases[i].force || *cases[i].force) {
			ck_assert_msg(status == CLN_OK, "%s", refusal.message);
			ck_assert(past.forced == cases[i].forced);
			ck_assert(cases[i].changed ? past.changed && strcmp(past.changed, cases[i].changed) == 0 : !past.changed);
		} else {
			ck_assert_int_ne(status, CLN_OK);
			ck_assert_msg(strncmp(refusal.message, "its record: ", strlen("its record: ")) == 0, "%s", refusal.message);
		}
		mem_free(past.changed);
		text_free(&was);
	}
	options_free(&options);
}
END_TEST

START_TEST(every_status_has_its_exit_code)
{
	static const struct {
		enum cln_status status;
		int code;
	} codes[] = {{CLN_OK, 0},        {CLN_E_IO, 1},       {CLN_E_MEMORY, 1},  {CLN_E_DAMAGED, 1}, {CLN_E_USAGE, 2},
		     {CLN_E_DATA, 3},    {CLN_E_DIVERGED, 4}, {CLN_STOPPED, 75}, {(enum cln_status)99, 1}};
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		ck_assert_int_eq(exit_code(codes[i].status), codes[i].code);
}
END_TEST

static Suite *run_directory_suite(void)
{
	Suite *suite = suite_create("run directory");
	TCase *lock = tcase_create("lock"), *there = tcase_create("what is there"), *aside = tcase_create("set aside");
	TCase *record = tcase_create("record");

	tcase_add_checked_fixture(lock, enter_folder, leave_folder);
	tcase_add_test(lock, a_new_directory_is_locked_and_says_by_whom);
	tcase_add_test(lock, what_an_older_holder_wrote_is_replaced);
	tcase_add_test(lock, two_processes_never_share_one);
	tcase_add_loop_test(lock, the_lock_of_another_process_is_not_taken_away, 0, 2);
	tcase_add_test(lock, a_file_system_without_locks_is_named_and_left_clean);
	tcase_add_test(lock, a_directory_whose_lock_cannot_be_made_goes_away_again);
	tcase_add_test(lock, a_lock_that_is_taken_away_in_between_is_none);
	tcase_add_test(lock, paths_that_cannot_be_directories_are_refused);
	tcase_add_test(lock, a_lock_that_cannot_be_written_is_a_lock);
	tcase_add_loop_test(lock, a_lock_that_cannot_be_looked_at_is_none, 0, 2);
	tcase_add_test(lock, a_link_to_nowhere_is_no_run_directory);
	tcase_add_test(lock, a_directory_that_cannot_be_listed_is_told);
	tcase_add_test(lock, a_path_without_room_for_the_files_is_refused_by_each_of_them);
	suite_add_tcase(suite, lock);
	tcase_add_checked_fixture(there, enter_folder, leave_folder);
	tcase_add_loop_test(there, what_is_there_decides_what_may_be_done, 0, sizeof runs / sizeof *runs);
	tcase_add_test(there, temporary_files_of_a_killed_run_are_taken_away_and_no_others);
	suite_add_tcase(suite, there);
	tcase_add_checked_fixture(aside, enter_folder, leave_folder);
	tcase_add_test(aside, an_older_run_is_set_aside_and_dropped_when_the_new_one_is_in_place);
	tcase_add_test(aside, a_replacement_that_did_not_end_makes_room_for_the_next);
	tcase_add_test(aside, a_model_without_a_record_never_stands_beside_that_of_another);
	tcase_add_test(aside, a_model_without_a_record_is_kept_once);
	tcase_add_test(aside, an_empty_directory_has_nothing_to_set_aside);
	tcase_add_test(aside, what_cannot_be_set_aside_stays_and_is_named);
	tcase_add_test(aside, what_cannot_be_removed_is_named);
	suite_add_tcase(suite, aside);
	tcase_add_test(record, a_record_is_compared_whatever_it_holds);
	tcase_add_test(record, every_status_has_its_exit_code);
	suite_add_tcase(suite, record);
	return suite;
}

TESTING_MAIN(run_directory_suite)
