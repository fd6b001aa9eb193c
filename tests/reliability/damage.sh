#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A small model, a checkpoint and a column cache, damaged in every small way by tests/reliability/damage.c; then through the
# program, as the other tools' files were that doc/reliability.md compares with.  RELIABILITY=long: a million mutations, 500 flips
# and cuts.
. "${top_srcdir:?}/tests/cli_testing.sh"
damage=$(dirname "$COLONNADE")/tests/reliability/damage
[ -x "$damage" ] || { echo "tests/reliability/damage is not built"; exit 77; }
cd "$scratch" || exit 1
mutations=10000 times=25
[ "${RELIABILITY:-short}" = short ] || { mutations=1000000 times=500; }
# A limit on addresses leaves no room for AddressSanitizer's shadow.
case $(nm "$damage" 2>/dev/null) in *__asan_init* | *__tsan_init*) mutations=$((mutations / 10)) ;; *) export SMALL_MEMORY=1 ;; esac

printf 'x,job,left,y\n1,clerk,a,no\n,smith,b,yes\n2.50,,c,no\n3,clerk,d,yes\n-1e3,smith,e,no\n' >table.csv
"$colonnade" train --recipe plain table.csv \
  --out run --hidden 2 --epochs 2 --batch-size 2 --valid-fraction 0.4 --threads 1 --progress none \
  2>stderr || fail "the model: $(cat stderr)"
"$colonnade" convert table.csv cache --ignore left 2>stderr || fail "the cache: $(cat stderr)"
cp run/model.safetensors model
# stopped OUT options...: a run that stops at its time, and so leaves a checkpoint
stopped() {
  expect 75 'stopped by the time limit' \
    train --recipe plain table.csv --out "$1" --epochs 1000000 --patience 0 --time-limit 100ms --threads 1 \
    --progress none "${@:2}"
}
stopped stopped --hidden 2 --batch-size 2 --valid-fraction 0.4
cp stopped/checkpoint.safetensors checkpoint
echo "model $(wc -c <model) bytes, cache $(wc -c <cache) bytes, checkpoint $(wc -c <checkpoint) bytes"
"$damage" model model "$mutations" || fail "a damaged model: exit code $?"
"$damage" checkpoint checkpoint "$mutations" || fail "a damaged checkpoint: exit code $?"
# Two members under way, where there are threads for them.
stopped ensemble --hidden 2 --batch-size 2 --valid-fraction 0.4 --ensemble 3 --threads 2
cp ensemble/checkpoint.safetensors members
"$damage" checkpoint members "$mutations" || fail "a damaged checkpoint of an ensemble: exit code $?"
"$damage" cache cache "$mutations" || fail "a damaged cache: exit code $?"

# of_program HOW FILE ARGUMENTS...: what the program makes of it, `spoilt` being the damaged file
of_program() {
  local how=$1 file=$2 n refused=0 crashed=0 same=0 different=0
  shift 2
  for ((n = 0; n < times; n++)); do
    "$damage" spoil "$how" "$file" "$n" spoilt || fail "$file cannot be spoilt"
    timeout 120 "$colonnade" "$@" >out 2>stderr
    case $? in
    0) if cmp -s out right; then same=$((same + 1)); else different=$((different + 1)); fi ;;
    1 | 3) refused=$((refused + 1)) ;;
    *) crashed=$((crashed + 1)) ;;
    esac
  done
  printf '%-6s %-28s %9d cases %9d refused %7d crashed or hung, %d same output, %d other output\n' "$file" "$how, colonnade $1" \
    "$times" "$refused" "$crashed" "$same" "$different"
  [ "$refused" -eq "$times" ] || fail "$file, $how: not all were refused"
}
"$colonnade" predict model table.csv >right 2>stderr || fail "predictions: $(cat stderr)"
of_program flip model predict spoilt table.csv
of_program cut model predict spoilt table.csv
of_program flip cache predict model spoilt
of_program cut cache predict model spoilt

# A checkpoint that claims another state under a right checksum: refused, or gone on from, or a run that diverges; and it ends.
small=(train --recipe plain table.csv --hidden 2 --batch-size 2 --valid-fraction 0.4 --patience 0 --threads 1 --progress none)
rm -rf stopped
stopped stopped --hidden 2 --batch-size 2 --valid-fraction 0.4
epochs=$(($(wc -l <stopped/metrics.jsonl) + 2))
refused=0 resumed=0 diverged=0
for ((n = 0; n < times; n++)); do
  rm -rf run
  cp -r stopped run
  "$damage" spoil forge stopped/checkpoint.safetensors "$n" run/checkpoint.safetensors || fail "a checkpoint cannot be forged"
  timeout 120 "$colonnade" "${small[@]}" --out run --epochs "$epochs" --resume >out 2>stderr
  code=$?
  case $code in
  0) resumed=$((resumed + 1)) ;;
  1 | 2) refused=$((refused + 1)) ;;
  4) diverged=$((diverged + 1)) ;;
  *) fail "forged checkpoint $n: exit code $code: $(tail -n 1 stderr)" ;;
  esac
  [ "$code" -eq 0 ] || [ -s stderr ] || fail "forged checkpoint $n: exit code $code without a word"
done
[ "$resumed" -gt 0 ] || fail "no forged checkpoint is gone on from: are the options other ones?"
printf '%-10s %-28s %9d cases %9d refused %7d gone on from, %d diverged\n' checkpoint 'forged, colonnade --resume' "$times" \
  "$refused" "$resumed" "$diverged"

finish
