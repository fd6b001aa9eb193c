#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs the tests of numbers, and those of numbers in CSV, in a locale with a decimal comma, made here: numbers in files must not
# depend on it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if ! command -v localedef >/dev/null || ! localedef -i de_DE -f UTF-8 "$folder/de_DE.UTF-8" 2>/dev/null; then
	echo "skipped: localedef or the definition of de_DE is missing (package locales)"
	exit 77
fi
unset CK_TAP_LOG_FILE_NAME
export LOCPATH=$folder LC_ALL=de_DE.UTF-8 TEST_DECIMAL_COMMA=1 CK_VERBOSITY=normal
tests/test_number
CK_RUN_CASE=numbers tests/test_csv
