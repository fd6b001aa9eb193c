/* SPDX-License-Identifier: MIT
 * Finds the command, reads its options, runs it, and checks that standard output was written. */
#include "api/ranks.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/inputs.h"
#include "cli/interrupt.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* In the order of the table of commands. */
static int (*const runs[])(const struct options *options) = {
	cmd_train, cmd_predict, cmd_evaluate, cmd_inspect, cmd_gradcheck, cmd_bench, cmd_tune, cmd_doctor, cmd_convert,
	cmd_crossval, cmd_export,
	cmd_report, cmd_check, cmd_search, cmd_importance,
};
_Static_assert((1 << (sizeof runs / sizeof *runs)) - 1 == FOR_ALL, "every command has a function");

static int usage_error(const char *message)
{
	fprintf(stderr, "colonnade: %s\n", message);
	return exit_code(CLN_E_USAGE);
}

static int unknown_command(const char *name)
{
	const char *nearest = options_nearest_command(name);
	char message[512];

	snprintf(message, sizeof message, "there is no command \"%.200s\"; %s%s%s\"colonnade --help\" lists them", name,
		 nearest ? "did you mean " : "", nearest ? nearest : "", nearest ? "? " : "");
	return usage_error(message);
}

static int print_version(void)
{
	printf("colonnade %s\n", CLN_VERSION);
	return 0;
}

/* colonnade help [--man] [COMMAND], colonnade help --completion */
static int run_help(int argc, char *const *argv)
{
	bool manual = argc > 0 && strcmp(argv[0], "--man") == 0;
	const char *name = argc > manual ? argv[manual] : NULL;
	const struct command *command = name ? options_find_command(name) : NULL;

	if (argc == 1 && strcmp(argv[0], "--completion") == 0) {
		help_completion();
		return 0;
	}
	if (name && !command)
		return unknown_command(name);
	if (manual)
		help_manual(command);
	else
		help_command(command);
	return 0;
}

static int run_command(const struct command *command, int argc, char *const *argv)
{
	struct options options;
	struct cln_error err = {0}, reason;
	enum cln_status status = options_parse(&options, command, argc, argv, &err);
	int code;

	if (status == CLN_OK && config_check_isa(options.config.isa, &reason) != CLN_OK)
		status = error_set(&err, reason.code, "COLONNADE_ISA: %s", reason.message);
	if (status == CLN_OK)
		status = inputs_check_out(&options, &err);
	if (status == CLN_OK)
		status = config_check_memory_variable(&err);
	if (status == CLN_OK && command->starts_teams)
		status = config_check_thread_variable(&err);
	if (status == CLN_OK && ranks_count() > 1 && command->starts_processes)
		status = error_set(&err, CLN_E_USAGE, "%s starts processes of its own, and cannot be one of %d ranks: run it alone",
				   command->name, ranks_count());
	code = status == CLN_OK ? runs[command - options_command(0)](&options) : exit_with_error(&err);
	options_free(&options);
	return code;
}

/* --help or --version among the arguments, before a lone "--". */
static bool asks_for(const char *word, int argc, char *const *argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], word) == 0)
			return true;
	return false;
}

static int dispatch(int argc, char *const *argv)
{
	if (argc == 0) {
		help_usage(stderr);
		return exit_code(CLN_E_USAGE);
	}
	const struct command *command = options_find_command(argv[0]);
	if (strcmp(argv[0], "help") == 0)
		return run_help(argc - 1, argv + 1);
	if (strcmp(argv[0], "--version") == 0 || (command && asks_for("--version", argc, argv)))
		return print_version();
	if (strcmp(argv[0], "--help") == 0 || (command && asks_for("--help", argc, argv)))
		return run_help(command != NULL, argv);
	if (!command)
		return unknown_command(argv[0]);
	return run_command(command, argc - 1, argv + 1);
}

/* Else the first file opened takes the number of a closed standard stream, and messages are written into it.  Each is opened the
 * wrong way round, so that using it is still the error that it was. */
static bool open_closed_streams(void)
{
	static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};
	struct pollfd streams[] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};

	if (poll(streams, 3, 0) < 0)
		return false;
	for (int fd = 0; fd < 3; fd++)
		if ((streams[fd].revents & POLLNVAL) && open("/dev/null", modes[fd]) != fd)
			return false;
	return true;
}

static int run_first(int argc, char *const *argv)
{
	ranks_listen(interrupt_hear);
	const int code = exit_after_output(dispatch(argc, argv));

	ranks_release(code);
	return code;
}

/* Commands that stop with a checkpoint hear of a signal that any rank was sent; the others end by it. */
static int run_other(int argc, char *const *argv)
{
	const struct command *command = argc > 0 ? options_find_command(argv[0]) : NULL;

	signal(SIGPIPE, SIG_IGN);
	if (command && options_find(command, "requeue-exit"))
		interrupt_follow();
	return ranks_follow(interrupt_heard);
}

int main(int argc, char **argv)
{
	/* A file that may not grow further (ulimit -f, a batch system) is a failed write, and told as one. */
	signal(SIGXFSZ, SIG_IGN);
	if (!open_closed_streams())
		return exit_code(CLN_E_IO);
	ranks_start(&argc, &argv);
	int code = ranks_own() == 0 ? run_first(argc - 1, argv + 1) : run_other(argc - 1, argv + 1);
	ranks_stop();
	return code;
}
