#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A build for 64-bit ARM under an emulator against a build for this machine: every activation and optimizer, with categories, gaps,
# dropout, clipping and penalties, on 1 to 3 threads, NEON and generic kernels.  Models, metrics, predictions and column caches
# agree to the byte.
#   COLONNADE  the program of this machine      EMULATED  a command that runs the other one
. "${top_srcdir:?}/tests/cli_testing.sh"
here=$colonnade
there=${EMULATED:?the command that runs the ARM program}
unset COLONNADE_ISA OMP_NUM_THREADS
cd "$scratch" || exit 1
head -n 401 "$examples/adult.csv" >data.csv
sed -n '1p;402,601p' "$examples/adult.csv" >new.csv

# run PROGRAM DIRECTORY options...: trains, and keeps what may not depend on the machine.
run() {
  local program=$1 run=$2
  shift 2
  rm -rf "$run"
  "$program" train data.csv --out "$run" --epochs 2 --batch-size 100 --block-size 16 --progress none "$@" >output 2>&1 ||
    fail "train $*: $(cat output)"
  sed 's/,"seconds":.*//' "$run/metrics.jsonl" >"$run/metrics"
  "$program" predict "$run" new.csv >"$run/predictions" 2>"$run/told"
}
# compare WHAT...: the run directory `there` against `here`.
compare() {
  local file
  for file in model.safetensors metrics predictions told; do
    cmp "here/$file" "there/$file" >/dev/null || fail "$file differs: $*"
  done
}

optimizers=(sgd momentum nesterov rmsprop adam adamw)
schedules=(constant step cosine warmup one-cycle)
i=0
for activation in sigmoid tanh relu leaky-relu elu selu gelu silu mish; do
  options=(--activation "$activation" --optimizer "${optimizers[i % 6]}" --lr-schedule "${schedules[i % 5]}"
    --hidden "$((17 + 5 * i)),9")
  case $((i % 3)) in
  0) options+=(--dropout 0.2 --clip-norm 0.5) ;;
  1) options+=(--dropout 0.1 --weight-decay 0.01 --l1 0.0001 --l2 0.001) ;;
  2) options+=(--label-smoothing 0.05 --class-weight balanced --scale robust) ;;
  esac
  run "$here" here "${options[@]}"
  for threads in 1 2 3; do
    OMP_NUM_THREADS=$threads COLONNADE_ISA=neon run "$there" there "${options[@]}"
    compare "${options[*]}, neon, $threads threads"
  done
  COLONNADE_ISA=generic run "$there" there "${options[@]}"
  compare "${options[*]}, generic"
  i=$((i + 1))
done

# Another seed gives another model: the comparison can fail.
run "$there" there "${options[@]}" --seed 2
cmp -s here/model.safetensors there/model.safetensors && fail "seeds 1 and 2 give the same model"

for side in here there; do
  "${!side}" convert data.csv "$side.cache" >output 2>&1 || fail "convert: $(cat output)"
done
cmp here.cache there.cache || fail "the column caches differ"

colonnade=$there
COLONNADE_ISA=avx2 expect 2 'no kernels named "avx2"; it has generic, neon' train data.csv --out refused
expect 0 '' gradcheck
holds "gradcheck" 'generic, neon' stdout
expect 0 '' doctor
holds "the chosen set" 'generic, neon; in use: neon$' stdout
expect 0 '' bench --inputs 30 --hidden 64,32 --rows 2000 --batch-size 256 --seconds 1
holds "bench" '^fraction_of_peak +[0-9.]+$' stdout
finish
