#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The README's sessions, word for word: every command of a ```console block is run, and what it prints is compared with what
# stands there.
# Speeds, times, threads and the instruction set are the machine's own and are left out of the comparison.
. "${top_srcdir:?}/tests/cli_testing.sh"

mkdir "$scratch/here"
cd "$scratch/here" || exit 1
ln -s "$colonnade" colonnade
ln -s "$examples" examples

# Without what differs from machine to machine: threads and instruction sets, an epoch's rate, seconds.
machine_free() {
  sed -E -e '/^threads /d' -e '/^engine /d' -e 's/^( +[0-9]+( +[0-9.]+){4}) +[0-9.]+[kM]?/\1/' \
    -e 's/in [0-9.]+ s, [0-9.]+[kM]? rows\/s/in S/'
}

# Runs the commands of one block and compares; lines that begin with "$ " are commands.
check_block() {
  local block=$1
  while IFS= read -r line; do
    printf '%s\n' "$line"
    case $line in '$ '*) bash -c "${line#\$ }" 2>&1 ;; esac
  done < <(grep '^\$ ' "$block") >"$block.got"
  diff <(machine_free <"$block") <(machine_free <"$block.got") >"$block.diff" ||
    fail "a session of README.md differs: $(cat "$block.diff")"
}

awk -v to="$scratch/block" '/^```console$/ {n++; inside = 1; next} /^```$/ {inside = 0} inside {print > (to "." n)}' \
  "$top_srcdir/README.md"
n=0
for block in "$scratch"/block.[0-9]; do
  check_block "$block"
  n=$((n + 1))
done
[ "$n" -ge 3 ] || fail "README.md has only $n sessions"
finish
