#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# scripts/batch/workstation.sh: trains into a log, survives a hang-up, knows a finished run, passes a signal on, keeps exit codes.
set -eu
top=$(cd "${top_srcdir:-$(dirname "$0")/..}" && pwd)
export COLONNADE=${COLONNADE:-$top/colonnade}
script=$top/scripts/batch/workstation.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
	echo "failed: $*"
	cat "$work"/*.log 2> /dev/null || true
	exit 1
}
# await FILE PID: until something is in the file, or the process is gone.
await() {
	until [ -s "$1" ] || ! kill -0 "$2" 2> /dev/null; do sleep 0.05; done
	[ -s "$1" ] || fail "process $2 ended, and there is no $1"
}
head -n 1001 "$top/examples/adult.csv" > "$work/data.csv"
cd "$work"
unset OMP_NUM_THREADS

# A run, told to hang up as soon as it is there.
"$script" data.csv run --recipe plain --epochs 3 > output &
pid=$!
await run.log "$pid"
kill -HUP "$pid" || true
wait "$pid" || fail "the run ended with $?"
[ -s run/model.safetensors ] || fail "there is no model"
grep -q "finished: run/model.safetensors" run.log || fail "the log does not say that it finished"
threads=$("$COLONNADE" doctor --json | sed -n 's/^ *"threads_allowed": *\([0-9]*\).*/\1/p')
grep -q ", $threads threads: data.csv" run.log || fail "the log does not tell of $threads threads"

# The same words again: nothing is done.
cp run/model.safetensors before
"$script" data.csv run/ --recipe plain --epochs 3 > output || fail "the second start ended with $?"
grep -q "run is finished" output || fail "a finished run is not known as one"
cmp before run/model.safetensors || fail "a finished run was changed"

# A model whose record is missing is no finished run: it is trained again.
rm run/run.json
"$script" data.csv run --recipe plain --epochs 3 > output || fail "the start without a record ended with $?"
[ -s run/run.json ] || fail "a model without a record was taken for a finished run"
cmp before run/model.safetensors || fail "the run without a record has another model"

# What colonnade says with its exit code arrives.
code=0
"$script" nowhere.csv other > output || code=$?
[ "$code" -eq 1 ] || fail "a missing file ends with $code instead of 1"
code=0
"$script" data.csv > output 2>&1 || code=$?
[ "$code" -eq 2 ] || fail "a missing operand ends with $code instead of 2"

# TERM ends the program and not only the script.
"$script" data.csv long --recipe plain --epochs 1000000 --patience 0 > output &
pid=$!
await long/metrics.jsonl "$pid"
kill -TERM "$pid"
code=0
wait "$pid" || code=$?
[ "$code" -eq 75 ] || fail "an interrupted run ended with $code"
grep -q 'stopped early' long.log || fail "the log does not tell of the end"
[ -s long/checkpoint.safetensors ] || fail "an interrupted run has no checkpoint"

# The same words again go on from there; with other epochs, which may change here, the run ends as one that was never interrupted.
epochs=$(($(wc -l < long/metrics.jsonl) + 3))
"$script" data.csv long --recipe plain --epochs "$epochs" --patience 0 > output || fail "the resumed run ended with $?"
grep -q 'goes on in epoch' long.log || fail "the log does not tell that the run goes on"
"$COLONNADE" train --recipe plain data.csv --out whole --epochs "$epochs" --patience 0 --progress none 2> /dev/null
cmp whole/model.safetensors long/model.safetensors || fail "the resumed run has another model"
echo ok
