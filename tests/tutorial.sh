#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The tutorial's sessions are what the program does.
. "${top_srcdir:?}/tests/cli_sessions.sh"
check_sessions doc/tutorial.md 12
finish
