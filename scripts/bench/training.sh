#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Training speed of this build beside PyTorch's, interleaved round by round, on the workloads of doc/benchmarks.md.
#
#   scripts/bench/training.sh [ROUNDS [WORKLOAD ...]]        e.g. scripts/bench/training.sh 3 W2 W4
#
# Prints a Markdown table: medians over the rounds in rows a second, and their ratio.  PyTorch is optional (Debian: python3-torch);
# it is given its better of one and all threads.  COLONNADE names the program (default ./colonnade).
set -euo pipefail
cd "$(dirname "$0")/../.."
colonnade=${COLONNADE:-./colonnade}
rounds=${1:-3}
shift || true
threads=$(nproc)

# name: inputs hidden batch rows activation
declare -A workloads=(
  [W1]="30 64,32 256 100000 relu"
  [W2]="28 300,300,300,300 1024 200000 relu"
  [W2t]="28 300,300,300,300 1024 200000 tanh"
  [W2b]="28 300,300,300,300 100 200000 relu"
  [W3]="784 2048,2048 1024 16384 relu"
  [W4]="128 256,256,256 256 100000 relu"
)
chosen=("$@")
[ ${#chosen[@]} -gt 0 ] || chosen=(W1 W2 W2t W2b W3 W4)

have_torch=no
if /usr/bin/python3 -c 'import torch' 2>/dev/null; then have_torch=yes; fi

# PyTorch and OpenBLAS do not know every CPU: told what it is, they use its vectors (only where that is so).
if grep -q avx512f /proc/cpuinfo; then
  export ATEN_CPU_CAPABILITY=avx512
  if grep -q amx_bf16 /proc/cpuinfo; then export OPENBLAS_CORETYPE=SapphireRapids; else export OPENBLAS_CORETYPE=SkylakeX; fi
fi

median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

ours() { # threads inputs hidden batch rows activation
  "$colonnade" bench --threads "$1" --inputs "$2" --hidden "$3" --batch-size "$4" --rows "$5" --activation "$6" \
    --optimizer adam --seconds 5 --json 2>/dev/null |
    awk -F'[:,]' '{for (i = 1; i < NF; i++) {
        gsub(/[ "{}]/, "", $i)
        if ($i == "rows_per_second") rate = $(i + 1)
        if ($i == "fraction_of_peak") fraction = $(i + 1)
      }} END {print rate + 0, fraction + 0}'
}

echo "| workload | this, 1 thread | this, $threads threads | best decile, of the FMA peak | PyTorch, better of both | ratio |"
echo "|---|---|---|---|---|---|"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for name in "${chosen[@]}"; do
  read -r inputs hidden batch rows activation <<<"${workloads[$name]}"
  for _ in $(seq "$rounds"); do
    ours 1 "$inputs" "$hidden" "$batch" "$rows" "$activation" >>"$scratch/$name.one"
    ours "$threads" "$inputs" "$hidden" "$batch" "$rows" "$activation" >>"$scratch/$name.all"
    if [ $have_torch = yes ]; then
      for n in 1 "$threads"; do
        /usr/bin/python3 scripts/bench/torch_train.py "$inputs" "$hidden" "$batch" "$rows" "$activation" "$n" 5 \
          >>"$scratch/$name.torch.$n"
      done
    fi
  done
  one=$(cut -d' ' -f1 "$scratch/$name.one" | median)
  all=$(cut -d' ' -f1 "$scratch/$name.all" | median)
  fraction=$(cut -d' ' -f2 "$scratch/$name.all" | median)
  torch=-
  ratio=-
  if [ $have_torch = yes ]; then
    torch=$(for n in 1 "$threads"; do cut -d' ' -f1 "$scratch/$name.torch.$n" | median; done | sort -g | tail -n 1)
    ratio=$(awk "BEGIN {printf \"%.2f\", $all / $torch}")
  fi
  percent=$(awk "BEGIN {printf \"%.0f\", 100 * $fraction}")
  printf '| %s | %.0f | %.0f | %s %% | %s | %s |\n' "$name" "$one" "$all" "$percent" "$torch" "$ratio"
done
