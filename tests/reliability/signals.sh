#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# predict and convert, ended by a signal at every system call: no temporary file stays, the output is the older one or the new one,
# whole, and whoever waits sees the signal.  A run of train is tests/reliability/kill.sh's.
# RELIABILITY=long: at every call, with every signal that a user, a shell or a batch system sends; else at those from the output's
# first on, with SIGTERM, and once with each of the others.  Prints a table of what was done and found.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
long=${RELIABILITY:-short}
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" # which strace would be in the way of
strace -o trace true 2>/dev/null || { echo "strace is missing or not allowed here"; exit 77; }

head -n 101 "$examples/adult.csv" >table.csv
"$colonnade" train table.csv --recipe plain --epochs 2 --hidden 8 --threads 1 --progress none --out run 2>stderr ||
  fail "the model: $(cat stderr)"
declare -A commands=([predict]="predict run table.csv --threads 1 --out" [convert]="convert table.csv --threads 1")
head -n 51 table.csv >half.csv
"$colonnade" predict run half.csv --out old-predict 2>stderr || fail "the older predictions: $(cat stderr)"
"$colonnade" convert half.csv old-convert 2>stderr || fail "the older cache: $(cat stderr)"
signals=(TERM INT HUP PIPE QUIT USR1 USR2 XCPU)
ulimit -c 0

# signalled NAME SIGNAL CALL N: the command's exit code where the signal comes at the N-th such call.
signalled() {
  # shellcheck disable=SC2086
  strace -o injected -e "trace=$3" -e "inject=$3:signal=$2:when=$4" "$colonnade" ${commands[$1]} job/out >/dev/null 2>stderr
} 2>/dev/null # bash tells of processes that a signal ended

# try NAME SIGNAL CALL N
try() {
  local code why=""
  rm -rf job && mkdir job && cp "old-$1" job/out
  runs=$((runs + 1))
  signalled "$@"
  code=$?
  [ "$code" -eq 0 ] && undisturbed=$((undisturbed + 1))
  [ "$code" -eq 0 ] || [ "$code" -eq $((128 + $(kill -l "$2"))) ] || why="exit code $code: $(head -n 2 stderr)"
  [ "$(ls -A job)" = out ] || why="left beside the output: $(ls -A job)"
  if cmp -s job/out "new-$1"; then
    replaced=$((replaced + 1))
  else
    cmp -s job/out "old-$1" || why="the output is neither the older one nor the new one"
    [ "$code" -ne 0 ] || why="exit code 0 and the older output"
  fi
  [ -z "$why" ] || { findings=$((findings + 1)) && fail "$1, SIG$2 at $3 $4: $why"; }
}

printf '%-10s %6s %12s %9s %9s\n' command runs undisturbed replaced findings
for name in predict convert; do
  rm -rf job && mkdir job
  # shellcheck disable=SC2086
  strace -o trace "$colonnade" ${commands[$name]} job/out 2>stderr || fail "$name: not even undisturbed: $(cat stderr)"
  mv job/out "new-$name"
  runs=0 undisturbed=0 replaced=0 findings=0
  sed -E 's/^([a-z0-9_]+)\(.*/\1/' trace | grep -E '^[a-z0-9_]+$' >calls
  first=$(grep -nE '^openat\(.*\.out\.tmp-' trace | head -n 1 | cut -d : -f 1)
  [ -n "$first" ] || fail "$name made no temporary file"
  number=0
  declare -A nth=()
  while read -r call; do
    number=$((number + 1))
    nth[$call]=$((${nth[$call]:-0} + 1))
    case $call in execve | exit_group) continue ;; esac
    [ "$long" = long ] || [ "$number" -ge "$first" ] || continue
    for signal in "${signals[@]}"; do
      [ "$long" = long ] || [ "$signal" = TERM ] || [ "$call" = fsync ] || continue
      try "$name" "$signal" "$call" "${nth[$call]}"
    done
  done <calls
  printf '%-10s %6d %12d %9d %9d\n' "$name" "$runs" "$undisturbed" "$replaced" "$findings"
  [ "$replaced" -gt 0 ] || fail "$name: never signalled behind the replacement"
  [ "$runs" -gt "$replaced" ] || fail "$name: never signalled before the replacement"
done

# ---- what was ignored stays ignored
(trap '' HUP && exec strace -o injected -e trace=fsync -e inject=fsync:signal=HUP \
  "$colonnade" predict run table.csv --out job/out 2>stderr)
equal "exit code where SIGHUP is ignored" $? 0
cmp job/out new-predict || fail "other predictions where SIGHUP is ignored"
finish
