#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every allocation of whole commands made to fail, alone and with all behind it: exit code 1 with the size, nothing lost, nothing
# not given back, no crash.  Then reads and writes of a few bytes each, which change nothing.  tests/test_alloc.c does the same
# with the library.  RELIABILITY=long: every allocation; else one in thirteen, other ones for each command.
. "${top_srcdir:?}/tests/cli_testing.sh"
faulty=$(dirname "$COLONNADE")/tests/reliability/faulty
[ -x "$faulty" ] || { echo "tests/reliability/faulty is not built"; exit 77; }
cd "$scratch" || exit 1
step=13
[ "${RELIABILITY:-short}" = short ] || step=1
# Where malloc fails, AddressSanitizer is to say so as malloc does; what is not given back is counted here.
export ASAN_OPTIONS="allocator_may_return_null=1:detect_leaks=0"

head -n 41 "$examples/adult.csv" >table.csv
train="train --recipe plain table.csv --epochs 1 --hidden 4 --test-fraction 0.2 --threads 2 --progress none"
# shellcheck disable=SC2086
"$colonnade" $train --out older --seed 2 2>stderr || fail "the older run: $(cat stderr)"
cp older/model.safetensors model
cp model of-older
# shellcheck disable=SC2086
"$colonnade" $train --out newer 2>stderr || fail "the newer run: $(cat stderr)"
cp newer/model.safetensors of-newer
# Everything that a network may have in front of its layers, and members.
"$colonnade" train table.csv --out every --ensemble 2 --epochs 1 --hidden 4 --scale quantile --embedding both --one-hot-levels 2 \
  --level-rows 1 --parametric-activation --calibrate temperature --threads 2 --progress none 2>stderr || fail "all: $(cat stderr)"
"$colonnade" predict model table.csv >of-predict 2>stderr || fail "predictions: $(cat stderr)"

# kept: the model of the run's directory is whole, the older or the newer one
kept() {
  local file n=0
  while read -r file; do
    cmp -s "$file" of-older || cmp -s "$file" of-newer || return 1
    n=$((n + 1))
  done < <(find run -name model.safetensors)
  [ "$n" -ge 1 ] && [ -z "$(find . -name '*tmp*')" ]
}

# one NAME N ONWARDS ARGUMENTS...: sets `happened`
one() {
  local name=$1 n=$2 onwards=$3 code allocations live
  shift 3
  rm -rf run out.csv report
  cp -r older run
  FAULTY_ALLOCATION=$n FAULTY_ONWARDS=$onwards FAULTY_REPORT=report "$faulty" "$@" >stdout 2>stderr
  code=$?
  read -r _ allocations _ live _ happened <report || fail "$name, allocation $n: no report, exit code $code: $(head -n 3 stderr)"
  [ "$live" -eq 0 ] || fail "$name, allocation $n of $allocations: $live blocks are not given back"
  kept || fail "$name, allocation $n: the older model is lost, or a temporary file stays"
  [ "$happened" -eq 1 ] || return 0
  case $code in
  0) survived=$((survived + 1)) ;; # where it can do without
  1) grep -Eq 'out of memory.*[0-9]+ (bytes|elements)|rows need' stderr ||
    fail "$name, allocation $n: exit code 1 without a size: $(head -n 3 stderr)" ;;
  *) fail "$name, allocation $n: exit code $code: $(head -n 3 stderr)" ;;
  esac
}

first=0
each() { # NAME ARGUMENTS...
  local name=$1 n runs=0 onwards
  survived=0
  shift
  first=$(((first + 5) % step))
  for onwards in "" 1; do
    n=$first
    happened=1
    while [ "$happened" -eq 1 ] && [ "$failures" -lt 20 ]; do
      one "$name" "$n" "$onwards" "$@"
      n=$((n + step))
      runs=$((runs + 1))
    done
  done
  printf '%-11s %6d runs, %d could do without\n' "$name" "$runs" "$survived"
}

# shellcheck disable=SC2086
each train $train --out run --force --json
each predict predict model table.csv --keep age,sex --out out.csv --threads 2
each evaluate evaluate model table.csv --json --threads 2
each check check table.csv --recipe plain --hidden 4 --valid table.csv --threads 2
each fit check table.csv --model model --threads 2
cp model judged # whose threshold changes
each compare evaluate judged table.csv --compare of-older --set-threshold f1 --threads 2
each importance importance every/model.safetensors table.csv --repeats 2 --threads 2
each explain importance every/model.safetensors table.csv --explain 1,2 --threads 2 --json
each partial importance every/model.safetensors table.csv --partial age,sex --points 3 --threads 2
each convert convert table.csv c.cache --threads 2
each inspect inspect model
for format in onnx c json; do
  each "export $format" export model --format "$format" --out out.csv
  each "all, $format" export every/model.safetensors --format "$format" --out out.csv
done
each doctor doctor --json

# ---- short reads and writes
for bytes in 1 7 100; do
  # shellcheck disable=SC2086
  FAULTY_BYTES=$bytes "$faulty" $train --out pieces --force 2>stderr || fail "train by $bytes bytes: $(cat stderr)"
  cmp -s pieces/model.safetensors of-newer || fail "train by $bytes bytes: another model"
  FAULTY_BYTES=$bytes "$faulty" predict model table.csv --out out.csv 2>stderr || fail "predict by $bytes bytes: $(cat stderr)"
  cmp -s out.csv of-predict || fail "predict by $bytes bytes: other predictions"
  FAULTY_BYTES=$bytes "$faulty" predict model - <table.csv >stdout 2>stderr || fail "predict by $bytes bytes: $(cat stderr)"
  cmp -s stdout of-predict || fail "predict - by $bytes bytes: other predictions"
  "$colonnade" convert table.csv whole.cache 2>stderr
  FAULTY_BYTES=$bytes "$faulty" convert table.csv pieces.cache 2>stderr || fail "convert by $bytes bytes: $(cat stderr)"
  cmp -s whole.cache pieces.cache || fail "convert by $bytes bytes: another cache"
done

finish
