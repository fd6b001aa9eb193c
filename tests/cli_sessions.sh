# SPDX-License-Identifier: MIT
# Sessions of a document, word for word: every command of a ```console block is run, and what it prints is compared with what stands
# there.  Speeds, times, threads and the instruction set are the machine's own and are left out of the comparison.
# shellcheck shell=bash
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

# check_block DOCUMENT FILE: runs the commands of one block and compares; lines that begin with "$ " are commands.
check_block() {
  local block=$2
  while IFS= read -r line; do
    printf '%s\n' "$line"
    case $line in '$ '*) bash -c "${line#\$ }" 2>&1 ;; esac
  done < <(grep '^\$ ' "$block") >"$block.got"
  diff <(machine_free <"$block") <(machine_free <"$block.got") >"$block.diff" ||
    fail "a session of $1 differs: $(cat "$block.diff")"
}

# check_sessions DOCUMENT LEAST: all blocks of a document of the source tree, one after the other; there are LEAST or more.
check_sessions() {
  local n
  n=$(awk -v to="$scratch/block" '/^```console$/ {n++; inside = 1; next} /^```$/ {inside = 0} inside {print > (to "." n)}
    END {print n + 0}' "$top_srcdir/$1")
  for ((i = 1; i <= n; i++)); do
    check_block "$1" "$scratch/block.$i"
  done
  [ "$n" -ge "$2" ] || fail "$1 has only $n sessions"
}
