#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Sourced by tests of interrupted runs, behind cli_testing.sh: runs that are cut off again and again, and what they must end with.
# shellcheck disable=SC2154 # colonnade is cli_testing.sh's

sha() { sha256sum <"$1" | cut -d' ' -f1; }
# timeless FILE: its lines without times and what follows from them.
timeless() {
  sed -E 's/"(seconds|rows_per_second)": ?[^,}]*//g
    /"(finished|out|resume|checkpoint-every|time-limit|threads_rule|threads_allowed|threads)":/d' "$1"
}
# same_run DIR: that it is finished, and has the files of the uninterrupted run, `whole`; lines of members that are trained side by
# side stand in the order in which their epochs ended, so the order of lines does not count.
same_run() {
  equal "model of $1" "$(sha "$1/model.safetensors")" "$(sha whole/model.safetensors)"
  for file in metrics.jsonl run.json; do
    diff <(timeless "$1/$file" | sort) <(timeless "whole/$file" | sort) >difference || fail "$1/$file: $(head -n 5 difference)"
  done
  equal "files of $1" "$(find "$1" -type f -printf '%f\n' | sort | tr '\n' ' ')" \
    ".lock metrics.jsonl model.safetensors report.html run.json "
}

# cut_off_by_limits DIR SAID options...: pieces of a few ms, each with another number of threads, until the run has ended; every
# piece does one step at least, and its standard error has the extended regular expression SAID.
cut_off_by_limits() {
  local directory=$1 said=$2 pieces=0 code=75
  shift 2
  while [ $code -eq 75 ]; do
    pieces=$((pieces + 1))
    "$colonnade" train "$@" --out "$directory" --resume=auto --time-limit $((1 + 3 * pieces))ms --checkpoint-every 5ms \
      --threads $((pieces % 3 + 1)) 2>stderr
    code=$?
    [ $code -ne 75 ] || holds "piece $pieces" "$said" stderr
  done
  equal "exit code of the last piece" $code 0
  [ $pieces -gt 1 ] || fail "a time limit of 4 ms cut nothing off"
  same_run "$directory"
}

# kill_at_random DIR options...: kill -9 at random instants, later and later, until the run has ended.
kill_at_random() {
  local directory=$1 kills=0 code=137 runner
  shift
  while [ $code -eq 137 ]; do
    "$colonnade" train "$@" --out "$directory" --resume=auto --checkpoint-every 3ms 2>stderr &
    runner=$!
    sleep "$(awk -v most=$((25 + 5 * kills)) -v draw=$RANDOM 'BEGIN { print most * draw / 32768000 }')"
    kill -9 $runner 2>/dev/null
    code=0
    wait $runner 2>/dev/null || code=$?
    kills=$((kills + 1))
  done
  equal "exit code after $kills starts" $code 0
  same_run "$directory"
}
