/* SPDX-License-Identifier: MIT */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_LIMIT (16 << 20)
#define VARIABLE_MAX 256 /* "name=value" */

/* ---------------------------------------------------------------- the environment */

struct environment {
	char **list; /* environ, without the variables, and then those that have a value */
	char (*own)[VARIABLE_MAX];
};

static bool is_variable(const char *entry, const struct child_variable *variables, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t length = strlen(variables[i].name);
		if (strncmp(entry, variables[i].name, length) == 0 && entry[length] == '=')
			return true;
	}
	return false;
}

static enum cln_status environment_create(struct environment *environment, const struct child_variable *variables, size_t n,
					  struct cln_error *err)
{
	size_t n_ours = 0, k = 0;

	while (environ[n_ours])
		n_ours++;
	environment->list = mem_alloc(n_ours + n + 1, sizeof *environment->list, err);
	environment->own = mem_alloc(n, sizeof *environment->own, err);
	if (!environment->list || !environment->own)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < n_ours; i++)
		if (!is_variable(environ[i], variables, n))
			environment->list[k++] = environ[i];
	for (size_t i = 0; i < n; i++) {
		if (!variables[i].value)
			continue;
		snprintf(environment->own[i], VARIABLE_MAX, "%s=%s", variables[i].name, variables[i].value);
		environment->list[k++] = environment->own[i];
	}
	return CLN_OK;
}

static void environment_free(struct environment *environment)
{
	mem_free(environment->list);
	mem_free(environment->own);
}

/* ---------------------------------------------------------------- starting and reading */

/* Returns errno; where there is no /proc the name that we were called by must do. */
static int start(pid_t *pid, int output, const char *const *arguments, char **environment)
{
	posix_spawn_file_actions_t actions;
	char *const *argv = (char *const *)(uintptr_t)arguments; /* which posix_spawn does not change */
	int failed = posix_spawn_file_actions_init(&actions);

	if (failed)
		return failed;
	failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (!failed)
		failed = posix_spawn_file_actions_adddup2(&actions, output, 1);
	if (!failed)
		failed = posix_spawn(pid, "/proc/self/exe", &actions, NULL, argv, environment);
	if (failed == ENOENT || failed == EACCES)
		failed = posix_spawnp(pid, program_invocation_name, &actions, NULL, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

/* Until the end of the output or the deadline. */
static enum cln_status read_output(struct text *output, int fd, double deadline, struct cln_error *err)
{
	char bytes[4096];

	for (;;) {
		double left = deadline - clock_seconds();
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		int n = left > 0 ? poll(&ready, 1, (int)(left * 1000) + 1) : 0;
		if (n == 0)
			return error_set(err, CLN_STOPPED, "a measurement had not ended when the time was over");
		ssize_t length = n > 0 ? read(fd, bytes, sizeof bytes) : -1;
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return error_set(err, CLN_E_IO, "cannot read what a measurement says: %s", strerror(errno));
		if (length == 0)
			return CLN_OK;
		text_add(output, bytes, (size_t)length);
		if (text_check(output, err) != CLN_OK)
			return CLN_E_MEMORY;
		if (output->length > OUTPUT_LIMIT)
			return error_set(err, CLN_E_MEMORY, "a measurement says more than %d bytes", OUTPUT_LIMIT);
	}
}

/* Its exit code, 128 + the signal's number. */
static int wait_for(pid_t pid)
{
	int state;

	while (waitpid(pid, &state, 0) < 0)
		if (errno != EINTR)
			return 1;
	return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

enum cln_status child_run(struct text *output, int *code, const char *const *arguments, const struct child_variable *variables,
			  size_t n_variables, double deadline, struct cln_error *err)
{
	struct environment environment = {0};
	int ends[2] = {-1, -1};
	pid_t pid;
	enum cln_status status = environment_create(&environment, variables, n_variables, err);

	if (status == CLN_OK && pipe2(ends, O_CLOEXEC) != 0)
		status = error_set(err, CLN_E_IO, "cannot make a pipe: %s", strerror(errno));
	if (status != CLN_OK)
		goto done;
	signal(SIGCHLD, SIG_DFL); /* whoever ignored it before us would have the kernel keep no exit code */
	int failed = start(&pid, ends[1], arguments, environment.list);
	close(ends[1]);
	if (failed) {
		status = error_set(err, CLN_E_IO, "cannot start %s again: %s", program_invocation_name, strerror(failed));
		goto done;
	}
	status = read_output(output, ends[0], deadline, err);
	if (status != CLN_OK)
		kill(pid, SIGKILL);
	*code = wait_for(pid);
done:
	if (ends[0] >= 0)
		close(ends[0]);
	environment_free(&environment);
	return status;
}
