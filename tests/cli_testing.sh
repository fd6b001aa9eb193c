# SPDX-License-Identifier: MIT
# What every shell test needs: $scratch (taken away at the end), $examples, and checks that say what went wrong.
# shellcheck shell=bash
set -u
colonnade=${COLONNADE:?the program to test}
# shellcheck disable=SC2034 # for the tests
examples=${top_srcdir:?the source tree}/examples
scratch=$(mktemp -d)
# a child that is ended by a signal before it has become its command comes here, too
trap '[ "$BASHPID" -eq $$ ] && rm -rf "$scratch"' EXIT
failures=0

fail() {
  echo "FAIL: $*" >&2
  failures=$((failures + 1))
}

# expect CODE TEXT arguments...: the exit code, and a text that standard error holds ('' for any).
expect() {
  local code=$1 text=$2
  shift 2
  "$colonnade" "$@" >"$scratch/stdout" 2>"$scratch/stderr"
  local got=$?
  [ "$got" -eq "$code" ] || fail "colonnade $*: exit code $got, not $code: $(head -n 3 "$scratch/stderr")"
  [ -z "$text" ] || grep -qF -- "$text" "$scratch/stderr" ||
    fail "colonnade $*: standard error lacks \"$text\": $(head -n 3 "$scratch/stderr")"
}

# one_line: what standard error held was one line, and standard output nothing.
one_line() {
  [ "$(wc -l <"$scratch/stderr")" -eq 1 ] || fail "more than one line on standard error: $(cat "$scratch/stderr")"
  [ ! -s "$scratch/stdout" ] || fail "something on standard output: $(head -n 3 "$scratch/stdout")"
}

# equal WHAT A B
equal() {
  [ "$2" = "$3" ] || fail "$1: \"$2\" is not \"$3\""
}

# holds WHAT PATTERN FILE: an extended regular expression that a line of the file matches.
holds() {
  grep -qE -- "$2" "$3" || fail "$1: $3 lacks \"$2\": $(head -c 400 "$3")"
}

# examples_of PAGE: the lines under EXAMPLES of a man page, as a shell reads them.
examples_of() {
  awk '/^\.SH/ {inside = /EXAMPLES/} inside && !/^\./' "$1" | sed -e 's/\\-/-/g' -e 's/\\e/\\/g' -e 's/\\(aq/'"'"'/g'
}

# await FILE PID: until something is in the file, or the process that is to write it is gone.
await() {
  until [ -s "$1" ] || ! kill -0 "$2" 2>/dev/null; do sleep 0.01; done
  [ -s "$1" ] || fail "process $2 ended, and there is no $1"
}

finish() {
  [ "$failures" -eq 0 ] || exit 1
  exit 0
}
