#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The README's sessions are what the program does.
. "${top_srcdir:?}/tests/cli_sessions.sh"
check_sessions README.md 3
finish
