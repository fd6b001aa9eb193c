#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A device that is full, under standard output of every command that prints, and files that may not grow beyond some size, as on a
# full disk: exit code 1, the older file as it was, nothing half written.  RELIABILITY=long: every size in steps of 64 bytes.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
cvd=$examples/cvd.csv
train="train --recipe plain $cvd --epochs 2 --hidden 8 --threads 1 --progress none"
# shellcheck disable=SC2086
"$colonnade" $train --out good 2>stderr || fail "the model for these tests: $(cat stderr)"

if [ -w /dev/full ]; then
  runs=0
  while read -r command; do
    # shellcheck disable=SC2086
    "$colonnade" $command >/dev/full 2>stderr
    equal "exit code of $command on a full device" $? 1
    holds "$command on a full device" 'cannot write standard output: No space left on device' stderr
    runs=$((runs + 1))
  done <<EOT
--help
--version
help --man train
help --completion
train --help
predict good $cvd
evaluate good $cvd
evaluate good $cvd --json
inspect good
inspect good --json
export good --format onnx
export good --format c
export good --format json
doctor
doctor --json
gradcheck --rows 5 --hidden 3
bench --rows 256 --inputs 4 --hidden 4 --seconds 0.1 --json
train $cvd --json --epochs 1 --out full
EOT
  echo "a full device: $runs commands, each exit code 1"
fi

# ---- files that may have `limit` bytes: the write across it moves the first part, the next one none
head -n 101 "$examples/adult.csv" >table.csv
# What becomes of a run whose report does not fit: tests/cli_report.sh.
train="train --recipe plain table.csv --epochs 2 --hidden 8 --threads 1 --progress none --report=false"
# shellcheck disable=SC2086
"$colonnade" $train --out older --seed 2 2>stderr || fail "the older model: $(cat stderr)"
# shellcheck disable=SC2086
"$colonnade" $train --out newer 2>stderr || fail "the newer model: $(cat stderr)"
"$colonnade" predict older table.csv >newer.csv 2>stderr || fail "predictions: $(cat stderr)"
"$colonnade" convert table.csv newer.cache 2>stderr || fail "a cache: $(cat stderr)"
head -n 11 table.csv >half.csv
"$colonnade" convert half.csv older.cache 2>stderr || fail "another cache: $(cat stderr)"
echo "older predictions" >older.csv
"$colonnade" export older --format c --out newer.c 2>stderr || fail "a C file: $(cat stderr)"
echo "an older C file" >older.c

limited() { # LIMIT ARGUMENTS...; standard error is a pipe, which has no limit
  (
    set -o pipefail
    prlimit --fsize="$1" "$colonnade" "${@:2}" 2>&1 >/dev/null | cat >stderr
  )
}

# judge NAME LIMIT CODE FILE OLDER NEWER: the file is the newer one where the exit code is 0, the older one where it is 1
judge() {
  case $3 in
  0) cmp -s "$4" "$6" || fail "$1, files of $2 bytes: exit code 0 and another file" ;;
  1) cmp -s "$4" "$5" || fail "$1, files of $2 bytes: exit code 1 and the older file is lost" ;;
  *) fail "$1, files of $2 bytes: exit code $3: $(cat stderr)" ;;
  esac
  [ "$3" -eq 0 ] || holds "$1, files of $2 bytes" 'File too large' stderr
  [ -z "$(find . -name '*tmp*')" ] || fail "$1, files of $2 bytes: a temporary file stays"
  done_runs=$((done_runs + 1))
  full=$((full + ($3 == 1)))
}

if prlimit --fsize=unlimited true 2>stderr; then
  step=997
  [ "${RELIABILITY:-short}" = short ] || step=64
  done_runs=0 full=0 least=0
  # LLVM's OpenMP runtime makes a file of its own in shared memory when it starts, and aborts where it may not.
  if ldd "$colonnade" | grep -q libomp; then least=$((4 * step)); fi
  for ((limit = least; limit < 15000; limit += step)); do
    rm -rf run
    cp -r older run
    # shellcheck disable=SC2086
    limited "$limit" $train --out run --force
    code=$?
    model=run/model.safetensors
    [ "$code" -eq 0 ] || model=run/previous/model.safetensors
    [ -e "$model" ] || model=run/model.safetensors # it could not even begin
    judge train "$limit" "$code" "$model" older/model.safetensors newer/model.safetensors
    cp older.csv out.csv
    limited "$limit" predict older table.csv --out out.csv
    judge predict "$limit" $? out.csv older.csv newer.csv
    cp older.cache out.cache
    limited "$limit" convert table.csv out.cache
    judge convert "$limit" $? out.cache older.cache newer.cache
    cp older.c out.c
    limited "$limit" export older --format c --out out.c
    judge export "$limit" $? out.c older.c newer.c
  done
  echo "limits on files: $done_runs runs, $full did not fit and exit with 1"
  if [ "$full" -eq 0 ] || [ "$full" -eq "$done_runs" ]; then fail "the limits are all too small or all too large"; fi
fi

finish
